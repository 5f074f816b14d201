/*
 * UDP sockets and batches. Input comes as trains: one 5-tuple, n datagrams of one size behind one
 * another in memory, the last of which may be shorter (what the kernel's GRO hands up). Output is
 * queued and leaves by udp_flush(): datagrams to one destination with one send (UDP_SEGMENT), the
 * rest by sendmmsg; a kernel or device that refuses UDP_SEGMENT is noticed and served without it.
 * What cannot be sent is dropped and counted by reason; nothing is ever queued beyond the flush.
 */
#ifndef MADANG_IO_UDP_H
#define MADANG_IO_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/addr.h"
#include "io/loop.h"

struct udp;

/* Where a datagram came from and which address of ours it came to; the answer goes the same way
 * back (IP_PKTINFO). local.port is the socket's. ifindex matters for link-local only. */
struct udp_path {
    struct addr peer, local;
    uint32_t ifindex;
};

struct udp_train {
    const struct udp_path *path;
    uint8_t *data; /* may be changed in place; lives until the callback returns */
    uint32_t len;  /* all segments together */
    uint32_t seg;  /* size of each; the last has len - (n - 1) * seg */
    uint32_t n;
};
static inline uint8_t *udp_train_at(const struct udp_train *t, uint32_t i, uint32_t *len)
{
    *len = i + 1 < t->n ? t->seg : t->len - i * t->seg;
    return t->data + (size_t)i * t->seg;
}

enum {
    UDP_RCVBUF = 8 << 20,
    UDP_SEGS_MAX = 64,     /* of one UDP_SEGMENT send */
    UDP_QUEUE_MAX = 1024,  /* datagrams between two flushes */
    UDP_IOV_MAX = 4,       /* pieces of one datagram */
    UDP_COPY_MAX = 262144, /* bytes of udp_send_copy() between two flushes */
};

/* Opens a bound socket with everything set (non-blocking, PKTINFO, OVFL, GRO, buffers, V6ONLY).
 * reuseport: several sockets share the port. -1 with errno. Thread: before the workers start. */
int udp_open(const struct addr *bind_to, bool reuseport);
/* Sets the options on a socket that somebody else opened (LISTEN_FDS). 0, or -1 with errno. */
int udp_prepare(int fd);
/* On one socket of a SO_REUSEPORT group of n: source address and port choose the member (CBPF). */
int udp_spread(int fd, unsigned n);

/* fd stays the caller's. on_train runs for each train received on it; up to 32 trains are read by
 * one call, and the output queued meanwhile leaves before the next read: data may be sent on from
 * the train itself without a copy. */
typedef void udp_train_fn(void *ctx, struct udp *u, const struct udp_train *t);
struct udp *udp_new(struct loop *l, int fd, udp_train_fn *fn, void *ctx);
void udp_free(struct udp *u);
int udp_rcvbuf(const struct udp *u); /* bytes, as the kernel reports it */
uint16_t udp_port(const struct udp *u);
bool udp_is_v6(const struct udp *u);

/* Queues one datagram of n pieces (at most UDP_IOV_MAX), which are borrowed until the flush: it
 * comes by itself at the end of the callback or of the round, and sooner when the queue is full.
 * Without path->local the kernel chooses the source. false: too many pieces, too long, or no
 * address. */
bool udp_send(struct udp *u, const struct udp_path *path, const struct iovec *iov, unsigned n);
/* The same with a copy: the bytes are the caller's again at once. */
bool udp_send_copy(struct udp *u, const struct udp_path *path, const void *p, size_t n);
void udp_flush(struct udp *u);

#endif
