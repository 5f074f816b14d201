#include "base/buf.h"

#include <stdio.h>

#include "base/mem.h"

enum { BUF_FIRST = 64 }; /* the first allocation, unless more is asked for or allowed */

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max > UINT32_MAX ? UINT32_MAX : (uint32_t)max};
}

void buf_init_fixed(struct buf *b, void *mem, size_t cap)
{
    uint32_t n = cap > UINT32_MAX ? UINT32_MAX : (uint32_t)cap;
    *b = (struct buf){.base = mem, .cap = n, .max = n, .fixed = true};
}

void buf_free(struct buf *b)
{
    if (!b->fixed) {
        xfree(b->base);
        b->base = NULL;
        b->cap = 0;
    }
    buf_reset(b);
}

void buf_reset(struct buf *b)
{
    b->start = 0;
    b->len = 0;
    b->failed = false;
}

/* Moves the content to the front of the memory. */
static void compact(struct buf *b)
{
    if (b->start != 0 && b->len != 0)
        memmove(b->base, b->base + b->start, b->len);
    b->start = 0;
}

void buf_shrink(struct buf *b)
{
    if (b->fixed || b->cap == b->len)
        return;
    if (b->len == 0) {
        xfree(b->base);
        b->base = NULL;
        b->cap = 0;
        b->start = 0;
        return;
    }
    compact(b);
    uint8_t *p = mem_try_realloc(b->base, b->len);
    if (p) {
        b->base = p;
        b->cap = b->len;
    }
}

/* Memory for `need` bytes of content, need <= max. */
static bool grow(struct buf *b, uint32_t need)
{
    uint64_t cap = b->cap < BUF_FIRST ? BUF_FIRST : (uint64_t)b->cap * 2;
    if (cap < need)
        cap = need;
    if (cap > b->max)
        cap = b->max;
    uint8_t *p = mem_try_realloc(b->base, cap);
    if (!p)
        return false;
    b->base = p;
    b->cap = (uint32_t)cap;
    return true;
}

static uint8_t *fail(struct buf *b)
{
    b->failed = true;
    return NULL;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
    if (b->failed || n > b->max - b->len)
        return fail(b);
    uint32_t need = b->len + (uint32_t)n;
    if (need > b->cap - b->start) {
        /* Moving costs len bytes: paid for by as many consumed in front, or by doubling. */
        bool enough = need <= b->cap && (b->start >= b->len || b->cap == b->max);
        compact(b);
        if (!enough && !grow(b, need) && need > b->cap)
            return fail(b);
    }
    if (!b->base) /* only for n = 0 in a new buffer */
        return grow(b, 1) ? b->base : fail(b);
    return b->base + b->start + b->len;
}

void buf_commit(struct buf *b, size_t n)
{
    if (n > b->cap - b->start - b->len)
        b->failed = true;
    else
        b->len += (uint32_t)n;
}

bool buf_put(struct buf *b, const void *p, size_t n)
{
    if (n == 0)
        return !b->failed;
    uint8_t *to = buf_reserve(b, n);
    if (!to)
        return false;
    memcpy(to, p, n);
    b->len += (uint32_t)n;
    return true;
}

bool buf_vputf(struct buf *b, const char *fmt, va_list ap)
{
    char small[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    bool ok = false;
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n < sizeof small) {
        ok = buf_put(b, small, (size_t)n);
    } else if ((size_t)n > buf_room(b)) {
        b->failed = true;
    } else {
        /* vsnprintf insists on a NUL, which need not fit under the cap: print elsewhere. */
        char *big = mem_try_alloc((size_t)n + 1);
        if (big) {
            vsnprintf(big, (size_t)n + 1, fmt, again);
            ok = buf_put(b, big, (size_t)n);
            xfree(big);
        } else {
            b->failed = true;
        }
    }
    va_end(again);
    return ok;
}

bool buf_putf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool ok = buf_vputf(b, fmt, ap);
    va_end(ap);
    return ok;
}

bool buf_u8(struct buf *b, uint8_t v)
{
    return buf_put(b, &v, 1);
}

bool buf_u16(struct buf *b, uint16_t v)
{
    uint8_t t[2];
    set_u16(t, v);
    return buf_put(b, t, sizeof t);
}

bool buf_u32(struct buf *b, uint32_t v)
{
    uint8_t t[4];
    set_u32(t, v);
    return buf_put(b, t, sizeof t);
}

bool buf_u64(struct buf *b, uint64_t v)
{
    uint8_t t[8];
    set_u64(t, v);
    return buf_put(b, t, sizeof t);
}

void buf_patch_u16(struct buf *b, size_t off, uint16_t v)
{
    if (b->len < 2 || off > b->len - 2u)
        b->failed = true;
    else
        set_u16(b->base + b->start + off, v);
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        b->start = 0;
        b->len = 0;
        return;
    }
    b->start += (uint32_t)n;
    b->len -= (uint32_t)n;
}

void buf_truncate(struct buf *b, size_t len)
{
    if (len < b->len)
        b->len = (uint32_t)len;
}

const char *buf_cstr(struct buf *b)
{
    uint8_t *end = buf_reserve(b, 1);
    if (!end)
        return NULL;
    *end = '\0';
    return (const char *)buf_data(b);
}
