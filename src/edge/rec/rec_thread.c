#include "edge/rec/rec_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "io/mailbox.h"
#include "media/recording.h"

enum {
    QUEUE = 512,
    MAX_RECORDINGS = 64,
    IDLE_MS = -1, /* until a letter comes */
    BUSY_MS = 100,
    TICK_US = 250000,
    FLUSH_US = 1000000,
    TELL_US = 5000000,
    MANIFEST_US = 2000000,
    MANIFEST_MAX = 4 << 20,
    LETTERS = 64 /* between two looks at the clock */
};

/* One that goes on. */
struct job {
    struct list link;
    struct rec_thread *thread;
    uint64_t id, room;
    unsigned worker;
    struct recording *recording;
    struct rec_folder *folder;
    int64_t begun_us, flushed_us, told_us, manifest_us;
};

struct rec_thread {
    pthread_t thread;
    struct rec_options options;
    struct rec_disk *disk;
    struct mailbox *box;
    _Atomic bool stopping;
    _Atomic unsigned n_jobs;
    struct list jobs;
    int64_t now_us, ticked_us;
};

/* ---- Letters ---- */

static void drop_order(struct letter *l)
{
    xfree(container_of(l, struct rec_order_letter, letter));
}

struct rec_order_letter *rec_order_letter_new(enum rec_letter_kind kind, uint64_t recording,
                                              struct str text)
{
    struct rec_order_letter *m = xcalloc(1, sizeof *m + text.n);
    m->letter = (struct letter){.kind = kind, .drop = drop_order};
    m->recording = recording;
    m->text_n = (uint32_t)text.n;
    if (text.n > 0)
        memcpy(m->text, text.p, text.n);
    return m;
}

static void drop_batch(struct letter *l)
{
    xfree(container_of(l, struct rec_batch, letter));
}

struct rec_batch *rec_batch_new(uint64_t recording)
{
    struct rec_batch *b = xmalloc(sizeof *b + REC_BATCH_BYTES);
    *b = (struct rec_batch){.letter = {.kind = REC_PACKETS, .drop = drop_batch},
                            .recording = recording};
    return b;
}

static void drop_state(struct letter *l)
{
    xfree(container_of(l, struct rec_state, letter));
}

static void tell(struct rec_thread *t, const struct rec_state *what)
{
    const struct timespec moment = {.tv_nsec = 2 * 1000 * 1000};
    struct rec_state *s = xmalloc(sizeof *s);
    *s = *what;
    s->letter = (struct letter){.kind = t->options.state_kind, .drop = drop_state};
    while (!t->options.deliver(t->options.ctx, s)) {
        if (!what->ended || atomic_load(&t->stopping)) {
            letter_drop(&s->letter);
            return;
        }
        nanosleep(&moment, NULL);
    }
}

/* ---- Recordings ---- */

static struct job *find(struct rec_thread *t, uint64_t id)
{
    for (struct list *l = t->jobs.next; l != &t->jobs; l = l->next) {
        struct job *j = container_of(l, struct job, link);
        if (j->id == id)
            return j;
    }
    return NULL;
}

static void write_manifest(struct job *j)
{
    struct buf text;
    buf_init(&text, MANIFEST_MAX);
    recording_manifest(j->recording, &text, j->thread->now_us);
    if (!text.failed)
        rec_folder_manifest(j->folder, buf_str(&text));
    buf_free(&text);
    j->manifest_us = j->thread->now_us;
}

static void tell_job(const struct job *j, bool ended, enum rec_end why)
{
    struct recording_stats s = recording_stats(j->recording);
    tell(j->thread, &(struct rec_state){.recording = j->id,
                                        .room = j->room,
                                        .ended = ended,
                                        .end = why,
                                        .bytes = s.bytes,
                                        .dropped = s.dropped,
                                        .duration_us = j->thread->now_us - j->begun_us});
}

static void end_job(struct job *j, enum rec_end why)
{
    struct rec_thread *t = j->thread;
    struct recording_stats s;
    recording_end(j->recording, t->now_us, why);
    write_manifest(j);
    /* What was full a moment ago may be so still: the reason stays the first one. */
    s = recording_stats(j->recording);
    rec_folder_close(j->folder);
    log_info("rec", NULL,
             "recording %016llx ended (%s): %u tracks, %llu bytes, %llu packets lost, %llu dropped",
             (unsigned long long)j->id, rec_end_name(why), s.tracks, (unsigned long long)s.bytes,
             (unsigned long long)s.lost, (unsigned long long)s.dropped);
    list_del(&j->link);
    atomic_fetch_sub(&t->n_jobs, 1);
    tell_job(j, true, why);
    recording_free(j->recording);
    xfree(j);
}

static void want_key(void *ctx, uint64_t track, unsigned stream)
{
    const struct job *j = ctx;
    j->thread->options.want_key(j->thread->options.ctx, j->worker, track, stream);
}

static int create(void *ctx, const char *name)
{
    return rec_folder_create(((struct job *)ctx)->folder, name);
}

static void append(void *ctx, int file, const void *p, size_t n)
{
    rec_folder_append(((struct job *)ctx)->folder, file, p, n);
}

static void rewrite(void *ctx, int file, uint64_t at, const void *p, size_t n)
{
    rec_folder_rewrite(((struct job *)ctx)->folder, file, at, p, n);
}

static void close_file(void *ctx, int file)
{
    rec_folder_close_file(((struct job *)ctx)->folder, file);
}

static void refuse(struct rec_thread *t, const struct rec_order_letter *m, enum rec_end why)
{
    log_warn("rec", NULL, "recording %016llx was refused: %s", (unsigned long long)m->recording,
             rec_end_name(why));
    tell(t, &(struct rec_state){
                .recording = m->recording, .room = m->room, .ended = true, .end = why});
}

static void start(struct rec_thread *t, const struct rec_order_letter *m)
{
    enum rec_end why = REC_REFUSED;
    bool may = find(t, m->recording) == NULL && atomic_load(&t->n_jobs) < t->options.max;
    struct rec_folder *folder = may ? rec_folder_open(t->disk, str_of(m->text, m->text_n), &why)
                                    : NULL;
    if (folder == NULL) {
        refuse(t, m, why);
        return;
    }
    struct job *j = xcalloc(1, sizeof *j);
    const struct rec_files files = {j, create, append, rewrite, close_file, want_key};
    const struct recording_conf conf = {
        .id = m->recording, .room = m->room, .wall_us = m->wall_us, .mono_us = m->mono_us};
    j->thread = t;
    j->id = m->recording;
    j->room = m->room;
    j->worker = m->worker;
    j->folder = folder;
    j->begun_us = m->mono_us;
    j->flushed_us = j->told_us = t->now_us;
    j->recording = recording_new(&conf, &files);
    list_push_back(&t->jobs, &j->link);
    atomic_fetch_add(&t->n_jobs, 1);
    write_manifest(j);
    tell_job(j, false, 0);
}

static void take_packets(struct rec_thread *t, const struct rec_batch *b)
{
    struct job *j = find(t, b->recording);
    if (j == NULL)
        return;
    recording_dropped(j->recording, b->dropped);
    for (size_t at = 0; at + sizeof(struct rec_head) <= b->len;) {
        const struct rec_head *h = (const struct rec_head *)(const void *)(b->bytes + at);
        size_t step = rec_batch_step(h->n);
        if (at + step > b->len)
            break;
        recording_packet(j->recording, h, b->bytes + at + sizeof *h);
        at += step;
    }
}

static void on_letter(void *ctx, struct letter *l)
{
    struct rec_thread *t = ctx;
    if (l->kind == REC_PACKETS) {
        take_packets(t, container_of(l, struct rec_batch, letter));
    } else {
        const struct rec_order_letter *m = container_of(l, struct rec_order_letter, letter);
        struct job *j = find(t, m->recording);
        if (m->letter.kind == REC_START)
            start(t, m);
        else if (m->letter.kind == REC_REFUSE)
            refuse(t, m, REC_REFUSED);
        else if (m->letter.kind == REC_STOP && j != NULL)
            end_job(j, REC_STOPPED);
        else if (m->letter.kind == REC_NAME && j != NULL)
            recording_name(j->recording, m->peer, str_of(m->text, m->text_n));
    }
    letter_drop(l);
}

/* ---- Time ---- */

static void tick(struct job *j)
{
    int64_t now = j->thread->now_us;
    recording_tick(j->recording, now);
    if (now - j->flushed_us >= FLUSH_US) {
        j->flushed_us = now;
        rec_folder_flush(j->folder);
    }
    if (rec_folder_trouble(j->folder) != REC_ENDS) {
        end_job(j, rec_folder_trouble(j->folder));
        return;
    }
    if (recording_changed(j->recording) && now - j->manifest_us >= MANIFEST_US)
        write_manifest(j);
    if (now - j->told_us >= TELL_US) {
        j->told_us = now;
        tell_job(j, false, 0);
    }
}

static void tick_all(struct rec_thread *t)
{
    struct list *next;
    t->now_us = clock_mono_us();
    if (t->now_us - t->ticked_us < TICK_US)
        return;
    t->ticked_us = t->now_us;
    for (struct list *l = t->jobs.next; l != &t->jobs; l = next) {
        next = l->next;
        tick(container_of(l, struct job, link));
    }
}

static void *run(void *arg)
{
    struct rec_thread *t = arg;
    pthread_setname_np(pthread_self(), "rec");
    while (!atomic_load(&t->stopping)) {
        mailbox_wait(t->box, list_empty(&t->jobs) ? IDLE_MS : BUSY_MS);
        t->now_us = clock_mono_us();
        mailbox_take(t->box, on_letter, t, LETTERS);
        tick_all(t);
    }
    /* What was posted before the end belongs to the recordings. */
    while (mailbox_take(t->box, on_letter, t, LETTERS) > 0) {
    }
    while (!list_empty(&t->jobs))
        end_job(container_of(list_first(&t->jobs), struct job, link), REC_SHUTDOWN);
    return NULL;
}

/* ---- Life ---- */

static void free_thread(struct rec_thread *t)
{
    mailbox_free(t->box);
    rec_disk_close(t->disk);
    xfree(t);
}

struct rec_thread *rec_thread_start(const struct rec_options *o, char *err, size_t errlen)
{
    struct rec_thread *t = xcalloc(1, sizeof *t);
    int e;
    t->options = *o;
    t->options.max = o->max > 0 ? o->max : MAX_RECORDINGS;
    list_init(&t->jobs);
    t->disk = rec_disk_open(&o->disk, err, errlen);
    if (t->disk == NULL) {
        xfree(t);
        return NULL;
    }
    t->box = mailbox_new("rec", o->queue > 0 ? o->queue : QUEUE);
    e = t->box == NULL ? errno : thread_start(&t->thread, run, t);
    if (e == 0)
        return t;
    snprintf(err, errlen, "The recording thread could not be started: %s.", strerror(e));
    free_thread(t);
    return NULL;
}

bool rec_thread_post(struct rec_thread *t, struct letter *l)
{
    return mailbox_post(t->box, l);
}

void rec_thread_stats(const struct rec_thread *t, struct rec_thread_stats *out)
{
    struct mailbox_stats box;
    mailbox_stats(t->box, &box);
    *out = (struct rec_thread_stats){
        .bytes = rec_disk_bytes(t->disk),
        .recording = atomic_load(&((struct rec_thread *)(uintptr_t)t)->n_jobs),
        .refused = box.refused};
}

void rec_thread_stop(struct rec_thread *t)
{
    if (t == NULL)
        return;
    atomic_store(&t->stopping, true);
    struct rec_order_letter *wake = rec_order_letter_new(REC_STOP, 0, STR_NONE);
    if (!mailbox_post(t->box, &wake->letter))
        letter_drop(&wake->letter); /* full: it is awake */
    pthread_join(t->thread, NULL);
    free_thread(t);
}
