/* What the files of the configuration share; nobody else includes this. */
#ifndef MADANG_APP_CONFIG_INT_H
#define MADANG_APP_CONFIG_INT_H

#include "app/config.h"

enum config_type {
    CONFIG_T_SECTION,
    CONFIG_T_INT,
    CONFIG_T_SIZE,
    CONFIG_T_TIME,
    CONFIG_T_RATE,
    CONFIG_T_BITS,
    CONFIG_T_PORTS,
    CONFIG_T_CHOICE,
    CONFIG_T_ENDPOINT,
    CONFIG_T_PATH,
    CONFIG_T_TEXT,
    CONFIG_T_ADDRS,
    CONFIG_T_CIDRS,
    CONFIG_T_HOSTS,
    CONFIG_T_ORIGINS,
    CONFIG_T_USERS,
    CONFIG_T_SECRETS
};

struct config_row {
    const char *field;
    const char *arg;
    const char *def;
    const char *help;
    int64_t lo; /* for PATH: 1 = must not be empty */
    int64_t hi; /* for lists: how many; for TEXT: bytes */
    size_t offset;
    enum config_type type;
};

extern const struct config_row config_rows[CONFIG_ROWS];

static inline bool config_is_list(const struct config_row *row)
{
    return row->type >= CONFIG_T_ADDRS;
}

/* Its values are shown to nobody. */
static inline bool config_is_secret(const struct config_row *row)
{
    return row->type >= CONFIG_T_USERS;
}

/* off or on: as a flag it may stand without a value. */
bool config_is_switch(const struct config_row *row);

/* ---- config_value.c: text to values and back ---- */

/* Sets the field of that row, or appends to its list. NULL, or what is wrong with the text ("is no
 * number"). The field is unchanged then. */
const char *config_value_parse(struct config *c, const struct config_row *row, struct str text);
/* Empties a list. */
void config_value_clear(struct config *c, const struct config_row *row);
/* The value as text that the parser takes; of a list, element i < config_value_count(). Of a secret
 * only whose it is. */
void config_value_put(struct buf *out, const struct config *c, const struct config_row *row,
                      size_t i);
/* Elements of a list; 1 for everything else, 0 for a path that is not set. */
size_t config_value_count(const struct config *c, const struct config_row *row);
/* "a whole number from 0 to 65535" */
void config_value_wants(struct buf *out, const struct config_row *row);

/* A copy that lives as long as c. */
const char *config_keep(struct config *c, struct str s);

/* ---- config_list.c: elements of lists ---- */

/* As config_value_parse(), for a list, which is the field. */
const char *config_list_append(struct config *c, const struct config_row *row, void *list,
                               struct str text);
/* As config_value_wants(). */
void config_list_wants(struct buf *out, const struct config_row *row);

/* ---- config_name.c: names ---- */

/* "max-rooms", "MADANG_MAX_ROOMS" */
void config_put_name(struct buf *out, const struct config_row *row);
void config_put_env(struct buf *out, const struct config_row *row);
/* By either of these names; NULL: there is none. */
const struct config_row *config_by_name(struct str name);
const struct config_row *config_by_env(struct str name);
/* What may have been meant; NULL: no idea. */
const struct config_row *config_guess_name(struct str name);
const struct config_row *config_guess_env(struct str name);
/* The section a row stands in. */
const char *config_section_of(const struct config_row *row);
bool config_is_section(struct str name);

/* ---- config_file.c: the INI file ---- */

struct config_loader;
/* Gives each line of the file to config_take_line(), syntax errors to config_complain(). */
void config_file_parse(struct config_loader *l, struct str file);

/* ---- config.c ---- */

/* A line of the file. section may be "". */
void config_take_line(struct config_loader *l, uint32_t line, struct str section, struct str name,
                      struct str value);
void config_complain(struct config_loader *l, uint32_t line, const char *fmt, ...)
    PRINTF_CHECK(3, 4);

#endif
