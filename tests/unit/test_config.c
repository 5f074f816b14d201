/* The configuration: file, environment, flags, and what is said when something is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/config.h"
#include "app/config_int.h"
#include "app/settings.h"
#include "base/log.h"
#include "base/util.h"

static struct config c;
static struct buf text;

static int begin(void **state)
{
    (void)state;
    buf_init(&text, 1 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_free(&text);
    return 0;
}

#define FLAGS(...) ((char *[]){"madang", __VA_ARGS__, NULL})
#define ENV(...)   ((char *[]){"HOME=/", "MADANG=1", __VA_ARGS__, NULL})

static enum config_outcome load(const char *file, char *const *flags, char *const *env)
{
    int argc = 0;
    while (flags && flags[argc])
        argc++;
    buf_reset(&text);
    return config_load_text(&c, file ? "m.conf" : NULL, str_from(file), argc, flags, env, &text);
}

static void expect_start(const char *file, char *const *flags, char *const *env)
{
    if (load(file, flags, env) != CONFIG_START)
        fail_msg("%s", buf_cstr(&text));
    assert_int_equal(buf_len(&text), 0);
}

/* The start stops, and this is said. */
static void expect_wrong(const char *file, char *const *flags, char *const *env, const char *said)
{
    assert_int_equal(load(file, flags, env), CONFIG_WRONG);
    config_free(&c);
    if (!strstr(buf_cstr(&text), said))
        fail_msg("wanted: %s\nsaid:   %s", said, buf_cstr(&text));
}

static void test_defaults(void **state)
{
    (void)state;
    expect_start(NULL, NULL, NULL);
    assert_int_equal(c.port, 8443);
    assert_int_equal(c.udp_port, 3478);
    assert_int_equal(c.listen.n, 0);
    assert_int_equal(c.public_ip.n, 0);
    assert_string_equal(c.data, "./data");
    assert_null(c.web_dir);
    assert_int_equal(c.tls, CONFIG_TLS_AUTO);
    assert_int_equal(c.log_level, LOG_LEVEL_INFO);
    assert_int_equal(c.log_format, LOG_FORMAT_TEXT);
    assert_int_equal(c.resume_window, 30000000);
    assert_int_equal(c.loop_stall, 20000);
    assert_int_equal(c.message_size, 70000);
    assert_int_equal(c.replay_size, 262144);
    assert_int_equal(c.rate_name.burst, 5);
    assert_int_equal(c.rate_name.per_s_e6, 200000);
    assert_int_equal(c.workers, 1);
    assert_false(c.turn_only);
    assert_true(c.relay);
    assert_null(c.realm);
    assert_int_equal(c.user.n + c.secret.n, 0);
    assert_int_equal(c.allow_lan, CONFIG_LAN_AUTO);
    assert_int_equal(c.relay_ports.first, 49152);
    assert_int_equal(c.relay_ports.last, 65535);
    assert_int_equal(c.alternate_server.family, 0);
    assert_int_equal(c.max_allocations, 10000);
    assert_int_equal(c.max_bps, 0);
    config_free(&c);
}

static void test_relay_settings(void **state)
{
    (void)state;
    char z[ADDR_STR_SIZE];
    expect_start("[relay]\n"
                 "realm = Call of north.example\n"
                 "user = alice:pass,word: with all\n"
                 "user = bob:0x00112233445566778899AABBCCDDEEFF\n"
                 "secret = north, and more\n"
                 "secret = the second one\n"
                 "allow-peer = 10.1.0.0/16, fd00::/8\n"
                 "deny-peer = 10.1.2.3\n"
                 "allow-lan = on\n"
                 "relay-ports = 20000 - 20001\n"
                 "relay-ip = 192.0.2.1, 2001:db8::1\n"
                 "alternate-server = [2001:db8::2]:3479\n"
                 "max-bps = 1500k\n"
                 "total-bps = 2G\n"
                 "rate-relay = off\n",
                 FLAGS("--mobility", "--rfc5766-channels", "off", "--relay=on", "--max-lifetime",
                       "2h", "--mesh", "3"),
                 NULL);
    assert_string_equal(c.realm, "Call of north.example");
    assert_int_equal(c.user.n, 2);
    assert_string_equal(c.user.v[0].p, "alice:pass,word: with all");
    assert_int_equal(c.secret.n, 2);
    assert_string_equal(c.secret.v[0].p, "north, and more");
    assert_int_equal(c.allow_peer.n, 2);
    assert_string_equal(cidr_format(&c.deny_peer.v[0], z), "10.1.2.3/32");
    assert_int_equal(c.allow_lan, CONFIG_LAN_ON);
    assert_int_equal(c.relay_ports.first, 20000);
    assert_int_equal(c.relay_ports.last, 20001);
    assert_int_equal(c.relay_ip.n, 2);
    assert_string_equal(addr_format(&c.alternate_server, z), "[2001:db8::2]:3479");
    assert_int_equal(c.max_bps, 1500000);
    assert_int_equal(c.total_bps, 2000000000);
    assert_true(c.mobility); /* a switch may do without a value */
    assert_false(c.rfc5766_channels);
    assert_int_equal(c.max_lifetime, 7200000000);
    assert_int_equal(c.mesh, 3);
    config_free(&c);
    expect_start(NULL, FLAGS("--rfc5766-channels"), NULL); /* at the end, too */
    assert_true(c.rfc5766_channels);
    config_free(&c);
    expect_wrong(NULL, FLAGS("--mobility", "yes"), NULL, "\"yes\" is not expected here");
    expect_wrong(NULL, FLAGS("--mobility=yes"), NULL, "right would be off or on");
}

static void test_relay_settings_that_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"relay-ports", "5000"},
        {"relay-ports", "5000-5000"},
        {"relay-ports", "5001-5000"},
        {"relay-ports", "1-70000"},
        {"relay-ports", "80-90"},
        {"relay-ports", "a-b"},
        {"realm", "a \"quoted\" one"},
        {"realm", "a\\b"},
        {"realm", "\xFF"},
        {"relay-ip", "192.0.2.1:1"},
        {"alternate-server", "there"},
        {"max-bps", "1T"},
        {"max-bps", "10 bits"},
        {"max-lifetime", "9m"},
        {"max-allocations", "0"},
        {"nonce-lifetime", "2h"},
        {"allow-peer", "10.0.0.1/8"},
        {"mobility", "true"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char line[128];
        snprintf(line, sizeof line, "%s = %s\n", bad[i][0], bad[i][1]);
        expect_wrong(line, NULL, NULL, "; right would be ");
        assert_non_null(strstr(buf_cstr(&text), bad[i][0]));
    }
    expect_wrong("total-quota = 10001\n", NULL, NULL,
                 "total-quota: must not be more than max-allocations");
    expect_wrong("relay-ip = 10.0.0.1, 10.0.0.2\n", NULL, NULL, "relay-ip: one address for IPv4");
    expect_wrong("public-ip = ::1, ::2\n", NULL, NULL, "public-ip: one address for IPv4");
}

/* Neither what holds nor what is wrong shows a secret, and none is printed so that it could be read
 * back as something else. */
static void test_secrets_are_not_shown(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "user = topsecret",
        "user = :topsecret",
        "user = topsecret:",
        "user = a:0xtopsecret",
        "secret = topsec",
        "secret =\nsecret = topsecret1\nsecret = topsecret2\nsecret = topsecret3",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        expect_wrong(wrong[i], NULL, NULL, ": \"(hidden)\" ");
        assert_null(strstr(buf_cstr(&text), "topsec"));
    }
    expect_start("user = alice:topsecret\nuser = bob:topsecret\n",
                 FLAGS("--secret", "topsecret1", "--secret=topsecret2"), NULL);
    config_print(&text, &c);
    assert_null(strstr(buf_cstr(&text), "topsecret"));
    assert_non_null(strstr(buf_cstr(&text), "\n# user = alice:(hidden) ; file, line 2\n"));
    assert_non_null(strstr(buf_cstr(&text), "\n# secret = (hidden) ; flag\n"));
    config_free(&c);
    struct buf printed = text;
    buf_init(&text, 1 << 20);
    expect_start(buf_cstr(&printed), NULL, NULL);
    assert_int_equal(c.user.n + c.secret.n, 0);
    config_free(&c);
    buf_free(&printed);
    expect_start(NULL, NULL, ENV("MADANG_SECRET=from the environment", "MADANG_USER=a:b,c:d"));
    assert_string_equal(c.secret.v[0].p, "from the environment");
    assert_int_equal(c.user.n, 1);
    config_free(&c);
}

static void test_turn_alone(void **state)
{
    (void)state;
    expect_start(NULL, FLAGS("turn", "--user", "a:b", "--port", "1"), NULL);
    assert_true(c.turn_only);
    assert_int_equal(c.port, 1);
    assert_int_equal(c.tls, CONFIG_TLS_OFF); /* a certificate of our own helps nobody here */
    config_free(&c);
    expect_start(NULL, FLAGS("turn", "--secret-file", "f", "--cert", "c"), NULL);
    assert_int_equal(c.tls, CONFIG_TLS_FILES);
    config_free(&c);
    expect_start("tls = auto\nusers-file = f\n", FLAGS("turn"), NULL);
    assert_int_equal(c.tls, CONFIG_TLS_AUTO);
    config_free(&c);
    expect_wrong(NULL, FLAGS("turn"), NULL, "user: nobody could relay: madang turn wants user, ");
    expect_wrong("relay = off\n", FLAGS("turn", "--user", "a:b"), NULL,
                 "m.conf:1: relay: must be on");
    expect_wrong(NULL, FLAGS("--user", "a:b", "turn"), NULL, "\"turn\" is not expected here");
    assert_int_equal(load(NULL, FLAGS("turn", "--help"), NULL), CONFIG_DONE);
    assert_non_null(strstr(buf_cstr(&text), "Usage: madang turn"));
    assert_non_null(strstr(buf_cstr(&text), "--relay-ports"));
    assert_null(strstr(buf_cstr(&text), "--max-rooms"));
    config_free(&c);
}

static void test_file_of_all_kinds(void **state)
{
    (void)state;
    expect_start("\xEF\xBB\xBF# a comment\r\n"
                 "port = 0\r\n" /* before any section */
                 "\n"
                 "[server]\n"
                 "  udp-port=65535 ; another\n" /* indented, but not more of the line above */
                 "listen = 127.0.0.1, ::1\n"
                 "\tlisten = 192.0.2.7\n"
                 "name: Call.Example.ORG\n"
                 "data = /var/lib/my madang\n"
                 "allow-origin = HTTPS://Example.org:444,http://[::1]:80\n"
                 "metrics-allow = 10.0.0.0/8\n"
                 "web-dir =\n"
                 "[tls]\n"
                 "tls = files\n"
                 "cert = /etc/c.pem\n"
                 "[log]\n"
                 "log-level = debug\n"
                 "record-size = 1G\n"
                 "[sessions]\n"
                 "resume-window = 2m\n"
                 "ping-interval = 1500ms\n"
                 "[rates]\n"
                 "rate-chat = 7/0.125\n"
                 "rate-join = off\n"
                 "rate-name = 1 / 1000000\n",
                 NULL, NULL);
    assert_int_equal(c.port, 0);
    assert_int_equal(c.udp_port, 65535);
    assert_int_equal(c.listen.n, 3);
    char z[ADDR_STR_SIZE];
    assert_string_equal(addr_format(&c.listen.v[2], z), "192.0.2.7");
    assert_string_equal(c.name.v[0].p, "call.example.org");
    assert_string_equal(c.data, "/var/lib/my madang");
    assert_int_equal(c.allow_origin.n, 2);
    assert_string_equal(c.allow_origin.v[0].p, "https://example.org:444");
    assert_string_equal(c.allow_origin.v[1].p, "http://[::1]:80");
    assert_string_equal(cidr_format(&c.metrics_allow.v[0], z), "10.0.0.0/8");
    assert_null(c.web_dir);
    assert_int_equal(c.tls, CONFIG_TLS_FILES);
    assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(c.record_size, 1 << 30);
    assert_int_equal(c.resume_window, 120000000);
    assert_int_equal(c.ping_interval, 1500000);
    assert_int_equal(c.rate_chat.burst, 7);
    assert_int_equal(c.rate_chat.per_s_e6, 125000);
    assert_int_equal(c.rate_join.burst, 0);
    assert_int_equal(c.rate_name.per_s_e6, UINT64_C(1000000000000));
    assert_int_equal(c.source[CONFIG_INT_port], CONFIG_FILE);
    assert_int_equal(c.line[CONFIG_INT_udp_port], 5);
    config_free(&c);
}

static void test_later_sources_win(void **state)
{
    (void)state;
    static const char file[] = "port = 1\nudp-port = 1\nmesh = 3\nlisten = 10.0.0.1, 10.0.0.2\n"
                               "metrics-allow = ::/0\n";
    expect_start(file, FLAGS("--port", "3", "--listen=10.0.0.4", "--listen", "10.0.0.5"),
                 ENV("MADANG_PORT=2", "MADANG_UDP_PORT=2", "MADANG_LISTEN=10.0.0.3",
                     "MADANG_METRICS_ALLOW="));
    assert_int_equal(c.port, 3);
    assert_int_equal(c.udp_port, 2);
    assert_int_equal(c.mesh, 3);
    assert_int_equal(c.listen.n, 2); /* a later list replaces the whole */
    assert_int_equal(c.listen.v[0].ip[3], 4);
    assert_int_equal(c.listen.v[1].ip[3], 5);
    assert_int_equal(c.metrics_allow.n, 0);
    assert_int_equal(c.source[CONFIG_INT_port], CONFIG_FLAG);
    assert_int_equal(c.source[CONFIG_INT_udp_port], CONFIG_ENV);
    assert_int_equal(c.source[CONFIG_INT_mesh], CONFIG_FILE);
    assert_int_equal(c.source[CONFIG_INT_history], CONFIG_DEFAULT);
    config_free(&c);
}

static void test_place_and_what_would_be_right(void **state)
{
    (void)state;
    expect_wrong("\n\nport = 70000\n", NULL, NULL,
                 "m.conf:3: port: \"70000\" is out of range; right would be a whole number from 0 "
                 "to 65535\n");
    expect_wrong("port = eighty\n", NULL, NULL, "m.conf:1: port: \"eighty\" is no whole number;");
    expect_wrong("port =\n", NULL, NULL, "m.conf:1: port: \"\" is no whole number;");
    expect_wrong(NULL, FLAGS("--port", "-1"), NULL, "--port: \"-1\" is no whole number;");
    expect_wrong(NULL, NULL, ENV("MADANG_PORT=1e3"), "MADANG_PORT: \"1e3\" is no whole number;");
    expect_wrong("resume-window = 30\n", NULL, NULL,
                 "m.conf:1: resume-window: \"30\" has no unit; right would be a time from 1s to 1h "
                 "(ms, s, m, h, d)\n");
    expect_wrong("resume-window = 30 parsecs\n", NULL, NULL, "has a unit that isn't known");
    expect_wrong("resume-window = 2h\n", NULL, NULL, "\"2h\" is out of range");
    expect_wrong("resume-window = 9223372036854775807d\n", NULL, NULL, "is out of range");
    expect_wrong("resume-window = 92233720368547758070s\n", NULL, NULL, "is out of range");
    expect_wrong("resume-window = s\n", NULL, NULL, "\"s\" is no number");
    expect_wrong("record-size = 1T\n", NULL, NULL,
                 "\"1T\" has a unit that isn't known; right would be a size from 1M to 2G bytes");
    expect_wrong("record-size = 1023k\n", NULL, NULL, "is out of range");
    expect_wrong("log-level = verbose\n", NULL, NULL,
                 "\"verbose\" is none of these; right would be error, warn, info or debug\n");
    expect_wrong("data = \n", NULL, NULL, "m.conf:1: data: \"\" is empty; right would be a path\n");
}

static void test_values_that_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"rate-chat", "5"},
        {"rate-chat", "5/"},
        {"rate-chat", "0/1"},
        {"rate-chat", "5/0.0001"},
        {"rate-chat", "5/1.2.3"},
        {"rate-chat", "5/-1"},
        {"rate-chat", "1000001/1"},
        {"rate-chat", "5/0.1234567"},
        {"listen", "1.2.3.4:80"},
        {"listen", "[::1]"},
        {"listen", "localhost"},
        {"listen", "auto"},
        {"listen", "1.2.3.4,,"},
        {"public-ip", "Auto"},
        {"metrics-allow", "10.0.0.1/8"},
        {"trusted-proxy", "all"},
        {"name", "-a.b"},
        {"name", "a..b"},
        {"name", "a_b"},
        {"name", "1.2.3.4"},
        {"name", "\xEB\xA7\x88.kr"},
        {"name", "a b"},
        {"allow-origin", "example.org"},
        {"allow-origin", "https://"},
        {"allow-origin", "*"},
        {"allow-origin", "https://a/"},
        {"allow-origin", "ftp://a"},
        {"allow-origin", "https://a:0"},
        {"allow-origin", "https://::1"},
        {"allow-origin", "https://u@a"},
        {"allow-origin", "null"},
        {"port", "0x10"},
        {"port", "18446744073709551616"},
        {"tls", "AUTO"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char line[128];
        snprintf(line, sizeof line, "%s = %s\n", bad[i][0], bad[i][1]);
        expect_wrong(line, NULL, NULL, "; right would be ");
        assert_non_null(strstr(buf_cstr(&text), bad[i][0]));
    }
}

static void test_unknown_names(void **state)
{
    (void)state;
    expect_wrong("prot = 1\n", NULL, NULL,
                 "m.conf:1: there is no setting \"prot\"; did you mean port?");
    expect_wrong("max-romms = 1\n", NULL, NULL, "did you mean max-rooms?");
    expect_wrong("max_rooms = 1\n", NULL, NULL, "did you mean max-rooms?");
    expect_wrong("Port = 1\n", NULL, NULL, "did you mean port?");
    expect_wrong("xyzzy-plugh-frotz = 1\n", NULL, NULL, "madang --print-sample shows all");
    expect_wrong(NULL, FLAGS("--prot", "1"), NULL,
                 "there is no option \"--prot\"; did you mean --port?");
    expect_wrong(NULL, FLAGS("--xyzzy"), NULL, "madang --help lists what there is");
    expect_wrong(NULL, FLAGS("-p"), NULL, "there is no option \"-p\"");
    expect_wrong(NULL, FLAGS("replya"), NULL, "\"replya\" is not expected here");
    expect_wrong(NULL, NULL, ENV("MADANG_PROT=1"), "did you mean MADANG_PORT?");
    expect_wrong(NULL, NULL, ENV("MADANG_LOGLEVEL=info"), "did you mean MADANG_LOG_LEVEL?");
    /* Not ours, and nothing like ours: a cluster's, the test scripts'. */
    expect_start(NULL, NULL,
                 ENV("MADANG_BIN=x", "MADANG_SERVICE_HOST=10.0.0.1", "MADANG_ARTIFACTS=x",
                     "MADANG_SANITIZER=asan", "MADANG_SKIP_DEPS=1", "MADANG_=1", "MADANG_CONFIG="));
    config_free(&c);
}

static void test_sections(void **state)
{
    (void)state;
    expect_wrong("[tls]\nport = 1\n", NULL, NULL,
                 "m.conf:2: this does not belong into \"tls\"; port belongs into [server]\n");
    expect_wrong("[sever]\nport = 1\n", NULL, NULL,
                 "m.conf:2: there is no section \"sever\"; port belongs into [server]\n");
    expect_wrong("[server\nport = 1\n", NULL, NULL,
                 "m.conf:1: this is neither [section] nor name = value");
    expect_wrong("port = 1\njust words\n", NULL, NULL,
                 "m.conf:2: this is neither [section] nor name = value");
}

static void test_twice(void **state)
{
    (void)state;
    expect_wrong("port = 1\nport = 1\n", NULL, NULL, "m.conf:2: port: \"1\" is a second value;");
    expect_wrong(NULL, FLAGS("--port", "1", "--port=2"), NULL, "--port: \"2\" is a second value;");
    expect_wrong(NULL, FLAGS("--config", "a", "--config=b"), NULL, "\"--config\" is given twice");
    expect_start("metrics-allow = 10.0.0.0/8\nmetrics-allow = ::1\n", NULL, NULL);
    assert_int_equal(c.metrics_allow.n, 2);
    config_free(&c);
}

static void test_too_many(void **state)
{
    (void)state;
    char file[2000] = "";
    size_t at = 0;
    for (int i = 0; i < 17; i++)
        at += (size_t)snprintf(file + at, sizeof file - at, "listen = 10.0.0.%d\n", i);
    expect_wrong(file, NULL, NULL, "m.conf:17: listen: \"10.0.0.16\" is one too many;");
    at = 0;
    for (int i = 0; i < 40; i++)
        at += (size_t)snprintf(file + at, sizeof file - at, "a%d = 1\n", i);
    expect_wrong(file, NULL, NULL, "m.conf:20: there is no setting \"a19\""); /* all at once ... */
    assert_null(strstr(buf_cstr(&text), "\"a20\""));
    assert_non_null(strstr(buf_cstr(&text), "... and more\n")); /* ... but not without end */
}

static void test_odd_files(void **state)
{
    (void)state;
    char file[600];
    expect_start("", NULL, NULL);
    config_free(&c);
    expect_start("port = 5", NULL, NULL); /* no newline at the end */
    assert_int_equal(c.port, 5);
    config_free(&c);
    memset(file, 'x', sizeof file);
    memcpy(file, "\ndata = ", 8);
    memcpy(file + 590, "\nport = 5", 10);
    expect_wrong(file, NULL, NULL, "m.conf:2: the line is longer than ");
    assert_null(strstr(buf_cstr(&text), "m.conf:3")); /* its rest is not a line of its own */
    buf_reset(&text);
    assert_int_equal(
        config_load_text(&c, "m.conf", STR("port = 5\n\0udp-port = 5\n"), 0, NULL, NULL, &text),
        CONFIG_WRONG);
    config_free(&c);
    assert_non_null(strstr(buf_cstr(&text), "m.conf:2: there is a NUL byte"));
    expect_wrong("data\x1B[31m = 5\n", NULL, NULL, "there is no setting \"data?[31m\"");
}

static void test_settings_that_contradict(void **state)
{
    (void)state;
    expect_wrong("\ntls = files\n", NULL, NULL, "m.conf:2: tls: files wants a certificate");
    expect_wrong(NULL, FLAGS("--cert", "c"), NULL, "--cert: is only used with tls = files");
    expect_wrong(NULL, NULL, ENV("MADANG_KEY=k"), "MADANG_KEY: is of no use without cert\n");
    expect_wrong("dead-peer = 20s\n", NULL, NULL, "dead-peer: must be longer than ping-interval");
    expect_wrong("ping-interval = 40s\n", NULL, NULL, "dead-peer: must be longer than");
    expect_wrong("room-capacity-max = 50\n", NULL, NULL, "room-capacity: must not be more than");
    expect_wrong("replay-size = 4M\n", NULL, NULL, "kept-size: must not be less");
    expect_wrong("replay-messages = 9000\n", NULL, NULL, "kept-messages: must not be less");
    expect_wrong("request-line = 32k\n", NULL, NULL, "head-size: must not be less");
}

static void test_flags_that_do_something_else(void **state)
{
    (void)state;
    assert_int_equal(load(NULL, FLAGS("--version"), NULL), CONFIG_DONE);
    assert_memory_equal(buf_cstr(&text), "madang ", 7);
    config_free(&c);
    assert_int_equal(load("nonsense", FLAGS("--nonsense", "-h"), NULL), CONFIG_DONE);
    assert_non_null(strstr(buf_cstr(&text), "Usage: madang"));
    config_free(&c);
    assert_int_equal(load(NULL, FLAGS("--check-config"), NULL), CONFIG_DONE);
    assert_string_equal(buf_cstr(&text), "The configuration is fine.\n");
    config_free(&c);
    assert_int_equal(load(NULL, FLAGS("--data", "--help", "--check-config"), NULL), CONFIG_DONE);
    assert_string_equal(buf_cstr(&text), "The configuration is fine.\n"); /* a folder's name */
    config_free(&c);
    expect_wrong("prot = 1\n", FLAGS("--print-config"), NULL, "did you mean port?");
    expect_wrong(NULL, FLAGS("--check-config=yes"), NULL, "takes no value");
    expect_wrong(NULL, FLAGS("--port"), NULL, "\"--port\" wants a value");
    expect_wrong(NULL, FLAGS("--config"), NULL, "\"--config\" wants a file");
}

/* Every setting is in the help, with its default. */
static void test_help_is_complete(void **state)
{
    (void)state;
    config_print_help(&text, false);
    assert_false(text.failed);
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        struct buf want;
        const struct config_row *row = &config_rows[i];
        buf_init(&want, 1000);
        if (row->type == CONFIG_T_SECTION) {
            buf_putf(&want, "\n%s [%s]\n", row->help, row->field);
        } else {
            buf_puts(&want, "  --");
            config_put_name(&want, row);
            buf_putf(&want, " %s", row->arg);
        }
        if (!strstr(buf_cstr(&text), buf_cstr(&want)))
            fail_msg("not in the help: %s", buf_cstr(&want));
        buf_free(&want);
    }
    assert_non_null(strstr(buf_cstr(&text), "(default 8443)"));
    struct str rest = buf_str(&text), line;
    while (str_split_once(rest, '\n', &line, &rest))
        if (line.n > 100)
            fail_msg("too long: " PRIstr, STR_ARG(line));
}

static void expect_same(const struct config *a, const struct config *b)
{
    struct buf x, y;
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        const struct config_row *row = &config_rows[i];
        if (row->type == CONFIG_T_SECTION)
            continue;
        size_t n = config_value_count(a, row);
        assert_int_equal(config_value_count(b, row), n);
        for (size_t k = 0; k < n; k++) {
            buf_init(&x, 5000);
            buf_init(&y, 5000);
            config_value_put(&x, a, row, k);
            config_value_put(&y, b, row, k);
            assert_string_equal(buf_cstr(&x), buf_cstr(&y));
            buf_free(&x);
            buf_free(&y);
        }
    }
}

/* What --print-config prints is a file that says the same. */
static void test_print_config_reads_back(void **state)
{
    (void)state;
    struct config first;
    struct buf printed;
    expect_start("listen = 1.2.3.4, ::1\nname = a.b\nname = c.d\nresume-window = 90s\ndata = x y\n"
                 "metrics-allow = fe80::/10\nrate-name = 3/0.00123\nrate-chat = off\n"
                 "rate-join = 1000000/0.25\nrecord-size = 1025k\nloop-stall = 1ms\n",
                 FLAGS("--mesh", "2"), ENV("MADANG_DRAIN=0"));
    first = c;
    buf_init(&printed, 1 << 20);
    config_print(&printed, &first);
    assert_non_null(strstr(buf_cstr(&printed), "\nmesh = 2 ; flag\n"));
    assert_non_null(strstr(buf_cstr(&printed), "\nresume-window = 90s ; file, line 4\n"));
    assert_non_null(strstr(buf_cstr(&printed), "\nport = 8443 ; default\n"));
    assert_non_null(strstr(buf_cstr(&printed), "\nrate-name = 3/0.00123 ; file"));
    expect_start(buf_cstr(&printed), NULL, NULL);
    expect_same(&first, &c);
    assert_int_equal(c.drain, 0);
    buf_free(&printed);
    config_free(&first);
    config_free(&c);
}

static void read_whole(const char *name, struct buf *to)
{
    FILE *f = fopen(name, "r");
    if (!f)
        fail_msg("cannot open %s", name);
    uint8_t *p = buf_reserve(to, 100000);
    buf_commit(to, fread(p, 1, 100000, f));
    fclose(f);
}

/* docs/madang.conf.sample is what the program prints, and, with its # taken away, the defaults. */
static void test_sample(void **state)
{
    (void)state;
    struct config defaults;
    struct buf file, bare;
    buf_init(&file, 1 << 20);
    buf_init(&bare, 1 << 20);
    assert_int_equal(load(NULL, FLAGS("--print-sample"), NULL), CONFIG_DONE);
    config_free(&c);
    read_whole(TESTS_DIR "/../docs/madang.conf.sample", &file);
    if (!str_eq(buf_str(&file), buf_str(&text)))
        fail_msg("run: build/madang --print-sample > docs/madang.conf.sample");
    expect_start(buf_cstr(&file), NULL, NULL); /* everything is commented out */
    for (size_t i = 0; i < CONFIG_ROWS; i++)
        assert_int_equal(c.source[i], CONFIG_DEFAULT);
    defaults = c;
    struct str rest = buf_str(&file), line;
    while (str_split_once(rest, '\n', &line, &rest)) {
        bool setting = line.n > 1 && line.p[0] == '#' && line.p[1] != ' ';
        buf_put_str(&bare, str_skip(line, setting));
        buf_puts(&bare, "\n");
    }
    expect_start(buf_cstr(&bare), NULL, NULL);
    for (size_t i = 0; i < CONFIG_ROWS; i++)
        if (config_rows[i].type != CONFIG_T_SECTION)
            assert_int_equal(c.source[i], CONFIG_FILE);
    expect_same(&defaults, &c);
    buf_free(&file);
    buf_free(&bare);
    config_free(&defaults);
    config_free(&c);
}

static void test_files_on_disk(void **state)
{
    (void)state;
    char name[] = "/tmp/madang-conf-XXXXXX", env[64];
    int fd = mkstemp(name);
    assert_int_equal(write(fd, "port = 7\n", 9), 9);
    snprintf(env, sizeof env, "MADANG_CONFIG=%s", name);
    assert_int_equal(config_load(&c, 3, FLAGS("--config", name), NULL, &text), CONFIG_START);
    assert_int_equal(c.port, 7);
    config_free(&c);
    assert_int_equal(config_load(&c, 1, FLAGS("x"), ENV(env), &text), CONFIG_START);
    assert_int_equal(c.port, 7);
    config_free(&c);
    assert_int_equal(ftruncate(fd, 2 << 20), 0);
    assert_int_equal(config_load(&c, 1, FLAGS("x"), ENV(env), &text), CONFIG_WRONG);
    config_free(&c);
    assert_non_null(strstr(buf_cstr(&text), "cannot be read: File too large"));
    close(fd);
    unlink(name);
    buf_reset(&text);
    assert_int_equal(config_load(&c, 3, FLAGS("--config", name), NULL, &text), CONFIG_WRONG);
    config_free(&c);
    assert_non_null(strstr(buf_cstr(&text), "cannot be read: No such file"));
    assert_int_equal(config_load(&c, 2, FLAGS("--config=/tmp"), NULL, &text), CONFIG_WRONG);
    config_free(&c);
    assert_int_equal(config_load(&c, 2, FLAGS("--help"), ENV(env), &text), CONFIG_DONE);
    config_free(&c);
    assert_int_equal(config_load(&c, 2, FLAGS("--config"), ENV("X=1"), &text), CONFIG_WRONG);
    config_free(&c);
}

static void test_the_longest_answer_fits(void **state)
{
    struct house_conf h;
    (void)state;
    expect_start("kept-size = 1M\nhistory = 1000\nchat-length = 10000\n", NULL, NULL);
    settings_apply(&h, &c, &(struct relay_people){0});
    assert_true(h.control.exchange.frame_max > 1000 * 10000 * 6);
    assert_true(h.control.exchange.outbox.kept_bytes >= h.control.exchange.frame_max);
    config_free(&c);
}

static void test_rates_reach_who_keeps_them(void **state)
{
    struct house_conf h;
    (void)state;
    expect_start("rate-stun = 3/0.25\nrate-http = 4/2.5\nrate-name = off\n", NULL, NULL);
    settings_apply(&h, &c, &(struct relay_people){0});
    assert_false(h.worker.stun.unlimited);
    assert_int_equal(h.worker.stun.burst, 3);
    assert_int_equal(h.worker.stun.every_us, 4000000);
    assert_int_equal(h.control.exchange.web.rate_burst, 4);
    assert_int_equal(h.control.exchange.web.rate_every_us, 400000);
    assert_int_equal(h.control.exchange.domain.rates[RATE_NAME].burst, 0);
    config_free(&c);
    expect_start("rate-stun = off\nrate-http = off\n", NULL, NULL);
    settings_apply(&h, &c, &(struct relay_people){0});
    assert_true(h.worker.stun.unlimited);
    assert_int_equal(h.control.exchange.web.rate_burst, 0); /* 0: no limit */
    config_free(&c);
}

static void test_groups_are_split_between_the_workers(void **state)
{
    struct house_conf h;
    (void)state;
    expect_start("groups = auto\nworkers = 4\nsfu-rooms = 10\nsfu-memory = 8M\nsfu-loudest = 5\n"
                 "sfu-last-n = 9\nsfu-max-bitrate = 3M\nmetrics-rooms = 6\n",
                 NULL, NULL);
    settings_apply(&h, &c, &(struct relay_people){0});
    assert_true(h.worker.groups);
    assert_int_equal(h.control.exchange.domain.groups, GROUPS_AUTO);
    assert_int_equal(h.control.exchange.domain.facts.limit_group, 100);
    assert_int_equal(h.worker.sfu.max_rooms, 3);
    assert_int_equal(h.worker.sfu.max_peers, 1024);
    assert_int_equal(h.worker.sfu.max_subscribed, 100);
    assert_int_equal(h.worker.sfu.cache_bytes, 2 << 20);
    assert_int_equal(h.worker.sfu.loudest, 5);
    assert_int_equal(h.worker.sfu.last_n, 9);
    assert_int_equal(h.worker.show_rooms, 2);
    assert_true(h.worker.sfu.max_bps == 3e6);
    config_free(&c);
    expect_start("groups = never\n", NULL, NULL);
    settings_apply(&h, &c, &(struct relay_people){0});
    assert_false(h.worker.groups);
    assert_int_equal(h.control.exchange.domain.groups, GROUPS_NEVER);
    assert_int_equal(h.control.exchange.domain.facts.limit_group, 0);
    config_free(&c);
}

int main(void)
{
#define CONFIG_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_defaults),
        CONFIG_TEST(test_relay_settings),
        CONFIG_TEST(test_relay_settings_that_are_refused),
        CONFIG_TEST(test_secrets_are_not_shown),
        CONFIG_TEST(test_turn_alone),
        CONFIG_TEST(test_file_of_all_kinds),
        CONFIG_TEST(test_later_sources_win),
        CONFIG_TEST(test_place_and_what_would_be_right),
        CONFIG_TEST(test_values_that_are_refused),
        CONFIG_TEST(test_unknown_names),
        CONFIG_TEST(test_sections),
        CONFIG_TEST(test_twice),
        CONFIG_TEST(test_too_many),
        CONFIG_TEST(test_odd_files),
        CONFIG_TEST(test_settings_that_contradict),
        CONFIG_TEST(test_flags_that_do_something_else),
        CONFIG_TEST(test_help_is_complete),
        CONFIG_TEST(test_print_config_reads_back),
        CONFIG_TEST(test_sample),
        CONFIG_TEST(test_files_on_disk),
        CONFIG_TEST(test_groups_are_split_between_the_workers),
        CONFIG_TEST(test_rates_reach_who_keeps_them),
        CONFIG_TEST(test_the_longest_answer_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
