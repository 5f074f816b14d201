#include "edge/store/mem_store.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/hmap.h"
#include "base/list.h"
#include "base/mem.h"

/* Messages lie packed one behind the other: from, time, lengths of name and text, name, text. Rooms
 * are many and mostly quiet, so nothing is allocated for a message of its own. */
#define RECORD_HEAD (8 + 8 + 2 + 4)
#define ROOM_BYTES  (16 << 20) /* never reached: 100 messages of 8 kB are less */

struct store_room {
    struct hnode node;
    uint64_t id;
    int64_t last_seq;
    uint32_t n; /* messages in bytes, the last of them has last_seq */
    struct buf bytes;
};

struct queued {
    struct list node;
    struct store_request request;
    char text[];
};

struct mem_store {
    size_t per_room;
    size_t max_bytes;
    size_t n_messages;
    size_t n_bytes;
    struct hash_key key;
    struct hmap rooms;
    struct list queue;
    struct queued *answered; /* what the last answer points into */
    struct chat_view *history;
};

struct mem_store *mem_store_new(size_t per_room, size_t max_bytes, const uint8_t seed[16])
{
    struct mem_store *ms = xcalloc(1, sizeof *ms);
    ms->per_room = per_room;
    ms->max_bytes = max_bytes;
    ms->key = (struct hash_key){get_u64(seed), get_u64(seed + 8)};
    hmap_init(&ms->rooms);
    list_init(&ms->queue);
    ms->history = xcalloc(per_room ? per_room : 1, sizeof *ms->history);
    return ms;
}

static void room_drop(struct mem_store *ms, struct store_room *r)
{
    ms->n_messages -= r->n;
    ms->n_bytes -= buf_len(&r->bytes);
    hmap_remove(&ms->rooms, &r->node);
    buf_free(&r->bytes);
    xfree(r);
}

void mem_store_free(struct mem_store *ms)
{
    if (!ms)
        return;
    HMAP_FOREACH_SAFE(it, &ms->rooms) {
        room_drop(ms, container_of(it, struct store_room, node));
    }
    struct list *l;
    while ((l = list_pop_front(&ms->queue)) != NULL)
        xfree(container_of(l, struct queued, node));
    hmap_free(&ms->rooms);
    xfree(ms->answered);
    xfree(ms->history);
    xfree(ms);
}

void mem_store_request(struct mem_store *ms, const struct store_request *request)
{
    struct str name = request->message.name, text = request->message.text;
    struct queued *q = xmalloc(sizeof *q + name.n + text.n);
    q->request = *request;
    if (name.n)
        memcpy(q->text, name.p, name.n);
    if (text.n)
        memcpy(q->text + name.n, text.p, text.n);
    q->request.message.name = str_of(q->text, name.n);
    q->request.message.text = str_of(q->text + name.n, text.n);
    list_init(&q->node);
    list_push_back(&ms->queue, &q->node);
}

static struct store_room *room_find(const struct mem_store *ms, uint64_t id)
{
    for (struct hnode *it = hmap_first(&ms->rooms, hash_u64(&ms->key, id)); it;
         it = hmap_next_same(it)) {
        struct store_room *r = container_of(it, struct store_room, node);
        if (r->id == id)
            return r;
    }
    return NULL;
}

static struct store_room *room_get(struct mem_store *ms, uint64_t id)
{
    struct store_room *r = room_find(ms, id);
    if (r)
        return r;
    r = xcalloc(1, sizeof *r);
    r->id = id;
    buf_init(&r->bytes, ROOM_BYTES);
    hmap_insert(&ms->rooms, &r->node, hash_u64(&ms->key, id));
    return r;
}

static void record_read(struct rd *rd, struct chat_view *out)
{
    out->from = rd_u64(rd);
    out->time_ms = (int64_t)rd_u64(rd);
    size_t name_n = rd_u16(rd);
    size_t text_n = rd_u32(rd);
    out->name = rd_str(rd, name_n);
    out->text = rd_str(rd, text_n);
}

static void record_write(struct buf *b, const struct chat_view *m)
{
    buf_u64(b, m->from);
    buf_u64(b, (uint64_t)m->time_ms);
    buf_u16(b, (uint16_t)m->name.n);
    buf_u32(b, (uint32_t)m->text.n);
    buf_put_str(b, m->name);
    buf_put_str(b, m->text);
}

static void room_forget_oldest(struct mem_store *ms, struct store_room *r)
{
    struct chat_view m;
    struct rd rd = rd_of(buf_data(&r->bytes), buf_len(&r->bytes));
    record_read(&rd, &m);
    size_t n = buf_len(&r->bytes) - rd.n;
    buf_consume(&r->bytes, n);
    r->n--;
    ms->n_messages--;
    ms->n_bytes -= n;
}

static void do_append(struct mem_store *ms, const struct store_request *rq,
                      struct store_answer *out)
{
    struct store_room *r = room_get(ms, rq->room);
    size_t need = RECORD_HEAD + rq->message.name.n + rq->message.text.n;
    out->message = rq->message;
    out->message.seq = ++r->last_seq;
    while (r->n > 0 && (r->n >= ms->per_room || ms->n_bytes + need > ms->max_bytes))
        room_forget_oldest(ms, r);
    if (ms->per_room == 0 || ms->n_bytes + need > ms->max_bytes)
        return; /* delivered, but not kept */
    record_write(&r->bytes, &rq->message);
    r->n++;
    ms->n_messages++;
    ms->n_bytes += need;
}

static void do_load(struct mem_store *ms, const struct store_request *rq, struct store_answer *out)
{
    struct store_room *r = room_find(ms, rq->room);
    out->history = ms->history;
    if (!r)
        return;
    struct rd rd = rd_of(buf_data(&r->bytes), buf_len(&r->bytes));
    for (uint32_t i = 0; i < r->n; i++) {
        record_read(&rd, &ms->history[i]);
        ms->history[i].seq = r->last_seq - r->n + 1 + i;
    }
    out->n_history = r->n;
}

bool mem_store_answer(struct mem_store *ms, struct store_answer *out)
{
    struct list *l;
    while ((l = list_pop_front(&ms->queue)) != NULL) {
        xfree(ms->answered);
        ms->answered = container_of(l, struct queued, node);
        const struct store_request *rq = &ms->answered->request;
        *out = (struct store_answer){.kind = rq->kind, .room = rq->room, .ctx = rq->ctx};
        if (rq->kind == STORE_APPEND) {
            do_append(ms, rq, out);
            return true;
        }
        if (rq->kind == STORE_LOAD) {
            do_load(ms, rq, out);
            return true;
        }
        struct store_room *r = room_find(ms, rq->room);
        if (r)
            room_drop(ms, r);
    }
    return false;
}

void mem_store_count(const struct mem_store *ms, struct mem_store_counts *out)
{
    *out = (struct mem_store_counts){
        .rooms = ms->rooms.n, .messages = ms->n_messages, .bytes = ms->n_bytes};
}
