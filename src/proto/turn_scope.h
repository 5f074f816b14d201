/*
 * Call-scoped relays: which peers a relay may reach whose credentials signaling handed out. A scope
 * is one participant of one call. It has parties: the other participants, each with the addresses
 * and the ice-pwds that it signalled to this participant. A relay of the scope reaches the IP
 * addresses of its parties and their relays here, nobody else; and until a peer has answered a
 * Binding whose MESSAGE-INTEGRITY verifies with the ice-pwd of its party (RFC 7675's consent, asked
 * for by the relay itself), it passes Bindings only. Everything has caps; a full table forgets the
 * oldest. A core: driven by letters from signaling and by the server.
 */
#ifndef MADANG_PROTO_TURN_SCOPE_H
#define MADANG_PROTO_TURN_SCOPE_H

#include "base/addr.h"
#include "base/hash.h"
#include "base/str.h"

struct turn_scopes;

enum {
    TURN_PARTY_ADDRS = 32, /* addresses remembered of one party */
    TURN_PARTY_PWDS = 4,   /* and ice-pwds (several connections, ICE restarts) */
    TURN_SCOPE_PARTIES = 64,
    TURN_PWD_MAX = 256,     /* RFC 8839 5.4 */
    TURN_CONSENT_TRIES = 32 /* HMACs for one answer */
};

struct turn_scopes *turn_scopes_new(const struct hash_key *key, unsigned max_scopes);
void turn_scopes_free(struct turn_scopes *t);

/* false: there are max_scopes already, or no memory. Opening an open one does nothing; 0 is no
 * scope. */
bool turn_scopes_open(struct turn_scopes *t, uint64_t scope);
/* The call is over for this participant. */
void turn_scopes_close(struct turn_scopes *t, uint64_t scope);
bool turn_scopes_is_open(const struct turn_scopes *t, uint64_t scope);
unsigned turn_scopes_count(const struct turn_scopes *t);

/* party (another scope's id: what its own relays here are known by) signalled these addresses
 * (ports are ignored) and this pwd (n = 0: none in this message). What is signalled again counts
 * as new. Does nothing for a scope that is not open. */
void turn_scopes_party(struct turn_scopes *t, uint64_t scope, uint64_t party, struct str pwd,
                       const struct addr *addrs, unsigned n);
/* The party left the call. */
void turn_scopes_drop_party(struct turn_scopes *t, uint64_t scope, uint64_t party);

/* Has one of the parties signalled this IP? */
bool turn_scopes_has_addr(const struct turn_scopes *t, uint64_t scope, const struct addr *peer);
/* Is the other scope a party of this one? For relay to relay. */
bool turn_scopes_has_party(const struct turn_scopes *t, uint64_t scope, uint64_t party);
/* A Binding success response from peer (party 0), or from a relay of that party: does its
 * MESSAGE-INTEGRITY verify with a pwd which the party that owns the address signalled? The newest
 * pwds are tried first, TURN_CONSENT_TRIES in all: some 20 us at worst, so ask only while consent
 * is missing or soon to lapse. */
bool turn_scopes_consents(const struct turn_scopes *t, uint64_t scope, const struct addr *peer,
                          uint64_t party, const uint8_t *p, size_t n);

#endif
