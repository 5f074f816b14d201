#ifndef MADANG_EDGE_TLS_NAMES_H
#define MADANG_EDGE_TLS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The names and addresses that a certificate is for: DNS names in lower case and IP addresses in
 * their canonical text form, in one list without duplicates. A plain value: copy it as you like.
 */

#define TLS_NAME_MAX  253
#define TLS_NAMES_CAP 96

struct tls_names {
    size_t len;
    char name[TLS_NAMES_CAP][TLS_NAME_MAX + 1];
};

/*
 * Adds a host name (letters, digits, '-', '_', '.'; at most 253 bytes, labels of 1..63; a trailing
 * dot is dropped) or an address in text form (without scope). What is in the list already is left
 * alone. False: neither a name nor an address, or the list is full; the list is then unchanged.
 */
bool tls_names_add(struct tls_names *names, const char *name);

/* Whether the list holds `name`, compared in canonical form. */
bool tls_names_have(const struct tls_names *names, const char *name);

/*
 * Puts the canonical form of a host name or address into `out`. False: it is neither.
 * `is_address` may be NULL.
 */
bool tls_name_canonical(const char *name, char out[TLS_NAME_MAX + 1], bool *is_address);

#endif
