/*
 * `madang replay FILE...`: feeds a recording to the cores that made it and says where what they give
 * differs. See docs/architecture/replay.md.
 */
#ifndef MADANG_APP_REPLAY_H
#define MADANG_APP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct replay_result {
    uint64_t inputs, outputs; /* records fed, and hashes compared */
    uint64_t differences;     /* hashes that were not the same, and records that could not be fed */
    uint64_t skipped;         /* records before the first checkpoint */
};

/* Replays one file. Differences (the first 20) and, with verbose, every input are written to out.
 * False when the file can't be read or is of another version: one sentence has been written. */
bool replay_file(const char *file, bool verbose, FILE *out, struct replay_result *result);

/* The subcommand; argv[0] is "replay". The process's exit status: 0 the same, 1 different, 2 unusable. */
int replay_main(int argc, char **argv);

#endif
