#include "edge/tls/certs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/util.h"
#include "edge/tls/identity.h"
#include "edge/tls/local_ca.h"
#include "edge/tls/tls_file.h"

#define DAY INT64_C(86400)

/* ca.pem: issuing key, issuing certificate, root. server.pem: key, leaf, issuing certificate. */
#define CA_FILE     "ca.pem"
#define CA_PUBLIC   "ca.crt"
#define SERVER_FILE "server.pem"

struct certs {
    char *cert_file, *key_file; /* cert_file NULL: local authority */
    char *data_dir;
    int dir;
    struct local_ca *ca;
    struct tls_identity *id;
    char fingerprint[TLS_FINGERPRINT_CAP];
    int64_t warned_s;
    struct tls_names names, uncovered;
};

static void adopt(struct certs *c, struct tls_identity *id)
{
    tls_identity_free(c->id);
    c->id = id;
    tls_identity_fingerprint(id, c->fingerprint);
    tls_identity_names(id, &c->names);
}

/* ---- The operator's files ---- */

/* Short-lived certificates are warned about in their last third only. */
static int64_t warn_from(const struct tls_identity *id)
{
    int64_t life = tls_identity_not_after(id) - tls_identity_not_before(id);
    int64_t ahead = life / 3 < CERTS_WARN_DAYS * DAY ? life / 3 : CERTS_WARN_DAYS * DAY;

    return tls_identity_chain_ends(id) - ahead;
}

static struct tls_identity *read_files(const struct certs *c, int64_t wall_s, char *why, size_t cap)
{
    const char *key_file = c->key_file ? c->key_file : c->cert_file;
    char reason[160] = "";
    bool missing;
    char *chain = tls_file_read(AT_FDCWD, c->cert_file, &missing, why, cap);
    char *key = chain ? tls_file_read(AT_FDCWD, key_file, &missing, why, cap) : NULL;
    struct tls_identity *id = NULL;

    if (key) {
        id = tls_identity_parse(chain, strlen(chain), key, strlen(key), reason, sizeof reason);
        if (!id)
            snprintf(why, cap, "the certificate %s with the key %s cannot be used: %s",
                     c->cert_file, key_file, reason);
    }
    tls_secret_free(chain);
    tls_secret_free(key);
    if (id && wall_s >= tls_identity_chain_ends(id))
        snprintf(why, cap, "the certificate %s has expired %lld days ago", c->cert_file,
                 (long long)((wall_s - tls_identity_chain_ends(id)) / DAY));
    else if (id && wall_s < tls_identity_not_before(id))
        snprintf(why, cap, "the certificate %s is not valid yet: is the clock right?",
                 c->cert_file);
    else
        return id;
    tls_identity_free(id);
    return NULL;
}

/* At most once a day: one that ends soon, or a chain that is certainly too short. */
static void warn_of_files(struct certs *c, int64_t wall_s, char *why, size_t cap)
{
    int64_t left = tls_identity_chain_ends(c->id) - wall_s;

    if (c->warned_s != 0 && wall_s < c->warned_s + DAY && wall_s >= c->warned_s)
        return;
    if (left <= 0)
        snprintf(why, cap, "the certificate %s has expired: put a new one there and send SIGHUP",
                 c->cert_file);
    else if (wall_s >= warn_from(c->id))
        snprintf(why, cap, "the certificate %s ends in %lld days", c->cert_file,
                 (long long)(left / DAY));
    else if (c->warned_s == 0 && tls_identity_lacks_chain(c->id))
        snprintf(why, cap,
                 "the certificate %s comes without the one that signed it: some phones will refuse "
                 "it, use the full chain",
                 c->cert_file);
    else
        return;
    c->warned_s = wall_s;
}

static bool reload_files(struct certs *c, int64_t wall_s, char *why, size_t cap)
{
    struct tls_identity *id = read_files(c, wall_s, why, cap);

    if (!id)
        return false;
    if (c->id && tls_identity_same(c->id, id)) {
        tls_identity_free(id);
        return false;
    }
    adopt(c, id);
    c->warned_s = 0;
    warn_of_files(c, wall_s, why, cap);
    return true;
}

/* ---- The local authority ---- */

static bool save_ca(struct certs *c, char *why, size_t cap)
{
    char *pem = local_ca_dump(c->ca);
    bool ok = pem && tls_file_write(c->dir, CA_FILE, pem, 0600, true, why, cap) &&
              tls_file_write(c->dir, CA_PUBLIC, local_ca_root_pem(c->ca), 0644, true, why, cap);

    if (!pem)
        snprintf(why, cap, "no memory for the certificate authority");
    tls_secret_free(pem);
    return ok;
}

/* Takes the place of the present authority only when it is safe on disk. */
static bool make_ca(struct certs *c, const struct tls_names *own, int64_t wall_s, char *why,
                    size_t cap)
{
    struct local_ca *old = c->ca;

    c->ca = local_ca_make(own, wall_s);
    if (!c->ca)
        snprintf(why, cap, "OpenSSL cannot make a certificate authority");
    if (c->ca && save_ca(c, why, cap)) {
        local_ca_free(old);
        return true;
    }
    local_ca_free(c->ca);
    c->ca = old;
    return false;
}

static bool read_ca(struct certs *c, const struct tls_names *own, int64_t wall_s, char *why,
                    size_t cap)
{
    bool missing;
    char *pem = tls_file_read(c->dir, CA_FILE, &missing, why, cap);

    if (!pem && missing) {
        why[0] = 0;
        return make_ca(c, own, wall_s, why, cap);
    }
    if (!pem)
        return false;
    c->ca = local_ca_parse(pem, strlen(pem));
    tls_secret_free(pem);
    if (!c->ca) {
        /* Never made anew by itself: everybody who trusts the old one would have to start over. */
        snprintf(why, cap,
                 "%s/tls/" CA_FILE " is damaged: put a copy back, or delete it to have a new "
                 "certificate authority made, which people then have to install again",
                 c->data_dir);
        return false;
    }
    if (wall_s < local_ca_not_after(c->ca) - CERTS_RENEW_DAYS * DAY)
        return true;
    return make_ca(c, own, wall_s, why, cap);
}

/* Sorts the names into those that the authority signs for (and localhost), and the others. */
static void sort_names(struct certs *c, const struct tls_names *asked, struct tls_names *can)
{
    can->len = 0;
    c->uncovered.len = 0;
    tls_names_add(can, "localhost");
    for (size_t i = 0; i < asked->len; i++) {
        const char *name = asked->name[i];
        bool fine = (c->id && tls_identity_has(c->id, name)) || local_ca_covers(c->ca, name);
        tls_names_add(fine ? can : &c->uncovered, name);
    }
}

static bool still_good(const struct certs *c, const struct tls_names *names, int64_t wall_s)
{
    if (!c->id || !local_ca_signed(c->ca, c->id) || wall_s < tls_identity_not_before(c->id) ||
        wall_s >= tls_identity_not_after(c->id) - CERTS_RENEW_DAYS * DAY)
        return false;
    for (size_t i = 0; i < names->len; i++)
        if (!tls_identity_has(c->id, names->name[i]))
            return false;
    return true;
}

/* Not durable: a certificate that a crash took is issued again. A failed save is only a warning. */
static void save_server(const struct certs *c, char *why, size_t cap)
{
    char *chain = tls_identity_chain_pem(c->id), *key = tls_identity_key_pem(c->id);
    char *both = NULL;

    if (chain && key) {
        size_t len = strlen(chain) + strlen(key) + 1;
        both = xmalloc(len);
        snprintf(both, len, "%s%s", key, chain);
        tls_file_write(c->dir, SERVER_FILE, both, 0600, false, why, cap);
        tls_secret_wipe(both);
        xfree(both);
    }
    tls_secret_free(chain);
    tls_secret_free(key);
}

/* What a stranger, a crash or an older version left there is not worth a sentence: issue anew. */
static void read_server(struct certs *c)
{
    char ignored[160];
    bool missing;
    char *pem = tls_file_read(c->dir, SERVER_FILE, &missing, ignored, sizeof ignored);
    struct tls_identity *id = NULL;

    if (pem)
        id = tls_identity_parse(pem, strlen(pem), pem, strlen(pem), ignored, sizeof ignored);
    tls_secret_free(pem);
    if (id && local_ca_signed(c->ca, id))
        adopt(c, id);
    else
        tls_identity_free(id);
}

/* True: there is a new pair. False with "": the present one is good. */
static bool renew(struct certs *c, int64_t wall_s, const struct tls_names *asked, char *why,
                  size_t cap)
{
    struct tls_names *can = xcalloc(1, sizeof *can);
    struct tls_identity *id = NULL;

    sort_names(c, asked, can);
    /* A board without a clock battery starts in 1970; those who connect know the time better. */
    wall_s = MAX_OF(wall_s, local_ca_made(c->ca));
    if (!still_good(c, can, wall_s)) {
        id = local_ca_issue(c->ca, can, wall_s);
        if (!id)
            snprintf(why, cap, "OpenSSL cannot issue a certificate");
    }
    xfree(can);
    if (!id)
        return false;
    adopt(c, id);
    save_server(c, why, cap);
    return true;
}

static bool open_local(struct certs *c, const struct tls_names *names, int64_t wall_s, char *why,
                       size_t cap)
{
    c->dir = tls_dir_open(c->data_dir, "tls", why, cap);
    if (c->dir < 0 || !read_ca(c, names, wall_s, why, cap))
        return false;
    read_server(c);
    renew(c, wall_s, names, why, cap);
    return c->id != NULL;
}

/* ---- Both ---- */

struct certs *certs_open(const struct certs_options *options, const struct tls_names *names,
                         int64_t wall_s, char *why, size_t why_cap)
{
    struct certs *c = xcalloc(1, sizeof *c);
    bool ok;

    why[0] = 0;
    c->dir = -1;
    if (options->cert_file) {
        c->cert_file = xstrdup(options->cert_file);
        c->key_file = options->key_file ? xstrdup(options->key_file) : NULL;
        ok = reload_files(c, wall_s, why, why_cap);
    } else {
        c->data_dir = xstrdup(options->data_dir);
        ok = open_local(c, names, wall_s, why, why_cap);
    }
    if (ok)
        return c;
    certs_free(c);
    return NULL;
}

void certs_free(struct certs *c)
{
    if (!c)
        return;
    tls_identity_free(c->id);
    local_ca_free(c->ca);
    if (c->dir >= 0)
        close(c->dir);
    xfree(c->cert_file);
    xfree(c->key_file);
    xfree(c->data_dir);
    xfree(c);
}

bool certs_tick(struct certs *c, int64_t wall_s, const struct tls_names *names, char *why,
                size_t why_cap)
{
    why[0] = 0;
    if (c->cert_file) {
        warn_of_files(c, wall_s, why, why_cap);
        return false;
    }
    if (wall_s >= local_ca_not_after(c->ca) - CERTS_RENEW_DAYS * DAY &&
        !make_ca(c, names, wall_s, why, why_cap))
        return false;
    return renew(c, wall_s, names, why, why_cap);
}

bool certs_reload(struct certs *c, int64_t wall_s, const struct tls_names *names, char *why,
                  size_t why_cap)
{
    why[0] = 0;
    if (c->cert_file)
        return reload_files(c, wall_s, why, why_cap);
    struct certs_options options = {.data_dir = c->data_dir};
    struct certs *again = certs_open(&options, names, wall_s, why, why_cap);
    if (!again)
        return false;
    bool changed = !tls_identity_same(c->id, again->id);
    struct certs swap = *c;
    *c = *again;
    *again = swap;
    certs_free(again);
    return changed;
}

char *certs_chain_pem(const struct certs *c)
{
    return tls_identity_chain_pem(c->id);
}

char *certs_key_pem(const struct certs *c)
{
    return tls_identity_key_pem(c->id);
}

bool certs_is_real(const struct certs *c)
{
    return c->cert_file && !tls_identity_self_signed(c->id);
}

int64_t certs_not_after(const struct certs *c)
{
    return tls_identity_chain_ends(c->id);
}

const char *certs_fingerprint(const struct certs *c)
{
    return c->fingerprint;
}

const char *certs_ca_pem(const struct certs *c)
{
    return c->ca ? local_ca_root_pem(c->ca) : NULL;
}

const char *certs_ca_fingerprint(const struct certs *c)
{
    return c->ca ? local_ca_fingerprint(c->ca) : NULL;
}

const struct tls_names *certs_names(const struct certs *c)
{
    return &c->names;
}

const struct tls_names *certs_uncovered(const struct certs *c)
{
    return &c->uncovered;
}
