#define OPENSSL_SUPPRESS_DEPRECATED
#include "bare.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct bare {
    EVP_CIPHER_CTX *ctx;
    int gcm;
};

struct bare *bare_new(enum srtp_profile p, const uint8_t *key)
{
    static const char *const names[] = {[SRTP_AES128_CM_SHA1_80] = "AES-128-CTR",
                                        [SRTP_AEAD_AES_128_GCM] = "AES-128-GCM",
                                        [SRTP_AEAD_AES_256_GCM] = "AES-256-GCM"};
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, names[p], NULL);
    struct bare *b = malloc(sizeof *b);
    *b = (struct bare){EVP_CIPHER_CTX_new(), p != SRTP_AES128_CM_SHA1_80};
    if (!EVP_EncryptInit_ex2(b->ctx, cipher, key, NULL, NULL))
        abort();
    EVP_CIPHER_free(cipher);
    return b;
}

void bare_free(struct bare *b)
{
    EVP_CIPHER_CTX_free(b->ctx);
    free(b);
}

void bare_protect(struct bare *b, uint8_t *p, size_t head, size_t n)
{
    static const uint8_t iv[16];
    uint8_t tag[SHA_DIGEST_LENGTH];
    int len;
    EVP_EncryptInit_ex2(b->ctx, NULL, NULL, iv, NULL);
    if (b->gcm)
        EVP_EncryptUpdate(b->ctx, NULL, &len, p, (int)head);
    EVP_EncryptUpdate(b->ctx, p + head, &len, p + head, (int)(n - head));
    if (b->gcm) {
        EVP_EncryptFinal_ex(b->ctx, tag, &len);
        EVP_CIPHER_CTX_ctrl(b->ctx, EVP_CTRL_AEAD_GET_TAG, 16, p + n);
        return;
    }
    SHA_CTX sha; /* HMAC hashes a little more than that */
    SHA1_Init(&sha);
    SHA1_Update(&sha, p, n);
    SHA1_Final(tag, &sha);
    memcpy(p + n, tag, 10);
}
