/* An immutable block of bytes with a reference count: encoded once, queued for many receivers.
 * Counted without atomics: all references belong to one thread. */
#ifndef MADANG_BASE_FRAME_H
#define MADANG_BASE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct frame {
    uint32_t refs;
    uint32_t len;
    uint8_t data[];
};

/* A copy of n bytes (n < 4 GiB) with one reference, which the caller owns. */
struct frame *frame_new(const void *p, size_t n);
/* The same without content: the caller fills data before anybody else gets a reference. */
struct frame *frame_new_raw(size_t n);

static inline struct frame *frame_ref(struct frame *f)
{
    f->refs++;
    return f;
}

/* Gives one reference back; the last one frees. NULL is fine. */
void frame_unref(struct frame *f);

static inline struct str frame_str(const struct frame *f)
{
    return str_of(f->data, f->len);
}

#endif
