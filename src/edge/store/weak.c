#include "edge/store/weak.h"

#include <string.h>
#include <zxcvbn.h>

#include "base/crypto.h"
#include "base/utf8.h"
#include "base/util.h"

enum {
    WORD_MAX = 64, /* bytes of one word that is told */
    WORDS_MAX = 48,
    WORD_MIN = 2, /* characters: shorter ones are in everything */
    KEYS_MAX = 5, /* keys of one syllable: an initial, two for vowel and final each */
    SYLLABLES = 0xAC00,
    SYLLABLES_END = 0xD7A3
};

/* ---- Hangul as keys ---- */

/* The two-set keyboard (KS X 5002): what one presses, in the order of Unicode's jamo. */
static const char *const initials[] = {"r", "R", "s", "e", "E", "f", "a", "q", "Q", "t",
                                       "T", "d", "w", "W", "c", "z", "x", "v", "g"};
static const char *const vowels[] = {"k",  "o", "i", "O",  "j",  "p",  "u", "P", "h",  "hk", "ho",
                                     "hl", "y", "n", "nj", "np", "nl", "b", "m", "ml", "l"};
static const char *const finals[] = {"",   "r",  "R",  "rt", "s",  "sw", "sg", "e", "f",  "fr",
                                     "fa", "fq", "ft", "fx", "fv", "fg", "a",  "q", "qt", "t",
                                     "T",  "d",  "w",  "c",  "z",  "x",  "v",  "g"};

struct text {
    char s[WORD_MAX * 4];
    size_t n;
};

static void add(struct text *t, const char *p, size_t n)
{
    if (n > 0 && t->n + n < sizeof t->s) {
        memcpy(t->s + t->n, p, n);
        t->n += n;
        t->s[t->n] = 0;
    }
}

static void add_keys(struct text *t, uint32_t syllable)
{
    unsigned i = syllable - SYLLABLES;
    const char *parts[] = {initials[i / 588], vowels[i / 28 % 21], finals[i % 28]};
    for (size_t k = 0; k < ARRAY_LEN(parts); k++) {
        add(t, parts[k], strlen(parts[k]));
    }
}

/* True when there was a syllable in it; otherwise *t is the text itself. */
static bool to_keys(struct str s, struct text *t)
{
    bool any = false;
    uint32_t c = 0;
    t->n = 0;
    t->s[0] = 0;
    for (struct str rest = s; rest.n > 0;) {
        struct str before = rest;
        if (!utf8_next(&rest, &c)) {
            break;
        }
        if (c >= SYLLABLES && c <= SYLLABLES_END) {
            any = true;
            add_keys(t, c);
        } else {
            add(t, before.p, before.n - rest.n);
        }
    }
    return any;
}

/* ---- what is told to the library ---- */

/* What Koreans are known to choose; the library's dictionary is English. */
static const char *const korean[] = {
    "비밀번호", "사랑해", "사랑해요",   "안녕하세요", "대한민국",  "한국",         "서울",
    "패스워드", "암호",   "qlalfqjsgh", "tkfkdgo",    "tkfkdgody", "dkssudgktpdy", "eogksalsrnr",
    "gksrnr",   "tjdnf",  "votmdnjem",  "dkagh",      "madang",    "akekd",        "마당",
};

struct told {
    const char *list[WORDS_MAX + ARRAY_LEN(korean) + 1];
    char words[WORDS_MAX][WORD_MAX];
    unsigned n;
};

static void tell(struct told *t, struct str word)
{
    word = str_head(word, WORD_MAX - 1);
    if (t->n < WORDS_MAX && utf8_count(word.p, word.n) >= WORD_MIN) {
        memcpy(t->words[t->n], word.p, word.n);
        t->words[t->n][word.n] = 0;
        t->list[t->n] = t->words[t->n];
        t->n++;
    }
}

static void tell_both(struct told *t, struct str word)
{
    struct text keys;
    tell(t, word);
    if (to_keys(word, &keys)) {
        tell(t, str_of(keys.s, keys.n));
    }
}

static bool is_apart(char c)
{
    return c == ' ' || c == '-' || c == '_' || c == '.' || c == ',' || c == '\'' || c == '@';
}

/* "Kim Min-ji": kim, min, ji, and all of it without what stands between. */
static void tell_name(struct told *t, struct str name)
{
    char joined[WORD_MAX];
    size_t n = 0, from = 0;
    unsigned words = 0;
    name = str_head(name, PASSWORD_NAME_MAX);
    for (size_t i = 0; i <= name.n; i++) {
        if (i < name.n && !is_apart(name.p[i])) {
            if (n < sizeof joined) {
                joined[n++] = name.p[i];
            }
        } else if (i > from) {
            tell_both(t, str_of(name.p + from, i - from));
            words++;
            from = i + 1;
        } else {
            from = i + 1;
        }
    }
    if (words > 1) {
        tell_both(t, str_of(joined, n));
    }
}

/* A Korean family name is one syllable, and people call each other without it. */
static void tell_given(struct told *t, struct str name)
{
    uint32_t c = 0;
    struct str rest = name;
    if (utf8_next(&rest, &c) && c >= SYLLABLES && c <= SYLLABLES_END && rest.n >= 6) {
        tell_both(t, rest);
    }
}

static void tell_all(struct told *t, const struct str *names, unsigned n)
{
    t->n = 0;
    for (unsigned i = 0; i < MIN_OF(n, PASSWORD_NAMES); i++) {
        tell_name(t, names[i]);
        tell_given(t, names[i]);
    }
    unsigned k = t->n;
    for (size_t i = 0; i < ARRAY_LEN(korean); i++) {
        t->list[k++] = korean[i];
    }
    t->list[k] = NULL;
}

/* ---- the verdict ---- */

/* Of a name that is repeated the whole stretch is one match. */
static bool is_told_name(const struct told *t, const char *p, size_t n)
{
    for (unsigned i = 0; i < t->n; i++) {
        if (str_starts_nocase(str_of(p, n), str_from(t->list[i]))) {
            return true;
        }
    }
    return false;
}

static enum weak_reason reason_of(const struct told *t, const char *password, const ZxcMatch_t *m)
{
    unsigned type = (unsigned)m->Type & ~(unsigned)MULTIPLE_MATCH;
    if (type != m->Type && type != USER_MATCH && type != USER_LEET_MATCH) {
        return WEAK_REPEAT;
    }
    switch (type) {
    case USER_MATCH:
    case USER_LEET_MATCH:
        /* Written with figures for letters it is none of those told, but nor are the Korean words. */
        return type == USER_LEET_MATCH || is_told_name(t, password + m->Begin, (size_t)m->Length)
                   ? WEAK_NAME
                   : WEAK_COMMON;
    case DICTIONARY_MATCH:
    case DICT_LEET_MATCH:
        return m->Begin == 0 && password[m->Length] == 0 ? WEAK_COMMON : WEAK_GUESSABLE;
    case REPEATS_MATCH:
    case SEQUENCE_MATCH: return WEAK_REPEAT;
    case SPATIAL_MATCH: return WEAK_KEYBOARD;
    case DATE_MATCH:
    case YEAR_MATCH: return WEAK_DATE;
    default: return WEAK_SHORT;
    }
}

/* What covers most of it; a name counts double, since it is what people don't expect to matter. */
static enum weak_reason main_reason(const struct told *t, const char *password,
                                    const ZxcMatch_t *all)
{
    int bytes[WEAK_REASONS] = {0};
    enum weak_reason best = WEAK_SHORT;
    for (const ZxcMatch_t *m = all; m; m = m->Next) {
        enum weak_reason r = reason_of(t, password, m);
        bytes[r] += r == WEAK_NAME ? 2 * m->Length : m->Length;
    }
    for (int r = WEAK_SHORT + 1; r < WEAK_REASONS; r++) {
        if (bytes[r] > bytes[best]) {
            best = (enum weak_reason)r;
        }
    }
    return best;
}

/* log2 of 10^3, 10^6, 10^8, 10^10. */
static int score_of(double bits)
{
    static const double bounds[] = {9.966, 19.932, 26.575, 33.219};
    int score = 0;
    while (score < (int)ARRAY_LEN(bounds) && bits >= bounds[score]) {
        score++;
    }
    return score;
}

static struct weak_verdict judge(struct told *t, const char *password)
{
    ZxcMatch_t *all = NULL;
    struct weak_verdict v = {.score = score_of(ZxcvbnMatch(password, t->list, &all))};
    if (v.score < WEAK_SCORE_WANTED) {
        v.reason = main_reason(t, password, all);
    }
    ZxcvbnFreeInfo(all);
    return v;
}

static void leave_out_separators(struct text *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (!is_apart(t->s[i])) {
            t->s[n++] = t->s[i];
        }
    }
    t->n = n;
    t->s[n] = 0;
}

static void judge_too(struct told *told, struct text *t, struct weak_verdict *v)
{
    t->s[MIN_OF(t->n, (size_t)WEAK_JUDGED)] = 0;
    struct weak_verdict other = judge(told, t->s);
    if (other.score < v->score) {
        *v = other;
    }
}

struct weak_verdict weak_judge(struct str password, const struct str *names, unsigned n_names)
{
    struct told told;
    struct text text = {.n = 0};
    struct str head = str_head(password, WEAK_JUDGED);
    add(&text, head.p, head.n);
    tell_all(&told, names, n_names);
    struct weak_verdict v = judge(&told, text.s);
    leave_out_separators(&text);
    if (text.n < head.n) {
        judge_too(&told, &text, &v);
    }
    if (to_keys(head, &text)) {
        judge_too(&told, &text, &v);
    }
    memzero(&text, sizeof text);
    return v;
}
