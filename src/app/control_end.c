/* The way to the end: clients are told to come back, and have a while for that. */
#include "app/control_int.h"
#include "app/sdnotify.h"
#include "app/tape.h"
#include "app/worker.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/doorman.h"
#include "io/listen.h"
#include "msg/media_msg.h"

enum { GONE_US = 100000 };

static void on_gone(struct loop_timer *t, int64_t now_us)
{
    struct control *c = container_of(t, struct control, gone);
    struct turn_stats sum;
    control_relay_stats(c, &sum);
    if (sum.allocations == 0) {
        loop_stop(c->loop);
    } else {
        loop_timer_set(c->loop, t, now_us + GONE_US);
    }
}

static void on_end(struct loop_timer *t, int64_t now_us)
{
    struct control *c = container_of(t, struct control, end);
    (void)now_us;
    loop_stop(c->loop);
}

static void drop_letter(struct letter *l)
{
    xfree(l);
}

/* A TURN server alone goes on listening: who comes is told of another server, or that there is no
 * room; it ends when the last relay has gone. */
static void drain_relays(struct control *c, int64_t now_us)
{
    for (unsigned i = 0; i < c->n_workers; i++) {
        struct letter *l = xcalloc(1, sizeof *l);
        l->kind = MEDIA_DRAIN;
        l->drop = drop_letter;
        control_give_worker(c, i, l);
    }
    if (c->conf.turn_only) {
        log_info("control", NULL, "stopping: no new relays, those that are there may end");
        loop_timer_set(c->loop, &c->gone, now_us + GONE_US);
    }
}

void control_drain(struct control *c)
{
    int64_t now = loop_now(c->loop);
    if (c->draining) {
        loop_stop(c->loop); /* asked twice: now */
        return;
    }
    c->draining = true;
    if (!c->conf.turn_only) {
        log_info("control", NULL, "stopping: telling %u sessions to come back",
                 (unsigned)hub_counts(exchange_hub(tape_exchange(c->tape)))->sessions);
        doorman_stop(c->doorman);
        listen_close_tcp(c->conf.listen);
    }
    sdnotify_stopping();
    drain_relays(c, now);
    tape_drain(c->tape, now, c->conf.retry_ms);
    loop_timer_set(c->loop, &c->end, now + c->conf.drain_us);
}

void control_end_timers(struct control *c)
{
    c->end = (struct loop_timer){.fn = on_end, .name = "control.end"};
    c->gone = (struct loop_timer){.fn = on_gone, .name = "control.gone"};
}

void control_close_all(struct control *c)
{
    struct web *web = exchange_web(tape_exchange(c->tape));
    tape_cut(c->tape, loop_now(c->loop));
    for (int i = 0; i < 100 && web_connections(web) > 0; i++) {
        loop_round(c->loop, 0);
    }
}
