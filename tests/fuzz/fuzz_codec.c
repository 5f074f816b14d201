/* Payloads of all codecs: nothing is read beyond the end, and what is rewritten reads back as written. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct codec_packet k;
    struct str block;
    uint8_t pt;
    for (enum codec c = CODEC_VP8; c < CODECS; c++) {
        if (!codec_read(c, data, size, &k))
            continue;
        if (k.descriptor > size || (k.key && !k.begins))
            abort();
        if (c == CODEC_VP8 || c == CODEC_VP9)
            renumber(c, data, size, &k);
    }
    if (codec_red_primary(data, size, &pt, &block) &&
        ((const uint8_t *)block.p < data || (const uint8_t *)block.p + block.n > data + size))
        abort();
    return 0;
}
