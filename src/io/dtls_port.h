/*
 * DTLS on a UDP port (RFC 7350): who answered our cookie gets an association, which is found by its
 * path from then on. Before that nothing is kept, and ClientHellos of media are never answered
 * (proto/dtls_hello.h). Associations are counted, in all and under handshake; a handshake has a
 * deadline, and who is silent for idle_us is asked about and, if nobody wants to keep it, closed.
 * One thread; runs on its loop.
 */
#ifndef MADANG_IO_DTLS_PORT_H
#define MADANG_IO_DTLS_PORT_H

#include "base/hash.h"
#include "io/dtls.h"
#include "io/udp.h"

struct dtls_port;

struct dtls_port_conf {
    uint8_t cookie_key[32]; /* random; the same for all workers, since packets change workers */
    struct hash_key hash;
    unsigned max;            /* associations; 0 = 4096 */
    unsigned max_per_addr;   /* of one address (IPv6: /64); 0 = 256 */
    unsigned max_handshakes; /* of these not open yet; 0 = 256 */
    int64_t handshake_us;    /* 0 = 10 s */
    int64_t idle_us;         /* 0 = 30 s */
};

/* number names the association: never 0, never used again. None of these may free the port; they
 * may send. */
struct dtls_port_user {
    /* A datagram for a client; borrowed for the call. u: the socket that the client reached. */
    void (*send)(void *ctx, struct udp *u, const struct udp_path *to, const uint8_t *p, size_t n);
    void (*data)(void *ctx, uint64_t number, const struct udp_path *from, const uint8_t *p,
                 size_t n);
    /* Nothing came for idle_us: is something still bound to it? */
    bool (*keep)(void *ctx, uint64_t number, const struct udp_path *who);
    void (*closed)(void *ctx, uint64_t number, const struct udp_path *who);
};

enum dtls_port_verdict {
    DTLS_PORT_TAKEN,     /* an association's */
    DTLS_PORT_ASKED,     /* a HelloVerifyRequest was sent */
    DTLS_PORT_OPENED,    /* a new association */
    DTLS_PORT_OFF,       /* no context */
    DTLS_PORT_STRAY,     /* nobody's */
    DTLS_PORT_MALFORMED, /* a broken ClientHello */
    DTLS_PORT_MEDIA,     /* offers use_srtp, or may: silence */
    DTLS_PORT_FULL,      /* a limit is reached: silence */
    DTLS_PORT_VERDICTS
};
const char *dtls_port_verdict_name(enum dtls_port_verdict v);

struct dtls_port *dtls_port_new(struct loop *l, const struct dtls_port_conf *conf,
                                const struct dtls_port_user *user, void *ctx);
/* No callbacks any more. */
void dtls_port_free(struct dtls_port *p);
/* For associations to come; takes a reference. NULL: there are none to come. */
void dtls_port_ctx(struct dtls_port *p, struct dtls_ctx *ctx);

/* A datagram whose first byte is 20..63 (RFC 7983 7). */
enum dtls_port_verdict dtls_port_input(struct dtls_port *p, struct udp *u,
                                       const struct udp_path *from, const uint8_t *bytes, size_t n);
/* The pieces as one record. false: there is no such association, it isn't open, or it is too long. */
bool dtls_port_send(struct dtls_port *p, uint64_t number, const struct iovec *iov, unsigned n);
/* Says close_notify to all. */
void dtls_port_close_all(struct dtls_port *p);
unsigned dtls_port_count(const struct dtls_port *p);

#endif
