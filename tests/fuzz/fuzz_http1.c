/* HTTP/1.1 heads and bodies, and that splits change nothing: the first byte says how the rest is
 * cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAP = 1000 };

struct result {
    int head, body;
    uint64_t sum, bytes;
};

static void run_body(const struct http1_request *req, const char *p, size_t n, size_t step,
                     struct result *r)
{
    struct http1_body b;
    size_t at = 0, used;
    struct str out;

    r->body = http1_body_init(&b, req, CAP);
    if (r->body < 0)
        return;
    do {
        size_t len = n - at < step ? n - at : step;

        r->body = (int)http1_body(&b, p + at, len, &used, &out);
        if (used > len || (used == 0 && len > 0 && r->body == HTTP1_BODY_MORE))
            abort();
        at += used;
        for (size_t i = 0; i < out.n; i++)
            r->sum = r->sum * 31 + (uint8_t)out.p[i];
        r->bytes += out.n;
        if (r->bytes > CAP)
            abort();
    } while ((r->body == HTTP1_BODY_MORE && at < n) || r->body == HTTP1_BODY_DATA);
}

static void check_request(const struct http1_request *req, const char *p, size_t n)
{
    if (req->path.n == 0 || req->n_fields > HTTP1_FIELDS_MAX || (req->chunked && req->has_length))
        abort();
    for (uint32_t i = 0; i < req->n_fields; i++) {
        const struct http1_field *f = &req->fields[i];

        if (f->name.n == 0 || f->name.p < p || f->value.p + f->value.n > p + n)
            abort();
        if (f->value.n > 0 && (memchr(f->value.p, '\n', f->value.n) != NULL ||
                               memchr(f->value.p, 0, f->value.n) != NULL))
            abort();
        (void)http1_list_has(f->value, STR("close"));
    }
}

static struct result run(const char *p, size_t n, size_t step)
{
    static struct http1_request req;
    struct http1_scan scan = {0};
    struct result r = {0};
    size_t len = 0;

    do {
        len = n - len < step ? n : len + step;
        r.head = http1_head(&scan, &http1_limits_default, p, len, &req);
    } while (r.head == 0 && len < n);
    if (r.head > 0) {
        check_request(&req, p, (size_t)r.head);
        run_body(&req, p + r.head, n - (size_t)r.head, step, &r);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct result a, b;
    char *p;

    if (size < 2)
        return 0;
    p = malloc(size - 1); /* exact, so that ASan sees a step too far */
    memcpy(p, data + 1, size - 1);
    a = run(p, size - 1, size);
    b = run(p, size - 1, (size_t)data[0] % 17 + 1);
    free(p);
    if (a.head != b.head || a.body != b.body || a.sum != b.sum || a.bytes != b.bytes)
        abort();
    return 0;
}
