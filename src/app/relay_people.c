#include "app/relay_people.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "msg/media_msg.h"

enum { FILE_MAX = 4 << 20 };

static void keep_user(struct relay_people *p, struct str user)
{
    p->users = xrealloc_array(p->users, p->n_users + 1, sizeof *p->users);
    p->users[p->n_users++] = str_of(str_dup(user), user.n);
}

static const char *add_user(struct relay_people *p, struct str line)
{
    const char *wrong = config_wrong_user(line);
    if (!wrong && p->n_users == RELAY_PEOPLE_MAX)
        wrong = "is one user too many";
    if (!wrong)
        keep_user(p, line);
    return wrong;
}

static const char *add_secret(struct relay_people *p, struct str line)
{
    const char *wrong = config_wrong_secret(line);
    unsigned n = p->secrets[0].n ? p->secrets[1].n ? 2 : 1 : 0;
    if (!wrong && n == 2)
        wrong = "is a third secret";
    if (!wrong)
        p->secrets[n] = str_of(str_dup(line), line.n);
    return wrong;
}

/* The whole file, or errno. */
static bool read_all(const char *file, struct buf *to)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 04))
        log_warn("relay", NULL, "%s can be read by everybody on this machine (chmod o-r)", file);
    while (n > 0) {
        size_t room = MIN_OF(buf_room(to), 65536);
        uint8_t *p = buf_reserve(to, room);
        n = p && room ? read(fd, p, room) : 0;
        buf_commit(to, n > 0 ? (size_t)n : 0);
    }
    int saved = buf_room(to) ? errno : EFBIG;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return n == 0 && saved != EFBIG;
}

static bool add_file(struct relay_people *p, const char *file,
                     const char *(*add)(struct relay_people *p, struct str line), char *why,
                     size_t why_n)
{
    struct buf text;
    struct str rest, line;
    const char *wrong = NULL;
    unsigned at = 0;
    errno = 0;
    buf_init(&text, FILE_MAX);
    if (!read_all(file, &text)) {
        snprintf(why, why_n, "%.200s cannot be read: %s.", file, strerror(errno));
        buf_free(&text);
        return false;
    }
    rest = buf_str(&text);
    while (!wrong && rest.n) {
        str_split_once(rest, '\n', &line, &rest);
        line = str_trim(line);
        at++;
        if (line.n && line.p[0] != '#')
            wrong = add(p, line);
    }
    if (wrong)
        snprintf(why, why_n, "%.200s, line %u: this %s.", file, at, wrong);
    memzero((void *)(uintptr_t)buf_data(&text), buf_len(&text));
    buf_free(&text);
    return !wrong;
}

bool relay_people_load(struct relay_people *p, const struct config *c, char *why, size_t why_n)
{
    *p = (struct relay_people){0};
    for (size_t i = 0; i < c->user.n; i++)
        keep_user(p, c->user.v[i]);
    for (size_t i = 0; i < c->secret.n && i < 2; i++)
        p->secrets[i] = str_of(str_dup(c->secret.v[i]), c->secret.v[i].n);
    if ((!c->users_file || add_file(p, c->users_file, add_user, why, why_n)) &&
        (!c->secret_file || add_file(p, c->secret_file, add_secret, why, why_n)))
        return true;
    relay_people_free(p);
    return false;
}

static void wipe(struct str s)
{
    if (s.n)
        memzero((void *)(uintptr_t)s.p, s.n);
    xfree((void *)(uintptr_t)s.p);
}

void relay_people_free(struct relay_people *p)
{
    for (unsigned i = 0; i < p->n_users; i++)
        wipe(p->users[i]);
    wipe(p->secrets[0]);
    wipe(p->secrets[1]);
    xfree(p->users);
    *p = (struct relay_people){0};
}

static void drop_letter(struct letter *l)
{
    struct media_users *m = container_of(l, struct media_users, letter);
    memzero(m->text, m->len);
    xfree(m);
}

struct letter *relay_people_letter(const struct relay_people *p)
{
    size_t n = 0;
    unsigned secrets = p->secrets[1].n ? 2 : p->secrets[0].n ? 1 : 0;
    for (unsigned i = 0; i < secrets; i++)
        n += p->secrets[i].n + 1;
    for (unsigned i = 0; i < p->n_users; i++)
        n += p->users[i].n + 1;
    struct media_users *m = xcalloc(1, sizeof *m + n);
    *m = (struct media_users){.letter = {.kind = MEDIA_USERS, .drop = drop_letter},
                              .secrets = secrets,
                              .users = p->n_users,
                              .len = (uint32_t)n};
    char *at = m->text;
    for (unsigned i = 0; i < secrets + p->n_users; i++) {
        struct str s = i < secrets ? p->secrets[i] : p->users[i - secrets];
        memcpy(at, s.p, s.n + 1); /* with its NUL */
        at += s.n + 1;
    }
    return &m->letter;
}
