#include "domain/steady.h"

#define DAY_US INT64_C(86400000000)
/* 2026-11-01, before this was written: a clock that is earlier was never set. */
#define PLAUSIBLE_US INT64_C(1793491200000000)

static bool apart(int64_t a, int64_t b)
{
    return a - b > DAY_US || b - a > DAY_US;
}

void steady_known(struct steady *s, int64_t known_ms)
{
    *s = (struct steady){.at_us = known_ms * 1000};
}

void steady_run(struct steady *s, int64_t now_us, int64_t wall_ms)
{
    int64_t wall = wall_ms * 1000, passed = s->running ? now_us - s->now_us : 0;
    if (!s->running || apart(wall, s->wall_us + passed))
        s->since_us = now_us;
    s->running = true;
    s->at_us += passed;
    s->wall_us = wall;
    s->now_us = now_us;
    bool better = s->at_us < PLAUSIBLE_US && wall >= s->at_us;
    if (better || !apart(wall, s->at_us) || now_us - s->since_us >= DAY_US)
        s->at_us = wall;
}

int64_t steady_ms(const struct steady *s)
{
    return s->at_us / 1000;
}

int64_t steady_stamp_ms(const struct steady *s)
{
    return (s->at_us - s->wall_us > DAY_US ? s->at_us : s->wall_us) / 1000;
}
