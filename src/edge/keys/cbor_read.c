#include "edge/keys/cbor_read.h"

#include <cbor.h>

#include "base/utf8.h"

/* ---- one item: libcbor calls back with it ---- */

struct catch
{
    struct cbor_part part;
    bool refused; /* well-formed, but nothing for us */
};

static void got(void *ctx, enum cbor_part_kind kind, uint64_t n)
{
    struct catch *c = ctx;
    c->part = (struct cbor_part){.kind = kind, .n = n};
}

static void on_uint8(void *ctx, uint8_t v)
{
    got(ctx, CBOR_PART_UINT, v);
}

static void on_uint16(void *ctx, uint16_t v)
{
    got(ctx, CBOR_PART_UINT, v);
}

static void on_uint32(void *ctx, uint32_t v)
{
    got(ctx, CBOR_PART_UINT, v);
}

static void on_uint64(void *ctx, uint64_t v)
{
    got(ctx, CBOR_PART_UINT, v);
}

static void on_nint8(void *ctx, uint8_t v)
{
    got(ctx, CBOR_PART_NINT, v);
}

static void on_nint16(void *ctx, uint16_t v)
{
    got(ctx, CBOR_PART_NINT, v);
}

static void on_nint32(void *ctx, uint32_t v)
{
    got(ctx, CBOR_PART_NINT, v);
}

static void on_nint64(void *ctx, uint64_t v)
{
    got(ctx, CBOR_PART_NINT, v);
}

static void on_bytes(void *ctx, cbor_data p, size_t n)
{
    struct catch *c = ctx;
    c->part = (struct cbor_part){.kind = CBOR_PART_BYTES, .n = n, .bytes = str_of(p, n)};
}

static void on_text(void *ctx, cbor_data p, size_t n)
{
    struct catch *c = ctx;
    c->part = (struct cbor_part){.kind = CBOR_PART_TEXT, .n = n, .bytes = str_of(p, n)};
    c->refused = !utf8_valid(p, n);
}

static void on_array(void *ctx, size_t n)
{
    got(ctx, CBOR_PART_ARRAY, n);
}

static void on_map(void *ctx, size_t n)
{
    got(ctx, CBOR_PART_MAP, n);
}

static void on_none(void *ctx)
{
    got(ctx, CBOR_PART_OTHER, 0);
}

static void on_bool(void *ctx, bool v)
{
    got(ctx, CBOR_PART_OTHER, v);
}

static void on_float(void *ctx, float v)
{
    (void)v;
    got(ctx, CBOR_PART_OTHER, 0);
}

static void on_double(void *ctx, double v)
{
    (void)v;
    got(ctx, CBOR_PART_OTHER, 0);
}

static void refuse(void *ctx)
{
    struct catch *c = ctx;
    c->refused = true;
}

static void refuse_tag(void *ctx, uint64_t v)
{
    (void)v;
    refuse(ctx);
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_nint8,
    .negint16 = on_nint16,
    .negint32 = on_nint32,
    .negint64 = on_nint64,
    .byte_string = on_bytes,
    .byte_string_start = refuse,
    .string = on_text,
    .string_start = refuse,
    .array_start = on_array,
    .indef_array_start = refuse,
    .map_start = on_map,
    .indef_map_start = refuse,
    .tag = refuse_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_none,
    .null = on_none,
    .boolean = on_bool,
    .indef_break = refuse,
};

bool cbor_read(struct rd *r, struct cbor_part *part)
{
    struct catch c = {.refused = false};
    if (r->bad || r->n == 0) {
        r->bad = true;
        return false;
    }
    struct cbor_decoder_result got = cbor_stream_decode(r->p, r->n, &callbacks, &c);
    if (got.status != CBOR_DECODER_FINISHED || c.refused || !rd_skip(r, got.read)) {
        r->bad = true;
        return false;
    }
    *part = c.part;
    return true;
}

bool cbor_read_kind(struct rd *r, enum cbor_part_kind kind, struct cbor_part *part)
{
    if (cbor_read(r, part) && part->kind != kind) {
        r->bad = true;
    }
    return !r->bad;
}

bool cbor_read_int(struct rd *r, int64_t *value)
{
    struct cbor_part part;
    if (cbor_read(r, &part) && (part.kind > CBOR_PART_NINT || part.n > INT32_MAX)) {
        r->bad = true;
    }
    if (r->bad) {
        return false;
    }
    *value = part.kind == CBOR_PART_UINT ? (int64_t)part.n : -1 - (int64_t)part.n;
    return true;
}

/* ---- whole items ---- */

static bool same_key(const struct cbor_part *a, const struct cbor_part *b)
{
    return a->kind == b->kind && a->n == b->n && str_eq(a->bytes, b->bytes);
}

static void pass(struct rd *r, unsigned depth);

static void pass_map(struct rd *r, uint64_t pairs, unsigned depth)
{
    struct cbor_part keys[CBOR_READ_PAIRS] = {{.n = 0}};
    if (pairs > CBOR_READ_PAIRS) {
        r->bad = true;
    }
    for (uint64_t i = 0; i < pairs && !r->bad; i++) {
        if (!cbor_read(r, &keys[i]) ||
            (keys[i].kind > CBOR_PART_NINT && keys[i].kind != CBOR_PART_TEXT)) {
            r->bad = true;
        }
        for (uint64_t k = 0; k < i && !r->bad; k++) {
            r->bad = same_key(&keys[k], &keys[i]);
        }
        pass(r, depth);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): CBOR_READ_DEPTH bounds it */
static void pass(struct rd *r, unsigned depth)
{
    struct cbor_part part;
    if (!cbor_read(r, &part) || part.kind < CBOR_PART_ARRAY || part.kind == CBOR_PART_OTHER) {
        return;
    }
    if (depth == 0 || (part.kind == CBOR_PART_ARRAY && part.n > CBOR_READ_ITEMS)) {
        r->bad = true;
        return;
    }
    if (part.kind == CBOR_PART_MAP) {
        pass_map(r, part.n, depth - 1);
    }
    for (uint64_t i = 0; part.kind == CBOR_PART_ARRAY && i < part.n && !r->bad; i++) {
        pass(r, depth - 1);
    }
}

bool cbor_read_whole(struct rd *r, struct str *whole)
{
    const uint8_t *from = r->p;
    pass(r, CBOR_READ_DEPTH);
    if (!r->bad && whole) {
        *whole = str_of(from, (size_t)(r->p - from));
    }
    return !r->bad;
}
