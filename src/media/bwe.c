#include "media/bwe.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/util.h"

enum {
    RTT_US = 100000,         /* until it is known */
    SENT_WINDOW_US = 500000, /* over which the rate of what leaves is taken */
    SILENCE_US = 1000000,    /* without feedback, although packets leave: the estimate is halved */
    FULL_US = 6000000,       /* a link was full so short a time ago that it may be so still */
    CLOCK_JUMP_US = 10000000 /* the receiver's clock has been set */
};
#define TWCC_WRAP_US ((int64_t)64000 << 24)
#define CCFB_WRAP_US ((int64_t)1000000 << 16)
static const double START_BPS = 300e3, MIN_BPS = 30e3, MAX_BPS = 20e6;
static const double LIMITED = 0.65, LIMITED_NO_MORE = 0.8; /* of the estimate */
static const double PEAK_FADES = 0.8, PEAK_ROOM = 1.1;
static const double REPORT_FEW = 0.02 * 256, REPORT_MANY = 0.1 * 256, REPORT_UP = 1.08;
static const double AHEAD = 1.5;
static const double STANDING_MS = 50, STANDING_COMES = 0.9, LIMITED_COMES = 0.55,
                    STANDING_LOST = 0.15, SETTLED_LOST = 0.1;

void bwe_init(struct bwe *b, int64_t now_us, const struct bwe_conf *conf)
{
    memset(b, 0, sizeof *b);
    b->conf = *conf;
    struct bwe_conf *c = &b->conf;
    c->min_bps = c->min_bps > 0 ? c->min_bps : MIN_BPS;
    c->max_bps = fmax(c->max_bps > 0 ? c->max_bps : MAX_BPS, c->min_bps);
    c->start_bps = fmin(fmax(c->start_bps > 0 ? c->start_bps : START_BPS, c->min_bps), c->max_bps);
    c->history = c->history != 0 ? MIN_OF(c->history, (unsigned)BWE_HISTORY_MAX) : BWE_HISTORY;
    b->ring = xcalloc(c->history, sizeof *b->ring);
    b->mask = c->history - 1;
    b->now_us = b->calm_us = b->window_us = now_us;
    b->rtt_us = RTT_US;
    b->bps = c->start_bps;
    bwe_trend_init(&b->trend);
    bwe_acked_init(&b->acked);
    bwe_rate_init(&b->rate, b->bps);
    bwe_loss_init(&b->loss);
    bwe_probes_init(&b->probes);
}

void bwe_free(struct bwe *b)
{
    xfree(b->ring);
    b->ring = NULL;
}

/* ---- What leaves ---- */

static void measure_sent(struct bwe *b, int64_t now_us)
{
    int64_t us = now_us - b->window_us;
    if (us < SENT_WINDOW_US)
        return;
    b->sent_bps = 8e6 * b->window_bytes / (double)us;
    b->peak_bps = fmax(b->sent_bps, PEAK_FADES * b->peak_bps);
    b->window_bytes = 0;
    b->window_us = now_us;
    b->limited = b->sent_bps < (b->limited ? LIMITED_NO_MORE : LIMITED) * b->bps;
}

void bwe_sent(struct bwe *b, int64_t now_us, const struct bwe_packet *p)
{
    b->now_us = MAX_OF(b->now_us, now_us);
    measure_sent(b, now_us);
    b->ring[p->number & b->mask] = (struct bwe_sent){.sent_us = (uint32_t)now_us,
                                                     .ssrc = p->ssrc,
                                                     .number = p->number,
                                                     .seq = p->seq,
                                                     .size = p->size,
                                                     .cluster = p->cluster,
                                                     .fate = BWE_UNDER_WAY};
    if (b->stats.sent == 0)
        b->told = p->number;
    b->next = p->number + 1;
    b->window_bytes += p->size;
    b->stats.sent++;
    bwe_probes_sent(&b->probes, now_us, p->cluster);
    if (b->waits_us == 0)
        b->waits_us = now_us;
}

/* ---- The estimate ---- */

double bwe_delay_bps(const struct bwe *b)
{
    return b->remb_bps > 0 ? fmin(b->rate.bps, b->remb_bps) : b->rate.bps;
}

static void set_bps(struct bwe *b)
{
    const struct bwe_conf *c = &b->conf;
    b->rate.bps = fmin(fmax(b->rate.bps, c->min_bps), c->max_bps);
    double bps = bwe_delay_bps(b);
    if (b->loss.cap_bps > 0)
        bps = fmin(bps, b->loss.cap_bps);
    b->bps = fmax(bps, c->min_bps);
}

/* A queue need not grow to be too long: when it is full, it only stands, and less comes than leaves. Of others'
 * queues we are not to blame: then as much comes. What little is sent differs much by chance. */
static bool is_too_much(const struct bwe *b)
{
    if (bwe_trend_queue_ms(&b->trend) < STANDING_MS + b->trend.noise_ms)
        return false;
    double share = b->acked.newest / fmin(b->sent_bps, b->bps);
    return b->limited ? bwe_loss_now(&b->loss) > STANDING_LOST || share < LIMITED_COMES
                      : share < STANDING_COMES;
}

/* What stays so for all of the last packets, while hardly anything is lost, is no queue: the way has become longer. */
static void settle(struct bwe *b)
{
    if (bwe_trend_queue_ms(&b->trend) > STANDING_MS && bwe_trend_is_steady(&b->trend) &&
        bwe_loss_now(&b->loss) < SETTLED_LOST)
        bwe_trend_settle(&b->trend);
}

static enum bwe_usage usage(const struct bwe *b)
{
    return b->trend.usage == BWE_NORMAL && is_too_much(b) ? BWE_OVERUSE : b->trend.usage;
}

static bool was_full(const struct bwe *b)
{
    return b->rate.lowered && b->now_us - b->rate.lowered_us < FULL_US;
}

/* A busy link delivers what it carries, without what is lost behind it. */
static double acked_bps(const struct bwe *b, enum bwe_usage used)
{
    double bps = fmax(b->acked.bps, b->acked.newest);
    if (used == BWE_OVERUSE)
        bps = b->acked.newest / (b->loss.cap_bps > 0 ? 1 : 1 - b->loss.anyway);
    return fmin(bps, PEAK_ROOM * b->peak_bps);
}

/* After feedback. */
static void update(struct bwe *b, int64_t now_us)
{
    double before = b->bps;
    if (b->limited && b->updated_us != 0)
        bwe_trend_learn(&b->trend, (double)(now_us - b->updated_us) / 1000);
    b->updated_us = now_us;
    settle(b);
    enum bwe_usage used = usage(b);
    double acked = acked_bps(b, used);
    if (used == BWE_OVERUSE) {
        b->calm_us = now_us;
        b->stats.overuses++;
    }
    if (b->probe_bps > b->rate.bps) { /* perhaps others have just been silent: half of the way */
        bwe_rate_set(&b->rate, now_us,
                     was_full(b) ? sqrt(b->rate.bps * b->probe_bps) : b->probe_bps);
        bwe_loss_found(&b->loss, b->probe_bps);
    } else {
        /* Even of the little that is sent not all comes: then an estimate from better times is worth nothing. */
        bwe_rate_update(&b->rate, now_us, used, acked, b->rtt_us, b->limited && !is_too_much(b));
    }
    b->probe_bps = 0;
    bwe_loss_update(&b->loss, now_us, b->rate.bps, acked, b->limited);
    set_bps(b);
    if (b->bps < before)
        bwe_probes_dropped(&b->probes, now_us, before, b->bps);
}

/* ---- Feedback ---- */

static struct bwe_sent *find(struct bwe *b, uint16_t number)
{
    struct bwe_sent *e = &b->ring[number & b->mask];
    return e->fate != BWE_FREE && e->number == number ? e : NULL;
}

static int64_t sent_us(const struct bwe *b, const struct bwe_sent *e)
{
    return b->now_us - (uint32_t)((uint32_t)b->now_us - e->sent_us);
}

/* A time of the receiver's clock, which wraps, counted on. */
static int64_t unwrap(struct bwe *b, int64_t wire_us, int64_t wrap_us)
{
    if (!b->clock_begun) {
        b->clock_begun = true;
        b->clock_us = b->clock_wire_us = wire_us;
        return wire_us;
    }
    int64_t diff = (wire_us - b->clock_wire_us) % wrap_us;
    diff += diff < -wrap_us / 2 ? wrap_us : diff >= wrap_us / 2 ? -wrap_us : 0;
    b->clock_us += diff;
    b->clock_wire_us = wire_us;
    if (diff > CLOCK_JUMP_US || diff < -CLOCK_JUMP_US) {
        b->stats.refused++;
        bwe_trend_reset(&b->trend);
        b->acked.begun = false;
    }
    return b->clock_us;
}

static void lose(struct bwe *b, int64_t now_us, struct bwe_sent *e)
{
    if (e->fate == BWE_LOST || e->fate == BWE_CAME)
        return;
    e->fate = BWE_LOST;
    b->stats.lost++;
    if (!b->outage)
        bwe_loss_packet(&b->loss, now_us, sent_us(b, e), e->size, true);
}

static void come(struct bwe *b, int64_t now_us, struct bwe_sent *e, int64_t at_us)
{
    int64_t sent = sent_us(b, e);
    if (e->fate == BWE_CAME) {
        b->stats.repeated++;
        return;
    }
    if (e->fate == BWE_LOST) {
        bwe_loss_undo(&b->loss);
        b->stats.lost--;
    }
    bwe_loss_packet(&b->loss, now_us, sent, e->size, false);
    if (e->fate != BWE_UNTOLD)
        bwe_acked_packet(&b->acked, at_us, e->size);
    e->fate = BWE_CAME;
    b->stats.came++;
    bwe_trend_packet(&b->trend, sent, at_us);
    b->probe_bps = fmax(b->probe_bps, bwe_probes_came(&b->probes, e->cluster, sent, at_us, e->size,
                                                      b->rate.bps, was_full(b), b->conf.max_bps));
    if (b->reported_us == 0)
        b->rtt_us += (now_us - sent - b->rtt_us) / 8;
}

/* Feedback begins: it has been waited for, or something was wrong. */
static void begin(struct bwe *b, int64_t now_us)
{
    b->now_us = MAX_OF(b->now_us, now_us);
    measure_sent(b, now_us);
    if (b->outage)
        bwe_trend_reset(&b->trend);
}

static void finish(struct bwe *b, int64_t now_us, bool heard)
{
    if (!heard)
        return; /* nothing in it was about us */
    if (b->outage) {
        bwe_loss_reset(&b->loss);
        b->rate.lowered = false;
        b->rate.changed_us = now_us;
    }
    b->has_feedback = true;
    b->outage = false;
    b->waits_us = 0;
    update(b, now_us);
}

/* Feedback begins with this number: of what it passes over, about as much came as of the rest. */
static void pass_over(struct bwe *b, uint16_t to)
{
    unsigned n = (uint16_t)(to - b->told);
    if (n > b->mask || (uint16_t)(b->next - b->told) > b->mask)
        n = 0;
    double share = 1 - bwe_loss_share(&b->loss), bytes = 0;
    for (unsigned i = 0; i < n; i++) {
        struct bwe_sent *e = find(b, (uint16_t)(b->told + i));
        if (e == NULL || e->fate != BWE_UNDER_WAY)
            continue;
        e->fate = BWE_UNTOLD;
        bytes += e->size;
    }
    if (!b->outage)
        b->acked.bytes += (uint32_t)(bytes * share);
}

void bwe_twcc(struct bwe *b, int64_t now_us, const struct rtcp_twcc *f)
{
    struct rtcp_twcc it = *f;
    struct rtcp_arrival a;
    bool heard = false;
    begin(b, now_us);
    if (find(b, it.seq) != NULL)
        pass_over(b, it.seq);
    while (rtcp_twcc_next(&it, &a)) {
        struct bwe_sent *e = find(b, a.seq);
        if (e == NULL) {
            b->stats.refused++;
            continue;
        }
        if ((int16_t)(a.seq + 1 - b->told) > 0)
            b->told = a.seq + 1;
        if (!a.came) {
            lose(b, now_us, e);
        } else {
            come(b, now_us, e, unwrap(b, a.at_us, TWCC_WRAP_US));
            heard = true;
        }
    }
    finish(b, now_us, heard);
}

/* RFC 8888 tells of one stream after the other; what it says is noted beside the history first, since trends
 * are seen only in order of sending. */
enum { NOTHING_SAID = 0xFFFF, IS_LOST = 0xFFFE };

/* From where the last one was found, round: packets of a stream lie near each other. */
static int find_seq(const struct bwe *b, uint32_t ssrc, uint16_t seq, unsigned from, unsigned *left)
{
    for (unsigned i = 1; i <= b->mask + 1 && *left > 0; i++, (*left)--) {
        const struct bwe_sent *e = &b->ring[(from + i) & b->mask];
        if (e->fate != BWE_FREE && e->ssrc == ssrc && e->seq == seq)
            return (int)((from + i) & b->mask);
    }
    return -1;
}

static void note_ccfb(struct bwe *b, const struct rtcp_ccfb *f, uint16_t *said)
{
    struct rtcp_ccfb it = *f;
    struct rtcp_ccfb_packet k;
    unsigned at = b->next, left = 16 * (b->mask + 1);
    while (rtcp_ccfb_next(&it, &k)) {
        int i = find_seq(b, k.ssrc, k.seq, at, &left);
        if (i < 0) {
            b->stats.refused++;
            continue;
        }
        at = (unsigned)i;
        said[i] = !k.came ? IS_LOST : k.ato >= RTCP_ATO_OVER ? NOTHING_SAID : k.ato;
    }
}

void bwe_ccfb(struct bwe *b, int64_t now_us, const struct rtcp_ccfb *f)
{
    uint16_t said[BWE_HISTORY_MAX];
    bool heard = false;
    begin(b, now_us);
    memset(said, 0xFF, (b->mask + 1) * sizeof *said);
    note_ccfb(b, f, said);
    int64_t report_us = unwrap(b, ((int64_t)f->ntp_middle * 1000000) >> 16, CCFB_WRAP_US);
    for (unsigned i = 0; i <= b->mask; i++) {
        unsigned at = (b->next + i) & b->mask; /* the oldest one first */
        if (said[at] == NOTHING_SAID)
            continue;
        if (said[at] == IS_LOST) {
            lose(b, now_us, &b->ring[at]);
        } else {
            come(b, now_us, &b->ring[at], report_us - (int64_t)said[at] * 1000000 / 1024);
            heard = true;
        }
    }
    finish(b, now_us, heard);
}

/* Of receivers who tell of no single packet: grow below 2 % of loss, hold below 10 %. */
void bwe_report(struct bwe *b, int64_t now_us, unsigned fraction, int64_t rtt_us)
{
    int64_t since = b->reported_us == 0 ? 0 : now_us - b->reported_us;
    b->now_us = MAX_OF(b->now_us, now_us);
    if (rtt_us >= 0)
        b->rtt_us = rtt_us;
    if (rtt_us >= 0 || !b->has_feedback)
        b->reported_us = now_us;
    if (b->has_feedback)
        return;
    b->waits_us = 0;
    if (fraction > REPORT_MANY)
        b->rate.bps *= 1 - 0.5 * MIN_OF(fraction, 256u) / 256;
    else if (fraction < REPORT_FEW && since > 0 &&
             b->rate.bps < fmax(AHEAD * b->peak_bps, b->wanted_bps))
        b->rate.bps *= pow(REPORT_UP, fmin((double)since / 1e6, 1));
    set_bps(b);
}

void bwe_remb(struct bwe *b, int64_t now_us, uint64_t bps)
{
    b->now_us = MAX_OF(b->now_us, now_us);
    measure_sent(b, now_us);
    b->remb_bps = fmax((double)bps, b->conf.min_bps);
    b->waits_us = 0;
    if (!b->has_feedback) /* it is all there is: as far as it is about what was sent */
        b->rate.bps = fmax(b->rate.bps, fmin(b->remb_bps, AHEAD * b->peak_bps));
    set_bps(b);
}

/* ---- Time ---- */

void bwe_want(struct bwe *b, double bps)
{
    b->wanted_bps = bps;
}

/* Into silence nothing is probed. */
static bool may_probe(const struct bwe *b)
{
    return (b->probes.starting > 0 || b->has_feedback) && !b->outage;
}

bool bwe_probe(struct bwe *b, int64_t now_us, struct bwe_cluster *out)
{
    if (!may_probe(b) || !bwe_probes_next(&b->probes, now_us, b->bps, b->wanted_bps,
                                          b->conf.max_bps, b->calm_us, out))
        return false;
    b->stats.probes++;
    return true;
}

static int64_t patience(const struct bwe *b)
{
    return MAX_OF((int64_t)SILENCE_US, 3 * b->rtt_us);
}

void bwe_tick(struct bwe *b, int64_t now_us)
{
    b->now_us = MAX_OF(b->now_us, now_us);
    if (!b->has_feedback || b->waits_us == 0 || now_us - b->waits_us < patience(b))
        return;
    double before = b->bps;
    b->outage = true;
    b->stats.outages++;
    b->waits_us = now_us;
    b->rate.bps = b->bps / 2;
    set_bps(b);
    bwe_probes_dropped(&b->probes, now_us, before, b->bps);
}

int64_t bwe_deadline(const struct bwe *b)
{
    int64_t at = !may_probe(b) ? INT64_MAX
                               : bwe_probes_deadline(&b->probes, b->bps, b->wanted_bps,
                                                     b->conf.max_bps, b->calm_us);
    if (b->has_feedback && b->waits_us != 0)
        at = MIN_OF(at, b->waits_us + patience(b));
    return at;
}
