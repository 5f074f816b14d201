/*
 * What is seen over bad lines: rows of the loss matrix (docs/quality.md) on virtual time, with a viewer that asks, decodes and
 * shows as browsers do (sfu_eyes.h); the other viewer's line is good, and costs must not be there. Browsers measure more
 * (tests/quality), but need a machine of their own. SIM_TRACE=1 tells of every 200 ms what the SFU and the viewer see.
 */
#include "unit/sfu_eyes.h"

enum { SECONDS = 30, RTT_US = 5000 };

struct row {
    struct hall h;
    struct client *good;
    struct link *line;
    struct eyes *eyes;
    uint64_t good_before, sound_before;
    unsigned seconds;
};

/* Everybody has the whole picture. */
static struct row begin(void)
{
    struct row r = {.h = hall_new(LAYERS)};
    run(&r.h, 2);
    r.good = viewer(&r.h, 20e6);
    struct client *c = viewer(&r.h, 20e6);
    r.line = c->link;
    r.line->delay_us = RTT_US;
    r.eyes = eyes_open(&r.h, c);
    run(&r.h, 10);
    return r;
}

static void end(struct row *r)
{
    free(r->eyes);
    world_free(r->h.w);
}

static void trace(struct row *r, unsigned ms)
{
    struct sfu_peer_stats st;
    struct sfu_line_stats l[2];
    const struct eyes *e = r->eyes;
    assert_true(sfu_peer_stats(r->h.w->sfu, e->c->id, &st, l, 2));
    print_message("  %5u ms: estimate %u, sent %u kbit/s, rtt %d, stream %d, waits %lld ms; lost "
                  "%llu, asked %u, shown %u\n",
                  ms, (unsigned)(st.estimate_bps / 1000), (unsigned)(st.sent_bps / 1000), st.rtt_ms,
                  l[1].stream, (long long)MAX_OF(0, r->line->free_us - r->h.w->now) / 1000,
                  (unsigned long long)r->line->dropped, e->nacks, e->shown);
}

static void watch(struct row *r, unsigned seconds)
{
    bool traced = getenv("SIM_TRACE") != NULL;
    r->good_before = r->good->lines[VIEWER_CAM].of_layer[LAYERS - 1];
    r->sound_before = r->eyes->c->lines[VIEWER_MIC].packets;
    r->seconds = seconds;
    eyes_blink(r->eyes);
    for (unsigned i = 0; i < 25 * seconds; i++) {
        frame(&r->h);
        if (traced && i % 5 == 4)
            trace(r, (i + 1) * FRAME_US / 1000);
    }
}

static void tell(const struct row *r, const char *what)
{
    const struct eyes *e = r->eyes;
    print_message(
        "%s: %.1f frames/s, %.1f decoded, longest %lld ms, sound %.1f %%, %u asked, %u PLI\n", what,
        (double)e->shown / r->seconds, (double)e->decoded / r->seconds,
        (long long)e->longest_us / 1000,
        2.0 * (double)(e->c->lines[VIEWER_MIC].packets - r->sound_before) / r->seconds, e->nacks,
        e->plis);
}

/* All that was sent reached the one whose line is good; what is sent again may be on its way. */
static void good_saw_all(const struct row *r)
{
    uint64_t came = r->good->lines[VIEWER_CAM].of_layer[LAYERS - 1] - r->good_before;
    assert_true(came >= (uint64_t)packets_of[LAYERS - 1] * 25 * r->seconds);
}

struct lossy {
    const char *what;
    int64_t rtt_us;
    unsigned loss, burst, fps;
};

static void losses_by_chance(void **state)
{
    static const struct lossy rows[] = {
        {"1 % lost", RTT_US, 10, 0, 24},           {"5 % lost", RTT_US, 50, 0, 24},
        {"10 % lost", RTT_US, 100, 0, 23},         {"20 % lost", RTT_US, 200, 0, 21},
        {"3 % lost in bursts", RTT_US, 30, 8, 24}, {"100 ms, 5 % lost", 100000, 50, 0, 22},
        {"300 ms, 1 % lost", 300000, 10, 0, 22},   {"300 ms, 5 % lost", 300000, 50, 0, 20},
    };
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct row r = begin();
        r.line->delay_us = rows[i].rtt_us;
        r.line->loss = rows[i].loss;
        r.line->burst = rows[i].burst;
        run(&r.h, 6); /* what is to come has to be learnt first */
        r.eyes->base_us = INT64_MAX;
        watch(&r, SECONDS);
        tell(&r, rows[i].what);
        assert_true(r.eyes->shown >= rows[i].fps * SECONDS);
        assert_true(r.eyes->longest_us < SECOND);
        good_saw_all(&r);
        end(&r);
    }
}

/* What only comes at different moments is no reason for less; a line that becomes narrow then still is one. */
static void jitter(void **state)
{
    static const struct {
        int64_t ms;
        unsigned fps; /* the eyes hold nothing back: what comes together is seen once */
    } rows[] = {{10, 24}, {30, 24}, {60, 20}};
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        char what[40];
        struct row r = begin();
        const uint64_t *whole = &r.eyes->c->lines[VIEWER_CAM].of_layer[LAYERS - 1], before = *whole;
        snprintf(what, sizeof what, "jitter of %d ms", (int)rows[i].ms);
        r.line->delay_us = r.line->jitter_us = rows[i].ms * 1000;
        watch(&r, SECONDS);
        tell(&r, what);
        assert_true(r.eyes->shown >= rows[i].fps * SECONDS);
        assert_true(r.eyes->longest_us < SECOND / 2);
        assert_true(*whole - before >= packets_of[LAYERS - 1] * 24ull * SECONDS);
        good_saw_all(&r);
        r.line->bps = 600e3;
        watch(&r, SECONDS);
        tell(&r, "  and 600 kbit/s");
        uint64_t sound = r.eyes->c->lines[VIEWER_MIC].packets - r.sound_before;
        assert_true(sound >= 97 * SECONDS * 50 / 100);
        assert_true(r.eyes->decoded >= 22 * SECONDS);
        good_saw_all(&r);
        end(&r);
    }
}

/* Seconds until the whole picture is there again; 99: never. */
static unsigned again(struct row *r)
{
    const struct line *l = &r->eyes->c->lines[VIEWER_CAM];
    for (unsigned s = 1; s <= 30; s++) {
        uint64_t before = l->of_layer[LAYERS - 1];
        run(&r->h, 1);
        if (l->of_layer[LAYERS - 1] - before >= packets_of[LAYERS - 1] * 24)
            return s;
    }
    return 99;
}

static void three_seconds_of_nothing(void **state)
{
    (void)state;
    struct row r = begin();
    double bps = r.line->bps;
    r.line->bps = 0;
    r.line->is_mute = true;
    watch(&r, 3);
    good_saw_all(&r);
    r.line->bps = bps;
    r.line->is_mute = false;
    run(&r.h, 1);
    tell(&r, "3 s of nothing");
    assert_true(r.eyes->longest_us < 3 * SECOND + SECOND / 2);
    assert_in_range(again(&r), 1, 10);
    end(&r);
}

/* Publishers whose lines become narrow stop sending their best layer. */
static void a_layer_that_stops(void **state)
{
    (void)state;
    struct row r = begin();
    eyes_blink(r.eyes);
    r.h.layers = LAYERS - 1;
    run(&r.h, 5);
    assert_true(r.eyes->longest_us < SECOND);
    r.h.layers = LAYERS;
    assert_in_range(again(&r), 1, 10);
    end(&r);
}

/* Somebody whose line becomes narrow, and wide again, some times at different moments. */
static void narrow(const char *what, double bps, unsigned fps)
{
    struct row r = begin();
    for (unsigned i = 0; i < 4; i++) {
        r.line->bps = bps;
        watch(&r, SECONDS);
        tell(&r, what);
        assert_true(r.eyes->shown >= fps * SECONDS);
        assert_true(r.eyes->longest_us < 3 * SECOND / 2);
        uint64_t sound = r.eyes->c->lines[VIEWER_MIC].packets - r.sound_before;
        assert_true(sound >= 97 * SECONDS * 50 / 100);
        good_saw_all(&r);
        for (unsigned k = 0; k < i * 23; k++)
            frame(&r.h);
        r.line->bps = 5e6;
        assert_in_range(again(&r), 1, 10);
        run(&r.h, 20);
    }
    end(&r);
}

/* What is lost while a queue overflows is no reason to send sound twice where the next larger picture has room. */
static void room_is_for_pictures(void **state)
{
    (void)state;
    struct row r = begin();
    const uint64_t *middle = &r.eyes->c->lines[VIEWER_CAM].of_layer[1];
    r.line->bps = 700e3;
    run(&r.h, 10);
    uint64_t before = *middle;
    watch(&r, SECONDS);
    tell(&r, "700 kbit/s");
    uint64_t share = (*middle - before) * 100 / (packets_of[1] * 25 * SECONDS);
    print_message("  of the middle size: %u %%\n", (unsigned)share);
    assert_true(share >= 90);
    end(&r);
}

static void narrow_lines(void **state)
{
    (void)state;
    narrow("1,500 kbit/s", 1.5e6, 24);
    narrow("1,200 kbit/s", 1.2e6, 22);
    narrow("600 kbit/s", 600e3, 22);
    narrow("500 kbit/s", 500e3, 22);
    narrow("250 kbit/s", 250e3, 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_by_chance),
        cmocka_unit_test(jitter),
        cmocka_unit_test(three_seconds_of_nothing),
        cmocka_unit_test(a_layer_that_stops),
        cmocka_unit_test(narrow_lines),
        cmocka_unit_test(room_is_for_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
