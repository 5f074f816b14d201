#include "base/mem.h"
#include "base/util.h"
#include "edge/web/web_int.h"

/* ---- trusted proxies ------------------------------------------------------------------------ */

static bool in_list(const struct cidr *list, size_t n, const struct addr *a)
{
    for (size_t i = 0; i < n; i++)
        if (cidr_contains(&list[i], a))
            return true;
    return false;
}

static bool trusted(const struct web *w, const struct addr *a)
{
    return in_list(w->conf->trusted, w->conf->n_trusted, a);
}

/* One field of X-Forwarded-For from the right: each proxy appends whom it heard, so the first address
 * that isn't a proxy of ours is the client. True once it was found. */
static bool walk_forwarded(const struct web *w, struct str list, struct addr *client)
{
    while (list.n > 0) {
        size_t at = list.n;
        struct addr a;

        while (at > 0 && list.p[at - 1] != ',')
            at--;
        /* What cannot be read ends the chain: the last proxy is all that is known. */
        if (!addr_parse(&a, str_trim(str_skip(list, at))))
            return true;
        *client = a;
        if (!trusted(w, &a))
            return true;
        list.n = at > 0 ? at - 1 : 0;
    }
    return false;
}

void http_see_peer(struct web_conn *c, const struct http1_request *req)
{
    struct str proto;

    c->peer = c->s->peer;
    c->u.http->secure = c->s->tls;
    if (!trusted(c->web, &c->s->peer))
        return;
    for (uint32_t i = req->n_fields; i > 0; i--) {
        const struct http1_field *f = &req->fields[i - 1];

        if (str_eq_nocase(f->name, STR("x-forwarded-for")) &&
            walk_forwarded(c->web, f->value, &c->peer))
            break;
    }
    proto = http1_field(req, STR("x-forwarded-proto"));
    if (str_eq_nocase(proto, STR("https")))
        c->u.http->secure = true;
}

static bool came_by_proxy(const struct http1_request *req)
{
    static const struct str names[] = {
        STR_INIT("x-forwarded-for"),
        STR_INIT("x-forwarded-proto"),
        STR_INIT("x-forwarded-host"),
        STR_INIT("x-forwarded-port"),
        STR_INIT("x-real-ip"),
        STR_INIT("forwarded"),
        STR_INIT("via"),
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (http1_field_count(req, names[i]) > 0)
            return true;
    return false;
}

bool http_metrics_ok(const struct web_conn *c, const struct http1_request *req)
{
    const struct web_conf *conf = c->web->conf;

    if (came_by_proxy(req) && !trusted(c->web, &c->s->peer))
        return false;
    return addr_is_loopback(&c->peer) || in_list(conf->metrics, conf->n_metrics, &c->peer);
}

/* ---- origin --------------------------------------------------------------------------------- */

static bool same_host(const struct web_conn *c, const struct http1_request *req, struct str origin)
{
    struct str host;

    if (str_starts_nocase(origin, STR("https://")))
        host = str_skip(origin, 8);
    else if (str_starts_nocase(origin, STR("http://")) && !c->u.http->secure)
        host = str_skip(origin, 7);
    else
        return false;
    return host.n > 0 && str_eq_nocase(host, req->host);
}

bool http_origin_ok(const struct web_conn *c, const struct http1_request *req, struct str *allow)
{
    const struct web_conf *conf = c->web->conf;
    struct str origin = http1_field(req, STR("origin"));

    *allow = STR_NONE;
    /* Browsers always send it with WebSockets and POSTs, and with all that goes to another host. */
    if (origin.p == NULL)
        return true;
    if (http1_field_count(req, STR("origin")) != 1)
        return false;
    if (same_host(c, req, origin))
        return true;
    for (size_t i = 0; i < conf->n_origins; i++) {
        if (str_eq_nocase(conf->origins[i], origin)) {
            *allow = origin;
            return true;
        }
    }
    return false;
}

/* ---- requests per address ------------------------------------------------------------------- */

enum { RATES_MAX = 8192 };

struct rate {
    struct hnode node;
    struct addr addr;
    int64_t full_at; /* when the bucket will be full again: GCRA, one number for each address */
};

static void forget_rested(struct web *w, int64_t now_us)
{
    HMAP_FOREACH_SAFE(it, &w->rates) {
        struct rate *r = container_of(it, struct rate, node);

        if (r->full_at <= now_us) {
            hmap_remove(&w->rates, it);
            xfree(r);
        }
    }
}

static struct rate *rate_of(struct web *w, const struct addr *peer, int64_t now_us)
{
    struct addr key = addr_limit_key(peer);
    uint64_t hash = addr_hash(&w->conf->hash, &key);
    struct rate *r;

    for (struct hnode *it = hmap_first(&w->rates, hash); it; it = hmap_next_same(it)) {
        r = container_of(it, struct rate, node);
        if (addr_eq(&r->addr, &key))
            return r;
    }
    if (w->rates.n >= RATES_MAX)
        forget_rested(w, now_us);
    if (w->rates.n >= RATES_MAX)
        return NULL;
    r = xcalloc(1, sizeof *r);
    r->addr = key;
    hmap_insert(&w->rates, &r->node, hash);
    return r;
}

bool http_rate_ok(struct web *w, const struct addr *peer, int64_t now_us)
{
    const struct web_conf *conf = w->conf;
    struct rate *r = rate_of(w, peer, now_us);
    int64_t each = conf->rate_every_us;
    int64_t full_at;

    /* More addresses than there is room for: that many are no single one's fault. */
    if (r == NULL)
        return true;
    full_at = MAX_OF(r->full_at, now_us) + each;
    if (full_at - now_us > each * (int64_t)conf->rate_burst)
        return false;
    r->full_at = full_at;
    return true;
}

void http_rate_free(struct web *w)
{
    HMAP_FOREACH_SAFE(it, &w->rates) {
        hmap_remove(&w->rates, it);
        xfree(container_of(it, struct rate, node));
    }
}
