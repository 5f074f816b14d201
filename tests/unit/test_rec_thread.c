/* The recording thread: letters go in, files lie there, and control is told. */
#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "media/sfu.h"
#include "rec_studio.h"

static void order(struct studio *s, enum rec_letter_kind kind, uint64_t id, const char *text)
{
    struct rec_order_letter *m = rec_order_letter_new(kind, id, str_from(text));
    m->room = 5;
    m->peer = 7;
    m->wall_us = clock_wall_us();
    m->mono_us = clock_mono_us();
    assert_true(rec_thread_post(s->thread, &m->letter));
}

static struct rec_batch *batch_of(uint64_t id, unsigned from, unsigned n, size_t size)
{
    struct rec_batch *b = rec_batch_new(id);
    for (unsigned i = from; i < from + n; i++) {
        struct rec_head h = {.track = 1,
                             .peer = 7,
                             .seq = 65536 + i,
                             .at_us = clock_mono_us(),
                             .timestamp = i * 960,
                             .n = (uint16_t)size,
                             .kind = SFU_MIC,
                             .codec = CODEC_OPUS};
        memcpy(b->bytes + b->len, &h, sizeof h);
        memset(b->bytes + b->len + sizeof h, (int)i, size);
        b->len += (uint32_t)rec_batch_step(size);
    }
    return b;
}

static void packets(struct studio *s, uint64_t id, unsigned from, unsigned n, size_t size)
{
    assert_true(rec_thread_post(s->thread, &batch_of(id, from, n, size)->letter));
}

static void a_recording_becomes_files_and_a_manifest(void **state)
{
    (void)state;
    struct studio s;
    size_t n;
    studio_open(&s, NULL);
    order(&s, REC_START, 1, "마당/2026-11-22");
    order(&s, REC_NAME, 1, "Jun");
    for (unsigned i = 0; i < 10; i++)
        packets(&s, 1, i * 50, 50, 90);
    order(&s, REC_STOP, 1, "");
    STUDIO_UNTIL(&s, s.ended == 1);
    assert_int_equal(s.started, 1);
    assert_int_equal(s.last.end, REC_STOPPED);
    assert_int_equal(s.last.room, 5);
    assert_true(s.last.bytes > 500 * 90);
    assert_int_equal(studio_frames(&s, "마당/2026-11-22/0001-mic.webm"), 500);
    char *text = studio_read(&s, "마당/2026-11-22/manifest.json", &n);
    assert_non_null(strstr(text, "\"ended\": \"stopped\""));
    assert_non_null(strstr(text, "\"name\": \"Jun\""));
    assert_null(studio_read(&s, "마당/2026-11-22/manifest.json.new", &n));
    free(text);
    struct rec_thread_stats st;
    rec_thread_stats(s.thread, &st);
    assert_int_equal(st.recording, 0);
    assert_true(st.bytes > 500 * 90);
    studio_close(&s);
}

static void what_is_still_recorded_at_the_end_is_finished(void **state)
{
    (void)state;
    struct studio s;
    studio_open(&s, NULL);
    order(&s, REC_START, 1, "a/1");
    order(&s, REC_START, 2, "a/2");
    packets(&s, 1, 0, 50, 90);
    packets(&s, 2, 0, 60, 90);
    studio_stop(&s);
    assert_int_equal(s.ended, 2);
    assert_int_equal(s.last.end, REC_SHUTDOWN);
    assert_int_equal(studio_frames(&s, "a/1/0001-mic.webm"), 50);
    assert_int_equal(studio_frames(&s, "a/2/0001-mic.webm"), 60);
    studio_close(&s);
}

static void a_folder_is_new_and_below_ours(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "a",     "/a",        "a/",     "../b",
                                      "a/..", "a/b/c", "a/.hidden", "a/b\nc", "a//b"};
    struct studio s;
    studio_open(&s, NULL);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        order(&s, REC_START, i + 1, bad[i]);
        STUDIO_UNTIL(&s, s.ended == i + 1);
        assert_int_equal(s.last.end, REC_REFUSED);
    }
    assert_int_equal(s.started, 0);
    order(&s, REC_START, 50, "a/b");
    order(&s, REC_START, 50, "a/c"); /* the same one again */
    STUDIO_UNTIL(&s, s.ended == ARRAY_LEN(bad) + 1);
    order(&s, REC_START, 51, "a/b"); /* it is there */
    STUDIO_UNTIL(&s, s.ended == ARRAY_LEN(bad) + 2);
    assert_int_equal(s.last.recording, 51);
    assert_int_equal(s.last.end, REC_FAILED);
    assert_int_equal(s.started, 1);
    studio_close(&s);
}

/* Somebody speaks until it is told that the recording is over. */
static void talk_until_it_ends(struct studio *s)
{
    for (unsigned sent = 0; s->ended == 0; sent += 50) {
        packets(s, 1, sent, 50, 1000);
        if (mailbox_wait(s->box, 20))
            mailbox_take(s->box, studio_hear_one, s, 64);
        assert_true(sent < 100000);
    }
}

static void a_full_quota_ends_a_recording_and_refuses_others(void **state)
{
    (void)state;
    struct studio s;
    studio_open(&s, &(struct rec_options){.disk.quota = 200000});
    order(&s, REC_START, 1, "a/1");
    talk_until_it_ends(&s);
    assert_int_equal(s.last.end, REC_QUOTA);
    assert_true(studio_frames(&s, "a/1/0001-mic.webm") > 150); /* it is whole */
    order(&s, REC_START, 2, "a/2");
    STUDIO_UNTIL(&s, s.ended == 2);
    assert_int_equal(s.last.end, REC_QUOTA);
    studio_close(&s);
}

/* No file may grow beyond 100,000 bytes: as if the disk were full. */
static void a_full_disk_ends_the_recording(void **state)
{
    (void)state;
    struct studio s;
    struct rlimit was, small;
    size_t n;
    studio_open(&s, NULL);
    order(&s, REC_START, 1, "a/1");
    STUDIO_UNTIL(&s, s.started == 1);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &was);
    small = was;
    small.rlim_cur = 100000;
    setrlimit(RLIMIT_FSIZE, &small);
    talk_until_it_ends(&s);
    setrlimit(RLIMIT_FSIZE, &was);
    assert_int_equal(s.last.end, REC_DISK_FULL);
    char *p = studio_read(&s, "a/1/0001-mic.webm", &n);
    assert_non_null(p);
    struct mkv_file f = mkv_read((const uint8_t *)p, n);
    assert_null(f.wrong);
    assert_true(f.n > 40); /* what fitted plays */
    free(f.blocks);
    free(p);
    studio_close(&s);
}

static void what_is_left_of_the_disk_is_kept_free(void **state)
{
    (void)state;
    struct studio s;
    studio_open(&s, &(struct rec_options){.disk.reserve = UINT64_MAX});
    order(&s, REC_START, 1, "a/1");
    STUDIO_UNTIL(&s, s.ended == 1);
    assert_int_equal(s.last.end, REC_DISK_FULL);
    studio_close(&s);
}

static void a_full_queue_is_the_posters_matter(void **state)
{
    (void)state;
    struct studio s;
    unsigned refused = 0;
    size_t n;
    studio_open(&s, &(struct rec_options){.queue = 4});
    order(&s, REC_START, 1, "a/1");
    STUDIO_UNTIL(&s, s.started == 1);
    for (unsigned i = 0; i < 2000; i++) {
        struct rec_batch *b = batch_of(1, i * 50, 50, 1000);
        b->dropped = refused;
        if (rec_thread_post(s.thread, &b->letter)) {
            refused = 0;
        } else {
            refused += 50;
            letter_drop(&b->letter);
        }
    }
    struct rec_order_letter *m = rec_order_letter_new(REC_STOP, 1, STR_NONE);
    while (!rec_thread_post(s.thread, &m->letter))
        usleep(1000);
    STUDIO_UNTIL(&s, s.ended == 1);
    struct rec_thread_stats st;
    rec_thread_stats(s.thread, &st);
    assert_true(st.refused >= s.last.dropped / 50);
    assert_int_equal(studio_frames(&s, "a/1/0001-mic.webm") + s.last.dropped + refused, 2000 * 50);
    char *text = studio_read(&s, "a/1/manifest.json", &n);
    char want[60];
    snprintf(want, sizeof want, "\"dropped_packets\": %llu", (unsigned long long)s.last.dropped);
    assert_non_null(strstr(text, want));
    free(text);
    studio_close(&s);
}

static int setup(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_becomes_files_and_a_manifest),
        cmocka_unit_test(what_is_still_recorded_at_the_end_is_finished),
        cmocka_unit_test(a_folder_is_new_and_below_ours),
        cmocka_unit_test(a_full_quota_ends_a_recording_and_refuses_others),
        cmocka_unit_test(a_full_disk_ends_the_recording),
        cmocka_unit_test(what_is_left_of_the_disk_is_kept_free),
        cmocka_unit_test(a_full_queue_is_the_posters_matter),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
