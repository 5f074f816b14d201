/* What a worker's SFU was given is recorded, and does the same again when it is replayed. */
#include "group_house.h"

#include <stdlib.h>

#include "app/replay.h"
#include "app/sfu_core.h"

/* A meeting of three with everything that people do; into the recording. */
static void meet(struct rec *rec)
{
    struct house h = {.rec = rec};
    struct client a, b, c;
    uint8_t p[2048];
    build_house(&h, 1);
    client_open(&a, &h, 1, true);
    client_open(&b, &h, 2, false);
    client_open(&c, &h, 3, false);
    client_connect(&a);
    client_connect(&b);
    for (uint16_t i = 0; i < 40; i++) {
        client_talk(&a, i);
        client_hear(&b, p, sizeof p);
    }
    assert_true(
        worker_post(h.w, &sfu_letter(MEDIA_SFU_OFFER, ROOM, 9, 0, STR("nonsense"))->letter));
    HEAR_UNTIL(&h, h.refused == 1);
    close(c.fd);
    c.fd = stream_to(&h, h.w);
    c.tcp = true;
    client_connect(&c);
    struct media_sfu *m = sfu_letter(MEDIA_SFU_WISH, ROOM, 2, 1, STR_NONE);
    memcpy(m->lines[0].mid, "0", 2);
    assert_true(worker_post(h.w, &m->letter));
    for (uint16_t i = 40; i < 60; i++) {
        client_talk(&a, i);
        client_hear(&c, p, sizeof p);
    }
    assert_true(worker_post(h.w, &sfu_letter(MEDIA_SFU_LEAVE, ROOM, 1, 0, STR_NONE)->letter));
    HEAR_UNTIL(&h, h.tracks_gone == 1);
    client_close(&a);
    client_close(&b);
    client_close(&c);
    close_house(&h);
}

static void record_to(char *file)
{
    struct rec *rec;
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    unlink(file);
    assert_int_equal(rec_open(&rec, file, 16 << 20), ERR_OK);
    meet(rec);
    rec_close(rec);
}

static void a_meeting_does_the_same_again(void **state)
{
    (void)state;
    char file[] = "/tmp/madang-sfu-XXXXXX";
    struct replay_result result;
    record_to(file);
    assert_true(replay_file(file, false, stderr, &result));
    assert_int_equal(result.differences, 0);
    assert_int_equal(result.skipped, 0);
    assert_true(result.inputs > 150);
    assert_true(result.outputs > 60);
    unlink(file);
}

/* Feeds what the SFU was given, without the skip-th train; how many records found a difference. */
static unsigned differences(const char *file, unsigned skip)
{
    struct rec_reader *rd;
    struct rec_record rec;
    struct sfu_replay *r = sfu_replay_new();
    unsigned trains = 0, n = 0;
    char why[200];
    assert_int_equal(rec_reader_open(&rd, file), ERR_OK);
    while (rec_next(rd, &rec) == ERR_OK) {
        if (rec.core != SFU_CORE_FIRST)
            continue;
        bool is_train = rec.kind >= REC_INPUT && rec.data.n > 120 && rec.data.n < 300;
        if (is_train && ++trains == skip)
            continue;
        n += !sfu_replay_feed(r, &rec, why, sizeof why);
    }
    assert_true(trains >= skip);
    rec_reader_close(rd);
    sfu_replay_free(r);
    return n;
}

static void what_is_left_out_is_noticed(void **state)
{
    (void)state;
    char file[] = "/tmp/madang-sfu-XXXXXX";
    record_to(file);
    assert_int_equal(differences(file, 0), 0);
    assert_true(differences(file, 30) > 0);
    unlink(file);
}

static void records_that_are_not_whole_are_refused(void **state)
{
    (void)state;
    static const uint8_t bytes[300] = {1, 2, 3};
    struct sfu_replay *r = sfu_replay_new();
    char why[200];
    struct rec_record rec = {.kind = REC_INPUT, .core = SFU_CORE_FIRST};
    assert_false(sfu_replay_feed(r, &rec, why, sizeof why)); /* without a beginning */
    rec.kind = REC_CHECKPOINT;
    rec.data = str_of(bytes, sizeof bytes);
    assert_false(sfu_replay_feed(r, &rec, why, sizeof why)); /* of another version */
    sfu_replay_free(r);
}

/* With a beginning, any bytes of any kind. */
static void records_of_rubbish_do_no_harm(void **state)
{
    (void)state;
    char file[] = "/tmp/madang-sfu-XXXXXX";
    struct rec_reader *rd;
    struct rec_record rec;
    struct sfu_replay *r = sfu_replay_new();
    uint8_t bytes[300];
    char why[200];
    unsigned refused = 0;
    record_to(file);
    assert_int_equal(rec_reader_open(&rd, file), ERR_OK);
    while (rec_next(rd, &rec) == ERR_OK &&
           (rec.kind != REC_CHECKPOINT || rec.core != SFU_CORE_FIRST))
        ;
    assert_true(sfu_replay_feed(r, &rec, why, sizeof why));
    for (unsigned i = 0; i < 4000; i++) {
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)(i * 31 + k * (i % 7));
        rec.kind = (uint16_t)(REC_INPUT + i % 20);
        rec.data = str_of(bytes, i % sizeof bytes);
        refused += !sfu_replay_feed(r, &rec, why, sizeof why);
    }
    assert_true(refused > 0);
    rec_reader_close(rd);
    sfu_replay_free(r);
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_meeting_does_the_same_again),
        cmocka_unit_test(what_is_left_out_is_noticed),
        cmocka_unit_test(records_that_are_not_whole_are_refused),
        cmocka_unit_test(records_of_rubbish_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
