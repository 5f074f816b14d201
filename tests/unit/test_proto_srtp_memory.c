/* proto/srtp and memory: a packet takes none, neither ours nor OpenSSL's; making and loading survive the
 * failure of each allocation, ours and OpenSSL's, and leave nothing behind (LeakSanitizer looks). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "srtp_fixture.h"

/* OpenSSL's own header has a name that base/err.h has, too. */
int CRYPTO_set_mem_functions(void *(*get)(size_t, const char *, int),
                             void *(*again)(void *, size_t, const char *, int),
                             void (*give)(void *, const char *, int));

static unsigned long asked, fail_at;

static bool refuse(void)
{
    asked++;
    return fail_at != 0 && asked == fail_at;
}

static void *count_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuse() ? NULL : malloc(n);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuse() ? NULL : realloc(p, n);
}

static void count_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

static void begin_count(unsigned long fail)
{
    asked = 0;
    fail_at = fail;
}

/* Every way through the packet path, also those that fail. */
static void all_paths(struct srtp *out, struct srtp *in, uint16_t seq)
{
    struct packet k = rtp_packet(7, seq, 300), again, c = rtcp_packet(7, seq), bad;
    struct srtp_parts parts = {.head = k.p,
                               .front = k.p + RTP_HEADER,
                               .payload = k.p + RTP_HEADER + 5,
                               .head_n = RTP_HEADER,
                               .front_n = 5,
                               .payload_n = 295,
                               .pad = 3};
    struct packet sent = {.n = 0};
    if (seq % 2)
        assert_int_equal(srtp_protect_to(out, sent.p, sizeof sent.p, &parts, &sent.n), SRTP_OK);
    else
        sent = k, assert_int_equal(srtp_protect(out, sent.p, &sent.n, sizeof sent.p), SRTP_OK);
    again = bad = sent;
    bad.p[20] ^= 1;
    assert_int_equal(srtp_unprotect(in, bad.p, &bad.n), SRTP_E_AUTH);
    assert_int_equal(srtp_unprotect(in, sent.p, &sent.n), SRTP_OK);
    assert_int_equal(srtp_unprotect(in, again.p, &again.n), SRTP_E_REPLAY);
    assert_int_equal(srtp_protect(out, k.p, &k.n, sizeof k.p), SRTP_E_REPLAY);
    assert_int_equal(srtp_protect_rtcp(out, c.p, &c.n, sizeof c.p), SRTP_OK);
    again = bad = c;
    bad.p[9] ^= 1;
    assert_int_equal(srtp_unprotect_rtcp(in, bad.p, &bad.n), SRTP_E_AUTH);
    assert_int_equal(srtp_unprotect_rtcp(in, c.p, &c.n), SRTP_OK);
    assert_int_equal(srtp_unprotect_rtcp(in, again.p, &again.n), SRTP_E_REPLAY);
}

static void test_packets_take_none(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(all_profiles); i++) {
        struct srtp *out = with_key(all_profiles[i], SRTP_OUT, 1, 4),
                    *in = with_key(all_profiles[i], SRTP_IN, 1, 4);
        assert_int_equal(srtp_add(out, 7), ERR_OK);
        begin_count(0);
        mem_fail_at(0);
        for (uint16_t seq = 1; seq < 200; seq++)
            all_paths(out, in, seq);
        assert_int_equal(asked, 0);
        assert_int_equal(mem_try_count(), 0);
        srtp_free(out);
        srtp_free(in);
    }
}

/* Makes a pair, saves, loads and frees; true if nothing failed. */
static bool whole_life(enum srtp_profile p)
{
    uint8_t material[SRTP_MATERIAL_MAX] = {1, 2, 3}, record[8192];
    struct srtp *in, *out, *loaded = NULL;
    enum err e = srtp_pair(p, material, true, 2, 3, &in, &out);
    if (e != ERR_OK) {
        assert_int_equal(e, ERR_NOMEM);
        assert_null(in);
        assert_null(out);
        return false;
    }
    assert_int_equal(srtp_add(out, 7), ERR_OK);
    size_t n = srtp_save(out, record, sizeof record);
    e = srtp_load(&loaded, record, n);
    assert_true(e == ERR_OK ? loaded != NULL : e == ERR_NOMEM && loaded == NULL);
    srtp_free(in);
    srtp_free(out);
    srtp_free(loaded);
    return e == ERR_OK;
}

static void test_each_failure(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(all_profiles); i++) {
        enum srtp_profile p = all_profiles[i];
        assert_true(whole_life(p)); /* what OpenSSL keeps for the process is there now */
        mem_fail_at(0);
        begin_count(0);
        assert_true(whole_life(p));
        unsigned long theirs = asked;
        uint64_t ours = mem_try_count();
        assert_int_equal(ours, 12); /* three times a struct, its tables and two ciphers */
        assert_true(theirs > 0);
        for (uint64_t at = 1; at <= ours; at++) {
            mem_fail_at(at);
            assert_false(whole_life(p));
        }
        mem_fail_at(0);
        for (unsigned long at = 1; at <= theirs; at++) {
            begin_count(at);
            whole_life(p); /* some that fail OpenSSL does without */
        }
        begin_count(0);
        assert_true(whole_life(p));
    }
}

int main(void)
{
    if (!CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets_take_none),
        cmocka_unit_test(test_each_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
