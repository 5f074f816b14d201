#include "proto/turn_scope.h"

#include <string.h>

#include "base/crypto.h"
#include "base/hmap.h"
#include "base/list.h"
#include "base/mem.h"
#include "proto/stun.h"

struct pwd {
    uint32_t n;
    char text[];
};

/* One other participant, as this one sees it. What was signalled last stands last. */
struct party {
    struct list in_scope;
    uint64_t id;
    unsigned naddrs, cap, npwds;
    struct addr *addrs;
    struct pwd *pwds[TURN_PARTY_PWDS];
};

struct scope {
    struct hnode node;
    uint64_t id;
    unsigned nparties;
    struct list parties; /* whose signalling came last, last */
};

struct turn_scopes {
    struct hash_key key;
    unsigned max;
    struct hmap map;
};

struct turn_scopes *turn_scopes_new(const struct hash_key *key, unsigned max_scopes)
{
    struct turn_scopes *t = xcalloc(1, sizeof *t);
    t->key = *key;
    t->max = max_scopes;
    return t;
}

static void pwd_free(struct pwd *p)
{
    memzero(p->text, p->n);
    xfree(p);
}

static void party_free(struct scope *s, struct party *p)
{
    list_del(&p->in_scope);
    s->nparties--;
    for (unsigned i = 0; i < p->npwds; i++)
        pwd_free(p->pwds[i]);
    xfree(p->addrs);
    xfree(p);
}

static void scope_free(struct turn_scopes *t, struct scope *s)
{
    LIST_FOREACH_SAFE(it, &s->parties)
        party_free(s, container_of(it, struct party, in_scope));
    hmap_remove(&t->map, &s->node);
    xfree(s);
}

void turn_scopes_free(struct turn_scopes *t)
{
    if (t == NULL)
        return;
    HMAP_FOREACH_SAFE(it, &t->map)
        scope_free(t, container_of(it, struct scope, node));
    hmap_free(&t->map);
    xfree(t);
}

/* ---- Scopes ---- */

static struct scope *find(const struct turn_scopes *t, uint64_t id)
{
    struct hnode *it = hmap_first(&t->map, hash_u64(&t->key, id));
    for (; it != NULL; it = hmap_next_same(it)) {
        struct scope *s = container_of(it, struct scope, node);
        if (s->id == id)
            return s;
    }
    return NULL;
}

bool turn_scopes_open(struct turn_scopes *t, uint64_t scope)
{
    if (scope == 0)
        return false;
    if (find(t, scope) != NULL)
        return true;
    struct scope *s = t->map.n < t->max ? mem_try_alloc(sizeof *s) : NULL;
    if (s == NULL)
        return false;
    *s = (struct scope){.id = scope};
    list_init(&s->parties);
    hmap_insert(&t->map, &s->node, hash_u64(&t->key, scope));
    return true;
}

void turn_scopes_close(struct turn_scopes *t, uint64_t scope)
{
    struct scope *s = find(t, scope);
    if (s != NULL)
        scope_free(t, s);
}

bool turn_scopes_is_open(const struct turn_scopes *t, uint64_t scope)
{
    return find(t, scope) != NULL;
}

unsigned turn_scopes_count(const struct turn_scopes *t)
{
    return (unsigned)t->map.n;
}

/* ---- Parties ---- */

static struct party *find_party(const struct scope *s, uint64_t id)
{
    LIST_FOREACH(it, &s->parties) {
        struct party *p = container_of(it, struct party, in_scope);
        if (p->id == id)
            return p;
    }
    return NULL;
}

/* Known or new, now the last one. NULL: no memory. */
static struct party *touch_party(struct scope *s, uint64_t id)
{
    struct party *p = find_party(s, id);
    if (p != NULL) {
        list_del(&p->in_scope);
        list_push_back(&s->parties, &p->in_scope);
        return p;
    }
    p = mem_try_alloc(sizeof *p);
    if (p == NULL)
        return NULL;
    if (s->nparties == TURN_SCOPE_PARTIES)
        party_free(s, container_of(list_first(&s->parties), struct party, in_scope));
    *p = (struct party){.id = id};
    list_push_back(&s->parties, &p->in_scope);
    s->nparties++;
    return p;
}

/* An address as it is compared: no port, no scope, no mapped form (a socket's way of writing). */
static struct addr bare(const struct addr *a)
{
    struct addr out = *a;
    addr_unmap(&out);
    out.port = 0;
    out.scope = 0;
    return out;
}

static unsigned find_addr(const struct party *p, const struct addr *a)
{
    unsigned i = 0;
    while (i < p->naddrs && !addr_eq(&p->addrs[i], a))
        i++;
    return i;
}

static bool more_addrs(struct party *p)
{
    if (p->naddrs < p->cap)
        return true;
    unsigned cap = p->cap == 0 ? 4 : 2 * p->cap;
    struct addr *mem = cap <= TURN_PARTY_ADDRS ? mem_try_realloc(p->addrs, cap * sizeof *p->addrs)
                                               : NULL;
    if (mem == NULL)
        return false;
    p->addrs = mem;
    p->cap = cap;
    return true;
}

static void add_addr(struct party *p, const struct addr *signalled)
{
    struct addr a = bare(signalled);
    if (a.family == 0 || addr_classify(&a) == ADDR_UNSPECIFIED)
        return;
    unsigned i = find_addr(p, &a);
    if (i == p->naddrs && more_addrs(p)) {
        p->addrs[p->naddrs++] = a;
        return;
    }
    if (p->naddrs == 0)
        return;
    /* It is known, or the oldest makes room: what stands behind moves up. */
    if (i == p->naddrs)
        i = 0;
    memmove(p->addrs + i, p->addrs + i + 1, (p->naddrs - i - 1) * sizeof a);
    p->addrs[p->naddrs - 1] = a;
}

static struct pwd *take_pwd(struct party *p, unsigned i)
{
    struct pwd *out = p->pwds[i];
    p->npwds--;
    memmove(p->pwds + i, p->pwds + i + 1, (p->npwds - i) * sizeof *p->pwds);
    return out;
}

static struct pwd *make_pwd(struct str text)
{
    struct pwd *p = mem_try_alloc(sizeof *p + text.n);
    if (p != NULL) {
        p->n = (uint32_t)text.n;
        memcpy(p->text, text.p, text.n);
    }
    return p;
}

static void add_pwd(struct party *p, struct str text)
{
    unsigned i = 0;
    while (i < p->npwds && !str_eq(str_of(p->pwds[i]->text, p->pwds[i]->n), text))
        i++;
    struct pwd *last = i < p->npwds ? take_pwd(p, i) : make_pwd(text);
    if (last == NULL)
        return;
    if (p->npwds == TURN_PARTY_PWDS)
        pwd_free(take_pwd(p, 0));
    p->pwds[p->npwds++] = last;
}

void turn_scopes_party(struct turn_scopes *t, uint64_t scope, uint64_t party, struct str pwd,
                       const struct addr *addrs, unsigned n)
{
    struct scope *s = find(t, scope);
    struct party *p = s != NULL && party != 0 ? touch_party(s, party) : NULL;
    if (p == NULL)
        return;
    for (unsigned i = 0; i < n; i++)
        add_addr(p, &addrs[i]);
    if (pwd.n > 0 && pwd.n <= TURN_PWD_MAX)
        add_pwd(p, pwd);
}

void turn_scopes_drop_party(struct turn_scopes *t, uint64_t scope, uint64_t party)
{
    struct scope *s = find(t, scope);
    struct party *p = s != NULL ? find_party(s, party) : NULL;
    if (p != NULL)
        party_free(s, p);
}

/* ---- Asking ---- */

bool turn_scopes_has_addr(const struct turn_scopes *t, uint64_t scope, const struct addr *peer)
{
    const struct scope *s = find(t, scope);
    struct addr a = bare(peer);
    if (s == NULL)
        return false;
    LIST_FOREACH(it, &s->parties) {
        const struct party *p = container_of(it, struct party, in_scope);
        if (find_addr(p, &a) < p->naddrs)
            return true;
    }
    return false;
}

bool turn_scopes_has_party(const struct turn_scopes *t, uint64_t scope, uint64_t party)
{
    const struct scope *s = find(t, scope);
    return s != NULL && find_party(s, party) != NULL;
}

/* The pwd that was signalled `age` before the newest one. */
static bool verifies(const struct stun_msg *m, const struct party *p, unsigned age)
{
    const struct pwd *pwd = p->pwds[p->npwds - 1 - age];
    return m->integrity_at != 0 ? stun_check_sha1(m, pwd->text, pwd->n)
                                : stun_check_sha256(m, pwd->text, pwd->n);
}

/* Everybody's newest pwd, then everybody's last but one: people behind one NAT share an address. */
static bool anybody_verifies(const struct scope *s, const struct stun_msg *m, const struct addr *a,
                             uint64_t party)
{
    unsigned tries = 0;
    for (unsigned age = 0; age < TURN_PARTY_PWDS; age++) {
        for (struct list *it = s->parties.prev; it != &s->parties; it = it->prev) {
            const struct party *p = container_of(it, struct party, in_scope);
            bool asked = party != 0 ? p->id == party : find_addr(p, a) < p->naddrs;
            if (!asked || age >= p->npwds)
                continue;
            if (verifies(m, p, age))
                return true;
            if (++tries == TURN_CONSENT_TRIES)
                return false;
        }
    }
    return false;
}

bool turn_scopes_consents(const struct turn_scopes *t, uint64_t scope, const struct addr *peer,
                          uint64_t party, const uint8_t *p, size_t n)
{
    const struct scope *s = find(t, scope);
    struct addr a = bare(peer);
    struct stun_msg m;
    return s != NULL && stun_parse(&m, p, n) == STUN_OK && m.method == STUN_BINDING &&
           m.cls == STUN_SUCCESS && (m.integrity_at != 0 || m.integrity256_at != 0) &&
           anybody_verifies(s, &m, &a, party);
}
