/* What a person of the crowd does: gets a pipe, says hello or resumes, asks, asks again. */
#ifndef MADANG_TESTS_CROWD_PERSON_H
#define MADANG_TESTS_CROWD_PERSON_H

#include "sim/crowd_hear.h"

/* ---- pipes ---- */

static void browser_closed(struct browser *b)
{
    if (b->line) {
        line_abandon(b->line);
    }
    b->line = NULL;
    b->up = false;
}

/* The pipe is gone, or given up. */
static void pipe_lost(struct person *p)
{
    struct world *w = p->w;
    if (p->line) {
        line_abandon(p->line);
    }
    p->line = NULL;
    p->browser = NULL;
    p->tab[0] = 0;
    LIST_FOREACH(it, &w->lines) {
        struct line *l = container_of(it, struct line, link);
        if (l->role == ROLE_POST && l->who == p) {
            line_abandon(l);
        }
    }
    for (int i = 0; i < ASKS; i++) {
        if (p->asks[i].state == ASK_FLIES) {
            p->asks[i].state = ASK_SENT;
        }
    }
    xfree(p->first);
    p->first = NULL;
    p->first_flies = false;
    p->pinged_at = 0;
    if (p->state == UP) {
        p->lost_since = MIN_OF(p->lost_since, w->now);
    }
    if (p->state != OFF) {
        p->state = p->session ? LOST : OFF;
    }
}

static void session_over(struct person *p)
{
    for (int i = 0; i < ASKS; i++) {
        ask_free(&p->asks[i]);
    }
    if (p->session && chance(p->w, 30)) { /* as after a reload */
        memcpy(p->replaces, p->token, sizeof p->replaces);
        p->replaced_room = p->n_rooms ? p->rooms[0].id : 0;
    }
    p->session = 0;
    p->token[0] = 0;
    p->n_rooms = p->joins = 0;
    p->seq = p->pipe_seq = p->pinged_seq = 0;
    p->next_id = 1;
}

static void way_lost(struct line *l)
{
    struct world *w = l->w;
    struct person *p = l->who;
    if (l->role == ROLE_POST && p) {
        posted(l, 0);
        line_abandon(l);
    } else if (p) {
        pipe_lost(p);
    } else if (l->browser && l->browser->line == l) {
        struct browser *b = l->browser;
        browser_closed(b);
        for (int i = 0; i < PEOPLE; i++) {
            if (w->people[i].browser == b) {
                pipe_lost(&w->people[i]);
            }
        }
    }
}

static char *formatted(const char *fmt, ...) PRINTF_CHECK(1, 2);
static char *formatted(const char *fmt, ...)
{
    char *text;
    va_list ap;
    va_start(ap, fmt);
    assert_true(vasprintf(&text, fmt, ap) >= 0);
    va_end(ap);
    return text;
}

static void say_hello(struct person *p)
{
    struct world *w = p->w;
    char join[1400] = "", replaces[64] = "", room[B32_SIZE];
    uint64_t id = p->replaces[0] ? p->replaced_room : 0;
    if (!id && w->n_rooms && chance(w, 40)) {
        id = w->rooms[below(w, w->n_rooms)].id;
    }
    b32_encode(room, id);
    if (id && p->ticket_room == id && chance(w, 50)) {
        known(w, id)->again = true; /* if it is gone, it is made again, and counts from 1 */
        snprintf(join, sizeof join, ",\"join\":{\"room\":\"%s\",\"ticket\":\"%s\"}", room,
                 p->ticket);
    } else if (id) {
        snprintf(join, sizeof join, ",\"join\":{\"room\":\"%s\",\"password\":\"%s\"}", room,
                 chance(w, 50) ? "right" : "");
    }
    if (p->replaces[0]) {
        snprintf(replaces, sizeof replaces, ",\"replaces\":\"%s\"", p->replaces);
        p->replaces[0] = 0;
    }
    p->life++;
    p->number = 0;
    p->resuming = false;
    p->next_id = 2;
    p->pipe_seq = p->seq = 0;
    p->first = formatted("{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":\"P%d\"%s%s}", p->n, join,
                         replaces);
}

static void say_resume(struct person *p)
{
    struct world *w = p->w;
    uint64_t seq = p->seq;
    if (!w->calm && chance(w, 20)) { /* a little of the old, much of it, or what never was */
        seq = chance(w, 70)   ? seq - below(w, MIN_OF(seq, 20) + 1)
              : chance(w, 50) ? below(w, seq + 1)
                              : seq + 1000000;
    }
    p->exact = seq == p->seq;
    p->resuming = true;
    p->pipe_seq = seq;
    const char *token = !w->calm && chance(w, 3) ? "AAAAAAAAAAAAAAAAAAAAAA" : p->token;
    p->exact &= token == p->token;
    p->first = formatted("{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":%llu}", token,
                         (unsigned long long)seq);
}

/* The pipe is open: the first message. */
static void greet(struct person *p)
{
    p->state = GREETING;
    if (p->session) {
        say_resume(p);
    } else {
        say_hello(p);
    }
    p->give_up_at = p->w->now + 20000000;
    p->lost_since = p->session ? p->lost_since : INT64_MAX;
    if (p->line) {
        tx_message(p->line, p->first, strlen(p->first));
    }
}

static void way_open(struct line *l)
{
    struct world *w = l->w;
    if (l->role == ROLE_WS) {
        greet(l->who);
    } else if (l->browser) {
        l->browser->up = true;
        for (int i = 0; i < PEOPLE; i++) {
            if (w->people[i].browser == l->browser && w->people[i].state == OPENING) {
                greet(&w->people[i]);
            }
        }
    }
}

static void browser_open(struct world *w, struct browser *b)
{
    b->poll = chance(w, 50);
    snprintf(b->key, sizeof b->key, "browser%02d%013u", b->n, chance(w, 50) ? 0 : ++w->key);
    b->line = line_new(w, b->poll ? ROLE_POLL : ROLE_STREAM, NULL, b);
    tx_get(b->line);
}

static void start(struct person *p)
{
    struct world *w = p->w;
    p->state = OPENING;
    p->give_up_at = w->now + 40000000;
    if (chance(w, 50)) {
        p->line = line_new(w, ROLE_WS, p, NULL);
        tx_upgrade(p->line);
        return;
    }
    p->browser = &w->browsers[p->n / 3];
    bool again = p->session && p->tabs && chance(w, 50);
    snprintf(p->tab, sizeof p->tab, "t%dx%u", p->n, again ? p->tabs : ++p->tabs);
    if (!p->browser->line) {
        browser_open(w, p->browser);
    } else if (p->browser->up) {
        greet(p);
    }
}

/* ---- POSTs ---- */

/* The answer to a POST; status 0: the connection broke, who knows. */
static void posted(struct line *l, int status)
{
    struct person *p = l->who;
    struct world *w = l->w;
    int64_t id = l->ask;
    l->ask = 0;
    l->waiting = false;
    CHECK(w,
          status == 0 || status == 202 || status == 400 || status == 404 || status == 408 ||
              status == 429,
          "a POST was answered with %d", status);
    if (!p) {
        return;
    }
    if (id < 0) {
        p->first_flies = status == 202;
    }
    struct ask *a = id > 0 ? ask_of(p, id) : NULL;
    if (a && a->state == ASK_FLIES) {
        a->state = status == 202 ? ASK_SENT : ASK_WAITS;
        a->sent_at = w->now;
    }
    if (status == 404) {
        struct browser *b = p->browser;
        way_lost(b && b->line ? b->line : l);
    }
}

/* A connection that has nothing to do, or a new one; NULL: all are busy. */
static struct line *post_line(struct person *p)
{
    struct line *idle = NULL;
    int n = 0;
    LIST_FOREACH(it, &p->w->lines) {
        struct line *l = container_of(it, struct line, link);
        if (l->role == ROLE_POST && l->who == p && !l->dead && !l->f->s.closing) {
            n++;
            idle = !l->waiting && (!idle || chance(p->w, 50)) ? l : idle;
        }
    }
    if (idle && (n == POSTS_MAX || chance(p->w, 70))) {
        return idle;
    }
    return n < POSTS_MAX ? line_new(p->w, ROLE_POST, p, NULL) : NULL;
}

static bool post(struct person *p, const char *text, size_t n, int64_t ask)
{
    struct line *l = post_line(p);
    if (l) {
        l->ask = ask;
        tx_post(l, p, text, n);
    }
    if (l && ask > 0) {
        ask_of(p, ask)->state = ASK_FLIES;
    } else if (l && ask < 0) {
        p->first_flies = true;
    }
    return l != NULL;
}

/* ---- each step ---- */

/* Nothing has been heard for too long: whatever carries the pipe is given up. */
static void give_up(struct person *p)
{
    if (p->browser && p->browser->line) {
        way_lost(p->browser->line);
    } else {
        pipe_lost(p);
    }
}

/* Something without an id. */
static bool notify(struct person *p, const char *text)
{
    if (p->line) {
        tx_message(p->line, text, strlen(text));
        return true;
    }
    return p->browser && post(p, text, strlen(text), 0);
}

static void send_asks(struct person *p)
{
    struct world *w = p->w;
    struct ask *next = NULL;
    unsigned from = (unsigned)below(w, ASKS);
    for (unsigned k = 0; k < ASKS; k++) {
        struct ask *a = &p->asks[(from + k) % ASKS];
        if (a->state == ASK_SENT && p->browser && w->now - a->sent_at > 8000000) {
            a->state = ASK_WAITS; /* no answer: POST it again, it is done once */
        }
        /* POSTs may overtake each other, messages on a WebSocket may not. */
        if (a->state == ASK_WAITS && (!next || (p->line && a->id < next->id))) {
            next = a;
        }
    }
    if (next && p->browser) {
        post(p, next->text, next->n, next->id);
    } else if (next) {
        tx_message(p->line, next->text, next->n);
        next->state = ASK_SENT;
        if (!w->calm && chance(w, 5)) {
            tx_message(p->line, next->text, next->n); /* twice is once */
        }
        send_asks(p);
    }
}

static void ping(struct person *p)
{
    struct world *w = p->w;
    char text[64];
    if (p->pinged_at == 0 && (p->seq >= p->pinged_seq + 64 || chance(w, 2))) {
        snprintf(text, sizeof text, "{\"type\":\"ping\",\"seq\":%llu}", (unsigned long long)p->seq);
        if (notify(p, text)) {
            p->pinged_seq = p->seq;
            p->pinged_at = w->now;
        }
    }
    if (p->pinged_at && w->now - p->pinged_at > 30000000) {
        give_up(p);
    }
}

static void person_step(struct person *p)
{
    struct world *w = p->w;
    if ((p->state == OFF || p->state == LOST) && p->wanted && chance(w, w->calm ? 100 : 15)) {
        start(p);
    } else if (p->state == UP) {
        send_asks(p);
        ping(p);
    } else if (p->state == GREETING && p->browser && !p->first_flies && p->first) {
        post(p, p->first, strlen(p->first), -1);
    }
    if ((p->state == OPENING || p->state == GREETING) && w->now > p->give_up_at) {
        give_up(p);
    }
}

#endif
