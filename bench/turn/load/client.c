/* TURN as a client speaks it, with our own STUN codec for the bytes. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypto.h"
#include "proto/stun.h"
#include "proto/turn_frame.h"
#include "turn_load.h"

enum { TRIES = 20, WAIT_MS = 500 };

/* ---- Sockets ---- */

static void room(int fd)
{
    int big = 8 << 20, one = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
    setsockopt(fd, SOL_UDP, 104 /* UDP_GRO */, &one, sizeof one);
}

static int open_peer(const struct load *l)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&l->peers, sizeof l->peers) < 0)
        die("a peer's socket");
    room(fd);
    return fd;
}

static int open_client(struct load *l)
{
    int one = 1, fd = socket(AF_INET, l->transport == OVER_UDP ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&l->server, sizeof l->server) < 0)
        die("a client's socket");
    if (l->transport == OVER_UDP)
        room(fd);
    else
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void shake(struct load *l, struct alloc *a)
{
    a->ssl = SSL_new(l->ctx);
    SSL_set_fd(a->ssl, a->client);
    if (SSL_connect(a->ssl) != 1)
        die("a TLS handshake");
}

static void prepare(struct load *l)
{
    if (l->transport != OVER_TLS || l->ctx != NULL)
        return;
    l->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(l->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

void client_open(struct load *l, unsigned i)
{
    struct alloc *a = &l->allocs[i];
    prepare(l);
    *a = (struct alloc){.channel = (uint16_t)(CHANNEL_FIRST + i % CHANNELS)};
    a->peer = l->n <= WITH_PEERS ? open_peer(l) : -1; /* more are only there to be counted */
    a->client = open_client(l);
    if (l->transport == OVER_TLS)
        shake(l, a);
}

/* ---- One request ---- */

static void push(struct alloc *a, const uint8_t *p, size_t n)
{
    ssize_t r = a->ssl ? SSL_write(a->ssl, p, (int)n) : send(a->client, p, n, 0);
    if (r != (ssize_t)n)
        die("a request");
}

/* One whole message of the server, or 0 after WAIT_MS. */
static size_t pull(struct load *l, struct alloc *a, uint8_t *p, size_t cap)
{
    size_t n = 0;
    for (;;) {
        struct pollfd pfd = {.fd = a->client, .events = POLLIN};
        if (!(a->ssl && SSL_pending(a->ssl)) && poll(&pfd, 1, WAIT_MS) <= 0)
            return 0;
        ssize_t r = a->ssl ? SSL_read(a->ssl, p + n, (int)(cap - n))
                           : recv(a->client, p + n, cap - n, 0);
        if (r <= 0)
            die("an answer");
        n += (size_t)r;
        if (l->transport == OVER_UDP)
            return n;
        struct turn_frame f = turn_frame_next(p, n, cap);
        if (f.kind == TURN_FRAME_STUN)
            return f.size;
    }
}

static void begin(struct stun_builder *b, uint8_t *mem, unsigned method)
{
    uint8_t id[STUN_TXID];
    random_bytes(id, sizeof id);
    stun_begin(b, mem, STUN_MESSAGE_MAX, STUN_REQUEST, method, id);
}

static void seal(struct load *l, struct alloc *a, struct stun_builder *b)
{
    if (a->nonce[0]) {
        stun_put(b, STUN_USERNAME, l->user, strlen(l->user));
        stun_put(b, STUN_REALM, l->realm, strlen(l->realm));
        stun_put(b, STUN_NONCE, a->nonce, strlen(a->nonce));
        stun_put_integrity(b, l->key, sizeof l->key);
    }
}

static void ask_send(struct alloc *a, struct stun_builder *b)
{
    a->nasked = stun_end(b);
    memcpy(a->asked, b->p, a->nasked);
    push(a, a->asked, a->nasked);
}

/* The answer to what was asked last; whether it is a success. */
static bool ask_wait(struct load *l, struct alloc *a, struct stun_msg *m, uint8_t *answer)
{
    for (int i = 0; i < TRIES; i++) {
        size_t got = pull(l, a, answer, STUN_MESSAGE_MAX);
        if (got && stun_parse(m, answer, got) == STUN_OK &&
            memcmp(m->txid, a->asked + 8, STUN_TXID) == 0)
            return m->cls == STUN_SUCCESS;
        push(a, a->asked, a->nasked);
    }
    die("no answer");
}

static void copy_text(const struct stun_msg *m, unsigned type, char *out, size_t cap)
{
    const struct stun_attr *at = stun_find(m, type);
    if (!at || at->len >= cap)
        die("a challenge without realm or nonce");
    memcpy(out, stun_value(m, at), at->len);
    out[at->len] = 0;
}

static void refused(const char *what, const struct stun_msg *m)
{
    fprintf(stderr, "%s was answered with %u\n", what, stun_get_error(m));
    exit(1);
}

static void send_allocate(struct load *l, struct alloc *a)
{
    uint8_t mem[STUN_MESSAGE_MAX];
    struct stun_builder b;
    begin(&b, mem, STUN_ALLOCATE);
    stun_put_u32(&b, STUN_REQUESTED_TRANSPORT, 17u << 24);
    seal(l, a, &b);
    ask_send(a, &b);
}

static void send_bind(struct load *l, struct alloc *a)
{
    uint8_t mem[STUN_MESSAGE_MAX];
    struct stun_builder b;
    struct sockaddr_in at;
    struct addr peer;
    socklen_t len = sizeof at;
    getsockname(a->peer, (struct sockaddr *)&at, &len);
    addr_from_sockaddr(&peer, (struct sockaddr *)&at, len);
    begin(&b, mem, STUN_CHANNEL_BIND);
    stun_put_u32(&b, STUN_CHANNEL_NUMBER, (uint32_t)a->channel << 16);
    stun_put_xaddr(&b, STUN_XOR_PEER_ADDRESS, &peer);
    seal(l, a, &b);
    ask_send(a, &b);
}

/* The first answer is a challenge; the request goes again with what it says. */
static void take_challenge(struct load *l, struct alloc *a)
{
    uint8_t answer[STUN_MESSAGE_MAX];
    struct stun_msg m;
    while (!ask_wait(l, a, &m, answer) && stun_get_error(&m) == 437) {
        close(a->client); /* the server still knows this port from a run before */
        a->client = open_client(l);
        send_allocate(l, a);
    }
    if (stun_get_error(&m) != 401)
        refused("the first Allocate", &m);
    copy_text(&m, STUN_NONCE, a->nonce, sizeof a->nonce);
    copy_text(&m, STUN_REALM, l->realm, sizeof l->realm);
    stun_key_md5(l->user, l->realm, l->password, l->key);
    send_allocate(l, a);
}

static void take_relay(struct load *l, struct alloc *a)
{
    uint8_t answer[STUN_MESSAGE_MAX];
    struct stun_msg m;
    struct addr relay;
    struct sockaddr_storage ss;
    if (!ask_wait(l, a, &m, answer))
        refused("Allocate", &m);
    if (!stun_get_xaddr(&m, stun_find(&m, STUN_XOR_RELAYED_ADDRESS), &relay))
        die("no relayed address");
    addr_to_sockaddr(&relay, &ss);
    memcpy(&a->relay, &ss, sizeof a->relay);
    if (a->peer >= 0)
        send_bind(l, a);
}

static void take_channel(struct load *l, struct alloc *a)
{
    uint8_t answer[STUN_MESSAGE_MAX];
    struct stun_msg m;
    if (a->peer >= 0 && !ask_wait(l, a, &m, answer))
        refused("ChannelBind", &m);
}

/* The bare loop learns a channel from its first packet, which says where the peer is. */
static void set_up_floor(struct load *l, struct alloc *a)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    uint8_t p[10] = {(uint8_t)(a->channel >> 8), (uint8_t)a->channel, 0, 6}, answer[16];
    getsockname(a->peer, (struct sockaddr *)&at, &len);
    memcpy(p + 4, &at.sin_addr, 4);
    memcpy(p + 8, &at.sin_port, 2);
    push(a, p, sizeof p);
    size_t n = pull(l, a, answer, sizeof answer);
    if (n != 10)
        die("the bare loop");
    a->relay = (struct sockaddr_in){.sin_family = AF_INET};
    memcpy(&a->relay.sin_addr, answer + 4, 4);
    memcpy(&a->relay.sin_port, answer + 8, 2);
}

void clients_allocate(struct load *l, unsigned first, unsigned n)
{
    struct alloc *a = l->allocs + first;
    for (unsigned i = 0; i < n && l->floor; i++)
        set_up_floor(l, a + i);
    if (l->floor)
        return;
    for (unsigned i = 0; i < n; i++)
        send_allocate(l, a + i);
    for (unsigned i = 0; i < n; i++)
        take_challenge(l, a + i);
    for (unsigned i = 0; i < n; i++)
        take_relay(l, a + i);
    for (unsigned i = 0; i < n; i++)
        take_channel(l, a + i);
}

static void give_up(struct load *l, struct alloc *a)
{
    uint8_t mem[STUN_MESSAGE_MAX], answer[STUN_MESSAGE_MAX];
    struct stun_builder b;
    struct stun_msg m;
    begin(&b, mem, STUN_REFRESH);
    stun_put_u32(&b, STUN_LIFETIME, 0);
    seal(l, a, &b);
    ask_send(a, &b);
    if (!ask_wait(l, a, &m, answer))
        refused("Refresh", &m);
}

void client_release(struct load *l, unsigned i)
{
    struct alloc *a = &l->allocs[i];
    if (!l->floor)
        give_up(l, a);
    SSL_free(a->ssl);
    close(a->client);
    if (a->peer >= 0)
        close(a->peer);
    free(a->in.p);
    free(a->out.p);
    *a = (struct alloc){0};
}
