/* Messages that stay: sent, changed, deleted, reacted to. Who sent one is answered when it is kept. */
#include "domain/conv.h"

#include "base/mem.h"
#include "domain/push.h"
#include "domain/username.h"

enum { EDIT_MS = 15 * 60 * 1000, NAMES_MAX = 20, PUSH_TTL_S = 86400 };

/* ---- whom a text means ---- */

static bool name_char(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           ch == '_' || ch == '.' || ch == '-' || (uint8_t)ch >= 0x80;
}

static void put_key(struct buf *b, struct str name)
{
    char key[USERNAME_KEY_MAX];
    size_t n;
    if (!username_key(name, key, &n))
        return;
    for (size_t i = 0; i < n; i++)
        if (!name_char(key[i]))
            return;
    if (buf_len(b))
        buf_puts(b, "\n");
    buf_put_str(b, str_of(key, n));
}

/* The names after each @, a line each; a dot or a dash at the end may belong to the sentence. */
static void names_in(struct buf *b, struct str text)
{
    size_t found = 0;
    for (size_t i = 0; i < text.n && found < NAMES_MAX; i++) {
        size_t n = 0;
        if (text.p[i] != '@' || (i > 0 && name_char(text.p[i - 1])))
            continue;
        while (i + 1 + n < text.n && name_char(text.p[i + 1 + n]))
            n++;
        put_key(b, str_of(text.p + i + 1, n));
        while (n > 0 && (text.p[i + n] == '.' || text.p[i + n] == '-'))
            put_key(b, str_of(text.p + i + 1, --n));
        found++;
        i += n;
    }
}

static struct val names_val(struct buf *b, struct str text)
{
    buf_init(b, 64 * 1024);
    names_in(b, text);
    return VAL_T_OR_NULL(buf_str(b));
}

/* ---- who is told ---- */

static bool hears(const struct domain *d, uint64_t user, uint64_t from)
{
    const struct user *u = user_find(d, user);
    return !u || !idset_has(&u->blocked, from);
}

/* The message in a row as an event: to its author with the author's own number of it, to others without. In a
 * direct conversation nothing that `by` does reaches somebody who has blocked them. */
static void tell_message(struct domain *d, const struct conv *c, enum event_type type, uint64_t by,
                         const struct val *row)
{
    struct message_room *room = xcalloc(1, sizeof *room);
    struct message_view m;
    struct event e = {.type = type, .u.conv.message = &m};
    uint64_t author = val_id(&row[1]);
    bool hidden = row[CONV_MESSAGE_COLS - 1].i != 0;
    bool direct = c->kind == CONV_DIRECT;
    bool all = !(hidden || (direct && !hears(d, conv_other(c, by), by)));
    conv_message(&m, room, c->id, author, row);
    if (author == 0) { /* a guest's */
        conv_tell(d, c, &e, 0, 0, NULL);
        xfree(room);
        return;
    }
    if (all || author == by)
        conv_tell(d, c, &e, author, 0, NULL);
    m.client = STR_NONE;
    if (all || (author != by && !hidden))
        conv_tell(d, c, &e, all ? 0 : by, author, NULL);
    xfree(room);
}

static void tell_mark(struct domain *d, const struct conv *c, enum event_type type, uint64_t to,
                      uint64_t user, int64_t seq, const struct session *but)
{
    struct event e = {.type = type, .u.conv.mark = {.conv = c->id, .user = user, .seq = seq}};
    conv_tell(d, c, &e, to, 0, but);
}

/* ---- send ---- */

static bool is_there(const struct user *u)
{
    bool there = false;
    if (u)
        LIST_FOREACH(l, &u->sessions)
            there |= container_of(l, struct session, of_user)->conn != 0;
    return there;
}

/* Does what they write in a direct conversation arrive on a device at once? A stranger is not told. */
static bool arrives(const struct domain *d, const struct conv *c, uint64_t from)
{
    if (c->kind != CONV_DIRECT)
        return false;
    const struct conv_member *m = conv_member(c, conv_other(c, from));
    return m && m->state == CONV_OPEN && hears(d, m->user, from) && is_there(user_find(d, m->user));
}

static void push_to(struct domain *d, const struct conv *c, const struct user *author,
                    uint64_t user, const struct message_view *m)
{
    struct push_note note = {
        .kind = PUSH_MESSAGE,
        .id = c->id,
        .name = user_name(author),
        .display = user_display(author),
        .text = m->text,
        .time_ms = m->time_ms,
    };
    push_user(d, user, author->id, &note, PUSH_TTL_S);
}

/* Who has no page open: the other one; in a room, whom the message means. */
static void push_all(struct domain *d, const struct conv *c, uint64_t from, const struct val *row)
{
    const struct user *author = user_find(d, from);
    struct message_room *room = xcalloc(1, sizeof *room);
    struct message_view m;
    conv_message(&m, room, c->id, 0, row);
    for (uint32_t i = 0; author && i < c->n; i++) {
        const struct conv_member *w = &c->members[i];
        bool meant = c->kind == CONV_DIRECT;
        for (size_t k = 0; k < m.mentions.n; k++)
            meant |= m.mentions.p[k] == w->user;
        if (meant && w->user != from && w->state == CONV_OPEN && !is_there(user_find(d, w->user)))
            push_to(d, c, author, w->user, &m);
    }
    xfree(room);
}

/* What a new message is to one of the others. */
static void count_for(struct domain *d, struct conv *c, struct conv_member *m, bool hidden)
{
    if (hidden) {
        m->read = m->read == c->last_seq - 1 ? c->last_seq : m->read;
        if (m->state == CONV_REQUEST) { /* blocked since it was asked: nothing to answer any more */
            m->state = CONV_IGNORED;
            conv_count(d, user_find(d, m->user), 0, c->last_seq > 1 ? -1 : 0);
        }
    } else if (m->state == CONV_OPEN) {
        if (m->read == c->last_seq - 1)
            conv_count(d, user_find(d, m->user), 1, 0);
    } else if (m->state == CONV_REQUEST && c->kind == CONV_DIRECT && c->last_seq == 1) {
        conv_count(d, user_find(d, m->user), 0, 1);
    }
}

static void count_all(struct domain *d, struct conv *c, uint64_t from, bool hidden)
{
    for (uint32_t i = 0; i < c->n; i++) {
        struct conv_member *m = &c->members[i];
        if (m->user != from) {
            count_for(d, c, m, hidden);
            continue;
        }
        bool was = m->read < c->last_seq - 1 && m->state == CONV_OPEN;
        bool asked = m->state == CONV_REQUEST && c->last_seq > 1;
        conv_count(d, user_find(d, from), was ? -1 : 0, asked ? -1 : 0);
        bool answered = m->state != CONV_OPEN; /* to write is to accept */
        m->read = c->last_seq;
        m->state = CONV_OPEN;
        if (answered)
            conv_show(d, c->id, from);
    }
}

/* other: the session of a guest. */
static void tell_live(struct domain *d, const struct conv *c, const struct conv_call *call,
                      const struct val *row)
{
    struct message_view m = {.seq = row[0].i,
                             .from = val_id(&row[1]),
                             .guest = row[11].s,
                             .text = row[3].s,
                             .time_ms = row[2].i};
    if (c->kind == CONV_ROOM)
        live_said(d, c, call->other, &m);
}

static void kept(struct domain *d, struct conv *c, const struct conv_call *call,
                 const struct val *row)
{
    bool hidden = row[CONV_MESSAGE_COLS - 1].i != 0;
    c->last_seq = row[0].i;
    tell_message(d, c, EVENT_MESSAGE, call->user, row);
    tell_live(d, c, call, row);
    count_all(d, c, call->user, hidden);
    if (hidden)
        return;
    if (c->kind == CONV_DIRECT && c->last_seq == 1)
        conv_show(d, c->id, conv_other(c, call->user));
    if (call->n[2]) {
        uint64_t other = conv_other(c, call->user);
        struct conv_member *m = conv_member(c, other);
        if (m)
            m->delivered = c->last_seq;
        tell_mark(d, c, EVENT_DELIVERED, call->user, other, c->last_seq, NULL);
    }
    push_all(d, c, call->user, row);
}

static void sent(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    struct val row[1 + CONV_MESSAGE_COLS];
    if (!db_row(answer->db, row, 1 + CONV_MESSAGE_COLS)) {
        reply_refused(d, &a->who, answer->db->status, CODE_NOT_ALLOWED);
        return;
    }
    struct event e = {.type = RESULT_SENT, .u.conv.sent = {.seq = row[1].i, .time_ms = row[3].i}};
    reply(d, &a->who, &e);
    if (c && row[0].i)
        kept(d, c, conv_call(a), row + 1);
}

void message_send(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                  struct conv_member *m)
{
    struct conv_call *call = conv_call(a);
    struct str client = str_head(call->two, (size_t)call->n[1]);
    struct str files = str_skip(call->two, client.n + 1);
    uint64_t other = c->kind == CONV_DIRECT ? conv_other(c, u->id) : 0;
    struct buf names;
    (void)m;
    if (call->one.n == 0 && files.n == 0) {
        reply_bad(d, &a->who, "text");
        return;
    }
    if (other && (idset_has(&u->blocked, other) || !conv_member(c, other))) {
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
        return;
    }
    call->n[2] = arrives(d, c, u->id);
    struct val meant = names_val(&names, call->one);
    CONV_ASK(d, a, c, sent, DB_MESSAGE_ADD, VAL_ID(c->id), VAL_ID(u->id), VAL_T(client),
             VAL_I(d->wall), VAL_T(call->one), call->n[0] ? VAL_I(call->n[0]) : VAL_NONE,
             VAL_I(call->n[2]), meant, VAL_T_OR_NULL(files));
    buf_free(&names);
}

/* user 0: a guest says it. */
static void chat_found(struct domain *d, struct ask *a, struct conv *c, enum db_status status)
{
    const struct conv_call *call = conv_call(a);
    struct session *s = session_find(d, a->who.session);
    const struct room *r = s ? session_room(s, call->conv) : NULL;
    const struct conv_member *m = c && call->user ? conv_insider(c, call->user) : NULL;
    struct buf names;
    if (status != DB_OK) {
        reply_db(d, &a->who, status);
    } else if (!c || !r || (call->user && (!m || !conv_may(c, m, CONV_DO_WRITE)))) {
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
    } else {
        struct val meant = names_val(&names, call->one);
        if (call->user)
            CONV_ASK(d, a, c, sent, DB_MESSAGE_ADD, VAL_ID(c->id), VAL_ID(call->user),
                     VAL_T(call->two), VAL_I(d->wall), VAL_T(call->one), VAL_NONE, VAL_I(0), meant,
                     VAL_NONE);
        else
            CONV_ASK(d, a, c, sent, DB_GUEST_ADD, VAL_ID(c->id), VAL_T(session_name(s)),
                     VAL_T(call->two), VAL_I(d->wall), VAL_T(call->one), meant);
        buf_free(&names);
    }
}

void message_chat(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct str text = cmd->u.text;
    struct ask *a =
        ask_new(d, asker_of(cmd), NULL, NULL, sizeof(struct conv_call) + text.n + CONV_CLIENT_MAX);
    struct conv_call *call = conv_call(a);
    struct buf client;
    call->conv = cmd->room;
    call->user = s->user ? s->user->id : 0;
    call->other = s->id;
    memcpy(call->text, text.p, text.n);
    call->one = str_of(call->text, text.n);
    /* Each is another one: an edge gives a request to the domain once. */
    buf_init_fixed(&client, call->text + text.n, CONV_CLIENT_MAX);
    buf_putf(&client, "%016llx", (unsigned long long)rng_u64(&d->rng));
    call->two = buf_str(&client);
    conv_with(d, call->conv, a, chat_found);
}

/* ---- edit, delete ---- */

static void changed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    struct val row[CONV_MESSAGE_COLS];
    if (!db_row(answer->db, row, CONV_MESSAGE_COLS)) {
        reply_refused(d, &a->who, answer->db->status,
                      call->type == CMD_EDIT ? CODE_TOO_LATE : CODE_UNKNOWN);
        return;
    }
    reply_ok(d, &a->who);
    if (call->type == CMD_EDIT)
        conv_edited(d);
    if (call->type == CMD_EDIT || call->type == CMD_DELETE)
        conv_dirty(d);
    if (c)
        tell_message(d, c, EVENT_MESSAGE_CHANGED, call->user, row);
}

/* Whose it is, and of when. */
static void change_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    struct val row[3];
    const struct conv_member *m = c ? conv_insider(c, call->user) : NULL;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (!m || !db_row(answer->db, row, 3) || row[2].kind != VAL_NULL) {
        reply_error(d, &a->who, CODE_UNKNOWN);
        return;
    }
    bool own = val_id(&row[0]) == call->user, edit = call->type == CMD_EDIT;
    bool any = !edit && conv_may(c, m, CONV_DO_DELETE_ANY);
    if (!own && !any) {
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
    } else if (!edit) {
        CONV_ASK(d, a, c, changed, DB_MESSAGE_DELETE, VAL_ID(c->id), VAL_I(call->seq),
                 VAL_ID(call->user), VAL_I(d->wall), VAL_I(any));
    } else if (d->wall - row[1].i > EDIT_MS) {
        reply_error(d, &a->who, CODE_TOO_LATE);
    } else {
        struct buf names;
        struct val meant = names_val(&names, call->one);
        CONV_ASK(d, a, c, changed, DB_MESSAGE_EDIT, VAL_ID(c->id), VAL_I(call->seq),
                 VAL_ID(call->user), VAL_I(d->wall), VAL_T(call->one), VAL_I(d->wall - EDIT_MS),
                 meant);
        buf_free(&names);
    }
}

void message_edit(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                  struct conv_member *m)
{
    (void)m;
    if (c->kind == CONV_DIRECT && idset_has(&u->blocked, conv_other(c, u->id))) {
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
        return;
    }
    CONV_ASK(d, a, c, change_found, DB_MESSAGE_GET, VAL_ID(c->id), VAL_I(conv_call(a)->seq),
             VAL_ID(u->id));
}

void message_delete(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                    struct conv_member *m)
{
    (void)m;
    CONV_ASK(d, a, c, change_found, DB_MESSAGE_GET, VAL_ID(c->id), VAL_I(conv_call(a)->seq),
             VAL_ID(u->id));
}

/* ---- reactions ---- */

/* Characters that letters, spaces and markup are made of are no emoji. */
static bool looks_like_emoji(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] <= ' ' || s.p[i] == 127 || s.p[i] == '<' || s.p[i] == '&' ||
            s.p[i] == '"')
            return false;
    return s.n > 0;
}

void message_react(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                   struct conv_member *m)
{
    const struct conv_call *call = conv_call(a);
    (void)m;
    if (!looks_like_emoji(call->one)) {
        reply_bad(d, &a->who, "emoji");
    } else if (c->kind == CONV_DIRECT && idset_has(&u->blocked, conv_other(c, u->id))) {
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
    } else if (call->n[0]) {
        CONV_ASK(d, a, c, changed, DB_REACT_ON, VAL_ID(c->id), VAL_I(call->seq), VAL_ID(u->id),
                 VAL_T(call->one), VAL_I(CONV_REACTIONS_MAX));
    } else {
        CONV_ASK(d, a, c, changed, DB_REACT_OFF, VAL_ID(c->id), VAL_I(call->seq), VAL_ID(u->id),
                 VAL_T(call->one));
    }
}
