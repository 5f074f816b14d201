/* docs/architecture/store-tables.md is the picture of the schema. With MADANG_WRITE_DOCS=1 it is
 * written instead of compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "edge/store/db_int.h"

static const char file[] = TESTS_DIR "/../docs/architecture/store-tables.md";

enum { DOC_MAX = 1 << 20 };

static sqlite3_stmt *query(sqlite3 *sq, const char *sql, const char *arg)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(sq, sql, -1, &st, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sqlite3_errmsg(sq), sql);
    if (arg)
        sqlite3_bind_text(st, 1, arg, -1, SQLITE_STATIC);
    return st;
}

static const char *text(sqlite3_stmt *st, int i)
{
    const char *t = (const char *)sqlite3_column_text(st, i);
    return t ? t : "";
}

/* A table with its columns: what is the key, unique alone, or refers to another table. */
static void put_table(struct buf *b, sqlite3 *sq, const char *table)
{
    sqlite3_stmt *st = query(
        sq,
        "SELECT c.type, c.name, c.pk, c.\"notnull\","
        " EXISTS(SELECT 1 FROM pragma_foreign_key_list(?1) f WHERE f.\"from\" = c.name),"
        " EXISTS(SELECT 1 FROM pragma_index_list(?1) i WHERE i.\"unique\" AND i.origin = 'u' AND"
        "  (SELECT group_concat(name) FROM pragma_index_info(i.name)) = c.name)"
        " FROM pragma_table_info(?1) c ORDER BY c.cid",
        table);
    buf_putf(b, "    %s {\n", table);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *keys[] = {sqlite3_column_int(st, 2) ? "PK" : NULL,
                              sqlite3_column_int(st, 4) ? "FK" : NULL,
                              sqlite3_column_int(st, 5) ? "UK" : NULL};
        buf_putf(b, "        %s %s", text(st, 0), text(st, 1));
        const char *comma = " ";
        for (size_t i = 0; i < 3; i++) {
            if (keys[i]) {
                buf_putf(b, "%s%s", comma, keys[i]);
                comma = ", ";
            }
        }
        if (!sqlite3_column_int(st, 3) && !sqlite3_column_int(st, 2))
            buf_puts(b, " \"or NULL\"");
        buf_puts(b, "\n");
    }
    buf_puts(b, "    }\n");
    sqlite3_finalize(st);
}

static void put_references(struct buf *b, sqlite3 *sq, const char *table)
{
    sqlite3_stmt *st = query(
        sq,
        "SELECT f.\"table\", f.\"from\", f.on_delete, c.\"notnull\" OR c.pk"
        " FROM pragma_foreign_key_list(?1) f JOIN pragma_table_info(?1) c ON c.name = f.\"from\""
        " ORDER BY c.cid",
        table);
    while (sqlite3_step(st) == SQLITE_ROW)
        buf_putf(b, "    %s %s--o{ %s : \"%s%s\"\n", text(st, 0),
                 sqlite3_column_int(st, 3) ? "||" : "|o", table, text(st, 1),
                 strcmp(text(st, 2), "CASCADE") == 0 ? "" : ", stays");
    sqlite3_finalize(st);
}

/* The tables that the database has and the list has not, in the order made. */
static void put_new_tables(struct buf *b, sqlite3 *sq, unsigned from)
{
    char bound[32];
    snprintf(bound, sizeof bound, "%u", from);
    static const char list[] =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rowid > CAST(?1 AS INTEGER)"
        " AND name NOT LIKE 'sqlite_%' AND (sql NOT LIKE 'CREATE TABLE ''%') ORDER BY rowid";
    buf_puts(b, "\n```mermaid\nerDiagram\n");
    sqlite3_stmt *st = query(sq, list, bound);
    while (sqlite3_step(st) == SQLITE_ROW)
        put_table(b, sq, text(st, 0));
    sqlite3_finalize(st);
    st = query(sq, list, bound);
    while (sqlite3_step(st) == SQLITE_ROW)
        put_references(b, sq, text(st, 0));
    sqlite3_finalize(st);
    buf_puts(b, "```\n");
}

static unsigned last_row(sqlite3 *sq)
{
    sqlite3_stmt *st = query(sq, "SELECT coalesce(max(rowid), 0) FROM sqlite_schema", NULL);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    unsigned n = (unsigned)sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return n;
}

static void put_schema(struct buf *b)
{
    sqlite3 *sq = NULL;
    buf_puts(b, "# The tables\n\nGenerated from src/edge/store/schema.c by "
                "tests/unit/test_db_docs.c: after a change of the schema "
                "run\n`MADANG_WRITE_DOCS=1 build/tests/test_db_docs`. See [store.md](store.md).\n");
    assert_int_equal(sqlite3_open(":memory:", &sq), SQLITE_OK);
    assert_true(db_words_register(sq));
    for (int v = 0; v < SCHEMA_VERSION; v++) {
        for (const char *const *sql = schema_migrations[v]; *sql; sql++) {
            unsigned before = last_row(sq);
            if (sqlite3_exec(sq, *sql, NULL, NULL, NULL) != SQLITE_OK)
                fail_msg("%s", sqlite3_errmsg(sq));
            if (last_row(sq) > before)
                put_new_tables(b, sq, before);
        }
    }
    sqlite3_close(sq);
    buf_puts(
        b,
        "\n`||` always refers to a row, `|o` may refer to none. What refers to a row goes with it, "
        "unless it \"stays\".\n");
}

static void test_the_picture_is_the_schema(void **state)
{
    struct buf doc, now;
    (void)state;
    buf_init(&doc, DOC_MAX);
    buf_init(&now, DOC_MAX);
    put_schema(&now);
    bool write = getenv("MADANG_WRITE_DOCS") != NULL;
    FILE *f = fopen(file, write ? "we" : "re");
    assert_non_null(f);
    if (write) {
        fwrite(buf_data(&now), 1, buf_len(&now), f);
    } else {
        uint8_t *p = buf_reserve(&doc, DOC_MAX);
        buf_commit(&doc, fread(p, 1, DOC_MAX, f));
        if (!str_eq(buf_str(&doc), buf_str(&now)))
            fail_msg("run: MADANG_WRITE_DOCS=1 build/tests/test_db_docs");
    }
    fclose(f);
    buf_free(&doc);
    buf_free(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_picture_is_the_schema)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
