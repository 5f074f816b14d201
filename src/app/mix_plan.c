#include "app/mix_plan.h"

#include <string.h>

#include "base/util.h"

enum { SIDE = 320 /* the column of cameras beside a screen */, GAP_MS = 2000 };

struct box {
    unsigned x, y, w, h;
};

static bool is_picture(const struct manifest_track *t)
{
    return strcmp(t->kind, "camera") == 0 || strcmp(t->kind, "screen") == 0;
}

static bool is_screen(const struct manifest_track *t)
{
    return strcmp(t->kind, "screen") == 0;
}

static bool has(const struct manifest *m, bool (*is)(const struct manifest_track *), bool what)
{
    for (unsigned i = 0; i < m->n; i++) {
        if (is(&m->tracks[i]) == what)
            return true;
    }
    return false;
}

bool mix_has_picture(const struct manifest *m)
{
    return has(m, is_picture, true);
}

bool mix_has_sound(const struct manifest *m)
{
    return has(m, is_picture, false);
}

/* ---- Time: 0 is when the first track began ---- */

static double zero_of(const struct manifest *m)
{
    double zero = m->n > 0 ? m->tracks[0].start_ms : 0;
    for (unsigned i = 1; i < m->n; i++)
        zero = MIN_OF(zero, m->tracks[i].start_ms);
    return zero;
}

static double end_of(const struct manifest_track *t)
{
    return t->start_ms + t->duration_ms;
}

static double length_of(const struct manifest *m)
{
    double end = 0;
    for (unsigned i = 0; i < m->n; i++)
        end = MAX_OF(end, end_of(&m->tracks[i]));
    return end - zero_of(m);
}

/* ---- Places ---- */

/* Cameras get places as people sit down: the first one that is free when they come. How many it takes. */
static unsigned seat(const struct manifest *m, unsigned seats[MANIFEST_TRACKS])
{
    double free_at[MANIFEST_TRACKS] = {0};
    bool seated[MANIFEST_TRACKS] = {false};
    unsigned n = 0;
    for (;;) {
        unsigned next = m->n;
        for (unsigned i = 0; i < m->n; i++) {
            const struct manifest_track *t = &m->tracks[i];
            if (!seated[i] && is_picture(t) && !is_screen(t) &&
                (next == m->n || t->start_ms < m->tracks[next].start_ms))
                next = i;
        }
        if (next == m->n)
            return n;
        unsigned k = 0;
        while (k < n && free_at[k] > m->tracks[next].start_ms)
            k++;
        n = MAX_OF(n, k + 1);
        free_at[k] = end_of(&m->tracks[next]);
        seats[next] = k;
        seated[next] = true;
    }
}

static unsigned even(unsigned v)
{
    return MAX_OF(v & ~1u, 2u);
}

/* As square as it gets, or one column beside a screen. */
static struct box place(unsigned seat, unsigned seats, bool beside_screen)
{
    unsigned columns = 1, left = beside_screen ? MIX_WIDTH - SIDE : 0;
    seats = MAX_OF(seats, 1u);
    while (!beside_screen && columns * columns < seats)
        columns++;
    unsigned rows = (seats + columns - 1) / columns;
    unsigned w = (MIX_WIDTH - left) / columns, h = MIX_HEIGHT / rows;
    if (beside_screen)
        h = MIN_OF(h, SIDE * 9u / 16);
    return (struct box){left + seat % columns * w, seat / columns * h, even(w), even(h)};
}

/* ---- Filters ---- */

static void put_picture(struct buf *b, unsigned i, const struct manifest_track *t, double zero,
                        struct box at)
{
    buf_putf(b,
             "[%u:v]setpts=PTS+%.3f/TB,scale=%u:%u:force_original_aspect_ratio=decrease,"
             "pad=%u:%u:(ow-iw)/2:(oh-ih)/2:eval=frame,setsar=1[v%u];",
             i, (t->start_ms - zero) / 1000, at.w, at.h, at.w, at.h, i);
}

/* Shown from its beginning to its end, but not while nothing came: the last picture would stand still. */
static void put_overlay(struct buf *b, unsigned i, unsigned layer, const struct manifest_track *t,
                        double zero, struct box at)
{
    double start = t->start_ms - zero;
    buf_putf(b, "[l%u][v%u]overlay=%u:%u:eof_action=pass:enable='between(t,%.3f,%.3f)", layer, i,
             at.x, at.y, start / 1000, (start + t->duration_ms) / 1000);
    for (unsigned g = 0; g < t->n_gaps; g++) {
        if (t->gaps[g].ms >= GAP_MS)
            buf_putf(b, "*not(between(t,%.3f,%.3f))", (start + t->gaps[g].at_ms) / 1000,
                     (start + t->gaps[g].at_ms + t->gaps[g].ms) / 1000);
    }
    buf_putf(b, "'[l%u];", layer + 1);
}

/* Screens below, cameras above. */
static void put_pictures(struct buf *b, const struct manifest *m)
{
    unsigned seats[MANIFEST_TRACKS] = {0}, n = seat(m, seats), layer = 0;
    bool screen = has(m, is_screen, true);
    double zero = zero_of(m);
    const struct box large = {0, 0, n > 0 ? MIX_WIDTH - SIDE : MIX_WIDTH, MIX_HEIGHT};
    buf_putf(b, "color=black:s=%dx%d:r=%d:d=%.3f[l0];", MIX_WIDTH, MIX_HEIGHT, MIX_FPS,
             length_of(m) / 1000);
    for (int cameras = 0; cameras < 2; cameras++) {
        for (unsigned i = 0; i < m->n; i++) {
            const struct manifest_track *t = &m->tracks[i];
            if (!is_picture(t) || is_screen(t) == (cameras == 1))
                continue;
            struct box at = is_screen(t) ? large : place(seats[i], n, screen);
            put_picture(b, i, t, zero, at);
            put_overlay(b, i, layer++, t, zero, at);
        }
    }
    buf_putf(b, "[l%u]format=yuv420p[picture]", layer);
}

/* Silence before it, and where nothing came; nobody is made less loud because others are there. */
static void put_sounds(struct buf *b, const struct manifest *m)
{
    static const char form[] = "aformat=sample_fmts=fltp:sample_rates=48000:channel_layouts=stereo";
    unsigned n = 0;
    for (unsigned i = 0; i < m->n; i++) {
        const struct manifest_track *t = &m->tracks[i];
        if (is_picture(t))
            continue;
        buf_putf(b, "[%u:a]aresample=48000:async=1:first_pts=0,%s[a%u];", i, form, i);
        buf_putf(b, "aevalsrc=0|0:s=48000:d=%.3f,%s[q%u];",
                 (t->start_ms - zero_of(m)) / 1000 + 0.001, form, i);
        buf_putf(b, "[q%u][a%u]concat=n=2:v=0:a=1[s%u];", i, i, i);
        n++;
    }
    for (unsigned i = 0; i < m->n; i++) {
        if (!is_picture(&m->tracks[i]))
            buf_putf(b, "[s%u]", i);
    }
    buf_putf(b, "amix=inputs=%u:duration=longest:normalize=0,alimiter=limit=0.95[sound]", n);
}

void mix_plan(const struct manifest *m, struct buf *out)
{
    if (mix_has_picture(m))
        put_pictures(out, m);
    if (mix_has_picture(m) && mix_has_sound(m))
        buf_puts(out, ";");
    if (mix_has_sound(m))
        put_sounds(out, m);
}
