/* People who write to each other, in the world of call_world.h. */
#ifndef MADANG_TESTS_CONV_WORLD_H
#define MADANG_TESTS_CONV_WORLD_H

#include "call_world.h"

#include "domain/conv.h"

/* The conversation that a message speaks of. */
static inline uint64_t conv_of(const char *message)
{
    char text[B32_SIZE];
    uint64_t id;
    const char *inner = strstr(message, "\"conv\":{");
    if (!inner)
        fail_msg("no conversation in: %.600s", message);
    assert_true(b32_decode(str_from(value(inner, "conv", text, sizeof text)), &id));
    return id;
}

/* The number behind "key": that comes first; -1: there is none. */
static inline int64_t number_of(const char *message, const char *key)
{
    char k[64];
    snprintf(k, sizeof k, "\"%s\":", key);
    const char *p = strstr(message, k);
    return p ? strtoll(p + strlen(k), NULL, 10) : -1;
}

static inline uint64_t open_with(struct client *c, uint64_t user)
{
    const char *a = ask(c, "'type':'conv_open','user':'%s'", id_text(user));
    assert_ack(a);
    return conv_of(a);
}

static inline const char *ask_conv(struct client *c, const char *type, uint64_t conv,
                                   const char *more)
{
    return ask(c, "'type':'%s','conv':'%s'%s", type, id_text(conv), more);
}

static inline const char *send_as(struct client *c, uint64_t conv, const char *client,
                                  const char *text)
{
    return ask(c, "'type':'send','conv':'%s','client':'%s','text':'%s'", id_text(conv), client,
               text);
}

/* With a number of its own; the seq that it got. */
static inline int64_t send_text(struct client *c, uint64_t conv, const char *text)
{
    static int n;
    char own[32];
    snprintf(own, sizeof own, "n%d", ++n);
    const char *a = send_as(c, conv, own, text);
    assert_ack(a);
    return number_of(a, "seq");
}

static inline uint64_t make_room(struct client *c, const char *more)
{
    char fields[256];
    snprintf(fields, sizeof fields, "'type':'room_make','title':'Garden'%s", more);
    const char *a = ask(c, "%s", fields);
    assert_ack(a);
    return conv_of(a);
}

/* mina and jun know each other: jun has answered. */
static inline uint64_t friends(struct client *a, struct client *b, uint64_t b_user)
{
    uint64_t conv = open_with(a, b_user);
    send_text(a, conv, "hello");
    assert_ack(ask_conv(b, "conv_answer", conv, ",'as':'accept'"));
    assert_ack(ask_conv(b, "read", conv, ",'seq':1"));
    drain_all(a->w);
    return conv;
}

#endif
