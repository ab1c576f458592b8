/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore_moves.c - what may be done next in a call, by whom.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "explore.h"

#define COPY_MS_MAX 5000  /* T4, the longest that a message is on its way (RFC 3261 17.1.1.1) */
#define LONG_MS     33000 /* longer than 64*T1 */

static int64_t now_ms(const struct play *play)
{
        return sim_world_now_ms(play->run->platform->sim);
}

static bool may_copy(const struct play *play, const struct side *side, enum message_kind kind)
{
        return side->sent[kind] && now_ms(play) - side->sent_ms[kind] < COPY_MS_MAX;
}

/* ---- the caller ---- */

bool explore_has_dialog(const struct side *side)
{
        return side->call->their_tag[0] && !side->sent[KIND_BYE] && !side->got[KIND_REFUSED];
}

bool explore_may_invite(const struct play *play)
{
        return !play->agent.sent[KIND_INVITE];
}

static bool may_cancel(const struct play *play)
{
        return play->agent.sent[KIND_INVITE] && !play->agent.sent[KIND_CANCEL] &&
               !play->agent.sent[KIND_ACK];
}

static bool agent_may_prack(const struct play *play)
{
        return play->agent.owes_prack || play->agent.owes_answer;
}

static bool agent_may_prack_answering(const struct play *play)
{
        return play->agent.owes_answer;
}

static bool agent_may_ack(const struct play *play)
{
        return play->agent.owes_ack;
}

static bool agent_may_bye(const struct play *play)
{
        return explore_has_dialog(&play->agent);
}

static bool agent_may_reinvite(const struct play *play)
{
        return explore_has_dialog(&play->agent) && play->agent.got[KIND_OK] &&
               !play->agent.sent[KIND_REINVITE];
}

static bool agent_may_update(const struct play *play)
{
        return explore_has_dialog(&play->agent) && !play->agent.sent[KIND_UPDATE];
}

static bool agent_owes_bye(const struct play *play)
{
        return play->agent.owes_bye;
}

static bool agent_invite_again(const struct play *play)
{
        return may_copy(play, &play->agent, KIND_INVITE);
}

static bool agent_cancel_again(const struct play *play)
{
        return may_copy(play, &play->agent, KIND_CANCEL);
}

static bool agent_ack_again(const struct play *play)
{
        return may_copy(play, &play->agent, KIND_ACK);
}

static bool agent_bye_again(const struct play *play)
{
        return may_copy(play, &play->agent, KIND_BYE);
}

static bool agent_update_again(const struct play *play)
{
        return may_copy(play, &play->agent, KIND_UPDATE);
}

static bool agent_prack_again(const struct play *play)
{
        return may_copy(play, &play->agent, KIND_PRACK);
}

/* ---- the callee ---- */

static bool is_asked(const struct side *side)
{
        return side->got[KIND_INVITE] && !side->sent[KIND_OK] && !side->sent[KIND_REFUSED];
}

static bool may_ring(const struct play *play)
{
        return is_asked(&play->customer) && !play->customer.sent[KIND_RINGING];
}

static bool may_ring_reliably(const struct play *play)
{
        return is_asked(&play->customer) && !play->customer.sent[KIND_RELIABLE];
}

/* RFC 3262 3: the second when the first is acknowledged, no sooner. */
static bool may_ring_reliably_on(const struct play *play)
{
        const struct side *side = &play->customer;
        return is_asked(side) && side->sent[KIND_RELIABLE] == 1 && side->got[KIND_PRACK];
}

static bool owes_prack_answer(const struct play *play)
{
        return play->customer.owes_prack;
}

bool explore_may_answer(const struct play *play)
{
        return is_asked(&play->customer);
}

static bool may_refuse(const struct play *play)
{
        return is_asked(&play->customer) && !play->customer.got[KIND_CANCEL];
}

static bool may_give_up(const struct play *play)
{
        return is_asked(&play->customer) && play->customer.got[KIND_CANCEL];
}

static bool may_confirm_cancel(const struct play *play)
{
        return play->customer.owes_cancel;
}

bool explore_is_answered(const struct side *side)
{
        return side->sent[KIND_OK] && !side->sent[KIND_BYE];
}

static bool customer_may_bye(const struct play *play)
{
        return explore_is_answered(&play->customer);
}

static bool customer_may_reinvite(const struct play *play)
{
        return explore_is_answered(&play->customer) && !play->customer.sent[KIND_REINVITE];
}

static bool customer_may_update(const struct play *play)
{
        const struct side *side = &play->customer;
        return (side->sent[KIND_RINGING] || side->sent[KIND_RELIABLE] || side->sent[KIND_OK]) &&
               !side->sent[KIND_BYE] && !side->sent[KIND_REFUSED] && !side->sent[KIND_UPDATE];
}

static bool customer_may_ack(const struct play *play)
{
        return play->customer.owes_ack;
}

static bool customer_owes_bye(const struct play *play)
{
        return play->customer.owes_bye;
}

static bool may_fork(const struct play *play)
{
        return play->customer.got[KIND_INVITE] && !play->customer.forked[0];
}

static bool ringing_again(const struct play *play)
{
        return may_copy(play, &play->customer, KIND_RINGING);
}

static bool reliable_again(const struct play *play)
{
        return may_copy(play, &play->customer, KIND_RELIABLE);
}

static bool answer_again(const struct play *play)
{
        return may_copy(play, &play->customer, KIND_OK);
}

static bool customer_bye_again(const struct play *play)
{
        return may_copy(play, &play->customer, KIND_BYE);
}

static bool reinvite_again(const struct play *play)
{
        return may_copy(play, &play->customer, KIND_REINVITE);
}

/* ---- the clock, and what happens to Maskline ---- */

static bool is_there_a_timer(const struct play *play)
{
        int64_t at_ms;
        return explore_next_timer(play, &at_ms);
}

static void until_next_timer(struct play *play)
{
        int64_t at_ms;
        if (explore_next_timer(play, &at_ms) && at_ms > now_ms(play))
                sim_world_run_ms(play->run->platform->sim, at_ms - now_ms(play));
}

static void long_time(struct play *play)
{
        sim_world_run_ms(play->run->platform->sim, LONG_MS);
}

static bool is_there_a_call(const struct play *play)
{
        return calls_active(play->run->platform->calls) > 0;
}

static void operator_hangs_up(struct play *play)
{
        struct calls *calls = play->run->platform->calls;
        struct call_view view;
        assert_int_equal(calls_list(calls, 0, &view, 1), 1);
        assert_int_equal(calls_hangup(calls, view.call_id), 0);
}

static void crash(struct play *play)
{
        platform_crash(play->run->platform, 0);
}

static const struct move moves[] = {
        {'i', "agent -> INVITE M1 sdp", explore_may_invite, NULL, 0, 0, 0},
        {'j', "agent -> INVITE M1 with \"Require: 100rel\" sdp", explore_may_invite, NULL, 0, 0, 0},
        {'J', "agent -> INVITE M1 with \"Require: 100rel\"", explore_may_invite, NULL, 0, 0, 0},
        {'s', "agent -> PRACK rack sdp", agent_may_prack_answering, NULL, 0, 0, 0},
        {'p', "agent -> PRACK rack", agent_may_prack, NULL, 0, 0, 0},
        {'c', "agent -> CANCEL", may_cancel, NULL, 0, 0, 0},
        {'a', "agent -> ACK", agent_may_ack, NULL, 0, 0, 0},
        {'b', "agent -> BYE", agent_may_bye, NULL, 0, 0, 0},
        {'r', "agent -> INVITE sdp", agent_may_reinvite, NULL, 0, 0, 0},
        {'u', "agent -> UPDATE sdp", agent_may_update, NULL, 0, 0, 0},
        {'o', "agent -> 200 for BYE", agent_owes_bye, NULL, 0, 0, 0},
        {'1', "customer -> 180 for INVITE", may_ring, NULL, 0, 0, 0},
        {'3', "customer -> 183 for INVITE with \"Require: 100rel\" with \"RSeq: 1\" sdp",
         may_ring_reliably, NULL, 0, 0, 0},
        {'8', "customer -> 180 for INVITE with \"Require: 100rel\" with \"RSeq: 2\"",
         may_ring_reliably_on, NULL, 0, 0, 0},
        {'P', "customer -> 200 for PRACK", owes_prack_answer, NULL, 0, 0, 0},
        {'2', "customer -> 200 for INVITE sdp", explore_may_answer, NULL, 0, 0, 0},
        {'4', "customer -> 486 for INVITE", may_refuse, NULL, 0, 0, 0},
        {'7', "customer -> 487 for INVITE", may_give_up, NULL, 0, 0, 0},
        {'k', "customer -> 200 for CANCEL", may_confirm_cancel, NULL, 0, 0, 0},
        {'B', "customer -> BYE", customer_may_bye, NULL, 0, 0, 0},
        {'R', "customer -> INVITE sdp", customer_may_reinvite, NULL, 0, 0, 0},
        {'U', "customer -> UPDATE sdp", customer_may_update, NULL, 0, 0, 0},
        {'A', "customer -> ACK", customer_may_ack, NULL, 0, 0, 0},
        {'O', "customer -> 200 for BYE", customer_owes_bye, NULL, 0, 0, 0},
        {'t', "after the next timer", is_there_a_timer, until_next_timer, 0, 0, 0},
        {'T', "after 33 s", is_there_a_timer, long_time, 0, 0, 0},
        {'h', "the operator hangs up", is_there_a_call, operator_hangs_up, 0, 0, 0},
        {'x', "a crash", is_there_a_call, crash, 0, 1, 0},
        {'F', "customer -> 200 for INVITE sdp tag other", may_fork, NULL, 1, 0, 0},
        {'I', "agent -> INVITE again", agent_invite_again, NULL, 1, 0, 0},
        {'C', "agent -> CANCEL again", agent_cancel_again, NULL, 1, 0, 0},
        {'K', "agent -> ACK again", agent_ack_again, NULL, 1, 0, 0},
        {'G', "agent -> BYE again", agent_bye_again, NULL, 1, 0, 0},
        {'V', "agent -> UPDATE again", agent_update_again, NULL, 1, 0, 0},
        {'L', "agent -> PRACK again", agent_prack_again, NULL, 1, 0, 0},
        {'!', "customer -> 180 again", ringing_again, NULL, 1, 0, 0},
        {'#', "customer -> 183 again", reliable_again, NULL, 1, 0, 0},
        {'=', "customer -> 200 for INVITE again", answer_again, NULL, 1, 0, 0},
        {'H', "customer -> BYE again", customer_bye_again, NULL, 1, 0, 0},
        {'Q', "customer -> INVITE again", reinvite_again, NULL, 1, 0, 0},
};

const struct move *explore_move_at(unsigned i)
{
        const unsigned count = sizeof moves / sizeof moves[0];
        if (i < count)
                return &moves[i];
        i -= count;
        return i < explore_moves_within_count ? &explore_moves_within[i] : NULL;
}

bool explore_may(const struct play *play, const struct move *move)
{
        return (!move->kit || (move->kit & play->kits)) &&
               play->faults + move->faults <= play->what->faults &&
               play->crashes + move->crashes <= play->what->crashes && move->may(play);
}

/* ---- what is owed ---- */

struct duty {
        size_t owed; /* where in struct side it says so */
        const char *line[2];
};

#define OWES(member) offsetof(struct side, member)
static const struct duty duties[] = {
        {OWES(owes_ack_answer), {"agent -> ACK sdp", "customer -> ACK sdp"}},
        {OWES(owes_ack), {"agent -> ACK", "customer -> ACK"}},
        {OWES(owes_bye), {"agent -> 200 for BYE", "customer -> 200 for BYE"}},
        {OWES(owes_cancel), {NULL, "customer -> 200 for CANCEL"}},
        {OWES(owes_prack), {"agent -> PRACK rack", "customer -> 200 for PRACK"}},
        {OWES(owes_answer), {"agent -> PRACK rack sdp", NULL}},
        {OWES(owes_update), {"agent -> 200 for UPDATE", "customer -> 200 for UPDATE"}},
        {OWES(owes_reinvite), {"agent -> 200 for INVITE sdp", "customer -> 200 for INVITE sdp"}},
};

void explore_do_duty(struct play *play, struct side *side)
{
        bool is_customer = side == &play->customer;
        for (size_t i = 0; i < sizeof duties / sizeof duties[0]; i++) {
                const bool *owes = (const bool *)((const char *)side + duties[i].owed);
                if (*owes && duties[i].line[is_customer])
                        explore_send(play, duties[i].line[is_customer]);
        }
        if (is_customer && may_give_up(play))
                explore_send(play, "customer -> 487 for INVITE");
}

/* ---- as a flow ---- */

/* And what peers do only of duty. */
static const char setting[] = "limit ring 45s\n"
                              "limit media 24h\n"
                              "limit call 2m\n"
                              "limit calls 2\n"
                              "session agent customer M1 M2\n"
                              "no-record\n"
                              "agent -> 200 for UPDATE\n"
                              "customer -> 200 for UPDATE\n"
                              "agent -> 200 for INVITE sdp\n";

char *explore_flow_text(void)
{
        char *text = NULL;
        size_t bytes = 0;
        FILE *out = open_memstream(&text, &bytes);
        assert_non_null(out);
        fputs(setting, out);
        const struct move *move;
        for (unsigned i = 0; (move = explore_move_at(i)); i++) {
                if (!move->act)
                        fprintf(out, "%s\n", move->line);
        }
        fclose(out);
        return text;
}

void explore_send(struct play *play, const char *line)
{
        struct flow_run *run = play->run;
        for (unsigned i = 0; i < run->flow->step_count; i++) {
                const struct flow_step *step = &run->flow->steps[i];
                if (strcmp(step->text, line) != 0)
                        continue;
                struct side *side = step->who[0] == 'a' ? &play->agent : &play->customer;
                run->step = step;
                unsigned before = run->event_count;
                flow_peer_send(side->peer, step);
                if (run->event_count > before)
                        explore_note_sent(play, side, &run->events[before]);
                return;
        }
        fail_msg("no such line: %s", line);
}
