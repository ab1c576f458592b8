/* SPDX-License-Identifier: Apache-2.0 */
#include "api/party_number.h"

#include <stdio.h>

#include "../unit.h"
#include "api/phonenumber.h"

static const struct number_plan none = {0};
static const struct number_plan india = {"91", "00", "0", 10, 10};
static const struct number_plan germany = {"49", "00", "0", 4, 13};
static const struct number_plan america = {"1", "011", "1", 10, 10};
static const struct number_plan france = {"33", "00", "0", 9, 9};

/*
 * Writings as people and systems use them. Where both readings succeed they must be one number:
 * calls are matched by ours alone, and registration trusts both.
 */
static const struct {
        const struct number_plan *plan;
        const char *text;
        uint64_t e164; /* what both read */
} corpus[] = {
        {&none, "+919888800001", 919888800001},     {&none, "919888800001", 919888800001},
        {&none, "+91 98888 00001", 919888800001},   {&none, "+14155550100", 14155550100},
        {&none, "+442079460018", 442079460018},     {&none, "+39 06 69812345", 390669812345},
        {&india, "+919888800001", 919888800001},    {&india, "+91 98888 00001", 919888800001},
        {&india, "+91-98888-00001", 919888800001},  {&india, "+91 (98888) 00001", 919888800001},
        {&india, "919888800001", 919888800001},     {&india, "00919888800001", 919888800001},
        {&india, "0091 98888 00001", 919888800001}, {&india, "09888800001", 919888800001},
        {&india, "098888 00001", 919888800001},     {&india, "9888800001", 919888800001},
        {&india, "98888-00001", 919888800001},      {&india, "98888.00001", 919888800001},
        {&india, "9188800001", 919188800001},       {&india, "022 2345 6789", 912223456789},
        {&india, "+14155550100", 14155550100},      {&india, "0014155550100", 14155550100},
        {&india, "+442079460018", 442079460018},    {&germany, "+4930123456", 4930123456},
        {&germany, "030 123456", 4930123456},       {&germany, "0049 30 123456", 4930123456},
        {&germany, "0151 23456789", 4915123456789}, {&america, "+1 (415) 555-0100", 14155550100},
        {&america, "(415) 555-0100", 14155550100},  {&america, "415-555-0100", 14155550100},
        {&america, "1-415-555-0100", 14155550100},  {&america, "011919888800001", 919888800001},
        {&france, "01 99 00 12 34", 33199001234},   {&france, "+33 1 99 00 12 34", 33199001234},
        {&france, "0033199001234", 33199001234},
};

static void both_readings_agree_over_the_corpus(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof corpus / sizeof corpus[0]; i++) {
                struct number n = {0};
                struct party_number_problem problem = {0};
                int err =
                        party_number_read(slice_from(corpus[i].text), corpus[i].plan, &n, &problem);
                if (err)
                        fail_msg("\"%s\": %s", corpus[i].text, problem.rule);
                if (n.e164 != corpus[i].e164)
                        fail_msg("\"%s\" is read as %llu", corpus[i].text,
                                 (unsigned long long)n.e164);
        }
}

static void libphonenumber_itself_reads_the_corpus_the_same(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof corpus / sizeof corpus[0]; i++) {
                uint64_t e164 = 0;
                if (!corpus[i].plan->country[0] && corpus[i].text[0] != '+')
                        continue;
                assert_int_equal(phonenumber_read(slice_from(corpus[i].text),
                                                  corpus[i].plan->country, &e164),
                                 PHONENUMBER_POSSIBLE);
                assert_int_equal(e164, corpus[i].e164);
        }
}

static void a_number_that_cannot_exist_is_refused_with_the_rule(void **state)
{
        (void)state;
        static const struct {
                const struct number_plan *plan;
                const char *text, *rule;
        } rows[] = {
                {&none, "", "not a telephone number"},
                {&none, "anonymous", "not a telephone number"},
                {&none, "sip:98888@example.net", "not a telephone number"},
                {&none, "+91 98888 0000x", "not a telephone number"},
                {&none, "+91 988\xc3\xa9 00001", "not a telephone number"},
                {&none, "12345", "fits no reading"},
                {&none, "09888800001", "fits no reading"},
                {&none, "+9198888000011234", "fits no reading"},
                {&none, "+91988880", "too short"},
                {&none, "+141555501001", "too long"},
                {&none, "+1415555010", "too short"},
                {&none, "+2109888800001", "no country"},
                {&none, "+9999888800001", "no country"},
                {&india, "988880001", "two different numbers"},
                {&india, "098888000012", "fits no reading"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct number n = {42};
                struct party_number_problem problem = {0};
                assert_int_not_equal(
                        party_number_read(slice_from(rows[i].text), rows[i].plan, &n, &problem), 0);
                assert_int_equal(n.e164, 42);
                assert_non_null(problem.remedy);
                if (!strstr(problem.rule, rows[i].rule))
                        fail_msg("\"%s\": \"%s\"", rows[i].text, problem.rule);
        }
}

/* A trunk prefix kept after the country code: the one reading drops it, the other does not. */
static void a_writing_with_two_readings_is_refused(void **state)
{
        (void)state;
        static const char *const rows[] = {"+44 (0)20 7946 0018", "+49 (0)30 123456"};
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct number n = {42};
                struct party_number_problem problem = {0};
                assert_int_not_equal(party_number_read(slice_from(rows[i]), &none, &n, &problem),
                                     0);
                assert_non_null(strstr(problem.rule, "two different numbers"));
        }
}

static void an_unlikely_number_that_is_possible_is_taken(void **state)
{
        (void)state;
        struct number n;
        struct party_number_problem problem;
        assert_int_equal(party_number_read(SLICE("+911234567890"), &none, &n, &problem), 0);
        assert_int_equal(n.e164, 911234567890);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(both_readings_agree_over_the_corpus),
                cmocka_unit_test(libphonenumber_itself_reads_the_corpus_the_same),
                cmocka_unit_test(a_number_that_cannot_exist_is_refused_with_the_rule),
                cmocka_unit_test(a_writing_with_two_readings_is_refused),
                cmocka_unit_test(an_unlikely_number_that_is_possible_is_taken),
        };
        return RUN_TESTS(tests);
}
