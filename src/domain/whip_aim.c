/* Which tracks a player gets on its lines: what is shared before who speaks before the others, and whatever is on a
 * line stays there as long as it is among those, so that nothing jumps. Sound and picture that belong together come on
 * lines of the same place among their kind, where these are free: players play those in time with each other. */
#include "domain/group.h"
#include "domain/whip.h"

enum { CANDIDATES_MAX = 256 };

struct candidate {
    uint64_t track, session;
    bool video, shared;
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
                    .session = s->id,
                    .shared = shared,
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

/* What is on the line of the other kind at the same place as line i; 0: nothing. */
static uint64_t beside(const struct whip *w, unsigned i)
{
    unsigned place = 0, other = 0;
    for (unsigned k = 0; k < i; k++)
        place += w->lines[k].video == w->lines[i].video;
    for (unsigned k = 0; k < w->n_lines; k++)
        if (w->lines[k].video != w->lines[i].video && other++ == place)
            return w->lines[k].track;
    return 0;
}

/* What belongs to that. */
static struct candidate *counterpart(const struct whip *w, unsigned i, struct candidate *c,
                                     unsigned n)
{
    uint64_t track = beside(w, i);
    const struct candidate *to = NULL;
    for (unsigned k = 0; track && k < n && !to; k++)
        to = c[k].track == track ? &c[k] : NULL;
    for (unsigned k = 0; to && k < n; k++)
        if (c[k].rank == CHOSEN && c[k].video == w->lines[i].video && c[k].session == to->session &&
            c[k].shared == to->shared)
            return &c[k];
    return NULL;
}

static struct candidate *anything(const struct whip *w, unsigned i, struct candidate *c, unsigned n)
{
    return chosen(c, n, w->lines[i].video, 0);
}

/* Where what belongs to it finds a place, too. */
static struct candidate *alone(const struct whip *w, unsigned i, struct candidate *c, unsigned n)
{
    return beside(w, i) ? NULL : anything(w, i, c, n);
}

typedef struct candidate *fill_fn(const struct whip *w, unsigned i, struct candidate *c,
                                  unsigned n);

static bool fill_free(struct whip *w, bool video, struct candidate *c, unsigned n, fill_fn *by)
{
    bool changed = false;
    for (unsigned i = 0; i < w->n_lines; i++) {
        bool is_free = w->lines[i].video == video && w->lines[i].track == 0;
        struct candidate *next = is_free ? by(w, i, c, n) : NULL;
        if (!next)
            continue;
        w->lines[i].track = next->track;
        next->rank = OUT;
        changed = true;
    }
    return changed;
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
    for (int video = 0; video <= 1; video++) {
        changed |= fill_free(w, video, c, n, counterpart);
        changed |= fill_free(w, video, c, n, alone);
        changed |= fill_free(w, video, c, n, anything);
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
