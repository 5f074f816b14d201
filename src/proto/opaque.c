#include "proto/opaque.h"

#include "base/utf8.h"
#include "base/util.h"

struct span {
    uint32_t first, last;
};

/* RFC 8264 9: controls, default-ignorables, joiners without their context, old hangul jamo,
 * surrogates aside (not UTF-8). A decomposed hangul syllable is made of jamo: refused, not stored in
 * a form that no keyboard gives. */
static const struct span forbidden[] = {
    {0x0000, 0x001F},   {0x007F, 0x009F},   {0x00AD, 0x00AD},    {0x034F, 0x034F}, {0x061C, 0x061C},
    {0x1100, 0x11FF},   {0x17B4, 0x17B5},   {0x180B, 0x180F},    {0x200B, 0x200F}, {0x2028, 0x202E},
    {0x2060, 0x206F},   {0x3164, 0x3164},   {0xA960, 0xA97C},    {0xD7B0, 0xD7FB}, {0xE000, 0xF8FF},
    {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},    {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB},
    {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0x10FFFF},
};

/* Zs but for U+0020. */
static const struct span spaces[] = {
    {0x00A0, 0x00A0}, {0x1680, 0x1680}, {0x2000, 0x200A},
    {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
};

static bool in_spans(const struct span *s, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= s[i].first && c <= s[i].last)
            return true;
    return false;
}

static bool allowed(uint32_t c)
{
    return (c & 0xFFFE) != 0xFFFE && !in_spans(forbidden, ARRAY_LEN(forbidden), c);
}

/* The next code point of in, made opaque, behind out[*n]. */
static const char *step(struct str *in, char *out, size_t cap, size_t *n)
{
    const char *p = in->p;
    uint32_t c;
    if (!utf8_next(in, &c))
        return "is not UTF-8";
    if (!allowed(c))
        return "contains a character that cannot be typed reliably";
    struct str s = in_spans(spaces, ARRAY_LEN(spaces), c) ? STR(" ")
                                                          : str_of(p, (size_t)(in->p - p));
    if (*n + s.n >= cap)
        return "is too long";
    memcpy(out + *n, s.p, s.n);
    *n += s.n;
    return NULL;
}

const char *opaque_string(struct str in, char *out, size_t cap)
{
    const char *why = in.n == 0 ? "is empty" : NULL;
    size_t n = 0;
    while (why == NULL && in.n > 0)
        why = step(&in, out, cap, &n);
    out[why == NULL ? n : 0] = '\0';
    return why;
}
