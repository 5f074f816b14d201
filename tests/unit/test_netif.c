#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/netif.h"
#include "app/sdnotify.h"
#include "base/util.h"

static struct addr ip(const char *text)
{
    struct addr a;

    assert_true(addr_parse(&a, str_from(text)));
    return a;
}

static enum netif_kind kind(const char *type, bool default_route, const char *text, bool container)
{
    struct netif_link link = {.up = true, .default_route = default_route};
    struct addr a = ip(text);

    snprintf(link.type, sizeof link.type, "%s", type);
    return netif_classify(&link, &a, container);
}

static void kinds(void **state)
{
    (void)state;
    assert_int_equal(kind("", true, "192.168.0.7", false), NETIF_LAN);
    assert_int_equal(kind("", false, "10.0.0.7", false), NETIF_LAN);
    assert_int_equal(kind("", true, "fd12::7", false), NETIF_LAN);
    assert_int_equal(kind("", true, "100.64.2.1", false), NETIF_LAN);
    assert_int_equal(kind("", true, "8.8.4.4", false), NETIF_PUBLIC);
    assert_int_equal(kind("", true, "2600::7", false), NETIF_PUBLIC);
    assert_int_equal(kind("wireguard", false, "10.8.0.2", false), NETIF_OVERLAY);
    assert_int_equal(kind("tun", false, "100.100.1.1", false), NETIF_OVERLAY);
    assert_int_equal(kind("bridge", false, "172.17.0.1", false), NETIF_INNER);
    assert_int_equal(kind("bridge", true, "192.168.0.7", false), NETIF_LAN);
    assert_int_equal(kind("vlan", true, "192.168.0.7", false), NETIF_LAN);
    assert_int_equal(kind("", true, "fe80::1%2", false), NETIF_LINK);
    assert_int_equal(kind("", true, "169.254.1.1", false), NETIF_LINK);
    assert_int_equal(kind("", true, "127.0.0.1", false), NETIF_LOOPBACK);
    /* The bridge's address of a container; with the host's network or a macvlan it is a real one. */
    assert_int_equal(kind("veth", true, "172.17.0.2", true), NETIF_CONTAINER);
    assert_int_equal(kind("veth", true, "fd00:1::2", true), NETIF_CONTAINER);
    assert_int_equal(kind("", true, "192.168.0.7", true), NETIF_LAN);
    assert_int_equal(kind("macvlan", true, "192.168.0.9", true), NETIF_LAN);
    assert_int_equal(kind("veth", true, "192.168.0.9", false), NETIF_LAN);
}

static void add(struct netif_list *l, const char *text, enum netif_kind k, bool default_route,
                uint32_t metric)
{
    l->addr[l->len++] = (struct netif_addr){
        .ip = ip(text), .kind = k, .default_route = default_route, .metric = metric};
}

static void expect_best(struct netif_list l, const char *text)
{
    char got[ADDR_STR_SIZE];

    netif_sort(&l);
    const struct netif_addr *best = netif_best(&l);
    if (!text) {
        assert_null(best);
        return;
    }
    assert_non_null(best);
    assert_string_equal(addr_format_ip(&best->ip, got), text);
}

static void best_address(void **state)
{
    (void)state;
    struct netif_list l = {0};

    expect_best(l, NULL);
    add(&l, "127.0.0.1", NETIF_LOOPBACK, false, 0);
    add(&l, "fe80::1%2", NETIF_LINK, true, 0);
    add(&l, "172.17.0.2", NETIF_CONTAINER, true, 0);
    add(&l, "172.18.0.1", NETIF_INNER, false, 0);
    expect_best(l, NULL);
    add(&l, "10.8.0.2", NETIF_OVERLAY, false, 0);
    expect_best(l, "10.8.0.2");
    add(&l, "fd00::7", NETIF_LAN, true, 100);
    expect_best(l, "fd00::7");
    add(&l, "10.1.1.1", NETIF_LAN, false, 0);
    expect_best(l, "10.1.1.1");
    add(&l, "8.8.4.4", NETIF_PUBLIC, true, 0);
    expect_best(l, "8.8.4.4");
    add(&l, "192.168.5.5", NETIF_LAN, true, 600);
    expect_best(l, "192.168.5.5");
    add(&l, "192.168.4.4", NETIF_LAN, true, 100);
    expect_best(l, "192.168.4.4");
}

static void public_address(void **state)
{
    (void)state;
    struct netif_list l = {0};
    char text[ADDR_STR_SIZE];

    add(&l, "192.168.4.4", NETIF_LAN, true, 0);
    add(&l, "9.9.9.9", NETIF_PUBLIC, false, 0);
    assert_null(netif_public(&l));
    add(&l, "2600::7", NETIF_PUBLIC, true, 0);
    assert_string_equal(addr_format_ip(&netif_public(&l)->ip, text), "2600::7");
    add(&l, "8.8.4.4", NETIF_PUBLIC, true, 0);
    assert_string_equal(addr_format_ip(&netif_public(&l)->ip, text), "8.8.4.4");
}

static void equality(void **state)
{
    (void)state;
    struct netif_list a = {0}, b;

    add(&a, "192.168.4.4", NETIF_LAN, true, 0);
    b = a;
    assert_true(netif_equal(&a, &b));
    b.addr[0].default_route = false;
    assert_false(netif_equal(&a, &b));
    b = a;
    b.addr[0].ip = ip("192.168.4.5");
    assert_false(netif_equal(&a, &b));
    b = a;
    add(&b, "10.1.1.1", NETIF_LAN, false, 0);
    assert_false(netif_equal(&a, &b));
}

static const struct netif_addr *find(const struct netif_list *l, const char *text)
{
    struct addr a = ip(text);

    for (size_t i = 0; i < l->len; i++)
        if (memcmp(l->addr[i].ip.ip, a.ip, 16) == 0 && l->addr[i].ip.family == a.family)
            return &l->addr[i];
    return NULL;
}

static void this_machine(void **state)
{
    (void)state;
    struct netif_list l;

    assert_true(netif_read(&l));
    assert_non_null(find(&l, "127.0.0.1"));
    assert_int_equal(find(&l, "127.0.0.1")->kind, NETIF_LOOPBACK);
    assert_string_equal(find(&l, "127.0.0.1")->ifname, "lo");
    assert_int_equal(find(&l, "127.0.0.1")->bits, 8);
}

/* ---- A network of our own, in a namespace ---- */

static bool ip_tool(const char *words)
{
    char copy[128], *argv[24] = {(char *)"ip"}, *save = NULL;
    int n = 1, status = -1;
    pid_t pid;

    snprintf(copy, sizeof copy, "%s", words);
    for (char *w = strtok_r(copy, " ", &save); w && n < 23; w = strtok_r(NULL, " ", &save))
        argv[n++] = w;
    if (posix_spawnp(&pid, "ip", NULL, NULL, argv, environ) != 0)
        return false;
    return waitpid(pid, &status, 0) == pid && status == 0;
}

#define CHECK(c)                                            \
    do {                                                    \
        if (!(c)) {                                         \
            fprintf(stderr, "line %d: %s\n", __LINE__, #c); \
            _exit(1);                                       \
        }                                                   \
    } while (0)

static void look_around(bool overlay)
{
    struct netif_list l;
    const struct netif_addr *a;
    char text[ADDR_STR_SIZE];

    CHECK(netif_read(&l));
    CHECK((a = find(&l, "192.168.7.2")) && a->kind == NETIF_LAN && a->default_route &&
          a->bits == 24);
    CHECK(strcmp(a->ifname, "lan0") == 0);
    CHECK((a = find(&l, "172.17.0.1")) && a->kind == NETIF_INNER && !a->default_route);
    CHECK(!overlay || ((a = find(&l, "10.8.0.1")) && a->kind == NETIF_OVERLAY));
    CHECK((a = find(&l, "2600::5")) && a->kind == NETIF_PUBLIC);
    CHECK(find(&l, "198.51.100.9") == NULL); /* its interface is down */
    CHECK(strcmp(addr_format_ip(&netif_best(&l)->ip, text), "192.168.7.2") == 0);
    CHECK(strcmp(addr_format_ip(&netif_public(&l)->ip, text), "2600::5") == 0);
    CHECK(find(&l, "2600::6") == NULL); /* not for people, but it is this machine's */
    CHECK(netif_read_all(&l));
    CHECK(find(&l, "2600::6") && find(&l, "2600::5") && find(&l, "127.0.0.1"));
}

static void watch_changes(void)
{
    struct netif_list before, after;
    int fd = netif_watch_open();
    struct pollfd p = {.fd = fd, .events = POLLIN};

    CHECK(fd >= 0);
    CHECK(!netif_watch_drain(fd));
    CHECK(netif_read(&before));
    CHECK(ip_tool("address add 192.168.9.9/24 dev lan0"));
    CHECK(poll(&p, 1, 90000) == 1);
    CHECK(netif_watch_drain(fd));
    CHECK(!netif_watch_drain(fd));
    CHECK(netif_read(&after));
    CHECK(!netif_equal(&before, &after));
    CHECK(find(&after, "192.168.9.9") != NULL);
    close(fd);
}

static bool write_to(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

/* As root, or as root of a namespace of users. */
static bool own_network(void)
{
    char map[64];

    if (unshare(CLONE_NEWNET) == 0)
        return true;
    snprintf(map, sizeof map, "0 %u 1", (unsigned)geteuid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && write_to("/proc/self/setgroups", "deny") &&
           write_to("/proc/self/uid_map", map);
}

enum { NO_NAMESPACE = 77 };

static void in_a_namespace(void **state)
{
    (void)state;
    static const char *const setup[] = {
        "link set lo up",
        "link add peer0 type bridge",
        "link add link peer0 name lan0 type macvlan",
        "link set lan0 up",
        "link set peer0 up",
        "address add 192.168.7.2/24 dev lan0",
        "-6 address add 2600::5/64 dev lan0 nodad",
        "-6 address add 2600::6/64 dev lan0 nodad valid_lft 900 preferred_lft 0",
        "route add default via 192.168.7.1 dev lan0",
        "link add docker0 type bridge",
        "address add 172.17.0.1/16 dev docker0",
        "link set docker0 up",
        "link add down0 type bridge",
        "address add 198.51.100.9/24 dev down0",
    };
    static const char *const tunnel[] = {"address add 10.8.0.1/24 dev tun0", "link set tun0 up"};
    bool root = geteuid() == 0;
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (!own_network())
            _exit(NO_NAMESPACE);
        for (size_t i = 0; i < ARRAY_LEN(setup); i++)
            CHECK(ip_tool(setup[i]));
        /* Not every container has /dev/net/tun, or lets everybody use it; not every kernel WireGuard. */
        bool overlay = ip_tool("tuntap add dev tun0 mode tun") ||
                       ip_tool("link add tun0 type wireguard");
        CHECK(overlay || !root);
        for (size_t i = 0; overlay && i < ARRAY_LEN(tunnel); i++)
            CHECK(ip_tool(tunnel[i]));
        look_around(overlay);
        watch_changes();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_NAMESPACE) {
        if (root || getenv("CI") != NULL)
            fail_msg("no namespace of networks can be made here: run it with CAP_SYS_ADMIN");
        print_message("Not tried: this user may make no namespaces.\n");
        skip();
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- sd_notify ---- */

static void notify_goes_to(const char *path, socklen_t len)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char got[256] = "";
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ssize_t n;

    memcpy(at.sun_path, path, len);
    if (path[0] == '@')
        at.sun_path[0] = 0;
    assert_int_equal(
        bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
        0);
    setenv("NOTIFY_SOCKET", path, 1);
    assert_true(sdnotify_ready("8 rooms"));
    n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    assert_int_equal(n, strlen("READY=1\nSTATUS=8 rooms"));
    assert_string_equal(got, "READY=1\nSTATUS=8 rooms");
    assert_true(sdnotify_reloading(123456));
    n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    got[n > 0 ? n : 0] = 0;
    assert_string_equal(got, "RELOADING=1\nMONOTONIC_USEC=123456");
    assert_true(sdnotify_stopping());
    n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    got[n > 0 ? n : 0] = 0;
    assert_string_equal(got, "STOPPING=1");
    close(fd);
}

static void notify(void **state)
{
    (void)state;
    char path[64];

    unsetenv("NOTIFY_SOCKET");
    assert_false(sdnotify_ready(NULL));
    setenv("NOTIFY_SOCKET", "relative", 1);
    assert_false(sdnotify_ready(NULL));
    setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
    assert_false(sdnotify_ready(NULL));
    snprintf(path, sizeof path, "/tmp/madang-notify-%ld", (long)getpid());
    unlink(path);
    notify_goes_to(path, (socklen_t)strlen(path) + 1);
    unlink(path);
    snprintf(path, sizeof path, "@madang-notify-%ld", (long)getpid());
    notify_goes_to(path, (socklen_t)strlen(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),          cmocka_unit_test(best_address),
        cmocka_unit_test(public_address), cmocka_unit_test(equality),
        cmocka_unit_test(this_machine),   cmocka_unit_test(in_a_namespace),
        cmocka_unit_test(notify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
