/* A group of a worker is recorded: what somebody says by DTLS and SRTP lies in a file, whoever listens. */
#include "group_house.h"
#include "rec_studio.h"

static void record(struct house *h, uint64_t room, uint64_t id, const char *folder)
{
    struct media_sfu *m = sfu_letter(MEDIA_SFU_RECORD, room, id, 0, str_from(folder));
    bool on = folder[0] != '\0';
    m->there = on;
    assert_true(worker_post(h->w, &m->letter));
    if (!on)
        return;
    m = sfu_letter(MEDIA_SFU_AGREE, room, 1, 0, STR_NONE);
    m->there = true;
    assert_true(worker_post(h->w, &m->letter));
}

/* Everything that was sent before: a Binding that was sent behind it is answered. */
static void all_has_come(struct client *c)
{
    uint8_t p[2048], txid[STUN_TXID] = {9};
    struct stun_builder b;
    struct stun_msg m;
    stun_begin(&b, p, sizeof p, STUN_REQUEST, STUN_BINDING, txid);
    client_write(c, p, stun_end(&b));
    do { /* feedback comes, too */
    } while (stun_parse(&m, p, client_read(c, p, sizeof p)) != STUN_OK);
}

static void what_is_said_lies_in_a_file(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    struct studio s;
    size_t n;
    studio_open(&s, NULL);
    open_house_recorded(&h, s.thread);
    client_open(&a, &h, 1, true);
    client_connect(&a);
    client_talk(&a, 1000); /* before: not recorded */
    record(&h, ROOM, 3, "room/first");
    STUDIO_UNTIL(&s, s.started == 1);
    assert_int_equal(s.last.recording, 3);
    assert_int_equal(s.last.room, ROOM);
    for (uint16_t i = 1; i <= 200; i++)
        client_talk(&a, (uint16_t)(1000 + i));
    all_has_come(&a);
    record(&h, ROOM, 0, "");
    STUDIO_UNTIL(&s, s.ended == 1);
    assert_int_equal(s.last.end, REC_STOPPED);
    assert_int_equal(s.last.dropped, 0);
    char *p = studio_read(&s, "room/first/0001-mic.webm", &n);
    assert_non_null(p);
    struct mkv_file f = mkv_read((const uint8_t *)p, n);
    assert_null(f.wrong);
    assert_int_equal(f.n, 200);
    for (unsigned i = 0; i < f.n; i++) {
        assert_int_equal(f.blocks[i].n, 80);
        assert_int_equal(f.blocks[i].p[0], (uint8_t)(1001 + i));
        assert_int_equal(f.blocks[i].ms, 20 * i);
    }
    free(f.blocks);
    free(p);
    client_close(&a);
    close_house(&h);
    studio_close(&s);
}

static void a_recording_ends_with_its_room(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    struct studio s;
    studio_open(&s, NULL);
    open_house_recorded(&h, s.thread);
    client_open(&a, &h, 1, true);
    client_connect(&a);
    record(&h, ROOM, 3, "room/a");
    STUDIO_UNTIL(&s, s.started == 1);
    for (uint16_t i = 0; i < 20; i++)
        client_talk(&a, i);
    all_has_come(&a);
    assert_true(worker_post(h.w, &sfu_letter(MEDIA_SFU_LEAVE, ROOM, 1, 0, STR_NONE)->letter));
    assert_true(worker_post(h.w, &sfu_letter(MEDIA_SFU_CLOSE, ROOM, 0, 0, STR_NONE)->letter));
    STUDIO_UNTIL(&s, s.ended == 1);
    assert_int_equal(s.last.end, REC_STOPPED);
    assert_int_equal(studio_frames(&s, "room/a/0001-mic.webm"), 20);
    client_close(&a);
    close_house(&h);
    studio_close(&s);
}

static void no_room_no_recording(void **state)
{
    (void)state;
    struct house h;
    struct studio s;
    studio_open(&s, NULL);
    open_house_recorded(&h, s.thread);
    record(&h, ROOM + 1, 3, "room/a");
    STUDIO_UNTIL(&s, s.ended == 1);
    assert_int_equal(s.last.end, REC_REFUSED);
    assert_int_equal(s.last.recording, 3);
    record(&h, ROOM, 4, "room/b");
    record(&h, ROOM, 5, "room/c"); /* it is being recorded */
    STUDIO_UNTIL(&s, s.ended == 2);
    assert_int_equal(s.last.recording, 5);
    assert_int_equal(s.last.end, REC_REFUSED);
    close_house(&h); /* in the middle of the one that goes on */
    studio_stop(&s);
    assert_int_equal(s.last.recording, 4);
    assert_int_equal(s.last.end, REC_SHUTDOWN);
    studio_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_lies_in_a_file),
        cmocka_unit_test(a_recording_ends_with_its_room),
        cmocka_unit_test(no_room_no_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
