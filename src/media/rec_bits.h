/* A reader of bits, highest first, for headers of codecs. Behind the end there are zeros, and `bad` is set. */
#ifndef MADANG_MEDIA_REC_BITS_H
#define MADANG_MEDIA_REC_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rec_bits {
    const uint8_t *p;
    size_t n, at; /* at: bits that were read */
    bool bad;
};

static inline struct rec_bits rec_bits_of(const uint8_t *p, size_t n)
{
    return (struct rec_bits){.p = p, .n = n};
}

/* The next `count` bits; 32 at most. */
static inline uint32_t rec_bits(struct rec_bits *b, unsigned count)
{
    uint32_t v = 0;
    for (; count > 0; count--) {
        if (b->at >= b->n * 8) {
            b->bad = true;
            return 0;
        }
        v = v << 1 | (b->p[b->at / 8] >> (7 - b->at % 8) & 1u);
        b->at++;
    }
    return v;
}

/* Exp-Golomb, unsigned (H.264 9.1) and AV1's uvlc() (4.10.3) are the same. */
static inline uint32_t rec_bits_ue(struct rec_bits *b)
{
    unsigned zeros = 0;
    while (zeros < 32 && !b->bad && rec_bits(b, 1) == 0)
        zeros++;
    if (zeros >= 32)
        return UINT32_MAX;
    return (uint32_t)((UINT64_C(1) << zeros) - 1 + rec_bits(b, zeros));
}

#endif
