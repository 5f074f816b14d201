#include <inttypes.h>

#include "app/config_int.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/utf8.h"
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

const char *config_keep(struct config *c, struct str s)
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
        memzero(t->z, strlen(t->z)); /* it may have been a secret */
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

static const struct unit bitrates[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", G_}};

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
    *out = text.n ? config_keep(c, text) : NULL;
    return NULL;
}

/* What may stand in a quoted string of the protocol (RFC 8489, 14.9), and comes back from a file. */
static const char *parse_text(struct config *c, struct str text, const struct config_row *row,
                              const char **out)
{
    if (text.n > (size_t)row->hi)
        return "is too long";
    if (!utf8_valid(text.p, text.n))
        return "is no UTF-8";
    for (size_t i = 0; i < text.n; i++) {
        uint8_t ch = (uint8_t)text.p[i];
        if (ch < 0x20 || ch == 0x7F || ch == '"' || ch == '\\' || ch == ';')
            return "has a character that it cannot have";
    }
    *out = text.n ? config_keep(c, text) : NULL;
    return NULL;
}

static const char *parse_ports(struct str text, struct config_ports *out)
{
    struct str first, last;
    uint64_t a, b;
    if (!str_split_once(text, '-', &first, &last) || !str_to_u64(str_trim(first), 65535, &a) ||
        !str_to_u64(str_trim(last), 65535, &b))
        return "is no range of ports";
    if (a < 1024 || b < a + 1)
        return "is out of range";
    *out = (struct config_ports){(uint16_t)a, (uint16_t)b};
    return NULL;
}

static const char *parse_endpoint(struct str text, struct addr *out)
{
    if (text.n == 0) {
        *out = (struct addr){0};
        return NULL;
    }
    return addr_parse(out, text) ? NULL : "is no address";
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
    case CONFIG_T_TEXT: return parse_text(c, text, row, field);
    case CONFIG_T_PORTS: return parse_ports(text, field);
    case CONFIG_T_ENDPOINT: return parse_endpoint(text, field);
    case CONFIG_T_BITS:
        wrong = parse_quantity(text, bitrates, ARRAY_LEN(bitrates), row, &v);
        if (!wrong)
            *(uint64_t *)field = (uint64_t)v;
        return wrong;
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
    default: return config_list_append(c, row, field, text);
    }
}

void config_value_clear(struct config *c, const struct config_row *row)
{
    *(size_t *)field_of(c, row) = 0; /* each list begins with its count */
}

size_t config_value_count(const struct config *c, const struct config_row *row)
{
    const void *field = field_in(c, row);
    if (row->type == CONFIG_T_PATH || row->type == CONFIG_T_TEXT)
        return *(const char *const *)field != NULL;
    if (row->type == CONFIG_T_ENDPOINT)
        return ((const struct addr *)field)->family != 0;
    return config_is_list(row) ? *(const size_t *)field : 1;
}

static void put_endpoint(struct buf *out, const struct addr *a)
{
    char z[ADDR_STR_SIZE];
    buf_puts(out, a->port ? addr_format(a, z) : addr_format_ip(a, z));
}

/* The name of a user, nothing of a secret. */
static void put_hidden(struct buf *out, const struct config_row *row, struct str value)
{
    struct str name, password;
    if (row->type == CONFIG_T_USERS && str_split_once(value, ':', &name, &password)) {
        buf_put_str(out, name);
        buf_u8(out, ':');
    }
    buf_puts(out, "(hidden)");
}

void config_value_put(struct buf *out, const struct config *c, const struct config_row *row,
                      size_t i)
{
    char z[ADDR_STR_SIZE];
    const void *field = field_in(c, row);
    const struct config_addrs *addrs = field;
    const struct config_cidrs *cidrs = field;
    const struct config_strs *strs = field;
    const struct config_ports *ports = field;
    switch (row->type) {
    case CONFIG_T_SECTION: break;
    case CONFIG_T_INT: buf_putf(out, "%" PRIu32, *(const uint32_t *)field); break;
    case CONFIG_T_SIZE:
        put_quantity(out, (int64_t) * (const uint64_t *)field, sizes, ARRAY_LEN(sizes));
        break;
    case CONFIG_T_TIME: put_quantity(out, *(const int64_t *)field, times, ARRAY_LEN(times)); break;
    case CONFIG_T_RATE: put_rate(out, field); break;
    case CONFIG_T_CHOICE: buf_put_str(out, choice_name(row, *(const int *)field)); break;
    case CONFIG_T_PATH:
    case CONFIG_T_TEXT: buf_puts(out, *(const char *const *)field); break;
    case CONFIG_T_BITS:
        put_quantity(out, (int64_t) * (const uint64_t *)field, bitrates, ARRAY_LEN(bitrates));
        break;
    case CONFIG_T_PORTS: buf_putf(out, "%u-%u", ports->first, ports->last); break;
    case CONFIG_T_ENDPOINT: put_endpoint(out, field); break;
    case CONFIG_T_ADDRS: buf_puts(out, addr_format_ip(&addrs->v[i], z)); break;
    case CONFIG_T_CIDRS: buf_puts(out, cidr_format(&cidrs->v[i], z)); break;
    case CONFIG_T_HOSTS:
    case CONFIG_T_ORIGINS: buf_put_str(out, strs->v[i]); break;
    case CONFIG_T_USERS:
    case CONFIG_T_SECRETS: put_hidden(out, row, strs->v[i]); break;
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
    case CONFIG_T_TEXT:
        buf_putf(out, "at most %" PRId64 " bytes without quotes, backslashes and semicolons",
                 row->hi);
        break;
    case CONFIG_T_BITS:
        buf_puts(out, "bits per second from ");
        put_range(out, row, bitrates, ARRAY_LEN(bitrates));
        buf_puts(out, " (k, M, G: powers of 1000)");
        break;
    case CONFIG_T_PORTS:
        buf_puts(out, "two ports or more from 1024 to 65535, such as 49152-65535");
        break;
    case CONFIG_T_ENDPOINT:
        buf_puts(out, "an address, and perhaps a port, such as 192.0.2.1:3478");
        break;
    default: config_list_wants(out, row); break;
    }
}
