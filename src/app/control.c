#include "app/control_int.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cert_keeper.h"
#include "app/dump.h"
#include "app/group_mail.h"
#include "app/metrics.h"
#include "app/netif.h"
#include "app/push_desk.h"
#include "app/sdnotify.h"
#include "app/sfu_letter.h"
#include "app/sfu_mail.h"
#include "app/tape.h"
#include "app/worker.h"
#include "base/brief.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "edge/store/disk.h"
#include "edge/store/password.h"
#include "io/census.h"
#include "io/dtls.h"
#include "io/listen.h"
#include "io/loop.h"
#include "io/mailbox.h"

enum {
    LETTER_PASSWORD = 1000,
    LETTER_STORE,
    LETTER_PUSH,
    LETTER_DISK
}; /* beside the kinds of msg/media_msg.h */
enum { MAILBOX_CAP = 4096, HOUSEKEEPING_US = 1000000, WALL_SLACK_US = 5000 };
enum { MAIL_AGAIN_US = 2000, RING_LATE_US = 50000, DUMP_WAIT_US = 2000000 };
enum { TRIM_EVERY_S = 5, TRIM_FROM = 1 << 20 };

static int64_t wall_s(const struct control *c)
{
    return (loop_now(c->loop) + c->wall_offset_us) / US_PER_S;
}

static void on_mail_again(struct loop_timer *t, int64_t now_us)
{
    (void)t; /* the end of this round sees to it */
    (void)now_us;
}

static void on_ring_late(struct loop_timer *t, int64_t now_us)
{
    (void)now_us;
    control_ring_workers(container_of(t, struct control, ring_late));
}

/* ---- dumps ---- */

static void end_dump(struct control *c)
{
    dump_end(&c->dump, c->conf.data_dir, (loop_now(c->loop) + c->wall_offset_us) / US_PER_MS);
    loop_timer_del(c->loop, &c->dump_late);
}

static void on_dump_late(struct loop_timer *t, int64_t now_us)
{
    (void)now_us;
    end_dump(container_of(t, struct control, dump_late));
}

static void take_dump(struct control *c, const struct media_dump *m)
{
    if (dump_take(&c->dump, m)) {
        end_dump(c);
    }
}

static void dump(struct control *c)
{
    if (c->dump.waiting > 0) {
        return; /* one is under way */
    }
    dump_begin(&c->dump, loop_now(c->loop), tape_exchange(c->tape), c->store, c->n_workers);
    for (unsigned i = 0; i < c->n_workers; i++) {
        worker_ask_dump(c->workers[i], c->dump.number);
    }
    loop_timer_set(c->loop, &c->dump_late, loop_now(c->loop) + DUMP_WAIT_US);
}

/* ---- letters ---- */

static bool deliver_password(void *ctx, struct password_letter *letter)
{
    struct control *c = ctx; /* on the password thread */
    return mailbox_post(c->mail, &letter->letter);
}

static bool deliver_disk(void *ctx, struct disk_letter *letter)
{
    struct control *c = ctx; /* on the disk thread */
    return mailbox_post(c->mail, &letter->letter);
}

static bool deliver_stored(void *ctx, struct store_letter *letter)
{
    struct control *c = ctx; /* on the store's threads */
    return mailbox_post(c->mail, &letter->letter);
}

static bool deliver_pushed(void *ctx, struct push_letter *letter)
{
    struct control *c = ctx; /* on the push thread */
    return mailbox_post(c->mail, &letter->letter);
}

static void take_pushed(struct control *c, const struct push_answer *answer)
{
    push_desk_count(&c->push, answer->outcome);
    tape_pushed(c->tape, loop_now(c->loop), answer);
}

static void on_letter(void *ctx, struct letter *l)
{
    struct control *c = ctx;
    if (l->kind == LETTER_PASSWORD) {
        const struct password_letter *p = container_of(l, struct password_letter, letter);
        tape_password(c->tape, loop_now(c->loop), &p->answer);
    } else if (l->kind == LETTER_STORE) {
        const struct store_letter *s = container_of(l, struct store_letter, letter);
        tape_db(c->tape, loop_now(c->loop), &s->answer);
    } else if (l->kind == LETTER_PUSH) {
        take_pushed(c, &container_of(l, struct push_letter, letter)->answer);
    } else if (l->kind == LETTER_DISK) {
        const struct disk_letter *k = container_of(l, struct disk_letter, letter);
        tape_disk(c->tape, loop_now(c->loop), &k->answer);
    } else if (l->kind == MEDIA_DUMPED) {
        take_dump(c, container_of(l, struct media_dump, letter));
    } else if (l->kind >= MEDIA_SFU_ANSWER && l->kind <= MEDIA_SFU_FARES) {
        control_take_group(c, l);
    } else if (l->kind == MEDIA_REC_STATE) {
        control_take_recorded(c, l);
    }
    letter_drop(l);
}

/* ---- time ---- */

static void on_due(struct loop_timer *t, int64_t now_us)
{
    struct control *c = container_of(t, struct control, due);
    tape_tick(c->tape, now_us);
}

/* After each round: when does the exchange want to be called next? */
static void on_round_end(struct loop_hook *h, int64_t now_us)
{
    struct control *c = container_of(h, struct control, hook);
    int64_t at = exchange_deadline(tape_exchange(c->tape));
    if (relay_mail_again(c->relays)) {
        loop_timer_set(c->loop, &c->mail_again, now_us + MAIL_AGAIN_US);
    }
    if (c->ring == RING_NOW) {
        control_ring_workers(c);
    } else if (c->ring == RING_LATER && !loop_timer_armed(&c->ring_late)) {
        loop_timer_set(c->loop, &c->ring_late, now_us + RING_LATE_US);
    }
    if (at != c->due.at_us) {
        if (at == INT64_MAX) {
            loop_timer_del(c->loop, &c->due);
        } else {
            loop_timer_set(c->loop, &c->due, at);
        }
    }
    if (c->draining && !c->conf.turn_only &&
        web_connections(exchange_web(tape_exchange(c->tape))) == 0) {
        loop_stop(c->loop);
    }
}

static void follow_wall_clock(struct control *c, int64_t now_us)
{
    int64_t offset = clock_wall_us() - clock_mono_us();
    int64_t moved = offset - c->wall_offset_us;
    if (moved > WALL_SLACK_US || moved < -WALL_SLACK_US) {
        c->wall_offset_us = offset;
        tape_wall(c->tape, now_us, offset);
    }
}

static void drop_dtls_letter(struct letter *l)
{
    struct media_dtls *m = container_of(l, struct media_dtls, letter);
    dtls_ctx_unref(m->ctx);
    xfree(m);
}

static void post_dtls(struct control *c)
{
    struct dtls_ctx *ctx = cert_keeper_dtls(c->conf.certs);
    for (unsigned i = 0; ctx && i < c->n_workers; i++) {
        struct media_dtls *m = xcalloc(1, sizeof *m);
        m->letter.kind = MEDIA_DTLS;
        m->letter.drop = drop_dtls_letter;
        m->ctx = dtls_ctx_ref(ctx);
        if (!worker_post(c->workers[i], &m->letter)) {
            log_warn("control", NULL, "a worker is too busy to take the new certificate for DTLS");
            letter_drop(&m->letter);
        }
    }
}

static void show_certificate(struct control *c)
{
    post_dtls(c);
    doorman_tls(c->doorman, cert_keeper_tls(c->conf.certs));
    tape_hsts(c->tape, loop_now(c->loop), cert_keeper_is_real(c->conf.certs));
}

static void check_certificates(struct control *c, bool addrs_changed)
{
    if (cert_keeper_tick(c->conf.certs, loop_now(c->loop), wall_s(c), addrs_changed)) {
        show_certificate(c);
    }
}

/* After many have left, or a burst: gives the system back what lies free on top of the heap and in whole
 * pages of it. Looks every few seconds, and only works when much is free. */
static void trim_heap(struct control *c)
{
    if (++c->housekept % TRIM_EVERY_S != 0) {
        return;
    }
    struct mallinfo2 m = mallinfo2();
    if (m.fordblks > TRIM_FROM && m.fordblks > m.uordblks / 4) {
        malloc_trim(0);
    }
}

static void on_housekeeping(struct loop_timer *t, int64_t now_us)
{
    struct control *c = container_of(t, struct control, housekeeping);
    follow_wall_clock(c, now_us);
    check_certificates(c, false);
    if (!c->draining) {
        tape_idle(c->tape, now_us);
    }
    brief_trim();
    trim_heap(c);
    loop_timer_set(c->loop, t, now_us + HOUSEKEEPING_US);
}

static void on_netif(struct loop_fd *fd, unsigned events)
{
    struct control *c = container_of(fd, struct control, netif);
    (void)events;
    if (netif_watch_drain(fd->fd)) {
        check_certificates(c, true);
        control_tell_addresses(c);
    }
}

/* ---- signals ---- */

static void reload(struct control *c)
{
    struct relay_people people;
    sdnotify_reloading(clock_mono_us());
    if (c->conf.reload(c->conf.ctx, &people)) {
        for (unsigned i = 0; i < c->n_workers; i++) {
            control_give_worker(c, i, relay_people_letter(&people));
        }
        relay_people_free(&people);
    }
    if (cert_keeper_reload(c->conf.certs, wall_s(c))) {
        show_certificate(c);
    }
    sdnotify_ready(NULL);
}

static void on_signal(void *ctx, int sig)
{
    struct control *c = ctx;
    switch (sig) {
    case SIGHUP: reload(c); break;
    case SIGUSR1: dump(c); break;
    default: control_drain(c);
    }
}

/* ---- connections that are not HTTP ---- */

static void take_stun(void *ctx, struct stream *s)
{
    struct control *c = ctx;
    struct stream_handover *h = c->n_workers ? stream_detach(s) : NULL;
    if (h) {
        worker_give_stream(c->workers[c->next_worker++ % c->n_workers], h);
    } else {
        stream_close(s, STREAM_LIMIT);
    }
}

/* ---- life ---- */

static bool open_store(struct control *c, char *err, size_t errlen)
{
    struct store_options options = c->conf.store;
    options.kind = LETTER_STORE;
    options.deliver = deliver_stored;
    options.ctx = c;
    c->store = store_start(&options, err, errlen);
    return c->store != NULL;
}

static bool open_push(struct control *c, char *err, size_t errlen)
{
    struct push_options options = c->conf.push;
    options.kind = LETTER_PUSH;
    options.deliver = deliver_pushed;
    options.ctx = c;
    char why[200];
    if (c->conf.push_on && !push_desk_open(&c->push, &options, why, sizeof why)) {
        snprintf(err, errlen, "Notifications cannot be sent: %s.", why);
        return false;
    }
    return true;
}

static bool open_disk(struct control *c, char *err, size_t errlen)
{
    char recordings[4096 + 16];
    snprintf(recordings, sizeof recordings, "%.4096s/recordings", c->conf.data_dir);
    struct disk_conf conf = {
        .dir = c->conf.files_dir, .bytes_max = c->conf.files_max, .recordings = recordings};
    struct disk *d = disk_open(&conf, err, errlen);
    c->disk =
        d ? disk_start(
                d, &(struct disk_options){.kind = LETTER_DISK, .deliver = deliver_disk, .ctx = c})
          : NULL;
    if (d && !c->disk) {
        snprintf(err, errlen, "The disk thread cannot be started: %s.", strerror(errno));
    }
    return c->disk != NULL;
}

static bool open_all(struct control *c, char *err, size_t errlen)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, 0};
    const struct control_conf *conf = &c->conf;
    struct password_options passwords = conf->password;

    c->loop = loop_new(&(struct loop_conf){"control", conf->slow_round_us, &c->counts});
    c->mail = mailbox_new("control", MAILBOX_CAP);
    if (!c->loop || !c->mail || mailbox_attach(c->mail, c->loop, on_letter, c) != 0 ||
        loop_signals(c->loop, signals, on_signal, c) != 0) {
        snprintf(err, errlen, "The control thread cannot be set up: %s.", strerror(errno));
        return false;
    }
    passwords.kind = LETTER_PASSWORD;
    passwords.deliver = deliver_password;
    passwords.ctx = c;
    c->passwords = password_start(&passwords);
    if (!c->passwords) {
        snprintf(err, errlen, "The password thread cannot be started: %s.", strerror(errno));
        return false;
    }
    return conf->turn_only ||
           (open_push(c, err, errlen) && open_store(c, err, errlen) && open_disk(c, err, errlen));
}

struct control *control_new(const struct control_conf *conf, char *err, size_t errlen)
{
    struct control *c = xcalloc(1, sizeof *c);
    c->conf = *conf;
    c->netif.fd = -1;
    if (!open_all(c, err, errlen)) {
        control_free(c);
        return NULL;
    }
    c->census = census_new(conf->max_connections, conf->max_per_addr);
    c->conf.doorman.census = c->census;
    c->doorman = doorman_new(c->loop, &c->conf.doorman);
    c->wall_offset_us = clock_wall_us() - clock_mono_us();
    c->relays = relay_mail_new(0, control_post_to_worker, c, &c->counts);
    control_open_groups(c, 0);
    const struct exchange_ports ports = control_ports(c);
    c->tape = tape_new(conf->rec, &conf->exchange, &ports, loop_now(c->loop), c->wall_offset_us,
                       &c->counts);
    doorman_taker(c->doorman, DOORMAN_HTTP, tape_take, c->tape);
    doorman_taker(c->doorman, DOORMAN_STUN, take_stun, c);
    if (conf->groups)
        doorman_taker(c->doorman, DOORMAN_ICE_TCP, take_stun, c);
    doorman_tls(c->doorman, cert_keeper_tls(conf->certs));
    return c;
}

void control_workers(struct control *c, struct worker *const *workers, unsigned n)
{
    c->workers = workers;
    c->n_workers = n;
    relay_mail_free(c->relays);
    c->relays = relay_mail_new(n, control_post_to_worker, c, &c->counts);
    control_open_groups(c, c->conf.groups ? n : 0);
    post_dtls(c);
}

void control_recorder(struct control *c, struct recorder *r)
{
    c->recorder = r;
}

struct mailbox *control_mailbox(struct control *c)
{
    return c->mail;
}

static void start_timers(struct control *c)
{
    c->hook = (struct loop_hook){.fn = on_round_end, .name = "control.round_end"};
    c->due = (struct loop_timer){.fn = on_due, .name = "exchange.tick"};
    c->housekeeping = (struct loop_timer){.fn = on_housekeeping, .name = "control.housekeeping"};
    control_end_timers(c);
    c->dump_late = (struct loop_timer){.fn = on_dump_late, .name = "control.dump_late"};
    c->ring_late = (struct loop_timer){.fn = on_ring_late, .name = "control.ring_late"};
    c->mail_again = (struct loop_timer){.fn = on_mail_again, .name = "control.mail_again"};
    c->netif = (struct loop_fd){.fn = on_netif, .name = "netif", .fd = -1};
    loop_hook_add(c->loop, &c->hook);
    loop_timer_set(c->loop, &c->housekeeping, loop_now(c->loop) + HOUSEKEEPING_US);
    int fd = netif_watch_open();
    if (fd >= 0 && loop_fd_add(c->loop, &c->netif, fd) != 0) {
        close(fd);
    }
}

void control_run(struct control *c)
{
    for (unsigned i = 0; i < c->conf.listen->ntcp; i++) {
        if (doorman_listen(c->doorman, c->conf.listen->tcp[i]) != 0) {
            log_error("control", NULL, "a listener cannot be watched: %s", strerror(errno));
            return;
        }
    }
    start_timers(c);
    control_tell_addresses(c);
    tape_ready(c->tape, loop_now(c->loop));
    sdnotify_ready(NULL);
    loop_run(c->loop);
    control_close_all(c);
}

void control_free(struct control *c)
{
    if (!c) {
        return;
    }
    if (c->passwords) {
        password_stop(c->passwords);
    }
    push_desk_close(&c->push);
    store_stop(c->store);
    disk_stop(c->disk);
    if (c->netif.fd >= 0) {
        int fd = c->netif.fd;
        loop_fd_del(c->loop, &c->netif);
        close(fd);
    }
    doorman_free(c->doorman);
    buf_free(&c->dump.text);
    tape_free(c->tape);
    sfu_mail_free(c->groups);
    relay_mail_free(c->relays);
    if (c->mail) {
        mailbox_free(c->mail);
    }
    if (c->loop) {
        loop_free(c->loop);
    }
    census_free(c->census);
    xfree(c);
}
