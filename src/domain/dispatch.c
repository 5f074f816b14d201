/* Who handles which command, how often it may come, and from whom. */
#include "domain/domain_int.h"

#include "domain/account.h"
#include "domain/conv.h"
#include "domain/push.h"
#include "domain/record.h"
#include "domain/upload.h"

typedef void handler_fn(struct domain *d, struct session *s, const struct cmd *cmd);

static void do_bye(struct domain *d, struct session *s, const struct cmd *cmd)
{
    session_event(d, s, SEV_BYE, cmd);
}

static void do_pipe_lost(struct domain *d, struct session *s, const struct cmd *cmd)
{
    if (s->conn == cmd->conn)
        session_event(d, s, SEV_PIPE_LOST, cmd);
}

static void do_overflow(struct domain *d, struct session *s, const struct cmd *cmd)
{
    session_event(d, s, SEV_OVERFLOW, cmd);
}

static void do_join(struct domain *d, struct session *s, const struct cmd *cmd)
{
    join_request(d, s, cmd->id, &cmd->u.join, false);
}

#define ALWAYS RATE_KINDS /* has no rate here, or takes it itself */

static const struct {
    handler_fn *handler;
    enum domain_rate_kind rate;
    enum { ANYBODY, EVEN_NEW /* also before hello is answered */, SIGNED_IN } who;
} table[CMD_COUNT] = {
    [CMD_BYE] = {do_bye, ALWAYS, EVEN_NEW},
    [CMD_CREATE] = {create_request, ALWAYS, ANYBODY},
    [CMD_JOIN] = {do_join, ALWAYS, ANYBODY},
    [CMD_LEAVE] = {leave_request, RATE_MANAGE, ANYBODY},
    [CMD_WATCH] = {roomlist_watch, ALWAYS, ANYBODY},
    [CMD_ROOM_SET] = {manage_set, RATE_MANAGE, ANYBODY},
    [CMD_ROOM_REMOVE] = {manage_remove, RATE_MANAGE, ANYBODY},
    [CMD_ROOM_MERGE] = {merge_request, RATE_MANAGE, ANYBODY},
    [CMD_TICKET] = {manage_ticket, RATE_MANAGE, ANYBODY},
    [CMD_MEDIA_TOKEN] = {whip_token, RATE_MANAGE, ANYBODY},
    [CMD_MEDIA] = {media_request, RATE_MANAGE, ANYBODY},
    [CMD_STATE] = {session_set_state, ALWAYS, ANYBODY},
    [CMD_NAME] = {session_set_name, ALWAYS, ANYBODY},
    [CMD_CHAT] = {chat_request, ALWAYS, ANYBODY},
    [CMD_WHISPER] = {chat_whisper, ALWAYS, ANYBODY},
    [CMD_TYPING] = {chat_typing, ALWAYS, ANYBODY},
    [CMD_DESC] = {relay_request, ALWAYS, ANYBODY},
    [CMD_CAND] = {relay_request, ALWAYS, ANYBODY},
    [CMD_FILE] = {relay_request, ALWAYS, ANYBODY},
    [CMD_CALL] = {call_request, ALWAYS, ANYBODY},
    [CMD_CALL_INVITE] = {call_request, ALWAYS, ANYBODY},
    [CMD_CALL_ANSWER] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_CALL_DECLINE] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_CALL_CANCEL] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_CALL_END] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_CALL_HOLD] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_CALL_VIDEO] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_CALL_TAKE] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_CALL_BACK] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_CALL_QUALITY] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_CALLS] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_CALLS_SEEN] = {call_request, RATE_MANAGE, ANYBODY},
    [CMD_ACCOUNT_SET] = {account_set, RATE_MANAGE, SIGNED_IN},
    [CMD_CONFIRM] = {account_confirm, RATE_MANAGE, SIGNED_IN},
    [CMD_ACCOUNT_PASSWORD] = {account_confirm, RATE_MANAGE, SIGNED_IN},
    [CMD_ACCOUNT_RECOVERY] = {account_confirm, RATE_MANAGE, SIGNED_IN},
    [CMD_ACCOUNT_DELETE] = {account_confirm, RATE_MANAGE, SIGNED_IN},
    [CMD_ACCOUNT_SESSIONS] = {account_sessions, RATE_MANAGE, SIGNED_IN},
    [CMD_ACCOUNT_END] = {account_end, RATE_MANAGE, SIGNED_IN},
    [CMD_INVITE_MAKE] = {invite_make, RATE_MANAGE, SIGNED_IN},
    [CMD_INVITES] = {invite_list, RATE_MANAGE, SIGNED_IN},
    [CMD_INVITE_END] = {invite_end, RATE_MANAGE, SIGNED_IN},
    [CMD_TOKEN_MAKE] = {token_make, RATE_MANAGE, SIGNED_IN},
    [CMD_TOKENS] = {token_list, RATE_MANAGE, SIGNED_IN},
    [CMD_TOKEN_END] = {token_end, RATE_MANAGE, SIGNED_IN},
    [CMD_PASSKEY_BEGIN] = {passkey_begin, RATE_MANAGE, SIGNED_IN},
    [CMD_PASSKEY_ADD] = {passkey_add, RATE_MANAGE, SIGNED_IN},
    [CMD_PASSKEY_CONFIRM] = {passkey_sign_in, RATE_MANAGE, SIGNED_IN},
    [CMD_PASSKEYS] = {passkey_list, RATE_MANAGE, SIGNED_IN},
    [CMD_PASSKEY_NAME] = {passkey_rename, RATE_MANAGE, SIGNED_IN},
    [CMD_PASSKEY_REMOVE] = {passkey_remove, RATE_MANAGE, SIGNED_IN},
    [CMD_CONVS] = {conv_list, RATE_CONV, SIGNED_IN},
    [CMD_CONV_OPEN] = {conv_open, RATE_CONV, SIGNED_IN},
    [CMD_CONV_GET] = {conv_get, RATE_CONV, SIGNED_IN},
    [CMD_SEND] = {conv_request, RATE_SEND, SIGNED_IN},
    [CMD_EDIT] = {conv_request, RATE_SEND, SIGNED_IN},
    [CMD_DELETE] = {conv_request, RATE_CONV, SIGNED_IN},
    [CMD_REACT] = {conv_request, RATE_SEND, SIGNED_IN},
    [CMD_HISTORY] = {conv_request, RATE_CONV, SIGNED_IN},
    [CMD_READ] = {conv_request, RATE_CONV, SIGNED_IN},
    [CMD_TYPING_CONV] = {conv_request, RATE_TYPING, SIGNED_IN},
    [CMD_DRAFT] = {conv_request, RATE_CONV, SIGNED_IN},
    [CMD_CONV_ANSWER] = {conv_request, RATE_CONV, SIGNED_IN},
    [CMD_SEARCH] = {message_search, RATE_SEARCH, SIGNED_IN},
    [CMD_EXPORT] = {export_request, RATE_EXPORT, SIGNED_IN},
    [CMD_ROOM_MAKE] = {room_make, RATE_MANAGE, SIGNED_IN},
    [CMD_ROOM_EDIT] = {conv_request, RATE_MANAGE, SIGNED_IN},
    [CMD_MEMBERS] = {conv_request, RATE_CONV, SIGNED_IN},
    [CMD_MEMBER_SET] = {conv_request, RATE_MANAGE, SIGNED_IN},
    [CMD_ROOM_INVITE] = {conv_request, RATE_MANAGE, SIGNED_IN},
    [CMD_ROOM_JOIN] = {room_join, RATE_MANAGE, SIGNED_IN},
    [CMD_ROOM_LEAVE] = {conv_request, RATE_MANAGE, SIGNED_IN},
    [CMD_ROOM_ARCHIVE] = {conv_request, RATE_MANAGE, SIGNED_IN},
    [CMD_ROOM_LINKS] = {conv_request, RATE_CONV, SIGNED_IN},
    [CMD_ROOM_LINK_END] = {conv_request, RATE_MANAGE, SIGNED_IN},
    [CMD_ROOM_PICTURE] = {conv_request, RATE_MANAGE, SIGNED_IN},
    [CMD_ROOMS_PUBLIC] = {rooms_public, RATE_CONV, ANYBODY},
    [CMD_ROOM_PASSWORD] = {conv_request, RATE_MANAGE, SIGNED_IN},
    [CMD_ROOM_LOOK] = {room_look, RATE_CONV, ANYBODY},
    [CMD_CONV_WATCH] = {live_watch, RATE_CONV, SIGNED_IN},
    [CMD_PUSH_ADD] = {push_add, RATE_MANAGE, SIGNED_IN},
    [CMD_PUSH_REMOVE] = {push_remove, RATE_MANAGE, SIGNED_IN},
    [CMD_UPLOAD] = {upload_request, RATE_MANAGE, SIGNED_IN},
    [CMD_ATTACH] = {attach_request, RATE_MANAGE, SIGNED_IN},
    [CMD_AVATAR] = {avatar_request, RATE_MANAGE, SIGNED_IN},
    [CMD_UPLOAD_END] = {upload_end_request, RATE_MANAGE, SIGNED_IN},
    [CMD_PEOPLE] = {directory_find, RATE_PEOPLE, SIGNED_IN},
    [CMD_PERSON] = {directory_person, RATE_PEOPLE, SIGNED_IN},
    [CMD_PEOPLE_WATCH] = {watch_request, RATE_PEOPLE, SIGNED_IN},
    [CMD_FAVOURITE] = {directory_mark, RATE_PEOPLE, SIGNED_IN},
    [CMD_BLOCK] = {directory_mark, RATE_PEOPLE, SIGNED_IN},
    [CMD_PRESENCE] = {presence_request, RATE_PEOPLE, SIGNED_IN},
    [CMD_IDLE] = {presence_idle, RATE_PEOPLE, SIGNED_IN},
    [CMD_GROUP_OFFER] = {group_offer, RATE_DESC, ANYBODY},
    [CMD_GROUP_WISH] = {group_wish, RATE_CAND, ANYBODY},
    [CMD_GROUP_CLOSE] = {group_hang_up, RATE_MANAGE, ANYBODY},
    [CMD_GROUP_STATS] = {group_stats, RATE_MANAGE, ANYBODY},
    [CMD_ROOM_MUTE] = {room_mute, RATE_MANAGE, ANYBODY},
    [CMD_KNOCK] = {knock_request, RATE_JOIN, ANYBODY},
    [CMD_ROOM_ADMIT] = {room_admit, RATE_MANAGE, ANYBODY},
    [CMD_RECORD_START] = {record_start, RATE_MANAGE, SIGNED_IN},
    [CMD_RECORD_STOP] = {record_stop, RATE_MANAGE, ANYBODY},
    [CMD_RECORD_AGREE] = {record_agree, RATE_MANAGE, ANYBODY},
    [CMD_RECORDINGS] = {recording_list, RATE_MANAGE, SIGNED_IN},
    [CMD_RECORDING_REMOVE] = {recording_remove, RATE_MANAGE, SIGNED_IN},
    [CMD_PIPE_LOST] = {do_pipe_lost, ALWAYS, EVEN_NEW},
    [CMD_OVERFLOW] = {do_overflow, ALWAYS, EVEN_NEW},
};

/* Of a session. */
static void dispatch_request(struct domain *d, const struct cmd *cmd)
{
    struct session *s = session_find(d, cmd->session);
    if (!s || (unsigned)cmd->type >= CMD_COUNT)
        return;
    if (!table[cmd->type].handler) {
        if (cmd->id > 0)
            emit_error(d, s, cmd->id, CODE_UNKNOWN_TYPE);
        return;
    }
    if (s->state == SESSION_NEW && table[cmd->type].who != EVEN_NEW) {
        if (cmd->id > 0)
            emit_retry(d, s, cmd->id, CODE_BUSY, 1000);
        return;
    }
    if (table[cmd->type].who == SIGNED_IN && !s->user) {
        if (cmd->id > 0)
            emit_error(d, s, cmd->id, CODE_SIGN_IN_REQUIRED);
        return;
    }
    if (table[cmd->type].who != EVEN_NEW && !scope_allows_cmd(s, cmd->type)) {
        if (cmd->id > 0)
            emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
        return;
    }
    enum domain_rate_kind rate = table[cmd->type].rate;
    if (rate == ALWAYS || session_rate(d, s, cmd->id, rate))
        table[cmd->type].handler(d, s, cmd);
}

/* Calls by HTTP: there is no session. */
static void dispatch_call(struct domain *d, const struct cmd *cmd)
{
    static const struct wire_error unknown = {.code = CODE_UNKNOWN_TYPE};
    static handler_fn *const calls[CMD_COUNT] = {
        [CMD_ME] = account_me_request,
        [CMD_REGISTER] = account_register,
        [CMD_SIGN_IN] = account_sign_in,
        [CMD_SIGN_OUT] = account_sign_out,
        [CMD_RECOVER] = account_recover,
        [CMD_RESET] = account_reset,
        [CMD_INVITE] = account_invite,
        [CMD_PASSKEY_BEGIN] = passkey_begin,
        [CMD_PASSKEY_SIGN_IN] = passkey_sign_in,
        [CMD_FETCH] = files_fetch,
        [CMD_WHIP] = whip_request,
    };
    if (calls[cmd->type])
        calls[cmd->type](d, NULL, cmd);
    else
        emit_http(d, cmd->http, NULL, &unknown, NULL);
}

void dispatch(struct domain *d, const struct cmd *cmd)
{
    if (cmd->http) {
        dispatch_call(d, cmd);
        return;
    }
    switch (cmd->type) {
    case CMD_HELLO: session_hello(d, cmd); break;
    case CMD_RESUME: session_resume(d, cmd); break;
    case CMD_ANNOUNCE: chat_announce(d, cmd); break;
    default: dispatch_request(d, cmd); break;
    }
}
