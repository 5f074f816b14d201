#include "queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    HELD_MAX = 32768,       /* in the kernel, without a verdict: more than the models hold */
    SOCKET_BYTES = 16 << 20 /* what comes while we do something else */
};

struct side {
    struct queue *q;
    int which;
    struct nfq_q_handle *handle;
};

struct queue {
    struct nfq_handle *nfq;
    struct side sides[QUEUE_N];
    int raw4, raw6;
    queue_packet_fn *packet;
    void *ctx;
};

static int on_packet(struct nfq_q_handle *handle, struct nfgenmsg *msg, struct nfq_data *data,
                     void *ctx)
{
    (void)handle;
    (void)msg;
    struct side *s = ctx;
    struct nfqnl_msg_packet_hdr *head = nfq_get_msg_packet_hdr(data);
    unsigned char *bytes;
    int n = nfq_get_payload(data, &bytes);
    if (head)
        s->q->packet(s->q->ctx, s->which, ntohl(head->packet_id), n > 0 ? bytes : NULL,
                     n > 0 ? (size_t)n : 0);
    return 0;
}

/* Large packets of the kernel's own making (GSO) come in the pieces that would go over a wire: the flag for whole ones
 * is not set. */
static bool bind_side(struct queue *q, int which)
{
    struct side *s = &q->sides[which];
    *s = (struct side){.q = q, .which = which};
    s->handle = nfq_create_queue(q->nfq, (uint16_t)which, on_packet, s);
    return s->handle && nfq_set_mode(s->handle, NFQNL_COPY_PACKET, 0xffff) == 0 &&
           nfq_set_queue_maxlen(s->handle, HELD_MAX) == 0;
}

struct queue *queue_open(queue_packet_fn *packet, void *ctx)
{
    struct queue *q = xcalloc(1, sizeof *q);
    *q = (struct queue){.packet = packet, .ctx = ctx, .raw4 = -1, .raw6 = -1};
    q->nfq = nfq_open();
    for (int i = 0; i < QUEUE_N; i++) {
        if (q->nfq && bind_side(q, i))
            continue;
        fprintf(stderr, "impair: no NFQUEUE here (%s): root? a kernel with nfnetlink_queue?\n",
                strerror(errno));
        queue_close(q);
        return NULL;
    }
    nfnl_rcvbufsiz(nfq_nfnlh(q->nfq), SOCKET_BYTES);
    fcntl(nfq_fd(q->nfq), F_SETFL, O_NONBLOCK);
    q->raw4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    q->raw6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    return q;
}

void queue_close(struct queue *q)
{
    for (int i = 0; i < QUEUE_N; i++) {
        if (q->sides[i].handle)
            nfq_destroy_queue(q->sides[i].handle);
    }
    if (q->nfq)
        nfq_close(q->nfq);
    if (q->raw4 >= 0)
        close(q->raw4);
    if (q->raw6 >= 0)
        close(q->raw6);
    xfree(q);
}

int queue_fd(const struct queue *q)
{
    return nfq_fd(q->nfq);
}

void queue_read(struct queue *q)
{
    static char bytes[0x11000];
    for (int i = 0; i < 64; i++) {
        ssize_t n = recv(queue_fd(q), bytes, sizeof bytes, 0);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                fprintf(stderr, "impair: the kernel has dropped packets: %s\n", strerror(errno));
            return;
        }
        nfq_handle_packet(q->nfq, bytes, (int)n);
    }
}

void queue_verdict(struct queue *q, int which, uint32_t id, bool pass)
{
    nfq_set_verdict(q->sides[which].handle, id, pass ? NF_ACCEPT : NF_DROP, 0, NULL);
}

void queue_send(struct queue *q, const uint8_t *bytes, size_t n)
{
    if (n >= 20 && bytes[0] >> 4 == 4) {
        struct sockaddr_in to = {.sin_family = AF_INET};
        memcpy(&to.sin_addr, bytes + 16, 4);
        (void)sendto(q->raw4, bytes, n, 0, (struct sockaddr *)&to, sizeof to);
    } else if (n >= 40 && bytes[0] >> 4 == 6) {
        struct sockaddr_in6 to = {.sin6_family = AF_INET6};
        memcpy(&to.sin6_addr, bytes + 24, 16);
        (void)sendto(q->raw6, bytes, n, 0, (struct sockaddr *)&to, sizeof to);
    }
}
