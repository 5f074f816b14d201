#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/hash.h"
#include "io/census.h"
#include "io/seam.h"
#include "io/stream.h"
#include "io_peer.h"

/* ---- A user of streams that can do everything the tests need ---- */

struct host {
    struct stream *s;
    uint8_t *in; /* everything taken */
    size_t in_len, in_cap;
    const uint8_t *out; /* to be sent */
    size_t out_len, out_at;
    size_t take_max; /* takes at most so many bytes at once; 0 = all */
    int pause_every; /* pauses after so many on_data */
    unsigned datas, writables, opens, eofs, lates, closed;
    enum stream_why why;
    bool shutdown_when_sent, stay_on_eof;
};

static size_t host_data(struct stream *s, const uint8_t *p, size_t n)
{
    struct host *h = s->ctx;
    assert_true(n > 0);
    h->datas++;
    if (h->take_max != 0 && n > h->take_max)
        n = h->take_max;
    if (h->in_len + n > h->in_cap) {
        h->in_cap = 2 * (h->in_len + n);
        h->in = realloc(h->in, h->in_cap);
    }
    memcpy(h->in + h->in_len, p, n);
    h->in_len += n;
    if (h->pause_every != 0 && h->datas % (unsigned)h->pause_every == 0)
        stream_pause(s);
    return n;
}

static void host_writable(struct stream *s)
{
    struct host *h = s->ctx;
    h->writables++;
    struct iovec v[3];
    size_t left = h->out_len - h->out_at, third = left / 3;
    uint8_t *p = (uint8_t *)h->out + h->out_at;
    v[0] = (struct iovec){p, third};
    v[1] = (struct iovec){p + third, 0};
    v[2] = (struct iovec){p + third, left - third};
    ssize_t n = stream_writev(s, v, 3);
    if (n > 0)
        h->out_at += (size_t)n;
    if (n >= 0 && h->out_at == h->out_len && h->shutdown_when_sent)
        stream_shutdown(s);
}

static void host_open(struct stream *s)
{
    ((struct host *)s->ctx)->opens++;
}

static void host_eof(struct stream *s)
{
    ((struct host *)s->ctx)->eofs++;
}

static void host_late(struct stream *s, int64_t now_us)
{
    (void)now_us;
    ((struct host *)s->ctx)->lates++;
}

static void host_closed(struct stream *s, enum stream_why why)
{
    struct host *h = s->ctx;
    assert_int_equal(h->closed, 0);
    h->closed++;
    h->why = why;
    h->s = NULL;
}

static const struct stream_user host_user = {
    .name = "host",
    .on_open = host_open,
    .on_data = host_data,
    .on_writable = host_writable,
    .on_closed = host_closed,
};
static const struct stream_user half_user = {
    .name = "half",
    .on_data = host_data,
    .on_eof = host_eof,
    .on_writable = host_writable,
    .on_deadline = host_late,
    .on_closed = host_closed,
};

/* ---- Both ends ---- */

struct both {
    struct loop *l;
    struct host h;
    struct peer p;
    struct tls_ctx *tls;
};

static const struct addr nobody = {.family = 0};

static void both_open(struct both *b, bool tls, const struct stream_user *user)
{
    int sv[2];
    memset(b, 0, sizeof *b);
    b->l = loop_new(NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv), 0);
    if (tls)
        b->tls = peer_server_ctx();
    peer_init(&b->p, sv[1], tls);
    b->h.s = stream_new(b->l, sv[0], &nobody, &nobody, b->tls, NULL, user, &b->h);
    assert_non_null(b->h.s);
    if (tls) {
        peer_shake(&b->p, b->l);
        assert_true(b->p.shaken);
        PUMP_UNTIL(b->l, stream_open(b->h.s));
    }
}

static void both_close(struct both *b)
{
    if (b->h.s != NULL) {
        stream_close(b->h.s, STREAM_DRAIN);
        loop_round(b->l, 0);
    }
    assert_int_equal(b->h.closed, 1);
    assert_int_equal(count_get(loop_counts(b->l), COUNT_CONNS), 0);
    peer_close(&b->p);
    tls_ctx_unref(b->tls);
    loop_free(b->l);
    free(b->h.in);
}

static uint8_t *pattern(size_t n)
{
    uint8_t *p = malloc(n);
    uint32_t x = 12345;
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
    return p;
}

/* The peer reads until it has n bytes, in odd portions. */
static void peer_expects(struct both *b, const uint8_t *want, size_t n)
{
    uint8_t *got = malloc(n + 1);
    size_t have = 0, portion = 1;
    int64_t until = clock_mono_us() + PATIENCE_US;
    while (have < n && clock_mono_us() < until) {
        size_t ask = portion % 70000 + 1 < n - have ? portion % 70000 + 1 : n - have;
        have += peer_read(&b->p, got + have, ask);
        portion = portion * 7 + 3;
        loop_round(b->l, 0);
    }
    assert_int_equal(have, n);
    assert_memory_equal(got, want, n);
    free(got);
}

static void peer_sends(struct both *b, const uint8_t *p, size_t n)
{
    size_t at = 0, portion = 5;
    int64_t until = clock_mono_us() + PATIENCE_US;
    while ((at < n || b->h.in_len < n) && clock_mono_us() < until && b->h.closed == 0) {
        if (at < n)
            at += peer_write(&b->p, p + at,
                             portion % 50000 + 1 < n - at ? portion % 50000 + 1 : n - at);
        portion = portion * 5 + 1;
        loop_round(b->l, 0);
        if (b->h.s != NULL && b->h.s->paused)
            stream_resume(b->h.s);
    }
    assert_int_equal(b->h.in_len, n);
    assert_memory_equal(b->h.in, p, n);
}

/* ---- Data ---- */

enum { MUCH = 3 << 20 };

static void much_goes_out_and_comes_in(void **state)
{
    (void)state;
    uint8_t *data = pattern(MUCH);
    for (int tls = 0; tls < 2; tls++) {
        struct both b;
        both_open(&b, tls, &host_user);
        b.h.out = data;
        b.h.out_len = MUCH;
        stream_want_write(b.h.s);
        stream_want_write(b.h.s);
        peer_expects(&b, data, MUCH);
        b.h.pause_every = 3;
        b.h.take_max = 40000; /* leaves some lying most of the time */
        peer_sends(&b, data, MUCH);
        both_close(&b);
    }
    free(data);
}

static void faults_lose_nothing(void **state)
{
    (void)state;
    uint8_t *data = pattern(MUCH);
    uint64_t writes = 0, reads = 0;
    for (unsigned seed = 1; seed <= 6; seed++) {
        struct both b;
        both_open(&b, seed % 2, &host_user);
        seam_seed(seed);
        seam_rule(SEAM_WRITEV, EAGAIN, 100000);
        seam_rule(SEAM_WRITEV, ENOBUFS, 20000);
        seam_rule(SEAM_WRITEV, SEAM_SHORT, 300000);
        seam_rule(SEAM_READ, EAGAIN, 100000);
        seam_rule(SEAM_READ, EINTR, 50000);
        seam_rule(SEAM_READ, SEAM_SHORT, 300000);
        b.h.out = data;
        b.h.out_len = MUCH;
        stream_want_write(b.h.s);
        peer_expects(&b, data, MUCH);
        b.h.pause_every = 5;
        peer_sends(&b, data, MUCH);
        writes += seam_injected(SEAM_WRITEV);
        reads += seam_injected(SEAM_READ);
        assert_true(count_get(loop_counts(b.l), COUNT_STREAM_SEND_AGAIN) > 0);
        seam_disarm();
        both_close(&b);
    }
    assert_true(writes > 100 && reads > 100);
    free(data);
}

static void an_error_while_sending_ends_it_with_its_reason(void **state)
{
    static const struct {
        int err;
        enum stream_why why;
    } cases[] = {{ECONNRESET, STREAM_RESET}, {EPIPE, STREAM_RESET}, {EIO, STREAM_ERROR}};
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct both b;
        both_open(&b, i % 2, &host_user);
        b.h.out = (const uint8_t *)"x";
        b.h.out_len = 1;
        seam_script(SEAM_WRITEV, cases[i / 2].err, 1);
        stream_want_write(b.h.s);
        PUMP_UNTIL(b.l, b.h.closed);
        assert_int_equal(b.h.why, cases[i / 2].why);
        assert_int_equal(count_get(loop_counts(b.l), COUNT_STREAM_SEND_OTHER), 1);
        seam_disarm();
        both_close(&b);
    }
}

static void many_messages_of_a_round_make_one_record(void **state)
{
    struct both b;
    struct iovec v[200];
    uint8_t data[200];
    (void)state;
    both_open(&b, true, &host_user);
    for (int i = 0; i < 200; i++) {
        data[i] = (uint8_t)i;
        v[i] = (struct iovec){&data[i], 1};
    }
    uint64_t before = count_get(loop_counts(b.l), COUNT_STREAM_BYTES_OUT);
    assert_int_equal(stream_writev(b.h.s, v, 200), 200);
    assert_true(count_get(loop_counts(b.l), COUNT_STREAM_BYTES_OUT) - before < 200 + 40);
    peer_expects(&b, data, 200);
    both_close(&b);
}

static void more_pieces_than_one_call_takes(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        enum { N = 3000 };
        struct both b;
        struct iovec v[N];
        uint8_t *data = pattern(N);
        both_open(&b, tls, &host_user);
        for (int i = 0; i < N; i++)
            v[i] = (struct iovec){&data[i], 1};
        size_t at = 0;
        while (at < N) {
            ssize_t n = stream_writev(b.h.s, v + at, (int)(N - at));
            assert_true(n > 0);
            at += (size_t)n;
        }
        peer_expects(&b, data, N);
        free(data);
        both_close(&b);
    }
}

/* ---- Ends ---- */

static void the_other_side_closes(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct both b;
        both_open(&b, tls, &host_user);
        peer_write(&b.p, "bye", 3);
        if (tls)
            SSL_shutdown(b.p.ssl);
        else
            shutdown(b.p.fd, SHUT_WR);
        PUMP_UNTIL(b.l, b.h.closed);
        assert_int_equal(b.h.in_len, 3);
        assert_int_equal(b.h.why, STREAM_EOF);
        both_close(&b);

        both_open(&b, tls, &half_user); /* who has on_eof may go on writing */
        if (tls)
            SSL_shutdown(b.p.ssl);
        else
            shutdown(b.p.fd, SHUT_WR);
        PUMP_UNTIL(b.l, b.h.eofs);
        b.h.out = (const uint8_t *)"still here";
        b.h.out_len = 10;
        b.h.shutdown_when_sent = true;
        stream_want_write(b.h.s);
        peer_expects(&b, b.h.out, 10);
        PUMP_UNTIL(b.l, b.h.closed);
        assert_int_equal(b.h.why, STREAM_DONE);
        assert_int_equal(b.h.eofs, 1);
        both_close(&b);
    }
}

static void a_cut_without_goodbye_is_no_eof_inside_tls(void **state)
{
    struct both b;
    (void)state;
    both_open(&b, true, &half_user);
    shutdown(b.p.fd, SHUT_WR);
    PUMP_UNTIL(b.l, b.h.closed);
    assert_int_equal(b.h.why, STREAM_RESET);
    assert_int_equal(b.h.eofs, 0);
    both_close(&b);
}

static void shutdown_sends_everything_first(void **state)
{
    (void)state;
    uint8_t *data = pattern(MUCH);
    for (int tls = 0; tls < 2; tls++) {
        struct both b;
        uint8_t extra;
        both_open(&b, tls, &host_user);
        b.h.out = data;
        b.h.out_len = MUCH;
        b.h.shutdown_when_sent = true;
        stream_want_write(b.h.s);
        peer_expects(&b, data, MUCH);
        int64_t until = clock_mono_us() + PATIENCE_US;
        while (!b.p.eof && clock_mono_us() < until) {
            loop_round(b.l, 1000);
            assert_int_equal(peer_read(&b.p, &extra, 1), 0);
        }
        assert_true(b.p.eof);
        peer_write(&b.p, "ignored", 7);
        assert_int_equal(b.h.closed, 0); /* it waits for our end */
        shutdown(b.p.fd, SHUT_WR);
        PUMP_UNTIL(b.l, b.h.closed);
        assert_int_equal(b.h.why, STREAM_DONE);
        assert_int_equal(b.h.in_len, 0);
        both_close(&b);
    }
    free(data);
}

static void who_never_says_goodbye_is_waited_for_but_not_for_ever(void **state)
{
    struct both b;
    (void)state;
    both_open(&b, false, &host_user);
    int64_t t0 = stream_now(b.h.s); /* the round's time, which deadlines are counted from */
    stream_shutdown(b.h.s);
    PUMP_UNTIL(b.l, b.h.closed);
    assert_true(loop_now(b.l) - t0 >= STREAM_LINGER_MS * 1000);
    assert_int_equal(b.h.why, STREAM_DONE);
    both_close(&b);
}

static void deadlines_fire(void **state)
{
    struct both b;
    (void)state;
    both_open(&b, false, &host_user);
    int64_t t0 = stream_now(b.h.s);
    stream_deadline(b.h.s, t0 + 2000);
    stream_deadline(b.h.s, t0 + 10000);
    PUMP_UNTIL(b.l, b.h.closed);
    assert_true(loop_now(b.l) - t0 >= 10000);
    assert_int_equal(b.h.why, STREAM_TIMEOUT);
    both_close(&b);
    both_open(&b, false, &half_user);
    stream_deadline(b.h.s, stream_now(b.h.s) + 1000);
    PUMP_UNTIL(b.l, b.h.lates);
    assert_int_equal(b.h.closed, 0);
    both_close(&b);
}

static size_t take_nothing(struct stream *s, const uint8_t *p, size_t n)
{
    (void)s, (void)p, (void)n;
    return 0;
}

static void leaving_too_much_is_an_overflow(void **state)
{
    static const struct stream_user lazy = {
        .name = "lazy", .on_data = take_nothing, .on_closed = host_closed};
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct both b;
        uint8_t junk[4096] = {0};
        both_open(&b, tls, &host_user);
        stream_set_user(b.h.s, &lazy, &b.h);
        for (int i = 0; i < 1000 && b.h.closed == 0; i++) {
            peer_write(&b.p, junk, sizeof junk);
            loop_round(b.l, 0);
        }
        assert_int_equal(b.h.why, STREAM_OVERFLOW);
        both_close(&b);
    }
}

/* ---- TLS ---- */

static void handshake_survives_every_split(void **state)
{
    /* The client's flights go through memory and are sent byte by byte. */
    struct both b;
    int sv[2];
    uint8_t flight[8192];
    (void)state;
    memset(&b, 0, sizeof b);
    b.l = loop_new(NULL);
    b.tls = peer_server_ctx();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
    SSL *ssl = SSL_new(peer_client_ctx());
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    SSL_set_alpn_protos(ssl, (const unsigned char *)"\x02h2\x08http/1.1", 12);
    b.h.s = stream_new(b.l, sv[0], &nobody, &nobody, b.tls, NULL, &host_user, &b.h);
    b.h.out = (const uint8_t *)"early";
    b.h.out_len = 5;
    stream_want_write(b.h.s); /* waits for the end of the handshake */
    int64_t until = clock_mono_us() + PATIENCE_US;
    while (SSL_do_handshake(ssl) != 1 && clock_mono_us() < until) {
        int n = BIO_read(out, flight, sizeof flight);
        for (int i = 0; i < n; i++) {
            assert_int_equal(send(sv[1], flight + i, 1, 0), 1);
            loop_round(b.l, 0);
        }
        ssize_t r = recv(sv[1], flight, sizeof flight, 0);
        for (ssize_t i = 0; i < r; i++)
            BIO_write(in, flight + i, 1);
    }
    int n = BIO_read(out, flight, sizeof flight); /* Finished */
    assert_true(n > 0);
    assert_int_equal(send(sv[1], flight, (size_t)n, 0), n);
    PUMP_UNTIL(b.l, b.h.opens);
    char alpn[32];
    stream_alpn(b.h.s, alpn, sizeof alpn);
    assert_string_equal(alpn, "http/1.1");
    PUMP_UNTIL(b.l, b.h.writables);
    ssize_t r = recv(sv[1], flight, sizeof flight, 0);
    assert_true(r > 0);
    BIO_write(in, flight, (int)r);
    char got[16] = "";
    assert_int_equal(SSL_read(ssl, got, sizeof got), 5);
    assert_string_equal(got, "early");
    SSL_free(ssl);
    b.p.fd = sv[1];
    both_close(&b);
}

static void noise_instead_of_a_handshake_fails(void **state)
{
    struct both b;
    int sv[2];
    (void)state;
    memset(&b, 0, sizeof b);
    b.l = loop_new(NULL);
    b.tls = peer_server_ctx();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
    b.h.s = stream_new(b.l, sv[0], &nobody, &nobody, b.tls, NULL, &host_user, &b.h);
    assert_int_equal(send(sv[1], "\x16\x03\x01\x00\x05hello", 10, 0), 10);
    PUMP_UNTIL(b.l, b.h.closed);
    assert_int_equal(b.h.why, STREAM_TLS_ERROR);
    assert_int_equal(b.h.opens, 0);
    uint8_t alert[16];
    assert_true(recv(sv[1], alert, sizeof alert, 0) >= 7);
    assert_int_equal(alert[0], 21);
    assert_int_equal(count_get(loop_counts(b.l), COUNT_TLS_FAILED), 1);
    peer_init(&b.p, sv[1], false);
    both_close(&b);
}

static void a_broken_record_ends_it(void **state)
{
    struct both b;
    (void)state;
    both_open(&b, true, &host_user);
    assert_int_equal(send(b.p.fd,
                          "\x17\x03\x03\x00\x20"
                          "0123456789abcdef0123456789abcdef",
                          37, 0),
                     37);
    PUMP_UNTIL(b.l, b.h.closed);
    assert_int_equal(b.h.why, STREAM_TLS_ERROR);
    both_close(&b);
}

static SSL_SESSION *saved;

/* One connection with the saved session; was it resumed? */
static bool resumes(struct tls_ctx *tls, int version)
{
    struct both b;
    int sv[2];
    memset(&b, 0, sizeof b);
    b.l = loop_new(NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
    peer_init(&b.p, sv[1], true);
    SSL_set_max_proto_version(b.p.ssl, version);
    if (saved != NULL)
        SSL_set_session(b.p.ssl, saved);
    b.tls = tls_ctx_ref(tls);
    b.h.s = stream_new(b.l, sv[0], &nobody, &nobody, tls, NULL, &host_user, &b.h);
    peer_shake(&b.p, b.l);
    assert_true(b.p.shaken);
    PUMP_UNTIL(b.l, b.h.opens);
    uint8_t x;
    peer_read(&b.p, &x, 1); /* the tickets of TLS 1.3 */
    bool resumed = SSL_session_reused(b.p.ssl);
    SSL_SESSION_free(saved);
    saved = SSL_get1_session(b.p.ssl);
    assert_int_equal(count_get(loop_counts(b.l), COUNT_TLS_RESUMED), resumed);
    both_close(&b);
    return resumed;
}

static void tickets_resume_and_rotate(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tls_ctx *tls = peer_server_ctx(), *next = peer_server_ctx();
        uint8_t key[3][TLS_TICKET_KEY_LEN];
        memset(key[0], 1, sizeof key[0]);
        memset(key[1], 2, sizeof key[1]);
        memset(key[2], 3, sizeof key[2]);
        tls_ctx_rotate_tickets(tls, key[0]);
        assert_false(resumes(tls, versions[i]));
        assert_true(resumes(tls, versions[i]));
        tls_ctx_rotate_tickets(tls, key[1]); /* the former one still counts */
        assert_true(resumes(tls, versions[i]));
        tls_ctx_adopt_tickets(next, tls); /* SIGHUP */
        assert_true(resumes(next, versions[i]));
        tls_ctx_rotate_tickets(next, key[2]);
        tls_ctx_rotate_tickets(next, key[0]);
        assert_false(resumes(next, versions[i])); /* two rotations ago */
        SSL_SESSION_free(saved);
        saved = NULL;
        tls_ctx_unref(tls);
        tls_ctx_unref(next);
    }
}

/* ---- From loop to loop ---- */

static size_t keep_and_detach(struct stream *s, const uint8_t *p, size_t n)
{
    struct stream_handover **h = s->ctx;
    (void)p;
    if (n >= 5)
        *h = stream_detach(s);
    return 0;
}

static void never_closed(struct stream *s, enum stream_why why)
{
    (void)s, (void)why;
    fail_msg("a stream that was given away must not be closed here");
}

static void a_stream_moves_with_the_bytes_in_hand(void **state)
{
    static const struct stream_user giver = {
        .name = "giver", .on_data = keep_and_detach, .on_closed = never_closed};
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct both b;
        struct stream_handover *h = NULL;
        struct census *census = census_new(10, 10);
        both_open(&b, tls, &host_user);
        struct loop *other = loop_new(NULL);
        stream_set_user(b.h.s, &giver, &h);
        peer_write(&b.p, "abc", 3);
        loop_round(b.l, 0);
        peer_write(&b.p, "de", 2);
        stream_deadline(b.h.s, stream_now(b.h.s) + 500000000);
        PUMP_UNTIL(b.l, h != NULL);
        loop_round(b.l, 0);
        assert_int_equal(h->nbytes, 5);
        assert_true(h->deadline_us > 0);
        peer_write(&b.p, "fg", 2); /* under way while nobody listens */
        census_enter(census, &h->peer);
        h->census = census;
        b.h.s = stream_attach(other, h, &host_user, &b.h);
        assert_non_null(b.h.s);
        assert_int_equal(b.h.s->tls, tls);
        PUMP_UNTIL(other, b.h.in_len == 7);
        assert_memory_equal(b.h.in, "abcdefg", 7);
        b.h.out = (const uint8_t *)"hello";
        b.h.out_len = 5;
        stream_want_write(b.h.s);
        PUMP_UNTIL(other, b.h.out_at == 5);
        peer_expects(&b, b.h.out, 5);
        stream_close(b.h.s, STREAM_DRAIN);
        loop_round(other, 0);
        assert_int_equal(census_total(census), 0);
        both_close(&b);
        loop_free(other);
        census_free(census);
    }
}

static void a_handover_that_nobody_wants_is_released(void **state)
{
    struct both b;
    struct stream_handover *h;
    struct census *census = census_new(10, 10);
    uint8_t x;
    (void)state;
    both_open(&b, true, &host_user);
    h = stream_detach(b.h.s);
    assert_non_null(h);
    census_enter(census, &h->peer);
    h->census = census;
    stream_handover_free(h);
    assert_int_equal(census_total(census), 0);
    assert_int_equal(peer_read(&b.p, &x, 1), 0);
    assert_true(b.p.failed || b.p.eof);
    b.h.s = NULL;
    b.h.closed = 1;
    loop_round(b.l, 0);
    both_close(&b);
    census_free(census);
}

/* ---- Memory ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED /* sanitizers have an allocator of their own */
static void idle_streams_are_small(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        enum { N = 200 };
        struct both b, many[N];
        uint8_t x[100];
        both_open(&b, tls, &host_user); /* what is allocated once */
        size_t before = mallinfo2().uordblks;
        for (int i = 0; i < N; i++) {
            int sv[2];
            memset(&many[i], 0, sizeof many[i]);
            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
            many[i].l = b.l;
            many[i].h.s =
                stream_new(b.l, sv[0], &nobody, &nobody, b.tls, NULL, &host_user, &many[i].h);
            peer_init(&many[i].p, sv[1], tls);
            if (tls) {
                peer_shake(&many[i].p, b.l);
                peer_read(&many[i].p, x, 1);
            }
            peer_write(&many[i].p, x, sizeof x);
            PUMP_UNTIL(b.l, many[i].h.in_len == sizeof x);
            SSL_free(many[i].p.ssl); /* the peer's memory is not ours */
            many[i].p.ssl = NULL;
            free(many[i].h.in);
        }
        size_t each = (mallinfo2().uordblks - before) / N;
        printf("idle %s stream: %zu bytes\n", tls ? "TLS" : "plain", each);
        assert_true(each <= (tls ? 15 * 1024 : 600));
        for (int i = 0; i < N; i++) {
            stream_close(many[i].h.s, STREAM_DRAIN);
            close(many[i].p.fd);
        }
        loop_round(b.l, 0);
        both_close(&b);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(much_goes_out_and_comes_in),
        cmocka_unit_test(faults_lose_nothing),
        cmocka_unit_test(an_error_while_sending_ends_it_with_its_reason),
        cmocka_unit_test(many_messages_of_a_round_make_one_record),
        cmocka_unit_test(more_pieces_than_one_call_takes),
        cmocka_unit_test(the_other_side_closes),
        cmocka_unit_test(a_cut_without_goodbye_is_no_eof_inside_tls),
        cmocka_unit_test(shutdown_sends_everything_first),
        cmocka_unit_test(who_never_says_goodbye_is_waited_for_but_not_for_ever),
        cmocka_unit_test(deadlines_fire),
        cmocka_unit_test(leaving_too_much_is_an_overflow),
        cmocka_unit_test(handshake_survives_every_split),
        cmocka_unit_test(noise_instead_of_a_handshake_fails),
        cmocka_unit_test(a_broken_record_ends_it),
        cmocka_unit_test(tickets_resume_and_rotate),
        cmocka_unit_test(a_stream_moves_with_the_bytes_in_hand),
        cmocka_unit_test(a_handover_that_nobody_wants_is_released),
#ifndef SANITIZED
        cmocka_unit_test(idle_streams_are_small),
#endif
    };
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's own socket BIO, on the client's side */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
