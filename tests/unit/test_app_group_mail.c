/* Orders of the domain as letters to workers, and their letters as news. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/group_mail.h"
#include "app/sfu_letter.h"
#include "base/mem.h"
#include "media/sfu.h"

static void an_offer_becomes_a_letter(void **state)
{
    const struct group_line lines[] = {
        {.mid = STR("0"), .kind = GROUP_SOUND, .track = 7},
        {.mid = STR("sixteen letters!"), .kind = GROUP_KINDS},
    };
    const struct group_order o = {.kind = GROUP_ORDER_OFFER,
                                  .room = 1,
                                  .peer = 2,
                                  .rights = GROUP_MAY_SUBSCRIBE,
                                  .sdp = STR("v=0"),
                                  .lines = lines,
                                  .n_lines = 2};
    struct media_sfu *m = group_mail_letter(&o);
    (void)state;
    assert_int_equal(m->letter.kind, MEDIA_SFU_OFFER);
    assert_true(m->room == 1 && m->peer == 2 && m->rights == SFU_MAY_SUBSCRIBE);
    assert_true(str_eq(str_of(media_sfu_text(m), m->text_n), STR("v=0")));
    assert_int_equal(m->n_lines, 2);
    assert_int_equal(m->lines[0].kind, SFU_SOUND);
    assert_int_equal(m->lines[0].track, 7);
    assert_string_equal(m->lines[0].mid, "0");
    assert_int_equal(m->lines[1].track, 0);
    assert_string_equal(m->lines[1].mid, "sixteen letters!");
    letter_drop(&m->letter);
}

static void each_order_has_its_letter(void **state)
{
    static const enum media_kind
        want
            [GROUP_ORDERS] =
                {
                    MEDIA_SFU_OPEN,  MEDIA_SFU_CLOSE, MEDIA_SFU_OFFER, MEDIA_SFU_WISH,
                    MEDIA_SFU_LEAVE, MEDIA_SFU_MUTE,  MEDIA_SFU_STATS, MEDIA_SFU_RECORD,
                    MEDIA_SFU_AGREE, /* names are for the recording thread */
                };
    struct group_line many[GROUP_LINES_MAX + 9];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = (struct group_line){.mid = STR("5"),
                                      .width = 70000,
                                      .height = 360,
                                      .priority = GROUP_THUMBNAIL,
                                      .track = i};
    for (int kind = 0; kind < GROUP_ORDER_NAME; kind++) {
        struct media_sfu *m =
            group_mail_letter(&(struct group_order){.kind = (enum group_order_kind)kind,
                                                    .room = 3,
                                                    .lines = many,
                                                    .n_lines = ARRAY_LEN(many)});
        assert_int_equal(m->letter.kind, want[kind]);
        assert_int_equal(m->n_lines, MEDIA_SFU_LINES); /* no more than there is room for */
        assert_int_equal(m->lines[5].track, 5);
        assert_true(m->lines[5].width == UINT16_MAX && m->lines[5].height == 360);
        assert_int_equal(m->lines[5].priority, ALLOC_THUMBNAIL);
        letter_drop(&m->letter);
    }
}

static void a_recording_has_its_number_and_folder(void **state)
{
    (void)state;
    struct media_sfu *m = group_mail_letter(&(struct group_order){
        .kind = GROUP_ORDER_RECORD, .room = 3, .recording = 9, .on = true, .text = STR("a/b")});
    assert_int_equal(m->letter.kind, MEDIA_SFU_RECORD);
    assert_int_equal(m->room, 3);
    assert_int_equal(m->peer, 9);
    assert_true(m->there);
    assert_true(str_eq(str_of(media_sfu_text(m), m->text_n), STR("a/b")));
    letter_drop(&m->letter);
}

/* The news of a letter with these; freed at once, so nothing of it may be looked at but numbers. */
static struct group_news news_of(enum media_kind kind, uint32_t code, struct str text,
                                 const struct media_sfu_line *line)
{
    struct group_news n;
    struct media_sfu *m = sfu_letter(kind, 1, 2, line ? 1 : 0, text);
    m->code = code;
    m->there = code == 0;
    if (line)
        m->lines[0] = *line;
    assert_true(group_mail_news(m, &n));
    assert_true(n.room == 1 && n.peer == 2);
    letter_drop(&m->letter);
    return n;
}

static void letters_become_news(void **state)
{
    static char long_text[GROUP_ANSWER_MAX + 1];
    const struct media_sfu_line line = {.track = 9, .kind = SFU_SCREEN, .codec = CODEC_AV1};
    (void)state;
    struct group_news n = news_of(MEDIA_SFU_ANSWER, 0, STR("v=0"), NULL);
    assert_true(n.about == GROUP_NEWS_ANSWER && n.text.n == 3);
    n = news_of(MEDIA_SFU_ANSWER, 0, str_of(long_text, GROUP_ANSWER_MAX), NULL);
    assert_int_equal(n.about, GROUP_NEWS_ANSWER);
    n = news_of(MEDIA_SFU_ANSWER, 0, str_of(long_text, GROUP_ANSWER_MAX + 1), NULL);
    assert_true(n.about == GROUP_NEWS_REFUSED && n.refusal == GROUP_FULL && n.text.n == 0);
    n = news_of(MEDIA_SFU_REFUSED, SFU_NO_MEDIA, STR_NONE, NULL);
    assert_true(n.about == GROUP_NEWS_REFUSED && n.refusal == GROUP_NO_MEDIA);
    n = news_of(MEDIA_SFU_TRACK, 0, STR_NONE, &line);
    assert_true(n.about == GROUP_NEWS_TRACK && n.there && n.track == 9);
    assert_true(n.kind == GROUP_SCREEN && n.codec == GROUP_AV1);
    n = news_of(MEDIA_SFU_TRACK, 1, STR_NONE, &line);
    assert_false(n.there);
    n = news_of(MEDIA_SFU_SPEAKER, 0, STR_NONE, &line);
    assert_int_equal(n.about, GROUP_NEWS_SPEAKER);
    n = news_of(MEDIA_SFU_STATE, TRANSPORT_FINGERPRINT, STR_NONE, NULL);
    assert_true(n.about == GROUP_NEWS_STATE && n.end == GROUP_FINGERPRINT && !n.there);
    struct media_sfu *other = sfu_letter(MEDIA_SFU_OPEN, 1, 0, 0, STR_NONE);
    assert_false(group_mail_news(other, &n));
    letter_drop(&other->letter);
}

static void people_lie_in_the_letter(void **state)
{
    struct media_sfu *m = group_mail_fares(4, 3);
    struct group_news n;
    (void)state;
    for (int i = 0; i < 3; i++)
        group_mail_people(m)[i] = (struct group_person){.session = 10 + (uint64_t)i, .rtt_ms = i};
    assert_true(group_mail_news(m, &n));
    assert_true(n.about == GROUP_NEWS_STATS && n.room == 4 && n.n_people == 3);
    assert_true(n.people[2].session == 12 && n.people[2].rtt_ms == 2);
    letter_drop(&m->letter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_becomes_a_letter),
        cmocka_unit_test(each_order_has_its_letter),
        cmocka_unit_test(a_recording_has_its_number_and_folder),
        cmocka_unit_test(letters_become_news),
        cmocka_unit_test(people_lie_in_the_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
