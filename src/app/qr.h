/*
 * A QR code (ISO/IEC 18004) as text for a terminal, made by libqrcodegen.
 */
#ifndef MADANG_APP_QR_H
#define MADANG_APP_QR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum qr_style {
    QR_BLOCKS,        /* two modules in each character, in the terminal's own colours */
    QR_BLOCKS_COLOUR, /* the same in fixed black and white, right on any background */
    QR_SPACES_COLOUR  /* two spaces for each module, for terminals without UTF-8 */
};

/*
 * Appends the code of `text` with its quiet zone, each line after `indent` spaces. Without colours
 * light modules are drawn, as suits a dark background; on a light one the code is inverted, which
 * today's phones read, too. False: the text is too long (more than about 270 bytes), or the code is
 * wider than `width` columns; nothing is appended.
 */
bool qr_render(struct buf *out, const char *text, enum qr_style style, unsigned indent,
               unsigned width);

#endif
