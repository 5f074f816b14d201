/*
 * Offers: the parser, and for what it accepts an answer that keeps everything. No line of the answer may
 * be anything but "x=..." of plain text, whatever the offer held, and our parser has to be able to read it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(struct str text)
{
    struct str line;
    while (text.n > 0) {
        if (!str_split_once(text, '\n', &line, &text) || line.n < 3 || line.p[1] != '=' ||
            line.p[line.n - 1] != '\r')
            abort();
        for (size_t i = 0; i + 1 < line.n; i++) {
            if ((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t')
                abort();
        }
    }
}

static void read_back(const struct buf *b, unsigned lines)
{
    struct sdp s;
    unsigned line;
    enum sdp_result r = sdp_parse(&s, buf_str(b), &line);
    /* Being lite is what an offer must not be; names, groups and attributes are in order. */
    if (r != SDP_E_ICE && r != SDP_E_SIZE && (r != SDP_E_MID || lines == 0))
        abort();
    sdp_free(&s);
}

static void answer(const struct sdp *s)
{
    static struct sdp_line lines[SDP_LINES_MAX];
    static const struct sdp_candidate way = {.at = {{203, 0, 113, 5}, 0, 3478, 4, 0}};
    const struct sdp_answer a = {
        .session = 1,
        .version = 1,
        .ufrag = STR("0Aabcdef"),
        .pwd = STR("abcdefghijklmnopqrstuvwx"),
        .fingerprint = STR("00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                           "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"),
        .cname = STR("c"),
        .candidates = &way,
        .n_candidates = 1,
    };
    for (unsigned i = 0; i < s->n; i++) {
        lines[i] = (struct sdp_line){
            .action = s->lines[i].direction & SDP_RECEIVES ? SDP_GIVE : SDP_TAKE,
            .codecs = UINT64_MAX,
            .exts = UINT32_MAX,
            .streams = 15,
            .feedback = 63,
            .ssrc = i + 1,
            .rtx = i + 1000,
            .stream = STR("s"),
            .track = STR("t"),
        };
    }
    struct buf out;
    buf_init(&out, 4 << 20);
    if (!sdp_write_answer(&out, s, &a, lines))
        abort();
    check_lines(buf_str(&out));
    read_back(&out, s->n);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sdp s;
    unsigned line;
    if (sdp_parse(&s, str_of(data, size), &line) != SDP_OK) {
        if (s.lines != NULL)
            abort();
        return 0;
    }
    for (unsigned i = 0; i < s.n; i++) {
        const struct sdp_media *m = &s.lines[i];
        if (m->n_codecs > SDP_CODECS_MAX || m->n_exts > SDP_EXTS_MAX ||
            m->n_streams > SDP_STREAMS_MAX)
            abort();
        for (unsigned k = 0; k < m->n_codecs; k++)
            (void)sdp_rtx_of(m, k);
    }
    answer(&s);
    sdp_free(&s);
    return 0;
}
