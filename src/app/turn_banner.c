#include "app/turn_banner.h"

#include <stdio.h>

#include "base/util.h"
#include "base/version.h"
#include "io/listen.h"

enum { HOST_CAP = 300 };

static void put_addresses(struct buf *out, const char *label, const struct addr *at, unsigned n)
{
    char z[ADDR_STR_SIZE];
    buf_putf(out, "  %-14s", label);
    for (unsigned i = 0; i < n; i++)
        buf_putf(out, "%s%s", i ? ", " : "", addr_format(&at[i], z));
    buf_puts(out, n ? "\n" : "none\n");
}

/* As it stands in a URI: RFC 7065 takes its host from RFC 3986, 3.2.2. */
static const char *host_of(const struct turn_banner *b, char out[HOST_CAP])
{
    char z[ADDR_STR_SIZE];
    if (b->name)
        snprintf(out, HOST_CAP, "%s", b->name);
    else if (!b->host)
        snprintf(out, HOST_CAP, "HOST");
    else
        snprintf(out, HOST_CAP, b->host->family == 6 ? "[%s]" : "%s", addr_format_ip(b->host, z));
    return out;
}

static void put_people(struct buf *out, const struct relay_people *p)
{
    buf_puts(out, "  Credentials:  ");
    if (p->n_users)
        buf_putf(out, "%u user%s", p->n_users, p->n_users > 1 ? "s" : "");
    if (p->secrets[0].n)
        buf_putf(out, "%sthose made of %s", p->n_users ? ", and " : "",
                 p->secrets[1].n ? "two secrets" : "a secret");
    buf_puts(out, "\n");
}

static void put_example(struct buf *out, const struct turn_banner *b)
{
    char host[HOST_CAP];
    struct str name = STR("NAME"), rest;
    unsigned udp = b->listen->nudp ? b->listen->udp_at[0].port : 0;
    unsigned tcp = b->listen->ntcp ? b->listen->tcp_at[0].port : 0;
    host_of(b, host);
    if (b->people->n_users)
        str_split_once(b->people->users[0], ':', &name, &rest);
    buf_puts(out, "\n  For a page:\n\n    new RTCPeerConnection({ iceServers: [{\n      urls: [");
    buf_putf(out, "'turn:%s:%u', 'turn:%s:%u?transport=tcp'", host, udp, host, tcp);
    if (b->tls)
        buf_putf(out, ",\n             'turns:%s:%u?transport=tcp'", host, tcp);
    buf_putf(out, "],\n      username: '" PRIstr "', credential: 'PASSWORD' }] });\n",
             STR_ARG(name));
    if (b->people->secrets[0].n)
        buf_puts(out, "\n  madang token prints a NAME and a PASSWORD for a time, made of the "
                      "secret.\n");
    buf_puts(out, "\n");
}

void turn_banner_render(struct buf *out, const struct turn_banner *b)
{
    buf_putf(out, "\n  madang %s is running: TURN and STUN alone.\n\n", madang_version());
    put_addresses(out, "UDP:", b->listen->udp_at, b->listen->nudp);
    put_addresses(out, "TCP:", b->listen->tcp_at, b->listen->ntcp);
    buf_putf(out, "  %-14s%s\n", "Encrypted:",
             b->tls ? "TLS on the TCP port, DTLS on the UDP port"
                    : "no TLS and no DTLS (--cert FILE, --key FILE)");
    buf_putf(out, "  %-14s%s\n", "Realm:", b->realm);
    put_people(out, b->people);
    buf_putf(out, "  %-14s%u at most, from UDP ports %u to %u\n", "Relays:", b->max_relays,
             b->ports.first, b->ports.last);
    buf_puts(out,
             "\n  A firewall has to let in the TCP and the UDP port above, and none of those of "
             "relays.\n");
    put_example(out, b);
}
