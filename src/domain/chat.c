/* Talking: chat by way of the store, which numbers the messages; the rest directly. */
#include "domain/domain_int.h"

#include "base/utf8.h"

/* True when the text may be sent; otherwise the request is answered. */
static bool chat_text_ok(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct str text = cmd->u.text;
    if (text.n == 0) {
        emit_bad(d, s, cmd->id, "text");
        return false;
    }
    if (text.n > (size_t)d->cfg.chat_max && utf8_count(text.p, text.n) > (size_t)d->cfg.chat_max) {
        emit_error(d, s, cmd->id, CODE_TOO_LONG);
        return false;
    }
    return true;
}

void chat_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    if (!session_rate(d, s, cmd->id, RATE_CHAT))
        return;
    struct room *r = session_room(s, cmd->room);
    if (!r) {
        emit_error(d, s, cmd->id, CODE_NOT_IN_ROOM);
        return;
    }
    if (call_rings_in(d, r)) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED); /* nobody has answered yet */
        return;
    }
    if (!chat_text_ok(d, s, cmd))
        return;
    if (r->stays) {
        message_chat(d, s, cmd);
        return;
    }
    struct store_request append = {
        .kind = STORE_APPEND,
        .room = r->id,
        .ctx = {.kind = CTX_CHAT, .session = s->id, .id = cmd->id, .flags = r->epoch},
        .message = {
            .from = s->id, .name = session_name(s), .text = cmd->u.text, .time_ms = d->wall}};
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_STORE, .store = &append});
}

void chat_stored(struct domain *d, const struct store_answer *answer)
{
    struct session *s = session_find(d, answer->ctx.session);
    struct room *r = room_find(d, answer->room);
    if (s && answer->failed)
        emit_retry(d, s, answer->ctx.id, CODE_BUSY, 1000);
    if (answer->failed)
        return;
    struct event e = {.type = RESULT_CHAT, .room = answer->room, .from = answer->message.from};
    e.u.chat = answer->message;
    if (s)
        emit_ack(d, s, answer->ctx.id, &e);
    e.type = EVENT_CHAT;
    if (r && r->epoch == answer->ctx.flags)
        emit_room(d, r, &e, NULL);
}

void chat_whisper(struct domain *d, struct session *s, const struct cmd *cmd)
{
    if (!session_rate(d, s, cmd->id, RATE_WHISPER))
        return;
    struct session *to = relay_peer(d, s, cmd);
    if (!to || !chat_text_ok(d, s, cmd))
        return;
    if (call_rings_in(d, session_room(s, cmd->room))) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
        return;
    }
    struct event e = {.type = RESULT_WHISPER, .room = cmd->room, .from = s->id};
    e.u.chat = (struct chat_view){
        .from = s->id, .name = session_name(s), .text = cmd->u.text, .time_ms = d->wall};
    emit_ack(d, s, cmd->id, &e);
    e.type = EVENT_WHISPER;
    emit_to(d, to, &e);
}

void chat_typing(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *r = session_room(s, cmd->room);
    if (!r || !session_rate(d, s, 0, RATE_TYPING))
        return;
    /* Not worth keeping for those who are away. */
    struct session_ref *to = scratch_refs(d, r->n_parts);
    size_t n = 0;
    for (uint32_t i = 0; i < r->n_parts; i++)
        if (r->parts[i].session != s && r->parts[i].session->state == SESSION_LIVE)
            to[n++] = session_ref(r->parts[i].session);
    emit_list(
        d, to, n,
        &(struct event){.type = EVENT_TYPING, .room = r->id, .from = s->id, .u.on = cmd->u.on});
}

void chat_announce(struct domain *d, const struct cmd *cmd)
{
    struct session_ref *to = scratch_refs(d, d->sessions.n);
    size_t n = 0;
    HMAP_FOREACH(it, &d->sessions) {
        struct session *s = container_of(it, struct session, by_id);
        if (s->state != SESSION_NEW)
            to[n++] = session_ref(s);
    }
    emit_list(d, to, n,
              &(struct event){.type = EVENT_NOTICE,
                              .u.notice = {.code = STR("announcement"), .text = cmd->u.text}});
}
