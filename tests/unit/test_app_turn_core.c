/* The TURN server of a worker with all that it knows: letters of control, recording and replay. */
#include "app/turn_core.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/relay_people.h"
#include "app/turn_metrics.h"
#include "base/rec.h"
#include "msg/media_msg.h"
#include "unit/turn_fixture.h"

static struct world w;
static struct turn_core *core;
static struct turn_core_conf conf;

static const struct str users[] = {STR_INIT("ann:secret"), STR_INIT("bob:secret")};

static struct turn_core *make(struct rec *rec)
{
    struct turn_ops ops = {&w, to_client, relay_open, relay_close, to_peer, to_worker, NULL, NULL};
    char why[200] = "";
    world_conf(&w);
    conf = (struct turn_core_conf){.server = w.conf,
                                   .secrets = {STR("northstar")},
                                   .users = users,
                                   .n_users = 2,
                                   .max_scopes = 10};
    memcpy(conf.scope_key, w.scope_key, sizeof conf.scope_key);
    core = turn_core_new(&conf, &ops, rec, w.now, WALL_S * SEC - w.now, why, sizeof why);
    assert_string_equal(why, "");
    return core;
}

static void unmake(void)
{
    turn_core_free(core);
    assert_int_equal(w.opened, w.closed);
    turn_scopes_free(w.scopes);
    for (unsigned i = 0; i < KEPT; i++)
        xfree(w.sent[i].p);
    xfree(w.relays);
}

/* What was begun goes to the core with a credential; the code of the answer. */
static int ask(struct client *c, struct request *r, struct stun_msg *m)
{
    unsigned before = w.nsent;
    put_auth(r, c);
    w.drop = turn_core_input(core, w.now, &c->at, r->mem, stun_end(&r->b));
    return w.nsent == before ? -1 : code_of(last_sent(&w, 0), r->txid, m);
}

static int make_relay(struct client *c, struct addr *relay)
{
    static struct request r;
    struct stun_msg m;
    request_begin(&r, c, STUN_ALLOCATE);
    put_udp(&r);
    int code = ask(c, &r, &m);
    if (code == 0 && relay)
        *relay = relayed(&m);
    return code;
}

static int let(struct client *c, const char *peer)
{
    static struct request r;
    struct stun_msg m;
    struct addr a = address(peer);
    request_begin(&r, c, STUN_CREATE_PERMISSION);
    stun_put_xaddr(&r.b, STUN_XOR_PEER_ADDRESS, &a);
    return ask(c, &r, &m);
}

static enum turn_drop say_to(struct client *c, const char *peer, const char *text)
{
    static struct request r;
    uint8_t txid[STUN_TXID] = {1};
    struct addr a = address(peer);
    stun_begin(&r.b, r.mem, sizeof r.mem, STUN_INDICATION, STUN_SEND, txid);
    stun_put_xaddr(&r.b, STUN_XOR_PEER_ADDRESS, &a);
    stun_put(&r.b, STUN_DATA_ATTR, text, strlen(text));
    return turn_core_input(core, w.now, &c->at, r.mem, stun_end(&r.b));
}

static enum turn_drop peer_says(const struct addr *relay, const char *peer, const char *text)
{
    struct addr from = address(peer);
    struct turn_relay *r = w.relays[relay->family == 6][relay->port];
    assert_non_null(r);
    return turn_core_peer(core, w.now, r, &from, (const uint8_t *)text, strlen(text));
}

static void give(uint32_t kind, struct letter *l)
{
    l->kind = kind;
    assert_true(turn_core_letter(core, w.now, l));
}

static void give_scope(uint32_t kind, uint64_t scope, uint64_t party, const char *addr)
{
    struct media_scope m = {.scope = scope, .party = party, .naddrs = addr != NULL};
    if (addr)
        m.addrs[0] = address(addr);
    give(kind, &m.letter);
}

static struct turn_stats stats(void)
{
    struct turn_stats s = {0};
    turn_core_round(core, w.now);
    turn_core_stats(core, &s);
    return s;
}

/* ---- letters ---- */

static void scopes_come_and_go_by_letters(void **state)
{
    (void)state;
    make(NULL);
    struct client c = client_at(&w, "192.0.2.1:5000", NULL);
    turn_scope_credential(conf.scope_key, 7, c.scope_name, c.scope_password);
    c.name = c.scope_name;
    c.password = c.scope_password;
    assert_int_equal(make_relay(&c, NULL), 401); /* the scope is not open */
    give_scope(MEDIA_SCOPE_OPEN, 7, 0, NULL);
    assert_int_equal(make_relay(&c, NULL), 0);
    assert_int_equal(let(&c, PUBLIC_PEER), 403);
    give_scope(MEDIA_SCOPE_PARTY, 7, 8, PUBLIC_PEER);
    assert_int_equal(let(&c, PUBLIC_PEER), 0);
    assert_int_equal(stats().allocations, 1);
    give_scope(MEDIA_SCOPE_CLOSE, 7, 0, NULL);
    assert_int_equal(make_relay(&c, NULL), 401);
    turn_core_tick(core, w.now += 1000000);
    assert_int_equal(stats().allocations, 0);
    struct letter other = {.kind = MEDIA_DUMP};
    assert_false(turn_core_letter(core, w.now, &other));
    unmake();
}

static void own_addresses_come_by_letters(void **state)
{
    (void)state;
    make(NULL);
    struct client c = client_at(&w, "192.0.2.1:5000", "ann");
    struct media_own own = {.nown = 1, .own = {address("8.8.4.4")}};
    assert_int_equal(make_relay(&c, NULL), 0);
    assert_int_equal(let(&c, PUBLIC_PEER), 0);
    say_to(&c, PUBLIC_PEER, "out");
    assert_true(peer_got(&w, PUBLIC_PEER, "out"));
    give(MEDIA_OWN_ADDRS, &own.letter); /* it was ours all the time */
    unsigned before = w.nsent;
    assert_int_equal(let(&c, PUBLIC_PEER), 0);
    before = w.nsent;
    assert_int_equal(say_to(&c, PUBLIC_PEER, "out"), TURN_DROP_NO_RELAY);
    assert_int_equal(w.nsent, before);
    unmake();
}

static void users_and_secrets_change_by_letters(void **state)
{
    struct str cid[] = {STR("cid:secret")};
    struct relay_people now = {.users = cid, .n_users = 1}, broken = {.n_users = 1};
    struct str nobody[] = {STR("nocolon")};
    (void)state;
    make(NULL);
    struct client ann = client_at(&w, "192.0.2.1:5000", "ann");
    struct client new = client_at(&w, "192.0.2.1:5001", "cid");
    char name[100], password[100];
    turn_rest_credential(STR("northstar"), WALL_S + 60, STR("x"), TURN_HMAC_SHA1, name, sizeof name,
                         password, sizeof password);
    struct client rest = client_at(&w, "192.0.2.1:5002", name);
    rest.password = password;
    assert_int_equal(make_relay(&ann, NULL), 0);
    assert_int_equal(make_relay(&rest, NULL), 0);
    assert_int_equal(make_relay(&new, NULL), 401);
    struct letter *l = relay_people_letter(&now);
    assert_true(turn_core_letter(core, w.now, l));
    letter_drop(l);
    assert_int_equal(make_relay(&new, NULL), 0);
    ann.at.peer.port = rest.at.peer.port = 6000;
    assert_int_equal(make_relay(&ann, NULL), 401);
    assert_int_equal(make_relay(&rest, NULL), 401);
    assert_int_equal(stats().allocations, 3); /* those that there were go on */
    broken.users = nobody;
    l = relay_people_letter(&broken);
    turn_core_letter(core, w.now, l);
    letter_drop(l);
    new.at.peer.port = 6001;
    assert_int_equal(make_relay(&new, NULL), 0); /* nothing has changed */
    unmake();
}

static void a_user_that_is_none(void **state)
{
    struct turn_ops ops = {&w, to_client, relay_open, relay_close, to_peer, to_worker, NULL, NULL};
    struct str bad[] = {STR("ann:secret"), STR("hidden\x01:topsecret")};
    char why[200];
    (void)state;
    world_conf(&w);
    conf = (struct turn_core_conf){.server = w.conf, .users = bad, .n_users = 2};
    assert_null(turn_core_new(&conf, &ops, NULL, w.now, 0, why, sizeof why));
    assert_non_null(strstr(why, "name"));
    assert_null(strstr(why, "topsecret"));
    turn_scopes_free(w.scopes);
    xfree(w.relays);
}

/* IPv6 for who came by IPv4. */
static void the_other_family(void **state)
{
    static struct request r;
    struct stun_msg m;
    (void)state;
    make(NULL);
    struct client c = client_at(&w, "192.0.2.1:5000", "ann");
    request_begin(&r, &c, STUN_ALLOCATE);
    put_udp(&r);
    put_family(&r, STUN_REQUESTED_ADDRESS_FAMILY, 2);
    assert_int_equal(ask(&c, &r, &m), 440); /* nobody knows an address */
    unmake();
    make(NULL);
    conf.server.other6 = address("2001:db8::77");
    struct turn_ops ops = {&w, to_client, relay_open, relay_close, to_peer, to_worker, NULL, NULL};
    char why[200];
    turn_core_free(core);
    core = turn_core_new(&conf, &ops, NULL, w.now, WALL_S * SEC - w.now, why, sizeof why);
    request_begin(&r, &c, STUN_ALLOCATE);
    put_udp(&r);
    put_family(&r, STUN_REQUESTED_ADDRESS_FAMILY, 2);
    assert_int_equal(ask(&c, &r, &m), 0);
    struct addr got = relayed(&m), want = conf.server.other6;
    assert_true(addr_eq_ip(&got, &want));
    unmake();
}

/* ---- recording ---- */

/* Something of everything. */
static void live(void)
{
    struct client ann = client_at(&w, "192.0.2.1:5000", "ann");
    struct client bob = client_at(&w, "192.0.2.2:5000", "bob");
    struct client call = client_at(&w, "192.0.2.3:5000", NULL);
    struct addr relay = {0}, at = address(PUBLIC_PEER);
    turn_scope_credential(conf.scope_key, 7, call.scope_name, call.scope_password);
    call.name = call.scope_name;
    call.password = call.scope_password;
    w.refuse_open = 2; /* the world's answers are inputs */
    assert_int_equal(make_relay(&ann, &relay), 0);
    bob.at.transport = TUPLE_TCP;
    bob.at.stream = 9;
    assert_int_equal(make_relay(&bob, NULL), 0);
    give_scope(MEDIA_SCOPE_OPEN, 7, 0, NULL);
    give_scope(MEDIA_SCOPE_PARTY, 7, 8, PUBLIC_PEER);
    assert_int_equal(make_relay(&call, NULL), 0);
    assert_int_equal(let(&call, PUBLIC_PEER), 0);
    assert_int_equal(let(&ann, PUBLIC_PEER), 0);
    for (unsigned i = 0; i < 300; i++) {
        char text[20];
        snprintf(text, sizeof text, "packet %u", i);
        say_to(&ann, PUBLIC_PEER, text);
        peer_says(&relay, PUBLIC_PEER, text);
        w.now += 1000;
        if (i % 10 == 0)
            turn_core_round(core, w.now);
    }
    turn_core_icmp(core, w.now, w.relays[0][relay.port], &at, 3, 3, 0);
    turn_core_foreign(core, w.now, &at, 0, &relay, (const uint8_t *)"hi", 2);
    turn_core_hangup(core, w.now, &bob.at);
    turn_core_wall(core, w.now, WALL_S * SEC - w.now + 5);
    turn_core_tick(core, w.now += 700 * SEC);
    give_scope(MEDIA_SCOPE_CLOSE, 7, 0, NULL);
    turn_core_tick(core, w.now += SEC);
    turn_core_round(core, w.now);
    assert_int_equal(stats().allocations, 0);
}

struct reading {
    struct rec_reader *rd;
    unsigned inputs, outputs, checkpoints, opened;
};

static bool next_record(void *ctx, struct rec_record *out)
{
    struct reading *r = ctx;
    r->opened++;
    return rec_next(r->rd, out) == ERR_OK;
}

/* How many records were fed; 0: something differs. */
static unsigned replay(const char *file, struct reading *r, char *why, size_t why_n)
{
    struct rec_record rc;
    unsigned n = 0;
    bool ok = true;
    *r = (struct reading){0};
    assert_int_equal(rec_reader_open(&r->rd, file), ERR_OK);
    struct turn_replay *t = turn_replay_new(next_record, r);
    while (ok && rec_next(r->rd, &rc) == ERR_OK) {
        ok = turn_replay_feed(t, &rc, why, why_n);
        n += ok;
        r->outputs += rc.kind == REC_OUTPUT;
        r->checkpoints += rc.kind == REC_CHECKPOINT;
        r->inputs += rc.kind >= REC_INPUT;
    }
    turn_replay_free(t);
    rec_reader_close(r->rd);
    return ok ? n : 0;
}

static void a_recording_replays_byte_for_byte(void **state)
{
    char file[] = "/tmp/madang-turn-rec-XXXXXX", why[256] = "";
    struct reading r;
    struct rec *rec;
    (void)state;
    close(mkstemp(file));
    unlink(file); /* only the name: it replaces recordings, nothing else */
    assert_int_equal(rec_open(&rec, file, 16 * REC_SIZE_MIN), ERR_OK);
    make(rec);
    live();
    struct turn_stats before = stats();
    assert_int_equal(before.up_packets, 300);
    w.now += 61 * SEC; /* it was quiet: the core may begin anew, when enough has been written */
    for (unsigned i = 0; i < 9; i++) {
        live();
        w.now += 61 * SEC;
    }
    struct turn_stats after = stats();
    assert_int_equal(after.up_packets, 10 * 300); /* what was counted stays */
    unmake();
    rec_close(rec);
    if (replay(file, &r, why, sizeof why) == 0)
        fail_msg("%s", why);
    assert_true(r.inputs > 10 * 600);
    assert_true(r.outputs > 10 * 30);
    assert_true(r.checkpoints > 1);
    assert_true(r.opened >= 10 * 3); /* refused ones, too */
    unlink(file);
}

static void a_lie_is_found(void **state)
{
    char file[] = "/tmp/madang-turn-rec-XXXXXX", why[256] = "";
    struct reading r;
    struct rec *rec;
    uint8_t opened = 1;
    (void)state;
    close(mkstemp(file));
    unlink(file);
    /* a packet that the recording knows of, but whose answer was another */
    assert_int_equal(rec_open(&rec, file, REC_SIZE_MIN), ERR_OK);
    make(rec);
    struct client ann = client_at(&w, "192.0.2.1:5000", "ann");
    assert_int_equal(make_relay(&ann, NULL), 0);
    struct rec_hash wrong = {0};
    rec_hash_add(&wrong, 1, "x", 1);
    rec_put_hash(rec, TURN_CORE_FIRST, w.now, &wrong);
    unmake();
    rec_close(rec);
    assert_int_equal(replay(file, &r, why, sizeof why), 0);
    assert_non_null(strstr(why, "differs"));
    /* a relay that nobody opened */
    assert_int_equal(rec_open(&rec, file, REC_SIZE_MIN), ERR_OK);
    make(rec);
    rec_put(rec, REC_INPUT + 9, TURN_CORE_FIRST, w.now, &opened, 1);
    unmake();
    rec_close(rec);
    assert_int_equal(replay(file, &r, why, sizeof why), 0);
    assert_non_null(strstr(why, "opened"));
    /* half a packet */
    assert_int_equal(rec_open(&rec, file, REC_SIZE_MIN), ERR_OK);
    make(rec);
    rec_put(rec, REC_INPUT, TURN_CORE_FIRST, w.now, &opened, 1);
    unmake();
    rec_close(rec);
    assert_int_equal(replay(file, &r, why, sizeof why), 0);
    assert_non_null(strstr(why, "not whole"));
    unlink(file);
}

/* ---- what is counted ---- */

static void metrics(void **state)
{
    struct turn_stats s = {.requests = 5, .up_packets = 7, .down_bytes = 9, .allocations = 3};
    struct buf b;
    (void)state;
    s.allocated[TUPLE_TLS][1] = 4;
    s.ended[TUPLE_TLS][1] = 1;
    s.drops[TURN_DROP_FORBIDDEN] = 2;
    s.lifetime[0] = 1;
    s.lifetime[2] = 2;
    s.lifetime[TURN_LIFETIME_BUCKETS - 1] = 4;
    s.lifetime_sum_s = 1000000;
    turn_stats_add(&s, &s);
    buf_init(&b, 65536);
    turn_metrics_write(&b, &s);
    static const char *const lines[] = {
        "\nmadang_turn_allocations 6\n",
        "\nmadang_turn_relays{transport=\"tls\",family=\"ipv6\"} 6\n",
        "\nmadang_turn_relays_made_total{transport=\"tls\",family=\"ipv6\"} 8\n",
        "\nmadang_turn_relays_ended_total{transport=\"tls\",family=\"ipv6\"} 2\n",
        "\nmadang_turn_requests_total 10\n",
        "\nmadang_turn_packets_total{dir=\"up\"} 14\n",
        "\nmadang_turn_bytes_total{dir=\"down\"} 18\n",
        "\nmadang_turn_drops_total{reason=\"403\"} 4\n",
        "\nmadang_turn_drops_total{reason=\"oversize\"} 0\n",
        "\nmadang_turn_lifetime_seconds_bucket{le=\"1\"} 2\n",
        "\nmadang_turn_lifetime_seconds_bucket{le=\"60\"} 6\n",
        "\nmadang_turn_lifetime_seconds_bucket{le=\"86400\"} 6\n",
        "\nmadang_turn_lifetime_seconds_bucket{le=\"+Inf\"} 14\n",
        "\nmadang_turn_lifetime_seconds_sum 2000000\n",
        "\nmadang_turn_lifetime_seconds_count 14\n",
    };
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(buf_cstr(&b), lines[i]))
            fail_msg("not there: %s", lines[i]);
    assert_null(strstr(buf_cstr(&b), "(null)"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_come_and_go_by_letters),
        cmocka_unit_test(own_addresses_come_by_letters),
        cmocka_unit_test(users_and_secrets_change_by_letters),
        cmocka_unit_test(a_user_that_is_none),
        cmocka_unit_test(the_other_family),
        cmocka_unit_test(a_recording_replays_byte_for_byte),
        cmocka_unit_test(a_lie_is_found),
        cmocka_unit_test(metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
