/* The procedures by number: the lists of msg/db_procs.h joined with their SQL. */
#include "edge/store/schema.h"

#include <pthread.h>

static struct sql_info procs[DB_PROC_COUNT] = {
#define DB_PROC_INFO(symbol, proc_mode, proc_args, proc_cols) \
    [DB_##symbol] = {.name = #symbol, .args = proc_args, .cols = proc_cols, .mode = DB_##proc_mode},
    DB_PROCS(DB_PROC_INFO)
#undef DB_PROC_INFO
};

static unsigned words(const char *list)
{
    unsigned n = *list != 0;
    for (const char *p = list; *p; p++)
        n += *p == ' ';
    return n;
}

static void build(void)
{
    static const struct sql_proc *const topics[] = {sql_account, sql_people, sql_call,
                                                    sql_conv,    sql_files,  sql_record};
    for (unsigned i = DB_NONE + 1; i < DB_PROC_COUNT; i++) {
        procs[i].n_args = words(procs[i].args);
        procs[i].n_cols = words(procs[i].cols);
    }
    for (size_t t = 0; t < sizeof topics / sizeof *topics; t++)
        for (const struct sql_proc *p = topics[t]; p->proc != DB_NONE; p++)
            procs[p->proc].sql = p;
}

void schema_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, build);
}

const struct sql_info *schema_proc(enum db_proc proc)
{
    return (unsigned)proc > DB_NONE && (unsigned)proc < DB_PROC_COUNT ? &procs[proc] : NULL;
}
