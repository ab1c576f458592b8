/* SPDX-License-Identifier: Apache-2.0 */
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
        };
        return RUN_TESTS(tests);
}
