/* Allocations that come and go with traffic, for hours. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "turn_load.h"

enum { EACH_WAY = 8 };

static void line(const struct load *l, unsigned round, uint64_t made)
{
    printf("{\"round\":%u,\"made\":%lu,\"sent\":%lu,\"lost\":%lu,\"wrong\":%lu,\"rss_kb\":%ld}\n",
           round, made, l->sent[UP] + l->sent[DOWN], l->lost, l->wrong, server_rss_kb(l));
    fflush(stdout);
}

static void replace(struct load *l, unsigned i, uint64_t made)
{
    if (made >= l->n)
        client_release(l, i);
    client_open(l, i);
    clients_allocate(l, i, 1);
    traffic_watch(l, i);
    traffic_exchange(l, i, EACH_WAY);
}

void churn(struct load *l, unsigned rate, double seconds, double every)
{
    int64_t start = now_us(), end = start + (int64_t)(seconds * 1e6);
    uint64_t made = 0;
    unsigned round = 0;
    l->allocs = calloc(l->n, sizeof *l->allocs);
    for (int64_t at = start; at < end; at = start + (int64_t)(made * 1000000 / rate)) {
        while (now_us() < at) {
            struct timespec t = {0, 1000000};
            nanosleep(&t, NULL);
        }
        replace(l, (unsigned)(made % l->n), made);
        made++;
        if (now_us() - start > (int64_t)(every * 1e6) * (round + 1))
            line(l, ++round, made);
    }
    for (unsigned i = 0; i < l->n && i < made; i++)
        client_release(l, i);
    free(l->allocs);
    l->allocs = NULL;
    line(l, ++round, made);
    if (l->lost > 0 || l->wrong > 0)
        exit(1);
}
