/* Letters between a worker's SFU and control. */
#include "app/group_mail.h"
#include "app/sfu_letter.h"
#include "app/worker_rec.h"
#include "app/worker_sfu_int.h"

/* ---- Out ---- */

static void post(struct worker_sfu *f, struct media_sfu *m)
{
    if (f->w->conf.control != NULL && mailbox_post(f->w->conf.control, &m->letter))
        return;
    count_inc(&f->w->counts, COUNT_DROP_MAILBOX_FULL);
    letter_drop(&m->letter);
}

static void on_answer(void *ctx, uint64_t room, uint64_t peer, struct str sdp)
{
    post(ctx, sfu_letter(MEDIA_SFU_ANSWER, room, peer, 0, sdp));
}

static void on_refused(void *ctx, uint64_t room, uint64_t peer, enum sfu_refusal why)
{
    struct media_sfu *m = sfu_letter(MEDIA_SFU_REFUSED, room, peer, 0, STR_NONE);
    m->code = why;
    post(ctx, m);
}

static void on_track(void *ctx, uint64_t room, const struct sfu_track *t, bool is_there)
{
    struct worker_sfu *f = ctx;
    struct media_sfu *m = sfu_letter(MEDIA_SFU_TRACK, room, t->peer, 1, STR_NONE);
    if (f->rec != NULL && !is_there)
        worker_rec_track_gone(f->rec, room, t->id);
    m->there = is_there;
    m->lines[0].track = t->id;
    m->lines[0].kind = t->kind;
    m->lines[0].codec = t->codec;
    m->lines[0].streams = t->streams;
    post(ctx, m);
}

static void on_speaker(void *ctx, uint64_t room, uint64_t peer, uint64_t track)
{
    struct media_sfu *m = sfu_letter(MEDIA_SFU_SPEAKER, room, peer, 1, STR_NONE);
    m->lines[0].track = track;
    post(ctx, m);
}

static void on_state(void *ctx, uint64_t room, uint64_t peer, enum transport_state s,
                     enum transport_end why)
{
    struct media_sfu *m = sfu_letter(MEDIA_SFU_STATE, room, peer, 0, STR_NONE);
    m->there = s == TRANSPORT_OPEN;
    m->code = why;
    post(ctx, m);
}

void worker_sfu_tells(struct sfu_ops *ops)
{
    ops->answer = on_answer;
    ops->refused = on_refused;
    ops->track = on_track;
    ops->speaker = on_speaker;
    ops->state = on_state;
}

/* ---- In ---- */

static void take_offer(struct worker_sfu *f, const struct media_sfu *m)
{
    struct sfu_line lines[MEDIA_SFU_LINES];
    unsigned n = MIN_OF(m->n_lines, (uint32_t)MEDIA_SFU_LINES);
    for (unsigned i = 0; i < n; i++)
        lines[i] = (struct sfu_line){.mid = str_from(m->lines[i].mid),
                                     .kind = (enum sfu_kind)m->lines[i].kind,
                                     .track = m->lines[i].track};
    struct sfu_offer o = {.room = m->room,
                          .peer = m->peer,
                          .rights = m->rights,
                          .sdp = str_of(media_sfu_text(m), m->text_n),
                          .lines = lines,
                          .n_lines = n};
    sfu_core_offer(f->core, loop_now(f->w->loop), &o);
}

static void take_wishes(struct worker_sfu *f, const struct media_sfu *m)
{
    struct sfu_wish w[MEDIA_SFU_LINES];
    unsigned n = MIN_OF(m->n_lines, (uint32_t)MEDIA_SFU_LINES);
    for (unsigned i = 0; i < n; i++)
        w[i] = (struct sfu_wish){.mid = str_from(m->lines[i].mid),
                                 .track = m->lines[i].track,
                                 .width = m->lines[i].width,
                                 .height = m->lines[i].height,
                                 .priority = (enum alloc_priority)m->lines[i].priority};
    sfu_core_wish(f->core, loop_now(f->w->loop), m->peer, w, n);
}

static void take_candidates(struct worker_sfu *f, const struct media_sfu_at *m)
{
    struct sdp_candidate c[MEDIA_SFU_AT_MAX];
    unsigned n = MIN_OF(m->n, (uint32_t)MEDIA_SFU_AT_MAX);
    for (unsigned i = 0; i < n; i++)
        c[i] = (struct sdp_candidate){.at = m->at[i], .tcp = m->tcp >> i & 1};
    sfu_core_candidates(f->core, loop_now(f->w->loop), c, n);
}

static void mute(struct worker_sfu *f, const struct media_sfu *m)
{
    for (uint32_t i = 0; i < m->n_lines; i++)
        sfu_core_mute(f->core, loop_now(f->w->loop), m->lines[i].track, m->there);
}

/* Of a peer that is no more: nothing but its name. */
static struct group_person fares_of(struct worker_sfu *f, uint64_t peer)
{
    struct sfu_line_stats lines[SFU_LINES_MAX];
    struct sfu_peer_stats s;
    struct group_person p = {.session = peer, .rtt_ms = -1};
    if (!sfu_peer_stats(sfu_core_sfu(f->core), peer, &s, lines, SFU_LINES_MAX))
        return p;
    for (unsigned i = 0; i < s.n_lines; i++)
        p.up_bps += lines[i].publishes ? (int64_t)lines[i].bps : 0;
    p.down_bps = (int64_t)s.sent_bps;
    p.loss_up = s.loss_up;
    p.loss_down = s.loss_down;
    p.rtt_ms = s.rtt_ms;
    p.estimate_bps = (int64_t)s.estimate_bps;
    return p;
}

static void tell_fares(struct worker_sfu *f, const struct media_sfu *m)
{
    unsigned n = MIN_OF(m->n_lines, (uint32_t)MEDIA_SFU_LINES);
    struct media_sfu *fares = group_mail_fares(m->room, n);
    for (unsigned i = 0; i < n; i++)
        group_mail_people(fares)[i] = fares_of(f, m->lines[i].track);
    post(f, fares);
}

static void take_record(struct worker_sfu *f, const struct media_sfu *m)
{
    if (f->rec != NULL && m->there)
        worker_rec_begin(f->rec, m->room, m->peer, str_of(media_sfu_text(m), m->text_n));
    else if (f->rec != NULL)
        worker_rec_end(f->rec, m->room);
}

void worker_sfu_letter(struct worker_sfu *f, const struct letter *l)
{
    const struct media_sfu *m = container_of(l, struct media_sfu, letter);
    f->busy = true;
    switch (l->kind) {
    case MEDIA_SFU_AT: take_candidates(f, container_of(l, struct media_sfu_at, letter)); break;
    case MEDIA_SFU_OPEN:
        if (!sfu_core_room_open(f->core, loop_now(f->w->loop), m->room))
            on_refused(f, m->room, 0, SFU_FULL);
        break;
    case MEDIA_SFU_CLOSE:
        if (f->rec != NULL)
            worker_rec_end(f->rec, m->room);
        sfu_core_room_close(f->core, loop_now(f->w->loop), m->room);
        break;
    case MEDIA_SFU_RECORD: take_record(f, m); break;
    case MEDIA_SFU_AGREE: sfu_core_agree(f->core, loop_now(f->w->loop), m->peer, m->there); break;
    case MEDIA_SFU_KEY:
        if (m->n_lines > 0)
            sfu_core_key(f->core, loop_now(f->w->loop), m->lines[0].track, m->lines[0].streams);
        break;
    case MEDIA_SFU_OFFER: take_offer(f, m); break;
    case MEDIA_SFU_WISH: take_wishes(f, m); break;
    case MEDIA_SFU_STATS: tell_fares(f, m); break;
    case MEDIA_SFU_MUTE: mute(f, m); break;
    default: sfu_core_peer_close(f->core, loop_now(f->w->loop), m->peer);
    }
}
