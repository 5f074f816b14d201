/* Logging to stderr, one line per event and one write(2) per line, from any thread, without locks.
 * `area` says which part speaks ("ws", "room"); `id` is the session's or connection's id, the same
 * in all lines about it and in the page's own log, or NULL. Control characters and bytes that are
 * no UTF-8 are escaped, so that no input can forge a line. Secrets don't belong here.
 *
 *   log_info("ws", conn->id, "closed: %s", why);
 *   2026-11-21T10:27:21.123Z info  ws 7f3k...: closed: going away
 *   {"time":"2026-...","level":"info","area":"ws","id":"7f3k...","msg":"closed: going away"} */
#ifndef MADANG_BASE_LOG_H
#define MADANG_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/util.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* A line is cut to this, with "..." at the end. */
enum { LOG_LINE_MAX = 4096 };

/* These may be called at any time, by any thread (SIGHUP changes the level). */
void log_set_level(enum log_level level);
void log_set_format(enum log_format format);
/* Where lines go instead of stderr; for tests. The descriptor stays the caller's. */
void log_set_fd(int fd);

extern _Atomic int log_level_now;

static inline bool log_on(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level_now, memory_order_relaxed);
}

#define log_error(area, id, ...) log_at(LOG_LEVEL_ERROR, area, id, __VA_ARGS__)
#define log_warn(area, id, ...)  log_at(LOG_LEVEL_WARN, area, id, __VA_ARGS__)
#define log_info(area, id, ...)  log_at(LOG_LEVEL_INFO, area, id, __VA_ARGS__)
#define log_debug(area, id, ...) log_at(LOG_LEVEL_DEBUG, area, id, __VA_ARGS__)
#define log_at(level, area, id, ...)                 \
    do {                                             \
        if (log_on(level))                           \
            log_write(level, area, id, __VA_ARGS__); \
    } while (0)

/* For what strangers can provoke: at most 5 lines in 10 seconds from this place in the source; the
 * next line that gets through says how many were left out. */
#define log_limited(level, area, id, ...)                 \
    do {                                                  \
        static struct log_gate gate_;                     \
        if (log_on(level) && log_gate_pass(&gate_, area)) \
            log_write(level, area, id, __VA_ARGS__);      \
    } while (0)

struct log_gate {
    _Atomic int64_t window; /* start of the current window, seconds */
    _Atomic uint32_t passed;
    _Atomic uint32_t held; /* left out since the last line */
};

enum { LOG_GATE_LINES = 5, LOG_GATE_SECONDS = 10 };

/* Use the macros. errno survives. */
void log_write(enum log_level level, const char *area, const char *id, const char *fmt, ...)
    PRINTF_CHECK(4, 5);
bool log_gate_pass(struct log_gate *gate, const char *area);

/* "error", "warn", "info", "debug"; false for anything else. */
bool log_level_parse(struct str s, enum log_level *level);
const char *log_level_name(enum log_level level);

#endif
