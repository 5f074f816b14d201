/* What two may tell each other before a call is answered: relayed candidates, and no address besides. */
#include "base/addr.h"
#include "domain/domain_int.h"

/* The next line without its end. */
static struct str line_of(struct str *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    struct str line = str_of(rest->p, n > 0 && rest->p[n - 1] == '\r' ? n - 1 : n);
    *rest = str_skip(*rest, end ? n + 1 : n);
    return line;
}

/* What a relay can have: an address, in the plain spelling, of one host. Whoever gets a candidate sends to it
 * without being asked, by ICE's rules, and before that looks its name up: a name would tell its owner who
 * looks (and from where), a group or link-local address everybody around. Private and loopback addresses
 * stay: those are the relays of a server at home, and packets to them do not come to a stranger. */
static bool is_relays(struct str text)
{
    struct addr a;
    if (str_chr(text, '[') != STR_NPOS || str_chr(text, '%') != STR_NPOS || !addr_parse(&a, text) ||
        (a.family == 4 && str_chr(text, ':') != STR_NPOS))
        return false;
    switch (addr_classify(&a)) { /* of the IPv4 address in an IPv6 one, where there is one */
    case ADDR_GLOBAL:
    case ADDR_LOOPBACK:
    case ADDR_PRIVATE:
    case ADDR_CGN:
    case ADDR_ULA:
    case ADDR_DOCUMENTATION:
    case ADDR_BENCHMARK: return true;
    case ADDR_NONE:
    case ADDR_UNSPECIFIED:
    case ADDR_LINK_LOCAL:
    case ADDR_MULTICAST:
    case ADDR_BROADCAST:
    case ADDR_RESERVED: break;
    }
    return false;
}

/* foundation component transport priority ADDRESS PORT typ TYPE [raddr X rport Y] … (RFC 8839, 5.1):
 * of a relayed candidate the address that the relay belongs to is left out. */
static void put_relayed(struct str line, struct buf *out, struct sdp_scan *scan)
{
    struct str word[8], rest = line;
    uint64_t port;
    for (size_t i = 0; i < ARRAY_LEN(word); i++)
        str_split_once(rest, ' ', &word[i], &rest);
    if (!str_eq(word[6], STR("typ")) || !str_eq(word[7], STR("relay")) ||
        !str_to_u64(word[5], 65535, &port) || !is_relays(word[4]))
        return;
    if (scan->n_addrs < SDP_SCAN_ADDRS)
        scan->addrs[scan->n_addrs++] = (struct sdp_addr){word[4], (uint16_t)port};
    else
        scan->more_addrs = true;
    buf_put_str(out, str_of(line.p, (size_t)(word[7].p + word[7].n - line.p)));
    buf_puts(out,
             str_chr(word[4], ':') != STR_NPOS ? " raddr :: rport 0" : " raddr 0.0.0.0 rport 0");
    while (rest.n) {
        struct str key, value;
        str_split_once(rest, ' ', &key, &rest);
        str_split_once(rest, ' ', &value, &rest);
        if (!str_eq(key, STR("raddr")) && !str_eq(key, STR("rport")))
            buf_putf(out, " %.*s %.*s", (int)key.n, key.p, (int)value.n, value.p);
    }
    buf_puts(out, "\r\n");
}

static void put_line(struct buf *out, struct str line)
{
    buf_put_str(out, line);
    buf_puts(out, "\r\n");
}

/* o=NAME ID VERSION IN IP4 ADDRESS: without the address. */
static void put_origin(struct str line, struct buf *out)
{
    struct str word[3], rest = line;
    for (size_t i = 0; i < ARRAY_LEN(word); i++)
        str_split_once(rest, ' ', &word[i], &rest);
    buf_put_str(out, str_of(line.p, (size_t)(word[2].p + word[2].n - line.p)));
    buf_puts(out, " IN IP4 0.0.0.0\r\n");
}

/* m=KIND PORT …: the port is that of the default candidate; 0 is a refusal and stays. */
static void put_media(struct str line, struct buf *out)
{
    struct str kind, port, rest;
    str_split_once(line, ' ', &kind, &rest);
    str_split_once(rest, ' ', &port, &rest);
    buf_put_str(out, kind);
    buf_puts(out, str_eq(port, STR("0")) ? " 0 " : " 9 ");
    put_line(out, rest);
}

/* Lines that alone are not worth a message. */
static bool is_frame(struct str line)
{
    return line.n == 0 || str_starts(line, STR("a=mid:")) || str_starts(line, STR("m=")) ||
           str_starts(line, STR("a=ice-ufrag:")) || str_starts(line, STR("a=ice-pwd:"));
}

bool early_filter(struct str body, struct buf *out, struct sdp_scan *scan)
{
    struct str ufrag = STR("a=ice-ufrag:"), pwd = STR("a=ice-pwd:"), rest = body;
    bool worth = false;
    *scan = (struct sdp_scan){0};
    while (rest.n) {
        struct str line = line_of(&rest);
        size_t had = scan->n_addrs;
        if (str_starts(line, STR("a=candidate:"))) {
            put_relayed(line, out, scan);
            worth |= scan->n_addrs > had;
            continue;
        }
        if (scan->ufrag.n == 0 && str_starts(line, ufrag))
            scan->ufrag = str_skip(line, ufrag.n);
        if (scan->pwd.n == 0 && str_starts(line, pwd))
            scan->pwd = str_skip(line, pwd.n);
        worth |= !is_frame(line);
        if (str_starts(line, STR("o=")))
            put_origin(line, out);
        else if (str_starts(line, STR("c=")))
            put_line(out, STR("c=IN IP4 0.0.0.0"));
        else if (str_starts(line, STR("a=rtcp:")))
            put_line(out, STR("a=rtcp:9 IN IP4 0.0.0.0"));
        else if (str_starts(line, STR("m=")))
            put_media(line, out);
        else if (!str_starts(line, STR("a=remote-candidates:")))
            put_line(out, line);
    }
    return worth && !out->failed;
}
