/* The push thread as control has it: started when the setting says so, and what came of its messages
 * counted. */
#ifndef MADANG_APP_PUSH_DESK_H
#define MADANG_APP_PUSH_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "edge/push/push.h"

struct push_desk {
    struct push_thread *thread; /* NULL: push is off */
    uint64_t outcomes[PUSH_OUTCOMES];
};

/* options: deliver, ctx and kind are set. False with what push_start() says. */
bool push_desk_open(struct push_desk *desk, const struct push_options *options, char *err,
                    size_t errlen);
void push_desk_close(struct push_desk *desk);
void push_desk_send(struct push_desk *desk, const struct push_job *job);
void push_desk_count(struct push_desk *desk, enum push_outcome outcome);
/* madang_push_… of /metrics; nothing when push is off. */
void push_desk_metrics(struct buf *out, const struct push_desk *desk);

#endif
