/* What is there, for people: no names, no secrets. */
#include "base/buf.h"
#include "proto/turn_int.h"

static const char *const transports[TUPLE_TRANSPORTS] = {"udp", "tcp", "tls", "dtls"};

static const char *transport_name(uint32_t t)
{
    return t < TUPLE_TRANSPORTS ? transports[t] : "unknown";
}

static void one(const struct turn_alloc *a, int64_t now_us, struct buf *out)
{
    char text[ADDR_STR_SIZE];
    const char *comma = "";
    buf_putf(out, "{\"id\":%llu,\"client\":\"%s\",\"transport\":\"%s\",\"relays\":[",
             (unsigned long long)a->id, addr_format(&a->tuple.peer, text),
             transport_name(a->tuple.transport));
    for (unsigned f = 0; f < 2; f++) {
        const struct turn_port *p = a->port[f];
        if (p == NULL)
            continue;
        buf_putf(out, "%s{\"at\":\"%s\",\"bound\":%s,\"ends_s\":%lld}", comma,
                 addr_format(&p->relay.announced, text), p->relay.io != NULL ? "true" : "false",
                 (long long)((p->expires - now_us) / TURN_S));
        comma = ",";
    }
    buf_putf(out,
             "],\"call\":%s,\"age_s\":%lld,\"permissions\":%u,\"channels\":%u,\"up\":%llu,"
             "\"down\":%llu,\"mobile\":%s,\"adrift\":%s}",
             a->owner->scope != 0 ? "true" : "false",
             (long long)((now_us - a->created_us) / TURN_S), a->npermissions, a->nchannels,
             (unsigned long long)a->up_bytes, (unsigned long long)a->down_bytes,
             a->ticket != 0 ? "true" : "false", a->adrift ? "true" : "false");
}

void turn_server_dump(const struct turn_server *s, int64_t now_us, struct buf *out, unsigned max)
{
    unsigned n = 0;
    buf_puts(out, "[");
    HMAP_FOREACH(it, &s->allocs) {
        if (n == max)
            break;
        buf_puts(out, n++ > 0 ? "," : "");
        one(container_of(it, struct turn_alloc, node), now_us, out);
    }
    buf_puts(out, "]");
}
