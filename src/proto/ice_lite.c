#include "proto/ice_lite.h"

#include <string.h>

#include "base/util.h"

static const char *const names[ICE_VERDICTS] = {"answered",    "role_conflict", "unknown_attribute",
                                                "bad_request", "unauthorized",  "silent"};

const char *ice_verdict_name(enum ice_verdict v)
{
    return (unsigned)v < ICE_VERDICTS ? names[v] : "unknown";
}

/* ---- Credentials ---- */

static bool keep(char *to, size_t max, struct str s)
{
    if (s.n == 0 || s.n > max)
        return false;
    memcpy(to, s.p, s.n);
    to[s.n] = '\0';
    return true;
}

static bool set_credentials(struct ice_credentials *c, struct str ufrag, struct str pwd,
                            struct str remote_ufrag)
{
    struct ice_credentials fresh;
    memset(&fresh, 0, sizeof fresh);
    bool ok = keep(fresh.ufrag, ICE_LOCAL_UFRAG, ufrag) && keep(fresh.pwd, ICE_LOCAL_PWD, pwd) &&
              keep(fresh.remote_ufrag, ICE_UFRAG_MAX, remote_ufrag);
    if (ok)
        *c = fresh;
    return ok;
}

bool ice_lite_init(struct ice_lite *a, int64_t now_us, struct str ufrag, struct str pwd,
                   struct str remote_ufrag)
{
    memset(a, 0, sizeof *a);
    a->selected = -1;
    a->consent_us = now_us;
    return set_credentials(&a->now, ufrag, pwd, remote_ufrag);
}

bool ice_lite_restart(struct ice_lite *a, struct str ufrag, struct str pwd, struct str remote_ufrag)
{
    struct ice_credentials old = a->now;
    if (!set_credentials(&a->now, ufrag, pwd, remote_ufrag))
        return false;
    a->before = old;
    return true;
}

bool ice_lite_name(const struct stun_msg *m, struct str *ufrag)
{
    const struct stun_attr *at = stun_find(m, STUN_USERNAME);
    struct str rest;
    return at != NULL &&
           str_split_once(str_of((const char *)stun_value(m, at), at->len), ':', ufrag, &rest);
}

/* RFC 8445 7.2.2: "ours:theirs". */
static bool is_for(const struct ice_credentials *c, struct str username)
{
    struct str ours, theirs;
    return c->ufrag[0] != '\0' && str_split_once(username, ':', &ours, &theirs) &&
           str_eq(ours, str_of(c->ufrag, strlen(c->ufrag))) &&
           str_eq(theirs, str_of(c->remote_ufrag, strlen(c->remote_ufrag)));
}

static const struct ice_credentials *credentials_of(const struct ice_lite *a,
                                                    const struct stun_msg *m)
{
    const struct stun_attr *at = stun_find(m, STUN_USERNAME);
    struct str username = str_of((const char *)stun_value(m, at), at->len);
    if (is_for(&a->now, username))
        return &a->now;
    return is_for(&a->before, username) ? &a->before : NULL;
}

/* ---- Paths ---- */

static int find(const struct ice_lite *a, const struct tuple *t)
{
    for (uint32_t i = 0; i < a->n; i++) {
        if (memcmp(&a->paths[i].at, t, sizeof *t) == 0)
            return (int)i;
    }
    return -1;
}

bool ice_lite_knows(const struct ice_lite *a, const struct tuple *t)
{
    return find(a, t) >= 0;
}

static void select_path(struct ice_lite *a, int i)
{
    a->selected = i;
    for (uint32_t k = 0; k < a->n; k++)
        a->paths[k].checks = 0;
}

static int last_heard(const struct ice_lite *a)
{
    int best = -1;
    for (uint32_t i = 0; i < a->n; i++) {
        if (best < 0 || a->paths[i].heard_us > a->paths[best].heard_us)
            best = (int)i;
    }
    return best;
}

static void forget(struct ice_lite *a, int i)
{
    bool lost = a->selected == i;
    a->changes++;
    a->paths[i] = a->paths[--a->n];
    if (a->selected == (int)a->n)
        a->selected = i;
    if (lost)
        select_path(a, last_heard(a));
}

/* The one that may go when another one comes: heard longest ago, but not where is being sent. */
static int idlest(const struct ice_lite *a)
{
    int worst = -1;
    for (uint32_t i = 0; i < a->n; i++) {
        if ((int)i != a->selected && (worst < 0 || a->paths[i].heard_us < a->paths[worst].heard_us))
            worst = (int)i;
    }
    return worst;
}

static int add(struct ice_lite *a, const struct tuple *t)
{
    if (a->n == ICE_PATHS_MAX)
        forget(a, idlest(a));
    a->changes++;
    a->paths[a->n] = (struct ice_path){.at = *t};
    return (int)a->n++;
}

/* Something authentic came by path i. Firefox nominates each pair that works, once: where it sends in the
 * end shows only there. Where neither side has media, checks alternate, and one of them proves nothing. */
static void hear(struct ice_lite *a, int64_t now_us, int i, bool is_check)
{
    struct ice_path *p = &a->paths[i];
    p->heard_us = now_us;
    if (i == a->selected) {
        select_path(a, i);
        return;
    }
    bool silent = a->selected >= 0 && now_us - a->paths[a->selected].heard_us >= ICE_SILENT_US;
    p->checks += is_check && silent;
    if (a->selected < 0 || (silent && (!is_check || p->checks > 1)))
        select_path(a, i);
}

void ice_lite_heard(struct ice_lite *a, int64_t now_us, const struct tuple *from)
{
    if (a->selected >= 0 && memcmp(&a->paths[a->selected].at, from, sizeof *from) == 0) {
        a->paths[a->selected].heard_us = now_us;
        return;
    }
    int i = find(a, from);
    if (i >= 0)
        hear(a, now_us, i, false);
}

void ice_lite_hangup(struct ice_lite *a, const struct tuple *who)
{
    int i = find(a, who);
    if (i >= 0)
        forget(a, i);
}

/* ---- Checks ---- */

static bool known(unsigned type)
{
    return stun_is_credential(type) || type == STUN_PRIORITY || type == STUN_USE_CANDIDATE;
}

static enum ice_verdict judge(const struct ice_lite *a, const struct stun_msg *m,
                              const struct ice_credentials **by, uint16_t unknown[STUN_UNKNOWN_MAX],
                              unsigned *n_unknown)
{
    if (m->cls != STUN_REQUEST || m->method != STUN_BINDING)
        return ICE_SILENT;
    if (stun_find(m, STUN_USERNAME) == NULL || m->integrity_at == 0)
        return ICE_BAD_REQUEST;
    *by = credentials_of(a, m);
    if (*by == NULL || !stun_check_sha1(m, (*by)->pwd, strlen((*by)->pwd))) {
        *by = NULL;
        return ICE_UNAUTHORIZED;
    }
    *n_unknown = stun_unknown(m, known, unknown);
    if (*n_unknown > 0)
        return ICE_UNKNOWN_ATTRIBUTE;
    return stun_find(m, STUN_ICE_CONTROLLED) != NULL ? ICE_ROLE_CONFLICT : ICE_ANSWERED;
}

static void take_check(struct ice_lite *a, int64_t now_us, const struct tuple *from, bool use,
                       bool fresh)
{
    int i = find(a, from);
    if (i < 0)
        i = add(a, from);
    a->consent_us = now_us;
    a->paths[i].check_us = now_us;
    if (fresh)
        a->before.ufrag[0] = '\0';
    hear(a, now_us, i, true);
    if (use)
        select_path(a, i);
}

enum ice_verdict ice_lite_input(struct ice_lite *a, int64_t now_us, const struct tuple *from,
                                const struct stun_msg *m, uint8_t *out, size_t *out_len)
{
    static const uint16_t codes[ICE_VERDICTS] = {[ICE_ROLE_CONFLICT] = 487,
                                                 [ICE_UNKNOWN_ATTRIBUTE] = 420,
                                                 [ICE_BAD_REQUEST] = 400,
                                                 [ICE_UNAUTHORIZED] = 401};
    const struct ice_credentials *by = NULL;
    uint16_t unknown[STUN_UNKNOWN_MAX];
    unsigned n_unknown = 0;
    struct stun_builder b;
    enum ice_verdict v = judge(a, m, &by, unknown, &n_unknown);
    *out_len = 0;
    if (v == ICE_SILENT)
        return v;
    stun_begin(&b, out, STUN_MESSAGE_MAX, v == ICE_ANSWERED ? STUN_SUCCESS : STUN_ERROR,
               STUN_BINDING, m->txid);
    if (v == ICE_ANSWERED)
        stun_put_xaddr(&b, STUN_XOR_MAPPED_ADDRESS, &from->peer);
    else
        stun_put_error(&b, codes[v], "");
    if (n_unknown > 0)
        stun_put_unknown(&b, unknown, n_unknown);
    if (by != NULL)
        stun_put_integrity(&b, by->pwd, strlen(by->pwd));
    stun_put_fingerprint(&b);
    *out_len = stun_end(&b);
    if (v == ICE_ANSWERED)
        take_check(a, now_us, from, stun_find(m, STUN_USE_CANDIDATE) != NULL, by == &a->now);
    return v;
}

/* ---- Time ---- */

bool ice_lite_tick(struct ice_lite *a, int64_t now_us)
{
    for (int i = (int)a->n - 1; i >= 0; i--) {
        if (now_us - a->paths[i].check_us >= ICE_CONSENT_US)
            forget(a, i);
    }
    return now_us - a->consent_us < ICE_CONSENT_US;
}

int64_t ice_lite_deadline(const struct ice_lite *a)
{
    int64_t first = a->consent_us;
    for (uint32_t i = 0; i < a->n; i++)
        first = MIN_OF(first, a->paths[i].check_us);
    return first + ICE_CONSENT_US;
}
