/* The control side as a whole: what clients say and hear, over WebSockets and POSTs, on virtual
 * time. Each behaviour is one of docs/protocol.md. */
#include "exchange_fixture.h"

struct two {
    struct yard *y;
    struct client *a, *b;
    char room[256], a_token[256], b_token[256];
};

/* Two clients in a room of the first one's. */
static struct two two_in_a_room(struct rec *rec, void (*change)(struct exchange_conf *conf))
{
    struct two t = {.y = yard_new(rec, change)};
    t.a = &t.y->c[0];
    t.b = &t.y->c[1];
    client_open(t.a);
    say(t.a, "{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":\"Ada\"}");
    field(hear_with(t.a, "\"id\":1"), "token", t.a_token);
    say(t.a, "{\"type\":\"create\",\"id\":2,\"title\":\"Yard\"}");
    field(hear_with(t.a, "\"id\":2"), "room", t.room);
    field(strstr(t.a->text, "\"room\":{") + 8, "room", t.room);
    client_open(t.b);
    say(t.b, "{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":\"Bo\",\"join\":{\"room\":\"%s\"}}",
        t.room);
    field(hear_with(t.b, "\"joined\""), "token", t.b_token);
    hear_with(t.a, "\"entered\"");
    return t;
}

static void hello_and_join_are_one_message(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    assert_non_null(strstr(t.b->text, "\"Ada\""));
    assert_int_equal(t.b->heard, 1);
    yard_free(t.y);
}

static void chat_reaches_everybody_in_order(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    for (int i = 1; i <= 3; i++) {
        say(t.a, "{\"type\":\"chat\",\"id\":%d,\"room\":\"%s\",\"text\":\"line %d\"}", i + 2,
            t.room, i);
    }
    for (int i = 1; i <= 3; i++) {
        char expect[32];
        snprintf(expect, sizeof expect, "\"seq\":%d", i);
        assert_non_null(strstr(hear(t.b), expect));
        hear_with(t.a, "\"type\":\"chat\"");
    }
    yard_free(t.y);
}

/* The receiver of a candidate has heard nothing of it when its relays are told. */
static void heard_nothing_yet(struct yard *y, const struct relay_scope *what)
{
    if (what->kind == RELAY_PARTY) {
        yard_settle(y);
        assert_int_equal(y->c[1].f->out_len, 0);
    }
}

static void relays_are_told_first(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    char b[256];
    field(t.a->text, "session", b);
    assert_int_equal(t.y->relays[RELAY_OPEN], 2);
    hear_all(t.b);
    t.y->on_relay = heard_nothing_yet;
    say(t.a,
        "{\"type\":\"cand\",\"id\":3,\"room\":\"%s\",\"to\":\"%s\",\"conn\":\"m\"}\n"
        "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n",
        t.room, b);
    assert_int_equal(t.y->relays[RELAY_PARTY], 1);
    hear_with(t.b, "192.0.2.1");
    cut(t.a);
    yard_wait(t.y, 20000000);
    assert_int_equal(t.y->relays[RELAY_CLOSE], 0); /* it may come back */
    yard_wait(t.y, 12000000);
    assert_int_equal(t.y->relays[RELAY_DROP], 1);
    assert_int_equal(t.y->relays[RELAY_CLOSE], 1);
    yard_free(t.y);
}

static void a_lost_pipe_resumes_with_what_it_missed(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    unsigned seq = t.b->heard;
    cut(t.b);
    hear_with(t.a, "\"away\":true");
    say(t.a, "{\"type\":\"chat\",\"id\":3,\"room\":\"%s\",\"text\":\"one\"}", t.room);
    say(t.a, "{\"type\":\"chat\",\"id\":4,\"room\":\"%s\",\"text\":\"two\"}", t.room);
    yard_wait(t.y, 10000000);
    client_open(t.b);
    say(t.b, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":%u}", t.b_token, seq);
    assert_non_null(strstr(hear(t.b), "\"type\":\"resumed\""));
    assert_non_null(strstr(t.b->text, "\"last_id\":1"));
    assert_non_null(strstr(hear(t.b), "\"one\""));
    assert_non_null(strstr(hear(t.b), "\"two\""));
    hear_with(t.a, "\"away\":false");
    yard_free(t.y);
}

static void a_session_that_does_not_resume_is_gone(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    cut(t.b);
    for (int i = 0; i < 7; i++) {
        yard_wait(t.y, 4500000);
        say(t.a, "{\"type\":\"ping\"}"); /* or its pipe would be dead, too */
    }
    hear_with(t.a, "\"reason\":\"gone\"");
    client_open(t.b);
    say(t.b, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":1}", t.b_token);
    assert_non_null(strstr(hear(t.b), "session_unknown"));
    say(t.b, "{\"type\":\"hello\",\"id\":1,\"v\":1}");
    hear_with(t.b, "\"ack\"");
    yard_free(t.y);
}

/* What a browser sends when its page is closed or reloaded. */
static void a_closed_page_is_gone_soon(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    static const uint8_t going_away[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9};
    hear_all(t.a);
    stream_fake_feed(t.b->f, going_away, sizeof going_away);
    yard_settle(t.y);
    hear_with(t.a, "\"away\":true");
    yard_wait(t.y, 4000000);
    assert_null(hear(t.a));
    yard_wait(t.y, 2000000);
    hear_with(t.a, "\"reason\":\"gone\"");
    yard_free(t.y);
}

static void a_wrong_token_or_number_changes_nothing(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    struct client *thief = &t.y->c[2];
    client_open(thief);
    say(thief, "{\"type\":\"resume\",\"v\":1,\"token\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"seq\":0}");
    assert_non_null(strstr(hear(thief), "session_unknown"));
    say(thief, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":999}", t.b_token);
    assert_non_null(strstr(hear(thief), "session_unknown"));
    hear_all(t.a);
    say(t.b, "{\"type\":\"chat\",\"id\":2,\"room\":\"%s\",\"text\":\"here\"}", t.room);
    hear_with(t.a, "\"here\"");
    assert_int_equal(t.b->close_code, 0);
    yard_free(t.y);
}

static void a_second_pipe_replaces_the_first(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    struct client *again = &t.y->c[2];
    client_open(again);
    say(again, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":1}", t.b_token);
    assert_non_null(strstr(hear(again), "resumed"));
    hear_all(t.b);
    assert_int_equal(t.b->close_code, 4009);
    say(t.a, "{\"type\":\"chat\",\"id\":3,\"room\":\"%s\",\"text\":\"to the new one\"}", t.room);
    hear_with(again, "to the new one");
    yard_free(t.y);
}

static void a_repeated_request_is_done_once(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    for (int i = 0; i < 3; i++) {
        say(t.a, "{\"type\":\"chat\",\"id\":3,\"room\":\"%s\",\"text\":\"once\"}", t.room);
    }
    hear_with(t.b, "\"once\"");
    assert_null(hear(t.b));
    assert_int_equal(hub_counts(exchange_hub(tape_exchange(t.y->tape)))->repeated, 2);
    yard_free(t.y);
}

static void a_gap_in_the_ids_is_an_error_on_a_websocket(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    hear_all(t.a);
    say(t.a, "{\"type\":\"chat\",\"id\":5,\"room\":\"%s\",\"text\":\"early\"}", t.room);
    assert_non_null(strstr(hear(t.a), "{\"type\":\"error\",\"code\":\"bad_id\"")); /* not counted */
    assert_null(hear(t.b));
    yard_free(t.y);
}

static void a_bad_request_takes_its_number(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    hear_all(t.a);
    say(t.a, "{\"type\":\"chat\",\"id\":3}");
    assert_non_null(strstr(hear(t.a), "\"bad_request\""));
    assert_non_null(strstr(t.a->text, "\"id\":3"));
    say(t.a, "{\"type\":\"nonsense\",\"id\":4}");
    assert_non_null(strstr(hear(t.a), "\"unknown_type\""));
    say(t.a, "{\"type\":\"chat\",\"id\":5,\"room\":\"%s\",\"text\":\"fine\"}", t.room);
    hear_with(t.b, "\"fine\"");
    say(t.a, "{\"type\":\"chat\",\"id\":5,\"id\":6}");
    hear_with(t.a, "\"bad_json\"");
    yard_free(t.y);
}

static void nonsense_without_end_costs_the_connection(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    for (int i = 0; i < 31; i++) {
        say(t.b, "nonsense %d", i);
        hear_all(t.b);
        assert_int_equal(t.b->close_code, 0);
    }
    say(t.b, "nonsense");
    hear_all(t.b);
    assert_int_equal(t.b->close_code, 4000);
    hear_with(t.a, "\"away\":true");
    yard_free(t.y);
}

static void nothing_but_hello_and_resume_begins(void **state)
{
    (void)state;
    struct yard *y = yard_new(NULL, NULL);
    client_open(&y->c[0]);
    say(&y->c[0], "{\"type\":\"ping\",\"seq\":0}");
    assert_non_null(strstr(hear(&y->c[0]), "\"no_session\""));
    say(&y->c[0], "{\"type\":\"hello\",\"id\":2,\"v\":1}");
    assert_non_null(strstr(hear(&y->c[0]), "\"bad_id\""));
    say(&y->c[0], "{\"type\":\"hello\",\"id\":1,\"v\":9}");
    assert_non_null(strstr(hear(&y->c[0]), "\"version\""));
    yard_free(y);
}

static void who_says_nothing_is_closed(void **state)
{
    (void)state;
    struct yard *y = yard_new(NULL, NULL);
    client_open(&y->c[0]);
    yard_wait(y, 11000000);
    hear_all(&y->c[0]);
    assert_int_equal(y->c[0].close_code, 4000);
    yard_free(y);
}

static void ping_forgets_what_was_processed(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    say(t.b, "{\"type\":\"ping\",\"seq\":1}");
    assert_non_null(strstr(hear(t.b), "\"pong\""));
    say(t.b, "{\"type\":\"ping\",\"seq\":1000}");
    assert_non_null(strstr(hear(t.b), "\"bad_request\""));
    cut(t.b);
    client_open(t.b);
    say(t.b, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":0}", t.b_token);
    assert_non_null(strstr(hear(t.b), "session_unknown"));
    yard_free(t.y);
}

static void bye_ends_the_session_at_once(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    say(t.b, "{\"type\":\"bye\"}");
    hear_all(t.b);
    assert_int_equal(t.b->close_code, 1000);
    hear_with(t.a, "\"reason\":\"left\"");
    yard_free(t.y);
}

static void small_boxes(struct exchange_conf *conf)
{
    conf->outbox.kept_count = 8;
    conf->outbox.replay_count = 4;
}

static void a_session_that_misses_too_much_ends(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, small_boxes);
    cut(t.b);
    for (int i = 0; i < 12; i++) {
        say(t.a, "{\"type\":\"chat\",\"id\":%d,\"room\":\"%s\",\"text\":\"x\"}", 3 + i, t.room);
        hear_all(t.a);
        say(t.a, "{\"type\":\"ping\",\"seq\":%u}", t.a->heard);
    }
    client_open(t.b);
    say(t.b, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":1}", t.b_token);
    assert_non_null(strstr(hear(t.b), "session_unknown"));
    assert_int_equal(hub_counts(exchange_hub(tape_exchange(t.y->tape)))->overflow, 1);
    yard_free(t.y);
}

static void short_frames(struct exchange_conf *conf)
{
    conf->frame_max = 8000;
}

/* Its number cannot be left out, or the client would count what comes next as that. */
static void a_message_that_cannot_be_encoded_ends_whom_it_was_for(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, short_frames);
    struct client *c = &t.y->c[2];
    for (int i = 0; i < 10; i++) { /* each fits a frame; a newcomer gets them all in one */
        say(t.a, "{\"type\":\"chat\",\"id\":%d,\"room\":\"%s\",\"text\":\"%01000d\"}", 3 + i,
            t.room, i);
    }
    hear_all(t.a);
    client_open(c);
    say(c, "{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":\"Cy\"}");
    hear_with(c, "\"ack\"");
    say(c, "{\"type\":\"join\",\"id\":2,\"room\":\"%s\"}", t.room);
    assert_string_equal(hear(c), "{\"type\":\"ended\",\"reason\":\"overflow\"}");
    assert_null(hear(c));
    assert_int_equal(c->close_code, 4008);
    assert_int_equal(hub_counts(exchange_hub(tape_exchange(t.y->tape)))->overflow, 1);
    hear_with(t.a, "\"reason\":\"gone\"");
    say(t.a, "{\"type\":\"chat\",\"id\":13,\"room\":\"%s\",\"text\":\"on\"}", t.room);
    hear_with(t.a, "\"seq\":11");
    hear_with(t.b, "\"seq\":11");
    yard_free(t.y);
}

static void locked_rooms_ask_the_password_thread(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    hear_all(t.a);
    say(t.a, "{\"type\":\"create\",\"id\":3,\"title\":\"Den\",\"password\":\"open sesame\"}");
    assert_null(hear(t.a));
    assert_int_equal(t.y->last_kind, PASSWORD_HASH);
    tape_password(t.y->tape, t.y->now,
                  &(struct password_answer){
                      .job = t.y->last_job, .outcome = PASSWORD_OK, .hash = STR("$argon2id$x")});
    yard_settle(t.y);
    char den[256];
    hear_with(t.a, "\"id\":3");
    field(strstr(t.a->text, "\"room\":{") + 8, "room", den);
    hear_all(t.b);
    say(t.b, "{\"type\":\"join\",\"id\":2,\"room\":\"%s\",\"password\":\"wrong\"}", den);
    tape_password(t.y->tape, t.y->now,
                  &(struct password_answer){
                      .job = t.y->last_job, .outcome = PASSWORD_WRONG, .hash = STR_NONE});
    yard_settle(t.y);
    hear_with(t.b, "\"password_wrong\"");
    t.y->refuse_jobs = true;
    say(t.b, "{\"type\":\"join\",\"id\":3,\"room\":\"%s\",\"password\":\"again\"}", den);
    hear_with(t.b, "\"busy\"");
    yard_free(t.y);
}

static void draining_tells_everybody_to_come_back(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, NULL);
    tape_drain(t.y->tape, t.y->now, 700);
    yard_settle(t.y);
    hear_with(t.a, "\"closing\"");
    assert_non_null(strstr(t.a->text, "\"retry_ms\":700"));
    hear_all(t.a);
    assert_int_equal(t.a->close_code, 1001);
    yard_free(t.y);
}

static void a_moment_for_notices(struct exchange_conf *conf)
{
    conf->web.notice_us = 20000;
}

static void notices_wait_for_company_but_nobody_waits_for_them(void **state)
{
    (void)state;
    struct yard *y = yard_new(NULL, a_moment_for_notices);
    struct client *a = &y->c[0], *b = &y->c[1];
    char room[256];
    client_open(a);
    say(a, "{\"type\":\"hello\",\"id\":1,\"v\":1}");
    say(a, "{\"type\":\"create\",\"id\":2,\"title\":\"Yard\"}");
    hear_with(a, "\"id\":2");
    field(strstr(a->text, "\"room\":{") + 8, "room", room);
    client_open(b);
    say(b, "{\"type\":\"hello\",\"id\":1,\"v\":1,\"join\":{\"room\":\"%s\"}}", room);
    hear_with(b, "\"joined\"");
    assert_null(hear(a));
    yard_wait(y, 50000);
    assert_non_null(strstr(hear(a), "\"entered\""));
    say(b, "{\"type\":\"state\",\"id\":2,\"mic\":true}");
    assert_null(hear(a));
    say(b, "{\"type\":\"chat\",\"id\":3,\"room\":\"%s\",\"text\":\"now\"}", room);
    assert_non_null(strstr(hear(a), "\"participant\""));
    assert_non_null(strstr(hear(a), "\"now\""));
    say(b, "{\"type\":\"state\",\"id\":4,\"mic\":false}");
    cut(a);
    yard_wait(y, 50000);
    yard_free(y);
}

/* ---- POST ---- */

#define KEY "0123456789abcdefABCDEF"

static void post_as(struct yard *y, const char *tab, const char *body, const char *expect)
{
    struct stream_fake *f = yard_connect(y);
    char text[1024];
    snprintf(text, sizeof text,
             "POST /api/send/" KEY "/%s HTTP/1.1\r\nHost: h\r\nOrigin: https://h\r\n"
             "Content-Type: text/plain;charset=utf-8\r\nContent-Length: %zu\r\n\r\n%s",
             tab, strlen(body), body);
    feed_text(f, text);
    yard_settle(y);
    assert_true(f->out_len > 12);
    if (memcmp(f->out + 9, expect, 3) != 0) {
        fail_msg("%.*s", (int)f->out_len, (char *)f->out);
    }
}

static void post(struct yard *y, const char *body, const char *expect)
{
    post_as(y, "A", body, expect);
}

static void cut_stream(struct yard *y, struct stream_fake *f)
{
    stream_fake_break(f, STREAM_RESET);
    yard_settle(y);
}

static bool streamed(struct stream_fake *f, const char *part)
{
    return f->out && memmem(f->out, f->out_len, part, strlen(part)) != NULL;
}

static void posts_that_overtake_wait_for_each_other(void **state)
{
    (void)state;
    struct yard *y = yard_new(NULL, NULL);
    struct stream_fake *f = yard_connect(y);
    feed_text(f, "GET /api/stream/" KEY " HTTP/1.1\r\nHost: h\r\n\r\n");
    yard_settle(y);
    post(y, "{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":\"Cy\"}", "202");
    assert_true(streamed(f, "\"token\""));
    post(y, "{\"type\":\"watch\",\"id\":3,\"on\":true}", "202");
    assert_false(streamed(f, "\"id\":3"));
    post(y, "{\"type\":\"name\",\"id\":2,\"name\":\"Cyd\"}", "202");
    assert_true(streamed(f, "\"id\":2"));
    assert_true(streamed(f, "\"id\":3"));
    post(y, "{\"type\":\"watch\",\"id\":6,\"on\":false}", "202");
    yard_wait(y, 6000000);
    assert_true(streamed(f, "\"bad_id\""));
    yard_free(y);
}

static void two_unsent(struct exchange_conf *conf)
{
    conf->outbox.unsent_count = 2;
    conf->domain.resume_us = 1000000;
}

/* The second tab of a broken stream hears that the first one is away, and that is too much for it. */
static void a_stream_breaks_while_its_tabs_are_too_slow(void **state)
{
    (void)state;
    struct two t = two_in_a_room(NULL, two_unsent);
    struct stream_fake *f = yard_connect(t.y);
    char body[400];
    feed_text(f, "GET /api/stream/" KEY " HTTP/1.1\r\nHost: h\r\n\r\n");
    yard_settle(t.y);
    snprintf(body, sizeof body, "{\"type\":\"hello\",\"id\":1,\"v\":1,\"join\":{\"room\":\"%s\"}}",
             t.room);
    post_as(t.y, "A", body, "202");
    post_as(t.y, "B", body, "202");
    stream_fake_take(f, f->out_len);
    f->room = 0;
    say(t.a, "{\"type\":\"chat\",\"id\":3,\"room\":\"%s\",\"text\":\"fills\"}", t.room);
    say(t.a, "{\"type\":\"chat\",\"id\":4,\"room\":\"%s\",\"text\":\"it\"}", t.room);
    say(t.a, "{\"type\":\"chat\",\"id\":5,\"room\":\"%s\",\"text\":\"up\"}", t.room);
    stream_fake_break(f, STREAM_RESET);
    yard_settle(t.y);
    yard_wait(t.y, 2000000);
    hear_with(t.a, "\"reason\":\"gone\"");
    hear_with(t.a, "\"reason\":\"gone\"");
    yard_free(t.y);
}

/* The answer to a poll is lost on its way: for the server the stream goes on, but the client has to
 * resume. */
static void a_tab_resumes_its_own_session(void **state)
{
    (void)state;
    struct yard *y = yard_new(NULL, NULL);
    struct stream_fake *f = yard_connect(y);
    char body[400], token[256], text[1024];
    const char *poll = "GET /api/stream/" KEY "?poll=1 HTTP/1.1\r\nHost: h\r\n\r\n";
    feed_text(f, poll);
    post(y, "{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":\"Cy\"}", "202");
    snprintf(text, sizeof text, "%.*s", (int)f->out_len, (const char *)f->out);
    field(text, "token", token);
    post(y, "{\"type\":\"name\",\"id\":2,\"name\":\"Di\"}", "202");
    feed_text(f, poll);
    yard_settle(y);
    assert_true(streamed(f, "\"id\":2"));
    stream_fake_take(f, f->out_len);
    cut_stream(y, f);
    snprintf(body, sizeof body, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":1}", token);
    f = yard_connect(y);
    feed_text(f, poll);
    post(y, body, "202");
    assert_true(streamed(f, "\"resumed\""));
    assert_true(streamed(f, "\"id\":2"));
    post(y, "{\"type\":\"resume\",\"v\":1,\"token\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"seq\":1}", "400");
    yard_free(y);
}

static void a_tab_that_posts_nothing_is_gone(void **state)
{
    (void)state;
    struct yard *y = yard_new(NULL, NULL);
    struct stream_fake *f = yard_connect(y);
    struct domain_counts n;
    feed_text(f, "GET /api/stream/" KEY " HTTP/1.1\r\nHost: h\r\n\r\n");
    yard_settle(y);
    post(y, "{\"type\":\"hello\",\"id\":1,\"v\":1}", "202");
    yard_wait(y, 60000000);
    post(y, "{\"type\":\"ping\"}", "202");
    yard_wait(y, 60000000);
    domain_count(exchange_domain(tape_exchange(y->tape)), &n);
    assert_int_equal(n.away, 0);
    yard_wait(y, 40000000); /* the stream itself goes on */
    domain_count(exchange_domain(tape_exchange(y->tape)), &n);
    assert_int_equal(n.away, 1);
    assert_false(f->s.closing);
    yard_free(y);
}

static void too_many_that_wait_are_refused(void **state)
{
    (void)state;
    struct yard *y = yard_new(NULL, NULL);
    struct stream_fake *f = yard_connect(y);
    char body[80];
    feed_text(f, "GET /api/stream/" KEY " HTTP/1.1\r\nHost: h\r\n\r\n");
    yard_settle(y);
    post(y, "{\"type\":\"hello\",\"id\":1,\"v\":1}", "202");
    for (int i = 0; i < 5; i++) {
        snprintf(body, sizeof body, "{\"type\":\"watch\",\"id\":%d,\"on\":true}", 4 + i);
        post(y, body, i < 4 ? "202" : "400");
    }
    yard_free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_and_join_are_one_message),
        cmocka_unit_test(chat_reaches_everybody_in_order),
        cmocka_unit_test(relays_are_told_first),
        cmocka_unit_test(a_lost_pipe_resumes_with_what_it_missed),
        cmocka_unit_test(a_session_that_does_not_resume_is_gone),
        cmocka_unit_test(a_closed_page_is_gone_soon),
        cmocka_unit_test(a_wrong_token_or_number_changes_nothing),
        cmocka_unit_test(a_second_pipe_replaces_the_first),
        cmocka_unit_test(a_repeated_request_is_done_once),
        cmocka_unit_test(a_gap_in_the_ids_is_an_error_on_a_websocket),
        cmocka_unit_test(a_bad_request_takes_its_number),
        cmocka_unit_test(nonsense_without_end_costs_the_connection),
        cmocka_unit_test(nothing_but_hello_and_resume_begins),
        cmocka_unit_test(who_says_nothing_is_closed),
        cmocka_unit_test(ping_forgets_what_was_processed),
        cmocka_unit_test(bye_ends_the_session_at_once),
        cmocka_unit_test(a_session_that_misses_too_much_ends),
        cmocka_unit_test(a_message_that_cannot_be_encoded_ends_whom_it_was_for),
        cmocka_unit_test(locked_rooms_ask_the_password_thread),
        cmocka_unit_test(draining_tells_everybody_to_come_back),
        cmocka_unit_test(notices_wait_for_company_but_nobody_waits_for_them),
        cmocka_unit_test(posts_that_overtake_wait_for_each_other),
        cmocka_unit_test(a_stream_breaks_while_its_tabs_are_too_slow),
        cmocka_unit_test(a_tab_resumes_its_own_session),
        cmocka_unit_test(a_tab_that_posts_nothing_is_gone),
        cmocka_unit_test(too_many_that_wait_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
