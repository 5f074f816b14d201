/* SQL of the procedures of msg/db_people.h. */
#include "edge/store/schema.h"

const struct sql_proc sql_people[] = {
    {DB_WORDS_CLEAR, NULL, {SQL_DO("DELETE FROM user_word WHERE user = ?1")}},
    {DB_WORD_ADD, NULL, {SQL_DO("INSERT OR IGNORE INTO user_word(word, user) VALUES(?2, ?1)")}},
    {DB_PEOPLE_FIND,
     NULL,
     {SQL_DO("SELECT id, name, display, avatar, last_seen, settings FROM user WHERE name_key > ?3"
             " AND id IN (SELECT user FROM user_word WHERE word >= ?1 AND word < ?2)"
             " ORDER BY name_key LIMIT ?4")}},
    {DB_FAVOURITE_ON, NULL, {SQL_DO("INSERT OR IGNORE INTO favourite VALUES(?1, ?2)")}},
    {DB_FAVOURITE_OFF, NULL, {SQL_DO("DELETE FROM favourite WHERE user = ?1 AND other = ?2")}},
    {DB_FAVOURITES, NULL, {SQL_DO("SELECT other FROM favourite WHERE user = ?1")}},
    {DB_BLOCK_ON, NULL, {SQL_DO("INSERT OR IGNORE INTO block VALUES(?1, ?2, ?3)")}},
    {DB_BLOCK_OFF, NULL, {SQL_DO("DELETE FROM block WHERE user = ?1 AND other = ?2")}},
    {DB_BLOCKS, NULL, {SQL_DO("SELECT other FROM block WHERE user = ?1")}},
    {DB_PUSH_ADD,
     NULL,
     {SQL_DO("INSERT OR REPLACE INTO push_sub(endpoint, user, session, p256dh, auth, created)"
             " VALUES(?1, ?2, ?3, ?4, ?5, ?6)"),
      SQL_DO("DELETE FROM push_sub WHERE endpoint IN (SELECT endpoint FROM push_sub"
             " WHERE user = ?2 ORDER BY created DESC, endpoint = ?1 DESC LIMIT -1 OFFSET 20)")}},
    {DB_PUSH_REMOVE, NULL, {SQL_DO("DELETE FROM push_sub WHERE endpoint = ?2 AND user = ?1")}},
    {DB_PUSH_SUBS,
     NULL,
     {SQL_DO("SELECT p.endpoint, p.p256dh, p.auth, p.session FROM push_sub p JOIN user u ON u.id = "
             "p.user"
             " WHERE p.user = ?1 AND u.flags = 0 AND u.settings & ?2")}},
    {DB_PUSH_END, NULL, {SQL_DO("DELETE FROM push_sub WHERE endpoint = ?1")}},
    {DB_PUSH_FAILED,
     NULL,
     {SQL_DO("UPDATE push_sub SET failures = failures + 1 WHERE endpoint = ?1"),
      SQL_DO("DELETE FROM push_sub WHERE endpoint = ?1 AND failures >= 10")}},
    {.proc = DB_NONE},
};
