/* Every setting there is. From this table come the configuration file, the environment, the flags,
 * --help, --print-config, docs/madang.conf.sample and the fields of struct config. A line is
 *
 *   X(TYPE, field, "ARG", "default", lowest, highest, "help")
 *
 * The name people write is the field with '-' for '_': the flag --max-rooms, the environment's
 * MADANG_MAX_ROOMS, and max-rooms = N in the file, under the section that stands above it here. The
 * default is text and goes through the same parser. For CHOICE, ARG lists what there is, in the
 * order of its enum. Times are in microseconds here, sizes in bytes. Plain numbers that other files
 * need as constants are named where they are enforced. */
#ifndef MADANG_APP_CONFIG_TABLE_H
#define MADANG_APP_CONFIG_TABLE_H

#define MS_ INT64_C(1000)
#define S_  INT64_C(1000000)
#define K_  INT64_C(1024)
#define M_  INT64_C(1048576)
#define G_  INT64_C(1000000000) /* of bits */

/* clang-format off */
#define CONFIG_TABLE(X)                                                                            \
    X(SECTION, server, "", "", 0, 0, "Where it listens, and what it is called")                    \
    X(INT, port, "N", "8443", 0, 65535,                                                            \
      "TCP port for the page, signaling, and TURN and STUN over TCP and TLS; 0 takes any free one")\
    X(INT, udp_port, "N", "3478", 0, 65535, "UDP port for TURN and STUN; 0 takes any free one")    \
    X(ADDRS, listen, "ADDR", "", 0, 16,                                                            \
      "address to listen on, repeatable; without it, all of them, IPv4 and IPv6")                  \
    X(HOSTS, name, "HOST", "", 0, 32,                                                              \
      "host name that people use for this server, repeatable; goes into the local certificate")    \
    X(ADDRS, public_ip, "ADDR|auto", "auto", 0, 2,                                                 \
      "address at which people reach this server when it has another one itself (NAT, "            \
      "container); one for IPv4, one for IPv6")                                                    \
    X(INT, workers, "N", "1", 1, 64, "threads for STUN, TURN and media")                           \
    X(PATH, data, "DIR", "./data", 1, 0, "folder for keys and certificates")                       \
    X(PATH, web_dir, "DIR", "", 0, 0,                                                              \
      "serve the page from this folder instead of from the program, for work on the page")         \
    X(ORIGINS, allow_origin, "ORIGIN", "", 0, 32,                                                  \
      "other site whose pages may connect, such as https://example.org, repeatable")               \
    X(CIDRS, metrics_allow, "CIDR", "", 0, 32,                                                     \
      "network that may read /metrics beside this machine itself, repeatable")                     \
    X(CIDRS, trusted_proxy, "CIDR", "", 0, 32,                                                     \
      "proxy whose X-Forwarded-For and X-Forwarded-Proto count, repeatable")                       \
    X(SECTION, tls, "", "", 0, 0, "Encryption of the page and of signaling")                       \
    X(CHOICE, tls, "auto|off|files", "auto", 0, 0,                                                 \
      "auto makes a local authority and a certificate; files takes yours; off is for a proxy in "  \
      "front")                                                                                     \
    X(PATH, cert, "FILE", "", 0, 0, "certificate chain (PEM) for tls = files; read again on SIGHUP")\
    X(PATH, key, "FILE", "", 0, 0, "its private key (PEM); without it, it is in the cert file too")\
    X(SECTION, relay, "", "", 0, 0, "Relaying (TURN): see docs/turn.md")                           \
    X(CHOICE, relay, "off|on", "on", 0, 0,                                                         \
      "whether it relays at all; calls need no other setting of this section")                     \
    X(TEXT, realm, "REALM", "", 0, 127,                                                            \
      "name that clients are told, part of computed keys; without it, the first name, or madang")  \
    X(USERS, user, "NAME:PASSWORD", "", 0, 32,                                                     \
      "somebody who may relay, repeatable, one each time (a password may have commas); the "       \
      "password may be a key that madang turn-key has computed")                                   \
    X(PATH, users_file, "FILE", "", 0, 0, "file with more of them, one a line; read again on "     \
      "SIGHUP")                                                                                    \
    X(SECRETS, secret, "SECRET", "", 0, 2,                                                         \
      "shared with another program that gives people credentials for a time (REST, madang token); "\
      "a second one for rotation")                                                                 \
    X(PATH, secret_file, "FILE", "", 0, 0, "file with it, or both, one a line; read again on "     \
      "SIGHUP")                                                                                    \
    X(CIDRS, allow_peer, "CIDR", "", 0, 32,                                                        \
      "network that relays may reach though it is not public, repeatable")                         \
    X(CIDRS, deny_peer, "CIDR", "", 0, 32,                                                         \
      "network that they may not reach, also when it is allowed, repeatable")                      \
    X(CHOICE, allow_lan, "off|on|auto", "auto", 0, 0,                                              \
      "whether relays of calls may reach people in the server's own private networks; auto: when " \
      "it has no public address")                                                                  \
    X(PORTS, relay_ports, "FIRST-LAST", "49152-65535", 0, 0,                                       \
      "UDP ports of relays; none of them has to be open in a firewall")                            \
    X(ADDRS, relay_ip, "ADDR", "", 0, 2,                                                           \
      "address of this machine that relays send from; only for several interfaces; one for IPv4, " \
      "one for IPv6")                                                                              \
    X(ENDPOINT, alternate_server, "ADDR[:PORT]", "", 0, 0,                                         \
      "where clients are sent while this server stops (ALTERNATE-SERVER)")                         \
    X(CHOICE, mobility, "off|on", "off", 0, 0, "let relays follow clients to other networks "      \
      "(RFC 8016)")                                                                                \
    X(CHOICE, rfc5766_channels, "off|on", "off", 0, 0,                                             \
      "accept channel numbers up to 0x7FFF, which older clients choose")                           \
    X(INT, max_allocations, "N", "10000", 1, 1000000, "relays at once, of everybody")              \
    X(INT, total_quota, "N", "0", 0, 1000000,                                                      \
      "of these, of users and REST credentials together; 0 for no other limit")                    \
    X(INT, user_quota, "N", "0", 0, 1000000, "of these, of one such user; 0 for no other limit")   \
    X(INT, call_quota, "N", "64", 1, 10000,                                                        \
      "of these, of one person in one call (browsers make one for each URL, network and "          \
      "connection)")                                                                               \
    X(BITS, max_bps, "BITS", "0", 0, 1000 * G_,                                                    \
      "bits per second of one relay, each way; 0 for no limit")                                    \
    X(BITS, total_bps, "BITS", "0", 0, 1000 * G_, "and of all relays, each way; 0 for no limit")   \
    X(TIME, max_lifetime, "TIME", "1h", 600 * S_, 86400 * S_,                                      \
      "how long a relay lives at most without being refreshed")                                    \
    X(TIME, nonce_lifetime, "TIME", "1h", S_, 3600 * S_, "how long a client may use one nonce")    \
    X(RATE, rate_challenge, "BURST/PER-SECOND", "300/100", 0, 0,                                    \
      "requests for credentials (401, 438) to one address over UDP")                               \
    X(RATE, rate_relay, "BURST/PER-SECOND", "200/100", 0, 0, "requests of one relay's client")     \
    X(SECTION, groups, "", "", 0, 0, "Group calls, which go through this server (SFU)")            \
    X(CHOICE, groups, "auto|always|never", "auto", 0, 0,                                          \
      "auto: when more than two people take part; always: already then; never: people send to "    \
      "each other only")                                                                           \
    X(INT, group_places, "N", "100", 2, 1000, "people who may have camera and microphone in one")  \
    X(INT, sfu_rooms, "N", "1024", 1, 100000, "group calls at once")                               \
    X(INT, sfu_peers, "N", "4096", 2, 1000000, "connections of people in them at once")            \
    X(INT, sfu_lines, "N", "100", 2, 128, "pictures and sounds that one connection is sent")       \
    X(INT, sfu_loudest, "N", "8", 1, 64,                                                           \
      "microphones of one group that are passed on at a time: the loudest")                        \
    X(INT, sfu_last_n, "N", "0", 0, 128,                                                           \
      "pictures that one connection is sent at a time: the most important; 0 for all it looks at") \
    X(BITS, sfu_max_bitrate, "BITS", "20M", 100000, 1000 * G_,                                     \
      "bits per second that one connection is sent, at most")                                      \
    X(INT, metrics_rooms, "N", "20", 0, 1000,                                                      \
      "groups that /metrics tells of one by one, by their room's id: those that began first")      \
    X(SIZE, sfu_memory, "SIZE", "256M", 4 * M_, 65536 * M_,                                        \
      "memory for packets that may have to be sent again, of all groups")                          \
    X(CHOICE, recordings, "off|on", "on", 0, 0,                                                    \
      "people with an account may record rooms that they moderate; everybody in them is told, and "  \
      "only who agrees is in the files")                                                           \
    X(SIZE, recordings_quota, "SIZE", "20G", M_, 16777216 * M_,                                    \
      "recordings of all groups, in the data folder; who records stops when it is reached")        \
    X(SECTION, log, "", "", 0, 0, "What it writes down")                                           \
    X(CHOICE, log_level, "error|warn|info|debug", "info", 0, 0,                                    \
      "the least important lines to write; read again on SIGHUP")                                  \
    X(CHOICE, log_format, "text|json", "text", 0, 0, "form of the lines on stderr")                \
    X(TIME, loop_stall, "TIME", "20ms", MS_, 10 * S_,                                              \
      "a round of an event loop that takes longer is logged with what ran")                        \
    X(PATH, record, "FILE", "", 0, 0,                                                              \
      "record all inputs to this ring file, for madang replay; holds what people write and "       \
      "secrets of their sessions")                                                                 \
    X(SIZE, record_size, "SIZE", "64M", M_, 2048 * M_, "size of that file")                        \
    X(SECTION, connections, "", "", 0, 0, "Limits of connections")                                 \
    X(INT, max_connections, "N", "10000", 10, 1000000, "TCP connections at once")                  \
    X(INT, connections_per_address, "N", "1000", 1, 1000000,                                       \
      "of these from one IPv4 address or IPv6 /64")                                                \
    X(INT, max_handshakes, "N", "512", 1, 100000, "TLS handshakes at once")                        \
    X(TIME, classify_timeout, "TIME", "5s", 100 * MS_, 60 * S_, "for the first bytes")             \
    X(TIME, handshake_timeout, "TIME", "10s", 100 * MS_, 60 * S_, "for a TLS handshake")           \
    X(INT, stun_streams, "N", "4096", 1, 1000000, "TCP connections at once that carry STUN")       \
    X(TIME, stun_idle, "TIME", "30s", S_, 3600 * S_, "for the next message on one of these")       \
    X(RATE, rate_stun, "BURST/PER-SECOND", "60/20", 0, 0, "STUN answers to one address over UDP")  \
    X(INT, fd_reserve, "N", "64", 16, 10000,                                                       \
      "file descriptors kept free for everything that is no connection")                           \
    X(TIME, drain, "TIME", "5s", 0, 300 * S_, "after SIGTERM, for clients to leave")               \
    X(SECTION, http, "", "", 0, 0, "Limits of HTTP")                                               \
    X(SIZE, head_size, "SIZE", "16k", K_, 64 * K_, "request line and header fields")               \
    X(SIZE, request_line, "SIZE", "4k", 256, 64 * K_, "request line")                              \
    X(INT, header_fields, "N", "64", 8, 64, "header fields")                                       \
    X(TIME, head_timeout, "TIME", "10s", 100 * MS_, 300 * S_, "for the head of a request")         \
    X(TIME, body_timeout, "TIME", "30s", 100 * MS_, 3600 * S_, "for its body")                     \
    X(TIME, idle_timeout, "TIME", "1m", S_, 3600 * S_, "for the next request of a connection")     \
    X(TIME, write_timeout, "TIME", "30s", S_, 3600 * S_, "for any progress in sending")            \
    X(RATE, rate_http, "BURST/PER-SECOND", "600/100", 0, 0, "requests from one address")           \
    X(INT, event_streams, "N", "10000", 1, 1000000, "event streams and long-polls at once")        \
    X(TIME, event_beat, "TIME", "15s", S_, 300 * S_, "between two comments on a silent stream")    \
    X(TIME, poll_wait, "TIME", "25s", S_, 300 * S_, "until a long-poll without news is answered")  \
    X(TIME, poll_gap, "TIME", "10s", S_, 300 * S_, "until a client must poll again")               \
    X(SECTION, sessions, "", "", 0, 0, "Limits of sessions")                                       \
    X(INT, max_sessions, "N", "20000", 1, 1000000, "sessions, with those waiting for a resume")    \
    X(TIME, resume_window, "TIME", "30s", S_, 3600 * S_,                                           \
      "how long a session without a connection is kept")                                           \
    X(TIME, leave_window, "TIME", "5s", S_, 3600 * S_,                                             \
      "the same when its page said that it is being closed (or reloaded)")                         \
    X(TIME, hello_timeout, "TIME", "10s", S_, 300 * S_, "for the first message of a WebSocket")    \
    X(TIME, ping_interval, "TIME", "20s", S_, 300 * S_, "silence before a ping")                   \
    X(TIME, dead_peer, "TIME", "40s", 2 * S_, 600 * S_, "silence after which a peer is dead")      \
    X(TIME, notice_delay, "TIME", "20ms", 0, S_,                                                   \
      "that notices of people coming and going may wait, to leave with one send; 0 for none")      \
    X(SIZE, message_size, "SIZE", "70000", 67000, M_, "one message of a client")                   \
    X(SIZE, outbox_size, "SIZE", "1M", 128 * K_, 64 * M_, "not sent yet to one session")           \
    X(INT, outbox_messages, "N", "4096", 16, 65536, "and as messages")                             \
    X(SIZE, replay_size, "SIZE", "256k", 128 * K_, 64 * M_, "sent, but not acknowledged")          \
    X(INT, replay_messages, "N", "1000", 16, 65536, "and as messages")                             \
    X(SIZE, kept_size, "SIZE", "2M", 256 * K_, 128 * M_,                                           \
      "kept in all for one session (or as much as the longest answer, if that is more)")           \
    X(INT, kept_messages, "N", "8192", 32, 131072, "and as messages")                              \
    X(INT, reorder_max, "N", "16", 1, 256, "posted requests that wait for a missing one")          \
    X(TIME, reorder_wait, "TIME", "5s", 100 * MS_, 60 * S_, "and how long")                        \
    X(SECTION, rooms, "", "", 0, 0, "Limits of rooms")                                             \
    X(INT, max_rooms, "N", "5000", 1, 1000000, "rooms")                                            \
    X(INT, rooms_per_session, "N", "8", 1, 64, "rooms that one session may be in at once")         \
    X(INT, room_capacity, "N", "100", 2, 10000, "people in a room, unless its creator says")       \
    X(INT, room_capacity_max, "N", "1000", 2, 10000, "people in a room at most")                   \
    X(INT, mesh, "N", "4", 2, 8, "people of a room who publish from browser to browser")           \
    X(INT, name_length, "N", "32", 4, 64, "characters of a nickname")                              \
    X(INT, title_length, "N", "64", 4, 64, "characters of a room's title")                         \
    X(INT, chat_length, "N", "2000", 10, 10000, "characters of a chat message")                    \
    X(INT, history, "N", "100", 0, 1000, "chat messages of a room shown to newcomers")             \
    X(SIZE, history_size, "SIZE", "64M", 64 * K_, 4096 * M_, "memory for those of all rooms")      \
    X(INT, list_length, "N", "500", 10, 10000, "rooms in one answer or event of the live list")    \
    X(TIME, list_interval, "TIME", "500ms", 50 * MS_, 60 * S_, "between two changes of that list") \
    X(INT, bans_per_room, "N", "100", 1, 10000, "removed people whom a room remembers")            \
    X(TIME, ban_time, "TIME", "10m", S_, 86400 * S_, "and how long")                               \
    X(TIME, ticket_lifetime, "TIME", "10m", 60 * S_, 86400 * S_,                                   \
      "how long a ticket lets its holder rejoin after a restart")                                  \
    X(TIME, owner_wait, "TIME", "30s", S_, 3600 * S_,                                              \
      "how long a room made from a ticket waits for its owner")                                    \
    X(TIME, ring_time, "TIME", "45s", S_, 600 * S_, "how long a direct call rings")                 \
    X(INT, password_queue, "N", "32", 1, 1024, "passwords that wait to be hashed")            \
    X(SIZE, argon2_memory, "SIZE", "19M", 8 * M_, 256 * M_, "memory of one hash (argon2id m)")     \
    X(INT, argon2_passes, "N", "2", 1, 16, "passes of one hash (argon2id t)")                      \
    X(SECTION, accounts, "", "", 0, 0, "Who may have an account, and what a sign-in is worth")     \
    X(CHOICE, registration, "open|invite|closed", "invite", 0, 0,                                  \
      "who may make an account: anybody, who has a link, or nobody but by the operator's links")   \
    X(CHOICE, guests, "off|on", "on", 0, 0, "whether people may come in with a nickname alone")    \
    X(CHOICE, user_invites, "off|on", "off", 0, 0,                                                 \
      "whether everybody may make links that let others in, or administrators alone")              \
    X(TIME, sign_in_lifetime, "TIME", "30d", 600 * S_, 400 * 86400 * S_,                           \
      "how long a browser stays signed in that nobody uses")                                       \
    X(TEXT, passkey_host, "HOST", "", 0, 253,                                                      \
      "host name that passkeys are made for (never change it); without it, the first name that "   \
      "is no address; without one, there are no passkeys")                                         \
    X(SECTION, store, "", "", 0, 0, "What is kept: people, messages")                              \
    X(INT, store_queue, "N", "4096", 16, 100000,                                                   \
      "requests that may wait for the database; more are told to come again")                      \
    X(SIZE, files_size, "SIZE", "10G", M_, 16777216 * M_, "pictures and files of all people")      \
    X(SIZE, files_each, "SIZE", "2G", M_, 1048576 * M_, "files of all messages of one person")     \
    X(SIZE, upload_size, "SIZE", "100M", 64 * K_, 4096 * M_, "one file that is sent")              \
    X(SIZE, uploads_each, "SIZE", "500M", 64 * K_, 65536 * M_,                                     \
      "files that one person has sent and not used yet")                                           \
    X(SECTION, messages, "", "", 0, 0, "Messages that stay")                                       \
    X(INT, convs_max, "N", "2000", 1, 100000, "conversations of one person")                       \
    X(INT, members_max, "N", "1000", 2, 100000, "members of a room that stays")                    \
    X(TIME, retention, "TIME", "0s", 0, 36600LL * 86400 * S_,                                       \
      "how long messages are kept; a room may keep its own shorter; 0s: for ever")                 \
    X(TIME, files_retention, "TIME", "0s", 0, 36600LL * 86400 * S_,                                 \
      "how long files of messages are kept; afterwards a message says that there was one; 0s: as "  \
      "long as the message")                                                                       \
    X(SECTION, push, "", "", 0, 0, "Web Push: notifications where no page is open")                \
    X(CHOICE, push, "off|on", "off", 0, 0,                                                         \
      "whether this server contacts the push services of people's browsers (Google's, Mozilla's, " \
      "Apple's, Microsoft's), for those who wish to be notified; what is told is encrypted for "   \
      "the browser")                                                                               \
    X(TEXT, push_contact, "URL", "", 0, 255,                                                       \
      "mailto: or https: address at which these services reach who runs this server; without it, " \
      "https:// and the first name")                                                               \
    X(INT, push_queue, "N", "256", 8, 10000, "notifications that wait or are under way")           \
    X(CIDRS, push_allow, "CIDR", "", 0, 32,                                                        \
      "network that notifications may go to though it is not public, repeatable; for tests")       \
    X(PATH, push_ca, "FILE", "", 0, 0,                                                             \
      "authorities (PEM) for push services instead of the system's; for tests")                    \
    X(SECTION, rates, "", "", 0, 0, "How often a session may do what: at once, and then per second")\
    X(RATE, rate_hello, "BURST/PER-SECOND", "60/10", 0, 0, "new sessions from one address")        \
    X(RATE, rate_sign_in, "BURST/PER-SECOND", "20/1", 0, 0,                                        \
      "sign-ins, recovery codes and reset links from one address")                                 \
    X(RATE, rate_join, "BURST/PER-SECOND", "10/1", 0, 0, "create, join")                           \
    X(RATE, rate_chat, "BURST/PER-SECOND", "20/5", 0, 0, "chat messages")                          \
    X(RATE, rate_whisper, "BURST/PER-SECOND", "20/5", 0, 0, "whispers")                            \
    X(RATE, rate_typing, "BURST/PER-SECOND", "10/2", 0, 0, "typing notices")                       \
    X(RATE, rate_desc, "BURST/PER-SECOND", "60/20", 0, 0, "session descriptions")                  \
    X(RATE, rate_cand, "BURST/PER-SECOND", "200/50", 0, 0, "candidates")                           \
    X(RATE, rate_file, "BURST/PER-SECOND", "20/2", 0, 0, "offers of files and answers to them")    \
    X(RATE, rate_state, "BURST/PER-SECOND", "20/5", 0, 0, "microphone, camera, screen")            \
    X(RATE, rate_name, "BURST/PER-SECOND", "5/0.2", 0, 0, "new nicknames")                         \
    X(RATE, rate_watch, "BURST/PER-SECOND", "10/1", 0, 0, "opening the live list")                 \
    X(RATE, rate_manage, "BURST/PER-SECOND", "20/5", 0, 0, "leave, change, merge rooms; remove "   \
      "people; tickets")                                                                           \
    X(RATE, rate_resume, "BURST/PER-SECOND", "10/1", 0, 0, "resumes")                              \
    X(RATE, rate_send, "BURST/PER-SECOND", "30/5", 0, 0, "messages that stay, edits, reactions")   \
    X(RATE, rate_conv, "BURST/PER-SECOND", "100/20", 0, 0, "lists, history, read marks, drafts")   \
    X(RATE, rate_search, "BURST/PER-SECOND", "10/1", 0, 0, "searches in messages")                 \
    X(RATE, rate_open, "BURST/PER-SECOND", "60/0.2", 0, 0, "conversations opened with somebody")
/* clang-format on */

#endif
