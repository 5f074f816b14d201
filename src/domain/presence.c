/* Who is there. */
#include "domain/user.h"

void presence_user_online(struct domain *d, struct user *u)
{
    (void)d;
    (void)u;
}

void presence_user_offline(struct domain *d, struct user *u)
{
    (void)d;
    (void)u;
}

void presence_user_changed(struct domain *d, struct user *u)
{
    (void)d;
    (void)u;
}

void presence_user_talks(struct domain *d, struct user *u)
{
    (void)d;
    (void)u;
}
