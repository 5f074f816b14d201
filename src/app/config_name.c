#include "app/config_int.h"
#include "base/util.h"

const struct config_row config_rows[CONFIG_ROWS] = {
#define CONFIG_OFFSET_SECTION(field) 0
#define CONFIG_OFFSET_INT(field)     offsetof(struct config, field)
#define CONFIG_OFFSET_SIZE           CONFIG_OFFSET_INT
#define CONFIG_OFFSET_TIME           CONFIG_OFFSET_INT
#define CONFIG_OFFSET_RATE           CONFIG_OFFSET_INT
#define CONFIG_OFFSET_CHOICE         CONFIG_OFFSET_INT
#define CONFIG_OFFSET_BITS           CONFIG_OFFSET_INT
#define CONFIG_OFFSET_PORTS          CONFIG_OFFSET_INT
#define CONFIG_OFFSET_ENDPOINT       CONFIG_OFFSET_INT
#define CONFIG_OFFSET_PATH           CONFIG_OFFSET_INT
#define CONFIG_OFFSET_TEXT           CONFIG_OFFSET_INT
#define CONFIG_OFFSET_ADDRS          CONFIG_OFFSET_INT
#define CONFIG_OFFSET_CIDRS          CONFIG_OFFSET_INT
#define CONFIG_OFFSET_HOSTS          CONFIG_OFFSET_INT
#define CONFIG_OFFSET_ORIGINS        CONFIG_OFFSET_INT
#define CONFIG_OFFSET_USERS          CONFIG_OFFSET_INT
#define CONFIG_OFFSET_SECRETS        CONFIG_OFFSET_INT
#define X(type, field, arg, def, lo, hi, help) \
    {#field, arg, def, help, lo, hi, CONFIG_OFFSET_##type(field), CONFIG_T_##type},
    CONFIG_TABLE(X)
#undef X
};

/* The character of a name that people write for one of the field. */
static char name_char(char c)
{
    return c == '_' ? '-' : c;
}

static char env_char(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void put_mapped(struct buf *out, const char *field, char (*map)(char))
{
    for (; *field; field++)
        buf_u8(out, (uint8_t)map(*field));
}

void config_put_name(struct buf *out, const struct config_row *row)
{
    put_mapped(out, row->field, name_char);
}

void config_put_env(struct buf *out, const struct config_row *row)
{
    buf_puts(out, "MADANG_");
    put_mapped(out, row->field, env_char);
}

bool config_is_switch(const struct config_row *row)
{
    return row->type == CONFIG_T_CHOICE && str_eq(str_from(row->arg), STR("off|on"));
}

static const struct config_row *find(struct str name, char (*map)(char))
{
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        const struct config_row *row = &config_rows[i];
        size_t k = 0;
        while (k < name.n && row->field[k] && name.p[k] == map(row->field[k]))
            k++;
        if (row->type != CONFIG_T_SECTION && k == name.n && !row->field[k])
            return row;
    }
    return NULL;
}

const struct config_row *config_by_name(struct str name)
{
    return find(name, name_char);
}

const struct config_row *config_by_env(struct str name)
{
    return str_starts(name, STR("MADANG_")) ? find(str_skip(name, 7), env_char) : NULL;
}

enum { NAME_MAX_LEN = 40 };

/* How many letters have to be put in, taken out, replaced, or swapped with their neighbour to make
 * b of a. Both are at most NAME_MAX_LEN long. */
static size_t distance(struct str a, struct str b)
{
    size_t rows[3][NAME_MAX_LEN + 1], *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b.n; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t d = last[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            d = MIN_OF(d, last[j] + 1);
            d = MIN_OF(d, now[j - 1] + 1);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                d = MIN_OF(d, before[j - 2] + 1);
            now[j] = d;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b.n];
}

/* The name of the table that is nearest to what was written, if it is near at all. */
static const struct config_row *guess(struct str name)
{
    const struct config_row *best = NULL;
    size_t least = name.n / 4 + 2;
    char text[NAME_MAX_LEN];
    if (name.n < 2 || name.n > NAME_MAX_LEN)
        return NULL;
    for (size_t i = 0; i < name.n; i++)
        text[i] = name.p[i] == '-' ? '_' : str_lower_char(name.p[i]);
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        struct str field = str_from(config_rows[i].field);
        size_t d = distance(str_of(text, name.n), field);
        if (config_rows[i].type != CONFIG_T_SECTION && d < least && d < field.n) {
            least = d;
            best = &config_rows[i];
        }
    }
    return best;
}

const struct config_row *config_guess_name(struct str name)
{
    return guess(name);
}

/* Other programs put names with our prefix into the environment too (a cluster that calls a
 * service "madang", our own test scripts): only what is one slip away counts as meant. */
const struct config_row *config_guess_env(struct str name)
{
    struct str rest = str_skip(name, 7);
    const struct config_row *row = guess(rest);
    char lower[NAME_MAX_LEN];
    for (size_t i = 0; row && i < rest.n; i++)
        lower[i] = str_lower_char(rest.p[i]);
    return row && distance(str_of(lower, rest.n), str_from(row->field)) == 1 ? row : NULL;
}

const char *config_section_of(const struct config_row *row)
{
    while (row->type != CONFIG_T_SECTION)
        row--;
    return row->field;
}

bool config_is_section(struct str name)
{
    for (size_t i = 0; i < CONFIG_ROWS; i++)
        if (config_rows[i].type == CONFIG_T_SECTION && str_eq(name, str_from(config_rows[i].field)))
            return true;
    return false;
}
