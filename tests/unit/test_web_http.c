/* The HTTP side of the web edge, over fake streams: routes, files, caching, who may see what, time. */
#include "unit/web_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *get(struct fx *fx, const char *path, const char *fields)
{
    static char req[4096];
    struct stream_fake *f = fx_connect(fx);

    snprintf(req, sizeof req, "GET %s HTTP/1.1\r\nHost: h:1\r\n%s\r\n", path, fields);
    fx_send(fx, f, req);
    return fx_out(f);
}

static void serves_the_page(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    const char *out = get(fx, "/", "");

    (void)state;
    assert_has(out, "HTTP/1.1 200 OK\r\n");
    assert_has(out, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    assert_has(out, "Content-Type: text/html; charset=utf-8\r\n");
    assert_has(out, "Cache-Control: no-cache\r\n");
    assert_has(
        out, "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; ");
    assert_has(out, "connect-src 'self' ws://h:1;");
    assert_has(out, "frame-ancestors 'none'\r\n");
    assert_has(out, "Permissions-Policy: camera=(self), microphone=(self)");
    assert_has(out, "X-Content-Type-Options: nosniff\r\n");
    assert_has(out, "Referrer-Policy: no-referrer\r\n");
    assert_has(out, "Cross-Origin-Opener-Policy: same-origin\r\n");
    assert_has_not(out, "Strict-Transport-Security");
    assert_has_not(out, "unsafe");
    assert_has(get(fx, "/r/0a1b2c3d4e5f6", ""), "text/html");
    assert_has(get(fx, "/r/", ""), "HTTP/1.1 404 ");
    assert_has(get(fx, "/r/a/b", ""), "HTTP/1.1 404 ");
    assert_has(get(fx, "/u/mina", ""), "text/html");
    assert_has(get(fx, "/i/7KQ2M3XPZ8TN", ""), "text/html");
    assert_has(get(fx, "/u/", ""), "HTTP/1.1 404 ");
    assert_has(get(fx, "/i/a/b", ""), "HTTP/1.1 404 ");
    assert_has(get(fx, "/nothing", ""), "HTTP/1.1 404 Not Found\r\n");
    assert_has(get(fx, "/../etc/passwd", ""), "HTTP/1.1 404 ");
    fx_free(fx);
}

static void serves_assets_for_good(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    const struct asset *a = NULL;
    char path[300], field[300];
    const char *out;
    struct stream_fake *f;

    (void)state;
    for (size_t i = 0; i < assets_count; i++)
        if (!assets_table[i].at_root && assets_table[i].gz != NULL && assets_table[i].raw_len > 100)
            a = &assets_table[i];
    assert_non_null(a);
    snprintf(path, sizeof path, "/a/%s/%s", assets_tree, a->path);
    out = get(fx, path, "");
    assert_has(out, "Cache-Control: public, max-age=31536000, immutable\r\n");
    assert_has(out, "Vary: Accept-Encoding\r\n");
    assert_has_not(out, "Content-Encoding");
    snprintf(field, sizeof field, "Content-Length: %zu\r\n", a->raw_len);
    assert_has(out, field);
    assert_memory_equal(strstr(out, "\r\n\r\n") + 4, a->raw, 64);

    out = get(fx, path, "Accept-Encoding: br, gzip;q=0.8\r\n");
    assert_has(out, "Content-Encoding: gzip\r\n");
    snprintf(field, sizeof field, "Content-Length: %zu\r\n", a->gz_len);
    assert_has(out, field);
    assert_has(out, "-gz\"\r\n");
    assert_has_not(get(fx, path, "Accept-Encoding: gzip;q=0\r\n"), "Content-Encoding");
    assert_has_not(get(fx, path, "Accept-Encoding: gzip;q=0.00\r\n"), "Content-Encoding");
    assert_has(get(fx, path, "Accept-Encoding: gzip;q=0.01\r\n"), "Content-Encoding");
    assert_has_not(get(fx, path, "Accept-Encoding: xgzip\r\n"), "Content-Encoding");

    snprintf(field, sizeof field, "If-None-Match: \"x\", W/%s\r\n", a->etag);
    out = get(fx, path, field);
    assert_has(out, "HTTP/1.1 304 Not Modified\r\n");
    assert_has_not(out, "Content-Length");
    assert_int_equal(strlen(strstr(out, "\r\n\r\n")), 4);
    assert_has(get(fx, path, "If-None-Match: \"x\"\r\n"), "200 OK");
    assert_has(get(fx, "/a/0000000000000000/main.js", ""), "404 Not Found");
    fx_free(fx);

    fx = fx_new_with(NULL);
    snprintf(path, sizeof path, "/%s", a->path);
    assert_has(get(fx, path, ""), "404 Not Found"); /* only below the hash */
    f = fx_connect(fx);
    snprintf(path, sizeof path, "HEAD /a/%s/%s HTTP/1.1\r\nHost: h\r\n\r\n", assets_tree, a->path);
    fx_send(fx, f, path);
    out = fx_out(f);
    snprintf(field, sizeof field, "Content-Length: %zu\r\n", a->raw_len);
    assert_has(out, field);
    assert_int_equal(strlen(strstr(out, "\r\n\r\n")), 4);
    fx_free(fx);
}

static void serves_ranges(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    const struct asset *a = asset_find("index.html", 10);
    char field[200];
    const char *out;

    (void)state;
    out = get(fx, "/", "Range: bytes=1-4\r\nAccept-Encoding: gzip\r\n");
    assert_has(out, "HTTP/1.1 206 Partial Content\r\n");
    snprintf(field, sizeof field, "Content-Range: bytes 1-4/%zu\r\n", a->raw_len);
    assert_has(out, field);
    assert_has(out, "Content-Length: 4\r\n");
    assert_has_not(out, "Content-Encoding");
    assert_memory_equal(strstr(out, "\r\n\r\n") + 4, a->raw + 1, 4);
    out = get(fx, "/", "Range: bytes=-3\r\n");
    assert_has(out, "Content-Length: 3\r\n");
    assert_memory_equal(strstr(out, "\r\n\r\n") + 4, a->raw + a->raw_len - 3, 3);
    snprintf(field, sizeof field, "Range: bytes=%zu-\r\n", a->raw_len - 2);
    assert_has(get(fx, "/", field), "Content-Length: 2\r\n");
    snprintf(field, sizeof field, "Range: bytes=%zu-\r\n", a->raw_len);
    out = get(fx, "/", field);
    assert_has(out, "HTTP/1.1 416 Range Not Satisfiable\r\n");
    snprintf(field, sizeof field, "Content-Range: bytes */%zu\r\n", a->raw_len);
    assert_has(out, field);
    assert_has(get(fx, "/", "Range: bytes=-0\r\n"), " 416 ");
    assert_has(get(fx, "/", "Range: bytes=0-1,3-4\r\n"), "200 OK");
    assert_has(get(fx, "/", "Range: bytes=4-1\r\n"), "200 OK");
    assert_has(get(fx, "/", "Range: lines=1-2\r\n"), "200 OK");
    assert_has(get(fx, "/", "Range: bytes=1-2\r\nIf-Range: \"old\"\r\n"), "200 OK");
    snprintf(field, sizeof field, "Range: bytes=1-2\r\nIf-Range: %s\r\n", a->etag);
    assert_has(get(fx, "/", field), "206 Partial");
    fx_free(fx);
}

static void refuses_methods(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);

    (void)state;
    fx_send(fx, f, "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n");
    const char *out = fx_out(f);
    assert_has(out, "HTTP/1.1 405 Method Not Allowed\r\n");
    assert_has(out, "Allow: GET, HEAD\r\n");
    assert_false(f->s.closing); /* it may go on */
    fx_send(fx, f, "GET /api/send/aaaaaaaaaaaaaaaaaaaaaa/t HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_has(fx_out(f), "Allow: POST\r\n");
    fx_send(fx, f, "POST /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n");
    out = fx_out(f);
    assert_has(out, "405 ");
    assert_has(out, "Connection: close\r\n");
    assert_true(f->s.closing); /* nobody reads that body */
    fx_free(fx);
    fx = fx_new_with(NULL);
    f = fx_connect(fx);
    fx_send(fx, f,
            "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 25\r\n\r\nGET /evil HTTP/1.1\r\n\r\n   ");
    out = fx_out(f);
    assert_has(out, "HTTP/1.1 400 ");
    assert_has_not(out + 10, "HTTP/1.1");
    assert_true(f->s.closing);
    fx_free(fx);
}

static void keeps_alive_and_pipelines_in_order(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);
    const char *out, *a, *b, *c;

    (void)state;
    fx_send(fx, f,
            "GET /one HTTP/1.1\r\nHost: h\r\n\r\n"
            "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
            "BREW / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    out = fx_out(f);
    a = strstr(out, "HTTP/1.1 404");
    b = strstr(out, "HTTP/1.1 200");
    c = strstr(out, "HTTP/1.1 501");
    assert_non_null(a);
    assert_true(a < b && b < c);
    assert_has(c, "Connection: close\r\n");
    assert_null(strstr(c + 10, "HTTP/1.1"));
    assert_true(f->s.closing);
    /* one byte at a time gives the same */
    f = fx_connect(fx);
    const char *text = "GET /one HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: "
                       "h\r\nConnection: close\r\n\r\n";
    for (const char *p = text; *p; p++)
        fx_send_n(fx, f, p, 1);
    out = fx_out(f);
    a = strstr(out, "HTTP/1.1 404");
    assert_non_null(a);
    assert_non_null(strstr(a + 5, "HTTP/1.1 404"));
    assert_true(f->s.closing);
    f = fx_connect(fx);
    fx_send(fx, f, "GET /one HTTP/1.0\r\n\r\n");
    assert_has(fx_out(f), "Connection: close");
    assert_true(f->s.closing);
    fx_free(fx);
}

static void survives_short_writes(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *whole = fx_connect(fx), *f = fx_connect(fx);
    size_t n = 0;

    (void)state;
    fx_send(fx, whole, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    f->room = 0;
    fx_send(fx, f, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    while (f->out_len < whole->out_len && n++ < 100000) {
        stream_fake_room(f, 1);
        fx_round(fx);
    }
    assert_int_equal(f->out_len, whole->out_len);
    assert_memory_equal(f->out, whole->out, f->out_len);
    fx_free(fx);
}

static void closes_what_is_too_slow(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *silent = fx_connect(fx), *head = fx_connect(fx), *idle = fx_connect(fx);
    struct stream_fake *body = fx_connect(fx), *reader = fx_connect(fx);

    (void)state;
    reader->room = 10;
    fx_send(fx, idle, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    fx_send(fx, body,
            "POST /api/send/aaaaaaaaaaaaaaaaaaaaaa/t HTTP/1.1\r\nHost: h\r\nContent-Length: "
            "10\r\n\r\n12");
    fx_send(fx, reader, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    fx_out(idle);
    /* one byte each second: the deadline is for the whole head */
    for (int i = 0; i < 12; i++) {
        stream_fake_feed(head, &"GET / HTTP/1."[i], 1);
        fx_wait(fx, FX_SECOND);
    }
    assert_true(silent->s.closing);
    assert_has(fx_out(head), "HTTP/1.1 408 Request Timeout\r\n");
    assert_true(head->s.closing);
    assert_false(idle->s.closing);
    fx_wait(fx, 20 * FX_SECOND);
    assert_has(fx_out(body), "HTTP/1.1 408 ");
    assert_true(body->s.closing);
    assert_true(reader->s.closing);
    assert_false(idle->s.closing);
    fx_wait(fx, 60 * FX_SECOND);
    assert_true(idle->s.closing);
    assert_int_equal(strlen(fx_out(idle)), 0);
    fx_free(fx);
}

static void with_tls(struct web_conf *conf)
{
    static struct cidr proxies[2];

    cidr_parse(&proxies[0], STR("10.0.0.0/8"));
    cidr_parse(&proxies[1], STR("127.0.0.1"));
    conf->tls = true;
    conf->hsts = true;
    conf->trusted = proxies;
    conf->n_trusted = 1;
    conf->metrics = proxies;
    conf->n_metrics = 0;
}

static const char *get_as(struct fx *fx, const char *ip, bool tls, const char *path,
                          const char *fields)
{
    static char req[4096];
    struct stream_fake *f = fx_connect_as(fx, ip, tls);

    snprintf(req, sizeof req, "GET %s HTTP/1.1\r\nHost: h:1\r\n%s\r\n", path, fields);
    fx_send(fx, f, req);
    return fx_out(f);
}

static void sends_plain_http_to_https(void **state)
{
    struct fx *fx = fx_new_with(with_tls);
    const char *out = get_as(fx, "192.0.2.1", false, "/r/x?a=b", "");

    (void)state;
    assert_has(out, "HTTP/1.1 308 Permanent Redirect\r\n");
    assert_has(out, "Location: https://h:1/r/x?a=b\r\n");
    assert_has_not(out, "Strict-Transport-Security");
    assert_has(get_as(fx, "192.0.2.1", false, "/metrics", ""), " 308 ");
    fx->ca = STR("-----BEGIN");
    out = get_as(fx, "192.0.2.1", false, "/ca.crt", "");
    assert_has(out, "200 OK");
    assert_has(out, "Content-Type: application/x-x509-ca-cert\r\n");
    assert_has(out, "\r\n\r\n-----BEGIN");
    fx->ca = STR_NONE;
    assert_has(get_as(fx, "192.0.2.1", true, "/ca.crt", ""), "404 ");
    out = get_as(fx, "192.0.2.1", true, "/", "");
    assert_has(out, "Strict-Transport-Security: max-age=31536000\r\n");
    assert_has(out, "connect-src 'self' wss://h:1;");
    /* a trusted proxy that ended TLS; and somebody who only says so */
    assert_has(get_as(fx, "10.1.1.1", false, "/", "X-Forwarded-Proto: https\r\n"), "200 OK");
    assert_has(get_as(fx, "192.0.2.1", false, "/", "X-Forwarded-Proto: https\r\n"), " 308 ");
    fx_free(fx);
}

static void guards_metrics(void **state)
{
    struct fx *fx = fx_new_with(with_tls);
    const char *out = get_as(fx, "127.0.0.1", true, "/metrics", "");

    (void)state;
    assert_has(out, "200 OK");
    assert_has(out, "# TYPE madang_http_responses_total counter");
    assert_has(get_as(fx, "::1", true, "/metrics", ""), "200 OK");
    assert_has(get_as(fx, "192.0.2.1", true, "/metrics", ""), "403 Forbidden");
    assert_has(get_as(fx, "127.0.0.1", true, "/metrics", "X-Forwarded-For: 127.0.0.1\r\n"), "403 ");
    assert_has(get_as(fx, "127.0.0.1", true, "/metrics", "Via: 1.1 x\r\n"), "403 ");
    assert_has(get_as(fx, "127.0.0.1", true, "/metrics", "Forwarded: for=127.0.0.1\r\n"), "403 ");
    /* through a trusted proxy the client's address counts */
    assert_has(get_as(fx, "10.0.0.1", true, "/metrics", "X-Forwarded-For: 192.0.2.9\r\n"), "403 ");
    assert_has(
        get_as(fx, "10.0.0.1", true, "/metrics", "X-Forwarded-For: 127.0.0.1, 192.0.2.9\r\n"),
        "403 ");
    assert_has(
        get_as(fx, "10.0.0.1", true, "/metrics", "X-Forwarded-For: 192.0.2.9, 127.0.0.1\r\n"),
        "200 ");
    assert_has(get_as(fx, "10.0.0.1", true, "/metrics", "X-Forwarded-For: 127.0.0.1, 10.0.0.2\r\n"),
               "200 ");
    assert_has(get_as(fx, "10.0.0.1", true, "/metrics", "X-Forwarded-For: 127.0.0.1, junk\r\n"),
               "403 ");
    fx_free(fx);
}

static void reports_health(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    const char *out = get(fx, "/healthz", "");
    struct stream_fake *idle = fx_connect(fx), *half = fx_connect(fx);

    (void)state;
    assert_has(out, "200 OK");
    assert_has(out, "{\"status\":\"ok\",\"sessions\":0}");
    fx_send(fx, idle, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    fx_send(fx, half, "GET /healthz HT");
    web_drain(fx->web, fx->now);
    fx_round(fx);
    assert_true(idle->s.closing);
    assert_false(half->s.closing);
    fx_send(fx, half, "TP/1.1\r\nHost: h\r\n\r\n");
    out = fx_out(half);
    assert_has(out, "503 Service Unavailable");
    assert_has(out, "\"draining\"");
    assert_has(out, "Connection: close");
    assert_true(half->s.closing);
    fx_free(fx);
}

static void no_page(struct web_conf *conf)
{
    conf->alone = true;
    conf->tls = true;
}

/* madang turn: health and numbers, also without TLS, and nothing else. */
static void without_a_page(void **state)
{
    static const char *const other[] = {
        "/",       "/r/room",   "/a/x",           "/ca.crt",
        "/api/ws", "/healthz/", "/sdk/madang.js", "/api/stream/0123456789abcdefABCDEF"};
    struct fx *fx = fx_new_with(no_page);
    struct stream_fake *post = fx_connect(fx);

    (void)state;
    assert_has(get_as(fx, "192.0.2.8", false, "/healthz", ""), "200 OK");
    assert_has(get_as(fx, "192.0.2.8", true, "/healthz", ""), "200 OK");
    assert_has(get_as(fx, "127.0.0.1", false, "/metrics", ""), "200 OK");
    assert_has(get_as(fx, "192.0.2.8", false, "/metrics", ""), "403 ");
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        const char *out = get_as(fx, "192.0.2.8", i % 2, other[i], "");
        assert_has(out, "404 Not Found");
        assert_has(out, "there is no page here");
    }
    fx_send(fx, post, "POST /api/send/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    const char *refused = fx_out(post);
    assert_has(refused, "404 Not Found");
    assert_has(refused, "Connection: close");
    fx_free(fx);
}

static void few_requests(struct web_conf *conf)
{
    conf->rate_burst = 3;
    conf->rate_every_us = FX_SECOND;
}

static void limits_requests_per_address(void **state)
{
    struct fx *fx = fx_new_with(few_requests);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_has(get(fx, "/healthz", ""), "200 OK");
    assert_has(get(fx, "/healthz", ""), "HTTP/1.1 429 Too Many Requests\r\n");
    assert_has(get_as(fx, "192.0.2.8", false, "/healthz", ""), "200 OK");
    for (int i = 0; i < 4; i++)
        assert_has(get_as(fx, "127.0.0.1", false, "/healthz", ""), "200 OK");
    fx_wait(fx, FX_SECOND);
    assert_has(get(fx, "/healthz", ""), "200 OK");
    assert_has(get(fx, "/healthz", ""), "429 ");
    fx_free(fx);
}

/* ---- --web-dir ------------------------------------------------------------------------------ */

static char folder[] = "/tmp/test-web-XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[200];
    int fd;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void from_folder(struct web_conf *conf)
{
    conf->web_dir = folder;
}

static void serves_a_folder(void **state)
{
    char path[200];
    struct fx *fx;
    const char *out;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/sub", folder);
    mkdir(path, 0700);
    write_file("index.html", "<base href=@ASSETS@/>");
    write_file("sub/a.js", "export {}");
    write_file(".secret", "no");
    snprintf(path, sizeof path, "%s/link.js", folder);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof path, "%s/up", folder);
    assert_int_equal(symlink("/etc", path), 0);
    fx = fx_new_with(from_folder);

    assert_has(get(fx, "/", ""), "\r\n\r\n<base href=/a/dev/>");
    out = get(fx, "/a/dev/sub/a.js", "");
    assert_has(out, "Content-Type: text/javascript; charset=utf-8\r\n");
    assert_has(out, "Cache-Control: no-cache\r\n");
    assert_has(out, "\r\n\r\nexport {}");
    write_file("sub/a.js", "export const a = 1;");
    assert_has(get(fx, "/a/dev/sub/a.js", ""), "\r\n\r\nexport const a = 1;");
    const char *bad[] = {
        "/a/dev/.secret", "/a/dev/link.js", "/a/dev/up/passwd",        "/a/dev/../x",
        "/a/dev/sub",     "/a/dev/sub/",    "/a/dev//etc/passwd",      "/a/dev/%2e%2e/x",
        "/a/dev/",        "/sub/a.js",      "/a/dev/sub/../index.html"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct stream_fake *f = fx->st[0];
        char req[200];

        snprintf(req, sizeof req, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", bad[i]);
        fx_send(fx, f, req);
        assert_has(fx_out(f), "HTTP/1.1 404 ");
    }
    fx_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_the_page),
        cmocka_unit_test(serves_assets_for_good),
        cmocka_unit_test(serves_ranges),
        cmocka_unit_test(refuses_methods),
        cmocka_unit_test(keeps_alive_and_pipelines_in_order),
        cmocka_unit_test(survives_short_writes),
        cmocka_unit_test(closes_what_is_too_slow),
        cmocka_unit_test(sends_plain_http_to_https),
        cmocka_unit_test(guards_metrics),
        cmocka_unit_test(reports_health),
        cmocka_unit_test(without_a_page),
        cmocka_unit_test(limits_requests_per_address),
        cmocka_unit_test(serves_a_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
