#include "io/stream_int.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "io/seam.h"

/* Bytes from the kernel; 0 and no longer readable (or eof, or closing) when there are none. */
static size_t receive(struct sock *k, uint8_t *p, size_t cap)
{
    ssize_t r = seam_read(k->fd.fd, p, cap);
    if (r == 0) {
        k->eof = true;
        k->readable = false;
        return 0;
    }
    if (r < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOMEM)) {
        k->readable = errno == EINTR;
        if (seam_armed || errno == ENOMEM) {
            k->readable = true;
            sock_try_again_soon(k);
        }
        return 0;
    }
    if (r < 0) {
        sock_broken(k, sock_why_of_errno(errno));
        return 0;
    }
    count_add(k->sh->counts, COUNT_STREAM_BYTES_IN, (uint64_t)r);
    /* Less than we asked for: the kernel has no more, unless the end is waiting behind it. */
    if ((size_t)r < cap && !k->hup && !seam_armed)
        k->readable = false;
    return (size_t)r;
}

static bool hears(const struct sock *k)
{
    return k->state == SOCK_OPEN && !k->s.closing && !k->s.paused;
}

/* n bytes lie in shared plain, the held ones first. */
static void deliver(struct sock *k, size_t n)
{
    struct stream_shared *sh = k->sh;
    sh->current = k;
    sh->current_p = sh->plain;
    sh->current_n = n;
    const struct stream_user *user;
    size_t took;
    do { /* who was handed the stream gets the same bytes, without their being put aside */
        user = k->s.user;
        took = user->on_data(&k->s, sh->plain, n);
    } while (took == 0 && k->s.user != user && hears(k));
    sh->current = NULL;
    if (k->s.closing || k->state > SOCK_OPEN)
        return;
    took = MIN_OF(took, n);
    if (n - took > STREAM_HELD_MAX) {
        sock_close(&k->s, STREAM_OVERFLOW);
        return;
    }
    if (n - took > 0 || k->held.n > 0)
        stream_piece_set(&k->held, sh->plain + took, n - took);
}

/* Held bytes to the front of the shared buffer; how many. */
size_t sock_bring_held(struct sock *k)
{
    if (k->held.n > 0)
        memcpy(k->sh->plain, k->held.p, k->held.n);
    return k->held.n;
}

static void read_plain(struct sock *k)
{
    size_t budget = STREAM_TURN_MAX;
    while (hears(k) && k->readable && budget > 0) {
        size_t held = sock_bring_held(k);
        size_t n = receive(k, k->sh->plain + held, MIN_OF(budget, PLAIN_CAP - held));
        if (n == 0 || k->turn.queued)
            budget = 0; /* nothing there, or a fault: later */
        else
            budget -= n;
        if (n > 0)
            deliver(k, held + n);
    }
}

/* Decrypts what is in the wire into the shared buffer behind n bytes. Returns n with what was
 * added; stops when it is full. */
size_t sock_decrypt(struct sock *k, size_t n)
{
    enum tls_result r = TLS_OK;
    while (r == TLS_OK && n < PLAIN_CAP) {
        size_t got = 0;
        r = tls_session_read(k->tls, k->sh->plain + n, PLAIN_CAP - n, &got);
        n += got;
    }
    if (r == TLS_EOF) {
        k->eof = k->notified = true;
        k->readable = false;
    } else if (r == TLS_FAILED) {
        sock_send_wire(k); /* an alert, perhaps */
        if (!k->s.closing)
            sock_broken(k, STREAM_TLS_ERROR);
    }
    sock_send_wire(k); /* an answer to a key update, perhaps */
    return n;
}

/* The wire's input for this turn: what was kept from before, else what the kernel has. */
static bool fill_wire(struct sock *k, size_t *budget)
{
    struct tls_wire *w = &k->sh->wire;
    if (k->cipher.n > 0) {
        memcpy(k->sh->cipher_in, k->cipher.p, k->cipher.n);
        w->in_len = k->cipher.n;
        stream_piece_drop(&k->cipher);
    } else {
        w->in_len = k->readable && *budget > 0
                        ? receive(k, k->sh->cipher_in, MIN_OF(*budget, CIPHER_IN_CAP))
                        : 0;
        *budget = k->turn.queued ? 0 : *budget - w->in_len;
    }
    w->in = k->sh->cipher_in;
    return w->in_len > 0;
}

static void keep_wire(struct sock *k)
{
    struct tls_wire *w = &k->sh->wire;
    if (w->in_len > 0 && !k->s.closing)
        stream_piece_set(&k->cipher, w->in, w->in_len);
    w->in_len = 0;
}

static void read_tls(struct sock *k)
{
    struct tls_wire *w = &k->sh->wire;
    size_t budget = STREAM_TURN_MAX;
    while (hears(k) && !k->eof && fill_wire(k, &budget)) {
        bool full;
        do {
            size_t held = sock_bring_held(k);
            size_t n = sock_decrypt(k, held);
            full = n == PLAIN_CAP;
            if (n > held && !k->s.closing)
                deliver(k, n);
        } while ((full || w->in_len > 0) && hears(k) && !k->eof);
        keep_wire(k);
    }
}

static void tell_eof(struct sock *k)
{
    if (!k->eof || k->eof_told || !hears(k))
        return;
    k->eof_told = true;
    if (k->tls != NULL && !k->notified)
        sock_broken(k, STREAM_RESET); /* somebody may have cut it: what came may be incomplete */
    else if (k->s.user->on_eof != NULL)
        k->s.user->on_eof(&k->s);
    else
        sock_close(&k->s, STREAM_EOF);
}

static void discard(struct sock *k)
{
    size_t budget = STREAM_TURN_MAX;
    while (k->readable && !k->s.closing && budget > 0) {
        size_t n = receive(k, k->sh->plain, MIN_OF(budget, PLAIN_CAP));
        budget = n == 0 ? 0 : budget - n;
    }
    if (k->eof && !k->s.closing && k->state == SOCK_LINGERING)
        sock_close(&k->s, STREAM_DONE);
}

/* ---- Handshake ---- */

static void shaken(struct sock *k)
{
    struct counts *c = k->sh->counts;
    count_inc(c, COUNT_TLS_OK);
    if (tls_session_resumed(k->tls))
        count_inc(c, COUNT_TLS_RESUMED);
    k->state = SOCK_OPEN;
    if (k->s.user->on_open != NULL)
        k->s.user->on_open(&k->s);
    if (k->wants && !k->s.closing && !k->blocked) {
        k->wants = false;
        sock_want_write(&k->s);
    }
}

static void handshake(struct sock *k)
{
    size_t budget = STREAM_TURN_MAX;
    if (k->held.n > 0) { /* stream_start_tls(): what was read as plain is its beginning */
        k->cipher = k->held;
        k->held = (struct stream_piece){NULL, 0};
    }
    while (k->state == SOCK_HANDSHAKE && !k->s.closing && fill_wire(k, &budget)) {
        enum tls_result r = tls_session_handshake(k->tls);
        keep_wire(k);
        sock_send_wire(k);
        if (k->s.closing)
            return;
        if (r == TLS_OK) {
            shaken(k);
        } else if (r != TLS_WANT) {
            count_inc(k->sh->counts, COUNT_TLS_FAILED);
            sock_close(&k->s, STREAM_TLS_ERROR);
        }
    }
    if (k->state == SOCK_HANDSHAKE && k->eof && !k->s.closing) {
        count_inc(k->sh->counts, COUNT_TLS_FAILED);
        sock_close(&k->s, STREAM_EOF);
    }
}

/* ---- Turns ---- */

void sock_take_turn(struct sock *k)
{
    if (k->state == SOCK_HANDSHAKE)
        handshake(k);
    if (k->state == SOCK_OPEN && !k->s.closing) {
        if (k->tls != NULL)
            read_tls(k);
        else
            read_plain(k);
        if (!k->readable && k->cipher.n == 0)
            tell_eof(k);
    } else if (k->state == SOCK_FLUSHING || k->state == SOCK_LINGERING) {
        discard(k);
    }
    bool more = k->readable || (k->cipher.n > 0 && !k->eof);
    if (!k->s.closing && more && (!k->s.paused || k->state != SOCK_OPEN) && !k->turn.queued)
        loop_ready(k->sh->loop, &k->turn); /* used up its turn */
}

void sock_redeliver(struct sock *k)
{
    if (hears(k) && k->held.n > 0)
        deliver(k, sock_bring_held(k));
}
