/* Counters and gauges: one table in the source, one struct counts per thread. A struct has a single
 * writer, its thread, and any number of readers (/metrics); all accesses are relaxed atomics, which
 * cost what plain ones do. To add one, append a line to COUNT_TABLE:
 *
 *   X(SYMBOL, "prometheus_name", "labels or empty", COUNTER or GAUGE, "help, once per name")
 *
 * Lines of one name stand together; the help of the first is printed. Every place that drops
 * something counts it with its reason (madang_dropped_total). */
#ifndef MADANG_BASE_COUNT_H
#define MADANG_BASE_COUNT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum count_type { COUNT_TYPE_COUNTER, COUNT_TYPE_GAUGE };

#define COUNT_DROP(X, sym, reason)                                          \
    X(DROP_##sym, "madang_dropped_total", "reason=\"" reason "\"", COUNTER, \
      "Things dropped or refused, by reason")

#define COUNT_TABLE(X)                                                                           \
    /* connections */                                                                            \
    X(CONNS, "madang_connections", "", GAUGE, "Open TCP connections")                            \
    X(CONNS_WS, "madang_websockets", "", GAUGE, "Open WebSocket connections")                    \
    X(CONNS_SSE, "madang_event_streams", "", GAUGE, "Open event streams and long polls")         \
    X(ACCEPTED, "madang_accepted_total", "", COUNTER, "TCP connections accepted")                \
    X(TLS_OK, "madang_tls_handshakes_total", "result=\"ok\"", COUNTER, "TLS handshakes")         \
    X(TLS_FAILED, "madang_tls_handshakes_total", "result=\"failed\"", COUNTER, "")               \
    X(TLS_RESUMED, "madang_tls_handshakes_total", "result=\"resumed\"", COUNTER, "")             \
    X(STREAM_BYTES_IN, "madang_stream_bytes_total", "dir=\"in\"", COUNTER,                       \
      "Bytes on TCP, below TLS")                                                                 \
    X(STREAM_BYTES_OUT, "madang_stream_bytes_total", "dir=\"out\"", COUNTER, "")                 \
    X(UDP_BYTES_IN, "madang_udp_bytes_total", "dir=\"in\"", COUNTER, "Bytes in UDP payloads")    \
    X(UDP_BYTES_OUT, "madang_udp_bytes_total", "dir=\"out\"", COUNTER, "")                       \
    X(UDP_PACKETS_IN, "madang_udp_packets_total", "dir=\"in\"", COUNTER, "UDP packets")          \
    X(UDP_PACKETS_OUT, "madang_udp_packets_total", "dir=\"out\"", COUNTER, "")                   \
    X(UDP_SEND_AGAIN, "madang_udp_send_errors_total", "error=\"again\"", COUNTER,                \
      "UDP sends that failed")                                                                   \
    X(UDP_SEND_NOBUFS, "madang_udp_send_errors_total", "error=\"nobufs\"", COUNTER, "")          \
    X(UDP_SEND_MSGSIZE, "madang_udp_send_errors_total", "error=\"msgsize\"", COUNTER, "")        \
    X(UDP_SEND_PERM, "madang_udp_send_errors_total", "error=\"perm\"", COUNTER, "")              \
    X(UDP_SEND_UNREACH, "madang_udp_send_errors_total", "error=\"unreachable\"", COUNTER, "")    \
    X(UDP_SEND_OTHER, "madang_udp_send_errors_total", "error=\"other\"", COUNTER, "")            \
    X(UDP_GSO_REFUSED, "madang_udp_gso_refused_total", "", COUNTER,                              \
      "Batched UDP sends that the kernel refused")                                               \
    X(UDP_RECV_ERRORS, "madang_udp_recv_errors_total", "", COUNTER,                              \
      "UDP receive calls that failed")                                                           \
    X(UDP_ICMP_IN, "madang_udp_icmp_errors_total", "", COUNTER,                                  \
      "ICMP errors that came back for what relays sent")                                         \
    X(UDP_CALLS_IN, "madang_udp_calls_total", "dir=\"in\"", COUNTER, "System calls for UDP")     \
    X(UDP_CALLS_OUT, "madang_udp_calls_total", "dir=\"out\"", COUNTER, "")                       \
    /* streams */                                                                                \
    X(STREAM_EOF, "madang_streams_closed_total", "why=\"eof\"", COUNTER,                         \
      "TCP connections that ended, by reason")                                                   \
    X(STREAM_RESET, "madang_streams_closed_total", "why=\"reset\"", COUNTER, "")                 \
    X(STREAM_TIMEOUT, "madang_streams_closed_total", "why=\"timeout\"", COUNTER, "")             \
    X(STREAM_TLS_ERROR, "madang_streams_closed_total", "why=\"tls_error\"", COUNTER, "")         \
    X(STREAM_DEAD_PEER, "madang_streams_closed_total", "why=\"dead_peer\"", COUNTER, "")         \
    X(STREAM_ERROR, "madang_streams_closed_total", "why=\"error\"", COUNTER, "")                 \
    X(STREAM_OVERFLOW, "madang_streams_closed_total", "why=\"overflow\"", COUNTER, "")           \
    X(STREAM_DONE, "madang_streams_closed_total", "why=\"done\"", COUNTER, "")                   \
    X(STREAM_PROTOCOL, "madang_streams_closed_total", "why=\"protocol\"", COUNTER, "")           \
    X(STREAM_LIMIT, "madang_streams_closed_total", "why=\"limit\"", COUNTER, "")                 \
    X(STREAM_SLOW, "madang_streams_closed_total", "why=\"slow\"", COUNTER, "")                   \
    X(STREAM_DRAIN, "madang_streams_closed_total", "why=\"drain\"", COUNTER, "")                 \
    X(STREAM_SEND_AGAIN, "madang_stream_send_errors_total", "error=\"again\"", COUNTER,          \
      "TCP sends that failed or had to wait")                                                    \
    X(STREAM_SEND_NOBUFS, "madang_stream_send_errors_total", "error=\"nobufs\"", COUNTER, "")    \
    X(STREAM_SEND_OTHER, "madang_stream_send_errors_total", "error=\"other\"", COUNTER, "")      \
    X(KIND_HTTP, "madang_connection_kinds_total", "kind=\"http\"", COUNTER,                      \
      "What connections turned out to be")                                                       \
    X(KIND_STUN, "madang_connection_kinds_total", "kind=\"stun\"", COUNTER, "")                  \
    X(KIND_ICE_TCP, "madang_connection_kinds_total", "kind=\"ice_tcp\"", COUNTER, "")            \
    /* HTTP */                                                                                   \
    X(HTTP_1XX, "madang_http_responses_total", "code=\"1xx\"", COUNTER, "HTTP responses")        \
    X(HTTP_2XX, "madang_http_responses_total", "code=\"2xx\"", COUNTER, "")                      \
    X(HTTP_3XX, "madang_http_responses_total", "code=\"3xx\"", COUNTER, "")                      \
    X(HTTP_4XX, "madang_http_responses_total", "code=\"4xx\"", COUNTER, "")                      \
    X(HTTP_5XX, "madang_http_responses_total", "code=\"5xx\"", COUNTER, "")                      \
    /* signaling */                                                                              \
    X(SESSIONS, "madang_sessions", "", GAUGE, "Sessions, with those waiting for a resume")       \
    X(SESSIONS_LOST, "madang_sessions_reconnecting", "", GAUGE, "Sessions without a connection") \
    X(SESSIONS_NEW, "madang_session_events_total", "event=\"new\"", COUNTER, "Session events")   \
    X(SESSIONS_RESUMED, "madang_session_events_total", "event=\"resumed\"", COUNTER, "")         \
    X(SESSIONS_UNKNOWN, "madang_session_events_total", "event=\"unknown\"", COUNTER, "")         \
    X(SESSIONS_EXPIRED, "madang_session_events_total", "event=\"expired\"", COUNTER, "")         \
    X(ROOMS, "madang_rooms", "", GAUGE, "Rooms")                                                 \
    X(PARTICIPANTS, "madang_participants", "", GAUGE, "Places taken in rooms")                   \
    X(MESSAGES_IN, "madang_messages_total", "dir=\"in\"", COUNTER, "Signaling messages")         \
    X(MESSAGES_OUT, "madang_messages_total", "dir=\"out\"", COUNTER, "")                         \
    X(ERRORS_OUT, "madang_errors_total", "", COUNTER, "Requests answered with an error")         \
    X(PASSWORD_HASHES, "madang_password_hashes_total", "", COUNTER, "argon2id computations")     \
    X(PASSWORD_QUEUE, "madang_password_queue", "", GAUGE, "Passwords waiting to be hashed")      \
    /* STUN */                                                                                   \
    X(STUN_UDP, "madang_stun_requests_total", "transport=\"udp\"", COUNTER, "STUN requests")     \
    X(STUN_TCP, "madang_stun_requests_total", "transport=\"tcp\"", COUNTER, "")                  \
    X(STUN_TLS, "madang_stun_requests_total", "transport=\"tls\"", COUNTER, "")                  \
    X(STUN_DTLS, "madang_stun_requests_total", "transport=\"dtls\"", COUNTER, "")                \
    X(STUN_420, "madang_stun_errors_total", "code=\"420\"", COUNTER, "STUN error responses")     \
    X(DTLS_ASKED, "madang_dtls_hellos_total", "answer=\"cookie\"", COUNTER,                      \
      "ClientHellos of TURN over DTLS that were answered")                                       \
    X(DTLS_OPENED, "madang_dtls_hellos_total", "answer=\"handshake\"", COUNTER, "")              \
    X(SFU_PASSED, "madang_sfu_passed_packets_total", "", COUNTER,                                \
      "Packets of groups that came to another worker than the group's and went there by letter") \
    /* what was dropped, and why */                                                              \
    COUNT_DROP(X, CONN_CAP, "conn_cap")                                                          \
    COUNT_DROP(X, CONN_ADDR_CAP, "conn_addr_cap")                                                \
    COUNT_DROP(X, CONN_DEADLINE, "conn_deadline")                                                \
    COUNT_DROP(X, HTTP_SYNTAX, "http_syntax")                                                    \
    COUNT_DROP(X, HTTP_CAP, "http_cap")                                                          \
    COUNT_DROP(X, HTTP_RATE, "http_rate")                                                        \
    COUNT_DROP(X, WS_PROTOCOL, "ws_protocol")                                                    \
    COUNT_DROP(X, WS_ORIGIN, "ws_origin")                                                        \
    COUNT_DROP(X, OUTBOX_FULL, "outbox_full")                                                    \
    COUNT_DROP(X, REPLAY_FULL, "replay_full")                                                    \
    COUNT_DROP(X, PEER_DEAD, "peer_dead")                                                        \
    COUNT_DROP(X, MSG_SYNTAX, "message_syntax")                                                  \
    COUNT_DROP(X, MSG_RATE, "message_rate")                                                      \
    COUNT_DROP(X, STUN_MALFORMED, "stun_malformed")                                              \
    COUNT_DROP(X, STUN_RATE, "stun_rate")                                                        \
    COUNT_DROP(X, CONN_FDS, "conn_fds")                                                          \
    COUNT_DROP(X, CONN_HANDSHAKES, "conn_handshakes")                                            \
    COUNT_DROP(X, CONN_NO_TAKER, "conn_no_taker")                                                \
    COUNT_DROP(X, STUN_LEGACY, "stun_legacy")                                                    \
    COUNT_DROP(X, STUN_CLASS, "stun_class")                                                      \
    COUNT_DROP(X, STUN_METHOD, "stun_method")                                                    \
    COUNT_DROP(X, STUN_SIZE, "stun_size")                                                        \
    COUNT_DROP(X, STUN_FRAME, "stun_frame")                                                      \
    COUNT_DROP(X, STUN_STREAM_CAP, "stun_stream_cap")                                            \
    COUNT_DROP(X, STREAM_LATE, "stream_late")                                                    \
    COUNT_DROP(X, STREAM_FULL, "stream_full")                                                    \
    COUNT_DROP(X, DTLS_OFF, "dtls_off")                                                          \
    COUNT_DROP(X, DTLS_STRAY, "dtls_stray")                                                      \
    COUNT_DROP(X, DTLS_MALFORMED, "dtls_malformed")                                              \
    COUNT_DROP(X, DTLS_MEDIA, "dtls_media")                                                      \
    COUNT_DROP(X, DTLS_FULL, "dtls_full")                                                        \
    COUNT_DROP(X, UDP_MEDIA, "udp_media")                                                        \
    COUNT_DROP(X, UDP_NO_PKTINFO, "udp_no_pktinfo")                                              \
    COUNT_DROP(X, UDP_UNKNOWN, "udp_unknown")                                                    \
    COUNT_DROP(X, UDP_TRUNCATED, "udp_truncated")                                                \
    COUNT_DROP(X, UDP_RXQ_OVERFLOW, "udp_rxq_overflow")                                          \
    COUNT_DROP(X, MAILBOX_FULL, "mailbox_full")                                                  \
    COUNT_DROP(X, PASSWORD_QUEUE_FULL, "password_queue_full")                                    \
    COUNT_DROP(X, RECORD_PAUSED, "record_paused")                                                \
    /* the loop */                                                                               \
    X(LOOP_STALLS, "madang_loop_stalls_total", "", COUNTER, "Loop rounds over the limit")

enum count {
#define X(sym, name, labels, type, help) COUNT_##sym,
    COUNT_TABLE(X)
#undef X
        COUNT_N
};

/* Upper bounds in microseconds; one more bucket has no bound. */
#define HIST_BOUNDS                                                                   \
    {                                                                                 \
        100, 250, 500, 1000, 2500, 5000, 10000, 20000, 50000, 100000, 250000, 1000000 \
    }
enum { HIST_N = 13 };

struct hist {
    _Atomic uint64_t bucket[HIST_N];
    _Atomic uint64_t sum_us;
};

/* All zeros is the start. */
struct counts {
    _Atomic uint64_t v[COUNT_N];
    struct hist loop; /* work of one loop round, waiting not counted */
};

static inline void count_set(struct counts *c, enum count which, uint64_t v)
{
    atomic_store_explicit(&c->v[which], v, memory_order_relaxed);
}

static inline uint64_t count_get(const struct counts *c, enum count which)
{
    return atomic_load_explicit(&c->v[which], memory_order_relaxed);
}

/* Only the writing thread: load and store, not a locked add. */
static inline void count_add(struct counts *c, enum count which, uint64_t n)
{
    count_set(c, which, count_get(c, which) + n);
}

static inline void count_inc(struct counts *c, enum count which)
{
    count_add(c, which, 1);
}

static inline void count_sub(struct counts *c, enum count which, uint64_t n)
{
    count_set(c, which, count_get(c, which) - n);
}

static inline void count_dec(struct counts *c, enum count which)
{
    count_sub(c, which, 1);
}

void hist_observe(struct hist *h, int64_t us);
/* Prometheus text of the sum of n of them; name ends in _seconds. */
void hist_print(struct buf *b, const char *name, const char *help, const struct hist *const *h,
                size_t n);

/* The sum over n threads. */
uint64_t count_sum(const struct counts *const *threads, size_t n, enum count which);
/* Prometheus text (exposition format 0.0.4) of the sums over n threads, and of the loop
 * histograms, summed, as madang_loop_round_seconds. */
void count_print(struct buf *b, const struct counts *const *threads, size_t n);
/* "madang_rooms" and so on: the names for SIGUSR1's dump and tests. */
const char *count_name(enum count which);
const char *count_labels(enum count which);

#endif
