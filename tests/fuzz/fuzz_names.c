/* What people call themselves and look for: the input is a user name, and after a newline a display name. A name that is
 * taken is the same when it is taken again, has the key that signing in makes of it, and is found by itself. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "domain/names.h"
#include "domain/script.h"
#include "domain/search_key.h"
#include "domain/username.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void check_name(struct str text)
{
    struct username u, again;
    char key[USERNAME_KEY_MAX];
    size_t n;
    if (username_make(text, &u) != USERNAME_OK)
        return;
    struct str name = str_of(u.name, u.name_n);
    must(utf8_valid(name.p, name.n) && utf8_valid(u.key, u.key_n) && utf8_valid(u.look, u.look_n));
    must(username_make(name, &again) == USERNAME_OK);
    must(str_eq(name, str_of(again.name, again.name_n)));
    must(str_eq(str_of(u.key, u.key_n), str_of(again.key, again.key_n)));
    must(str_eq(str_of(u.look, u.look_n), str_of(again.look, again.look_n)));
    must(username_key(text, key, &n) && str_eq(str_of(key, n), str_of(u.key, u.key_n)));
    must(u.key_n > 0 && u.look_n > 0 && memchr(name.p, 0, name.n) == NULL);
}

static void check_search(struct str name, struct str display)
{
    struct buf key, query;
    buf_init(&key, SEARCH_KEY_MAX + 1);
    buf_init(&query, 1 << 20);
    search_key(&key, name, display);
    must(!key.failed && utf8_valid(buf_data(&key), buf_len(&key)));
    /* Every word is found by itself. */
    for (struct str rest = buf_str(&key), word; search_key_next(&rest, &word);)
        must(word.n > 0 && search_matches(buf_str(&key), word));
    if (search_query(&query, display))
        must(buf_len(&query) > 0 && utf8_valid(buf_data(&query), buf_len(&query)));
    search_matches(buf_str(&key), display);
    buf_free(&key);
    buf_free(&query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str name, display;
    char clean[NAMES_BYTES_MAX];
    size_t n;
    if (!utf8_valid(data, size))
        return 0;
    str_split_once(str_of(data, size), '\n', &name, &display);
    check_name(name);
    check_search(name, display);
    if (names_clean(display, 32, clean, &n) == NAMES_OK)
        check_search(name, str_of(clean, n));
    return 0;
}
