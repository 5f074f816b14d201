/* SQL of the procedures of msg/db_conv.h. */
#include "edge/store/schema.h"

/* In the order of the key, which is that of the index. */
#define REACTIONS                                                    \
    "(SELECT group_concat(r.emoji || ' ' || r.user, char(10)) FROM " \
    "reaction r WHERE r.message = m.id)"
#define FILES                                                                               \
    "(SELECT group_concat(f.id || char(31) || f.place || char(31) || f.size || char(31) ||" \
    " coalesce(f.width, 0) || char(31) || coalesce(f.height, 0) || char(31) || f.thumb ||"  \
    " char(31) || (f.have < f.size) || char(31) || f.mime || char(31) || f.name, char(10))" \
    " FROM attachment f"                                                                    \
    " WHERE f.message = m.id)"
#define MENTIONS "(SELECT group_concat(n.user, ' ') FROM mention n WHERE n.message = m.id)"
#define MESSAGE                                                                           \
    "m.seq, m.author, m.time, m.text, m.reply, m.edited, m.deleted, m.client, " REACTIONS \
    ", " FILES ", " MENTIONS ", m.guest, m.hidden"
#define SHOWN(user) "(m.hidden = 0 OR m.author = " user ")"

/* A conversation as one person sees it. */
#define CONV                                                                                     \
    "SELECT c.id, c.kind, c.last_seq, c.last_time, c.title, c.topic, c.flags, c.retention,"      \
    " c.picture, me.role, me.state, me.read_seq, me.draft,"                                      \
    " CASE WHEN u.settings & 2 AND o.state = 0 THEN o.read_seq END, u.id, u.name, u.display,"    \
    " u.avatar, (SELECT count(*) FROM conv_member n WHERE n.conv = c.id AND n.state = 0),"       \
    " m.seq, m.author, m.time, m.text, m.reply, m.edited, m.deleted, m.client, m.guest,"         \
    " c.password IS NOT NULL, CASE WHEN o.state = 0 THEN o.delivered_seq END"                    \
    " FROM conv_member me JOIN conv c ON c.id = me.conv"                                         \
    " LEFT JOIN user u ON c.kind = 0 AND u.id = CASE WHEN c.low = ?1 THEN c.high ELSE c.low END" \
    " LEFT JOIN conv_member o ON c.kind = 0 AND o.conv = c.id AND o.user = u.id"                 \
    " LEFT JOIN message m ON m.conv = c.id AND m.seq = (SELECT max(x.seq) FROM message x"        \
    " WHERE x.conv = c.id AND (x.hidden = 0 OR x.author = ?1))"

/* The message that the procedure is about, and the number that it has got. */
#define OWN   "m.author = ?2 AND m.conv = ?1 AND m.client = ?3"
#define GUEST "m.author IS NULL AND m.conv = ?1 AND m.client = ?3"
#define NEXT  "(SELECT last_seq + 1 FROM conv WHERE id = ?1)"
/* Whom the names mean, if they are in the conversation. */
#define MENTIONED(names)                                                                  \
    " JOIN conv_member w ON w.conv = m.conv AND w.state < 2 JOIN user p ON p.id = w.user" \
    " AND p.name_key IN (SELECT value FROM"                                               \
    " json_each('[\"' || replace(" names ", char(10), '\",\"') || '\"]'))"
#define UNINDEX(which)                                                \
    SQL_WORDS("INSERT INTO message_words(message_words, rowid, text)" \
              " SELECT 'delete', m.id, m.text FROM message m WHERE m.deleted IS NULL AND " which)
#define DIRTY   SQL_DO("INSERT OR REPLACE INTO setting(key, value) VALUES('words_dirty', '1')")

#define THIS    "conv = ?1 AND seq = ?2"
#define THIS_ID "(SELECT id FROM message WHERE " THIS ")"
/* Whose files they were stays; they go when the disk is tidied. */
#define LET_FILES_GO(which, now) \
    SQL_DO("UPDATE attachment SET message = NULL, expires = " now " WHERE message " which)

/* The oldest messages of ?1 that are older than ?2. */
#define TOO_OLD "(SELECT id FROM message WHERE conv = ?1 AND time < ?2 ORDER BY seq LIMIT ?3)"

/* A room may keep messages shorter than the server does (?2; NULL: for ever), not longer. */
#define KEPT "coalesce(min(c.retention, ?2), c.retention, ?2)"

/* A room as who is not in it sees it. */
#define LOOK                                                                        \
    "SELECT c.id, c.title, c.topic, c.picture, (SELECT count(*) FROM conv_member w" \
    " WHERE w.conv = c.id AND w.state = 0), c.password IS NOT NULL FROM conv c"

const struct sql_proc sql_conv[] = {
    {DB_CONV_DIRECT,
     NULL,
     {SQL_DO("INSERT INTO conv(id, kind, low, high, created, last_time)"
             " SELECT ?1, 0, ?2, ?3, ?4, ?4"
             " WHERE (SELECT count(*) FROM conv_member WHERE user = ?7 AND state = 0) < ?8"
             " ON CONFLICT(low, high) DO NOTHING"),
      SQL_DO("INSERT OR IGNORE INTO conv_member(conv, user, state, joined)"
             " SELECT id, low, ?5, ?4 FROM conv WHERE low = ?2 AND high = ?3"),
      SQL_DO("INSERT OR IGNORE INTO conv_member(conv, user, state, joined)"
             " SELECT id, high, ?6, ?4 FROM conv WHERE low = ?2 AND high = ?3"),
      SQL_MUST("SELECT id FROM conv WHERE low = ?2 AND high = ?3")}},
    {DB_CONV_KNOWN,
     NULL,
     {SQL_DO("SELECT EXISTS(SELECT 1 FROM conv c JOIN conv_member m ON m.conv = c.id"
             " WHERE c.low = ?1 AND c.high = ?2 AND m.user = ?3 AND m.state = 0)")}},
    {DB_CONV_GET,
     NULL,
     {SQL_DO("SELECT kind, last_seq, flags, retention, low, high, title, password FROM conv"
             " WHERE id = ?1")}},
    {DB_CONV_MEMBERS,
     NULL,
     {SQL_DO("SELECT user, role, state, read_seq, delivered_seq FROM conv_member WHERE conv = ?1"
             " ORDER BY user")}},
    {DB_CONV_OF, NULL, {SQL_DO(CONV " WHERE me.user = ?1 AND me.conv = ?2 AND me.state < 3")}},
    {DB_CONVS,
     NULL,
     {SQL_DO(CONV " WHERE me.user = ?1 AND me.state < 3 AND (c.kind = 1 OR m.seq IS NOT NULL)"
                  " AND (c.last_time, c.id) < (?2, ?3) ORDER BY c.last_time DESC, c.id DESC"
                  " LIMIT ?4")}},
    {DB_MESSAGE_ADD,
     NULL,
     {SQL_MESSAGE("INSERT INTO message(conv, seq, author, client, time, text, reply, hidden)"
                  " SELECT ?1, c.last_seq + 1, ?2, ?3, ?4, ?5, ?6, c.kind = 0 AND EXISTS(SELECT 1"
                  " FROM block b WHERE b.user = CASE WHEN c.low = ?2 THEN c.high ELSE c.low END"
                  " AND b.other = ?2) FROM conv c WHERE c.id = ?1 AND c.flags & 2 = 0"
                  " AND EXISTS(SELECT 1 FROM conv_member w WHERE w.conv = ?1 AND w.user = ?2"
                  "  AND (w.state = 0 OR (c.kind = 0 AND w.state < 3)))"
                  " ON CONFLICT(author, conv, client) DO NOTHING"),
      {.sql = "INSERT OR IGNORE INTO mention(message, user)"
              " SELECT m.id, p.id FROM message m" MENTIONED("?8") " WHERE " OWN,
       .fresh = true,
       .given = 8},
      {.sql = "UPDATE attachment SET expires = NULL,"
              " message = (SELECT m.id FROM message m WHERE " OWN "), place ="
              " (SELECT key FROM json_each('[' || ?9 || ']') j WHERE j.value = attachment.id)"
              " WHERE id IN (SELECT value FROM json_each('[' || ?9 || ']'))"
              " AND user = ?2 AND message IS NULL AND have = size",
       .fresh = true,
       .given = 9},
      SQL_FRESH("UPDATE conv_member SET read_seq = " NEXT ", draft = NULL, state = 0"
                " WHERE conv = ?1 AND user = ?2"),
      SQL_FRESH(
          "UPDATE conv_member SET"
          " delivered_seq = CASE WHEN ?7 THEN " NEXT " ELSE delivered_seq END,"
          " read_seq = CASE WHEN (SELECT m.hidden AND conv_member.read_seq = m.seq - 1"
          "  FROM message m WHERE " OWN ") THEN read_seq + 1 ELSE read_seq END,"
          " state = CASE WHEN state = 1 AND (SELECT m.hidden FROM message m WHERE " OWN ")"
          "  THEN 2 ELSE state END"
          " WHERE conv = ?1 AND user = (SELECT CASE WHEN low = ?2 THEN high ELSE low END FROM conv"
          "  WHERE id = ?1 AND kind = 0)"),
      SQL_FRESH("UPDATE conv SET last_time = ?4, last_seq = last_seq + 1 WHERE id = ?1"),
      /* changes(): of the UPDATE, or of the first step, 0 when the message was there before. */
      SQL_MUST("SELECT changes(), " MESSAGE " FROM message m WHERE " OWN)}},
    {DB_GUEST_ADD,
     NULL,
     {SQL_MESSAGE("INSERT INTO message(conv, seq, guest, client, time, text)"
                  " SELECT ?1, c.last_seq + 1, ?2, ?3, ?4, ?5 FROM conv c"
                  " WHERE c.id = ?1 AND c.kind = 1 AND c.flags & 2 = 0 AND NOT EXISTS(SELECT 1"
                  "  FROM message m WHERE " GUEST ")"),
      {.sql = "INSERT OR IGNORE INTO mention(message, user)"
              " SELECT m.id, p.id FROM message m" MENTIONED("?6") " WHERE " GUEST,
       .fresh = true,
       .given = 6},
      SQL_FRESH("UPDATE conv SET last_time = ?4, last_seq = last_seq + 1 WHERE id = ?1"),
      SQL_MUST("SELECT changes(), " MESSAGE " FROM message m WHERE " GUEST)}},
    /* VALUES: after an INSERT ... SELECT of another message FTS5 would write out a segment for each. */
    {DB_MESSAGE_INDEX,
     NULL,
     {SQL_DO("INSERT INTO message_words(rowid, text)"
             " VALUES(?1, (SELECT text FROM message WHERE id = ?1))")}},
    {DB_MESSAGE_GET,
     NULL,
     {SQL_DO("SELECT m.author, m.time, m.deleted FROM message m"
             " WHERE m.conv = ?1 AND m.seq = ?2 AND " SHOWN("?3"))}},
    {DB_MESSAGE_EDIT,
     NULL,
     {SQL_MUST("INSERT OR REPLACE INTO message_edit(message, time, text) SELECT id, ?4, text"
               " FROM message WHERE " THIS " AND author = ?3 AND deleted IS NULL AND time >= ?6"),
      UNINDEX("m.conv = ?1 AND m.seq = ?2"),
      SQL_DO("UPDATE message SET text = ?5, edited = ?4 WHERE " THIS),
      SQL_WORDS("INSERT INTO message_words(rowid, text) SELECT id, text FROM message WHERE " THIS),
      SQL_DO("DELETE FROM mention WHERE message = " THIS_ID),
      SQL_DO(
          "INSERT OR IGNORE INTO mention(message, user) SELECT m.id, p.id FROM message m" MENTIONED(
              "?7") " WHERE ?7 IS NOT NULL AND m.conv = ?1 AND m.seq = ?2"),
      DIRTY, SQL_DO("SELECT " MESSAGE " FROM message m WHERE m.conv = ?1 AND m.seq = ?2")}},
    {DB_MESSAGE_DELETE,
     NULL,
     {UNINDEX("m.conv = ?1 AND m.seq = ?2 AND (m.author = ?3 OR ?5)"),
      SQL_DO("DELETE FROM message_edit WHERE message = " THIS_ID),
      SQL_DO("DELETE FROM reaction WHERE message = " THIS_ID),
      SQL_DO("DELETE FROM mention WHERE message = " THIS_ID),
      LET_FILES_GO("= " THIS_ID, "?4"),
      {.sql = "UPDATE message SET text = '', deleted = ?4, reply = NULL WHERE " THIS
              " AND deleted IS NULL AND (author = ?3 OR ?5)",
       .must = true,
       .shred = true},
      DIRTY,
      SQL_DO("SELECT " MESSAGE " FROM message m WHERE m.conv = ?1 AND m.seq = ?2")}},
    {DB_REACT_ON,
     NULL,
     {SQL_DO("INSERT OR IGNORE INTO reaction(message, emoji, user) SELECT m.id, ?4, ?3"
             " FROM message m WHERE m.conv = ?1 AND m.seq = ?2 AND m.deleted IS NULL"
             " AND (SELECT count(*) FROM reaction r WHERE r.message = m.id) < ?5"),
      SQL_MUST("SELECT " MESSAGE " FROM message m"
               " WHERE m.conv = ?1 AND m.seq = ?2 AND m.deleted IS NULL AND " SHOWN("?3"))}},
    {DB_REACT_OFF,
     NULL,
     {SQL_DO("DELETE FROM reaction WHERE message = " THIS_ID " AND emoji = ?4 AND user = ?3"),
      SQL_MUST("SELECT " MESSAGE " FROM message m"
               " WHERE m.conv = ?1 AND m.seq = ?2 AND m.deleted IS NULL AND " SHOWN("?3"))}},
    {DB_HISTORY,
     NULL,
     {SQL_DO("SELECT * FROM (SELECT " MESSAGE " FROM message m WHERE m.conv = ?1 AND m.seq < ?3"
             " AND " SHOWN("?2") " ORDER BY m.seq DESC LIMIT ?4)"
                                 " UNION ALL SELECT * FROM (SELECT " MESSAGE
                                 " FROM message m WHERE m.conv = ?1"
                                 " AND m.seq >= ?3 AND " SHOWN(
                                     "?2") " ORDER BY m.seq LIMIT ?5) ORDER BY 1")}},
    {DB_ROOM_SAID,
     NULL,
     {SQL_DO("SELECT * FROM (SELECT m.seq, m.author, coalesce(m.guest, u.display, ''), m.text,"
             " m.time FROM message m LEFT JOIN user u ON u.id = m.author"
             " WHERE m.conv = ?1 AND m.seq > ?2 AND m.deleted IS NULL"
             " ORDER BY m.seq DESC LIMIT ?3) ORDER BY 1")}},
    {DB_READ_MARK,
     NULL,
     {SQL_DO("UPDATE conv_member SET read_seq = max(read_seq, min(?3,"
             " (SELECT last_seq FROM conv WHERE id = ?1))) WHERE conv = ?1 AND user = ?2"
             " RETURNING read_seq")}},
    {DB_DELIVERED_ALL,
     NULL,
     {SQL_DO("UPDATE conv_member SET delivered_seq = (SELECT c.last_seq FROM conv c"
             " WHERE c.id = conv_member.conv) WHERE user = ?1 AND state = 0 AND EXISTS(SELECT 1"
             " FROM conv c WHERE c.id = conv_member.conv AND c.kind = 0"
             " AND c.last_seq > conv_member.delivered_seq AND NOT EXISTS(SELECT 1 FROM block b"
             " WHERE b.user = ?1 AND b.other = CASE WHEN c.low = ?1 THEN c.high ELSE c.low END))"
             " RETURNING conv, delivered_seq, (SELECT CASE WHEN c.low = ?1 THEN c.high ELSE c.low"
             "  END FROM conv c WHERE c.id = conv)")}},
    {DB_DRAFT, NULL, {SQL_DO("UPDATE conv_member SET draft = ?3 WHERE conv = ?1 AND user = ?2")}},
    {DB_MEMBER_STATE,
     NULL,
     {SQL_MUST("UPDATE conv_member SET state = ?3 WHERE conv = ?1 AND user = ?2 AND state < 3")}},
    /* +: FTS5 going backwards through what begins with a word takes time by the square of it. */
    {DB_SEARCH,
     NULL,
     {SQL_DO("SELECT m.id, m.conv, " MESSAGE " FROM (SELECT x.rowid AS hit FROM message_words x"
             " CROSS JOIN message m ON m.id = x.rowid"
             " CROSS JOIN conv_member w ON w.conv = m.conv AND w.user = ?1"
             " CROSS JOIN conv c ON c.id = m.conv"
             " WHERE message_words MATCH madang_query(?2) AND x.rowid < ?4"
             " AND (?3 IS NULL OR m.conv = ?3) AND m.deleted IS NULL AND " SHOWN(
                 "?1") " AND (w.state = 0 OR (c.kind = 0 AND w.state < 3))"
                       " ORDER BY +x.rowid DESC LIMIT ?5) CROSS JOIN message m ON m.id = hit"
                       " ORDER BY m.id DESC")}},
    /* rooms */
    {DB_ROOM_MAKE,
     NULL,
     {SQL_MUST("INSERT INTO conv(id, kind, owner, title, topic, flags, created, last_time)"
               " SELECT ?1, 1, ?2, ?3, ?4, ?5, ?6, ?6"
               " WHERE (SELECT count(*) FROM conv_member WHERE user = ?2 AND state = 0) < ?7"),
      SQL_DO("INSERT INTO conv_member(conv, user, role, joined) VALUES(?1, ?2, 2, ?6)")}},
    {DB_ROOM_EDIT,
     NULL,
     {SQL_MUST("UPDATE conv SET title = coalesce(?2, title), topic = coalesce(?3, topic),"
               " flags = coalesce((?4 & ~8) | (flags & 8), flags), retention = CASE"
               " WHEN ?5 < 0 THEN NULL ELSE coalesce(?5, retention) END"
               " WHERE id = ?1 AND kind = 1")}},
    {DB_ROOM_PROGRAMS,
     NULL,
     {SQL_MUST("UPDATE conv SET flags = CASE WHEN ?2 THEN flags | 8 ELSE flags & ~8 END"
               " WHERE id = ?1 AND kind = 1")}},
    {DB_ROOM_PICTURE,
     NULL,
     {SQL_MUST("SELECT picture FROM conv WHERE id = ?1 AND kind = 1"),
      SQL_DO("UPDATE conv SET picture = ?2 WHERE id = ?1 AND kind = 1")}},
    {DB_ROOM_PASSWORD,
     NULL,
     {SQL_MUST("UPDATE conv SET password = ?2 WHERE id = ?1 AND kind = 1")}},
    {DB_ROOM_DELETE,
     NULL,
     {SQL_DO("SELECT picture FROM conv WHERE id = ?1 AND kind = 1"),
      UNINDEX("m.conv = ?1"),
      LET_FILES_GO("IN (SELECT id FROM message WHERE conv = ?1)", "?2"),
      DIRTY,
      {.sql = "DELETE FROM conv WHERE id = ?1 AND kind = 1", .must = true, .shred = true}}},
    {DB_MEMBERS,
     NULL,
     {SQL_DO("SELECT w.user, u.name, u.display, u.avatar, w.role, w.state FROM conv_member w"
             " JOIN user u ON u.id = w.user WHERE w.conv = ?1 AND w.user > ?2"
             " ORDER BY w.user LIMIT ?3")}},
    {DB_MEMBER_PUT,
     NULL,
     {SQL_MUST("INSERT INTO conv_member(conv, user, role, state, joined) SELECT ?1, ?2, ?3, ?4, ?5"
               " WHERE (SELECT count(*) FROM conv_member WHERE conv = ?1) < ?6"
               " AND EXISTS(SELECT 1 FROM user WHERE id = ?2 AND flags = 0)"
               " ON CONFLICT(conv, user) DO UPDATE SET role = ?3, state = ?4"
               " WHERE ?4 = 3 OR conv_member.state <> 3"),
      SQL_DO("UPDATE conv_member SET read_seq = (SELECT last_seq FROM conv WHERE id = ?1),"
             " draft = NULL WHERE conv = ?1 AND user = ?2")}},
    {DB_MEMBER_ROLE,
     NULL,
     {SQL_MUST("UPDATE conv_member SET role = ?3 WHERE conv = ?1 AND user = ?2 AND state = 0")}},
    {DB_MEMBER_GONE,
     NULL,
     {SQL_MUST("DELETE FROM conv_member WHERE conv = ?1 AND user = ?2 AND (state < 3 OR ?3)")}},
    {DB_HAND_OVER,
     NULL,
     {SQL_MUST("UPDATE conv_member SET role = 2 WHERE conv = ?1 AND user = ?3 AND state = 0"),
      SQL_MUST("UPDATE conv_member SET role = 1 WHERE conv = ?1 AND user = ?2 AND role = 2"),
      SQL_DO("UPDATE conv SET owner = ?3 WHERE id = ?1")}},
    {DB_LINK_ADD,
     NULL,
     {SQL_DO("DELETE FROM conv_link WHERE conv = ?3 AND (expires <= ?6 OR uses_left = 0)"),
      SQL_MUST("INSERT INTO conv_link(code, key, conv, maker, uses_left, created, expires)"
               " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"
               " WHERE (SELECT count(*) FROM conv_link WHERE conv = ?3) < 100")}},
    {DB_LINKS_END, NULL, {SQL_DO("DELETE FROM conv_link WHERE conv = ?1")}},
    {DB_LINK_END, NULL, {SQL_MUST("DELETE FROM conv_link WHERE conv = ?1 AND key = ?2")}},
    {DB_LINKS,
     NULL,
     {SQL_DO("SELECT l.key, l.uses_left, l.created, l.expires, coalesce(u.display, '')"
             " FROM conv_link l LEFT JOIN user u ON u.id = l.maker"
             " WHERE l.conv = ?1 AND l.uses_left > 0 AND l.expires > ?2"
             " ORDER BY l.created DESC, l.key LIMIT 100")}},
    {DB_LINK_GET,
     NULL,
     {SQL_DO("SELECT l.conv, w.state FROM conv_link l JOIN conv c ON c.id = l.conv"
             " LEFT JOIN conv_member w ON w.conv = l.conv AND w.user = ?3"
             " WHERE l.code = ?1 AND l.uses_left > 0 AND l.expires > ?2 AND c.flags & 2 = 0")}},
    {DB_LINK_USE,
     NULL,
     {SQL_MUST("UPDATE conv_link SET uses_left = uses_left - 1 WHERE code = ?1 AND uses_left > 0"
               " AND expires > ?2"),
      SQL_MUST("INSERT INTO conv_member(conv, user, joined, read_seq) SELECT l.conv, ?3, ?2,"
               " c.last_seq FROM conv_link l JOIN conv c ON c.id = l.conv WHERE l.code = ?1"
               " AND (SELECT count(*) FROM conv_member w WHERE w.conv = l.conv) < ?4"
               " ON CONFLICT(conv, user) DO UPDATE SET state = 0, role = 0"
               " WHERE conv_member.state <> 3")}},
    {DB_LINK_SPEND,
     NULL,
     {SQL_MUST("UPDATE conv_link SET uses_left = uses_left - 1 WHERE code = ?1 AND uses_left > 0"
               " AND expires > ?2")}},
    {DB_ROOM_LOOK, NULL, {SQL_DO(LOOK " WHERE c.id = ?1 AND c.kind = 1 AND c.flags & 2 = 0")}},
    {DB_ROOMS_PUBLIC,
     NULL,
     {SQL_DO(LOOK " WHERE c.kind = 1 AND c.flags & 3 = 1 AND c.id > ?2"
                  " AND (instr(lower(c.title), lower(?1)) OR instr(lower(c.topic), lower(?1)))"
                  " ORDER BY c.id LIMIT ?3")}},
    /* slow work */
    {DB_WORDS_TIDY,
     NULL,
     {SQL_MUST("UPDATE setting SET value = CASE WHEN ?1 < 0 THEN '2' ELSE value END"
               " WHERE key = 'words_dirty'"), /* 1: something was deleted since it was begun */
      SQL_DO("INSERT OR REPLACE INTO setting(key, value)"
             " VALUES('words_changes', CAST(total_changes() AS TEXT))"),
      {.sql = "INSERT INTO message_words(message_words, rank) VALUES('merge', ?1)",
       .shred = true,
       .words = true},
      /* Each of the inserts counts as one change; a merge that does something is more. */
      SQL_DO("UPDATE setting SET value = '' WHERE key = 'words_changes'"
             " AND total_changes() - CAST(value AS INTEGER) <= 2"),
      SQL_DO("DELETE FROM setting WHERE key = 'words_dirty' AND value = '2'"
             " AND (SELECT value FROM setting WHERE key = 'words_changes') = ''"),
      SQL_DO("SELECT value <> '' FROM setting WHERE key = 'words_changes'")}},
    {DB_EDITS_FORGET, NULL, {SQL_SHRED("DELETE FROM message_edit WHERE time < ?1")}},
    {DB_RETAIN_FIND,
     NULL,
     {SQL_DO("SELECT c.id, ?1 - " KEPT " * 1000 FROM conv c WHERE c.id > ?3 AND " KEPT " > 0"
             " AND (SELECT m.time FROM message m"
             "  WHERE m.conv = c.id ORDER BY m.seq LIMIT 1) < ?1 - " KEPT " * 1000"
             " ORDER BY c.id LIMIT ?4")}},
    {DB_RETAIN_DELETE,
     NULL,
     {UNINDEX("m.id IN " TOO_OLD), LET_FILES_GO("IN " TOO_OLD, "?4"), DIRTY,
      SQL_SHRED("DELETE FROM message WHERE id IN " TOO_OLD),
      SQL_DO("SELECT EXISTS(SELECT 1 FROM message WHERE conv = ?1 AND time < ?2)")}},
    {DB_EXPORT_MESSAGES,
     NULL,
     {SQL_DO("SELECT id, conv, seq, time, text, reply, edited, deleted FROM message"
             " WHERE author = ?1 AND id > ?2 ORDER BY id LIMIT ?3")}},
    {DB_EXPORT_CONVS,
     NULL,
     {SQL_DO("SELECT c.id, c.kind, c.title, c.topic, w.role, w.joined, u.name FROM conv_member w"
             " JOIN conv c ON c.id = w.conv LEFT JOIN user u ON c.kind = 0"
             " AND u.id = CASE WHEN c.low = ?1 THEN c.high ELSE c.low END"
             " WHERE w.user = ?1 AND w.conv > ?2 AND w.state < 3 ORDER BY w.conv LIMIT ?3")}},
    {.proc = DB_NONE},
};
