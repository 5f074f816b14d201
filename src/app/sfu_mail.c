#include "app/sfu_mail.h"

#include <string.h>

#include "app/relay_mail.h"
#include "base/hmap.h"
#include "base/mem.h"
#include "io/listen.h"

enum {
    NEW_ROOM = 6, /* lines of a room whose people have not come yet: three who see two others */
    WAYS_MAX = MEDIA_SFU_AT_MAX / 2
};

struct room {
    struct hnode node; /* sfu_mail.rooms, by id */
    uint64_t id;
    unsigned worker;
};

struct sfu_mail {
    struct sfu_mail_conf conf;
    struct hmap rooms;
    struct media_sfu_at at; /* told last */
    unsigned placed[LISTEN_WORKERS_MAX];
};

/* ---- Where it is reached ---- */

static bool is_any(const struct addr *a)
{
    static const uint8_t any[16];
    return memcmp(a->ip, any, sizeof any) == 0;
}

static bool is_same(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static void add_way(struct addr ips[WAYS_MAX], unsigned *n, const struct addr *ip)
{
    for (unsigned i = 0; i < *n; i++)
        if (is_same(&ips[i], ip))
            return;
    if (*n < WAYS_MAX)
        ips[(*n)++] = *ip;
}

/* Does one of the sockets listen there? by_name: at this address alone. */
static bool listens(const struct listen_set *set, const struct addr *ip, bool *by_name)
{
    bool any = false;
    *by_name = false;
    for (unsigned i = 0; i < set->nudp; i++) {
        any |= set->udp_at[i].family == ip->family && is_any(&set->udp_at[i]);
        *by_name |= is_same(&set->udp_at[i], ip);
    }
    return any || *by_name;
}

/* Not for containers beside us, nor for whoever would need the name of an interface. */
static bool is_for_people(enum netif_kind k)
{
    return k != NETIF_INNER && k != NETIF_LINK && k != NETIF_LOOPBACK;
}

static unsigned ways_of(struct addr ips[WAYS_MAX], const struct netif_list *list,
                        const struct sfu_ways *ways)
{
    unsigned n = 0;
    bool by_name;
    for (unsigned i = 0; i < ways->n_public; i++)
        add_way(ips, &n, &ways->public_ip[i]);
    for (size_t i = 0; i < list->len; i++) {
        const struct netif_addr *a = &list->addr[i];
        if (listens(ways->listen, &a->ip, &by_name) && (by_name || is_for_people(a->kind)))
            add_way(ips, &n, &a->ip);
    }
    for (size_t i = 0; i < list->len && n == 0; i++)
        if (list->addr[i].kind == NETIF_LOOPBACK &&
            listens(ways->listen, &list->addr[i].ip, &by_name))
            add_way(ips, &n, &list->addr[i].ip);
    return n;
}

static void add_candidate(struct media_sfu_at *out, const struct addr *ip, uint16_t port, bool tcp)
{
    out->tcp |= (uint32_t)tcp << out->n;
    out->at[out->n] = *ip;
    out->at[out->n].scope = 0;
    out->at[out->n++].port = port;
}

void sfu_at_fill(struct media_sfu_at *out, const struct netif_list *list,
                 const struct sfu_ways *ways)
{
    struct addr ips[WAYS_MAX];
    unsigned n = ways->listen->nudp > 0 ? ways_of(ips, list, ways) : 0;
    *out = (struct media_sfu_at){.letter.kind = MEDIA_SFU_AT};
    for (unsigned i = 0; i < n; i++)
        add_candidate(out, &ips[i], ways->listen->udp_at[0].port, false);
    for (unsigned i = 0; i < n && ways->listen->ntcp > 0; i++)
        add_candidate(out, &ips[i], ways->listen->tcp_at[0].port, true);
}

/* ---- Letters ---- */

static void drop_at(struct letter *l)
{
    xfree(container_of(l, struct media_sfu_at, letter));
}

void sfu_mail_at(struct sfu_mail *m, const struct netif_list *list, const struct sfu_ways *ways)
{
    struct media_sfu_at now;
    sfu_at_fill(&now, list, ways);
    if (now.n == m->at.n && now.tcp == m->at.tcp && memcmp(now.at, m->at.at, sizeof now.at) == 0)
        return;
    m->at = now;
    for (unsigned i = 0; i < m->conf.workers; i++) {
        struct media_sfu_at *copy = xmalloc(sizeof *copy);
        *copy = now;
        copy->letter.drop = drop_at;
        relay_mail_give(m->conf.post, i, &copy->letter);
    }
}

static uint64_t load_of(const struct sfu_mail *m, unsigned worker)
{
    return m->conf.load(m->conf.ctx, worker) + (uint64_t)NEW_ROOM * m->placed[worker];
}

static unsigned least_loaded(const struct sfu_mail *m)
{
    unsigned best = 0;
    for (unsigned i = 1; i < m->conf.workers; i++)
        if (load_of(m, i) < load_of(m, best))
            best = i;
    return best;
}

static struct room *find(const struct sfu_mail *m, uint64_t id)
{
    struct hnode *n = hmap_first(&m->rooms, hash_u64(&m->conf.hash, id));
    while (n != NULL && container_of(n, struct room, node)->id != id)
        n = hmap_next_same(n);
    return n != NULL ? container_of(n, struct room, node) : NULL;
}

static struct room *place(struct sfu_mail *m, uint64_t id)
{
    struct room *r = xcalloc(1, sizeof *r);
    r->id = id;
    r->worker = least_loaded(m);
    m->placed[r->worker]++;
    hmap_insert(&m->rooms, &r->node, hash_u64(&m->conf.hash, id));
    return r;
}

static void forget(struct sfu_mail *m, struct room *r)
{
    m->placed[r->worker]--;
    hmap_remove(&m->rooms, &r->node);
    xfree(r);
}

bool sfu_mail_give(struct sfu_mail *m, struct media_sfu *letter)
{
    struct room *r = find(m, letter->room);
    uint32_t kind = letter->letter.kind;
    if (r == NULL && kind == MEDIA_SFU_OPEN && m->conf.workers > 0)
        r = place(m, letter->room);
    if (r == NULL) {
        letter_drop(&letter->letter);
        return false;
    }
    bool given = relay_mail_give(m->conf.post, r->worker, &letter->letter);
    if (kind == MEDIA_SFU_CLOSE || (kind == MEDIA_SFU_OPEN && !given))
        forget(m, r);
    return given;
}

/* ---- Life ---- */

struct sfu_mail *sfu_mail_new(const struct sfu_mail_conf *conf)
{
    struct sfu_mail *m = xcalloc(1, sizeof *m);
    m->conf = *conf;
    m->conf.workers = MIN_OF(conf->workers, (unsigned)LISTEN_WORKERS_MAX);
    return m;
}

void sfu_mail_free(struct sfu_mail *m)
{
    if (m == NULL)
        return;
    HMAP_FOREACH_SAFE(it, &m->rooms)
        forget(m, container_of(it, struct room, node));
    hmap_free(&m->rooms);
    xfree(m);
}

unsigned sfu_mail_rooms(const struct sfu_mail *m)
{
    return (unsigned)m->rooms.n;
}
