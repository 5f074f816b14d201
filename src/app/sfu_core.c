#include "app/sfu_core.h"

#include <string.h>

#include "app/sfu_core_int.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/util.h"
#include "base/version.h"
#include "io/dtls_media.h"

enum { ANEW_AFTER = REC_SIZE_MIN / 4 };

/* ---- Outputs on their way to the worker ---- */

static void on_send(void *ctx, const struct tuple *to, const struct datagram *d, unsigned flags)
{
    struct sfu_core *c = ctx;
    rec_hash_add(&c->hash, SFU_OUT_SEND, to, sizeof *to);
    rec_hash_add(&c->hash, flags, d->data, d->ndata);
    c->ops.send(c->ops.ctx, to, d, flags);
}

/* When there is too much to be sent is the SFU's own doing; nothing of it is seen from outside. */
static void on_flush(void *ctx)
{
    struct sfu_core *c = ctx;
    c->ops.flush(c->ops.ctx);
}

static void on_dtls(void *ctx, uint64_t peer, const uint8_t *p, size_t n)
{
    struct sfu_core *c = ctx;
    rec_hash_add(&c->hash, SFU_OUT_DTLS + (peer << 8), p, n);
    c->ops.dtls(c->ops.ctx, peer, p, n);
}

static void on_dtls_end(void *ctx, uint64_t peer)
{
    struct sfu_core *c = ctx;
    rec_hash_add(&c->hash, SFU_OUT_DTLS_END, &peer, sizeof peer);
    c->ops.dtls_end(c->ops.ctx, peer);
}

static void on_path(void *ctx, const struct tuple *at, bool is_ours)
{
    struct sfu_core *c = ctx;
    rec_hash_add(&c->hash, SFU_OUT_PATH + ((uint64_t)is_ours << 8), at, sizeof *at);
    c->ops.path(c->ops.ctx, at, is_ours);
}

static void on_answer(void *ctx, uint64_t room, uint64_t peer, struct str sdp)
{
    struct sfu_core *c = ctx;
    rec_hash_add(&c->hash, SFU_OUT_ANSWER + (peer << 8), sdp.p, sdp.n);
    c->ops.answer(c->ops.ctx, room, peer, sdp);
}

static void on_refused(void *ctx, uint64_t room, uint64_t peer, enum sfu_refusal why)
{
    struct sfu_core *c = ctx;
    rec_hash_add(&c->hash, SFU_OUT_REFUSED + ((uint64_t)why << 8), &peer, sizeof peer);
    c->ops.refused(c->ops.ctx, room, peer, why);
}

static void on_track(void *ctx, uint64_t room, const struct sfu_track *t, bool is_there)
{
    struct sfu_core *c = ctx;
    uint64_t all[] = {t->id, t->peer, t->kind, t->codec, t->streams, is_there};
    rec_hash_add(&c->hash, SFU_OUT_TRACK, all, sizeof all);
    c->ops.track(c->ops.ctx, room, t, is_there);
}

static void on_speaker(void *ctx, uint64_t room, uint64_t peer, uint64_t track)
{
    struct sfu_core *c = ctx;
    uint64_t all[] = {room, peer, track};
    rec_hash_add(&c->hash, SFU_OUT_SPEAKER, all, sizeof all);
    c->ops.speaker(c->ops.ctx, room, peer, track);
}

static void on_state(void *ctx, uint64_t room, uint64_t peer, enum transport_state s,
                     enum transport_end why)
{
    struct sfu_core *c = ctx;
    uint64_t all[] = {room, peer, s, why};
    rec_hash_add(&c->hash, SFU_OUT_STATE, all, sizeof all);
    c->ops.state(c->ops.ctx, room, peer, s, why);
}

static const struct sfu_ops hashed = {.send = on_send,
                                      .flush = on_flush,
                                      .dtls = on_dtls,
                                      .dtls_end = on_dtls_end,
                                      .path = on_path,
                                      .answer = on_answer,
                                      .refused = on_refused,
                                      .track = on_track,
                                      .speaker = on_speaker,
                                      .state = on_state};

/* ---- Life ---- */

void sfu_core_build(struct sfu_core *c)
{
    sfu_ops_complete(&c->ops);
    struct sfu_ops ops = c->hashing ? hashed : c->ops;
    if (c->hashing)
        ops.ctx = c;
    c->sfu = sfu_new(&c->conf, &ops);
    sfu_wall(c->sfu, c->wall_offset_us);
}

static void checkpoint(struct sfu_core *c, int64_t now_us)
{
    struct sfu_rec_start s;
    struct buf b;
    if (c->rec == NULL)
        return;
    memset(&s, 0, sizeof s);
    memcpy(&s.conf, &c->conf, sizeof s.conf);
    s.wall_offset_us = c->wall_offset_us;
    buf_init(&b, sizeof s + 256);
    buf_put_str(&b, str_from(madang_version()));
    buf_u8(&b, 0);
    buf_put(&b, &s, sizeof s);
    rec_checkpoint(c->rec, c->id, now_us, buf_data(&b), buf_len(&b));
    memzero((void *)(uintptr_t)buf_data(&b), buf_len(&b));
    buf_free(&b);
    memzero(&s, sizeof s);
    c->recorded = 0;
}

struct sfu_core *sfu_core_new(const struct sfu_conf *conf, const struct sfu_ops *ops,
                              struct rec *rec, int64_t now_us)
{
    struct sfu_core *c = xcalloc(1, sizeof *c);
    memcpy(&c->conf, conf, sizeof c->conf); /* with its padding: it is written as bytes */
    c->ops = *ops;
    c->id = (uint16_t)(SFU_CORE_FIRST + conf->worker);
    c->rec = c->id <= SFU_CORE_LAST ? rec : NULL;
    c->hashing = c->rec != NULL;
    sfu_core_build(c);
    checkpoint(c, now_us);
    return c;
}

void sfu_core_free(struct sfu_core *c)
{
    if (c == NULL)
        return;
    sfu_free(c->sfu);
    rec_core_end(c->rec, c->id);
    memzero(c, sizeof *c);
    xfree(c);
}

struct sfu *sfu_core_sfu(const struct sfu_core *c)
{
    return c->sfu;
}

void sfu_core_stats(const struct sfu_core *c, struct sfu_stats *out)
{
    *out = c->before;
    sfu_stats_add(out, sfu_stats(c->sfu));
}

/* ---- Recording ---- */

/* A ring that is full goes on after the next checkpoint. */
static void begin_anew(struct sfu_core *c, int64_t now_us)
{
    const struct sfu_stats *s = sfu_stats(c->sfu);
    if (s->rooms > 0)
        return;
    rec_put_hash(c->rec, c->id, now_us, &c->hash);
    sfu_stats_add(&c->before, s);
    sfu_free(c->sfu);
    random_bytes(c->conf.seed, sizeof c->conf.seed);
    sfu_core_build(c);
    checkpoint(c, now_us);
}

static void put(struct sfu_core *c, int64_t now_us, enum sfu_record_kind kind, const void *head,
                size_t nhead, const void *p, size_t n)
{
    if (c->rec == NULL)
        return;
    if (kind == SFU_REC_OPEN && c->recorded >= ANEW_AFTER)
        begin_anew(c, now_us);
    c->recorded += nhead + n;
    rec_put2(c->rec, (uint16_t)kind, c->id, now_us, head, nhead, p, n);
}

static void put_id(struct sfu_core *c, int64_t now_us, enum sfu_record_kind kind, uint64_t id)
{
    put(c, now_us, kind, &id, sizeof id, NULL, 0);
}

static void put_two(struct sfu_core *c, int64_t now_us, enum sfu_record_kind kind, uint64_t id,
                    uint64_t what)
{
    struct sfu_rec_two two = {id, what};
    put(c, now_us, kind, &two, sizeof two, NULL, 0);
}

/* ---- Settings ---- */

void sfu_core_fingerprint(struct sfu_core *c, int64_t now_us, const char *text)
{
    put(c, now_us, SFU_REC_FINGERPRINT, NULL, 0, text, strlen(text));
    str_copy(str_from(text), c->conf.fingerprint, sizeof c->conf.fingerprint);
    sfu_fingerprint(c->sfu, text);
}

void sfu_core_candidates(struct sfu_core *c, int64_t now_us, const struct sdp_candidate *at,
                         unsigned n)
{
    put(c, now_us, SFU_REC_AT, NULL, 0, at, n * sizeof *at);
    c->conf.n_candidates = MIN_OF(n, (unsigned)SDP_CANDIDATES_MAX);
    memcpy(c->conf.candidates, at, c->conf.n_candidates * sizeof *at);
    sfu_candidates(c->sfu, at, n);
}

void sfu_core_wall(struct sfu_core *c, int64_t now_us, int64_t wall_offset_us)
{
    put(c, now_us, SFU_REC_WALL, NULL, 0, &wall_offset_us, sizeof wall_offset_us);
    c->wall_offset_us = wall_offset_us;
    sfu_wall(c->sfu, wall_offset_us);
}

/* ---- Commands ---- */

bool sfu_core_room_open(struct sfu_core *c, int64_t now_us, uint64_t room)
{
    put_id(c, now_us, SFU_REC_OPEN, room);
    return sfu_room_open(c->sfu, room);
}

void sfu_core_room_close(struct sfu_core *c, int64_t now_us, uint64_t room)
{
    put_id(c, now_us, SFU_REC_CLOSE, room);
    sfu_room_close(c->sfu, room);
}

static void put_mid(struct buf *b, struct str mid)
{
    buf_u8(b, (uint8_t)MIN_OF(mid.n, (size_t)255));
    buf_put(b, mid.p, MIN_OF(mid.n, (size_t)255));
}

static void put_offer(struct sfu_core *c, int64_t now_us, const struct sfu_offer *o)
{
    struct sfu_rec_offer head = {o->room, o->peer, o->rights, o->n_lines};
    struct buf b;
    if (c->rec == NULL)
        return;
    buf_init(&b, REC_DATA_MAX);
    for (unsigned i = 0; i < o->n_lines; i++) {
        buf_u64(&b, o->lines[i].track);
        buf_u8(&b, (uint8_t)o->lines[i].kind);
        put_mid(&b, o->lines[i].mid);
    }
    buf_put_str(&b, o->sdp);
    put(c, now_us, SFU_REC_OFFER, &head, sizeof head, buf_data(&b), buf_len(&b));
    buf_free(&b);
}

void sfu_core_offer(struct sfu_core *c, int64_t now_us, const struct sfu_offer *o)
{
    put_offer(c, now_us, o);
    sfu_offer(c->sfu, now_us, o);
}

void sfu_core_peer_close(struct sfu_core *c, int64_t now_us, uint64_t peer)
{
    put_id(c, now_us, SFU_REC_LEAVE, peer);
    sfu_peer_close(c->sfu, peer);
}

static void put_wishes(struct sfu_core *c, int64_t now_us, uint64_t peer, const struct sfu_wish *w,
                       unsigned n)
{
    struct buf b;
    if (c->rec == NULL)
        return;
    buf_init(&b, REC_DATA_MAX);
    for (unsigned i = 0; i < n; i++) {
        buf_u64(&b, w[i].track);
        buf_u16(&b, w[i].width);
        buf_u16(&b, w[i].height);
        buf_u8(&b, (uint8_t)w[i].priority);
        put_mid(&b, w[i].mid);
    }
    put(c, now_us, SFU_REC_WISH, &peer, sizeof peer, buf_data(&b), buf_len(&b));
    buf_free(&b);
}

void sfu_core_wish(struct sfu_core *c, int64_t now_us, uint64_t peer, const struct sfu_wish *w,
                   unsigned n)
{
    put_wishes(c, now_us, peer, w, n);
    sfu_wish(c->sfu, now_us, peer, w, n);
}

bool sfu_core_record(struct sfu_core *c, int64_t now_us, uint64_t room, sfu_record_fn *fn,
                     void *ctx)
{
    put_two(c, now_us, SFU_REC_RECORD, room, fn != NULL);
    return sfu_record(c->sfu, now_us, room, fn, ctx);
}

void sfu_core_agree(struct sfu_core *c, int64_t now_us, uint64_t peer, bool on)
{
    put_two(c, now_us, SFU_REC_AGREE, peer, on);
    sfu_agree(c->sfu, now_us, peer, on);
}

void sfu_core_key(struct sfu_core *c, int64_t now_us, uint64_t track, unsigned stream)
{
    put_two(c, now_us, SFU_REC_KEY, track, stream);
    sfu_key(c->sfu, now_us, track, stream);
}

void sfu_core_mute(struct sfu_core *c, int64_t now_us, uint64_t track, bool on)
{
    put_two(c, now_us, SFU_REC_MUTE, track, on);
    sfu_mute(c->sfu, now_us, track, on);
}

/* ---- Packets ---- */

bool sfu_core_stun(struct sfu_core *c, int64_t now_us, const struct tuple *from,
                   const struct stun_msg *m, const uint8_t *p, size_t n)
{
    put(c, now_us, SFU_REC_STUN, from, sizeof *from, p, n);
    return sfu_stun(c->sfu, now_us, from, m);
}

void sfu_core_came(struct sfu_core *c, int64_t came_us)
{
    c->came_us = came_us; /* written down with what came */
    sfu_came(c->sfu, came_us);
}

bool sfu_core_input(struct sfu_core *c, int64_t now_us, const struct tuple *from, uint8_t *p,
                    size_t len, size_t seg)
{
    if (c->rec != NULL) {
        struct sfu_rec_train head = {*from, seg, c->came_us};
        if (!sfu_knows(c->sfu, from)) /* the port gets other things, too */
            return false;
        put(c, now_us, SFU_REC_TRAIN, &head, sizeof head, p, len); /* it is opened in place */
    }
    return sfu_input(c->sfu, now_us, from, p, len, seg);
}

void sfu_core_hangup(struct sfu_core *c, int64_t now_us, const struct tuple *who)
{
    put(c, now_us, SFU_REC_HANGUP, who, sizeof *who, NULL, 0);
    sfu_hangup(c->sfu, who);
}

void sfu_core_dtls_send(struct sfu_core *c, int64_t now_us, uint64_t peer, const uint8_t *p,
                        size_t n)
{
    put(c, now_us, SFU_REC_DTLS, &peer, sizeof peer, p, n);
    sfu_dtls_send(c->sfu, peer, p, n);
}

void sfu_core_dtls_done(struct sfu_core *c, int64_t now_us, uint64_t peer,
                        enum srtp_profile profile, const uint8_t *material,
                        const uint8_t *fingerprint, size_t fingerprint_n)
{
    if (c->rec != NULL) {
        struct sfu_rec_keys k = {
            .peer = peer, .profile = profile, .fingerprint_n = (uint32_t)fingerprint_n};
        memcpy(k.material, material, DTLS_KEYING_MAX);
        memcpy(k.fingerprint, fingerprint, MIN_OF(fingerprint_n, sizeof k.fingerprint));
        put(c, now_us, SFU_REC_KEYS, &k, sizeof k, NULL, 0);
        memzero(&k, sizeof k);
    }
    sfu_dtls_done(c->sfu, peer, profile, material, fingerprint, fingerprint_n);
}

void sfu_core_dtls_failed(struct sfu_core *c, int64_t now_us, uint64_t peer)
{
    put_id(c, now_us, SFU_REC_FAILED, peer);
    sfu_dtls_failed(c->sfu, peer);
}

void sfu_core_tick(struct sfu_core *c, int64_t now_us)
{
    put(c, now_us, SFU_REC_TICK, NULL, 0, NULL, 0);
    sfu_tick(c->sfu, now_us);
}

void sfu_core_flushed(struct sfu_core *c, int64_t now_us)
{
    if (c->rec != NULL) {
        rec_put_hash(c->rec, c->id, now_us, &c->hash);
        put(c, now_us, SFU_REC_FLUSHED, NULL, 0, NULL, 0);
    }
    sfu_flushed(c->sfu);
}
