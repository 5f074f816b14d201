/*
 * Control's end of the SFU: which worker has which room, letters to it, and by which addresses people
 * reach it. A room lives on one worker from MEDIA_SFU_OPEN to MEDIA_SFU_CLOSE; its letters arrive in order,
 * and wait when the worker's mailbox is full (app/relay_mail.h). Belongs to the control thread.
 */
#ifndef MADANG_APP_SFU_MAIL_H
#define MADANG_APP_SFU_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "app/netif.h"
#include "base/hash.h"
#include "msg/media_msg.h"

struct listen_set;
struct relay_mail;
struct sfu_mail;

/* Where this server can be reached. */
struct sfu_ways {
    const struct addr *public_ip; /* at which others see it, when that is none of its own */
    unsigned n_public;
    const struct listen_set *listen;
};

/* The candidates of answers, best first, UDP and then passive TCP on the doorman's port: public addresses that were configured, then the machine's own as far
 * as its sockets listen there. Loopback is one only if it is listened on by name, or if there is nothing
 * else. Pure. */
void sfu_at_fill(struct media_sfu_at *out, const struct netif_list *list,
                 const struct sfu_ways *ways);

struct sfu_mail_conf {
    unsigned workers; /* 0: there are no groups */
    struct relay_mail *post;
    struct hash_key hash; /* random */
    /* How much a worker has to do, in lines that it sends; a room that was just placed counts as
     * some. */
    uint64_t (*load)(void *ctx, unsigned worker);
    void *ctx;
};

struct sfu_mail *sfu_mail_new(const struct sfu_mail_conf *conf);
void sfu_mail_free(struct sfu_mail *m); /* NULL is fine */
/* A letter for the worker of its room; MEDIA_SFU_OPEN chooses the one with the least to do. false: there is
 * no such room or no way to its worker, and the letter was dropped. */
bool sfu_mail_give(struct sfu_mail *m, struct media_sfu *letter);
/* To all workers, if they differ from the last. */
void sfu_mail_at(struct sfu_mail *m, const struct netif_list *list, const struct sfu_ways *ways);
unsigned sfu_mail_rooms(const struct sfu_mail *m);

#endif
