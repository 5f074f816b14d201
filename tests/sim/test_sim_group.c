/* Groups on virtual time: people who come, publish, are muted, knock, move and lose their network in random order, the
 * real policy, and a worker that answers late, refuses, loses connections and has none to give at times. At quiet
 * moments three must agree: what people were told, what the policy thinks, and what the worker was ordered.
 * SIM_SEED=N runs one seed, SIM_RUNS=N as many as wanted. */
#include "group_worker.h"

/* ---- what people are told ---- */

static void see_tracks(struct seen_room *r, const struct group_view_mode *v)
{
    const struct group_track *t = v->tracks.p;
    assert_true(v->tracks.n <= TRACKS);
    r->group = v->mode == GROUP_ON;
    r->n_tracks = 0;
    for (size_t i = 0; i < v->tracks.n; i++) {
        r->tracks[r->n_tracks].id = t[i].track;
        r->tracks[r->n_tracks++].session = t[i].session;
    }
}

static void told_joined(struct sim *s, struct bot *b, const struct joined_view *j)
{
    struct seen_room *r = seen(b, j->room.id);
    if (!r) {
        assert_true(b->n_rooms < ROOMS);
        r = &b->rooms[b->n_rooms++];
        *r = (struct seen_room){0};
    }
    if (r->owner != b->session) /* or it knows who waits */
        r->n_knocking = 0;
    r->id = j->room.id;
    r->owner = j->room.owner;
    r->n = 0;
    for (size_t i = 0; i < j->n_people; i++)
        r->people[r->n++] = j->people[i].session;
    see_tracks(r, j->group);
    if (b->at_door == r->id)
        b->at_door = 0;
    if (b->knocks == r->id)
        b->knocks = 0;
    s->rooms[s->n_rooms < ARRAY_LEN(s->rooms) ? s->n_rooms++ : below(s, ARRAY_LEN(s->rooms))] =
        r->id;
}

static struct waiting answered(struct bot *b, int64_t id)
{
    for (unsigned i = 0; i < b->n_waiting; i++)
        if (b->waiting[i].id == id) {
            struct waiting w = b->waiting[i];
            b->waiting[i] = b->waiting[--b->n_waiting];
            return w;
        }
    fail_msg("an answer that nobody waits for: %lld", (long long)id);
    return (struct waiting){0};
}

static void told_ack(struct sim *s, struct bot *b, int64_t id, const struct event *e)
{
    struct waiting w = answered(b, id);
    const struct group_person *people = e->u.group.stats.people.p;
    switch ((int)e->type) {
    case RESULT_HELLO:
        assert_true(str_copy(e->u.hello.token, b->token, sizeof b->token));
        b->acked = true;
        return;
    case RESULT_JOINED: told_joined(s, b, e->u.joined); return;
    case RESULT_GROUP_STATS:
        for (size_t i = 0; i < e->u.group.stats.people.n; i++)
            assert_non_null(bot_of(s, people[i].session));
        return;
    default: break;
    }
    if (w.cmd.type == CMD_LEAVE)
        forget_room(b, w.cmd.room);
    if (w.cmd.type == CMD_KNOCK && b->at_door == w.cmd.u.moderate.knock.room)
        b->knocks = w.cmd.u.moderate.knock.on == TRI_NO ? 0 : b->at_door;
    if (w.cmd.type == CMD_KNOCK && !b->knocks)
        b->at_door = 0;
}

static void told_error(struct bot *b, int64_t id, enum errcode code)
{
    struct waiting w = answered(b, id);
    if (w.cmd.type == CMD_JOIN && code == CODE_LOBBY && !b->knocks)
        b->at_door = w.cmd.u.join.room;
}

static void told_left(struct bot *b, struct seen_room *r, const struct event *e)
{
    if (e->from == b->session) {
        forget_room(b, e->room);
        return;
    }
    assert_true(take_out(r->people, &r->n, e->from));
    for (unsigned i = r->n_tracks; i-- > 0;)
        if (r->tracks[i].session == e->from)
            r->tracks[i] = r->tracks[--r->n_tracks];
}

static void told_track(struct seen_room *r, const struct group_track_event *e)
{
    unsigned i = 0;
    while (i < r->n_tracks && r->tracks[i].id != e->track->track)
        i++;
    if (!e->on && i < r->n_tracks)
        r->tracks[i] = r->tracks[--r->n_tracks];
    if (!e->on || i < r->n_tracks)
        return;
    assert_true(i < TRACKS);
    r->tracks[r->n_tracks].id = e->track->track;
    r->tracks[r->n_tracks++].session = e->track->session;
}

static void told_knocking(struct seen_room *r, uint64_t who, bool on)
{
    take_out(r->knocking, &r->n_knocking, who);
    if (on)
        r->knocking[r->n_knocking++] = who;
}

static void told(struct sim *s, struct bot *b, const struct event *e)
{
    const union group_view *g = &e->u.group;
    struct seen_room *r = e->room ? seen(b, e->room) : NULL;
    switch ((int)e->type) {
    case EVENT_ENTERED: r->people[r->n++] = e->u.entered.person.session; break;
    case EVENT_LEFT: told_left(b, r, e); break;
    case EVENT_ROOM_CHANGED:
        if (r->owner == b->session && e->u.room.owner != b->session)
            r->n_knocking = 0;
        r->owner = e->u.room.owner;
        break;
    case EVENT_MERGED:
        s->moved++;
        forget_room(b, e->u.merged.from);
        told_joined(s, b, e->u.merged.joined);
        break;
    case EVENT_GROUP_MODE:
        r = seen(b, g->mode.room);
        assert_non_null(r);
        see_tracks(r, &g->mode.now);
        break;
    case EVENT_GROUP_TRACK: told_track(seen(b, g->track.room), &g->track); break;
    case EVENT_GROUP_SPEAKER:
        assert_true(g->speaker.session == 0 || seen(b, g->speaker.room));
        break;
    case EVENT_KNOCKING:
        r = seen(b, e->u.moderate.knocking.room);
        assert_true(r && r->owner == b->session);
        told_knocking(r, e->u.moderate.knocking.session, e->u.moderate.knocking.on);
        break;
    case EVENT_ADMITTED:
        if (b->knocks == e->u.moderate.admitted.room)
            b->knocks = b->at_door = 0;
        break;
    default: break;
    }
}

static void on_error(struct sim *s, const struct effect *e)
{
    struct bot *b = bot_of(s, e->session.id);
    if (b) {
        told_error(b, e->id, e->error.code);
        return;
    }
    for (unsigned i = 0; i < BOTS; i++) /* hello was refused */
        if (s->bots[i].conn == e->conn && !s->bots[i].session)
            memset(&s->bots[i], 0, sizeof s->bots[i]);
}

static void sink(void *arg, const struct effect *e)
{
    struct sim *s = arg;
    struct bot *b = bot_of(s, e->session.id);
    mix(s, (uint64_t)e->type << 56 ^ e->session.id ^ (uint64_t)e->id ^ e->n_to);
    switch ((int)e->type) {
    case EFFECT_SESSION_OPENED:
        for (unsigned i = 0; i < BOTS; i++)
            if (s->bots[i].conn == e->conn)
                s->bots[i].session = e->session.id;
        break;
    case EFFECT_SESSION_BOUND: b->away = false; break;
    case EFFECT_SESSION_ENDED: memset(b, 0, sizeof *b); break;
    case EFFECT_SEND:
        for (size_t i = 0; i < e->n_to; i++)
            told(s, bot_of(s, e->to[i].id), e->event);
        break;
    case EFFECT_ACK: told_ack(s, b, e->id, e->event); break;
    case EFFECT_ERROR: on_error(s, e); break;
    case EFFECT_STORE: mem_store_request(s->ms, e->store); break;
    case EFFECT_PASSWORD:
        assert_true(s->n_jobs < ARRAY_LEN(s->jobs));
        s->jobs[s->n_jobs++] = *e->password;
        break;
    case EFFECT_DB:
        assert_true(s->n_dbs < ARRAY_LEN(s->dbs));
        s->dbs[s->n_dbs++] = *e->db;
        break;
    case EFFECT_GROUP: on_order(s, e->group); break;
    default: break;
    }
}

/* ---- what people do ---- */

static void give(struct sim *s, struct bot *b, struct cmd *c)
{
    c->session = b->session;
    c->conn = b->conn;
    if (c->type == CMD_HELLO ||
        (c->type > CMD_BYE && c->type < CMD_WIRE_COUNT && c->type != CMD_RESUME)) {
        c->id = ++b->next_id;
        assert_true(b->n_waiting < WAITING);
        b->waiting[b->n_waiting++] = (struct waiting){c->id, *c};
    }
    domain_cmd(s->d, s->now, s->wall, c);
}

static uint64_t some_room(struct sim *s, const struct bot *b)
{
    if (b->n_rooms && below(s, 10))
        return b->rooms[below(s, b->n_rooms)].id;
    return s->n_rooms ? s->rooms[below(s, s->n_rooms)] : 1;
}

static uint64_t somebody(struct sim *s, struct bot *b, uint64_t room)
{
    const struct seen_room *r = seen(b, room);
    return r ? r->people[below(s, r->n)] : s->bots[below(s, BOTS)].session;
}

/* Lines that send, each with a mid of its own, and one that receives. */
static void do_offer(struct sim *s, struct bot *b, struct cmd *c)
{
    static const struct str mids[MIDS + 1] = {{"0", 1}, {"1", 1}, {"2", 1}, {"3", 1}, {"9", 1}};
    static const struct str conns[] = {{"a", 1}, {"b", 1}, {"c", 1}};
    struct group_line lines[MIDS + 1];
    uint32_t n = 0;
    for (unsigned m = 0; m < MIDS; m++)
        if (below(s, 2))
            lines[n++] = (struct group_line){.mid = mids[m], .kind = (enum group_kind)m};
    lines[n++] = (struct group_line){.mid = mids[MIDS], .kind = GROUP_KINDS};
    c->u.group.offer = (struct cmd_group_offer){.room = c->room,
                                                .conn = conns[below(s, ARRAY_LEN(conns))],
                                                .lines = {lines, n},
                                                .sdp = STR("v=0")};
    give(s, b, c);
}

static void fill_knock(struct sim *s, struct bot *b, struct cmd *c)
{
    const struct seen_room *r = seen(b, c->room);
    if (c->type == CMD_KNOCK)
        c->u.moderate.knock =
            (struct cmd_knock){.room = b->at_door, /* 0: is none */
                               .on = b->knocks && below(s, 3) == 0 ? TRI_NO : TRI_ABSENT};
    else
        c->u.moderate.admit = (struct cmd_room_admit){
            .room = c->room,
            .session = r && r->n_knocking ? r->knocking[below(s, r->n_knocking)] : c->to,
            .on = below(s, 3)};
}

static void do_something(struct sim *s, struct bot *b)
{
    static const enum cmd_type types[] = {
        CMD_CREATE,      CMD_JOIN,        CMD_JOIN,        CMD_JOIN,        CMD_LEAVE,
        CMD_MEDIA,       CMD_MEDIA,       CMD_GROUP_OFFER, CMD_GROUP_OFFER, CMD_GROUP_OFFER,
        CMD_GROUP_OFFER, CMD_GROUP_CLOSE, CMD_GROUP_STATS, CMD_ROOM_MUTE,   CMD_ROOM_MUTE,
        CMD_ROOM_SET,    CMD_ROOM_REMOVE, CMD_ROOM_MERGE,  CMD_KNOCK,       CMD_ROOM_ADMIT};
    struct cmd c = {.type = types[below(s, ARRAY_LEN(types))], .room = some_room(s, b)};
    c.to = somebody(s, b, c.room);
    switch ((int)c.type) {
    case CMD_CREATE:
        if (b->n_rooms == ROOMS)
            return;
        c.u.create = (struct cmd_create){.media = true, .capacity = 20};
        c.room = 0;
        break;
    case CMD_JOIN:
        c.room = s->n_rooms ? s->rooms[below(s, s->n_rooms)] : 1;
        c.u.join = (struct cmd_join){.room = c.room, .media = below(s, 8) != 0};
        break;
    case CMD_MEDIA: c.u.on = below(s, 3) != 0; break;
    case CMD_GROUP_OFFER: do_offer(s, b, &c); return;
    case CMD_GROUP_CLOSE:
        c.u.group.close = (struct cmd_group_close){.room = c.room, .conn = STR("a")};
        break;
    case CMD_GROUP_STATS: c.u.group.room = c.room; break;
    case CMD_ROOM_MUTE:
        c.u.moderate.mute = (struct cmd_room_mute){.room = c.room,
                                                   .session = c.to,
                                                   .kind = (enum mute_kind)below(s, MUTE_HAND + 1),
                                                   .hard = below(s, 3) != 0,
                                                   .on = some_tri(s)};
        break;
    case CMD_ROOM_SET:
        c.u.room_set = (struct cmd_room_set){.is_public = TRI_ABSENT,
                                             .locked = TRI_ABSENT,
                                             .programs = TRI_ABSENT,
                                             .lobby = some_tri(s),
                                             .publish_few = below(s, 3) ? TRI_NO : TRI_YES,
                                             .share_few = some_tri(s)};
        break;
    case CMD_ROOM_MERGE: c.u.into = some_room(s, b); break;
    case CMD_KNOCK:
    case CMD_ROOM_ADMIT: fill_knock(s, b, &c); break;
    default: break;
    }
    give(s, b, &c);
}

static void do_hello(struct sim *s, struct bot *b)
{
    b->conn = ++s->next_conn;
    give(s, b, &(struct cmd){.type = CMD_HELLO, .u.hello = {.v = 1, .name = STR("bot")}});
}

static void do_pipe(struct sim *s, struct bot *b)
{
    struct cmd c = {.type = CMD_PIPE_LOST};
    if (b->away) {
        c.type = CMD_RESUME;
        b->conn = ++s->next_conn;
        c.u.resume = (struct cmd_resume){.v = 1, .token = str_from(b->token)};
    } else if (below(s, 6) == 0) {
        c.type = CMD_BYE;
    } else {
        b->away = true;
    }
    give(s, b, &c);
}

/* ---- helpers and time ---- */

static bool helpers_one(struct sim *s)
{
    struct store_answer a;
    if (s->n_jobs) {
        struct password_answer p = {.job = s->jobs[--s->n_jobs].job, .hash = STR("a hash")};
        domain_password(s->d, s->now, s->wall, &p);
        return true;
    }
    if (s->n_dbs) {
        struct db_answer p = {.proc = s->dbs[0].proc, .number = s->dbs[0].number, .status = DB_OK};
        memmove(s->dbs, s->dbs + 1, --s->n_dbs * sizeof *s->dbs);
        domain_db(s->d, s->now, s->wall, &p);
        return true;
    }
    if (!mem_store_answer(s->ms, &a))
        return false;
    domain_stored(s->d, s->now, s->wall, &a);
    return true;
}

static void pass(struct sim *s, int64_t us)
{
    int64_t end = s->now + us;
    while (domain_deadline(s->d) <= end) {
        s->now = MAX_OF(domain_deadline(s->d), s->now);
        domain_tick(s->d, s->now, s->wall + s->now / 1000);
    }
    s->now = end;
}

/* ---- what must hold ---- */

static bool believes_track(const struct seen_room *r, const struct group_track *t)
{
    for (unsigned i = 0; i < r->n_tracks; i++)
        if (r->tracks[i].id == t->track && r->tracks[i].session == t->session)
            return true;
    return false;
}

/* Returns how many of its tracks are there. */
static unsigned check_peer(struct sim *s, const struct room *r, const struct part *part,
                           const struct group_peer *p)
{
    static const uint8_t bits[] = {1 << MUTE_MIC, 1 << MUTE_CAMERA, 1 << MUTE_SCREEN,
                                   1 << MUTE_SCREEN};
    const struct worker_peer *w = peer_of(s, p->id);
    unsigned there = 0;
    assert_int_equal(p->asked, 0); /* every offer was answered */
    assert_true(w && w->group == r->group->id);
    assert_true(p->n_tracks == 0 || part->media);
    for (unsigned i = 0; i < p->n_tracks; i++) {
        const struct group_published_track *t = &p->tracks[i];
        const struct worker_track *wt = &w->tracks[t->mid[0] - '0'];
        if (!t->there)
            continue;
        bool shared = t->track.kind == GROUP_SCREEN || t->track.kind == GROUP_SOUND;
        bool muted = (part->muted & bits[t->track.kind]) ||
                     (shared && r->share_few && r->owner != part->session->id);
        there++;
        assert_true(wt->there && wt->id == t->track.track);
        assert_int_equal(wt->muted, muted);
        for (unsigned k = 0; k < r->n_parts; k++) {
            const struct seen_room *v = seen(bot_of(s, r->parts[k].session->id), r->id);
            assert_true(!group_on(r) || believes_track(v, &t->track));
        }
    }
    return there;
}

static void check_mode(struct sim *s, const struct room *r)
{
    bool could = s->now - s->failed_at > 61 * SECOND;
    bool two_direct = s->cfg.groups == GROUPS_AUTO && !r->publish_few;
    uint32_t direct = two_direct ? 2 : 0;
    if (!group_on(r))
        assert_true(r->n_media <= direct || (!could && r->n_media <= (uint32_t)s->cfg.mesh));
    else if (two_direct && r->n_media <= direct)
        assert_true(!list_empty(&r->group->timed)); /* it is on its way back */
    if (r->group && !group_on(r))
        assert_true(!list_empty(&r->group->timed) && r->group->n_peers > 0);
}

static unsigned check_room(struct sim *s, const struct room *r)
{
    unsigned there = 0, peers = 0, knocking = 0;
    check_mode(s, r);
    for (unsigned i = 0; i < r->n_parts; i++)
        for (const struct group_peer *p = r->parts[i].peers; p; p = p->next, peers++)
            there += check_peer(s, r, &r->parts[i], p);
    assert_int_equal(peers, r->group ? r->group->n_peers : 0);
    for (unsigned i = 0; i < BOTS; i++)
        knocking += s->bots[i].knocks == r->id;
    for (unsigned i = 0; i < r->n_parts; i++) {
        const struct seen_room *v = seen(bot_of(s, r->parts[i].session->id), r->id);
        assert_non_null(v);
        assert_int_equal(v->n, r->n_parts);
        assert_int_equal(v->group, group_on(r));
        assert_true(!group_on(r) || v->n_tracks == there);
        if (r->owner == r->parts[i].session->id)
            assert_int_equal(v->n_knocking, knocking);
    }
    return peers;
}

static void check_quiet(struct sim *s)
{
    unsigned peers = 0, groups = 0;
    while (helpers_one(s) || news_one(s))
        ;
    HMAP_FOREACH(it, &s->d->rooms) {
        const struct room *r = container_of(it, struct room, by_id);
        peers += check_room(s, r);
        groups += r->group != NULL;
    }
    assert_int_equal(peers, s->n_peers);
    assert_true(s->n_groups <= groups); /* the worker may have refused it a moment ago */
    for (unsigned i = 0; i < BOTS; i++)
        assert_int_equal(s->bots[i].n_waiting, 0);
}

/* ---- a run ---- */

static void step(struct sim *s)
{
    struct bot *b = &s->bots[below(s, BOTS)];
    uint64_t dice = below(s, 100);
    if (dice < 10)
        pass(s, (int64_t)below(s, below(s, 20) ? SECOND : 90 * SECOND));
    if (dice % 2 == 0)
        helpers_one(s);
    if (dice % 3 != 0)
        news_one(s);
    if (dice == 50)
        on_line(s);
    if (b->n_waiting >= 6 || (b->session && !b->acked))
        return;
    if (!b->session)
        do_hello(s, b);
    else if (b->away || dice > 95)
        do_pipe(s, b);
    else
        do_something(s, b);
}

static void configure(struct sim *s, uint64_t seed)
{
    domain_config_defaults(&s->cfg);
    s->cfg.groups = seed % 5 == 0 ? GROUPS_ALWAYS : GROUPS_AUTO;
    s->cfg.group_places = 7;
    s->cfg.facts.limit_group = 7;
    s->cfg.max_rooms = 6;
    s->cfg.rooms_per_session = ROOMS;
    for (int i = 0; i < RATE_KINDS; i++)
        s->cfg.rates[i] = (struct domain_rate){30, 100000};
    s->cfg.rates[RATE_RESUME].burst = 0;
}

static uint64_t run(uint64_t seed, struct sim *seen_in)
{
    struct sim *s = calloc(1, sizeof *s);
    uint8_t bytes[32] = {0};
    memcpy(bytes, &seed, sizeof seed);
    rng_init(&s->rng, bytes);
    configure(s, seed);
    bytes[31] = 1;
    s->now = 1000000;
    s->failed_at = -1000 * SECOND;
    s->wall = 1800000000000;
    s->d = domain_new(&s->cfg, bytes, sink, s);
    s->ms = mem_store_new(20, 5000, bytes);
    for (int i = 1; i <= STEPS; i++) {
        step(s);
        if (i % 60 == 0)
            check_quiet(s);
    }
    for (unsigned i = 0; i < BOTS; i++)
        if (s->bots[i].session)
            give(s, &s->bots[i], &(struct cmd){.type = CMD_BYE});
    assert_int_equal(s->n_groups + s->n_peers, 0);
    uint64_t hash = s->hash;
    domain_free(s->d);
    mem_store_free(s->ms);
    seen_in->groups_made += s->groups_made;
    seen_in->moved += s->moved;
    seen_in->ended += s->ended;
    free(s);
    return hash;
}

static uint64_t env(const char *name, uint64_t otherwise)
{
    const char *v = getenv(name);
    return v ? strtoull(v, NULL, 10) : otherwise;
}

static void people_policy_and_worker_agree(void **state)
{
    (void)state;
    struct sim all = {0};
    uint64_t first = env("SIM_SEED", 1), runs = env("SIM_RUNS", getenv("SIM_SEED") ? 1 : 60);
    for (uint64_t seed = first; seed < first + runs; seed++) {
        printf("seed %llu\r", (unsigned long long)seed);
        fflush(stdout);
        run(seed, &all);
    }
    printf("%u groups, %u lost lines, %u moved to another room\n", all.groups_made, all.ended,
           all.moved);
    assert_true(all.groups_made > runs && all.ended > runs && all.moved > 0);
}

static void the_same_seed_gives_the_same(void **state)
{
    (void)state;
    struct sim all = {0};
    assert_true(run(7, &all) == run(7, &all));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_policy_and_worker_agree),
        cmocka_unit_test(the_same_seed_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
