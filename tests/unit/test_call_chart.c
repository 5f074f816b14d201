/* docs/architecture/calls.md shows the table of calls as it is. With MADANG_WRITE_DOCS=1 it is written there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "domain/call_fsm.h"

#define DOC   TESTS_DIR "/../docs/architecture/calls.md"
#define BEGIN "<!-- made from the table: begin -->\n"
#define END   "<!-- made from the table: end -->\n"

static const struct call_step *step_of(int s, int e)
{
    return call_fsm((enum call_state)s, (enum call_event)e);
}

/* All that leads from one state to another, on one arrow. */
static void arrow(struct buf *b, int from, int to)
{
    const char *sep = ": ";
    for (int e = 0; e < CALL_EVENTS; e++) {
        const struct call_step *step = step_of(from, e);
        if (step->action == CACT_IGNORE || (int)step->next != to)
            continue;
        if (sep[0] == ':')
            buf_putf(b, "    %s --> %s",
                     from == CALL_IDLE ? "[*]" : call_state_text((enum call_state)from),
                     call_state_text((enum call_state)to));
        buf_putf(b, "%s%s", sep, call_event_text((enum call_event)e));
        sep = " / ";
    }
    if (sep[0] != ':')
        buf_puts(b, "\n");
}

static void chart(struct buf *b)
{
    buf_puts(b, "```mermaid\nstateDiagram-v2\n");
    for (int from = 0; from < CALL_STATES; from++)
        for (int to = 0; to < CALL_STATES; to++)
            if (from != to)
                arrow(b, from, to);
    buf_puts(b, "    ended --> [*]\n```\n\n");
}

static void rows(struct buf *b, int s)
{
    const char *sep = "\nNothing comes of: ";
    buf_putf(b, "**%s**\n\n| event | then | what is done |\n|---|---|---|\n",
             call_state_text((enum call_state)s));
    for (int e = 0; e < CALL_EVENTS; e++) {
        const struct call_step *step = step_of(s, e);
        if (step->action != CACT_IGNORE)
            buf_putf(b, "| %s | %s | %s |\n", call_event_text((enum call_event)e),
                     (int)step->next == s ? "" : call_state_text(step->next),
                     call_action_text(step->action));
    }
    for (int e = 0; e < CALL_EVENTS; e++) {
        if (step_of(s, e)->action != CACT_IGNORE)
            continue;
        buf_putf(b, "%s%s", sep, call_event_text((enum call_event)e));
        sep = "; ";
    }
    buf_puts(b, ".\n\n");
}

static char *read_doc(void)
{
    FILE *f = fopen(DOC, "r");
    assert_non_null(f);
    char *text = calloc(1, 100000);
    assert_non_null(text);
    assert_true(fread(text, 1, 99999, f) > 100);
    fclose(f);
    return text;
}

static void write_doc(const char *doc, const char *from, const char *to, struct str made)
{
    FILE *f = fopen(DOC, "w");
    assert_non_null(f);
    fwrite(doc, 1, (size_t)(from - doc), f);
    fwrite(made.p, 1, made.n, f);
    fputs(to, f);
    assert_int_equal(fclose(f), 0);
}

static void the_document_shows_the_table(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    chart(&b);
    for (int s = 0; s < CALL_STATES; s++)
        rows(&b, s);
    char *doc = read_doc();
    const char *from = strstr(doc, BEGIN), *to = strstr(doc, END);
    assert_non_null(from);
    assert_non_null(to);
    from += strlen(BEGIN);
    if (getenv("MADANG_WRITE_DOCS"))
        write_doc(doc, from, to, buf_str(&b));
    else if (!str_eq(str_of(from, (size_t)(to - from)), buf_str(&b)))
        fail_msg("docs/architecture/calls.md is not what the table says: run MADANG_WRITE_DOCS=1 "
                 "test_call_chart");
    free(doc);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_shows_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
