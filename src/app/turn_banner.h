/* What the operator of madang turn reads at the start: where it listens, who may use it, and what a
 * page has to be given. Text into a buffer. */
#ifndef MADANG_APP_TURN_BANNER_H
#define MADANG_APP_TURN_BANNER_H

#include "app/config.h"
#include "app/relay_people.h"
#include "base/buf.h"

struct listen_set;

struct turn_banner {
    const char *realm;
    const char *name;        /* a host name that leads here, or NULL */
    const struct addr *host; /* else an address that does, or NULL */
    struct config_ports ports;
    const struct relay_people *people;
    const struct listen_set *listen;
    bool tls;
    unsigned max_relays;
};

void turn_banner_render(struct buf *out, const struct turn_banner *b);

#endif
