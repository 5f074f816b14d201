#include "edge/store/data_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PATH_CAP = 4096 };

static void say_who(int fd, const char *dir, char *err, size_t errlen)
{
    char pid[32];
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    n = n > 0 ? n : 0;
    pid[n] = 0;
    pid[strcspn(pid, "\n")] = 0;
    snprintf(err, errlen, "Another madang uses the data folder %.300s%s%.20s.", dir,
             pid[0] ? ", as process " : "", pid);
}

int data_lock(const char *dir, char *err, size_t errlen)
{
    char path[PATH_CAP], text[32];
    snprintf(path, sizeof path, "%s/%s", dir, DATA_LOCK_FILE);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        snprintf(err, errlen, "The lock %.300s cannot be made: %s.", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        say_who(fd, dir, err, errlen);
        close(fd);
        return -1;
    }
    /* For people only: what counts is the lock itself. */
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        /* a full disk: it stays empty */
    }
    return fd;
}

void data_unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}
