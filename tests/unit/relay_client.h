/* A small TURN client over UDP, TCP or TLS, driven by the same thread as the loop. */
#ifndef TESTS_UNIT_RELAY_CLIENT_H
#define TESTS_UNIT_RELAY_CLIENT_H

#include "base/buf.h"
#include "proto/stun.h"
#include "proto/turn.h"
#include "proto/turn_frame.h"
#include "io/udp.h"
#include "worker_house.h"

#define CLIENT_REALM "test"

struct client {
    struct house *h;
    struct peer p; /* TCP and TLS; UDP uses the descriptor only */
    enum turn_transport over;
    const char *user, *password;
    char nonce[128];
    uint8_t key[16];
    uint32_t serial;
    struct addr relayed;
    unsigned error; /* of the last request; 0: success */
    uint8_t in[1 << 18];
    size_t have, taken; /* bytes in `in`, and of the message looked at last */
    bool deaf;          /* reads nothing */
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

static UNUSED_OK void client_open(struct client *c, struct house *h, enum turn_transport over)
{
    memset(c, 0, sizeof *c);
    c->h = h;
    c->over = over;
    c->user = "u";
    c->password = "p";
    if (over == TURN_UDP) {
        c->p.fd = client_udp(&h->set.udp_at[0]);
        return;
    }
    peer_connect(&c->p, h->set.tcp_at[0].port, over == TURN_TLS);
    if (over == TURN_TLS)
        peer_shake(&c->p, h->l);
}

static UNUSED_OK void client_close(struct client *c)
{
    peer_close(&c->p);
}

/* All of it, with the loop turning in between. */
static UNUSED_OK void client_write(struct client *c, const void *data, size_t n)
{
    const uint8_t *p = data;
    int64_t until = clock_mono_us() + 10000000;
    while (n > 0) {
        size_t k = peer_write(&c->p, p, n);
        p += k;
        n -= k;
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
    if (c->over == TURN_UDP) {
        ssize_t r = recv(c->p.fd, c->in, sizeof c->in, 0);
        *n = r > 0 ? (size_t)r : 0;
        return r > 0 ? c->in : NULL;
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

static UNUSED_OK const uint8_t *client_wait(struct client *c, size_t *n)
{
    const uint8_t *p;
    int64_t until = clock_mono_us() + 10000000;
    while ((p = client_next(c, n)) == NULL) {
        if (clock_mono_us() > until || c->p.eof || c->p.failed)
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
    while (c->over != TURN_UDP && len % 4 != 0)
        out[len++] = 0;
    return len;
}

#endif
