#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "proto/turn_policy.h"

static struct addr ip(const char *text)
{
    struct addr a;
    if (!addr_parse(&a, str_from(text)))
        fail_msg("no address: %s", text);
    return a;
}

static struct cidr net(const char *text)
{
    struct cidr c;
    if (!cidr_parse(&c, str_from(text)))
        fail_msg("no network: %s", text);
    return c;
}

static void allow(struct turn_policy *p, const char *text)
{
    p->allow[p->nallow++] = net(text);
}

static void deny(struct turn_policy *p, const char *text)
{
    p->deny[p->ndeny++] = net(text);
}

static void expect_in(const struct turn_policy *p, const char *text, bool in_call,
                      enum turn_peer_verdict want)
{
    struct addr a = ip(text);
    for (unsigned port = 0; port < 2; port++) { /* it never matters */
        a.port = (uint16_t)(port * 3478);
        enum turn_peer_verdict got = turn_policy_check(p, &a, in_call);
        if (got != want)
            fail_msg("%s%s: %s, not %s", text, in_call ? " in a call" : "",
                     turn_peer_verdict_name(got), turn_peer_verdict_name(want));
    }
}

static void expect(const struct turn_policy *p, const char *text, enum turn_peer_verdict want)
{
    expect_in(p, text, false, want);
    expect_in(p, text, true, want);
}

/* ---- Classes: the first and the last of each, and their neighbours ---- */

static const struct {
    const char *ip;
    enum turn_peer_verdict want;
} plain[] = {
    {"0.0.0.0", TURN_PEER_RESERVED},
    {"0.255.255.255", TURN_PEER_RESERVED},
    {"1.0.0.0", TURN_PEER_OK},
    {"9.255.255.255", TURN_PEER_OK},
    {"10.0.0.0", TURN_PEER_PRIVATE},
    {"10.255.255.255", TURN_PEER_PRIVATE},
    {"11.0.0.0", TURN_PEER_OK},
    {"100.63.255.255", TURN_PEER_OK},
    {"100.64.0.0", TURN_PEER_PRIVATE},
    {"100.127.255.255", TURN_PEER_PRIVATE},
    {"100.128.0.0", TURN_PEER_OK},
    {"126.255.255.255", TURN_PEER_OK},
    {"127.0.0.0", TURN_PEER_LOOPBACK},
    {"127.0.0.1", TURN_PEER_LOOPBACK},
    {"127.255.255.255", TURN_PEER_LOOPBACK},
    {"128.0.0.0", TURN_PEER_OK},
    {"169.253.255.255", TURN_PEER_OK},
    {"169.254.0.0", TURN_PEER_PRIVATE},
    {"169.254.255.255", TURN_PEER_PRIVATE},
    {"169.255.0.0", TURN_PEER_OK},
    {"172.15.255.255", TURN_PEER_OK},
    {"172.16.0.0", TURN_PEER_PRIVATE},
    {"172.31.255.255", TURN_PEER_PRIVATE},
    {"172.32.0.0", TURN_PEER_OK},
    {"192.0.0.8", TURN_PEER_RESERVED},
    {"192.0.1.255", TURN_PEER_OK},
    {"192.0.2.0", TURN_PEER_RESERVED},
    {"192.0.2.255", TURN_PEER_RESERVED},
    {"192.167.255.255", TURN_PEER_OK},
    {"192.168.0.0", TURN_PEER_PRIVATE},
    {"192.168.255.255", TURN_PEER_PRIVATE},
    {"192.169.0.0", TURN_PEER_OK},
    {"198.17.255.255", TURN_PEER_OK},
    {"198.18.0.0", TURN_PEER_RESERVED},
    {"198.19.255.255", TURN_PEER_RESERVED},
    {"198.20.0.0", TURN_PEER_OK},
    {"198.51.100.7", TURN_PEER_RESERVED},
    {"203.0.113.7", TURN_PEER_RESERVED},
    {"223.255.255.255", TURN_PEER_OK},
    {"224.0.0.0", TURN_PEER_MULTICAST},
    {"239.255.255.255", TURN_PEER_MULTICAST},
    {"240.0.0.0", TURN_PEER_RESERVED},
    {"255.255.255.254", TURN_PEER_RESERVED},
    {"255.255.255.255", TURN_PEER_MULTICAST},
    {"169.254.169.254", TURN_PEER_METADATA},
    {"168.63.129.16", TURN_PEER_METADATA},
    {"168.63.129.15", TURN_PEER_OK},
    {"100.100.100.200", TURN_PEER_METADATA},
    {"192.0.0.192", TURN_PEER_METADATA},
    {"169.254.170.2", TURN_PEER_METADATA},
    {"::", TURN_PEER_RESERVED},
    {"::1", TURN_PEER_LOOPBACK},
    {"fe80::1", TURN_PEER_PRIVATE},
    {"febf:ffff::1", TURN_PEER_PRIVATE},
    {"fec0::1", TURN_PEER_PRIVATE},
    {"fc00::1", TURN_PEER_PRIVATE},
    {"fdff:ffff::1", TURN_PEER_PRIVATE},
    {"fe00::1", TURN_PEER_RESERVED},
    {"ff00::1", TURN_PEER_MULTICAST},
    {"ff02::1", TURN_PEER_MULTICAST},
    {"ffff::1", TURN_PEER_MULTICAST},
    {"2001:db8::1", TURN_PEER_RESERVED},
    {"3fff::1", TURN_PEER_RESERVED},
    {"2001:2::1", TURN_PEER_RESERVED},
    {"2001:20::1", TURN_PEER_RESERVED},
    {"100::1", TURN_PEER_RESERVED},
    {"64:ff9b:1::1", TURN_PEER_RESERVED},
    {"4000::1", TURN_PEER_RESERVED},
    {"2606:4700::1111", TURN_PEER_OK},
    {"2a00:1450::1", TURN_PEER_OK},
    {"fd00:ec2::254", TURN_PEER_METADATA},
    {"fd20:ce::254", TURN_PEER_METADATA},
    {"fd00:42::42", TURN_PEER_METADATA},
    {"fd00:c1::a9fe:a9fe", TURN_PEER_METADATA},
    {"fd00:a9fe:a9fe::1", TURN_PEER_METADATA},
    {"fe80::a9fe:a9fe", TURN_PEER_METADATA},
    {"fd20:ce::253", TURN_PEER_PRIVATE},
};

static void classes_end_where_they_end(void **state)
{
    static const struct turn_policy none;
    struct addr a = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        expect(&none, plain[i].ip, plain[i].want);
    assert_int_equal(turn_policy_check(&none, &a, true), TURN_PEER_RESERVED); /* family 0 */
}

/* ---- Disguises ---- */

enum { FORMS = 6 };

/* The IPv4 address in each form that carries one. */
static struct addr dressed(const struct addr *v4, int form)
{
    static const uint8_t heads[FORMS][12] = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF},       /* mapped */
        {0},                                              /* compatible */
        {0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0},       /* translated */
        {0, 0x64, 0xFF, 0x9B},                            /* NAT64 */
        {0x20, 0x02},                                     /* 6to4 */
        {0x20, 0x01, 0, 0, 1, 2, 3, 4, 0x80, 0, 0x0D, 5}, /* Teredo: server, flags, port */
    };
    uint8_t b[16] = {0};
    memcpy(b, heads[form], 12);
    for (int i = 0; i < 4; i++) {
        if (form == 4)
            b[2 + i] = v4->ip[i];
        else
            b[12 + i] = v4->ip[i] ^ (form == 5 ? 0xFF : 0);
    }
    return addr_ip6(b, 0);
}

static void no_disguise_gets_through(void **state)
{
    static struct turn_policy none, open;
    (void)state;
    open.nallow = open.ndeny = 0;
    allow(&open, "0.0.0.0/0");
    allow(&open, "::/0");
    allow(&open, "::ffff:0:0/96");
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        struct addr v4 = ip(plain[i].ip);
        for (int form = 0; v4.family == 4 && form < FORMS; form++) {
            struct addr a = dressed(&v4, form);
            if (form == 1 && v4.ip[0] + v4.ip[3] == 0)
                continue; /* "::", which is in no disguise */
            enum turn_peer_verdict want = plain[i].want;
            if (want == TURN_PEER_OK)
                want = TURN_PEER_FAMILY;
            assert_int_equal(turn_policy_check(&none, &a, false), want);
            assert_int_equal(turn_policy_check(&none, &a, true), want);
            assert_int_not_equal(turn_policy_check(&open, &a, true), TURN_PEER_OK);
            assert_int_not_equal(turn_policy_check(&open, &a, true), TURN_PEER_OWN);
        }
    }
}

/* An own address in a disguise is not "own", which would be looked up among the relays. */
static void own_addresses_in_disguise_are_refused(void **state)
{
    static struct turn_policy p;
    struct addr own = ip("93.184.216.34"), inside = ip("192.168.1.9");
    (void)state;
    p.own[p.nown++] = own;
    p.own[p.nown++] = inside;
    for (int form = 0; form < FORMS; form++) {
        struct addr a = dressed(&own, form), b = dressed(&inside, form);
        assert_int_equal(turn_policy_check(&p, &a, true), TURN_PEER_FAMILY);
        assert_int_equal(turn_policy_check(&p, &b, true), TURN_PEER_PRIVATE);
    }
}

/* ---- Lists ---- */

static void deny_wins_over_allow(void **state)
{
    static struct turn_policy p;
    (void)state;
    allow(&p, "10.0.0.0/8");
    deny(&p, "10.1.0.0/16");
    deny(&p, "8.8.8.8");
    allow(&p, "8.8.8.8");
    deny(&p, "2001:4860::/32");
    expect(&p, "10.0.0.1", TURN_PEER_OK);
    expect(&p, "10.1.0.1", TURN_PEER_DENIED);
    expect(&p, "10.2.0.1", TURN_PEER_OK);
    expect(&p, "8.8.8.8", TURN_PEER_DENIED);
    expect(&p, "8.8.4.4", TURN_PEER_OK);
    expect(&p, "2001:4860:4860::8888", TURN_PEER_DENIED);
    expect(&p, "192.168.0.1", TURN_PEER_PRIVATE);
    /* What is denied is denied in every form. */
    struct addr v4 = ip("8.8.8.8");
    for (int form = 0; form < FORMS; form++) {
        struct addr a = dressed(&v4, form);
        assert_int_equal(turn_policy_check(&p, &a, false), TURN_PEER_DENIED);
    }
}

static void forms_can_be_denied_as_such(void **state)
{
    static struct turn_policy p;
    (void)state;
    deny(&p, "2002::/16");
    deny(&p, "64:ff9b::/96");
    expect(&p, "2002:808:808::1", TURN_PEER_DENIED);
    expect(&p, "64:ff9b::8.8.8.8", TURN_PEER_DENIED);
    expect(&p, "::ffff:8.8.8.8", TURN_PEER_FAMILY);
}

static void every_class_can_be_allowed(void **state)
{
    static struct turn_policy p;
    (void)state;
    allow(&p, "0.0.0.0/0");
    allow(&p, "::/0");
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        expect(&p, plain[i].ip,
               plain[i].want == TURN_PEER_METADATA ? TURN_PEER_METADATA : TURN_PEER_OK);
}

static void metadata_is_opened_only_by_name(void **state)
{
    static struct turn_policy p;
    (void)state;
    allow(&p, "100.64.0.0/10"); /* somebody's overlay */
    allow(&p, "169.254.0.0/16");
    allow(&p, "fd00:ec2::/32");
    allow(&p, "168.63.129.16/32");
    expect(&p, "100.64.0.1", TURN_PEER_OK);
    expect(&p, "100.100.100.200", TURN_PEER_METADATA);
    expect(&p, "169.254.169.254", TURN_PEER_METADATA);
    expect(&p, "169.254.1.1", TURN_PEER_OK);
    expect(&p, "fd00:ec2::254", TURN_PEER_METADATA);
    expect(&p, "168.63.129.16", TURN_PEER_OK);
    allow(&p, "fd00:ec2::254");
    expect(&p, "fd00:ec2::254", TURN_PEER_OK);
    deny(&p, "fd00::/8");
    expect(&p, "fd00:ec2::254", TURN_PEER_DENIED);
}

/* ---- Own addresses and networks ---- */

static void own_addresses_come_first(void **state)
{
    static struct turn_policy p;
    (void)state;
    const char *own[] = {"42.0.0.1",  "93.184.216.34",  "10.0.0.5",
                         "fe80::7%3", "::ffff:9.9.9.9", "127.0.0.1"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        p.own[p.nown++] = ip(own[i]);
    deny(&p, "93.184.216.34");
    allow(&p, "10.0.0.0/8");
    expect(&p, "93.184.216.34", TURN_PEER_OWN);
    expect(&p, "10.0.0.5", TURN_PEER_OWN);
    expect(&p, "10.0.0.6", TURN_PEER_OK);
    expect(&p, "fe80::7", TURN_PEER_OWN); /* STUN can't say the interface */
    expect(&p, "fe80::8", TURN_PEER_PRIVATE);
    expect(&p, "9.9.9.9", TURN_PEER_OWN); /* as a socket for both families writes it */
    expect(&p, "127.0.0.1", TURN_PEER_OWN);
    expect(&p, "127.0.0.2", TURN_PEER_LOOPBACK);
    expect(&p, "42.0.0.1", TURN_PEER_OWN);
    expect(&p, "2a00:1::", TURN_PEER_OK); /* begins with the same bytes */
}

static void a_lan_is_open_to_calls_only(void **state)
{
    static struct turn_policy p;
    (void)state;
    static const char *const lan[] = {"192.168.1.0/24", "fd12:3456::/64", "127.0.0.0/8",
                                      "169.254.0.0/16", "fe80::/10",      "100.64.0.0/10",
                                      "0.0.0.0/0",      "224.0.0.0/4"};
    for (int i = 0; i < 8; i++)
        if (i != 6)
            p.lan[p.nlan++] = net(lan[i]);
    expect_in(&p, "192.168.1.77", false, TURN_PEER_PRIVATE);
    expect_in(&p, "192.168.1.77", true, TURN_PEER_OK);
    expect(&p, "192.168.2.77", TURN_PEER_PRIVATE);
    expect_in(&p, "fd12:3456::7", false, TURN_PEER_PRIVATE);
    expect_in(&p, "fd12:3456::7", true, TURN_PEER_OK);
    expect(&p, "fd12:3456:0:1::7", TURN_PEER_PRIVATE);
    /* Only private ones, whatever networks the machine is in. */
    expect(&p, "127.0.0.1", TURN_PEER_LOOPBACK);
    expect(&p, "169.254.1.1", TURN_PEER_PRIVATE);
    expect(&p, "fe80::1", TURN_PEER_PRIVATE);
    expect(&p, "100.64.0.1", TURN_PEER_PRIVATE);
    expect(&p, "224.0.0.1", TURN_PEER_MULTICAST);
    deny(&p, "192.168.1.1");
    expect(&p, "192.168.1.1", TURN_PEER_DENIED);
    p.lan[p.nlan++] = net("fd00::/8");
    expect(&p, "fd00:ec2::254", TURN_PEER_METADATA);
    struct addr v4 = ip("192.168.1.77");
    for (int form = 0; form < FORMS; form++) {
        struct addr a = dressed(&v4, form);
        assert_int_equal(turn_policy_check(&p, &a, true), TURN_PEER_PRIVATE);
    }
}

static void verdicts_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < TURN_PEER_VERDICTS; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(turn_peer_verdict_name((enum turn_peer_verdict)i),
                                    turn_peer_verdict_name((enum turn_peer_verdict)j));
    assert_string_equal(turn_peer_verdict_name(TURN_PEER_VERDICTS), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_end_where_they_end),
        cmocka_unit_test(no_disguise_gets_through),
        cmocka_unit_test(own_addresses_in_disguise_are_refused),
        cmocka_unit_test(deny_wins_over_allow),
        cmocka_unit_test(forms_can_be_denied_as_such),
        cmocka_unit_test(every_class_can_be_allowed),
        cmocka_unit_test(metadata_is_opened_only_by_name),
        cmocka_unit_test(own_addresses_come_first),
        cmocka_unit_test(a_lan_is_open_to_calls_only),
        cmocka_unit_test(verdicts_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
