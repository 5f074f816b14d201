#include "proto/ws.h"

#include <string.h>

#include "base/mem.h"

enum { STATE_HEAD, STATE_PAYLOAD, STATE_DEAD };

enum { HEAD_FIN = 0x80, HEAD_RSV = 0x70, HEAD_OP = 0x0f, HEAD_MASK = 0x80, HEAD_LEN = 0x7f };

void ws_unmask(uint8_t *p, size_t len, const uint8_t mask[4], unsigned phase)
{
    uint8_t key[8];
    uint64_t k, v;
    size_t i = 0;

    for (unsigned j = 0; j < 8; j++)
        key[j] = mask[(phase + j) & 3];
    memcpy(&k, key, 8);
    for (; i + 8 <= len; i += 8) {
        memcpy(&v, p + i, 8);
        v ^= k;
        memcpy(p + i, &v, 8);
    }
    for (; i < len; i++)
        p[i] ^= key[i & 7];
}

bool ws_close_code_ok(unsigned code)
{
    if (code >= 3000 && code <= 4999)
        return true;
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

void ws_reader_init(struct ws_reader *r, uint32_t cap)
{
    memset(r, 0, sizeof *r);
    r->cap = cap;
}

static void drop_message(struct ws_reader *r)
{
    xfree(r->msg);
    r->msg = NULL;
    r->msg_len = r->msg_size = 0;
    r->handed = false;
}

static void drop_control(struct ws_reader *r)
{
    xfree(r->ctl);
    r->ctl = NULL;
    r->ctl_len = 0;
}

void ws_reader_free(struct ws_reader *r)
{
    drop_message(r);
    drop_control(r);
    r->state = STATE_DEAD;
}

bool ws_reader_busy(const struct ws_reader *r)
{
    return r->state != STATE_DEAD &&
           (r->state == STATE_PAYLOAD || r->head_len > 0 || r->msg_op != 0);
}

static enum ws_event_type fail(struct ws_reader *r, struct ws_event *ev, unsigned code)
{
    r->state = STATE_DEAD;
    ev->code = (uint16_t)code;
    return ev->type = WS_FAIL;
}

static bool is_control(unsigned op)
{
    return op >= WS_OP_CLOSE;
}

/* What the first two bytes must be; 0 or the code to fail with. */
static unsigned check_first_two(const struct ws_reader *r)
{
    unsigned op = r->head[0] & HEAD_OP, len = r->head[1] & HEAD_LEN;
    bool fin = (r->head[0] & HEAD_FIN) != 0;

    if ((r->head[0] & HEAD_RSV) != 0 || (op > WS_OP_BINARY && op < WS_OP_CLOSE) || op > WS_OP_PONG)
        return WS_CLOSE_PROTOCOL;
    if ((r->head[1] & HEAD_MASK) == 0)
        return WS_CLOSE_PROTOCOL;
    if (is_control(op))
        return fin && len <= WS_CONTROL_MAX ? 0 : WS_CLOSE_PROTOCOL;
    /* A continuation continues something, and nothing else may begin in between. */
    if ((op == WS_OP_CONT) != (r->msg_op != 0))
        return WS_CLOSE_PROTOCOL;
    return 0;
}

static size_t head_need(const struct ws_reader *r)
{
    unsigned len;

    if (r->head_len < 2)
        return 2;
    len = r->head[1] & HEAD_LEN;
    return len == 126 ? 8 : len == 127 ? 14 : 6;
}

/* The declared payload length; false when it is not in its shortest form. */
static bool declared_len(const struct ws_reader *r, uint64_t *out)
{
    unsigned len = r->head[1] & HEAD_LEN, n = len == 126 ? 2 : len == 127 ? 8 : 0;
    uint64_t v = 0;

    if (n == 0) {
        *out = len;
        return true;
    }
    for (unsigned i = 0; i < n; i++)
        v = v << 8 | r->head[2 + i];
    *out = v;
    return n == 2 ? v >= 126 : v >= 65536 && v >> 63 == 0;
}

/* The head is complete: take it apart. 0 or the code to fail with. */
static unsigned begin_frame(struct ws_reader *r)
{
    uint64_t len;

    if (!declared_len(r, &len))
        return WS_CLOSE_PROTOCOL;
    r->op = r->head[0] & HEAD_OP;
    r->fin = (r->head[0] & HEAD_FIN) != 0;
    if (!is_control(r->op)) {
        if (len > r->cap - r->msg_len)
            return WS_CLOSE_TOO_BIG;
        if (r->op != WS_OP_CONT) {
            r->msg_op = r->op;
            r->utf8 = (struct utf8){0};
        }
    }
    memcpy(r->mask, r->head + r->head_len - 4, 4);
    r->left = len;
    r->phase = 0;
    r->head_len = 0;
    r->ctl_len = 0;
    r->state = STATE_PAYLOAD;
    return 0;
}

/* Takes head bytes; true once the frame has begun (or failed, *code). */
static bool read_head(struct ws_reader *r, const uint8_t *data, size_t len, size_t *used,
                      unsigned *code)
{
    *code = 0;
    for (;;) {
        size_t need = head_need(r), n = need - r->head_len;

        if (n > len - *used)
            n = len - *used;
        memcpy(r->head + r->head_len, data + *used, n);
        *used += n;
        r->head_len = (uint8_t)(r->head_len + n);
        if (r->head_len < need)
            return false;
        if (need > 2)
            break;
        *code = check_first_two(r);
        if (*code != 0)
            return true;
    }
    *code = begin_frame(r);
    return true;
}

/* Room for n more message bytes: doubled, but never beyond what this frame may still bring. */
static bool reserve(struct ws_reader *r, size_t n)
{
    uint64_t want = (uint64_t)r->msg_len + n, most = (uint64_t)r->msg_len + r->left;
    uint8_t *p;

    if (want <= r->msg_size)
        return true;
    if (want < 2 * (uint64_t)r->msg_size)
        want = 2 * (uint64_t)r->msg_size;
    if (want > most)
        want = most;
    p = mem_try_realloc(r->msg, (size_t)want);
    if (p == NULL)
        return false;
    r->msg = p;
    r->msg_size = (uint32_t)want;
    return true;
}

static enum ws_event_type hand_out(struct ws_reader *r, struct ws_event *ev, uint8_t *p, size_t n)
{
    ev->type = WS_MESSAGE;
    ev->op = r->msg_op;
    ev->data = p;
    ev->len = n;
    r->msg_op = 0;
    r->state = STATE_HEAD;
    return WS_MESSAGE;
}

/* Payload of a text or binary frame. */
static enum ws_event_type read_data(struct ws_reader *r, uint8_t *p, size_t n, struct ws_event *ev)
{
    bool whole = n == r->left && r->fin && r->msg_len == 0 && r->msg == NULL;

    ws_unmask(p, n, r->mask, r->phase);
    if (r->msg_op == WS_OP_TEXT && !utf8_feed(&r->utf8, p, n))
        return fail(r, ev, WS_CLOSE_BAD_DATA);
    if (!whole && n > 0) {
        if (!reserve(r, n))
            return fail(r, ev, WS_CLOSE_INTERNAL);
        memcpy(r->msg + r->msg_len, p, n);
        r->msg_len += (uint32_t)n;
    }
    r->left -= n;
    r->phase = (uint8_t)((r->phase + n) & 3);
    if (r->left > 0)
        return WS_NEED_MORE;
    r->state = STATE_HEAD;
    if (!r->fin)
        return WS_NEED_MORE;
    if (r->msg_op == WS_OP_TEXT && !utf8_done(&r->utf8))
        return fail(r, ev, WS_CLOSE_BAD_DATA);
    if (whole)
        return hand_out(r, ev, p, n);
    r->handed = true;
    return hand_out(r, ev, r->msg, r->msg_len);
}

static enum ws_event_type close_event(struct ws_reader *r, struct ws_event *ev, uint8_t *p,
                                      size_t n)
{
    struct utf8 u = {0};
    unsigned code = WS_CLOSE_NO_STATUS;

    if (n == 1)
        return fail(r, ev, WS_CLOSE_PROTOCOL);
    if (n >= 2) {
        code = (unsigned)p[0] << 8 | p[1];
        if (!ws_close_code_ok(code))
            return fail(r, ev, WS_CLOSE_PROTOCOL);
        if (!utf8_feed(&u, p + 2, n - 2) || !utf8_done(&u))
            return fail(r, ev, WS_CLOSE_BAD_DATA);
        ev->data = p + 2;
        ev->len = n - 2;
    }
    ev->code = (uint16_t)code;
    r->state = STATE_DEAD;
    return ev->type = WS_CLOSE;
}

/* Payload of a control frame. */
static enum ws_event_type read_control(struct ws_reader *r, uint8_t *p, size_t n,
                                       struct ws_event *ev)
{
    ws_unmask(p, n, r->mask, r->phase);
    r->phase = (uint8_t)((r->phase + n) & 3);
    if (n < r->left || r->ctl != NULL) {
        if (r->ctl == NULL && (r->ctl = mem_try_alloc(WS_CONTROL_MAX)) == NULL)
            return fail(r, ev, WS_CLOSE_INTERNAL);
        memcpy(r->ctl + r->ctl_len, p, n);
        r->ctl_len = (uint8_t)(r->ctl_len + n);
        p = r->ctl;
    }
    r->left -= n;
    if (r->left > 0)
        return WS_NEED_MORE;
    if (r->ctl != NULL)
        n = r->ctl_len;
    r->state = STATE_HEAD;
    if (r->op == WS_OP_CLOSE)
        return close_event(r, ev, p, n);
    ev->data = p;
    ev->len = n;
    return ev->type = r->op == WS_OP_PING ? WS_PING : WS_PONG;
}

enum ws_event_type ws_read(struct ws_reader *r, uint8_t *data, size_t len, size_t *used,
                           struct ws_event *ev)
{
    *used = 0;
    *ev = (struct ws_event){.type = WS_NEED_MORE};
    if (r->handed)
        drop_message(r);
    if (r->state == STATE_HEAD && r->ctl != NULL)
        drop_control(r);
    while (r->state != STATE_DEAD) {
        enum ws_event_type type;
        unsigned code;
        size_t n;

        if (r->state == STATE_HEAD) {
            if (!read_head(r, data, len, used, &code))
                return WS_NEED_MORE;
            if (code != 0)
                return fail(r, ev, code);
        }
        n = len - *used < r->left ? len - *used : (size_t)r->left;
        if (n == 0 && r->left > 0)
            return WS_NEED_MORE;
        *used += n;
        type = is_control(r->op) ? read_control(r, data + *used - n, n, ev)
                                 : read_data(r, data + *used - n, n, ev);
        if (type != WS_NEED_MORE)
            return type;
    }
    *used = len;
    return WS_NEED_MORE;
}
