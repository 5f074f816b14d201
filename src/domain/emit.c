/* Effects on their way to the sink. */
#include "domain/domain_int.h"

#include "base/mem.h"

static void emit(struct domain *d, const struct effect *e)
{
    d->sink(d->sink_arg, e);
}

void emit_ack(struct domain *d, struct session *s, int64_t id, const struct event *result)
{
    emit(d, &(struct effect){
                .type = EFFECT_ACK, .session = session_ref(s), .id = id, .event = result});
}

void emit_ok(struct domain *d, struct session *s, int64_t id)
{
    emit_ack(d, s, id, &(struct event){.type = RESULT_EMPTY});
}

void emit_wire_error(struct domain *d, struct session *s, int64_t id,
                     const struct wire_error *error)
{
    emit(d, &(struct effect){
                .type = EFFECT_ERROR, .session = session_ref(s), .id = id, .error = *error});
}

void emit_error(struct domain *d, struct session *s, int64_t id, enum errcode code)
{
    emit_wire_error(d, s, id, &(struct wire_error){.code = code});
}

void emit_bad(struct domain *d, struct session *s, int64_t id, const char *field)
{
    emit_wire_error(d, s, id, &(struct wire_error){.code = CODE_BAD_REQUEST, .field = field});
}

void emit_retry(struct domain *d, struct session *s, int64_t id, enum errcode code,
                int64_t retry_ms)
{
    emit_wire_error(d, s, id, &(struct wire_error){.code = code, .retry_ms = retry_ms});
}

void emit_conn_error(struct domain *d, uint64_t conn, int64_t id, const struct wire_error *error)
{
    emit(d, &(struct effect){.type = EFFECT_ERROR, .conn = conn, .id = id, .error = *error});
}

/* Those that have a pipe, and so can be told something. */
static const struct session_ref *with_pipes(struct domain *d, const struct session_ref *to,
                                            size_t *n)
{
    size_t kept = 0;
    if (*n > d->cap_told) {
        d->cap_told = *n + *n / 2 + 16;
        d->told = xrealloc_array(d->told, d->cap_told, sizeof *d->told);
    }
    for (size_t i = 0; i < *n; i++)
        if (to[i].slot != NO_SLOT)
            d->told[kept++] = to[i];
    *n = kept;
    return d->told;
}

void emit_list(struct domain *d, const struct session_ref *to, size_t n, const struct event *e)
{
    if (d->n_programs > 0)
        to = with_pipes(d, to, &n);
    if (n > 0)
        emit(d, &(struct effect){.type = EFFECT_SEND, .event = e, .to = to, .n_to = n});
}

void emit_to(struct domain *d, struct session *s, const struct event *e)
{
    struct session_ref ref = session_ref(s);
    emit_list(d, &ref, 1, e);
}

void emit_http(struct domain *d, uint64_t http, const struct event *result,
               const struct wire_error *error, const struct cookie_change *cookie)
{
    static const struct cookie_change keep = {.op = COOKIE_KEEP};
    struct effect e = {.type = EFFECT_HTTP, .http = http, .event = result};
    e.cookie = cookie ? *cookie : keep;
    if (error)
        e.error = *error;
    emit(d, &e);
    memzero(&e.cookie, sizeof e.cookie);
}

void emit_http_file(struct domain *d, uint64_t http, const struct file_grant *file)
{
    emit(d, &(struct effect){.type = EFFECT_HTTP_FILE, .http = http, .file = file});
}

struct session_ref *scratch_refs(struct domain *d, size_t n)
{
    if (n > d->cap_refs) {
        d->cap_refs = n + n / 2 + 16;
        d->refs = xrealloc_array(d->refs, d->cap_refs, sizeof *d->refs);
    }
    return d->refs;
}

void emit_room(struct domain *d, const struct room *r, const struct event *e,
               const struct session *except)
{
    struct session_ref *to = scratch_refs(d, r->n_parts);
    size_t n = 0;
    for (uint32_t i = 0; i < r->n_parts; i++)
        if (r->parts[i].session != except)
            to[n++] = session_ref(r->parts[i].session);
    emit_list(d, to, n, e);
}
