/* Small macros that every file needs: container_of, array length, minimum and maximum, and the
 * attribute that makes the compiler check printf-like formats. No functions, no state. */
#ifndef MADANG_BASE_UTIL_H
#define MADANG_BASE_UTIL_H

#include <stddef.h>

/* The object of type `type` whose member `member` lies at `ptr`. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))

/* Arguments are evaluated twice: no side effects. */
#define MIN_OF(a, b)                     ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b)                     ((a) > (b) ? (a) : (b))

#define PRINTF_CHECK(fmt_arg, first_arg) __attribute__((format(printf, fmt_arg, first_arg)))

#endif
