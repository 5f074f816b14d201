/*
 * The 5-tuple by which packets of a client come and go (RFC 8656 3.1, RFC 7983), and a datagram on its
 * way there in pieces. Types only.
 */
#ifndef MADANG_BASE_TUPLE_H
#define MADANG_BASE_TUPLE_H

#include <stdint.h>

#include "base/addr.h"

/* TUPLE_RELAY is none by which clients come: inside this process, from one of its relays (peer) to its media
 * port (local). */
enum tuple_transport {
    TUPLE_UDP,
    TUPLE_TCP,
    TUPLE_TLS,
    TUPLE_DTLS,
    TUPLE_TRANSPORTS,
    TUPLE_RELAY = TUPLE_TRANSPORTS
};

/* Without holes, so that it is compared and hashed as bytes. stream numbers the connection of TCP,
 * TLS and DTLS (never 0, never used again) and is 0 for UDP. */
struct tuple {
    struct addr peer, local;
    uint64_t stream;
    uint32_t ifindex; /* the interface it came by; for link-local peers */
    uint32_t transport;
};

/* head is copied by whoever takes it, data is borrowed until the input that caused it has been
 * handled and what it queued has been flushed; pad zeros follow (0..3). */
struct datagram {
    const void *head, *data;
    uint32_t nhead, ndata, pad;
};

#endif
