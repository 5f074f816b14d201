/*
 * Where does one STUN or ChannelData message end on a stream? (RFC 8489 6.2.2, RFC 8656 12.5: over
 * TCP and TLS, ChannelData is padded to a multiple of four.) Pure: it looks at bytes and says how
 * many belong to the first message.
 */
#ifndef MADANG_PROTO_TURN_FRAME_H
#define MADANG_PROTO_TURN_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum turn_frame_kind {
    /* not enough bytes to say, or the message isn't complete: need says how many */
    TURN_FRAME_MORE,
    TURN_FRAME_STUN,
    TURN_FRAME_CHANNEL,
    TURN_FRAME_BAD /* neither: the stream is lost */
};

struct turn_frame {
    enum turn_frame_kind kind;
    size_t size;  /* bytes of the message itself (channel header included, padding not) */
    size_t taken; /* bytes to take from the stream: with padding */
    size_t need;  /* MORE: how many bytes there must be before it is worth asking again */
    uint16_t channel;
};

/* max: the largest message accepted (size), e.g. 65536 + 4; larger is BAD. */
struct turn_frame turn_frame_next(const uint8_t *p, size_t n, size_t max);

#endif
