#include "base/code.h"

static const char b64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char b64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char b32_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char hex_digits[] = "0123456789abcdef";

static int b64_value(char c, const char *alphabet)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == alphabet[62])
        return 62;
    return c == alphabet[63] ? 63 : -1;
}

/* Without padding; dst has room. */
static size_t b64_digits(char *dst, const uint8_t *p, size_t n, const char *alphabet)
{
    size_t at = 0;
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | p[i];
        for (have += 8; have >= 6; have -= 6)
            dst[at++] = alphabet[bits >> (have - 6) & 63];
    }
    if (have)
        dst[at++] = alphabet[bits << (6 - have) & 63];
    return at;
}

/* s without padding. */
static bool b64_bytes(uint8_t *dst, size_t cap, size_t *n, struct str s, const char *alphabet)
{
    uint32_t bits = 0;
    int have = 0;
    size_t at = 0;
    if (s.n % 4 == 1 || s.n / 4 * 3 + (s.n % 4 ? s.n % 4 - 1 : 0) > cap)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int v = b64_value(s.p[i], alphabet);
        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            dst[at++] = (uint8_t)(bits >> have);
        }
    }
    if (bits & ((1u << have) - 1))
        return false; /* another text for the same bytes */
    *n = at;
    return true;
}

size_t b64_encode(char *dst, size_t cap, const void *p, size_t n)
{
    if (cap < B64_SIZE(n)) {
        if (cap)
            dst[0] = '\0';
        return 0;
    }
    size_t at = b64_digits(dst, p, n, b64_std);
    while (at % 4)
        dst[at++] = '=';
    dst[at] = '\0';
    return at;
}

bool b64_decode(void *dst, size_t cap, size_t *n, struct str s)
{
    if (s.n % 4)
        return false;
    if (s.n && s.p[s.n - 1] == '=')
        s.n -= s.p[s.n - 2] == '=' ? 2 : 1;
    return b64_bytes(dst, cap, n, s, b64_std);
}

size_t b64url_encode(char *dst, size_t cap, const void *p, size_t n)
{
    if (cap < B64URL_SIZE(n)) {
        if (cap)
            dst[0] = '\0';
        return 0;
    }
    size_t at = b64_digits(dst, p, n, b64_url);
    dst[at] = '\0';
    return at;
}

bool b64url_decode(void *dst, size_t cap, size_t *n, struct str s)
{
    return b64_bytes(dst, cap, n, s, b64_url);
}

size_t hex_encode(char *dst, size_t cap, const void *data, size_t n)
{
    const uint8_t *p = data;
    if (cap < HEX_SIZE(n)) {
        if (cap)
            dst[0] = '\0';
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        dst[i * 2] = hex_digits[p[i] >> 4];
        dst[i * 2 + 1] = hex_digits[p[i] & 15];
    }
    dst[n * 2] = '\0';
    return n * 2;
}

static int hex_value(char c)
{
    c = str_lower_char(c);
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void hex_colons(char *dst, const void *p, size_t n)
{
    static const char upper[] = "0123456789ABCDEF";
    const uint8_t *bytes = p;
    for (size_t i = 0; i < n; i++) {
        dst[3 * i] = upper[bytes[i] >> 4];
        dst[3 * i + 1] = upper[bytes[i] & 15];
        dst[3 * i + 2] = i + 1 < n ? ':' : '\0';
    }
}

bool hex_decode(void *dst, size_t cap, size_t *n, struct str s)
{
    uint8_t *to = dst;
    if (s.n % 2 || s.n / 2 > cap)
        return false;
    for (size_t i = 0; i < s.n; i += 2) {
        int high = hex_value(s.p[i]), low = hex_value(s.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i / 2] = (uint8_t)(high << 4 | low);
    }
    *n = s.n / 2;
    return true;
}

void b32_encode(char dst[B32_SIZE], uint64_t v)
{
    for (int i = B32_SIZE - 2; i >= 0; i--, v >>= 5)
        dst[i] = b32_digits[v & 31];
    dst[B32_SIZE - 1] = '\0';
}

bool b32_decode(struct str s, uint64_t *v)
{
    uint64_t value = 0;
    if (s.n != B32_SIZE - 1)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = str_lower_char(s.p[i]);
        const char *digit = c ? strchr(b32_digits, c) : NULL;
        if (!digit || (i == 0 && digit - b32_digits > 15))
            return false;
        value = value << 5 | (uint64_t)(digit - b32_digits);
    }
    *v = value;
    return true;
}
