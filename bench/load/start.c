/* load start PORT plain|tls COMMAND...: how long from the start of a server to its first answer 200 on
 * /healthz, and what it holds then. */
#include "load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool healthy(int port, SSL_CTX *ctx)
{
    static const char ask[] = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char answer[64] = "";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL *ssl = NULL;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0) {
        if (ctx == NULL) {
            if (send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) > 0)
                (void)!recv(fd, answer, sizeof answer - 1, 0);
        } else {
            ssl = SSL_new(ctx);
            SSL_set_fd(ssl, fd);
            if (SSL_connect(ssl) == 1 && SSL_write(ssl, ask, sizeof ask - 1) > 0)
                (void)!SSL_read(ssl, answer, sizeof answer - 1);
        }
    }
    SSL_free(ssl);
    close(fd);
    return strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

int load_start(int argc, char **argv)
{
    int port = (int)strtol(argv[0], NULL, 10);
    SSL_CTX *ctx = strcmp(argv[1], "tls") == 0 ? SSL_CTX_new(TLS_client_method()) : NULL;
    char path[64], line[256];
    double begin = now_ms(), ms;
    if (argc < 3)
        die("start what?");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
            _exit(127);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    while (!healthy(port, ctx)) {
        if (now_ms() - begin > 20000 || waitpid(pid, NULL, WNOHANG) == pid)
            die("%s did not answer", argv[2]);
        usleep(200);
    }
    ms = now_ms() - begin;
    sleep(1);
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtod(line + 6, NULL);
    }
    if (f != NULL)
        fclose(f);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    SSL_CTX_free(ctx);
    printf("{\"step\":\"start\",\"ms\":%.1f,\"rss_kb\":%.0f}\n", ms, kb);
    return 0;
}
