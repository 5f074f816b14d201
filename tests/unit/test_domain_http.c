/* Calls by HTTP at the domain: what no call may do, replies with cookies, uploads, and who may have which file. */
#include "account_world.h"

#include <sys/stat.h>
#include <unistd.h>

#include "domain/upload.h"

static void what_is_no_call_is_none(void **state)
{
    (void)state;
    struct world *w = world_new();
    assert_has(post(w, NULL, "people_watch", "{'users':[]}"), "'code':'unknown_type'");
    assert_has(post(w, NULL, "chat", "{}"), "'code':'unknown_type'");
    assert_has(post(w, NULL, "me", "[]"), "'code':'bad_json'");
    assert_int_equal(w->http.code, CODE_BAD_JSON);
    /* and the edge's own commands cannot come so */
    for (int type = CMD_NONE; type < CMD_COUNT; type++) {
        struct cmd c = {.type = (enum cmd_type)type, .http = ++w->last_call};
        if ((type > CMD_FILE && type < CMD_WIRE_COUNT) || type == CMD_FETCH || type == CMD_WHIP)
            continue; /* those of people: wire_in lets only some of them come so */
        domain_cmd(w->d, w->now, w->wall, &c);
        assert_int_equal(w->http.code, CODE_UNKNOWN_TYPE);
    }
    world_free(w);
}

static void replies_go_where_the_question_came_from(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct browser b = {.has_cookie = false};
    struct cookie_change set = {.op = COOKIE_SET, .token = {1, 2, 3}, .max_age_s = 60};
    struct asker who = {.http = ++w->last_call};
    reply_cookie(w->d, &who, &(struct event){.type = RESULT_EMPTY}, &set);
    assert_string_equal(call_answer(w, &b, who.http), "{}");
    assert_true(b.has_cookie && b.cookie[2] == 3);
    who.http = ++w->last_call;
    reply_retry(w->d, &who, CODE_RATE, 1500);
    assert_has(call_answer(w, &b, who.http), "'code':'rate','message':");
    assert_has(call_answer(w, &b, who.http), "'retry_ms':1500}");
    assert_true(b.has_cookie);
    who.http = ++w->last_call;
    reply_wire_error(w->d, &who,
                     &(struct wire_error){.code = CODE_WEAK_PASSWORD, .reason = "short"});
    assert_has(call_answer(w, &b, who.http), "'code':'weak_password'");
    assert_has(call_answer(w, &b, who.http), "'reason':'short'}");
    set = (struct cookie_change){.op = COOKIE_CLEAR};
    who.http = ++w->last_call;
    reply_cookie(w->d, &who, &(struct event){.type = RESULT_EMPTY}, &set);
    call_answer(w, &b, who.http);
    assert_false(b.has_cookie);
    world_free(w);
}

/* ---- uploads ---- */

static uint64_t id_in(const char *answer, const char *key)
{
    char quoted[40];
    uint64_t id = 0;
    snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
    const char *p = strstr(answer, quoted);
    if (!p || !b32_decode(str_of(p + strlen(quoted), ID_TEXT_LEN), &id))
        fail_msg("no %s in %s", key, answer);
    return id;
}

static const char *start(struct client *c, int64_t size)
{
    return ask(c, "'type':'upload','size':%lld,'name':'a.txt','mime':'text/plain'",
               (long long)size);
}

static void an_upload_is_its_owners(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina"), jun = person(w, "jun"), nobody = {.has_cookie = false};
    struct browser thief = {.has_cookie = true, .cookie = {1}};
    struct client *m = session_of(w, &mina), *j = session_of(w, &jun), *guest = client_new(w);
    assert_ack(ask(guest, "'type':'hello','v':1"));
    assert_has(start(guest, 5), "'code':'sign_in_required'");
    uint64_t id = id_in(start(m, 5), "upload");
    char want[80], sid[B32_SIZE];
    b32_encode(sid, id);
    snprintf(want, sizeof want, "file %d %llx-0  \"\" 5", DISK_UPLOAD, (unsigned long long)id);
    assert_string_equal(fetch(w, &mina, FETCH_UPLOAD, id, 0), want);
    assert_string_equal(fetch(w, &jun, FETCH_UPLOAD, id, 0), "none");
    assert_string_equal(fetch(w, &nobody, FETCH_UPLOAD, id, 0), "none");
    assert_string_equal(fetch(w, NULL, FETCH_UPLOAD, id, 0), "none");
    assert_string_equal(fetch(w, &thief, FETCH_UPLOAD, id, 0), "none");
    assert_string_equal(fetch(w, &mina, FETCH_UPLOAD, id + 1, 0), "none");
    uint64_t owner = session_find(w->d, m->session)->user->id;
    assert_null(upload_find(w->d, owner, id)); /* it isn't there yet */
    disk_inline_put(&w->disk, upload_file(id), "bytes");
    assert_has(fetch(w, &mina, FETCH_UPLOADED, id, 0), "'have':5,'size':5}");
    assert_non_null(upload_find(w->d, owner, id));
    assert_null(upload_find(w->d, owner + 1, id));
    snprintf(want, sizeof want, "file %d %llx-1  \"\" 5", DISK_UPLOAD, (unsigned long long)id);
    assert_string_equal(fetch(w, &mina, FETCH_UPLOAD, id, 0), want); /* nothing can follow it */
    assert_has(ask(j, "'type':'upload_end','upload':'%s'", sid), "'code':'unknown'");
    assert_ack(ask(m, "'type':'upload_end','upload':'%s'", sid));
    assert_has(ask(m, "'type':'upload_end','upload':'%s'", sid), "'code':'unknown'");
    assert_has(fetch(w, &mina, FETCH_UPLOADED, id, 0), "'code':'unknown'"); /* it ended meanwhile */
    /* and after signing out the cookie is nobody's */
    id = id_in(start(m, 5), "upload");
    struct browser before = mina;
    assert_has(post(w, &mina, "sign_out", "{}"), "{}");
    assert_string_equal(fetch(w, &before, FETCH_UPLOAD, id, 0), "none");
    world_free(w);
}

/* A program must not look like "invoiceexe.pdf", nor hide how its name ends. */
static void names_of_files_do_not_deceive(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "invoice\\u202efdp.exe",
        "a\\u2066b.txt",
        "\\u200fa.txt",
        "a\\u061cb",
        "a\\u200b.txt",
        "a\\ufeff.txt",
        "a\\u2028.txt",
        "a\\u001f",
        "a\\u007f",
        "a\\u3164.exe",
        "a\\u00adb",
    };
    static const char *const good[] = {
        "",
        "invoice.pdf",
        "김미나 사진 (1).jpg",
        "\\u1100\\u1161.txt", /* as Macs write Hangul */
        "שלום.txt",
        "می\\u200cخواهم.txt",
        "👨\\u200d👩\\u200d👧 ❤\\ufe0f.png",
        "e\\u0301.txt",
        "  two  spaces",
    };
    struct world *w = open_world();
    struct browser mina = person(w, "mina");
    struct client *m = session_of(w, &mina);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *a = ask(m, "'type':'upload','size':5,'name':'%s'", bad[i]);
        if (!has(a, "'code':'bad_request'") || !has(a, "'field':'name'"))
            fail_msg("%s: %s", bad[i], a);
    }
    assert_int_equal(w->d->uploads.n, 0);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        const char *a = ask(m, "'type':'upload','size':5,'name':'%s'", good[i]);
        if (!has(a, "'upload':'"))
            fail_msg("%s: %s", good[i], a);
    }
    world_pass(w, SECOND);
    assert_has(ask(m, "'type':'upload','size':5,'mime':'a\\u0001'"), "'field':'mime'");
    world_free(w);
}

static void uploads_have_limits_and_an_end(void **state)
{
    (void)state;
    struct world *w = open_world();
    w->cfg.upload_max = 1000;
    w->cfg.uploads_each_max = 3000;
    world_again(w);
    struct browser mina = person(w, "mina"), jun = person(w, "jun");
    struct client *m = session_of(w, &mina), *j = session_of(w, &jun);
    assert_has(start(m, 0), "'code':'bad_request'");
    assert_has(start(m, 1001), "'code':'too_long'");
    uint64_t id = id_in(start(m, 1000), "upload");
    disk_inline_put(&w->disk, upload_file(id), "bytes of it");
    assert_ack(start(m, 1000));
    assert_ack(start(m, 1000));
    assert_has(start(m, 1), "'code':'store_full'");
    for (int i = 0; i < 16; i++)
        assert_ack(start(j, 1));
    assert_has(start(j, 1), "'code':'store_full'");
    world_pass(w, w->cfg.upload_us - SECOND);
    assert_has(fetch(w, &mina, FETCH_UPLOAD, id, 0), "file ");
    assert_int_equal(disk_bytes(w->disk.disk), 11);
    world_pass(w, SECOND);
    assert_string_equal(fetch(w, &mina, FETCH_UPLOAD, id, 0), "none");
    assert_int_equal(disk_bytes(w->disk.disk), 0);
    assert_ack(start(m, 1000));
    world_free(w);
}

/* ---- files ---- */

/* What a request for this size of a picture is granted. */
static void picture_at(char want[80], uint64_t id, int64_t stamp, uint32_t pixels)
{
    snprintf(want, 80, "file %d %llx-%llu image/", DISK_AVATAR, (unsigned long long)id,
             (unsigned long long)disk_avatar(id, stamp, pixels).part);
}

static void pictures_are_for_who_is_signed_in(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina"), jun = person(w, "jun");
    struct client *m = session_of(w, &mina);
    uint64_t id = session_find(w->d, m->session)->user->id;
    assert_string_equal(fetch(w, &jun, FETCH_AVATAR, id, 96), "none"); /* she has none */
    OUTSIDE(w, DB_AVATAR_SET, VAL_ID(id), VAL_I(77));
    char want[80];
    picture_at(want, id, 77, 96);
    assert_has(fetch(w, &jun, FETCH_AVATAR, id, 96), want);
    assert_string_equal(fetch(w, NULL, FETCH_AVATAR, id, 96), "none");
    assert_string_equal(fetch(w, &jun, FETCH_AVATAR, id + 1, 96), "none");
    world_pass(w, (w->cfg.sign_in_ms + 1000) * 1000); /* the sign-in is over */
    assert_string_equal(fetch(w, &jun, FETCH_AVATAR, id, 96), "none");
    world_free(w);
}

#define PNG(w, h) STR("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0" w "\0\0" h)
#define PNG_96    PNG("\0\x60", "\0\x60")
#define PNG_512   PNG("\2\0", "\2\0")

/* An upload with this in it, as one that has come. */
static uint64_t sent(struct world *w, struct client *c, struct str bytes)
{
    uint64_t id = id_in(start(c, (int64_t)bytes.n), "upload");
    struct cmd done = {
        .type = CMD_FETCH, .http = ++w->last_call, .u.fetch = {FETCH_UPLOADED, id, 0}};
    disk_inline_put_str(&w->disk, upload_file(id), bytes);
    domain_cmd(w->d, w->now, w->wall, &done);
    world_settle(w);
    return id;
}

/* Whosoever it is. */
static struct upload *any_upload(struct world *w, uint64_t id)
{
    for (struct hnode *it = hmap_first(&w->d->uploads, hash_u64(&w->d->hash_key, id)); it;
         it = hmap_next_same(it))
        if (container_of(it, struct upload, by_id)->id == id)
            return container_of(it, struct upload, by_id);
    return NULL;
}

static const char *change_picture(struct client *c, uint64_t small, uint64_t large)
{
    char s[B32_SIZE], l[B32_SIZE];
    b32_encode(s, small);
    b32_encode(l, large);
    return ask(c, "'type':'avatar','upload':{'small':'%s','large':'%s'}", s, l);
}

static void a_picture_is_changed_and_taken_away(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina"), jun = person(w, "jun");
    struct client *m = session_of(w, &mina), *other = session_of(w, &mina);
    uint64_t id = session_find(w->d, m->session)->user->id;
    char want[80];
    drain_all(w);
    const char *answer = change_picture(m, sent(w, m, PNG_96), sent(w, m, PNG_512));
    snprintf(want, sizeof want, "'avatar':%lld}", (long long)w->wall * 4 + PICTURE_PNG);
    assert_has(answer, want);
    assert_has(next(other), "'type':'me'");
    picture_at(want, id, w->wall * 4 + PICTURE_PNG, 512);
    assert_has(fetch(w, &jun, FETCH_AVATAR, id, 512), want);
    snprintf(want, sizeof want, "image/png \"\" %lld", (long long)w->wall * 4 + PICTURE_PNG);
    assert_has(fetch(w, &jun, FETCH_AVATAR, id, 512), want);
    assert_int_equal(disk_bytes(w->disk.disk), PNG_96.n + PNG_512.n);
    assert_int_equal(w->d->uploads.n, 0);
    assert_has(ask(m, "'type':'avatar','none':true"), "'avatar':0}");
    assert_string_equal(fetch(w, &jun, FETCH_AVATAR, id, 512), "none");
    assert_int_equal(disk_bytes(w->disk.disk), 0);
    /* with the account */
    assert_ack(change_picture(m, sent(w, m, PNG_96), sent(w, m, PNG_512)));
    assert_ack(ask(m, "'type':'account_delete','password':'" PW "'"));
    assert_int_equal(disk_bytes(w->disk.disk), 0);
    world_free(w);
}

/* The row decides: the one before is whole until it says something else, whenever the power goes. */
static void a_change_of_a_picture_may_stop_anywhere(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina"), jun = person(w, "jun");
    struct client *m = session_of(w, &mina);
    uint64_t id = session_find(w->d, m->session)->user->id;
    uint64_t both = PNG_96.n + PNG_512.n;
    uint8_t into[DISK_PIECE_MAX];
    struct disk_answer a;
    assert_has(change_picture(m, sent(w, m, PNG_96), sent(w, m, PNG_512)), "'avatar':");
    int64_t first = w->wall * 4 + PICTURE_PNG;
    struct disk_request read = {
        .op = DISK_READ, .name = disk_avatar(id, first, 512), .n = DISK_PIECE_MAX};
    char before[80];
    picture_at(before, id, first, 96);
    world_pass(w, SECOND);
    uint64_t small = sent(w, m, PNG_96), large = sent(w, m, PNG_512);
    w->db.fail = DB_FULL; /* all is moved, and then it cannot be written */
    assert_has(change_picture(m, small, large), "'code':'store_full'");
    w->db.fail = DB_OK;
    assert_has(fetch(w, &jun, FETCH_AVATAR, id, 96), before);
    assert_int_equal(disk_bytes(w->disk.disk), both);
    disk_do(w->disk.disk, &read, into, &a);
    assert_int_equal(a.status, DISK_OK);
    assert_int_equal(a.data.n, PNG_512.n);
    /* the second size cannot be moved */
    char path[200];
    struct disk_name to = disk_avatar(id, w->wall * 4 + PICTURE_PNG, 512);
    snprintf(path, sizeof path, "%s/avatar/%02x/%016llx-%llu", w->disk.dir, (unsigned)(id & 0xff),
             (unsigned long long)id, (unsigned long long)to.part);
    assert_int_equal(mkdir(path, 0700), 0); /* in its way */
    assert_has(change_picture(m, sent(w, m, PNG_96), sent(w, m, PNG_512)), "'code':'internal'");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(disk_bytes(w->disk.disk), both);
    assert_has(fetch(w, &jun, FETCH_AVATAR, id, 96), before);
    /* and when it comes about, the one before goes */
    assert_has(change_picture(m, sent(w, m, PNG_96), sent(w, m, PNG_512)), "'avatar':");
    assert_false(has(fetch(w, &jun, FETCH_AVATAR, id, 96), before));
    disk_do(w->disk.disk, &read, into, &a);
    assert_int_equal(a.status, DISK_MISSING);
    assert_int_equal(disk_bytes(w->disk.disk), both);
    world_free(w);
}

static void what_is_no_picture_of_oneself_is_refused(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina"), jun = person(w, "jun");
    struct client *m = session_of(w, &mina), *j = session_of(w, &jun);
    uint64_t small = sent(w, m, PNG_96), large = sent(w, m, PNG_512), his = sent(w, j, PNG_96);
    uint64_t html = sent(w, m, STR("<html><script>")), half = sent(w, m, PNG("\0\x60", "\0\x61"));
    uint64_t jpeg = sent(w, m, STR("\xff\xd8\xff\xc0\0\x11\x08\2\0\2\0"));
    uint64_t coming = id_in(start(m, 30), "upload"), lost = sent(w, m, PNG_96);
    disk_inline_put(&w->disk, upload_sealed(lost), NULL);
    const uint64_t pairs[][2] = {{large, small}, {small, small}, {his, large},      {html, large},
                                 {small, html},  {half, large},  {small, jpeg},     {coming, large},
                                 {0, 0},         {lost, large},  {small, small + 1}};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        assert_has(change_picture(m, pairs[i][0], pairs[i][1]), "'code':'bad_picture'");
    assert_has(ask(m, "'type':'avatar'"), "'code':'bad_request'");
    assert_has(ask(m, "'type':'avatar','none':false"), "'code':'bad_request'");
    assert_has(ask(m, "'type':'avatar','upload':{}"), "'code':'bad_request'");
    world_pass(w, 60 * SECOND); /* the rate */
    w->disk.fail = DISK_FULL;
    assert_has(change_picture(m, small, large), "'code':'store_full'");
    w->disk.fail = DISK_FAILED;
    assert_has(change_picture(m, small, large), "'code':'internal'");
    w->disk.fail = DISK_OK;
    /* dropped while it is being looked at */
    w->disk.hold = true;
    const char *answer = change_picture(m, small, large);
    assert_string_equal(answer, "");
    upload_drop(w->d, upload_find(w->d, session_find(w->d, m->session)->user->id, large));
    w->disk.hold = false;
    world_settle(w);
    assert_has(answer_to(m, m->next_id - 1), "'code':'bad_picture'");
    world_free(w);
}

static const char *change_room(struct client *c, uint64_t room, uint64_t small, uint64_t large)
{
    char r[B32_SIZE], s[B32_SIZE], l[B32_SIZE];
    b32_encode(r, room);
    b32_encode(s, small);
    b32_encode(l, large);
    return ask(c, "'type':'room_picture','conv':'%s','upload':{'small':'%s','large':'%s'}", r, s,
               l);
}

/* A room of mina's: for its members, for whom it asked in, and for everybody once it is public. */
static void a_room_has_a_picture(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina"), jun = person(w, "jun");
    struct client *m = session_of(w, &mina), *j = session_of(w, &jun);
    uint64_t room =
        id_in(strstr(ask(m, "'type':'room_make','title':'Yard'"), "\"conv\":{"), "conv");
    uint64_t his = session_find(w->d, j->session)->user->id;
    char want[80], r[B32_SIZE], u[B32_SIZE];
    b32_encode(r, room);
    b32_encode(u, his);
    assert_string_equal(fetch(w, &mina, FETCH_AVATAR, room, 96), "none");
    assert_has(change_room(j, room, sent(w, j, PNG_96), sent(w, j, PNG_512)),
               "'code':'conv_unknown'");
    assert_has(change_room(m, room, sent(w, m, PNG_512), sent(w, m, PNG_512)),
               "'code':'bad_picture'");
    assert_has(ask(m, "'type':'room_picture','conv':'%s'", r), "'code':'bad_request'");
    drain_all(w);
    snprintf(want, sizeof want, "'picture':%lld}", (long long)w->wall * 4 + PICTURE_PNG);
    assert_has(change_room(m, room, sent(w, m, PNG_96), sent(w, m, PNG_512)), want);
    snprintf(want, sizeof want, "'picture':%lld,", (long long)w->wall * 4 + PICTURE_PNG);
    assert_has(ask(m, "'type':'conv_get','conv':'%s'", r), want);
    picture_at(want, room, w->wall * 4 + PICTURE_PNG, 96);
    assert_has(fetch(w, &mina, FETCH_AVATAR, room, 96), want);
    assert_string_equal(fetch(w, &jun, FETCH_AVATAR, room, 96), "none");
    assert_string_equal(fetch(w, NULL, FETCH_AVATAR, room, 96), "none");
    assert_ack(ask(m, "'type':'room_invite','conv':'%s','user':'%s'", r, u));
    assert_has(fetch(w, &jun, FETCH_AVATAR, room, 96), want);
    assert_ack(ask(m, "'type':'member_set','conv':'%s','user':'%s','role':'banned'", r, u));
    assert_string_equal(fetch(w, &jun, FETCH_AVATAR, room, 96), "none");
    assert_ack(ask(m, "'type':'room_edit','conv':'%s','public':true", r));
    assert_has(fetch(w, &jun, FETCH_AVATAR, room, 96), want);
    assert_has(ask(m, "'type':'room_picture','conv':'%s','none':true", r), "'picture':0}");
    assert_string_equal(fetch(w, &mina, FETCH_AVATAR, room, 96), "none");
    /* and with the room */
    world_pass(w, 60 * SECOND);
    assert_ack(change_room(m, room, sent(w, m, PNG_96), sent(w, m, PNG_512)));
    int64_t before = (int64_t)disk_bytes(w->disk.disk);
    assert_ack(ask(m, "'type':'room_leave','conv':'%s'", r));
    assert_int_equal(before - (int64_t)disk_bytes(w->disk.disk), PNG_96.n + PNG_512.n);
    world_free(w);
}

/* ---- files of messages ---- */

static const char *attach(struct client *c, uint64_t upload, uint64_t thumb)
{
    char u[B32_SIZE], t[B32_SIZE];
    b32_encode(u, upload);
    b32_encode(t, thumb);
    return thumb ? ask(c, "'type':'attach','upload':'%s','thumb':'%s'", u, t)
                 : ask(c, "'type':'attach','upload':'%s'", u);
}

static void a_file_is_its_owners_until_it_is_sent(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina"), jun = person(w, "jun"), bo = person(w, "boram");
    struct client *m = session_of(w, &mina), *j = session_of(w, &jun);
    session_of(w, &bo);
    char want[120], sid[B32_SIZE], jun_id[B32_SIZE], conv[B32_SIZE];
    const char *answer = attach(m, sent(w, m, STR("<html>")), 0);
    assert_has(answer, "'size':6,'mime':'text/plain'}");
    uint64_t text = id_in(answer, "file");
    answer = attach(m, sent(w, m, PNG_512), sent(w, m, PNG_96));
    assert_has(answer, "'mime':'image/png','width':512,'height':512,'thumb':true}");
    uint64_t picture = id_in(answer, "file");
    assert_int_equal(w->d->uploads.n, 0);
    snprintf(want, sizeof want, "file %d %llx-0 text/plain \"a.txt\"", DISK_FILE,
             (unsigned long long)text);
    assert_has(fetch(w, &mina, FETCH_FILE, text, 0), want);
    assert_string_equal(fetch(w, &mina, FETCH_FILE, text, 1), "none"); /* without a small one */
    assert_string_equal(fetch(w, &jun, FETCH_FILE, text, 0), "none");
    snprintf(want, sizeof want, "file %d %llx-1 image/png", DISK_FILE, (unsigned long long)picture);
    assert_has(fetch(w, &mina, FETCH_FILE, picture, 1), want);
    /* sent: for both in the conversation, and nobody else */
    b32_encode(jun_id, session_find(w->d, j->session)->user->id);
    b32_encode(conv, id_in(ask(m, "'type':'conv_open','user':'%s'", jun_id), "conv"));
    b32_encode(sid, picture);
    assert_ack(
        ask(m, "'type':'send','conv':'%s','client':'1','text':'','files':['%s']", conv, sid));
    assert_has(fetch(w, &jun, FETCH_FILE, picture, 0), "image/png");
    assert_has(fetch(w, &jun, FETCH_FILE, picture, 1), "image/png");
    assert_string_equal(fetch(w, &bo, FETCH_FILE, picture, 0), "none");
    assert_string_equal(fetch(w, NULL, FETCH_FILE, picture, 0), "none");
    /* the one that no message has goes after a day, with its bytes */
    assert_int_equal(disk_bytes(w->disk.disk), 6 + PNG_512.n + PNG_96.n);
    for (int hour = 0; hour < 25; hour++)
        world_pass(w, 60 * MINUTE);
    assert_int_equal(disk_bytes(w->disk.disk), PNG_512.n + PNG_96.n);
    assert_string_equal(fetch(w, &mina, FETCH_FILE, text, 0), "none");
    assert_has(fetch(w, &jun, FETCH_FILE, picture, 0), "image/png");
    /* and what was deleted, too */
    assert_ack(ask(m, "'type':'delete','conv':'%s','seq':1", conv));
    assert_string_equal(fetch(w, &jun, FETCH_FILE, picture, 0), "none");
    world_pass(w, 20 * MINUTE);
    assert_int_equal(disk_bytes(w->disk.disk), 0);
    world_free(w);
}

/* An answer that was lost with its session: the same file once more, not a second one. */
static void to_attach_again_is_the_same_file(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina"), jun = person(w, "jun");
    struct client *m = session_of(w, &mina), *j = session_of(w, &jun);
    uint64_t large = sent(w, m, PNG_512), small = sent(w, m, PNG_96), text = sent(w, m, STR("abc"));
    w->disk.hold = true;
    assert_string_equal(attach(m, large, small), "");
    assert_has(attach(m, large, small), "'code':'busy'"); /* not yet, but it will be */
    w->disk.hold = false;
    world_settle(w);
    assert_has(answer_to(m, m->next_id - 2), "'thumb':true}");
    uint64_t file = id_in(answer_to(m, m->next_id - 2), "file");
    m = session_of(w, &mina);
    const char *again = attach(m, large, small);
    assert_true(id_in(again, "file") == file);
    assert_has(again, "'mime':'image/png','width':512,'height':512,'thumb':true}");
    assert_has(attach(j, large, small), "'code':'unknown'");
    assert_true(id_in(attach(m, text, 0), "file") == id_in(attach(m, text, 0), "file"));
    assert_has(attach(m, text, 0), "'size':3,'mime':'text/plain'}");
    assert_int_equal(disk_bytes(w->disk.disk), PNG_512.n + PNG_96.n + 3);
    w->db.fail = DB_BUSY;
    assert_has(attach(m, text, 0), "'code':'store_busy'");
    w->db.fail = DB_OK;
    for (int hour = 0; hour < 25; hour++)
        world_pass(w, 60 * MINUTE);
    assert_has(attach(m, large, small), "'code':'unknown'"); /* it went, since nothing had it */
    world_free(w);
}

static void a_file_may_go_before_its_message(void **state)
{
    (void)state;
    struct world *w = open_world();
    w->cfg.files_ms = 30 * 86400000LL;
    w->cfg.files_each_max = 1000;
    world_again(w);
    struct browser mina = person(w, "mina"), jun = person(w, "jun");
    struct client *m = session_of(w, &mina), *j = session_of(w, &jun);
    char jun_id[B32_SIZE], conv[B32_SIZE], sid[B32_SIZE];
    uint64_t file = id_in(attach(m, sent(w, m, PNG_512), sent(w, m, PNG_96)), "file");
    b32_encode(sid, file);
    b32_encode(jun_id, session_find(w->d, j->session)->user->id);
    b32_encode(conv, id_in(ask(m, "'type':'conv_open','user':'%s'", jun_id), "conv"));
    assert_ack(
        ask(m, "'type':'send','conv':'%s','client':'1','text':'look','files':['%s']", conv, sid));
    for (int day = 0; day < 29; day++)
        world_pass(w, 24 * 60 * MINUTE);
    assert_has(fetch(w, &jun, FETCH_FILE, file, 0), "image/png");
    assert_false(has(ask(j, "'type':'history','conv':'%s'", conv), "gone"));
    world_pass(w, 25 * 60 * MINUTE);
    assert_string_equal(fetch(w, &jun, FETCH_FILE, file, 0), "none");
    assert_string_equal(fetch(w, &mina, FETCH_FILE, file, 1), "none");
    assert_int_equal(disk_bytes(w->disk.disk), 0);
    const char *said = ask(j, "'type':'history','conv':'%s'", conv);
    assert_has(said, "'text':'look'");
    assert_has(said, "'width':512,'height':512,'gone':true}");
    /* it counts no more, and its message may go like any other */
    assert_has(attach(m, sent(w, m, STR("text")), 0), "'file':");
    assert_ack(ask(m, "'type':'delete','conv':'%s','seq':1", conv));
    world_pass(w, 20 * MINUTE);
    assert_has(ask(j, "'type':'history','conv':'%s'", conv), "'deleted':true");
    world_free(w);
}

/* What was looked at is what is kept: a request that is still on its way changes nothing any more. */
static void what_is_done_is_sealed(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina");
    struct client *m = session_of(w, &mina);
    uint8_t none[1];
    struct disk_answer a;
    uint64_t id = sent(w, m, STR("finished"));
    struct disk_request late = {
        .op = DISK_WRITE, .name = upload_file(id), .there = true, .data = STR("FINISHED")};
    disk_do(w->disk.disk, &late, none, &a);
    assert_int_equal(a.status, DISK_MISSING);
    /* a second one that began before, and ends after it */
    disk_inline_put(&w->disk, upload_file(id), "another!");
    assert_has(fetch(w, &mina, FETCH_UPLOADED, id, 0), "'have':8,'size':8}");
    world_settle(w);
    assert_int_equal(disk_bytes(w->disk.disk), 8);
    /* and one that ends while the first is being sealed */
    uint64_t two = id_in(start(m, 3), "upload");
    disk_inline_put(&w->disk, upload_file(two), "one");
    w->disk.hold = true;
    struct cmd done = {
        .type = CMD_FETCH, .http = ++w->last_call, .u.fetch = {FETCH_UPLOADED, two, 0}};
    domain_cmd(w->d, w->now, w->wall, &done);
    assert_has(fetch(w, &mina, FETCH_UPLOADED, two, 0), "'code':'busy'");
    upload_drop(w->d, any_upload(w, two)); /* given up meanwhile: nothing stays */
    w->disk.hold = false;
    world_settle(w);
    assert_int_equal(disk_bytes(w->disk.disk), 8);
    world_free(w);
}

static void a_large_file_is_not_sent_in_vain(void **state)
{
    (void)state;
    struct world *w = open_world();
    w->cfg.files_each_max = 6 << 20;
    world_again(w);
    struct browser mina = person(w, "mina");
    struct client *m = session_of(w, &mina);
    assert_has(start(m, (6 << 20) + 1), "'code':'quota_full'");
    uint64_t id = id_in(start(m, 6 << 20), "upload");
    assert_non_null(any_upload(w, id));
    assert_string_equal(any_upload(w, id)->name, "a.txt");
    assert_has(attach(m, sent(w, m, STR("text")), 0), "'file':");
    assert_has(start(m, 6 << 20), "'code':'quota_full'");
    assert_ack(start(m, 5 << 20)); /* may be a picture of oneself */
    world_free(w);
}

static void two_changes_of_a_picture_do_not_mix(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina");
    struct client *m = session_of(w, &mina), *other = session_of(w, &mina);
    uint64_t small = sent(w, m, PNG_96), large = sent(w, m, PNG_512);
    uint64_t small_too = sent(w, other, PNG_96), large_too = sent(w, other, PNG_512);
    w->disk.hold = true;
    assert_string_equal(change_picture(m, small, large), "");
    assert_has(change_picture(other, small_too, large_too), "'code':'busy'");
    w->disk.hold = false;
    world_settle(w);
    assert_has(answer_to(m, m->next_id - 1), "'avatar':");
    assert_has(change_picture(other, large_too, small_too), "'code':'bad_picture'");
    assert_has(change_picture(other, small_too, large_too), "'avatar':");
    w->db.fail = DB_FULL;
    assert_has(ask(m, "'type':'avatar','none':true"), "'code':'store_full'");
    w->db.fail = DB_OK;
    assert_has(ask(m, "'type':'avatar','none':true"), "'avatar':0}");
    world_free(w);
}

static void what_cannot_be_attached(void **state)
{
    (void)state;
    struct world *w = open_world();
    w->cfg.files_each_max = 100;
    world_again(w);
    struct browser mina = person(w, "mina"), jun = person(w, "jun");
    struct client *m = session_of(w, &mina), *j = session_of(w, &jun);
    uint64_t mine = sent(w, m, PNG_512), his = sent(w, j, PNG_96), text = sent(w, m, STR("text"));
    assert_has(attach(m, his, 0), "'code':'unknown'");
    assert_has(attach(m, 7, 0), "'code':'unknown'");
    assert_has(attach(m, mine, mine), "'code':'unknown'");
    assert_has(attach(m, mine, his), "'code':'bad_picture'");
    assert_has(attach(m, mine, text), "'code':'bad_picture'");
    uint64_t huge = sent(w, m, PNG("\4\1", "\0\1"));
    assert_has(attach(m, mine, huge), "'code':'bad_picture'");
    /* called a picture, and none: only a file */
    assert_has(ask(m, "'type':'upload','size':5,'mime':'image/svg+xml'"), "'upload':");
    uint64_t svg = id_in(last(m), "upload");
    struct cmd done = {
        .type = CMD_FETCH, .http = ++w->last_call, .u.fetch = {FETCH_UPLOADED, svg, 0}};
    disk_inline_put(&w->disk, upload_file(svg), "<svg>");
    domain_cmd(w->d, w->now, w->wall, &done);
    world_settle(w);
    assert_has(attach(m, svg, 0), "'mime':'application/octet-stream'");
    /* more than one may have: and nothing of it stays */
    uint64_t before = disk_bytes(w->disk.disk);
    char long_text[97] = "";
    memset(long_text, 'x', 96);
    uint64_t much = sent(w, m, str_from(long_text));
    assert_has(attach(m, much, 0), "'code':'quota_full'");
    assert_int_equal(disk_bytes(w->disk.disk), before);
    w->disk.fail = DISK_FULL;
    assert_has(attach(m, mine, 0), "'code':'store_full'");
    world_free(w);
}

static void a_busy_store_is_no_missing_file(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina");
    w->db.fail = DB_BUSY;
    assert_has(fetch(w, &mina, FETCH_FILE, 5, 0), "'code':'store_busy'");
    w->db.fail = DB_FAILED;
    assert_string_equal(fetch(w, &mina, FETCH_FILE, 5, 0), "none");
    w->db.fail = DB_OK;
    assert_string_equal(fetch(w, &mina, FETCH_FILE, 5, 0), "none");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_call_is_none),
        cmocka_unit_test(replies_go_where_the_question_came_from),
        cmocka_unit_test(an_upload_is_its_owners),
        cmocka_unit_test(names_of_files_do_not_deceive),
        cmocka_unit_test(uploads_have_limits_and_an_end),
        cmocka_unit_test(pictures_are_for_who_is_signed_in),
        cmocka_unit_test(a_picture_is_changed_and_taken_away),
        cmocka_unit_test(a_change_of_a_picture_may_stop_anywhere),
        cmocka_unit_test(what_is_no_picture_of_oneself_is_refused),
        cmocka_unit_test(a_room_has_a_picture),
        cmocka_unit_test(a_file_is_its_owners_until_it_is_sent),
        cmocka_unit_test(what_is_done_is_sealed),
        cmocka_unit_test(a_large_file_is_not_sent_in_vain),
        cmocka_unit_test(two_changes_of_a_picture_do_not_mix),
        cmocka_unit_test(to_attach_again_is_the_same_file),
        cmocka_unit_test(a_file_may_go_before_its_message),
        cmocka_unit_test(what_cannot_be_attached),
        cmocka_unit_test(a_busy_store_is_no_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
