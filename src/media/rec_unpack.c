#include "media/rec_unpack.h"

#include <string.h>

enum { KEPT_BUFFER = 256 << 10 /* of a frame's memory, between frames */ };

void rec_unpack_init(struct rec_unpack *u, enum codec codec)
{
    memset(u, 0, sizeof *u);
    u->codec = codec;
    u->waits = codec_is_video(codec);
    buf_init(&u->frame, REC_FRAME_MAX);
    buf_init(&u->obu, REC_FRAME_MAX);
}

void rec_unpack_free(struct rec_unpack *u)
{
    buf_free(&u->frame);
    buf_free(&u->obu);
}

static void close_frame(struct rec_unpack *u)
{
    u->open = u->damaged = u->key = u->in_unit = false;
    u->layers = 0;
    u->unit_at = 0;
    buf_reset(&u->obu);
    if (u->frame.cap > KEPT_BUFFER)
        buf_free(&u->frame);
    else
        buf_reset(&u->frame);
}

static void leave_out(struct rec_unpack *u)
{
    u->left_out += u->open;
    u->waits = codec_is_video(u->codec);
    close_frame(u);
}

void rec_unpack_end(struct rec_unpack *u)
{
    if (u->open)
        leave_out(u);
}

/* ---- Sound: each packet is a frame ---- */

static void take_sound(struct rec_unpack *u, const struct rec_packet *p, rec_frame_fn *fn,
                       void *ctx)
{
    struct rec_frame f = {
        .timestamp = p->timestamp, .at_us = p->at_us, .key = true, .bytes = str_of(p->p, p->n)};
    u->frames++;
    fn(ctx, &f);
}

/* ---- Pictures ---- */

static bool add(struct rec_unpack *u, const struct rec_packet *p, const struct codec_packet *k)
{
    if (k->key && k->width != 0) {
        u->width = k->width;
        u->height = k->height;
    }
    switch (u->codec) {
    case CODEC_VP8:
        u->key |= k->key;
        return buf_put(&u->frame, p->p + k->descriptor, p->n - k->descriptor);
    case CODEC_VP9: return rec_vp9_add(u, p->p, p->n, k);
    case CODEC_H264: return rec_h264_add(u, p->p, p->n);
    default: return rec_av1_add(u, p->p, p->n);
    }
}

static bool complete(struct rec_unpack *u)
{
    switch (u->codec) {
    case CODEC_VP9: return rec_vp9_end(u);
    case CODEC_H264: return rec_h264_end(u);
    case CODEC_AV1: return rec_av1_end(u);
    default: return true;
    }
}

static void finish(struct rec_unpack *u, int64_t at_us, rec_frame_fn *fn, void *ctx)
{
    bool whole = !u->damaged && complete(u) && !u->frame.failed && buf_len(&u->frame) > 0;
    bool decodes = whole && (u->key ? u->width > 0 : !u->waits);
    if (!decodes) {
        leave_out(u);
        return;
    }
    struct rec_frame f = {u->timestamp, at_us, u->key, u->width, u->height, buf_str(&u->frame)};
    u->waits = false;
    u->frames++;
    fn(ctx, &f);
    close_frame(u);
}

static void begin(struct rec_unpack *u, const struct rec_packet *p, bool begins)
{
    u->open = true;
    u->timestamp = p->timestamp;
    u->damaged = !begins;
}

static void take_picture(struct rec_unpack *u, const struct rec_packet *p, rec_frame_fn *fn,
                         void *ctx)
{
    struct codec_packet k;
    bool is_read = codec_read(u->codec, p->p, p->n, &k);
    if (u->open && p->timestamp != u->timestamp)
        finish(u, p->at_us, fn, ctx); /* some senders set no marker */
    if (!u->open)
        begin(u, p, is_read && k.begins);
    if (!is_read || u->damaged || !add(u, p, &k))
        u->damaged = true;
    if (p->marker)
        finish(u, p->at_us, fn, ctx);
}

void rec_unpack_packet(struct rec_unpack *u, const struct rec_packet *p, unsigned lost,
                       rec_frame_fn *fn, void *ctx)
{
    if (lost > 0 && codec_is_video(u->codec)) {
        /* It may have been the end of the open frame, whole frames, the beginning of this one. */
        if (u->open && u->timestamp == p->timestamp)
            u->damaged = true;
        else
            rec_unpack_end(u);
        u->waits = true;
    }
    if (p->n == 0)
        return;
    if (codec_is_video(u->codec))
        take_picture(u, p, fn, ctx);
    else
        take_sound(u, p, fn, ctx);
}

size_t rec_unpack_setup(const struct rec_unpack *u, uint8_t *out)
{
    switch (u->codec) {
    case CODEC_H264: return rec_h264_setup(u, out);
    case CODEC_AV1: return rec_av1_setup(u, out);
    default: return 0;
    }
}
