/* SQL of the procedures of msg/db_account.h. */
#include "edge/store/schema.h"

#define USER_COLUMNS \
    "id, name, display, role, flags, settings, presence, avatar, lang, created, last_seen"

const struct sql_proc sql_account[] = {
    {DB_SETTING_GET, NULL, {SQL_DO("SELECT value FROM setting WHERE key = ?1")}},
    {DB_SETTING_SET, NULL, {SQL_DO("INSERT OR REPLACE INTO setting(key, value) VALUES(?1, ?2)")}},
    {DB_USER_ADD,
     NULL,
     {SQL_DO(
         "INSERT INTO user(id, name, name_key, skeleton, display, role, password, settings, lang,"
         " created, last_seen) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)")}},
    {DB_USER_GET, NULL, {SQL_DO("SELECT " USER_COLUMNS " FROM user WHERE id = ?1")}},
    {DB_USER_BY_NAME,
     NULL,
     {SQL_DO("SELECT " USER_COLUMNS ", password FROM user WHERE name_key = ?1")}},
    {DB_USER_COUNT,
     "counting is reading all; only for the operator and metrics",
     {SQL_DO("SELECT (SELECT count(*) FROM user), (SELECT count(*) FROM user WHERE role > 0)")}},
    {DB_WEB_SESSION_ADD,
     NULL,
     {SQL_DO("INSERT INTO web_session(token, key, user, created, used, expires, addr, agent)"
             " VALUES(?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)")}},
    {DB_WEB_SESSION_USE,
     NULL,
     {SQL_MUST("UPDATE web_session SET used = ?2, expires = ?3, addr = ?4"
               " WHERE token = ?1 AND expires > ?2 RETURNING key, user")}},
    {DB_WEB_SESSION_END,
     NULL,
     {SQL_MUST("DELETE FROM web_session WHERE token = ?1 RETURNING key, user")}},
    {DB_WEB_SESSION_KEYS, NULL, {SQL_DO("SELECT key FROM web_session WHERE user = ?1")}},
    {DB_NONE, NULL, {{NULL, 0}}},
};
