/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "core/mask.h"
#include "core/session.h"

#include "../unit.h"

#define NOW 1000000

static const struct masking_number m1 = {{919000000001}}, m2 = {{919000000002}};
static const struct real_number agent = {{919888800001}}, customer = {{919888800002}};
static const struct real_number stranger = {{919888800003}}, withheld = {{0}};

static enum mask_verdict decide(const struct mapping *mapping, struct masking_number dialled,
                                bool number_is_ours, struct real_number caller, int64_t now_ms)
{
        struct pool_policy policy;
        pool_policy_default(&policy);
        const struct mask_question question = {
                .mapping = mapping,
                .dialled = dialled,
                .number_is_ours = number_is_ours,
                .caller = caller,
                .now_ms = now_ms,
                .policy = &policy,
        };
        return mask_decide(&question);
}

static struct mapping live(void)
{
        return (struct mapping){
                .tenant_id = 1,
                .session_id = 7,
                .dialled = m1,
                .caller = agent,
                .connect_to = customer,
                .show = m2,
                .callee_party = 1,
                .state = SESSION_ACTIVE,
        };
}

static void a_party_of_a_live_session_is_connected(void **state)
{
        (void)state;
        struct mapping m = live();
        assert_int_equal(decide(&m, m1, true, agent, NOW), MASK_CONNECT);
        m.expires_ms = NOW + 1;
        assert_int_equal(decide(&m, m1, true, agent, NOW), MASK_CONNECT);
        m.starts_ms = NOW;
        assert_int_equal(decide(&m, m1, true, agent, NOW), MASK_CONNECT);
}

static void a_number_of_nobody_is_unknown_whatever_else_is_true(void **state)
{
        (void)state;
        struct mapping m = live();
        assert_int_equal(decide(&m, m1, false, agent, NOW), MASK_UNKNOWN_NUMBER);
        assert_int_equal(decide(&m, m1, false, withheld, NOW), MASK_UNKNOWN_NUMBER);
        assert_int_equal(decide(NULL, m1, false, stranger, NOW), MASK_UNKNOWN_NUMBER);
        struct masking_number nothing = {{0}};
        assert_int_equal(decide(NULL, nothing, true, agent, NOW), MASK_UNKNOWN_NUMBER);
}

static void a_withheld_caller_is_a_stranger_with_a_name_of_its_own(void **state)
{
        (void)state;
        struct mapping m = live();
        assert_int_equal(decide(NULL, m1, true, withheld, NOW), MASK_WITHHELD);
        assert_int_equal(decide(&m, m1, true, withheld, NOW), MASK_WITHHELD);
        m.caller = withheld;
        assert_int_equal(decide(&m, m1, true, withheld, NOW), MASK_WITHHELD);
}

static void a_stranger_is_refused_even_with_a_mapping_in_hand(void **state)
{
        (void)state;
        struct mapping m = live();
        assert_int_equal(decide(NULL, m1, true, stranger, NOW), MASK_STRANGER);
        assert_int_equal(decide(&m, m1, true, stranger, NOW), MASK_STRANGER);
        assert_int_equal(decide(&m, m1, true, customer, NOW), MASK_STRANGER);
        assert_int_equal(decide(&m, m2, true, agent, NOW), MASK_STRANGER);
}

static void a_stranger_does_not_learn_that_a_session_has_ended(void **state)
{
        (void)state;
        struct mapping m = live();
        m.state = SESSION_ENDED;
        assert_int_equal(decide(&m, m1, true, stranger, NOW), MASK_STRANGER);
}

static void expiry_needs_no_event(void **state)
{
        (void)state;
        struct mapping m = live();
        m.expires_ms = NOW;
        assert_int_equal(decide(&m, m1, true, agent, NOW - 1), MASK_CONNECT);
        assert_int_equal(decide(&m, m1, true, agent, NOW), MASK_EXPIRED);
        assert_int_equal(decide(&m, m1, true, agent, INT64_MAX), MASK_EXPIRED);
}

static void a_session_that_starts_later_does_not_answer_yet(void **state)
{
        (void)state;
        struct mapping m = live();
        m.state = SESSION_SCHEDULED;
        m.starts_ms = NOW + 1;
        assert_int_equal(decide(&m, m1, true, agent, NOW), MASK_NOT_YET);
        assert_int_equal(decide(&m, m1, true, agent, NOW + 1), MASK_CONNECT);
}

static void an_ended_session_stays_so_when_the_clock_goes_back(void **state)
{
        (void)state;
        struct mapping m = live();
        m.state = SESSION_ENDED;
        m.expires_ms = m.ended_ms = NOW;
        assert_int_equal(decide(&m, m1, true, agent, NOW - 500), MASK_EXPIRED);
        m.ended_ms = NOW - 100;
        assert_int_equal(decide(&m, m1, true, agent, NOW - 500), MASK_ENDED);
        assert_int_equal(decide(&m, m1, true, agent, NOW + 500), MASK_ENDED);
        m.expires_ms = 0;
        m.state = SESSION_ERASED;
        assert_int_equal(decide(&m, m1, true, agent, NOW), MASK_ENDED);
}

/* Every combination there is: one in which all is well connects, and no other does. */
static void only_one_of_all_combinations_connects(void **state)
{
        (void)state;
        static const int64_t times[] = {0, NOW - 1, NOW, NOW + 1};
        static const struct real_number callers[] = {{{919888800001}}, {{919888800003}}, {{0}}};
        unsigned connected = 0, seen = 0;
        for (unsigned bits = 0; bits < 8; bits++)
                for (unsigned who = 0; who < 3; who++)
                        for (unsigned st = SESSION_SCHEDULED; st <= SESSION_ERASED; st++)
                                for (unsigned t = 0; t < 64; t++) {
                                        bool found = bits & 1, ours = bits & 2, same = bits & 4;
                                        struct mapping m = live();
                                        m.state = (enum session_state)st;
                                        m.starts_ms = times[t & 3];
                                        m.expires_ms = times[t >> 2 & 3];
                                        m.ended_ms = times[t >> 4];
                                        enum mask_verdict v =
                                                decide(found ? &m : NULL, same ? m1 : m2, ours,
                                                       callers[who], NOW);
                                        bool well = found && ours && same && who == 0 &&
                                                    st <= SESSION_ACTIVE && m.starts_ms <= NOW &&
                                                    (!m.expires_ms || m.expires_ms > NOW);
                                        assert_int_equal(v == MASK_CONNECT, well);
                                        assert_in_range(v, MASK_CONNECT, MASK_VERDICTS - 1);
                                        /* Nobody but the party gets a verdict about a session. */
                                        if (!(found && ours && same && who == 0))
                                                assert_in_range(v, MASK_UNKNOWN_NUMBER,
                                                                MASK_STRANGER);
                                        connected += v == MASK_CONNECT;
                                        seen++;
                                }
        assert_int_equal(seen, 8 * 3 * 4 * 64);
        assert_int_equal(connected, 2 * 3 * 2 * 4);
}

static void every_verdict_has_a_name_and_a_sentence_of_its_own(void **state)
{
        (void)state;
        for (unsigned i = 0; i < MASK_VERDICTS; i++) {
                const char *name = mask_verdict_name((enum mask_verdict)i);
                const char *sentence = mask_verdict_sentence((enum mask_verdict)i);
                assert_non_null(name);
                assert_non_null(sentence);
                assert_int_equal(sentence[strlen(sentence) - 1], '.');
                for (unsigned j = 0; j < i; j++) {
                        assert_string_not_equal(name, mask_verdict_name((enum mask_verdict)j));
                        assert_string_not_equal(sentence,
                                                mask_verdict_sentence((enum mask_verdict)j));
                }
        }
}

/* A question that is answered with a connect; tests take one thing away. */
struct scene {
        struct mapping mapping;
        struct pool_policy policy;
        struct mask_question question;
};

static struct scene *make_scene(struct scene *scene)
{
        scene->mapping = live();
        pool_policy_default(&scene->policy);
        scene->question = (struct mask_question){
                .mapping = &scene->mapping,
                .dialled = m1,
                .number_is_ours = true,
                .caller = agent,
                .now_ms = NOW,
                .policy = &scene->policy,
        };
        return scene;
}

static void direction_is_the_pools(void **state)
{
        (void)state;
        struct scene s;
        make_scene(&s);
        s.policy.direction = DIRECTION_FROM_SIDE_0;
        assert_int_equal(mask_decide(&s.question), MASK_CONNECT);
        s.mapping.caller_side = 1;
        assert_int_equal(mask_decide(&s.question), MASK_DIRECTION);
        s.policy.direction = DIRECTION_FROM_SIDE_1;
        assert_int_equal(mask_decide(&s.question), MASK_CONNECT);
        s.mapping.caller_side = 0;
        assert_int_equal(mask_decide(&s.question), MASK_DIRECTION);
}

static void hours_are_the_pools(void **state)
{
        (void)state;
        struct scene s;
        make_scene(&s);
        s.policy.from_min = 16; /* NOW is in the 17th minute of 1970 */
        s.policy.to_min = 17;
        assert_int_equal(mask_decide(&s.question), MASK_CONNECT);
        s.question.now_ms = 17 * 60000;
        assert_int_equal(mask_decide(&s.question), MASK_HOURS);
}

static void each_limit_is_reached_by_the_next_call_and_not_before(void **state)
{
        (void)state;
        static const struct {
                size_t limit, count;
                enum mask_verdict verdict;
        } cases[] = {
                {offsetof(struct pool_policy, session_calls_max),
                 offsetof(struct mask_counts, session_calls), MASK_CALLS_USED_UP},
                {offsetof(struct pool_policy, session_concurrent_max),
                 offsetof(struct mask_counts, session_running), MASK_BUSY},
                {offsetof(struct pool_policy, party_concurrent_max),
                 offsetof(struct mask_counts, caller_running), MASK_BUSY},
                {offsetof(struct pool_policy, party_concurrent_max),
                 offsetof(struct mask_counts, callee_running), MASK_BUSY},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
                for (uint32_t limit = 0; limit < 3; limit++)
                        for (uint32_t count = 0; count < 4; count++) {
                                struct scene s;
                                make_scene(&s);
                                memcpy((char *)&s.policy + cases[i].limit, &limit, sizeof limit);
                                memcpy((char *)&s.question.counts + cases[i].count, &count,
                                       sizeof count);
                                assert_int_equal(mask_decide(&s.question),
                                                 limit && count >= limit ? cases[i].verdict
                                                                         : MASK_CONNECT);
                        }
}

static void what_was_found_out_before_is_honoured(void **state)
{
        (void)state;
        struct scene s;
        make_scene(&s)->question.counts.is_blocked = true;
        assert_int_equal(mask_decide(&s.question), MASK_BLOCKED);
        make_scene(&s)->question.counts.rate_is_spent = true;
        assert_int_equal(mask_decide(&s.question), MASK_RATE);
        make_scene(&s)->mapping.connect_to = withheld;
        assert_int_equal(mask_decide(&s.question), MASK_NOBODY);
}

static void ask_before_calls(struct pool_policy *policy, bool fails_open)
{
        snprintf(policy->intercept_url, sizeof policy->intercept_url, "https://example.com/ask");
        policy->intercept_fails_open = fails_open;
}

/* Every combination there is. */
static void an_intercept_has_the_last_word_and_without_it_the_policy(void **state)
{
        (void)state;
        static const struct {
                bool has_url, fails_open;
                enum intercept_answer answer;
                enum mask_verdict verdict;
        } cases[] = {
                {false, false, INTERCEPT_NO_ANSWER, MASK_CONNECT},
                {false, false, INTERCEPT_ALLOWS, MASK_CONNECT},
                {false, false, INTERCEPT_REFUSES, MASK_CONNECT},
                {false, true, INTERCEPT_NO_ANSWER, MASK_CONNECT},
                {false, true, INTERCEPT_ALLOWS, MASK_CONNECT},
                {false, true, INTERCEPT_REFUSES, MASK_CONNECT},
                {true, false, INTERCEPT_NO_ANSWER, MASK_INTERCEPT_UNANSWERED},
                {true, false, INTERCEPT_ALLOWS, MASK_CONNECT},
                {true, false, INTERCEPT_REFUSES, MASK_INTERCEPT_REFUSED},
                {true, true, INTERCEPT_NO_ANSWER, MASK_CONNECT},
                {true, true, INTERCEPT_ALLOWS, MASK_CONNECT},
                {true, true, INTERCEPT_REFUSES, MASK_INTERCEPT_REFUSED},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct scene s;
                make_scene(&s)->question.counts.intercept = cases[i].answer;
                if (cases[i].has_url)
                        ask_before_calls(&s.policy, cases[i].fails_open);
                s.policy.intercept_fails_open = cases[i].fails_open;
                assert_int_equal(mask_decide(&s.question), cases[i].verdict);
        }
}

/* Takes something away for which the call is refused; false: there is no such thing any more. */
static bool spoil(struct scene *s, unsigned i, enum mask_verdict *verdict)
{
        static const enum mask_verdict verdicts[] = {
                MASK_UNKNOWN_NUMBER, MASK_STRANGER, MASK_WITHHELD,      MASK_NOT_YET, MASK_EXPIRED,
                MASK_ENDED,          MASK_BLOCKED,  MASK_DIRECTION,     MASK_HOURS,   MASK_NOBODY,
                MASK_RATE,           MASK_BUSY,     MASK_CALLS_USED_UP,
        };
        if (i >= sizeof verdicts / sizeof verdicts[0])
                return false;
        *verdict = verdicts[i];
        s->question.number_is_ours = *verdict != MASK_UNKNOWN_NUMBER;
        if (*verdict == MASK_STRANGER)
                s->question.caller = stranger;
        if (*verdict == MASK_WITHHELD)
                s->question.caller = withheld;
        s->mapping.starts_ms = *verdict == MASK_NOT_YET ? NOW + 1 : 0;
        s->mapping.expires_ms = *verdict == MASK_EXPIRED ? NOW : 0;
        if (*verdict == MASK_ENDED)
                s->mapping.state = SESSION_ENDED;
        s->question.counts.is_blocked = *verdict == MASK_BLOCKED;
        if (*verdict == MASK_DIRECTION)
                s->policy.direction = DIRECTION_FROM_SIDE_1;
        s->policy.days = *verdict == MASK_HOURS ? 1 : 127;
        if (*verdict == MASK_NOBODY)
                s->mapping.connect_to = withheld;
        s->question.counts.rate_is_spent = *verdict == MASK_RATE;
        s->policy.session_concurrent_max = s->policy.session_calls_max = 1;
        s->question.counts.session_running = *verdict == MASK_BUSY;
        s->question.counts.session_calls = *verdict == MASK_CALLS_USED_UP;
        return true;
}

static void an_intercept_says_nothing_of_a_call_that_another_rule_refuses(void **state)
{
        (void)state;
        struct scene s;
        enum mask_verdict verdict;
        for (unsigned i = 0; spoil(make_scene(&s), i, &verdict); i++)
                for (unsigned answer = INTERCEPT_NO_ANSWER; answer <= INTERCEPT_REFUSES; answer++)
                        for (unsigned open = 0; open < 2; open++) {
                                ask_before_calls(&s.policy, open);
                                s.question.counts.intercept = (enum intercept_answer)answer;
                                assert_int_equal(mask_decide(&s.question), verdict);
                        }
}

/* Time first: what an ended session would still allow is nobody's business. */
static void a_session_that_is_over_has_no_other_verdict(void **state)
{
        (void)state;
        for (unsigned bits = 0; bits < 64; bits++) {
                struct scene s;
                make_scene(&s);
                s.mapping.state = SESSION_ENDED;
                s.question.counts.is_blocked = bits & 1;
                s.question.counts.rate_is_spent = bits & 2;
                s.policy.direction = bits & 4 ? DIRECTION_FROM_SIDE_1 : DIRECTION_BOTH;
                s.policy.days = bits & 8 ? 1 : 127;
                s.question.counts.is_locked_out = bits & 16;
                s.question.request = bits & 32 ? &s.mapping : NULL;
                assert_int_equal(mask_decide(&s.question), MASK_ENDED);
        }
}

static void the_ladder_is_climbed_rung_by_rung(void **state)
{
        (void)state;
        struct scene s;
        make_scene(&s)->question.mapping = NULL;
        struct mask_counts *counts = &s.question.counts;
        s.question.caller = stranger;
        assert_int_equal(mask_decide(&s.question), MASK_STRANGER);

        s.policy.ladder = 1 << RUNG_PIN | 1 << RUNG_REQUEST;
        assert_int_equal(mask_decide(&s.question), MASK_ASK_DIGITS);
        counts->digits_were_asked = true;
        assert_int_equal(mask_decide(&s.question), MASK_STRANGER);
        s.question.request = &s.mapping;
        assert_int_equal(mask_decide(&s.question), MASK_ASK_PARTY);
        counts->is_locked_out = true;
        assert_int_equal(mask_decide(&s.question), MASK_LOCKED_OUT);

        s.policy.ladder = 1 << RUNG_REQUEST;
        assert_int_equal(mask_decide(&s.question), MASK_ASK_PARTY);
        s.question.request = NULL;
        assert_int_equal(mask_decide(&s.question), MASK_STRANGER);
        s.question.caller = withheld;
        assert_int_equal(mask_decide(&s.question), MASK_WITHHELD);
        s.policy.ladder = 0;
        s.question.request = &s.mapping;
        assert_int_equal(mask_decide(&s.question), MASK_WITHHELD);
}

/* Whoever says yes is to be connected then: where the call could not be made, nobody is asked. */
static void a_party_is_asked_only_for_a_call_that_could_be_made(void **state)
{
        (void)state;
        struct scene s;
        for (unsigned bit = 0; bit < 11; bit++) {
                make_scene(&s)->question.mapping = NULL;
                s.question.caller = stranger;
                s.question.request = &s.mapping;
                s.mapping.by = MAPPING_BY_REQUEST;
                s.policy.ladder = 1 << RUNG_REQUEST;
                s.policy.session_concurrent_max = s.policy.party_concurrent_max = 1;
                s.policy.session_calls_max = 1;
                assert_int_equal(mask_decide(&s.question), MASK_ASK_PARTY);
                s.question.counts.is_blocked = bit == 0;
                s.question.counts.rate_is_spent = bit == 1;
                s.question.counts.session_calls = bit == 2;
                s.question.counts.session_running = bit == 3;
                s.question.counts.caller_running = bit == 4;
                s.question.counts.callee_running = bit == 5;
                s.policy.direction = bit == 6 ? DIRECTION_FROM_SIDE_1 : DIRECTION_BOTH;
                s.policy.to_min = bit == 7 ? 0 : 1440;
                s.policy.from_min = bit == 7 ? 1440 : 0;
                s.mapping.state = bit == 8 ? SESSION_ENDED : SESSION_ACTIVE;
                s.mapping.expires_ms = bit == 9 ? NOW : 0;
                s.mapping.starts_ms = bit == 10 ? NOW + 1 : 0;
                assert_int_equal(mask_decide(&s.question), MASK_STRANGER);
        }
}

static void a_party_is_not_asked_for_a_call_that_the_intercept_would_stop(void **state)
{
        (void)state;
        struct scene s;
        make_scene(&s)->question.mapping = NULL;
        s.question.caller = stranger;
        s.question.request = &s.mapping;
        s.mapping.by = MAPPING_BY_REQUEST;
        s.policy.ladder = 1 << RUNG_REQUEST;
        ask_before_calls(&s.policy, true);
        assert_int_equal(mask_decide(&s.question), MASK_ASK_PARTY);
        ask_before_calls(&s.policy, false);
        assert_int_equal(mask_decide(&s.question), MASK_STRANGER);
        s.question.counts.intercept = INTERCEPT_ALLOWS;
        assert_int_equal(mask_decide(&s.question), MASK_ASK_PARTY);
        s.question.counts.intercept = INTERCEPT_REFUSES;
        assert_int_equal(mask_decide(&s.question), MASK_STRANGER);
}

static void a_request_lets_nobody_in(void **state)
{
        (void)state;
        struct scene s;
        make_scene(&s);
        s.mapping.by = MAPPING_BY_REQUEST;
        s.policy.ladder = 7;
        s.question.counts.digits_were_asked = true;
        assert_false(mask_admits(&s.question, &s.mapping));
        assert_int_equal(mask_decide(&s.question), MASK_STRANGER);
}

static void on_a_number_with_extensions_digits_are_asked_for(void **state)
{
        (void)state;
        struct scene s;
        make_scene(&s)->question.mapping = NULL;
        s.policy.model = MODEL_EXTENSION;
        assert_int_equal(mask_decide(&s.question), MASK_ASK_DIGITS);
        s.question.caller = withheld;
        assert_int_equal(mask_decide(&s.question), MASK_ASK_DIGITS);
        s.question.counts.digits_were_asked = true;
        assert_int_equal(mask_decide(&s.question), MASK_WITHHELD);
}

static void each_way_in_is_the_policys_to_open(void **state)
{
        (void)state;
        struct scene s;
        make_scene(&s);
        s.question.caller = stranger;
        assert_int_equal(mask_decide(&s.question), MASK_STRANGER);
        s.mapping.by = MAPPING_BY_INTENT;
        assert_int_equal(mask_decide(&s.question), MASK_STRANGER);
        s.policy.ladder = 1 << RUNG_INTENT;
        assert_int_equal(mask_decide(&s.question), MASK_CONNECT);
        s.mapping.by = MAPPING_BY_PIN;
        assert_int_equal(mask_decide(&s.question), MASK_STRANGER);
        s.policy.ladder = 1 << RUNG_PIN;
        assert_int_equal(mask_decide(&s.question), MASK_CONNECT);
        s.question.caller = withheld; /* the digits say who it is */
        assert_int_equal(mask_decide(&s.question), MASK_CONNECT);

        s.policy.ladder = 0;
        s.mapping.caller = withheld;
        for (unsigned by = MAPPING_BY_EXTENSION; by <= MAPPING_BY_ANYONE; by++) {
                s.mapping.by = (enum mapping_by)by;
                s.question.caller = stranger;
                s.policy.take_withheld = false;
                assert_int_equal(mask_decide(&s.question), MASK_CONNECT);
                s.question.caller = withheld;
                assert_int_equal(mask_decide(&s.question), MASK_WITHHELD);
                s.policy.take_withheld = true;
                assert_int_equal(mask_decide(&s.question), MASK_CONNECT);
        }
}

static void the_right_digits_do_not_help_who_is_locked_out(void **state)
{
        (void)state;
        struct scene s;
        make_scene(&s);
        s.question.counts.is_locked_out = true;
        s.policy.ladder = 1 << RUNG_PIN;
        s.question.caller = stranger;
        s.mapping.by = MAPPING_BY_PIN;
        assert_int_equal(mask_decide(&s.question), MASK_LOCKED_OUT);
        s.mapping.by = MAPPING_BY_EXTENSION;
        assert_int_equal(mask_decide(&s.question), MASK_LOCKED_OUT);
        /* Nor do they stand in the way of a party. */
        s.mapping.by = MAPPING_BY_NUMBER;
        s.question.caller = agent;
        assert_int_equal(mask_decide(&s.question), MASK_CONNECT);
}

/*
 * What a stranger gets does not depend on the session that a number has or had, unless the other
 * party is asked; and never is it a verdict about a session.
 */
static void a_strangers_verdict_is_the_same_whatever_session_is_there(void **state)
{
        (void)state;
        for (unsigned ladder = 0; ladder < 8; ladder++)
                for (unsigned bits = 0; bits < 64; bits++)
                        for (unsigned st = SESSION_SCHEDULED; st <= SESSION_ERASED; st++) {
                                struct scene s;
                                make_scene(&s);
                                s.mapping.state = (enum session_state)st;
                                s.question.caller = bits & 1 ? stranger : withheld;
                                s.policy.ladder = (uint8_t)ladder;
                                s.policy.direction = bits & 2 ? DIRECTION_FROM_SIDE_1 : 0;
                                s.question.counts.is_blocked = bits & 4;
                                s.question.counts.rate_is_spent = bits & 8;
                                s.question.counts.is_locked_out = bits & 16;
                                s.question.counts.digits_were_asked = bits & 32;
                                enum mask_verdict with = mask_decide(&s.question);
                                s.question.mapping = NULL;
                                assert_int_equal(mask_decide(&s.question), with);
                                assert_false(mask_verdict_is_of_session(with));
                        }
}

/* Every combination: of two verdicts, by its own number, where the pool says so. */
static void that_it_has_ended_is_for_the_party_by_its_own_number_alone(void **state)
{
        (void)state;
        struct scene s;
        unsigned ended = 0;
        for (unsigned verdict = 0; verdict < MASK_VERDICTS; verdict++)
                for (unsigned by = MAPPING_BY_NUMBER; by <= MAPPING_BY_REQUEST; by++)
                        for (unsigned bits = 0; bits < 4; bits++) {
                                make_scene(&s)->policy.tell_ended = bits & 1;
                                s.mapping.by = (enum mapping_by)by;
                                bool is_party = bits & 2 && by == MAPPING_BY_NUMBER;
                                bool is_over = verdict == MASK_ENDED || verdict == MASK_EXPIRED;
                                enum mask_words words =
                                        mask_words((enum mask_verdict)verdict,
                                                   bits & 2 ? &s.mapping : NULL, &s.policy);
                                assert_int_equal(words == WORDS_ENDED,
                                                 is_party && is_over && s.policy.tell_ended);
                                ended += words == WORDS_ENDED;
                        }
        assert_int_equal(ended, 2);
}

/* They are on disk. */
static void the_numbers_of_verdicts_never_change(void **state)
{
        (void)state;
        static const char *const names[] = {
                "connect",
                "unknown-number",
                "withheld",
                "stranger",
                "not-yet",
                "expired",
                "ended",
                "ask-digits",
                "locked-out",
                "ask-party",
                "blocked",
                "direction",
                "hours",
                "nobody",
                "calls-used-up",
                "rate",
                "busy",
                "intercept-refused",
                "intercept-unanswered",
        };
        assert_int_equal(MASK_VERDICTS, sizeof names / sizeof names[0]);
        for (unsigned i = 0; i < MASK_VERDICTS; i++)
                assert_string_equal(mask_verdict_name((enum mask_verdict)i), names[i]);
}

static struct session pair(void)
{
        return (struct session){
                .id = 9,
                .tenant_id = 3,
                .state = SESSION_ACTIVE,
                .starts_ms = 10,
                .expires_ms = 20,
        };
}

static void a_session_changes_state_by_the_clock_alone(void **state)
{
        (void)state;
        struct session s = pair();
        assert_int_equal(session_state_at(&s, 9), SESSION_SCHEDULED);
        assert_int_equal(session_state_at(&s, 10), SESSION_ACTIVE);
        assert_int_equal(session_state_at(&s, 19), SESSION_ACTIVE);
        assert_int_equal(session_state_at(&s, 20), SESSION_ENDED);
        assert_int_equal(session_end_at(&s, 19), 0);
        assert_int_equal(session_end_at(&s, 500), 20);

        s.state = SESSION_ENDED;
        s.ended_ms = 15;
        assert_int_equal(session_state_at(&s, 12), SESSION_ENDED);
        assert_int_equal(session_end_at(&s, 500), 15);
        s.state = SESSION_ERASED;
        assert_int_equal(session_state_at(&s, 12), SESSION_ERASED);

        s = pair();
        s.expires_ms = 0;
        assert_int_equal(session_state_at(&s, INT64_MAX), SESSION_ACTIVE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_party_of_a_live_session_is_connected),
                cmocka_unit_test(a_number_of_nobody_is_unknown_whatever_else_is_true),
                cmocka_unit_test(a_withheld_caller_is_a_stranger_with_a_name_of_its_own),
                cmocka_unit_test(a_stranger_is_refused_even_with_a_mapping_in_hand),
                cmocka_unit_test(a_stranger_does_not_learn_that_a_session_has_ended),
                cmocka_unit_test(expiry_needs_no_event),
                cmocka_unit_test(a_session_that_starts_later_does_not_answer_yet),
                cmocka_unit_test(an_ended_session_stays_so_when_the_clock_goes_back),
                cmocka_unit_test(only_one_of_all_combinations_connects),
                cmocka_unit_test(every_verdict_has_a_name_and_a_sentence_of_its_own),
                cmocka_unit_test(a_session_changes_state_by_the_clock_alone),
                cmocka_unit_test(direction_is_the_pools),
                cmocka_unit_test(hours_are_the_pools),
                cmocka_unit_test(each_limit_is_reached_by_the_next_call_and_not_before),
                cmocka_unit_test(what_was_found_out_before_is_honoured),
                cmocka_unit_test(an_intercept_has_the_last_word_and_without_it_the_policy),
                cmocka_unit_test(an_intercept_says_nothing_of_a_call_that_another_rule_refuses),
                cmocka_unit_test(a_party_is_not_asked_for_a_call_that_the_intercept_would_stop),
                cmocka_unit_test(a_session_that_is_over_has_no_other_verdict),
                cmocka_unit_test(the_ladder_is_climbed_rung_by_rung),
                cmocka_unit_test(a_party_is_asked_only_for_a_call_that_could_be_made),
                cmocka_unit_test(a_request_lets_nobody_in),
                cmocka_unit_test(on_a_number_with_extensions_digits_are_asked_for),
                cmocka_unit_test(each_way_in_is_the_policys_to_open),
                cmocka_unit_test(the_right_digits_do_not_help_who_is_locked_out),
                cmocka_unit_test(a_strangers_verdict_is_the_same_whatever_session_is_there),
                cmocka_unit_test(that_it_has_ended_is_for_the_party_by_its_own_number_alone),
                cmocka_unit_test(the_numbers_of_verdicts_never_change),
        };
        return RUN_TESTS(tests);
}
