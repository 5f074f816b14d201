/*
 * Writes dependency descriptors (AV1's RTP specification, appendix A) as encoders with layers do: structures of
 * scalability modes, and the frames of their streams.
 */
#ifndef MADANG_TESTS_DD_SOURCE_H
#define MADANG_TESTS_DD_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/dd.h"

#define DD_UNUSED_OK __attribute__((unused))

struct dd_bits {
    uint8_t p[DD_MAX];
    unsigned at;
};

static DD_UNUSED_OK void dd_put(struct dd_bits *b, unsigned n, unsigned v)
{
    for (unsigned i = n; i-- > 0; b->at++)
        b->p[b->at / 8] = (uint8_t)(b->p[b->at / 8] | (v >> i & 1) << (7 - b->at % 8));
}

/* ns(n) */
static DD_UNUSED_OK void dd_put_ns(struct dd_bits *b, unsigned n, unsigned v)
{
    unsigned w = 0;
    for (unsigned x = n; x != 0; x >>= 1)
        w++;
    unsigned m = (1u << w) - n;
    if (v < m)
        dd_put(b, w - 1, v);
    else
        dd_put(b, w, v + m);
}

/* A template: its layer, a letter for each target (- D S R), frames back (0 ends them). */
struct dd_line {
    unsigned spatial, temporal;
    const char *dtis;
    unsigned fdiffs[3];
};

struct dd_mode {
    unsigned targets, spatial; /* spatial: layers */
    const struct dd_line *lines;
    unsigned n;
};

static DD_UNUSED_OK unsigned dd_letter(char c)
{
    return c == '-' ? DD_ABSENT : c == 'D' ? DD_DISCARDABLE : c == 'S' ? DD_SWITCH : DD_REQUIRED;
}

static DD_UNUSED_OK void dd_put_structure(struct dd_bits *b, const struct dd_mode *m,
                                          unsigned first)
{
    dd_put(b, 6, first);
    dd_put(b, 5, m->targets - 1);
    for (unsigned i = 0; i < m->n; i++) {
        const struct dd_line *l = &m->lines[i], *next = l + 1;
        dd_put(b, 2,
               i + 1 == m->n                   ? 3
               : next->spatial != l->spatial   ? 2
               : next->temporal != l->temporal ? 1
                                               : 0);
    }
    for (unsigned i = 0; i < m->n; i++) {
        for (unsigned k = 0; k < m->targets; k++)
            dd_put(b, 2, dd_letter(m->lines[i].dtis[k]));
    }
    for (unsigned i = 0; i < m->n; i++) {
        for (unsigned k = 0; k < 3 && m->lines[i].fdiffs[k] != 0; k++) {
            dd_put(b, 1, 1);
            dd_put(b, 4, m->lines[i].fdiffs[k] - 1);
        }
        dd_put(b, 1, 0);
    }
    dd_put_ns(b, m->targets + 1, 1); /* one chain for all */
    for (unsigned i = 0; i < m->targets; i++)
        dd_put_ns(b, 1, 0);
    for (unsigned i = 0; i < m->n; i++)
        dd_put(b, 4, i);
    dd_put(b, 1, 1);
    for (unsigned i = 0; i < m->spatial; i++) {
        dd_put(b, 16, (320u << i) - 1);
        dd_put(b, 16, (180u << i) - 1);
    }
}

/* One packet's descriptor; m: its structure, or NULL. The number of bytes. */
static DD_UNUSED_OK unsigned dd_packet(struct dd_bits *b, bool start, bool end,
                                       unsigned template_id, unsigned number,
                                       const struct dd_mode *m, unsigned first)
{
    memset(b, 0, sizeof *b);
    dd_put(b, 1, start);
    dd_put(b, 1, end);
    dd_put(b, 6, template_id);
    dd_put(b, 16, number);
    if (m == NULL)
        return 3;
    dd_put(b, 5, 16);
    dd_put_structure(b, m, first);
    return (b->at + 7) / 8;
}

/* ---- Modes (as WebRTC's scalabilityMode names them) ---- */

/* Pictures in fours: T0 T2 T1 T2. */
static const struct dd_line dd_l1t3_lines[] = {
    {0, 0, "SSS", {0}},
    {0, 0, "SSS", {4}},
    {0, 1, "-DS", {2}},
    {0, 2, "--D", {1}},
};
static const DD_UNUSED_OK struct dd_mode dd_l1t3 = {3, 1, dd_l1t3_lines, 4};

/* Two frames a picture. */
static const struct dd_line dd_l2t1_lines[] = {
    {0, 0, "SS", {0}},
    {0, 0, "SR", {2}},
    {1, 0, "-S", {1}},
    {1, 0, "-S", {2, 1}},
};
static const DD_UNUSED_OK struct dd_mode dd_l2t1 = {2, 2, dd_l2t1_lines, 4};
static const struct dd_line dd_l2t1_key_lines[] = {
    {0, 0, "SS", {0}},
    {0, 0, "S-", {2}},
    {1, 0, "-S", {1}},
    {1, 0, "-S", {2}},
};
static const DD_UNUSED_OK struct dd_mode dd_l2t1_key = {2, 2, dd_l2t1_key_lines, 4};

#endif
