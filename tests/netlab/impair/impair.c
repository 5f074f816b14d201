/* impair [SEED]: makes the line of the router in whose network namespace it runs a bad one. It is told on stdin, one
 * setting a line, "down rate 500000" or "up loss 5" (line_tell()), and answers each with "ok" or "error: ...";
 * "print" gives the counts as JSON, and so does the end of stdin, which is the end. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "line.h"
#include "queue.h"

static const struct str names[QUEUE_N] = {STR_INIT("down"), STR_INIT("up")};

struct impair {
    struct line lines[QUEUE_N];
    struct queue *queue;
    struct buf in;
};

struct copy {
    size_t n;
    uint8_t bytes[];
};

static void on_packet(void *ctx, int which, uint32_t id, const uint8_t *bytes, size_t n)
{
    struct impair *im = ctx;
    struct line_packet *p = line_put(&im->lines[which], clock_mono_us(), (uint32_t)n);
    if (!p) {
        queue_verdict(im->queue, which, id, false);
        return;
    }
    p->id = id;
    if (p->twice) {
        struct copy *c = xmalloc(sizeof *c + n);
        c->n = n;
        memcpy(c->bytes, bytes, n);
        p->copy = c;
    }
}

static void release(struct impair *im, int which)
{
    struct line *l = &im->lines[which];
    struct line_packet *p;
    while ((p = line_take(l, clock_mono_us()))) {
        queue_verdict(im->queue, which, p->id, true);
        if (p->copy) {
            struct copy *c = p->copy;
            queue_send(im->queue, c->bytes, c->n);
            xfree(c);
        }
        line_done(l, p);
    }
}

static void report(struct impair *im)
{
    struct buf out;
    buf_init(&out, 4096);
    for (int i = 0; i < QUEUE_N; i++) {
        buf_putf(&out, "%s\"" PRIstr "\":", i ? "," : "{", STR_ARG(names[i]));
        line_report(&im->lines[i], &out);
    }
    buf_puts(&out, "}");
    puts(buf_cstr(&out));
    buf_free(&out);
}

static const char *tell(struct impair *im, struct str words)
{
    struct str where, what;
    str_split_once(words, ' ', &where, &what);
    for (int i = 0; i < QUEUE_N; i++) {
        if (str_eq(where, names[i]))
            return line_tell(&im->lines[i], what);
    }
    return "down or up?";
}

/* Lines that have come; false at the end of them. */
static bool hear(struct impair *im)
{
    struct str line, rest;
    uint8_t *room = buf_reserve(&im->in, 4096);
    ssize_t n = room ? read(STDIN_FILENO, room, 4096) : 0;
    if (n <= 0)
        return n < 0 && errno == EINTR;
    buf_commit(&im->in, (size_t)n);
    while (str_split_once(buf_str(&im->in), '\n', &line, &rest)) {
        const char *wrong = NULL;
        if (str_eq(line, STR("print")))
            report(im);
        else if ((wrong = tell(im, line)))
            printf("error: %s\n", wrong);
        else
            puts("ok");
        buf_consume(&im->in, line.n + 1);
    }
    return true;
}

static struct timespec until_next(const struct impair *im)
{
    int64_t next = INT64_MAX, now = clock_mono_us();
    for (int i = 0; i < QUEUE_N; i++) {
        int64_t at = line_deadline(&im->lines[i]);
        next = at < next ? at : next;
    }
    int64_t wait = next == INT64_MAX ? US_PER_S : next > now ? next - now : 0;
    return (struct timespec){.tv_sec = wait / US_PER_S, .tv_nsec = wait % US_PER_S * 1000};
}

static void run(struct impair *im)
{
    struct pollfd fds[] = {{.fd = queue_fd(im->queue), .events = POLLIN},
                           {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        struct timespec wait = until_next(im);
        if (ppoll(fds, 2, &wait, NULL) < 0 && errno != EINTR)
            return;
        if (fds[0].revents)
            queue_read(im->queue);
        for (int i = 0; i < QUEUE_N; i++)
            release(im, i);
        if (fds[1].revents && !hear(im))
            return;
    }
}

int main(int argc, char **argv)
{
    struct impair im = {0};
    uint64_t seed = 1;
    if (argc > 2 || (argc == 2 && !str_to_u64(str_from(argv[1]), UINT64_MAX, &seed))) {
        fprintf(stderr, "usage: impair [SEED] < settings\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    buf_init(&im.in, 65536);
    for (int i = 0; i < QUEUE_N; i++)
        line_init(&im.lines[i], seed + (uint64_t)i);
    im.queue = queue_open(on_packet, &im);
    if (im.queue) {
        puts("ready");
        run(&im);
        report(&im);
        queue_close(im.queue);
    }
    for (int i = 0; i < QUEUE_N; i++)
        line_free(&im.lines[i]);
    buf_free(&im.in);
    return im.queue ? 0 : 1;
}
