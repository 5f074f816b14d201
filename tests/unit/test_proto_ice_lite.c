/* ICE-lite (RFC 8445, RFC 7675) on virtual time, by checks as a browser makes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "proto/ice_lite.h"

#define OURS   "AB12cdEF"
#define SECRET "abcdefghijklmnopqrstuvwx"
#define THEIRS "xyzt"

enum { S = 1000000 };

struct world {
    struct ice_lite a;
    int64_t now;
    uint8_t out[STUN_MESSAGE_MAX];
    size_t n;
    struct stun_msg answer;
    uint8_t txid[STUN_TXID];
};

static struct tuple path(uint8_t host)
{
    struct tuple t;
    memset(&t, 0, sizeof t);
    t.peer = addr_ip4(192, 0, 2, host, 5000);
    t.local = addr_ip4(198, 51, 100, 1, 3478);
    t.transport = TUPLE_UDP;
    return t;
}

enum { USE = 1, CONTROLLED = 2, NO_NAME = 4, NO_INTEGRITY = 8, STRANGE = 16, INDICATION = 32 };

struct check {
    const char *name, *pwd;
    unsigned flags;
};

static enum ice_verdict ask(struct world *w, const struct tuple *from, struct check c)
{
    uint8_t in[512];
    struct stun_builder b;
    struct stun_msg m;
    w->txid[0]++;
    stun_begin(&b, in, sizeof in, c.flags & INDICATION ? STUN_INDICATION : STUN_REQUEST,
               STUN_BINDING, w->txid);
    if (!(c.flags & NO_NAME))
        stun_put(&b, STUN_USERNAME, c.name, strlen(c.name));
    stun_put_u64(&b, c.flags & CONTROLLED ? STUN_ICE_CONTROLLED : STUN_ICE_CONTROLLING, 7);
    stun_put_u32(&b, STUN_PRIORITY, 1);
    if (c.flags & STRANGE)
        stun_put_u32(&b, 0x7F00, 0);
    if (c.flags & USE)
        stun_put(&b, STUN_USE_CANDIDATE, "", 0);
    if (!(c.flags & NO_INTEGRITY))
        stun_put_integrity(&b, c.pwd, strlen(c.pwd));
    stun_put_fingerprint(&b);
    assert_int_equal(stun_parse(&m, in, stun_end(&b)), STUN_OK);
    enum ice_verdict v = ice_lite_input(&w->a, w->now, from, &m, w->out, &w->n);
    if (w->n > 0) {
        assert_int_equal(stun_parse(&w->answer, w->out, w->n), STUN_OK);
        assert_memory_equal(w->answer.txid, w->txid, STUN_TXID);
        assert_true(w->answer.fingerprint);
    }
    return v;
}

static enum ice_verdict check(struct world *w, uint8_t host, unsigned flags)
{
    struct tuple t = path(host);
    return ask(w, &t, (struct check){OURS ":" THEIRS, SECRET, flags});
}

static void heard(struct world *w, uint8_t host)
{
    struct tuple t = path(host);
    ice_lite_heard(&w->a, w->now, &t);
}

/* The last byte of the address that is being sent to; 0: none. */
static unsigned at(const struct world *w)
{
    const struct tuple *t = ice_lite_selected(&w->a);
    return t != NULL ? t->peer.ip[3] : 0;
}

static struct world begin(void)
{
    struct world w;
    memset(&w, 0, sizeof w);
    w.now = 100 * S;
    assert_true(ice_lite_init(&w.a, w.now, STR(OURS), STR(SECRET), STR(THEIRS)));
    return w;
}

static void a_check_is_answered_and_makes_a_path(void **state)
{
    (void)state;
    struct world w = begin();
    struct tuple t = path(1);
    struct addr mapped;
    assert_int_equal(at(&w), 0);
    assert_false(ice_lite_knows(&w.a, &t));
    assert_int_equal(check(&w, 1, 0), ICE_ANSWERED);
    assert_int_equal(w.answer.cls, STUN_SUCCESS);
    assert_true(stun_check_sha1(&w.answer, SECRET, strlen(SECRET)));
    assert_true(stun_get_xaddr(&w.answer, stun_find(&w.answer, STUN_XOR_MAPPED_ADDRESS), &mapped));
    assert_true(addr_eq(&mapped, &t.peer));
    assert_true(ice_lite_knows(&w.a, &t));
    assert_int_equal(at(&w), 1);
}

static void the_agent_is_found_by_name(void **state)
{
    (void)state;
    struct world w = begin();
    struct str name;
    assert_int_equal(check(&w, 1, 0), ICE_ANSWERED);
    uint8_t in[128];
    struct stun_builder b;
    struct stun_msg m;
    stun_begin(&b, in, sizeof in, STUN_REQUEST, STUN_BINDING, w.txid);
    stun_put(&b, STUN_USERNAME, "me:you", 6);
    assert_int_equal(stun_parse(&m, in, stun_end(&b)), STUN_OK);
    assert_true(ice_lite_name(&m, &name));
    assert_true(str_eq(name, STR("me")));
    stun_begin(&b, in, sizeof in, STUN_REQUEST, STUN_BINDING, w.txid);
    stun_put(&b, STUN_USERNAME, "meyou", 5);
    assert_int_equal(stun_parse(&m, in, stun_end(&b)), STUN_OK);
    assert_false(ice_lite_name(&m, &name));
    stun_begin(&b, in, sizeof in, STUN_REQUEST, STUN_BINDING, w.txid);
    assert_int_equal(stun_parse(&m, in, stun_end(&b)), STUN_OK);
    assert_false(ice_lite_name(&m, &name));
}

static void what_is_wrong_is_refused_and_moves_nothing(void **state)
{
    (void)state;
    static const struct {
        struct check c;
        enum ice_verdict v;
        unsigned code;
        bool sealed;
    } cases[] = {
        {{OURS ":" THEIRS, SECRET, CONTROLLED | USE}, ICE_ROLE_CONFLICT, 487, true},
        {{OURS ":" THEIRS, SECRET, STRANGE | USE}, ICE_UNKNOWN_ATTRIBUTE, 420, true},
        {{OURS ":" THEIRS, SECRET, NO_NAME}, ICE_BAD_REQUEST, 400, false},
        {{OURS ":" THEIRS, SECRET, NO_INTEGRITY}, ICE_BAD_REQUEST, 400, false},
        {{OURS ":" THEIRS, "wrong", USE}, ICE_UNAUTHORIZED, 401, false},
        {{OURS ":other", SECRET, USE}, ICE_UNAUTHORIZED, 401, false},
        {{"other:" THEIRS, SECRET, USE}, ICE_UNAUTHORIZED, 401, false},
        {{OURS, SECRET, USE}, ICE_UNAUTHORIZED, 401, false},
        {{OURS ":" THEIRS, SECRET, INDICATION}, ICE_SILENT, 0, false},
    };
    struct world w = begin();
    struct ice_lite before = w.a;
    struct tuple t = path(1);
    w.now += S;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ask(&w, &t, cases[i].c), cases[i].v);
        assert_int_equal(w.n == 0, cases[i].code == 0);
        if (w.n > 0) {
            assert_int_equal(stun_get_error(&w.answer), cases[i].code);
            assert_int_equal(w.answer.integrity_at != 0, cases[i].sealed);
            assert_null(stun_find(&w.answer, STUN_XOR_MAPPED_ADDRESS));
        }
        assert_memory_equal(&w.a, &before, sizeof before);
    }
}

static void credentials_have_their_lengths(void **state)
{
    (void)state;
    struct ice_lite a;
    char longest[ICE_UFRAG_MAX + 1];
    memset(longest, 'a', sizeof longest);
    assert_true(ice_lite_init(&a, 0, STR(OURS), STR(SECRET), str_of(longest, ICE_UFRAG_MAX)));
    assert_false(ice_lite_init(&a, 0, STR(OURS), STR(SECRET), str_of(longest, sizeof longest)));
    assert_false(ice_lite_init(&a, 0, STR(OURS), STR(SECRET), STR("")));
    assert_false(ice_lite_init(&a, 0, STR(""), STR(SECRET), STR(THEIRS)));
    assert_false(ice_lite_init(&a, 0, STR(OURS), str_of(longest, 25), STR(THEIRS)));
}

static void the_last_nomination_is_sent_to(void **state)
{
    (void)state;
    struct world w = begin();
    check(&w, 1, 0);
    check(&w, 2, 0);
    assert_int_equal(at(&w), 1);
    check(&w, 2, USE);
    assert_int_equal(at(&w), 2);
    check(&w, 1, 0);
    assert_int_equal(at(&w), 2);
    check(&w, 1, USE);
    assert_int_equal(at(&w), 1);
}

static void media_elsewhere_wins_when_the_selected_path_is_silent(void **state)
{
    (void)state;
    struct world w = begin();
    check(&w, 1, USE);
    check(&w, 2, USE);
    w.now += ICE_SILENT_US - 1;
    heard(&w, 1);
    assert_int_equal(at(&w), 2);
    w.now += 1;
    heard(&w, 1);
    assert_int_equal(at(&w), 1);
    /* What no check has validated is no path, whatever is heard there. */
    w.now += 2 * S;
    heard(&w, 3);
    assert_int_equal(at(&w), 1);
}

static void one_check_elsewhere_is_not_enough_two_are(void **state)
{
    (void)state;
    struct world w = begin();
    check(&w, 1, USE);
    check(&w, 2, 0);
    /* A page that only listens: both pairs are checked in turn, for ever. */
    for (int i = 0; i < 10; i++) {
        w.now += 5 * S / 4;
        check(&w, 2, 0);
        assert_int_equal(at(&w), 1);
        w.now += 5 * S / 4;
        check(&w, 1, 0);
        assert_int_equal(at(&w), 1);
    }
    w.now += 2 * S;
    check(&w, 2, 0);
    assert_int_equal(at(&w), 1);
    check(&w, 2, 0);
    assert_int_equal(at(&w), 2);
}

static void consent_ends_after_thirty_seconds(void **state)
{
    (void)state;
    struct world w = begin();
    int64_t t0 = w.now;
    assert_int_equal(ice_lite_deadline(&w.a), t0 + ICE_CONSENT_US);
    check(&w, 1, USE);
    w.now += 20 * S;
    check(&w, 2, 0);
    assert_int_equal(ice_lite_deadline(&w.a), t0 + ICE_CONSENT_US);
    w.now = t0 + ICE_CONSENT_US - 1;
    heard(&w, 1); /* media is no consent (RFC 7675 5.1) */
    assert_true(ice_lite_tick(&w.a, w.now));
    assert_int_equal(at(&w), 1);
    w.now += 1;
    assert_true(ice_lite_tick(&w.a, w.now));
    assert_int_equal(at(&w), 2);
    w.now = ice_lite_deadline(&w.a);
    assert_false(ice_lite_tick(&w.a, w.now));
    assert_int_equal(at(&w), 0);
    /* Until it is put away, another check gives consent again. */
    assert_int_equal(check(&w, 4, 0), ICE_ANSWERED);
    assert_true(ice_lite_tick(&w.a, w.now));
}

static void nobody_came_at_all(void **state)
{
    (void)state;
    struct world w = begin();
    assert_true(ice_lite_tick(&w.a, w.now + ICE_CONSENT_US - 1));
    assert_false(ice_lite_tick(&w.a, w.now + ICE_CONSENT_US));
}

static void a_restart_keeps_the_paths_until_the_new_name_is_used(void **state)
{
    (void)state;
    struct world w = begin();
    struct tuple t = path(1);
    struct check fresh = {"NEW1:them", "012345678901234567890123", 0};
    check(&w, 1, USE);
    assert_false(ice_lite_restart(&w.a, STR(""), STR(SECRET), STR("them")));
    assert_int_equal(check(&w, 1, 0), ICE_ANSWERED);
    assert_true(ice_lite_restart(&w.a, STR("NEW1"), STR("012345678901234567890123"), STR("them")));
    assert_int_equal(check(&w, 1, 0), ICE_ANSWERED);
    assert_true(stun_check_sha1(&w.answer, SECRET, strlen(SECRET)));
    assert_int_equal(at(&w), 1);
    assert_int_equal(ask(&w, &t, (struct check){"NEW1:" THEIRS, fresh.pwd, 0}), ICE_UNAUTHORIZED);
    assert_int_equal(ask(&w, &t, fresh), ICE_ANSWERED);
    assert_true(stun_check_sha1(&w.answer, fresh.pwd, strlen(fresh.pwd)));
    assert_int_equal(check(&w, 1, 0), ICE_UNAUTHORIZED);
    assert_int_equal(at(&w), 1);
}

static void a_connection_that_is_gone_is_no_path(void **state)
{
    (void)state;
    struct world w = begin();
    struct tuple t = path(2);
    check(&w, 1, 0);
    check(&w, 2, USE);
    ice_lite_hangup(&w.a, &t);
    assert_int_equal(at(&w), 1);
    ice_lite_hangup(&w.a, &t);
    t = path(1);
    ice_lite_hangup(&w.a, &t);
    assert_int_equal(at(&w), 0);
    assert_int_equal(w.a.n, 0);
}

static void streams_and_datagrams_are_different_paths(void **state)
{
    (void)state;
    struct world w = begin();
    struct tuple t = path(1);
    check(&w, 1, USE);
    t.transport = TUPLE_TCP;
    t.stream = 9;
    assert_false(ice_lite_knows(&w.a, &t));
    assert_int_equal(ask(&w, &t, (struct check){OURS ":" THEIRS, SECRET, USE}), ICE_ANSWERED);
    assert_int_equal(ice_lite_selected(&w.a)->stream, 9);
}

static void the_table_is_full_and_the_idlest_path_goes(void **state)
{
    (void)state;
    struct world w = begin();
    check(&w, 1, USE);
    for (uint8_t i = 2; i <= ICE_PATHS_MAX; i++) {
        w.now += 1000;
        check(&w, i, 0);
    }
    heard(&w, 2); /* so that 3 is now the idlest: 1 is being sent to */
    w.now += 1000;
    check(&w, 100, 0);
    struct tuple gone = path(3), second = path(2), hundredth = path(100);
    assert_int_equal(w.a.n, ICE_PATHS_MAX);
    assert_false(ice_lite_knows(&w.a, &gone));
    assert_true(ice_lite_knows(&w.a, &second));
    assert_true(ice_lite_knows(&w.a, &hundredth));
    assert_int_equal(at(&w), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_is_answered_and_makes_a_path),
        cmocka_unit_test(the_agent_is_found_by_name),
        cmocka_unit_test(what_is_wrong_is_refused_and_moves_nothing),
        cmocka_unit_test(credentials_have_their_lengths),
        cmocka_unit_test(the_last_nomination_is_sent_to),
        cmocka_unit_test(media_elsewhere_wins_when_the_selected_path_is_silent),
        cmocka_unit_test(one_check_elsewhere_is_not_enough_two_are),
        cmocka_unit_test(consent_ends_after_thirty_seconds),
        cmocka_unit_test(nobody_came_at_all),
        cmocka_unit_test(a_restart_keeps_the_paths_until_the_new_name_is_used),
        cmocka_unit_test(a_connection_that_is_gone_is_no_path),
        cmocka_unit_test(streams_and_datagrams_are_different_paths),
        cmocka_unit_test(the_table_is_full_and_the_idlest_path_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
