/* A worker with everything around it that control would be: sockets, a doorman, a mailbox. */
#ifndef TESTS_UNIT_WORKER_HOUSE_H
#define TESTS_UNIT_WORKER_HOUSE_H

#include <stdio.h>

#include "app/worker.h"
#include "base/count.h"
#include "base/mem.h"
#include "io/census.h"
#include "io/doorman.h"
#include "io/listen.h"
#include "io/mailbox.h"
#include "io_peer.h"
#include "msg/media_msg.h"

/* Control: a loop with a doorman; a worker in its own thread. */
struct house {
    struct loop *l;
    struct doorman *d;
    struct census *census;
    struct listen_set set;
    struct worker *w;
    struct mailbox *letters;
    char *dumped;
    uint64_t cookie;
};

static UNUSED_OK void on_letter(void *ctx, struct letter *l)
{
    struct house *h = ctx;
    assert_int_equal(l->kind, MEDIA_DUMPED);
    struct media_dump *m = container_of(l, struct media_dump, letter);
    h->dumped = m->text;
    h->cookie = m->cookie;
    m->text = NULL;
    letter_drop(l);
}

static UNUSED_OK void house_open(struct house *h, struct worker_conf conf)
{
    char err[256];
    memset(h, 0, sizeof *h);
    struct listen_conf lc = {.naddrs = 1, .addrs = {addr_ip4(127, 0, 0, 1, 0)}};
    assert_true(listen_open(&lc, &h->set, err, sizeof err));
    h->l = loop_new(NULL);
    h->census = census_new(100, 100);
    h->letters = mailbox_new("control", 16);
    assert_int_equal(mailbox_attach(h->letters, h->l, on_letter, h), 0);
    conf.udp_fds = h->set.udp;
    conf.nudp = h->set.nudp;
    conf.control = h->letters;
    conf.stun.key = (struct hash_key){3, 4};
    h->w = worker_start(&conf, err, sizeof err);
    assert_non_null(h->w);
    h->d = doorman_new(h->l, &(struct doorman_conf){.census = h->census});
    struct tls_ctx *tls = peer_server_ctx();
    doorman_tls(h->d, tls);
    tls_ctx_unref(tls);
    doorman_taker(h->d, DOORMAN_STUN, worker_take, h->w);
    assert_int_equal(doorman_listen(h->d, h->set.tcp[0]), 0);
}

static UNUSED_OK void house_close(struct house *h)
{
    worker_stop(h->w, 100000);
    doorman_free(h->d);
    loop_round(h->l, 0);
    assert_int_equal(census_total(h->census), 0);
    mailbox_free(h->letters);
    loop_free(h->l);
    census_free(h->census);
    listen_close(&h->set);
    xfree(h->dumped);
}

static UNUSED_OK uint64_t counted(struct house *h, enum count which)
{
    return count_get(worker_counts(h->w), which);
}

/* A worker counts in its own thread, some things only after it has sent what is seen of them here. */
#define COUNTED(h, which, n) PUMP_UNTIL((h)->l, counted(h, which) == (uint64_t)(n))

static UNUSED_OK void local_of(int fd, struct addr *a)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    getsockname(fd, (struct sockaddr *)&ss, &len);
    addr_from_sockaddr(a, (struct sockaddr *)&ss, len);
}

#endif
