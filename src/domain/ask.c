/* Requests that wait for the database or for a password. */
#include "domain/domain_int.h"

#include "base/mem.h"

struct ask *ask_new(struct domain *d, struct asker who, ask_then *then, const void *data, size_t n)
{
    struct ask *a = xcalloc(1, sizeof *a + n);
    (void)d;
    a->who = who;
    a->then = then;
    a->n = n;
    list_init(&a->hashing);
    if (data)
        memcpy(a->data, data, n);
    return a;
}

void ask_free(struct ask *a)
{
    list_del(&a->hashing);
    memzero(a->data, a->n); /* it may have held a password */
    xfree(a);
}

/* A number of its own for each time it asks. */
static void wait_for(struct domain *d, struct ask *a)
{
    a->number = ++d->next_number;
    a->waits = true;
    hmap_insert(&d->asks, &a->node, hash_u64(&d->hash_key, a->number));
}

void ask_db(struct domain *d, struct ask *a, enum db_proc proc, const struct val *args,
            unsigned n_args)
{
    wait_for(d, a);
    struct db_request rq = {.proc = proc, .number = a->number, .args = args, .n_args = n_args};
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_DB, .db = &rq});
}

void ask_password_job(struct domain *d, struct ask *a, struct password_job *job)
{
    wait_for(d, a);
    job->job = a->number;
    if (job->kind != PASSWORD_VERIFY || job->renew)
        rng_bytes(&d->rng, job->salt, sizeof job->salt);
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_PASSWORD, .password = job});
}

/* Whether the address or the account has all that it may have in the queue. */
static bool share_is_used(const struct domain *d, const struct password_share *share)
{
    int addr = 0, account = 0, most = MAX_OF(d->cfg.password_queue / 8, 1);
    LIST_FOREACH(it, &d->hashing) {
        const struct ask *other = container_of(it, struct ask, hashing);
        addr += share->addr && other->share.addr == share->addr;
        account += share->account && other->share.account == share->account;
    }
    return addr >= most || account >= most;
}

void ask_password_share(struct domain *d, struct ask *a, struct password_job *job,
                        const struct password_share *share)
{
    static const struct password_answer busy = {.outcome = PASSWORD_BUSY};
    if (!share_is_used(d, share)) {
        a->share = *share;
        list_push_back(&d->hashing, &a->hashing);
        ask_password_job(d, a, job);
        return;
    }
    bool in_then = a->running;
    a->then(d, a, &(struct ask_answer){.password = &busy});
    if (!in_then && !a->waits)
        ask_free(a);
}

void ask_password(struct domain *d, struct ask *a, enum password_kind kind, struct str password,
                  struct str hash)
{
    ask_password_job(d, a,
                     &(struct password_job){.kind = kind, .password = password, .hash = hash});
}

void ask_disk(struct domain *d, struct ask *a, struct disk_request *rq)
{
    wait_for(d, a);
    rq->owner = DISK_OF_DOMAIN;
    rq->number = a->number;
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_DISK, .disk = rq});
}

static void forget(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    (void)d;
    (void)a;
    (void)answer;
}

void ask_and_forget(struct domain *d, enum db_proc proc, const struct val *args, unsigned n_args)
{
    ask_db(d, ask_new(d, (struct asker){0}, forget, NULL, 0), proc, args, n_args);
}

void ask_disk_and_forget(struct domain *d, struct disk_request *rq)
{
    ask_disk(d, ask_new(d, (struct asker){0}, forget, NULL, 0), rq);
}

static struct ask *take(struct domain *d, uint64_t number)
{
    struct hnode *it = hmap_first(&d->asks, hash_u64(&d->hash_key, number));
    for (; it; it = hmap_next_same(it)) {
        struct ask *a = container_of(it, struct ask, node);
        if (a->number == number) {
            hmap_remove(&d->asks, it);
            a->waits = false;
            list_del(&a->hashing);
            return a;
        }
    }
    return NULL;
}

static bool answered(struct domain *d, uint64_t number, const struct ask_answer *answer)
{
    struct ask *a = take(d, number);
    if (!a)
        return false;
    a->running = true;
    a->then(d, a, answer);
    a->running = false;
    if (!a->waits)
        ask_free(a);
    return true;
}

void ask_db_answered(struct domain *d, const struct db_answer *answer)
{
    answered(d, answer->number, &(struct ask_answer){.db = answer});
}

void ask_disk_answered(struct domain *d, const struct disk_answer *answer)
{
    answered(d, answer->number, &(struct ask_answer){.disk = answer});
}

bool ask_password_answered(struct domain *d, const struct password_answer *answer)
{
    return answered(d, answer->job, &(struct ask_answer){.password = answer});
}

void ask_free_all(struct domain *d)
{
    HMAP_FOREACH_SAFE(it, &d->asks) {
        hmap_remove(&d->asks, it);
        ask_free(container_of(it, struct ask, node));
    }
    hmap_free(&d->asks);
}

/* ---- replies ---- */

void reply(struct domain *d, const struct asker *who, const struct event *result)
{
    struct session *s = who->session ? session_find(d, who->session) : NULL;
    if (who->http)
        emit_http(d, who->http, result, NULL, NULL);
    else if (s && who->id > 0)
        emit_ack(d, s, who->id, result);
}

void reply_cookie(struct domain *d, const struct asker *who, const struct event *result,
                  const struct cookie_change *cookie)
{
    if (who->http)
        emit_http(d, who->http, result, NULL, cookie);
}

void reply_ok(struct domain *d, const struct asker *who)
{
    reply(d, who, &(struct event){.type = RESULT_EMPTY});
}

void reply_wire_error(struct domain *d, const struct asker *who, const struct wire_error *error)
{
    struct session *s = who->session ? session_find(d, who->session) : NULL;
    if (who->http)
        emit_http(d, who->http, NULL, error, NULL);
    else if (s && who->id > 0)
        emit_wire_error(d, s, who->id, error);
}

void reply_error(struct domain *d, const struct asker *who, enum errcode code)
{
    reply_wire_error(d, who, &(struct wire_error){.code = code});
}

void reply_bad(struct domain *d, const struct asker *who, const char *field)
{
    reply_wire_error(d, who, &(struct wire_error){.code = CODE_BAD_REQUEST, .field = field});
}

void reply_retry(struct domain *d, const struct asker *who, enum errcode code, int64_t retry_ms)
{
    reply_wire_error(d, who, &(struct wire_error){.code = code, .retry_ms = retry_ms});
}

void reply_disk(struct domain *d, const struct asker *who, enum disk_status status)
{
    switch (status) {
    case DISK_BUSY: reply_retry(d, who, CODE_STORE_BUSY, 1000); break;
    case DISK_FULL: reply_retry(d, who, CODE_STORE_FULL, 30000); break;
    case DISK_MISSING: reply_error(d, who, CODE_UNKNOWN); break;
    default: reply_error(d, who, CODE_INTERNAL);
    }
}

void reply_db(struct domain *d, const struct asker *who, enum db_status status)
{
    switch (status) {
    case DB_BUSY: reply_retry(d, who, CODE_STORE_BUSY, 1000); break;
    case DB_FULL: reply_retry(d, who, CODE_STORE_FULL, 30000); break;
    default: reply_error(d, who, CODE_INTERNAL);
    }
}

void reply_refused(struct domain *d, const struct asker *who, enum db_status status,
                   enum errcode refused)
{
    if (status == DB_REFUSED)
        reply_error(d, who, refused);
    else
        reply_db(d, who, status);
}
