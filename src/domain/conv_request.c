/* What people ask of a conversation: it is loaded, the asker is looked for in it, and what it is that they want
 * is looked up in one table. */
#include "domain/conv.h"

#include "base/mem.h"
#include "domain/names.h"

static const struct {
    conv_do *fn;
    enum conv_action what;
} requests[CMD_WIRE_COUNT] = {
    [CMD_SEND] = {message_send, CONV_DO_WRITE},
    [CMD_EDIT] = {message_edit, CONV_DO_WRITE},
    [CMD_DELETE] = {message_delete, CONV_DO_DELETE},
    [CMD_REACT] = {message_react, CONV_DO_WRITE},
    [CMD_HISTORY] = {message_history, CONV_DO_READ},
    [CMD_READ] = {message_mark, CONV_DO_READ},
    [CMD_TYPING_CONV] = {message_typing, CONV_DO_WRITE},
    [CMD_DRAFT] = {message_draft, CONV_DO_READ},
    [CMD_CONV_ANSWER] = {message_answer, CONV_DO_READ},
    [CMD_ROOM_EDIT] = {room_do_edit, CONV_DO_DESCRIBE},
    [CMD_MEMBERS] = {room_do_members, CONV_DO_READ},
    [CMD_MEMBER_SET] = {room_do_member, CONV_DO_REMOVE},
    [CMD_ROOM_INVITE] = {room_do_invite, CONV_DO_INVITE},
    [CMD_ROOM_LEAVE] = {room_do_leave, CONV_DO_LEAVE},
    [CMD_ROOM_ARCHIVE] = {room_do_archive, CONV_DO_ARCHIVE},
    [CMD_ROOM_LINKS] = {room_do_links, CONV_DO_INVITE},
    [CMD_ROOM_LINK_END] = {room_do_link_end, CONV_DO_INVITE},
    [CMD_ROOM_PICTURE] = {room_do_picture, CONV_DO_DESCRIBE},
    [CMD_ROOM_PASSWORD] = {room_do_password, CONV_DO_OPEN},
};

/* Whoever is only invited may answer that. */
static struct conv_member *find_member(const struct conv *c, const struct conv_call *call)
{
    struct conv_member *m = conv_insider(c, call->user);
    if (!m && call->type == CMD_CONV_ANSWER) {
        m = conv_member(c, call->user);
        m = m && m->state == CONV_REQUEST ? m : NULL;
    }
    return m;
}

static void go(struct domain *d, struct ask *a, struct conv *c, enum db_status status)
{
    const struct conv_call *call = conv_call(a);
    struct session *s = session_find(d, a->who.session);
    if (!s || !s->user || s->user->id != call->user)
        return;
    struct conv_member *m = c ? find_member(c, call) : NULL;
    if (status != DB_OK)
        reply_db(d, &a->who, status);
    else if (!m)
        reply_error(d, &a->who, CODE_CONV_UNKNOWN);
    else if (!conv_may(c, m, requests[call->type].what))
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
    else
        requests[call->type].fn(d, a, c, s->user, m);
}

static struct ask *call_new(struct domain *d, struct session *s, const struct cmd *cmd,
                            struct str one, struct str two)
{
    struct ask *a = ask_new(d, asker_of(cmd), NULL, NULL, sizeof(struct conv_call) + one.n + two.n);
    struct conv_call *c = conv_call(a);
    c->type = cmd->type;
    c->user = s->user->id;
    if (one.n)
        memcpy(c->text, one.p, one.n);
    if (two.n)
        memcpy(c->text + one.n, two.p, two.n);
    c->one = str_of(c->text, one.n);
    c->two = str_of(c->text + one.n, two.n);
    return a;
}

/* "1,2,3": as a list goes to the store. */
static struct str ids_text(struct buf *b, struct id_list ids)
{
    for (size_t i = 0; i < ids.n; i++)
        buf_putf(b, "%s%lld", i ? "," : "", (long long)ids.p[i]);
    return buf_str(b);
}

static struct ask *take_send(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_send *q = &cmd->u.conv.send;
    char list[CONV_FILES_MAX * 24];
    struct buf b;
    buf_init_fixed(&b, list, sizeof list);
    struct str files = ids_text(&b, q->files), joined;
    /* client and files share a text: client, a line's end, files */
    char text[CONV_CLIENT_MAX * 4 + 1 + sizeof list];
    struct buf t;
    buf_init_fixed(&t, text, sizeof text);
    buf_put_str(&t, q->client);
    buf_puts(&t, "\n");
    buf_put_str(&t, files);
    joined = buf_str(&t);
    struct ask *a = call_new(d, s, cmd, q->text, cmd->type == CMD_SEND ? joined : STR_NONE);
    struct conv_call *c = conv_call(a);
    c->conv = q->conv;
    c->seq = q->seq;
    c->n[0] = q->reply;
    c->n[1] = (int64_t)q->client.n;
    return a;
}

static struct ask *take_history(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_history *q = &cmd->u.conv.history;
    struct ask *a = call_new(d, s, cmd, STR_NONE, STR_NONE);
    struct conv_call *c = conv_call(a);
    c->conv = q->conv;
    c->seq = q->before >= 0 ? q->before : INT64_MAX; /* where it is cut in two */
    c->n[0] = q->limit;                              /* so many before it */
    if (q->around >= 0) {
        c->seq = q->around;
        c->n[0] = q->limit / 2;
        c->n[1] = q->limit - c->n[0]; /* and so many from it on */
    } else if (q->after >= 0) {
        c->seq = q->after + 1;
        c->n[0] = 0;
        c->n[1] = q->limit;
    }
    return a;
}

static struct ask *take_room(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_room_edit *q = &cmd->u.conv.room;
    char title[NAMES_BYTES_MAX];
    size_t n = 0;
    if (q->title.n && names_clean(q->title, d->cfg.title_max, title, &n) != NAMES_OK) {
        emit_error(d, s, cmd->id, CODE_BAD_TITLE);
        return NULL;
    }
    struct ask *a = call_new(d, s, cmd, str_of(title, n), q->topic);
    struct conv_call *c = conv_call(a);
    c->conv = q->conv;
    c->other = q->topic.p != NULL;
    c->seq = (q->is_public + 1) * 4 + (q->unlisted + 1);
    c->n[1] = q->retention_s;
    return a;
}

static struct ask *take_small(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const union conv_args *u = &cmd->u.conv;
    struct ask *a = call_new(d, s, cmd,
                             cmd->type == CMD_REACT           ? u->react.emoji
                             : cmd->type == CMD_MEMBERS       ? u->page.after
                             : cmd->type == CMD_ROOM_PASSWORD ? u->password.password
                                                              : STR_NONE,
                             STR_NONE);
    struct conv_call *c = conv_call(a);
    switch (cmd->type) {
    case CMD_REACT:
        c->conv = u->react.conv;
        c->seq = u->react.seq;
        c->n[0] = u->react.on;
        break;
    case CMD_TYPING_CONV:
    case CMD_ROOM_ARCHIVE:
        c->conv = u->on.conv;
        c->n[0] = u->on.on;
        break;
    case CMD_CONV_ANSWER:
        c->conv = u->answer.conv;
        c->n[0] = (int64_t)u->answer.as;
        break;
    case CMD_MEMBERS:
        c->conv = u->page.conv;
        c->n[0] = u->page.limit;
        break;
    case CMD_MEMBER_SET:
        c->conv = u->member.conv;
        c->other = u->member.user;
        c->n[0] = (int64_t)u->member.role;
        break;
    case CMD_ROOM_INVITE:
        c->conv = u->invite.conv;
        c->other = u->invite.user;
        c->n[0] = u->invite.uses;
        c->n[1] = u->invite.ttl_s;
        break;
    case CMD_ROOM_LINK_END:
        c->conv = u->link_end.conv;
        c->other = u->link_end.key;
        break;
    case CMD_ROOM_PICTURE:
        c->conv = u->picture.conv;
        c->n[0] = (u->picture.upload != NULL) - u->picture.none;
        if (u->picture.upload) {
            c->seq = (int64_t)u->picture.upload->small;
            c->other = u->picture.upload->large;
        }
        break;
    case CMD_ROOM_PASSWORD: c->conv = u->password.conv; break;
    default: c->conv = u->id; /* room_leave, room_links */
    }
    return a;
}

void conv_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct ask *a;
    switch (cmd->type) {
    case CMD_SEND:
    case CMD_EDIT:
    case CMD_DELETE:
    case CMD_READ:
    case CMD_DRAFT: a = take_send(d, s, cmd); break;
    case CMD_HISTORY: a = take_history(d, s, cmd); break;
    case CMD_ROOM_EDIT: a = take_room(d, s, cmd); break;
    default: a = take_small(d, s, cmd);
    }
    if (a)
        conv_with(d, conv_call(a)->conv, a, go);
}

/* ---- with whom ---- */

static void opened(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val id;
    if (db_row(answer->db, &id, 1))
        conv_reply(d, &a->who, val_id(&id), a->a);
    else
        reply_refused(d, &a->who, answer->db->status, CODE_NOT_ALLOWED);
}

static void open_found(struct domain *d, struct ask *a, struct user *other, enum db_status status)
{
    struct session *s = session_find(d, a->who.session);
    struct user *u = s ? s->user : NULL;
    if (!u || u->id != a->a)
        return;
    if (!other && status != DB_OK) {
        reply_db(d, &a->who, status);
        return;
    }
    if (!other || other == u) {
        reply_error(d, &a->who, CODE_USER_UNKNOWN);
        return;
    }
    if (idset_has(&u->blocked, other->id)) {
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
        return;
    }
    bool friend = idset_has(&other->favourites, u->id);
    /* Who wants no strangers still has the conversations that are there. */
    bool may = friend || (other->settings & USER_STRANGERS);
    int64_t theirs = idset_has(&other->blocked, u->id) ? CONV_IGNORED
                     : friend                          ? CONV_OPEN
                                                       : CONV_REQUEST;
    bool low = u->id < other->id;
    a->then = opened;
    ASK_DB(d, a, DB_CONV_DIRECT, VAL_ID(conv_new_id(d)), VAL_ID(low ? u->id : other->id),
           VAL_ID(low ? other->id : u->id), VAL_I(d->wall), VAL_I(low ? CONV_OPEN : theirs),
           VAL_I(low ? theirs : CONV_OPEN), VAL_ID(u->id), VAL_I(may ? d->cfg.convs_max : 0));
}

void conv_open(struct domain *d, struct session *s, const struct cmd *cmd)
{
    if (!session_rate(d, s, cmd->id, RATE_STRANGER))
        return;
    struct ask *a = ask_new(d, asker_of(cmd), NULL, NULL, 0);
    a->a = s->user->id;
    user_with(d, cmd->u.conv.id, a, open_found);
}
