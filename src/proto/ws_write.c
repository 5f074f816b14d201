#include <string.h>

#include "base/buf.h"
#include "base/code.h"
#include "base/crypto.h"
#include "proto/http1.h"
#include "proto/ws.h"

size_t ws_head_len(size_t payload_len)
{
    return payload_len < 126 ? 2 : payload_len < 65536 ? 4 : 10;
}

size_t ws_head_write(uint8_t out[WS_HEAD_MAX], enum ws_opcode op, size_t payload_len)
{
    out[0] = (uint8_t)(0x80 | op);
    if (payload_len < 126) {
        out[1] = (uint8_t)payload_len;
        return 2;
    }
    if (payload_len < 65536) {
        out[1] = 126;
        set_u16(out + 2, (uint16_t)payload_len);
        return 4;
    }
    out[1] = 127;
    set_u64(out + 2, payload_len);
    return 10;
}

size_t ws_control_write(uint8_t out[2 + WS_CONTROL_MAX], enum ws_opcode op, const void *payload,
                        size_t len)
{
    if (len > WS_CONTROL_MAX)
        len = WS_CONTROL_MAX;
    out[0] = (uint8_t)(0x80 | op);
    out[1] = (uint8_t)len;
    if (len > 0)
        memcpy(out + 2, payload, len);
    return 2 + len;
}

size_t ws_close_write(uint8_t out[2 + WS_CONTROL_MAX], unsigned code, const char *reason)
{
    uint8_t payload[WS_CONTROL_MAX];
    size_t n = strnlen(reason, sizeof payload - 2);

    set_u16(payload, (uint16_t)code);
    memcpy(payload + 2, reason, n);
    return ws_control_write(out, WS_OP_CLOSE, payload, n + 2);
}

void ws_accept_key(const char key[WS_KEY_LEN], char out[WS_ACCEPT_LEN])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[WS_KEY_LEN + sizeof guid - 1], b64[B64_SIZE(SHA1_SIZE)];
    uint8_t digest[SHA1_SIZE];

    memcpy(text, key, WS_KEY_LEN);
    memcpy(text + WS_KEY_LEN, guid, sizeof guid - 1);
    sha1(text, sizeof text, digest);
    b64_encode(b64, sizeof b64, digest, sizeof digest);
    memcpy(out, b64, WS_ACCEPT_LEN);
}

static bool key_ok(struct str key)
{
    uint8_t raw[18];
    size_t n;

    return key.n == WS_KEY_LEN && b64_decode(raw, sizeof raw, &n, key) && n == 16;
}

/* The client may spread its list over several fields. */
bool ws_offers(const struct http1_request *req, struct str subprotocol)
{
    for (uint32_t i = 0; i < req->n_fields; i++)
        if (str_eq_nocase(req->fields[i].name, STR("sec-websocket-protocol")) &&
            http1_list_has(req->fields[i].value, subprotocol))
            return true;
    return false;
}

struct str ws_offered_after(const struct http1_request *req, struct str prefix)
{
    struct str found = STR_NONE, list, one;
    unsigned n = 0;

    for (uint32_t i = 0; i < req->n_fields; i++) {
        if (!str_eq_nocase(req->fields[i].name, STR("sec-websocket-protocol")))
            continue;
        for (list = req->fields[i].value; list.n > 0;) {
            str_split_once(list, ',', &one, &list);
            one = str_trim(one);
            if (!str_starts(one, prefix))
                continue;
            found = str_skip(one, prefix.n);
            n++;
        }
    }
    return n == 1 ? found : STR_NONE;
}

int ws_handshake_check(const struct http1_request *req, const char *subprotocol, const char **key)
{
    struct str k = http1_field(req, STR("sec-websocket-key"));

    if (req->method != HTTP1_GET)
        return 405;
    if (req->minor < 1 || !req->upgrade || req->chunked || (req->has_length && req->length > 0) ||
        !http1_list_has(http1_field(req, STR("upgrade")), STR("websocket")))
        return 400;
    if (!str_eq(http1_field(req, STR("sec-websocket-version")), STR("13")))
        return 426;
    if (!key_ok(k) || http1_field_count(req, STR("sec-websocket-key")) != 1)
        return 400;
    if (!ws_offers(req, str_from(subprotocol)))
        return 400;
    *key = k.p;
    return 101;
}
