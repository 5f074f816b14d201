/*
 * A hall on virtual time: somebody with a camera of up to three layers and a microphone, and people who look at that over ways
 * of sfu_link.h.
 */
#ifndef MADANG_TESTS_SFU_HALL_H
#define MADANG_TESTS_SFU_HALL_H

#include "sfu_world.h"

enum { ROOM = 7, MIC = 501, CAM = 502, BOTH = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE };
enum {
    LAYERS = 3,
    FRAME_US = 40000,
    STEP_US = 4000,
    DELAY_US = 20000,
    VIEWER_MIC = 0,
    VIEWER_CAM = 1
};

/* About 110, 420 and 1,250 kbit/s at 25 frames a second, with headers. */
static const unsigned packets_of[LAYERS] = {1, 2, 5}, size_of[LAYERS] = {450, 980, 1180};

struct hall {
    struct world *w;
    struct client *from;
    unsigned layers, served; /* served: key frames that were asked for and sent */
    unsigned frame;
    void (*meanwhile)(void *of); /* every few milliseconds; NULL: nothing */
    void *of;
};

static UNUSED_OK struct hall hall_like(unsigned layers, const struct sfu_conf *conf)
{
    struct hall h = {.w = world_new(conf), .layers = layers};
    sfu_room_open(h.w->sfu, ROOM);
    h.from = client_new(h.w);
    client_line(h.from, SENDS, SFU_MIC, 1, MIC);
    client_line(h.from, SENDS, SFU_CAMERA, layers, CAM);
    h.from->lines[0].sizes[0] = 90;
    for (unsigned i = 0; i < layers; i++)
        h.from->lines[1].sizes[i] = size_of[layers == 1 ? LAYERS - 1 : i];
    client_offer(h.from, ROOM, BOTH);
    client_connect(h.from);
    return h;
}

static UNUSED_OK struct hall hall_new(unsigned layers)
{
    return hall_like(layers, NULL);
}

static UNUSED_OK void pass(struct hall *h, int64_t us)
{
    for (; h->meanwhile != NULL && us > STEP_US; us -= STEP_US) {
        world_run(h->w, STEP_US);
        h->meanwhile(h->of);
    }
    world_run(h->w, us);
}

/* The camera's frame, and two packets of sound. */
static UNUSED_OK void frame(struct hall *h)
{
    struct client *c = h->from;
    bool key = c->plis > h->served || h->frame == 0;
    h->served = c->plis;
    h->frame++;
    for (unsigned i = 0; i < h->layers; i++) {
        unsigned n = packets_of[h->layers == 1 ? LAYERS - 1 : i] * (key ? 3 : 1);
        for (unsigned k = 0; k < n; k++)
            client_send(c, 1, i, key && k == 0, k + 1 == n);
    }
    c->lines[1].timestamp += 3600;
    for (unsigned k = 0; k < 2; k++) {
        client_send(c, 0, 0, false, true);
        c->lines[0].timestamp += 960;
        pass(h, FRAME_US / 2);
    }
    if (h->frame % 100 == 0) {
        for (unsigned i = 0; i < h->w->n; i++)
            client_check(&h->w->clients[i]);
    }
}

static UNUSED_OK void run(struct hall *h, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * 25; i++)
        frame(h);
}

static UNUSED_OK void look(struct client *c, uint16_t width)
{
    struct sfu_wish wish = {STR("1"), CAM, width, (uint16_t)(width * 9 / 16), ALLOC_SPEAKER};
    sfu_wish(c->w->sfu, c->w->now, c->id, &wish, 1);
}

/* Somebody who looks, by a way that carries so much. */
static UNUSED_OK struct client *viewer(struct hall *h, double bps)
{
    struct client *c = client_new(h->w);
    client_line(c, RECEIVES, SFU_MIC, 0, MIC);
    client_line(c, RECEIVES, SFU_CAMERA, 0, CAM);
    c->link = link_new(bps, DELAY_US);
    client_offer(c, ROOM, BOTH);
    client_connect(c);
    look(c, 1280);
    return c;
}

#endif
