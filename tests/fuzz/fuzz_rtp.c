/*
 * RTP: both parsers, everything that reads a parsed packet, and building it again: header and
 * extension block under the same ids must say the same. The first byte chooses ids.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/rtp.h"
#include "proto/rtp_ext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static struct rtp_ext_map some_ids(uint8_t first)
{
    struct rtp_ext_map m = {0};
    for (unsigned kind = 1; kind < RTP_EXT_KINDS; kind++)
        rtp_ext_map_add(&m, (enum rtp_ext_kind)kind, first + kind);
    return m;
}

static void read_values(const struct rtp_ext_set *set)
{
    struct str text;
    struct rtp_audio_level level;
    struct rtp_orientation turn;
    uint32_t abs;
    uint16_t seq;
    for (unsigned kind = 0; kind < RTP_EXT_KINDS; kind++) {
        const struct rtp_ext *e = &set->at[kind];
        if (rtp_ext_text(e, &text))
            require(text.n >= 1 && text.n <= 16);
        if (rtp_ext_orientation(e, &turn))
            require(turn.degrees <= 270);
        if (rtp_ext_audio_level(e, &level))
            require(level.level <= 127);
        if (rtp_ext_abs_send_time(e, &abs))
            require(abs < 1 << 24);
        rtp_ext_transport_cc(e, &seq);
    }
}

/* What was kept must come out again in the same order. */
static void rebuild(const struct rtp *r, const uint8_t *p, const struct rtp_ext_map *from,
                    const struct rtp_ext_map *to)
{
    static uint8_t out[RTP_HEAD_MAX];
    struct rtp_ext_writer w;
    struct rtp_ext_set a, b;
    struct rtp again;
    uint32_t csrcs[RTP_CSRC_MAX];
    for (unsigned i = 0; i < r->csrcs; i++)
        csrcs[i] = rtp_csrc(r, p, i);
    size_t at = rtp_put_head(out, sizeof out, r, csrcs);
    require(at == RTP_HEADER + 4u * r->csrcs);
    bool two = rtp_ext_needs_two(from, to, 0, r, p);
    rtp_ext_begin(&w, out, at, sizeof out, two);
    unsigned lost = rtp_ext_rebuild(&w, from, to, 0, r, p);
    size_t n = rtp_ext_end(&w);
    if (n == 0) { /* the two-byte form may need more room than the one-byte form had */
        require(lost > 0 && two);
        return;
    }
    require(lost == 0 && rtp_parse(&again, out, n) == RTP_OK && again.head == n);
    require(again.ssrc == r->ssrc && again.seq == r->seq && again.marker == r->marker &&
            again.pt == r->pt && again.timestamp == r->timestamp && again.csrcs == r->csrcs);
    rtp_ext_read(&a, from, r, p);
    require(rtp_ext_read(&b, to, &again, out));
    for (unsigned kind = 1; kind < RTP_EXT_KINDS; kind++) {
        require(!a.at[kind].p == !b.at[kind].p && a.at[kind].len == b.at[kind].len);
        if (a.at[kind].len > 0)
            require(memcmp(a.at[kind].p, b.at[kind].p, a.at[kind].len) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtp r, sealed;
    struct rtp_ext e;
    struct rtp_ext_set set;
    if (size == 0)
        return 0;
    struct rtp_ext_map from = some_ids(0), to = some_ids(data[0] & 0x1F);
    data++, size--;
    enum rtp_result in_clear = rtp_parse(&r, data, size),
                    in_cipher = rtp_parse_sealed(&sealed, data, size);
    require((in_cipher == RTP_OK) == (rtp_head_size(data, size) != 0));
    if (in_clear != RTP_OK) {
        require(in_clear == in_cipher || in_clear == RTP_E_PADDING);
        return 0;
    }
    require(in_cipher == RTP_OK && sealed.head == r.head && rtp_head_size(data, size) == r.head &&
            r.size == size);
    require(r.head + (size_t)r.payload + r.padding == size && r.ext_at + r.ext_len <= r.head);
    for (struct rtp_ext_iter it = rtp_ext_iter(&r, data); rtp_ext_next(&it, &e);)
        require(e.id != 0 && e.p > data && e.p + e.len <= data + r.head);
    rtp_ext_read(&set, &from, &r, data);
    read_values(&set);
    rebuild(&r, data, &from, &to);
    return 0;
}
