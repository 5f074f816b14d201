/*
 * What ffmpeg has to do to make one file of a recording: cameras side by side, a screen large beside them, all sound
 * mixed, everything when the manifest says that it was. Pure.
 */
#ifndef MADANG_APP_MIX_PLAN_H
#define MADANG_APP_MIX_PLAN_H

#include "base/buf.h"
#include "edge/rec/manifest.h"

enum { MIX_WIDTH = 1280, MIX_HEIGHT = 720, MIX_FPS = 25 };

/* -filter_complex: input i of ffmpeg is track i of the manifest; the results are [picture] and [sound], each only
 * if there is such a track. */
void mix_plan(const struct manifest *m, struct buf *out);
bool mix_has_picture(const struct manifest *m);
bool mix_has_sound(const struct manifest *m);

#endif
