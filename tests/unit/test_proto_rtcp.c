/* proto/rtcp: packets by hand (RFC 3550, RFC 4585, RFC 5104, RFC 8888, the drafts of REMB and of
 * transport-wide feedback), each cut, and what is written read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/util.h"
#include "proto/rtcp.h"

/* The only packet of these bytes, which must be good. */
static struct rtcp_packet only(const uint8_t *p, size_t n)
{
    struct rtcp_packet k, more;
    struct rtcp_iter it = rtcp_iter(p, n);
    assert_int_equal(rtcp_check(p, n), RTCP_OK);
    assert_true(rtcp_next(&it, &k));
    assert_false(rtcp_next(&it, &more));
    return k;
}

/* ---- Datagrams ---- */

/* SR with one report, SDES, BYE; 4 bytes of padding at the end. */
static const uint8_t
    compound[] = {0x81, 200,  0,    12,   0,    0,    0,    1,    0xE3, 0xA1, 0x11, 0x22,
                  0x80, 0,    0,    0,    0,    0,    0x10, 0, /* SR */
                  0,    0,    0,    9,    0,    0,    1,    0,    0,    0,    0,    2,
                  0x40, 0xFF, 0xFF, 0xFE, 0,    1,    0x12, 0x34,                      /* report */
                  0,    0,    0,    7,    0x11, 0x22, 0x80, 0,    0,    1,    0,    0, /* its end */
                  0x82, 202,  0,    7,    0,    0,    0,    1,    1,    2,    'h',  'i',
                  0,    0,    0,    0, /* SDES */
                  0,    0,    0,    5,    2,    1,    'x',  1,    3,    'a',  'b',  'c',
                  0,    0,    0,    0, /* chunk 2 */
                  0xA2, 203,  0,    3,    0,    0,    0,    1,    0,    0,    0,    5,
                  0,    0,    0,    4}; /* BYE */

static void test_compound(void **state)
{
    (void)state;
    struct rtcp_iter it = rtcp_iter(compound, sizeof compound);
    struct rtcp_packet k;
    struct rtcp_sr sr;
    struct rtcp_report r;
    struct str cname;
    uint32_t ssrc;
    assert_int_equal(rtcp_check(compound, sizeof compound), RTCP_OK);
    assert_true(rtcp_next(&it, &k));
    assert_true(rtcp_read_sr(&k, &sr));
    assert_true(rtcp_sender(&k, &ssrc));
    assert_int_equal(ssrc, 1);
    assert_int_equal(sr.ntp, 0xE3A1112280000000);
    assert_int_equal(rtcp_ntp_middle(sr.ntp), 0x11228000);
    assert_int_equal(sr.timestamp, 0x1000);
    assert_int_equal(sr.packets, 9);
    assert_int_equal(sr.octets, 256);
    assert_true(rtcp_read_report(&k, 0, &r));
    assert_int_equal(r.ssrc, 2);
    assert_int_equal(r.fraction, 0x40);
    assert_int_equal(r.lost, -2);
    assert_int_equal(r.highest_seq, 0x11234);
    assert_int_equal(r.jitter, 7);
    assert_int_equal(r.lsr, 0x11228000);
    assert_int_equal(r.dlsr, 0x10000);
    assert_false(rtcp_read_report(&k, 1, &r));
    assert_false(rtcp_read_cname(&k, 1, &cname));
    assert_true(rtcp_next(&it, &k));
    assert_false(rtcp_read_sr(&k, &sr));
    assert_true(rtcp_read_cname(&k, 1, &cname));
    assert_true(str_eq(cname, STR("hi")));
    assert_true(rtcp_read_cname(&k, 5, &cname));
    assert_true(str_eq(cname, STR("abc")));
    assert_false(rtcp_read_cname(&k, 6, &cname));
    assert_true(rtcp_next(&it, &k));
    assert_int_equal(k.len, 12);
    assert_true(rtcp_read_bye(&k, 1, &ssrc));
    assert_int_equal(ssrc, 5);
    assert_false(rtcp_read_bye(&k, 2, &ssrc));
    assert_false(rtcp_next(&it, &k));
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof compound; n++) {
        uint8_t *p = malloc(n ? n : 1);
        memcpy(p, compound, n);
        assert_int_equal(rtcp_check(p, n), n == 52 || n == 84 ? RTCP_OK : RTCP_E_SHORT);
        free(p);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static uint8_t big[RTCP_PACKET_MAX + 4];
    uint8_t p[sizeof compound];
    memcpy(p, compound, sizeof p);
    p[52] = 0x42; /* version 1 */
    assert_int_equal(rtcp_check(p, sizeof p), RTCP_E_VERSION);
    memcpy(p, compound, sizeof p);
    p[53] = 191;
    assert_int_equal(rtcp_check(p, sizeof p), RTCP_E_TYPE);
    p[53] = 224;
    assert_int_equal(rtcp_check(p, sizeof p), RTCP_E_TYPE);
    p[53] = 223; /* unknown is fine */
    assert_int_equal(rtcp_check(p, sizeof p), RTCP_OK);
    p[52] |= 0x20; /* padding before the last packet, as browsers have it; here the count is 0 */
    assert_int_equal(rtcp_check(p, sizeof p), RTCP_E_PADDING);
    p[83] = 5;
    assert_int_equal(rtcp_check(p, sizeof p), RTCP_OK);
    memcpy(p, compound, sizeof p);
    p[sizeof p - 1] = 0;
    assert_int_equal(rtcp_check(p, sizeof p), RTCP_E_PADDING);
    p[sizeof p - 1] = 13; /* more than there is behind the header */
    assert_int_equal(rtcp_check(p, sizeof p), RTCP_E_PADDING);
    p[sizeof p - 1] = 12;
    assert_int_equal(rtcp_check(p, sizeof p), RTCP_OK);

    for (size_t i = 0; i < sizeof big; i += 4)
        set_u32(big + i, 0x80C90000);
    assert_int_equal(rtcp_check(big, 4 * RTCP_PACKETS_MAX), RTCP_OK);
    assert_int_equal(rtcp_check(big, 4 * RTCP_PACKETS_MAX + 4), RTCP_E_LONG);
    set_u32(big, 0x80C90000 | (RTCP_PACKET_MAX / 4 - 1));
    assert_int_equal(rtcp_check(big, RTCP_PACKET_MAX), RTCP_OK);
    assert_int_equal(rtcp_check(big, sizeof big), RTCP_E_LONG);
    for (int i = 0; i < RTCP_RESULTS; i++)
        assert_string_not_equal(rtcp_result_name((enum rtcp_result)i), "unknown");
}

/* Readers with packets that announce more than they hold. */
static void test_short_contents(void **state)
{
    (void)state;
    const uint8_t sr[] = {0x80, 200, 0, 1, 0, 0, 0, 1}, rr[] = {0x81, 201, 0, 1, 0, 0, 0, 1},
                  bye[] = {0x82, 203, 0, 1, 0, 0, 0, 1}, empty[] = {0x80, 201, 0, 0},
                  nack[] = {0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2},
                  pli[] = {0x81, 206, 0, 1, 0, 0, 0, 1},
                  sdes1[] = {0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 'h', 'i'},
                  sdes2[] = {0x81, 202, 0, 2, 0, 0, 0, 1, 1, 2, 'h', 'i'},
                  remb[] = {0x8F, 206, 0,   4,   0,   0,   0, 1, 0, 0,
                            0,    0,   'R', 'E', 'M', 'B', 1, 0, 0, 9},
                  other[] = {0x8F, 206, 0,   4,   0,   0,   0, 1, 0, 0,
                             0,    0,   'R', 'E', 'M', 'P', 0, 0, 0, 9};
    struct rtcp_packet k;
    struct rtcp_sr s;
    struct rtcp_report r;
    struct rtcp_nack_iter n;
    struct rtcp_remb b;
    struct rtcp_fir f;
    struct str cname;
    uint32_t a, c;
    k = only(sr, sizeof sr);
    assert_false(rtcp_read_sr(&k, &s));
    k = only(rr, sizeof rr);
    assert_false(rtcp_read_report(&k, 0, &r));
    k = only(bye, sizeof bye);
    assert_true(rtcp_read_bye(&k, 0, &a));
    assert_false(rtcp_read_bye(&k, 1, &a));
    k = only(empty, sizeof empty);
    assert_false(rtcp_sender(&k, &a));
    k = only(nack, sizeof nack);
    assert_false(rtcp_read_nack(&k, &n));
    assert_false(rtcp_read_fir(&k, 0, &f));
    k = only(pli, sizeof pli);
    assert_false(rtcp_read_pli(&k, &a, &c));
    k = only(sdes1, sizeof sdes1);
    assert_false(rtcp_read_cname(&k, 1, &cname));
    k = only(sdes2, sizeof sdes2); /* no zero at the end */
    assert_false(rtcp_read_cname(&k, 1, &cname));
    k = only(remb, sizeof remb);
    assert_false(rtcp_read_remb(&k, &b));
    k = only(other, sizeof other);
    assert_false(rtcp_read_remb(&k, &b));
}

/* ---- Reports ---- */

static void test_write_reports(void **state)
{
    (void)state;
    uint8_t p[1500];
    struct rtcp_writer w;
    struct rtcp_report in[RTCP_REPORTS_MAX + 1], out;
    struct rtcp_sr sr = {.ssrc = 1,
                         .ntp = 0x123456789ABCDEF0,
                         .timestamp = 2,
                         .packets = 3,
                         .octets = 4},
                   sr2;
    for (unsigned i = 0; i < ARRAY_LEN(in); i++)
        in[i] = (struct rtcp_report){.ssrc = i,
                                     .lost = (int)i - 16,
                                     .highest_seq = i * 70000,
                                     .jitter = i,
                                     .lsr = ~i,
                                     .dlsr = i * 3,
                                     .fraction = (uint8_t)i};
    for (unsigned n = 0; n <= RTCP_REPORTS_MAX; n++) {
        rtcp_begin(&w, p, sizeof p);
        rtcp_put_sr(&w, &sr, in, n);
        struct rtcp_packet k = only(p, w.len);
        assert_true(rtcp_read_sr(&k, &sr2));
        assert_memory_equal(&sr, &sr2, sizeof sr);
        for (unsigned i = 0; i < n; i++) {
            assert_true(rtcp_read_report(&k, i, &out));
            assert_int_equal(out.lost, in[i].lost);
            assert_int_equal(out.highest_seq, in[i].highest_seq);
            assert_int_equal(out.lsr, in[i].lsr);
            assert_int_equal(out.fraction, in[i].fraction);
        }
        assert_false(rtcp_read_report(&k, n, &out));
    }
    size_t before = w.len;
    rtcp_put_rr(&w, 1, in, ARRAY_LEN(in)); /* 32 */
    assert_true(w.failed);
    assert_int_equal(w.len, before);
    in[0].lost = 0x900000; /* clamped */
    in[1].lost = -0x900000;
    rtcp_begin(&w, p, sizeof p);
    rtcp_put_rr(&w, 1, in, 2);
    struct rtcp_packet k = only(p, w.len);
    assert_true(rtcp_read_report(&k, 0, &out));
    assert_int_equal(out.lost, 0x7FFFFF);
    assert_true(rtcp_read_report(&k, 1, &out));
    assert_int_equal(out.lost, -0x800000);
}

/* RFC 3550 6.4.1, figure 2: A = b710:8000, DLSR = 5.25 s, LSR = b705:2000, delay 6.125 s. */
static void test_round_trip(void **state)
{
    (void)state;
    struct rtcp_report r = {.lsr = 0xB7052000, .dlsr = 0x00054000};
    int64_t rtt;
    assert_true(rtcp_rtt_us(&r, 0xB44DB7108000ull << 16, &rtt));
    assert_int_equal(rtt, 6125000);
    assert_false(rtcp_rtt_us(&r, 0xB44DB70A5FFFull << 16, &rtt)); /* before it was sent */
    r.lsr = 0;
    assert_false(rtcp_rtt_us(&r, 0xB44DB7108000ull << 16, &rtt));
    /* 1970 is 2,208,988,800 s after 1900. */
    assert_int_equal(rtcp_ntp(0), 2208988800ull << 32);
    assert_int_equal(rtcp_ntp(1500000), (2208988801ull << 32) + 0x80000000);
}

static void test_write_sdes_bye(void **state)
{
    (void)state;
    char name[RTCP_CNAME_MAX + 1];
    uint8_t p[1500];
    struct rtcp_writer w;
    struct str out;
    uint32_t ssrcs[32] = {7, 8, 9}, ssrc;
    memset(name, 'n', sizeof name);
    for (size_t n = 1; n <= RTCP_CNAME_MAX; n++) {
        rtcp_begin(&w, p, sizeof p);
        rtcp_put_cname(&w, 42, str_of(name, n));
        struct rtcp_packet k = only(p, w.len);
        assert_true(rtcp_read_cname(&k, 42, &out));
        assert_int_equal(out.n, n);
    }
    rtcp_begin(&w, p, sizeof p);
    rtcp_put_cname(&w, 42, str_of(name, 0));
    assert_true(w.failed);
    rtcp_begin(&w, p, sizeof p);
    rtcp_put_cname(&w, 42, str_of(name, RTCP_CNAME_MAX + 1));
    assert_true(w.failed);
    rtcp_begin(&w, p, sizeof p);
    rtcp_put_bye(&w, ssrcs, 3);
    struct rtcp_packet k = only(p, w.len);
    for (unsigned i = 0; i < 3; i++)
        assert_true(rtcp_read_bye(&k, i, &ssrc) && ssrc == ssrcs[i]);
    rtcp_put_bye(&w, ssrcs, 32);
    assert_true(w.failed);
    rtcp_begin(&w, p, sizeof p);
    rtcp_put_bye(&w, ssrcs, 0);
    assert_true(w.failed);
    assert_int_equal(w.len, 0);
}

/* ---- Feedback ---- */

static void expect_nacks(const uint8_t *p, size_t n, const uint16_t *want, unsigned count)
{
    struct rtcp_packet k = only(p, n);
    struct rtcp_nack_iter it;
    uint16_t seq;
    assert_true(rtcp_read_nack(&k, &it));
    assert_int_equal(it.sender, 1);
    assert_int_equal(it.media, 2);
    for (unsigned i = 0; i < count; i++) {
        assert_true(rtcp_nack_next(&it, &seq));
        assert_int_equal(seq, want[i]);
    }
    assert_false(rtcp_nack_next(&it, &seq));
}

static void test_nack(void **state)
{
    (void)state;
    const uint8_t wire[] = {0x81, 205, 0,    4,    0,    0,    0, 1, 0, 0,
                            0,    2,   0xFF, 0xFE, 0x80, 0x03, 0, 9, 0, 0};
    const uint16_t want[] = {0xFFFE, 0xFFFF, 0, 14, 9},
                   lost[] = {0xFFFE, 0xFFFF, 0xFFFF, 0, 14, 15, 900};
    const uint16_t unique[] = {0xFFFE, 0xFFFF, 0, 14, 15, 900};
    uint8_t p[1500];
    struct rtcp_writer w;
    expect_nacks(wire, sizeof wire, want, ARRAY_LEN(want));
    rtcp_begin(&w, p, sizeof p);
    rtcp_put_nack(&w, 1, 2, lost, ARRAY_LEN(lost));
    assert_int_equal(w.len, 12 + 3 * 4); /* 15 is 17 behind the first one */
    expect_nacks(p, w.len, unique, ARRAY_LEN(unique));
    rtcp_put_nack(&w, 1, 2, lost, 0);
    assert_true(w.failed);
}

static void test_pli_fir(void **state)
{
    (void)state;
    uint8_t p[64];
    struct rtcp_writer w;
    uint32_t a, b;
    struct rtcp_fir in[2] = {{.ssrc = 7, .seq = 255}, {.ssrc = 8, .seq = 1}}, f;
    rtcp_begin(&w, p, sizeof p);
    rtcp_put_pli(&w, 1, 2);
    struct rtcp_packet k = only(p, w.len);
    assert_true(rtcp_read_pli(&k, &a, &b));
    assert_int_equal(a, 1);
    assert_int_equal(b, 2);
    assert_false(rtcp_read_fir(&k, 0, &f));
    rtcp_begin(&w, p, sizeof p);
    rtcp_put_fir(&w, 1, in, 2);
    k = only(p, w.len);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(rtcp_read_fir(&k, i, &f));
        assert_int_equal(f.sender, 1);
        assert_int_equal(f.ssrc, in[i].ssrc);
        assert_int_equal(f.seq, in[i].seq);
    }
    assert_false(rtcp_read_fir(&k, 2, &f));
    assert_false(rtcp_read_fir(&k, 0xFFFFFFFF, &f));
    rtcp_put_fir(&w, 1, in, 0);
    assert_true(w.failed);
}

static void test_remb(void **state)
{
    (void)state;
    static const uint64_t rates[] = {0, 1, 0x3FFFF, 0x40000, 1000000, 123456789012, UINT64_MAX};
    uint8_t p[1500];
    uint32_t ssrcs[RTCP_REMB_SSRCS_MAX];
    struct rtcp_writer w;
    struct rtcp_remb r;
    for (unsigned i = 0; i < ARRAY_LEN(ssrcs); i++)
        ssrcs[i] = i * 3;
    for (unsigned i = 0; i < ARRAY_LEN(rates); i++) {
        rtcp_begin(&w, p, sizeof p);
        rtcp_put_remb(&w, 1, rates[i], ssrcs, i == 0 ? 255 : i);
        struct rtcp_packet k = only(p, w.len);
        assert_true(rtcp_read_remb(&k, &r));
        assert_int_equal(r.n, i == 0 ? 255 : i);
        assert_true(r.bps <= rates[i] && r.bps >= rates[i] - (rates[i] >> 17));
        assert_int_equal(rtcp_remb_ssrc(&k, r.n - 1u), 3 * (r.n - 1u));
    }
    rtcp_put_remb(&w, 1, 5, ssrcs, 0);
    assert_true(w.failed);
    /* The largest: 2^18 - 1 times 2^63. */
    set_u32(p + 16, 0x01FFFFFF);
    struct rtcp_packet k = only(p, w.len);
    assert_true(rtcp_read_remb(&k, &r));
    assert_int_equal(r.bps, UINT64_MAX);
    set_u32(p + 16, 0x01FC0000); /* 0 times 2^63 */
    assert_true(rtcp_read_remb(&k, &r));
    assert_int_equal(r.bps, 0);
}

/* ---- Transport-wide feedback ---- */

/* Of Chromium: one packet, 153, and one byte of padding. */
static void test_twcc_recorded(void **state)
{
    (void)state;
    const uint8_t p[] = {0xAF, 0xCD, 0x00, 0x05, 0xFA, 0x17, 0xFA, 0x17, 0x43, 0x03, 0x2F, 0xA0,
                         0x00, 0x99, 0x00, 0x01, 0x3D, 0xE8, 0x02, 0x17, 0x20, 0x01, 0x94, 0x01};
    struct rtcp_packet k = only(p, sizeof p);
    struct rtcp_twcc t;
    struct rtcp_arrival a;
    assert_true(rtcp_read_twcc(&k, &t));
    assert_int_equal(t.sender, 0xFA17FA17);
    assert_int_equal(t.media, 0x43032FA0);
    assert_int_equal(t.number, 0x17);
    assert_int_equal(t.left, 1);
    assert_int_equal(t.time_us, 0x3DE802 * 64000ll);
    assert_true(rtcp_twcc_next(&t, &a));
    assert_int_equal(a.seq, 153);
    assert_true(a.came);
    assert_int_equal(a.at_us, 0x3DE802 * 64000ll + 0x94 * 250);
    assert_false(rtcp_twcc_next(&t, &a));
    /* What we write of that is the same, but for the padding bit and count. */
    uint8_t again[64];
    struct rtcp_writer w;
    rtcp_begin(&w, again, sizeof again);
    assert_int_equal(rtcp_put_twcc(&w, 0xFA17FA17, 0x43032FA0, 0x17, 153, &a.at_us, 1), 1);
    assert_int_equal(w.len, sizeof p);
    assert_int_equal(again[0], 0x8F);
    assert_memory_equal(again + 1, p + 1, sizeof p - 2);
}

static const uint8_t *twcc_packet(const uint8_t *body, size_t n, uint16_t count, uint8_t *p)
{
    size_t size = 20 + n;
    assert_int_equal(n % 4, 0);
    memset(p, 0, 20);
    set_u32(p, 0x8FCD0000 | (uint32_t)(size / 4 - 1));
    set_u16(p + 12, 65534);
    set_u16(p + 14, count);
    memcpy(p + 20, body, n);
    return p;
}

/* Sequence numbers and times in 250 us as text; "bad" when refused. */
static void expect_twcc(uint16_t count, const uint8_t *body, size_t n, const char *want)
{
    uint8_t *p = malloc(20 + n);
    struct rtcp_packet k = only(twcc_packet(body, n, count, p), 20 + n);
    struct rtcp_twcc t;
    struct rtcp_arrival a;
    char got[512] = "";
    size_t at = 0;
    if (!rtcp_read_twcc(&k, &t))
        at += (size_t)snprintf(got, sizeof got, "bad");
    else
        while (rtcp_twcc_next(&t, &a)) {
            if (a.came)
                at += (size_t)snprintf(got + at, sizeof got - at, "%u@%d ", a.seq,
                                       (int)(a.at_us / 250));
            else
                at += (size_t)snprintf(got + at, sizeof got - at, "%u- ", a.seq);
        }
    assert_string_equal(got, want);
    free(p);
}

#define TWCC(count, want, ...)                         \
    do {                                               \
        const uint8_t bytes[] = {__VA_ARGS__};         \
        expect_twcc(count, bytes, sizeof bytes, want); \
    } while (0)

static void test_twcc_chunks(void **state)
{
    (void)state;
    TWCC(2, "65534@1 65535@3 ", 0x20, 2, 1, 2);
    TWCC(3, "65534- 65535- 0- ", 0, 3, 0, 0);
    TWCC(2, "65534@-1 65535@299 ", 0x40, 2, 0xFF, 0xFF, 0x01, 0x2C, 0, 0);
    TWCC(3, "65534@5 65535- 0@6 ", 0xA8, 0, 5, 1);                 /* vector of one bit */
    TWCC(3, "65534@256 65535- 0@257 ", 0xE1, 0, 1, 0, 1, 0, 0, 0); /* of two bits */
    TWCC(4, "65534- 65535- 0@9 1- ", 0, 2, 0x20, 1, 0, 1, 9, 0);   /* three chunks */
    TWCC(1, "65534@7 ", 0, 0, 0x20, 1, 7, 0, 0, 0);                /* a run of none */
    TWCC(0, "", 0, 0, 0, 0);
    TWCC(2, "bad", 0x20, 1, 1, 1);             /* no chunk for the second */
    TWCC(9, "bad", 0x20, 9, 1, 1);             /* deltas missing */
    TWCC(1, "bad", 0x60, 1, 1, 1, 1, 1, 1, 1); /* the reserved symbol */
    TWCC(1, "bad", 0xF0, 0, 1, 1, 1, 1, 1, 1); /* and in a vector */
    TWCC(4097, "bad", 0x1F, 0xFF, 0, 0);
    assert_int_equal(RTCP_TWCC_MAX, 4096);
    /* Padding takes half of the second chunk. */
    const uint8_t body[] = {0, 1, 0, 1};
    uint8_t p[24];
    twcc_packet(body, sizeof body, 2, p);
    p[0] |= 0x20;
    struct rtcp_packet k = only(p, sizeof p);
    struct rtcp_twcc t;
    assert_int_equal(k.len, 23);
    assert_false(rtcp_read_twcc(&k, &t));
}

static uint32_t next_random(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

/* What was written reads the same, to half a tick; and no more room is taken than there is. */
static unsigned round_trip(uint32_t *x, size_t cap, const int64_t *at_us, unsigned n)
{
    static uint8_t p[RTCP_PACKET_MAX];
    struct rtcp_writer w;
    struct rtcp_twcc t;
    struct rtcp_arrival a;
    uint16_t base = (uint16_t)next_random(x);
    rtcp_begin(&w, p, cap);
    unsigned told = rtcp_put_twcc(&w, 3, 4, 5, base, at_us, n);
    assert_true(told <= n && w.len <= cap && !w.failed);
    if (told == 0) {
        assert_int_equal(w.len, 0);
        return 0;
    }
    struct rtcp_packet k = only(p, w.len);
    assert_true(rtcp_read_twcc(&k, &t));
    assert_int_equal(t.left, told);
    bool any = false;
    for (unsigned i = 0; i < told; i++) {
        assert_true(rtcp_twcc_next(&t, &a));
        assert_int_equal(a.seq, (uint16_t)(base + i));
        assert_int_equal(a.came, at_us[i] != RTCP_NOT_CAME);
        any = any || a.came;
        if (a.came)
            assert_in_range(a.at_us - at_us[i] + 125, 0, 250);
    }
    assert_true(any);
    assert_false(rtcp_twcc_next(&t, &a));
    return told;
}

static void test_twcc_round_trips(void **state)
{
    (void)state;
    static int64_t at[RTCP_TWCC_MAX + 10];
    uint32_t x = 42;
    for (unsigned round = 0; round < 3000; round++) {
        unsigned n = 1 + next_random(&x) % (round % 10 ? 200 : ARRAY_LEN(at));
        unsigned loss = next_random(&x) % 100, late = next_random(&x) % 50;
        int64_t now = next_random(&x);
        for (unsigned i = 0; i < n; i++) {
            now += next_random(&x) % (next_random(&x) % 20 == 0 ? 300000 : 2000);
            at[i] = now;
            if (next_random(&x) % 100 < late)
                at[i] = now > 5000000 ? now - next_random(&x) % 5000000 : now;
            if (next_random(&x) % 100 < loss)
                at[i] = RTCP_NOT_CAME;
        }
        for (unsigned done = 0, told; done < n; done += told) {
            told = round_trip(&x, 30 + next_random(&x) % 1200, at + done, n - done);
            if (told == 0)
                break;
        }
    }
}

static void test_twcc_limits(void **state)
{
    (void)state;
    static int64_t at[5000];
    uint8_t p[RTCP_PACKET_MAX];
    struct rtcp_writer w;
    int64_t apart[] = {0, 8191750, 16383750, RTCP_NOT_CAME};
    /* 32,767 ticks are the most between two; one tick more does not fit any more. */
    rtcp_begin(&w, p, sizeof p);
    assert_int_equal(rtcp_put_twcc(&w, 1, 2, 3, 4, apart, 4), 2);
    const int64_t never[] = {RTCP_NOT_CAME, RTCP_NOT_CAME};
    size_t before = w.len;
    assert_int_equal(rtcp_put_twcc(&w, 1, 2, 3, 4, never, 2), 0);
    assert_int_equal(rtcp_put_twcc(&w, 1, 2, 3, 4, never, 0), 0);
    assert_int_equal(w.len, before);
    for (unsigned i = 0; i < ARRAY_LEN(at); i++)
        at[i] = RTCP_NOT_CAME;
    at[0] = at[4999] = 1000;
    rtcp_begin(&w, p, sizeof p);
    assert_int_equal(rtcp_put_twcc(&w, 1, 2, 3, 4, at, 5000), RTCP_TWCC_MAX);
    assert_int_equal(w.len, 28); /* a vector, a run, one delta */
}

/* ---- RFC 8888 ---- */

static void test_ccfb(void **state)
{
    (void)state;
    uint8_t p[200];
    struct rtcp_writer w;
    struct rtcp_ccfb_writer c;
    struct rtcp_ccfb r;
    struct rtcp_ccfb_packet in[5], got;
    for (unsigned i = 0; i < 5; i++)
        in[i] = (struct rtcp_ccfb_packet){
            .came = i != 1, .ecn = (uint8_t)(i == 1 ? 0 : i % 4), .ato = i == 1 ? 0 : 100 * i};
    in[4].ato = RTCP_ATO_NONE;
    rtcp_begin(&w, p, sizeof p);
    rtcp_ccfb_begin(&c, &w, 1);
    rtcp_ccfb_source(&c, 0xAA, 65534, in, 5); /* odd: with padding */
    rtcp_ccfb_source(&c, 0xBB, 7, in, 2);
    rtcp_ccfb_source(&c, 0xCC, 9, in, 1);
    rtcp_ccfb_end(&c, 0x12345678);
    assert_false(w.failed);
    assert_int_equal(w.len, 8 + (8 + 12) + (8 + 4) + (8 + 4) + 4);
    assert_memory_equal(p + 8, "\0\0\0\xAA\xFF\xFE\0\5\x80\0\0\0", 12);
    struct rtcp_packet k = only(p, w.len);
    assert_true(rtcp_read_ccfb(&k, &r));
    assert_int_equal(r.sender, 1);
    assert_int_equal(r.ntp_middle, 0x12345678);
    static const struct {
        uint32_t ssrc;
        uint16_t seq;
        uint8_t i;
    } want[] = {{0xAA, 65534, 0}, {0xAA, 65535, 1}, {0xAA, 0, 2}, {0xAA, 1, 3},
                {0xAA, 2, 4},     {0xBB, 7, 0},     {0xBB, 8, 1}, {0xCC, 9, 0}};
    for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
        assert_true(rtcp_ccfb_next(&r, &got));
        assert_int_equal(got.ssrc, want[i].ssrc);
        assert_int_equal(got.seq, want[i].seq);
        assert_int_equal(got.came, in[want[i].i].came);
        assert_int_equal(got.ecn, in[want[i].i].ecn);
        assert_int_equal(got.ato, in[want[i].i].ato);
    }
    assert_false(rtcp_ccfb_next(&r, &got));

    /* Every number of packets announced for the last source, every length: refused or in bounds. */
    for (unsigned count = 0; count < 40; count++) {
        set_u16(p + w.len - 10, (uint16_t)count);
        assert_int_equal(rtcp_read_ccfb(&k, &r), count == 1 || count == 2);
    }
    set_u16(p + w.len - 10, 0xFFFF);
    assert_false(rtcp_read_ccfb(&k, &r));
}

static void test_ccfb_times(void **state)
{
    (void)state;
    assert_int_equal(rtcp_ccfb_ato(-1), RTCP_ATO_NONE);
    assert_int_equal(rtcp_ccfb_ato(0), 0);
    assert_int_equal(rtcp_ccfb_ato(1000000), 1024);
    assert_int_equal(rtcp_ccfb_ato(7997100), 8189);
    assert_int_equal(rtcp_ccfb_ato(7999000), RTCP_ATO_OVER);
    assert_int_equal(rtcp_ccfb_ato(INT64_MAX), RTCP_ATO_OVER);
}

/* Every capacity: what doesn't fit leaves what is there. */
static void test_room(void **state)
{
    (void)state;
    const uint32_t ssrcs[2] = {1, 2};
    const uint16_t lost[] = {1, 100};
    const int64_t at[] = {1000, 2000, 900000};
    const struct rtcp_report report = {.ssrc = 5};
    const struct rtcp_sr sr = {.ssrc = 6};
    const struct rtcp_fir fir = {.ssrc = 7};
    const struct rtcp_ccfb_packet came = {.came = true};
    for (size_t cap = 0; cap < 300; cap++) {
        uint8_t *p = malloc(cap ? cap : 1);
        struct rtcp_writer w;
        struct rtcp_ccfb_writer c;
        struct rtcp_packet k;
        unsigned kinds = 0;
        rtcp_begin(&w, p, cap);
        rtcp_put_sr(&w, &sr, &report, 1);
        rtcp_put_rr(&w, 1, &report, 1);
        rtcp_put_cname(&w, 1, STR("name"));
        rtcp_put_nack(&w, 1, 2, lost, 2);
        rtcp_put_twcc(&w, 1, 2, 3, 4, at, 3);
        rtcp_ccfb_begin(&c, &w, 1);
        rtcp_ccfb_source(&c, 1, 2, &came, 1);
        rtcp_ccfb_end(&c, 0);
        rtcp_put_pli(&w, 1, 2);
        rtcp_put_fir(&w, 1, &fir, 1);
        rtcp_put_remb(&w, 1, 1000, ssrcs, 2);
        rtcp_put_bye(&w, ssrcs, 2);
        assert_true(w.len <= cap);
        if (w.len > 0)
            assert_int_equal(rtcp_check(p, w.len), RTCP_OK);
        for (struct rtcp_iter it = rtcp_iter(p, w.len); rtcp_next(&it, &k);)
            kinds++;
        /* Without room feedback for the transport is just not written: that is no failure. */
        assert_true(w.failed ? kinds < 10 : kinds >= 9);
        assert_int_equal(kinds == 10, cap >= 244);
        free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compound),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_short_contents),
        cmocka_unit_test(test_write_reports),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_write_sdes_bye),
        cmocka_unit_test(test_nack),
        cmocka_unit_test(test_pli_fir),
        cmocka_unit_test(test_remb),
        cmocka_unit_test(test_twcc_recorded),
        cmocka_unit_test(test_twcc_chunks),
        cmocka_unit_test(test_twcc_round_trips),
        cmocka_unit_test(test_twcc_limits),
        cmocka_unit_test(test_ccfb),
        cmocka_unit_test(test_ccfb_times),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
