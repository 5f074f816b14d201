/*
 * What the parts of the TURN server (RFC 8656) and those who carry its packets share: who a client
 * is, what a relayed address is, and how datagrams leave. Types only.
 */
#ifndef MADANG_PROTO_TURN_H
#define MADANG_PROTO_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/tuple.h"

/* One relayed transport address (RFC 8656 2.3). Embedded in the allocation, or in a reservation. */
struct turn_relay {
    struct addr at;        /* what to bind: an address of this host or "any", and the port */
    struct addr announced; /* what clients and peers are told */
    void *io;              /* of whoever carries its packets: the socket; NULL while only the
                              number is taken */
};

/* What a Don't Fragment bit shall be (RFC 8656 15: only when DONT-FRAGMENT was asked for). */
enum { TURN_DF = 1 };

/* Outputs of the server. None of them may call the server back. */
struct turn_ops {
    void *ctx;
    void (*to_client)(void *ctx, const struct tuple *to, const struct datagram *d);
    /* Binds r->at; true: r->io is set. false: the port is taken, or there are no descriptors. */
    bool (*relay_open)(void *ctx, struct turn_relay *r);
    void (*relay_close)(void *ctx, struct turn_relay *r);
    /* r->io is set. flags: TURN_DF. */
    void (*to_peer)(void *ctx, struct turn_relay *r, const struct addr *peer,
                    const struct datagram *d, unsigned flags);
    /* `to` is a relayed address of this server that another worker owns (by its port); it comes
     * in there by turn_server_foreign(). from: the sending relay's announced address. scope: of
     * the sender, 0 for none. */
    void (*to_worker)(void *ctx, unsigned worker, const struct addr *from, uint64_t scope,
                      const struct addr *to, const struct datagram *d);
    /* A client came to this worker with its packets, but that one has what its ticket or its
     * reservation token names: they are inputs there, turn_server_input(). Over UDP with the same `from`,
     * and p is borrowed for the call; a connection (from->stream is not 0) moves there as it is, and
     * the request with it. NULL: not possible; such a client is answered 437, 508. */
    void (*to_owner)(void *ctx, unsigned worker, const struct tuple *from, const uint8_t *p,
                     size_t n);
    /* For the media port of this server, in this process; with turn_server_conf.media. from: the relay's
     * announced address. Answers come in by turn_server_foreign() with TURN_SCOPE_MEDIA. */
    void (*to_media)(void *ctx, const struct addr *from, const struct addr *to,
                     const struct datagram *d);
};

/* In the place of a scope: from the media port. It asks for nobody's consent, and knows itself whom it sends
 * to. No scope has this number. */
#define TURN_SCOPE_MEDIA UINT64_MAX

#endif
