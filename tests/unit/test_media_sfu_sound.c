/* How much of somebody's sound can be played in time where packets are lost, on virtual time. */
#include "sfu_world.h"

enum { ROOM = 7, MIC = 501, CAM = 502, BOTH = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE };
enum { SOUND_US = 20000, DELAY_US = 50000, IN_TIME_US = 50000, TICKS = 960, KEPT = 1 << 14 };

struct stage {
    struct world *w;
    struct client *from, *to;
    unsigned n;     /* packets of sound that were sent */
    uint32_t first; /* time of the first one, as the listener gets it */
    bool begun;
    int64_t sent_us[KEPT];
    bool in_time[KEPT];
    unsigned late, red; /* late: too late, or once more */
    unsigned loss, burst,
        lost; /* on the way up: of 1000, packets in a row; packets of sound until now */
    uint64_t random;
};

/* A piece of sound with that timestamp has come. Its bytes say which one it is, too. */
static void hear(struct stage *s, uint32_t timestamp, const uint8_t *p, size_t n)
{
    assert_true(n >= 12);
    unsigned i = (timestamp - s->first) / TICKS;
    assert_int_equal((timestamp - s->first) % TICKS, 0);
    assert_true(i < s->n);
    assert_int_equal(get_u16(p + 2), 0x8000 | i);
    if (s->in_time[i] || s->w->now - s->sent_us[i] > DELAY_US + IN_TIME_US) {
        s->late++;
        return;
    }
    s->in_time[i] = true;
}

static bool took(struct world *w, struct client *c, const struct rtp *r, const uint8_t *p)
{
    struct stage *s = w->of_test;
    const uint8_t *head = p + r->head, *block;
    size_t left = r->payload, heads = 1;
    if (c != s->to || c->lines[0].ssrc != r->ssrc)
        return false;
    if (!s->begun)
        s->first = r->timestamp;
    s->begun = true;
    if (r->pt == PT_OPUS) {
        hear(s, r->timestamp, head, left);
        return false;
    }
    assert_int_equal(r->pt, PT_RED);
    s->red++;
    while (head[heads - 1] & 0x80)
        heads += 4;
    block = head + heads;
    for (; *head & 0x80; head += 4) {
        uint32_t bits = get_u32(head);
        assert_int_equal(bits >> 24, 0x80 | PT_OPUS);
        hear(s, r->timestamp - (bits >> 10 & 0x3FFF), block, bits & 0x3FF);
        block += bits & 0x3FF;
    }
    assert_int_equal(*head, PT_OPUS);
    hear(s, r->timestamp, block, (size_t)(p + r->head + left - block));
    return false;
}

static struct stage *stage_new(bool sends_red, bool takes_red, double bps)
{
    struct stage *s = calloc(1, sizeof *s);
    s->w = world_new(NULL);
    s->w->of_test = s;
    s->w->took = took;
    sfu_room_open(s->w->sfu, ROOM);
    s->from = client_new(s->w);
    s->from->takes_red = sends_red;
    client_line(s->from, SENDS, SFU_MIC, 1, MIC);
    client_line(s->from, SENDS, SFU_CAMERA, 1, CAM);
    s->from->lines[0].sizes[0] = 90;
    s->from->lines[1].sizes[0] = 1100;
    client_offer(s->from, ROOM, BOTH);
    client_connect(s->from);
    s->to = client_new(s->w);
    s->to->takes_red = takes_red;
    client_line(s->to, RECEIVES, SFU_MIC, 0, MIC);
    client_line(s->to, RECEIVES, SFU_CAMERA, 0, CAM);
    s->to->link = link_new(bps, DELAY_US);
    client_offer(s->to, ROOM, BOTH);
    client_connect(s->to);
    return s;
}

static void stage_free(struct stage *s)
{
    world_free(s->w);
    free(s);
}

/* Pictures of four packets at 25 a second, and sound. */
static void play(struct stage *s, unsigned seconds)
{
    struct client *c = s->from;
    for (unsigned i = 0; i < seconds * 50; i++) {
        s->sent_us[s->n++] = s->w->now;
        client_send(c, 0, 0, false, true);
        c->lines[0].timestamp += TICKS;
        bool key = c->plis > 0 || s->n == 1;
        for (unsigned k = 0; i % 2 == 0 && k < 4; k++)
            client_send(c, 1, 0, key && k == 0, k == 3);
        c->plis = i % 2 == 0 ? 0 : c->plis;
        c->lines[1].timestamp += i % 2 == 0 ? 3600 : 0;
        if (s->n % 100 == 0) {
            client_check(s->from);
            client_check(s->to);
        }
        world_run(s->w, SOUND_US);
    }
}

static void watch(struct stage *s)
{
    struct sfu_wish wish = {STR("1"), CAM, 640, 360, ALLOC_SPEAKER};
    sfu_wish(s->w->sfu, s->w->now, s->to->id, &wish, 1);
}

static unsigned heard_since(const struct stage *s, unsigned first)
{
    unsigned heard = 0;
    for (unsigned i = first; i < s->n; i++)
        heard += s->in_time[i];
    return heard;
}

/* What is missing of half a minute, in 1/10,000. */
static unsigned missing(unsigned loss, unsigned burst, bool takes_red)
{
    struct stage *s = stage_new(false, takes_red, 20e6);
    watch(s);
    play(s, 5);
    s->to->link->loss = loss;
    s->to->link->burst = burst;
    play(s, 5); /* until it is known */
    unsigned n = s->n;
    play(s, 30);
    world_run(s->w, SECOND);
    unsigned share = 10000 - heard_since(s, n) * 10000 / (s->n - n);
    print_message("%4.1f %% lost%s, %s: %.2f %% missing\n", loss / 10.0,
                  burst > 0 ? " in bursts" : "", takes_red ? "RED" : "copies", share / 100.0);
    assert_int_equal(s->red > 0, takes_red && loss > 0);
    assert_int_equal(s->to->copies > 0, !takes_red && loss > 0);
    stage_free(s);
    return share;
}

static void most_of_the_sound_arrives_whatever_is_lost(void **state)
{
    (void)state;
    static const struct {
        unsigned loss, burst, most; /* of 1000; packets; of 10,000 */
    } rows[] = {{0, 0, 0}, {10, 0, 20}, {50, 0, 70}, {100, 0, 60}, {200, 0, 150}, {30, 8, 300}};
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        for (unsigned red = 0; red < 2; red++)
            assert_in_range(missing(rows[i].loss, rows[i].burst, red), 0, rows[i].most);
    }
}

static void who_loses_nothing_gets_nothing_along(void **state)
{
    (void)state;
    for (unsigned red = 0; red < 2; red++) {
        struct stage *s = stage_new(red, red, 20e6);
        watch(s);
        play(s, 10);
        assert_int_equal(s->late, 0);
        s->to->link->loss = 50;
        play(s, 5);
        s->to->link->loss = 0;
        play(s, 50); /* long after the last loss */
        uint64_t along = sfu_stats(s->w->sfu)->along;
        assert_true(along > 0);
        play(s, 10);
        assert_int_equal(sfu_stats(s->w->sfu)->along, along);
        stage_free(s);
    }
}

/* Losses that come from a queue that is full are not answered by filling it more. */
static void a_narrow_way_is_not_filled_with_older_sound(void **state)
{
    (void)state;
    struct stage *s = stage_new(false, true, 100e3);
    s->to->link->loss = 100;
    play(s, 20);
    unsigned n = s->n;
    uint64_t along = sfu_stats(s->w->sfu)->along;
    s->to->link->waited_us = 0;
    play(s, 20);
    world_run(s->w, SECOND);
    assert_true(heard_since(s, n) > (s->n - n) * 85 / 100);
    assert_int_equal(sfu_stats(s->w->sfu)->along, along);
    assert_true(s->to->link->waited_us < 100000);
    stage_free(s);
}

static bool lose_sound(struct world *w, struct client *from, uint32_t ssrc, uint16_t seq,
                       const uint8_t *p, size_t n)
{
    struct stage *s = w->of_test;
    (void)p;
    (void)n;
    if (from != s->from || ssrc != send_ssrc(from, 0, 0))
        return true;
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    bool lost = s->burst > 0 ? seq % 50 < s->burst : (s->random >> 33) % 1000 < s->loss;
    s->lost += lost;
    return !lost;
}

/* What is missing at the listener of half a minute, in 1/10,000. */
static unsigned missing_from(unsigned loss, unsigned burst, bool sends_red, bool takes_red)
{
    struct stage *s = stage_new(sends_red, takes_red, 20e6);
    watch(s);
    play(s, 2);
    s->loss = loss;
    s->burst = burst;
    s->w->uplink = lose_sound;
    unsigned n = s->n;
    play(s, 30);
    world_run(s->w, SECOND);
    unsigned missed = s->n - n - heard_since(s, n);
    uint64_t restored = sfu_stats(s->w->sfu)->restored;
    assert_in_range(restored, s->lost - missed, s->lost - missed + (s->lost > 0));
    unsigned share = missed * 10000 / (s->n - n);
    print_message("%u of 1,000 lost on the way up, or %u of 50 in a row, %s, %s: %.2f %% missing\n",
                  loss, burst, sends_red ? "RED" : "plain", takes_red ? "to RED" : "to plain",
                  share / 100.0);
    assert_int_equal(s->red, 0); /* it is taken apart: what lost nothing gets nothing along */
    stage_free(s);
    return share;
}

static void what_is_lost_on_the_way_up_comes_along_with_the_next(void **state)
{
    (void)state;
    for (unsigned takes = 0; takes < 2; takes++) {
        assert_int_equal(missing_from(0, 0, true, takes), 0);
        assert_in_range(missing_from(50, 0, false, takes), 350, 650);
        assert_in_range(missing_from(50, 0, true, takes), 0, 60);
        assert_in_range(missing_from(0, 1, true, takes), 0, 0);
        assert_in_range(missing_from(0, 3, true, takes), 380, 420); /* two of three in a row */
    }
}

static void who_offers_redundancy_is_asked_to_send_it(void **state)
{
    (void)state;
    struct stage *s = stage_new(true, true, 20e6);
    client_offer(s->from, ROOM, BOTH);
    assert_non_null(strstr(s->w->answer, "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n"));
    client_offer(s->to, ROOM, BOTH); /* it receives only: its order stays */
    assert_non_null(strstr(s->w->answer, "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n"));
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_of_the_sound_arrives_whatever_is_lost),
        cmocka_unit_test(who_loses_nothing_gets_nothing_along),
        cmocka_unit_test(a_narrow_way_is_not_filled_with_older_sound),
        cmocka_unit_test(what_is_lost_on_the_way_up_comes_along_with_the_next),
        cmocka_unit_test(who_offers_redundancy_is_asked_to_send_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
