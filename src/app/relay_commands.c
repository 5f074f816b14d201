#include "app/relay_commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/relay_people.h"
#include "base/code.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/util.h"
#include "proto/opaque.h"
#include "proto/turn_users.h"

enum { URLS_MAX = 8, DAY_S = 86400, LINE_MAX_LEN = 2048, JSON_MAX = 16384 };

/* ---- options ---- */

/* An option of a command: where its value goes; a bool has none. */
struct option_spec {
    const char *name;
    const char **value; /* repeatable ones have room for URLS_MAX */
    size_t *n;          /* how many there are; NULL: one */
    bool *flag;
};

static const struct option_spec *spec_of(const struct option_spec *specs, struct str name)
{
    for (; specs->name; specs++)
        if (str_eq(name, str_from(specs->name)))
            return specs;
    return NULL;
}

static bool take_value(const struct command *cmd, const struct option_spec *o, const char *value)
{
    size_t n = o->n ? *o->n : o->value[0] != NULL;
    if (!value || !*value)
        command_say(cmd, "%s wants a value", o->name);
    else if (n >= (o->n ? URLS_MAX : 1))
        command_say(cmd, o->n ? "%s is given too often" : "%s is given twice", o->name);
    else
        o->value[n] = value;
    if (!value || !*value || n >= (o->n ? URLS_MAX : 1))
        return false;
    if (o->n)
        ++*o->n;
    return true;
}

/* False: it has been said what is wrong. */
static bool take_options(const struct command *cmd, const struct option_spec *specs)
{
    for (int i = 1; cmd->argv[i]; i++) {
        struct str name, rest;
        bool joined = str_split_once(str_from(cmd->argv[i]), '=', &name, &rest);
        const struct option_spec *o = spec_of(specs, name);
        if (!o) {
            command_say(cmd,
                        "there is no option \"" PRIstr "\"; madang %s --help lists what there is",
                        STR_ARG(name), cmd->argv[0]);
            return false;
        }
        if (o->flag && joined) {
            command_say(cmd, "%s takes no value", o->name);
            return false;
        }
        if (o->flag)
            *o->flag = true;
        else if (!take_value(cmd, o, joined ? rest.p : cmd->argv[i + 1]))
            return false;
        i += !o->flag && !joined;
    }
    return true;
}

static const char *from_env(const struct command *cmd, const char *name)
{
    size_t n = strlen(name);
    for (char *const *e = cmd->env; e && *e; e++)
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=' && (*e)[n + 1])
            return *e + n + 1;
    return NULL;
}

/* ---- madang token ---- */

static const char token_help[] =
    "Usage: madang token (--secret SECRET | --secret-file FILE) [OPTION]...\n"
    "       madang token --room ROOM ...: for WHIP and WHEP, see madang token --room x --help\n\n"
    "Prints a name and a password for TURN that end by themselves, made of the secret that the "
    "server\nhas (--secret, --secret-file; MADANG_SECRET and MADANG_SECRET_FILE count here, too). "
    "A "
    "secret on\nthe command line can be seen by others on this machine while the command runs.\n\n"
    "  --user NAME    whose it is, for quotas and logs; without it, there is only the time\n"
    "  --ttl TIME     how long it lasts: s, m, h, d (default 1h)\n"
    "  --sha256       HMAC-SHA-256; without it SHA-1, which coturn and others make, too\n"
    "  --url URL      for the entry of iceServers, repeatable: turn:HOST:3478,\n"
    "                 turn:HOST:8443?transport=tcp, turns:HOST:8443?transport=tcp\n"
    "  --json         print only that entry\n"
    "  --help         print this\n";

struct token {
    const char *secret, *secret_file, *user, *ttl, *urls[URLS_MAX];
    size_t n_urls;
    bool sha256, json, help;
};

int64_t relay_command_seconds(const char *text)
{
    static const struct {
        const char *unit;
        int64_t s;
    } units[] = {{"s", 1}, {"", 1}, {"m", 60}, {"h", 3600}, {"d", DAY_S}};
    struct str s = str_from(text);
    size_t digits = 0;
    uint64_t v;
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    if (!str_to_u64(str_head(s, digits), 10000 * DAY_S, &v))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_eq(str_skip(s, digits), str_from(units[i].unit)))
            return (int64_t)v * units[i].s <= 10000 * DAY_S ? (int64_t)v * units[i].s : 0;
    return 0;
}

/* The newer of the secrets there are. */
static bool find_secret(const struct command *cmd, struct token *t, struct relay_people *p)
{
    struct config c = {0};
    char why[512];
    const char *wrong;
    if (!t->secret && !t->secret_file) {
        t->secret = from_env(cmd, "MADANG_SECRET");
        t->secret_file = from_env(cmd, "MADANG_SECRET_FILE");
    }
    if (t->secret) {
        wrong = config_wrong_secret(str_from(t->secret));
        if (wrong) {
            command_say(cmd, "the secret %s; right would be %d to %d bytes", wrong,
                        CONFIG_SECRET_MIN, CONFIG_SECRET_MAX);
            return false;
        }
        c.secret.v[c.secret.n++] = str_from(t->secret);
    }
    c.secret_file = t->secret ? NULL : t->secret_file;
    if (!relay_people_load(p, &c, why, sizeof why)) {
        command_say(cmd, "%s", why);
        return false;
    }
    if (p->secrets[0].n == 0)
        command_say(cmd, "there is no secret; give --secret or --secret-file");
    return p->secrets[0].n > 0;
}

static void put_json_string(struct buf *b, const char *z)
{
    buf_u8(b, '"');
    for (; *z; z++) {
        if (*z == '"' || *z == '\\')
            buf_u8(b, '\\');
        if ((uint8_t)*z < 0x20)
            buf_putf(b, "\\u%04x", (uint8_t)*z);
        else
            buf_u8(b, (uint8_t)*z);
    }
    buf_u8(b, '"');
}

static void put_entry(struct buf *b, const struct token *t, const char *name, const char *password)
{
    buf_puts(b, "{\"urls\":[");
    for (size_t i = 0; i < t->n_urls; i++) {
        buf_puts(b, i ? "," : "");
        put_json_string(b, t->urls[i]);
    }
    buf_puts(b, "],\"username\":");
    put_json_string(b, name);
    buf_puts(b, ",\"credential\":");
    put_json_string(b, password);
    buf_puts(b, "}");
}

static void print_token(const struct command *cmd, const struct token *t, const char *name,
                        const char *password)
{
    struct buf b;
    buf_init(&b, JSON_MAX);
    if (!t->json)
        buf_putf(&b, "username:   %s\ncredential: %s\niceServers: ", name, password);
    put_entry(&b, t, name, password);
    fprintf(cmd->out, PRIstr "\n", STR_ARG(buf_str(&b)));
    buf_free(&b);
}

static bool good_urls(const struct command *cmd, struct token *t)
{
    if (t->n_urls == 0) {
        t->urls[t->n_urls++] = "turn:HOST:3478";
        if (t->json)
            command_say(cmd, "--json wants the server's --url, such as turn:call.example.org:3478");
        return !t->json;
    }
    for (size_t i = 0; i < t->n_urls; i++) {
        struct str url = str_from(t->urls[i]);
        if (!str_starts(url, STR("turn:")) && !str_starts(url, STR("turns:"))) {
            command_say(cmd, "--url \"%.100s\" begins with neither turn: nor turns:", t->urls[i]);
            return false;
        }
    }
    return true;
}

int relay_command_token(const struct command *cmd)
{
    struct token t = {0};
    struct relay_people people = {0};
    char name[STUN_USERNAME_MAX + 1], password[B64_SIZE(SHA256_SIZE)];
    char user[STUN_USERNAME_MAX + 1] = "";
    const struct option_spec specs[] = {
        {"--secret", &t.secret, NULL, NULL},
        {"--secret-file", &t.secret_file, NULL, NULL},
        {"--user", &t.user, NULL, NULL},
        {"--ttl", &t.ttl, NULL, NULL},
        {"--url", t.urls, &t.n_urls, NULL},
        {"--sha256", NULL, NULL, &t.sha256},
        {"--json", NULL, NULL, &t.json},
        {"--help", NULL, NULL, &t.help},
        {NULL, NULL, NULL, NULL},
    };
    if (!take_options(cmd, specs))
        return 1;
    if (t.help)
        return fputs(token_help, cmd->out) < 0;
    int64_t ttl = relay_command_seconds(t.ttl ? t.ttl : "1h");
    if (ttl == 0)
        return command_say(
            cmd, "--ttl \"%.50s\" is no time; right would be such as 90s, 10m, 1h or 7d", t.ttl);
    const char *wrong = t.user ? opaque_string(str_from(t.user), user, sizeof user) : NULL;
    if (wrong)
        return command_say(cmd, "the name of --user %s", wrong);
    if (!good_urls(cmd, &t) || !find_secret(cmd, &t, &people)) {
        relay_people_free(&people);
        return 1;
    }
    bool made = turn_rest_credential(people.secrets[0], cmd->now_ms / 1000 + ttl, str_from(user),
                                     t.sha256 ? TURN_HMAC_SHA256 : TURN_HMAC_SHA1, name,
                                     sizeof name, password, sizeof password);
    relay_people_free(&people);
    if (!made)
        return command_say(cmd, "--user is too long");
    print_token(cmd, &t, name, password);
    return 0;
}

/* ---- madang turn-key ---- */

static const char key_help[] =
    "Usage: madang turn-key --user NAME --realm REALM [--sha256]\n\n"
    "Reads a password (one line of standard input) and prints NAME:0xKEY, which may stand in place "
    "of\nNAME:PASSWORD as --user, or in --users-file: the server then need not know the password. "
    "The key\nis good for that name in that realm only. With MD5, which all clients know, and with "
    "--sha256\nfor those that know RFC 8489; a server needs the one that its clients use. (It is "
    "as "
    "good as a\npassword to whoever finds it: keep it as one.)\n";

static bool read_password(const struct command *cmd, char line[LINE_MAX_LEN])
{
    if (!fgets(line, LINE_MAX_LEN, cmd->in))
        line[0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (!line[0])
        command_say(cmd, "a password is expected on standard input");
    return line[0] != '\0';
}

static void put_key(const struct command *cmd, const char *name, const char *realm,
                    const char *password, bool sha)
{
    uint8_t key[SHA256_SIZE];
    char hex[HEX_SIZE(SHA256_SIZE)];
    if (sha)
        stun_key_sha256(name, realm, password, key);
    else
        stun_key_md5(name, realm, password, key);
    hex_encode(hex, sizeof hex, key, sha ? SHA256_SIZE : MD5_SIZE);
    fprintf(cmd->out, "%s:0x%s\n", name, hex);
}

int relay_command_key(const struct command *cmd)
{
    const char *user = NULL, *realm = NULL, *wrong;
    char line[LINE_MAX_LEN], name[STUN_USERNAME_MAX + 1], password[LINE_MAX_LEN];
    bool sha = false, help = false;
    const struct option_spec specs[] = {
        {"--user", &user, NULL, NULL},  {"--realm", &realm, NULL, NULL},
        {"--sha256", NULL, NULL, &sha}, {"--help", NULL, NULL, &help},
        {NULL, NULL, NULL, NULL},
    };
    if (!take_options(cmd, specs))
        return 1;
    if (help)
        return fputs(key_help, cmd->out) < 0;
    if (!user || !realm || strlen(realm) > STUN_REALM_MAX)
        return command_say(cmd, "--user and --realm are needed (a realm has at most %d bytes)",
                           STUN_REALM_MAX);
    wrong = opaque_string(str_from(user), name, sizeof name);
    if (!wrong && strchr(name, ':'))
        wrong = "has a colon";
    if (wrong)
        return command_say(cmd, "the name %s", wrong);
    if (!read_password(cmd, line))
        return 1;
    wrong = opaque_string(str_from(line), password, sizeof password);
    if (wrong)
        command_say(cmd, "the password %s", wrong);
    else
        put_key(cmd, name, realm, password, sha);
    memzero(line, sizeof line);
    memzero(password, sizeof password);
    return wrong != NULL;
}
