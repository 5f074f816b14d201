/* The directory: finding people by their names, pages of lists, favourites and blocks. The database reads in
 * order from a cursor on; what it finds is looked at here once more (letters of Hangul that are still
 * being typed, who is online), and it is asked again while a page would be empty. */
#include "domain/presence.h"

#include "base/code.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "base/utf8_form.h"
#include "domain/domain_int.h"
#include "domain/search_key.h"
#include "domain/user.h"
#include "domain/username.h"

enum {
    QUERY_MAX = 512,
    PLACE_MAX = 1024,
    CURSOR_MAX = PLACE_MAX + 16,
    ROW_COLS = 9,
    ROWS_EACH = 300, /* of one question to the database, when not all of them may fit */
    ROUNDS_MAX = 20,
    MARKS_MAX = 1000 /* favourites, and as many blocks */
};

struct place {
    size_t n;
    uint64_t id;
    char text[PLACE_MAX];
};

struct search {
    uint64_t me;
    enum people_only only;
    unsigned limit;
    unsigned rounds;
    size_t query_n;
    struct place after;
    char query[QUERY_MAX];
};

/* ---- cursors: where to go on, as text that clients give back ---- */

static struct str place_text(const struct place *p)
{
    return str_of(p->text, p->n);
}

static void place_set(struct place *p, struct str text, uint64_t id)
{
    p->n = MIN_OF(text.n, sizeof p->text);
    p->id = id;
    if (p->n > 0)
        memcpy(p->text, text.p, p->n);
}

static size_t cursor_write(const struct place *p, char *out, size_t cap)
{
    struct buf b;
    buf_init(&b, CURSOR_MAX);
    buf_u64(&b, p->id);
    buf_put_str(&b, place_text(p));
    size_t n = b64url_encode(out, cap, buf_data(&b), buf_len(&b));
    buf_free(&b);
    return n;
}

/* False: that is none. Anybody can make one; it only says where to begin. */
static bool cursor_read(struct str text, struct place *p)
{
    char bytes[CURSOR_MAX];
    size_t n;
    if (!b64url_decode(bytes, sizeof bytes, &n, text) || n < 8)
        return false;
    struct rd rd = rd_of(bytes, n);
    uint64_t id = rd_u64(&rd);
    struct str place = str_of(bytes + 8, n - 8);
    if (place.n > PLACE_MAX || !utf8_valid(place.p, place.n) || memchr(place.p, 0, place.n))
        return false;
    place_set(p, place, id);
    return true;
}

/* ---- what to look for ---- */

struct range {
    size_t n;
    struct str first;
    char end[SEARCH_WORD_MAX + 8];
};

/* All words that begin with this one; a last syllable without a final consonant may still get one. */
static void range_of(struct str word, struct range *r)
{
    enum { FIRST = 0xAC00, LAST = 0xD7A3, FINALS = 28 };
    struct str rest = word;
    uint32_t cp = 0, last = 0;
    size_t before = 0;
    while (rest.n) {
        before = word.n - rest.n;
        if (!utf8_next(&rest, &cp))
            break;
        last = cp;
    }
    r->first = word;
    r->n = MIN_OF(word.n, (size_t)SEARCH_WORD_MAX);
    if (r->n)
        memcpy(r->end, word.p, r->n);
    if (last >= FIRST && last <= LAST && (last - FIRST) % FINALS == 0 && before < r->n) {
        r->n = before;
        utf8_put(r->end, sizeof r->end, &r->n, last + FINALS - 1);
    }
    utf8_put(r->end, sizeof r->end, &r->n, 0x10FFFF);
}

/* The longest word says most; of two that are as long the last one: given names say more than family names. */
static struct str longest(struct str words, struct str but)
{
    struct str word, best = STR_NONE;
    while (search_key_next(&words, &word))
        if (word.n >= best.n && word.p != but.p)
            best = word;
    return best;
}

static bool find_words(struct domain *d, struct ask *a, unsigned rows)
{
    const struct search *f = (const struct search *)(void *)a->data;
    struct range first, second = {.n = 0};
    struct buf words;
    buf_init(&words, SEARCH_KEY_MAX + SEARCH_WORD_MAX);
    bool any = search_query(&words, str_of(f->query, f->query_n));
    if (any) {
        struct str one = longest(buf_str(&words), STR_NONE);
        struct str other = longest(buf_str(&words), one);
        range_of(one, &first);
        if (other.n)
            range_of(other, &second);
        ASK_DB(d, a, DB_PEOPLE_FIND, VAL_ID(f->me), VAL_T(place_text(&f->after)),
               VAL_I((int64_t)f->after.id), VAL_I(rows), VAL_T(first.first),
               VAL_T(str_of(first.end, first.n)), other.n ? VAL_T(second.first) : VAL_NONE,
               other.n ? VAL_T(str_of(second.end, second.n)) : VAL_NONE);
    }
    buf_free(&words);
    return any;
}

/* ---- rows ---- */

void directory_view(const struct domain *d, const struct user *me, const struct val *row,
                    struct somebody_view *v)
{
    const struct seen_row seen = {val_id(&row[1]), row[5].i, (uint32_t)row[6].i, row[8].i};
    struct presence_view p;
    presence_seen_by(d, me, seen.user, &seen, &p);
    *v = (struct somebody_view){
        .user = seen.user,
        .name = row[2].s,
        .display = row[3].s,
        .avatar = row[4].i,
        .presence = p.presence,
        .last_seen_ms = p.presence == PRESENCE_UNTOLD ? 0 : p.last_seen_ms,
        .favourite = idset_has(&me->favourites, seen.user),
        .blocked = idset_has(&me->blocked, seen.user),
    };
}

static bool is_online(const struct somebody_view *v)
{
    return v->presence != PRESENCE_OFFLINE && v->presence != PRESENCE_UNTOLD;
}

static bool named(const struct search *f, struct str name, struct str display)
{
    struct buf key;
    if (f->query_n == 0)
        return true;
    buf_init(&key, SEARCH_KEY_MAX + 1);
    search_key(&key, name, display);
    bool fits = search_matches(buf_str(&key), str_of(f->query, f->query_n));
    buf_free(&key);
    return fits;
}

static void page_send(struct domain *d, struct ask *a, const struct somebody_view *v, size_t n,
                      bool more)
{
    struct search *f = (struct search *)(void *)a->data;
    char next[B64URL_SIZE(CURSOR_MAX)];
    struct event e = {.type = RESULT_PEOPLE, .u.people.page.people = {v, n}};
    if (more)
        e.u.people.page.next = str_of(next, cursor_write(&f->after, next, sizeof next));
    reply(d, &a->who, &e);
}

static unsigned rows_wanted(const struct search *f)
{
    if (f->only == PEOPLE_ONLINE)
        return ROWS_EACH;
    return f->limit + 1; /* so that the last page knows that it is the last */
}

static void find_ask(struct domain *d, struct ask *a);

static void find_answered(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct search *f = (struct search *)(void *)a->data;
    const struct user *me = user_find(d, f->me);
    struct somebody_view views[PEOPLE_PAGE_MAX];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[ROW_COLS];
    unsigned rows = 0;
    size_t n = 0;
    bool more = false, full = false;
    if (answer->db->status != DB_OK || !me) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    while (db_rows_next(&it, row, ROW_COLS)) {
        if (full) {
            more = true;
            break;
        }
        bool end = row[2].kind == VAL_NULL; /* so far were words looked at */
        if (end && rows == rows_wanted(f))
            break;
        place_set(&f->after, row[0].s, val_id(&row[1]));
        if (end) {
            more = true;
            break;
        }
        rows++;
        directory_view(d, me, row, &views[n]);
        if ((f->only == PEOPLE_ONLINE && !is_online(&views[n])) || !named(f, row[2].s, row[3].s))
            continue;
        full = ++n == f->limit;
    }
    more |= rows == rows_wanted(f);
    if (n == 0 && more && ++f->rounds < ROUNDS_MAX)
        find_ask(d, a);
    else
        page_send(d, a, views, n, more);
}

/* ---- who is online, from memory ---- */

static int lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* As LOWER() of the database and its order of bytes. */
static int compare_lower(struct str a, struct str b)
{
    size_t n = MIN_OF(a.n, b.n);
    for (size_t i = 0; i < n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return lower(a.p[i]) - lower(b.p[i]);
    return (a.n > b.n) - (a.n < b.n);
}

static int compare_place(struct str text, uint64_t id, struct str text2, uint64_t id2)
{
    int c = compare_lower(text, text2);
    int64_t a = (int64_t)id, b = (int64_t)id2;
    return c ? c : (a > b) - (a < b);
}

/* Keeps the first `limit` of those behind the cursor. */
struct first_of {
    const struct user *v[PEOPLE_PAGE_MAX + 1];
    size_t n;
};

static void first_put(struct first_of *list, size_t max, const struct user *u)
{
    size_t at = list->n;
    while (at > 0 && compare_place(user_display(u), u->id, user_display(list->v[at - 1]),
                                   list->v[at - 1]->id) < 0)
        at--;
    if (at == max)
        return;
    size_t tail = MIN_OF(list->n, max - 1) - at;
    memmove(&list->v[at + 1], &list->v[at], tail * sizeof list->v[0]);
    list->v[at] = u;
    list->n = MIN_OF(list->n + 1, max);
}

static void online_send(struct domain *d, struct ask *a, const struct user *me)
{
    struct search *f = (struct search *)(void *)a->data;
    struct first_of first = {.n = 0};
    struct somebody_view views[PEOPLE_PAGE_MAX];
    size_t max = f->limit + 1u, n = 0;
    LIST_FOREACH(l, &d->presence.here) {
        const struct user *u = container_of(l, struct user, presence.seen);
        if (u == me || presence_of(u) == PRESENCE_OFFLINE || user_blocks(me, u))
            continue;
        if (compare_place(user_display(u), u->id, place_text(&f->after), f->after.id) > 0)
            first_put(&first, max, u);
    }
    for (; n < first.n && n < f->limit; n++) {
        const struct user *u = first.v[n];
        views[n] = (struct somebody_view){
            .user = u->id,
            .name = user_name(u),
            .display = user_display(u),
            .avatar = u->avatar,
            .presence = presence_of(u),
            .favourite = idset_has(&me->favourites, u->id),
        };
        place_set(&f->after, user_display(u), u->id);
    }
    page_send(d, a, views, n, first.n > n);
}

/* ---- requests ---- */

/* Asks for what comes behind f->after. */
static void find_ask(struct domain *d, struct ask *a)
{
    static const enum db_proc procs[PEOPLE_ONLYS] = {DB_PEOPLE_LIST, DB_PEOPLE_FAVOURITES,
                                                     DB_PEOPLE_BLOCKED, DB_NONE};
    struct search *f = (struct search *)(void *)a->data;
    bool marked = f->only == PEOPLE_FAVOURITES || f->only == PEOPLE_BLOCKED;
    if (!marked && f->query_n) {
        if (!find_words(d, a, rows_wanted(f)))
            page_send(d, a, NULL, 0, false);
        return;
    }
    ASK_DB(d, a, procs[f->only], VAL_ID(f->me), VAL_T(place_text(&f->after)),
           VAL_I((int64_t)f->after.id), VAL_I(rows_wanted(f)));
}

void directory_find(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_people *find = &cmd->u.people.find;
    const struct user *me = s->user;
    struct str query = str_trim(find->query);
    struct ask *a = ask_new(d, asker_of(cmd), find_answered, NULL, sizeof(struct search));
    struct search *f = (struct search *)(void *)a->data;
    f->me = me->id;
    f->only = find->only;
    f->limit = (unsigned)find->limit;
    f->query_n = MIN_OF(query.n, sizeof f->query);
    if (f->query_n)
        memcpy(f->query, query.p, f->query_n);
    f->after.id = (uint64_t)INT64_MIN;
    if (find->after.n && !cursor_read(find->after, &f->after)) {
        emit_bad(d, s, cmd->id, "after");
        ask_free(a);
        return;
    }
    if (f->only == PEOPLE_ONLINE && f->query_n == 0) {
        online_send(d, a, me);
        ask_free(a);
        return;
    }
    find_ask(d, a);
    if (!a->waits)
        ask_free(a);
}

static void person_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct user *me = user_find(d, a->a);
    struct val row[ROW_COLS];
    struct somebody_view v;
    if (answer->db->status != DB_OK || !me) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (!db_row(answer->db, row, ROW_COLS)) {
        reply_error(d, &a->who, CODE_USER_UNKNOWN);
        return;
    }
    directory_view(d, me, row, &v);
    reply(d, &a->who, &(struct event){.type = RESULT_PERSON, .u.people.person = &v});
}

void directory_person(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_person *p = &cmd->u.people.person;
    const struct user *me = s->user;
    char key[USERNAME_KEY_MAX];
    size_t n = 0;
    struct ask *a = ask_new(d, asker_of(cmd), person_found, NULL, 0);
    a->a = me->id;
    if (p->name.n == 0)
        ASK_DB(d, a, DB_PERSON_GET, VAL_ID(me->id), VAL_ID(p->user));
    else /* what cannot be a name is one that nobody has */
        ASK_DB(d, a, DB_PERSON_BY_NAME, VAL_ID(me->id),
               VAL_T(username_key(p->name, key, &n) ? str_of(key, n) : STR("")));
}

/* ---- favourites and blocks ---- */

static void mark_apply(struct domain *d, struct user *me, enum db_proc proc, uint64_t other)
{
    switch (proc) {
    case DB_FAVOURITE_ON: idset_add(&me->favourites, other); break;
    case DB_FAVOURITE_OFF: idset_remove(&me->favourites, other); break;
    case DB_BLOCK_OFF: idset_remove(&me->blocked, other); break;
    default:
        if (idset_add(&me->blocked, other))
            call_user_blocks(d, me, other);
    }
    if (proc == DB_BLOCK_ON || proc == DB_BLOCK_OFF) {
        presence_touch(d, me->id);
        presence_touch(d, other);
    }
}

static void marked(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct user *me = user_find(d, a->a);
    struct val row[ROW_COLS];
    struct somebody_view v;
    if (answer->db->status == DB_REFUSED || answer->db->status == DB_CONFLICT) {
        reply_error(d, &a->who, CODE_USER_UNKNOWN);
        return;
    }
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (me && db_row(answer->db, row, ROW_COLS)) {
        user_hold(me);
        mark_apply(d, me, answer->db->proc, a->b);
        directory_view(d, me, row, &v);
        user_tell(d, me, &(struct event){.type = EVENT_PERSON_CHANGED, .u.people.person = &v},
                  a->who.session ? session_find(d, a->who.session) : NULL);
        user_drop(d, me);
    }
    reply_ok(d, &a->who);
}

void directory_mark(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_mark *m = &cmd->u.people.mark;
    bool block = cmd->type == CMD_BLOCK;
    const struct user *me = s->user;
    if (m->user == me->id) {
        emit_bad(d, s, cmd->id, "user");
        return;
    }
    if (m->on && (block ? me->blocked.n : me->favourites.n) >= MARKS_MAX) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
        return;
    }
    struct ask *a = ask_new(d, asker_of(cmd), marked, NULL, 0);
    a->a = me->id;
    a->b = m->user;
    if (block && m->on)
        ASK_DB(d, a, DB_BLOCK_ON, VAL_ID(me->id), VAL_ID(m->user),
               VAL_I(presence_last_seen(d, me)));
    else
        ASK_DB(d, a,
               block   ? DB_BLOCK_OFF
               : m->on ? DB_FAVOURITE_ON
                       : DB_FAVOURITE_OFF,
               VAL_ID(me->id), VAL_ID(m->user));
}
