/* A load generator for SFUs, on one thread: publishers and viewers with ICE, DTLS and SRTP of their own, what they send
 * and get, and the CPU time that the server took for it. client.c is one peer connection, sdp.c its descriptions, call.c
 * the ways in which servers want to be told, traffic.c what publishers send, main.c plays one meeting. The same traffic
 * goes through madang, Janus, Pion and the bare loop of bench/sfu/floor. */
#ifndef MADANG_BENCH_SFU_LOAD_H
#define MADANG_BENCH_SFU_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/rtp.h"
#include "proto/srtp.h"

enum {
    PT_OPUS = 111,
    PT_VP8 = 96,
    PT_RTX = 97,
    EXT_TWCC = 3,
    SDP_TEXT = 1 << 17,
    TRACKS_MAX = 64, /* publishers of one room */
    ARRIVALS_MAX = 1024,
    SOURCES_MAX = 2 * TRACKS_MAX,
    LATENCIES = 1 << 16 /* a histogram by microseconds; the last one has the rest */
};

enum kind { VIDEO, AUDIO };

/* What every packet of media carries inside, behind what codecs look at. */
enum { STAMP_AT = 16 };
struct stamp {
    int64_t sent_ns; /* CLOCK_REALTIME */
    uint32_t number; /* of this publisher's packets of that kind */
    uint16_t publisher;
    uint8_t kind, is_key, is_last, pad[7];
};

enum state { CLOSED, CHECKING, SHAKING, OPEN };

struct load;
struct ssl_st;
struct bio_st;

/* A stream that somebody receives. */
struct source {
    uint32_t ssrc;
    uint32_t lsr; /* of the last sender report, and when it came */
    int64_t highest, lsr_us;
};

struct client {
    struct load *l;
    unsigned id;
    int fd;
    enum state state;
    struct sockaddr_in at, server;
    char ufrag[8], pwd[32], their_ufrag[300], their_pwd[300];
    int64_t checked_us;
    struct ssl_st *ssl;
    struct bio_st *in, *out;
    struct srtp *srtp_in, *srtp_out;
    enum srtp_profile profile;
    uint64_t janus; /* its handle */
    /* What it gets. */
    bool views, blind; /* blind: it counts what it gets, and opens none of it */
    unsigned twcc_id;  /* 0: not agreed on */
    uint32_t next[TRACKS_MAX][2];
    struct source sources[SOURCES_MAX];
    unsigned n_sources;
    int64_t arrivals[ARRIVALS_MAX]; /* from twcc_base on */
    int64_t twcc_base, twcc_highest;
    uint8_t twcc_count;
    int64_t asked_us, answered_us, open_us; /* view was asked for; there were keys */
    int64_t first_us, key_us;               /* first packet, key frame */
};

struct publisher {
    struct client *c;
    unsigned index, packet, frame;
    bool wants_key, is_key;
    uint32_t numbers[2], octets[2];
    uint16_t seq[2], twcc;
    int64_t video_us, audio_us;
};

enum server { PLAIN, JANUS, FLOOR };

struct totals {
    uint64_t packets, timed, late, padding, bad, unsealed;
};

struct load {
    enum server server;
    const char *path; /* of its socket */
    struct sockaddr_in at;
    struct in_addr bind;
    pid_t pid;
    int signal_fd, epfd;
    bool twcc, together; /* together: one connection sends and receives */
    bool stopped;        /* publishers are */
    unsigned fps_percent, blind;
    unsigned n, n_publishers;
    struct client **clients;
    struct publisher publishers[TRACKS_MAX];
    bool counts;
    struct totals got;
    uint64_t sent;
    uint32_t latency[LATENCIES];
    int64_t reported_us, fed_back_us;
};

int64_t now_us(void);
void die(const char *what) __attribute__((noreturn));

/* main.c: one round of everything, at most until then. */
void pump(struct load *l, int64_t until_us);

/* client.c */
struct client *client_new(struct load *l);
void client_certificate(void);
const char *client_fingerprint(void);
/* There is an answer: checks, shakes hands; returns when it is open. */
void client_connect(struct client *c);
void client_readable(struct client *c);
void client_send_rtcp(struct client *c, uint8_t *p, size_t n, size_t cap);
/* Reports, consent; feedback for the transport. */
void client_report(struct client *c, int64_t now);
void client_feed_back(struct client *c);

/* sdp.c */
size_t sdp_offer(const struct client *c, char *out, int publisher, const unsigned *views,
                 unsigned n_views);
/* Of their offer our answer. */
size_t sdp_mirror(const struct client *c, const char *offer, char *out);
/* Whom to talk to. */
void sdp_read(struct client *c, const char *text);

/* call.c */
void call_open(struct load *l);
/* The client publishes as that one (-1: it does not) and views those. */
void call(struct client *c, int publisher, const unsigned *views, unsigned n_views);

/* traffic.c */
void publisher_begin(struct publisher *p, struct client *c, unsigned index, int64_t at_us);
/* Sends what is due; when it next is. */
int64_t publishers_send(struct load *l, int64_t now);
void publishers_report(struct load *l);
/* A packet in the clear. */
void take_media(struct client *c, const struct rtp *r, const uint8_t *p, int64_t arrived_ns);

#endif
