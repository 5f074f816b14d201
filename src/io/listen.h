/*
 * Opens every listening socket before anything else starts, so that a taken port ends the start
 * with one sentence and not with half a server. Sockets that the service manager hands over
 * (LISTEN_FDS) are used instead, told apart by type: stream sockets are for the doorman, datagram
 * sockets for UDP.
 */
#ifndef MADANG_IO_LISTEN_H
#define MADANG_IO_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum { LISTEN_ADDRS_MAX = 16, LISTEN_WORKERS_MAX = 64 };

struct listen_conf {
    struct addr addrs[LISTEN_ADDRS_MAX]; /* ports in them are ignored */
    unsigned naddrs;                     /* 0: every address, IPv4 and IPv6 */
    uint16_t tcp_port;                   /* 0: the kernel chooses (tests) */
    uint16_t udp_port;
    bool no_udp;
    unsigned workers; /* UDP sockets for each address; 0 = 1 */
    int backlog;      /* 0 = 1024 */
};

struct listen_set {
    int tcp[LISTEN_ADDRS_MAX];
    struct addr tcp_at[LISTEN_ADDRS_MAX]; /* as bound, with the real port */
    unsigned ntcp;
    /* udp[w * nudp + i]: worker w's socket for address i. Fixed order, closed only at exit. */
    int *udp;
    struct addr udp_at[LISTEN_ADDRS_MAX];
    unsigned nudp, workers;
    bool inherited;
};

/* true, or false with one sentence in err that says what is wrong and what to do; nothing is
 * open then. Without naddrs, a machine without IPv6 (or without IPv4) gets the other one only. */
bool listen_open(const struct listen_conf *conf, struct listen_set *set, char *err, size_t errlen);
void listen_close_tcp(struct listen_set *set); /* stop accepting */
void listen_close(struct listen_set *set);

/* How many descriptors were inherited (LISTEN_FDS with LISTEN_PID = us); they begin at 3.
 * Removes the variables from the environment. */
unsigned listen_inherited(void);

/* Raises the soft limit of open files to the hard one; the soft limit that holds now. */
uint64_t listen_raise_nofile(void);

#endif
