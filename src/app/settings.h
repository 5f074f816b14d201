/* From the configuration, as people write it, to what each part of the house takes. */
#ifndef MADANG_APP_SETTINGS_H
#define MADANG_APP_SETTINGS_H

#include "app/config.h"
#include "app/house.h"
#include "app/relay_people.h"

/* Fills *h; it points into *c and *people, which must outlive it. */
void settings_apply(struct house_conf *h, const struct config *c,
                    const struct relay_people *people);

/* The origins that the page may have for passkeys, by d->rp_id; port: of the page, 0 when it is not known. */
void settings_origins(struct domain_config *d, bool tls, uint16_t port);

/* The address of --public-ip: as given, or with "auto" the machine's own public one. False: none. */
bool settings_public_ip(const struct config *c, struct addr *out);

#endif
