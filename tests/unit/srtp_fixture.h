/* What the tests of SRTP share: bytes from hexadecimal digits, packets, keys. */
#ifndef MADANG_TESTS_SRTP_FIXTURE_H
#define MADANG_TESTS_SRTP_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "proto/rtp.h"
#include "proto/srtp.h"

enum { PACKET_CAP = 2100 };

struct packet {
    uint8_t p[PACKET_CAP];
    size_t n;
};

static const enum srtp_profile all_profiles[] = {SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM,
                                                 SRTP_AES128_CM_SHA1_80};

static inline struct packet packet_of_hex(const char *hex)
{
    struct packet k = {.n = strlen(hex) / 2};
    for (size_t i = 0; i < k.n; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        k.p[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return k;
}

/* A RTP packet whose payload tells its number. */
static inline struct packet rtp_packet(uint32_t ssrc, uint16_t seq, size_t payload)
{
    struct packet k = {.n = RTP_HEADER + payload};
    struct rtp r = {.pt = 96, .seq = seq, .timestamp = seq * 3000u, .ssrc = ssrc};
    rtp_put_head(k.p, sizeof k.p, &r, NULL);
    for (size_t i = 0; i < payload; i++)
        k.p[RTP_HEADER + i] = (uint8_t)(seq + 7 * i);
    return k;
}

/* A receiver report without blocks, and a word of padding data as a profile-specific extension. */
static inline struct packet rtcp_packet(uint32_t ssrc, uint32_t word)
{
    struct packet k = {.n = 12};
    set_u32(k.p, 0x80C90002);
    set_u32(k.p + 4, ssrc);
    set_u32(k.p + 8, word);
    return k;
}

static inline struct srtp *with_key(enum srtp_profile p, enum srtp_way way, uint8_t key,
                                    unsigned streams)
{
    uint8_t k[SRTP_KEY_MAX], salt[SRTP_SALT_MAX];
    memset(k, key, sizeof k);
    memset(salt, key ^ 0x5A, sizeof salt);
    return srtp_new(p, way, k, salt, streams);
}

#endif
