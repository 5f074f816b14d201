#include "base/addr.h"
#include "base/util.h"

/* A prefix and what it means. The tables follow the special-purpose registries of RFC 6890 as IANA
 * keeps them; the first line that fits counts. */
struct range {
    uint8_t ip[8];
    uint8_t bits; /* at most 64 */
    uint8_t class;
};

static const struct range ranges4[] = {
    {{0}, 8, ADDR_UNSPECIFIED},
    {{10}, 8, ADDR_PRIVATE},
    {{100, 64}, 10, ADDR_CGN},
    {{127}, 8, ADDR_LOOPBACK},
    {{169, 254}, 16, ADDR_LINK_LOCAL},
    {{172, 16}, 12, ADDR_PRIVATE},
    {{192, 0, 0}, 24, ADDR_RESERVED},
    {{192, 0, 2}, 24, ADDR_DOCUMENTATION},
    {{192, 88, 99}, 24, ADDR_RESERVED},
    {{192, 168}, 16, ADDR_PRIVATE},
    {{198, 18}, 15, ADDR_BENCHMARK},
    {{198, 51, 100}, 24, ADDR_DOCUMENTATION},
    {{203, 0, 113}, 24, ADDR_DOCUMENTATION},
    {{224}, 4, ADDR_MULTICAST},
    {{255, 255, 255, 255}, 32, ADDR_BROADCAST},
    {{240}, 4, ADDR_RESERVED},
};

static const struct range ranges6[] = {
    {{0xFE, 0x80}, 10, ADDR_LINK_LOCAL},
    {{0xFE, 0xC0}, 10, ADDR_PRIVATE},
    {{0xFC}, 7, ADDR_ULA},
    {{0xFF}, 8, ADDR_MULTICAST},
    {{0x20, 0x01, 0x00, 0x02, 0, 0}, 48, ADDR_BENCHMARK},
    {{0x20, 0x01, 0x0D, 0xB8}, 32, ADDR_DOCUMENTATION},
    {{0x3F, 0xFF, 0x00}, 20, ADDR_DOCUMENTATION},
    {{0x20, 0x01, 0x00}, 23, ADDR_RESERVED}, /* IETF protocol assignments */
    {{0x20}, 3, ADDR_GLOBAL},                /* 2000::/3 is all that is given out */
    {{0}, 0, ADDR_RESERVED},
};

/* Forms of IPv6 that carry an IPv4 address: prefix, and at which byte it begins. */
static const struct embedding {
    uint8_t ip[12];
    uint8_t bits;
    uint8_t at;
    uint8_t flip; /* 0xFF: its bits are inverted */
} embeddings[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 96, 12, 0}, /* mapped; first, see addr_unmap */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0}, 96, 12, 0}, /* translated, RFC 2765 */
    {{0}, 96, 12, 0},                                        /* compatible, RFC 4291, 2.5.5.1 */
    {{0x00, 0x64, 0xFF, 0x9B}, 96, 12, 0},                   /* NAT64, RFC 6052 */
    {{0x20, 0x02}, 16, 2, 0},                                /* 6to4, RFC 3056 */
    {{0x20, 0x01, 0, 0}, 32, 12, 0xFF},                      /* Teredo, RFC 4380, 4 */
};

static bool in_prefix(const uint8_t *ip, const uint8_t *prefix, unsigned bits)
{
    for (unsigned i = 0; i < bits; i += 8) {
        unsigned left = bits - i;
        uint8_t mask = left >= 8 ? 0xFF : (uint8_t)(0xFF << (8 - left));
        if ((ip[i / 8] ^ prefix[i / 8]) & mask)
            return false;
    }
    return true;
}

/* :: and ::1 have meanings of their own. */
static bool is_own(const uint8_t ip[16])
{
    static const uint8_t zero[15];
    return memcmp(ip, zero, 15) == 0 && ip[15] <= 1;
}

static bool unwrap(struct addr *a, size_t n_forms)
{
    if (a->family != 6 || is_own(a->ip))
        return false;
    for (size_t i = 0; i < n_forms; i++) {
        const struct embedding *e = &embeddings[i];
        if (!in_prefix(a->ip, e->ip, e->bits))
            continue;
        const uint8_t *v4 = a->ip + e->at;
        *a = addr_ip4(v4[0] ^ e->flip, v4[1] ^ e->flip, v4[2] ^ e->flip, v4[3] ^ e->flip, a->port);
        return true;
    }
    return false;
}

bool addr_canon(struct addr *a)
{
    return unwrap(a, ARRAY_LEN(embeddings));
}

bool addr_unmap(struct addr *a)
{
    return unwrap(a, 1);
}

static enum addr_class class_in(const struct range *r, size_t n, const uint8_t *ip)
{
    for (size_t i = 0; i < n; i++)
        if (in_prefix(ip, r[i].ip, r[i].bits))
            return (enum addr_class)r[i].class;
    return ADDR_GLOBAL;
}

enum addr_class addr_classify(const struct addr *original)
{
    struct addr a = *original;
    addr_canon(&a);
    if (a.family == 4)
        return class_in(ranges4, ARRAY_LEN(ranges4), a.ip);
    if (a.family != 6)
        return ADDR_NONE;
    if (is_own(a.ip))
        return a.ip[15] ? ADDR_LOOPBACK : ADDR_UNSPECIFIED;
    return class_in(ranges6, ARRAY_LEN(ranges6), a.ip);
}

bool addr_is_loopback(const struct addr *original)
{
    struct addr a = *original;
    addr_unmap(&a);
    return a.family == 4 ? a.ip[0] == 127 : a.family == 6 && is_own(a.ip) && a.ip[15] == 1;
}

struct addr addr_limit_key(const struct addr *original)
{
    struct addr a = *original;
    addr_canon(&a);
    a.port = 0;
    a.scope = 0;
    if (a.family == 6)
        memset(a.ip + 8, 0, 8);
    return a;
}

const char *addr_class_name(enum addr_class c)
{
    switch (c) {
    case ADDR_GLOBAL: return "global";
    case ADDR_NONE: return "none";
    case ADDR_UNSPECIFIED: return "unspecified";
    case ADDR_LOOPBACK: return "loopback";
    case ADDR_LINK_LOCAL: return "link-local";
    case ADDR_PRIVATE: return "private";
    case ADDR_CGN: return "carrier-grade NAT";
    case ADDR_ULA: return "unique local";
    case ADDR_MULTICAST: return "multicast";
    case ADDR_BROADCAST: return "broadcast";
    case ADDR_DOCUMENTATION: return "documentation";
    case ADDR_BENCHMARK: return "benchmark";
    case ADDR_RESERVED: return "reserved";
    }
    return "unknown";
}

bool cidr_contains(const struct cidr *c, const struct addr *a)
{
    struct addr plain = *a;
    addr_unmap(&plain);
    return c->family == plain.family && in_prefix(plain.ip, c->ip, c->bits);
}
