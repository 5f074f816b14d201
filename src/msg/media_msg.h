/*
 * Letters between control and the media workers: the only place where the two meet. Each begins
 * with struct letter and is owned by whoever holds it.
 */
#ifndef MADANG_MSG_MEDIA_MSG_H
#define MADANG_MSG_MEDIA_MSG_H

#include <stdint.h>

#include "base/letter.h"

struct stream_handover; /* io/stream.h; control and worker only pass it on */

enum media_kind {
    /* control -> worker */
    MEDIA_STREAM = 1, /* struct media_stream: a connection that spoke STUN or TURN */
    MEDIA_DUMP,       /* struct media_dump: write your state as JSON, send it back */
    /* worker -> control */
    MEDIA_DUMPED /* struct media_dump with its text */
};

struct media_stream {
    struct letter letter;
    struct stream_handover *conn; /* owned; NULL once somebody has taken it */
};

struct media_dump {
    struct letter letter;
    uint32_t worker;
    uint64_t cookie; /* the asker's; comes back */
    char *text;      /* one JSON object, NUL-terminated; owned by the letter */
};

#endif
