/* Letters about the SFU (msg/media_msg.h): made by control and by workers alike. */
#ifndef MADANG_APP_SFU_LETTER_H
#define MADANG_APP_SFU_LETTER_H

#include "base/str.h"
#include "msg/media_msg.h"

/* With room for n lines, which are zeros, and the text, which is copied. Freed by letter_drop(). */
struct media_sfu *sfu_letter(enum media_kind kind, uint64_t room, uint64_t peer, unsigned n,
                             struct str text);

#endif
