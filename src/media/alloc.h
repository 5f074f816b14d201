/*
 * Which layers of which tracks one peer gets for what its way carries. Each line says how important it is, how large
 * it is shown, and what there is: streams and layers with their sizes and measured rates. Sound is paid first; then
 * everybody who is seen gets the least picture there is, in order of importance; what is left goes to the most
 * important ones. Less at once, more only when there has been room for it for a while, and the longer the more
 * often it was in vain, so that nothing flaps. A core; lines are the owner's.
 */
#ifndef MADANG_MEDIA_ALLOC_H
#define MADANG_MEDIA_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum alloc_priority {
    ALLOC_PINNED,
    ALLOC_SPEAKER,
    ALLOC_SCREEN,
    ALLOC_VISIBLE,
    ALLOC_THUMBNAIL,
    ALLOC_PRIORITIES
};

enum { ALLOC_OPTIONS = 12, ALLOC_PAUSED = -1 };

/* A way to send a track. */
struct alloc_option {
    uint32_t bps;           /* measured */
    uint16_t width, height; /* 0: unknown; then more bits are taken for more picture */
    uint8_t stream, spatial, temporal;
    uint8_t left_out; /* temporal layers above it: each halves the frames */
};

struct alloc_line {
    enum alloc_priority priority;
    uint16_t width, height; /* as it is shown; 0: not at all */
    unsigned n;
    struct alloc_option options[ALLOC_OPTIONS]; /* better and dearer, from the first one on */
    int choice;                                 /* of them, or ALLOC_PAUSED */
    int ideal;                                  /* alloc_run's own, as is the rest */
    int64_t room_us;   /* since when there is room for more; 0: there is none */
    int64_t raised_us; /* last; 0: never, it may begin at once */
    int64_t hold_us;   /* how long there has to be room */
};

struct alloc {
    unsigned last_n; /* pictures at most; 0: any number */
    double vain_bps; /* what was too much when something had been raised in vain; 0: nothing has */
    int64_t confirmed_us; /* a probe has shown that there is room */
    uint64_t raised, lowered;
};

void alloc_init(struct alloc *a, unsigned last_n);
/* A line with another track, or none: nothing is chosen. */
void alloc_line_init(struct alloc_line *l);
/* What the page wants of it. Something more important or larger need not wait. */
void alloc_line_wish(struct alloc_line *l, enum alloc_priority priority, uint16_t width,
                     uint16_t height);
/* It has only begun: the next step up need not wait. */
void alloc_line_hurry(struct alloc_line *l);
/* What there is, in any order, as measured lately (each second, say). Ways that cost more without being better
 * are left out, and those larger than what is shown. The choice stays if it is still there. Streams that have begun and
 * are not being sent any more are to be left out by the caller. */
void alloc_line_options(struct alloc_line *l, const struct alloc_option *o, unsigned n);
/* NULL: paused. */
const struct alloc_option *alloc_choice(const struct alloc_line *l);

/* A probe has raised the estimate: what fits now need not wait. */
void alloc_confirm(struct alloc *a, int64_t now_us);
/* Chooses, for an estimate of which sound_bps are taken. Lines of the same importance: the first ones first. true:
 * some choice is another one. To be called when the estimate, the wishes or the options change, and each 500 ms. */
bool alloc_run(struct alloc *a, int64_t now_us, double bps, double sound_bps,
               struct alloc_line *const *lines, unsigned n);
/* What the estimate would have to be for all that is wanted: for bwe_want(). */
double alloc_wanted(const struct alloc *a, double sound_bps, struct alloc_line *const *lines,
                    unsigned n);

#endif
