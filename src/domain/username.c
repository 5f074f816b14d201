#include "domain/username.h"

#include "base/utf8.h"
#include "base/utf8_form.h"
#include "base/util.h"
#include "domain/script.h"

/* Longer texts are refused before anything is made of them. */
#define TYPED_MAX 1024

static bool is_mark_of_name(uint32_t cp)
{
    return cp == '.' || cp == '_' || cp == '-';
}

/* Letters and digits that PRECIS refuses or allows only in some context (RFC 5892, 2.6; RFC 8264,
 * 9.9 and 9.13), and letters that take no ink. */
static bool is_exception(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
    } refused[] = {
        {0x0640, 0x0640}, {0x07FA, 0x07FA}, {0x302E, 0x302F},   {0x3031, 0x3035},
        {0x303B, 0x303B}, {0x1100, 0x11FF}, {0xA960, 0xA97F},   {0xD7B0, 0xD7FF}, /* old jamo */
        {0x034F, 0x034F}, {0x17B4, 0x17B5}, {0x180B, 0x180F},   {0x3164, 0x3164},
        {0xFE00, 0xFE0F}, {0xFFA0, 0xFFA0}, {0xE0100, 0xE01EF},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (cp >= refused[i].first && cp <= refused[i].last)
            return true;
    return false;
}

static bool may_stand(uint32_t cp, bool first)
{
    enum utf8_class class = utf8_class(cp);
    if (is_mark_of_name(cp))
        return !first;
    if (utf8_is_compat(cp) || is_exception(cp))
        return false;
    return class == UTF8_LETTER || class == UTF8_DIGIT || (class == UTF8_MARK && !first);
}

/* Arabic-Indic digits and their extended twins look alike (RFC 5892, A.8 and A.9). */
static bool digits_agree(struct str name)
{
    bool arabic = false, extended = false;
    uint32_t cp;
    while (utf8_next(&name, &cp)) {
        arabic |= cp >= 0x0660 && cp <= 0x0669;
        extended |= cp >= 0x06F0 && cp <= 0x06F9;
    }
    return !(arabic && extended);
}

/* The bidi rule, RFC 5893, 2; names without a right-to-left letter need not keep it. */
static bool one_way(struct str name)
{
    unsigned seen = 0;
    enum utf8_bidi first = BIDI_OTHER, end = BIDI_OTHER;
    uint32_t cp;
    for (size_t i = 0; utf8_next(&name, &cp); i++) {
        enum utf8_bidi b = utf8_bidi(cp);
        if (i == 0)
            first = b;
        if (b != BIDI_NSM)
            end = b;
        seen |= 1u << b;
    }
    if (!(seen & (1u << BIDI_R_AL | 1u << BIDI_AN)))
        return true;
    bool mixed_digits = (seen & 1u << BIDI_AN) && (seen & 1u << BIDI_EN);
    return first == BIDI_R_AL && !(seen & (1u << BIDI_L | 1u << BIDI_OTHER)) && !mixed_digits &&
           (end == BIDI_R_AL || end == BIDI_EN || end == BIDI_AN);
}

static bool map_width(struct str text, char *out, size_t cap, size_t *n)
{
    uint32_t cp;
    *n = 0;
    while (text.n)
        if (!utf8_next(&text, &cp) || !utf8_put(out, cap, n, utf8_width_map(cp)))
            return false;
    return true;
}

/* Width mapping and NFC of what was typed, without space around it. */
static bool prepare(struct str text, char out[TYPED_MAX], size_t *n)
{
    char wide[TYPED_MAX];
    text = str_trim(text);
    return text.n <= TYPED_MAX / 2 && map_width(text, wide, sizeof wide, n) &&
           utf8_form(UTF8_FORM_NFC, str_of(wide, *n), out, TYPED_MAX, n);
}

static enum username_verdict check(struct str name)
{
    size_t chars = utf8_count(name.p, name.n);
    struct str rest = name;
    uint32_t cp = 0;
    if (chars < USERNAME_MIN)
        return USERNAME_SHORT;
    if (chars > USERNAME_MAX)
        return USERNAME_LONG;
    for (bool first = true, punct = false; rest.n; first = false) {
        utf8_next(&rest, &cp);
        if (!may_stand(cp, first) || (punct && is_mark_of_name(cp)))
            return USERNAME_BAD;
        punct = is_mark_of_name(cp);
    }
    if (is_mark_of_name(cp) || !digits_agree(name) || !one_way(name))
        return USERNAME_BAD;
    return script_may_mix(name) ? USERNAME_OK : USERNAME_MIXED;
}

enum username_verdict username_make(struct str text, struct username *out)
{
    char typed[TYPED_MAX];
    size_t n;
    if (text.n > TYPED_MAX / 2)
        return USERNAME_LONG;
    if (!prepare(text, typed, &n))
        return USERNAME_BAD;
    enum username_verdict v = check(str_of(typed, n));
    if (v != USERNAME_OK)
        return v;
    memcpy(out->name, typed, n);
    out->name_n = n;
    struct str name = str_of(out->name, n);
    return utf8_form(UTF8_FORM_FOLD, name, out->key, sizeof out->key, &out->key_n) &&
                   script_skeleton(name, out->look, sizeof out->look, &out->look_n)
               ? USERNAME_OK
               : USERNAME_BAD;
}

bool username_key(struct str text, char out[USERNAME_KEY_MAX], size_t *n)
{
    char typed[TYPED_MAX];
    size_t typed_n;
    return prepare(text, typed, &typed_n) && typed_n > 0 &&
           utf8_form(UTF8_FORM_FOLD, str_of(typed, typed_n), out, USERNAME_KEY_MAX, n);
}
