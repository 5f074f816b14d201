#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <qrcodegen/qrcodegen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/qr.h"
#include "app/terminal.h"

static const struct terminal_look plain = {.width = 80};
static const struct terminal_look colour = {.tty = true, .colour = true, .utf8 = true, .width = 80};
static const struct terminal_look mono = {.tty = true, .utf8 = true, .width = 80};
static const struct terminal_look old = {.tty = true, .colour = true, .width = 80};

#define FINGERPRINT                                    \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:" \
    "10:21:32:43:54:65:76:87:98:A9:BA:CB:DC:ED:FE:0F"

static void add(struct netif_list *l, const char *ip, enum netif_kind kind, const char *ifname)
{
    struct netif_addr *a = &l->addr[l->len++];

    memset(a, 0, sizeof *a);
    assert_true(addr_parse(&a->ip, str_from(ip)));
    a->kind = kind;
    snprintf(a->ifname, sizeof a->ifname, "%s", ifname);
}

static struct netif_list home(void)
{
    struct netif_list l = {0};

    add(&l, "192.168.0.7", NETIF_LAN, "wlan0");
    add(&l, "fd00::7", NETIF_LAN, "wlan0");
    add(&l, "100.100.1.1", NETIF_OVERLAY, "tailscale0");
    add(&l, "172.17.0.1", NETIF_INNER, "docker0");
    add(&l, "fe80::1%2", NETIF_LINK, "wlan0");
    add(&l, "127.0.0.1", NETIF_LOOPBACK, "lo");
    return l;
}

static struct terminal_info info_of(const struct netif_list *l)
{
    return (struct terminal_info){.version = "0.1.0",
                                  .port = 8443,
                                  .tls = true,
                                  .netif = l,
                                  .own_ca = true,
                                  .ca_fingerprint = FINGERPRINT};
}

static const char *render(const struct terminal_info *info, const struct terminal_look *look)
{
    static struct buf out;

    buf_free(&out);
    buf_init(&out, TERMINAL_TEXT_MAX);
    terminal_render(&out, info, look);
    assert_false(out.failed);
    return buf_cstr(&out);
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is missing in:\n%s", part, text);
}

static void lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("'%s' should not be in:\n%s", part, text);
}

static void addresses_with_interfaces(void **state)
{
    (void)state;
    struct netif_list l = home();
    struct terminal_info info = info_of(&l);
    const char *text = render(&info, &plain);

    has(text, "https://192.168.0.7:8443  (wlan0)");
    has(text, "https://[fd00::7]:8443  (wlan0)");
    has(text, "https://100.100.1.1:8443  (tailscale0)");
    has(text, "https://localhost:8443");
    lacks(text, "172.17.0.1");
    lacks(text, "fe80");
    has(text, "https://192.168.0.7:8443/ca.crt");
    has(text, "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:\n");
    has(text, "10:21:32:43:54:65:76:87:98:A9:BA:CB:DC:ED:FE:0F\n");
}

static void no_terminal_no_decoration(void **state)
{
    (void)state;
    struct netif_list l = home();
    struct terminal_info info = info_of(&l);
    const char *text = render(&info, &plain);

    lacks(text, "\x1b");
    lacks(text, "█");
    lacks(text, "▀");
    text = render(&info, &mono);
    lacks(text, "\x1b");
    has(text, "█");
    text = render(&info, &old);
    lacks(text, "█");
    has(text, "\x1b[48;5;16m  ");
    for (const char *p = text; *p; p++)
        assert_true((unsigned char)*p < 0x80);
    const struct terminal_look bare = {.tty = true, .width = 80};
    text = render(&info, &bare);
    lacks(text, "\x1b");
    lacks(text, "scan");
}

/* Reads the drawn code back, module by module, and compares with the library's. */
static void check_blocks(const char *drawn, const char *url, bool ink_is_dark)
{
    uint8_t scratch[qrcodegen_BUFFER_LEN_MAX], code[qrcodegen_BUFFER_LEN_MAX];
    static const char *const glyph[] = {" ", "▄", "▀", "█"};
    int x = -4, y = -4;

    assert_true(qrcodegen_encodeText(url, scratch, code, qrcodegen_Ecc_LOW, 1, 10,
                                     qrcodegen_Mask_AUTO, true));
    int size = qrcodegen_getSize(code);
    for (const char *p = drawn; *p;) {
        if (*p == '\x1b') {
            p = strchr(p, 'm') + 1;
            continue;
        }
        if (*p == '\n') {
            assert_int_equal(x, size + 4);
            x = -4, y += 2, p++;
            continue;
        }
        int g = 3;
        while (g > 0 && strncmp(p, glyph[g], strlen(glyph[g])) != 0)
            g--;
        assert_int_equal(qrcodegen_getModule(code, x, y), (g & 2) ? ink_is_dark : !ink_is_dark);
        if (y + 1 < size + 4)
            assert_int_equal(qrcodegen_getModule(code, x, y + 1),
                             (g & 1) ? ink_is_dark : !ink_is_dark);
        p += strlen(glyph[g]), x++;
    }
    assert_true(y >= size + 4);
}

static void qr_is_what_the_library_made(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "https://192.168.0.7:8443", "https://[2001:db8::1234:5678]:8443",
        "https://a-rather-long-name.of-a-server.example.kr:18443", NULL};
    struct buf out;

    for (size_t i = 0; urls[i]; i++) {
        buf_init(&out, TERMINAL_TEXT_MAX);
        assert_true(qr_render(&out, urls[i], QR_BLOCKS, 0, 80));
        check_blocks(buf_cstr(&out), urls[i], false);
        buf_reset(&out);
        assert_true(qr_render(&out, urls[i], QR_BLOCKS_COLOUR, 0, 80));
        check_blocks(buf_cstr(&out), urls[i], true);
        buf_free(&out);
    }
}

static void qr_that_does_not_fit(void **state)
{
    (void)state;
    struct netif_list l = home();
    struct terminal_info info = info_of(&l);
    struct terminal_look narrow = colour;
    struct buf out;
    char huge[400];

    /* 25 modules and 8 around them, after two spaces. */
    narrow.width = 34;
    lacks(render(&info, &narrow), "scan");
    narrow.width = 35;
    has(render(&info, &narrow), "scan this, or type https://192.168.0.7:8443\n");
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = 0;
    buf_init(&out, TERMINAL_TEXT_MAX);
    assert_false(qr_render(&out, huge, QR_BLOCKS, 0, 1000));
    assert_int_equal(buf_len(&out), 0);
    buf_free(&out);
}

static void text_fits_the_width(void **state)
{
    (void)state;
    struct netif_list l = home();
    struct terminal_info info = info_of(&l);
    struct terminal_look look = plain;

    for (look.width = 67; look.width < 120; look.width += 7) {
        const char *line = render(&info, &look);
        for (; *line; line += strcspn(line, "\n") + 1)
            assert_true(strcspn(line, "\n") <= look.width);
    }
}

static void only_where_we_listen(void **state)
{
    (void)state;
    struct netif_list l = home();
    struct terminal_info info = info_of(&l);
    struct addr at;

    addr_parse(&at, STR("100.100.1.1:8443"));
    info.listen = &at;
    info.n_listen = 1;
    const char *text = render(&info, &plain);
    lacks(text, "192.168.0.7");
    lacks(text, "localhost");
    has(text, "https://100.100.1.1:8443");
    addr_parse(&at, STR("0.0.0.0:8443"));
    text = render(&info, &plain);
    has(text, "192.168.0.7");
    lacks(text, "fd00");
    addr_parse(&at, STR("[::]:8443"));
    text = render(&info, &plain);
    has(text, "192.168.0.7");
    has(text, "fd00");
    addr_parse(&at, STR("127.0.0.1:8443"));
    text = render(&info, &mono);
    has(text, "localhost");
    lacks(text, "scan");
}

static void inside_a_container(void **state)
{
    (void)state;
    struct netif_list l = {.container = true};
    struct terminal_info info = info_of(&l);
    struct addr public_ip = addr_ip4(203, 0, 113, 5, 0);

    add(&l, "172.17.0.2", NETIF_CONTAINER, "eth0");
    const char *text = render(&info, &mono);
    lacks(text, "172.17.0.2");
    lacks(text, "scan");
    has(text, "--public-ip ADDRESS");
    has(text, "https://localhost:8443");
    info.public_ip = &public_ip;
    text = render(&info, &mono);
    lacks(text, "172.17.0.2");
    lacks(text, "--public-ip ADDRESS");
    has(text, "type https://203.0.113.5:8443\n");
    has(text, "https://203.0.113.5:8443  (--public-ip)");
    add(&l, "203.0.113.5", NETIF_PUBLIC, "eth1");
    text = render(&info, &mono);
    has(text, "https://203.0.113.5:8443  (eth1)");
    lacks(text, "(--public-ip)");
}

static void best_url(void **state)
{
    (void)state;
    struct netif_list l = home(), none = {0};
    struct terminal_info info = info_of(&l);
    const char *names[] = {"talk.example.kr"};
    struct tls_names of_cert = {0};
    char url[320];

    assert_true(terminal_best_url(&info, url));
    assert_string_equal(url, "https://192.168.0.7:8443");
    info.port = 443;
    terminal_best_url(&info, url);
    assert_string_equal(url, "https://192.168.0.7");
    info.tls = false;
    info.port = 8080;
    terminal_best_url(&info, url);
    assert_string_equal(url, "http://192.168.0.7:8080");
    info = info_of(&l);
    info.own_ca = false;
    tls_names_add(&of_cert, "meet.example.org");
    info.certificate = &of_cert;
    terminal_best_url(&info, url);
    assert_string_equal(url, "https://meet.example.org:8443");
    info.names = names;
    info.n_names = 1;
    terminal_best_url(&info, url);
    assert_string_equal(url, "https://talk.example.kr:8443");
    info = info_of(&none);
    assert_false(terminal_best_url(&info, url));
    assert_string_equal(url, "https://localhost:8443");
}

static void other_notes(void **state)
{
    (void)state;
    struct netif_list l = home();
    struct terminal_info info = info_of(&l);
    struct tls_names uncovered = {0};

    tls_names_add(&uncovered, "203.0.113.9");
    info.uncovered = &uncovered;
    has(render(&info, &plain), "The certificate is not for 203.0.113.9:");
    tls_names_add(&uncovered, "other.example");
    has(render(&info, &plain), "203.0.113.9 and other names:");
    info = info_of(&l);
    info.own_ca = false;
    lacks(render(&info, &plain), "ca.crt");
    info.tls = false;
    has(render(&info, &plain), "Without TLS");
    has(render(&info, &plain), "http://localhost:8443");
}

static void look_of_a_pipe(void **state)
{
    (void)state;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    struct terminal_look look = terminal_look(fds[1]);
    assert_false(look.tty || look.colour || look.utf8);
    close(fds[0]);
    close(fds[1]);
}

static void look_of_a_terminal(void **state)
{
    (void)state;
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    struct terminal_look look;

    assert_true(fd >= 0);
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "ko_KR.UTF-8", 1);
    unsetenv("NO_COLOR");
    look = terminal_look(fd);
    assert_true(look.tty && look.colour && look.utf8);
    setenv("NO_COLOR", "1", 1);
    assert_false(terminal_look(fd).colour);
    setenv("NO_COLOR", "", 1);
    assert_true(terminal_look(fd).colour);
    setenv("TERM", "dumb", 1);
    assert_false(terminal_look(fd).colour);
    setenv("LC_ALL", "C", 1);
    setenv("LANG", "en_US.UTF-8", 1);
    assert_false(terminal_look(fd).utf8);
    unsetenv("LC_ALL");
    unsetenv("LC_CTYPE");
    assert_true(terminal_look(fd).utf8);
    close(fd);
}

int main(int argc, char **argv)
{
    /* `test_terminal show STYLE WIDTH` prints, for eyes and for zbarimg. */
    if (argc > 3 && strcmp(argv[1], "show") == 0) {
        struct netif_list l = home();
        struct terminal_info info = info_of(&l);
        struct terminal_look look = argv[2][0] == 'm' ? mono : argv[2][0] == 'o' ? old : colour;
        look.width = (unsigned)strtoul(argv[3], NULL, 10);
        fputs(render(&info, &look), stdout);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_with_interfaces),
        cmocka_unit_test(no_terminal_no_decoration),
        cmocka_unit_test(qr_is_what_the_library_made),
        cmocka_unit_test(qr_that_does_not_fit),
        cmocka_unit_test(text_fits_the_width),
        cmocka_unit_test(only_where_we_listen),
        cmocka_unit_test(inside_a_container),
        cmocka_unit_test(best_url),
        cmocka_unit_test(other_notes),
        cmocka_unit_test(look_of_a_pipe),
        cmocka_unit_test(look_of_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
