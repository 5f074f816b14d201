/*
 * Reads CBOR (RFC 8949) as strangers send it, item by item, without memory: libcbor's streaming decoder
 * inside limits of our own. What CTAP2's canonical form excludes (CTAP 2.1, 8) is refused where it could
 * mean two things to two readers: indefinite lengths, tags, a map with the same key twice, keys that are
 * neither integers nor text, and nesting deeper than anybody needs.
 */
#ifndef MADANG_EDGE_KEYS_CBOR_READ_H
#define MADANG_EDGE_KEYS_CBOR_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum { CBOR_READ_DEPTH = 6, CBOR_READ_PAIRS = 32, CBOR_READ_ITEMS = 64 };

enum cbor_part_kind {
    CBOR_PART_UINT,  /* n */
    CBOR_PART_NINT,  /* -1 - n */
    CBOR_PART_BYTES, /* bytes */
    CBOR_PART_TEXT,  /* bytes, valid UTF-8 */
    CBOR_PART_ARRAY, /* n items follow */
    CBOR_PART_MAP,   /* n pairs follow */
    CBOR_PART_OTHER  /* a simple value or float; not looked at */
};

struct cbor_part {
    enum cbor_part_kind kind;
    uint64_t n;
    struct str bytes; /* borrowed from the input */
};

/* The next item's head (with its bytes). False, and r->bad: not one that is allowed. */
bool cbor_read(struct rd *r, struct cbor_part *part);

/* Passes one whole item with all that is in it, checking everything named above. The slice of it is
 * *whole (may be NULL). */
bool cbor_read_whole(struct rd *r, struct str *whole);

/* As cbor_read, and it is what the caller wants: a small integer (a COSE label), a text, … */
bool cbor_read_int(struct rd *r, int64_t *value);
bool cbor_read_kind(struct rd *r, enum cbor_part_kind kind, struct cbor_part *part);

#endif
