/* The inside of recordings: record.c is about rooms that are recorded, record_list.c about what is left of that. */
#ifndef MADANG_DOMAIN_RECORD_H
#define MADANG_DOMAIN_RECORD_H

#include "domain/domain_int.h"
#include "msg/record.h"

/* From the request to the last word of the recording thread. */
struct recording {
    struct list link;  /* in domain.recordings */
    struct room *room; /* NULL: it is no more, or it is recorded no more */
    uint64_t id;
    uint64_t group; /* that its orders were about */
    uint64_t user;  /* whose it is */
    uint64_t by;    /* the session that began it */
    int64_t since_ms;
    int64_t bytes, duration_ms;
    bool asked; /* the recording thread will tell of it */
    bool begun; /* and has, and knows names */
    bool stopping;
    enum rec_end why; /* we end it; REC_ENDS: we do not */
    size_t name_n;
    char name[]; /* who began it */
};

/* ---- record_list.c ---- */
void recording_list(struct domain *d, struct session *s, const struct cmd *cmd);
void recording_remove(struct domain *d, struct session *s, const struct cmd *cmd);
/* CMD_FETCH: a file of a recording. token: the hash of the asker's cookie. */
void recording_fetch(struct domain *d, const struct cmd *cmd, const uint8_t token[SHA256_SIZE]);
/* Now and then: those of people who are no more go. */
void recording_tidy(struct domain *d);

#endif
