/* Bytes out and bytes in. struct buf is a growing (or fixed) byte queue with a hard cap: writing
 * past the cap, or failing to grow, sets the sticky flag `failed` and writes nothing more, so that
 * a writer of many fields checks once at the end. It can be consumed at the front. struct rd is a
 * cursor over borrowed bytes with the sticky flag `bad`. Integers are big endian (network order). */
#ifndef MADANG_BASE_BUF_H
#define MADANG_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

/* 32 bytes, since each connection has some. Read it through the functions; `failed` may be read. */
struct buf {
    uint8_t *base;
    uint32_t start; /* first byte not consumed */
    uint32_t len;   /* bytes from there on */
    uint32_t cap;   /* allocated */
    uint32_t max;   /* never more than that in it */
    bool failed;
    bool fixed; /* memory of the caller: never moved, never freed */
};

/* An empty buffer that grows to at most max bytes (max < 4 GiB); takes no memory yet. */
void buf_init(struct buf *b, size_t max);
/* An empty buffer in the caller's memory, which must outlive it; buf_free isn't needed. */
void buf_init_fixed(struct buf *b, void *mem, size_t cap);
/* Gives the memory back. The buffer is empty then, not failed, and can be used again. */
void buf_free(struct buf *b);
/* Empties, clears `failed`, keeps the memory. */
void buf_reset(struct buf *b);
/* Gives back memory beyond what is in it (all of it when empty). */
void buf_shrink(struct buf *b);

static inline const uint8_t *buf_data(const struct buf *b)
{
    return b->base ? b->base + b->start : (const uint8_t *)"";
}

static inline size_t buf_len(const struct buf *b)
{
    return b->len;
}

/* How many more bytes fit under the cap. */
static inline size_t buf_room(const struct buf *b)
{
    return b->failed ? 0 : b->max - b->len;
}

/* All bytes as a slice, borrowed until the next change of b. */
static inline struct str buf_str(const struct buf *b)
{
    return str_of(buf_data(b), b->len);
}

/* n bytes to write into, followed by buf_commit of what was written (<= n). NULL (and failed) when
 * the cap or memory does not allow it. Valid until the next change of b. */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

/* All of these append everything or nothing; false and failed then. */
bool buf_put(struct buf *b, const void *p, size_t n);
bool buf_putf(struct buf *b, const char *fmt, ...) PRINTF_CHECK(2, 3);
bool buf_vputf(struct buf *b, const char *fmt, va_list ap) PRINTF_CHECK(2, 0);
bool buf_u8(struct buf *b, uint8_t v);
bool buf_u16(struct buf *b, uint16_t v);
bool buf_u32(struct buf *b, uint32_t v);
bool buf_u64(struct buf *b, uint64_t v);

static inline bool buf_puts(struct buf *b, const char *z)
{
    return buf_put(b, z, strlen(z));
}

static inline bool buf_put_str(struct buf *b, struct str s)
{
    return buf_put(b, s.p, s.n);
}

/* Overwrites two bytes at offset off, for lengths known later; off + 2 <= len, else failed. */
void buf_patch_u16(struct buf *b, size_t off, uint16_t v);

/* Drops n bytes at the front (all when there are fewer). Amortised constant time. */
void buf_consume(struct buf *b, size_t n);
/* Drops bytes at the end, down to len. */
void buf_truncate(struct buf *b, size_t len);
/* The content NUL-terminated, borrowed until the next change; NULL when that cannot be made. The
 * NUL does not count into len, but needs a byte under the cap. */
const char *buf_cstr(struct buf *b);

static inline uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t get_u64(const uint8_t *p)
{
    return (uint64_t)get_u32(p) << 32 | get_u32(p + 4);
}

static inline void set_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void set_u32(uint8_t *p, uint32_t v)
{
    set_u16(p, (uint16_t)(v >> 16));
    set_u16(p + 2, (uint16_t)v);
}

static inline void set_u64(uint8_t *p, uint64_t v)
{
    set_u32(p, (uint32_t)(v >> 32));
    set_u32(p + 4, (uint32_t)v);
}

struct rd {
    const uint8_t *p;
    size_t n; /* left */
    bool bad; /* something was read beyond the end; all later reads give 0 or NULL */
};

static inline struct rd rd_of(const void *p, size_t n)
{
    return (struct rd){p, n, false};
}

/* The next n bytes, borrowed from the input, or NULL and bad. n = 0 gives a pointer that is not
 * NULL unless bad. */
static inline const uint8_t *rd_bytes(struct rd *r, size_t n)
{
    const uint8_t *p = r->p ? r->p : (const uint8_t *)"";
    if (r->bad || n > r->n) {
        r->bad = true;
        r->n = 0;
        return NULL;
    }
    r->p = p + n;
    r->n -= n;
    return p;
}

static inline bool rd_skip(struct rd *r, size_t n)
{
    return rd_bytes(r, n) != NULL;
}

/* Copies n bytes to dst; on false dst is untouched. */
static inline bool rd_copy(struct rd *r, void *dst, size_t n)
{
    const uint8_t *p = rd_bytes(r, n);
    if (p && n)
        memcpy(dst, p, n);
    return p != NULL;
}

static inline struct str rd_str(struct rd *r, size_t n)
{
    const uint8_t *p = rd_bytes(r, n);
    return str_of(p, p ? n : 0);
}

static inline uint8_t rd_u8(struct rd *r)
{
    const uint8_t *p = rd_bytes(r, 1);
    return p ? p[0] : 0;
}

static inline uint16_t rd_u16(struct rd *r)
{
    const uint8_t *p = rd_bytes(r, 2);
    return p ? get_u16(p) : 0;
}

static inline uint32_t rd_u32(struct rd *r)
{
    const uint8_t *p = rd_bytes(r, 4);
    return p ? get_u32(p) : 0;
}

static inline uint64_t rd_u64(struct rd *r)
{
    const uint8_t *p = rd_bytes(r, 8);
    return p ? get_u64(p) : 0;
}

#endif
