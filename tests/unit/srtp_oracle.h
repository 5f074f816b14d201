/* libsrtp2 as an oracle. Four of its functions are called as ours are: so its header is read under other
 * names for these, and the library is opened instead of linked. */
#ifndef MADANG_TESTS_SRTP_ORACLE_H
#define MADANG_TESTS_SRTP_ORACLE_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define srtp_protect        theirs_protect
#define srtp_unprotect      theirs_unprotect
#define srtp_protect_rtcp   theirs_protect_rtcp
#define srtp_unprotect_rtcp theirs_unprotect_rtcp
#include <srtp2/srtp.h>
#undef srtp_protect
#undef srtp_unprotect
#undef srtp_protect_rtcp
#undef srtp_unprotect_rtcp

#include "proto/srtp.h"

struct oracle {
    __typeof__(srtp_init) *init;
    __typeof__(srtp_shutdown) *shutdown;
    __typeof__(srtp_create) *create;
    __typeof__(srtp_dealloc) *dealloc;
    __typeof__(theirs_protect) *protect, *unprotect, *protect_rtcp, *unprotect_rtcp;
    __typeof__(srtp_crypto_policy_set_rtp_default) *cm_sha1, *gcm_128, *gcm_256;
};

/* false, and a line on stderr: libsrtp2 isn't there. */
static inline bool oracle_open(struct oracle *o)
{
    const struct {
        void *where;
        const char *name;
    } names[] = {{&o->init, "srtp_init"},
                 {&o->shutdown, "srtp_shutdown"},
                 {&o->create, "srtp_create"},
                 {&o->dealloc, "srtp_dealloc"},
                 {&o->protect, "srtp_protect"},
                 {&o->unprotect, "srtp_unprotect"},
                 {&o->protect_rtcp, "srtp_protect_rtcp"},
                 {&o->unprotect_rtcp, "srtp_unprotect_rtcp"},
                 {&o->cm_sha1, "srtp_crypto_policy_set_rtp_default"},
                 {&o->gcm_128, "srtp_crypto_policy_set_aes_gcm_128_16_auth"},
                 {&o->gcm_256, "srtp_crypto_policy_set_aes_gcm_256_16_auth"}};
    void *library = dlopen("libsrtp2.so.1", RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *symbol = library ? dlsym(library, names[i].name) : NULL;
        if (!symbol) {
            fprintf(stderr, "libsrtp2: %s\n", dlerror());
            return false;
        }
        memcpy(names[i].where, &symbol, sizeof symbol);
    }
    return o->init() == srtp_err_status_ok;
}

/* One direction, for any SSRC, with the same window; key and salt as srtp_new takes them. */
static inline srtp_t oracle_new(const struct oracle *o, enum srtp_profile p, enum srtp_way way,
                                const uint8_t *key, const uint8_t *salt)
{
    uint8_t both[SRTP_KEY_MAX + SRTP_SALT_MAX];
    srtp_policy_t policy = {.key = both, .window_size = SRTP_WINDOW};
    srtp_t made;
    __typeof__(srtp_crypto_policy_set_rtp_default) *set = p == SRTP_AES128_CM_SHA1_80  ? o->cm_sha1
                                                          : p == SRTP_AEAD_AES_128_GCM ? o->gcm_128
                                                                                       : o->gcm_256;
    memcpy(both, key, srtp_key_size(p));
    memcpy(both + srtp_key_size(p), salt, srtp_salt_size(p));
    set(&policy.rtp);
    set(&policy.rtcp);
    policy.ssrc.type = way == SRTP_OUT ? ssrc_any_outbound : ssrc_any_inbound;
    return o->create(&made, &policy) == srtp_err_status_ok ? made : NULL;
}

#endif
