#include "people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "domain/search_key.h"
#include "edge/web/wire_out.h"

struct asked {
    struct asked *next;
    struct db_answer answer;
    struct buf rows;
};

void die(const char *what)
{
    fprintf(stderr, "people_load: %s\n", what);
    exit(1);
}

int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int by_size(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, c = *(const int64_t *)y;
    return (a > c) - (a < c);
}

int64_t part(int64_t *v, size_t n, double p)
{
    qsort(v, n, sizeof *v, by_size);
    size_t i = (size_t)(p * (double)n);
    return v[i < n ? i : n - 1];
}

static void ask_database(struct house *h, const struct db_request *rq)
{
    struct asked *a = xcalloc(1, sizeof *a);
    int64_t began = cpu_us();
    buf_init(&a->rows, DB_ROWS_MAX);
    a->answer = (struct db_answer){rq->proc, rq->number, DB_OK, STR_NONE};
    a->answer.status = db_run(h->db, rq, &a->rows);
    a->answer.rows = buf_str(&a->rows);
    *h->last = a;
    h->last = &a->next;
    h->db_us += cpu_us() - began;
}

static void sink(void *arg, const struct effect *e)
{
    struct house *h = arg;
    struct buf b;
    switch (e->type) {
    case EFFECT_SESSION_OPENED: h->opened = e->session.id; break;
    case EFFECT_DB: ask_database(h, e->db); break;
    case EFFECT_SEND:
        buf_init(&b, 1 << 20);
        wire_out_event(&b, e->event);
        h->sent++;
        h->told += e->n_to;
        h->bytes += buf_len(&b);
        for (size_t i = 0; i < e->n_to; i++)
            h->heard += e->to[i].id == h->watcher;
        buf_free(&b);
        break;
    case EFFECT_ACK:
        buf_reset(&h->answer);
        wire_out_ack(&h->answer, e->id, e->event);
        break;
    case EFFECT_ERROR:
        buf_reset(&h->answer);
        wire_out_error(&h->answer, e->id, &e->error);
        break;
    default: break;
    }
}

static void settle(struct house *h)
{
    struct asked *a;
    while ((a = h->first) != NULL) {
        h->first = a->next;
        if (!h->first)
            h->last = &h->first;
        domain_db(h->d, h->now, h->wall, &a->answer);
        buf_free(&a->rows);
        xfree(a);
    }
}

void house_open(struct house *h, const char *path)
{
    char why[512];
    uint8_t seed[32] = "people_load";
    *h = (struct house){.now = 1000000, .wall = 1800000000000LL};
    h->last = &h->first;
    domain_config_defaults(&h->cfg);
    memset(h->cfg.rates, 0, sizeof h->cfg.rates);
    h->cfg.hello.burst = 0;
    h->cfg.facts.server = STR("madang/bench");
    h->db = db_open(path, &(struct db_conf){0}, why, sizeof why);
    if (!h->db)
        die(why);
    h->d = domain_new(&h->cfg, seed, sink, h);
    buf_init(&h->answer, 4 << 20);
}

void house_close(struct house *h)
{
    settle(h);
    domain_free(h->d);
    db_close(h->db);
    buf_free(&h->answer);
}

void house_cmd(struct house *h, const struct cmd *cmd)
{
    domain_cmd(h->d, h->now, h->wall, cmd);
    settle(h);
}

void house_pass(struct house *h, int64_t us)
{
    int64_t end = h->now + us;
    while (domain_deadline(h->d) <= end) {
        int64_t at = domain_deadline(h->d);
        at = at > h->now ? at : h->now;
        h->wall += (at - h->now) / 1000;
        h->now = at;
        domain_tick(h->d, h->now, h->wall);
        settle(h);
    }
    h->wall += (end - h->now) / 1000;
    h->now = end;
}

void house_run(struct house *h, enum db_proc proc, const struct val *args, unsigned n)
{
    struct db_request rq = {proc, 0, args, n};
    struct buf rows;
    buf_init(&rows, DB_ROWS_MAX);
    if (db_run(h->db, &rq, &rows) != DB_OK)
        die(db_error(h->db));
    buf_free(&rows);
}
#define RUN(h, proc, ...)                                 \
    house_run(h, proc, (const struct val[]){__VA_ARGS__}, \
              sizeof((const struct val[]){__VA_ARGS__}) / sizeof(struct val))

void house_person(struct house *h, uint64_t id, const char *name, const char *display)
{
    struct val n = VAL_T(str_from(name)), shown = VAL_T(str_from(display));
    struct buf words;
    buf_init(&words, SEARCH_KEY_MAX + 1);
    search_key(&words, n.s, shown.s);
    RUN(h, DB_USER_ADD, VAL_ID(id), n, n, n, shown, VAL_I(0), VAL_NONE, VAL_I(19), VAL_T(STR("ko")),
        VAL_I(h->wall));
    RUN(h, DB_USER_SET_DISPLAY, VAL_ID(id), shown, VAL_T(buf_str(&words)));
    buf_free(&words);
}

static void cookie_of(uint64_t id, uint8_t cookie[32])
{
    memset(cookie, 7, 32);
    memcpy(cookie, &id, sizeof id);
}

void house_cookie(struct house *h, uint64_t id)
{
    uint8_t cookie[32], hash[SHA256_SIZE];
    cookie_of(id, cookie);
    sha256(cookie, sizeof cookie, hash);
    RUN(h, DB_WEB_SESSION_ADD, VAL_B(hash, sizeof hash), VAL_ID(id), VAL_ID(id), VAL_I(h->wall),
        VAL_I(h->wall + 1000000000), VAL_T(STR("192.0.2.7")), VAL_T(STR("bench")));
}

uint64_t house_hello(struct house *h, uint64_t id)
{
    static uint64_t conn;
    uint8_t cookie[32];
    cookie_of(id, cookie);
    h->opened = 0;
    house_cmd(h, &(struct cmd){.type = CMD_HELLO,
                               .id = 1,
                               .conn = ++conn,
                               .u.hello = {.v = PROTOCOL_VERSION,
                                           .addr = STR("192.0.2.7"),
                                           .cookie = str_of((char *)cookie, sizeof cookie)}});
    const char *ack = buf_cstr(&h->answer);
    if (!h->opened || !ack || !strstr(ack, "\"user\":{"))
        die(ack ? ack : "no answer to hello");
    return h->opened;
}
