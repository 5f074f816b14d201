/* Rooms, peers, and who gets which packet. */
#include "media/sfu_int.h"

#include <string.h>

#include "base/util.h"

enum { CACHE_BYTES = 64 << 20, OUT_BYTES = 1 << 20, ROOMS = 1024, PEERS = 4096, SUBSCRIBED = 100 };

static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* as ids have them */

static const char *const refusals[SFU_REFUSALS] = {"bad_offer", "no_media", "full", "unknown_peer"};

const char *sfu_refusal_name(enum sfu_refusal r)
{
    return (unsigned)r < SFU_REFUSALS ? refusals[r] : "unknown";
}

/* ---- Life ---- */

static void set_defaults(struct sfu_conf *c)
{
    static const enum codec best[SFU_PREFERENCES] = {CODEC_VP8, CODEC_H264, CODEC_VP9, CODEC_AV1};
    if (c->preference[0] == CODEC_NONE)
        memcpy(c->preference, best, sizeof best);
    c->cache_bytes = c->cache_bytes ? c->cache_bytes : CACHE_BYTES;
    c->out_bytes = c->out_bytes ? c->out_bytes : OUT_BYTES;
    c->max_rooms = c->max_rooms ? c->max_rooms : ROOMS;
    c->max_peers = c->max_peers ? c->max_peers : PEERS;
    c->max_subscribed = c->max_subscribed ? c->max_subscribed : SUBSCRIBED;
}

struct sfu *sfu_new(const struct sfu_conf *conf, const struct sfu_ops *ops)
{
    struct sfu *s = xcalloc(1, sizeof *s);
    s->conf = *conf;
    s->ops = *ops;
    sfu_ops_complete(&s->ops);
    set_defaults(&s->conf);
    rng_init(&s->rng, s->conf.seed);
    memzero(s->conf.seed, sizeof s->conf.seed);
    pktcache_memory_init(&s->memory, s->conf.cache_bytes);
    s->out = xmalloc(s->conf.out_bytes);
    return s;
}

void sfu_free(struct sfu *s)
{
    if (s == NULL)
        return;
    HMAP_FOREACH_SAFE(it, &s->rooms)
        sfu_room_close(s, container_of(it, struct sfu_room, node)->id);
    hmap_free(&s->rooms);
    hmap_free(&s->peers);
    hmap_free(&s->ufrags);
    hmap_free(&s->tracks);
    hmap_free(&s->paths);
    heap_free(&s->timers);
    pktcache_memory_free(&s->memory);
    xfree(s->out);
    memzero(s, sizeof *s);
    xfree(s);
}

void sfu_fingerprint(struct sfu *s, const char *text)
{
    str_copy(str_from(text), s->conf.fingerprint, sizeof s->conf.fingerprint);
}

void sfu_candidates(struct sfu *s, const struct sdp_candidate *c, unsigned n)
{
    s->conf.n_candidates = MIN_OF(n, (unsigned)SDP_CANDIDATES_MAX);
    memcpy(s->conf.candidates, c, s->conf.n_candidates * sizeof *c);
}

void sfu_wall(struct sfu *s, int64_t wall_offset_us)
{
    s->wall_offset_us = wall_offset_us;
}

uint64_t sfu_ntp(const struct sfu *s, int64_t now_us)
{
    return rtcp_ntp(MAX_OF(now_us + s->wall_offset_us, (int64_t)0));
}

/* ---- Finding ---- */

uint64_t sfu_hash_id(const struct sfu *s, uint64_t id)
{
    return hash_u64(&s->conf.hash, id);
}

struct sfu_room *sfu_find_room(const struct sfu *s, uint64_t id)
{
    struct hnode *n = hmap_first(&s->rooms, sfu_hash_id(s, id));
    while (n != NULL && container_of(n, struct sfu_room, node)->id != id)
        n = hmap_next_same(n);
    return n != NULL ? container_of(n, struct sfu_room, node) : NULL;
}

struct sfu_peer *sfu_find_peer(const struct sfu *s, uint64_t id)
{
    struct hnode *n = hmap_first(&s->peers, sfu_hash_id(s, id));
    while (n != NULL && container_of(n, struct sfu_peer, node)->id != id)
        n = hmap_next_same(n);
    return n != NULL ? container_of(n, struct sfu_peer, node) : NULL;
}

struct sfu_pub *sfu_find_track(const struct sfu *s, uint64_t id)
{
    struct hnode *n = hmap_first(&s->tracks, sfu_hash_id(s, id));
    while (n != NULL && container_of(n, struct sfu_pub, node)->id != id)
        n = hmap_next_same(n);
    return n != NULL ? container_of(n, struct sfu_pub, node) : NULL;
}

static struct sfu_peer *find_ufrag(const struct sfu *s, struct str ufrag)
{
    struct hnode *n = hmap_first(&s->ufrags, hash_str(&s->conf.hash, ufrag));
    for (; n != NULL; n = hmap_next_same(n)) {
        struct sfu_peer *p = container_of(n, struct sfu_peer, by_ufrag);
        if (str_eq(ufrag, str_from(p->ufrag)))
            return p;
    }
    return NULL;
}

static struct sfu_path *find_path(const struct sfu *s, const struct tuple *at)
{
    struct hnode *n = hmap_first(&s->paths, siphash24(&s->conf.hash, at, sizeof *at));
    for (; n != NULL; n = hmap_next_same(n)) {
        struct sfu_path *k = container_of(n, struct sfu_path, node);
        if (memcmp(&k->at, at, sizeof *at) == 0)
            return k;
    }
    return NULL;
}

/* ---- Rooms ---- */

bool sfu_room_open(struct sfu *s, uint64_t room)
{
    if (sfu_find_room(s, room) != NULL)
        return true;
    if (s->rooms.n == s->conf.max_rooms)
        return false;
    struct sfu_room *r = xcalloc(1, sizeof *r);
    r->id = room;
    list_init(&r->peers);
    list_init(&r->tracks);
    speakers_init(&r->speakers, SFU_SPEAKERS_MAX, s->conf.loudest);
    hmap_insert(&s->rooms, &r->node, sfu_hash_id(s, room));
    r->stats.rooms = 1;
    return true;
}

void sfu_room_close(struct sfu *s, uint64_t room)
{
    struct sfu_room *r = sfu_find_room(s, room);
    struct list *first;
    if (r == NULL)
        return;
    while ((first = list_first(&r->peers)) != NULL)
        sfu_peer_free(container_of(first, struct sfu_peer, in_room));
    hmap_remove(&s->rooms, &r->node);
    speakers_free(&r->speakers);
    r->stats.rooms = r->stats.estimate_bps = 0;
    sfu_stats_add(&s->gone, &r->stats);
    xfree(r);
}

/* ---- What a transport does ---- */

static void on_send(void *ctx, const struct tuple *to, const struct datagram *d, unsigned flags)
{
    struct sfu_peer *p = ctx;
    p->room->stats.out_packets++;
    p->room->stats.out_bytes += d->ndata;
    p->sfu->ops.send(p->sfu->ops.ctx, to, d, flags);
}

static void on_dtls(void *ctx, const uint8_t *bytes, size_t n)
{
    struct sfu_peer *p = ctx;
    p->sfu->ops.dtls(p->sfu->ops.ctx, p->id, bytes, n);
}

static void on_path(void *ctx, const struct tuple *at, bool is_ours)
{
    struct sfu_peer *p = ctx;
    struct sfu *s = p->sfu;
    struct sfu_path *k = find_path(s, at);
    s->last = NULL;
    if (is_ours && k == NULL) {
        k = xcalloc(1, sizeof *k);
        k->at = *at;
        hmap_insert(&s->paths, &k->node, siphash24(&s->conf.hash, at, sizeof *at));
    }
    /* Another peer may have come by the same path meanwhile: the newest check has it. */
    if (is_ours) {
        k->peer = p;
    } else if (k != NULL && k->peer == p) {
        hmap_remove(&s->paths, &k->node);
        xfree(k);
    }
    s->ops.path(s->ops.ctx, at, is_ours);
}

static void on_rtp(void *ctx, int64_t now_us, uint8_t *bytes, size_t n)
{
    sfu_take_rtp(ctx, now_us, bytes, n);
}

static void on_rtcp(void *ctx, int64_t now_us, const uint8_t *bytes, size_t n)
{
    sfu_take_rtcp(ctx, now_us, bytes, n);
}

static void on_state(void *ctx, enum transport_state state)
{
    struct sfu_peer *p = ctx;
    struct sfu *s = p->sfu;
    if (state == TRANSPORT_ENDED) {
        p->ended = true; /* put away when nobody stands on it */
    } else if (state == TRANSPORT_OPEN) {
        sfu_opened(p);
        p->room->stats.opened++;
        s->ops.state(s->ops.ctx, p->room->id, p->id, state, TRANSPORT_ENDS);
    }
}

const struct transport_ops sfu_transport_ops = {on_send, on_dtls, on_path,
                                                on_rtp,  on_rtcp, on_state};

/* ---- Peers ---- */

static void random_text(struct sfu *s, char *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        to[i] = letters[rng_below(&s->rng, 32)];
    to[n] = '\0';
}

void sfu_new_credentials(struct sfu_peer *p)
{
    struct sfu *s = p->sfu;
    if (p->ufrag[0] != '\0')
        hmap_remove(&s->ufrags, &p->by_ufrag);
    do {
        random_text(s, p->ufrag, SFU_UFRAG);
        p->ufrag[0] = letters[s->conf.worker >> 5 & 31];
        p->ufrag[1] = letters[s->conf.worker & 31];
    } while (find_ufrag(s, str_from(p->ufrag)) != NULL);
    random_text(s, p->pwd, ICE_LOCAL_PWD);
    hmap_insert(&s->ufrags, &p->by_ufrag, hash_str(&s->conf.hash, str_from(p->ufrag)));
}

static struct transport *make_transport(struct sfu_peer *p, int64_t now_us, const struct sdp *sdp)
{
    struct transport_conf c = {
        .ufrag = str_from(p->ufrag),
        .pwd = str_from(p->pwd),
        .remote_ufrag = sdp->ufrag,
        .fingerprint_n = sdp->fingerprint_n,
        .fingerprint_hash = sdp->hash,
        .in_streams = SFU_SPARE_SSRCS,
        .out_streams = 2 * p->sfu->conf.max_subscribed + 1,
    };
    memcpy(c.fingerprint, sdp->fingerprint, MIN_OF(sdp->fingerprint_n, sizeof c.fingerprint));
    return transport_new(&c, &sfu_transport_ops, p, now_us);
}

struct sfu_peer *sfu_peer_new(struct sfu *s, int64_t now_us, const struct sfu_offer *o,
                              const struct sdp *sdp)
{
    struct sfu_room *room = sfu_find_room(s, o->room);
    if (room == NULL || s->peers.n == s->conf.max_peers)
        return NULL;
    struct sfu_peer *p = xcalloc(1, sizeof *p);
    p->sfu = s;
    p->id = o->peer;
    p->room = room;
    p->rtt_us = SFU_RTT_US;
    p->remb_bps = SFU_REMB_BPS;
    p->twcc_highest = -1;
    p->own_ssrc = (uint32_t)rng_u64(&s->rng);
    random_text(s, p->cname, sizeof p->cname - 1);
    sfu_new_credentials(p);
    p->transport = make_transport(p, now_us, sdp);
    list_push_back(&room->peers, &p->in_room);
    hmap_insert(&s->peers, &p->node, sfu_hash_id(s, p->id));
    room->stats.peers++;
    return p;
}

void sfu_peer_free(struct sfu_peer *p)
{
    struct sfu *s = p->sfu;
    s->last = NULL;
    while (p->n_subs > 0)
        sfu_sub_free(p->subs[p->n_subs - 1]);
    while (p->n_pubs > 0)
        sfu_pub_free(p->pubs[p->n_pubs - 1]);
    transport_free(p->transport);
    s->ops.dtls_end(s->ops.ctx, p->id);
    heap_del(&s->timers, &p->timer);
    hmap_remove(&s->ufrags, &p->by_ufrag);
    hmap_remove(&s->peers, &p->node);
    list_del(&p->in_room);
    sfu_count_way(p, NULL);
    p->room->stats.peers--;
    sfu_down_close(p);
    xfree(p->subs);
    xfree(p->arrivals);
    memzero(p, sizeof *p);
    xfree(p);
}

void sfu_peer_close(struct sfu *s, uint64_t peer)
{
    struct sfu_peer *p = sfu_find_peer(s, peer);
    if (p != NULL)
        sfu_peer_free(p);
}

/* After whatever a transport was given: it may have ended. */
static void settle(struct sfu_peer *p)
{
    struct sfu *s = p->sfu;
    if (!p->ended) {
        sfu_count_way(p, ice_lite_selected(transport_ice(p->transport)));
        sfu_set_timer(p);
        return;
    }
    uint64_t room = p->room->id, peer = p->id;
    enum transport_end why = transport_why(p->transport);
    p->room->stats.ended[why]++;
    sfu_peer_free(p);
    s->ops.state(s->ops.ctx, room, peer, TRANSPORT_ENDED, why);
}

/* ---- DTLS ---- */

void sfu_dtls_send(struct sfu *s, uint64_t peer, const uint8_t *p, size_t n)
{
    struct sfu_peer *who = sfu_find_peer(s, peer);
    if (who != NULL)
        transport_dtls_send(who->transport, p, n);
}

void sfu_dtls_done(struct sfu *s, uint64_t peer, enum srtp_profile profile, const uint8_t *material,
                   const uint8_t *fingerprint, size_t fingerprint_n)
{
    struct sfu_peer *who = sfu_find_peer(s, peer);
    if (who == NULL)
        return;
    transport_dtls_done(who->transport, profile, material, fingerprint, fingerprint_n);
    settle(who);
}

void sfu_dtls_failed(struct sfu *s, uint64_t peer)
{
    struct sfu_peer *who = sfu_find_peer(s, peer);
    if (who == NULL)
        return;
    transport_dtls_failed(who->transport);
    settle(who);
}

bool sfu_dtls_waits(const struct sfu *s, uint64_t peer)
{
    const struct sfu_peer *who = sfu_find_peer(s, peer);
    return who != NULL && transport_state(who->transport) == TRANSPORT_SHAKING;
}

enum sdp_hash sfu_dtls_hash(const struct sfu *s, uint64_t peer)
{
    const struct sfu_peer *who = sfu_find_peer(s, peer);
    return who != NULL ? (enum sdp_hash)transport_fingerprint_hash(who->transport) : SDP_SHA256;
}

/* ---- Packets ---- */

bool sfu_is_for(struct str ufrag, unsigned *worker)
{
    if (ufrag.n != SFU_UFRAG)
        return false;
    const char *high = memchr(letters, ufrag.p[0], 32), *low = memchr(letters, ufrag.p[1], 32);
    if (high == NULL || low == NULL)
        return false;
    *worker = (unsigned)((high - letters) << 5 | (low - letters));
    return true;
}

bool sfu_knows(const struct sfu *s, const struct tuple *from)
{
    return find_path(s, from) != NULL;
}

bool sfu_stun(struct sfu *s, int64_t now_us, const struct tuple *from, const struct stun_msg *m)
{
    struct str ufrag;
    struct sfu_peer *p = ice_lite_name(m, &ufrag) ? find_ufrag(s, ufrag) : NULL;
    if (p == NULL) { /* with the name of before an ICE restart */
        struct sfu_path *k = find_path(s, from);
        p = k != NULL ? k->peer : NULL;
    }
    if (p == NULL)
        return false;
    bool is_new = transport_state(p->transport) == TRANSPORT_NEW;
    transport_stun(p->transport, now_us, from, m);
    if (is_new && transport_state(p->transport) == TRANSPORT_CHECKED)
        sfu_call_ahead(p, now_us);
    settle(p);
    return true;
}

static struct sfu_peer *peer_at(struct sfu *s, const struct tuple *from)
{
    if (s->last != NULL && memcmp(&s->last_at, from, sizeof *from) == 0)
        return s->last;
    struct sfu_path *k = find_path(s, from);
    s->last = k != NULL ? k->peer : NULL;
    s->last_at = *from;
    return s->last;
}

void sfu_came(struct sfu *s, int64_t came_us)
{
    s->came_us = came_us;
}

bool sfu_input(struct sfu *s, int64_t now_us, const struct tuple *from, uint8_t *p, size_t len,
               size_t seg)
{
    struct sfu_peer *peer = peer_at(s, from);
    if (peer == NULL)
        return false;
    transport_input(peer->transport, now_us, from, p, len, seg);
    settle(peer);
    return true;
}

void sfu_hangup(struct sfu *s, const struct tuple *who)
{
    struct sfu_path *k = find_path(s, who);
    struct sfu_peer *p = k != NULL ? k->peer : NULL;
    if (p == NULL)
        return;
    transport_hangup(p->transport, who);
    settle(p);
}

void sfu_flushed(struct sfu *s)
{
    s->out_n = 0;
}

/* ---- Time ---- */

void sfu_set_timer(struct sfu_peer *p)
{
    int64_t at = transport_deadline(p->transport);
    if (transport_state(p->transport) == TRANSPORT_OPEN)
        at = MIN_OF(MIN_OF(at, sfu_feedback_due(p)), sfu_down_due(p));
    if (!timer_is_set(&p->timer) || p->timer.at != at)
        heap_set(&p->sfu->timers, &p->timer, at);
}

void sfu_tick(struct sfu *s, int64_t now_us)
{
    struct timer *t;
    while ((t = heap_pop_due(&s->timers, now_us)) != NULL) {
        struct sfu_peer *p = container_of(t, struct sfu_peer, timer);
        transport_tick(p->transport, now_us);
        if (!p->ended) {
            sfu_down_tick(p, now_us);
            sfu_feed_back(p, now_us);
        }
        settle(p);
    }
}

int64_t sfu_deadline(const struct sfu *s)
{
    return heap_next_at(&s->timers);
}
