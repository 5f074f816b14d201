#include "domain/push.h"

#include <string.h>

#include "base/code.h"
#include "base/util.h"
#include "domain/ask.h"
#include "domain/domain_int.h"
#include "domain/user.h"

enum { NOTE_TEXT_MAX = 512, COLUMNS = 4 };

/* A note while its subscriptions are looked up. */
struct kept_note {
    struct push_note note; /* its slices point nowhere: lengths count, the bytes follow */
    uint32_t ttl_s;
    char text[];
};

/* ---- telling ---- */

static void emit_push(struct domain *d, const struct val *sub, const struct push_note *note,
                      uint32_t ttl_s)
{
    char topic[B32_SIZE] = "";
    struct push_job job = {.endpoint = sub[0].s,
                           .topic = str_of(topic, B32_SIZE - 1),
                           .urgency = note->kind == PUSH_CALL ? PUSH_HIGH : PUSH_NORMAL,
                           .ttl_s = ttl_s};
    if (sub[1].s.n != PUSH_P256DH || sub[2].s.n != PUSH_SECRET) {
        return;
    }
    b32_encode(topic, note->id);
    memcpy(job.p256dh, sub[1].s.p, PUSH_P256DH);
    memcpy(job.auth, sub[2].s.p, PUSH_SECRET);
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_PUSH, .push = &job, .note = note});
}

/* The browser has a page open, which is told by itself. */
static bool has_page(const struct domain *d, uint64_t user, uint64_t web_key)
{
    const struct user *u = user_find(d, user);
    if (!u) {
        return false;
    }
    LIST_FOREACH(l, &u->sessions) {
        const struct session *s = container_of(l, struct session, of_user);
        if (s->web_key == web_key && s->state == SESSION_LIVE) {
            return true;
        }
    }
    return false;
}

static void tell(struct domain *d, struct ask *ask, const struct ask_answer *answer)
{
    const struct kept_note *k = (const struct kept_note *)ask->data;
    struct push_note note = k->note;
    const char *at = k->text;
    struct str *const slices[] = {&note.name, &note.display, &note.text};
    for (size_t i = 0; i < ARRAY_LEN(slices); i++) {
        slices[i]->p = at;
        at += slices[i]->n;
    }
    struct val sub[COLUMNS];
    struct db_rows rows = db_rows_of(answer->db->rows);
    while (answer->db->status == DB_OK && db_rows_next(&rows, sub, COLUMNS)) {
        if (!has_page(d, ask->a, val_id(&sub[3]))) {
            emit_push(d, sub, &note, k->ttl_s);
        }
    }
}

void push_user(struct domain *d, uint64_t user, uint64_t from, const struct push_note *note,
               uint32_t ttl_s)
{
    _Alignas(struct kept_note) char room[sizeof(struct kept_note) + 3 * NOTE_TEXT_MAX];
    struct kept_note *k = (struct kept_note *)room;
    size_t n = 0;
    if (!d->cfg.push_key[0]) {
        return;
    }
    *k = (struct kept_note){.note = *note, .ttl_s = ttl_s};
    struct str *const slices[] = {&k->note.name, &k->note.display, &k->note.text};
    for (size_t i = 0; i < ARRAY_LEN(slices); i++) {
        *slices[i] = str_head(*slices[i], NOTE_TEXT_MAX);
        if (slices[i]->n > 0) {
            memcpy(k->text + n, slices[i]->p, slices[i]->n);
        }
        n += slices[i]->n;
    }
    struct ask *ask = ask_new(d, (struct asker){0}, tell, room, sizeof *k + n);
    ask->a = user;
    ASK_DB(d, ask, DB_PUSH_SUBS, VAL_ID(user), VAL_I(USER_PUSH), VAL_ID(from));
}

/* ---- subscriptions ---- */

static void done(struct domain *d, struct ask *ask, const struct ask_answer *answer)
{
    if (answer->db->status == DB_OK) {
        reply_ok(d, &ask->who);
    } else {
        reply_db(d, &ask->who, answer->db->status);
    }
}

void push_add(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_push *c = &cmd->u.push.sub;
    if (!d->cfg.push_key[0] || !s->web_key) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
    } else if (!str_starts(c->endpoint, STR("https://"))) {
        emit_bad(d, s, cmd->id, "endpoint");
    } else {
        ASK_DB(d, ask_new(d, asker_of(cmd), done, NULL, 0), DB_PUSH_ADD, VAL_T(c->endpoint),
               VAL_ID(s->user->id), VAL_ID(s->web_key), VAL_B(c->p256dh.p, c->p256dh.n),
               VAL_B(c->auth.p, c->auth.n), VAL_I(d->wall));
    }
}

void push_remove(struct domain *d, struct session *s, const struct cmd *cmd)
{
    ASK_DB(d, ask_new(d, asker_of(cmd), done, NULL, 0), DB_PUSH_REMOVE, VAL_ID(s->user->id),
           VAL_T(cmd->u.push.sub.endpoint));
}

/* Gone, or nothing to connect to: forgotten. Not reached: counted, and forgotten when it is too often
 * (a page that is opened subscribes anew). */
void domain_pushed(struct domain *d, int64_t now_us, int64_t wall_ms,
                   const struct push_answer *answer)
{
    domain_time(d, now_us, wall_ms);
    if (answer->outcome == PUSH_GONE || answer->outcome == PUSH_FORBIDDEN) {
        ASK_AND_FORGET(d, DB_PUSH_END, VAL_T(answer->endpoint));
    } else if (answer->outcome == PUSH_FAILED || answer->outcome == PUSH_REFUSED) {
        ASK_AND_FORGET(d, DB_PUSH_FAILED, VAL_T(answer->endpoint));
    }
}
