#include "edge/push/push_url.h"

#include "base/util.h"

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

/* Letters, figures, hyphens, and no label that is empty or too long (RFC 1123, 2.1). What looks like an
 * address in another notation (0x7f.1, 2130706433) is no name: the last label has a letter first. */
static bool is_name(struct str host)
{
    size_t label = 0, last = 0;
    if (host.n == 0 || host.n > 253) {
        return false;
    }
    for (size_t i = 0; i < host.n; i++) {
        if (!is_name_char(host.p[i]) || (host.p[i] == '.' && label == 0) || label > 63) {
            return false;
        }
        label = host.p[i] == '.' ? 0 : label + 1;
        last = host.p[i] == '.' ? i + 1 : last;
    }
    char first = last < host.n ? host.p[last] : '0';
    return label > 0 && label <= 63 && !(first >= '0' && first <= '9');
}

static bool take_host(struct push_url *u, struct str host)
{
    u->host = host;
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
        struct str inner = str_of(host.p + 1, host.n - 2);
        u->is_addr = true;
        return addr_parse(&u->addr, inner) && u->addr.family == 6 && u->addr.scope == 0;
    }
    u->is_addr = addr_parse(&u->addr, host) && u->addr.family == 4;
    return u->is_addr || is_name(host);
}

static bool is_port(struct str s)
{
    uint64_t port;
    return s.n <= 5 && str_to_u64(s, 65535, &port) && port > 0;
}

bool push_url_parse(struct push_url *u, struct str url)
{
    const struct str scheme = STR("https://");
    *u = (struct push_url){.is_addr = false};
    if (url.n > PUSH_URL_MAX || !str_starts(url, scheme)) {
        return false;
    }
    for (size_t i = 0; i < url.n; i++) {
        if (url.p[i] <= ' ' || url.p[i] > '~' || url.p[i] == '#' || url.p[i] == '"' ||
            url.p[i] == '\\') {
            return false;
        }
    }
    struct str rest = str_skip(url, scheme.n), authority, path, host;
    if (!str_split_once(rest, '/', &authority, &path)) {
        return false;
    }
    /* After the bracket of an IPv6 address, or the only colon. */
    size_t bracket = authority.n && authority.p[0] == '[' ? str_chr(authority, ']') : 0;
    if (bracket == STR_NPOS) {
        return false;
    }
    size_t colon = str_chr(str_skip(authority, bracket), ':');
    host = colon == STR_NPOS ? authority : str_head(authority, bracket + colon);
    if (colon != STR_NPOS && !is_port(str_skip(authority, bracket + colon + 1))) {
        return false;
    }
    u->origin = str_of(url.p, scheme.n + authority.n);
    return take_host(u, host);
}

bool push_addr_allowed(const struct addr *a, const struct cidr *allow, size_t n_allow)
{
    for (size_t i = 0; i < n_allow; i++) {
        if (cidr_contains(&allow[i], a)) {
            return true;
        }
    }
    return addr_classify(a) == ADDR_GLOBAL;
}
