/* Which ciphers SRTP may have: protection profiles and their sizes (RFC 5764 4.1.2, RFC 7714 14.2). */
#ifndef MADANG_PROTO_SRTP_PROFILE_H
#define MADANG_PROTO_SRTP_PROFILE_H

#include <stddef.h>
#include <stdint.h>

enum srtp_profile { /* the numbers are those of use_srtp */
                    SRTP_NONE = 0,
                    SRTP_AES128_CM_SHA1_80 = 0x0001,
                    SRTP_AEAD_AES_128_GCM = 0x0007,
                    SRTP_AEAD_AES_256_GCM = 0x0008
};

enum {
    SRTP_KEY_MAX = 32,
    SRTP_SALT_MAX = 14,
    SRTP_MATERIAL_MAX = 2 * (SRTP_KEY_MAX + SRTP_SALT_MAX),
    SRTP_TRAILER_MAX = 16, /* what protecting RTP adds at the end, at most */
    SRTCP_TRAILER_MAX = 20 /* and SRTCP: the tag, and the index with its E bit */
};

/* Bytes of master and session keys and salts; 0 for a profile we don't do. */
size_t srtp_key_size(enum srtp_profile p);
size_t srtp_salt_size(enum srtp_profile p);
/* What RTP grows by. */
size_t srtp_trailer_size(enum srtp_profile p);
/* What the TLS exporter "EXTRACTOR-dtls_srtp" must give (RFC 5764 4.2): both keys, both salts. */
size_t srtp_material_size(enum srtp_profile p);

#endif
