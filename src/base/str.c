#include "base/str.h"

#include "base/mem.h"
#include "base/util.h"

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (str_lower_char(a.p[i]) != str_lower_char(b.p[i]))
            return false;
    return true;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq(str_head(s, prefix.n), prefix);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq_nocase(str_head(s, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

int str_cmp(struct str a, struct str b)
{
    size_t n = MIN_OF(a.n, b.n);
    int d = n ? memcmp(a.p, b.p, n) : 0;
    if (d != 0)
        return d;
    return a.n < b.n ? -1 : a.n > b.n;
}

size_t str_chr(struct str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NPOS;
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.n == 0)
        return 0;
    const char *at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NPOS;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.n && is_space(s.p[0]))
        s = str_skip(s, 1);
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_split_once(struct str s, char sep, struct str *head, struct str *tail)
{
    size_t at = str_chr(s, sep);
    if (at == STR_NPOS) {
        *head = s;
        *tail = str_skip(s, s.n);
        return false;
    }
    *head = str_head(s, at);
    *tail = str_skip(s, at + 1);
    return true;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
            return false;
    }
    if (v > max)
        return false;
    *out = v;
    return true;
}

char *str_dup(struct str s)
{
    char *z = xmalloc(s.n + 1);
    if (s.n)
        memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    return z;
}

bool str_copy(struct str s, char *dst, size_t cap)
{
    if (cap == 0)
        return false;
    dst[0] = '\0';
    if (s.n >= cap || str_chr(s, '\0') != STR_NPOS)
        return false;
    if (s.n)
        memcpy(dst, s.p, s.n);
    dst[s.n] = '\0';
    return true;
}
