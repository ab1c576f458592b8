/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create_clients.c - 64 clients that create sessions over REST, each its next one when it is told of the
 * last: create_clients PORT COUNT < api.token.
 *
 * One thread, connections that stay, requests composed ahead: so that what is measured is the server.
 * Prints "creates=N seconds=S cpu_seconds=S p50_us=N p99_us=N"; the processor time is its own.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS      64
#define PARTIES      10000 /* each in many sessions, always with others */
#define ANSWER_BYTES 4096
#define TOKEN_BYTES  128

struct client {
        int fd;
        uint32_t request; /* under way */
        uint64_t asked_ns;
        size_t bytes; /* of the answer, so far */
        char answer[ANSWER_BYTES];
};

static struct client clients[CLIENTS];
static char token[TOKEN_BYTES];
static uint64_t *took_ns; /* owned, of each request */
static uint32_t wanted, asked, answered;

static void must(bool right, const char *what)
{
        if (right)
                return;
        fprintf(stderr, "create_clients: %s\n", what);
        exit(1);
}

static uint64_t clock_ns(clockid_t clock)
{
        struct timespec t;
        clock_gettime(clock, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void ask(struct client *client)
{
        char body[256], request[1024];
        uint32_t a = asked * 2654435761u % PARTIES;
        uint32_t b = (a + 1 + asked / PARTIES * 7 + asked % 5) % PARTIES;
        int body_bytes = snprintf(
                body, sizeof body,
                "{\"parties\":[{\"number\":\"+91988880%04u\"},{\"number\":\"+91988880%04u\"}],"
                "\"reference\":\"order-%u\",\"expires_in_s\":7200}",
                a, b, asked);
        int bytes =
                snprintf(request, sizeof request,
                         "POST /v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s"
                         "\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                         token, body_bytes, body);
        client->request = asked++;
        client->bytes = 0;
        client->asked_ns = clock_ns(CLOCK_MONOTONIC);
        must(write(client->fd, request, (size_t)bytes) == bytes, "a request was not taken at once");
}

/* Whole: its head, and as much after it as Content-Length says. */
static bool is_whole(const struct client *client)
{
        const char *end = strstr(client->answer, "\r\n\r\n");
        const char *length = strcasestr(client->answer, "\r\nContent-Length:");
        if (!end)
                return false;
        must(length && length < end, "an answer has no Content-Length");
        return client->bytes >= (size_t)(end + 4 - client->answer) + strtoul(length + 17, NULL, 10);
}

static void on_readable(struct client *client)
{
        ssize_t got = read(client->fd, client->answer + client->bytes,
                           sizeof client->answer - 1 - client->bytes);
        must(got > 0, "a connection was closed");
        client->bytes += (size_t)got;
        client->answer[client->bytes] = '\0';
        if (!is_whole(client))
                return;
        if (strncmp(client->answer, "HTTP/1.1 201 ", 13)) {
                fprintf(stderr, "create_clients: %s\n", client->answer);
                exit(1);
        }
        took_ns[client->request] = clock_ns(CLOCK_MONOTONIC) - client->asked_ns;
        answered++;
        if (asked < wanted)
                ask(client);
}

static void connect_all(uint16_t port, int epoll)
{
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        for (unsigned i = 0; i < CLIENTS; i++) {
                int on = 1;
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
                clients[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                must(clients[i].fd >= 0 &&
                             !connect(clients[i].fd, (struct sockaddr *)&to, sizeof to),
                     "no connection to the server");
                setsockopt(clients[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                must(!epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event), "epoll");
        }
}

static int by_size(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
        return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
        must(argc == 3, "usage: create_clients PORT COUNT < api.token");
        wanted = (uint32_t)strtoul(argv[2], NULL, 10);
        must(wanted >= CLIENTS && fgets(token, sizeof token, stdin), "no count, or no token");
        token[strcspn(token, "\r\n")] = '\0';
        took_ns = calloc(wanted, sizeof *took_ns);
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        must(took_ns && epoll >= 0, "no memory");
        connect_all((uint16_t)strtoul(argv[1], NULL, 10), epoll);

        uint64_t start = clock_ns(CLOCK_MONOTONIC);
        for (unsigned i = 0; i < CLIENTS; i++)
                ask(&clients[i]);
        while (answered < wanted) {
                struct epoll_event events[CLIENTS];
                int count = epoll_wait(epoll, events, CLIENTS, 30000);
                must(count > 0, "no answer within 30 s");
                for (int i = 0; i < count; i++)
                        on_readable(events[i].data.ptr);
        }
        double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - start) / 1e9;
        qsort(took_ns, wanted, sizeof *took_ns, by_size);
        printf("creates=%u seconds=%.3f cpu_seconds=%.3f p50_us=%.0f p99_us=%.0f\n", wanted,
               seconds, (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9,
               (double)took_ns[wanted / 2] / 1e3,
               (double)took_ns[(uint64_t)wanted * 99 / 100] / 1e3);
        free(took_ns);
        return 0;
}
