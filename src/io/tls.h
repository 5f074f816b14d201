/*
 * The TLS server context: certificate, key, ticket keys, ALPN. Counted by reference, so that SIGHUP
 * can put a new one in place while connections still hold the old one. TLS 1.2 and 1.3, tickets
 * with keys that rotate (the former key is still accepted), no session cache, no renegotiation.
 */
#ifndef MADANG_IO_TLS_H
#define MADANG_IO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_ctx;

/* chain_pem: leaf first. Both are NUL-terminated PEM texts; the key is copied and should be
 * wiped by the caller. alpn: names ended by NULL, the first that the client offers too wins; a
 * client that offers none is accepted; one that offers only others gets a fatal alert
 * (no_application_protocol, RFC 7301, 3.2). NULL with a sentence in err when the pair is unusable. */
struct tls_ctx *tls_ctx_new(const char *chain_pem, const char *key_pem, const char *const *alpn,
                            char *err, size_t errlen);
struct tls_ctx *tls_ctx_ref(struct tls_ctx *c);
void tls_ctx_unref(struct tls_ctx *c);

/* Ticket keys: 80 bytes of fresh randomness; the current one becomes the former one. Call at the
 * start and then every 12 hours or so (wall or monotonic, it doesn't matter). Thread: control
 * only. */
enum { TLS_TICKET_KEY_LEN = 80 };
void tls_ctx_rotate_tickets(struct tls_ctx *c, const uint8_t key[TLS_TICKET_KEY_LEN]);
/* A new context after SIGHUP goes on accepting the tickets of the old one. */
void tls_ctx_adopt_tickets(struct tls_ctx *to, const struct tls_ctx *from);

#endif
