/* Bearer tokens for programs that publish into a room or watch it (WHIP, RFC 9725; WHEP): sealed with the key of
 * the data folder, so that `madang token` makes them beside a running server, and nothing has to be kept of them. */
#ifndef MADANG_DOMAIN_MEDIA_TOKEN_H
#define MADANG_DOMAIN_MEDIA_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/sealed.h"

enum { MEDIA_TOKEN_PLAIN = 1 + 1 + 8 + 8, MEDIA_TOKEN_PREFIX = 4 };
#define MEDIA_TOKEN_TEXT_MAX (MEDIA_TOKEN_PREFIX + SEALED_TEXT_SIZE(MEDIA_TOKEN_PLAIN))

struct media_token {
    uint64_t room;
    int64_t until_ms; /* wall clock */
    bool publish;
    bool view;
    bool
        by_operator; /* of `madang token`: good whatever the room's owner allows, and makes the room */
};

/* "mdm_…" with a NUL; the result is its length. */
size_t media_token_seal(const struct media_token *t, const uint8_t key[AEAD_KEY_SIZE],
                        struct rng *rng, char out[MEDIA_TOKEN_TEXT_MAX]);
/* False for everything that was not made by media_token_seal with this key, and when its time is over. */
bool media_token_open(struct media_token *t, const uint8_t key[AEAD_KEY_SIZE], struct str text,
                      int64_t wall_ms);

#endif
