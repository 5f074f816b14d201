/* Watches what the domain says of relays' scopes, and fails when that makes no sense: for tests and
 * the simulation. Scopes have numbers here, from 1 in the order of opening. */
#ifndef MADANG_TESTS_SCOPE_WATCH_H
#define MADANG_TESTS_SCOPE_WATCH_H

#include "base/buf.h"
#include "msg/effect.h"

enum { WATCH_OPEN = 512, WATCH_PAIRS = 4096 };

struct scope_pair {
    uint64_t scope, party;
};

struct scope_watch {
    uint64_t open[WATCH_OPEN]; /* 0: was closed */
    unsigned opened, n_open;
    struct scope_pair pairs[WATCH_PAIRS]; /* who knows whom */
    unsigned n_pairs;
    uint64_t doomed[WATCH_OPEN]; /* know one that has gone: so they go, too, and at once */
    unsigned n_doomed;
    struct scope_pair latest; /* the party of the effect before this one, or zeros */
};

/* 0: not open. */
static inline unsigned watch_number(const struct scope_watch *w, uint64_t scope)
{
    for (unsigned i = 0; scope && i < w->opened && i < WATCH_OPEN; i++)
        if (w->open[i] == scope)
            return i + 1;
    return 0;
}

static inline int watch_pair(const struct scope_watch *w, uint64_t scope, uint64_t party)
{
    for (unsigned i = 0; i < w->n_pairs; i++)
        if (w->pairs[i].scope == scope && w->pairs[i].party == party)
            return (int)i;
    return -1;
}

static inline void watch_open(struct scope_watch *w, uint64_t scope)
{
    assert_true(scope != 0);
    assert_int_equal(watch_number(w, scope), 0);
    if (w->opened == WATCH_OPEN) { /* the numbers are forgotten */
        unsigned n = 0;
        for (unsigned i = 0; i < WATCH_OPEN; i++)
            if (w->open[i])
                w->open[n++] = w->open[i];
        w->opened = n;
        assert_true(n < WATCH_OPEN);
    }
    w->open[w->opened++] = scope;
    w->n_open++;
}

static inline void watch_party(struct scope_watch *w, const struct relay_scope *r)
{
    assert_true(r->scope != r->party);
    assert_true(r->n_addrs > 0 || r->pwd.n > 0);
    for (uint32_t i = 0; i < r->n_addrs; i++) {
        assert_true(r->addrs[i].family != 0 && r->addrs[i].port == 0);
        for (uint32_t k = 0; k < i; k++)
            assert_false(addr_eq(&r->addrs[i], &r->addrs[k]));
    }
    w->latest = (struct scope_pair){r->scope, r->party};
    if (watch_pair(w, r->scope, r->party) < 0) {
        assert_true(w->n_pairs < WATCH_PAIRS);
        w->pairs[w->n_pairs++] = w->latest;
    }
}

/* Nobody knows it any more (but who goes at the same time, in a merge); what it knew goes with it. */
static inline void watch_close(struct scope_watch *w, uint64_t scope)
{
    for (unsigned i = 0; i < w->n_pairs;) {
        bool known = w->pairs[i].party == scope;
        if (known) {
            assert_true(w->n_doomed < WATCH_OPEN);
            w->doomed[w->n_doomed++] = w->pairs[i].scope;
        }
        if (known || w->pairs[i].scope == scope)
            w->pairs[i] = w->pairs[--w->n_pairs];
        else
            i++;
    }
    w->open[watch_number(w, scope) - 1] = 0;
    w->n_open--;
}

static inline void watch_doomed(struct scope_watch *w)
{
    while (w->n_doomed > 0)
        assert_int_equal(watch_number(w, w->doomed[--w->n_doomed]), 0);
}

static inline void watch_relay(struct scope_watch *w, const struct relay_scope *r)
{
    if (r->kind == RELAY_OPEN || r->kind == RELAY_PARTY)
        watch_doomed(w);
    if (r->kind == RELAY_OPEN) {
        watch_open(w, r->scope);
        return;
    }
    assert_true(watch_number(w, r->scope) > 0);
    if (r->kind != RELAY_CLOSE)
        assert_true(watch_number(w, r->party) > 0);
    if (r->kind == RELAY_PARTY) {
        watch_party(w, r);
    } else if (r->kind == RELAY_DROP) {
        int at = watch_pair(w, r->scope, r->party);
        assert_true(at >= 0);
        w->pairs[at] = w->pairs[--w->n_pairs];
    } else {
        watch_close(w, r->scope);
    }
}

/* Gives every effect to the watch. */
static inline void watch_effect(struct scope_watch *w, const struct effect *e)
{
    if (e->type != EFFECT_SEND)
        w->latest = (struct scope_pair){0};
    if (e->type == EFFECT_RELAY)
        watch_relay(w, e->relay);
    else
        watch_doomed(w);
}

/* The effect as text: "party 2 of 1 pwd P 192.0.2.1 ::1;" */
static inline void watch_text(const struct scope_watch *w, const struct relay_scope *r,
                              struct buf *out)
{
    static const char *const kinds[RELAY_KINDS] = {"open", "party", "drop", "close"};
    char text[ADDR_STR_SIZE];
    buf_putf(out, "%s", kinds[r->kind]);
    if (r->party)
        buf_putf(out, " %u of", watch_number(w, r->party));
    buf_putf(out, " %u", watch_number(w, r->scope));
    if (r->pwd.n)
        buf_putf(out, " pwd %.*s", (int)r->pwd.n, r->pwd.p);
    for (uint32_t i = 0; i < r->n_addrs; i++)
        buf_putf(out, " %s", addr_format(&r->addrs[i], text));
    buf_puts(out, ";");
}

#endif
