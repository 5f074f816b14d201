#include "edge/tls/tls_names.h"

#include <arpa/inet.h>
#include <string.h>

static bool canonical_address(const char *name, char out[TLS_NAME_MAX + 1])
{
    struct in6_addr six;
    struct in_addr four;

    if (inet_pton(AF_INET, name, &four) == 1)
        return inet_ntop(AF_INET, &four, out, TLS_NAME_MAX + 1) != NULL;
    if (inet_pton(AF_INET6, name, &six) != 1)
        return false;
    /* A browser that is sent to ::ffff:a.b.c.d still compares with an IPv4 address. */
    if (IN6_IS_ADDR_V4MAPPED(&six))
        return inet_ntop(AF_INET, &six.s6_addr[12], out, TLS_NAME_MAX + 1) != NULL;
    return inet_ntop(AF_INET6, &six, out, TLS_NAME_MAX + 1) != NULL;
}

/* The lower-case form of a byte of a host name, 0 for any other byte. */
static char host_char(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    return fine ? c : 0;
}

static bool canonical_host(const char *name, char out[TLS_NAME_MAX + 1])
{
    size_t len = strlen(name), label = 0;
    bool only_digits = true;

    if (len > 0 && name[len - 1] == '.')
        len--;
    if (len == 0 || len > TLS_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '.') {
            if (label == 0)
                return false;
            label = 0;
            only_digits = true;
            out[i] = '.';
            continue;
        }
        out[i] = host_char(name[i]);
        if (out[i] == 0 || ++label > 63)
            return false;
        only_digits = only_digits && out[i] >= '0' && out[i] <= '9';
    }
    out[len] = 0;
    /* A last label of digits is a mistyped address ("192.168.1.300"), never a host. */
    return label > 0 && !only_digits;
}

bool tls_name_canonical(const char *name, char out[TLS_NAME_MAX + 1], bool *is_address)
{
    bool address = canonical_address(name, out);

    if (is_address)
        *is_address = address;
    return address || canonical_host(name, out);
}

static bool listed(const struct tls_names *names, const char *canonical)
{
    for (size_t i = 0; i < names->len; i++)
        if (strcmp(names->name[i], canonical) == 0)
            return true;
    return false;
}

bool tls_names_have(const struct tls_names *names, const char *name)
{
    char canonical[TLS_NAME_MAX + 1];

    return tls_name_canonical(name, canonical, NULL) && listed(names, canonical);
}

bool tls_names_add(struct tls_names *names, const char *name)
{
    char canonical[TLS_NAME_MAX + 1];

    if (!tls_name_canonical(name, canonical, NULL))
        return false;
    if (listed(names, canonical))
        return true;
    if (names->len == TLS_NAMES_CAP)
        return false;
    memcpy(names->name[names->len++], canonical, strlen(canonical) + 1);
    return true;
}
