#include "app/settings.h"

#include <stdio.h>
#include <string.h>

#include "app/netif.h"
#include "app/relay_settings.h"
#include "app/sfu_settings.h"
#include "base/clock.h"
#include "base/mem.h"

/* What is off (burst 0) has no rate either. */
static int64_t every_us(struct config_rate r)
{
    return r.per_s_e6 ? (int64_t)(1000000000000ULL / r.per_s_e6) : INT64_MAX;
}

static struct domain_rate rate(struct config_rate r)
{
    return (struct domain_rate){.burst = (int)r.burst, .every_us = every_us(r)};
}

static void apply_web(struct web_conf *w, const struct config *c)
{
    web_conf_defaults(w);
    w->web_dir = c->web_dir;
    w->origins = c->allow_origin.v;
    w->n_origins = c->allow_origin.n;
    w->trusted = c->trusted_proxy.v;
    w->n_trusted = c->trusted_proxy.n;
    w->metrics = c->metrics_allow.v;
    w->n_metrics = c->metrics_allow.n;
    w->head.head_max = (uint32_t)c->head_size;
    w->head.line_max = (uint32_t)c->request_line;
    w->head.fields_max = (uint32_t)c->header_fields;
    w->message_max = (uint32_t)c->message_size;
    w->streams_max = c->event_streams;
    w->rate_burst = c->rate_http.burst;
    w->rate_every_us = every_us(c->rate_http);
    w->head_us = c->head_timeout;
    w->body_us = c->body_timeout;
    w->idle_us = c->idle_timeout;
    w->write_us = c->write_timeout;
    w->hello_us = c->hello_timeout;
    w->ping_us = c->ping_interval;
    w->pong_us = MAX_OF(c->dead_peer - c->ping_interval, US_PER_S);
    w->beat_us = c->event_beat;
    w->poll_us = c->poll_wait;
    w->poll_gap_us = c->poll_gap;
    w->notice_us = c->notice_delay;
}

static void apply_rates(struct domain_config *d, const struct config *c)
{
    d->hello = rate(c->rate_hello);
    d->sign_in = rate(c->rate_sign_in);
    d->rates[RATE_JOIN] = rate(c->rate_join);
    d->rates[RATE_CHAT] = rate(c->rate_chat);
    d->rates[RATE_WHISPER] = rate(c->rate_whisper);
    d->rates[RATE_TYPING] = rate(c->rate_typing);
    d->rates[RATE_DESC] = rate(c->rate_desc);
    d->rates[RATE_CAND] = rate(c->rate_cand);
    d->rates[RATE_FILE] = rate(c->rate_file);
    d->rates[RATE_STATE] = rate(c->rate_state);
    d->rates[RATE_NAME] = rate(c->rate_name);
    d->rates[RATE_WATCH] = rate(c->rate_watch);
    d->rates[RATE_MANAGE] = rate(c->rate_manage);
    d->rates[RATE_RESUME] = rate(c->rate_resume);
    d->rates[RATE_SEND] = rate(c->rate_send);
    d->rates[RATE_CONV] = rate(c->rate_conv);
    d->rates[RATE_SEARCH] = rate(c->rate_search);
    d->rates[RATE_STRANGER] = rate(c->rate_open);
}

static void apply_facts(struct hello_facts *f, const struct config *c)
{
    f->resume_s = c->resume_window / US_PER_S;
    f->ping_s = c->ping_interval / US_PER_S;
    f->limit_name = c->name_length;
    f->limit_chat = c->chat_length;
    f->limit_title = c->title_length;
    f->limit_message = (int64_t)c->message_size;
    f->limit_rooms_per_session = c->rooms_per_session;
    f->limit_mesh = c->mesh;
    f->recordings = c->recordings && c->groups != CONFIG_GROUPS_NEVER;
    f->limit_group = c->groups == CONFIG_GROUPS_NEVER ? 0 : c->group_places;
}

static const char *passkey_host_of(const struct config *c)
{
    if (c->passkey_host && c->passkey_host[0])
        return c->passkey_host;
    for (size_t i = 0; i < c->name.n; i++)
        if (passkey_host(c->name.v[i]))
            return c->name.v[i].p;
    return "";
}

static void apply_accounts(struct domain_config *d, const struct config *c)
{
    d->registration = (enum registration)c->registration;
    d->guests = c->guests != 0;
    d->user_invites = c->user_invites != 0;
    d->sign_in_ms = c->sign_in_lifetime / US_PER_MS;
    d->convs_max = (int)c->convs_max;
    d->members_max = (int)c->members_max;
    d->retention_s = c->retention / US_PER_S;
    snprintf(d->rp_id, sizeof d->rp_id, "%s", passkey_host_of(c));
    d->passkeys = passkey_host(str_from(d->rp_id));
    settings_origins(d, c->tls != CONFIG_TLS_OFF, (uint16_t)c->port);
}

void settings_origins(struct domain_config *d, bool tls, uint16_t port)
{
    const char *host = d->rp_id;
    unsigned n = 0;
    memset(d->origins, 0, sizeof d->origins);
    if (!host[0])
        return;
    /* A proxy in front speaks TLS on the usual port. */
    snprintf(d->origins[n++], sizeof d->origins[0], "https://%s", host);
    if (port && port != 443)
        snprintf(d->origins[n++], sizeof d->origins[0], "https://%s:%u", host, port);
    if (!tls && strcmp(host, "localhost") == 0)
        snprintf(d->origins[n++], sizeof d->origins[0], "http://%s:%u", host, port);
}

static void apply_domain(struct domain_config *d, const struct config *c)
{
    domain_config_defaults(d);
    d->max_sessions = (int)c->max_sessions;
    d->max_rooms = (int)c->max_rooms;
    d->rooms_per_session = (int)c->rooms_per_session;
    d->mesh = (int)c->mesh;
    d->groups = (enum groups_when)c->groups;
    d->group_places = (int)c->group_places;
    d->recordings = c->recordings != 0;
    d->capacity_default = (int)c->room_capacity;
    d->capacity_max = (int)c->room_capacity_max;
    d->name_max = (int)c->name_length;
    d->title_max = (int)c->title_length;
    d->chat_max = (int)c->chat_length;
    d->password_queue = (int)c->password_queue;
    d->list_max = (int)c->list_length;
    d->bans_per_room = (int)c->bans_per_room;
    d->resume_us = c->resume_window;
    d->leave_us = c->leave_window;
    d->list_every_us = c->list_interval;
    d->ban_us = c->ban_time;
    d->ticket_ms = c->ticket_lifetime / US_PER_MS;
    d->owner_wait_us = c->owner_wait;
    d->ring_us = c->ring_time;
    apply_accounts(d, c);
    apply_rates(d, c);
    apply_facts(&d->facts, c);
}

/* A frame must take the longest answer there is: a join with its whole history, or the list of rooms. No
 * character takes more than six bytes (a control character, escaped). */
static uint32_t frame_max(const struct config *c)
{
    uint64_t history = (uint64_t)c->history * (c->chat_length * 6 + 512);
    uint64_t people = (uint64_t)c->room_capacity_max * 512;
    uint64_t tracks = (uint64_t)c->group_places * 2 * GROUP_PUBLISHED_MAX * 128;
    uint64_t list = (uint64_t)c->list_length * 1024;
    return (uint32_t)MIN_OF(history + people + tracks + list + 65536 + c->message_size, 256u << 20);
}

static void apply_exchange(struct exchange_conf *x, const struct config *c)
{
    apply_web(&x->web, c);
    apply_domain(&x->domain, c);
    x->frame_max = frame_max(c);
    x->web.frame_max = x->frame_max;
    x->outbox = (struct outbox_limits){
        .unsent_bytes = (uint32_t)c->outbox_size,
        .unsent_count = c->outbox_messages,
        .replay_bytes = (uint32_t)c->replay_size,
        .replay_count = c->replay_messages,
        .kept_bytes = MAX_OF((uint32_t)c->kept_size, x->frame_max),
        .kept_count = c->kept_messages,
    };
    x->reorder_max = c->reorder_max;
    x->reorder_wait_us = c->reorder_wait;
    x->history = c->history;
    x->history_bytes = c->history_size;
}

static void apply_control(struct control_conf *k, const struct config *c)
{
    apply_exchange(&k->exchange, c);
    k->doorman.max_handshakes = c->max_handshakes;
    k->doorman.classify_us = c->classify_timeout;
    k->doorman.handshake_us = c->handshake_timeout;
    k->max_connections = c->max_connections;
    k->max_per_addr = c->connections_per_address;
    k->password.queue = c->password_queue;
    k->password.memory_kb = (uint32_t)(c->argon2_memory / 1024);
    k->password.passes = c->argon2_passes;
    k->store.queue = c->store_queue;
    k->push_on = c->push && !c->turn_only;
    k->push.queue = c->push_queue;
    k->push.subject = c->push_contact;
    k->push.ca_file = c->push_ca;
    k->push.allow = c->push_allow.v;
    k->push.n_allow = c->push_allow.n;
    k->files_max = (uint64_t)c->files_size;
    k->exchange.domain.upload_max = k->exchange.web.upload_max = (uint64_t)c->upload_size;
    k->exchange.domain.files_ms = c->files_retention / US_PER_MS;
    k->exchange.domain.files_each_max = (uint64_t)c->files_each;
    k->exchange.domain.uploads_each_max = (uint64_t)c->uploads_each;
    k->slow_round_us = c->loop_stall;
    k->drain_us = c->drain;
    k->retry_ms = 800;
    k->data_dir = c->data;
}

static void apply_certs(struct cert_keeper_conf *k, const struct config *c)
{
    static const char *names[CONFIG_LIST_MAX];
    k->tls = c->tls != CONFIG_TLS_OFF;
    k->data_dir = c->data;
    k->cert_file = c->tls == CONFIG_TLS_FILES ? c->cert : NULL;
    k->key_file = c->tls == CONFIG_TLS_FILES ? c->key : NULL;
    for (size_t i = 0; i < c->name.n; i++) {
        names[i] = c->name.v[i].p;
    }
    k->names = names;
    k->n_names = c->name.n;
}

static void apply_relays(struct house_conf *h, const struct config *c,
                         const struct relay_people *people)
{
    relay_settings_apply(&h->worker, c, people);
    h->turn_only = c->turn_only;
    h->max_relays = c->relay ? c->max_allocations : 0;
    h->need_relays = c->source[CONFIG_INT_max_allocations] != CONFIG_DEFAULT;
    h->control.own = (struct relay_own_conf){c->public_ip.v, (unsigned)c->public_ip.n,
                                             (enum config_lan)c->allow_lan};
    h->banner = (struct turn_banner){
        .realm = relay_realm(c),
        .name = c->name.n ? c->name.v[0].p : NULL,
        .host = c->public_ip.n ? &c->public_ip.v[0] : NULL,
        .ports = c->relay_ports,
        .people = people,
    };
}

void settings_apply(struct house_conf *h, const struct config *c, const struct relay_people *people)
{
    *h = (struct house_conf){
        .record = c->record, .record_size = c->record_size, .fd_reserve = c->fd_reserve};
    h->recordings_quota = (uint64_t)c->recordings_quota;
    apply_control(&h->control, c);
    apply_certs(&h->certs, c);
    for (size_t i = 0; i < c->listen.n && i < LISTEN_ADDRS_MAX; i++) {
        h->listen.addrs[h->listen.naddrs++] = c->listen.v[i];
    }
    h->listen.workers = c->workers;
    h->listen.tcp_port = (uint16_t)c->port;
    h->listen.udp_port = (uint16_t)c->udp_port;
    h->worker.max_streams = c->stun_streams;
    h->worker.stream_idle_us = c->stun_idle;
    h->worker.stun.unlimited = c->rate_stun.burst == 0;
    h->worker.stun.burst = c->rate_stun.burst;
    h->worker.stun.every_us = every_us(c->rate_stun);
    apply_relays(h, c, people);
    sfu_settings_apply(&h->worker, c);
}

bool settings_public_ip(const struct config *c, struct addr *out)
{
    if (c->public_ip.n > 0) {
        *out = c->public_ip.v[0];
        return true;
    }
    struct netif_list *netif = xcalloc(1, sizeof *netif);
    const struct netif_addr *a = netif_read(netif) ? netif_public(netif) : NULL;
    if (a) {
        *out = a->ip;
    }
    xfree(netif);
    return a != NULL;
}
