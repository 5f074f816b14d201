/*
 * The look at a ClientHello that DTLS takes before it keeps anything: no read outside of the packet,
 * and a cookie that this key didn't make for this address is never good.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dtls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[32] = {42};
    struct addr from = addr_ip4(192, 0, 2, 1, 5000);
    uint8_t answer[DTLS_VERIFY_REQUEST];
    uint8_t *copy = malloc(size > 0 ? size : 1); /* an end that a sanitizer knows */
    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    struct dtls_hello h = dtls_hello_parse(copy, size);
    bool answered = h.kind == DTLS_HELLO_BARE || h.kind == DTLS_HELLO_COOKIE;
    if (answered && (h.cookie < copy || h.cookie + h.cookie_len > copy + size))
        abort();
    if (dtls_hello_cookie_ok(key, 1000000, &from, &h))
        abort();
    if (answered) {
        dtls_hello_verify_request(key, 1000000, &from, &h, answer);
        if (memcmp(answer + 5, copy + 5, 6) != 0 || size < 13 + 12 + 42)
            abort();
    }
    free(copy);
    return 0;
}
