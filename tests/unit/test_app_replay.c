/* What the tape records, replay repeats, byte for byte; and a recording that was changed, or that
 * another seed would have made, is found out. */
#include <unistd.h>

#include "app/replay.h"
#include "base/version.h"
#include "exchange_fixture.h"

static char folder[] = "/tmp/madang-replay-XXXXXX";
static char file[64], changed[64];

/* An answer of more than one record. */
static void big_answer(struct yard *y)
{
    static char text[REC_DATA_MAX];
    struct buf rows;
    memset(text, 'x', sizeof text);
    buf_init(&rows, DB_ROWS_MAX);
    for (int i = 0; i < 3; i++) {
        struct val v = VAL_T(str_of(text, sizeof text));
        db_row_write(&rows, &v, 1);
    }
    tape_db(y->tape, y->now,
            &(struct db_answer){DB_SETTING_GET, UINT64_MAX, DB_OK, buf_str(&rows)});
    buf_free(&rows);
}

static void a_worker_tells(struct yard *y)
{
    const struct group_person person = {.session = y->group.peer, .rtt_ms = 20};
    for (int about = 0; about < GROUP_NEWS_KINDS; about++) {
        struct group_news n = {.about = (enum group_news_kind)about,
                               .room = y->group.room,
                               .peer = about == GROUP_NEWS_REFUSED ? 1 : y->group.peer,
                               .track = y->group.track,
                               .codec = GROUP_OPUS,
                               .there = true,
                               .text = STR("v=0"),
                               .people = &person,
                               .n_people = 1};
        tape_group(y->tape, y->now, &n);
    }
    for (int i = 0; i < 2; i++) /* of a recording that nobody knows */
        tape_recorded(y->tape, y->now,
                      &(struct rec_state){.recording = 7, .bytes = 8, .ended = i == 1});
    yard_settle(y);
}

static void with_groups(struct exchange_conf *conf)
{
    conf->domain.groups = GROUPS_ALWAYS;
}

/* A little of everything: pages, WebSockets, chat, a lock, a loss, a resume, POSTs, the end. */
static void an_evening(struct rec *rec)
{
    struct yard *y = yard_new(rec, with_groups);
    struct client *a = &y->c[0], *b = &y->c[1];
    char room[256], token[256], ada[256];
    feed_text(yard_connect(y), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    feed_text(yard_connect(y), "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
    feed_text(yard_connect(y), "GET /ca.crt HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n");
    static const char call[] =
        "POST /api/me HTTP/1.1\r\nHost: h\r\nOrigin: https://h\r\nContent-Type: "
        "application/json\r\nCookie: __Host-madang=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
        "\r\nContent-Length: 2\r\n\r\n{}";
    struct stream_fake *caller = yard_connect(y);
    feed_text(caller, call);
    yard_settle(y);
    assert_non_null(memmem(caller->out, caller->out_len, "{\"user\":null,", 13));
    y->db.refuse = true; /* a full queue is an answer of the world, too */
    caller = yard_connect(y);
    feed_text(caller, call);
    yard_settle(y);
    assert_non_null(memmem(caller->out, caller->out_len, "store_busy", 10));
    y->db.refuse = false;
    big_answer(y);
    client_open(a);
    say(a, "{\"type\":\"hello\",\"id\":1,\"v\":1}");
    field(hear_with(a, "\"id\":1"), "session", ada);
    say(a, "{\"type\":\"create\",\"id\":2,\"title\":\"Yard\",\"password\":\"let me in\"}");
    tape_password(y->tape, y->now,
                  &(struct password_answer){
                      .job = y->last_job, .outcome = PASSWORD_OK, .hash = STR("$argon2id$x")});
    yard_settle(y);
    hear_with(a, "\"id\":2");
    field(strstr(a->text, "\"room\":{") + 8, "room", room);
    client_open(b);
    say(b, "{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":\"Bo\"}");
    field(hear_with(b, "\"id\":1"), "token", token);
    say(b, "{\"type\":\"join\",\"id\":2,\"room\":\"%s\",\"password\":\"let me in\"}", room);
    tape_password(
        y->tape, y->now,
        &(struct password_answer){.job = y->last_job, .outcome = PASSWORD_OK, .hash = STR_NONE});
    yard_settle(y);
    hear_with(b, "\"id\":2");
    say(a, "{\"type\":\"chat\",\"id\":3,\"room\":\"%s\",\"text\":\"hello\"}", room);
    say(b,
        "{\"type\":\"cand\",\"id\":3,\"room\":\"%s\",\"to\":\"%s\",\"conn\":\"m\"}\n"
        "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n",
        room, ada);
    assert_int_equal(y->relays[RELAY_PARTY], 1);
    say(a,
        "{\"type\":\"group_offer\",\"id\":4,\"room\":\"%s\",\"conn\":\"g\",\"lines\":[{\"mid\":"
        "\"0\","
        "\"kind\":\"mic\"}]}\nv=0",
        room);
    a_worker_tells(y);
    hear_with(a, "group_answer");
    cut(b);
    yard_wait(y, 7000000);
    tape_pushed(y->tape, y->now,
                &(struct push_answer){.endpoint = STR("https://push.example/x"),
                                      .outcome = PUSH_GONE,
                                      .status = 410});
    tape_wall(y->tape, y->now, INT64_C(1800000000500000));
    tape_hsts(y->tape, y->now, true);
    feed_text(yard_connect(y), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client_open(b);
    say(b, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":2}", token);
    hear_with(b, "\"hello\"");
    yard_wait(y, 40000000);
    tape_drain(y->tape, y->now, 800);
    yard_settle(y);
    yard_free(y);
}

static struct replay_result replayed(const char *name)
{
    struct replay_result result;
    FILE *out = fopen("/dev/null", "w");
    assert_true(replay_file(name, true, out, &result));
    fclose(out);
    return result;
}

static int record(void **state)
{
    struct rec *rec;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/evening", folder);
    snprintf(changed, sizeof changed, "%s/changed", folder);
    assert_int_equal(rec_open(&rec, file, 4 << 20), ERR_OK);
    an_evening(rec);
    rec_close(rec);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    unlink(file);
    unlink(changed);
    return rmdir(folder);
}

/* A copy of the recording in which one byte of one input is another one. */
static void change(uint16_t kind, size_t from_end)
{
    struct rec_reader *reader;
    struct rec_record r;
    struct rec *copy;
    static uint8_t bytes[REC_DATA_MAX];
    bool done = false;
    assert_int_equal(rec_reader_open(&reader, file), ERR_OK);
    unlink(changed);
    assert_int_equal(rec_open(&copy, changed, 4 << 20), ERR_OK);
    while (rec_next(reader, &r) == ERR_OK) {
        memcpy(bytes, r.data.p, r.data.n);
        if (!done && r.kind == kind && r.data.n > 60) {
            bytes[r.data.n - from_end] ^= 1;
            done = true;
        }
        if (r.kind == REC_CHECKPOINT) {
            rec_checkpoint(copy, r.core, r.time, bytes, r.data.n);
        } else {
            rec_put(copy, r.kind, r.core, r.time, bytes, r.data.n);
        }
    }
    assert_true(done);
    rec_close(copy);
    rec_reader_close(reader);
}

static void a_replay_gives_the_same_bytes(void **state)
{
    (void)state;
    struct replay_result r = replayed(file);
    assert_in_range(r.inputs, 30, 100000);
    assert_in_range(r.outputs, 20, 100000);
    assert_int_equal(r.differences, 0);
}

static void another_input_gives_other_bytes(void **state)
{
    (void)state;
    change(TAPE_DATA, 5); /* a letter of the first request's path, or of a header */
    assert_int_not_equal(replayed(changed).differences, 0);
}

static void another_seed_gives_other_bytes(void **state)
{
    (void)state;
    size_t seed_at = 4 + strlen(madang_version()) + 4 + offsetof(struct exchange_conf, seed);
    struct rec_reader *reader;
    struct rec_record r;
    assert_int_equal(rec_reader_open(&reader, file), ERR_OK);
    assert_int_equal(rec_next(reader, &r), ERR_OK);
    assert_int_equal(r.kind, REC_CHECKPOINT);
    assert_int_equal(r.data.p[seed_at], 7);
    size_t from_end = r.data.n - seed_at;
    rec_reader_close(reader);
    change(REC_CHECKPOINT, from_end);
    assert_int_not_equal(replayed(changed).differences, 0);
}

/* Nobody is there any more: the ring may begin anew, and what comes then is replayed, too. */
static unsigned checkpoints(const char *name)
{
    unsigned n = 0;
    struct rec_reader *r;
    struct rec_record rec;
    assert_int_equal(rec_reader_open(&r, name), ERR_OK);
    while (rec_next(r, &rec) == ERR_OK)
        n += rec.kind == REC_CHECKPOINT;
    rec_reader_close(r);
    return n;
}

static void an_empty_yard_begins_anew(void **state)
{
    (void)state;
    struct rec *rec;
    unlink(changed);
    assert_int_equal(rec_open(&rec, changed, 4 << 20), ERR_OK);
    struct yard *y = yard_new(rec, NULL);
    static char text[60000];
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 8; i++) {
        client_open(&y->c[0]);
        say(&y->c[0], "{\"type\":\"%s\"}", text);
        cut(&y->c[0]);
    }
    for (int i = 0; i < 2; i++) {
        tape_idle(y->tape, y->now);
        client_open(&y->c[1]);
        say(&y->c[1], "{\"type\":\"hello\",\"id\":1,\"v\":1}");
        hear_with(&y->c[1], "\"token\"");
        cut(&y->c[1]);
    }
    yard_free(y);
    rec_close(rec);
    assert_int_equal(checkpoints(changed), 2); /* the second time little had been recorded since */
    assert_int_equal(replayed(changed).differences, 0);
}

static void what_is_no_recording_is_refused(void **state)
{
    (void)state;
    struct replay_result r;
    FILE *out = fopen("/dev/null", "w");
    assert_false(replay_file("/dev/null", false, out, &r));
    assert_false(replay_file("/nowhere/at/all", false, out, &r));
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replay_gives_the_same_bytes),
        cmocka_unit_test(another_input_gives_other_bytes),
        cmocka_unit_test(another_seed_gives_other_bytes),
        cmocka_unit_test(an_empty_yard_begins_anew),
        cmocka_unit_test(what_is_no_recording_is_refused),
    };
    return cmocka_run_group_tests(tests, record, forget);
}
