/* Direct calls as people's pages see them: JSON in, JSON out, on virtual time, with the real store. */
#include "call_world.h"

static void a_call_is_answered(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *a2 = device(w, MINA);
    struct client *b = device(w, JUN), *b2 = device(w, JUN), *c = device(w, SORA);
    drain_all(w);
    const char *ack = dial(a, JUN);
    struct talk t = talk_of(ack);
    assert_has(ack, "'state':'ringing'");
    assert_has(ack, "'caller':{'user':'0000000000001','name':'mina','display':'mina','avatar':0}");
    assert_has(ack, "'callee':{'user':'0000000000002'");
    assert_has(ack, "'video':true");
    assert_has(ack, a->sid);
    assert_has(told(a2, "call"), t.call);
    assert_has(told(b, "ring"), t.call);
    assert_has(told(b2, "ring"), t.call);
    assert_false(has(told(b, "ring"), "'waiting'"));
    assert_string_equal(told(b, "call"), ""); /* told once */
    assert_string_equal(told(c, "ring"), "");
    drain_all(w);
    world_pass(w, 3 * SECOND);
    ack = pick_up(b2, &t, "");
    assert_has(ack, "'state':'accepted'");
    assert_has(ack, "'answered':");
    assert_has(ack, t.room);
    for (size_t i = 0; i < 4; i++) { /* all devices of both know which one has it */
        struct client *all[] = {a, a2, b, b2};
        char device[64];
        snprintf(device, sizeof device, "'callee_device':'%s'", b2->sid);
        assert_has(told(all[i], "call"), "'state':'accepted'");
        assert_has(told(all[i], "call"), device);
    }
    assert_string_equal(told(c, "call"), "");
    assert_ack(join(a, t.room, ""));
    assert_ack(join(b2, t.room, ""));
    assert_error(join(b, t.room, ""), "room_locked");
    assert_error(join(c, t.room, ""), "room_locked");
    assert_error(join(a2, t.room, ""), "room_locked");
    drain_all(w);
    world_pass(w, 10 * SECOND);
    assert_ack(ask_call(a, "call_end", &t, ""));
    assert_has(told(b, "call"), "'state':'ended'");
    assert_has(told(b2, "call"), "'reason':'hangup'");
    assert_has(told(b2, "left"), "'reason':'ended'");
    assert_has(told(a, "left"), "'reason':'ended'");
    assert_int_equal(people_in(w, &t), UINT32_MAX);
    assert_int_equal(w->d->calls.n, 0); /* recorded and forgotten */
    assert_error(ask_call(b, "call_end", &t, ""), "call_unknown");
    assert_error(join(a, t.room, ""), "room_unknown");
}

static void a_call_is_declined(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *b2 = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    drain_all(w);
    assert_error(ask_call(a, "call_decline", &t, ""), "not_allowed");
    char text[300];
    memset(text, 'x', sizeof text);
    snprintf(text, sizeof text, ",'text':'%0201d'", 1);
    assert_error(ask_call(b, "call_decline", &t, text), "too_long");
    assert_ack(ask_call(b, "call_decline", &t, ",'text':'in ten minutes'"));
    assert_has(told(a, "call"), "'state':'declined'");
    assert_has(told(a, "call"), "'text':'in ten minutes'");
    assert_has(told(b2, "call"), "'state':'declined'");
    assert_string_equal(told(b2, "badges"), ""); /* nothing was missed */
    assert_error(pick_up(b2, &t, ""), "call_unknown");
}

static void a_call_is_cancelled(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    drain_all(w);
    assert_error(ask_call(b, "call_cancel", &t, ""), "not_allowed");
    assert_ack(ask_call(a, "call_cancel", &t, ""));
    assert_has(told(b, "call"), "'state':'cancelled'");
    assert_has(told(b, "badges"), "'missed':1");
    t = talk_of(dial(a, JUN));
    w->db.hold = true; /* the store is slow: the call is over, but not yet forgotten */
    ask_call(a, "call_end", &t, "");
    assert_error(pick_up(b, &t, ""), "call_over");
    assert_error(ask_call(b, "call_decline", &t, ""), "call_over");
    w->db.hold = false;
    world_settle(w);
    assert_int_equal(w->d->calls.n, 0);
}

/* Who presses "cancel" in the very moment in which the other one answers does not find themselves in a call. */
static void cancelling_crosses_with_the_answer(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    assert_ack(pick_up(b, &t, ""));
    drain_all(w);
    assert_error(ask_call(b, "call_cancel", &t, ""), "not_allowed");
    assert_ack(ask_call(a, "call_cancel", &t, ""));
    assert_has(told(b, "call"), "'state':'ended'");
    assert_has(told(b, "call"), "'reason':'hangup'");
    assert_string_equal(told(b, "badges"), ""); /* it was answered: nothing was missed */
    assert_int_equal(w->d->calls.n, 0);
    assert_has(ask(b, "'type':'calls'"), "'outcome':'answered','reason':'hangup'");
}

static void nobody_answers(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    drain_all(w);
    world_pass(w, 45 * SECOND - 1);
    assert_string_equal(told(a, "call"), "");
    world_pass(w, 1);
    assert_has(told(a, "call"), "'state':'expired'");
    assert_has(told(a, "call"), "'reason':'no_answer'");
    assert_has(told(b, "badges"), "'missed':1");
    assert_int_equal(people_in(w, &t), UINT32_MAX);
}

static void nobody_is_there_and_then_somebody(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA);
    struct talk t = talk_of(dial(a, JUN));
    world_pass(w, 40 * SECOND);
    struct client *b = device(w, JUN); /* woken by a push, or just come */
    assert_has(told(b, "ring"), t.call);
    assert_ack(pick_up(b, &t, ""));
    assert_has(told(a, "call"), "'state':'accepted'");
}

static void who_is_unknown(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA);
    assert_error(dial(a, NOBODY), "user_unknown");
    assert_error(dial(a, MINA), "user_unknown");
    w->db.fail = DB_BUSY;
    assert_error(dial(a, JUN), "store_busy");
    w->db.fail = DB_OK;
    assert_ack(dial(a, JUN));
}

/* What a page is told: ids, numbers and secrets are one #, the callee is always jun. */
static char *transcript(const struct client *c, const char *callee)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = c->seen; i < c->n_log; i++)
        for (const char *p = c->log[i]; *p; p++) {
            size_t id = *p == '"' ? strcspn(p + 1, "\"") : 0, digits = strspn(p, "0123456789");
            if (id == ID_TEXT_LEN || id > 40) {
                buf_puts(&b, "#");
                p += id + 1;
            } else if (digits) {
                buf_puts(&b, "#");
                p += digits - 1;
            } else if (strncmp(p, callee, strlen(callee)) == 0) {
                buf_puts(&b, "jun");
                p += strlen(callee) - 1;
            } else {
                buf_u8(&b, (uint8_t)*p);
            }
        }
    char *text = str_dup(buf_str(&b));
    buf_free(&b);
    return text;
}

static void the_blocked_hear_it_ring(void **state)
{
    struct world *w = *state;
    blocks(w, JUN, MINA);
    struct client *a = device(w, MINA), *b = device(w, JUN);
    drain_all(w);
    struct talk t = talk_of(dial(a, JUN));
    assert_ack(join(a, t.room, ""));
    assert_error(pick_up(b, &t, ""), "call_unknown");
    assert_error(ask_call(b, "call_decline", &t, ""), "call_unknown");
    assert_error(ask_call(b, "call_back", &t, ""), "call_unknown");
    assert_error(join(b, t.room, ""), "room_locked");
    drain(b);
    world_pass(w, 46 * SECOND);
    assert_int_equal(b->n_log, b->seen); /* told nothing */
    char *blocked = transcript(a, "jun");
    assert_error(dial(b, MINA), "not_allowed"); /* who has blocked somebody has to unblock first */
    const char *list = ask(b, "'type':'calls'");
    assert_has(list, "'calls':[]");

    struct client *c = device(w, SORA);
    say(c, "{\"type\":\"bye\"}");
    drain_all(w);
    t = talk_of(dial(a, SORA));
    assert_ack(join(a, t.room, ""));
    world_pass(w, 46 * SECOND);
    char *offline = transcript(a, "sora");
    assert_string_equal(blocked, offline);
    assert_non_null(strstr(blocked, "expired"));
    xfree(blocked);
    xfree(offline);
}

static void both_press_call(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *b2 = device(w, JUN);
    w->db.hold = true; /* both are on their way before either is known */
    dial(a, JUN);
    dial(b, MINA);
    w->db.hold = false;
    world_settle(w);
    assert_int_equal(w->d->calls.n, 1);
    struct talk one = talk_of(answer_to(a, 2)), two = talk_of(answer_to(b, 2));
    assert_string_equal(one.call, two.call);
    assert_has(told(a, "call"), "'state':'accepted'");
    assert_has(answer_to(b, 2), "'state':'accepted'");
    assert_has(told(b2, "call"), "'state':'accepted'"); /* stops ringing there */
    assert_ack(join(a, one.room, ""));
    assert_ack(join(b, one.room, ""));
    assert_has(talk_of(dial(a, JUN)).call, one.call); /* pressed again: the same call */
    assert_int_equal(w->d->calls.n, 1);
}

static void the_callee_is_busy(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    struct client *h = device(w, HANA);
    talk(a, b, JUN);
    struct talk second = talk_of(dial(c, JUN));
    assert_has(told(b, "ring"), "'waiting':true");
    drain_all(w);
    const char *third = dial(h, JUN);
    assert_has(third, "'state':'busy'");
    assert_has(third, "'reason':'busy'");
    assert_has(told(b, "call"), "'state':'busy'"); /* shown, not rung */
    assert_string_equal(told(b, "ring"), "");
    assert_has(told(b, "badges"), "'missed':1");
    assert_ack(ask_call(b, "call_decline", &second, ",'text':'busy'"));
    assert_has(told(c, "call"), "'text':'busy'");
}

static void who_does_not_want_to_be_disturbed(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    session_of(b)->user->mode = PRESENCE_MODE_DND;
    drain_all(w);
    const char *ack = dial(a, JUN);
    assert_has(ack, "'state':'busy'");
    assert_has(ack, "'reason':'dnd'");
    assert_string_equal(told(b, "ring"), "");
    assert_has(told(b, "badges"), "'missed':1");
    assert_int_equal(w->d->calls.n, 0);
    assert_int_equal(w->d->rooms.n, 0);
    assert_ack(dial(b, MINA)); /* but may call */
}

static void call_waiting(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    struct talk first = talk(a, b, JUN), second = talk_of(dial(c, JUN));
    assert_error(pick_up(b, &second, ""), "in_call");
    assert_error(pick_up(b, &second, ",'other':'none of these'"), "bad_request");
    drain_all(w);
    assert_ack(pick_up(b, &second, ",'other':'hold'"));
    assert_has(told(a, "call"), "'held':['0000000000002']");
    assert_has(told(a, "participant"), "'media':false");
    assert_ack(join(b, second.room, ""));
    assert_has(last(b), "'media':true");
    assert_ack(join(c, second.room, ""));
    drain_all(w);
    assert_ack(ask_call(b, "call_hold", &first, ",'on':false")); /* the other one waits now */
    assert_has(told(c, "call"), "'held':['0000000000002']");
    assert_false(has(told(a, "call"), "held"));
    assert_has(told(a, "participant"), "'media':true");
    assert_ack(ask_call(b, "call_end", &first, ""));
    assert_ack(ask_call(b, "call_hold", &second, ",'on':false"));

    struct talk third = talk_of(dial(a, JUN));
    drain_all(w);
    assert_ack(pick_up(b, &third, ",'other':'end'"));
    assert_has(told(c, "call"), "'state':'ended'");
    assert_has(told(a, "call"), "'state':'accepted'");
    assert_int_equal(w->d->calls.n, 1);
}

static void a_call_that_one_makes_gives_way(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    struct talk out = talk_of(dial(b, SORA)), in = talk_of(dial(a, JUN));
    assert_has(told(b, "ring"), "'waiting':true");
    assert_error(dial(b, HANA), "in_call");
    assert_ack(pick_up(b, &in, ",'other':'hold'")); /* there is nothing to hold: cancelled */
    assert_has(told(c, "call"), out.call);
    assert_has(told(c, "call"), "'state':'cancelled'");
}

static void hold(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *b2 = device(w, JUN);
    struct talk t = talk(a, b, JUN);
    assert_error(ask_call(b2, "call_hold", &t, ",'on':true"), "not_allowed");
    assert_ack(ask_call(b, "call_hold", &t, ",'on':true"));
    assert_has(told(a, "call"), "'state':'accepted'");
    assert_has(told(a, "call"), "'held':['0000000000002']");
    assert_has(told(a, "participant"), "'media':false");
    assert_ack(ask_call(b, "call_hold", &t, ",'on':true"));
    assert_ack(ask_call(a, "call_hold", &t, ",'on':true"));
    assert_has(told(b, "call"), "'held':['0000000000001','0000000000002']");
    assert_ack(ask_call(b, "call_hold", &t, ",'on':false"));
    assert_ack(ask_call(a, "call_hold", &t, ",'on':false"));
    assert_false(has(told(b, "call"), "held"));
    assert_has(told(b, "participant"), "'media':true");
}

static void video(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    const char *ack = ask(a, "'type':'call','to':'%s','video':false", id_text(JUN));
    struct talk t = talk_of(ack);
    assert_has(ack, "'video':false");
    assert_ack(ask_call(b, "call_answer", &t, ",'video':false"));
    drain_all(w);
    assert_ack(ask_call(b, "call_video", &t, ",'on':true"));
    assert_has(told(a, "call"), "'video':true");
    struct client *b2 = device(w, JUN);
    assert_error(ask_call(b2, "call_video", &t, ",'on':false"), "not_allowed");
}

static void take_it_here(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *b2 = device(w, JUN);
    struct client *c = device(w, SORA);
    struct talk t = talk(a, b, JUN);
    assert_error(ask_call(c, "call_take", &t, ""), "call_unknown");
    assert_error(join(b2, t.room, ""), "room_locked");
    const char *ack = ask_call(b2, "call_take", &t, "");
    assert_has(ack, t.room);
    assert_int_equal(people_in(w, &t), 2); /* the old one goes when the new one is there */
    drain_all(w);
    assert_ack(join(b2, t.room, ""));
    assert_has(told(b, "left"), "'reason':'ended'");
    assert_has(told(a, "entered"), b2->sid);
    assert_int_equal(people_in(w, &t), 2);
    say(b, "{\"type\":\"bye\"}");
    assert_has(ask_call(b2, "call_take", &t, ""), "'state':'accepted'"); /* has it: fine */
    assert_int_equal(w->d->calls.n, 1);
    struct client *b3 = device(w, JUN);
    assert_has(told(b3, "call"), t.call); /* so that it can offer to take it */
    struct talk o = talk_of(dial(b3, SORA));
    pick_up(c, &o, "");
    assert_error(ask_call(b3, "call_take", &t, ""), "in_call");
}

static void the_caller_reloads(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    lose_pipe(a);
    world_pass(w, 9 * SECOND);
    resume(a, a->token);
    world_pass(w, 9 * SECOND);
    lose_pipe(a);
    world_pass(w, 5 * SECOND);
    struct client *a2 = device(w, MINA); /* another page, which knows nothing of the first */
    assert_has(told(a2, "call"), "'state':'ringing'");
    assert_ack(ask_call(a2, "call_take", &t, ""));
    world_pass(w, 10 * SECOND);
    drain_all(w);
    assert_ack(pick_up(b, &t, ""));
    assert_ack(join(a2, t.room, ""));
    t = talk_of(told(b, "call"));
    ask_call(b, "call_end", &t, "");

    t = talk_of(dial(a2, JUN));
    lose_pipe(a2);
    drain_all(w);
    world_pass(w, 10 * SECOND);
    assert_has(told(b, "call"), "'state':'cancelled'");
    assert_has(told(b, "call"), "'reason':'lost'");
}

/* The pages say which session they replace, and join at once. */
static void pages_are_reloaded(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    char more[256];
    snprintf(more, sizeof more, ",'replaces':'%s'", b->token);
    lose_pipe(b);
    struct client *b2 = device_with(w, JUN, more);
    assert_has(told(b2, "ring"), t.call); /* it still rings */
    assert_ack(join(a, t.room, ""));
    assert_ack(pick_up(b2, &t, ""));
    assert_ack(join(b2, t.room, ""));
    drain_all(w);
    snprintf(more, sizeof more, ",'replaces':'%s','join':{'room':'%s'}", b2->token, t.room);
    struct client *b3 = device_with(w, JUN, more);
    assert_null(strstr(b3->log[0], "join_error"));
    assert_has(told(a, "entered"), b3->sid);
    assert_has(told(a, "call"), b3->sid);
    assert_false(has(told(a, "call"), "'lost'"));
    assert_int_equal(people_in(w, &t), 2);
    drain_all(w);
    world_pass(w, 60 * SECOND);
    assert_string_equal(told(a, "call"), ""); /* nobody was lost */
    snprintf(more, sizeof more, ",'replaces':'%s','join':{'room':'%s'}", a->token, t.room);
    struct client *a2 = device_with(w, MINA, more);
    assert_ack(ask_call(a2, "call_hold", &t, ",'on':true")); /* it is the device in the call */
    assert_ack(ask_call(b3, "call_end", &t, ""));
    assert_has(told(a2, "call"), "'state':'ended'");
}

static void somebody_signs_out_in_the_call(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    talk(a, b, JUN);
    session_event(w->d, session_of(b), SEV_SIGNED_OUT, &(struct cmd){0});
    world_settle(w);
    assert_has(told(a, "call"), "'reason':'hangup'");
    assert_int_equal(w->d->calls.n, 0);
}

static void blocked_while_it_rings_and_while_they_talk(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    join(a, t.room, "");
    join(b, t.room, "");
    drain_all(w);
    call_user_blocks(w->d, session_of(b)->user, MINA);
    assert_has(told(b, "call"), "'state':'cancelled'");
    assert_error(pick_up(b, &t, ""), "call_unknown");
    assert_string_equal(told(a, "call"), "");
    assert_ack(ask_call(a, "call_cancel", &t, ""));
    assert_string_equal(told(b, "badges"), "");
    t = talk(a, b, JUN);
    call_user_blocks(w->d, session_of(b)->user, MINA);
    assert_has(told(a, "call"), "'state':'ended'");
}

static void somebody_is_lost_in_the_call(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    talk(a, b, JUN);
    lose_pipe(b);
    assert_has(told(a, "call"), "'lost':['0000000000002']");
    world_pass(w, 29 * SECOND);
    resume(b, b->token);
    assert_false(has(told(a, "call"), "lost"));
    lose_pipe(b);
    drain_all(w);
    world_pass(w, 30 * SECOND);
    assert_has(told(a, "call"), "'state':'ended'");
    assert_has(told(a, "call"), "'reason':'lost'");
    assert_int_equal(w->d->rooms.n, 0);

    struct client *b2 = device(w, JUN);
    talk(a, b2, JUN);
    say(b2, "{\"type\":\"bye\"}"); /* who closes the page ends the call */
    assert_has(told(a, "call"), "'reason':'hangup'");
}

static void a_third_person(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    struct client *h = device(w, HANA), *b2 = device(w, JUN);
    struct talk t = talk(a, b, JUN);
    char more[64];
    snprintf(more, sizeof more, ",'to':'%s'", id_text(SORA));
    assert_error(ask_call(b2, "call_invite", &t, more), "not_allowed");
    assert_error(ask_call(h, "call_invite", &t, more), "call_unknown");
    const char *ack = ask_call(b, "call_invite", &t, more);
    struct talk t3 = talk_of(ack);
    assert_string_equal(t3.room, t.room);
    assert_has(told(c, "ring"), "'display':'jun'");
    assert_false(has(told(c, "ring"), "'room'")); /* nothing to prepare: two are talking there */
    assert_error(join(c, t.room, ""), "room_locked");
    assert_int_equal(people_in(w, &t), 2);
    drain_all(w);
    assert_ack(pick_up(c, &t3, ""));
    assert_has(told(a, "call"), "'group':true");
    assert_ack(join(c, t.room, ""));
    assert_int_equal(people_in(w, &t), 3);
    assert_has(told(a, "entered"), c->sid);
    snprintf(more, sizeof more, ",'to':'%s'", id_text(HANA));
    struct talk t4 = talk_of(ask_call(c, "call_invite", &t3, more));
    assert_ack(pick_up(h, &t4, ""));
    assert_ack(join(h, t.room, ""));
    assert_int_equal(people_in(w, &t), 4);
    drain_all(w);
    assert_ack(ask_call(b, "call_end", &t, "")); /* both of b's calls are over, the others stay */
    assert_has(told(a, "call"), "'state':'ended'");
    assert_has(told(c, "call"), "'state':'ended'");
    assert_has(told(b, "left"), "'reason':'ended'");
    assert_int_equal(people_in(w, &t), 3);
    assert_int_equal(w->d->calls.n, 1);
    assert_ack(ask(c, "'type':'leave','room':'%s'", t.room));
    assert_has(told(h, "call"), "'state':'ended'");
    assert_int_equal(people_in(w, &t), 2);
    assert_int_equal(w->d->calls.n, 0);
}

static void a_call_that_rings_is_no_group(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    w->d->cfg.groups = GROUPS_ALWAYS;
    struct talk t = talk_of(dial(a, JUN));
    assert_has(join(a, t.room, ""), "'media':true,'mode':'direct'}");
    assert_has(join(b, t.room, ""), "'mode':'direct'}");
    assert_string_equal(groups(w), "");
    drain_all(w);
    assert_ack(pick_up(b, &t, ""));
    assert_string_equal(groups(w), "open;");
    assert_has(told(a, "group_mode"), "'mode':'group'}");
    assert_has(told(b, "group_mode"), "'mode':'group'}");
    assert_ack(ask_call(a, "call_end", &t, ""));
    assert_string_equal(groups(w), "close;");
}

static void a_call_of_three_is_a_group(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    w->d->cfg.groups = GROUPS_AUTO;
    struct talk t = talk(a, b, JUN);
    char more[64];
    snprintf(more, sizeof more, ",'to':'%s'", id_text(SORA));
    struct talk t3 = talk_of(ask_call(a, "call_invite", &t, more));
    assert_ack(pick_up(c, &t3, ""));
    assert_string_equal(groups(w), "");
    assert_has(join(c, t.room, ""), "'mode':'group'}");
    assert_has(told(b, "group_mode"), "'mode':'group'}");
    assert_ack(ask(c, "'type':'leave','room':'%s'", t.room));
    world_pass(w, 5 * SECOND);
    assert_has(told(b, "group_mode"), "'mode':'direct'}");
    assert_string_equal(groups(w), "open;close;");
}

static void a_third_person_does_not_come(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    struct talk t = talk(a, b, JUN);
    char more[64];
    snprintf(more, sizeof more, ",'to':'%s'", id_text(SORA));
    struct talk t3 = talk_of(ask_call(a, "call_invite", &t, more));
    assert_ack(ask_call(c, "call_decline", &t3, ""));
    assert_int_equal(people_in(w, &t), 2);
    t3 = talk_of(ask_call(a, "call_invite", &t, more));
    drain_all(w);
    assert_ack(ask_call(b, "call_end", &t, "")); /* there is nothing left to come to */
    assert_has(told(c, "call"), "'state':'cancelled'");
    assert_int_equal(w->d->calls.n, 0);
    assert_int_equal(w->d->rooms.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALL_TEST(a_call_is_answered),
        CALL_TEST(a_call_is_declined),
        CALL_TEST(a_call_is_cancelled),
        CALL_TEST(cancelling_crosses_with_the_answer),
        CALL_TEST(nobody_answers),
        CALL_TEST(nobody_is_there_and_then_somebody),
        CALL_TEST(who_is_unknown),
        CALL_TEST(the_blocked_hear_it_ring),
        CALL_TEST(both_press_call),
        CALL_TEST(the_callee_is_busy),
        CALL_TEST(who_does_not_want_to_be_disturbed),
        CALL_TEST(call_waiting),
        CALL_TEST(a_call_that_one_makes_gives_way),
        CALL_TEST(hold),
        CALL_TEST(video),
        CALL_TEST(take_it_here),
        CALL_TEST(the_caller_reloads),
        CALL_TEST(pages_are_reloaded),
        CALL_TEST(somebody_signs_out_in_the_call),
        CALL_TEST(blocked_while_it_rings_and_while_they_talk),
        CALL_TEST(somebody_is_lost_in_the_call),
        CALL_TEST(a_third_person),
        CALL_TEST(a_call_that_rings_is_no_group),
        CALL_TEST(a_call_of_three_is_a_group),
        CALL_TEST(a_third_person_does_not_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
