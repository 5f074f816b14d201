/* The world of one test of proto/turn_*, and the request and the answer in hand: begun before the test, checked and
 * taken down after it. */
#ifndef MADANG_TESTS_TURN_WORLD_H
#define MADANG_TESTS_TURN_WORLD_H

#include "unit/turn_fixture.h"

static struct world w;

/* The test says more about the server and starts it. */
static inline int begin_configured(void **state)
{
    (void)state;
    world_conf(&w);
    return 0;
}

static inline int begin_running(void **state)
{
    (void)state;
    world_new(&w);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    world_end(&w);
    return 0;
}

static inline const struct turn_stats *stats(void)
{
    return turn_server_stats(w.s);
}

#endif
