/* Rows of an answer of the database, as a broken recording may have them: nothing is read beyond them, reading ends, and
 * what was read is written back the same. The first byte says how many columns are asked for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "msg/db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static bool inside(const struct val *v, const uint8_t *from, size_t n)
{
    return v->s.n == 0 ||
           ((const uint8_t *)v->s.p >= from && (const uint8_t *)v->s.p + v->s.n <= from + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct val cols[DB_COLS_MAX];
    struct buf again;
    unsigned n = size ? data[0] % (DB_COLS_MAX + 1) : 0;
    size_t bytes = size ? size - 1 : 0;
    uint8_t *rows = malloc(bytes + 1); /* exact, so that ASan sees a step too far */
    if (bytes > 0)
        memcpy(rows, data + 1, bytes);
    struct db_rows it = db_rows_of(str_of(rows, bytes));
    buf_init(&again, size + 1);
    while (db_rows_next(&it, cols, n)) {
        for (unsigned i = 0; i < n; i++) {
            check(cols[i].kind <= VAL_BLOB && inside(&cols[i], rows, bytes));
            check(cols[i].kind == VAL_INT || cols[i].i == 0);
        }
        db_row_write(&again, cols, n);
    }
    check(!again.failed && buf_len(&again) <= bytes);
    check(memcmp(buf_data(&again), rows, buf_len(&again)) == 0);
    for (unsigned i = 0; i < n; i++)
        check(cols[i].kind == VAL_NULL && cols[i].s.n == 0);
    buf_free(&again);
    free(rows);
    return 0;
}
