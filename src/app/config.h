/* The configuration: parsed once, then constant. The table in config_table.h says what there is.
 * Later sources win: defaults, the file (--config FILE or MADANG_CONFIG; there is no file without),
 * the environment, flags. A list that a later source mentions replaces the whole list of an earlier
 * one. Whatever is wrong is collected, each with its place and what would be right. */
#ifndef MADANG_APP_CONFIG_H
#define MADANG_APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/config_table.h"
#include "base/addr.h"
#include "base/buf.h"
#include "base/str.h"

enum { CONFIG_ADDRS_MAX = 16, CONFIG_LIST_MAX = 32 };
enum { CONFIG_USER_NAME_MAX = 508, CONFIG_SECRET_MIN = 8, CONFIG_SECRET_MAX = 512 };

enum config_tls { CONFIG_TLS_AUTO, CONFIG_TLS_OFF, CONFIG_TLS_FILES };
enum config_groups { CONFIG_GROUPS_AUTO, CONFIG_GROUPS_ALWAYS, CONFIG_GROUPS_NEVER };
enum config_lan { CONFIG_LAN_OFF, CONFIG_LAN_ON, CONFIG_LAN_AUTO };

/* A token bucket: `burst` at once (0: no limit), then per_s_e6 / 1,000,000 a second. */
struct config_rate {
    uint32_t burst;
    uint64_t per_s_e6;
};

struct config_ports {
    uint16_t first, last;
};

struct config_addrs {
    size_t n;
    struct addr v[CONFIG_ADDRS_MAX];
};

struct config_cidrs {
    size_t n;
    struct cidr v[CONFIG_LIST_MAX];
};

/* Each ends in NUL as well. */
struct config_strs {
    size_t n;
    struct str v[CONFIG_LIST_MAX];
};

/* What a field of each type of the table is. */
#define CONFIG_FIELD_SECTION(field)
#define CONFIG_FIELD_INT(field)      uint32_t field;
#define CONFIG_FIELD_SIZE(field)     uint64_t field;
#define CONFIG_FIELD_TIME(field)     int64_t field; /* microseconds */
#define CONFIG_FIELD_RATE(field)     struct config_rate field;
#define CONFIG_FIELD_BITS(field)     uint64_t field;
#define CONFIG_FIELD_PORTS(field)    struct config_ports field;
#define CONFIG_FIELD_CHOICE(field)   int field; /* an enum, such as config_tls; off|on: 0, 1 */
#define CONFIG_FIELD_ENDPOINT(field) struct addr field; /* family 0: not set; port 0: none said */
#define CONFIG_FIELD_PATH(field)     const char *field; /* NULL: not set */
#define CONFIG_FIELD_TEXT(field)     const char *field; /* the same */
#define CONFIG_FIELD_ADDRS(field)    struct config_addrs field; /* ports are 0 */
#define CONFIG_FIELD_CIDRS(field)    struct config_cidrs field;
#define CONFIG_FIELD_HOSTS(field)    struct config_strs field; /* lower case */
#define CONFIG_FIELD_ORIGINS(field)  struct config_strs field; /* "https://host" or with ":port" */
/* Never printed, not split at commas. */
#define CONFIG_FIELD_USERS(field)   struct config_strs field; /* "name:password" */
#define CONFIG_FIELD_SECRETS(field) struct config_strs field;

enum config_id {
#define X(type, field, arg, def, lo, hi, help) CONFIG_##type##_##field,
    CONFIG_TABLE(X)
#undef X
        CONFIG_ROWS
};

enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENV, CONFIG_FLAG };

struct config_text;

/* In the order of the table, not of sizes: there is one.
 * NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct config {
#define X(type, field, arg, def, lo, hi, help) CONFIG_FIELD_##type(field)
    CONFIG_TABLE(X)
#undef X
    bool turn_only;            /* madang turn */
    struct config_text *texts; /* memory of the strings above */
    uint8_t source[CONFIG_ROWS];
    uint32_t line[CONFIG_ROWS]; /* in the file, when that is the source */
};

enum config_outcome {
    CONFIG_START, /* the configuration is good: go on */
    CONFIG_DONE,  /* --help and the like: print the text to stdout, exit 0 */
    CONFIG_WRONG  /* print the text to stderr, exit 1: a sentence a line */
};

/* Reads everything. argv[0] is skipped, and argv[1] may be "turn"; env as in environ. text is an initialised buffer with room
 * for at least 64 kB. *c is to be freed in every case. Calling it again (SIGHUP) with the same
 * arguments gives what the file says now. */
enum config_outcome config_load(struct config *c, int argc, char *const *argv, char *const *env,
                                struct buf *text);
/* The same for a file that was read already; `name` is for messages. For tests and the fuzzer. */
enum config_outcome config_load_text(struct config *c, const char *name, struct str file, int argc,
                                     char *const *argv, char *const *env, struct buf *text);
void config_free(struct config *c);

/* What is wrong with "name:password" or a shared secret, as the rest of a sentence; NULL: nothing. */
const char *config_wrong_user(struct str text);
const char *config_wrong_secret(struct str text);

/* What the server's addresses begin with, as far as the configuration says: "https://call.example.org:8443". */
enum { CONFIG_URL_MAX = 300 };
void config_url(const struct config *c, char *out, size_t cap);

/* For --help, --print-config (what holds, and from where), and docs/madang.conf.sample. */
void config_print_help(struct buf *out, bool turn_only);
void config_print(struct buf *out, const struct config *c);
void config_print_sample(struct buf *out);

#endif
