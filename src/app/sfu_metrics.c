#include "app/sfu_metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/code.h"
#include "base/util.h"

/* ---- All together ---- */

static void put_head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_putf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_one(struct buf *b, const char *name, const char *type, const char *help, uint64_t v)
{
    put_head(b, name, type, help);
    buf_putf(b, "%s %" PRIu64 "\n", name, v);
}

static void put_two(struct buf *b, const char *name, const char *help, const char *label,
                    const char *const values[2], uint64_t first, uint64_t second)
{
    put_head(b, name, "counter", help);
    buf_putf(b, "%s{%s=\"%s\"} %" PRIu64 "\n%s{%s=\"%s\"} %" PRIu64 "\n", name, label, values[0],
             first, name, label, values[1], second);
}

static void put_ways(struct buf *b, const struct sfu_stats *s)
{
    static const char *const names[TUPLE_RELAY + 1] = {
        [TUPLE_UDP] = "udp", [TUPLE_TCP] = "tcp", [TUPLE_TLS] = "tls", [TUPLE_RELAY] = "relay"};
    put_head(b, "madang_sfu_ways", "gauge",
             "Connections of people in groups, by where they are sent to now");
    for (int i = 0; i < SFU_WAYS; i++)
        if (names[i / 2] != NULL)
            buf_putf(b, "madang_sfu_ways{transport=\"%s\",family=\"%s\"} %" PRIu64 "\n",
                     names[i / 2], i % 2 ? "ipv6" : "ipv4", s->ways[i]);
}

static void put_now(struct buf *b, const struct sfu_stats *s)
{
    put_one(b, "madang_sfu_rooms", "gauge", "Groups", s->rooms);
    put_one(b, "madang_sfu_peers", "gauge", "Connections of people in groups", s->peers);
    put_one(b, "madang_sfu_tracks", "gauge", "Pictures and sounds that are published", s->tracks);
    put_one(b, "madang_sfu_lines", "gauge", "Lines on which one of these is sent to somebody",
            s->subscribed);
    put_one(b, "madang_sfu_estimate_bps", "gauge", "Bits a second that may be sent to all of them",
            s->estimate_bps);
    put_ways(b, s);
}

static const char *const dirs[2] = {"in", "out"};

static void put_traffic(struct buf *b, const struct sfu_stats *s)
{
    put_two(b, "madang_sfu_packets_total",
            "RTP of groups that was authentic, and packets that left", "dir", dirs, s->in_packets,
            s->out_packets);
    put_two(b, "madang_sfu_bytes_total", "Bytes in these", "dir", dirs, s->in_bytes, s->out_bytes);
    put_one(b, "madang_sfu_rtx_packets_total", "counter", "Packets that were sent again", s->again);
    put_one(b, "madang_sfu_rtx_bytes_total", "counter", "Bytes in these", s->again_bytes);
    put_one(b, "madang_sfu_sound_along_bytes_total", "counter",
            "Bytes of older sound that was sent along with later one, against losses",
            s->along_bytes);
    put_one(b, "madang_sfu_sound_restored_total", "counter",
            "Packets of sound that were lost on the way here, and came along with later ones",
            s->restored);
    put_one(b, "madang_sfu_padding_bytes_total", "counter",
            "Bytes that were sent to find out how much may be sent", s->padding_bytes);
}

/* Out: what we ask publishers for; in: what viewers ask us for. */
static void put_feedback(struct buf *b, const struct sfu_stats *s)
{
    put_two(b, "madang_sfu_nacked_total",
            "Packets that were missed: by us (out), by those who watch (in)", "dir", dirs,
            s->nacked, s->asked);
    put_two(b, "madang_sfu_key_frame_requests_total",
            "Key frames that were asked for (PLI, FIR): by us (out), by those who watch (in)",
            "dir", dirs, s->key_frames_wanted, s->key_frames_asked);
    put_one(b, "madang_sfu_replayed_pictures_total", "counter",
            "Pictures that began with a key frame that was kept", s->replayed);
}

static void put_layers(struct buf *b, const struct sfu_stats *s)
{
    static const char *const ways[2] = {"up", "down"};
    put_one(b, "madang_sfu_layer_switches_total", "counter",
            "Times that a line went on with another layer", s->switches);
    put_two(b, "madang_sfu_layer_choices_total",
            "Layers that were chosen anew for what may be sent to somebody", "way", ways, s->raised,
            s->lowered);
    put_one(b, "madang_sfu_paced_packets_total", "counter", "Packets that could not leave at once",
            s->waited);
}

static void put_drops(struct buf *b, const struct sfu_stats *s)
{
    put_head(b, "madang_sfu_drops_total", "counter", "Packets of groups that went no further");
    buf_putf(b,
             "madang_sfu_drops_total{reason=\"too_late\"} %" PRIu64 "\n"
             "madang_sfu_drops_total{reason=\"unknown_ssrc\"} %" PRIu64 "\n"
             "madang_sfu_drops_total{reason=\"malformed\"} %" PRIu64 "\n"
             "madang_sfu_drops_total{reason=\"memory\"} %" PRIu64 "\n",
             s->too_late, s->unknown_ssrc, s->malformed, s->lost_memory);
    put_head(b, "madang_sfu_refused_offers_total", "counter", "Offers that were refused");
    for (int i = 0; i < SFU_REFUSALS; i++)
        buf_putf(b, "madang_sfu_refused_offers_total{reason=\"%s\"} %" PRIu64 "\n",
                 sfu_refusal_name((enum sfu_refusal)i), s->refused[i]);
}

static void put_connections(struct buf *b, const struct sfu_stats *s)
{
    put_one(b, "madang_sfu_connected_total", "counter", "Connections that agreed on keys",
            s->opened);
    put_head(b, "madang_sfu_ended_total", "counter",
             "Connections that ended by themselves: no_consent is ICE, the others are DTLS");
    for (int i = 0; i < TRANSPORT_ENDS; i++)
        buf_putf(b, "madang_sfu_ended_total{reason=\"%s\"} %" PRIu64 "\n",
                 transport_end_name((enum transport_end)i), s->ended[i]);
}

void sfu_metrics_write(struct buf *out, const struct sfu_stats *s)
{
    put_now(out, s);
    put_traffic(out, s);
    put_feedback(out, s);
    put_layers(out, s);
    put_drops(out, s);
    put_connections(out, s);
}

/* ---- Of single rooms ---- */

/* What of the numbers; label NULL: there is one value. */
struct room_metric {
    const char *name, *type, *help, *label;
    const char *const *values;
    size_t at[2]; /* in struct sfu_stats */
};

#define ROOM_AT(member) offsetof(struct sfu_stats, member)

static const struct room_metric of_rooms[] = {
    {"peers", "gauge", "Connections of people in one group", NULL, NULL, {ROOM_AT(peers)}},
    {"estimate_bps",
     "gauge",
     "Bits a second that may be sent to them",
     NULL,
     NULL,
     {ROOM_AT(estimate_bps)}},
    {"packets_total",
     "counter",
     "Packets of one group",
     "dir",
     dirs,
     {ROOM_AT(in_packets), ROOM_AT(out_packets)}},
    {"bytes_total",
     "counter",
     "Bytes in these",
     "dir",
     dirs,
     {ROOM_AT(in_bytes), ROOM_AT(out_bytes)}},
    {"rtx_packets_total", "counter", "Packets that were sent again", NULL, NULL, {ROOM_AT(again)}},
    {"nacked_total",
     "counter",
     "Packets that were missed",
     "dir",
     dirs,
     {ROOM_AT(nacked), ROOM_AT(asked)}},
    {"key_frame_requests_total",
     "counter",
     "Key frames that were asked for",
     "dir",
     dirs,
     {ROOM_AT(key_frames_wanted), ROOM_AT(key_frames_asked)}},
    {"layer_switches_total",
     "counter",
     "Times that a line went on with another layer",
     NULL,
     NULL,
     {ROOM_AT(switches)}},
};

static uint64_t stat_at(const struct sfu_stats *s, size_t at)
{
    uint64_t v;
    memcpy(&v, (const char *)s + at, sizeof v);
    return v;
}

static void put_room(struct buf *b, const struct room_metric *m, const char *name,
                     const struct sfu_room_stats *r)
{
    char id[B32_SIZE];
    b32_encode(id, r->room);
    for (unsigned i = 0; i < (m->label != NULL ? 2 : 1); i++) {
        buf_putf(b, "%s{room=\"%s\"", name, id);
        if (m->label != NULL)
            buf_putf(b, ",%s=\"%s\"", m->label, m->values[i]);
        buf_putf(b, "} %" PRIu64 "\n", stat_at(&r->st, m->at[i]));
    }
}

static void put_rooms_ended(struct buf *b, const struct sfu_room_stats *rooms, unsigned n)
{
    char id[B32_SIZE];
    put_head(b, "madang_sfu_room_ended_total", "counter",
             "Connections of one group that ended by themselves");
    for (unsigned i = 0; i < n; i++) {
        b32_encode(id, rooms[i].room);
        for (int k = 0; k < TRANSPORT_ENDS; k++)
            buf_putf(b, "madang_sfu_room_ended_total{room=\"%s\",reason=\"%s\"} %" PRIu64 "\n", id,
                     transport_end_name((enum transport_end)k), rooms[i].st.ended[k]);
    }
}

void sfu_metrics_rooms(struct buf *out, const struct sfu_room_stats *rooms, unsigned n)
{
    for (size_t k = 0; k < ARRAY_LEN(of_rooms); k++) {
        char name[64];
        snprintf(name, sizeof name, "madang_sfu_room_%s", of_rooms[k].name);
        put_head(out, name, of_rooms[k].type, of_rooms[k].help);
        for (unsigned i = 0; i < n; i++)
            put_room(out, &of_rooms[k], name, &rooms[i]);
    }
    put_rooms_ended(out, rooms, n);
}

/* ---- Each ---- */

struct listing {
    struct buf *b;
    const struct sfu *s;
    unsigned max, rooms, peers;
};

static void dump_peer(void *ctx, uint64_t peer)
{
    struct listing *l = ctx;
    struct sfu_peer_stats p;
    char id[B32_SIZE];
    if (l->peers++ >= l->max || !sfu_peer_stats(l->s, peer, &p, NULL, 0))
        return;
    b32_encode(id, peer);
    buf_putf(l->b,
             "%s{\"peer\":\"%s\",\"open\":%s,\"estimate_bps\":%" PRIu64 ",\"wanted_bps\":%" PRIu64
             ",\"sent_bps\":%" PRIu64 ",\"rtt_ms\":%d,\"loss_up\":%u,\"loss_down\":%u}",
             l->peers > 1 ? "," : "", id, p.open ? "true" : "false", p.estimate_bps, p.wanted_bps,
             p.sent_bps, p.rtt_ms, p.loss_up, p.loss_down);
}

static void dump_room(void *ctx, uint64_t room, const struct sfu_stats *s)
{
    struct listing *l = ctx;
    char id[B32_SIZE];
    if (l->rooms++ >= l->max)
        return;
    b32_encode(id, room);
    buf_putf(l->b,
             "%s{\"room\":\"%s\",\"tracks\":%" PRIu64 ",\"lines\":%" PRIu64
             ",\"in_packets\":%" PRIu64 ",\"in_bytes\":%" PRIu64 ",\"out_packets\":%" PRIu64
             ",\"out_bytes\":%" PRIu64 ",\"rtx\":%" PRIu64 ",\"nacks_out\":%" PRIu64
             ",\"nacks_in\":%" PRIu64 ",\"plis_out\":%" PRIu64 ",\"plis_in\":%" PRIu64
             ",\"switches\":%" PRIu64 ",\"too_late\":%" PRIu64 ",\"sound_along_bytes\":%" PRIu64
             ",\"estimate_bps\":%" PRIu64 ",\"peers\":[",
             l->rooms > 1 ? "," : "", id, s->tracks, s->subscribed, s->in_packets, s->in_bytes,
             s->out_packets, s->out_bytes, s->again, s->asked, s->nacked, s->key_frames_asked,
             s->key_frames_wanted, s->switches, s->too_late, s->along_bytes, s->estimate_bps);
    l->peers = 0;
    sfu_each_peer(l->s, room, l, dump_peer);
    buf_puts(l->b, "]}");
}

void sfu_metrics_dump(struct buf *out, const struct sfu *s, unsigned max)
{
    struct listing l = {.b = out, .s = s, .max = max};
    buf_puts(out, "[");
    sfu_each_room(s, &l, dump_room);
    buf_puts(out, "]");
}
