#include "edge/push/vapid.h"

#include <inttypes.h>

enum { TOKEN_MAX = 1500 };

const char *vapid_public(const struct p256 *key, char out[VAPID_PUBLIC_SIZE])
{
    b64url_encode(out, VAPID_PUBLIC_SIZE, p256_public(key), P256_POINT);
    return out;
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\') {
            return false;
        }
    }
    return true;
}

bool vapid_is_subject(struct str text)
{
    return is_plain(text) &&
           (str_starts(text, STR("mailto:")) || str_starts(text, STR("https://")));
}

static void put_b64url(struct buf *b, const void *p, size_t n)
{
    size_t cap = B64URL_SIZE(n);
    uint8_t *at = buf_reserve(b, cap);
    if (at) {
        buf_commit(b, b64url_encode((char *)at, cap, p, n));
    }
}

/* RFC 7519 and 7515, with the one algorithm there is. */
static bool put_token(struct buf *b, const struct p256 *key, struct str audience,
                      struct str subject, int64_t wall_s)
{
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
    char claims_text[TOKEN_MAX];
    struct buf claims;
    uint8_t signature[P256_SIGNATURE];
    buf_init_fixed(&claims, claims_text, sizeof claims_text);
    buf_putf(&claims, "{\"aud\":\"" PRIstr "\",\"exp\":%" PRId64, STR_ARG(audience),
             wall_s + VAPID_LIFE_S);
    if (subject.n > 0) {
        buf_putf(&claims, ",\"sub\":\"" PRIstr "\"", STR_ARG(subject));
    }
    buf_puts(&claims, "}");
    put_b64url(b, head, sizeof head - 1);
    buf_puts(b, ".");
    put_b64url(b, buf_data(&claims), buf_len(&claims));
    if (b->failed || claims.failed) {
        return false;
    }
    p256_sign(key, buf_data(b), buf_len(b), signature);
    buf_puts(b, ".");
    put_b64url(b, signature, sizeof signature);
    return !b->failed;
}

bool vapid_authorization(struct buf *out, const struct p256 *key, struct str audience,
                         struct str subject, int64_t wall_s)
{
    char token_text[2 * TOKEN_MAX], public_text[VAPID_PUBLIC_SIZE];
    struct buf token;
    buf_init_fixed(&token, token_text, sizeof token_text);
    return is_plain(audience) && is_plain(subject) &&
           put_token(&token, key, audience, subject, wall_s) &&
           buf_putf(out, "vapid t=" PRIstr ", k=%s", STR_ARG(buf_str(&token)),
                    vapid_public(key, public_text));
}
