/* The floor: OpenSSL's cipher and authentication alone, key set, one nonce, no table, no window. In a file of its own,
 * since a name of OpenSSL's headers is one of ours. */
#include <stddef.h>
#include <stdint.h>

#include "proto/srtp_profile.h"

struct bare;
struct bare *bare_new(enum srtp_profile p, const uint8_t *key);
void bare_free(struct bare *b);
/* In place: n bytes of RTP with a header of head bytes; the tag behind it. */
void bare_protect(struct bare *b, uint8_t *p, size_t head, size_t n);
