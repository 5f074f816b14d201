/* The last messages of each room, in memory: the first inhabitant of the store's port. A later one
 * lives on a thread of its own; this one answers as soon as it is asked, but by a letter too. */
#ifndef MADANG_EDGE_STORE_MEM_STORE_H
#define MADANG_EDGE_STORE_MEM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "msg/store_msg.h"

struct mem_store;

/* per_room: how many messages a room keeps; max_bytes: how much all rooms may take together (at the
 * cap a room that gets a message loses its oldest). seed: for the hash of room ids. */
struct mem_store *mem_store_new(size_t per_room, size_t max_bytes, const uint8_t seed[16]);
void mem_store_free(struct mem_store *ms);

/* Copies the request into a queue. */
void mem_store_request(struct mem_store *ms, const struct store_request *request);
/* Does queued requests until one gives an answer; false when the queue is empty. What *out points
 * to is valid until the next call of either function. Call it after the domain has returned:
 *     while (mem_store_answer(ms, &a)) domain_stored(d, now, wall, &a); */
bool mem_store_answer(struct mem_store *ms, struct store_answer *out);

struct mem_store_counts {
    size_t rooms;
    size_t messages;
    size_t bytes;
};
void mem_store_count(const struct mem_store *ms, struct mem_store_counts *out);

#endif
