#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <signal.h>

#include "base/clock.h"
#include "base/code.h"
#include "base/mem.h"
#include "edge/push/push.h"
#include "edge/push/push_crypt.h"
#include "edge/push/push_int.h"
#include "edge/push/push_url.h"
#include "edge/push/vapid.h"
#include "push_service.h"

struct bytes {
    uint8_t b[512];
    size_t n;
};

static struct bytes from_b64url(const char *text)
{
    struct bytes x = {.n = 0};
    assert_true(b64url_decode(x.b, sizeof x.b, &x.n, str_from(text)));
    return x;
}

static void is_b64url(const void *p, size_t n, const char *text)
{
    char out[1024];
    b64url_encode(out, sizeof out, p, n);
    assert_string_equal(out, text);
}

/* ---- encryption ---- */

/* RFC 8188, 3.1. */
static void one_record_of_rfc_8188(void **state)
{
    (void)state;
    struct bytes ikm = from_b64url("yqdlZ-tYemfogSmv7Ws5PQ");
    struct bytes salt = from_b64url("I1BsxtFttlv3u_Oo94xnmw");
    struct buf out;
    buf_init(&out, 4096);
    assert_true(aes128gcm_seal(&out, ikm.b, ikm.n, salt.b, "", 0, STR("I am the walrus"), 0));
    is_b64url(buf_data(&out), buf_len(&out),
              "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg");
    buf_free(&out);
}

/* RFC 8291, 5 and appendix A. */
static void message_of_rfc_8291(void **state)
{
    (void)state;
    const struct str text = STR("When I grow up, I want to be a watermelon");
    struct bytes as = from_b64url("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
    struct bytes ua = from_b64url("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94");
    struct bytes ua_public = from_b64url("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXv"
                                         "TBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
    struct bytes auth = from_b64url("BTBZMqHH6r4Tts7J_aSIgg");
    struct bytes salt = from_b64url("DGv6ra1nlYgDCS1FRnbzlw");
    struct p256 *server = p256_new(as.b), *browser = p256_new(ua.b);
    uint8_t shared[32], ikm[32], opened[4096];
    size_t n = 0;
    struct buf out;
    is_b64url(
        p256_public(server), 65,
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7"
        "A8");
    assert_memory_equal(p256_public(browser), ua_public.b, 65);
    assert_true(p256_ecdh(server, ua_public.b, shared));
    is_b64url(shared, 32, "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
    assert_true(push_ikm(ua_public.b, auth.b, server, ikm));
    is_b64url(ikm, 32, "S4lYMb_L0FxCeq0WhDx813KgSYqU26kOyzWUdsXYyrg");
    buf_init(&out, 8192);
    assert_true(aes128gcm_seal(&out, ikm, 32, salt.b, p256_public(server), 65, text, 0));
    is_b64url(
        buf_data(&out), buf_len(&out),
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocIn"
        "mYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGN"
        "WQexSgSxsj_Qulcy4a-fN");
    assert_true(open_push(browser, auth.b, buf_str(&out), opened, &n));
    assert_true(str_eq(str_of(opened, n), text));
    p256_free(server);
    p256_free(browser);
    buf_free(&out);
}

static void any_text_comes_back_and_its_length_says_little(void **state)
{
    (void)state;
    static char text[PUSH_TEXT_MAX + 1];
    uint8_t secret[32] = {7}, auth[16] = {9}, salt[16] = {11}, opened[4096];
    struct p256 *server = p256_new(secret);
    secret[0] = 8;
    struct p256 *browser = p256_new(secret);
    static const size_t lengths[] = {0, 1, 255, 256, 257, 1000, PUSH_BODY_MAX, PUSH_TEXT_MAX};
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct buf out;
        size_t n = 0;
        buf_init(&out, 8192);
        struct str t = str_of(text, lengths[i]);
        assert_true(push_seal(&out, p256_public(browser), auth, server, salt, t));
        size_t padded = buf_len(&out) - 86 - 17;
        assert_true(padded >= lengths[i] && (padded % 256 == 0 || padded == PUSH_TEXT_MAX));
        assert_true(buf_len(&out) <= 4096);
        assert_true(open_push(browser, auth, buf_str(&out), opened, &n));
        assert_true(str_eq(str_of(opened, n), t));
        buf_free(&out);
    }
    struct buf out;
    uint8_t nowhere[65] = {4, 1, 2, 3};
    buf_init(&out, 8192);
    assert_false(
        push_seal(&out, p256_public(browser), auth, server, salt, str_of(text, PUSH_TEXT_MAX + 1)));
    assert_false(push_seal(&out, nowhere, auth, server, salt, STR("x")));
    memcpy(nowhere, p256_public(browser), 65);
    nowhere[0] = 2;
    assert_false(push_seal(&out, nowhere, auth, server, salt, STR("x")));
    assert_false(p256_is_point(nowhere));
    assert_true(p256_is_point(p256_public(browser)));
    assert_int_equal(buf_len(&out), 0);
    buf_free(&out);
    p256_free(server);
    p256_free(browser);
}

/* Secrets that are no scalars of the curve still give a key, the same each time. */
static void every_secret_gives_a_key(void **state)
{
    (void)state;
    uint8_t secret[32] = {0};
    for (int i = 0; i < 2; i++) {
        struct p256 *a = p256_new(secret), *b = p256_new(secret);
        assert_memory_equal(p256_public(a), p256_public(b), 65);
        assert_true(p256_is_point(p256_public(a)));
        p256_free(a);
        p256_free(b);
        memset(secret, 0xff, sizeof secret);
    }
}

/* ---- VAPID ---- */

static void authorization_says_who_and_is_signed(void **state)
{
    (void)state;
    uint8_t secret[32] = {42}, claims[1024], head[128];
    char key_text[VAPID_PUBLIC_SIZE], expected[VAPID_PUBLIC_SIZE + 8];
    struct p256 *key = p256_new(secret);
    struct buf out;
    struct str token, rest, part, tail;
    size_t n = 0;
    buf_init(&out, 4096);
    assert_true(vapid_authorization(&out, key, STR("https://push.example.net"),
                                    STR("mailto:mina@example.org"), 1800000000));
    assert_true(str_starts(buf_str(&out), STR("vapid t=")));
    assert_true(str_split_once(str_skip(buf_str(&out), 8), ',', &token, &rest));
    snprintf(expected, sizeof expected, " k=%s", vapid_public(key, key_text));
    assert_true(str_eq(rest, str_from(expected)));
    assert_int_equal(strlen(key_text), 87);
    assert_true(jwt_is_of(token, p256_public(key)));
    str_split_once(token, '.', &part, &tail);
    assert_true(b64url_decode(head, sizeof head, &n, part));
    assert_true(str_eq(str_of(head, n), STR("{\"typ\":\"JWT\",\"alg\":\"ES256\"}")));
    str_split_once(tail, '.', &part, &tail);
    assert_true(b64url_decode(claims, sizeof claims, &n, part));
    assert_true(
        str_eq(str_of(claims, n), STR("{\"aud\":\"https://push.example.net\",\"exp\":1800043200,"
                                      "\"sub\":\"mailto:mina@example.org\"}")));
    /* Without a subject; and nothing gets out of its quotes. */
    buf_reset(&out);
    assert_true(vapid_authorization(&out, key, STR("https://a"), STR_NONE, 1));
    assert_false(vapid_authorization(&out, key, STR("https://a\",\"x\":\""), STR_NONE, 1));
    assert_false(vapid_authorization(&out, key, STR("https://a"), STR("mailto:\\"), 1));
    buf_free(&out);
    p256_free(key);
    assert_true(vapid_is_subject(STR("mailto:mina@example.org")));
    assert_true(vapid_is_subject(STR("https://example.org/")));
    assert_false(vapid_is_subject(STR("mina@example.org")));
    assert_false(vapid_is_subject(STR("mailto:\"mina\"@example.org")));
}

/* ---- where it may lead ---- */

static void endpoints(void **state)
{
    (void)state;
    static const struct {
        const char *url, *origin; /* NULL: refused */
    } all[] = {
        {"https://fcm.googleapis.com/fcm/send/abc:def", "https://fcm.googleapis.com"},
        {"https://updates.push.services.mozilla.com/wpush/v2/gAAA",
         "https://updates.push.services.mozilla.com"},
        {"https://web.push.apple.com:8443/x?y=z", "https://web.push.apple.com:8443"},
        {"https://192.0.2.7/x", "https://192.0.2.7"},
        {"https://[2001:db8::1]:444/x", "https://[2001:db8::1]:444"},
        {"https://localhost:1/", "https://localhost:1"}, /* the connection is what is refused */
        {"http://fcm.googleapis.com/x", NULL},
        {"HTTPS://fcm.googleapis.com/x", NULL},
        {"ftp://fcm.googleapis.com/x", NULL},
        {"https://fcm.googleapis.com", NULL},
        {"https:///x", NULL},
        {"https://:443/x", NULL},
        {"https://user@fcm.googleapis.com/x", NULL},
        {"https://user:pw@fcm.googleapis.com/x", NULL},
        {"https://a.example:/x", NULL},
        {"https://a.example:0/x", NULL},
        {"https://a.example:65536/x", NULL},
        {"https://a.example:443:443/x", NULL},
        {"https://a.example/x#y", NULL},
        {"https://a.example/x y", NULL},
        {"https://a.example/x\ny", NULL},
        {"https://a.example/\x80", NULL},
        {"https://a.example\\@b/x", NULL},
        {"https://a..example/x", NULL},
        {"https://a.example./x", NULL},
        {"https://.example/x", NULL},
        {"https://a_b.example/x", NULL},
        {"https://2130706433/x", NULL},
        {"https://0x7f000001/x", NULL},
        {"https://127.1/x", NULL},
        {"https://0177.0.0.1/x", NULL},
        {"https://[::1/x", NULL},
        {"https://[fe80::1%2]/x", NULL},
        {"https://[127.0.0.1]/x", NULL},
        {"https://::1/x", NULL},
        {"", NULL},
    };
    struct push_url u;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        bool good = push_url_parse(&u, str_from(all[i].url));
        if (good != (all[i].origin != NULL) ||
            (good && !str_eq(u.origin, str_from(all[i].origin)))) {
            fail_msg("%s: %d", all[i].url, good);
        }
    }
    char longest[PUSH_URL_MAX + 2];
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "https://a.example/", 18);
    assert_true(push_url_parse(&u, str_of(longest, PUSH_URL_MAX)));
    assert_false(push_url_parse(&u, str_of(longest, PUSH_URL_MAX + 1)));
}

static void only_public_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *addr;
        bool allowed;
    } all[] = {
        {"8.8.8.8", true},
        {"2a00:1450:4001::1", true},
        {"127.0.0.1", false},
        {"10.1.2.3", false},
        {"172.16.0.1", false},
        {"192.168.1.1", false},
        {"169.254.169.254", false},
        {"100.64.0.1", false},
        {"0.0.0.0", false},
        {"224.0.0.1", false},
        {"255.255.255.255", false},
        {"192.0.2.1", false},
        {"::1", false},
        {"::", false},
        {"fe80::1", false},
        {"fd00::1", false},
        {"ff02::1", false},
        {"::ffff:127.0.0.1", false},
        {"::ffff:8.8.8.8", true},
        {"64:ff9b::a00:1", false},
        {"2002:a00:1::", false},
        {"64:ff9b::808:808", true},
        {"10.9.0.1", true},
    };
    struct cidr allow;
    assert_true(cidr_parse(&allow, STR("10.9.0.0/16")));
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct addr a;
        assert_true(addr_parse(&a, str_from(all[i].addr)));
        if (push_addr_allowed(&a, &allow, 1) != all[i].allowed) {
            fail_msg("%s", all[i].addr);
        }
    }
}

static void answers_are_judged(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        bool forbidden, again;
        enum push_outcome outcome;
    } all[] = {
        {201, false, false, PUSH_SENT},    {200, false, false, PUSH_SENT},
        {202, true, false, PUSH_SENT},     {404, false, false, PUSH_GONE},
        {410, false, false, PUSH_GONE},    {400, false, false, PUSH_REFUSED},
        {401, false, false, PUSH_REFUSED}, {403, false, false, PUSH_REFUSED},
        {413, false, false, PUSH_REFUSED}, {301, false, false, PUSH_REFUSED},
        {307, false, false, PUSH_REFUSED}, {0, true, false, PUSH_FORBIDDEN},
        {0, false, true, PUSH_FAILED},     {429, false, true, PUSH_FAILED},
        {408, false, true, PUSH_FAILED},   {500, false, true, PUSH_FAILED},
        {503, false, true, PUSH_FAILED},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct push_result r = {.status = all[i].status, .forbidden = all[i].forbidden};
        enum push_outcome outcome;
        assert_int_equal(push_judge(&r, &outcome), all[i].again ? PUSH_AGAIN : PUSH_DONE);
        assert_int_equal(outcome, all[i].outcome);
    }
}

/* ---- the thread ---- */

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct push_answer answers[64];
    uint64_t numbers[64]; /* of their endpoints */
    unsigned n, refuse;
    bool closed;
};

struct yard {
    struct service service;
    struct inbox inbox;
    struct push_thread *t;
    struct push_options options;
    struct cidr loopback;
    struct p256 *browser, *server;
    uint8_t auth[16];
    char urls[64][80];
};

static bool deliver(void *ctx, struct push_letter *l)
{
    struct inbox *in = ctx;
    bool taken = false;
    pthread_mutex_lock(&in->lock);
    while (in->closed) {
        pthread_cond_wait(&in->changed, &in->lock);
    }
    if (in->refuse > 0) {
        in->refuse--;
    } else {
        assert_int_equal(l->letter.kind, 55);
        struct str head = l->answer.endpoint;
        while (head.n > 0 && head.p[head.n - 1] != '/') {
            head.n--;
        }
        str_to_u64(str_skip(l->answer.endpoint, head.n), 63, &in->numbers[in->n]);
        in->answers[in->n] = l->answer;
        in->answers[in->n++].endpoint = STR_NONE;
        letter_drop(&l->letter);
        taken = true;
    }
    pthread_cond_broadcast(&in->changed);
    pthread_mutex_unlock(&in->lock);
    return taken;
}

static struct push_answer wait_for(struct yard *y, unsigned n)
{
    pthread_mutex_lock(&y->inbox.lock);
    while (y->inbox.n < n) {
        pthread_cond_wait(&y->inbox.changed, &y->inbox.lock);
    }
    struct push_answer a = y->inbox.answers[n - 1];
    pthread_mutex_unlock(&y->inbox.lock);
    return a;
}

static void set_closed(struct yard *y, bool closed)
{
    pthread_mutex_lock(&y->inbox.lock);
    y->inbox.closed = closed;
    pthread_cond_broadcast(&y->inbox.changed);
    pthread_mutex_unlock(&y->inbox.lock);
}

static int open_yard(void **state)
{
    struct yard *y = xcalloc(1, sizeof *y);
    uint8_t secret[32] = {3};
    service_start(&y->service);
    pthread_mutex_init(&y->inbox.lock, NULL);
    pthread_cond_init(&y->inbox.changed, NULL);
    y->browser = p256_new(secret);
    memset(y->auth, 0x5a, sizeof y->auth);
    assert_true(cidr_parse(&y->loopback, STR("127.0.0.0/8")));
    y->options = (struct push_options){.kind = 55,
                                       .subject = "mailto:mina@example.org",
                                       .ca_file = y->service.ca,
                                       .allow = &y->loopback,
                                       .n_allow = 1,
                                       .backoff_ms = 1,
                                       .deliver = deliver,
                                       .ctx = &y->inbox};
    memset(y->options.secret, 0x77, sizeof y->options.secret);
    y->server = p256_new(y->options.secret);
    for (unsigned i = 0; i < ARRAY_LEN(y->urls); i++) {
        snprintf(y->urls[i], sizeof y->urls[i], "https://localhost:%u/push/%u", y->service.port, i);
    }
    *state = y;
    return 0;
}

static int close_yard(void **state)
{
    struct yard *y = *state;
    push_stop(y->t);
    service_stop(&y->service);
    p256_free(y->browser);
    p256_free(y->server);
    pthread_mutex_destroy(&y->inbox.lock);
    pthread_cond_destroy(&y->inbox.changed);
    xfree(y);
    return 0;
}

static void start(struct yard *y)
{
    char why[200] = "";
    y->t = push_start(&y->options, why, sizeof why);
    assert_string_equal(why, "");
    assert_non_null(y->t);
}

static struct push_job job_of(const struct yard *y, uint64_t number)
{
    struct push_job j = {.endpoint = str_from(y->urls[number]),
                         .body = STR("{\"call\":\"mina\"}"),
                         .topic = STR("call-7"),
                         .urgency = PUSH_HIGH,
                         .ttl_s = 45};
    memcpy(j.p256dh, p256_public(y->browser), sizeof j.p256dh);
    memcpy(j.auth, y->auth, sizeof j.auth);
    return j;
}

static void has(const struct service *s, const char *text)
{
    if (str_find(str_of(s->request, s->request_n), str_from(text)) == STR_NPOS) {
        fail_msg("no \"%s\" in %.*s", text, (int)MIN_OF(s->request_n, 900u), s->request);
    }
}

#define CREATED "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"

static void a_message_arrives_signed_and_encrypted(void **state)
{
    struct yard *y = *state;
    struct service *s = &y->service;
    uint8_t text[4096];
    size_t n = 0;
    char aud[160];
    service_answers(s, CREATED);
    start(y);
    struct push_job j = job_of(y, 9);
    assert_true(push_submit(y->t, &j));
    struct push_answer a = wait_for(y, 1);
    assert_int_equal(y->inbox.numbers[0], 9);
    assert_int_equal(a.outcome, PUSH_SENT);
    assert_int_equal(a.status, 201);
    assert_int_equal(a.attempts, 1);
    assert_int_equal(push_waiting(y->t), 0);

    has(s, "POST /push/9 HTTP/1.1\r\n");
    has(s, "\r\nTTL: 45\r\n");
    has(s, "\r\nUrgency: high\r\n");
    has(s, "\r\nTopic: call-7\r\n");
    has(s, "\r\nContent-Encoding: aes128gcm\r\n");
    struct str all = str_of(s->request, s->request_n), token, rest;
    assert_int_equal(str_find(all, STR("Expect:")), STR_NPOS);
    struct str body = str_skip(all, str_find(all, STR("\r\n\r\n")) + 4);
    assert_true(open_push(y->browser, y->auth, body, text, &n));
    assert_true(str_eq(str_of(text, n), j.body));

    size_t at = str_find(all, STR("\r\nAuthorization: vapid t="));
    assert_int_not_equal(at, STR_NPOS);
    str_split_once(str_skip(all, at + 25), ',', &token, &rest);
    assert_true(jwt_is_of(token, p256_public(y->server)));
    str_split_once(token, '.', &rest, &token);
    str_split_once(token, '.', &token, &rest);
    assert_true(b64url_decode(text, sizeof text, &n, token));
    snprintf(aud, sizeof aud, "{\"aud\":\"https://localhost:%u\",\"exp\":", s->port);
    assert_true(str_starts(str_of(text, n), str_from(aud)));
}

static void each_answer_becomes_its_outcome(void **state)
{
    struct yard *y = *state;
    static const struct {
        const char *answer;
        enum push_outcome outcome;
        unsigned status;
    } all[] = {
        {"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", PUSH_GONE, 410},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!", PUSH_GONE, 404},
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", PUSH_REFUSED, 403},
        {"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         PUSH_REFUSED, 302},
        {"HTTP/1.1 201 Created\r\nContent-Length: 100000000\r\n\r\n", PUSH_FAILED, 0},
    };
    y->options.attempts = 1;
    start(y);
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        service_answers(&y->service, all[i].answer);
        struct push_job j = job_of(y, i);
        assert_true(push_submit(y->t, &j));
        struct push_answer a = wait_for(y, i + 1);
        assert_int_equal(a.outcome, all[i].outcome);
        assert_int_equal(a.status, all[i].status);
    }
    assert_int_equal(service_served(&y->service), ARRAY_LEN(all));
}

static void what_fails_is_tried_again(void **state)
{
    struct yard *y = *state;
    service_answers(&y->service, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    service_answers(&y->service, NULL);
    service_answers(&y->service,
                    "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
    service_answers(&y->service, CREATED);
    start(y);
    struct push_job j = job_of(y, 1);
    int64_t from = clock_mono_us();
    assert_true(push_submit(y->t, &j));
    struct push_answer a = wait_for(y, 1);
    assert_int_equal(a.outcome, PUSH_SENT);
    assert_int_equal(a.attempts, 4);
    assert_true(clock_mono_us() - from >= US_PER_S);
}

static void not_for_ever(void **state)
{
    struct yard *y = *state;
    start(y);
    struct push_job j = job_of(y, 1); /* the service has nothing but 500 to say */
    assert_true(push_submit(y->t, &j));
    struct push_answer a = wait_for(y, 1);
    assert_int_equal(a.outcome, PUSH_FAILED);
    assert_int_equal(a.status, 500);
    assert_int_equal(a.attempts, 5);
    /* Longer than the message would be of use. */
    service_answers(&y->service, "");
    y->service.served = 0;
    y->service.answers[0] = "HTTP/1.1 503 B\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n";
    assert_true(push_submit(y->t, &j));
    a = wait_for(y, 2);
    assert_int_equal(a.outcome, PUSH_FAILED);
    assert_int_equal(a.attempts, 1);
}

static void nowhere_private(void **state)
{
    struct yard *y = *state;
    char by_number[64];
    y->options.n_allow = 0;
    start(y);
    snprintf(by_number, sizeof by_number, "https://127.0.0.1:%u/x", y->service.port);
    const char *const urls[] = {y->urls[0], by_number, "http://localhost/x", "https://[::1]:443/x",
                                "https://[::ffff:10.0.0.1]/x"};
    for (unsigned i = 0; i < ARRAY_LEN(urls); i++) {
        struct push_job j = job_of(y, i);
        j.endpoint = str_from(urls[i]);
        assert_true(push_submit(y->t, &j));
        assert_int_equal(wait_for(y, i + 1).outcome, PUSH_FORBIDDEN);
    }
    assert_int_equal(service_served(&y->service), 0);
    assert_int_equal(push_waiting(y->t), 0);
}

static void the_certificate_is_checked(void **state)
{
    struct yard *y = *state;
    char by_number[64];
    y->options.attempts = 1;
    start(y);
    /* The name is not the certificate's. */
    snprintf(by_number, sizeof by_number, "https://127.0.0.1:%u/x", y->service.port);
    struct push_job j = job_of(y, 1);
    j.endpoint = str_from(by_number);
    assert_true(push_submit(y->t, &j));
    assert_int_equal(wait_for(y, 1).outcome, PUSH_FAILED);
    push_stop(y->t);
    /* An authority that nobody here knows. */
    y->options.ca_file = NULL;
    start(y);
    j = job_of(y, 2);
    assert_true(push_submit(y->t, &j));
    assert_int_equal(wait_for(y, 2).outcome, PUSH_FAILED);
    assert_int_equal(service_served(&y->service), 0);
}

static void no_proxy_of_the_environment(void **state)
{
    struct yard *y = *state;
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    service_answers(&y->service, CREATED);
    start(y);
    struct push_job j = job_of(y, 1);
    assert_true(push_submit(y->t, &j));
    assert_int_equal(wait_for(y, 1).outcome, PUSH_SENT);
    unsetenv("https_proxy");
    unsetenv("ALL_PROXY");
}

static void wrong_keys_and_long_things(void **state)
{
    struct yard *y = *state;
    char longer[PUSH_BODY_MAX + 1];
    memset(longer, 'x', sizeof longer);
    start(y);
    struct push_job j = job_of(y, 1);
    j.p256dh[10] ^= 1;
    assert_true(push_submit(y->t, &j));
    assert_int_equal(wait_for(y, 1).outcome, PUSH_FORBIDDEN);
    j = job_of(y, 2);
    j.topic = STR("a:b\r\nX: y");
    assert_true(push_submit(y->t, &j));
    assert_int_equal(wait_for(y, 2).outcome, PUSH_FORBIDDEN);
    j = job_of(y, 3);
    j.body = str_of(longer, sizeof longer);
    assert_false(push_submit(y->t, &j));
    j = job_of(y, 4);
    j.endpoint = str_of(longer, PUSH_ENDPOINT_MAX + 1);
    assert_false(push_submit(y->t, &j));
    j = job_of(y, 5);
    j.topic = str_of(longer, PUSH_TOPIC_MAX + 1);
    assert_false(push_submit(y->t, &j));
}

static void a_full_queue_says_so(void **state)
{
    struct yard *y = *state;
    y->options.queue = 3;
    start(y);
    set_closed(y, true);
    struct push_job j = job_of(y, 1);
    j.endpoint = STR("https://127.0.0.1/"); /* refused at once, and held in deliver() */
    unsigned taken = 0;
    /* One answer is being delivered, three jobs wait. */
    while (taken < 4) {
        j.p256dh[0] = 0;
        taken += push_submit(y->t, &j);
    }
    while (push_waiting(y->t) < 3) {
        taken += push_submit(y->t, &j);
    }
    assert_false(push_submit(y->t, &j));
    set_closed(y, false);
    wait_for(y, taken);
    assert_true(push_submit(y->t, &j));
    wait_for(y, taken + 1);
}

static void refused_letters_come_again(void **state)
{
    struct yard *y = *state;
    y->inbox.refuse = 3;
    service_answers(&y->service, CREATED);
    start(y);
    struct push_job j = job_of(y, 1);
    assert_true(push_submit(y->t, &j));
    assert_int_equal(wait_for(y, 1).outcome, PUSH_SENT);
    assert_int_equal(y->inbox.refuse, 0);
}

static void stop_with_work_left(void **state)
{
    struct yard *y = *state;
    y->options.backoff_ms = 60000;
    start(y);
    for (uint64_t i = 0; i < 30; i++) {
        struct push_job j = job_of(y, i);
        j.ttl_s = 3600;
        assert_true(push_submit(y->t, &j));
    }
    push_stop(y->t);
    y->t = NULL;
    push_stop(NULL);
}

static void many_at_once(void **state)
{
    struct yard *y = *state;
    start(y);
    for (unsigned i = 0; i < SERVICE_ANSWERS; i++) {
        service_answers(&y->service, CREATED);
    }
    for (uint64_t i = 0; i < SERVICE_ANSWERS; i++) {
        struct push_job j = job_of(y, i);
        assert_true(push_submit(y->t, &j));
    }
    uint64_t seen = 0;
    for (unsigned i = 0; i < SERVICE_ANSWERS; i++) {
        struct push_answer a = wait_for(y, i + 1);
        assert_int_equal(a.outcome, PUSH_SENT);
        seen |= UINT64_C(1) << y->inbox.numbers[i];
    }
    assert_int_equal(seen, (1 << SERVICE_ANSWERS) - 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_yard, close_yard)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_record_of_rfc_8188),
        cmocka_unit_test(message_of_rfc_8291),
        cmocka_unit_test(any_text_comes_back_and_its_length_says_little),
        cmocka_unit_test(every_secret_gives_a_key),
        cmocka_unit_test(authorization_says_who_and_is_signed),
        cmocka_unit_test(endpoints),
        cmocka_unit_test(only_public_addresses),
        cmocka_unit_test(answers_are_judged),
        T(a_message_arrives_signed_and_encrypted),
        T(each_answer_becomes_its_outcome),
        T(what_fails_is_tried_again),
        T(not_for_ever),
        T(nowhere_private),
        T(the_certificate_is_checked),
        T(no_proxy_of_the_environment),
        T(wrong_keys_and_long_things),
        T(a_full_queue_says_so),
        T(refused_letters_come_again),
        T(stop_with_work_left),
        T(many_at_once),
    };
    signal(SIGPIPE, SIG_IGN); /* as house_run() does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
