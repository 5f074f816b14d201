/* A disk whose power can be cut, for SQLite: a VFS around the system's own. What was written and not synced yet is
 * remembered piece by piece; when the power goes, each piece is there, or not, or torn, in no order. Locks and
 * shared memory are the real ones (and shared memory does not survive). One thread. */
#ifndef MADANG_TESTS_POWER_VFS_H
#define MADANG_TESTS_POWER_VFS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum { POWER_FILES = 8, POWER_SECTOR = 512 };

struct power_op { /* a write, or with p == NULL a new size */
    int64_t at;
    size_t n;
    uint8_t *p;
};

struct power_file {
    char path[256];
    uint8_t *durable; /* what is on the disk for sure */
    size_t n;
    bool there; /* the living see it */
    bool named; /* its name is on the disk for sure */
    struct power_op *ops;
    size_t n_ops;
};

static struct {
    sqlite3_vfs vfs, *real;
    struct power_file files[POWER_FILES];
    unsigned n_files;
    uint64_t events; /* writes, syncs and truncations so far */
    uint64_t cut_at; /* the power goes before that one; 0: never */
    bool off;        /* it is gone */
    bool lies;       /* syncs do nothing */
    uint64_t random;
} power;

struct power_handle {
    sqlite3_file base;
    struct power_file *file; /* NULL: not watched */
    bool new_name;           /* its first sync syncs the directory, too, as the system's VFS does */
    sqlite3_file *real;
};

static inline uint32_t power_random(uint32_t below)
{
    power.random = power.random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(power.random >> 33) % below;
}

static inline struct power_handle *power_of(sqlite3_file *f)
{
    return (struct power_handle *)f;
}

/* ---- what is remembered ---- */

static inline void power_op(struct power_file *f, int64_t at, const void *p, size_t n)
{
    f->ops = realloc(f->ops, (f->n_ops + 1) * sizeof *f->ops);
    struct power_op *op = &f->ops[f->n_ops++];
    *op = (struct power_op){at, n, NULL};
    if (p) {
        op->p = malloc(n ? n : 1);
        memcpy(op->p, p, n);
    }
}

static inline void power_resize(struct power_file *f, size_t n)
{
    f->durable = realloc(f->durable, n ? n : 1);
    if (n > f->n)
        memset(f->durable + f->n, 0, n - f->n);
    f->n = n;
}

static inline void power_apply(struct power_file *f, int64_t at, const uint8_t *p, size_t n)
{
    if ((size_t)at + n > f->n)
        power_resize(f, (size_t)at + n);
    memcpy(f->durable + at, p, n);
}

static inline void power_forget_ops(struct power_file *f)
{
    for (size_t i = 0; i < f->n_ops; i++)
        free(f->ops[i].p);
    free(f->ops);
    f->ops = NULL;
    f->n_ops = 0;
}

static inline void power_settle(struct power_file *f)
{
    for (size_t i = 0; i < f->n_ops; i++) {
        struct power_op *op = &f->ops[i];
        if (op->p)
            power_apply(f, op->at, op->p, op->n);
        else
            power_resize(f, (size_t)op->at);
    }
    power_forget_ops(f);
    f->named |= f->there;
}

/* What was made and deleted so far is so for good. */
static inline void power_settle_names(void)
{
    for (unsigned i = 0; i < power.n_files; i++) {
        struct power_file *f = &power.files[i];
        f->named = f->there;
        if (!f->there) {
            power_forget_ops(f);
            power_resize(f, 0);
        }
    }
}

/* One thing that the disk is asked to do; false: there is no power. */
static inline bool power_event(void)
{
    if (!power.off && ++power.events == power.cut_at)
        power.off = true;
    return !power.off;
}

/* ---- a file ---- */

static int power_close(sqlite3_file *f)
{
    return power_of(f)->real->pMethods->xClose(power_of(f)->real);
}

static int power_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return power.off ? SQLITE_IOERR_READ
                     : power_of(f)->real->pMethods->xRead(power_of(f)->real, p, n, at);
}

static int power_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    struct power_handle *h = power_of(f);
    if (!power_event())
        return SQLITE_IOERR_WRITE;
    if (h->file)
        power_op(h->file, at, p, (size_t)n);
    return h->real->pMethods->xWrite(h->real, p, n, at);
}

static int power_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct power_handle *h = power_of(f);
    if (!power_event())
        return SQLITE_IOERR_TRUNCATE;
    if (h->file)
        power_op(h->file, size, NULL, 0);
    return h->real->pMethods->xTruncate(h->real, size);
}

static int power_sync(sqlite3_file *f, int flags)
{
    struct power_handle *h = power_of(f);
    (void)flags; /* the real disk need not work */
    if (!power_event())
        return SQLITE_IOERR_FSYNC;
    if (h->file && !power.lies)
        power_settle(h->file);
    if (h->new_name && !power.lies)
        power_settle_names();
    h->new_name = false;
    return SQLITE_OK;
}

static int power_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return power.off ? SQLITE_IOERR_FSTAT
                     : power_of(f)->real->pMethods->xFileSize(power_of(f)->real, size);
}

static int power_lock(sqlite3_file *f, int what)
{
    return power_of(f)->real->pMethods->xLock(power_of(f)->real, what);
}

static int power_unlock(sqlite3_file *f, int what)
{
    return power_of(f)->real->pMethods->xUnlock(power_of(f)->real, what);
}

static int power_check_lock(sqlite3_file *f, int *out)
{
    return power_of(f)->real->pMethods->xCheckReservedLock(power_of(f)->real, out);
}

static int power_control(sqlite3_file *f, int op, void *arg)
{
    return power_of(f)->real->pMethods->xFileControl(power_of(f)->real, op, arg);
}

static int power_sector(sqlite3_file *f)
{
    (void)f;
    return POWER_SECTOR;
}

/* Nothing: writes are not atomic, not in order, and a torn one may spoil what it was to overwrite. */
static int power_character(sqlite3_file *f)
{
    (void)f;
    return 0;
}

static int power_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return power_of(f)->real->pMethods->xShmMap(power_of(f)->real, page, size, extend, out);
}

static int power_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return power_of(f)->real->pMethods->xShmLock(power_of(f)->real, offset, n, flags);
}

static void power_shm_barrier(sqlite3_file *f)
{
    power_of(f)->real->pMethods->xShmBarrier(power_of(f)->real);
}

static int power_shm_unmap(sqlite3_file *f, int del)
{
    return power_of(f)->real->pMethods->xShmUnmap(power_of(f)->real, del);
}

static const sqlite3_io_methods power_methods = {
    .iVersion = 2,
    .xClose = power_close,
    .xRead = power_read,
    .xWrite = power_write,
    .xTruncate = power_truncate,
    .xSync = power_sync,
    .xFileSize = power_size,
    .xLock = power_lock,
    .xUnlock = power_unlock,
    .xCheckReservedLock = power_check_lock,
    .xFileControl = power_control,
    .xSectorSize = power_sector,
    .xDeviceCharacteristics = power_character,
    .xShmMap = power_shm_map,
    .xShmLock = power_shm_lock,
    .xShmBarrier = power_shm_barrier,
    .xShmUnmap = power_shm_unmap,
};

/* ---- the file system ---- */

static inline struct power_file *power_find(const char *path)
{
    for (unsigned i = 0; i < power.n_files; i++)
        if (strcmp(power.files[i].path, path) == 0)
            return &power.files[i];
    return NULL;
}

/* A file that is there when it is first opened is on the disk. */
static inline struct power_file *power_watch(const char *path)
{
    struct power_file *f = power_find(path);
    if (f || power.n_files == POWER_FILES)
        return f;
    f = &power.files[power.n_files++];
    memset(f, 0, sizeof *f);
    snprintf(f->path, sizeof f->path, "%s", path);
    FILE *in = fopen(path, "r");
    if (in) {
        f->there = true;
        fseek(in, 0, SEEK_END);
        long n = ftell(in);
        rewind(in);
        power_resize(f, (size_t)n);
        f->named = fread(f->durable, 1, (size_t)n, in) == (size_t)n;
        fclose(in);
    }
    return f;
}

static int power_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    struct power_handle *h = power_of(f);
    int watched = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
    (void)vfs;
    if (power.off)
        return SQLITE_CANTOPEN;
    h->file = name && (flags & watched) ? power_watch(name) : NULL;
    h->real = (sqlite3_file *)(h + 1);
    bool fresh = h->file && !h->file->there;
    int rc = power.real->xOpen(power.real, name, h->real, flags, out);
    if (fresh && rc == SQLITE_OK) { /* what was under this name before may still be on the disk */
        h->file->there = true;
        h->new_name = (flags & SQLITE_OPEN_MAIN_DB) == 0;
        power_op(h->file, 0, NULL, 0);
    }
    h->base.pMethods = h->real->pMethods ? &power_methods : NULL;
    return rc;
}

static int power_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    struct power_file *f = power_find(name);
    (void)vfs;
    if (!power_event())
        return SQLITE_IOERR_DELETE;
    if (f)
        f->there = false;
    if (sync && !power.lies)
        power_settle_names();
    return power.real->xDelete(power.real, name, 0);
}

/* Registers the VFS "power"; again is harmless. */
static inline void power_install(void)
{
    if (power.real)
        return;
    power.real = sqlite3_vfs_find(NULL);
    power.vfs = *power.real;
    power.vfs.zName = "power";
    power.vfs.pNext = NULL;
    power.vfs.szOsFile = (int)sizeof(struct power_handle) + power.real->szOsFile;
    power.vfs.xOpen = power_open;
    power.vfs.xDelete = power_delete;
    sqlite3_vfs_register(&power.vfs, 0);
}

/* ---- the power goes, and comes back ---- */

/* Of a write that was not synced: all, nothing, or some of its sectors, and of one of those only a part. */
static inline void power_maybe(struct power_file *f, const struct power_op *op)
{
    unsigned fate = power_random(4);
    if (fate == 0)
        return;
    if (fate == 1) {
        power_apply(f, op->at, op->p, op->n);
        return;
    }
    for (size_t from = 0; from < op->n; from += POWER_SECTOR) {
        size_t n = op->n - from < POWER_SECTOR ? op->n - from : POWER_SECTOR;
        if (power_random(2))
            power_apply(f, op->at + (int64_t)from, op->p + from,
                        power_random(8) ? n : power_random((uint32_t)n));
    }
}

static inline void power_write_out(const struct power_file *f)
{
    if (f->named == f->there ? !f->named : power_random(2)) {
        unlink(f->path);
        return;
    }
    FILE *out = fopen(f->path, "w");
    if (out) {
        if (f->n > 0)
            fwrite(f->durable, 1, f->n, out);
        fclose(out);
    }
}

static inline void power_forget(void)
{
    for (unsigned i = 0; i < power.n_files; i++) {
        power_forget_ops(&power.files[i]);
        free(power.files[i].durable);
    }
    power.n_files = 0;
    power.off = false;
    power.events = power.cut_at = 0;
}

/* All connections are closed: files become what a disk would hold after the cut. */
static inline void power_back(void)
{
    for (unsigned i = 0; i < power.n_files; i++) {
        struct power_file *f = &power.files[i];
        for (size_t k = 0; k < f->n_ops; k++) {
            if (f->ops[k].p)
                power_maybe(f, &f->ops[k]);
            else if (power_random(2))
                power_resize(f, (size_t)f->ops[k].at);
        }
        power_write_out(f);
    }
    power_forget();
}

#endif
