/* WHIP and WHEP at the web edge: what requests become, what answers look like, and what is refused before anybody is
 * asked. RFC 9725; draft-ietf-wish-whep-03. */
#include "web_fixture.h"

#include "base/code.h"

#define ROOM    "000000000000a" /* 10 */
#define SESSION "AQIDBAUGBwgJCgsMDQ4PEA"
static const uint8_t session[WHIP_RESOURCE] = {1, 2,  3,  4,  5,  6,  7,  8,
                                               9, 10, 11, 12, 13, 14, 15, 16};

static struct fx *the;

static int setup(void **state)
{
    (void)state;
    the = fx_new_with(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fx_free(the);
    return 0;
}

/* On a connection of its own. */
static struct stream_fake *ask(const char *method, const char *path, const char *fields,
                               const char *body)
{
    char request[2000];
    struct stream_fake *f = fx_connect(the);
    the->heard[0] = '\0';
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: call.example:8443\r\nContent-Length: %zu\r\n%s\r\n%s", method,
             path, strlen(body), fields, body);
    fx_send(the, f, request);
    return f;
}

#define SDP  "Content-Type: application/sdp\r\n"
#define FRAG "Content-Type: application/trickle-ice-sdpfrag\r\n"

static void an_offer_is_passed_on_and_answered(void **state)
{
    (void)state;
    struct stream_fake *f = ask("POST", "/whip/" ROOM "/Caf%C3%A9%20cam",
                                SDP "Authorization: Bearer mdm_x\r\nCookie: madang=AAECAwQFBgcICQ"
                                    "oLDA0ODxAREhMUFRYXGBkaGxwdHh8\r\nOrigin: https://other\r\n",
                                "v=0");
    assert_string_equal(the->heard, "offer a name=Caf\xc3\xa9 cam token=mdm_x v=0;");
    web_whip_answer(the->web, the->call,
                    &(struct web_whip_answer){.status = 201,
                                              .session = session,
                                              .etag = STR("tag1"),
                                              .body = STR("v=0 answer"),
                                              .turn_tcp = 8443,
                                              .turn_tls = true,
                                              .username = STR("u"),
                                              .credential = STR("p")});
    fx_round(the);
    const char *out = fx_out(f);
    assert_has(out, "HTTP/1.1 201 Created\r\n");
    assert_has(out, "\r\nContent-Type: application/sdp\r\n");
    assert_has(out, "\r\nLocation: /whip/" ROOM "/Caf%C3%A9%20cam/" SESSION "\r\n");
    assert_has(out, "\r\nETag: \"tag1\"\r\n");
    assert_has(out, "\r\nAccess-Control-Allow-Origin: *\r\n");
    assert_has(out, "\r\nAccess-Control-Expose-Headers: Location, ETag, Link\r\n");
    assert_has(out, "\r\nLink: <turns:call.example:8443?transport=tcp>; rel=\"ice-server\"; "
                    "username=\"u\"; credential=\"p\"; credential-type=\"password\"\r\n");
    assert_has_not(out, "Access-Control-Allow-Credentials");
    assert_has(out, "\r\n\r\nv=0 answer");
}

static void who_watches_names_somebody_or_nobody(void **state)
{
    (void)state;
    ask("POST", "/whep/" ROOM, SDP, "v=0");
    assert_string_equal(the->heard, "view offer a name= token= v=0;");
    ask("POST", "/whep/" ROOM "/%EA%B9%80", SDP "Authorization: bearer  mdm_y \r\n", "v=0");
    assert_string_equal(the->heard, "view offer a name=\xea\xb9\x80 token=mdm_y v=0;");
}

static void a_session_is_changed_and_ended(void **state)
{
    (void)state;
    struct stream_fake *f = ask("PATCH", "/whip/" ROOM "/cam/" SESSION,
                                FRAG "If-Match: \"tag1\"\r\nAuthorization: Bearer t\r\n", "a=x");
    assert_string_equal(the->heard, "trickle a name=cam token=t session=0110 etag=tag1 a=x;");
    web_whip_answer(the->web, the->call, &(struct web_whip_answer){.status = 204});
    fx_round(the);
    assert_has(fx_out(f), "HTTP/1.1 204 No Content\r\n");

    f = ask("PATCH", "/whep/" ROOM "/" SESSION, FRAG "If-Match: *\r\n", "a=y");
    assert_string_equal(the->heard, "view trickle a name= token= session=0110 etag=* a=y;");
    web_whip_answer(the->web, the->call,
                    &(struct web_whip_answer){
                        .status = 200, .etag = STR("tag2"), .body = STR("a=ice-ufrag:n")});
    fx_round(the);
    const char *out = fx_out(f);
    assert_has(out, "\r\nContent-Type: application/trickle-ice-sdpfrag\r\n");
    assert_has(out, "\r\nETag: \"tag2\"\r\n");

    f = ask("DELETE", "/whep/" ROOM "/cam/" SESSION, "", "");
    assert_string_equal(the->heard, "view end a name=cam token= session=0110 ;");
    web_whip_answer(the->web, the->call, &(struct web_whip_answer){.status = 200});
    fx_round(the);
    assert_has(fx_out(f), "HTTP/1.1 200 OK\r\n");
}

/* Errors are the policy's, in JSON as everywhere. */
static void errors_can_be_read_by_other_origins(void **state)
{
    (void)state;
    struct stream_fake *f = ask("POST", "/whip/" ROOM "/cam", SDP, "v=0");
    web_call_answer(the->web, the->call,
                    &(struct web_answer){.status = 401, .json = STR("{\"code\":\"x\"}")});
    fx_round(the);
    const char *out = fx_out(f);
    assert_has(out, "HTTP/1.1 401 Unauthorized\r\n");
    assert_has(out, "\r\nWWW-Authenticate: Bearer\r\n");
    assert_has(out, "\r\nAccess-Control-Allow-Origin: *\r\n");
    assert_has(out, "\r\nContent-Type: application/json\r\n");
    f = ask("POST", "/whip/" ROOM "/cam", SDP, "v=0");
    web_call_answer(
        the->web, the->call,
        &(struct web_answer){.status = 503, .retry_ms = 1500, .json = STR("{\"code\":\"x\"}")});
    fx_round(the);
    assert_has(fx_out(f), "\r\nRetry-After: 2\r\n");
}

static void other_origins_may_ask_first(void **state)
{
    (void)state;
    const char *out = fx_out(ask("OPTIONS", "/whip/" ROOM "/cam", "Origin: https://x\r\n", ""));
    assert_has(out, "HTTP/1.1 204 No Content\r\n");
    assert_has(out, "\r\nAllow: POST, OPTIONS\r\n");
    assert_has(out, "\r\nAccess-Control-Allow-Methods: POST, OPTIONS\r\n");
    assert_has(out, "\r\nAccess-Control-Allow-Headers: Authorization, Content-Type, If-Match\r\n");
    assert_has(out, "\r\nAccept-Post: application/sdp\r\n");
    out = fx_out(ask("OPTIONS", "/whep/" ROOM "/" SESSION, "", ""));
    assert_has(out, "\r\nAccess-Control-Allow-Methods: PATCH, DELETE, OPTIONS\r\n");
    assert_string_equal(the->heard, "");
}

static void what_is_wrong_is_refused(void **state)
{
    static const struct {
        const char *method, *path, *fields, *status;
    } wrong[] = {
        {"POST", "/whip/" ROOM, SDP, "404"}, /* nobody's name */
        {"POST", "/whip/kitchen!/cam", SDP, "404"},
        {"POST", "/whip/" ROOM "/a/b", SDP, "404"},
        {"POST", "/whip/" ROOM "//", SDP, "404"},
        {"POST", "/whip/" ROOM "/%zz", SDP, "404"},
        {"POST", "/whip/" ROOM "/%4", SDP, "404"},
        {"POST", "/whip/" ROOM "/cam", "Content-Type: text/plain\r\n", "415"},
        {"POST", "/whip/" ROOM "/cam", "", "415"},
        {"POST", "/whip/" ROOM "/cam", SDP SDP, "415"},
        {"POST", "/whip/" ROOM "/cam/" SESSION, SDP, "405"},
        {"GET", "/whip/" ROOM "/cam", "", "405"},
        {"PUT", "/whip/" ROOM "/cam", SDP, "405"},
        {"PATCH", "/whip/" ROOM "/cam", FRAG, "405"},
        {"DELETE", "/whip/" ROOM "/cam", "", "405"},
        {"PATCH", "/whip/" ROOM "/cam/" SESSION, SDP "If-Match: *\r\n", "415"},
        {"PATCH", "/whip/" ROOM "/cam/" SESSION, FRAG, "428"},
        {"PATCH", "/whip/" ROOM "/cam/" SESSION, FRAG "If-Match: bare\r\n", "428"},
        {"PATCH", "/whip/" ROOM "/cam/" SESSION,
         FRAG "If-Match: \"0123456789012345678901234567890123456789\"\r\n", "412"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char status[20];
        const char *out = fx_out(ask(wrong[i].method, wrong[i].path, wrong[i].fields,
                                     wrong[i].method[0] == 'P' ? "x" : ""));
        snprintf(status, sizeof status, "HTTP/1.1 %s ", wrong[i].status);
        assert_has(out, status);
        assert_has(out, "\r\nAccess-Control-Allow-Origin: *\r\n");
        assert_string_equal(the->heard, "");
    }
    char name[3 * WHIP_NAME_MAX + 100] = "/whip/" ROOM "/";
    memset(name + strlen(name), 'n', WHIP_NAME_MAX + 1);
    assert_has(fx_out(ask("POST", name, SDP, "x")), "HTTP/1.1 404 ");
    struct stream_fake *f = fx_connect(the);
    fx_send(the, f,
            "POST /whip/" ROOM "/cam HTTP/1.1\r\nHost: h\r\n" SDP "Content-Length: 65537\r\n\r\n");
    assert_has(fx_out(f), "HTTP/1.1 413 ");
    assert_string_equal(the->heard, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_offer_is_passed_on_and_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(who_watches_names_somebody_or_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_session_is_changed_and_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_can_be_read_by_other_origins, setup, teardown),
        cmocka_unit_test_setup_teardown(other_origins_may_ask_first, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
