/* WebSocket frames, and that splits change nothing: the first byte says how the rest is cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/ws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAP = 4096 };

static uint64_t hear(uint64_t sum, const struct ws_event *ev)
{
    struct utf8 u = {0};

    if (ev->len > CAP || (ev->type != WS_MESSAGE && ev->len > WS_CONTROL_MAX))
        abort();
    if (ev->type == WS_MESSAGE && ev->op == WS_OP_TEXT &&
        (!utf8_feed(&u, ev->data, ev->len) || !utf8_done(&u)))
        abort();
    sum = sum * 131 + ev->type + ev->op + ev->code;
    for (size_t i = 0; i < ev->len; i++)
        sum = sum * 31 + ev->data[i];
    return sum;
}

static uint64_t run(const uint8_t *data, size_t n, size_t step)
{
    struct ws_reader r;
    struct ws_event ev;
    uint64_t sum = 0;
    size_t used;

    ws_reader_init(&r, CAP);
    for (size_t at = 0, len; at < n; at += len) {
        uint8_t *p;
        size_t done = 0;

        len = n - at < step ? n - at : step;
        p = malloc(len); /* exact, so that ASan sees a step too far */
        memcpy(p, data + at, len);
        while (ws_read(&r, p + done, len - done, &used, &ev) != WS_NEED_MORE) {
            sum = hear(sum, &ev);
            done += used;
        }
        if (done + used != len || r.msg_size > CAP)
            abort();
        free(p);
    }
    ws_reader_free(&r);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (run(data + 1, size - 1, size) != run(data + 1, size - 1, (size_t)data[0] % 9 + 1))
        abort();
    return 0;
}
