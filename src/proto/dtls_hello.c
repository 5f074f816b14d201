#include "proto/dtls_hello.h"

#include <string.h>

#include "base/crypto.h"

enum {
    RECORD_HEAD = 13,
    HANDSHAKE_HEAD = 12,
    HANDSHAKE_RECORD = 22,
    CLIENT_HELLO = 1,
    HELLO_VERIFY_REQUEST = 3,
    RANDOM = 32,
    SESSION_ID_MAX = 32,
    USE_SRTP = 14
};
#define GENERATION_US 60000000 /* a cookie is good for its own minute and the next one */

/* ---- Parsing ---- */

struct cursor {
    const uint8_t *p, *end;
    bool failed;
};

static uint32_t take(struct cursor *c, unsigned n)
{
    uint32_t v = 0;
    if (c->failed || (size_t)(c->end - c->p) < n) {
        c->failed = true;
        return 0;
    }
    while (n-- > 0)
        v = v << 8 | *c->p++;
    return v;
}

static const uint8_t *skip(struct cursor *c, size_t n)
{
    if (c->failed || (size_t)(c->end - c->p) < n) {
        c->failed = true;
        return NULL;
    }
    const uint8_t *at = c->p;
    c->p += n;
    return at;
}

/* RFC 8446 4.2: type, length, value, to the end. Sets *found when use_srtp is among them. */
static bool extensions(struct cursor *c, bool *found)
{
    if (c->p == c->end)
        return true; /* none at all is allowed */
    if (take(c, 2) != (size_t)(c->end - c->p))
        return false;
    while (c->p < c->end && !c->failed) {
        uint32_t type = take(c, 2);
        skip(c, take(c, 2));
        if (type == USE_SRTP)
            *found = true;
    }
    return !c->failed;
}

/* RFC 6347 4.2.1: version, random, session id, cookie, suites, compressions, extensions. */
static enum dtls_hello_kind body(struct cursor c, struct dtls_hello *h)
{
    bool srtp = false;
    skip(&c, 2 + RANDOM);
    uint32_t sid = take(&c, 1);
    skip(&c, sid);
    h->cookie_len = (uint8_t)take(&c, 1);
    h->cookie = skip(&c, h->cookie_len);
    uint32_t suites = take(&c, 2);
    skip(&c, suites);
    uint32_t compressions = take(&c, 1);
    skip(&c, compressions);
    if (c.failed || sid > SESSION_ID_MAX || suites == 0 || suites % 2 != 0 || compressions == 0 ||
        !extensions(&c, &srtp))
        return DTLS_HELLO_MALFORMED;
    if (srtp)
        return DTLS_HELLO_MEDIA;
    return h->cookie_len > 0 ? DTLS_HELLO_COOKIE : DTLS_HELLO_BARE;
}

static enum dtls_hello_kind handshake(struct cursor c, struct dtls_hello *h)
{
    uint32_t type = take(&c, 1), len = take(&c, 3);
    take(&c, 2); /* message_seq: 0, and 1 with the cookie; some begin elsewhere */
    uint32_t offset = take(&c, 3), part = take(&c, 3);
    if (c.failed || type != CLIENT_HELLO)
        return type == CLIENT_HELLO ? DTLS_HELLO_MALFORMED : DTLS_HELLO_NOT;
    if (offset != 0 || part != len)
        return DTLS_HELLO_FRAGMENTED;
    if ((size_t)(c.end - c.p) != len)
        return DTLS_HELLO_MALFORMED;
    return body(c, h);
}

struct dtls_hello dtls_hello_parse(const uint8_t *p, size_t n)
{
    struct dtls_hello h = {.kind = DTLS_HELLO_NOT};
    struct cursor c = {p, p + n, false};
    uint32_t type = take(&c, 1), major = take(&c, 1);
    take(&c, 1);
    uint32_t epoch = take(&c, 2);
    const uint8_t *seq = skip(&c, sizeof(h.record_seq));
    uint32_t len = take(&c, 2);
    if (c.failed || type != HANDSHAKE_RECORD || major != 0xFE || epoch != 0)
        return h;
    memcpy(h.record_seq, seq, sizeof(h.record_seq));
    if ((size_t)(c.end - c.p) < len) {
        h.kind = DTLS_HELLO_MALFORMED;
        return h;
    }
    c.end = c.p + len;
    h.kind = handshake(c, &h);
    return h;
}

/* ---- Cookie ---- */

static void make_cookie(const uint8_t key[32], int64_t generation, const struct addr *from,
                        uint8_t out[DTLS_COOKIE])
{
    struct {
        struct addr from;
        int64_t generation;
    } in;
    uint8_t mac[SHA256_SIZE];
    memset(&in, 0, sizeof(in));
    in.from = *from;
    in.generation = generation;
    hmac_sha256(key, 32, &in, sizeof(in), mac);
    memcpy(out, mac, DTLS_COOKIE);
}

bool dtls_hello_cookie_ok(const uint8_t key[32], int64_t now_us, const struct addr *from,
                          const struct dtls_hello *h)
{
    uint8_t now[DTLS_COOKIE], before[DTLS_COOKIE];
    if (h->kind != DTLS_HELLO_COOKIE || h->cookie_len != DTLS_COOKIE)
        return false;
    make_cookie(key, now_us / GENERATION_US, from, now);
    make_cookie(key, now_us / GENERATION_US - 1, from, before);
    bool is_now = ct_equal(h->cookie, now, DTLS_COOKIE);
    bool is_before = ct_equal(h->cookie, before, DTLS_COOKIE);
    return is_now || is_before;
}

void dtls_hello_verify_request(const uint8_t key[32], int64_t now_us, const struct addr *from,
                               const struct dtls_hello *h, uint8_t out[DTLS_VERIFY_REQUEST])
{
    enum { BODY = 3 + DTLS_COOKIE };
    const uint8_t record[] = {HANDSHAKE_RECORD, 0xFE, 0xFF, 0, 0}; /* DTLS 1.0, RFC 6347 4.2.1 */
    const uint8_t message[] = {HELLO_VERIFY_REQUEST, 0, 0, BODY, 0, 0, 0, 0, 0, 0, 0, BODY};
    const uint8_t start[] = {0xFE, 0xFF, DTLS_COOKIE};
    memcpy(out, record, sizeof(record));
    memcpy(out + 5, h->record_seq, sizeof(h->record_seq));
    out[11] = 0;
    out[12] = HANDSHAKE_HEAD + BODY;
    memcpy(out + RECORD_HEAD, message, sizeof(message));
    memcpy(out + RECORD_HEAD + HANDSHAKE_HEAD, start, sizeof(start));
    make_cookie(key, now_us / GENERATION_US, from, out + RECORD_HEAD + HANDSHAKE_HEAD + 3);
}
