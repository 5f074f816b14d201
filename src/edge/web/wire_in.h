/* Message bytes -> struct cmd, as docs/protocol.md has it: strict JSON (jansson), duplicate keys
 * refused, unknown fields ignored. The body of desc and cand is never parsed as JSON, only scanned
 * once for what the relay has to know. */
#ifndef MADANG_EDGE_WEB_WIRE_IN_H
#define MADANG_EDGE_WEB_WIRE_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/cmd.h"
#include "msg/errcode.h"

/* A parsed message. cmd borrows from it and from the input: both must live until the domain has
 * taken cmd. Then wire_in_free. */
struct wire_in {
    struct cmd cmd; /* type, id, room, to and u; session, conn and addr_key are the edge's */
    struct wire_error error; /* code CODE_NONE: cmd is good */
    void *tree;
    void *blocks; /* memory of lists and decoded bytes */
    struct sdp_scan scan;
};

/* What the pipe has checked before. */
#define WIRE_IN_UTF8 1u /* the whole message is UTF-8 (WebSocket text messages) */

/* Once for the process, before anything is parsed: the parser's tables get their random seed. */
void wire_in_init(void);

/* True: in->cmd is good. False: in->error says why, and in->cmd.id is the id of the request if one
 * could be read, else 0 (then the error goes out without an id). */
bool wire_in_parse(struct wire_in *in, struct str message, unsigned flags);

/* The body of POST /api/VERB: an object with the fields of the command of that name. CODE_UNKNOWN_TYPE:
 * there is none that comes this way. */
bool wire_in_parse_call(struct wire_in *in, struct str verb, struct str body);
void wire_in_free(struct wire_in *in);

/* Is this the name of a peer connection? */
bool wire_in_conn(struct str name);

#endif
