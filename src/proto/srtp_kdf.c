#include "proto/srtp_kdf.h"

#include <string.h>

/* RFC 3711 4.3.2; those of RTCP are the same plus 3. */
enum { LABEL_KEY = 0, LABEL_AUTH = 1, LABEL_SALT = 2, LABELS_RTCP = 3 };
enum { LABEL_AT = 7 }; /* the label and six zero bytes end where a salt of 14 bytes does */

struct master {
    const uint8_t *key;
    size_t key_n;
    uint8_t iv[SRTP_CTR_IV]; /* the salt, left-aligned; shorter ones end in zeros (RFC 7714 11) */
};

static bool derive_one(const struct master *m, unsigned label, uint8_t *out, size_t n)
{
    uint8_t iv[SRTP_CTR_IV];
    memcpy(iv, m->iv, sizeof iv);
    iv[LABEL_AT] ^= (uint8_t)label;
    return srtp_keystream(m->key, m->key_n, iv, out, n);
}

static bool derive_half(const struct master *m, enum srtp_profile p, unsigned labels,
                        struct srtp_half *out)
{
    return derive_one(m, labels + LABEL_KEY, out->key, m->key_n) &&
           derive_one(m, labels + LABEL_SALT, out->salt, srtp_salt_size(p)) &&
           (srtp_is_gcm(p) || derive_one(m, labels + LABEL_AUTH, out->auth, SRTP_AUTH_KEY));
}

bool srtp_derive(enum srtp_profile p, const uint8_t *key, const uint8_t *salt,
                 struct srtp_keys *out)
{
    struct master m = {.key = key, .key_n = srtp_key_size(p)};
    memcpy(m.iv, salt, srtp_salt_size(p));
    memset(out, 0, sizeof *out);
    return derive_half(&m, p, 0, &out->rtp) && derive_half(&m, p, LABELS_RTCP, &out->rtcp);
}
