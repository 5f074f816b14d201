#include "app/sfu_settings.h"

void sfu_settings_apply(struct worker_conf *w, const struct config *c)
{
    uint32_t n = c->workers;
    w->groups = c->groups != CONFIG_GROUPS_NEVER && !c->turn_only;
    w->sfu.max_rooms = (c->sfu_rooms + n - 1) / n;
    w->sfu.max_peers = (c->sfu_peers + n - 1) / n;
    w->sfu.max_subscribed = c->sfu_lines;
    w->show_rooms = (c->metrics_rooms + n - 1) / n;
    w->sfu.loudest = c->sfu_loudest;
    w->sfu.last_n = c->sfu_last_n;
    w->sfu.max_bps = (double)c->sfu_max_bitrate;
    w->sfu.cache_bytes = (size_t)(c->sfu_memory / n);
}
