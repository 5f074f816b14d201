#include "load.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

enum { PATIENCE_S = 60 };

int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double seconds(void)
{
    return (double)now_ns() / 1e9;
}

/* ---- reports: one JSON object per step ---- */

static void report(const char *step, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void report(const char *step, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("{\"step\":\"%s\",", step);
    vprintf(format, ap);
    printf("}\n");
    fflush(stdout);
    va_end(ap);
}

static void check(const struct load *l)
{
    if (l->errors > 0 || l->disorder > 0 || l->lost > 0)
        die("%llu errors, %llu out of order, %llu connections lost", (unsigned long long)l->errors,
            (unsigned long long)l->disorder, (unsigned long long)l->lost);
}

/* Handles events until *n has reached want. */
static void await(struct load *l, const uint64_t *n, uint64_t want, const char *what)
{
    double end = seconds() + PATIENCE_S;
    while (*n < want) {
        conn_poll(l, 100);
        if (seconds() > end)
            die("%s: %llu of %llu arrived", what, (unsigned long long)*n, (unsigned long long)want);
    }
    if (*n > want)
        die("%s: %llu arrived, %llu expected", what, (unsigned long long)*n,
            (unsigned long long)want);
}

static void idle(struct load *l, double for_s)
{
    for (double end = seconds() + for_s, t; (t = seconds()) < end;)
        conn_poll(l, (int)((end - t) * 1000) + 1);
}

/* ---- what the dialect calls ---- */

void load_joined(struct load *l, struct conn *c)
{
    (void)c;
    l->joined++;
    l->in_flight--;
}

void load_acked(struct load *l, struct conn *c, bool error)
{
    if (l->relaying || l->body != NULL) {
        l->desc_acks++;
        if (l->relaying && !error)
            dialect_desc(l, c);
        return;
    }
    l->chat_acks++;
    if (c->asked_ns != 0 && l->n_took < TOOK_MAX)
        l->took[l->n_took++] = now_ns() - c->asked_ns;
    c->asked_ns = 0;
    if (l->saturating && c->wants_chat)
        dialect_chat(l, c);
}

/* ---- steps ---- */

/* The order of coming: rooms in batches, in each of these member after member, so that a new one
 * always finds others in its room and none waits for a room that is not made yet. */
enum { BATCH = 8 };

static struct conn *nth(struct load *l, unsigned i)
{
    unsigned batch_rooms = BATCH, per = BATCH * l->room_size, first = i / per * BATCH;
    if (first + batch_rooms > l->n_rooms)
        batch_rooms = l->n_rooms - first;
    unsigned k = i % per;
    return &l->conns[(first + k % batch_rooms) * l->room_size + k / batch_rooms];
}

static uint64_t entered_in_all(const struct load *l)
{
    return l->stay ? 0 : (uint64_t)l->n_rooms * l->room_size * (l->room_size - 1) / 2;
}

static void step_join(struct load *l)
{
    double cpu = server_cpu(l), t = seconds();
    uint64_t entered = l->entered + entered_in_all(l), joined = l->joined + l->clients;
    double end = t + PATIENCE_S;
    for (unsigned i = 0; i < l->clients;) {
        while (i < l->clients && l->in_flight < l->window) {
            struct conn *c = nth(l, i);
            if (c->member > 0 && !l->rooms[c->room].ready)
                break;
            conn_open(l, c);
            i++;
        }
        conn_poll(l, 100);
        if (seconds() > end)
            die("%llu of %u have joined", (unsigned long long)l->joined, l->clients);
    }
    await(l, &l->joined, joined, "joins");
    await(l, &l->entered, entered, "notices of entering");
    cpu = server_cpu(l) - cpu;
    check(l);
    report("join", "\"clients\":%u,\"seconds\":%.3f,\"cpu_us\":%.2f,\"notices\":%llu", l->clients,
           seconds() - t, cpu / l->clients, (unsigned long long)l->entered);
}

static int by_size(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

/* The value at p of what the acks of this step took, in us; sorted here. */
static double took_us(struct load *l, double p)
{
    qsort(l->took, l->n_took, sizeof *l->took, by_size);
    return l->n_took > 0 ? (double)l->took[(size_t)(p * (double)(l->n_took - 1))] / 1e3 : 0;
}

static void chat_report(struct load *l, const char *step, uint64_t chats, uint64_t acks, double cpu,
                        double t)
{
    uint64_t n = l->chats - chats;
    cpu = server_cpu(l) - cpu;
    t = seconds() - t;
    check(l);
    report(step,
           "\"deliveries\":%llu,\"acks\":%llu,\"per_second\":%.0f,\"acks_per_second\":%.0f,"
           "\"cpu_us\":%.3f,\"p50_us\":%.0f,\"p99_us\":%.0f",
           (unsigned long long)n, (unsigned long long)(l->chat_acks - acks), (double)n / t,
           (double)(l->chat_acks - acks) / t, cpu / (double)n, took_us(l, 0.5), took_us(l, 0.99));
}

/* rate deliveries a second, one chat after the other, rooms and members in turn. */
static void step_chat(struct load *l, double rate, double for_s)
{
    double cpu = server_cpu(l), t = seconds(), every = l->room_size / rate;
    uint64_t chats = l->chats, acks = l->chat_acks, sent = 0, want;
    l->n_took = 0;
    want = (uint64_t)(for_s / every);
    while (sent < want) {
        double now = seconds() - t;
        while (sent < want && (double)sent * every <= now) {
            unsigned room = (unsigned)(sent % l->n_rooms);
            unsigned member = (unsigned)(sent / l->n_rooms % l->room_size);
            dialect_chat(l, &l->conns[room * l->room_size + member]);
            sent++;
        }
        double left = (double)sent * every - (seconds() - t);
        conn_poll(l, left > 0 ? (int)(left * 1000 + 0.5) : 0);
    }
    await(l, &l->chats, chats + want * l->room_size, "chat messages");
    await(l, &l->chat_acks, acks + want, "acks of chat messages");
    chat_report(l, "chat", chats, acks, cpu, t);
}

static void step_saturate(struct load *l, unsigned under_way, double for_s)
{
    double cpu = server_cpu(l), t = seconds();
    uint64_t chats = l->chats, acks = l->chat_acks, sent = 0;
    l->n_took = 0;
    for (unsigned i = 0; i < l->clients; i++)
        sent -= (uint64_t)l->conns[i].next_id;
    l->saturating = true;
    for (unsigned i = 0; i < l->clients; i++) {
        l->conns[i].wants_chat = l->conns[i].member < under_way;
        if (l->conns[i].wants_chat)
            dialect_chat(l, &l->conns[i]);
    }
    while (seconds() - t < for_s)
        conn_poll(l, 10);
    l->saturating = false;
    for (unsigned i = 0; i < l->clients; i++)
        sent += (uint64_t)l->conns[i].next_id;
    await(l, &l->chat_acks, acks + sent, "acks of chat messages");
    await(l, &l->chats, chats + sent * l->room_size, "chat messages");
    chat_report(l, "saturate", chats, acks, cpu, t);
}

static void make_body(struct load *l)
{
    size_t n = 0, size = 2500;
    char *p = malloc(size + 64);
    if (p == NULL)
        die("out of memory");
    n += (size_t)sprintf(p, "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
                            "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n");
    for (int i = 0; n + 50 < size; i++)
        n += (size_t)sprintf(p + n, "a=rtpmap:%d codec-%d/90000/%08d\r\n", 96 + i % 30, i, i);
    while (n < size - 2)
        p[n++] = 'x';
    snprintf(p + n, 3, "\r\n");
    l->body = p;
}

/* Each client has one description under way to its neighbour. */
static void step_relay(struct load *l, double for_s)
{
    double cpu = server_cpu(l), t = seconds();
    uint64_t sent = 0, descs = l->descs, acks = l->desc_acks;
    make_body(l);
    l->relaying = true;
    for (unsigned i = 0; i < l->clients; i++)
        sent -= (uint64_t)l->conns[i].next_id;
    for (unsigned i = 0; i < l->clients; i++)
        dialect_desc(l, &l->conns[i]);
    while (seconds() - t < for_s)
        conn_poll(l, 10);
    l->relaying = false;
    for (unsigned i = 0; i < l->clients; i++)
        sent += (uint64_t)l->conns[i].next_id;
    await(l, &l->descs, descs + sent, "descriptions");
    await(l, &l->desc_acks, acks + sent, "acks of descriptions");
    cpu = server_cpu(l) - cpu;
    free(l->body);
    l->body = NULL;
    check(l);
    report("relay", "\"relayed\":%llu,\"per_second\":%.0f,\"cpu_us\":%.3f",
           (unsigned long long)sent, (double)sent / (seconds() - t), cpu / (double)sent);
}

static void step_say(struct load *l, unsigned each)
{
    for (unsigned k = 0; k < each; k++) {
        uint64_t chats = l->chats;
        for (unsigned i = 0; i < l->clients; i++) {
            dialect_chat(l, &l->conns[i]);
            if (i % 256 == 255)
                conn_poll(l, 0);
        }
        await(l, &l->chats, chats + (uint64_t)l->clients * l->room_size, "chat messages");
    }
    check(l);
    report("say", "\"each\":%u,\"chats\":%llu", each, (unsigned long long)l->chats);
}

/* All connections are cut and come back by a resume. */
static void step_resume(struct load *l)
{
    uint64_t resumed = l->resumed;
    for (unsigned i = 0; i < l->clients; i++)
        conn_close(l, &l->conns[i]);
    idle(l, 0.5);
    for (unsigned i = 0; i < l->clients;) {
        while (i < l->clients && l->in_flight < l->window) {
            l->conns[i].resumes = true;
            conn_open(l, &l->conns[i++]);
        }
        conn_poll(l, 100);
    }
    await(l, &l->resumed, resumed + l->clients, "resumes");
    idle(l, 1);
    check(l);
    report("resume", "\"resumed\":%llu", (unsigned long long)(l->resumed - resumed));
}

/* All say goodbye, one room after the other, the first members first. */
static void step_leave(struct load *l)
{
    uint64_t left = l->left, closed = l->closed + l->clients;
    double cpu = server_cpu(l), end = seconds() + PATIENCE_S;
    for (unsigned i = 0; i < l->clients; i++) {
        struct conn *c = &l->conns[i];
        dialect_bye(l, c);
        c->state = CONN_CLOSING;
        if (i % 64 == 63)
            conn_poll(l, 0);
    }
    while (l->closed < closed && seconds() < end)
        conn_poll(l, 100);
    if (l->closed < closed)
        die("%llu connections were not closed after bye", (unsigned long long)(closed - l->closed));
    cpu = server_cpu(l) - cpu;
    for (unsigned i = 0; i < l->clients; i++) {
        struct conn *c = &l->conns[i];
        struct conn fresh = {.fd = -1, .index = c->index, .room = c->room, .member = c->member};
        *c = fresh;
    }
    for (unsigned i = 0; i < l->n_rooms; i++) {
        l->rooms[i].joined = 0;
        if (l->dialect == DIALECT_MADANG)
            l->rooms[i].ready = false;
    }
    check(l);
    report("leave", "\"left\":%llu,\"cpu_us\":%.2f", (unsigned long long)(l->left - left),
           cpu / l->clients);
}

/* Rooms fill and empty again, at `rate` clients a second, with a chat in each: for memory that grows. */
static void step_churn(struct load *l, double rate, double for_s)
{
    double t = seconds();
    uint64_t rounds = 0;
    while (seconds() - t < for_s) {
        double next = t + (double)(rounds + 1) * l->clients / rate;
        uint64_t joined = l->joined + l->clients, entered = l->entered + entered_in_all(l);
        for (unsigned i = 0; i < l->clients; i++) {
            struct conn *c = nth(l, i);
            while (c->member > 0 && !l->rooms[c->room].ready)
                conn_poll(l, 10);
            conn_open(l, c);
            conn_poll(l, (int)(500 / rate));
        }
        await(l, &l->joined, joined, "joins");
        await(l, &l->entered, entered, "notices of entering");
        step_say(l, 3);
        step_leave(l);
        rounds++;
        report("round", "\"n\":%llu,\"rss_kb\":%.0f", (unsigned long long)rounds, server_rss_kb(l));
        if (next > seconds())
            idle(l, next - seconds());
    }
    report("churn", "\"rounds\":%llu,\"clients\":%llu", (unsigned long long)rounds,
           (unsigned long long)(rounds * l->clients));
}

/* ---- the command line ---- */

static const char usage[] =
    "usage: load [--dialect madang|ws|sio] [--port N] [--tls] [--pid N] [--clients N]\n"
    "            [--room-size N] [--window N] [--late-hello] [--stay] STEP...\n"
    "       load start PORT plain|tls COMMAND...\n"
    "steps: join leave resume rss sleep:SECONDS say:EACH chat:RATE:SECONDS\n"
    "       saturate:UNDER_WAY:SECONDS relay:SECONDS churn:RATE:SECONDS\n";

static void play(struct load *l, const char *step)
{
    char *end = NULL;
    const char *colon = strchr(step, ':');
    double a = colon != NULL ? strtod(colon + 1, &end) : 0;
    double b = end != NULL && *end == ':' ? strtod(end + 1, NULL) : 0;
    size_t n = colon != NULL ? (size_t)(colon - step) : strlen(step);
#define IS(name) (n == sizeof(name) - 1 && memcmp(step, name, n) == 0)
    if (IS("join"))
        step_join(l);
    else if (IS("leave"))
        step_leave(l);
    else if (IS("resume"))
        step_resume(l);
    else if (IS("rss"))
        report("rss", "\"kb\":%.0f", server_rss_kb(l));
    else if (IS("sleep"))
        idle(l, a);
    else if (IS("say"))
        step_say(l, (unsigned)a);
    else if (IS("chat"))
        step_chat(l, a, b);
    else if (IS("saturate"))
        step_saturate(l, (unsigned)a, b);
    else if (IS("relay"))
        step_relay(l, a);
    else if (IS("churn"))
        step_churn(l, a, b);
    else
        die("unknown step %s\n%s", step, usage);
#undef IS
}

static void set_up(struct load *l)
{
    l->n_rooms = l->clients / l->room_size;
    if (l->n_rooms == 0 || l->n_rooms * l->room_size != l->clients || l->room_size % 2 != 0)
        die("the number of clients must be a multiple of an even room size");
    l->conns = calloc(l->clients, sizeof *l->conns);
    l->rooms = calloc(l->n_rooms, sizeof *l->rooms);
    l->dirty = calloc(l->clients, sizeof *l->dirty);
    l->took = calloc(TOOK_MAX, sizeof *l->took);
    l->epfd = epoll_create1(EPOLL_CLOEXEC);
    if (l->conns == NULL || l->rooms == NULL || l->dirty == NULL ||
        l->took == NULL || l->epfd < 0)
        die("out of memory");
    for (unsigned i = 0; i < l->clients; i++) {
        l->conns[i].fd = -1;
        l->conns[i].index = i;
        l->conns[i].room = i / l->room_size;
        l->conns[i].member = i % l->room_size;
    }
    for (unsigned i = 0; i < l->n_rooms; i++) {
        l->rooms[i].ready = l->dialect != DIALECT_MADANG;
        snprintf(l->rooms[i].id, sizeof l->rooms[i].id, "room%09u", i);
    }
    memset(l->text, 'm', 60); /* a sentence */
    l->text[60] = '\0';
    if (l->tls) {
        l->ctx = SSL_CTX_new(TLS_client_method());
        if (l->ctx == NULL)
            die("TLS could not be set up");
        SSL_CTX_set_session_cache_mode(l->ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_mode(l->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                     SSL_MODE_RELEASE_BUFFERS);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"dialect", 1, NULL, 'd'}, {"port", 1, NULL, 'p'},       {"tls", 0, NULL, 't'},
        {"pid", 1, NULL, 'i'},     {"clients", 1, NULL, 'c'},    {"room-size", 1, NULL, 'r'},
        {"window", 1, NULL, 'w'},  {"late-hello", 0, NULL, 'l'}, {"stay", 0, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    struct load l = {.port = 8443, .clients = 100, .room_size = 10, .window = 64, .early = true};
    int o;
    if (argc > 4 && strcmp(argv[1], "start") == 0)
        return load_start(argc - 2, argv + 2);
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case 'd':
            l.dialect = strcmp(optarg, "ws") == 0    ? DIALECT_WS
                        : strcmp(optarg, "sio") == 0 ? DIALECT_SIO
                                                     : DIALECT_MADANG;
            break;
        case 'p': l.port = (int)strtol(optarg, NULL, 10); break;
        case 't': l.tls = true; break;
        case 'l': l.early = false; break;
        case 's': l.stay = true; break;
        case 'i': l.pid = (pid_t)strtol(optarg, NULL, 10); break;
        case 'c': l.clients = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'r': l.room_size = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'w': l.window = (unsigned)strtoul(optarg, NULL, 10); break;
        default: die("%s", usage);
        }
    }
    if (optind == argc)
        die("%s", usage);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
    set_up(&l);
    for (; optind < argc; optind++)
        play(&l, argv[optind]);
    return 0;
}
