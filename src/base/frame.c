#include "base/frame.h"

#include <string.h>

#include "base/brief.h"

struct frame *frame_new_raw(size_t n)
{
    /* A length beyond 32 bits is a bug of the caller, not an input: an abort fits. */
    struct frame *f = brief_alloc(n > UINT32_MAX ? SIZE_MAX : sizeof *f + n);
    f->refs = 1;
    f->len = (uint32_t)n;
    return f;
}

struct frame *frame_new(const void *p, size_t n)
{
    struct frame *f = frame_new_raw(n);
    if (n)
        memcpy(f->data, p, n);
    return f;
}

void frame_unref(struct frame *f)
{
    if (f && --f->refs == 0)
        brief_free(f, sizeof *f + f->len);
}
