/* Rooms, people, messages: the objects that events and answers speak of. */
#include "edge/web/wire_fields.h"
#include "edge/web/wire_out_int.h"
#include "proto/turn_users.h"

/* The fields of a room object, without braces. */
void wire_out_room_fields(struct buf *b, const struct room_view *r)
{
    char *at = start(b, 360, r->title.n), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "\"room\":"), r->id);
    p = put_text(LIT(p, ",\"title\":"), r->title);
    p = put_bool(LIT(p, ",\"public\":"), r->is_public);
    p = put_bool(LIT(p, ",\"password\":"), r->password);
    p = put_bool(LIT(p, ",\"locked\":"), r->locked);
    p = put_int(LIT(p, ",\"capacity\":"), r->capacity);
    p = put_int(LIT(p, ",\"count\":"), r->count);
    p = put_id_or_null(LIT(p, ",\"owner\":"), r->owner);
    if (r->stays)
        p = LIT(p, ",\"stays\":true");
    if (r->lobby)
        p = LIT(p, ",\"lobby\":true");
    if (r->publish_few)
        p = LIT(p, ",\"publish\":\"moderators\"");
    if (r->share_few)
        p = LIT(p, ",\"share\":\"moderators\"");
    if (r->programs)
        p = LIT(p, ",\"programs\":true");
    if (r->recording_ms)
        p = put_int(LIT(p, ",\"recording\":"), r->recording_ms);
    stop(b, at, p);
}

void wire_out_room(struct buf *b, const struct room_view *r)
{
    buf_u8(b, '{');
    wire_out_room_fields(b, r);
    buf_u8(b, '}');
}

static char *put_muted(char *p, unsigned muted)
{
    static const struct str kinds[] = {STR_INIT("mic"), STR_INIT("camera"), STR_INIT("screen")};
    const char *before = ",\"muted\":[";
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!(muted >> i & 1))
            continue;
        p = lit(p, before, strlen(before));
        p = put_text(p, kinds[i]);
        before = ",";
    }
    if (*before == ',' && !before[1])
        *p++ = ']';
    return p;
}

void wire_out_person(struct buf *b, const struct person_view *v)
{
    char *at = start(b, 304, v->name.n), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "{\"session\":"), v->session);
    p = put_text(LIT(p, ",\"name\":"), v->name);
    if (v->user)
        p = put_id(LIT(p, ",\"user\":"), v->user);
    p = put_bool(LIT(p, ",\"mic\":"), v->mic);
    p = put_bool(LIT(p, ",\"cam\":"), v->cam);
    p = put_bool(LIT(p, ",\"screen\":"), v->screen);
    p = put_bool(LIT(p, ",\"media\":"), v->media);
    p = put_bool(LIT(p, ",\"away\":"), v->away);
    if (v->hand_ms)
        p = put_int(LIT(p, ",\"hand\":"), v->hand_ms);
    p = put_muted(p, v->muted);
    if (v->program)
        p = LIT(p, ",\"program\":true");
    if (v->recorded)
        p = LIT(p, ",\"recorded\":true");
    *p++ = '}';
    stop(b, at, p);
}

/* A chat or whisper event; seq 0: none. */
void wire_out_said(struct buf *b, const char *type, uint64_t room, const struct chat_view *c)
{
    struct str t = str_from(type);
    char *at = start(b, 192 + t.n, c->name.n + c->text.n), *p = at;
    if (!at)
        return;
    p = LIT(p, "{\"type\":\"");
    p = lit(p, t.p, t.n);
    p = put_id(LIT(p, "\",\"room\":"), room);
    p = put_id_or_null(LIT(p, ",\"from\":"), c->from);
    p = put_text(LIT(p, ",\"name\":"), c->name);
    p = put_text(LIT(p, ",\"text\":"), c->text);
    if (c->seq)
        p = put_int(LIT(p, ",\"seq\":"), c->seq);
    p = put_int(LIT(p, ",\"time\":"), c->time_ms);
    *p++ = '}';
    stop(b, at, p);
}

static void out_relay_credential(struct buf *b, const struct relay_view *r)
{
    char name[TURN_SCOPE_NAME + 1], password[TURN_SCOPE_PASSWORD + 1];
    if (!r->scope)
        return;
    turn_scope_credential(r->key, r->scope, name, password);
    char *at = start(b, 64, TURN_SCOPE_NAME + TURN_SCOPE_PASSWORD), *p = at;
    if (!at)
        return;
    p = put_text(LIT(p, ",\"relay\":{\"username\":"), str_from(name));
    p = put_text(LIT(p, ",\"credential\":"), str_from(password));
    *p++ = '}';
    stop(b, at, p);
}

/* The fields of a joined object, without braces. */
void wire_out_joined_fields(struct buf *b, const struct joined_view *j)
{
    buf_puts(b, "\"room\":");
    wire_out_room(b, &j->room);
    char *at = start(b, 64, 0), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, ",\"self\":"), j->self);
    p = LIT(p, ",\"participants\":[");
    stop(b, at, p);
    for (size_t i = 0; i < j->n_people; i++) {
        if (i)
            buf_u8(b, ',');
        wire_out_person(b, &j->people[i]);
    }
    buf_puts(b, "],\"history\":[");
    for (size_t i = 0; i < j->n_history; i++) {
        if (i)
            buf_u8(b, ',');
        wire_out_said(b, "chat", j->room.id, &j->history[i]);
    }
    buf_puts(b, "],\"ticket\":\"");
    buf_put_str(b, j->ticket); /* base64url */
    buf_puts(b, j->media ? "\",\"media\":true" : "\",\"media\":false");
    if (j->group)
        wire_fields_write(b, &wire_group_mode, j->group, ',');
    out_relay_credential(b, &j->relay);
}

void wire_out_joined(struct buf *b, const struct joined_view *j)
{
    buf_u8(b, '{');
    wire_out_joined_fields(b, j);
    buf_u8(b, '}');
}

void wire_out_room_list(struct buf *b, const char *key, const struct room_view *rooms, size_t n)
{
    buf_puts(b, key);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_u8(b, ',');
        wire_out_room(b, &rooms[i]);
    }
    buf_u8(b, ']');
}

void wire_out_totals(struct buf *b, const struct rooms_view *v)
{
    char *at = start(b, 64, 0), *p = at;
    if (!at)
        return;
    p = put_int(LIT(p, ",\"total\":"), v->total);
    p = put_int(LIT(p, ",\"people\":"), v->people);
    stop(b, at, p);
}
