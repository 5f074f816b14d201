#ifndef MADANG_EDGE_TLS_LOCAL_CA_H
#define MADANG_EDGE_TLS_LOCAL_CA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/tls/tls_names.h"

/*
 * The certificate authority of one installation: a root certificate that people may install, whose
 * key is thrown away as soon as it has signed one issuing certificate, and that issuing certificate
 * with its key, which signs the server's own certificates. Both carry the same critical name
 * constraints (RFC 5280 section 4.2.1.10): private networks, names that exist on no public DNS, and
 * the names and public addresses that the machine had when the authority was made. Why two, and why
 * these: docs/adr/local-ca-name-constraints.md. No files, no clock; keys are ECDSA P-256.
 */

struct local_ca;
struct tls_identity;

#define LOCAL_CA_DAYS 3650
/* Apple refuses more than 825 days, also under a root that the user has installed. */
#define LOCAL_CA_LEAF_DAYS 397

/*
 * Makes a new authority for `own`, valid from an hour before `wall_s` (Unix seconds). Private
 * addresses and names under localhost, local, home.arpa and internal are always covered. NULL: OpenSSL failed (no memory, no
 * randomness). The caller frees.
 */
struct local_ca *local_ca_make(const struct tls_names *own, int64_t wall_s);

/* Reads what local_ca_dump() wrote. NULL: not such a text, or the parts don't belong together. */
struct local_ca *local_ca_parse(const char *pem, size_t len);

/*
 * The issuing key, the issuing certificate and the root as PEM text, 0-terminated, to be kept where
 * nobody else reads it. The caller frees it with tls_secret_free(). NULL: no memory.
 */
char *local_ca_dump(const struct local_ca *ca);

void local_ca_free(struct local_ca *ca);

/* The root certificate for people to install: PEM text, 0-terminated. Lives as long as `ca`. */
const char *local_ca_root_pem(const struct local_ca *ca);

/* SHA-256 of the root certificate as "AB:CD:...", 95 characters. Lives as long as `ca`. */
const char *local_ca_fingerprint(const struct local_ca *ca);

/* When the authority was made, Unix seconds. */
int64_t local_ca_made(const struct local_ca *ca);

/* The end of the authority's own validity, Unix seconds. */
int64_t local_ca_not_after(const struct local_ca *ca);

/* Whether the constraints let this authority sign for `name` (a host name or an address). */
bool local_ca_covers(const struct local_ca *ca, const char *name);

/*
 * Issues a certificate with a fresh key for `names`, valid from an hour before `wall_s` for
 * LOCAL_CA_LEAF_DAYS or until the authority ends. One name that is not covered makes the whole
 * certificate worthless: pass only names that are. NULL: `names` is empty, the authority has ended,
 * or OpenSSL failed. The caller frees with tls_identity_free().
 */
struct tls_identity *local_ca_issue(const struct local_ca *ca, const struct tls_names *names,
                                    int64_t wall_s);

/* Whether the identity was signed by this authority. */
bool local_ca_signed(const struct local_ca *ca, const struct tls_identity *identity);

#endif
