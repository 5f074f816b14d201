/* Inside of transport.c and transport_save.c; nobody else includes this. */
#ifndef MADANG_MEDIA_TRANSPORT_INT_H
#define MADANG_MEDIA_TRANSPORT_INT_H

#include "media/transport.h"

struct transport {
    struct transport_ops ops;
    void *ctx;
    enum transport_state state;
    enum transport_end why;
    struct ice_lite ice;
    struct tuple told[ICE_PATHS_MAX]; /* paths that ops.path was told of */
    uint32_t n_told, told_changes;
    struct tuple dtls_at; /* where its last DTLS came from */
    int64_t shake_us, shake_until_us;
    uint8_t fingerprint[TRANSPORT_FINGERPRINT_MAX];
    uint32_t fingerprint_n, fingerprint_hash;
    unsigned in_streams, out_streams;
    struct srtp *in, *out; /* once OPEN */
    struct transport_stats stats;
};

/* Tells the world what has changed about the paths. */
void transport_sync_paths(struct transport *t);

#endif
