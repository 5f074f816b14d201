/* What a browser says of a passkey, in any form: an input is "kind, lengths, parts" for both ceremonies. A
 * verdict is always one of those there are; a registration that passes gives a key that stands a check;
 * and no signature is ever good that this program didn't see made (no key of the corpus signs here). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "edge/keys/webauthn.h"
#include "edge/web/json_mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str origins[] = {STR_INIT("https://talk.example:8443"),
                                     STR_INIT("https://example.org")};

/* A part with an end that a sanitizer knows. */
static struct str part(struct rd *r, size_t n)
{
    struct str s = rd_str(r, MIN_OF(n, r->n));
    char *copy = malloc(s.n + 1);
    if (!copy) {
        abort();
    }
    if (s.n > 0) {
        memcpy(copy, s.p, s.n);
    }
    return str_of(realloc(copy, s.n ? s.n : 1), s.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    static struct passkey_verdict v, w;
    struct rd r = rd_of(data, size);
    if (!ready) {
        json_mem_init();
        ready = true;
    }
    unsigned kind = rd_u8(&r);
    size_t n1 = rd_u16(&r), n2 = rd_u16(&r), n3 = rd_u16(&r);
    struct str client_data = part(&r, n1), first = part(&r, n2), second = part(&r, n3);
    struct passkey_check c = {
        .kind = kind & 1 ? PASSKEY_SIGN_IN : PASSKEY_REGISTER,
        .challenge = STR("0123456789abcdef0123456789abcde\0"),
        .rp_id = kind & 2 ? STR("example.org") : STR("talk.example"),
        .origins = origins,
        .n_origins = ARRAY_LEN(origins),
        .verified = (kind & 4) != 0,
        .client_data = client_data,
        .attestation = first,
        .auth_data = first,
        .signature = second,
        .public_key = second,
        .algorithm = kind & 8 ? PASSKEY_ES256 : PASSKEY_EDDSA,
    };
    webauthn_check(&c, &v);
    if ((unsigned)v.outcome >= PASSKEY_OUTCOMES || (v.outcome == PASSKEY_OK && kind & 1)) {
        abort();
    }
    if (v.outcome == PASSKEY_OK) {
        c.kind = PASSKEY_SIGN_IN;
        c.public_key = str_of(v.key, v.key_len);
        c.algorithm = v.algorithm;
        webauthn_check(&c, &w);
        if (v.id_len == 0 || v.id_len > PASSKEY_ID_MAX || v.key_len > PASSKEY_KEY_MAX ||
            w.outcome == PASSKEY_OK) {
            abort();
        }
    }
    free((void *)(uintptr_t)client_data.p);
    free((void *)(uintptr_t)first.p);
    free((void *)(uintptr_t)second.p);
    return 0;
}
