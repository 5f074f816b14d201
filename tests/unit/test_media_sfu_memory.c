/* What people cost the SFU in memory, and that packets cost none. */
#include "sfu_world.h"

#include "alloc_count.h"

enum { ROOM = 7, BOTH = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE, KB = 1000 };

static uint64_t track_of(unsigned i, enum sfu_kind kind)
{
    return 100 + i * 10 + (unsigned)kind;
}

static struct world *meeting(void)
{
    struct world *w = world_new(NULL);
    sfu_room_open(w->sfu, ROOM);
    return w;
}

static void look(struct client *c, uint16_t width)
{
    for (unsigned line = 0; line < c->n; line++) {
        char mid[8];
        snprintf(mid, sizeof mid, "%u", line);
        struct sfu_wish wish = {str_from(mid), c->lines[line].track, width,
                                (uint16_t)(width * 9 / 16), ALLOC_VISIBLE};
        if (c->lines[line].direction == RECEIVES)
            sfu_wish(c->w->sfu, c->w->now, c->id, &wish, 1);
    }
}

/* Comes, with or without something of its own, to receive of so many others. */
static void come(struct world *w, bool publishes, unsigned first, unsigned others)
{
    unsigned i = w->n;
    struct client *c = client_new(w);
    if (publishes) {
        client_line(c, SENDS, SFU_MIC, 1, track_of(i, SFU_MIC));
        client_line(c, SENDS, SFU_CAMERA, 3, track_of(i, SFU_CAMERA));
    }
    for (unsigned k = first; k < first + others; k++) {
        client_line(c, RECEIVES, SFU_MIC, 0, track_of(k, SFU_MIC));
        client_line(c, RECEIVES, SFU_CAMERA, 0, track_of(k, SFU_CAMERA));
    }
    client_offer(c, ROOM, BOTH);
    client_connect(c);
    look(c, 640);
}

/* A frame of everybody who publishes. */
static void frame(struct world *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        struct client *c = &w->clients[i];
        if (c->n == 0 || c->lines[0].direction != SENDS)
            continue;
        client_send(c, 0, 0, false, true);
        for (unsigned layer = 0; layer < 3; layer++)
            client_send(c, 1, layer, c->lines[1].seq[layer] % 64 == 0, true);
        c->lines[0].timestamp += 960;
        c->lines[1].timestamp += 1800;
    }
    world_run(w, 20000);
}

/* Of the keys that the test itself holds for a client. */
static int64_t of_client(void)
{
    uint8_t material[SRTP_MATERIAL_MAX] = {1};
    struct srtp *in, *out;
    int64_t before = alloc_bytes;
    assert_int_equal(srtp_pair(SRTP_AEAD_AES_128_GCM, material, false, 256, 64, &in, &out), ERR_OK);
    int64_t n = alloc_bytes - before;
    srtp_free(in);
    srtp_free(out);
    return n;
}

static void somebody_who_looks_at_one_costs_little(void **state)
{
    (void)state;
    enum { VIEWERS = 10 };
    struct world *w = meeting();
    come(w, true, 0, 0);
    for (unsigned i = 0; i < 10; i++)
        frame(w);
    int64_t before = alloc_bytes;
    for (unsigned i = 0; i < VIEWERS; i++)
        come(w, false, 0, 1);
    int64_t each = (alloc_bytes - before) / VIEWERS - of_client();
    print_message("a subscriber of one publisher: %lld bytes\n", (long long)each);
    assert_in_range(each, 10 * KB, 60 * KB);
    world_free(w);
}

static void somebody_in_a_meeting_of_ten_costs_little(void **state)
{
    (void)state;
    enum { PEOPLE = 10 };
    struct world *w = meeting();
    int64_t before = alloc_bytes;
    for (unsigned i = 0; i < PEOPLE; i++)
        come(w, true, 0, PEOPLE - 1);
    int64_t each = (alloc_bytes - before) / PEOPLE - of_client();
    print_message("one in a meeting of ten: %lld bytes\n", (long long)each);
    assert_in_range(each, 50 * KB, 150 * KB);
    world_free(w);
}

/* 25 frames a second of 110, 420 and 1,250 kbit/s from everybody, and sound. */
static void talk(struct world *w, unsigned seconds)
{
    static const unsigned packets_of[] = {1, 2, 5};
    for (unsigned n = 0; n < seconds * 25; n++) {
        for (unsigned i = 0; i < w->n; i++) {
            struct client *c = &w->clients[i];
            bool key = n == 0 || c->plis > 0;
            c->plis = 0;
            for (unsigned layer = 0; layer < 3; layer++) {
                for (unsigned k = 0; k < packets_of[layer]; k++)
                    client_send(c, 1, layer, key && k == 0, k + 1 == packets_of[layer]);
            }
            c->lines[1].timestamp += 3600;
            client_send(c, 0, 0, false, true);
            client_send(c, 0, 0, false, true);
            if (n % 100 == 0)
                client_check(c);
        }
        world_run(w, 40000);
    }
}

/* What each of ten costs more when all send; width: of the pictures that they look at. */
static int64_t of_packets(uint16_t width)
{
    enum { PEOPLE = 10 };
    static const unsigned sizes[] = {450, 980, 1180};
    struct world *w = meeting();
    for (unsigned i = 0; i < PEOPLE; i++) {
        come(w, true, 0, PEOPLE - 1);
        look(&w->clients[i], width);
        w->clients[i].link = link_new(30e6, 20000);
        w->clients[i].lines[0].sizes[0] = 90;
        memcpy(w->clients[i].lines[1].sizes, sizes, sizeof sizes);
    }
    int64_t before = alloc_bytes;
    talk(w, 10);
    int64_t each = (alloc_bytes - before) / PEOPLE;
    print_message("packets of one in a meeting of ten, %u wide: %lld bytes\n", width,
                  (long long)each);
    world_free(w);
    return each;
}

static void what_is_kept_of_packets_in_a_meeting_of_ten_is_little(void **state)
{
    (void)state;
    assert_in_range(of_packets(1280), 10 * KB, 240 * KB);
    assert_in_range(of_packets(0), KB, 20 * KB); /* only sound */
}

static void packets_take_none(void **state)
{
    (void)state;
    struct world *w = meeting();
    for (unsigned i = 0; i < 3; i++)
        come(w, true, 0, 3);
    come(w, false, 0, 3);
    w->clients[1].link = link_new(2e6, 20000);
    w->clients[3].link = link_new(300e3, 20000); /* some has to wait, and is given up */
    w->clients[1].link->loss = 50;
    for (unsigned i = 0; i < 700; i++) /* until all that is kept has been there */
        frame(w);
    uint64_t before = alloc_calls, sent = sfu_stats(w->sfu)->out_packets;
    for (unsigned i = 0; i < 300; i++)
        frame(w);
    assert_int_equal(alloc_calls, before);
    assert_true(sfu_stats(w->sfu)->out_packets - sent > 3000);
    assert_true(sfu_stats(w->sfu)->waited > 0);
    assert_true(sfu_stats(w->sfu)->along > 0);
    world_free(w);
}

int main(void)
{
    alloc_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(somebody_who_looks_at_one_costs_little),
        cmocka_unit_test(somebody_in_a_meeting_of_ten_costs_little),
        cmocka_unit_test(what_is_kept_of_packets_in_a_meeting_of_ten_is_little),
        cmocka_unit_test(packets_take_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
