/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/io_epoll.h"

static struct {
        struct load *load;
        void (*on_go)(struct load *load);
        struct io_fd *watch;
        size_t used;
        char bytes[65536];
} control;

static void say_resting(struct load *load, const struct session *session)
{
        printf("resting %td\n", session - load->parties.sessions);
        fflush(stdout);
}

static bool on_session(const char *line)
{
        uint32_t slot;
        uint8_t digits[4];
        return sscanf(line, "session %" SCNu32 " %" SCNu8 " %" SCNu8 " %" SCNu8 " %" SCNu8, &slot,
                      &digits[0], &digits[1], &digits[2], &digits[3]) == 5 &&
               parties_add(&control.load->parties, slot, digits) == 0;
}

static bool on_slot(const char *line)
{
        uint32_t slot;
        struct load *load = control.load;
        bool is_rest = sscanf(line, "rest %" SCNu32, &slot) == 1;
        if (!is_rest && sscanf(line, "ended %" SCNu32, &slot) != 1)
                return false;
        struct session *session = parties_at(&load->parties, slot);
        if (!session)
                return false;
        if (!is_rest)
                parties_end(&load->parties, session);
        else if (parties_rest(&load->parties, session))
                say_resting(load, session);
        return true;
}

static void leave(struct load *load)
{
        load->is_stopping = true;
        load->is_leaving = true;
}

static void on_line(const char *line)
{
        if (!strcmp(line, "go"))
                control.on_go(control.load);
        else if (!strcmp(line, "stop"))
                control.load->is_stopping = true;
        else if (!strcmp(line, "leave"))
                leave(control.load);
        else if (!on_session(line) && !on_slot(line))
                fprintf(stderr, "masked_load: cannot be done: %s\n", line);
}

static void take_lines(void)
{
        char *line = control.bytes, *end = control.bytes + control.used;
        for (char *newline; (newline = memchr(line, '\n', (size_t)(end - line)));) {
                *newline = '\0';
                on_line(line);
                line = newline + 1;
        }
        control.used = (size_t)(end - line);
        memmove(control.bytes, line, control.used);
}

static void on_input(void *arg, unsigned events)
{
        (void)arg;
        (void)events;
        ssize_t n = read(STDIN_FILENO, control.bytes + control.used,
                         sizeof control.bytes - control.used);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                leave(control.load);
                io_fd_unwatch(control.watch);
                return;
        }
        control.used += (size_t)n;
        take_lines();
}

int control_open(struct load *load, void (*on_go)(struct load *load))
{
        control.load = load;
        control.on_go = on_go;
        load->on_rest = say_resting;
        if (fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        puts("ready");
        fflush(stdout);
        return io_fd_watch(load->io, STDIN_FILENO, IO_READ, on_input, NULL, &control.watch);
}
