/*
 * What was there already? The last SRTP_WINDOW indices of one SSRC as a ring of bits (RFC 3711 3.3.2),
 * and the index that a 16-bit sequence number most likely stands for (3.3.1, appendix A). All zeros is
 * the start.
 */
#ifndef MADANG_PROTO_SRTP_WINDOW_H
#define MADANG_PROTO_SRTP_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/srtp.h"

struct srtp_window {
    uint64_t next; /* the highest index so far, plus 1 */
    uint64_t bits[SRTP_WINDOW / 64];
};

/* SRTP_OK, SRTP_E_REPLAY or SRTP_E_OLD. */
enum srtp_result srtp_window_check(const struct srtp_window *w, uint64_t index);
/* index was there now; only for one that srtp_window_check has let through. */
void srtp_window_mark(struct srtp_window *w, uint64_t index);
/* Could marking have led to this? For what was saved. */
bool srtp_window_valid(const struct srtp_window *w, uint64_t limit);

/* The 48-bit index of sequence number seq. SRTP_E_EXHAUSTED: it would need a 49th bit. */
enum srtp_result srtp_window_guess(const struct srtp_window *w, uint16_t seq, uint64_t *index);

#endif
