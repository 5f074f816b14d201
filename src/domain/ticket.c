#include "domain/ticket.h"

#include "base/buf.h"
#include "domain/sealed.h"

#define TICKET_FORMAT 2

static const char purpose[] = "madang room ticket";

enum {
    FLAG_PUBLIC = 1,
    FLAG_LOCKED = 2,
    FLAG_OWNER = 4,
    FLAG_STAYS = 8,
    FLAG_LOBBY = 16,
    FLAG_PUBLISH_FEW = 32,
    FLAG_SHARE_FEW = 64,
    FLAG_PROGRAMS = 128,
    FLAGS_ALL = 255
};

static void ticket_write(struct buf *b, const struct ticket *t)
{
    buf_u8(b, TICKET_FORMAT);
    buf_u8(b, (uint8_t)((t->is_public ? FLAG_PUBLIC : 0) | (t->locked ? FLAG_LOCKED : 0) |
                        (t->owner ? FLAG_OWNER : 0) | (t->stays ? FLAG_STAYS : 0) |
                        (t->lobby ? FLAG_LOBBY : 0) | (t->publish_few ? FLAG_PUBLISH_FEW : 0) |
                        (t->share_few ? FLAG_SHARE_FEW : 0) | (t->programs ? FLAG_PROGRAMS : 0)));
    buf_u64(b, t->room);
    buf_u64(b, t->lineage);
    buf_u64(b, (uint64_t)t->until_ms);
    buf_u64(b, (uint64_t)t->since);
    buf_u32(b, t->version);
    buf_u32(b, t->access);
    buf_u32(b, t->epoch);
    buf_u32(b, t->capacity);
    buf_u16(b, t->title_n);
    buf_put(b, t->title, t->title_n);
    buf_u8(b, t->hash_n);
    buf_put(b, t->hash, t->hash_n);
}

static bool ticket_read(struct ticket *t, struct rd r)
{
    if (rd_u8(&r) != TICKET_FORMAT)
        return false;
    unsigned flags = rd_u8(&r);
    t->is_public = flags & FLAG_PUBLIC;
    t->locked = flags & FLAG_LOCKED;
    t->owner = flags & FLAG_OWNER;
    t->stays = flags & FLAG_STAYS;
    t->lobby = flags & FLAG_LOBBY;
    t->publish_few = flags & FLAG_PUBLISH_FEW;
    t->share_few = flags & FLAG_SHARE_FEW;
    t->programs = flags & FLAG_PROGRAMS;
    t->room = rd_u64(&r);
    t->lineage = rd_u64(&r);
    t->until_ms = (int64_t)rd_u64(&r);
    t->since = (int64_t)rd_u64(&r);
    t->version = rd_u32(&r);
    t->access = rd_u32(&r);
    t->epoch = rd_u32(&r);
    t->capacity = rd_u32(&r);
    t->title_n = rd_u16(&r);
    if (t->title_n > sizeof t->title || !rd_copy(&r, t->title, t->title_n))
        return false;
    t->hash_n = rd_u8(&r);
    if (t->hash_n > sizeof t->hash || !rd_copy(&r, t->hash, t->hash_n))
        return false;
    return !r.bad && r.n == 0 && (flags & ~(unsigned)FLAGS_ALL) == 0;
}

size_t ticket_seal(const struct ticket *t, const uint8_t key[AEAD_KEY_SIZE], struct rng *rng,
                   char out[TICKET_TEXT_MAX])
{
    uint8_t plain[TICKET_PLAIN_MAX];
    struct buf b;
    buf_init_fixed(&b, plain, sizeof plain);
    ticket_write(&b, t);
    return sealed_put(purpose, key, rng, plain, buf_len(&b), out, TICKET_TEXT_MAX);
}

bool ticket_open(struct ticket *t, const uint8_t key[AEAD_KEY_SIZE], struct str text,
                 int64_t wall_ms)
{
    uint8_t plain[TICKET_PLAIN_MAX];
    size_t n;
    return sealed_open(purpose, key, text, plain, sizeof plain, &n) &&
           ticket_read(t, rd_of(plain, n)) && t->until_ms > wall_ms;
}
