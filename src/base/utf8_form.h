/* What Unicode says of text: its normal forms, case folding, and a few properties of characters
 * (Unicode 14, by libutf8proc). For names that people choose and for searching; plain text needs
 * none of it. */
#ifndef MADANG_BASE_UTF8_FORM_H
#define MADANG_BASE_UTF8_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum utf8_form_kind {
    UTF8_FORM_NFC,
    UTF8_FORM_NFD,
    UTF8_FORM_FOLD /* full case folding (Unicode 3.13, toCasefold), then NFC */
};

/* Writes text in that form to out. False: text is not valid UTF-8, holds characters that are not
 * assigned, or the result is longer than cap; *n is 0 then. */
bool utf8_form(enum utf8_form_kind kind, struct str text, char *out, size_t cap, size_t *n);

/* Appends the character to out[*n], of cap bytes; false when it does not fit. */
bool utf8_put(char *out, size_t cap, size_t *n, uint32_t cp);

enum utf8_class { UTF8_LETTER, UTF8_MARK, UTF8_DIGIT, UTF8_SPACE, UTF8_OTHER };
/* Letters: Lu, Ll, Lt, Lm, Lo; marks: Mn, Mc; digits: Nd; spaces: Zs and the controls that are
 * white space. */
enum utf8_class utf8_class(uint32_t cp);
/* Whether it has a compatibility decomposition: a variant of something else (HasCompat of RFC
 * 8264, 9.17, for text in NFC). */
bool utf8_is_compat(uint32_t cp);
/* The character itself for its fullwidth or halfwidth form (RFC 8265, 3.3, width mapping). */
uint32_t utf8_width_map(uint32_t cp);
/* The Bidi_Class, as far as the bidi rule tells classes apart (RFC 5893, 2). */
enum utf8_bidi { BIDI_L, BIDI_R_AL, BIDI_AN, BIDI_EN, BIDI_NEUTRAL, BIDI_NSM, BIDI_OTHER };
enum utf8_bidi utf8_bidi(uint32_t cp);

#endif
