/*
 * UDP sockets and batches. Input comes as trains: one 5-tuple, n datagrams of one size behind one
 * another in memory, the last of which may be shorter (what the kernel's GRO hands up). Output is
 * queued and leaves by a flush: datagrams from one socket to one destination with one send
 * (UDP_SEGMENT, pieces gathered), the rest by sendmmsg; a kernel or device that refuses UDP_SEGMENT
 * is noticed and served without it. What cannot be sent is dropped and counted by reason; nothing is
 * ever queued beyond the flush.
 *
 * All sockets of a thread share one struct udp_net: its slots for input and its queue for output, so
 * that a socket costs little and what came in by one leaves by another without a copy. A flush comes
 * by itself, at the end of the round at the latest, and always before memory that was lent by a train
 * is used again.
 */
#ifndef MADANG_IO_UDP_H
#define MADANG_IO_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "io/loop.h"

struct udp_net;
struct udp;

/* Where a datagram came from and which address of ours it came to; the answer goes the same way
 * back (IP_PKTINFO). local.port is the socket's. ifindex matters for link-local only, and is 0 where
 * the socket is bound to an address. On sockets opened with UDP_RELAY, local is what the socket is
 * bound to, and may be "any". */
struct udp_path {
    struct addr peer, local;
    uint32_t ifindex;
};

struct udp_train {
    const struct udp_path *path;
    uint8_t *data; /* may be changed in place; lives until what it caused has been flushed */
    uint32_t len;  /* all segments together */
    uint32_t seg;  /* size of each; the last has len - (n - 1) * seg */
    uint32_t n;
    int64_t
        came_us; /* monotonic: when the kernel got it (the first of it), however late it is read */
};
static inline uint8_t *udp_train_at(const struct udp_train *t, uint32_t i, uint32_t *len)
{
    *len = i + 1 < t->n ? t->seg : t->len - i * t->seg;
    return t->data + (size_t)i * t->seg;
}

/* An ICMP error that answers something which this socket sent to peer. data: the MTU of the next
 * hop, or 0. A datagram that was too large for the path as far as this machine knows comes back as
 * type 3, code 4 (ICMPv6: 2, 0), too. */
struct udp_icmp {
    struct addr peer;
    uint8_t type, code;
    uint32_t data;
};

enum {
    UDP_RCVBUF = 8 << 20,
    UDP_RELAY_RCVBUF = 1 << 20,
    UDP_SEGS_MAX = 64,     /* of one UDP_SEGMENT send */
    UDP_QUEUE_MAX = 1024,  /* datagrams between two flushes */
    UDP_ARENA_MAX = 262144 /* bytes of heads between two flushes */
};

/* How a socket is opened: several share the port (SO_REUSEPORT); a relay, which doesn't need to know
 * what address was asked, reports ICMP errors, has a smaller buffer, and fragments what is too large
 * unless UDP_DF says otherwise. */
enum { UDP_REUSEPORT = 1, UDP_RELAY = 2 };

/* Opens a bound socket with everything set (non-blocking, PKTINFO where needed, GRO, buffers, V6ONLY).
 * -1 with errno. */
int udp_open(const struct addr *bind_to, unsigned flags);
/* Sets the options on a socket that somebody else opened (LISTEN_FDS). 0, or -1 with errno. */
int udp_prepare(int fd);
/* On one socket of a SO_REUSEPORT group of n: source address and port choose the member (CBPF). */
int udp_spread(int fd, unsigned n);

/* NULL with errno when there is no memory. Everything on it must have been freed before the loop. */
struct udp_net *udp_net_new(struct loop *l);
void udp_net_free(struct udp_net *n);

/* What the user of a socket does. One const table for all sockets of a kind. */
struct udp_user {
    const char *name; /* static text, for the report of slow rounds */
    /* Runs for each train; udp_free() of any socket is allowed, u included. */
    void (*on_train)(void *ctx, struct udp *u, const struct udp_train *t);
    void (*on_icmp)(void *ctx, struct udp *u, const struct udp_icmp *e); /* may be NULL */
};

/* fd stays the caller's. NULL with errno when the loop refuses it. */
struct udp *udp_new(struct udp_net *n, int fd, const struct udp_user *user, void *ctx);
/* The same for what udp_open(at, UDP_RELAY) has opened, at with its port: relays come and go, and the
 * kernel need not be asked for what is known. */
struct udp *udp_new_relay(struct udp_net *n, int fd, const struct addr *at,
                          const struct udp_user *user, void *ctx);
/* Before close(fd). What is queued leaves first. */
void udp_free(struct udp *u);
int udp_rcvbuf(const struct udp *u); /* bytes, as the kernel reports it */
/* Asks the kernel how many packets found the receive buffer full, counts and logs them. udp_free()
 * does it, too. Asked for now and then, it costs less than SO_RXQ_OVFL does with each packet. */
void udp_count_lost(struct udp *u);
uint16_t udp_port(const struct udp *u);
bool udp_is_v6(const struct udp *u);
/* What it is bound to. */
const struct addr *udp_local(const struct udp *u);

/* A datagram in pieces: head is copied; data is borrowed until the flush (from a train: no worry;
 * else it must live until udp_flush() or the end of the round); pad zeros (0..3) follow. */
struct udp_datagram {
    const void *head, *data;
    uint32_t nhead, ndata, pad;
};

enum {
    UDP_DF = 1,  /* never fragment it: what doesn't fit is refused (COUNT_UDP_SEND_MSGSIZE) */
    UDP_COPY = 2 /* data is copied, too */
};

/* Queues one datagram. Without path->local (or with "any") the kernel chooses the source. false: too
 * long, or no address that this socket could send to. */
bool udp_send(struct udp *u, const struct udp_path *path, const struct udp_datagram *d,
              unsigned flags);
/* All of it is copied: the bytes are the caller's again at once. */
static inline bool udp_send_copy(struct udp *u, const struct udp_path *path, const void *p,
                                 size_t n)
{
    struct udp_datagram d = {.head = p, .nhead = (uint32_t)n};
    return n <= UINT16_MAX && udp_send(u, path, &d, 0);
}
/* Everything that is queued, of all sockets. */
void udp_flush(struct udp_net *n);

#endif
