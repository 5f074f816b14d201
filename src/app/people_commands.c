#include "app/people_commands.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/people_links.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/utf8_form.h"
#include "base/util.h"
#include "domain/names.h"
#include "domain/search_key.h"
#include "domain/user.h"
#include "domain/username.h"
#include "edge/store/data_lock.h"
#include "edge/store/db.h"
#include "edge/store/disk.h"
#include "edge/store/password.h"
#include "edge/store/weak.h"

enum { PATH_CAP = 4096, SENTENCE = 1024, PAGE = 200, OPTIONS_MAX = 64 };
#define DAY_MS INT64_C(86400000)

static const char help[] =
    "Usage: madang user add NAME [--display TEXT] [--admin] [--password] [OPTION]...\n"
    "       madang user list                                             [OPTION]...\n"
    "       madang user passwd NAME [--password]                         [OPTION]...\n"
    "       madang user disable|enable|delete NAME                       [OPTION]...\n"
    "       madang user grant NAME admin|user                            [OPTION]...\n"
    "       madang invite [--uses N] [--days N]                          [OPTION]...\n"
    "       madang admin-link                                            [OPTION]...\n\n"
    "  add, passwd   print a link by which the person sets a password, good for a week; with\n"
    "                --password they read one from a line of standard input instead\n"
    "  disable       ends all that the person has signed in; delete cannot be taken back:\n"
    "                messages to others stay, without a name\n"
    "  invite        prints a link that makes an account (--uses 1, --days 7)\n"
    "  admin-link    prints one that makes an administrator, once; earlier ones end\n\n"
    "A server may run meanwhile. OPTIONs are those of madang; --data DIR says where the\n"
    "database lies, --name HOST what the links begin with.\n";

/* What the words after the command said. */
struct options {
    const char *words[3]; /* verb, name, role */
    int n_words;
    const char *display;
    bool admin, password;
    int64_t uses, days;
    char *rest[OPTIONS_MAX]; /* for config_load; rest[0] is the program */
    int n_rest;
};

struct run {
    const struct command *cmd;
    const struct options *o;
    const struct config *c;
    struct db *db;
};

/* ---- the database ---- */

/* The first row, whose texts live in `rows`; false: there is none. */
static bool ask_row(const struct run *r, struct buf *rows, enum db_proc proc,
                    const struct val *args, unsigned n, struct val *row, unsigned cols)
{
    struct db_answer a = {.status = db_run(r->db, &(struct db_request){proc, 1, args, n}, rows)};
    a.rows = buf_str(rows);
    return db_row(&a, row, cols);
}

static enum db_status change(const struct run *r, enum db_proc proc, const struct val *args,
                             unsigned n)
{
    struct buf rows;
    buf_init(&rows, DB_ROWS_MAX);
    enum db_status s = db_run(r->db, &(struct db_request){proc, 1, args, n}, &rows);
    buf_free(&rows);
    return s;
}

/* 0 when it was done. */
static int changed(const struct run *r, enum db_status s, const char *refused)
{
    if (s == DB_OK)
        return 0;
    if (s == DB_REFUSED || s == DB_CONFLICT)
        return command_say(r->cmd, "%s", refused);
    return command_say(r->cmd, "the database refuses (%s): %s", db_status_name(s), db_error(r->db));
}

struct found {
    uint64_t id;
    int64_t avatar; /* a stamp; 0: none */
    char name[USERNAME_BYTES + 1];
    char display[NAMES_BYTES_MAX + 1];
};

/* False: there is nobody of that name, and it has been said. */
static bool find(const struct run *r, struct found *f)
{
    char key[USERNAME_KEY_MAX];
    struct val row[12], args[1];
    struct buf rows;
    size_t n;
    bool good = false;
    buf_init(&rows, DB_ROWS_MAX);
    if (username_key(str_from(r->o->words[1]), key, &n)) {
        args[0] = VAL_T(str_of(key, n));
        good = ask_row(r, &rows, DB_USER_BY_NAME, args, 1, row, 12);
    }
    if (good) {
        f->id = val_id(&row[0]);
        f->avatar = row[7].i;
        str_copy(row[1].s, f->name, sizeof f->name);
        str_copy(row[2].s, f->display, sizeof f->display);
    } else {
        command_say(r->cmd, "there is nobody called \"%s\"", r->o->words[1]);
    }
    buf_free(&rows);
    return good;
}

/* ---- links and passwords ---- */

static int give_link(const struct run *r, enum invite_kind kind, uint64_t target, int64_t uses,
                     int64_t days)
{
    char path[PEOPLE_PATH_MAX], base[CONFIG_URL_MAX];
    if (!people_link(r->db, kind, target, uses, r->cmd->now_ms, days * DAY_MS, path))
        return command_say(r->cmd, "the database refuses: %s", db_error(r->db));
    config_url(r->c, base, sizeof base);
    fprintf(r->cmd->out, "%s%s\n", base, path);
    return 0;
}

static bool read_password(const struct run *r, const struct str *names, unsigned n_names,
                          char encoded[PASSWORD_HASH_MAX])
{
    char line[PASSWORD_MAX * 4 + 2];
    uint8_t salt[16];
    if (!fgets(line, sizeof line, r->cmd->in))
        line[0] = 0;
    char bytes[PASSWORD_MAX * 4]; /* as the domain hashes it */
    struct str password = str_of(line, strcspn(line, "\r\n"));
    size_t n;
    if (utf8_form(UTF8_FORM_NFC, password, bytes, sizeof bytes, &n))
        password = str_of(bytes, n);
    struct weak_verdict v = weak_judge(password, names, n_names);
    random_bytes(salt, sizeof salt);
    bool good = false;
    if (v.reason != WEAK_NONE)
        command_say(r->cmd, "this password is too easy to guess (%s)", weak_reason_name(v.reason));
    else if (!password_hash(password, salt, (uint32_t)(r->c->argon2_memory / 1024),
                            (uint32_t)r->c->argon2_passes, encoded))
        command_say(r->cmd, "there is no memory to hash the password");
    else
        good = true;
    memzero(line, sizeof line);
    memzero(bytes, sizeof bytes);
    return good;
}

/* ---- verbs ---- */

static int user_add(const struct run *r)
{
    static const char *const wrong[] = {[USERNAME_SHORT] = "is too short (3 characters)",
                                        [USERNAME_LONG] = "is too long (32 characters)",
                                        [USERNAME_BAD] = "has a character that may not be there",
                                        [USERNAME_MIXED] = "mixes scripts"};
    struct username u;
    char display[NAMES_BYTES_MAX], hash[PASSWORD_HASH_MAX] = "";
    size_t display_n;
    uint64_t id;
    enum username_verdict v = username_make(str_from(r->o->words[1]), &u);
    if (v != USERNAME_OK)
        return command_say(r->cmd, "the name \"%s\" %s", r->o->words[1], wrong[v]);
    struct str name = str_of(u.name, u.name_n);
    struct str shown = r->o->display ? str_from(r->o->display) : name;
    if (names_clean(shown, (int)r->c->name_length, display, &display_n) != NAMES_OK)
        return command_say(r->cmd, "the display name is not allowed");
    const struct str names[] = {name, str_of(display, display_n)};
    if (r->o->password && !read_password(r, names, ARRAY_LEN(names), hash))
        return 1;
    random_bytes(&id, sizeof id);
    id = ID_MAKE(0, 0, id | 1);
    const struct val args[] = {
        VAL_ID(id),
        VAL_T(name),
        VAL_T(str_of(u.key, u.key_n)),
        VAL_T(str_of(u.look, u.look_n)),
        VAL_T(names[1]),
        VAL_I(r->o->admin ? USER_ADMIN : USER_MEMBER),
        VAL_T_OR_NULL(str_from(hash)),
        VAL_I(USER_SETTINGS_DEFAULT),
        VAL_T(STR("")),
        VAL_I(r->cmd->now_ms),
    };
    int status = changed(r, change(r, DB_USER_ADD, args, ARRAY_LEN(args)),
                         "somebody has this name, or one that looks like it");
    if (status)
        return status;
    struct buf words;
    buf_init(&words, SEARCH_KEY_MAX + 1);
    search_key(&words, name, names[1]);
    const struct val found_by[] = {VAL_ID(id), VAL_T(names[1]), VAL_T(buf_str(&words))};
    status = changed(r, change(r, DB_USER_SET_DISPLAY, found_by, 3), "it is gone again");
    buf_free(&words);
    return status || r->o->password ? status : give_link(r, INVITE_RESET, id, 1, 7);
}

static void print_time(FILE *out, int64_t ms)
{
    char text[32] = "-";
    struct tm tm;
    time_t s = (time_t)(ms / 1000);
    if (gmtime_r(&s, &tm))
        strftime(text, sizeof text, "%Y-%m-%d", &tm);
    fprintf(out, "%s", text);
}

static int user_list(const struct run *r)
{
    char after[USERNAME_KEY_MAX] = "";
    size_t after_n = 0;
    for (;;) {
        struct buf rows;
        struct val row[7], args[] = {VAL_T(str_of(after, after_n)), VAL_I(PAGE)};
        unsigned n = 0;
        buf_init(&rows, DB_ROWS_MAX);
        enum db_status s = db_run(r->db, &(struct db_request){DB_USER_LIST, 1, args, 2}, &rows);
        struct db_rows it = db_rows_of(buf_str(&rows));
        for (; s == DB_OK && db_rows_next(&it, row, 7); n++) {
            fprintf(r->cmd->out, PRIstr "\t" PRIstr "\t%s%s\tsince ", STR_ARG(row[1].s),
                    STR_ARG(row[2].s), row[3].i ? "admin" : "user",
                    row[4].i & USER_DISABLED ? ", disabled" : "");
            print_time(r->cmd->out, row[5].i);
            fprintf(r->cmd->out, ", seen ");
            print_time(r->cmd->out, row[6].i);
            fputc('\n', r->cmd->out);
            username_key(row[1].s, after, &after_n);
        }
        buf_free(&rows);
        if (s != DB_OK)
            return changed(r, s, "");
        if (n < PAGE)
            return 0;
    }
}

static int user_passwd(const struct run *r, const struct found *f)
{
    char hash[PASSWORD_HASH_MAX];
    const struct str names[] = {str_from(f->name), str_from(f->display)};
    if (!r->o->password)
        return give_link(r, INVITE_RESET, f->id, 1, 7);
    if (!read_password(r, names, ARRAY_LEN(names), hash))
        return 1;
    const struct val args[] = {VAL_ID(f->id), VAL_T(str_from(hash))};
    return changed(r, change(r, DB_PASSWORD_SET, args, 2), "the account is gone");
}

static int user_grant(const struct run *r, const struct found *f)
{
    const char *role = r->o->words[2] ? r->o->words[2] : "";
    bool admin = strcmp(role, "admin") == 0;
    if (!admin && strcmp(role, "user") != 0)
        return command_say(r->cmd, "grant wants a role: admin or user");
    const struct val args[] = {VAL_ID(f->id), VAL_I(admin ? USER_ADMIN : USER_MEMBER)};
    return changed(r, change(r, DB_USER_SET_ROLE, args, 2), "the account is disabled");
}

static int user_delete(const struct run *r, const struct found *f)
{
    static const uint32_t sizes[] = {96, 512};
    const struct val id[] = {VAL_ID(f->id)};
    char dir[PATH_CAP];
    int status = changed(r, change(r, DB_USER_DELETE, id, 1),
                         "nobody else administers this server: grant somebody else admin first");
    snprintf(dir, sizeof dir, "%s/files", r->c->data);
    for (size_t i = 0; status == 0 && f->avatar && i < ARRAY_LEN(sizes); i++) {
        struct disk_name name = disk_avatar(f->id, f->avatar, sizes[i]);
        disk_remove(dir, &name);
    }
    return status;
}

static int user_verb(const struct run *r)
{
    const char *verb = r->o->words[0] ? r->o->words[0] : "";
    struct found f;
    if (strcmp(verb, "list") == 0)
        return user_list(r);
    if (!r->o->words[1])
        return command_say(r->cmd, "%s wants a NAME; madang user --help lists what there is", verb);
    if (strcmp(verb, "add") == 0)
        return user_add(r);
    if (!find(r, &f))
        return 1;
    const struct val id[] = {VAL_ID(f.id)};
    if (strcmp(verb, "passwd") == 0)
        return user_passwd(r, &f);
    if (strcmp(verb, "grant") == 0)
        return user_grant(r, &f);
    if (strcmp(verb, "disable") == 0)
        return changed(r, change(r, DB_USER_DISABLE, id, 1), "the account is gone");
    if (strcmp(verb, "enable") == 0)
        return changed(r, change(r, DB_USER_ENABLE, id, 1), "the account is gone");
    return user_delete(r, &f);
}

static int verb(const struct run *r)
{
    if (strcmp(r->cmd->argv[0], "user") == 0)
        return user_verb(r);
    if (strcmp(r->cmd->argv[0], "invite") == 0)
        return give_link(r, INVITE_USER, 0, r->o->uses, r->o->days);
    return give_link(r, INVITE_ADMIN, 0, 1, 7);
}

/* ---- the command line ---- */

bool people_command_is(const char *word)
{
    return strcmp(word, "user") == 0 || strcmp(word, "invite") == 0 ||
           strcmp(word, "admin-link") == 0;
}

static bool number(const char *text, int64_t max, int64_t *out)
{
    uint64_t v;
    if (!text || !str_to_u64(str_from(text), (uint64_t)max, &v) || v == 0)
        return false;
    *out = (int64_t)v;
    return true;
}

/* What is ours is taken out, the rest is madang's. False: it was said what is wrong. */
static bool read_options(const struct command *cmd, struct options *o)
{
    bool user = strcmp(cmd->argv[0], "user") == 0;
    *o = (struct options){.uses = 1, .days = 7};
    o->rest[o->n_rest++] = cmd->argv[0];
    for (int i = 1; i < cmd->argc && cmd->argv[i] != NULL; i++) {
        const char *a = cmd->argv[i], *next = i + 1 < cmd->argc ? cmd->argv[i + 1] : NULL;
        bool good = true;
        if (user && strcmp(a, "--admin") == 0)
            o->admin = true;
        else if (user && strcmp(a, "--password") == 0)
            o->password = true;
        else if (user && strcmp(a, "--display") == 0 && next)
            o->display = cmd->argv[++i];
        else if (!user && strcmp(a, "--uses") == 0)
            good = number(next, 1000, &o->uses), i++;
        else if (!user && strcmp(a, "--days") == 0)
            good = number(next, 366, &o->days), i++;
        else if (a[0] != '-' && user && o->n_rest == 1 && o->n_words < (int)ARRAY_LEN(o->words))
            o->words[o->n_words++] = a;
        else if (o->n_rest < OPTIONS_MAX)
            o->rest[o->n_rest++] = cmd->argv[i];
        if (!good) {
            command_say(cmd, "%s wants a number", a);
            return false;
        }
    }
    return true;
}

static bool known_verb(const struct options *o)
{
    static const char *const verbs[] = {"add",    "list",   "passwd", "disable",
                                        "enable", "delete", "grant"};
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (o->words[0] && strcmp(o->words[0], verbs[i]) == 0)
            return true;
    return false;
}

static int with_database(void *ctx, const struct config *c)
{
    char path[PATH_CAP], why[SENTENCE];
    struct run *r = ctx;
    snprintf(path, sizeof path, "%s/%s", c->data, DATABASE_FILE);
    r->c = c;
    r->db = db_open(path, &(struct db_conf){0}, why, sizeof why);
    if (!r->db)
        return command_say(r->cmd, "%s", why);
    int status = verb(r);
    db_close(r->db);
    return status;
}

int people_command(const struct command *cmd)
{
    struct options o;
    if (command_helps(cmd, help))
        return 0;
    if (!read_options(cmd, &o))
        return 1;
    if (strcmp(cmd->argv[0], "user") == 0 && !known_verb(&o))
        return command_say(cmd, "there is no such command; madang user --help lists what there is");
    return command_configured(cmd, o.n_rest, o.rest, with_database,
                              &(struct run){.cmd = cmd, .o = &o});
}
