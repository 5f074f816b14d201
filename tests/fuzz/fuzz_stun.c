/*
 * STUN: the parser, everything that reads a parsed message, the responder, and the framing of
 * streams with the same bytes. What was parsed must be the same when built again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/stun.h"
#include "proto/stun_server.h"
#include "proto/turn_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool known_none(unsigned type)
{
    return type == STUN_USERNAME;
}

static void read_all(const struct stun_msg *m)
{
    struct addr a;
    uint32_t u;
    uint64_t v;
    uint16_t unknown[STUN_UNKNOWN_MAX];
    for (unsigned i = 0; i < m->nattrs; i++) {
        const struct stun_attr *x = &m->attrs[i];
        if (x->off + x->len > m->len)
            abort();
        stun_get_xaddr(m, x, &a);
        stun_get_addr(m, x, &a);
        stun_get_u32(m, x, &u);
        stun_get_u64(m, x, &v);
    }
    stun_get_error(m);
    stun_unknown(m, known_none, unknown);
    stun_check_sha1(m, "key", 3);
    stun_check_sha256(m, "key", 3);
}

/* Without integrity attributes, building what was parsed gives the same up to padding bytes. */
static void rebuild(const struct stun_msg *m)
{
    static uint8_t out[65536 + 64];
    struct stun_builder b;
    struct stun_msg again;
    stun_begin(&b, out, sizeof(out), m->cls, m->method, m->txid);
    for (unsigned i = 0; i < m->nattrs; i++) {
        if (m->attrs[i].type != STUN_FINGERPRINT)
            stun_put(&b, m->attrs[i].type, stun_value(m, &m->attrs[i]), m->attrs[i].len);
    }
    if (m->fingerprint)
        stun_put_fingerprint(&b);
    size_t n = stun_end(&b);
    if (n == 0 || n > m->len || stun_parse(&again, out, n) != STUN_OK ||
        again.nattrs != m->nattrs || again.method != m->method || again.cls != m->cls)
        abort();
}

static void frames(const uint8_t *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        struct turn_frame f = turn_frame_next(p + at, n - at, 65540);
        if (f.kind == TURN_FRAME_BAD)
            return;
        if (f.kind == TURN_FRAME_MORE) {
            if (f.need <= n - at)
                abort();
            return;
        }
        if (f.taken == 0 || f.taken > n - at || f.size > f.taken)
            abort();
        at += f.taken;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stun_server *server;
    uint8_t out[STUN_MESSAGE_MAX];
    size_t len;
    struct stun_msg m, answer;
    if (server == NULL)
        server = stun_server_new(&(struct stun_server_conf){.unlimited = true});
    if (stun_parse(&m, data, size) == STUN_OK) {
        if (!stun_looks_like(data, size))
            abort();
        read_all(&m);
        rebuild(&m);
    }
    struct addr from = addr_ip4(192, 0, 2, 1, 7);
    enum stun_verdict v = stun_server_input(server, 0, data, size, &from, false, out, &len);
    if ((len != 0) != (v == STUN_ANSWERED || v == STUN_ANSWERED_420))
        abort();
    if (len != 0 && (2 * (len + 28) > 3 * (size + 28) || stun_parse(&answer, out, len) != STUN_OK))
        abort();
    frames(data, size);
    return 0;
}
