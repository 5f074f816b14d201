/* proto/srtp beside libsrtp2: both protect the same packets, which must be the same bytes; these go
 * through a network that loses, repeats, delays and damages them; both ends must say the same of each
 * one that arrives, and give the same packet. Ours is saved and loaded all the while.
 * A million packets, under sanitizers fewer; SRTP_PACKETS sends as many as it says, SRTP_SEED others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/srtp_int.h"
#include "slow.h"
#include "srtp_fixture.h"
#include "srtp_oracle.h"

enum { SSRCS = 3, HELD = 2048, RELOAD_EVERY = 1000 };

struct held {
    struct packet k;
    unsigned due; /* 0 = nothing here */
    bool rtcp, damaged;
};

struct world {
    struct oracle o;
    struct srtp *out, *in;
    srtp_t their_out, their_in;
    uint32_t x;
    uint16_t seq[SSRCS];
    unsigned now;
    struct held *held;
    unsigned long verdicts[SRTP_RESULTS], reloads;
};

static uint32_t rnd(struct world *w, uint32_t below)
{
    w->x ^= w->x << 13;
    w->x ^= w->x >> 17;
    w->x ^= w->x << 5;
    return below ? w->x % below : 0;
}

static enum srtp_result verdict_of(srtp_err_status_t s)
{
    switch (s) {
    case srtp_err_status_ok: return SRTP_OK;
    case srtp_err_status_auth_fail: return SRTP_E_AUTH;
    case srtp_err_status_replay_fail: return SRTP_E_REPLAY;
    case srtp_err_status_replay_old: return SRTP_E_OLD;
    default: return SRTP_E_MALFORMED;
    }
}

/* ---- Sending ---- */

/* CSRCs and an extension now and then; sizes of voice and of video. */
static struct packet some_rtp(struct world *w, unsigned s)
{
    struct rtp r = {.pt = (uint8_t)(96 + s),
                    .seq = w->seq[s],
                    .timestamp = w->x,
                    .ssrc = 0x1000 + s,
                    .marker = rnd(w, 2),
                    .csrcs = (uint8_t)(rnd(w, 8) ? 0 : rnd(w, 16))};
    uint32_t csrcs[RTP_CSRC_MAX] = {0};
    struct packet k;
    size_t n = rtp_put_head(k.p, sizeof k.p, &r, csrcs);
    if (rnd(w, 3)) {
        unsigned words = rnd(w, 5);
        set_u32(k.p + n, 0xBEDE0000 | words);
        memset(k.p + n + 4, 0, 4 * (size_t)words);
        rtp_set_ext_bit(k.p, true);
        n += 4 + 4 * (size_t)words;
    }
    k.n = n + (rnd(w, 4) ? rnd(w, 160) : rnd(w, 1200));
    for (; n < k.n; n++)
        k.p[n] = (uint8_t)(n * 31 + w->x);
    return k;
}

static struct packet some_rtcp(struct world *w, unsigned s)
{
    struct packet k = {.n = 8 + 4 * (size_t)rnd(w, 60)};
    for (size_t i = 8; i < k.n; i++)
        k.p[i] = (uint8_t)(i + w->x);
    set_u32(k.p, 0x80C90000 | (uint32_t)(k.n / 4 - 1));
    set_u32(k.p + 4, 0x1000 + s);
    return k;
}

/* By both; the result is theirs, and has to be ours. */
static bool protect_both(struct world *w, struct packet *k, bool rtcp)
{
    struct packet mine = *k;
    int n = (int)k->n;
    srtp_err_status_t s = rtcp ? w->o.protect_rtcp(w->their_out, k->p, &n)
                               : w->o.protect(w->their_out, k->p, &n);
    enum srtp_result r = rtcp ? srtp_protect_rtcp(w->out, mine.p, &mine.n, sizeof mine.p)
                              : srtp_protect(w->out, mine.p, &mine.n, sizeof mine.p);
    assert_int_equal(r, verdict_of(s));
    if (r != SRTP_OK)
        return false;
    k->n = (size_t)n;
    assert_int_equal(mine.n, k->n);
    assert_memory_equal(mine.p, k->p, k->n);
    return true;
}

static void hold(struct world *w, const struct packet *k, bool rtcp)
{
    struct held *h = &w->held[rnd(w, HELD)];
    if (h->due) /* taken: so that one is lost */
        return;
    h->k = *k;
    h->rtcp = rtcp;
    h->damaged = rnd(w, 50) == 0;
    if (h->damaged) {
        uint32_t bit = rnd(w, 8 * (uint32_t)k->n);
        h->k.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* Their window of SRTCP is 128 (ours 1,024), and can't be set: stay inside. */
    uint32_t most = rtcp ? 1000 : rnd(w, 100) == 0 ? 6000 : rnd(w, 4) == 0 ? 300 : 3;
    h->due = w->now + 1 + rnd(w, most);
}

static void send_one(struct world *w)
{
    unsigned s = rnd(w, SSRCS);
    bool rtcp = rnd(w, 20) == 0;
    uint16_t seq = w->seq[s];
    if (!rtcp && rnd(w, 100) == 0) /* a number of before: both refuse, or both never had it */
        w->seq[s] = (uint16_t)(seq - 1 - rnd(w, 1500));
    struct packet k = rtcp ? some_rtcp(w, s) : some_rtp(w, s);
    bool sent = protect_both(w, &k, rtcp);
    if (!rtcp)
        w->seq[s] = (uint16_t)(seq + 1 + (rnd(w, 2000) == 0 ? rnd(w, 20000) : rnd(w, 30) == 0));
    if (!sent || rnd(w, 20) == 0)
        return;
    hold(w, &k, rtcp);
    if (rnd(w, 20) == 0)
        hold(w, &k, rtcp);
}

/* ---- Arriving ---- */

static void arrive(struct world *w, struct held *h)
{
    struct packet theirs = h->k, mine = h->k;
    int n = (int)theirs.n;
    srtp_err_status_t s = h->rtcp ? w->o.unprotect_rtcp(w->their_in, theirs.p, &n)
                                  : w->o.unprotect(w->their_in, theirs.p, &n);
    enum srtp_result r = h->rtcp ? srtp_unprotect_rtcp(w->in, mine.p, &mine.n)
                                 : srtp_unprotect(w->in, mine.p, &mine.n);
    w->verdicts[r]++;
    h->due = 0;
    if (h->damaged) {
        assert_int_not_equal(r, SRTP_OK);
        assert_int_not_equal(s, srtp_err_status_ok);
        return;
    }
    assert_int_equal(r, verdict_of(s));
    if (r != SRTP_OK)
        return;
    assert_int_equal(mine.n, n);
    assert_memory_equal(mine.p, theirs.p, mine.n);
}

static void reload(struct world *w, struct srtp **s)
{
    static uint8_t record[20000];
    size_t n = srtp_save(*s, record, sizeof record);
    assert_int_equal(n, srtp_save_size(*s));
    srtp_free(*s);
    assert_int_equal(srtp_load(s, record, n), ERR_OK);
    w->reloads++;
}

static void begin(struct world *w, enum srtp_profile p, uint32_t seed)
{
    uint8_t key[SRTP_KEY_MAX], salt[SRTP_SALT_MAX];
    w->x = seed * 2654435761u | 1;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)rnd(w, 256);
    for (size_t i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)rnd(w, 256);
    w->out = srtp_new(p, SRTP_OUT, key, salt, SSRCS);
    w->in = srtp_new(p, SRTP_IN, key, salt, SSRCS + 1); /* a damaged SSRC still has a place */
    w->their_out = oracle_new(&w->o, p, SRTP_OUT, key, salt);
    w->their_in = oracle_new(&w->o, p, SRTP_IN, key, salt);
    assert_non_null(w->out);
    assert_non_null(w->in);
    assert_non_null(w->their_out);
    assert_non_null(w->their_in);
    for (unsigned s = 0; s < SSRCS; s++) {
        assert_int_equal(srtp_add(w->out, 0x1000 + s), ERR_OK);
        srtp_window_mark(&srtp_find(w->out, 0x1000 + s)->rtcp, 0); /* theirs begin with 1 */
        w->seq[s] = (uint16_t)(64700 + s * 300);
    }
}

static void end(struct world *w)
{
    srtp_free(w->out);
    srtp_free(w->in);
    w->o.dealloc(w->their_out);
    w->o.dealloc(w->their_in);
}

static unsigned from_env(const char *name, unsigned otherwise)
{
    const char *v = getenv(name);
    return v ? (unsigned)strtoul(v, NULL, 10) : otherwise;
}

static void run(struct world *w, enum srtp_profile p, unsigned packets)
{
    begin(w, p, from_env("SRTP_SEED", 1) + p);
    memset(w->held, 0, HELD * sizeof *w->held);
    for (w->now = 1; w->now <= packets; w->now++) {
        send_one(w);
        /* A look at some of the places each time, so that nothing is due for long. */
        for (unsigned i = 0; i < 64; i++) {
            struct held *h = &w->held[(w->now * 64 + i) % HELD];
            if (h->due && h->due <= w->now)
                arrive(w, h);
        }
        if (w->now % RELOAD_EVERY == 0) {
            reload(w, &w->in);
            reload(w, &w->out);
        }
    }
    uint64_t wraps = 0;
    for (unsigned s = 0; s < SSRCS; s++)
        wraps += srtp_find(w->in, 0x1000 + s)->rtp.next >> 16;
    printf("profile %u: %u packets, %lu ok, %lu replays, %lu old, %lu not authentic, %lu reloads, "
           "%lu wraps\n",
           p, packets, w->verdicts[SRTP_OK], w->verdicts[SRTP_E_REPLAY], w->verdicts[SRTP_E_OLD],
           w->verdicts[SRTP_E_AUTH], w->reloads, (unsigned long)wraps);
    assert_true(w->verdicts[SRTP_OK] > packets / 2);
    assert_true(w->verdicts[SRTP_E_REPLAY] > packets / 200);
    assert_true(w->verdicts[SRTP_E_OLD] > packets / 5000);
    assert_true(w->verdicts[SRTP_E_AUTH] > packets / 200);
    assert_true(wraps >= SSRCS);
    end(w);
}

static void test_same_as_theirs(void **state)
{
    (void)state;
    struct world w = {.held = calloc(HELD, sizeof *w.held)};
    unsigned all = from_env("SRTP_PACKETS", SLOW == 1 ? 1000000 : 200000 / SLOW_ALONE);
    unsigned packets = all / ARRAY_LEN(all_profiles);
    assert_true(oracle_open(&w.o));
    for (unsigned i = 0; i < ARRAY_LEN(all_profiles); i++) {
        memset(w.verdicts, 0, sizeof w.verdicts);
        w.reloads = 0;
        run(&w, all_profiles[i], packets);
    }
    free(w.held);
    assert_int_equal(w.o.shutdown(), srtp_err_status_ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
