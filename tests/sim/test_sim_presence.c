/* People who come, go, hide, block and look at each other in random order, on virtual time, against a model that is
 * a few lines: at quiet moments what each page believes, from answers and events alone, is what the model says, and
 * what the server says when it is asked anew. SIM_SEED=N runs one seed, SIM_RUNS=N as many as wanted. */
#define CLIENTS_MAX 4096
#include "unit/people_world.h"
#include "unit/slow.h"

enum { PEOPLE = 8, DEVICES = 3, STEPS = 1500, QUIET_EVERY = 60, RUNS = 12 };

/* A page and what it believes. */
struct page {
    struct client *c; /* NULL: closed for good */
    bool lost;        /* has no pipe */
    bool idle;
    uint32_t list; /* bits of the people whom it watches */
    char belief[PEOPLE][16];
    int64_t seen[PEOPLE];
};

struct human {
    struct page pages[DEVICES];
    const char *mode;
    uint32_t blocked; /* bits */
    int64_t since[PEOPLE];
};

static struct human humans[PEOPLE];
static uint64_t dice_at;

static uint32_t dice(uint32_t sides)
{
    dice_at ^= dice_at << 13;
    dice_at ^= dice_at >> 7;
    dice_at ^= dice_at << 17;
    return (uint32_t)((dice_at >> 20) % sides);
}

/* ---- what pages hear ---- */

static void believe(struct page *p, const char *text)
{
    for (const char *at = text; (at = strstr(at, "{\"user\":\"")) != NULL;) {
        uint64_t id;
        at += 9;
        assert_true(b32_decode(str_of(at, 13), &id));
        assert_in_range(id, 1, PEOPLE);
        const char *end = strchr(at, '}'), *how = strstr(at, "\"presence\":\"");
        const char *seen = strstr(at, "\"last_seen\":");
        assert_true(how && how < end);
        how += 12;
        snprintf(p->belief[id - 1], sizeof p->belief[0], "%.*s", (int)strcspn(how, "\""), how);
        p->seen[id - 1] = seen && seen < end ? strtoll(seen + 12, NULL, 10) : 0;
    }
}

static void hear(struct page *p)
{
    const char *text;
    while (p->c && *(text = next(p->c))) {
        const char *list = strstr(text, "\"changed\":[");
        if (strncmp(text, "{\"type\":\"presence\"", 18) == 0 && list)
            believe(p, list);
    }
}

/* ---- the model ---- */

static const char *model_of(int who, int looks)
{
    const struct human *h = &humans[who];
    bool here = false, awake = false;
    for (int i = 0; i < DEVICES; i++) {
        bool live = h->pages[i].c && !h->pages[i].lost;
        here |= live;
        awake |= live && !h->pages[i].idle;
    }
    bool apart = (h->blocked >> looks & 1) || (humans[looks].blocked >> who & 1);
    if (!here || apart || strcmp(h->mode, "invisible") == 0)
        return "offline";
    return strcmp(h->mode, "dnd") == 0 ? "dnd" : awake ? "online" : "away";
}

/* ---- what people do ---- */

static void watch_list(struct page *p, uint32_t list)
{
    char text[PEOPLE * 20] = "";
    size_t n = 0;
    for (int i = 0; i < PEOPLE; i++)
        if (list >> i & 1)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s'%s'", n ? "," : "",
                                  id_text((uint64_t)i + 1));
    const char *a = ask(p->c, "'type':'people_watch','users':[%s]", text);
    hear(p); /* what came before is before */
    p->list = list;
    assert_ack(a);
    believe(p, a);
}

static void come(struct world *w, int who, struct page *p)
{
    *p = (struct page){.c = device(w, (uint64_t)who + 1)};
    watch_list(p, dice(1 << PEOPLE));
}

static void leave(struct page *p)
{
    switch (dice(3)) {
    case 0: close_page(p->c); break;
    case 1: say(p->c, "{\"type\":\"bye\"}"); break;
    default:
        p->lost = true;
        lose_pipe(p->c);
        return;
    }
    p->c = NULL;
}

static void mark(struct human *h, int who, struct page *p)
{
    int other = (int)dice(PEOPLE);
    bool on = dice(2);
    if (other == who)
        return;
    if (dice(4) == 0) {
        assert_ack(ask(p->c, "'type':'favourite','user':'%s','on':%s", id_text((uint64_t)other + 1),
                       on ? "true" : "false"));
        return;
    }
    assert_ack(ask(p->c, "'type':'block','user':'%s','on':%s", id_text((uint64_t)other + 1),
                   on ? "true" : "false"));
    if (on && !(h->blocked >> other & 1))
        h->since[other] = p->c->w->wall;
    h->blocked = on ? h->blocked | 1u << other : h->blocked & ~(1u << other);
}

static void act(struct world *w)
{
    static const char *const modes[] = {"auto", "auto", "dnd", "invisible"};
    int who = (int)dice(PEOPLE);
    struct human *h = &humans[who];
    struct page *p = &h->pages[dice(DEVICES)];
    if (!p->c) {
        come(w, who, p);
        return;
    }
    if (p->lost) { /* the session may be over by now */
        p->lost = p->c->session && (resume(p->c, p->c->token), false);
        if (p->c->session == 0)
            p->c = NULL;
        return;
    }
    switch (dice(8)) {
    case 0:
    case 1: leave(p); break;
    case 2:
        p->idle = !p->idle;
        say(p->c, p->idle ? "{\"type\":\"idle\",\"on\":true}" : "{\"type\":\"idle\",\"on\":false}");
        break;
    case 3:
        h->mode = modes[dice(4)];
        assert_ack(ask(p->c, "'type':'presence','mode':'%s'", h->mode));
        break;
    case 4:
    case 5: mark(h, who, p); break;
    default: watch_list(p, dice(1 << PEOPLE));
    }
}

/* ---- quiet moments ---- */

static void compare(struct page *p, int looks)
{
    struct page fresh = {.c = p->c, .idle = p->idle};
    hear(p);
    watch_list(&fresh, p->list);
    for (int i = 0; i < PEOPLE; i++) {
        if (!(p->list >> i & 1))
            continue;
        assert_string_equal(p->belief[i], model_of(i, looks));
        assert_string_equal(fresh.belief[i], model_of(i, looks));
        if (humans[i].blocked >> looks & 1) { /* time stands still for them */
            assert_true(fresh.seen[i] <= humans[i].since[looks]);
            assert_true(p->seen[i] <= humans[i].since[looks] + 1000); /* when the event came */
        } else if (p->seen[i] && p->seen[i] != fresh.seen[i]) {
            fail_msg("%d believes %d was seen at %lld, and is told %lld", looks, i,
                     (long long)p->seen[i], (long long)fresh.seen[i]);
        }
    }
    *p = fresh; /* that is what they know now */
}

static void quiet(struct world *w)
{
    for (int i = 0; i < PEOPLE; i++)
        for (int k = 0; k < DEVICES; k++)
            if (humans[i].pages[k].lost)
                humans[i].pages[k] = (struct page){.c = NULL};
    world_pass(w, MINUTE);
    for (int i = 0; i < PEOPLE; i++)
        for (int k = 0; k < DEVICES; k++)
            if (humans[i].pages[k].c)
                compare(&humans[i].pages[k], i);
}

static void run(uint64_t seed)
{
    struct world *w = world_new();
    char name[16];
    memset(humans, 0, sizeof humans);
    dice_at = seed * 0x9E3779B97F4A7C15u + 1;
    memset(w->cfg.rates, 0, sizeof w->cfg.rates);
    world_again(w);
    for (int i = 0; i < PEOPLE; i++) {
        humans[i].mode = "auto";
        snprintf(name, sizeof name, "human%d", i);
        put_person(w, (uint64_t)i + 1, name, name);
    }
    for (int step = 1; step <= STEPS && w->n_clients < CLIENTS_MAX - 1; step++) {
        act(w);
        world_pass(w, dice(10) ? dice(400000) : dice(15000000));
        for (int i = 0; i < PEOPLE; i++)
            for (int k = 0; k < DEVICES; k++)
                hear(&humans[i].pages[k]);
        if (step % QUIET_EVERY == 0)
            quiet(w);
    }
    /* everybody goes: nothing is left */
    for (int i = 0; i < PEOPLE; i++)
        for (int k = 0; k < DEVICES; k++)
            if (humans[i].pages[k].c && humans[i].pages[k].c->session)
                say(humans[i].pages[k].c, "{\"type\":\"bye\"}");
    world_pass(w, 2 * MINUTE);
    struct domain_counts n;
    domain_count(w->d, &n);
    assert_int_equal(n.people_pairs, 0);
    assert_int_equal(n.people_here, 0);
    assert_int_equal(w->d->users.n, 0);
    world_free(w);
}

static void what_pages_believe_is_what_is(void **state)
{
    const char *seed = getenv("SIM_SEED"), *runs = getenv("SIM_RUNS");
    (void)state;
    if (seed) {
        run(strtoull(seed, NULL, 10));
        return;
    }
    uint64_t n = runs ? strtoull(runs, NULL, 10) : RUNS / SLOW_ALONE;
    for (uint64_t i = 1; i <= n; i++) {
        print_message("seed %llu\n", (unsigned long long)i);
        run(i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_pages_believe_is_what_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
