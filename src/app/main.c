#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/house.h"
#include "base/log.h"
#include "base/version.h"

/* A first set of options, until the table of settings stands. */
int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},    {"udp-port", required_argument, NULL, 'u'},
        {"data", required_argument, NULL, 'd'},    {"tls", required_argument, NULL, 't'},
        {"web-dir", required_argument, NULL, 'w'}, {"listen", required_argument, NULL, 'l'},
        {"record", required_argument, NULL, 'r'},  {"log-level", required_argument, NULL, 'v'},
        {"version", no_argument, NULL, 'V'},       {NULL, 0, NULL, 0}};
    static struct house_conf h;
    int o;
    web_conf_defaults(&h.control.exchange.web);
    domain_config_defaults(&h.control.exchange.domain);
    h.control.exchange.outbox = outbox_limits_default;
    h.control.exchange.frame_max = 4 << 20;
    h.control.exchange.reorder_max = 16;
    h.control.exchange.reorder_wait_us = 5000000;
    h.control.exchange.history = 100;
    h.control.exchange.history_bytes = 64 << 20;
    h.control.max_connections = 10000;
    h.control.drain_us = 5000000;
    h.control.retry_ms = 800;
    h.control.data_dir = "./data";
    h.certs.tls = true;
    h.listen.tcp_port = 8443;
    h.listen.udp_port = 3478;
    h.record_size = 64 << 20;
    h.fd_reserve = 64;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case 'p': h.listen.tcp_port = (uint16_t)strtoul(optarg, NULL, 10); break;
        case 'u': h.listen.udp_port = (uint16_t)strtoul(optarg, NULL, 10); break;
        case 'd': h.control.data_dir = optarg; break;
        case 't': h.certs.tls = strcmp(optarg, "off") != 0; break;
        case 'w': h.control.exchange.web.web_dir = optarg; break;
        case 'r': h.record = optarg; break;
        case 'l': addr_parse(&h.listen.addrs[h.listen.naddrs++], str_from(optarg)); break;
        case 'v':
            log_set_level(strcmp(optarg, "debug") == 0 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
            break;
        case 'V': printf("madang %s (%s)\n", madang_version(), madang_compiler()); return 0;
        default: return 1;
        }
    }
    h.certs.data_dir = h.control.data_dir;
    return house_run(&h);
}
