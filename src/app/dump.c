#include "app/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/code.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "edge/store/db.h"
#include "edge/store/store.h"

enum { DUMP_MAX = 256 << 20 };

struct dump {
    struct buf *b;
    const char *comma;
};

static void put_string(struct buf *b, struct str s)
{
    buf_u8(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c == '"' || c == '\\') {
            buf_u8(b, '\\');
            buf_u8(b, c);
        } else if (c < 0x20) {
            buf_putf(b, "\\u%04x", c);
        } else {
            buf_u8(b, c);
        }
    }
    buf_u8(b, '"');
}

static void put_id(struct buf *b, const char *name, uint64_t id)
{
    char text[B32_SIZE];
    if (id == 0) {
        buf_putf(b, "\"%s\":null", name);
        return;
    }
    b32_encode(text, id);
    buf_putf(b, "\"%s\":\"%s\"", name, text);
}

static void put_bool(struct buf *b, const char *name, bool v)
{
    buf_putf(b, ",\"%s\":%s", name, v ? "true" : "false");
}

static void put_session(void *arg, const struct session_dump *s)
{
    struct dump *d = arg;
    buf_puts(d->b, d->comma);
    buf_u8(d->b, '{');
    put_id(d->b, "session", s->ref.id);
    buf_puts(d->b, ",\"name\":");
    put_string(d->b, s->name);
    buf_putf(d->b, ",\"state\":\"%s\",\"connection\":%" PRIu64 ",\"rooms\":%u", s->state, s->conn,
             s->rooms);
    put_bool(d->b, "watching", s->watching);
    buf_u8(d->b, '}');
    d->comma = ",";
}

static void put_people(struct buf *b, const struct person_view *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_puts(b, i ? ",{" : "{");
        put_id(b, "session", p[i].session);
        put_bool(b, "media", p[i].media);
        put_bool(b, "mic", p[i].mic);
        put_bool(b, "cam", p[i].cam);
        put_bool(b, "screen", p[i].screen);
        put_bool(b, "away", p[i].away);
        buf_u8(b, '}');
    }
}

static void put_room(void *arg, const struct room_dump *r)
{
    struct dump *d = arg;
    buf_puts(d->b, d->comma);
    buf_u8(d->b, '{');
    put_id(d->b, "room", r->view.id);
    buf_puts(d->b, ",\"title\":");
    put_string(d->b, r->view.title);
    buf_u8(d->b, ',');
    put_id(d->b, "owner", r->view.owner);
    buf_putf(d->b, ",\"count\":%u,\"capacity\":%u,\"version\":%u,\"media\":%u,\"bans\":%u",
             r->view.count, r->view.capacity, r->version, r->media, r->bans);
    put_bool(d->b, "public", r->view.is_public);
    put_bool(d->b, "password", r->view.password);
    put_bool(d->b, "locked", r->view.locked);
    buf_puts(d->b, ",\"people\":[");
    put_people(d->b, r->people, r->view.count);
    buf_puts(d->b, "]}");
    d->comma = ",";
}

static void put_queue(void *arg, const struct hub_session_dump *s)
{
    struct dump *d = arg;
    buf_puts(d->b, d->comma);
    buf_u8(d->b, '{');
    put_id(d->b, "session", s->session);
    buf_putf(d->b,
             ",\"last_id\":%" PRId64 ",\"waiting_requests\":%u,\"acked\":%" PRIu64
             ",\"sent\":%" PRIu64 ",\"last\":%" PRIu64 ",\"bytes\":%u}",
             s->last_id, s->held, s->out->acked, outbox_sent_seq(s->out), outbox_last_seq(s->out),
             s->out->bytes);
    d->comma = ",";
}

static void dump_write(struct buf *b, int64_t now_us, struct exchange *x)
{
    struct dump d = {b, ""};
    struct mem_store_counts store;
    buf_putf(b, "{\"version\":\"%s\",\"now_us\":%" PRId64 ",\"sessions\":[", madang_version(),
             now_us);
    domain_visit(exchange_domain(x), &(struct domain_visitor){.session = put_session}, &d);
    buf_puts(b, "],\"rooms\":[");
    d.comma = "";
    domain_visit(exchange_domain(x), &(struct domain_visitor){.room = put_room}, &d);
    buf_puts(b, "],\"queues\":[");
    d.comma = "";
    hub_visit(exchange_hub(x), put_queue, &d);
    mem_store_count(exchange_store(x), &store);
    buf_putf(b, "],\"store\":{\"rooms\":%zu,\"messages\":%zu,\"bytes\":%zu},\"web\":", store.rooms,
             store.messages, store.bytes);
    web_dump(exchange_web(x), now_us, b);
}

static void put_database(struct buf *b, struct store *store)
{
    struct store_stats s;
    if (!store) {
        buf_puts(b, ",\"database\":null");
        return;
    }
    store_stats(store, &s);
    buf_putf(b,
             ",\"database\":{\"writer_waiting\":%u,\"reader_waiting\":%u,\"refused\":%" PRIu64
             ",\"commits\":%" PRIu64 ",\"committed\":%" PRIu64 ",\"wal_pages\":%" PRIu64
             ",\"answers\":{",
             s.waiting[STORE_WRITER], s.waiting[STORE_READER], s.refused, s.commits, s.committed,
             s.wal_pages);
    for (unsigned i = 0; i < DB_STATUSES; i++) {
        buf_putf(b, "%s\"%s\":%" PRIu64, i ? "," : "", db_status_name((enum db_status)i),
                 s.answers[i]);
    }
    buf_puts(b, "}}");
}

/* ---- saving ---- */

struct saving {
    struct buf text;
    char *dir;
    char path[];
};

static int write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR) {
            continue;
        }
        if (w < 0) {
            return -1;
        }
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

static void *save(void *arg)
{
    struct saving *s = arg;
    mkdir(s->dir, 0700); /* a TURN server alone has made none */
    int fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && write_all(fd, buf_data(&s->text), buf_len(&s->text)) == 0;
    if (fd >= 0 && close(fd) != 0) {
        good = false;
    }
    if (good) {
        log_info("dump", NULL, "written to %s", s->path);
    } else {
        log_error("dump", NULL, "%s: %s", s->path, strerror(errno));
    }
    buf_free(&s->text);
    xfree(s->dir);
    xfree(s);
    return NULL;
}

static void dump_save(const char *dir, int64_t wall_ms, struct buf *b)
{
    size_t n = strlen(dir) + 40;
    struct saving *s = xmalloc(sizeof *s + n);
    pthread_attr_t attr;
    pthread_t thread;
    snprintf(s->path, n, "%s/dump-%" PRId64 ".json", dir, wall_ms);
    s->dir = str_dup(str_from(dir));
    s->text = *b;
    buf_init(b, 0);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, save, s) != 0) {
        log_error("dump", NULL, "no thread to write it with");
        buf_free(&s->text);
        xfree(s->dir);
        xfree(s);
    }
    pthread_attr_destroy(&attr);
}

/* ---- what workers add ---- */

void dump_begin(struct dump_job *j, int64_t now_us, struct exchange *x, struct store *store,
                unsigned workers)
{
    buf_init(&j->text, DUMP_MAX);
    dump_write(&j->text, now_us, x);
    put_database(&j->text, store);
    buf_puts(&j->text, ",\"workers\":[");
    j->waiting = workers;
    j->taken = 0;
    j->number++;
}

bool dump_take(struct dump_job *j, const struct media_dump *m)
{
    if (j->waiting == 0 || m->cookie != j->number) {
        return false; /* too late: it has been written without */
    }
    buf_putf(&j->text, "%s%s", j->taken++ ? "," : "", m->text ? m->text : "null");
    return --j->waiting == 0;
}

void dump_end(struct dump_job *j, const char *dir, int64_t wall_ms)
{
    j->waiting = 0;
    buf_puts(&j->text, "]}\n");
    if (j->text.failed) {
        log_error("dump", NULL, "more than %d bytes: not written", DUMP_MAX);
        buf_free(&j->text);
    } else {
        dump_save(dir, wall_ms, &j->text);
    }
}
