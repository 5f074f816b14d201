#include "edge/web/sdp_scan.h"

/* candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ ... (RFC 8839, 5.1) */
static void scan_candidate(struct str line, struct sdp_scan *out)
{
    struct str word;
    uint64_t port;
    for (int i = 0; i < 4; i++)
        if (!str_split_once(line, ' ', &word, &line))
            return;
    struct str host, rest;
    if (!str_split_once(line, ' ', &host, &rest) || host.n == 0)
        return;
    str_split_once(rest, ' ', &word, &rest);
    if (!str_to_u64(word, 65535, &port))
        return;
    if (out->n_addrs == SDP_SCAN_ADDRS) {
        out->more_addrs = true;
        return;
    }
    out->addrs[out->n_addrs++] = (struct sdp_addr){host, (uint16_t)port};
}

static void scan_attribute(struct str line, struct sdp_scan *out)
{
    struct str ufrag = STR("a=ice-ufrag:"), pwd = STR("a=ice-pwd:"), cand = STR("a=candidate:");
    if (line.p[2] == 'c') {
        if (str_starts(line, cand))
            scan_candidate(str_skip(line, cand.n), out);
    } else if (line.p[2] == 'i') {
        if (out->ufrag.n == 0 && str_starts(line, ufrag))
            out->ufrag = str_skip(line, ufrag.n);
        else if (out->pwd.n == 0 && str_starts(line, pwd))
            out->pwd = str_skip(line, pwd.n);
    }
}

void sdp_scan(struct str body, struct sdp_scan *out)
{
    out->ufrag = STR_NONE;
    out->pwd = STR_NONE;
    out->n_addrs = 0;
    out->more_addrs = false;
    while (body.n) {
        const char *end = memchr(body.p, '\n', body.n);
        size_t n = end ? (size_t)(end - body.p) : body.n;
        struct str line = str_of(body.p, n > 0 && body.p[n - 1] == '\r' ? n - 1 : n);
        if (line.n > 2 && line.p[0] == 'a' && line.p[1] == '=')
            scan_attribute(line, out);
        body = str_skip(body, end ? n + 1 : n);
    }
}
