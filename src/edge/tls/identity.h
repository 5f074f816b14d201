#ifndef MADANG_EDGE_TLS_IDENTITY_H
#define MADANG_EDGE_TLS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a TLS server shows and proves: a certificate, the certificates above it, and the private key
 * of the first. It is read from PEM, checked once, and constant from then on. No files, no clock.
 */

/* OpenSSL's own types, named here and nowhere opened. */
struct x509_st;
struct evp_pkey_st;
struct stack_st_X509;

struct tls_identity;

/*
 * Reads a certificate chain, leaf first, and the key of the leaf, from PEM texts (they may be the
 * same text). Checks that the key belongs to the leaf, that each certificate is signed by the next,
 * and that the leaf may be a TLS server. NULL: `why` holds one sentence fragment ("the key does
 * not belong to the certificate"). Nothing is checked against a clock, see tls_identity_time().
 */
struct tls_identity *tls_identity_parse(const char *chain, size_t chain_len, const char *key,
                                        size_t key_len, char *why, size_t why_cap);

/* Takes all three references, also when it fails. NULL: no memory. `chain` may be NULL. */
struct tls_identity *tls_identity_take(struct x509_st *leaf, struct stack_st_X509 *chain,
                                       struct evp_pkey_st *key);

void tls_identity_free(struct tls_identity *id);

/*
 * Leaf and chain, and the key, as PEM texts with a 0 at the end, as io/tls.h wants them. The caller
 * frees both with tls_secret_free(). NULL: no memory.
 */
char *tls_identity_chain_pem(const struct tls_identity *id);
char *tls_identity_key_pem(const struct tls_identity *id);

/* Overwrites a text up to its 0, also when the compiler thinks that nobody looks again. */
void tls_secret_wipe(char *text);

/* Wipes and frees a text that a function of this folder gave. NULL is fine. */
void tls_secret_free(char *text);

/* Validity of the leaf in Unix seconds. */
int64_t tls_identity_not_before(const struct tls_identity *id);
int64_t tls_identity_not_after(const struct tls_identity *id);

/* The end of the first certificate of the whole chain that ends, Unix seconds. */
int64_t tls_identity_chain_ends(const struct tls_identity *id);

/* Whether the leaf is for this host name or address (text form). */
bool tls_identity_has(const struct tls_identity *id, const char *name);

struct tls_names;

/* All host names and addresses of the leaf, as far as they fit. */
void tls_identity_names(const struct tls_identity *id, struct tls_names *out);

/* Whether the leaf has signed itself. */
bool tls_identity_self_signed(const struct tls_identity *id);

/*
 * Whether the leaf stands alone although it says where the certificate that signed it can be had:
 * browsers on computers fetch that, phones mostly don't.
 */
bool tls_identity_lacks_chain(const struct tls_identity *id);

/* Whether two identities show the same leaf. */
bool tls_identity_same(const struct tls_identity *a, const struct tls_identity *b);

/* SHA-256 of the leaf as "AB:CD:...", 95 characters and a 0. */
#define TLS_FINGERPRINT_CAP 96
void tls_identity_fingerprint(const struct tls_identity *id, char out[TLS_FINGERPRINT_CAP]);

/* The leaf, borrowed. */
struct x509_st *tls_identity_leaf(const struct tls_identity *id);

#endif
