#include "app/recorder.h"

#include <pthread.h>
#include <stdio.h>

#include "app/sfu_letter.h"
#include "app/worker.h"
#include "base/mem.h"
#include "edge/rec/rec_thread.h"
#include "io/listen.h"
#include "io/mailbox.h"

enum { RESERVE = 64 << 20, PATH_CAP = 4096 + 16 };

struct recorder {
    struct rec_thread *thread;
    struct mailbox *control;
    pthread_mutex_t
        lock; /* guards workers: the recording thread reads them, the main thread sets them */
    struct worker *workers[LISTEN_WORKERS_MAX];
};

static bool deliver(void *ctx, struct rec_state *s)
{
    const struct recorder *r = ctx;
    return mailbox_post(r->control, &s->letter);
}

static void want_key(void *ctx, unsigned worker, uint64_t track, unsigned stream)
{
    struct recorder *r = ctx;
    struct media_sfu *m = sfu_letter(MEDIA_SFU_KEY, 0, 0, 1, STR_NONE);
    m->lines[0].track = track;
    m->lines[0].streams = stream;
    pthread_mutex_lock(&r->lock);
    bool posted = worker < LISTEN_WORKERS_MAX && r->workers[worker] != NULL &&
                  worker_post(r->workers[worker], &m->letter);
    pthread_mutex_unlock(&r->lock);
    if (!posted)
        letter_drop(&m->letter); /* it asks again in a second */
}

struct recorder *recorder_open(const struct recorder_conf *conf, char *err, size_t errlen)
{
    struct recorder *r = xcalloc(1, sizeof *r);
    char dir[PATH_CAP];
    snprintf(dir, sizeof dir, "%s/recordings", conf->data_dir);
    const struct rec_options o = {
        .disk = {.dir = dir, .quota = conf->quota, .reserve = RESERVE},
        .state_kind = MEDIA_REC_STATE,
        .deliver = deliver,
        .want_key = want_key,
        .ctx = r,
    };
    r->control = conf->control;
    pthread_mutex_init(&r->lock, NULL);
    r->thread = rec_thread_start(&o, err, errlen);
    if (r->thread != NULL)
        return r;
    recorder_close(r);
    return NULL;
}

struct rec_thread *recorder_thread(const struct recorder *r)
{
    return r->thread;
}

void recorder_worker(struct recorder *r, unsigned index, struct worker *w)
{
    pthread_mutex_lock(&r->lock);
    r->workers[index] = w;
    pthread_mutex_unlock(&r->lock);
}

void recorder_alone(struct recorder *r)
{
    for (unsigned i = 0; r != NULL && i < LISTEN_WORKERS_MAX; i++)
        recorder_worker(r, i, NULL);
}

bool recorder_name(struct recorder *r, uint64_t recording, uint64_t peer, struct str name)
{
    struct rec_order_letter *m = rec_order_letter_new(REC_NAME, recording, name);
    m->peer = peer;
    if (rec_thread_post(r->thread, &m->letter))
        return true;
    letter_drop(&m->letter);
    return false;
}

void recorder_close(struct recorder *r)
{
    if (r == NULL)
        return;
    rec_thread_stop(r->thread);
    pthread_mutex_destroy(&r->lock);
    xfree(r);
}
