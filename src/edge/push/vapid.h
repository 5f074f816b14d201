/* VAPID (RFC 8292): the server identifies itself to push services by a key of its own, made once, and by a
 * signed statement for each service. Pure. */
#ifndef MADANG_EDGE_PUSH_VAPID_H
#define MADANG_EDGE_PUSH_VAPID_H

#include "base/buf.h"
#include "base/code.h"
#include "base/str.h"
#include "edge/push/p256.h"

enum { VAPID_LIFE_S = 12 * 3600, VAPID_PUBLIC_SIZE = B64URL_SIZE(P256_POINT) };

/* What pages give as applicationServerKey: the public key in base64url. Returns out. */
const char *vapid_public(const struct p256 *key, char out[VAPID_PUBLIC_SIZE]);

/* Whether it can be a subject: "mailto:…" or "https://…", without spaces and quotes (2.1). */
bool vapid_is_subject(struct str text);

/* Appends the value of Authorization (3): "vapid t=JWT, k=KEY". audience is the service's origin, subject
 * "mailto:…" or "https://…" (2.1), empty: not said; wall_s the time (2: it ends 12 hours later, 24 are
 * allowed). False: out is full, or audience or subject have characters that JSON would need to escape. */
bool vapid_authorization(struct buf *out, const struct p256 *key, struct str audience,
                         struct str subject, int64_t wall_s);

#endif
