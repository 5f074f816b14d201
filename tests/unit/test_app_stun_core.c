#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/stun_core.h"
#include "base/rec.h"

static size_t request(uint8_t *p, unsigned i)
{
    struct stun_builder b;
    uint8_t txid[STUN_TXID] = {(uint8_t)i, (uint8_t)(i >> 8), 'x'};
    stun_begin(&b, p, 64, STUN_REQUEST, STUN_BINDING, txid);
    stun_put_fingerprint(&b);
    return stun_end(&b);
}

static unsigned replay(const char *file, struct stun_core *core, char *why, size_t why_n)
{
    struct rec_reader *rd;
    struct rec_record rc;
    unsigned n = 0;
    bool ok = true;
    memset(core, 0, sizeof *core);
    assert_int_equal(rec_reader_open(&rd, file), ERR_OK);
    while (ok && rec_next(rd, &rc) == ERR_OK) {
        assert_int_equal(rc.core, STUN_CORE_FIRST + 2);
        ok = stun_core_replay(core, &rc, why, why_n);
        n += ok;
    }
    rec_reader_close(rd);
    stun_core_free(core);
    return ok ? n : 0;
}

static void feed(struct stun_core *c, int64_t t0)
{
    uint8_t p[64], out[STUN_MESSAGE_MAX];
    size_t len;
    for (unsigned i = 0; i < 300; i++) {
        struct addr from = addr_ip4(192, 0, 2, (uint8_t)(i % 3), (uint16_t)i);
        size_t n = request(p, i);
        p[n - 1] ^= i % 7 == 0; /* some are broken */
        stun_core_input(c, t0 + i * 1000, p, n, &from, i % 50 == 0, out, &len);
        if (i % 10 == 0)
            stun_core_round(c, t0 + i * 1000);
    }
    stun_core_round(c, t0 + 300000);
}

static void a_recording_replays_byte_for_byte(void **state)
{
    char file[] = "/tmp/madang-stun-rec-XXXXXX", why[256] = "";
    struct stun_core core, again;
    struct stun_server_conf conf = {.every_us = 200000, .burst = 7, .key = {5, 6}};
    struct rec *rec;
    (void)state;
    close(mkstemp(file));
    unlink(file); /* only the name: it replaces recordings, nothing else */
    assert_int_equal(rec_open(&rec, file, REC_SIZE_MIN), ERR_OK);
    stun_core_init(&core, &conf, rec, 2, 1000);
    feed(&core, 2000);
    feed(&core, 60000000); /* after a pause: a new checkpoint */
    stun_core_free(&core);
    rec_close(rec);
    unsigned n = replay(file, &again, why, sizeof why);
    if (n == 0)
        fail_msg("%s", why);
    assert_true(n > 600);
    /* Another key of the table, or another rate, would have answered otherwise. */
    assert_int_equal(rec_open(&rec, file, REC_SIZE_MIN), ERR_OK);
    conf.burst = 8;
    stun_core_init(&core, &conf, rec, 2, 1000);
    core.conf.burst = 7;
    rec_checkpoint(rec, core.id, 1000, &core.conf, sizeof core.conf); /* a lie */
    feed(&core, 2000);
    stun_core_free(&core);
    rec_close(rec);
    assert_int_equal(replay(file, &again, why, sizeof why), 0);
    assert_non_null(strstr(why, "differs"));
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_replays_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
