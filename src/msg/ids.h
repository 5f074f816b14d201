/* Ids of sessions and rooms: 64 bits, of which the place is readable by other nodes later (10 bits
 * node, 6 bits worker), and 48 are random. On the wire they are 13 characters of Crockford base32,
 * in memory uint64_t. 0 is no id. An id is not a secret. */
#ifndef MADANG_MSG_IDS_H
#define MADANG_MSG_IDS_H

#include <stdint.h>

#define ID_TEXT_LEN      13
#define TOKEN_LEN        16 /* bytes of a session token */
#define TOKEN_TEXT_LEN   22 /* the same in base64url without padding */
#define CONN_NAME_MAX    32 /* characters of the name of a peer connection */
#define PROTOCOL_VERSION 1  /* the one version of docs/protocol.md that is spoken */

#define ID_NODE(id)      ((uint32_t)((id) >> 54))
#define ID_WORKER(id)    ((uint32_t)((id) >> 48) & 63)
#define ID_MAKE(node, worker, random)                                \
    ((uint64_t)((node)&1023) << 54 | (uint64_t)((worker)&63) << 48 | \
     ((uint64_t)(random)&0xffffffffffffULL))

/* A session as the edge sees it. slot is a small number that belongs to the session until
 * EFFECT_SESSION_ENDED and is used again after it: the edge may keep its own objects in an array
 * by slot instead of a table by id. */
struct session_ref {
    uint64_t id;
    uint32_t slot;
};

#endif
