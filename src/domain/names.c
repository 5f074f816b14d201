#include "domain/names.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/utf8.h"

/* More marks on one letter than any script needs are there to cover other people's text. */
#define MARKS_MAX 4

struct range {
    uint32_t first;
    uint32_t last;
};

/* Characters that take no ink though their category doesn't say so (Default_Ignorable_Code_Point of
 * Unicode 15 outside of the categories that are refused anyway, and the blank braille pattern). */
static const struct range invisible[] = {
    {0x034F, 0x034F}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2800, 0x2800},
    {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFF8}, {0xE0000, 0xE0FFF},
};

static bool is_invisible(uint32_t c)
{
    for (size_t i = 0; i < ARRAY_LEN(invisible); i++)
        if (c >= invisible[i].first && c <= invisible[i].last)
            return true;
    return false;
}

/* Emoji are younger than the library's tables: the blocks made for them count as assigned. */
static bool is_future_emoji(uint32_t c)
{
    return c >= 0x1F000 && c <= 0x1FAFF;
}

static bool is_mark(utf8proc_category_t cat)
{
    return cat == UTF8PROC_CATEGORY_MN || cat == UTF8PROC_CATEGORY_ME ||
           cat == UTF8PROC_CATEGORY_MC;
}

struct cleaner {
    char *out;
    size_t n;
    int chars;
    int max_chars;
    int marks;
    bool space; /* one is due before the next character */
    utf8proc_category_t last;
};

static enum names_verdict clean_put(struct cleaner *c, uint32_t cp)
{
    if (++c->chars > c->max_chars)
        return NAMES_TOO_LONG;
    c->n += (size_t)utf8proc_encode_char((utf8proc_int32_t)cp, (utf8proc_uint8_t *)c->out + c->n);
    return NAMES_OK;
}

/* Whether cp may stand in a name after what is there already. */
static bool clean_allowed(struct cleaner *c, uint32_t cp, utf8proc_category_t cat)
{
    switch (cat) {
    case UTF8PROC_CATEGORY_CC: /* controls */
    case UTF8PROC_CATEGORY_CF: /* bidi overrides and isolates, zero-width characters, tags */
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO: /* private: everybody sees something else */
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    case UTF8PROC_CATEGORY_CN:
        if (!is_future_emoji(cp))
            return false;
        break;
    default: break;
    }
    /* The selector of the coloured form of a symbol is what phones write after a heart. */
    if (cp == 0xFE0F && c->last == UTF8PROC_CATEGORY_SO)
        return true;
    if (is_invisible(cp))
        return false;
    c->marks = is_mark(cat) ? c->marks + 1 : 0;
    return c->marks <= MARKS_MAX && !(is_mark(cat) && c->chars == 0);
}

static enum names_verdict clean_one(struct cleaner *c, uint32_t cp)
{
    utf8proc_category_t cat = utf8proc_category((utf8proc_int32_t)cp);
    if (cat == UTF8PROC_CATEGORY_ZS) {
        c->space = c->chars > 0;
        c->last = cat;
        return NAMES_OK;
    }
    if (!clean_allowed(c, cp, cat))
        return NAMES_BAD;
    if (c->space) {
        c->space = false;
        enum names_verdict v = clean_put(c, ' ');
        if (v != NAMES_OK)
            return v;
    }
    c->last = cat;
    return clean_put(c, cp);
}

static enum names_verdict clean_all(struct cleaner *c, struct str text)
{
    uint32_t cp;
    while (text.n) {
        if (!utf8_next(&text, &cp))
            return NAMES_BAD;
        enum names_verdict v = clean_one(c, cp);
        if (v != NAMES_OK)
            return v;
    }
    return c->chars ? NAMES_OK : NAMES_EMPTY;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

enum names_verdict names_clean(struct str text, int max_chars, char out[NAMES_BYTES_MAX], size_t *n)
{
    struct cleaner c = {.out = out, .max_chars = MIN_OF(max_chars, NAMES_BYTES_MAX / 4)};
    enum names_verdict v;
    if (is_ascii(text)) {
        v = clean_all(&c, text);
    } else {
        /* NFC can shrink a text (Hangul from 9 bytes to 3), never below an eighteenth. */
        if (text.n > NAMES_BYTES_MAX * 18)
            return NAMES_TOO_LONG;
        utf8proc_uint8_t *nfc = NULL;
        utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)text.p,
                                            (utf8proc_ssize_t)text.n, &nfc,
                                            UTF8PROC_STABLE | UTF8PROC_COMPOSE);
        if (len < 0)
            return NAMES_BAD;
        v = clean_all(&c, str_of(nfc, (size_t)len));
        free(nfc);
    }
    *n = c.n;
    return v;
}

static bool file_allowed(uint32_t c)
{
    enum { NON_JOINER = 0x200C, JOINER = 0x200D, SELECTOR_FIRST = 0xFE00, SELECTOR_LAST = 0xFE0F };
    if (c == NON_JOINER || c == JOINER || (c >= SELECTOR_FIRST && c <= SELECTOR_LAST))
        return true;
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    default: return !is_invisible(c);
    }
}

bool names_file(struct str text)
{
    uint32_t c;
    while (text.n)
        if (!utf8_next(&text, &c) || !file_allowed(c))
            return false;
    return true;
}

static const char *const en_first[] = {
    "Amber", "Brave",  "Bright", "Calm",  "Clever", "Cosy",  "Curious", "Dancing",
    "Eager", "Gentle", "Golden", "Happy", "Humble", "Jolly", "Kind",    "Lively",
    "Lucky", "Mellow", "Merry",  "Misty", "Nimble", "Proud", "Quick",   "Quiet",
    "Rosy",  "Silver", "Sleepy", "Sunny", "Tender", "Tidy",  "Warm",    "Witty",
};
static const char *const en_second[] = {
    "Badger", "Bear",   "Beaver", "Bunny",  "Cat",   "Crane",  "Deer",     "Dolphin",
    "Duck",   "Falcon", "Finch",  "Fox",    "Goose", "Hare",   "Hedgehog", "Heron",
    "Koala",  "Lark",   "Lynx",   "Magpie", "Mole",  "Otter",  "Owl",      "Panda",
    "Puffin", "Robin",  "Seal",   "Swan",   "Tiger", "Turtle", "Whale",    "Wren",
};
static const char *const ko_first[] = {
    "용감한", "밝은",   "차분한", "영리한", "포근한", "궁금한",   "춤추는",   "부지런한",
    "다정한", "금빛",   "행복한", "겸손한", "유쾌한", "친절한",   "활기찬",   "운좋은",
    "느긋한", "즐거운", "날쌘",   "당당한", "재빠른", "조용한",   "장밋빛",   "은빛",
    "졸린",   "햇살",   "상냥한", "단정한", "따뜻한", "재치있는", "반짝이는", "씩씩한",
};
static const char *const ko_second[] = {
    "오소리",   "곰",     "비버",     "토끼", "고양이", "두루미", "사슴",     "돌고래",
    "오리",     "매",     "방울새",   "여우", "거위",   "산토끼", "고슴도치", "왜가리",
    "코알라",   "종달새", "스라소니", "까치", "두더지", "수달",   "부엉이",   "판다",
    "바다오리", "울새",   "물개",     "백조", "호랑이", "거북이", "고래",     "굴뚝새",
};

void names_person(struct buf *b, struct rng *rng, bool korean)
{
    size_t first = (size_t)rng_below(rng, ARRAY_LEN(en_first));
    size_t second = (size_t)rng_below(rng, ARRAY_LEN(en_second));
    buf_puts(b, korean ? ko_first[first] : en_first[first]);
    buf_u8(b, ' ');
    buf_puts(b, korean ? ko_second[second] : en_second[second]);
}

void names_room(struct buf *b, struct str owner, int max_chars, bool korean)
{
    struct str tail = korean ? STR("님의 방") : STR("'s room");
    size_t room = (size_t)max_chars - MIN_OF((size_t)max_chars, utf8_count(tail.p, tail.n));
    struct str rest = owner;
    uint32_t cp;
    while (room-- > 0 && rest.n && utf8_next(&rest, &cp))
        ;
    buf_put(b, owner.p, owner.n - rest.n);
    buf_put_str(b, tail);
}
