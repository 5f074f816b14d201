/* SQL of the procedures of msg/db_call.h. */
#include "edge/store/schema.h"

const struct sql_proc sql_call[] = {
    {DB_CALL_ADD,
     NULL,
     {SQL_DO("INSERT INTO call(id, caller, callee, room, video, state, started)"
             " VALUES(?1, ?2, ?3, ?4, ?5, 0, ?6)"),
      SQL_DO("INSERT INTO call_party(user, started, call, other, way)"
             " VALUES(?2, ?6, ?1, ?3, 0), (?3, ?6, ?1, ?2, 1)")}},
    {DB_CALL_ANSWERED,
     NULL,
     {SQL_MUST("UPDATE call SET room = ?2, answered = ?3 WHERE id = ?1 AND ended IS NULL")}},
    {DB_CALL_ENDED,
     NULL,
     {SQL_MUST(
          "UPDATE call SET state = ?2, reason = ?3, ended = ?4 WHERE id = ?1 AND ended IS NULL"),
      SQL_DO("UPDATE call_party SET missed = 1 WHERE call = ?1 AND way = 1"
             " AND (SELECT answered FROM call WHERE id = ?1) IS NULL")}},
    {DB_CALLS_OF,
     NULL,
     {SQL_DO("SELECT p.call, p.other, p.way, c.state, c.reason, p.started, c.answered, c.ended, "
             "c.video,"
             " p.seen FROM call_party p JOIN call c ON c.id = p.call"
             " WHERE p.user = ?1 AND p.started < ?2 ORDER BY p.started DESC LIMIT ?3")}},
    {DB_CALLS_MISSED,
     NULL,
     {SQL_DO("SELECT count(*) FROM call_party WHERE user = ?1 AND missed = 1 AND seen = 0")}},
    {DB_CALLS_SEEN,
     NULL,
     {SQL_DO("UPDATE call_party SET seen = 1 WHERE user = ?1 AND missed = 1 AND seen = 0")}},
    {.proc = DB_NONE},
};
