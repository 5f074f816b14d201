#include "app/sdnotify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool sdnotify_send(const char *message)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path ? strlen(path) : 0;
    ssize_t sent;
    int fd;

    /* A path, or '@' and an abstract name. */
    if (len < 2 || len >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@')) {
        errno = EINVAL;
        return false;
    }
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = 0;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&to,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
    return sent == (ssize_t)strlen(message);
}

bool sdnotify_ready(const char *status)
{
    char text[256];

    snprintf(text, sizeof text, "READY=1%s%.200s", status ? "\nSTATUS=" : "", status ? status : "");
    return sdnotify_send(text);
}

bool sdnotify_reloading(int64_t mono_us)
{
    char text[64];

    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)mono_us);
    return sdnotify_send(text);
}

bool sdnotify_stopping(void)
{
    return sdnotify_send("STOPPING=1");
}
