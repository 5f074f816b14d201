/* What leaves to one peer: the estimate says how much, the sharing of which layers, the pacer when. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "media/sfu_int.h"

enum {
    SHARE_EVERY_US = 500000,
    TRUST_US =
        2000000, /* so long a peer without a bad word gets the least picture whatever the estimate is */
    HURRY_US = 5000000,
    MEMORY_US = 1000000, /* numbers are remembered so long; twice where a round trip takes long */
    FAR_US = 200000,
    STALE_US = 700000, /* a layer that has stopped, while others of its track go on */
    BURST_US = 5000,   /* what the pace allows in so much time may leave as one train */
    PADS_BACK = 16,    /* packets that are repeated for probes, one after the other */
    IS_AGAIN = 1       /* pacer_entry.flags */
};
static const double START_BPS = 300e3;
/* Nobody tells what becomes of single packets, so that nothing can be found by probes. */
static const double START_UNTOLD_BPS = 5e6;
/* The pace until something is known: the first picture is not to be waited for. */
static const double FIRST_PACE_BPS = 8e6 / 2.5;
static const double LESS = 0.95, LEAST_ROOM = 1.2, LEAST_SLACK = 1.25;

static struct bwe_conf bwe_conf(const struct sfu_peer *p)
{
    const struct sfu_conf *c = &p->sfu->conf;
    double start = p->tells ? START_BPS : START_UNTOLD_BPS;
    return (struct bwe_conf){.start_bps = c->start_bps > 0 ? c->start_bps : start,
                             .max_bps = c->max_bps};
}

static void set_pace(struct sfu_down *d, int64_t now_us)
{
    double bps = bwe_bps(&d->bwe);
    pacer_set(&d->pacer, now_us, d->is_told ? bps : fmax(bps, FIRST_PACE_BPS));
}

void sfu_down_open(struct sfu_peer *p, int64_t now_us)
{
    struct sfu_down *d = xcalloc(1, sizeof *d);
    struct bwe_conf b = bwe_conf(p);
    struct pacer_conf c = {.burst_us = BURST_US, .entries = {[PACER_SOUND] = 1}};
    d->share_us = now_us;
    bwe_init(&d->bwe, now_us, &b);
    pacer_init(&d->pacer, now_us, &c);
    set_pace(d, now_us);
    alloc_init(&d->alloc, p->sfu->conf.last_n);
    p->down = d;
}

void sfu_down_close(struct sfu_peer *p)
{
    if (p->down == NULL)
        return;
    bwe_free(&p->down->bwe);
    pacer_free(&p->down->pacer);
    xfree(p->down);
    p->down = NULL;
}

int64_t sfu_rtt_us(const struct sfu_peer *p)
{
    bool told = p->down != NULL && p->down->bwe.stats.came > 0;
    return p->rtt_known || !told ? p->rtt_us : p->down->bwe.rtt_us;
}

/* ---- Sharing ---- */

/* Not sent any more, while others of the track are: its encoder has given it up. */
static bool is_stale(const struct sfu_pub *b, unsigned stream, int64_t now_us)
{
    int64_t newest = INT64_MIN;
    for (unsigned i = 0; i < b->n; i++)
        newest = MAX_OF(newest, b->streams[i].at_us);
    return b->n > 1 && newest > now_us - STALE_US && b->streams[stream].at_us < now_us - STALE_US;
}

void sfu_look_for_stale(struct sfu_sub *u, int64_t now_us)
{
    const struct sub *s = &u->sub;
    if (!u->is_video || s->current == SUB_NONE || s->current != s->target ||
        !is_stale(u->pub, (unsigned)s->current, now_us))
        return;
    sfu_share(u->peer, now_us);
    sfu_ask_keys(u->peer, now_us);
}

/* The ways to send one stream: all of it, or without its upper layers. */
static unsigned stream_options(const struct sfu_stream *st, unsigned stream,
                               struct alloc_option *out, unsigned max)
{
    unsigned n = 0;
    for (unsigned s = 0; s <= st->spatial; s++) {
        for (unsigned t = 0; t <= st->temporal && n < max; t++) {
            unsigned above = st->spatial - s;
            out[n++] = (struct alloc_option){
                .bps = (uint32_t)MIN_OF(sfu_rate(st, s, t), (uint64_t)UINT32_MAX),
                .width = (uint16_t)(st->width >> above),
                .height = (uint16_t)(st->height >> above),
                .stream = (uint8_t)stream,
                .spatial = above == 0 ? SUB_ALL : (uint8_t)s,
                .temporal = t == st->temporal ? SUB_ALL : (uint8_t)t,
                .left_out = (uint8_t)(st->temporal - t)};
        }
    }
    return n;
}

void sfu_find_options(struct sfu_sub *u, int64_t now_us)
{
    struct alloc_option o[ALLOC_OPTIONS];
    const struct sfu_pub *b = u->pub;
    unsigned n = 0;
    for (unsigned i = 0; i < b->n; i++) {
        if (b->in[i].begun && !is_stale(b, i, now_us))
            n += stream_options(&b->streams[i], i, o + n, ALLOC_OPTIONS - n);
    }
    alloc_line_options(&u->share, o, n);
}

/* What the least picture of the most important line costs. */
static double least_bps(struct alloc_line *const *lines, unsigned n)
{
    const struct alloc_line *best = NULL;
    for (unsigned i = 0; i < n; i++) {
        if (lines[i]->n > 0 && lines[i]->width != 0 &&
            (best == NULL || lines[i]->priority < best->priority))
            best = lines[i];
    }
    return best != NULL ? best->options[0].bps : 0;
}

/* Somebody to be seen at all is worth more than sound two or three times: so often it may go along beside that. */
static unsigned along_within(const struct sfu_peer *p, double bps, double least)
{
    unsigned along = p->down->along;
    while (along > 0 && sfu_sound_bps(p, along) + LEAST_ROOM * least > bps)
        along--;
    return along;
}

/* An estimate that has only begun is no reason to show nothing, nor is one that is hardly too low. */
static double may_take(const struct sfu_down *d, int64_t now_us, double sound_bps,
                       struct alloc_line *const *lines, unsigned n)
{
    double bps = bwe_bps(&d->bwe);
    double least = least_bps(lines, n);
    bool begins = d->begun_us == 0 || now_us - d->begun_us < TRUST_US;
    if ((begins && bps >= LESS * d->bwe.conf.start_bps) || bps * LEAST_SLACK >= sound_bps + least)
        return fmax(bps, sound_bps + LEAST_ROOM * least);
    return bps;
}

unsigned sfu_lost_down(const struct sfu_peer *p)
{
    const struct bwe *b = &p->down->bwe;
    return b->has_feedback ? (unsigned)(1000 * bwe_loss_share(&b->loss)) : p->loss_down;
}

/* What was lost is asked for on either way: here by the receiver, there by us. */
static void hold_back(struct sfu_sub *u, int64_t now_us)
{
    const struct sfu_peer *to = u->peer, *from = u->pub->peer;
    hold_update(&u->hold, now_us,
                hold_need_ms(sfu_lost_down(to), sfu_rtt_us(to)) +
                    hold_need_ms(from->lost_up, sfu_rtt_us(from)));
}

static void aim_all(struct sfu_peer *p)
{
    for (unsigned i = 0; i < p->n_subs; i++)
        sfu_aim(p->subs[i]);
}

void sfu_share(struct sfu_peer *p, int64_t now_us)
{
    struct sfu_down *d = p->down;
    struct alloc_line *lines[SFU_LINES_MAX];
    unsigned n = 0;
    if (d == NULL || transport_out(p->transport) == NULL)
        return;
    for (unsigned i = 0; i < p->n_subs; i++) {
        struct sfu_sub *u = p->subs[i];
        if (u->pub == NULL || !u->open || !u->is_video || n == SFU_LINES_MAX)
            continue;
        sfu_find_options(u, now_us);
        hold_back(u, now_us);
        lines[n++] = &u->share;
    }
    /* What helps against losses need not fit into what is only low because of them. */
    unsigned counted = along_within(p, bwe_bps(&d->bwe), least_bps(lines, n));
    d->along = (uint8_t)along_within(p, bwe_delay_bps(&d->bwe), least_bps(lines, n));
    double sound_bps = sfu_sound_bps(p, counted);
    struct alloc before = d->alloc;
    d->share_us = now_us + SHARE_EVERY_US;
    d->shared_bps = bwe_bps(&d->bwe);
    alloc_run(&d->alloc, now_us, may_take(d, now_us, sound_bps, lines, n), sound_bps, lines, n);
    d->wanted_bps = alloc_wanted(&d->alloc, sfu_sound_bps(p, d->guard), lines, n);
    bwe_want(&d->bwe, d->wanted_bps);
    p->room->stats.raised += d->alloc.raised - before.raised;
    p->room->stats.lowered += d->alloc.lowered - before.lowered;
    aim_all(p);
}

void sfu_ask_keys(struct sfu_peer *p, int64_t now_us)
{
    for (unsigned i = 0; i < p->n_subs; i++)
        sfu_ask_key(p->subs[i], now_us);
}

/* ---- Leaving ---- */

static void note_left(struct sfu_sub *u, int64_t now_us, uint16_t seq)
{
    if (rtp_seq_diff(seq, u->left) > 0)
        u->left = seq;
    if (u->peer->down->begun_us == 0)
        u->peer->down->begun_us = now_us;
}

/* It has to wait. */
bool sfu_queue(struct sfu_sub *u, int64_t now_us, enum pacer_class c, uint16_t seq, unsigned size)
{
    struct sfu_peer *p = u->peer;
    struct pacer_entry e = {
        .sub = u->at, .seq = seq, .size = (uint16_t)size, .flags = c == PACER_AGAIN ? IS_AGAIN : 0};
    bool first = pacer_is_empty(&p->down->pacer);
    bool ok = pacer_push(&p->down->pacer, now_us, c, &e);
    p->room->stats.waited += ok;
    p->room->stats.too_late += !ok;
    if (first)
        sfu_set_timer(p);
    return ok;
}

static void send_one(struct sfu_sub *u, int64_t now_us, const struct sub_out *o,
                     const struct rtp *r, const uint8_t *packet, uint8_t cluster)
{
    if (u->is_video)
        sfu_send(u, now_us, o, r, packet, cluster);
    else
        sfu_send_sound(u, now_us, o, r, packet);
    note_left(u, now_us, o->seq);
}

void sfu_leave(struct sfu_sub *u, int64_t now_us, const struct sub_out *o, const struct rtp *r,
               const uint8_t *packet, bool is_kept)
{
    enum pacer_class c = u->is_video ? PACER_PICTURE : PACER_SOUND;
    unsigned size = (unsigned)r->size + SFU_OVERHEAD;
    uint8_t cluster;
    if (!pacer_pass(&u->peer->down->pacer, now_us, c, size, &cluster)) {
        if (is_kept)
            sfu_queue(u, now_us, c, o->seq, size);
        else
            u->peer->room->stats.too_late++;
        sfu_keep_longer(&u->pub->streams[o->stream]);
        return;
    }
    send_one(u, now_us, o, r, packet, cluster);
}

static void send_entry(struct sfu_peer *p, int64_t now_us, const struct pacer_entry *e,
                       uint8_t cluster)
{
    struct sfu_sub *u = p->subs[e->sub];
    const struct sub_sent *from = sub_at(&u->sub, e->seq);
    struct sub_out o;
    struct rtp r;
    if (e->flags & IS_AGAIN) {
        sfu_send_again(u, now_us, e->seq, cluster);
        return;
    }
    const struct pktcache_packet *c = from != NULL ? sfu_find_sent(u, from, e->seq, &r, &o) : NULL;
    if (c != NULL) {
        send_one(u, now_us, &o, &r, c->p, cluster);
    } else {
        p->room->stats.too_late++;
        note_left(u, now_us, e->seq);
    }
}

/* ---- Probes ---- */

/* A packet that left lately once more: whoever has lost it is helped. */
static size_t repeat(struct sfu_sub *u, int64_t now_us, uint8_t cluster)
{
    struct sfu_down *d = u->peer->down;
    if (u->sub.current == SUB_NONE)
        return 0;
    return sfu_repeat(u, now_us, (uint16_t)(u->left - d->pads++ % PADS_BACK), cluster);
}

static uint8_t rtx_of(const struct sfu_sub *u)
{
    for (unsigned c = 0; c < CODECS; c++) {
        if (u->rtx_pt[c] <= 127)
            return u->rtx_pt[c];
    }
    return 255;
}

/* Padding only: under numbers of RTX, or of the line's own if there is none and nothing waits or is missing. */
static size_t pad_line(struct sfu_sub *u, int64_t now_us, unsigned size, uint8_t cluster)
{
    uint8_t pt = rtx_of(u);
    struct sub_out o = {.ssrc = u->sub.conf.rtx_ssrc, .timestamp = u->sub.out_timestamp, .pt = pt};
    if (pt <= 127 && u->sub.conf.rtx_ssrc != 0) {
        o.seq = u->sub.rtx_seq++;
    } else {
        if (u->pub == NULL || u->sub.current == SUB_NONE ||
            u->left != (uint16_t)u->sub.out_highest || u->pub->in[u->sub.current].n_missing > 0 ||
            !sub_pad(&u->sub, &o))
            return 0;
        u->left = o.seq;
    }
    return sfu_send_padding(u, now_us, &o, (uint8_t)MIN_OF(size, 255u), cluster);
}

static size_t pad_by(struct sfu_sub *u, int64_t now_us, unsigned size, uint8_t cluster)
{
    size_t n = repeat(u, now_us, cluster);
    return n > 0 ? n : pad_line(u, now_us, size, cluster);
}

/* By the line that could the last time, else by the next one. */
static void pad(struct sfu_peer *p, int64_t now_us, unsigned size, uint8_t cluster)
{
    struct sfu_down *d = p->down;
    for (unsigned i = 0; i < p->n_subs; i++) {
        struct sfu_sub *u = p->subs[d->pad_at % p->n_subs];
        size_t n = u->is_video && u->open ? pad_by(u, now_us, size, cluster) : 0;
        if (n > 0) {
            p->room->stats.padding++;
            p->room->stats.padding_bytes += n;
            if (n > size)
                pacer_spent_more(&d->pacer, (unsigned)(n - size));
            return;
        }
        d->pad_at = (uint16_t)((d->pad_at + 1) % p->n_subs);
    }
}

/* ---- Time, and what is heard ---- */

/* Too many pictures wait: those of what is given up go. */
static void relieve(struct sfu_peer *p, int64_t now_us)
{
    sfu_share(p, now_us);
    for (unsigned i = 0; i < p->n_subs; i++) {
        struct sfu_sub *u = p->subs[i];
        if (u->is_video && u->lowered && sub_waits(&u->sub)) {
            int target = u->sub.target;
            sfu_stop(u);
            sub_aim(&u->sub, target, u->sub.spatial_target, u->sub.temporal_target);
        }
    }
    sfu_ask_keys(p, now_us);
}

static void drain(struct sfu_peer *p, int64_t now_us)
{
    struct pacer_entry e;
    uint8_t cluster;
    enum pacer_verdict v;
    while ((v = pacer_pop(&p->down->pacer, now_us, &e, &cluster)) != PACER_NOTHING) {
        if (v == PACER_PAD)
            pad(p, now_us, e.size, cluster);
        else
            send_entry(p, now_us, &e, cluster);
    }
    if (pacer_late(&p->down->pacer))
        relieve(p, now_us);
}

/* A probe has found more. At the beginning each one finds more, and everything comes up at once. */
static void take_found(struct sfu_peer *p, int64_t now_us)
{
    alloc_confirm(&p->down->alloc, now_us);
    if (now_us - p->down->begun_us > HURRY_US)
        return;
    for (unsigned i = 0; i < p->n_subs; i++)
        alloc_line_hurry(&p->subs[i]->share);
}

void sfu_down_told(struct sfu_peer *p, int64_t now_us)
{
    struct sfu_down *d = p->down;
    bool found = d->bwe.probes.found_us != d->found_us;
    d->is_told = true;
    set_pace(d, now_us);
    if (found)
        take_found(p, now_us);
    d->found_us = d->bwe.probes.found_us;
    if (!found && bwe_bps(&d->bwe) > LESS * d->shared_bps)
        return;
    sfu_share(p, now_us);
    sfu_ask_keys(p, now_us);
}

/* It said that it would tell of each packet, and reports only: then the estimate is what reports make of it. */
static void doubt(struct sfu_peer *p, int64_t now_us)
{
    struct sfu_down *d = p->down;
    if (!p->tells || !d->is_told || d->bwe.has_feedback || now_us - d->begun_us < TRUST_US)
        return;
    p->tells = false;
    struct bwe_conf c = bwe_conf(p);
    bwe_free(&d->bwe);
    bwe_init(&d->bwe, now_us, &c);
    set_pace(d, now_us);
}

/* Whatever is asked for again has left within the last MEMORY_US. */
static void remember_enough(struct sfu_peer *p)
{
    unsigned looks = MEMORY_US / SHARE_EVERY_US * (sfu_rtt_us(p) > FAR_US ? 2 : 1);
    for (unsigned i = 0; i < p->n_subs; i++) {
        struct sfu_sub *u = p->subs[i];
        sub_grow(&u->sub, (unsigned)(u->sub.packets - u->packets) * looks);
        u->packets = u->sub.packets;
    }
}

void sfu_down_tick(struct sfu_peer *p, int64_t now_us)
{
    struct sfu_down *d = p->down;
    struct bwe_cluster c;
    if (d == NULL || transport_out(p->transport) == NULL)
        return;
    if (p->tells && now_us >= bwe_deadline(&d->bwe)) {
        bwe_tick(&d->bwe, now_us);
        while (bwe_probe(&d->bwe, now_us, &c))
            pacer_probe(&d->pacer, now_us, &c);
        set_pace(d, now_us);
    }
    if (now_us >= d->share_us) {
        remember_enough(p);
        doubt(p, now_us);
        sfu_guard(p, now_us);
        sfu_share(p, now_us);
        sfu_ask_keys(p, now_us);
    }
    drain(p, now_us);
}

int64_t sfu_down_due(const struct sfu_peer *p)
{
    const struct sfu_down *d = p->down;
    if (d == NULL || p->n_subs == 0)
        return INT64_MAX;
    int64_t at = MIN_OF(pacer_deadline(&d->pacer), d->share_us);
    return p->tells ? MIN_OF(at, bwe_deadline(&d->bwe)) : at;
}
