/*
 * OpaqueString (RFC 8265 4.2), the form in which names and passwords are hashed: case and width
 * stay, other spaces become U+0020, and what nobody can see or type reliably is refused (controls,
 * ignorables, noncharacters, private use, conjoining jamo: RFC 8264 9). Two rules are not checked:
 * NFC, which wants Unicode's tables and which input methods give anyway, and unassigned code
 * points. Pure.
 */
#ifndef MADANG_PROTO_OPAQUE_H
#define MADANG_PROTO_OPAQUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* NUL-terminated into out. NULL when it went well; else why not, to follow "the name ": empty, not
 * UTF-8, forbidden, or longer than cap - 1. Then out is "". */
const char *opaque_string(struct str in, char *out, size_t cap);

#endif
