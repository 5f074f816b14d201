/*
 * What the operator reads when the server has started: every address that people can open, a QR
 * code of the best one, what to do about the certificate warning. Text into a buffer: nothing here
 * writes, asks the terminal or reads the environment, but terminal_look().
 */
#ifndef MADANG_APP_TERMINAL_H
#define MADANG_APP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/netif.h"
#include "base/buf.h"
#include "edge/tls/tls_names.h"

/* What the output can show. */
struct terminal_look {
    bool tty;       /* a terminal: otherwise no QR code and no colours */
    bool colour;    /* NO_COLOR is not set and TERM is not "dumb" */
    bool utf8;      /* the locale's encoding */
    unsigned width; /* columns */
};

/* Of an open descriptor and this process's environment (NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG). */
struct terminal_look terminal_look(int fd);

struct terminal_info {
    const char *version;
    uint16_t port;
    bool tls;
    const struct netif_list *netif;
    const struct addr *listen; /* where we listen; n_listen = 0 or an unspecified one: everywhere */
    size_t n_listen;
    const struct addr *public_ip; /* --public-ip, or NULL */
    const char *const *names;     /* --name and the like: host names that lead here */
    size_t n_names;
    bool own_ca;                       /* the certificate is from the local authority */
    const char *first_link;            /* "/i/CODE" for the first administrator; "" or NULL: none */
    const char *ca_fingerprint;        /* SHA-256 "AB:CD:..." then */
    const struct tls_names *uncovered; /* certs_uncovered(), or NULL */
    const struct tls_names
        *certificate; /* operator's files: the names that those are for; or NULL */
};

#define TERMINAL_TEXT_MAX 65536

/* Appends the whole text; `out` should take TERMINAL_TEXT_MAX bytes. */
void terminal_render(struct buf *out, const struct terminal_info *info,
                     const struct terminal_look *look);

/*
 * The address to give to others, "https://192.168.0.7:8443" (the port left out when it is the usual
 * one): a name, the public address, or the best of the interfaces. False: there is none that means
 * something outside this machine; it is localhost's then.
 */
bool terminal_best_url(const struct terminal_info *info, char out[320]);

#endif
