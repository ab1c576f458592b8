/* SPDX-License-Identifier: Apache-2.0 */
/* Why a call did not connect, or would not: each reason has its sentence. */
#include <string.h>

#include "../unit.h"

#include "core/advice.h"

/* A sentence begins with a capital and ends with a full stop; no number is in it. */
static void expect_sentence(const char *text)
{
        size_t len = strlen(text), digits = 0;
        assert_true(len > 10);
        assert_true(text[0] >= 'A' && text[0] <= 'Z');
        assert_true(text[len - 1] == '.' || text[len - 1] == '?');
        for (size_t i = 0; i < len; i++) {
                digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
                assert_true(digits < 4);
        }
}

static void every_verdict_says_why_and_every_refusal_what_to_do(void **state)
{
        (void)state;
        for (int verdict = 0; verdict < MASK_VERDICTS; verdict++) {
                struct advice advice = advice_of_verdict((enum mask_verdict)verdict);
                expect_sentence(advice.sentence);
                assert_int_equal(advice.todo[0] != '\0', verdict != MASK_CONNECT);
        }
}

static void every_obstacle_has_a_name_and_a_sentence_of_its_own(void **state)
{
        (void)state;
        for (int a = 0; a < OBSTACLES; a++) {
                expect_sentence(advice_of_obstacle((enum obstacle)a).sentence);
                assert_true(strlen(obstacle_name((enum obstacle)a)) > 3);
                for (int b = 0; b < a; b++) {
                        assert_string_not_equal(obstacle_name((enum obstacle)a),
                                                obstacle_name((enum obstacle)b));
                        assert_string_not_equal(advice_of_obstacle((enum obstacle)a).sentence,
                                                advice_of_obstacle((enum obstacle)b).sentence);
                }
        }
}

static const enum hangup_cause causes[] = {
        CAUSE_UNKNOWN,
        CAUSE_CANCELED,
        CAUSE_DIAL_LIMIT,
        CAUSE_INVALID_DESTINATION,
        CAUSE_OUT_OF_SERVICE,
        CAUSE_NUMBER_BARRED,
        CAUSE_LOOP,
        CAUSE_MEDIA_ANCHORING,
        CAUSE_NO_ANSWER,
        CAUSE_BUSY,
        CAUSE_REJECTED,
        CAUSE_UNKNOWN_CALLER_ID,
        CAUSE_FORBIDDEN,
        CAUSE_UNALLOCATED,
        CAUSE_REQUEST_TIMEOUT,
        CAUSE_CARRIER_ERROR,
        CAUSE_CARRIER_CONGESTION,
        CAUSE_BUSY_EVERYWHERE,
        CAUSE_DECLINED,
        CAUSE_NOWHERE,
        CAUSE_NORMAL,
        CAUSE_NETWORK,
        CAUSE_INTERNAL,
        CAUSE_ROUTING,
        CAUSE_CONCURRENCY,
        CAUSE_SCHEDULED,
        CAUSE_RING_TIMEOUT,
        CAUSE_MEDIA_TIMEOUT,
        CAUSE_LOST_RACE,
};

static void every_cause_has_a_sentence_and_a_cause_of_q850(void **state)
{
        (void)state;
        const char *unknown = advice_of_cause(CAUSE_UNKNOWN, SOURCE_PLATFORM, 0).sentence;
        for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
                struct advice advice = advice_of_cause(causes[i], SOURCE_PLATFORM, 0);
                expect_sentence(advice.sentence);
                unsigned q850 = advice_q850(causes[i]);
                assert_int_equal(q850 == 0, causes[i] == CAUSE_UNKNOWN);
                assert_true(q850 < 128);
                if (causes[i] != CAUSE_UNKNOWN)
                        assert_string_not_equal(advice.sentence, unknown);
        }
        assert_string_equal(advice_of_cause((enum hangup_cause)7, SOURCE_PLATFORM, 0).sentence,
                            unknown);
        assert_int_equal(advice_q850(CAUSE_BUSY), 17);
        assert_int_equal(advice_q850(CAUSE_UNALLOCATED), 1);
        assert_int_equal(advice_q850(CAUSE_NORMAL), 16);
}

static void the_carriers_answer_says_more_than_the_cause(void **state)
{
        (void)state;
        struct advice forbidden = advice_of_cause(CAUSE_FORBIDDEN, SOURCE_CARRIER, 403);
        assert_non_null(strstr(forbidden.sentence, "may not know our address"));
        struct advice paid = advice_of_cause(CAUSE_REJECTED, SOURCE_CARRIER, 402);
        assert_non_null(strstr(paid.sentence, "to be paid"));
        /* What we answered ourselves is none of the carrier's. */
        struct advice loop = advice_of_cause(CAUSE_LOOP, SOURCE_PLATFORM, 482);
        assert_non_null(strstr(loop.sentence, "This caller has"));
        /* One that says nothing of its own. */
        struct advice other = advice_of_cause(CAUSE_CARRIER_ERROR, SOURCE_CARRIER, 580);
        assert_string_equal(other.sentence,
                            advice_of_cause(CAUSE_CARRIER_ERROR, SOURCE_CARRIER, 0).sentence);
        for (unsigned status = 300; status < 700; status++) {
                const struct advice *advice = advice_of_status(status);
                if (advice)
                        expect_sentence(advice->sentence);
        }
        assert_null(advice_of_status(200));
        assert_null(advice_of_status(499));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_verdict_says_why_and_every_refusal_what_to_do),
                cmocka_unit_test(every_obstacle_has_a_name_and_a_sentence_of_its_own),
                cmocka_unit_test(every_cause_has_a_sentence_and_a_cause_of_q850),
                cmocka_unit_test(the_carriers_answer_says_more_than_the_cause),
        };
        return RUN_TESTS(tests);
}
