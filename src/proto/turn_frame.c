#include "proto/turn_frame.h"

#include "base/buf.h"

enum { STUN_HEADER_SIZE = 20, CHANNEL_HEADER = 4 };

static struct turn_frame frame_of(enum turn_frame_kind kind, size_t size, size_t taken, size_t n,
                                  size_t max)
{
    if (size > max)
        return (struct turn_frame){.kind = TURN_FRAME_BAD};
    if (n < taken)
        return (struct turn_frame){.kind = TURN_FRAME_MORE, .need = taken};
    return (struct turn_frame){.kind = kind, .size = size, .taken = taken};
}

struct turn_frame turn_frame_next(const uint8_t *p, size_t n, size_t max)
{
    static const uint8_t cookie[4] = {0x21, 0x12, 0xA4, 0x42};
    if (n == 0)
        return (struct turn_frame){.kind = TURN_FRAME_MORE, .need = CHANNEL_HEADER};
    if (p[0] >= 0x40 && p[0] < 0x80) { /* RFC 8656 12: channels are 0x4000 to 0x4FFF and reserved */
        if (n < CHANNEL_HEADER)
            return (struct turn_frame){.kind = TURN_FRAME_MORE, .need = CHANNEL_HEADER};
        size_t size = CHANNEL_HEADER + (size_t)get_u16(p + 2);
        struct turn_frame f = frame_of(TURN_FRAME_CHANNEL, size, (size + 3) & ~(size_t)3, n, max);
        f.channel = get_u16(p);
        return f;
    }
    if (p[0] >= 0x80 || (n >= 4 && p[3] % 4 != 0))
        return (struct turn_frame){.kind = TURN_FRAME_BAD};
    for (size_t i = 4; i < n && i < 8; i++) {
        if (p[i] != cookie[i - 4])
            return (struct turn_frame){.kind = TURN_FRAME_BAD};
    }
    if (n < STUN_HEADER_SIZE)
        return (struct turn_frame){.kind = TURN_FRAME_MORE, .need = STUN_HEADER_SIZE};
    size_t size = STUN_HEADER_SIZE + (size_t)get_u16(p + 2);
    return frame_of(TURN_FRAME_STUN, size, size, n, max);
}
