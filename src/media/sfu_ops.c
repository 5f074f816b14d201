/* For those to whom an SFU talks of things that they do not want to know. */
#include "media/sfu.h"

static void no_send(void *ctx, const struct tuple *to, const struct datagram *d, unsigned flags)
{
    (void)ctx, (void)to, (void)d, (void)flags;
}

static void no_flush(void *ctx)
{
    (void)ctx;
}

static void no_dtls(void *ctx, uint64_t peer, const uint8_t *p, size_t n)
{
    (void)ctx, (void)peer, (void)p, (void)n;
}

static void no_dtls_end(void *ctx, uint64_t peer)
{
    (void)ctx, (void)peer;
}

static void no_path(void *ctx, const struct tuple *at, bool is_ours)
{
    (void)ctx, (void)at, (void)is_ours;
}

static void no_answer(void *ctx, uint64_t room, uint64_t peer, struct str sdp)
{
    (void)ctx, (void)room, (void)peer, (void)sdp;
}

static void no_refused(void *ctx, uint64_t room, uint64_t peer, enum sfu_refusal why)
{
    (void)ctx, (void)room, (void)peer, (void)why;
}

static void no_track(void *ctx, uint64_t room, const struct sfu_track *t, bool is_there)
{
    (void)ctx, (void)room, (void)t, (void)is_there;
}

static void no_speaker(void *ctx, uint64_t room, uint64_t peer, uint64_t track)
{
    (void)ctx, (void)room, (void)peer, (void)track;
}

static void no_state(void *ctx, uint64_t room, uint64_t peer, enum transport_state s,
                     enum transport_end why)
{
    (void)ctx, (void)room, (void)peer, (void)s, (void)why;
}

#define OR(member)           \
    if (ops->member == NULL) \
    ops->member = no_##member

void sfu_ops_complete(struct sfu_ops *ops)
{
    OR(send);
    OR(flush);
    OR(dtls);
    OR(dtls_end);
    OR(path);
    OR(answer);
    OR(refused);
    OR(track);
    OR(speaker);
    OR(state);
}
