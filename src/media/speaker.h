/*
 * Who speaks: from the levels that packets of sound carry (RFC 6464, 0 loudest, 127 silence) the dominant speaker of a
 * room, who is shown, and the loudest people, who are heard. Each person has three scores: of the last tenth of a
 * second, of the last second, and of the last five (the idea of Volfin and Cohen). Who is
 * louder now takes a place among the loudest at once; who takes over as the dominant one has to be it on all three. A
 * core; people are the owner's.
 */
#ifndef MADANG_MEDIA_SPEAKER_H
#define MADANG_MEDIA_SPEAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPEAKER_LOUDEST_MAX = 32, SPEAKER_LOUDEST = 8, SPEAKER_UNKNOWN = 128 };

/* One who has a microphone. */
struct speaker {
    void *owner;
    float loud;                 /* 0 .. 127: rises within two packets, falls within half a second */
    float floor;                /* without a voice: the noise of that room */
    float now, medium, lasting; /* the scores, 0 .. 1 */
    int64_t heard_us;           /* last packet; 0: never */
    int64_t speech_us;          /* last packet that was speech; 0: never */
    int64_t scored_us;          /* until when the scores are counted */
    int64_t since_us;           /* among the loudest since then */
    bool loudest;               /* among those who are heard */
};

struct speakers {
    struct speaker **all; /* cap, in no order; owned */
    unsigned n, cap;
    struct speaker *top[SPEAKER_LOUDEST_MAX]; /* the loudest */
    unsigned n_top, top_max;
    struct speaker *dominant; /* NULL: nobody has spoken yet */
    int64_t dominant_us;      /* since then */
    uint64_t changes, swaps;
};

/* loudest 0: SPEAKER_LOUDEST. cap: people. Takes memory; aborts without. */
void speakers_init(struct speakers *s, unsigned cap, unsigned loudest);
void speakers_free(struct speakers *s);
/* false: full. p is the caller's, and stays where it is until it is removed. */
bool speakers_add(struct speakers *s, struct speaker *p, void *owner);
void speakers_remove(struct speakers *s, struct speaker *p);

/* A packet of p's: its level (SPEAKER_UNKNOWN: it has none), and whether the sender takes it for a voice (RFC 6464 3;
 * false where it does not say). true: it is to be forwarded: p is one of the loudest. */
bool speakers_level(struct speakers *s, int64_t now_us, struct speaker *p, unsigned level,
                    bool voice);
/* Who dominates now; to be called five times a second or so. true: it is somebody else. Silence changes nothing. */
bool speakers_tick(struct speakers *s, int64_t now_us);
/* Those who are heard and have spoken within the last second, loudest first; at most max. For the page. */
unsigned speakers_list(const struct speakers *s, int64_t now_us, struct speaker **out,
                       unsigned max);

#endif
