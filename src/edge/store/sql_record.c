/* Recordings of rooms: SQL of msg/db_record.h. */
#include "edge/store/schema.h"

const struct sql_proc sql_record[] = {
    {DB_RECORDING_ADD,
     NULL,
     {SQL_MUST("INSERT INTO recording(id, user, room, title, state, started)"
               " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")}},
    {DB_RECORDING_SET,
     NULL,
     {SQL_DO("UPDATE recording SET state = ?2, bytes = ?3, duration = ?4 WHERE id = ?1")}},
    {DB_RECORDINGS_CUT, NULL, {SQL_DO("UPDATE recording SET state = ?2 WHERE state = ?1")}},
    {DB_RECORDINGS_OF,
     NULL,
     {SQL_DO("SELECT id, room, title, started, duration, bytes, state FROM recording"
             " WHERE user = ?1 ORDER BY started DESC, id LIMIT ?2")}},
    {DB_RECORDING_OF, NULL, {SQL_DO("SELECT state FROM recording WHERE id = ?1 AND user = ?2")}},
    {DB_RECORDINGS_ALL,
     NULL,
     {SQL_DO("SELECT r.id, u.name, r.room, r.title, r.started, r.duration, r.bytes, r.state"
             " FROM recording r LEFT JOIN user u ON u.id = r.user"
             " WHERE r.id > ?1 ORDER BY r.id LIMIT ?2")}},
    {DB_RECORDING_GET, NULL, {SQL_DO("SELECT state FROM recording WHERE id = ?1")}},
    {DB_RECORDING_REMOVE, NULL, {SQL_DO("DELETE FROM recording WHERE id = ?1")}},
    {DB_RECORDINGS_LEFT,
     NULL,
     {SQL_DO("SELECT id FROM recording WHERE user IS NULL AND state <> ?1 LIMIT ?2")}},
    {DB_RECORDING_FOR,
     NULL,
     {SQL_DO("SELECT r.title, r.started FROM web_session w, recording r WHERE w.token = ?1"
             " AND w.expires > ?2 AND r.id = ?3 AND r.user = w.user AND r.state <> ?4")}},
    {.proc = DB_NONE},
};
