#include <ini.h>

#include "app/config_int.h"
#include "base/util.h"

/* libinih asks for lines; handing them out one by one tells which one a value comes from. */
struct lines {
    struct config_loader *loader;
    struct str rest;
    uint32_t line;
    bool bad; /* the reader has complained itself */
};

/* As fgets, for libinih: a line without its end. Leading space is taken off, since libinih would
 * take an indented line for more of the value above. */
static char *next_line(char *to, int size, void *arg)
{
    struct lines *in = arg;
    struct str line;
    if (in->bad || in->rest.n == 0)
        return NULL;
    str_split_once(in->rest, '\n', &line, &in->rest);
    in->line++;
    line = str_trim(line);
    if (str_chr(line, '\0') != STR_NPOS) {
        config_complain(in->loader, in->line, "there is a NUL byte; this is no text file");
        in->bad = true;
        return NULL;
    }
    if (line.n + 2 > (size_t)size) {
        config_complain(in->loader, in->line,
                        "the line is longer than %d characters; a list may stand in several "
                        "lines, each with the name before it",
                        size - 2);
        line.n = 0;
    }
    str_copy(line, to, (size_t)size);
    return to;
}

static int take(void *arg, const char *section, const char *name, const char *value)
{
    struct lines *in = arg;
    config_take_line(in->loader, in->line, str_from(section), str_from(name), str_from(value));
    return 1; /* complaints are collected elsewhere */
}

void config_file_parse(struct config_loader *l, struct str file)
{
    struct lines in = {.loader = l, .rest = file};
    int line = ini_parse_stream(next_line, &in, take, &in);
    if (line > 0)
        config_complain(l, (uint32_t)line, "this is neither [section] nor name = value");
    else if (line < 0)
        config_complain(l, 1, "there is not enough memory to read it");
}
