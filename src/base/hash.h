/* Hashes that are no secrets: SipHash-2-4 for tables whose keys strangers choose, and CRC-32. */
#ifndef MADANG_BASE_HASH_H
#define MADANG_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Random at the start (rng_u64 twice, or random_bytes), one for each core. */
struct hash_key {
    uint64_t k0;
    uint64_t k1;
};

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */
uint64_t siphash24(const struct hash_key *key, const void *p, size_t n);

static inline uint64_t hash_str(const struct hash_key *key, struct str s)
{
    return siphash24(key, s.p, s.n);
}

static inline uint64_t hash_u64(const struct hash_key *key, uint64_t v)
{
    return siphash24(key, &v, sizeof v);
}

/* CRC-32 of IEEE 802.3 (reflected, 0xEDB88320), as STUN's FINGERPRINT uses (RFC 8489, 14.7).
 * crc is 0 at the start, or the result so far. */
uint32_t crc32_ieee(uint32_t crc, const void *p, size_t n);

#endif
