/* Text forms of bytes and numbers, and their strict inverses: one text for each value (padding
 * bits are zero, padding is complete, no white space). Encoders write a NUL after the text. */
#ifndef MADANG_BASE_CODE_H
#define MADANG_BASE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Bytes that the encoders need for n bytes, with the NUL. */
#define B64_SIZE(n)    (((n) + 2) / 3 * 4 + 1)
#define B64URL_SIZE(n) (((n)*4 + 2) / 3 + 1)
#define HEX_SIZE(n)    ((n)*2 + 1)
#define B32_SIZE       14

/* Base64 with padding (RFC 4648, 4). Encode: the length without NUL, or 0 when cap is too small
 * (n = 0 also gives 0, and ""). Decode: false on anything but the one right text, or when cap is
 * too small; *n is the number of bytes. dst and the source must not overlap. */
size_t b64_encode(char *dst, size_t cap, const void *p, size_t n);
bool b64_decode(void *dst, size_t cap, size_t *n, struct str s);
/* Base64url without padding (RFC 4648, 5), the same rules. */
size_t b64url_encode(char *dst, size_t cap, const void *p, size_t n);
bool b64url_decode(void *dst, size_t cap, size_t *n, struct str s);

/* Lower-case hexadecimal; the decoder takes upper case too. */
/* "AB:CD:..." as fingerprints of certificates are written (RFC 8122 5); dst has room for 3 * n characters. */
void hex_colons(char *dst, const void *p, size_t n);
size_t hex_encode(char *dst, size_t cap, const void *p, size_t n);
bool hex_decode(void *dst, size_t cap, size_t *n, struct str s);

/* A number as 13 characters of Crockford's base32, lower case: no i, l, o, u, so that ids can be
 * read aloud. The decoder takes upper case too, but no look-alikes: exactly 13 characters, the
 * first at most 'f'. */
void b32_encode(char dst[B32_SIZE], uint64_t v);
bool b32_decode(struct str s, uint64_t *v);

#endif
