/* Names of people and titles of rooms: made comparable (NFC, one kind of space), and refused when
 * they could deceive (control characters, bidi overrides, invisible characters). Also the friendly
 * names for those who give none. Wraps libutf8proc. */
#ifndef MADANG_DOMAIN_NAMES_H
#define MADANG_DOMAIN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/str.h"

/* The longest result: 64 characters of 4 bytes. */
#define NAMES_BYTES_MAX 256

enum names_verdict { NAMES_OK, NAMES_EMPTY, NAMES_BAD, NAMES_TOO_LONG };

/* text is valid UTF-8. On NAMES_OK, out (at least NAMES_BYTES_MAX bytes) holds the *n bytes of the
 * name: NFC, trimmed, inner runs of spaces made one, 1 to max_chars (<= 64) code points. */
enum names_verdict names_clean(struct str text, int max_chars, char out[NAMES_BYTES_MAX],
                               size_t *n);

/* Whether a file may be called so: valid UTF-8 without what makes a name look like another one or does not show
 * (controls, ends of lines, bidi overrides and marks, invisible characters). Joiners and variation selectors,
 * which several scripts and emoji need, may be in it; how long it is, and what it is made of otherwise, is the
 * owner's affair. */
bool names_file(struct str text);

/* "Quiet Otter" or, in Korean, the like; at most 24 characters. Appends to b. */
void names_person(struct buf *b, struct rng *rng, bool korean);
/* The title of a room that was made without one: "Mina's room". At most max_chars characters. */
void names_room(struct buf *b, struct str owner, int max_chars, bool korean);

#endif
