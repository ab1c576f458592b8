/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_storm.c - a flow on a network that loses, doubles, delays and reorders: peers do as it says,
 * repeat themselves as RFC 3261 wants, and take what comes; what must hold always is checked.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow_bridge.h"
#include "flow_creates.h"
#include "flow_run.h"
#include "wire/rtp.h"

#define RESENDS_MAX    512
#define SESSIONS_MAX   64
#define IDS_MAX        64
#define T1_MS          500
#define T2_MS          4000
#define LIFETIME_MS    32000
#define PATIENCE_MS    9000 /* with what is expected, longer than a few losses take */
#define LISTEN_MS      300
#define REST_S_MAX     900
#define CALL_MS_MAX    600000
#define DISASTER_STEPS 300
#define CRASH_MS_MAX   1000
#define CREATE_MS_MAX  60 /* three times what the disk takes */
#define JUMP_MS_MAX    7200000
#define LATE_MS        5000 /* a message over a stream is read so long after it was sent */

/* A message that is sent again until it is answered. */
struct resend {
        struct flow_run *run;
        unsigned event;
        struct io_timer timer;
        int64_t gap_ms, spent_ms;
        unsigned losses; /* of the peer's connections, when it was sent */
};

struct storm_session {
        uint64_t party[2];
        int64_t expires_ms; /* wall clock; 0: never */
        bool has_ended;
        int64_t live_ms; /* when it last was */
        unsigned
                session; /* which of those that the flow makes: one of several parties is several pairs */
};

struct flow_storm {
        struct resend resends[RESENDS_MAX];
        unsigned resend_count;
        struct storm_session sessions[SESSIONS_MAX];
        unsigned session_count, made_count;
        char in[IDS_MAX][FLOW_FIELD_BYTES];  /* Call-IDs of the INVITEs that peers sent */
        char out[IDS_MAX][FLOW_FIELD_BYTES]; /* and of those that they were sent */
        unsigned in_count, out_count;
        struct sip_msg msg, other, passing; /* being read */
        struct flow_bridges bridges;
        struct random dice;
        unsigned crashes, jumps, resets; /* that are still to come */
        struct flow_creates created;
};

static bool parse(const struct flow_event *event, struct sip_msg *out)
{
        bool reply_possible;
        return sip_msg_parse((struct slice){event->text, event->bytes}, out, &reply_possible) == 0;
}

static void send_event(const struct flow_event *event)
{
        flow_peer_say(event->peer, (struct slice){event->text, event->bytes});
}

/* ---- time ---- */

/* Once in so many steps. */
static bool happens(struct flow_storm *storm, unsigned *left)
{
        if (*left == 0 || random_below(&storm->dice, DISASTER_STEPS))
                return false;
        --*left;
        return true;
}

/* In the midst of a create, or just after it. */
static void crash(struct flow_run *run)
{
        struct flow_storm *storm = run->storm;
        flow_creates_make(run, &storm->created);
        sim_world_run_ms(run->platform->sim, (int64_t)random_below(&storm->dice, CREATE_MS_MAX));
        platform_crash(run->platform, random_below(&storm->dice, CRASH_MS_MAX));
        flow_creates_check(run, &storm->created);
}

static void befall(struct flow_run *run)
{
        struct flow_storm *storm = run->storm;
        if (happens(storm, &storm->crashes))
                crash(run);
        if (happens(storm, &storm->resets))
                sim_world_reset_streams(run->platform->sim, &run->platform->sip, NULL);
        if (happens(storm, &storm->jumps))
                sim_set_wall_ms(run->platform->io,
                                io_wall_ms(run->platform->io) - JUMP_MS_MAX +
                                        (int64_t)random_below(&storm->dice, 2 * JUMP_MS_MAX));
}

static bool is_live(const struct flow_run *run, const struct storm_session *session)
{
        bool is_over = session->expires_ms && io_wall_ms(run->platform->io) >= session->expires_ms;
        return !session->has_ended && !is_over;
}

static void note_live(struct flow_run *run)
{
        for (unsigned i = 0; i < run->storm->session_count; i++) {
                if (is_live(run, &run->storm->sessions[i]))
                        run->storm->sessions[i].live_ms = sim_world_now_ms(run->platform->sim);
        }
}

static bool was_live(const struct flow_run *run, const struct storm_session *session,
                     int64_t late_ms)
{
        return is_live(run, session) ||
               sim_world_now_ms(run->platform->sim) - session->live_ms < late_ms;
}

static bool is_together(const struct storm_session *session, uint64_t a, uint64_t b)
{
        return (session->party[0] == a && session->party[1] == b) ||
               (session->party[0] == b && session->party[1] == a);
}

/* A flow_is_pair: of a session that is live, or was at the end of the step before. */
static bool is_live_pair(void *arg, uint64_t a, uint64_t b)
{
        const struct flow_run *run = arg;
        for (unsigned i = 0; i < run->storm->session_count; i++) {
                const struct storm_session *session = &run->storm->sessions[i];
                if (is_together(session, a, b) && was_live(run, session, 1))
                        return true;
        }
        return false;
}

static void look_inside(struct flow_run *run)
{
        const char *problem = platform_contradiction(run->platform);
        if (!problem && run->platform->calls)
                problem = flow_bridges_problem(&run->storm->bridges, run->platform->calls,
                                               is_live_pair, run);
        if (problem)
                flow_fail(run, "%s", problem);
}

/* After each datagram and timer all that must hold inside is looked at. */
static void pass(struct flow_run *run, int64_t ms)
{
        struct sim_world *sim = run->platform->sim;
        int64_t until_ms = sim_world_now_ms(sim) + ms;
        while (!run->has_failed && sim_world_step_until(sim, until_ms)) {
                look_inside(run);
                note_live(run);
                befall(run);
        }
        if (sim_world_now_ms(sim) < until_ms)
                sim_world_run_ms(sim, until_ms - sim_world_now_ms(sim));
}

/* ---- sending again ---- */

/*
 * Over a stream only a 2xx is repeated, which is acknowledged end to end (RFC 3261 13.3.1.4); and what
 * may have been lost with its connection.
 */
static bool is_due(struct resend *resend)
{
        const struct flow_event *event = &resend->run->events[resend->event];
        const struct flow_peer *peer = event->peer;
        bool is_answer = !strncmp(event->text, "SIP/2.0 2", 9);
        if (peer->speaks == TRUNK_UDP || is_answer)
                return true;
        bool is_lost = resend->losses != peer->losses;
        resend->losses = peer->losses;
        return is_lost;
}

static void on_resend(void *arg)
{
        struct resend *resend = arg;
        struct flow_run *run = resend->run;
        resend->spent_ms += resend->gap_ms;
        if (resend->spent_ms > LIFETIME_MS)
                return;
        if (is_due(resend))
                send_event(&run->events[resend->event]);
        resend->gap_ms = resend->gap_ms * 2 < T2_MS ? resend->gap_ms * 2 : T2_MS;
        io_timer_start(run->io, &resend->timer, resend->gap_ms, on_resend, resend);
}

static void arm(struct flow_run *run, unsigned event)
{
        struct flow_storm *storm = run->storm;
        assert_true(storm->resend_count < RESENDS_MAX);
        struct resend *resend = &storm->resends[storm->resend_count++];
        *resend = (struct resend){
                .run = run,
                .event = event,
                .gap_ms = T1_MS,
                .losses = run->events[event].peer->losses,
        };
        io_timer_start(run->io, &resend->timer, T1_MS, on_resend, resend);
}

/* Stops what `answer` answers, or acknowledges. */
static void disarm(struct flow_peer *peer, const struct sip_msg *answer)
{
        struct flow_run *run = peer->run;
        struct flow_storm *storm = run->storm;
        bool is_ack = answer->is_request;
        for (unsigned i = 0; i < storm->resend_count; i++) {
                struct resend *resend = &storm->resends[i];
                const struct flow_event *event = &run->events[resend->event];
                if (!resend->timer.armed || event->peer != peer || !parse(event, &storm->other))
                        continue;
                bool is_it = storm->other.cseq == answer->cseq &&
                             slice_equal(storm->other.call_id, answer->call_id) &&
                             storm->other.is_request != is_ack;
                if (is_it && !is_ack)
                        is_it = slice_equal(storm->other.vias[0].branch, answer->vias[0].branch) &&
                                storm->other.method == answer->cseq_method;
                if (is_it)
                        io_timer_stop(run->io, &resend->timer);
        }
}

/* What was sent last in reply to a message that comes again. */
static void reply_again(struct flow_peer *peer, const struct sip_msg *msg)
{
        struct flow_run *run = peer->run;
        for (unsigned i = run->event_count; i > 0; i--) {
                const struct flow_event *event = &run->events[i - 1];
                if (!event->is_sent || event->peer != peer || !parse(event, &run->storm->other))
                        continue;
                const struct sip_msg *sent = &run->storm->other;
                bool is_same = sent->cseq == msg->cseq && slice_equal(sent->call_id, msg->call_id);
                bool is_reply = msg->is_request
                                        ? !sent->is_request && sent->cseq_method == msg->method
                                        : sent->is_request && sent->method == SIP_ACK;
                if (is_same && is_reply) {
                        send_event(event);
                        return;
                }
        }
}

static bool came_before(const struct flow_run *run, const struct flow_event *event)
{
        for (const struct flow_event *other = run->events; other < event; other++) {
                if (!other->is_sent && other->peer == event->peer && other->bytes == event->bytes &&
                    !memcmp(other->text, event->text, event->bytes))
                        return true;
        }
        return false;
}

static void on_message(struct flow_event *event)
{
        struct flow_run *run = event->peer->run;
        struct sip_msg *msg = &run->storm->msg;
        if (!parse(event, msg)) {
                flow_fail(run, "%s gets what is no SIP", event->peer->name);
                return;
        }
        bool is_ack = msg->is_request && msg->method == SIP_ACK;
        bool ends_repetition = is_ack || (!msg->is_request &&
                                          (msg->status >= 200 || msg->cseq_method == SIP_INVITE));
        if (ends_repetition)
                disarm(event->peer, msg);
        if (!came_before(run, event))
                return;
        event->is_taken = true;
        bool wants_reply = msg->is_request ? !is_ack : msg->status >= 200;
        if (wants_reply)
                reply_again(event->peer, msg);
}

/* ---- what must hold always ---- */

static bool note_id(char ids[IDS_MAX][FLOW_FIELD_BYTES], unsigned *count, struct slice id)
{
        for (unsigned i = 0; i < *count; i++) {
                if (slice_equal(slice_from(ids[i]), id))
                        return false;
        }
        assert_true(*count < IDS_MAX);
        assert_int_equal(slice_to_text(id, ids[(*count)++], FLOW_FIELD_BYTES), 0);
        return true;
}

/* Trunks that may carry one call: each INVITE that comes may go out so often. */
static unsigned ways_of(const struct flow *flow)
{
        unsigned others = 0;
        for (unsigned i = 0; i < flow->step_count; i++) {
                const struct flow_step *step = &flow->steps[i];
                if (step->kind == FLOW_TRUNK && step->trunk.overflow_count > others)
                        others = step->trunk.overflow_count;
        }
        return 1 + others;
}

static uint64_t digits_of(const char *user)
{
        uint64_t digits = 0;
        for (; *user >= '0' && *user <= '9'; user++)
                digits = digits * 10 + (uint64_t)(*user - '0');
        return digits;
}

static bool is_one_of(const struct storm_session *session, uint64_t number)
{
        return session->party[0] == number || session->party[1] == number;
}

/* Invariants 1, 3, 5 and 6: a new INVITE for a party of a live session, showing a number of ours. */
static void check_invite(struct flow_run *run, const struct sip_msg *msg, int64_t late_ms)
{
        static const struct number_plan plan = {"91", "00", "0", 10, 10};
        struct flow_storm *storm = run->storm;
        struct number party = {0};
        char user[64];
        if (!note_id(storm->out, &storm->out_count, msg->call_id))
                return;
        if (storm->out_count > storm->in_count * ways_of(run->flow))
                flow_fail(run, "more calls are made than came");
        if (!flow_shows_masking_number(run, msg))
                flow_fail(run, "a call shows what is no masking number");
        bool is_party = false;
        /* In the Request-URI there may be a prefix of the carrier's. */
        if (!sip_uri_user(&msg->to.uri, user, sizeof user) &&
            !number_parse(slice_from(user), &plan, &party)) {
                /* Digits alone may be of another country, however many they are. */
                uint64_t abroad = digits_of(user);
                for (unsigned i = 0; i < storm->session_count; i++) {
                        const struct storm_session *session = &storm->sessions[i];
                        is_party |= was_live(run, session, late_ms) &&
                                    (is_one_of(session, party.e164) || is_one_of(session, abroad));
                }
        }
        if (!is_party)
                flow_fail(run, "somebody is called who is in no live session");
}

static uint64_t number_of(const struct flow_peer *peer)
{
        return strtoull(peer->number + 1, NULL, 10);
}

/* Invariant 1: who hears a party was in a session with it. */
static void check_audio(struct flow_run *run, const struct addr *to, struct slice data)
{
        static const uint64_t voices[SOUND_VOICES] = {AGENT, CUSTOMER, STRANGER};
        struct rtp rtp;
        enum sound sound;
        if (rtp_parse(data, &rtp) ||
            !sound_recognise(rtp.payload, rtp.payload_type == 8 ? SDP_PCMA : SDP_PCMU, &sound) ||
            sound >= SOUND_VOICES)
                return;
        for (unsigned p = 0; p < run->peer_count; p++) {
                struct flow_peer *peer = &run->peers[p];
                if (!addr_equal_ip(&peer->addr, to))
                        continue;
                for (unsigned c = 0; c < FLOW_CALLS_MAX; c++) {
                        struct flow_call *call = &peer->calls[c];
                        bool is_its = call->rtp && addr_equal(io_udp_local(call->rtp), to);
                        bool is_allowed = false;
                        for (unsigned i = 0; i < run->storm->session_count; i++)
                                is_allowed |= is_together(&run->storm->sessions[i], number_of(peer),
                                                          voices[sound]);
                        if (is_its && !is_allowed)
                                flow_fail(run, "%s hears %s", peer->name, sound_name(sound));
                }
        }
}

/* Between a peer that speaks TCP and us; others of the flow may speak UDP. */
static bool is_streamed(const struct flow_run *run, const struct addr *from, const struct addr *to)
{
        if (run->platform->options.transport != TRUNK_UDP)
                return true;
        for (unsigned i = 0; i < run->peer_count; i++) {
                const struct flow_peer *peer = &run->peers[i];
                if (peer->speaks != TRUNK_UDP &&
                    (addr_equal_ip(&peer->addr, from) || addr_equal_ip(&peer->addr, to)))
                        return true;
        }
        return false;
}

void flow_storm_on_datagram(struct flow_run *run, const struct addr *from, const struct addr *to,
                            struct slice data)
{
        struct flow_storm *storm = run->storm;
        bool is_ours = platform_is_at(run->platform, from), reply_possible;
        if (is_ours)
                check_audio(run, to, data);
        /* In pieces it means nothing: flow_storm_on_streamed(). */
        if (is_streamed(run, from, to))
                return;
        if (!slice_starts_with(data, SLICE("INVITE ")) ||
            (sip_msg_parse(data, &storm->passing, &reply_possible) && !storm->passing.is_cut) ||
            storm->passing.to.tag.len)
                return;
        if (is_ours)
                check_invite(run, &storm->passing, 0);
        else
                note_id(storm->in, &storm->in_count, storm->passing.call_id);
}

void flow_storm_on_streamed(struct flow_run *run, bool is_ours, struct slice message)
{
        struct flow_storm *storm = run->storm;
        bool reply_possible;
        if (!slice_starts_with(message, SLICE("INVITE ")) ||
            sip_msg_parse(message, &storm->passing, &reply_possible) || storm->passing.to.tag.len)
                return;
        if (!is_ours)
                note_id(storm->in, &storm->in_count, storm->passing.call_id);
        else if (run->platform->directory) /* else it has died since, and has nobody to ask */
                check_invite(run, &storm->passing, LATE_MS);
}

/* ---- steps ---- */

static bool is_possible(struct flow_peer *peer, const struct flow_step *step)
{
        const struct flow_message *m = &step->message;
        struct flow_call *call = flow_call_meant(peer, step);
        if (m->is_again || m->as || m->is_other_way)
                return false; /* it does so by itself; the others are about one order of things */
        unsigned rseq, cseq;
        if (m->is_rack && !flow_last_reliable(call, &rseq, &cseq))
                return false;
        if (m->status)
                return flow_answers(call, m) != NULL;
        if (m->number || !call->is_open)
                return true;
        if (!strcmp(m->method, "CANCEL"))
                return true;
        if (!strcmp(m->method, "ACK"))
                return call->invite_status != 0;
        return call->their_tag[0];
}

static void send(struct flow_peer *peer, const struct flow_step *step)
{
        struct flow_run *run = peer->run;
        if (!is_possible(peer, step))
                return;
        flow_peer_send(peer, step);
        if (run->has_failed)
                return;
        bool parsed = parse(&run->events[run->event_count - 1], &run->storm->msg);
        const struct sip_msg *msg = &run->storm->msg;
        bool is_repeated =
                parsed && (msg->is_request ? msg->method != SIP_ACK
                                           : msg->status >= 200 && msg->cseq_method == SIP_INVITE);
        if (is_repeated)
                arm(run, run->event_count - 1);
}

/* A message not yet taken that the step could mean. */
static struct flow_event *find_expected(struct flow_peer *peer, const struct flow_step *step)
{
        struct flow_run *run = peer->run;
        const struct flow_message *m = &step->message;
        struct flow_call *call = flow_call_meant(peer, step);
        struct sip_msg *msg = &run->storm->msg;
        for (unsigned i = 0; i < run->event_count; i++) {
                struct flow_event *event = &run->events[i];
                if (event->is_sent || event->is_taken || event->peer != peer || !parse(event, msg))
                        continue;
                struct flow_call *owner = flow_call_of(peer, msg->call_id);
                bool is_mine = owner ? owner == call : msg->is_request && !msg->to.tag.len;
                bool is_it = m->status ? !msg->is_request && msg->status == m->status
                                       : msg->is_request && slice_equal(msg->method_text,
                                                                        slice_from(m->method));
                if (is_mine && is_it)
                        return event;
        }
        return NULL;
}

static void expect(struct flow_peer *peer, const struct flow_step *step)
{
        struct flow_run *run = peer->run;
        struct flow_event *event = NULL;
        if (step->message.is_again || step->message.as)
                return;
        for (int ms = 0; ms < PATIENCE_MS && !run->has_failed; ms += 10) {
                event = find_expected(peer, step);
                if (event)
                        break;
                pass(run, 10);
        }
        if (!event)
                return; /* it was lost too often; the flow takes another course */
        event->is_taken = true;
        event->step = step;
        event->call = flow_call_meant(peer, step);
        if (parse(event, &run->storm->msg))
                flow_call_learn(event->call, &run->storm->msg);
}

static void note_pair(struct flow_run *run, uint64_t a, uint64_t b, int64_t lives_ms)
{
        struct flow_storm *storm = run->storm;
        assert_true(storm->session_count < SESSIONS_MAX);
        storm->sessions[storm->session_count++] = (struct storm_session){
                .party = {a, b},
                .expires_ms = lives_ms ? io_wall_ms(run->platform->io) + lives_ms : 0,
                .session = storm->made_count,
        };
}

static void note_session(struct flow_run *run, const struct flow_step *step)
{
        run->storm->made_count++;
        note_pair(run, flow_number_or_digits(step->numbers[0]),
                  flow_number_or_digits(step->numbers[1]), step->value);
}

/* Anyone may hear the party of an open number, and be called back by one who answers the last caller. */
static void note_parties(struct flow_run *run, const struct flow_step *step)
{
        const struct flow_parties *parties = &step->parties;
        bool is_for_anyone = parties->is_open || !strcmp(parties->model, "last-caller");
        run->storm->made_count++;
        for (unsigned i = 0; i < parties->count; i++) {
                uint64_t one = flow_number_or_digits(parties->names[i]);
                for (unsigned j = 0; j < i; j++)
                        note_pair(run, one, flow_number_or_digits(parties->names[j]), step->value);
                for (unsigned p = 0; is_for_anyone && p < run->peer_count; p++)
                        note_pair(run, one, number_of(&run->peers[p]), step->value);
        }
}

/* Who comes is with all who were there; who goes may be talking. */
static void note_change(struct flow_run *run, const struct flow_step *step)
{
        struct flow_storm *storm = run->storm;
        unsigned count = storm->session_count;
        for (unsigned i = 0; i < count; i++) {
                struct storm_session *known = &storm->sessions[i];
                if (known->session != storm->made_count)
                        continue;
                if (step->change == FLOW_RENEW || step->change == FLOW_REOPEN) {
                        known->has_ended = false;
                        known->expires_ms =
                                step->value ? io_wall_ms(run->platform->io) + step->value : 0;
                }
                if (step->change == FLOW_ERASE)
                        known->has_ended = true;
                if (step->change < FLOW_REPLACE || step->change >= FLOW_BLOCK)
                        continue;
                uint64_t comes = flow_number_or_digits(step->numbers[1]);
                note_pair(run, known->party[0], comes, 0);
                note_pair(run, known->party[1], comes, 0);
        }
}

static void end_pairs(struct flow_run *run)
{
        for (unsigned i = 0; i < run->storm->session_count; i++)
                if (run->storm->sessions[i].session == run->storm->made_count)
                        run->storm->sessions[i].has_ended = true;
}

/* Everybody falls silent: whatever call is left ends for it. */
static void wait_for_the_end(struct flow_run *run)
{
        for (unsigned p = 0; p < run->peer_count; p++) {
                for (unsigned c = 0; c < FLOW_CALLS_MAX; c++)
                        run->peers[p].calls[c].is_quiet = true;
        }
        for (int s = 0; s < REST_S_MAX && calls_active(run->platform->calls) && !run->has_failed;
             s++)
                pass(run, 1000);
        if (calls_active(run->platform->calls))
                flow_fail(run, "a call does not end");
        for (unsigned p = 0; p < run->peer_count; p++) {
                for (unsigned c = 0; c < FLOW_CALLS_MAX; c++)
                        run->peers[p].calls[c].is_quiet = false;
        }
}

static bool can_talk(struct flow_run *run, const struct flow_step *step)
{
        const char *name = step->kind == FLOW_TALK_INTO ? step->word : step->who;
        return flow_call_get(flow_peer_find(run, name), step->call)->may_talk;
}

static void play(struct flow_run *run, const struct flow_step *step)
{
        switch (step->kind) {
        case FLOW_SEND:
                send(flow_peer_find(run, step->who), step);
                return;
        case FLOW_EXPECT:
                expect(flow_peer_find(run, step->who), step);
                return;
        case FLOW_AFTER:
                pass(run, step->value);
                return;
        case FLOW_HEARS:
        case FLOW_DIGITS:
                pass(run, LISTEN_MS);
                return;
        case FLOW_RECORD:
        case FLOW_NO_RECORD:
                wait_for_the_end(run);
                return;
        case FLOW_COUNTER:
        case FLOW_EXPLAINED:
        case FLOW_KEYS_IN:
        case FLOW_TRUNK_STATE:
        case FLOW_REGISTRATION:
        case FLOW_CONNECTIONS:
        case FLOW_PINGS:
        case FLOW_PONGS:
                return;
        case FLOW_PRESS:
        case FLOW_TALK_INTO:
                if (can_talk(run, step))
                        flow_play_step(run, step);
                return;
        case FLOW_SESSION:
                flow_play_step(run, step);
                if (run->session)
                        note_session(run, step);
                return;
        case FLOW_END_SESSION:
                if (!run->session)
                        return;
                end_pairs(run);
                flow_play_step(run, step);
                return;
        case FLOW_SESSION_OF:
                flow_play_step(run, step);
                if (run->session)
                        note_parties(run, step);
                return;
        case FLOW_CHANGE:
                if (!run->session)
                        return;
                note_change(run, step);
                flow_play_step(run, step);
                return;
        default:
                flow_play_step(run, step);
                return;
        }
}

static void come_to_rest(struct flow_run *run)
{
        struct platform *platform = run->platform;
        struct calls_counters counters;
        wait_for_the_end(run);
        for (int s = 0; s < REST_S_MAX && platform_leftover(platform) && !run->has_failed; s++) {
                /* A process that began after it had been told so does not know. */
                if (flow_has(run->flow, FLOW_LEAVE))
                        calls_leave(platform->calls);
                pass(run, 1000);
        }
        calls_counters(platform->calls, &counters);
        const char *leftover = platform_leftover(platform);
        if (leftover)
                flow_fail(run, "%s is left after the end", leftover);

        /* Invariant 6: one record for each leg of each call, no matter how often it was asked for. */
        unsigned calls = 0;
        while (!run->has_failed && platform_records(platform, calls + 1).count)
                calls++;
        /* A process that was killed has taken its counters along. */
        if (calls != counters.calls && !platform->options.survives)
                flow_fail(run, "there are records of %u calls", calls);
}

#define BAD_NETWORK                                                                                \
        {                                                                                          \
                .delay_ms = 10, .jitter_ms = 60, .loss_permille = 100, .duplicate_permille = 50,   \
                .segment_bytes_max = 300,                                                          \
        }
const struct flow_weather flow_calm = {.network = {.delay_ms = 10}};
const struct flow_weather flow_bad_network = {.network = BAD_NETWORK, .resets = 3};
const struct flow_weather flow_disasters = {
        .network = BAD_NETWORK, .crashes = 2, .jumps = 2, .resets = 3};

bool flow_storm(const struct flow *flow, uint64_t seed, const struct flow_weather *weather,
                char **report)
{
        const struct platform_options options = {
                .seed = seed,
                .network = weather->network,
                .transport = weather->transport,
                .call_ms_max = CALL_MS_MAX,
                .survives = weather->crashes > 0,
                .commit_ms = weather->crashes > 0 ? 20 : 0,
        };
        struct flow_run *run = flow_run_create(flow, &options);
        run->storm = calloc(1, sizeof *run->storm);
        assert_non_null(run->storm);
        run->on_message = on_message;
        run->storm->crashes = weather->crashes;
        run->storm->jumps = weather->jumps;
        run->storm->resets = weather->resets;
        random_init_seeded(&run->storm->dice, seed);
        for (unsigned i = 0; i < flow->step_count && !run->has_failed; i++) {
                run->step = &flow->steps[i];
                play(run, run->step);
        }
        if (!run->has_failed)
                come_to_rest(run);
        bool is_good = !run->has_failed;
        if (!is_good && report)
                *report = flow_diagram(run);
        for (unsigned i = 0; i < run->storm->resend_count; i++)
                io_timer_stop(run->io, &run->storm->resends[i].timer);
        free(run->storm);
        run->storm = NULL;
        flow_run_destroy(run);
        return is_good;
}
