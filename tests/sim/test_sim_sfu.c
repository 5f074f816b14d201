/*
 * A meeting over bad networks, on virtual time: people come and go, look here and there, lose packets on both
 * ways and ask for them again. Whatever happens, everybody's numbers are without gaps in the end (behind the last key frame), nobody gets a
 * packet that nobody meant for them (sfu_world.h watches), and nothing is left behind. In every second run people leave
 * and lines change their tracks; what was lost just before that cannot be had again, so gaps are looked for in the others.
 * SIM_SEED and SIM_RUNS choose the runs.
 */
#include "media/sfu_int.h"
#include "unit/sfu_world.h"

#include "base/crypto.h"

enum {
    ROOM = 3,
    PEOPLE = 4,
    LAYERS = 2,
    HISTORY = 1024,
    STEP_US = 20000,
    STEPS = 500,
    BOTH = 3,
    BASE = 131072
};

/* What one of the lines has got: every number, in a window that is large enough for a run. */
struct got {
    bool begun;
    int64_t first, last, key; /* key: where the last key frame began */
    int64_t at_us;            /* when something last came */
    int64_t gap_us; /* since when something is missing behind the key frame; 0: nothing is */
    bool there[1 << 15];
};

struct sent {
    uint8_t bytes[1500];
    size_t n;
    uint32_t ssrc;
    uint16_t seq;
};

struct sim {
    struct rng rng;
    struct world *w;
    unsigned up, down; /* losses, of 1000 */
    bool narrow;       /* ways to people carry less than there is, and change */
    struct got got[CLIENTS][LINES];
    struct sent history[CLIENTS][HISTORY];
    unsigned n_history[CLIENTS];
    unsigned served[CLIENTS]; /* requests for key frames */
    bool here[CLIENTS];
    bool stays; /* people come and look, but nobody leaves, and lines keep their tracks */
    unsigned frame;
    uint64_t waited, lowered, replayed, loaded; /* over all runs */
};

static bool chance(struct sim *s, unsigned of_thousand)
{
    return rng_below(&s->rng, 1000) < of_thousand;
}

static bool lose(struct world *w, struct client *to, uint32_t ssrc, uint16_t seq)
{
    struct sim *s = w->of_test;
    (void)to, (void)ssrc, (void)seq;
    return chance(s, s->down);
}

static bool uplink(struct world *w, struct client *from, uint32_t ssrc, uint16_t seq,
                   const uint8_t *p, size_t n)
{
    struct sim *s = w->of_test;
    unsigned i = (unsigned)(from - w->clients);
    struct sent *k = &s->history[i][s->n_history[i]++ % HISTORY];
    memcpy(k->bytes, p, n);
    k->n = n;
    k->ssrc = ssrc;
    k->seq = seq;
    return !chance(s, s->up);
}

static void arrived(struct world *w, struct client *c, unsigned line, uint16_t seq, bool key)
{
    struct sim *s = w->of_test;
    struct got *g = &s->got[c - w->clients][line];
    int64_t first = BASE + c->lines[line].first_seq;
    int64_t full = rtp_seq_unwrap(g->begun ? g->last : first, seq);
    if (!g->begun) {
        g->begun = true;
        g->first = g->last = g->key = first;
    }
    assert_in_range(full - g->first, 0, sizeof g->there - 1); /* nothing before the first */
    g->there[full - g->first] = true;
    g->at_us = w->now;
    if (key && full > g->key)
        g->key = full;
    g->last = full > g->last ? full : g->last;
}

/* ---- What clients do ---- */

static uint64_t track_of(unsigned i, enum sfu_kind kind)
{
    return 100 + i * 10 + (unsigned)kind;
}

/* Of what there is from the others, about 400 kbit/s, a little or all. */
static double some_rate(struct sim *s)
{
    return 40e3 + 1e3 * (double)rng_below(&s->rng, 500);
}

static void come(struct sim *s, unsigned i)
{
    struct world *w = s->w;
    struct client *c = &w->clients[i];
    client_line(c, SENDS, SFU_MIC, 1, track_of(i, SFU_MIC));
    client_line(c, SENDS, SFU_CAMERA, LAYERS, track_of(i, SFU_CAMERA));
    for (unsigned k = 0; k < PEOPLE; k++) {
        if (k == i)
            continue;
        client_line(c, RECEIVES, SFU_MIC, 0, track_of(k, SFU_MIC));
        client_line(c, RECEIVES, SFU_CAMERA, 0, track_of(k, SFU_CAMERA));
    }
    c->takes_red = chance(s, 500);
    if (s->narrow)
        c->link = link_new(some_rate(s), 20000);
    if (s->narrow)
        c->link->loss = s->down;
    client_offer(c, ROOM, BOTH);
    client_connect(c);
    s->here[i] = true;
}

static void leave(struct sim *s, unsigned i)
{
    struct client *c = &s->w->clients[i];
    sfu_peer_close(s->w->sfu, c->id);
    srtp_free(c->in);
    srtp_free(c->out);
    free(c->link);
    uint64_t id = c->id + 100; /* somebody else next time */
    struct tuple at = c->at;
    memset(s->got[i], 0, sizeof s->got[i]);
    s->n_history[i] = s->served[i] = 0;
    *c = (struct client){.w = s->w, .id = id, .at = at, .twcc_seen = -1};
    snprintf(c->remote, sizeof c->remote, "peer%u", i);
    s->here[i] = false;
}

static void look(struct sim *s, unsigned i)
{
    struct client *c = &s->w->clients[i];
    for (unsigned line = 0; line < c->n; line++) {
        char mid[8];
        if (c->lines[line].direction != RECEIVES || !c->lines[line].video)
            continue;
        snprintf(mid, sizeof mid, "%u", line);
        uint16_t size = chance(s, 200) ? 0 : 640;
        uint64_t track = !s->stays && chance(s, 100)
                             ? track_of((unsigned)rng_below(&s->rng, PEOPLE), SFU_CAMERA)
                             : c->lines[line].track;
        struct sfu_wish wish = {str_from(mid), track, size, size,
                                (enum alloc_priority)rng_below(&s->rng, ALLOC_PRIORITIES)};
        sfu_wish(s->w->sfu, s->w->now, c->id, &wish, 1);
    }
}

static void speak(struct sim *s, unsigned i)
{
    struct client *c = &s->w->clients[i];
    client_send(c, 0, 0, false, true);
    c->lines[0].timestamp += 960;
    if (s->frame % 2 == 0) {
        bool key = c->plis > s->served[i];
        s->served[i] = c->plis;
        for (unsigned layer = 0; layer < LAYERS; layer++) {
            client_send(c, 1, layer, key || s->frame == 0, false);
            client_send(c, 1, layer, false, true);
        }
        c->lines[1].timestamp += 3600;
    }
}

/* Publishers send again what they are asked for, as often as they are asked. */
static void repair(struct sim *s, unsigned i)
{
    struct client *c = &s->w->clients[i];
    for (unsigned k = 0; k < c->nacks; k++) {
        for (unsigned h = 0; h < HISTORY && h < s->n_history[i]; h++) {
            const struct sent *one = &s->history[i][h];
            bool video = one->ssrc != send_ssrc(c, 0, 0);
            if (!video || one->seq != c->nacked[k] || chance(s, s->up))
                continue;
            uint8_t p[1500];
            memcpy(p, one->bytes, one->n);
            sfu_input(s->w->sfu, s->w->now, &c->at, p, one->n, one->n);
        }
    }
    c->nacks = 0;
}

/* What has been missing for long is not to be had any more: time for a key frame. */
static bool give_up(const struct sim *s, struct got *g, bool misses)
{
    if (!misses || g->gap_us == 0) {
        g->gap_us = misses ? s->w->now : 0;
        return false;
    }
    if (s->w->now - g->gap_us < SECOND)
        return false;
    g->gap_us = s->w->now;
    return true;
}

static void ask(struct sim *s, unsigned i)
{
    struct client *c = &s->w->clients[i];
    for (unsigned line = 0; line < c->n; line++) {
        struct got *g = &s->got[i][line];
        uint8_t mem[400];
        uint16_t missing[30];
        struct rtcp_writer w;
        unsigned n = 0;
        for (int64_t seq = MAX_OF(g->first, g->key);
             g->begun && c->lines[line].video && seq < g->last && n < ARRAY_LEN(missing); seq++) {
            if (!g->there[seq - g->first])
                missing[n++] = (uint16_t)seq;
        }
        bool is_old = give_up(s, g, n > 0);
        if (n == 0)
            continue;
        rtcp_begin(&w, mem, sizeof mem);
        rtcp_put_nack(&w, (uint32_t)c->id, c->lines[line].ssrc, missing, n);
        if (is_old)
            rtcp_put_pli(&w, (uint32_t)c->id, c->lines[line].ssrc);
        client_feedback(c, &w);
    }
}

/* What a restart will do: the transport goes, and comes back from what was saved. Nobody notices. */
static void save_and_load(struct sim *s, unsigned i)
{
    struct sfu_peer *p = sfu_find_peer(s->w->sfu, s->w->clients[i].id);
    struct buf b;
    if (p == NULL || transport_state(p->transport) != TRANSPORT_OPEN)
        return;
    buf_init(&b, 1 << 20);
    assert_true(transport_save(p->transport, s->w->now, &b));
    transport_free(p->transport);
    assert_int_equal(
        transport_load(&p->transport, &sfu_transport_ops, p, s->w->now, buf_data(&b), buf_len(&b)),
        ERR_OK);
    sfu_set_timer(p);
    buf_free(&b);
    s->loaded++;
}

/* ---- One run ---- */

static void step(struct sim *s, bool quiet)
{
    for (unsigned i = 0; i < PEOPLE; i++) {
        if (!s->here[i] && !quiet && chance(s, 20))
            come(s, i);
        if (!s->here[i])
            continue;
        if (!quiet && !s->stays && chance(s, 3)) {
            leave(s, i);
            continue;
        }
        if (!quiet && chance(s, 20))
            look(s, i);
        if (s->narrow && chance(s, 5))
            s->w->clients[i].link->bps = quiet ? 20e6 : some_rate(s);
        if (chance(s, 5))
            save_and_load(s, i);
        if (s->frame % 50 == 0)
            client_check(&s->w->clients[i]);
        speak(s, i);
        repair(s, i);
        if (s->frame % 3 == 0)
            ask(s, i);
    }
    s->frame++;
    world_run(s->w, STEP_US);
}

/* Behind the last key frame: nobody asks for what is older, and nobody needs it. On a line that is hidden that
 * key frame may not have been sent. */
static unsigned holes(const struct sim *s, unsigned i, unsigned line)
{
    const struct got *g = &s->got[i][line];
    unsigned n = 0;
    bool hidden = s->w->now - g->at_us > SECOND;
    for (int64_t seq = g->key; g->begun && !hidden && seq <= g->last; seq++)
        n += !g->there[seq - g->first];
    return n;
}

struct network {
    unsigned up, down; /* losses, of 1000 */
    bool narrow;
};

static void begin(struct sim *s, uint64_t seed, const struct network *n, bool stays)
{
    uint8_t bytes[RNG_SEED_SIZE] = {0};
    uint64_t waited = s->waited, lowered = s->lowered, replayed = s->replayed, loaded = s->loaded;
    memset(s, 0, sizeof *s);
    s->waited = waited;
    s->lowered = lowered;
    s->replayed = replayed;
    s->loaded = loaded;
    memcpy(bytes, &seed, sizeof seed);
    rng_init(&s->rng, bytes);
    s->up = n->up;
    s->down = n->down;
    s->narrow = n->narrow;
    s->stays = stays;
    s->w = world_new(NULL);
    s->w->of_test = s;
    s->w->lose = lose;
    s->w->uplink = uplink;
    s->w->arrived = arrived;
    sfu_room_open(s->w->sfu, ROOM);
    for (unsigned i = 0; i < PEOPLE; i++)
        client_new(s->w);
    come(s, 0);
    come(s, 1);
    look(s, 0);
    look(s, 1);
}

/* The network gets well, and everything that can be had is asked for. */
static void mend(struct sim *s)
{
    s->up = s->down = 0;
    for (unsigned i = 0; i < PEOPLE; i++) {
        if (s->w->clients[i].link == NULL)
            continue;
        s->w->clients[i].link->bps = 20e6;
        s->w->clients[i].link->loss = 0;
    }
    for (unsigned k = 0; k < 100; k++)
        step(s, true);
}

static uint64_t run(struct sim *s, uint64_t seed, const struct network *n, bool stays)
{
    uint64_t packets = 0;
    begin(s, seed, n, stays);
    for (unsigned k = 0; k < STEPS; k++)
        step(s, false);
    mend(s);
    for (unsigned i = 0; i < PEOPLE; i++) {
        for (unsigned line = 0; line < s->w->clients[i].n; line++) {
            struct line *l = &s->w->clients[i].lines[line];
            packets += l->direction == RECEIVES ? l->packets : 0;
            if (stays && l->direction == RECEIVES && l->video && holes(s, i, line) > 0)
                fail_msg("seed %llu: person %u, line %u has %u holes", (unsigned long long)seed, i,
                         line, holes(s, i, line));
        }
        if (s->here[i])
            leave(s, i);
    }
    sfu_room_close(s->w->sfu, ROOM);
    s->waited += sfu_stats(s->w->sfu)->waited;
    s->lowered += sfu_stats(s->w->sfu)->lowered;
    s->replayed += sfu_stats(s->w->sfu)->replayed;
    assert_int_equal(sfu_stats(s->w->sfu)->peers, 0);
    assert_int_equal(sfu_stats(s->w->sfu)->tracks, 0);
    assert_int_equal(sfu_stats(s->w->sfu)->subscribed, 0);
    for (unsigned i = 0; i < PEOPLE; i++)
        s->w->clients[i].in = s->w->clients[i].out = NULL;
    world_free(s->w);
    return packets;
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *z = getenv(name);
    return z != NULL ? strtoull(z, NULL, 10) : otherwise;
}

static void meeting(struct network n)
{
    struct sim *s = calloc(1, sizeof *s);
    uint64_t first = setting("SIM_SEED", 1), runs = setting("SIM_RUNS", 12), packets = 0;
    for (uint64_t seed = first; seed < first + runs; seed++)
        packets += run(s, seed, &n, seed % 2);
    assert_true(packets > runs * 1000);
    assert_true(!n.narrow || (s->waited > runs * 10 && s->lowered > runs));
    assert_true(s->replayed > runs && s->loaded > runs);
    free(s);
}

static void over_a_good_network(void **state)
{
    (void)state;
    meeting((struct network){0, 0, false});
}

static void subscribers_lose_packets(void **state)
{
    (void)state;
    meeting((struct network){0, 100, false});
}

static void publishers_lose_packets(void **state)
{
    (void)state;
    meeting((struct network){50, 0, false});
}

static void everybody_loses_packets(void **state)
{
    (void)state;
    meeting((struct network){100, 100, false});
}

static void over_narrow_ways(void **state)
{
    (void)state;
    meeting((struct network){0, 0, true});
}

static void over_narrow_ways_that_lose_packets(void **state)
{
    (void)state;
    meeting((struct network){30, 30, true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_a_good_network),
        cmocka_unit_test(subscribers_lose_packets),
        cmocka_unit_test(publishers_lose_packets),
        cmocka_unit_test(everybody_loses_packets),
        cmocka_unit_test(over_narrow_ways),
        cmocka_unit_test(over_narrow_ways_that_lose_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
