/*
 * A stream is one TCP or TLS connection as its user sees it: bytes come by on_data, bytes leave by
 * stream_writev, and one on_closed ends it. The user knows no socket and no OpenSSL, and the same
 * interface is implemented without sockets by io/stream_fake.h, so that everything above it can be
 * replayed byte for byte and tested at every split.
 *
 * Life: a stream is made by the doorman (or stream_attach) and belongs to its loop. on_closed()
 * comes exactly once, always from the loop and never from inside a stream_*() call; the pointer is
 * dead when it returns. After stream_close() only on_closed() still comes.
 *
 * Writing: nobody writes at once. The user keeps its own queue, calls stream_want_write(), and gets
 * on_writable() at the end of the round (or as soon as the kernel takes bytes again), where it
 * offers everything by one stream_writev(). So several messages of one round leave with one send,
 * and many small frames make one TLS record.
 */
#ifndef MADANG_IO_STREAM_H
#define MADANG_IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/addr.h"

struct loop;
struct stream;
struct census;
struct tls_ctx;

/* Why a stream ended. The first group is what happened to it, the second what its user said. */
enum stream_why {
    STREAM_EOF,       /* the other side closed in order */
    STREAM_RESET,     /* ECONNRESET, EPIPE, or TLS cut without close_notify */
    STREAM_TIMEOUT,   /* its deadline passed and the user has no on_deadline */
    STREAM_TLS_ERROR, /* handshake refused or a broken record */
    STREAM_DEAD_PEER, /* TCP_USER_TIMEOUT: sent bytes were not acknowledged */
    STREAM_ERROR,     /* any other errno */
    STREAM_OVERFLOW,  /* the user left more than STREAM_HELD_MAX bytes lying */
    STREAM_DONE,      /* stream_shutdown() completed */
    STREAM_PROTOCOL,  /* the user: the other side broke the protocol */
    STREAM_LIMIT,     /* the user: a limit was reached */
    STREAM_SLOW,      /* the user: a slow reader's queue is full */
    STREAM_DRAIN,     /* the user: the server stops */
    STREAM_WHYS
};
const char *stream_why_name(enum stream_why why); /* "eof", "reset", ...: for logs and counters */

/* What a user of streams offers. One const table for all streams of a kind. Only on_data and
 * on_closed must be there. */
struct stream_user {
    const char *name; /* static text, for the report of slow rounds */
    /* The TLS handshake is complete. Comes for streams made with tls only, before anything else. */
    void (*on_open)(struct stream *s);
    /* n > 0 bytes that haven't been taken yet, in order; they live until the callback returns.
     * Returns how many were taken. The rest stays with the stream (at most STREAM_HELD_MAX) and
     * comes again, in one piece with what follows it: when more arrives, or after
     * stream_resume(). */
    size_t (*on_data)(struct stream *s, const uint8_t *p, size_t n);
    /* The other side sends no more (TCP FIN, close_notify). If the user doesn't have this, the
     * stream closes with STREAM_EOF at once; if it does, it can still write and must close by
     * itself. */
    void (*on_eof)(struct stream *s);
    /* At the end of a round in which stream_want_write() was called, and as soon as the kernel
     * takes bytes again after a stream_writev() that took less than was offered. */
    void (*on_writable)(struct stream *s);
    /* stream_deadline() has passed. Without this the stream closes with STREAM_TIMEOUT. */
    void (*on_deadline)(struct stream *s, int64_t now_us);
    void (*on_closed)(struct stream *s, enum stream_why why);
};

/* How a kind of stream (TCP, TLS, fake) does it. Users call the functions below instead. */
struct stream_ops {
    ssize_t (*writev)(struct stream *s, const struct iovec *iov, int n);
    void (*want_write)(struct stream *s);
    void (*pause)(struct stream *s, bool paused);
    void (*deadline)(struct stream *s, int64_t at_us);
    void (*shutdown)(struct stream *s);
    void (*close)(struct stream *s, enum stream_why why);
    int64_t (*now)(const struct stream *s);
};

/* The part that every kind begins with. Users read peer, local, tls and set ctx, user. */
struct stream {
    const struct stream_ops *ops;
    const struct stream_user *user;
    void *ctx; /* the user's */
    struct addr peer;
    struct addr local; /* family 0 until somebody asks: stream_local(), stream_detach() */
    bool tls;
    bool paused;
    bool closing; /* stream_close() was called or it is over: only on_closed() comes */
};

enum {
    STREAM_HELD_MAX = 65536, /* bytes that on_data may leave lying */
    STREAM_TURN_MAX = 65536, /* bytes that one connection may read in a round */
    STREAM_LINGER_MS = 2000, /* after stream_shutdown(): the wait for the other side's FIN */
};

/* Takes a stream over from whoever had it: later callbacks go to user. Bytes that the former user
 * has left lying are delivered by on_data in this round, after the caller returned. */
static inline void stream_set_user(struct stream *s, const struct stream_user *user, void *ctx)
{
    s->user = user;
    s->ctx = ctx;
    s->ops->pause(s, false);
}

/* Bytes taken, from the front, 0..sum: what was taken is out of the user's hands. Less than the
 * sum means that the kernel is full: on_writable() will come. -1 when the stream is closing.
 * Meant to be called from on_writable(); elsewhere it works and costs a send of its own. */
static inline ssize_t stream_writev(struct stream *s, const struct iovec *iov, int n)
{
    return s->ops->writev(s, iov, n);
}
/* Asks for on_writable() at the end of this round. Cheap to call often. */
static inline void stream_want_write(struct stream *s)
{
    s->ops->want_write(s);
}
/* No on_data until stream_resume(); the kernel's buffers then hold the sender back. The end of the
 * connection may be noticed only after stream_resume(). */
static inline void stream_pause(struct stream *s)
{
    s->ops->pause(s, true);
}
/* Also delivers bytes that were left lying (from the loop, in this round); so a user that took
 * less than it got and now wants it again calls this, paused or not. */
static inline void stream_resume(struct stream *s)
{
    s->ops->pause(s, false);
}
/* Monotonic us; 0 = none. The user moves it as its protocol goes on; later is free of charge. */
static inline void stream_deadline(struct stream *s, int64_t at_us)
{
    s->ops->deadline(s, at_us);
}
/* Everything that stream_writev() took still goes out, then close_notify and FIN; what comes in
 * is thrown away until the other side closes too (STREAM_LINGER_MS at most), then
 * on_closed(STREAM_DONE). No on_data, on_eof, on_writable or on_deadline any more. */
static inline void stream_shutdown(struct stream *s)
{
    s->ops->shutdown(s);
}
/* At once, unsent bytes are lost. on_closed(why) follows in this round. Twice does no harm. */
static inline void stream_close(struct stream *s, enum stream_why why)
{
    s->ops->close(s, why);
}
/* The loop's time of this round (the fake's virtual time): what deadlines are counted from. */
static inline int64_t stream_now(const struct stream *s)
{
    return s->ops->now(s);
}

/* ---- Below: for the doorman and app/, which know that a stream has a socket. ---- */

/* A connection on its way to another thread. Owned by whoever holds it. */
struct stream_handover {
    int fd;
    void *ssl;      /* SSL *, NULL for plain TCP */
    uint8_t *bytes; /* already read (and decrypted), not yet taken by anybody */
    size_t nbytes;
    int64_t deadline_us;
    struct addr peer, local;
    struct census *census; /* where the connection is counted until it ends; may be NULL */
};

/* A stream over a connected, non-blocking socket; local may be NULL (stream_local()). The stream
 * owns fd from now on, also when it fails (NULL, fd closed, when the loop refuses it). tls != NULL:
 * the server side of a handshake is done first, and nothing but on_closed() and on_deadline() comes
 * before it is complete. */
struct stream *stream_new(struct loop *l, int fd, const struct addr *peer, const struct addr *local,
                          struct tls_ctx *tls, struct census *census,
                          const struct stream_user *user, void *ctx);
/* Bytes are likely to be there already: looks for them in this round, instead of waiting until the
 * loop says so. */
void stream_expect(struct stream *s);
/* The TLS handshake on a stream that is plain so far: bytes in hand are its beginning. */
void stream_start_tls(struct stream *s, struct tls_ctx *tls);
bool stream_open(const struct stream *s); /* handshake done (always true for plain) */
void stream_alpn(const struct stream *s, char *out, size_t cap); /* "" if none was agreed */

/* Our own address of the connection. Asks the kernel at the first time: most connections never need
 * it. Family 0 when there is none. */
const struct addr *stream_local(struct stream *s);

/* Takes the connection away from its loop; s is dead afterwards and gets no on_closed(). What is
 * queued for sending must have left. NULL (and s closes with STREAM_ERROR) when it cannot be. */
struct stream_handover *stream_detach(struct stream *s);
/* The other end of it; the bytes in hand are delivered by on_data in this round. NULL, and
 * everything is released, when the loop refuses it. */
struct stream *stream_attach(struct loop *l, struct stream_handover *h,
                             const struct stream_user *user, void *ctx);
/* Nobody wants it: closes and releases. */
void stream_handover_free(struct stream_handover *h);

#endif
