/* Files of a recording in memory, and packets as publishers make them. */
#ifndef MADANG_TESTS_REC_WORLD_H
#define MADANG_TESTS_REC_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "media/recording.h"
#include "mkv_reader.h"

enum { REC_FILES = 64 };

struct rec_file {
    char name[REC_FILE_NAME];
    uint8_t *p;
    size_t n, cap;
    bool closed;
};

struct rec_world {
    struct rec_file files[REC_FILES];
    int n, most; /* most: files that there may be */
    unsigned keys_wanted;
    const char *wrong;
};

static inline int rec_world_create(void *ctx, const char *name)
{
    struct rec_world *w = ctx;
    if (w->n >= (w->most ? w->most : REC_FILES))
        return REC_NO_FILE;
    snprintf(w->files[w->n].name, REC_FILE_NAME, "%s", name);
    return w->n++;
}

static inline void rec_world_append(void *ctx, int file, const void *p, size_t n)
{
    struct rec_file *f = &((struct rec_world *)ctx)->files[file];
    if (f->closed)
        ((struct rec_world *)ctx)->wrong = "written after its end";
    if (f->n + n > f->cap) {
        f->cap = (f->n + n) * 2;
        f->p = realloc(f->p, f->cap);
    }
    if (n > 0)
        memcpy(f->p + f->n, p, n);
    f->n += n;
}

static inline void rec_world_rewrite(void *ctx, int file, uint64_t at, const void *p, size_t n)
{
    struct rec_file *f = &((struct rec_world *)ctx)->files[file];
    if (f->closed || at + n > f->n)
        ((struct rec_world *)ctx)->wrong = "rewritten where nothing is";
    else
        memcpy(f->p + at, p, n);
}

static inline void rec_world_close(void *ctx, int file)
{
    ((struct rec_world *)ctx)->files[file].closed = true;
}

static inline void rec_world_want_key(void *ctx, uint64_t track, unsigned stream)
{
    (void)track, (void)stream;
    ((struct rec_world *)ctx)->keys_wanted++;
}

static inline struct rec_files rec_world_files(struct rec_world *w)
{
    return (struct rec_files){w,
                              rec_world_create,
                              rec_world_append,
                              rec_world_rewrite,
                              rec_world_close,
                              rec_world_want_key};
}

static inline void rec_world_free(struct rec_world *w)
{
    for (int i = 0; i < w->n; i++)
        free(w->files[i].p);
    *w = (struct rec_world){0};
}

#endif
