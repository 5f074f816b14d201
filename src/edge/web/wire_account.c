/* Tables of msg/account.h. */
#include "edge/web/wire_fields.h"

static const char *const roles[USER_ROLES] = {"user", "admin"};
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
};
static const struct fields policy = FIELDS(struct policy_view, policy_list);

static const struct field badges_list[] = {
    F_INT(struct badges_view, "missed", missed, 0, 0, NEEDED),
    F_INT(struct badges_view, "unread", unread, 0, 0, NEEDED),
    F_INT(struct badges_view, "requests", requests, 0, 0, NEEDED),
};
const struct fields wire_badges = FIELDS(struct badges_view, badges_list);

static const struct fields nothing = FIELDS_NONE;

static const struct field result_me_list[] = {
    F_OBJECT(union account_view, "user", me.user, &wire_me, NEEDED),
    F_OBJECT(union account_view, "policy", me.policy, &policy),
};
static const struct fields result_me = FIELDS(union account_view, result_me_list);

const struct wire_topic wire_account = {
    .commands =
        {
            [CMD_ME] = &nothing,
        },
    .views =
        {
            [EVENT_ME] = &result_me,
            [EVENT_BADGES] = &wire_badges,
            [RESULT_ME] = &result_me,
        },
};
