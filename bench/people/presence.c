/* 10,000 people with 200 watchers each: what it costs when one of them changes, goes and comes. */
#include "people.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { PEOPLE = 10000, WATCHERS = 200, CHANGES = 1000, SECOND = 1000000 };

static struct house h;
static uint64_t sessions[PEOPLE];

static long resident_kb(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*d %ld", &pages) != 1)
        die("/proc/self/statm");
    fclose(f);
    return pages * 4;
}

static void start_counting(uint64_t watcher)
{
    house_pass(&h, 5 * SECOND);
    h.sent = h.told = h.bytes = h.heard = 0;
    h.db_us = 0;
    h.watcher = watcher;
}

static void say(const char *label, int64_t cpu, unsigned n)
{
    printf("%-50s CPU %6.1f us each; %6.1f events each, %5.1f of them encoded\n", label,
           (double)cpu / n, (double)h.told / n, (double)h.sent / n);
}

static void idle(unsigned who, bool on)
{
    house_cmd(&h, &(struct cmd){.type = CMD_IDLE, .session = sessions[who], .u.people.on = on});
}

/* One change after the other, or all within a second. */
static void measure_changes(const char *label, int64_t every_us)
{
    start_counting(0);
    int64_t began = cpu_us();
    for (unsigned i = 0; i < CHANGES; i++) {
        idle(i * 7 % PEOPLE, true);
        house_pass(&h, every_us);
    }
    house_pass(&h, SECOND);
    say(label, cpu_us() - began, CHANGES);
    for (unsigned i = 0; i < CHANGES; i++)
        idle(i * 7 % PEOPLE, false);
    house_pass(&h, SECOND);
}

static void measure_coming(void)
{
    start_counting(0);
    int64_t began = cpu_us();
    for (unsigned i = 0; i < CHANGES; i++) {
        house_cmd(&h, &(struct cmd){.type = CMD_BYE, .session = sessions[i]});
        house_pass(&h, SECOND / CHANGES);
    }
    house_pass(&h, 10 * SECOND);
    say("1,000 go within a second", cpu_us() - began - h.db_us, CHANGES);
    start_counting(sessions[PEOPLE - 1]);
    began = cpu_us();
    for (unsigned i = 0; i < CHANGES; i++) {
        sessions[i] = house_hello(&h, i + 1);
        house_pass(&h, SECOND / CHANGES);
    }
    house_pass(&h, SECOND);
    say("1,000 come within a second (with their hello)", cpu_us() - began - h.db_us, CHANGES);
    printf("    of that, one who watches %d of them got %llu messages\n", WATCHERS,
           (unsigned long long)h.heard);
}

/* Everybody looks at the WATCHERS who come after them. */
static void watch(unsigned who)
{
    uint64_t ids[WATCHERS];
    for (unsigned k = 0; k < WATCHERS; k++)
        ids[k] = (who + 1 + k) % PEOPLE + 1;
    struct cmd cmd = {.type = CMD_PEOPLE_WATCH, .session = sessions[who], .id = 2};
    cmd.u.people.watch.users = (struct id_list){ids, WATCHERS};
    house_cmd(&h, &cmd);
}

void measure_presence(void)
{
    char name[32];
    house_open(&h, ":memory:");
    for (unsigned i = 0; i < PEOPLE; i++) {
        snprintf(name, sizeof name, "user%05u", i);
        house_person(&h, i + 1, name, name);
        house_cookie(&h, i + 1);
    }
    long before = resident_kb();
    for (unsigned i = 0; i < PEOPLE; i++)
        sessions[i] = house_hello(&h, i + 1);
    long here = resident_kb();
    printf("%d people, each watched by %d:\n", PEOPLE, WATCHERS);
    printf("%-50s %.1f kB each (session and person, without their connection)\n", "memory",
           (double)(here - before) / PEOPLE);
    int64_t began = cpu_us();
    h.db_us = 0;
    for (unsigned i = 0; i < PEOPLE; i++)
        watch(i);
    printf("%-50s CPU %6.1f us each, and %.1f of the database\n", "people_watch of 200",
           (double)(cpu_us() - began - h.db_us) / PEOPLE, (double)h.db_us / PEOPLE);
    printf("%-50s %.0f bytes for each pair\n", "memory of watching",
           (double)(resident_kb() - here) * 1024 / PEOPLE / WATCHERS);
    measure_changes("one changes, the next one a second later", SECOND);
    measure_changes("1,000 change within a second", SECOND / CHANGES);
    measure_coming();
    house_close(&h);
}
