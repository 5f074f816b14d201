/* Clients whose packets come to this worker while another one has what they ask for: the allocation of
 * a ticket, the port of a reservation. The kernel spreads 5-tuples over workers and knows nothing of
 * that. Over UDP all that comes is passed on, and the other worker's answers leave by its own socket; a
 * connection goes there itself, with the request that it was about. */
#include <string.h>

#include "proto/turn_int.h"

static struct turn_guest *guest_of(const struct turn_server *s, const struct tuple *t,
                                   uint64_t hash)
{
    for (struct hnode *it = hmap_first(&s->guests, hash); it != NULL; it = hmap_next_same(it)) {
        struct turn_guest *g = container_of(it, struct turn_guest, node);
        if (memcmp(&g->tuple, t, sizeof *t) == 0)
            return g;
    }
    return NULL;
}

/* As long as its allocation may live without a word from it. */
static void renew(struct turn_server *s, struct turn_guest *g, int64_t now_us)
{
    g->until = now_us + s->conf.lifetime_max_us;
    list_del(&g->order);
    list_push_back(&s->guest_order, &g->order);
}

static void guest_free(struct turn_server *s, struct turn_guest *g)
{
    hmap_remove(&s->guests, &g->node);
    list_del(&g->order);
    pool_put(&s->guest_pool, g);
}

bool turn_guest_pass(struct turn_server *s, int64_t now_us, const struct tuple *from,
                     const uint8_t *p, size_t n)
{
    struct turn_guest *g = guest_of(s, from, turn_tuple_hash(s, from));
    if (g == NULL)
        return false;
    renew(s, g, now_us);
    s->ops.to_owner(s->ops.ctx, g->worker, from, p, n);
    return true;
}

void turn_guest_tick(struct turn_server *s, int64_t now_us)
{
    while (turn_guest_deadline(s) <= now_us)
        guest_free(s, container_of(list_first(&s->guest_order), struct turn_guest, order));
}

int64_t turn_guest_deadline(const struct turn_server *s)
{
    struct list *first = list_first(&s->guest_order);
    return first != NULL ? container_of(first, struct turn_guest, order)->until : INT64_MAX;
}

static bool note_guest(struct turn_request *rq, unsigned worker)
{
    struct turn_server *s = rq->s;
    struct turn_guest *g = pool_get(&s->guest_pool);
    if (g == NULL)
        return false;
    *g = (struct turn_guest){.tuple = *rq->from, .worker = worker};
    list_init(&g->order);
    hmap_insert(&s->guests, &g->node, rq->tuple_hash);
    renew(s, g, rq->now_us);
    return true;
}

/* Who asks is proven, and there is one request in a guest's life that comes here at all. */
enum turn_drop turn_pass_on(struct turn_request *rq, unsigned worker, enum turn_drop otherwise)
{
    struct turn_server *s = rq->s;
    if (s->ops.to_owner == NULL || worker == s->conf.worker || worker >= s->conf.workers ||
        rq->a != NULL || rq->from->transport == TUPLE_DTLS ||
        (rq->from->transport == TUPLE_UDP && !note_guest(rq, worker)))
        return otherwise;
    s->ops.to_owner(s->ops.ctx, worker, rq->from, rq->m->msg, rq->m->len);
    rq->passed_on = true;
    return TURN_DROP_NONE;
}
