/* Failures of guessing over a restart: one text in the table `setting`, of a line for each name. */
#include "domain/account.h"

#include "base/buf.h"

#define DAY_MS      INT64_C(86400000)
#define KEY         STR("attempts")
#define WRITE_EVERY (5 * INT64_C(1000000))

enum { KEPT_MAX = 256, LINE = 64 };

/* domain.attempts_known */
enum { NOT_ASKED, ASKED, LOADED };

void attempts_start(struct domain *d)
{
    static const char what[] = "attempts"; /* what the key is for: not that of tickets itself */
    uint8_t mac[SHA256_SIZE];
    struct hash_key key;
    hmac_sha256(d->cfg.ticket_key, sizeof d->cfg.ticket_key, what, sizeof what, mac);
    memcpy(&key, mac, sizeof key);
    attempts_init(&d->attempts, &key);
    d->attempts_written = INT64_MIN / 2;
}

/* name failures time, the steady time in milliseconds */
static bool line_read(const struct domain *d, struct str line, struct attempt_kept *k)
{
    struct str name, failures, time;
    uint64_t n, at;
    if (!str_split_once(line, ' ', &name, &line) || !str_split_once(line, ' ', &failures, &time) ||
        !str_to_u64(name, UINT64_MAX, &k->name) || !str_to_u64(failures, UINT32_MAX, &n) ||
        !str_to_u64(time, INT64_MAX, &at))
        return false;
    k->failures = (uint32_t)n;
    /* a clock that goes back: as if it were just now */
    k->ago_us = (int64_t)at < d->steady ? MIN_OF(d->steady - (int64_t)at, DAY_MS) * 1000 : 0;
    return true;
}

static void loaded(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row;
    struct str line, lines = STR_NONE;
    struct attempt_kept kept;
    (void)a;
    if (answer->db->status != DB_OK) {
        d->attempts_known = NOT_ASKED; /* the next one who tries asks again */
        return;
    }
    d->attempts_known = LOADED;
    if (db_row(answer->db, &row, 1))
        lines = row.s;
    for (int n = 0; lines.n > 0 && n < KEPT_MAX; n++) {
        str_split_once(lines, '\n', &line, &lines);
        if (line_read(d, line, &kept))
            attempts_load(&d->attempts, d->now, &kept);
    }
}

void attempts_boot(struct domain *d)
{
    if (d->attempts_known != NOT_ASKED)
        return;
    d->attempts_known = ASKED;
    ASK_DB(d, ask_new(d, (struct asker){0}, loaded, NULL, 0), DB_SETTING_GET, VAL_T(KEY));
}

int64_t attempts_deadline(const struct domain *d)
{
    return d->attempts.changed && d->attempts_known == LOADED ? d->attempts_written + WRITE_EVERY
                                                              : INT64_MAX;
}

void attempts_write(struct domain *d)
{
    struct attempt_kept kept[KEPT_MAX];
    struct buf text;
    if (!d->attempts.changed || d->attempts_known != LOADED)
        return;
    buf_init(&text, KEPT_MAX * LINE);
    size_t n = attempts_save(&d->attempts, d->now, kept, KEPT_MAX);
    for (size_t i = 0; i < n; i++)
        buf_putf(&text, "%llu %u %lld\n", (unsigned long long)kept[i].name, kept[i].failures,
                 (long long)(d->steady - kept[i].ago_us / 1000));
    ASK_AND_FORGET(d, DB_SETTING_SET, VAL_T(KEY), VAL_T(buf_str(&text)));
    d->attempts_written = d->now;
    buf_free(&text);
}

void attempts_tick(struct domain *d)
{
    if (attempts_deadline(d) <= d->now)
        attempts_write(d);
}
