/*
 * Reads what media/mkv.h writes, strictly: elements nest, known sizes end where their parents do, positions in
 * the index and in the seek head are those of what they name. A file that was cut off is read up to its last
 * whole frame. No assertions: what is wrong is said in `wrong`.
 */
#ifndef MADANG_TESTS_MKV_READER_H
#define MADANG_TESTS_MKV_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct mkv_block {
    int64_t ms;
    bool key;
    const uint8_t *p;
    size_t n;
};

struct mkv_file {
    const char *wrong; /* NULL: nothing */
    bool cut;          /* it ends within an element, or its sizes are not known yet */
    char doc_type[16], codec[32];
    unsigned width, height, channels, rate;
    struct str setup;
    double duration; /* ms; 0: not known */
    unsigned clusters, cues, seeks;
    int64_t cluster_ms, longest_cluster_ms;
    uint64_t cluster_at[4096];
    unsigned n;
    unsigned cap;
    struct mkv_block *blocks; /* owned */
};

enum { MKV_UNKNOWN = 1 };
#define MKV_UNKNOWN_SIZE UINT64_MAX

static inline uint64_t mkv_read_vint(struct rd *r, bool is_id)
{
    uint8_t first = rd_u8(r);
    unsigned n = 1;
    while (n <= 8 && !(first & 0x80 >> (n - 1)))
        n++;
    if (n > 8) {
        r->bad = true;
        return 0;
    }
    uint64_t v = is_id ? first : first & (0xFFu >> n), ones = 0xFFu >> n;
    for (unsigned i = 1; i < n; i++) {
        v = v << 8 | rd_u8(r);
        ones = ones << 8 | 0xFF;
    }
    return !is_id && v == ones ? MKV_UNKNOWN_SIZE : v;
}

static inline uint64_t mkv_read_uint(struct str s)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        v = v << 8 | (uint8_t)s.p[i];
    return v;
}

static inline double mkv_read_double(struct str s)
{
    uint64_t bits = mkv_read_uint(s);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline void mkv_take_block(struct mkv_file *f, struct str s)
{
    if (s.n < 5 || (uint8_t)s.p[0] != 0x81) {
        f->wrong = "a block without a frame, or of another track";
        return;
    }
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 256;
        f->blocks = realloc(f->blocks, f->cap * sizeof *f->blocks);
    }
    int64_t ms = f->cluster_ms + (int16_t)get_u16((const uint8_t *)s.p + 1);
    if (f->n > 0 && ms < f->blocks[f->n - 1].ms)
        f->wrong = "time goes back";
    if (ms - f->cluster_ms > f->longest_cluster_ms)
        f->longest_cluster_ms = ms - f->cluster_ms;
    f->blocks[f->n++] = (struct mkv_block){ms, s.p[3] & 0x80, (const uint8_t *)s.p + 4, s.n - 4};
}

/* Values of elements that are no masters. */
static inline void mkv_take_value(struct mkv_file *f, uint64_t id, struct str s)
{
    switch (id) {
    case 0x4282: memcpy(f->doc_type, s.p, s.n < 15 ? s.n : 15); break;
    case 0x86: memcpy(f->codec, s.p, s.n < 31 ? s.n : 31); break;
    case 0x63A2: f->setup = s; break;
    case 0xB0: f->width = (unsigned)mkv_read_uint(s); break;
    case 0xBA: f->height = (unsigned)mkv_read_uint(s); break;
    case 0x9F: f->channels = (unsigned)mkv_read_uint(s); break;
    case 0xB5: f->rate = (unsigned)mkv_read_double(s); break;
    case 0x4489: f->duration = mkv_read_double(s); break;
    case 0xE7: f->cluster_ms = (int64_t)mkv_read_uint(s); break;
    case 0xA3: mkv_take_block(f, s); break;
    default: break;
    }
}

static inline bool mkv_is_master(uint64_t id)
{
    return id == 0x1A45DFA3 || id == 0x18538067 || id == 0x114D9B74 || id == 0x4DBB ||
           id == 0x1549A966 || id == 0x1654AE6B || id == 0xAE || id == 0xE0 || id == 0xE1 ||
           id == 0x1F43B675 || id == 0x1C53BB6B || id == 0xBB || id == 0xB7;
}

/* The ID of the element that begins there. */
static inline uint64_t mkv_id_at(const uint8_t *p, size_t n, uint64_t at)
{
    struct rd r = at < n ? rd_of(p + at, n - at) : rd_of(p, 0);
    return mkv_read_vint(&r, true);
}

static inline void mkv_walk(struct mkv_file *f, const uint8_t *p, size_t n, struct rd r,
                            uint64_t segment, unsigned depth)
{
    uint64_t seek_id = 0;
    while (r.n > 0 && f->wrong == NULL) {
        uint64_t at = (uint64_t)(r.p - p), id = mkv_read_vint(&r, true);
        uint64_t size = mkv_read_vint(&r, false);
        bool unknown = size == MKV_UNKNOWN_SIZE;
        if (r.bad || (!unknown && size > r.n)) {
            f->cut = true; /* only what is within an element of known size may not be cut */
            if (mkv_is_master(id) && !r.bad)
                size = r.n;
            else
                return;
        }
        if (unknown) {
            f->cut = true;
            size = r.n;
        }
        if (id == 0x1F43B675 && f->clusters < 4096)
            f->cluster_at[f->clusters++] = at;
        struct str body = rd_str(&r, (size_t)size);
        if (mkv_is_master(id) && depth < 6) {
            /* An open cluster is ended by the next one; only the last one may be open here. */
            mkv_walk(f, p, n, rd_of(body.p, body.n),
                     id == 0x18538067 ? (uint64_t)((const uint8_t *)body.p - p) : segment,
                     depth + 1);
            continue;
        }
        mkv_take_value(f, id, body);
        if (id == 0x53AB)
            seek_id = mkv_read_uint(body);
        if (id == 0x53AC) {
            f->seeks++;
            uint64_t to = segment + mkv_read_uint(body);
            if (to + 4 <= n && mkv_id_at(p, n, to) != seek_id)
                f->wrong = "the seek head points elsewhere";
        }
        if (id == 0xF1) {
            f->cues++;
            uint64_t to = segment + mkv_read_uint(body);
            if (to + 4 <= n && mkv_id_at(p, n, to) != 0x1F43B675)
                f->wrong = "the index points elsewhere";
        }
    }
}

static inline struct mkv_file mkv_read(const uint8_t *p, size_t n)
{
    struct mkv_file f = {0};
    mkv_walk(&f, p, n, rd_of(p, n), 0, 0);
    return f;
}

#endif
