/* Requests of several steps for tests of the store, in one place: the procedures are the topics' own, and change. */
#ifndef MADANG_TESTS_DB_REQUESTS_H
#define MADANG_TESTS_DB_REQUESTS_H

#include <sqlite3.h>

#include "edge/store/db_int.h"

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

/* A direct conversation of two of them; the lower id first. */
static inline struct db_request request_conv(struct val args[REQUEST_ARGS], uint64_t conv,
                                             uint64_t low, uint64_t high)
{
    const struct val v[] = {VAL_ID(conv), VAL_ID(low), VAL_ID(high), VAL_I(1000),
                            VAL_I(0),     VAL_I(0),    VAL_ID(low),  VAL_I(1000)};
    memcpy(args, v, sizeof v);
    return (struct db_request){DB_CONV_DIRECT, 1, args, sizeof v / sizeof *v};
}

/* client: the author's own number of it. */
static inline struct db_request request_message(struct val args[REQUEST_ARGS], uint64_t conv,
                                                uint64_t author, const char *client,
                                                const char *text)
{
    const struct val v[] = {VAL_ID(conv),
                            VAL_ID(author),
                            VAL_T(str_from(client)),
                            VAL_I(2000),
                            VAL_T(str_from(text)),
                            VAL_NONE,
                            VAL_I(0),
                            VAL_NONE,
                            VAL_NONE};
    memcpy(args, v, sizeof v);
    return (struct db_request){DB_MESSAGE_ADD, 1, args, sizeof v / sizeof *v};
}

/* Does the index have just the words of the messages? FTS5 looks for itself (rank 1: beside the texts). */
static inline bool index_is_whole(struct db *db)
{
    return sqlite3_exec(
               db->sq,
               "INSERT INTO message_words(message_words, rank) VALUES('integrity-check', 1)", NULL,
               NULL, NULL) == SQLITE_OK;
}

#endif
