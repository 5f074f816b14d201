/* Rooms that are recorded: who may begin it, who is told and when, who is in the files, why it ends, and whose it is. */
#define CLIENTS_MAX 256
#include "stay_world.h"

#include "domain/group.h"
#include "domain/record.h"

#define OFFER "'type':'group_offer','room':'%s','conn':'g','lines':[{'mid':'0','kind':'mic'}]\nv=0"
#define START "'type':'record_start','room':'%s'"
#define STOP  "'type':'record_stop','room':'%s'"
#define AGREE "'type':'record_agree','room':'%s'"

static void allow(struct world *w, enum groups_when when)
{
    w->cfg.groups = when;
    w->cfg.facts.limit_group = 6;
    world_again(w);
}

static void heard_of(struct world *w, struct rec_state s)
{
    s.recording = w->recording;
    domain_recorded(w->d, w->now, w->wall, &s);
    world_settle(w);
}

static void begins(struct world *w)
{
    heard_of(w, (struct rec_state){.bytes = 1000});
}

static void ends(struct world *w, enum rec_end why)
{
    heard_of(w,
             (struct rec_state){.ended = true, .end = why, .bytes = 5000, .duration_us = 7000000});
}

/* Mina's room, with Ben, a guest. */
struct meeting {
    struct world *w;
    struct client *mina, *ben;
    char room[B32_SIZE];
};

static struct meeting meet(struct world *w)
{
    struct meeting m = {.w = w};
    allow(w, GROUPS_AUTO);
    m.mina = device(w, MINA);
    m.ben = hello(w, "Ben");
    create(m.mina, m.room, ",'title':'Talk'");
    assert_ack(join(m.ben, m.room, ""));
    drain_all(w);
    groups(w);
    return m;
}

static struct meeting recorded(struct world *w)
{
    struct meeting m = meet(w);
    assert_ack(ask(m.mina, START, m.room));
    begins(w);
    drain_all(w);
    groups(w);
    return m;
}

/* ---- everybody knows, and only who agrees is in it ---- */

static void everybody_is_told_before_anything_is_recorded(void **state)
{
    struct meeting m = meet(*state);
    assert_ack(ask(m.mina, START, m.room));
    assert_has(next(m.ben), "'type':'group_mode'");
    const char *told = next(m.ben);
    assert_has(told, "{'type':'recording','room':'");
    assert_has(told, "'on':true,'by':'");
    assert_has(told, "'name':'mina','since':");
    assert_has(next(m.ben), "'recorded':true"); /* she has agreed */
    assert_string_equal(groups(m.w), "open;record on;");
    assert_ack(ask(m.mina, START, m.room)); /* it is */
    assert_string_equal(groups(m.w), "");
    assert_has(ask(m.mina, "'type':'room_set','room':'%s','title':'T'", m.room), "'recording':");
}

static void who_comes_later_agrees_first(void **state)
{
    struct meeting m = recorded(*state);
    struct client *cho = hello(m.w, "Cho");
    assert_error(join(cho, m.room, ""), "recorded");
    assert_string_equal(next(m.ben), "");
    assert_has(
        ask(client_new(m.w), "'type':'hello','v':1,'name':'Dan','join':{'room':'%s'}", m.room),
        "'join_error':{'code':'recorded'}");
    assert_has(join(cho, m.room, ",'recorded':true"), "'recording':");
    assert_has(next(m.ben), "'name':'Cho'");
    assert_has(last(m.ben), "'recorded':true");
}

static void a_door_asks_for_all_else_before(void **state)
{
    struct meeting m = recorded(*state);
    struct client *cho = hello(m.w, "Cho");
    assert_ack(ask(m.mina, "'type':'room_set','room':'%s','lobby':true,'password':'tree'", m.room));
    assert_error(join(cho, m.room, ""), "password_required");
    assert_error(join(cho, m.room, ",'password':'tree'"), "lobby");
    assert_ack(ask(cho, "'type':'knock','room':'%s'", m.room));
    assert_ack(
        ask(m.mina, "'type':'room_admit','room':'%s','session':'%s','on':true", m.room, cho->sid));
    assert_error(join(cho, m.room, ""), "recorded");
    assert_ack(join(cho, m.room, ",'recorded':true"));
}

static void only_who_agrees_is_in_the_files(void **state)
{
    struct meeting m = meet(*state);
    assert_ack(ask(m.ben, AGREE, m.room)); /* to nothing, so far */
    assert_ack(ask(m.mina, START, m.room));
    groups(m.w);
    assert_ack(ask(m.mina, OFFER, m.room));
    assert_string_equal(groups(m.w), "offer 3 v=0 0:mic;agree;");
    begins(m.w);
    assert_string_equal(groups(m.w), "name mina;"); /* the recording thread knows it from now on */
    assert_ack(ask(m.ben, OFFER, m.room));
    assert_string_equal(groups(m.w), "offer 3 v=0 0:mic;");
    drain_all(m.w);
    assert_ack(ask(m.ben, AGREE, m.room));
    assert_string_equal(groups(m.w), "agree;name Ben;");
    assert_has(next(m.mina), "'type':'participant'");
    assert_has(last(m.mina), "'recorded':true");
    assert_ack(ask(m.ben, AGREE, m.room));
    assert_string_equal(groups(m.w), "");
    assert_error(ask(hello(m.w, "Cho"), AGREE, m.room), "not_in_room");
    ends(m.w, REC_QUOTA);
    assert_ack(ask(m.mina, START, m.room)); /* another one: they are asked again */
    assert_string_equal(groups(m.w), "record off;record on;agree;");
}

static void consent_can_be_taken_back(void **state)
{
    struct meeting m = recorded(*state);
    assert_ack(ask(m.ben, OFFER, m.room));
    assert_ack(ask(m.ben, AGREE ",'on':false", m.room)); /* there was none */
    groups(m.w);
    assert_ack(ask(m.ben, AGREE ",'on':true", m.room));
    drain_all(m.w);
    groups(m.w);
    assert_ack(ask(m.ben, AGREE ",'on':false", m.room));
    assert_string_equal(groups(m.w), "agree no more;");
    assert_has(next(m.mina), "'type':'participant'");
    assert_null(strstr(last(m.mina), "\"recorded\""));
    assert_ack(ask(m.ben, OFFER, m.room)); /* and it stays so */
    assert_null(strstr(groups(m.w), "agree"));
    drain_all(m.w);
    assert_ack(
        ask(m.mina, AGREE ",'on':false", m.room)); /* whoever has begun it, too: it goes on */
    assert_has(next(m.ben), "'type':'participant'");
    assert_ack(ask(m.ben, AGREE, m.room));
    assert_string_equal(groups(m.w), "agree;name Ben;");
    assert_error(ask(m.ben, AGREE ",'on':1", m.room), "bad_request");
}

/* It refuses another one while it still copies for one that is over. */
static void the_worker_is_told_once_that_it_is_over(void **state)
{
    struct meeting m = recorded(*state);
    groups(m.w);
    ends(m.w, REC_DISK_FULL); /* by itself */
    assert_string_equal(groups(m.w), "record off;");
    assert_ack(ask(m.mina, START, m.room));
    begins(m.w);
    groups(m.w);
    assert_ack(ask(m.mina, STOP, m.room));
    assert_string_equal(groups(m.w), "record off;");
    ends(m.w, REC_STOPPED);
    assert_string_equal(groups(m.w), "");
}

static void who_reloads_is_not_asked_again_and_who_comes_back_is(void **state)
{
    struct meeting m = recorded(*state);
    struct client *again = client_new(m.w), *later = client_new(m.w);
    assert_ack(ask(m.ben, AGREE, m.room));
    const char *a = ask(again,
                        "'type':'hello','v':1,'name':'Ben','replaces':'%s','join':{'room':'%s'}",
                        m.ben->token, m.room);
    assert_has(a, "'recording':");
    assert_has(a, "'recorded':true");
    char token[64];
    value(a, "token", token, sizeof token);
    lose_pipe(again);
    world_pass(m.w, 10 * MINUTE);
    a = ask(later, "'type':'hello','v':1,'name':'Ben','replaces':'%s','join':{'room':'%s'}", token,
            m.room);
    assert_has(a, "'join_error':{'code':'recorded'");
}

static void who_is_moved_into_it_is_asked(void **state)
{
    struct meeting m = recorded(*state);
    struct client *cho = hello(m.w, "Cho");
    char other[B32_SIZE];
    create(m.mina, other, "");
    assert_ack(join(cho, other, ""));
    assert_ack(ask(m.mina, "'type':'room_merge','room':'%s','into':'%s'", other, m.room));
    assert_has(last(cho), "'type':'merged'");
    assert_has(last(cho), "'recording':");
    groups(m.w);
    assert_ack(ask(cho, OFFER, m.room));
    assert_string_equal(groups(m.w), "offer 3 v=0 0:mic;");
}

/* ---- who may ---- */

static void only_who_moderates_and_has_an_account_may(void **state)
{
    struct world *w = *state;
    struct meeting m = meet(w);
    char room[B32_SIZE];
    assert_error(ask(m.ben, START, m.room), "sign_in_required");
    struct client *jun = device(w, JUN);
    assert_error(ask(jun, START, m.room), "not_in_room");
    assert_ack(join(jun, m.room, ""));
    assert_error(ask(jun, START, m.room), "not_owner");
    assert_error(ask(jun, STOP, m.room), "not_owner");
    create(m.ben, room, ""); /* a guest owns it */
    assert_error(ask(m.ben, START, room), "sign_in_required");
    assert_string_equal(groups(w), "open;"); /* for the third one */
}

static void in_rooms_that_stay_moderators_may(void **state)
{
    struct world *w = *state;
    struct scene s;
    allow(w, GROUPS_AUTO);
    s = scene_new(w, "");
    const char *room = id_text(s.room);
    struct client *all[] = {s.mina, s.jun, s.sora};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        assert_ack(join(all[i], room, ""));
    assert_error(ask(s.sora, START, room), "not_allowed");
    assert_ack(ask(s.jun, START, room));
    assert_error(ask(s.sora, STOP, room), "not_allowed");
    assert_ack(ask(s.sora, "'type':'leave','room':'%s'", room));
    assert_error(join(s.sora, room, ""), "recorded"); /* members, too */
    assert_ack(join(s.sora, room, ",'recorded':true"));
    groups(w);
    assert_ack(ask(s.mina, STOP, room)); /* anybody who moderates */
    assert_string_equal(groups(w), "record off;");
}

static void not_where_the_server_does_not(void **state)
{
    struct world *w = *state;
    static const struct {
        enum groups_when when;
        bool on;
    } off[] = {{GROUPS_NEVER, true}, {GROUPS_AUTO, false}};
    for (size_t i = 0; i < ARRAY_LEN(off); i++) {
        char room[B32_SIZE];
        w->cfg.recordings = off[i].on;
        allow(w, off[i].when);
        struct client *mina = device(w, MINA);
        create(mina, room, "");
        assert_error(ask(mina, START, room), "recordings_off");
        assert_string_equal(groups(w), "");
    }
}

/* ---- the room meanwhile, and the end ---- */

static void a_room_stays_with_the_server_as_long_as_it_is_recorded(void **state)
{
    struct meeting m = recorded(*state);
    world_pass(m.w, MINUTE);
    assert_ack(ask(m.ben, "'type':'leave','room':'%s'", m.room));
    world_pass(m.w, MINUTE);
    assert_string_equal(groups(m.w), "");
    ends(m.w, REC_STOPPED);
    drain_all(m.w);
    world_pass(m.w, MINUTE);
    assert_has(next(m.mina), "'mode':'direct'");
}

static void its_owner_may_leave(void **state)
{
    struct meeting m = recorded(*state);
    lose_pipe(m.mina);
    world_pass(m.w, 10 * MINUTE);
    assert_string_equal(groups(m.w), "");
    struct client *cho = hello(m.w, "Cho");
    assert_error(join(cho, m.room, ""), "recorded");
    assert_ack(ask(m.ben, STOP, m.room)); /* the owner now, though a guest */
    assert_string_equal(groups(m.w), "record off;");
    ends(m.w, REC_STOPPED);
    assert_has(ask(device(m.w, MINA), "'type':'recordings'"), "'state':'stopped'");
}

static void it_ends_when_nobody_is_there(void **state)
{
    struct meeting m = recorded(*state);
    assert_ack(ask(m.ben, "'type':'leave','room':'%s'", m.room));
    assert_ack(ask(m.mina, "'type':'leave','room':'%s'", m.room));
    assert_string_equal(groups(m.w), "record off;close;");
    assert_has(ask(m.mina, "'type':'recordings'"), "'state':'running'");
    ends(m.w, REC_STOPPED);
    assert_has(ask(m.mina, "'type':'recordings'"), "'title':'Talk','started':");
    assert_has(last(m.mina), "'duration_ms':7000,'bytes':5000,'state':'stopped'}]}");
}

static void everybody_hears_why_it_ended(void **state)
{
    static const char *const why[REC_ENDS] = {"stopped", "quota",   "disk_full",
                                              "failed",  "refused", "shutdown"};
    struct meeting m = recorded(*state);
    for (int i = 0; i < REC_ENDS; i++) {
        if (i > 0) {
            assert_ack(ask(m.mina, START, m.room));
            begins(m.w);
        }
        drain_all(m.w);
        ends(m.w, (enum rec_end)i);
        assert_has(next(m.ben), "'type':'recording'");
        char want[40];
        snprintf(want, sizeof want, "'why':'%s'}", why[i]);
        assert_has(last(m.ben), want);
        assert_has(last(m.ben), "'on':false");
        ends(m.w, REC_FAILED); /* of one that is no more */
        assert_string_equal(next(m.ben), "");
    }
    assert_ack(ask(m.ben, "'type':'chat','room':'%s','text':'on we go'", m.room));
}

static void what_did_not_begin_is_in_no_list(void **state)
{
    struct meeting m = meet(*state);
    assert_ack(ask(m.mina, START, m.room));
    ends(m.w, REC_REFUSED);
    assert_has(last(m.ben), "'why':'refused'}");
    assert_has(ask(m.mina, "'type':'recordings'"), "'recordings':[]}");
    assert_ack(ask(m.mina, START, m.room)); /* stopped at once */
    assert_ack(ask(m.mina, STOP, m.room));
    assert_error(ask(m.mina, START, m.room), "busy"); /* until that is through */
    ends(m.w, REC_STOPPED);
    assert_ack(ask(m.mina, START, m.room));
}

static void no_worker_no_recording(void **state)
{
    struct meeting m = meet(*state);
    assert_ack(ask(m.mina, START, m.room));
    struct group_news n = {.about = GROUP_NEWS_REFUSED, .room = m.w->group, .refusal = GROUP_FULL};
    domain_group(m.w->d, m.w->now, m.w->wall, &n);
    world_settle(m.w);
    ends(m.w, REC_REFUSED);
    assert_error(ask(m.mina, START, m.room), "busy");
}

static void a_server_that_stops_says_so(void **state)
{
    struct meeting m = recorded(*state);
    domain_drain(m.w->d, m.w->now, m.w->wall);
    world_settle(m.w);
    assert_string_equal(groups(m.w), "record off;");
    world_again(m.w); /* the recording thread had no time for its last word */
    assert_has(ask(device(m.w, MINA), "'type':'recordings'"), "'bytes':1000,'state':'shutdown'}");
}

static void one_that_the_server_fell_in_is_cut_off(void **state)
{
    struct meeting m = recorded(*state);
    heard_of(m.w, (struct rec_state){.bytes = 2000, .duration_us = 3000000});
    world_again(m.w);
    assert_has(ask(device(m.w, MINA), "'type':'recordings'"),
               "'duration_ms':3000,'bytes':2000,'state':'cut_off'}");
}

/* ---- whose it is ---- */

static uint64_t done(struct world *w)
{
    struct meeting m = recorded(w);
    ends(w, REC_STOPPED);
    uint64_t id = w->recording;
    assert_ack(ask(m.mina, "'type':'leave','room':'%s'", m.room));
    assert_ack(ask(m.ben, "'type':'leave','room':'%s'", m.room));
    drain_all(w);
    return id;
}

static void its_files_are_for_its_owner_alone(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    uint32_t camera = disk_recording_part(1, GROUP_CAMERA, false);
    char want[120];
    snprintf(want, sizeof want, "file %d %llx-%u video/webm \"Talk 0001-camera.webm\" ",
             DISK_RECORDING, (unsigned long long)id, camera);
    assert_memory_equal(fetch(w, &browsers[MINA], FETCH_RECORDING, id, camera), want, strlen(want));
    assert_true(strstr(fetch(w, &browsers[MINA], FETCH_RECORDING, id, 0),
                       "application/json \"Talk manifest.json\""));
    assert_true(strstr(
        fetch(w, &browsers[MINA], FETCH_RECORDING, id, disk_recording_part(2, GROUP_MIC, true)),
        "audio/x-matroska \"Talk 0002-mic.mkv\""));
    struct browser guest = {0};
    assert_string_equal(fetch(w, &browsers[JUN], FETCH_RECORDING, id, camera), "none");
    assert_string_equal(fetch(w, &guest, FETCH_RECORDING, id, camera), "none");
    assert_string_equal(fetch(w, NULL, FETCH_RECORDING, id, camera), "none");
    assert_string_equal(fetch(w, &browsers[MINA], FETCH_RECORDING, id + 1, camera), "none");
    assert_string_equal(fetch(w, &browsers[MINA], FETCH_FILE, id, 0), "none");
}

static void while_it_runs_nobody_has_it(void **state)
{
    struct meeting m = recorded(*state);
    assert_string_equal(fetch(m.w, &browsers[MINA], FETCH_RECORDING, m.w->recording, 0), "none");
    assert_error(ask(m.mina, "'type':'recording_remove','recording':'%s'", id_text(m.w->recording)),
                 "busy");
}

static void only_its_owner_removes_it(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    struct client *mina = device(w, MINA), *jun = device(w, JUN), *ben = hello(w, "Ben");
    const char *rm = "'type':'recording_remove','recording':'%s'";
    assert_error(ask(jun, rm, id_text(id)), "unknown");
    assert_has(ask(jun, "'type':'recordings'"), "'recordings':[]}");
    assert_error(ask(ben, rm, id_text(id)), "sign_in_required");
    assert_error(ask(ben, "'type':'recordings'"), "sign_in_required");
    assert_ack(ask(mina, rm, id_text(id)));
    assert_has(ask(mina, "'type':'recordings'"), "'recordings':[]}");
    assert_error(ask(mina, rm, id_text(id)), "unknown");
    assert_string_equal(fetch(w, &browsers[MINA], FETCH_RECORDING, id, 0), "none");
}

static void a_disk_that_fails_keeps_it_in_the_list(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    struct client *mina = device(w, MINA);
    w->disk.fail = DISK_FAILED;
    assert_error(ask(mina, "'type':'recording_remove','recording':'%s'", id_text(id)), "internal");
    assert_has(ask(mina, "'type':'recordings'"), "'state':'stopped'");
}

static void it_goes_with_the_account(void **state)
{
    struct world *w = *state;
    uint64_t id = done(w);
    device(w, JUN);
    run_proc(w, DB_USER_DELETE, &(const struct val){VAL_INT, MINA, {NULL, 0}}, 1);
    assert_int_equal(w->disk.asked, 0);
    world_pass(w, 20 * MINUTE);
    assert_int_equal(w->disk.asked, 1);
    const struct val args[] = {VAL_I(RECORDING_RUNS), VAL_I(9)};
    struct db_request rq = {DB_RECORDINGS_LEFT, 1, args, 2};
    struct buf rows;
    buf_init(&rows, DB_ROWS_MAX);
    assert_int_equal(db_run(db_inline_open(&w->db), &rq, &rows), DB_OK);
    assert_int_equal(buf_len(&rows), 0);
    buf_free(&rows);
    (void)id;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALL_TEST(everybody_is_told_before_anything_is_recorded),
        CALL_TEST(who_comes_later_agrees_first),
        CALL_TEST(a_door_asks_for_all_else_before),
        CALL_TEST(only_who_agrees_is_in_the_files),
        CALL_TEST(consent_can_be_taken_back),
        CALL_TEST(the_worker_is_told_once_that_it_is_over),
        CALL_TEST(who_reloads_is_not_asked_again_and_who_comes_back_is),
        CALL_TEST(who_is_moved_into_it_is_asked),
        CALL_TEST(only_who_moderates_and_has_an_account_may),
        CALL_TEST(in_rooms_that_stay_moderators_may),
        CALL_TEST(not_where_the_server_does_not),
        CALL_TEST(a_room_stays_with_the_server_as_long_as_it_is_recorded),
        CALL_TEST(its_owner_may_leave),
        CALL_TEST(it_ends_when_nobody_is_there),
        CALL_TEST(everybody_hears_why_it_ended),
        CALL_TEST(what_did_not_begin_is_in_no_list),
        CALL_TEST(no_worker_no_recording),
        CALL_TEST(a_server_that_stops_says_so),
        CALL_TEST(one_that_the_server_fell_in_is_cut_off),
        CALL_TEST(its_files_are_for_its_owner_alone),
        CALL_TEST(while_it_runs_nobody_has_it),
        CALL_TEST(only_its_owner_removes_it),
        CALL_TEST(a_disk_that_fails_keeps_it_in_the_list),
        CALL_TEST(it_goes_with_the_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
