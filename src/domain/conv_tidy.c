/* Slow work in the background: what was deleted leaves the index, old texts of edited messages go, what is older
 * than a room, or the server, keeps, and the time that it is by all this. */
#include "domain/conv.h"
#include "domain/record.h"
#include "domain/upload.h"

#define SECOND 1000000LL

enum {
    EDITS_KEPT_MS = 15 * 60 * 1000,
    RETAIN_AT_ONCE = 200,
    WORDS_PAGES = 500,
    CLOCK_KEEP_MS = 3600000
};

static const int64_t words_after = 60 * SECOND, retain_every = 600 * SECOND,
                     edits_after = (EDITS_KEPT_MS / 1000 + 1) * SECOND;

/* For the next start, which may come with a clock that was never set. */
static void keep_clock(struct domain *d)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)d->steady);
    if (d->clock_kept && d->steady - d->clock_kept < CLOCK_KEEP_MS)
        return;
    d->clock_kept = d->steady;
    ASK_AND_FORGET(d, DB_SETTING_SET, VAL_T(STR("clock")), VAL_T(str_of(text, (size_t)n)));
}

void conv_boot(struct domain *d)
{
    if (d->tidy.retain_at)
        return;
    keep_clock(d);
    record_boot(d);
    /* What was left undone when the server ended last. */
    d->tidy.words_at = d->now + words_after;
    d->tidy.edits_at = d->now + words_after;
    d->tidy.retain_at = d->now + words_after;
}

void conv_dirty(struct domain *d)
{
    if (!d->tidy.words_at)
        d->tidy.words_at = d->now + words_after;
}

void conv_edited(struct domain *d)
{
    d->tidy.edited = d->now;
    if (!d->tidy.edits_at)
        d->tidy.edits_at = d->now + edits_after;
}

/* ---- the index: merged into one piece, which leaves out what was deleted, some pages at a time ---- */

static void words_merged(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val left;
    if (db_row(answer->db, &left, 1) && left.i)
        ASK_DB(d, a, DB_WORDS_TIDY, VAL_I(WORDS_PAGES));
    else if (answer->db->status != DB_OK && answer->db->status != DB_REFUSED)
        conv_dirty(d); /* later */
}

/* ---- what is too old: one conversation after the other, a piece at a time ---- */

static void retain_next(struct domain *d, struct ask *a);

/* a->a: the conversation, a->b: what is older goes. */
static void retained(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val left;
    if (!db_row(answer->db, &left, 1))
        return;
    conv_dirty(d);
    if (left.i)
        ASK_DB(d, a, DB_RETAIN_DELETE, VAL_ID(a->a), VAL_I((int64_t)a->b), VAL_I(RETAIN_AT_ONCE),
               VAL_I(d->steady));
    else
        retain_next(d, a);
}

static void retain_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[2];
    if (!db_row(answer->db, row, 2))
        return;
    a->a = val_id(&row[0]);
    a->b = (uint64_t)row[1].i;
    a->then = retained;
    ASK_DB(d, a, DB_RETAIN_DELETE, VAL_ID(a->a), VAL_I(row[1].i), VAL_I(RETAIN_AT_ONCE),
           VAL_I(d->steady));
}

static void retain_next(struct domain *d, struct ask *a)
{
    a->then = retain_found;
    ASK_DB(d, a, DB_RETAIN_FIND, VAL_I(d->steady),
           d->cfg.retention_s > 0 ? VAL_I(d->cfg.retention_s) : VAL_NONE,
           a->a ? VAL_ID(a->a) : VAL_I(INT64_MIN), VAL_I(1));
}

/* ---- time ---- */

void conv_tick(struct domain *d)
{
    struct conv_tidy *t = &d->tidy;
    if (t->words_at && d->now >= t->words_at) {
        t->words_at = 0;
        ASK_DB(d, ask_new(d, (struct asker){0}, words_merged, NULL, 0), DB_WORDS_TIDY,
               VAL_I(-WORDS_PAGES));
    }
    if (t->edits_at && d->now >= t->edits_at) {
        bool more = t->edited && t->edited + edits_after > d->now;
        t->edits_at = more ? t->edited + edits_after : 0;
        ASK_AND_FORGET(d, DB_EDITS_FORGET, VAL_I(d->steady - EDITS_KEPT_MS));
    }
    if (t->retain_at && d->now >= t->retain_at) {
        t->retain_at = d->now + retain_every;
        keep_clock(d);
        attach_tidy(d);
        recording_tidy(d);
        retain_next(d, ask_new(d, (struct asker){0}, NULL, NULL, 0));
    }
}

int64_t conv_deadline(const struct domain *d)
{
    const struct conv_tidy *t = &d->tidy;
    int64_t at = t->words_at ? t->words_at : INT64_MAX;
    at = MIN_OF(at, t->edits_at ? t->edits_at : INT64_MAX);
    return MIN_OF(at, t->retain_at ? t->retain_at : INT64_MAX);
}
