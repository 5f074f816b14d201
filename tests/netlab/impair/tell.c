/* Settings as words. */
#include <string.h>

#include "base/util.h"
#include "line.h"

enum { PERCENT = 10000 }; /* parts of a million */

/* "12", "0.5": times 10^digits; no more decimals than that. */
static bool decimal(struct str s, int digits, uint64_t max, uint64_t *out)
{
    struct str whole, part;
    uint64_t w, p = 0;
    bool point = str_split_once(s, '.', &whole, &part);
    if (!str_to_u64(whole, max, &w) ||
        (point && (part.n > (size_t)digits || !str_to_u64(part, max, &p))))
        return false;
    for (size_t i = point ? part.n : 0; i < (size_t)digits; i++)
        p *= 10;
    for (int i = 0; i < digits; i++)
        w *= 10;
    *out = w + p;
    return *out <= max;
}

static bool percent(struct str s, uint32_t *out)
{
    uint64_t v;
    if (!decimal(s, 4, 100 * PERCENT, &v))
        return false;
    *out = (uint32_t)v;
    return true;
}

static bool ms(struct str s, int64_t *out)
{
    uint64_t v;
    if (!decimal(s, 3, 60 * 1000 * 1000, &v))
        return false;
    *out = (int64_t)v;
    return true;
}

static bool number(struct str s, int64_t *out)
{
    uint64_t v;
    if (!str_to_u64(s, 10000000000, &v))
        return false;
    *out = (int64_t)v;
    return true;
}

/* The values of each setting: `a`, and where it has a second one, `b`. */
static bool set_loss(struct line_set *s, struct str a, struct str b)
{
    return b.n == 0 && percent(a, &s->loss);
}

static bool set_burst(struct line_set *s, struct str a, struct str b)
{
    uint64_t length;
    if (!percent(a, &s->burst) || !str_to_u64(b, 1000, &length) || length == 0)
        return false;
    s->burst_len = (uint32_t)length;
    return s->burst <= 50 * PERCENT;
}

static bool set_delay(struct line_set *s, struct str a, struct str b)
{
    return b.n == 0 && ms(a, &s->delay_us);
}

static bool set_jitter(struct line_set *s, struct str a, struct str b)
{
    s->jitter_overtakes = str_eq(b, STR("overtaking"));
    return (b.n == 0 || s->jitter_overtakes) && ms(a, &s->jitter_us);
}

static bool set_reorder(struct line_set *s, struct str a, struct str b)
{
    return percent(a, &s->reorder) && ms(b, &s->detour_us);
}

static bool set_twice(struct line_set *s, struct str a, struct str b)
{
    return b.n == 0 && percent(a, &s->twice);
}

static bool set_rate(struct line_set *s, struct str a, struct str b)
{
    return b.n == 0 && number(a, &s->rate_bps);
}

static bool set_queue(struct line_set *s, struct str a, struct str b)
{
    return b.n == 0 && ms(a, &s->queue_us);
}

static bool set_queue_bytes(struct line_set *s, struct str a, struct str b)
{
    return b.n == 0 && number(a, &s->queue_bytes);
}

static bool set_cut(struct line_set *s, struct str a, struct str b)
{
    s->cut = str_eq(a, STR("on"));
    return b.n == 0 && (s->cut || str_eq(a, STR("off")));
}

static bool set_clear(struct line_set *s, struct str a, struct str b)
{
    memset(s, 0, sizeof *s);
    return a.n == 0 && b.n == 0;
}

static const struct {
    struct str name;
    bool (*set)(struct line_set *s, struct str a, struct str b);
} settings[] = {
    {STR_INIT("loss"), set_loss},       {STR_INIT("burst"), set_burst},
    {STR_INIT("delay"), set_delay},     {STR_INIT("jitter"), set_jitter},
    {STR_INIT("reorder"), set_reorder}, {STR_INIT("twice"), set_twice},
    {STR_INIT("rate"), set_rate},       {STR_INIT("queue"), set_queue},
    {STR_INIT("cut"), set_cut},         {STR_INIT("queue_bytes"), set_queue_bytes},
    {STR_INIT("clear"), set_clear},
};

const char *line_tell(struct line *l, struct str words)
{
    struct str name, rest, a, b;
    str_split_once(str_trim(words), ' ', &name, &rest);
    str_split_once(str_trim(rest), ' ', &a, &b);
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        if (!str_eq(name, settings[i].name))
            continue;
        struct line_set changed = l->set;
        if (!settings[i].set(&changed, a, str_trim(b)))
            return "no such value";
        l->set = changed;
        return NULL;
    }
    return "no such setting";
}
