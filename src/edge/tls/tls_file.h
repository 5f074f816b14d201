#ifndef MADANG_EDGE_TLS_FILE_H
#define MADANG_EDGE_TLS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The few files of this folder: a private directory, reading with a cap, and writing that is seen
 * whole or not at all. Blocking: for the start, SIGHUP and the rare renewal. On failure `why` gets
 * one sentence without a full stop that names the path and the system's reason.
 */

#define TLS_FILE_CAP 65536

/*
 * Makes data_dir and data_dir/sub if missing (0700), tightens the latter to 0700, checks that it
 * can be written, and opens it. A descriptor that the caller closes, or -1.
 */
int tls_dir_open(const char *data_dir, const char *sub, char *why, size_t why_cap);

/*
 * Reads a file of at most TLS_FILE_CAP bytes, relative to `dir` (or AT_FDCWD), with a 0 behind it.
 * The caller frees with tls_secret_free(). NULL: `why` says it; *missing tells whether that was all.
 */
char *tls_file_read(int dir, const char *name, bool *missing, char *why, size_t why_cap);

/*
 * Writes name beside itself and renames it into place, so that a reader or a crash finds the old
 * text or the new one. `durable` waits for the disk: for what cannot be made again.
 */
bool tls_file_write(int dir, const char *name, const char *text, mode_t mode, bool durable,
                    char *why, size_t why_cap);

#endif
