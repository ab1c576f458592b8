/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_play.c - a flow from its first step to the time after its last, when nothing may be left.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow_run.h"

#define DELAY_MS      10
#define SETTLE_MS     100 /* until audio is what it will be */
#define LISTEN_MS     400
#define PACKETS_LEAST 15 /* of the 20 in that time */
#define QUIET_S_MAX   200

void flow_fail(struct flow_run *run, const char *format, ...)
{
        if (run->has_failed)
                return;
        va_list args;
        va_start(args, format);
        vsnprintf(run->problem, sizeof run->problem, format, args);
        va_end(args);
        run->has_failed = true;
}

static int64_t now_ms(const struct flow_run *run)
{
        return sim_world_now_ms(run->platform->sim);
}

static void check_inbox_empty(struct flow_run *run)
{
        const struct flow_event *event = flow_inbox(run, NULL);
        if (event)
                flow_fail(run, "%s gets what nothing here expects", event->peer->name);
}

/* Time in which nothing comes to anybody. */
static void pass(struct flow_run *run, int64_t ms)
{
        check_inbox_empty(run);
        if (run->has_failed)
                return;
        sim_world_run_ms(run->platform->sim, ms);
        check_inbox_empty(run);
}

/* ---- setting up ---- */

static int64_t limit_of(const struct flow *flow, const char *name)
{
        for (unsigned i = 0; i < flow->step_count; i++) {
                const struct flow_step *step = &flow->steps[i];
                if (step->kind == FLOW_LIMIT && !strcmp(step->who, name))
                        return step->value;
        }
        return 0;
}

/* DNS does not forget when Maskline is killed. */
static void on_begin(void *arg)
{
        flow_dns_begin_again(arg);
}

static void set_overflow(struct flow_run *run)
{
        struct directory *dir = run->platform->directory;
        for (unsigned i = 0; i < run->flow->step_count; i++) {
                const struct flow_step *step = &run->flow->steps[i];
                if (step->kind != FLOW_TRUNK || !step->trunk.overflow_count)
                        continue;
                struct trunk trunk = *directory_trunk_find(dir, 1, slice_from(step->who));
                for (unsigned j = 0; j < trunk.overflow_count; j++)
                        trunk.overflow[j] =
                                directory_trunk_find(dir, 1, slice_from(step->overflow[j]))->id;
                platform_change_trunk(run->platform, &trunk);
        }
}

static void set_transport(const struct flow_run *run, struct trunk *trunk)
{
        if (run->platform->options.transport != TRUNK_UDP)
                trunk->transport = run->platform->options.transport;
}

static void add_trunks(struct flow_run *run)
{
        flow_dns_begin(run);
        struct addr peer = platform_addr(NORTH_IP ":5060");
        struct trunk north = platform_trunk("north", &peer, NORTH_IP);
        peer = platform_addr(SOUTH_IP ":5060");
        struct trunk south = platform_trunk("south", &peer, SOUTH_IP);
        set_transport(run, &north);
        set_transport(run, &south);
        for (unsigned i = 0; i < run->flow->step_count; i++) {
                const struct flow_step *step = &run->flow->steps[i];
                if (step->kind != FLOW_TRUNK)
                        continue;
                struct trunk trunk = step->trunk;
                set_transport(run, &trunk);
                platform_seal(run->platform, &trunk, step->password, step->headers);
                if (!strcmp(step->who, "north"))
                        north = trunk;
                else if (!strcmp(step->who, "south"))
                        south = trunk;
                else
                        platform_add_trunk(run->platform, &trunk);
        }
        platform_add_trunk(run->platform, &north);
        platform_add_trunk(run->platform, &south);
        platform_add_number(run->platform, M1, north.id);
        platform_add_number(run->platform, M2, south.id);
        set_overflow(run);
}

static void check_trunk_state(struct flow_run *run, const struct flow_step *step)
{
        const struct trunk *trunk =
                directory_trunk_find(run->platform->directory, 1, slice_from(step->who));
        assert_non_null(trunk);
        const struct sip_trunk_state *state = sip_trunks_find(run->platform->trunks, trunk->id);
        if (state->health.state != (enum sip_health)step->value)
                flow_fail(run, "it is %s", sip_health_name(state->health.state));
}

static void check_registration(struct flow_run *run, const struct flow_step *step)
{
        const struct trunk *trunk =
                directory_trunk_find(run->platform->directory, 1, slice_from(step->who));
        struct sip_registration found;
        assert_non_null(trunk);
        calls_registration(run->platform->calls, trunk->id, &found);
        int64_t what = found.is_registered                           ? 1
                       : found.problem == SIP_REGISTRATION_REFUSED   ? 2
                       : found.problem == SIP_REGISTRATION_NO_ANSWER ? 3
                                                                     : 0;
        if (what != step->value)
                flow_fail(run, "registered: %d; problem: '%s'", found.is_registered,
                          sip_registration_problem_text(found.problem));
}

/* One person has one voice, wherever she is called. */
static enum sound voice_of(const char *number)
{
        if (!strcmp(number, "customer"))
                return SOUND_CUSTOMER;
        return !strcmp(number, "agent") ? SOUND_AGENT : SOUND_STRANGER;
}

/* Said to be at another address than usual. */
static bool is_placed(const struct flow *flow, const char *name)
{
        for (unsigned i = 0; i < flow->step_count; i++) {
                if (flow->steps[i].kind == FLOW_PEER && !strcmp(flow->steps[i].who, name))
                        return true;
        }
        return false;
}

static void add_peers(struct flow_run *run)
{
        static const struct {
                const char *name, *at;
                enum sound voice;
        } usual[] = {
                {"agent", NORTH_IP ":5060", SOUND_AGENT},
                {"customer", SOUTH_IP ":5060", SOUND_CUSTOMER},
                {"stranger", NORTH_IP ":5062", SOUND_STRANGER},
        };
        for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
                if (is_placed(run->flow, usual[i].name))
                        continue;
                struct addr at = platform_addr(usual[i].at);
                flow_peer_open(run, usual[i].name, &at, usual[i].name, usual[i].voice);
        }
        for (unsigned i = 0; i < run->flow->step_count; i++) {
                const struct flow_step *step = &run->flow->steps[i];
                if (step->kind == FLOW_PEER)
                        flow_peer_open(run, step->who, &step->address, step->numbers[0],
                                       voice_of(step->numbers[0]));
        }
        for (unsigned i = 0; i < run->flow->step_count; i++) {
                const struct flow_step *step = &run->flow->steps[i];
                struct flow_peer *peer =
                        step->kind == FLOW_SPEAK ? flow_peer_find(run, step->who) : NULL;
                if (peer)
                        flow_stream_listen(peer, (enum trunk_transport)step->value);
        }
        enum trunk_transport all = run->platform->options.transport;
        for (unsigned i = 0; i < run->peer_count && all != TRUNK_UDP; i++) {
                if (!run->peers[i].listener)
                        flow_stream_listen(&run->peers[i], all);
        }
}

/* Who spoke in another's name gets back what it said itself. */
static bool is_echo(const struct flow_run *run, const struct addr *to)
{
        for (unsigned i = run->event_count; i > 0; i--) {
                const struct flow_event *event = &run->events[i - 1];
                if (event->is_sent && addr_equal(&event->peer->addr, to))
                        return event->step->message.as != NULL;
        }
        return false;
}

static void on_datagram(void *arg, const struct addr *from, const struct addr *to,
                        struct slice data)
{
        struct flow_run *run = arg;
        if (run->storm)
                flow_storm_on_datagram(run, from, to, data);
        if (!platform_is_at(run->platform, from))
                return;
        const char *leak = platform_leak(to, data);
        if (leak && !is_echo(run, to))
                flow_fail(run, "%s goes to %s", leak, addr_format(to).text);
}

struct flow_run *flow_run_create(const struct flow *flow, const struct platform_options *options)
{
        struct flow_run *run = calloc(1, sizeof *run);
        assert_non_null(run);
        struct platform_options own = *options;
        own.survives |= flow_has(flow, FLOW_CRASH);
        own.speaks_ip6 = flow_speaks_ip6(flow);
        own.calls_max = (uint32_t)limit_of(flow, "calls");
        own.same_pair_max = (uint32_t)limit_of(flow, "pair");
        own.ring_timeout_ms = limit_of(flow, "ring");
        own.media_timeout_ms = limit_of(flow, "media");
        own.session_timer_ms = limit_of(flow, "session");
        if (limit_of(flow, "call"))
                own.call_ms_max = limit_of(flow, "call");
        run->flow = flow;
        run->step = &flow->steps[0];
        run->platform = platform_create(&own);
        run->platform->blind = true;
        run->platform->on_datagram = on_datagram;
        run->platform->on_begin = on_begin;
        run->platform->arg = run;
        assert_int_equal(io_create_sim(run->platform->sim, &run->io), 0);
        add_trunks(run);
        add_peers(run);
        sim_world_run_ms(run->platform->sim, 100);
        run->started_ms = now_ms(run);
        return run;
}

/* ---- steps ---- */

static void hears(struct flow_run *run, struct flow_call *call, const char *word)
{
        pass(run, SETTLE_MS);
        memset(call->heard, 0, sizeof call->heard);
        pass(run, LISTEN_MS);
        for (int i = 0; i < SOUNDS && !run->has_failed; i++) {
                const char *name = sound_name((enum sound)i);
                bool is_it = !strcmp(word, name);
                if (is_it && call->heard[i] < PACKETS_LEAST)
                        flow_fail(run, "%s is heard in %u packets only", name, call->heard[i]);
                if (!is_it && call->heard[i])
                        flow_fail(run, "%s is heard", name);
        }
}

static void got_digits(struct flow_run *run, struct flow_call *call, const char *digits)
{
        pass(run, LISTEN_MS);
        if (strcmp(call->digits, digits) != 0)
                flow_fail(run, "the digits that came are '%s'", call->digits);
        memset(call->digits, 0, sizeof call->digits);
}

static void wait_for_records(struct flow_run *run)
{
        for (int s = 0; s < QUIET_S_MAX && calls_active(run->platform->calls) && !run->has_failed;
             s++)
                pass(run, 1000);
        if (calls_active(run->platform->calls))
                flow_fail(run, "the call is not over");
}

static void check_attempts(struct flow_run *run, const struct flow_record *expected,
                           const struct cdr *record)
{
        const struct directory *dir = run->platform->directory;
        if (expected->tried_count && record->attempt_count != expected->tried_count)
                flow_fail(run, "there were %u attempts", record->attempt_count);
        for (unsigned i = 0; i < expected->tried_count && i < record->attempt_count; i++) {
                const struct cdr_attempt *attempt = &record->attempts[i];
                const struct trunk *trunk = directory_trunk_get(dir, attempt->trunk_id);
                if (!trunk || strcmp(trunk->name, expected->tried[i].trunk) != 0)
                        flow_fail(run, "attempt %u was on trunk %s", i + 1,
                                  trunk ? trunk->name : "(none)");
                if (attempt->how != expected->tried[i].how)
                        flow_fail(run, "attempt %u: %s", i + 1,
                                  cdr_attempt_text((enum cdr_attempt_end)attempt->how));
        }
}

static void check_record(struct flow_run *run, const struct flow_record *expected)
{
        wait_for_records(run);
        if (run->has_failed)
                return;
        struct records records = platform_records(run->platform, expected->call);
        const struct cdr *record = &records.legs[expected->leg];
        if (!records.has[expected->leg]) {
                flow_fail(run, "there is no such record");
                return;
        }
        if (expected->cause >= 0 && record->cause != (unsigned)expected->cause)
                flow_fail(run, "the cause is %d", (int)record->cause);
        if (expected->source && strcmp(expected->source, hangup_source_name(record->source)) != 0)
                flow_fail(run, "the source is %s", hangup_source_name(record->source));
        if (expected->status >= 0 && record->sip_status != expected->status)
                flow_fail(run, "the status is %u", record->sip_status);
        if (expected->attempts >= 0 && record->attempt_count != expected->attempts)
                flow_fail(run, "there were %u attempts", record->attempt_count);
        check_attempts(run, expected, record);
        if (expected->verdict && strcmp(expected->verdict, mask_verdict_name(record->verdict)) != 0)
                flow_fail(run, "the verdict is %s", mask_verdict_name(record->verdict));
        if (expected->answered >= 0 && (record->answered_ms != 0) != expected->answered)
                flow_fail(run, "it was%s answered", record->answered_ms ? "" : " not");
}

static void check_no_record(struct flow_run *run)
{
        wait_for_records(run);
        if (!run->has_failed && platform_records(run->platform, 0).count)
                flow_fail(run, "there is a record");
}

static void check_counter(struct flow_run *run, const struct flow_step *step)
{
        struct calls_counters c;
        calls_counters(run->platform->calls, &c);
        const struct {
                const char *name;
                uint64_t value;
        } rows[] = {
                {"calls", c.calls},
                {"connected", c.connected},
                {"refused", c.refused},
                {"limited", c.limited},
                {"media-legs", c.media_legs},
                {"not-sip", c.sip.not_sip},
                {"untrusted", c.sip.untrusted},
                {"refused-400", c.sip.refused_400},
                {"refused-overload", c.sip.refused_overload},
                {"refused-large", c.sip.refused_large},
                {"retransmitted-in", c.sip.retransmitted_in},
                {"retransmitted-out", c.sip.retransmitted_out},
                {"stray-responses", c.sip.stray_responses},
                {"stray-answers", c.sip.stray_answers},
                {"options", c.sip.options},
                {"method-not-allowed", c.sip.method_not_allowed},
                {"unsent", c.sip.unsent},
                {"connections", c.sip.streams.connections},
                {"connections-accepted", c.sip.streams.accepted},
                {"connections-made", c.sip.streams.opened},
                {"connections-refused", c.sip.streams.refused},
                {"connections-failed", c.sip.streams.failed},
                {"connections-lost", c.sip.streams.lost},
                {"connections-broken", c.sip.streams.broken},
                {"failovers", c.sip.failovers},
                {"redirects", c.sip.redirects},
                {"overflowed", c.overflowed},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                if (strcmp(rows[i].name, step->who) != 0)
                        continue;
                if (rows[i].value != (uint64_t)step->value)
                        flow_fail(run, "it is %llu", (unsigned long long)rows[i].value);
                return;
        }
        flow_fail(run, "there is no such counter");
}

static uint64_t number_of(struct flow_run *run, const char *word)
{
        uint64_t number = flow_number_or_digits(word);
        if (!number)
                flow_fail(run, "no number: %s", word);
        return number;
}

static void create_session(struct flow_run *run, const struct flow_step *step)
{
        uint64_t number[4];
        for (int i = 0; i < 4; i++)
                number[i] = number_of(run, step->numbers[i]);
        if (!run->has_failed)
                run->session = platform_session(run->platform, number[0], number[1], number[2],
                                                number[3], step->value);
        /* In a storm the clock may have jumped, and quarantine not be over. */
        if (!run->has_failed && !run->session && !run->storm)
                flow_fail(run, "a number is taken for its party");
}

static void check_count(struct flow_run *run, unsigned count, int64_t expected)
{
        if (count != (uint64_t)expected)
                flow_fail(run, "it is %u", count);
}

/* Any bytes; "ping" stands for what cannot be written in a line. */
static void say(struct flow_peer *peer, const char *word)
{
        const char *text = strcmp(word, "ping") ? word : "\r\n\r\n";
        flow_stream_say(peer, slice_from(text), false);
}

static void play_of_peer(struct flow_run *run, const struct flow_step *step)
{
        struct flow_peer *peer = flow_peer_find(run, step->who);
        if (!peer) {
                flow_fail(run, "nobody is called %s", step->who);
                return;
        }
        struct flow_call *call = flow_call_get(peer, step->call);
        switch (step->kind) {
        case FLOW_SEND:
                flow_peer_send(peer, step);
                return;
        case FLOW_EXPECT:
                flow_expect(peer, step);
                return;
        case FLOW_HEARS:
                hears(run, call, step->word);
                return;
        case FLOW_DIGITS:
                got_digits(run, call, step->word);
                return;
        case FLOW_PRESS:
                flow_audio_press(call, step->word[0]);
                return;
        case FLOW_TALK_INTO: {
                struct flow_peer *victim = flow_peer_find(run, step->word);
                if (victim)
                        flow_audio_intrude(call, flow_call_get(victim, step->call));
                else
                        flow_fail(run, "nobody is called %s", step->word);
                return;
        }
        case FLOW_TALK:
        case FLOW_QUIET:
                call->is_quiet = step->kind == FLOW_QUIET;
                return;
        case FLOW_VANISH:
                peer->has_vanished = true;
                return;
        case FLOW_CONNECT:
                flow_stream_connect(peer);
                return;
        case FLOW_DISCONNECT:
                flow_stream_disconnect(peer);
                return;
        case FLOW_WRITE:
                say(peer, step->word);
                return;
        case FLOW_CONNECTIONS:
                check_count(run, flow_stream_count(peer), step->value);
                return;
        case FLOW_PINGS:
                check_count(run, peer->pings, step->value);
                peer->pings = 0;
                return;
        case FLOW_PONGS:
                check_count(run, peer->pongs, step->value);
                peer->pongs = 0;
                return;
        default:
                fail_msg("no step of a peer's");
        }
}

void flow_play_step(struct flow_run *run, const struct flow_step *step)
{
        switch (step->kind) {
        case FLOW_TRUNK:
        case FLOW_PEER:
        case FLOW_LIMIT:
        case FLOW_SPEAK:
                return;
        case FLOW_AFTER:
                pass(run, step->value);
                return;
        case FLOW_SESSION:
                create_session(run, step);
                return;
        case FLOW_POLICY:
        case FLOW_SESSION_OF:
        case FLOW_CHANGE:
                flow_provision(run, step);
                return;
        case FLOW_END_SESSION:
                platform_end_session(run->platform, run->session);
                return;
        case FLOW_REMOVE_NUMBER:
                platform_remove_number(run->platform, number_of(run, step->numbers[0]));
                return;
        case FLOW_WALL:
                sim_set_wall_ms(run->platform->io, io_wall_ms(run->platform->io) + step->value);
                return;
        case FLOW_CRASH:
                platform_crash(run->platform, step->value);
                return;
        case FLOW_DRAIN:
                calls_drain(run->platform->calls);
                return;
        case FLOW_LEAVE:
                calls_leave(run->platform->calls);
                return;
        case FLOW_HANG_UP:
                if (step->value)
                        calls_hangup_now(run->platform->calls);
                else
                        calls_hangup_all(run->platform->calls);
                return;
        case FLOW_RECORD:
                check_record(run, &step->record);
                return;
        case FLOW_NO_RECORD:
                check_no_record(run);
                return;
        case FLOW_COUNTER:
                check_counter(run, step);
                return;
        case FLOW_EXPLAINED:
        case FLOW_KEYS_IN:
                flow_ask(run, step);
                return;
        case FLOW_SERVERS:
                flow_dns_change(run, step);
                return;
        case FLOW_TRUNK_STATE:
                check_trunk_state(run, step);
                return;
        case FLOW_REGISTRATION:
                check_registration(run, step);
                return;
        default:
                play_of_peer(run, step);
                return;
        }
}

/* ---- the end ---- */

/* Every timer of SIP has run out: nothing more has come, and nothing is held. */
static void come_to_rest(struct flow_run *run)
{
        wait_for_records(run);
        for (int s = 0; s < QUIET_S_MAX && !platform_is_quiet(run->platform) && !run->has_failed;
             s++)
                pass(run, 1000);
        const char *leftover = platform_leftover(run->platform);
        if (leftover)
                flow_fail(run, "%s is left after the end", leftover);
}

void flow_run_destroy(struct flow_run *run)
{
        for (unsigned i = 0; i < run->peer_count; i++) {
                struct flow_peer *peer = &run->peers[i];
                for (unsigned c = 0; c < FLOW_CALLS_MAX; c++) {
                        if (peer->calls[c].peer)
                                flow_audio_close(&peer->calls[c]);
                }
                io_udp_close(peer->udp);
                flow_stream_close(peer);
        }
        for (unsigned i = 0; i < run->event_count; i++)
                free(run->events[i].text);
        platform_destroy(run->platform, !run->has_failed);
        free(run);
}

bool flow_play(const struct flow *flow, uint64_t seed, char **report)
{
        struct flow_run *run = flow_run_create(
                flow, &(struct platform_options){.seed = seed, .network = {.delay_ms = DELAY_MS}});
        for (unsigned i = 0; i < flow->step_count && !run->has_failed; i++) {
                run->step = &flow->steps[i];
                flow_play_step(run, run->step);
                const char *problem = platform_contradiction(run->platform);
                if (problem)
                        flow_fail(run, "%s", problem);
        }
        if (!run->has_failed)
                come_to_rest(run);
        bool is_good = !run->has_failed;
        if (!is_good && report)
                *report = flow_diagram(run);
        flow_run_destroy(run);
        return is_good;
}
