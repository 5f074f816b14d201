/* Elements of lists, among them users and secrets. */
#include <inttypes.h>

#include "app/config_int.h"
#include "base/utf8.h"
#include "base/util.h"

static const char *append_addr(struct config_addrs *list, struct str text,
                               const struct config_row *row)
{
    struct addr a;
    if (str_eq(text, STR("auto")) && str_find(str_from(row->arg), text) != STR_NPOS)
        return NULL;
    if (!addr_parse(&a, text))
        return "is no address";
    if (a.port || text.p[0] == '[')
        return "has a port or brackets";
    list->v[list->n++] = a;
    return NULL;
}

/* RFC 1123, 2.1: labels of letters, digits and inner hyphens; not all digits and dots, which would
 * be taken for an address. */
static bool is_host(struct str s)
{
    struct str label;
    bool more = s.n > 0 && s.n <= 253, letter = false;
    if (!more)
        return false;
    while (more) {
        more = str_split_once(s, '.', &label, &s);
        if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++) {
            char ch = str_lower_char(label.p[i]);
            if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-'))
                return false;
            letter |= ch >= 'a' && ch <= 'z';
        }
    }
    return letter;
}

static void append_lower(struct config *c, struct config_strs *list, struct str text)
{
    char *z = (char *)(uintptr_t)config_keep(c, text);
    for (char *p = z; *p; p++)
        *p = str_lower_char(*p);
    list->v[list->n++] = str_of(z, text.n);
}

static const char *append_host(struct config *c, struct config_strs *list, struct str text)
{
    if (!is_host(text))
        return "is no host name";
    append_lower(c, list, text);
    return NULL;
}

static bool is_host_port(struct str s)
{
    struct addr a;
    struct str host, port;
    uint64_t v;
    if (addr_parse(&a, s))
        return a.family == 4 || (s.p[0] == '[' && a.scope == 0);
    bool has_port = str_split_once(s, ':', &host, &port);
    return is_host(host) && (!has_port || (str_to_u64(port, 65535, &v) && v > 0));
}

static const char *append_origin(struct config *c, struct config_strs *list, struct str text)
{
    struct str rest = text;
    if (str_eq(text, STR("*")))
        return "would let every site in";
    if (str_starts_nocase(text, STR("https://")))
        rest = str_skip(text, 8);
    else if (str_starts_nocase(text, STR("http://")))
        rest = str_skip(text, 7);
    if (rest.n == text.n || !is_host_port(rest))
        return "is no origin";
    append_lower(c, list, text);
    return NULL;
}

static bool is_key(struct str password)
{
    struct str hex = str_skip(password, 2);
    if (!str_starts(password, STR("0x")) || (hex.n != 32 && hex.n != 64))
        return false;
    for (size_t i = 0; i < hex.n; i++) {
        char ch = str_lower_char(hex.p[i]);
        if (!((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f')))
            return false;
    }
    return true;
}

const char *config_wrong_user(struct str text)
{
    struct str name, password;
    if (!str_split_once(text, ':', &name, &password) || name.n == 0 || password.n == 0)
        return "is no name and password";
    if (name.n > CONFIG_USER_NAME_MAX || password.n > CONFIG_SECRET_MAX)
        return "is too long";
    if (!utf8_valid(text.p, text.n) || str_chr(text, '\0') != STR_NPOS)
        return "is no UTF-8";
    if (str_starts(password, STR("0x")) && !is_key(password))
        return "has a key of neither 32 nor 64 hexadecimal digits";
    return NULL;
}

const char *config_wrong_secret(struct str text)
{
    if (text.n < CONFIG_SECRET_MIN)
        return "is too short";
    return text.n > CONFIG_SECRET_MAX ? "is too long" : NULL;
}

static const char *append_secret(struct config *c, struct config_strs *list, struct str text,
                                 const char *wrong)
{
    if (!wrong)
        list->v[list->n++] = str_of(config_keep(c, text), text.n);
    return wrong;
}

const char *config_list_append(struct config *c, const struct config_row *row, void *list,
                               struct str text)
{
    struct cidr cidr;
    if (config_value_count(c, row) >= (size_t)row->hi)
        return "is one too many";
    switch (row->type) {
    case CONFIG_T_ADDRS: return append_addr(list, text, row);
    case CONFIG_T_HOSTS: return append_host(c, list, text);
    case CONFIG_T_ORIGINS: return append_origin(c, list, text);
    case CONFIG_T_USERS: return append_secret(c, list, text, config_wrong_user(text));
    case CONFIG_T_SECRETS: return append_secret(c, list, text, config_wrong_secret(text));
    default: break;
    }
    struct config_cidrs *cidrs = list;
    if (!cidr_parse(&cidr, text))
        return "is no network";
    cidrs->v[cidrs->n++] = cidr;
    return NULL;
}

void config_list_wants(struct buf *out, const struct config_row *row)
{
    switch (row->type) {
    case CONFIG_T_ADDRS:
        buf_puts(out, "an address without port, such as 192.0.2.1 or 2001:db8::1");
        if (str_ends(str_from(row->arg), STR("auto")))
            buf_puts(out, ", or auto");
        buf_putf(out, "; at most %" PRId64, row->hi);
        break;
    case CONFIG_T_CIDRS:
        buf_putf(out,
                 "an address or a network without host bits, such as 10.0.0.0/8; at most %" PRId64,
                 row->hi);
        break;
    case CONFIG_T_HOSTS:
        buf_putf(out, "a host name such as call.example.org; at most %" PRId64, row->hi);
        break;
    case CONFIG_T_ORIGINS:
        buf_putf(
            out,
            "scheme, host and perhaps port, such as https://example.org:8443; at most %" PRId64,
            row->hi);
        break;
    case CONFIG_T_USERS:
        buf_putf(out,
                 "a name, a colon and a password, or 0x and the key of 32 or 64 hexadecimal "
                 "digits; at most %" PRId64,
                 row->hi);
        break;
    case CONFIG_T_SECRETS:
        buf_putf(out, "%d to %d bytes; at most %" PRId64 " of them", CONFIG_SECRET_MIN,
                 CONFIG_SECRET_MAX, row->hi);
        break;
    default: break;
    }
}
