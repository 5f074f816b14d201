#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "edge/web/web_int.h"

/* --web-dir: for people who work on the page. Files are read anew for each request, whole; the only
 * place of the web edge that touches files. */

enum { FILE_MAX = 32 << 20, DEPTH_MAX = 8 };

int http_dir_open(const char *path)
{
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool name_ok(struct str name)
{
    if (name.n == 0 || name.n > 128 || name.p[0] == '.')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char ch = str_lower_char(name.p[i]);

        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' ||
              ch == '.'))
            return false;
    }
    return true;
}

/* Goes down one plain name at a time and follows no link, so that nothing leads out of the folder. */
static int open_beneath(int dir, struct str path)
{
    int at = dup(dir);

    for (int depth = 0; at >= 0 && depth < DEPTH_MAX; depth++) {
        struct str name, rest;
        char z[129];
        bool more = str_split_once(path, '/', &name, &rest);
        int next = -1;

        if (name_ok(name) && str_copy(name, z, sizeof z))
            next = openat(at, z,
                          (more ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK) | O_NOFOLLOW |
                              O_CLOEXEC);
        close(at);
        at = next;
        if (!more)
            return at;
        path = rest;
    }
    if (at >= 0)
        close(at);
    return -1;
}

static uint8_t *read_all(int fd, size_t size)
{
    uint8_t *p = mem_try_alloc(size + 1);
    size_t at = 0;

    while (p != NULL && at < size) {
        ssize_t n = read(fd, p + at, size - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            xfree(p);
            return NULL;
        }
        at += (size_t)n;
    }
    return p;
}

/* The build puts the tree's prefix there; in a folder it is /a/dev, which is as long or shorter. */
static size_t replace_prefix(uint8_t *p, size_t n)
{
    static const char from[] = "@ASSETS@", to[] = "/a/dev";
    size_t out = 0, i = 0;

    while (i < n) {
        if (n - i >= sizeof from - 1 && memcmp(p + i, from, sizeof from - 1) == 0) {
            memcpy(p + out, to, sizeof to - 1);
            out += sizeof to - 1;
            i += sizeof from - 1;
        } else {
            p[out++] = p[i++];
        }
    }
    return out;
}

bool http_dir_read(struct web_conn *c, struct str path, struct str *body, char etag[40])
{
    int fd = open_beneath(c->web->dir_fd, path);
    struct stat st;
    uint8_t *p = NULL;

    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
        p = read_all(fd, (size_t)st.st_size);
    close(fd);
    if (p == NULL)
        return false;
    snprintf(etag, 40, "\"%llx-%llx\"",
             (unsigned long long)st.st_mtim.tv_sec * 1000000000ull +
                 (unsigned long long)st.st_mtim.tv_nsec,
             (unsigned long long)st.st_size);
    xfree(c->u.http->owned);
    c->u.http->owned = p;
    *body = str_of(p, replace_prefix(p, (size_t)st.st_size));
    return true;
}
