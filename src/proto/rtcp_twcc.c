/* Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1): which packets came,
 * in chunks of 16 bits, and when, as differences. */
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "proto/rtcp.h"
#include "proto/rtcp_write.h"

enum {
    HEAD = 20,
    REFERENCE_US = 64000,
    RUN_MAX = 0x1FFF,
    VECTOR_1 = 14, /* packets in a chunk of one bit for each */
    VECTOR_2 = 7
};
enum symbol {
    LOST = 0,
    SMALL = 1,
    LARGE = 2
}; /* and 3 is reserved; the value is the delta's size */

/* ---- Reading ---- */

static void load_chunk(struct rtcp_twcc *it)
{
    uint16_t chunk = get_u16(it->chunk);
    it->chunk += 2;
    if (!(chunk & 0x8000)) {
        it->bits = 0;
        it->symbols = (uint16_t)(chunk << 1); /* the one symbol of the run on top */
        it->run = chunk & RUN_MAX;
        return;
    }
    it->bits = chunk & 0x4000 ? 2 : 1;
    it->symbols = (uint16_t)(chunk << 2);
    it->run = it->bits == 2 ? VECTOR_2 : VECTOR_1;
}

/* The symbol of the next packet; run > 0. */
static unsigned take_symbol(struct rtcp_twcc *it)
{
    unsigned symbol = it->symbols >> (it->bits == 1 ? 15 : 14);
    it->symbols = (uint16_t)(it->symbols << it->bits);
    it->run--;
    it->left--;
    it->seq++;
    return symbol;
}

/* Where the deltas begin, and are there enough? */
static bool measure(struct rtcp_twcc *out, const uint8_t *end)
{
    struct rtcp_twcc it = *out;
    size_t deltas = 0;
    while (it.left > 0) {
        if (end - it.chunk < 2)
            return false;
        load_chunk(&it);
        while (it.run > 0 && it.left > 0) {
            unsigned symbol = take_symbol(&it);
            if (symbol > LARGE)
                return false;
            deltas += symbol;
        }
    }
    out->delta = it.chunk;
    return deltas <= (size_t)(end - it.chunk);
}

bool rtcp_read_twcc(const struct rtcp_packet *k, struct rtcp_twcc *out)
{
    if (!rtcp_is_fb(k, RTCP_RTPFB, RTCP_FMT_TWCC) || k->len < HEAD)
        return false;
    uint32_t time = get_u32(k->p + 16);
    int32_t reference = (int32_t)time >> 8; /* 24 bits with a sign */
    *out = (struct rtcp_twcc){.sender = get_u32(k->p + 4),
                              .media = get_u32(k->p + 8),
                              .seq = get_u16(k->p + 12),
                              .left = get_u16(k->p + 14),
                              .time_us = (int64_t)reference * REFERENCE_US,
                              .number = (uint8_t)time,
                              .chunk = k->p + HEAD};
    return out->left <= RTCP_TWCC_MAX && measure(out, k->p + k->len);
}

bool rtcp_twcc_next(struct rtcp_twcc *it, struct rtcp_arrival *out)
{
    if (it->left == 0)
        return false;
    while (it->run == 0) /* a run of none is allowed */
        load_chunk(it);
    out->seq = it->seq;
    unsigned symbol = take_symbol(it);
    out->came = symbol != LOST;
    if (symbol == SMALL)
        it->time_us += it->delta[0] * RTCP_TWCC_TICK_US;
    else if (symbol == LARGE)
        it->time_us += (int16_t)get_u16(it->delta) * RTCP_TWCC_TICK_US;
    it->delta += symbol;
    out->at_us = it->time_us;
    return true;
}

/* ---- Writing ---- */

struct plan {
    uint8_t symbols[RTCP_TWCC_MAX];
    int16_t deltas[RTCP_TWCC_MAX];
    unsigned n;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* What to say of each packet, up to the first one whose distance in time can't be said. */
static bool make_plan(struct plan *plan, const int64_t *at_us, unsigned n, int64_t *reference)
{
    unsigned first = 0;
    while (first < n && at_us[first] == RTCP_NOT_CAME)
        first++;
    if (first == n)
        return false;
    *reference = floor_div(at_us[first], REFERENCE_US);
    int64_t time = *reference * REFERENCE_US;
    for (plan->n = 0; plan->n < n; plan->n++) {
        int64_t at = at_us[plan->n];
        plan->symbols[plan->n] = LOST;
        if (at == RTCP_NOT_CAME)
            continue;
        int64_t delta = floor_div(at - time + RTCP_TWCC_TICK_US / 2, RTCP_TWCC_TICK_US);
        if (delta < INT16_MIN || delta > INT16_MAX)
            break;
        time += delta * RTCP_TWCC_TICK_US; /* what the reader will have: errors don't add up */
        plan->deltas[plan->n] = (int16_t)delta;
        plan->symbols[plan->n] = delta >= 0 && delta <= 255 ? SMALL : LARGE;
    }
    return true;
}

/* The chunk for packets from i on, and how many it tells of. */
static uint16_t make_chunk(const struct plan *plan, unsigned i, unsigned *covers)
{
    const uint8_t *s = plan->symbols + i;
    unsigned left = plan->n - i, run = 1, plain = 0;
    while (run < left && run < RUN_MAX && s[run] == s[0])
        run++;
    while (plain < left && plain < VECTOR_1 && s[plain] != LARGE)
        plain++;
    bool one_bit = plain == MIN_OF(left, VECTOR_1);
    if (run == left || run >= (one_bit ? VECTOR_1 : VECTOR_2)) {
        *covers = run;
        return (uint16_t)(s[0] << 13 | run);
    }
    unsigned bits = one_bit ? 1 : 2, chunk = one_bit ? 0x8000 : 0xC000;
    *covers = MIN_OF(left, one_bit ? (unsigned)VECTOR_1 : (unsigned)VECTOR_2);
    for (unsigned k = 0; k < *covers; k++)
        chunk |= (unsigned)s[k] << (14 - bits * (k + 1));
    return (uint16_t)chunk;
}

static size_t sum(const uint8_t *symbols, unsigned n)
{
    size_t total = 0;
    for (unsigned i = 0; i < n; i++)
        total += symbols[i];
    return total;
}

/* Cuts the plan to what fits into room bytes, chunks and deltas padded to words. Returns the bytes
 * of chunks; *deltas those of deltas. */
static size_t fit(struct plan *plan, size_t room, size_t *deltas)
{
    size_t chunks = 0;
    unsigned i = 0, covers;
    *deltas = 0;
    room &= ~(size_t)3;
    while (i < plan->n) {
        make_chunk(plan, i, &covers);
        size_t more = sum(plan->symbols + i, covers);
        while (covers > 0 && chunks + 2 + *deltas + more > room)
            more -= plan->symbols[i + --covers];
        if (covers == 0)
            break;
        chunks += 2;
        *deltas += more;
        i += covers;
    }
    plan->n = i;
    return chunks;
}

static void write_plan(const struct plan *plan, uint8_t *p)
{
    for (unsigned i = 0, covers; i < plan->n; i += covers, p += 2)
        set_u16(p, make_chunk(plan, i, &covers));
    for (unsigned i = 0; i < plan->n; i++) {
        if (plan->symbols[i] == SMALL)
            *p++ = (uint8_t)plan->deltas[i];
        else if (plan->symbols[i] == LARGE)
            set_u16((p += 2) - 2, (uint16_t)plan->deltas[i]);
    }
}

unsigned rtcp_put_twcc(struct rtcp_writer *w, uint32_t sender, uint32_t media, uint8_t number,
                       uint16_t base, const int64_t *at_us, unsigned n)
{
    struct plan plan;
    int64_t reference;
    size_t room = w->cap - w->len, deltas;
    if (room < HEAD || !make_plan(&plan, at_us, MIN_OF(n, RTCP_TWCC_MAX), &reference))
        return 0;
    size_t chunks = fit(&plan, room - HEAD, &deltas);
    size_t size = (HEAD + chunks + deltas + 3) & ~(size_t)3;
    uint8_t *p = deltas > 0 ? rtcp_add_packet(w, RTCP_RTPFB, RTCP_FMT_TWCC, size) : NULL;
    if (!p)
        return 0;
    /* Zeros at the end, without the padding bit, which only the last packet may have. */
    memset(p + size - 4, 0, 4);
    set_u32(p + 4, sender);
    set_u32(p + 8, media);
    set_u16(p + 12, base);
    set_u16(p + 14, (uint16_t)plan.n);
    set_u32(p + 16, (uint32_t)reference << 8 | number);
    write_plan(&plan, p + HEAD);
    return plan.n;
}
