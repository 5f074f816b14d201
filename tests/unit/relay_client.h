/* A small TURN client over UDP, TCP, TLS or DTLS and a peer for it, driven by the same thread as the loop. */
#ifndef TESTS_UNIT_RELAY_CLIENT_H
#define TESTS_UNIT_RELAY_CLIENT_H

#include <netinet/udp.h>

#include "base/buf.h"
#include "proto/stun.h"
#include "proto/turn.h"
#include "proto/turn_frame.h"
#include "io/udp.h"
#include "worker_house.h"

#define CLIENT_REALM "test"

struct client {
    struct house *h;
    struct peer p; /* of UDP the descriptor only */
    enum tuple_transport over;
    const char *user, *password;
    char nonce[128];
    uint8_t key[16];
    uint32_t serial;
    struct addr relayed;
    unsigned error; /* of the last request; 0: success */
    uint8_t in[1 << 18];
    size_t have, taken; /* bytes in `in`, and of the message looked at last */
    bool deaf;          /* reads nothing */
    bool brief;         /* the server may end it at any time: then what it asks fails */
};

static UNUSED_OK int client_udp(const struct addr *to)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(to, &ss);
    int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), big = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big);
    assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
    return fd;
}

static UNUSED_OK SSL_CTX *client_dtls_ctx(void)
{
    static SSL_CTX *ctx;
    if (ctx == NULL)
        ctx = SSL_CTX_new(DTLS_client_method());
    return ctx;
}

/* On a socket that is connected to `to`. */
static UNUSED_OK SSL *client_dtls(int fd, const struct addr *to)
{
    struct in_addr ip;
    BIO_ADDR *at = BIO_ADDR_new();
    BIO *b = BIO_new_dgram(fd, BIO_NOCLOSE);
    SSL *ssl = SSL_new(client_dtls_ctx());
    memcpy(&ip, to->ip, sizeof ip);
    assert_int_equal(BIO_ADDR_rawmake(at, AF_INET, &ip, sizeof ip, htons(to->port)), 1);
    BIO_ctrl_set_connected(b, at);
    BIO_ADDR_free(at);
    SSL_set_bio(ssl, b, b);
    SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
    DTLS_set_link_mtu(ssl, 1400);
    SSL_set_connect_state(ssl);
    return ssl;
}

static UNUSED_OK void client_open(struct client *c, struct house *h, enum tuple_transport over)
{
    memset(c, 0, sizeof *c);
    c->h = h;
    c->over = over;
    c->user = "u";
    c->password = "p";
    if (over == TUPLE_UDP || over == TUPLE_DTLS)
        c->p.fd = client_udp(&h->set.udp_at[0]);
    else
        peer_connect(&c->p, h->set.tcp_at[0].port, over == TUPLE_TLS);
    if (over == TUPLE_DTLS)
        c->p.ssl = client_dtls(c->p.fd, &h->set.udp_at[0]);
    if (c->p.ssl != NULL)
        peer_shake(&c->p, h->l);
}

static UNUSED_OK void client_close(struct client *c)
{
    peer_close(&c->p);
}

static UNUSED_OK bool client_ended(const struct client *c)
{
    return c->p.eof || c->p.failed;
}

/* All of it, with the loop turning in between; of one that is brief as much as the server takes. */
static UNUSED_OK void client_write(struct client *c, const void *data, size_t n)
{
    const uint8_t *p = data;
    int64_t until = clock_mono_us() + PATIENCE_US;
    while (n > 0) {
        size_t k = peer_write(&c->p, p, n);
        p += k;
        n -= k;
        if (k == 0 && c->brief && c->p.ssl == NULL && errno != EAGAIN) {
            c->p.failed = true;
            return;
        }
        if (k == 0)
            loop_round(c->h->l, 1000);
        assert_true(clock_mono_us() < until);
    }
}

/* The next whole message; NULL: none yet. */
static UNUSED_OK const uint8_t *client_next(struct client *c, size_t *n)
{
    memmove(c->in, c->in + c->taken, c->have - c->taken);
    c->have -= c->taken;
    c->taken = 0;
    if (c->over == TUPLE_UDP) {
        ssize_t r = recv(c->p.fd, c->in, sizeof c->in, 0);
        *n = r > 0 ? (size_t)r : 0;
        return r > 0 ? c->in : NULL;
    }
    if (c->over == TUPLE_DTLS) {
        *n = peer_read(&c->p, c->in, sizeof c->in);
        return *n > 0 ? c->in : NULL;
    }
    if (c->have < sizeof c->in)
        c->have += peer_read(&c->p, c->in + c->have, sizeof c->in - c->have);
    struct turn_frame f = turn_frame_next(c->in, c->have, 65540);
    assert_int_not_equal(f.kind, TURN_FRAME_BAD);
    if (f.kind == TURN_FRAME_MORE)
        return NULL;
    c->taken = f.taken;
    *n = f.size;
    return c->in;
}

/* NULL: the server has ended one that is brief. */
static UNUSED_OK const uint8_t *client_wait(struct client *c, size_t *n)
{
    const uint8_t *p;
    int64_t until = clock_mono_us() + PATIENCE_US;
    while ((p = client_next(c, n)) == NULL) {
        if (c->brief && client_ended(c))
            return NULL;
        if (clock_mono_us() > until || client_ended(c))
            fail_msg("nothing comes any more");
        loop_round(c->h->l, 500);
    }
    return p;
}

static UNUSED_OK void client_begin(struct client *c, struct stun_builder *b, uint8_t *mem,
                                   unsigned method)
{
    uint8_t txid[STUN_TXID] = {0};
    c->serial++;
    memcpy(txid, &c->serial, sizeof c->serial);
    stun_begin(b, mem, STUN_MESSAGE_MAX, STUN_REQUEST, method, txid);
}

static UNUSED_OK bool client_ask(struct client *c, struct stun_builder *b, struct stun_msg *m)
{
    size_t n;
    if (c->nonce[0] != 0) {
        stun_put(b, STUN_USERNAME, c->user, strlen(c->user));
        stun_put(b, STUN_REALM, CLIENT_REALM, strlen(CLIENT_REALM));
        stun_put(b, STUN_NONCE, c->nonce, strlen(c->nonce));
        stun_put_integrity(b, c->key, sizeof c->key);
    }
    n = stun_end(b);
    client_write(c, b->p, n);
    for (;;) {
        const uint8_t *p = client_wait(c, &n);
        if (p == NULL)
            return false;
        if (p[0] < 4 && stun_parse(m, p, n) == STUN_OK && memcmp(m->txid, b->p + 8, 12) == 0)
            break;
    }
    c->error = stun_get_error(m);
    return m->cls == STUN_SUCCESS;
}

static UNUSED_OK bool client_allocate(struct client *c)
{
    uint8_t mem[STUN_MESSAGE_MAX];
    struct stun_builder b;
    struct stun_msg m;
    for (int i = 0; i < 2; i++) {
        client_begin(c, &b, mem, STUN_ALLOCATE);
        stun_put_u32(&b, STUN_REQUESTED_TRANSPORT, 17u << 24);
        if (client_ask(c, &b, &m))
            return stun_get_xaddr(&m, stun_find(&m, STUN_XOR_RELAYED_ADDRESS), &c->relayed);
        if (client_ended(c))
            return false;
        const struct stun_attr *nonce = stun_find(&m, STUN_NONCE);
        if (nonce == NULL)
            return false;
        assert_true(nonce->len < sizeof c->nonce);
        memcpy(c->nonce, stun_value(&m, nonce), nonce->len);
        c->nonce[nonce->len] = 0;
        stun_key_md5(c->user, CLIENT_REALM, c->password, c->key);
    }
    return false;
}

/* With an allocation: who is slower than the server's limit for the silent is ended, and comes again. */
static UNUSED_OK void client_stay(struct client *c, struct house *h, enum tuple_transport over)
{
    int64_t until = clock_mono_us() + PATIENCE_US;
    for (;;) {
        client_open(c, h, over);
        c->brief = true;
        if (client_allocate(c))
            break;
        assert_true(client_ended(c) && clock_mono_us() < until);
        client_close(c);
    }
    c->brief = false;
}

static UNUSED_OK bool client_bind(struct client *c, unsigned channel, const struct addr *peer)
{
    uint8_t mem[STUN_MESSAGE_MAX];
    struct stun_builder b;
    struct stun_msg m;
    client_begin(c, &b, mem, STUN_CHANNEL_BIND);
    stun_put_u32(&b, STUN_CHANNEL_NUMBER, channel << 16);
    stun_put_xaddr(&b, STUN_XOR_PEER_ADDRESS, peer);
    return client_ask(c, &b, &m);
}

static UNUSED_OK bool client_permit(struct client *c, const struct addr *peer)
{
    uint8_t mem[STUN_MESSAGE_MAX];
    struct stun_builder b;
    struct stun_msg m;
    client_begin(c, &b, mem, STUN_CREATE_PERMISSION);
    stun_put_xaddr(&b, STUN_XOR_PEER_ADDRESS, peer);
    return client_ask(c, &b, &m);
}

/* A port may be drawn again: then an allocation that is left behind would be in the next one's way. */
static UNUSED_OK bool client_release(struct client *c)
{
    uint8_t mem[STUN_MESSAGE_MAX];
    struct stun_builder b;
    struct stun_msg m;
    client_begin(c, &b, mem, STUN_REFRESH);
    stun_put_u32(&b, STUN_LIFETIME, 0);
    return client_ask(c, &b, &m);
}

/* ChannelData; padded on streams. Returns its length. */
static UNUSED_OK size_t client_channel(const struct client *c, unsigned channel, uint8_t *out,
                                       const void *p, size_t n)
{
    set_u16(out, (uint16_t)channel);
    set_u16(out + 2, (uint16_t)n);
    memcpy(out + 4, p, n);
    size_t len = 4 + n;
    while ((c->over == TUPLE_TCP || c->over == TUPLE_TLS) && len % 4 != 0)
        out[len++] = 0;
    return len;
}

/* ---- The other end ---- */

/* One user, relays to this machine. */
static UNUSED_OK struct worker_conf turn_conf(void)
{
    static const struct str users[] = {{"u:p", 3}};
    struct worker_conf c = {.relays = true, .max_relays = 1000};
    struct turn_server_conf *s = &c.turn.server;
    snprintf(s->auth.realm, sizeof s->auth.realm, CLIENT_REALM);
    memset(s->auth.nonce_key, 7, sizeof s->auth.nonce_key);
    s->hash = (struct hash_key){1, 2};
    assert_true(cidr_parse(&s->policy.allow[0], STR("127.0.0.0/8")));
    s->policy.nallow = 1;
    c.turn.users = users;
    c.turn.n_users = 1;
    c.turn.max_scopes = 100;
    memset(c.turn.scope_key, 9, sizeof c.turn.scope_key);
    return c;
}

static UNUSED_OK struct turn_stats stats_of(struct house *h)
{
    struct turn_stats s = {0};
    worker_turn_stats(h->w, &s);
    return s;
}

/* A peer out there. */
struct other {
    int fd;
    struct addr at, relay;
};

static UNUSED_OK void other_open(struct other *o)
{
    struct addr at = addr_ip4(127, 0, 0, 1, 0);
    o->fd = udp_open(&at, 0);
    assert_true(o->fd >= 0);
    local_of(o->fd, &o->at);
}

static UNUSED_OK void other_send(struct other *o, const struct addr *to, const void *p, size_t n,
                                 unsigned segment)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(to, &ss);
    if (segment > 0) {
        int seg = (int)segment;
        assert_int_equal(setsockopt(o->fd, SOL_UDP, 103, &seg, sizeof seg), 0);
    }
    assert_int_equal(sendto(o->fd, p, n, 0, (struct sockaddr *)&ss, len), n);
    if (segment > 0)
        setsockopt(o->fd, SOL_UDP, 103, &(int){0}, sizeof(int));
}

static UNUSED_OK size_t other_wait(struct other *o, struct house *h, void *p, size_t cap)
{
    ssize_t n = -1;
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    PUMP_UNTIL(h->l, (n = recvfrom(o->fd, p, cap, 0, (struct sockaddr *)&ss, &len)) >= 0 ||
                         errno != EAGAIN);
    assert_true(n >= 0);
    addr_from_sockaddr(&o->relay, (struct sockaddr *)&ss, len);
    return (size_t)n;
}

#endif
