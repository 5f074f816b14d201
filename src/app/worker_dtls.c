/* TURN over DTLS (RFC 7350): each record holds one message, as a datagram over UDP does. */
#include "app/worker_int.h"

static struct tuple tuple_of(uint64_t number, const struct udp_path *path)
{
    return (struct tuple){.peer = path->peer,
                          .local = path->local,
                          .stream = number,
                          .ifindex = path->ifindex,
                          .transport = TUPLE_DTLS};
}

static void send_packet(void *ctx, struct udp *u, const struct udp_path *to, const uint8_t *p,
                        size_t n)
{
    (void)ctx;
    udp_send_copy(u, to, p, n);
}

static void answer_binding(struct worker *w, const struct tuple *from, const uint8_t *p, size_t n)
{
    uint8_t out[STUN_MESSAGE_MAX];
    size_t len;
    enum stun_verdict v =
        stun_core_input(&w->stun, loop_now(w->loop), p, n, &from->peer, true, out, &len);
    struct iovec piece = {out, len};
    worker_count_verdict(w, v, COUNT_STUN_DTLS);
    if (len > 0)
        dtls_port_send(w->dtls, from->stream, &piece, 1);
}

static void take_record(void *ctx, uint64_t number, const struct udp_path *path, const uint8_t *p,
                        size_t n)
{
    struct worker *w = ctx;
    struct tuple from = tuple_of(number, path);
    bool stun = n > 0 && p[0] < 0x40;
    if (stun && !worker_is_turn(p, n)) {
        answer_binding(w, &from, p, n);
        return;
    }
    if (stun)
        worker_read_letters(w);
    w->fleeting = true;
    worker_turn_input(w, &from, p, n);
    w->fleeting = false;
}

static bool is_kept(void *ctx, uint64_t number, const struct udp_path *who)
{
    struct worker *w = ctx;
    struct tuple t = tuple_of(number, who);
    return turn_core_knows(w->turn, &t);
}

static void has_closed(void *ctx, uint64_t number, const struct udp_path *who)
{
    struct worker *w = ctx;
    struct tuple t = tuple_of(number, who);
    w->turn_busy = true;
    turn_core_hangup(w->turn, loop_now(w->loop), &t);
}

void worker_dtls_send(struct worker *w, const struct tuple *to, const struct datagram *d)
{
    static const uint8_t zeros[4];
    struct iovec v[3];
    unsigned n = 0;
    if (d->nhead > 0)
        v[n++] = (struct iovec){(void *)d->head, d->nhead};
    if (d->ndata > 0)
        v[n++] = (struct iovec){(void *)d->data, d->ndata};
    if (d->pad > 0)
        v[n++] = (struct iovec){(void *)zeros, d->pad};
    if (!dtls_port_send(w->dtls, to->stream, v, n))
        count_inc(&w->counts, COUNT_UDP_SEND_OTHER);
}

void worker_dtls_input(struct worker *w, struct udp *u, const struct udp_path *path,
                       const uint8_t *p, size_t n)
{
    static const enum count counters[DTLS_PORT_VERDICTS] = {
        [DTLS_PORT_ASKED] = COUNT_DTLS_ASKED,
        [DTLS_PORT_OPENED] = COUNT_DTLS_OPENED,
        [DTLS_PORT_OFF] = COUNT_DROP_DTLS_OFF,
        [DTLS_PORT_STRAY] = COUNT_DROP_DTLS_STRAY,
        [DTLS_PORT_MALFORMED] = COUNT_DROP_DTLS_MALFORMED,
        [DTLS_PORT_MEDIA] = COUNT_DROP_DTLS_MEDIA,
        [DTLS_PORT_FULL] = COUNT_DROP_DTLS_FULL,
    };
    enum dtls_port_verdict v = dtls_port_input(w->dtls, u, path, p, n);
    if (v != DTLS_PORT_TAKEN)
        count_inc(&w->counts, counters[v]);
}

/* ---- Life ---- */

static const struct dtls_port_user user = {
    .send = send_packet, .data = take_record, .keep = is_kept, .closed = has_closed};

void worker_dtls_open(struct worker *w)
{
    struct dtls_port_conf conf = {.hash = w->conf.turn.server.hash,
                                  .idle_us = w->conf.stream_idle_us};
    if (w->turn == NULL)
        return;
    memcpy(conf.cookie_key, w->conf.dtls_cookie_key, sizeof(conf.cookie_key));
    w->dtls = dtls_port_new(w->loop, &conf, &user, w);
}

void worker_dtls_close(struct worker *w)
{
    if (w->dtls != NULL)
        dtls_port_free(w->dtls);
    w->dtls = NULL;
}

void worker_dtls_end(struct worker *w)
{
    if (w->dtls != NULL)
        dtls_port_close_all(w->dtls);
}

void worker_dtls_ctx(struct worker *w, struct dtls_ctx *ctx)
{
    if (w->dtls != NULL)
        dtls_port_ctx(w->dtls, ctx);
}
