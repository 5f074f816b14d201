#include <endian.h>
#include <string.h>

#include "base/crypto.h"
#include "base/util.h"

static inline uint32_t rotl(uint32_t v, int by)
{
    return v << by | v >> (32 - by);
}

static inline void quarter(uint32_t s[16], int a, int b, int c, int d)
{
    s[a] += s[b];
    s[d] = rotl(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotl(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotl(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotl(s[b] ^ s[c], 7);
}

void chacha20_block(const uint8_t key[32], uint32_t counter, const uint8_t nonce[12],
                    uint8_t out[64])
{
    uint32_t in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, s[16];
    memcpy(in + 4, key, 32);
    memcpy(in + 13, nonce, 12);
    for (int i = 4; i < 16; i++)
        in[i] = le32toh(in[i]);
    in[12] = counter;
    memcpy(s, in, sizeof s);
    for (int i = 0; i < 10; i++) {
        quarter(s, 0, 4, 8, 12);
        quarter(s, 1, 5, 9, 13);
        quarter(s, 2, 6, 10, 14);
        quarter(s, 3, 7, 11, 15);
        quarter(s, 0, 5, 10, 15);
        quarter(s, 1, 6, 11, 12);
        quarter(s, 2, 7, 8, 13);
        quarter(s, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++)
        s[i] = htole32(s[i] + in[i]);
    memcpy(out, s, 64);
}

/* Four blocks: the next key, and 224 bytes to give out. The nonce stays zero, the key never does. */
static void refill(struct rng *r)
{
    static const uint8_t nonce[12];
    uint8_t all[256];
    for (uint32_t i = 0; i < 4; i++)
        chacha20_block(r->key, i, nonce, all + 64 * i);
    memcpy(r->key, all, sizeof r->key);
    memcpy(r->out, all + sizeof r->key, sizeof r->out);
    memzero(all, sizeof all);
    r->used = 0;
}

void rng_init(struct rng *r, const uint8_t seed[RNG_SEED_SIZE])
{
    memcpy(r->key, seed, sizeof r->key);
    refill(r);
}

void rng_bytes(struct rng *r, void *p, size_t n)
{
    uint8_t *to = p;
    while (n) {
        if (r->used == sizeof r->out)
            refill(r);
        size_t now = MIN_OF(n, sizeof r->out - r->used);
        memcpy(to, r->out + r->used, now);
        memset(r->out + r->used, 0, now);
        r->used += (uint32_t)now;
        to += now;
        n -= now;
    }
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t v;
    rng_bytes(r, &v, sizeof v);
    return le64toh(v);
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    if (n == 0)
        return 0;
    /* Numbers below 2^64 mod n would make small results likelier: draw again. */
    uint64_t v, skip = -n % n;
    do
        v = rng_u64(r);
    while (v < skip);
    return v % n;
}
