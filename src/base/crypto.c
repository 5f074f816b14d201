#include "base/crypto.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "base/util.h"

/* OpenSSL refuses hardly anything here but memory; going on would mean a wrong answer. */
static _Noreturn void die(const char *what)
{
    fprintf(stderr, "madang: %s failed\n", what);
    abort();
}

/* Fetched once in the process (fetching takes a lock and a lookup), contexts once in each thread. */
static EVP_MD *md_md5, *md_sha1, *md_sha256;
static EVP_CIPHER *aes_gcm;
static pthread_key_t contexts_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct contexts {
    EVP_MD_CTX *md;
    EVP_CIPHER_CTX *cipher;
};

static _Thread_local struct contexts *mine;

static void contexts_free(void *p)
{
    struct contexts *c = p;
    mine = NULL; /* this thread is ending */
    EVP_MD_CTX_free(c->md);
    EVP_CIPHER_CTX_free(c->cipher);
    xfree(c);
}

static void fetch_all(void)
{
    md_md5 = EVP_MD_fetch(NULL, "MD5", NULL); /* NULL under FIPS: said when somebody needs it */
    md_sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    aes_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (!md_sha1 || !md_sha256 || !aes_gcm || pthread_key_create(&contexts_key, contexts_free))
        die("loading OpenSSL's algorithms");
}

static struct contexts *contexts(void)
{
    if (mine)
        return mine;
    pthread_once(&once, fetch_all);
    struct contexts *c = xmalloc(sizeof *c);
    c->md = EVP_MD_CTX_new();
    c->cipher = EVP_CIPHER_CTX_new();
    if (!c->md || !c->cipher || pthread_setspecific(contexts_key, c))
        die("making an OpenSSL context");
    mine = c;
    return c;
}

void random_bytes(void *p, size_t n)
{
    uint8_t *at = p;
    while (n) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno != EINTR)
            die("getrandom");
        if (got > 0) {
            at += got;
            n -= (size_t)got;
        }
    }
}

static void digest(const EVP_MD *md, const void *p, size_t n, uint8_t *out)
{
    EVP_MD_CTX *c = contexts()->md;
    if (!EVP_DigestInit_ex2(c, md, NULL) || !EVP_DigestUpdate(c, p, n) ||
        !EVP_DigestFinal_ex(c, out, NULL))
        die("hashing");
}

void md5(const void *p, size_t n, uint8_t out[MD5_SIZE])
{
    contexts();
    if (!md_md5)
        die("MD5, which this system's policy forbids,");
    digest(md_md5, p, n, out);
}

void sha1(const void *p, size_t n, uint8_t out[SHA1_SIZE])
{
    contexts();
    digest(md_sha1, p, n, out);
}

void sha256(const void *p, size_t n, uint8_t out[SHA256_SIZE])
{
    contexts();
    digest(md_sha256, p, n, out);
}

enum { HMAC_BLOCK = 64 }; /* of SHA-1 and SHA-256 */

/* One half of RFC 2104: H((key ^ pad) || data). */
static void hmac_half(const EVP_MD *md, const uint8_t key[HMAC_BLOCK], uint8_t pad, const void *p,
                      size_t n, uint8_t *out)
{
    EVP_MD_CTX *c = contexts()->md;
    uint8_t block[HMAC_BLOCK];
    for (size_t i = 0; i < HMAC_BLOCK; i++)
        block[i] = key[i] ^ pad;
    if (!EVP_DigestInit_ex2(c, md, NULL) || !EVP_DigestUpdate(c, block, sizeof block) ||
        !EVP_DigestUpdate(c, p, n) || !EVP_DigestFinal_ex(c, out, NULL))
        die("hashing");
    memzero(block, sizeof block);
}

static void hmac(const EVP_MD *md, size_t size, const void *key, size_t key_n, const void *p,
                 size_t n, uint8_t *out)
{
    uint8_t block[HMAC_BLOCK] = {0}, inner[SHA256_SIZE];
    if (key_n > HMAC_BLOCK)
        digest(md, key, key_n, block);
    else if (key_n)
        memcpy(block, key, key_n);
    hmac_half(md, block, 0x36, p, n, inner);
    hmac_half(md, block, 0x5C, inner, size, out);
    memzero(block, sizeof block);
}

void hmac_sha1(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[SHA1_SIZE])
{
    contexts();
    hmac(md_sha1, SHA1_SIZE, key, key_n, p, n, out);
}

void hmac_sha256(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[SHA256_SIZE])
{
    contexts();
    hmac(md_sha256, SHA256_SIZE, key, key_n, p, n, out);
}

bool ct_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

void memzero(void *p, size_t n)
{
    if (n)
        OPENSSL_cleanse(p, n);
}

void aead_seal(const uint8_t key[AEAD_KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
               const void *aad, size_t aad_n, const void *in, size_t n, uint8_t *out)
{
    EVP_CIPHER_CTX *c = contexts()->cipher;
    int len = 0;
    if (!EVP_EncryptInit_ex2(c, aes_gcm, key, nonce, NULL) ||
        (aad_n && !EVP_EncryptUpdate(c, NULL, &len, aad, (int)aad_n)) ||
        (n && !EVP_EncryptUpdate(c, out, &len, in, (int)n)) ||
        !EVP_EncryptFinal_ex(c, out + n, &len) ||
        !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE, out + n))
        die("sealing");
}

bool aead_open(const uint8_t key[AEAD_KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
               const void *aad, size_t aad_n, const void *in, size_t n, uint8_t *out)
{
    EVP_CIPHER_CTX *c = contexts()->cipher;
    uint8_t tag[AEAD_TAG_SIZE];
    int len = 0;
    if (n < AEAD_TAG_SIZE)
        return false;
    n -= AEAD_TAG_SIZE;
    memcpy(tag, (const uint8_t *)in + n, sizeof tag);
    if (!EVP_DecryptInit_ex2(c, aes_gcm, key, nonce, NULL) ||
        (aad_n && !EVP_DecryptUpdate(c, NULL, &len, aad, (int)aad_n)) ||
        (n && !EVP_DecryptUpdate(c, out, &len, in, (int)n)) ||
        !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_SIZE, tag))
        die("opening");
    if (EVP_DecryptFinal_ex(c, tag, &len) > 0)
        return true;
    ERR_clear_error();
    memzero(out, n);
    return false;
}
