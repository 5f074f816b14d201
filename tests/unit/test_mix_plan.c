/* What ffmpeg is told for recordings of different meetings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/mix_plan.h"

static struct manifest m;
static struct buf text;

static void track(const char *kind, double start_ms, double duration_ms)
{
    struct manifest_track *t = &m.tracks[m.n++];
    memset(t, 0, sizeof *t);
    snprintf(t->kind, sizeof t->kind, "%s", kind);
    t->start_ms = start_ms;
    t->duration_ms = duration_ms;
}

static const char *plan(void)
{
    buf_init(&text, 1 << 20);
    mix_plan(&m, &text);
    assert_false(text.failed);
    return buf_cstr(&text);
}

static int fresh(void **state)
{
    (void)state;
    m.n = 0;
    return 0;
}

static int clean(void **state)
{
    (void)state;
    buf_free(&text);
    return 0;
}

#define SAYS(what) assert_non_null(strstr(p, what))

static void one_camera_fills_the_picture(void **state)
{
    (void)state;
    track("camera", 500, 10000);
    const char *p = plan();
    SAYS("color=black:s=1280x720:r=25:d=10.000[l0];");
    SAYS("[0:v]setpts=PTS+0.000/TB,scale=1280:720:");
    SAYS("overlay=0:0:");
    SAYS("[l1]format=yuv420p[picture]");
    assert_null(strstr(p, "[sound]"));
    assert_false(mix_has_sound(&m));
}

static void five_cameras_are_a_gallery_of_three_columns(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        track("camera", 0, 10000);
    const char *p = plan();
    SAYS("scale=426:360:");
    SAYS("[v1]overlay=426:0:");
    SAYS("[v4]overlay=426:360:");
}

static void who_comes_later_takes_a_place_that_is_free(void **state)
{
    (void)state;
    track("camera", 0, 10000);
    track("camera", 30000, 5000);
    track("camera", 0, 40000);
    track("camera", 12000, 5000);
    const char *p = plan();
    SAYS("scale=640:720:"); /* never more than two at a time */
    SAYS("[v1]overlay=0:0:eof_action=pass:enable='between(t,30.000,35.000)'");
    SAYS("[v2]overlay=640:0:");
    SAYS("[v3]overlay=0:0:");
    SAYS(":d=40.000[l0]");
}

static void a_screen_is_large_and_cameras_stand_beside_it(void **state)
{
    (void)state;
    track("camera", 0, 60000);
    track("screen", 10000, 20000);
    track("camera", 0, 60000);
    const char *p = plan();
    SAYS("[1:v]setpts=PTS+10.000/TB,scale=960:720:");
    SAYS("[l0][v1]overlay=0:0:"); /* below */
    SAYS("scale=320:180:");
    SAYS("[l1][v0]overlay=960:0:");
    SAYS("[l2][v2]overlay=960:180:");
}

static void a_screen_alone_has_all_of_it(void **state)
{
    (void)state;
    track("screen", 0, 20000);
    const char *p = plan();
    SAYS("scale=1280:720:");
}

static void a_camera_that_pauses_is_not_shown(void **state)
{
    (void)state;
    track("camera", 1000, 60000);
    track("mic", 0, 60000);
    m.tracks[0].n_gaps = 2;
    m.tracks[0].gaps[0].at_ms = 5000;
    m.tracks[0].gaps[0].ms = 1500; /* a hiccup */
    m.tracks[0].gaps[1].at_ms = 20000;
    m.tracks[0].gaps[1].ms = 10000;
    const char *p = plan();
    SAYS("enable='between(t,1.000,61.000)*not(between(t,21.000,31.000))'");
}

static void sounds_begin_when_they_did(void **state)
{
    (void)state;
    track("mic", -20, 60000);
    track("sound", 4980, 1000);
    const char *p = plan();
    SAYS("aevalsrc=0|0:s=48000:d=0.001,");
    SAYS("aevalsrc=0|0:s=48000:d=5.001,");
    SAYS("[s0][s1]amix=inputs=2:duration=longest:normalize=0,");
    assert_null(strstr(p, "[picture]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_camera_fills_the_picture, fresh, clean),
        cmocka_unit_test_setup_teardown(five_cameras_are_a_gallery_of_three_columns, fresh, clean),
        cmocka_unit_test_setup_teardown(who_comes_later_takes_a_place_that_is_free, fresh, clean),
        cmocka_unit_test_setup_teardown(a_screen_is_large_and_cameras_stand_beside_it, fresh,
                                        clean),
        cmocka_unit_test_setup_teardown(a_screen_alone_has_all_of_it, fresh, clean),
        cmocka_unit_test_setup_teardown(a_camera_that_pauses_is_not_shown, fresh, clean),
        cmocka_unit_test_setup_teardown(sounds_begin_when_they_did, fresh, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
