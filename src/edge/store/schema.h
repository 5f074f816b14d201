/* The schema of the database as numbered migrations, and the SQL of the procedures. Only
 * src/edge/store and its tests include this. */
#ifndef MADANG_EDGE_STORE_SCHEMA_H
#define MADANG_EDGE_STORE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "msg/db_procs.h"

/* "mdng": what PRAGMA application_id of our files is. */
#define SCHEMA_APPLICATION 0x6d646e67

/* Step i makes version i + 1 out of version i. What a released version has made is never edited: a change
 * is another step. (Nothing has been released so far: the first step may still change.) Each is a list
 * of texts that are run in order, ended by NULL. */
#define SCHEMA_VERSION 1
extern const char *const *const schema_migrations[SCHEMA_VERSION];

/* What a procedure does: its steps run in order in one savepoint; parameters ?1 to ?n are its arguments. The
 * rows of the last step that gives rows are the answer. */
struct sql_step {
    const char *sql; /* NULL ends the steps */
    /* It must change or find at least one row; otherwise the procedure ends as DB_REFUSED, and what its
     * steps did is taken back. */
    bool must;
    /* It deletes what has to be gone for good: the store empties the write-ahead log soon after. (secure_delete
     * has overwritten it in the database.) */
    bool shred;
    /* It adds a message: its words go into the index before the commit, together with those of the whole group
     * (db_index.c). */
    bool message;
    /* Only when that step of this procedure has added one, and not found that it was there before. */
    bool fresh;
    /* It reads or changes the index of words, which has to be whole by then. */
    bool words;
    /* Only when this argument (1 is ?1) is not NULL; 0: always. */
    unsigned char given;
};
#define SQL_STEPS_MAX 20
/* clang-format off */
#define SQL_DO(text)    {.sql = text}
#define SQL_MUST(text)  {.sql = text, .must = true}
#define SQL_SHRED(text) {.sql = text, .shred = true}
#define SQL_MESSAGE(text) {.sql = text, .message = true}
#define SQL_WORDS(text) {.sql = text, .words = true}
#define SQL_FRESH(text) {.sql = text, .fresh = true}
/* clang-format on */

struct sql_proc {
    enum db_proc proc;
    /* Why it may read a whole table (EXPLAIN QUERY PLAN says SCAN), or NULL: it must not. */
    const char *scans;
    /* Up to the first without `sql`, or all. The compiler refuses one too many. */
    struct sql_step steps[SQL_STEPS_MAX];
};

/* Each topic's table, ended by DB_NONE. */
extern const struct sql_proc sql_account[];
extern const struct sql_proc sql_people[];
extern const struct sql_proc sql_call[];
extern const struct sql_proc sql_conv[], sql_files[], sql_record[];

struct sql_info {
    const char *name, *args, *cols; /* as in the list */
    enum db_mode mode;
    unsigned n_args, n_cols;
    const struct sql_proc *sql; /* NULL: nobody has written it */
};
/* Any thread, after schema_init(). */
const struct sql_info *schema_proc(enum db_proc proc);
/* Builds that table, once, before any thread uses it; again is harmless. */
void schema_init(void);

#endif
