/* srtp_load: what protecting and unprotecting a packet of 1,200 bytes costs, beside libsrtp2 and beside the bare
 * cipher, each profile, in turns; CPU time of this thread, min / median / max of ROUNDS (5). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../tests/unit/srtp_oracle.h"
#include "bare.h"
#include "base/buf.h"
#include "base/util.h"
#include "proto/rtp.h"

enum {
    SIZE = 1200,
    BATCH = 64,     /* packets between two looks at the clock */
    BATCHES = 1500, /* of one round */
    ROUNDS_MAX = 99,
    FAN = 60,     /* receivers of one payload */
    PAYLOADS = 4, /* for them between two looks at the clock */
    FANNED = PAYLOADS * FAN
};

static uint8_t slab[BATCH][SIZE + SRTP_TRAILER_MAX], plain[SIZE];
static size_t lengths[BATCH];
static uint16_t seq;

static struct both { /* one profile's contexts */
    struct srtp *out, *in, *fan[FAN];
    srtp_t their_out, their_in, their_fan[FAN];
    struct bare *bare;
} b;
static struct oracle oracle;

static void die(const char *what)
{
    fprintf(stderr, "srtp_load: %s failed\n", what);
    exit(1);
}

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The same plain packets for everybody; each gets the next number. */
static void fill(void)
{
    for (unsigned i = 0; i < BATCH; i++) {
        memcpy(slab[i], plain, SIZE);
        rtp_set_seq(slab[i], ++seq);
        lengths[i] = SIZE;
    }
}

/* ---- What is measured: BATCH packets, from slab ---- */

static void ours_protect(void)
{
    for (unsigned i = 0; i < BATCH; i++) {
        if (srtp_protect(b.out, slab[i], &lengths[i], sizeof slab[i]) != SRTP_OK)
            die("srtp_protect");
    }
}

static void ours_unprotect(void)
{
    for (unsigned i = 0; i < BATCH; i++) {
        if (srtp_unprotect(b.in, slab[i], &lengths[i]) != SRTP_OK)
            die("srtp_unprotect");
    }
}

static void theirs_protect_all(void)
{
    for (unsigned i = 0; i < BATCH; i++) {
        int n = (int)lengths[i];
        if (oracle.protect(b.their_out, slab[i], &n) != srtp_err_status_ok)
            die("libsrtp2's srtp_protect");
        lengths[i] = (size_t)n;
    }
}

static void theirs_unprotect_all(void)
{
    for (unsigned i = 0; i < BATCH; i++) {
        int n = (int)lengths[i];
        if (oracle.unprotect(b.their_in, slab[i], &n) != srtp_err_status_ok)
            die("libsrtp2's srtp_unprotect");
    }
}

static void sealed_by_us(void)
{
    fill();
    ours_protect();
}

static void sealed_by_them(void)
{
    fill();
    theirs_protect_all();
}

/* Each payload to FAN receivers: a header for each, the payload where it lies. */
static void ours_fan(void)
{
    uint8_t head[RTP_HEADER];
    memcpy(head, plain, sizeof head);
    for (unsigned k = 0; k < PAYLOADS; k++) {
        rtp_set_seq(head, ++seq);
        for (unsigned i = 0; i < FAN; i++) {
            struct srtp_parts parts = {.head = head,
                                       .head_n = sizeof head,
                                       .payload = plain + RTP_HEADER,
                                       .payload_n = SIZE - RTP_HEADER};
            if (srtp_protect_to(b.fan[i], slab[i], sizeof slab[i], &parts, &lengths[i]) != SRTP_OK)
                die("srtp_protect_to");
        }
    }
}

static void theirs_fan(void)
{
    for (unsigned k = 0; k < PAYLOADS; k++) {
        seq++;
        for (unsigned i = 0; i < FAN; i++) {
            int n = SIZE;
            memcpy(slab[i], plain, SIZE); /* it only works in place */
            rtp_set_seq(slab[i], seq);
            if (oracle.protect(b.their_fan[i], slab[i], &n) != srtp_err_status_ok)
                die("libsrtp2's srtp_protect");
        }
    }
}

static void bare_all(void)
{
    for (unsigned i = 0; i < BATCH; i++)
        bare_protect(b.bare, slab[i], RTP_HEADER, SIZE);
}

static const struct row {
    const char *name;
    void (*before)(void); /* not measured; NULL: nothing */
    void (*run)(void);
    unsigned packets;
} rows[] = {
    {"protect", fill, ours_protect, BATCH},
    {"protect, libsrtp2", fill, theirs_protect_all, BATCH},
    {"protect, bare cipher", fill, bare_all, BATCH},
    {"unprotect", sealed_by_us, ours_unprotect, BATCH},
    {"unprotect, libsrtp2", sealed_by_them, theirs_unprotect_all, BATCH},
    {"to 60 receivers", NULL, ours_fan, FANNED},
    {"to 60 receivers, libsrtp2", NULL, theirs_fan, FANNED},
};

static void open_all(enum srtp_profile p)
{
    static const uint8_t key[SRTP_KEY_MAX] = "benchmark", salt[SRTP_SALT_MAX] = "salt";
    b = (struct both){.out = srtp_new(p, SRTP_OUT, key, salt, 16),
                      .in = srtp_new(p, SRTP_IN, key, salt, 16),
                      .their_out = oracle_new(&oracle, p, SRTP_OUT, key, salt),
                      .their_in = oracle_new(&oracle, p, SRTP_IN, key, salt),
                      .bare = bare_new(p, key)};
    if (!b.out || !b.in || !b.their_out || !b.their_in ||
        srtp_add(b.out, get_u32(plain + 8)) != ERR_OK)
        die("making contexts");
    for (unsigned i = 0; i < FAN; i++) {
        b.fan[i] = srtp_new(p, SRTP_OUT, key, salt, 16);
        b.their_fan[i] = oracle_new(&oracle, p, SRTP_OUT, key, salt);
        if (!b.fan[i] || !b.their_fan[i] || srtp_add(b.fan[i], get_u32(plain + 8)) != ERR_OK)
            die("making contexts");
    }
}

static void close_all(void)
{
    srtp_free(b.out);
    srtp_free(b.in);
    oracle.dealloc(b.their_out);
    oracle.dealloc(b.their_in);
    bare_free(b.bare);
    for (unsigned i = 0; i < FAN; i++) {
        srtp_free(b.fan[i]);
        oracle.dealloc(b.their_fan[i]);
    }
}

/* Nanoseconds for each packet, with contexts of their own, since all want numbers that go on. */
static double measure(const struct row *row, enum srtp_profile p)
{
    int64_t total = 0;
    open_all(p);
    seq = 0;
    for (unsigned i = 0; i < BATCHES; i++) {
        if (row->before)
            row->before();
        int64_t start = cpu_ns();
        row->run();
        total += cpu_ns() - start;
    }
    close_all();
    return (double)total / BATCHES / row->packets;
}

static int by_size(const void *x, const void *y)
{
    double d = *(const double *)x - *(const double *)y;
    return (d > 0) - (d < 0);
}

/* All rows in turns, then the table. */
static void profile(const char *name, enum srtp_profile p, unsigned rounds)
{
    static double ns[ARRAY_LEN(rows)][ROUNDS_MAX];
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        measure(&rows[i], p); /* warm */
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
            ns[i][round] = measure(&rows[i], p);
    }
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        qsort(ns[i], rounds, sizeof ns[i][0], by_size);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        printf("| %-17s | %-25s | %5.0f / %5.0f / %5.0f |", name, rows[i].name, ns[i][0],
               ns[i][rounds / 2], ns[i][rounds - 1]);
        if (i + 1 < ARRAY_LEN(rows) && rows[i + 1].packets == rows[i].packets &&
            strstr(rows[i + 1].name, ", libsrtp2"))
            printf(" %.2f times as fast", ns[i + 1][rounds / 2] / ns[i][rounds / 2]);
        else
            printf("                   ");
        printf(" |\n");
    }
}

int main(void)
{
    const char *wanted = getenv("ROUNDS");
    unsigned rounds = wanted ? (unsigned)strtoul(wanted, NULL, 10) : 5;
    struct rtp r = {.pt = 96, .ssrc = 0x12345678};
    if (rounds == 0 || rounds > ROUNDS_MAX)
        die("ROUNDS");
    if (!oracle_open(&oracle))
        return 1;
    rtp_put_head(plain, SIZE, &r, NULL);
    for (unsigned i = RTP_HEADER; i < SIZE; i++)
        plain[i] = (uint8_t)(i * 7);
    printf("| profile           | %d bytes                | min / median / max, ns |               "
           "     |\n"
           "|-------------------|---------------------------|------------------------|-------------"
           "-------|\n",
           SIZE);
    profile("AEAD_AES_128_GCM", SRTP_AEAD_AES_128_GCM, rounds);
    profile("AEAD_AES_256_GCM", SRTP_AEAD_AES_256_GCM, rounds);
    profile("AES_CM_128_SHA1", SRTP_AES128_CM_SHA1_80, rounds);
    return 0;
}
