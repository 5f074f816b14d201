/* Scripts of letters, and letters that look like others: against names that are made to be taken for
 * somebody else's (UTS #39). Tables of what people really mix and mistake, not of all Unicode. */
#ifndef MADANG_DOMAIN_SCRIPT_H
#define MADANG_DOMAIN_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Whether somebody writes these letters in one word: one script alone, Hangul with Latin, Han with
 * Hangul, Latin or both, kana with Han, Latin or both, Bopomofo with Han and Latin. */
bool script_may_mix(struct str name);

/* Writes what the name looks like: the same for names that can be mistaken for each other. text is
 * valid UTF-8 in NFC. False: it does not fit. */
bool script_skeleton(struct str text, char *out, size_t cap, size_t *n);

#endif
