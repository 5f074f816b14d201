/* What one sends and others have agreed to take: redundancy of sound, dependency descriptors of pictures. */
#include "dd_source.h"
#include "sfu_world.h"

enum {
    ROOM = 1,
    SOUND = 11,
    PICTURE = 12,
    KEPT = 64,
    RIGHTS = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE
};

#define DESCRIPTOR \
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

/* How one writes its lines. */
struct dialect {
    unsigned opus, red, av1, rtx; /* payload types; 0: not offered */
    unsigned dd;                  /* id of the dependency descriptor; 0: not offered */
    bool nack;                    /* of sound */
    bool tells;                   /* what arrived: then there are probes, which are repetitions */
};

/* What one of them got. */
struct got {
    unsigned n;
    struct packet {
        struct rtp r;
        uint8_t p[600];
    } packets[KEPT];
};

struct table {
    struct world *w;
    struct got got[CLIENTS];
};

static bool keep(struct world *w, struct client *c, const struct rtp *r, const uint8_t *p)
{
    struct table *t = w->of_test;
    struct got *g = &t->got[c - w->clients];
    if (c->link != NULL && r->pt == 99)
        return true; /* it probes */
    assert_true(g->n < KEPT && r->size <= sizeof g->packets[0].p);
    g->packets[g->n].r = *r;
    memcpy(g->packets[g->n++].p, p, r->size);
    return true;
}

static void put_media(struct buf *b, const struct dialect *d, bool video, bool sends)
{
    if (video)
        buf_putf(b, "m=video 9 UDP/TLS/RTP/SAVPF %u %u\r\na=mid:1\r\n", d->av1, d->rtx);
    else if (d->red != 0)
        buf_putf(b, "m=audio 9 UDP/TLS/RTP/SAVPF %u %u\r\na=mid:0\r\n", d->red, d->opus);
    else
        buf_putf(b, "m=audio 9 UDP/TLS/RTP/SAVPF %u\r\na=mid:0\r\n", d->opus);
    buf_putf(b, "a=rtcp-mux\r\na=%s\r\n", sends ? "sendonly" : "recvonly");
    buf_puts(b, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n");
    if (d->tells)
        buf_putf(b, "a=extmap:%u %s\r\na=rtcp-fb:* transport-cc\r\n", (unsigned)EXT_TWCC,
                 rtp_ext_uri(RTP_EXT_TRANSPORT_CC));
    if (video && d->dd != 0)
        buf_putf(b, "a=extmap:%u " DESCRIPTOR "\r\n", d->dd);
    if (video)
        buf_putf(b, "a=rtpmap:%u AV1/90000\r\na=rtcp-fb:%u nack\r\na=rtpmap:%u rtx/90000\r\n",
                 d->av1, d->av1, d->rtx);
    if (video)
        buf_putf(b, "a=fmtp:%u apt=%u\r\n", d->rtx, d->av1);
    if (!video)
        buf_putf(b, "a=rtpmap:%u opus/48000/2\r\n", d->opus);
    if (!video && d->red != 0)
        buf_putf(b, "a=rtpmap:%u red/48000/2\r\na=fmtp:%u %u/%u\r\n", d->red, d->red, d->opus,
                 d->opus);
    if (!video && d->nack)
        buf_putf(b, "a=rtcp-fb:%u nack\r\n", d->opus);
}

static struct client *join(struct table *t, const struct dialect *d, bool sends)
{
    struct client *c = client_new(t->w);
    struct buf b;
    struct sfu_line lines[] = {{STR("0"), SFU_SOUND, SOUND}, {STR("1"), SFU_CAMERA, PICTURE}};
    struct sfu_wish wish[] = {{.mid = STR("1"), .track = PICTURE, .width = 1280, .height = 720}};
    buf_init(&b, 1 << 16);
    buf_puts(&b, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n");
    buf_putf(&b, "a=extmap-allow-mixed\r\na=ice-ufrag:%s0\r\na=ice-pwd:0123456789012345678901\r\n",
             c->remote);
    buf_puts(&b, "a=setup:actpass\r\na=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:"
                 "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\n");
    put_media(&b, d, false, sends);
    put_media(&b, d, true, sends);
    struct sfu_offer o = {ROOM, c->id, RIGHTS, buf_str(&b), lines, 2};
    sfu_offer(t->w->sfu, t->w->now, &o);
    assert_int_equal(c->answers, 1);
    client_connect(c);
    if (!sends)
        sfu_wish(t->w->sfu, t->w->now, c->id, wish, 1);
    buf_free(&b);
    return c;
}

static struct table *open_table(void)
{
    struct table *t = calloc(1, sizeof *t);
    struct sfu_conf conf = {.preference = {CODEC_AV1}};
    t->w = world_new(&conf);
    t->w->took = keep;
    t->w->of_test = t;
    assert_true(sfu_room_open(t->w->sfu, ROOM));
    return t;
}

static void close_table(struct table *t)
{
    world_free(t->w);
    free(t);
}

static void send_rtp(struct client *c, const struct rtp *r, unsigned mid, unsigned dd,
                     const struct dd_bits *b, unsigned dd_n, const void *payload, size_t n)
{
    uint8_t p[700];
    char text[2] = {(char)('0' + mid), 0};
    struct rtp_ext_writer x;
    rtp_ext_begin(&x, p, rtp_put_head(p, sizeof p, r, NULL), sizeof p, dd_n > 16);
    rtp_ext_put(&x, 4, text, 1);
    if (dd_n > 0)
        rtp_ext_put(&x, dd, b->p, dd_n);
    size_t len = rtp_ext_end(&x);
    assert_true(len > 0);
    memcpy(p + len, payload, n);
    len += n;
    srtp_add(c->out, r->ssrc);
    assert_int_equal(srtp_protect(c->out, p, &len, sizeof p), SRTP_OK);
    sfu_input(c->w->sfu, c->w->now, &c->at, p, len, len);
    world_run(c->w, 10000);
}

/* ---- Sound ---- */

static const struct dialect speaks = {
    .opus = 111, .red = 63, .av1 = 45, .rtx = 46, .dd = 12, .nack = true};
static const struct dialect likewise = {.opus = 96, .red = 97, .av1 = 98, .rtx = 99, .dd = 5};
static const struct dialect plain = {.opus = 111, .av1 = 45, .rtx = 46};

static void assert_plain(const struct got *g, unsigned i, uint8_t pt, const void *bytes, unsigned n)
{
    assert_true(i < g->n);
    assert_int_equal(g->packets[i].r.pt, pt);
    assert_int_equal(g->packets[i].r.payload, n);
    assert_memory_equal(g->packets[i].p + g->packets[i].r.head, bytes, n);
}

/* Whoever could take it: what lost nothing needs nothing along. */
static void redundancy_is_taken_apart(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct client *a = join(t, &speaks, true);
    assert_non_null(strstr(t->w->answer, "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n"));
    assert_non_null(strstr(t->w->answer, "a=rtcp-fb:111 nack\r\n"));
    struct client *b = join(t, &likewise, false);
    assert_null(strstr(t->w->answer, "a=rtcp-fb:96 nack\r\n"));
    struct client *c = join(t, &plain, false);
    struct got *gb = &t->got[b - t->w->clients], *gc = &t->got[c - t->w->clients];
    static const uint8_t red[] = {0xEF, 0x0F, 0x00, 0x03, 0x6F, 1, 2, 3, 7, 8}, opus[] = {0x78, 9},
                         mixed[] = {0x80, 0x0F, 0x00, 0x01, 0x6F, 1, 5}, wrong[] = {0x60, 7};
    struct rtp r = {.ssrc = 500, .seq = 10, .timestamp = 1000, .pt = 63};
    send_rtp(a, &r, 0, 0, NULL, 0, opus, 0); /* nothing in it */
    r.seq++;
    send_rtp(a, &r, 0, 0, NULL, 0, red, sizeof red);
    assert_int_equal(gb->n, 1);
    assert_plain(gb, 0, 96, red + 8, 2);
    assert_plain(gc, 0, 111, red + 8, 2);
    r.seq++;
    r.pt = 111; /* without, for once */
    send_rtp(a, &r, 0, 0, NULL, 0, opus, sizeof opus);
    assert_plain(gb, 1, 96, opus, sizeof opus);
    r.seq += 2; /* what is lost of something else is not taken for it: the newest is good */
    r.pt = 63;
    send_rtp(a, &r, 0, 0, NULL, 0, mixed, sizeof mixed);
    assert_plain(gb, 2, 96, mixed + 6, 1);
    r.seq++;
    send_rtp(a, &r, 0, 0, NULL, 0, wrong, sizeof wrong);
    assert_int_equal(gb->n, 3);
    assert_int_equal(sfu_room_stats(t->w->sfu, ROOM)->malformed, 1);
    close_table(t);
}

static void what_was_lost_comes_along(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct client *a = join(t, &speaks, true), *c = join(t, &plain, false);
    struct got *g = &t->got[c - t->w->clients];
    static const uint8_t red[] = {0xEF, 0x0F, 0x00, 0x03, 0x6F, 1, 2, 3, 7, 8};
    struct rtp r = {.ssrc = 500, .seq = 10, .timestamp = 1000, .pt = 63};
    send_rtp(a, &r, 0, 0, NULL, 0, red, sizeof red); /* nothing was lost before the first */
    assert_int_equal(g->n, 1);
    r.seq += 3;
    r.timestamp += 2880;
    send_rtp(a, &r, 0, 0, NULL, 0, red, sizeof red);
    assert_int_equal(g->n, 3);
    assert_plain(g, 1, 111, "\1\2\3", 3);
    assert_plain(g, 2, 111, "\7\10", 2);
    assert_int_equal((uint16_t)(g->packets[2].r.seq - g->packets[1].r.seq), 1);
    assert_int_equal((uint16_t)(g->packets[1].r.seq - g->packets[0].r.seq), 2);
    assert_int_equal(g->packets[2].r.timestamp - g->packets[1].r.timestamp, 960);
    assert_int_equal(sfu_room_stats(t->w->sfu, ROOM)->restored, 1);
    world_run(t->w, 100000); /* the other one is asked for, and no key frame of sound is */
    assert_true(a->nacks > 0);
    assert_int_equal(a->nacked[0], r.seq - 2);
    world_run(t->w, 3 * (int64_t)SECOND);
    assert_int_equal(a->plis, 0);
    close_table(t);
}

/* So much of what it was sent is lost, in 1/256. */
static void report_loss(struct client *c, uint32_t ssrc, uint8_t fraction)
{
    uint8_t mem[100];
    struct rtcp_writer w;
    struct rtcp_report r = {.ssrc = ssrc, .fraction = fraction};
    rtcp_begin(&w, mem, sizeof mem);
    rtcp_put_rr(&w, (uint32_t)c->id, &r, 1);
    client_feedback(c, &w);
    world_run(c->w, SECOND);
}

static void who_loses_much_gets_more_than_the_publisher_brings(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct client *a = join(t, &speaks, true), *b = join(t, &likewise, false),
                  *c = join(t, &plain, false);
    struct got *gb = &t->got[b - t->w->clients], *gc = &t->got[c - t->w->clients];
    struct rtp r = {.ssrc = 500, .seq = 10, .timestamp = 1000, .pt = 63};
    for (uint8_t i = 0; i < 6; i++) {
        uint8_t red[] = {0xEF, 0x0F, 0x00, 0x02, 0x6F, 7, (uint8_t)(i - 1), 7, i};
        if (i == 3)
            report_loss(b, gb->packets[0].r.ssrc, 60);
        send_rtp(a, &r, 0, 0, NULL, 0, red, sizeof red);
        r.seq++;
        r.timestamp += 960;
    }
    static const uint8_t two[] = {0xE0, 0x1E, 0x00, 0x02, 0xE0, 0x0F, 0x00, 0x02,
                                  0x60, 7,    3,    7,    4,    7,    5};
    assert_int_equal(gb->n, 6);
    assert_plain(gb, 2, 96, "\7\2", 2);
    assert_plain(gb, 5, 97, two, sizeof two);
    assert_int_equal(gc->n, 6); /* the other one notices nothing */
    assert_plain(gc, 5, 111, "\7\5", 2);
    close_table(t);
}

/* ---- Pictures ---- */

struct source {
    struct client *c;
    struct dd_bits b;
    uint16_t seq, frame;
    uint32_t timestamp;
};

static void send_frame(struct source *s, unsigned template_id, bool key)
{
    uint8_t payload[8] = {key ? 0x18 : 0x10, 0x32, 1, 2, 3, 4, 5, 6};
    struct rtp r = {
        .ssrc = 600, .seq = s->seq++, .timestamp = s->timestamp += 3000, .pt = 45, .marker = true};
    unsigned n = dd_packet(&s->b, true, true, template_id, s->frame++, key ? &dd_l1t3 : NULL, 0);
    send_rtp(s->c, &r, 1, 12, &s->b, n, payload, sizeof payload);
}

/* The descriptor that came with packet i, under that id. */
static bool described(const struct got *g, unsigned i, unsigned id, struct dd_structure *s,
                      struct dd_frame *f)
{
    struct rtp_ext_iter it = rtp_ext_iter(&g->packets[i].r, g->packets[i].p);
    struct dd_structure own;
    struct rtp_ext e;
    while (rtp_ext_next(&it, &e)) {
        if (e.id != id)
            continue;
        assert_true(dd_read(f, e.p, e.len, s, &own));
        if (f->has_structure)
            *s = own;
        return true;
    }
    return false;
}

static void ask_again(struct client *c, uint32_t ssrc, uint16_t seq)
{
    uint8_t mem[100];
    struct rtcp_writer w;
    rtcp_begin(&w, mem, sizeof mem);
    rtcp_put_nack(&w, (uint32_t)c->id, ssrc, &seq, 1);
    client_feedback(c, &w);
    world_run(c->w, 10000);
}

static void descriptors_go_to_those_who_take_them(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct source s = {.c = join(t, &speaks, true), .seq = 65530, .frame = 65533};
    assert_non_null(strstr(t->w->answer, "a=extmap:12 " DESCRIPTOR "\r\n"));
    struct client *b = join(t, &likewise, false), *c = join(t, &plain, false);
    struct got *gb = &t->got[b - t->w->clients], *gc = &t->got[c - t->w->clients];
    struct dd_structure st = {0};
    struct dd_frame f;
    send_frame(&s, 0, true);
    static const unsigned group[] = {3, 2, 3, 1};
    for (unsigned i = 0; i < 12; i++)
        send_frame(&s, group[i % 4], false);
    assert_true(gb->n >= 12 && gb->n == gc->n);
    for (unsigned i = 0; i < gb->n; i++) {
        assert_true(described(gb, i, 5, &st, &f));
        assert_int_equal(f.number, (uint16_t)(s.frame - gb->n + i));
        assert_int_equal(f.has_structure, i == 0);
        assert_false(described(gc, i, 12, &st, &f));
        assert_int_equal(gb->packets[i].r.pt, 98);
    }
    /* What is sent again has it, too. */
    unsigned before = gb->n;
    ask_again(b, gb->packets[0].r.ssrc, gb->packets[0].r.seq);
    assert_int_equal(gb->n, before + 1);
    assert_int_equal(gb->packets[before].r.pt, 99);
    assert_true(described(gb, before, 5, &st, &f));
    assert_true(f.has_structure);
    assert_int_equal(f.number, (uint16_t)(s.frame - before));
    close_table(t);
}

/* One picture of two spatial layers; a key picture, if that was asked for. */
static void send_layers(struct source *s, bool key)
{
    uint8_t payload[300] = {key ? 0x18 : 0x10, 0x32};
    s->timestamp += 3000;
    for (unsigned layer = 0; layer < 2; layer++) {
        struct rtp r = {.ssrc = 600, .seq = s->seq++, .timestamp = s->timestamp, .pt = 45};
        bool first = key && layer == 0;
        unsigned n =
            dd_packet(&s->b, true, true, 2 * layer + !key, s->frame++, first ? &dd_l2t1 : NULL, 0);
        r.marker = layer == 1;
        send_rtp(s->c, &r, 1, 12, &s->b, n, payload, layer == 0 ? 100 : sizeof payload);
    }
}

static void wish(struct client *c, uint16_t width)
{
    struct sfu_wish w = {
        .mid = STR("1"), .track = PICTURE, .width = width, .height = (uint16_t)(width * 9 / 16)};
    sfu_wish(c->w->sfu, c->w->now, c->id, &w, 1);
}

/* Of n pictures, how many packets of each spatial layer arrive; the last one of each picture ends it. */
static void count_layers(struct source *s, struct got *g, unsigned n, unsigned count[2],
                         struct dd_structure *st)
{
    memset(count, 0, 2 * sizeof *count);
    for (unsigned i = 0; i < n; i++) {
        bool key = s->c->plis > 0;
        s->c->plis = 0;
        g->n = 0;
        send_layers(s, key);
        for (unsigned k = 0; k < g->n; k++) {
            struct dd_frame f;
            assert_true(described(g, k, 5, st, &f));
            if (f.has_active)
                st->active = f.active;
            count[f.spatial]++;
            assert_int_equal(g->packets[k].r.marker, k == g->n - 1);
        }
    }
    g->n = 0;
}

static void spatial_layers_follow_the_page(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct source s = {.c = join(t, &speaks, true), .seq = 10, .frame = 10};
    static const struct dialect tells = {
        .opus = 96, .red = 97, .av1 = 98, .rtx = 99, .dd = 5, .tells = true};
    struct client *b = join(t, &tells, false);
    struct got *g = &t->got[b - t->w->clients];
    struct dd_structure st = {0};
    unsigned count[2];
    b->link = link_new(20e6, 0);
    wish(b, 640);
    s.c->plis = 1;                        /* it begins with one */
    count_layers(&s, g, 150, count, &st); /* what there is becomes known */
    count_layers(&s, g, 50, count, &st);
    assert_int_equal(count[0], 50);
    assert_int_equal(count[1], 50);
    assert_int_equal(st.active, 3);
    wish(b, 300); /* no more than the lower one is seen */
    count_layers(&s, g, 50, count, &st);
    assert_in_range(count[0], 49, 50);
    assert_in_range(count[1], 0, 1);
    assert_int_equal(st.active, 1);
    s.c->plis = 0;
    wish(b, 640);
    count_layers(&s, g, 50, count, &st); /* with the key frame that was asked for */
    assert_int_equal(count[0], 50);
    assert_in_range(count[1], 40, 50);
    assert_int_equal(st.active, 3);
    close_table(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redundancy_is_taken_apart),
        cmocka_unit_test(what_was_lost_comes_along),
        cmocka_unit_test(who_loses_much_gets_more_than_the_publisher_brings),
        cmocka_unit_test(descriptors_go_to_those_who_take_them),
        cmocka_unit_test(spatial_layers_follow_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
