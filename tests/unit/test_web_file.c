/* Files by HTTP at the web edge: what goes out (types, ranges, pieces, a file that vanishes) and what comes in
 * (parts, resuming, a full disk, clients that go). */
#include "web_fixture.h"

#define ID     "0000000000005" /* 5 */
#define FILE_5 ((struct disk_name){DISK_FILE, 5, 0})
#define UP_5   ((struct disk_name){DISK_UPLOAD, 5, 0})

static struct file_grant grant;

static struct fx *new_with(const char *type, const char *text)
{
    struct fx *fx = fx_new_with(NULL);
    grant = (struct file_grant){.name = FILE_5, .type = str_from(type), .stamp = 9};
    fx->grant = &grant;
    if (text)
        disk_inline_put(&fx->disk, FILE_5, text);
    return fx;
}

static const char *get(struct fx *fx, const char *path, const char *fields)
{
    char request[600];
    struct stream_fake *f = fx->n_st > 0 && !fx->st[0]->s.closing ? fx->st[0] : fx_connect(fx);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n", path, fields);
    fx_send(fx, f, request);
    fx_round(fx);
    return fx_out(f);
}

/* ---- out ---- */

static void a_picture_is_shown(void **state)
{
    (void)state;
    struct fx *fx = new_with("image/png", "0123456789");
    const char *out =
        get(fx, "/api/file/" ID, "Cookie: madang=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\r\n");
    assert_string_equal(fx->heard, "fetch 1 5 0;");
    assert_true(fx->visitor.has_cookie);
    assert_has(out, "HTTP/1.1 200 OK\r\n");
    assert_has(out, "Content-Type: image/png\r\n");
    assert_has(out, "Content-Disposition: inline\r\n");
    assert_has(out, "X-Content-Type-Options: nosniff\r\n");
    assert_has(out, "Content-Security-Policy: sandbox; default-src 'none'\r\n");
    assert_has(out, "Cross-Origin-Resource-Policy: same-origin\r\n");
    assert_has(out, "Cache-Control: private, max-age=31536000, immutable\r\n");
    assert_has(out, "ETag: \"5-0-9\"\r\n");
    assert_has(out, "Content-Length: 10\r\n\r\n0123456789");
    fx->heard[0] = 0;
    assert_has(get(fx, "/api/avatar/" ID "/96?77", ""), " 200 ");
    assert_has(get(fx, "/api/avatar/" ID "/512", ""), " 200 ");
    assert_has(get(fx, "/api/file/" ID "/thumb", ""), " 200 ");
    assert_string_equal(fx->heard, "fetch 0 5 96;fetch 0 5 512;fetch 1 5 1;");
    fx_free(fx);
}

static void all_else_is_saved(void **state)
{
    (void)state;
    static const char *const types[] = {
        "text/html",  "image/svg+xml",   "application/xhtml+xml",
        "text/plain", "application/pdf", "image/png\r\nX: y",
        "image/PNG",  "image/png;x",     "",
        "video/mp4",
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct fx *fx = new_with(types[i], "<script>");
        grant.filename = STR("a \"b\"\r\nX-Evil: 1;김.html");
        const char *out = get(fx, "/api/file/" ID, "");
        assert_has(out, "Content-Type: application/octet-stream\r\n");
        assert_has(out, "\r\nContent-Disposition: attachment; filename*=UTF-8''"
                        "a%20%22b%22%0D%0AX-Evil%3A%201%3B%EA%B9%80.html\r\n");
        assert_has(out, "Content-Security-Policy: sandbox; default-src 'none'\r\n");
        assert_has_not(out, "X: y");
        fx_free(fx);
    }
}

static void a_recording_is_saved_and_plays(void **state)
{
    (void)state;
    struct fx *fx = new_with("video/webm", "0123456789");
    grant.as_said = true;
    grant.filename = STR("Talk 0001-camera.webm");
    const char *out = get(fx, "/api/recording/" ID "/0001-camera.webm", "Range: bytes=2-4\r\n");
    assert_has(out, " 206 ");
    assert_has(out, "Content-Type: video/webm\r\n");
    assert_has(out,
               "Content-Disposition: attachment; filename*=UTF-8''Talk%200001-camera.webm\r\n");
    assert_has(out, "X-Content-Type-Options: nosniff\r\n");
    assert_has(out, "Cache-Control: private, no-cache\r\n");
    assert_has(out, "Content-Range: bytes 2-4/10\r\n");
    assert_has(out, "\r\n\r\n234");
    assert_has(get(fx, "/api/recording/" ID "/manifest.json", ""), " 200 ");
    assert_has(get(fx, "/api/recording/" ID "/0012-mic.mkv", ""), " 200 ");
    assert_string_equal(fx->heard, "fetch 4 5 65537;fetch 4 5 0;fetch 4 5 1048588;");
    fx_free(fx);
}

static void names_are_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "/api/file/",
        "/api/file/..",
        "/api/file/../../etc/passwd",
        "/api/file/%2e%2e%2fetc",
        "/api/file/" ID "/",
        "/api/file/" ID "/../x",
        "/api/file/" ID "/thumbs",
        "/api/file/000000000000",
        "/api/file/00000000000055",
        "/api/file/0000000000000",
        "/api/file/000000000000u",
        "/api/file/%30000000000005",
        "/api/avatar/" ID,
        "/api/avatar/" ID "/",
        "/api/avatar/" ID "/97",
        "/api/avatar/" ID "/96/",
        "/api/avatar/" ID "/96/../512",
        "/api/avatar//96",
        "/api/recording/" ID,
        "/api/recording/" ID "/",
        "/api/recording/" ID "/0000-mic.webm",
        "/api/recording/" ID "/1-mic.webm",
        "/api/recording/" ID "/00001-mic.webm",
        "/api/recording/" ID "/0001-mic.webm/",
        "/api/recording/" ID "/0001-mic.webm%00",
        "/api/recording/" ID "/0001-MIC.webm",
        "/api/recording/" ID "/0001-other.webm",
        "/api/recording/" ID "/0001-mic.mp4",
        "/api/recording/" ID "/../" ID "/0001-mic.webm",
        "/api/recording/" ID "/manifest.json.new",
        "/api/recording/..%2f" ID "/manifest.json",
    };
    struct fx *fx = new_with("image/png", "x");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *out = get(fx, bad[i], "");
        if (!strstr(out, " 404 ") && !strstr(out, " 400 "))
            fail_msg("%s: %s", bad[i], out);
        if (fx->st[0]->s.closing || strstr(out, "Connection: close")) {
            fx_free(fx);
            fx = new_with("image/png", "x");
        }
    }
    assert_string_equal(fx->heard, "");
    fx_free(fx);
}

static void who_may_not_hears_that_there_is_none(void **state)
{
    (void)state;
    struct fx *fx = new_with("image/png", NULL);
    fx->grant = NULL;
    get(fx, "/api/file/" ID, "");
    web_file_grant(fx->web, fx->call, NULL);
    fx_round(fx);
    char *refused = str_dup(str_from(fx_out(fx->st[0])));
    assert_has(refused, " 404 ");
    assert_has(refused, "{\"type\":\"error\",\"code\":\"unknown\"");
    fx->grant = &grant; /* granted, but the bytes are lost: it looks the same */
    const char *out = get(fx, "/api/file/" ID, "");
    assert_string_equal(out, refused);
    xfree(refused);
    fx_free(fx);
}

static void ranges_and_etags(void **state)
{
    (void)state;
    struct fx *fx = new_with("image/png", "0123456789");
    static const struct {
        const char *fields, *has, *body;
    } cases[] = {
        {"Range: bytes=2-4\r\n", "Content-Range: bytes 2-4/10\r\n", "\r\n\r\n234"},
        {"Range: bytes=7-\r\n", "Content-Range: bytes 7-9/10\r\n", "\r\n\r\n789"},
        {"Range: bytes=-1\r\n", "Content-Range: bytes 9-9/10\r\n", "\r\n\r\n9"},
        {"Range: bytes=10-\r\n", "Content-Range: bytes */10\r\n", "Content-Length: 0\r\n\r\n"},
        {"Range: bytes=0-1,3-4\r\n", " 200 OK", "\r\n\r\n0123456789"},
        {"Range: bytes=2-4\r\nIf-Range: \"5-0-9\"\r\n", " 206 ", "\r\n\r\n234"},
        {"Range: bytes=2-4\r\nIf-Range: \"5-0-8\"\r\n", " 200 OK", "\r\n\r\n0123456789"},
        {"Range: bytes=2-4\r\nRange: bytes=5-6\r\n", " 200 OK", "\r\n\r\n0123456789"},
        {"If-None-Match: W/\"5-0-9\"\r\n", " 304 Not Modified\r\n", "\r\n\r\n"},
        {"If-None-Match: \"5-0-8\"\r\n", " 200 OK", "\r\n\r\n0123456789"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *out = get(fx, "/api/file/" ID, cases[i].fields);
        assert_has(out, cases[i].has);
        size_t n = strlen(out), m = strlen(cases[i].body);
        assert_true(n > m);
        assert_string_equal(out + n - m, cases[i].body);
    }
    fx_send(fx, fx->st[0], "HEAD /api/file/" ID " HTTP/1.1\r\nHost: h\r\n\r\n");
    const char *out = fx_out(fx->st[0]);
    assert_has(out, "Content-Length: 10\r\n");
    assert_string_equal(out + strlen(out) - 4, "\r\n\r\n");
    assert_has(get(fx, "/healthz", ""), " 200 "); /* the connection goes on */
    fx_free(fx);
}

/* Bigger than a piece, to a reader that takes little at a time: never more than a piece is held. */
static void long_files_leave_piece_by_piece(void **state)
{
    (void)state;
    enum { SIZE = 3 * DISK_PIECE_MAX + 17 };
    struct fx *fx = new_with("image/png", "x");
    char *text = malloc(SIZE + 1);
    for (int i = 0; i < SIZE; i++)
        text[i] = (char)('a' + i % 23);
    text[SIZE] = 0;
    for (int at = 0; at < SIZE; at += DISK_PIECE_MAX) {
        uint8_t none[1];
        struct disk_answer a;
        disk_do(fx->disk.disk,
                &(struct disk_request){
                    .op = DISK_WRITE,
                    .name = FILE_5,
                    .at = (uint64_t)at,
                    .data = str_of(text + at, (size_t)MIN_OF(SIZE - at, DISK_PIECE_MAX))},
                none, &a);
        assert_int_equal(a.status, DISK_OK);
    }
    struct stream_fake *f = fx_connect(fx);
    stream_fake_room(f, 1000);
    fx_send(fx, f,
            "GET /api/file/" ID
            " HTTP/1.1\r\nHost: h\r\n\r\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
    size_t got = 0, body = 0;
    char *all = malloc(SIZE + 4000);
    for (int rounds = 0; rounds < 1000 && !body; rounds++) {
        memcpy(all + got, f->out, f->out_len);
        got += f->out_len;
        unsigned asked = fx->disk.asked;
        stream_fake_take(f, f->out_len);
        stream_fake_room(f, 1000);
        fx_round(fx);
        assert_true(fx->disk.asked <= asked + 1);
        if (got > SIZE + 1000)
            body = 1;
    }
    all[got] = 0;
    char *at = strstr(all, "\r\n\r\n");
    assert_non_null(at);
    assert_memory_equal(at + 4, text, SIZE);
    assert_memory_equal(at + 4 + SIZE, "HTTP/1.1 200 OK", 15); /* and then the next answer */
    assert_int_equal(fx->disk.asked, 4);
    free(all);
    free(text);
    fx_free(fx);
}

static void what_cannot_be_sent_ends_the_connection(void **state)
{
    (void)state;
    static const enum disk_status bad[] = {DISK_FAILED, DISK_MISSING, DISK_BUSY};
    static const char *const status[] = {" 500 ", " 404 ", " 503 "};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct fx *fx = new_with("image/png", "x");
        fx->disk.fail = bad[i];
        assert_has(get(fx, "/api/file/" ID, ""), status[i]);
        fx->disk.fail = DISK_OK;
        fx->disk.refuse = true;
        assert_has(get(fx, "/api/file/" ID, ""), " 503 ");
        fx_free(fx);
    }
    /* in the middle: there is no status any more */
    struct fx *fx = new_with("image/png", NULL);
    char piece[DISK_PIECE_MAX];
    memset(piece, 'x', sizeof piece);
    piece[sizeof piece - 1] = 0;
    disk_inline_put(&fx->disk, FILE_5, piece);
    uint8_t none[1];
    struct disk_answer a;
    disk_do(fx->disk.disk,
            &(struct disk_request){
                .op = DISK_WRITE, .name = FILE_5, .at = sizeof piece - 1, .data = STR("and more")},
            none, &a);
    struct stream_fake *f = fx_connect(fx);
    fx->disk.hold = true;
    fx_send(fx, f, "GET /api/file/" ID " HTTP/1.1\r\nHost: h\r\n\r\n");
    fx->disk.hold = false;
    disk_inline_answer(&fx->disk, fx_disk_done, fx);
    disk_inline_put(&fx->disk, FILE_5, "short now");
    fx_round(fx);
    assert_has(fx_out(f), " 200 OK");
    assert_true(f->s.closing);
    fx_free(fx);
}

static void the_reader_may_go(void **state)
{
    (void)state;
    struct fx *fx = new_with("image/png", "0123456789");
    fx->disk.hold = true;
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, "GET /api/file/" ID " HTTP/1.1\r\nHost: h\r\n\r\n");
    stream_fake_break(f, STREAM_RESET);
    fx_round(fx);
    fx->disk.hold = false;
    fx_round(fx); /* the answer finds nobody */
    f = fx_connect(fx);
    fx->disk.hold = true;
    fx_send(fx, f, "GET /api/file/" ID " HTTP/1.1\r\nHost: h\r\n\r\n");
    fx_wait(fx, fx->conf.call_us + FX_SECOND);
    assert_has(fx_out(f), " 503 ");
    fx->disk.hold = false;
    fx_round(fx);
    assert_string_equal(fx_out(f), "");
    fx_free(fx);
}

/* ---- in ---- */

#define PUT_AS(fields) \
    "PUT /api/upload/" ID " HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\n" fields "\r\n"

static struct fx *upload_of(uint64_t size)
{
    struct fx *fx = new_with("", NULL);
    disk_inline_open(&fx->disk);
    grant.name = UP_5;
    grant.size = size;
    return fx;
}

static const char *put(struct fx *fx, const char *request)
{
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, request);
    fx_round(fx);
    fx_round(fx);
    return fx_out(f);
}

static void assert_file(struct fx *fx, const char *want)
{
    static uint8_t into[DISK_PIECE_MAX];
    struct disk_answer a;
    disk_do(fx->disk.disk,
            &(struct disk_request){.op = DISK_READ, .name = UP_5, .n = DISK_PIECE_MAX}, into, &a);
    assert_true(str_eq(a.data, str_from(want)));
}

static void an_upload_comes_whole_or_in_parts(void **state)
{
    (void)state;
    struct fx *fx = upload_of(10);
    const char *out = put(fx, PUT_AS("Content-Length: 10\r\n") "0123456789");
    assert_string_equal(fx->heard, "fetch 2 5 0;fetch 3 5 0;");
    assert_has(out, "{\"all\":true}");
    assert_file(fx, "0123456789");
    fx_free(fx);
    fx = upload_of(10);
    out = put(fx, PUT_AS("Content-Range: bytes 0-3/10\r\nContent-Length: 4\r\n") "0123");
    assert_has(out, " 200 OK");
    assert_has(out, "Upload-Offset: 4\r\nUpload-Length: 10\r\n");
    assert_has(out, "{\"have\":4,\"size\":10}");
    assert_string_equal(fx->heard, "fetch 2 5 0;");
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, "HEAD /api/upload/" ID " HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_has(fx_out(f), "Upload-Offset: 4\r\n");
    out = put(fx, PUT_AS("Content-Range: bytes 3-9/10\r\nContent-Length: 7\r\n") "3456789");
    assert_has(out, " 409 ");
    assert_has(out, "{\"have\":4,\"size\":10}");
    assert_has(out, "Connection: close\r\n");
    out = put(fx, PUT_AS("Content-Range: bytes 4-9/10\r\nContent-Length: 6\r\n") "456789");
    assert_has(out, "{\"all\":true}");
    assert_file(fx, "0123456789");
    fx_free(fx);
}

static void what_broke_off_goes_on(void **state)
{
    (void)state;
    enum { SIZE = 2 * DISK_PIECE_MAX + 100 };
    struct fx *fx = upload_of(SIZE);
    struct stream_fake *f = fx_connect(fx);
    char *body = malloc(SIZE + 1);
    memset(body, 'x', SIZE);
    body[SIZE] = 0;
    char head[300];
    snprintf(head, sizeof head, PUT_AS("Content-Length: %d\r\n"), SIZE);
    fx_send(fx, f, head);
    for (int at = 0; at < SIZE - 50; at += 5000)
        fx_send_n(fx, f, body + at, (size_t)MIN_OF(5000, SIZE - 50 - at));
    stream_fake_break(f, STREAM_RESET);
    fx_round(fx);
    f = fx_connect(fx);
    fx_send(fx, f, "HEAD /api/upload/" ID " HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_has(fx_out(f), "Upload-Offset: 131072\r\n"); /* whole pieces */
    f = fx_connect(fx);
    snprintf(head, sizeof head,
             PUT_AS("Content-Range: bytes 131072-%d/%d\r\nContent-Length: 100\r\n"), SIZE - 1,
             SIZE);
    fx_send(fx, f, head);
    fx_send_n(fx, f, body, 100);
    fx_round(fx);
    assert_has(fx_out(f), "{\"all\":true}");
    assert_int_equal(disk_bytes(fx->disk.disk), SIZE);
    free(body);
    fx_free(fx);
}

/* While a piece is being written nothing more is taken: the sender feels it. */
static void a_slow_disk_holds_the_sender(void **state)
{
    (void)state;
    struct fx *fx = upload_of(300000);
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, PUT_AS("Content-Length: 300000\r\n"));
    fx_round(fx);
    fx->disk.hold = true;
    static char body[DISK_PIECE_MAX];
    memset(body, 'x', sizeof body);
    fx_send_n(fx, f, body, sizeof body);
    unsigned asked = fx->disk.asked;
    assert_true(fx->disk.waiting == 1);
    fx_send_n(fx, f, body, 30000);
    assert_true(f->s.paused);
    assert_int_equal(fx->disk.asked, asked);
    fx->disk.hold = false;
    fx_round(fx);
    assert_false(f->s.paused);
    fx_free(fx);
}

static void uploads_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *request, *status;
    } bad[] = {
        {"PUT /api/upload/" ID " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", " 403 "},
        {"PUT /api/upload/" ID
         " HTTP/1.1\r\nHost: h\r\nOrigin: http://x\r\nContent-Length: 2\r\n\r\nab",
         " 403 "},
        {"PUT /api/upload/../5 HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\nContent-Length: "
         "2\r\n\r\nab",
         " 404 "},
        {"PUT /api/upload/" ID
         "/x HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\nContent-Length: 2\r\n\r\nab",
         " 404 "},
        {PUT_AS(""), " 411 "},
        {PUT_AS("Transfer-Encoding: chunked\r\n"), " 411 "},
        {PUT_AS("Content-Length: 0\r\n"), " 400 "},
        {PUT_AS("Content-Length: 2\r\nContent-Range: bytes 0-2/10\r\n") "ab", " 400 "},
        {PUT_AS("Content-Length: 2\r\nContent-Range: bytes 1-0/10\r\n") "ab", " 400 "},
        {PUT_AS("Content-Length: 2\r\nContent-Range: bytes 9-10/10\r\n") "ab", " 400 "},
        {PUT_AS("Content-Length: 2\r\nContent-Range: bytes 0-1/*\r\n") "ab", " 400 "},
        {PUT_AS("Content-Length: 2\r\nContent-Range: bytes */10\r\n") "ab", " 400 "},
        {PUT_AS("Content-Length: 2\r\nContent-Range: 0-1/10\r\n") "ab", " 400 "},
        {PUT_AS("Content-Length: 2\r\nContent-Range: bytes 0-1/10\r\nContent-Range: bytes "
                "0-1/10\r\n") "ab",
         " 400 "},
        {PUT_AS("Content-Length: 2\r\nContent-Range: bytes 18446744073709551615-0/1\r\n") "ab",
         " 400 "},
        {PUT_AS("Content-Length: 9999999999999\r\n"), " 413 "},
    };
    struct fx *fx = upload_of(10);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *out = put(fx, bad[i].request);
        assert_has(out, bad[i].status);
        assert_has(out, "Connection: close\r\n");
        assert_string_equal(fx->heard, "");
    }
    assert_has(put(fx, "GET /api/upload/" ID " HTTP/1.1\r\nHost: h\r\n\r\n"), " 405 ");
    /* known to the policy, but with another length */
    assert_has(put(fx, PUT_AS("Content-Length: 11\r\n") "01234567890"), " 409 ");
    assert_int_equal(disk_bytes(fx->disk.disk), 0);
    fx->grant = NULL; /* not this client's */
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, PUT_AS("Content-Length: 10\r\n") "01234");
    web_file_grant(fx->web, fx->call, NULL);
    fx_round(fx);
    const char *out = fx_out(f);
    assert_has(out, " 404 ");
    assert_has(out, "Connection: close\r\n");
    fx_free(fx);
}

static void a_full_disk_is_said(void **state)
{
    (void)state;
    struct fx *fx = upload_of(10);
    fx->disk.hold = true;
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, PUT_AS("Content-Length: 10\r\n"));
    fx->disk.hold = false;
    disk_inline_answer(&fx->disk, fx_disk_done, fx);
    fx->disk.fail = DISK_FULL;
    fx_send(fx, f, "0123456789");
    fx_round(fx);
    const char *out = fx_out(f);
    assert_has(out, " 503 ");
    assert_has(out, "\"code\":\"store_full\"");
    fx_free(fx);
}

static void it_is_welcome_before_it_is_sent(void **state)
{
    (void)state;
    struct fx *fx = upload_of(5);
    fx->grant = NULL;
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, PUT_AS("Content-Length: 5\r\nExpect: 100-continue\r\n"));
    assert_string_equal(fx_out(f), "");
    web_file_grant(fx->web, fx->call, &grant);
    fx_round(fx);
    assert_has(fx_out(f), "HTTP/1.1 100 Continue\r\n\r\n");
    fx_send(fx, f, "01234");
    fx_round(fx);
    assert_has(fx_out(f), "{\"all\":true}");
    /* a body that stops coming ends */
    grant.size = 9;
    disk_inline_put(&fx->disk, UP_5, NULL);
    fx->grant = &grant;
    f = fx_connect(fx);
    fx_send(fx, f, PUT_AS("Content-Length: 9\r\n") "012");
    fx_wait(fx, fx->conf.body_us + FX_SECOND);
    assert_has(fx_out(f), " 408 ");
    fx_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_is_shown),
        cmocka_unit_test(all_else_is_saved),
        cmocka_unit_test(a_recording_is_saved_and_plays),
        cmocka_unit_test(names_are_strict),
        cmocka_unit_test(who_may_not_hears_that_there_is_none),
        cmocka_unit_test(ranges_and_etags),
        cmocka_unit_test(long_files_leave_piece_by_piece),
        cmocka_unit_test(what_cannot_be_sent_ends_the_connection),
        cmocka_unit_test(the_reader_may_go),
        cmocka_unit_test(an_upload_comes_whole_or_in_parts),
        cmocka_unit_test(what_broke_off_goes_on),
        cmocka_unit_test(a_slow_disk_holds_the_sender),
        cmocka_unit_test(uploads_are_refused),
        cmocka_unit_test(a_full_disk_is_said),
        cmocka_unit_test(it_is_welcome_before_it_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
