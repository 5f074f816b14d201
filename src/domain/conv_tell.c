/* What people learn of their conversations. */
#include "domain/conv.h"

#include "base/mem.h"

enum { PREVIEW_BYTES = 400, PAGE_BYTES = 160 * 1024 };

/* ---- to whom ---- */

static size_t refs_of(struct domain *d, const struct conv *c, const struct event *e, uint64_t only,
                      uint64_t except, const struct session *but, struct session_ref *to)
{
    size_t n = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        uint64_t id = c->members[i].user;
        const struct user *u = (only && id != only) || id == except ? NULL : user_find(d, id);
        if (!u || !conv_insider(c, id))
            continue;
        LIST_FOREACH(l, &u->sessions) {
            const struct session *s = container_of(l, struct session, of_user);
            if (s == but || s->state == SESSION_NEW || !scope_allows_event(s, e->type))
                continue;
            if (to)
                to[n] = session_ref(s);
            n++;
        }
    }
    return n;
}

void conv_tell(struct domain *d, const struct conv *c, const struct event *e, uint64_t only,
               uint64_t except, const struct session *but)
{
    size_t n = refs_of(d, c, e, only, except, but, NULL);
    struct session_ref *to = n ? scratch_refs(d, n) : NULL;
    if (to)
        emit_list(d, to, refs_of(d, c, e, only, except, but, to), e);
}

bool conv_unread(const struct conv *c, const struct conv_member *m)
{
    return m->state == CONV_OPEN && c->last_seq > m->read;
}

void conv_count(struct domain *d, struct user *u, int unread, int requests)
{
    if (!u || (unread == 0 && requests == 0))
        return;
    u->badges.unread = MAX_OF(u->badges.unread + unread, 0);
    u->badges.requests = MAX_OF(u->badges.requests + requests, 0);
    user_tell(d, u, &(struct event){.type = EVENT_BADGES, .u.account.badges = u->badges}, NULL);
}

/* ---- messages ---- */

static uint64_t number(struct str s)
{
    uint64_t v = 0;
    bool minus = s.n > 0 && s.p[0] == '-'; /* the store's numbers have a sign, ids have none */
    str_to_u64(str_skip(s, minus), UINT64_MAX, &v);
    return minus ? (uint64_t)0 - v : v;
}

static void take_reactions(struct message_view *m, struct message_room *room, struct str lines)
{
    size_t n = 0, keys = 0;
    struct str line, emoji, user;
    while (lines.n > 0 && n < CONV_REACTIONS_MAX) {
        str_split_once(lines, '\n', &line, &lines);
        if (!str_split_once(line, ' ', &emoji, &user))
            continue;
        if (keys == 0 || !str_eq(room->reactions[keys - 1].key, emoji))
            room->reactions[keys++] = (struct id_map_item){emoji, {&room->reactors[n], 0}};
        room->reactors[n++] = number(user);
        room->reactions[keys - 1].ids.n++;
    }
    m->reactions = (struct id_map){room->reactions, keys};
}

static void take_files(struct message_view *m, struct message_room *room, struct str lines)
{
    size_t n = 0;
    struct str line, f[9];
    while (lines.n > 0 && n < CONV_FILES_MAX) {
        str_split_once(lines, '\n', &line, &lines);
        for (size_t i = 0; i < ARRAY_LEN(f); i++)
            str_split_once(line, '\x1f', &f[i], &line);
        struct file_view file = {
            .file = number(f[0]),
            .place = (int64_t)number(f[1]),
            .size = (int64_t)number(f[2]),
            .width = (int64_t)number(f[3]),
            .height = (int64_t)number(f[4]),
            .thumb = number(f[5]) != 0,
            .gone = number(f[6]) != 0,
            .mime = f[7],
            .name = f[8],
        };
        size_t at = n++;
        for (; at > 0 && room->files[at - 1].place > file.place; at--)
            room->files[at] = room->files[at - 1];
        room->files[at] = file;
    }
    m->files = (struct object_list){room->files, n};
}

static void take_mentions(struct message_view *m, struct message_room *room, struct str list)
{
    size_t n = 0;
    struct str one;
    while (list.n > 0 && n < ARRAY_LEN(room->mentions)) {
        str_split_once(list, ' ', &one, &list);
        room->mentions[n++] = number(one);
    }
    m->mentions = (struct id_list){room->mentions, n};
}

void conv_message(struct message_view *m, struct message_room *room, uint64_t conv, uint64_t user,
                  const struct val *row)
{
    *m = (struct message_view){
        .conv = conv,
        .seq = row[0].i,
        .from = val_id(&row[1]),
        .time_ms = row[2].i,
        .text = row[3].s,
        .reply = row[4].i,
        .edited_ms = row[5].i,
        .deleted = row[6].kind != VAL_NULL,
    };
    if (m->from && m->from == user)
        m->client = row[7].s;
    m->guest = row[11].s;
    take_reactions(m, room, row[8].s);
    take_files(m, room, row[9].s);
    take_mentions(m, room, row[10].s);
}

/* ---- conversations ---- */

struct shown {
    struct conv_object object;
    struct message_view last;
    struct who_view with;
    struct live_shown live;
};

/* Up to so many bytes, and not within a character. */
static struct str cut(struct str s, size_t max)
{
    size_t n = MIN_OF(s.n, max);
    while (n > 0 && n < s.n && ((uint8_t)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_head(s, n);
}

static void show_last(struct shown *o, uint64_t user, const struct val *row)
{
    o->last = (struct message_view){
        .conv = o->object.conv,
        .seq = row[0].i,
        .from = val_id(&row[1]),
        .time_ms = row[2].i,
        .text = cut(row[3].s, PREVIEW_BYTES),
        .reply = row[4].i,
        .edited_ms = row[5].i,
        .deleted = row[6].kind != VAL_NULL,
    };
    if (o->last.from == user)
        o->last.client = row[7].s;
    o->last.guest = row[8].s;
    o->object.last = &o->last;
}

static void show(const struct domain *d, struct shown *o, uint64_t user,
                 const struct val row[CONV_COLS])
{
    const struct user *u = user_find(d, user);
    int64_t flags = row[6].i, state = row[10].i;
    o->object = (struct conv_object){
        .conv = val_id(&row[0]),
        .kind = row[1].i == 0 ? CONV_DIRECT : CONV_ROOM,
        .title = row[4].s,
        .topic = row[5].s,
        .picture = row[8].i,
        .is_public = flags & CONV_PUBLIC,
        .unlisted = flags & CONV_UNLISTED,
        .role = (enum conv_rank)MIN_OF(MAX_OF(row[9].i, 0), CONV_IS_OWNER),
        .seq = row[2].i,
        .read = row[11].i,
        .unread = MAX_OF(row[2].i - row[11].i, 0),
        .others_read = u && (u->settings & USER_READ_MARKS) ? row[13].i : 0,
        .delivered = row[29].i,
        .draft = row[12].s,
        .state = (flags & CONV_ARCHIVED) ? CONV_IS_ARCHIVED
                 : state == CONV_REQUEST ? CONV_IS_REQUEST
                 : state == CONV_IGNORED ? CONV_IS_IGNORED
                                         : CONV_IS_OPEN,
        .retention_s = row[7].i,
        .members = row[18].i,
        .password = row[28].i != 0,
    };
    if (o->object.kind == CONV_DIRECT) {
        o->with = (struct who_view){val_id(&row[14]), row[15].s, row[16].s, row[17].i};
        o->object.with = &o->with;
        o->object.members = 2;
    }
    /* Who is only invited to a room reads nothing of it. */
    bool inside = o->object.kind == CONV_DIRECT || state == CONV_OPEN;
    if (!inside)
        o->object.unread = 0;
    if (inside && o->object.kind == CONV_ROOM)
        o->object.live = live_shown(d, o->object.conv, &o->live);
    if (inside && row[19].kind != VAL_NULL)
        show_last(o, user, row + 19);
}

struct show_ask {
    uint64_t conv;
    uint64_t user;
};

static void replied(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct show_ask *w = (const struct show_ask *)(const void *)a->data;
    struct val row[CONV_COLS];
    struct shown o;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
    } else if (!db_row(answer->db, row, CONV_COLS)) {
        reply_error(d, &a->who, CODE_CONV_UNKNOWN);
    } else {
        show(d, &o, w->user, row);
        reply(d, &a->who, &(struct event){.type = RESULT_CONV, .u.conv.conv.conv = &o.object});
    }
}

void conv_reply(struct domain *d, const struct asker *who, uint64_t conv, uint64_t user)
{
    struct show_ask w = {conv, user};
    ASK_DB(d, ask_new(d, *who, replied, &w, sizeof w), DB_CONV_OF, VAL_ID(user), VAL_ID(conv));
}

void conv_get(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct asker who = asker_of(cmd);
    conv_reply(d, &who, cmd->u.conv.id, s->user->id);
}

static void shown(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct show_ask *w = (const struct show_ask *)(const void *)a->data;
    const struct user *u = user_find(d, w->user);
    struct val row[CONV_COLS];
    struct shown o;
    if (!u || !db_row(answer->db, row, CONV_COLS))
        return;
    show(d, &o, w->user, row);
    user_tell(d, u, &(struct event){.type = EVENT_CONV, .u.conv.conv.conv = &o.object}, NULL);
}

void conv_show(struct domain *d, uint64_t conv, uint64_t user)
{
    const struct user *u = user_find(d, user);
    struct show_ask w = {conv, user};
    if (u && u->n_sessions)
        ASK_DB(d, ask_new(d, (struct asker){0}, shown, &w, sizeof w), DB_CONV_OF, VAL_ID(user),
               VAL_ID(conv));
}

void conv_show_all(struct domain *d, const struct conv *c)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (c->members[i].state != CONV_BANNED)
            conv_show(d, c->id, c->members[i].user);
}

void conv_gone(struct domain *d, uint64_t conv, uint64_t user)
{
    const struct user *u = user_find(d, user);
    struct conv_object was = {.conv = conv};
    struct event e = {.type = EVENT_CONV, .u.conv.conv = {.was = &was, .gone = true}};
    if (u)
        user_tell(d, u, &e, NULL);
}

/* ---- the list ---- */

void conv_reply_page(struct domain *d, const struct asker *who, enum event_type type,
                     struct object_list list, bool more, int64_t one, int64_t two)
{
    struct event e = {.type = type};
    char next[CONV_CURSOR_MAX];
    struct buf cursor;
    buf_init_fixed(&cursor, next, sizeof next);
    if (more)
        buf_putf(&cursor, "%llu.%llu", (unsigned long long)one, (unsigned long long)two);
    e.u.conv.page.list = list;
    e.u.conv.page.next = buf_str(&cursor);
    reply(d, who, &e);
}

bool cursor_get(struct str text, int64_t *one, int64_t *two)
{
    uint64_t a, b;
    struct str head, tail;
    if (!str_split_once(text, '.', &head, &tail) || !str_to_u64(head, UINT64_MAX, &a) ||
        !str_to_u64(tail, UINT64_MAX, &b))
        return false;
    *one = (int64_t)a;
    *two = (int64_t)b;
    return true;
}

/* a->a: who; a->b: how many were wanted. One more was asked for. */
static void listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[CONV_COLS];
    struct shown *o = xcalloc(CONV_PAGE_MAX, sizeof *o);
    struct conv_object *list = xcalloc(CONV_PAGE_MAX, sizeof *list);
    struct db_rows it = db_rows_of(answer->db->rows);
    size_t n = 0, bytes = 0;
    int64_t time = 0, conv = 0;
    bool more = false;
    while (!more && db_rows_next(&it, row, CONV_COLS)) {
        bytes += row[4].s.n + row[5].s.n + row[12].s.n + PREVIEW_BYTES;
        more = n == MIN_OF(a->b, CONV_PAGE_MAX) || (n > 0 && bytes > PAGE_BYTES);
        if (more)
            break;
        show(d, &o[n], a->a, row);
        list[n] = o[n].object;
        time = row[3].i;
        conv = (int64_t)o[n].object.conv;
        n++;
    }
    if (answer->db->status == DB_OK)
        conv_reply_page(d, &a->who, RESULT_CONVS, (struct object_list){list, n}, more, time, conv);
    else
        reply_db(d, &a->who, answer->db->status);
    xfree(list);
    xfree(o);
}

void conv_list(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_page *p = &cmd->u.conv.page;
    int64_t time = INT64_MAX, id = INT64_MAX;
    if (p->after.n && !cursor_get(p->after, &time, &id)) {
        emit_bad(d, s, cmd->id, "after");
        return;
    }
    if (p->after.n == 0)
        message_arrived(d, s->user->id);
    struct ask *a = ask_new(d, asker_of(cmd), listed, NULL, 0);
    a->a = s->user->id;
    a->b = (uint64_t)p->limit;
    ASK_DB(d, a, DB_CONVS, VAL_ID(a->a), VAL_I(time), VAL_I(id), VAL_I(p->limit + 1));
}
