/* The DTLS handshakes of a worker's SFU: media comes first. */
#include "app/worker_sfu_int.h"

#include <string.h>

#include "app/shake_turn.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/dtls_media.h"

enum {
    RENEW_S = 30 * 86400, /* a certificate for new peers after so long */
    SHAKES_MAX = 512,     /* handshakes at once; those that are done make room */
    LINGER_US = 10000000, /* the last flight may have to be sent again */
    LAST_MAX = 256,       /* bytes of it */
    REPEATS_MAX = 16,
    DTLS_HANDSHAKE = 22, /* RFC 5246 6.2.1 */
    WAITING_MAX = 256,   /* datagrams that wait for their turn */
    DATAGRAM_MAX = 1500
};

/* The DTLS association of a peer, until its keys are known; then for a little longer the flight that ended it,
 * since OpenSSL's state takes 40 kB. */
struct shake {
    struct hnode node; /* worker_shakes.map, by peer */
    struct list ended; /* worker_shakes.ended, once it is done */
    struct worker_sfu *f;
    uint64_t peer;
    struct dtls *dtls;       /* NULL once it is done */
    struct loop_timer timer; /* retransmission, then the end of it */
    bool done;
    uint8_t repeats; /* of the last flight */
    uint16_t last_n;
    uint8_t last[LAST_MAX]; /* the newest datagram of ours; of the last flight there is but one */
};

/* One datagram of a handshake: media comes first. */
struct waiting {
    uint64_t peer;
    uint32_t n;
    uint8_t bytes[DATAGRAM_MAX];
};

/* ---- One handshake ---- */

static struct shake *find(const struct worker_sfu *f, uint64_t peer)
{
    struct hnode *n = hmap_first(&f->shakes.map, hash_u64(&f->w->conf.stun.key, peer));
    while (n != NULL && container_of(n, struct shake, node)->peer != peer)
        n = hmap_next_same(n);
    return n != NULL ? container_of(n, struct shake, node) : NULL;
}

static void shake_free(struct shake *s)
{
    hmap_remove(&s->f->shakes.map, &s->node);
    s->f->shakes.n_ended -= s->done;
    list_del(&s->ended);
    loop_timer_del(s->f->w->loop, &s->timer);
    dtls_free(s->dtls);
    xfree(s);
}

static void on_datagram(void *ctx, const uint8_t *p, size_t n)
{
    struct shake *s = ctx;
    s->last_n = n <= LAST_MAX ? (uint16_t)n : 0;
    memcpy(s->last, p, s->last_n);
    sfu_core_dtls_send(s->f->core, loop_now(s->f->w->loop), s->peer, p, n);
}

static void on_data(void *ctx, const uint8_t *p, size_t n)
{
    (void)ctx, (void)p, (void)n; /* nobody has agreed on any */
}

static const struct dtls_ops dtls_ops = {on_datagram, on_data};

/* It stays for what may have to be sent again. */
static void linger(struct shake *s)
{
    s->f->shakes.n_ended += !s->done;
    s->done = true;
    dtls_free(s->dtls);
    s->dtls = NULL;
    list_del(&s->ended);
    list_push_back(&s->f->shakes.ended, &s->ended);
    loop_timer_set(s->f->w->loop, &s->timer, loop_now(s->f->w->loop) + LINGER_US);
}

/* Keys, once; its peer may end by it. */
static void take_keys(struct shake *s)
{
    struct worker_sfu *f = s->f;
    uint64_t peer = s->peer;
    struct dtls_keying k = {0};
    uint8_t print[DTLS_FINGERPRINT_MAX];
    size_t n = dtls_media_fingerprint(
        s->dtls, (enum dtls_hash)sfu_dtls_hash(sfu_core_sfu(f->core), peer), print);
    bool ok = dtls_media_keying(s->dtls, &k);
    linger(s);
    sfu_core_dtls_done(f->core, loop_now(f->w->loop), peer,
                       ok ? (enum srtp_profile)k.profile : SRTP_NONE, k.bytes, print, n);
    memzero(&k, sizeof k);
}

/* The other side shakes hands still: our last flight was lost (RFC 6347 4.2.4). */
static void say_again(struct shake *s, const uint8_t *p, size_t n)
{
    if (n == 0 || p[0] != DTLS_HANDSHAKE || s->repeats == REPEATS_MAX)
        return;
    s->repeats++;
    sfu_core_dtls_send(s->f->core, loop_now(s->f->w->loop), s->peer, s->last, s->last_n);
    s->f->busy = true;
}

static void after(struct shake *s, enum dtls_state state)
{
    struct worker_sfu *f = s->f;
    if (state == DTLS_OPEN) {
        take_keys(s);
    } else if (state == DTLS_CLOSED) {
        uint64_t peer = s->peer;
        shake_free(s);
        sfu_core_dtls_failed(f->core, loop_now(f->w->loop), peer);
    } else {
        int64_t wait = dtls_wait_us(s->dtls);
        if (wait >= 0)
            loop_timer_set(f->w->loop, &s->timer, loop_now_fresh(f->w->loop) + wait);
    }
    f->busy = true;
}

static void on_shake_timer(struct loop_timer *t, int64_t now_us)
{
    struct shake *s = container_of(t, struct shake, timer);
    (void)now_us;
    if (s->done)
        shake_free(s);
    else
        after(s, dtls_timeout(s->dtls));
}

static struct shake *shake_new(struct worker_sfu *f, uint64_t peer)
{
    struct dtls *d;
    struct shake *s;
    struct list *oldest = list_first(&f->shakes.ended);
    if (f->shakes.map.n >= SHAKES_MAX && oldest != NULL)
        shake_free(container_of(oldest, struct shake, ended));
    if (f->shakes.map.n >= SHAKES_MAX)
        return NULL;
    s = xcalloc(1, sizeof *s);
    d = dtls_media_new(f->shakes.ctx, &dtls_ops, s);
    if (d == NULL) {
        xfree(s);
        return NULL;
    }
    s->f = f;
    s->peer = peer;
    s->dtls = d;
    list_init(&s->ended);
    s->timer = (struct loop_timer){.fn = on_shake_timer, .name = "media handshake"};
    hmap_insert(&f->shakes.map, &s->node, hash_u64(&f->w->conf.stun.key, peer));
    return s;
}

/* ---- Their turn ---- */

static void take_turn(struct loop_task *t)
{
    struct worker_sfu *f = container_of(t, struct worker_sfu, shakes.turn);
    struct worker_shakes *k = &f->shakes;
    int64_t until = clock_mono_us() + shake_turn_us(loop_took_us(f->w->loop));
    while (k->n > 0) {
        struct waiting *d = &k->queue[k->first];
        struct shake *s = find(f, d->peer);
        bool begins = s == NULL && sfu_dtls_waits(sfu_core_sfu(f->core), d->peer);
        if (begins)
            s = shake_new(f, d->peer);
        k->first = (k->first + 1) % WAITING_MAX;
        k->n--;
        if (s == NULL)
            count_inc(&f->w->counts, begins ? COUNT_DROP_DTLS_FULL : COUNT_DROP_DTLS_STRAY);
        else if (s->done)
            say_again(s, d->bytes, d->n);
        else
            after(s, dtls_input(s->dtls, d->bytes, d->n));
        if (clock_mono_us() >= until)
            break;
    }
    if (k->n > 0)
        loop_ready(f->w->loop, &k->turn);
}

void worker_shakes_input(void *ctx, uint64_t peer, const uint8_t *p, size_t n)
{
    struct worker_sfu *f = ctx;
    struct worker_shakes *k = &f->shakes;
    if (k->n == WAITING_MAX || n > DATAGRAM_MAX) {
        count_inc(&f->w->counts, COUNT_DROP_DTLS_FULL);
        return;
    }
    struct waiting *d = &k->queue[(k->first + k->n++) % WAITING_MAX];
    d->peer = peer;
    d->n = (uint32_t)n;
    memcpy(d->bytes, p, n);
    loop_ready(f->w->loop, &k->turn);
}

void worker_shakes_end(void *ctx, uint64_t peer)
{
    struct shake *s = find(ctx, peer);
    /* It may be what is being asked about: it goes when the loop comes round. */
    if (s != NULL)
        linger(s);
}

/* ---- Life ---- */

/* Peers that come from now on see another certificate (RFC 8826 suggests short-lived ones). */
void worker_shakes_renew(struct worker_sfu *f, int64_t wall_s)
{
    char why[200], print[DTLS_FINGERPRINT_TEXT + 1];
    if (f->shakes.ctx != NULL && wall_s - f->shakes.ctx_s < RENEW_S && wall_s >= f->shakes.ctx_s)
        return;
    struct dtls_ctx *fresh = dtls_media_ctx_new(wall_s, why, sizeof why);
    if (fresh == NULL) {
        log_limited(LOG_LEVEL_WARN, "media", NULL, "%s: %s", f->w->name, why);
        return;
    }
    dtls_ctx_unref(f->shakes.ctx);
    f->shakes.ctx = fresh;
    f->shakes.ctx_s = wall_s;
    dtls_media_ctx_fingerprint(fresh, print);
    sfu_core_fingerprint(f->core, loop_now(f->w->loop), print);
}

bool worker_shakes_go_on(const struct worker_sfu *f)
{
    return f->shakes.map.n > f->shakes.n_ended;
}

void worker_shakes_open(struct worker_sfu *f)
{
    f->shakes.queue = xcalloc(WAITING_MAX, sizeof *f->shakes.queue);
    list_init(&f->shakes.ended);
    f->shakes.turn = (struct loop_task){.fn = take_turn, .name = "media handshakes"};
}

void worker_shakes_close(struct worker_sfu *f)
{
    HMAP_FOREACH_SAFE(it, &f->shakes.map)
        shake_free(container_of(it, struct shake, node));
    hmap_free(&f->shakes.map);
    loop_task_cancel(&f->shakes.turn);
    dtls_ctx_unref(f->shakes.ctx);
    xfree(f->shakes.queue);
}
