/* Browsers of the callee that have no page open. */
#include "domain/call.h"
#include "domain/push.h"

enum { MISSED_FOR_S = 86400 };

void call_push(struct domain *d, const struct call *c, enum push_kind kind)
{
    const struct user *caller = c->user[CALL_CALLER];
    struct push_note note = {.kind = kind,
                             .id = c->id,
                             .name = user_name(caller),
                             .display = user_display(caller),
                             .video = c->f.video,
                             .time_ms = c->started_ms};
    if (!c->f.hidden)
        push_user(d, c->user[CALL_CALLEE]->id, c->user[CALL_CALLER]->id, &note,
                  kind == PUSH_MISSED ? MISSED_FOR_S : (uint32_t)(d->cfg.ring_us / 1000000));
}
