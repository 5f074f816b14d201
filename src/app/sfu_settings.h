/* From the configuration's section [groups] to what a worker is given. */
#ifndef MADANG_APP_SFU_SETTINGS_H
#define MADANG_APP_SFU_SETTINGS_H

#include "app/config.h"
#include "app/worker.h"

/* Limits of all groups together are split between the workers. */
void sfu_settings_apply(struct worker_conf *w, const struct config *c);

#endif
