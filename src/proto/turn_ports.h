/*
 * The relayed ports of one worker: which are taken by whom, and which comes next. A port and its
 * even or odd sibling always belong to the same worker, since EVEN-PORT may ask for both.
 */
#ifndef MADANG_PROTO_TURN_PORTS_H
#define MADANG_PROTO_TURN_PORTS_H

#include "base/crypto.h"
#include "base/pool.h"
#include "proto/turn.h"

struct turn_alloc;

struct turn_port {
    struct turn_relay relay;  /* what others point to */
    struct turn_alloc *alloc; /* NULL: reserved */
    int64_t expires;          /* of the allocation's half */
    int64_t retry_us;         /* opening it failed: not again before */
    uint8_t family;           /* 0 or 1 */
    uint8_t transport;        /* of the client at the start, for counting */
};

struct turn_ports {
    uint16_t min, max, barred; /* barred: never given */
    unsigned worker, workers;
    unsigned first, npairs;   /* our pairs: first, first + workers, ... as port / 2 */
    struct turn_port **at[2]; /* [port - min] */
    struct pool pool;
};

enum turn_parity { TURN_ANY, TURN_EVEN, TURN_EVEN_PAIR };

/* Who owns that port, as a relayed one? */
static inline unsigned turn_port_owner(uint16_t port, unsigned workers)
{
    return workers > 1 ? port / 2u % workers : 0;
}

/* cap: of ports at a time. */
void turn_ports_init(struct turn_ports *t, uint16_t min, uint16_t max, uint16_t barred,
                     unsigned worker, unsigned workers, unsigned cap);
void turn_ports_free(struct turn_ports *t);

/* The port of that family and number, or NULL. */
static inline struct turn_port *turn_ports_find(const struct turn_ports *t, unsigned family,
                                                uint16_t port)
{
    return port >= t->min && port <= t->max ? t->at[family][port - t->min] : NULL;
}

/* Takes a random free port (EVEN_PAIR: pair[0] even and pair[1] the next; else pair[1] is NULL). at
 * and announced are its addresses, to which the port is added. ops not NULL: they are opened, and if
 * that fails others are tried. false: there is none. */
bool turn_ports_take(struct turn_ports *t, struct rng *rng, enum turn_parity parity,
                     const struct addr *at, const struct addr *announced,
                     const struct turn_ops *ops, struct turn_port *pair[2]);
/* Closes it, if it is open. */
void turn_ports_give(struct turn_ports *t, struct turn_port *p, const struct turn_ops *ops);

#endif
