/* Reads the manifest of a recording (docs/architecture/recording.md): for tools. */
#ifndef MADANG_EDGE_REC_MANIFEST_H
#define MADANG_EDGE_REC_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MANIFEST_TRACKS = 200, MANIFEST_GAPS = 50, MANIFEST_NAME = 64 };

struct manifest_track {
    char file[MANIFEST_NAME]; /* letters, digits, '-' and '.' only; it begins with a digit */
    char kind[16];            /* "mic", "camera", "screen", "sound" */
    double start_ms, duration_ms;
    unsigned n_gaps;
    struct {
        double at_ms, ms;
    } gaps[MANIFEST_GAPS];
};

struct manifest {
    unsigned n;
    struct manifest_track tracks[MANIFEST_TRACKS];
};

/* DIR/manifest.json. false with a sentence in err. */
bool manifest_read(const char *dir, struct manifest *out, char *err, size_t errlen);

#endif
