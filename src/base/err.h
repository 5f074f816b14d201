/* The errors that functions inside madang return. ERR_OK is 0, all others are negative, so that
 * `if (e < 0)` and `if (e)` both work, and a count and an error can share one int. They describe
 * what the caller can do about it; what people see are the codes of docs/protocol.md. */
#ifndef MADANG_BASE_ERR_H
#define MADANG_BASE_ERR_H

#define ERR_TABLE(X)                                                                 \
    X(OK, 0, "ok")                                                                   \
    X(AGAIN, -1, "again")             /* nothing now, try later */                   \
    X(EOF, -2, "eof")                 /* the other side ended in order */            \
    X(IO, -3, "io")                   /* the system said no; errno tells */          \
    X(NOMEM, -4, "nomem")             /* an allocation failed */                     \
    X(CAP, -5, "cap")                 /* a limit of ours was reached */              \
    X(SYNTAX, -6, "syntax")           /* the input breaks its grammar */             \
    X(RANGE, -7, "range")             /* well formed, but a value is out of range */ \
    X(UNSUPPORTED, -8, "unsupported") /* well formed, but we don't do that */        \
    X(AUTH, -9, "auth")               /* who you are is not proven */                \
    X(FORBIDDEN, -10, "forbidden")    /* proven, but not allowed */                  \
    X(NOT_FOUND, -11, "not_found")                                                   \
    X(EXISTS, -12, "exists")                                                         \
    X(BUSY, -13, "busy")     /* a bounded queue is full */                           \
    X(RATE, -14, "rate")     /* too often */                                         \
    X(MISUSE, -15, "misuse") /* not in this state */                                 \
    X(TIMEOUT, -16, "timeout")                                                       \
    X(CLOSED, -17, "closed")                                                         \
    X(INTERNAL, -18, "internal")

enum err {
#define X(sym, value, name) ERR_##sym = (value),
    ERR_TABLE(X)
#undef X
};

/* The name in lower case ("not_found"), static; "unknown" for values outside the table. */
const char *err_name(int e);

#endif
