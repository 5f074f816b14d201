/* Accounts through the whole control side, as bytes: HTTP with cookies, a WebSocket that takes its person from the
 * cookie, what a sign-out ends; and that a recording of it replays to the same bytes. */
#include <unistd.h>

#include "app/replay.h"
#include "exchange_fixture.h"

static char folder[] = "/tmp/madang-accounts-XXXXXX";
static char file[80];

static void open_to_all(struct exchange_conf *conf)
{
    conf->domain.registration = REGISTRATION_OPEN;
}

struct browser {
    struct yard *y;
    char cookie[64];  /* as it was set, or "" */
    char text[65536]; /* the last answer, head and body */
};

static void answer_password(struct yard *y, enum password_outcome outcome, const char *hash)
{
    tape_password(
        y->tape, y->now,
        &(struct password_answer){.job = y->last_job, .outcome = outcome, .hash = str_from(hash)});
    yard_settle(y);
}

/* What the stream has said so far; takes the cookie of it. */
static const char *heard(struct browser *b, struct stream_fake *f)
{
    static const char set[] = "Set-Cookie: __Host-madang=";
    size_t n = MIN_OF(f->out_len, sizeof b->text - 1);
    if (n)
        memcpy(b->text, f->out, n);
    b->text[n] = 0;
    const char *at = strcasestr(b->text, set);
    if (at) {
        at += strlen(set);
        snprintf(b->cookie, sizeof b->cookie, "%.*s", (int)strcspn(at, ";"), at);
    }
    return b->text;
}

static struct stream_fake *send_post(struct browser *b, const char *origin, const char *verb,
                                     const char *json)
{
    char request[4096];
    snprintf(
        request, sizeof request,
        "POST /api/%s HTTP/1.1\r\nHost: h\r\n%s%s%sContent-Type: application/json\r\n"
        "%s%s%sUser-Agent: Mozilla/5.0 (Android 15) Firefox/140.0\r\nContent-Length: %zu\r\n\r\n%s",
        verb, origin ? "Origin: " : "", origin ? origin : "", origin ? "\r\n" : "",
        b->cookie[0] ? "Cookie: __Host-madang=" : "", b->cookie, b->cookie[0] ? "\r\n" : "",
        strlen(json), json);
    struct stream_fake *f = yard_connect(b->y);
    feed_text(f, request);
    yard_settle(b->y);
    return f;
}

static const char *post(struct browser *b, const char *verb, const char *json)
{
    return heard(b, send_post(b, "https://h", verb, json));
}

static const char *post_hashed(struct browser *b, const char *verb, const char *json,
                               enum password_outcome outcome)
{
    struct stream_fake *f = send_post(b, "https://h", verb, json);
    answer_password(b->y, outcome, outcome == PASSWORD_OK ? "hash" : "");
    return heard(b, f);
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no %s in: %s", part, text);
}

static void open_with_cookie(struct client *c, const struct browser *b)
{
    char fields[128] = "";
    if (b->cookie[0])
        snprintf(fields, sizeof fields, "Cookie: __Host-madang=%s\r\n", b->cookie);
    client_open_with(c, fields);
}

static void a_day(struct rec *rec)
{
    static const char mina[] = "{\"name\":\"mina\",\"password\":\"correct horse\"}";
    struct yard *y = yard_new(rec, open_to_all);
    struct browser one = {.y = y}, two = {.y = y}, evil = {.y = y};
    struct client *a = &y->c[0], *b = &y->c[1];
    char token[256], before[64];
    /* only our own page may ask */
    has(heard(&evil, send_post(&evil, "https://evil.example", "register", mina)), "HTTP/1.1 403");
    has(heard(&evil, send_post(&evil, NULL, "register", mina)), "HTTP/1.1 403");
    assert_string_equal(evil.cookie, "");
    const char *r = post_hashed(&one, "register", mina, PASSWORD_OK);
    has(r, "HTTP/1.1 200");
    has(r, "\"recovery\":[\"");
    has(r, "; HttpOnly");
    has(r, "; Secure");
    has(r, "; SameSite=Lax");
    has(r, "; Path=/");
    has(r, "; Max-Age=2592000");
    assert_int_equal(strlen(one.cookie), 43);
    has(post_hashed(&two, "sign_in", mina, PASSWORD_WRONG), "HTTP/1.1 401");
    assert_string_equal(two.cookie, "");
    snprintf(two.cookie, sizeof two.cookie, "%s", one.cookie); /* planted */
    snprintf(before, sizeof before, "%s", two.cookie);
    has(post_hashed(&two, "sign_in", mina, PASSWORD_OK), "\"name\":\"mina\"");
    assert_string_not_equal(two.cookie, before);
    open_with_cookie(a, &one);
    say(a, "{\"type\":\"hello\",\"id\":1,\"v\":1}");
    has(hear_with(a, "\"id\":1"), "\"user\":{\"user\":\"");
    field(a->text, "token", token);
    open_with_cookie(b, &two);
    say(b, "{\"type\":\"hello\",\"id\":1,\"v\":1}");
    hear_with(b, "\"id\":1");
    say(b, "{\"type\":\"account_sessions\",\"id\":2}");
    has(hear_with(b, "\"id\":2"), "\"device\":\"Firefox on Android\",\"address\":\"192.0.2.7\"");
    /* the one signs out: its page is told and closed, its token and cookie are worth nothing */
    has(post(&one, "sign_out", "{}"), "Max-Age=0");
    hear_with(a, "{\"type\":\"ended\",\"reason\":\"signed_out\"}");
    hear_all(a);
    assert_int_equal(a->close_code, 1000);
    assert_int_equal(b->close_code, 0);
    client_open(a);
    say(a, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":1}", token);
    hear_with(a, "\"session_unknown\"");
    snprintf(one.cookie, sizeof one.cookie, "%s", before);
    cut(a);
    open_with_cookie(a, &one);
    say(a, "{\"type\":\"hello\",\"id\":1,\"v\":1}");
    assert_null(strstr(hear_with(a, "\"id\":1"), "\"user\":{"));
    /* a client that goes while its password is hashed */
    struct stream_fake *gone = send_post(&one, "https://h", "sign_in", mina);
    stream_fake_break(gone, STREAM_RESET);
    yard_settle(y);
    answer_password(y, PASSWORD_OK, "");
    yard_wait(y, 1000000);
    cut(a);
    cut(b);
    tape_drain(y->tape, y->now, 800);
    yard_settle(y);
    yard_free(y);
}

static void test_a_day_and_its_recording(void **state)
{
    struct replay_result result;
    struct rec *rec;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/day", folder);
    assert_int_equal(rec_open(&rec, file, 2 << 20), ERR_OK);
    a_day(rec);
    rec_close(rec);
    FILE *out = fopen("/dev/null", "w");
    assert_true(replay_file(file, true, out, &result));
    fclose(out);
    assert_in_range(result.outputs, 20, 100000);
    assert_int_equal(result.differences, 0);
    unlink(file);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_day_and_its_recording)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
