/*
 * Inside of app/worker.c (life, letters), worker_udp.c (packets), worker_stream.c (connections),
 * worker_dtls.c (DTLS), worker_relay.c (the TURN server's sockets and time), worker_team.c
 * (letters between workers), worker_pass.c (packets of groups between them) and the worker_sfu*.c (its SFU).
 * Nobody else includes this.
 */
#ifndef MADANG_APP_WORKER_INT_H
#define MADANG_APP_WORKER_INT_H

#include <pthread.h>

#include "app/stun_core.h"
#include "app/worker.h"
#include "app/worker_sfu.h"
#include "base/count.h"
#include "base/list.h"
#include "base/pool.h"
#include "io/dtls_port.h"
#include "io/listen.h"
#include "io/loop.h"
#include "io/mailbox.h"
#include "io/stream.h"
#include "io/udp.h"
#include "msg/media_msg.h"

/* What a first byte says (RFC 7983). */
enum { STUN_END = 4, DTLS_BEGIN = 20, DTLS_END = 64, CHANNEL_END = 128, MEDIA_END = 192 };

enum {
    FRAME_MAX = 65536 + 4,
    OUT_MAX = 65536,  /* bytes waiting on one stream */
    OUT_SPARE = 8192, /* of these, kept for answers */
    LATE_US = 100000, /* a datagram that the kernel has not taken by then is dropped */
    NOTSENT_LOWAT = 16384,
    MESSAGES_MAX = 1000, /* messages of one stream in its life, unless it has an allocation */
    PACKET_MAX = 2048,   /* of ICE-TCP: what neither is media nor would fit into a datagram */
    FOREIGN_MAX = 60000  /* bytes of one letter between workers */
};

/* What waits on a stream: datagrams, each behind a struct out_mark; taken from a worker's own stock
 * while there is something in it. */
struct out_queue {
    struct out_queue *next;    /* in the stock */
    uint32_t head, tail, sent; /* sent: bytes of the first datagram that are out already */
    _Alignas(8) uint8_t bytes[OUT_MAX];
};
struct out_mark {
    int64_t at_us;
    uint32_t len; /* of the bytes that follow, which are then padded to 8 */
    uint8_t late_ok, dropped;
};

/* A TCP or TLS connection that speaks STUN or TURN, or ICE-TCP. */
struct media_conn {
    struct list link;
    struct worker *w;
    struct stream *s;
    struct tuple tuple;    /* tuple.stream % max_streams is its place in worker.by_stream */
    struct out_queue *out; /* NULL: nothing waits */
    int64_t since_us;
    unsigned messages;
    bool framed;    /* ICE-TCP: each packet behind its length (RFC 4571) */
    bool may_relay; /* it has sent something for the TURN server */
    unsigned to;    /* 1 + the worker that it is to move to; 0: none */
    struct loop_task move;
};

/* The socket of a relay: struct turn_relay.io. */
struct media_socket {
    struct worker *w;
    struct turn_relay *relay;
    struct udp *udp;
    int fd;
};

/* Datagrams on their way to a relay of another worker, until the end of the round. */
struct foreign {
    struct media_relay *letter; /* NULL: none */
    size_t cap;
    bool full; /* the last one was shorter: nothing may follow it */
};

struct worker_team {
    unsigned n;
    struct mailbox *box[LISTEN_WORKERS_MAX];
};

struct worker {
    struct worker_conf conf;
    char name[16];
    pthread_t thread;
    struct loop *loop;
    struct counts counts;
    struct mailbox *box;
    struct udp_net *net;
    struct udp *udp[LISTEN_ADDRS_MAX];
    unsigned nudp;
    struct udp *answering; /* the socket whose packet is being handled */
    struct stun_core stun;

    struct turn_core *turn; /* NULL: TURN is off */
    struct loop_timer turn_timer, show_timer;
    int64_t counted_us; /* when what the kernel dropped was last asked for */
    bool turn_busy;     /* something was given to it in this round */
    bool turn_shown;    /* nothing was since others could see its numbers */
    int64_t shown_us;
    int64_t wall_at_us;
    struct pool sockets; /* struct media_socket */
    struct foreign foreign[LISTEN_WORKERS_MAX];
    bool foreign_waits;
    struct tuple relayed_at; /* what a relay's client has for our SFU: */
    uint32_t relayed_n;      /* one datagram, until the TURN server is through with it; 0: none */
    uint8_t relayed[PACKET_MAX];

    struct worker_sfu *sfu;   /* NULL: there are no groups here */
    struct worker_pass *pass; /* NULL: or no other workers */
    struct dtls_port *dtls;   /* NULL: TURN is off */
    bool fleeting;            /* what is being handled will be gone before the flush */

    struct list conns;
    unsigned nconns;
    struct media_conn **by_stream;
    uint64_t streams; /* so far */
    struct out_queue *stock;

    struct loop_hook round;
    int64_t drain_us;
};

/* worker.c */
/* Handles the letters that have come: what control posted before it told a client of something is
 * known before that client's request is answered. */
void worker_read_letters(struct worker *w);

/* worker_udp.c */
void worker_count_verdict(struct worker *w, enum stun_verdict v, enum count transport);
/* A STUN message that is no Binding? Only the first two bytes are looked at. */
bool worker_is_turn(const uint8_t *p, size_t n);
bool worker_udp_open(struct worker *w);
void worker_udp_count_lost(struct worker *w);
void worker_udp_close(struct worker *w);
void worker_udp_send(struct worker *w, const struct tuple *to, const struct datagram *d);

/* Packets for the SFU that another worker has passed on; p is opened in place. */
void worker_udp_passed(struct worker *w, const struct tuple *from, uint8_t *p, size_t len,
                       size_t seg);

/* worker_dtls.c */
void worker_dtls_open(struct worker *w);
void worker_dtls_close(struct worker *w);
void worker_dtls_end(struct worker *w); /* says goodbye */
void worker_dtls_ctx(struct worker *w, struct dtls_ctx *ctx);
void worker_dtls_input(struct worker *w, struct udp *u, const struct udp_path *path,
                       const uint8_t *p, size_t n);
void worker_dtls_send(struct worker *w, const struct tuple *to, const struct datagram *d);

/* worker_stream.c */
void worker_take_stream(struct worker *w, struct stream_handover *h);
/* One datagram or answer to the connection, whole or not at all. */
void worker_stream_send(struct worker *w, const struct tuple *to, const struct datagram *d);
/* The connection of that number goes to another worker, with the request that is being handled. */
void worker_stream_move(struct worker *w, uint64_t stream, unsigned to);
void worker_close_streams(struct worker *w, bool orderly);
void worker_free_streams(struct worker *w);

/* worker_team.c */
/* struct turn_ops.to_worker. */
void worker_to_worker(void *ctx, unsigned worker, const struct addr *from, uint64_t scope,
                      const struct addr *to, const struct datagram *d);
/* struct turn_ops.to_owner. */
void worker_to_owner(void *ctx, unsigned worker, const struct tuple *from, const uint8_t *p,
                     size_t n);
/* The letter for a connection; it is posted or dropped. */
void worker_team_stream(struct worker *w, unsigned to, struct stream_handover *h);
bool worker_join_team(struct worker *w);
void worker_leave_team(struct worker *w);
void worker_post_foreign(struct worker *w);

/* Takes what others have posted. */
void worker_read_team(struct worker *w);

/* worker_pass.c */
struct worker_pass;
struct worker_pass *worker_pass_new(struct worker *w);
void worker_pass_free(struct worker_pass *p);
/* A check; false: its name is none of another worker's. */
bool worker_pass_stun(struct worker_pass *p, const struct tuple *from, const struct stun_msg *m,
                      const uint8_t *bytes, size_t n);
/* false: no other worker has said that this path is its own. */
bool worker_pass_train(struct worker_pass *p, const struct tuple *from, const uint8_t *bytes,
                       size_t len, size_t seg);
/* As worker_sfu_came(). */
void worker_pass_came(struct worker_pass *p, int64_t came_us);
/* struct sfu_ops.path */
void worker_pass_path(struct worker_pass *p, const struct tuple *at, bool is_ours);
/* MEDIA_SFU_PASS or _PATH. It stays the caller's. */
void worker_pass_letter(struct worker_pass *p, struct letter *l);
/* The end of a round. */
void worker_pass_round(struct worker_pass *p);

/* worker_relay.c */
/* false with a sentence in why. */
bool worker_relay_open(struct worker *w, char *why, size_t why_n);
void worker_relay_close(struct worker *w);
void worker_turn_input(struct worker *w, const struct tuple *from, const uint8_t *p, size_t n);
/* From our SFU to the client of a relay, here or at another worker. */
void worker_relay_send(struct worker *w, const struct tuple *to, const struct datagram *d);
/* The end of a round: letters to other workers leave, the next deadline is set. */
void worker_turn_round(struct worker *w, int64_t now_us);

#endif
