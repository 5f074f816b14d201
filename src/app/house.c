#include "app/house.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/relay_settings.h"
#include "app/secrets.h"
#include "app/tape.h"
#include "app/people_links.h"
#include "app/recorder.h"
#include "app/settings.h"
#include "app/terminal.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rec.h"
#include "base/version.h"
#include "edge/push/vapid.h"
#include "edge/store/data_lock.h"
#include "edge/tls/certs.h"

enum { SENTENCE = 512, FACTS_MAX = 64 };
enum { LAST_WORDS_US = 1000000 }; /* for what is on its way when the drain is over */

struct house {
    struct house_conf conf;
    struct listen_set listen;
    struct cert_keeper *certs;
    struct rec *rec;
    struct control *control;
    struct worker **workers;
    struct worker_team *team;  /* of more than one */
    struct recorder *recorder; /* NULL: there are no groups */
    struct rec **worker_recs;
    int lock;            /* of the data folder; -1: none */
    char database[4096]; /* its path */
    char first_link[PEOPLE_PATH_MAX];
    char files[4096 + 8];
    unsigned n_workers; /* started so far; conf.listen.workers is how many there are to be */
    char server[FACTS_MAX];
    char contact[300]; /* of push, when none is set */
    char why[SENTENCE];
};

/* ---- one step of the start each; false: h->why is the sentence ---- */

/* Relays of calls need a socket only for what goes outside, and can do without; so they get what is
 * left, unless somebody has said how many there must be. */
static bool check_descriptors(struct house *h)
{
    uint64_t have = listen_raise_nofile();
    uint64_t need = (uint64_t)h->conf.control.max_connections + h->conf.fd_reserve;
    uint64_t left = have > need ? have - need : 0, want = h->conf.max_relays;
    if (have < need) {
        snprintf(h->why, sizeof h->why,
                 "This process may open %llu files, but %u connections need %llu: raise the limit "
                 "(ulimit -n, or LimitNOFILE= of the service) or set max-connections lower.",
                 (unsigned long long)have, h->conf.control.max_connections,
                 (unsigned long long)need);
    } else if (left < want && h->conf.need_relays) {
        snprintf(h->why, sizeof h->why,
                 "This process may open %llu files, but %u connections and %llu relays need %llu: "
                 "raise the limit (ulimit -n, or LimitNOFILE= of the service) or set "
                 "max-connections or max-allocations lower.",
                 (unsigned long long)have, h->conf.control.max_connections,
                 (unsigned long long)want, (unsigned long long)(need + want));
    } else {
        h->conf.max_relays = (unsigned)MIN_OF(left, want);
        return true;
    }
    return false;
}

static bool lock_data(struct house *h)
{
    h->lock = h->conf.turn_only ? -1 : data_lock(h->conf.control.data_dir, h->why, sizeof h->why);
    return h->conf.turn_only || h->lock >= 0;
}

/* The server's own key for push services. Subscriptions are bound to it: who loses it, loses them. */
static bool open_push_key(struct house *h)
{
    struct control_conf *c = &h->conf.control;
    char text[VAPID_PUBLIC_SIZE];
    if (!c->push_on) {
        return true;
    }
    if (c->push.subject && !vapid_is_subject(str_from(c->push.subject))) {
        snprintf(h->why, sizeof h->why,
                 "push-contact is neither like mailto:you@example.org nor like "
                 "https://example.org/.");
        return false;
    }
    if (!secrets_key(c->data_dir, "push.key", c->push.secret, sizeof c->push.secret, h->why,
                     sizeof h->why)) {
        return false;
    }
    struct p256 *key = p256_new(c->push.secret);
    str_copy(str_from(vapid_public(key, text)), c->exchange.domain.push_key,
             sizeof c->exchange.domain.push_key);
    p256_free(key);
    if (!c->push.subject && h->conf.certs.n_names > 0) {
        snprintf(h->contact, sizeof h->contact, "https://%.255s", h->conf.certs.names[0]);
        c->push.subject = h->contact;
    }
    return true;
}

static bool open_data(struct house *h)
{
    if (h->conf.turn_only && (!h->conf.certs.tls || h->conf.certs.cert_file)) {
        return true; /* nothing is kept there */
    }
    struct domain_config *d = &h->conf.control.exchange.domain;
    const char *dir = h->conf.control.data_dir;
    if (snprintf(h->database, sizeof h->database, "%s/%s", dir, DATABASE_FILE) >=
        (int)sizeof h->database) {
        snprintf(h->why, sizeof h->why, "The data folder's name is too long.");
        return false;
    }
    h->conf.control.store.path = h->database;
    snprintf(h->files, sizeof h->files, "%s/files", dir);
    h->conf.control.files_dir = h->files;
    return secrets_open_data(dir, h->why, sizeof h->why) && lock_data(h) &&
           secrets_key(dir, "ticket.key", d->ticket_key, sizeof d->ticket_key, h->why,
                       sizeof h->why) &&
           open_push_key(h);
}

/* Whoever opens the link becomes the first administrator. */
static void look_into_database(struct house *h)
{
    if (!h->conf.turn_only)
        people_first_link(h->database, clock_wall_us() / US_PER_MS, h->conf.quiet, h->first_link,
                          &h->conf.control.exchange.domain.clock_ms);
}

static bool open_certificates(struct house *h)
{
    char why[SENTENCE];
    h->certs = cert_keeper_new(&h->conf.certs, clock_wall_us() / US_PER_S, why, sizeof why);
    if (!h->certs) {
        snprintf(h->why, sizeof h->why, "The certificate cannot be used: %.*s.", SENTENCE - 64,
                 why);
        return false;
    }
    if (why[0]) {
        log_warn("tls", NULL, "%s", why);
    }
    return true;
}

static bool open_one_recording(struct house *h, struct rec **out, const char *file)
{
    enum err e = rec_open(out, file, h->conf.record_size);
    if (e != ERR_OK) {
        snprintf(h->why, sizeof h->why, "The recording %.300s cannot be made: %.100s.", file,
                 e == ERR_IO ? strerror(errno) : err_name(e));
        return false;
    }
    return true;
}

static bool open_recordings(struct house *h)
{
    h->worker_recs = xcalloc(h->conf.listen.workers, sizeof(struct rec *));
    if (!h->conf.record) {
        return true;
    }
    if (!open_one_recording(h, &h->rec, h->conf.record)) {
        return false;
    }
    for (unsigned i = 0; i < h->conf.listen.workers; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%.4000s.w%u", h->conf.record, i);
        if (!open_one_recording(h, &h->worker_recs[i], file)) {
            return false;
        }
    }
    return true;
}

/* What people in calls are told of relays. */
static void offer_relays(struct house *h, struct domain_config *d)
{
    struct hello_facts *f = &d->facts;
    d->relays = h->conf.worker.relays && !h->conf.turn_only;
    if (!d->relays) {
        return;
    }
    f->turn_udp = h->listen.nudp ? h->listen.udp_at[0].port : 0;
    f->turn_tcp = h->listen.ntcp ? h->listen.tcp_at[0].port : 0;
    f->turn_tls = h->conf.certs.tls;
    random_bytes(d->relay_key, sizeof d->relay_key);
    memcpy(h->conf.worker.turn.scope_key, d->relay_key, sizeof d->relay_key);
}

static bool start_control(struct house *h)
{
    struct control_conf *c = &h->conf.control;
    c->listen = &h->listen;
    c->certs = h->certs;
    c->rec = h->rec;
    c->turn_only = h->conf.turn_only;
    c->relays = h->conf.worker.relays;
    c->groups = h->conf.worker.groups;
    c->show_rooms = h->conf.worker.show_rooms;
    snprintf(h->server, sizeof h->server, "madang/%s", madang_version());
    c->exchange.domain.facts.server = str_from(h->server);
    c->exchange.domain.facts.stun_port = h->listen.nudp ? h->listen.udp_at[0].port : 0;
    if (h->listen.ntcp)
        settings_origins(&c->exchange.domain, h->conf.certs.tls, h->listen.tcp_at[0].port);
    c->exchange.web.alone = h->conf.turn_only;
    c->exchange.web.tls = h->conf.certs.tls;
    offer_relays(h, &c->exchange.domain);
    c->exchange.web.hsts = cert_keeper_is_real(h->certs);
    random_bytes(c->exchange.seed, sizeof c->exchange.seed);
    h->control = control_new(c, h->why, sizeof h->why);
    memzero(c->exchange.seed, sizeof c->exchange.seed);
    return h->control != NULL;
}

/* A worker's own share, and randomness. */
static void equip_relays(const struct house *h, struct worker_conf *w)
{
    struct turn_server_conf *s = &w->turn.server;
    unsigned n = h->conf.listen.workers;
    s->worker = w->index;
    s->workers = n;
    s->turn_port = h->listen.nudp ? h->listen.udp_at[0].port : 0;
    w->max_relays = h->conf.max_relays / n + (w->index < h->conf.max_relays % n);
    random_bytes(s->seed, sizeof s->seed);
    random_bytes(&s->hash, sizeof s->hash);
}

/* Control tells them when these change; from the first packet on they count. */
static void fill_own_addresses(struct house *h)
{
    struct turn_policy *p = &h->conf.worker.turn.server.policy;
    struct netif_list *all = xcalloc(1, sizeof *all);
    struct media_own own;
    netif_read_all(all);
    relay_own_fill(&own, all, &h->conf.control.own);
    p->nown = MIN_OF(own.nown, ARRAY_LEN(p->own));
    p->nlan = MIN_OF(own.nlan, ARRAY_LEN(p->lan));
    memcpy(p->own, own.own, p->nown * sizeof *p->own);
    memcpy(p->lan, own.lan, p->nlan * sizeof *p->lan);
    h->conf.worker.turn.server.other4 = relay_other(cert_keeper_netif(h->certs), 4);
    h->conf.worker.turn.server.other6 = relay_other(cert_keeper_netif(h->certs), 6);
    xfree(all);
}

/* Before the workers, which get its thread. */
static bool start_recorder(struct house *h)
{
    const struct recorder_conf conf = {.data_dir = h->conf.control.data_dir,
                                       .quota = h->conf.recordings_quota,
                                       .control = control_mailbox(h->control)};
    if (!h->conf.worker.groups || h->conf.turn_only)
        return true;
    h->recorder = recorder_open(&conf, h->why, sizeof h->why);
    if (!h->recorder)
        return false;
    h->conf.worker.recorder = recorder_thread(h->recorder);
    control_recorder(h->control, h->recorder);
    return true;
}

static bool start_workers(struct house *h)
{
    fill_own_addresses(h);
    uint8_t *nonce_key = h->conf.worker.turn.server.auth.nonce_key;
    random_bytes(nonce_key, sizeof h->conf.worker.turn.server.auth.nonce_key);
    h->workers = xcalloc(h->conf.listen.workers, sizeof(struct worker *));
    random_bytes(h->conf.worker.dtls_cookie_key, sizeof h->conf.worker.dtls_cookie_key);
    if (h->conf.listen.workers > 1 && !(h->team = worker_team_new(h->conf.listen.workers))) {
        snprintf(h->why, sizeof h->why, "The workers have no mailboxes: %s.", strerror(errno));
        return false;
    }
    for (unsigned i = 0; i < h->conf.listen.workers; i++) {
        struct worker_conf w = h->conf.worker;
        w.index = i;
        w.team = h->team;
        w.udp_fds = h->listen.udp + (size_t)i * h->listen.nudp;
        w.nudp = h->listen.nudp;
        w.rec = h->worker_recs[i];
        w.control = control_mailbox(h->control);
        equip_relays(h, &w);
        random_bytes(&w.stun.key, sizeof w.stun.key);
        h->workers[i] = worker_start(&w, h->why, sizeof h->why);
        if (!h->workers[i]) {
            return false;
        }
        h->n_workers++;
        if (h->recorder) {
            recorder_worker(h->recorder, i, h->workers[i]);
        }
    }
    control_workers(h->control, h->workers, h->n_workers);
    return true;
}

/* ---- what people see ---- */

static void print_turn(const struct house *h)
{
    struct buf text;
    struct turn_banner b = h->conf.banner;
    const struct netif_addr *best = netif_public(cert_keeper_netif(h->certs));
    best = best ? best : netif_best(cert_keeper_netif(h->certs));
    b.listen = &h->listen;
    b.tls = h->conf.certs.tls;
    b.host = b.host ? b.host : best ? &best->ip : NULL;
    b.max_relays = h->conf.max_relays;
    buf_init(&text, TERMINAL_TEXT_MAX);
    turn_banner_render(&text, &b);
    fwrite(buf_data(&text), 1, buf_len(&text), stdout);
    fflush(stdout);
    buf_free(&text);
}

static void print_addresses(const struct house *h)
{
    struct buf text;
    if (h->conf.turn_only) {
        print_turn(h);
        return;
    }
    struct terminal_look look = terminal_look(STDOUT_FILENO);
    const struct certs *certs = cert_keeper_certs(h->certs);
    struct terminal_info info = {
        .version = madang_version(),
        .port = h->listen.ntcp ? h->listen.tcp_at[0].port : 0,
        .tls = h->conf.certs.tls,
        .netif = cert_keeper_netif(h->certs),
        .listen = h->conf.listen.addrs,
        .n_listen = h->conf.listen.naddrs,
        .public_ip = h->conf.public_ip,
        .names = h->conf.certs.names,
        .n_names = h->conf.certs.n_names,
        .own_ca = certs && certs_ca_pem(certs) != NULL,
        .ca_fingerprint = certs ? certs_ca_fingerprint(certs) : NULL,
        .first_link = h->first_link,
        .uncovered = certs ? certs_uncovered(certs) : NULL,
        .certificate = certs && !certs_ca_pem(certs) ? certs_names(certs) : NULL,
    };
    buf_init(&text, TERMINAL_TEXT_MAX);
    terminal_render(&text, &info, &look);
    fwrite(buf_data(&text), 1, buf_len(&text), stdout);
    fflush(stdout);
    buf_free(&text);
}

static void log_listeners(const struct house *h)
{
    char text[ADDR_STR_SIZE];
    for (unsigned i = 0; i < h->listen.ntcp; i++) {
        log_info("house", NULL, "listening on %s, TCP", addr_format(&h->listen.tcp_at[i], text));
    }
    for (unsigned i = 0; i < h->listen.nudp; i++) {
        log_info("house", NULL, "listening on %s, UDP", addr_format(&h->listen.udp_at[i], text));
    }
}

/* ---- life ---- */

static bool put_up(struct house *h)
{
    return check_descriptors(h) && open_data(h) && open_certificates(h) &&
           listen_open(&h->conf.listen, &h->listen, h->why, sizeof h->why) && open_recordings(h) &&
           (look_into_database(h), true) && start_control(h) && start_recorder(h) &&
           start_workers(h);
}

static void take_down(struct house *h)
{
    recorder_alone(h->recorder);
    for (unsigned i = 0; i < h->n_workers; i++) {
        worker_stop(h->workers[i], MIN_OF(h->conf.control.drain_us, LAST_WORDS_US));
    }
    worker_team_free(h->team);
    recorder_close(h->recorder);
    control_free(h->control);
    for (unsigned i = 0; h->worker_recs && i < h->conf.listen.workers; i++) {
        rec_close(h->worker_recs[i]);
    }
    rec_close(h->rec);
    listen_close(&h->listen);
    cert_keeper_free(h->certs);
    data_unlock(h->lock);
    xfree(h->workers);
    xfree(h->worker_recs);
    memzero(h, sizeof *h);
}

int house_run(const struct house_conf *conf)
{
    struct house *h = xcalloc(1, sizeof *h);
    int status = 0;
    h->conf = *conf;
    h->lock = -1;
    h->conf.listen.workers = conf->listen.workers ? conf->listen.workers : 1;
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (put_up(h)) {
        if (!conf->quiet) {
            print_addresses(h);
        }
        log_listeners(h);
        control_run(h->control);
        log_info("house", NULL, "stopped");
    } else {
        fprintf(stderr, "madang: %s\n", h->why);
        status = 1;
    }
    take_down(h);
    xfree(h);
    return status;
}
