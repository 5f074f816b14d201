#include "app/sfu_letter.h"

#include <string.h>

#include "base/mem.h"
#include "base/util.h"

static void drop(struct letter *l)
{
    xfree(container_of(l, struct media_sfu, letter));
}

struct media_sfu *sfu_letter(enum media_kind kind, uint64_t room, uint64_t peer, unsigned n,
                             struct str text)
{
    struct media_sfu *m = xcalloc(1, sizeof *m + n * sizeof m->lines[0] + text.n);
    m->letter = (struct letter){.kind = kind, .drop = drop};
    m->room = room;
    m->peer = peer;
    m->n_lines = n;
    m->text_n = (uint32_t)text.n;
    if (text.n > 0)
        memcpy(media_sfu_text(m), text.p, text.n);
    return m;
}
