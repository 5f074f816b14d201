#include "media/alloc.h"

#include <math.h>
#include <string.h>

#include "base/util.h"

enum {
    HOLD_US = 2000000, /* there has to be room for so long; ... */
    HOLD_MAX_US = 60000000,
    LEAST_BPS = 10000,
    EVERY_US = 5000000,   /* between two steps up of a line */
    VAIN_US = 6000000,    /* lower again within: it was in vain; later the line has changed */
    PROVED_US = 60000000, /* and after so long it was not */
    CONFIRM_US = 1000000  /* so long what a probe has shown is good for */
};
static const double HEADROOM = 1.15;
static const double FRAMES_WEIGH =
    2.5;                           /* halved frames against halved pixels: motion is worth more */
static const double ANOTHER = 1.5; /* of what was too much */
static const double FILLS = 0.85;  /* of the size that is shown is large enough */

void alloc_init(struct alloc *a, unsigned last_n)
{
    *a = (struct alloc){.last_n = last_n};
}

void alloc_line_init(struct alloc_line *l)
{
    memset(l, 0, sizeof *l);
    l->choice = l->ideal = ALLOC_PAUSED;
    l->hold_us = HOLD_US;
}

void alloc_line_hurry(struct alloc_line *l)
{
    l->raised_us = 0;
    l->hold_us = HOLD_US;
}

void alloc_line_wish(struct alloc_line *l, enum alloc_priority priority, uint16_t width,
                     uint16_t height)
{
    if (priority < l->priority || width > l->width || height > l->height) {
        alloc_line_hurry(l);
    }
    l->priority = priority;
    l->width = width;
    l->height = height;
}

/* ---- Options ---- */

static double quality(const struct alloc_option *o)
{
    double pixels = o->width != 0 && o->height != 0 ? (double)o->width * o->height : o->bps;
    return log2(fmax(pixels, 1)) - FRAMES_WEIGH * o->left_out;
}

static bool fills(const struct alloc_line *l, const struct alloc_option *o)
{
    return o->width >= FILLS * l->width || o->height >= FILLS * l->height;
}

/* Is there something smaller that is large enough? */
static bool too_large(const struct alloc_line *l, const struct alloc_option *all, unsigned n,
                      const struct alloc_option *o)
{
    for (unsigned i = 0; i < n; i++) {
        if (all[i].width != 0 && fills(l, &all[i]) && all[i].width < o->width &&
            all[i].height < o->height)
            return true;
    }
    return false;
}

/* Is there something at least as good that costs less? Of equals the first one stays. */
static bool dominated(const struct alloc_option *all, unsigned n, unsigned at)
{
    for (unsigned i = 0; i < n; i++) {
        double better = quality(&all[i]) - quality(&all[at]);
        if (i == at || better < 0 || all[i].bps > all[at].bps)
            continue;
        if (better > 0 || all[i].bps < all[at].bps || i < at)
            return true;
    }
    return false;
}

/* In order of cost. What sends nothing just now may begin to at any time. */
static void insert(struct alloc_line *l, struct alloc_option o)
{
    unsigned at = l->n++;
    o.bps = MAX_OF(o.bps, (uint32_t)LEAST_BPS);
    while (at > 0 && l->options[at - 1].bps > o.bps) {
        l->options[at] = l->options[at - 1];
        at--;
    }
    l->options[at] = o;
}

static int same_as(const struct alloc_line *l, const struct alloc_option *o)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct alloc_option *k = &l->options[i];
        if (k->stream == o->stream && k->spatial == o->spatial && k->temporal == o->temporal)
            return (int)i;
    }
    return ALLOC_PAUSED;
}

/* The dearest one that costs no more; else the first one, which alloc_run() may find too dear. */
static int in_place_of(const struct alloc_line *l, const struct alloc_option *o)
{
    int at = l->n > 0 ? 0 : ALLOC_PAUSED;
    for (unsigned i = 0; i < l->n; i++)
        at = l->options[i].bps <= o->bps ? (int)i : at;
    return at;
}

void alloc_line_options(struct alloc_line *l, const struct alloc_option *o, unsigned n)
{
    const struct alloc_option *chosen = alloc_choice(l);
    struct alloc_option before = chosen != NULL ? *chosen : (struct alloc_option){0};
    n = MIN_OF(n, (unsigned)ALLOC_OPTIONS);
    l->n = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!dominated(o, n, i) && !too_large(l, o, n, &o[i]))
            insert(l, o[i]);
    }
    if (chosen == NULL)
        return;
    l->choice = same_as(l, &before);
    if (l->choice == ALLOC_PAUSED)
        l->choice = in_place_of(l, &before);
}

const struct alloc_option *alloc_choice(const struct alloc_line *l)
{
    return l->choice < 0 ? NULL : &l->options[l->choice];
}

/* ---- Sharing ---- */

static double cost(const struct alloc_line *l, int choice)
{
    return choice < 0 ? 0 : l->options[choice].bps;
}

static bool is_seen(const struct alloc_line *l)
{
    return l->width != 0 && l->height != 0 && l->n > 0;
}

/* Everybody the least there is. What is left. */
static double share_least(const struct alloc *a, double left, struct alloc_line *const *lines,
                          unsigned n)
{
    unsigned pictures = 0;
    for (unsigned p = 0; p < ALLOC_PRIORITIES; p++) {
        for (unsigned i = 0; i < n; i++) {
            struct alloc_line *l = lines[i];
            if (l->priority != p)
                continue;
            l->ideal = ALLOC_PAUSED;
            if (!is_seen(l) || cost(l, 0) > left || (a->last_n != 0 && pictures >= a->last_n))
                continue;
            pictures++;
            l->ideal = 0;
            left -= cost(l, 0);
        }
    }
    return left;
}

/* One step for each line of a class after the other, until nothing fits. */
static double share_more(enum alloc_priority p, double left, struct alloc_line *const *lines,
                         unsigned n)
{
    for (bool again = true; again;) {
        again = false;
        for (unsigned i = 0; i < n; i++) {
            struct alloc_line *l = lines[i];
            if (l->priority != p || l->ideal < 0 || l->ideal + 1 >= (int)l->n)
                continue;
            double more = cost(l, l->ideal + 1) - cost(l, l->ideal);
            if (more > left)
                continue;
            l->ideal++;
            left -= more;
            again = true;
        }
    }
    return left;
}

/* Each line's ideal. */
static void share(const struct alloc *a, double bps, struct alloc_line *const *lines, unsigned n)
{
    double left = share_least(a, bps, lines, n);
    for (unsigned p = 0; p < ALLOC_PRIORITIES; p++)
        left = share_more((enum alloc_priority)p, left, lines, n);
}

static double total(struct alloc_line *const *lines, unsigned n)
{
    double sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum += cost(lines[i], lines[i]->choice);
    return sum;
}

/* ---- Steps ---- */

/* sum: what everything costs, which was too much. */
static void lower(struct alloc *a, struct alloc_line *l, int64_t now_us, int to, double sum)
{
    if (l->raised_us != 0 && now_us - l->raised_us < VAIN_US) {
        l->hold_us = MIN_OF(2 * l->hold_us, (int64_t)HOLD_MAX_US);
        a->vain_bps = sum;
    }
    l->choice = to;
    l->room_us = 0;
    a->lowered++;
}

/* Pictures that nobody sees (any more) and, if it is too much, all that are above their ideal. */
static void lower_all(struct alloc *a, int64_t now_us, double bps, struct alloc_line *const *lines,
                      unsigned n)
{
    share(a, bps, lines, n);
    double sum = total(lines, n);
    bool too_much = sum > bps;
    unsigned pictures = 0;
    for (unsigned i = 0; i < n; i++)
        pictures += lines[i]->choice >= 0 && is_seen(lines[i]);
    too_much = too_much || (a->last_n != 0 && pictures > a->last_n);
    for (unsigned i = 0; i < n; i++) {
        struct alloc_line *l = lines[i];
        if (l->choice >= 0 && !is_seen(l))
            l->choice = ALLOC_PAUSED;
        else if (too_much && l->ideal < l->choice)
            lower(a, l, now_us, l->ideal, sum);
    }
}

static bool may_rise(const struct alloc *a, struct alloc_line *l, int64_t now_us, double bps)
{
    if (l->ideal <= l->choice) {
        l->room_us = 0;
        return false;
    }
    if (l->room_us == 0)
        l->room_us = now_us;
    if (l->raised_us == 0)
        return true;
    if (now_us - l->raised_us >= PROVED_US)
        l->hold_us = HOLD_US;
    bool confirmed = a->confirmed_us != 0 && now_us - a->confirmed_us < CONFIRM_US;
    if (confirmed && a->vain_bps > 0 && bps > ANOTHER * a->vain_bps)
        return true; /* the way has become another one; what was in vain before says nothing */
    if (l->choice < 0 && now_us - l->room_us >= HOLD_US && now_us - l->raised_us >= EVERY_US)
        return true; /* nothing at all is seen: that is not to be waited for */
    bool goes_on = confirmed && now_us - l->raised_us < CONFIRM_US; /* probes find more and more */
    return (goes_on || now_us - l->raised_us >= EVERY_US) &&
           (now_us - l->room_us >= l->hold_us || (confirmed && l->hold_us == HOLD_US));
}

/* Others make room, if they have more than their part, or it is somebody else's turn to be seen at all. */
static void rise(struct alloc *a, struct alloc_line *l, int64_t now_us, double bps,
                 struct alloc_line *const *lines, unsigned n)
{
    double sum = total(lines, n) - cost(l, l->choice) + cost(l, l->ideal);
    bool turn = a->last_n != 0 && l->choice < 0;
    for (unsigned i = 0; i < n; i++) {
        struct alloc_line *k = lines[i];
        if (k == l || k->ideal >= k->choice || (sum <= bps && !(turn && k->ideal < 0)))
            continue;
        sum -= cost(k, k->choice) - cost(k, k->ideal);
        lower(a, k, now_us, k->ideal, sum);
    }
    if (sum > bps)
        return;
    l->choice = l->ideal;
    l->raised_us = now_us;
    l->room_us = 0;
    a->raised++;
}

static void raise_all(struct alloc *a, int64_t now_us, double bps, struct alloc_line *const *lines,
                      unsigned n)
{
    share(a, bps, lines, n);
    for (unsigned p = 0; p < ALLOC_PRIORITIES; p++) {
        for (unsigned i = 0; i < n; i++) {
            if (lines[i]->priority == p && may_rise(a, lines[i], now_us, bps))
                rise(a, lines[i], now_us, bps, lines, n);
        }
    }
}

void alloc_confirm(struct alloc *a, int64_t now_us)
{
    a->confirmed_us = now_us;
}

bool alloc_run(struct alloc *a, int64_t now_us, double bps, double sound_bps,
               struct alloc_line *const *lines, unsigned n)
{
    uint64_t before = a->raised + a->lowered;
    bool hidden = false;
    for (unsigned i = 0; i < n; i++)
        hidden = hidden || (lines[i]->choice >= 0 && !is_seen(lines[i]));
    bps = fmax(bps - sound_bps, 0);
    lower_all(a, now_us, bps, lines, n);
    raise_all(a, now_us, bps / HEADROOM, lines, n);
    return hidden || a->raised + a->lowered != before;
}

double alloc_wanted(const struct alloc *a, double sound_bps, struct alloc_line *const *lines,
                    unsigned n)
{
    double sum = 0;
    unsigned pictures = 0;
    for (unsigned p = 0; p < ALLOC_PRIORITIES; p++) {
        for (unsigned i = 0; i < n; i++) {
            if (lines[i]->priority != p || !is_seen(lines[i]) ||
                (a->last_n != 0 && pictures++ >= a->last_n))
                continue;
            sum += cost(lines[i], (int)lines[i]->n - 1);
        }
    }
    return sum * HEADROOM + sound_bps;
}
