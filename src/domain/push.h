/* Web Push: who is told when they have no page open. A browser's subscription belongs to the sign-in (the
 * cookie) that it was made with, and goes with it. */
#ifndef MADANG_DOMAIN_PUSH_H
#define MADANG_DOMAIN_PUSH_H

#include <stdint.h>

#include "msg/cmd.h"
#include "msg/push_msg.h"

struct domain;
struct session;

/* Tells of what `from` did (0: nobody) every browser of somebody who has not blocked them and wished it (the setting "push", and a subscription), except those that
 * have a page open; nothing happens where push is off. The note is copied. ttl_s: how long it is of use. Notes of one kind and id replace
 * each other at the service, PUSH_MISSED and PUSH_TAKEN replace PUSH_CALL. */
void push_user(struct domain *d, uint64_t user, uint64_t from, const struct push_note *note,
               uint32_t ttl_s);

/* Requests of a session with a person: push_add {endpoint, p256dh, auth}, push_remove {endpoint}. */
void push_add(struct domain *d, struct session *s, const struct cmd *cmd);
void push_remove(struct domain *d, struct session *s, const struct cmd *cmd);

#endif
