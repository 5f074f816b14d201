#include "io/dtls_port.h"

#include <string.h>

#include "base/hmap.h"
#include "base/mem.h"
#include "proto/dtls_hello.h"

enum {
    MAX = 4096,
    MAX_PER_ADDR = 256,
    MAX_HANDSHAKES = 256,
    HANDSHAKE_US = 10000000,
    IDLE_US = 30000000
};

/* How many associations an address has. */
struct origin {
    struct hnode node;
    struct addr who;
    unsigned n;
};

struct assoc {
    struct hnode by_path, by_number;
    struct loop_timer timer;
    struct dtls_port *port;
    struct dtls *dtls;
    struct udp *udp;
    struct udp_path path;
    struct origin *origin;
    uint64_t number;
    int64_t until_us; /* of the handshake, or of the silence */
    bool open;
};

struct dtls_port {
    struct loop *loop;
    struct dtls_port_conf conf;
    const struct dtls_port_user *user;
    void *ctx;
    struct dtls_ctx *dtls;
    struct hmap by_path, by_number, origins;
    uint64_t last_number;
    unsigned count, handshakes;
};

static const char *const names[DTLS_PORT_VERDICTS] = {"taken", "asked",     "opened", "off",
                                                      "stray", "malformed", "media",  "full"};

const char *dtls_port_verdict_name(enum dtls_port_verdict v)
{
    return (unsigned)v < DTLS_PORT_VERDICTS ? names[v] : "unknown";
}

struct dtls_port *dtls_port_new(struct loop *l, const struct dtls_port_conf *conf,
                                const struct dtls_port_user *user, void *ctx)
{
    struct dtls_port *p = xcalloc(1, sizeof(*p));
    p->loop = l;
    p->conf = *conf;
    p->user = user;
    p->ctx = ctx;
    if (p->conf.max == 0)
        p->conf.max = MAX;
    if (p->conf.max_per_addr == 0)
        p->conf.max_per_addr = MAX_PER_ADDR;
    if (p->conf.max_handshakes == 0)
        p->conf.max_handshakes = MAX_HANDSHAKES;
    if (p->conf.handshake_us == 0)
        p->conf.handshake_us = HANDSHAKE_US;
    if (p->conf.idle_us == 0)
        p->conf.idle_us = IDLE_US;
    return p;
}

void dtls_port_ctx(struct dtls_port *p, struct dtls_ctx *ctx)
{
    dtls_ctx_ref(ctx);
    dtls_ctx_unref(p->dtls);
    p->dtls = ctx;
}

/* ---- Finding ---- */

static uint64_t path_hash(const struct dtls_port *p, const struct udp_path *path)
{
    return siphash24(&p->conf.hash, path, 2 * sizeof(struct addr)); /* peer and local */
}

static bool same_path(const struct udp_path *a, const struct udp_path *b)
{
    return addr_eq(&a->peer, &b->peer) && addr_eq(&a->local, &b->local);
}

static struct assoc *find(const struct dtls_port *p, const struct udp_path *path)
{
    for (struct hnode *n = hmap_first(&p->by_path, path_hash(p, path)); n != NULL;
         n = hmap_next_same(n)) {
        struct assoc *a = container_of(n, struct assoc, by_path);
        if (same_path(&a->path, path))
            return a;
    }
    return NULL;
}

static struct assoc *find_number(const struct dtls_port *p, uint64_t number)
{
    struct hnode *n = hmap_first(&p->by_number, hash_u64(&p->conf.hash, number));
    while (n != NULL && container_of(n, struct assoc, by_number)->number != number)
        n = hmap_next_same(n);
    return n ? container_of(n, struct assoc, by_number) : NULL;
}

/* NULL: this address has all that it may have. */
static struct origin *origin_of(struct dtls_port *p, const struct addr *peer)
{
    struct addr who = addr_limit_key(peer);
    uint64_t h = addr_hash(&p->conf.hash, &who);
    for (struct hnode *n = hmap_first(&p->origins, h); n != NULL; n = hmap_next_same(n)) {
        struct origin *o = container_of(n, struct origin, node);
        if (addr_eq(&o->who, &who))
            return o->n < p->conf.max_per_addr ? o : NULL;
    }
    struct origin *o = xcalloc(1, sizeof(*o));
    o->who = who;
    hmap_insert(&p->origins, &o->node, h);
    return o;
}

/* ---- Life of an association ---- */

static void assoc_free(struct assoc *a)
{
    struct dtls_port *p = a->port;
    loop_timer_del(p->loop, &a->timer);
    hmap_remove(&p->by_path, &a->by_path);
    hmap_remove(&p->by_number, &a->by_number);
    p->count--;
    p->handshakes -= !a->open;
    if (--a->origin->n == 0) {
        hmap_remove(&p->origins, &a->origin->node);
        xfree(a->origin);
    }
    dtls_free(a->dtls);
    xfree(a);
}

static void end(struct assoc *a)
{
    a->port->user->closed(a->port->ctx, a->number, &a->path);
    assoc_free(a);
}

/* The next thing to do: OpenSSL's retransmission, or the end of its time. */
static void set_timer(struct assoc *a)
{
    int64_t at = a->until_us, wait = dtls_wait_us(a->dtls), now = loop_now(a->port->loop);
    if (wait >= 0 && now + wait < at)
        at = now + wait;
    loop_timer_set(a->port->loop, &a->timer, at);
}

/* After OpenSSL has run. */
static void settle(struct assoc *a)
{
    struct dtls_port *p = a->port;
    enum dtls_state s = dtls_state(a->dtls);
    if (s == DTLS_OPEN && !a->open) {
        a->open = true;
        p->handshakes--;
        a->until_us = loop_now(p->loop) + p->conf.idle_us;
    }
    if (s == DTLS_CLOSED)
        end(a);
    else
        set_timer(a);
}

static void on_timer(struct loop_timer *t, int64_t now)
{
    struct assoc *a = container_of(t, struct assoc, timer);
    struct dtls_port *p = a->port;
    if (now < a->until_us)
        dtls_timeout(a->dtls);
    else if (a->open && p->user->keep(p->ctx, a->number, &a->path))
        a->until_us = now + p->conf.idle_us;
    else
        dtls_close(a->dtls);
    settle(a);
}

static void on_datagram(void *ctx, const uint8_t *bytes, size_t n)
{
    struct assoc *a = ctx;
    a->port->user->send(a->port->ctx, a->udp, &a->path, bytes, n);
}

static void on_data(void *ctx, const uint8_t *bytes, size_t n)
{
    struct assoc *a = ctx;
    a->until_us = loop_now(a->port->loop) + a->port->conf.idle_us;
    a->port->user->data(a->port->ctx, a->number, &a->path, bytes, n);
}

static const struct dtls_ops ops = {.datagram = on_datagram, .data = on_data};

/* NULL: a limit is reached. */
static struct assoc *assoc_new(struct dtls_port *p, struct udp *u, const struct udp_path *path)
{
    if (p->count >= p->conf.max || p->handshakes >= p->conf.max_handshakes)
        return NULL;
    struct origin *o = origin_of(p, &path->peer);
    if (o == NULL)
        return NULL;
    struct assoc *a = xcalloc(1, sizeof(*a));
    a->timer = (struct loop_timer){.fn = on_timer, .name = "dtls"};
    a->port = p;
    a->udp = u;
    a->path = *path;
    a->origin = o;
    a->number = ++p->last_number;
    a->until_us = loop_now(p->loop) + p->conf.handshake_us;
    o->n++;
    p->count++;
    p->handshakes++;
    hmap_insert(&p->by_path, &a->by_path, path_hash(p, path));
    hmap_insert(&p->by_number, &a->by_number, hash_u64(&p->conf.hash, a->number));
    return a;
}

/* ---- Input ---- */

static void feed(struct assoc *a, const uint8_t *bytes, size_t n)
{
    dtls_input(a->dtls, bytes, n);
    settle(a);
}

static enum dtls_port_verdict greet(struct dtls_port *p, struct udp *u, const struct udp_path *from,
                                    const uint8_t *bytes, size_t n, const struct dtls_hello *h)
{
    int64_t now = loop_now(p->loop);
    if (!dtls_hello_cookie_ok(p->conf.cookie_key, now, &from->peer, h)) {
        uint8_t answer[DTLS_VERIFY_REQUEST];
        dtls_hello_verify_request(p->conf.cookie_key, now, &from->peer, h, answer);
        p->user->send(p->ctx, u, from, answer, sizeof(answer));
        return DTLS_PORT_ASKED;
    }
    struct assoc *a = assoc_new(p, u, from);
    if (a == NULL)
        return DTLS_PORT_FULL;
    a->dtls = dtls_new(p->dtls, &ops, a, bytes, n);
    if (a->dtls == NULL) {
        assoc_free(a);
        return DTLS_PORT_MALFORMED;
    }
    feed(a, bytes, n);
    return DTLS_PORT_OPENED;
}

enum dtls_port_verdict dtls_port_input(struct dtls_port *p, struct udp *u,
                                       const struct udp_path *from, const uint8_t *bytes, size_t n)
{
    struct assoc *a = find(p, from);
    struct dtls_hello h = dtls_hello_parse(bytes, n);
    if (a != NULL && a->open &&
        dtls_hello_cookie_ok(p->conf.cookie_key, loop_now(p->loop), &from->peer, &h)) {
        end(a); /* the client has begun anew from the same port (RFC 6347 4.2.8) */
        a = NULL;
    }
    if (a != NULL && (!a->open || h.kind == DTLS_HELLO_NOT)) {
        feed(a, bytes, n);
        return DTLS_PORT_TAKEN;
    }
    if (p->dtls == NULL)
        return DTLS_PORT_OFF;
    switch (h.kind) {
    case DTLS_HELLO_BARE:
    case DTLS_HELLO_COOKIE: return greet(p, u, from, bytes, n, &h);
    case DTLS_HELLO_MEDIA:
    case DTLS_HELLO_FRAGMENTED: return DTLS_PORT_MEDIA;
    case DTLS_HELLO_MALFORMED: return DTLS_PORT_MALFORMED;
    default: return DTLS_PORT_STRAY;
    }
}

bool dtls_port_send(struct dtls_port *p, uint64_t number, const struct iovec *iov, unsigned n)
{
    struct assoc *a = find_number(p, number);
    return a != NULL && dtls_send(a->dtls, iov, n);
}

unsigned dtls_port_count(const struct dtls_port *p)
{
    return p->count;
}

void dtls_port_close_all(struct dtls_port *p)
{
    HMAP_FOREACH_SAFE(it, &p->by_path) {
        struct assoc *a = container_of(it, struct assoc, by_path);
        dtls_close(a->dtls);
        end(a);
    }
}

void dtls_port_free(struct dtls_port *p)
{
    if (p == NULL)
        return;
    HMAP_FOREACH_SAFE(it, &p->by_path)
        assoc_free(container_of(it, struct assoc, by_path));
    hmap_free(&p->by_path);
    hmap_free(&p->by_number);
    hmap_free(&p->origins);
    dtls_ctx_unref(p->dtls);
    xfree(p);
}
