/* A web edge with fake streams and a hub that notes what it hears; for test_web_*.c. */
#ifndef MADANG_TESTS_WEB_FIXTURE_H
#define MADANG_TESTS_WEB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/count.h"
#include "disk_inline.h"
#include "edge/web/visitor.h"
#include "edge/web/assets.h"
#include "edge/web/web.h"
#include "io/stream_fake.h"
#include "msg/effect.h"

enum { FX_SECOND = 1000000, FX_STREAMS = 64 };

struct fx {
    struct web_conf conf;
    struct web_handlers h;
    struct counts counts;
    struct web *web;
    struct stream_fake *st[FX_STREAMS];
    int n_st;
    int64_t now;
    /* what the hub heard */
    char heard[4096];  /* "hello;" for each message, "lost 3;" for each lost pipe */
    struct pipe *pipe; /* that the last message came by */
    struct outbox box; /* attached when a message begins with "attach" */
    int answer;        /* for message() */
    unsigned close_on_message;
    struct str ca;
    uint64_t call; /* the last one */
    struct visitor visitor;
    bool call_now;            /* answered from within */
    struct file_grant *grant; /* what is answered to a fetch at once; NULL: nothing yet */
    struct disk_inline disk;
};

static inline void fx_note(struct fx *fx, const char *fmt, ...)
{
    size_t n = strlen(fx->heard);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(fx->heard + n, sizeof fx->heard - n, fmt, ap);
    va_end(ap);
}

static inline int fx_message(void *ctx, struct pipe *p, int64_t now_us, uint8_t *msg, size_t n)
{
    struct fx *fx = ctx;

    assert_int_equal(now_us, fx->now);
    fx_note(fx, "%.*s;", n > 40 ? 40 : (int)n, (char *)msg);
    fx->pipe = p;
    if (n >= 6 && memcmp(msg, "attach", 6) == 0)
        pipe_attach(p, &fx->box, fx, 7);
    if (fx->close_on_message != 0)
        pipe_close(p, fx->close_on_message);
    return fx->answer;
}

static inline void fx_lost(void *ctx, struct pipe *p, void *user, int64_t now_us)
{
    struct fx *fx = ctx;

    (void)now_us;
    assert_null(p->out);
    assert_true(p->closed);
    fx_note(fx, "lost%s%s;", user != NULL ? " session" : "", p->leaving ? " for good" : "");
}

static inline void fx_call(void *ctx, const struct web_call *call, int64_t now_us)
{
    struct fx *fx = ctx;

    assert_int_equal(now_us, fx->now);
    fx_note(fx, PRIstr " " PRIstr ";", STR_ARG(call->verb), STR_ARG(call->body));
    fx->call = call->number;
    fx->visitor = *call->visitor;
    if (fx->call_now)
        web_call_answer(fx->web, call->number,
                        &(struct web_answer){.status = 200, .json = STR("{\"now\":true}")});
}

static inline void fx_fetch(void *ctx, const struct web_fetch *f, int64_t now_us)
{
    struct fx *fx = ctx;

    assert_int_equal(now_us, fx->now);
    fx_note(fx, "fetch %d %llx %u;", (int)f->file.what, (unsigned long long)f->file.id,
            f->file.part);
    fx->call = f->number;
    fx->visitor = *f->visitor;
    if (f->file.what == FETCH_UPLOADED)
        web_call_answer(fx->web, f->number,
                        &(struct web_answer){.status = 200, .json = STR("{\"all\":true}")});
    else if (fx->grant != NULL)
        web_file_grant(fx->web, f->number, fx->grant);
}

static inline void fx_whip(void *ctx, const struct web_whip *w, int64_t now_us)
{
    static const char *const verbs[] = {"offer", "trickle", "end"};
    struct fx *fx = ctx;

    assert_int_equal(now_us, fx->now);
    fx_note(fx, "%s%s %llx name=" PRIstr " token=" PRIstr, w->cmd.view ? "view " : "",
            verbs[w->cmd.verb], (unsigned long long)w->room, STR_ARG(w->cmd.name),
            STR_ARG(w->cmd.token));
    if (w->cmd.verb != WHIP_OFFER)
        fx_note(fx, " session=%02x%02x", w->cmd.session[0], w->cmd.session[WHIP_RESOURCE - 1]);
    if (w->cmd.verb == WHIP_TRICKLE)
        fx_note(fx, " etag=" PRIstr, STR_ARG(w->cmd.etag));
    fx_note(fx, " " PRIstr ";", STR_ARG(w->cmd.body));
    fx->call = w->number;
}

static inline bool fx_disk(void *ctx, const struct disk_request *rq)
{
    struct fx *fx = ctx;

    assert_int_equal(rq->owner, DISK_OF_WEB);
    return disk_inline_ask(&fx->disk, rq);
}

static inline void fx_disk_done(void *ctx, const struct disk_answer *answer)
{
    struct fx *fx = ctx;

    web_disk(fx->web, answer);
}

static inline struct str fx_ca(void *ctx)
{
    return ((struct fx *)ctx)->ca;
}

static inline void fx_health(void *ctx, struct buf *json)
{
    (void)ctx;
    buf_puts(json, ",\"sessions\":0");
}

static inline void fx_metrics(void *ctx, struct buf *out)
{
    const struct counts *c = &((struct fx *)ctx)->counts;

    count_print(out, &c, 1);
}

static inline int64_t fx_wall(void *ctx, int64_t now_us)
{
    (void)ctx;
    return 784111777 - 1 + now_us / 1000000;
}

static inline struct fx *fx_new_with(void (*change)(struct web_conf *conf))
{
    struct fx *fx = calloc(1, sizeof *fx);

    web_conf_defaults(&fx->conf);
    fx->conf.tls = false;
    if (change != NULL)
        change(&fx->conf);
    fx->h = (struct web_handlers){.ctx = fx,
                                  .message = fx_message,
                                  .pipe_lost = fx_lost,
                                  .ca_cert = fx_ca,
                                  .health = fx_health,
                                  .metrics = fx_metrics,
                                  .wall_s = fx_wall,
                                  .call = fx_call,
                                  .fetch = fx_fetch,
                                  .whip = fx_whip,
                                  .disk = fx_disk};
    fx->now = FX_SECOND;
    outbox_init(&fx->box, NULL);
    fx->web = web_new(&fx->conf, &fx->h, &fx->counts);
    web_ready(fx->web);
    return fx;
}

static inline struct stream_fake *fx_connect_as(struct fx *fx, const char *ip, bool tls)
{
    struct stream_fake *f = stream_fake_new(ip, tls, NULL, NULL);

    assert_true(fx->n_st < FX_STREAMS);
    f->now_us = fx->now;
    fx->st[fx->n_st++] = f;
    web_take(fx->web, &f->s);
    return f;
}

static inline struct stream_fake *fx_connect(struct fx *fx)
{
    return fx_connect_as(fx, "192.0.2.7", false);
}

static inline void fx_round(struct fx *fx)
{
    for (int i = 0; i < 3; i++) {
        disk_inline_answer(&fx->disk, fx_disk_done, fx);
        for (int j = 0; j < fx->n_st; j++)
            stream_fake_round(fx->st[j]);
    }
}

static inline void fx_send_n(struct fx *fx, struct stream_fake *f, const void *p, size_t n)
{
    stream_fake_feed(f, p, n);
    fx_round(fx);
}

static inline void fx_send(struct fx *fx, struct stream_fake *f, const char *text)
{
    fx_send_n(fx, f, text, strlen(text));
}

/* Time goes on in steps of 100 ms, for everybody. */
static inline void fx_wait(struct fx *fx, int64_t us)
{
    for (int64_t end = fx->now + us; fx->now < end;) {
        fx->now += end - fx->now < 100000 ? end - fx->now : 100000;
        for (int j = 0; j < fx->n_st; j++)
            stream_fake_time(fx->st[j], fx->now);
        if (web_deadline(fx->web) <= fx->now)
            web_tick(fx->web, fx->now);
        fx_round(fx);
    }
}

/* What the server wrote since the last look, as text; NULs become dots. */
static inline const char *fx_out(struct stream_fake *f)
{
    static char text[65536];
    size_t n = f->out_len < sizeof text - 1 ? f->out_len : sizeof text - 1;

    for (size_t i = 0; i < n; i++)
        text[i] = f->out[i] != 0 ? (char)f->out[i] : '.';
    text[n] = '\0';
    if (f->out_len > 0)
        stream_fake_take(f, f->out_len);
    return text;
}

static inline void fx_free(struct fx *fx)
{
    web_close_all(fx->web);
    fx_round(fx);
    assert_int_equal(web_connections(fx->web), 0);
    web_free(fx->web);
    outbox_free(&fx->box);
    disk_inline_free(&fx->disk);
    for (int i = 0; i < fx->n_st; i++)
        stream_fake_free(fx->st[i]);
    free(fx);
}

#define assert_has(text, part)                              \
    do {                                                    \
        const char *text_ = (text);                         \
        if (strstr(text_, part) == NULL)                    \
            fail_msg("\"%s\" is not in:\n%s", part, text_); \
    } while (0)

#define assert_has_not(text, part)                      \
    do {                                                \
        const char *text_ = (text);                     \
        if (strstr(text_, part) != NULL)                \
            fail_msg("\"%s\" is in:\n%s", part, text_); \
    } while (0)

#endif
