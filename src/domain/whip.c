#include "domain/whip.h"

#include "base/mem.h"
#include "domain/group.h"
#include "domain/media_token.h"

/* ---- the object ---- */

static struct whip *whip_find(const struct domain *d, const uint8_t name[WHIP_RESOURCE])
{
    for (struct hnode *it = hmap_first(&d->whips, siphash24(&d->hash_key, name, WHIP_RESOURCE)); it;
         it = hmap_next_same(it)) {
        struct whip *w = container_of(it, struct whip, by_name);
        if (ct_equal(w->name, name, WHIP_RESOURCE))
            return w;
    }
    return NULL;
}

static struct whip *whip_new(struct domain *d, struct room *r, const struct cmd *cmd,
                             bool by_operator)
{
    struct whip *w = xcalloc(1, sizeof *w);
    list_init(&w->over);
    rng_bytes(&d->rng, w->name, sizeof w->name);
    w->http = cmd->http;
    w->room = r->id;
    w->generation = 1;
    w->by_operator = by_operator;
    w->offer = str_of(str_dup(cmd->u.whip.body), cmd->u.whip.body.n);
    hmap_insert(&d->whips, &w->by_name, siphash24(&d->hash_key, w->name, sizeof w->name));
    list_push_back(&r->whips, &w->of_room);
    return w;
}

static void whip_free(struct domain *d, struct whip *w)
{
    list_del(&w->over);
    list_del(&w->of_room);
    scope_free(&w->scope);
    hmap_remove(&d->whips, &w->by_name);
    xfree((void *)(uintptr_t)w->offer.p);
    xfree(w);
}

static void answer(struct domain *d, struct whip *w, struct whip_view *v)
{
    uint64_t http = w->http;
    w->http = 0;
    v->verb = w->asked;
    emit_http(d, http, &(struct event){.type = RESULT_WHIP, .u.whip = *v}, NULL, NULL);
}

static void answer_error(struct domain *d, uint64_t http, enum errcode code, int64_t retry_ms)
{
    emit_http(d, http, NULL, &(struct wire_error){.code = code, .retry_ms = retry_ms}, NULL);
}

/* Its program leaves the room, which may end with that. */
static void whip_end(struct domain *d, struct whip *w)
{
    struct session *program = w->program;
    uint64_t id = w->room;
    if (w->http)
        answer_error(d, w->http, CODE_BUSY, 1000);
    if (w->peer)
        group_peer_end(d, w->peer, true);
    scope_close(d, NULL, &w->scope);
    whip_free(d, w);
    if (program)
        session_program_end(d, program);
    struct room *r = room_find(d, id);
    if (r)
        group_review(d, r);
}

void whip_lost(struct domain *d, struct whip *w)
{
    w->peer = NULL;
    list_push_back(&d->whips_over, &w->over);
}

void whip_room_ends(struct room *r)
{
    while (list_pop_front(&r->whips))
        ;
}

void whip_leave_room(struct domain *d, struct room *r)
{
    struct list *l;
    while ((l = list_first(&r->whips)) != NULL)
        whip_end(d, container_of(l, struct whip, of_room));
}

void whip_free_all(struct domain *d)
{
    HMAP_FOREACH_SAFE(it, &d->whips) {
        whip_free(d, container_of(it, struct whip, by_name));
    }
}

int64_t whip_deadline(const struct domain *d)
{
    return list_empty(&d->whips_over) ? INT64_MAX : d->now;
}

void whip_tick(struct domain *d)
{
    struct list *l;
    while ((l = list_first(&d->whips_over)) != NULL)
        whip_end(d, container_of(l, struct whip, over));
}

/* ---- who may ---- */

static enum errcode token_check(const struct domain *d, const struct cmd *cmd,
                                struct media_token *t)
{
    const struct cmd_whip *q = &cmd->u.whip;
    if (q->token.n == 0)
        return CODE_SIGN_IN_REQUIRED;
    if (!media_token_open(t, d->cfg.ticket_key, q->token, d->wall))
        return CODE_SIGN_IN_WRONG;
    if (t->room != cmd->room || !(q->view ? t->view : t->publish))
        return CODE_NOT_ALLOWED;
    return CODE_NONE;
}

static enum errcode room_check(const struct domain *d, const struct room *r, const struct cmd *cmd,
                               const struct media_token *t)
{
    bool publishes = !cmd->u.whip.view;
    if (d->cfg.groups == GROUPS_NEVER || (r && r->no_group_until > d->now))
        return CODE_NOT_GROUP;
    if (!r && !(t->by_operator && publishes))
        return CODE_ROOM_UNKNOWN;
    if (!r)
        return d->rooms.n >= (size_t)d->cfg.max_rooms ? CODE_ROOM_LIMIT : CODE_NONE;
    if (r->call || r->of_calls || (!r->programs && !t->by_operator))
        return CODE_NOT_ALLOWED;
    if (publishes && r->locked && !t->by_operator)
        return CODE_ROOM_LOCKED;
    return publishes && r->n_parts >= r->capacity ? CODE_ROOM_FULL : CODE_NONE;
}

bool whip_switch(struct domain *d, struct room *r, enum tri on)
{
    if (on == TRI_ABSENT || r->programs == (on == TRI_YES))
        return false;
    r->programs = on == TRI_YES;
    LIST_FOREACH(it, &r->whips) {
        struct whip *w = container_of(it, struct whip, of_room);
        if (!r->programs && !w->by_operator && w->peer)
            group_peer_end(d, w->peer, true); /* the rest of it ends with the next tick */
    }
    return true;
}

void whip_token(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_media_token *q = &cmd->u.group.token;
    char text[MEDIA_TOKEN_TEXT_MAX];
    struct room *r = moderated(d, s, cmd->id, q->room);
    if (!r)
        return;
    if (!q->publish && !q->view) {
        emit_bad(d, s, cmd->id, "publish");
        return;
    }
    if (!r->programs || d->cfg.groups == GROUPS_NEVER) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
        return;
    }
    const struct media_token t = {.room = r->id,
                                  .until_ms = d->wall + q->ttl_s * 1000,
                                  .publish = q->publish,
                                  .view = q->view};
    size_t n = media_token_seal(&t, d->cfg.ticket_key, &d->rng, text);
    emit_ack(d, s, cmd->id,
             &(struct event){.type = RESULT_MEDIA_TOKEN, .u.group.token.token = str_of(text, n)});
    memzero(text, sizeof text);
}

/* ---- offers ---- */

static void order_offer(struct domain *d, const struct whip *w, const struct group_line *lines,
                        uint32_t n)
{
    group_peer_offer(d, w->peer, w->program ? GROUP_MAY_PUBLISH : GROUP_MAY_SUBSCRIBE, w->offer,
                     lines, n);
}

/* The first line of sound and the first picture that are sent are microphone and camera, the second ones what is
 * shared; more than that has no place in a room. */
static uint32_t lines_sent(struct domain *d, struct whip *w, const struct object_list *offered,
                           struct group_line out[WHIP_LINES])
{
    static const enum group_kind kinds[2][2] = {{GROUP_MIC, GROUP_SOUND},
                                                {GROUP_CAMERA, GROUP_SCREEN}};
    const struct whip_line *l = offered->p;
    unsigned seen[2] = {0};
    uint32_t n = 0;
    for (size_t i = 0; i < offered->n; i++)
        if (l[i].sends && l[i].mid.n <= GROUP_MID_MAX && seen[l[i].video] < 2)
            out[n++] =
                (struct group_line){.mid = l[i].mid, .kind = kinds[l[i].video][seen[l[i].video]++]};
    group_peer_tracks(d, w->peer, out, n);
    return n;
}

static uint32_t lines_received(const struct whip *w, struct group_line out[WHIP_LINES])
{
    for (uint32_t i = 0; i < w->n_lines; i++)
        out[i] = (struct group_line){.mid = str_from(w->lines[i].mid),
                                     .kind = GROUP_KINDS,
                                     .track = w->lines[i].track,
                                     .width = 1920,
                                     .height = 1920,
                                     .priority = GROUP_VISIBLE};
    return w->n_lines;
}

static void order_wish(struct domain *d, const struct whip *w)
{
    struct group_line lines[WHIP_LINES];
    group_order(d, &(struct group_order){.kind = GROUP_ORDER_WISH,
                                         .room = w->peer->group->id,
                                         .peer = w->peer->id,
                                         .lines = lines,
                                         .n_lines = lines_received(w, lines)});
}

static void take_lines(struct whip *w, const struct object_list *offered)
{
    const struct whip_line *l = offered->p;
    for (size_t i = 0; i < offered->n && w->n_lines < WHIP_LINES; i++) {
        struct whip_aim *a = &w->lines[w->n_lines];
        if (l[i].sends || l[i].mid.n > GROUP_MID_MAX)
            continue;
        str_copy(l[i].mid, a->mid, sizeof a->mid);
        a->video = l[i].video;
        w->n_lines++;
    }
}

/* A program that comes back before its old session has ended takes its place. */
static void end_namesake(struct domain *d, struct room *r, struct str name)
{
    LIST_FOREACH(it, &r->whips) {
        struct whip *w = container_of(it, struct whip, of_room);
        if (w->program && str_eq(session_name(w->program), name)) {
            whip_end(d, w); /* and perhaps the room: there is one of a name */
            return;
        }
    }
}

static void tell_entered(struct domain *d, const struct room *r, const struct session *s)
{
    struct event e = {.type = EVENT_ENTERED, .room = r->id, .u.entered.count = r->n_parts};
    person_view(room_part(r, s), &e.u.entered.person);
    emit_room(d, r, &e, s);
}

static enum errcode publish(struct domain *d, struct room *r, const struct cmd *cmd,
                            struct str name, bool by_operator)
{
    struct group_line lines[WHIP_LINES];
    bool place = r->n_media < group_places(d, r);
    struct session *s = place ? session_program(d, name) : NULL;
    if (!s) {
        if (r->n_parts == 0)
            room_destroy(d, r);
        return place ? CODE_BUSY : CODE_MEDIA_FULL;
    }
    struct part *p = room_add(d, r, s);
    media_take(d, r, p);
    struct whip *w = whip_new(d, r, cmd, by_operator);
    w->program = s;
    tell_entered(d, r, s);
    group_review(d, r);
    w->peer = group_peer_program(d, r, p, w);
    uint32_t n = lines_sent(d, w, &cmd->u.whip.lines, lines);
    order_offer(d, w, lines, n);
    return CODE_NONE;
}

static void watch(struct domain *d, struct room *r, const struct cmd *cmd, struct str name,
                  bool by_operator)
{
    struct whip *w = whip_new(d, r, cmd, by_operator);
    struct group_line lines[WHIP_LINES];
    w->scope = scope_open(d);
    str_copy(name, w->watched, sizeof w->watched);
    take_lines(w, &cmd->u.whip.lines);
    group_review(d, r);
    w->peer = group_peer_program(d, r, NULL, w);
    whip_aim(r, w);
    uint32_t n = lines_received(w, lines);
    order_offer(d, w, lines, n);
    order_wish(d, w); /* an offer does not say how large a picture is */
}

static enum errcode begin(struct domain *d, const struct cmd *cmd, struct str name, bool asked)
{
    bool publishes = !cmd->u.whip.view;
    struct media_token t;
    struct room *r = room_find(d, cmd->room);
    enum errcode code = token_check(d, cmd, &t);
    if (r && publishes && !code)
        end_namesake(d, r, name);
    r = room_find(d, cmd->room); /* it may have ended with its last program */
    if (!r && publishes && !code && !asked && d->cfg.groups != GROUPS_NEVER) {
        whip_knock(d, cmd, t.by_operator);
        return CODE_NONE;
    }
    if (!code)
        code = room_check(d, r, cmd, &t);
    if (code)
        return code;
    if (!r)
        r = room_new(d, cmd->room, name);
    if (publishes)
        return publish(d, r, cmd, name, t.by_operator);
    watch(d, r, cmd, name, t.by_operator);
    return CODE_NONE;
}

void whip_offer(struct domain *d, const struct cmd *cmd, bool asked)
{
    const struct cmd_whip *q = &cmd->u.whip;
    char name[NAMES_BYTES_MAX];
    size_t n = 0;
    enum names_verdict good = names_clean(q->name, d->cfg.name_max, name, &n);
    int64_t wait = asked ? 0 : session_addr_rate(d, cmd->addr_key, &d->cfg.hello);
    enum errcode code = CODE_NONE;
    if (wait)
        code = CODE_RATE;
    else if (good != NAMES_OK && !(q->view && good == NAMES_EMPTY))
        code = CODE_BAD_NAME;
    else
        code = begin(d, cmd, str_of(name, n), asked);
    if (code)
        answer_error(d, cmd->http, code, code == CODE_BUSY ? 1000 : wait);
}

/* ---- changes: RFC 9725, 4.3 ---- */

static struct str etag(const struct whip *w, char text[WHIP_ETAG_MAX])
{
    struct buf b;
    buf_init_fixed(&b, text, WHIP_ETAG_MAX);
    buf_putf(&b, "%u", w->generation);
    return buf_str(&b);
}

/* Whatever its candidates are: we answer checks, and send none. New credentials begin ICE anew. */
static void trickle(struct domain *d, struct whip *w, const struct cmd *cmd)
{
    const struct cmd_whip *q = &cmd->u.whip;
    char now[WHIP_ETAG_MAX];
    struct group_line lines[WHIP_LINES];
    bool stale = !str_eq(q->etag, STR("*")) && !str_eq(q->etag, etag(w, now));
    bool restart = !stale && q->ufrag.n && q->pwd.n && !whip_has_ufrag(w, q->ufrag);
    int64_t wait = restart ? session_addr_rate(d, cmd->addr_key, &d->cfg.hello) : 0;
    if (wait) { /* it costs what an offer does */
        answer_error(d, cmd->http, CODE_RATE, wait);
        return;
    }
    w->asked = WHIP_TRICKLE;
    w->http = cmd->http;
    if (!restart) {
        answer(d, w, &(struct whip_view){.stale = stale});
    } else {
        whip_renew_offer(w, q->ufrag, q->pwd);
        order_offer(d, w, lines,
                    w->program ? group_peer_lines(w->peer, lines) : lines_received(w, lines));
    }
}

void whip_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_whip *q = &cmd->u.whip;
    (void)s;
    if (q->verb == WHIP_OFFER) {
        whip_offer(d, cmd, false);
        return;
    }
    struct whip *w = whip_find(d, q->session);
    if (!w || !w->peer || w->room != cmd->room) {
        answer_error(d, cmd->http, CODE_UNKNOWN, 0);
    } else if (q->verb == WHIP_END) {
        whip_end(d, w);
        emit_http(d, cmd->http, &(struct event){.type = RESULT_WHIP, .u.whip.verb = WHIP_END}, NULL,
                  NULL);
    } else if (w->http) {
        answer_error(d, cmd->http, CODE_BUSY, 1000);
    } else {
        trickle(d, w, cmd);
    }
}

/* ---- what the worker says ---- */

void whip_answered(struct domain *d, struct whip *w, struct str sdp)
{
    char mem[700], tag[WHIP_ETAG_MAX];
    struct buf fragment;
    if (!w->http)
        return;
    buf_init_fixed(&fragment, mem, sizeof mem);
    if (w->asked == WHIP_TRICKLE) {
        w->generation++;
        whip_put_fragment(&fragment, sdp);
        sdp = buf_str(&fragment);
    }
    struct whip_view v = {
        .session = w->name,
        .etag = etag(w, tag),
        .body = sdp,
        .facts = &d->cfg.facts,
    };
    const struct room *r = w->peer->group->room;
    v.relay = (struct relay_view){w->program ? room_part(r, w->program)->scope.id : w->scope.id,
                                  d->cfg.relay_key};
    answer(d, w, &v);
}

void whip_refused(struct domain *d, struct whip *w, enum group_refusal code)
{
    static const enum errcode codes[GROUP_REFUSALS] = {
        [GROUP_BAD_OFFER] = CODE_BAD_BODY,
        [GROUP_NO_MEDIA] = CODE_NO_MEDIA,
        [GROUP_FULL] = CODE_BUSY,
        [GROUP_GONE] = CODE_BUSY,
    };
    uint64_t http = w->http;
    w->http = 0;
    if (http)
        answer_error(d, http, codes[code], codes[code] == CODE_BUSY ? 1000 : 0);
}

void whip_review(struct domain *d, struct room *r)
{
    LIST_FOREACH(it, &r->whips) {
        struct whip *w = container_of(it, struct whip, of_room);
        if (!w->program && w->peer && whip_aim(r, w))
            order_wish(d, w);
    }
}
