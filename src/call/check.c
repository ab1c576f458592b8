/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - the steps of a check, one after the other. What each found is said in check_words.c.
 */
#include "call/check.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call/check_words.h"
#include "sip/sip_stream.h"

#define ANSWER_MS   4000
/* Older strangers are no news. */
#define STRANGER_MS 3600000

struct check {
        struct check_params params;
        struct trunk trunk; /* as it was when the check began */
        struct check_report report;
        struct io_timer limit;
        struct io_task task;

        struct locate *search;
        struct sip_target targets[CHECK_TARGETS_MAX];
        unsigned target_count, at;
        unsigned answered; /* of the targets */

        struct stream *stream; /* of the connection that is tried */
        int64_t began_ms;
        struct sip_probe probe;
        bool is_probing;
};

static int64_t now_ms(const struct check *check)
{
        return io_now_ms(check->params.io);
}

/* A place for the next sentence; the last one is kept for the verdict. */
static struct check_step *next_step(struct check *check)
{
        struct check_report *report = &check->report;
        if (report->count < CHECK_STEPS_MAX - 1)
                report->count++;
        return &report->steps[report->count - 1];
}

/* What a trunk with another target that answers can live with. */
static void soften(struct check *check)
{
        for (unsigned i = 0; check->answered && i < check->report.count; i++) {
                struct check_step *step = &check->report.steps[i];
                bool is_one_targets = step->kind == CHECK_CONNECT || step->kind == CHECK_OPTIONS;
                if (is_one_targets && step->grade == CHECK_BAD && check->target_count > 1)
                        step->grade = CHECK_WARN;
        }
}

static void let_go(struct check *check)
{
        locate_cancel(check->search);
        stream_abort(check->stream);
        if (check->is_probing)
                sip_probe_cancel(check->params.ua, check->probe);
        io_timer_stop(check->params.io, &check->limit);
        io_defer_cancel(check->params.io, &check->task);
        check->search = NULL;
        check->stream = NULL;
        check->is_probing = false;
}

static void finish(struct check *check)
{
        struct check_report *report = &check->report;
        let_go(check);
        soften(check);
        check_words_verdict(&report->steps[report->count], &check->trunk, report);
        report->count++;
        report->is_good = report->steps[report->count - 1].grade != CHECK_BAD;
        report->is_over = true;
}

/* Incoming */

static void tell_incoming(struct check *check)
{
        struct sip_stranger strangers[SIP_STRANGERS_MAX];
        const struct sip_trunk_state *state =
                sip_trunks_state_any(check->params.trunks, check->trunk.id);
        int64_t wall_ms = io_wall_ms(check->params.io);
        check_words_incoming(next_step(check), &check->trunk, state ? state->last_invite_ms : 0,
                             wall_ms);
        unsigned count = sip_ua_strangers(check->params.ua, strangers);
        for (unsigned i = 0; i < count; i++) {
                if (wall_ms - strangers[i].last_wall_ms < STRANGER_MS)
                        check_words_stranger(next_step(check), &check->trunk, &strangers[i],
                                             wall_ms);
        }
        finish(check);
}

/* Login */

static void on_registrar_answered(void *arg, const struct sip_probe_result *result)
{
        struct check *check = arg;
        struct sip_registration registration;
        check->is_probing = false;
        sip_ua_registration(check->params.ua, check->trunk.id, &registration);
        check_words_login(next_step(check), &check->trunk, &registration, result);
        tell_incoming(check);
}

static void ask_registrar(struct check *check)
{
        const struct sip_probe_params params = {
                .trunk_id = check->trunk.id,
                .method = SIP_REGISTER,
                .to = check->targets[0],
                .timeout_ms = ANSWER_MS,
                .shows_password = true,
                .fn = on_registrar_answered,
                .arg = check,
        };
        if (!check->trunk.registers || !check->target_count) {
                tell_incoming(check);
                return;
        }
        int err = sip_probe_start(check->params.ua, &params, &check->probe);
        check->is_probing = !err;
        if (!err)
                return;
        check_words_unsent(next_step(check), &check->targets[0], err);
        check->report.steps[check->report.count - 1].kind = CHECK_LOGIN;
        tell_incoming(check);
}

/* The targets */

static void try_target(struct check *check);

static void try_next_target(struct check *check)
{
        check->at++;
        try_target(check);
}

static void on_options_answered(void *arg, const struct sip_probe_result *result)
{
        struct check *check = arg;
        struct check_step *step = next_step(check), more;
        check->is_probing = false;
        check_words_options(step, &check->trunk, result);
        bool is_first = step->grade != CHECK_BAD && check->answered++ == 0;
        if (is_first && check_words_address(&more, &check->trunk, result))
                *next_step(check) = more;
        if (is_first && check_words_clock(&more, result))
                *next_step(check) = more;
        try_next_target(check);
}

static void ask_options(struct check *check)
{
        const struct sip_probe_params params = {
                .trunk_id = check->trunk.id,
                .method = SIP_OPTIONS,
                .to = check->targets[check->at],
                .timeout_ms = ANSWER_MS,
                .shows_password = true,
                .fn = on_options_answered,
                .arg = check,
        };
        int err = sip_probe_start(check->params.ua, &params, &check->probe);
        check->is_probing = !err;
        if (!err)
                return;
        check_words_unsent(next_step(check), &params.to, err);
        try_next_target(check);
}

static void tell_connected(struct check *check, int err, const char *reason)
{
        struct check_connection c = {
                .target = check->targets[check->at],
                .err = err,
                .reason = reason,
                .took_ms = now_ms(check) - check->began_ms,
                .now_ms = io_wall_ms(check->params.io),
        };
        if (!err && c.target.transport == SIP_TLS) {
                tls_describe(check->stream, &c.tls);
                c.has_tls = c.tls.has_certificate;
        }
        check_words_connect(next_step(check), &c);
}

static void on_open(void *arg)
{
        struct check *check = arg;
        tell_connected(check, 0, NULL);
        stream_close(check->stream);
        check->stream = NULL;
        ask_options(check);
}

static void on_data(void *arg, struct slice data)
{
        (void)arg;
        (void)data;
}

static void on_close(void *arg, int err)
{
        struct check *check = arg;
        const char *reason = stream_reason(check->stream);
        tell_connected(check, err ? err : -ECONNRESET, reason ? reason : "it was closed at once");
        check->stream = NULL;
        try_next_target(check);
}

static const struct stream_handlers handlers = {
        .on_open = on_open,
        .on_data = on_data,
        .on_close = on_close,
};

static int open_stream(struct check *check, const struct sip_target *target)
{
        const struct sip_stream_params params = {
                .io = check->params.io,
                .tls = check->params.tls,
                .trunk = &check->trunk,
                .to = target,
                .handlers = &handlers,
                .arg = check,
        };
        return sip_stream_open(&params, &check->stream);
}

static void try_target(struct check *check)
{
        if (check->at == check->target_count) {
                ask_registrar(check);
                return;
        }
        const struct sip_target *target = &check->targets[check->at];
        check->began_ms = now_ms(check);
        if (target->transport == SIP_UDP) {
                tell_connected(check, 0, NULL);
                ask_options(check);
                return;
        }
        int err = open_stream(check, target);
        if (!err)
                return;
        tell_connected(check, err, err_text(err));
        try_next_target(check);
}

/* The name */

static void take(struct check *check, enum sip_transport transport, struct addr addr)
{
        if (check->target_count < CHECK_TARGETS_MAX)
                check->targets[check->target_count++] = sip_target_of(transport, addr);
}

/* What signalling found before is asked all the same. */
static void take_known(struct check *check)
{
        const struct sip_trunk_state *state =
                sip_trunks_state_any(check->params.trunks, check->trunk.id);
        for (unsigned i = 0; state && i < sip_peers_current(&state->peers); i++)
                take(check, state->peers.list[i].target.transport,
                     state->peers.list[i].target.addr);
}

static void take_answer(struct check *check, const struct locate_answer *answer,
                        struct locate_answer *called)
{
        called->count =
                sip_trunk_choose(check->params.trunks, &check->trunk, answer, called->targets);
        for (unsigned i = 0; i < called->count; i++)
                take(check, called->targets[i].transport, called->targets[i].addr);
}

static void on_located(void *arg, int err, const struct locate_answer *answer)
{
        struct check *check = arg;
        check->search = NULL;
        struct locate_answer called = {0};
        if (err)
                take_known(check);
        else
                take_answer(check, answer, &called);
        check_words_resolve(next_step(check), &check->trunk, err, answer, &called);
        try_target(check);
}

static void begin(void *arg)
{
        struct check *check = arg;
        const struct trunk *trunk = &check->trunk;
        const struct locate_params params = {
                .host = slice_from(trunk->peer_host),
                .port = trunk->peer_port,
                .transport = sip_trunk_transport(trunk),
                .speaks = sip_trunks_spoken(check->params.trunks),
        };
        if (!trunk->peer_host[0]) {
                check_words_resolve(next_step(check), trunk, 0, NULL, NULL);
                tell_incoming(check);
                return;
        }
        int err = locate_start(check->params.io, &params, on_located, check, &check->search);
        if (err)
                on_located(check, err, NULL);
}

static void on_limit(void *arg)
{
        finish(arg);
}

int check_start(const struct check_params *params, struct check **out)
{
        const struct sip_trunk_state *state = sip_trunks_find(params->trunks, params->trunk_id);
        if (!state)
                return ERR_NOT_FOUND;
        struct check *check = calloc(1, sizeof *check);
        if (!check)
                return -ENOMEM;
        check->params = *params;
        check->trunk = state->trunk;
        io_timer_start(params->io, &check->limit, CHECK_MS, on_limit, check);
        io_defer(params->io, &check->task, begin, check);
        *out = check;
        return 0;
}

void check_destroy(struct check *check)
{
        if (!check)
                return;
        let_go(check);
        free(check);
}

uint32_t check_trunk(const struct check *check)
{
        return check->trunk.id;
}

const struct check_report *check_report(const struct check *check)
{
        return &check->report;
}
