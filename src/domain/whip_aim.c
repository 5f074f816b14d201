/* Which tracks a player gets on its lines: what is shared before who speaks before the others, and whatever is on a
 * line stays there as long as it is among those, so that nothing jumps. */
#include "domain/group.h"
#include "domain/whip.h"

enum { CANDIDATES_MAX = 256 };

struct candidate {
    uint64_t track;
    bool video;
    enum { SHARED, SPEAKING, SILENT, CHOSEN, OUT } rank;
};

static bool is_watched(const struct whip *w, const struct session *s)
{
    return w->watched[0] == '\0' || str_eq(session_name(s), str_from(w->watched));
}

static unsigned candidates(const struct room *r, const struct whip *w,
                           struct candidate out[CANDIDATES_MAX])
{
    unsigned n = 0;
    for (uint32_t i = 0; i < r->n_parts; i++) {
        const struct session *s = r->parts[i].session;
        for (const struct group_peer *p = r->parts[i].peers; p && is_watched(w, s); p = p->next) {
            for (unsigned k = 0; k < p->n_tracks && n < CANDIDATES_MAX; k++) {
                enum group_kind kind = p->tracks[k].track.kind;
                bool shared = kind == GROUP_SCREEN || kind == GROUP_SOUND;
                if (!p->tracks[k].there)
                    continue;
                out[n++] = (struct candidate){
                    .track = p->tracks[k].track.track,
                    .video = kind == GROUP_CAMERA || kind == GROUP_SCREEN,
                    .rank = shared                       ? SHARED
                            : r->group->speaker == s->id ? SPEAKING
                                                         : SILENT,
                };
            }
        }
    }
    return n;
}

/* Of those of a kind the best `places` are CHOSEN; the order of entering decides between equals. */
static void choose(struct candidate *c, unsigned n, bool video, unsigned places)
{
    for (int rank = SHARED; rank <= SILENT; rank++) {
        for (unsigned i = 0; i < n; i++) {
            if (c[i].video != video || (int)c[i].rank != rank)
                continue;
            c[i].rank = places > 0 ? CHOSEN : OUT;
            places -= places > 0;
        }
    }
}

static struct candidate *chosen(struct candidate *c, unsigned n, bool video, uint64_t track)
{
    for (unsigned i = 0; i < n; i++)
        if (c[i].rank == CHOSEN && c[i].video == video && (track == 0 || c[i].track == track))
            return &c[i];
    return NULL;
}

static bool fill(struct whip *w, struct candidate *c, unsigned n)
{
    bool changed = false;
    for (unsigned i = 0; i < w->n_lines; i++) { /* what stays */
        struct whip_aim *l = &w->lines[i];
        struct candidate *same = l->track ? chosen(c, n, l->video, l->track) : NULL;
        changed |= l->track != 0 && !same;
        if (same)
            same->rank = OUT;
        else
            l->track = 0;
    }
    for (unsigned i = 0; i < w->n_lines; i++) {
        struct whip_aim *l = &w->lines[i];
        struct candidate *next = l->track ? NULL : chosen(c, n, l->video, 0);
        if (!next)
            continue;
        l->track = next->track;
        next->rank = OUT;
        changed = true;
    }
    return changed;
}

bool whip_aim(const struct room *r, struct whip *w)
{
    struct candidate c[CANDIDATES_MAX];
    unsigned n = candidates(r, w, c), places[2] = {0};
    for (unsigned i = 0; i < w->n_lines; i++)
        places[w->lines[i].video]++;
    choose(c, n, false, places[false]);
    choose(c, n, true, places[true]);
    return fill(w, c, n);
}
