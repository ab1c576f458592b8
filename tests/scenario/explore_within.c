/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore_within.c - what is done within a call that has been answered, or refused by announcement:
 * offers in either direction, hold, T.38, sessions that are refreshed.
 */
#include "../unit/unit.h"
#include "call/call.h"
#include "explore.h"
#include "sip/sip_core.h"

#define WAIT_MS_MAX  32000 /* for the answer to a re-INVITE */
#define REINVITE_MAX 2     /* in a path, of one side */
#define UPDATES_MAX  2

/* ---- moves ---- */

/* RFC 3261 14.1: not while one of its own goes on; crossing one of ours is what we want to see. */
static bool has_invite_open(const struct side *side)
{
        for (unsigned i = 0; i < side->asked_count; i++) {
                if (!strcmp(side->asked[i].method, "INVITE") && !side->asked[i].status)
                        return true;
        }
        return side->owes_ack;
}

static bool may_reinvite(const struct side *side)
{
        return !has_invite_open(side) && side->sent[KIND_REINVITE] < REINVITE_MAX;
}

static bool agent_may_offer(const struct play *play)
{
        return explore_has_dialog(&play->agent) && play->agent.got[KIND_OK] &&
               may_reinvite(&play->agent);
}

static bool customer_may_offer(const struct play *play)
{
        return explore_is_answered(&play->customer) && may_reinvite(&play->customer);
}

static bool agent_owes_ack_answer(const struct play *play)
{
        return play->agent.owes_ack_answer;
}

static bool customer_owes_ack_answer(const struct play *play)
{
        return play->customer.owes_ack_answer;
}

/* RFC 3262 5: once the reliable answer that it acknowledges has answered the INVITE's offer. */
static bool may_prack_offering(const struct play *play)
{
        return play->agent.owes_settling && !play->agent.owes_answer;
}

static bool agent_owes_reinvite(const struct play *play)
{
        return play->agent.owes_reinvite;
}

static bool customer_owes_reinvite(const struct play *play)
{
        return play->customer.owes_reinvite;
}

static bool customer_owes_update(const struct play *play)
{
        return play->customer.owes_update;
}

static bool agent_may_refresh(const struct play *play)
{
        return explore_has_dialog(&play->agent) && play->agent.got[KIND_OK] &&
               play->agent.sent[KIND_UPDATE] < UPDATES_MAX;
}

static bool customer_may_refresh(const struct play *play)
{
        return explore_is_answered(&play->customer) &&
               play->customer.sent[KIND_UPDATE] < UPDATES_MAX;
}

#define TIMER(refresher)                                                                           \
        "with \"Supported: timer\" with \"Session-Expires: 90;refresher=" refresher "\""
#define ALLOW "with \"Allow: INVITE, ACK, BYE, CANCEL, UPDATE\""

const struct move explore_moves_within[] = {
        /* of us an offer is asked, and another description */
        {'N', "agent -> INVITE M1", explore_may_invite, NULL, 0, 0, KIT_OFFERS},
        {'n', "agent -> INVITE", agent_may_offer, NULL, 0, 0, KIT_OFFERS},
        {'S', "agent -> ACK sdp", agent_owes_ack_answer, NULL, 0, 0, KIT_ALWAYS},
        {'d', "agent -> INVITE sdp sendonly", agent_may_offer, NULL, 0, 0, KIT_OFFERS},
        {'f', "agent -> INVITE sdp fax", agent_may_offer, NULL, 0, 0, KIT_OFFERS},
        {'m', "customer -> INVITE", customer_may_offer, NULL, 0, 0, KIT_OFFERS},
        {'E', "customer -> ACK sdp", customer_owes_ack_answer, NULL, 0, 0, KIT_ALWAYS},
        {'D', "customer -> INVITE sdp inactive", customer_may_offer, NULL, 0, 0, KIT_OFFERS},
        {'e', "customer -> INVITE sdp fax", customer_may_offer, NULL, 0, 0, KIT_OFFERS},
        {'q', "agent -> PRACK rack sdp pcma", may_prack_offering, NULL, 0, 0, KIT_EARLY},
        /* who refreshes: we (Y, Z) or they */
        {'Y', "agent -> INVITE M1 " TIMER("uas") " sdp", explore_may_invite, NULL, 0, 0,
         KIT_TIMERS},
        {'y', "agent -> INVITE M1 " TIMER("uac") " sdp", explore_may_invite, NULL, 0, 0,
         KIT_TIMERS},
        {'Z', "customer -> 200 for INVITE " ALLOW " " TIMER("uac") " sdp", explore_may_answer, NULL,
         0, 0, KIT_TIMERS},
        {'z', "customer -> 200 for INVITE " TIMER("uas") " sdp", explore_may_answer, NULL, 0, 0,
         KIT_TIMERS},
        {'.', "agent -> UPDATE " TIMER("uac"), agent_may_refresh, NULL, 0, 0, KIT_TIMERS},
        {':', "customer -> UPDATE " TIMER("uac"), customer_may_refresh, NULL, 0, 0, KIT_TIMERS},
        /* answers to our re-INVITE, and to our UPDATE */
        {'v', "agent -> 200 for INVITE " TIMER("uac") " sdp", agent_owes_reinvite, NULL, 0, 0,
         KIT_TIMERS},
        {'w', "agent -> 491 for INVITE", agent_owes_reinvite, NULL, 0, 0, KIT_TIMERS},
        {'W', "agent -> 422 for INVITE with \"Min-SE: 120\"", agent_owes_reinvite, NULL, 0, 0,
         KIT_TIMERS},
        {'g', "agent -> 481 for INVITE", agent_owes_reinvite, NULL, 0, 0, KIT_TIMERS},
        {'5', "customer -> 200 for UPDATE " TIMER("uac"), customer_owes_update, NULL, 0, 0,
         KIT_TIMERS},
        {'6', "customer -> 491 for UPDATE", customer_owes_update, NULL, 0, 0, KIT_TIMERS},
        {'9', "customer -> 405 for UPDATE", customer_owes_update, NULL, 0, 0, KIT_TIMERS},
        {'0', "customer -> 408 for UPDATE", customer_owes_update, NULL, 0, 0, KIT_TIMERS},
        {'l', "customer -> 200 for INVITE " TIMER("uac") " sdp", customer_owes_reinvite, NULL, 0, 0,
         KIT_TIMERS},
        /* M2 is the customer's to dial */
        {'X', "agent -> INVITE M2 sdp", explore_may_invite, NULL, 0, 0, KIT_REFUSED},
        {'M', "agent -> INVITE M2 with \"Require: 100rel\" sdp", explore_may_invite, NULL, 0, 0,
         KIT_REFUSED},
};
const unsigned explore_moves_within_count =
        sizeof explore_moves_within / sizeof explore_moves_within[0];

/* ---- what is noted, and must hold ---- */

bool explore_is_refused(const struct play *play)
{
        return strpbrk(play->path, "XM") != NULL;
}

static uint64_t bit_of(unsigned cseq)
{
        assert_true(cseq < 64);
        return UINT64_C(1) << cseq;
}

static void note_answer(struct play *play, struct side *side, const struct sip_msg *msg)
{
        if (msg->status < 200)
                return;
        if (msg->cseq_method == SIP_UPDATE)
                side->owes_update = false;
        bool is_reinvite = msg->cseq_method == SIP_INVITE && side->owes_reinvite;
        if (!is_reinvite)
                return;
        side->owes_reinvite = false;
        int64_t waited_ms = sim_world_now_ms(play->run->platform->sim) - side->reinvited_ms;
        if (waited_ms < WAIT_MS_MAX)
                side->to_acknowledge |= bit_of(msg->cseq);
}

/* What a peer sends. */
void explore_note_within(struct play *play, struct side *side, const struct sip_msg *msg)
{
        if (!msg->is_request)
                note_answer(play, side, msg);
        else if (msg->method == SIP_INVITE && msg->content_is_sdp &&
                 !memmem(msg->body.p, msg->body.len, "m=audio", 7))
                side->fax_cseq = msg->cseq;
}

void explore_check_request_within(struct play *play, struct side *side, const struct sip_msg *msg)
{
        if (msg->method == SIP_UPDATE)
                side->owes_update = true;
        if (msg->method == SIP_ACK)
                side->acknowledged |= bit_of(msg->cseq);
        if (msg->method != SIP_INVITE || !msg->to.tag.len)
                return;
        if (!side->owes_reinvite)
                side->reinvited_ms = sim_world_now_ms(play->run->platform->sim);
        side->owes_reinvite = true;
        if (side->owes_update)
                flow_fail(play->run, "it refreshes in two ways at once");
}

/* A final answer to an INVITE. */
void explore_check_answer_within(struct play *play, struct side *side, const struct asked *asked,
                                 const struct sip_msg *msg)
{
        bool is_taken = msg->status < 300;
        side->owes_ack_answer = is_taken && !asked->has_offer && msg->content_is_sdp;
        if (is_taken && side->fax_cseq && msg->cseq == side->fax_cseq)
                flow_fail(play->run, "T.38 is taken");
        /* RFC 3261 13.3.1.4, unless a reliable answer has made it (RFC 3262 5). */
        bool was_made = msg->cseq == side->invite_cseq && strchr(play->path, 'J');
        if (is_taken && !asked->has_offer && !msg->content_is_sdp && !was_made)
                flow_fail(play->run, "an offer is asked for, and none is made");
        if (is_taken && asked->has_offer && !msg->content_is_sdp && msg->cseq != side->invite_cseq)
                flow_fail(play->run, "an offer is not answered");
}

/* RFC 3261 14.2, RFC 3311 5.2: not while an offer of ours waits for its answer. */
void explore_check_glare(struct play *play, const struct side *side, const struct asked *asked,
                         const struct sip_msg *msg)
{
        int64_t waits_ms = sim_world_now_ms(play->run->platform->sim) - side->reinvited_ms;
        bool is_glare = side->owes_reinvite && waits_ms < WAIT_MS_MAX;
        bool is_answer = !strcmp(asked->method, "PRACK"); /* mostly */
        is_glare |= side->owes_ack_answer;
        if (is_glare && asked->has_offer && !is_answer && msg->status >= 200 && msg->status < 300 &&
            !play->crashes)
                flow_fail(play->run, "an offer is taken while one of ours waits");
}

/* A session that nobody refreshes any more is over before the longest call is. */
void explore_note_session(struct play *play)
{
        struct calls *calls = play->run->platform->calls;
        for (uint32_t i = 0; i < pool_capacity(calls->pool); i++) {
                const struct call *call = pool_at(calls->pool, i);
                for (int side = 0; call && side < 2; side++) {
                        const struct leg *leg = pool_find(calls->ua->legs, call->legs[side].sip.h);
                        play->must_expire |= call->state == CALL_CONNECTED && leg &&
                                             leg->session_timer.armed &&
                                             leg->session_timer.due_ms < call->timer.due_ms;
                }
        }
}

void explore_check_session(struct play *play)
{
        struct records records = platform_records(play->run->platform, 1);
        if (play->must_expire && records.legs[CDR_LEG_A].cause == CAUSE_SCHEDULED)
                flow_fail(play->run, "a session that nobody refreshes goes on");
}

void explore_check_within_end(struct play *play, const struct side *side)
{
        if (!play->crashes && side->to_acknowledge & ~side->acknowledged)
                flow_fail(play->run, "the answer of the %s to a re-INVITE is never acknowledged",
                          side->name);
}
