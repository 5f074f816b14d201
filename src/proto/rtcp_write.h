/* How all writers of RTCP begin. For rtcp_*.c only. */
#ifndef MADANG_PROTO_RTCP_WRITE_H
#define MADANG_PROTO_RTCP_WRITE_H

#include "proto/rtcp.h"

/* A packet of size bytes (a multiple of 4) at the end, its header written, the rest undefined; NULL
 * (and failed): no room, or more than 31 of what is counted. */
uint8_t *rtcp_add_packet(struct rtcp_writer *w, unsigned type, unsigned count, size_t size);

#endif
