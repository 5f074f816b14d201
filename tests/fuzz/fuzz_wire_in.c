/* JSON -> command -> policy -> JSON: whatever the message is, it is taken or refused with a code; a
 * command may be given to the policy; what the policy says of it is encoded. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "domain/domain.h"
#include "edge/store/mem_store.h"
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
    give(d, &w, &mine);
    domain_tick(d, 1000000000, 5);
    domain_free(d);
    mem_store_free(w.ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_in in;
    if (size > 70000)
        return 0;
    bool good = wire_in_parse(&in, str_of(data, size), 0);
    check(good == (in.error.code == CODE_NONE));
    check(in.error.code >= 0 && in.error.code < CODE_COUNT && in.cmd.id >= 0);
    if (good) {
        check(in.cmd.type > CMD_NONE && in.cmd.type < CMD_WIRE_COUNT);
        policy(&in.cmd);
    }
    wire_in_free(&in);
    return 0;
}
