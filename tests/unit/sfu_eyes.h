/*
 * What a browser shows of a camera that comes over a way of sfu_link.h: as libwebrtc has it, packets that are missing are asked
 * for at once and again every 100 ms, ten times; frames are decoded in order, or from a key frame on; they are shown at the
 * pace of their timestamps, held back as long as the server says, and of those that come together only the last is seen.
 * Questions and answers take no time on the way back: the delay of the link is all of the round trip.
 */
#ifndef MADANG_TESTS_SFU_EYES_H
#define MADANG_TESTS_SFU_EYES_H

#include "sfu_hall.h"

enum {
    EYES_SLOTS = 4096,
    EYES_MISSING = 1000,
    EYES_TRIES = 10,
    EYES_AGAIN_US = 100000,
    EYES_PATIENCE_US = 3000000,
    EYES_JITTER_MS = 20,
    EYES_SLIDE_US = 4000, /* a frame: 100 ms in a second */
    EYES_TOGETHER_US = 16000
};

struct eyes_slot {
    int64_t seq;
    uint32_t timestamp;
    bool marker;
};

struct eyes_missing {
    int64_t seq, at_us;
    unsigned tries;
};

struct eyes {
    struct client *c;
    struct eyes_slot slots[EYES_SLOTS];
    struct eyes_missing missing[EYES_MISSING];
    unsigned n_missing;
    bool begun;
    int64_t next, highest, key; /* key: where the newest key frame begins; -1: none */
    bool lacks_key;
    int64_t decoded_us, asked_us; /* the last frame; the last request for a key frame */
    /* The timeline. */
    int64_t ticks, base_us, held_us;
    uint32_t timestamp;
    int64_t shown_us, longest_us;
    unsigned shown, decoded, plis, nacks;
};

static inline struct eyes_slot *eyes_at(struct eyes *e, int64_t seq)
{
    struct eyes_slot *s = &e->slots[seq % EYES_SLOTS];
    return s->seq == seq ? s : NULL;
}

static UNUSED_OK void eyes_show(struct eyes *e, uint32_t timestamp)
{
    int64_t now = e->c->w->now;
    e->ticks += e->decoded_us > 0 ? (int32_t)(timestamp - e->timestamp) : 0;
    e->timestamp = timestamp;
    int64_t drawn_us = e->ticks * 100 / 9;
    int64_t want_us = MAX_OF(e->c->hold_ms, (unsigned)EYES_JITTER_MS) * 1000;
    e->held_us += MAX_OF(-EYES_SLIDE_US, MIN_OF(want_us - e->held_us, (int64_t)EYES_SLIDE_US));
    if (e->decoded_us == 0 || now - drawn_us < e->base_us)
        e->base_us = now - drawn_us;
    e->decoded++;
    e->decoded_us = now;
    int64_t at = MAX_OF(now, drawn_us + e->base_us + e->held_us);
    if (e->shown_us > 0 && at - e->shown_us < EYES_TOGETHER_US)
        return;
    if (e->shown_us > 0)
        e->longest_us = MAX_OF(e->longest_us, at - e->shown_us);
    e->shown++;
    e->shown_us = at;
}

/* The last packet of the frame that begins there; -1: something of it has not come. */
static UNUSED_OK int64_t eyes_frame_end(struct eyes *e, int64_t seq)
{
    for (struct eyes_slot *s; (s = eyes_at(e, seq)) != NULL; seq++) {
        if (s->marker)
            return seq;
    }
    return -1;
}

static UNUSED_OK void eyes_decode(struct eyes *e)
{
    for (;;) {
        int64_t end = e->lacks_key ? -1 : eyes_frame_end(e, e->next);
        if (end < 0 && e->key >= 0 && (e->lacks_key || e->key > e->next)) {
            end = eyes_frame_end(e, e->key);
            e->lacks_key = e->lacks_key && end < 0;
        }
        if (end < 0)
            return;
        eyes_show(e, eyes_at(e, end)->timestamp);
        e->next = end + 1;
        unsigned kept = 0;
        for (unsigned i = 0; i < e->n_missing; i++) {
            if (e->missing[i].seq >= e->next)
                e->missing[kept++] = e->missing[i];
        }
        e->n_missing = kept;
    }
}

/* Too many: they are given up, and a key frame has to do. */
static UNUSED_OK void eyes_miss(struct eyes *e, int64_t from, int64_t to)
{
    if (e->n_missing + (to - from) > EYES_MISSING) {
        e->n_missing = 0;
        e->lacks_key = true;
        return;
    }
    for (int64_t s = from; s < to; s++)
        e->missing[e->n_missing++] = (struct eyes_missing){.seq = s};
}

static UNUSED_OK void eyes_found(struct eyes *e, int64_t seq)
{
    for (unsigned i = 0; i < e->n_missing; i++) {
        if (e->missing[i].seq != seq)
            continue;
        memmove(e->missing + i, e->missing + i + 1, (--e->n_missing - i) * sizeof *e->missing);
        return;
    }
}

/* For world.took, if world.of_test is the eyes. */
static UNUSED_OK bool eyes_took(struct world *w, struct client *c, const struct rtp *r,
                                const uint8_t *p)
{
    struct eyes *e = w->of_test;
    struct line *l = &c->lines[VIEWER_CAM];
    struct codec_packet k;
    bool again = r->ssrc == l->rtx;
    if (c != e->c || r->payload < 3 || (r->ssrc != l->ssrc && !again))
        return false;
    uint16_t number = again ? get_u16(p + r->head) : r->seq;
    const uint8_t *payload = p + r->head + (again ? 2 : 0);
    int64_t seq = e->begun ? rtp_seq_unwrap(e->highest, number) : 65536 + number;
    assert_true(codec_read(CODEC_VP8, payload, r->payload - (again ? 2u : 0u), &k));
    if (!e->begun) {
        e->begun = true;
        e->key = -1;
        e->next = e->highest = seq;
        e->lacks_key = !k.key;
    }
    if (seq > e->highest) {
        eyes_miss(e, e->highest + 1, seq);
        e->highest = seq;
    }
    eyes_found(e, seq);
    if (seq < e->next)
        return false;
    e->slots[seq % EYES_SLOTS] = (struct eyes_slot){seq, r->timestamp, r->marker};
    e->key = k.key ? MAX_OF(e->key, seq) : e->key;
    eyes_decode(e);
    return false;
}

/* Every few milliseconds: what it asks for. */
static UNUSED_OK void eyes_ask(void *of)
{
    struct eyes *e = of;
    int64_t now = e->c->w->now;
    uint16_t wanted[EYES_MISSING];
    unsigned n = 0, kept = 0;
    uint8_t mem[1400];
    struct rtcp_writer w;
    for (unsigned i = 0; i < e->n_missing; i++) {
        struct eyes_missing m = e->missing[i];
        if (m.tries > 0 && now - m.at_us < EYES_AGAIN_US) {
            e->missing[kept++] = m;
            continue;
        }
        if (m.tries++ == EYES_TRIES)
            continue;
        m.at_us = now;
        wanted[n++] = (uint16_t)m.seq;
        e->missing[kept++] = m;
    }
    e->n_missing = kept;
    e->nacks += n;
    rtcp_begin(&w, mem, sizeof mem);
    if (n > 0)
        rtcp_put_nack(&w, (uint32_t)e->c->id, e->c->lines[VIEWER_CAM].ssrc, wanted, n);
    int64_t patience = e->lacks_key ? EYES_PATIENCE_US / 15 : EYES_PATIENCE_US;
    if (e->begun && now - MAX_OF(e->decoded_us, e->asked_us) > patience) {
        e->asked_us = now;
        e->plis++;
        rtcp_put_pli(&w, (uint32_t)e->c->id, e->c->lines[VIEWER_CAM].ssrc);
    }
    if (w.len > 0 && e->c->link->bps > 0)
        client_feedback(e->c, &w);
}

static UNUSED_OK struct eyes *eyes_open(struct hall *h, struct client *c)
{
    struct eyes *e = calloc(1, sizeof *e);
    for (unsigned i = 0; i < EYES_SLOTS; i++)
        e->slots[i].seq = -1;
    e->c = c;
    h->w->of_test = e;
    h->w->took = eyes_took;
    h->of = e;
    h->meanwhile = eyes_ask;
    return e;
}

/* What is seen is counted from now on. */
static UNUSED_OK void eyes_blink(struct eyes *e)
{
    e->longest_us = 0;
    e->shown = e->decoded = e->plis = e->nacks = 0;
}

#endif
