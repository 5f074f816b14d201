/* turn_load --server IP:PORT --pid PID [--peers IP] [--allocs N] [--size B] [--over udp|tcp|tls] [--floor] [--user U --password P] STEP...
 * STEP: setup[:UNDER_WAY]  paced:PPS:S  flood:WINDOW:S  gso:N:WINDOW:S  burst:N:WINDOW:S  rss  sleep:S  release
 *       churn:PER_SECOND:S:REPORT_EVERY_S
 * Prints one JSON line for each step that measures. Ends with 1 when anything came out wrong, or more than 1 % was lost. */
#include <arpa/inet.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "turn_load.h"

int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void die(const char *what)
{
    perror(what);
    exit(1);
}

uint64_t server_cpu_ns(const struct load *l)
{
    char path[300];
    uint64_t sum = 0, one;
    snprintf(path, sizeof path, "/proc/%d/task", (int)l->pid);
    DIR *d = opendir(path);
    if (!d)
        die(path);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)l->pid, e->d_name);
        FILE *f = fopen(path, "r");
        if (f && fscanf(f, "%lu", &one) == 1)
            sum += one;
        if (f)
            fclose(f);
    }
    closedir(d);
    return sum;
}

long server_rss_kb(const struct load *l)
{
    char path[64], line[256];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)l->pid);
    FILE *f = fopen(path, "r");
    if (!f)
        die(path);
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1)
            break;
    fclose(f);
    return kb;
}

/* ---- Steps ---- */

static void report(struct load *l, const char *step, uint64_t ops, uint64_t cpu_ns)
{
    printf("{\"step\":\"%s\",\"ops\":%lu,\"lost\":%lu,\"cpu_us\":%.4f}\n", step, ops, l->lost,
           ops ? (double)cpu_ns / 1e3 / (double)ops : 0);
    fflush(stdout);
    if (l->wrong > 0 || l->lost * 100 > l->sent[UP] + l->sent[DOWN]) {
        fprintf(stderr, "%s: %lu wrong, %lu lost of %lu\n", step, l->wrong, l->lost,
                l->sent[UP] + l->sent[DOWN]);
        exit(1);
    }
}

static void measure(struct load *l, const char *step)
{
    unsigned n = 1, window = 0;
    double seconds = 1;
    memset(l->sent, 0, sizeof l->sent);
    memset(l->received, 0, sizeof l->received);
    l->lost = l->wrong = 0;
    uint64_t before = server_cpu_ns(l);
    if (sscanf(step, "paced:%u:%lf", &n, &seconds) == 2)
        traffic_paced(l, n, seconds);
    else if (sscanf(step, "flood:%u:%lf", &window, &seconds) == 2)
        traffic_bursts(l, 1, false, window, seconds);
    else if (sscanf(step, "gso:%u:%u:%lf", &n, &window, &seconds) == 3 && n <= SEGS_MAX)
        traffic_bursts(l, n, true, window, seconds);
    else if (sscanf(step, "burst:%u:%u:%lf", &n, &window, &seconds) == 3 && n <= SEGS_MAX)
        traffic_bursts(l, n, false, window, seconds);
    else
        die(step);
    report(l, step, l->received[UP] + l->received[DOWN], server_cpu_ns(l) - before);
}

static void set_up(struct load *l, unsigned window)
{
    l->allocs = calloc(l->n, sizeof *l->allocs);
    for (unsigned i = 0; i < l->n; i++)
        client_open(l, i);
    uint64_t before = server_cpu_ns(l);
    for (unsigned i = 0; i < l->n; i += window)
        clients_allocate(l, i, l->n - i < window ? l->n - i : window);
    report(l, "setup", l->n, server_cpu_ns(l) - before);
    for (unsigned i = 0; i < l->n && l->n <= WITH_PEERS; i++)
        traffic_watch(l, i);
}

static void release(struct load *l)
{
    for (unsigned i = 0; i < l->n; i++)
        client_release(l, i);
    free(l->allocs);
    l->allocs = NULL;
}

static void play(struct load *l, const char *step)
{
    double seconds, every;
    unsigned rate;
    if (strcmp(step, "setup") == 0)
        set_up(l, 1);
    else if (sscanf(step, "setup:%u", &rate) == 1 && rate > 0)
        set_up(l, rate);
    else if (strcmp(step, "release") == 0)
        release(l);
    else if (strcmp(step, "rss") == 0)
        printf("{\"step\":\"rss\",\"kb\":%ld}\n", server_rss_kb(l));
    else if (sscanf(step, "churn:%u:%lf:%lf", &rate, &seconds, &every) == 3)
        churn(l, rate, seconds, every);
    else if (sscanf(step, "sleep:%lf", &seconds) == 1)
        usleep((useconds_t)(seconds * 1e6));
    else
        measure(l, step);
    fflush(stdout);
}

static void peers_at(struct load *l, const char *ip)
{
    l->peers = (struct sockaddr_in){.sin_family = AF_INET};
    if (inet_pton(AF_INET, ip, &l->peers.sin_addr) != 1)
        die(ip);
}

static void address(struct sockaddr_in *out, const char *text)
{
    char ip[64];
    unsigned port;
    *out = (struct sockaddr_in){.sin_family = AF_INET};
    if (sscanf(text, "%63[^:]:%u", ip, &port) != 2 || inet_pton(AF_INET, ip, &out->sin_addr) != 1)
        die(text);
    out->sin_port = htons((uint16_t)port);
}

static bool option(struct load *l, const char *name, const char *value)
{
    if (strcmp(name, "--server") == 0)
        address(&l->server, value);
    else if (strcmp(name, "--peers") == 0)
        peers_at(l, value);
    else if (strcmp(name, "--pid") == 0)
        l->pid = (pid_t)strtol(value, NULL, 10);
    else if (strcmp(name, "--allocs") == 0)
        l->n = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(name, "--size") == 0)
        l->size = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(name, "--over") == 0)
        l->transport = strcmp(value, "tls") == 0   ? OVER_TLS
                       : strcmp(value, "tcp") == 0 ? OVER_TCP
                                                   : OVER_UDP;
    else if (strcmp(name, "--user") == 0)
        l->user = value;
    else if (strcmp(name, "--password") == 0)
        l->password = value;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct load l = {.n = 100, .size = 1100, .user = "bench", .password = "bench"};
    struct rlimit r;
    peers_at(&l, "127.0.0.1");
    signal(SIGPIPE, SIG_IGN);
    l.epfd = epoll_create1(0);
    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    int i = 1;
    while (i < argc) {
        if (strcmp(argv[i], "--floor") == 0) {
            l.floor = true;
            i++;
        } else if (i + 1 < argc && option(&l, argv[i], argv[i + 1])) {
            i += 2;
        } else {
            break;
        }
    }
    if (l.pid == 0 || l.server.sin_port == 0 || l.size > PACKET_MAX - 4 || l.n == 0)
        die("options");
    for (; i < argc; i++)
        play(&l, argv[i]);
    return 0;
}
