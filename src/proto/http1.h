#ifndef MADANG_PROTO_HTTP1_H
#define MADANG_PROTO_HTTP1_H

/* The server side of HTTP/1.1 (RFC 9112), strict: what two implementations could read in two ways is
 * refused (400) instead of guessed. A core without I/O and without allocations.
 *
 * A request is read in two steps. http1_head looks at the bytes that have come so far, which the
 * caller keeps in one piece until the head is complete; the request then points into them. The body
 * follows through http1_body, which is fed in any pieces and hands out slices of what it is fed. How
 * the bytes are split changes nothing in the result.
 *
 * Errors are the status to answer with; the connection must be closed after it, since nobody knows
 * where the next request begins. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum { HTTP1_FIELDS_MAX = 64 };

enum http1_method {
    HTTP1_GET,
    HTTP1_HEAD,
    HTTP1_POST,
    HTTP1_PUT,
    HTTP1_DELETE,
    HTTP1_OPTIONS,
    HTTP1_PATCH,
    HTTP1_METHODS
};

struct http1_limits {
    uint32_t head_max;   /* bytes of request line and fields; more is 431. Default 16,384 */
    uint32_t line_max;   /* bytes of the request line; more is 414. Default 4,096 */
    uint32_t fields_max; /* at most HTTP1_FIELDS_MAX; more is 431 */
};

extern const struct http1_limits http1_limits_default;

struct http1_field {
    struct str name;
    struct str value; /* without white space around it */
};

/* All slices point into the bytes given to http1_head. */
struct http1_request {
    enum http1_method method;
    uint8_t minor;        /* HTTP/1.x: 0 or 1 */
    struct str target;    /* as sent */
    struct str path;      /* begins with '/', not decoded; "*" for OPTIONS * */
    struct str query;     /* after '?', without it; empty if there is none */
    struct str host;      /* host and port, from Host or from an absolute target */
    bool keep_alive;      /* what the client wants and the version allows */
    bool upgrade;         /* Connection lists "upgrade" */
    bool expect_continue; /* send "100 Continue" before waiting for the body */
    bool chunked;         /* the body comes in chunks */
    bool has_length;      /* Content-Length was there */
    uint64_t length;      /* of the body, when has_length */
    uint32_t n_fields;
    struct http1_field fields[HTTP1_FIELDS_MAX];
};

/* How far the search for the end of the head has come; zero-initialised for each request. */
struct http1_scan {
    uint32_t at;    /* bytes looked at */
    uint32_t line;  /* where the line under way begins */
    bool past_line; /* the request line has ended */
};

/* Looks for a complete head in the len bytes that have come since the request began (call again with
 * the same bytes and more behind them; only the new ones are searched). Returns its length (> 0) with
 * *req filled in; 0 when more is needed; the negated status when it must be refused: 400, 414, 417,
 * 431, 501, 505. One empty line before the request line is skipped, and counted into the length. */
int http1_head(struct http1_scan *scan, const struct http1_limits *limits, const char *data,
               size_t len, struct http1_request *req);

/* The value of a field by its name (any case): the first one; STR_NONE (p is NULL) when absent. */
struct str http1_field(const struct http1_request *req, struct str name);

/* How many fields of this name there are. */
unsigned http1_field_count(const struct http1_request *req, struct str name);

/* Whether a comma-separated list has this element (any case). */
bool http1_list_has(struct str list, struct str element);

/* Whether host (as in Host) is well formed: a name, an IPv4 or a bracketed IPv6 address, then
 * perhaps a port. RFC 3986 section 3.2. */
bool http1_host_ok(struct str host);

/* ---- body ----------------------------------------------------------------------------------- */

enum http1_body_result {
    HTTP1_BODY_MORE, /* all input is used up */
    HTTP1_BODY_DATA, /* *out is a piece of the body, inside the input */
    HTTP1_BODY_END,
    HTTP1_BODY_ERROR, /* body->status: 400 or 413 */
};

struct http1_body {
    uint64_t left;  /* of the content, or of the chunk under way */
    uint64_t total; /* decoded so far */
    uint64_t cap;
    uint32_t line; /* bytes of the chunk line or of the trailer */
    uint16_t status;
    uint8_t state;
};

/* Prepares for the body of req, of at most cap bytes. 0, or -413 when Content-Length says already
 * that it is too large. */
int http1_body_init(struct http1_body *b, const struct http1_request *req, uint64_t cap);

/* Goes on; *used says how many input bytes were taken. Stop feeding whenever the receiver is full: the
 * state stays. Call with len 0 too: a body of no bytes ends at once. Chunk extensions are skipped (256
 * bytes at most), trailers too (4,096 bytes at most, RFC 9112 section 7.1.2 allows to drop them). */
enum http1_body_result http1_body(struct http1_body *b, const char *data, size_t len, size_t *used,
                                  struct str *out);

/* True when nothing of the body is outstanding. */
bool http1_body_done(const struct http1_body *b);

/* ---- response ------------------------------------------------------------------------------- */

/* "Not Found" for 404; "" when unknown. */
const char *http1_reason(int status);

/* Status line: "HTTP/1.1 404 Not Found\r\n". */
void http1_status(struct buf *out, int status);

/* "name: value\r\n". The value must not contain CR or LF: bytes below 0x20 are written as spaces. */
void http1_header(struct buf *out, const char *name, struct str value);
void http1_header_u64(struct buf *out, const char *name, uint64_t value);

/* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"; wall_s: seconds since 1970. */
void http1_date(struct buf *out, int64_t wall_s);

/* The empty line after the fields. */
void http1_head_end(struct buf *out);

#endif
