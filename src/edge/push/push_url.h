/* The address of a subscription, which a client has sent: what it must look like before anybody connects
 * to it. Where it really leads is checked again for each connection (edge/push/push.h). Pure. */
#ifndef MADANG_EDGE_PUSH_PUSH_URL_H
#define MADANG_EDGE_PUSH_PUSH_URL_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/str.h"

enum { PUSH_URL_MAX = 1024 };

struct push_url {
    struct str origin; /* "https://host[:port]", as written: the audience of RFC 8292 */
    struct str host;
    bool is_addr; /* host is an address, and this is it: */
    struct addr addr;
};

/* https, a host name (or address), perhaps a port, a path; no user, no fragment, nothing but printable
 * ASCII. The slices point into url. */
bool push_url_parse(struct push_url *u, struct str url);

/* Whether the server may connect to it: public, or in one of the networks allowed for tests. */
bool push_addr_allowed(const struct addr *a, const struct cidr *allow, size_t n_allow);

#endif
