#include "io/stream_int.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "io/seam.h"

enum { PIECES_MAX = 1024 }; /* what the kernel takes in one call (UIO_MAXIOV) */

/* One send of at most PIECES_MAX pieces, sum bytes. Bytes taken; less than sum: the kernel is full
 * (blocked), or the stream broke (closing). */
static size_t send_some(struct sock *k, const struct iovec *iov, int n, size_t sum)
{
    struct counts *c = k->sh->counts;
    ssize_t r = seam_writev(k->fd.fd, iov, n);
    int e = r < 0 ? errno : EAGAIN;
    if (e != EAGAIN && e != EINTR && e != ENOBUFS && e != ENOMEM) {
        count_inc(c, COUNT_STREAM_SEND_OTHER);
        sock_broken(k, sock_why_of_errno(e));
        return 0;
    }
    size_t took = r > 0 ? (size_t)r : 0;
    count_add(c, COUNT_STREAM_BYTES_OUT, took);
    if (took == sum)
        return took;
    k->blocked = true;
    count_inc(c, e == EAGAIN ? COUNT_STREAM_SEND_AGAIN : COUNT_STREAM_SEND_NOBUFS);
    if (e != EAGAIN || seam_armed) {
        k->retry = true;
        sock_try_again_soon(k);
    }
    return took;
}

static ssize_t write_plain(struct sock *k, const struct iovec *iov, int n)
{
    size_t took = 0;
    while (n > 0 && !k->blocked && !k->s.closing) {
        int some = MIN_OF(n, PIECES_MAX);
        size_t sum = 0;
        for (int i = 0; i < some; i++)
            sum += iov[i].iov_len;
        if (sum > 0)
            took += send_some(k, iov, some, sum);
        iov += some;
        n -= some;
    }
    return k->s.closing ? -1 : (ssize_t)took;
}

/* Ciphertext that waits from before. */
static void send_out(struct sock *k)
{
    if (k->out.n == 0)
        return;
    struct iovec v = {k->out.p, k->out.n};
    size_t took = send_some(k, &v, 1, k->out.n);
    if (!k->s.closing && took > 0)
        stream_piece_set(&k->out, k->out.p + took, k->out.n - took);
}

/* What TLS has put into the wire. The rest stays with the stream. */
void sock_send_wire(struct sock *k)
{
    struct tls_wire *w = &k->sh->wire;
    size_t n = w->out_len, took = 0;
    w->out_len = 0;
    if (n == 0 || k->s.closing)
        return;
    if (k->out.n == 0) {
        struct iovec v = {w->out, n};
        took = send_some(k, &v, 1, n);
        if (!k->s.closing && took < n)
            stream_piece_set(&k->out, w->out + took, n - took);
        return;
    }
    uint8_t *both = xmalloc(k->out.n + n); /* rare: an alert behind a full kernel */
    memcpy(both, k->out.p, k->out.n);
    memcpy(both + k->out.n, w->out, n);
    n += k->out.n;
    xfree(k->out.p);
    k->out = (struct stream_piece){both, (uint32_t)n};
}

/* Up to one record from the pieces, at offset *at in piece *i, which move on. */
static const uint8_t *gather(struct stream_shared *sh, const struct iovec *iov, int n, int *i,
                             size_t *at, size_t *len)
{
    while (*i < n && *at == iov[*i].iov_len)
        (*i)++, *at = 0;
    *len = 0;
    if (*i < n && iov[*i].iov_len - *at >= TLS_RECORD) {
        const uint8_t *p = (const uint8_t *)iov[*i].iov_base + *at;
        *at += TLS_RECORD;
        *len = TLS_RECORD;
        return p;
    }
    while (*i < n && *len < TLS_RECORD) {
        size_t k = MIN_OF(iov[*i].iov_len - *at, TLS_RECORD - *len);
        if (k > 0)
            memcpy(sh->gather + *len, (const uint8_t *)iov[*i].iov_base + *at, k);
        *len += k;
        *at += k;
        if (*at == iov[*i].iov_len)
            (*i)++, *at = 0;
    }
    return sh->gather;
}

static ssize_t write_tls(struct sock *k, const struct iovec *iov, int n)
{
    struct tls_wire *w = &k->sh->wire;
    size_t took = 0, at = 0, len;
    int i = 0;
    while (!k->blocked && !k->s.closing) {
        const uint8_t *p = gather(k->sh, iov, n, &i, &at, &len);
        if (len > 0 && tls_session_write(k->tls, p, len) != TLS_OK) {
            w->out_len = 0;
            sock_broken(k, STREAM_TLS_ERROR);
            break;
        }
        took += len;
        if (len == 0 || w->out_cap - w->out_len < TLS_RECORD_ROOM)
            sock_send_wire(k);
        if (len == 0)
            break;
    }
    return k->s.closing ? -1 : (ssize_t)took;
}

ssize_t sock_writev(struct stream *s, const struct iovec *iov, int n)
{
    struct sock *k = sock_of(s);
    if (s->closing || k->state > SOCK_OPEN)
        return -1;
    if (k->blocked || k->state == SOCK_HANDSHAKE) {
        k->wants = true;
        return 0;
    }
    return k->tls != NULL ? write_tls(k, iov, n) : write_plain(k, iov, n);
}

void sock_want_write(struct stream *s)
{
    struct sock *k = sock_of(s);
    if (s->closing || k->state > SOCK_OPEN)
        return;
    if (k->blocked || k->state == SOCK_HANDSHAKE)
        k->wants = true;
    else
        loop_defer(k->sh->loop, &k->flush);
}

void sock_on_flush(struct loop_task *t)
{
    struct sock *k = container_of(t, struct sock, flush);
    if (k->s.closing || k->state != SOCK_OPEN)
        return;
    if (k->blocked)
        k->wants = true;
    else if (k->s.user->on_writable != NULL)
        k->s.user->on_writable(&k->s);
}

/* The kernel takes bytes again. */
void sock_unblock(struct sock *k)
{
    if (!k->blocked)
        return;
    k->blocked = false;
    send_out(k);
    if (k->blocked || k->s.closing)
        return;
    k->wants = false;
    if (k->state == SOCK_FLUSHING)
        sock_linger(k);
    else if (k->state == SOCK_OPEN && k->s.user->on_writable != NULL)
        k->s.user->on_writable(&k->s);
}
