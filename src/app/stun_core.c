#include "app/stun_core.h"

#include <stdio.h>
#include <string.h>

enum { OVER_UDP = REC_INPUT, OVER_STREAM = REC_INPUT + 1 };

static void checkpoint(struct stun_core *c, int64_t now_us)
{
    rec_checkpoint(c->rec, c->id, now_us, &c->conf, sizeof(c->conf));
}

void stun_core_init(struct stun_core *c, const struct stun_server_conf *conf, struct rec *rec,
                    unsigned worker, int64_t now_us)
{
    *c = (struct stun_core){.rec = rec, .last_us = now_us};
    memcpy(&c->conf, conf, sizeof(c->conf)); /* with its padding: it is written as bytes */
    c->id = (uint16_t)(STUN_CORE_FIRST + worker);
    if (c->id > STUN_CORE_LAST)
        c->rec = NULL;
    c->server = stun_server_new(conf);
    checkpoint(c, now_us);
}

void stun_core_free(struct stun_core *c)
{
    if (c->rec != NULL)
        rec_core_end(c->rec, c->id);
    stun_server_free(c->server);
    c->server = NULL;
}

enum stun_verdict stun_core_input(struct stun_core *c, int64_t now_us, const uint8_t *p, size_t n,
                                  const struct addr *from, bool over_stream, uint8_t *out,
                                  size_t *out_len)
{
    /* After a pause the core is as good as new; made new in fact, it can be replayed from here. */
    if (c->rec != NULL && now_us - c->last_us > stun_server_full_us(c->server)) {
        rec_put_hash(c->rec, c->id, now_us, &c->hash);
        stun_server_reset(c->server);
        checkpoint(c, now_us);
    }
    c->last_us = now_us;
    rec_put2(c->rec, over_stream ? OVER_STREAM : OVER_UDP, c->id, now_us, from, sizeof(*from), p,
             n);
    enum stun_verdict v =
        stun_server_input(c->server, now_us, p, n, from, over_stream, out, out_len);
    if (c->rec != NULL)
        rec_hash_add(&c->hash, (uint64_t)v, out, *out_len);
    return v;
}

void stun_core_round(struct stun_core *c, int64_t now_us)
{
    if (c->rec != NULL)
        rec_put_hash(c->rec, c->id, now_us, &c->hash);
}

static bool feed(struct stun_core *c, const struct rec_record *r, char *why, size_t why_n)
{
    struct addr from;
    uint8_t out[STUN_MESSAGE_MAX];
    size_t out_len;
    if (c->server == NULL || r->data.n < sizeof(from)) {
        snprintf(why, why_n, "record %llu: not an input of a STUN server",
                 (unsigned long long)r->number);
        return false;
    }
    memcpy(&from, r->data.p, sizeof(from));
    enum stun_verdict v =
        stun_server_input(c->server, r->time, (const uint8_t *)r->data.p + sizeof(from),
                          r->data.n - sizeof(from), &from, r->kind == OVER_STREAM, out, &out_len);
    rec_hash_add(&c->hash, (uint64_t)v, out, out_len);
    return true;
}

bool stun_core_replay(struct stun_core *c, const struct rec_record *r, char *why, size_t why_n)
{
    switch (r->kind) {
    case REC_CHECKPOINT:
        if (!rec_expect_none(r, &c->hash, why, why_n))
            return false;
        if (r->data.n != sizeof(c->conf)) {
            snprintf(why, why_n, "record %llu: a checkpoint of another version",
                     (unsigned long long)r->number);
            return false;
        }
        stun_server_free(c->server);
        memcpy(&c->conf, r->data.p, sizeof(c->conf));
        c->server = stun_server_new(&c->conf);
        return true;
    case REC_OUTPUT: return rec_expect(r, &c->hash, why, why_n);
    case OVER_UDP:
    case OVER_STREAM: return feed(c, r, why, why_n);
    default: return true; /* a pause, a note */
    }
}
