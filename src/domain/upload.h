/* Files on their way in: somebody who is signed in says how long one will be, sends it by PUT /api/upload/ID, and
 * then does something with it (a picture of oneself, a file of a message). An upload lives in memory until it was
 * taken or an hour has passed; its bytes are in DISK_UPLOAD under its id. When all of it is there it is sealed: under
 * another name, where no request that is still on its way writes. Inside of the domain only. */
#ifndef MADANG_DOMAIN_UPLOAD_H
#define MADANG_DOMAIN_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hmap.h"
#include "base/list.h"
#include "base/picture.h"
#include "msg/cmd.h"
#include "msg/disk_msg.h"

struct asker;
struct domain;
struct session;

struct upload {
    struct hnode by_id;
    struct list order; /* in domain.uploads_order: the oldest first */
    uint64_t id;
    uint64_t user;
    uint64_t size;
    int64_t until;
    bool sealing; /* being given its other name */
    bool done;    /* all of it is there */
    uint8_t mime_n;
    uint16_t name_bytes;
    char *name;
    char mime[UPLOAD_MIME_MAX];
};

static inline struct disk_name upload_file(uint64_t id)
{
    return (struct disk_name){.area = DISK_UPLOAD, .id = id};
}

/* Where the bytes of one that is done are. */
static inline struct disk_name upload_sealed(uint64_t id)
{
    return (struct disk_name){.area = DISK_UPLOAD, .id = id, .part = 1};
}

/* A finished upload of this user, or NULL. */
struct upload *upload_find(struct domain *d, uint64_t user, uint64_t id);
/* Forgets it: its file is the caller's now (to be renamed or unlinked). */
void upload_take(struct domain *d, struct upload *u);
/* A file that was taken, and came to nothing. */
void upload_unlink(struct domain *d, struct disk_name name);
/* Forgets it, with its file. */
void upload_drop(struct domain *d, struct upload *u);

/* ---- for domain.c ---- */
void upload_request(struct domain *d, struct session *s, const struct cmd *cmd);
void upload_end_request(struct domain *d, struct session *s, const struct cmd *cmd);
void upload_tick(struct domain *d);
int64_t upload_deadline(const struct domain *d);
void upload_free_all(struct domain *d);

/* The answer to a PUT or HEAD of somebody who is `user` (0: nobody). */
void upload_grant(struct domain *d, uint64_t http, uint64_t user, uint64_t id);
void upload_done(struct domain *d, const struct asker *who, uint64_t id);

/* ---- avatar.c ---- */
void avatar_request(struct domain *d, struct session *s, const struct cmd *cmd);
/* The format that a stamp tells. */
enum picture_kind avatar_kind(int64_t stamp);
/* Of a person, or a room, that is no more or has another one. stamp 0: there is none. */
void avatar_remove_files(struct domain *d, uint64_t id, int64_t stamp);

/* ---- attach.c ---- */
void attach_request(struct domain *d, struct session *s, const struct cmd *cmd);
/* Now and then: files that no message has go. */
void attach_tidy(struct domain *d);

/* files.c: CMD_FETCH */
void files_fetch(struct domain *d, struct session *s, const struct cmd *cmd);

#endif
