#include "proto/srtp.h"

#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/util.h"
#include "proto/srtp_int.h"

enum { FIRST = 4 /* places to begin with, where they come one by one */ };

const char *srtp_result_name(enum srtp_result r)
{
    static const char *const names[SRTP_RESULTS] = {
        [SRTP_OK] = "ok",           [SRTP_E_MALFORMED] = "malformed",
        [SRTP_E_ROOM] = "room",     [SRTP_E_STREAM] = "stream",
        [SRTP_E_FULL] = "full",     [SRTP_E_REPLAY] = "replay",
        [SRTP_E_OLD] = "old",       [SRTP_E_AUTH] = "auth",
        [SRTP_E_CLEAR] = "clear",   [SRTP_E_EXHAUSTED] = "exhausted",
        [SRTP_E_CRYPTO] = "crypto",
    };
    return (unsigned)r < SRTP_RESULTS ? names[r] : "unknown";
}

/* ---- Profiles ---- */

size_t srtp_key_size(enum srtp_profile p)
{
    switch (p) {
    case SRTP_AES128_CM_SHA1_80:
    case SRTP_AEAD_AES_128_GCM: return 16;
    case SRTP_AEAD_AES_256_GCM: return 32;
    case SRTP_NONE: break;
    }
    return 0;
}

size_t srtp_salt_size(enum srtp_profile p)
{
    if (srtp_key_size(p) == 0)
        return 0;
    return srtp_is_gcm(p) ? 12 : 14;
}

size_t srtp_trailer_size(enum srtp_profile p)
{
    if (srtp_key_size(p) == 0)
        return 0;
    return srtp_is_gcm(p) ? SRTP_GCM_TAG : SRTP_SHA1_TAG;
}

size_t srtp_material_size(enum srtp_profile p)
{
    return 2 * (srtp_key_size(p) + srtp_salt_size(p));
}

/* ---- Making and freeing ---- */

static uint32_t slot_of(const struct srtp *s, uint32_t ssrc)
{
    return ssrc * 0x9E3779B1u >> s->shift;
}

static uint32_t slot_after(const struct srtp *s, uint32_t slot)
{
    return (slot + 1) & ((uint32_t)((uint64_t)1 << (32 - s->shift)) - 1);
}

static void enter(struct srtp *s, uint32_t place)
{
    uint32_t slot = slot_of(s, s->streams[place].ssrc);
    while (s->slots[slot])
        slot = slot_after(s, slot);
    s->slots[slot] = (uint16_t)(place + 1);
}

/* Both tables of streams, which lie in one piece of memory. */
static bool grow_streams(struct srtp *s, unsigned cap)
{
    unsigned bits = 2;
    while (1u << bits < 2 * cap)
        bits++;
    size_t size = cap * sizeof(struct srtp_stream) + sizeof(uint16_t) * ((size_t)1 << bits);
    struct srtp_stream *streams = mem_try_alloc(size);
    if (!streams)
        return false;
    memset(streams, 0, size);
    if (s->n_streams > 0)
        memcpy(streams, s->streams, s->n_streams * sizeof *streams);
    xfree(s->streams);
    s->streams = streams;
    s->slots = (uint16_t *)(streams + cap);
    s->cap = (uint16_t)cap;
    s->shift = (uint8_t)(32 - bits);
    for (uint32_t place = 0; place < s->n_streams; place++)
        enter(s, place);
    return true;
}

static bool grow_ended(struct srtp *s, unsigned cap)
{
    uint32_t *ended = mem_try_realloc(s->ended, cap * sizeof *ended);
    if (!ended)
        return false;
    s->ended = ended;
    s->ended_cap = (uint16_t)cap;
    return true;
}

bool srtp_grow(struct srtp *s, unsigned streams, unsigned ended)
{
    return (streams <= s->cap || grow_streams(s, streams)) &&
           (ended <= s->ended_cap || grow_ended(s, ended));
}

struct srtp *srtp_make(enum srtp_profile profile, enum srtp_way way, const struct srtp_keys *keys,
                       unsigned streams_max)
{
    if (srtp_key_size(profile) == 0 || streams_max == 0 || streams_max > SRTP_STREAMS_MAX)
        return NULL;
    struct srtp *s = mem_try_alloc(sizeof *s);
    if (!s)
        return NULL;
    memset(s, 0, sizeof *s);
    s->max = (uint16_t)streams_max;
    s->profile = (uint16_t)profile;
    s->out = way == SRTP_OUT;
    s->gcm = srtp_is_gcm(profile);
    s->tag = (uint8_t)srtp_trailer_size(profile);
    s->keys = *keys;
    s->rtp = srtp_cipher_new(profile, s->out, keys->rtp.key, keys->rtp.auth);
    s->rtcp = srtp_cipher_new(profile, s->out, keys->rtcp.key, keys->rtcp.auth);
    if (!s->rtp || !s->rtcp ||
        !grow_streams(s, way == SRTP_OUT ? MIN_OF(streams_max, (unsigned)FIRST) : streams_max)) {
        srtp_free(s);
        return NULL;
    }
    return s;
}

struct srtp *srtp_new(enum srtp_profile profile, enum srtp_way way, const uint8_t *key,
                      const uint8_t *salt, unsigned streams_max)
{
    struct srtp_keys keys;
    struct srtp *s = NULL;
    if (srtp_key_size(profile) == 0)
        return NULL;
    if (srtp_derive(profile, key, salt, &keys))
        s = srtp_make(profile, way, &keys, streams_max);
    memzero(&keys, sizeof keys);
    return s;
}

void srtp_free(struct srtp *s)
{
    if (!s)
        return;
    srtp_cipher_free(s->rtp);
    srtp_cipher_free(s->rtcp);
    memzero(&s->keys, sizeof s->keys);
    xfree(s->streams);
    xfree(s->ended);
    xfree(s);
}

enum err srtp_pair(enum srtp_profile profile, const uint8_t *material, bool server,
                   unsigned in_streams, unsigned out_streams, struct srtp **in, struct srtp **out)
{
    size_t key = srtp_key_size(profile), salt = srtp_salt_size(profile);
    if (key == 0)
        return ERR_UNSUPPORTED;
    if (in_streams == 0 || in_streams > SRTP_STREAMS_MAX || out_streams == 0 ||
        out_streams > SRTP_STREAMS_MAX)
        return ERR_RANGE;
    /* The client's key, the server's, the client's salt, the server's. */
    const uint8_t *keys[2] = {material, material + key};
    const uint8_t *salts[2] = {material + 2 * key, material + 2 * key + salt};
    *in = srtp_new(profile, SRTP_IN, keys[!server], salts[!server], in_streams);
    *out = srtp_new(profile, SRTP_OUT, keys[server], salts[server], out_streams);
    if (*in && *out)
        return ERR_OK;
    srtp_free(*in);
    srtp_free(*out);
    *in = *out = NULL;
    return ERR_NOMEM;
}

const struct srtp_counts *srtp_counts(const struct srtp *s)
{
    return &s->counts;
}

/* ---- Which SSRCs there are ---- */

/* At most half of the slots are taken, so an empty one ends every search. Who could make SSRCs collide
 * is authentic, and gets no more than cap steps. */
struct srtp_stream *srtp_find(struct srtp *s, uint32_t ssrc)
{
    if (s->last < s->n_streams && s->streams[s->last].ssrc == ssrc)
        return &s->streams[s->last];
    for (uint32_t slot = slot_of(s, ssrc); s->slots[slot]; slot = slot_after(s, slot)) {
        struct srtp_stream *t = &s->streams[s->slots[slot] - 1];
        if (t->ssrc == ssrc) {
            s->last = s->slots[slot] - 1u;
            return t;
        }
    }
    return NULL;
}

struct srtp_stream *srtp_place(struct srtp *s, uint32_t ssrc)
{
    if (s->n_streams == s->cap)
        return NULL;
    struct srtp_stream *t = &s->streams[s->n_streams];
    *t = (struct srtp_stream){.ssrc = ssrc};
    enter(s, s->n_streams);
    s->last = s->n_streams++;
    return t;
}

bool srtp_is_ended(const struct srtp *s, uint32_t ssrc)
{
    for (unsigned i = 0; i < s->n_ended; i++) {
        if (s->ended[i] == ssrc)
            return true;
    }
    return false;
}

enum err srtp_reserve(struct srtp *s, unsigned streams)
{
    if (streams > SRTP_STREAMS_MAX)
        return ERR_RANGE;
    if (streams <= s->max)
        return ERR_OK;
    if (!s->out && !grow_streams(s, streams))
        return ERR_NOMEM;
    s->max = (uint16_t)streams;
    return ERR_OK;
}

enum err srtp_add(struct srtp *s, uint32_t ssrc)
{
    if (!s->out)
        return ERR_MISUSE;
    if (srtp_find(s, ssrc))
        return ERR_EXISTS;
    if (srtp_is_ended(s, ssrc))
        return ERR_CLOSED;
    if (s->n_streams == s->max)
        return ERR_CAP;
    if (s->n_streams == s->cap && !grow_streams(s, MIN_OF(2u * s->cap, (unsigned)s->max)))
        return ERR_NOMEM;
    srtp_place(s, ssrc);
    return ERR_OK;
}

enum err srtp_end(struct srtp *s, uint32_t ssrc)
{
    struct srtp_stream *t = srtp_find(s, ssrc);
    if (!t)
        return ERR_NOT_FOUND;
    if (s->n_ended == s->max * SRTP_ENDED_EACH)
        return ERR_CAP;
    if (s->n_ended == s->ended_cap && !grow_ended(s, MAX_OF(2u * s->ended_cap, (unsigned)FIRST)))
        return ERR_NOMEM;
    s->ended[s->n_ended++] = ssrc;
    *t = s->streams[--s->n_streams];
    memset(s->slots, 0, sizeof *s->slots << (32 - s->shift));
    for (uint32_t place = 0; place < s->n_streams; place++)
        enter(s, place);
    return ERR_OK;
}

unsigned srtp_streams(const struct srtp *s)
{
    return s->n_streams;
}

enum srtp_result srtp_stream_in(struct srtp *s, uint32_t ssrc, struct srtp_stream **out)
{
    *out = srtp_find(s, ssrc);
    if (*out)
        return SRTP_OK;
    if (srtp_is_ended(s, ssrc))
        return SRTP_E_STREAM;
    return s->n_streams == s->cap ? SRTP_E_FULL : SRTP_OK;
}

/* ---- Nonces ---- */

void srtp_gcm_iv(const struct srtp_half *h, uint32_t ssrc, uint64_t index, uint8_t iv[SRTP_GCM_IV])
{
    set_u16(iv, get_u16(h->salt));
    set_u32(iv + 2, get_u32(h->salt + 2) ^ ssrc);
    set_u16(iv + 6, (uint16_t)(get_u16(h->salt + 6) ^ index >> 32));
    set_u32(iv + 8, get_u32(h->salt + 8) ^ (uint32_t)index);
}

void srtp_ctr_iv(const struct srtp_half *h, uint32_t ssrc, uint64_t index, uint8_t iv[SRTP_CTR_IV])
{
    set_u32(iv, get_u32(h->salt));
    set_u32(iv + 4, get_u32(h->salt + 4) ^ ssrc);
    set_u16(iv + 8, (uint16_t)(get_u16(h->salt + 8) ^ index >> 32));
    set_u32(iv + 10, get_u32(h->salt + 10) ^ (uint32_t)index);
    set_u16(iv + 14, 0); /* the counter of blocks */
}
