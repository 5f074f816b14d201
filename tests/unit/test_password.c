#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <argon2.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "edge/store/password.h"

/* Cheap parameters: what is tested here is the frame around the algorithm. */
enum { KB = 64, PASSES = 1 };

static const uint8_t salt[16] = "0123456789abcde";

/* The library's own reader and writer of the text form are the oracle. */
static void text_form_is_the_usual_one(void **state)
{
    (void)state;
    char ours[PASSWORD_HASH_MAX], theirs[PASSWORD_HASH_MAX];

    assert_true(password_hash(STR("salasana"), salt, KB, PASSES, ours));
    assert_int_equal(
        argon2id_hash_encoded(PASSES, KB, 1, "salasana", 8, salt, 16, 32, theirs, sizeof theirs),
        ARGON2_OK);
    assert_string_equal(ours, theirs);
    assert_int_equal(argon2id_verify(ours, "salasana", 8), ARGON2_OK);
    assert_int_equal(password_verify(STR("salasana"), str_from(theirs)), PASSWORD_OK);
    assert_int_equal(password_verify(STR("salasanA"), str_from(theirs)), PASSWORD_WRONG);
    assert_int_equal(password_verify(STR(""), str_from(theirs)), PASSWORD_WRONG);
}

/* Published with the reference implementation (test.c, argon2id, version 0x13). */
static void published_vectors(void **state)
{
    (void)state;
    const struct str a =
        STR("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");
    const struct str b = STR(
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");

    assert_int_equal(password_verify(STR("password"), a), PASSWORD_OK);
    assert_int_equal(password_verify(STR("passwore"), a), PASSWORD_WRONG);
    assert_int_equal(password_verify(STR("password"), b), PASSWORD_OK);
}

static void defaults_stand_in_the_hash(void **state)
{
    (void)state;
    char encoded[PASSWORD_HASH_MAX];

    assert_true(password_hash(STR("x"), salt, 0, 0, encoded));
    assert_non_null(strstr(encoded, "$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_int_equal(password_verify(STR("x"), str_from(encoded)), PASSWORD_OK);
    assert_true(password_hash(STR(""), salt, KB, PASSES, encoded));
    assert_int_equal(password_verify(STR(""), str_from(encoded)), PASSWORD_OK);
}

static void damaged_texts_are_wrong(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "$argon2id$",
        "$argon2i$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=16$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=999999999,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=0,p=1$MDEyMzQ1Njc4OWFiY2RlAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=17,p=1$MDEyMzQ1Njc4OWFiY2RlAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=9$MDEyMzQ1Njc4OWFiY2RlAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=1,p=4$MDEyMzQ1Njc4OWFiY2RlAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=1$$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlAA$AAAA",
        "$argon2id$v=19$m=64,t=1,p=1$MDEy!zQ1Njc4OWFiY2RlAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        NULL};
    char encoded[PASSWORD_HASH_MAX];

    for (size_t i = 0; bad[i]; i++)
        if (password_verify(STR("salasana"), str_from(bad[i])) != PASSWORD_WRONG)
            fail_msg("taken: %s", bad[i]);
    /* Every cut of a good one. */
    assert_true(password_hash(STR("salasana"), salt, KB, PASSES, encoded));
    for (size_t n = 0; n < strlen(encoded); n++)
        assert_int_equal(password_verify(STR("salasana"), str_of(encoded, n)), PASSWORD_WRONG);
}

/* ---- The thread ---- */

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned len, refuse;
    bool closed; /* holds the password thread inside deliver() */
    struct password_letter *letter[64];
};

static struct inbox inbox;

static bool deliver(void *ctx, struct password_letter *l)
{
    struct inbox *in = ctx;
    bool taken = false;

    pthread_mutex_lock(&in->lock);
    while (in->closed)
        pthread_cond_wait(&in->changed, &in->lock);
    if (in->refuse > 0) {
        in->refuse--;
    } else {
        in->letter[in->len++] = l;
        taken = true;
    }
    pthread_cond_broadcast(&in->changed);
    pthread_mutex_unlock(&in->lock);
    return taken;
}

static void wait_for(unsigned n)
{
    pthread_mutex_lock(&inbox.lock);
    while (inbox.len < n)
        pthread_cond_wait(&inbox.changed, &inbox.lock);
    pthread_mutex_unlock(&inbox.lock);
}

static void set_closed(bool closed)
{
    pthread_mutex_lock(&inbox.lock);
    inbox.closed = closed;
    pthread_cond_broadcast(&inbox.changed);
    pthread_mutex_unlock(&inbox.lock);
}

static int open_inbox(void **state)
{
    (void)state;
    memset(&inbox, 0, sizeof inbox);
    pthread_mutex_init(&inbox.lock, NULL);
    pthread_cond_init(&inbox.changed, NULL);
    return 0;
}

static int close_inbox(void **state)
{
    (void)state;
    for (unsigned i = 0; i < inbox.len; i++)
        letter_drop(&inbox.letter[i]->letter);
    pthread_mutex_destroy(&inbox.lock);
    pthread_cond_destroy(&inbox.changed);
    return 0;
}

static struct password_thread *start(unsigned queue)
{
    struct password_options o = {.queue = queue, .kind = 77, .memory_kb = KB, .passes = PASSES};

    o.deliver = deliver;
    o.ctx = &inbox;
    struct password_thread *t = password_start(&o);
    assert_non_null(t);
    return t;
}

static struct password_job hash_job(uint64_t number, const char *password)
{
    struct password_job j = {.kind = PASSWORD_HASH, .job = number, .password = str_from(password)};

    memcpy(j.salt, salt, sizeof j.salt);
    return j;
}

static struct password_job verify_job(uint64_t number, const char *password, struct str hash)
{
    struct password_job j = hash_job(number, password);

    j.kind = PASSWORD_VERIFY;
    j.hash = hash;
    return j;
}

static void hash_then_verify(void **state)
{
    (void)state;
    struct password_thread *t = start(8);
    struct password_job j = hash_job(1, "open sesame");

    assert_true(password_submit(t, &j));
    wait_for(1);
    struct password_letter *l = inbox.letter[0];
    assert_int_equal(l->letter.kind, 77);
    assert_int_equal(l->answer.job, 1);
    assert_int_equal(l->answer.outcome, PASSWORD_OK);
    assert_int_equal(argon2id_verify(l->encoded, "open sesame", 11), ARGON2_OK);

    struct password_job right = verify_job(2, "open sesame", l->answer.hash);
    struct password_job wrong = verify_job(3, "open sesam", l->answer.hash);
    assert_true(password_submit(t, &right));
    assert_true(password_submit(t, &wrong));
    wait_for(3);
    assert_int_equal(inbox.letter[1]->answer.job, 2);
    assert_int_equal(inbox.letter[1]->answer.outcome, PASSWORD_OK);
    assert_int_equal(inbox.letter[2]->answer.job, 3);
    assert_int_equal(inbox.letter[2]->answer.outcome, PASSWORD_WRONG);
    password_stop(t);
}

static void verifying_renews_an_old_hash(void **state)
{
    (void)state;
    struct password_thread *t = start(8);
    char old[PASSWORD_HASH_MAX], today[PASSWORD_HASH_MAX];

    assert_true(password_hash(STR("open sesame"), salt, KB * 2, PASSES, old));
    assert_true(password_hash(STR("open sesame"), salt, KB, PASSES, today));
    assert_true(password_outdated(str_from(old), KB, PASSES));
    assert_true(password_outdated(str_from(today), KB, PASSES + 1));
    assert_true(password_outdated(str_from(today), 0, 0));
    assert_false(password_outdated(str_from(today), KB, PASSES));
    assert_false(password_outdated(STR("$argon2id$damaged"), KB, PASSES));

    struct password_job jobs[4] = {
        verify_job(0, "open sesame", str_from(old)), verify_job(1, "open sesame", str_from(old)),
        verify_job(2, "open sesam", str_from(old)), verify_job(3, "open sesame", str_from(today))};
    for (int i = 0; i < 4; i++) {
        jobs[i].renew = i > 0;
        assert_true(password_submit(t, &jobs[i]));
    }
    wait_for(4);
    for (int i = 0; i < 4; i++) {
        const struct password_answer *a = &inbox.letter[i]->answer;
        assert_int_equal(a->outcome, i == 2 ? PASSWORD_WRONG : PASSWORD_OK);
        assert_int_equal(a->hash.n > 0, i == 1);
    }
    assert_string_equal(inbox.letter[1]->encoded, today);
    password_stop(t);
}

static void a_new_password_must_be_strong(void **state)
{
    (void)state;
    struct password_thread *t = start(8);
    const char *const texts[] = {"minji-kim-1", "kq7vbx2mTo", "password1"};

    for (int i = 0; i < 3; i++) {
        struct password_job j = hash_job((uint64_t)i, texts[i]);
        j.kind = PASSWORD_NEW;
        j.names[0] = STR("minji");
        j.names[1] = STR("Kim Min-ji");
        j.n_names = 2;
        assert_true(password_submit(t, &j));
    }
    wait_for(3);
    assert_int_equal(inbox.letter[0]->answer.outcome, PASSWORD_WEAK);
    assert_int_equal(inbox.letter[0]->answer.weak, WEAK_NAME);
    assert_int_equal(inbox.letter[0]->answer.hash.n, 0);
    assert_int_equal(inbox.letter[1]->answer.outcome, PASSWORD_OK);
    assert_int_equal(inbox.letter[1]->answer.weak, WEAK_NONE);
    assert_int_equal(argon2id_verify(inbox.letter[1]->encoded, texts[1], strlen(texts[1])),
                     ARGON2_OK);
    assert_int_equal(inbox.letter[2]->answer.outcome, PASSWORD_WEAK);
    password_stop(t);
}

static void nobody_has_a_password(void **state)
{
    (void)state;
    struct password_thread *t = start(2);
    struct password_job j = hash_job(5, "open sesame");

    j.kind = PASSWORD_NOBODY;
    assert_true(password_submit(t, &j));
    wait_for(1);
    assert_int_equal(inbox.letter[0]->answer.job, 5);
    assert_int_equal(inbox.letter[0]->answer.outcome, PASSWORD_WRONG);
    assert_int_equal(inbox.letter[0]->answer.hash.n, 0);
    password_stop(t);
}

static void full_queue_is_busy(void **state)
{
    (void)state;
    struct password_thread *t = start(3);
    struct password_job j = hash_job(1, "a");
    unsigned accepted = 0;

    set_closed(true);
    /* One is under way (held in deliver), three wait, sooner or later. */
    while (accepted < 4)
        if (password_submit(t, &j))
            accepted++;
    while (password_waiting(t) < 3)
        if (password_submit(t, &j))
            accepted++;
    assert_false(password_submit(t, &j));
    set_closed(false);
    wait_for(accepted);
    assert_true(password_submit(t, &j));
    wait_for(accepted + 1);
    password_stop(t);
}

static void refused_letters_come_again(void **state)
{
    (void)state;
    struct password_thread *t = start(4);
    struct password_job j = hash_job(9, "a");

    inbox.refuse = 3;
    assert_true(password_submit(t, &j));
    wait_for(1);
    assert_int_equal(inbox.refuse, 0);
    assert_int_equal(inbox.letter[0]->answer.job, 9);
    password_stop(t);
}

static void stop_with_work_left(void **state)
{
    (void)state;
    struct password_thread *t = start(16);
    struct password_job j = hash_job(1, "a");

    for (int i = 0; i < 10; i++)
        password_submit(t, &j);
    password_stop(t);
    password_stop(NULL);
}

static void too_long_is_refused(void **state)
{
    (void)state;
    struct password_thread *t = start(4);
    char longest[PASSWORD_MAX * 4 + 1];
    struct password_job j = hash_job(1, "");

    memset(longest, 'x', sizeof longest);
    j.password = str_of(longest, sizeof longest);
    assert_false(password_submit(t, &j));
    j.password.n--;
    assert_true(password_submit(t, &j));
    wait_for(1);
    assert_int_equal(inbox.letter[0]->answer.outcome, PASSWORD_OK);
    password_stop(t);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_inbox, close_inbox)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_form_is_the_usual_one),
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(defaults_stand_in_the_hash),
        cmocka_unit_test(damaged_texts_are_wrong),
        T(hash_then_verify),
        T(verifying_renews_an_old_hash),
        T(a_new_password_must_be_strong),
        T(nobody_has_a_password),
        T(full_queue_is_busy),
        T(refused_letters_come_again),
        T(stop_with_work_left),
        T(too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
