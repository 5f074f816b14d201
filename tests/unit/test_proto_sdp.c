/* Offers as Chromium and Firefox have made them (tests/corpus/sdp), and others; answers read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/sdp.h"

struct offer {
    char *text;
    struct sdp sdp;
};

static struct offer offer_of(const char *file)
{
    char path[512];
    struct offer o = {.text = xcalloc(1, SDP_MAX + 1)};
    unsigned line;
    snprintf(path, sizeof path, TESTS_DIR "/corpus/sdp/%s.sdp", file);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(o.text, 1, SDP_MAX, f);
    fclose(f);
    assert_int_equal(sdp_parse(&o.sdp, str_of(o.text, n), &line), SDP_OK);
    return o;
}

static void drop(struct offer *o)
{
    sdp_free(&o->sdp);
    xfree(o->text);
}

static bool is(struct str a, const char *b)
{
    return str_eq(a, str_from(b));
}

static const struct sdp_codec *codec(const struct sdp_media *m, unsigned pt)
{
    int i = sdp_codec_of_pt(m, pt);
    assert_true(i >= 0);
    return &m->codecs[i];
}

static unsigned ext_id(const struct sdp_media *m, enum rtp_ext_kind kind)
{
    for (unsigned i = 0; i < m->n_exts; i++) {
        if (m->exts[i].kind == kind)
            return m->exts[i].id;
    }
    return 0;
}

/* ---- Reading ---- */

static void chromium_publishes_with_simulcast(void **state)
{
    (void)state;
    struct offer o = offer_of("chromium-publish");
    const struct sdp *s = &o.sdp;
    assert_int_equal(s->n, 2);
    assert_true(is(s->ufrag, "GBqO"));
    assert_int_equal(s->hash, SDP_SHA256);
    assert_int_equal(s->fingerprint_n, 32);
    assert_true(s->trickle);
    const struct sdp_media *a = &s->lines[0], *v = &s->lines[1];
    assert_int_equal(a->kind, SDP_AUDIO);
    assert_int_equal(a->direction, SDP_SENDS);
    assert_true(a->bundled && a->mux && a->rsize && a->mixed && !a->rejected);
    assert_int_equal(codec(a, 111)->name, SDP_OPUS);
    assert_int_equal(codec(a, 111)->channels, 2);
    assert_int_equal(codec(a, 111)->feedback, SDP_FB_TWCC);
    assert_true(is(codec(a, 111)->fmtp, "minptime=10;useinbandfec=1"));
    assert_int_equal(codec(a, 63)->name, SDP_RED);
    assert_int_equal(codec(a, 63)->apt, 111);
    assert_int_equal(codec(a, 0)->name, SDP_PCMU);
    assert_int_equal(codec(a, 9)->name, SDP_UNKNOWN);
    assert_int_equal(ext_id(a, RTP_EXT_AUDIO_LEVEL), 1);
    assert_int_equal(a->n_streams, 1);
    assert_int_not_equal(a->streams[0].ssrc, 0);
    assert_int_equal(v->kind, SDP_VIDEO);
    assert_int_equal(codec(v, 96)->name, SDP_VP8);
    assert_int_equal(codec(v, 96)->feedback,
                     SDP_FB_NACK | SDP_FB_PLI | SDP_FB_FIR | SDP_FB_TWCC | SDP_FB_REMB);
    assert_int_equal(sdp_rtx_of(v, (unsigned)sdp_codec_of_pt(v, 96)), sdp_codec_of_pt(v, 97));
    assert_int_equal(ext_id(v, RTP_EXT_MID), 4);
    assert_int_equal(ext_id(v, RTP_EXT_RID), 10);
    assert_int_equal(ext_id(v, RTP_EXT_REPAIRED_RID), 11);
    assert_int_equal(ext_id(v, RTP_EXT_TRANSPORT_CC), 3);
    assert_true(v->by_rid);
    assert_int_equal(v->n_streams, 3);
    assert_true(is(v->streams[0].rid, "h") && is(v->streams[2].rid, "l"));
    drop(&o);
}

static void firefox_publishes_with_simulcast(void **state)
{
    (void)state;
    struct offer o = offer_of("firefox-publish");
    const struct sdp_media *v = &o.sdp.lines[1];
    assert_int_equal(o.sdp.n, 2);
    assert_int_equal(o.sdp.fingerprint_n, 32); /* of the session */
    assert_false(v->rejected);                 /* port 0, but bundle-only */
    assert_int_equal(v->direction, SDP_SENDS);
    assert_int_equal(codec(v, 120)->name, SDP_VP8);
    assert_int_equal(codec(v, 99)->name, SDP_AV1);
    assert_int_equal(sdp_rtx_of(v, (unsigned)sdp_codec_of_pt(v, 99)), sdp_codec_of_pt(v, 100));
    assert_true(v->by_rid);
    assert_int_equal(v->n_streams, 3);
    assert_int_equal(ext_id(v, RTP_EXT_RID), 9);
    assert_int_equal(ext_id(v, RTP_EXT_DEPENDENCY), 8);
    assert_int_equal(o.sdp.lines[0].streams[0].rtx, 0);
    drop(&o);
}

static void a_line_for_data_is_read_and_left(void **state)
{
    (void)state;
    struct offer o = offer_of("chromium-mixed");
    assert_int_equal(o.sdp.n, 3);
    assert_int_equal(o.sdp.lines[2].kind, SDP_OTHER);
    assert_int_equal(o.sdp.lines[0].direction, SDP_SENDS | SDP_RECEIVES);
    const struct sdp_stream *v = &o.sdp.lines[1].streams[0];
    assert_int_equal(o.sdp.lines[1].n_streams, 1);
    assert_int_not_equal(v->ssrc, 0);
    assert_int_not_equal(v->rtx, 0);
    assert_true(o.sdp.lines[1].stream.n > 0 && o.sdp.lines[1].track.n > 0);
    drop(&o);
}

static void who_only_receives_names_no_streams(void **state)
{
    static const char *const files[] = {"chromium-subscribe", "firefox-subscribe"};
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct offer o = offer_of(files[k]);
        assert_int_equal(o.sdp.n, 4);
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(o.sdp.lines[i].direction, SDP_RECEIVES);
            assert_int_equal(o.sdp.lines[i].n_streams, 0);
        }
        drop(&o);
    }
}

/* ---- What is wrong ---- */

#define HEAD                                                                \
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" \
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n" PRINT
#define PRINT                                                                                    \
    "a=fingerprint:sha-256 "                                                                     \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:" \
    "1E:1F\r\n"
#define VIDEO "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:0\r\na=rtcp-mux\r\n"
#define VP8   "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"

static enum sdp_result read_text(const char *text, unsigned *line)
{
    struct sdp s;
    enum sdp_result r = sdp_parse(&s, str_from(text), line);
    if (r != SDP_OK) {
        assert_null(s.lines);
        assert_int_equal(s.n, 0);
    }
    sdp_free(&s);
    return r;
}

static void what_is_malformed_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        enum sdp_result r;
        unsigned line;
    } cases[] = {
        {HEAD VIDEO VP8, SDP_OK, 0},
        {"", SDP_E_SIZE, 0},
        {"o=- 1\r\n", SDP_E_VERSION, 1},
        {"v=1\r\n", SDP_E_VERSION, 1},
        {"v=0\r\nxx\r\n", SDP_E_LINE, 2},
        {"v=0\r\n\r\n", SDP_E_LINE, 2},
        {"v=0\r\nA=b\r\n", SDP_E_LINE, 2},
        {"v=0\r\na=x:\x01\r\n", SDP_E_LINE, 2},
        {"v=0\r\na=x:a\rb\r\n", SDP_E_LINE, 2},
        {"v=0\r\na=x:\xFF\r\n", SDP_E_LINE, 0},
        {"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF\r\n", SDP_E_MEDIA, 2},
        {"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 128\r\n", SDP_E_MEDIA, 2},
        {"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 96\r\n", SDP_E_MEDIA, 2},
        {"v=0\r\nm=video 99999 UDP/TLS/RTP/SAVPF 96\r\n", SDP_E_MEDIA, 2},
        {"v=0\r\na=ice-ufrag:abc\r\n", SDP_E_ATTRIBUTE, 2},
        {"v=0\r\na=ice-pwd:short\r\n", SDP_E_ATTRIBUTE, 2},
        {"v=0\r\na=fingerprint:sha-256 AA:BB\r\n", SDP_E_ATTRIBUTE, 2},
        {"v=0\r\na=setup:sideways\r\n", SDP_E_ATTRIBUTE, 2},
        {HEAD VIDEO "a=rtpmap:96 VP8\r\n", SDP_E_ATTRIBUTE, 13},
        {HEAD VIDEO "a=extmap:0 urn:x\r\n", SDP_E_ATTRIBUTE, 13},
        {HEAD VIDEO "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
                    "a=extmap:1 urn:3gpp:video-orientation\r\n",
         SDP_E_ATTRIBUTE, 14},
        {HEAD VIDEO "a=rid:a/b send\r\n", SDP_E_ATTRIBUTE, 13},
        {HEAD VIDEO "a=ssrc:x cname:y\r\n", SDP_E_ATTRIBUTE, 13},
        {HEAD VIDEO VP8 "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtcp-mux\r\n", SDP_E_MID, 0},
        {HEAD VIDEO VP8 "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n", SDP_E_MID, 0},
        {HEAD VIDEO VP8 "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:1\r\na=rtcp-mux\r\n", SDP_E_BUNDLE,
         0},
        {HEAD "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n", SDP_E_MUX, 0},
        {"v=0\r\na=group:BUNDLE 0\r\n" PRINT VIDEO, SDP_E_ICE, 0},
        {HEAD "a=ice-lite\r\n" VIDEO, SDP_E_ICE, 0},
        {HEAD VIDEO "a=setup:passive\r\n", SDP_E_DTLS, 0},
        {"v=0\r\na=group:BUNDLE 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
         "a=fingerprint:md5 AA\r\n" VIDEO,
         SDP_E_DTLS, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned line = 99;
        enum sdp_result r = read_text(cases[i].text, &line);
        if (r != cases[i].r || line != cases[i].line)
            print_message("case %zu: %s\n", i, cases[i].text);
        assert_string_equal(sdp_result_name(r), sdp_result_name(cases[i].r));
        assert_int_equal(line, cases[i].line);
    }
}

static void there_are_limits(void **state)
{
    struct buf b;
    unsigned line;
    (void)state;
    buf_init(&b, 1 << 20);
    buf_puts(&b, HEAD);
    for (unsigned i = 0; i < SDP_LINES_MAX; i++)
        buf_puts(&b, "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n");
    assert_int_equal(read_text(buf_cstr(&b), &line), SDP_OK);
    buf_puts(&b, "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n");
    assert_int_equal(read_text(buf_cstr(&b), &line), SDP_E_CAP);
    buf_reset(&b);
    buf_puts(&b, "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF");
    for (unsigned i = 0; i <= SDP_CODECS_MAX; i++)
        buf_putf(&b, " %u", i);
    assert_int_equal(read_text(buf_cstr(&b), &line), SDP_E_CAP);
    buf_reset(&b);
    buf_puts(&b, HEAD VIDEO);
    for (unsigned i = 1; i < 100; i++)
        buf_putf(&b,
                 "a=ssrc:%u x\r\na=rid:r%u send\r\na=ssrc-group:FID %u 1\r\na=extmap:%u urn:%u\r\n",
                 i, i, i, i, i);
    buf_puts(&b, "a=simulcast:send r1;r2;r3;r4;r5;r6\r\n");
    struct sdp s;
    assert_int_equal(sdp_parse(&s, buf_str(&b), &line), SDP_OK);
    assert_int_equal(s.lines[0].n_streams, SDP_STREAMS_MAX);
    sdp_free(&s);
    buf_reset(&b);
    while (buf_len(&b) <= SDP_MAX)
        buf_puts(&b, "a=x\r\n");
    assert_int_equal(read_text(buf_cstr(&b), &line), SDP_E_SIZE);
    buf_free(&b);
    mem_fail_at(1);
    assert_int_equal(read_text(HEAD VIDEO VP8, &line), SDP_E_CAP);
    mem_fail_at(2);
    assert_int_equal(read_text(HEAD VIDEO VP8, &line), SDP_E_CAP);
    mem_fail_at(0);
}

static void older_ways_to_name_layers(void **state)
{
    struct sdp s;
    unsigned line;
    (void)state;
    assert_int_equal(
        sdp_parse(&s,
                  STR(HEAD VIDEO VP8 "a=ssrc-group:FID 10 11\r\na=ssrc-group:FID 20 21\r\n"
                                     "a=ssrc-group:SIM 10 20 30\r\na=ssrc:10 cname:x\r\n"),
                  &line),
        SDP_OK);
    assert_false(s.lines[0].by_rid);
    assert_int_equal(s.lines[0].n_streams, 3);
    assert_int_equal(s.lines[0].streams[0].ssrc, 10);
    assert_int_equal(s.lines[0].streams[1].rtx, 21);
    assert_int_equal(s.lines[0].streams[2].rtx, 0);
    sdp_free(&s);
    assert_int_equal(sdp_parse(&s,
                               STR(HEAD VIDEO VP8 "a=rid:a send\r\na=rid:b send\r\n"
                                                  "a=simulcast:recv x send ~a,c;b;nobody\r\n"),
                               &line),
                     SDP_OK);
    assert_true(s.lines[0].by_rid);
    assert_int_equal(s.lines[0].n_streams, 2);
    assert_true(is(s.lines[0].streams[0].rid, "a") && is(s.lines[0].streams[1].rid, "b"));
    sdp_free(&s);
}

static void one_line_needs_no_name_and_no_group(void **state)
{
    static const char one[] =
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n"
        "a=ice-pwd:0123456789012345678901\r\n" PRINT;
    static const char data[] = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
    static const char other[] = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:1\r\na=rtcp-mux\r\n";
    char text[2048];
    unsigned line;
    (void)state;
    assert_int_equal(read_text(one, &line), SDP_OK);
    snprintf(text, sizeof text, "%s%s", one, data);
    assert_int_equal(read_text(text, &line), SDP_OK);
    snprintf(text, sizeof text, "%s%s", one, other);
    assert_int_equal(read_text(text, &line), SDP_E_MID);
    snprintf(text, sizeof text, "%sa=mid:0\r\n%s", one, other);
    assert_int_equal(read_text(text, &line), SDP_E_BUNDLE);
}

static void a_line_has_a_fingerprint_of_its_own(void **state)
{
    struct sdp s;
    unsigned line;
    (void)state;
    assert_int_equal(
        sdp_parse(&s,
                  STR(HEAD VIDEO "a=fingerprint:md5 00\r\n"
                                 "a=fingerprint:sha-256 FF:01:02:03:04:05:06:07:08:09:0A:0B:0C:"
                                 "0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n"
                                 "a=fingerprint:sha-256 EE:01\r\n"),
                  &line),
        SDP_OK);
    assert_int_equal(s.fingerprint[0], 0xFF);
    assert_int_equal(s.fingerprint_n, 32);
    sdp_free(&s);
}

static void parameters_are_found_by_name(void **state)
{
    struct str fmtp = STR("profile-id=2; Level-IDX=5;tier=;x");
    (void)state;
    assert_true(is(sdp_param(fmtp, STR("profile-id")), "2"));
    assert_true(is(sdp_param(fmtp, STR("level-idx")), "5"));
    assert_int_equal(sdp_param(fmtp, STR("tier")).n, 0);
    assert_int_equal(sdp_param(fmtp, STR("x")).n, 0);
    assert_int_equal(sdp_param(fmtp, STR("profile")).n, 0);
    assert_int_equal(sdp_param(STR(""), STR("a")).n, 0);
}

/* ---- Answering ---- */

static const struct sdp_candidate ways[] = {
    {.at = {{203, 0, 113, 5}, 0, 3478, 4, 0}, .tcp = false},
    {.at = {{203, 0, 113, 5}, 0, 8443, 4, 0}, .tcp = true},
};

static struct sdp_answer answer(void)
{
    return (struct sdp_answer){
        .session = 77,
        .version = 3,
        .ufrag = STR("0Aabcdef"),
        .pwd = STR("abcdefghijklmnopqrstuvwx"),
        .fingerprint = STR("11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"
                           "11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00"),
        .cname = STR("madang"),
        .candidates = ways,
        .n_candidates = 2,
    };
}

static uint64_t bits(const struct sdp_media *m, unsigned a, unsigned b)
{
    return 1ull << sdp_codec_of_pt(m, a) | 1ull << sdp_codec_of_pt(m, b);
}

static bool has(const struct buf *b, const char *text)
{
    return str_find(buf_str(b), str_from(text)) != STR_NPOS;
}

static void an_answer_says_what_was_decided(void **state)
{
    (void)state;
    struct offer o = offer_of("chromium-publish");
    struct buf b;
    struct sdp_answer a = answer();
    struct sdp_line lines[2] = {
        {.action = SDP_TAKE,
         .codecs = 1ull << sdp_codec_of_pt(&o.sdp.lines[0], 111),
         .feedback = 63},
        {.action = SDP_TAKE,
         .codecs = bits(&o.sdp.lines[1], 96, 97),
         .exts = 0xFFFFFF,
         .streams = 7,
         .feedback = SDP_FB_NACK | SDP_FB_PLI},
    };
    buf_init(&b, SDP_MAX);
    assert_true(sdp_write_answer(&b, &o.sdp, &a, lines));
    assert_true(has(&b, "o=- 77 3 IN IP4 127.0.0.1\r\n"));
    assert_true(has(&b, "a=group:BUNDLE 0 1\r\na=ice-lite\r\n"));
    assert_true(has(&b, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"));
    assert_true(has(&b, "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"));
    assert_true(has(&b, "a=candidate:1 1 udp 2130706431 203.0.113.5 3478 typ host\r\n"));
    assert_true(
        has(&b, "a=candidate:2 1 tcp 1694498559 203.0.113.5 8443 typ host tcptype passive\r\n"));
    assert_true(has(&b, "a=setup:passive\r\n"));
    assert_true(
        has(&b, "a=rid:h recv\r\na=rid:m recv\r\na=rid:l recv\r\na=simulcast:recv h;m;l\r\n"));
    assert_true(has(&b, "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97"));
    assert_true(has(&b, "a=fmtp:97 apt=96\r\n"));
    assert_true(has(&b, "a=rtcp-fb:111 transport-cc\r\n"));
    assert_true(has(&b, "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"));
    assert_false(has(&b, "a=ssrc:"));
    assert_false(has(&b, "G722"));
    buf_free(&b);
    drop(&o);
}

static void what_is_left_out_is_rejected_or_held(void **state)
{
    (void)state;
    struct offer o = offer_of("chromium-mixed");
    struct buf b;
    struct sdp_answer a = answer();
    struct sdp_line lines[3] = {
        {.action = SDP_HOLD, .codecs = UINT64_MAX},
        {.action = SDP_GIVE, .codecs = 0},
        {.action = SDP_TAKE, .codecs = UINT64_MAX}, /* data */
    };
    buf_init(&b, SDP_MAX);
    assert_true(sdp_write_answer(&b, &o.sdp, &a, lines));
    assert_true(has(&b, "a=group:BUNDLE 0\r\n"));
    assert_true(has(&b, "m=video 0 UDP/TLS/RTP/SAVPF "));
    assert_true(has(&b, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    assert_true(has(&b, "a=inactive\r\n"));
    assert_false(has(&b, "a=rtpmap:9 ")); /* unknown codecs are never kept */
    buf_reset(&b);
    b.max = 500; /* no room */
    assert_false(sdp_write_answer(&b, &o.sdp, &a, lines));
    buf_free(&b);
    drop(&o);
}

static void what_is_sent_is_named(void **state)
{
    (void)state;
    struct offer o = offer_of("firefox-both");
    struct buf b;
    struct sdp_answer a = answer();
    struct sdp_line lines[2] = {
        {.action = SDP_GIVE,
         .codecs = 1ull << sdp_codec_of_pt(&o.sdp.lines[0], 109)}, /* it only sends */
        {.action = SDP_GIVE,
         .codecs = bits(&o.sdp.lines[1], 120, 124),
         .ssrc = 1000,
         .rtx = 1001,
         .exts = 0xFFFFFF,
         .stream = STR("mina"),
         .track = STR("t1")},
    };
    buf_init(&b, SDP_MAX);
    assert_int_equal(o.sdp.n, 2);
    assert_true(sdp_write_answer(&b, &o.sdp, &a, lines));
    assert_true(has(&b, "a=inactive\r\n"));
    assert_true(has(&b, "a=sendonly\r\n"));
    assert_true(has(&b, "a=msid:mina t1\r\na=ssrc-group:FID 1000 1001\r\n"
                        "a=ssrc:1000 cname:madang\r\na=ssrc:1000 msid:mina t1\r\n"
                        "a=ssrc:1001 cname:madang\r\na=ssrc:1001 msid:mina t1\r\n"));
    struct sdp back;
    unsigned line;
    /* The answer is a description, too; only that it is lite keeps it from being an offer to us. */
    assert_int_equal(sdp_parse(&back, buf_str(&b), &line), SDP_E_ICE);
    buf_free(&b);
    drop(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chromium_publishes_with_simulcast),
        cmocka_unit_test(firefox_publishes_with_simulcast),
        cmocka_unit_test(a_line_for_data_is_read_and_left),
        cmocka_unit_test(who_only_receives_names_no_streams),
        cmocka_unit_test(what_is_malformed_is_refused_with_its_line),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(older_ways_to_name_layers),
        cmocka_unit_test(one_line_needs_no_name_and_no_group),
        cmocka_unit_test(a_line_has_a_fingerprint_of_its_own),
        cmocka_unit_test(parameters_are_found_by_name),
        cmocka_unit_test(an_answer_says_what_was_decided),
        cmocka_unit_test(what_is_left_out_is_rejected_or_held),
        cmocka_unit_test(what_is_sent_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
