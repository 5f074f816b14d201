#include "app/relay_mail.h"

#include <string.h>

#include "base/count.h"
#include "base/log.h"
#include "base/mem.h"

struct line { /* what waits for one worker */
    struct letter *first, **last;
    unsigned n;
};

struct relay_mail {
    relay_post_fn *post;
    void *ctx;
    struct media_own own; /* told last */
    struct counts *counts;
    unsigned workers, waiting;
    struct line lines[];
};

struct relay_mail *relay_mail_new(unsigned workers, relay_post_fn *post, void *ctx,
                                  struct counts *counts)
{
    struct relay_mail *m = xcalloc(1, sizeof *m + workers * sizeof m->lines[0]);
    m->post = post;
    m->ctx = ctx;
    m->counts = counts;
    m->workers = workers;
    for (unsigned i = 0; i < workers; i++)
        m->lines[i].last = &m->lines[i].first;
    return m;
}

static struct letter *line_shift(struct relay_mail *m, struct line *l)
{
    struct letter *first = l->first;
    if (first) {
        l->first = first->next;
        l->n--;
        m->waiting--;
        if (!l->first)
            l->last = &l->first;
    }
    return first;
}

static void line_unshift(struct relay_mail *m, struct line *l, struct letter *letter)
{
    if (!l->first)
        l->last = &letter->next;
    letter->next = l->first;
    l->first = letter;
    l->n++;
    m->waiting++;
}

static void line_push(struct relay_mail *m, struct line *l, struct letter *letter)
{
    letter->next = NULL;
    *l->last = letter;
    l->last = &letter->next;
    l->n++;
    m->waiting++;
}

void relay_mail_free(struct relay_mail *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < m->workers; i++) {
        struct letter *l;
        while ((l = line_shift(m, &m->lines[i])) != NULL)
            letter_drop(l);
    }
    xfree(m);
}

static bool line_again(struct relay_mail *m, unsigned worker)
{
    struct line *l = &m->lines[worker];
    struct letter *letter;
    while ((letter = line_shift(m, l)) != NULL) {
        if (!m->post(m->ctx, worker, letter)) {
            line_unshift(m, l, letter);
            return false;
        }
    }
    return true;
}

bool relay_mail_again(struct relay_mail *m)
{
    for (unsigned i = 0; m->waiting > 0 && i < m->workers; i++)
        line_again(m, i);
    return m->waiting > 0;
}

static bool closes(uint32_t kind)
{
    return kind == MEDIA_PARTY_DROP || kind == MEDIA_SCOPE_CLOSE || kind == MEDIA_OWN_ADDRS ||
           kind == MEDIA_SFU_AT || kind == MEDIA_SFU_CLOSE || kind == MEDIA_SFU_LEAVE ||
           kind == MEDIA_SFU_RECORD; /* also its end */
}

bool relay_mail_give(struct relay_mail *m, unsigned worker, struct letter *letter)
{
    struct line *l = &m->lines[worker];
    if (line_again(m, worker) && m->post(m->ctx, worker, letter))
        return true;
    if (l->n < RELAY_MAIL_WAITING || closes(letter->kind)) {
        line_push(m, l, letter);
        return true;
    }
    count_inc(m->counts, COUNT_DROP_MAILBOX_FULL);
    log_limited(LOG_LEVEL_WARN, "relay", NULL, "worker %u does not read its letters", worker);
    letter_drop(letter);
    return false;
}

static void letter_free(struct letter *l)
{
    xfree(l); /* each of these letters begins with it */
}

/* A copy for each worker. The first n bytes of the letter count. */
static void give_all(struct relay_mail *m, const struct letter *letter, size_t n)
{
    for (unsigned i = 0; i < m->workers; i++) {
        struct letter *copy = xmalloc(n);
        memcpy(copy, letter, n);
        copy->drop = letter_free;
        relay_mail_give(m, i, copy);
    }
}

void relay_mail_scope(struct relay_mail *m, const struct relay_scope *what)
{
    static const uint32_t kinds[RELAY_KINDS] = {
        [RELAY_OPEN] = MEDIA_SCOPE_OPEN,
        [RELAY_PARTY] = MEDIA_SCOPE_PARTY,
        [RELAY_DROP] = MEDIA_PARTY_DROP,
        [RELAY_CLOSE] = MEDIA_SCOPE_CLOSE,
    };
    struct media_scope s = {
        .letter.kind = kinds[what->kind],
        .scope = what->scope,
        .party = what->party,
        .pwd_len = (uint32_t)MIN_OF(what->pwd.n, sizeof s.pwd),
        .naddrs = MIN_OF(what->n_addrs, (uint32_t)MEDIA_SCOPE_ADDRS),
    };
    memcpy(s.pwd, what->pwd.n ? what->pwd.p : "", s.pwd_len);
    if (s.naddrs)
        memcpy(s.addrs, what->addrs, s.naddrs * sizeof *s.addrs);
    give_all(m, &s.letter, media_scope_size(&s));
}

/* ---- the machine's own addresses ---- */

static struct cidr network_of(const struct netif_addr *a)
{
    struct cidr c = {.family = a->ip.family, .bits = a->bits};
    for (unsigned i = 0; i < a->bits / 8u; i++)
        c.ip[i] = a->ip.ip[i];
    if (a->bits % 8)
        c.ip[a->bits / 8] = a->ip.ip[a->bits / 8] & (uint8_t)(0xFF00 >> a->bits % 8);
    return c;
}

static void add_own(struct media_own *out, const struct addr *ip)
{
    struct addr a = *ip;
    a.port = 0;
    for (uint32_t i = 0; i < out->nown; i++)
        if (addr_eq(&out->own[i], &a))
            return;
    if (out->nown < MEDIA_OWN_MAX)
        out->own[out->nown++] = a;
    else
        log_limited(LOG_LEVEL_WARN, "relay", NULL,
                    "more than %d addresses: the rest of them is not kept from relays",
                    MEDIA_OWN_MAX);
}

static void add_lan(struct media_own *out, const struct netif_addr *a, bool vpn)
{
    enum addr_class class = addr_classify(&a->ip);
    struct cidr c = network_of(a);
    if ((a->kind != NETIF_LAN && !(vpn && a->kind == NETIF_OVERLAY)) ||
        (class != ADDR_PRIVATE && class != ADDR_ULA))
        return;
    for (uint32_t i = 0; i < out->nlan; i++)
        if (memcmp(&out->lan[i], &c, sizeof c) == 0)
            return;
    if (out->nlan < MEDIA_OWN_MAX)
        out->lan[out->nlan++] = c;
}

/* A server on the internet may stand in a private network of its hoster: nobody's guests are there. */
static bool lan_counts(const struct netif_list *list, const struct relay_own_conf *conf)
{
    if (conf->lan != CONFIG_LAN_AUTO)
        return conf->lan == CONFIG_LAN_ON;
    bool is_public = conf->n_public > 0;
    for (size_t i = 0; i < list->len; i++)
        is_public |= list->addr[i].kind == NETIF_PUBLIC;
    return !is_public;
}

void relay_own_fill(struct media_own *out, const struct netif_list *list,
                    const struct relay_own_conf *conf)
{
    *out = (struct media_own){.letter.kind = MEDIA_OWN_ADDRS};
    for (unsigned i = 0; i < conf->n_public; i++)
        add_own(out, &conf->public_ip[i]);
    for (size_t i = 0; i < list->len; i++)
        if (list->addr[i].kind != NETIF_LINK)
            add_own(out, &list->addr[i].ip);
    for (size_t i = 0; i < list->len && lan_counts(list, conf); i++)
        add_lan(out, &list->addr[i], conf->lan == CONFIG_LAN_ON);
}

static bool same(const struct media_own *a, const struct media_own *b)
{
    return a->nown == b->nown && a->nlan == b->nlan && memcmp(a->own, b->own, sizeof a->own) == 0 &&
           memcmp(a->lan, b->lan, sizeof a->lan) == 0;
}

void relay_mail_own(struct relay_mail *m, const struct netif_list *list,
                    const struct relay_own_conf *conf)
{
    struct media_own own;
    relay_own_fill(&own, list, conf);
    if (same(&own, &m->own))
        return;
    m->own = own;
    give_all(m, &own.letter, sizeof own);
}
