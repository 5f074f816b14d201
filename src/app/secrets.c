#include "app/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"

enum { PATH_CAP = 4096 };

static bool fail(char *err, size_t errlen, const char *what, const char *path)
{
    snprintf(err, errlen, "%s %s: %s.", what, path, strerror(errno));
    return false;
}

static bool make_folder(const char *dir, char *err, size_t errlen)
{
    char path[PATH_CAP];
    size_t n = strlen(dir);
    if (n == 0 || n >= sizeof path) {
        errno = n ? ENAMETOOLONG : ENOENT;
        return fail(err, errlen, "The data folder cannot be made:", dir);
    }
    memcpy(path, dir, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != 0) {
            continue;
        }
        path[i] = 0;
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return fail(err, errlen, "The data folder cannot be made:", path);
        }
        path[i] = dir[i];
    }
    return true;
}

bool secrets_open_data(const char *dir, char *err, size_t errlen)
{
    if (!make_folder(dir, err, errlen)) {
        return false;
    }
    int fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        /* a file system without O_TMPFILE */
        char probe[PATH_CAP];
        snprintf(probe, sizeof probe, "%s/.probe", dir);
        fd = open(probe, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        unlink(probe);
    }
    if (fd < 0) {
        return fail(err, errlen, "The data folder cannot be written:", dir);
    }
    close(fd);
    return true;
}

/* 1: read; 0: there is none; -1: error. */
static int read_key(const char *path, uint8_t *out, size_t n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? 0 : -1;
    }
    ssize_t got = read(fd, out, n);
    close(fd);
    if (got != (ssize_t)n) {
        errno = got < 0 ? errno : EINVAL;
        return -1;
    }
    return 1;
}

/* Written beside and renamed, so that a key is there whole or not at all. */
static bool write_key(const char *path, const uint8_t *key, size_t n)
{
    char tmp[PATH_CAP + 8];
    snprintf(tmp, sizeof tmp, "%s.new", path);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    bool good = write(fd, key, n) == (ssize_t)n && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    return good && rename(tmp, path) == 0;
}

bool secrets_key(const char *dir, const char *name, uint8_t *out, size_t n, char *err,
                 size_t errlen)
{
    char folder[PATH_CAP], path[PATH_CAP];
    int m = snprintf(folder, sizeof folder, "%s/secrets", dir);
    if (m < 0 || (size_t)m >= sizeof folder - 64) {
        errno = ENAMETOOLONG;
        return fail(err, errlen, "A key cannot be kept in", dir);
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return fail(err, errlen, "The folder for keys cannot be made:", folder);
    }
    snprintf(path, sizeof path, "%.*s/%.50s", m, folder, name);
    int got = read_key(path, out, n);
    if (got < 0) {
        return fail(err, errlen, "The key cannot be read:", path);
    }
    if (got == 0) {
        random_bytes(out, n);
        if (!write_key(path, out, n)) {
            return fail(err, errlen, "The key cannot be written:", path);
        }
    }
    return true;
}
