/*
 * Inside of io/udp.c (sockets), udp_recv.c and udp_send.c. Nobody else includes this.
 */
#ifndef MADANG_IO_UDP_INT_H
#define MADANG_IO_UDP_INT_H

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "base/count.h"
#include "base/util.h"
#include "io/udp.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
    UDP_SLOTS = 32,               /* trains in hand at once */
    UDP_SLOT = 65536,             /* GRO hands up as much as that at once */
    UDP_SLOT_STEP = 65536 + 2112, /* so that the beginnings of slots don't meet in the caches */
    UDP_FEW_SLOTS = 8,            /* fewer left than this: flush, and begin again */
    UDP_TURN = 8,                 /* receive calls of one turn */
    UDP_OUT_BATCH = 64,           /* messages of one sendmmsg */
    UDP_OUT_IOV = 4096,           /* and their pieces */
    UDP_GSO_BYTES = 65000,        /* of one UDP_SEGMENT send */
    UDP_FEW_GROUPS = 4,           /* up to here they are looked through */
    UDP_GROUP_SLOTS = 256,
    UDP_CONTROL = 128
};

union udp_name {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

union udp_control {
    struct cmsghdr align;
    uint8_t bytes[UDP_CONTROL];
};

/* What lies beside one struct mmsghdr, together, so that few cache lines are touched for it. */
struct udp_slot {
    struct iovec iov;
    union udp_name name;
    union udp_control control;
};

/* Set up once; after each call only what the kernel has changed is put right. */
struct udp_receiver {
    unsigned used;       /* slots that queued output may still point into */
    bool busy;           /* trains of the last call are being handled */
    int64_t now_us;      /* monotonic, when they were read ... */
    int64_t wall_us;     /* ... and by the wall clock, which the kernel's stamps go by */
    struct udp *current; /* whose train is being handled; NULL when it has been freed meanwhile */
    uint8_t *memory;     /* UDP_SLOTS * UDP_SLOT_STEP */
    struct mmsghdr msgs[UDP_SLOTS];
    struct udp_slot slots[UDP_SLOTS];
};

/* A queued datagram. */
struct udp_out {
    const uint8_t *head, *data; /* head lies in the arena */
    uint16_t nhead, ndata;
    uint8_t pad;
    int16_t next; /* to the same destination, or -1 */
};

/* Queued datagrams from one socket to one destination, in order. */
struct udp_group {
    struct udp *u;
    struct udp_path path;
    int16_t first, last; /* in the queue */
    int16_t same_slot;   /* next group with this hash, or -1 */
    uint8_t slot;
    uint8_t flags;
};

/* A message under construction: `run` datagrams from queue[from] on. */
struct udp_message {
    int16_t group, from;
    uint16_t run;
    union udp_name name;
    union udp_control control;
};

struct udp_sender {
    int nqueue, ngroups;
    int recent; /* the group of the last datagram, or -1 */
    int niov, nmsgs;
    bool hashed; /* there are so many groups that they are found by slots */
    size_t narena;
    struct udp *u; /* whose messages are under construction: those of one sendmmsg */

    struct mmsghdr msgs[UDP_OUT_BATCH];
    struct udp_message more[UDP_OUT_BATCH];
    struct udp_group groups[UDP_QUEUE_MAX];
    struct udp_out queue[UDP_QUEUE_MAX];
    struct iovec iov[UDP_OUT_IOV]; /* each run takes what it needs */
    int16_t slots[UDP_GROUP_SLOTS];
    uint8_t arena[UDP_ARENA_MAX];
};

struct udp_net {
    struct loop *loop;
    struct counts *counts;
    struct loop_task flush;
    struct udp_receiver in;
    struct udp_sender out;
};

struct udp {
    struct udp_net *net;
    const struct udp_user *user;
    void *ctx;
    struct loop_fd fd;
    struct loop_task more;
    struct addr local;
    uint32_t lost;        /* counted so far */
    int64_t gso_again_us; /* refused: not tried before that */
    bool any;             /* bound to no address in particular */
    bool relay;           /* no PKTINFO, but ICMP errors */
    bool df;              /* how the kernel has it now; for relays */
};

/* udp_recv.c */
void udp_receiver_init(struct udp_receiver *in);
void udp_on_fd(struct loop_fd *h, unsigned events);
void udp_on_more(struct loop_task *t);

/* udp_send.c */
void udp_sender_init(struct udp_sender *o);

/* udp.c */
/* Switches Don't Fragment for everything that this socket sends from now on. */
void udp_set_df(struct udp *u, bool df);

#endif
