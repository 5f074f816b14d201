#include "edge/web/wire_in.h"

#include <jansson.h>

#include "base/code.h"
#include "base/utf8.h"
#include "base/util.h"
#include "edge/web/json_mem.h"
#include "edge/web/sdp_scan.h"
#include "edge/web/wire_fields.h"
#include "msg/store_msg.h"

#define DEPTH_MAX     8
#define ID_MAX        9007199254740991 /* 2^53 - 1: what a browser counts exactly */
#define CLIENT_MAX    64
#define DESC_MAX      65536
#define CAND_MAX      8192
#define FILE_NAME_MAX 255
#define MIME_MAX      127

/* ---- fields; each of these is true, or sets the error and is false ---- */

static bool fail(struct wire_in *in, enum errcode code, const char *field)
{
    in->error = (struct wire_error){.code = code, .field = field};
    return false;
}

static bool bad(struct wire_in *in, const char *field)
{
    return fail(in, CODE_BAD_REQUEST, field);
}

/* NULL when it is absent; null counts as absent. */
static const json_t *get(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_null(v) ? NULL : v;
}

static bool opt_str(struct wire_in *in, const json_t *o, const char *key, struct str *out)
{
    const json_t *v = get(o, key);
    if (!v)
        return true;
    if (!json_is_string(v))
        return bad(in, key);
    *out = str_of(json_string_value(v), json_string_length(v));
    return true;
}

static bool need_str(struct wire_in *in, const json_t *o, const char *key, struct str *out)
{
    return get(o, key) ? opt_str(in, o, key, out) : bad(in, key);
}

static bool opt_int(struct wire_in *in, const json_t *o, const char *key, int64_t min, int64_t max,
                    int64_t *out)
{
    const json_t *v = get(o, key);
    if (!v)
        return true;
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return bad(in, key);
    *out = json_integer_value(v);
    return true;
}

static bool need_int(struct wire_in *in, const json_t *o, const char *key, int64_t min, int64_t max,
                     int64_t *out)
{
    return get(o, key) ? opt_int(in, o, key, min, max, out) : bad(in, key);
}

static bool opt_bool(struct wire_in *in, const json_t *o, const char *key, bool *out)
{
    const json_t *v = get(o, key);
    if (!v)
        return true;
    if (!json_is_boolean(v))
        return bad(in, key);
    *out = json_is_true(v);
    return true;
}

static bool need_bool(struct wire_in *in, const json_t *o, const char *key, bool *out)
{
    return get(o, key) ? opt_bool(in, o, key, out) : bad(in, key);
}

static bool opt_tri(struct wire_in *in, const json_t *o, const char *key, enum tri *out)
{
    bool v = false;
    *out = TRI_ABSENT;
    if (!get(o, key))
        return true;
    if (!opt_bool(in, o, key, &v))
        return false;
    *out = v ? TRI_YES : TRI_NO;
    return true;
}

/* A string that is no id is an id that nobody has: 0. People mistype links. */
static bool need_id(struct wire_in *in, const json_t *o, const char *key, uint64_t *out)
{
    struct str text = STR_NONE;
    if (!need_str(in, o, key, &text))
        return false;
    if (!b32_decode(text, out))
        *out = 0;
    return true;
}

static bool opt_password(struct wire_in *in, const json_t *o, struct str *out)
{
    if (!opt_str(in, o, "password", out))
        return false;
    return utf8_count(out->p, out->n) <= PASSWORD_MAX || bad(in, "password");
}

/* The index of the text in words, or -1 and an error. */
static int need_word(struct wire_in *in, const json_t *o, const char *key, const char *const *words,
                     int n)
{
    struct str text = STR_NONE;
    if (!need_str(in, o, key, &text))
        return -1;
    for (int i = 0; i < n; i++)
        if (str_eq(text, str_from(words[i])))
            return i;
    bad(in, key);
    return -1;
}

bool wire_in_conn(struct str name)
{
    bool good = name.n >= 1 && name.n <= CONN_NAME_MAX;
    for (size_t i = 0; good && i < name.n; i++) {
        char c = name.p[i];
        good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    }
    return good;
}

static bool need_conn(struct wire_in *in, const json_t *o, struct str *out)
{
    return need_str(in, o, "conn", out) && (wire_in_conn(*out) || bad(in, "conn"));
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

/* ---- the types ---- */

static bool opt_link(struct wire_in *in, const json_t *o, struct cmd_join *join)
{
    struct str text = STR_NONE;
    size_t n = 0;
    if (!opt_str(in, o, "link", &text))
        return false;
    join->has_link = text.n > 0;
    return text.n == 0 ||
           (b64url_decode(join->link, sizeof join->link, &n, text) && n == sizeof join->link) ||
           bad(in, "link");
}

static bool read_join(struct wire_in *in, const json_t *o, uint64_t *room, struct cmd_join *join)
{
    join->media = true;
    if (!need_id(in, o, "room", &join->room) || !opt_password(in, o, &join->password) ||
        !opt_str(in, o, "ticket", &join->ticket) || !opt_link(in, o, join) ||
        !opt_bool(in, o, "media", &join->media) || !opt_tri(in, o, "mic", &join->mic) ||
        !opt_tri(in, o, "cam", &join->cam) || !opt_bool(in, o, "recorded", &join->agrees))
        return false;
    *room = join->room;
    return true;
}

static bool in_hello(struct wire_in *in, const json_t *o)
{
    struct cmd_hello *h = &in->cmd.u.hello;
    if (!need_int(in, o, "v", 0, ID_MAX, &h->v) || !opt_str(in, o, "name", &h->name) ||
        !opt_str(in, o, "lang", &h->lang) || !opt_str(in, o, "client", &h->client) ||
        !opt_str(in, o, "api_token", &h->api_token) || !opt_str(in, o, "replaces", &h->replaces))
        return false;
    if (utf8_count(h->client.p, h->client.n) > CLIENT_MAX)
        return bad(in, "client");
    const json_t *join = get(o, "join");
    if (!join)
        return true;
    if (!json_is_object(join))
        return bad(in, "join");
    h->has_join = true;
    return read_join(in, join, &in->cmd.room, &h->join);
}

static bool in_resume(struct wire_in *in, const json_t *o)
{
    struct cmd_resume *r = &in->cmd.u.resume;
    return need_int(in, o, "v", 0, ID_MAX, &r->v) && need_str(in, o, "token", &r->token) &&
           need_int(in, o, "seq", 0, ID_MAX, &r->seq);
}

static bool in_ping(struct wire_in *in, const json_t *o)
{
    in->cmd.u.ping.seq = -1;
    return opt_int(in, o, "seq", 0, ID_MAX, &in->cmd.u.ping.seq);
}

static bool in_nothing(struct wire_in *in, const json_t *o)
{
    (void)in;
    (void)o;
    return true;
}

static bool in_create(struct wire_in *in, const json_t *o)
{
    struct cmd_create *c = &in->cmd.u.create;
    c->is_public = true;
    c->media = true;
    return opt_str(in, o, "title", &c->title) && opt_bool(in, o, "public", &c->is_public) &&
           opt_password(in, o, &c->password) &&
           opt_int(in, o, "capacity", 1, UINT32_MAX, &c->capacity) &&
           opt_bool(in, o, "media", &c->media) && opt_tri(in, o, "mic", &c->mic) &&
           opt_tri(in, o, "cam", &c->cam);
}

static bool in_join(struct wire_in *in, const json_t *o)
{
    return read_join(in, o, &in->cmd.room, &in->cmd.u.join);
}

static bool in_room(struct wire_in *in, const json_t *o) /* leave, ticket */
{
    return need_id(in, o, "room", &in->cmd.room);
}

static bool in_on(struct wire_in *in, const json_t *o) /* watch */
{
    return need_bool(in, o, "on", &in->cmd.u.on);
}

static bool in_room_on(struct wire_in *in, const json_t *o) /* media, typing */
{
    return in_room(in, o) && in_on(in, o);
}

/* Who may do that: all, or only who moderates. */
static bool opt_few(struct wire_in *in, const json_t *o, const char *key, enum tri *few)
{
    static const char *const words[] = {"all", "moderators"};
    *few = TRI_ABSENT;
    if (!get(o, key))
        return true;
    int word = need_word(in, o, key, words, 2);
    *few = word > 0 ? TRI_YES : TRI_NO;
    return word >= 0;
}

static bool in_room_set(struct wire_in *in, const json_t *o)
{
    struct cmd_room_set *s = &in->cmd.u.room_set;
    s->has_title = get(o, "title") != NULL;
    s->has_password = get(o, "password") != NULL;
    return in_room(in, o) && opt_str(in, o, "title", &s->title) &&
           opt_password(in, o, &s->password) && opt_tri(in, o, "public", &s->is_public) &&
           opt_tri(in, o, "locked", &s->locked) && opt_tri(in, o, "lobby", &s->lobby) &&
           opt_few(in, o, "publish", &s->publish_few) && opt_few(in, o, "share", &s->share_few) &&
           opt_tri(in, o, "programs", &s->programs) &&
           opt_int(in, o, "capacity", 1, UINT32_MAX, &s->capacity);
}

static bool in_room_remove(struct wire_in *in, const json_t *o)
{
    return in_room(in, o) && need_id(in, o, "session", &in->cmd.to);
}

static bool in_room_merge(struct wire_in *in, const json_t *o)
{
    return in_room(in, o) && need_id(in, o, "into", &in->cmd.u.into);
}

static bool in_state(struct wire_in *in, const json_t *o)
{
    struct cmd_state *s = &in->cmd.u.state;
    return opt_tri(in, o, "mic", &s->mic) && opt_tri(in, o, "cam", &s->cam) &&
           opt_tri(in, o, "screen", &s->screen) && opt_tri(in, o, "hand", &s->hand);
}

static bool in_name(struct wire_in *in, const json_t *o)
{
    return need_str(in, o, "name", &in->cmd.u.name);
}

static bool in_chat(struct wire_in *in, const json_t *o)
{
    return in_room(in, o) && need_str(in, o, "text", &in->cmd.u.text);
}

static bool in_whisper(struct wire_in *in, const json_t *o)
{
    return in_chat(in, o) && need_id(in, o, "to", &in->cmd.to);
}

static bool in_desc(struct wire_in *in, const json_t *o)
{
    static const char *const kinds[DESC_KINDS] = {"offer", "answer", "rollback"};
    struct cmd_relay *r = &in->cmd.u.relay;
    if (!in_room(in, o) || !need_id(in, o, "to", &in->cmd.to) || !need_conn(in, o, &r->conn_name))
        return false;
    int kind = need_word(in, o, "kind", kinds, DESC_KINDS);
    if (kind < 0)
        return false;
    r->kind = (enum desc_kind)kind;
    return true;
}

static bool in_cand(struct wire_in *in, const json_t *o)
{
    return in_room(in, o) && need_id(in, o, "to", &in->cmd.to) &&
           need_conn(in, o, &in->cmd.u.relay.conn_name);
}

static bool in_file(struct wire_in *in, const json_t *o)
{
    static const char *const kinds[FILE_KINDS] = {"offer", "accept", "decline", "cancel"};
    struct cmd_file *f = &in->cmd.u.file;
    if (!in_room(in, o) || !need_id(in, o, "to", &in->cmd.to) || !need_conn(in, o, &f->conn_name))
        return false;
    int kind = need_word(in, o, "kind", kinds, FILE_KINDS);
    if (kind < 0)
        return false;
    f->kind = (enum file_kind)kind;
    if (f->kind != FILE_OFFER)
        return true;
    if (!need_str(in, o, "name", &f->name) || !need_int(in, o, "size", 0, ID_MAX + 1, &f->size) ||
        !opt_str(in, o, "mime", &f->mime))
        return false;
    if (f->mime.n > MIME_MAX || has_control(f->mime))
        return bad(in, "mime");
    if (utf8_count(f->name.p, f->name.n) > FILE_NAME_MAX)
        return fail(in, CODE_TOO_LONG, "name");
    return (f->name.n > 0 && !has_control(f->name)) || bad(in, "name");
}

typedef bool reader_fn(struct wire_in *in, const json_t *o);

static const struct reader {
    struct str type;
    unsigned ways;   /* enum cmd_way */
    reader_fn *read; /* NULL: by its table */
} readers[CMD_WIRE_COUNT] = {
#define READER_HELLO            in_hello
#define READER_RESUME           in_resume
#define READER_PING             in_ping
#define READER_BYE              in_nothing
#define READER_CREATE           in_create
#define READER_JOIN             in_join
#define READER_LEAVE            in_room
#define READER_WATCH            in_on
#define READER_ROOM_SET         in_room_set
#define READER_ROOM_REMOVE      in_room_remove
#define READER_ROOM_MERGE       in_room_merge
#define READER_TICKET           in_room
#define READER_MEDIA            in_room_on
#define READER_STATE            in_state
#define READER_NAME             in_name
#define READER_CHAT             in_chat
#define READER_WHISPER          in_whisper
#define READER_TYPING           in_room_on
#define READER_DESC             in_desc
#define READER_CAND             in_cand
#define READER_FILE             in_file
#define ROW(symbol, type, ways) [CMD_##symbol] = {STR_INIT(type), ways, READER_##symbol},
    ROOM_CMDTYPES(ROW)
#undef ROW
#define ROW(symbol, type, ways) [CMD_##symbol] = {STR_INIT(type), ways, NULL},
        ACCOUNT_CMDTYPES(ROW) PEOPLE_CMDTYPES(ROW) CALL_CMDTYPES(ROW) CONV_CMDTYPES(ROW)
            PUSH_CMDTYPES(ROW) FILES_CMDTYPES(ROW) GROUP_CMDTYPES(ROW) MODERATE_CMDTYPES(ROW)
                RECORD_CMDTYPES(ROW) RECORDINGS_CMDTYPES(ROW)
#undef ROW
};

/* ---- the whole message ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Where the JSON object ends (the byte behind its last brace); 0: it doesn't, or is too deep. Only
 * finds the end; whether that is JSON is jansson's question. */
static size_t head_end(struct str m)
{
    size_t i = 0;
    int depth = 0;
    bool string = false;
    while (i < m.n && is_space(m.p[i]))
        i++;
    if (i == m.n || m.p[i] != '{')
        return 0;
    for (; i < m.n; i++) {
        char c = m.p[i];
        if (string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                string = false;
        } else if (c == '"') {
            string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return 0;
        } else if (c == '}' || c == ']') {
            if (--depth == 0)
                return i + 1;
        }
    }
    return 0;
}

static const struct reader *find_reader(struct wire_in *in, struct str type, enum cmd_way way)
{
    for (int i = CMD_NONE + 1; i < CMD_WIRE_COUNT; i++)
        if ((readers[i].ways & way) && str_eq(type, readers[i].type)) {
            in->cmd.type = (enum cmd_type)i;
            return &readers[i];
        }
    fail(in, CODE_UNKNOWN_TYPE, NULL);
    return NULL;
}

/* What comes after the object: for most types nothing. */
static bool read_rest(struct wire_in *in, const struct reader *reader, struct str rest,
                      unsigned flags, struct str *body)
{
    *body = STR_NONE;
    if ((reader->ways & WITH_BODY) && rest.n > 0 && rest.p[0] == '\n') {
        *body = str_skip(rest, 1);
        return (flags & WIRE_IN_UTF8) || utf8_valid(body->p, body->n) ||
               fail(in, CODE_BAD_JSON, NULL);
    }
    for (size_t i = 0; i < rest.n; i++)
        if (!is_space(rest.p[i]))
            return fail(in, CODE_BAD_JSON, NULL);
    return true;
}

static bool take_offer(struct wire_in *in, struct str body)
{
    in->cmd.u.group.offer.sdp = body;
    return (body.n > 0 && body.n <= GROUP_OFFER_MAX) || fail(in, CODE_BAD_BODY, NULL);
}

static bool take_body(struct wire_in *in, struct str body)
{
    if (in->cmd.type == CMD_GROUP_OFFER)
        return take_offer(in, body);
    struct cmd_relay *r = &in->cmd.u.relay;
    r->body = body;
    size_t max = in->cmd.type == CMD_DESC ? DESC_MAX : CAND_MAX;
    bool may_be_empty = in->cmd.type == CMD_DESC && r->kind == DESC_ROLLBACK;
    if (r->body.n > max || (r->body.n == 0 && !may_be_empty))
        return fail(in, CODE_BAD_BODY, NULL);
    sdp_scan(r->body, &in->scan);
    r->scan = &in->scan;
    return true;
}

static bool read_fields(struct wire_in *in, const struct reader *reader, const json_t *o)
{
    return reader->read ? reader->read(in, o)
                        : wire_fields_read(in, wire_table_command(in->cmd.type), o, &in->cmd.u);
}

static bool read_object(struct wire_in *in, const json_t *o, struct str rest, unsigned flags)
{
    struct str type = STR_NONE;
    const json_t *id = get(o, "id");
    bool good_id = id && json_is_integer(id) && json_integer_value(id) >= 1 &&
                   json_integer_value(id) <= ID_MAX;
    if (good_id)
        in->cmd.id = json_integer_value(id);
    if (!need_str(in, o, "type", &type))
        return false;
    const struct reader *reader = find_reader(in, type, BY_PIPE);
    if (!reader)
        return false;
    if (reader->ways & NO_ID)
        in->cmd.id = 0;
    else if (!good_id)
        return bad(in, "id");
    struct str body;
    return read_rest(in, reader, rest, flags, &body) && read_fields(in, reader, o) &&
           (!(reader->ways & WITH_BODY) || take_body(in, body));
}

void wire_in_init(void)
{
    json_mem_init();
}

/* The object at the beginning of the message; *n is its length. NULL: in->error says why. */
static const json_t *load(struct wire_in *in, struct str message, size_t *n)
{
    bool no_memory;
    memset(&in->cmd, 0, sizeof in->cmd);
    in->error = (struct wire_error){.code = CODE_NONE};
    in->tree = NULL;
    in->blocks = NULL;
    *n = head_end(message);
    if (*n == 0) {
        fail(in, CODE_BAD_JSON, NULL);
        return NULL;
    }
    in->tree = json_mem_load(message.p, *n, &no_memory);
    if (!in->tree)
        fail(in, no_memory ? CODE_BUSY : CODE_BAD_JSON, NULL);
    return in->tree;
}

bool wire_in_parse(struct wire_in *in, struct str message, unsigned flags)
{
    size_t n;
    const json_t *o = load(in, message, &n);
    return o && read_object(in, o, str_skip(message, n), flags);
}

bool wire_in_parse_call(struct wire_in *in, struct str verb, struct str body)
{
    size_t n;
    const json_t *o = load(in, body, &n);
    const struct reader *reader = o ? find_reader(in, verb, BY_HTTP) : NULL;
    struct str none;
    return reader && read_rest(in, reader, str_skip(body, n), 0, &none) &&
           read_fields(in, reader, o);
}

void wire_in_free(struct wire_in *in)
{
    json_decref(in->tree);
    in->tree = NULL;
    wire_fields_free(in);
}
