#include "media/bwe_probe.h"

#include <math.h>
#include <string.h>

#include "base/util.h"

enum {
    PACKETS = 5,
    DURATION_US = 20000,
    EVERY_US = 5000000, /* while more is wanted */
    CALM_US = 1000000,  /* since a queue grew */
    FOUND_US = 3000000, /* when more was found, more is looked for sooner */
    DROP_US = 20000000, /* so long a drop is worth trying to undo */
    LONG_US = 1000000   /* a cluster that took longer says nothing */
};
static const double START[] = {6, 3}; /* times the estimate, the last one first */
static const double ENOUGH = 0.6;     /* of a cluster's packets */
static const double GOES_ON = 0.7;    /* of the rate that was tried: then twice of it */
static const double SATURATED = 0.9, SATURATED_TAKE = 0.95,
                    SATURATED_MORE = 2; /* if the link was full: times the estimate */
static const double COMPRESSED = 2;     /* arrivals faster than sending by more are a fault */
static const double PACKET_BITS = 9600; /* at most, of media */
static const double DROP = 0.5, DROP_TRY = 0.85, STEP_MAX = 3, MORE = 1.2;

void bwe_probes_init(struct bwe_probes *p)
{
    memset(p, 0, sizeof *p);
    p->starting = ARRAY_LEN(START);
}

static void give_out(struct bwe_probes *p, int64_t now_us, double bps, struct bwe_cluster *out)
{
    p->last_id = p->last_id == UINT8_MAX ? 1 : p->last_id + 1;
    *out = (struct bwe_cluster){.bps = bps,
                                .bytes = (uint32_t)(bps * DURATION_US / 8e6),
                                .packets = PACKETS,
                                .id = p->last_id};
    p->probe[p->last_id % BWE_PROBES] = (struct bwe_probe){.want = *out, .begin_us = now_us};
    p->next_bps = 0;
    p->asked_us = now_us;
    p->busy_us = now_us +
                 MAX_OF((int64_t)2 * DURATION_US, (int64_t)(PACKETS * PACKET_BITS * 1e6 / bps));
}

static int64_t every(const struct bwe_probes *p)
{
    return p->found_us != 0 && p->asked_us - p->found_us < FOUND_US ? CALM_US : EVERY_US;
}

/* Since a queue grew, and since the last one. */
static bool is_calm(const struct bwe_probes *p, int64_t now_us, int64_t calm_us)
{
    return now_us - MAX_OF(calm_us, p->asked_us) >= CALM_US;
}

/* What is to be probed, besides looking for more: of each it is taken once. */
static double take_plan(struct bwe_probes *p, int64_t now_us, double bps, double wanted_bps,
                        int64_t calm_us)
{
    double to = p->next_bps;
    p->next_bps = 0;
    if (p->starting > 0)
        return bps * START[--p->starting];
    if (to > 0 || p->dropped_bps <= 0 || !is_calm(p, now_us, calm_us))
        return to;
    to = now_us - p->dropped_us < DROP_US ? DROP_TRY * p->dropped_bps : 0;
    p->dropped_bps = 0;
    return fmin(to, MORE * wanted_bps); /* more would only fill a queue */
}

bool bwe_probes_next(struct bwe_probes *p, int64_t now_us, double bps, double wanted_bps,
                     double max_bps, int64_t calm_us, struct bwe_cluster *out)
{
    if (now_us < p->busy_us)
        return false;
    double to = take_plan(p, now_us, bps, wanted_bps, calm_us);
    if (to <= bps && wanted_bps > bps && is_calm(p, now_us, calm_us) &&
        now_us - p->asked_us >= every(p))
        to = fmin(wanted_bps * MORE, bps * STEP_MAX);
    to = fmin(to, max_bps);
    if (to <= bps)
        return false;
    give_out(p, now_us, to, out);
    return true;
}

int64_t bwe_probes_deadline(const struct bwe_probes *p, double bps, double wanted_bps,
                            double max_bps, int64_t calm_us)
{
    if (p->starting > 0 || p->next_bps > 0)
        return p->busy_us;
    int64_t at = MAX_OF(MAX_OF(calm_us, p->asked_us) + CALM_US, p->busy_us);
    if (p->dropped_bps > 0)
        return at;
    return wanted_bps > bps && bps < max_bps ? MAX_OF(at, p->asked_us + every(p)) : INT64_MAX;
}

void bwe_probes_dropped(struct bwe_probes *p, int64_t now_us, double from_bps, double to_bps)
{
    if (p->dropped_bps > 0 && now_us - p->dropped_us > EVERY_US)
        p->dropped_bps = 0;
    from_bps = fmax(from_bps, p->dropped_bps);
    if (to_bps <= DROP * from_bps || p->dropped_bps > 0) {
        p->dropped_bps = from_bps;
        p->dropped_us = now_us;
    }
    p->next_bps = 0;
}

/* ---- Under way ---- */

static struct bwe_probe *find(struct bwe_probes *p, uint8_t id)
{
    struct bwe_probe *b = &p->probe[id % BWE_PROBES];
    return id != BWE_PROBE_NONE && b->want.id == id ? b : NULL;
}

void bwe_probes_sent(struct bwe_probes *p, int64_t now_us, uint8_t id)
{
    struct bwe_probe *b = find(p, id);
    if (b != NULL)
        b->sent++;
    p->sent_us = now_us;
}

static void note(struct bwe_probe *b, int64_t sent_us, int64_t at_us, unsigned size)
{
    if (b->came == 0 || sent_us > b->last_sent_us) {
        b->last_sent_us = sent_us;
        b->last_size = (uint16_t)size;
    }
    if (b->came == 0 || at_us < b->first_at_us) {
        b->first_at_us = at_us;
        b->first_size = (uint16_t)size;
    }
    if (b->came == 0 || sent_us < b->first_sent_us)
        b->first_sent_us = sent_us;
    if (b->came == 0 || at_us > b->last_at_us)
        b->last_at_us = at_us;
    b->came++;
    b->bytes += size;
}

/* Between n packets lie n - 1 gaps: the last one counts not in sending, the first one not in arriving. */
static double measure(const struct bwe_probe *b, double bps, bool full)
{
    int64_t sending = b->last_sent_us - b->first_sent_us, coming = b->last_at_us - b->first_at_us;
    if (sending <= 0 || coming <= 0 || sending > LONG_US || coming > LONG_US)
        return 0;
    double sent_bps = 8e6 * (b->bytes - b->last_size) / (double)sending;
    double came_bps = 8e6 * (b->bytes - b->first_size) / (double)coming;
    if (came_bps > COMPRESSED * sent_bps)
        return 0;
    if (came_bps >= SATURATED * sent_bps)
        return fmin(sent_bps, came_bps);
    came_bps *= SATURATED_TAKE;
    return !full || came_bps > SATURATED_MORE * bps ? came_bps : 0;
}

double bwe_probes_came(struct bwe_probes *p, uint8_t id, int64_t sent_us, int64_t at_us,
                       unsigned size, double bps, bool full, double max_bps)
{
    struct bwe_probe *b = find(p, id);
    if (b == NULL)
        return 0;
    note(b, sent_us, at_us, size);
    if (b->came < PACKETS * ENOUGH || b->came < ENOUGH * b->sent ||
        b->bytes < ENOUGH * b->want.bytes)
        return 0;
    double found = fmin(measure(b, bps, full), max_bps);
    if (found <= bps)
        return 0;
    p->found_us = p->sent_us;
    if (found > GOES_ON * b->want.bps && b->want.bps < max_bps)
        p->next_bps = 2 * found;
    return found;
}
