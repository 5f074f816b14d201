/* What SFUs have counted, as metrics of all rooms and as JSON of each. */
#ifndef MADANG_APP_SFU_METRICS_H
#define MADANG_APP_SFU_METRICS_H

#include "base/buf.h"
#include "media/sfu.h"

/* madang_sfu_... of /metrics; of all workers together. */
void sfu_metrics_write(struct buf *out, const struct sfu_stats *s);
/* madang_sfu_room_...: of single rooms. */
void sfu_metrics_rooms(struct buf *out, const struct sfu_room_stats *rooms, unsigned n);
/* A JSON array of rooms with their peers, at most `max` of each. No secrets. */
void sfu_metrics_dump(struct buf *out, const struct sfu *s, unsigned max);

#endif
