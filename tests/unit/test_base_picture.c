/* Pictures by their first bytes: heads made by hand after the formats' documents, each cut at every place, and what
 * only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/picture.h"
#include "base/util.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t n;
    enum picture_kind kind;
    uint32_t width, height;
} good[] = {
    {BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x60\0\0\1\2"), PICTURE_PNG, 96, 258},
    {BYTES("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0\0\x11\x08\0\x60\1\2"),
     PICTURE_JPEG, 258, 96},
    /* a comment, fill bytes, a progressive frame */
    {BYTES("\xff\xd8\xff\xfe\0\5abc\xff\xff\xff\xc2\0\x11\x08\0\1\0\2"), PICTURE_JPEG, 2, 1},
    {BYTES("RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\1\x2a\x60\0\2\1"), PICTURE_WEBP, 96, 258},
    {BYTES("RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\xff\xc1\x7f\0"), PICTURE_WEBP, 512, 512},
    {BYTES("GIF89a\x60\0\2\1"), PICTURE_GIF, 96, 258},
    {BYTES("RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x5f\0\0\xff\1\0"), PICTURE_WEBP, 96, 512},
};

static bool look(const void *p, size_t n, struct picture *out)
{
    void *exact = malloc(n ? n : 1); /* so that reading beyond it is noticed */
    memcpy(exact, p, n);
    bool is = picture_look(exact, n, out);
    free(exact);
    return is;
}

static void heads_are_read(void **state)
{
    (void)state;
    struct picture p;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(look(good[i].bytes, good[i].n, &p));
        assert_true(p.kind == good[i].kind && p.width == good[i].width &&
                    p.height == good[i].height);
        for (size_t n = 0; n < good[i].n; n++) {
            assert_false(look(good[i].bytes, n, &p));
            assert_true(p.kind == PICTURE_NONE && p.width == 0);
        }
    }
    assert_string_equal(picture_type(PICTURE_WEBP), "image/webp");
    assert_string_equal(picture_type(PICTURE_NONE), "");
    assert_string_equal(picture_type(PICTURE_KINDS), "");
}

static void what_only_looks_like_one_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {BYTES("")},
        {BYTES("GIF88a\x60\0\x60\0")},
        {BYTES("<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>")},
        {BYTES("<html>\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x60\0\0\0\x60")},
        {BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIDAT\0\0\0\x60\0\0\0\x60")},
        {BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\x60")}, /* no width */
        {BYTES(
            "\xff\xd8\xff\xda\0\x10xxxxxxxxxxxxxx\xff\xc0\0\x11\x08\0\x60\0\x60")}, /* no frame */
        {BYTES("\xff\xd8\xff\xfe\0\1\xff\xc0\0\x11\x08\0\x60\0\x60")}, /* a length of 1 */
        {BYTES("\xff\xd8\0\xc0\0\x11\x08\0\x60\0\x60")},
        {BYTES("\xff\xd8\xff\xc4\0\x09\x08\0\x60\0\x60xx")}, /* tables are no frame */
        {BYTES("RIFF\0\0\0\0WAVEVP8 \0\0\0\0\0\0\0\x9d\1\x2a\x60\0\2\1")},
        {BYTES("RIFF\0\0\0\0WEBPVP8Z\0\0\0\0\0\0\0\x9d\1\x2a\x60\0\2\1")},
        {BYTES("RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\1\x2b\x60\0\2\1")},
        {BYTES("RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2e\xff\xc1\x7f\0")},
    };
    struct picture p;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (look(bad[i].bytes, bad[i].n, &p))
            fail_msg("%zu is taken", i);
    /* fill bytes without an end, and segments that lead nowhere */
    char fill[4096];
    memset(fill, 0xff, sizeof fill);
    fill[1] = (char)0xd8;
    assert_false(look(fill, sizeof fill, &p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_read),
        cmocka_unit_test(what_only_looks_like_one_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
