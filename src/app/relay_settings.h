/* From the configuration's section [relay] to what a worker is given. */
#ifndef MADANG_APP_RELAY_SETTINGS_H
#define MADANG_APP_RELAY_SETTINGS_H

#include "app/config.h"
#include "app/netif.h"
#include "app/relay_people.h"
#include "app/worker.h"

/* Fills w's part about relays; people are borrowed. Limits of all relays together are split between
 * the workers. Left to the house: keys, seeds, the port, addresses of its own, descriptors. */
void relay_settings_apply(struct worker_conf *w, const struct config *c,
                          const struct relay_people *people);

/* The address of that family that others most probably reach this machine by; family 0: none. */
struct addr relay_other(const struct netif_list *list, uint8_t family);

/* REALM, or what stands for it when none is set: the first name, or "madang". */
const char *relay_realm(const struct config *c);

#endif
