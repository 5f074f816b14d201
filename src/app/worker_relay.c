/* The TURN server among its sockets: what it wants sent and opened, what comes to its relays, and
 * when it wants to be woken. */
#include "app/worker_int.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/turn_ports.h"

enum {
    WALL_US = 10000000, /* the wall clock is looked at so often */
    SHOW_US = 50000     /* and others see the numbers, which costs as much as relaying a packet */
};

/* ---- Relays ---- */

static void on_peer_train(void *ctx, struct udp *u, const struct udp_train *t)
{
    struct media_socket *m = ctx;
    struct worker *w = m->w;
    (void)u;
    w->turn_busy = true;
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t n;
        const uint8_t *p = udp_train_at(t, i, &n);
        turn_core_peer(w->turn, loop_now(w->loop), m->relay, &t->path->peer, p, n);
    }
}

static void on_icmp(void *ctx, struct udp *u, const struct udp_icmp *e)
{
    struct media_socket *m = ctx;
    (void)u;
    m->w->turn_busy = true;
    turn_core_icmp(m->w->turn, loop_now(m->w->loop), m->relay, &e->peer, e->type, e->code, e->data);
}

static const struct udp_user relay_user = {
    .name = "relay", .on_train = on_peer_train, .on_icmp = on_icmp};

static bool relay_open(void *ctx, struct turn_relay *r)
{
    struct worker *w = ctx;
    struct media_socket *m = pool_get(&w->sockets);
    if (m == NULL)
        return false;
    *m = (struct media_socket){.w = w, .relay = r, .fd = udp_open(&r->at, UDP_RELAY)};
    if (m->fd >= 0)
        m->udp = udp_new_relay(w->net, m->fd, &r->at, &relay_user, m);
    if (m->udp == NULL) {
        if (m->fd >= 0)
            close(m->fd);
        else if (errno != EADDRINUSE)
            log_limited(LOG_LEVEL_WARN, "media", NULL, "%s: no socket for a relay: %s", w->name,
                        strerror(errno));
        pool_put(&w->sockets, m);
        return false;
    }
    r->io = m;
    return true;
}

static void relay_close(void *ctx, struct turn_relay *r)
{
    struct worker *w = ctx;
    struct media_socket *m = r->io;
    if (m == NULL)
        return;
    r->io = NULL;
    udp_free(m->udp);
    close(m->fd);
    pool_put(&w->sockets, m);
}

static void to_peer(void *ctx, struct turn_relay *r, const struct addr *peer,
                    const struct datagram *d, unsigned flags)
{
    struct worker *w = ctx;
    struct media_socket *m = r->io;
    struct udp_path path = {.peer = *peer};
    struct udp_datagram out = {d->head, d->data, d->nhead, d->ndata, d->pad};
    unsigned how = (flags & TURN_DF ? UDP_DF : 0) | (w->fleeting ? UDP_COPY : 0);
    if (!udp_send(m->udp, &path, &out, how))
        count_inc(&w->counts, COUNT_UDP_SEND_OTHER);
}

static void to_client(void *ctx, const struct tuple *to, const struct datagram *d)
{
    if (to->transport == TUPLE_UDP)
        worker_udp_send(ctx, to, d);
    else if (to->transport == TUPLE_DTLS)
        worker_dtls_send(ctx, to, d);
    else
        worker_stream_send(ctx, to, d);
}

/* ---- Input and time ---- */

/* The SFU answers at once, and the TURN server must not be called back: so it waits until that is through with
 * what the client has sent. */
static void to_media(void *ctx, const struct addr *from, const struct addr *to,
                     const struct datagram *d)
{
    struct worker *w = ctx;
    if (d->ndata == 0 || d->ndata > PACKET_MAX)
        return;
    w->relayed_at = (struct tuple){.peer = *from, .local = *to, .transport = TUPLE_RELAY};
    w->relayed_n = d->ndata;
    memcpy(w->relayed, d->data, d->ndata);
}

static void take_relayed(struct worker *w)
{
    size_t n = w->relayed_n;
    uint8_t *p = w->relayed;
    w->relayed_n = 0;
    bool taken = p[0] < STUN_END ? worker_sfu_stun(w->sfu, &w->relayed_at, p, n)
                                 : worker_sfu_input(w->sfu, &w->relayed_at, p, n, n);
    if (!taken)
        count_inc(&w->counts, COUNT_DROP_UDP_MEDIA);
}

void worker_turn_input(struct worker *w, const struct tuple *from, const uint8_t *p, size_t n)
{
    w->turn_busy = true;
    turn_core_input(w->turn, loop_now(w->loop), from, p, n);
    if (w->relayed_n > 0)
        take_relayed(w);
}

void worker_relay_send(struct worker *w, const struct tuple *to, const struct datagram *d)
{
    unsigned n = w->conf.turn.server.workers, owner = turn_port_owner(to->peer.port, n);
    w->turn_busy = true;
    if (owner == w->conf.index)
        turn_core_foreign(w->turn, loop_now(w->loop), &to->local, TURN_SCOPE_MEDIA, &to->peer,
                          d->data, d->ndata);
    else
        worker_to_worker(w, owner, &to->local, TURN_SCOPE_MEDIA, &to->peer, d);
}

static int64_t wall_offset(struct worker *w, int64_t now_us)
{
    w->wall_at_us = now_us;
    return clock_wall_us() - clock_mono_us();
}

static void on_turn_timer(struct loop_timer *t, int64_t now_us)
{
    struct worker *w = container_of(t, struct worker, turn_timer);
    w->turn_busy = true;
    turn_core_tick(w->turn, now_us);
}

static void show(struct worker *w, int64_t now_us)
{
    turn_core_round(w->turn, now_us);
    w->shown_us = now_us;
    w->turn_shown = true;
}

static void on_show_timer(struct loop_timer *t, int64_t now_us)
{
    show(container_of(t, struct worker, show_timer), now_us);
}

static void show_soon(struct worker *w, int64_t now_us)
{
    if (w->turn_shown)
        return;
    if (w->conf.rec != NULL || now_us - w->shown_us >= SHOW_US)
        show(w, now_us);
    else if (!loop_timer_armed(&w->show_timer))
        loop_timer_set(w->loop, &w->show_timer, w->shown_us + SHOW_US);
}

void worker_turn_round(struct worker *w, int64_t now_us)
{
    if (!w->turn_busy)
        return;
    w->turn_busy = w->turn_shown = false;
    worker_post_foreign(w);
    if (now_us - w->wall_at_us > WALL_US)
        turn_core_wall(w->turn, now_us, wall_offset(w, now_us));
    int64_t at = turn_core_deadline(w->turn);
    if (at == INT64_MAX)
        loop_timer_del(w->loop, &w->turn_timer);
    else
        loop_timer_set(w->loop, &w->turn_timer, at);
    show_soon(w, now_us);
}

void worker_turn_stats(const struct worker *w, struct turn_stats *sum)
{
    if (w->turn != NULL)
        turn_core_stats(w->turn, sum);
}

/* ---- Life ---- */

bool worker_relay_open(struct worker *w, char *why, size_t why_n)
{
    int64_t now = loop_now(w->loop);
    struct turn_server_conf *s = &w->conf.turn.server;
    struct turn_ops ops = {.ctx = w,
                           .to_client = to_client,
                           .relay_open = relay_open,
                           .relay_close = relay_close,
                           .to_peer = to_peer,
                           .to_worker = worker_to_worker,
                           .to_owner = worker_to_owner,
                           .to_media = to_media};
    if (!w->conf.relays)
        return true;
    pool_init(&w->sockets, sizeof(struct media_socket), w->conf.max_relays);
    s->worker = w->conf.index;
    s->media = w->conf.groups;
    s->workers = w->conf.team != NULL ? w->conf.team->n : 1;
    w->turn_timer = (struct loop_timer){.fn = on_turn_timer, .name = "turn"};
    w->show_timer = (struct loop_timer){.fn = on_show_timer, .name = "turn stats"};
    w->turn_shown = true;
    w->turn = turn_core_new(&w->conf.turn, &ops, w->conf.rec, now, wall_offset(w, now), why, why_n);
    return w->turn != NULL;
}

void worker_relay_close(struct worker *w)
{
    loop_timer_del(w->loop, &w->turn_timer);
    loop_timer_del(w->loop, &w->show_timer);
    turn_core_free(w->turn);
    w->turn = NULL;
    pool_free(&w->sockets);
}
