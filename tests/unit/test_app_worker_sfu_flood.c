/* Floods of whoever has no group, while two people talk: nothing of them stays in memory, little is answered, and
 * the talk goes on without a gap. */
#include <malloc.h>

#include "group_house.h"

enum { SOCKETS = 64, ROUNDS = 40, HALF_OPEN = 600, CONNECTIONS = 300, STREAMS = 40 };

struct talk {
    struct house h;
    struct client a, b;
    uint16_t seq;
    int fd[SOCKETS];
};

/* One packet through, behind whatever has come before. */
static void say(struct talk *t)
{
    uint8_t p[2048];
    client_talk(&t->a, ++t->seq);
    struct rtp r = client_hear(&t->b, p, sizeof p);
    assert_int_equal(r.ssrc, t->b.ssrc);
    assert_int_equal(p[r.head], (uint8_t)t->seq);
}

/* What others have sent may be looked at later than what the two say. */
static void say_until_counted(struct talk *t, enum count which, uint64_t n)
{
    for (int i = 0; i < PATIENCE && count_get(worker_counts(t->h.w), which) < n; i++)
        say(t);
    assert_true(count_get(worker_counts(t->h.w), which) >= n);
}

static void begin(struct talk *t)
{
    memset(t, 0, sizeof *t);
    open_house(&t->h);
    client_open(&t->a, &t->h, 1, true);
    client_open(&t->b, &t->h, 2, false);
    client_connect(&t->a);
    client_connect(&t->b);
    for (int i = 0; i < SOCKETS; i++)
        t->fd[i] = socket_to(&t->h);
    say(t);
}

static void end(struct talk *t)
{
    for (int i = 0; i < SOCKETS; i++)
        close(t->fd[i]);
    client_close(&t->a);
    client_close(&t->b);
    close_house(&t->h);
}

/* The same from everywhere, and a word of the two every now and then. */
static void flood(struct talk *t, const uint8_t *p, size_t n)
{
    for (int r = 0; r < ROUNDS; r++) {
        for (int i = 0; i < SOCKETS; i++)
            assert_true(send(t->fd[i], p, n, 0) > 0 || errno == EAGAIN);
        say(t);
    }
}

/* What comes back is no more than what was sent. */
static size_t answered(struct talk *t)
{
    uint8_t p[2048];
    size_t bytes = 0;
    for (int i = 0; i < SOCKETS; i++) {
        ssize_t n;
        while ((n = recv(t->fd[i], p, sizeof p, MSG_DONTWAIT)) > 0)
            bytes += (size_t)n;
    }
    return bytes;
}

/* In use after as before, but for what a talk itself keeps. */
static void expect_little(size_t before)
{
    size_t now = mallinfo2().uordblks;
    if (now > before + 65536)
        fail_msg("%zu bytes more than before", now - before);
}

static void checks_of_strangers_leave_nothing(void **state)
{
    (void)state;
    struct talk t;
    uint8_t p[ICE_CHECK_MAX];
    char name[64];
    begin(&t);
    /* Who knows a name, but no password; and names that nobody has. */
    snprintf(name, sizeof name, "%s:abcd", t.a.ufrag);
    size_t n = ice_check(p, name, "not the password of anybody", true);
    flood(&t, p, n);
    size_t before = mallinfo2().uordblks, had = answered(&t);
    assert_true(had <= (size_t)ROUNDS * SOCKETS * n);
    flood(&t, p, n);
    n = ice_check(p, "00nobody:abcd", "not the password of anybody", true);
    flood(&t, p, n);
    expect_little(before);
    assert_true(answered(&t) <= 2 * (size_t)ROUNDS * SOCKETS * n);
    end(&t);
}

static void handshakes_and_media_of_strangers_leave_nothing(void **state)
{
    (void)state;
    struct talk t;
    uint8_t hello[200] = {22, 0xFE, 0xFF}, media[1200] = {0x80, 111};
    begin(&t);
    flood(&t, hello, sizeof hello);
    size_t before = mallinfo2().uordblks;
    uint64_t lost = count_get(worker_counts(t.h.w), COUNT_DROP_UDP_MEDIA);
    flood(&t, hello, sizeof hello);
    flood(&t, media, sizeof media);
    expect_little(before);
    assert_int_equal(answered(&t), 0);
    assert_int_equal(count_get(worker_counts(t.h.w), COUNT_DROP_UDP_MEDIA) - lost,
                     ROUNDS * SOCKETS);
    end(&t);
}

/* People who were let in, and then begin handshakes that they do not end: more than there may be at once. */
static void handshakes_that_nobody_ends_are_bounded(void **state)
{
    (void)state;
    struct talk t;
    struct client *c = xcalloc(HALF_OPEN, sizeof *c);
    begin(&t);
    for (unsigned i = 0; i < HALF_OPEN; i++) {
        client_open(&c[i], &t.h, 100 + i, false);
        client_offer(&c[i], c[i].print);
        take_answer(&c[i]);
        client_check(&c[i]);
        if (i % 20 == 0)
            say(&t);
    }
    for (unsigned i = 0; i < HALF_OPEN; i++) {
        SSL_do_handshake(c[i].ssl);
        flush(&c[i]);
        if (i % 20 == 0)
            say(&t);
    }
    say_until_counted(&t, COUNT_DROP_DTLS_FULL, 1);
    for (unsigned i = 0; i < HALF_OPEN; i++)
        client_close(&c[i]);
    xfree(c);
    end(&t);
}

/* Connections that say nothing more are closed once there are too many; those of the talk are not. */
static void connections_are_bounded(void **state)
{
    (void)state;
    struct talk t;
    uint8_t part[12] = {0, 100, 0, 1, 0, 80, 0x21, 0x12, 0xA4, 0x42};
    int fd[CONNECTIONS];
    begin(&t);
    close(t.a.fd);
    t.a.fd = stream_to(&t.h, t.h.w);
    t.a.tcp = true;
    client_check(&t.a);
    for (int i = 0; i < CONNECTIONS; i++) {
        fd[i] = stream_to(&t.h, t.h.w);
        assert_true(send(fd[i], part, sizeof part, MSG_NOSIGNAL) > 0 || errno == EPIPE ||
                    errno == ECONNRESET);
        if (i % 10 == 0)
            say(&t);
    }
    say_until_counted(&t, COUNT_DROP_STUN_STREAM_CAP, CONNECTIONS - STREAMS);
    for (int i = 0; i < CONNECTIONS; i++)
        close(fd[i]);
    say(&t);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_of_strangers_leave_nothing),
        cmocka_unit_test(handshakes_and_media_of_strangers_leave_nothing),
        cmocka_unit_test(handshakes_that_nobody_ends_are_bounded),
        cmocka_unit_test(connections_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
