/*
 * Probes: clusters of packets sent faster than the estimate, to learn whether more goes through. When to send
 * one, and what its arrivals say. Pure; a flat struct.
 */
#ifndef MADANG_MEDIA_BWE_PROBE_H
#define MADANG_MEDIA_BWE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

enum { BWE_PROBES = 4, BWE_PROBE_NONE = 0 };

struct bwe_cluster {
    double bps;     /* at which it is to leave */
    uint32_t bytes; /* at least so many of both, media or padding */
    uint8_t packets;
    uint8_t id; /* for bwe_sent(); never BWE_PROBE_NONE */
};

/* A cluster that is under way. */
struct bwe_probe {
    struct bwe_cluster want;
    int64_t begin_us; /* when it was given out */
    unsigned sent, came;
    uint32_t bytes; /* that came */
    int64_t first_sent_us, last_sent_us, first_at_us, last_at_us;
    uint16_t first_size, last_size; /* of the first to arrive; of the last one that was sent */
};

struct bwe_probes {
    struct bwe_probe probe[BWE_PROBES]; /* ring by id */
    uint8_t last_id;
    double next_bps;    /* what is to be probed next; 0: nothing */
    int64_t found_us;   /* when one has last shown more than was known */
    uint8_t starting;   /* steps of the beginning that are left */
    double dropped_bps; /* before a drop, to be tried again; 0: no drop */
    int64_t dropped_us, sent_us, asked_us;
    int64_t busy_us; /* until then the last cluster is leaving */
};

void bwe_probes_init(struct bwe_probes *p);
/* Is it time for one? bps: the estimate; wanted_bps: what there is to be sent; calm_us: since when no queue has
 * been growing. true: *out is to be sent now. */
bool bwe_probes_next(struct bwe_probes *p, int64_t now_us, double bps, double wanted_bps,
                     double max_bps, int64_t calm_us, struct bwe_cluster *out);
/* When bwe_probes_next has something, if all stays as it is; INT64_MAX: never. */
int64_t bwe_probes_deadline(const struct bwe_probes *p, double bps, double wanted_bps,
                            double max_bps, int64_t calm_us);
/* The estimate went down from so much. */
void bwe_probes_dropped(struct bwe_probes *p, int64_t now_us, double from_bps, double to_bps);
void bwe_probes_sent(struct bwe_probes *p, int64_t now_us, uint8_t id);
/* A packet of a cluster came. The rate that the cluster shows, if it is above bps, or 0. A cluster that fills the
 * link shows what all who use it get through together: full: the link has been full of late, perhaps by them. */
double bwe_probes_came(struct bwe_probes *p, uint8_t id, int64_t sent_us, int64_t at_us,
                       unsigned size, double bps, bool full, double max_bps);

#endif
