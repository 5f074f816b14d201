#include "proto/stun.h"

#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"

enum { ATTR_HEADER = 4 };

static const char *const result_names[STUN_RESULTS] = {
    "ok", "short", "not_stun", "no_cookie", "length", "attribute", "order", "fingerprint"};

const char *stun_result_name(enum stun_result r)
{
    return (unsigned)r < STUN_RESULTS ? result_names[r] : "unknown";
}

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

bool stun_looks_like(const uint8_t *p, size_t n)
{
    return n >= STUN_HEADER && p[0] < 0x40 && (get_u16(p + 2) & 3) == 0 &&
           get_u32(p + 4) == STUN_COOKIE;
}

/* RFC 8489 14.7: the CRC-32 of everything before it, with the length of the whole message. */
static uint32_t fingerprint_of(const uint8_t *p, size_t before)
{
    return crc32_ieee(0, p, before) ^ STUN_FINGERPRINT_XOR;
}

/* RFC 8489 14.5, 14.6: behind MESSAGE-INTEGRITY only -SHA256 and FINGERPRINT count, behind -SHA256
 * only FINGERPRINT. */
static bool ignored(const struct stun_msg *m, unsigned type)
{
    if (type == STUN_FINGERPRINT)
        return false;
    if (m->integrity256_at != 0)
        return true;
    return m->integrity_at != 0 && type != STUN_MESSAGE_INTEGRITY_SHA256;
}

static enum stun_result add_attr(struct stun_msg *m, unsigned type, unsigned len, size_t off)
{
    if (ignored(m, type))
        return STUN_OK;
    if (m->nattrs == STUN_ATTRS_MAX)
        return STUN_E_ATTR;
    m->attrs[m->nattrs++] = (struct stun_attr){(uint16_t)type, (uint16_t)len, (uint16_t)off};
    if (type == STUN_MESSAGE_INTEGRITY)
        m->integrity_at = (uint32_t)off - ATTR_HEADER;
    if (type == STUN_MESSAGE_INTEGRITY_SHA256)
        m->integrity256_at = (uint32_t)off - ATTR_HEADER;
    return STUN_OK;
}

static enum stun_result parse_attrs(struct stun_msg *m)
{
    size_t at = STUN_HEADER;
    while (at < m->len) {
        if (m->fingerprint)
            return STUN_E_ORDER;
        if (m->len - at < ATTR_HEADER)
            return STUN_E_ATTR;
        unsigned type = get_u16(m->msg + at), len = get_u16(m->msg + at + 2);
        if (padded(len) > m->len - at - ATTR_HEADER)
            return STUN_E_ATTR;
        if (type == STUN_FINGERPRINT) {
            if (len != 4 || get_u32(m->msg + at + ATTR_HEADER) != fingerprint_of(m->msg, at))
                return STUN_E_FINGERPRINT;
            m->fingerprint = true;
        }
        enum stun_result r = add_attr(m, type, len, at + ATTR_HEADER);
        if (r != STUN_OK)
            return r;
        at += ATTR_HEADER + padded(len);
    }
    return STUN_OK;
}

enum stun_result stun_parse(struct stun_msg *m, const uint8_t *p, size_t n)
{
    if (n < STUN_HEADER)
        return STUN_E_SHORT;
    if (p[0] >= 0x40)
        return STUN_E_NOT_STUN;
    if (get_u32(p + 4) != STUN_COOKIE)
        return STUN_E_NO_COOKIE;
    unsigned len = get_u16(p + 2), type = get_u16(p);
    if (len % 4 != 0)
        return STUN_E_LENGTH;
    if (n - STUN_HEADER < len)
        return STUN_E_SHORT;
    if (n - STUN_HEADER > len)
        return STUN_E_LENGTH;
    m->msg = p;
    m->len = (uint32_t)n;
    /* RFC 8489 5: the two class bits lie between the bits of the method. */
    m->method = (uint16_t)((type & 0x000F) | (type & 0x00E0) >> 1 | (type & 0x3E00) >> 2);
    m->cls = (enum stun_class)((type & 0x0010) >> 4 | (type & 0x0100) >> 7);
    m->txid = p + 8;
    m->nattrs = 0;
    m->integrity_at = m->integrity256_at = 0;
    m->fingerprint = false;
    return parse_attrs(m);
}

/* ---- Attributes ---- */

const struct stun_attr *stun_find(const struct stun_msg *m, unsigned type)
{
    for (unsigned i = 0; i < m->nattrs; i++) {
        if (m->attrs[i].type == type)
            return &m->attrs[i];
    }
    return NULL;
}

const uint8_t *stun_value(const struct stun_msg *m, const struct stun_attr *a)
{
    return m->msg + a->off;
}

bool stun_get_u32(const struct stun_msg *m, const struct stun_attr *a, uint32_t *out)
{
    if (a->len != 4)
        return false;
    *out = get_u32(m->msg + a->off);
    return true;
}

bool stun_get_u64(const struct stun_msg *m, const struct stun_attr *a, uint64_t *out)
{
    if (a->len != 8)
        return false;
    *out = get_u64(m->msg + a->off);
    return true;
}

/* RFC 8489 14.2: the port is covered by the cookie's upper half, the address by the cookie and,
 * for IPv6, the transaction id; both are the 16 bytes from offset 4. */
static bool get_any_addr(const struct stun_msg *m, const struct stun_attr *a, bool xored,
                         struct addr *out)
{
    const uint8_t *v = m->msg + a->off, *mask = m->msg + 4;
    uint8_t ip[16];
    unsigned n = a->len == 8 && v[1] == 1 ? 4 : a->len == 20 && v[1] == 2 ? 16 : 0;
    if (n == 0)
        return false;
    uint16_t port = get_u16(v + 2);
    for (unsigned i = 0; i < n; i++)
        ip[i] = (uint8_t)(v[4 + i] ^ (xored ? mask[i] : 0));
    if (xored)
        port ^= get_u16(mask);
    *out = n == 4 ? addr_ip4(ip[0], ip[1], ip[2], ip[3], port) : addr_ip6(ip, port);
    return true;
}

bool stun_get_xaddr(const struct stun_msg *m, const struct stun_attr *a, struct addr *out)
{
    return get_any_addr(m, a, true, out);
}

bool stun_get_addr(const struct stun_msg *m, const struct stun_attr *a, struct addr *out)
{
    return get_any_addr(m, a, false, out);
}

unsigned stun_get_error(const struct stun_msg *m)
{
    const struct stun_attr *a = stun_find(m, STUN_ERROR_CODE);
    if (a == NULL || a->len < 4)
        return 0;
    const uint8_t *v = m->msg + a->off;
    unsigned cls = v[2] & 7, number = v[3];
    return cls >= 3 && cls <= 6 && number < 100 ? cls * 100 + number : 0;
}

unsigned stun_unknown(const struct stun_msg *m, bool (*known)(unsigned type),
                      uint16_t out[STUN_UNKNOWN_MAX])
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->nattrs && n < STUN_UNKNOWN_MAX; i++) {
        unsigned type = m->attrs[i].type, k = 0;
        if (type >= 0x8000 || known(type))
            continue;
        while (k < n && out[k] != type)
            k++;
        if (k == n)
            out[n++] = (uint16_t)type;
    }
    return n;
}

bool stun_is_credential(unsigned type)
{
    switch (type) {
    case STUN_USERNAME:
    case STUN_MESSAGE_INTEGRITY:
    case STUN_MESSAGE_INTEGRITY_SHA256:
    case STUN_REALM:
    case STUN_NONCE:
    case STUN_USERHASH:
    case STUN_PASSWORD_ALGORITHM: return true;
    default: return false;
    }
}

/* ---- Integrity ---- */

/* The HMAC covers everything before the attribute, but with the header's length as if the attribute
 * were the last one (14.5). */
static bool integrity_text(const uint8_t *msg, uint32_t at, unsigned attr_size,
                           uint8_t copy[STUN_MESSAGE_MAX])
{
    if (at > STUN_MESSAGE_MAX)
        return false;
    memcpy(copy, msg, at);
    set_u16(copy + 2, (uint16_t)(at - STUN_HEADER + ATTR_HEADER + attr_size));
    return true;
}

bool stun_check_sha1(const struct stun_msg *m, const void *key, size_t keylen)
{
    uint8_t copy[STUN_MESSAGE_MAX], mac[SHA1_SIZE];
    uint32_t at = m->integrity_at;
    if (at == 0 || get_u16(m->msg + at + 2) != SHA1_SIZE ||
        !integrity_text(m->msg, at, SHA1_SIZE, copy))
        return false;
    hmac_sha1(key, keylen, copy, at, mac);
    return ct_equal(mac, m->msg + at + ATTR_HEADER, SHA1_SIZE);
}

bool stun_check_sha256(const struct stun_msg *m, const void *key, size_t keylen)
{
    uint8_t copy[STUN_MESSAGE_MAX], mac[SHA256_SIZE];
    uint32_t at = m->integrity256_at;
    unsigned size = at != 0 ? get_u16(m->msg + at + 2) : 0;
    if (size < 16 || size > SHA256_SIZE || size % 4 != 0 || !integrity_text(m->msg, at, size, copy))
        return false;
    hmac_sha256(key, keylen, copy, at, mac);
    return ct_equal(mac, m->msg + at + ATTR_HEADER, size);
}

/* user ":" realm ":" pass, without the last part when pass is NULL. */
static void joined(struct buf *b, const char *user, const char *realm, const char *pass)
{
    buf_init(b, 1 << 16);
    buf_puts(b, user);
    buf_u8(b, ':');
    buf_puts(b, realm);
    if (pass != NULL) {
        buf_u8(b, ':');
        buf_puts(b, pass);
    }
}

static void joined_free(struct buf *b)
{
    if (b->base != NULL)
        memzero(b->base, b->cap);
    buf_free(b);
}

void stun_key_md5(const char *user, const char *realm, const char *pass, uint8_t out[16])
{
    struct buf b;
    joined(&b, user, realm, pass);
    md5(buf_data(&b), buf_len(&b), out);
    joined_free(&b);
}

void stun_key_sha256(const char *user, const char *realm, const char *pass, uint8_t out[32])
{
    struct buf b;
    joined(&b, user, realm, pass);
    sha256(buf_data(&b), buf_len(&b), out);
    joined_free(&b);
}

void stun_userhash(const char *user, const char *realm, uint8_t out[32])
{
    struct buf b;
    joined(&b, user, realm, NULL);
    sha256(buf_data(&b), buf_len(&b), out);
    joined_free(&b);
}

/* ---- Building ---- */

void stun_begin(struct stun_builder *b, void *mem, size_t cap, enum stun_class cls, unsigned method,
                const uint8_t txid[STUN_TXID])
{
    unsigned c = (unsigned)cls;
    *b = (struct stun_builder){.p = mem, .cap = (uint32_t)cap};
    if (cap < STUN_HEADER) {
        b->failed = true;
        return;
    }
    set_u16(b->p, (uint16_t)((method & 0x000F) | (method & 0x0070) << 1 | (method & 0x0F80) << 2 |
                             (c & 1) << 4 | (c & 2) << 7));
    set_u16(b->p + 2, 0);
    set_u32(b->p + 4, STUN_COOKIE);
    memcpy(b->p + 8, txid, STUN_TXID);
    b->len = STUN_HEADER;
}

/* Room for an attribute of n bytes, its padding zeroed; NULL when there is none. */
static uint8_t *room(struct stun_builder *b, unsigned type, size_t n)
{
    size_t whole = ATTR_HEADER + padded(n);
    if (b->failed || n > UINT16_MAX || whole > b->cap - b->len ||
        b->len + whole - STUN_HEADER > UINT16_MAX) {
        b->failed = true;
        return NULL;
    }
    uint8_t *p = b->p + b->len;
    set_u16(p, (uint16_t)type);
    set_u16(p + 2, (uint16_t)n);
    memset(p + ATTR_HEADER + n, 0, padded(n) - n);
    b->len += (uint32_t)whole;
    set_u16(b->p + 2, (uint16_t)(b->len - STUN_HEADER));
    return p + ATTR_HEADER;
}

void stun_put(struct stun_builder *b, unsigned type, const void *value, size_t n)
{
    uint8_t *p = room(b, type, n);
    if (p != NULL && n > 0)
        memcpy(p, value, n);
}

void stun_put_u32(struct stun_builder *b, unsigned type, uint32_t v)
{
    uint8_t *p = room(b, type, 4);
    if (p != NULL)
        set_u32(p, v);
}

void stun_put_u64(struct stun_builder *b, unsigned type, uint64_t v)
{
    uint8_t *p = room(b, type, 8);
    if (p != NULL)
        set_u64(p, v);
}

static void put_any_addr(struct stun_builder *b, unsigned type, const struct addr *a, bool xored)
{
    unsigned n = a->family == 6 ? 16 : 4;
    uint8_t *p = a->family != 0 ? room(b, type, 4 + n) : NULL;
    if (p == NULL) {
        b->failed = true;
        return;
    }
    const uint8_t *mask = b->p + 4;
    p[0] = 0;
    p[1] = a->family == 6 ? 2 : 1;
    set_u16(p + 2, (uint16_t)(a->port ^ (xored ? get_u16(mask) : 0)));
    for (unsigned i = 0; i < n; i++)
        p[4 + i] = (uint8_t)(a->ip[i] ^ (xored ? mask[i] : 0));
}

void stun_put_xaddr(struct stun_builder *b, unsigned type, const struct addr *a)
{
    put_any_addr(b, type, a, true);
}

void stun_put_addr(struct stun_builder *b, unsigned type, const struct addr *a)
{
    put_any_addr(b, type, a, false);
}

void stun_put_error(struct stun_builder *b, unsigned code, const char *reason)
{
    size_t n = strlen(reason);
    uint8_t *p = room(b, STUN_ERROR_CODE, 4 + n);
    if (p == NULL)
        return;
    set_u16(p, 0);
    p[2] = (uint8_t)(code / 100);
    p[3] = (uint8_t)(code % 100);
    memcpy(p + 4, reason, n);
}

void stun_put_unknown(struct stun_builder *b, const uint16_t *types, unsigned n)
{
    uint8_t *p = room(b, STUN_UNKNOWN_ATTRIBUTES, 2 * (size_t)n);
    for (unsigned i = 0; p != NULL && i < n; i++)
        set_u16(p + 2 * (size_t)i, types[i]);
}

/* room() has set the header's length to what the HMAC and the CRC want: up to and with this one. */
void stun_put_integrity(struct stun_builder *b, const void *key, size_t keylen)
{
    uint32_t at = b->len;
    uint8_t *p = room(b, STUN_MESSAGE_INTEGRITY, SHA1_SIZE);
    if (p != NULL)
        hmac_sha1(key, keylen, b->p, at, p);
}

void stun_put_integrity_sha256(struct stun_builder *b, const void *key, size_t keylen)
{
    uint32_t at = b->len;
    uint8_t *p = room(b, STUN_MESSAGE_INTEGRITY_SHA256, SHA256_SIZE);
    if (p != NULL)
        hmac_sha256(key, keylen, b->p, at, p);
}

void stun_put_fingerprint(struct stun_builder *b)
{
    uint32_t at = b->len;
    uint8_t *p = room(b, STUN_FINGERPRINT, 4);
    if (p != NULL)
        set_u32(p, fingerprint_of(b->p, at));
}

size_t stun_end(struct stun_builder *b)
{
    return b->failed ? 0 : b->len;
}
