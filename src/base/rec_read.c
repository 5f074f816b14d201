#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rec.h"
#include "base/rec_format.h"
#include "base/util.h"

/* The reader works on a copy, so that a process that goes on writing changes nothing under it. */
struct rec_reader {
    uint8_t *file;
    uint64_t *blocks; /* sequences of the blocks that are whole, ascending */
    size_t n_blocks;  /* of these */
    uint64_t places;  /* blocks in the file */
    size_t block;     /* index into blocks */
    size_t at;        /* next record in that block, 0: not begun */
    uint64_t next_number;
    uint64_t skipped;
    bool started[REC_CORES];
};

static enum err read_file(const char *name, struct buf *to)
{
    struct stat st;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    enum err e = fstat(fd, &st) == 0 && st.st_size >= 0 ? ERR_OK : ERR_IO;
    buf_init(to, e ? 0 : (size_t)st.st_size);
    while (!e && buf_room(to)) {
        uint8_t *p = buf_reserve(to, buf_room(to));
        ssize_t n = p ? read(fd, p, buf_room(to)) : -1;
        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            e = n == 0 ? ERR_OK : ERR_IO;
            break;
        }
        if (n > 0)
            buf_commit(to, (size_t)n);
    }
    close(fd);
    return e;
}

static uint8_t *place(const struct rec_reader *r, uint64_t sequence)
{
    return r->file + REC_HEAD + (size_t)((sequence - 1) % r->places) * REC_BLOCK;
}

static int by_sequence(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static void find_blocks(struct rec_reader *r)
{
    r->blocks = xcalloc((size_t)r->places, sizeof r->blocks[0]);
    for (uint64_t i = 0; i < r->places; i++) {
        const uint8_t *b = r->file + REC_HEAD + (size_t)i * REC_BLOCK;
        uint64_t sequence = get_u64(b + 8);
        if (get_u32(b) == REC_BLOCK_MAGIC && get_u32(b + 4) == rec_seed(sequence) &&
            (sequence - 1) % r->places == i)
            r->blocks[r->n_blocks++] = sequence;
    }
    qsort(r->blocks, r->n_blocks, sizeof r->blocks[0], by_sequence);
}

enum err rec_reader_open(struct rec_reader **out, const char *name)
{
    struct buf file = {0};
    *out = NULL;
    enum err e = read_file(name, &file);
    if (!e) {
        const uint8_t *p = buf_data(&file);
        uint64_t places = buf_len(&file) < REC_HEAD ? 0 : (buf_len(&file) - REC_HEAD) / REC_BLOCK;
        if (places == 0 || memcmp(p, REC_MAGIC, 8) != 0 || get_u32(p + 8) != REC_VERSION ||
            get_u32(p + 12) != REC_BLOCK || get_u64(p + 16) != places)
            e = ERR_SYNTAX;
    }
    if (e) {
        int saved = errno;
        buf_free(&file);
        errno = saved;
        return e;
    }
    struct rec_reader *r = xcalloc(1, sizeof *r);
    r->file = file.base; /* the reader's now */
    r->places = (buf_len(&file) - REC_HEAD) / REC_BLOCK;
    find_blocks(r);
    *out = r;
    return ERR_OK;
}

void rec_reader_close(struct rec_reader *r)
{
    if (!r)
        return;
    xfree(r->blocks);
    xfree(r->file);
    xfree(r);
}

/* The record at r->at of the current block; false at the block's end. */
static bool parse(struct rec_reader *r, struct rec_record *out)
{
    uint64_t sequence = r->blocks[r->block];
    if (r->at + REC_RECORD_HEAD > REC_BLOCK)
        return false;
    const uint8_t *p = place(r, sequence) + r->at;
    size_t n = get_u32(p + 4);
    if (n > REC_DATA_MAX || r->at + REC_RECORD_HEAD + n > REC_BLOCK ||
        get_u32(p) != crc32_ieee(rec_seed(sequence), p + 4, REC_RECORD_HEAD - 4 + n))
        return false;
    *out = (struct rec_record){
        .number = get_u64(p + 8),
        .time = (int64_t)get_u64(p + 16),
        .kind = get_u16(p + 24),
        .core = get_u16(p + 26),
        .data = str_of(p + REC_RECORD_HEAD, n),
    };
    r->at += REC_RECORD_HEAD + rec_padded(n);
    return out->core < REC_CORES;
}

static bool next_whole(struct rec_reader *r, struct rec_record *out)
{
    while (r->block < r->n_blocks) {
        if (r->at == 0)
            r->at = REC_BLOCK_HEAD;
        if (parse(r, out))
            return true;
        r->block++;
        r->at = 0;
    }
    return false;
}

/* Follows which cores are between a checkpoint and a pause; whether `rec` is to be given out. */
static bool wanted(struct rec_reader *r, const struct rec_record *rec)
{
    bool was = r->started[rec->core];
    if (rec->kind == REC_CHECKPOINT)
        r->started[rec->core] = true;
    else if (rec->kind == REC_PAUSE)
        r->started[rec->core] = false;
    return was || rec->kind == REC_CHECKPOINT || rec->kind == REC_NOTE;
}

enum err rec_next(struct rec_reader *r, struct rec_record *out)
{
    while (next_whole(r, out)) {
        if (out->number != r->next_number) /* something is missing: no core's state is known */
            memset(r->started, 0, sizeof r->started);
        r->next_number = out->number + 1;
        if (wanted(r, out))
            return ERR_OK;
        r->skipped++;
    }
    return ERR_EOF;
}

uint64_t rec_reader_skipped(const struct rec_reader *r)
{
    return r->skipped;
}

bool rec_expect(const struct rec_record *rec, struct rec_hash *got, char *why, size_t why_n)
{
    struct rd rd = rd_of(rec->data.p, rec->data.n);
    uint64_t v = rd_u64(&rd);
    uint32_t n = rd_u32(&rd);
    struct rec_hash had = *got;
    *got = (struct rec_hash){0};
    if (!rd.bad && rec->kind == REC_OUTPUT && v == had.v && n == had.n)
        return true;
    snprintf(why, why_n,
             "record %" PRIu64 " (core %u): output differs: recorded %u outputs, hash %016" PRIx64
             "; now %u outputs, hash %016" PRIx64,
             rec->number, rec->core, n, v, had.n, had.v);
    return false;
}

bool rec_expect_none(const struct rec_record *rec, struct rec_hash *got, char *why, size_t why_n)
{
    struct rec_hash had = *got;
    if (rec->kind == REC_NOTE)
        return true;
    *got = (struct rec_hash){0};
    if (had.n == 0 || rec->kind == REC_PAUSE) /* a pause may come between input and output */
        return true;
    snprintf(why, why_n,
             "record %" PRIu64 " (core %u): output differs: before it nothing was recorded; now "
             "%u outputs, hash %016" PRIx64,
             rec->number, rec->core, had.n, had.v);
    return false;
}
