/* A database with people who are signed in, each with a password and the cookie that is made of the id. */
#include "people.h"

#include <stdio.h>

#include "base/clock.h"
#include "edge/store/password.h"

/* All have the same one: to hash it for each of them would take a while. */
static const struct str password = STR_INIT("violet trombone harbour 81");

void make_seed(const char *path, unsigned long people)
{
    struct house h;
    char name[32], hash[PASSWORD_HASH_MAX];
    const uint8_t salt[16] = "seed";
    house_open(&h, path);
    h.wall = clock_wall_us() / 1000;
    if (!password_hash(password, salt, 0, 0, hash) || db_begin(h.db) != DB_OK)
        die("seed");
    for (unsigned long i = 1; i <= people; i++) {
        snprintf(name, sizeof name, "person%lu", i);
        house_person(&h, i, name, name);
        struct val args[] = {VAL_ID(i), VAL_T(str_from(hash))};
        house_run(&h, DB_PASSWORD_SET, args, 2);
        house_cookie(&h, i); /* after it: a new password ends sign-ins */
    }
    if (db_commit(h.db) != DB_OK)
        die("commit");
    house_close(&h);
}
