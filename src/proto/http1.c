#include "proto/http1.h"

#include <string.h>

#include "base/util.h"

const struct http1_limits http1_limits_default = {
    .head_max = 16384,
    .line_max = 4096,
    .fields_max = HTTP1_FIELDS_MAX,
};

/* Classes of bytes, RFC 9110 section 5.6.2 and RFC 9112 section 3. */
enum { IS_TOKEN = 1, IS_TARGET = 2, IS_VALUE = 4 };

static const uint8_t class_of[256] = {
    /* clang-format off */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, /* 00 */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 10 */
    4, 7, 6, 5, 7, 7, 7, 7, 6, 6, 7, 7, 6, 7, 7, 6, /* 20 */
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 6, 6, 6, /* 30 */
    6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, /* 40 */
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 7, 7, /* 50 */
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, /* 60 */
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 7, 6, 7, 0, /* 70 */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* 80 */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* 90 */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* a0 */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* b0 */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* c0 */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* d0 */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* e0 */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* f0 */
    /* clang-format on */
};

static bool all_of(struct str s, unsigned cls)
{
    for (size_t i = 0; i < s.n; i++)
        if ((class_of[(uint8_t)s.p[i]] & cls) == 0)
            return false;
    return true;
}

static bool is_token(struct str s)
{
    return s.n > 0 && all_of(s, IS_TOKEN);
}

/* ---- finding the end of the head ------------------------------------------------------------ */

/* One line ends at data[lf]. 1: the head ends here; 0: go on; else the negated status. */
static int scan_line(struct http1_scan *s, const struct http1_limits *limits, const char *data,
                     uint32_t lf)
{
    uint32_t len = lf - s->line;

    if (!s->past_line && len > limits->line_max + 1)
        return -414;
    if (lf >= limits->head_max)
        return -431;
    if (len == 0 || data[lf - 1] != '\r')
        return -400;
    if (len == 1) {
        if (s->past_line)
            return 1;
        /* RFC 9112 section 2.2: one empty line before the request line is robustness; more is junk. */
        if (s->line > 0)
            return -400;
    } else {
        s->past_line = true;
    }
    s->line = lf + 1;
    return 0;
}

/* The length of the head, 0, or the negated status. */
static int scan_head(struct http1_scan *s, const struct http1_limits *limits, const char *data,
                     size_t len)
{
    /* Whatever lies beyond the cap is of no interest to this request's head. */
    uint32_t end = (uint32_t)MIN_OF(len, (size_t)limits->head_max + 1);

    while (s->at < end) {
        const char *lf = memchr(data + s->at, '\n', end - s->at);
        int r;

        if (lf == NULL) {
            s->at = end;
            break;
        }
        s->at = (uint32_t)(lf - data) + 1;
        r = scan_line(s, limits, data, s->at - 1);
        if (r < 0)
            return r;
        if (r > 0)
            return (int)s->at;
    }
    if (!s->past_line && s->at - s->line > limits->line_max + 1)
        return -414;
    return s->at > limits->head_max ? -431 : 0;
}

/* ---- request line --------------------------------------------------------------------------- */

static const struct {
    struct str name;
    enum http1_method method;
} methods[] = {
    {STR_INIT("GET"), HTTP1_GET},       {STR_INIT("HEAD"), HTTP1_HEAD},
    {STR_INIT("POST"), HTTP1_POST},     {STR_INIT("PUT"), HTTP1_PUT},
    {STR_INIT("DELETE"), HTTP1_DELETE}, {STR_INIT("OPTIONS"), HTTP1_OPTIONS},
    {STR_INIT("PATCH"), HTTP1_PATCH},
};

static int parse_method(struct str s, enum http1_method *out)
{
    if (!is_token(s))
        return -400;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (str_eq(s, methods[i].name)) {
            *out = methods[i].method;
            return 0;
        }
    }
    return -501;
}

static int parse_version(struct str s, uint8_t *minor)
{
    if (s.n != 8 || memcmp(s.p, "HTTP/", 5) != 0 || s.p[5] < '0' || s.p[5] > '9' || s.p[6] != '.' ||
        s.p[7] < '0' || s.p[7] > '9')
        return -400;
    if (s.p[5] != '1' || s.p[7] > '1')
        return -505;
    *minor = (uint8_t)(s.p[7] - '0');
    return 0;
}

/* Origin form, absolute form or "*": RFC 9112 section 3.2. CONNECT isn't known, so there is no
 * authority form. */
static int parse_target(struct http1_request *req)
{
    struct str t = req->target;
    size_t scheme = str_starts_nocase(t, STR("http://"))    ? 7
                    : str_starts_nocase(t, STR("https://")) ? 8
                                                            : 0;

    if (t.n == 0 || !all_of(t, IS_TARGET))
        return -400;
    if (scheme > 0) {
        size_t end = scheme;

        while (end < t.n && t.p[end] != '/' && t.p[end] != '?')
            end++;
        req->host = str_of(t.p + scheme, end - scheme);
        if (!http1_host_ok(req->host))
            return -400;
        t = str_skip(t, end);
    } else if (t.p[0] != '/' && !(req->method == HTTP1_OPTIONS && str_eq(t, STR("*")))) {
        return -400;
    }
    str_split_once(t, '?', &req->path, &req->query);
    if (req->path.n == 0)
        req->path = STR("/");
    return 0;
}

static int parse_request_line(struct http1_request *req, struct str line)
{
    struct str method, rest, version;
    int r;

    if (!str_split_once(line, ' ', &method, &rest) ||
        !str_split_once(rest, ' ', &req->target, &version))
        return -400;
    r = parse_version(version, &req->minor);
    if (r == 0)
        r = parse_method(method, &req->method);
    return r == 0 ? parse_target(req) : r;
}

/* ---- fields --------------------------------------------------------------------------------- */

struct framing {
    unsigned hosts, lengths, codings, expects;
    struct str host, length, coding, expect;
};

static void note(struct str value, unsigned *count, struct str *first)
{
    if ((*count)++ == 0)
        *first = value;
}

static void note_field(struct http1_request *req, struct framing *f, struct http1_field *field)
{
    if (str_eq_nocase(field->name, STR("host"))) {
        note(field->value, &f->hosts, &f->host);
    } else if (str_eq_nocase(field->name, STR("content-length"))) {
        note(field->value, &f->lengths, &f->length);
    } else if (str_eq_nocase(field->name, STR("transfer-encoding"))) {
        note(field->value, &f->codings, &f->coding);
    } else if (str_eq_nocase(field->name, STR("expect"))) {
        note(field->value, &f->expects, &f->expect);
    } else if (str_eq_nocase(field->name, STR("connection"))) {
        if (http1_list_has(field->value, STR("close")))
            req->keep_alive = false;
        else if (req->minor == 0 && http1_list_has(field->value, STR("keep-alive")))
            req->keep_alive = true;
        if (http1_list_has(field->value, STR("upgrade")))
            req->upgrade = true;
    }
}

/* One field line without its CRLF. No space before the colon, no folded lines (RFC 9112 sections 5.1
 * and 5.2): a line that begins with a space has an empty or broken name. */
static int parse_field(struct http1_field *field, struct str line)
{
    struct str value;

    if (!str_split_once(line, ':', &field->name, &value) || !is_token(field->name))
        return -400;
    while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
        value = str_skip(value, 1);
    while (value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
        value.n--;
    field->value = value;
    return all_of(value, IS_VALUE) ? 0 : -400;
}

/* How long the body is, RFC 9112 section 6. Anything that could be read in two ways is refused. */
static int check_body_framing(struct http1_request *req, const struct framing *f)
{
    if (f->codings > 0) {
        if (f->codings > 1 || f->lengths > 0 || req->minor == 0)
            return -400;
        if (!str_eq_nocase(f->coding, STR("chunked")))
            return -501;
        req->chunked = true;
    }
    if (f->lengths > 0) {
        if (f->lengths > 1 || f->length.n > 18 || !str_to_u64(f->length, UINT64_MAX, &req->length))
            return -400;
        req->has_length = true;
    }
    return 0;
}

static int check_framing(struct http1_request *req, const struct framing *f)
{
    int r = check_body_framing(req, f);

    if (r != 0)
        return r;
    if (f->hosts > 1 || (f->hosts == 0 && req->minor > 0))
        return -400;
    if (f->hosts > 0 && !http1_host_ok(f->host))
        return -400;
    if (req->host.p == NULL)
        req->host = f->host;
    if (f->expects > 0) {
        if (f->expects > 1 || !str_eq_nocase(f->expect, STR("100-continue")))
            return -417;
        /* An expectation of HTTP/1.0 is ignored; without a body there is nothing to wait for. */
        req->expect_continue = req->minor > 0 && (req->chunked || req->length > 0);
    }
    return 0;
}

static int parse_fields(struct http1_request *req, const struct http1_limits *limits,
                        struct str rest)
{
    struct framing f = {0};

    while (!str_starts(rest, STR("\r\n"))) {
        size_t lf = str_chr(rest, '\n');
        struct http1_field *field = &req->fields[req->n_fields];
        int r;

        if (req->n_fields == MIN_OF(limits->fields_max, (uint32_t)HTTP1_FIELDS_MAX))
            return -431;
        r = parse_field(field, str_head(rest, lf - 1));
        if (r != 0)
            return r;
        req->n_fields++;
        note_field(req, &f, field);
        rest = str_skip(rest, lf + 1);
    }
    return check_framing(req, &f);
}

int http1_head(struct http1_scan *scan, const struct http1_limits *limits, const char *data,
               size_t len, struct http1_request *req)
{
    int n = scan_head(scan, limits, data, len), r;
    struct str head, line;
    size_t lf;

    if (n <= 0)
        return n;
    /* The fields' array is large: only what says how much of it counts is cleared. */
    memset(req, 0, offsetof(struct http1_request, fields));
    head = str_of(data, (size_t)n);
    if (str_starts(head, STR("\r\n")))
        head = str_skip(head, 2);
    lf = str_chr(head, '\n');
    line = str_head(head, lf - 1);
    r = parse_request_line(req, line);
    if (r != 0)
        return r;
    req->keep_alive = req->minor > 0;
    r = parse_fields(req, limits, str_skip(head, lf + 1));
    return r != 0 ? r : n;
}

/* ---- looking at a request ------------------------------------------------------------------- */

struct str http1_field(const struct http1_request *req, struct str name)
{
    for (uint32_t i = 0; i < req->n_fields; i++)
        if (str_eq_nocase(req->fields[i].name, name))
            return req->fields[i].value;
    return STR_NONE;
}

unsigned http1_field_count(const struct http1_request *req, struct str name)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < req->n_fields; i++)
        n += str_eq_nocase(req->fields[i].name, name);
    return n;
}

bool http1_list_has(struct str list, struct str element)
{
    struct str head;

    while (list.n > 0) {
        str_split_once(list, ',', &head, &list);
        if (str_eq_nocase(str_trim(head), element))
            return true;
    }
    return false;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The bytes of a name or of IPv4; 0 when there are none. */
static size_t host_name_len(struct str s)
{
    size_t i = 0;

    while (i < s.n && s.p[i] != ':') {
        char c = str_lower_char(s.p[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'))
            return 0;
        i++;
    }
    return i;
}

static size_t host_ip6_len(struct str s)
{
    size_t i = 1;

    while (i < s.n && (is_hex(s.p[i]) || s.p[i] == ':' || s.p[i] == '.'))
        i++;
    return i > 2 && i < s.n && s.p[i] == ']' ? i + 1 : 0;
}

bool http1_host_ok(struct str host)
{
    size_t n = host.n == 0 ? 0 : host.p[0] == '[' ? host_ip6_len(host) : host_name_len(host);
    uint64_t port;

    if (n == 0 || n > 255)
        return false;
    if (n == host.n)
        return true;
    return host.p[n] == ':' && host.n - n - 1 <= 5 &&
           str_to_u64(str_skip(host, n + 1), 65535, &port);
}
