/* The real files of edge/store/disk.h in a folder of the test's, without a thread: for fixtures that play it. A
 * request is done at once, the answer waits until it is asked for, since it must not come from within the call. */
#ifndef MADANG_TESTS_DISK_INLINE_H
#define MADANG_TESTS_DISK_INLINE_H

#include <ftw.h>

#include "base/list.h"
#include "base/mem.h"
#include "edge/store/disk.h"

struct disk_inline_answer {
    struct list link;
    struct disk_answer answer;
    uint8_t bytes[DISK_PIECE_MAX];
};

struct disk_inline {
    struct disk *disk; /* opened by the first request */
    char dir[64];
    struct list answers;
    unsigned waiting, asked;
    enum disk_status fail; /* not DISK_OK: what every request is answered, without being done */
    bool refuse;           /* the queue is full */
    bool hold;             /* answers wait */
};

static inline struct disk *disk_inline_open(struct disk_inline *in)
{
    char why[512];
    if (!in->disk) {
        list_init(&in->answers);
        snprintf(in->dir, sizeof in->dir, "/tmp/madang-files-XXXXXX");
        assert_non_null(mkdtemp(in->dir));
        in->disk = disk_open(&(struct disk_conf){.dir = in->dir}, why, sizeof why);
        if (!in->disk)
            fail_msg("%s", why);
    }
    return in->disk;
}

static inline bool disk_inline_ask(struct disk_inline *in, const struct disk_request *rq)
{
    disk_inline_open(in);
    in->asked++;
    if (in->refuse)
        return false;
    struct disk_inline_answer *a = xcalloc(1, sizeof *a);
    if (in->fail == DISK_OK)
        disk_do(in->disk, rq, a->bytes, &a->answer);
    else
        a->answer = (struct disk_answer){rq->op, rq->owner, rq->number, in->fail, 0, STR_NONE};
    list_push_back(&in->answers, &a->link);
    in->waiting++;
    return true;
}

static inline void disk_inline_answer(struct disk_inline *in,
                                      void (*give)(void *ctx, const struct disk_answer *answer),
                                      void *ctx)
{
    while (in->waiting > 0 && !in->hold) {
        struct disk_inline_answer *a =
            container_of(list_pop_front(&in->answers), struct disk_inline_answer, link);
        in->waiting--;
        give(ctx, &a->answer);
        xfree(a);
    }
}

static inline void disk_inline_drop(void *ctx, const struct disk_answer *answer)
{
    (void)ctx;
    (void)answer;
}

static inline int disk_inline_remove(const char *path, const struct stat *st, int kind,
                                     struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void disk_inline_free(struct disk_inline *in)
{
    in->hold = false;
    disk_inline_answer(in, disk_inline_drop, NULL);
    if (in->disk)
        nftw(in->dir, disk_inline_remove, 8, FTW_DEPTH | FTW_PHYS);
    disk_close(in->disk);
    in->disk = NULL;
}

/* A file with this text; one of NULL removes it. */
static inline void disk_inline_put_str(struct disk_inline *in, struct disk_name name,
                                       struct str text)
{
    uint8_t none[1];
    struct disk_answer a;
    struct disk_request rq = {.op = DISK_UNLINK, .name = name};
    disk_do(disk_inline_open(in), &rq, none, &a);
    rq.op = DISK_WRITE;
    rq.data = text;
    if (text.p)
        disk_do(in->disk, &rq, none, &a);
    assert_int_equal(a.status, DISK_OK);
}

static inline void disk_inline_put(struct disk_inline *in, struct disk_name name, const char *text)
{
    disk_inline_put_str(in, name, str_from(text));
}

#endif
