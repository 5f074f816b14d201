#include "media/rec_track.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "media/sfu.h"
#include "proto/rtp.h"

enum {
    SECOND = 1000000,
    MS = 1000,
    ASK_EVERY_US = SECOND,
    SILENT_US = SECOND,   /* a layer without frames for so long has stopped */
    JUMP_US = 5 * SECOND, /* timestamps that are so far from arrivals have begun anew */
    TRUST_US = SECOND,    /* a report further off means another clock */
    PULL_US = MS,         /* what one report may move times by */
    GAP_MS = 1000,
    STEP_MAX_MS = 100
};

int64_t rec_ntp_us(uint64_t ntp)
{
    int64_t v = (int64_t)ntp;
    return (v >> 32) * SECOND + (int64_t)((ntp & 0xFFFFFFFF) * SECOND >> 32);
}

uint64_t rec_us_ntp(int64_t us)
{
    int64_t s = us / SECOND - (us % SECOND < 0);
    return (uint64_t)s << 32 | ((uint64_t)(us - s * SECOND) << 32) / SECOND;
}

/* ---- Time ---- */

static int64_t since_first(const struct rec_clock *c, int64_t timestamp)
{
    return (timestamp - c->first) * SECOND / (int64_t)c->hz;
}

/* The first frame of a stream, or of one that has begun anew: by its reports where they tell, or by arrival. */
static void anchor(struct rec_stream *s, const struct rec_frame *f)
{
    struct rec_track *t = s->track;
    struct rec_clock *c = &s->clock;
    c->begun = true;
    c->exact = false;
    c->first = c->last = (int64_t)f->timestamp + ((int64_t)1 << 32);
    c->base_us = f->at_us - t->start_us;
    c->sr_ntp = 0;
}

static void follow_report(struct rec_stream *s)
{
    struct rec_track *t = s->track;
    struct rec_clock *c = &s->clock;
    if (s->sr_ntp == 0 || s->sr_ntp == c->sr_ntp)
        return;
    int64_t at = rtp_timestamp_unwrap(c->last, s->sr_timestamp);
    int64_t time = c->base_us + since_first(c, at);
    c->sr_ntp = s->sr_ntp;
    if (!t->has_ntp) {
        t->has_ntp = c->exact = true;
        t->start_ntp = s->sr_ntp - rec_us_ntp(time);
        return;
    }
    int64_t off = rec_ntp_us(s->sr_ntp - t->start_ntp) - time;
    if (off > TRUST_US || off < -TRUST_US)
        return;
    if (c->exact)
        off = MAX_OF(MIN_OF(off, PULL_US), -PULL_US);
    c->exact = true;
    c->base_us += off;
}

static int64_t time_of(struct rec_stream *s, const struct rec_frame *f)
{
    struct rec_clock *c = &s->clock;
    int64_t arrival = f->at_us - s->track->start_us;
    if (!c->begun)
        anchor(s, f);
    int64_t at = rtp_timestamp_unwrap(c->last, f->timestamp);
    int64_t off = c->base_us + since_first(c, at) - arrival;
    if (off > JUMP_US || off < -JUMP_US) {
        anchor(s, f);
        at = c->last;
    }
    c->last = at;
    follow_report(s);
    return c->base_us + since_first(c, at);
}

/* ---- The file ---- */

static void on_append(void *ctx, const void *p, size_t n)
{
    struct rec_track *t = ctx;
    t->bytes += n;
    t->files->append(t->files->ctx, t->file, p, n);
}

static void on_rewrite(void *ctx, uint64_t at, const void *p, size_t n)
{
    struct rec_track *t = ctx;
    t->files->rewrite(t->files->ctx, t->file, at, p, n);
}

static const char *kind_name(unsigned kind)
{
    static const char *const names[SFU_KINDS] = {"mic", "camera", "screen", "sound"};
    return kind < SFU_KINDS ? names[kind] : "track";
}

static void begin_file(struct rec_stream *s, const struct rec_frame *f)
{
    struct rec_track *t = s->track;
    uint8_t setup[3 * REC_SETUP_MAX];
    const struct mkv_ops ops = {t, on_append, on_rewrite};
    snprintf(t->name, sizeof t->name, "%04u-%s.%s", t->number, kind_name(t->kind),
             mkv_ending(t->codec));
    t->file = t->files->create(t->files->ctx, t->name);
    if (t->file == REC_NO_FILE) {
        t->broken = true;
        t->name[0] = '\0';
        return;
    }
    t->start_us = f->at_us;
    t->width = f->width;
    t->height = f->height;
    struct mkv_track m = {.codec = t->codec,
                          .width = f->width,
                          .height = f->height,
                          .setup = str_of(setup, rec_unpack_setup(&s->unpack, setup)),
                          .name = kind_name(t->kind),
                          .wall_us = f->at_us + t->wall_minus_mono_us};
    mkv_begin(&t->mkv, &ops, &m);
}

static void note_gap(struct rec_track *t, int64_t from, int64_t to)
{
    if (to - from < GAP_MS || t->n_gaps == REC_GAPS_MAX)
        return;
    if (t->n_gaps == t->gaps_cap) {
        t->gaps_cap = t->gaps_cap > 0 ? t->gaps_cap * 2 : 8;
        t->gaps = xrealloc_array(t->gaps, t->gaps_cap, sizeof *t->gaps);
    }
    t->gaps[t->n_gaps++] = (struct rec_gap){from, to - from};
}

static void write_frame(struct rec_stream *s, const struct rec_frame *f)
{
    struct rec_track *t = s->track;
    if (t->file == REC_NO_FILE && !t->broken)
        begin_file(s, f);
    if (t->broken)
        return;
    int64_t ms = MAX_OF((time_of(s, f) + MS / 2) / MS, t->last_ms);
    if (t->frames > 0) {
        note_gap(t, t->last_ms + t->step_ms, ms);
        t->step_ms = MIN_OF(ms - t->last_ms, (int64_t)STEP_MAX_MS);
    }
    t->last_ms = ms;
    t->frames++;
    mkv_frame(&t->mkv, ms, f->key, f->bytes);
}

/* ---- Which layer ---- */

static bool is_silent(const struct rec_track *t, int64_t now_us)
{
    return t->current < 0 || now_us - t->streams[t->current]->frame_us > SILENT_US;
}

static bool is_better(const struct rec_stream *s, int64_t now_us)
{
    const struct rec_track *t = s->track;
    return is_silent(t, now_us) || s->area > t->streams[t->current]->area;
}

static void on_frame(void *ctx, const struct rec_frame *f)
{
    struct rec_stream *s = ctx;
    struct rec_track *t = s->track;
    if (f->key)
        s->area = (uint32_t)f->width * f->height;
    if (t->current != (int)s->index && f->key && is_better(s, f->at_us))
        t->current = (int)s->index;
    s->frame_us = f->at_us;
    if (t->current == (int)s->index)
        write_frame(s, f);
}

static void ask(struct rec_stream *s, int64_t now_us)
{
    const struct rec_track *t = s->track;
    if (!s->unpack.waits || now_us - s->asked_us < ASK_EVERY_US)
        return;
    if (t->current != (int)s->index && s->area != 0 && !is_better(s, now_us))
        return;
    s->asked_us = now_us;
    t->files->want_key(t->files->ctx, t->id, s->index);
}

/* ---- Packets ---- */

static void on_ordered(void *ctx, const struct rec_packet *p, unsigned lost)
{
    struct rec_stream *s = ctx;
    s->track->lost += lost;
    rec_unpack_packet(&s->unpack, p, lost, on_frame, s);
}

static struct rec_stream *stream_of(struct rec_track *t, const struct rec_head *h)
{
    struct rec_stream *s = t->streams[h->stream];
    if (s != NULL)
        return s;
    s = t->streams[h->stream] = xcalloc(1, sizeof *s);
    s->track = t;
    s->index = h->stream;
    s->clock.hz = codec_clock(t->codec);
    s->asked_us = INT64_MIN / 2;
    rec_unpack_init(&s->unpack, t->codec);
    return s;
}

static void begin_anew(struct rec_stream *s)
{
    rec_order_flush(&s->order, on_ordered, s);
    rec_unpack_end(&s->unpack);
    s->unpack.waits = codec_is_video(s->track->codec);
    s->clock.begun = false;
    s->sr_ntp = 0;
}

void rec_track_packet(struct rec_track *t, const struct rec_head *h, const uint8_t *payload)
{
    if (t->ended || h->stream >= REC_STREAMS_MAX)
        return;
    struct rec_stream *s = stream_of(t, h);
    struct rec_packet p = {.seq = h->seq,
                           .at_us = h->at_us,
                           .timestamp = h->timestamp,
                           .marker = h->flags & REC_MARKER,
                           .p = payload,
                           .n = h->n};
    if (h->flags & REC_BEGINS)
        begin_anew(s);
    if (h->sr_ntp != 0) {
        s->sr_ntp = h->sr_ntp;
        s->sr_timestamp = h->sr_timestamp;
    }
    rec_order_put(&s->order, &p, on_ordered, s);
    ask(s, h->at_us);
}

void rec_track_tick(struct rec_track *t, int64_t now_us)
{
    for (unsigned i = 0; i < REC_STREAMS_MAX; i++) {
        struct rec_stream *s = t->streams[i];
        if (s == NULL)
            continue;
        rec_order_tick(&s->order, now_us, on_ordered, s);
        ask(s, now_us);
    }
}

/* ---- Life ---- */

struct rec_track *rec_track_new(const struct rec_files *files, const struct rec_head *h,
                                unsigned number, int64_t wall_minus_mono_us)
{
    struct rec_track *t = xcalloc(1, sizeof *t);
    t->files = files;
    t->id = h->track;
    t->peer = h->peer;
    t->kind = h->kind;
    t->codec = (enum codec)h->codec;
    t->number = number;
    t->wall_minus_mono_us = wall_minus_mono_us;
    t->current = t->file = -1;
    list_init(&t->link);
    return t;
}

static void free_streams(struct rec_track *t)
{
    for (unsigned i = 0; i < REC_STREAMS_MAX; i++) {
        struct rec_stream *s = t->streams[i];
        if (s == NULL)
            continue;
        t->left_out += s->unpack.left_out;
        t->late += s->order.late;
        rec_order_free(&s->order);
        rec_unpack_free(&s->unpack);
        xfree(s);
        t->streams[i] = NULL;
    }
    t->current = -1;
}

void rec_track_end(struct rec_track *t)
{
    if (t->ended)
        return;
    for (unsigned i = 0; i < REC_STREAMS_MAX; i++) {
        if (t->streams[i] != NULL)
            rec_order_flush(&t->streams[i]->order, on_ordered, t->streams[i]);
    }
    t->ended = true;
    if (t->file != REC_NO_FILE) {
        mkv_end(&t->mkv, t->last_ms + t->step_ms);
        t->files->close(t->files->ctx, t->file);
        t->file = REC_NO_FILE;
    }
    mkv_free(&t->mkv);
    free_streams(t);
}

void rec_track_free(struct rec_track *t)
{
    free_streams(t);
    mkv_free(&t->mkv);
    list_del(&t->link);
    xfree(t->gaps);
    xfree(t);
}
