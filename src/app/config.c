#include "app/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config_int.h"
#include "base/mem.h"
#include "base/util.h"
#include "base/version.h"

enum { FILE_SIZE_MAX = 1 << 20, COMPLAINTS_MAX = 20 };

struct config_loader {
    struct config *c;
    const char *file; /* name, or NULL */
    struct buf *text; /* complaints */
    unsigned complaints;
    enum config_source source;
    uint32_t line;
};

/* ---- complaints: where, what, and what would be right ---- */

static bool begin_complaint(struct config_loader *l)
{
    l->complaints++;
    if (l->complaints == COMPLAINTS_MAX + 1)
        buf_puts(l->text, "... and more\n");
    return l->complaints <= COMPLAINTS_MAX;
}

/* What somebody wrote, made harmless for a terminal, and short. */
static void put_quoted(struct buf *out, struct str s)
{
    buf_u8(out, '"');
    for (size_t i = 0; i < s.n && i < 80; i++)
        buf_u8(out, (uint8_t)s.p[i] < 0x20 || s.p[i] == 0x7F ? '?' : (uint8_t)s.p[i]);
    buf_puts(out, s.n > 80 ? "...\"" : "\"");
}

static void put_place(struct config_loader *l, const struct config_row *row,
                      enum config_source source, uint32_t line)
{
    if (source == CONFIG_FILE)
        buf_putf(l->text, "%s:%u: ", l->file, line);
    if (source == CONFIG_ENV)
        config_put_env(l->text, row);
    else if (source == CONFIG_FLAG)
        buf_puts(l->text, "--");
    if (source != CONFIG_ENV)
        config_put_name(l->text, row);
    buf_puts(l->text, ": ");
}

void config_complain(struct config_loader *l, uint32_t line, const char *fmt, ...)
{
    va_list ap;
    if (!begin_complaint(l))
        return;
    buf_putf(l->text, "%s:%u: ", l->file, line);
    va_start(ap, fmt);
    buf_vputf(l->text, fmt, ap);
    va_end(ap);
    buf_puts(l->text, "\n");
}

static void complain_value(struct config_loader *l, const struct config_row *row, struct str value,
                           const char *wrong)
{
    if (!begin_complaint(l))
        return;
    put_place(l, row, l->source, l->line);
    put_quoted(l->text, config_is_secret(row) ? STR("(hidden)") : value);
    buf_putf(l->text, " %s; right would be ", wrong);
    config_value_wants(l->text, row);
    buf_puts(l->text, "\n");
}

static void complain_unknown(struct config_loader *l, const char *kind, struct str name,
                             const struct config_row *meant)
{
    if (!begin_complaint(l))
        return;
    if (l->source == CONFIG_FILE)
        buf_putf(l->text, "%s:%u: ", l->file, l->line);
    buf_putf(l->text, "there is no %s ", kind);
    put_quoted(l->text, name);
    if (meant) {
        buf_puts(l->text, "; did you mean ");
        if (l->source == CONFIG_ENV) {
            config_put_env(l->text, meant);
        } else {
            buf_puts(l->text, l->source == CONFIG_FLAG ? "--" : "");
            config_put_name(l->text, meant);
        }
        buf_puts(l->text, "?\n");
    } else {
        buf_puts(l->text, l->source == CONFIG_FLAG
                              ? "; madang --help lists what there is\n"
                              : "; madang --print-sample shows all that there is\n");
    }
}

static void complain_section(struct config_loader *l, const char *what, struct str section,
                             const struct config_row *row)
{
    if (!begin_complaint(l))
        return;
    buf_putf(l->text, "%s:%u: %s", l->file, l->line, what);
    put_quoted(l->text, section);
    if (row) {
        buf_puts(l->text, "; ");
        config_put_name(l->text, row);
        buf_putf(l->text, " belongs into [%s]", config_section_of(row));
    }
    buf_puts(l->text, "\n");
}

/* ---- taking values ---- */

static void set(struct config_loader *l, const struct config_row *row, struct str value)
{
    size_t id = (size_t)(row - config_rows);
    struct str one = str_trim(value), rest = STR("");
    const char *wrong;
    bool more = config_is_list(row);
    bool first = l->c->source[id] != l->source;
    if (more && first)
        config_value_clear(l->c, row);
    else if (!more && !first && l->source != CONFIG_DEFAULT) {
        complain_value(l, row, one, "is a second value");
        return;
    }
    l->c->source[id] = (uint8_t)l->source;
    l->c->line[id] = l->line;
    if (more && one.n == 0)
        return; /* an empty list */
    do {
        if (config_is_list(row) && !config_is_secret(row)) {
            more = str_split_once(one, ',', &one, &rest);
            one = str_trim(one);
        }
        wrong = config_value_parse(l->c, row, one);
        if (wrong)
            complain_value(l, row, one, wrong);
        one = rest;
    } while (more && !config_is_secret(row));
}

void config_take_line(struct config_loader *l, uint32_t line, struct str section, struct str name,
                      struct str value)
{
    const struct config_row *row = config_by_name(name);
    l->line = line;
    if (section.n && !config_is_section(section)) {
        complain_section(l, "there is no section ", section, row);
    } else if (!row) {
        complain_unknown(l, "setting", name, config_guess_name(name));
    } else if (section.n && !str_eq(section, str_from(config_section_of(row)))) {
        complain_section(l, "this does not belong into ", section, row);
    } else {
        set(l, row, value);
    }
}

static void take_defaults(struct config_loader *l)
{
    l->source = CONFIG_DEFAULT;
    for (size_t i = 0; i < CONFIG_ROWS; i++)
        if (config_rows[i].type != CONFIG_T_SECTION)
            set(l, &config_rows[i], str_from(config_rows[i].def));
}

static void take_env(struct config_loader *l, char *const *env)
{
    struct str name, value;
    l->source = CONFIG_ENV;
    for (; env && *env; env++) {
        str_split_once(str_from(*env), '=', &name, &value);
        if (!str_starts(name, STR("MADANG_")) || str_eq(name, STR("MADANG_CONFIG")))
            continue;
        const struct config_row *row = config_by_env(name), *meant = config_guess_env(name);
        if (row)
            set(l, row, value);
        else if (meant)
            complain_unknown(l, "setting", name, meant);
    }
}

/* ---- flags ---- */

enum action { ACT_START, ACT_HELP, ACT_VERSION, ACT_SAMPLE, ACT_CHECK, ACT_PRINT, ACT_CONFIG };

static const struct {
    const char *name;
    enum action action;
} actions[] = {
    {"help", ACT_HELP},          {"version", ACT_VERSION},    {"print-sample", ACT_SAMPLE},
    {"check-config", ACT_CHECK}, {"print-config", ACT_PRINT}, {"config", ACT_CONFIG},
};

static enum action action_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (str_eq(name, str_from(actions[i].name)))
            return actions[i].action;
    return ACT_START;
}

struct flags {
    enum action action;
    const char *file;
};

static void complain_flag(struct config_loader *l, struct str flag, const char *wrong)
{
    if (!begin_complaint(l))
        return;
    put_quoted(l->text, flag);
    buf_putf(l->text, " %s\n", wrong);
}

/* --config, or something to do instead of starting. */
static void take_action(struct config_loader *l, struct flags *f, struct str flag,
                        const char *value, const char *next)
{
    enum action action = action_of(str_skip(flag, 2));
    if (action == ACT_CONFIG) {
        if (f->file)
            complain_flag(l, flag, "is given twice");
        f->file = value ? value : next;
        if (!f->file || !f->file[0])
            complain_flag(l, flag, "wants a file");
        return;
    }
    if (value)
        complain_flag(l, flag, "takes no value");
    if (f->action == ACT_START || action < f->action)
        f->action = action;
}

/* What follows a setting's flag, or NULL; a switch may do without. */
static const char *value_after(const struct config_row *row, const char *next)
{
    bool word = next && (strcmp(next, "on") == 0 || strcmp(next, "off") == 0);
    return config_is_switch(row) && !word ? NULL : next;
}

static void take_setting(struct config_loader *l, const struct config_row *row, struct str flag,
                         const char *value, const char *next)
{
    next = value_after(row, next);
    if (!value && !next && config_is_switch(row))
        set(l, row, STR("on"));
    else if (!value && !next)
        complain_flag(l, flag, "wants a value");
    else
        set(l, row, str_from(value ? value : next));
}

static void take_stranger(struct config_loader *l, struct str flag)
{
    if (str_starts(flag, STR("-")))
        complain_unknown(l, "option", flag, config_guess_name(str_skip(flag, 2)));
    else
        complain_flag(l, flag, "is not expected here; options begin with --");
}

/* In two passes, since --config must be known before the file is read, and the file before the
 * flags count: first the actions, then the settings. */
static void take_flags(struct config_loader *l, struct flags *f, int argc, char *const *argv,
                       bool settings)
{
    l->source = CONFIG_FLAG;
    l->c->turn_only = argc > 1 && strcmp(argv[1], "turn") == 0;
    for (int i = l->c->turn_only ? 2 : 1; i < argc; i++) {
        struct str flag, rest;
        const char *value = str_split_once(str_from(argv[i]), '=', &flag, &rest) ? rest.p : NULL;
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (str_eq(flag, STR("-h")))
            flag = STR("--help");
        bool option = str_starts(flag, STR("--"));
        const struct config_row *row = option ? config_by_name(str_skip(flag, 2)) : NULL;
        enum action action = option ? action_of(str_skip(flag, 2)) : ACT_START;
        if (action != ACT_START && !settings)
            take_action(l, f, flag, value, next);
        else if (row && settings)
            take_setting(l, row, flag, value, next);
        else if (!row && action == ACT_START && settings)
            take_stranger(l, flag);
        /* the next one was the value */
        i += !value && ((row && value_after(row, next)) || action == ACT_CONFIG);
    }
}

/* ---- what must hold between settings ---- */

static void require(struct config_loader *l, bool holds, enum config_id id, const char *why)
{
    const struct config_row *row = &config_rows[id];
    if (holds || !begin_complaint(l))
        return;
    put_place(l, row, (enum config_source)l->c->source[id], l->c->line[id]);
    buf_putf(l->text, "%s\n", why);
}

/* One for IPv4, one for IPv6. */
static bool one_of_each(const struct config_addrs *a)
{
    return a->n < 2 || a->v[0].family != a->v[1].family;
}

static void check_relay(struct config_loader *l)
{
    const struct config *c = l->c;
    require(l, one_of_each(&c->public_ip), CONFIG_ADDRS_public_ip,
            "one address for IPv4 and one for IPv6, not two of a kind");
    require(l, one_of_each(&c->relay_ip), CONFIG_ADDRS_relay_ip,
            "one address for IPv4 and one for IPv6, not two of a kind");
    require(l, c->total_quota <= c->max_allocations, CONFIG_INT_total_quota,
            "must not be more than max-allocations");
    if (!c->turn_only)
        return;
    require(l, c->relay, CONFIG_CHOICE_relay, "must be on: madang turn does nothing else");
    bool somebody = c->user.n || c->users_file || c->secret.n || c->secret_file;
    require(l, somebody || l->complaints, CONFIG_USERS_user,
            "nobody could relay: madang turn wants user, users-file, secret or secret-file");
}

/* A certificate that nobody knows is of no use to TURN alone: without one there is no TLS. */
static void settle(struct config *c)
{
    if (c->turn_only && c->source[CONFIG_CHOICE_tls] == CONFIG_DEFAULT)
        c->tls = c->cert ? CONFIG_TLS_FILES : CONFIG_TLS_OFF;
}

static void check(struct config_loader *l)
{
    const struct config *c = l->c;
    check_relay(l);
    require(l, c->tls != CONFIG_TLS_FILES || c->cert, CONFIG_CHOICE_tls,
            "files wants a certificate, set cert (and key)");
    require(l, c->tls == CONFIG_TLS_FILES || !c->cert, CONFIG_PATH_cert,
            "is only used with tls = files, set that too");
    require(l, c->cert || !c->key, CONFIG_PATH_key, "is of no use without cert");
    require(l, c->dead_peer > c->ping_interval, CONFIG_TIME_dead_peer,
            "must be longer than ping-interval, or every silent client is dropped");
    require(l, c->room_capacity <= c->room_capacity_max, CONFIG_INT_room_capacity,
            "must not be more than room-capacity-max");
    require(l, c->kept_size >= c->outbox_size && c->kept_size >= c->replay_size,
            CONFIG_SIZE_kept_size, "must not be less than outbox-size and replay-size");
    require(l, c->kept_messages >= c->outbox_messages && c->kept_messages >= c->replay_messages,
            CONFIG_INT_kept_messages, "must not be less than outbox-messages and replay-messages");
    require(l, c->head_size >= c->request_line, CONFIG_SIZE_head_size,
            "must not be less than request-line");
}

/* ---- putting it together ---- */

static void begin(struct config_loader *l, struct config *c, const char *file, struct buf *text)
{
    *c = (struct config){0};
    *l = (struct config_loader){.c = c, .file = file, .text = text};
    take_defaults(l);
}

static enum config_outcome finish(struct config_loader *l, const struct flags *f)
{
    if (l->complaints)
        return CONFIG_WRONG;
    if (f->action == ACT_CHECK)
        buf_puts(l->text, "The configuration is fine.\n");
    else if (f->action == ACT_PRINT)
        config_print(l->text, l->c);
    return f->action == ACT_START ? CONFIG_START : CONFIG_DONE;
}

/* Help and the like work whatever else is wrong. */
static bool answer_at_once(const struct flags *f, bool turn_only, struct buf *text)
{
    switch (f->action) {
    case ACT_HELP: config_print_help(text, turn_only); return true;
    case ACT_VERSION: buf_putf(text, "madang %s\n", madang_version()); return true;
    case ACT_SAMPLE: config_print_sample(text); return true;
    default: return false;
    }
}

enum config_outcome config_load_text(struct config *c, const char *name, struct str file, int argc,
                                     char *const *argv, char *const *env, struct buf *text)
{
    struct config_loader l;
    struct flags f = {0};
    begin(&l, c, name, text);
    take_flags(&l, &f, argc, argv, false);
    if (answer_at_once(&f, c->turn_only, text))
        return CONFIG_DONE;
    l.source = CONFIG_FILE;
    if (name)
        config_file_parse(&l, file);
    l.line = 0;
    take_env(&l, env);
    take_flags(&l, &f, argc, argv, true);
    settle(c);
    check(&l);
    return finish(&l, &f);
}

static bool read_file(const char *name, struct buf *to)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0 || (n < 0 && fd >= 0 && errno == EINTR)) {
        uint8_t *p = buf_reserve(to, MIN_OF(buf_room(to), 16384));
        n = p && buf_room(to) ? read(fd, p, MIN_OF(buf_room(to), 16384)) : 0;
        buf_commit(to, n > 0 ? (size_t)n : 0);
    }
    if (n == 0 && buf_room(to) == 0) {
        errno = EFBIG;
        n = -1;
    }
    if (fd >= 0) {
        int saved = errno;
        close(fd);
        errno = saved;
    }
    return n == 0;
}

static const char *file_from_env(char *const *env)
{
    struct str name, value;
    for (; env && *env; env++)
        if (str_split_once(str_from(*env), '=', &name, &value) &&
            str_eq(name, STR("MADANG_CONFIG")))
            return value.n ? value.p : NULL;
    return NULL;
}

enum config_outcome config_load(struct config *c, int argc, char *const *argv, char *const *env,
                                struct buf *text)
{
    struct config_loader l;
    struct config first;
    struct flags f = {0};
    struct buf file;
    char ignored[256];
    struct buf quiet;
    buf_init_fixed(&quiet, ignored, sizeof ignored);
    begin(&l, &first, NULL, &quiet);
    take_flags(&l, &f, argc, argv, false);
    config_free(&first);
    const char *name = f.file ? f.file : file_from_env(env);
    buf_init(&file, FILE_SIZE_MAX);
    enum config_outcome outcome = CONFIG_WRONG;
    if (name && f.action != ACT_HELP && f.action != ACT_VERSION && f.action != ACT_SAMPLE &&
        !read_file(name, &file)) {
        *c = (struct config){0};
        buf_putf(text, "%s: cannot be read: %s\n", name, strerror(errno));
    } else {
        outcome = config_load_text(c, name, buf_str(&file), argc, argv, env, text);
    }
    buf_free(&file);
    return outcome;
}
