/* A load generator for relays, on one thread: many TURN clients and their peers, what they send each other, and the
 * CPU time that the server took for it. client.c knows TURN, traffic.c sends and counts, main.c plays the steps of
 * the command line. The same traffic goes through madang, coturn and the bare loop of floor.c. */
#ifndef MADANG_BENCH_TURN_LOAD_H
#define MADANG_BENCH_TURN_LOAD_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    CHANNEL_FIRST = 0x4000,
    CHANNELS = 0x1000,
    NONCE_MAX = 128,
    REALM_MAX = 128,
    ASKED_MAX = 512,
    PACKET_MAX = 2048,
    SEGS_MAX = 60
};

enum transport { OVER_UDP, OVER_TCP, OVER_TLS };
enum direction { UP, DOWN }; /* client to peer, peer to client */

struct bytes {
    uint8_t *p;
    size_t n, cap;
};

/* One allocation: its client's socket and its peer's. */
struct alloc {
    int client, peer;
    SSL *ssl;
    struct bytes in, out; /* streams: a message that is not whole, what the kernel did not take */
    uint16_t channel;
    struct sockaddr_in relay; /* where the peer sends to */
    char nonce[NONCE_MAX];
    uint8_t asked[ASKED_MAX]; /* the request that is under way */
    size_t nasked;
};

struct load {
    struct sockaddr_in server, peers; /* peers: where they bind */
    pid_t pid;
    enum transport transport;
    bool floor; /* no signaling: the first packet of a channel makes the relay */
    unsigned n, size;
    const char *user, *password;
    char realm[REALM_MAX];
    uint8_t key[16];
    struct alloc *allocs;
    SSL_CTX *ctx;
    int epfd;
    uint64_t sent[2], received[2], wrong, lost;
};

int64_t now_us(void);
/* All threads of the server, user and system, nanoseconds. */
uint64_t server_cpu_ns(const struct load *l);
long server_rss_kb(const struct load *l);
void die(const char *what) __attribute__((noreturn));

/* client.c: of the allocation with that number: its sockets; the end. Ends the program when something
 * is refused. */
enum { WITH_PEERS = 1000 };
void client_open(struct load *l, unsigned i);
void client_release(struct load *l, unsigned i);
/* n allocations from `first` on, with a channel each: their requests are under way together. */
void clients_allocate(struct load *l, unsigned first, unsigned n);

/* churn.c: `rate` allocations a second come, are talked through, and go when l->n others have come; over
 * and over. Prints a line every `every` seconds. */
void churn(struct load *l, unsigned rate, double seconds, double every);

/* traffic.c: each sends for that time, waits for what is under way, and adds to sent and received. */
void traffic_watch(struct load *l, unsigned i);
/* n packets each way through one allocation, and waits for them. */
void traffic_exchange(struct load *l, unsigned i, unsigned n);
/* One packet at a time, pps of them a second, up and down in turn. */
void traffic_paced(struct load *l, unsigned pps, double seconds);
/* Bursts of n packets; at most `window` packets under way in each direction. gso: one send for each burst. */
void traffic_bursts(struct load *l, unsigned n, bool gso, unsigned window, double seconds);

#endif
