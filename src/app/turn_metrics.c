#include "app/turn_metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

static const char *const transports[TUPLE_TRANSPORTS] = {"udp", "tcp", "tls", "dtls"};

static void put_head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_putf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_one(struct buf *b, const char *name, const char *type, const char *help, uint64_t v)
{
    put_head(b, name, type, help);
    buf_putf(b, "%s %" PRIu64 "\n", name, v);
}

static void put_gauges(struct buf *b, const struct turn_stats *s)
{
    put_one(b, "madang_turn_allocations", "gauge", "Allocations", s->allocations);
    put_one(b, "madang_turn_permissions", "gauge", "Permissions", s->permissions);
    put_one(b, "madang_turn_channels", "gauge", "Channels", s->channels);
    put_one(b, "madang_turn_reservations", "gauge", "Ports kept for a reservation token",
            s->reservations);
}

/* For each of the transports and both families. */
static void put_matrix(struct buf *b, const char *name, const char *type, const char *help,
                       uint64_t v[TUPLE_TRANSPORTS][2])
{
    put_head(b, name, type, help);
    for (unsigned t = 0; t < TUPLE_TRANSPORTS; t++)
        for (unsigned f = 0; f < 2; f++)
            buf_putf(b, "%s{transport=\"%s\",family=\"%s\"} %" PRIu64 "\n", name, transports[t],
                     f ? "ipv6" : "ipv4", v[t][f]);
}

static void put_relays(struct buf *b, const struct turn_stats *s)
{
    struct turn_stats copy = *s;
    uint64_t now[TUPLE_TRANSPORTS][2];
    for (unsigned t = 0; t < TUPLE_TRANSPORTS; t++)
        for (unsigned f = 0; f < 2; f++)
            now[t][f] = s->allocated[t][f] - s->ended[t][f];
    put_matrix(b, "madang_turn_relays", "gauge",
               "Relayed addresses, of which an allocation has up to two, by the client's transport "
               "and their family",
               now);
    put_matrix(b, "madang_turn_relays_made_total", "counter", "Relayed addresses that were given",
               copy.allocated);
    put_matrix(b, "madang_turn_relays_ended_total", "counter", "Relayed addresses that were freed",
               copy.ended);
}

static void put_traffic(struct buf *b, const struct turn_stats *s)
{
    put_one(b, "madang_turn_requests_total", "counter", "Requests, authenticated or not",
            s->requests);
    put_head(b, "madang_turn_packets_total", "counter",
             "Datagrams relayed: up from clients to peers, down to clients");
    buf_putf(b,
             "madang_turn_packets_total{dir=\"up\"} %" PRIu64 "\n"
             "madang_turn_packets_total{dir=\"down\"} %" PRIu64 "\n",
             s->up_packets, s->down_packets);
    put_head(b, "madang_turn_bytes_total", "counter", "Bytes in these");
    buf_putf(b,
             "madang_turn_bytes_total{dir=\"up\"} %" PRIu64 "\n"
             "madang_turn_bytes_total{dir=\"down\"} %" PRIu64 "\n",
             s->up_bytes, s->down_bytes);
    put_one(b, "madang_turn_inside_packets_total", "counter",
            "Datagrams from one relay of this server to another, which stayed inside",
            s->inside_packets);
}

static void put_drops(struct buf *b, const struct turn_stats *s)
{
    put_head(b, "madang_turn_drops_total", "counter",
             "What was dropped or refused, by reason (numbers are STUN error codes)");
    for (unsigned i = TURN_DROP_NONE + 1; i < TURN_DROP_COUNT; i++)
        buf_putf(b, "madang_turn_drops_total{reason=\"%s\"} %" PRIu64 "\n", turn_drop_name(i),
                 s->drops[i]);
}

static void put_refused(struct buf *b, const struct turn_stats *s)
{
    put_head(b, "madang_turn_refused_peers_total", "counter",
             "Peers that were refused (403), by their class; stranger: nobody of the relay's call");
    for (unsigned v = 0; v < TURN_PEER_VERDICTS; v++)
        if (v != TURN_PEER_OWN)
            buf_putf(b, "madang_turn_refused_peers_total{class=\"%s\"} %" PRIu64 "\n",
                     v == TURN_PEER_OK ? "stranger" : turn_peer_verdict_name(v),
                     s->refused_peers[v]);
}

static void put_lifetimes(struct buf *b, const struct turn_stats *s)
{
    static const char *const bounds[TURN_LIFETIME_BUCKETS] = {
        "1", "10", "60", "300", "600", "1800", "3600", "7200", "86400", "+Inf"};
    uint64_t n = 0;
    put_head(b, "madang_turn_lifetime_seconds", "histogram", "How long allocations lived");
    for (unsigned i = 0; i < TURN_LIFETIME_BUCKETS; i++) {
        n += s->lifetime[i];
        buf_putf(b, "madang_turn_lifetime_seconds_bucket{le=\"%s\"} %" PRIu64 "\n", bounds[i], n);
    }
    buf_putf(b,
             "madang_turn_lifetime_seconds_sum %" PRIu64 "\n"
             "madang_turn_lifetime_seconds_count %" PRIu64 "\n",
             s->lifetime_sum_s, n);
}

void turn_metrics_write(struct buf *out, const struct turn_stats *s)
{
    put_gauges(out, s);
    put_relays(out, s);
    put_traffic(out, s);
    put_drops(out, s);
    put_refused(out, s);
    put_lifetimes(out, s);
}

void turn_stats_add(struct turn_stats *a, const struct turn_stats *b)
{
    uint64_t x, y;
    for (size_t i = 0; i < offsetof(struct turn_stats, allocations); i += sizeof x) {
        memcpy(&x, (const char *)a + i, sizeof x);
        memcpy(&y, (const char *)b + i, sizeof y);
        x += y;
        memcpy((char *)a + i, &x, sizeof x);
    }
    a->allocations += b->allocations;
    a->relays += b->relays;
    a->permissions += b->permissions;
    a->channels += b->channels;
    a->reservations += b->reservations;
}
