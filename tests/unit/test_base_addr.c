/* addr, cidr */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>

#include "base/addr.h"
#include "base/util.h"

static struct addr parsed(const char *z)
{
    struct addr a;
    if (!addr_parse(&a, str_from(z)))
        fail_msg("not parsed: %s", z);
    return a;
}

static void test_parse_and_format(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"1.2.3.4", "1.2.3.4"},
        {"1.2.3.4:80", "1.2.3.4:80"},
        {"255.255.255.255:65535", "255.255.255.255:65535"},
        {"::1", "::1"},
        {"[::1]", "::1"},
        {"[::1]:443", "[::1]:443"},
        {"::", "::"},
        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"}, /* RFC 5952, 4 */
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
        {"[::ffff:1.2.3.4]:5", "[::ffff:1.2.3.4]:5"},
        {"fe80::1%3", "fe80::1%3"},
        {"[fe80::1%3]:99", "[fe80::1%3]:99"},
        {"[febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535",
         "[febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535"},
    };
    char out[ADDR_STR_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct addr a = parsed(texts[i][0]);
        assert_string_equal(addr_format(&a, out), texts[i][1]);
        struct addr again = parsed(out);
        assert_true(addr_eq(&a, &again));
    }
    struct addr a = parsed("[::1]:443");
    assert_string_equal(addr_format_ip(&a, out), "::1");
    struct addr none = {0};
    assert_string_equal(addr_format(&none, out), "none");
}

static void test_parse_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.04",
        "01.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:65536",
        "1.2.3.4:-1",
        "1.2.3.4: 1",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.+4",
        "0x1.2.3.4",
        "localhost",
        "[::1",
        "[::1]x",
        "[::1]:",
        "[1.2.3.4]:80",
        "::1:",
        ":::",
        "1:2:3:4:5:6:7:8:9",
        "::1%1",
        "fe80::1%eth0",
        "fe80::1%",
        "[]",
        "::ffff:1.2.3.04",
        "1.2..4",
        "1.2.3.4:80:90",
        "[::1]:443:1",
        "2001:db8::g",
    };
    struct addr a = {.family = 9};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (addr_parse(&a, str_from(bad[i])))
            fail_msg("parsed: %s", bad[i]);
    assert_false(addr_parse(&a, STR("::1\0")));
    assert_int_equal(a.family, 9);
}

static void test_sockaddr_round_trip(void **state)
{
    (void)state;
    static const char *const texts[] = {"1.2.3.4:80", "[2001:db8::1]:80", "[fe80::1%3]:99"};
    struct sockaddr_storage ss;
    struct addr b;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct addr a = parsed(texts[i]);
        socklen_t n = addr_to_sockaddr(&a, &ss);
        assert_true(n > 0);
        assert_true(addr_from_sockaddr(&b, (struct sockaddr *)&ss, n));
        assert_true(addr_eq(&a, &b));
        assert_false(addr_from_sockaddr(&b, (struct sockaddr *)&ss, n - 1));
        assert_int_equal(b.family, 0);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(5), .sin6_scope_id = 4};
    in6.sin6_addr.s6_addr[15] = 1;
    assert_true(addr_from_sockaddr(&b, (struct sockaddr *)&in6, sizeof in6));
    assert_int_equal(b.scope, 0); /* only link-local addresses are distinguished by interface */
    struct sockaddr un = {.sa_family = AF_UNIX};
    assert_false(addr_from_sockaddr(&b, &un, sizeof un));
    assert_int_equal(addr_to_sockaddr(&b, &ss), 0);
    assert_int_equal(sizeof(struct addr), 24);
}

static void test_canon(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"[::ffff:127.0.0.1]:7", "127.0.0.1:7"},
        {"::ffff:0:10.0.0.1", "10.0.0.1"},
        {"::10.0.0.1", "10.0.0.1"},
        {"::2", "0.0.0.2"},
        {"64:ff9b::192.168.1.1", "192.168.1.1"},
        {"2002:a9fe:a9fe::1", "169.254.169.254"},
        {"2002:7f00:1:ffff:ffff::", "127.0.0.1"},
        {"2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct addr a = parsed(pairs[i][0]), want = parsed(pairs[i][1]);
        assert_true(addr_canon(&a));
        assert_true(addr_eq(&a, &want));
        assert_false(addr_canon(&a));
    }
    static const char *const plain[] = {"::",           "::1",       "1.2.3.4",   "2001:db8::1",
                                        "64:ff9b:1::1", "2001:1::1", "fe80::1%2", "::1:0:0:0"};
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        struct addr a = parsed(plain[i]), was = a;
        assert_false(addr_canon(&a));
        assert_true(addr_eq(&a, &was));
    }
}

static void test_classes(void **state)
{
    (void)state;
    static const struct {
        const char *ip;
        enum addr_class class;
    } rows[] = {
        {"0.0.0.0", ADDR_UNSPECIFIED},
        {"0.255.255.255", ADDR_UNSPECIFIED},
        {"1.0.0.0", ADDR_GLOBAL},
        {"9.255.255.255", ADDR_GLOBAL},
        {"10.0.0.0", ADDR_PRIVATE},
        {"10.255.255.255", ADDR_PRIVATE},
        {"100.63.255.255", ADDR_GLOBAL},
        {"100.64.0.0", ADDR_CGN},
        {"100.127.255.255", ADDR_CGN},
        {"100.128.0.0", ADDR_GLOBAL},
        {"127.0.0.1", ADDR_LOOPBACK},
        {"127.255.255.255", ADDR_LOOPBACK},
        {"128.0.0.0", ADDR_GLOBAL},
        {"169.254.169.254", ADDR_LINK_LOCAL},
        {"172.15.255.255", ADDR_GLOBAL},
        {"172.16.0.0", ADDR_PRIVATE},
        {"172.31.255.255", ADDR_PRIVATE},
        {"172.32.0.0", ADDR_GLOBAL},
        {"192.0.0.8", ADDR_RESERVED},
        {"192.0.2.1", ADDR_DOCUMENTATION},
        {"192.88.99.1", ADDR_RESERVED},
        {"192.168.0.1", ADDR_PRIVATE},
        {"198.17.255.255", ADDR_GLOBAL},
        {"198.18.0.0", ADDR_BENCHMARK},
        {"198.19.255.255", ADDR_BENCHMARK},
        {"198.51.100.7", ADDR_DOCUMENTATION},
        {"203.0.113.7", ADDR_DOCUMENTATION},
        {"223.255.255.255", ADDR_GLOBAL},
        {"224.0.0.1", ADDR_MULTICAST},
        {"239.255.255.255", ADDR_MULTICAST},
        {"240.0.0.0", ADDR_RESERVED},
        {"255.255.255.254", ADDR_RESERVED},
        {"255.255.255.255", ADDR_BROADCAST},
        {"::", ADDR_UNSPECIFIED},
        {"::1", ADDR_LOOPBACK},
        {"::2", ADDR_UNSPECIFIED},
        {"fe80::1", ADDR_LINK_LOCAL},
        {"febf::1", ADDR_LINK_LOCAL},
        {"fec0::1", ADDR_PRIVATE},
        {"fc00::1", ADDR_ULA},
        {"fdff::1", ADDR_ULA},
        {"ff02::1", ADDR_MULTICAST},
        {"2001:db8::1", ADDR_DOCUMENTATION},
        {"3fff:fff::1", ADDR_DOCUMENTATION},
        {"3fff:1000::1", ADDR_GLOBAL},
        {"2001:2::1", ADDR_BENCHMARK},
        {"2001:2:1::1", ADDR_RESERVED},
        {"2001:1ff::1", ADDR_RESERVED},
        {"2001:200::1", ADDR_GLOBAL},
        {"2606:4700::1111", ADDR_GLOBAL},
        {"100::1", ADDR_RESERVED},
        {"64:ff9b:1::1", ADDR_RESERVED},
        {"4000::1", ADDR_RESERVED},
        {"1fff::1", ADDR_RESERVED},
        {"::ffff:127.0.0.1", ADDR_LOOPBACK},
        {"64:ff9b::10.1.1.1", ADDR_PRIVATE},
        {"2002:c0a8:101::1", ADDR_PRIVATE},
        {"2002:808:808::1", ADDR_GLOBAL},
        {"::ffff:8.8.8.8", ADDR_GLOBAL},
        {"2001:0:1:1::80ff:fffe", ADDR_LOOPBACK},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct addr a = parsed(rows[i].ip);
        if (addr_classify(&a) != rows[i].class)
            fail_msg("%s is %s", rows[i].ip, addr_class_name(addr_classify(&a)));
    }
    struct addr none = {0};
    assert_int_equal(addr_classify(&none), ADDR_NONE);
    for (int c = ADDR_GLOBAL; c <= ADDR_RESERVED; c++)
        assert_string_not_equal(addr_class_name((enum addr_class)c), "unknown");
}

/* A peer that may be trusted for being here must really be here. */
static void test_loopback_without_disguise(void **state)
{
    (void)state;
    static const char *const yes[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
    static const char *const no[] = {"128.0.0.1",   "::",  "2002:7f00:1::1",  "64:ff9b::127.0.0.1",
                                     "::127.0.0.1", "::2", "::ffff:126.0.0.1"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        struct addr a = parsed(yes[i]);
        assert_true(addr_is_loopback(&a));
    }
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        struct addr a = parsed(no[i]);
        assert_false(addr_is_loopback(&a));
    }
}

static void test_cidr(void **state)
{
    (void)state;
    static const struct {
        const char *cidr;
        const char *ip;
        bool in;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1:99", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "2002:a00:1::1", false},
        {"10.0.0.0/8", "::10.1.2.3", false},
        {"0.0.0.0/0", "1.2.3.4", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "1.2.3.4", false},
        {"192.168.1.128/25", "192.168.1.128", true},
        {"192.168.1.128/25", "192.168.1.127", false},
        {"1.2.3.4", "1.2.3.4", true},
        {"1.2.3.4", "1.2.3.5", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1/128", "::1", true},
        {"fe80::/10", "fe80::1%3", true},
        {"::1/128", "::", false},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
        {"::ffff:10.0.0.0/104", "::ffff:10.1.2.3", true},
        {"::ffff:10.0.0.0/104", "11.0.0.0", false},
        {"::ffff:0:0/96", "9.9.9.9", true},
        {"::ffff:0:0/96", "2001:db8::1", false},
        {"::ffff:1.2.3.4", "1.2.3.4", true},
    };
    struct cidr c;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct addr a = parsed(rows[i].ip);
        assert_true(cidr_parse(&c, str_from(rows[i].cidr)));
        if (cidr_contains(&c, &a) != rows[i].in)
            fail_msg("%s in %s", rows[i].ip, rows[i].cidr);
    }
    static const char *const bad[] = {"",
                                      "10.0.0.0/33",
                                      "10.0.0.1/8",
                                      "10.0.0.0/",
                                      "10.0.0.0/8/8",
                                      "::/129",
                                      "2001:db8::1/64",
                                      "fe80::1%1/128",
                                      "10.0.0.0/-1",
                                      "1.2.3.4:80",
                                      "10.0.0.0/0008",
                                      "::ffff:10.0.0.1/104",
                                      "::ffff:0:0/95",
                                      "[::1]/128",
                                      "10/8"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (cidr_parse(&c, str_from(bad[i])))
            fail_msg("parsed: %s", bad[i]);
    char out[ADDR_STR_SIZE];
    assert_true(cidr_parse(&c, STR("2001:DB8::/32")));
    assert_string_equal(cidr_format(&c, out), "2001:db8::/32");
    assert_true(cidr_parse(&c, STR("::ffff:192.168.0.0/112")));
    assert_string_equal(cidr_format(&c, out), "192.168.0.0/16");
}

static void test_limit_key(void **state)
{
    (void)state;
    static const char *const same[][2] = {{"1.2.3.4:80", "1.2.3.4:81"},
                                          {"1.2.3.4", "::ffff:1.2.3.4"},
                                          {"[2001:db8:0:1::1]:5", "2001:db8:0:1:ffff::"},
                                          {"2002:102:304:1::1", "2002:102:304:2::1"},
                                          {"fe80::1%1", "fe80::2%2"}};
    static const char *const differ[][2] = {{"1.2.3.4", "1.2.3.5"},
                                            {"2001:db8:0:1::1", "2001:db8:0:2::1"}};
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        struct addr a = parsed(same[i][0]), b = parsed(same[i][1]);
        a = addr_limit_key(&a);
        b = addr_limit_key(&b);
        assert_true(addr_eq(&a, &b));
    }
    for (size_t i = 0; i < ARRAY_LEN(differ); i++) {
        struct addr a = parsed(differ[i][0]), b = parsed(differ[i][1]);
        a = addr_limit_key(&a);
        b = addr_limit_key(&b);
        assert_false(addr_eq(&a, &b));
    }
}

static void test_hash_and_compare(void **state)
{
    (void)state;
    struct hash_key key = {1, 2};
    struct addr a = parsed("1.2.3.4:80"), b = parsed("1.2.3.4:81"), c = addr_ip4(1, 2, 3, 4, 80);
    assert_true(addr_eq(&a, &c));
    assert_true(addr_hash(&key, &a) == addr_hash(&key, &c));
    assert_false(addr_hash(&key, &a) == addr_hash(&key, &b));
    assert_true(addr_eq_ip(&a, &b));
    assert_int_equal(addr_cmp(&a, &c), 0);
    assert_int_not_equal(addr_cmp(&a, &b), 0);
    static const uint8_t one[16] = {[15] = 1};
    struct addr d = addr_ip6(one, 80), e = parsed("[::1]:80");
    assert_true(addr_eq(&d, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_format),
        cmocka_unit_test(test_parse_is_strict),
        cmocka_unit_test(test_sockaddr_round_trip),
        cmocka_unit_test(test_canon),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_loopback_without_disguise),
        cmocka_unit_test(test_cidr),
        cmocka_unit_test(test_limit_key),
        cmocka_unit_test(test_hash_and_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
