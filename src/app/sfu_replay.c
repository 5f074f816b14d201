/* The other half of app/sfu_core.c: an SFU that is fed from a recording. */
#include <stdio.h>
#include <string.h>

#include "app/sfu_core_int.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/util.h"
#include "base/version.h"

enum { LINES_MAX = SFU_LINES_MAX };

struct sfu_replay {
    struct sfu_core core;
    const char *wrong;
};

static void on_packet(void *ctx, uint64_t room, const struct rec_head *h, const uint8_t *payload)
{
    (void)ctx, (void)room, (void)h, (void)payload;
}

struct sfu_replay *sfu_replay_new(void)
{
    struct sfu_replay *r = xcalloc(1, sizeof *r);
    r->core.hashing = true; /* and nobody else wants to know what comes out */
    return r;
}

void sfu_replay_free(struct sfu_replay *r)
{
    if (r == NULL)
        return;
    sfu_free(r->core.sfu);
    memzero(r, sizeof *r);
    xfree(r);
}

/* ---- Feeding ---- */

static bool start(struct sfu_replay *r, const struct rec_record *rec)
{
    struct sfu_rec_start s;
    struct rd rd = rd_of(rec->data.p, rec->data.n);
    struct str version = rd_str(&rd, strlen(madang_version()));
    sfu_free(r->core.sfu);
    r->core.sfu = NULL;
    r->core.hash = (struct rec_hash){0};
    if (!str_eq(version, str_from(madang_version())) || rd_u8(&rd) != 0 || rd.n != sizeof s ||
        !rd_copy(&rd, &s, sizeof s))
        return false;
    memcpy(&r->core.conf, &s.conf, sizeof s.conf);
    r->core.wall_offset_us = s.wall_offset_us;
    memzero(&s, sizeof s);
    sfu_core_build(&r->core);
    return true;
}

static struct str get_mid(struct rd *rd)
{
    uint8_t n = rd_u8(rd);
    return rd_str(rd, n);
}

static void feed_offer(struct sfu *s, int64_t now, struct rd *rd)
{
    struct sfu_rec_offer head;
    struct sfu_line lines[LINES_MAX];
    if (!rd_copy(rd, &head, sizeof head) || head.n_lines > LINES_MAX) {
        rd->bad = true;
        return;
    }
    for (unsigned i = 0; i < head.n_lines; i++) {
        lines[i].track = rd_u64(rd);
        lines[i].kind = (enum sfu_kind)rd_u8(rd);
        lines[i].mid = get_mid(rd);
    }
    sfu_offer(s, now,
              &(struct sfu_offer){.room = head.room,
                                  .peer = head.peer,
                                  .rights = head.rights,
                                  .sdp = str_of((const char *)rd->p, rd->n),
                                  .lines = lines,
                                  .n_lines = head.n_lines});
}

static void feed_wishes(struct sfu *s, int64_t now, struct rd *rd)
{
    struct sfu_wish w[LINES_MAX];
    uint64_t peer = 0;
    unsigned n = 0;
    rd_copy(rd, &peer, sizeof peer);
    for (; rd->n > 0 && !rd->bad && n < LINES_MAX; n++) {
        w[n].track = rd_u64(rd);
        w[n].width = rd_u16(rd);
        w[n].height = rd_u16(rd);
        w[n].priority = (enum alloc_priority)rd_u8(rd);
        w[n].mid = get_mid(rd);
    }
    sfu_wish(s, now, peer, w, n);
}

static void feed_two(struct sfu_replay *r, const struct rec_record *rec, struct rd *rd)
{
    struct sfu_rec_two t;
    struct sfu *s = r->core.sfu;
    if (!rd_copy(rd, &t, sizeof t))
        return;
    switch (rec->kind) {
    case SFU_REC_RECORD: sfu_record(s, rec->time, t.id, t.what ? on_packet : NULL, NULL); break;
    case SFU_REC_KEY: sfu_key(s, rec->time, t.id, (unsigned)t.what); break;
    case SFU_REC_AGREE: sfu_agree(s, rec->time, t.id, t.what != 0); break;
    default: sfu_mute(s, rec->time, t.id, t.what != 0);
    }
}

static void feed_stun(struct sfu *s, int64_t now, struct rd *rd)
{
    struct tuple from;
    struct stun_msg m;
    if (rd_copy(rd, &from, sizeof from) && stun_parse(&m, rd->p, rd->n) == STUN_OK)
        sfu_stun(s, now, &from, &m);
}

static void feed_train(struct sfu *s, int64_t now, struct rd *rd)
{
    struct sfu_rec_train head;
    if (!rd_copy(rd, &head, sizeof head) || head.seg == 0)
        return;
    uint8_t *copy = xmalloc(rd->n + 1); /* the recording is not to be opened in place */
    size_t n = rd->n;
    memcpy(copy, rd->p, n);
    sfu_came(s, head.came_us);
    sfu_input(s, now, &head.from, copy, n, (size_t)head.seg);
    xfree(copy);
}

static void feed_keys(struct sfu *s, struct rd *rd)
{
    struct sfu_rec_keys k;
    if (rd_copy(rd, &k, sizeof k) && k.fingerprint_n <= sizeof k.fingerprint)
        sfu_dtls_done(s, k.peer, (enum srtp_profile)k.profile, k.material, k.fingerprint,
                      k.fingerprint_n);
    memzero(&k, sizeof k);
}

static void feed_dtls(struct sfu *s, struct rd *rd)
{
    uint64_t peer;
    if (rd_copy(rd, &peer, sizeof peer))
        sfu_dtls_send(s, peer, rd->p, rd->n);
}

static void feed_candidates(struct sfu *s, struct rd *rd)
{
    struct sdp_candidate at[SDP_CANDIDATES_MAX];
    unsigned n = (unsigned)MIN_OF(rd->n / sizeof at[0], ARRAY_LEN(at));
    if (rd_copy(rd, at, n * sizeof at[0]))
        sfu_candidates(s, at, n);
}

static void feed_text(struct sfu *s, struct rd *rd)
{
    char text[SFU_FINGERPRINT_TEXT + 1];
    if (str_copy(str_of((const char *)rd->p, rd->n), text, sizeof text))
        sfu_fingerprint(s, text);
}

static void feed_id(struct sfu *s, uint16_t kind, struct rd *rd)
{
    uint64_t id;
    if (!rd_copy(rd, &id, sizeof id))
        return;
    switch (kind) {
    case SFU_REC_WALL: sfu_wall(s, (int64_t)id); break;
    case SFU_REC_OPEN: sfu_room_open(s, id); break;
    case SFU_REC_CLOSE: sfu_room_close(s, id); break;
    case SFU_REC_LEAVE: sfu_peer_close(s, id); break;
    default: sfu_dtls_failed(s, id);
    }
}

static void feed_hangup(struct sfu *s, struct rd *rd)
{
    struct tuple who;
    if (rd_copy(rd, &who, sizeof who))
        sfu_hangup(s, &who);
}

static void feed(struct sfu_replay *r, const struct rec_record *rec)
{
    struct rd rd = rd_of(rec->data.p, rec->data.n);
    struct sfu *s = r->core.sfu;
    switch (rec->kind) {
    case SFU_REC_FINGERPRINT: feed_text(s, &rd); break;
    case SFU_REC_AT: feed_candidates(s, &rd); break;
    case SFU_REC_OFFER: feed_offer(s, rec->time, &rd); break;
    case SFU_REC_WISH: feed_wishes(s, rec->time, &rd); break;
    case SFU_REC_RECORD:
    case SFU_REC_KEY:
    case SFU_REC_AGREE:
    case SFU_REC_MUTE: feed_two(r, rec, &rd); break;
    case SFU_REC_STUN: feed_stun(s, rec->time, &rd); break;
    case SFU_REC_TRAIN: feed_train(s, rec->time, &rd); break;
    case SFU_REC_HANGUP: feed_hangup(s, &rd); break;
    case SFU_REC_DTLS: feed_dtls(s, &rd); break;
    case SFU_REC_KEYS: feed_keys(s, &rd); break;
    case SFU_REC_TICK: sfu_tick(s, rec->time); break;
    case SFU_REC_FLUSHED: sfu_flushed(s); break;
    default: feed_id(s, rec->kind, &rd);
    }
    if (rd.bad)
        r->wrong = "it is not whole";
}

bool sfu_replay_feed(struct sfu_replay *r, const struct rec_record *rec, char *why, size_t why_n)
{
    r->wrong = NULL;
    if (rec->kind == REC_OUTPUT)
        return rec_expect(rec, &r->core.hash, why, why_n);
    if (rec->kind == REC_CHECKPOINT) {
        if (!rec_expect_none(rec, &r->core.hash, why, why_n))
            return false;
        if (!start(r, rec))
            r->wrong = "a checkpoint of another version";
    } else if (rec->kind >= REC_INPUT && r->core.sfu != NULL) {
        feed(r, rec);
    } else if (rec->kind >= REC_INPUT) {
        r->wrong = "there is no SFU to feed it to";
    }
    if (r->wrong != NULL)
        snprintf(why, why_n, "record %llu (core %u): %s", (unsigned long long)rec->number,
                 rec->core, r->wrong);
    return r->wrong == NULL;
}
