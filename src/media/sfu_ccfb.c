/* What publishers are told of arrivals who take RFC 8888 and nothing for the transport as a whole. */
#include "base/util.h"
#include "media/sfu_int.h"

enum {
    CCFB_MTU = 1200,
    CCFB_MOST = 400, /* packets of one source in one report; a larger hole is passed over */
    CCFB_HEAD = 8    /* bytes of a source */
};

/* An arrival's number: the source's place, and how far ahead of what it was told last. */
static unsigned source_at(const struct sfu_arrival *a)
{
    return (unsigned)(a->seq >> 16);
}

static unsigned ahead_of(const struct sfu_arrival *a)
{
    return (unsigned)(a->seq & 0xFFFF);
}

void sfu_note_source(struct sfu_peer *p, int64_t now_us, const struct sfu_source *from,
                     uint16_t seq)
{
    unsigned at = (unsigned)(from - p->sources);
    struct sfu_source *src = &p->sources[at];
    if (!p->takes_ccfb || p->arrivals == NULL || p->n_arrivals == SFU_TWCC_MAX)
        return;
    if (!src->is_told)
        src->told = seq;
    src->is_told = true;
    int16_t ahead = rtp_seq_diff(seq, src->told);
    if (ahead >= 0) /* else it was told of as lost */
        sfu_add_arrival(p, now_us, (int64_t)at << 16 | ahead);
}

/* Of one source, from arrival i on; the first one that is left. */
static unsigned put_source(struct sfu_peer *p, int64_t now_us, unsigned i,
                           struct rtcp_ccfb_packet packets[CCFB_MOST], unsigned *n)
{
    unsigned at = source_at(&p->arrivals[i]), first = ahead_of(&p->arrivals[i]), skip = 0;
    if (first >= CCFB_MOST)
        skip = first;
    for (*n = 0; i < p->n_arrivals && source_at(&p->arrivals[i]) == at; i++) {
        unsigned ahead = ahead_of(&p->arrivals[i]) - skip;
        if (ahead >= CCFB_MOST)
            break;
        while (*n <= ahead)
            packets[(*n)++] = (struct rtcp_ccfb_packet){0};
        packets[ahead].came = true;
        packets[ahead].ato = rtcp_ccfb_ato(MAX_OF(now_us - p->arrivals[i].at_us, (int64_t)0));
    }
    p->sources[at].told = (uint16_t)(p->sources[at].told + skip);
    for (unsigned k = i; k < p->n_arrivals && source_at(&p->arrivals[k]) == at; k++)
        p->arrivals[k].seq -= skip + *n; /* they are counted from what is told now */
    return i;
}

void sfu_tell_sources(struct sfu_peer *p, int64_t now_us)
{
    struct rtcp_ccfb_packet packets[CCFB_MOST];
    uint8_t mem[CCFB_MTU];
    struct rtcp_writer w;
    for (unsigned i = 0, n; i < p->n_arrivals;) {
        struct rtcp_ccfb_writer c;
        rtcp_begin(&w, mem, sizeof mem);
        rtcp_ccfb_begin(&c, &w, p->own_ssrc);
        do {
            struct sfu_source *src = &p->sources[source_at(&p->arrivals[i])];
            i = put_source(p, now_us, i, packets, &n);
            rtcp_ccfb_source(&c, src->ssrc, src->told, packets, n);
            src->told = (uint16_t)(src->told + n);
        } while (i < p->n_arrivals && w.len + CCFB_HEAD + 2 * CCFB_MOST + CCFB_HEAD <= w.cap);
        rtcp_ccfb_end(&c, rtcp_ntp_middle(sfu_ntp(p->sfu, now_us)));
        sfu_send_rtcp(p, &w);
    }
    sfu_forget_arrivals(p);
}
