/* Control's end of the SFU: by which addresses people reach it, and which worker has which room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/relay_mail.h"
#include "app/sfu_letter.h"
#include "app/sfu_mail.h"
#include "base/count.h"
#include "base/mem.h"
#include "io/listen.h"

enum { WORKERS = 3, GOT = 64, PORT = 3478 };

/* ---- Where it is reached ---- */

static struct listen_set listening_at(struct addr at)
{
    struct listen_set set = {.nudp = 1};
    at.port = PORT;
    set.udp_at[0] = at;
    return set;
}

static void add(struct netif_list *list, struct addr ip, enum netif_kind kind)
{
    list->addr[list->len++] = (struct netif_addr){.ip = ip, .kind = kind};
}

static struct netif_list a_machine(void)
{
    struct netif_list list = {0};
    add(&list, addr_ip4(192, 168, 1, 5, 0), NETIF_LAN);
    add(&list, addr_ip4(8, 8, 4, 4, 0), NETIF_PUBLIC);
    add(&list, addr_ip4(172, 17, 0, 1, 0), NETIF_INNER);
    add(&list, addr_ip4(169, 254, 3, 3, 0), NETIF_LINK);
    add(&list, addr_ip4(127, 0, 0, 1, 0), NETIF_LOOPBACK);
    return list;
}

static void expect(const struct media_sfu_at *at, unsigned i, struct addr ip)
{
    ip.port = PORT;
    assert_true(i < at->n);
    assert_true(addr_eq(&at->at[i], &ip));
}

static void all_addresses_that_mean_something_to_people(void **state)
{
    (void)state;
    struct media_sfu_at at;
    struct netif_list list = a_machine();
    struct listen_set set = listening_at(addr_ip4(0, 0, 0, 0, 0));
    struct sfu_ways ways = {.listen = &set};
    sfu_at_fill(&at, &list, &ways);
    assert_int_equal(at.n, 2);
    expect(&at, 0, addr_ip4(192, 168, 1, 5, 0));
    expect(&at, 1, addr_ip4(8, 8, 4, 4, 0));
}

static void the_address_outside_comes_first_and_once(void **state)
{
    (void)state;
    struct media_sfu_at at;
    struct netif_list list = a_machine();
    struct listen_set set = listening_at(addr_ip4(0, 0, 0, 0, 0));
    struct addr outside[2] = {addr_ip4(9, 9, 9, 9, 0), addr_ip4(8, 8, 4, 4, 0)};
    struct sfu_ways ways = {outside, 2, &set};
    sfu_at_fill(&at, &list, &ways);
    assert_int_equal(at.n, 3);
    expect(&at, 0, outside[0]);
    expect(&at, 1, outside[1]);
    expect(&at, 2, addr_ip4(192, 168, 1, 5, 0));
}

static void only_where_a_socket_listens(void **state)
{
    (void)state;
    struct media_sfu_at at;
    struct netif_list list = a_machine();
    struct listen_set set = listening_at(addr_ip4(172, 17, 0, 1, 0));
    struct sfu_ways ways = {.listen = &set};
    sfu_at_fill(&at, &list, &ways);
    assert_int_equal(at.n, 1);
    expect(&at, 0, addr_ip4(172, 17, 0, 1, 0)); /* it was asked for by name */
    static const uint8_t any[16];
    set = listening_at(addr_ip6(any, 0));
    sfu_at_fill(&at, &list, &ways);
    assert_int_equal(at.n, 0);
    set.nudp = 0;
    sfu_at_fill(&at, &list, &ways);
    assert_int_equal(at.n, 0);
}

static void tcp_after_udp(void **state)
{
    (void)state;
    struct media_sfu_at at;
    struct netif_list list = a_machine();
    struct listen_set set = listening_at(addr_ip4(0, 0, 0, 0, 0));
    struct sfu_ways ways = {.listen = &set};
    struct addr last = addr_ip4(8, 8, 4, 4, 8443);
    set.ntcp = 1;
    set.tcp_at[0] = addr_ip4(0, 0, 0, 0, 8443);
    sfu_at_fill(&at, &list, &ways);
    assert_int_equal(at.n, 4);
    assert_int_equal(at.tcp, 0xC);
    expect(&at, 1, addr_ip4(8, 8, 4, 4, 0));
    assert_true(addr_eq(&at.at[3], &last));
}

static void loopback_when_there_is_nothing_else(void **state)
{
    (void)state;
    struct media_sfu_at at;
    struct netif_list list = {0};
    struct listen_set set = listening_at(addr_ip4(0, 0, 0, 0, 0));
    struct sfu_ways ways = {.listen = &set};
    add(&list, addr_ip4(127, 0, 0, 1, 0), NETIF_LOOPBACK);
    sfu_at_fill(&at, &list, &ways);
    assert_int_equal(at.n, 1);
    expect(&at, 0, addr_ip4(127, 0, 0, 1, 0));
}

static void so_many_addresses_do_no_harm(void **state)
{
    (void)state;
    struct media_sfu_at at;
    struct netif_list list = {0};
    struct listen_set set = listening_at(addr_ip4(0, 0, 0, 0, 0));
    struct sfu_ways ways = {.listen = &set};
    for (uint8_t i = 0; i < NETIF_CAP; i++)
        add(&list, addr_ip4(8, 8, 8, i, 0), NETIF_PUBLIC);
    sfu_at_fill(&at, &list, &ways);
    assert_true(at.n > 0 && at.n <= MEDIA_SFU_AT_MAX);
}

/* ---- Who has which room ---- */

struct office {
    struct relay_mail *post;
    struct sfu_mail *mail;
    struct counts counts;
    bool full;
    uint64_t load[WORKERS];
    unsigned n;
    struct {
        unsigned worker;
        uint32_t kind;
        uint64_t room;
    } got[GOT];
};

static bool take(void *ctx, unsigned worker, struct letter *l)
{
    struct office *o = ctx;
    if (o->full)
        return false;
    assert_true(o->n < GOT);
    o->got[o->n].worker = worker;
    o->got[o->n].kind = l->kind;
    if (l->kind != MEDIA_SFU_AT)
        o->got[o->n].room = container_of(l, struct media_sfu, letter)->room;
    o->n++;
    letter_drop(l);
    return true;
}

static uint64_t load(void *ctx, unsigned worker)
{
    return ((struct office *)ctx)->load[worker];
}

static int open_office(void **state)
{
    struct office *o = xcalloc(1, sizeof *o);
    o->post = relay_mail_new(WORKERS, take, o, &o->counts);
    o->mail = sfu_mail_new(&(struct sfu_mail_conf){
        .workers = WORKERS, .post = o->post, .hash = {1, 2}, .load = load, .ctx = o});
    *state = o;
    return 0;
}

static int close_office(void **state)
{
    struct office *o = *state;
    sfu_mail_free(o->mail);
    relay_mail_free(o->post);
    xfree(o);
    return 0;
}

static bool give(struct office *o, enum media_kind kind, uint64_t room)
{
    return sfu_mail_give(o->mail, sfu_letter(kind, room, 1, 0, STR("text")));
}

static unsigned last(const struct office *o)
{
    assert_true(o->n > 0);
    return o->got[o->n - 1].worker;
}

static void a_room_goes_where_there_is_the_least_to_do(void **state)
{
    struct office *o = *state;
    unsigned where[WORKERS] = {0};
    for (uint64_t i = 1; i <= WORKERS; i++) {
        assert_true(give(o, MEDIA_SFU_OPEN, i));
        where[last(o)]++;
    }
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(where[i], 1); /* though nobody has told of any load yet */
    o->load[0] = 100;
    o->load[2] = 100;
    assert_true(give(o, MEDIA_SFU_OPEN, 9));
    assert_int_equal(last(o), 1);
    o->load[1] = 300;
    assert_true(give(o, MEDIA_SFU_OFFER, 9)); /* it stays where it is */
    assert_int_equal(last(o), 1);
    assert_true(give(o, MEDIA_SFU_OPEN, 9)); /* also when it is opened again */
    assert_int_equal(last(o), 1);
    assert_int_equal(sfu_mail_rooms(o->mail), WORKERS + 1);
}

static void a_room_that_was_closed_is_forgotten(void **state)
{
    struct office *o = *state;
    assert_false(give(o, MEDIA_SFU_OFFER, 5));
    assert_true(give(o, MEDIA_SFU_OPEN, 5));
    assert_true(give(o, MEDIA_SFU_CLOSE, 5));
    assert_false(give(o, MEDIA_SFU_OFFER, 5));
    assert_int_equal(o->n, 2);
    assert_int_equal(sfu_mail_rooms(o->mail), 0);
}

static void letters_wait_for_a_full_mailbox(void **state)
{
    struct office *o = *state;
    o->full = true;
    assert_true(give(o, MEDIA_SFU_OPEN, 5));
    assert_true(give(o, MEDIA_SFU_OFFER, 5));
    while (give(o, MEDIA_SFU_OFFER, 5))
        ;
    assert_true(give(o, MEDIA_SFU_LEAVE, 5)); /* what ends something always goes */
    assert_false(give(o, MEDIA_SFU_OPEN, 6) && give(o, MEDIA_SFU_OPEN, 7) &&
                 give(o, MEDIA_SFU_OPEN, 8));
    assert_true(o->counts.v[COUNT_DROP_MAILBOX_FULL] > 0);
    assert_int_equal(o->n, 0);
}

static void addresses_are_told_when_they_change(void **state)
{
    struct office *o = *state;
    struct netif_list list = a_machine();
    struct listen_set set = listening_at(addr_ip4(0, 0, 0, 0, 0));
    struct sfu_ways ways = {.listen = &set};
    sfu_mail_at(o->mail, &list, &ways);
    assert_int_equal(o->n, WORKERS);
    sfu_mail_at(o->mail, &list, &ways);
    assert_int_equal(o->n, WORKERS);
    list.addr[0].ip = addr_ip4(192, 168, 1, 6, 0);
    sfu_mail_at(o->mail, &list, &ways);
    assert_int_equal(o->n, 2 * WORKERS);
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(o->got[i].worker, i);
        assert_int_equal(o->got[i].kind, MEDIA_SFU_AT);
    }
}

static void without_workers_there_are_no_rooms(void **state)
{
    struct office *o = *state;
    struct sfu_mail *none = sfu_mail_new(&(struct sfu_mail_conf){.post = o->post});
    assert_false(sfu_mail_give(none, sfu_letter(MEDIA_SFU_OPEN, 5, 0, 0, STR_NONE)));
    sfu_mail_free(none);
    sfu_mail_free(NULL);
    assert_int_equal(o->n, 0);
}

#define TEST_IN(f) cmocka_unit_test_setup_teardown(f, open_office, close_office)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_addresses_that_mean_something_to_people),
        cmocka_unit_test(the_address_outside_comes_first_and_once),
        cmocka_unit_test(only_where_a_socket_listens),
        cmocka_unit_test(tcp_after_udp),
        cmocka_unit_test(loopback_when_there_is_nothing_else),
        cmocka_unit_test(so_many_addresses_do_no_harm),
        TEST_IN(a_room_goes_where_there_is_the_least_to_do),
        TEST_IN(a_room_that_was_closed_is_forgotten),
        TEST_IN(letters_wait_for_a_full_mailbox),
        TEST_IN(addresses_are_told_when_they_change),
        TEST_IN(without_workers_there_are_no_rooms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
