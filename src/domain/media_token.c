#include "domain/media_token.h"

#include <string.h>

#include "base/buf.h"

enum { FORMAT = 1, MAY_PUBLISH = 1, MAY_VIEW = 2, BY_OPERATOR = 4, FLAGS_ALL = 7 };

static const char purpose[] = "madang media token";
static const char prefix[MEDIA_TOKEN_PREFIX + 1] = "mdm_";

size_t media_token_seal(const struct media_token *t, const uint8_t key[AEAD_KEY_SIZE],
                        struct rng *rng, char out[MEDIA_TOKEN_TEXT_MAX])
{
    uint8_t plain[MEDIA_TOKEN_PLAIN];
    struct buf b;
    buf_init_fixed(&b, plain, sizeof plain);
    buf_u8(&b, FORMAT);
    buf_u8(&b, (uint8_t)((t->publish ? MAY_PUBLISH : 0) | (t->view ? MAY_VIEW : 0) |
                         (t->by_operator ? BY_OPERATOR : 0)));
    buf_u64(&b, t->room);
    buf_u64(&b, (uint64_t)t->until_ms);
    memcpy(out, prefix, MEDIA_TOKEN_PREFIX);
    return MEDIA_TOKEN_PREFIX + sealed_put(purpose, key, rng, plain, buf_len(&b),
                                           out + MEDIA_TOKEN_PREFIX,
                                           MEDIA_TOKEN_TEXT_MAX - MEDIA_TOKEN_PREFIX);
}

bool media_token_open(struct media_token *t, const uint8_t key[AEAD_KEY_SIZE], struct str text,
                      int64_t wall_ms)
{
    uint8_t plain[MEDIA_TOKEN_PLAIN];
    size_t n;
    if (!str_starts(text, STR("mdm_")) ||
        !sealed_open(purpose, key, str_skip(text, MEDIA_TOKEN_PREFIX), plain, sizeof plain, &n))
        return false;
    struct rd r = rd_of(plain, n);
    bool known = rd_u8(&r) == FORMAT;
    unsigned flags = rd_u8(&r);
    *t = (struct media_token){
        .publish = flags & MAY_PUBLISH,
        .view = flags & MAY_VIEW,
        .by_operator = flags & BY_OPERATOR,
        .room = rd_u64(&r),
        .until_ms = (int64_t)rd_u64(&r),
    };
    return known && !r.bad && r.n == 0 && (flags & ~(unsigned)FLAGS_ALL) == 0 &&
           t->until_ms > wall_ms;
}
