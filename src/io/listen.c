#include "io/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/udp.h"

enum { FIRST_INHERITED = 3, BACKLOG = 1024 };

/* What goes on around one socket, for the sentence that an error ends in. */
struct attempt {
    const struct listen_conf *conf;
    struct addr at;
    bool udp;
    char *err;
    size_t errlen;
};

static void explain(const struct attempt *a, int e)
{
    char ip[ADDR_STR_SIZE];
    const char *what = a->udp ? "UDP" : "TCP", *flag = a->udp ? "--udp-port" : "--port";
    unsigned port = a->at.port;
    addr_format_ip(&a->at, ip);
    switch (e) {
    case EADDRINUSE:
        snprintf(a->err, a->errlen,
                 "%s port %u on %s is taken by another program: stop that one (ss -lnp shows it), "
                 "or choose another port with %s",
                 what, port, ip, flag);
        break;
    case EACCES:
    case EPERM:
        snprintf(a->err, a->errlen,
                 "%s port %u on %s may not be opened by this user: choose a port above 1023 with "
                 "%s, or give the program CAP_NET_BIND_SERVICE",
                 what, port, ip, flag);
        break;
    case EADDRNOTAVAIL:
        snprintf(a->err, a->errlen,
                 "%s is not an address of this machine: --listen takes one that `ip address` shows",
                 ip);
        break;
    case EMFILE:
    case ENFILE:
        snprintf(a->err, a->errlen,
                 "there are not enough file descriptors to open %s port %u on %s: raise the limit "
                 "(ulimit -n, or LimitNOFILE= of the service)",
                 what, port, ip);
        break;
    default:
        snprintf(a->err, a->errlen, "%s port %u on %s cannot be opened: %s", what, port, ip,
                 strerror(e));
        break;
    }
}

static bool bound_to(int fd, struct addr *out)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    return getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
           addr_from_sockaddr(out, (struct sockaddr *)&ss, len);
}

static int open_tcp(const struct addr *at, int backlog)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(at, &ss);
    int one = 1;
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        (at->family == 6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
        bind(fd, (struct sockaddr *)&ss, len) < 0 || listen(fd, backlog) < 0) {
        int e = errno;
        close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

/* SO_REUSEPORT would let us share a port with another instance without noticing. */
static bool udp_is_free(const struct addr *at)
{
    int fd = udp_open(at, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool open_udp_group(struct listen_set *set, unsigned i, struct attempt *a)
{
    if (set->workers > 1 && a->at.port != 0 && !udp_is_free(&a->at))
        return false;
    for (unsigned w = 0; w < set->workers; w++) {
        int fd = udp_open(&a->at, set->workers > 1 ? UDP_REUSEPORT : 0);
        if (fd < 0)
            return false;
        set->udp[w * LISTEN_ADDRS_MAX + i] = fd;
        if (w == 0 && !bound_to(fd, &a->at))
            return false;
    }
    /* All members are bound now, and their order in the group is that of the workers. */
    if (set->workers > 1 && udp_spread(set->udp[i], set->workers) < 0)
        return false;
    set->udp_at[i] = a->at;
    set->nudp++;
    return true;
}

/* A family that the machine doesn't have is no error as long as nobody asked for it. */
static bool no_family(int e)
{
    return e == EAFNOSUPPORT || e == EADDRNOTAVAIL || e == EPROTONOSUPPORT;
}

static bool open_one(const struct listen_conf *conf, struct listen_set *set, struct attempt *a)
{
    if (a->udp)
        return open_udp_group(set, set->nudp, a);
    int fd = open_tcp(&a->at, conf->backlog > 0 ? conf->backlog : BACKLOG);
    if (fd < 0)
        return false;
    set->tcp[set->ntcp] = fd;
    if (!bound_to(fd, &set->tcp_at[set->ntcp]))
        set->tcp_at[set->ntcp] = a->at;
    set->ntcp++;
    return true;
}

static bool open_all(const struct listen_conf *conf, struct listen_set *set, bool udp, char *err,
                     size_t errlen)
{
    static const uint8_t any6[16];
    struct addr both[2] = {addr_ip4(0, 0, 0, 0, 0), addr_ip6(any6, 0)};
    bool any = conf->naddrs == 0;
    const struct addr *list = any ? both : conf->addrs;
    unsigned n = any ? 2 : conf->naddrs, opened = 0;
    uint16_t port = udp ? conf->udp_port : conf->tcp_port;
    struct attempt a = {.conf = conf, .udp = udp, .err = err, .errlen = errlen};
    for (unsigned i = 0; i < n && i < LISTEN_ADDRS_MAX; i++) {
        a.at = list[i];
        a.at.port = port;
        if (open_one(conf, set, &a)) {
            opened++;
            port = udp ? set->udp_at[set->nudp - 1].port : set->tcp_at[set->ntcp - 1].port;
        } else if (!any || !no_family(errno)) {
            explain(&a, errno);
            return false;
        }
    }
    if (opened == 0)
        explain(&a, EAFNOSUPPORT);
    return opened > 0;
}

/* ---- From the service manager ---- */

unsigned listen_inherited(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    uint64_t p = 0, n = 0;
    bool ours = pid != NULL && fds != NULL && str_to_u64(str_from(pid), INT32_MAX, &p) &&
                (pid_t)p == getpid() && str_to_u64(str_from(fds), 2 * LISTEN_ADDRS_MAX, &n);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return ours ? (unsigned)n : 0;
}

static bool adopt(struct listen_set *set, int fd, char *err, size_t errlen)
{
    int type = 0, listening = 0;
    socklen_t len = sizeof(type);
    struct addr at;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || !bound_to(fd, &at)) {
        snprintf(err, errlen, "descriptor %d from the service manager is no IP socket", fd);
        return false;
    }
    len = sizeof(listening);
    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len);
    if (type == SOCK_STREAM && listening && set->ntcp < LISTEN_ADDRS_MAX) {
        set->tcp_at[set->ntcp] = at;
        set->tcp[set->ntcp++] = fd;
    } else if (type == SOCK_DGRAM && set->nudp < LISTEN_ADDRS_MAX && udp_prepare(fd) == 0) {
        set->udp_at[set->nudp] = at;
        set->udp[set->nudp++] = fd; /* worker 0's; the others have none */
    } else {
        snprintf(err, errlen,
                 "descriptor %d from the service manager is neither a listening TCP socket nor a "
                 "UDP socket that can be used",
                 fd);
        return false;
    }
    set->inherited = true;
    return true;
}

/* From a stride of LISTEN_ADDRS_MAX to one of nudp, as the header promises. */
static void close_ranks(struct listen_set *set)
{
    for (unsigned w = 0; w < set->workers; w++) {
        for (unsigned i = 0; i < set->nudp; i++)
            set->udp[w * set->nudp + i] = set->udp[w * LISTEN_ADDRS_MAX + i];
    }
}

bool listen_open(const struct listen_conf *conf, struct listen_set *set, char *err, size_t errlen)
{
    *set = (struct listen_set){.workers = conf->workers > 0 ? conf->workers : 1};
    if (set->workers > LISTEN_WORKERS_MAX)
        set->workers = LISTEN_WORKERS_MAX;
    set->udp = xmalloc(sizeof(int) * set->workers * LISTEN_ADDRS_MAX);
    for (unsigned i = 0; i < set->workers * LISTEN_ADDRS_MAX; i++)
        set->udp[i] = -1;
    bool ok = true;
    unsigned inherited = listen_inherited();
    for (unsigned i = 0; i < inherited && ok; i++)
        ok = adopt(set, FIRST_INHERITED + (int)i, err, errlen);
    if (ok && set->ntcp == 0)
        ok = open_all(conf, set, false, err, errlen);
    if (ok && set->nudp == 0 && !conf->no_udp)
        ok = open_all(conf, set, true, err, errlen);
    if (!ok) {
        for (unsigned i = 0; i < set->workers * LISTEN_ADDRS_MAX; i++) {
            if (set->udp[i] >= 0)
                close(set->udp[i]);
        }
        set->nudp = 0;
        listen_close(set);
        return false;
    }
    close_ranks(set);
    return true;
}

void listen_close_tcp(struct listen_set *set)
{
    for (unsigned i = 0; i < set->ntcp; i++)
        close(set->tcp[i]);
    set->ntcp = 0;
}

void listen_close(struct listen_set *set)
{
    listen_close_tcp(set);
    for (unsigned i = 0; i < set->nudp * set->workers; i++) {
        if (set->udp[i] >= 0)
            close(set->udp[i]);
    }
    xfree(set->udp);
    set->udp = NULL;
    set->nudp = 0;
}

uint64_t listen_raise_nofile(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) < 0)
        return 1024;
    if (r.rlim_cur < r.rlim_max) {
        struct rlimit more = {r.rlim_max, r.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            r = more;
    }
    return r.rlim_cur;
}
