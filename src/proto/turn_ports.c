#include "proto/turn_ports.h"

#include "base/mem.h"

enum { OPEN_TRIES = 64 };

void turn_ports_init(struct turn_ports *t, uint16_t min, uint16_t max, uint16_t barred,
                     unsigned worker, unsigned workers, unsigned cap)
{
    *t = (struct turn_ports){.min = min, .max = max, .barred = barred, .worker = worker};
    t->workers = workers > 0 ? workers : 1;
    t->first = min / 2u;
    while (t->first % t->workers != worker)
        t->first++;
    if (t->first <= max / 2u)
        t->npairs = (max / 2u - t->first) / t->workers + 1;
    for (int f = 0; f < 2; f++)
        t->at[f] = xcalloc((size_t)max - min + 1, sizeof t->at[f][0]);
    pool_init(&t->pool, sizeof(struct turn_port), cap);
}

void turn_ports_free(struct turn_ports *t)
{
    pool_free(&t->pool);
    xfree(t->at[0]);
    xfree(t->at[1]);
}

static bool is_free(const struct turn_ports *t, unsigned family, unsigned port)
{
    return port >= t->min && port <= t->max && port != t->barred && port != 0 &&
           t->at[family][port - t->min] == NULL;
}

static struct turn_port *take_one(struct turn_ports *t, unsigned port, const struct addr *at,
                                  const struct addr *announced, const struct turn_ops *ops)
{
    struct turn_port *p = pool_get(&t->pool);
    if (p == NULL)
        return NULL;
    *p = (struct turn_port){.relay = {*at, *announced, NULL}, .family = at->family == 6};
    p->relay.at.port = p->relay.announced.port = (uint16_t)port;
    if (ops != NULL && !ops->relay_open(ops->ctx, &p->relay)) {
        pool_put(&t->pool, p);
        return NULL;
    }
    t->at[p->family][port - t->min] = p;
    return p;
}

static bool take(struct turn_ports *t, unsigned port, enum turn_parity parity,
                 const struct addr *at, const struct addr *announced, const struct turn_ops *ops,
                 struct turn_port *pair[2])
{
    pair[1] = NULL;
    pair[0] = take_one(t, port, at, announced, ops);
    if (pair[0] == NULL || parity != TURN_EVEN_PAIR)
        return pair[0] != NULL;
    pair[1] = take_one(t, port + 1, at, announced, ops);
    if (pair[1] == NULL)
        turn_ports_give(t, pair[0], ops);
    return pair[1] != NULL;
}

/* The k-th of our ports is half k % 2 of pair k / 2. */
static unsigned port_at(const struct turn_ports *t, unsigned k)
{
    return (t->first + k / 2 * t->workers) * 2 + k % 2;
}

static bool is_choice(const struct turn_ports *t, unsigned family, unsigned port,
                      enum turn_parity parity)
{
    return is_free(t, family, port) && (parity == TURN_ANY || port % 2 == 0) &&
           (parity != TURN_EVEN_PAIR || is_free(t, family, port + 1));
}

/* From a random one onwards: nobody can tell the next from those before (RFC 6056), and when few are
 * left they are found. Where another program has the port, from another one: those of others stand
 * close together, since the free ones among them have been taken. */
bool turn_ports_take(struct turn_ports *t, struct rng *rng, enum turn_parity parity,
                     const struct addr *at, const struct addr *announced,
                     const struct turn_ops *ops, struct turn_port *pair[2])
{
    unsigned n = 2 * t->npairs, family = at->family == 6;
    if (t->pool.in_use + (parity == TURN_EVEN_PAIR) >= t->pool.cap)
        return false;
    for (unsigned tries = 0; tries < OPEN_TRIES; tries++) {
        unsigned k = (unsigned)rng_below(rng, n), passed = 0;
        while (passed < n && !is_choice(t, family, port_at(t, (k + passed) % n), parity))
            passed++;
        if (passed == n)
            return false;
        unsigned port = port_at(t, (k + passed) % n);
        if (take(t, port, parity, at, announced, ops, pair))
            return true;
    }
    return false;
}

void turn_ports_give(struct turn_ports *t, struct turn_port *p, const struct turn_ops *ops)
{
    if (p->relay.io != NULL && ops != NULL)
        ops->relay_close(ops->ctx, &p->relay);
    t->at[p->family][p->relay.at.port - t->min] = NULL;
    pool_put(&t->pool, p);
}
