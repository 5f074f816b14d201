/* Packets that come to the listening UDP sockets, told apart by their first bytes (RFC 7983). */
#include "app/worker_int.h"

void worker_count_verdict(struct worker *w, enum stun_verdict v, enum count transport)
{
    static const enum count drops[STUN_VERDICTS] = {
        [STUN_SILENT_MALFORMED] = COUNT_DROP_STUN_MALFORMED,
        [STUN_SILENT_LEGACY] = COUNT_DROP_STUN_LEGACY,
        [STUN_SILENT_CLASS] = COUNT_DROP_STUN_CLASS,
        [STUN_SILENT_METHOD] = COUNT_DROP_STUN_METHOD,
        [STUN_SILENT_RATE] = COUNT_DROP_STUN_RATE,
        [STUN_SILENT_SIZE] = COUNT_DROP_STUN_SIZE,
    };
    if (v == STUN_ANSWERED || v == STUN_ANSWERED_420)
        count_inc(&w->counts, transport);
    else
        count_inc(&w->counts, drops[v]);
    if (v == STUN_ANSWERED_420)
        count_inc(&w->counts, COUNT_STUN_420);
}

/* RFC 8489 5: the class lies in bits 4 and 8 of the type. */
bool worker_is_turn(const uint8_t *p, size_t n)
{
    return n >= 2 && (((unsigned)p[0] << 8 | p[1]) & 0x3EEF) != STUN_BINDING;
}

static void answer_binding(struct worker *w, struct udp *u, const struct udp_path *path,
                           const uint8_t *p, size_t n)
{
    uint8_t out[STUN_MESSAGE_MAX];
    size_t len;
    enum stun_verdict v =
        stun_core_input(&w->stun, loop_now(w->loop), p, n, &path->peer, false, out, &len);
    worker_count_verdict(w, v, COUNT_STUN_UDP);
    if (len > 0)
        udp_send_copy(u, path, out, len);
}

static void count_unknown(struct worker *w, uint8_t first)
{
    bool media = first >= CHANNEL_END && first < MEDIA_END;
    count_inc(&w->counts, media ? COUNT_DROP_UDP_MEDIA : COUNT_DROP_UDP_UNKNOWN);
}

static void on_packet(struct worker *w, struct udp *u, const struct udp_path *path,
                      const struct tuple *from, const uint8_t *p, size_t n)
{
    uint8_t first = n > 0 ? p[0] : 0xFF;
    if (w->turn != NULL && first >= DTLS_END && first < CHANNEL_END) {
        worker_turn_input(w, from, p, n);
    } else if (first < STUN_END && w->turn != NULL && worker_is_turn(p, n)) {
        worker_read_letters(w);
        worker_turn_input(w, from, p, n);
    } else if (first < STUN_END && w->sfu != NULL && worker_sfu_stun(w->sfu, from, p, n)) {
        return;
    } else if (first < STUN_END) {
        answer_binding(w, u, path, p, n);
    } else if (w->dtls != NULL && first >= DTLS_BEGIN && first < DTLS_END) {
        worker_dtls_input(w, u, path, p, n);
    } else {
        count_unknown(w, first);
    }
}

static bool is_media(const struct udp_train *t, uint32_t i)
{
    uint32_t n;
    const uint8_t *p = udp_train_at(t, i, &n);
    return n > 0 && ((p[0] >= DTLS_BEGIN && p[0] < DTLS_END) || p[0] >= CHANNEL_END);
}

/* As many packets from i on as the SFU takes at once; 0: they are not for it. */
static uint32_t take_media(struct worker *w, const struct tuple *from, const struct udp_train *t,
                           uint32_t i)
{
    uint32_t n = 0, last, at = i * t->seg;
    if (w->sfu == NULL)
        return 0;
    while (i + n < t->n && is_media(t, i + n))
        n++;
    if (n == 0)
        return 0;
    udp_train_at(t, i + n - 1, &last);
    worker_sfu_came(w->sfu, t->came_us);
    size_t len = (size_t)(n - 1) * t->seg + last;
    bool taken = worker_sfu_input(w->sfu, from, t->data + at, len, t->seg);
    worker_sfu_came(w->sfu, 0);
    return taken ? n : 0;
}

static void on_train(void *ctx, struct udp *u, const struct udp_train *t)
{
    struct worker *w = ctx;
    struct tuple from = {.peer = t->path->peer,
                         .local = t->path->local,
                         .ifindex = t->path->ifindex,
                         .transport = TUPLE_UDP};
    w->answering = u;
    for (uint32_t i = 0; i < t->n;) {
        uint32_t n, taken = take_media(w, &from, t, i);
        if (taken == 0) {
            const uint8_t *p = udp_train_at(t, i, &n);
            on_packet(w, u, t->path, &from, p, n);
        }
        i += taken > 0 ? taken : 1;
    }
}

void worker_udp_passed(struct worker *w, const struct tuple *from, uint8_t *p, size_t len,
                       size_t seg)
{
    if (len == 0)
        return;
    bool taken = p[0] < STUN_END ? worker_sfu_stun(w->sfu, from, p, len)
                                 : worker_sfu_input(w->sfu, from, p, len, seg);
    if (!taken)
        count_unknown(w, p[0]);
}

/* ---- Sending ---- */

static bool serves(const struct udp *u, const struct addr *local)
{
    static const uint8_t any[16];
    const struct addr *at = udp_local(u);
    return at->family == local->family &&
           (memcmp(at->ip, local->ip, 16) == 0 || memcmp(at->ip, any, 16) == 0);
}

static struct udp *socket_for(struct worker *w, const struct addr *local)
{
    if (w->answering != NULL && serves(w->answering, local))
        return w->answering;
    for (unsigned i = 0; i < w->nudp; i++) {
        if (serves(w->udp[i], local))
            return w->udp[i];
    }
    return NULL;
}

void worker_udp_send(struct worker *w, const struct tuple *to, const struct datagram *d)
{
    struct udp *u = socket_for(w, &to->local);
    struct udp_path path = {.peer = to->peer, .local = to->local, .ifindex = to->ifindex};
    struct udp_datagram out = {d->head, d->data, d->nhead, d->ndata, d->pad};
    if (u == NULL || !udp_send(u, &path, &out, w->fleeting ? UDP_COPY : 0))
        count_inc(&w->counts, COUNT_UDP_SEND_OTHER);
}

/* ---- Life ---- */

static const struct udp_user udp_user = {.name = "udp", .on_train = on_train};

bool worker_udp_open(struct worker *w)
{
    const struct worker_conf *conf = &w->conf;
    for (unsigned i = 0; i < conf->nudp && i < LISTEN_ADDRS_MAX; i++) {
        if (conf->udp_fds[i] < 0)
            continue;
        w->udp[w->nudp] = udp_new(w->net, conf->udp_fds[i], &udp_user, w);
        if (w->udp[w->nudp] == NULL)
            return false;
        w->nudp++;
    }
    return true;
}

void worker_udp_count_lost(struct worker *w)
{
    for (unsigned i = 0; i < w->nudp; i++)
        udp_count_lost(w->udp[i]);
}

void worker_udp_close(struct worker *w)
{
    w->answering = NULL;
    for (unsigned i = 0; i < w->nudp; i++)
        udp_free(w->udp[i]);
    w->nudp = 0;
}
