/* Tickets: what a client needs to come back to its room after the server was restarted. Sealed by
 * AES-256-GCM with a key from the data folder, so that a client can neither read nor change one:
 * nobody can make a locked room again without its lock. */
#ifndef MADANG_DOMAIN_TICKET_H
#define MADANG_DOMAIN_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/str.h"
#include "domain/names.h"
#include "domain/sealed.h"
#include "msg/store_msg.h"

struct ticket {
    uint64_t room;
    uint64_t lineage; /* whose: the first session of a person's chain of sessions */
    int64_t until_ms; /* wall clock */
    uint32_t version; /* of the room when this was made */
    uint32_t access;  /* the version that last changed who may enter */
    uint32_t epoch;   /* of the life of the room in which this was made */
    uint32_t capacity;
    bool is_public;
    bool locked;
    bool lobby, publish_few, share_few, programs;
    bool owner;    /* the holder owned the room */
    bool stays;    /* the room is that of a conversation: `hash` is the password's that was there */
    int64_t since; /* then: what a guest may see from */
    uint8_t hash_n;
    uint16_t title_n;
    char title[NAMES_BYTES_MAX];
    char hash[PASSWORD_HASH_MAX];
};

#define TICKET_PLAIN_MAX \
    (1 + 1 + 8 + 8 + 8 + 8 + 4 + 4 + 4 + 4 + 2 + NAMES_BYTES_MAX + 1 + PASSWORD_HASH_MAX)
#define TICKET_TEXT_MAX SEALED_TEXT_SIZE(TICKET_PLAIN_MAX)

/* The text of the ticket with a NUL; the result is its length. */
size_t ticket_seal(const struct ticket *t, const uint8_t key[AEAD_KEY_SIZE], struct rng *rng,
                   char out[TICKET_TEXT_MAX]);
/* False for everything that was not made by ticket_seal with this key, and when it is too old. */
bool ticket_open(struct ticket *t, const uint8_t key[AEAD_KEY_SIZE], struct str text,
                 int64_t wall_ms);

#endif
