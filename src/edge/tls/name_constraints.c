#include "edge/tls/name_constraints.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

struct block {
    const char *address;
    int bits;
};

/* Private, shared (carrier NAT, overlay networks), link-local and loopback addresses. */
static const struct block private_blocks[] = {
    {"127.0.0.0", 8},    {"10.0.0.0", 8},    {"172.16.0.0", 12},
    {"192.168.0.0", 16}, {"100.64.0.0", 10}, {"169.254.0.0", 16},
    {"::1", 128},        {"fc00::", 7},      {"fe80::", 10},
};

static const char *const private_names[] = {"localhost", "local", "home.arpa", "internal"};

/* Takes `text`. */
static bool push(STACK_OF(GENERAL_SUBTREE) * *list, int kind, ASN1_STRING *text)
{
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
    GENERAL_NAME *name = GENERAL_NAME_new();

    if (!*list)
        *list = sk_GENERAL_SUBTREE_new_null();
    if (tree && name && text && *list) {
        GENERAL_NAME_set0_value(name, kind, text);
        GENERAL_NAME_free(tree->base);
        tree->base = name;
        if (sk_GENERAL_SUBTREE_push(*list, tree))
            return true;
        GENERAL_SUBTREE_free(tree);
        return false;
    }
    ASN1_STRING_free(text);
    GENERAL_NAME_free(name);
    GENERAL_SUBTREE_free(tree);
    return false;
}

static bool push_dns(STACK_OF(GENERAL_SUBTREE) * *list, const char *name)
{
    ASN1_STRING *text = ASN1_IA5STRING_new();

    if (text && !ASN1_STRING_set(text, name, -1)) {
        ASN1_STRING_free(text);
        text = NULL;
    }
    return push(list, GEN_DNS, text);
}

/* The address bytes in network order; 0 when `text` is no address. */
static size_t address_bytes(const char *text, unsigned char out[16])
{
    if (inet_pton(AF_INET, text, out) == 1)
        return 4;
    return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

/* An address block is the address followed by its mask. */
static bool push_block(STACK_OF(GENERAL_SUBTREE) * *list, const unsigned char *address, size_t len,
                       int bits)
{
    unsigned char both[32] = {0};
    ASN1_STRING *text = ASN1_OCTET_STRING_new();

    for (size_t i = 0; i < len; i++) {
        int left = bits - (int)(8 * i);
        int mask = left >= 8 ? 0xff : left <= 0 ? 0 : 0xff << (8 - left) & 0xff;
        both[len + i] = (unsigned char)mask;
        both[i] = (unsigned char)(address[i] & mask);
    }
    if (text && !ASN1_STRING_set(text, both, (int)(2 * len))) {
        ASN1_STRING_free(text);
        text = NULL;
    }
    return push(list, GEN_IPADD, text);
}

static bool in_block(const struct block *block, const unsigned char *address, size_t len)
{
    unsigned char base[16];

    if (address_bytes(block->address, base) != len)
        return false;
    for (int bit = 0; bit < block->bits; bit++)
        if ((base[bit / 8] ^ address[bit / 8]) & (0x80 >> bit % 8))
            return false;
    return true;
}

static bool is_private(const unsigned char *address, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(private_blocks); i++)
        if (in_block(&private_blocks[i], address, len))
            return true;
    return false;
}

/* Whether `name` is a private name or below one. */
static bool under_private_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < ARRAY_LEN(private_names); i++) {
        size_t tail = strlen(private_names[i]);
        if (len >= tail && strcmp(name + len - tail, private_names[i]) == 0 &&
            (len == tail || name[len - tail - 1] == '.'))
            return true;
    }
    return false;
}

/*
 * Whether one label could be, or become, a top-level domain: those are letters only, or begin with
 * xn-- (RFC 3696 section 2, RFC 5890). "raspberrypi" could, "vm-1" and "desktop-4f2a" could not.
 */
static bool could_be_tld(const char *name)
{
    if (strchr(name, '.'))
        return false;
    return strncmp(name, "xn--", 4) == 0 ||
           strspn(name, "abcdefghijklmnopqrstuvwxyz") == strlen(name);
}

static bool push_own(NAME_CONSTRAINTS *nc, const char *name)
{
    unsigned char address[16];
    char below[TLS_NAME_MAX + 2];
    size_t len = address_bytes(name, address);

    if (len > 0)
        return is_private(address, len) ||
               push_block(&nc->permittedSubtrees, address, len, len == 4 ? 32 : 64);
    if (under_private_name(name))
        return true;
    if (!push_dns(&nc->permittedSubtrees, name))
        return false;
    if (!could_be_tld(name))
        return true;
    /* The leading dot means "only below", which OpenSSL, NSS, Chromium, Go and Apple all read so. */
    snprintf(below, sizeof below, ".%s", name);
    return push_dns(&nc->excludedSubtrees, below);
}

struct NAME_CONSTRAINTS_st *name_constraints_make(const struct tls_names *own)
{
    NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
    bool ok = nc != NULL;

    for (size_t i = 0; ok && i < ARRAY_LEN(private_names); i++)
        ok = push_dns(&nc->permittedSubtrees, private_names[i]);
    for (size_t i = 0; ok && i < ARRAY_LEN(private_blocks); i++) {
        unsigned char address[16];
        size_t len = address_bytes(private_blocks[i].address, address);
        ok = push_block(&nc->permittedSubtrees, address, len, private_blocks[i].bits);
    }
    for (size_t i = 0; ok && i < own->len; i++)
        ok = push_own(nc, own->name[i]);
    if (ok)
        return nc;
    NAME_CONSTRAINTS_free(nc);
    return NULL;
}

bool name_constraints_add(struct x509_st *cert, const struct NAME_CONSTRAINTS_st *nc)
{
    return X509_add1_ext_i2d(cert, NID_name_constraints, (void *)nc, 1, 0) == 1;
}

bool name_constraints_satisfied(struct x509_st *authority, struct x509_st *leaf)
{
    NAME_CONSTRAINTS *nc = X509_get_ext_d2i(authority, NID_name_constraints, NULL, NULL);
    bool ok = true;

    if (nc) {
        /* Fills the caches that the check reads. */
        X509_check_purpose(leaf, -1, 0);
        ok = NAME_CONSTRAINTS_check(leaf, nc) == X509_V_OK;
    }
    NAME_CONSTRAINTS_free(nc);
    return ok;
}
