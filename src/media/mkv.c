#include "media/mkv.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* Element IDs, with their length marker (RFC 9559 5.1, RFC 8794 11.2). */
enum {
    ID_EBML = 0x1A45DFA3,
    ID_EBML_VERSION = 0x4286,
    ID_EBML_READ_VERSION = 0x42F7,
    ID_EBML_MAX_ID = 0x42F2,
    ID_EBML_MAX_SIZE = 0x42F3,
    ID_DOC_TYPE = 0x4282,
    ID_DOC_TYPE_VERSION = 0x4287,
    ID_DOC_TYPE_READ_VERSION = 0x4285,
    ID_VOID = 0xEC,
    ID_SEGMENT = 0x18538067,
    ID_SEEK_HEAD = 0x114D9B74,
    ID_SEEK = 0x4DBB,
    ID_SEEK_ID = 0x53AB,
    ID_SEEK_POSITION = 0x53AC,
    ID_INFO = 0x1549A966,
    ID_TIMESTAMP_SCALE = 0x2AD7B1,
    ID_DURATION = 0x4489,
    ID_DATE = 0x4461,
    ID_MUXING_APP = 0x4D80,
    ID_WRITING_APP = 0x5741,
    ID_TRACKS = 0x1654AE6B,
    ID_TRACK_ENTRY = 0xAE,
    ID_TRACK_NUMBER = 0xD7,
    ID_TRACK_UID = 0x73C5,
    ID_TRACK_TYPE = 0x83,
    ID_FLAG_LACING = 0x9C,
    ID_NAME = 0x536E,
    ID_CODEC_ID = 0x86,
    ID_CODEC_PRIVATE = 0x63A2,
    ID_SEEK_PRE_ROLL = 0x56BB,
    ID_VIDEO = 0xE0,
    ID_PIXEL_WIDTH = 0xB0,
    ID_PIXEL_HEIGHT = 0xBA,
    ID_AUDIO = 0xE1,
    ID_SAMPLING = 0xB5,
    ID_CHANNELS = 0x9F,
    ID_CLUSTER = 0x1F43B675,
    ID_TIMESTAMP = 0xE7,
    ID_SIMPLE_BLOCK = 0xA3,
    ID_CUES = 0x1C53BB6B,
    ID_CUE_POINT = 0xBB,
    ID_CUE_TIME = 0xB3,
    ID_CUE_POSITIONS = 0xB7,
    ID_CUE_TRACK = 0xF7,
    ID_CUE_CLUSTER = 0xF1
};

enum {
    SEEK_ROOM = 100, /* three entries are 80 at most */
    HEAD_MAX = 64 << 10,
    TRACK = 1,
    SIZE_BYTES = 8
};
#define SIZE_UNKNOWN  UINT64_C(0x01FFFFFFFFFFFFFF)
#define SIZE_MARK     UINT64_C(0x0100000000000000)
#define EPOCH_2001_US INT64_C(978307200000000)

/* ---- EBML ---- */

static void put_id(struct buf *b, uint32_t id)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        if (id >> shift != 0)
            buf_u8(b, (uint8_t)(id >> shift));
    }
}

/* In as few bytes as it takes; all ones would mean unknown. */
static void put_size(struct buf *b, uint64_t n)
{
    unsigned bytes = 1;
    while (bytes < 8 && n >= (UINT64_C(1) << 7 * bytes) - 1)
        bytes++;
    n |= UINT64_C(1) << 7 * bytes;
    while (bytes-- > 0)
        buf_u8(b, (uint8_t)(n >> 8 * bytes));
}

static void put_uint(struct buf *b, uint32_t id, uint64_t v)
{
    unsigned bytes = 1;
    while (bytes < 8 && v >> 8 * bytes != 0)
        bytes++;
    put_id(b, id);
    put_size(b, bytes);
    while (bytes-- > 0)
        buf_u8(b, (uint8_t)(v >> 8 * bytes));
}

static void put_bytes(struct buf *b, uint32_t id, struct str s)
{
    put_id(b, id);
    put_size(b, s.n);
    buf_put_str(b, s);
}

static void put_text(struct buf *b, uint32_t id, const char *z)
{
    put_bytes(b, id, str_from(z));
}

static void put_double(struct buf *b, uint32_t id, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_id(b, id);
    put_size(b, 8);
    buf_u64(b, bits);
}

/* An element of others: its size, in four bytes, is known when it ends. */
static size_t open_master(struct buf *b, uint32_t id)
{
    put_id(b, id);
    buf_u32(b, 0);
    return buf_len(b);
}

static void close_master(struct buf *b, size_t at)
{
    if (!b->failed)
        set_u32(b->base + b->start + at - 4, 0x10000000u | (uint32_t)(buf_len(b) - at));
}

/* n bytes that mean nothing; 2 at least, 128 at most. */
static void put_void(struct buf *b, size_t n)
{
    static const uint8_t zeros[128];
    put_id(b, ID_VOID);
    put_size(b, n - 2);
    buf_put(b, zeros, n - 2);
}

static void append(struct mkv *m, const struct buf *b)
{
    m->ops.append(m->ops.ctx, buf_data(b), buf_len(b));
    m->size += buf_len(b);
}

/* ---- The head ---- */

static bool is_webm(enum codec c)
{
    return c == CODEC_VP8 || c == CODEC_VP9 || c == CODEC_AV1 || c == CODEC_OPUS;
}

const char *mkv_ending(enum codec c)
{
    return is_webm(c) ? "webm" : "mkv";
}

static const char *codec_id(enum codec c)
{
    switch (c) {
    case CODEC_VP8: return "V_VP8";
    case CODEC_VP9: return "V_VP9";
    case CODEC_AV1: return "V_AV1";
    case CODEC_H264: return "V_MPEG4/ISO/AVC";
    case CODEC_OPUS: return "A_OPUS";
    default: return "A_MS/ACM";
    }
}

static void put_ebml(struct buf *b, enum codec c)
{
    size_t at = open_master(b, ID_EBML);
    put_uint(b, ID_EBML_VERSION, 1);
    put_uint(b, ID_EBML_READ_VERSION, 1);
    put_uint(b, ID_EBML_MAX_ID, 4);
    put_uint(b, ID_EBML_MAX_SIZE, 8);
    put_text(b, ID_DOC_TYPE, is_webm(c) ? "webm" : "matroska");
    put_uint(b, ID_DOC_TYPE_VERSION, 4);
    put_uint(b, ID_DOC_TYPE_READ_VERSION, 2);
    close_master(b, at);
}

static void put_info(struct mkv *m, struct buf *b, const struct mkv_track *t)
{
    size_t at;
    m->info = buf_len(b);
    at = open_master(b, ID_INFO);
    put_uint(b, ID_TIMESTAMP_SCALE, 1000000); /* ns: times are in ms */
    put_id(b, ID_DATE);
    put_size(b, 8);
    buf_u64(b, (uint64_t)((t->wall_us - EPOCH_2001_US) * 1000));
    put_text(b, ID_MUXING_APP, "madang");
    put_text(b, ID_WRITING_APP, "madang");
    m->duration_at = buf_len(b);
    put_void(b, 11); /* the duration takes its place */
    close_master(b, at);
}

/* "OpusHead" (RFC 7845 5.1): two channels as RTP has them (RFC 7587), nothing to skip. */
static void put_opus(struct buf *b)
{
    static const uint8_t head[19] = {'O', 'p', 'u',  's',  'H', 'e', 'a', 'd', 1, 2,
                                     0,   0,   0x80, 0xBB, 0,   0,   0,   0,   0};
    put_bytes(b, ID_CODEC_PRIVATE, str_of(head, sizeof head));
    put_uint(b, ID_SEEK_PRE_ROLL, 80000000);
}

/* WAVEFORMATEX, little endian: G.711 at 8 kHz, one channel. */
static void put_g711(struct buf *b, enum codec c)
{
    uint8_t wave[18] = {0, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0, 0, 0};
    wave[0] = c == CODEC_PCMU ? 7 : 6;
    put_bytes(b, ID_CODEC_PRIVATE, str_of(wave, sizeof wave));
}

static void put_sound(struct buf *b, enum codec c)
{
    if (c == CODEC_OPUS)
        put_opus(b);
    else
        put_g711(b, c);
    size_t at = open_master(b, ID_AUDIO);
    put_double(b, ID_SAMPLING, codec_clock(c));
    put_uint(b, ID_CHANNELS, c == CODEC_OPUS ? 2 : 1);
    close_master(b, at);
}

static void put_picture(struct buf *b, const struct mkv_track *t)
{
    if (t->setup.n > 0)
        put_bytes(b, ID_CODEC_PRIVATE, t->setup);
    size_t at = open_master(b, ID_VIDEO);
    put_uint(b, ID_PIXEL_WIDTH, t->width);
    put_uint(b, ID_PIXEL_HEIGHT, t->height);
    close_master(b, at);
}

static void put_tracks(struct mkv *m, struct buf *b, const struct mkv_track *t)
{
    m->tracks = buf_len(b);
    size_t at = open_master(b, ID_TRACKS), entry = open_master(b, ID_TRACK_ENTRY);
    put_uint(b, ID_TRACK_NUMBER, TRACK);
    put_uint(b, ID_TRACK_UID, TRACK);
    put_uint(b, ID_TRACK_TYPE, m->video ? 1 : 2);
    put_uint(b, ID_FLAG_LACING, 0);
    if (t->name != NULL && t->name[0] != '\0')
        put_text(b, ID_NAME, t->name);
    put_text(b, ID_CODEC_ID, codec_id(t->codec));
    if (m->video)
        put_picture(b, t);
    else
        put_sound(b, t->codec);
    close_master(b, entry);
    close_master(b, at);
}

void mkv_begin(struct mkv *m, const struct mkv_ops *ops, const struct mkv_track *t)
{
    struct buf b;
    *m = (struct mkv){.ops = *ops, .video = codec_is_video(t->codec), .cue_every_ms = 1000};
    buf_init(&b, HEAD_MAX);
    put_ebml(&b, t->codec);
    put_id(&b, ID_SEGMENT);
    buf_u64(&b, SIZE_UNKNOWN);
    m->segment = buf_len(&b);
    put_void(&b, SEEK_ROOM);
    put_info(m, &b, t);
    put_tracks(m, &b, t);
    append(m, &b);
    buf_free(&b);
}

/* ---- Clusters ---- */

static void rewrite_u64(struct mkv *m, uint64_t at, uint64_t v)
{
    uint8_t bytes[8];
    set_u64(bytes, v);
    m->ops.rewrite(m->ops.ctx, at, bytes, sizeof bytes);
}

static void end_cluster(struct mkv *m)
{
    uint64_t data = m->cluster + 4 + SIZE_BYTES;
    if (m->cluster != 0)
        rewrite_u64(m, m->cluster + 4, SIZE_MARK | (m->size - data));
    m->cluster = 0;
}

/* Twice as far apart when there are too many. */
static void thin_out(struct mkv *m)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < m->n_cues; i += 2)
        m->cues[kept++] = m->cues[i];
    m->n_cues = kept;
    m->cue_every_ms *= 2;
}

static void note_cue(struct mkv *m)
{
    if (m->n_cues > 0 && m->cluster_ms - m->cues[m->n_cues - 1].ms < m->cue_every_ms)
        return;
    if (m->n_cues == MKV_CUES_MAX)
        thin_out(m);
    if (m->n_cues == m->cues_cap) {
        m->cues_cap = m->cues_cap > 0 ? m->cues_cap * 2 : 64;
        m->cues = xrealloc_array(m->cues, m->cues_cap, sizeof *m->cues);
    }
    m->cues[m->n_cues++] = (struct mkv_cue){m->cluster_ms, m->cluster - m->segment};
}

static void begin_cluster(struct mkv *m, struct buf *b, int64_t ms, bool key)
{
    end_cluster(m);
    m->cluster = m->size;
    m->cluster_ms = ms;
    put_id(b, ID_CLUSTER);
    buf_u64(b, SIZE_UNKNOWN);
    put_uint(b, ID_TIMESTAMP, (uint64_t)ms);
    if (key)
        note_cue(m);
}

/* Seeking needs clusters that begin with key frames; an index of every one of them would be long. */
static bool is_time(const struct mkv *m, int64_t ms, bool key)
{
    int64_t age = ms - m->cluster_ms;
    return m->cluster == 0 || age >= MKV_CLUSTER_MS || (m->video && key && age >= 1000);
}

void mkv_frame(struct mkv *m, int64_t ms, bool key, struct str frame)
{
    uint8_t head[32];
    struct buf b;
    if (frame.n == 0 || frame.n > MKV_FRAME_MAX)
        return;
    ms = MAX_OF(ms, m->last_ms);
    m->last_ms = ms;
    buf_init_fixed(&b, head, sizeof head);
    if (is_time(m, ms, key))
        begin_cluster(m, &b, ms, key);
    put_id(&b, ID_SIMPLE_BLOCK);
    put_size(&b, frame.n + 4);
    buf_u8(&b, 0x80 | TRACK);
    buf_u16(&b, (uint16_t)(ms - m->cluster_ms));
    buf_u8(&b, key ? 0x80 : 0);
    append(m, &b);
    m->ops.append(m->ops.ctx, frame.p, frame.n);
    m->size += frame.n;
}

/* ---- The end ---- */

static void put_cues(struct mkv *m)
{
    struct buf b;
    buf_init(&b, 64 * (size_t)MKV_CUES_MAX);
    size_t at = open_master(&b, ID_CUES);
    for (unsigned i = 0; i < m->n_cues; i++) {
        size_t point = open_master(&b, ID_CUE_POINT);
        put_uint(&b, ID_CUE_TIME, (uint64_t)m->cues[i].ms);
        size_t where = open_master(&b, ID_CUE_POSITIONS);
        put_uint(&b, ID_CUE_TRACK, TRACK);
        put_uint(&b, ID_CUE_CLUSTER, m->cues[i].at);
        close_master(&b, where);
        close_master(&b, point);
    }
    close_master(&b, at);
    append(m, &b);
    buf_free(&b);
}

static void put_seek(struct buf *b, uint32_t id, uint64_t at)
{
    uint8_t name[4];
    set_u32(name, id);
    size_t seek = open_master(b, ID_SEEK);
    put_bytes(b, ID_SEEK_ID, str_of(name, sizeof name));
    put_uint(b, ID_SEEK_POSITION, at);
    close_master(b, seek);
}

static void write_seek_head(struct mkv *m, uint64_t cues)
{
    uint8_t mem[SEEK_ROOM];
    struct buf b;
    buf_init_fixed(&b, mem, sizeof mem);
    size_t at = open_master(&b, ID_SEEK_HEAD);
    put_seek(&b, ID_INFO, m->info - m->segment);
    put_seek(&b, ID_TRACKS, m->tracks - m->segment);
    if (m->n_cues > 0)
        put_seek(&b, ID_CUES, cues - m->segment);
    close_master(&b, at);
    put_void(&b, SEEK_ROOM - buf_len(&b));
    m->ops.rewrite(m->ops.ctx, m->segment, mem, buf_len(&b));
}

void mkv_end(struct mkv *m, int64_t duration_ms)
{
    uint8_t mem[16];
    struct buf b;
    uint64_t cues;
    end_cluster(m);
    cues = m->size;
    if (m->n_cues > 0)
        put_cues(m);
    buf_init_fixed(&b, mem, sizeof mem);
    put_double(&b, ID_DURATION, (double)MAX_OF(duration_ms, m->last_ms));
    m->ops.rewrite(m->ops.ctx, m->duration_at, mem, buf_len(&b));
    write_seek_head(m, cues);
    rewrite_u64(m, m->segment - SIZE_BYTES, SIZE_MARK | (m->size - m->segment));
}

void mkv_free(struct mkv *m)
{
    xfree(m->cues);
    m->cues = NULL;
    m->n_cues = m->cues_cap = 0;
}
