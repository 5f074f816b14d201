/*
 * The doorman accepts connections on the TCP listeners and finds out what each one is, by its first
 * bytes (10 at most, within 5 s): 0x16 is TLS, which is shaken hands with and then asked again from
 * the inside; a STUN cookie at offset 4 is STUN or TURN; at offset 6, after a length, ICE-TCP (RFC
 * 4571); anything else is HTTP. The stream then goes to the taker of its kind, with the bytes read
 * so far still to be delivered. Connections are counted in all and per address (IPv6 by /64) in a
 * census; the count goes with the stream to whichever thread has it, and ends with it. The kernel
 * keeps a connection for itself until its first bytes are here, or for a second at most
 * (TCP_DEFER_ACCEPT): until then it costs us nothing and counts nowhere.
 */
#ifndef MADANG_IO_DOORMAN_H
#define MADANG_IO_DOORMAN_H

#include "io/stream.h"

struct doorman;

enum doorman_kind { DOORMAN_HTTP, DOORMAN_STUN, DOORMAN_ICE_TCP, DOORMAN_KINDS };

struct doorman_conf {
    struct census *census;      /* caps on connections, in all and per address; borrowed */
    unsigned max_handshakes;    /* TLS handshakes under way at once; 0 = 512 */
    int64_t classify_us;        /* 0 = 5 s, for the first bytes */
    int64_t handshake_us;       /* 0 = 10 s */
    unsigned accepts_per_round; /* 0 = 64 */
};

/* The stream is the taker's: it calls stream_set_user() or stream_detach(), now. s->tls says
 * whether it came inside TLS. A kind without a taker is closed. */
typedef void doorman_take_fn(void *ctx, struct stream *s);

struct doorman *doorman_new(struct loop *l, const struct doorman_conf *conf);
void doorman_taker(struct doorman *d, enum doorman_kind kind, doorman_take_fn *fn, void *ctx);
/* NULL: TLS is off, and a ClientHello is closed. Takes a reference of its own; may be called
 * again. */
void doorman_tls(struct doorman *d, struct tls_ctx *tls);
/* fd: a listening, non-blocking socket that stays the caller's. 0, or -1 with errno. */
int doorman_listen(struct doorman *d, int fd);
/* Stops accepting; connections that are being classified are closed. For SIGTERM. */
void doorman_stop(struct doorman *d);
void doorman_free(struct doorman *d);

/* Now: connections that are being classified or shaken hands with. */
unsigned doorman_pending(const struct doorman *d);

/* Pure: what do these first bytes say? Exposed for tests. */
enum doorman_guess { GUESS_MORE = -1, GUESS_HTTP, GUESS_STUN, GUESS_ICE_TCP, GUESS_TLS };
enum doorman_guess doorman_guess(const uint8_t *p, size_t n, bool inside_tls);

#endif
