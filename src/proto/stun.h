/*
 * STUN messages (RFC 8489): strict parsing, building, integrity. No socket, clock or randomness.
 * stun_parse() accepts exactly one whole message and borrows its bytes; what it doesn't reject has
 * a right header, the cookie, and attributes that fill the length exactly. RFC 3489 messages (no
 * cookie) are rejected by name. TURN and ICE attributes are known by number, so that one codec
 * serves all.
 */
#ifndef MADANG_PROTO_STUN_H
#define MADANG_PROTO_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum {
    STUN_HEADER = 20,
    STUN_TXID = 12,
    STUN_ATTRS_MAX = 48,    /* more than that in one message is malformed to us */
    STUN_UNKNOWN_MAX = 16,  /* listed in a 420 */
    STUN_MESSAGE_MAX = 2048 /* what the builder is used with; UDP is far below */
};
#define STUN_COOKIE          0x2112A442u
#define STUN_FINGERPRINT_XOR 0x5354554eu

enum stun_class { STUN_REQUEST = 0, STUN_INDICATION = 1, STUN_SUCCESS = 2, STUN_ERROR = 3 };

enum stun_method { /* RFC 8489 18.2, RFC 8656 18 */
                   STUN_BINDING = 0x001,
                   STUN_ALLOCATE = 0x003,
                   STUN_REFRESH = 0x004,
                   STUN_SEND = 0x006,
                   STUN_DATA = 0x007,
                   STUN_CREATE_PERMISSION = 0x008,
                   STUN_CHANNEL_BIND = 0x009
};

enum stun_attr_type { /* RFC 8489 18.3, RFC 8656 18, RFC 8445 20.1, RFC 8016 */
                      STUN_MAPPED_ADDRESS = 0x0001,
                      STUN_CHANGE_REQUEST = 0x0003,
                      STUN_USERNAME = 0x0006,
                      STUN_MESSAGE_INTEGRITY = 0x0008,
                      STUN_ERROR_CODE = 0x0009,
                      STUN_UNKNOWN_ATTRIBUTES = 0x000A,
                      STUN_CHANNEL_NUMBER = 0x000C,
                      STUN_LIFETIME = 0x000D,
                      STUN_XOR_PEER_ADDRESS = 0x0012,
                      STUN_DATA_ATTR = 0x0013,
                      STUN_REALM = 0x0014,
                      STUN_NONCE = 0x0015,
                      STUN_XOR_RELAYED_ADDRESS = 0x0016,
                      STUN_REQUESTED_ADDRESS_FAMILY = 0x0017,
                      STUN_EVEN_PORT = 0x0018,
                      STUN_REQUESTED_TRANSPORT = 0x0019,
                      STUN_DONT_FRAGMENT = 0x001A,
                      STUN_MESSAGE_INTEGRITY_SHA256 = 0x001C,
                      STUN_PASSWORD_ALGORITHM = 0x001D,
                      STUN_USERHASH = 0x001E,
                      STUN_XOR_MAPPED_ADDRESS = 0x0020,
                      STUN_RESERVATION_TOKEN = 0x0022,
                      STUN_PRIORITY = 0x0024,
                      STUN_USE_CANDIDATE = 0x0025,
                      STUN_ADDITIONAL_ADDRESS_FAMILY = 0x8000,
                      STUN_ADDRESS_ERROR_CODE = 0x8001,
                      STUN_PASSWORD_ALGORITHMS = 0x8002,
                      STUN_ALTERNATE_DOMAIN = 0x8003,
                      STUN_ICMP = 0x8004,
                      STUN_SOFTWARE = 0x8022,
                      STUN_ALTERNATE_SERVER = 0x8023,
                      STUN_FINGERPRINT = 0x8028,
                      STUN_ICE_CONTROLLED = 0x8029,
                      STUN_ICE_CONTROLLING = 0x802A,
                      STUN_MOBILITY_TICKET = 0x8030
};

enum stun_result {
    STUN_OK = 0,
    STUN_E_SHORT,       /* fewer bytes than the header, or than it announces */
    STUN_E_NOT_STUN,    /* first two bits */
    STUN_E_NO_COOKIE,   /* RFC 3489 or noise */
    STUN_E_LENGTH,      /* not a multiple of 4, or bytes left over */
    STUN_E_ATTR,        /* an attribute runs over the end, or there are too many */
    STUN_E_ORDER,       /* something behind FINGERPRINT, or a repeated FINGERPRINT */
    STUN_E_FINGERPRINT, /* wrong value or size */
    STUN_RESULTS
};
const char *stun_result_name(enum stun_result r);

struct stun_attr {
    uint16_t type, len; /* len without padding */
    uint16_t off;       /* of the value, from the message's first byte */
};

/* A parsed message; borrows msg. */
struct stun_msg {
    const uint8_t *msg;
    uint32_t len; /* whole, header included */
    uint16_t method;
    enum stun_class cls;
    const uint8_t *txid; /* STUN_TXID bytes */
    unsigned
        nattrs; /* in order; those behind MESSAGE-INTEGRITY that must be ignored are left out */
    struct stun_attr attrs[STUN_ATTRS_MAX];
    uint32_t integrity_at, integrity256_at; /* offset of the attribute's header; 0 = absent */
    bool fingerprint;                       /* present, and right */
};

/* Could this be STUN at all? First two bits 0, length multiple of 4, cookie: for demultiplexing. */
bool stun_looks_like(const uint8_t *p, size_t n);
/* n must be exactly one message (RFC 8489 6.3, 14). FINGERPRINT is checked if it is there. */
enum stun_result stun_parse(struct stun_msg *m, const uint8_t *p, size_t n);

/* First attribute of that type (RFC 8489 14: later ones are ignored), or NULL. */
const struct stun_attr *stun_find(const struct stun_msg *m, unsigned type);
const uint8_t *stun_value(const struct stun_msg *m, const struct stun_attr *a);
bool stun_get_u32(const struct stun_msg *m, const struct stun_attr *a,
                  uint32_t *out); /* len must be 4 */
bool stun_get_u64(const struct stun_msg *m, const struct stun_attr *a,
                  uint64_t *out); /* len must be 8 */
/* XOR-*-ADDRESS (RFC 8489 14.2) and the plain form (14.1). false: wrong size or family. */
bool stun_get_xaddr(const struct stun_msg *m, const struct stun_attr *a, struct addr *out);
bool stun_get_addr(const struct stun_msg *m, const struct stun_attr *a, struct addr *out);
/* ERROR-CODE (14.8): 300..699, or 0. */
unsigned stun_get_error(const struct stun_msg *m);

/* Comprehension-required attributes (type < 0x8000) that known() doesn't claim, each once, in
 * order; at most STUN_UNKNOWN_MAX. Returns how many. */
unsigned stun_unknown(const struct stun_msg *m, bool (*known)(unsigned type),
                      uint16_t out[STUN_UNKNOWN_MAX]);
/* Is it one by which somebody says who they are (RFC 8489 9)? Every server here knows these, if only to
 * ignore them. */
bool stun_is_credential(unsigned type);

/* ---- Integrity (RFC 8489 14.5, 14.6, 9.2) ---- */

/* Long-term key MD5(user:realm:pass) and its SHA-256 form (RFC 8489 18.5.1). The texts are already
 * prepared (OpaqueString). */
void stun_key_md5(const char *user, const char *realm, const char *pass, uint8_t out[16]);
void stun_key_sha256(const char *user, const char *realm, const char *pass, uint8_t out[32]);
void stun_userhash(const char *user, const char *realm, uint8_t out[32]);
/* Constant time. false when it is absent, has a wrong size (SHA-256: 16..32, multiple of 4) or
 * doesn't verify. The short-term key is the password itself. */
bool stun_check_sha1(const struct stun_msg *m, const void *key, size_t keylen);
bool stun_check_sha256(const struct stun_msg *m, const void *key, size_t keylen);

/* ---- Building ---- */

/* Writes into the caller's memory; every call is safe after an overflow, which stun_end()
 * reports. */
struct stun_builder {
    uint8_t *p;
    uint32_t cap, len;
    bool failed;
};

void stun_begin(struct stun_builder *b, void *mem, size_t cap, enum stun_class cls, unsigned method,
                const uint8_t txid[STUN_TXID]);
void stun_put(struct stun_builder *b, unsigned type, const void *value, size_t n);
void stun_put_u32(struct stun_builder *b, unsigned type, uint32_t v);
void stun_put_u64(struct stun_builder *b, unsigned type, uint64_t v);
void stun_put_xaddr(struct stun_builder *b, unsigned type, const struct addr *a);
void stun_put_addr(struct stun_builder *b, unsigned type, const struct addr *a);
void stun_put_error(struct stun_builder *b, unsigned code,
                    const char *reason); /* reason may be "" */
void stun_put_unknown(struct stun_builder *b, const uint16_t *types, unsigned n);
void stun_put_integrity(struct stun_builder *b, const void *key, size_t keylen);
void stun_put_integrity_sha256(struct stun_builder *b, const void *key, size_t keylen);
void stun_put_fingerprint(struct stun_builder *b); /* last */
/* The length of the message, or 0 if it didn't fit. */
size_t stun_end(struct stun_builder *b);

#endif
