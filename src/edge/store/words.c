#include "edge/store/words.h"

#include "base/utf8.h"
#include "base/utf8_form.h"

enum { SPAN_MAX = 1024, QUERY_WORDS_MAX = 16 };

/* Folded words are cut again where the script changes. */
struct cutter {
    words_fn *fn;
    void *ctx;
    size_t start, end; /* of the span in the text */
    bool query;
};

/* Hangul, Han, Kana and Bopomofo: blocks of Unicode 14 that are written without spaces between words, or
 * whose words carry endings. */
static bool is_dense(uint32_t cp)
{
    return (cp >= 0x3040 && cp <= 0x30FF) || (cp >= 0x3105 && cp <= 0x318E) ||
           (cp >= 0x31A0 && cp <= 0x31FF) || (cp >= 0x3400 && cp <= 0x4DBF) ||
           (cp >= 0x4E00 && cp <= 0x9FFF) || (cp >= 0xAC00 && cp <= 0xD7A3) ||
           (cp >= 0xF900 && cp <= 0xFAFF) || (cp >= 0x20000 && cp <= 0x3FFFF);
}

static bool in_word(uint32_t cp)
{
    enum utf8_class c = utf8_class(cp);
    return c == UTF8_LETTER || c == UTF8_MARK || c == UTF8_DIGIT;
}

static int give(const struct cutter *c, const char *from, const char *to)
{
    struct str word = str_of(from, (size_t)(to - from));
    while (word.n > WORD_MAX ||
           (word.p + word.n < to && ((unsigned char)word.p[word.n] & 0xC0) == 0x80))
        word.n--;
    return word.n ? c->fn(c->ctx, word, c->start, c->end) : 0;
}

/* A run of dense characters. */
static int give_pairs(const struct cutter *c, struct str run)
{
    const char *last = NULL;
    size_t n = 0;
    uint32_t cp;
    while (run.n) {
        const char *at = run.p;
        utf8_next(&run, &cp);
        int stop = last ? give(c, last, run.p) : 0;
        if (stop)
            return stop;
        last = at;
        n++;
    }
    return last && (!c->query || n == 1) ? give(c, last, run.p) : 0;
}

/* A folded span: runs of one kind. */
static int give_runs(const struct cutter *c, struct str span)
{
    uint32_t cp;
    while (span.n) {
        struct str rest = span, run = {span.p, 0};
        bool dense = false;
        while (utf8_next(&rest, &cp)) {
            if (run.n && is_dense(cp) != dense && utf8_class(cp) != UTF8_MARK)
                break;
            dense = run.n ? dense : is_dense(cp);
            run.n = (size_t)(rest.p - run.p);
        }
        if (run.n == 0)
            return 0;
        int stop = dense ? give_pairs(c, run) : give(c, run.p, run.p + run.n);
        if (stop)
            return stop;
        span = str_skip(span, run.n);
    }
    return 0;
}

/* Characters that Unicode doesn't know yet are looked for as they are. */
static int give_span(const struct cutter *c, struct str span)
{
    char folded[2 * SPAN_MAX];
    size_t n = 0;
    if (utf8_form(UTF8_FORM_FOLD, span, folded, sizeof folded, &n))
        span = str_of(folded, n);
    return give_runs(c, span);
}

int words_cut(struct str text, bool query, words_fn *fn, void *ctx)
{
    struct cutter c = {.fn = fn, .ctx = ctx, .query = query};
    const char *base = text.p, *from = NULL;
    int stop = 0;
    uint32_t cp;
    while (!stop) {
        const char *at = text.p;
        bool more = utf8_next(&text, &cp), in = more && in_word(cp);
        bool full = from && (size_t)(at - from) >= SPAN_MAX - 4;
        if (from && (!in || full)) {
            c.start = (size_t)(from - base);
            c.end = (size_t)(at - base);
            stop = give_span(&c, str_of(from, (size_t)(at - from)));
            from = NULL;
        }
        if (in && !from)
            from = at;
        if (!more)
            break;
    }
    return stop;
}

/* ---- queries ---- */

struct query {
    struct buf *out;
    size_t span; /* where the span began that the last word came from */
    unsigned n;
};

/* Words of one span ("서울", "울역") have to follow each other: a phrase. */
static int add(void *ctx, struct str word, size_t start, size_t end)
{
    struct query *q = ctx;
    bool same = q->n && start == q->span;
    (void)end;
    if (!same && q->n == QUERY_WORDS_MAX)
        return 1;
    if (same)
        buf_puts(q->out, " ");
    else
        buf_puts(q->out, q->n++ ? "\"* \"" : "\"");
    buf_put_str(q->out, word);
    q->span = start;
    return 0;
}

bool words_query(struct buf *out, struct str typed)
{
    struct query q = {.out = out};
    words_cut(typed, true, add, &q);
    if (q.n)
        buf_puts(out, "\"*");
    return q.n > 0 && !out->failed;
}
