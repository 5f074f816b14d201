#include "base/utf8.h"

/* What may follow a lead byte: how many continuation bytes, and the bounds of the first of them
 * (RFC 3629, 4: UTF8-2, UTF8-3, UTF8-4). The others are 0x80..0xBF. */
static bool lead(struct utf8 *u, uint8_t c)
{
    uint8_t low = 0x80, high = 0xBF;
    if (c < 0xC2 || c > 0xF4)
        return false;
    if (c == 0xE0)
        low = 0xA0; /* no overlong forms */
    else if (c == 0xED)
        high = 0x9F; /* no surrogates */
    else if (c == 0xF0)
        low = 0x90;
    else if (c == 0xF4)
        high = 0x8F; /* nothing above U+10FFFF */
    *u = (struct utf8){(uint8_t)(c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3), low, high};
    return true;
}

/* The first byte from p on that is not ASCII, or end. */
static const uint8_t *skip_ascii(const uint8_t *p, const uint8_t *end)
{
    uint64_t word;
    while (end - p >= 8) {
        memcpy(&word, p, 8);
        if (word & UINT64_C(0x8080808080808080))
            break;
        p += 8;
    }
    while (p < end && *p < 0x80)
        p++;
    return p;
}

/* A whole character of three bytes whose lead byte has no special bounds: nearly all of Hangul and
 * Han, so worth a short cut. */
static bool is_plain_three(const uint8_t *p, const uint8_t *end)
{
    return end - p >= 3 && p[0] > 0xE0 && p[0] < 0xF0 && p[0] != 0xED && (p[1] & 0xC0) == 0x80 &&
           (p[2] & 0xC0) == 0x80;
}

bool utf8_feed(struct utf8 *u, const void *data, size_t n)
{
    const uint8_t *p = data, *end = p + n;
    if (n == 0)
        return true;
    for (;;) {
        if (u->need == 0) {
            p = skip_ascii(p, end);
            if (p == end)
                return true;
            if (is_plain_three(p, end)) {
                p += 3;
                continue;
            }
            if (!lead(u, *p++))
                return false;
        }
        for (; u->need && p < end; p++) {
            if (*p < u->low || *p > u->high)
                return false;
            *u = (struct utf8){(uint8_t)(u->need - 1), 0x80, 0xBF};
        }
        if (p == end)
            return true;
    }
}

bool utf8_valid(const void *p, size_t n)
{
    struct utf8 u = {0};
    return utf8_feed(&u, p, n) && utf8_done(&u);
}

size_t utf8_count(const void *data, size_t n)
{
    const uint8_t *p = data;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += (p[i] & 0xC0) != 0x80;
    return count;
}

bool utf8_next(struct str *s, uint32_t *code_point)
{
    if (s->n == 0)
        return false;
    const uint8_t *p = (const uint8_t *)s->p;
    struct utf8 u = {0};
    if (p[0] < 0x80) {
        *code_point = p[0];
        *s = str_skip(*s, 1);
        return true;
    }
    if (!lead(&u, p[0]))
        return false;
    size_t len = 1u + u.need;
    if (s->n < len || !utf8_feed(&u, p + 1, len - 1))
        return false;
    uint32_t v = p[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++)
        v = v << 6 | (p[i] & 0x3F);
    *code_point = v;
    *s = str_skip(*s, len);
    return true;
}
