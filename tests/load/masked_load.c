/* SPDX-License-Identifier: Apache-2.0 */
/*
 * masked_load - callers and callees around a system that masks numbers, at a constant rate.
 *
 *     masked_load --target 127.0.0.1:5060 --rate 1000 --calls 40000 [--mix answered=9,busy=1]
 *
 * `masked_load --help` has the options and the kinds of calls. Arrivals are evenly spaced. Each
 * message that comes back is searched for numbers that its receiver must not see, each call must
 * come to what its kind wants, and what did not is counted by kind and reason (tally.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "io/io_epoll.h"
#include "options.h"
#include "voice.h"

#define PROGRESS_MS 1000
#define WATCH_MS    50

static struct load load;
static struct io_timer watch_timer, progress_timer;

/* ---- the run ---- */

static void on_arrival(void *arg)
{
        (void)arg;
        static bool waits;
        double elapsed_s = (double)(load_now_us() - load.begin_us) / 1e6;
        uint64_t due = (uint64_t)(elapsed_s * load.options.rate) + 1;
        if (due > load.options.calls)
                due = load.options.calls;
        while (!load.is_stopping && tally_started(&load.tally) < due) {
                if (!caller_start(&load)) {
                        load.tally.waited += !waits;
                        waits = true;
                        break;
                }
                waits = false;
        }
        if (!load.is_stopping && tally_started(&load.tally) < load.options.calls)
                io_timer_start(load.io, &load.arrivals, 1, on_arrival, NULL);
        else
                load.is_stopping = true;
}

/* Once. */
static void report(void)
{
        static bool is_done;
        if (is_done)
                return;
        is_done = true;
        io_timer_stop(load.io, &progress_timer);
        load.tally.broken = link_broken(load.links[0]) + link_broken(load.links[1]);
        tally_report(&load.tally, (double)(load_now_us() - load.begin_us) / 1e6, load.peak, stdout);
        fflush(stdout);
}

static void watch(void *arg)
{
        if (load.is_stopping && load.busy == 0) {
                report();
                if (load.is_leaving) {
                        io_stop(load.io);
                        return;
                }
        }
        io_timer_start(load.io, &watch_timer, WATCH_MS, watch, arg);
}

static void on_progress(void *arg)
{
        tally_progress(&load.tally, stdout);
        fflush(stdout);
        io_timer_start(load.io, &progress_timer, PROGRESS_MS, on_progress, arg);
}

static void begin(struct load *run)
{
        run->begin_us = load_now_us();
        io_timer_start(run->io, &run->arrivals, 0, on_arrival, NULL);
}

/* Once: no further calls. Twice: at once. */
static void on_signal(void *arg, int number)
{
        (void)arg;
        (void)number;
        if (load.is_stopping)
                io_stop(load.io);
        load.is_stopping = load.is_leaving = true;
}

/* ---- what it starts with ---- */

static void read_mix(const struct settings *settings)
{
        const char *problem;
        if (mix_parse(settings->mix, &load.mix, &problem)) {
                fprintf(stderr, "masked_load: --mix %s: %s\n", settings->mix, problem);
                exit(2);
        }
        bool needs_control = load.mix.weights[KIND_ANSWERED] != load.mix.total;
        if (needs_control && !settings->has_control)
                options_need(-EINVAL,
                             "callees know what to do only with --control, but for --mix answered");
}

static void add_shared_session(const char *text)
{
        uint8_t digits[4];
        if (sscanf(text, "%" SCNu8 ",%" SCNu8 ",%" SCNu8 ",%" SCNu8, &digits[0], &digits[1],
                   &digits[2], &digits[3]) != 4)
                options_need(-EINVAL, "--session");
        options_need(parties_add(&load.parties, 0, digits), "--session");
}

/* ---- all of it ---- */

static void take_memory(void)
{
        load.calls = calloc(CALLS_MAX, sizeof *load.calls);
        load.legs = calloc(CALLS_MAX, sizeof *load.legs);
        if (!load.calls || !load.legs)
                options_need(-ENOMEM, "start");
        for (uint32_t i = CALLS_MAX; i-- > 0;) {
                load.calls[i].index = i;
                load.calls[i].next_idle = load.idle;
                load.idle = &load.calls[i];
                load.legs[i].next = load.free_legs;
                load.free_legs = &load.legs[i];
        }
}

static void open_links(const struct settings *settings, struct tls_context *tls)
{
        static link_fn *const handlers[2] = {caller_on_message, callee_on_message};
        for (int side = 0; side < 2; side++) {
                const struct link_params params = {
                        .io = load.io,
                        .transport = settings->transport,
                        .local = settings->local[side],
                        .tls = tls,
                        .domain = settings->domain ? settings->domain : "",
                        .fn = handlers[side],
                        .arg = &load,
                };
                options_need(link_open(&params, &load.links[side]),
                             side == CALLER_SIDE ? "--caller" : "--callee");
        }
}

static struct tls_context *open_tls(const struct settings *settings)
{
        struct tls_context *tls = NULL;
        struct tls_reason why;
        if (settings->transport == SIP_TLS && tls_context_create(&settings->tls, &why, &tls)) {
                fprintf(stderr, "masked_load: tls: %s\n", why.text);
                exit(2);
        }
        return tls;
}

static bool all_is_well(void)
{
        const struct tally *t = &load.tally;
        uint64_t failed, ended = tally_ended(t, &failed);
        return !failed && !t->leaks && !t->wrong && !t->crossed && ended == tally_started(t);
}

static void run(const struct settings *settings)
{
        options_need(io_on_signal(load.io, SIGINT, on_signal, NULL), "signals");
        options_need(io_on_signal(load.io, SIGTERM, on_signal, NULL), "signals");
        io_timer_start(load.io, &watch_timer, WATCH_MS, watch, NULL);
        if (settings->has_progress)
                io_timer_start(load.io, &progress_timer, PROGRESS_MS, on_progress, NULL);
        load.is_leaving = !settings->has_control;
        if (settings->has_control)
                options_need(control_open(&load, begin), "standard input");
        else
                begin(&load);
        io_run(load.io);
}

int main(int argc, char **argv)
{
        struct settings settings;
        options_read(argc, argv, &settings);
        read_mix(&settings);
        load.options = settings.options;
        parties_init(&load.parties, !settings.has_control);
        if (!settings.has_control)
                add_shared_session(settings.session);
        take_memory();
        options_need(io_create_epoll(&load.io), "loop");
        load.run = random_u32(io_random(load.io));
        struct tls_context *tls = open_tls(&settings);
        open_links(&settings, tls);
        options_need(voice_open(&load), "RTP");
        run(&settings);

        report();
        voice_close(&load);
        link_close(load.links[0]);
        link_close(load.links[1]);
        io_destroy(load.io);
        tls_context_destroy(tls);
        free(load.calls);
        free(load.legs);
        return all_is_well() ? 0 : 1;
}
