#include "edge/keys/webauthn.h"

#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "edge/keys/cbor_read.h"
#include "edge/keys/client_data.h"
#include "edge/keys/cose.h"

/* Flags of authenticator data (6.1). */
enum {
    FLAG_PRESENT = 0x01,
    FLAG_VERIFIED = 0x04,
    FLAG_BACKUP_ELIGIBLE = 0x08,
    FLAG_BACKED_UP = 0x10,
    FLAG_CREDENTIAL = 0x40,
    FLAG_EXTENSIONS = 0x80
};

struct auth_data {
    struct str rp_hash;
    uint8_t flags;
    uint32_t counter;
    struct str aaguid, id, cose; /* when FLAG_CREDENTIAL */
};

/* ---- authenticator data (6.1) ---- */

/* 6.5.1: the key's length is known only by reading it. */
static enum passkey_outcome read_credential(struct rd *r, struct auth_data *a)
{
    a->aaguid = rd_str(r, 16);
    uint16_t n = rd_u16(r);
    a->id = rd_str(r, n);
    if (r->bad || n == 0 || n > PASSKEY_ID_MAX) {
        return PASSKEY_AUTH_DATA;
    }
    return cbor_read_whole(r, &a->cose) ? PASSKEY_OK : PASSKEY_CBOR;
}

static enum passkey_outcome read_auth_data(struct str bytes, struct auth_data *a)
{
    struct rd r = rd_of(bytes.p, bytes.n);
    enum passkey_outcome outcome = PASSKEY_OK;
    a->rp_hash = rd_str(&r, SHA256_SIZE);
    a->flags = rd_u8(&r);
    a->counter = rd_u32(&r);
    if (r.bad) {
        return PASSKEY_AUTH_DATA;
    }
    if (a->flags & FLAG_CREDENTIAL) {
        outcome = read_credential(&r, a);
    }
    if (outcome == PASSKEY_OK && a->flags & FLAG_EXTENSIONS) {
        struct rd look = r;
        struct cbor_part map;
        if (!cbor_read_kind(&look, CBOR_PART_MAP, &map) || !cbor_read_whole(&r, NULL)) {
            outcome = PASSKEY_CBOR;
        }
    }
    return outcome == PASSKEY_OK && r.n > 0 ? PASSKEY_AUTH_DATA : outcome;
}

/* 7.1, steps 14 to 19; 7.2, steps 16 to 20. */
static enum passkey_outcome check_auth_data(const struct passkey_check *check,
                                            const struct auth_data *a)
{
    uint8_t hash[SHA256_SIZE];
    sha256(check->rp_id.p, check->rp_id.n, hash);
    if (!str_eq(a->rp_hash, str_of(hash, sizeof hash))) {
        return PASSKEY_RP;
    }
    if (!(a->flags & FLAG_PRESENT)) {
        return PASSKEY_NOBODY_PRESENT;
    }
    if (check->verified && !(a->flags & FLAG_VERIFIED)) {
        return PASSKEY_NOT_VERIFIED;
    }
    if (a->flags & FLAG_BACKED_UP && !(a->flags & FLAG_BACKUP_ELIGIBLE)) {
        return PASSKEY_BACKUP;
    }
    return PASSKEY_OK;
}

static void tell(const struct auth_data *a, struct passkey_verdict *v)
{
    v->counter = a->counter;
    v->user_verified = (a->flags & FLAG_VERIFIED) != 0;
    v->backed_up = (a->flags & FLAG_BACKED_UP) != 0;
    v->backup_eligible = (a->flags & FLAG_BACKUP_ELIGIBLE) != 0;
}

/* ---- registration (7.1) ---- */

struct attestation {
    struct str format, auth_data;
    bool has_statement, empty_statement;
};

static void take_entry(struct attestation *a, struct str name, struct rd value)
{
    struct cbor_part part;
    if (!cbor_read(&value, &part)) {
        return;
    }
    if (str_eq(name, STR("fmt")) && part.kind == CBOR_PART_TEXT) {
        a->format = part.bytes;
    } else if (str_eq(name, STR("authData")) && part.kind == CBOR_PART_BYTES) {
        a->auth_data = part.bytes;
    } else if (str_eq(name, STR("attStmt")) && part.kind == CBOR_PART_MAP) {
        a->has_statement = true;
        a->empty_statement = part.n == 0;
    }
}

/* 6.5.4: {fmt: text, attStmt: map, authData: bytes}. */
static bool read_attestation(struct str bytes, struct attestation *a)
{
    struct rd r = rd_of(bytes.p, bytes.n);
    struct cbor_part part;
    if (!cbor_read_whole(&r, NULL) || r.n > 0) {
        return false;
    }
    r = rd_of(bytes.p, bytes.n);
    if (!cbor_read_kind(&r, CBOR_PART_MAP, &part)) {
        return false;
    }
    for (uint64_t pairs = part.n; pairs > 0; pairs--) {
        if (!cbor_read_kind(&r, CBOR_PART_TEXT, &part)) {
            return false;
        }
        take_entry(a, part.bytes, r);
        cbor_read_whole(&r, NULL);
    }
    /* 8.7: "none" comes with nothing. */
    return a->format.n > 0 && a->auth_data.p && a->has_statement &&
           (a->empty_statement || !str_eq(a->format, STR("none")));
}

static enum passkey_outcome check_register(const struct passkey_check *check,
                                           struct passkey_verdict *v)
{
    struct attestation att = {.has_statement = false};
    struct auth_data a = {.flags = 0};
    if (!read_attestation(check->attestation, &att)) {
        return PASSKEY_CBOR;
    }
    enum passkey_outcome outcome = read_auth_data(att.auth_data, &a);
    if (outcome == PASSKEY_OK) {
        outcome = check_auth_data(check, &a);
    }
    if (outcome == PASSKEY_OK && !(a.flags & FLAG_CREDENTIAL)) {
        outcome = PASSKEY_AUTH_DATA;
    }
    if (outcome == PASSKEY_OK) {
        outcome = cose_read(a.cose, &v->algorithm, v->key, &v->key_len);
    }
    if (outcome != PASSKEY_OK) {
        return outcome;
    }
    memcpy(v->aaguid, a.aaguid.p, sizeof v->aaguid);
    memcpy(v->id, a.id.p, a.id.n);
    v->id_len = a.id.n;
    tell(&a, v);
    return PASSKEY_OK;
}

/* ---- sign-in (7.2) ---- */

/* Step 21: over authData || SHA-256(clientDataJSON). */
static bool is_signed(const struct passkey_check *check)
{
    uint8_t signed_data[PASSKEY_DATA_MAX + SHA256_SIZE];
    size_t n = check->auth_data.n;
    memcpy(signed_data, check->auth_data.p, n);
    sha256(check->client_data.p, check->client_data.n, signed_data + n);
    return cose_verify(check->algorithm, check->public_key, check->signature, signed_data,
                       n + SHA256_SIZE);
}

/* Step 22 (6.1.1): authenticators that do not count say 0 for ever. */
static bool counts_on(uint32_t before, uint32_t now)
{
    return (before == 0 && now == 0) || now > before;
}

static enum passkey_outcome check_sign_in(const struct passkey_check *check,
                                          struct passkey_verdict *v)
{
    struct auth_data a = {.flags = 0};
    enum passkey_outcome outcome = read_auth_data(check->auth_data, &a);
    if (outcome == PASSKEY_OK && a.flags & FLAG_CREDENTIAL) {
        return PASSKEY_AUTH_DATA; /* 6.3.3: not in an assertion */
    }
    if (outcome == PASSKEY_OK) {
        outcome = check_auth_data(check, &a);
    }
    if (outcome != PASSKEY_OK) {
        return outcome;
    }
    if (check->owner.n > 0 && !str_eq(check->owner, check->user_handle)) {
        return PASSKEY_OWNER;
    }
    if (((a.flags & FLAG_BACKUP_ELIGIBLE) != 0) != check->backup_eligible) {
        return PASSKEY_BACKUP;
    }
    if (!is_signed(check)) {
        return PASSKEY_SIGNATURE;
    }
    if (!counts_on(check->counter, a.counter)) {
        return PASSKEY_COUNTER;
    }
    tell(&a, v);
    return PASSKEY_OK;
}

/* ---- both ---- */

static bool fits(struct str s)
{
    return s.n > 0 && s.n <= PASSKEY_DATA_MAX;
}

static bool all_fit(const struct passkey_check *check)
{
    bool own = check->kind == PASSKEY_REGISTER
                   ? fits(check->attestation)
                   : fits(check->auth_data) && fits(check->signature) && fits(check->public_key);
    return own && fits(check->client_data) && fits(check->rp_id) && check->challenge.n >= 16;
}

void webauthn_check(const struct passkey_check *check, struct passkey_verdict *verdict)
{
    memset(verdict, 0, sizeof *verdict);
    verdict->outcome = all_fit(check) ? client_data_check(check) : PASSKEY_TOO_LONG;
    if (verdict->outcome == PASSKEY_OK) {
        verdict->outcome = check->kind == PASSKEY_REGISTER ? check_register(check, verdict)
                                                           : check_sign_in(check, verdict);
    }
}

const char *passkey_outcome_name(enum passkey_outcome outcome)
{
    static const char *const names[PASSKEY_OUTCOMES] = {
        "ok",           "too_long",   "client_data", "type",      "challenge",      "origin",
        "cross_origin", "cbor",       "auth_data",   "rp",        "nobody_present", "not_verified",
        "algorithm",    "public_key", "owner",       "signature", "counter",        "backup",
    };
    return (unsigned)outcome < PASSKEY_OUTCOMES ? names[outcome] : "?";
}
