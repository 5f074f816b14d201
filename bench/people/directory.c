/* Searching a directory of 100,000 people: from the request to the answer as JSON, with the database between. */
#include "people.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { PEOPLE = 100000, ONLINE = 10000, TIMES = 300 };

/* Family names with how many of a hundred have them, and syllables of given names. */
static const struct {
    const char *name;
    unsigned share;
} families[] = {{"김", 21}, {"이", 15}, {"박", 8}, {"최", 5}, {"정", 5}, {"강", 3},
                {"조", 3},  {"윤", 3},  {"장", 3}, {"임", 3}, {"한", 3}, {"오", 2},
                {"서", 2},  {"신", 2},  {"권", 2}, {"황", 2}, {"안", 2}, {"송", 2}};
static const char *const syllables[] = {
    "민", "서", "지", "현", "우", "준", "수", "진", "영", "호", "은", "혜", "성", "훈", "유", "나",
    "하", "도", "윤", "아", "연", "주", "경", "미", "정", "선", "희", "태", "동", "건", "재", "승"};
static const char *const first_names[] = {"James", "Maria",  "Jane", "Jack", "Olga",  "Peter",
                                          "Kim",   "Sophie", "Ada",  "Alan", "Grace", "Linus"};
static const char *const last_names[] = {"Smith", "Kimball", "Jansen", "Novak", "Park", "Lopez",
                                         "Meyer", "Okafor",  "Rossi",  "Berg",  "Lee",  "Khan"};

static uint32_t dice(uint32_t sides)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (uint32_t)((x >> 20) % sides);
}
#define ANY(list) list[dice(sizeof list / sizeof *list)]

static void make_name(char *out, size_t cap)
{
    if (dice(10) == 0) {
        snprintf(out, cap, "%s %s", ANY(first_names), ANY(last_names));
        return;
    }
    size_t at = 0;
    for (int left = (int)dice(86); at < sizeof families / sizeof *families - 1; at++)
        if ((left -= (int)families[at].share) < 0)
            break;
    snprintf(out, cap, "%s%s%s", families[at].name, ANY(syllables), ANY(syllables));
}

static void make_people(struct house *h)
{
    char name[32], display[64];
    for (uint64_t i = 1; i <= PEOPLE; i++) {
        if (i % 1000 == 1 && db_begin(h->db) != DB_OK)
            die("begin");
        make_name(display, sizeof display);
        snprintf(name, sizeof name, "user%06u", (unsigned)i);
        house_person(h, i, name, display);
        if (i <= ONLINE)
            house_cookie(h, i);
        if (i % 1000 == 0 && db_commit(h->db) != DB_OK)
            die("commit");
    }
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

/* Asks TIMES times for a page of 50, each behind the one before (from the start again after the last). */
static void measure(struct house *h, uint64_t session, const char *label, const char *query,
                    enum people_only only)
{
    int64_t took[TIMES], cpu = 0;
    unsigned found = 0;
    char after[2100] = "";
    h->db_us = 0;
    for (int i = 0; i < TIMES; i++) {
        struct cmd cmd = {.type = CMD_PEOPLE, .session = session, .id = 2};
        cmd.u.people.find = (struct cmd_people){
            .query = str_from(query), .only = only, .after = str_from(after), .limit = 50};
        int64_t began = clock_mono_us(), began_cpu = cpu_us();
        house_cmd(h, &cmd);
        took[i] = clock_mono_us() - began;
        cpu += cpu_us() - began_cpu;
        const char *answer = buf_cstr(&h->answer);
        const char *next = answer ? strstr(answer, "\"next\":\"") : NULL;
        if (!answer || !strstr(answer, "\"people\":["))
            die(answer ? answer : "no answer");
        found += count(answer, "\"user\":\"");
        after[0] = 0;
        if (next)
            snprintf(after, sizeof after, "%.*s", (int)strcspn(next + 8, "\""), next + 8);
    }
    printf("%-44s %5.1f found, median %4lld us, p99 %5lld us, max %5lld us; CPU %4lld us, "
           "of which the database %4lld\n",
           label, found / (double)TIMES, (long long)part(took, TIMES, 0.5),
           (long long)part(took, TIMES, 0.99), (long long)part(took, TIMES, 1),
           (long long)cpu / TIMES, (long long)h->db_us / TIMES);
}

static void remove_files(const char *path)
{
    static const char *const more[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char file[4200];
        snprintf(file, sizeof file, "%s%s", path, more[i]);
        unlink(file);
    }
}

void measure_directory(const char *dir)
{
    struct house h;
    char path[4100];
    snprintf(path, sizeof path, "%.4000s/people_load.db", dir);
    remove_files(path);
    house_open(&h, path);
    make_people(&h);
    uint64_t me = house_hello(&h, 1);
    printf("\nDirectory of %d people, pages of 50, one behind the other:\n", PEOPLE);
    measure(&h, me, "all of them", "", PEOPLE_ALL);
    measure(&h, me, "\"김\" (a fifth of all)", "김", PEOPLE_ALL);
    measure(&h, me, "\"ㄱ\" (a letter)", "ㄱ", PEOPLE_ALL);
    measure(&h, me, "\"ㄱㅁㅅ\" (initial consonants)", "ㄱㅁㅅ", PEOPLE_ALL);
    measure(&h, me, "\"김ㅁ\" (being typed)", "김ㅁ", PEOPLE_ALL);
    measure(&h, me, "\"민서\" (a given name)", "민서", PEOPLE_ALL);
    measure(&h, me, "\"u\" (everybody)", "u", PEOPLE_ALL);
    measure(&h, me, "\"user0999\"", "user0999", PEOPLE_ALL);
    measure(&h, me, "\"kim ja\" (two words)", "kim ja", PEOPLE_ALL);
    measure(&h, me, "\"user 김민\" (two, one is everybody's)", "user 김민", PEOPLE_ALL);
    measure(&h, me, "\"u khan\" (two, both are found often)", "u khan", PEOPLE_ALL);
    measure(&h, me, "\"nobody\"", "nobody", PEOPLE_ALL);
    for (uint64_t i = 2; i <= ONLINE; i++)
        house_hello(&h, i);
    printf("With %d of them online:\n", ONLINE);
    measure(&h, me, "only online", "", PEOPLE_ONLINE);
    measure(&h, me, "only online, \"김\"", "김", PEOPLE_ONLINE);
    measure(&h, me, "only online, \"grace khan\"", "grace khan", PEOPLE_ONLINE);
    house_close(&h);
    remove_files(path);
}
