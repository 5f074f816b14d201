/* SQL of the procedures of msg/db_call.h. */
#include "edge/store/schema.h"

const struct sql_proc sql_call[] = {
    {DB_CALL_PUT,
     NULL,
     {SQL_DO("INSERT INTO call(id, caller, callee, room, video, state, reason, text, started,"
             " answered, ended, alive) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
             " ON CONFLICT(id) DO UPDATE SET video = ?5, state = ?6, reason = ?7, text = ?8,"
             " answered = ?10, ended = ?11, alive = ?12"),
      SQL_DO("INSERT OR IGNORE INTO call_party(user, started, call, other, way)"
             " VALUES(?2, ?9, ?1, ?3, 0)"),
      SQL_DO("INSERT INTO call_party(user, started, call, other, way, missed)"
             " SELECT ?3, ?9, ?1, ?2, 1, ?14 WHERE ?13 = 0"
             " ON CONFLICT(user, started, call) DO UPDATE SET missed = ?14")}},
    {DB_CALLS_ALIVE,
     NULL,
     {SQL_DO("UPDATE call SET alive = ?1 WHERE ended IS NULL AND alive >= ?2")}},
    {DB_CALLS_RANG,
     NULL,
     {SQL_DO("UPDATE call_party SET missed = 1 WHERE way = 1 AND call IN"
             " (SELECT id FROM call WHERE ended IS NULL AND alive < ?1 AND answered IS NULL)"),
      SQL_DO(
          "UPDATE call SET state = ?2, reason = ?3, ended = max(alive, coalesce(answered, started))"
          " WHERE ended IS NULL AND alive < ?1 AND answered IS NULL")}},
    {DB_CALLS_CLOSE,
     NULL,
     {SQL_DO(
         "UPDATE call SET state = ?2, reason = ?3, ended = max(alive, coalesce(answered, started))"
         " WHERE ended IS NULL AND alive < ?1")}},
    {DB_CALL_GET,
     NULL,
     {SQL_DO("SELECT caller, callee, room, video, started, answered, ended, alive FROM call"
             " WHERE id = ?1")}},
    {DB_CALLS_OF,
     NULL,
     {SQL_DO("SELECT p.call, p.other, u.name, u.display, u.avatar, p.way, c.state, c.reason,"
             " c.text, p.started, c.answered, c.ended, c.video, p.missed, p.seen"
             " FROM call_party p JOIN call c ON c.id = p.call JOIN user u ON u.id = p.other"
             " WHERE p.user = ?1 AND p.started < ?2 AND c.ended IS NOT NULL ORDER BY p.started "
             "DESC LIMIT ?3")}},
    {DB_CALLS_MISSED,
     NULL,
     {SQL_DO("SELECT count(*) FROM call_party WHERE user = ?1 AND missed = 1 AND seen = 0")}},
    {DB_CALLS_SEEN,
     NULL,
     {SQL_DO("UPDATE call_party SET seen = 1 WHERE user = ?1 AND missed = 1 AND seen = 0")}},
    {DB_CALL_STARS,
     NULL,
     {SQL_MUST("UPDATE call_party SET stars = ?3 WHERE call = ?1 AND user = ?2")}},
    {.proc = DB_NONE},
};
