/*
 * Letters to the workers about relays: what the domain says of scopes, and which addresses are the
 * machine's own. Every worker gets every letter, in order, since any of them may own a relay of any
 * scope. A mailbox may be full: then the letters to that worker wait here, behind each other, until
 * there is room. Belongs to the control thread.
 */
#ifndef MADANG_APP_RELAY_MAIL_H
#define MADANG_APP_RELAY_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "app/config.h"
#include "app/netif.h"
#include "base/addr.h"
#include "msg/effect.h"
#include "msg/media_msg.h"

struct counts;
struct relay_mail;

struct relay_own_conf {
    const struct addr *public_ip; /* of a 1:1 NAT in front of this machine */
    unsigned n_public;
    enum config_lan lan;
};

/* Gives the letter to a worker; false: it has no room, and the letter is still the caller's. */
typedef bool relay_post_fn(void *ctx, unsigned worker, struct letter *l);

/* At most RELAY_MAIL_WAITING letters wait for one worker. Beyond that what opens something is left
 * out (calls find another way, or none); what closes something always goes: there is no more of that
 * than was opened. */
enum { RELAY_MAIL_WAITING = 8192 };

struct relay_mail *relay_mail_new(unsigned workers, relay_post_fn *post, void *ctx,
                                  struct counts *counts);
void relay_mail_free(struct relay_mail *m); /* NULL is fine; drops what waits */

/* One letter for one worker, behind what waits for it; about the SFU (app/sfu_mail.h). false: too much waits, it was
 * dropped. */
bool relay_mail_give(struct relay_mail *m, unsigned worker, struct letter *letter);

void relay_mail_scope(struct relay_mail *m, const struct relay_scope *what);
/* Posts only what differs from the last. */
void relay_mail_own(struct relay_mail *m, const struct netif_list *list,
                    const struct relay_own_conf *conf);
/* Tries again what waits; true: something still does. */
bool relay_mail_again(struct relay_mail *m);

/* What relay_mail_own says; pure. Loopback addresses are in it, so that relays of clients on this
 * machine find each other; link-local ones are not: they are denied for what they are. lan: the
 * private networks of real interfaces, where people may be, too; with CONFIG_LAN_ON also those of
 * VPNs, never those of containers; with CONFIG_LAN_AUTO only on a machine without a public address. */
void relay_own_fill(struct media_own *out, const struct netif_list *list,
                    const struct relay_own_conf *conf);

#endif
