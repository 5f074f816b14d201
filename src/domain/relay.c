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
    struct event e = {.type = kinds[cmd->type].event, .room = cmd->room, .from = s->id};
    if (cmd->type == CMD_FILE)
        e.u.file = cmd->u.file;
    else
        e.u.relay = cmd->u.relay;
    if (cmd->type != CMD_FILE && cmd->u.relay.scan)
        scope_signalled(d, session_room(s, cmd->room), s, to, cmd->u.relay.scan);
    emit_to(d, to, &e);
    emit_ok(d, s, cmd->id);
}
