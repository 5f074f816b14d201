/*
 * A letter is a message that one thread gives to another: whoever holds it owns it. Every message
 * that travels through a mailbox begins with this struct.
 */
#ifndef MADANG_BASE_LETTER_H
#define MADANG_BASE_LETTER_H

#include <stddef.h>
#include <stdint.h>

struct letter {
    struct letter *next; /* the mailbox's while it is under way */
    uint32_t kind;       /* from the enum of the receiver's message header, e.g. msg/media_msg.h */
    /* Releases the letter and everything in it; called by whoever doesn't want it. */
    void (*drop)(struct letter *self);
};

static inline void letter_drop(struct letter *l)
{
    if (l != NULL && l->drop != NULL) {
        l->drop(l);
    }
}

#endif
