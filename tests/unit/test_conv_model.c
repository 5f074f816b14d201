/* People on several devices do random things in conversations, and a simple model says what comes of it: what each
 * request is answered, who hears of a message and with which number, what is unread, and what the history is.
 * SIM_SEED and SIM_RUNS as in tests/sim; with SIM_TRACE it says what is done. */
#include "conv_world.h"
#include "slow.h"

enum { PEOPLE = 4, DEVICES = 2, CONVS = 8, MESSAGES = 300, STEPS = 300, RUNS = 24 };
enum state { OUT, IN, ASKED, IGNORING, BANNED };

struct said {
    int author;
    bool deleted, hidden;
    char text[24], client[24];
};
struct place {
    enum state state;
    int role, read;
};
struct talk_model {
    uint64_t id; /* 0: not made */
    bool room;
    bool open;                      /* unlisted: who knows its id comes in */
    bool live[PEOPLE + 1][DEVICES]; /* which devices are in its live room */
    bool guest;                     /* and the guest */
    int a, b;
    struct place at[PEOPLE + 1];
    struct said said[MESSAGES + 1];
    int n;
};
struct model {
    struct world *w;
    struct client *devices[PEOPLE + 1][DEVICES];
    struct client *guest;
    struct talk_model talks[CONVS];
    bool blocks[PEOPLE + 1][PEOPLE + 1];
    uint64_t random;
    int texts;
};

static unsigned below(struct model *m, unsigned n)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (unsigned)((m->random >> 11) % n);
}

static void forget_logs(struct world *w)
{
    for (size_t i = 0; i < w->n_clients; i++) {
        struct client *c = &w->clients[i];
        for (size_t k = 0; k < c->n_log; k++)
            xfree(c->log[k]);
        c->n_log = c->seen = 0;
    }
}

static bool inside(const struct talk_model *t, int u)
{
    enum state s = t->at[u].state;
    return s == IN || (!t->room && (s == ASKED || s == IGNORING));
}

static int other_of(const struct talk_model *t, int u)
{
    return t->a == u ? t->b : t->a;
}

static struct client *any_device(struct model *m, int u)
{
    return m->devices[u][below(m, DEVICES)];
}

static void expect(const char *answer, const char *code, const char *what)
{
    char got[64] = "ok";
    if (!has(answer, "{'type':'ack'"))
        value(answer, "code", got, sizeof got);
    if (getenv("SIM_TRACE"))
        print_message("%s: %s\n", what, got);
    if (strcmp(got, code) != 0)
        fail_msg("%s: %s, the model says %s", what, got, code);
}

/* ---- what is said ---- */

static void heard(struct model *m, const struct talk_model *t, const struct said *s, bool is_new)
{
    const char *chat = told(m->guest, "chat");
    assert_int_equal(is_new && t->guest,
                     chat[0] != 0); /* guests are told by chat, of where they are */
    if (is_new && t->guest) {
        assert_has(chat, s->text);
        assert_int_equal(number_of(chat, "seq"), t->n);
    }
    for (int u = 1; u <= PEOPLE; u++)
        for (int k = 0; k < DEVICES; k++) {
            const char *e = told(m->devices[u][k], "message");
            bool hears = is_new && inside(t, u) && (u == s->author || !s->hidden);
            if (hears != (e[0] != 0))
                fail_msg("%d %s of a message of %d", u, hears ? "does not hear" : "hears",
                         s->author);
            if (hears) {
                assert_has(e, s->text);
                assert_int_equal(number_of(e, "seq"), t->n);
                assert_int_equal(has(e, "'client'"), u == s->author);
            }
        }
}

static void counted(struct talk_model *t, struct said *s, int u)
{
    int o = other_of(t, u);
    t->at[u].read = t->n;
    t->at[u].state = IN;
    if (s->hidden) {
        if (t->at[o].read == t->n - 1)
            t->at[o].read = t->n;
        if (t->at[o].state == ASKED)
            t->at[o].state = IGNORING;
    }
}

static void do_send(struct model *m, struct talk_model *t, int u)
{
    struct said s = {.author = u}, *old = NULL;
    bool again = below(m, 4) == 0 && t->n > 0;
    snprintf(s.text, sizeof s.text, "text %d.", ++m->texts);
    snprintf(s.client, sizeof s.client, "c%d", m->texts);
    if (again)
        snprintf(s.client, sizeof s.client, "%s", t->said[1 + below(m, (unsigned)t->n)].client);
    for (int i = 1; i <= t->n; i++)
        if (t->said[i].author == u && strcmp(t->said[i].client, s.client) == 0)
            old = &t->said[i];
    if (t->n == MESSAGES)
        return;
    const char *answer = send_as(any_device(m, u), t->id, s.client, s.text);
    if (!inside(t, u)) {
        expect(answer, "conv_unknown", "send");
        return;
    }
    if (!t->room && m->blocks[u][other_of(t, u)]) {
        expect(answer, "not_allowed", "send to somebody blocked");
        return;
    }
    expect(answer, "ok", "send");
    if (!old) {
        s.hidden = !t->room && m->blocks[other_of(t, u)][u];
        t->said[++t->n] = s;
        counted(t, &t->said[t->n], u);
    }
    assert_int_equal(number_of(answer, "seq"), old ? old - t->said : t->n);
    heard(m, t, old ? old : &t->said[t->n], !old);
}

/* ---- live: who may write may meet there ---- */

/* Who may not be there any more is out. */
static void sieve(struct talk_model *t)
{
    for (int u = 1; u <= PEOPLE; u++)
        for (int k = 0; k < DEVICES; k++)
            t->live[u][k] &= t->id && inside(t, u);
    t->guest &= t->id != 0;
}

static void do_live(struct model *m, struct talk_model *t, int u)
{
    unsigned k = below(m, DEVICES);
    struct place *p = &t->at[u];
    bool may = p->state == IN || p->state == ASKED || (t->open && p->state == OUT);
    bool out = t->live[u][k];
    const char *code = out || may                      ? "ok"
                       : t->open && p->state == BANNED ? "banned"
                                                       : "room_unknown";
    expect(ask(m->devices[u][k], "'type':'%s','room':'%s'", out ? "leave" : "join", id_text(t->id)),
           code, out ? "leave live" : "enter live");
    t->live[u][k] = !out && may;
    if (!out && may && p->state != IN)
        *p = (struct place){IN, 0, t->n};
}

static void do_guest(struct model *m, struct talk_model *t)
{
    struct said s = {.author = 0};
    unsigned what = t->guest ? below(m, 4) : 0;
    const char *id = id_text(t->id);
    if (!t->guest) {
        expect(ask(m->guest, "'type':'join','room':'%s'", id), t->open ? "ok" : "room_unknown",
               "a guest enters");
        t->guest = t->open;
    } else if (what == 0) {
        expect(ask(m->guest, "'type':'leave','room':'%s'", id), "ok", "a guest leaves");
        t->guest = false;
    } else if (t->n < MESSAGES) {
        snprintf(s.text, sizeof s.text, "text %d.", ++m->texts);
        snprintf(s.client, sizeof s.client, "g%d", m->texts);
        const char *a = ask(m->guest, "'type':'chat','room':'%s','text':'%s'", id, s.text);
        expect(a, "ok", "a guest says");
        t->said[++t->n] = s;
        assert_int_equal(number_of(a, "seq"), t->n);
        heard(m, t, &s, true);
    }
}

/* The message if u sees it and it was not deleted. */
static struct said *seen_by(struct talk_model *t, int seq, int u)
{
    struct said *s = seq <= t->n ? &t->said[seq] : NULL;
    return s && !s->deleted && (!s->hidden || s->author == u) ? s : NULL;
}

static void do_change(struct model *m, struct talk_model *t, int u, bool edit)
{
    int seq = 1 + (int)below(m, (unsigned)t->n + 2);
    struct said *s = seen_by(t, seq, u);
    bool blocked = edit && !t->room && m->blocks[u][other_of(t, u)];
    bool any = !edit && t->room && t->at[u].role > 0;
    char more[64], text[24];
    snprintf(text, sizeof text, "edit %d.", ++m->texts);
    snprintf(more, sizeof more, edit ? ",'seq':%d,'text':'%s'" : ",'seq':%d", seq, text);
    const char *answer = ask_conv(any_device(m, u), edit ? "edit" : "delete", t->id, more);
    const char *code = !inside(t, u)            ? "conv_unknown"
                       : blocked                ? "not_allowed"
                       : !s                     ? "unknown"
                       : s->author != u && !any ? "not_allowed"
                                                : "ok";
    expect(answer, code, edit ? "edit" : "delete");
    if (strcmp(code, "ok") != 0)
        return;
    if (edit)
        snprintf(s->text, sizeof s->text, "%s", text);
    else
        s->deleted = true;
}

static void do_read(struct model *m, struct talk_model *t, int u)
{
    int seq = 1 + (int)below(m, (unsigned)t->n + 3);
    char more[32];
    snprintf(more, sizeof more, ",'seq':%d", seq);
    expect(ask_conv(any_device(m, u), "read", t->id, more), inside(t, u) ? "ok" : "conv_unknown",
           "read");
    if (inside(t, u))
        t->at[u].read = MAX_OF(t->at[u].read, MIN_OF(seq, t->n));
}

/* ---- who is in it ---- */

static void do_answer(struct model *m, struct talk_model *t, int u)
{
    static const char *const as[] = {"accept", "ignore", "block"};
    unsigned k = below(m, 5) % 3; /* blocks are rarer */
    struct place *p = &t->at[u];
    char more[32];
    snprintf(more, sizeof more, ",'as':'%s'", as[k]);
    const char *answer = ask_conv(any_device(m, u), "conv_answer", t->id, more);
    if (t->room) {
        expect(answer,
               p->state == IN      ? "not_allowed"
               : p->state == ASKED ? "ok"
                                   : "conv_unknown",
               "answer an invitation");
        if (p->state == ASKED)
            p->state = k == 0 ? IN : OUT;
        return;
    }
    expect(answer, inside(t, u) ? "ok" : "conv_unknown", "answer a stranger");
    if (inside(t, u)) {
        p->state = k == 0 ? IN : IGNORING;
        m->blocks[u][other_of(t, u)] |= k == 2;
    }
}

static void do_block(struct model *m, int u, int o)
{
    bool on = below(m, 3) == 0;
    if (u == o)
        return;
    expect(ask(any_device(m, u), "'type':'block','user':'%s','on':%s", id_text((uint64_t)o),
               on ? "true" : "false"),
           "ok", "block");
    m->blocks[u][o] = on;
}

static void do_open(struct model *m, struct talk_model *t, int u)
{
    int o = other_of(t, u);
    if (t->a != u && t->b != u)
        return;
    const char *answer =
        ask(any_device(m, u), "'type':'conv_open','user':'%s'", id_text((uint64_t)o));
    expect(answer, m->blocks[u][o] ? "not_allowed" : "ok", "open");
    if (m->blocks[u][o])
        return;
    if (t->id == 0) {
        t->at[u].state = IN;
        t->at[o].state = m->blocks[o][u] ? IGNORING : ASKED;
        t->id = conv_of(answer);
    }
    assert_true(conv_of(answer) == t->id);
}

static void do_make(struct model *m, struct talk_model *t, int u)
{
    t->id = make_room(any_device(m, u), t->open ? ",'unlisted':true" : "");
    t->n = 0;
    memset(t->at, 0, sizeof t->at);
    t->at[u] = (struct place){IN, 2, 0};
}

static void do_invite(struct model *m, struct talk_model *t, int u, int o)
{
    char more[48];
    snprintf(more, sizeof more, ",'user':'%s'", id_text((uint64_t)o));
    const char *answer = ask_conv(any_device(m, u), "room_invite", t->id, more);
    struct place *p = &t->at[o];
    const char *code = !inside(t, u)                              ? "conv_unknown"
                       : t->at[u].role == 0 || p->state == BANNED ? "not_allowed"
                                                                  : "ok";
    expect(answer, code, "invite");
    if (strcmp(code, "ok") == 0 && p->state == OUT && !m->blocks[o][u])
        *p = (struct place){ASKED, 0, t->n};
}

static void do_leave(struct model *m, struct talk_model *t, int u)
{
    int others = 0;
    for (int i = 1; i <= PEOPLE; i++)
        others += i != u && t->at[i].state == IN;
    const char *answer = ask_conv(any_device(m, u), "room_leave", t->id, "");
    if (!inside(t, u)) {
        expect(answer, "conv_unknown", "leave");
    } else if (t->at[u].role == 2 && others > 0) {
        expect(answer, "not_allowed", "leave one's own room");
    } else {
        expect(answer, "ok", "leave");
        if (t->at[u].role == 2) {
            memset(t->at, 0, sizeof t->at);
            t->id = 0;
        } else {
            t->at[u] = (struct place){OUT, 0, 0};
        }
    }
}

static const char *set_code(const struct talk_model *t, int u, int o, int as)
{
    const struct place *me = &t->at[u], *p = &t->at[o];
    if (!inside(t, u))
        return "conv_unknown";
    if (me->role == 0)
        return "not_allowed";
    if (as <= 2)
        return me->role < 2 || u == o ? "not_allowed" : p->state != IN ? "unknown" : "ok";
    if ((as == 3 && (p->state == OUT || p->state == BANNED)) || (as == 5 && p->state != BANNED))
        return "unknown";
    return p->state != OUT && p->role >= me->role ? "not_allowed" : "ok";
}

static void do_set(struct model *m, struct talk_model *t, int u, int o)
{
    static const char *const names[] = {"member",  "moderator", "owner",
                                        "removed", "banned",    "none"};
    int as = (int)below(m, 6);
    char more[96];
    const char *code = set_code(t, u, o, as);
    snprintf(more, sizeof more, ",'user':'%s','role':'%s'", id_text((uint64_t)o), names[as]);
    expect(ask_conv(any_device(m, u), "member_set", t->id, more), code, names[as]);
    if (strcmp(code, "ok") != 0)
        return;
    if (as <= 2)
        t->at[o].role = as;
    else
        t->at[o] = (struct place){as == 4 ? BANNED : OUT, 0, 0};
    if (as == 2)
        t->at[u].role = 1;
}

static void do_join(struct model *m, struct talk_model *t, int u)
{
    struct place *p = &t->at[u];
    bool may = p->state == IN || p->state == ASKED || (t->open && p->state == OUT);
    const char *code = may ? "ok" : t->open && p->state == BANNED ? "banned" : "conv_unknown";
    expect(ask_conv(any_device(m, u), "room_join", t->id, ""), code, "join");
    if (may && p->state != IN)
        *p = (struct place){IN, 0, t->n};
}

/* ---- looking ---- */

static void check_badges(struct model *m, int u)
{
    int unread = 0, requests = 0;
    for (int i = 0; i < CONVS; i++) {
        const struct talk_model *t = &m->talks[i];
        unread += t->id && t->at[u].state == IN && t->at[u].read < t->n;
        requests += t->id && t->at[u].state == ASKED && (t->room || t->n > 0);
    }
    const struct user *user = user_find(m->w->d, (uint64_t)u);
    assert_non_null(user);
    assert_int_equal(user->badges.unread, unread);
    assert_int_equal(user->badges.requests, requests);
    struct val id = VAL_ID((uint64_t)u), row[3];
    struct buf rows;
    buf_init(&rows, 1 << 16);
    struct db_request rq = {DB_USER_BADGES, 0, &id, 1};
    assert_int_equal(db_run(m->w->db.db, &rq, &rows), DB_OK);
    assert_true(db_row(&(struct db_answer){.rows = buf_str(&rows)}, row, 3));
    assert_int_equal(row[1].i, unread);
    assert_int_equal(row[2].i, requests);
    buf_free(&rows);
}

static void check_conv(struct model *m, struct talk_model *t, int u)
{
    static const char *const states[] = {"", "open", "request", "ignored", ""};
    const struct place *p = &t->at[u];
    const char *c = ask_conv(any_device(m, u), "conv_get", t->id, "");
    if (p->state == OUT || p->state == BANNED) {
        expect(c, "conv_unknown", "get");
        expect(ask_conv(any_device(m, u), "history", t->id, ""), "conv_unknown", "history");
        return;
    }
    char state[32];
    snprintf(state, sizeof state, "'state':'%s'", states[p->state]);
    assert_has(c, state);
    if (!inside(t, u))
        return;
    assert_int_equal(number_of(c, "unread"), t->n - p->read);
    int live = t->guest;
    for (int i = 1; i <= PEOPLE; i++)
        for (int k = 0; k < DEVICES; k++)
            live += t->live[i][k];
    assert_int_equal(number_of(c, "count"), live ? live : -1);
    struct client *device = any_device(m, u);
    int seq = t->n;
    for (int before = t->n + 1; before > 1; before = seq + 1) { /* scrolled to the beginning */
        char more[64];
        snprintf(more, sizeof more, ",'before':%d,'limit':100", before);
        const char *h = ask_conv(device, "history", t->id, more), *end = h;
        int low = before;
        for (end = strstr(h, "{\"conv\""); end; end = strstr(end + 1, "{\"conv\"")) {
            int64_t at = number_of(end, "seq");
            low = MIN_OF(low, (int)at);
            const struct said *s = &t->said[at];
            assert_true(!s->hidden || s->author == u);
            char text[48];
            snprintf(text, sizeof text, "\"text\":\"%s\"", s->deleted ? "" : s->text);
            const char *first = strstr(end, "\"text\":");
            assert_non_null(first);
            if (strncmp(first, text, strlen(text)) != 0)
                fail_msg("%s, not %.40s", text, first);
        }
        for (int i = low; i < before; i++) { /* none is left out */
            char number[32];
            snprintf(number, sizeof number, "'seq':%d,", i);
            assert_int_equal(has(h, number), !t->said[i].hidden || t->said[i].author == u);
        }
        if (low == before)
            break;
        seq = low - 1;
    }
}

static void look(struct model *m)
{
    for (int u = 1; u <= PEOPLE; u++) {
        check_badges(m, u);
        for (int i = 0; i < CONVS; i++)
            if (m->talks[i].id)
                check_conv(m, &m->talks[i], u);
        forget_logs(m->w);
    }
}

/* ---- */

static void step(struct model *m)
{
    int u = 1 + (int)below(m, PEOPLE), o = 1 + (int)below(m, PEOPLE);
    struct talk_model *t = &m->talks[below(m, CONVS)];
    unsigned what = below(m, t->room ? 24 : 20);
    if (getenv("SIM_TRACE"))
        print_message("%d (and %d) in %d%s: ", u, o, (int)(t - m->talks), t->room ? " (room)" : "");
    if (t->id == 0) {
        if (t->room)
            do_make(m, t, u);
        else
            do_open(m, t, u);
    } else if (what < 7) {
        do_send(m, t, u);
    } else if (what < 9) {
        do_change(m, t, u, true);
    } else if (what < 10) {
        do_change(m, t, u, false);
    } else if (what < 13) {
        do_read(m, t, u);
    } else if (what < 15) {
        do_answer(m, t, u);
    } else if (what == 15) {
        do_block(m, u, o);
    } else if (!t->room) {
        do_open(m, t, u);
    } else {
        switch (what) {
        case 16:
        case 17: do_invite(m, t, u, o); break;
        case 18: do_set(m, t, u, o); break;
        case 19: below(m, 3) ? do_join(m, t, u) : do_leave(m, t, u); break;
        case 20:
        case 21: do_live(m, t, u); break;
        default: do_guest(m, t);
        }
        sieve(t);
    }
    forget_logs(m->w);
    if (below(m, 30) == 0)
        conv_stale_all(m->w->d); /* as when another process has written */
}

static void run(uint64_t seed)
{
    static const int pairs[6][2] = {{1, 2}, {1, 3}, {1, 4}, {2, 3}, {2, 4}, {3, 4}};
    void *state = NULL;
    struct model *m = calloc(1, sizeof *m);
    call_setup(&state);
    m->w = state;
    for (int i = 0; i < RATE_KINDS; i++)
        m->w->cfg.rates[i].burst = 0;
    world_again(m->w);
    m->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (int i = 0; i < CONVS; i++) {
        m->talks[i].room = i >= 6;
        m->talks[i].open = i == 7;
        m->talks[i].a = i < 6 ? pairs[i][0] : 0;
        m->talks[i].b = i < 6 ? pairs[i][1] : 0;
    }
    for (int u = 1; u <= PEOPLE; u++)
        for (int k = 0; k < DEVICES; k++)
            m->devices[u][k] = device(m->w, (uint64_t)u);
    m->guest = hello(m->w, "Guest");
    for (int i = 0; i < STEPS; i++) {
        step(m);
        if (i % 20 == 19)
            look(m);
    }
    world_teardown(&state);
    free(m);
}

static void random_people(void **state)
{
    const char *seed = getenv("SIM_SEED"), *runs = getenv("SIM_RUNS");
    uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;
    uint64_t n = runs ? strtoull(runs, NULL, 10) : RUNS / SLOW_ALONE;
    (void)state;
    for (uint64_t i = 0; i < n; i++) {
        print_message("seed %llu\n", (unsigned long long)(first + i));
        run(first + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_people)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
