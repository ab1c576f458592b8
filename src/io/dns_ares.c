/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dns_ares.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "io/io_epoll.h"

#define TRY_TIMEOUT_MS 2000
#define TRIES          3

struct dns_ares {
        struct io *io;
        ares_channel channel;
        struct io_timer timer; /* the next retransmission or time-out */
        struct list sockets;   /* of struct ares_socket, owned */
};

struct ares_socket {
        struct list node;
        struct dns_ares *ares;
        struct io_fd *watch;
        int fd;
};

struct question {
        dns_fn *fn;
        void *arg;
};

static void on_timer(void *arg);

static void schedule(struct dns_ares *ares)
{
        struct timeval tv;
        if (!ares_timeout(ares->channel, NULL, &tv)) {
                io_timer_stop(ares->io, &ares->timer);
                return;
        }
        int64_t wait_ms = (int64_t)tv.tv_sec * 1000 + (tv.tv_usec + 999) / 1000;
        io_timer_start(ares->io, &ares->timer, wait_ms, on_timer, ares);
}

static void on_timer(void *arg)
{
        struct dns_ares *ares = arg;
        ares_process_fd(ares->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        schedule(ares);
}

static void on_socket(void *arg, unsigned events)
{
        const struct ares_socket *s = arg;
        struct dns_ares *ares = s->ares;
        int fd = s->fd;
        bool readable = events & (IO_READ | IO_HANGUP);
        ares_process_fd(ares->channel, readable ? fd : ARES_SOCKET_BAD,
                        events & IO_WRITE ? fd : ARES_SOCKET_BAD);
        schedule(ares);
}

static struct ares_socket *find_socket(struct dns_ares *ares, int fd)
{
        list_for_each (node, &ares->sockets) {
                struct ares_socket *s = container_of(node, struct ares_socket, node);
                if (s->fd == fd)
                        return s;
        }
        return NULL;
}

static void forget_socket(struct ares_socket *s)
{
        io_fd_unwatch(s->watch);
        list_remove(&s->node);
        free(s);
}

/* A socket that cannot be watched is left to the time-out: c-ares has no way to hear of it. */
static void watch_socket(struct dns_ares *ares, int fd, unsigned events)
{
        struct ares_socket *s = calloc(1, sizeof *s);
        if (!s)
                return;
        s->ares = ares;
        s->fd = fd;
        int err = io_fd_watch(ares->io, fd, events, on_socket, s, &s->watch);
        if (err) {
                log_error("dns: socket cannot be watched: %s", err_text(err));
                free(s);
                return;
        }
        list_add_tail(&ares->sockets, &s->node);
}

static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
        struct dns_ares *ares = arg;
        unsigned events = (readable ? IO_READ : 0u) | (writable ? IO_WRITE : 0u);
        struct ares_socket *s = find_socket(ares, fd);
        if (!s && events)
                watch_socket(ares, fd, events);
        else if (s && events)
                io_fd_set_events(s->watch, events);
        else if (s)
                forget_socket(s);
}

static int open_channel(struct dns_ares *ares, const struct addr *server)
{
        struct ares_options options = {
                .timeout = TRY_TIMEOUT_MS,
                .tries = TRIES,
                .sock_state_cb = on_socket_state,
                .sock_state_cb_data = ares,
        };
        int status =
                ares_init_options(&ares->channel, &options,
                                  ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
        if (status != ARES_SUCCESS || !server)
                return status;

        status = ares_set_servers_ports_csv(ares->channel, addr_format(server).text);
        if (status != ARES_SUCCESS)
                ares_destroy(ares->channel);
        return status;
}

int dns_ares_create(struct io *io, const struct addr *server, struct dns_ares **out)
{
        struct dns_ares *ares = calloc(1, sizeof *ares);
        if (!ares)
                return -ENOMEM;
        ares->io = io;
        list_init(&ares->sockets);

        int status = ares_library_init(ARES_LIB_INIT_ALL);
        if (status != ARES_SUCCESS)
                goto fail;
        status = open_channel(ares, server);
        if (status != ARES_SUCCESS)
                goto fail_library;
        *out = ares;
        return 0;
fail_library:
        ares_library_cleanup();
fail:
        log_error("dns: resolver cannot be set up: %s", ares_strerror(status));
        free(ares);
        return status == ARES_ENOMEM ? -ENOMEM : -EAGAIN;
}

void dns_ares_destroy(struct dns_ares *ares)
{
        if (!ares)
                return;
        ares_destroy(ares->channel);
        ares_library_cleanup();
        list_for_each (node, &ares->sockets)
                forget_socket(container_of(node, struct ares_socket, node));
        io_timer_stop(ares->io, &ares->timer);
        free(ares);
}

static int error_of(int status)
{
        switch (status) {
        case ARES_ENOTFOUND:
        case ARES_ENODATA:
        case ARES_EBADNAME:
                return ERR_NOT_FOUND;
        case ARES_ETIMEOUT:
                return -ETIMEDOUT;
        case ARES_ECONNREFUSED:
                return -ECONNREFUSED;
        case ARES_ENOMEM:
                return -ENOMEM;
        case ARES_ECANCELLED:
        case ARES_EDESTRUCTION:
                return -ECANCELED;
        default:
                return -EAGAIN;
        }
}

static bool has_address(const struct dns_answer *answer, const struct addr *a)
{
        for (unsigned i = 0; i < answer->count; i++) {
                if (addr_equal(&answer->addrs[i], a))
                        return true;
        }
        return false;
}

static void take_addresses(const struct ares_addrinfo_node *nodes, struct dns_answer *answer)
{
        *answer = (struct dns_answer){.ttl_s = DNS_TTL_MAX_S};
        for (; nodes && answer->count < DNS_ADDRS_MAX; nodes = nodes->ai_next) {
                struct sockaddr_storage ss = {0};
                struct addr a;
                if (nodes->ai_addrlen > (ares_socklen_t)sizeof ss)
                        continue;
                memcpy(&ss, nodes->ai_addr, (size_t)nodes->ai_addrlen);
                addr_from_sockaddr(&ss, &a);
                a.port = 0;
                if (!a.family || addr_is_any(&a) || has_address(answer, &a))
                        continue;
                answer->addrs[answer->count++] = a;
                uint32_t ttl_s = nodes->ai_ttl > 0 ? (uint32_t)nodes->ai_ttl : 0;
                if (ttl_s < answer->ttl_s)
                        answer->ttl_s = ttl_s;
        }
        answer->ttl_s = dns_clamp_ttl(answer->ttl_s);
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
        struct question *question = arg;
        struct dns_answer answer = {0};
        (void)timeouts;
        int err = status == ARES_SUCCESS ? 0 : error_of(status);
        if (info) {
                take_addresses(info->nodes, &answer);
                ares_freeaddrinfo(info);
        }
        if (!err && !answer.count)
                err = ERR_NOT_FOUND;
        question->fn(question->arg, err, err ? NULL : &answer);
        free(question);
}

void dns_ares_ask(struct dns_ares *ares, const char *name, dns_fn *fn, void *arg)
{
        struct question *question = calloc(1, sizeof *question);
        if (!question) {
                fn(arg, -ENOMEM, NULL);
                return;
        }
        *question = (struct question){fn, arg};
        struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
        ares_getaddrinfo(ares->channel, name, NULL, &hints, on_answer, question);
        schedule(ares);
}

struct records_question {
        enum dns_kind kind;
        dns_records_fn *fn;
        void *arg;
};

static void on_records(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
        struct records_question *question = arg;
        struct dns_records records;
        (void)timeouts;
        int err = status == ARES_SUCCESS ? 0 : error_of(status);
        if (!err)
                err = dns_records_decode(
                        question->kind, (struct slice){(const char *)bytes, (size_t)len}, &records);
        /* A server that answers nonsense could not tell. */
        if (err == ERR_SYNTAX)
                err = -EAGAIN;
        question->fn(question->arg, err, err ? NULL : &records);
        free(question);
}

void dns_ares_ask_records(struct dns_ares *ares, enum dns_kind kind, const char *name,
                          dns_records_fn *fn, void *arg)
{
        struct records_question *question = calloc(1, sizeof *question);
        if (!question) {
                fn(arg, -ENOMEM, NULL);
                return;
        }
        *question = (struct records_question){kind, fn, arg};
        ares_query(ares->channel, name, ns_c_in, kind == DNS_SRV ? ns_t_srv : ns_t_naptr,
                   on_records, question);
        schedule(ares);
}
