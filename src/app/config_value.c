#include <inttypes.h>

#include "app/config_int.h"
#include "base/mem.h"
#include "base/util.h"

struct config_text {
    struct config_text *next;
    char z[];
};

static void *field_of(struct config *c, const struct config_row *row)
{
    return (char *)c + row->offset;
}

static const void *field_in(const struct config *c, const struct config_row *row)
{
    return (const char *)c + row->offset;
}

static const char *keep(struct config *c, struct str s)
{
    struct config_text *t = xmalloc(sizeof *t + s.n + 1);
    memcpy(t->z, s.p, s.n);
    t->z[s.n] = '\0';
    t->next = c->texts;
    c->texts = t;
    return t->z;
}

void config_free(struct config *c)
{
    while (c->texts) {
        struct config_text *t = c->texts;
        c->texts = t->next;
        xfree(t);
    }
}

/* ---- numbers with units ---- */

struct unit {
    const char *name;
    int64_t factor;
};

/* From small to large; the first is what a bare number means, unless its name is not empty. */
static const struct unit sizes[] = {{"", 1}, {"k", K_}, {"M", M_}, {"G", 1024 * M_}};
static const struct unit times[] = {{"us", 1},      {"ms", MS_},      {"s", S_},
                                    {"m", 60 * S_}, {"h", 3600 * S_}, {"d", 86400 * S_}};

static const char *parse_quantity(struct str text, const struct unit *units, size_t n_units,
                                  const struct config_row *row, int64_t *out)
{
    size_t digits = 0;
    uint64_t v;
    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
        digits++;
    struct str unit = str_trim(str_skip(text, digits));
    if (!digits)
        return "is no number";
    if (!str_to_u64(str_head(text, digits), INT64_MAX, &v))
        return "is out of range";
    for (size_t i = 0; i < n_units; i++) {
        int64_t total;
        if (!str_eq(unit, str_from(units[i].name)) && !(v == 0 && unit.n == 0))
            continue;
        if (__builtin_mul_overflow((int64_t)v, units[i].factor, &total) || total < row->lo ||
            total > row->hi)
            return "is out of range";
        *out = total;
        return NULL;
    }
    return unit.n ? "has a unit that isn't known" : "has no unit";
}

static void put_quantity(struct buf *out, int64_t v, const struct unit *units, size_t n_units)
{
    size_t i = n_units - 1;
    while (i > 0 && (v == 0 || v % units[i].factor != 0))
        i--;
    buf_putf(out, "%" PRId64 "%s", v / units[i].factor, units[i].name);
}

/* A decimal with up to six places, in millionths. */
static bool parse_millionths(struct str text, uint64_t *out)
{
    struct str whole, part;
    uint64_t w, p = 0;
    bool dot = str_split_once(text, '.', &whole, &part);
    if (!str_to_u64(whole, 1000000, &w))
        return false;
    if (dot && (part.n > 6 || !str_to_u64(part, 999999, &p)))
        return false;
    for (size_t i = part.n; dot && i < 6; i++)
        p *= 10;
    *out = w * 1000000 + p;
    return true;
}

static const char *parse_rate(struct str text, struct config_rate *out)
{
    struct str burst, per_s;
    uint64_t b, e6;
    if (str_eq(text, STR("off"))) {
        *out = (struct config_rate){0};
        return NULL;
    }
    if (!str_split_once(text, '/', &burst, &per_s))
        return "is no rate";
    if (!str_to_u64(str_trim(burst), 1000000, &b) || !parse_millionths(str_trim(per_s), &e6))
        return "is no rate";
    if (b == 0 || e6 < 1000)
        return "is out of range";
    *out = (struct config_rate){(uint32_t)b, e6};
    return NULL;
}

static void put_rate(struct buf *out, const struct config_rate *r)
{
    if (r->burst == 0) {
        buf_puts(out, "off");
        return;
    }
    buf_putf(out, "%" PRIu32 "/%" PRIu64, r->burst, r->per_s_e6 / 1000000);
    if (r->per_s_e6 % 1000000) {
        char digits[8];
        snprintf(digits, sizeof digits, "%06u", (unsigned)(r->per_s_e6 % 1000000));
        struct str s = str_from(digits);
        while (s.p[s.n - 1] == '0')
            s.n--;
        buf_putf(out, "." PRIstr, STR_ARG(s));
    }
}

static const char *parse_int(struct str text, const struct config_row *row, uint32_t *out)
{
    uint64_t v;
    if (!str_to_u64(text, UINT64_MAX, &v))
        return "is no whole number";
    if ((int64_t)v < row->lo || v > (uint64_t)row->hi)
        return "is out of range";
    *out = (uint32_t)v;
    return NULL;
}

static const char *parse_choice(struct str text, const struct config_row *row, int *out)
{
    struct str all = str_from(row->arg), one;
    bool more = true;
    for (int i = 0; more; i++) {
        more = str_split_once(all, '|', &one, &all);
        if (str_eq(text, one)) {
            *out = i;
            return NULL;
        }
    }
    return "is none of these";
}

static struct str choice_name(const struct config_row *row, int value)
{
    struct str all = str_from(row->arg), one = STR("");
    for (int i = 0; i <= value; i++)
        str_split_once(all, '|', &one, &all);
    return one;
}

static const char *parse_path(struct config *c, struct str text, const struct config_row *row,
                              const char **out)
{
    if (text.n == 0 && row->lo)
        return "is empty";
    if (text.n >= 4096 || str_chr(text, '\0') != STR_NPOS)
        return "is no path";
    *out = text.n ? keep(c, text) : NULL;
    return NULL;
}

/* ---- lists ---- */

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
    char *z = (char *)(uintptr_t)keep(c, text);
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

static const char *append(struct config *c, const struct config_row *row, struct str text)
{
    void *list = field_of(c, row);
    struct cidr cidr;
    if (config_value_count(c, row) >= (size_t)row->hi)
        return "is one too many";
    switch (row->type) {
    case CONFIG_T_ADDRS: return append_addr(list, text, row);
    case CONFIG_T_HOSTS: return append_host(c, list, text);
    case CONFIG_T_ORIGINS: return append_origin(c, list, text);
    default: break;
    }
    struct config_cidrs *cidrs = list;
    if (!cidr_parse(&cidr, text))
        return "is no network";
    cidrs->v[cidrs->n++] = cidr;
    return NULL;
}

/* ---- all types ---- */

const char *config_value_parse(struct config *c, const struct config_row *row, struct str text)
{
    void *field = field_of(c, row);
    int64_t v = 0;
    const char *wrong;
    switch (row->type) {
    case CONFIG_T_INT: return parse_int(text, row, field);
    case CONFIG_T_RATE: return parse_rate(text, field);
    case CONFIG_T_CHOICE: return parse_choice(text, row, field);
    case CONFIG_T_PATH: return parse_path(c, text, row, field);
    case CONFIG_T_SIZE:
        wrong = parse_quantity(text, sizes, ARRAY_LEN(sizes), row, &v);
        if (!wrong)
            *(uint64_t *)field = (uint64_t)v;
        return wrong;
    case CONFIG_T_TIME:
        wrong = parse_quantity(text, times, ARRAY_LEN(times), row, &v);
        if (!wrong)
            *(int64_t *)field = v;
        return wrong;
    default: return append(c, row, text);
    }
}

void config_value_clear(struct config *c, const struct config_row *row)
{
    *(size_t *)field_of(c, row) = 0; /* each list begins with its count */
}

size_t config_value_count(const struct config *c, const struct config_row *row)
{
    const void *field = field_in(c, row);
    if (row->type == CONFIG_T_PATH)
        return *(const char *const *)field != NULL;
    return config_is_list(row) ? *(const size_t *)field : 1;
}

void config_value_put(struct buf *out, const struct config *c, const struct config_row *row,
                      size_t i)
{
    char z[ADDR_STR_SIZE];
    const void *field = field_in(c, row);
    const struct config_addrs *addrs = field;
    const struct config_cidrs *cidrs = field;
    const struct config_strs *strs = field;
    switch (row->type) {
    case CONFIG_T_SECTION: break;
    case CONFIG_T_INT: buf_putf(out, "%" PRIu32, *(const uint32_t *)field); break;
    case CONFIG_T_SIZE:
        put_quantity(out, (int64_t) * (const uint64_t *)field, sizes, ARRAY_LEN(sizes));
        break;
    case CONFIG_T_TIME: put_quantity(out, *(const int64_t *)field, times, ARRAY_LEN(times)); break;
    case CONFIG_T_RATE: put_rate(out, field); break;
    case CONFIG_T_CHOICE: buf_put_str(out, choice_name(row, *(const int *)field)); break;
    case CONFIG_T_PATH: buf_puts(out, *(const char *const *)field); break;
    case CONFIG_T_ADDRS: buf_puts(out, addr_format_ip(&addrs->v[i], z)); break;
    case CONFIG_T_CIDRS: buf_puts(out, cidr_format(&cidrs->v[i], z)); break;
    case CONFIG_T_HOSTS:
    case CONFIG_T_ORIGINS: buf_put_str(out, strs->v[i]); break;
    }
}

static void put_range(struct buf *out, const struct config_row *row, const struct unit *units,
                      size_t n_units)
{
    put_quantity(out, row->lo, units, n_units);
    buf_puts(out, " to ");
    put_quantity(out, row->hi, units, n_units);
}

static void put_choices(struct buf *out, const struct config_row *row)
{
    struct str all = str_from(row->arg), one;
    bool more = true;
    for (int i = 0; more; i++) {
        more = str_split_once(all, '|', &one, &all);
        buf_puts(out, i == 0 ? "" : more ? ", " : " or ");
        buf_put_str(out, one);
    }
}

void config_value_wants(struct buf *out, const struct config_row *row)
{
    switch (row->type) {
    case CONFIG_T_SECTION: break;
    case CONFIG_T_INT:
        buf_putf(out, "a whole number from %" PRId64 " to %" PRId64, row->lo, row->hi);
        break;
    case CONFIG_T_SIZE:
        buf_puts(out, "a size from ");
        put_range(out, row, sizes, ARRAY_LEN(sizes));
        buf_puts(out, " bytes (k, M, G: powers of 1024)");
        break;
    case CONFIG_T_TIME:
        buf_puts(out, "a time from ");
        put_range(out, row, times, ARRAY_LEN(times));
        buf_puts(out, " (ms, s, m, h, d)");
        break;
    case CONFIG_T_RATE:
        buf_puts(out, "how many at once (1 to 1000000), a slash and how many per second (0.001 to "
                      "1000000), such as 20/5; or off");
        break;
    case CONFIG_T_CHOICE: put_choices(out, row); break;
    case CONFIG_T_PATH: buf_puts(out, "a path"); break;
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
    }
}
