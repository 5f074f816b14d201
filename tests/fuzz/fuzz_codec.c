/* Payloads of all codecs, and dependency descriptors: nothing is read beyond the end, and what is rewritten reads back as
 * written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void renumber(enum codec c, const uint8_t *p, size_t n, const struct codec_packet *k)
{
    struct codec_packet again;
    uint8_t *copy = malloc(n);
    memcpy(copy, p, n);
    codec_renumber(copy, k, 0x5A5A, 0xA5);
    if (!codec_read(c, copy, n, &again) || again.descriptor != k->descriptor ||
        (k->picture_at && again.picture != (0x5A5A & ((1 << k->picture_bits) - 1))) ||
        (k->tl0_at && again.tl0 != 0xA5) || again.key != k->key)
        abort();
    free(copy);
}

static void red(const uint8_t *data, size_t size)
{
    struct codec_block b[CODEC_RED_MAX];
    unsigned n = codec_read_red(data, size, b);
    const char *end = (const char *)data + size;
    for (unsigned i = 0; i < n; i++) { /* one before the other, up to the end */
        if (b[i].bytes.p + b[i].bytes.n != end || b[i].bytes.p <= (const char *)data)
            abort();
        end = b[i].bytes.p;
    }
}

/* The same descriptor, but for its number and mask. */
static void rewrite(const uint8_t *p, const struct dd_frame *f, const struct dd_structure *known)
{
    struct dd_structure own;
    struct dd_frame g;
    uint8_t out[DD_MAX];
    for (unsigned tell = 0; tell < 2; tell++) {
        struct dd_change c = dd_change_of(f, 0x1234, tell, f->active & 5);
        size_t n = dd_write(out, sizeof out, p, &c);
        if (n == 0)
            continue; /* it has become too long */
        if (!dd_read(&g, out, n, known, &own) || g.number != 0x1234 || g.dtis != f->dtis ||
            g.n_fdiffs != f->n_fdiffs || g.spatial != f->spatial || g.start != f->start ||
            g.active != (tell ? f->active & 5 : f->active) || g.of->n != f->of->n)
            abort();
    }
}

/* Descriptors of a stream: each with its length in front. */
static void descriptors(const uint8_t *data, size_t size)
{
    static struct dd_structure known, own;
    struct codec_packet k = {0};
    struct dd_frame f;
    memset(&known, 0, sizeof known);
    while (size > 1) {
        size_t n = data[0] < size - 1 ? data[0] : size - 1;
        uint8_t *p = malloc(n > 0 ? n : 1);
        memcpy(p, data + 1, n);
        if (dd_read(&f, p, n, &known, &own)) {
            int target = dd_target(&f, p[0] & 7, p[1] & 7);
            if (target >= f.of->targets || f.of->layers == 0 || f.of->layers > DD_LAYERS)
                abort();
            if (target >= 0 && !(dd_below(f.of, (unsigned)target) >> target & 1))
                abort();
            codec_describe(&k, &f);
            rewrite(p, &f, &known);
            if (f.has_structure)
                known = own;
        }
        free(p);
        data += n + 1;
        size -= n + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct codec_packet k;
    for (enum codec c = CODEC_VP8; c < CODECS; c++) {
        if (!codec_read(c, data, size, &k))
            continue;
        if (k.descriptor > size || (k.key && !k.begins))
            abort();
        if (c == CODEC_VP8 || c == CODEC_VP9)
            renumber(c, data, size, &k);
    }
    red(data, size);
    descriptors(data, size);
    return 0;
}
