#include "edge/rec/rec_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

enum { WAITS_MAX = 64 << 10, WAITS_CAP = 16 << 20, NAME_MAX_BYTES = 128, DEPTH = 3 };

struct rec_disk {
    int dir;
    uint64_t quota, reserve;
    _Atomic uint64_t bytes;
};

struct file {
    int fd;           /* -1: none */
    uint64_t written; /* bytes of it that have left `waits` */
    struct buf waits;
};

struct rec_folder {
    struct rec_disk *disk;
    int dir;
    char path[2 * NAME_MAX_BYTES + 2];
    enum rec_end trouble;
    struct file files[REC_DISK_FILES];
};

/* ---- The folder of all ---- */

static int open_dir(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Bytes of the files below; `at` is closed. */
static uint64_t count_below(int at, unsigned depth)
{
    DIR *dir = fdopendir(at);
    const struct dirent *e;
    struct stat st;
    uint64_t bytes = 0;
    if (dir == NULL) {
        close(at);
        return 0;
    }
    while ((e = readdir(dir)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_size;
        int below = S_ISDIR(st.st_mode) && depth < DEPTH ? open_dir(dirfd(dir), e->d_name) : -1;
        if (below >= 0)
            bytes += count_below(below, depth + 1);
    }
    closedir(dir);
    return bytes;
}

/* Anew, since recordings are removed by others, too. */
static void count(struct rec_disk *d)
{
    int at = open_dir(d->dir, ".");
    if (at >= 0)
        atomic_store_explicit(&d->bytes, count_below(at, 1), memory_order_relaxed);
}

struct rec_disk *rec_disk_open(const struct rec_disk_conf *conf, char *err, size_t errlen)
{
    struct rec_disk *d = xcalloc(1, sizeof *d);
    if (mkdir(conf->dir, 0700) == 0 || errno == EEXIST)
        d->dir = open(conf->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    else
        d->dir = -1;
    if (d->dir < 0) {
        snprintf(err, errlen, "The folder %.300s cannot be used: %s.", conf->dir, strerror(errno));
        xfree(d);
        return NULL;
    }
    d->quota = conf->quota > 0 ? conf->quota : UINT64_MAX;
    d->reserve = conf->reserve;
    count(d);
    return d;
}

void rec_disk_close(struct rec_disk *d)
{
    if (d != NULL)
        close(d->dir);
    xfree(d);
}

uint64_t rec_disk_bytes(const struct rec_disk *d)
{
    return atomic_load_explicit(&((struct rec_disk *)(uintptr_t)d)->bytes, memory_order_relaxed);
}

/* ---- One recording ---- */

static void fail(struct rec_folder *f, const char *what, const char *name)
{
    int e = errno;
    if (f->trouble != REC_ENDS)
        return;
    f->trouble = e == ENOSPC || e == EDQUOT || e == EFBIG ? REC_DISK_FULL : REC_FAILED;
    log_limited(LOG_LEVEL_ERROR, "rec", NULL, "%s %s/%s: %s", what, f->path, name, strerror(e));
}

/* Is there room for more? */
static void look_at_room(struct rec_folder *f)
{
    struct statvfs v;
    if (f->trouble != REC_ENDS)
        return;
    if (rec_disk_bytes(f->disk) >= f->disk->quota)
        f->trouble = REC_QUOTA;
    else if (fstatvfs(f->disk->dir, &v) == 0 &&
             (uint64_t)v.f_bavail * v.f_frsize < f->disk->reserve)
        f->trouble = REC_DISK_FULL;
}

/* One part of a path: nothing that leads elsewhere. */
static bool is_name(struct str s)
{
    if (s.n == 0 || s.n > NAME_MAX_BYTES || s.p[0] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == '/')
            return false;
    }
    return true;
}

/* The folder of the recording, which is new, below that of the room, which may be there. -1 with errno. */
static int make_folders(int root, struct str room, struct str id)
{
    char name[NAME_MAX_BYTES + 1];
    str_copy(room, name, sizeof name);
    if (mkdirat(root, name, 0700) == 0)
        fsync(root);
    else if (errno != EEXIST)
        return -1;
    int at = open_dir(root, name), dir = -1;
    str_copy(id, name, sizeof name);
    if (at >= 0 && mkdirat(at, name, 0700) == 0) {
        dir = open_dir(at, name);
        fsync(at);
    }
    int e = errno;
    if (at >= 0)
        close(at);
    errno = e;
    return dir;
}

struct rec_folder *rec_folder_open(struct rec_disk *d, struct str path, enum rec_end *why)
{
    struct str room, id;
    struct rec_folder *f;
    *why = REC_REFUSED;
    if (!str_split_once(path, '/', &room, &id) || !is_name(room) || !is_name(id))
        return NULL;
    f = xcalloc(1, sizeof *f);
    f->disk = d;
    f->trouble = REC_ENDS;
    str_copy(path, f->path, sizeof f->path);
    for (int i = 0; i < REC_DISK_FILES; i++)
        f->files[i].fd = -1;
    count(d);
    f->dir = -1;
    look_at_room(f);
    if (f->trouble == REC_ENDS && (f->dir = make_folders(d->dir, room, id)) < 0)
        fail(f, "making", "");
    if (f->trouble == REC_ENDS)
        return f;
    *why = f->trouble;
    rec_folder_close(f);
    return NULL;
}

enum rec_end rec_folder_trouble(const struct rec_folder *f)
{
    return f->trouble;
}

/* ---- Files ---- */

int rec_folder_create(void *ctx, const char *name)
{
    struct rec_folder *f = ctx;
    int i = 0;
    while (i < REC_DISK_FILES && f->files[i].fd >= 0)
        i++;
    if (i == REC_DISK_FILES || f->trouble != REC_ENDS)
        return -1;
    struct file *k = &f->files[i];
    k->fd = openat(f->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (k->fd < 0) {
        fail(f, "making", name);
        return -1;
    }
    k->written = 0;
    buf_init(&k->waits, WAITS_CAP);
    return i;
}

/* All n bytes, or false. */
static bool write_all(int fd, const uint8_t *p, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
        at += (uint64_t)done;
    }
    return true;
}

static void write_waiting(struct rec_folder *f, struct file *k)
{
    size_t n = buf_len(&k->waits);
    if (k->fd < 0 || n == 0 || f->trouble == REC_DISK_FULL || f->trouble == REC_FAILED)
        return;
    if (k->waits.failed)
        errno = ENOMEM;
    if (k->waits.failed || !write_all(k->fd, buf_data(&k->waits), n, k->written)) {
        fail(f, "writing", "");
        return;
    }
    /* Off to the disk by and by, so that the end has not everything to wait for. */
    sync_file_range(k->fd, (off_t)k->written, (off_t)n, SYNC_FILE_RANGE_WRITE);
    k->written += n;
    atomic_fetch_add_explicit(&f->disk->bytes, n, memory_order_relaxed);
    buf_reset(&k->waits);
}

void rec_folder_append(void *ctx, int file, const void *p, size_t n)
{
    struct rec_folder *f = ctx;
    struct file *k = &f->files[file];
    if (f->trouble == REC_DISK_FULL || f->trouble == REC_FAILED)
        return;
    buf_put(&k->waits, p, n);
    if (buf_len(&k->waits) >= WAITS_MAX || k->waits.failed)
        write_waiting(f, k);
}

/* On the disk only once what lies behind is there, too: a file that is cut off says nothing that isn't so. */
void rec_folder_rewrite(void *ctx, int file, uint64_t at, const void *p, size_t n)
{
    struct rec_folder *f = ctx;
    struct file *k = &f->files[file];
    write_waiting(f, k);
    if (f->trouble == REC_DISK_FULL || f->trouble == REC_FAILED)
        return;
    if (!write_all(k->fd, p, n, at))
        fail(f, "writing", "");
}

void rec_folder_close_file(void *ctx, int file)
{
    struct rec_folder *f = ctx;
    struct file *k = &f->files[file];
    write_waiting(f, k);
    if (fsync(k->fd) != 0)
        fail(f, "keeping", "");
    close(k->fd);
    k->fd = -1;
    buf_free(&k->waits);
}

void rec_folder_flush(struct rec_folder *f)
{
    for (int i = 0; i < REC_DISK_FILES; i++)
        write_waiting(f, &f->files[i]);
    look_at_room(f);
}

void rec_folder_manifest(struct rec_folder *f, struct str text)
{
    static const char name[] = "manifest.json", fresh[] = "manifest.json.new";
    int fd = openat(f->dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write_all(fd, (const uint8_t *)text.p, text.n, 0) && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (!good || renameat(f->dir, fresh, f->dir, name) != 0) {
        fail(f, "writing", name);
        unlinkat(f->dir, fresh, 0);
    }
}

void rec_folder_close(struct rec_folder *f)
{
    for (int i = 0; i < REC_DISK_FILES; i++) {
        if (f->files[i].fd >= 0)
            rec_folder_close_file(f, i);
    }
    if (f->dir >= 0) {
        fsync(f->dir);
        close(f->dir);
    }
    xfree(f);
}
