#include "app/worker_rec.h"

#include <string.h>

#include "app/sfu_core.h"
#include "app/worker_int.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "edge/rec/rec_thread.h"
#include "media/sfu.h"

enum { BATCH_US = 50000 /* a packet waits at most so long */ };

/* One recording. */
struct tap {
    struct list link;
    struct worker_rec *r;
    uint64_t room, id;
    bool ended;
    struct rec_order_letter *start, *stop; /* until they are posted; owned */
    struct rec_batch *batch;               /* owned; NULL: empty */
    unsigned in_batch;
    uint64_t dropped; /* since the last batch that was posted */
};

struct worker_rec {
    struct worker *w;
    struct sfu_core *core;
    struct rec_thread *thread;
    struct list taps;
    struct loop_timer timer;
};

/* ---- Letters ---- */

static bool post_order(struct tap *t, struct rec_order_letter **m)
{
    if (*m != NULL && !rec_thread_post(t->r->thread, &(*m)->letter))
        return false;
    *m = NULL;
    return true;
}

static void post_batch(struct tap *t)
{
    if (t->batch == NULL)
        return;
    t->batch->dropped = t->dropped;
    if (t->start == NULL && rec_thread_post(t->r->thread, &t->batch->letter)) {
        t->dropped = 0;
    } else {
        t->dropped += t->in_batch;
        letter_drop(&t->batch->letter);
    }
    t->batch = NULL;
    t->in_batch = 0;
}

static void wake_in(struct worker_rec *r, int64_t us)
{
    if (!loop_timer_armed(&r->timer))
        loop_timer_set(r->w->loop, &r->timer, loop_now(r->w->loop) + us);
}

static void free_tap(struct tap *t)
{
    list_del(&t->link);
    if (t->start != NULL)
        letter_drop(&t->start->letter);
    if (t->stop != NULL)
        letter_drop(&t->stop->letter);
    if (t->batch != NULL)
        letter_drop(&t->batch->letter);
    xfree(t);
}

/* What waits leaves, if it can; true: nothing waits any more. */
static bool settle(struct tap *t)
{
    if (!post_order(t, &t->start))
        return false;
    post_batch(t);
    if (!t->ended)
        return true;
    if (!post_order(t, &t->stop))
        return false;
    free_tap(t);
    return true;
}

static void on_timer(struct loop_timer *timer, int64_t now_us)
{
    struct worker_rec *r = container_of(timer, struct worker_rec, timer);
    struct list *next;
    bool all = true;
    (void)now_us;
    for (struct list *l = r->taps.next; l != &r->taps; l = next) {
        next = l->next;
        all &= settle(container_of(l, struct tap, link));
    }
    if (!all)
        wake_in(r, BATCH_US);
}

/* ---- Packets ---- */

static void on_packet(void *ctx, uint64_t room, const struct rec_head *h, const uint8_t *payload)
{
    struct tap *t = ctx;
    size_t step = rec_batch_step(h->n);
    (void)room;
    if (t->batch != NULL && t->batch->len + step > REC_BATCH_BYTES)
        post_batch(t);
    if (t->batch == NULL) {
        t->batch = rec_batch_new(t->id);
        wake_in(t->r, BATCH_US);
    }
    uint8_t *at = t->batch->bytes + t->batch->len;
    memcpy(at, h, sizeof *h);
    if (h->n > 0)
        memcpy(at + sizeof *h, payload, h->n);
    t->batch->len += (uint32_t)step;
    t->in_batch++;
}

/* ---- Recordings ---- */

static struct tap *find(struct worker_rec *r, uint64_t room)
{
    for (struct list *l = r->taps.next; l != &r->taps; l = l->next) {
        struct tap *t = container_of(l, struct tap, link);
        if (t->room == room && !t->ended)
            return t;
    }
    return NULL;
}

static struct rec_order_letter *order(const struct tap *t, enum rec_letter_kind kind, struct str s)
{
    struct rec_order_letter *m = rec_order_letter_new(kind, t->id, s);
    m->room = t->room;
    m->worker = t->r->w->conf.index;
    m->wall_us = clock_wall_us();
    m->mono_us = loop_now_fresh(t->r->w->loop);
    return m;
}

void worker_rec_begin(struct worker_rec *r, uint64_t room, uint64_t id, struct str folder)
{
    bool may = find(r, room) == NULL;
    struct tap *t = xcalloc(1, sizeof *t);
    t->r = r;
    t->room = room;
    t->id = id;
    list_push_back(&r->taps, &t->link);
    may = may && sfu_core_record(r->core, loop_now(r->w->loop), room, on_packet, t);
    t->start = order(t, may ? REC_START : REC_REFUSE, folder);
    t->ended = !may; /* no letter ends what did not begin */
    if (!settle(t))
        wake_in(r, BATCH_US);
}

static void end(struct tap *t)
{
    sfu_core_record(t->r->core, loop_now(t->r->w->loop), t->room, NULL, NULL);
    t->ended = true;
    t->stop = order(t, REC_STOP, STR_NONE);
    if (!settle(t))
        wake_in(t->r, BATCH_US);
}

void worker_rec_end(struct worker_rec *r, uint64_t room)
{
    struct tap *t = find(r, room);
    if (t != NULL)
        end(t);
}

void worker_rec_track_gone(struct worker_rec *r, uint64_t room, uint64_t track)
{
    struct tap *t = find(r, room);
    const struct rec_head h = {.track = track, .flags = REC_TRACK_END};
    if (t != NULL)
        on_packet(t, room, &h, NULL);
}

/* ---- Life ---- */

struct worker_rec *worker_rec_open(struct worker *w, struct sfu_core *core,
                                   struct rec_thread *thread)
{
    struct worker_rec *r = xcalloc(1, sizeof *r);
    r->w = w;
    r->core = core;
    r->thread = thread;
    r->timer = (struct loop_timer){.fn = on_timer, .name = "recordings"};
    list_init(&r->taps);
    return r;
}

void worker_rec_close(struct worker_rec *r)
{
    struct list *l;
    if (r == NULL)
        return;
    loop_timer_del(r->w->loop, &r->timer);
    while ((l = list_first(&r->taps)) != NULL) {
        struct tap *t = container_of(l, struct tap, link);
        if (!t->ended)
            sfu_core_record(r->core, loop_now(r->w->loop), t->room, NULL, NULL);
        post_batch(t);
        free_tap(t);
    }
    xfree(r);
}
