/* Somebody registers, sends a file in two parts, and asks for one: through web edge, hub, policy, database, disk and
 * tape, and the same again from the recording. */
#include <unistd.h>

#include "app/replay.h"
#include "exchange_fixture.h"

static char folder[] = "/tmp/madang-files-replay-XXXXXX";
static char file[64], cookie[100];

static void open_to_all(struct exchange_conf *conf)
{
    conf->domain.registration = REGISTRATION_OPEN;
}

/* The answer to a request on a connection of its own. */
static const char *http(struct yard *y, const char *method, const char *path, const char *fields,
                        const char *body)
{
    static char request[4000], text[8000];
    struct stream_fake *f = yard_connect(y);
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: h\r\nOrigin: https://h\r\n%s%s%s%sContent-Length: "
             "%zu\r\n\r\n%s",
             method, path, cookie[0] ? "Cookie: " : "", cookie, cookie[0] ? "\r\n" : "", fields,
             strlen(body), body);
    feed_text(f, request);
    for (int i = 0; i < 3; i++) {
        yard_settle(y);
    }
    assert_true(f->out_len < sizeof text);
    memcpy(text, f->out, f->out_len);
    text[f->out_len] = 0;
    stream_fake_break(f, STREAM_RESET);
    yard_settle(y);
    return text;
}

static const char *call(struct yard *y, const char *verb, const char *json)
{
    char path[64];
    snprintf(path, sizeof path, "/api/%s", verb);
    return http(y, "POST", path, "Content-Type: application/json\r\n", json);
}

static void take_cookie(const char *answer)
{
    const char *p = strstr(answer, "Set-Cookie: ");
    assert_non_null(p);
    p += strlen("Set-Cookie: ");
    size_t n = strcspn(p, ";");
    assert_true(n < sizeof cookie);
    memcpy(cookie, p, n);
    cookie[n] = 0;
}

/* Everything that is said twice, once for the tape: nothing is asserted that isn't the tape's business, but that it
 * works at all. */
static void an_afternoon(struct rec *rec)
{
    struct yard *y = yard_new(rec, open_to_all);
    struct client *c = &y->c[0];
    char fields[200], path[300], id[256];
    assert_non_null(strstr(call(y, "me", "{}"), "{\"user\":null,"));
    y->last_job = 0;
    struct stream_fake *f = yard_connect(y);
    feed_text(f, "POST /api/register HTTP/1.1\r\nHost: h\r\nOrigin: https://h\r\nContent-Type: "
                 "application/json\r\nContent-Length: 41\r\n\r\n"
                 "{\"name\":\"mina\",\"password\":\"long enough!\"}");
    yard_settle(y);
    assert_int_not_equal(y->last_job, 0);
    tape_password(y->tape, y->now,
                  &(struct password_answer){
                      .job = y->last_job, .outcome = PASSWORD_OK, .hash = STR("$argon2id$x")});
    yard_settle(y);
    char *answer = str_dup(str_of(f->out, f->out_len));
    take_cookie(answer);
    assert_memory_equal(cookie, "__Host-madang=", 14);
    xfree(answer);
    stream_fake_break(f, STREAM_RESET);
    snprintf(fields, sizeof fields, "Cookie: %s\r\n", cookie);
    client_open_with(c, fields);
    say(c, "{\"type\":\"hello\",\"id\":1,\"v\":1}");
    assert_non_null(strstr(hear_with(c, "\"id\":1"), "\"user\":{"));
    say(c, "{\"type\":\"upload\",\"id\":2,\"size\":10,\"name\":\"a.txt\"}");
    snprintf(path, sizeof path, "/api/upload/%s", field(hear_with(c, "\"id\":2"), "upload", id));
    assert_non_null(strstr(http(y, "PUT", path, "Content-Range: bytes 0-3/10\r\n", "0123"),
                           "{\"have\":4,\"size\":10}"));
    assert_non_null(strstr(http(y, "HEAD", path, "", ""), "Upload-Offset: 4\r\n"));
    assert_non_null(strstr(http(y, "PUT", path, "Content-Range: bytes 4-9/10\r\n", "456789"),
                           "\"have\":10,\"size\":10}"));
    /* Should that answer have been lost: it is whole, and nothing can follow. */
    assert_non_null(strstr(http(y, "HEAD", path, "", ""), "Upload-Offset: 10\r\n"));
    assert_non_null(strstr(http(y, "PUT", path, "Content-Range: bytes 0-3/10\r\n", "xxxx"),
                           "{\"have\":10,\"size\":10}"));
    assert_non_null(strstr(http(y, "GET", "/api/avatar/0000000000007/96", "", ""), " 404 "));
    assert_non_null(strstr(http(y, "GET", "/api/file/0000000000007", "", ""), " 404 "));
    say(c, "{\"type\":\"upload_end\",\"id\":3,\"upload\":\"%s\"}", id);
    hear_with(c, "\"id\":3");
    yard_settle(y);
    assert_int_equal(disk_bytes(y->disk.disk), 0);
    assert_non_null(strstr(call(y, "sign_out", "{}"), "Max-Age=0"));
    assert_non_null(strstr(call(y, "me", "{}"), "{\"user\":null,"));
    cut(c);
    yard_free(y);
}

static void it_works_and_is_replayed(void **state)
{
    struct rec *rec;
    struct replay_result r;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/afternoon", folder);
    assert_int_equal(rec_open(&rec, file, 2 << 20), ERR_OK);
    an_afternoon(rec);
    rec_close(rec);
    assert_true(replay_file(file, false, stdout, &r));
    assert_in_range(r.inputs, 30, 100000);
    assert_int_equal(r.differences, 0);
    unlink(file);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_works_and_is_replayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
