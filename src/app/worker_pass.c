/*
 * Packets of groups that came to another worker than the group's. The kernel spreads 5-tuples over the
 * workers' sockets and knows no groups: a check goes to the worker that its user name begins with, and
 * when that one has found it authentic, it tells this one that everything by this path is for it. What is
 * passed on leaves as one letter to each worker at the end of the round. What is sent needs none of it:
 * every worker has a socket at every address.
 */
#include <string.h>

#include "app/worker_int.h"
#include "base/hmap.h"
#include "base/mem.h"
#include "media/sfu.h"

enum {
    ROUTES_MAX = 65536,     /* of each kind; 10 MB */
    REPORTS_US = 2000,      /* RTCP waits so long for its worker to be awake anyway */
    FIRST_BYTES = 4096,     /* of a letter */
    LETTER_MAX = 1 << 18,   /* bytes of one letter, if there are more than one train */
    STRANGERS_MAX = 1 << 14 /* of these, checks, which nobody has authenticated yet */
};

/* A path and a worker: who has the group of what comes by it here, or to whom what comes for us there is
 * known. */
struct route {
    struct hnode node;
    struct list recent;
    struct tuple at;
    unsigned worker;
};

struct routes {
    struct hmap map;
    struct list recent; /* the one used last is the last one */
};

struct outgoing {
    struct media_sfu_pass *letter; /* NULL: none */
    size_t cap, strangers;
    bool urgent; /* more than what people report */
};

struct worker_pass {
    struct worker *w;
    struct hash_key key;
    struct routes away, lent; /* to other workers; what other workers pass to us */
    struct route *last;       /* of away: where the last train went */
    struct outgoing out[LISTEN_WORKERS_MAX];
    struct loop_timer bell; /* for what was put without waking anybody */
    int64_t came_us;
    bool waits;
    int by; /* whose letter is being handled; -1: none */
};

/* ---- Routes ---- */

static uint64_t hash_of(const struct worker_pass *p, const struct tuple *at)
{
    return siphash24(&p->key, at, sizeof *at);
}

static struct route *find(const struct worker_pass *p, const struct routes *r,
                          const struct tuple *at)
{
    struct hnode *n = hmap_first(&r->map, hash_of(p, at));
    while (n != NULL && memcmp(&container_of(n, struct route, node)->at, at, sizeof *at) != 0)
        n = hmap_next_same(n);
    return n != NULL ? container_of(n, struct route, node) : NULL;
}

static void forget(struct worker_pass *p, struct routes *r, struct route *t)
{
    if (p->last == t)
        p->last = NULL;
    hmap_remove(&r->map, &t->node);
    list_del(&t->recent);
    xfree(t);
}

static void learn(struct worker_pass *p, struct routes *r, const struct tuple *at, unsigned worker)
{
    struct route *t = find(p, r, at);
    if (t != NULL) {
        t->worker = worker;
        return;
    }
    if (r->map.n == ROUTES_MAX)
        forget(p, r, container_of(list_first(&r->recent), struct route, recent));
    t = xcalloc(1, sizeof *t);
    t->at = *at;
    t->worker = worker;
    hmap_insert(&r->map, &t->node, hash_of(p, at));
    list_push_back(&r->recent, &t->recent);
}

static void drop_path_letter(struct letter *l)
{
    xfree(container_of(l, struct media_sfu_path, letter));
}

static void tell(struct worker_pass *p, unsigned worker, const struct tuple *at, bool is_there)
{
    struct media_sfu_path *m = xcalloc(1, sizeof *m);
    m->letter = (struct letter){.kind = MEDIA_SFU_PATH, .drop = drop_path_letter};
    m->at = *at;
    m->worker = p->w->conf.index;
    m->is_there = is_there;
    if (!mailbox_post(p->w->conf.team->box[worker], &m->letter)) {
        count_inc(&p->w->counts, COUNT_DROP_MAILBOX_FULL);
        letter_drop(&m->letter);
    }
}

void worker_pass_path(struct worker_pass *p, const struct tuple *at, bool is_ours)
{
    struct route *lent = find(p, &p->lent, at), *away = find(p, &p->away, at);
    if (is_ours && p->by >= 0) {
        learn(p, &p->lent, at, (unsigned)p->by);
        tell(p, (unsigned)p->by, at, true);
    } else if (is_ours && away != NULL) {
        forget(p, &p->away, away); /* it has another group now */
    } else if (!is_ours && lent != NULL) {
        tell(p, lent->worker, at, false);
        forget(p, &p->lent, lent);
    }
}

static void take_path(struct worker_pass *p, const struct media_sfu_path *m)
{
    struct route *t = find(p, &p->away, &m->at);
    if (m->is_there)
        learn(p, &p->away, &m->at, m->worker);
    else if (t != NULL && t->worker == m->worker)
        forget(p, &p->away, t);
}

/* ---- Out ---- */

static void drop_pass_letter(struct letter *l)
{
    xfree(container_of(l, struct media_sfu_pass, letter));
}

static void post(struct worker_pass *p, unsigned to)
{
    struct outgoing *o = &p->out[to];
    if (o->letter == NULL)
        return;
    struct mailbox *box = p->w->conf.team->box[to];
    bool posted = o->urgent ? mailbox_post(box, &o->letter->letter)
                            : mailbox_put(box, &o->letter->letter);
    if (!posted) {
        count_inc(&p->w->counts, COUNT_DROP_MAILBOX_FULL);
        letter_drop(&o->letter->letter);
    } else if (!o->urgent && !loop_timer_armed(&p->bell)) {
        loop_timer_set(p->w->loop, &p->bell, loop_now(p->w->loop) + REPORTS_US);
    }
    o->letter = NULL;
    o->strangers = 0;
    o->urgent = false;
}

static void on_bell(struct loop_timer *t, int64_t now_us)
{
    struct worker_pass *p = container_of(t, struct worker_pass, bell);
    (void)now_us;
    for (unsigned i = 0; i < p->w->conf.team->n; i++)
        if (i != p->w->conf.index)
            mailbox_ring(p->w->conf.team->box[i]);
}

void worker_pass_round(struct worker_pass *p)
{
    if (!p->waits)
        return;
    p->waits = false;
    for (unsigned i = 0; i < p->w->conf.team->n; i++)
        post(p, i);
}

static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

/* Room for so many bytes behind what is there. */
static uint8_t *reserve(struct worker_pass *p, unsigned to, size_t need)
{
    struct outgoing *o = &p->out[to];
    if (o->letter != NULL && o->letter->len + need > LETTER_MAX)
        post(p, to);
    if (o->letter == NULL) {
        o->cap = MAX_OF(need, (size_t)FIRST_BYTES);
        o->letter = xmalloc(sizeof *o->letter + o->cap);
        *o->letter =
            (struct media_sfu_pass){.letter = {.kind = MEDIA_SFU_PASS, .drop = drop_pass_letter},
                                    .worker = p->w->conf.index};
    } else if (o->letter->len + need > o->cap) {
        o->cap = MAX_OF(o->letter->len + need, MIN_OF(o->cap * 4, (size_t)LETTER_MAX));
        o->letter = xrealloc(o->letter, sizeof *o->letter + o->cap);
    }
    p->waits = true;
    uint8_t *at = o->letter->bytes + o->letter->len;
    o->letter->len += (uint32_t)need;
    return at;
}

static struct route *route_of(struct worker_pass *p, const struct tuple *from)
{
    if (p->last == NULL || memcmp(&p->last->at, from, sizeof *from) != 0)
        p->last = find(p, &p->away, from);
    return p->last;
}

/* RTCP (RFC 5761 4). */
static bool is_report(const uint8_t *p, size_t n)
{
    return n > 1 && p[0] >= CHANNEL_END && p[1] >= 192 && p[1] <= 223;
}

static void pass(struct worker_pass *p, unsigned to, const struct tuple *from, const uint8_t *bytes,
                 size_t len, size_t seg)
{
    struct media_sfu_train t = {.from = *from,
                                .len = (uint32_t)len,
                                .seg = (uint32_t)seg,
                                .came_us = p->came_us,
                                .is_strange = route_of(p, from) == NULL};
    uint8_t *at = reserve(p, to, sizeof t + padded(len));
    memcpy(at, &t, sizeof t);
    memcpy(at + sizeof t, bytes, len);
    p->out[to].urgent |= !is_report(bytes, len);
    count_add(&p->w->counts, COUNT_SFU_PASSED, seg > 0 ? (len + seg - 1) / seg : 0);
}

bool worker_pass_stun(struct worker_pass *p, const struct tuple *from, const struct stun_msg *m,
                      const uint8_t *bytes, size_t n)
{
    struct str ufrag;
    unsigned to;
    if (p->by >= 0 || !ice_lite_name(m, &ufrag) || !sfu_is_for(ufrag, &to) ||
        to == p->w->conf.index || to >= p->w->conf.team->n)
        return false;
    if (from->stream != 0) {
        worker_stream_move(p->w, from->stream, to); /* and the check is answered there */
        return true;
    }
    if (p->out[to].strangers + n > STRANGERS_MAX) {
        count_inc(&p->w->counts, COUNT_DROP_STUN_RATE);
        return true;
    }
    pass(p, to, from, bytes, n, n);
    p->out[to].strangers += n;
    return true;
}

bool worker_pass_train(struct worker_pass *p, const struct tuple *from, const uint8_t *bytes,
                       size_t len, size_t seg)
{
    struct route *t = p->by < 0 ? route_of(p, from) : NULL; /* never twice */
    if (t == NULL)
        return false;
    list_del(&t->recent);
    list_push_back(&p->away.recent, &t->recent);
    pass(p, t->worker, from, bytes, len, seg);
    return true;
}

/* ---- In ---- */

static void take_pass(struct worker_pass *p, struct media_sfu_pass *m)
{
    struct media_sfu_train t;
    p->by = (int)m->worker;
    for (uint32_t at = 0; at < m->len; at += (uint32_t)(sizeof t + padded(t.len))) {
        memcpy(&t, m->bytes + at, sizeof t);
        bool lent = t.is_strange && find(p, &p->lent, &t.from) != NULL;
        worker_sfu_came(p->w->sfu, t.came_us);
        worker_udp_passed(p->w, &t.from, m->bytes + at + sizeof t, t.len, t.seg);
        if (lent) /* it was told once, and does not know any more */
            tell(p, m->worker, &t.from, true);
    }
    worker_sfu_came(p->w->sfu, 0);
    p->by = -1;
}

void worker_pass_came(struct worker_pass *p, int64_t came_us)
{
    p->came_us = came_us;
}

void worker_pass_letter(struct worker_pass *p, struct letter *l)
{
    if (l->kind == MEDIA_SFU_PASS)
        take_pass(p, container_of(l, struct media_sfu_pass, letter));
    else
        take_path(p, container_of(l, struct media_sfu_path, letter));
}

/* ---- Life ---- */

struct worker_pass *worker_pass_new(struct worker *w)
{
    struct worker_pass *p = xcalloc(1, sizeof *p);
    p->w = w;
    p->key = w->conf.stun.key;
    p->by = -1;
    p->bell = (struct loop_timer){.fn = on_bell, .name = "passed reports"};
    list_init(&p->away.recent);
    list_init(&p->lent.recent);
    return p;
}

static void forget_all(struct worker_pass *p, struct routes *r)
{
    struct list *first;
    while ((first = list_first(&r->recent)) != NULL)
        forget(p, r, container_of(first, struct route, recent));
    hmap_free(&r->map);
}

void worker_pass_free(struct worker_pass *p)
{
    if (p == NULL)
        return;
    for (unsigned i = 0; i < LISTEN_WORKERS_MAX; i++)
        if (p->out[i].letter != NULL)
            letter_drop(&p->out[i].letter->letter);
    loop_timer_del(p->w->loop, &p->bell);
    forget_all(p, &p->away);
    forget_all(p, &p->lent);
    xfree(p);
}
