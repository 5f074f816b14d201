#include "proto/stun_server.h"

#include "base/mem.h"
#include "proto/rate.h"

enum { EVERY_US = 50000, BURST = 60, TABLE = 4096, IP4_UDP = 28, IP6_UDP = 48 };

struct stun_server {
    struct stun_server_conf conf;
    struct rate *rate;
};

static const char *const verdict_names[STUN_VERDICTS] = {
    "answered", "answered_420", "malformed", "legacy", "class", "method", "rate", "size"};

const char *stun_verdict_name(enum stun_verdict v)
{
    return (unsigned)v < STUN_VERDICTS ? verdict_names[v] : "unknown";
}

struct stun_server *stun_server_new(const struct stun_server_conf *conf)
{
    struct stun_server *s = xcalloc(1, sizeof(*s));
    s->conf = *conf;
    s->rate = rate_new(&(struct rate_conf){
        .every_us = conf->every_us > 0 ? conf->every_us : EVERY_US,
        .burst = conf->burst != 0 ? conf->burst : BURST,
        .table = conf->table != 0 ? conf->table : TABLE,
    });
    return s;
}

void stun_server_free(struct stun_server *s)
{
    if (s == NULL)
        return;
    rate_free(s->rate);
    xfree(s);
}

void stun_server_reset(struct stun_server *s)
{
    rate_reset(s->rate);
}

int64_t stun_server_full_us(const struct stun_server *s)
{
    return rate_full_us(s->rate);
}

/* ---- Answering ---- */

/* What a Binding request may carry without being refused. The long-term and ICE attributes are
 * understood so far that they may be ignored: nobody needs to be somebody to learn an address. */
static bool known(unsigned type)
{
    return stun_is_credential(type) || type == STUN_PRIORITY || type == STUN_USE_CANDIDATE;
}

static size_t answer(const struct stun_msg *m, const struct addr *from, const uint16_t *unknown,
                     unsigned nunknown, uint8_t *out)
{
    struct stun_builder b;
    stun_begin(&b, out, STUN_MESSAGE_MAX, nunknown > 0 ? STUN_ERROR : STUN_SUCCESS, STUN_BINDING,
               m->txid);
    if (nunknown > 0) {
        stun_put_error(&b, 420, "");
        stun_put_unknown(&b, unknown, nunknown);
    } else {
        stun_put_xaddr(&b, STUN_XOR_MAPPED_ADDRESS, from);
    }
    if (m->fingerprint)
        stun_put_fingerprint(&b);
    return stun_end(&b);
}

/* At most one and a half times what came in, as it lies on the wire. */
static bool fits(size_t in, size_t out, const struct addr *from)
{
    size_t head = from->family == 6 ? IP6_UDP : IP4_UDP;
    return 2 * (out + head) <= 3 * (in + head);
}

static enum stun_verdict refusal(enum stun_result r)
{
    return r == STUN_E_NO_COOKIE ? STUN_SILENT_LEGACY : STUN_SILENT_MALFORMED;
}

enum stun_verdict stun_server_input(struct stun_server *s, int64_t now_us, const uint8_t *p,
                                    size_t n, const struct addr *from, bool over_stream,
                                    uint8_t *out, size_t *out_len)
{
    struct stun_msg m;
    uint16_t unknown[STUN_UNKNOWN_MAX];
    *out_len = 0;
    enum stun_result r = stun_parse(&m, p, n);
    if (r != STUN_OK)
        return refusal(r);
    if (m.cls != STUN_REQUEST)
        return STUN_SILENT_CLASS;
    if (m.method != STUN_BINDING)
        return STUN_SILENT_METHOD;
    if (!over_stream && !s->conf.unlimited &&
        !rate_take(s->rate, now_us, rate_of_addr(&s->conf.key, from)))
        return STUN_SILENT_RATE;
    unsigned nunknown = stun_unknown(&m, known, unknown);
    size_t len = answer(&m, from, unknown, nunknown, out);
    /* Fewer of the unknown ones rather than no answer: one of them tells the client enough. */
    while (!over_stream && nunknown > 1 && !fits(n, len, from))
        len = answer(&m, from, unknown, --nunknown, out);
    if (!over_stream && !fits(n, len, from))
        return STUN_SILENT_SIZE;
    *out_len = len;
    return nunknown > 0 ? STUN_ANSWERED_420 : STUN_ANSWERED;
}
