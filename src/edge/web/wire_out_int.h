/* What wire_out.c (events), wire_answer.c (answers, errors) and wire_object.c (what both speak of) share:
 * text is written into room that was reserved before, without a check for each byte. */
#ifndef MADANG_EDGE_WEB_WIRE_OUT_INT_H
#define MADANG_EDGE_WEB_WIRE_OUT_INT_H

#include "base/buf.h"
#include "base/code.h"
#include "base/util.h"
#include "edge/web/wire_out.h"

/* ---- pieces: each appends a bounded run of bytes at p and returns the end ---- */

#define LIT(p, text) lit((p), (text), sizeof(text) - 1)
#define NUM_MAX      20 /* characters of an int64_t */

static inline char *lit(char *p, const char *text, size_t n)
{
    memcpy(p, text, n);
    return p + n;
}

static inline char *put_int(char *p, int64_t v)
{
    char digits[NUM_MAX];
    size_t n = 0;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    if (v < 0)
        *p++ = '-';
    do
        digits[n++] = (char)('0' + u % 10);
    while ((u /= 10) > 0);
    while (n > 0)
        *p++ = digits[--n];
    return p;
}

static inline char *put_bool(char *p, bool v)
{
    return v ? LIT(p, "true") : LIT(p, "false");
}

/* Takes B32_SIZE + 2 bytes of room. */
static inline char *put_id(char *p, uint64_t id)
{
    *p++ = '"';
    b32_encode(p, id);
    p += ID_TEXT_LEN;
    *p++ = '"';
    return p;
}

static inline char *put_id_or_null(char *p, uint64_t id)
{
    return id ? put_id(p, id) : LIT(p, "null");
}

/* Needs no escape in a JSON string. */
static inline bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static inline char *put_escaped(char *p, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    *p++ = '\\';
    switch (c) {
    case '"':
    case '\\': *p++ = (char)c; break;
    case '\n': *p++ = 'n'; break;
    case '\r': *p++ = 'r'; break;
    case '\t': *p++ = 't'; break;
    default:
        p = LIT(p, "u00");
        *p++ = hex[c >> 4];
        *p++ = hex[c & 15];
    }
    return p;
}

/* Takes at most 2 + 6 * s.n bytes. */
static inline char *put_text(char *p, struct str s)
{
    *p++ = '"';
    size_t i = 0;
    while (i < s.n) {
        size_t from = i;
        while (i < s.n && is_plain((unsigned char)s.p[i]))
            i++;
        p = lit(p, s.p + from, i - from);
        if (i < s.n)
            p = put_escaped(p, (unsigned char)s.p[i++]);
    }
    *p++ = '"';
    return p;
}

/* Room for `fixed` bytes and for texts of n bytes in all; NULL when the buffer is full. */
static inline char *start(struct buf *b, size_t fixed, size_t n)
{
    return (char *)buf_reserve(b, fixed + 6 * n);
}

static inline void stop(struct buf *b, const char *from, const char *to)
{
    buf_commit(b, (size_t)(to - from));
}

/* ---- objects (wire_object.c) ---- */

/* The fields of a room object, without braces. */
void wire_out_room_fields(struct buf *b, const struct room_view *r);
void wire_out_room(struct buf *b, const struct room_view *r);
void wire_out_person(struct buf *b, const struct person_view *v);
/* A chat or whisper event; seq 0: none. */
void wire_out_said(struct buf *b, const char *type, uint64_t room, const struct chat_view *c);
/* The fields of a joined object, without braces. */
void wire_out_joined_fields(struct buf *b, const struct joined_view *j);
void wire_out_joined(struct buf *b, const struct joined_view *j);
/* key: everything up to the list's bracket, which is included. */
void wire_out_room_list(struct buf *b, const char *key, const struct room_view *rooms, size_t n);
void wire_out_totals(struct buf *b, const struct rooms_view *v);

#endif
