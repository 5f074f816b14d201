/* Relay of what two participants say to each other: never between people who share no room. */
#include "domain/domain_int.h"

struct session *relay_peer(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *r = session_room(s, cmd->room);
    if (!r) {
        emit_error(d, s, cmd->id, CODE_NOT_IN_ROOM);
        return NULL;
    }
    struct session *to = session_find(d, cmd->to);
    if (!to || to == s || !session_room(to, r->id)) {
        emit_error(d, s, cmd->id, CODE_PEER_UNKNOWN);
        return NULL;
    }
    return to;
}

/* early: no address of one may come to the other but those of relays. */
static void relay_send(struct domain *d, struct room *r, struct session *s, struct session *to,
                       struct event *e, bool early)
{
    struct sdp_scan scan;
    struct buf left;
    buf_init(&left, 2 * e->u.relay.body.n + 64);
    bool worth = true;
    if (early && e->u.relay.body.n) {
        worth = early_filter(e->u.relay.body, &left, &scan);
        e->u.relay.body = buf_str(&left);
        e->u.relay.scan = &scan;
    }
    if (worth && e->u.relay.scan)
        scope_signalled(d, r, s, to, e->u.relay.scan);
    if (worth)
        emit_to(d, to, e);
    buf_free(&left);
}

void relay_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    static const struct {
        enum event_type event;
        enum domain_rate_kind rate;
    } kinds[CMD_COUNT] = {
        [CMD_DESC] = {EVENT_DESC, RATE_DESC},
        [CMD_CAND] = {EVENT_CAND, RATE_CAND},
        [CMD_FILE] = {EVENT_FILE, RATE_FILE},
    };
    if (!session_rate(d, s, cmd->id, kinds[cmd->type].rate))
        return;
    struct session *to = relay_peer(d, s, cmd);
    if (!to)
        return;
    struct room *r = session_room(s, cmd->room);
    struct event e = {.type = kinds[cmd->type].event, .room = cmd->room, .from = s->id};
    enum call_passes passes = call_passes(d, r, s, to);
    if (passes == CALL_PASSES_NOTHING || (passes == CALL_PASSES_RELAYED && cmd->type == CMD_FILE)) {
        emit_error(d, s, cmd->id, CODE_PEER_UNKNOWN);
        return;
    }
    if (cmd->type == CMD_FILE) {
        e.u.file = cmd->u.file;
        emit_to(d, to, &e);
    } else {
        e.u.relay = cmd->u.relay;
        relay_send(d, r, s, to, &e, passes == CALL_PASSES_RELAYED);
    }
    emit_ok(d, s, cmd->id);
}
