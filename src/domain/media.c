/* Places: who of a room may publish. There are as many as the mesh bears, or the SFU (group.c). */
#include "domain/domain_int.h"

bool media_take(struct domain *d, struct room *r, struct part *p)
{
    if (p->media)
        return true;
    if (p->session->media || r->n_media >= group_places(d, r) || !may_publish(d, r, p->session))
        return false;
    p->media = true;
    p->wants_media = false;
    p->session->media = r;
    r->n_media++;
    return true;
}

void media_tell(struct domain *d, struct room *r, const struct part *p)
{
    struct event e = {.type = EVENT_PARTICIPANT, .room = r->id};
    person_view(p, &e.u.participant);
    emit_room(d, r, &e, NULL);
}

void media_tell_free(struct domain *d, struct room *r)
{
    struct session_ref *to = scratch_refs(d, r->n_parts);
    size_t n = 0;
    for (uint32_t i = 0; i < r->n_parts; i++)
        if (r->parts[i].wants_media && !r->parts[i].media)
            to[n++] = session_ref(r->parts[i].session);
    emit_list(
        d, to, n,
        &(struct event){.type = EVENT_NOTICE, .room = r->id, .u.notice.code = STR("media_free")});
}

void media_release(struct domain *d, struct room *r, struct part *p)
{
    group_lost_place(d, p);
    p->media = false;
    p->session->media = NULL;
    r->n_media--;
}

void media_give(struct domain *d, struct room *r, struct part *p)
{
    p->wants_media = false;
    if (!p->media)
        return;
    bool was_full = r->n_media >= group_places(d, r);
    media_release(d, r, p);
    media_tell(d, r, p);
    if (was_full)
        media_tell_free(d, r);
    group_review(d, r);
}

void media_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *r = session_room(s, cmd->room);
    if (!r) {
        emit_error(d, s, cmd->id, CODE_NOT_IN_ROOM);
        return;
    }
    struct part *p = room_part(r, s);
    bool had = p->media;
    if (cmd->u.on && s->media && s->media != r) {
        emit_error(d, s, cmd->id, CODE_MEDIA_ELSEWHERE);
        return;
    }
    if (cmd->u.on && !may_publish(d, r, s)) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
        return;
    }
    if (cmd->u.on && !media_take(d, r, p)) {
        p->wants_media = true;
        emit_error(d, s, cmd->id, CODE_MEDIA_FULL);
        return;
    }
    emit_ack(d, s, cmd->id, &(struct event){.type = RESULT_MEDIA, .u.on = cmd->u.on});
    if (!cmd->u.on) {
        media_give(d, r, p);
    } else if (!had) {
        media_tell(d, r, p);
        group_review(d, r);
    }
}
