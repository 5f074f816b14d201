/*
 * One TLS connection as bytes in and bytes out, for io/stream.c: it never sees a socket. Ciphertext
 * to be read lies in a wire, ciphertext to be sent is appended to it; the wire is scratch memory
 * that all connections of a loop share for the length of one call, so an idle connection holds only
 * OpenSSL's own object.
 */
#ifndef MADANG_IO_TLS_SESSION_H
#define MADANG_IO_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_ctx;
struct tls_session; /* OpenSSL's SSL: travels between loops in struct stream_handover */

struct tls_wire {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len, out_cap;
};

enum tls_result { TLS_OK, TLS_WANT /* more input */, TLS_EOF /* close_notify */, TLS_FAILED };

/* The largest plaintext of one record, and room that a write of that size needs in the wire. */
enum { TLS_RECORD = 16384, TLS_RECORD_ROOM = TLS_RECORD + 512 };

/* Server side. wire must outlive the session or be replaced by tls_session_wire(). NULL: no
 * memory. */
struct tls_session *tls_session_new(struct tls_ctx *ctx, struct tls_wire *wire);
void tls_session_wire(struct tls_session *t, struct tls_wire *wire);
void tls_session_free(struct tls_session *t);

/* Each of these may append to wire->out, also when it fails (an alert). */
enum tls_result tls_session_handshake(struct tls_session *t);
/* TLS_OK: *n bytes were put into p. */
enum tls_result tls_session_read(struct tls_session *t, void *p, size_t cap, size_t *n);
/* All n bytes (1..TLS_RECORD) or nothing; wire->out has TLS_RECORD_ROOM left. */
enum tls_result tls_session_write(struct tls_session *t, const void *p, size_t n);
/* Appends close_notify. */
void tls_session_shutdown(struct tls_session *t);

bool tls_session_resumed(const struct tls_session *t);
/* The name that was agreed, "" if none; cap includes the NUL. */
void tls_session_alpn(const struct tls_session *t, char *out, size_t cap);

#endif
