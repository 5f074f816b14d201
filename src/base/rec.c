#include "base/rec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rec_format.h"
#include "base/util.h"

/* Room at the end of each block, so that every core's REC_PAUSE always fits. */
enum { BLOCK_USABLE = REC_BLOCK - REC_CORES * REC_RECORD_HEAD };

struct core {
    bool live;           /* recorded since its checkpoint */
    uint64_t checkpoint; /* sequence of the block that holds it */
};

struct rec {
    uint8_t *map;
    size_t map_size;
    uint64_t n_blocks;
    uint64_t sequence; /* of the current block, from 1 */
    size_t at;         /* where the next record goes in it */
    uint64_t number;   /* of the next record */
    uint64_t dropped;
    struct core cores[REC_CORES];
};

static uint8_t *block(struct rec *r)
{
    return r->map + REC_HEAD + (size_t)((r->sequence - 1) % r->n_blocks) * REC_BLOCK;
}

static void begin_block(struct rec *r)
{
    r->sequence++;
    uint8_t *b = block(r);
    set_u32(b, REC_BLOCK_MAGIC);
    set_u32(b + 4, rec_seed(r->sequence));
    set_u64(b + 8, r->sequence);
    r->at = REC_BLOCK_HEAD;
}

/* An existing recording (of a run that perhaps crashed, and was started again) moves to FILE.1;
 * anything else that has this name stays what it is. */
static enum err make_way(const char *file)
{
    char magic[sizeof REC_MAGIC - 1], older[4096];
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? ERR_OK : ERR_IO;
    ssize_t n = read(fd, magic, sizeof magic);
    close(fd);
    errno = EEXIST;
    if (n != (ssize_t)sizeof magic || memcmp(magic, REC_MAGIC, sizeof magic) != 0)
        return ERR_EXISTS;
    if ((size_t)snprintf(older, sizeof older, "%s.1", file) >= sizeof older)
        return ERR_RANGE;
    return rename(file, older) == 0 ? ERR_OK : ERR_IO;
}

/* The space is reserved, since a store into a hole on a full disk would be a SIGBUS. */
static int reserve(int fd, off_t size)
{
    int e = posix_fallocate(fd, 0, size);
    if (e == EOPNOTSUPP || e == EINVAL)
        return ftruncate(fd, size);
    errno = e;
    return e ? -1 : 0;
}

static enum err map_new(struct rec *r, const char *file)
{
    int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    void *map = MAP_FAILED;
    if (reserve(fd, (off_t)r->map_size) == 0)
        map = mmap(NULL, r->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int saved = errno;
    close(fd);
    if (map == MAP_FAILED) {
        unlink(file);
        errno = saved;
        return ERR_IO;
    }
    r->map = map;
    return ERR_OK;
}

enum err rec_open(struct rec **out, const char *file, uint64_t size)
{
    *out = NULL;
    if (size < REC_SIZE_MIN || size > SIZE_MAX / 2)
        return ERR_RANGE;
    enum err e = make_way(file);
    if (e)
        return e;
    struct rec *r = xcalloc(1, sizeof *r);
    r->n_blocks = size / REC_BLOCK;
    r->map_size = REC_HEAD + (size_t)r->n_blocks * REC_BLOCK;
    e = map_new(r, file);
    if (e) {
        xfree(r);
        return e;
    }
    memcpy(r->map, REC_MAGIC, sizeof REC_MAGIC - 1);
    set_u32(r->map + 8, REC_VERSION);
    set_u32(r->map + 12, REC_BLOCK);
    set_u64(r->map + 16, r->n_blocks);
    begin_block(r);
    *out = r;
    return ERR_OK;
}

void rec_close(struct rec *r)
{
    if (!r)
        return;
    munmap(r->map, r->map_size);
    xfree(r);
}

struct record {
    uint16_t kind;
    uint16_t core;
    int64_t time;
    struct str a, b;
};

static void write_record(struct rec *r, const struct record *in)
{
    uint8_t *p = block(r) + r->at;
    size_t n = in->a.n + in->b.n;
    set_u32(p + 4, (uint32_t)n);
    set_u64(p + 8, r->number++);
    set_u64(p + 16, (uint64_t)in->time);
    set_u16(p + 24, in->kind);
    set_u16(p + 26, in->core);
    set_u32(p + 28, 0);
    if (in->a.n)
        memcpy(p + REC_RECORD_HEAD, in->a.p, in->a.n);
    if (in->b.n)
        memcpy(p + REC_RECORD_HEAD + in->a.n, in->b.p, in->b.n);
    set_u32(p, crc32_ieee(rec_seed(r->sequence), p + 4, REC_RECORD_HEAD - 4 + n));
    r->at += REC_RECORD_HEAD + rec_padded(n);
}

static void pause_core(struct rec *r, uint16_t core, int64_t time)
{
    struct record pause = {REC_PAUSE, core, time, STR_NONE, STR_NONE};
    r->cores[core].live = false;
    /* A new block may be begun for a record that then doesn't come: room is there all the same. */
    write_record(r, &pause);
}

/* Room for n bytes of a record of that core; false when the core had to be paused. */
static bool make_room(struct rec *r, const struct record *in, size_t n)
{
    if (r->at + REC_RECORD_HEAD + rec_padded(n) <= BLOCK_USABLE)
        return true;
    uint64_t next = r->sequence + 1;
    for (unsigned i = 0; i < REC_CORES; i++)
        if (r->cores[i].live && r->cores[i].checkpoint + r->n_blocks <= next)
            pause_core(r, i, in->time);
    if (in->kind != REC_CHECKPOINT && in->kind != REC_NOTE && !r->cores[in->core].live)
        return false;
    begin_block(r);
    return true;
}

static void put(struct rec *r, const struct record *in)
{
    size_t n = in->a.n + in->b.n;
    bool free_kind = in->kind == REC_CHECKPOINT || in->kind == REC_NOTE;
    if (in->core >= REC_CORES || (!free_kind && !r->cores[in->core].live)) {
        r->dropped++;
    } else if (n > REC_DATA_MAX) {
        r->dropped++;
        if (r->cores[in->core].live)
            pause_core(r, in->core, in->time);
    } else if (!make_room(r, in, n)) {
        r->dropped++;
    } else {
        write_record(r, in);
        if (in->kind == REC_CHECKPOINT)
            r->cores[in->core] = (struct core){true, r->sequence};
    }
}

void rec_checkpoint(struct rec *r, uint16_t core, int64_t time, const void *p, size_t n)
{
    if (!r)
        return;
    rec_core_end(r, core); /* its old checkpoint may go */
    put(r, &(struct record){REC_CHECKPOINT, core, time, str_of(p, n), STR_NONE});
}

void rec_put(struct rec *r, uint16_t kind, uint16_t core, int64_t time, const void *p, size_t n)
{
    rec_put2(r, kind, core, time, p, n, NULL, 0);
}

void rec_put2(struct rec *r, uint16_t kind, uint16_t core, int64_t time, const void *p, size_t n,
              const void *q, size_t m)
{
    if (r)
        put(r, &(struct record){kind, core, time, str_of(p, n), str_of(q, m)});
}

bool rec_on(const struct rec *r, uint16_t core)
{
    return r && core < REC_CORES && r->cores[core].live;
}

void rec_core_end(struct rec *r, uint16_t core)
{
    if (r && core < REC_CORES)
        r->cores[core].live = false;
}

uint64_t rec_dropped(const struct rec *r)
{
    return r ? r->dropped : 0;
}

void rec_hash_add(struct rec_hash *h, uint64_t what, const void *p, size_t n)
{
    struct hash_key chain = {h->v, what};
    h->v = siphash24(&chain, p, n);
    h->n++;
}

void rec_put_hash(struct rec *r, uint16_t core, int64_t time, struct rec_hash *h)
{
    uint8_t t[12];
    if (h->n && rec_on(r, core)) {
        set_u64(t, h->v);
        set_u32(t + 8, h->n);
        rec_put(r, REC_OUTPUT, core, time, t, sizeof t);
    }
    *h = (struct rec_hash){0};
}
