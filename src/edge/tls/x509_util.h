#ifndef MADANG_EDGE_TLS_X509_UTIL_H
#define MADANG_EDGE_TLS_X509_UTIL_H

#include <stdint.h>

/*
 * The few things that both readers and makers of certificates need, over OpenSSL. Inside this
 * folder only.
 */

struct x509_st;
struct evp_pkey_st;
struct bio_st;
struct asn1_string_st;

/* An ASN.1 time as Unix seconds. Ill-formed: INT64_MIN. */
int64_t x509_seconds(const struct asn1_string_st *time);

/* SHA-256 over the DER form as "AB:CD:...", 95 characters and a 0; "" when there is no memory. */
void x509_fingerprint(const struct x509_st *cert, char out[96]);

/* What a memory BIO holds, as a copy with a 0 at the end, NULL without memory. Frees the BIO and
 * wipes what was in it. */
char *x509_bio_text(struct bio_st *bio);

/* The last reason of OpenSSL's error queue, static text, and empties the queue. */
const char *x509_reason(void);

#endif
