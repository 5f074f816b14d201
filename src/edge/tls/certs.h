#ifndef MADANG_EDGE_TLS_CERTS_H
#define MADANG_EDGE_TLS_CERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/tls/tls_names.h"

/*
 * The certificate that the server shows: either from the local authority, which is made once and
 * kept in DATA/tls, or from the operator's files. Holds a valid pair at all times from certs_open()
 * on: whatever goes wrong later leaves the old pair in place and says so.
 *
 * Times are Unix seconds of the wall clock. Sentences in `why` begin in lower case and have no full
 * stop. Everything blocks on files, briefly. One thread (control).
 */

struct certs;

/* How long before its end a certificate of our own is renewed, or an operator is warned, at most. */
#define CERTS_RENEW_DAYS 30
#define CERTS_WARN_DAYS  14

struct certs_options {
    const char *data_dir;  /* for the local authority, used when cert_file is NULL */
    const char *cert_file; /* PEM, leaf first, or NULL */
    const char *key_file;  /* PEM without passphrase; NULL: in cert_file, too */
};

/*
 * Reads or makes everything. `names` are the names and addresses people may use (local authority
 * only; localhost is always added). NULL: `why` says what is wrong, in words for the operator.
 * Otherwise `why` is "" or a warning for the log.
 */
struct certs *certs_open(const struct certs_options *options, const struct tls_names *names,
                         int64_t wall_s, char *why, size_t why_cap);

void certs_free(struct certs *certs);

/*
 * To be called now and then (every minute, and when addresses have changed). Local authority: issues
 * a new certificate when `names` has one that the present one lacks, or when the present one is
 * near its end. True: the pair is a new one, build a new TLS context from it. `why` is "" or a
 * sentence for the log (a failed renewal, an end in sight; the latter at most once a day).
 */
bool certs_tick(struct certs *certs, int64_t wall_s, const struct tls_names *names, char *why,
                size_t why_cap);

/*
 * SIGHUP: reads the files again. True: the pair is a new one. False with a sentence: what is there
 * now cannot be used, the old pair stays. False and "": nothing has changed.
 */
bool certs_reload(struct certs *certs, int64_t wall_s, const struct tls_names *names, char *why,
                  size_t why_cap);

/*
 * The pair as PEM texts with a 0 at the end, for tls_ctx_new(). The caller frees both with
 * tls_secret_free() (identity.h). NULL: no memory.
 */
char *certs_chain_pem(const struct certs *certs);
char *certs_key_pem(const struct certs *certs);

/*
 * Whether browsers can be expected to accept the certificate without the person's doing: it is the
 * operator's and not signed by itself. HSTS is only right then, since it takes the way past the
 * warning away.
 */
bool certs_is_real(const struct certs *certs);

/* The end of what is shown (leaf or chain, whichever ends first). */
int64_t certs_not_after(const struct certs *certs);

/* SHA-256 of the certificate shown, "AB:CD:...". Lives until the pair changes. */
const char *certs_fingerprint(const struct certs *certs);

/* The root for people to install (PEM), and its SHA-256. NULL with the operator's own files. */
const char *certs_ca_pem(const struct certs *certs);
const char *certs_ca_fingerprint(const struct certs *certs);

/* The names that the certificate shown is for. Lives as long as `certs`, changes with the pair. */
const struct tls_names *certs_names(const struct certs *certs);

/*
 * The names asked for last that the local authority cannot sign for, since it was made before they
 * were known: people meet the warning there even with the root installed. Lives as above.
 */
const struct tls_names *certs_uncovered(const struct certs *certs);

#endif
