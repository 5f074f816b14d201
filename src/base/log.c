#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

_Atomic int log_level_now = LOG_LEVEL_INFO;
static _Atomic int format_now = LOG_FORMAT_TEXT;
static _Atomic int fd_now = STDERR_FILENO;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level level)
{
    atomic_store(&log_level_now, (int)level);
}

void log_set_format(enum log_format format)
{
    atomic_store(&format_now, (int)format);
}

void log_set_fd(int fd)
{
    atomic_store(&fd_now, fd);
}

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

bool log_level_parse(struct str s, enum log_level *level)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++)
        if (str_eq(s, str_from(level_names[i]))) {
            *level = (enum log_level)i;
            return true;
        }
    return false;
}

/* A line under construction; the last TAIL bytes are kept for "..." and what closes the line. */
struct line {
    char text[LOG_LINE_MAX];
    size_t n;
    bool json;
    bool cut;
};

enum { TAIL = 8 };

static void add(struct line *l, const char *p, size_t n)
{
    if (l->cut || n > sizeof l->text - TAIL - l->n) {
        l->cut = true;
        return;
    }
    memcpy(l->text + l->n, p, n);
    l->n += n;
}

static void add_z(struct line *l, const char *z)
{
    add(l, z, strlen(z));
}

/* What moves the cursor, changes the reading direction, or ends a line for somebody. */
static bool is_unsafe(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x200E && cp <= 0x200F) ||
           (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xFEFF;
}

static void add_escape(struct line *l, uint32_t cp)
{
    char z[16];
    if (cp == '"' || cp == '\\')
        snprintf(z, sizeof z, "\\%c", (int)cp);
    else if (cp == '\n')
        snprintf(z, sizeof z, "\\n");
    else
        snprintf(z, sizeof z, l->json || cp > 0xFF ? "\\u%04x" : "\\x%02x", cp);
    add_z(l, z);
}

/* A value from anywhere: valid UTF-8 goes through, the rest is escaped. In JSON a byte that is no
 * UTF-8 becomes U+FFFD, in text \x. */
static void add_value(struct line *l, struct str s)
{
    uint32_t cp;
    while (s.n && !l->cut) {
        struct str at = s;
        if (!utf8_next(&s, &cp)) {
            if (l->json)
                add_z(l, "\xEF\xBF\xBD");
            else
                add_escape(l, (uint8_t)s.p[0]);
            s = str_skip(s, 1);
        } else if (is_unsafe(cp) || cp == '\\' || (l->json && cp == '"')) {
            add_escape(l, cp);
        } else {
            add(l, at.p, at.n - s.n);
        }
    }
}

static void add_time(struct line *l)
{
    char z[40];
    struct tm tm;
    int64_t now = clock_wall_us();
    time_t s = (time_t)(now / US_PER_S);
    gmtime_r(&s, &tm);
    size_t n = strftime(z, sizeof z, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(z + n, sizeof z - n, ".%03dZ", (int)(now % US_PER_S / US_PER_MS));
    add_z(l, z);
}

static void add_field(struct line *l, const char *before, const char *value)
{
    add_z(l, before);
    add_value(l, str_from(value));
}

static void compose(struct line *l, enum log_level level, const char *area, const char *id,
                    const char *msg)
{
    if (l->json) {
        add_z(l, "{\"time\":\"");
        add_time(l);
        add_field(l, "\",\"level\":\"", level_names[level]);
        add_field(l, "\",\"area\":\"", area);
        if (id)
            add_field(l, "\",\"id\":\"", id);
        add_field(l, "\",\"msg\":\"", msg);
    } else {
        add_time(l);
        add_field(l, " ", level_names[level]);
        add_field(l, strlen(level_names[level]) < 5 ? "  " : " ", area);
        if (id)
            add_field(l, " ", id);
        add_field(l, ": ", msg);
    }
    const char *end = l->json ? (l->cut ? "...\"}\n" : "\"}\n") : (l->cut ? "...\n" : "\n");
    size_t n = strlen(end);
    memcpy(l->text + l->n, end, n);
    l->n += n;
}

void log_write(enum log_level level, const char *area, const char *id, const char *fmt, ...)
{
    int saved = errno;
    char msg[LOG_LINE_MAX];
    struct line l = {.json = atomic_load(&format_now) == LOG_FORMAT_JSON};
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(msg, sizeof msg, fmt, ap) < 0)
        msg[0] = '\0';
    va_end(ap);
    compose(&l, level, area, id, msg);
    while (write(atomic_load(&fd_now), l.text, l.n) < 0 && errno == EINTR)
        ;
    errno = saved;
}

bool log_gate_pass(struct log_gate *gate, const char *area)
{
    int64_t now = clock_mono_us() / US_PER_S;
    int64_t window = atomic_load(&gate->window);
    if (now - window >= LOG_GATE_SECONDS &&
        atomic_compare_exchange_strong(&gate->window, &window, now))
        atomic_store(&gate->passed, 0);
    if (atomic_fetch_add(&gate->passed, 1) >= LOG_GATE_LINES) {
        atomic_fetch_add(&gate->held, 1);
        return false;
    }
    uint32_t held = atomic_exchange(&gate->held, 0);
    if (held)
        log_warn(area, NULL, "%u lines like the next one were left out", held);
    return true;
}
