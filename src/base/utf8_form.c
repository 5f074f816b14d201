#include "base/utf8_form.h"

#include <stdlib.h>
#include <utf8proc.h>

/* What a form makes of one byte is never more than this many. */
#define GROWTH_MAX 18

bool utf8_form(enum utf8_form_kind kind, struct str text, char *out, size_t cap, size_t *n)
{
    static const utf8proc_option_t how[] = {
        [UTF8_FORM_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_REJECTNA,
        [UTF8_FORM_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_REJECTNA,
        [UTF8_FORM_FOLD] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_REJECTNA |
                           UTF8PROC_CASEFOLD,
    };
    utf8proc_uint8_t *made = NULL;
    *n = 0;
    if (text.n == 0)
        return true;
    if (text.n > cap * GROWTH_MAX)
        return false; /* shorter than cap in no form */
    utf8proc_ssize_t len =
        utf8proc_map((const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, &made, how[kind]);
    bool ok = len >= 0 && (size_t)len <= cap;
    if (ok) {
        memcpy(out, made, (size_t)len);
        *n = (size_t)len;
    }
    free(made);
    return ok;
}

bool utf8_put(char *out, size_t cap, size_t *n, uint32_t cp)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t len = utf8proc_encode_char((utf8proc_int32_t)cp, bytes);
    if (len <= 0 || *n + (size_t)len > cap)
        return false;
    memcpy(out + *n, bytes, (size_t)len);
    *n += (size_t)len;
    return true;
}

enum utf8_class utf8_class(uint32_t cp)
{
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return UTF8_LETTER;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC: return UTF8_MARK;
    case UTF8PROC_CATEGORY_ND: return UTF8_DIGIT;
    case UTF8PROC_CATEGORY_ZS: return UTF8_SPACE;
    default: return cp == '\t' || cp == '\n' || cp == '\r' ? UTF8_SPACE : UTF8_OTHER;
    }
}

bool utf8_is_compat(uint32_t cp)
{
    return utf8proc_get_property((utf8proc_int32_t)cp)->decomp_type != 0;
}

uint32_t utf8_width_map(uint32_t cp)
{
    int type = utf8proc_get_property((utf8proc_int32_t)cp)->decomp_type;
    utf8proc_int32_t to[8];
    int boundary = UTF8PROC_BOUNDCLASS_START;
    if (type != UTF8PROC_DECOMP_TYPE_WIDE && type != UTF8PROC_DECOMP_TYPE_NARROW)
        return cp;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)cp, to, 8,
                                                 UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);
    return n == 1 ? (uint32_t)to[0] : cp;
}

enum utf8_bidi utf8_bidi(uint32_t cp)
{
    switch (utf8proc_get_property((utf8proc_int32_t)cp)->bidi_class) {
    case UTF8PROC_BIDI_CLASS_L: return BIDI_L;
    case UTF8PROC_BIDI_CLASS_R:
    case UTF8PROC_BIDI_CLASS_AL: return BIDI_R_AL;
    case UTF8PROC_BIDI_CLASS_AN: return BIDI_AN;
    case UTF8PROC_BIDI_CLASS_EN: return BIDI_EN;
    case UTF8PROC_BIDI_CLASS_ES:
    case UTF8PROC_BIDI_CLASS_CS:
    case UTF8PROC_BIDI_CLASS_ET:
    case UTF8PROC_BIDI_CLASS_ON:
    case UTF8PROC_BIDI_CLASS_BN: return BIDI_NEUTRAL;
    case UTF8PROC_BIDI_CLASS_NSM: return BIDI_NSM;
    default: return BIDI_OTHER;
    }
}
