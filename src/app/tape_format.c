/* What recording and replay have to agree on: the checkpoint's text and the hash of outputs. */
#include <string.h>

#include "app/tape.h"
#include "base/mem.h"
#include "base/version.h"
#include "io/stream.h"

void tape_hash_iov(struct rec_hash *h, uint32_t conn, const struct iovec *iov, int n, ssize_t taken)
{
    uint64_t what = (uint64_t)conn << 8 | TAPE_OUT_BYTES;
    if (taken < 0) {
        rec_hash_add(h, what, "closing", 7);
        return;
    }
    size_t left = (size_t)taken;
    for (int i = 0; i < n && left > 0; i++) {
        size_t m = MIN_OF(iov[i].iov_len, left);
        rec_hash_add(h, what, iov[i].iov_base, m);
        left -= m;
    }
}

void tape_hash_job(struct rec_hash *h, const struct password_job *job)
{
    uint8_t b[10];
    set_u64(b, job->job);
    b[8] = (uint8_t)job->kind;
    b[9] = job->renew;
    rec_hash_add(h, TAPE_OUT_JOB, b, sizeof b);
    rec_hash_add(h, TAPE_OUT_JOB, job->password.p, job->password.n);
    rec_hash_add(h, TAPE_OUT_JOB, job->hash.p, job->hash.n);
    rec_hash_add(h, TAPE_OUT_JOB, job->salt, sizeof job->salt);
    for (unsigned i = 0; i < job->n_names; i++) {
        rec_hash_add(h, TAPE_OUT_JOB, job->names[i].p, job->names[i].n);
    }
}

void tape_hash_push(struct rec_hash *h, const struct push_job *job)
{
    uint8_t b[5];
    set_u32(b, job->ttl_s);
    b[4] = (uint8_t)job->urgency;
    rec_hash_add(h, TAPE_OUT_PUSH, b, sizeof b);
    rec_hash_add(h, TAPE_OUT_PUSH, job->endpoint.p, job->endpoint.n);
    rec_hash_add(h, TAPE_OUT_PUSH, job->p256dh, sizeof job->p256dh);
    rec_hash_add(h, TAPE_OUT_PUSH, job->auth, sizeof job->auth);
    rec_hash_add(h, TAPE_OUT_PUSH, job->topic.p, job->topic.n);
    rec_hash_add(h, TAPE_OUT_PUSH, job->body.p, job->body.n);
}

void tape_hash_relay(struct rec_hash *h, const struct relay_scope *what)
{
    uint8_t b[17];
    b[0] = (uint8_t)what->kind;
    set_u64(b + 1, what->scope);
    set_u64(b + 9, what->party);
    rec_hash_add(h, TAPE_OUT_RELAY, b, sizeof b);
    rec_hash_add(h, TAPE_OUT_RELAY, what->pwd.p, what->pwd.n);
    rec_hash_add(h, TAPE_OUT_RELAY, what->addrs, what->n_addrs * sizeof *what->addrs);
}

void tape_hash_db(struct rec_hash *h, const struct db_request *request)
{
    uint8_t b[10];
    set_u64(b, request->number);
    set_u16(b + 8, (uint16_t)request->proc);
    rec_hash_add(h, TAPE_OUT_DB, b, sizeof b);
    for (unsigned i = 0; i < request->n_args; i++) {
        const struct val *v = &request->args[i];
        set_u64(b, (uint64_t)v->i);
        b[8] = (uint8_t)v->kind;
        rec_hash_add(h, TAPE_OUT_DB, b, 9);
        rec_hash_add(h, TAPE_OUT_DB, v->s.p, v->s.n);
    }
}

void tape_hash_disk(struct rec_hash *h, const struct disk_request *rq)
{
    uint8_t b[60];
    set_u64(b, rq->number);
    set_u32(b + 8, rq->op);
    set_u32(b + 12, rq->name.area);
    set_u64(b + 16, rq->name.id);
    set_u64(b + 24, rq->name.part);
    set_u64(b + 32, rq->to.id);
    set_u64(b + 40, rq->to.part);
    set_u64(b + 48, rq->at);
    set_u32(b + 56, rq->n);
    rec_hash_add(h, TAPE_OUT_DISK, b, sizeof b);
    rec_hash_add(h, TAPE_OUT_DISK, rq->data.p, rq->data.n);
}

void tape_hash_group(struct rec_hash *h, const struct group_order *o)
{
    uint8_t b[34];
    b[0] = (uint8_t)o->kind;
    set_u64(b + 1, o->room);
    set_u64(b + 9, o->peer);
    set_u32(b + 17, o->rights);
    set_u32(b + 21, o->n_lines);
    b[25] = o->on;
    set_u64(b + 26, o->recording);
    rec_hash_add(h, TAPE_OUT_GROUP, b, sizeof b);
    rec_hash_add(h, TAPE_OUT_GROUP, o->sdp.p, o->sdp.n);
    rec_hash_add(h, TAPE_OUT_GROUP, o->text.p, o->text.n);
    for (uint32_t i = 0; i < o->n_lines; i++) {
        const struct group_line *l = &o->lines[i];
        set_u64(b, l->track);
        set_u32(b + 8, (uint32_t)l->width);
        set_u32(b + 12, (uint32_t)l->height);
        b[16] = (uint8_t)l->kind;
        b[17] = (uint8_t)l->priority;
        rec_hash_add(h, TAPE_OUT_GROUP, b, 18);
        rec_hash_add(h, TAPE_OUT_GROUP, l->mid.p, l->mid.n);
    }
}

void tape_group_write(struct buf *b, const struct group_news *n)
{
    const uint8_t small[6] = {(uint8_t)n->about,   (uint8_t)n->kind, (uint8_t)n->codec,
                              (uint8_t)n->refusal, (uint8_t)n->end,  n->there};
    buf_put(b, small, sizeof small);
    buf_u64(b, n->room);
    buf_u64(b, n->peer);
    buf_u64(b, n->track);
    buf_u32(b, n->n_people);
    buf_put(b, n->people, n->n_people * sizeof *n->people);
    buf_put_str(b, n->text);
}

bool tape_group_read(struct rd *r, struct group_news *n)
{
    uint8_t small[6] = {0};
    rd_copy(r, small, sizeof small);
    *n = (struct group_news){.about = small[0],
                             .kind = small[1],
                             .codec = small[2],
                             .refusal = small[3],
                             .end = small[4],
                             .there = small[5]};
    n->room = rd_u64(r);
    n->peer = rd_u64(r);
    n->track = rd_u64(r);
    n->n_people = rd_u32(r);
    struct group_person *people = r->bad || n->n_people > r->n / sizeof *people
                                      ? NULL
                                      : xcalloc(n->n_people + 1, sizeof *people);
    if (!people || !rd_copy(r, people, n->n_people * sizeof *people)) {
        xfree(people);
        return false;
    }
    n->people = people;
    n->text = str_of(r->p, r->n);
    return n->about < GROUP_NEWS_KINDS;
}

static void put_text(struct buf *b, struct str s)
{
    buf_u32(b, (uint32_t)s.n);
    buf_put_str(b, s);
}

/* The settings go as the bytes of the struct: a recording is replayed by the version that made it,
 * and the checkpoint says which one that was. What the struct points to follows. */
void tape_conf_write(struct buf *b, const struct exchange_conf *conf, int64_t wall_offset_us)
{
    put_text(b, str_from(madang_version()));
    buf_u32(b, sizeof *conf);
    buf_put(b, conf, sizeof *conf);
    buf_u64(b, (uint64_t)wall_offset_us);
    put_text(b, conf->domain.facts.server);
    for (size_t i = 0; i < conf->web.n_origins; i++) {
        put_text(b, conf->web.origins[i]);
    }
    buf_put(b, conf->web.trusted, conf->web.n_trusted * sizeof(struct cidr));
    buf_put(b, conf->web.metrics, conf->web.n_metrics * sizeof(struct cidr));
}

static void *copy_of(struct rd *r, size_t n)
{
    const uint8_t *p = rd_bytes(r, n);
    void *copy = xmalloc(n + 1);
    if (p) {
        memcpy(copy, p, n);
    }
    return copy;
}

static struct str get_text(struct rd *r)
{
    uint32_t n = rd_u32(r);
    struct str s = rd_str(r, n);
    return r->bad ? STR_NONE : str_of(str_dup(s), s.n);
}

bool tape_conf_read(struct rd *r, struct exchange_conf *conf, int64_t *wall_offset_us)
{
    uint32_t n = rd_u32(r);
    if (!str_eq(rd_str(r, n), str_from(madang_version())) || rd_u32(r) != sizeof *conf ||
        !rd_copy(r, conf, sizeof *conf)) {
        return false;
    }
    conf->domain.facts.server = STR_NONE;
    conf->web.origins = NULL;
    conf->web.trusted = conf->web.metrics = NULL;
    *wall_offset_us = (int64_t)rd_u64(r);
    conf->domain.facts.server = get_text(r);
    if (r->bad || conf->web.n_origins > r->n || conf->web.n_trusted > r->n ||
        conf->web.n_metrics > r->n) {
        return false;
    }
    struct str *origins = xcalloc(conf->web.n_origins + 1, sizeof *origins);
    for (size_t i = 0; i < conf->web.n_origins; i++) {
        origins[i] = get_text(r);
    }
    conf->web.origins = origins;
    conf->web.trusted = copy_of(r, conf->web.n_trusted * sizeof(struct cidr));
    conf->web.metrics = copy_of(r, conf->web.n_metrics * sizeof(struct cidr));
    conf->web.web_dir = NULL;
    return !r->bad;
}

void tape_conf_free(struct exchange_conf *conf)
{
    for (size_t i = 0; conf->web.origins && i < conf->web.n_origins; i++) {
        xfree((void *)conf->web.origins[i].p);
    }
    xfree((void *)conf->web.origins);
    xfree((void *)conf->web.trusted);
    xfree((void *)conf->web.metrics);
    xfree((void *)conf->domain.facts.server.p);
}
