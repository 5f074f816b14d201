#include "media/transport.h"

#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "media/transport_int.h"
#include "proto/rtp.h"

enum { SHAKE_US = 10000000, DTLS_FIRST = 20, DTLS_LAST = 63 };

static const char *const end_names[TRANSPORT_ENDS] = {"no_consent", "timeout", "refused",
                                                      "fingerprint", "profile"};
static const char *const drop_names[TRANSPORT_DROPS] = {"path", "early", "late", "srtp", "kind"};

const char *transport_end_name(enum transport_end e)
{
    return (unsigned)e < TRANSPORT_ENDS ? end_names[e] : "unknown";
}

const char *transport_drop_name(enum transport_drop d)
{
    return (unsigned)d < TRANSPORT_DROPS ? drop_names[d] : "unknown";
}

/* ---- Life ---- */

struct transport *transport_new(const struct transport_conf *conf, const struct transport_ops *ops,
                                void *ctx, int64_t now_us)
{
    struct transport *t = xcalloc(1, sizeof *t);
    t->ops = *ops;
    t->ctx = ctx;
    t->in_streams = conf->in_streams;
    t->out_streams = conf->out_streams;
    t->shake_us = conf->shake_us > 0 ? conf->shake_us : SHAKE_US;
    t->fingerprint_hash = conf->fingerprint_hash;
    t->fingerprint_n = MIN_OF(conf->fingerprint_n, (uint32_t)TRANSPORT_FINGERPRINT_MAX);
    memcpy(t->fingerprint, conf->fingerprint, t->fingerprint_n);
    if (!ice_lite_init(&t->ice, now_us, conf->ufrag, conf->pwd, conf->remote_ufrag)) {
        xfree(t);
        return NULL;
    }
    return t;
}

void transport_free(struct transport *t)
{
    if (t == NULL)
        return;
    t->ice.n = 0;
    t->ice.changes++;
    transport_sync_paths(t);
    srtp_free(t->in);
    srtp_free(t->out);
    memzero(t, sizeof *t);
    xfree(t);
}

static void enter(struct transport *t, enum transport_state s)
{
    t->state = s;
    t->ops.state(t->ctx, s);
}

static void end(struct transport *t, enum transport_end why)
{
    if (t->state == TRANSPORT_ENDED)
        return;
    t->why = why;
    enter(t, TRANSPORT_ENDED);
}

bool transport_restart(struct transport *t, struct str ufrag, struct str pwd,
                       struct str remote_ufrag)
{
    return t->state != TRANSPORT_ENDED && ice_lite_restart(&t->ice, ufrag, pwd, remote_ufrag);
}

bool transport_is_of(const struct transport *t, struct str remote_ufrag)
{
    const char *known = t->ice.now.remote_ufrag;
    return str_eq(remote_ufrag, str_of(known, strlen(known)));
}

/* ---- Paths ---- */

static bool has(const struct tuple *list, uint32_t n, const struct tuple *one)
{
    for (uint32_t i = 0; i < n; i++) {
        if (memcmp(&list[i], one, sizeof *one) == 0)
            return true;
    }
    return false;
}

void transport_sync_paths(struct transport *t)
{
    struct tuple before[ICE_PATHS_MAX];
    uint32_t n = t->n_told;
    if (t->told_changes == t->ice.changes)
        return;
    memcpy(before, t->told, n * sizeof *before);
    t->told_changes = t->ice.changes;
    t->n_told = t->ice.n;
    for (uint32_t i = 0; i < t->ice.n; i++)
        t->told[i] = t->ice.paths[i].at;
    for (uint32_t i = 0; i < n; i++) {
        if (!has(t->told, t->n_told, &before[i]))
            t->ops.path(t->ctx, &before[i], false);
    }
    for (uint32_t i = 0; i < t->n_told; i++) {
        if (!has(before, n, &t->told[i]))
            t->ops.path(t->ctx, &t->told[i], true);
    }
}

static void send_to(struct transport *t, const struct tuple *to, const void *p, size_t n,
                    unsigned flags)
{
    struct datagram d = {.data = p, .ndata = (uint32_t)n};
    t->stats.sent++;
    t->stats.sent_bytes += n;
    t->ops.send(t->ctx, to, &d, flags);
}

enum ice_verdict transport_stun(struct transport *t, int64_t now_us, const struct tuple *from,
                                const struct stun_msg *m)
{
    uint8_t out[STUN_MESSAGE_MAX];
    size_t n = 0;
    t->stats.received++;
    t->stats.received_bytes += m->len;
    if (t->state == TRANSPORT_ENDED) {
        t->stats.drops[TRANSPORT_DROP_LATE]++;
        return ICE_SILENT;
    }
    enum ice_verdict v = ice_lite_input(&t->ice, now_us, from, m, out, &n);
    t->stats.checks[v]++;
    transport_sync_paths(t);
    if (n > 0)
        send_to(t, from, out, n, 0);
    if (v == ICE_ANSWERED && t->state == TRANSPORT_NEW)
        enter(t, TRANSPORT_CHECKED);
    return v;
}

/* Whether somebody comes back is consent's to say. */
void transport_hangup(struct transport *t, const struct tuple *who)
{
    ice_lite_hangup(&t->ice, who);
    transport_sync_paths(t);
}

/* ---- DTLS ---- */

static void take_dtls(struct transport *t, int64_t now_us, const struct tuple *from,
                      const uint8_t *p, size_t n)
{
    if (t->state == TRANSPORT_CHECKED) {
        t->shake_until_us = now_us + t->shake_us;
        enter(t, TRANSPORT_SHAKING);
    }
    t->dtls_at = *from;
    t->ops.dtls(t->ctx, p, n);
}

/* Where the other side's DTLS came from last: a handshake may move from one family to the other. */
void transport_dtls_send(struct transport *t, const uint8_t *p, size_t n)
{
    const struct tuple *to = ice_lite_knows(&t->ice, &t->dtls_at) ? &t->dtls_at
                                                                  : ice_lite_selected(&t->ice);
    if (to != NULL)
        send_to(t, to, p, n, 0);
}

void transport_dtls_done(struct transport *t, enum srtp_profile profile, const uint8_t *material,
                         const uint8_t *fingerprint, size_t fingerprint_n)
{
    if (t->state != TRANSPORT_SHAKING)
        return;
    if (fingerprint_n == 0 || fingerprint_n != t->fingerprint_n ||
        memcmp(fingerprint, t->fingerprint, fingerprint_n) != 0) {
        end(t, TRANSPORT_FINGERPRINT);
        return;
    }
    if (srtp_pair(profile, material, true, t->in_streams, t->out_streams, &t->in, &t->out) !=
        ERR_OK) {
        end(t, TRANSPORT_PROFILE);
        return;
    }
    enter(t, TRANSPORT_OPEN);
}

void transport_dtls_failed(struct transport *t)
{
    end(t, TRANSPORT_REFUSED);
}

/* ---- Packets ---- */

static void drop(struct transport *t, enum transport_drop why)
{
    t->stats.drops[why]++;
}

/* true: it was authentic. */
static bool take_media(struct transport *t, int64_t now_us, uint8_t *p, size_t n)
{
    bool is_rtcp = rtp_kind_of(p, n) == RTP_KIND_RTCP;
    enum srtp_result r = is_rtcp ? srtp_unprotect_rtcp(t->in, p, &n) : srtp_unprotect(t->in, p, &n);
    if (r != SRTP_OK) {
        drop(t, TRANSPORT_DROP_SRTP);
        return false;
    }
    if (is_rtcp)
        t->ops.rtcp(t->ctx, now_us, p, n);
    else
        t->ops.rtp(t->ctx, now_us, p, n);
    return true;
}

static bool take(struct transport *t, int64_t now_us, const struct tuple *from, uint8_t *p,
                 size_t n)
{
    uint8_t first = n > 0 ? p[0] : 0;
    bool is_dtls = first >= DTLS_FIRST && first <= DTLS_LAST;
    if (t->state == TRANSPORT_ENDED) {
        drop(t, TRANSPORT_DROP_LATE);
    } else if (is_dtls) {
        take_dtls(t, now_us, from, p, n);
    } else if (rtp_kind_of(p, n) == RTP_KIND_OTHER) {
        drop(t, TRANSPORT_DROP_KIND);
    } else if (t->state != TRANSPORT_OPEN) {
        drop(t, TRANSPORT_DROP_EARLY);
    } else {
        return take_media(t, now_us, p, n);
    }
    return false;
}

void transport_input(struct transport *t, int64_t now_us, const struct tuple *from, uint8_t *p,
                     size_t len, size_t seg)
{
    bool is_path = ice_lite_knows(&t->ice, from), heard = false;
    for (size_t at = 0, n; at < len; at += n) {
        n = MIN_OF(MAX_OF(seg, (size_t)1), len - at);
        t->stats.received++;
        t->stats.received_bytes += n;
        if (is_path)
            heard |= take(t, now_us, from, p + at, n);
        else
            drop(t, TRANSPORT_DROP_PATH);
    }
    if (heard)
        ice_lite_heard(&t->ice, now_us, from);
}

void transport_expect(struct transport *t, unsigned in_streams)
{
    t->in_streams = MAX_OF(t->in_streams, in_streams);
    if (t->in != NULL)
        srtp_reserve(t->in, in_streams); /* without memory those that are too many are refused */
}

struct srtp *transport_out(struct transport *t)
{
    return t->state == TRANSPORT_OPEN ? t->out : NULL;
}

bool transport_send(struct transport *t, const void *p, size_t n)
{
    const struct tuple *to = ice_lite_selected(&t->ice);
    if (to == NULL || t->state != TRANSPORT_OPEN)
        return false;
    send_to(t, to, p, n, TRANSPORT_BORROWED);
    return true;
}

bool transport_send_rtcp(struct transport *t, const uint8_t *p, size_t n)
{
    uint8_t sealed[TRANSPORT_RTCP_MAX + SRTCP_TRAILER_MAX];
    const struct tuple *to = ice_lite_selected(&t->ice);
    if (to == NULL || t->state != TRANSPORT_OPEN || n > TRANSPORT_RTCP_MAX)
        return false;
    memcpy(sealed, p, n);
    if (srtp_protect_rtcp(t->out, sealed, &n, sizeof sealed) != SRTP_OK)
        return false;
    send_to(t, to, sealed, n, 0);
    return true;
}

/* ---- Time ---- */

void transport_tick(struct transport *t, int64_t now_us)
{
    if (t->state == TRANSPORT_ENDED)
        return;
    if (!ice_lite_tick(&t->ice, now_us))
        end(t, TRANSPORT_NO_CONSENT);
    else if (t->state == TRANSPORT_SHAKING && now_us >= t->shake_until_us)
        end(t, TRANSPORT_TIMEOUT);
    transport_sync_paths(t);
}

int64_t transport_deadline(const struct transport *t)
{
    int64_t ice = ice_lite_deadline(&t->ice);
    if (t->state == TRANSPORT_ENDED)
        return INT64_MAX;
    return t->state == TRANSPORT_SHAKING ? MIN_OF(ice, t->shake_until_us) : ice;
}

/* ---- Looking ---- */

enum transport_state transport_state(const struct transport *t)
{
    return t->state;
}

enum transport_end transport_why(const struct transport *t)
{
    return t->why;
}

uint32_t transport_fingerprint_hash(const struct transport *t)
{
    return t->fingerprint_hash;
}

const struct ice_lite *transport_ice(const struct transport *t)
{
    return &t->ice;
}

const struct transport_stats *transport_stats(const struct transport *t)
{
    return &t->stats;
}

const struct srtp_counts *transport_srtp_counts(const struct transport *t, enum srtp_way way)
{
    const struct srtp *s = way == SRTP_IN ? t->in : t->out;
    return s != NULL ? srtp_counts(s) : NULL;
}
