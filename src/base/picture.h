/* What a picture is, by its first bytes: format and size, and nothing more. Formats that browsers make: PNG
 * (ISO/IEC 15948, 11.2.2), JPEG (ITU-T T.81, B.2), WebP (RFC 9649), GIF. For deciding whether something that a stranger
 * has sent may be given to others as a picture; that it can be decoded is not said. */
#ifndef MADANG_BASE_PICTURE_H
#define MADANG_BASE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum picture_kind {
    PICTURE_NONE,
    PICTURE_PNG,
    PICTURE_JPEG,
    PICTURE_WEBP,
    PICTURE_GIF,
    PICTURE_KINDS
};

struct picture {
    enum picture_kind kind;
    uint32_t width, height;
};

/* False: it is none, or its size is not told in these bytes. */
bool picture_look(const void *p, size_t n, struct picture *out);
/* "image/png"; "" for NONE. */
const char *picture_type(enum picture_kind kind);

#endif
