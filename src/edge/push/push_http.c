/* All that touches libcurl: one attempt to deliver a message (the request of RFC 8030, 5), and several of
 * them at once. The library is loaded when push is on, not before: it brings some twenty others, 4 MB and
 * 12 ms of every start, and code that a server which calls nobody has no use for. */
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/version.h"
#include "edge/push/push_crypt.h"
#include "edge/push/push_int.h"
#include "edge/push/push_url.h"
#include "edge/push/vapid.h"

enum {
    TIMEOUT_MS = 10000,
    CONNECT_MS = 5000,
    ANSWER_MAX = 16384,
    BODY_MAX = 8192,
    HEADER_MAX = 4096,
    RETRY_AFTER_MAX_S = 3600
};

#define LIBRARY "libcurl.so.4"

/* ---- the library ---- */

#define CURL_FUNCTIONS(F)  \
    F(global_init)         \
    F(easy_init)           \
    F(easy_cleanup)        \
    F(easy_getinfo)        \
    F(easy_setopt)         \
    F(easy_strerror)       \
    F(slist_append)        \
    F(slist_free_all)      \
    F(multi_init)          \
    F(multi_cleanup)       \
    F(multi_add_handle)    \
    F(multi_remove_handle) \
    F(multi_perform)       \
    F(multi_info_read)     \
    F(multi_poll)          \
    F(multi_wakeup)

/* The header checks types by macros of these names. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

static struct {
#define F(name) __typeof__(curl_##name) *name;
    CURL_FUNCTIONS(F)
#undef F
} curl;

static bool find(void *library, const char *name, void *function)
{
    void *at = dlsym(library, name);
    memcpy(function, &at, sizeof at);
    return at != NULL;
}

bool push_http_load(char *err, size_t errlen)
{
    static bool ready;
    if (ready) {
        return true;
    }
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    bool all = library != NULL;
#define F(name) all = all && find(library, "curl_" #name, &curl.name);
    CURL_FUNCTIONS(F)
#undef F
    ready = all && curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!ready) {
        snprintf(err, errlen, "push needs " LIBRARY " (on Debian: apt-get install libcurl4)");
    }
    return ready;
}

/* ---- one attempt ---- */

struct push_http {
    CURL *easy;
    void *owner;
    struct curl_slist *headers;
    const struct push_options *options;
    struct buf body;
    size_t answered; /* bytes */
    bool forbidden;
    char url[PUSH_ENDPOINT_MAX + 1];
    char error[CURL_ERROR_SIZE];
};

/* ---- what libcurl asks on the way ---- */

/* The name is resolved; nothing has been sent. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct push_http *h = ctx;
    struct addr a;
    if (purpose != CURLSOCKTYPE_IPCXN || !addr_from_sockaddr(&a, &to->addr, to->addrlen) ||
        !push_addr_allowed(&a, h->options->allow, h->options->n_allow)) {
        h->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* The answer's body is of no interest, but a service that talks for ever is not listened to. */
static size_t swallow(char *p, size_t size, size_t n, void *ctx)
{
    struct push_http *h = ctx;
    (void)p;
    h->answered += size * n;
    return h->answered > ANSWER_MAX ? 0 : size * n;
}

/* ---- the request ---- */

PRINTF_CHECK(2, 3)
static void add_header(struct push_http *h, const char *fmt, ...)
{
    char text[HEADER_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct curl_slist *more = curl.slist_append(h->headers, text);
    h->headers = more ? more : h->headers;
}

static bool is_topic(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = str_lower_char(s.p[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')) {
            return false;
        }
    }
    return s.n <= PUSH_TOPIC_MAX;
}

static bool make_headers(struct push_http *h, const struct p256 *key, const struct push_job *job,
                         const struct push_url *url)
{
    static const char *const urgencies[] = {"normal", "high", "low", "very-low"};
    char text[HEADER_MAX];
    struct buf auth;
    buf_init_fixed(&auth, text, sizeof text);
    if (!vapid_authorization(&auth, key, url->origin, str_from(h->options->subject),
                             clock_wall_us() / US_PER_S) ||
        !is_topic(job->topic)) {
        return false;
    }
    add_header(h, "Authorization: " PRIstr, STR_ARG(buf_str(&auth)));
    add_header(h, "Content-Type: application/octet-stream");
    add_header(h, "Content-Encoding: aes128gcm");
    add_header(h, "TTL: %u", job->ttl_s);
    add_header(h, "Urgency: %s", urgencies[(unsigned)job->urgency % 4]);
    add_header(h, "Expect:"); /* no 100-continue */
    if (job->topic.n > 0) {
        add_header(h, "Topic: " PRIstr, STR_ARG(job->topic));
    }
    return true;
}

static bool encrypt(struct push_http *h, const struct push_job *job)
{
    uint8_t secret[P256_SECRET], salt[PUSH_SALT];
    random_bytes(secret, sizeof secret);
    random_bytes(salt, sizeof salt);
    struct p256 *ephemeral = p256_new(secret);
    bool good = push_seal(&h->body, job->p256dh, job->auth, ephemeral, salt, job->body);
    p256_free(ephemeral);
    memzero(secret, sizeof secret);
    return good;
}

static bool set_up(struct push_http *h)
{
    CURL *e = h->easy;
    char agent[64];
    snprintf(agent, sizeof agent, "madang/%.40s", madang_version());
    bool good =
        curl.easy_setopt(e, CURLOPT_URL, h->url) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK && /* not even the environment's */
        curl.easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_OPENSOCKETDATA, h) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_WRITEFUNCTION, swallow) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_WRITEDATA, h) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_USERAGENT, agent) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_HTTPHEADER, h->headers) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)buf_len(&h->body)) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_POSTFIELDS, buf_data(&h->body)) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_ERRORBUFFER, h->error) == CURLE_OK &&
        curl.easy_setopt(e, CURLOPT_PRIVATE, h) == CURLE_OK;
    if (good && h->options->ca_file) {
        good = curl.easy_setopt(e, CURLOPT_CAINFO, h->options->ca_file) == CURLE_OK &&
               curl.easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK;
    }
    return good;
}

struct push_http *push_http_new(const struct push_options *options, const struct p256 *key,
                                const struct push_job *job, void *owner)
{
    struct push_url url;
    struct push_http *h = xcalloc(1, sizeof *h);
    h->options = options;
    h->owner = owner;
    buf_init(&h->body, BODY_MAX);
    h->easy = curl.easy_init();
    if (h->easy && push_url_parse(&url, job->endpoint) &&
        (!url.is_addr || push_addr_allowed(&url.addr, options->allow, options->n_allow)) &&
        str_copy(job->endpoint, h->url, sizeof h->url) && make_headers(h, key, job, &url) &&
        encrypt(h, job) && set_up(h)) {
        return h;
    }
    push_http_free(h);
    return NULL;
}

void push_http_free(struct push_http *h)
{
    if (!h) {
        return;
    }
    if (h->easy) {
        curl.easy_cleanup(h->easy);
    }
    curl.slist_free_all(h->headers);
    buf_free(&h->body);
    xfree(h);
}

void *push_http_owner(const struct push_http *h)
{
    return h->owner;
}

void push_http_result(struct push_http *h, int code, struct push_result *out)
{
    long status = 0;
    curl_off_t after = 0;
    *out = (struct push_result){.retry_after_s = -1, .forbidden = h->forbidden};
    curl.easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
    /* A body that was too long comes after its status. */
    if (code == CURLE_OK || code == CURLE_WRITE_ERROR) {
        out->status = (unsigned)status;
    }
    curl.easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &after);
    if (out->status && after > 0) {
        out->retry_after_s = after < RETRY_AFTER_MAX_S ? after : RETRY_AFTER_MAX_S;
    }
    snprintf(out->error, sizeof out->error, "%.90s",
             h->error[0] ? h->error : curl.easy_strerror((CURLcode)code));
}

/* ---- several at once ---- */

struct push_multi {
    CURLM *m;
};

struct push_multi *push_multi_new(void)
{
    CURLM *m = curl.multi_init();
    struct push_multi *multi = NULL;
    if (m) {
        multi = xcalloc(1, sizeof *multi);
        multi->m = m;
    }
    return multi;
}

void push_multi_free(struct push_multi *multi)
{
    if (multi) {
        curl.multi_cleanup(multi->m);
        xfree(multi);
    }
}

bool push_multi_add(struct push_multi *multi, struct push_http *h)
{
    return curl.multi_add_handle(multi->m, h->easy) == CURLM_OK;
}

void push_multi_remove(struct push_multi *multi, struct push_http *h)
{
    curl.multi_remove_handle(multi->m, h->easy);
}

void push_multi_run(struct push_multi *multi)
{
    int running;
    curl.multi_perform(multi->m, &running);
}

struct push_http *push_multi_ended(struct push_multi *multi, int *code)
{
    int left;
    char *h = NULL;
    const CURLMsg *m;
    while (!h && (m = curl.multi_info_read(multi->m, &left))) {
        if (m->msg == CURLMSG_DONE) {
            *code = (int)m->data.result;
            curl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &h);
        }
    }
    return (struct push_http *)(void *)h;
}

void push_multi_wait(struct push_multi *multi, int ms)
{
    curl.multi_poll(multi->m, NULL, 0, ms, NULL);
}

void push_multi_wake(struct push_multi *multi)
{
    curl.multi_wakeup(multi->m);
}

/* ---- what an answer means ---- */

/* RFC 8030, 5 and 7.1 to 7.4; 429 is "later", 5xx is the service's trouble. A redirect is an answer as
 * good as none: nobody but the browser says where its subscription is. */
enum push_verdict push_judge(const struct push_result *r, enum push_outcome *outcome)
{
    *outcome = PUSH_FAILED;
    if (r->status >= 200 && r->status < 300) {
        *outcome = PUSH_SENT;
    } else if (r->forbidden && r->status == 0) {
        *outcome = PUSH_FORBIDDEN;
    } else if (r->status == 404 || r->status == 410) {
        *outcome = PUSH_GONE;
    } else if (r->status == 0 || r->status == 408 || r->status == 429 || r->status >= 500) {
        return PUSH_AGAIN;
    } else {
        *outcome = PUSH_REFUSED;
    }
    return PUSH_DONE;
}
