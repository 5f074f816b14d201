#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TELL_AFTER = 64 }; /* messages between two pings, as the page does it */

/* ---- what goes out ---- */

static char text[65536];

/* One message: fields is what comes after the type and the id, with its leading comma. In text; its
 * length. */
static size_t compose(struct load *l, struct conn *c, const char *type, bool request,
                      const char *fields, const char *body)
{
    int64_t id = request ? ++c->next_id : 0;
    int n;
    if (l->dialect == DIALECT_SIO) {
        char number[24] = "";
        if (request)
            snprintf(number, sizeof number, "%lld", (long long)id);
        n = snprintf(text, sizeof text, "42%s[\"%s\",{%s}", number, type,
                     *fields != '\0' ? fields + 1 : "");
        if (body != NULL) {
            text[n++] = ',';
            text[n++] = '"';
            for (const char *p = body; *p != '\0'; p++) {
                if (*p == '\n' || *p == '\r')
                    text[n++] = '\\';
                text[n++] = *p == '\n' ? 'n' : *p == '\r' ? 'r' : *p;
            }
            text[n++] = '"';
        }
        text[n++] = ']';
    } else {
        n = snprintf(text, sizeof text, "{\"type\":\"%s\"", type);
        if (request)
            n += snprintf(text + n, sizeof text - (size_t)n, ",\"id\":%lld", (long long)id);
        n += snprintf(text + n, sizeof text - (size_t)n, "%s}%s%s", fields, body ? "\n" : "",
                      body ? body : "");
    }
    return (size_t)n;
}

static void say(struct load *l, struct conn *c, const char *type, bool request, const char *fields,
                const char *body)
{
    conn_send(l, c, text, compose(l, c, type, request, fields, body));
}

static bool creates(const struct load *l, const struct conn *c)
{
    return l->dialect == DIALECT_MADANG && c->member == 0;
}

/* The first message of a session, in text. */
static size_t hello(struct load *l, struct conn *c)
{
    char fields[256];
    if (l->stay)
        snprintf(fields, sizeof fields, ",\"v\":1");
    else if (creates(l, c))
        snprintf(fields, sizeof fields, ",\"v\":1,\"name\":\"guest %u\"", c->index);
    else
        snprintf(fields, sizeof fields,
                 ",\"v\":1,\"name\":\"guest %u\",\"join\":{\"room\":\"%s\",\"media\":false}",
                 c->index, l->rooms[c->room].id);
    return compose(l, c, "hello", true, fields, NULL);
}

/* Into the room that stays, after hello was answered: who is signed in has to be looked up for that. */
static void enter(struct load *l, struct conn *c)
{
    char fields[128];
    if (creates(l, c))
        snprintf(fields, sizeof fields, ",\"title\":\"room %u\",\"public\":true", c->room);
    else
        snprintf(fields, sizeof fields, ",\"conv\":\"%s\"", l->rooms[c->room].id);
    say(l, c, creates(l, c) ? "room_make" : "room_join", true, fields, NULL);
}

static void greet(struct load *l, struct conn *c)
{
    char fields[256];
    c->state = CONN_GREETING;
    if (c->resumes) {
        snprintf(fields, sizeof fields, ",\"v\":1,\"token\":\"%s\",\"seq\":%llu", c->token,
                 (unsigned long long)c->events);
        say(l, c, "resume", false, fields, NULL);
        return;
    }
    if (c->next_id == 0) /* it may have gone with the upgrade */
        conn_send(l, c, text, hello(l, c));
    if (creates(l, c) && !l->stay) {
        snprintf(fields, sizeof fields, ",\"title\":\"room %u\",\"public\":false,\"media\":false",
                 c->room);
        say(l, c, "create", true, fields, NULL);
    }
}

/* Without padding; its length. */
static size_t base64url(char *out, const char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t k = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)(uint8_t)p[i] << 16;
        if (i + 1 < n)
            v |= (uint32_t)(uint8_t)p[i + 1] << 8;
        if (i + 2 < n)
            v |= (uint8_t)p[i + 2];
        for (size_t j = 0; j < 4 && i + j <= n; j++)
            out[k++] = digits[v >> (18 - 6 * j) & 63];
    }
    return k;
}

/* docs/protocol.md section 7: as the page does it, hello goes with the request. */
static const char *subprotocols(struct load *l, struct conn *c)
{
    static char out[2048];
    size_t n, k;
    if (l->dialect == DIALECT_SIO)
        return "";
    if (l->dialect == DIALECT_WS || !l->early || c->resumes)
        return "Sec-WebSocket-Protocol: madang.v1\r\n";
    n = hello(l, c);
    k = (size_t)sprintf(out, "Sec-WebSocket-Protocol: madang.v1.hello, madang.v1, hello.");
    k += base64url(out + k, text, n);
    memcpy(out + k, "\r\n", 3);
    return out;
}

/* Who is signed in: the token that bench/people/house.c gives this person. */
static const char *cookie(const struct load *l, const struct conn *c)
{
    static char out[96];
    uint64_t id = c->index + 1;
    char token[32];
    if (!l->stay)
        return "";
    memset(token, 7, sizeof token);
    memcpy(token, &id, sizeof id);
    int n = snprintf(out, sizeof out, "Cookie: %s=", l->tls ? "__Host-madang" : "madang");
    size_t end = (size_t)n + base64url(out + n, token, sizeof token);
    memcpy(out + end, "\r\n", 3);
    return out;
}

size_t dialect_upgrade(struct load *l, struct conn *c, char *out, size_t cap)
{
    const char *path = l->dialect == DIALECT_SIO ? "/socket.io/?EIO=4&transport=websocket"
                                                 : "/api/ws";
    return (size_t)snprintf(out, cap,
                            "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                            "Origin: %s://127.0.0.1:%d\r\n"
                            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 "
                            "Firefox/140.0\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n"
                            "Accept-Language: en-US,en;q=0.5\r\n%s%s\r\n",
                            path, l->port, l->tls ? "https" : "http", l->port, cookie(l, c),
                            subprotocols(l, c));
}

void dialect_open(struct load *l, struct conn *c)
{
    if (l->dialect == DIALECT_SIO)
        c->state = CONN_OPENING; /* Engine.IO's first packet comes from the server */
    else
        greet(l, c);
}

/* Eight words of a language of some thousand, since what stays is searched by its words. */
static const char *sentence(void)
{
    static const char *const parts[] = {"ka", "me", "ri", "no", "su", "ta", "lo", "vi",
                                        "hen", "dor", "pal", "mis", "gur", "bet", "zan", "fol"};
    static char out[128];
    static uint64_t x = 88172645463325252u;
    size_t n = 0;
    for (int i = 0; i < 8; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s%s%s", i > 0 ? " " : "",
                              parts[x >> 60], parts[x >> 56 & 15], parts[x >> 52 & 15]);
    }
    return out;
}

void dialect_chat(struct load *l, struct conn *c)
{
    char fields[400];
    c->asked_ns = now_ns();
    if (l->stay) {
        snprintf(fields, sizeof fields,
                 ",\"conv\":\"%s\",\"client\":\"%d-%lld\",\"text\":\"%s\"", l->rooms[c->room].id,
                 (int)getpid(), (long long)c->next_id, sentence());
        say(l, c, "send", true, fields, NULL);
        return;
    }
    snprintf(fields, sizeof fields, ",\"room\":\"%s\",\"text\":\"%s\"", l->rooms[c->room].id,
             l->text);
    say(l, c, "chat", true, fields, NULL);
}

void dialect_desc(struct load *l, struct conn *c)
{
    char fields[256];
    const struct conn *to = &l->conns[c->index ^ 1];
    snprintf(fields, sizeof fields,
             ",\"room\":\"%s\",\"to\":\"%s\",\"conn\":\"m1\",\"kind\":\"offer\"",
             l->rooms[c->room].id, to->session);
    say(l, c, "desc", true, fields, l->body);
}

void dialect_bye(struct load *l, struct conn *c)
{
    if (l->dialect == DIALECT_SIO) {
        conn_send(l, c, "41", 2);
        conn_send_close(l, c); /* it keeps the transport otherwise */
    } else {
        say(l, c, "bye", false, "", NULL);
    }
}

/* ---- what comes in ---- */

struct text {
    const char *p;
    size_t n;
};

/* The value of a string or number behind "key": ; good enough for what these servers write. */
static struct text field(struct text t, const char *key)
{
    const char *at = memmem(t.p, t.n, key, strlen(key));
    struct text v = {NULL, 0};
    if (at == NULL)
        return v;
    v.p = at + strlen(key);
    size_t left = t.n - (size_t)(v.p - t.p);
    while (v.n < left && v.p[v.n] != '"' && v.p[v.n] != ',' && v.p[v.n] != '}')
        v.n++;
    return v;
}

static void copy(char *to, size_t cap, struct text v)
{
    snprintf(to, cap, "%.*s", (int)v.n, v.p != NULL ? v.p : "");
}

static int64_t number(struct text v)
{
    return v.p != NULL ? strtoll(v.p, NULL, 10) : 0;
}

static void on_answer(struct load *l, struct conn *c, int64_t id, struct text t, bool error)
{
    struct room *r = &l->rooms[c->room];
    c->acks++;
    if (error) {
        l->errors++;
        if (l->errors < 5)
            fprintf(stderr, "load: answered with %.*s\n", (int)t.n, t.p);
    }
    if (id == 1) {
        copy(c->session, sizeof c->session, field(t, "\"session\":\""));
        copy(c->token, sizeof c->token, field(t, "\"token\":\""));
    }
    if (c->state == CONN_GREETING) {
        if (id == 1 && l->stay)
            enter(l, c);
        if (id == 1 && (l->stay || creates(l, c)))
            return;
        if (creates(l, c))
            copy(r->id, sizeof r->id,
                 field(t, l->stay ? "\"conv\":{\"conv\":\"" : "\"room\":{\"room\":\""));
        r->ready = true;
        r->joined++;
        c->state = CONN_READY;
        load_joined(l, c);
    } else {
        load_acked(l, c, error);
    }
}

static void on_chat(struct load *l, struct conn *c, struct text t)
{
    struct text found = field(t, "\"seq\":");
    uint64_t seq = (uint64_t)number(found);
    l->chats++;
    if (c->chat_seq != 0 && seq != c->chat_seq + 1) {
        if (l->disorder++ < 5)
            fprintf(stderr, "load: client %u: chat %llu after %llu\n", c->index,
                    (unsigned long long)seq, (unsigned long long)c->chat_seq);
    }
    c->chat_seq = seq;
}

static bool is(struct text type, const char *z)
{
    return type.n == strlen(z) && memcmp(type.p, z, type.n) == 0;
}

static void on_event(struct load *l, struct conn *c, struct text type, struct text t)
{
    c->events++;
    if (is(type, "chat") || is(type, "message")) {
        on_chat(l, c, t);
    } else if (is(type, "desc")) {
        l->descs++;
        if (l->dialect != DIALECT_SIO && (t.n < 2000 || memcmp(t.p + t.n - 2, "\r\n", 2) != 0))
            l->disorder++;
    } else if (is(type, "entered")) {
        l->entered++;
    } else if (is(type, "left")) {
        l->left++;
    } else if (is(type, "resumed")) {
        c->events--;
        c->state = CONN_READY;
        l->in_flight--;
        l->resumed++;
    } else if (is(type, "pong")) {
        c->events--;
    }
    if (c->events >= c->told + TELL_AFTER && c->state == CONN_READY) {
        char fields[64];
        snprintf(fields, sizeof fields, ",\"seq\":%llu", (unsigned long long)c->events);
        c->told = c->events;
        say(l, c, "ping", false, fields, NULL);
    }
}

static void sio_message(struct load *l, struct conn *c, struct text t)
{
    if (t.n >= 1 && t.p[0] == '2') {
        conn_send(l, c, "3", 1);
    } else if (t.n >= 1 && t.p[0] == '0') {
        conn_send(l, c, "40", 2);
    } else if (t.n >= 2 && memcmp(t.p, "40", 2) == 0) {
        greet(l, c);
    } else if (t.n >= 2 && memcmp(t.p, "43", 2) == 0) {
        int64_t id = strtoll(t.p + 2, NULL, 10);
        c->events++;
        on_answer(l, c, id, t, memmem(t.p, t.n < 40 ? t.n : 40, "\"error\"", 7) != NULL);
    } else if (t.n >= 4 && memcmp(t.p, "42[\"", 4) == 0) {
        struct text type = {t.p + 4, 0};
        while (4 + type.n < t.n && type.p[type.n] != '"')
            type.n++;
        on_event(l, c, type, t);
    }
}

void dialect_message(struct load *l, struct conn *c, const char *p, size_t n)
{
    struct text t = {p, n};
    if (l->dialect == DIALECT_SIO) {
        sio_message(l, c, t);
        return;
    }
    struct text head = {p, n < 120 ? n : 120}, type = field(head, "\"type\":\"");
    if (is(type, "ack") || is(type, "error")) {
        c->events++;
        on_answer(l, c, number(field(head, "\"id\":")), t, is(type, "error"));
    } else {
        on_event(l, c, type, t);
    }
}
