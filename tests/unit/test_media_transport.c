/* A peer connection's transport on virtual time: ICE, a handshake that the test plays, SRTP with a real client's keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ice_check.h"
#include "media/transport.h"
#include "proto/rtp.h"

#define OURS   "0Aabcdef"
#define SECRET "abcdefghijklmnopqrstuvwx"
#define THEIRS "xyzt"

enum { S = 1000000, LAST = 4, SSRC = 77, OUT_SSRC = 99 };

struct world {
    struct transport *t;
    int64_t now;
    struct srtp *in, *out; /* the client's */
    uint8_t material[SRTP_MATERIAL_MAX], print[32];
    struct tuple paths[32];
    unsigned n_paths;
    struct {
        uint8_t bytes[1500];
        size_t n;
        struct tuple to;
    } sent[LAST];
    unsigned n_sent, n_dtls, n_rtp, n_rtcp, states;
    uint8_t got[1500];
    size_t got_n;
};

/* ---- What the transport does to the world ---- */

static void on_send(void *ctx, const struct tuple *to, const struct datagram *d, unsigned flags)
{
    struct world *w = ctx;
    unsigned i = w->n_sent++ % LAST;
    (void)flags;
    assert_true(d->nhead == 0 && d->pad == 0 && d->ndata <= sizeof w->sent[i].bytes);
    memcpy(w->sent[i].bytes, d->data, d->ndata);
    w->sent[i].n = d->ndata;
    w->sent[i].to = *to;
}

static void on_dtls(void *ctx, const uint8_t *p, size_t n)
{
    struct world *w = ctx;
    (void)p, (void)n;
    w->n_dtls++;
}

static void on_path(void *ctx, const struct tuple *at, bool is_ours)
{
    struct world *w = ctx;
    for (unsigned i = 0; i < w->n_paths; i++) {
        if (memcmp(&w->paths[i], at, sizeof *at) == 0) {
            assert_false(is_ours); /* told once */
            w->paths[i] = w->paths[--w->n_paths];
            return;
        }
    }
    assert_true(is_ours);
    w->paths[w->n_paths++] = *at;
}

static void keep(struct world *w, const uint8_t *p, size_t n)
{
    memcpy(w->got, p, n);
    w->got_n = n;
}

static void on_rtp(void *ctx, int64_t now_us, uint8_t *p, size_t n)
{
    struct world *w = ctx;
    assert_int_equal(now_us, w->now);
    w->n_rtp++;
    keep(w, p, n);
}

static void on_rtcp(void *ctx, int64_t now_us, const uint8_t *p, size_t n)
{
    struct world *w = ctx;
    assert_int_equal(now_us, w->now);
    w->n_rtcp++;
    keep(w, p, n);
}

static void on_state(void *ctx, enum transport_state s)
{
    struct world *w = ctx;
    w->states |= 1u << s;
}

static const struct transport_ops ops = {on_send, on_dtls, on_path, on_rtp, on_rtcp, on_state};

/* ---- The client ---- */

static struct tuple path(uint8_t host)
{
    struct tuple t;
    memset(&t, 0, sizeof t);
    t.peer = addr_ip4(192, 0, 2, host, 5000);
    t.local = addr_ip4(198, 51, 100, 1, 3478);
    return t;
}

static enum ice_verdict check(struct world *w, uint8_t host, bool use)
{
    uint8_t in[ICE_CHECK_MAX];
    struct stun_msg m;
    struct tuple from = path(host);
    assert_int_equal(stun_parse(&m, in, ice_check(in, OURS ":" THEIRS, SECRET, use)), STUN_OK);
    return transport_stun(w->t, w->now, &from, &m);
}

static void give(struct world *w, uint8_t host, uint8_t *p, size_t n)
{
    struct tuple from = path(host);
    transport_input(w->t, w->now, &from, p, n, n);
}

static void dtls(struct world *w, uint8_t host)
{
    uint8_t hello[40] = {22, 254, 253};
    give(w, host, hello, sizeof hello);
}

static struct transport_conf conf(struct world *w)
{
    struct transport_conf c = {.ufrag = STR(OURS),
                               .pwd = STR(SECRET),
                               .remote_ufrag = STR(THEIRS),
                               .fingerprint_n = sizeof w->print,
                               .fingerprint_hash = 5,
                               .in_streams = 8,
                               .out_streams = 8};
    memcpy(c.fingerprint, w->print, sizeof w->print);
    return c;
}

static void begin(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->now = 1000 * S;
    for (unsigned i = 0; i < sizeof w->material; i++)
        w->material[i] = (uint8_t)(i * 7);
    memset(w->print, 0xAB, sizeof w->print);
    struct transport_conf c = conf(w);
    w->t = transport_new(&c, &ops, w, w->now);
    assert_non_null(w->t);
    assert_int_equal(transport_fingerprint_hash(w->t), 5);
}

static void done(struct world *w, enum srtp_profile p)
{
    transport_dtls_done(w->t, p, w->material, w->print, sizeof w->print);
}

static void open_it(struct world *w)
{
    begin(w);
    assert_int_equal(check(w, 1, true), ICE_ANSWERED);
    dtls(w, 1);
    done(w, SRTP_AEAD_AES_128_GCM);
    assert_int_equal(transport_state(w->t), TRANSPORT_OPEN);
    assert_int_equal(srtp_pair(SRTP_AEAD_AES_128_GCM, w->material, false, 8, 8, &w->in, &w->out),
                     ERR_OK);
    assert_int_equal(srtp_add(w->out, SSRC), ERR_OK);
    assert_int_equal(srtp_add(transport_out(w->t), OUT_SSRC), ERR_OK);
}

static void end(struct world *w)
{
    transport_free(w->t);
    assert_int_equal(w->n_paths, 0); /* all were given back */
    srtp_free(w->in);
    srtp_free(w->out);
}

static size_t packet(uint8_t *p, size_t cap, uint32_t ssrc, uint16_t seq)
{
    struct rtp r = {.ssrc = ssrc, .seq = seq, .pt = 111, .timestamp = seq * 960u};
    size_t n = rtp_put_head(p, cap, &r, NULL);
    memset(p + n, (int)seq & 0xFF, 100);
    return n + 100;
}

static void media(struct world *w, uint8_t host, uint16_t seq)
{
    uint8_t p[1500];
    size_t n = packet(p, sizeof p, SSRC, seq);
    assert_int_equal(srtp_protect(w->out, p, &n, sizeof p), SRTP_OK);
    give(w, host, p, n);
}

/* From the server to the client, whose keys open it. */
static void answer(struct world *w, uint16_t seq, uint8_t to)
{
    uint8_t p[1500], clear[1500];
    size_t n = packet(p, sizeof p, OUT_SSRC, seq),
           clear_n = packet(clear, sizeof clear, OUT_SSRC, seq);
    assert_int_equal(srtp_protect(transport_out(w->t), p, &n, sizeof p), SRTP_OK);
    unsigned before = w->n_sent;
    assert_true(transport_send(w->t, p, n));
    assert_int_equal(w->n_sent, before + 1);
    assert_int_equal(w->sent[before % LAST].to.peer.ip[3], to);
    assert_int_equal(srtp_unprotect(w->in, p, &n), SRTP_OK);
    assert_int_equal(n, clear_n);
    assert_memory_equal(p, clear, n);
}

/* ---- Tests ---- */

static void it_opens_step_by_step(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    assert_int_equal(transport_state(w.t), TRANSPORT_NEW);
    assert_null(transport_out(w.t));
    check(&w, 1, true);
    assert_int_equal(w.n_paths, 1);
    assert_int_equal(w.n_sent, 1);
    assert_int_equal(transport_state(w.t), TRANSPORT_CHECKED);
    dtls(&w, 1);
    assert_int_equal(w.n_dtls, 1);
    assert_int_equal(transport_state(w.t), TRANSPORT_SHAKING);
    done(&w, SRTP_AEAD_AES_128_GCM);
    assert_int_equal(transport_state(w.t), TRANSPORT_OPEN);
    assert_int_equal(w.states,
                     1u << TRANSPORT_CHECKED | 1u << TRANSPORT_SHAKING | 1u << TRANSPORT_OPEN);
    end(&w);
}

static void nobody_gets_dtls_or_media_in_without_a_check(void **state)
{
    (void)state;
    struct world w;
    uint8_t junk[20] = {0xC8}, rtp[40] = {0x80, 111};
    begin(&w);
    dtls(&w, 1);
    assert_int_equal(w.n_dtls, 0);
    assert_int_equal(transport_stats(w.t)->drops[TRANSPORT_DROP_PATH], 1);
    check(&w, 1, true);
    dtls(&w, 2);
    assert_int_equal(w.n_dtls, 0);
    assert_int_equal(transport_state(w.t), TRANSPORT_CHECKED);
    give(&w, 1, rtp, sizeof rtp);
    assert_int_equal(transport_stats(w.t)->drops[TRANSPORT_DROP_EARLY], 1);
    give(&w, 1, junk, sizeof junk);
    assert_int_equal(transport_stats(w.t)->drops[TRANSPORT_DROP_KIND], 1);
    done(&w, SRTP_AEAD_AES_128_GCM); /* nobody has begun */
    assert_int_equal(transport_state(w.t), TRANSPORT_CHECKED);
    end(&w);
}

static void media_goes_both_ways_and_forgeries_nowhere(void **state)
{
    (void)state;
    struct world w;
    uint8_t forged[150];
    open_it(&w);
    media(&w, 1, 5);
    assert_int_equal(w.n_rtp, 1);
    assert_int_equal(w.got_n, 112);
    answer(&w, 9, 1);
    size_t n = packet(forged, sizeof forged, SSRC, 6);
    give(&w, 1, forged, n + 16);
    assert_int_equal(w.n_rtp, 1);
    assert_int_equal(transport_stats(w.t)->drops[TRANSPORT_DROP_SRTP], 1);
    assert_int_equal(transport_srtp_counts(w.t, SRTP_IN)->rtp[SRTP_E_AUTH], 1);
    end(&w);
}

static void rtcp_goes_both_ways(void **state)
{
    (void)state;
    struct world w;
    static const uint8_t plain[12] = {0x81, 206,  0, 2, 0, 0,
                                      0,    SSRC, 0, 0, 0, OUT_SSRC}; /* a PLI */
    uint8_t p[256], ours[sizeof plain], long_one[TRANSPORT_RTCP_MAX + 4] = {0};
    size_t n = sizeof plain;
    open_it(&w);
    memcpy(p, plain, n);
    assert_int_equal(srtp_protect_rtcp(w.out, p, &n, sizeof p), SRTP_OK);
    give(&w, 1, p, n);
    assert_int_equal(w.n_rtcp, 1);
    assert_memory_equal(w.got, plain, sizeof plain);
    assert_false(transport_send_rtcp(w.t, plain, sizeof plain)); /* from an SSRC that isn't ours */
    memcpy(ours, plain, sizeof plain);
    ours[7] = OUT_SSRC;
    assert_true(transport_send_rtcp(w.t, ours, sizeof ours));
    unsigned last = (w.n_sent - 1) % LAST;
    n = w.sent[last].n;
    assert_int_equal(srtp_unprotect_rtcp(w.in, w.sent[last].bytes, &n), SRTP_OK);
    assert_int_equal(n, sizeof plain);
    assert_memory_equal(w.sent[last].bytes, ours, n);
    assert_false(transport_send_rtcp(w.t, long_one, sizeof long_one));
    end(&w);
}

static void a_train_is_taken_packet_by_packet(void **state)
{
    (void)state;
    struct world w;
    uint8_t train[4000];
    size_t n = 0, one = 0;
    struct tuple from = path(1);
    open_it(&w);
    for (uint16_t i = 0; i < 3; i++) {
        one = packet(train + n, 200, SSRC, (uint16_t)(20 + i));
        assert_int_equal(srtp_protect(w.out, train + n, &one, 200), SRTP_OK);
        n += one;
    }
    transport_input(w.t, w.now, &from, train, n, one);
    assert_int_equal(w.n_rtp, 3);
    transport_input(w.t, w.now, &from, train, n, 0); /* no size is no train: bytes, and no harm */
    assert_int_equal(w.n_rtp, 3);
    end(&w);
}

static void another_certificate_ends_it(void **state)
{
    (void)state;
    struct world w;
    for (int i = 0; i < 2; i++) {
        begin(&w);
        check(&w, 1, true);
        dtls(&w, 1);
        w.print[31] ^= 1;
        transport_dtls_done(w.t, SRTP_AEAD_AES_128_GCM, w.material, w.print,
                            i ? 0 : sizeof w.print);
        assert_int_equal(transport_state(w.t), TRANSPORT_ENDED);
        assert_int_equal(transport_why(w.t), TRANSPORT_FINGERPRINT);
        assert_null(transport_out(w.t));
        assert_int_equal(transport_deadline(w.t), INT64_MAX);
        assert_int_equal(check(&w, 1, true), ICE_SILENT);
        dtls(&w, 1);
        assert_int_equal(w.n_dtls, 1);
        assert_int_equal(transport_stats(w.t)->drops[TRANSPORT_DROP_LATE], 2);
        end(&w);
    }
}

static void no_profile_in_common_ends_it(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    check(&w, 1, true);
    dtls(&w, 1);
    done(&w, SRTP_NONE);
    assert_int_equal(transport_why(w.t), TRANSPORT_PROFILE);
    end(&w);
    begin(&w);
    check(&w, 1, true);
    dtls(&w, 1);
    transport_dtls_failed(w.t);
    assert_int_equal(transport_why(w.t), TRANSPORT_REFUSED);
    end(&w);
}

static void deadlines(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.now = transport_deadline(w.t);
    assert_int_equal(w.now, 1030 * (int64_t)S);
    transport_tick(w.t, w.now);
    assert_int_equal(transport_why(w.t), TRANSPORT_NO_CONSENT);
    end(&w);
    begin(&w);
    check(&w, 1, true);
    w.now += S;
    dtls(&w, 1);
    w.now += S;
    dtls(&w, 1); /* does not put it off */
    assert_int_equal(transport_deadline(w.t), 1011 * (int64_t)S);
    transport_tick(w.t, 1011 * (int64_t)S - 1);
    assert_int_equal(transport_state(w.t), TRANSPORT_SHAKING);
    transport_tick(w.t, 1011 * (int64_t)S);
    assert_int_equal(transport_state(w.t), TRANSPORT_ENDED);
    assert_int_equal(transport_why(w.t), TRANSPORT_TIMEOUT);
    end(&w);
}

static void a_handshake_goes_on_by_another_path(void **state)
{
    (void)state;
    struct world w;
    uint8_t flight[30] = {22};
    begin(&w);
    check(&w, 1, true);
    check(&w, 2, false);
    dtls(&w, 1);
    transport_dtls_send(w.t, flight, sizeof flight);
    assert_int_equal(w.sent[(w.n_sent - 1) % LAST].to.peer.ip[3], 1);
    dtls(&w, 2);
    transport_dtls_send(w.t, flight, sizeof flight);
    assert_int_equal(w.sent[(w.n_sent - 1) % LAST].to.peer.ip[3], 2);
    struct tuple gone = path(2);
    transport_hangup(w.t, &gone);
    assert_int_equal(w.n_paths, 1);
    transport_dtls_send(w.t, flight, sizeof flight);
    assert_int_equal(w.sent[(w.n_sent - 1) % LAST].to.peer.ip[3], 1);
    gone = path(1);
    transport_hangup(w.t, &gone);
    unsigned before = w.n_sent;
    transport_dtls_send(w.t, flight, sizeof flight);
    assert_int_equal(w.n_sent, before);
    end(&w);
}

static void media_follows_the_client(void **state)
{
    (void)state;
    struct world w;
    open_it(&w);
    check(&w, 2, false);
    answer(&w, 1, 1);
    w.now += 2 * S;
    media(&w, 2, 1);
    answer(&w, 2, 2);
    struct tuple gone = path(2);
    transport_hangup(w.t, &gone);
    answer(&w, 3, 1);
    gone = path(1);
    transport_hangup(w.t, &gone);
    assert_false(transport_send(w.t, "x", 1));
    assert_false(transport_send_rtcp(w.t, (const uint8_t *)"xxxx", 4));
    assert_int_equal(check(&w, 3, false), ICE_ANSWERED);
    answer(&w, 4, 3);
    end(&w);
}

static void a_restart_changes_names_only(void **state)
{
    (void)state;
    struct world w;
    open_it(&w);
    assert_true(transport_is_of(w.t, STR(THEIRS)));
    assert_false(transport_is_of(w.t, STR("new")));
    assert_true(transport_restart(w.t, STR("0Azzzzzz"), STR(SECRET), STR("new")));
    assert_true(transport_is_of(w.t, STR("new")));
    assert_int_equal(transport_state(w.t), TRANSPORT_OPEN);
    media(&w, 1, 1);
    assert_int_equal(w.n_rtp, 1);
    answer(&w, 1, 1);
    end(&w);
}

static void a_saved_one_goes_on_elsewhere(void **state)
{
    (void)state;
    struct world w;
    struct buf b;
    struct transport *fresh = NULL;
    open_it(&w);
    check(&w, 2, false);
    media(&w, 1, 65530);
    answer(&w, 65530, 1);
    media(&w, 1, 3); /* the counter has rolled over */
    answer(&w, 3, 1);
    w.now += 3 * S;
    buf_init(&b, 1 << 20);
    assert_true(transport_save(w.t, w.now, &b));
    transport_free(w.t);
    assert_int_equal(w.n_paths, 0);
    w.now = 5 * S; /* another machine's clock */
    assert_int_equal(transport_load(&fresh, &ops, &w, w.now, buf_data(&b), buf_len(&b)), ERR_OK);
    w.t = fresh;
    assert_int_equal(w.n_paths, 2);
    assert_int_equal(transport_deadline(w.t), 32 * (int64_t)S);
    unsigned before = w.n_rtp;
    media(&w, 1, 4);
    assert_int_equal(w.n_rtp, before + 1);
    answer(&w, 4, 1);
    assert_int_equal(check(&w, 2, true), ICE_ANSWERED);
    answer(&w, 5, 2);
    buf_free(&b);
    end(&w);
}

static void what_is_no_record_is_refused(void **state)
{
    (void)state;
    struct world w;
    struct buf b;
    struct transport *fresh = NULL;
    begin(&w);
    buf_init(&b, 1 << 20);
    assert_false(transport_save(w.t, w.now, &b)); /* not open */
    end(&w);
    open_it(&w);
    assert_true(transport_save(w.t, w.now, &b));
    size_t n = buf_len(&b);
    uint8_t *p = malloc(n + 1);
    memcpy(p, buf_data(&b), n);
    for (size_t i = 0; i < n; i++)
        assert_int_not_equal(transport_load(&fresh, &ops, &w, w.now, p, i), ERR_OK);
    assert_int_equal(transport_load(&fresh, &ops, &w, w.now, p, n + 1), ERR_SYNTAX);
    p[0] = 99;
    assert_int_equal(transport_load(&fresh, &ops, &w, w.now, p, n), ERR_UNSUPPORTED);
    free(p);
    buf_free(&b);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_step_by_step),
        cmocka_unit_test(nobody_gets_dtls_or_media_in_without_a_check),
        cmocka_unit_test(media_goes_both_ways_and_forgeries_nowhere),
        cmocka_unit_test(rtcp_goes_both_ways),
        cmocka_unit_test(a_train_is_taken_packet_by_packet),
        cmocka_unit_test(another_certificate_ends_it),
        cmocka_unit_test(no_profile_in_common_ends_it),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(a_handshake_goes_on_by_another_path),
        cmocka_unit_test(media_follows_the_client),
        cmocka_unit_test(a_restart_changes_names_only),
        cmocka_unit_test(a_saved_one_goes_on_elsewhere),
        cmocka_unit_test(what_is_no_record_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
