/* A load generator on one thread: many WebSocket clients in rooms that join, chat, relay and leave,
 * against madang and against the two peers of bench/peers, and the CPU time that the server took for
 * it. conn.c moves bytes and frames, dialect.c knows how each server wants the messages, load.c
 * plays the steps of the command line. */
#ifndef MADANG_BENCH_LOAD_H
#define MADANG_BENCH_LOAD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MEMBERS_MAX = 64, ID_TEXT = 40, TOKEN_TEXT = 64 };

enum dialect { DIALECT_MADANG, DIALECT_WS, DIALECT_SIO };

enum conn_state {
    CONN_NONE,
    CONN_CONNECTING,
    CONN_SHAKING, /* TLS */
    CONN_UPGRADING,
    CONN_OPENING, /* Engine.IO and Socket.IO say hello to each other */
    CONN_GREETING,
    CONN_READY,
    CONN_CLOSING
};

struct bytes {
    uint8_t *p;
    size_t n, cap;
};

struct conn {
    int fd;
    uint8_t state;
    bool dirty;   /* in the list of those who have something to send */
    bool resumes; /* this connection begins with a resume */
    bool wants_chat;
    bool said_close;
    SSL *ssl;
    struct bytes in, out; /* in: only what is incomplete */
    unsigned index, room, member;
    int64_t next_id;
    uint64_t events;   /* sequenced messages, as section 3 of the protocol counts them */
    uint64_t told;     /* of these acknowledged */
    uint64_t chat_seq; /* of the last chat of the room */
    uint64_t acks, errors;
    int64_t asked_ns; /* when the last chat went out; 0: it has been acknowledged */
    char session[ID_TEXT], token[TOKEN_TEXT];
};

struct room {
    char id[ID_TEXT];
    bool ready;
    unsigned joined;
};

struct load {
    enum dialect dialect;
    bool tls;
    bool early; /* hello goes with the request to upgrade */
    bool stay;  /* signed in, in rooms that stay: client I is person I + 1 (bench/people/seed.c) */
    int port;
    pid_t pid;
    unsigned clients, room_size, window;
    struct conn *conns;
    struct room *rooms;
    unsigned n_rooms;
    int epfd;
    SSL_CTX *ctx;
    unsigned *dirty, n_dirty;
    /* what has happened */
    uint64_t joined, resumed, entered, left, chats, chat_acks, descs, desc_acks, closed;
    uint64_t errors, disorder, lost;
    /* what goes on */
    bool saturating, relaying, leaving;
    unsigned in_flight;
    char text[256];
    char *body; /* of a description */
    int64_t *took; /* ns from each chat of this step to its ack */
    size_t n_took;
};

enum { TOOK_MAX = 1 << 20 };

/* conn.c */
void conn_open(struct load *l, struct conn *c);
void conn_close(struct load *l, struct conn *c);
/* One text message, queued until conn_flush_all(). */
void conn_send(struct load *l, struct conn *c, const char *p, size_t n);
void conn_send_close(struct load *l, struct conn *c);
void conn_flush_all(struct load *l);
/* Waits up to ms for events and handles them all. */
void conn_poll(struct load *l, int ms);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* dialect.c */
size_t dialect_upgrade(struct load *l, struct conn *c, char *out, size_t cap);
void dialect_open(struct load *l, struct conn *c); /* the WebSocket is there */
void dialect_message(struct load *l, struct conn *c, const char *p, size_t n);
void dialect_chat(struct load *l, struct conn *c);
void dialect_desc(struct load *l, struct conn *c);
void dialect_bye(struct load *l, struct conn *c);

/* load.c */
void load_joined(struct load *l, struct conn *c);
void load_acked(struct load *l, struct conn *c, bool error);
int64_t now_ns(void);
/* server.c: CPU time of all its threads in us, and its resident memory. */
double server_cpu(const struct load *l);
double server_rss_kb(const struct load *l);

int load_start(int argc, char **argv); /* start.c */

#endif
