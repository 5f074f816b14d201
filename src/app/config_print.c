#include <stdio.h>

#include "app/config_int.h"
#include "base/util.h"
#include "base/version.h"

enum { TEXT_COLUMN = 34, LINE_WIDTH = 98 };

/* Words of z from column `at` on; each further line begins with `prefix`. */
static void put_wrapped(struct buf *out, const char *z, size_t at, const char *prefix)
{
    struct str rest = str_from(z), word;
    bool more = true, first = true;
    while (more) {
        more = str_split_once(rest, ' ', &word, &rest);
        if (!first && at + 1 + word.n > LINE_WIDTH) {
            buf_putf(out, "\n%s", prefix);
            at = strlen(prefix);
        } else if (!first) {
            buf_puts(out, " ");
            at++;
        }
        buf_put_str(out, word);
        at += word.n;
        first = false;
    }
}

static void put_option(struct buf *out, const char *option, const char *help)
{
    char margin[TEXT_COLUMN + 1];
    memset(margin, ' ', TEXT_COLUMN);
    margin[TEXT_COLUMN] = '\0';
    if (strlen(option) < TEXT_COLUMN)
        buf_putf(out, "%-*s", TEXT_COLUMN, option);
    else
        buf_putf(out, "%s\n%s", option, margin);
    put_wrapped(out, help, TEXT_COLUMN, margin);
    buf_puts(out, "\n");
}

static void put_row_help(struct buf *out, const struct config_row *row)
{
    char option_mem[128], help_mem[512];
    struct buf option, help;
    buf_init_fixed(&option, option_mem, sizeof option_mem);
    buf_init_fixed(&help, help_mem, sizeof help_mem);
    buf_puts(&option, "  --");
    config_put_name(&option, row);
    buf_putf(&option, " %s", row->arg);
    buf_puts(&help, row->help);
    if (row->def[0])
        buf_putf(&help, " (default %s)", row->def);
    const char *left = buf_cstr(&option), *right = buf_cstr(&help);
    if (left && right)
        put_option(out, left, right);
}

/* Sections that are of use to madang turn. */
static bool concerns_turn(const struct config_row *row)
{
    static const char *const sections[] = {"server", "tls", "relay", "log", "connections"};
    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        if (strcmp(config_section_of(row), sections[i]) == 0)
            return true;
    return false;
}

static void put_usage(struct buf *out, bool turn_only)
{
    buf_putf(out, "madang %s: video chat that people run themselves\n\n", madang_version());
    if (turn_only)
        buf_puts(out, "Usage: madang turn [OPTION]...\n\n"
                      "A TURN and STUN server alone, without page and signaling (docs/turn.md). "
                      "It wants --user or\n--secret, or a file with them; TLS and DTLS are there "
                      "with --cert, or --tls auto. HTTP answers\n/healthz and /metrics.\n\n");
    else
        buf_puts(out, "Usage: madang [OPTION]...\n"
                      "       madang turn [OPTION]...   a TURN and STUN server alone\n"
                      "       madang db check|backup FILE|restore FILE [OPTION]...\n"
                      "       madang mix [--output FILE] [--print] DIR\n"
                      "       madang recordings list|remove [ID] [OPTION]...\n"
                      "       madang user add|list|passwd|disable|enable|delete|grant "
                      "[NAME] [OPTION]...\n"
                      "       madang invite [OPTION]...     a link that makes an account\n"
                      "       madang admin-link [OPTION]...  one that makes an administrator\n"
                      "       madang token [OPTION]...  credentials for a time, made of a secret\n"
                      "       madang turn-key [OPTION]...  a password as a computed key\n"
                      "       madang replay FILE...\n"
                      "Each of them takes --help.\n\n");
}

void config_print_help(struct buf *out, bool turn_only)
{
    put_usage(out, turn_only);
    put_option(out, "  --config FILE", "configuration file; there is none without this");
    put_option(out, "  --check-config", "say whether the configuration is right, and stop");
    put_option(out, "  --print-config", "print the configuration that holds, and stop");
    put_option(out, "  --print-sample", "print a file with all settings and defaults, and stop");
    put_option(out, "  --version", "print the version, and stop");
    put_option(out, "  --help", "print this, and stop");
    buf_puts(out,
             "\nEach of the following may also be a line in the file (port = 8443) or a variable "
             "(MADANG_PORT);\nflags win over variables, variables over the file. Lists are "
             "separated by commas.\n");
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        if (turn_only && !concerns_turn(&config_rows[i]))
            continue;
        if (config_rows[i].type == CONFIG_T_SECTION)
            buf_putf(out, "\n%s [%s]\n", config_rows[i].help, config_rows[i].field);
        else
            put_row_help(out, &config_rows[i]);
    }
}

static const char *source_name(uint8_t source)
{
    switch (source) {
    case CONFIG_FILE: return "file";
    case CONFIG_ENV: return "environment";
    case CONFIG_FLAG: return "flag";
    default: return "default";
    }
}

static void put_row(struct buf *out, const struct config *c, size_t id)
{
    const struct config_row *row = &config_rows[id];
    size_t n = config_value_count(c, row);
    for (size_t i = 0; i < MAX_OF(n, 1); i++) {
        buf_puts(out, n && config_is_secret(row) ? "# " : ""); /* not to be read back */
        config_put_name(out, row);
        buf_puts(out, " = ");
        if (n)
            config_value_put(out, c, row, i);
        buf_putf(out, " ; %s", source_name(c->source[id]));
        if (c->source[id] == CONFIG_FILE)
            buf_putf(out, ", line %u", c->line[id]);
        buf_puts(out, "\n");
    }
}

void config_print(struct buf *out, const struct config *c)
{
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        if (config_rows[i].type == CONFIG_T_SECTION)
            buf_putf(out, "%s[%s]\n", i ? "\n" : "", config_rows[i].field);
        else
            put_row(out, c, i);
    }
}

void config_print_sample(struct buf *out)
{
    buf_puts(out,
             "# All settings of madang with their defaults. Take the # away in front of a "
             "name to change it.\n"
             "# Made by madang --print-sample. Sizes: k, M, G are powers of 1024. Times: ms, s, "
             "m, h, d.\n"
             "# Rates: how many at once / how many per second after that, or off. A list has "
             "commas, or\n"
             "# several lines.\n");
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        const struct config_row *row = &config_rows[i];
        if (row->type == CONFIG_T_SECTION) {
            buf_putf(out, "\n# %s\n[%s]\n", row->help, row->field);
            continue;
        }
        char mem[512];
        snprintf(mem, sizeof mem, row->type == CONFIG_T_CHOICE ? "%s (%s)" : "%s", row->help,
                 row->arg);
        buf_puts(out, "\n# ");
        put_wrapped(out, mem, 2, "# ");
        buf_puts(out, "\n#");
        config_put_name(out, row);
        buf_putf(out, " =%s%s\n", row->def[0] ? " " : "", row->def);
    }
}

void config_url(const struct config *c, char *out, size_t cap)
{
    bool tls = c->tls != CONFIG_TLS_OFF;
    const char *host = c->name.n ? c->name.v[0].p : "localhost";
    unsigned port = (unsigned)c->port;
    if (port == (tls ? 443 : 80) || port == 0)
        snprintf(out, cap, "%s://%s", tls ? "https" : "http", host);
    else
        snprintf(out, cap, "%s://%s:%u", tls ? "https" : "http", host, port);
}
