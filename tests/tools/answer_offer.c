/*
 * Answers an offer as the SFU does: reads it from standard input, writes the answer to standard output. Every
 * line that sends is published, every other one is wanted. For other people's WebRTC (tests/netlab/foreign),
 * which gets the answer back and has to agree. Ends with 1 and the reason if the offer is refused.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "media/sfu.h"

static struct {
    char text[8 * SDP_MAX];
    bool answered;
    enum sfu_refusal why;
} told;

static void on_answer(void *ctx, uint64_t room, uint64_t peer, struct str sdp)
{
    (void)ctx, (void)room, (void)peer;
    told.answered = str_copy(sdp, told.text, sizeof told.text);
}

static void on_refused(void *ctx, uint64_t room, uint64_t peer, enum sfu_refusal why)
{
    (void)ctx, (void)room, (void)peer;
    told.why = why;
}

static const struct sfu_ops ops = {
    .answer = on_answer,
    .refused = on_refused,
};

/* What signaling would say of each line. */
static unsigned name_lines(const struct sdp *s, struct sfu_line lines[SDP_LINES_MAX])
{
    for (unsigned i = 0; i < s->n; i++) {
        const struct sdp_media *m = &s->lines[i];
        lines[i] = (struct sfu_line){.mid = m->mid,
                                     .kind = m->kind == SDP_VIDEO ? SFU_CAMERA : SFU_MIC,
                                     .track = m->direction & SDP_SENDS ? i + 1 : 0};
    }
    return s->n;
}

int main(void)
{
    static char offer[SDP_MAX + 1];
    static struct sfu_line lines[SDP_LINES_MAX];
    static const char print[] = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                                "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";
    struct str text = str_of(offer, fread(offer, 1, sizeof offer, stdin));
    struct sdp s;
    unsigned line;
    enum sdp_result e = sdp_parse(&s, text, &line);
    if (e != SDP_OK) {
        fprintf(stderr, "%s, line %u\n", sdp_result_name(e), line);
        return 1;
    }
    struct sfu_conf conf = {.n_candidates = 2};
    conf.candidates[0].at = addr_ip4(127, 0, 0, 1, 9);
    conf.candidates[1] = (struct sdp_candidate){.at = addr_ip4(127, 0, 0, 1, 9), .tcp = true};
    memcpy(conf.fingerprint, print, sizeof print);
    struct sfu *sfu = sfu_new(&conf, &ops);
    struct sfu_offer o = {.room = 1,
                          .peer = 1,
                          .rights = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE,
                          .sdp = text,
                          .lines = lines,
                          .n_lines = name_lines(&s, lines)};
    sfu_room_open(sfu, 1);
    sfu_offer(sfu, 1, &o);
    if (told.answered)
        fputs(told.text, stdout);
    else
        fprintf(stderr, "%s\n", sfu_refusal_name(told.why));
    sfu_free(sfu);
    sdp_free(&s);
    return told.answered ? 0 : 1;
}
