/*
 * Inside of sub.c: layers of streams that have a dependency descriptor. What is sent is one decode target; another one is
 * taken where a frame says that one can, if whatever that frame refers to was sent.
 */
#ifndef MADANG_MEDIA_SUB_DD_H
#define MADANG_MEDIA_SUB_DD_H

#include "media/sub.h"

/* Another stream begins: nothing of it was sent yet. */
void sub_dd_begin(struct sub *s);
/* Is the packet of a frame that is sent? Packets are asked about in order, once each. */
bool sub_dd_wants(struct sub *s, const struct dd_frame *f);
/* It was sent after all, behind later ones. */
void sub_dd_sent(struct sub *s, uint16_t frame);
void sub_dd_render(const struct sub *s, const struct dd_frame *f, uint16_t offset,
                   struct sub_out *out);

#endif
