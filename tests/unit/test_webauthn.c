#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "edge/keys/webauthn.h"
#include "edge/web/json_mem.h"
#include "webauthn_device.h"
#include "webauthn_vectors.h"

static const int32_t algorithms[] = {PASSKEY_ES256, PASSKEY_EDDSA, PASSKEY_RS256};
static struct device devices[ARRAY_LEN(algorithms)];

static int setup(void **state)
{
    (void)state;
    json_mem_init();
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        devices[i] = device_new(algorithms[i]);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        EVP_PKEY_free(devices[i].pkey);
    }
    return 0;
}

static void must(const struct passkey_check *check, struct passkey_verdict *v,
                 enum passkey_outcome wanted, const char *what)
{
    webauthn_check(check, v);
    if (v->outcome != wanted) {
        fail_msg("%s: %s instead of %s", what, passkey_outcome_name(v->outcome),
                 passkey_outcome_name(wanted));
    }
}

/* ---- vectors of the standard ---- */

struct hex {
    uint8_t bytes[4096];
    struct str s;
};

static struct str unhex(struct hex *h, const char *text)
{
    size_t n = 0;
    if (!hex_decode(h->bytes, sizeof h->bytes, &n, str_from(text))) {
        fail_msg("not hex: %s", text);
    }
    return h->s = str_of(h->bytes, n);
}

/* The registration as the standard has it, or one made of its key and id. */
static void register_vector(const struct vector *x, struct passkey_verdict *v)
{
    static const struct str origin = STR_INIT("https://example.org");
    struct hex challenge, client_data, attestation, id, aaguid, cose, rp;
    struct buf auth, att;
    struct passkey_check c = {
        .kind = PASSKEY_REGISTER, .rp_id = STR("example.org"), .origins = &origin, .n_origins = 1};
    buf_init(&auth, 4096);
    buf_init(&att, 4096);
    if (x->attestation) {
        c.challenge = unhex(&challenge, x->challenge);
        c.client_data = unhex(&client_data, x->client_data);
        c.attestation = unhex(&attestation, x->attestation);
    } else {
        c.challenge = STR("a challenge of mine");
        c.client_data = STR("{\"origin\":\"https://example.org\",\"type\":\"webauthn.create\","
                            "\"challenge\":\"YSBjaGFsbGVuZ2Ugb2YgbWluZQ\"}");
        buf_put_str(&auth, unhex(&rp, RP_HASH));
        buf_u8(&auth, x->algorithm == PASSKEY_EDDSA ? 0x41 : 0x5d);
        buf_u32(&auth, 0);
        buf_put_str(&auth, unhex(&aaguid, x->aaguid));
        buf_u16(&auth, 32);
        buf_put_str(&auth, unhex(&id, x->id));
        buf_put_str(&auth, unhex(&cose, x->cose));
        say_attestation(&att, buf_str(&auth));
        c.attestation = buf_str(&att);
    }
    must(&c, v, PASSKEY_OK, x->name);
    assert_int_equal(v->algorithm, x->algorithm);
    assert_true(str_eq(str_of(v->id, v->id_len), unhex(&id, x->id)));
    assert_true(str_eq(str_of(v->aaguid, 16), unhex(&aaguid, x->aaguid)));
    buf_free(&auth);
    buf_free(&att);
}

static void vectors_of_the_standard(void **state)
{
    (void)state;
    static const struct str origin = STR_INIT("https://example.org");
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *x = &vectors[i];
        struct passkey_verdict v, in;
        struct hex challenge, client_data, auth_data, signature;
        register_vector(x, &v);
        struct passkey_check c = {.kind = PASSKEY_SIGN_IN,
                                  .challenge = unhex(&challenge, x->challenge2),
                                  .rp_id = STR("example.org"),
                                  .origins = &origin,
                                  .n_origins = 1,
                                  .client_data = unhex(&client_data, x->client_data2),
                                  .auth_data = unhex(&auth_data, x->auth_data2),
                                  .signature = unhex(&signature, x->signature2),
                                  .public_key = str_of(v.key, v.key_len),
                                  .algorithm = v.algorithm,
                                  .backup_eligible = v.backup_eligible};
        must(&c, &in, PASSKEY_OK, x->name);
        assert_int_equal(in.counter, 0);
        signature.bytes[signature.s.n - 1] ^= 1;
        must(&c, &in, PASSKEY_SIGNATURE, x->name);
    }
}

/* ---- our own device ---- */

static void each_algorithm_registers_and_signs_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        struct device *d = &devices[i];
        struct said first = said_new(), second = said_new();
        struct passkey_verdict v, in;
        device_register(d, &first);
        struct passkey_check c = check_of(PASSKEY_REGISTER, &first);
        must(&c, &v, PASSKEY_OK, "register");
        assert_int_equal(v.algorithm, d->algorithm);
        assert_int_equal(v.counter, 7);
        assert_true(v.user_verified && !v.backup_eligible && !v.backed_up);
        assert_memory_equal(v.id, d->id, d->id_len);
        assert_memory_equal(v.aaguid, "an authenticator", 16);

        d->counter = 8;
        device_sign_in(d, &second);
        d->counter = 7;
        c = check_of(PASSKEY_SIGN_IN, &second);
        c.public_key = str_of(v.key, v.key_len);
        c.algorithm = v.algorithm;
        c.counter = v.counter;
        must(&c, &in, PASSKEY_OK, "sign in");
        assert_int_equal(in.counter, 8);
        /* The key of one algorithm is none of another's. */
        for (size_t k = 0; k < ARRAY_LEN(algorithms); k++) {
            c.algorithm = algorithms[k];
            must(&c, &in, k == i ? PASSKEY_OK : PASSKEY_SIGNATURE, "another algorithm");
        }
        said_free(&first);
        said_free(&second);
    }
}

/* One thing wrong in each. `what` changes the device, or what was said, or the question. */
enum wrong {
    RIGHT,
    TYPE,
    CHALLENGE,
    SHORT_CHALLENGE,
    ORIGIN,
    ORIGIN_PORT,
    CROSS,
    TOP,
    NO_ORIGIN,
    TWICE,
    NOT_JSON,
    ARRAY,
    EMPTY,
    LONG,
    RP,
    ABSENT,
    UNVERIFIED,
    BACKED_UP_ONLY,
    CUT,
    EXTRA_BYTE,
    EXTENSIONS,
    EXTENSIONS_BAD,
    EXTENSIONS_NONE,
    WRONGS
};

static void change_client_data(struct buf *b, enum wrong w)
{
    struct str s = buf_str(b);
    char text[400];
    size_t n = s.n - 1; /* without the brace */
    memcpy(text, s.p, s.n);
    buf_reset(b);
    switch (w) {
    case CROSS: {
        size_t at = str_find(str_of(text, s.n), STR("false"));
        buf_put(b, text, at);
        buf_puts(b, "true}");
        break;
    }
    case TOP:
        buf_put(b, text, n);
        buf_puts(b, ",\"topOrigin\":\"https://elsewhere.example\"}");
        break;
    case TWICE:
        buf_put(b, text, n);
        buf_puts(b, ",\"type\":\"webauthn.get\"}");
        break;
    case NO_ORIGIN:
        buf_put(b, text, str_find(str_of(text, s.n), STR(",\"origin")));
        buf_puts(b, "}");
        break;
    case NOT_JSON: buf_put(b, text, n); break;
    case ARRAY: buf_puts(b, "[1]"); break;
    case LONG:
        buf_put(b, text, n);
        buf_puts(b, ",\"filler\":\"");
        for (int i = 0; i < PASSKEY_DATA_MAX; i++) {
            buf_u8(b, 'x');
        }
        buf_puts(b, "\"}");
        break;
    default: buf_put(b, text, s.n);
    }
}

static enum passkey_outcome wanted(enum wrong w)
{
    switch (w) {
    case TYPE: return PASSKEY_TYPE;
    case CHALLENGE: return PASSKEY_WRONG_CHALLENGE;
    case ORIGIN:
    case ORIGIN_PORT: return PASSKEY_ORIGIN;
    case CROSS:
    case TOP: return PASSKEY_CROSS_ORIGIN;
    case NO_ORIGIN:
    case TWICE:
    case NOT_JSON:
    case ARRAY: return PASSKEY_CLIENT_DATA;
    case SHORT_CHALLENGE:
    case EMPTY:
    case LONG: return PASSKEY_TOO_LONG;
    case RP: return PASSKEY_RP;
    case ABSENT: return PASSKEY_NOBODY_PRESENT;
    case UNVERIFIED: return PASSKEY_NOT_VERIFIED;
    case BACKED_UP_ONLY: return PASSKEY_BACKUP;
    case CUT:
    case EXTRA_BYTE: return PASSKEY_AUTH_DATA;
    case EXTENSIONS_BAD:
    case EXTENSIONS_NONE: return PASSKEY_CBOR;
    default: return PASSKEY_OK;
    }
}

static void change_device(struct device *d, enum wrong w)
{
    switch (w) {
    case ORIGIN: d->origin = "https://evil.example"; break;
    case ORIGIN_PORT: d->origin = "https://talk.example"; break;
    case RP: d->rp_id = "evil.example"; break;
    case ABSENT: d->flags &= (uint8_t)~1; break;
    case UNVERIFIED: d->flags &= (uint8_t)~4; break;
    case BACKED_UP_ONLY: d->flags |= 0x10; break;
    case EXTENSIONS:
    case EXTENSIONS_BAD:
    case EXTENSIONS_NONE: d->flags |= 0x80; break;
    default: break;
    }
}

static void change_auth_data(struct buf *b, enum wrong w, bool credential)
{
    if (w == EXTRA_BYTE) {
        buf_u8(b, 0);
    } else if (w == CUT) {
        buf_truncate(b, credential ? 54 : 36);
    } else if (w == EXTENSIONS) {
        buf_put(b, "\xa1\x64more\xf5", 7);
    } else if (w == EXTENSIONS_BAD) {
        buf_put(b, "\x64more", 5);
    }
}

static void registration_with_each_thing_wrong(void **state)
{
    (void)state;
    for (enum wrong w = RIGHT; w < WRONGS; w++) {
        struct device d = devices[0];
        struct said s = said_new();
        struct passkey_verdict v;
        change_device(&d, w);
        say_client_data(&d, &s, w == TYPE ? "webauthn.get" : "webauthn.create");
        change_client_data(&s.client_data, w);
        say_auth_data(&d, &s.auth_data, true);
        change_auth_data(&s.auth_data, w, true);
        say_attestation(&s.attestation, buf_str(&s.auth_data));
        struct passkey_check c = check_of(PASSKEY_REGISTER, &s);
        c.challenge = w == CHALLENGE         ? STR("another challenge of theirs")
                      : w == SHORT_CHALLENGE ? STR("fifteen bytes..")
                                             : c.challenge;
        c.attestation = w == EMPTY ? STR_NONE : c.attestation;
        char what[32];
        snprintf(what, sizeof what, "register, wrong %d", w);
        must(&c, &v, wanted(w), what);
        said_free(&s);
    }
}

static void sign_in_with_each_thing_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        struct said first = said_new();
        struct passkey_verdict known, v;
        device_register(&devices[i], &first);
        struct passkey_check c = check_of(PASSKEY_REGISTER, &first);
        must(&c, &known, PASSKEY_OK, "register");
        for (enum wrong w = RIGHT; w < WRONGS; w++) {
            struct device d = devices[i];
            struct said s = said_new();
            d.counter = 8;
            change_device(&d, w);
            say_client_data(&d, &s, w == TYPE ? "webauthn.create" : "webauthn.get");
            change_client_data(&s.client_data, w);
            say_auth_data(&d, &s.auth_data, false);
            change_auth_data(&s.auth_data, w, false);
            sign(&d, &s);
            c = check_of(PASSKEY_SIGN_IN, &s);
            c.challenge = w == CHALLENGE         ? STR("another challenge of theirs")
                          : w == SHORT_CHALLENGE ? STR("fifteen bytes..")
                                                 : c.challenge;
            c.signature = w == EMPTY ? STR_NONE : c.signature;
            c.public_key = str_of(known.key, known.key_len);
            c.algorithm = known.algorithm;
            c.counter = known.counter;
            char what[32];
            snprintf(what, sizeof what, "sign in, wrong %d", w);
            must(&c, &v, wanted(w), what);
            said_free(&s);
        }
        said_free(&first);
    }
}

/* ---- what only a sign-in can get wrong ---- */

struct signed_in {
    struct said s;
    struct passkey_verdict known;
    struct passkey_check check;
};

static void prepare(struct signed_in *x, const struct device *d)
{
    struct said first = said_new();
    struct passkey_check c;
    device_register(&devices[0], &first);
    c = check_of(PASSKEY_REGISTER, &first);
    must(&c, &x->known, PASSKEY_OK, "register");
    said_free(&first);
    x->s = said_new();
    device_sign_in(d, &x->s);
    x->check = check_of(PASSKEY_SIGN_IN, &x->s);
    x->check.public_key = str_of(x->known.key, x->known.key_len);
    x->check.algorithm = x->known.algorithm;
    x->check.counter = x->known.counter;
}

static void the_counter_only_grows(void **state)
{
    (void)state;
    static const struct {
        uint32_t before, now;
        enum passkey_outcome outcome;
    } all[] = {{0, 0, PASSKEY_OK},          {0, 1, PASSKEY_OK},
               {7, 8, PASSKEY_OK},          {7, 7, PASSKEY_COUNTER},
               {8, 7, PASSKEY_COUNTER},     {7, 0, PASSKEY_COUNTER},
               {7, UINT32_MAX, PASSKEY_OK}, {UINT32_MAX, 0, PASSKEY_COUNTER}};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct signed_in x;
        struct passkey_verdict v;
        struct device d = devices[0];
        d.counter = all[i].now;
        prepare(&x, &d);
        x.check.counter = all[i].before;
        must(&x.check, &v, all[i].outcome, "counter");
        said_free(&x.s);
    }
}

static void the_owner_is_compared(void **state)
{
    (void)state;
    struct signed_in x;
    struct passkey_verdict v;
    struct device d = devices[0];
    d.counter = 9;
    prepare(&x, &d);
    x.check.owner = STR("handle of mina");
    must(&x.check, &v, PASSKEY_OWNER, "no handle");
    x.check.user_handle = STR("handle of bora");
    must(&x.check, &v, PASSKEY_OWNER, "another handle");
    x.check.user_handle = STR("handle of mina");
    must(&x.check, &v, PASSKEY_OK, "the handle");
    said_free(&x.s);
}

static void backup_stays_what_it_was(void **state)
{
    (void)state;
    struct signed_in x;
    struct passkey_verdict v;
    struct device d = devices[0];
    d.counter = 9;
    d.flags |= 0x18;
    prepare(&x, &d);
    must(&x.check, &v, PASSKEY_BACKUP, "not eligible before");
    x.check.backup_eligible = true;
    must(&x.check, &v, PASSKEY_OK, "eligible");
    assert_true(v.backed_up);
    said_free(&x.s);
}

static void verification_is_wanted_only_when_asked(void **state)
{
    (void)state;
    struct signed_in x;
    struct passkey_verdict v;
    struct device d = devices[0];
    d.counter = 9;
    d.flags = 0x01;
    prepare(&x, &d);
    must(&x.check, &v, PASSKEY_NOT_VERIFIED, "asked");
    x.check.verified = false;
    must(&x.check, &v, PASSKEY_OK, "not asked");
    assert_false(v.user_verified);
    said_free(&x.s);
}

/* Every bit of what is signed, and of the signature. */
static void every_changed_bit_is_noticed(void **state)
{
    (void)state;
    struct signed_in x;
    struct passkey_verdict v;
    struct device d = devices[0];
    d.counter = 9;
    prepare(&x, &d);
    struct str parts[] = {x.check.client_data, x.check.auth_data, x.check.signature};
    for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
        for (size_t i = 0; i < parts[p].n; i++) {
            uint8_t *byte = (uint8_t *)(uintptr_t)parts[p].p + i;
            *byte ^= (uint8_t)(1 << (i % 8));
            webauthn_check(&x.check, &v);
            assert_int_not_equal(v.outcome, PASSKEY_OK);
            *byte ^= (uint8_t)(1 << (i % 8));
        }
        for (size_t n = 0; n < parts[p].n; n++) {
            struct passkey_check c = x.check;
            *(p == 0   ? &c.client_data
              : p == 1 ? &c.auth_data
                       : &c.signature) = str_of(parts[p].p, n);
            webauthn_check(&c, &v);
            assert_int_not_equal(v.outcome, PASSKEY_OK);
        }
    }
    must(&x.check, &v, PASSKEY_OK, "as it was");
    /* An assertion has no credential in it, however well it is signed. */
    buf_reset(&x.s.auth_data);
    say_auth_data(&d, &x.s.auth_data, true);
    sign(&d, &x.s);
    x.check.auth_data = buf_str(&x.s.auth_data);
    x.check.signature = buf_str(&x.s.signature);
    must(&x.check, &v, PASSKEY_AUTH_DATA, "a credential in an assertion");
    said_free(&x.s);
}

/* ---- attestation objects and keys ---- */

static void judge_attestation(const char *hex_head, struct str auth_data, const char *hex_tail,
                              enum passkey_outcome outcome)
{
    struct hex head, tail;
    struct said s = said_new();
    struct passkey_verdict v;
    say_client_data(&devices[0], &s, "webauthn.create");
    buf_put_str(&s.attestation, unhex(&head, hex_head));
    if (auth_data.n) {
        put_bytes(&s.attestation, auth_data.p, auth_data.n);
    }
    buf_put_str(&s.attestation, unhex(&tail, hex_tail));
    struct passkey_check c = check_of(PASSKEY_REGISTER, &s);
    must(&c, &v, outcome, hex_head);
    said_free(&s);
}

#define FMT       "63666d74"
#define NONE      "646e6f6e65"
#define ATT_STMT  "6761747453746d74"
#define AUTH_DATA "686175746844617461"

static void attestation_objects(void **state)
{
    (void)state;
    struct buf a;
    buf_init(&a, 4096);
    say_auth_data(&devices[0], &a, true);
    struct str auth = buf_str(&a);
    const struct str none = STR_NONE;
    judge_attestation("a3" FMT NONE ATT_STMT "a0" AUTH_DATA, auth, "", PASSKEY_OK);
    /* Another order of keys; keys of a later standard; another format, its statement unread. */
    judge_attestation("a3" ATT_STMT "a0" FMT NONE AUTH_DATA, auth, "", PASSKEY_OK);
    judge_attestation("a4" FMT NONE ATT_STMT "a0" AUTH_DATA, auth, "656570417474f5", PASSKEY_OK);
    judge_attestation("a3" FMT "667061636b6564" ATT_STMT "a363616c67266373696741006378356381"
                      "4130" AUTH_DATA,
                      auth, "", PASSKEY_OK);
    /* "none" with a statement, keys twice or missing, wrong types. */
    judge_attestation("a3" FMT NONE ATT_STMT "a163616c6726" AUTH_DATA, auth, "", PASSKEY_CBOR);
    judge_attestation("a4" FMT NONE ATT_STMT "a0" FMT NONE AUTH_DATA, auth, "", PASSKEY_CBOR);
    judge_attestation("a2" FMT NONE AUTH_DATA, auth, "", PASSKEY_CBOR);
    judge_attestation("a2" FMT NONE ATT_STMT "a0", none, "", PASSKEY_CBOR);
    judge_attestation("a3" FMT "01" ATT_STMT "a0" AUTH_DATA, auth, "", PASSKEY_CBOR);
    judge_attestation("a3" FMT NONE ATT_STMT "80" AUTH_DATA, auth, "", PASSKEY_CBOR);
    judge_attestation("83" FMT NONE, none, "00", PASSKEY_CBOR);
    judge_attestation("f6", none, "", PASSKEY_CBOR);
    judge_attestation("a3" FMT NONE ATT_STMT "a0" AUTH_DATA, auth, "00", PASSKEY_CBOR);
    /* Indefinite lengths of each kind, tags, depth, sizes beyond the end. */
    judge_attestation("bf" FMT NONE ATT_STMT "a0" AUTH_DATA, auth, "ff", PASSKEY_CBOR);
    judge_attestation("a3" FMT "7f646e6f6e65ff" ATT_STMT "a0" AUTH_DATA, auth, "", PASSKEY_CBOR);
    judge_attestation("a3" FMT "63666f6f" ATT_STMT "a1619f9fff" AUTH_DATA, auth, "", PASSKEY_CBOR);
    judge_attestation("a3" FMT "63666f6f" ATT_STMT "a16178c100" AUTH_DATA, auth, "", PASSKEY_CBOR);
    judge_attestation("a3" FMT "63666f6f" ATT_STMT "a1617881818181818100" AUTH_DATA, auth, "",
                      PASSKEY_CBOR);
    judge_attestation("a3" FMT "63666f6f" ATT_STMT "a16178"
                      "9affffffff" AUTH_DATA,
                      auth, "", PASSKEY_CBOR);
    judge_attestation("a3" FMT NONE ATT_STMT "a0" AUTH_DATA "5bffffffffffffffff", none, "",
                      PASSKEY_CBOR);
    judge_attestation("bbffffffffffffffff" FMT NONE, none, "", PASSKEY_CBOR);
    judge_attestation("a3" FMT "63666f6f" ATT_STMT "a2617800617800" AUTH_DATA, auth, "",
                      PASSKEY_CBOR);
    judge_attestation("a3" FMT "63fffefd" ATT_STMT "a0" AUTH_DATA, auth, "", PASSKEY_CBOR);
    /* No credential in it; cut at each byte. */
    buf_reset(&a);
    say_auth_data(&devices[0], &a, false);
    judge_attestation("a3" FMT NONE ATT_STMT "a0" AUTH_DATA, buf_str(&a), "", PASSKEY_AUTH_DATA);
    buf_free(&a);
}

static void cut_attestations_are_refused(void **state)
{
    (void)state;
    struct said s = said_new();
    struct passkey_verdict v;
    device_register(&devices[2], &s);
    struct passkey_check c = check_of(PASSKEY_REGISTER, &s);
    for (size_t n = 0; n < buf_len(&s.attestation); n++) {
        c.attestation = str_of(buf_data(&s.attestation), n);
        webauthn_check(&c, &v);
        assert_int_equal(v.outcome, n ? PASSKEY_CBOR : PASSKEY_TOO_LONG);
    }
    said_free(&s);
}

#define X32 "afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61"
#define Y32 "930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220"
#define N256                         \
    "80" F32 F32 F32 F32 F32 F32 F32 \
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void keys(void **state)
{
    (void)state;
    static const struct {
        const char *cose;
        enum passkey_outcome outcome;
    } all[] = {
        {"a5010203262001215820" X32 "225820" Y32, PASSKEY_OK},
        {"a6010203262001215820" X32 "225820" Y32 "0240", PASSKEY_OK},  /* a key id */
        {"a5010203262001215820" X32 "225820" X32, PASSKEY_PUBLIC_KEY}, /* not on the curve */
        {"a5010203262001215820" F32 "225820" Y32, PASSKEY_PUBLIC_KEY},
        {"a5010203262001215820" Z32 "225820" Z32, PASSKEY_PUBLIC_KEY},
        {"a5010203262001215820" X32 "22f5", PASSKEY_PUBLIC_KEY}, /* compressed */
        {"a4010203262001215820" X32, PASSKEY_PUBLIC_KEY},
        {"a501020326200221582000" X32, PASSKEY_CBOR},
        {"a5010203262002215820" X32 "225820" Y32, PASSKEY_PUBLIC_KEY}, /* P-384 */
        {"a5010303262001215820" X32 "225820" Y32, PASSKEY_PUBLIC_KEY}, /* RSA */
        {"a50102033822"
         "2001215820" X32 "225820" Y32,
         PASSKEY_ALGORITHM}, /* ES384 */
        {"a40102"
         "2001215820" X32 "225820" Y32,
         PASSKEY_ALGORITHM},
        {"a6010203262001215820" X32 "225820" Y32 "0326", PASSKEY_CBOR}, /* alg twice */
        {"a6010203262001215820" X32 "225820" Y32 "0327", PASSKEY_CBOR},
        {"a401010327200621582044e06ddd331c36a8dc667bab52bcae63486c916aa5e339e6acebaa84934bf832",
         PASSKEY_OK},
        {"a401010327200421582044e06ddd331c36a8dc667bab52bcae63486c916aa5e339e6acebaa84934bf832",
         PASSKEY_PUBLIC_KEY}, /* X25519 */
        {"a40101032720062140", PASSKEY_PUBLIC_KEY},
        {"a401030339010020590100" N256 "2143010001", PASSKEY_OK},
        {"a401030339010020590100" N256 "214101", PASSKEY_PUBLIC_KEY},         /* e = 1 */
        {"a401030339010020590100" N256 "214102", PASSKEY_PUBLIC_KEY},         /* e = 2 */
        {"a401030339010020590100" N256 "21450000010001", PASSKEY_PUBLIC_KEY}, /* zeros in front */
        {"a401030339010020590100" N256 "21450100000001", PASSKEY_PUBLIC_KEY}, /* e > 2^32 */
        {"a40103033901002058"
         "80" F32 F32 F32 F32 "2143010001",
         PASSKEY_PUBLIC_KEY}, /* 1024 */
        {"a401030339010020590100" Z32 F32 F32 F32 F32 F32 F32 F32 "2143010001",
         PASSKEY_PUBLIC_KEY}, /* 1792 with zeros in front */
        {"a0", PASSKEY_ALGORITHM},
        {"80", PASSKEY_CBOR},
        {"a2636b7479020326", PASSKEY_CBOR}, /* a text as label */
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct hex cose;
        struct said s = said_new();
        struct passkey_verdict v;
        say_client_data(&devices[0], &s, "webauthn.create");
        say_auth_data(&devices[0], &s.auth_data, true);
        buf_truncate(&s.auth_data, 37 + 16 + 2 + 32);
        buf_put_str(&s.auth_data, unhex(&cose, all[i].cose));
        say_attestation(&s.attestation, buf_str(&s.auth_data));
        struct passkey_check c = check_of(PASSKEY_REGISTER, &s);
        must(&c, &v, all[i].outcome, all[i].cose);
        said_free(&s);
    }
}

static void ids_have_a_length(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 16, 1023, 1024, 4000};
    uint8_t filler[4000] = {0};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct said s = said_new();
        struct passkey_verdict v;
        size_t n = lengths[i];
        say_client_data(&devices[1], &s, "webauthn.create");
        say_auth_data(&devices[1], &s.auth_data, true);
        buf_truncate(&s.auth_data, 37 + 16);
        buf_u16(&s.auth_data, (uint16_t)n);
        buf_put(&s.auth_data, filler, n);
        put_cose(&s.auth_data, &devices[1]);
        say_attestation(&s.attestation, buf_str(&s.auth_data));
        struct passkey_check c = check_of(PASSKEY_REGISTER, &s);
        must(&c, &v, n > 0 && n <= PASSKEY_ID_MAX ? PASSKEY_OK : PASSKEY_AUTH_DATA, "length");
        assert_true(v.outcome != PASSKEY_OK || v.id_len == n);
        said_free(&s);
    }
}

static void hosts_that_can_have_passkeys(void **state)
{
    (void)state;
    assert_true(passkey_host(STR("talk.example.org")));
    assert_true(passkey_host(STR("localhost")));
    assert_false(passkey_host(STR("192.168.0.10")));
    assert_false(passkey_host(STR("[fe80::1]")));
    assert_false(passkey_host(STR("::1")));
    assert_false(passkey_host(STR("")));
}

static void without_memory_it_is_refused(void **state)
{
    (void)state;
    struct said s = said_new();
    struct passkey_verdict v;
    device_register(&devices[0], &s);
    struct passkey_check c = check_of(PASSKEY_REGISTER, &s);
    mem_fail_at(1);
    webauthn_check(&c, &v);
    mem_fail_at(0);
    assert_int_equal(v.outcome, PASSKEY_CLIENT_DATA);
    said_free(&s);
}

static void outcomes_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < PASSKEY_OUTCOMES; i++) {
        assert_true(strlen(passkey_outcome_name((enum passkey_outcome)i)) > 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_the_standard),
        cmocka_unit_test(each_algorithm_registers_and_signs_in),
        cmocka_unit_test(registration_with_each_thing_wrong),
        cmocka_unit_test(sign_in_with_each_thing_wrong),
        cmocka_unit_test(the_counter_only_grows),
        cmocka_unit_test(the_owner_is_compared),
        cmocka_unit_test(backup_stays_what_it_was),
        cmocka_unit_test(verification_is_wanted_only_when_asked),
        cmocka_unit_test(every_changed_bit_is_noticed),
        cmocka_unit_test(attestation_objects),
        cmocka_unit_test(cut_attestations_are_refused),
        cmocka_unit_test(keys),
        cmocka_unit_test(ids_have_a_length),
        cmocka_unit_test(hosts_that_can_have_passkeys),
        cmocka_unit_test(without_memory_it_is_refused),
        cmocka_unit_test(outcomes_have_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
