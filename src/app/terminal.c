#include "app/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/qr.h"

enum { URL_CAP = 320, INDENT = 2, LABEL = 23 };

#define BOLD  "\x1b[1m"
#define DIM   "\x1b[2m"
#define PLAIN "\x1b[0m"

static bool locale_is_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        const char *v = getenv(variables[i]);
        if (v && *v) /* the first that is set decides */
            return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
    }
    return false;
}

struct terminal_look terminal_look(int fd)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    struct terminal_look look = {.tty = isatty(fd) == 1, .width = 80};
    struct winsize size;

    if (!look.tty)
        return look;
    look.colour = !(no_colour && *no_colour) && term && *term && strcmp(term, "dumb") != 0;
    look.utf8 = locale_is_utf8();
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        look.width = size.ws_col;
    return look;
}

/* ---- Addresses ---- */

static void url_of(const struct terminal_info *info, const char *host, char out[URL_CAP])
{
    const char *scheme = info->tls ? "https" : "http";
    bool six = strchr(host, ':') != NULL;
    char port[8] = "";

    if (info->port != (info->tls ? 443 : 80))
        snprintf(port, sizeof port, ":%u", info->port);
    snprintf(out, URL_CAP, "%s://%s%s%s%s", scheme, six ? "[" : "", host, six ? "]" : "", port);
}

static void url_of_addr(const struct terminal_info *info, const struct addr *ip, char out[URL_CAP])
{
    char host[ADDR_STR_SIZE];

    url_of(info, addr_format_ip(ip, host), out);
}

/* Whether somebody who opens this address reaches one of our sockets. */
static bool listens(const struct terminal_info *info, const struct addr *ip)
{
    if (info->n_listen == 0)
        return true;
    for (size_t i = 0; i < info->n_listen; i++) {
        struct addr at = info->listen[i];
        /* [::] takes IPv4, too; 0.0.0.0 takes IPv4 only. */
        if (addr_classify(&at) == ADDR_UNSPECIFIED && (at.family == 6 || ip->family == 4))
            return true;
        at.port = ip->port;
        if (addr_eq_ip(&at, ip))
            return true;
    }
    return false;
}

static bool listens_locally(const struct terminal_info *info)
{
    struct addr four = addr_ip4(127, 0, 0, 1, 0);
    struct addr six = addr_ip6((const uint8_t[16]){[15] = 1}, 0);

    return listens(info, &four) || listens(info, &six);
}

static bool worth_showing(const struct terminal_info *info, const struct netif_addr *a)
{
    if (info->public_ip && addr_eq_ip(info->public_ip, &a->ip))
        return false; /* has a line of its own */
    return a->kind <= NETIF_OVERLAY && listens(info, &a->ip);
}

static const struct netif_addr *best(const struct terminal_info *info)
{
    for (size_t i = 0; i < info->netif->len; i++)
        if (worth_showing(info, &info->netif->addr[i]))
            return &info->netif->addr[i];
    return NULL;
}

bool terminal_best_url(const struct terminal_info *info, char out[URL_CAP])
{
    const struct netif_addr *a = best(info);

    if (info->n_names > 0)
        url_of(info, info->names[0], out);
    else if (!info->own_ca && info->certificate && info->certificate->len > 0)
        url_of(info, info->certificate->name[0], out);
    else if (info->public_ip)
        url_of_addr(info, info->public_ip, out);
    else if (a)
        url_of_addr(info, &a->ip, out);
    else
        url_of(info, "localhost", out);
    return info->n_names > 0 || info->public_ip || a ||
           (!info->own_ca && info->certificate && info->certificate->len > 0);
}

/* ---- Text ---- */

static void put_line(struct buf *out, const struct terminal_look *look, const char *label,
                     const char *url, const char *note)
{
    bool colour = look->tty && look->colour;

    buf_putf(out, "%*s%-*s%s%s%s", INDENT, "", LABEL, label, colour ? BOLD : "", url,
             colour ? PLAIN : "");
    if (note && *note)
        buf_putf(out, "  %s(%s)%s", colour ? DIM : "", note, colour ? PLAIN : "");
    buf_puts(out, "\n");
}

static const char *label_of(enum netif_kind kind)
{
    switch (kind) {
    case NETIF_LAN: return "Same network:";
    case NETIF_PUBLIC: return "Internet:";
    default: return "VPN:";
    }
}

/* Behind a NAT the public address is on no interface: somebody has told it. */
static const char *interface_of(const struct terminal_info *info, const struct addr *ip)
{
    for (size_t i = 0; i < info->netif->len; i++)
        if (addr_eq_ip(&info->netif->addr[i].ip, ip))
            return info->netif->addr[i].ifname;
    return "--public-ip";
}

static void put_addresses(struct buf *out, const struct terminal_info *info,
                          const struct terminal_look *look)
{
    char url[URL_CAP];

    for (size_t i = 0; i < info->n_names; i++) {
        url_of(info, info->names[i], url);
        put_line(out, look, "By name:", url, NULL);
    }
    if (info->public_ip) {
        url_of_addr(info, info->public_ip, url);
        put_line(out, look, "Internet:", url, interface_of(info, info->public_ip));
    }
    for (size_t i = 0; i < info->netif->len; i++) {
        const struct netif_addr *a = &info->netif->addr[i];
        if (!worth_showing(info, a))
            continue;
        url_of_addr(info, &a->ip, url);
        put_line(out, look, label_of(a->kind), url, a->ifname);
    }
    if (listens_locally(info)) {
        url_of(info, "localhost", url);
        put_line(out, look, "This computer:", url, NULL);
    }
}

/* Words, broken at the width of the terminal, each line after the indent. */
static void put_text(struct buf *out, const struct terminal_look *look, const char *text)
{
    unsigned width = look->width > 100 ? 100 : look->width < 40 ? 40 : look->width, column = 0;

    while (*text) {
        size_t word = strcspn(text, " ");
        if (column > 0 && column + 1 + word > width - INDENT) {
            buf_puts(out, "\n");
            column = 0;
        }
        buf_putf(out, "%*s", column == 0 ? INDENT : 1, "");
        buf_put(out, text, word);
        column += (unsigned)word + (column > 0);
        text += word + (text[word] == ' ');
    }
    buf_puts(out, "\n");
}

static void put_qr(struct buf *out, const struct terminal_info *info,
                   const struct terminal_look *look)
{
    enum qr_style style = QR_BLOCKS;
    char url[URL_CAP];

    if (!look->tty || !terminal_best_url(info, url) || (!look->utf8 && !look->colour))
        return;
    if (look->colour)
        style = look->utf8 ? QR_BLOCKS_COLOUR : QR_SPACES_COLOUR;
    size_t before = buf_len(out);
    buf_puts(out, "\n");
    if (!qr_render(out, url, style, INDENT, look->width)) {
        buf_truncate(out, before);
        return;
    }
    buf_putf(out, "%*sWith a phone: scan this, or type %s\n", INDENT, "", url);
}

static void put_first_link(struct buf *out, const struct terminal_info *info,
                           const struct terminal_look *look)
{
    char url[URL_CAP];

    if (!info->first_link || !info->first_link[0])
        return;
    terminal_best_url(info, url);
    buf_puts(out, "\n");
    put_text(out, look,
             "Nobody administers this server yet. Whoever opens this link first, within a week, "
             "does; \"madang admin-link\" prints another one:");
    buf_putf(out, "%*s%s%s\n", INDENT + 2, "", url, info->first_link);
}

static void put_certificate(struct buf *out, const struct terminal_info *info,
                            const struct terminal_look *look)
{
    char url[URL_CAP], text[1024];

    if (!info->tls || !info->own_ca)
        return;
    terminal_best_url(info, url);
    buf_puts(out, "\n");
    put_text(out, look,
             "The browser will warn at first: this server has made its certificate by itself. "
             "Either go on past the warning (\"Advanced\", then \"Proceed\" or \"Accept the "
             "risk\"), which is all that is needed for a try;");
    snprintf(
        text, sizeof text,
        "or, once on each device, install %s/ca.crt (how: docs/certificates.md). It is good for "
        "this machine and private networks only, and for no other site. Its SHA-256, to "
        "compare before you trust it:",
        url);
    put_text(out, look, text);
    if (info->ca_fingerprint)
        buf_putf(out, "%*s%.48s\n%*s%s\n", INDENT + 2, "", info->ca_fingerprint, INDENT + 2, "",
                 info->ca_fingerprint + (strlen(info->ca_fingerprint) > 48 ? 48 : 0));
}

static void put_uncovered(struct buf *out, const struct terminal_info *info,
                          const struct terminal_look *look)
{
    char text[1024];
    const struct tls_names *u = info->uncovered;

    if (!u || u->len == 0)
        return;
    snprintf(text, sizeof text,
             "The certificate is not for %s%s: the authority was made before that was known. "
             "docs/certificates.md says what can be done.",
             u->name[0], u->len > 1 ? " and other names" : "");
    buf_puts(out, "\n");
    put_text(out, look, text);
}

/* Somebody could come by the container's own address, if only anybody knew it. */
static bool in_container_without_address(const struct terminal_info *info)
{
    if (info->public_ip || best(info))
        return false;
    for (size_t i = 0; i < info->netif->len; i++)
        if (info->netif->addr[i].kind == NETIF_CONTAINER && listens(info, &info->netif->addr[i].ip))
            return true;
    return false;
}

void terminal_render(struct buf *out, const struct terminal_info *info,
                     const struct terminal_look *look)
{
    buf_putf(out, "\n%*smadang %s is running.\n\n", INDENT, "", info->version);
    put_addresses(out, info, look);
    put_qr(out, info, look);
    if (in_container_without_address(info)) {
        buf_puts(out, "\n");
        put_text(out, look,
                 "This is a container: its own address means nothing to other devices. Start it "
                 "with --public-ip ADDRESS (or MADANG_PUBLIC_IP), the address of the machine that "
                 "runs the container, so that it can be shown here and used for calls.");
    }
    put_first_link(out, info, look);
    put_certificate(out, info, look);
    if (!info->tls) {
        buf_puts(out, "\n");
        put_text(out, look,
                 "Without TLS (--tls off) browsers give camera and microphone to localhost only: "
                 "put a proxy with a certificate in front of this port.");
    }
    put_uncovered(out, info, look);
    buf_puts(out, "\n");
}
