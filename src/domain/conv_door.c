/* Into a room that stays: as a member (room_join), and into its live room (join), by the same rules. What is missing is
 * got one after the other, and all is looked at again each time something has come: the link, the password, a member's
 * place, what a guest may read. */
#include "domain/conv.h"

#include "base/mem.h"

enum { PASSWORD_BYTES = PASSWORD_MAX * 4, SAID_COLS = 5, SAID_MAX = 100, TRIES = 4 };

/* Somebody at the door: behind the conv_call of the ask. */
struct knock {
    uint64_t pending; /* the join; 0: room_join */
    uint64_t addr;
    bool has_link;
    bool link_good;
    bool spent; /* a guest has used the link up */
    uint8_t tries;
    uint8_t link[SHA256_SIZE];
    uint16_t password_n;
    char password[PASSWORD_BYTES];
    char verified[PASSWORD_HASH_MAX + 1]; /* the hash that the password was right for */
};

static struct knock *knock(struct ask *a)
{
    return (struct knock *)(void *)conv_call(a)->text;
}

static struct ask *knock_new(struct domain *d, struct asker who, struct session *s, uint64_t conv)
{
    struct ask *a = ask_new(d, who, NULL, NULL, sizeof(struct conv_call) + sizeof(struct knock));
    struct conv_call *call = conv_call(a);
    call->conv = conv;
    call->user = s->user ? s->user->id : 0;
    knock(a)->addr = s->addr_key;
    return a;
}

static void take_password(struct knock *k, struct str password)
{
    k->password_n = (uint16_t)MIN_OF(password.n, sizeof k->password);
    if (k->password_n)
        memcpy(k->password, password.p, k->password_n);
}

static void take_link(struct knock *k, const void *code)
{
    k->has_link = true;
    sha256(code, CONV_LINK_BYTES, k->link);
}

/* The session that asked, as who it was then; its join, where it is one. False: it is no more. */
static bool still_there(struct domain *d, struct ask *a, struct session **s, struct pending **p)
{
    const struct knock *k = knock(a);
    *s = session_find(d, a->who.session);
    if (!*s || ((*s)->user ? (*s)->user->id : 0) != conv_call(a)->user)
        return false;
    *p = k->pending ? pending_find(*s, k->pending) : NULL;
    return *p || !k->pending;
}

static void refuse(struct domain *d, struct ask *a, struct session *s, struct pending *p,
                   enum errcode code, int64_t retry_ms)
{
    if (p)
        join_refuse(d, s, p, &(struct wire_error){.code = code, .retry_ms = retry_ms});
    else if (retry_ms)
        reply_retry(d, &a->who, code, retry_ms);
    else
        reply_error(d, &a->who, code);
}

static void refuse_db(struct domain *d, struct ask *a, struct session *s, struct pending *p,
                      enum db_status status)
{
    if (p)
        refuse(d, a, s, p, status == DB_BUSY ? CODE_STORE_BUSY : CODE_STORE_FULL, 1000);
    else
        reply_db(d, &a->who, status);
}

/* ---- may this one come in? ---- */

static bool is_open(const struct conv *c)
{
    return c->flags & (CONV_PUBLIC | CONV_UNLISTED);
}

/* A guest's ticket: of this room, and since who may come in changed last. */
static const struct ticket *way_back(const struct domain *d, const struct conv *c,
                                     const struct session *s, const struct pending *p)
{
    const struct ticket *t = p && !s->user ? p->ticket : NULL;
    const struct room *r = room_find(d, c->id);
    return t && t->stays && (!r || join_ticket_good(t, r)) ? t : NULL;
}

static enum errcode by_rules(const struct domain *d, const struct conv *c, const struct session *s,
                             const struct pending *p, const struct knock *k)
{
    const struct conv_member *m = s->user ? conv_member(c, s->user->id) : NULL;
    enum errcode unknown = p ? CODE_ROOM_UNKNOWN : CODE_CONV_UNKNOWN;
    bool archived = c->flags & CONV_ARCHIVED;
    if (c->kind != CONV_ROOM)
        return unknown;
    if (m && m->state == CONV_OPEN)
        return p && archived ? CODE_NOT_ALLOWED : CODE_NONE;
    if (m && m->state == CONV_BANNED) /* of a private room they learn no more */
        return k->link_good || is_open(c) ? CODE_BANNED : unknown;
    if (archived)
        return unknown;
    if (s->scopes && !(s->scopes & SCOPE_MESSAGES))
        return CODE_NOT_ALLOWED; /* a program that may not make a member of its person */
    return m || is_open(c) || k->link_good || way_back(d, c, s, p) ? CODE_NONE : unknown;
}

/* What the live room itself says. */
static enum errcode by_room(struct domain *d, const struct conv *c, struct session *s,
                            const struct pending *p)
{
    const struct room *r = room_find(d, c->id);
    const struct conv_member *m = s->user ? conv_insider(c, s->user->id) : NULL;
    if (!r && d->rooms.n >= (size_t)d->cfg.max_rooms)
        return CODE_ROOM_LIMIT;
    if (s->n_rooms >= d->cfg.rooms_per_session)
        return CODE_ROOMS_CAP;
    if (!r)
        return CODE_NONE;
    if (room_banned(d, r, live_ban_key(s)) ||
        (!s->user && p->ticket && room_banned(d, r, p->ticket->lineage)))
        return CODE_REMOVED;
    if (session_room(s, r->id))
        return CODE_ALREADY_JOINED;
    if (join_replaced(d, r, s))
        return CODE_NONE;
    bool moderates = m && conv_may(c, m, CONV_DO_REMOVE);
    if (r->locked && !moderates && !join_ticket_good(p->ticket, r))
        return CODE_ROOM_LOCKED;
    return r->n_parts >= r->capacity ? CODE_ROOM_FULL : CODE_NONE;
}

/* Somebody who reloads the page and is the same as before. */
static bool comes_back(struct domain *d, const struct conv *c, const struct session *s,
                       const struct pending *p)
{
    const struct room *r = p ? room_find(d, c->id) : NULL;
    const struct session *old = r ? join_replaced(d, r, s) : NULL;
    return old && old->user == s->user;
}

static enum errcode may_come(struct domain *d, const struct conv *c, struct session *s,
                             const struct pending *p, const struct knock *k)
{
    bool same_guest = !s->user && comes_back(d, c, s, p);
    enum errcode code = same_guest ? CODE_NONE : by_rules(d, c, s, p, k);
    return code || !p ? code : by_room(d, c, s, p);
}

/* ---- the password ---- */

static bool must_prove(struct domain *d, const struct conv *c, const struct session *s,
                       const struct pending *p, const struct knock *k)
{
    const struct ticket *t = way_back(d, c, s, p);
    if (!c->hash || (s->user && conv_member(c, s->user->id)))
        return false;
    if (t && str_eq(str_of(t->hash, t->hash_n), str_from(c->hash)))
        return false;
    return strcmp(k->verified, c->hash) != 0;
}

/* Counted for one person, or one address, and one room: nobody can keep others out by guessing. */
static struct attempt attempt_of(const struct domain *d, const struct ask *a, char name[32])
{
    const struct conv_call *call = (const struct conv_call *)(const void *)a->data;
    const struct knock *k = (const struct knock *)(const void *)call->text;
    const uint64_t parts[2] = {call->user ? call->user : k->addr, call->user != 0};
    struct buf b;
    buf_init_fixed(&b, name, 32);
    buf_putf(&b, "room %llx", (unsigned long long)call->conv);
    return (struct attempt){siphash24(&d->hash_key, parts, sizeof parts), buf_str(&b), false};
}

static void at_door(struct domain *d, struct ask *a, struct conv *c, enum db_status status);

static void proved(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    enum password_outcome outcome = answer->password->outcome;
    char name[32];
    struct attempt who = attempt_of(d, a, name);
    struct session *s;
    struct pending *p;
    if (outcome == PASSWORD_OK)
        attempts_good(&d->attempts, &who);
    else if (outcome == PASSWORD_BUSY)
        attempts_undo(&d->attempts, &who);
    if (!still_there(d, a, &s, &p))
        return;
    if (outcome == PASSWORD_BUSY) {
        refuse(d, a, s, p, CODE_BUSY, 1000);
    } else if (outcome != PASSWORD_OK || !c) {
        refuse(d, a, s, p, CODE_PASSWORD_WRONG, 0);
    } else {
        conv_with(d, conv_call(a)->conv, a, at_door); /* right for knock.verified */
    }
}

static void prove(struct domain *d, struct ask *a, struct conv *c, struct session *s,
                  struct pending *p)
{
    struct knock *k = knock(a);
    char name[32];
    struct attempt who = attempt_of(d, a, name);
    if (k->password_n == 0) {
        refuse(d, a, s, p, CODE_PASSWORD_REQUIRED, 0);
        return;
    }
    if (k->verified[0]) { /* it was right, and has been changed since */
        refuse(d, a, s, p, CODE_PASSWORD_WRONG, 0);
        return;
    }
    int64_t wait = attempts_wait(&d->attempts, d->now, &who, true);
    if (wait > 0) {
        refuse(d, a, s, p, CODE_RATE, wait);
        return;
    }
    attempts_begin(&d->attempts, d->now, &who);
    str_copy(str_from(c->hash), k->verified, sizeof k->verified);
    struct password_job job = {.kind = PASSWORD_VERIFY,
                               .password = str_of(k->password, k->password_n),
                               .hash = str_from(k->verified)};
    c->refs++;
    a->then = proved;
    ask_password_share(
        d, a, &job, &(struct password_share){.addr = s->addr_key, .account = conv_call(a)->user});
}

/* ---- a member's place, a guest's use of the link ---- */

static void now_inside(struct domain *d, struct conv *c, uint64_t user)
{
    struct conv_member *m = conv_put_member(c, user);
    if (m->state == CONV_REQUEST)
        conv_count(d, user_find(d, user), 0, -1);
    m->state = CONV_OPEN;
    m->role = CONV_MEMBER;
    m->read = c->last_seq;
    room_show(d, c, user);
}

static void placed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    const struct conv_member *m = c && call->user ? conv_member(c, call->user) : NULL;
    enum db_status status = answer->db->status;
    struct session *s;
    struct pending *p;
    if (status == DB_OK && c && call->user)
        now_inside(d, c, call->user);
    if (!still_there(d, a, &s, &p))
        return;
    if (status == DB_REFUSED) {
        bool by_link = knock(a)->link_good;
        refuse(d, a, s, p,
               m && m->state == CONV_BANNED ? CODE_BANNED
               : by_link                    ? CODE_BAD_INVITE
                                            : CODE_ROOM_FULL,
               0);
    } else if (status != DB_OK) {
        refuse_db(d, a, s, p, status);
    } else {
        knock(a)->spent = true;
        conv_with(d, call->conv, a, at_door);
    }
}

static void place(struct domain *d, struct ask *a, struct conv *c, uint64_t user)
{
    const struct knock *k = knock(a);
    bool invited = conv_member(c, user) != NULL;
    if (k->link_good && !invited)
        CONV_ASK(d, a, c, placed, DB_LINK_USE, VAL_B(k->link, sizeof k->link), VAL_I(d->steady),
                 VAL_ID(user), VAL_I(d->cfg.members_max));
    else
        CONV_ASK(d, a, c, placed, DB_MEMBER_PUT, VAL_ID(c->id), VAL_ID(user), VAL_I(CONV_MEMBER),
                 VAL_I(CONV_OPEN), VAL_I(d->wall), VAL_I(invited ? INT64_MAX : d->cfg.members_max));
}

/* ---- in ---- */

static void go_in(struct domain *d, struct conv *c, struct session *s, struct pending *p,
                  const struct store_answer *history)
{
    if (!room_find(d, c->id))
        live_open(d, c, p->ticket && p->ticket->stays ? p->ticket : NULL);
    join_enter(d, s, p, history);
}

/* What was said since `since`, as far as everybody has been told of it; the rest comes as events. */
static void enter_reading(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    struct chat_view said[SAID_MAX];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct store_answer history = {.history = said};
    struct val row[SAID_COLS];
    struct session *s;
    struct pending *p;
    if (!still_there(d, a, &s, &p) || !p)
        return;
    if (answer->db->status != DB_OK) {
        refuse_db(d, a, s, p, answer->db->status);
        return;
    }
    if (!c || c->last_seq != call->seq) { /* more was said meanwhile */
        conv_with(d, call->conv, a, at_door);
        return;
    }
    while (history.n_history < SAID_MAX && db_rows_next(&it, row, SAID_COLS))
        if (row[0].i <= c->last_seq)
            said[history.n_history++] =
                (struct chat_view){val_id(&row[1]), row[2].s, row[3].s, row[0].i, row[4].i};
    enum errcode code = may_come(d, c, s, p, knock(a));
    if (code)
        refuse(d, a, s, p, code, 0);
    else
        go_in(d, c, s, p, &history);
}

static int64_t since(struct domain *d, const struct conv *c, const struct session *s,
                     const struct pending *p)
{
    const struct room *r = room_find(d, c->id);
    const struct session *old = r ? join_replaced(d, r, s) : NULL;
    int64_t at = c->last_seq;
    if (p->ticket && p->ticket->stays)
        at = MIN_OF(at, p->ticket->since);
    if (old && !old->user)
        at = MIN_OF(at, room_part(r, old)->since);
    return at;
}

static void enter(struct domain *d, struct ask *a, struct conv *c, struct session *s,
                  struct pending *p)
{
    bool reads_messages = s->user && scope_allows_event(s, EVENT_MESSAGE);
    p->since = since(d, c, s, p);
    if (!reads_messages && p->since < c->last_seq && knock(a)->tries++ < TRIES) {
        conv_call(a)->seq = c->last_seq;
        CONV_ASK(d, a, c, enter_reading, DB_ROOM_SAID, VAL_ID(c->id), VAL_I(p->since),
                 VAL_I(SAID_MAX));
        return;
    }
    go_in(d, c, s, p, NULL);
}

/* The live room has a lobby, which is not for members. */
static bool lobby_keeps(struct domain *d, const struct conv *c, struct session *s,
                        const struct pending *p)
{
    struct room *r = room_find(d, c->id);
    if (!r || !lobby_holds(d, r, s, p->ticket))
        return false;
    lobby_arrive(d, r, s);
    return true;
}

static void at_door(struct domain *d, struct ask *a, struct conv *c, enum db_status status)
{
    const struct knock *k = knock(a);
    struct session *s;
    struct pending *p;
    if (!still_there(d, a, &s, &p))
        return;
    if (status != DB_OK) {
        refuse_db(d, a, s, p, status);
        return;
    }
    enum errcode code = c ? may_come(d, c, s, p, k) : p ? CODE_ROOM_UNKNOWN : CODE_CONV_UNKNOWN;
    if (code) {
        refuse(d, a, s, p, code, 0);
        return;
    }
    bool back = comes_back(d, c, s, p);
    const struct conv_member *m = s->user ? conv_insider(c, s->user->id) : NULL;
    bool invited_by_link = !s->user && k->link_good && !is_open(c) && !way_back(d, c, s, p);
    if (!m && !back && must_prove(d, c, s, p, k))
        prove(d, a, c, s, p);
    else if (p && !m && !back && lobby_keeps(d, c, s, p))
        refuse(d, a, s, p, CODE_LOBBY, 0);
    else if (p && record_holds(d, room_find(d, c->id), s, p->agrees))
        refuse(d, a, s, p, CODE_RECORDED, 0);
    else if (s->user && !m)
        place(d, a, c, s->user->id);
    else if (!back && invited_by_link && !k->spent)
        CONV_ASK(d, a, c, placed, DB_LINK_SPEND, VAL_B(k->link, sizeof k->link), VAL_I(d->steady));
    else if (p)
        enter(d, a, c, s, p);
    else
        conv_reply(d, &a->who, c->id, s->user->id);
}

/* ---- who knocks ---- */

static void link_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv_call *call = conv_call(a);
    struct val row[2];
    struct session *s;
    struct pending *p;
    if (!still_there(d, a, &s, &p))
        return;
    if (answer->db->status != DB_OK) {
        refuse_db(d, a, s, p, answer->db->status);
        return;
    }
    bool good = db_row(answer->db, row, 2);
    if (good && !p)
        call->conv = val_id(&row[0]);
    knock(a)->link_good = good && call->conv == val_id(&row[0]);
    if (!p && !good)
        reply_error(d, &a->who, CODE_BAD_INVITE);
    else
        conv_with(d, call->conv, a, at_door);
}

static void go(struct domain *d, struct ask *a)
{
    const struct conv_call *call = conv_call(a);
    const struct knock *k = knock(a);
    if (!k->has_link) {
        conv_with(d, call->conv, a, at_door);
        return;
    }
    a->then = link_found;
    ASK_DB(d, a, DB_LINK_GET, VAL_B(k->link, sizeof k->link), VAL_I(d->steady), VAL_ID(call->user));
}

void room_join(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_room_join *q = &cmd->u.conv.join;
    struct ask *a = knock_new(d, asker_of(cmd), s, q->conv);
    take_password(knock(a), q->password);
    if (q->link.n)
        take_link(knock(a), q->link.p);
    go(d, a);
}

void live_join(struct domain *d, struct session *s, struct pending *p, const struct cmd_join *join)
{
    struct ask *a = knock_new(d, (struct asker){.session = s->id, .id = p->id}, s, p->room);
    knock(a)->pending = p->number;
    take_password(knock(a), join->password);
    if (join->has_link)
        take_link(knock(a), join->link);
    go(d, a);
}
