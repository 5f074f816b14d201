#include "edge/rec/manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* As we have written it; it may come from elsewhere, and becomes part of a command. */
static bool is_file_name(const char *z)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    return z[0] >= '0' && z[0] <= '9' && strspn(z, letters) == strlen(z) &&
           strlen(z) < MANIFEST_NAME;
}

static void read_gaps(const json_t *gaps, struct manifest_track *t)
{
    size_t i;
    json_t *gap;
    json_array_foreach(gaps, i, gap)
    {
        if (t->n_gaps == MANIFEST_GAPS)
            return;
        t->gaps[t->n_gaps].at_ms = json_number_value(json_array_get(gap, 0));
        t->gaps[t->n_gaps++].ms = json_number_value(json_array_get(gap, 1));
    }
}

static bool read_track(json_t *j, struct manifest_track *t)
{
    const char *file, *kind;
    json_t *gaps = NULL;
    memset(t, 0, sizeof *t);
    if (json_unpack(j, "{s:s, s:s, s:F, s:F, s?o}", "file", &file, "kind", &kind, "start_ms",
                    &t->start_ms, "duration_ms", &t->duration_ms, "gaps_ms", &gaps) != 0 ||
        !is_file_name(file) || !str_copy(str_from(kind), t->kind, sizeof t->kind))
        return false;
    str_copy(str_from(file), t->file, sizeof t->file);
    read_gaps(gaps, t);
    return t->duration_ms >= 0;
}

static bool read_tracks(const json_t *tracks, struct manifest *out)
{
    size_t i;
    json_t *track;
    out->n = 0;
    if (!json_is_array(tracks) || json_array_size(tracks) > MANIFEST_TRACKS)
        return false;
    json_array_foreach(tracks, i, track)
    {
        if (!read_track(track, &out->tracks[out->n++]))
            return false;
    }
    return true;
}

bool manifest_read(const char *dir, struct manifest *out, char *err, size_t errlen)
{
    char path[4096];
    json_error_t why;
    if (snprintf(path, sizeof path, "%s/manifest.json", dir) >= (int)sizeof path) {
        snprintf(err, errlen, "the folder's name is too long");
        return false;
    }
    json_t *all = json_load_file(path, 0, &why);
    if (all == NULL) {
        snprintf(err, errlen, "%.300s cannot be read: %s", path, why.text);
        return false;
    }
    bool good = read_tracks(json_object_get(all, "tracks"), out);
    if (!good)
        snprintf(err, errlen, "%.300s is no manifest of a recording, or has more than %d tracks",
                 path, MANIFEST_TRACKS);
    json_decref(all);
    return good;
}
