/*
 * Letters between workers. What goes from a relay of one to a relay of another: a letter holds a train, and
 * leaves at the end of the round at the latest.
 */
#include <string.h>

#include "app/worker_int.h"
#include "base/mem.h"

enum { TEAM_LETTERS = 8192, FOREIGN_FIRST = 2048 };

/* ---- Out ---- */

static void drop_relay_letter(struct letter *l)
{
    xfree(container_of(l, struct media_relay, letter));
}

static void post_foreign(struct worker *w, unsigned to)
{
    struct foreign *f = &w->foreign[to];
    if (f->letter == NULL)
        return;
    if (!mailbox_post(w->conf.team->box[to], &f->letter->letter)) {
        count_inc(&w->counts, COUNT_DROP_MAILBOX_FULL);
        letter_drop(&f->letter->letter);
    }
    f->letter = NULL;
}

static bool continues(const struct foreign *f, const struct addr *from, uint64_t scope,
                      const struct addr *to, size_t n)
{
    const struct media_relay *m = f->letter;
    return m != NULL && !f->full && m->scope == scope && n <= m->seg && n > 0 &&
           m->len + n <= FOREIGN_MAX && addr_eq(&m->from, from) && addr_eq(&m->to, to);
}

static void begin_foreign(struct foreign *f, const struct addr *from, uint64_t scope,
                          const struct addr *to, size_t n)
{
    f->cap = n > FOREIGN_FIRST ? n : FOREIGN_FIRST;
    f->full = false;
    f->letter = xmalloc(sizeof(*f->letter) + f->cap);
    *f->letter = (struct media_relay){
        .letter = {.kind = MEDIA_RELAY, .drop = drop_relay_letter},
        .from = *from,
        .to = *to,
        .scope = scope,
        .seg = (uint32_t)n,
    };
}

void worker_to_worker(void *ctx, unsigned worker, const struct addr *from, uint64_t scope,
                      const struct addr *to, const struct datagram *d)
{
    struct worker *w = ctx;
    size_t n = (size_t)d->nhead + d->ndata + d->pad;
    if (w->conf.team == NULL || worker >= w->conf.team->n || n > UINT16_MAX)
        return;
    struct foreign *f = &w->foreign[worker];
    if (!continues(f, from, scope, to, n)) {
        post_foreign(w, worker);
        begin_foreign(f, from, scope, to, n);
    } else if (f->letter->len + n > f->cap) {
        f->cap = FOREIGN_MAX;
        f->letter = xrealloc(f->letter, sizeof(*f->letter) + f->cap);
    }
    uint8_t *p = f->letter->bytes + f->letter->len;
    if (d->nhead > 0)
        memcpy(p, d->head, d->nhead);
    if (d->ndata > 0)
        memcpy(p + d->nhead, d->data, d->ndata);
    memset(p + d->nhead + d->ndata, 0, d->pad);
    f->letter->len += (uint32_t)n;
    f->full = n < f->letter->seg;
    w->foreign_waits = true;
}

static void drop_guest_letter(struct letter *l)
{
    xfree(container_of(l, struct media_guest, letter));
}

/* Rare: clients move seldom, and mostly to the worker that they were at. */
void worker_to_owner(void *ctx, unsigned worker, const struct tuple *from, const uint8_t *p,
                     size_t n)
{
    struct worker *w = ctx;
    if (w->conf.team == NULL || worker >= w->conf.team->n || n > UINT16_MAX)
        return;
    if (from->stream != 0) {
        worker_stream_move(w, from->stream, worker);
        return;
    }
    struct media_guest *m = xmalloc(sizeof(*m) + n);
    *m = (struct media_guest){
        .letter = {.kind = MEDIA_GUEST, .drop = drop_guest_letter},
        .peer = from->peer,
        .local = from->local,
        .ifindex = from->ifindex,
        .len = (uint32_t)n,
    };
    memcpy(m->bytes, p, n);
    if (!mailbox_post(w->conf.team->box[worker], &m->letter)) {
        count_inc(&w->counts, COUNT_DROP_MAILBOX_FULL);
        letter_drop(&m->letter);
    }
}

static void drop_stream_letter(struct letter *l)
{
    struct media_stream *m = container_of(l, struct media_stream, letter);
    stream_handover_free(m->conn);
    xfree(m);
}

void worker_team_stream(struct worker *w, unsigned to, struct stream_handover *h)
{
    struct media_stream *m = xcalloc(1, sizeof(*m));
    m->letter = (struct letter){.kind = MEDIA_STREAM, .drop = drop_stream_letter};
    m->conn = h;
    if (!mailbox_post(w->conf.team->box[to], &m->letter)) {
        count_inc(&w->counts, COUNT_DROP_MAILBOX_FULL);
        letter_drop(&m->letter);
    }
}

void worker_post_foreign(struct worker *w)
{
    if (!w->foreign_waits)
        return;
    w->foreign_waits = false;
    for (unsigned i = 0; i < w->conf.team->n; i++)
        post_foreign(w, i);
}

/* ---- In ---- */

static void take_foreign(struct worker *w, const struct media_relay *m)
{
    uint32_t at = 0;
    do {
        uint32_t n = m->len - at < m->seg ? m->len - at : m->seg;
        turn_core_foreign(w->turn, loop_now(w->loop), &m->from, m->scope, &m->to, m->bytes + at, n);
        at += n;
    } while (at < m->len);
    udp_flush(w->net); /* what is queued may point into the letter */
}

static void take_guest(struct worker *w, const struct media_guest *m)
{
    struct tuple from = {
        .peer = m->peer, .local = m->local, .ifindex = m->ifindex, .transport = TUPLE_UDP};
    worker_turn_input(w, &from, m->bytes, m->len);
    udp_flush(w->net);
}

static void on_team_letter(void *ctx, struct letter *l)
{
    struct worker *w = ctx;
    if (w->turn != NULL && l->kind == MEDIA_RELAY) {
        w->turn_busy = true;
        take_foreign(w, container_of(l, struct media_relay, letter));
    } else if (w->turn != NULL && l->kind == MEDIA_GUEST) {
        take_guest(w, container_of(l, struct media_guest, letter));
    } else if (w->pass != NULL && (l->kind == MEDIA_SFU_PASS || l->kind == MEDIA_SFU_PATH)) {
        worker_pass_letter(w->pass, l);
    } else if (l->kind == MEDIA_STREAM) {
        struct media_stream *m = container_of(l, struct media_stream, letter);
        worker_take_stream(w, m->conn);
        m->conn = NULL;
    }
    letter_drop(l);
}

void worker_read_team(struct worker *w)
{
    mailbox_take(w->conf.team->box[w->conf.index], on_team_letter, w, TEAM_LETTERS);
}

bool worker_join_team(struct worker *w)
{
    struct worker_team *team = w->conf.team;
    return team == NULL ||
           mailbox_attach(team->box[w->conf.index], w->loop, on_team_letter, w) == 0;
}

void worker_leave_team(struct worker *w)
{
    if (w->conf.team != NULL)
        mailbox_detach(w->conf.team->box[w->conf.index]);
    for (unsigned i = 0; i < LISTEN_WORKERS_MAX; i++) {
        if (w->foreign[i].letter != NULL)
            letter_drop(&w->foreign[i].letter->letter);
        w->foreign[i].letter = NULL;
    }
}

/* ---- The team ---- */

struct worker_team *worker_team_new(unsigned n)
{
    struct worker_team *t = xcalloc(1, sizeof(*t));
    for (; t->n < n && t->n < LISTEN_WORKERS_MAX; t->n++) {
        t->box[t->n] = mailbox_new("relays", TEAM_LETTERS);
        if (t->box[t->n] == NULL) {
            worker_team_free(t);
            return NULL;
        }
    }
    return t;
}

void worker_team_free(struct worker_team *t)
{
    for (unsigned i = 0; t != NULL && i < t->n; i++)
        mailbox_free(t->box[i]);
    xfree(t);
}
