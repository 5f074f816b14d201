/* Letters about relays: each worker gets all, in order, also when its mailbox is full for a while;
 * and which addresses are said to be the machine's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/relay_mail.h"
#include "base/count.h"
#include "base/mem.h"

enum { WORKERS = 2, GOT = 16384 };

struct office {
    struct relay_mail *mail;
    struct counts counts;
    bool full[WORKERS];
    unsigned n[WORKERS];
    uint64_t scope[WORKERS][GOT]; /* of each letter that came, kind << 56 */
    struct media_scope last;
    struct media_own own;
};

static bool post(void *ctx, unsigned worker, struct letter *l)
{
    struct office *o = ctx;
    if (o->full[worker])
        return false;
    assert_true(o->n[worker] < GOT);
    if (l->kind == MEDIA_OWN_ADDRS) {
        o->own = *container_of(l, struct media_own, letter);
        o->scope[worker][o->n[worker]++] = (uint64_t)l->kind << 56;
    } else {
        const struct media_scope *s = container_of(l, struct media_scope, letter);
        memset(&o->last, 0, sizeof o->last);
        memcpy(&o->last, s, media_scope_size(s));
        o->scope[worker][o->n[worker]++] = (uint64_t)l->kind << 56 | s->scope;
    }
    letter_drop(l);
    return true;
}

static int open_office(void **state)
{
    struct office *o = xcalloc(1, sizeof *o);
    o->mail = relay_mail_new(WORKERS, post, o, &o->counts);
    *state = o;
    return 0;
}

static int close_office(void **state)
{
    struct office *o = *state;
    relay_mail_free(o->mail);
    xfree(o);
    return 0;
}

static void give(struct office *o, enum relay_kind kind, uint64_t scope)
{
    relay_mail_scope(o->mail, &(struct relay_scope){.kind = kind, .scope = scope});
}

static uint64_t was(uint32_t kind, uint64_t scope)
{
    return (uint64_t)kind << 56 | scope;
}

static void a_party_is_said_whole(void **state)
{
    struct office *o = *state;
    struct addr addrs[2] = {addr_ip4(192, 0, 2, 1, 0), addr_ip4(192, 0, 2, 2, 0)};
    relay_mail_scope(o->mail, &(struct relay_scope){.kind = RELAY_PARTY,
                                                    .scope = 5,
                                                    .party = 6,
                                                    .pwd = STR("a password"),
                                                    .addrs = addrs,
                                                    .n_addrs = 2});
    assert_int_equal(o->n[0], 1);
    assert_int_equal(o->n[1], 1);
    assert_int_equal(o->last.letter.kind, MEDIA_SCOPE_PARTY);
    assert_true(o->last.scope == 5 && o->last.party == 6);
    assert_int_equal(o->last.pwd_len, 10);
    assert_memory_equal(o->last.pwd, "a password", 10);
    assert_int_equal(o->last.naddrs, 2);
    assert_true(addr_eq(&o->last.addrs[1], &addrs[1]));
    give(o, RELAY_OPEN, 7);
    assert_int_equal(o->last.letter.kind, MEDIA_SCOPE_OPEN);
    give(o, RELAY_DROP, 7);
    assert_int_equal(o->last.letter.kind, MEDIA_PARTY_DROP);
    give(o, RELAY_CLOSE, 7);
    assert_int_equal(o->last.letter.kind, MEDIA_SCOPE_CLOSE);
}

static void letters_wait_for_a_full_mailbox_and_keep_their_order(void **state)
{
    struct office *o = *state;
    o->full[1] = true;
    for (uint64_t i = 1; i <= 20; i++)
        give(o, i % 4 ? RELAY_OPEN : RELAY_CLOSE, i);
    assert_int_equal(o->n[0], 20);
    assert_int_equal(o->n[1], 0);
    assert_true(relay_mail_again(o->mail));
    o->full[1] = false;
    give(o, RELAY_OPEN, 21); /* takes those before it along */
    assert_int_equal(o->n[1], 21);
    assert_memory_equal(o->scope[0], o->scope[1], 21 * sizeof(uint64_t));
    assert_false(relay_mail_again(o->mail));
    o->full[0] = true;
    give(o, RELAY_CLOSE, 22);
    o->full[0] = false;
    assert_false(relay_mail_again(o->mail));
    assert_true(o->scope[0][21] == was(MEDIA_SCOPE_CLOSE, 22));
    o->full[0] = true;
    give(o, RELAY_CLOSE, 23); /* freed with the mail */
}

static void what_closes_is_never_left_out(void **state)
{
    struct office *o = *state;
    o->full[1] = true;
    for (uint64_t i = 1; i <= RELAY_MAIL_WAITING + 3; i++)
        give(o, RELAY_OPEN, i);
    assert_int_equal(count_get(&o->counts, COUNT_DROP_MAILBOX_FULL), 3);
    give(o, RELAY_CLOSE, 1);
    assert_int_equal(count_get(&o->counts, COUNT_DROP_MAILBOX_FULL), 3);
    o->full[1] = false;
    assert_false(relay_mail_again(o->mail));
    assert_int_equal(o->n[1], RELAY_MAIL_WAITING + 1);
    assert_true(o->scope[1][RELAY_MAIL_WAITING] == was(MEDIA_SCOPE_CLOSE, 1));
}

static struct netif_addr on(const char *ip, uint8_t bits, enum netif_kind kind)
{
    struct netif_addr a = {.bits = bits, .kind = kind};
    assert_true(addr_parse(&a.ip, str_from(ip)));
    return a;
}

static bool says(const struct media_own *own, const char *ip)
{
    struct addr a;
    assert_true(addr_parse(&a, str_from(ip)));
    for (uint32_t i = 0; i < own->nown; i++)
        if (addr_eq(&a, &own->own[i]))
            return true;
    return false;
}

static bool in_lan(const struct media_own *own, const char *network)
{
    struct cidr c;
    assert_true(cidr_parse(&c, str_from(network)));
    for (uint32_t i = 0; i < own->nlan; i++)
        if (memcmp(&c, &own->lan[i], sizeof c) == 0)
            return true;
    return false;
}

static void own_addresses_and_networks(void **state)
{
    struct office *o = *state;
    struct addr public_ip = addr_ip4(198, 51, 100, 7, 443);
    struct netif_list *list = xcalloc(1, sizeof *list);
    list->addr[list->len++] = on("192.168.77.20", 20, NETIF_LAN);
    list->addr[list->len++] = on("192.168.66.21", 20, NETIF_LAN); /* in the same network */
    list->addr[list->len++] = on("fd12::1", 64, NETIF_LAN);
    list->addr[list->len++] = on("100.64.0.9", 10, NETIF_LAN);
    list->addr[list->len++] = on("8.8.4.4", 24, NETIF_PUBLIC);
    list->addr[list->len++] = on("10.8.0.1", 24, NETIF_OVERLAY);
    list->addr[list->len++] = on("172.17.0.1", 16, NETIF_INNER);
    list->addr[list->len++] = on("fe80::1", 64, NETIF_LINK);
    list->addr[list->len++] = on("127.0.0.1", 8, NETIF_LOOPBACK);
    struct relay_own_conf conf = {&public_ip, 1, CONFIG_LAN_ON};
    relay_mail_own(o->mail, list, &conf);
    assert_int_equal(o->n[0], 1);
    assert_int_equal(o->n[1], 1);
    assert_int_equal(o->own.nown, 9);
    assert_true(says(&o->own, "198.51.100.7"));
    assert_true(says(&o->own, "192.168.66.21"));
    assert_true(says(&o->own, "8.8.4.4"));
    assert_true(says(&o->own, "10.8.0.1"));
    assert_true(says(&o->own, "172.17.0.1"));
    assert_true(says(&o->own, "127.0.0.1"));
    assert_false(says(&o->own, "fe80::1"));
    assert_int_equal(o->own.nlan, 3);
    assert_true(in_lan(&o->own, "192.168.64.0/20"));
    assert_true(in_lan(&o->own, "fd12::/64"));
    assert_true(in_lan(&o->own, "10.8.0.0/24")); /* the VPN: it was asked for */
    relay_mail_own(o->mail, list, &conf);        /* nothing new */
    assert_int_equal(o->n[0], 1);
    list->len--;
    list->addr[4] = on("8.8.4.5", 24, NETIF_PUBLIC);
    relay_mail_own(o->mail, list, &conf);
    assert_int_equal(o->n[0], 2);
    assert_true(says(&o->own, "8.8.4.5"));
    assert_false(says(&o->own, "8.8.4.4"));
    xfree(list);
}

/* allow-lan */
static void when_networks_count(void **state)
{
    (void)state;
    struct netif_list *list = xcalloc(1, sizeof *list);
    struct media_own own;
    struct addr public_ip = addr_ip4(198, 51, 100, 7, 0);
    struct relay_own_conf conf = {NULL, 0, CONFIG_LAN_AUTO};
    list->addr[list->len++] = on("192.168.77.20", 24, NETIF_LAN);
    list->addr[list->len++] = on("10.8.0.1", 24, NETIF_OVERLAY);
    relay_own_fill(&own, list, &conf);
    assert_int_equal(own.nlan, 1); /* at home; nobody has said anything of the VPN */
    assert_true(in_lan(&own, "192.168.77.0/24"));
    conf.lan = CONFIG_LAN_OFF;
    relay_own_fill(&own, list, &conf);
    assert_int_equal(own.nlan, 0);
    conf = (struct relay_own_conf){&public_ip, 1, CONFIG_LAN_AUTO};
    relay_own_fill(&own, list, &conf);
    assert_int_equal(own.nlan, 0); /* on the internet, behind a 1:1 NAT */
    conf.n_public = 0;
    list->addr[list->len++] = on("8.8.4.4", 24, NETIF_PUBLIC);
    relay_own_fill(&own, list, &conf);
    assert_int_equal(own.nlan, 0);
    conf.lan = CONFIG_LAN_ON;
    relay_own_fill(&own, list, &conf);
    assert_int_equal(own.nlan, 2);
    xfree(list);
}

static void more_addresses_than_can_be_said(void **state)
{
    (void)state;
    struct netif_list *list = xcalloc(1, sizeof *list);
    struct media_own own;
    for (unsigned i = 0; i < NETIF_CAP; i++) {
        list->addr[i] = on("10.0.0.1", 32, NETIF_LAN);
        list->addr[i].ip.ip[3] = (uint8_t)i;
    }
    list->len = NETIF_CAP;
    struct addr public_ip = addr_ip4(198, 51, 100, 7, 0);
    struct relay_own_conf conf = {&public_ip, 1, CONFIG_LAN_ON};
    relay_own_fill(&own, list, &conf);
    assert_int_equal(own.nown, MEDIA_OWN_MAX);
    assert_true(addr_eq(&own.own[0], &public_ip));
    assert_int_equal(own.nlan, MEDIA_OWN_MAX);
    xfree(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_party_is_said_whole, open_office, close_office),
        cmocka_unit_test_setup_teardown(letters_wait_for_a_full_mailbox_and_keep_their_order,
                                        open_office, close_office),
        cmocka_unit_test_setup_teardown(what_closes_is_never_left_out, open_office, close_office),
        cmocka_unit_test_setup_teardown(own_addresses_and_networks, open_office, close_office),
        cmocka_unit_test(when_networks_count),
        cmocka_unit_test_setup_teardown(more_addresses_than_can_be_said, open_office, close_office),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
