#include "edge/tls/x509_util.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "base/code.h"
#include "edge/tls/identity.h"

int64_t x509_seconds(const struct asn1_string_st *time)
{
    struct tm tm;

    memset(&tm, 0, sizeof tm);
    if (!time || !ASN1_TIME_to_tm(time, &tm))
        return INT64_MIN;
    return (int64_t)timegm(&tm);
}

void x509_fingerprint(const struct x509_st *cert, char out[96])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    out[0] = 0;
    if (X509_digest(cert, EVP_sha256(), sum, &len) && len == 32)
        hex_colons(out, sum, len);
}

char *x509_bio_text(struct bio_st *bio)
{
    char *data = NULL, *text;
    long len = BIO_get_mem_data(bio, &data);

    text = len >= 0 ? OPENSSL_malloc((size_t)len + 1) : NULL;
    if (text) {
        if (len > 0)
            memcpy(text, data, (size_t)len);
        text[len] = 0;
    }
    if (len > 0)
        OPENSSL_cleanse(data, (size_t)len);
    BIO_free(bio);
    return text;
}

void tls_secret_wipe(char *text)
{
    OPENSSL_cleanse(text, strlen(text));
}

void tls_secret_free(char *text)
{
    if (text)
        OPENSSL_clear_free(text, strlen(text) + 1);
}

const char *x509_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return reason ? reason : "no memory";
}
