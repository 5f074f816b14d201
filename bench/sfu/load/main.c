/* Plays one meeting through an SFU and prints what it cost, as one line of JSON.
 *
 * sfu_load (--plain|--janus PATH | --floor IP:PORT) --bind IP --pid PID --publishers N [--viewers N] [--meeting]
 *          [--together] [--twcc] [--fps-percent N] [--warm S] [--seconds S] [--spacing S] [--blind N]
 *
 * --meeting: publishers see each other; --together: by the same connection. --twcc: with RTX, too. --spacing:
 * between two who come to view. --blind: clients beyond that many open nothing. */
#include <arpa/inet.h>
#include <errno.h>
#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "sfu_load.h"

enum { REPORT_US = 1000000, FEEDBACK_US = 50000, EVENTS = 1024, NAP_NS = 500000 };
#define DRAIN_S 0.1 /* what is under way arrives */

static double warm = 1, seconds = 3, spacing;
static unsigned publishers = 1, viewers;
static bool meeting;

int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

void die(const char *what)
{
    fprintf(stderr, "sfu_load: %s (%s)\n", what, strerror(errno));
    exit(1);
}

/* All threads of the server, user and system, nanoseconds. */
static uint64_t cpu_ns(const struct load *l)
{
    char path[64];
    uint64_t sum = 0;
    struct dirent *e;
    snprintf(path, sizeof path, "/proc/%d/task", (int)l->pid);
    DIR *d = opendir(path);
    if (d == NULL)
        die("the server is gone");
    while ((e = readdir(d)) != NULL) {
        char name[400];
        unsigned long long ns;
        snprintf(name, sizeof name, "%s/%s/schedstat", path, e->d_name);
        FILE *f = e->d_name[0] != '.' ? fopen(name, "r") : NULL;
        if (f != NULL && fscanf(f, "%llu", &ns) == 1)
            sum += ns;
        if (f != NULL)
            fclose(f);
    }
    closedir(d);
    return sum;
}

static long rss_kb(const struct load *l)
{
    char path[64], line[200];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)l->pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        sscanf(line, "VmRSS: %ld", &kb);
    if (f != NULL)
        fclose(f);
    return kb;
}

/* ---- Time goes on ---- */

static void look_around(struct load *l, int64_t now)
{
    if (now - l->fed_back_us >= FEEDBACK_US) {
        l->fed_back_us = now;
        for (unsigned i = 0; l->twcc && i < l->n; i++)
            client_feed_back(l->clients[i]);
    }
    if (now - l->reported_us >= REPORT_US) {
        l->reported_us = now;
        publishers_report(l);
        for (unsigned i = 0; i < l->n; i++)
            client_report(l->clients[i], now);
    }
}

/* By the clock: who sends to somebody that sleeps pays for waking them, which no real client makes a server do. */
static int look_in(struct load *l, struct epoll_event *ev, struct timespec wait)
{
    if (wait.tv_nsec > NAP_NS)
        wait.tv_nsec = NAP_NS;
    clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
    return epoll_wait(l->epfd, ev, EVENTS, 0);
}

void pump(struct load *l, int64_t until_us)
{
    struct epoll_event ev[EVENTS];
    int64_t now = now_us(), next = publishers_send(l, now);
    look_around(l, now);
    next = next < until_us ? next : until_us;
    next = next < l->fed_back_us + FEEDBACK_US ? next : l->fed_back_us + FEEDBACK_US;
    int64_t wait = next - now_us();
    struct timespec t = {.tv_nsec = wait > 0 ? wait * 1000 : 0};
    int n = l->counts ? look_in(l, ev, t) : epoll_pwait2(l->epfd, ev, EVENTS, &t, NULL);
    for (int i = 0; i < n; i++) {
        if (ev[i].data.ptr != NULL)
            client_readable(ev[i].data.ptr);
    }
}

static void run_for(struct load *l, double s)
{
    int64_t until = now_us() + (int64_t)(s * 1e6);
    while (now_us() < until)
        pump(l, until);
}

/* ---- Who comes ---- */

static void watch_signals(struct load *l)
{
    /* Once for each: Janus tells of things that nobody asked for. */
    struct epoll_event e = {.events = EPOLLIN | EPOLLET};
    if (l->server != FLOOR)
        epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->signal_fd, &e);
}

static void publish(struct load *l, unsigned i)
{
    struct client *c = client_new(l);
    unsigned others[TRACKS_MAX], n = 0;
    for (unsigned k = 0; k < publishers; k++) {
        if (k != i)
            others[n++] = k;
    }
    /* To the floor who publishes in a meeting says so at once: there is one hello. */
    call(c, (int)i, others, l->server == FLOOR && meeting ? n : 0);
    publisher_begin(&l->publishers[i], c, i, now_us() + 1000 + 3700 * i);
    l->n_publishers = i + 1;
}

static void view(struct load *l, unsigned self)
{
    unsigned others[TRACKS_MAX], n = 0;
    bool same = self < publishers && l->together;
    struct client *c = same ? l->publishers[self].c : client_new(l);
    for (unsigned k = 0; k < publishers; k++) {
        if (k != self)
            others[n++] = k;
    }
    c->blind = l->n > l->blind;
    call(c, same ? (int)self : -1, others, n);
}

static void everybody_comes(struct load *l)
{
    for (unsigned i = 0; i < publishers; i++)
        publish(l, i);
    run_for(l, 0.1);
    for (unsigned i = 0; meeting && l->server != FLOOR && i < publishers; i++)
        view(l, i);
    for (unsigned i = 0; i < viewers; i++) {
        view(l, TRACKS_MAX);
        run_for(l, spacing);
    }
}

/* ---- What it was ---- */

static uint64_t numbers(const struct load *l)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < l->n; i++) {
        for (unsigned k = 0; k < TRACKS_MAX; k++)
            sum += l->clients[i]->next[k][VIDEO] + l->clients[i]->next[k][AUDIO];
        for (unsigned k = 0; l->clients[i]->blind && k < l->clients[i]->n_sources; k++)
            sum += (uint64_t)l->clients[i]->sources[k].highest;
    }
    return sum;
}

static unsigned percentile(const struct load *l, double part)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < LATENCIES; i++) {
        sum += l->latency[i];
        if (sum > 0 && (double)sum >= part * (double)l->got.timed)
            return i;
    }
    return LATENCIES;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

enum step { ANSWERED, KEYS, FIRST_PACKET, KEY_FRAME };

/* The median, in ms, of how long viewers waited. */
static double waited(const struct load *l, enum step step)
{
    int64_t *v = calloc(l->n, sizeof *v);
    unsigned n = 0;
    for (unsigned i = 0; i < l->n; i++) {
        const struct client *c = l->clients[i];
        const int64_t steps[] = {c->answered_us, c->open_us, c->first_us, c->key_us};
        int64_t at = steps[step];
        if (c->asked_us != 0 && at != 0)
            v[n++] = at - c->asked_us;
    }
    qsort(v, n, sizeof *v, by_size);
    double ms = n > 0 ? (double)v[n / 2] / 1000 : -1;
    free(v);
    return ms;
}

static double own_cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void measure(struct load *l)
{
    long before = rss_kb(l);
    int64_t began = now_us();
    everybody_comes(l);
    double came_s = (double)(now_us() - began) / 1e6;
    run_for(l, warm);
    uint64_t cpu = cpu_ns(l), number = numbers(l);
    double mine = own_cpu_s();
    began = now_us();
    l->counts = true;
    run_for(l, seconds);
    double took_s = (double)(now_us() - began) / 1e6;
    l->stopped = true;
    run_for(l, DRAIN_S);
    cpu = cpu_ns(l) - cpu;
    mine = own_cpu_s() - mine;
    int64_t lost = (int64_t)(numbers(l) - number) - (int64_t)l->got.packets;
    unsigned profile = l->n > 0 ? l->clients[l->n - 1]->profile : 0;
    printf("{\"us\":%.4f,\"packets\":%llu,\"sent\":%llu,\"lost\":%lld,\"late\":%llu,\"extra\":%llu,"
           "\"bad\":%llu,\"unsealed\":%llu,\"p50_us\":%u,\"p99_us\":%u,\"cpu_percent\":%.1f,"
           "\"load_percent\":%.1f,\"came_s\":%.3f,\"answer_ms\":%.2f,\"keys_ms\":%.2f,"
           "\"first_ms\":%.2f,\"key_ms\":%.2f,"
           "\"rss_before_kb\":%ld,\"rss_kb\":%ld,\"profile\":%u}\n",
           (double)cpu / 1000 / (double)l->got.packets, (unsigned long long)l->got.packets,
           (unsigned long long)l->sent, (long long)lost, (unsigned long long)l->got.late,
           (unsigned long long)l->got.padding, (unsigned long long)l->got.bad,
           (unsigned long long)l->got.unsealed, percentile(l, 0.5), percentile(l, 0.99),
           (double)cpu / 1e7 / took_s, mine * 100 / took_s, came_s, waited(l, ANSWERED),
           waited(l, KEYS), waited(l, FIRST_PACKET), waited(l, KEY_FRAME), before, rss_kb(l),
           profile);
}

static void read_arguments(struct load *l, int argc, char **argv)
{
    static const struct option known[] = {{"plain", 1, 0, 'p'},       {"janus", 1, 0, 'j'},
                                          {"floor", 1, 0, 'f'},       {"bind", 1, 0, 'b'},
                                          {"pid", 1, 0, 'i'},         {"publishers", 1, 0, 'P'},
                                          {"viewers", 1, 0, 'V'},     {"meeting", 0, 0, 'm'},
                                          {"together", 0, 0, 'g'},    {"twcc", 0, 0, 't'},
                                          {"fps-percent", 1, 0, 'r'}, {"warm", 1, 0, 'w'},
                                          {"spacing", 1, 0, 'S'},     {"blind", 1, 0, 'B'},
                                          {"seconds", 1, 0, 's'},     {0}};
    for (int o; (o = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (o) {
        case 'p': l->server = PLAIN, l->path = optarg; break;
        case 'j': l->server = JANUS, l->path = optarg; break;
        case 'f':
            l->server = FLOOR;
            l->at = (struct sockaddr_in){
                .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(strchr(optarg, ':') + 1))};
            *strchr(optarg, ':') = '\0';
            inet_pton(AF_INET, optarg, &l->at.sin_addr);
            break;
        case 'b': inet_pton(AF_INET, optarg, &l->bind); break;
        case 'i': l->pid = atoi(optarg); break;
        case 'P': publishers = (unsigned)atoi(optarg); break;
        case 'V': viewers = (unsigned)atoi(optarg); break;
        case 'm': meeting = true; break;
        case 'g': l->together = true; break;
        case 't': l->twcc = true; break;
        case 'r': l->fps_percent = (unsigned)atoi(optarg); break;
        case 'w': warm = atof(optarg); break;
        case 'B': l->blind = (unsigned)atoi(optarg); break;
        case 'S': spacing = atof(optarg); break;
        case 's': seconds = atof(optarg); break;
        default: exit(2);
        }
    }
    if (publishers > TRACKS_MAX)
        die("so many publishers");
}

int main(int argc, char **argv)
{
    static struct load l = {.fps_percent = 100, .blind = UINT32_MAX};
    struct rlimit files = {100000, 100000};
    setrlimit(RLIMIT_NOFILE, &files);
    l.bind.s_addr = htonl(INADDR_LOOPBACK);
    read_arguments(&l, argc, argv);
    client_certificate();
    l.epfd = epoll_create1(EPOLL_CLOEXEC);
    call_open(&l);
    watch_signals(&l);
    measure(&l);
    return 0;
}
