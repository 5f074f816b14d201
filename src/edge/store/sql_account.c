/* SQL of the procedures of msg/db_account.h. */
#include "edge/store/schema.h"

#define USER_COLUMNS \
    "id, name, display, role, flags, settings, presence, avatar, lang, created, last_seen"

#define LISTS "a list that came as one value is taken apart"

/* Lines of `text` as words of `user`. */
#define ADD_WORDS(user, text)                                                             \
    SQL_DO("INSERT OR IGNORE INTO user_word(word, user)"                                  \
           " WITH RECURSIVE w(word, rest) AS (SELECT '', " text                           \
           " UNION ALL SELECT substr(rest, 1, instr(rest, char(10)) - 1),"                \
           " substr(rest, instr(rest, char(10)) + 1) FROM w WHERE instr(rest, char(10)))" \
           " SELECT word, " user " FROM w WHERE word <> ''")
/* 32 bytes each. */
#define ADD_CODES(user, codes)                                                  \
    SQL_DO("INSERT INTO recovery(user, hash)"                                   \
           " WITH RECURSIVE c(at) AS (SELECT 1 UNION ALL SELECT at + 32 FROM c" \
           " WHERE at + 32 < length(" codes ")) SELECT " user ", substr(" codes \
           ", at, 32) FROM c WHERE length(" codes ") > 0")
#define ADD_SESSION(token, key, user, now, expires, addr, agent)                                   \
    SQL_DO("INSERT INTO web_session(token, key, user, created, used, expires, addr, agent)"        \
           " VALUES(" token ", " key ", " user ", " now ", " now ", " expires ", " addr ", " agent \
           ")")
#define KNOW_NET(user, net, now) \
    SQL_DO("INSERT OR REPLACE INTO known_net(user, net, used) VALUES(" user ", " net ", " now ")")
/* Old ones go: what has expired, and all but the 100 that were used last. */
#define TIDY_SESSIONS(user, now)                                                                   \
    SQL_DO("DELETE FROM web_session WHERE expires <= " now),                                       \
        SQL_DO("DELETE FROM web_session WHERE token IN (SELECT token FROM web_session WHERE user " \
               "= " user " ORDER BY used DESC LIMIT -1 OFFSET 100)"),                              \
        SQL_DO("DELETE FROM known_net WHERE user = " user " AND net IN (SELECT net FROM known_net" \
               " WHERE user = " user " ORDER BY used DESC LIMIT -1 OFFSET 50)")
/* Whether that sign-in is still good: what it asks for may have waited while it was signed out. */
#define SIGNED_IN(key, user, now)                                                                 \
    "EXISTS(SELECT 1 FROM web_session WHERE key = " key " AND user = " user " AND expires > " now \
    ")"
/* By a new password from outside: nothing by which somebody else could come in stays. */
#define END_SIGN_INS(user)                                  \
    SQL_DO("DELETE FROM web_session WHERE user = " user),   \
        SQL_DO("DELETE FROM api_token WHERE user = " user), \
        SQL_DO("DELETE FROM passkey WHERE user = " user)

#define ADD_PERSON                                                                             \
    SQL_DO("INSERT INTO user(id, name, name_key, skeleton, display, role, password, settings," \
           " lang, created, last_seen) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)"), \
        ADD_WORDS("?1", "?11"), ADD_CODES("?1", "?12"),                                        \
        ADD_SESSION("?13", "?14", "?1", "?10", "?15", "?16", "?17"), KNOW_NET("?1", "?18", "?10")

#define OF_INVITE(code) "(SELECT target FROM invite WHERE code = " code ")"

const struct sql_proc sql_account[] = {
    {DB_SETTING_GET, NULL, {SQL_DO("SELECT value FROM setting WHERE key = ?1")}},
    {DB_SETTING_SET, NULL, {SQL_DO("INSERT OR REPLACE INTO setting(key, value) VALUES(?1, ?2)")}},
    /* people */
    {DB_USER_ADD,
     NULL,
     {SQL_DO(
         "INSERT INTO user(id, name, name_key, skeleton, display, role, password, settings, lang,"
         " created, last_seen) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)")}},
    {DB_NAME_CHECK,
     NULL,
     {SQL_DO("SELECT EXISTS(SELECT 1 FROM user WHERE name_key = ?1),"
             " EXISTS(SELECT 1 FROM user WHERE skeleton = ?2), i.kind, i.maker"
             " FROM (SELECT 1) LEFT JOIN invite i"
             " ON i.code = ?3 AND i.uses_left > 0 AND i.expires > ?4")}},
    {DB_USER_REGISTER, LISTS, {ADD_PERSON}},
    {DB_USER_REGISTER_INVITED,
     LISTS,
     {SQL_MUST("UPDATE invite SET uses_left = uses_left - 1 WHERE code = ?19 AND kind = ?6"
               " AND uses_left > 0 AND expires > ?10"),
      ADD_PERSON}},
    {DB_USER_GET, NULL, {SQL_DO("SELECT " USER_COLUMNS " FROM user WHERE id = ?1")}},
    {DB_USER_ME,
     NULL,
     {SQL_DO("SELECT " USER_COLUMNS
             ", (SELECT count(*) FROM recovery WHERE user = ?1 AND used IS NULL),"
             " (SELECT count(*) FROM passkey WHERE user = ?1) FROM user WHERE id = ?1")}},
    {DB_USER_BADGES,
     NULL,
     {SQL_DO("SELECT"
             " (SELECT count(*) FROM call_party WHERE user = ?1 AND missed = 1 AND seen = 0),"
             " (SELECT count(*) FROM conv_member m JOIN conv c ON c.id = m.conv"
             "   WHERE m.user = ?1 AND m.state = 0 AND c.last_seq > m.read_seq),"
             " (SELECT count(*) FROM conv_member m JOIN conv c ON c.id = m.conv"
             "   WHERE m.user = ?1 AND m.state = 1 AND (c.kind = 1 OR c.last_seq > 0))")}},
    {DB_USER_BY_NAME,
     NULL,
     {SQL_DO("SELECT " USER_COLUMNS ", password FROM user WHERE name_key = ?1")}},
    {DB_USER_COUNT,
     "counting is reading all; only for the operator and metrics",
     {SQL_DO("SELECT (SELECT count(*) FROM user WHERE flags & 2 = 0),"
             " (SELECT count(*) FROM user WHERE role > 0)")}},
    {DB_ADMIN_EXISTS, NULL, {SQL_DO("SELECT EXISTS(SELECT 1 FROM user WHERE role > 0)")}},
    {DB_USER_LIST,
     NULL,
     {SQL_DO("SELECT id, name, display, role, flags, created, last_seen FROM user"
             " WHERE name_key > ?1 ORDER BY name_key LIMIT ?2")}},
    {DB_USER_SET_DISPLAY,
     LISTS,
     {SQL_MUST("UPDATE user SET display = ?2 WHERE id = ?1 AND flags & 2 = 0"),
      SQL_DO("DELETE FROM user_word WHERE user = ?1"), ADD_WORDS("?1", "?3")}},
    {DB_USER_SET_SETTINGS, NULL, {SQL_MUST("UPDATE user SET settings = ?2 WHERE id = ?1")}},
    {DB_USER_SET_ROLE, NULL, {SQL_MUST("UPDATE user SET role = ?2 WHERE id = ?1 AND flags = 0")}},
    {DB_USER_DISABLE,
     NULL,
     {SQL_MUST("UPDATE user SET flags = flags | 1 WHERE id = ?1 AND flags & 2 = 0"),
      SQL_DO("DELETE FROM web_session WHERE user = ?1")}},
    {DB_USER_ENABLE, NULL, {SQL_MUST("UPDATE user SET flags = flags & ~1 WHERE id = ?1")}},
    {DB_USER_DELETE,
     NULL,
     {SQL_DO("SELECT avatar FROM user WHERE id = ?1"),
      SQL_MUST("UPDATE user SET name = NULL, name_key = NULL, skeleton = NULL, display = '',"
               " role = 0, flags = 2, password = NULL, settings = 0, presence = 0, avatar = 0,"
               " lang = '', last_seen = created WHERE id = ?1 AND flags & 2 = 0 AND (role = 0"
               " OR EXISTS(SELECT 1 FROM user o WHERE o.role > 0 AND o.flags = 0 AND o.id <> ?1))"),
      SQL_DO("DELETE FROM web_session WHERE user = ?1"),
      SQL_DO("DELETE FROM known_net WHERE user = ?1"),
      SQL_DO("UPDATE recording SET user = NULL WHERE user = ?1"),
      SQL_DO("DELETE FROM recovery WHERE user = ?1"),
      SQL_DO("DELETE FROM api_token WHERE user = ?1"),
      SQL_DO("DELETE FROM passkey WHERE user = ?1"),
      SQL_DO("DELETE FROM invite WHERE maker = ?1 OR target = ?1"),
      SQL_DO("DELETE FROM user_word WHERE user = ?1"),
      SQL_DO("DELETE FROM favourite WHERE user = ?1 OR other = ?1"),
      SQL_DO("DELETE FROM block WHERE user = ?1 OR other = ?1"),
      SQL_DO("DELETE FROM push_sub WHERE user = ?1"),
      SQL_DO("DELETE FROM call_party WHERE user = ?1"),
      /* Their messages stay. Their rooms go to whoever has most to say in them; one without anybody is
       * archived. */
      SQL_DO("UPDATE conv SET owner = (SELECT w.user FROM conv_member w WHERE w.conv = conv.id"
             "  AND w.user <> ?1 AND w.state = 0 ORDER BY w.role DESC, w.joined LIMIT 1)"
             " WHERE owner = ?1"),
      SQL_DO("UPDATE conv_member SET role = 2 WHERE (conv, user) IN (SELECT c.id, c.owner"
             " FROM conv_member m JOIN conv c ON c.id = m.conv WHERE m.user = ?1 AND m.role = 2)"),
      SQL_DO("UPDATE conv SET flags = flags | 2 WHERE owner IS NULL AND kind = 1"
             " AND id IN (SELECT conv FROM conv_member WHERE user = ?1 AND role = 2)"),
      SQL_DO("DELETE FROM conv_member WHERE user = ?1")}},
    /* sign-ins */
    {DB_WEB_SESSION_ADD, NULL, {ADD_SESSION("?1", "?2", "?3", "?4", "?5", "?6", "?7")}},
    {DB_WEB_SESSION_USE,
     NULL,
     {SQL_MUST("SELECT key, user FROM web_session WHERE token = ?1 AND expires > ?2")}},
    {DB_WEB_SESSION_TOUCH,
     NULL,
     {SQL_DO("UPDATE web_session SET used = ?2, expires = ?3, addr = ?4"
             " WHERE token = ?1 AND expires > ?2 AND (used < ?5 OR addr <> ?4)")}},
    {DB_WEB_SESSION_LEFT,
     NULL,
     {SQL_DO("UPDATE web_session SET used = ?2, expires = ?3 WHERE key = ?1 AND expires < ?3")}},
    {DB_WEB_SESSION_END,
     NULL,
     {SQL_MUST("DELETE FROM web_session WHERE token = ?1 RETURNING key, user")}},
    {DB_WEB_SESSION_KEYS,
     NULL,
     {SQL_DO("SELECT key FROM web_session WHERE user = ?1"
             " UNION ALL SELECT key FROM api_token WHERE user = ?1")}},
    {DB_WEB_SESSIONS,
     NULL,
     {SQL_DO("SELECT key, created, used, addr, agent FROM web_session"
             " WHERE user = ?1 AND expires > ?2 ORDER BY used DESC")}},
    {DB_WEB_SESSION_END_KEY,
     NULL,
     {SQL_MUST("DELETE FROM web_session WHERE key = ?2 AND user = ?1")}},
    {DB_WEB_SESSIONS_END,
     NULL,
     {SQL_DO("DELETE FROM web_session WHERE user = ?1 AND key IS NOT ?2")}},
    {DB_SIGN_IN_FIND,
     NULL,
     {SQL_DO("SELECT id, flags, password,"
             " EXISTS(SELECT 1 FROM known_net WHERE user = id AND net = ?2)"
             " FROM user WHERE name_key = ?1")}},
    {DB_SIGN_IN,
     NULL,
     {SQL_MUST("UPDATE user SET password = coalesce(?10, password)"
               " WHERE id = ?3 AND flags = 0 AND password = ?9"),
      ADD_SESSION("?1", "?2", "?3", "?4", "?5", "?6", "?7"), KNOW_NET("?3", "?8", "?4"),
      TIDY_SESSIONS("?3", "?4")}},
    {DB_PASSWORD_GET, NULL, {SQL_DO("SELECT password FROM user WHERE id = ?1 AND flags = 0")}},
    {DB_PASSWORD_CHANGE,
     NULL,
     {SQL_MUST("UPDATE user SET password = ?3 WHERE id = ?1 AND flags = 0 AND password = ?2"
               " AND " SIGNED_IN("?4", "?1", "?5")),
      SQL_DO("DELETE FROM web_session WHERE user = ?1 AND key <> ?4"),
      SQL_DO("DELETE FROM api_token WHERE user = ?1")}},
    {DB_PASSWORD_SET,
     NULL,
     {SQL_MUST("UPDATE user SET password = ?2 WHERE id = ?1 AND flags & 2 = 0"),
      END_SIGN_INS("?1")}},
    /* recovery and links */
    {DB_RECOVERY_SET,
     LISTS,
     {SQL_MUST("UPDATE web_session SET used = ?4 WHERE key = ?3 AND user = ?1 AND expires > ?4"),
      SQL_DO("DELETE FROM recovery WHERE user = ?1"), ADD_CODES("?1", "?2")}},
    {DB_RECOVERY_FIND,
     NULL,
     {SQL_DO("SELECT id, flags, EXISTS(SELECT 1 FROM known_net WHERE user = id AND net = ?2),"
             " EXISTS(SELECT 1 FROM recovery WHERE user = id AND hash = ?3 AND used IS NULL)"
             " FROM user WHERE name_key = ?1")}},
    {DB_RECOVERY_USE,
     NULL,
     {SQL_MUST("UPDATE recovery SET used = ?3 WHERE user = ?1 AND hash = ?2 AND used IS NULL"),
      SQL_MUST("UPDATE user SET password = ?4 WHERE id = ?1 AND flags = 0"), END_SIGN_INS("?1"),
      ADD_SESSION("?5", "?6", "?1", "?3", "?7", "?8", "?9"), KNOW_NET("?1", "?10", "?3"),
      SQL_DO("SELECT count(*) FROM recovery WHERE user = ?1 AND used IS NULL")}},
    {DB_RESET_USE,
     NULL,
     {SQL_MUST("UPDATE invite SET uses_left = uses_left - 1 WHERE code = ?1 AND kind = 2"
               " AND uses_left > 0 AND expires > ?2"),
      SQL_MUST("UPDATE user SET password = ?3 WHERE id = " OF_INVITE("?1") " AND flags = 0"),
      END_SIGN_INS(OF_INVITE("?1")),
      ADD_SESSION("?4", "?5", OF_INVITE("?1"), "?2", "?6", "?7", "?8"),
      KNOW_NET(OF_INVITE("?1"), "?9", "?2"), SQL_DO("SELECT target FROM invite WHERE code = ?1")}},
    {DB_INVITE_ADD,
     NULL,
     {SQL_DO("DELETE FROM invite WHERE maker = ?3 AND (expires <= ?7 OR uses_left = 0)"),
      SQL_MUST("INSERT INTO invite(code, key, maker, kind, target, uses_left, created, expires)"
               " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8"
               " WHERE (SELECT count(*) FROM invite WHERE maker = ?3) < 100")}},
    {DB_INVITES_VOID, NULL, {SQL_DO("DELETE FROM invite WHERE maker IS NULL AND kind = ?1")}},
    {DB_INVITE_GET,
     NULL,
     {SQL_DO("SELECT i.kind, m.display, t.name, i.target, t.display FROM invite i"
             " LEFT JOIN user m ON m.id = i.maker LEFT JOIN user t ON t.id = i.target"
             " WHERE i.code = ?1 AND i.uses_left > 0 AND i.expires > ?2")}},
    {DB_INVITES,
     NULL,
     {SQL_DO(
         "SELECT key, uses_left, expires, kind FROM invite"
         " WHERE maker = ?1 AND expires > ?2 AND uses_left > 0 ORDER BY created DESC LIMIT 200")}},
    {DB_INVITE_END, NULL, {SQL_MUST("DELETE FROM invite WHERE key = ?1 AND maker = ?2")}},
    /* tokens of programs */
    {DB_TOKEN_ADD,
     NULL,
     {SQL_DO("DELETE FROM api_token WHERE user = ?3 AND expires <= ?6"),
      SQL_MUST("INSERT INTO api_token(token, key, user, name, scopes, created, expires)"
               " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"
               " WHERE (SELECT count(*) FROM api_token WHERE user = ?3) < 100"
               " AND " SIGNED_IN("?8", "?3", "?6"))}},
    {DB_TOKENS,
     NULL,
     {SQL_DO("SELECT key, name, scopes, created, used, expires FROM api_token"
             " WHERE user = ?1 AND coalesce(expires, ?2 + 1) > ?2 ORDER BY created LIMIT 200")}},
    {DB_TOKEN_END, NULL, {SQL_MUST("DELETE FROM api_token WHERE key = ?2 AND user = ?1")}},
    {DB_TOKEN_USE,
     NULL,
     {SQL_MUST("UPDATE api_token SET used = ?2 WHERE token = ?1"
               " AND coalesce(expires, ?2 + 1) > ?2 RETURNING key, user, scopes,"
               " expires")}},
    /* passkeys */
    {DB_PASSKEY_ADD,
     NULL,
     {SQL_MUST("INSERT INTO passkey(cred, key, user, name, public_key, alg, counter, eligible,"
               " created) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9"
               " WHERE (SELECT count(*) FROM passkey WHERE user = ?3) < 20"
               " AND " SIGNED_IN("?10", "?3", "?9"))}},
    {DB_PASSKEYS,
     NULL,
     {SQL_DO("SELECT key, name, created, used, cred FROM passkey WHERE user = ?1"
             " ORDER BY created LIMIT 100")}},
    {DB_PASSKEY_GET,
     NULL,
     {SQL_DO("SELECT p.key, p.user, u.flags, p.public_key, p.alg, p.counter, p.eligible"
             " FROM passkey p JOIN user u ON u.id = p.user WHERE p.cred = ?1")}},
    {DB_PASSKEY_SIGN_IN,
     NULL,
     {SQL_MUST("UPDATE passkey SET counter = ?10, used = ?4 WHERE cred = ?9 AND user = ?3"
               " AND EXISTS(SELECT 1 FROM user WHERE id = ?3 AND flags = 0)"),
      ADD_SESSION("?1", "?2", "?3", "?4", "?5", "?6", "?7"), KNOW_NET("?3", "?8", "?4"),
      TIDY_SESSIONS("?3", "?4")}},
    {DB_PASSKEY_USE,
     NULL,
     {SQL_MUST("UPDATE passkey SET counter = ?4, used = ?2 WHERE cred = ?3 AND user = ?1"
               " AND " SIGNED_IN("?5", "?1", "?2"))}},
    {DB_PASSKEY_RENAME,
     NULL,
     {SQL_MUST("UPDATE passkey SET name = ?3 WHERE key = ?2 AND user = ?1")}},
    {DB_PASSKEY_END, NULL, {SQL_MUST("DELETE FROM passkey WHERE key = ?2 AND user = ?1")}},
    {.proc = DB_NONE},
};
