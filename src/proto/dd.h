/*
 * The dependency descriptor, a header extension (RTP payload format for AV1 1.0, appendix A): what one frame
 * needs and who needs it, whatever the codec. A structure, which comes with key frames, holds templates of frames;
 * each packet then names its frame's template and what differs from it. A decode target is a choice of layers: for
 * each frame the descriptor says whether that choice includes it. Pure; all is bounded and nothing allocated.
 */
#ifndef MADANG_PROTO_DD_H
#define MADANG_PROTO_DD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DD_TEMPLATES = 64, /* as many as ids have room for */
    DD_TARGETS = 32,
    DD_LAYERS = 8, /* spatial, and as many temporal ones */
    DD_FDIFFS = 8, /* frames that one refers to: codecs have no more */
    DD_MAX = 255   /* bytes: what the two-byte form holds */
};

/* Decode target indications. */
enum dd_dti {
    DD_ABSENT,      /* not part of that decode target */
    DD_DISCARDABLE, /* nothing of it refers to this frame */
    DD_SWITCH,      /* whoever decodes this frame can decode that target from here on */
    DD_REQUIRED
};

struct dd_template {
    uint64_t dtis; /* 2 bits for each target, the first one lowest */
    uint8_t spatial, temporal, n_fdiffs;
    uint8_t fdiffs[DD_FDIFFS]; /* how many frames back */
};

struct dd_structure {
    uint8_t first; /* id of the first template */
    uint8_t n;     /* templates; 0: nothing was told yet */
    uint8_t targets, chains, layers;
    uint32_t active; /* targets that are being made; the reader's caller keeps it */
    uint8_t spatial[DD_TARGETS], temporal[DD_TARGETS]; /* the highest layers of each target */
    uint16_t width[DD_LAYERS], height[DD_LAYERS];      /* of spatial layers; 0: not told */
    struct dd_template templates[DD_TEMPLATES];
};

struct dd_frame {
    bool start, end; /* the packet is the first, the last of its frame */
    bool has_structure, has_active;
    uint8_t spatial, temporal, n_fdiffs;
    uint16_t number;
    uint16_t fdiffs[DD_FDIFFS];
    uint64_t dtis;
    uint32_t active;               /* as told, here or before */
    uint16_t active_bit, end_bit;  /* where the mask is or would be; where all ends */
    const struct dd_structure *of; /* what it was read by */
};

/* Reads a descriptor of n bytes. `known` is the stream's structure so far; `own` gets the one that the packet brings, if
 * it does (has_structure): out->of is one of them. false: malformed, or of a template that nobody has told of. */
bool dd_read(struct dd_frame *out, const uint8_t *p, size_t n, const struct dd_structure *known,
             struct dd_structure *own);

static inline enum dd_dti dd_dti(const struct dd_frame *f, unsigned target)
{
    return target < DD_TARGETS ? (enum dd_dti)(f->dtis >> 2 * target & 3) : DD_ABSENT;
}
/* Needs nothing that came before. */
static inline bool dd_is_key(const struct dd_frame *f)
{
    return f->start && f->has_structure && f->n_fdiffs == 0;
}

/* The best of the active targets within these layers, spatial ones first; the least one if none is; -1: there is
 * none at all. */
int dd_target(const struct dd_frame *f, unsigned spatial, unsigned temporal);
/* All targets that are made of no more layers than that one. */
uint32_t dd_below(const struct dd_structure *s, unsigned target);

/* What becomes of a descriptor on its way to somebody. All zeros: there is none. */
struct dd_change {
    uint8_t targets;
    bool had_active, has_active; /* has_active: the mask is written */
    uint16_t number;
    uint16_t active_bit, end_bit; /* as it was read */
    uint32_t active;
};
struct dd_change dd_change_of(const struct dd_frame *f, uint16_t number, bool has_active,
                              uint32_t active);
/* Writes p, which had come, anew. The number of bytes; 0: there is no room. */
size_t dd_write(uint8_t *out, size_t cap, const uint8_t *p, const struct dd_change *c);

#endif
