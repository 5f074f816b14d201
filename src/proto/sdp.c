#include "proto/sdp.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "base/util.h"
#include "proto/sdp_int.h"

static const char *const names[SDP_RESULTS] = {"ok",     "size",      "line", "version",
                                               "media",  "attribute", "cap",  "mid",
                                               "bundle", "mux",       "ice",  "dtls"};

const char *sdp_result_name(enum sdp_result r)
{
    return (unsigned)r < SDP_RESULTS ? names[r] : "unknown";
}

/* ---- Words ---- */

struct str sdp_word(struct str *rest)
{
    struct str word;
    str_split_once(*rest, ' ', &word, rest);
    return word;
}

/* RFC 8866 9: token-char. */
bool sdp_is_token(struct str s)
{
    static const char others[] = "!#$%&'*+-.^_`{|}~";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return s.n > 0 && s.n <= SDP_TEXT_MAX;
}

static bool next_line(struct str *rest, struct str *line)
{
    if (rest->n == 0)
        return false;
    str_split_once(*rest, '\n', line, rest);
    if (str_ends(*line, STR("\r")))
        line->n--;
    return true;
}

/* ---- Sections ---- */

static bool has_rid(const struct sdp_section *s, struct str rid)
{
    for (unsigned i = 0; i < s->n_rids; i++) {
        if (str_eq(s->rids[i], rid))
            return true;
    }
    return false;
}

static void add_stream(struct sdp_reader *r, struct str rid, uint32_t ssrc)
{
    const struct sdp_section *s = &r->section;
    struct sdp_stream one = {.rid = rid, .ssrc = ssrc};
    for (unsigned i = 0; ssrc != 0 && i < s->n_fids; i++) {
        if (s->fids[i][0] == ssrc)
            one.rtx = s->fids[i][1];
    }
    r->m->streams[r->m->n_streams++] = one;
}

/* By rid if there is simulcast by rid, else by what the SSRCs are said to be. */
static void take_streams(struct sdp_reader *r)
{
    const struct sdp_section *s = &r->section;
    for (unsigned i = 0; i < s->n_simulcast; i++) {
        if (has_rid(s, s->simulcast[i]))
            add_stream(r, s->simulcast[i], 0);
    }
    r->m->by_rid = r->m->n_streams > 0;
    for (unsigned i = 0; !r->m->by_rid && i < s->n_sim; i++)
        add_stream(r, STR_NONE, s->sim[i]);
    if (r->m->n_streams == 0 && (r->m->direction & SDP_SENDS))
        add_stream(r, STR_NONE, s->n_fids > 0 ? s->fids[0][0] : s->n_ssrcs > 0 ? s->ssrcs[0] : 0);
}

static void end_section(struct sdp_reader *r)
{
    if (r->m == NULL)
        return;
    take_streams(r);
    for (unsigned i = 0; i < r->m->n_codecs; i++)
        r->m->codecs[i].feedback |= r->section.feedback_of_all;
    r->m->mixed |= r->mixed;
}

static enum sdp_kind kind_of(struct str name, struct str proto)
{
    if (!str_ends(proto, STR("RTP/SAVPF")))
        return SDP_OTHER;
    if (str_eq(name, STR("audio")))
        return SDP_AUDIO;
    return str_eq(name, STR("video")) ? SDP_VIDEO : SDP_OTHER;
}

/* RFC 8866 5.14: "audio 9 UDP/TLS/RTP/SAVPF 111 63" */
static enum sdp_result begin_section(struct sdp_reader *r, struct str value)
{
    struct str name = sdp_word(&value), port_text = sdp_word(&value), proto = sdp_word(&value);
    uint64_t port;
    end_section(r);
    if (!sdp_is_token(name) || !str_to_u64(port_text, 65535, &port) || proto.n == 0 ||
        proto.n > SDP_TEXT_MAX || value.n == 0)
        return SDP_E_MEDIA;
    if (r->sdp->n == SDP_LINES_MAX)
        return SDP_E_CAP;
    r->here = &r->all[r->sdp->n];
    r->m = &r->sdp->lines[r->sdp->n++];
    r->m->name = name;
    r->m->proto = proto;
    r->m->fmts = value;
    r->m->kind = kind_of(name, proto);
    r->m->rejected = port == 0;
    r->m->direction = r->direction;
    memset(&r->section, 0, sizeof r->section);
    *r->here = r->session;
    r->here->inherited = true;
    return sdp_formats(r->m);
}

/* ---- All lines ---- */

/* Parts of it will be in our answer: what another parser could take for the end of a line is refused. */
static bool is_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

static enum sdp_result take_line(struct sdp_reader *r, struct str line, unsigned number)
{
    struct str name, value;
    if (line.n < 2 || line.p[1] != '=' || line.p[0] < 'a' || line.p[0] > 'z' || !is_text(line))
        return SDP_E_LINE;
    if (number == 1)
        return str_eq(line, STR("v=0")) ? SDP_OK : SDP_E_VERSION;
    if (line.p[0] == 'm')
        return begin_section(r, str_skip(line, 2));
    if (line.p[0] != 'a')
        return SDP_OK;
    str_split_once(str_skip(line, 2), ':', &name, &value);
    return sdp_attribute(r, name, value);
}

static unsigned count_sections(struct str text)
{
    unsigned n = 0;
    for (struct str line; next_line(&text, &line);)
        n += str_starts(line, STR("m="));
    return n;
}

static bool is_bundled(struct str list, struct str mid)
{
    for (struct str one; (one = sdp_word(&list)).n > 0;) {
        if (str_eq(one, mid))
            return true;
    }
    return false;
}

static bool is_in_use(const struct sdp_media *m)
{
    return !m->rejected && m->kind != SDP_OTHER;
}

/* Who has one line only need not name it, nor put it into a group. */
static bool is_alone(const struct sdp_reader *r)
{
    unsigned used = 0;
    for (unsigned i = 0; i < r->sdp->n; i++)
        used += is_in_use(&r->sdp->lines[i]);
    return used == 1 && !r->sdp->grouped;
}

/* Every line has a name of its own; those in use share one transport. */
static enum sdp_result check_lines(struct sdp_reader *r)
{
    struct sdp *s = r->sdp;
    bool alone = is_alone(r);
    for (unsigned i = 0; i < s->n; i++) {
        struct sdp_media *m = &s->lines[i];
        for (unsigned k = 0; k < i; k++) {
            if (m->mid.n > 0 && str_eq(m->mid, s->lines[k].mid))
                return SDP_E_MID;
        }
        m->bundled = m->mid.n > 0 && is_bundled(r->bundle, m->mid);
        if (!is_in_use(m))
            continue;
        if (m->mid.n == 0 && !alone)
            return SDP_E_MID;
        if (!m->bundled && !alone)
            return SDP_E_BUNDLE;
        if (!m->mux)
            return SDP_E_MUX;
    }
    return SDP_OK;
}

/* RFC 9143 7.1.3: the first one of the group speaks for all; without a group, the one line. */
static enum sdp_result take_transport(struct sdp_reader *r)
{
    struct str list = r->bundle, first = sdp_word(&list);
    struct sdp *s = r->sdp;
    const struct sdp_security *sec = &r->session;
    for (unsigned i = 0; i < s->n; i++) {
        if (s->grouped ? str_eq(s->lines[i].mid, first) : is_in_use(&s->lines[i]))
            sec = &r->all[i];
    }
    if (sec->ufrag.n == 0 || sec->pwd.n == 0 || r->lite)
        return SDP_E_ICE;
    if (sec->fingerprint_n == 0 || sec->passive)
        return SDP_E_DTLS;
    s->ufrag = sec->ufrag;
    s->pwd = sec->pwd;
    s->hash = sec->hash;
    s->fingerprint_n = sec->fingerprint_n;
    memcpy(s->fingerprint, sec->fingerprint, sizeof s->fingerprint);
    return SDP_OK;
}

static enum sdp_result read_all(struct sdp_reader *r, struct str text, unsigned *line)
{
    enum sdp_result e = SDP_OK;
    *line = 0;
    for (struct str one; e == SDP_OK && next_line(&text, &one);)
        e = take_line(r, one, ++*line);
    if (e != SDP_OK)
        return e;
    *line = 0;
    end_section(r);
    r->sdp->grouped = r->bundle.n > 0;
    e = check_lines(r);
    return e == SDP_OK ? take_transport(r) : e;
}

enum sdp_result sdp_parse(struct sdp *out, struct str text, unsigned *line)
{
    struct sdp_reader r = {.sdp = out, .here = &r.session, .direction = SDP_SENDS | SDP_RECEIVES};
    unsigned n = MIN_OF(count_sections(text), (unsigned)SDP_LINES_MAX);
    memset(out, 0, sizeof *out);
    *line = 0;
    if (text.n == 0 || text.n > SDP_MAX)
        return SDP_E_SIZE;
    if (!utf8_valid(text.p, text.n))
        return SDP_E_LINE;
    out->lines = mem_try_alloc((n + 1) * sizeof *out->lines);
    r.all = mem_try_alloc((n + 1) * sizeof *r.all);
    enum sdp_result e = SDP_E_CAP;
    if (out->lines != NULL && r.all != NULL) {
        memset(out->lines, 0, (n + 1) * sizeof *out->lines);
        e = read_all(&r, text, line);
    }
    xfree(r.all);
    if (e != SDP_OK)
        sdp_free(out);
    return e;
}

void sdp_free(struct sdp *s)
{
    xfree(s->lines);
    memset(s, 0, sizeof *s);
}
