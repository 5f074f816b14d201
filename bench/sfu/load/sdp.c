/* Descriptions: as little as every server takes. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sfu_load.h"

static const char TWCC_URI[] =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/* A line of n characters that numbers the packets of the transport? */
static bool is_twcc(const char *line, size_t n)
{
    size_t uri = strlen(TWCC_URI);
    return n > uri && strncmp(line + n - uri, TWCC_URI, uri) == 0;
}

struct text {
    char *p;
    size_t n;
};
#define PUT(t, ...) ((t)->n += (size_t)snprintf((t)->p + (t)->n, SDP_TEXT - (t)->n, __VA_ARGS__))

static void put_transport(struct text *t, const struct client *c)
{
    char ip[16];
    inet_ntop(AF_INET, &c->at.sin_addr, ip, sizeof ip);
    PUT(t, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:active\r\n",
        c->ufrag, c->pwd, client_fingerprint());
    PUT(t, "a=candidate:1 1 udp 2130706431 %s %u typ host\r\n", ip, ntohs(c->at.sin_port));
}

static void put_line(struct text *t, const struct client *c, unsigned mid, enum kind kind,
                     bool sends)
{
    uint32_t ssrc = c->id * 10;
    bool rtx = c->l->twcc && kind == VIDEO;
    PUT(t, "m=%s 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=mid:%u\r\na=rtcp-mux\r\n",
        kind == VIDEO ? "video" : "audio",
        kind == AUDIO ? "111"
        : rtx         ? "96 97"
                      : "96",
        mid);
    put_transport(t, c);
    PUT(t, "a=%s\r\na=rtcp-rsize\r\n", sends ? "sendonly" : "recvonly");
    if (c->l->twcc)
        PUT(t, "a=extmap:%d %s\r\n", EXT_TWCC, TWCC_URI);
    if (kind == AUDIO)
        PUT(t, "a=rtpmap:111 opus/48000/2\r\n");
    else
        PUT(t, "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n");
    if (c->l->twcc)
        PUT(t, "a=rtcp-fb:%d transport-cc\r\n", kind == VIDEO ? PT_VP8 : PT_OPUS);
    if (rtx)
        PUT(t, "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n");
    if (!sends)
        return;
    PUT(t, "a=msid:s%u t%u\r\n", c->id, mid);
    if (rtx)
        PUT(t, "a=ssrc-group:FID %u %u\r\n", ssrc + VIDEO, ssrc + 2);
    PUT(t, "a=ssrc:%u cname:c%u\r\n", ssrc + kind, c->id);
    if (rtx)
        PUT(t, "a=ssrc:%u cname:c%u\r\n", ssrc + 2, c->id);
}

size_t sdp_offer(const struct client *c, char *out, int publisher, const unsigned *views,
                 unsigned n_views)
{
    struct text t = {out, 0};
    unsigned lines = (publisher >= 0 ? 2 : 0) + 2 * n_views, mid = 0;
    (void)views;
    PUT(&t, "v=0\r\no=- %u 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE", c->id);
    for (unsigned i = 0; i < lines; i++)
        PUT(&t, " %u", i);
    PUT(&t, "\r\na=msid-semantic: WMS *\r\n");
    if (publisher >= 0) {
        put_line(&t, c, mid++, AUDIO, true);
        put_line(&t, c, mid++, VIDEO, true);
    }
    for (unsigned i = 0; i < n_views; i++) {
        put_line(&t, c, mid++, AUDIO, false);
        put_line(&t, c, mid++, VIDEO, false);
    }
    return t.n;
}

/* Theirs with our names in it: what they send, we get. Short: Janus reads 8 kB from its socket, and no more. */
size_t sdp_mirror(const struct client *c, const char *offer, char *out)
{
    static const char *const theirs[] = {"a=ice-",       "a=fingerprint:", "a=setup:",
                                         "a=candidate:", "a=end-of-",      "a=ssrc",
                                         "a=msid:",      "a=ice-options:"};
    struct text t = {out, 0};
    bool first = true;
    for (const char *p = offer; *p != '\0';) {
        size_t n = strcspn(p, "\r\n");
        bool skip = strncmp(p, "a=extmap:", 9) == 0 && !is_twcc(p, n);
        for (unsigned i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
            skip |= strncmp(p, theirs[i], strlen(theirs[i])) == 0;
        if (n == 10 && strncmp(p, "a=sendonly", n) == 0)
            PUT(&t, "a=recvonly\r\n");
        else if (!skip)
            PUT(&t, "%.*s\r\n", (int)n, p);
        if (first && strncmp(p, "a=mid:", 6) == 0) {
            put_transport(&t, c);
            first = false;
        }
        p += n;
        p += strspn(p, "\r\n");
    }
    return t.n;
}

static void value(const char *text, const char *name, char *to, size_t cap)
{
    const char *at = strstr(text, name);
    if (at == NULL)
        die(name);
    at += strlen(name);
    snprintf(to, cap, "%.*s", (int)strcspn(at, "\r\n "), at);
}

void sdp_read(struct client *c, const char *text)
{
    char ip[64];
    unsigned port;
    value(text, "a=ice-ufrag:", c->their_ufrag, sizeof c->their_ufrag);
    value(text, "a=ice-pwd:", c->their_pwd, sizeof c->their_pwd);
    c->twcc_id = 0;
    for (const char *p = text; (p = strstr(p, "a=extmap:")) != NULL; p++) {
        unsigned id = (unsigned)strtoul(p + 9, NULL, 10);
        if (c->l->twcc && is_twcc(p, strcspn(p, "\r\n")))
            c->twcc_id = id;
    }
    for (const char *p = text; (p = strstr(p, "a=candidate:")) != NULL; p++) {
        char proto[8];
        if (sscanf(p, "a=candidate:%*s 1 %7s %*s %63s %u", proto, ip, &port) != 3 ||
            strcasecmp(proto, "udp") != 0 || inet_pton(AF_INET, ip, &c->server.sin_addr) != 1)
            continue;
        c->server.sin_family = AF_INET;
        c->server.sin_port = htons((uint16_t)port);
        return;
    }
    die("no candidate");
}
