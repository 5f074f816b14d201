#include "edge/web/wire_fields.h"

#include <jansson.h>
#include <string.h>

#include "base/code.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "edge/web/wire_out_int.h"

static const struct wire_topic *const topics[] = {&wire_account, &wire_people,   &wire_call,
                                                  &wire_conv,    &wire_push,     &wire_files,
                                                  &wire_group,   &wire_moderate, &wire_record};

const struct fields *wire_table_command(enum cmd_type type)
{
    for (size_t i = 0; i < ARRAY_LEN(topics); i++)
        if (topics[i]->commands[type])
            return topics[i]->commands[type];
    return NULL;
}

const struct fields *wire_table_view(enum event_type type)
{
    for (size_t i = 0; i < ARRAY_LEN(topics); i++)
        if (topics[i]->views[type])
            return topics[i]->views[type];
    return NULL;
}

/* ---- reading ---- */

struct block {
    struct block *next;
    max_align_t bytes[];
};

static bool fail(struct wire_in *in, enum errcode code, const struct field *f)
{
    in->error = (struct wire_error){.code = code, .field = f ? f->name.p : NULL};
    return false;
}

static bool bad(struct wire_in *in, const struct field *f)
{
    return fail(in, CODE_BAD_REQUEST, f);
}

/* Zeros that live as long as the message. NULL, and the error is set, when there is no memory. */
static void *take(struct wire_in *in, size_t n)
{
    struct block *b = mem_try_alloc(sizeof *b + n);
    if (!b) {
        fail(in, CODE_BUSY, NULL);
        return NULL;
    }
    memset(b->bytes, 0, n);
    b->next = in->blocks;
    in->blocks = b;
    return b->bytes;
}

void wire_fields_free(struct wire_in *in)
{
    while (in->blocks) {
        struct block *b = in->blocks;
        in->blocks = b->next;
        xfree(b);
    }
}

static bool get_str(struct wire_in *in, const struct field *f, const json_t *v, struct str *out)
{
    if (!json_is_string(v))
        return bad(in, f);
    *out = str_of(json_string_value(v), json_string_length(v));
    return true;
}

static bool read_str(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    struct str *out = at;
    return get_str(in, f, v, out) && (f->max == 0 || out->n <= (size_t)f->max || bad(in, f));
}

static bool read_text(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    struct str *out = at;
    if (!get_str(in, f, v, out))
        return false;
    size_t n = utf8_count(out->p, out->n);
    return n > (size_t)f->max ? fail(in, CODE_TOO_LONG, f) : n >= (size_t)f->min || bad(in, f);
}

static bool read_conn(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    return get_str(in, f, v, at) && (wire_in_conn(*(struct str *)at) || bad(in, f));
}

static bool read_int(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    int64_t i = json_integer_value(v);
    if (!json_is_integer(v) || i < f->min || i > f->max)
        return bad(in, f);
    *(int64_t *)at = i;
    return true;
}

static bool read_bool(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    *(bool *)at = json_is_true(v);
    return json_is_boolean(v) || bad(in, f);
}

static bool read_tri(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    *(enum tri *)at = json_is_true(v) ? TRI_YES : TRI_NO;
    return json_is_boolean(v) || bad(in, f);
}

static bool read_id(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    struct str text;
    uint64_t *id = at;
    if (!get_str(in, f, v, &text))
        return false;
    if (b32_decode(text, id))
        return true;
    *id = 0; /* people mistype links; but what may be absent must not look so */
    return f->needed || bad(in, f);
}

/* Memory for a list's n structs of that size, if it is one and may be that long; *n is 0 otherwise. */
static bool read_list(struct wire_in *in, const struct field *f, const json_t *v, size_t size,
                      void **mem, size_t *n)
{
    *mem = NULL;
    *n = 0;
    if (!json_is_array(v))
        return bad(in, f);
    if (json_array_size(v) > (size_t)f->max)
        return fail(in, CODE_TOO_LONG, f);
    if (json_array_size(v) == 0)
        return true;
    *mem = take(in, size * json_array_size(v));
    *n = *mem ? json_array_size(v) : 0;
    return *mem != NULL;
}

static bool read_ids(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    struct id_list *out = at;
    void *mem;
    if (!read_list(in, f, v, sizeof *out->p, &mem, &out->n))
        return false;
    uint64_t *ids = mem;
    out->p = ids;
    for (size_t i = 0; i < out->n; i++) {
        struct str text;
        if (!get_str(in, f, json_array_get(v, i), &text))
            return false;
        if (!b32_decode(text, &ids[i]))
            ids[i] = 0;
    }
    return true;
}

static bool read_strs(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    struct str_list *out = at;
    void *mem;
    if (!read_list(in, f, v, sizeof *out->p, &mem, &out->n))
        return false;
    struct str *texts = mem;
    out->p = texts;
    for (size_t i = 0; i < out->n; i++) {
        if (!get_str(in, f, json_array_get(v, i), &texts[i]))
            return false;
        size_t n = utf8_count(texts[i].p, texts[i].n);
        if (n == 0 || n > f->each)
            return n ? fail(in, CODE_TOO_LONG, f) : bad(in, f);
    }
    return true;
}

static bool read_blob(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    struct str text, *out = at;
    if (!get_str(in, f, v, &text))
        return false;
    size_t n = text.n / 4 * 3 + 3;
    if (text.n > B64URL_SIZE((size_t)f->max))
        return fail(in, CODE_TOO_LONG, f);
    uint8_t *bytes = take(in, n);
    if (!bytes)
        return false;
    if (!b64url_decode(bytes, n, &n, text) || n < (size_t)f->min)
        return bad(in, f);
    *out = str_of(bytes, n);
    return n <= (size_t)f->max || fail(in, CODE_TOO_LONG, f);
}

static bool read_word(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    struct str text;
    if (!get_str(in, f, v, &text))
        return false;
    for (unsigned i = 0; i < (unsigned)f->max; i++)
        if (str_eq(text, str_from(f->words[i]))) {
            memcpy(at, &i, sizeof i);
            return true;
        }
    return bad(in, f);
}

static bool read_object(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    if (!json_is_object(v))
        return bad(in, f);
    void *mem = take(in, f->of->size);
    memcpy(at, &mem, sizeof mem);
    return mem && wire_fields_read(in, f->of, v, mem);
}

static bool read_objects(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    struct object_list *out = at;
    void *mem;
    if (!read_list(in, f, v, f->of->size, &mem, &out->n))
        return false;
    out->p = mem;
    for (size_t i = 0; i < out->n; i++) {
        const json_t *o = json_array_get(v, i);
        if (!json_is_object(o))
            return bad(in, f);
        if (!wire_fields_read(in, f->of, o, (char *)mem + i * f->of->size))
            return false;
    }
    return true;
}

static bool read_never(struct wire_in *in, const struct field *f, const json_t *v, void *at)
{
    (void)v;
    (void)at;
    return bad(in, f);
}

static void set_absent(const struct field *f, void *at)
{
    unsigned word = (unsigned)f->absent;
    if (f->kind == FIELD_INT)
        *(int64_t *)at = f->absent;
    else if (f->kind == FIELD_TRI)
        *(enum tri *)at = TRI_ABSENT;
    else if (f->kind == FIELD_WORD)
        memcpy(at, &word, sizeof word);
}

bool wire_fields_read(struct wire_in *in, const struct fields *t, const json_t *o, void *out)
{
    static bool (*const readers[FIELD_KINDS])(struct wire_in *, const struct field *,
                                              const json_t *, void *) = {
        [FIELD_STR] = read_str,      [FIELD_TEXT] = read_text,     [FIELD_INT] = read_int,
        [FIELD_BOOL] = read_bool,    [FIELD_TRI] = read_tri,       [FIELD_ID] = read_id,
        [FIELD_IDS] = read_ids,      [FIELD_STRS] = read_strs,     [FIELD_BLOB] = read_blob,
        [FIELD_WORD] = read_word,    [FIELD_OBJECT] = read_object, [FIELD_OBJECTS] = read_objects,
        [FIELD_ID_MAP] = read_never, [FIELD_JOINED] = read_never,  [FIELD_CONN] = read_conn,
        [FIELD_MILLI] = read_never,
    };
    if (t->size > 0)
        memset(out, 0, t->size);
    for (size_t i = 0; i < t->n; i++)
        set_absent(&t->list[i], (char *)out + t->list[i].at);
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->list[i];
        const json_t *v = json_object_getn(o, f->name.p, f->name.n);
        if (!v || json_is_null(v)) {
            if (f->needed)
                return bad(in, f);
        } else if (!readers[f->kind](in, f, v, (char *)out + f->at)) {
            return false;
        }
    }
    return true;
}

/* ---- writing ---- */

static struct str word_of(const struct field *f, const void *at)
{
    unsigned i;
    memcpy(&i, at, sizeof i);
    return i < (unsigned)f->max ? str_from(f->words[i]) : STR_NONE;
}

static const void *object_at(const void *at)
{
    const void *p;
    memcpy(&p, at, sizeof p);
    return p;
}

static bool is_absent(const struct field *f, const void *at)
{
    unsigned word;
    switch ((enum field_kind)f->kind) {
    case FIELD_STR:
    case FIELD_TEXT:
    case FIELD_CONN:
    case FIELD_BLOB: return ((const struct str *)at)->n == 0;
    case FIELD_MILLI:
    case FIELD_INT: return *(const int64_t *)at == f->absent;
    case FIELD_BOOL: return !*(const bool *)at;
    case FIELD_TRI: return *(const enum tri *)at == TRI_ABSENT;
    case FIELD_ID: return *(const uint64_t *)at == 0;
    case FIELD_IDS: return ((const struct id_list *)at)->n == 0;
    case FIELD_STRS: return ((const struct str_list *)at)->n == 0;
    case FIELD_WORD: memcpy(&word, at, sizeof word); return word == (unsigned)f->absent;
    case FIELD_OBJECTS: return ((const struct object_list *)at)->n == 0;
    case FIELD_ID_MAP: return ((const struct id_map *)at)->n == 0;
    default: return object_at(at) == NULL;
    }
}

static void write_text(struct buf *b, struct str s)
{
    char *at = start(b, 2, s.n);
    if (at)
        stop(b, at, put_text(at, s));
}

/* What takes little room. */
static void write_small(struct buf *b, const struct field *f, const void *at)
{
    char *to = start(b, 32, 0), *p = to;
    if (!to)
        return;
    if (f->kind == FIELD_INT)
        p = put_int(p, *(const int64_t *)at);
    else if (f->kind == FIELD_ID)
        p = put_id_or_null(p, *(const uint64_t *)at);
    else
        p = put_bool(p,
                     f->kind == FIELD_BOOL ? *(const bool *)at : *(const enum tri *)at == TRI_YES);
    stop(b, to, p);
}

static void write_milli(struct buf *b, int64_t v)
{
    buf_putf(b, "%lld.%03lld", (long long)(v / 1000), (long long)(v % 1000));
}

static void write_blob(struct buf *b, struct str bytes)
{
    size_t n = B64URL_SIZE(bytes.n);
    buf_u8(b, '"');
    char *at = (char *)buf_reserve(b, n);
    if (at)
        buf_commit(b, b64url_encode(at, n, bytes.p, bytes.n));
    buf_u8(b, '"');
}

static void write_ids(struct buf *b, const struct id_list *l)
{
    buf_u8(b, '[');
    for (size_t i = 0; i < l->n; i++) {
        char *at = start(b, 32, 0), *p = at;
        if (!at)
            return;
        if (i)
            *p++ = ',';
        stop(b, at, put_id(p, l->p[i]));
    }
    buf_u8(b, ']');
}

static void write_strs(struct buf *b, const struct str_list *l)
{
    buf_u8(b, '[');
    for (size_t i = 0; i < l->n; i++) {
        if (i)
            buf_u8(b, ',');
        write_text(b, l->p[i]);
    }
    buf_u8(b, ']');
}

static void write_id_map(struct buf *b, const struct id_map *m)
{
    buf_u8(b, '{');
    for (size_t i = 0; i < m->n; i++) {
        if (i)
            buf_u8(b, ',');
        write_text(b, m->p[i].key);
        buf_u8(b, ':');
        write_ids(b, &m->p[i].ids);
    }
    buf_u8(b, '}');
}

static void write_objects(struct buf *b, const struct fields *t, const struct object_list *l)
{
    buf_u8(b, '[');
    for (size_t i = 0; i < l->n; i++)
        wire_fields_object(b, i ? "," : "", t, (const char *)l->p + i * t->size);
    buf_u8(b, ']');
}

static void write_value(struct buf *b, const struct field *f, const void *at)
{
    switch ((enum field_kind)f->kind) {
    case FIELD_STR:
    case FIELD_CONN:
    case FIELD_TEXT: write_text(b, *(const struct str *)at); break;
    case FIELD_BLOB: write_blob(b, *(const struct str *)at); break;
    case FIELD_MILLI: write_milli(b, *(const int64_t *)at); break;
    case FIELD_IDS: write_ids(b, at); break;
    case FIELD_STRS: write_strs(b, at); break;
    case FIELD_WORD: write_text(b, word_of(f, at)); break;
    case FIELD_OBJECTS: write_objects(b, f->of, at); break;
    case FIELD_ID_MAP: write_id_map(b, at); break;
    case FIELD_OBJECT:
    case FIELD_JOINED:
        if (!object_at(at))
            buf_puts(b, "null");
        else if (f->kind == FIELD_OBJECT)
            wire_fields_object(b, "", f->of, object_at(at));
        else
            wire_out_joined(b, object_at(at));
        break;
    default: write_small(b, f, at);
    }
}

void wire_fields_write(struct buf *b, const struct fields *t, const void *from, char before)
{
    for (size_t i = 0; t && i < t->n; i++) {
        const struct field *f = &t->list[i];
        const void *at = (const char *)from + f->at;
        if (!f->needed && is_absent(f, at))
            continue;
        char *to = start(b, f->name.n + 4, 0), *p = to;
        if (!to)
            return;
        if (before)
            *p++ = before;
        *p++ = '"';
        p = lit(p, f->name.p, f->name.n);
        p = LIT(p, "\":");
        stop(b, to, p);
        write_value(b, f, at);
        before = ',';
    }
}

void wire_fields_object(struct buf *b, const char *key, const struct fields *t, const void *from)
{
    buf_puts(b, key);
    buf_u8(b, '{');
    wire_fields_write(b, t, from, 0);
    buf_u8(b, '}');
}
