/* What a recording looks like in the file; for rec.c and rec_read.c only. All integers are big
 * endian.
 *
 *   file    head (REC_HEAD bytes: magic, version, block size, number of blocks), then the blocks
 *   block   magic u32, crc u32 of the sequence, sequence u64; then records, each at a multiple of 8
 *   record  crc u32, length u32, number u64, time i64, kind u16, core u16, zero u32; then the bytes
 *
 * Block n of the recording lies at place n modulo the number of blocks. A record's crc starts with
 * its block's sequence, so that what an earlier round left behind in a block is not taken for new;
 * the first record that does not fit its crc ends the block. */
#ifndef MADANG_BASE_REC_FORMAT_H
#define MADANG_BASE_REC_FORMAT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"

#define REC_MAGIC "madangR\n"

enum {
    REC_VERSION = 1,
    REC_HEAD = 4096,
    REC_BLOCK_HEAD = 16,
    REC_RECORD_HEAD = 32,
    REC_BLOCK_MAGIC = 0x6D64424B
};

static inline size_t rec_padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

/* Where a block's crcs start. */
static inline uint32_t rec_seed(uint64_t sequence)
{
    uint8_t t[8];
    set_u64(t, sequence);
    return crc32_ieee(0, t, sizeof t);
}

#endif
