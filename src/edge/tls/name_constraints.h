#ifndef MADANG_EDGE_TLS_NAME_CONSTRAINTS_H
#define MADANG_EDGE_TLS_NAME_CONSTRAINTS_H

#include <stdbool.h>

#include "edge/tls/tls_names.h"

/*
 * What the local authority may sign for, as an X.509 name constraints extension (RFC 5280 section
 * 4.2.1.10). Permitted: names under localhost, local, home.arpa and internal (reserved for private
 * use by RFC 6761, RFC 6762, RFC 8375 and ICANN), the private and shared address blocks, and the
 * names and addresses in `own`. An own IPv6 address stands for its /64, since hosts change the rest
 * of it daily. A name of one label that could be a top-level domain ("studio") is permitted without
 * the names below it.
 */

struct NAME_CONSTRAINTS_st;
struct x509_st;

/* The constraints, to be freed with NAME_CONSTRAINTS_free(). NULL: no memory. */
struct NAME_CONSTRAINTS_st *name_constraints_make(const struct tls_names *own);

/* Adds them to a certificate as a critical extension. False: no memory. */
bool name_constraints_add(struct x509_st *cert, const struct NAME_CONSTRAINTS_st *nc);

/* Whether all names of `leaf` satisfy the constraints that `authority` carries; true without any. */
bool name_constraints_satisfied(struct x509_st *authority, struct x509_st *leaf);

#endif
