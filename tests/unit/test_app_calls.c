/* A direct call through the whole control side: sign-in by cookie, WebSockets, policy, store; and its recording
 * replays to the same bytes. */
#include <unistd.h>

#include "app/replay.h"
#include "base/code.h"
#include "exchange_fixture.h"

static char folder[] = "/tmp/madang-calls-XXXXXX";
static char file[64];

static void run_proc(struct yard *y, enum db_proc proc, const struct val *args, unsigned n)
{
    struct db_request rq = {proc, 0, args, n};
    struct buf rows;
    buf_init(&rows, 1 << 16);
    assert_int_equal(db_run(db_inline_open(&y->db), &rq, &rows), DB_OK);
    buf_free(&rows);
}

/* Somebody who is signed in with a cookie of 32 times the same byte. */
static void put_person(struct yard *y, uint64_t id, const char *name)
{
    uint8_t cookie[32], hash[SHA256_SIZE];
    struct val text = VAL_T(str_from(name)), none = VAL_T(STR(""));
    const struct val user[] = {VAL_ID(id), text, text,     text, text,
                               VAL_I(0),   none, VAL_I(0), none, VAL_I(1)};
    memset(cookie, (int)id, sizeof cookie);
    sha256(cookie, sizeof cookie, hash);
    const struct val session[] = {VAL_B(hash, sizeof hash), VAL_ID(id), VAL_ID(id), VAL_I(1),
                                  VAL_I(INT64_MAX / 2),     none,       none};
    run_proc(y, DB_USER_ADD, user, ARRAY_LEN(user));
    run_proc(y, DB_WEB_SESSION_ADD, session, ARRAY_LEN(session));
}

/* A page of that person. */
static void page(struct client *c, uint64_t id)
{
    uint8_t cookie[32];
    char text[B64URL_SIZE(sizeof cookie)], head[600];
    memset(cookie, (int)id, sizeof cookie);
    b64url_encode(text, sizeof text, cookie, sizeof cookie);
    snprintf(head, sizeof head,
             "GET /api/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Origin: https://h\r\nSec-WebSocket-Version: 13\r\nCookie: __Host-madang=%s\r\n"
             "Sec-WebSocket-Protocol: madang.v1\r\nSec-WebSocket-Key: "
             "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
             text);
    c->f = yard_connect(c->yard);
    feed_text(c->f, head);
    yard_settle(c->yard);
    const char *end = memmem(c->f->out, c->f->out_len, "\r\n\r\n", 4);
    assert_non_null(end);
    stream_fake_take(c->f, (size_t)(end + 4 - (const char *)c->f->out));
    say(c, "{\"type\":\"hello\",\"id\":1,\"v\":1}");
    hear_with(c, "\"badges\":{");
}

static const char candidates[] =
    "a=mid:0\r\na=candidate:1 1 udp 9 192.0.2.1 9 typ host\r\n"
    "a=candidate:2 1 udp 1 198.51.100.1 9 typ relay raddr 192.0.2.1 rport 9\r\n";

static void an_evening(struct rec *rec)
{
    struct yard *y = yard_new(rec, NULL);
    struct client *a = &y->c[0], *b = &y->c[1], *b2 = &y->c[2];
    char call[256], room[256], mine[256];
    put_person(y, 1, "mina");
    put_person(y, 2, "jun");
    page(a, 1);
    page(b, 2);
    page(b2, 2);
    say(a, "{\"type\":\"call\",\"id\":2,\"to\":\"0000000000002\",\"video\":true}");
    field(strstr(hear_with(a, "\"id\":2"), "{\"call\":") + 1, "call", call);
    field(a->text, "room", room);
    field(a->text, "caller_device", mine);
    hear_with(b, "\"type\":\"ring\"");
    hear_with(b2, "\"type\":\"ring\"");
    say(a, "{\"type\":\"join\",\"id\":3,\"room\":\"%s\"}", room);
    hear_with(a, "\"id\":3");
    say(b, "{\"type\":\"join\",\"id\":2,\"room\":\"%s\"}", room);
    say(b, "{\"type\":\"cand\",\"id\":3,\"room\":\"%s\",\"to\":\"%s\",\"conn\":\"m\"}\n%s", room,
        mine, candidates);
    hear_with(b, "\"id\":3");
    hear_with(a, "typ relay raddr 0.0.0.0 rport 0");
    assert_null(strstr(a->text, "192.0.2.1"));
    say(b, "{\"type\":\"call_answer\",\"id\":4,\"call\":\"%s\",\"video\":true}", call);
    hear_with(b, "\"id\":4");
    hear_with(b2, "\"state\":\"accepted\"");
    hear_with(a, "\"state\":\"accepted\"");
    say(b, "{\"type\":\"cand\",\"id\":5,\"room\":\"%s\",\"to\":\"%s\",\"conn\":\"m\"}\n%s", room,
        mine, candidates);
    hear_with(a, "typ host");
    say(b2, "{\"type\":\"call_take\",\"id\":2,\"call\":\"%s\"}", call);
    hear_with(b2, "\"id\":2");
    say(b2, "{\"type\":\"join\",\"id\":3,\"room\":\"%s\"}", room);
    hear_with(b, "\"reason\":\"ended\"");
    cut(a);
    hear_with(b2, "\"lost\":[\"0000000000001\"]");
    for (int i = 0; i < 4; i++) {
        yard_wait(y, 8000000);
        say(b2, "{\"type\":\"ping\"}");
    }
    hear_with(b2, "\"reason\":\"lost\"");
    say(b2, "{\"type\":\"calls\",\"id\":4}");
    hear_with(b2, "\"outcome\":\"answered\",\"reason\":\"lost\"");
    tape_drain(y->tape, y->now, 800);
    yard_settle(y);
    yard_free(y);
}

static void a_call_and_its_recording(void **state)
{
    struct rec *rec;
    struct replay_result result;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/evening", folder);
    assert_int_equal(rec_open(&rec, file, 4 << 20), ERR_OK);
    an_evening(rec);
    rec_close(rec);
    FILE *out = fopen("/dev/null", "w");
    assert_true(replay_file(file, true, out, &result));
    fclose(out);
    assert_true(result.inputs > 20 && result.outputs > 40);
    assert_true(result.differences == 0 && result.skipped == 0);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_and_its_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
