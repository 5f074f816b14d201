/* The inside of control: its state, and what its files give each other. control.c is its life and its letters,
 * control_ports.c what the exchange asks of the other threads, control_end.c the way to the end. */
#ifndef MADANG_APP_CONTROL_INT_H
#define MADANG_APP_CONTROL_INT_H

#include "app/control.h"
#include "app/dump.h"
#include "app/push_desk.h"
#include "app/sfu_mail.h"
#include "base/count.h"
#include "io/loop.h"

struct letter;

struct control {
    struct control_conf conf;
    struct loop *loop;
    struct mailbox *mail;
    struct census *census;
    struct doorman *doorman;
    struct tape *tape;
    struct password_thread *passwords;
    struct store *store;      /* NULL: a TURN server alone */
    struct disk_thread *disk; /* likewise */
    struct push_desk push;
    struct worker *const *workers;
    unsigned n_workers, next_worker;
    struct relay_mail *relays;
    struct sfu_mail *groups;
    struct recorder *recorder; /* NULL: nothing is recorded */
    struct counts counts;
    struct loop_hook hook;
    struct loop_timer due, housekeeping, end, gone, mail_again, ring_late, dump_late;
    enum { RING_NOT, RING_LATER, RING_NOW } ring; /* letters were put, and workers not woken */
    struct dump_job dump;
    struct loop_fd netif;
    int64_t wall_offset_us;
    unsigned housekept;
    bool draining;
};

/* ---- control_ports.c ---- */
/* What the exchange may ask; ctx is control. */
struct exchange_ports control_ports(struct control *c);
/* No letter for a worker is without one who reads it: also NULL workers. */
void control_open_groups(struct control *c, unsigned workers);
void control_tell_addresses(struct control *c);
void control_ring_workers(struct control *c);
bool control_post_to_worker(void *ctx, unsigned worker, struct letter *l);
/* For letters that come rarely: there is no room only when the worker hangs. */
void control_give_worker(struct control *c, unsigned worker, struct letter *l);
void control_take_group(struct control *c, const struct letter *l);
void control_take_recorded(struct control *c, const struct letter *l);
void control_relay_stats(const struct control *c, struct turn_stats *sum);

/* ---- control_end.c ---- */
void control_drain(struct control *c);
void control_end_timers(struct control *c);
/* Whoever is still there is cut. */
void control_close_all(struct control *c);

#endif
