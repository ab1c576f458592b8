/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore_check.c - what must hold after each step of a call, and when it is over.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "call/call.h"
#include "explore.h"
#include "sip/sip_core.h"

#define QUIET_S_MAX 600
#define ACK_MS_MAX  32000

static struct side *side_of(struct play *play, const struct flow_peer *peer)
{
        return peer == play->agent.peer ? &play->agent : &play->customer;
}

static bool parse(const struct flow_event *event, struct sip_msg *out)
{
        bool reply_possible;
        return sip_msg_parse((struct slice){event->text, event->bytes}, out, &reply_possible) == 0;
}

static int64_t now_ms(const struct play *play)
{
        return sim_world_now_ms(play->run->platform->sim);
}

/* ---- kinds ---- */

static enum message_kind kind_of_request(const struct sip_msg *msg)
{
        switch (msg->method) {
        case SIP_INVITE:
                return msg->to.tag.len ? KIND_REINVITE : KIND_INVITE;
        case SIP_ACK:
                return KIND_ACK;
        case SIP_CANCEL:
                return KIND_CANCEL;
        case SIP_BYE:
                return KIND_BYE;
        case SIP_UPDATE:
                return KIND_UPDATE;
        case SIP_PRACK:
                return KIND_PRACK;
        default:
                return KIND_OTHER;
        }
}

/* Each side counts its own requests: the first INVITE is the caller's, and answered by the callee. */
static enum message_kind kind_of_answer(const struct side *side, const struct sip_msg *msg,
                                        bool is_sent)
{
        bool is_first = msg->cseq == side->invite_cseq && side->is_caller != is_sent;
        if (msg->cseq_method == SIP_BYE)
                return KIND_BYE_ANSWER;
        if (msg->cseq_method != SIP_INVITE)
                return KIND_OTHER_ANSWER;
        if (msg->status == 100)
                return KIND_TRYING;
        if (msg->status < 200)
                return explore_is_reliable(msg) ? KIND_RELIABLE : KIND_RINGING;
        if (msg->status < 300)
                return is_first ? KIND_OK : KIND_REINVITE_OK;
        return is_first ? KIND_REFUSED : KIND_REINVITE_REFUSED;
}

/* ---- dialogs and requests, remembered ---- */

static struct talk *talk_of(struct side *side, struct slice tag)
{
        for (unsigned i = 0; i < side->talk_count; i++) {
                if (slice_equal(slice_from(side->talks[i].tag), tag))
                        return &side->talks[i];
        }
        return NULL;
}

static void note_talk(struct play *play, struct side *side, struct slice tag)
{
        if (talk_of(side, tag))
                return;
        assert_true(side->talk_count < TALKS_MAX);
        struct talk *talk = &side->talks[side->talk_count++];
        assert_int_equal(slice_to_text(tag, talk->tag, sizeof talk->tag), 0);
        talk->since_ms = now_ms(play);
        /* Timer M (RFC 6026): the INVITE that is out later is another one. */
        talk->is_expected =
                explore_has_invite_out(play) && now_ms(play) - side->talks[0].since_ms < ACK_MS_MAX;
}

static struct asked *asked_of(struct side *side, const struct sip_msg *msg)
{
        struct slice method = msg->is_request ? msg->method_text : msg->cseq_method_text;
        for (unsigned i = 0; i < side->asked_count; i++) {
                struct asked *asked = &side->asked[i];
                if (slice_equal(slice_from(asked->branch), msg->vias[0].branch) &&
                    slice_equal(slice_from(asked->method), method))
                        return asked;
        }
        return NULL;
}

static void note_asked(struct side *side, const struct sip_msg *msg)
{
        if (msg->method == SIP_ACK || asked_of(side, msg))
                return;
        assert_true(side->asked_count < ASKED_MAX);
        struct asked *asked = &side->asked[side->asked_count++];
        asked->cseq = msg->cseq;
        asked->has_offer = msg->content_is_sdp;
        assert_int_equal(slice_to_text(msg->vias[0].branch, asked->branch, sizeof asked->branch),
                         0);
        assert_int_equal(slice_to_text(msg->method_text, asked->method, sizeof asked->method), 0);
        if (msg->method == SIP_INVITE && !msg->to.tag.len)
                side->invite_cseq = msg->cseq;
}

/* ---- what peers send ---- */

static void clear_duty(struct side *side, const struct sip_msg *msg)
{
        if (msg->is_request) {
                if (msg->method == SIP_ACK)
                        side->owes_ack = side->owes_ack_answer = false;
                if (msg->method == SIP_PRACK)
                        side->owes_prack = side->owes_answer = side->owes_settling = false;
                return;
        }
        if (msg->status < 200)
                return;
        if (msg->cseq_method == SIP_BYE)
                side->owes_bye = false;
        if (msg->cseq_method == SIP_CANCEL)
                side->owes_cancel = false;
        if (msg->cseq_method == SIP_PRACK)
                side->owes_prack = false;
}

static bool is_new(const struct flow_run *run, const struct flow_event *event)
{
        for (const struct flow_event *other = run->events; other < event; other++) {
                if (other->is_sent == event->is_sent && other->peer == event->peer &&
                    other->bytes == event->bytes && !memcmp(other->text, event->text, event->bytes))
                        return false;
        }
        return true;
}

void explore_note_sent(struct play *play, struct side *side, const struct flow_event *event)
{
        static struct sip_msg msg;
        if (!parse(event, &msg) || !is_new(play->run, event))
                return;
        if (msg.is_request)
                note_asked(side, &msg);
        clear_duty(side, &msg);
        explore_note_within(play, side, &msg);
        enum message_kind kind =
                msg.is_request ? kind_of_request(&msg) : kind_of_answer(side, &msg, true);
        bool is_success = kind == KIND_OK;
        if (is_success)
                note_talk(play, side, msg.to.tag);
        if (msg.is_request && msg.method == SIP_BYE && talk_of(side, msg.from.tag))
                talk_of(side, msg.from.tag)->has_bye_sent = true;
        if (msg.is_request && msg.method == SIP_BYE && talk_of(side, msg.to.tag))
                talk_of(side, msg.to.tag)->has_bye_sent = true;
        if (is_success && !slice_equal(msg.to.tag, slice_from(side->call->our_tag))) {
                assert_int_equal(slice_to_text(msg.to.tag, side->forked, sizeof side->forked), 0);
                return;
        }
        side->sent[kind]++;
        side->sent_ms[kind] = now_ms(play);
        bool is_heard = explore_has_invite_out(play);
        side->is_heard_ringing |= (kind == KIND_RINGING || kind == KIND_RELIABLE) && is_heard;
        bool is_over = explore_has_final(&play->agent) || side->talk_count;
        side->reliable_heard += kind == KIND_RELIABLE && is_heard && !is_over;
        side->is_heard_refusing |= kind == KIND_REFUSED && is_heard;
}

/* ---- what comes to peers ---- */

static bool user_is(const struct sip_uri *uri, uint64_t e164)
{
        char user[64], expected[32];
        snprintf(expected, sizeof expected, "+%llu", (unsigned long long)e164);
        return !sip_uri_user(uri, user, sizeof user) && !strcmp(user, expected);
}

/* Invariants 1, 3 and 6: the party of the session, shown the number of it, once. */
static void check_new_call(struct play *play, struct side *side, const struct sip_msg *msg)
{
        struct flow_run *run = play->run;
        if (explore_is_refused(play))
                flow_fail(run, "somebody is called for who is no party");
        else if (side != &play->customer)
                flow_fail(run, "somebody calls the caller");
        else if (side->call->is_open)
                flow_fail(run, "a second call is made");
        else if (!user_is(&msg->request_uri, CUSTOMER))
                flow_fail(run, "a call goes to who is no party");
        else if (!user_is(&msg->from.uri, M2))
                flow_fail(run, "a call shows what is not the session's number");
        side->invite_cseq = msg->cseq;
}

static void check_bye(struct play *play, struct side *side, const struct sip_msg *msg)
{
        /* We are the called side of the caller's dialog: the From tag is ours. */
        struct talk *talk = talk_of(side, side->is_caller ? msg->from.tag : msg->to.tag);
        if (!talk) {
                flow_fail(play->run, "it hangs up what was not answered");
                return;
        }
        talk->has_bye_got = true;
        side->owes_bye = true;
        bool is_early = side == &play->agent && !side->sent[KIND_ACK] &&
                        now_ms(play) - talk->since_ms < ACK_MS_MAX;
        if (is_early) /* RFC 3261 15 */
                flow_fail(play->run, "it hangs up before its 2xx was acknowledged");
}

static void check_ack(struct play *play, struct side *side, const struct sip_msg *msg)
{
        struct talk *talk = talk_of(side, msg->to.tag);
        if (talk)
                talk->is_acknowledged = true;
        else if (side->got[KIND_INVITE] && !side->sent[KIND_REFUSED])
                flow_fail(play->run, "it acknowledges what was not answered");
}

/* Once our BYE was answered nothing more may come in that dialog. */
static void check_is_open(struct play *play, struct side *side, const struct sip_msg *msg)
{
        const struct talk *talk = talk_of(side, side->is_caller ? msg->from.tag : msg->to.tag);
        for (unsigned i = 0; i < side->asked_count; i++) {
                const struct asked *asked = &side->asked[i];
                bool is_over = talk && talk->has_bye_sent && !strcmp(asked->method, "BYE") &&
                               asked->status == 200;
                if (is_over)
                        flow_fail(play->run, "a request comes in a dialog that is over");
        }
}

static void on_request(struct play *play, struct side *side, const struct sip_msg *msg,
                       bool is_first_time)
{
        enum message_kind kind = kind_of_request(msg);
        side->got[kind] += is_first_time;
        if (is_first_time && kind != KIND_ACK && kind != KIND_CANCEL)
                check_is_open(play, side, msg);
        explore_check_request_within(play, side, msg);
        switch (kind) {
        case KIND_ACK:
                check_ack(play, side, msg);
                return;
        case KIND_CANCEL:
                side->owes_cancel = true;
                if (!side->sent[KIND_RINGING] && !side->sent[KIND_RELIABLE]) /* RFC 3261 9.1 */
                        flow_fail(play->run, "it cancels before a provisional answer");
                return;
        case KIND_BYE:
                check_bye(play, side, msg);
                return;
        case KIND_PRACK:
                explore_check_prack(play, side, msg);
                return;
        default:
                return;
        }
}

/* One final answer to a request, however often it is asked for; nothing after it. */
static void check_answer(struct play *play, struct asked *asked, const struct flow_event *event,
                         const struct sip_msg *msg)
{
        static const struct siphash_key key;
        struct flow_run *run = play->run;
        if (msg->status < 200) {
                if (asked->status)
                        flow_fail(run, "a provisional answer follows the final one");
                return;
        }
        uint64_t hash = siphash(&key, event->text, event->bytes);
        bool is_same = asked->bytes == event->bytes && asked->hash == hash;
        /* A crash forgets what was answered; but not calls. */
        bool is_forgotten = play->crashes && msg->cseq_method != SIP_INVITE;
        if (asked->status && !is_same && !is_forgotten)
                flow_fail(run, "the %s is answered %u, then %u", asked->method, asked->status,
                          msg->status);
        asked->status = msg->status;
        asked->bytes = event->bytes;
        asked->hash = hash;
}

static void on_answer(struct play *play, struct side *side, const struct flow_event *event,
                      const struct sip_msg *msg, bool is_first_time)
{
        struct asked *asked = asked_of(side, msg);
        if (!asked) {
                flow_fail(play->run, "an answer comes to what was not asked");
                return;
        }
        check_answer(play, asked, event, msg);
        /* The answer that a copy gets was given before. */
        if (is_first_time)
                explore_check_glare(play, side, asked, msg);
        enum message_kind kind = kind_of_answer(side, msg, false);
        if (msg->cseq_method == SIP_INVITE)
                explore_check_reliable(play, side, msg);
        if (msg->cseq_method == SIP_PRACK && is_first_time)
                explore_check_prack_answer(play, side, msg);
        side->got[kind] += is_first_time;
        if (msg->cseq_method != SIP_INVITE || msg->status < 200)
                return;
        side->owes_ack = true;
        explore_check_answer_within(play, side, asked, msg);
        if (kind == KIND_OK)
                note_talk(play, side, msg->to.tag);
        if (side->talk_count > 1 && side->is_caller)
                flow_fail(play->run, "a second callee answers");
}

static bool is_planted_loss(struct play *play, const struct side *side, const struct sip_msg *msg)
{
        if (play->what->plant == PLANT_LOST_ACK)
                return msg->is_request && msg->method == SIP_ACK && side->to_acknowledge;
        return play->what->plant == PLANT_LOST_BYE && side == &play->customer && msg->is_request &&
               msg->method == SIP_BYE && play->agent.sent[KIND_CANCEL] && side->sent[KIND_OK];
}

void explore_on_message(struct flow_event *event)
{
        static struct sip_msg msg;
        struct flow_run *run = event->peer->run;
        struct play *play = run->player;
        struct side *side = side_of(play, event->peer);
        event->is_taken = true;
        if (!parse(event, &msg)) {
                flow_fail(run, "%s gets what is no SIP", side->name);
                return;
        }
        if (is_planted_loss(play, side, &msg))
                return;
        bool is_first_time = is_new(run, event);
        bool is_known =
                side->call->is_open && slice_equal(slice_from(side->call->call_id), msg.call_id);
        if (!is_known)
                check_new_call(play, side, &msg);
        event->call = side->call;
        flow_call_learn(side->call, &msg);
        if (msg.is_request)
                on_request(play, side, &msg, is_first_time);
        else
                on_answer(play, side, event, &msg, is_first_time);
        if (play->is_dutiful && !run->has_failed)
                explore_do_duty(play, side);
}

/* ---- planted ---- */

static struct sip_trunk_state *trunk_at(const struct play *play, uint32_t i)
{
        const struct platform *platform = play->run->platform;
        const struct trunk *trunk = directory_trunk_at(platform->directory, i);
        return trunk ? sip_trunks_find(platform->trunks, trunk->id) : NULL;
}

static void answer_again(struct play *play)
{
        struct flow_run *run = play->run;
        const struct flow_event *answer =
                flow_last(run, play->agent.call, false, "SIP/2.0 200", "INVITE");
        char *text = strdup(answer->text);
        assert_non_null(text);
        memcpy(text, "SIP/2.0 486", 11);
        io_udp_send(play->customer.peer->udp, &play->agent.peer->addr,
                    (struct slice){text, answer->bytes});
        sim_world_run_ms(run->platform->sim, 0);
        free(text);
}

static void lose_session_timers(struct play *play)
{
        explore_note_session(play);
        struct sip_ua *ua = play->run->platform->calls->ua;
        for (uint32_t i = 0; i < pool_capacity(ua->legs); i++) {
                struct leg *leg = pool_at(ua->legs, i);
                if (leg)
                        io_timer_stop(play->run->platform->io, &leg->session_timer);
        }
}

static void plant(struct play *play)
{
        const struct side *agent = &play->agent, *customer = &play->customer;
        bool is_time = false;
        switch (play->what->plant) {
        case PLANT_SECOND_ANSWER:
                is_time = agent->got[KIND_OK] && agent->sent[KIND_BYE] && customer->sent[KIND_BYE];
                break;
        case PLANT_LOST_CHANNEL:
                is_time = agent->sent[KIND_BYE] && !agent->got[KIND_OK];
                break;
        case PLANT_LEAK:
                is_time = agent->sent[KIND_REINVITE] && customer->sent[KIND_REINVITE];
                break;
        case PLANT_ANNOUNCING:
                is_time = explore_is_refused(play) && agent->sent[KIND_BYE];
                break;
        case PLANT_ENDLESS:
                is_time = agent->sent[KIND_UPDATE];
                break;
        case PLANT_LOST_BYE:
        case PLANT_LOST_ACK:
        case PLANT_NOTHING:
        case PLANTS:
                return;
        }
        if (!is_time || play->has_planted)
                return;
        play->has_planted = true;
        if (play->what->plant == PLANT_SECOND_ANSWER)
                answer_again(play);
        else if (play->what->plant == PLANT_LOST_CHANNEL)
                trunk_at(play, 0)->counters.channels++;
        else if (play->what->plant == PLANT_ANNOUNCING)
                trunk_at(play, 0)->counters.announcing++;
        else if (play->what->plant == PLANT_ENDLESS)
                lose_session_timers(play);
        else
                play->run->platform->on_datagram(play->run, &play->run->platform->sip,
                                                 &agent->peer->addr, SLICE("9888800002"));
}

/* ---- after each step, and at the end ---- */

void explore_check_step(struct play *play)
{
        plant(play);
        if (!play->crashes)
                explore_check_nothing_waits(play);
        const char *problem = platform_contradiction(play->run->platform);
        if (problem)
                flow_fail(play->run, "%s", problem);
}

static void check_talks(struct play *play, const struct side *side)
{
        for (unsigned i = 0; i < side->talk_count; i++) {
                const struct talk *talk = &side->talks[i];
                if (!side->is_caller && !talk->is_expected)
                        continue;
                if (!talk->has_bye_sent && !talk->has_bye_got)
                        flow_fail(play->run, "the %s is never hung up", side->name);
                if (!side->is_caller && !talk->is_acknowledged)
                        flow_fail(play->run, "the answer of the %s is never acknowledged",
                                  side->name);
        }
}

static void check_answers(struct play *play, const struct side *side)
{
        for (unsigned i = 0; i < side->asked_count; i++) {
                if (!side->asked[i].status)
                        flow_fail(play->run, "the %s of the %s is never answered",
                                  side->asked[i].method, side->name);
        }
}

static void check_callee(struct play *play)
{
        const struct side *side = &play->customer;
        bool is_final = side->sent[KIND_OK] || side->sent[KIND_REFUSED] || side->forked[0];
        if (side->is_heard_ringing && !is_final && !side->got[KIND_CANCEL])
                flow_fail(play->run, "the callee is never told to stop ringing");
        if (side->is_heard_refusing && !side->got[KIND_ACK])
                flow_fail(play->run, "a refusal is never acknowledged");
}

static void check_records(struct play *play)
{
        struct platform *platform = play->run->platform;
        unsigned calls = play->agent.sent[KIND_INVITE] ? 1 : 0;
        unsigned legs = calls + (play->customer.got[KIND_INVITE] ? 1 : 0);
        uint32_t count = platform_records_count(platform);
        if (count != legs) {
                flow_fail(play->run, "there are %u records of %u legs", count, legs);
                return;
        }
        struct records records = platform_records(platform, 1);
        bool was_answered = records.legs[CDR_LEG_A].answered_ms != 0;
        explore_check_session(play);
        if (was_answered != (play->agent.talk_count > 0))
                flow_fail(play->run, "the caller's record is wrong about the answer");
}

void explore_check_end(struct play *play)
{
        struct flow_run *run = play->run;
        for (int s = 0; s < QUIET_S_MAX && !platform_is_quiet(run->platform) && !run->has_failed;
             s++)
                sim_world_run_ms(run->platform->sim, 1000);
        const char *leftover = platform_leftover(run->platform);
        if (leftover)
                flow_fail(run, "%s is left after the end", leftover);
        if (run->has_failed)
                return;
        check_talks(play, &play->agent);
        check_talks(play, &play->customer);
        check_answers(play, &play->agent);
        check_answers(play, &play->customer);
        check_callee(play);
        explore_check_within_end(play, &play->agent);
        explore_check_within_end(play, &play->customer);
        check_records(play);
}
