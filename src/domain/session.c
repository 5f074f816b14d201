/* Sessions: from hello to the end, and what they may do how often. */
#include "domain/domain_int.h"

#include "base/code.h"
#include "base/mem.h"
#include "domain/account.h"
#include "domain/names.h"
#include "domain/ratelimit.h"
#include "domain/user.h"

#define ADDRS_MAX    65536
#define BUSY_WAIT_MS 5000

struct session *session_find(const struct domain *d, uint64_t id)
{
    for (struct hnode *it = hmap_first(&d->sessions, hash_u64(&d->hash_key, id)); it;
         it = hmap_next_same(it)) {
        struct session *s = container_of(it, struct session, by_id);
        if (s->id == id)
            return s;
    }
    return NULL;
}

struct session *session_find_token(const struct domain *d, struct str text)
{
    uint8_t token[TOKEN_LEN];
    size_t n;
    if (!b64url_decode(token, sizeof token, &n, text) || n != sizeof token)
        return NULL;
    for (struct hnode *it = hmap_first(&d->tokens, siphash24(&d->hash_key, token, sizeof token));
         it; it = hmap_next_same(it)) {
        struct session *s = container_of(it, struct session, by_token);
        if (ct_equal(s->token, token, sizeof token) && s->state != SESSION_NEW)
            return s;
    }
    return NULL;
}

/* What somebody with an account may do so often with all of their sessions together. */
static bool of_person(enum domain_rate_kind kind)
{
    return kind == RATE_CALL || kind == RATE_STRANGER || kind == RATE_EXPORT || kind == RATE_SEND ||
           kind == RATE_SEARCH || kind == RATE_MANAGE;
}

/* Buckets of people stand among those of addresses, so that they outlive the last session: who signs in or connects
 * again has them as they were. */
bool session_rate(struct domain *d, struct session *s, int64_t id, enum domain_rate_kind kind)
{
    const struct domain_rate *rate = &d->cfg.rates[kind];
    int64_t wait;
    if (s->user && of_person(kind)) {
        uint64_t person = hash_u64(&d->hash_key, s->user->id);
        wait = session_addr_rate(d, hash_u64(&d->hash_key, person + kind), rate);
    } else {
        wait = ratelimit_take(&s->rates[kind], rate, d->now);
    }
    if (wait > 0 && id > 0)
        emit_retry(d, s, id, CODE_RATE, wait);
    return wait == 0;
}

/* ---- hello ---- */

static void addr_drop(struct domain *d, struct addr_bucket *a)
{
    list_del(&a->order);
    hmap_remove(&d->addrs, &a->node);
    xfree(a);
}

static struct addr_bucket *addr_get(struct domain *d, uint64_t key)
{
    struct list *oldest;
    while ((oldest = list_first(&d->addr_order)) != NULL) {
        struct addr_bucket *a = container_of(oldest, struct addr_bucket, order);
        if (a->full_at > d->now && d->addrs.n < ADDRS_MAX)
            break;
        addr_drop(d, a);
    }
    uint64_t hash = hash_u64(&d->hash_key, key);
    for (struct hnode *it = hmap_first(&d->addrs, hash); it; it = hmap_next_same(it)) {
        struct addr_bucket *a = container_of(it, struct addr_bucket, node);
        if (a->key != key)
            continue;
        list_del(&a->order);
        list_push_back(&d->addr_order, &a->order);
        return a;
    }
    struct addr_bucket *a = xcalloc(1, sizeof *a);
    a->key = key;
    hmap_insert(&d->addrs, &a->node, hash);
    list_push_back(&d->addr_order, &a->order);
    return a;
}

int64_t session_addr_rate(struct domain *d, uint64_t addr_key, const struct domain_rate *rate)
{
    return ratelimit_take(&addr_get(d, addr_key)->full_at, rate, d->now);
}

static uint32_t slot_get(struct domain *d)
{
    return d->n_free_slots ? d->free_slots[--d->n_free_slots] : d->next_slot++;
}

static void slot_put(struct domain *d, uint32_t slot)
{
    if (d->n_free_slots == d->cap_free_slots) {
        d->cap_free_slots = d->cap_free_slots * 2 + 16;
        d->free_slots = xrealloc_array(d->free_slots, d->cap_free_slots, sizeof *d->free_slots);
    }
    d->free_slots[d->n_free_slots++] = slot;
}

static void session_name_set(struct session *s, struct str name)
{
    xfree(s->name);
    s->name = str_dup(name);
    s->name_n = (uint16_t)name.n;
}

/* Cleans a nickname, or makes one up; false: refused. */
static bool session_take_name(struct domain *d, struct session *s, struct str wanted)
{
    char name[NAMES_BYTES_MAX];
    size_t n;
    struct buf made;
    switch (names_clean(wanted, d->cfg.name_max, name, &n)) {
    case NAMES_OK: break;
    case NAMES_EMPTY:
        buf_init_fixed(&made, name, sizeof name);
        names_person(&made, &d->rng, s->korean);
        n = buf_len(&made);
        break;
    default: return false;
    }
    session_name_set(s, str_of(name, n));
    return true;
}

void session_take_display(struct domain *d, struct session *s)
{
    session_name_set(s, user_display(s->user));
    session_tell(d, s);
}

static void session_index(struct domain *d, struct session *s)
{
    do
        s->id = ID_MAKE(d->cfg.node, d->cfg.worker, rng_u64(&d->rng));
    while ((s->id & 0xffffffffffffULL) == 0 || session_find(d, s->id));
    rng_bytes(&d->rng, s->token, sizeof s->token);
    hmap_insert(&d->sessions, &s->by_id, hash_u64(&d->hash_key, s->id));
    hmap_insert(&d->tokens, &s->by_token, siphash24(&d->hash_key, s->token, sizeof s->token));
    s->slot = s->program ? NO_SLOT : slot_get(d);
    s->lineage = s->id;
}

static struct session *session_blank(struct domain *d)
{
    struct session *s = pool_get(&d->sessions_pool);
    if (!s)
        return NULL;
    memset(s, 0, sizeof *s);
    list_init(&s->away);
    list_init(&s->watch);
    list_init(&s->of_user);
    list_init(&s->doors);
    s->rooms = &s->one;
    s->cap_rooms = 1;
    return s;
}

static struct session *session_new(struct domain *d, const struct cmd *cmd)
{
    struct session *s = session_blank(d);
    if (!s)
        return NULL;
    s->conn = cmd->conn;
    s->addr_key = cmd->u.hello.addr_key;
    s->state = SESSION_NEW;
    s->korean = str_eq(cmd->u.hello.lang, STR("ko"));
    return s;
}

/* What speaks against a hello before there is a session; CODE_NONE: nothing. */
static struct wire_error hello_refusal(struct domain *d, const struct cmd_hello *hello)
{
    if (hello->v != PROTOCOL_VERSION)
        return (struct wire_error){.code = CODE_VERSION};
    if (hello->addr_key) {
        int64_t wait = session_addr_rate(d, hello->addr_key, &d->cfg.hello);
        if (wait)
            return (struct wire_error){.code = CODE_RATE, .retry_ms = wait};
    }
    if (!d->cfg.guests && hello->cookie.n != SECRET_LEN && !hello->api_token.n)
        return (struct wire_error){.code = CODE_SIGN_IN_REQUIRED};
    return (struct wire_error){.code = CODE_NONE};
}

void session_hello(struct domain *d, const struct cmd *cmd)
{
    const struct cmd_hello *hello = &cmd->u.hello;
    struct wire_error refusal = hello_refusal(d, hello);
    if (refusal.code) {
        emit_conn_error(d, cmd->conn, cmd->id, &refusal);
        return;
    }
    struct session *s = session_new(d, cmd);
    if (!s) {
        refusal = (struct wire_error){.code = CODE_BUSY, .retry_ms = BUSY_WAIT_MS};
        emit_conn_error(d, cmd->conn, cmd->id, &refusal);
        return;
    }
    if (!session_take_name(d, s, hello->name)) {
        pool_put(&d->sessions_pool, s);
        refusal.code = CODE_BAD_NAME;
        emit_conn_error(d, cmd->conn, cmd->id, &refusal);
        return;
    }
    session_index(d, s);
    struct session *old = hello->replaces.n ? session_find_token(d, hello->replaces) : NULL;
    if (old) {
        s->replaces = old->id;
        s->lineage = old->lineage;
    }
    roomlist_people(d);
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_SESSION_OPENED,
                                          .conn = cmd->conn,
                                          .session = session_ref(s),
                                          .id = cmd->id});
    if (hello->cookie.n == SECRET_LEN || hello->api_token.n)
        account_hello(d, s, cmd);
    else if (hello->has_join)
        join_request(d, s, cmd->id, &hello->join, true);
    else
        session_hello_done(d, s, cmd->id, NULL, NULL);
}

void session_hello_done(struct domain *d, struct session *s, int64_t id,
                        const struct joined_view *joined, const struct wire_error *error)
{
    char token[B64URL_SIZE(TOKEN_LEN)];
    size_t n = b64url_encode(token, sizeof token, s->token, sizeof s->token);
    const struct session_step *step = session_fsm(s->state, SEV_HELLO_DONE);
    if (step->action != SACT_ANSWER)
        return;
    s->state = step->next;
    struct event e = {.type = RESULT_HELLO,
                      .u.hello = {
                          .session = s->id,
                          .token = str_of(token, n),
                          .name = session_name(s),
                          .facts = &d->cfg.facts,
                          .joined = joined,
                      }};
    struct me_view me;
    struct user_settings settings;
    if (error)
        e.u.hello.join_error = *error;
    if (s->user) {
        account_me_of_user(s->user, &me, &settings);
        e.u.hello.user = &me;
        e.u.hello.badges = &s->user->badges;
    }
    emit_ack(d, s, id, &e);
    struct session *old = s->replaces ? session_find(d, s->replaces) : NULL;
    s->replaces = 0;
    if (old)
        call_session_reloaded(d, old, s);
    else
        call_session_came(d, s);
    if (old)
        session_event(d, old, SEV_REPLACED, &(struct cmd){0});
}

/* ---- the end ---- */

static void session_release(struct domain *d, struct session *s)
{
    pending_free_all(s);
    presence_forget(d, s);
    list_del(&s->away);
    list_del(&s->watch);
    if (s->rooms != &s->one)
        xfree(s->rooms);
    xfree(s->name);
    hmap_remove(&d->sessions, &s->by_id);
    hmap_remove(&d->tokens, &s->by_token);
    pool_put(&d->sessions_pool, s);
}

static void session_end(struct domain *d, struct session *s, enum session_event ev)
{
    static const struct {
        enum ended_reason ended;
        enum left_reason left;
    } why[SESSION_EVENTS] = {
        [SEV_PIPE_LOST] = {ENDED_NEW, LEFT_GONE},
        [SEV_TIMEOUT] = {ENDED_GONE, LEFT_GONE},
        [SEV_BYE] = {ENDED_BYE, LEFT_LEFT},
        [SEV_REPLACED] = {ENDED_REPLACED, LEFT_REPLACED},
        [SEV_OVERFLOW] = {ENDED_OVERFLOW, LEFT_GONE},
        [SEV_SIGNED_OUT] = {ENDED_SIGNED_OUT, LEFT_LEFT},
    };
    if (!list_empty(&s->away))
        d->n_away--;
    list_del(&s->away);
    roomlist_unwatch(d, s);
    lobby_session_ends(d, s);
    call_session_gone(d, s, ev == SEV_BYE || ev == SEV_SIGNED_OUT);
    while (s->n_rooms > 0)
        room_leave(d, s->rooms[s->n_rooms - 1], s, why[ev].left);
    roomlist_people(d);
    user_detach(d, s);
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_SESSION_ENDED,
                                          .session = session_ref(s),
                                          .conn = s->conn,
                                          .reason = why[ev].ended});
    slot_put(d, s->slot);
    session_release(d, s);
}

struct session *session_program(struct domain *d, struct str name)
{
    struct session *s = session_blank(d);
    if (!s)
        return NULL;
    s->program = true;
    s->state = SESSION_LIVE;
    s->mic = s->cam = true;
    session_name_set(s, name);
    session_index(d, s);
    d->n_programs++;
    return s;
}

void session_program_end(struct domain *d, struct session *s)
{
    while (s->n_rooms > 0)
        room_leave(d, s->rooms[s->n_rooms - 1], s, LEFT_LEFT);
    d->n_programs--;
    session_release(d, s);
}

void session_free_all(struct domain *d)
{
    HMAP_FOREACH_SAFE(it, &d->sessions) {
        session_release(d, container_of(it, struct session, by_id));
    }
    struct list *a;
    while ((a = list_first(&d->addr_order)) != NULL)
        addr_drop(d, container_of(a, struct addr_bucket, order));
}

/* ---- pipes come and go ---- */

static void session_tell_away(struct domain *d, struct session *s)
{
    for (unsigned i = 0; i < s->n_rooms; i++) {
        struct event e = {.type = EVENT_PARTICIPANT, .room = s->rooms[i]->id};
        person_view(room_part(s->rooms[i], s), &e.u.participant);
        emit_room(d, s->rooms[i], &e, s);
    }
}

static void session_bind(struct domain *d, struct session *s, const struct cmd *cmd)
{
    s->conn = cmd->conn;
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_SESSION_BOUND,
                                          .session = session_ref(s),
                                          .conn = cmd->conn,
                                          .seq = cmd->u.resume.seq});
}

/* It has no pipe: it is kept for a while. A page that is closed or reloaded says that it leaves; a
 * reloaded one is back in no time. */
static void session_wait(struct domain *d, struct session *s, bool leaving)
{
    s->conn = 0;
    s->lost_at = d->now;
    s->away_until = d->now +
                    (leaving ? MIN_OF(d->cfg.leave_us, d->cfg.resume_us) : d->cfg.resume_us);
    list_push_back(leaving ? &d->leaving : &d->away, &s->away);
    d->n_away++;
    session_tell_away(d, s);
}

void session_event(struct domain *d, struct session *s, enum session_event ev,
                   const struct cmd *cmd)
{
    const struct session_step *step = session_fsm(s->state, ev);
    s->state = step->next;
    switch (step->action) {
    case SACT_AWAY:
        session_wait(d, s, cmd->u.on);
        call_session_away(d, s);
        break;
    case SACT_BACK:
        list_del(&s->away);
        d->n_away--;
        session_bind(d, s, cmd);
        session_tell_away(d, s);
        call_session_back(d, s);
        break;
    case SACT_REBIND: session_bind(d, s, cmd); break;
    case SACT_END: session_end(d, s, ev); break;
    default: break;
    }
}

void session_resume(struct domain *d, const struct cmd *cmd)
{
    struct wire_error refusal = {.code = CODE_NONE};
    struct session *s = cmd->session ? session_find(d, cmd->session)
                                     : session_find_token(d, cmd->u.resume.token);
    if (cmd->u.resume.v != PROTOCOL_VERSION)
        refusal.code = CODE_VERSION;
    else if (!s || session_fsm(s->state, SEV_RESUME)->action == SACT_IGNORE)
        refusal.code = CODE_SESSION_UNKNOWN;
    else if ((refusal.retry_ms =
                  ratelimit_take(&s->rates[RATE_RESUME], &d->cfg.rates[RATE_RESUME], d->now)) > 0)
        refusal.code = CODE_RATE;
    if (refusal.code)
        emit_conn_error(d, cmd->conn, 0, &refusal);
    else
        session_event(d, s, SEV_RESUME, cmd);
}

static struct session *first_away(const struct list *waiting)
{
    struct list *first = list_first(waiting);
    return first ? container_of(first, struct session, away) : NULL;
}

/* Whose wait ends first. */
static struct session *next_away(const struct domain *d)
{
    struct session *a = first_away(&d->away), *l = first_away(&d->leaving);
    return !a || (l && l->away_until < a->away_until) ? l : a;
}

int64_t session_deadline(const struct domain *d)
{
    const struct session *s = next_away(d);
    return s ? s->away_until : INT64_MAX;
}

void session_tick(struct domain *d)
{
    while (session_deadline(d) <= d->now)
        session_event(d, next_away(d), SEV_TIMEOUT, &(struct cmd){0});
}

/* ---- what others see of a session ---- */

void session_tell_except(struct domain *d, struct session *s, const struct room *except)
{
    for (unsigned i = 0; i < s->n_rooms; i++) {
        if (s->rooms[i] == except)
            continue;
        struct event e = {.type = EVENT_PARTICIPANT, .room = s->rooms[i]->id};
        person_view(room_part(s->rooms[i], s), &e.u.participant);
        emit_room(d, s->rooms[i], &e, NULL);
    }
}

void session_tell(struct domain *d, struct session *s)
{
    session_tell_except(d, s, NULL);
}

static bool tri_apply(bool *to, enum tri v)
{
    if (v == TRI_ABSENT || *to == (v == TRI_YES))
        return false;
    *to = v == TRI_YES;
    return true;
}

bool session_take_state(struct session *s, enum tri mic, enum tri cam, enum tri screen)
{
    bool changed = tri_apply(&s->mic, mic);
    changed |= tri_apply(&s->cam, cam);
    changed |= tri_apply(&s->screen, screen);
    return changed;
}

/* It keeps the time when it was raised first: that is the order in which people are called. */
static bool take_hand(const struct domain *d, struct session *s, enum tri hand)
{
    if (hand == TRI_ABSENT || (hand == TRI_YES) == (s->hand_ms != 0))
        return false;
    s->hand_ms = hand == TRI_YES ? d->wall : 0;
    return true;
}

void session_set_state(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_state *st = &cmd->u.state;
    if (!session_rate(d, s, cmd->id, RATE_STATE))
        return;
    bool changed = session_take_state(s, st->mic, st->cam, st->screen);
    changed |= take_hand(d, s, st->hand);
    emit_ok(d, s, cmd->id);
    if (changed)
        session_tell(d, s);
}

void session_set_name(struct domain *d, struct session *s, const struct cmd *cmd)
{
    if (!session_rate(d, s, cmd->id, RATE_NAME))
        return;
    if (s->user) { /* it is their display name: account_set */
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
        return;
    }
    if (!session_take_name(d, s, cmd->u.name)) {
        emit_error(d, s, cmd->id, CODE_BAD_NAME);
        return;
    }
    emit_ack(d, s, cmd->id, &(struct event){.type = RESULT_NAME, .u.name = session_name(s)});
    session_tell(d, s);
}
