#include "io/stream_fake.h"

#include <string.h>

#include "base/mem.h"
#include "base/util.h"

static struct stream_fake *fake_of(struct stream *s)
{
    return container_of(s, struct stream_fake, s);
}

static void fake_close(struct stream *s, enum stream_why why)
{
    struct stream_fake *f = fake_of(s);
    if (s->closing)
        return;
    s->closing = true;
    f->why = why;
    f->held_len = 0;
}

static ssize_t fake_writev(struct stream *s, const struct iovec *iov, int n)
{
    struct stream_fake *f = fake_of(s);
    size_t took = 0;
    if (s->closing || f->shut)
        return -1;
    for (int i = 0; i < n && !f->blocked; i++) {
        size_t k = MIN_OF(iov[i].iov_len, f->room);
        if (f->out_len + k > f->out_cap) {
            f->out_cap = 2 * (f->out_len + k);
            f->out = xrealloc(f->out, f->out_cap);
        }
        if (k > 0)
            memcpy(f->out + f->out_len, iov[i].iov_base, k);
        f->out_len += k;
        took += k;
        if (f->room != SIZE_MAX)
            f->room -= k;
        f->blocked = k < iov[i].iov_len;
    }
    return (ssize_t)took;
}

static void fake_want_write(struct stream *s)
{
    fake_of(s)->want_write = true;
}

static void fake_pause(struct stream *s, bool paused)
{
    s->paused = paused;
    if (!paused)
        fake_of(s)->redeliver = true;
}

static void fake_deadline(struct stream *s, int64_t at_us)
{
    fake_of(s)->deadline_us = at_us;
}

static void fake_shutdown(struct stream *s)
{
    struct stream_fake *f = fake_of(s);
    if (s->closing)
        return;
    f->shut = true;
    f->deadline_us = 0;
}

static int64_t fake_now(const struct stream *s)
{
    return fake_of((struct stream *)s)->now_us;
}

static const struct stream_ops fake_ops = {
    .writev = fake_writev,
    .want_write = fake_want_write,
    .pause = fake_pause,
    .deadline = fake_deadline,
    .shutdown = fake_shutdown,
    .close = fake_close,
    .now = fake_now,
};

struct stream_fake *stream_fake_new(const char *peer_ip, bool tls, const struct stream_user *user,
                                    void *ctx)
{
    struct stream_fake *f = xcalloc(1, sizeof(*f));
    f->s.ops = &fake_ops;
    f->s.user = user;
    f->s.ctx = ctx;
    f->s.tls = tls;
    f->room = SIZE_MAX;
    f->now_us = 1000000;
    addr_parse(&f->s.peer, str_from(peer_ip != NULL ? peer_ip : "192.0.2.1"));
    f->s.peer.port = 40000;
    f->s.local = addr_ip4(198, 51, 100, 1, 8443);
    return f;
}

void stream_fake_free(struct stream_fake *f)
{
    if (f == NULL)
        return;
    xfree(f->out);
    xfree(f->held);
    xfree(f);
}

static bool deaf(const struct stream_fake *f)
{
    return f->s.closing || f->shut || f->s.user == NULL;
}

static void deliver(struct stream_fake *f)
{
    /* A copy, so that the sanitizer notices who keeps the pointer. */
    size_t n = f->held_len;
    uint8_t *p = xmalloc(n);
    memcpy(p, f->held, n);
    size_t took = f->s.user->on_data(&f->s, p, n);
    xfree(p);
    if (deaf(f)) {
        f->held_len = 0;
        return;
    }
    took = MIN_OF(took, n);
    f->held_len -= took;
    memmove(f->held, f->held + took, f->held_len);
    if (f->held_len > STREAM_HELD_MAX)
        fake_close(&f->s, STREAM_OVERFLOW);
}

static void tell_eof(struct stream_fake *f)
{
    if (!f->eof_seen || f->eof_told || f->s.paused || deaf(f))
        return;
    f->eof_told = true;
    if (f->s.user->on_eof != NULL)
        f->s.user->on_eof(&f->s);
    else
        fake_close(&f->s, STREAM_EOF);
}

void stream_fake_feed(struct stream_fake *f, const void *p, size_t n)
{
    if (n == 0 || f->eof_seen || deaf(f))
        return;
    f->held = xrealloc(f->held, f->held_len + n);
    memcpy(f->held + f->held_len, p, n);
    f->held_len += n;
    if (!f->s.paused)
        deliver(f);
}

void stream_fake_feed_eof(struct stream_fake *f)
{
    f->eof_seen = true;
    tell_eof(f);
}

void stream_fake_time(struct stream_fake *f, int64_t now_us)
{
    f->now_us = now_us;
    if (f->deadline_us == 0 || now_us < f->deadline_us || deaf(f))
        return;
    f->deadline_us = 0;
    if (f->s.user->on_deadline != NULL)
        f->s.user->on_deadline(&f->s, now_us);
    else
        fake_close(&f->s, STREAM_TIMEOUT);
}

static bool step(struct stream_fake *f)
{
    if (f->redeliver && !f->s.paused && !deaf(f)) {
        f->redeliver = false;
        if (f->held_len > 0)
            deliver(f);
        tell_eof(f);
        return true;
    }
    if (f->want_write && !f->blocked && !deaf(f)) {
        f->want_write = false;
        if (f->s.user->on_writable != NULL)
            f->s.user->on_writable(&f->s);
        return true;
    }
    return false;
}

void stream_fake_round(struct stream_fake *f)
{
    enum { STEPS_MAX = 100000 }; /* a user that always wants more would be a bug */
    for (int i = 0; i < STEPS_MAX && step(f); i++)
        ;
    if (f->shut && !f->s.closing)
        fake_close(&f->s, STREAM_DONE); /* the other side closes at once */
    if (f->s.closing && !f->told_closed) {
        f->told_closed = true;
        if (f->s.user != NULL)
            f->s.user->on_closed(&f->s, f->why);
    }
}

void stream_fake_room(struct stream_fake *f, size_t n)
{
    if (f->room != SIZE_MAX)
        f->room = n > SIZE_MAX - f->room ? SIZE_MAX : f->room + n;
    if (f->blocked && f->room > 0) {
        f->blocked = false;
        f->want_write = true;
    }
}

void stream_fake_take(struct stream_fake *f, size_t n)
{
    n = MIN_OF(n, f->out_len);
    f->out_len -= n;
    memmove(f->out, f->out + n, f->out_len);
}

void stream_fake_break(struct stream_fake *f, enum stream_why why)
{
    fake_close(&f->s, why);
}
