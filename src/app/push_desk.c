#include "app/push_desk.h"

#include <inttypes.h>

bool push_desk_open(struct push_desk *desk, const struct push_options *options, char *err,
                    size_t errlen)
{
    desk->thread = push_start(options, err, errlen);
    return desk->thread != NULL;
}

void push_desk_close(struct push_desk *desk)
{
    push_stop(desk->thread);
    desk->thread = NULL;
}

void push_desk_send(struct push_desk *desk, const struct push_job *job)
{
    if (desk->thread && !push_submit(desk->thread, job)) {
        push_desk_count(desk, PUSH_BUSY);
    }
}

void push_desk_count(struct push_desk *desk, enum push_outcome outcome)
{
    desk->outcomes[outcome]++;
}

void push_desk_metrics(struct buf *out, const struct push_desk *desk)
{
    if (!desk->thread) {
        return;
    }
    buf_puts(out, "# HELP madang_push_total Push messages, by what became of them\n"
                  "# TYPE madang_push_total counter\n");
    for (int i = 0; i < PUSH_OUTCOMES; i++) {
        buf_putf(out, "madang_push_total{outcome=\"%s\"} %" PRIu64 "\n",
                 push_outcome_name((enum push_outcome)i), desk->outcomes[i]);
    }
    buf_putf(out,
             "# HELP madang_push_queue Push messages that wait or are under way\n"
             "# TYPE madang_push_queue gauge\nmadang_push_queue %u\n",
             push_waiting(desk->thread));
}
