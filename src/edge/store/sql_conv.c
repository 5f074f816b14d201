/* SQL of the procedures of msg/db_conv.h. */
#include "edge/store/schema.h"

const struct sql_proc sql_conv[] = {
    {DB_CONV_DIRECT,
     NULL,
     {SQL_DO(
          "INSERT INTO conv(id, kind, low, high, created, last_time) VALUES(?1, 0, ?2, ?3, ?4, ?4)"
          " ON CONFLICT(low, high) DO NOTHING"),
      SQL_DO("INSERT OR IGNORE INTO conv_member(conv, user, state, joined)"
             " SELECT id, low, ?5, ?4 FROM conv WHERE low = ?2 AND high = ?3"),
      SQL_DO("INSERT OR IGNORE INTO conv_member(conv, user, state, joined)"
             " SELECT id, high, ?6, ?4 FROM conv WHERE low = ?2 AND high = ?3"),
      SQL_MUST("SELECT id FROM conv WHERE low = ?2 AND high = ?3")}},
    {DB_CONV_GET,
     NULL,
     {SQL_DO("SELECT id, kind, created, last_seq, last_time, title, topic, owner, flags, password,"
             " retention, picture FROM conv WHERE id = ?1")}},
    {DB_CONV_MEMBERS,
     NULL,
     {SQL_DO(
         "SELECT user, role, state, read_seq, delivered_seq FROM conv_member WHERE conv = ?1")}},
    {DB_MESSAGE_ADD,
     NULL,
     {SQL_DO("INSERT INTO message(conv, seq, author, client, time, text, reply)"
             " SELECT ?1, last_seq + 1, ?2, ?3, ?4, ?5, ?6 FROM conv WHERE id = ?1"
             " ON CONFLICT(author, conv, client) DO NOTHING"),
      SQL_DO("UPDATE conv SET last_time = ?4, last_seq = last_seq + 1 WHERE id = ?1"
             " AND EXISTS(SELECT 1 FROM message m WHERE m.conv = ?1 AND m.seq = last_seq + 1)"),
      /* changes(): of the UPDATE, 0 when the message was there before. */
      SQL_MUST("SELECT id, seq, time, changes() FROM message"
               " WHERE author = ?2 AND conv = ?1 AND client = ?3")}},
    {DB_HISTORY_BEFORE,
     NULL,
     {SQL_DO("SELECT id, seq, author, time, text, reply, edited, deleted, client FROM message"
             " WHERE conv = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3")}},
    {DB_READ_MARK,
     NULL,
     {SQL_DO("UPDATE conv_member SET read_seq = max(read_seq, ?3),"
             " delivered_seq = max(delivered_seq, ?3) WHERE conv = ?1 AND user = ?2"
             " AND ?3 <= (SELECT last_seq FROM conv WHERE id = ?1)")}},
    {.proc = DB_NONE},
};
