/* The table of the embedded page: sorted, found by path, its vendored modules inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edge/web/assets.h"

static void table_is_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < assets_count; i++)
        assert_true(strcmp(assets_table[i - 1].path, assets_table[i].path) < 0);
}

static void every_path_is_found(void **state)
{
    (void)state;
    assert_true(assets_count >= 2);
    for (size_t i = 0; i < assets_count; i++) {
        const struct asset *a = &assets_table[i];

        assert_ptr_equal(asset_find(a->path, strlen(a->path)), a);
        assert_string_equal(a->type, asset_type(a->path, strlen(a->path)));
        assert_true(a->gz == NULL ? a->gz_len == 0 : a->gz_len < a->raw_len);
        assert_int_equal(a->etag[0], '"');
    }
}

static void no_other_path_is_found(void **state)
{
    (void)state;
    assert_null(asset_find("", 0));
    assert_null(asset_find("vendor", 6));
    assert_null(asset_find("vendor/qrcode.jsx", 17));
    assert_null(asset_find("vendor/qrcode.d.ts", 18));
    assert_non_null(asset_find("vendor/qrcode.jsx", 16));
    assert_null(asset_find("zzz", 3));
}

static void gzip_and_raw_are_what_they_say(void **state)
{
    const struct asset *a = asset_find("vendor/htm-preact.js", 20);

    (void)state;
    assert_non_null(a);
    assert_non_null(a->gz);
    assert_memory_equal(a->gz, "\x1f\x8b", 2);
    assert_non_null(memmem(a->raw, a->raw_len, "export{", 7));
    assert_false(a->at_root);
    assert_int_equal(strlen(assets_tree), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sorted),
        cmocka_unit_test(every_path_is_found),
        cmocka_unit_test(no_other_path_is_found),
        cmocka_unit_test(gzip_and_raw_are_what_they_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
