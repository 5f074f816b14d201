/* What the exchange asks of the other threads, and what comes back about groups and recordings. */
#include "app/cert_keeper.h"
#include "app/control_int.h"
#include "app/group_mail.h"
#include "app/metrics.h"
#include "app/netif.h"
#include "app/recorder.h"
#include "app/sfu_letter.h"
#include "app/tape.h"
#include "app/worker.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "edge/store/disk.h"
#include "io/census.h"
#include "io/listen.h"
#include "io/mailbox.h"
#include "msg/rec_msg.h"

/* ---- ports of the exchange ---- */

void control_relay_stats(const struct control *c, struct turn_stats *sum)
{
    *sum = (struct turn_stats){0};
    for (unsigned i = 0; i < c->n_workers; i++) {
        worker_turn_stats(c->workers[i], sum);
    }
}

static bool port_password(void *ctx, const struct password_job *job)
{
    struct control *c = ctx;
    return password_submit(c->passwords, job);
}

static bool port_db(void *ctx, const struct db_request *request)
{
    struct control *c = ctx;
    return c->store && store_submit(c->store, request);
}

static void port_push(void *ctx, const struct push_job *job)
{
    struct control *c = ctx;
    push_desk_send(&c->push, job);
}

static bool port_disk(void *ctx, const struct disk_request *request)
{
    struct control *c = ctx;
    return c->disk && disk_submit(c->disk, request);
}

static struct str port_ca_cert(void *ctx)
{
    struct control *c = ctx;
    return cert_keeper_ca_pem(c->conf.certs);
}

static void port_health(void *ctx, struct buf *json)
{
    struct control *c = ctx;
    struct domain_counts n;
    struct turn_stats relays;
    if (c->conf.turn_only) {
        control_relay_stats(c, &relays);
        buf_putf(json, ",\"allocations\":%u", relays.allocations);
        return;
    }
    domain_count(exchange_domain(tape_exchange(c->tape)), &n);
    buf_putf(json, ",\"sessions\":%u,\"rooms\":%u", n.sessions, n.rooms);
}

static void port_metrics(void *ctx, struct buf *out)
{
    struct control *c = ctx;
    metrics_write(out, &(struct metrics_sources){
                           .exchange = tape_exchange(c->tape),
                           .counts = &c->counts,
                           .store = c->store,
                           .disk = c->disk,
                           .recorder = c->recorder,
                           .passwords_waiting = password_waiting(c->passwords),
                           .connections = census_total(c->census),
                           .rec_dropped = rec_dropped(c->conf.rec),
                           .workers = c->workers,
                           .n_workers = c->n_workers,
                           .relays = c->conf.relays,
                           .groups = c->conf.groups,
                           .rooms = c->conf.show_rooms,
                       });
    push_desk_metrics(out, &c->push);
}

/* ---- what workers are told of relays ---- */

/* They are woken at the end of the round, and not even then for what they look up by themselves: a
 * worker reads its letters before it takes a request that a new scope could concern. */
bool control_post_to_worker(void *ctx, unsigned worker, struct letter *l)
{
    struct control *c = ctx;
    bool lazy = l->kind == MEDIA_SCOPE_OPEN; /* before it is another's */
    if (!worker_put(c->workers[worker], l)) {
        c->ring = RING_NOW;
        return false;
    }
    c->ring = MAX_OF(c->ring, lazy ? RING_LATER : RING_NOW);
    return true;
}

void control_ring_workers(struct control *c)
{
    for (unsigned i = 0; i < c->n_workers; i++) {
        worker_ring(c->workers[i]);
    }
    c->ring = RING_NOT;
    loop_timer_del(c->loop, &c->ring_late);
}

void control_give_worker(struct control *c, unsigned worker, struct letter *l)
{
    if (!worker_post(c->workers[worker], l)) {
        log_warn("control", NULL, "worker %u does not read its letters", worker);
        letter_drop(l);
    }
}

static void port_relay(void *ctx, const struct relay_scope *what)
{
    struct control *c = ctx;
    relay_mail_scope(c->relays, what);
}

void control_tell_addresses(struct control *c)
{
    const struct sfu_ways ways = {c->conf.own.public_ip, c->conf.own.n_public, c->conf.listen};
    struct netif_list *all = xmalloc(sizeof *all);
    if (netif_read_all(all)) {
        relay_mail_own(c->relays, all, &c->conf.own);
    }
    if (netif_read(all)) {
        sfu_mail_at(c->groups, all, &ways);
    }
    xfree(all);
}

static uint64_t load_of_worker(void *ctx, unsigned worker)
{
    const struct control *c = ctx;
    struct sfu_stats s = {0};
    worker_sfu_stats(c->workers[worker], &s);
    return s.peers + s.subscribed;
}

void control_open_groups(struct control *c, unsigned workers)
{
    struct sfu_mail_conf conf = {
        .workers = workers, .post = c->relays, .load = load_of_worker, .ctx = c};
    random_bytes(&conf.hash, sizeof conf.hash);
    sfu_mail_free(c->groups);
    c->groups = sfu_mail_new(&conf);
}

/* What no worker takes is refused by a letter to ourselves: the domain is in the middle of something. */
static void refuse(struct control *c, struct letter *no)
{
    if (!mailbox_post(c->mail, no))
        letter_drop(no);
}

static void drop_state(struct letter *l)
{
    xfree(container_of(l, struct rec_state, letter));
}

static void refuse_recording(struct control *c, uint64_t recording)
{
    struct rec_state *no = xcalloc(1, sizeof *no);
    no->letter = (struct letter){.kind = MEDIA_REC_STATE, .drop = drop_state};
    no->recording = recording;
    no->ended = true;
    no->end = REC_REFUSED;
    refuse(c, &no->letter);
}

static void port_group(void *ctx, const struct group_order *order)
{
    struct control *c = ctx;
    if (order->kind == GROUP_ORDER_NAME) {
        if (c->recorder)
            recorder_name(c->recorder, order->recording, order->peer, order->text);
        return;
    }
    if (sfu_mail_give(c->groups, group_mail_letter(order)))
        return;
    if (order->kind == GROUP_ORDER_OPEN || order->kind == GROUP_ORDER_OFFER) {
        struct media_sfu *no = sfu_letter(MEDIA_SFU_REFUSED, order->room, order->peer, 0, STR_NONE);
        no->code = SFU_FULL;
        refuse(c, &no->letter);
    } else if (order->kind == GROUP_ORDER_RECORD && order->on) {
        refuse_recording(c, order->recording);
    }
}

void control_take_group(struct control *c, const struct letter *l)
{
    struct group_news news;
    if (group_mail_news(container_of(l, struct media_sfu, letter), &news)) {
        tape_group(c->tape, loop_now(c->loop), &news);
    }
}

void control_take_recorded(struct control *c, const struct letter *l)
{
    tape_recorded(c->tape, loop_now(c->loop), container_of(l, struct rec_state, letter));
}

struct exchange_ports control_ports(struct control *c)
{
    return (struct exchange_ports){
        .ctx = c,
        .password = port_password,
        .ca_cert = port_ca_cert,
        .health = port_health,
        .metrics = port_metrics,
        .relay = port_relay,
        .group = port_group,
        .db = port_db,
        .push = port_push,
        .disk = port_disk,
    };
}
