#ifndef MADANG_PROTO_WS_H
#define MADANG_PROTO_WS_H

/* The server side of RFC 6455: handshake, frame reader, frame writer. A core without I/O.
 *
 * The reader is fed the bytes of the connection in any split and hands out whole messages. Where a
 * whole unfragmented message lies in the bytes it is given, it unmasks it there and hands out a
 * slice of them: nothing is copied, nothing allocated. Otherwise it gathers the message in memory
 * of its own, which never grows beyond the cap, and never beyond what has really arrived.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/utf8.h"

struct http1_request;

/* Close codes, RFC 6455 section 7.4.1; 4000-4999 are madang's own (docs/protocol.md). */
enum ws_close_code {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_GOING_AWAY = 1001,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_UNSUPPORTED = 1003,
    WS_CLOSE_NO_STATUS = 1005,
    WS_CLOSE_BAD_DATA = 1007,
    WS_CLOSE_POLICY = 1008,
    WS_CLOSE_TOO_BIG = 1009,
    WS_CLOSE_INTERNAL = 1011,
};

enum ws_opcode {
    WS_OP_CONT = 0x0,
    WS_OP_TEXT = 0x1,
    WS_OP_BINARY = 0x2,
    WS_OP_CLOSE = 0x8,
    WS_OP_PING = 0x9,
    WS_OP_PONG = 0xa,
};

enum {
    WS_HEAD_MAX = 10,     /* longest head of an unmasked frame */
    WS_CONTROL_MAX = 125, /* longest payload of a control frame, section 5.5 */
    WS_KEY_LEN = 24,      /* Sec-WebSocket-Key: 16 bytes in base64 */
    WS_ACCEPT_LEN = 28,   /* Sec-WebSocket-Accept: 20 bytes in base64 */
};

/* ---- reader --------------------------------------------------------------------------------- */

enum ws_event_type {
    WS_NEED_MORE, /* all input is used up; feed more */
    WS_MESSAGE,   /* op says text or binary; text is valid UTF-8 */
    WS_PING,
    WS_PONG,
    WS_CLOSE, /* code is WS_CLOSE_NO_STATUS when the frame had none; data is the reason */
    WS_FAIL,  /* the peer broke the rules: send a close frame with `code` and hang up */
};

struct ws_event {
    enum ws_event_type type;
    uint8_t op;    /* WS_MESSAGE: WS_OP_TEXT or WS_OP_BINARY */
    uint16_t code; /* WS_CLOSE, WS_FAIL */
    uint8_t *data; /* valid until the next call with this reader; may point into the input */
    size_t len;
};

struct ws_reader {
    uint8_t *msg; /* message being gathered, or NULL */
    uint8_t *ctl; /* control payload being gathered, or NULL */
    uint64_t left;
    uint32_t msg_len, msg_size;
    uint32_t cap;
    uint8_t mask[4];
    uint8_t head[14];
    uint8_t head_len;
    uint8_t op;     /* of the frame under way, without FIN */
    uint8_t msg_op; /* of the message under way; 0: none */
    uint8_t ctl_len;
    uint8_t state;
    uint8_t phase; /* payload bytes seen of this frame, modulo 4 */
    bool fin;
    bool handed; /* msg was handed out: forget it at the next call */
    struct utf8 utf8;
};

/* cap: largest message in bytes, over all fragments. Never fails. */
void ws_reader_init(struct ws_reader *r, uint32_t cap);

/* Frees what the reader holds. */
void ws_reader_free(struct ws_reader *r);

/* Reads up to the next event. data is unmasked in place, so it must be writable; *used says how
 * many bytes were taken (all of them with WS_NEED_MORE). After WS_CLOSE and WS_FAIL the reader is
 * dead and swallows everything. Call until WS_NEED_MORE comes back. Out of memory is WS_FAIL with
 * 1011. */
enum ws_event_type ws_read(struct ws_reader *r, uint8_t *data, size_t len, size_t *used,
                           struct ws_event *ev);

/* True while a message or a frame has begun and not ended (for deadlines). */
bool ws_reader_busy(const struct ws_reader *r);

/* XORs len bytes with the mask, beginning at mask byte `phase`. Section 5.3. */
void ws_unmask(uint8_t *p, size_t len, const uint8_t mask[4], unsigned phase);

/* Whether an endpoint may send this code in a close frame. Section 7.4. */
bool ws_close_code_ok(unsigned code);

/* ---- writer --------------------------------------------------------------------------------- */

/* Writes the head of an unmasked final frame to out and returns its length (2, 4 or 10). */
size_t ws_head_write(uint8_t out[WS_HEAD_MAX], enum ws_opcode op, size_t payload_len);

/* Length that ws_head_write will give. */
size_t ws_head_len(size_t payload_len);

/* Writes a whole close frame (head, code, reason cut to 123 bytes) to out; returns its length. */
size_t ws_close_write(uint8_t out[2 + WS_CONTROL_MAX], unsigned code, const char *reason);

/* Writes a whole ping or pong to out (payload at most 125 bytes); returns its length. */
size_t ws_control_write(uint8_t out[2 + WS_CONTROL_MAX], enum ws_opcode op, const void *payload,
                        size_t len);

/* ---- handshake ------------------------------------------------------------------------------ */

/* Computes Sec-WebSocket-Accept (28 characters, not terminated). Section 4.2.2. */
void ws_accept_key(const char key[WS_KEY_LEN], char out[WS_ACCEPT_LEN]);

/* Looks whether a request is a correct opening handshake that offers the subprotocol.
 * Returns 101, or the status to refuse with: 400, 405, or 426 (wrong or no version: answer with
 * Sec-WebSocket-Version: 13). On 101 *key points at the 24 characters inside the request. */
int ws_handshake_check(const struct http1_request *req, const char *subprotocol, const char **key);

/* Whether a subprotocol is offered; upper and lower case are the same. */
bool ws_offers(const struct http1_request *req, struct str subprotocol);
/* What follows the prefix in the first subprotocol offered that begins with it (case counts): a slice
 * of the request. STR_NONE when there is none, or more than one. */
struct str ws_offered_after(const struct http1_request *req, struct str prefix);

#endif
