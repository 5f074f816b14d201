/*
 * Between the domain and the SFUs of workers: its orders become letters, their letters news. Which worker a letter
 * goes to is sfu_mail's business. Pure.
 */
#ifndef MADANG_APP_GROUP_MAIL_H
#define MADANG_APP_GROUP_MAIL_H

#include "msg/group.h"
#include "msg/media_msg.h"

/* Longer answers than a client could want count as none (GROUP_FULL). */
enum { GROUP_ANSWER_MAX = 131072 };

/* The caller's; everything is copied. */
struct media_sfu *group_mail_letter(const struct group_order *order);

/* What the letter tells; borrowed from it. false: it tells nothing of groups. */
bool group_mail_news(const struct media_sfu *letter, struct group_news *news);

/* The answer to MEDIA_SFU_STATS, with room for so many people, who lie there. */
struct media_sfu *group_mail_fares(uint64_t room, unsigned n);
struct group_person *group_mail_people(const struct media_sfu *fares);

#endif
