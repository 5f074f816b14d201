#include <string.h>

#include "base/util.h"
#include "proto/http1.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *http1_reason(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

void http1_status(struct buf *out, int status)
{
    buf_putf(out, "HTTP/1.1 %d %s\r\n", status, http1_reason(status));
}

void http1_header(struct buf *out, const char *name, struct str value)
{
    size_t at;

    buf_puts(out, name);
    buf_puts(out, ": ");
    for (at = 0; at < value.n; at++)
        if ((uint8_t)value.p[at] < 0x20 || value.p[at] == 0x7f)
            break;
    buf_put(out, value.p, at);
    for (; at < value.n; at++)
        buf_u8(out,
               (uint8_t)value.p[at] < 0x20 || value.p[at] == 0x7f ? ' ' : (uint8_t)value.p[at]);
    buf_puts(out, "\r\n");
}

void http1_header_u64(struct buf *out, const char *name, uint64_t value)
{
    buf_putf(out, "%s: %llu\r\n", name, (unsigned long long)value);
}

/* Days since 1970 to a date of the Gregorian calendar, counted from March so that the leap day comes
 * last. */
static void civil(int64_t days, int *year, unsigned *month, unsigned *day)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned m = (5 * doy + 2) / 153;

    *day = doy - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (int)(yoe + era * 400) + (*month <= 2);
}

void http1_date(struct buf *out, int64_t wall_s)
{
    static const char days[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t day_n;
    unsigned s, month, day;
    int year;

    if (wall_s < 0)
        wall_s = 0;
    day_n = wall_s / 86400;
    s = (unsigned)(wall_s % 86400);
    civil(day_n, &year, &month, &day);
    buf_putf(out, "Date: %s, %02u %s %04d %02u:%02u:%02u GMT\r\n", days[day_n % 7], day,
             months[month - 1], year, s / 3600, s / 60 % 60, s % 60);
}

void http1_head_end(struct buf *out)
{
    buf_puts(out, "\r\n");
}
