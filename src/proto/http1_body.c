#include <string.h>

#include "base/util.h"
#include "proto/http1.h"

/* RFC 9112, section 7.1. Each state waits for what its name says. */
enum {
    BODY_NONE,
    BODY_LENGTH,      /* content of known length */
    CHUNK_SIZE_FIRST, /* first digit of a chunk's size */
    CHUNK_SIZE,       /* more digits, an extension, or CR */
    CHUNK_EXT,        /* extension, up to CR */
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    TRAILER_START, /* first byte of a trailer line, or CR of the last line */
    TRAILER_LINE,
    TRAILER_LF,
    END_LF,
    BODY_FAILED,
};

enum { EXTENSION_MAX = 256, TRAILER_MAX = 4096 };

int http1_body_init(struct http1_body *b, const struct http1_request *req, uint64_t cap)
{
    *b = (struct http1_body){.cap = cap, .state = BODY_NONE};
    if (req->chunked) {
        b->state = CHUNK_SIZE_FIRST;
    } else if (req->has_length && req->length > 0) {
        if (req->length > cap)
            return -413;
        b->left = req->length;
        b->state = BODY_LENGTH;
    }
    return 0;
}

bool http1_body_done(const struct http1_body *b)
{
    return b->state == BODY_NONE;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static unsigned size_digit(struct http1_body *b, int digit)
{
    /* Sixteen digits at most, leading zeros too: endless zeros would be a connection for nothing. */
    if (digit < 0 || ++b->line > 16 || b->left >> 60 != 0)
        return 400;
    b->left = b->left << 4 | (unsigned)digit;
    b->state = CHUNK_SIZE;
    return 0;
}

/* After the CRLF of a chunk's size. */
static unsigned begin_chunk(struct http1_body *b)
{
    b->line = 0;
    if (b->left == 0) {
        b->state = TRAILER_START;
        return 0;
    }
    if (b->left > b->cap - b->total)
        return 413;
    b->state = CHUNK_DATA;
    return 0;
}

static unsigned size_byte(struct http1_body *b, uint8_t c)
{
    if (c == '\r') {
        b->state = CHUNK_SIZE_LF;
    } else if (c == ';') {
        b->line = 0;
        b->state = CHUNK_EXT;
    } else {
        return size_digit(b, hex_value(c));
    }
    return 0;
}

static bool text_byte(uint8_t c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static unsigned line_byte(struct http1_body *b, uint8_t c, uint32_t max, uint8_t after_cr)
{
    if (c == '\r') {
        b->line += 2; /* so that many short lines count too */
        b->state = after_cr;
        return 0;
    }
    return text_byte(c) && ++b->line <= max ? 0 : 400;
}

static unsigned trailer_start(struct http1_body *b, uint8_t c)
{
    if (c == '\r') {
        b->state = END_LF;
        return 0;
    }
    /* Nobody reads trailers, but a folded or nameless line is as wrong here as in the head. */
    if (c == ' ' || c == '\t' || c == ':')
        return 400;
    b->state = TRAILER_LINE;
    return line_byte(b, c, TRAILER_MAX, TRAILER_LF);
}

static unsigned expect_byte(struct http1_body *b, uint8_t c, uint8_t want, uint8_t next)
{
    b->state = next;
    return c == want ? 0 : 400;
}

/* One byte outside of content; 0 or the status to fail with. */
static unsigned framing_byte(struct http1_body *b, uint8_t c)
{
    switch (b->state) {
    case CHUNK_SIZE_FIRST:
        b->left = 0;
        b->line = 0;
        return size_digit(b, hex_value(c));
    case CHUNK_SIZE: return size_byte(b, c);
    case CHUNK_EXT: return line_byte(b, c, EXTENSION_MAX, CHUNK_SIZE_LF);
    case CHUNK_SIZE_LF: return c == '\n' ? begin_chunk(b) : 400;
    case CHUNK_DATA_CR: return expect_byte(b, c, '\r', CHUNK_DATA_LF);
    case CHUNK_DATA_LF: return expect_byte(b, c, '\n', CHUNK_SIZE_FIRST);
    case TRAILER_START: return trailer_start(b, c);
    case TRAILER_LINE: return line_byte(b, c, TRAILER_MAX, TRAILER_LF);
    case TRAILER_LF: return expect_byte(b, c, '\n', TRAILER_START);
    case END_LF: return expect_byte(b, c, '\n', BODY_NONE);
    default: return 400;
    }
}

static enum http1_body_result content(struct http1_body *b, const char *p, size_t len, size_t *used,
                                      struct str *out)
{
    size_t n = (size_t)MIN_OF((uint64_t)len, b->left);

    *out = str_of(p, n);
    *used += n;
    b->left -= n;
    b->total += n;
    if (b->left == 0)
        b->state = b->state == BODY_LENGTH ? BODY_NONE : CHUNK_DATA_CR;
    return HTTP1_BODY_DATA;
}

enum http1_body_result http1_body(struct http1_body *b, const char *data, size_t len, size_t *used,
                                  struct str *out)
{
    *used = 0;
    *out = STR_NONE;
    while (b->state != BODY_FAILED) {
        unsigned status;

        if (b->state == BODY_NONE)
            return HTTP1_BODY_END;
        if (*used == len)
            return HTTP1_BODY_MORE;
        if (b->state == BODY_LENGTH || b->state == CHUNK_DATA)
            return content(b, data + *used, len - *used, used, out);
        status = framing_byte(b, (uint8_t)data[*used]);
        (*used)++;
        if (status != 0) {
            b->status = (uint16_t)status;
            b->state = BODY_FAILED;
        }
    }
    return HTTP1_BODY_ERROR;
}
