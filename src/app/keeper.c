/* SPDX-License-Identifier: Apache-2.0 */
#include "app/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/harden.h"
#include "base/log.h"
#include "cli/command.h"
#include "io/io_epoll.h"
#include "store/data_dir.h"

/* How many sockets there are, from FIRST_FD on; set only for a worker. */
#define SOCKETS_VARIABLE "MASKLINE_KEPT_SOCKETS"
#define FIRST_FD         (STDERR_FILENO + 1)

#define CRASHES_MAX    5
#define CRASH_WINDOW_S 60
#define PAUSE_MS       100 /* before the second start in the window; doubles */

static char **command;

void keeper_set_command(char **argv)
{
        command = argv;
}

bool keeper_is_wanted(void)
{
        return getenv(SOCKETS_VARIABLE) == NULL;
}

/* ---- the sockets ---- */

typedef int bind_fn(const struct addr *local, struct addr *bound, int *fd);

struct keeper {
        const struct config *config;
        int sockets; /* open, from FIRST_FD on */
        sigset_t signals;
        pid_t worker;
        bool is_stopping;
        int64_t crashes_ms[CRASHES_MAX]; /* when, the last ones; a ring */
        unsigned crashes;
};

/*
 * Nothing else is open here, so that they get one number after the other. What cannot be had is left
 * to the worker, who says what is wrong.
 */
static bool keep(struct keeper *keeper, struct addr local, bind_fn *bind_socket)
{
        struct addr bound;
        int fd;
        if (bind_socket(&local, &bound, &fd))
                return false;
        if (fd != FIRST_FD + keeper->sockets) {
                close(fd);
                return false;
        }
        keeper->sockets++;
        return true;
}

/* True without an address of the family. */
static bool keep_both(struct keeper *keeper, struct addr rtp, uint32_t port)
{
        if (rtp.family == 0)
                return true;
        rtp.port = (uint16_t)port;
        if (!keep(keeper, rtp, io_epoll_bind_udp))
                return false;
        rtp.port++;
        return keep(keeper, rtp, io_epoll_bind_udp);
}

/* All of a pair, or nothing. */
static bool keep_pair(struct keeper *keeper, const struct addr_pair *media, uint32_t port)
{
        int before = keeper->sockets;
        if (keep_both(keeper, media->ip4, port) && keep_both(keeper, media->ip6, port))
                return true;
        while (keeper->sockets > before)
                close(FIRST_FD + --keeper->sockets);
        return false;
}

/* From a random place on, as media/ports.c has it. */
static void keep_pairs(struct keeper *keeper)
{
        const struct config *c = keeper->config;
        const struct addr_pair media = config_media(c);
        uint32_t first = (c->rtp_port_min + 1) & ~UINT32_C(1);
        uint32_t pairs = c->rtp_port_max > first ? (c->rtp_port_max - first + 1) / 2 : 0;
        uint32_t start = 0;
        if (pairs == 0 || getrandom(&start, sizeof start, 0) != (ssize_t)sizeof start)
                return;
        uint32_t wanted = 2 * c->calls_max;
        for (uint32_t i = 0; i < pairs && wanted; i++)
                wanted -= keep_pair(keeper, &media, first + 2 * ((start % pairs + i) % pairs));
}

static void keep_sip(struct keeper *keeper, const struct addr_pair *listen, bind_fn *bind_socket)
{
        if (listen->ip4.family && listen->ip4.port)
                (void)keep(keeper, listen->ip4, bind_socket);
        if (listen->ip6.family && listen->ip6.port)
                (void)keep(keeper, listen->ip6, bind_socket);
}

static void keep_all(struct keeper *keeper)
{
        char problem[STORE_PROBLEM_BYTES];
        (void)!harden_raise_file_limit(harden_files_needed(keeper->config), problem);
        (void)close_range(FIRST_FD, ~0U, 0);
        keep_sip(keeper, &keeper->config->sip_listen, io_epoll_bind_udp);
        keep_sip(keeper, &keeper->config->sip_tcp_listen, io_epoll_bind_listener);
        keep_sip(keeper, &keeper->config->sip_tls_listen, io_epoll_bind_listener);
        keep_pairs(keeper);
}

/* ---- the worker ---- */

static void become_worker(const struct keeper *keeper, pid_t parent)
{
        char count[16];
        sigset_t none;
        sigemptyset(&none);
        /* Whoever kills the keeper means the server; the terminal's signals come through it. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || setpgid(0, 0) < 0)
                _exit(EXIT_FAILED);
        for (int i = 0; i < keeper->sockets; i++) {
                if (fcntl(FIRST_FD + i, F_SETFD, 0) < 0)
                        _exit(EXIT_FAILED);
        }
        snprintf(count, sizeof count, "%d", keeper->sockets);
        if (setenv(SOCKETS_VARIABLE, count, 1) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
                _exit(EXIT_FAILED);
        execv("/proc/self/exe", command);
        fprintf(stderr, "maskline serve: the server cannot be started: %s; is /proc mounted?\n",
                strerror(errno));
        _exit(EXIT_FAILED);
}

static int start_worker(struct keeper *keeper)
{
        pid_t parent = getpid();
        keeper->worker = fork();
        if (keeper->worker == 0)
                become_worker(keeper, parent);
        if (keeper->worker > 0)
                return 0;
        int err = -errno;
        fprintf(stderr, "maskline serve: the server cannot be started: %s\n", strerror(-err));
        return err;
}

static void pass_on(struct keeper *keeper, int number)
{
        keeper->is_stopping |= number != SIGHUP;
        kill(keeper->worker, number);
}

/* The status of waitpid(). */
static int await_worker(struct keeper *keeper)
{
        for (;;) {
                siginfo_t info;
                int status;
                int number = sigwaitinfo(&keeper->signals, &info);
                if (number == SIGCHLD) {
                        if (waitpid(keeper->worker, &status, WNOHANG) == keeper->worker)
                                return status;
                } else if (number > 0) {
                        pass_on(keeper, number);
                }
        }
}

/* ---- crashes ---- */

static int64_t now_ms(void)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* How many there were in the window, with this one. */
static unsigned note_crash(struct keeper *keeper)
{
        unsigned recent = 0;
        int64_t now = now_ms();
        keeper->crashes_ms[keeper->crashes++ % CRASHES_MAX] = now;
        unsigned known = keeper->crashes < CRASHES_MAX ? keeper->crashes : CRASHES_MAX;
        for (unsigned i = 0; i < known; i++)
                recent += now - keeper->crashes_ms[i] < CRASH_WINDOW_S * 1000;
        return recent;
}

/* At once after the first one; false: a signal to stop has come meanwhile. */
static bool pause_before(struct keeper *keeper, unsigned crashes)
{
        int64_t until_ms = now_ms() + (crashes > 1 ? (int64_t)PAUSE_MS << (crashes - 2) : 0);
        for (;;) {
                int64_t left_ms = until_ms - now_ms();
                if (left_ms < 0)
                        left_ms = 0;
                const struct timespec wait = {left_ms / 1000, left_ms % 1000 * 1000000};
                int number = sigtimedwait(&keeper->signals, NULL, &wait);
                if (number == SIGTERM || number == SIGINT)
                        return false;
                if (number < 0 && errno == EAGAIN)
                        return true;
        }
}

/* True: start another one. */
static bool goes_on_after(struct keeper *keeper, int status)
{
        int number = WTERMSIG(status);
        if (keeper->is_stopping) {
                log_error("keeper: the server was killed by signal %d while it was ending", number);
                return false;
        }
        unsigned crashes = note_crash(keeper);
        if (crashes >= CRASHES_MAX) {
                log_error(
                        "keeper: the server has crashed %u times in %d s, the last time by signal "
                        "%d, and is not started again: the log says what it did before; report "
                        "it, or start it with --no-keeper in a debugger",
                        crashes, CRASH_WINDOW_S, number);
                return false;
        }
        log_error("keeper: the server was killed by signal %d; starting it again", number);
        return pause_before(keeper, crashes);
}

int keeper_run(const struct config *config)
{
        struct keeper keeper = {.config = config};
        sigemptyset(&keeper.signals);
        sigaddset(&keeper.signals, SIGCHLD);
        sigaddset(&keeper.signals, SIGTERM);
        sigaddset(&keeper.signals, SIGINT);
        sigaddset(&keeper.signals, SIGHUP);
        sigprocmask(SIG_BLOCK, &keeper.signals, NULL);
        signal(SIGPIPE, SIG_IGN);
        keep_all(&keeper);

        int status;
        do {
                if (start_worker(&keeper))
                        return EXIT_FAILED;
                status = await_worker(&keeper);
                if (WIFEXITED(status))
                        return WEXITSTATUS(status);
        } while (goes_on_after(&keeper, status));
        return EXIT_FAILED;
}

/* ---- in the worker ---- */

static int take_socket(struct io *io, const struct config *config, int fd, struct kept_sockets *out)
{
        struct addr bound;
        /* Where there are two, the other one has the same port. */
        const struct addr_pair media = config_media(config);
        if (!io_epoll_adopt_listener(io, fd, &bound))
                return 0;
        int err = io_epoll_adopt_udp(io, fd, &bound);
        if (err)
                return err;
        bool is_rtp = addr_equal_ip(&bound, addr_pair_first(&media)) && bound.port % 2 == 0 &&
                      bound.port >= config->rtp_port_min && bound.port < config->rtp_port_max &&
                      !addr_equal(&bound, &config->sip_listen.ip4) &&
                      !addr_equal(&bound, &config->sip_listen.ip6);
        if (is_rtp)
                out->rtp_ports[out->rtp_ports_count++] = bound.port;
        return 0;
}

int keeper_take_sockets(struct io *io, const struct config *config, struct kept_sockets *out)
{
        const char *text = getenv(SOCKETS_VARIABLE);
        uint32_t count = 0;
        *out = (struct kept_sockets){0};
        if (!text || slice_to_u32(slice_from(text), INT16_MAX * 4, &count) || count == 0)
                return 0;
        out->rtp_ports = calloc(count, sizeof *out->rtp_ports);
        if (!out->rtp_ports)
                return -ENOMEM;
        int err = 0;
        for (uint32_t i = 0; !err && i < count; i++)
                err = take_socket(io, config, FIRST_FD + (int)i, out);
        return err;
}
