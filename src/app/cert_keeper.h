/*
 * Keeps what people connect to in order while the server runs: the certificate (renewed before it
 * ends, and when addresses of the machine come or go), the TLS context that is made from it, and the
 * keys of session tickets. The work is done by edge/tls and app/netif; here is when.
 */
#ifndef MADANG_APP_CERT_KEEPER_H
#define MADANG_APP_CERT_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/netif.h"
#include "base/str.h"
#include "edge/tls/certs.h"

struct cert_keeper;
struct dtls_ctx;
struct tls_ctx;

struct cert_keeper_conf {
    bool tls;              /* false: no certificate at all, only addresses */
    const char *data_dir;  /* borrowed, like all below */
    const char *cert_file; /* NULL: the local authority */
    const char *key_file;
    const char *const *names; /* host names that people use, beside the machine's own */
    size_t n_names;
    const struct addr *public_ip; /* n_public_ip addresses */
    size_t n_public_ip;
};

/* NULL with a sentence in why. Otherwise why is "" or a warning. */
struct cert_keeper *cert_keeper_new(const struct cert_keeper_conf *conf, int64_t wall_s, char *why,
                                    size_t why_cap);
void cert_keeper_free(struct cert_keeper *k);

/* Every few seconds, and when netif_watch_drain() says so: true when the context has
 * changed. Logs what it does. */
bool cert_keeper_tick(struct cert_keeper *k, int64_t now_us, int64_t wall_s, bool addrs_changed);
/* SIGHUP. True when the context has changed. */
bool cert_keeper_reload(struct cert_keeper *k, int64_t wall_s);

/* The present context; NULL without TLS. Whoever keeps it takes a reference. */
struct tls_ctx *cert_keeper_tls(const struct cert_keeper *k);
/* The same certificate for DTLS. */
struct dtls_ctx *cert_keeper_dtls(const struct cert_keeper *k);
/* NULL without TLS. */
const struct certs *cert_keeper_certs(const struct cert_keeper *k);
/* Whether browsers trust what is shown (certs_is_real): then the page goes out with HSTS. */
bool cert_keeper_is_real(const struct cert_keeper *k);
const struct netif_list *cert_keeper_netif(const struct cert_keeper *k);
/* For /ca.crt; empty when there is none. */
struct str cert_keeper_ca_pem(const struct cert_keeper *k);

#endif
