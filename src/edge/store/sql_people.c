/* SQL of the procedures of msg/db_people.h. */
#include "edge/store/schema.h"

/* Words that are looked at for one answer: bounds its time, whoever is searched for. */
#define WORDS_MAX "2000"

#define COLUMNS   "u.id, u.name, u.display, u.avatar, u.last_seen, u.settings, u.presence, h.since"
/* Whether u has blocked ?1. */
#define HIDDEN " LEFT JOIN block h ON h.user = u.id AND h.other = ?1"
#define ONE    "SELECT '', " COLUMNS " FROM user u" HIDDEN " WHERE u.flags = 0 AND "

/* The next words that fit. */
#define WORDS(limit)                                                           \
    "(SELECT word, user FROM user_word WHERE (word, user) > (max(?2, ?5), ?3)" \
    " AND word < ?6 ORDER BY word, user " limit ")"
#define HAS_SECOND                                                          \
    "(?7 IS NULL OR EXISTS(SELECT 1 FROM user_word s WHERE s.user = w.user" \
    " AND s.word >= ?7 AND s.word < ?8))"
#define FIRST_OF_THEIRS                                          \
    "NOT EXISTS(SELECT 1 FROM user_word f WHERE f.user = w.user" \
    " AND f.word >= ?5 AND f.word < w.word)"

/* People who stand in a list of ?1's. */
#define MARKED(table)                                                            \
    "SELECT lower(u.display) AS place, " COLUMNS " FROM " table                  \
    " m JOIN user u ON u.id = m.other" HIDDEN                                    \
    " WHERE m.user = ?1 AND u.flags = 0 AND (lower(u.display), u.id) > (?2, ?3)" \
    " ORDER BY place, u.id LIMIT ?4"

const struct sql_proc sql_people[] = {
    {DB_PEOPLE_FIND,
     "of a list of at most " WORDS_MAX " words",
     {SQL_DO("SELECT * FROM (SELECT w.word, " COLUMNS " FROM " WORDS(
         "LIMIT " WORDS_MAX) " w"
                             " CROSS JOIN user u ON u.id = w.user" HIDDEN
                             " WHERE u.flags = 0 AND u.id <> ?1"
                             " AND " FIRST_OF_THEIRS " AND " HAS_SECOND " LIMIT ?4)"
                             " UNION ALL SELECT word, user, NULL, NULL, NULL, NULL, NULL, NULL, "
                             "NULL FROM " WORDS("LIMIT 1 OFFSET " WORDS_MAX " - 1"))}},
    {DB_PEOPLE_LIST,
     NULL,
     {SQL_DO(
         "SELECT lower(u.display) AS place, " COLUMNS
         " FROM user u INDEXED BY user_by_display" HIDDEN
         " WHERE u.flags = 0 AND u.id <> ?1 AND lower(u.display) >= ?2"
         " AND (lower(u.display) > ?2 OR u.id > ?3) ORDER BY lower(u.display), u.id LIMIT ?4")}},
    {DB_PEOPLE_FAVOURITES, NULL, {SQL_DO(MARKED("favourite"))}},
    {DB_PEOPLE_BLOCKED, NULL, {SQL_DO(MARKED("block"))}},
    {DB_PERSON_GET, NULL, {SQL_DO(ONE "u.id = ?2")}},
    {DB_PERSON_BY_NAME, NULL, {SQL_DO(ONE "u.name_key = ?2")}},
    {DB_PEOPLE_SEEN,
     NULL,
     {SQL_DO("SELECT u.id, u.last_seen, u.settings, u.presence, h.since FROM json_each(?2) j"
             " CROSS JOIN user u ON u.id = j.value" HIDDEN " WHERE u.flags = 0")}},
    {DB_USERS_SEEN,
     NULL,
     {SQL_DO("UPDATE user SET last_seen = j.value ->> 1 FROM json_each(?1) j"
             " WHERE user.id = j.value ->> 0 AND flags & 2 = 0")}},
    {DB_USER_SET_PRESENCE, NULL, {SQL_MUST("UPDATE user SET presence = ?2 WHERE id = ?1")}},
    {DB_FAVOURITE_ON,
     NULL,
     {SQL_MUST(ONE "u.id = ?2"), SQL_DO("INSERT OR IGNORE INTO favourite VALUES(?1, ?2)")}},
    {DB_FAVOURITE_OFF,
     NULL,
     {SQL_MUST(ONE "u.id = ?2"), SQL_DO("DELETE FROM favourite WHERE user = ?1 AND other = ?2")}},
    {DB_FAVOURITES, NULL, {SQL_DO("SELECT other FROM favourite WHERE user = ?1")}},
    {DB_BLOCK_ON,
     NULL,
     {SQL_MUST(ONE "u.id = ?2"), SQL_DO("INSERT OR IGNORE INTO block VALUES(?1, ?2, ?3)")}},
    {DB_BLOCK_OFF,
     NULL,
     {SQL_MUST(ONE "u.id = ?2"), SQL_DO("DELETE FROM block WHERE user = ?1 AND other = ?2")}},
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
             " WHERE p.user = ?1 AND u.flags = 0 AND u.settings & ?2"
             " AND NOT EXISTS(SELECT 1 FROM block WHERE user = ?1 AND other = ?3)")}},
    {DB_PUSH_END, NULL, {SQL_DO("DELETE FROM push_sub WHERE endpoint = ?1")}},
    {DB_PUSH_FAILED,
     NULL,
     {SQL_DO("UPDATE push_sub SET failures = failures + 1 WHERE endpoint = ?1"),
      SQL_DO("DELETE FROM push_sub WHERE endpoint = ?1 AND failures >= 10")}},
    {.proc = DB_NONE},
};
