/* Event -> JSON text of docs/protocol.md, appended to a struct buf. An event is encoded once for all
 * its receivers: nothing here depends on who receives it. */
#ifndef MADANG_EDGE_WEB_WIRE_OUT_H
#define MADANG_EDGE_WEB_WIRE_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "msg/effect.h"
#include "msg/event.h"

/* All of them append one whole message, or set b->failed when it does not fit. */
void wire_out_event(struct buf *b, const struct event *e);
void wire_out_ack(struct buf *b, int64_t id, const struct event *result);
/* id 0: an error without id. */
void wire_out_error(struct buf *b, int64_t id, const struct wire_error *error);
/* The same as the body of a response: without type and id. */
void wire_out_call_result(struct buf *b, const struct event *result);
void wire_out_call_error(struct buf *b, const struct wire_error *error);
void wire_out_resumed(struct buf *b, uint64_t session, int64_t seq, int64_t last_id);
void wire_out_pong(struct buf *b);
void wire_out_closing(struct buf *b, int64_t retry_ms);
/* `ended`; false and nothing is written for a reason that the client isn't told. */
bool wire_out_ended(struct buf *b, enum ended_reason reason);

/* The text of a code, e.g. "room_full", for metrics and logs; "" for CODE_NONE. */
const char *errcode_text(enum errcode code);
/* The type of a command as on the wire, e.g. "room_set"; the edge's own ones have names too. */
const char *cmd_text(enum cmd_type type);

#endif
