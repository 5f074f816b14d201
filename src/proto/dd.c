#include "proto/dd.h"

#include <string.h>

#include "base/buf.h"
#include "base/util.h"

enum { HEAD = 3, FLAGS = 5, FDIFF_BITS = 4 };

/* ---- Bits ---- */

struct bits {
    const uint8_t *p;
    unsigned at, n;
    bool bad;
};

static uint32_t get(struct bits *b, unsigned n)
{
    uint32_t v = 0;
    if (n > b->n - b->at) {
        b->bad = true;
        b->at = b->n;
        return 0;
    }
    for (unsigned i = 0; i < n; i++, b->at++)
        v = v << 1 | (b->p[b->at / 8] >> (7 - b->at % 8) & 1u);
    return v;
}

/* A.8.1, ns(n): values below n in as few bits as they take. */
static uint32_t get_ns(struct bits *b, unsigned n)
{
    unsigned w = 0;
    for (unsigned x = n; x != 0; x >>= 1)
        w++;
    unsigned m = (1u << w) - n, v = get(b, w - 1);
    return v < m ? v : (v << 1) - m + get(b, 1);
}

static void put(uint8_t *p, unsigned *at, unsigned n, uint32_t v)
{
    for (unsigned i = n; i-- > 0; ++*at)
        p[*at / 8] |= (uint8_t)((v >> i & 1) << (7 - *at % 8));
}

static void copy(uint8_t *p, unsigned *at, struct bits *from, unsigned until)
{
    while (from->at < until) {
        unsigned n = MIN_OF(until - from->at, 32u);
        put(p, at, n, get(from, n));
    }
}

/* ---- The structure ---- */

static void read_layers(struct bits *b, struct dd_structure *s)
{
    unsigned spatial = 0, temporal = 0, next;
    do {
        if (s->n == DD_TEMPLATES) {
            b->bad = true;
            return;
        }
        s->templates[s->n].spatial = (uint8_t)spatial;
        s->templates[s->n++].temporal = (uint8_t)temporal;
        next = get(b, 2);
        temporal = next == 1 ? temporal + 1 : next == 2 ? 0 : temporal;
        spatial += next == 2;
        b->bad |= spatial >= DD_LAYERS || temporal >= DD_LAYERS;
    } while (next != 3 && !b->bad);
    s->layers = (uint8_t)(s->templates[s->n - 1].spatial + 1);
}

static uint64_t read_dtis(struct bits *b, unsigned targets)
{
    uint64_t dtis = 0;
    for (unsigned i = 0; i < targets; i++)
        dtis |= (uint64_t)get(b, 2) << 2 * i;
    return dtis;
}

static void read_fdiffs(struct bits *b, struct dd_template *t)
{
    while (!b->bad && get(b, 1)) {
        b->bad |= t->n_fdiffs == DD_FDIFFS;
        if (!b->bad)
            t->fdiffs[t->n_fdiffs++] = (uint8_t)(get(b, FDIFF_BITS) + 1);
    }
}

/* Chains tell those who lose frames what they can do without; nobody here asks. */
static void skip_chains(struct bits *b, struct dd_structure *s)
{
    s->chains = (uint8_t)get_ns(b, s->targets + 1u);
    for (unsigned i = 0; s->chains > 0 && i < s->targets; i++)
        get_ns(b, s->chains);
    for (unsigned i = 0; i < s->n; i++) {
        for (unsigned k = 0; k < s->chains; k++)
            get(b, 4);
    }
}

static void read_sizes(struct bits *b, struct dd_structure *s)
{
    if (!get(b, 1))
        return;
    for (unsigned i = 0; i < s->layers; i++) {
        uint32_t width = get(b, 16) + 1, height = get(b, 16) + 1;
        s->width[i] = (uint16_t)MIN_OF(width, (uint32_t)UINT16_MAX);
        s->height[i] = (uint16_t)MIN_OF(height, (uint32_t)UINT16_MAX);
    }
}

static void find_layers_of_targets(struct dd_structure *s)
{
    for (unsigned i = 0; i < s->targets; i++) {
        for (unsigned k = 0; k < s->n; k++) {
            const struct dd_template *t = &s->templates[k];
            if ((t->dtis >> 2 * i & 3) == DD_ABSENT)
                continue;
            s->spatial[i] = MAX_OF(s->spatial[i], t->spatial);
            s->temporal[i] = MAX_OF(s->temporal[i], t->temporal);
        }
    }
}

static void read_structure(struct bits *b, struct dd_structure *s)
{
    memset(s, 0, sizeof *s);
    s->first = (uint8_t)get(b, 6);
    s->targets = (uint8_t)(get(b, 5) + 1);
    s->active = s->targets == DD_TARGETS ? UINT32_MAX : (1u << s->targets) - 1;
    read_layers(b, s);
    for (unsigned i = 0; i < s->n; i++)
        s->templates[i].dtis = read_dtis(b, s->targets);
    for (unsigned i = 0; i < s->n; i++)
        read_fdiffs(b, &s->templates[i]);
    if (b->bad)
        return;
    skip_chains(b, s);
    read_sizes(b, s);
    find_layers_of_targets(s);
}

/* ---- One frame ---- */

static void read_own_fdiffs(struct bits *b, struct dd_frame *f)
{
    unsigned size;
    f->n_fdiffs = 0;
    while (!b->bad && (size = get(b, 2)) != 0) {
        b->bad |= f->n_fdiffs == DD_FDIFFS;
        if (!b->bad)
            f->fdiffs[f->n_fdiffs++] = (uint16_t)(get(b, FDIFF_BITS * size) + 1);
    }
}

/* What the template says, but for what the packet says itself. */
static bool read_definition(struct bits *b, struct dd_frame *f, unsigned id, unsigned flags)
{
    const struct dd_structure *s = f->of;
    unsigned at = (id + DD_TEMPLATES - s->first) % DD_TEMPLATES;
    if (at >= s->n)
        return false;
    const struct dd_template *t = &s->templates[at];
    f->spatial = t->spatial;
    f->temporal = t->temporal;
    f->dtis = flags & 4 ? read_dtis(b, s->targets) : t->dtis;
    f->n_fdiffs = t->n_fdiffs;
    for (unsigned i = 0; i < t->n_fdiffs; i++)
        f->fdiffs[i] = t->fdiffs[i];
    if (flags & 2)
        read_own_fdiffs(b, f);
    for (unsigned i = 0; (flags & 1) && i < s->chains; i++)
        get(b, 8);
    f->end_bit = (uint16_t)b->at;
    return !b->bad;
}

bool dd_read(struct dd_frame *out, const uint8_t *p, size_t n, const struct dd_structure *known,
             struct dd_structure *own)
{
    struct bits b = {.p = p, .n = (unsigned)n * 8};
    memset(out, 0, sizeof *out);
    if (n < HEAD || n > DD_MAX)
        return false;
    out->start = get(&b, 1);
    out->end = get(&b, 1);
    unsigned id = get(&b, 6), flags = 0;
    out->number = (uint16_t)get(&b, 16);
    out->of = known;
    if (n > HEAD) {
        flags = get(&b, FLAGS);
        out->has_structure = flags & 16;
        out->has_active = flags & 8;
    }
    if (out->has_structure) {
        read_structure(&b, own);
        out->of = own;
    }
    if (b.bad || out->of->n == 0)
        return false;
    out->active_bit = (uint16_t)b.at;
    out->active = out->has_active ? get(&b, out->of->targets) : out->of->active;
    return read_definition(&b, out, id, flags);
}

/* ---- Choosing ---- */

int dd_target(const struct dd_frame *f, unsigned spatial, unsigned temporal)
{
    const struct dd_structure *s = f->of;
    int best = -1, least = -1;
    for (unsigned i = 0; i < s->targets; i++) {
        unsigned rank = s->spatial[i] * DD_LAYERS + s->temporal[i];
        if (!(f->active >> i & 1))
            continue;
        if (least < 0 || rank < s->spatial[least] * DD_LAYERS + (unsigned)s->temporal[least])
            least = (int)i;
        if (s->spatial[i] <= spatial && s->temporal[i] <= temporal &&
            (best < 0 || rank > s->spatial[best] * DD_LAYERS + (unsigned)s->temporal[best]))
            best = (int)i;
    }
    return best >= 0 ? best : least;
}

uint32_t dd_below(const struct dd_structure *s, unsigned target)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < s->targets; i++) {
        if (s->spatial[i] <= s->spatial[target] && s->temporal[i] <= s->temporal[target])
            mask |= 1u << i;
    }
    return mask;
}

/* ---- Writing ---- */

struct dd_change dd_change_of(const struct dd_frame *f, uint16_t number, bool has_active,
                              uint32_t active)
{
    return (struct dd_change){
        .targets = f->of->targets,
        .had_active = f->has_active,
        .has_active = f->has_active || has_active,
        .number = number,
        .active_bit = f->active_bit,
        .end_bit = f->end_bit,
        .active = has_active ? active : f->active,
    };
}

size_t dd_write(uint8_t *out, size_t cap, const uint8_t *p, const struct dd_change *c)
{
    unsigned mask = c->has_active ? c->targets : 0, was = c->had_active ? c->targets : 0;
    bool was_short = c->end_bit == HEAD * 8, is_short = was_short && mask == 0;
    unsigned all = c->end_bit + (was_short && !is_short ? FLAGS : 0u) + mask - was;
    unsigned at = HEAD * 8;
    if ((all + 7) / 8 > cap)
        return 0;
    memset(out, 0, (all + 7) / 8);
    memcpy(out, p, HEAD);
    set_u16(out + 1, c->number);
    if (is_short)
        return HEAD;
    struct bits from = {.p = p, .n = c->end_bit, .at = HEAD * 8};
    unsigned flags = was_short ? 0 : get(&from, FLAGS);
    put(out, &at, FLAGS, mask > 0 ? flags | 8 : flags);
    copy(out, &at, &from, c->active_bit);
    put(out, &at, mask, c->active);
    from.at = c->active_bit + was;
    copy(out, &at, &from, c->end_bit);
    return (all + 7) / 8;
}
