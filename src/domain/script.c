#include "domain/script.h"

#include <stdint.h>

#include "base/utf8.h"
#include "base/utf8_form.h"
#include "base/util.h"

enum script {
    SCRIPT_OTHER, /* what the table does not know is a script of its own */
    SCRIPT_LATIN,
    SCRIPT_HAN,
    SCRIPT_HANGUL,
    SCRIPT_KANA,
    SCRIPT_BOPOMOFO,
    SCRIPT_GREEK,
    SCRIPT_CYRILLIC,
    SCRIPT_ARMENIAN,
    SCRIPT_HEBREW,
    SCRIPT_ARABIC,
    SCRIPT_GEORGIAN,
    SCRIPT_THAI,
    SCRIPT_LAO,
    SCRIPT_KHMER,
    SCRIPT_MYANMAR,
    SCRIPT_ETHIOPIC,
    SCRIPT_CHEROKEE,
    SCRIPT_MONGOLIAN,
    SCRIPT_TIBETAN,
    SCRIPT_INDIC_FIRST, /* Devanagari and its neighbours, one for each 128 characters */
};

struct script_range {
    uint32_t first;
    uint32_t last;
    enum script script;
};

static const struct script_range ranges[] = {
    {0x0041, 0x024F, SCRIPT_LATIN},    {0x0250, 0x02AF, SCRIPT_LATIN},
    {0x0370, 0x03FF, SCRIPT_GREEK},    {0x0400, 0x052F, SCRIPT_CYRILLIC},
    {0x0530, 0x058F, SCRIPT_ARMENIAN}, {0x0590, 0x05FF, SCRIPT_HEBREW},
    {0x0600, 0x06FF, SCRIPT_ARABIC},   {0x0750, 0x077F, SCRIPT_ARABIC},
    {0x08A0, 0x08FF, SCRIPT_ARABIC},   {0x0E00, 0x0E7F, SCRIPT_THAI},
    {0x0E80, 0x0EFF, SCRIPT_LAO},      {0x0F00, 0x0FFF, SCRIPT_TIBETAN},
    {0x1000, 0x109F, SCRIPT_MYANMAR},  {0x10A0, 0x10FF, SCRIPT_GEORGIAN},
    {0x1200, 0x139F, SCRIPT_ETHIOPIC}, {0x13A0, 0x13FF, SCRIPT_CHEROKEE},
    {0x1780, 0x17FF, SCRIPT_KHMER},    {0x1800, 0x18AF, SCRIPT_MONGOLIAN},
    {0x1C80, 0x1C8F, SCRIPT_CYRILLIC}, {0x1D00, 0x1D25, SCRIPT_LATIN},
    {0x1E00, 0x1EFF, SCRIPT_LATIN},    {0x1F00, 0x1FFF, SCRIPT_GREEK},
    {0x2C60, 0x2C7F, SCRIPT_LATIN},    {0x2DE0, 0x2DFF, SCRIPT_CYRILLIC},
    {0x3005, 0x3007, SCRIPT_HAN},      {0x3041, 0x30FF, SCRIPT_KANA},
    {0x3105, 0x312F, SCRIPT_BOPOMOFO}, {0x31A0, 0x31BF, SCRIPT_BOPOMOFO},
    {0x31F0, 0x31FF, SCRIPT_KANA},     {0x3400, 0x9FFF, SCRIPT_HAN},
    {0xA640, 0xA69F, SCRIPT_CYRILLIC}, {0xA720, 0xA7FF, SCRIPT_LATIN},
    {0xAB30, 0xAB6F, SCRIPT_LATIN},    {0xAB70, 0xABBF, SCRIPT_CHEROKEE},
    {0xAC00, 0xD7A3, SCRIPT_HANGUL},   {0xF900, 0xFAFF, SCRIPT_HAN},
    {0x20000, 0x3FFFF, SCRIPT_HAN},
};

static enum script script_of(uint32_t cp)
{
    if (cp >= 0x0900 && cp <= 0x0DFF)
        return (enum script)(SCRIPT_INDIC_FIRST + (cp - 0x0900) / 128);
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        if (cp >= ranges[i].first && cp <= ranges[i].last)
            return ranges[i].script;
    return SCRIPT_OTHER;
}

bool script_may_mix(struct str name)
{
    static const uint64_t together[] = {
        1u << SCRIPT_LATIN | 1u << SCRIPT_HAN | 1u << SCRIPT_HANGUL,
        1u << SCRIPT_LATIN | 1u << SCRIPT_HAN | 1u << SCRIPT_KANA,
        1u << SCRIPT_LATIN | 1u << SCRIPT_HAN | 1u << SCRIPT_BOPOMOFO,
    };
    uint64_t seen = 0;
    uint32_t cp;
    while (utf8_next(&name, &cp))
        if (utf8_class(cp) == UTF8_LETTER || (utf8_class(cp) == UTF8_DIGIT && cp > 0x7F))
            seen |= UINT64_C(1) << script_of(cp);
    if ((seen & (seen - 1)) == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(together); i++)
        if ((seen & ~together[i]) == 0)
            return true;
    return false;
}

/* ---- look-alikes ---- */

/* From a character to what it looks like. Upper and lower case look different, so names are looked at
 * as they are shown; what is left is then case folded. */
static const struct look {
    uint32_t cp;
    char as[5];
} looks[] = {
    {'0', "o"},
    {'1', "l"},
    {'I', "l"},
    {'M', "rn"},
    {'W', "vv"},
    {'m', "rn"},
    {'w', "vv"},
    {0x0131, "i"},
    {0x01C0, "l"},
    {0x0251, "a"},
    {0x0261, "g"},
    {0x0269, "i"},
    {0x026A, "i"},
    {0x028F, "y"},
    /* Greek */
    {0x0391, "a"},
    {0x0392, "b"},
    {0x0395, "e"},
    {0x0396, "z"},
    {0x0397, "h"},
    {0x0399, "l"},
    {0x039A, "k"},
    {0x039C, "rn"},
    {0x039D, "n"},
    {0x039F, "o"},
    {0x03A1, "p"},
    {0x03A4, "t"},
    {0x03A5, "y"},
    {0x03A7, "x"},
    {0x03B1, "a"},
    {0x03B3, "y"},
    {0x03B5, "e"},
    {0x03B9, "i"},
    {0x03BA, "k"},
    {0x03BD, "v"},
    {0x03BF, "o"},
    {0x03C1, "p"},
    {0x03C3, "o"},
    {0x03C4, "t"},
    {0x03C5, "u"},
    {0x03C7, "x"},
    {0x03C9, "vv"},
    {0x03F2, "c"},
    {0x03F3, "j"},
    {0x03F9, "c"},
    /* Cyrillic */
    {0x0405, "s"},
    {0x0406, "l"},
    {0x0408, "j"},
    {0x0410, "a"},
    {0x0412, "b"},
    {0x0415, "e"},
    {0x0417, "3"},
    {0x041A, "k"},
    {0x041C, "rn"},
    {0x041D, "h"},
    {0x041E, "o"},
    {0x0420, "p"},
    {0x0421, "c"},
    {0x0422, "t"},
    {0x0423, "y"},
    {0x0425, "x"},
    {0x042C, "b"},
    {0x0430, "a"},
    {0x0431, "6"},
    {0x0432, "b"},
    {0x0433, "r"},
    {0x0435, "e"},
    {0x0437, "3"},
    {0x043A, "k"},
    {0x043C, "rn"},
    {0x043D, "h"},
    {0x043E, "o"},
    {0x043F, "n"},
    {0x0440, "p"},
    {0x0441, "c"},
    {0x0442, "t"},
    {0x0443, "y"},
    {0x0445, "x"},
    {0x0448, "vv"},
    {0x0455, "s"},
    {0x0456, "i"},
    {0x0458, "j"},
    {0x0461, "vv"},
    {0x0474, "v"},
    {0x0475, "v"},
    {0x04AE, "y"},
    {0x04AF, "y"},
    {0x04BB, "h"},
    {0x04C0, "l"},
    {0x04CF, "l"},
    {0x0501, "d"},
    {0x050C, "g"},
    {0x051A, "q"},
    {0x051B, "q"},
    {0x051C, "vv"},
    {0x051D, "vv"},
    /* Armenian */
    {0x054D, "u"},
    {0x054F, "s"},
    {0x0555, "o"},
    {0x0561, "vv"},
    {0x0563, "q"},
    {0x0566, "q"},
    {0x0570, "h"},
    {0x0575, "j"},
    {0x0578, "n"},
    {0x057D, "u"},
    {0x0581, "g"},
    {0x0585, "o"},
    /* Digits that are rings */
    {0x0665, "o"},
    {0x06F5, "o"},
    {0x0966, "o"},
    {0x0BE6, "o"},
    {0x0C66, "o"},
    {0x0CE6, "o"},
    {0x0D66, "o"},
    {0x0E50, "o"},
    {0x0ED0, "o"},
    {0x3007, "o"},
    /* Kana, each other's and Han's */
    {0x3078, "ヘ"},
    {0x30A8, "工"},
    {0x30AB, "力"},
    {0x30BF, "夕"},
    {0x30C1, "千"},
    {0x30C8, "卜"},
    {0x30CB, "二"},
    {0x30CF, "八"},
    {0x30ED, "口"},
    {0x30FC, "一"},
    {0x56D7, "口"},
};

static bool put_look(char *out, size_t cap, size_t *n, uint32_t cp)
{
    for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
        if (looks[i].cp != cp)
            continue;
        size_t len = strlen(looks[i].as);
        if (*n + len > cap)
            return false;
        memcpy(out + *n, looks[i].as, len);
        *n += len;
        return true;
    }
    return utf8_put(out, cap, n, cp);
}

bool script_skeleton(struct str text, char *out, size_t cap, size_t *n)
{
    char parts[1024], seen[2048];
    size_t parts_n, seen_n = 0;
    uint32_t cp;
    if (!utf8_form(UTF8_FORM_NFD, text, parts, sizeof parts, &parts_n))
        return false;
    struct str rest = str_of(parts, parts_n);
    while (utf8_next(&rest, &cp))
        if (!put_look(seen, sizeof seen, &seen_n, cp))
            return false;
    return utf8_form(UTF8_FORM_FOLD, str_of(seen, seen_n), out, cap, n);
}
