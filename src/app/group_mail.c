#include "app/group_mail.h"

#include <string.h>

#include "app/sfu_letter.h"
#include "base/util.h"
#include "media/sfu.h"

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), "goes into letters as a number")
SAME(GROUP_MIC, SFU_MIC);
SAME(GROUP_CAMERA, SFU_CAMERA);
SAME(GROUP_SCREEN, SFU_SCREEN);
SAME(GROUP_SOUND, SFU_SOUND);
SAME(GROUP_KINDS, SFU_KINDS);
SAME(GROUP_CODEC_NONE, CODEC_NONE);
SAME(GROUP_OPUS, CODEC_OPUS);
SAME(GROUP_PCMU, CODEC_PCMU);
SAME(GROUP_PCMA, CODEC_PCMA);
SAME(GROUP_VP8, CODEC_VP8);
SAME(GROUP_VP9, CODEC_VP9);
SAME(GROUP_H264, CODEC_H264);
SAME(GROUP_AV1, CODEC_AV1);
SAME(GROUP_CODECS, CODECS);
SAME(GROUP_PINNED, ALLOC_PINNED);
SAME(GROUP_SPEAKER, ALLOC_SPEAKER);
SAME(GROUP_SHARED, ALLOC_SCREEN);
SAME(GROUP_VISIBLE, ALLOC_VISIBLE);
SAME(GROUP_THUMBNAIL, ALLOC_THUMBNAIL);
SAME(GROUP_BAD_OFFER, SFU_BAD_OFFER);
SAME(GROUP_NO_MEDIA, SFU_NO_MEDIA);
SAME(GROUP_FULL, SFU_FULL);
SAME(GROUP_GONE, SFU_UNKNOWN_PEER);
SAME(GROUP_REFUSALS, SFU_REFUSALS);
SAME(GROUP_NO_CONSENT, TRANSPORT_NO_CONSENT);
SAME(GROUP_TIMEOUT, TRANSPORT_TIMEOUT);
SAME(GROUP_REFUSED, TRANSPORT_REFUSED);
SAME(GROUP_FINGERPRINT, TRANSPORT_FINGERPRINT);
SAME(GROUP_PROFILE, TRANSPORT_PROFILE);
SAME(GROUP_NO_PLACE, TRANSPORT_ENDS);
SAME(GROUP_MAY_PUBLISH, SFU_MAY_PUBLISH);
SAME(GROUP_MAY_SUBSCRIBE, SFU_MAY_SUBSCRIBE);
SAME(GROUP_LINES_MAX, MEDIA_SFU_LINES);
SAME(GROUP_MID_MAX, MEDIA_SFU_MID);

/* ---- to workers ---- */

static void put_line(struct media_sfu_line *to, const struct group_line *l)
{
    to->track = l->track;
    to->kind = l->kind < GROUP_KINDS ? l->kind : 0;
    to->width = (uint16_t)MIN_OF(l->width, UINT16_MAX);
    to->height = (uint16_t)MIN_OF(l->height, UINT16_MAX);
    to->priority = l->priority;
    str_copy(l->mid, to->mid, sizeof to->mid);
}

struct media_sfu *group_mail_letter(const struct group_order *o)
{
    static const enum media_kind kinds[GROUP_ORDERS] = {
        [GROUP_ORDER_OPEN] = MEDIA_SFU_OPEN,   [GROUP_ORDER_CLOSE] = MEDIA_SFU_CLOSE,
        [GROUP_ORDER_OFFER] = MEDIA_SFU_OFFER, [GROUP_ORDER_WISH] = MEDIA_SFU_WISH,
        [GROUP_ORDER_LEAVE] = MEDIA_SFU_LEAVE, [GROUP_ORDER_STATS] = MEDIA_SFU_STATS,
        [GROUP_ORDER_MUTE] = MEDIA_SFU_MUTE,   [GROUP_ORDER_RECORD] = MEDIA_SFU_RECORD,
        [GROUP_ORDER_AGREE] = MEDIA_SFU_AGREE,
    };
    unsigned n = MIN_OF(o->n_lines, (uint32_t)MEDIA_SFU_LINES);
    bool record = o->kind == GROUP_ORDER_RECORD;
    struct media_sfu *m = sfu_letter(kinds[o->kind], o->room, record ? o->recording : o->peer, n,
                                     record ? o->text : o->sdp);
    m->rights = o->rights;
    m->there = o->on;
    for (unsigned i = 0; i < n; i++)
        put_line(&m->lines[i], &o->lines[i]);
    return m;
}

/* ---- from workers ---- */

static void read_answer(const struct media_sfu *m, struct group_news *n)
{
    n->text = str_of(media_sfu_text(m), m->text_n);
    if (m->text_n <= GROUP_ANSWER_MAX)
        return;
    n->about = GROUP_NEWS_REFUSED;
    n->refusal = GROUP_FULL;
    n->text = STR_NONE;
}

static void read_line(const struct media_sfu *m, struct group_news *n)
{
    if (m->n_lines == 0)
        return;
    n->track = m->lines[0].track;
    n->kind = (enum group_kind)MIN_OF(m->lines[0].kind, (uint32_t)GROUP_KINDS - 1);
    n->codec = (enum group_codec)MIN_OF(m->lines[0].codec, (uint32_t)GROUP_CODECS - 1);
}

bool group_mail_news(const struct media_sfu *m, struct group_news *n)
{
    *n = (struct group_news){.room = m->room, .peer = m->peer, .there = m->there};
    switch (m->letter.kind) {
    case MEDIA_SFU_ANSWER:
        n->about = GROUP_NEWS_ANSWER;
        read_answer(m, n);
        break;
    case MEDIA_SFU_REFUSED:
        n->about = GROUP_NEWS_REFUSED;
        n->refusal = (enum group_refusal)MIN_OF(m->code, (uint32_t)GROUP_REFUSALS - 1);
        break;
    case MEDIA_SFU_TRACK:
        n->about = GROUP_NEWS_TRACK;
        read_line(m, n);
        break;
    case MEDIA_SFU_SPEAKER: n->about = GROUP_NEWS_SPEAKER; break;
    case MEDIA_SFU_STATE:
        n->about = GROUP_NEWS_STATE;
        n->end = (enum group_end)MIN_OF(m->code, (uint32_t)GROUP_NO_PLACE - 1);
        break;
    case MEDIA_SFU_FARES:
        n->about = GROUP_NEWS_STATS;
        n->people = group_mail_people(m);
        n->n_people = m->text_n / (uint32_t)sizeof *n->people;
        break;
    default: return false;
    }
    return true;
}

struct media_sfu *group_mail_fares(uint64_t room, unsigned n)
{
    static const struct group_person none[MEDIA_SFU_LINES];
    size_t most = MIN_OF(n, (unsigned)MEDIA_SFU_LINES);
    return sfu_letter(MEDIA_SFU_FARES, room, 0, 0, str_of(none, most * sizeof none[0]));
}

struct group_person *group_mail_people(const struct media_sfu *m)
{
    return (struct group_person *)(void *)media_sfu_text(m);
}
