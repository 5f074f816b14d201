#include "media/sub.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/util.h"
#include "media/sub_dd.h"

enum {
    PT_MAX = 127,
    RTX_HEAD = 2,
    LATE_MAX = 128,
    PAUSE_MAX_S = 10,
    REPORT_MAX_S = 600,
    HURRY_MS = 1, /* between two pictures */
    BASE = 65536
};

void sub_init(struct sub *s, const struct sub_conf *conf)
{
    uint32_t n = codec_is_video(conf->codec) ? SUB_MEMORY_FIRST : SUB_MEMORY_SOUND;
    memset(s, 0, sizeof *s);
    s->conf = *conf;
    s->current = s->target = SUB_NONE;
    s->left_out = -1;
    s->out_highest = BASE + conf->first_seq - 1;
    s->rtx_seq = conf->first_rtx_seq;
    s->sent = xcalloc(n, sizeof *s->sent);
    s->sent_mask = n - 1;
    for (uint32_t i = 0; i < n; i++)
        s->sent[i].stream = SUB_NONE;
}

void sub_free(struct sub *s)
{
    xfree(s->sent);
    s->sent = NULL;
}

void sub_grow(struct sub *s, unsigned numbers)
{
    uint32_t n = s->sent_mask + 1;
    if (!codec_is_video(s->conf.codec))
        return;
    while (n < numbers && n < SUB_MEMORY)
        n *= 2;
    if (n == s->sent_mask + 1)
        return;
    struct sub_sent *sent = xcalloc(n, sizeof *sent);
    for (uint32_t i = 0; i < n; i++)
        sent[i].stream = SUB_NONE;
    for (int64_t i = s->out_highest - (int64_t)s->sent_mask; i <= s->out_highest; i++)
        sent[(uint64_t)i & (n - 1)] = s->sent[(uint64_t)i & s->sent_mask];
    xfree(s->sent);
    s->sent = sent;
    s->sent_mask = n - 1;
}

void sub_aim(struct sub *s, int stream, unsigned spatial, unsigned temporal)
{
    s->target = stream;
    s->spatial_target = (uint8_t)spatial;
    s->temporal_target = (uint8_t)temporal;
    if (stream == SUB_NONE)
        s->current = SUB_NONE;
}

void sub_detach(struct sub *s, enum codec codec, uint8_t pt, uint8_t rtx_pt)
{
    s->conf.codec = codec;
    s->conf.pt = pt;
    s->conf.rtx_pt = rtx_pt;
    s->current = s->target = SUB_NONE;
    for (uint32_t i = 0; i <= s->sent_mask; i++)
        s->sent[i].stream = SUB_NONE; /* what it came from is another track's */
}

/* ---- Numbers ---- */

static struct sub_sent *remember(struct sub *s, int64_t in_seq)
{
    struct sub_sent *e = &s->sent[(uint64_t)(in_seq + s->offset) & s->sent_mask];
    *e = (struct sub_sent){.in_seq = (uint16_t)in_seq,
                           .timestamp_offset = s->timestamp_offset,
                           .picture_offset = s->picture_offset,
                           .tl0_offset = s->tl0_offset,
                           .stream = (int8_t)s->current};
    return e;
}

/* How many ticks the new stream's packet is behind what was sent last: by the sender's clock if it has told
 * how its streams belong together, else by ours. */
static uint32_t pause_ticks(const struct sub *s, int64_t now_us, int stream, const struct rtp *r,
                            const struct recv *streams)
{
    int64_t clock = codec_clock(s->conf.codec), ticks = (now_us - s->newest_us) * clock / 1000000;
    uint64_t before, after;
    if (s->current != SUB_NONE && recv_ntp_at(&streams[s->current], s->in_timestamp, &before) &&
        recv_ntp_at(&streams[stream], r->timestamp, &after)) {
        int64_t told = (int64_t)(after - before) >> 16; /* 1/65536 s */
        if (told > 0 && told < PAUSE_MAX_S * 65536)
            ticks = told * clock / 65536;
    }
    return (uint32_t)MAX_OF(ticks, (int64_t)1);
}

/* Stream `stream` begins here, with a key frame. */
static void begin(struct sub *s, int64_t now_us, int stream, int64_t in_seq, const struct rtp *r,
                  const struct codec_packet *k, const struct recv *streams)
{
    uint32_t next = s->begun ? s->out_timestamp + pause_ticks(s, now_us, stream, r, streams)
                             : s->conf.first_timestamp;
    s->timestamp_offset = next - r->timestamp;
    s->in_timestamp = r->timestamp;
    s->offset = s->out_highest + 1 - in_seq;
    s->in_highest = in_seq - 1;
    if (s->begun) {
        s->picture_offset = (uint16_t)(s->picture + 1 - k->picture);
        s->tl0_offset = (uint8_t)(s->tl0 + 1 - k->tl0);
    }
    s->switches += s->current != SUB_NONE && s->current != stream;
    s->current = stream;
    s->left_out = -1;
    s->spatial = 0;
    s->temporal = s->temporal_target;
    sub_dd_begin(s);
}

/* ---- Layers ---- */

/* Adds and takes away layers where a frame allows it; whether this packet is of one that is sent. */
static bool is_wanted(struct sub *s, const struct codec_packet *k)
{
    if (k->dd != NULL)
        return sub_dd_wants(s, k->dd);
    if (k->begins && k->spatial == 0) {
        s->spatial = MIN_OF(s->spatial, s->spatial_target);
        s->temporal = MIN_OF(s->temporal, s->temporal_target);
    }
    if (k->begins && k->up && k->temporal > s->temporal)
        s->temporal = MIN_OF(k->temporal, s->temporal_target);
    if (k->begins && k->alone && k->spatial == s->spatial + 1 && k->spatial <= s->spatial_target)
        s->spatial = k->spatial;
    return k->spatial <= s->spatial && k->temporal <= s->temporal;
}

/* ---- Packets ---- */

void sub_render(const struct sub *s, const struct sub_sent *from, uint16_t seq, const struct rtp *r,
                const uint8_t *payload, const struct codec_packet *k, struct sub_out *out)
{
    *out = (struct sub_out){.ssrc = s->conf.ssrc,
                            .timestamp = r->timestamp + from->timestamp_offset,
                            .seq = seq,
                            .pt = s->conf.pt,
                            .marker = r->marker,
                            .stream = from->stream};
    /* Where higher spatial layers are left out, the picture ends with the last one that is sent; with a
     * picture that stands alone they may be added. */
    if (k->dd == NULL && k->ends && k->spatial == s->spatial &&
        (s->spatial >= s->spatial_target || !k->alone))
        out->marker = true;
    if (k->dd != NULL)
        sub_dd_render(s, k->dd, from->picture_offset, out);
    if (from->picture_offset == 0 && from->tl0_offset == 0)
        return;
    if (k->picture_at == 0 && k->tl0_at == 0)
        return;
    uint8_t n = (uint8_t)MAX_OF(k->picture_at + k->picture_bits / 8 + 1, k->tl0_at + 1);
    memcpy(out->front, payload, n);
    codec_renumber(out->front, k, (uint16_t)(k->picture + from->picture_offset),
                   (uint8_t)(k->tl0 + from->tl0_offset));
    out->front_n = n;
    out->skip = n;
}

static void count(struct sub *s, const struct rtp *r, const struct codec_packet *k, int64_t now_us,
                  const struct sub_out *out)
{
    s->in_timestamp = r->timestamp;
    s->out_timestamp = out->timestamp;
    s->newest_us = now_us;
    s->picture = (uint16_t)(k->picture + s->picture_offset);
    s->tl0 = (uint8_t)(k->tl0 + s->tl0_offset);
    s->begun = true;
    s->ended = out->marker;
}

/* Receivers of VP8 take a missing picture id for a missing picture. VP9 has its structure of groups. */
static void leave_out(struct sub *s, const struct codec_packet *k)
{
    s->skipped++;
    if (s->conf.codec != CODEC_VP8 || k->picture_at == 0 || k->picture == s->left_out)
        return;
    s->left_out = k->picture;
    s->picture_offset--;
}

/* It belongs behind others that have left: under the number that was left for it. */
static bool take_late(struct sub *s, int64_t in_seq, const struct rtp *r, const uint8_t *payload,
                      const struct codec_packet *k, struct sub_out *out)
{
    int64_t first = in_seq + s->offset, last = MIN_OF(s->out_highest, first + LATE_MAX);
    for (int64_t seq = first; seq <= last; seq++) {
        const struct sub_sent *e = &s->sent[(uint64_t)seq & s->sent_mask];
        if (e->stream != s->current || e->in_seq != (uint16_t)in_seq)
            continue;
        sub_render(s, e, (uint16_t)seq, r, payload, k, out);
        out->in_seq = in_seq;
        if (k->dd != NULL)
            sub_dd_sent(s, k->dd->number);
        return true;
    }
    return false; /* of a layer that was left out, or too late */
}

/* What is missing before it is expected to be sent, too. */
static void advance(struct sub *s, int64_t in_seq)
{
    int64_t from = MAX_OF(s->in_highest + 1, in_seq - (int64_t)s->sent_mask);
    for (int64_t i = from; i < in_seq; i++)
        remember(s, i);
    s->in_highest = in_seq;
}

static void leave_no_number(struct sub *s, int64_t in_seq)
{
    s->out_highest = in_seq - 1 + s->offset;
    s->offset--;
}

void sub_pass_over(struct sub *s, int stream, int64_t in_seq)
{
    if (stream != s->current || in_seq <= s->in_highest)
        return;
    advance(s, in_seq);
    leave_no_number(s, in_seq);
}

void sub_hurry(struct sub *s, bool on)
{
    s->hurries = on;
}

/* The next picture of those that leave together. */
static void hurry(struct sub *s, const struct rtp *r)
{
    uint32_t step = r->timestamp - s->in_timestamp,
             most = codec_clock(s->conf.codec) * HURRY_MS / 1000;
    s->timestamp_offset -= step - MIN_OF(step, most);
    s->in_timestamp = r->timestamp;
}

static bool take_newest(struct sub *s, int64_t now_us, int64_t in_seq, const struct rtp *r,
                        const uint8_t *payload, const struct codec_packet *k, struct sub_out *out)
{
    advance(s, in_seq);
    if (!is_wanted(s, k)) {
        leave_no_number(s, in_seq);
        leave_out(s, k);
        return false;
    }
    if (s->hurries)
        hurry(s, r);
    s->out_highest = in_seq + s->offset;
    if (k->key && k->begins && k->spatial == 0)
        s->key_seq = s->out_highest;
    sub_render(s, remember(s, in_seq), (uint16_t)s->out_highest, r, payload, k, out);
    out->in_seq = in_seq;
    count(s, r, k, now_us, out);
    return true;
}

bool sub_take(struct sub *s, int64_t now_us, int stream, int64_t in_seq, const struct rtp *r,
              const uint8_t *payload, const struct codec_packet *k, const struct recv *streams,
              struct sub_out *out)
{
    bool sent;
    if (stream == s->target && stream != s->current && k->key)
        begin(s, now_us, stream, in_seq, r, k, streams);
    if (stream != s->current)
        return false;
    if (in_seq > s->in_highest)
        sent = take_newest(s, now_us, in_seq, r, payload, k, out);
    else
        sent = take_late(s, in_seq, r, payload, k, out);
    if (sent) {
        s->packets++;
        s->octets += r->payload;
    }
    return sent;
}

/* ---- Again ---- */

static struct sub_sent *entry_at(const struct sub *s, uint16_t seq)
{
    int64_t full = rtp_seq_unwrap(s->out_highest, seq);
    struct sub_sent *e = &s->sent[(uint64_t)full & s->sent_mask];
    bool known = full <= s->out_highest && full > s->out_highest - (int64_t)s->sent_mask - 1;
    return known && e->stream != SUB_NONE ? e : NULL;
}

const struct sub_sent *sub_at(const struct sub *s, uint16_t seq)
{
    return entry_at(s, seq);
}

bool sub_is_needed(const struct sub *s, uint16_t seq)
{
    int64_t full = rtp_seq_unwrap(s->out_highest, seq);
    return codec_is_video(s->conf.codec) && full >= s->key_seq && full <= s->out_highest;
}

bool sub_is_forgotten(const struct sub *s, uint16_t seq)
{
    return sub_is_needed(s, seq) &&
           rtp_seq_unwrap(s->out_highest, seq) <= s->out_highest - (int64_t)s->sent_mask - 1;
}

const struct sub_sent *sub_find(struct sub *s, int64_t now_us, uint16_t seq, int64_t rtt_us)
{
    struct sub_sent *e = entry_at(s, seq);
    uint16_t now_ms = (uint16_t)(now_us / 1000) | 1; /* never 0 */
    if (e == NULL) {
        s->resent_in_vain++;
        return NULL;
    }
    if (e->again_ms != 0 && (uint16_t)(now_ms - e->again_ms) < rtt_us / 1000)
        return NULL;
    e->again_ms = now_ms;
    return e;
}

int64_t sub_sent_seq(const struct sub_sent *from, const struct recv *in)
{
    return in->highest + (int16_t)(from->in_seq - (uint16_t)in->highest);
}

bool sub_wrap(struct sub *s, struct sub_out *out)
{
    if (s->conf.rtx_ssrc == 0 || s->conf.rtx_pt > PT_MAX ||
        (size_t)out->front_n + RTX_HEAD > sizeof out->front)
        return false;
    memmove(out->front + RTX_HEAD, out->front, out->front_n);
    set_u16(out->front, out->seq);
    out->front_n += RTX_HEAD;
    out->ssrc = s->conf.rtx_ssrc;
    out->pt = s->conf.rtx_pt;
    out->seq = s->rtx_seq++;
    s->resent++;
    return true;
}

/* ---- What has not left ---- */

void sub_unsend(struct sub *s, uint16_t seq)
{
    int64_t from = rtp_seq_unwrap(s->out_highest, seq);
    for (int64_t i = MAX_OF(from, s->out_highest - (int64_t)s->sent_mask); i <= s->out_highest; i++)
        s->sent[(uint64_t)i & s->sent_mask].stream = SUB_NONE;
    s->out_highest = MIN_OF(s->out_highest, from - 1);
    s->current = SUB_NONE;
}

bool sub_pad(struct sub *s, struct sub_out *out)
{
    if (!s->begun || !s->ended)
        return false;
    s->out_highest++;
    s->offset++;
    s->sent[(uint64_t)s->out_highest & s->sent_mask].stream = SUB_NONE;
    *out = (struct sub_out){.ssrc = s->conf.ssrc,
                            .timestamp = s->out_timestamp,
                            .seq = (uint16_t)s->out_highest,
                            .pt = s->conf.pt};
    return true;
}

/* ---- Reports ---- */

bool sub_report(const struct sub *s, int64_t now_us, uint64_t ntp, const struct recv *stream,
                bool has_skew, uint64_t skew, struct rtcp_sr *out)
{
    int64_t clock = codec_clock(s->conf.codec);
    if (!s->begun)
        return false;
    *out = (struct rtcp_sr){.ntp = ntp,
                            .ssrc = s->conf.ssrc,
                            .packets = (uint32_t)s->packets,
                            .octets = (uint32_t)s->octets};
    int64_t since = (int64_t)(ntp - skew - stream->sr_ntp) >> 16; /* 1/65536 s */
    if (has_skew && s->current != SUB_NONE && stream->sr_ntp != 0 &&
        since > -REPORT_MAX_S * 65536 && since < REPORT_MAX_S * 65536) {
        out->timestamp = stream->sr_timestamp + s->timestamp_offset +
                         (uint32_t)(since * clock / 65536);
    } else {
        out->timestamp = s->out_timestamp + (uint32_t)((now_us - s->newest_us) * clock / 1000000);
    }
    return true;
}
