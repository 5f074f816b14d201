#include "media/speaker.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/util.h"

enum {
    PACKET_US = 20000,
    GAP_US = 100000,    /* no packet for so long: silence (RFC 6716 2.1.9: nothing is sent) */
    RECENT_US = 500000, /* who has spoken so lately is in the middle of it */
    STAY_US = 1000000,  /* among the loudest, at least */
    PAUSE_US = 1000000, /* of the dominant one: then others need less */
    LISTED_US = 1000000 /* who has spoken so lately is told of */
};
static const float ATTACK = 0.6F, RELEASE_S = 0.5F; /* of loudness */
static const float LOUD_UNKNOWN = 82;               /* -45 dBov */
static const float SPEECH = 67,
                   SPEECH_VOICE = 57; /* -60 dBov; -70 where the sender says it is a voice */
static const float ABOVE_FLOOR = 8, ABOVE_FLOOR_VOICE = 4;
static const float FLOOR_UP = 0.5F, FLOOR_DOWN = 0.1F,
                   FLOOR_MAX = 77; /* dB/s; of the way, a packet */
static const float NOW_S = 0.1F, MEDIUM_S = 0.7F, LASTING_S = 2.5F;
static const float NOW_LEAST = 0.3F, MEDIUM_LEAST = 0.35F, NOW_MORE = 1.2F, MEDIUM_MORE = 1.2F;
static const float MARGIN = 6, MARGIN_SPEAKING = 10; /* dB, to take a place among the loudest */

void speakers_init(struct speakers *s, unsigned cap, unsigned loudest)
{
    memset(s, 0, sizeof *s);
    s->all = xcalloc(cap, sizeof(struct speaker *));
    s->cap = cap;
    s->top_max = loudest != 0 ? MIN_OF(loudest, (unsigned)SPEAKER_LOUDEST_MAX) : SPEAKER_LOUDEST;
}

void speakers_free(struct speakers *s)
{
    xfree(s->all);
    memset(s, 0, sizeof *s);
}

/* ---- The loudest ---- */

static void enter(struct speakers *s, int64_t now_us, struct speaker *p)
{
    s->top[s->n_top++] = p;
    p->loudest = true;
    p->since_us = now_us;
}

static void leave(struct speakers *s, struct speaker *p)
{
    p->loudest = false;
    for (unsigned i = 0; i < s->n_top; i++) {
        if (s->top[i] == p)
            s->top[i] = s->top[--s->n_top];
    }
}

bool speakers_add(struct speakers *s, struct speaker *p, void *owner)
{
    if (s->n == s->cap)
        return false;
    *p = (struct speaker){.owner = owner, .floor = SPEECH_VOICE};
    s->all[s->n++] = p;
    if (s->n_top < s->top_max)
        enter(s, 0, p);
    return true;
}

void speakers_remove(struct speakers *s, struct speaker *p)
{
    for (unsigned i = 0; i < s->n; i++) {
        if (s->all[i] == p)
            s->all[i] = s->all[--s->n];
    }
    leave(s, p);
    if (s->dominant == p)
        s->dominant = NULL;
}

/* As loud as it is now: without packets it falls as with silence. */
static float loud_now(const struct speaker *p, int64_t now_us)
{
    int64_t us = now_us - p->heard_us;
    return us <= GAP_US ? p->loud : p->loud * expf(-(float)us / 1e6F / RELEASE_S);
}

static bool speaks(const struct speaker *p, int64_t now_us)
{
    return p->speech_us != 0 && now_us - p->speech_us < RECENT_US;
}

/* Silent ones before those who speak, then by loudness. */
static struct speaker *weakest(const struct speakers *s, int64_t now_us)
{
    struct speaker *w = s->top[0];
    for (unsigned i = 1; i < s->n_top; i++) {
        struct speaker *p = s->top[i];
        bool p_speaks = speaks(p, now_us), w_speaks = speaks(w, now_us);
        if (p_speaks != w_speaks ? w_speaks : loud_now(p, now_us) < loud_now(w, now_us))
            w = p;
    }
    return w;
}

/* p speaks, and is not heard: does it take somebody's place? From who is silent with its first packet, so that
 * no word is cut. */
static void try_to_enter(struct speakers *s, int64_t now_us, struct speaker *p, float packet)
{
    if (s->n_top < s->top_max) {
        enter(s, now_us, p);
        return;
    }
    struct speaker *w = weakest(s, now_us);
    bool w_speaks = speaks(w, now_us);
    float needs = loud_now(w, now_us) + (w_speaks ? MARGIN_SPEAKING : MARGIN);
    if (w_speaks ? now_us - w->since_us < STAY_US || p->loud < needs : packet < needs)
        return;
    leave(s, w);
    enter(s, now_us, p);
    s->swaps++;
}

/* ---- Levels ---- */

static void score(struct speaker *p, int64_t until_us, float value)
{
    float s = (float)MAX_OF(until_us - p->scored_us, 0) / 1e6F;
    p->now += (value - p->now) * (1 - expf(-s / NOW_S));
    p->medium += (value - p->medium) * (1 - expf(-s / MEDIUM_S));
    p->lasting += (value - p->lasting) * (1 - expf(-s / LASTING_S));
    p->scored_us = MAX_OF(p->scored_us, until_us);
}

/* The noise of the room: down quickly in each pause, up slowly. */
static void follow_floor(struct speaker *p, float loud, float seconds)
{
    if (loud < p->floor)
        p->floor += (loud - p->floor) * FLOOR_DOWN;
    else
        p->floor = fminf(fminf(loud, p->floor + FLOOR_UP * seconds), FLOOR_MAX);
}

bool speakers_level(struct speakers *s, int64_t now_us, struct speaker *p, unsigned level,
                    bool voice)
{
    float loud = level >= SPEAKER_UNKNOWN ? LOUD_UNKNOWN : 127 - (float)level;
    int64_t us = p->heard_us == 0 ? PACKET_US : MAX_OF(now_us - p->heard_us, 0);
    bool speech = loud >= (voice ? SPEECH_VOICE : SPEECH) &&
                  loud >= p->floor + (voice ? ABOVE_FLOOR_VOICE : ABOVE_FLOOR);
    if (us > GAP_US || p->heard_us == 0) { /* it was silent until then */
        p->loud = p->heard_us == 0 ? 0 : loud_now(p, now_us);
        score(p, now_us - PACKET_US, 0);
    }
    score(p, now_us, speech ? 0.6F + 0.4F * fminf(fmaxf((loud - SPEECH_VOICE) / 50, 0), 1) : 0);
    p->loud += (loud - p->loud) *
               (loud > p->loud ? ATTACK : 1 - expf(-(float)MIN_OF(us, GAP_US) / 1e6F / RELEASE_S));
    if (level < SPEAKER_UNKNOWN)
        follow_floor(p, loud, (float)MIN_OF(us, GAP_US) / 1e6F);
    p->heard_us = now_us;
    if (speech)
        p->speech_us = now_us;
    if (!p->loudest && (speech || s->n_top < s->top_max))
        try_to_enter(s, now_us, p, loud);
    return p->loudest;
}

/* ---- Who dominates ---- */

static bool takes_over(const struct speaker *p, const struct speaker *from, int64_t now_us)
{
    if (p->now < NOW_LEAST || p->medium < MEDIUM_LEAST)
        return false;
    if (from == NULL || now_us - from->speech_us >= PAUSE_US)
        return true;
    return p->now > NOW_MORE * from->now && p->medium > MEDIUM_MORE * from->medium &&
           p->lasting > from->lasting;
}

bool speakers_tick(struct speakers *s, int64_t now_us)
{
    struct speaker *best = NULL;
    for (unsigned i = 0; i < s->n; i++) {
        struct speaker *p = s->all[i];
        if (now_us - p->heard_us > GAP_US)
            score(p, now_us, 0);
        if (p != s->dominant && takes_over(p, s->dominant, now_us) &&
            (best == NULL || p->medium > best->medium))
            best = p;
    }
    if (best == NULL)
        return false;
    s->dominant = best;
    s->dominant_us = now_us;
    s->changes++;
    return true;
}

unsigned speakers_list(const struct speakers *s, int64_t now_us, struct speaker **out, unsigned max)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->n_top; i++) {
        struct speaker *p = s->top[i];
        if (p->speech_us == 0 || now_us - p->speech_us >= LISTED_US)
            continue;
        unsigned at = n;
        while (at > 0 && loud_now(out[at - 1], now_us) < loud_now(p, now_us))
            at--;
        if (at == max)
            continue;
        n = MIN_OF(n + 1, max);
        memmove(out + at + 1, out + at, (n - at - 1) * sizeof(struct speaker *));
        out[at] = p;
    }
    return n;
}
