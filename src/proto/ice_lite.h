/*
 * The server's side of ICE for one peer connection: an ICE-lite agent (RFC 8445 2.5), as a sans-IO
 * core. It answers connectivity checks, remembers each 5-tuple that a check has validated, knows on
 * which of them to send, and whether the other side still consents (RFC 7675). It sends nothing by
 * itself: a lite agent is always controlled, and only answers.
 *
 * All paths of one agent belong to one DTLS association and one SRTP session: browsers have been seen
 * to begin the handshake over IPv4 and to end it over IPv6. A flat struct, owned by its user, without
 * pointers: it may be copied, and saved as it is.
 */
#ifndef MADANG_PROTO_ICE_LITE_H
#define MADANG_PROTO_ICE_LITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/tuple.h"
#include "proto/stun.h"

enum {
    ICE_UFRAG_MAX = 256, /* RFC 8839 5.4: characters of what the other side has chosen */
    ICE_LOCAL_UFRAG = 12,
    ICE_LOCAL_PWD = 24, /* 144 bits in base64, more than the 128 of RFC 8445 5.3 */
    ICE_PATHS_MAX = 16,
    ICE_SILENT_US = 1000000,  /* a selected path that is silent for so long may lose to another */
    ICE_CONSENT_US = 30000000 /* RFC 7675 5.1 */
};

/* One generation of credentials. An ICE restart (RFC 8445 9) begins another. */
struct ice_credentials {
    char ufrag[ICE_LOCAL_UFRAG + 1], pwd[ICE_LOCAL_PWD + 1]; /* ours */
    char remote_ufrag[ICE_UFRAG_MAX + 1]; /* theirs; their password is not needed */
};

struct ice_path {
    struct tuple at;
    int64_t check_us; /* when it last carried an authenticated check */
    int64_t heard_us; /* ... that, or authenticated media */
    uint32_t checks;  /* while the selected path is silent */
};

struct ice_lite {
    struct ice_credentials now, before; /* before.ufrag is empty once the new one was used */
    struct ice_path paths[ICE_PATHS_MAX];
    uint32_t n;
    int32_t
        selected; /* index of paths: where USE-CANDIDATE came last, or what took its place; -1 */
    uint32_t changes;   /* of the set of paths, so far */
    int64_t consent_us; /* when it was last given, or when the agent was made */
};

enum ice_verdict {
    ICE_ANSWERED,
    ICE_ROLE_CONFLICT,     /* 487: it says ICE-CONTROLLED, which is us (RFC 8445 7.3.1.1) */
    ICE_UNKNOWN_ATTRIBUTE, /* 420 */
    ICE_BAD_REQUEST,       /* 400: USERNAME or MESSAGE-INTEGRITY are missing */
    ICE_UNAUTHORIZED,      /* 401: not for us, or the password is wrong */
    ICE_SILENT,            /* no Binding request */
    ICE_VERDICTS
};
const char *ice_verdict_name(enum ice_verdict v);

/* ufrag and pwd are ours, in characters of RFC 8839's ice-char, at most ICE_LOCAL_UFRAG and
 * ICE_LOCAL_PWD long. false: one of the three is too long or empty. */
bool ice_lite_init(struct ice_lite *a, int64_t now_us, struct str ufrag, struct str pwd,
                   struct str remote_ufrag);
/* The other side has restarted ICE. Paths stay in use, and the credentials of before are good until
 * the first check with the new ones. false: as above, and nothing has changed. */
bool ice_lite_restart(struct ice_lite *a, struct str ufrag, struct str pwd,
                      struct str remote_ufrag);

/* Our part of a check's USERNAME (RFC 8445 7.2.2: by it the agent is found); false: it has none. */
bool ice_lite_name(const struct stun_msg *m, struct str *ufrag);

/* One STUN message that came by `from`. The answer is written to out, STUN_MESSAGE_MAX bytes, *out_len is 0
 * when there is none. Only ICE_ANSWERED changes anything: `from` is a path then. */
enum ice_verdict ice_lite_input(struct ice_lite *a, int64_t now_us, const struct tuple *from,
                                const struct stun_msg *m, uint8_t *out, size_t *out_len);
/* Has a check validated this path? */
bool ice_lite_knows(const struct ice_lite *a, const struct tuple *t);
/* An authenticated packet came by a path that it knows. Cheap: called for each train. */
void ice_lite_heard(struct ice_lite *a, int64_t now_us, const struct tuple *from);
/* The connection of that path is gone. */
void ice_lite_hangup(struct ice_lite *a, const struct tuple *who);

/* Where to send; NULL: nowhere yet, or nowhere any more. */
static inline const struct tuple *ice_lite_selected(const struct ice_lite *a)
{
    return a->selected >= 0 ? &a->paths[a->selected].at : NULL;
}
/* Forgets paths without consent. false: there is none at all any more, and the connection has ended. */
bool ice_lite_tick(struct ice_lite *a, int64_t now_us);
/* When ice_lite_tick() has something to do. */
int64_t ice_lite_deadline(const struct ice_lite *a);

#endif
