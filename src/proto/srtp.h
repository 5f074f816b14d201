/*
 * SRTP and SRTCP (RFC 3711, RFC 7714) as DTLS-SRTP uses them (RFC 5764): no MKI, key derivation rate
 * 0, SRTCP always encrypted, full tags. A struct srtp is one direction of one connection with its
 * keys: SRTP_OUT protects, SRTP_IN unprotects. Every SSRC has a rollover counter and a replay window of
 * its own. Memory is taken by srtp_new, and as SSRCs are added and ended; a packet costs no allocation, and the
 * ciphers keep their key schedules. Pure: no clock, no randomness (there are no random nonces in SRTP).
 *
 * Rules that hold whatever comes in:
 *   - a packet that isn't authentic, or is a replay, changes nothing but a counter;
 *   - one SSRC and index is protected at most once, since both ciphers fall when a nonce repeats; for
 *     the same reason an SSRC that was ended never comes back under these keys.
 */
#ifndef MADANG_PROTO_SRTP_H
#define MADANG_PROTO_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proto/srtp_profile.h"

enum srtp_way { SRTP_IN, SRTP_OUT };

enum {
    SRTP_WINDOW = 1024,     /* packets of one SSRC that may come out of order */
    SRTP_STREAMS_MAX = 4096 /* of one struct srtp; the caller takes far fewer */
};

enum srtp_result {
    SRTP_OK = 0,
    SRTP_E_MALFORMED, /* no RTP or RTCP header, or too short for tag and index */
    SRTP_E_ROOM,      /* the result doesn't fit into cap */
    SRTP_E_STREAM,    /* out: this SSRC wasn't added; both: it was ended; or the wrong direction */
    SRTP_E_FULL,      /* in: there are streams_max SSRCs already */
    SRTP_E_REPLAY,    /* this index was there before */
    SRTP_E_OLD,       /* below the window, so nobody can tell */
    SRTP_E_AUTH,      /* not from whoever has the key */
    SRTP_E_CLEAR,     /* SRTCP that isn't encrypted, which we never agreed to */
    SRTP_E_EXHAUSTED, /* all 2^48 (SRTCP: 2^31) indices of this SSRC are used: new keys are needed */
    SRTP_E_CRYPTO,    /* the library failed */
    SRTP_RESULTS
};
/* "auth", "replay", ...: static, for counters. */
const char *srtp_result_name(enum srtp_result r);

struct srtp;

/* key and salt are the master's (srtp_key_size, srtp_salt_size bytes), copied; the session keys are
 * derived from them (RFC 3711 4.3.1). streams_max: 1 .. SRTP_STREAMS_MAX SSRCs at a time, 290 bytes
 * each; those of SRTP_IN at once, those of SRTP_OUT as they are added. NULL: no memory, or an unknown profile or number. */
struct srtp *srtp_new(enum srtp_profile profile, enum srtp_way way, const uint8_t *key,
                      const uint8_t *salt, unsigned streams_max);
/* NULL is fine. Keys are wiped. */
void srtp_free(struct srtp *s);
/* Both directions from the exporter's bytes; `server`: we were the DTLS server, as the SFU always is.
 * ERR_NOMEM, ERR_UNSUPPORTED (profile), ERR_RANGE (streams); on ERR_OK both are the caller's. */
enum err srtp_pair(enum srtp_profile profile, const uint8_t *material, bool server,
                   unsigned in_streams, unsigned out_streams, struct srtp **in, struct srtp **out);

/* Outgoing SSRCs are made on purpose. Their numbers should begin below 32,768 (RFC 3711 3.3.1), so
 * that a receiver that misses the first wrap still guesses right. ERR_EXISTS; ERR_CAP: there are
 * streams_max; ERR_NOMEM; ERR_CLOSED: it was ended; ERR_MISUSE: this is SRTP_IN, where an SSRC is made by its
 * first authentic packet. */
enum err srtp_add(struct srtp *s, uint32_t ssrc);
/* Frees the place of an SSRC for another one; this one is refused from now on. ERR_NOT_FOUND; ERR_CAP:
 * 8 * streams_max were ended already, or ERR_NOMEM, so it stays. */
enum err srtp_end(struct srtp *s, uint32_t ssrc);
/* From now on there may be so many SSRCs at a time, if that is more. ERR_RANGE, ERR_NOMEM. */
enum err srtp_reserve(struct srtp *s, unsigned streams);
/* SSRCs that have a place now. */
unsigned srtp_streams(const struct srtp *s);

/* ---- Packets. *n is set only on SRTP_OK; what a failed call wrote into memory is undefined ---- */

/* In place: *n bytes of RTP become *n + srtp_trailer_size bytes; p has room for cap. */
enum srtp_result srtp_protect(struct srtp *s, uint8_t *p, size_t *n, size_t cap);
/* In place: checks, decrypts, *n becomes the size of the RTP packet (RTP padding still in it). A replay
 * is known before anything is decrypted: the packet is left as it came. */
enum srtp_result srtp_unprotect(struct srtp *s, uint8_t *p, size_t *n);
/* The same for a compound RTCP packet. */
enum srtp_result srtp_protect_rtcp(struct srtp *s, uint8_t *p, size_t *n, size_t cap);
enum srtp_result srtp_unprotect_rtcp(struct srtp *s, uint8_t *p, size_t *n);

/* One payload for many: the packet is gathered from its parts and written encrypted, so the shared
 * payload is read once and never copied. Sequence number, SSRC and padding bit are those of head. */
struct srtp_parts {
    const uint8_t *head;    /* the whole RTP header with extension; left in the clear */
    const uint8_t *front;   /* what this receiver gets before the payload: a rewritten payload */
    const uint8_t *payload; /* descriptor, or the number that RTX repeats; then the rest */
    uint16_t head_n;
    uint16_t front_n; /* may be 0 */
    uint16_t payload_n;
    uint8_t pad; /* bytes of RTP padding to append (0 = none), for packets of equal size */
};
/* dst has room for cap and overlaps no part; *n is what was written. pad > 0 sets the padding bit. */
enum srtp_result srtp_protect_to(struct srtp *s, uint8_t *dst, size_t cap,
                                 const struct srtp_parts *parts, size_t *n);

/* Several packets of one connection at once. */
struct srtp_job {
    struct srtp_parts parts;
    uint8_t *dst;
    size_t cap;
    size_t n; /* out */
    enum srtp_result result;
};
/* Goes on after a failure. Returns how many succeeded. */
unsigned srtp_protect_batch(struct srtp *s, struct srtp_job *jobs, unsigned n);

/* Packets by result; [SRTP_OK] are those that passed. Borrowed for the lifetime of s. */
struct srtp_counts {
    uint64_t rtp[SRTP_RESULTS];
    uint64_t rtcp[SRTP_RESULTS];
};
const struct srtp_counts *srtp_counts(const struct srtp *s);

/* ---- Save and load: a restart need not end a call ---- */

/* What srtp_save needs now. */
size_t srtp_save_size(const struct srtp *s);
/* Writes keys, rollover counters, replay windows and ended SSRCs as a flat record (a version in front,
 * integers big endian); not the counts. It holds session keys: as secret as they are. The bytes written,
 * or 0 when cap is too small. Whoever saved SRTP_OUT must not protect with it any more: two with the same
 * counters would repeat nonces. */
size_t srtp_save(const struct srtp *s, uint8_t *out, size_t cap);
/* ERR_SYNTAX: no whole record; ERR_UNSUPPORTED: another version or profile; ERR_RANGE: a value that
 * can't be; ERR_NOMEM. */
enum err srtp_load(struct srtp **out, const uint8_t *p, size_t n);

#endif
