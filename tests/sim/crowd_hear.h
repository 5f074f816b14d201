/* What a person of the crowd makes of what it hears: everything is checked against what it was told
 * before, and against what the others heard. */
#ifndef MADANG_TESTS_CROWD_HEAR_H
#define MADANG_TESTS_CROWD_HEAR_H

#include "sim/crowd_wire.h"

static void pipe_lost(struct person *p);
static void session_over(struct person *p);

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static uint64_t id_in(struct world *w, const json_t *o, const char *key)
{
    uint64_t id = 0;
    const char *text = text_of(o, key);
    CHECK(w, b32_decode(str_from(text), &id), "\"%s\" is \"%s\"", key, text);
    return id;
}

static int64_t int_of(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static bool is(const json_t *o, const char *type)
{
    return strcmp(text_of(o, "type"), type) == 0;
}

/* ---- rooms ---- */

/* One message of a room: everybody hears the same under the same number, each once. */
static void hear_said(struct person *p, struct seen_room *r, const json_t *o)
{
    struct world *w = p->w;
    const char *text = text_of(o, "text");
    int64_t seq = int_of(o, "seq");
    int who = -1;
    unsigned life = 0, number = 0;
    char *at;
    CHECK(w, text[0] == 'c', "the text is \"%s\"", text);
    who = (int)strtol(text + 1, &at, 10);
    life = (unsigned)strtoul(at + 1, &at, 10);
    number = (unsigned)strtoul(at + 1, &at, 10);
    CHECK(w, who >= 0 && who < PEOPLE && life > 0, "the text is \"%s\"", text);
    CHECK(w, r->last_seq < 0 || seq == r->last_seq + 1, "number %lld of the room after %lld",
          (long long)seq, (long long)r->last_seq);
    r->last_seq = seq;
    number |= life << 16;
    CHECK(w, number > r->last_of[who], "\"%s\" came again or late", text);
    r->last_of[who] = number;
    if (seq < SAID) {
        struct known_room *k = known(w, r->id);
        uint64_t h = hash_text(text, strlen(text)) ^ id_in(w, o, "from");
        CHECK(w, k->again || k->said[seq] == 0 || k->said[seq] == h,
              "others heard another number %lld", (long long)seq);
        k->said[seq] = h;
    }
    w->did.chats++;
}

static void hear_joined(struct person *p, const json_t *o)
{
    struct world *w = p->w;
    const json_t *room = json_object_get(o, "room"), *one;
    const json_t *people = json_object_get(o, "participants");
    uint64_t id = id_in(w, room, "room");
    size_t i;
    struct seen_room *r = room_of(p, id);
    if (!r) {
        CHECK(w, p->n_rooms < IN_ROOMS, "in too many rooms");
        r = &p->rooms[p->n_rooms++];
    }
    memset(r, 0, sizeof *r);
    r->id = id;
    r->last_seq = -1;
    CHECK(w, id_in(w, o, "self") == p->session, "self is somebody else");
    CHECK(w, json_array_size(people) == (size_t)int_of(room, "count"), "count of the room");
    json_array_foreach(people, i, one)
    {
        CHECK(w, r->n < IN_ROOM, "too many in a room");
        r->people[r->n++] = id_in(w, one, "session");
    }
    CHECK(w, place_of(r, p->session) >= 0, "not among the participants");
    json_array_foreach(json_object_get(o, "history"), i, one) hear_said(p, r, one);
    snprintf(p->ticket, sizeof p->ticket, "%s", text_of(o, "ticket"));
    p->ticket_room = id;
    known(w, id);
}

static struct seen_room *must_be_in(struct person *p, const json_t *o)
{
    struct seen_room *r = room_of(p, id_in(p->w, o, "room"));
    CHECK(p->w, r != NULL, "\"%s\" of a room that %d is not in", text_of(o, "type"), p->n);
    return r;
}

static void forget_room(struct person *p, struct seen_room *r)
{
    *r = p->rooms[--p->n_rooms];
}

static void hear_entered(struct person *p, const json_t *o)
{
    struct seen_room *r = must_be_in(p, o);
    uint64_t who = id_in(p->w, json_object_get(o, "participant"), "session");
    CHECK(p->w, place_of(r, who) < 0 && r->n < IN_ROOM, "entered, and was there");
    r->people[r->n++] = who;
    /* With replaces, the one who is replaced still has its place for a moment. */
    CHECK(p->w, int_of(o, "count") == r->n || json_object_get(o, "replaces"), "count %lld, not %u",
          (long long)int_of(o, "count"), r->n);
}

static void hear_left(struct person *p, const json_t *o)
{
    struct seen_room *r = must_be_in(p, o);
    uint64_t who = id_in(p->w, o, "session");
    int at = place_of(r, who);
    CHECK(p->w, at >= 0, "left, and was not there");
    if (who == p->session) {
        const char *why = text_of(o, "reason");
        CHECK(p->w, strcmp(why, "removed") == 0 || strcmp(why, "merged") == 0, "left: %s", why);
        forget_room(p, r);
        return;
    }
    r->people[at] = r->people[--r->n];
    CHECK(p->w, int_of(o, "count") == r->n, "count %lld, not %u", (long long)int_of(o, "count"),
          r->n);
}

static void hear_merged(struct person *p, const json_t *o)
{
    struct seen_room *r = room_of(p, id_in(p->w, o, "from"));
    CHECK(p->w, r != NULL, "merged from a room that one isn't in");
    forget_room(p, r);
    hear_joined(p, json_object_get(o, "joined"));
}

/* ---- from person to person ---- */

static uint64_t chain(uint64_t h, uint32_t number)
{
    return hash_text(&(uint64_t[2]){h, number}, 16);
}

static void hear_personal(struct person *p, const json_t *o, const char *number)
{
    must_be_in(p, o);
    struct pair *pair = pair_of(p->w, id_in(p->w, o, "from"), p->session);
    pair->got++;
    pair->got_hash = chain(pair->got_hash, (uint32_t)strtoul(number, NULL, 10));
}

static void note_said(struct person *p, const struct ask *a)
{
    struct pair *pair = pair_of(p->w, p->session, a->to);
    pair->sent++;
    pair->sent_hash = chain(pair->sent_hash, a->number);
}

/* ---- answers ---- */

static void ask_free(struct ask *a)
{
    xfree(a->text);
    *a = (struct ask){0};
}

static struct ask *ask_of(struct person *p, int64_t id)
{
    for (int i = 0; i < ASKS; i++) {
        if (p->asks[i].state != ASK_FREE && p->asks[i].id == id) {
            return &p->asks[i];
        }
    }
    return NULL;
}

static void hear_hello(struct person *p, const json_t *o)
{
    struct world *w = p->w;
    const json_t *joined = json_object_get(o, "joined");
    CHECK(w, p->state == GREETING && !p->resuming && int_of(o, "id") == 1, "an ack of hello");
    p->session = id_in(w, o, "session");
    snprintf(p->token, sizeof p->token, "%s", text_of(o, "token"));
    CHECK(w, strlen(p->token) == 22, "the token is %s", p->token);
    p->state = UP;
    p->lost_since = INT64_MAX;
    p->next_id = 2;
    xfree(p->first);
    p->first = NULL;
    if (joined) {
        hear_joined(p, joined);
    }
}

static void hear_ack(struct person *p, const json_t *o)
{
    struct world *w = p->w;
    w->did.answers++;
    if (p->state == GREETING) {
        hear_hello(p, o);
        return;
    }
    struct ask *a = ask_of(p, int_of(o, "id"));
    CHECK(w, a != NULL, "%d heard an answer to %lld, which nobody waits for", p->n,
          (long long)int_of(o, "id"));
    bool good = is(o, "ack"), join = !strcmp(a->type, "join") || !strcmp(a->type, "create");
    const char *code = text_of(o, "code");
    /* Who removes oneself, or merges a room with itself, has said nothing that makes sense. */
    CHECK(w, a->malformed ? !good : strncmp(code, "bad_", 4) || !strncmp(a->type, "room_", 5),
          "%s was answered with %s %s", a->type, good ? "ack" : "error", code);
    p->joins -= join;
    if (good && join) {
        hear_joined(p, o);
    } else if (good && a->to) {
        note_said(p, a);
    } else if (good && strcmp(a->type, "leave") == 0) {
        struct seen_room *r = room_of(p, a->room);
        CHECK(w, r != NULL, "left a room that one isn't in");
        forget_room(p, r);
    } else if (strcmp(code, "room_unknown") == 0 && a->room) {
        CHECK(w, join || !room_of(p, a->room), "a room that one is in is unknown");
    }
    ask_free(a);
}

/* ---- the sequence ---- */

static void hear_event_of(struct person *p, const json_t *o, const char *body)
{
    const char *t = text_of(o, "type");
    p->w->did.events++;
    if (strcmp(t, "chat") == 0) {
        hear_said(p, must_be_in(p, o), o);
    } else if (strcmp(t, "entered") == 0) {
        hear_entered(p, o);
    } else if (strcmp(t, "left") == 0) {
        hear_left(p, o);
    } else if (strcmp(t, "merged") == 0) {
        hear_merged(p, o);
    } else if (strcmp(t, "whisper") == 0) {
        hear_personal(p, o, text_of(o, "text"));
    } else if (strcmp(t, "desc") == 0 || strcmp(t, "cand") == 0) {
        hear_personal(p, o, body);
    } else if (strcmp(t, "file") == 0) {
        hear_personal(p, o, text_of(o, "conn"));
    } else if (strcmp(t, "participant") == 0) {
        uint64_t who = id_in(p->w, json_object_get(o, "participant"), "session");
        CHECK(p->w, place_of(must_be_in(p, o), who) >= 0, "about somebody who isn't here");
    } else if (strcmp(t, "room_changed") != 0 && strcmp(t, "rooms") != 0) {
        CHECK(p->w, !strcmp(t, "typing") || !strcmp(t, "notice"), "an event \"%s\"", t);
    }
}

static void hear_sequenced(struct person *p, const json_t *o, const char *text, size_t n,
                           const char *body, uint64_t id)
{
    struct world *w = p->w;
    uint64_t seq = ++p->pipe_seq, h = hash_text(text, n);
    CHECK(w, id == 0 || id == seq, "%d: the id is %llu, the number %llu: %s", p->n,
          (unsigned long long)id, (unsigned long long)seq, text);
    if (seq <= p->seq) {
        w->did.repeats++;
        CHECK(w, p->seq - seq >= HASHES || p->hashes[seq % HASHES] == h,
              "%d: number %llu was another one before: %s", p->n, (unsigned long long)seq, text);
        return;
    }
    p->seq = seq;
    p->hashes[seq % HASHES] = h;
    if (is(o, "ack") || is(o, "error")) {
        hear_ack(p, o);
    } else {
        CHECK(w, p->state == UP, "an event before hello is answered: %s", text);
        hear_event_of(p, o, body);
    }
}

/* ---- beside the sequence ---- */

static void hear_resumed(struct person *p, const json_t *o)
{
    int64_t last_id = int_of(o, "last_id");
    uint64_t from = (uint64_t)int_of(o, "seq");
    if (p->browser) { /* a POST that was made twice, or of the tab's former life */
        CHECK(p->w, from <= p->seq, "resumed from a number that never was");
        p->pipe_seq = from;
    }
    if (p->browser && p->state == UP) {
        return;
    }
    CHECK(p->w, p->state == GREETING && p->resuming, "resumed, unasked");
    CHECK(p->w, id_in(p->w, o, "session") == p->session, "resumed somebody else's session");
    CHECK(p->w, from == p->pipe_seq, "resumed from another number");
    CHECK(p->w, last_id >= 1 && last_id < p->next_id, "last_id %lld", (long long)last_id);
    p->state = UP;
    p->lost_since = INT64_MAX;
    p->w->did.resumes++;
    for (int i = 0; i < ASKS; i++) {
        struct ask *a = &p->asks[i];
        if (a->state != ASK_FREE) {
            a->state = a->id <= last_id ? ASK_SENT : ASK_WAITS;
            a->sent_at = p->w->now;
        }
    }
    xfree(p->first);
    p->first = NULL;
}

/* A session that could not be resumed has been away too long, or missed too much: then the server has
 * counted it. */
static void excuse(struct person *p)
{
    struct world *w = p->w;
    const struct hub_counts *c = hub_counts(exchange_hub(tape_exchange(w->tape)));
    if (w->now - p->lost_since < w->conf.domain.resume_us) {
        uint64_t gone = c->overflow + c->resume_gone;
        CHECK(w, gone > w->excused, "%d could not resume after %.3f s", p->n,
              (double)(w->now - p->lost_since) / 1e6);
        w->excused++;
    }
}

static void greeting_refused(struct person *p, const json_t *o)
{
    const char *code = text_of(o, "code");
    bool unknown = strcmp(code, "session_unknown") == 0;
    p->w->did.unknown += unknown;
    if (p->resuming && unknown && p->exact) {
        excuse(p);
        session_over(p);
    } else if (p->resuming) {
        /* A POST of the tab's former life may come first. */
        CHECK(p->w, unknown || !strcmp(code, "rate") || p->browser, "resume was refused: %s", code);
    } else if (!p->resuming) {
        CHECK(p->w, !strcmp(code, "rate") || !strcmp(code, "busy"), "hello was refused: %s", code);
        session_over(p);
    }
    pipe_lost(p);
}

static void hear_beside(struct person *p, const json_t *o)
{
    if (is(o, "resumed")) {
        hear_resumed(p, o);
    } else if (is(o, "pong")) {
        p->pinged_at = 0;
        p->lost_since = INT64_MAX;
    } else if (is(o, "ended")) {
        p->w->did.ended++;
        session_over(p);
        pipe_lost(p);
    } else if (is(o, "closed")) {
        pipe_lost(p);
    } else if (is(o, "error") && p->state == GREETING) {
        greeting_refused(p, o);
    } else if (is(o, "error") && strcmp(text_of(o, "code"), "bad_id") == 0) {
        CHECK(p->w, p->browser != NULL, "bad_id on a WebSocket");
        for (int i = 0; i < ASKS; i++) { /* what waited was given up: once more */
            if (p->asks[i].state == ASK_SENT) {
                p->asks[i].state = ASK_WAITS;
            }
        }
    } else if (is(o, "error") && strcmp(text_of(o, "code"), "no_session") == 0) {
        p->lost_since = MIN_OF(p->lost_since, p->w->now); /* the server has let go of its pipe */
    }
}

/* docs/protocol.md, section 3: what is counted. */
static bool counts(const json_t *o, bool greeting)
{
    static const char *const beside[] = {"pong", "resumed", "closing", "ended", "closed"};
    for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
        if (is(o, beside[i])) {
            return false;
        }
    }
    return !is(o, "error") || (json_object_get(o, "id") && !greeting);
}

/* SIM_TRACE=N: all that person N hears. */
static void trace(const struct person *p, uint64_t id, const char *text)
{
    const char *who = getenv("SIM_TRACE");
    if (who && strtol(who, NULL, 10) == p->n) {
        fprintf(stderr, "%.6f state %d id %llu after %llu: %.300s\n", (double)p->w->now / 1e6,
                (int)p->state, (unsigned long long)id, (unsigned long long)p->pipe_seq, text);
    }
}

static void heard(struct person *p, const char *text, size_t n, uint64_t id, bool ws)
{
    const char *lf = memchr(text, '\n', n);
    size_t head = lf ? (size_t)(lf - text) : n;
    static char copy[TEXT_MAX * 2];
    json_error_t error;
    json_t *o = json_loadb(text, head, JSON_REJECT_DUPLICATES, &error);
    CHECK(p->w, o && json_is_object(o), "%.*s: %s", (int)head, text, error.text);
    memcpy(copy, text, n);
    copy[n] = 0;
    trace(p, id, copy);
    /* On a resume, numbered messages count once it is granted (a stream may hold older ones). */
    bool greeting = p->state == GREETING && (p->resuming || is(o, "error"));
    bool counted = counts(o, greeting);
    CHECK(p->w, ws || counted == (id != 0) || greeting, "with id %llu: %s", (unsigned long long)id,
          copy);
    if (!ws && greeting && id != 0) {
        counted = false; /* of the pipe's former life */
    } else if (counted && p->state != OPENING) {
        CHECK(p->w, !(ws && greeting), "before the resume is granted: %s", copy);
        hear_sequenced(p, o, copy, n, lf ? copy + head + 1 : "", id);
    } else if (p->state == GREETING || p->state == UP) {
        hear_beside(p, o);
    }
    json_decref(o);
}

#endif
