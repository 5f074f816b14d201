/*
 * A stream without a socket, for tests and for replay: bytes are fed by hand, what the user writes
 * is kept, and time is a number. It keeps the promises of io/stream.h, including when callbacks
 * come: stream_fake_round() is the end of a round.
 */
#ifndef MADANG_IO_STREAM_FAKE_H
#define MADANG_IO_STREAM_FAKE_H

#include "io/stream.h"

struct stream_fake {
    struct stream s; /* must stay first: (struct stream_fake *)s is legal */
    uint8_t *out;    /* everything that the user wrote and nobody has taken out yet */
    size_t out_len, out_cap;
    size_t room;   /* how many more bytes stream_writev() takes; SIZE_MAX = no limit */
    uint8_t *held; /* left lying by on_data */
    size_t held_len;
    int64_t now_us, deadline_us;
    bool want_write, blocked, shut, told_closed, redeliver, eof_seen, eof_told;
    enum stream_why why;
};

/* user may be NULL and be set later by stream_set_user(). Freed by stream_fake_free(). */
struct stream_fake *stream_fake_new(const char *peer_ip, bool tls, const struct stream_user *user,
                                    void *ctx);
void stream_fake_free(struct stream_fake *f);

/* Bytes from the other side: on_data, unless it is paused or closing (then they are held or
 * lost). */
void stream_fake_feed(struct stream_fake *f, const void *p, size_t n);
void stream_fake_feed_eof(struct stream_fake *f);
/* Moves time; a deadline that has passed fires. */
void stream_fake_time(struct stream_fake *f, int64_t now_us);
/* The end of a round: pending deliveries, on_writable, on_closed, until there is nothing to do. */
void stream_fake_round(struct stream_fake *f);
/* The peer has read: n more bytes fit, and on_writable comes with the next round if it was
 * blocked. */
void stream_fake_room(struct stream_fake *f, size_t n);
/* Forgets the first n bytes of out. */
void stream_fake_take(struct stream_fake *f, size_t n);
/* The connection breaks now, as the kernel would report it. */
void stream_fake_break(struct stream_fake *f, enum stream_why why);

#endif
