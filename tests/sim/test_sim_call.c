/* People with several devices each who call each other at random, on virtual time, against the real policy and
 * store. A model that is as simple as what people would say predicts each answer and how things are after it;
 * every device must have been told just that, and at the end the history must say what happened. SIM_SEED=N
 * runs one seed, SIM_RUNS=N as many as wanted. */
#include "unit/call_world.h"
#include "unit/slow.h"

enum { PEOPLE = 4, DEVICES = 3, STEPS = 120, CALLS = 400 };
enum phase { RINGS, TALKS, DONE };

struct m_call {
    char id[B32_SIZE];
    char room[B32_SIZE];
    unsigned user[2];
    struct client *in[2]; /* which device; of the callee NULL until the answer */
    enum phase phase;
    bool hidden, answered, declined, refused;
    bool joins, group; /* rings for somebody to come into a room; more than two have been in it */
    bool held[2];
    int64_t ring_end;
    int64_t lost_end[2]; /* 0: there */
    int64_t lost_at[2];
};

struct m_device {
    struct client *c;
    int64_t away_until; /* 0: has a pipe */
};

struct sim {
    struct world *w;
    struct rng rng;
    uint64_t seed;
    struct m_device dev[PEOPLE][DEVICES];
    bool dnd[PEOPLE];
    struct m_call calls[CALLS];
    unsigned n;
};

static uint64_t below(struct sim *m, uint64_t n)
{
    return rng_below(&m->rng, n);
}

#define CHECK(m, cond)                                                                      \
    do {                                                                                    \
        if (!(cond))                                                                        \
            fail_msg("SIM_SEED=%llu, line %d: %s", (unsigned long long)(m)->seed, __LINE__, \
                     #cond);                                                                \
    } while (0)

/* ---- the model ---- */

/* Nobody but JUN has blocked anybody: MINA. */
static bool blocked(unsigned who, unsigned by)
{
    return who == 0 && by == 1;
}

static int side_of(const struct m_call *c, unsigned user)
{
    return c->user[1] == user;
}

static bool is_party(const struct m_call *c, unsigned user)
{
    return c->user[0] == user || (c->user[1] == user && !c->hidden);
}

/* Calls of one room count once. */
static unsigned count(const struct sim *m, unsigned user)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->n; i++) {
        const struct m_call *c = &m->calls[i];
        bool seen = c->phase == DONE || !is_party(c, user);
        for (unsigned k = 0; k < i && !seen; k++)
            seen = m->calls[k].phase != DONE && is_party(&m->calls[k], user) &&
                   strcmp(m->calls[k].room, c->room) == 0;
        n += !seen;
    }
    return n;
}

static struct m_call *between(struct sim *m, unsigned a, unsigned b)
{
    for (unsigned i = m->n; i-- > 0;) {
        struct m_call *c = &m->calls[i];
        if (c->phase != DONE &&
            ((c->user[0] == a && c->user[1] == b) || (c->user[0] == b && c->user[1] == a)))
            return c;
    }
    return NULL;
}

static bool same_room(const struct m_call *a, const struct m_call *b)
{
    return strcmp(a->room, b->room) == 0;
}

/* The call that this device is in, in another room than `but`, and not on hold. */
static struct m_call *at(struct sim *m, const struct client *dev, const struct m_call *but)
{
    for (unsigned i = 0; i < m->n; i++)
        for (int k = 0; k < 2; k++)
            if (m->calls[i].phase != DONE && m->calls[i].in[k] == dev && !m->calls[i].held[k] &&
                !(but && same_room(&m->calls[i], but)))
                return &m->calls[i];
    return NULL;
}

/* What this device has to do with the room is over. */
static void model_quit(struct sim *m, const struct m_call *room, const struct client *dev)
{
    for (unsigned i = 0; i < m->n; i++)
        if (same_room(&m->calls[i], room) && (m->calls[i].in[0] == dev || m->calls[i].in[1] == dev))
            m->calls[i].phase = DONE;
}

/* Ended by that side. */
static void model_end(struct sim *m, struct m_call *c, int side)
{
    bool talked = c->phase == TALKS;
    c->phase = DONE;
    if (!talked)
        return;
    if (c->group)
        model_quit(m, c, c->in[side]);
    for (unsigned i = 0; i < m->n && !c->group; i++) /* there is nothing left to come to */
        if (same_room(&m->calls[i], c) && m->calls[i].phase == RINGS)
            m->calls[i].phase = DONE;
}

static void model_answer(struct sim *m, struct m_call *c, struct client *dev)
{
    for (unsigned i = 0; i < m->n && c->joins; i++)
        if (same_room(&m->calls[i], c) && (m->calls[i].phase == TALKS || &m->calls[i] == c))
            m->calls[i].group = true;
    c->phase = TALKS;
    c->answered = true;
    c->in[1] = dev;
    for (unsigned i = 0; i < m->n && c->joins; i++) /* whoever holds the room */
        for (int k = 0; k < 4; k++)
            if (&m->calls[i] != c && m->calls[i].phase != DONE && same_room(&m->calls[i], c) &&
                m->calls[i].in[k / 2] == c->in[k % 2] && m->calls[i].held[k / 2])
                c->held[k % 2] = true;
    if (c->lost_end[0])
        c->lost_end[0] = c->lost_at[0] + CALL_LOST_US;
}

/* The call that this device is in gives way to `but`. */
static void model_make_way(struct sim *m, const struct client *dev, const struct m_call *but,
                           bool end)
{
    struct m_call *c;
    while ((c = at(m, dev, but)) != NULL) {
        int side = c->in[1] == dev;
        if (end || c->phase == RINGS)
            model_end(m, c, side);
        else
            c->held[side] = true;
    }
}

static void model_lost(struct sim *m, const struct client *dev)
{
    for (unsigned i = 0; i < m->n; i++)
        for (int k = 0; k < 2; k++) {
            struct m_call *c = &m->calls[i];
            if (c->phase == DONE || c->in[k] != dev || c->lost_end[k])
                continue;
            c->lost_at[k] = m->w->now;
            c->lost_end[k] = m->w->now + (c->phase == RINGS ? CALL_GRACE_US : CALL_LOST_US);
        }
}

static void model_back(struct sim *m, const struct client *dev)
{
    for (unsigned i = 0; i < m->n; i++)
        for (int k = 0; k < 2; k++)
            if (m->calls[i].in[k] == dev)
                m->calls[i].lost_end[k] = 0;
}

static void model_time(struct sim *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        struct m_call *c = &m->calls[i];
        for (int k = 0; k < 2; k++)
            if (c->phase != DONE && c->lost_end[k] && c->lost_end[k] <= m->w->now)
                model_end(m, c, k);
        if (c->phase == RINGS && c->ring_end <= m->w->now)
            c->phase = DONE;
    }
}

/* ---- what the devices were told ---- */

/* The last that was said of this call there; NULL: nothing. */
static const char *belief(const struct client *dev, const struct m_call *c)
{
    char head[64];
    snprintf(head, sizeof head, "\"call\":{\"call\":\"%s\"", c->id);
    for (size_t i = dev->n_log; i-- > 0;) {
        const char *p = strstr(dev->log[i], head);
        if (p)
            return p;
    }
    return NULL;
}

static void device_agrees(const struct sim *m, const struct client *dev, unsigned user,
                          const struct m_call *c)
{
    static const char *const states[] = {"'state':'ringing'", "'state':'accepted'"};
    char want[128];
    const char *b = belief(dev, c);
    if (!is_party(c, user)) {
        CHECK(m, !b);
        return;
    }
    if (c->phase == DONE) {
        CHECK(m, !b || (!has(b, states[RINGS]) && !has(b, states[TALKS])));
        return;
    }
    CHECK(m, b && has(b, states[c->phase]));
    snprintf(want, sizeof want, "'caller_device':'%s'", c->in[0]->sid);
    CHECK(m, has(b, want));
    if (c->phase == RINGS)
        return;
    const char *group = strstr(b, "\"group\":true"), *end = strchr(b, '\n');
    CHECK(m, (group && (!end || group < end)) == c->group);
    snprintf(want, sizeof want, "'callee_device':'%s'", c->in[1]->sid);
    CHECK(m, has(b, want));
    const char *held = strstr(b, "\"held\":[");
    CHECK(m, (held != NULL) == (c->held[0] || c->held[1]));
    for (int k = 0; k < 2 && held; k++) {
        const char *named = strstr(held, id_text(c->user[k] + 1));
        CHECK(m, (named && named < strchr(held, ']')) == c->held[k]);
    }
}

static void agree(struct sim *m)
{
    unsigned live = 0;
    for (unsigned i = 0; i < m->n; i++) {
        const struct m_call *c = &m->calls[i];
        for (unsigned u = 0; u < PEOPLE; u++)
            for (unsigned k = 0; k < DEVICES; k++)
                if (m->dev[u][k].c)
                    device_agrees(m, m->dev[u][k].c, u, c);
        live += c->phase != DONE;
    }
    CHECK(m, m->w->d->calls.n == live);
    HMAP_FOREACH(it, &m->w->d->rooms) { /* who is in the room of a call belongs there */
        const struct room *r = container_of(it, struct room, by_id);
        const struct call *c = call_find(m->w->d, r->call);
        bool alone = r->call == 0 && (r->n_parts > 0 || call_wants(m->w->d, r));
        CHECK(m,
              r->of_calls && (c != NULL || alone)); /* alone: a group's, whose calls may be over */
        for (uint32_t i = 0; c && i < r->n_parts; i++) {
            const struct session *in = r->parts[i].session;
            const struct session *now = session_find(m->w->d, call_device(c, in->user));
            /* or another one has taken the call and not come yet */
            CHECK(m, call_fsm_admits(&c->f, in->id) || !now || !room_part(r, now));
        }
    }
}

/* ---- what people do ---- */

static void do_come(struct sim *m, unsigned user, struct m_device *dev)
{
    dev->c = device(m->w, user + 1);
    dev->away_until = 0;
}

/* The callee as somebody who is loaded, or not, is. */
static bool set_dnd(struct sim *m, unsigned user)
{
    struct user *u = user_find(m->w->d, user + 1);
    if (u)
        u->mode = m->dnd[user] ? PRESENCE_MODE_DND : PRESENCE_MODE_AUTO;
    return u && m->dnd[user];
}

/* The answer to somebody who has called: with is NULL, or the call whose room it is for. */
static void begun(struct sim *m, const char *answer, unsigned user, struct client *dev, unsigned to,
                  bool dnd, const struct m_call *with)
{
    struct talk t = talk_of(answer);
    struct m_call *c = &m->calls[m->n];
    bool hidden = blocked(user, to);
    CHECK(m, m->n < CALLS);
    *c = (struct m_call){
        .user = {user, to}, .in = {dev, NULL}, .hidden = hidden, .joins = with != NULL};
    memcpy(c->id, t.call, sizeof c->id);
    memcpy(c->room, with ? with->room : t.room, sizeof c->room);
    c->ring_end = m->w->now + m->w->cfg.ring_us;
    m->n++;
    c->refused = !hidden && (dnd || count(m, to) > 2);
    if (c->refused)
        c->phase = DONE;
    CHECK(m, has(answer, c->refused ? "'state':'busy'" : "'state':'ringing'"));
}

static void do_dial(struct sim *m, unsigned user, struct client *dev, unsigned to)
{
    struct m_call *c = between(m, user, to);
    bool known = c && is_party(c, user), theirs = known && side_of(c, user) == 1;
    struct m_call *mine = at(m, dev, NULL);
    bool full = count(m, user) >= 2;
    bool dnd = set_dnd(m, to);
    const char *a = dial(dev, to + 1);
    if (known && theirs && c->phase == RINGS && mine) {
        CHECK(m, has(a, "in_call"));
    } else if (known) {
        CHECK(m, has(a, c->id));
        if (theirs && c->phase == RINGS)
            model_answer(m, c, dev);
    } else if (blocked(to, user)) {
        CHECK(m, has(a, "not_allowed"));
    } else if (mine || full) {
        CHECK(m, has(a, "in_call"));
    } else {
        begun(m, a, user, dev, to, dnd, NULL);
    }
}

/* Somebody is asked into the room of a call. */
static void do_invite(struct sim *m, unsigned user, struct client *dev, struct m_call *c,
                      unsigned to)
{
    struct talk t = {{0}, {0}};
    char more[64];
    const struct m_call *old = between(m, user, to);
    int side = side_of(c, user);
    bool dnd = set_dnd(m, to);
    memcpy(t.call, c->id, sizeof t.call);
    snprintf(more, sizeof more, ",'to':'%s'", id_text(to + 1));
    const char *a = ask_call(dev, "call_invite", &t, more);
    if (!is_party(c, user) || c->phase == DONE)
        CHECK(m, has(a, "call_unknown"));
    else if (c->phase == RINGS || c->in[side] != dev)
        CHECK(m, has(a, "not_allowed"));
    else if (old && is_party(old, user))
        CHECK(m, has(a, "in_call"));
    else if (blocked(to, user))
        CHECK(m, has(a, "not_allowed"));
    else
        begun(m, a, user, dev, to, dnd, c);
}

static void do_answer(struct sim *m, unsigned user, struct client *dev, struct m_call *c)
{
    static const char *const others[] = {"", ",'other':'hold'", ",'other':'end'"};
    struct talk t = {{0}, {0}};
    unsigned other = (unsigned)below(m, 3);
    memcpy(t.call, c->id, sizeof t.call);
    bool mine = at(m, dev, c) != NULL;
    const char *a = pick_up(dev, &t, others[other]);
    if (!is_party(c, user) || c->phase == DONE) {
        CHECK(m, has(a, "call_unknown"));
    } else if (side_of(c, user) == 0) {
        CHECK(m, has(a, "not_allowed"));
    } else if (c->phase == TALKS) {
        CHECK(m, has(a, c->in[1] == dev ? "not_allowed" : "call_over"));
    } else if (mine && other == 0) {
        CHECK(m, has(a, "in_call"));
    } else {
        CHECK(m, has(a, "'state':'accepted'"));
        if (mine)
            model_make_way(m, dev, c, other == 2);
        model_answer(m, c, dev);
    }
}

static void do_end(struct sim *m, unsigned user, struct client *dev, struct m_call *c)
{
    struct talk t = {{0}, {0}};
    memcpy(t.call, c->id, sizeof t.call);
    bool decline = below(m, 2);
    const char *a = ask_call(dev, decline ? "call_decline" : "call_end", &t, "");
    if (!is_party(c, user) || c->phase == DONE) {
        CHECK(m, has(a, "call_unknown"));
    } else if (decline && side_of(c, user) == 0) {
        CHECK(m, has(a, "not_allowed"));
    } else if (decline && c->phase == TALKS) {
        CHECK(m, has(a, "call_over"));
    } else {
        CHECK(m, has(a, "'ack'"));
        c->declined = c->phase == RINGS && side_of(c, user) == 1;
        model_end(m, c, side_of(c, user));
    }
}

static void do_hold(struct sim *m, unsigned user, struct client *dev, struct m_call *c)
{
    struct talk t = {{0}, {0}};
    bool on = below(m, 2);
    memcpy(t.call, c->id, sizeof t.call);
    const char *a = ask_call(dev, "call_hold", &t, on ? ",'on':true" : ",'on':false");
    int side = side_of(c, user);
    if (!is_party(c, user) || c->phase == DONE) {
        CHECK(m, has(a, "call_unknown"));
    } else if (c->phase == RINGS || c->in[side] != dev) {
        CHECK(m, has(a, "not_allowed"));
    } else {
        CHECK(m, has(a, "'ack'"));
        if (!on)
            model_make_way(m, dev, c, false);
        for (unsigned i = 0; i < m->n; i++)
            for (int k = 0; k < 2; k++)
                if (m->calls[i].phase == TALKS && m->calls[i].in[k] == dev &&
                    same_room(&m->calls[i], c))
                    m->calls[i].held[k] = on;
    }
}

static void do_take(struct sim *m, unsigned user, struct client *dev, struct m_call *c)
{
    struct talk t = {{0}, {0}};
    const struct m_call *mine = at(m, dev, c);
    const struct client *from = c->in[side_of(c, user)];
    int side = side_of(c, user);
    memcpy(t.call, c->id, sizeof t.call);
    const char *a = ask_call(dev, "call_take", &t, "");
    if (!is_party(c, user) || c->phase == DONE) {
        CHECK(m, has(a, "call_unknown"));
    } else if (mine) {
        CHECK(m, has(a, "in_call"));
    } else if (side == 1 && c->phase == RINGS) {
        CHECK(m, has(a, "not_allowed"));
    } else {
        CHECK(m, has(a, "'ack'"));
        for (unsigned i = 0; i < m->n && from != dev; i++)
            for (int k = 0; k < 2; k++)
                if (m->calls[i].phase != DONE && m->calls[i].in[k] == from &&
                    same_room(&m->calls[i], c)) {
                    m->calls[i].in[k] = dev;
                    m->calls[i].lost_end[k] = 0;
                }
    }
}

static void do_leave(struct sim *m, struct m_device *dev)
{
    struct client *c = dev->c;
    if (dev->away_until)
        return;
    if (below(m, 2)) {
        lose_pipe(c);
        dev->away_until = m->w->now + m->w->cfg.resume_us;
        model_lost(m, c);
        return;
    }
    say(c, "{\"type\":\"bye\"}");
    for (unsigned i = 0; i < m->n; i++)
        for (int k = 0; k < 2; k++)
            if (m->calls[i].phase != DONE && m->calls[i].in[k] == c)
                model_end(m, &m->calls[i], k);
    dev->c = NULL;
}

static void do_return(struct sim *m, struct m_device *dev)
{
    resume(dev->c, dev->c->token);
    dev->away_until = 0;
    model_back(m, dev->c);
}

static void pass(struct sim *m, int64_t us)
{
    int64_t end = m->w->now + us;
    while (m->w->now < end) { /* a clock that ends here and a session that ends there, in order */
        int64_t step = MIN_OF(end - m->w->now, SECOND);
        world_pass(m->w, step);
        model_time(m);
        for (unsigned u = 0; u < PEOPLE; u++)
            for (unsigned k = 0; k < DEVICES; k++)
                if (m->dev[u][k].c && m->dev[u][k].away_until &&
                    m->dev[u][k].away_until <= m->w->now)
                    m->dev[u][k] = (struct m_device){0};
    }
}

static void do_join(struct sim *m, unsigned user, struct client *dev, const struct m_call *c)
{
    bool may = is_party(c, user) && c->phase != DONE && c->room[0] &&
               (c->phase == RINGS ? !c->joins && (c->in[0] == dev || side_of(c, user) == 1)
                                  : c->in[side_of(c, user)] == dev);
    const char *a = join(dev, c->room[0] ? c->room : "x", "");
    CHECK(m, has(a, "'ack'") || has(a, "already_joined") ||
                 (!may && (has(a, "room_locked") || has(a, "room_unknown"))));
}

/* What makes sense: to answer what rings, to ask a third one in, to go on holding two. False: not now. */
static bool step_with_sense(struct sim *m)
{
    struct m_call *c = m->n ? &m->calls[m->n - 1 - below(m, MIN_OF(m->n, 4u))] : NULL;
    if (!c || c->phase == DONE)
        return false;
    int side = c->phase == RINGS ? 1 : (int)below(m, 2);
    unsigned user = c->user[side], to = (unsigned)below(m, PEOPLE);
    struct m_device *dev = &m->dev[user][below(m, DEVICES)];
    for (unsigned k = 0; k < DEVICES && c->phase == TALKS; k++)
        if (m->dev[user][k].c == c->in[side])
            dev = &m->dev[user][k];
    if (!dev->c || dev->away_until)
        return false;
    if (c->phase == RINGS)
        do_answer(m, user, dev->c, c);
    else if (below(m, 4) == 0)
        do_hold(m, user, dev->c, c);
    else if (to != user)
        do_invite(m, user, dev->c, c, to);
    return true;
}

static void step(struct sim *m)
{
    if (below(m, 3) == 0 && step_with_sense(m))
        return;
    unsigned user = (unsigned)below(m, PEOPLE),
             to = (user + 1 + (unsigned)below(m, PEOPLE - 1)) % PEOPLE;
    struct m_device *dev = &m->dev[user][below(m, DEVICES)];
    struct m_call *c = m->n ? &m->calls[m->n - 1 - below(m, MIN_OF(m->n, 4u))] : NULL;
    uint64_t what = below(m, 24);
    if (!dev->c) {
        if (what < 12)
            do_come(m, user, dev);
        else
            pass(m, (int64_t)below(m, 5 * SECOND));
    } else if (dev->away_until) {
        if (what < 6)
            do_return(m, dev);
        else
            pass(m, (int64_t)below(m, 5 * SECOND));
    } else if (what < 6) {
        do_dial(m, user, dev->c, to);
    } else if (what < 11 && c) {
        do_answer(m, user, dev->c, c);
    } else if (what < 13 && c) {
        do_end(m, user, dev->c, c);
    } else if (what < 16 && c) {
        do_hold(m, user, dev->c, c);
    } else if (what < 18 && c) {
        do_take(m, user, dev->c, c);
    } else if (what < 19 && c) {
        do_invite(m, user, dev->c, c, to);
    } else if (what < 20 && c) {
        do_join(m, user, dev->c, c);
    } else if (what < 21) {
        do_leave(m, dev);
    } else if (what < 22) {
        m->dnd[user] = !m->dnd[user];
    } else {
        pass(m, (int64_t)below(m, 25 * SECOND));
    }
}

/* ---- at the end ---- */

static void history_is_right(struct sim *m)
{
    for (unsigned u = 0; u < PEOPLE; u++) {
        struct client *dev = device(m->w, u + 1);
        char missed[64];
        unsigned n_missed = 0;
        const char *list = ask(dev, "'type':'calls','limit':100");
        for (unsigned i = m->n > 60 ? m->n - 60 : 0; i < m->n;
             i++) { /* as far as the page reaches */
            const struct m_call *c = &m->calls[i];
            bool in = c->user[1] == u;
            const char *line = strstr(list, c->id);
            if (!is_party(c, u)) {
                CHECK(m, !line);
                continue;
            }
            CHECK(m, line != NULL);
            CHECK(m, strstr(line, in ? "\"way\":\"in\"" : "\"way\":\"out\"") != NULL);
            const char *outcome = c->answered   ? "\"outcome\":\"answered\""
                                  : c->declined ? "\"outcome\":\"declined\""
                                  : in          ? "\"outcome\":\"missed\""
                                  : c->refused  ? "\"outcome\":\"busy\""
                                                : "\"outcome\":\"";
            const char *said = strstr(line, "\"outcome\":");
            CHECK(m, said && strncmp(said, outcome, strlen(outcome)) == 0);
        }
        for (unsigned i = 0; i < m->n; i++)
            n_missed += m->calls[i].user[1] == u && is_party(&m->calls[i], u) &&
                        !m->calls[i].answered && !m->calls[i].declined;
        snprintf(missed, sizeof missed, "'missed':%u,", n_missed);
        CHECK(m, has(dev->log[0], missed));
    }
}

struct totals {
    unsigned calls, answered, groups;
};

static void run(uint64_t seed, struct totals *all)
{
    uint8_t bytes[RNG_SEED_SIZE] = {1};
    struct sim *m = calloc(1, sizeof *m);
    void *state;
    call_setup(&state);
    m->w = state;
    m->seed = seed;
    memcpy(bytes + 8, &seed, sizeof seed);
    rng_init(&m->rng, bytes);
    for (int i = 0; i < RATE_KINDS; i++)
        m->w->cfg.rates[i].burst = 0;
    m->w->cfg.max_sessions = 1000;
    world_again(m->w);
    blocks(m->w, JUN, MINA);
    for (unsigned u = 0; u < PEOPLE; u++)
        do_come(m, u, &m->dev[u][0]);
    for (int i = 0; i < STEPS && m->w->n_clients < CLIENTS_MAX - PEOPLE; i++) {
        step(m);
        agree(m);
    }
    pass(m, 46 * SECOND);
    for (unsigned u = 0; u < PEOPLE; u++)
        for (unsigned k = 0; k < DEVICES; k++)
            if (m->dev[u][k].c && !m->dev[u][k].away_until)
                say(m->dev[u][k].c, "{\"type\":\"bye\"}");
    world_pass(m->w, 60 * SECOND);
    CHECK(m, m->w->d->calls.n == 0 && m->w->d->rooms.n == 0 && m->w->d->sessions.n == 0);
    history_is_right(m);
    all->calls += m->n;
    for (unsigned i = 0; i < m->n; i++) {
        all->answered += m->calls[i].answered;
        all->groups += m->calls[i].group;
    }
    world_free(m->w);
    free(m);
}

static void people_call_each_other(void **state)
{
    (void)state;
    const char *seed = getenv("SIM_SEED"), *runs = getenv("SIM_RUNS");
    uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;
    uint64_t n = seed ? 1 : runs ? strtoull(runs, NULL, 10) : 60 / SLOW_ALONE;
    struct totals all = {0, 0, 0};
    for (uint64_t i = 0; i < n; i++)
        run(first + i, &all);
    printf("%u calls, %u answered, %u of a group\n", all.calls, all.answered, all.groups);
    assert_true(seed || (all.calls > 3 * n && all.answered > n && all.groups > n / 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_call_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
