/* How each server is told who publishes and who views. Plain: one message over a Unix socket, answered by one:
 *
 *   offer PEER                     Janus: its JSON over such a socket, where viewers are offered to. The floor
 *   send|recv MID mic|camera TRACK has nothing to be told.
 *
 *   v=0 ... */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "sfu_load.h"

enum { ROOM = 1234, MESSAGE = SDP_TEXT * 2, ANSWER_US = 10000000 };

static char out[MESSAGE], in[MESSAGE], sdp[SDP_TEXT];
static json_int_t session;
static unsigned transactions;

static void post(struct load *l, const char *p, size_t n)
{
    if (send(l->signal_fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
        die("signaling");
}

/* The next message; everything else goes on meanwhile. */
static size_t hear(struct load *l)
{
    int64_t until = now_us() + ANSWER_US;
    while (now_us() < until) {
        ssize_t n = recv(l->signal_fd, in, sizeof in - 1, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            die("the server hung up");
        if (n > 0) {
            in[n] = '\0';
            return (size_t)n;
        }
        pump(l, now_us() + 2000);
    }
    die("no answer");
}

/* ---- Janus ---- */

static json_t *ask(struct load *l, json_t *request, bool wants_event)
{
    char id[16];
    snprintf(id, sizeof id, "t%u", ++transactions);
    json_object_set_new(request, "transaction", json_string(id));
    if (session != 0)
        json_object_set_new(request, "session_id", json_integer(session));
    char *text = json_dumps(request, JSON_COMPACT);
    post(l, text, strlen(text));
    free(text);
    json_decref(request);
    for (;;) {
        json_t *m = json_loadb(in, hear(l), 0, NULL);
        const char *what = json_string_value(json_object_get(m, "janus"));
        const char *of = json_string_value(json_object_get(m, "transaction"));
        if (what != NULL && of != NULL && strcmp(of, id) == 0 &&
            strcmp(what, wants_event ? "event" : "success") == 0)
            return m;
        if (what != NULL && strcmp(what, "error") == 0)
            die(in);
        json_decref(m);
    }
}

static json_int_t id_of(json_t *m)
{
    json_int_t id = json_integer_value(json_object_get(json_object_get(m, "data"), "id"));
    json_decref(m);
    return id;
}

static json_int_t attach(struct load *l)
{
    return id_of(ask(
        l, json_pack("{s:s,s:s}", "janus", "attach", "plugin", "janus.plugin.videoroom"), false));
}

static void janus_open(struct load *l)
{
    session = id_of(ask(l, json_pack("{s:s}", "janus", "create"), false));
    json_t *room = json_pack("{s:s,s:i,s:i,s:s,s:s,s:i,s:i,s:b,s:b}", "request", "create", "room",
                             ROOM, "publishers", TRACKS_MAX, "audiocodec", "opus", "videocodec",
                             "vp8", "bitrate", 0, "fir_freq", 0, "transport_wide_cc_ext", l->twcc,
                             "notify_joining", 0);
    json_decref(
        ask(l, json_pack("{s:s,s:I,s:o}", "janus", "message", "handle_id", attach(l), "body", room),
            false));
}

static json_t *message(json_int_t handle, json_t *body, const char *type, const char *text)
{
    json_t *m = json_pack("{s:s,s:I,s:o}", "janus", "message", "handle_id", handle, "body", body);
    if (text != NULL)
        json_object_set_new(m, "jsep", json_pack("{s:s,s:s}", "type", type, "sdp", text));
    return m;
}

static void read_jsep(struct client *c, json_t *m)
{
    const char *text = json_string_value(json_object_get(json_object_get(m, "jsep"), "sdp"));
    if (text == NULL)
        die(in);
    snprintf(sdp, sizeof sdp, "%s", text);
    sdp_read(c, sdp);
    json_decref(m);
}

static void janus_publish(struct client *c, int publisher)
{
    json_t *body = json_pack("{s:s,s:i,s:s,s:i}", "request", "joinandconfigure", "room", ROOM,
                             "ptype", "publisher", "id", publisher + 1);
    sdp_offer(c, sdp, publisher, NULL, 0);
    read_jsep(c, ask(c->l, message(attach(c->l), body, "offer", sdp), true));
}

static void janus_view(struct client *c, const unsigned *views, unsigned n)
{
    json_int_t handle = attach(c->l);
    json_t *streams = json_array();
    for (unsigned i = 0; i < n; i++)
        json_array_append_new(streams, json_pack("{s:i}", "feed", views[i] + 1));
    json_t *body = json_pack("{s:s,s:i,s:s,s:o}", "request", "join", "room", ROOM, "ptype",
                             "subscriber", "streams", streams);
    read_jsep(c, ask(c->l, message(handle, body, NULL, NULL), true));
    sdp_mirror(c, sdp, out);
    char *answer = strdup(out);
    json_decref(
        ask(c->l, message(handle, json_pack("{s:s}", "request", "start"), "answer", answer), true));
    free(answer);
}

/* ---- Plain ---- */

static void plain(struct client *c, int publisher, const unsigned *views, unsigned n)
{
    unsigned mid = 0;
    size_t at = (size_t)snprintf(out, sizeof out, "offer %u\n", c->id);
    if (publisher >= 0)
        at += (size_t)snprintf(out + at, sizeof out - at, "send 0 mic %d\nsend 1 camera %d\n",
                               2 * publisher + 1, 2 * publisher + 2);
    mid = publisher >= 0 ? 2 : 0;
    for (unsigned i = 0; i < n; i++, mid += 2)
        at += (size_t)snprintf(out + at, sizeof out - at, "recv %u mic %u\nrecv %u camera %u\n",
                               mid, 2 * views[i] + 1, mid + 1, 2 * views[i] + 2);
    out[at++] = '\n';
    at += sdp_offer(c, out + at, publisher, views, n);
    post(c->l, out, at);
    hear(c->l);
    if (strncmp(in, "v=0", 3) != 0)
        die(in);
    sdp_read(c, in);
}

/* ---- All ---- */

void call_open(struct load *l)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int big = 1 << 20;
    if (l->server == FLOOR)
        return;
    snprintf(at.sun_path, sizeof at.sun_path, "%s", l->path);
    l->signal_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    setsockopt(l->signal_fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof big);
    for (int i = 0; connect(l->signal_fd, (struct sockaddr *)&at, sizeof at) < 0; i++) {
        if (i == 2000 || kill(l->pid, 0) < 0)
            die("the server does not listen");
        struct timespec pause = {.tv_nsec = 10000000};
        nanosleep(&pause, NULL);
    }
    if (l->server == JANUS)
        janus_open(l);
}

void call(struct client *c, int publisher, const unsigned *views, unsigned n)
{
    if (n > 0 && c->asked_us == 0)
        c->asked_us = now_us();
    c->views |= n > 0;
    if (c->l->server == FLOOR)
        c->server = c->l->at;
    else if (c->l->server == PLAIN)
        plain(c, publisher, views, n);
    else if (publisher >= 0)
        janus_publish(c, publisher);
    else
        janus_view(c, views, n);
    c->answered_us = now_us();
    client_connect(c);
}
