/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mask.h"

#include <assert.h>
#include <stddef.h>

/* The number withheld is nobody's. */
bool mask_admits(const struct mask_question *question, const struct mapping *mapping)
{
        if (!number_equal(mapping->dialled.n, question->dialled.n))
                return false;
        bool is_withheld = number_is_none(question->caller.n);
        switch (mapping->by) {
        case MAPPING_BY_NUMBER:
                return !is_withheld && number_equal(mapping->caller.n, question->caller.n);
        case MAPPING_BY_INTENT:
                return !is_withheld && question->policy->ladder & 1u << RUNG_INTENT;
        case MAPPING_BY_PIN:
                return question->policy->ladder & 1u << RUNG_PIN;
        case MAPPING_BY_EXTENSION:
        case MAPPING_BY_ANYONE:
                return !is_withheld || question->policy->take_withheld;
        case MAPPING_BY_REQUEST:
                return false; /* nobody has said yes */
        }
        return false;
}

static bool was_by_digits(const struct mapping *mapping)
{
        return mapping && (mapping->by == MAPPING_BY_PIN || mapping->by == MAPPING_BY_EXTENSION);
}

/* An order to end that came before the time ran out; both leave the same tombstone. */
static bool ended_by_order(const struct mapping *mapping)
{
        return !mapping->expires_ms || mapping->ended_ms < mapping->expires_ms;
}

static enum mask_verdict decide_by_time(const struct mapping *mapping, int64_t now_ms)
{
        /* The state is asked before the clock: what has ended stays so if the clock goes back. */
        if (mapping->state == SESSION_ENDED || mapping->state == SESSION_ERASED)
                return ended_by_order(mapping) ? MASK_ENDED : MASK_EXPIRED;
        if (mapping->expires_ms && now_ms >= mapping->expires_ms)
                return MASK_EXPIRED;
        if (now_ms < mapping->starts_ms)
                return MASK_NOT_YET;
        return MASK_CONNECT;
}

static bool may_call(enum policy_direction direction, unsigned side)
{
        switch (direction) {
        case DIRECTION_BOTH:
                return true;
        case DIRECTION_FROM_SIDE_0:
                return side == 0;
        case DIRECTION_FROM_SIDE_1:
                return side == 1;
        }
        return false;
}

static bool is_reached(uint32_t max, uint32_t count)
{
        return max && count >= max;
}

static bool is_busy(const struct pool_policy *policy, const struct mask_counts *counts)
{
        return is_reached(policy->session_concurrent_max, counts->session_running) ||
               is_reached(policy->party_concurrent_max, counts->caller_running) ||
               is_reached(policy->party_concurrent_max, counts->callee_running);
}

/* Its word is the last one: it is of no interest where another rule says no, and lets nobody in. */
static enum mask_verdict decide_by_intercept(const struct pool_policy *policy,
                                             enum intercept_answer answer)
{
        if (!policy->intercept_url[0])
                return MASK_CONNECT;
        switch (answer) {
        case INTERCEPT_NO_ANSWER:
                return policy->intercept_fails_open ? MASK_CONNECT : MASK_INTERCEPT_UNANSWERED;
        case INTERCEPT_ALLOWS:
                return MASK_CONNECT;
        case INTERCEPT_REFUSES:
                return MASK_INTERCEPT_REFUSED;
        }
        return MASK_INTERCEPT_REFUSED;
}

static enum mask_verdict decide_by_policy(const struct mask_question *question,
                                          const struct mapping *mapping)
{
        const struct pool_policy *policy = question->policy;
        const struct mask_counts *counts = &question->counts;
        if (counts->is_blocked)
                return MASK_BLOCKED;
        if (!may_call((enum policy_direction)policy->direction, mapping->caller_side))
                return MASK_DIRECTION;
        if (!pool_policy_is_open(policy, question->now_ms))
                return MASK_HOURS;
        if (number_is_none(mapping->connect_to.n))
                return MASK_NOBODY;
        if (is_reached(policy->session_calls_max, counts->session_calls))
                return MASK_CALLS_USED_UP;
        if (counts->rate_is_spent)
                return MASK_RATE;
        if (is_busy(policy, counts))
                return MASK_BUSY;
        return decide_by_intercept(policy, counts->intercept);
}

/* Nobody is asked for a call that could not be connected then. */
static bool may_ask(const struct mask_question *question)
{
        const struct mapping *request = question->request;
        return question->policy->ladder & 1u << RUNG_REQUEST && request &&
               decide_by_time(request, question->now_ms) == MASK_CONNECT &&
               decide_by_policy(question, request) == MASK_CONNECT;
}

/*
 * What is left for a caller who is no party: whether the number is in use plays no part in it,
 * except that nobody can be asked where nobody is.
 */
static enum mask_verdict decide_for_stranger(const struct mask_question *question)
{
        const struct pool_policy *policy = question->policy;
        const struct mask_counts *counts = &question->counts;
        bool by_digits = policy->ladder & 1u << RUNG_PIN || policy->model == MODEL_EXTENSION;
        if (by_digits && counts->is_locked_out)
                return MASK_LOCKED_OUT;
        if (by_digits && !counts->digits_were_asked)
                return MASK_ASK_DIGITS;
        if (may_ask(question))
                return MASK_ASK_PARTY;
        return number_is_none(question->caller.n) ? MASK_WITHHELD : MASK_STRANGER;
}

enum mask_verdict mask_decide(const struct mask_question *question)
{
        const struct mapping *mapping = question->mapping;
        if (!question->number_is_ours || number_is_none(question->dialled.n))
                return MASK_UNKNOWN_NUMBER;

        /* A stranger learns nothing, not even that a session is or was there. */
        if (!mapping || !mask_admits(question, mapping))
                return decide_for_stranger(question);
        /* Who is locked out is not let in by the right digits either. */
        if (was_by_digits(mapping) && question->counts.is_locked_out)
                return MASK_LOCKED_OUT;

        enum mask_verdict verdict = decide_by_time(mapping, question->now_ms);
        if (verdict == MASK_CONNECT)
                verdict = decide_by_policy(question, mapping);
        if (verdict == MASK_CONNECT) {
                assert(!number_is_none(mapping->show.n));
                assert(!number_is_none(mapping->connect_to.n));
                assert(!number_equal(mapping->connect_to.n, question->caller.n));
        }
        return verdict;
}

enum mask_words mask_words(enum mask_verdict verdict, const struct mapping *mapping,
                           const struct pool_policy *policy)
{
        bool is_over = verdict == MASK_ENDED || verdict == MASK_EXPIRED;
        bool is_by_number = mapping && mapping->by == MAPPING_BY_NUMBER;
        return policy->tell_ended && is_over && is_by_number ? WORDS_ENDED : WORDS_GENERAL;
}

const char *mask_words_name(enum mask_words words)
{
        return words == WORDS_ENDED ? "ended" : "general";
}

static const struct {
        const char *name, *sentence;
        bool of_session;
} verdicts[MASK_VERDICTS] = {
        [MASK_CONNECT] = {"connect", "The caller is a party of a live session: connected.", true},
        [MASK_UNKNOWN_NUMBER] = {"unknown-number", "The number dialled is not one of ours.", false},
        [MASK_WITHHELD] = {"withheld",
                           "The caller's number was withheld or could not be read, "
                           "so it is nobody's we know.",
                           false},
        [MASK_STRANGER] = {"stranger", "The caller is no party of any session on that number.",
                           false},
        [MASK_NOT_YET] = {"not-yet", "The session of this caller has not started yet.", true},
        [MASK_EXPIRED] = {"expired", "The session of this caller has expired.", true},
        [MASK_ENDED] = {"ended", "The session of this caller was ended before the call.", true},
        [MASK_ASK_DIGITS] = {"ask-digits",
                             "The caller is known by no number: digits would say who it is, or "
                             "whom it wants.",
                             false},
        [MASK_LOCKED_OUT] = {"locked-out", "Too many wrong digits were keyed in.", false},
        [MASK_ASK_PARTY] = {"ask-party",
                            "The caller is no party: the one it would reach is to be asked first.",
                            false},
        [MASK_BLOCKED] = {"blocked", "One of the two parties has blocked the other.", true},
        [MASK_DIRECTION] = {"direction", "In this pool the caller's side may not call the other.",
                            true},
        [MASK_HOURS] = {"hours", "In this pool no calls are made at this time.", true},
        [MASK_NOBODY] = {"nobody",
                         "There is nobody to connect to: no caller whose call still counts, or the "
                         "other party has left.",
                         true},
        [MASK_CALLS_USED_UP] = {"calls-used-up", "The session has had as many calls as it may.",
                                true},
        [MASK_RATE] = {"rate", "The caller has made as many calls lately as a party may.", true},
        [MASK_BUSY] = {"busy",
                       "The session, or one of the two parties, has as many calls at once as it "
                       "may.",
                       true},
        [MASK_INTERCEPT_REFUSED] = {"intercept-refused",
                                    "The pool's intercept was asked before the call and refused "
                                    "it.",
                                    true},
        [MASK_INTERCEPT_UNANSWERED] = {"intercept-unanswered",
                                       "The pool has an intercept, no answer of it came, and "
                                       "without one its calls are refused.",
                                       true},
};

bool mask_verdict_is_of_session(enum mask_verdict verdict)
{
        assert((unsigned)verdict < MASK_VERDICTS);
        return verdicts[verdict].of_session;
}

const char *mask_verdict_name(enum mask_verdict verdict)
{
        assert((unsigned)verdict < MASK_VERDICTS);
        return verdicts[verdict].name;
}

const char *mask_verdict_sentence(enum mask_verdict verdict)
{
        assert((unsigned)verdict < MASK_VERDICTS);
        return verdicts[verdict].sentence;
}
