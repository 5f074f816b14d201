#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/util.h"

struct addr addr_ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct addr){.ip = {a, b, c, d}, .port = port, .family = 4};
}

struct addr addr_ip6(const uint8_t ip[16], uint16_t port)
{
    struct addr a = {.port = port, .family = 6};
    memcpy(a.ip, ip, 16);
    return a;
}

static bool is_ip6_link_local(const uint8_t ip[16])
{
    return ip[0] == 0xFE && (ip[1] & 0xC0) == 0x80;
}

bool addr_from_sockaddr(struct addr *a, const struct sockaddr *sa, socklen_t len)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    *a = (struct addr){0};
    if (len < sizeof sa->sa_family)
        return false;
    if (sa->sa_family == AF_INET && len >= sizeof in) {
        memcpy(&in, sa, sizeof in);
        memcpy(a->ip, &in.sin_addr, 4);
        a->port = ntohs(in.sin_port);
        a->family = 4;
        return true;
    }
    if (sa->sa_family == AF_INET6 && len >= sizeof in6) {
        memcpy(&in6, sa, sizeof in6);
        memcpy(a->ip, &in6.sin6_addr, 16);
        a->scope = is_ip6_link_local(a->ip) ? in6.sin6_scope_id : 0;
        a->port = ntohs(in6.sin6_port);
        a->family = 6;
        return true;
    }
    return false;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
    memset(ss, 0, sizeof *ss);
    if (a->family == 4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&in.sin_addr, a->ip, 4);
        memcpy(ss, &in, sizeof in);
        return sizeof in;
    }
    if (a->family == 6) {
        struct sockaddr_in6 in6 = {
            .sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope};
        memcpy(&in6.sin6_addr, a->ip, 16);
        memcpy(ss, &in6, sizeof in6);
        return sizeof in6;
    }
    return 0;
}

static bool parse_ip4(struct addr *a, struct str s)
{
    struct addr out = {.family = 4};
    for (int i = 0; i < 4; i++) {
        struct str part;
        uint64_t v;
        bool more = str_split_once(s, '.', &part, &s);
        if (more != (i < 3) || part.n > 3 || (part.n > 1 && part.p[0] == '0') ||
            !str_to_u64(part, 255, &v))
            return false;
        out.ip[i] = (uint8_t)v;
    }
    *a = out;
    return true;
}

static bool parse_ip6(struct addr *a, struct str s)
{
    struct addr out = {.family = 6};
    struct str text, scope;
    char z[INET6_ADDRSTRLEN];
    uint64_t v = 0;
    bool scoped = str_split_once(s, '%', &text, &scope);
    if (!str_copy(text, z, sizeof z) || inet_pton(AF_INET6, z, out.ip) != 1)
        return false;
    if (scoped && (!is_ip6_link_local(out.ip) || !str_to_u64(scope, UINT32_MAX, &v)))
        return false;
    out.scope = (uint32_t)v;
    *a = out;
    return true;
}

static bool parse_port(struct addr *a, struct str s)
{
    uint64_t v;
    if (!str_to_u64(s, 65535, &v))
        return false;
    a->port = (uint16_t)v;
    return true;
}

bool addr_parse(struct addr *a, struct str s)
{
    struct addr out;
    struct str ip, rest;
    if (s.n && s.p[0] == '[') {
        if (!str_split_once(str_skip(s, 1), ']', &ip, &rest) || !parse_ip6(&out, ip))
            return false;
        if (rest.n && (rest.p[0] != ':' || !parse_port(&out, str_skip(rest, 1))))
            return false;
    } else if (str_chr(s, ':') != str_chr(s, '.') && str_chr(s, '.') < str_chr(s, ':')) {
        bool port = str_split_once(s, ':', &ip, &rest);
        if (!parse_ip4(&out, ip) || (port && !parse_port(&out, rest)))
            return false;
    } else if (!parse_ip6(&out, s)) {
        return false;
    }
    *a = out;
    return true;
}

const char *addr_format_ip(const struct addr *a, char out[ADDR_STR_SIZE])
{
    char z[INET6_ADDRSTRLEN] = "none";
    if (a->family == 4 || a->family == 6)
        inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, z, sizeof z);
    if (a->scope)
        snprintf(out, ADDR_STR_SIZE, "%s%%%u", z, a->scope);
    else
        snprintf(out, ADDR_STR_SIZE, "%s", z);
    return out;
}

const char *addr_format(const struct addr *a, char out[ADDR_STR_SIZE])
{
    char ip[ADDR_STR_SIZE];
    addr_format_ip(a, ip);
    /* Only link-local addresses have a scope: at most 39 + 11 characters, so all fits. */
    if (a->port == 0)
        snprintf(out, ADDR_STR_SIZE, "%s", ip);
    else
        snprintf(out, ADDR_STR_SIZE, a->family == 6 ? "[%.55s]:%u" : "%.55s:%u", ip, a->port);
    return out;
}

bool cidr_parse(struct cidr *c, struct str s)
{
    struct cidr out = {0};
    struct addr a, low;
    struct str ip, len;
    uint64_t bits;
    bool given = str_split_once(s, '/', &ip, &len);
    if (!(parse_ip4(&a, ip) || parse_ip6(&a, ip)) || a.scope)
        return false;
    bits = a.family == 4 ? 32 : 128;
    if (given && (len.n > 3 || !str_to_u64(len, bits, &bits)))
        return false;
    low = a;
    for (unsigned i = (unsigned)bits; i < 128; i++)
        low.ip[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
    if (memcmp(low.ip, a.ip, 16) != 0)
        return false;
    if (bits >= 96 && addr_unmap(&a))
        bits -= 96;
    memcpy(out.ip, a.ip, 16);
    out.family = a.family;
    out.bits = (uint8_t)bits;
    *c = out;
    return true;
}

const char *cidr_format(const struct cidr *c, char out[ADDR_STR_SIZE])
{
    char ip[ADDR_STR_SIZE];
    struct addr a = {.family = c->family};
    memcpy(a.ip, c->ip, 16);
    snprintf(out, ADDR_STR_SIZE, "%.48s/%u", addr_format_ip(&a, ip), c->bits);
    return out;
}
