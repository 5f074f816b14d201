/* A recording thread with a folder of its own; what it tells lies in `last`. */
#ifndef MADANG_TESTS_REC_STUDIO_H
#define MADANG_TESTS_REC_STUDIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/util.h"
#include "edge/rec/rec_thread.h"
#include "io/mailbox.h"
#include "mkv_reader.h"

enum { STUDIO_STATE = 4242, STUDIO_WAIT_MS = 20000 };

struct studio {
    char dir[64];
    struct rec_thread *thread;
    struct mailbox *box; /* of control */
    struct rec_state last;
    unsigned started, ended;
    _Atomic unsigned keys_wanted;
};

static inline bool studio_deliver(void *ctx, struct rec_state *s)
{
    return mailbox_post(((struct studio *)ctx)->box, &s->letter);
}

static inline void studio_want_key(void *ctx, unsigned worker, uint64_t track, unsigned stream)
{
    (void)worker, (void)track, (void)stream;
    atomic_fetch_add(&((struct studio *)ctx)->keys_wanted, 1);
}

static inline void studio_open(struct studio *s, const struct rec_options *more)
{
    char err[400];
    struct rec_options o = more != NULL ? *more : (struct rec_options){0};
    memset(s, 0, sizeof *s);
    snprintf(s->dir, sizeof s->dir, "/tmp/madang-rec-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    o.disk.dir = s->dir;
    o.state_kind = STUDIO_STATE;
    o.deliver = studio_deliver;
    o.want_key = studio_want_key;
    o.ctx = s;
    s->box = mailbox_new("control", 64);
    s->thread = rec_thread_start(&o, err, sizeof err);
    if (s->thread == NULL)
        fail_msg("%s", err);
}

static inline void studio_hear_one(void *ctx, struct letter *l)
{
    struct studio *s = ctx;
    assert_int_equal(l->kind, STUDIO_STATE);
    s->last = *container_of(l, struct rec_state, letter);
    s->started += !s->last.ended;
    s->ended += s->last.ended;
    letter_drop(l);
}

static inline void studio_hear(struct studio *s)
{
    assert_true(mailbox_wait(s->box, STUDIO_WAIT_MS));
    mailbox_take(s->box, studio_hear_one, s, 64);
}
#define STUDIO_UNTIL(s, condition) \
    while (!(condition))           \
    studio_hear(s)

static inline int studio_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static inline void studio_stop(struct studio *s)
{
    rec_thread_stop(s->thread);
    s->thread = NULL;
    mailbox_take(s->box, studio_hear_one, s, 64);
}

static inline void studio_close(struct studio *s)
{
    studio_stop(s);
    mailbox_free(s->box);
    nftw(s->dir, studio_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A whole file of it; owned by the caller (free), with a NUL behind. NULL: there is none. */
static inline char *studio_read(const struct studio *s, const char *name, size_t *n)
{
    char path[200];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", s->dir, name);
    *n = 0;
    FILE *f = fopen(path, "rb");
    if (f == NULL || fstat(fileno(f), &st) != 0)
        return NULL;
    char *p = calloc(1, (size_t)st.st_size + 1);
    *n = fread(p, 1, (size_t)st.st_size, f);
    fclose(f);
    return p;
}

/* How many frames a finished file has. */
static inline unsigned studio_frames(const struct studio *s, const char *name)
{
    size_t n;
    char *p = studio_read(s, name, &n);
    if (p == NULL)
        fail_msg("there is no %s", name);
    struct mkv_file f = mkv_read((const uint8_t *)p, n);
    assert_null(f.wrong);
    assert_false(f.cut);
    unsigned frames = f.n;
    free(f.blocks);
    free(p);
    return frames;
}

#endif
