/*
 * Somebody who is in the room, has keys, and means harm: whatever they send is refused, limited and counted, and the call
 * of the two others goes on as if nothing was. (Who has no keys: tests/fuzz/fuzz_sfu.c, test_media_transport.c.)
 */
#include "sfu_world.h"

enum { ROOM = 7, MIC = 501, CAM = 502, MIC_M = 601, CAM_M = 602 };
enum { RIGHTS = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE, PER_FRAME = 2, MANY = 1000000 };

struct call {
    struct world *w;
    struct client *a, *b, *m; /* a is seen and heard by b and m; m is the one */
    const struct sfu_stats *st;
};

static void want(struct client *c, unsigned line, uint64_t track)
{
    char mid[8];
    snprintf(mid, sizeof mid, "%u", line);
    struct sfu_wish wish = {str_from(mid), track, 640, 360, ALLOC_VISIBLE};
    sfu_wish(c->w->sfu, c->w->now, c->id, &wish, 1);
}

static struct client *comes(struct world *w, enum direction d, uint64_t mic, uint64_t cam)
{
    struct client *c = client_new(w);
    client_line(c, d, SFU_MIC, d == SENDS, mic);
    client_line(c, d, SFU_CAMERA, d == SENDS, cam);
    client_offer(c, ROOM, RIGHTS);
    client_connect(c);
    c->link = link_new(20e6, 10000);
    return c;
}

static void frames(struct call *k, unsigned n, bool key)
{
    for (unsigned i = 0; i < n; i++) {
        for (unsigned part = 0; part < PER_FRAME; part++)
            client_send(k->a, 1, 0, key && i == 0 && part == 0, part == PER_FRAME - 1);
        client_send(k->a, 0, 0, false, true);
        k->a->lines[1].timestamp += 3000;
        k->a->lines[0].timestamp += 1440;
        world_run(k->w, 33000);
    }
}

/* m sends sound and a picture (lines 0, 1), too, and receives what a sends (2, 3). */
static struct call begin(void)
{
    struct call k = {.w = world_new(NULL)};
    assert_true(sfu_room_open(k.w->sfu, ROOM));
    k.a = comes(k.w, SENDS, MIC, CAM);
    k.b = comes(k.w, RECEIVES, MIC, CAM);
    k.m = client_new(k.w);
    client_line(k.m, SENDS, SFU_MIC, 1, MIC_M);
    client_line(k.m, SENDS, SFU_CAMERA, 1, CAM_M);
    client_line(k.m, RECEIVES, SFU_MIC, 0, MIC);
    client_line(k.m, RECEIVES, SFU_CAMERA, 0, CAM);
    client_offer(k.m, ROOM, RIGHTS);
    client_connect(k.m);
    k.m->link = link_new(20e6, 10000);
    k.st = sfu_room_stats(k.w->sfu, ROOM);
    frames(&k, 1, true);
    want(k.b, 1, CAM);
    want(k.m, 3, CAM);
    frames(&k, 30, true);
    return k;
}

/* The two others: every packet arrives, none is asked for twice, nobody had to make another picture. */
static void the_call_goes_on(struct call *k)
{
    world_run(k->w, 200000);
    uint64_t sound = k->b->lines[0].packets, picture = k->b->lines[1].packets;
    frames(k, 15, false);
    world_run(k->w, 200000);
    assert_int_equal(k->b->lines[0].packets - sound, 15);
    assert_int_equal(k->b->lines[1].packets - picture, 15 * PER_FRAME);
    assert_false(k->a->ended || k->b->ended);
}

static void end(struct call *k)
{
    the_call_goes_on(k);
    world_free(k->w);
}

/* ---- Packets ---- */

/* Sealed as it is; the header has to be good enough for that. */
static void send_sealed(struct client *c, uint32_t ssrc, const uint8_t *bytes, size_t n)
{
    uint8_t p[1500];
    memcpy(p, bytes, n);
    if (srtp_streams(c->out) == 64) { /* of this side; the other one has its own */
        srtp_free(c->in);
        srtp_free(c->out);
        assert_int_equal(
            srtp_pair(SRTP_AEAD_AES_128_GCM, c->material, false, 256, 64, &c->in, &c->out), ERR_OK);
    }
    srtp_add(c->out, ssrc);
    if (srtp_protect(c->out, p, &n, sizeof p) == SRTP_OK)
        sfu_input(c->w->sfu, c->w->now, &c->at, p, n, n);
}

static void send_plain(struct client *c, uint32_t ssrc, uint8_t pt, uint16_t seq)
{
    uint8_t p[64];
    struct rtp r = {.ssrc = ssrc, .seq = seq, .pt = pt};
    size_t n = rtp_put_head(p, sizeof p, &r, NULL);
    memcpy(p + n, "\x10\x00\x01\x02", 4);
    send_sealed(c, ssrc, p, n + 4);
}

static void strange_ssrcs_and_types(void **state)
{
    (void)state;
    struct call k = begin();
    uint64_t unknown = k.st->unknown_ssrc, malformed = k.st->malformed;
    client_send(k.m, 1, 0, true, true);
    for (uint16_t i = 0; i < 100; i++) {
        send_plain(k.m, 77, PT_VP8, i);                   /* nobody's */
        send_plain(k.m, send_ssrc(k.a, 1, 0), PT_VP8, i); /* another's: theirs, and unknown here */
        send_plain(k.m, k.b->lines[1].ssrc, PT_VP8, i);   /* ours, to b */
        send_plain(k.m, send_ssrc(k.m, 1, 0), 100, i + 50); /* known, with another type */
    }
    assert_int_equal(k.st->unknown_ssrc - unknown, 300);
    assert_int_equal(k.st->malformed - malformed, 100);
    end(&k);
}

static void many_ssrcs(void **state)
{
    (void)state;
    struct call k = begin();
    uint64_t in = k.st->in_packets;
    for (uint32_t i = 0; i < MANY; i++)
        send_plain(k.m, 1000000 + i, PT_VP8, 1);
    /* What has no place any more is not even decrypted. */
    assert_in_range(k.st->in_packets - in, 1, 32);
    assert_in_range(k.st->unknown_ssrc, 1, 32);
    end(&k);
}

static void broken_packets(void **state)
{
    (void)state;
    struct call k = begin();
    client_send(k.m, 1, 0, true, true);
    uint32_t ssrc = send_ssrc(k.m, 1, 0);
    uint64_t malformed = k.st->malformed, frames_of_m = k.b->lines[1].packets;
    static const uint8_t packets[][40] = {
        /* Padding of more than there is; of nothing. */
        {0xA0, PT_VP8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 1, 200},
        {0xA0, PT_VP8, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 1, 0},
        /* Contributors, and an extension that runs over the end of its block; of no known profile. */
        {0x82, PT_VP8, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0, 1},
        {0x90, PT_VP8, 1, 3, 0,    0,   0,   0,   0,    0, 0, 0,
         0xBE, 0xDE,   0, 1, 0x4F, 'x', 'y', 'z', 0x10, 0, 1},
        {0x90, PT_VP8, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0, 1, 1, 2, 3, 4, 0x10, 0, 1},
        /* A payload that ends within its descriptor. */
        {0x80, PT_VP8, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0x90, 0xFF},
        /* RTX of nothing, of less than a number. */
        {0x80, PT_RTX, 1, 6, 0, 0, 0, 0, 0, 0, 0, 0, 1},
    };
    static const size_t sizes[] = {16, 16, 23, 23, 23, 14, 13};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        uint8_t p[40];
        memcpy(p, packets[i], sizeof p);
        set_u32(p + 8, ssrc);
        send_sealed(k.m, ssrc, p, sizes[i]);
    }
    assert_true(k.st->malformed - malformed >= 4);
    assert_int_equal(k.b->lines[1].packets, frames_of_m); /* nobody wanted m's */
    end(&k);
}

static void the_same_ssrc_twice(void **state)
{
    (void)state;
    struct call k = begin();
    /* m publishes by the number that a has; and two lines of one offer have the same. */
    struct client *m2 = client_new(k.w);
    static const char offer[] =
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
        "a=ice-ufrag:peer40\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n"
        "a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:"
        "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtcp-mux\r\na=sendonly\r\n"
        "a=rtpmap:96 VP8/90000\r\na=ssrc:1001010 cname:x\r\na=ssrc-group:FID 1001010 1001010\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtcp-mux\r\na=sendonly\r\n"
        "a=rtpmap:96 VP8/90000\r\na=ssrc:1001010 cname:x\r\n";
    struct sfu_line lines[] = {{STR("0"), SFU_CAMERA, 701}, {STR("1"), SFU_CAMERA, 702}};
    struct sfu_offer o = {ROOM, m2->id, RIGHTS, str_from(offer), lines, 2};
    assert_int_equal(send_ssrc(k.a, 1, 0), 1001010);
    sfu_offer(k.w->sfu, k.w->now, &o);
    assert_int_equal(m2->answers, 1);
    client_connect(m2);
    uint64_t b_got = k.b->lines[1].packets;
    for (uint16_t i = 0; i < 50; i++)
        send_plain(m2, 1001010, PT_VP8, i);
    world_run(k.w, 100000);
    assert_int_equal(k.b->lines[1].packets, b_got);
    end(&k);
}

/* ---- Feedback ---- */

static void feedback_about_others(void **state)
{
    (void)state;
    struct call k = begin();
    uint32_t others[] = {k.b->lines[1].ssrc, send_ssrc(k.a, 1, 0), 12345, 0};
    uint64_t nacked = k.st->nacked, wanted = k.st->key_frames_wanted, again = k.st->again;
    unsigned plis = k.a->plis;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        uint8_t mem[400];
        uint16_t seqs[30];
        struct rtcp_writer w;
        struct rtcp_fir fir = {.ssrc = others[i], .seq = (uint8_t)i};
        struct rtcp_report lies[] = {{.ssrc = others[i], .fraction = 255, .lost = 100000}};
        for (uint16_t s = 0; s < 30; s++)
            seqs[s] = (uint16_t)(k.b->lines[1].last_seq - s);
        rtcp_begin(&w, mem, sizeof mem);
        rtcp_put_rr(&w, (uint32_t)k.m->id, lies, 1);
        rtcp_put_nack(&w, others[i], others[i], seqs, 30);
        rtcp_put_pli(&w, others[i], others[i]);
        rtcp_put_fir(&w, others[i], &fir, 1);
        client_feedback(k.m, &w);
    }
    world_run(k.w, 500000);
    assert_int_equal(k.st->nacked, nacked);
    assert_int_equal(k.st->again, again);
    assert_int_equal(k.st->key_frames_wanted, wanted);
    assert_int_equal(k.a->plis, plis);
    end(&k);
}

static void broken_feedback(void **state)
{
    (void)state;
    struct call k = begin();
    uint8_t whole[200], p[240];
    uint16_t seqs[] = {1, 5, 9};
    struct rtcp_writer w;
    struct rtcp_report block = {.ssrc = k.m->lines[3].ssrc};
    uint64_t malformed = k.st->malformed;
    rtcp_begin(&w, whole, sizeof whole);
    rtcp_put_rr(&w, (uint32_t)k.m->id, &block, 1);
    rtcp_put_nack(&w, (uint32_t)k.m->id, k.m->lines[3].ssrc, seqs, 3);
    for (size_t n = 8; n < w.len; n++) {
        size_t len = n;
        memcpy(p, whole, n);
        srtp_add(k.m->out, (uint32_t)k.m->id);
        if (srtp_protect_rtcp(k.m->out, p, &len, sizeof p) == SRTP_OK)
            sfu_input(k.w->sfu, k.w->now, &k.m->at, p, len, len);
    }
    assert_true(k.st->malformed - malformed >= w.len / 2);
    end(&k);
}

static void storms_of_nacks(void **state)
{
    (void)state;
    struct call k = begin();
    uint64_t again = k.st->again;
    unsigned had = (unsigned)k.m->lines[3].packets;
    for (unsigned i = 0; i < 200; i++) {
        uint8_t mem[400];
        uint16_t seqs[60];
        struct rtcp_writer w;
        for (uint16_t s = 0; s < 60; s++)
            seqs[s] = (uint16_t)(k.m->lines[3].last_seq - s);
        rtcp_begin(&w, mem, sizeof mem);
        rtcp_put_nack(&w, (uint32_t)k.m->id, k.m->lines[3].ssrc, seqs, 60);
        client_feedback(k.m, &w);
        world_run(k.w, 1000);
    }
    /* 12,000 were asked for within 0.2 s: each was sent as often as round trips have passed, at most. */
    assert_int_equal(k.st->nacked, 12000);
    assert_true(had >= 60);
    assert_in_range(k.st->again - again, 1, 60 * 11);
    end(&k);
}

static void storms_of_plis(void **state)
{
    (void)state;
    struct call k = begin();
    unsigned plis = k.a->plis;
    for (unsigned i = 0; i < 500; i++) {
        uint8_t mem[100];
        struct rtcp_writer w;
        struct rtcp_fir fir = {.ssrc = k.m->lines[3].ssrc, .seq = (uint8_t)i};
        rtcp_begin(&w, mem, sizeof mem);
        rtcp_put_pli(&w, (uint32_t)k.m->id, k.m->lines[3].ssrc);
        rtcp_put_fir(&w, (uint32_t)k.m->id, &fir, 1);
        client_feedback(k.m, &w);
        world_run(k.w, 1000);
    }
    /* Within half a second; a never answered with a key frame. */
    assert_in_range(k.a->plis - plis, 1, 4);
    assert_true(k.st->key_frames_wanted >= 500);
    end(&k);
}

static void lies_about_arrivals(void **state)
{
    (void)state;
    struct call k = begin();
    k.m->link->is_mute = true;
    for (unsigned i = 0; i < 300; i++) {
        uint8_t mem[1200];
        int64_t at[200];
        struct rtcp_writer w;
        for (unsigned s = 0; s < 200; s++) /* from the future, long ago, never */
            at[s] = i % 3 == 0             ? (int64_t)1000000000000 + s
                    : i % 3 == 1 || s == 0 ? (int64_t)s
                                           : RTCP_NOT_CAME;
        rtcp_begin(&w, mem, sizeof mem);
        rtcp_put_twcc(&w, (uint32_t)k.m->id, 1, (uint8_t)i, (uint16_t)(i * 331), at, 200);
        client_feedback(k.m, &w);
        world_run(k.w, 2000);
    }
    the_call_goes_on(&k);
    /* All came at once, says m: no more is sent for that than there is. */
    assert_true(k.st->padding_bytes < 2000000);
    end(&k);
}

static void no_room_at_all(void **state)
{
    (void)state;
    struct call k = begin();
    k.m->link->is_mute = true;
    for (unsigned i = 0; i < 20; i++) {
        uint8_t mem[100];
        struct rtcp_writer w;
        rtcp_begin(&w, mem, sizeof mem);
        rtcp_put_remb(&w, (uint32_t)k.m->id, 0, &k.m->lines[3].ssrc, 1);
        client_feedback(k.m, &w);
        world_run(k.w, 50000);
    }
    uint64_t sound = k.m->lines[2].packets;
    the_call_goes_on(&k);
    assert_int_equal(k.m->lines[2].packets - sound, 15); /* sound does not stop */
    end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strange_ssrcs_and_types), cmocka_unit_test(many_ssrcs),
        cmocka_unit_test(broken_packets),          cmocka_unit_test(the_same_ssrc_twice),
        cmocka_unit_test(feedback_about_others),   cmocka_unit_test(broken_feedback),
        cmocka_unit_test(storms_of_nacks),         cmocka_unit_test(storms_of_plis),
        cmocka_unit_test(lies_about_arrivals),     cmocka_unit_test(no_room_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
