/*
 * Inside of io/udp.c (sockets, receiving) and udp_send.c. Nobody else includes this.
 */
#ifndef MADANG_IO_UDP_INT_H
#define MADANG_IO_UDP_INT_H

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "base/count.h"
#include "base/util.h"
#include "io/udp.h"

enum {
    UDP_BATCH = 32,       /* trains of one recvmmsg */
    UDP_SLOT = 65536,     /* GRO hands up as much as that at once */
    UDP_TURN = 8,         /* recvmmsg calls of one turn */
    UDP_OUT_BATCH = 64,   /* messages of one sendmmsg */
    UDP_GSO_BYTES = 65000 /* of one UDP_SEGMENT send */
};

/* Queued datagrams to one destination are chained in order. */
struct udp_out {
    struct udp_path path;
    struct iovec iov[UDP_IOV_MAX];
    uint32_t len;
    uint16_t niov;
    int16_t next; /* to the same destination, or -1 */
};

struct udp_group {
    int16_t first, last; /* in the queue */
    int16_t same_slot;   /* next group with this hash, or -1 */
};

enum { GROUP_SLOTS = 256, CONTROL_ROOM = 128 };

struct udp_sender {
    struct udp_out queue[UDP_QUEUE_MAX];
    struct udp_group groups[UDP_QUEUE_MAX];
    int16_t slots[GROUP_SLOTS];
    int nqueue, ngroups;
    uint8_t copies[UDP_COPY_MAX];
    size_t ncopied;
    int64_t gso_again_us; /* refused: not tried before that */

    /* One sendmmsg under construction: message i stands for run[i] datagrams from
     * queue[from[i]]. */
    struct mmsghdr msgs[UDP_OUT_BATCH];
    struct sockaddr_storage names[UDP_OUT_BATCH];
    union {
        struct cmsghdr align;
        uint8_t bytes[CONTROL_ROOM];
    } control[UDP_OUT_BATCH];
    struct iovec iov[UDP_OUT_BATCH * UDP_SEGS_MAX]; /* each run takes what it needs */
    int niov;
    int16_t from[UDP_OUT_BATCH];
    uint16_t run[UDP_OUT_BATCH];
    int nmsgs;
};

struct udp {
    struct loop *loop;
    struct counts *counts;
    struct loop_fd fd;
    struct loop_task more, flush;
    udp_train_fn *fn;
    void *ctx;
    uint16_t port;
    bool v6, receiving;
    int rcvbuf;
    uint32_t overflow; /* SO_RXQ_OVFL so far */
    uint8_t *slots;    /* UDP_BATCH * UDP_SLOT */
    struct udp_sender out;
};

#endif
