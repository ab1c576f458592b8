/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore_reliable.c - what must hold of provisional answers that want a PRACK, in both roles.
 */
#include "../unit/unit.h"
#include "explore.h"

bool explore_is_reliable(const struct sip_msg *msg)
{
        return !msg->is_request && msg->cseq_method == SIP_INVITE && msg->status > 100 &&
               msg->status < 200 && msg->rseq && (msg->require & SIP_OPTION_100REL);
}

bool explore_has_final(const struct side *side)
{
        return side->got[KIND_OK] || side->got[KIND_REFUSED];
}

/* RFC 3262 4: each reliable answer once, in their order. */
void explore_check_prack(struct play *play, struct side *side, const struct sip_msg *msg)
{
        side->owes_prack = true;
        if (msg->rack_rseq > side->sent[KIND_RELIABLE] || msg->rack_cseq != side->invite_cseq ||
            msg->rack_method != SIP_INVITE)
                flow_fail(play->run, "it acknowledges an answer that was not given");
        else if (msg->rack_rseq > side->got[KIND_PRACK] ||
                 side->got[KIND_PRACK] > side->sent[KIND_RELIABLE])
                flow_fail(play->run, "it acknowledges an answer twice, or not in their order");
        else if (msg->body.len)
                flow_fail(play->run, "its PRACK makes an offer");
}

void explore_check_prack_answer(struct play *play, const struct side *side,
                                const struct sip_msg *answer)
{
        if (answer->status != 200 && !explore_has_final(side) && !play->crashes)
                flow_fail(play->run, "the PRACK is refused while the INVITE waits");
}

static bool is_required(const struct play *play)
{
        return strpbrk(play->path, "jJM") != NULL;
}

/* RFC 3262 3: one at a time, and the 2xx after the PRACK of a description. */
void explore_check_reliable(struct play *play, struct side *side, const struct sip_msg *msg)
{
        struct flow_run *run = play->run;
        bool waits = side->owes_prack || side->owes_answer;
        if (msg->cseq != side->invite_cseq || msg->status == 100)
                return;
        if (msg->status >= 200) {
                if (msg->status < 300 && side->owes_settling && !play->crashes)
                        flow_fail(run, "its 2xx does not wait for the PRACK of a description");
                return;
        }
        if (explore_is_reliable(msg) != is_required(play))
                flow_fail(run, "its 1xx is %sreliable", explore_is_reliable(msg) ? "" : "not ");
        if (!explore_is_reliable(msg))
                return;
        bool is_next = msg->rseq != side->rseq;
        if (is_next && waits)
                flow_fail(run, "a reliable answer does not wait for the PRACK of another");
        if (is_next && side->rseq && msg->rseq != side->rseq + 1)
                flow_fail(run, "a reliable answer is left out");
        /* An INVITE that comes again gets what was said last (RFC 3261 17.2.1). */
        bool is_asked = play->moves && play->path[play->moves - 1] == 'I';
        if (!is_next && !waits && !is_asked && !play->crashes)
                flow_fail(run, "a reliable answer comes again after its PRACK");
        side->rseq = msg->rseq;
        const bool is_offer = msg->content_is_sdp && strchr(play->path, 'J');
        side->owes_prack |= is_next && !is_offer;
        side->owes_answer |= is_next && is_offer;
        side->owes_settling |= is_next && msg->content_is_sdp;
}

void explore_check_nothing_waits(struct play *play)
{
        const struct side *agent = &play->agent, *customer = &play->customer;
        bool is_answered = customer->talk_count && customer->talks[0].is_expected;
        if (is_answered && !explore_has_final(agent) && !agent->owes_settling)
                flow_fail(play->run, "the callee's answer is held back");
        if (customer->reliable_heard > customer->got[KIND_PRACK])
                flow_fail(play->run, "a reliable answer is not acknowledged");
}
