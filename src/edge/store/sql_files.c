/* SQL of the procedures of msg/db_files.h. */
#include "edge/store/schema.h"

const struct sql_proc sql_files[] = {
    {DB_WEB_SESSION_WHO,
     NULL,
     {SQL_DO("SELECT key, user FROM web_session WHERE token = ?1 AND expires > ?2")}},
    {DB_AVATAR_FOR,
     NULL,
     {SQL_DO("SELECT avatar FROM user WHERE id = ?3 AND avatar <> 0 AND flags = 0"
             " AND EXISTS(SELECT 1 FROM web_session WHERE token = ?1 AND expires > ?2)"
             " UNION ALL SELECT c.picture FROM web_session w JOIN conv c ON c.id = ?3"
             " WHERE w.token = ?1 AND w.expires > ?2 AND c.kind = 1 AND c.picture <> 0"
             " AND (c.flags & 3 = 1 OR EXISTS(SELECT 1 FROM conv_member m"
             "  WHERE m.conv = c.id AND m.user = w.user AND m.state < 3))")}},
    {DB_AVATAR_SET,
     NULL,
     {SQL_MUST("SELECT avatar FROM user WHERE id = ?1 AND flags = 0"),
      SQL_DO("UPDATE user SET avatar = ?2 WHERE id = ?1 AND flags = 0")}},
    {DB_ATTACHMENT_ADD,
     NULL,
     {SQL_MUST("INSERT INTO attachment(id, user, name, mime, size, have, width, height, thumb,"
               " created, expires) SELECT ?1, ?2, ?3, ?4, ?5, ?5, nullif(?6, 0), nullif(?7, 0), ?8,"
               " ?9, ?10 WHERE ?5 + coalesce((SELECT sum(have) FROM attachment WHERE user = ?2), 0)"
               " <= ?11 AND EXISTS(SELECT 1 FROM user WHERE id = ?2 AND flags = 0)")}},
    {DB_ATTACHMENT_MADE,
     NULL,
     {SQL_DO("SELECT size, mime, coalesce(width, 0), coalesce(height, 0), thumb FROM attachment"
             " WHERE id = ?1 AND user = ?2 AND have > 0 AND (expires IS NULL OR expires > ?3)")}},
    {DB_ATTACHMENTS_SIZE,
     NULL,
     {SQL_DO("SELECT coalesce(sum(have), 0) FROM attachment WHERE user = ?1")}},
    {DB_ATTACHMENTS_OVER,
     NULL,
     {SQL_DO("SELECT id FROM attachment WHERE expires IS NOT NULL AND expires <= ?1 LIMIT ?2")}},
    {DB_ATTACHMENT_REMOVE,
     NULL,
     {SQL_DO("DELETE FROM attachment WHERE id = ?1 AND expires <= ?2 AND message IS NULL")}},
    {DB_ATTACHMENTS_OLD,
     NULL,
     {SQL_DO("SELECT id FROM attachment WHERE message IS NOT NULL AND have > 0 AND created <= ?1"
             " LIMIT ?2")}},
    {DB_ATTACHMENT_EMPTY,
     NULL,
     {SQL_DO("UPDATE attachment SET have = 0, thumb = 0 WHERE id = ?1")}},
    {DB_ATTACHMENT_FOR,
     NULL,
     {SQL_DO("SELECT a.name, a.mime, a.size, a.thumb FROM web_session w, attachment a"
             " LEFT JOIN message m ON m.id = a.message"
             " WHERE w.token = ?1 AND w.expires > ?2 AND a.id = ?3"
             " AND (a.expires IS NULL OR a.expires > ?2) AND a.have > 0 AND m.deleted IS NULL"
             " AND CASE WHEN m.id IS NULL THEN a.user = w.user ELSE EXISTS("
             "   SELECT 1 FROM conv_member c JOIN conv v ON v.id = c.conv"
             "   WHERE c.conv = m.conv AND c.user = w.user AND c.first_seq <= m.seq"
             "   AND (c.state = 0 OR (v.kind = 0 AND c.state < 3)))"
             " AND (m.hidden = 0 OR m.author = w.user) END")}},
    {.proc = DB_NONE},
};
