/* Packets that a router of the laboratory is about to forward, handed out by its kernel (NFQUEUE) and given back:
 * queue 0 is the way down (to the home), 1 the way up. impair.mjs has the rules that fill them. */
#ifndef MADANG_TESTS_IMPAIR_QUEUE_H
#define MADANG_TESTS_IMPAIR_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUEUE_DOWN, QUEUE_UP, QUEUE_N };

/* A packet with its IP header has come; `bytes` is borrowed until it returns. Each gets one verdict, then or later. */
typedef void queue_packet_fn(void *ctx, int which, uint32_t id, const uint8_t *bytes, size_t n);

struct queue;

/* NULL and a line on stderr: not root, or a kernel without it. */
struct queue *queue_open(queue_packet_fn *packet, void *ctx);
void queue_close(struct queue *q);

/* To be polled for POLLIN; queue_read() then calls `packet` for what is there. */
int queue_fd(const struct queue *q);
void queue_read(struct queue *q);

/* Lets a packet go on its way, or drops it. */
void queue_verdict(struct queue *q, int which, uint32_t id, bool pass);

/* Sends a packet as it is, past the queues. */
void queue_send(struct queue *q, const uint8_t *bytes, size_t n);

#endif
