/* JSON -> command -> policy -> JSON: whatever the message is, it is taken or refused with a code; a
 * command may be given to the policy; what the policy says of it is encoded. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "domain/domain.h"
#include "edge/store/mem_store.h"
#include "edge/web/wire_fields.h"
#include "edge/web/wire_in.h"
#include "edge/web/wire_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct mem_store *ms;
    struct session_ref session; /* the first one */
    uint64_t room;              /* the first one */
};

static void check(bool good)
{
    if (!good)
        abort();
}

static void sink(void *arg, const struct effect *e)
{
    struct world *w = arg;
    struct buf b;
    buf_init(&b, 4 << 20);
    if (e->type == EFFECT_SESSION_OPENED && w->session.id == 0)
        w->session = e->session;
    if (e->type == EFFECT_ACK && e->event->type == RESULT_JOINED && w->room == 0)
        w->room = e->event->u.joined->room.id;
    if (e->type == EFFECT_SEND)
        wire_out_event(&b, e->event);
    else if (e->type == EFFECT_ACK)
        wire_out_ack(&b, e->id, e->event);
    else if (e->type == EFFECT_ERROR)
        wire_out_error(&b, e->id, &e->error);
    else if (e->type == EFFECT_STORE)
        mem_store_request(w->ms, e->store);
    check(!b.failed);
    buf_free(&b);
}

static void give(struct domain *d, struct world *w, const struct cmd *cmd)
{
    struct store_answer a;
    domain_cmd(d, 5, 5, cmd);
    while (mem_store_answer(w->ms, &a))
        domain_stored(d, 5, 5, &a);
}

static void policy(const struct cmd *cmd)
{
    static const uint8_t seed[32] = "fuzz";
    struct domain_config cfg;
    struct world w = {.ms = mem_store_new(10, 10000, seed)};
    domain_config_defaults(&cfg);
    cfg.facts.server = STR("fuzz");
    cfg.relays = true;
    cfg.groups = GROUPS_ALWAYS;
    struct domain *d = domain_new(&cfg, seed, sink, &w);
    for (uint64_t conn = 1; conn <= 2; conn++)
        give(d, &w, &(struct cmd){.type = CMD_HELLO, .conn = conn, .id = 1, .u.hello.v = 1});
    give(d, &w,
         &(struct cmd){.type = CMD_CREATE,
                       .session = w.session.id,
                       .conn = 1,
                       .id = 2,
                       .u.create.is_public = true});
    struct cmd mine = *cmd;
    mine.session = w.session.id;
    mine.conn = 3;
    if (mine.room) { /* nobody guesses an id */
        mine.room = w.room;
        if (mine.type == CMD_JOIN)
            mine.u.join.room = w.room;
    }
    if (mine.type >= CMD_GROUP_OFFER && mine.type <= CMD_MEDIA_TOKEN)
        mine.u.group.room = w.room; /* all begin with it */
    give(d, &w, &mine);
    domain_tick(d, 1000000000, 5);
    domain_free(d);
    mem_store_free(w.ms);
}

/* ---- one object with all that tables can say ---- */

struct all {
    struct str s, text, blob;
    int64_t i;
    bool b;
    enum tri tri;
    uint64_t id;
    struct id_list ids;
    struct str_list strs;
    enum presence word;
    const struct all *object;
    struct object_list objects;
};
static const char *const words[] = {"one", "two", "three"};
static const struct fields all;
static const struct field all_list[] = {
    F_STR(struct all, "kind", s, 100),
    F_TEXT(struct all, "text", text, 1, 20),
    F_INT(struct all, "seq", i, -5, 1000000, .absent = 7),
    F_BOOL(struct all, "on", b),
    F_TRI(struct all, "mic", tri),
    F_ID(struct all, "room", id),
    F_IDS(struct all, "users", ids, 4),
    F_STRS(struct all, "scopes", strs, 4, 8),
    F_BLOB(struct all, "signature", blob, 0, 40),
    F_WORD(struct all, "role", word, words, .absent = 1),
    F_OBJECT(struct all, "join", object, &all),
    F_OBJECTS(struct all, "people", objects, &all, 4),
};
static const struct fields all = FIELDS(struct all, all_list);

/* What was read and is written is read again, and says the same. */
static void tables(struct wire_in *in)
{
    struct buf first, second;
    struct all v;
    struct wire_in again;
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    in->error.code = CODE_NONE;
    if (wire_fields_read(in, &all, in->tree, &v)) {
        wire_fields_object(&first, "", &all, &v);
        wire_in_parse(&again, buf_str(&first), 0);
        check(!first.failed && again.tree);
        check(wire_fields_read(&again, &all, again.tree, &v));
        wire_fields_object(&second, "", &all, &v);
        check(str_eq(buf_str(&first), buf_str(&second)));
        wire_in_free(&again);
    } else {
        check(in->error.code != CODE_NONE);
    }
    buf_free(&first);
    buf_free(&second);
}

static void calls(struct str body)
{
    struct wire_in in;
    for (int type = CMD_NONE + 1; type < CMD_WIRE_COUNT; type++) {
        bool good = wire_in_parse_call(&in, str_from(cmd_text((enum cmd_type)type)), body);
        check(good == (in.error.code == CODE_NONE));
        wire_in_free(&in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_in in;
    if (size > 70000)
        return 0;
    calls(str_of(data, size));
    bool good = wire_in_parse(&in, str_of(data, size), 0);
    check(good == (in.error.code == CODE_NONE));
    check(in.error.code >= 0 && in.error.code < CODE_COUNT && in.cmd.id >= 0);
    if (good) {
        check(in.cmd.type > CMD_NONE && in.cmd.type < CMD_WIRE_COUNT);
        policy(&in.cmd);
    }
    if (in.tree)
        tables(&in);
    wire_in_free(&in);
    return 0;
}
