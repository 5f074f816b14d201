/*
 * The seam between us and the kernel: every socket call of io/ goes through here, so that a test
 * (or a run with MADANG_FAULTS set) can make it fail as kernels do under load. Off, it costs one
 * predictable branch. Armed, each call consults the rules: by probability, from a seed, or by
 * script ("the next call answers ENOBUFS, then two short writes"). Errors are counted by their
 * callers, injected or not.
 */
#ifndef MADANG_IO_SEAM_H
#define MADANG_IO_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

enum seam_call {
    SEAM_SENDMSG,
    SEAM_SENDMMSG,
    SEAM_RECVMSG,
    SEAM_RECVMMSG,
    SEAM_WRITEV,
    SEAM_READ,
    SEAM_ACCEPT,
    SEAM_GSO, /* a send that carries UDP_SEGMENT: refused as if the device couldn't */
    SEAM_CALLS
};

extern bool seam_armed; /* set while no other thread is in here: before the threads start */

/* Faults by probability: the call fails with err (an errno > 0), or transfers at most half if
 * err is SEAM_SHORT. per_million of the calls, drawn from the seed. Rules add up until
 * seam_disarm(). */
enum { SEAM_SHORT = -1 };
void seam_seed(uint64_t seed);
void seam_rule(enum seam_call call, int err, unsigned per_million);
/* A script: the next `times` calls of this kind fail like that, in the order of the entries. */
void seam_script(enum seam_call call, int err, unsigned times);
/* Rules as text: "sendmsg:EAGAIN:0.01,writev:short:0.2,gso:EIO:1,seed:7". false: not understood. */
bool seam_parse(const char *spec);
void seam_disarm(void);
uint64_t seam_injected(enum seam_call call);

/* What the rules say to the next call: 0, an errno, or SEAM_SHORT. Thread-safe. */
int seam_ask(enum seam_call call);

ssize_t seam_slow_sendmsg(int fd, const struct msghdr *m, int flags);
int seam_slow_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, bool gso);
ssize_t seam_slow_recvmsg(int fd, struct msghdr *m, int flags);
int seam_slow_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags);
ssize_t seam_slow_writev(int fd, const struct iovec *iov, int n);
ssize_t seam_slow_read(int fd, void *p, size_t n);
int seam_slow_accept(int fd, struct sockaddr *sa, socklen_t *len, int flags);

static inline ssize_t seam_sendmsg(int fd, const struct msghdr *m, int flags)
{
    return __builtin_expect(seam_armed, 0) ? seam_slow_sendmsg(fd, m, flags)
                                           : sendmsg(fd, m, flags);
}
/* gso: the first message carries UDP_SEGMENT. A single message is sent by sendmsg, which is cheaper. */
static inline int seam_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, bool gso)
{
    if (__builtin_expect(seam_armed, 0))
        return seam_slow_sendmmsg(fd, v, n, flags, gso);
    if (n != 1)
        return sendmmsg(fd, v, n, flags);
    ssize_t sent = sendmsg(fd, &v->msg_hdr, flags);
    v->msg_len = sent > 0 ? (unsigned)sent : 0;
    return sent < 0 ? -1 : 1;
}
static inline ssize_t seam_recvmsg(int fd, struct msghdr *m, int flags)
{
    return __builtin_expect(seam_armed, 0) ? seam_slow_recvmsg(fd, m, flags)
                                           : recvmsg(fd, m, flags);
}
static inline int seam_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags)
{
    return __builtin_expect(seam_armed, 0) ? seam_slow_recvmmsg(fd, v, n, flags)
                                           : recvmmsg(fd, v, n, flags, NULL);
}
/* Never raises SIGPIPE. */
static inline ssize_t seam_writev(int fd, const struct iovec *iov, int n)
{
    if (__builtin_expect(seam_armed, 0)) {
        return seam_slow_writev(fd, iov, n);
    }
    if (n == 1) { /* nothing to gather: the kernel copies and checks less */
        return send(fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
    }
    struct msghdr m = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n};
    return sendmsg(fd, &m, MSG_NOSIGNAL);
}
static inline ssize_t seam_read(int fd, void *p, size_t n)
{
    return __builtin_expect(seam_armed, 0) ? seam_slow_read(fd, p, n) : recv(fd, p, n, 0);
}
static inline int seam_accept(int fd, struct sockaddr *sa, socklen_t *len)
{
    enum { FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC };
    return __builtin_expect(seam_armed, 0) ? seam_slow_accept(fd, sa, len, FLAGS)
                                           : accept4(fd, sa, len, FLAGS);
}

#endif
