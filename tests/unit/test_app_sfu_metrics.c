/* What is told of groups: every number under the right name, and each room as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/sfu_metrics.h"
#include "base/code.h"

static const char *line_of(const struct buf *b, const char *line)
{
    return strstr(buf_cstr((struct buf *)(uintptr_t)b), line);
}

/* All numbers differ, so that each is looked for under its own name. */
static void numbers_stand_under_their_names(void **state)
{
    (void)state;
    struct sfu_stats s;
    uint64_t *v = (uint64_t *)&s;
    struct buf b;
    char text[200];
    for (size_t i = 0; i < sizeof s / sizeof *v; i++)
        v[i] = 1000 + i;
    const struct {
        const char *name;
        uint64_t value;
    } expected[] = {
        {"madang_sfu_rooms", s.rooms},
        {"madang_sfu_peers", s.peers},
        {"madang_sfu_tracks", s.tracks},
        {"madang_sfu_lines", s.subscribed},
        {"madang_sfu_estimate_bps", s.estimate_bps},
        {"madang_sfu_ways{transport=\"udp\",family=\"ipv4\"}", s.ways[0]},
        {"madang_sfu_ways{transport=\"tcp\",family=\"ipv6\"}", s.ways[3]},
        {"madang_sfu_ways{transport=\"relay\",family=\"ipv4\"}", s.ways[2 * TUPLE_RELAY]},
        {"madang_sfu_packets_total{dir=\"in\"}", s.in_packets},
        {"madang_sfu_packets_total{dir=\"out\"}", s.out_packets},
        {"madang_sfu_bytes_total{dir=\"in\"}", s.in_bytes},
        {"madang_sfu_bytes_total{dir=\"out\"}", s.out_bytes},
        {"madang_sfu_rtx_packets_total", s.again},
        {"madang_sfu_rtx_bytes_total", s.again_bytes},
        {"madang_sfu_sound_along_bytes_total", s.along_bytes},
        {"madang_sfu_sound_restored_total", s.restored},
        {"madang_sfu_padding_bytes_total", s.padding_bytes},
        {"madang_sfu_nacked_total{dir=\"in\"}", s.nacked},
        {"madang_sfu_nacked_total{dir=\"out\"}", s.asked},
        {"madang_sfu_key_frame_requests_total{dir=\"in\"}", s.key_frames_wanted},
        {"madang_sfu_key_frame_requests_total{dir=\"out\"}", s.key_frames_asked},
        {"madang_sfu_replayed_pictures_total", s.replayed},
        {"madang_sfu_layer_switches_total", s.switches},
        {"madang_sfu_layer_choices_total{way=\"up\"}", s.raised},
        {"madang_sfu_layer_choices_total{way=\"down\"}", s.lowered},
        {"madang_sfu_paced_packets_total", s.waited},
        {"madang_sfu_drops_total{reason=\"too_late\"}", s.too_late},
        {"madang_sfu_drops_total{reason=\"unknown_ssrc\"}", s.unknown_ssrc},
        {"madang_sfu_drops_total{reason=\"malformed\"}", s.malformed},
        {"madang_sfu_drops_total{reason=\"memory\"}", s.lost_memory},
        {"madang_sfu_refused_offers_total{reason=\"full\"}", s.refused[SFU_FULL]},
        {"madang_sfu_connected_total", s.opened},
        {"madang_sfu_ended_total{reason=\"fingerprint\"}", s.ended[TRANSPORT_FINGERPRINT]},
        {"madang_sfu_ended_total{reason=\"no_consent\"}", s.ended[TRANSPORT_NO_CONSENT]},
    };
    buf_init(&b, 65536);
    sfu_metrics_write(&b, &s);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        snprintf(text, sizeof text, "\n%s %llu\n", expected[i].name,
                 (unsigned long long)expected[i].value);
        if (line_of(&b, text) == NULL)
            fail_msg("missing: %s", text);
    }
    buf_free(&b);
}

static void single_rooms_are_told_by_their_ids(void **state)
{
    (void)state;
    struct sfu_room_stats rooms[2] = {{.room = 11}, {.room = 12}};
    struct buf b;
    char text[200], id[B32_SIZE];
    rooms[1].st.peers = 3;
    rooms[1].st.out_bytes = 77;
    rooms[1].st.asked = 5;
    rooms[1].st.ended[TRANSPORT_FINGERPRINT] = 2;
    static const struct {
        const char *name, *rest;
    } lines[] = {
        {"peers", "} 3"},
        {"bytes_total", ",dir=\"out\"} 77"},
        {"nacked_total", ",dir=\"out\"} 5"},
        {"nacked_total", ",dir=\"in\"} 0"},
        {"ended_total", ",reason=\"fingerprint\"} 2"},
    };
    buf_init(&b, 65536);
    sfu_metrics_rooms(&b, rooms, 2);
    b32_encode(id, rooms[1].room);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        snprintf(text, sizeof text, "\nmadang_sfu_room_%s{room=\"%s\"%s\n", lines[i].name, id,
                 lines[i].rest);
        if (line_of(&b, text) == NULL)
            fail_msg("missing: %s", text);
    }
    buf_free(&b);
}

static void rooms_are_listed_as_far_as_wanted(void **state)
{
    (void)state;
    struct sfu_conf conf = {.hash = {1, 2}};
    struct sfu_ops ops = {0};
    struct sfu *s = sfu_new(&conf, &ops);
    struct buf b;
    buf_init(&b, 65536);
    sfu_metrics_dump(&b, s, 10);
    assert_string_equal(buf_cstr(&b), "[]");
    for (uint64_t i = 1; i <= 3; i++)
        assert_true(sfu_room_open(s, i));
    buf_reset(&b);
    sfu_metrics_dump(&b, s, 2);
    const char *first = line_of(&b, "{\"room\":\"");
    assert_non_null(first);
    const char *second = strstr(first + 1, "{\"room\":\"");
    assert_non_null(second);
    assert_null(strstr(second + 1, "{\"room\":\""));
    assert_non_null(strstr(second, ",\"peers\":[]}]"));
    buf_free(&b);
    sfu_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stand_under_their_names),
        cmocka_unit_test(single_rooms_are_told_by_their_ids),
        cmocka_unit_test(rooms_are_listed_as_far_as_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
