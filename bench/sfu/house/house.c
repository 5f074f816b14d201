/* madang's media workers without the rest of it: what signaling would tell them comes by a Unix socket from the load
 * generator (bench/sfu/load/call.c). house SOCKET IP PORT WORKERS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/sfu_letter.h"
#include "app/worker.h"
#include "base/crypto.h"
#include "base/util.h"
#include "io/listen.h"
#include "io/mailbox.h"
#include "media/speaker.h"

enum {
    ROOM = 9,
    TEXT = 1 << 18,
    LINES = MEDIA_SFU_LINES,
    WIDTH = 1280,
    HEIGHT = 720,
    WAIT_MS = 5000,
    EVERYTHING_BPS = 50000000
};

struct house {
    struct listen_set set;
    struct mailbox *box;
    struct worker *workers[LISTEN_WORKERS_MAX];
    int fd; /* of the load generator */
    bool answered;
    char text[TEXT];
};

static void die(const char *what)
{
    fprintf(stderr, "house: %s\n", what);
    exit(1);
}

static void on_letter(void *ctx, struct letter *l)
{
    struct house *h = ctx;
    struct media_sfu *m = container_of(l, struct media_sfu, letter);
    h->answered |= l->kind == MEDIA_SFU_ANSWER || l->kind == MEDIA_SFU_REFUSED;
    if (l->kind == MEDIA_SFU_ANSWER)
        send(h->fd, media_sfu_text(m), m->text_n, MSG_NOSIGNAL);
    else if (l->kind == MEDIA_SFU_REFUSED)
        send(h->fd, "refused", 7, MSG_NOSIGNAL);
    letter_drop(l);
}

/* "send 0 mic 1" and the like up to an empty line; how many. */
static unsigned read_lines(char **at, struct media_sfu_line *lines)
{
    unsigned n = 0;
    for (char *p = *at, *end; (end = strchr(p, '\n')) != NULL; p = end + 1) {
        char mid[MEDIA_SFU_MID + 1], kind[16];
        unsigned long long track;
        *at = end + 1;
        if (sscanf(p, "%*s %16s %15s %llu\n", mid, kind, &track) != 3 || end == p || n == LINES)
            break;
        lines[n] = (struct media_sfu_line){.track = track,
                                           .kind = kind[0] == 'm' ? SFU_MIC : SFU_CAMERA,
                                           .width = p[0] == 'r' ? WIDTH : 0,
                                           .height = p[0] == 'r' ? HEIGHT : 0};
        memcpy(lines[n++].mid, mid, sizeof mid);
    }
    return n;
}

static void take_offer(struct house *h, char *text)
{
    struct media_sfu_line lines[LINES];
    char *at = strchr(text, '\n');
    uint64_t peer = strtoull(text + 6, NULL, 10);
    if (at == NULL)
        return;
    at++;
    unsigned n = read_lines(&at, lines);
    struct media_sfu *offer = sfu_letter(MEDIA_SFU_OFFER, ROOM, peer, n, str_from(at));
    struct media_sfu *wish = sfu_letter(MEDIA_SFU_WISH, ROOM, peer, n, STR_NONE);
    offer->rights = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE;
    memcpy(offer->lines, lines, n * sizeof lines[0]);
    memcpy(wish->lines, lines, n * sizeof lines[0]);
    worker_post(h->workers[0], &offer->letter);
    worker_post(h->workers[0], &wish->letter);
    for (h->answered = false; !h->answered && mailbox_wait(h->box, WAIT_MS);)
        mailbox_take(h->box, on_letter, h, 1000);
}

static void open_workers(struct house *h, const char *ip, uint16_t port, unsigned n)
{
    char err[200];
    struct listen_conf lc = {.naddrs = 1, .udp_port = port, .workers = n};
    struct worker_conf conf = {
        .stun.key = {3, 4}, .groups = true, .team = n > 1 ? worker_team_new(n) : NULL};
    if (!addr_parse(&lc.addrs[0], str_from(ip)) || !listen_open(&lc, &h->set, err, sizeof err))
        die("cannot listen");
    h->box = mailbox_new("control", 65536);
    conf.nudp = h->set.nudp;
    conf.control = h->box;
    conf.sfu.n_candidates = 1;
    /* Everything, as the others pass it on. */
    conf.sfu.loudest = SPEAKER_LOUDEST_MAX;
    conf.sfu.start_bps = conf.sfu.max_bps = EVERYTHING_BPS;
    conf.sfu.candidates[0].at = h->set.udp_at[0];
    conf.team = n > 1 ? worker_team_new(n) : NULL; /* what arrives at the other one is passed on */
    for (unsigned i = 0; i < n; i++) {
        conf.index = i;
        conf.udp_fds = h->set.udp + i * h->set.nudp;
        h->workers[i] = worker_start(&conf, err, sizeof err);
        if (h->workers[i] == NULL)
            die(err);
    }
    worker_post(h->workers[0], &sfu_letter(MEDIA_SFU_OPEN, ROOM, 0, 0, STR_NONE)->letter);
}

static int wait_for_load(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), big = 1 << 20;
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    unlink(path);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1) < 0)
        die("no socket");
    int load = accept(fd, NULL, NULL);
    setsockopt(load, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof big);
    return load;
}

int main(int argc, char **argv)
{
    static struct house h;
    if (argc != 5)
        die("house SOCKET IP PORT WORKERS");
    listen_raise_nofile();
    open_workers(&h, argv[2], (uint16_t)strtoul(argv[3], NULL, 10),
                 (unsigned)strtoul(argv[4], NULL, 10));
    h.fd = wait_for_load(argv[1]);
    for (ssize_t n; (n = recv(h.fd, h.text, TEXT - 1, 0)) > 0;) {
        h.text[n] = '\0';
        take_offer(&h, h.text);
    }
    return 0;
}
