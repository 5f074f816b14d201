#include "media/recording.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "media/sfu.h"
#include "proto/rtcp.h"

/* Somebody who publishes. */
struct peer {
    struct list link;
    uint64_t id;
    uint64_t skew; /* our NTP clock minus theirs */
    bool has_skew;
    char name[RECORDING_NAME];
};

struct recording {
    struct recording_conf conf;
    struct rec_files files;
    struct list tracks, peers;
    struct rec_track *last; /* whose the last packet was */
    unsigned n_tracks, n_peers;
    uint64_t dropped;
    bool changed, ended;
    enum rec_end why;
    int64_t ended_us;
};

struct recording *recording_new(const struct recording_conf *conf, const struct rec_files *files)
{
    struct recording *r = xcalloc(1, sizeof *r);
    r->conf = *conf;
    r->files = *files;
    r->changed = true;
    list_init(&r->tracks);
    list_init(&r->peers);
    return r;
}

void recording_free(struct recording *r)
{
    struct list *l;
    while (r != NULL && (l = list_first(&r->tracks)) != NULL)
        rec_track_free(container_of(l, struct rec_track, link));
    while (r != NULL && (l = list_first(&r->peers)) != NULL) {
        list_del(l);
        xfree(container_of(l, struct peer, link));
    }
    xfree(r);
}

/* NULL: there are too many. */
static struct peer *peer_of(struct recording *r, uint64_t id)
{
    for (struct list *l = r->peers.next; l != &r->peers; l = l->next) {
        struct peer *p = container_of(l, struct peer, link);
        if (p->id == id)
            return p;
    }
    if (r->n_peers == RECORDING_PEERS_MAX)
        return NULL;
    struct peer *p = xcalloc(1, sizeof *p);
    p->id = id;
    list_push_back(&r->peers, &p->link);
    r->n_peers++;
    return p;
}

void recording_name(struct recording *r, uint64_t peer, struct str name)
{
    struct peer *p = peer_of(r, peer);
    if (p == NULL)
        return;
    if (!str_copy(name, p->name, sizeof p->name))
        p->name[0] = '\0';
    r->changed = true;
}

/* ---- Packets ---- */

static bool is_of(const struct rec_track *t, const struct rec_head *h)
{
    return t->id == h->track && t->codec == (enum codec)h->codec && !t->ended;
}

static struct rec_track *find(struct recording *r, const struct rec_head *h)
{
    if (r->last != NULL && is_of(r->last, h))
        return r->last;
    for (struct list *l = r->tracks.next; l != &r->tracks; l = l->next) {
        struct rec_track *t = container_of(l, struct rec_track, link);
        if (is_of(t, h))
            return r->last = t;
    }
    return NULL;
}

static void end_track(struct recording *r, uint64_t id)
{
    for (struct list *l = r->tracks.next; l != &r->tracks; l = l->next) {
        struct rec_track *t = container_of(l, struct rec_track, link);
        if (t->id == id)
            rec_track_end(t);
    }
    r->changed = true;
}

static struct rec_track *begin_track(struct recording *r, const struct rec_head *h)
{
    end_track(r, h->track); /* with another codec */
    if (r->n_tracks == RECORDING_TRACKS_MAX)
        return NULL;
    struct rec_track *t =
        rec_track_new(&r->files, h, ++r->n_tracks, r->conf.wall_us - r->conf.mono_us);
    list_push_back(&r->tracks, &t->link);
    return r->last = t;
}

void recording_packet(struct recording *r, const struct rec_head *h, const uint8_t *payload)
{
    if (r->ended)
        return;
    if (h->flags & REC_TRACK_END) {
        end_track(r, h->track);
        return;
    }
    if (h->codec == CODEC_NONE || h->codec >= CODECS)
        return;
    struct rec_track *t = find(r, h);
    if (t == NULL && (t = begin_track(r, h)) == NULL)
        return;
    struct peer *p = h->flags & REC_HAS_SKEW ? peer_of(r, h->peer) : NULL;
    if (p != NULL) {
        p->skew = h->skew;
        p->has_skew = true;
    }
    bool had = rec_track_has_file(t);
    rec_track_packet(t, h, payload);
    r->changed |= rec_track_has_file(t) != had;
}

void recording_dropped(struct recording *r, uint64_t packets)
{
    r->dropped += packets;
}

void recording_tick(struct recording *r, int64_t now_us)
{
    for (struct list *l = r->tracks.next; l != &r->tracks; l = l->next)
        rec_track_tick(container_of(l, struct rec_track, link), now_us);
}

void recording_end(struct recording *r, int64_t now_us, enum rec_end why)
{
    if (r->ended)
        return;
    for (struct list *l = r->tracks.next; l != &r->tracks; l = l->next)
        rec_track_end(container_of(l, struct rec_track, link));
    r->ended = r->changed = true;
    r->why = why;
    r->ended_us = now_us;
}

struct recording_stats recording_stats(const struct recording *r)
{
    struct recording_stats s = {.dropped = r->dropped};
    for (struct list *l = r->tracks.next; l != &r->tracks; l = l->next) {
        const struct rec_track *t = container_of(l, struct rec_track, link);
        s.bytes += t->bytes;
        s.lost += t->lost;
        s.left_out += t->left_out;
        s.tracks += rec_track_has_file(t);
    }
    return s;
}

bool recording_changed(const struct recording *r)
{
    return r->changed;
}

/* ---- The manifest ---- */

/* As JSON; bytes that are no text people could read become '?'. */
static void put_text(struct buf *b, const char *z)
{
    buf_u8(b, '"');
    for (; *z != '\0'; z++) {
        unsigned char c = (unsigned char)*z;
        if (c == '"' || c == '\\')
            buf_u8(b, '\\');
        buf_u8(b, c < 0x20 ? '?' : c);
    }
    buf_u8(b, '"');
}

/* When time 0 of the file was, in microseconds since the recording began, by our clock. */
static int64_t start_of(const struct recording *r, const struct rec_track *t, const struct peer *p)
{
    if (!t->has_ntp || p == NULL || !p->has_skew)
        return t->start_us - r->conf.mono_us;
    return rec_ntp_us(t->start_ntp + p->skew - rtcp_ntp(r->conf.wall_us));
}

static void put_track(struct recording *r, struct buf *b, const struct rec_track *t)
{
    static const char *const kinds[SFU_KINDS] = {"mic", "camera", "screen", "sound"};
    static const char *const codecs[CODECS] = {"none", "opus", "pcmu", "pcma",
                                               "vp8",  "vp9",  "h264", "av1"};
    const struct peer *p = peer_of(r, t->peer);
    buf_puts(b, "    {\"file\": ");
    put_text(b, t->name);
    buf_putf(b, ", \"track\": \"%016" PRIx64 "\", \"peer\": \"%016" PRIx64 "\", \"name\": ", t->id,
             t->peer);
    put_text(b, p != NULL ? p->name : "");
    buf_putf(b, ", \"kind\": \"%s\", \"codec\": \"%s\",\n",
             t->kind < SFU_KINDS ? kinds[t->kind] : "?", codecs[t->codec]);
    buf_putf(b, "     \"start_ms\": %.3f, \"clock\": \"%s\", \"duration_ms\": %" PRId64,
             (double)start_of(r, t, p) / 1000,
             t->has_ntp && p != NULL && p->has_skew ? "sender" : "arrival",
             t->last_ms + t->step_ms);
    if (t->width > 0)
        buf_putf(b, ", \"width\": %u, \"height\": %u", t->width, t->height);
    buf_putf(b,
             ",\n     \"frames\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"lost_packets\": %" PRIu64
             ", \"left_out_frames\": %" PRIu64 ", \"gaps_ms\": [",
             t->frames, t->bytes, t->lost, t->left_out);
    for (unsigned i = 0; i < t->n_gaps; i++)
        buf_putf(b, "%s[%" PRId64 ", %" PRId64 "]", i > 0 ? ", " : "", t->gaps[i].at_ms,
                 t->gaps[i].ms);
    buf_puts(b, "]}");
}

void recording_manifest(struct recording *r, struct buf *out, int64_t now_us)
{
    const char *comma = "\n";
    int64_t end = r->ended ? r->ended_us : now_us;
    buf_putf(out,
             "{\"version\": 1, \"recording\": \"%016" PRIx64 "\", \"room\": \"%016" PRIx64
             "\",\n \"started_unix_ms\": %" PRId64 ", \"duration_ms\": %" PRId64
             ", \"ended\": %s%s%s, \"dropped_packets\": %" PRIu64 ",\n \"tracks\": [",
             r->conf.id, r->conf.room, r->conf.wall_us / 1000, (end - r->conf.mono_us) / 1000,
             r->ended ? "\"" : "", r->ended ? rec_end_name(r->why) : "null", r->ended ? "\"" : "",
             r->dropped);
    for (struct list *l = r->tracks.next; l != &r->tracks; l = l->next) {
        const struct rec_track *t = container_of(l, struct rec_track, link);
        if (!rec_track_has_file(t))
            continue;
        buf_puts(out, comma);
        put_track(r, out, t);
        comma = ",\n";
    }
    buf_puts(out, "\n ]}\n");
    r->changed = false;
}
