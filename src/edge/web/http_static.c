#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "edge/web/assets.h"
#include "edge/web/web_int.h"

static const char immutable[] = "public, max-age=31536000, immutable";

/* Whether a list like "gzip;q=0.5, br" accepts gzip. RFC 9110, 12.5.3. */
static bool accepts_gzip(struct str list)
{
    struct str item, name, params;

    while (list.n > 0) {
        str_split_once(list, ',', &item, &list);
        str_split_once(item, ';', &name, &params);
        if (!str_eq_nocase(str_trim(name), STR("gzip")))
            continue;
        params = str_trim(params);
        /* "q=0", "q=0.", "q=0.000" say no. */
        if (!str_starts_nocase(params, STR("q=0")))
            return true;
        params = str_skip(params, 3);
        while (params.n > 0 && (params.p[0] == '.' || params.p[0] == '0'))
            params = str_skip(params, 1);
        return params.n > 0;
    }
    return false;
}

bool http_etag_known(struct str list, struct str plain, struct str gzip)
{
    struct str item;

    while (list.n > 0) {
        str_split_once(list, ',', &item, &list);
        item = str_trim(item);
        if (str_eq(item, STR("*")))
            return true;
        if (str_starts(item, STR("W/")))
            item = str_skip(item, 2);
        if (str_eq(item, plain) || (gzip.n > 0 && str_eq(item, gzip)))
            return true;
    }
    return false;
}

enum http_range http_range(struct str value, uint64_t size, uint64_t *first, uint64_t *last)
{
    struct str from, to;

    if (!str_starts_nocase(value, STR("bytes=")) ||
        !str_split_once(str_skip(value, 6), '-', &from, &to))
        return RANGE_NONE;
    *last = size - 1;
    if (from.n == 0) {
        uint64_t n;

        if (!str_to_u64(to, UINT64_MAX, &n))
            return RANGE_NONE;
        *first = n < size ? size - n : 0;
        return n > 0 && size > 0 ? RANGE_ONE : RANGE_BAD;
    }
    if (!str_to_u64(from, UINT64_MAX, first))
        return RANGE_NONE;
    if (to.n > 0 && (!str_to_u64(to, UINT64_MAX, last) || *last < *first))
        return RANGE_NONE;
    *last = MIN_OF(*last, size - 1);
    return *first < size ? RANGE_ONE : RANGE_BAD;
}

static bool wants_range(const struct http1_request *req, struct str etag)
{
    struct str cond = http1_field(req, STR("if-range"));

    return req->method == HTTP1_GET && http1_field_count(req, STR("range")) == 1 &&
           (cond.p == NULL || str_eq(cond, etag));
}

static void cut_range(struct reply *r, const struct http1_request *req)
{
    uint64_t first, last;

    switch (http_range(http1_field(req, STR("range")), r->body.n, &first, &last)) {
    case RANGE_ONE:
        r->status = 206;
        r->full = r->body.n;
        r->first = first;
        r->body = str_of(r->body.p + first, (size_t)(last - first + 1));
        break;
    case RANGE_BAD:
        r->status = 416;
        r->full = r->body.n;
        r->body = STR_NONE;
        break;
    default: break;
    }
}

/* What all files have in common; gz.n is 0 when there is no compressed form. */
static void serve(struct web_conn *c, const struct http1_request *req, struct reply *r,
                  struct str gz)
{
    struct str plain = r->etag, match = http1_field(req, STR("if-none-match"));
    bool range = wants_range(req, plain);
    char gz_etag[48];
    int n = 0;

    r->status = 200;
    r->extra = STR("Access-Control-Allow-Origin: *\r\n"); /* public, and no cookie counts */
    r->lasting = true;
    r->page = true;
    r->ranges = true;
    if (gz.n > 0) {
        n = snprintf(gz_etag, sizeof gz_etag, PRIstr "-gz\"", (int)plain.n - 1, plain.p);
        r->vary = true;
        if (!range && accepts_gzip(http1_field(req, STR("accept-encoding")))) {
            r->gzip = true;
            r->body = gz;
            r->etag = str_of(gz_etag, (size_t)n);
        }
    }
    if (match.p != NULL && http_etag_known(match, plain, str_of(gz_etag, (size_t)n))) {
        r->status = 304;
        r->type = NULL;
        r->gzip = false;
    } else if (range) {
        cut_range(r, req);
    }
    http_reply(c, req, r);
}

static bool is_root_name(struct str path)
{
    return str_eq(path, STR("index.html")) || str_eq(path, STR("robots.txt")) ||
           str_eq(path, STR("watch.html")) || str_eq(path, STR("sw.js")) ||
           str_eq(path, STR("manifest.webmanifest")) ||
           (str_starts(path, STR("favicon.")) && str_chr(path, '/') == STR_NPOS);
}

static void from_dir(struct web_conn *c, const struct http1_request *req, struct str path,
                     bool root)
{
    char etag[40];
    struct reply r = {.type = asset_type(path.p, path.n), .cache = "no-cache"};

    if ((root && !is_root_name(path)) || !http_dir_read(c, path, &r.body, etag)) {
        http_reply_status(c, req, 404);
        return;
    }
    r.etag = str_from(etag);
    serve(c, req, &r, STR_NONE);
}

void http_static(struct web_conn *c, const struct http1_request *req, struct str path, bool root)
{
    const struct asset *a;
    struct reply r = {.cache = root ? "no-cache" : immutable};

    if (c->web->dir_fd >= 0) {
        from_dir(c, req, path, root);
        return;
    }
    a = asset_find(path.p, path.n);
    if (a == NULL || a->at_root != root) {
        http_reply_status(c, req, 404);
        return;
    }
    r.type = a->type;
    r.body = str_of(a->raw, a->raw_len);
    r.etag = str_from(a->etag);
    serve(c, req, &r, str_of(a->gz, a->gz != NULL ? a->gz_len : 0));
}

void http_page(struct web_conn *c, const struct http1_request *req)
{
    http_static(c, req, STR("index.html"), true);
}

void http_player(struct web_conn *c, const struct http1_request *req)
{
    http_static(c, req, STR("watch.html"), true);
}
