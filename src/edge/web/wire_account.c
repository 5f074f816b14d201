/* Tables of msg/account.h. */
#include "edge/web/wire_fields.h"

static const char *const roles[USER_ROLES] = {"user", "admin"};
static const char *const modes[PRESENCE_MODES] = {"auto", "dnd", "invisible"};
static const char *const registrations[REGISTRATIONS] = {"open", "invite", "closed"};

static const struct field settings_list[] = {
    F_TRI(struct user_settings, "last_seen", last_seen),
    F_TRI(struct user_settings, "read_marks", read_marks),
    F_TRI(struct user_settings, "early_address", early_address),
    F_TRI(struct user_settings, "push", push),
    F_TRI(struct user_settings, "strangers", strangers),
};
static const struct fields settings = FIELDS(struct user_settings, settings_list);

static const struct field me_list[] = {
    F_ID(struct me_view, "user", user, NEEDED),
    F_STR(struct me_view, "name", name, 0, NEEDED),
    F_STR(struct me_view, "display", display, 0, NEEDED),
    F_WORD(struct me_view, "role", role, roles, NEEDED),
    F_INT(struct me_view, "avatar", avatar, 0, 0, NEEDED),
    F_INT(struct me_view, "created", created_ms, 0, 0, NEEDED),
    F_OBJECT(struct me_view, "settings", settings, &settings),
    F_WORD(struct me_view, "mode", mode, modes, NEEDED),
    F_INT(struct me_view, "recovery_left", recovery_left, 0, 0, NEEDED),
    F_INT(struct me_view, "passkeys", passkeys, 0, 0, NEEDED),
};
const struct fields wire_me = FIELDS(struct me_view, me_list);

static const struct field policy_list[] = {
    F_WORD(struct policy_view, "registration", registration, registrations, NEEDED),
    F_BOOL(struct policy_view, "guests", guests, NEEDED),
    F_BOOL(struct policy_view, "user_invites", user_invites, NEEDED),
    F_BOOL(struct policy_view, "passkeys", passkeys, NEEDED),
    F_STR(struct policy_view, "push_key", push_key, 0),
    F_INT(struct policy_view, "name_min", name_min, 0, 0, NEEDED),
    F_INT(struct policy_view, "name_max", name_max, 0, 0, NEEDED),
    F_INT(struct policy_view, "password_min", password_min, 0, 0, NEEDED),
    F_INT(struct policy_view, "retention_s", retention_s, 0, 0),
    F_INT(struct policy_view, "upload_max", upload_max, 0, 0, NEEDED),
};
static const struct fields policy = FIELDS(struct policy_view, policy_list);

static const struct field badges_list[] = {
    F_INT(struct badges_view, "missed", missed, 0, 0, NEEDED),
    F_INT(struct badges_view, "unread", unread, 0, 0, NEEDED),
    F_INT(struct badges_view, "requests", requests, 0, 0, NEEDED),
};
const struct fields wire_badges = FIELDS(struct badges_view, badges_list);

static const struct fields nothing = FIELDS_NONE;

/* ---- what comes in ---- */

#define PASSWORD_BYTES 1024 /* of 128 characters; what is longer is refused unread */
#define NAME_BYTES     512
#define CODE_BYTES     64
#define DATA_BYTES     16384 /* of each part of a passkey's answer */

static const struct field register_list[] = {
    F_STR(struct cmd_register, "name", name, NAME_BYTES, NEEDED),
    F_STR(struct cmd_register, "display", display, NAME_BYTES),
    F_STR(struct cmd_register, "password", password, PASSWORD_BYTES, NEEDED),
    F_STR(struct cmd_register, "invite", invite, CODE_BYTES),
    F_STR(struct cmd_register, "lang", lang, 16),
};
static const struct fields reg = FIELDS(struct cmd_register, register_list);

static const struct field sign_in_list[] = {
    F_STR(struct cmd_sign_in, "name", name, NAME_BYTES, NEEDED),
    F_STR(struct cmd_sign_in, "password", password, PASSWORD_BYTES, NEEDED),
};
static const struct fields sign_in = FIELDS(struct cmd_sign_in, sign_in_list);

static const struct field recover_list[] = {
    F_STR(struct cmd_recover, "name", name, NAME_BYTES, NEEDED),
    F_STR(struct cmd_recover, "code", code, CODE_BYTES, NEEDED),
    F_STR(struct cmd_recover, "password", password, PASSWORD_BYTES, NEEDED),
};
static const struct fields recover = FIELDS(struct cmd_recover, recover_list);

static const struct field reset_list[] = {
    F_STR(struct cmd_reset, "link", link, CODE_BYTES, NEEDED),
    F_STR(struct cmd_reset, "password", password, PASSWORD_BYTES, NEEDED),
};
static const struct fields reset = FIELDS(struct cmd_reset, reset_list);

static const struct field invite_list[] = {
    F_STR(struct cmd_invite, "invite", invite, CODE_BYTES, NEEDED),
};
static const struct fields invite = FIELDS(struct cmd_invite, invite_list);

static const struct field set_list[] = {
    F_STR(struct cmd_account_set, "display", display, NAME_BYTES),
    F_OBJECT(struct cmd_account_set, "settings", settings, &settings),
};
static const struct fields set = FIELDS(struct cmd_account_set, set_list);

static const struct field password_list[] = {
    F_STR(struct cmd_account_password, "old", old, PASSWORD_BYTES),
    F_STR(struct cmd_account_password, "password", password, PASSWORD_BYTES, NEEDED),
};
static const struct fields password = FIELDS(struct cmd_account_password, password_list);

/* The same person again: the password that there is. */
static const struct field again_list[] = {
    F_STR(struct cmd_account_password, "password", old, PASSWORD_BYTES),
};
static const struct fields again = FIELDS(struct cmd_account_password, again_list);

static const struct field confirm_list[] = {
    F_STR(struct cmd_account_password, "password", old, PASSWORD_BYTES, NEEDED),
};
static const struct fields confirm = FIELDS(struct cmd_account_password, confirm_list);

static const struct field end_list[] = {
    F_ID(struct cmd_account_end, "key", key),
    F_BOOL(struct cmd_account_end, "others", others),
    F_BOOL(struct cmd_account_end, "all", all),
};
static const struct fields end = FIELDS(struct cmd_account_end, end_list);

static const struct field invite_make_list[] = {
    F_INT(struct cmd_invite_make, "uses", uses, 1, 1000, .absent = 1),
    F_INT(struct cmd_invite_make, "ttl_s", ttl_s, 60, 366 * 86400, .absent = 7 * 86400),
};
static const struct fields invite_make = FIELDS(struct cmd_invite_make, invite_make_list);

static const struct field key_list[] = {
    F_ID(struct cmd_key, "key", key, NEEDED),
};
static const struct fields key = FIELDS(struct cmd_key, key_list);

static const struct field key_name_list[] = {
    F_ID(struct cmd_key, "key", key, NEEDED),
    F_STR(struct cmd_key, "name", name, NAME_BYTES, NEEDED),
};
static const struct fields key_name = FIELDS(struct cmd_key, key_name_list);

static const struct field token_make_list[] = {
    F_STR(struct cmd_token_make, "name", name, NAME_BYTES, NEEDED),
    F_STRS(struct cmd_token_make, "scopes", scopes, 8, 32, NEEDED),
    F_INT(struct cmd_token_make, "ttl_s", ttl_s, 60, 3660 * INT64_C(86400)),
};
static const struct fields token_make = FIELDS(struct cmd_token_make, token_make_list);

static const struct field passkey_what_list[] = {
    F_BOOL(struct cmd_passkey, "confirm", confirm),
};
static const struct fields passkey_what = FIELDS(struct cmd_passkey, passkey_what_list);

static const struct field passkey_sign_in_list[] = {
    F_BLOB(struct cmd_passkey, "credential", credential, 1, 1023, NEEDED),
    F_BLOB(struct cmd_passkey, "client_data", client_data, 1, DATA_BYTES, NEEDED),
    F_BLOB(struct cmd_passkey, "auth_data", auth_data, 1, DATA_BYTES, NEEDED),
    F_BLOB(struct cmd_passkey, "signature", signature, 1, DATA_BYTES, NEEDED),
    F_BLOB(struct cmd_passkey, "user_handle", user_handle, 0, 64),
};
static const struct fields passkey_sign_in = FIELDS(struct cmd_passkey, passkey_sign_in_list);

static const struct field passkey_add_list[] = {
    F_STR(struct cmd_passkey, "name", name, NAME_BYTES, NEEDED),
    F_BLOB(struct cmd_passkey, "client_data", client_data, 1, DATA_BYTES, NEEDED),
    F_BLOB(struct cmd_passkey, "attestation", attestation, 1, DATA_BYTES, NEEDED),
};
static const struct fields passkey_add = FIELDS(struct cmd_passkey, passkey_add_list);

/* ---- what goes out ---- */

static const char *const invite_kinds[INVITE_KINDS] = {"user", "admin", "reset"};

static const struct field result_me_list[] = {
    F_OBJECT(union account_view, "user", me.user, &wire_me, NEEDED),
    F_OBJECT(union account_view, "policy", me.policy, &policy),
};
static const struct fields result_me = FIELDS(union account_view, result_me_list);

static const struct field signed_in_list[] = {
    F_OBJECT(union account_view, "user", signed_in.user, &wire_me, NEEDED),
    F_STRS(union account_view, "recovery", signed_in.recovery, 0, 0),
    F_INT(union account_view, "left", signed_in.left, 0, 0, .absent = -1),
};
static const struct fields signed_in = FIELDS(union account_view, signed_in_list);

static const struct field result_invite_list[] = {
    F_WORD(union account_view, "kind", invite.kind, invite_kinds, NEEDED),
    F_STR(union account_view, "by", invite.by, 0, NEEDED),
    F_STR(union account_view, "name", invite.name, 0),
};
static const struct fields result_invite = FIELDS(union account_view, result_invite_list);

static const struct field result_recovery_list[] = {
    F_STRS(union account_view, "recovery", recovery, 0, 0, NEEDED),
};
static const struct fields result_recovery = FIELDS(union account_view, result_recovery_list);

static const struct field sign_in_view_list[] = {
    F_ID(struct sign_in_view, "key", key, NEEDED),
    F_STR(struct sign_in_view, "device", device, 0, NEEDED),
    F_STR(struct sign_in_view, "address", address, 0, NEEDED),
    F_INT(struct sign_in_view, "used", used_ms, 0, 0, NEEDED),
    F_INT(struct sign_in_view, "created", created_ms, 0, 0, NEEDED),
    F_BOOL(struct sign_in_view, "this", this_one),
};
static const struct fields sign_in_view = FIELDS(struct sign_in_view, sign_in_view_list);
static const struct field result_sessions_list[] = {
    F_OBJECTS(union account_view, "sessions", list, &sign_in_view, 0, NEEDED),
};
static const struct fields result_sessions = FIELDS(union account_view, result_sessions_list);

static const struct field invite_made_list[] = {
    F_STR(union account_view, "code", invite_made.code, 0, NEEDED),
    F_STR(union account_view, "url_path", invite_made.path, 0, NEEDED),
    F_INT(union account_view, "expires", invite_made.expires_ms, 0, 0, NEEDED),
};
static const struct fields invite_made = FIELDS(union account_view, invite_made_list);

static const struct field invite_view_list[] = {
    F_ID(struct invite_view, "key", key, NEEDED),
    F_INT(struct invite_view, "uses_left", uses_left, 0, 0, NEEDED),
    F_INT(struct invite_view, "expires", expires_ms, 0, 0, NEEDED),
    F_WORD(struct invite_view, "kind", kind, invite_kinds, NEEDED),
};
static const struct fields invite_view = FIELDS(struct invite_view, invite_view_list);
static const struct field result_invites_list[] = {
    F_OBJECTS(union account_view, "invites", list, &invite_view, 0, NEEDED),
};
static const struct fields result_invites = FIELDS(union account_view, result_invites_list);

static const struct field result_token_list[] = {
    F_STR(union account_view, "token", token, 0, NEEDED),
};
static const struct fields result_token = FIELDS(union account_view, result_token_list);

static const struct field key_view_list[] = {
    F_ID(struct key_view, "key", key, NEEDED),
    F_STR(struct key_view, "name", name, 0, NEEDED),
    F_INT(struct key_view, "created", created_ms, 0, 0, NEEDED),
    F_INT(struct key_view, "used", used_ms, 0, 0),
    F_INT(struct key_view, "expires", expires_ms, 0, 0),
    F_STRS(struct key_view, "scopes", scopes, 0, 0),
};
static const struct fields key_view = FIELDS(struct key_view, key_view_list);
static const struct field result_tokens_list[] = {
    F_OBJECTS(union account_view, "tokens", list, &key_view, 0, NEEDED),
};
static const struct fields result_tokens = FIELDS(union account_view, result_tokens_list);
static const struct field result_passkeys_list[] = {
    F_OBJECTS(union account_view, "passkeys", list, &key_view, 0, NEEDED),
};
static const struct fields result_passkeys = FIELDS(union account_view, result_passkeys_list);

static const struct field passkey_user_list[] = {
    F_BLOB(struct passkey_user_view, "id", id, 0, 64, NEEDED),
    F_STR(struct passkey_user_view, "name", name, 0, NEEDED),
    F_STR(struct passkey_user_view, "display", display, 0, NEEDED),
};
static const struct fields passkey_user = FIELDS(struct passkey_user_view, passkey_user_list);
static const struct field passkey_begin_list[] = {
    F_BLOB(union account_view, "challenge", passkey_begin.challenge, 0, 64, NEEDED),
    F_STR(union account_view, "rp", passkey_begin.rp, 0, NEEDED),
    F_OBJECT(union account_view, "user", passkey_begin.user, &passkey_user),
    F_STRS(union account_view, "exclude", passkey_begin.exclude, 0, 0),
    F_STRS(union account_view, "allow", passkey_begin.allow, 0, 0),
    F_INT(union account_view, "timeout_ms", passkey_begin.timeout_ms, 0, 0, NEEDED),
};
static const struct fields passkey_begin = FIELDS(union account_view, passkey_begin_list);

static const struct field result_key_list[] = {
    F_ID(union account_view, "key", key, NEEDED),
};
static const struct fields result_key = FIELDS(union account_view, result_key_list);

const struct wire_topic wire_account = {
    .commands =
        {
            [CMD_ME] = &nothing,
            [CMD_REGISTER] = &reg,
            [CMD_SIGN_IN] = &sign_in,
            [CMD_SIGN_OUT] = &nothing,
            [CMD_RECOVER] = &recover,
            [CMD_RESET] = &reset,
            [CMD_INVITE] = &invite,
            [CMD_PASSKEY_SIGN_IN] = &passkey_sign_in,
            [CMD_PASSKEY_BEGIN] = &passkey_what,
            [CMD_PASSKEY_CONFIRM] = &passkey_sign_in,
            [CMD_PASSKEY_ADD] = &passkey_add,
            [CMD_PASSKEYS] = &nothing,
            [CMD_PASSKEY_NAME] = &key_name,
            [CMD_PASSKEY_REMOVE] = &key,
            [CMD_ACCOUNT_SET] = &set,
            [CMD_CONFIRM] = &confirm,
            [CMD_ACCOUNT_PASSWORD] = &password,
            [CMD_ACCOUNT_RECOVERY] = &again,
            [CMD_ACCOUNT_DELETE] = &again,
            [CMD_ACCOUNT_SESSIONS] = &nothing,
            [CMD_ACCOUNT_END] = &end,
            [CMD_INVITE_MAKE] = &invite_make,
            [CMD_INVITES] = &nothing,
            [CMD_INVITE_END] = &key,
            [CMD_TOKEN_MAKE] = &token_make,
            [CMD_TOKENS] = &nothing,
            [CMD_TOKEN_END] = &key,
        },
    .views =
        {
            [EVENT_ME] = &result_me,
            [EVENT_BADGES] = &wire_badges,
            [RESULT_ME] = &result_me,
            [RESULT_SIGNED_IN] = &signed_in,
            [RESULT_INVITE] = &result_invite,
            [RESULT_RECOVERY] = &result_recovery,
            [RESULT_ACCOUNT_SESSIONS] = &result_sessions,
            [RESULT_INVITE_MADE] = &invite_made,
            [RESULT_INVITES] = &result_invites,
            [RESULT_TOKEN] = &result_token,
            [RESULT_TOKENS] = &result_tokens,
            [RESULT_PASSKEY_BEGIN] = &passkey_begin,
            [RESULT_PASSKEY_KEY] = &result_key,
            [RESULT_PASSKEYS] = &result_passkeys,
        },
};
