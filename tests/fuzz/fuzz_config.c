/* The configuration: the input is a file; after a NUL byte come variables, each ended by a newline,
 * and after another NUL flags. Whatever is taken must be printed so that it reads back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "base/mem.h"
#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 32, TEXT_MAX = 1 << 20 };

/* Cuts s into words, NUL-terminated, from v[n] on; the caller frees each. */
static int words(struct str s, char **v, int n)
{
    struct str line;
    while (n < WORDS_MAX && s.n) {
        str_split_once(s, '\n', &line, &s);
        v[n++] = str_dup(line);
    }
    v[n] = NULL;
    return n;
}

static void print(const struct config *c, struct buf *out)
{
    buf_init(out, TEXT_MAX);
    config_print(out, c);
}

/* Values with " ;" in them or that are too long for a line of a file can only come by flags. */
static bool printable(struct str printed)
{
    struct str line, rest = printed;
    bool more = true;
    while (more) {
        more = str_split_once(rest, '\n', &line, &rest);
        struct str value = str_skip(line, str_find(line, STR(" = ")) + 3), note;
        if (line.n > 150)
            return false;
        if (str_split_once(value, ';', &value, &note) && str_chr(note, ';') != STR_NPOS)
            return false;
        for (size_t i = 0; i < line.n; i++)
            if ((uint8_t)line.p[i] <= ' ' && line.p[i] != ' ')
                return false;
    }
    return true;
}

/* What is printed of a secret is not read back. */
static bool secret(struct str line)
{
    return str_starts(line, STR("# ")) || str_starts(line, STR("user = ")) ||
           str_starts(line, STR("secret = "));
}

static void without_notes(struct buf *b)
{
    struct str rest = buf_str(b), line, value;
    struct buf out;
    buf_init(&out, TEXT_MAX);
    while (str_split_once(rest, '\n', &line, &rest)) {
        if (secret(line))
            continue;
        str_split_once(line, ';', &value, &line);
        buf_put_str(&out, value);
        buf_puts(&out, "\n");
    }
    buf_free(b);
    *b = out;
}

static void check_round_trip(const struct config *c)
{
    struct config again;
    struct buf a, b, text;
    print(c, &a);
    if (printable(buf_str(&a))) {
        buf_init(&text, TEXT_MAX);
        if (config_load_text(&again, "again", buf_str(&a), 0, NULL, NULL, &text) != CONFIG_START)
            abort();
        print(&again, &b);
        without_notes(&a);
        without_notes(&b);
        if (!str_eq(buf_str(&a), buf_str(&b)))
            abort();
        config_free(&again);
        buf_free(&b);
        buf_free(&text);
    }
    buf_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *env[WORDS_MAX + 1], *argv[WORDS_MAX + 2];
    struct str file, rest, vars, flags;
    struct config c;
    struct buf text;
    str_split_once(str_of(data, size), '\0', &file, &rest);
    str_split_once(rest, '\0', &vars, &flags);
    int n_env = words(vars, env, 0);
    argv[0] = str_dup(STR("madang"));
    int argc = words(flags, argv, 1);
    buf_init(&text, TEXT_MAX);
    enum config_outcome got = config_load_text(&c, "fuzz", file, argc, argv, env, &text);
    if (text.failed || (got == CONFIG_START) != (buf_len(&text) == 0))
        abort();
    if (got == CONFIG_START)
        check_round_trip(&c);
    config_free(&c);
    buf_free(&text);
    for (int i = 0; i < n_env; i++)
        xfree(env[i]);
    for (int i = 0; i < argc; i++)
        xfree(argv[i]);
    return 0;
}
