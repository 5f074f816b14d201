/* Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. Whole slices,
 * and pieces that may be cut anywhere (the fragments of a WebSocket message). */
#ifndef MADANG_BASE_UTF8_H
#define MADANG_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

bool utf8_valid(const void *p, size_t n);
/* Code points in valid UTF-8. */
size_t utf8_count(const void *p, size_t n);
/* Takes the next code point off the front of s. False at the end and at invalid bytes (s stays). */
bool utf8_next(struct str *s, uint32_t *code_point);

/* All zeros is the start. */
struct utf8 {
    uint8_t need; /* continuation bytes still to come */
    uint8_t low;  /* bounds of the next one, when need != 0 */
    uint8_t high;
};

/* Checks the next piece; false as soon as no continuation could make it valid: drop it then. */
bool utf8_feed(struct utf8 *u, const void *p, size_t n);

/* Whether the text may end here. */
static inline bool utf8_done(const struct utf8 *u)
{
    return u->need == 0;
}

#endif
