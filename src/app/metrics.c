#include "app/metrics.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "app/exchange.h"
#include "app/sfu_metrics.h"
#include "app/turn_metrics.h"
#include "app/recorder.h"
#include "app/worker.h"
#include "base/mem.h"
#include "base/util.h"
#include "base/version.h"
#include "edge/rec/rec_thread.h"
#include "edge/store/disk.h"
#include "edge/store/db.h"
#include "edge/store/store.h"
#include "edge/web/wire_out.h"

enum { WORKERS_MAX = 64 };

/* The gauges, and what other structs than struct counts have counted. */
static void refresh(const struct metrics_sources *src)
{
    struct counts *c = src->counts;
    const struct hub_counts *hub = hub_counts(exchange_hub(src->exchange));
    struct domain_counts domain;
    uint64_t commands = 0, errors = 0;
    domain_count(exchange_domain(src->exchange), &domain);
    for (unsigned i = 0; i < CMD_WIRE_COUNT; i++) {
        commands += hub->commands[i];
    }
    for (unsigned i = 0; i < CODE_COUNT; i++) {
        errors += hub->errors[i];
    }
    count_set(c, COUNT_CONNS, src->connections);
    count_set(c, COUNT_SESSIONS, domain.sessions);
    count_set(c, COUNT_SESSIONS_LOST, domain.away);
    count_set(c, COUNT_SESSIONS_NEW, hub->opened);
    count_set(c, COUNT_SESSIONS_RESUMED, hub->resumed);
    count_set(c, COUNT_SESSIONS_UNKNOWN, hub->errors[CODE_SESSION_UNKNOWN]);
    count_set(c, COUNT_SESSIONS_EXPIRED, hub->ended[ENDED_GONE]);
    count_set(c, COUNT_ROOMS, domain.rooms);
    count_set(c, COUNT_PARTICIPANTS, domain.participants);
    count_set(c, COUNT_MESSAGES_IN, commands);
    count_set(c, COUNT_MESSAGES_OUT, hub->frames_out);
    count_set(c, COUNT_ERRORS_OUT, errors);
    count_set(c, COUNT_PASSWORD_QUEUE, src->passwords_waiting);
    count_set(c, COUNT_DROP_REPLAY_FULL, hub->overflow);
    count_set(c, COUNT_DROP_RECORD_PAUSED, src->rec_dropped);
}

static void put_help(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_putf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_number(struct buf *b, const char *name, const char *type, const char *help,
                       uint64_t v)
{
    put_help(b, name, type, help);
    buf_putf(b, "%s %" PRIu64 "\n", name, v);
}

static void put_people(struct buf *b, const struct domain *d)
{
    struct domain_counts n;
    domain_count(d, &n);
    put_number(b, "madang_people_here", "gauge",
               "People with accounts who have a session, or had one seconds ago", n.people_here);
    put_number(b, "madang_people_pairs", "gauge", "Who watches whose presence: pairs",
               n.people_pairs);
    put_number(b, "madang_rooms_public", "gauge", "Rooms in the live list", n.public_rooms);
    put_number(b, "madang_rooms_watchers", "gauge", "Sessions that watch the live list",
               n.watchers);
    put_number(b, "madang_uploads", "gauge", "Uploads under way", n.uploads);
    put_number(b, "madang_asks", "gauge",
               "Requests that wait for the database, a password or the disk", n.asks);
}

static void put_hub(struct buf *b, const struct hub_counts *hub)
{
    put_help(b, "madang_commands_total", "counter", "Requests taken, by type");
    for (unsigned i = CMD_NONE + 1; i < CMD_COUNT; i++) {
        buf_putf(b, "madang_commands_total{type=\"%s\"} %" PRIu64 "\n", cmd_text(i),
                 hub->commands[i]);
    }
    put_help(b, "madang_error_answers_total", "counter", "Errors answered, by code");
    for (unsigned i = CODE_NONE + 1; i < CODE_COUNT; i++) {
        buf_putf(b, "madang_error_answers_total{code=\"%s\"} %" PRIu64 "\n", errcode_text(i),
                 hub->errors[i]);
    }
    put_help(b, "madang_requests_repeated_total", "counter", "Requests that had been done before");
    buf_putf(b, "madang_requests_repeated_total %" PRIu64 "\n", hub->repeated);
    put_help(b, "madang_requests_held_total", "counter",
             "Requests that overtook others and waited for them");
    buf_putf(b, "madang_requests_held_total %" PRIu64 "\n", hub->held);
}

/* Pages of this process in memory (proc(5), statm). */
static uint64_t resident_bytes(void)
{
    char text[64] = "";
    FILE *f = fopen("/proc/self/statm", "re");
    struct str size, rest, resident;
    uint64_t pages = 0;
    if (!f) {
        return 0;
    }
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    if (str_split_once(str_of(text, n), ' ', &size, &rest)) {
        str_split_once(rest, ' ', &resident, &rest);
        str_to_u64(resident, UINT64_MAX, &pages);
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void put_process(struct buf *b)
{
    put_help(b, "process_resident_memory_bytes", "gauge", "Memory of the process");
    buf_putf(b, "process_resident_memory_bytes %" PRIu64 "\n", resident_bytes());
    put_help(b, "madang_heap_bytes", "gauge", "Memory that was allocated and not freed");
    buf_putf(b, "madang_heap_bytes %zu\n", mallinfo2().uordblks);
    put_help(b, "madang_build_info", "gauge", "1, with the version as a label");
    buf_putf(b, "madang_build_info{version=\"%s\",compiler=\"%s\"} 1\n", madang_version(),
             madang_compiler());
}

static void put_turn(struct buf *b, const struct metrics_sources *src)
{
    struct turn_stats sum = {0};
    for (unsigned i = 0; i < src->n_workers; i++) {
        worker_turn_stats(src->workers[i], &sum);
    }
    if (src->relays) {
        turn_metrics_write(b, &sum);
    }
}

/* Those of all workers. */
static void put_rooms(struct buf *b, const struct metrics_sources *src)
{
    unsigned max = src->n_workers * src->rooms, n = 0;
    struct sfu_room_stats *rooms = xcalloc(MAX_OF(max, 1u), sizeof *rooms);
    for (unsigned i = 0; i < src->n_workers; i++)
        n += worker_sfu_rooms(src->workers[i], rooms + n, max - n);
    sfu_metrics_rooms(b, rooms, n);
    xfree(rooms);
}

/* One of a single CPU: a worker that has little more to give stands near 1 a second. */
static void put_workers(struct buf *b, const struct metrics_sources *src)
{
    struct sfu_stats sum = {0};
    put_help(b, "madang_worker_cpu_seconds_total", "counter", "CPU time of each media worker");
    for (unsigned i = 0; i < src->n_workers; i++) {
        buf_putf(b, "madang_worker_cpu_seconds_total{worker=\"%u\"} %.3f\n", i,
                 (double)worker_cpu_us(src->workers[i]) / 1e6);
        worker_sfu_stats(src->workers[i], &sum);
    }
    if (src->groups) {
        sfu_metrics_write(b, &sum);
        put_rooms(b, src);
    }
}

static void put_store(struct buf *b, struct store *store)
{
    struct store_stats s;
    if (!store) {
        return;
    }
    store_stats(store, &s);
    put_help(b, "madang_store_queue", "gauge", "Requests that wait for the database");
    buf_putf(b, "madang_store_queue{thread=\"writer\"} %u\n", s.waiting[STORE_WRITER]);
    buf_putf(b, "madang_store_queue{thread=\"reader\"} %u\n", s.waiting[STORE_READER]);
    put_help(b, "madang_store_answers_total", "counter", "Answers of the database, by status");
    for (unsigned i = 0; i < DB_STATUSES; i++) {
        buf_putf(b, "madang_store_answers_total{status=\"%s\"} %" PRIu64 "\n",
                 db_status_name((enum db_status)i), s.answers[i]);
    }
    put_number(b, "madang_store_refused_total", "counter",
               "Requests that found the queue of the database full", s.refused);
    put_number(b, "madang_store_committed_total", "counter", "Requests in groups that were kept",
               s.committed);
    put_number(b, "madang_store_group_max", "gauge", "Requests of the biggest group", s.group_max);
    put_number(b, "madang_store_checkpoints_total", "counter",
               "Times that the write-ahead log was copied", s.checkpoints);
    put_number(b, "madang_store_wal_pages", "gauge", "Pages in the write-ahead log", s.wal_pages);
    put_number(b, "madang_store_outside_total", "counter",
               "Times that another process has changed the database", s.outside);
    hist_print(b, "madang_store_commit_seconds", "Time of one commit, which is the disk's",
               &s.commit, 1);
}

static void put_files(struct buf *b, struct disk_thread *disk)
{
    static const char *const names[DISK_STATUSES] = {"ok", "missing", "full", "busy", "failed"};
    struct disk_stats s;
    if (!disk) {
        return;
    }
    disk_stats(disk, &s);
    put_number(b, "madang_files_bytes", "gauge", "Bytes of pictures and files", s.bytes);
    put_number(b, "madang_files_bytes_max", "gauge", "And how many there may be", s.bytes_max);
    put_number(b, "madang_disk_queue", "gauge", "Requests that wait for the disk thread",
               s.waiting);
    put_help(b, "madang_disk_answers_total", "counter", "Answers of the disk thread, by status");
    for (unsigned i = 0; i < DISK_STATUSES; i++) {
        buf_putf(b, "madang_disk_answers_total{status=\"%s\"} %" PRIu64 "\n", names[i],
                 s.answers[i]);
    }
    put_number(b, "madang_disk_refused_total", "counter",
               "Requests that found the disk thread's queue full", s.refused);
}

static void put_recordings(struct buf *b, const struct recorder *recorder)
{
    struct rec_thread_stats s;
    if (!recorder) {
        return;
    }
    rec_thread_stats(recorder_thread(recorder), &s);
    put_number(b, "madang_recordings", "gauge", "Groups that are being recorded", s.recording);
    put_number(b, "madang_recordings_bytes", "gauge", "Bytes of all recordings", s.bytes);
    put_number(b, "madang_recordings_refused_total", "counter",
               "Letters that found the recording thread's queue full", s.refused);
}

void metrics_write(struct buf *out, const struct metrics_sources *src)
{
    const struct counts *threads[1 + WORKERS_MAX] = {src->counts};
    size_t n = 1;
    for (unsigned i = 0; i < src->n_workers && i < WORKERS_MAX; i++) {
        threads[n++] = worker_counts(src->workers[i]);
    }
    refresh(src);
    count_print(out, threads, n);
    put_hub(out, hub_counts(exchange_hub(src->exchange)));
    put_people(out, exchange_domain(src->exchange));
    put_turn(out, src);
    put_workers(out, src);
    put_store(out, src->store);
    put_recordings(out, src->recorder);
    put_files(out, src->disk);
    put_process(out);
}
