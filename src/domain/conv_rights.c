/* Who may do what in a conversation: one table. */
#include "domain/conv.h"

enum { IN_DIRECT = 1, BY_MEMBER = 2, BY_MODERATOR = 4, BY_OWNER = 8, WHEN_ARCHIVED = 16 };
#define BY_ALL  (BY_MEMBER | BY_MODERATOR | BY_OWNER)
#define BY_MANY (BY_MODERATOR | BY_OWNER)

static const uint8_t rights[CONV_ACTIONS] = {
    [CONV_DO_READ] = IN_DIRECT | BY_ALL | WHEN_ARCHIVED,
    [CONV_DO_WRITE] = IN_DIRECT | BY_ALL,
    [CONV_DO_DELETE] = IN_DIRECT | BY_ALL | WHEN_ARCHIVED,
    [CONV_DO_DELETE_ANY] = BY_MANY | WHEN_ARCHIVED,
    [CONV_DO_DESCRIBE] = BY_MANY,
    [CONV_DO_OPEN] = BY_OWNER,
    [CONV_DO_INVITE] = BY_MANY,
    [CONV_DO_REMOVE] = BY_MANY | WHEN_ARCHIVED,
    [CONV_DO_RANK] = BY_OWNER | WHEN_ARCHIVED,
    [CONV_DO_ARCHIVE] = BY_OWNER | WHEN_ARCHIVED,
    [CONV_DO_LEAVE] = BY_ALL | WHEN_ARCHIVED,
};

bool conv_may(const struct conv *c, const struct conv_member *m, enum conv_action what)
{
    static const uint8_t by[CONV_ROLES] = {BY_MEMBER, BY_MODERATOR, BY_OWNER};
    if (c->kind == CONV_DIRECT)
        return rights[what] & IN_DIRECT;
    return (rights[what] & by[m->role]) &&
           (!(c->flags & CONV_ARCHIVED) || (rights[what] & WHEN_ARCHIVED));
}
