/* Transports as flat records, so that a restart need not end calls. */
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "media/transport_int.h"

enum { VERSION = 1, SRTP_RECORD_MAX = 16 << 20 };

/* ---- Saving ---- */

static void put_text(struct buf *b, const char *z)
{
    buf_u16(b, (uint16_t)strlen(z));
    buf_puts(b, z);
}

static void put_credentials(struct buf *b, const struct ice_credentials *c)
{
    put_text(b, c->ufrag);
    put_text(b, c->pwd);
    put_text(b, c->remote_ufrag);
}

static void put_addr(struct buf *b, const struct addr *a)
{
    buf_u8(b, a->family);
    buf_u16(b, a->port);
    buf_u32(b, a->scope);
    buf_put(b, a->ip, sizeof a->ip);
}

static void put_path(struct buf *b, const struct ice_path *p, int64_t now_us)
{
    put_addr(b, &p->at.peer);
    put_addr(b, &p->at.local);
    buf_u64(b, p->at.stream);
    buf_u32(b, p->at.ifindex);
    buf_u32(b, p->at.transport);
    buf_u64(b, (uint64_t)(now_us - p->check_us));
    buf_u64(b, (uint64_t)(now_us - p->heard_us));
}

static bool put_srtp(struct buf *b, const struct srtp *s)
{
    size_t size = srtp_save_size(s);
    buf_u32(b, (uint32_t)size);
    uint8_t *p = buf_reserve(b, size);
    if (p == NULL || srtp_save(s, p, size) != size)
        return false;
    buf_commit(b, size);
    return true;
}

bool transport_save(const struct transport *t, int64_t now_us, struct buf *out)
{
    if (t->state != TRANSPORT_OPEN)
        return false;
    buf_u8(out, VERSION);
    put_credentials(out, &t->ice.now);
    put_credentials(out, &t->ice.before);
    buf_u64(out, (uint64_t)(now_us - t->ice.consent_us));
    buf_u8(out, (uint8_t)t->ice.n);
    buf_u8(out, (uint8_t)(t->ice.selected + 1));
    for (uint32_t i = 0; i < t->ice.n; i++)
        put_path(out, &t->ice.paths[i], now_us);
    return put_srtp(out, t->in) && put_srtp(out, t->out) && !out->failed;
}

/* ---- Loading ---- */

/* cap: with the NUL. */
static void get_text(struct rd *r, char *to, size_t cap)
{
    struct str s = rd_str(r, rd_u16(r));
    if (s.n >= cap || memchr(s.p != NULL ? s.p : "", '\0', s.n) != NULL) {
        r->bad = true;
        return;
    }
    if (s.n > 0)
        memcpy(to, s.p, s.n);
    to[s.n] = '\0';
}

static void get_credentials(struct rd *r, struct ice_credentials *c)
{
    get_text(r, c->ufrag, sizeof c->ufrag);
    get_text(r, c->pwd, sizeof c->pwd);
    get_text(r, c->remote_ufrag, sizeof c->remote_ufrag);
}

static void get_addr(struct rd *r, struct addr *a)
{
    a->family = rd_u8(r);
    a->port = rd_u16(r);
    a->scope = rd_u32(r);
    rd_copy(r, a->ip, sizeof a->ip);
    r->bad |= a->family != 4 && a->family != 6;
}

/* What was `age` ago; beyond consent it makes no difference how long. */
static int64_t get_time(struct rd *r, int64_t now_us)
{
    uint64_t age = rd_u64(r);
    return now_us - (int64_t)MIN_OF(age, (uint64_t)ICE_CONSENT_US);
}

static void get_path(struct rd *r, struct ice_path *p, int64_t now_us)
{
    get_addr(r, &p->at.peer);
    get_addr(r, &p->at.local);
    p->at.stream = rd_u64(r);
    p->at.ifindex = rd_u32(r);
    p->at.transport = rd_u32(r);
    p->check_us = get_time(r, now_us);
    p->heard_us = get_time(r, now_us);
    r->bad |= p->at.transport > TUPLE_RELAY;
}

static void get_ice(struct rd *r, struct ice_lite *a, int64_t now_us)
{
    get_credentials(r, &a->now);
    get_credentials(r, &a->before);
    a->consent_us = get_time(r, now_us);
    a->n = rd_u8(r);
    a->selected = rd_u8(r) - 1;
    r->bad |= a->n > ICE_PATHS_MAX || a->selected >= (int)a->n || a->now.ufrag[0] == '\0' ||
              a->now.pwd[0] == '\0' || a->now.remote_ufrag[0] == '\0';
    for (uint32_t i = 0; !r->bad && i < a->n; i++)
        get_path(r, &a->paths[i], now_us);
    a->changes = 1;
}

static enum err get_srtp(struct rd *r, struct srtp **out)
{
    uint32_t n = rd_u32(r);
    const uint8_t *p = n <= SRTP_RECORD_MAX ? rd_bytes(r, n) : NULL;
    return p != NULL ? srtp_load(out, p, n) : ERR_SYNTAX;
}

static enum err get_all(struct rd *r, struct transport *t, int64_t now_us)
{
    uint8_t version = rd_u8(r);
    if (!r->bad && version != VERSION)
        return ERR_UNSUPPORTED;
    get_ice(r, &t->ice, now_us);
    if (r->bad)
        return ERR_SYNTAX;
    enum err e = get_srtp(r, &t->in);
    if (e == ERR_OK)
        e = get_srtp(r, &t->out);
    return e == ERR_OK && r->n > 0 ? ERR_SYNTAX : e;
}

enum err transport_load(struct transport **out, const struct transport_ops *ops, void *ctx,
                        int64_t now_us, const uint8_t *p, size_t n)
{
    struct transport *t = xcalloc(1, sizeof *t);
    struct rd r = rd_of(p, n);
    enum err e = get_all(&r, t, now_us);
    if (e != ERR_OK) {
        srtp_free(t->in);
        srtp_free(t->out);
        memzero(t, sizeof *t);
        xfree(t);
        return e;
    }
    t->ops = *ops;
    t->ctx = ctx;
    t->state = TRANSPORT_OPEN;
    transport_sync_paths(t);
    *out = t;
    return ERR_OK;
}
