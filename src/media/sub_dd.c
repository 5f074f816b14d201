#include "media/sub_dd.h"

#include <string.h>

void sub_dd_begin(struct sub *s)
{
    s->decode = SUB_ALL_TARGETS;
    s->entered = s->needs_key = false;
    s->mask = 0;
    memset(s->frames, 0, sizeof s->frames);
}

/* ---- Which frames were sent ---- */

static uint64_t *word_of(struct sub *s, uint16_t frame)
{
    return &s->frames[frame % SUB_FRAMES / 64];
}

void sub_dd_sent(struct sub *s, uint16_t frame)
{
    int16_t step = (int16_t)(frame - s->frame);
    if (step > SUB_FRAMES)
        memset(s->frames, 0, sizeof s->frames);
    for (int16_t i = 1; i <= step && step <= SUB_FRAMES; i++)
        *word_of(s, (uint16_t)(s->frame + i)) &= ~(1ull << (uint16_t)(s->frame + i) % 64);
    if (step > 0)
        s->frame = frame;
    *word_of(s, frame) |= 1ull << frame % 64;
}

static bool was_sent(struct sub *s, uint16_t frame)
{
    int16_t back = (int16_t)(s->frame - frame);
    return back >= 0 && back < SUB_FRAMES && (*word_of(s, frame) >> frame % 64 & 1);
}

static bool can_decode(struct sub *s, const struct dd_frame *f)
{
    for (unsigned i = 0; i < f->n_fdiffs; i++) {
        if (!was_sent(s, (uint16_t)(f->number - f->fdiffs[i])))
            return false;
    }
    return true;
}

/* ---- Decode targets ---- */

static void take_target(struct sub *s, const struct dd_frame *f, unsigned target)
{
    s->decode = (uint8_t)target;
    s->spatial = f->of->spatial[target];
    s->temporal = f->of->temporal[target];
    s->needs_key = false;
}

/* Can whoever got what was sent go on, or begin, with that target here? */
static bool can_enter(struct sub *s, const struct dd_frame *f, unsigned target)
{
    bool is_told = dd_dti(f, target) == DD_SWITCH, can = is_told && can_decode(s, f);
    s->needs_key |= is_told && !can;
    return can;
}

/* A frame begins: is it where another target can be taken? Of one that begins with a key picture, but in an upper
 * layer that needs no lower one, nothing is sent until that comes. */
static void choose(struct sub *s, const struct dd_frame *f)
{
    int want = dd_target(f, s->spatial_target, s->temporal_target);
    bool anew = s->decode >= f->of->targets || (dd_is_key(f) && f->spatial == 0);
    if (want >= 0 && anew) {
        take_target(s, f, (unsigned)want);
        s->entered = false;
    } else if (want >= 0 && want != s->decode) {
        /* Of a picture that has said already that it is whole nothing more can be sent. */
        bool is_late = f->spatial > 0 && f->of->spatial[want] > s->spatial;
        if (is_late)
            s->needs_key |= dd_dti(f, (unsigned)want) == DD_SWITCH;
        else if (can_enter(s, f, (unsigned)want))
            take_target(s, f, (unsigned)want);
    }
    if (!s->entered)
        s->entered = can_enter(s, f, s->decode);
}

bool sub_dd_wants(struct sub *s, const struct dd_frame *f)
{
    if (dd_is_key(f) && f->spatial == 0) {
        sub_dd_begin(s);
        s->frame = (uint16_t)(f->number - 1);
    }
    if (f->start)
        choose(s, f);
    if (!s->entered || dd_dti(f, s->decode) == DD_ABSENT)
        return false;
    uint32_t mask = f->active & dd_below(f->of, s->decode);
    if (mask != s->mask && !(f->has_structure && mask == f->of->active))
        s->mask_at = f->number;
    s->mask = mask;
    sub_dd_sent(s, f->number);
    return true;
}

/* ---- What leaves ---- */

void sub_dd_render(const struct sub *s, const struct dd_frame *f, uint16_t offset,
                   struct sub_out *out)
{
    bool is_told = f->has_structure ? s->mask != f->of->active : f->number == s->mask_at;
    out->dd = dd_change_of(f, (uint16_t)(f->number + offset), is_told || f->has_active, s->mask);
    if (f->end && f->spatial == s->spatial && s->entered)
        out->marker = true;
}
