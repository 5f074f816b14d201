#include "edge/tls/tls_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/tls/identity.h"

static bool make_dir(int at, const char *path)
{
    return mkdirat(at, path, 0700) == 0 || errno == EEXIST;
}

/* Permission bits say little (read-only mounts, full quotas): only a file in it proves it. */
static bool writable(int dir)
{
    int fd = openat(dir, ".probe", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return false;
    close(fd);
    return unlinkat(dir, ".probe", 0) == 0;
}

int tls_dir_open(const char *data_dir, const char *sub, char *why, size_t why_cap)
{
    int data = -1, dir = -1;

    if (make_dir(AT_FDCWD, data_dir))
        data = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (data < 0) {
        snprintf(why, why_cap, "the data folder %s cannot be used: %s", data_dir, strerror(errno));
        return -1;
    }
    if (make_dir(data, sub))
        dir = openat(data, sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0 || fchmod(dir, 0700) != 0 || !writable(dir)) {
        snprintf(why, why_cap, "the data folder %s cannot be written (%s): %s", data_dir, sub,
                 strerror(errno));
        if (dir >= 0)
            close(dir);
        dir = -1;
    }
    close(data);
    return dir;
}

/* Names below a directory of ours are told with it. */
static const char *shown(int dir)
{
    return dir == AT_FDCWD ? "" : "tls/";
}

static ssize_t read_all(int fd, char *text, size_t cap)
{
    size_t len = 0;

    while (len < cap) {
        ssize_t n = read(fd, text + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

char *tls_file_read(int dir, const char *name, bool *missing, char *why, size_t why_cap)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = NULL;
    ssize_t len = -1;

    *missing = fd < 0 && errno == ENOENT;
    if (fd >= 0 && (text = OPENSSL_zalloc(TLS_FILE_CAP + 1)) != NULL)
        len = read_all(fd, text, TLS_FILE_CAP + 1);
    if (len < 0)
        snprintf(why, why_cap, "%s%s cannot be read: %s", shown(dir), name, strerror(errno));
    else if (len > TLS_FILE_CAP)
        snprintf(why, why_cap, "%s%s is larger than %d bytes", shown(dir), name, TLS_FILE_CAP);
    if (fd >= 0)
        close(fd);
    if (len >= 0 && len <= TLS_FILE_CAP) {
        text[len] = 0;
        return text;
    }
    OPENSSL_clear_free(text, text ? TLS_FILE_CAP + 1 : 0);
    return NULL;
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

bool tls_file_write(int dir, const char *name, const char *text, mode_t mode, bool durable,
                    char *why, size_t why_cap)
{
    char temp[64];
    bool ok = false;
    int fd;

    snprintf(temp, sizeof temp, ".%.40s.%ld", name, (long)getpid());
    unlinkat(dir, temp, 0);
    fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        ok = fchmod(fd, mode) == 0 && write_all(fd, text, strlen(text)) &&
             (!durable || fsync(fd) == 0);
        /* Some file systems report a full disk only here. */
        ok = close(fd) == 0 && ok;
    }
    ok = ok && renameat(dir, temp, dir, name) == 0 && (!durable || fsync(dir) == 0);
    if (ok)
        return true;
    snprintf(why, why_cap, "%s%s cannot be written: %s", shown(dir), name, strerror(errno));
    if (fd >= 0)
        unlinkat(dir, temp, 0);
    return false;
}
