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
    {.proc = DB_NONE},
};
