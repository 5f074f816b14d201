#include "app/media_commands.h"

#include <string.h>

#include "app/relay_commands.h"
#include "app/secrets.h"
#include "base/buf.h"
#include "base/code.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/str.h"
#include "domain/media_token.h"
#include "msg/ids.h"

enum { SENTENCE = 512, OPTIONS_MAX = 64 };

static const char help[] =
    "Usage: madang token --room ROOM (--publish | --view | --publish --view) [--ttl TIME] "
    "[OPTION]...\n\n"
    "Prints a token by which a program publishes into a room (WHIP: OBS and others) or watches it\n"
    "(WHEP), and the addresses for that. It is good whatever the room's owner allows, and makes "
    "the\nroom when there is none. Whoever has it, has these rights until its time is over.\n\n"
    "  --room ROOM    the room's id or link, or \"new\": another one each time\n"
    "  --publish      may send sound and pictures into it\n"
    "  --view         may watch it\n"
    "  --ttl TIME     how long the token lasts: s, m, h, d (default 1h)\n\n"
    "A server may run meanwhile. OPTIONs are those of madang; --data DIR says where its keys lie,\n"
    "--name HOST what the addresses begin with. (`madang token` without --room makes credentials "
    "for\nTURN: madang token --help.)\n";

/* What the words after the command said. */
struct options {
    const char *room, *ttl;
    bool publish, view;
    char *rest[OPTIONS_MAX]; /* for config_load; rest[0] is the program */
    int n_rest;
};

struct run {
    const struct command *cmd;
    const struct options *o;
};

/* An option's value, which stands behind it or behind "="; NULL: it is another option. */
static const char *value_of(const struct command *cmd, int *i, const char *name)
{
    const char *a = cmd->argv[*i];
    size_t n = strlen(name);
    if (strncmp(a, name, n) != 0 || (a[n] != '=' && a[n] != '\0'))
        return NULL;
    if (a[n] == '=')
        return a + n + 1;
    const char *next = *i + 1 < cmd->argc ? cmd->argv[*i + 1] : NULL;
    *i += next != NULL;
    return next != NULL ? next : "";
}

static void read_options(const struct command *cmd, struct options *o)
{
    const char *value;
    *o = (struct options){.ttl = "1h"};
    o->rest[o->n_rest++] = cmd->argv[0];
    for (int i = 1; i < cmd->argc && cmd->argv[i] != NULL; i++) {
        if (strcmp(cmd->argv[i], "--publish") == 0)
            o->publish = true;
        else if (strcmp(cmd->argv[i], "--view") == 0)
            o->view = true;
        else if ((value = value_of(cmd, &i, "--room")) != NULL)
            o->room = value;
        else if ((value = value_of(cmd, &i, "--ttl")) != NULL)
            o->ttl = value;
        else if (o->n_rest < OPTIONS_MAX)
            o->rest[o->n_rest++] = cmd->argv[i];
    }
}

/* An id, or a link that ends in one. */
static bool read_room(struct str text, uint64_t *room)
{
    struct str at = text;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '/')
            at = str_skip(text, i + 1);
    if (str_eq(text, STR("new"))) {
        random_bytes(room, sizeof *room);
        *room = ID_MAKE(0, 0, *room | 1);
        return true;
    }
    return b32_decode(at, room) && *room != 0;
}

static void print_addresses(const struct command *cmd, const struct options *o,
                            const struct config *c, uint64_t room)
{
    char id[B32_SIZE], base[CONFIG_URL_MAX];
    b32_encode(id, room);
    config_url(c, base, sizeof base);
    fprintf(cmd->out, "room:    %s/r/%s\n", base, id);
    if (o->publish)
        fprintf(cmd->out, "publish: %s/whip/%s/NAME\n", base, id);
    if (o->view)
        fprintf(cmd->out, "view:    %s/whep/%s\nwatch:   %s/watch/%s\n", base, id, base, id);
}

static int give_token(void *ctx, const struct config *c)
{
    const struct command *cmd = ((const struct run *)ctx)->cmd;
    const struct options *o = ((const struct run *)ctx)->o;
    uint8_t key[AEAD_KEY_SIZE], seed[RNG_SEED_SIZE];
    char why[SENTENCE], text[MEDIA_TOKEN_TEXT_MAX];
    struct media_token t = {.publish = o->publish, .view = o->view, .by_operator = true};
    int64_t ttl = relay_command_seconds(o->ttl);
    struct rng rng;
    if (!read_room(str_from(o->room), &t.room))
        return command_say(cmd, "--room \"%.80s\" is neither a room's id nor a link to one",
                           o->room);
    if (!o->publish && !o->view)
        return command_say(cmd, "--publish or --view is needed, or both");
    if (ttl == 0)
        return command_say(
            cmd, "--ttl \"%.50s\" is no time; right would be such as 90s, 10m, 1h or 7d", o->ttl);
    if (!secrets_key(c->data, "ticket.key", key, sizeof key, why, sizeof why))
        return command_say(cmd, "%s", why);
    t.until_ms = cmd->now_ms + ttl * 1000;
    random_bytes(seed, sizeof seed);
    rng_init(&rng, seed);
    media_token_seal(&t, key, &rng, text);
    fprintf(cmd->out, "token:   %s\n", text);
    print_addresses(cmd, o, c, t.room);
    memzero(key, sizeof key);
    memzero(text, sizeof text);
    return 0;
}

bool media_command_is(int argc, char *const *argv)
{
    if (argc < 2 || strcmp(argv[1], "token") != 0)
        return false;
    for (int i = 2; i < argc; i++)
        if (strncmp(argv[i], "--room", 6) == 0 && (argv[i][6] == '\0' || argv[i][6] == '='))
            return true;
    return false;
}

int media_command(const struct command *cmd)
{
    struct options o;
    if (command_helps(cmd, help))
        return 0;
    read_options(cmd, &o);
    return command_configured(cmd, o.n_rest, o.rest, give_token, &(struct run){cmd, &o});
}
