/*
 * The Binding responder (RFC 8489 12): a sans-IO core. It answers a Binding request with the
 * address that it came from, and keeps silent, with a reason, on everything else. It is no
 * amplifier: the answer carries nothing that wasn't asked for, is at most 1.5 times the request
 * with IP and UDP headers counted, and each source address (IPv6 by /64) has a token bucket in a
 * table of fixed size.
 */
#ifndef MADANG_PROTO_STUN_SERVER_H
#define MADANG_PROTO_STUN_SERVER_H

#include "proto/stun.h"

struct stun_server;

enum stun_verdict {
    STUN_ANSWERED,     /* success */
    STUN_ANSWERED_420, /* unknown comprehension-required attributes */
    STUN_SILENT_MALFORMED,
    STUN_SILENT_LEGACY, /* no cookie (RFC 3489) */
    STUN_SILENT_CLASS,  /* an indication or a response */
    STUN_SILENT_METHOD, /* not Binding */
    STUN_SILENT_RATE,
    STUN_SILENT_SIZE, /* the answer would be too large for this request */
    STUN_VERDICTS
};
const char *stun_verdict_name(enum stun_verdict v);

struct stun_server_conf {
    int64_t every_us;    /* one answer to one address in that time; 0 = 50 ms */
    unsigned burst;      /* and so many at once; 0 = 60 */
    unsigned table;      /* addresses remembered, rounded up to a power of two; 0 = 4096 */
    bool unlimited;      /* answers everybody at any rate */
    struct hash_key key; /* random: keeps others from aiming at one bucket */
};

struct stun_server *stun_server_new(const struct stun_server_conf *conf);
void stun_server_free(struct stun_server *s);
/* As new: forgets every address. Makes no difference to anybody when the last request was
 * stun_server_full_us() ago: by then every bucket is full again. */
void stun_server_reset(struct stun_server *s);
int64_t stun_server_full_us(const struct stun_server *s);

/* over_stream: TCP or TLS, where size and rate need no defence (a handshake proves the address;
 * the connection has its own cap). out must hold STUN_MESSAGE_MAX. out_len is 0 when it keeps
 * silent. */
enum stun_verdict stun_server_input(struct stun_server *s, int64_t now_us, const uint8_t *p,
                                    size_t n, const struct addr *from, bool over_stream,
                                    uint8_t *out, size_t *out_len);

#endif
