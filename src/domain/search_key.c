#include "domain/search_key.h"

#include "base/utf8.h"
#include "base/utf8_form.h"

enum {
    SYLLABLE_FIRST = 0xAC00,
    SYLLABLE_LAST = 0xD7A3,
    PER_INITIAL = 588, /* Unicode 3.12: 21 vowels with 28 finals or none */
    PER_VOWEL = 28,
    TEXT_MAX = 1024,
    FAMILY_NAME_MAX = 5 /* syllables of a Korean name in one word */
};

/* The initial consonants in order, as the letters that keyboards write. */
static const uint16_t initials[] = {
    0x3131, 0x3132, 0x3134, 0x3137, 0x3138, 0x3139, 0x3141, 0x3142, 0x3143, 0x3145,
    0x3146, 0x3147, 0x3148, 0x3149, 0x314A, 0x314B, 0x314C, 0x314D, 0x314E,
};

static bool is_syllable(uint32_t cp)
{
    return cp >= SYLLABLE_FIRST && cp <= SYLLABLE_LAST;
}

static uint32_t initial_of(uint32_t cp)
{
    return initials[(cp - SYLLABLE_FIRST) / PER_INITIAL];
}

static bool is_initial(uint32_t cp)
{
    return cp >= 0x3131 && cp <= 0x314E;
}

/* Some keyboards write the letters of the block for old Hangul instead. */
static uint32_t plain_letter(uint32_t cp)
{
    return cp >= 0x1100 && cp <= 0x1112 ? initials[cp - 0x1100] : cp;
}

static bool in_word(uint32_t cp)
{
    return utf8_class(cp) == UTF8_LETTER || utf8_class(cp) == UTF8_MARK ||
           utf8_class(cp) == UTF8_DIGIT;
}

/* Takes the next word off text, case folded with plain letters; 0: there is none. */
static size_t next_word(struct str *text, char out[SEARCH_WORD_MAX])
{
    size_t n = 0;
    uint32_t cp;
    struct str rest = *text;
    while (utf8_next(&rest, &cp)) {
        *text = rest;
        if (in_word(cp))
            utf8_put(out, SEARCH_WORD_MAX, &n, plain_letter(cp));
        else if (n)
            break;
    }
    return n;
}

/* Folds what people wrote; the words are cut from that. */
static struct str fold(struct str text, char out[TEXT_MAX])
{
    size_t n = 0;
    while (text.n > TEXT_MAX / 2 || !utf8_form(UTF8_FORM_FOLD, text, out, TEXT_MAX, &n)) {
        if (text.n <= TEXT_MAX / 2)
            return STR("");
        text.n = TEXT_MAX / 2;
        while (text.n && ((unsigned char)text.p[text.n] & 0xC0) == 0x80)
            text.n--;
    }
    return str_of(out, n);
}

static size_t initials_of(struct str word, char out[SEARCH_WORD_MAX])
{
    size_t n = 0;
    uint32_t cp;
    while (utf8_next(&word, &cp))
        utf8_put(out, SEARCH_WORD_MAX, &n, is_syllable(cp) ? initial_of(cp) : cp);
    return n;
}

static void put_word(struct buf *out, size_t from, struct str word)
{
    struct str key = str_skip(buf_str(out), from), have;
    while (search_key_next(&key, &have))
        if (str_eq(have, word))
            return;
    if (word.n && buf_len(out) - from + word.n + 1 <= SEARCH_KEY_MAX) {
        buf_put_str(out, word);
        buf_u8(out, '\n');
    }
}

static void put_both(struct buf *out, size_t from, struct str word)
{
    char letters[SEARCH_WORD_MAX];
    put_word(out, from, word);
    put_word(out, from, str_of(letters, initials_of(word, letters)));
}

/* A word of two to five syllables may be a name with the family name in front. */
static void put_korean(struct buf *out, size_t from, struct str word)
{
    struct str rest = word;
    unsigned n = 0;
    uint32_t cp;
    while (utf8_next(&rest, &cp)) {
        if (!is_syllable(cp))
            return;
        n++;
    }
    if (n < 3 || n > FAMILY_NAME_MAX)
        return;
    utf8_next(&word, &cp);
    put_both(out, from, word);
}

static void put_text(struct buf *out, size_t from, struct str text)
{
    char folded[TEXT_MAX], word[SEARCH_WORD_MAX];
    struct str rest = fold(text, folded);
    size_t n;
    while ((n = next_word(&rest, word)) > 0) {
        put_both(out, from, str_of(word, n));
        put_korean(out, from, str_of(word, n));
    }
}

void search_key(struct buf *out, struct str name, struct str display)
{
    size_t from = buf_len(out);
    put_text(out, from, display);
    put_text(out, from, name);
}

bool search_key_next(struct str *key, struct str *word)
{
    return key->n > 0 && str_split_once(*key, '\n', word, key);
}

/* Whether a letter stands alone in it. */
static bool has_letter(struct str word)
{
    uint32_t cp;
    while (utf8_next(&word, &cp))
        if (is_initial(cp))
            return true;
    return false;
}

bool search_query(struct buf *out, struct str typed)
{
    char folded[TEXT_MAX], word[SEARCH_WORD_MAX], letters[SEARCH_WORD_MAX];
    struct str rest = fold(typed, folded);
    size_t n, from = buf_len(out);
    while ((n = next_word(&rest, word)) > 0) {
        struct str w = str_of(word, n);
        if (has_letter(w))
            w = str_of(letters, initials_of(w, letters));
        put_word(out, from, w);
    }
    return buf_len(out) > from;
}

/* Whether b, as it stands in a name, may be what somebody who typed a means; last: it may still
 * become more ("기" is on the way to "김"). */
static bool letter_matches(uint32_t a, uint32_t b, bool last)
{
    if (a == b)
        return true;
    if (!is_syllable(b))
        return false;
    if (is_initial(a))
        return initial_of(b) == a;
    return last && is_syllable(a) && (a - SYLLABLE_FIRST) % PER_VOWEL == 0 &&
           (b - SYLLABLE_FIRST) / PER_VOWEL == (a - SYLLABLE_FIRST) / PER_VOWEL;
}

static bool word_begins(struct str word, struct str typed)
{
    uint32_t a, b;
    while (typed.n) {
        if (!utf8_next(&typed, &a) || !utf8_next(&word, &b) || !letter_matches(a, b, typed.n == 0))
            return false;
    }
    return true;
}

bool search_matches(struct str key, struct str typed)
{
    char folded[TEXT_MAX], word[SEARCH_WORD_MAX];
    struct str rest = fold(typed, folded), have;
    size_t n;
    while ((n = next_word(&rest, word)) > 0) {
        bool found = false;
        for (struct str k = key; !found && search_key_next(&k, &have);)
            found = word_begins(have, str_of(word, n));
        if (!found)
            return false;
    }
    return true;
}
