/* Asking in the domain: a request that needs the database or the password thread, perhaps several times one
 * after the other, and answers at its end.
 *
 *   struct sign_in { struct asker who; ... };                 what is remembered while it waits
 *   struct ask *a = ask_new(d, who, found, &mine, sizeof mine);
 *   ASK_DB(d, a, DB_USER_BY_NAME, VAL_T(key));
 *
 *   static void found(struct domain *d, struct ask *a, const struct ask_answer *answer)
 *   {
 *       struct val row[12];
 *       if (answer->db->status != DB_OK) ...reply_db(d, &a->who, answer->db->status)
 *       if (db_row(answer->db, row, 12)) { a->then = verified; ask_password(d, a, ...); }
 *   }
 *
 * After each asking the domain's call returns; `then` is called when the answer has come, never from within
 * the asking. The ask is freed when `then` returns without having asked again. A session that ends, or a client
 * of HTTP that goes, leaves its asks to run out: `then` is called all the same, and what it replies goes nowhere.
 * Whatever has changed meanwhile (blocked, deleted, moved) `then` has to look at again. */
#ifndef MADANG_DOMAIN_ASK_H
#define MADANG_DOMAIN_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hmap.h"
#include "base/list.h"
#include "base/util.h"
#include "msg/db.h"
#include "msg/disk_msg.h"
#include "msg/errcode.h"
#include "msg/event.h"
#include "msg/store_msg.h"

struct ask;
struct cookie_change;
struct domain;

/* Who gets the reply: request `id` of a session, or an HTTP call, or nobody (all 0). */
struct asker {
    uint64_t session;
    uint64_t http;
    int64_t id;
};

static inline struct asker asker_of(const struct cmd *cmd)
{
    return (struct asker){.session = cmd->session, .http = cmd->http, .id = cmd->id};
}

/* All but one are NULL: that of ask_db, ask_password or ask_disk. Borrowed for the call. */
struct ask_answer {
    const struct db_answer *db;
    const struct disk_answer *disk;
    const struct password_answer *password;
};

typedef void ask_then(struct domain *d, struct ask *ask, const struct ask_answer *answer);

/* Whose place in the queue of passwords it takes; 0: not known, and not limited. */
struct password_share {
    uint64_t addr;
    uint64_t account;
};

struct ask {
    struct hnode node; /* the domain's, like what follows up to `then` */
    uint64_t number;
    bool waits;
    bool running;   /* `then` is being called: its caller frees the ask */
    ask_then *then; /* may be set anew before it asks again */
    struct asker who;
    uint64_t a, b;       /* the asker's own */
    struct list hashing; /* in domain.hashing while a password of an account waits */
    struct password_share share;
    size_t n; /* of data, which is the asker's too */
    _Alignas(16) char data[];
};

/* data (n bytes, may be NULL: zeros) is copied. Ask with it, or ask_free() it. */
struct ask *ask_new(struct domain *d, struct asker who, ask_then *then, const void *data, size_t n);
void ask_free(struct ask *ask);

/* Values are borrowed for the call. */
void ask_db(struct domain *d, struct ask *ask, enum db_proc proc, const struct val *args,
            unsigned n_args);
#define ASK_DB(d, ask, proc, ...)                           \
    ask_db(d, ask, proc, (const struct val[]){__VA_ARGS__}, \
           sizeof((const struct val[]){__VA_ARGS__}) / sizeof(struct val))
/* hash: of PASSWORD_VERIFY. The answer is PASSWORD_BUSY when too many wait. */
void ask_password(struct domain *d, struct ask *ask, enum password_kind kind, struct str password,
                  struct str hash);
/* The same with all that a job may say; number and salt are filled in. */
void ask_password_job(struct domain *d, struct ask *ask, struct password_job *job);
/* The same for an account. Of one address, and of one account, only so many wait at a time (an eighth of the queue, at
 * least one), so that there is room for others; one more is answered with PASSWORD_BUSY at once: `then` is called from
 * within, and the ask may be gone afterwards. */
void ask_password_share(struct domain *d, struct ask *ask, struct password_job *job,
                        const struct password_share *share);
/* The owner and the number are filled in. */
void ask_disk(struct domain *d, struct ask *ask, struct disk_request *rq);
void ask_disk_and_forget(struct domain *d, struct disk_request *rq);
/* The same for what nobody waits for; a failure goes to the log of the store. */
void ask_and_forget(struct domain *d, enum db_proc proc, const struct val *args, unsigned n_args);
#define ASK_AND_FORGET(d, proc, ...)                           \
    ask_and_forget(d, proc, (const struct val[]){__VA_ARGS__}, \
                   sizeof((const struct val[]){__VA_ARGS__}) / sizeof(struct val))

/* Replies. To a session that is no more, or to nobody: nothing. */
void reply(struct domain *d, const struct asker *who, const struct event *result);
/* To a call by HTTP: the answer also sets or ends the browser's cookie. */
void reply_cookie(struct domain *d, const struct asker *who, const struct event *result,
                  const struct cookie_change *cookie);
void reply_ok(struct domain *d, const struct asker *who); /* {} */
void reply_error(struct domain *d, const struct asker *who, enum errcode code);
void reply_bad(struct domain *d, const struct asker *who, const char *field);
void reply_wire_error(struct domain *d, const struct asker *who, const struct wire_error *error);
void reply_retry(struct domain *d, const struct asker *who, enum errcode code, int64_t retry_ms);
/* What a status that is not DB_OK, and means nothing special to this procedure, is to who asked:
 * store_busy, store_full, or internal. */
void reply_db(struct domain *d, const struct asker *who, enum db_status status);
/* The same, for a procedure that may refuse: what it means when it did. */
void reply_refused(struct domain *d, const struct asker *who, enum db_status status,
                   enum errcode refused);
void reply_disk(struct domain *d, const struct asker *who, enum disk_status status);

/* ---- for domain.c ---- */
void ask_db_answered(struct domain *d, const struct db_answer *answer);
void ask_disk_answered(struct domain *d, const struct disk_answer *answer);
/* False: the job was no ask's. */
bool ask_password_answered(struct domain *d, const struct password_answer *answer);
void ask_free_all(struct domain *d);

#endif
