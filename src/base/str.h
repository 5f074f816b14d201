/* Borrowed slices of bytes. A struct str owns nothing and need not end in NUL; it lives as long as
 * the memory that it points into. Comparing without case is ASCII only: protocols, not people. */
#ifndef MADANG_BASE_STR_H
#define MADANG_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

/* A slice of a string literal; STR_INIT is the same for static initialisers. */
#define STR(lit) ((struct str){"" lit, sizeof(lit) - 1})
#define STR_INIT(lit)           \
    {                           \
        "" lit, sizeof(lit) - 1 \
    }
#define STR_NONE ((struct str){NULL, 0})

/* printf("name " PRIstr "\n", STR_ARG(s)) */
#define PRIstr     "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str str_of(const void *p, size_t n)
{
    return (struct str){p, n};
}

/* Of a NUL-terminated string; NULL gives the empty slice. */
static inline struct str str_from(const char *z)
{
    return (struct str){z, z ? strlen(z) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The slice from byte `from` on; empty when there are fewer. */
static inline struct str str_skip(struct str s, size_t from)
{
    /* Of nothing, nothing: a null pointer may not even be moved by 0. */
    size_t n = from < s.n ? from : s.n;
    return n > 0 ? (struct str){s.p + n, s.n - n} : s;
}

/* The first n bytes, or all when there are fewer. */
static inline struct str str_head(struct str s, size_t n)
{
    return (struct str){s.p, n < s.n ? n : s.n};
}

bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Byte order, shorter first when one is the prefix of the other: <0, 0, >0 as memcmp. */
int str_cmp(struct str a, struct str b);

#define STR_NPOS ((size_t)-1)
/* Where c, or needle, first occurs; STR_NPOS when it doesn't. */
size_t str_chr(struct str s, char c);
size_t str_find(struct str s, struct str needle);

/* Without spaces, tabs, CR and LF at both ends. */
struct str str_trim(struct str s);
/* Splits at the first sep: head before it, tail after it. Without sep: false, head is all of s,
 * tail is empty. */
bool str_split_once(struct str s, char sep, struct str *head, struct str *tail);

/* Decimal digits only, at least one (no sign, no space; leading zeros are fine), value <= max.
 * *out changes only on true. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out);

/* A NUL-terminated copy, owned by the caller (xfree). */
char *str_dup(struct str s);
/* Copies to dst with a NUL; false (and dst is "") when cap is too small or s contains a NUL. */
bool str_copy(struct str s, char *dst, size_t cap);

static inline char str_lower_char(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

#endif
