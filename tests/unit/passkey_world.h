/* People with passkeys: the world of account_world.h with the real check and an authenticator of the tests. */
#ifndef MADANG_TESTS_PASSKEY_WORLD_H
#define MADANG_TESTS_PASSKEY_WORLD_H

#include "account_world.h"
#include "webauthn_device.h"

#include "edge/keys/webauthn.h"

struct keys {
    struct world *w;
    struct browser mina;
    struct client *c;
    struct device device;
    uint8_t challenge[PASSKEY_CHALLENGE];
    char handle[64]; /* as a field of passkey_sign_in */
};

static inline struct keys keys_new(void)
{
    struct keys k = {.w = world_new()};
    k.w->cfg.registration = REGISTRATION_OPEN;
    k.w->cfg.passkeys = true;
    k.w->cfg.passkey_check = webauthn_check;
    memcpy(k.w->cfg.rp_id, "talk.example", 13);
    memcpy(k.w->cfg.origins[0], "https://talk.example", 21);
    memcpy(k.w->cfg.origins[1], "https://talk.example:8443", 26);
    k.w->addr_key = 7;
    world_again(k.w);
    k.device = device_new(PASSKEY_ES256);
    k.mina = person(k.w, "mina");
    k.c = session_of(k.w, &k.mina);
    return k;
}

static inline void keys_free(struct keys *k)
{
    EVP_PKEY_free(k->device.pkey);
    world_free(k->w);
}

/* What stands behind "name": in base64url. */
static inline size_t blob(const char *text, const char *name, uint8_t *out, size_t cap)
{
    char b64[2048];
    size_t n;
    value(text, name, b64, sizeof b64);
    assert_true(b64url_decode(out, cap, &n, str_from(b64)));
    return n;
}

static inline void take_challenge(struct keys *k, const char *answer)
{
    assert_int_equal(blob(answer, "challenge", k->challenge, sizeof k->challenge), 32);
    k->device.challenge = k->challenge;
}

static inline char *b64(const struct buf *b)
{
    static char text[4][32768];
    static unsigned turn;
    char *out = text[turn++ % 4];
    b64url_encode(out, sizeof text[0], buf_data(b), buf_len(b));
    return out;
}

/* Adds the device as mina's; the answer. */
static inline const char *add(struct keys *k)
{
    struct said s = said_new();
    const char *begun = ask(k->c, "'type':'passkey_begin'");
    char handle[32];
    value(strstr(begun, "\"user\":{"), "id", handle, sizeof handle);
    if (!k->handle[0])
        snprintf(k->handle, sizeof k->handle, ",'user_handle':'%s'", handle);
    take_challenge(k, begun);
    device_register(&k->device, &s);
    const char *a =
        ask(k->c, "'type':'passkey_add','name':'My phone','client_data':'%s','attestation':'%s'",
            b64(&s.client_data), b64(&s.attestation));
    said_free(&s);
    return a;
}

static inline const char *use_with(struct keys *k, struct browser *b, const char *handle)
{
    struct said s = said_new();
    char id[128];
    k->device.counter++;
    device_sign_in(&k->device, &s);
    b64url_encode(id, sizeof id, k->device.id, k->device.id_len);
    const char *a =
        call(k->w, b, "passkey_sign_in",
             "{'credential':'%s','client_data':'%s','auth_data':'%s','signature':'%s'%s}", id,
             b64(&s.client_data), b64(&s.auth_data), b64(&s.signature), handle);
    said_free(&s);
    return a;
}

/* Confirms with it that c is whose it says. */
static inline const char *confirm_with(struct keys *k, struct client *c)
{
    struct said s = said_new();
    char id[128];
    take_challenge(k, ask(c, "'type':'passkey_begin','confirm':true"));
    k->device.counter++;
    device_sign_in(&k->device, &s);
    b64url_encode(id, sizeof id, k->device.id, k->device.id_len);
    const char *a = ask(c,
                        "'type':'passkey_confirm','credential':'%s','client_data':'%s',"
                        "'auth_data':'%s','signature':'%s'%s",
                        id, b64(&s.client_data), b64(&s.auth_data), b64(&s.signature), k->handle);
    said_free(&s);
    return a;
}

static inline const char *use(struct keys *k, struct browser *b)
{
    take_challenge(k, post(k->w, b, "passkey_begin", "{}"));
    return use_with(k, b, k->handle);
}

#endif
