#include "app/cert_keeper.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "edge/tls/identity.h"
#include "io/dtls.h"
#include "io/tls.h"

enum { CHECK_S = 60, TICKETS_S = 12 * 3600 };

struct cert_keeper {
    struct cert_keeper_conf conf;
    struct netif_list netif;
    struct certs *certs;
    struct tls_ctx *tls;
    struct dtls_ctx *dtls;
    int64_t check_at_us, tickets_at_us;
};

static void add_host_name(struct tls_names *names)
{
    char host[TLS_NAME_MAX + 1] = "";
    if (gethostname(host, sizeof host - 1) == 0 && host[0]) {
        tls_names_add(names, host);
        if (!strchr(host, '.')) {
            char local[TLS_NAME_MAX + 8];
            size_t n = strlen(host);
            memcpy(local, host, n);
            memcpy(local + n, ".local", sizeof ".local");
            tls_names_add(names, local);
        }
    }
}

static void collect_names(const struct cert_keeper *k, struct tls_names *names)
{
    char text[ADDR_STR_SIZE];
    memset(names, 0, sizeof *names);
    for (size_t i = 0; i < k->conf.n_names; i++) {
        tls_names_add(names, k->conf.names[i]);
    }
    for (size_t i = 0; i < k->conf.n_public_ip; i++) {
        tls_names_add(names, addr_format_ip(&k->conf.public_ip[i], text));
    }
    add_host_name(names);
    for (size_t i = 0; i < k->netif.len; i++) {
        if (k->netif.addr[i].kind != NETIF_LINK) {
            tls_names_add(names, addr_format_ip(&k->netif.addr[i].ip, text));
        }
    }
}

/* A new context from the present pair; false leaves the old one in place. */
static bool build(struct cert_keeper *k, char *why, size_t why_cap)
{
    static const char *const alpn[] = {"http/1.1", "stun.turn", NULL}; /* RFC 7443 */
    char *chain = certs_chain_pem(k->certs), *key = certs_key_pem(k->certs);
    struct tls_ctx *tls = chain && key ? tls_ctx_new(chain, key, alpn, why, why_cap) : NULL;
    struct dtls_ctx *dtls = tls ? dtls_ctx_new(chain, key, why, why_cap) : NULL;
    tls_secret_free(chain);
    tls_secret_free(key);
    if (!dtls) {
        tls_ctx_unref(tls);
        return false;
    }
    dtls_ctx_unref(k->dtls);
    k->dtls = dtls;
    if (k->tls) {
        tls_ctx_adopt_tickets(tls, k->tls);
        tls_ctx_unref(k->tls);
    }
    k->tls = tls;
    return true;
}

static void rotate_tickets(struct cert_keeper *k)
{
    uint8_t key[TLS_TICKET_KEY_LEN];
    random_bytes(key, sizeof key);
    tls_ctx_rotate_tickets(k->tls, key);
    memzero(key, sizeof key);
}

struct cert_keeper *cert_keeper_new(const struct cert_keeper_conf *conf, int64_t wall_s, char *why,
                                    size_t why_cap)
{
    struct cert_keeper *k = xcalloc(1, sizeof *k);
    k->conf = *conf;
    why[0] = 0;
    netif_read(&k->netif);
    if (!conf->tls) {
        return k;
    }
    struct tls_names *names = xcalloc(1, sizeof *names);
    collect_names(k, names);
    k->certs = certs_open(&(struct certs_options){conf->data_dir, conf->cert_file, conf->key_file},
                          names, wall_s, why, why_cap);
    xfree(names);
    if (!k->certs || !build(k, why, why_cap)) {
        cert_keeper_free(k);
        return NULL;
    }
    rotate_tickets(k);
    return k;
}

void cert_keeper_free(struct cert_keeper *k)
{
    if (!k) {
        return;
    }
    if (k->tls) {
        tls_ctx_unref(k->tls);
    }
    dtls_ctx_unref(k->dtls);
    if (k->certs) {
        certs_free(k->certs);
    }
    xfree(k);
}

/* What certs has to say, and the new context if there is a new pair. */
static bool take_pair(struct cert_keeper *k, bool changed, const char *why)
{
    char err[256] = "";
    if (why[0]) {
        log_warn("tls", NULL, "%s", why);
    }
    if (!changed) {
        return false;
    }
    if (!build(k, err, sizeof err)) {
        log_error("tls", NULL, "the new certificate cannot be used, the old one stays: %s", err);
        return false;
    }
    log_info("tls", NULL, "a new certificate is in use, SHA-256 %s", certs_fingerprint(k->certs));
    return true;
}

static bool read_netif(struct cert_keeper *k)
{
    struct netif_list *fresh = xcalloc(1, sizeof *fresh);
    bool changed = netif_read(fresh) && !netif_equal(fresh, &k->netif);
    if (changed) {
        k->netif = *fresh;
        log_info("net", NULL, "the addresses of this machine have changed");
    }
    xfree(fresh);
    return changed;
}

bool cert_keeper_tick(struct cert_keeper *k, int64_t now_us, int64_t wall_s, bool addrs_changed)
{
    char why[256] = "";
    if (!addrs_changed && now_us < k->check_at_us) {
        return false;
    }
    k->check_at_us = now_us + CHECK_S * US_PER_S;
    read_netif(k);
    if (!k->certs) {
        return false;
    }
    if (k->tickets_at_us == 0) {
        k->tickets_at_us = now_us + TICKETS_S * US_PER_S;
    } else if (now_us >= k->tickets_at_us) {
        k->tickets_at_us = now_us + TICKETS_S * US_PER_S;
        rotate_tickets(k);
    }
    struct tls_names *names = xcalloc(1, sizeof *names);
    collect_names(k, names);
    bool changed = certs_tick(k->certs, wall_s, names, why, sizeof why);
    xfree(names);
    return take_pair(k, changed, why);
}

bool cert_keeper_reload(struct cert_keeper *k, int64_t wall_s)
{
    char why[256] = "";
    if (!k->certs) {
        return false;
    }
    struct tls_names *names = xcalloc(1, sizeof *names);
    read_netif(k);
    collect_names(k, names);
    bool changed = certs_reload(k->certs, wall_s, names, why, sizeof why);
    xfree(names);
    return take_pair(k, changed, why);
}

struct dtls_ctx *cert_keeper_dtls(const struct cert_keeper *k)
{
    return k->dtls;
}

struct tls_ctx *cert_keeper_tls(const struct cert_keeper *k)
{
    return k->tls;
}

const struct certs *cert_keeper_certs(const struct cert_keeper *k)
{
    return k->certs;
}

bool cert_keeper_is_real(const struct cert_keeper *k)
{
    return k->certs && certs_is_real(k->certs);
}

const struct netif_list *cert_keeper_netif(const struct cert_keeper *k)
{
    return &k->netif;
}

struct str cert_keeper_ca_pem(const struct cert_keeper *k)
{
    return k->certs ? str_from(certs_ca_pem(k->certs)) : STR_NONE;
}
