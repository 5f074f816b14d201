/* A room that stays with its people, in the world of conv_world.h. */
#ifndef MADANG_TESTS_STAY_WORLD_H
#define MADANG_TESTS_STAY_WORLD_H

#include "conv_world.h"

enum { KIM = 5 };

struct scene {
    struct world *w;
    uint64_t room;
    struct client *mina, *jun, *sora, *hana; /* owner, moderator, member, and whoever it is about */
    char link[64];
};

static inline void member_of(struct scene *s, struct client *c, uint64_t user)
{
    char fields[64];
    snprintf(fields, sizeof fields, ",'user':'%s'", id_text(user));
    assert_ack(ask_conv(s->mina, "room_invite", s->room, fields));
    if (c)
        assert_ack(ask_conv(c, "conv_answer", s->room, ",'as':'accept'"));
}

static inline const char *set_role(struct client *c, uint64_t room, uint64_t user, const char *role)
{
    char fields[96];
    snprintf(fields, sizeof fields, ",'user':'%s','role':'%s'", id_text(user), role);
    return ask_conv(c, "member_set", room, fields);
}

/* mina's room with jun as moderator, sora and kim as members; messages 1 of sora, 2 of jun, 3 of mina. */
static inline struct scene scene_new(struct world *w, const char *more)
{
    struct scene s = {.w = w};
    put_user(w, KIM, "kim");
    s.mina = device(w, MINA);
    s.jun = device(w, JUN);
    s.sora = device(w, SORA);
    s.hana = device(w, HANA);
    s.room = make_room(s.mina, more);
    member_of(&s, s.jun, JUN);
    member_of(&s, s.sora, SORA);
    const struct val kim[] = {VAL_ID(s.room),   VAL_ID(KIM), VAL_I(CONV_MEMBER),
                              VAL_I(CONV_OPEN), VAL_I(1000), VAL_I(100)};
    run_proc(w, DB_MEMBER_PUT, kim, ARRAY_LEN(kim));
    conv_stale_all(w->d);
    assert_ack(set_role(s.mina, s.room, JUN, "moderator"));
    send_text(s.sora, s.room, "of sora");
    send_text(s.jun, s.room, "of jun");
    send_text(s.mina, s.room, "of mina");
    value(ask_conv(s.mina, "room_invite", s.room, ",'uses':5"), "link", s.link, sizeof s.link);
    drain_all(w);
    return s;
}

/* What goes with `join` to come back after a restart. */
static inline void ticket_of(struct client *c, uint64_t room, char out[2100])
{
    char ticket[2000];
    value(ask(c, "'type':'ticket','room':'%s'", id_text(room)), "ticket", ticket, sizeof ticket);
    snprintf(out, 2100, ",'ticket':'%s'", ticket);
}

/* Whom a matrix asks as: hana is who becomes it. */
enum who { OWNER, MODERATOR, MEMBER, INVITED, BANNED, STRANGER, GUEST, WHO };
static const char *const who_names[WHO] = {"owner",  "moderator", "member", "invited",
                                           "banned", "stranger",  "guest"};

static inline struct client *actor(struct scene *s, enum who who)
{
    switch (who) {
    case OWNER: return s->mina;
    case MODERATOR: return s->jun;
    case MEMBER: return s->sora;
    case INVITED: member_of(s, NULL, HANA); return s->hana;
    case BANNED: assert_ack(set_role(s->mina, s->room, HANA, "banned")); return s->hana;
    case STRANGER: return s->hana;
    default: return hello(s->w, "Guest");
    }
}

#endif
