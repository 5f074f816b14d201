/* What a push message says, as the page's service worker reads it (web/sw.js):
 *
 *   {"type":"call"|"missed"|"message","id":ID,"name":"mina","display":"…","video":true,"text":"…","time":T}
 */
#ifndef MADANG_EDGE_WEB_WIRE_PUSH_H
#define MADANG_EDGE_WEB_WIRE_PUSH_H

#include "base/buf.h"
#include "msg/push_msg.h"

/* Appends it. With the limits of names and what is cut of the text it fits PUSH_BODY_MAX. */
void wire_push_note(struct buf *b, const struct push_note *note);

#endif
