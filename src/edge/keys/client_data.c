#include "edge/keys/client_data.h"

#include <jansson.h>

#include "base/code.h"
#include "edge/web/json_mem.h"

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : STR_NONE;
}

static bool is_ours(const struct passkey_check *check, struct str origin)
{
    for (size_t i = 0; i < check->n_origins && i < PASSKEY_ORIGINS_MAX; i++) {
        if (str_eq(check->origins[i], origin)) {
            return true;
        }
    }
    return false;
}

static enum passkey_outcome look(const struct passkey_check *check, const json_t *o)
{
    char challenge[B64URL_SIZE(64)];
    bool registers = check->kind == PASSKEY_REGISTER;
    struct str type = text_of(o, "type"), got = text_of(o, "challenge");
    struct str origin = text_of(o, "origin");
    const json_t *cross = json_object_get(o, "crossOrigin");
    size_t n = b64url_encode(challenge, sizeof challenge, check->challenge.p, check->challenge.n);
    if (!type.p || !got.p || !origin.p || (cross && !json_is_boolean(cross))) {
        return PASSKEY_CLIENT_DATA;
    }
    if (!str_eq(type, registers ? STR("webauthn.create") : STR("webauthn.get"))) {
        return PASSKEY_TYPE;
    }
    if (n == 0 || !str_eq(got, str_of(challenge, n))) {
        return PASSKEY_WRONG_CHALLENGE;
    }
    if (!is_ours(check, origin)) {
        return PASSKEY_ORIGIN;
    }
    if (json_is_true(cross) || json_object_get(o, "topOrigin")) {
        return PASSKEY_CROSS_ORIGIN;
    }
    return PASSKEY_OK;
}

enum passkey_outcome client_data_check(const struct passkey_check *check)
{
    bool no_memory;
    json_t *o = json_mem_load(check->client_data.p, check->client_data.n, &no_memory);
    enum passkey_outcome outcome = json_is_object(o) ? look(check, o) : PASSKEY_CLIENT_DATA;
    json_decref(o);
    return outcome;
}
