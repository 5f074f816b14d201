/* Who somebody is to this server, and what it allows: the first that a page asks. */
#include "domain/domain_int.h"

enum { NAME_MIN = 3, NAME_MAX = 32, PASSWORD_MIN = 8 };

void me_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct asker who = asker_of(cmd);
    (void)s;
    const struct policy_view policy = {
        .registration = d->cfg.registration,
        .guests = d->cfg.guests,
        .user_invites = d->cfg.user_invites,
        .passkeys = d->cfg.passkeys,
        .name_min = NAME_MIN,
        .name_max = NAME_MAX,
        .password_min = PASSWORD_MIN,
    };
    struct event e = {.type = RESULT_ME, .u.account.me.policy = &policy};
    reply(d, &who, &e);
}
