/*
 * What other people's WebRTC offers (tests/corpus/sdp), and what the SFU answers. Those of Chromium, Firefox, aiortc, Pion and
 * webrtcbin are as they made them, those of Safari, OBS and libdatachannel are written after what these are known to send.
 */
#include "sfu_world.h"

struct fixture {
    const char *name;
    bool sends;
    const char *lines[2]; /* m= lines of the answer */
    unsigned tracks;
    const char *holds, *lacks; /* text of the answer; NULL: whatever */
};

#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF "
#define VIDEO "m=video 9 UDP/TLS/RTP/SAVPF "

static const struct fixture fixtures[] = {
    {"aiortc-publish", true, {AUDIO "96\r\n", VIDEO "97 98\r\n"}, 2, NULL, "candidate:f"},
    {"aiortc-h264", true, {AUDIO "96\r\n", VIDEO "101 102\r\n"}, 2, "42e01f", "VP8"},
    {"aiortc-watch", false, {AUDIO "96 0 8\r\n", VIDEO "97 98 101 102\r\n"}, 0, "a=sendonly", NULL},
    {"aiortc-sound", true, {AUDIO "96\r\n"}, 1, "a=recvonly", "m=video"},
    {"pion-publish", true, {AUDIO "111\r\n", VIDEO "125\r\n"}, 2, "a=setup:passive", "VP8"},
    {"pion-simulcast", true, {VIDEO "96 97\r\n"}, 1, "a=simulcast:recv q;h;f\r\n", NULL},
    {"pion-watch", false, {AUDIO "111 0 8\r\n"}, 0, "a=ssrc-group:FID", NULL},
    {"webrtcbin-publish", true, {AUDIO "111\r\n", VIDEO "96\r\n"}, 2, "opus/48000", NULL},
    {"webrtcbin-single", true, {VIDEO "96\r\n"}, 1, "a=mid:video0\r\n", "a=group:"},
    {"webrtcbin-watch", false, {AUDIO "111\r\n", VIDEO "96\r\n"}, 0, "a=sendonly", "FID"},
    {"obs-publish", true, {AUDIO "111\r\n", VIDEO "96\r\n"}, 2, "a=group:BUNDLE 0 1\r\n", ":LS"},
    {"libdatachannel-single", true, {VIDEO "96\r\n"}, 1, "a=group:BUNDLE video\r\n", NULL},
    {"safari-publish",
     true,
     {AUDIO "63 111\r\n", VIDEO "106 107\r\n"},
     2,
     "recv q;h;f\r\n",
     "H265"},
    {"chromium-publish",
     true,
     {AUDIO "63 111\r\n", VIDEO "96 97\r\n"},
     2,
     "recv h;m;l\r\n",
     "G722"},
    {"firefox-publish", true, {AUDIO "109\r\n", VIDEO "120 124\r\n"}, 2, "recv h;m;l\r\n", NULL},
};

static char *read_fixture(const char *name, size_t *n)
{
    static char text[SDP_MAX + 1];
    char path[512];
    snprintf(path, sizeof path, TESTS_DIR "/corpus/sdp/%s.sdp", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    *n = fread(text, 1, SDP_MAX, f);
    fclose(f);
    return text;
}

/* Each line that sends becomes a track, each other one is wanted. */
static void offer(struct client *c, struct str text)
{
    struct sfu_line lines[SDP_LINES_MAX];
    struct sdp s;
    unsigned line;
    assert_int_equal(sdp_parse(&s, text, &line), SDP_OK);
    for (unsigned i = 0; i < s.n; i++) {
        const struct sdp_media *m = &s.lines[i];
        lines[i] = (struct sfu_line){.mid = m->mid,
                                     .kind = m->kind == SDP_VIDEO ? SFU_CAMERA : SFU_MIC,
                                     .track = m->direction & SDP_SENDS ? i + 1 : 0};
    }
    struct sfu_offer o = {1, c->id, SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE, text, lines, s.n};
    sfu_offer(c->w->sfu, c->w->now, &o);
    sdp_free(&s);
}

static void everybody_gets_an_answer_that_suits(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fixtures); i++) {
        const struct fixture *f = &fixtures[i];
        struct world *w = world_new(NULL);
        struct client *c = client_new(w);
        size_t n;
        char *text = read_fixture(f->name, &n);
        assert_true(sfu_room_open(w->sfu, 1));
        offer(c, str_of(text, n));
        bool good = c->answers == 1 && w->tracks == f->tracks &&
                    strstr(w->answer, f->lines[0]) != NULL &&
                    (f->lines[1] == NULL || strstr(w->answer, f->lines[1]) != NULL) &&
                    (f->holds == NULL || strstr(w->answer, f->holds) != NULL) &&
                    (f->lacks == NULL || strstr(w->answer, f->lacks) == NULL) &&
                    strstr(w->answer, f->sends ? "a=recvonly" : "a=sendonly") != NULL;
        if (!good)
            print_message("%s: %u answers, %u tracks\n%s", f->name, c->answers, w->tracks,
                          w->answer);
        assert_true(good);
        world_free(w);
    }
}

/* ---- Streams that the offer does not tell of ---- */

static const char bare[] =
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:peer10\r\n"
    "a=ice-pwd:0123456789012345678901\r\na=setup:active\r\na=rtcp-mux\r\na=sendonly\r\n"
    "a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:"
    "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";

static void send_bare(struct client *c, uint32_t ssrc, uint8_t pt, uint16_t seq)
{
    uint8_t p[200];
    struct rtp r = {.ssrc = ssrc, .seq = seq, .timestamp = 5, .pt = pt, .marker = true};
    static const uint8_t vp8[] = {0x10, 0x00, 1, 2, 3, 4};
    size_t n = rtp_put_head(p, sizeof p, &r, NULL);
    memcpy(p + n, vp8, sizeof vp8);
    n += sizeof vp8;
    srtp_add(c->out, ssrc);
    assert_int_equal(srtp_protect(c->out, p, &n, sizeof p), SRTP_OK);
    assert_true(sfu_input(c->w->sfu, c->w->now, &c->at, p, n, n));
}

static void without_names_the_payload_type_tells(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    struct client *c = client_new(w);
    const struct sfu_stats *st;
    assert_true(sfu_room_open(w->sfu, 1));
    offer(c, str_from(bare));
    assert_null(strstr(w->answer, "a=mid:"));
    assert_null(strstr(w->answer, "a=group:"));
    client_connect(c);
    send_bare(c, 77, 96, 1);
    send_bare(c, 77, 96, 2);
    st = sfu_room_stats(w->sfu, 1);
    assert_int_equal(st->in_packets, 2);
    assert_int_equal(st->unknown_ssrc, 0);
    /* The line has its stream now: another one would have to say whose it is. */
    send_bare(c, 78, 96, 1);
    send_bare(c, 79, 111, 1);
    st = sfu_room_stats(w->sfu, 1);
    assert_int_equal(st->unknown_ssrc, 2);
    world_free(w);
}

/* Telephones have no Opus, and need no rtpmap (RFC 3551 6); who takes both gets what there is. */
static void g711_is_passed_on(void **state)
{
    static const char head[] =
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:peer%u0\r\n"
        "a=ice-pwd:0123456789012345678901\r\na=setup:active\r\n"
        "a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:"
        "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF %s\r\na=mid:0\r\na=rtcp-mux\r\na=%s\r\n%s";
    (void)state;
    struct world *w = world_new(NULL);
    struct client *a = client_new(w), *b = client_new(w);
    char text[1000];
    assert_true(sfu_room_open(w->sfu, 1));
    snprintf(text, sizeof text, head, 1, "8 0", "sendonly", "a=ssrc:99 cname:x\r\n");
    offer(a, str_from(text));
    assert_non_null(strstr(w->answer, "SAVPF 0\r\n"));
    assert_non_null(strstr(w->answer, "a=rtpmap:0 PCMU/8000\r\n"));
    client_connect(a);
    client_line(b, RECEIVES, SFU_MIC, 0, 1);
    snprintf(text, sizeof text, head, 2, "111 0", "recvonly", "a=rtpmap:111 opus/48000/2\r\n");
    struct sfu_line line = {STR("0"), SFU_MIC, 1};
    struct sfu_offer o = {1, b->id, SFU_MAY_SUBSCRIBE, str_from(text), &line, 1};
    sfu_offer(w->sfu, w->now, &o);
    assert_non_null(strstr(w->answer, "SAVPF 111 0\r\n"));
    client_connect(b);
    for (uint16_t i = 0; i < 5; i++) {
        send_bare(a, 99, 0, i);
        world_run(w, 20000);
    }
    assert_int_equal(b->lines[0].packets, 5);
    world_free(w);
}

/* Simulcast as it was before there were rids: layers are told by their SSRCs (RFC 5576). */
static void layers_are_known_by_their_ssrcs(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    struct client *c = client_new(w);
    char text[2000];
    assert_true(sfu_room_open(w->sfu, 1));
    snprintf(text, sizeof text, "%s%s", bare,
             "a=ssrc-group:SIM 11 12 13\r\na=ssrc-group:FID 11 21\r\na=ssrc-group:FID 12 22\r\n"
             "a=ssrc-group:FID 13 23\r\na=ssrc:11 cname:x\r\na=ssrc:12 cname:x\r\n");
    offer(c, str_from(text));
    client_connect(c);
    for (uint32_t i = 0; i < 3; i++)
        send_bare(c, 11 + i, 96, 5);
    send_bare(c, 14, 96, 5);
    const struct sfu_stats *st = sfu_room_stats(w->sfu, 1);
    struct sfu_peer_stats peer;
    struct sfu_line_stats line;
    assert_int_equal(st->in_packets, 4);
    assert_int_equal(st->unknown_ssrc, 1);
    assert_true(sfu_peer_stats(w->sfu, c->id, &peer, &line, 1));
    assert_int_equal(line.streams, 3);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_gets_an_answer_that_suits),
        cmocka_unit_test(without_names_the_payload_type_tells),
        cmocka_unit_test(g711_is_passed_on),
        cmocka_unit_test(layers_are_known_by_their_ssrcs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
