/*
 * The stateless part of a DTLS server: looking at a ClientHello and asking its sender to show that
 * it can hear us (RFC 6347 4.2.1). Nothing is kept, nothing of OpenSSL is touched, until somebody
 * has sent our cookie back.
 *
 * A ClientHello that offers use_srtp, or that is fragmented before one can see whether it does, is
 * media's and is never answered from here: one HelloVerifyRequest to a media client leaves both
 * ends of that handshake stuck for good.
 */
#ifndef MADANG_PROTO_DTLS_HELLO_H
#define MADANG_PROTO_DTLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum dtls_hello_kind {
    DTLS_HELLO_NOT,        /* some other record */
    DTLS_HELLO_MALFORMED,  /* meant as one, but broken */
    DTLS_HELLO_FRAGMENTED, /* only a part of one */
    DTLS_HELLO_MEDIA,      /* offers use_srtp (RFC 5764 4.1) */
    DTLS_HELLO_BARE,       /* whole, without a cookie */
    DTLS_HELLO_COOKIE      /* whole, with a cookie: ask dtls_hello_cookie_ok() */
};

struct dtls_hello {
    enum dtls_hello_kind kind;
    const uint8_t *cookie; /* borrowed from the packet */
    uint8_t cookie_len;
    uint8_t record_seq[6]; /* a HelloVerifyRequest repeats it */
};

enum { DTLS_COOKIE = 16, DTLS_VERIFY_REQUEST = 13 + 12 + 3 + DTLS_COOKIE };

/* The first record of a datagram. */
struct dtls_hello dtls_hello_parse(const uint8_t *p, size_t n);
/* Writes the answer to a BARE one, or to one whose cookie is no good; DTLS_VERIFY_REQUEST bytes. */
void dtls_hello_verify_request(const uint8_t key[32], int64_t now_us, const struct addr *from,
                               const struct dtls_hello *h, uint8_t out[DTLS_VERIFY_REQUEST]);
/* Is it ours, for this address and port, and not older than a minute or two? Constant time. */
bool dtls_hello_cookie_ok(const uint8_t key[32], int64_t now_us, const struct addr *from,
                          const struct dtls_hello *h);

#endif
