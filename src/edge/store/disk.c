#include "edge/store/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/util.h"

enum { PATH_SIZE = 48 };

static const char *const areas[DISK_AREAS] = {"avatar", "file", "upload", "export", "recordings"};

struct disk {
    int area[DISK_AREAS]; /* descriptors of directories; -1: none */
    uint64_t max;
    _Atomic uint64_t bytes;
};

uint64_t disk_bytes(const struct disk *d)
{
    return atomic_load_explicit(&d->bytes, memory_order_relaxed);
}

uint64_t disk_bytes_max(const struct disk *d)
{
    return d->max;
}

static void grow(struct disk *d, uint64_t from, uint64_t to)
{
    atomic_fetch_add_explicit(&d->bytes, to - from, memory_order_relaxed);
}

/* "5e/00000123456789ab-512": in one of 256 folders, since directories with a million files are slow. A recording is a
 * folder of its own there. */
static void path_of(const struct disk_name *n, char path[PATH_SIZE])
{
    char name[DISK_RECORDING_NAME] = "";
    if (n->area == DISK_RECORDING) {
        if (n->part != DISK_RECORDING_ALL)
            disk_recording_file(n->part, name);
        snprintf(path, PATH_SIZE, "%02x/%016" PRIx64 "/%s", (unsigned)(n->id & 0xff), n->id, name);
    } else {
        snprintf(path, PATH_SIZE, "%02x/%016" PRIx64 "-%" PRIu64, (unsigned)(n->id & 0xff), n->id,
                 n->part);
    }
}

/* ---- at the start ---- */

/* A directory below `at`, made if need be. */
static int open_dir(int at, const char *name)
{
    if (mkdirat(at, name, 0700) != 0 && errno != EEXIST)
        return -1;
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Counts the files of a folder, or removes them. */
static void look_through(struct disk *d, int folder, bool remove)
{
    DIR *dir = fdopendir(folder);
    const struct dirent *e;
    struct stat st;
    if (!dir) {
        close(folder);
        return;
    }
    while ((e = readdir(dir))) {
        if (e->d_name[0] == '.')
            continue;
        if (remove)
            unlinkat(dirfd(dir), e->d_name, 0);
        else if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                 S_ISREG(st.st_mode))
            grow(d, 0, (uint64_t)st.st_size);
    }
    closedir(dir);
}

static bool open_area(struct disk *d, int root, enum disk_area area)
{
    bool passing = area == DISK_UPLOAD || area == DISK_EXPORT;
    d->area[area] = open_dir(root, areas[area]);
    int again = d->area[area] < 0 ? -1
                                  : openat(d->area[area], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    const struct dirent *e;
    if (!dir)
        return false;
    while ((e = readdir(dir))) {
        int folder = e->d_name[0] == '.' ? -1
                                         : openat(d->area[area], e->d_name,
                                                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (folder >= 0)
            look_through(d, folder, passing);
    }
    closedir(dir);
    return true;
}

struct disk *disk_open(const struct disk_conf *conf, char *err, size_t errlen)
{
    struct disk *d = xcalloc(1, sizeof *d);
    int root = open_dir(AT_FDCWD, conf->dir);
    bool good = root >= 0;
    d->max = conf->bytes_max ? conf->bytes_max : UINT64_MAX;
    for (int a = 0; a < DISK_AREAS; a++)
        d->area[a] = -1;
    for (int a = 0; good && a < DISK_RECORDING; a++)
        good = open_area(d, root, (enum disk_area)a);
    if (good && conf->recordings) { /* which are not counted here */
        d->area[DISK_RECORDING] = open_dir(AT_FDCWD, conf->recordings);
        good = d->area[DISK_RECORDING] >= 0;
    }
    if (!good) {
        snprintf(err, errlen, "The directory %.300s cannot be used: %s.", conf->dir,
                 strerror(errno));
        disk_close(d);
        d = NULL;
    }
    if (root >= 0)
        close(root);
    return d;
}

void disk_close(struct disk *d)
{
    for (int a = 0; d && a < DISK_AREAS; a++)
        if (d->area[a] >= 0)
            close(d->area[a]);
    xfree(d);
}

/* ---- one request ---- */

static enum disk_status status_of(int e, const char *what, const char *path)
{
    if (e == ENOENT)
        return DISK_MISSING;
    log_limited(LOG_LEVEL_ERROR, "disk", NULL, "%s %s: %s", what, path, strerror(e));
    return e == ENOSPC || e == EDQUOT || e == EFBIG ? DISK_FULL : DISK_FAILED;
}

/* The folder that path lies in: made when its first file comes. */
static void make_folder(int area, const char *path)
{
    char name[3] = {path[0], path[1], 0};
    if (mkdirat(area, name, 0700) == 0)
        fsync(area);
}

/* All n bytes, or -1. */
static int write_all(int fd, const char *p, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return -1;
        p += done;
        n -= (size_t)done;
        at += (uint64_t)done;
    }
    return 0;
}

/* What there is of n bytes, or -1. */
static ssize_t read_all(int fd, uint8_t *p, size_t n, uint64_t at)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(fd, p + got, n - got, (off_t)(at + got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    return (ssize_t)got;
}

static void do_read(int fd, const char *path, const struct disk_request *rq, uint8_t *into,
                    struct disk_answer *a)
{
    ssize_t n = read_all(fd, into, MIN_OF(rq->n, (uint32_t)DISK_PIECE_MAX), rq->at);
    if (n < 0)
        a->status = status_of(errno, "reading", path);
    else
        a->data = str_of(into, (size_t)n);
}

static void do_write(struct disk *d, int fd, const char *path, const struct disk_request *rq,
                     struct disk_answer *a)
{
    uint64_t before = a->size, after = MAX_OF(before, rq->at + rq->data.n);
    if (rq->at > before || rq->data.n > DISK_PIECE_MAX) {
        a->status = DISK_FAILED;
    } else if (MAX_OF(after, rq->room) > before &&
               MAX_OF(after, rq->room) - before > d->max - MIN_OF(d->max, disk_bytes(d))) {
        a->status = DISK_FULL;
    } else if (write_all(fd, rq->data.p, rq->data.n, rq->at) != 0 || (rq->sync && fsync(fd) != 0)) {
        a->status = status_of(errno, "writing", path);
        /* Half a piece is none: who goes on asks how much there is. */
        if (ftruncate(fd, (off_t)before) != 0)
            log_limited(LOG_LEVEL_ERROR, "disk", NULL, "%s keeps half a piece", path);
    } else {
        grow(d, before, after);
        a->size = after;
    }
}

/* Reading and writing: on the open file. */
static void do_file(struct disk *d, const struct disk_request *rq, const char *path, uint8_t *into,
                    struct disk_answer *a)
{
    bool makes = rq->op == DISK_WRITE && !rq->there;
    int how = (rq->op == DISK_READ ? O_RDONLY : O_RDWR) | (makes ? O_CREAT : 0) | O_NOFOLLOW |
              O_CLOEXEC;
    int area = d->area[rq->name.area], fd = openat(area, path, how, 0600);
    struct stat st;
    if (fd < 0 && errno == ENOENT && makes) {
        make_folder(area, path);
        fd = openat(area, path, how, 0600);
    }
    if (fd < 0 || fstat(fd, &st) != 0) {
        a->status = status_of(errno, "opening", path);
    } else {
        a->size = (uint64_t)st.st_size;
        if (rq->op == DISK_READ)
            do_read(fd, path, rq, into, a);
        else
            do_write(d, fd, path, rq, a);
    }
    if (fd >= 0)
        close(fd);
}

static uint64_t size_at(int area, const char *path)
{
    struct stat st;
    return fstatat(area, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)st.st_size : 0;
}

/* The folder that path lies in: a new name is safe when that is. */
static int sync_folder(int area, const char *path)
{
    char name[3] = {path[0], path[1], 0};
    int fd = openat(area, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    return r;
}

static void do_rename(struct disk *d, const struct disk_request *rq, const char *path,
                      struct disk_answer *a)
{
    char to[PATH_SIZE];
    path_of(&rq->to, to);
    int from_area = d->area[rq->name.area], to_area = d->area[rq->to.area];
    uint64_t replaced = size_at(to_area, to);
    make_folder(to_area, to);
    if (renameat(from_area, path, to_area, to) != 0) {
        a->status = status_of(errno, "renaming", path);
        return;
    }
    grow(d, replaced, 0);
    a->size = size_at(to_area, to);
    if (sync_folder(to_area, to) != 0)
        a->status = status_of(errno, "keeping", to);
}

/* The folder and what is in it; what isn't there is gone, too. */
static void remove_recording(int area, const char *path, struct disk_answer *a)
{
    int fd = openat(area, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    while (dir && (e = readdir(dir))) {
        if (e->d_name[0] != '.')
            unlinkat(fd, e->d_name, 0);
    }
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    if (unlinkat(area, path, AT_REMOVEDIR) != 0 && errno != ENOENT)
        a->status = status_of(errno, "removing", path);
}

bool disk_remove(const char *dir, const struct disk_name *name)
{
    char path[PATH_SIZE], full[4096];
    struct disk_answer a = {.status = DISK_OK};
    path_of(name, path);
    snprintf(full, sizeof full, "%s/%s", dir, areas[name->area]);
    int area = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (area < 0)
        return errno == ENOENT;
    if (name->area == DISK_RECORDING)
        remove_recording(area, path, &a);
    else if (unlinkat(area, path, 0) != 0 && errno != ENOENT)
        a.status = status_of(errno, "removing", path);
    close(area);
    return a.status == DISK_OK;
}

static void do_unlink(struct disk *d, const struct disk_request *rq, const char *path,
                      struct disk_answer *a)
{
    if (rq->name.area == DISK_RECORDING) {
        remove_recording(d->area[DISK_RECORDING], path, a);
        return;
    }
    int area = d->area[rq->name.area];
    uint64_t size = size_at(area, path);
    if (unlinkat(area, path, 0) == 0)
        grow(d, size, 0);
    else if (errno != ENOENT)
        a->status = status_of(errno, "removing", path);
}

void disk_do(struct disk *d, const struct disk_request *rq, uint8_t *into, struct disk_answer *a)
{
    char path[PATH_SIZE];
    *a = (struct disk_answer){
        .op = rq->op, .owner = rq->owner, .number = rq->number, .status = DISK_OK};
    path_of(&rq->name, path);
    if ((unsigned)rq->name.area >= DISK_AREAS || (unsigned)rq->to.area >= DISK_AREAS ||
        (rq->name.area == DISK_RECORDING && rq->op != DISK_READ && rq->op != DISK_UNLINK)) {
        a->status = DISK_FAILED;
    } else if (d->area[rq->name.area] < 0) {
        a->status = rq->op == DISK_UNLINK ? DISK_OK : DISK_MISSING;
    } else if (rq->op == DISK_RENAME) {
        do_rename(d, rq, path, a);
    } else if (rq->op == DISK_UNLINK) {
        do_unlink(d, rq, path, a);
    } else {
        do_file(d, rq, path, into, a);
    }
}
