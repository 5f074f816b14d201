#include "io/seam.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

enum { RULES_MAX = 8, SCRIPT_MAX = 64 };

struct rule {
    int err;
    unsigned per_million;
};

struct scripted {
    int err;
    unsigned times;
};

static struct {
    pthread_mutex_t lock;
    uint64_t random;
    struct rule rules[SEAM_CALLS][RULES_MAX];
    unsigned nrules[SEAM_CALLS];
    struct scripted script[SEAM_CALLS][SCRIPT_MAX];
    unsigned script_at[SEAM_CALLS], script_n[SEAM_CALLS];
    uint64_t injected[SEAM_CALLS];
} seam = {.lock = PTHREAD_MUTEX_INITIALIZER, .random = 1};

bool seam_armed;

static const struct {
    const char *name;
    int value;
} errnos[] = {{"EAGAIN", EAGAIN}, {"ENOBUFS", ENOBUFS}, {"EMSGSIZE", EMSGSIZE},
              {"EPERM", EPERM},   {"EIO", EIO},         {"EINVAL", EINVAL},
              {"EMFILE", EMFILE}, {"ENFILE", ENFILE},   {"ECONNRESET", ECONNRESET},
              {"EPIPE", EPIPE},   {"ENOMEM", ENOMEM},   {"ECONNABORTED", ECONNABORTED},
              {"EINTR", EINTR},   {"short", SEAM_SHORT}};

static const char *const call_names[SEAM_CALLS] = {"sendmsg", "sendmmsg", "recvmsg", "recvmmsg",
                                                   "writev",  "read",     "accept",  "gso"};

void seam_seed(uint64_t seed)
{
    seam.random = seed != 0 ? seed : 1;
}

void seam_rule(enum seam_call call, int err, unsigned per_million)
{
    if (seam.nrules[call] < RULES_MAX)
        seam.rules[call][seam.nrules[call]++] = (struct rule){err, per_million};
    seam_armed = true;
}

void seam_script(enum seam_call call, int err, unsigned times)
{
    if (seam.script_n[call] < SCRIPT_MAX)
        seam.script[call][seam.script_n[call]++] = (struct scripted){err, times};
    seam_armed = true;
}

void seam_disarm(void)
{
    seam_armed = false;
    memset(seam.nrules, 0, sizeof(seam.nrules));
    memset(seam.script_at, 0, sizeof(seam.script_at));
    memset(seam.script_n, 0, sizeof(seam.script_n));
    memset(seam.injected, 0, sizeof(seam.injected));
}

uint64_t seam_injected(enum seam_call call)
{
    pthread_mutex_lock(&seam.lock);
    uint64_t n = seam.injected[call];
    pthread_mutex_unlock(&seam.lock);
    return n;
}

/* xorshift64*: good enough to choose victims, and the same everywhere for the same seed. */
static unsigned draw_million(void)
{
    uint64_t x = seam.random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    seam.random = x;
    return (unsigned)((x * 0x2545F4914F6CDD1DULL >> 32) % 1000000);
}

static int decide(enum seam_call call)
{
    while (seam.script_at[call] < seam.script_n[call]) {
        struct scripted *s = &seam.script[call][seam.script_at[call]];
        if (s->times > 0) {
            s->times--;
            return s->err;
        }
        seam.script_at[call]++;
    }
    for (unsigned i = 0; i < seam.nrules[call]; i++) {
        if (draw_million() < seam.rules[call][i].per_million)
            return seam.rules[call][i].err;
    }
    return 0;
}

int seam_ask(enum seam_call call)
{
    pthread_mutex_lock(&seam.lock);
    int err = decide(call);
    seam.injected[call] += err != 0;
    pthread_mutex_unlock(&seam.lock);
    return err;
}

/* ---- The specification as text ---- */

static bool parse_fraction(struct str s, unsigned *per_million)
{
    struct str whole, frac;
    uint64_t w = 0;
    str_split_once(s, '.', &whole, &frac);
    if (frac.n > 6 || !str_to_u64(whole, 1, &w))
        return false;
    uint64_t value = w * 1000000, unit = 100000;
    for (size_t i = 0; i < frac.n; i++, unit /= 10) {
        if (frac.p[i] < '0' || frac.p[i] > '9')
            return false;
        value += (uint64_t)(frac.p[i] - '0') * unit;
    }
    *per_million = (unsigned)value;
    return value <= 1000000;
}

static bool parse_rule(struct str item)
{
    struct str call, rest, err, prob;
    uint64_t seed;
    unsigned per_million;
    if (!str_split_once(item, ':', &call, &rest))
        return false;
    if (str_eq(call, STR("seed"))) {
        if (!str_to_u64(rest, UINT64_MAX, &seed))
            return false;
        seam_seed(seed);
        return true;
    }
    if (!str_split_once(rest, ':', &err, &prob) || !parse_fraction(prob, &per_million))
        return false;
    for (unsigned c = 0; c < SEAM_CALLS; c++) {
        for (unsigned e = 0; e < ARRAY_LEN(errnos); e++) {
            if (str_eq(call, str_from(call_names[c])) && str_eq(err, str_from(errnos[e].name))) {
                seam_rule((enum seam_call)c, errnos[e].value, per_million);
                return true;
            }
        }
    }
    return false;
}

bool seam_parse(const char *spec)
{
    struct str rest = str_from(spec), item;
    while (rest.n > 0) {
        str_split_once(rest, ',', &item, &rest);
        if (!parse_rule(str_trim(item)))
            return false;
    }
    return true;
}

/* ---- The calls with rules in force ---- */

/* A copy of iov that holds at most half of the bytes (one at least). Returns how many pieces. */
static int halve(const struct iovec *iov, int n, struct iovec *out, int cap)
{
    size_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += iov[i].iov_len;
    size_t left = sum > 1 ? sum / 2 : sum;
    int k = 0;
    for (int i = 0; i < n && k < cap && left > 0; i++) {
        out[k] = iov[i];
        if (out[k].iov_len > left)
            out[k].iov_len = left;
        left -= out[k++].iov_len;
    }
    return k;
}

/* -1 with errno if the rules say so; SEAM_SHORT is only meant for byte streams. */
static int refuse(enum seam_call call)
{
    int err = seam_ask(call);
    if (err <= 0)
        return 0;
    errno = err;
    return -1;
}

ssize_t seam_slow_sendmsg(int fd, const struct msghdr *m, int flags)
{
    return refuse(SEAM_SENDMSG) < 0 ? -1 : sendmsg(fd, m, flags);
}

int seam_slow_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, bool gso)
{
    if (gso && refuse(SEAM_GSO) < 0)
        return -1;
    int err = seam_ask(SEAM_SENDMMSG);
    if (err > 0) {
        errno = err;
        return -1;
    }
    return sendmmsg(fd, v, err == SEAM_SHORT && n > 1 ? n / 2 : n, flags);
}

ssize_t seam_slow_recvmsg(int fd, struct msghdr *m, int flags)
{
    return refuse(SEAM_RECVMSG) < 0 ? -1 : recvmsg(fd, m, flags);
}

int seam_slow_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags)
{
    int err = seam_ask(SEAM_RECVMMSG);
    if (err > 0) {
        errno = err;
        return -1;
    }
    return recvmmsg(fd, v, err == SEAM_SHORT ? 1 : n, flags, NULL);
}

ssize_t seam_slow_writev(int fd, const struct iovec *iov, int n)
{
    enum { PIECES = 64 };
    struct iovec half[PIECES];
    int err = seam_ask(SEAM_WRITEV);
    if (err > 0) {
        errno = err;
        return -1;
    }
    struct msghdr m = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n};
    if (err == SEAM_SHORT) {
        m.msg_iovlen = (size_t)halve(iov, n, half, PIECES);
        m.msg_iov = half;
    }
    return sendmsg(fd, &m, MSG_NOSIGNAL);
}

ssize_t seam_slow_read(int fd, void *p, size_t n)
{
    int err = seam_ask(SEAM_READ);
    if (err > 0) {
        errno = err;
        return -1;
    }
    return recv(fd, p, err == SEAM_SHORT && n > 1 ? n / 2 : n, 0);
}

int seam_slow_accept(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
    return refuse(SEAM_ACCEPT) < 0 ? -1 : accept4(fd, sa, len, flags);
}
