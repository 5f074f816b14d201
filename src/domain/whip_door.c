/* A program publishes into a room in which nobody is: a room that stays opens for it, as for a person, if programs may come
 * in. A room of its number that is not that one must never be made beside it, since nobody would be asked there who they are. */
#include <string.h>

#include "domain/conv.h"
#include "domain/whip.h"

/* The offer, while it is asked for the room. */
struct knock {
    struct cmd cmd;
    bool by_operator;
    struct whip_line lines[WHIP_LINES];
    char text[];
};

static struct str keep(char **to, struct str s)
{
    struct str kept = str_of(*to, s.n);
    if (s.n)
        memcpy(*to, s.p, s.n);
    *to += s.n;
    return kept;
}

static size_t size_of(const struct cmd_whip *q, const struct whip_line *l, size_t n)
{
    size_t size = sizeof(struct knock) + q->name.n + q->token.n + q->body.n;
    for (size_t i = 0; i < n; i++)
        size += l[i].mid.n;
    return size;
}

static enum errcode open_room(struct domain *d, struct conv *c, bool by_operator)
{
    if (c->kind != CONV_ROOM || c->n == 0 || (c->flags & CONV_ARCHIVED))
        return CODE_ROOM_UNKNOWN;
    if (!by_operator && !(c->flags & CONV_PROGRAMS))
        return CODE_NOT_ALLOWED;
    if (d->rooms.n >= (size_t)d->cfg.max_rooms)
        return CODE_ROOM_LIMIT;
    live_open(d, c, NULL);
    return CODE_NONE;
}

static void opened(struct domain *d, struct ask *a, struct conv *c, enum db_status status)
{
    const struct knock *k = (const struct knock *)(const void *)a->data;
    enum errcode code = CODE_NONE;
    if (status != DB_OK) {
        reply_db(d, &a->who, status);
        return;
    }
    if (c && !room_find(d, c->id))
        code = open_room(d, c, k->by_operator);
    if (code)
        reply_error(d, &a->who, code);
    else
        whip_offer(d, &k->cmd, true);
}

void whip_knock(struct domain *d, const struct cmd *cmd, bool by_operator)
{
    const struct cmd_whip *q = &cmd->u.whip;
    const struct whip_line *l = q->lines.p;
    size_t n = MIN_OF(q->lines.n, (size_t)WHIP_LINES);
    struct ask *a = ask_new(d, asker_of(cmd), NULL, NULL, size_of(q, l, n));
    struct knock *k = (struct knock *)(void *)a->data;
    char *to = k->text;
    k->cmd = *cmd; /* an offer has no more texts than these */
    k->cmd.u.whip.session = NULL;
    k->by_operator = by_operator;
    k->cmd.u.whip.name = keep(&to, q->name);
    k->cmd.u.whip.token = keep(&to, q->token);
    k->cmd.u.whip.body = keep(&to, q->body);
    for (size_t i = 0; i < n; i++) {
        k->lines[i] = l[i];
        k->lines[i].mid = keep(&to, l[i].mid);
    }
    k->cmd.u.whip.lines = (struct object_list){k->lines, n};
    conv_with(d, cmd->room, a, opened);
}
