/* The clocks. Only io/ and app/ read them (and log.c, for the stamp of a line, and edge/push and
 * edge/rec, which are threads of their own); everybody else is handed the time. */
#ifndef MADANG_BASE_CLOCK_H
#define MADANG_BASE_CLOCK_H

#include <stdint.h>

#define US_PER_MS INT64_C(1000)
#define US_PER_S  INT64_C(1000000)

/* Microseconds since some point in the past; never goes back. */
int64_t clock_mono_us(void);
/* Microseconds since 1970-01-01 UTC; may jump. */
int64_t clock_wall_us(void);
/* Processor time that the calling thread has used. */
int64_t clock_thread_cpu_us(void);

#endif
