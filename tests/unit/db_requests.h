/* Requests of several steps for tests of the store, in one place: the procedures are the topics' own, and change. */
#ifndef MADANG_TESTS_DB_REQUESTS_H
#define MADANG_TESTS_DB_REQUESTS_H

#include "edge/store/db.h"

#define REQUEST_ARGS 14

/* Fills args; returns the request. A person with an account. */
static inline struct db_request request_user(struct val args[REQUEST_ARGS], uint64_t id,
                                             const char *name)
{
    struct str s = str_from(name);
    const struct val v[] = {VAL_ID(id), VAL_T(s), VAL_T(s), VAL_T(s),         VAL_T(s),
                            VAL_I(0),   VAL_NONE, VAL_I(0), VAL_T(STR("ko")), VAL_I(1000)};
    memcpy(args, v, sizeof v);
    return (struct db_request){DB_USER_ADD, 1, args, sizeof v / sizeof *v};
}

/* A call between two of them: one row of call, two of call_party. */
static inline struct db_request request_call(struct val args[REQUEST_ARGS], uint64_t id,
                                             uint64_t caller, uint64_t callee)
{
    const struct val v[] = {VAL_ID(id),         VAL_ID(caller), VAL_ID(callee), VAL_ID(7),
                            VAL_I(1),           VAL_I(0),       VAL_I(0),       VAL_T(STR("")),
                            VAL_I((int64_t)id), VAL_NONE,       VAL_NONE,       VAL_I(5),
                            VAL_I(0),           VAL_I(0)};
    memcpy(args, v, sizeof v);
    return (struct db_request){DB_CALL_PUT, 1, args, sizeof v / sizeof *v};
}

#endif
