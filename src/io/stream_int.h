/*
 * Inside of io/stream.c and its two halves, stream_read.c and stream_write.c. Nobody else includes
 * this.
 */
#ifndef MADANG_IO_STREAM_INT_H
#define MADANG_IO_STREAM_INT_H

#include "base/count.h"
#include "base/util.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/tls_session.h"

/*
 * What all streams of a loop share: nothing here outlives one callback, so an idle connection holds
 * no buffer. Bytes that must wait (left lying by the user, ciphertext in either direction) are
 * copied out into memory of the stream's own, which is the exception.
 */
enum {
    /* what was left lying, one turn, and a record that a former turn began: never full */
    PLAIN_CAP = STREAM_HELD_MAX + STREAM_TURN_MAX + 2 * TLS_RECORD,
    CIPHER_IN_CAP = STREAM_TURN_MAX,
    CIPHER_OUT_CAP = 4 * TLS_RECORD_ROOM
};

struct stream_shared {
    struct loop *loop;
    struct counts *counts;
    struct tls_wire wire;
    struct list retry; /* tasks of streams that try again soon: no memory in the kernel */
    struct loop_timer retry_timer;
    /* The bytes that on_data is looking at right now, for stream_detach(). */
    struct sock *current;
    const uint8_t *current_p;
    size_t current_n;
    uint8_t plain[PLAIN_CAP], cipher_in[CIPHER_IN_CAP], cipher_out[CIPHER_OUT_CAP];
    uint8_t gather[TLS_RECORD];
};

struct stream_piece {
    uint8_t *p;
    uint32_t n;
};

enum sock_state {
    SOCK_HANDSHAKE,
    SOCK_OPEN,
    SOCK_FLUSHING,  /* stream_shutdown(): what is queued still leaves */
    SOCK_LINGERING, /* and then the other side's end is waited for */
    SOCK_ENDED,
    SOCK_GIVEN_AWAY /* stream_detach() */
};

struct sock {
    struct stream s;
    struct stream_shared *sh;
    struct tls_session *tls;
    struct census *census;
    struct loop_fd fd;
    struct loop_timer timer;
    struct loop_task flush;     /* end of round: on_writable */
    struct loop_task turn;      /* everything else that must come from the loop */
    struct stream_piece held;   /* plaintext that the user has left lying */
    struct stream_piece cipher; /* ciphertext that was read and not yet decrypted */
    struct stream_piece out;    /* ciphertext that the kernel didn't take yet */
    uint8_t state, why;
    bool readable; /* the kernel may have more bytes */
    bool hup;      /* the other side has closed: read until the end shows */
    bool blocked;  /* the kernel took less than we had */
    bool wants;    /* stream_want_write() while it was blocked or not yet open */
    bool retry;    /* the turn in the retry list also stands for a write */
    bool eof, eof_told, notified /* by close_notify */;
};

static inline struct sock *sock_of(const struct stream *s)
{
    return container_of((struct stream *)s, struct sock, s);
}

/* stream.c */
/* The kernel has no memory, or a fault was injected: no event will come, so ask again soon. */
void sock_try_again_soon(struct sock *k);
/* A copy of n bytes, which may lie in the piece itself; 0 empties it. */
void stream_piece_set(struct stream_piece *x, const uint8_t *p, size_t n);
void stream_piece_drop(struct stream_piece *x);
void sock_close(struct stream *s, enum stream_why why);
enum stream_why sock_why_of_errno(int e);
/* An error; while we are only saying goodbye it changes nothing. */
void sock_broken(struct sock *k, enum stream_why why);
void sock_linger(struct sock *k);

/* stream_write.c */
ssize_t sock_writev(struct stream *s, const struct iovec *iov, int n);
void sock_want_write(struct stream *s);
void sock_on_flush(struct loop_task *t);
/* Sends what TLS has put into the wire; what the kernel doesn't take stays with the stream. */
void sock_send_wire(struct sock *k);
/* The kernel takes bytes again. */
void sock_unblock(struct sock *k);

/* stream_read.c */
/* Handshake, reading, end of input: whatever the state wants, for as long as a turn is. */
void sock_take_turn(struct sock *k);
/* Held bytes again, without new ones. */
void sock_redeliver(struct sock *k);
/* Held bytes to the front of the shared buffer; how many. */
size_t sock_bring_held(struct sock *k);
/* Decrypts what is in the wire into the shared buffer behind n bytes; n and what was added. */
size_t sock_decrypt(struct sock *k, size_t n);

#endif
