/*
 * Messages as tables: which fields of a JSON object lie where in a struct. One reader makes structs out of
 * objects and one writer objects out of structs, for commands, results and events alike. The tables of a
 * topic are in wire_TOPIC.c, its structs in msg/TOPIC.h.
 *
 * Reading: what is not needed may be absent (null counts as absent) and is then `absent` (numbers, words),
 * false, TRI_ABSENT, 0, empty or NULL. A field of the wrong type or out of range is bad_request, a text or
 * list that is too long too_long, each with the field's name. Unknown fields are ignored.
 *
 * Writing: what is needed is always written (an id of 0 and a NULL object as null). Of the rest, what is
 * absent is left out: numbers and words that are `absent`, false, TRI_ABSENT, ids of 0, empty texts, bytes
 * and lists, NULL objects. Ranges are the domain's business and not checked.
 */
#ifndef MADANG_EDGE_WEB_WIRE_FIELDS_H
#define MADANG_EDGE_WEB_WIRE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/util.h"
#include "edge/web/wire_in.h"
#include "msg/event.h"

struct json_t;

enum field_kind {
    FIELD_STR,   /* struct str; at most max bytes (0: as many as a message has), else bad_request */
    FIELD_TEXT,  /* struct str; min to max characters, more is too_long */
    FIELD_INT,   /* int64_t; min to max */
    FIELD_BOOL,  /* bool */
    FIELD_TRI,   /* enum tri */
    FIELD_ID,    /* uint64_t; a needed one that is no id is 0: one that nobody has */
    FIELD_IDS,   /* struct id_list; at most max; what is no id is 0 */
    FIELD_STRS,  /* struct str_list; at most max, each of 1 to `each` characters */
    FIELD_BLOB,  /* struct str; bytes as base64url, min to max of them */
    FIELD_CONN,  /* struct str; the name of a peer connection */
    FIELD_MILLI, /* int64_t; thousandths, as a decimal fraction; goes out only */
    FIELD_WORD,  /* an enum: the index in words */
    FIELD_OBJECT,  /* const struct *; of */
    FIELD_OBJECTS, /* struct object_list; of, at most max */
    FIELD_ID_MAP,  /* struct id_map; goes out only */
    FIELD_JOINED,  /* const struct joined_view *; goes out only */
    FIELD_KINDS
};

struct fields;

struct field {
    struct str name;
    uint8_t kind;
    bool needed;
    uint16_t at; /* offset in the struct */
    uint16_t each;
    int64_t min, max;
    int64_t absent;
    const char *const *words; /* max of them */
    const struct fields *of;
};

struct fields {
    size_t size; /* of the struct */
    const struct field *list;
    size_t n;
};

/* ---- how tables are written: F_KIND(struct, "name", member, limits…, NEEDED or .absent = N or nothing) ---- */

#define NEEDED .needed = true
/* The compiler checks the member's type. cppcheck 2.10 cannot read that. */
#ifdef CPPCHECK
#define FIELD_AT(s, member, type)      offsetof(s, member)
#define FIELD_AT_SIZE(s, member, type) offsetof(s, member)
#else
#define FIELD_AT(s, member, type) _Generic(&((s *)0)->member, type * : offsetof(s, member))
#define FIELD_AT_SIZE(s, member, type) \
    (offsetof(s, member) + 0 * sizeof(char[sizeof(((s *)0)->member) == sizeof(type) ? 1 : -1]))
#endif

#define F_STR(s, n, m, max_bytes, ...)                                                            \
    {                                                                                             \
        STR_INIT(n), FIELD_STR, .at = FIELD_AT(s, m, struct str), .max = (max_bytes), __VA_ARGS__ \
    }
#define F_TEXT(s, n, m, min_chars, max_chars, ...)                                     \
    {                                                                                  \
        STR_INIT(n), FIELD_TEXT, .at = FIELD_AT(s, m, struct str), .min = (min_chars), \
                                 .max = (max_chars), __VA_ARGS__                       \
    }
#define F_INT(s, n, m, least, most, ...)                                                      \
    {                                                                                         \
        STR_INIT(n), FIELD_INT, .at = FIELD_AT(s, m, int64_t), .min = (least), .max = (most), \
                                __VA_ARGS__                                                   \
    }
#define F_BOOL(s, n, m, ...)                                             \
    {                                                                    \
        STR_INIT(n), FIELD_BOOL, .at = FIELD_AT(s, m, bool), __VA_ARGS__ \
    }
#define F_TRI(s, n, m)                                         \
    {                                                          \
        STR_INIT(n), FIELD_TRI, .at = FIELD_AT(s, m, enum tri) \
    }
#define F_ID(s, n, m, ...)                                                 \
    {                                                                      \
        STR_INIT(n), FIELD_ID, .at = FIELD_AT(s, m, uint64_t), __VA_ARGS__ \
    }
#define F_IDS(s, n, m, most, ...)                                                                \
    {                                                                                            \
        STR_INIT(n), FIELD_IDS, .at = FIELD_AT(s, m, struct id_list), .max = (most), __VA_ARGS__ \
    }
#define F_STRS(s, n, m, most, chars, ...)                                              \
    {                                                                                  \
        STR_INIT(n), FIELD_STRS, .at = FIELD_AT(s, m, struct str_list), .max = (most), \
                                 .each = (chars), __VA_ARGS__                          \
    }
#define F_BLOB(s, n, m, least, most, ...)                                                         \
    {                                                                                             \
        STR_INIT(n), FIELD_BLOB, .at = FIELD_AT(s, m, struct str), .min = (least), .max = (most), \
                                 __VA_ARGS__                                                      \
    }
#define F_WORD(s, n, m, list, ...)                                                            \
    {                                                                                         \
        STR_INIT(n), FIELD_WORD, .at = FIELD_AT_SIZE(s, m, unsigned), .max = ARRAY_LEN(list), \
                                 .words = (list), __VA_ARGS__                                 \
    }
#define F_CONN(s, n, m)                                                   \
    {                                                                     \
        STR_INIT(n), FIELD_CONN, .at = FIELD_AT(s, m, struct str), NEEDED \
    }
#define F_MILLI(s, n, m)                                                \
    {                                                                   \
        STR_INIT(n), FIELD_MILLI, .at = FIELD_AT(s, m, int64_t), NEEDED \
    }
#define F_OBJECT(s, n, m, table, ...)                                                            \
    {                                                                                            \
        STR_INIT(n), FIELD_OBJECT, .at = FIELD_AT_SIZE(s, m, void *), .of = (table), __VA_ARGS__ \
    }
#define F_OBJECTS(s, n, m, table, most, ...)                                                 \
    {                                                                                        \
        STR_INIT(n), FIELD_OBJECTS, .at = FIELD_AT(s, m, struct object_list), .max = (most), \
                                    .of = (table), __VA_ARGS__                               \
    }
#define F_ID_MAP(s, n, m)                                              \
    {                                                                  \
        STR_INIT(n), FIELD_ID_MAP, .at = FIELD_AT(s, m, struct id_map) \
    }
#define F_JOINED(s, n, m)                                                           \
    {                                                                               \
        STR_INIT(n), FIELD_JOINED, .at = FIELD_AT(s, m, const struct joined_view *) \
    }

#define FIELDS(s, list)                    \
    {                                      \
        sizeof(s), (list), ARRAY_LEN(list) \
    }
#define FIELDS_NONE \
    {               \
        0, NULL, 0  \
    }

/* ---- reader and writer ---- */

/* Reads the object into the struct at `out`, all of which is set. False: in->error says why. What the
 * struct points to lives until wire_in_free(). */
bool wire_fields_read(struct wire_in *in, const struct fields *t, const struct json_t *o,
                      void *out);
void wire_fields_free(struct wire_in *in);

/* Appends the fields without braces; the first one is preceded by `before` (0: nothing), the others by
 * commas. */
void wire_fields_write(struct buf *b, const struct fields *t, const void *from, char before);
/* Appends key (as it stands) and the whole object. */
void wire_fields_object(struct buf *b, const char *key, const struct fields *t, const void *from);

/* ---- the tables ---- */

/* One topic's tables by type: of what comes in as u.TOPIC of struct cmd, and of what goes out as u.TOPIC of
 * struct event. */
struct wire_topic {
    const struct fields *commands[CMD_WIRE_COUNT];
    const struct fields *views[RESULT_END];
};
extern const struct wire_topic wire_account, wire_people, wire_call, wire_conv, wire_push,
    wire_files, wire_group, wire_moderate, wire_record;

/* NULL: it has none. */
const struct fields *wire_table_command(enum cmd_type type);
const struct fields *wire_table_view(enum event_type type);

/* Objects that several topics speak of. */
extern const struct fields wire_me, wire_badges, wire_presence, wire_somebody, wire_who;
extern const struct fields wire_avatar_uploads, wire_group_mode;

#endif
