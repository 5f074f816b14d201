/* Requests that wait for another thread. */
#include "domain/domain_int.h"

#include "base/mem.h"

struct pending *pending_new(struct domain *d, struct session *s, enum pending_kind kind, int64_t id,
                            struct str title)
{
    struct pending *p = xcalloc(1, sizeof *p + title.n);
    p->kind = kind;
    p->id = id;
    p->number = ++d->next_number;
    if (title.n)
        memcpy(p->title, title.p, title.n);
    p->set.title = str_of(p->title, title.n);
    p->next = s->pending;
    s->pending = p;
    s->n_pending++;
    return p;
}

struct pending *pending_find(struct session *s, uint64_t number)
{
    struct pending *p = s->pending;
    while (p && p->number != number)
        p = p->next;
    return p;
}

static void pending_release(struct pending *p)
{
    xfree(p->ticket);
    xfree(p);
}

void pending_free(struct session *s, struct pending *p)
{
    struct pending **at = &s->pending;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    s->n_pending--;
    pending_release(p);
}

void pending_free_all(struct session *s)
{
    while (s->pending)
        pending_free(s, s->pending);
}

/* Whether its address has half of all that may wait: the rest is for others. */
static bool addr_has_half(const struct domain *d, const struct session *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->n_jobs; i++)
        n += s->addr_key && d->jobs[i].addr == s->addr_key;
    return n >= (uint32_t)MAX_OF(d->cfg.password_queue / 2, 1);
}

bool pending_job(struct domain *d, struct session *s, struct pending *p, enum password_kind kind,
                 struct str password, struct str hash)
{
    if (d->n_jobs >= (uint32_t)d->cfg.password_queue || addr_has_half(d, s))
        return false;
    d->jobs[d->n_jobs++] = (struct job){p->number, s->id, s->addr_key};
    struct password_job job = {.kind = kind, .job = p->number, .password = password, .hash = hash};
    if (kind == PASSWORD_HASH)
        rng_bytes(&d->rng, job.salt, sizeof job.salt);
    d->sink(d->sink_arg,
            &(struct effect){.type = EFFECT_PASSWORD, .session = session_ref(s), .password = &job});
    return true;
}

struct session *pending_job_done(struct domain *d, uint64_t number)
{
    for (uint32_t i = 0; i < d->n_jobs; i++) {
        if (d->jobs[i].number != number)
            continue;
        uint64_t session = d->jobs[i].session;
        d->jobs[i] = d->jobs[--d->n_jobs];
        return session_find(d, session);
    }
    return NULL;
}
