/* One look at an SDP or a trickle-ice-sdpfrag (RFC 8866, RFC 8839, RFC 8840) for what a relay has to
 * know: ufrag, pwd and the addresses of the candidates. It parses nothing else, allocates nothing,
 * and takes whatever bytes come: lines that make no sense are passed over. */
#ifndef MADANG_EDGE_WEB_SDP_SCAN_H
#define MADANG_EDGE_WEB_SDP_SCAN_H

#include "base/str.h"
#include "msg/cmd.h"

/* out's slices point into body. */
void sdp_scan(struct str body, struct sdp_scan *out);

#endif
