/* A room of a hundred, each with camera and microphone, of whom everybody sees twenty and hears the loudest, on virtual
 * time. All addresses of sfu_world.h are one network's: nothing is lost, so whatever is missing is the SFU's fault. */
#define WORLD_CLIENTS 100
#define WORLD_LINES   44
#include "sfu_world.h"

enum {
    ROOM = 7,
    PEOPLE = 100,
    SEEN = 20,
    HEARD = 22, /* lines of sound: some are of people who are not loud */
    LOUD = 8,
    SEEN_FROM = 2,
    HEARD_FROM = SEEN_FROM + SEEN,
    BOTH = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE,
    FRAME_US = 40000,
    DELAY_US = 5000
};

static uint64_t mic_of(unsigned person)
{
    return 1000 + person % PEOPLE;
}

static uint64_t cam_of(unsigned person)
{
    return 2000 + person % PEOPLE;
}

static bool is_loud(unsigned person)
{
    return person % 12 == 0 && person < 12 * LOUD;
}

static struct client *come(struct world *w, unsigned i)
{
    struct client *c = client_new(w);
    client_line(c, SENDS, SFU_MIC, 1, mic_of(i));
    client_line(c, SENDS, SFU_CAMERA, 1, cam_of(i));
    c->lines[0].level = is_loud(i) ? 20 : 100;
    for (unsigned k = 1; k <= SEEN; k++)
        client_line(c, RECEIVES, SFU_CAMERA, 0, cam_of(i + k));
    for (unsigned k = 1; k <= HEARD; k++)
        client_line(c, RECEIVES, SFU_MIC, 0, mic_of(i + k));
    c->link = link_new(100e6, DELAY_US);
    client_offer(c, ROOM, BOTH);
    client_connect(c);
    return c;
}

/* A second of pictures and sound of everybody; whoever was asked for a key frame begins with one. */
static void second(struct world *w)
{
    static unsigned served[PEOPLE];
    for (unsigned f = 0; f < 25; f++) {
        for (unsigned i = 0; i < PEOPLE; i++) {
            struct client *c = &w->clients[i];
            bool key = c->plis > served[i];
            served[i] = c->plis;
            client_send(c, 1, 0, key, true);
            c->lines[1].timestamp += 3600;
        }
        for (unsigned k = 0; k < 2; k++) {
            for (unsigned i = 0; i < PEOPLE; i++) {
                client_send(&w->clients[i], 0, 0, false, true);
                w->clients[i].lines[0].timestamp += 960;
            }
            world_run(w, FRAME_US / 2);
        }
    }
}

static void forget_what_came(struct world *w)
{
    for (unsigned i = 0; i < PEOPLE; i++)
        for (unsigned k = 0; k < w->clients[i].n; k++)
            w->clients[i].lines[k].packets = 0;
}

static void look_at(struct world *w, unsigned i, unsigned first)
{
    struct sfu_wish wishes[SEEN];
    char mids[SEEN][8];
    for (unsigned k = 0; k < SEEN; k++) {
        snprintf(mids[k], sizeof mids[k], "%u", SEEN_FROM + k);
        wishes[k] =
            (struct sfu_wish){str_from(mids[k]), cam_of(first + k), 320, 180, ALLOC_VISIBLE};
    }
    sfu_wish(w->sfu, w->now, w->clients[i].id, wishes, SEEN);
}

static void listen_to(struct world *w, unsigned i, unsigned first)
{
    struct sfu_wish wishes[HEARD];
    char mids[HEARD][8];
    for (unsigned k = 0; k < HEARD; k++) {
        snprintf(mids[k], sizeof mids[k], "%u", HEARD_FROM + k);
        wishes[k] = (struct sfu_wish){.mid = str_from(mids[k]), .track = mic_of(first + k)};
    }
    sfu_wish(w->sfu, w->now, w->clients[i].id, wishes, HEARD);
}

static void check_pictures(struct world *w)
{
    for (unsigned i = 0; i < PEOPLE; i++)
        for (unsigned k = 0; k < SEEN; k++) {
            const struct line *l = &w->clients[i].lines[SEEN_FROM + k];
            assert_true(l->begun);
            assert_int_equal(l->packets, 25);
        }
}

static void check_sound(struct world *w)
{
    for (unsigned i = 0; i < PEOPLE; i++)
        for (unsigned k = 0; k < HEARD; k++) {
            unsigned of = (i + 1 + k) % PEOPLE;
            assert_int_equal(w->clients[i].lines[HEARD_FROM + k].packets, is_loud(of) ? 50 : 0);
        }
}

static void a_hundred_see_twenty_and_hear_the_loudest(void **state)
{
    (void)state;
    struct sfu_conf conf = {.max_peers = PEOPLE, .max_subscribed = SEEN + HEARD, .loudest = LOUD};
    struct world *w = world_new(&conf);
    assert_true(sfu_room_open(w->sfu, ROOM));
    for (unsigned i = 0; i < PEOPLE; i++)
        come(w, i);
    second(w); /* those who came early asked for people who were not there yet */
    for (unsigned i = 0; i < PEOPLE; i++) {
        look_at(w, i, i + 1);
        listen_to(w, i, i + 1);
    }
    second(w);
    second(w);
    forget_what_came(w);
    second(w);
    check_pictures(w);
    check_sound(w);
    /* Everybody turns the page. */
    for (unsigned i = 0; i < PEOPLE; i++)
        look_at(w, i, i + 1 + SEEN);
    second(w);
    second(w);
    forget_what_came(w);
    second(w);
    check_pictures(w);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_see_twenty_and_hear_the_loudest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
