/* What of a description a session of WHIP or WHEP changes, or says again, when ICE begins anew: its credentials. */
#include "base/mem.h"
#include "domain/whip.h"

static struct str next_line(struct str *rest)
{
    struct str line = *rest;
    if (str_split_once(*rest, '\n', &line, rest))
        line.n++;
    else
        *rest = STR_NONE;
    return line;
}

void whip_renew_offer(struct whip *w, struct str ufrag, struct str pwd)
{
    struct buf b;
    struct str rest = w->offer;
    buf_init(&b, WHIP_BODY_MAX + 64 * 1024);
    while (rest.n > 0) {
        struct str line = next_line(&rest);
        if (str_starts(line, STR("a=ice-ufrag:")))
            buf_putf(&b, "a=ice-ufrag:" PRIstr "\r\n", STR_ARG(ufrag));
        else if (str_starts(line, STR("a=ice-pwd:")))
            buf_putf(&b, "a=ice-pwd:" PRIstr "\r\n", STR_ARG(pwd));
        else
            buf_put_str(&b, line);
    }
    xfree((void *)(uintptr_t)w->offer.p);
    w->offer = str_of(str_dup(buf_str(&b)), buf_len(&b));
    buf_free(&b);
}

bool whip_has_ufrag(const struct whip *w, struct str ufrag)
{
    struct str rest = w->offer;
    while (rest.n > 0) {
        struct str line = str_trim(next_line(&rest));
        if (str_starts(line, STR("a=ice-ufrag:")))
            return str_eq(str_skip(line, strlen("a=ice-ufrag:")), ufrag);
    }
    return false;
}

void whip_put_fragment(struct buf *b, struct str sdp)
{
    struct str rest = sdp;
    bool ufrag = false, pwd = false;
    while (rest.n > 0 && !(ufrag && pwd)) {
        struct str line = str_trim(next_line(&rest));
        bool is_ufrag = str_starts(line, STR("a=ice-ufrag:")),
             is_pwd = str_starts(line, STR("a=ice-pwd:"));
        if ((is_ufrag && !ufrag) || (is_pwd && !pwd))
            buf_putf(b, PRIstr "\r\n", STR_ARG(line));
        ufrag |= is_ufrag;
        pwd |= is_pwd;
    }
}
