/* The policy of madang as a core: who may do what in which room, and who hears of it. It takes
 * (state, now, command) and gives effects; it knows no socket, no JSON, no clock, no randomness of
 * its own and no global, so the same inputs give the same effects, byte for byte.
 * Protocol: docs/protocol.md; shape: docs/architecture/domain.md. One thread owns it. */
#ifndef MADANG_DOMAIN_DOMAIN_H
#define MADANG_DOMAIN_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/cmd.h"
#include "msg/db.h"
#include "msg/effect.h"
#include "msg/event.h"
#include "msg/group.h"
#include "msg/passkey_msg.h"
#include "msg/rec_msg.h"
#include "msg/store_msg.h"

/* A token bucket: `burst` at once, then one every `every_us`. burst 0: no limit. */
struct domain_rate {
    int burst;
    int64_t every_us;
};

/* What is limited. MANAGE: leave, room_set, room_remove, room_merge, ticket, media. */
enum domain_rate_kind {
    RATE_JOIN,
    RATE_CHAT,
    RATE_WHISPER,
    RATE_TYPING,
    RATE_DESC,
    RATE_CAND,
    RATE_FILE,
    RATE_STATE,
    RATE_NAME,
    RATE_WATCH,
    RATE_MANAGE,
    RATE_RESUME,
    RATE_CALL,   /* call, call_invite */
    RATE_PEOPLE, /* people, person, people_watch, favourite, block, presence, idle */
    RATE_SEND,   /* send, edit, react */
    RATE_CONV,   /* all else about conversations that is no management */
    RATE_SEARCH,
    RATE_EXPORT,
    RATE_STRANGER, /* conversations that are made: who writes to many strangers waits */
    RATE_KINDS
};

/* When media of a room goes through the server: from the third on who has a place, always, never. */
enum groups_when { GROUPS_AUTO, GROUPS_ALWAYS, GROUPS_NEVER };

typedef void passkey_check_fn(const struct passkey_check *check, struct passkey_verdict *verdict);

struct domain_config {
    int node;   /* 0..1023, for ids */
    int worker; /* 0..63 */
    int max_sessions;
    int max_rooms;
    int rooms_per_session;
    int mesh; /* participants of a room that publish */
    enum groups_when groups;
    int group_places; /* the same of a room in a group */
    bool recordings;  /* rooms may be recorded */
    int capacity_default;
    int capacity_max;
    int name_max;       /* characters */
    int title_max;      /* characters */
    int chat_max;       /* characters */
    int password_queue; /* jobs under way */
    int list_max;       /* room objects in one answer or event */
    int bans_per_room;
    int64_t resume_us;     /* how long a session without a pipe is kept */
    int64_t leave_us;      /* the same when its client said that it leaves (or reloads) */
    int64_t list_every_us; /* between two `rooms` events */
    int64_t ban_us;
    int64_t ticket_ms;     /* how long a ticket is good, wall clock */
    int64_t owner_wait_us; /* how long a room made from a ticket waits for its owner */
    enum registration registration;
    bool guests;               /* people without an account may come in */
    uint64_t upload_max;       /* bytes of one upload */
    uint64_t uploads_each_max; /* of all that somebody has under way */
    uint64_t files_each_max;   /* of all files of somebody's messages */
    int64_t files_ms;          /* those of messages are kept so long; 0: as long as these */
    int64_t ring_us;           /* a direct call rings so long */
    int64_t upload_us;         /* how long one is kept when nothing is done with it */
    bool user_invites;
    bool passkeys;
    int convs_max;       /* conversations of one person */
    int members_max;     /* of a room that stays */
    int64_t retention_s; /* messages that are older go, a room may want it sooner; 0: they stay */
    int64_t
        clock_ms; /* the time that an earlier run of the program knew (DB_SETTING "clock"); 0: none */
    int64_t sign_in_ms;              /* how long a sign-in lasts that nobody uses, wall clock */
    char rp_id[256];                 /* passkeys: host name that they are made for */
    char origins[4][300];            /* and the origins that the page may have; "": fewer */
    char push_key[128];              /* told with the policy; "": no push */
    passkey_check_fn *passkey_check; /* pure; NULL: none */
    struct domain_rate hello;        /* per address */
    struct domain_rate sign_in;      /* the same: sign-ins, recovery codes, reset links */
    struct domain_rate rates[RATE_KINDS];
    uint8_t ticket_key[32];
    bool relays;              /* TURN is on: participants have scopes */
    uint8_t relay_key[32];    /* of their credentials */
    struct hello_facts facts; /* `server` must outlive the domain */
};

/* The defaults of docs/protocol.md, section 9; without relays, keys are zero, facts.server empty. */
void domain_config_defaults(struct domain_config *cfg);

struct domain;
/* Must not call back into the domain except for the const functions below. */
typedef void domain_sink_fn(void *arg, const struct effect *effect);

/* The configuration is copied. seed feeds the generator of ids, tokens, names and salts: from the
 * kernel in production, fixed in tests and replays. */
struct domain *domain_new(const struct domain_config *cfg, const uint8_t seed[32],
                          domain_sink_fn *sink, void *arg);
/* Frees everything; no effects. */
void domain_free(struct domain *d);

/* now_us is monotonic and never goes back, wall_ms is milliseconds since 1970. */
void domain_cmd(struct domain *d, int64_t now_us, int64_t wall_ms, const struct cmd *cmd);
void domain_stored(struct domain *d, int64_t now_us, int64_t wall_ms,
                   const struct store_answer *answer);
void domain_password(struct domain *d, int64_t now_us, int64_t wall_ms,
                     const struct password_answer *answer);
/* The server takes its first connections: for a while it does not say who is offline. Without it, it does. */
void domain_start(struct domain *d, int64_t now_us, int64_t wall_ms);
/* Each EFFECT_DB gets one answer, those of one mode (msg/db_procs.h) in the order of the requests. Number 0: another
 * process has changed the database. */
void domain_db(struct domain *d, int64_t now_us, int64_t wall_ms, const struct db_answer *answer);
/* What became of an EFFECT_PUSH: those that were taken come back once each, in any order. */
void domain_pushed(struct domain *d, int64_t now_us, int64_t wall_ms,
                   const struct push_answer *answer);
void domain_disk(struct domain *d, int64_t now_us, int64_t wall_ms,
                 const struct disk_answer *answer);
/* What a worker tells of a group. */
void domain_group(struct domain *d, int64_t now_us, int64_t wall_ms, const struct group_news *news);
/* What the recording thread tells. */
void domain_recorded(struct domain *d, int64_t now_us, int64_t wall_ms, const struct rec_state *n);
/* The server stops: what is only in memory and matters afterwards is stored. */
void domain_drain(struct domain *d, int64_t now_us, int64_t wall_ms);
/* Does what is due; call it when now reaches domain_deadline (INT64_MAX: nothing is planned). */
void domain_tick(struct domain *d, int64_t now_us, int64_t wall_ms);
int64_t domain_deadline(const struct domain *d);

/* Whose token this text is; false when nobody's. Changes nothing. */
bool domain_find_token(const struct domain *d, struct str token, struct session_ref *out);

struct domain_counts {
    uint32_t sessions;
    uint32_t away; /* of them without a pipe */
    uint32_t rooms;
    uint32_t public_rooms;
    uint32_t participants;
    uint32_t password_jobs;
    uint32_t uploads;    /* under way */
    uint32_t asks;       /* of the database and for passwords, that wait for their answers */
    uint32_t recordings; /* that are not over */
    uint32_t watchers;
    uint32_t people_here;  /* with an account */
    uint32_t people_pairs; /* of who watches, and whom */
};
void domain_count(const struct domain *d, struct domain_counts *out);

/* Walks over everything, for the dump of SIGUSR1. Either function may be NULL. */
struct session_dump {
    struct session_ref ref;
    uint64_t conn; /* 0: away */
    struct str name;
    const char *state;
    uint32_t rooms;
    bool watching;
};
struct room_dump {
    struct room_view view;
    uint32_t version;
    uint32_t media;
    uint32_t bans;
    const struct person_view *people; /* view.count of them */
};
struct domain_visitor {
    void (*session)(void *arg, const struct session_dump *s);
    void (*room)(void *arg, const struct room_dump *r);
};
void domain_visit(const struct domain *d, const struct domain_visitor *v, void *arg);

#endif
