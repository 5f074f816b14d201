#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "proto/stun.h"
#include "proto/turn_scope.h"

static const struct hash_key key = {1, 2};
enum { ME = 100, BOB = 201, EVE = 202 };

static struct addr ip(const char *text)
{
    struct addr a;
    if (!addr_parse(&a, str_from(text)))
        fail_msg("no address: %s", text);
    return a;
}

static struct turn_scopes *opened(void)
{
    struct turn_scopes *t = turn_scopes_new(&key, 4);
    assert_true(turn_scopes_open(t, ME));
    return t;
}

static void says(struct turn_scopes *t, uint64_t party, const char *pwd, const char *addr)
{
    struct addr a = ip(addr != NULL ? addr : "0.0.0.0");
    turn_scopes_party(t, ME, party, str_from(pwd), &a, addr != NULL);
}

static bool has(const struct turn_scopes *t, const char *addr)
{
    struct addr a = ip(addr);
    return turn_scopes_has_addr(t, ME, &a);
}

/* ---- Scopes ---- */

static void scopes_open_and_close(void **state)
{
    struct turn_scopes *t = turn_scopes_new(&key, 2);
    (void)state;
    assert_false(turn_scopes_is_open(t, 1));
    assert_false(turn_scopes_open(t, 0));
    assert_true(turn_scopes_open(t, 1));
    assert_true(turn_scopes_open(t, 1));
    assert_int_equal(turn_scopes_count(t), 1);
    assert_true(turn_scopes_open(t, 2));
    assert_false(turn_scopes_open(t, 3)); /* the cap */
    assert_true(turn_scopes_open(t, 2));
    turn_scopes_close(t, 1);
    turn_scopes_close(t, 1);
    assert_false(turn_scopes_is_open(t, 1));
    assert_true(turn_scopes_is_open(t, 2));
    assert_true(turn_scopes_open(t, 3));
    assert_int_equal(turn_scopes_count(t), 2);
    turn_scopes_free(t);
    turn_scopes_free(NULL);
}

static void what_was_signalled_ends_with_the_scope(void **state)
{
    struct turn_scopes *t = opened();
    (void)state;
    says(t, BOB, "pwd", "198.51.100.1:5");
    assert_true(has(t, "198.51.100.1"));
    turn_scopes_close(t, ME);
    assert_false(has(t, "198.51.100.1"));
    assert_false(turn_scopes_has_party(t, ME, BOB));
    says(t, BOB, "pwd", "198.51.100.1:5"); /* a letter that comes late opens nothing */
    assert_false(turn_scopes_is_open(t, ME));
    assert_true(turn_scopes_open(t, ME));
    assert_false(has(t, "198.51.100.1"));
    turn_scopes_free(t);
}

/* ---- Addresses ---- */

static void addresses_count_not_ports(void **state)
{
    struct turn_scopes *t = opened();
    (void)state;
    assert_false(has(t, "198.51.100.1"));
    says(t, BOB, "", "198.51.100.1:5");
    assert_true(has(t, "198.51.100.1:5"));
    assert_true(has(t, "198.51.100.1:6"));
    assert_true(has(t, "[::ffff:198.51.100.1]:6")); /* as a socket for both writes it */
    assert_false(has(t, "198.51.100.2:5"));
    assert_false(has(t, "[64:ff9b::c633:6401]:5")); /* the policy refuses these forms anyway */
    says(t, BOB, "", "[2a00::1]:9");
    assert_true(has(t, "2a00::1"));
    assert_false(has(t, "2a00::2"));
    says(t, BOB, "", "fe80::1%4");
    assert_true(has(t, "fe80::1"));
    struct addr a = ip("198.51.100.1");
    assert_false(turn_scopes_has_addr(t, 7, &a)); /* no such scope */
    assert_true(turn_scopes_open(t, 7));
    assert_false(turn_scopes_has_addr(t, 7, &a)); /* said to somebody else */
    turn_scopes_free(t);
}

static void nothing_is_no_address(void **state)
{
    struct turn_scopes *t = opened();
    struct addr none[2] = {{.family = 0}, {.family = 0}};
    (void)state;
    says(t, BOB, "", "0.0.0.0:9"); /* c= of a description without candidates */
    says(t, BOB, "", "[::]:9");
    assert_false(has(t, "0.0.0.0"));
    assert_false(has(t, "::"));
    turn_scopes_party(t, ME, BOB, STR_NONE, none, 2);
    assert_false(turn_scopes_has_addr(t, ME, none));
    turn_scopes_party(t, ME, 0, STR("pwd"), none, 0); /* 0 is nobody */
    assert_false(turn_scopes_has_party(t, ME, 0));
    turn_scopes_free(t);
}

static void the_oldest_address_is_forgotten(void **state)
{
    struct turn_scopes *t = opened();
    char text[32];
    (void)state;
    for (int i = 0; i < TURN_PARTY_ADDRS; i++) {
        snprintf(text, sizeof text, "198.51.100.%d", i);
        says(t, BOB, "", text);
    }
    says(t, EVE, "", "198.51.100.200"); /* each party has its own */
    says(t, BOB, "", "198.51.100.0");   /* said again: now the newest */
    says(t, BOB, "", "192.0.2.1");
    assert_true(has(t, "198.51.100.0"));
    assert_false(has(t, "198.51.100.1"));
    for (int i = 2; i < TURN_PARTY_ADDRS; i++) {
        snprintf(text, sizeof text, "198.51.100.%d", i);
        assert_true(has(t, text));
    }
    assert_true(has(t, "192.0.2.1"));
    assert_true(has(t, "198.51.100.200"));
    turn_scopes_free(t);
}

/* ---- Parties ---- */

static void parties_leave_with_what_they_said(void **state)
{
    struct turn_scopes *t = opened();
    (void)state;
    says(t, BOB, "", "198.51.100.1");
    says(t, EVE, "", "198.51.100.1");
    says(t, EVE, "", "198.51.100.2");
    assert_true(turn_scopes_has_party(t, ME, BOB));
    assert_true(turn_scopes_has_party(t, ME, EVE));
    assert_false(turn_scopes_has_party(t, ME, ME));
    assert_false(turn_scopes_has_party(t, BOB, ME)); /* not the other way round */
    turn_scopes_drop_party(t, ME, EVE);
    turn_scopes_drop_party(t, ME, EVE);
    turn_scopes_drop_party(t, 7, BOB);
    assert_false(turn_scopes_has_party(t, ME, EVE));
    assert_true(has(t, "198.51.100.1")); /* Bob said it too */
    assert_false(has(t, "198.51.100.2"));
    turn_scopes_free(t);
}

static void the_silent_party_is_forgotten(void **state)
{
    struct turn_scopes *t = opened();
    (void)state;
    for (uint64_t i = 1; i <= TURN_SCOPE_PARTIES; i++)
        says(t, i, "p", "198.51.100.1");
    says(t, 1, "", NULL); /* speaks again */
    says(t, 999, "", "198.51.100.1");
    assert_true(turn_scopes_has_party(t, ME, 1));
    assert_false(turn_scopes_has_party(t, ME, 2));
    assert_true(turn_scopes_has_party(t, ME, 3));
    assert_true(turn_scopes_has_party(t, ME, 999));
    turn_scopes_free(t);
}

/* ---- Consent ---- */

struct answer {
    uint8_t p[512];
    size_t n;
};

static struct answer answer_of(enum stun_class cls, unsigned method, const char *pwd, bool sha256)
{
    struct answer a;
    struct stun_builder b;
    struct addr mapped = ip("192.0.2.1:7");
    stun_begin(&b, a.p, sizeof a.p, cls, method, (const uint8_t *)"abcdefghijkl");
    stun_put_xaddr(&b, STUN_XOR_MAPPED_ADDRESS, &mapped);
    if (pwd != NULL && sha256)
        stun_put_integrity_sha256(&b, pwd, strlen(pwd));
    else if (pwd != NULL)
        stun_put_integrity(&b, pwd, strlen(pwd));
    stun_put_fingerprint(&b);
    a.n = stun_end(&b);
    assert_true(a.n > 0);
    return a;
}

static bool consents(const struct turn_scopes *t, const char *from, uint64_t party,
                     const struct answer *a)
{
    struct addr peer = ip(from);
    return turn_scopes_consents(t, ME, &peer, party, a->p, a->n);
}

static bool consents_with(const struct turn_scopes *t, const char *from, uint64_t party,
                          const char *pwd)
{
    struct answer a = answer_of(STUN_SUCCESS, STUN_BINDING, pwd, false);
    return consents(t, from, party, &a);
}

static void only_the_party_of_the_address_consents(void **state)
{
    struct turn_scopes *t = opened();
    struct addr peer = ip("198.51.100.1");
    struct answer a = answer_of(STUN_SUCCESS, STUN_BINDING, "bobs-secret", false);
    (void)state;
    says(t, BOB, "bobs-secret", "198.51.100.1:5");
    says(t, EVE, "eves-secret", "198.51.100.2:5");
    assert_true(consents_with(t, "198.51.100.1:77", 0, "bobs-secret"));
    assert_false(consents_with(t, "198.51.100.1:77", 0, "eves-secret"));
    assert_false(consents_with(t, "198.51.100.2:77", 0, "bobs-secret"));
    assert_true(consents_with(t, "198.51.100.2:77", 0, "eves-secret"));
    assert_false(consents_with(t, "198.51.100.3:77", 0, "bobs-secret"));
    assert_false(consents_with(t, "198.51.100.1:77", 0, ""));
    assert_false(consents_with(t, "198.51.100.1:77", 0, "bobs-secre"));
    assert_false(turn_scopes_consents(t, 7, &peer, 0, a.p, a.n));
    turn_scopes_drop_party(t, ME, BOB);
    assert_false(consents_with(t, "198.51.100.1:77", 0, "bobs-secret"));
    turn_scopes_free(t);
}

/* Relay to relay: the address is ours, the party is known by its scope. */
static void relays_of_parties_consent_by_party(void **state)
{
    struct turn_scopes *t = opened();
    (void)state;
    says(t, BOB, "bobs-secret", NULL);
    says(t, EVE, "eves-secret", "198.51.100.2:5");
    assert_true(consents_with(t, "203.0.113.1:50000", BOB, "bobs-secret"));
    assert_false(consents_with(t, "203.0.113.1:50000", EVE, "bobs-secret"));
    assert_false(consents_with(t, "203.0.113.1:50000", 0, "bobs-secret"));
    assert_false(consents_with(t, "203.0.113.1:50000", 999, "bobs-secret"));
    turn_scopes_free(t);
}

static void only_a_success_of_binding_consents(void **state)
{
    struct turn_scopes *t = opened();
    (void)state;
    says(t, BOB, "pwd", "198.51.100.1");
    for (int cls = 0; cls < 4; cls++) {
        for (unsigned method = STUN_BINDING; method <= STUN_CHANNEL_BIND; method++) {
            struct answer a = answer_of((enum stun_class)cls, method, "pwd", false);
            assert_int_equal(consents(t, "198.51.100.1", 0, &a),
                             cls == STUN_SUCCESS && method == STUN_BINDING);
        }
    }
    struct answer a = answer_of(STUN_SUCCESS, STUN_BINDING, NULL, false);
    assert_false(consents(t, "198.51.100.1", 0, &a));
    a = answer_of(STUN_SUCCESS, STUN_BINDING, "pwd", true);
    assert_true(consents(t, "198.51.100.1", 0, &a));
    turn_scopes_free(t);
}

static void changed_answers_consent_to_nothing(void **state)
{
    struct turn_scopes *t = opened();
    struct answer a = answer_of(STUN_SUCCESS, STUN_BINDING, "pwd", false);
    (void)state;
    says(t, BOB, "pwd", "198.51.100.1");
    assert_true(consents(t, "198.51.100.1", 0, &a));
    for (size_t i = 0; i < a.n; i++) {
        a.p[i] ^= 0x40;
        /* FINGERPRINT's own type is covered by nothing: then there is none. */
        assert_int_equal(consents(t, "198.51.100.1", 0, &a), i / 2 == (a.n - 8) / 2);
        a.p[i] ^= 0x40;
    }
    for (a.n--; a.n > 0; a.n--)
        assert_false(consents(t, "198.51.100.1", 0, &a));
    turn_scopes_free(t);
}

static void the_newest_passwords_are_kept(void **state)
{
    static const char *const pwd[] = {"p0", "p1", "p2", "p3", "p4"};
    struct turn_scopes *t = opened();
    char longest[TURN_PWD_MAX + 2];
    (void)state;
    for (int i = 0; i < TURN_PARTY_PWDS; i++)
        says(t, BOB, pwd[i], "198.51.100.1");
    says(t, BOB, pwd[0], NULL); /* said again */
    says(t, BOB, "", NULL);     /* a message without one */
    says(t, BOB, pwd[4], NULL);
    for (int i = 0; i < 5; i++)
        assert_int_equal(consents_with(t, "198.51.100.1", 0, pwd[i]), i != 1);
    memset(longest, 'x', sizeof longest);
    longest[TURN_PWD_MAX + 1] = '\0';
    says(t, BOB, longest, NULL);
    assert_false(consents_with(t, "198.51.100.1", 0, longest));
    longest[TURN_PWD_MAX] = '\0';
    says(t, BOB, longest, NULL);
    assert_true(consents_with(t, "198.51.100.1", 0, longest));
    turn_scopes_free(t);
}

/* People behind one NAT: everybody's newest is tried before anybody's older ones, and no answer
 * costs more than TURN_CONSENT_TRIES. */
static void an_answer_costs_a_bounded_search(void **state)
{
    struct turn_scopes *t = opened();
    char pwd[32];
    (void)state;
    for (uint64_t i = 1; i <= TURN_CONSENT_TRIES; i++) {
        snprintf(pwd, sizeof pwd, "old%d", (int)i);
        says(t, i, pwd, "198.51.100.1");
        snprintf(pwd, sizeof pwd, "new%d", (int)i);
        says(t, i, pwd, NULL);
    }
    assert_true(consents_with(t, "198.51.100.1", 0, "new1"));
    assert_true(consents_with(t, "198.51.100.1", 0, "new32"));
    assert_false(consents_with(t, "198.51.100.1", 0, "old32"));
    turn_scopes_drop_party(t, ME, 1);
    assert_true(consents_with(t, "198.51.100.1", 0, "old32"));
    assert_false(consents_with(t, "198.51.100.1", 0, "old31"));
    assert_true(consents_with(t, "198.51.100.1", 31, "old31"));
    turn_scopes_free(t);
}

/* ---- Out of memory ---- */

static void story(struct turn_scopes *t)
{
    char text[32];
    turn_scopes_open(t, ME);
    for (int i = 0; i < TURN_PARTY_ADDRS + 2; i++) {
        snprintf(text, sizeof text, "198.51.100.%d", i);
        says(t, BOB, i % 3 == 0 ? text : "", text);
        says(t, EVE, "", text);
    }
    turn_scopes_open(t, 7);
}

static void no_memory_forgets_and_goes_on(void **state)
{
    struct turn_scopes *t = turn_scopes_new(&key, 4);
    (void)state;
    mem_fail_at(0);
    story(t);
    uint64_t all = mem_try_count();
    turn_scopes_free(t);
    assert_true(all > 15);
    for (uint64_t at = 1; at <= all; at++) {
        t = turn_scopes_new(&key, 4);
        mem_fail_at(at);
        story(t);
        mem_fail_at(0);
        story(t);
        assert_true(turn_scopes_is_open(t, ME));
        assert_true(turn_scopes_is_open(t, 7));
        assert_true(has(t, "198.51.100.33"));
        assert_true(consents_with(t, "198.51.100.33", 0, "198.51.100.33"));
        turn_scopes_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_open_and_close),
        cmocka_unit_test(what_was_signalled_ends_with_the_scope),
        cmocka_unit_test(addresses_count_not_ports),
        cmocka_unit_test(nothing_is_no_address),
        cmocka_unit_test(the_oldest_address_is_forgotten),
        cmocka_unit_test(parties_leave_with_what_they_said),
        cmocka_unit_test(the_silent_party_is_forgotten),
        cmocka_unit_test(only_the_party_of_the_address_consents),
        cmocka_unit_test(relays_of_parties_consent_by_party),
        cmocka_unit_test(only_a_success_of_binding_consents),
        cmocka_unit_test(changed_answers_consent_to_nothing),
        cmocka_unit_test(the_newest_passwords_are_kept),
        cmocka_unit_test(an_answer_costs_a_bounded_search),
        cmocka_unit_test(no_memory_forgets_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
