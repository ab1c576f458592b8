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
static const struct number_plan mexico = {"52", "00", "", 10, 10};
static const struct number_plan argentina = {"54", "00", "0", 10, 11};
static const struct number_plan italy = {"39", "00", "", 6, 11};
static const struct number_plan britain = {"44", "00", "0", 9, 10};
static const struct number_plan brazil = {"55", "00", "0", 10, 11};

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

/*
 * Subscribers, each in every writing that a carrier or a person uses for them: one identity within
 * a row, another one in each row.
 */
static const struct subscriber {
        const struct number_plan *plan;
        uint64_t e164;
        const char *writings[10];
} subscribers[] = {
        {&india,
         919888800001,
         {"+919888800001", "919888800001", "00919888800001", "09888800001", "9888800001",
          "+91 98888 00001", "0091-98888-00001", "(0) 98888 00001"}},
        {&india, 919888800002, {"+919888800002", "09888800002", "9888800002", "919888800002"}},
        /* A national number that begins as the country code does. */
        {&india, 919198888001, {"+919198888001", "9198888001", "09198888001", "919198888001"}},
        {&india, 912223456789, {"+912223456789", "022 2345 6789", "2223456789", "912223456789"}},
        /* Mexico dropped the 1 of mobiles in 2019; carriers still send it. */
        {&mexico,
         525512345678,
         {"+525512345678", "+5215512345678", "5215512345678", "005215512345678", "5512345678",
          "52 55 1234 5678", "+52 1 55 1234 5678"}},
        {&mexico, 528112345678, {"+528112345678", "8112345678", "528112345678", "+5218112345678"}},
        {&none, 525512345679, {"+525512345679", "+5215512345679", "525512345679"}},
        /* In Argentina the 9 tells a mobile from a line of the same digits: two subscribers. */
        {&argentina, 5491123456789, {"+5491123456789", "5491123456789", "91123456789"}},
        {&argentina, 541123456789, {"+541123456789", "541123456789", "01123456789", "1123456789"}},
        /* Italy's 0 belongs to the number; its mobiles have none. */
        {&italy,
         390669812345,
         {"+390669812345", "0669812345", "00390669812345", "+39 06 6981 2345"}},
        {&italy, 393123456789, {"+393123456789", "3123456789", "00393123456789"}},
        {&britain,
         442079460018,
         {"+442079460018", "02079460018", "00442079460018", "+44 (0)20 7946 0018", "442079460018"}},
        {&america,
         14155550100,
         {"+14155550100", "14155550100", "4155550100", "01114155550100", "(415) 555-0100"}},
        {&brazil, 5511987654321, {"+5511987654321", "011987654321", "11987654321"}},
        {&germany, 4930123456, {"+4930123456", "030123456", "004930123456"}},
};

static void every_writing_of_a_subscriber_is_one_identity(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof subscribers / sizeof subscribers[0]; i++) {
                const struct subscriber *s = &subscribers[i];
                for (unsigned k = 0; k < 10 && s->writings[k]; k++) {
                        struct number n = {0};
                        struct party_number_problem problem = {0};
                        if (number_parse(slice_from(s->writings[k]), s->plan, &n) ||
                            n.e164 != s->e164)
                                fail_msg("a call from \"%s\" is from %llu", s->writings[k],
                                         (unsigned long long)n.e164);
                        if (party_number_read(slice_from(s->writings[k]), s->plan, &n, &problem))
                                fail_msg("\"%s\": %s", s->writings[k], problem.rule);
                        assert_true(n.e164 == s->e164);
                }
        }
}

static void no_two_subscribers_are_one(void **state)
{
        (void)state;
        size_t count = sizeof subscribers / sizeof subscribers[0];
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; k < i; k++)
                        assert_true(subscribers[i].e164 != subscribers[k].e164);
}

static void what_calling_a_number_costs_is_known(void **state)
{
        (void)state;
        static const struct {
                uint64_t e164;
                enum phonenumber_kind kind;
                const char *country;
        } rows[] = {
                {919888800001, PHONENUMBER_ORDINARY, "IN"},
                {14155550100, PHONENUMBER_ORDINARY, "US"},
                {18005550100, PHONENUMBER_FREE, "US"},
                {19002345678, PHONENUMBER_PREMIUM, "US"},
                {448001234567, PHONENUMBER_FREE, "GB"},
                {449012345678, PHONENUMBER_PREMIUM, "GB"},
                {499001234567, PHONENUMBER_PREMIUM, "DE"},
                {491804123456, PHONENUMBER_SHARED_COST, "DE"},
                {911, PHONENUMBER_ORDINARY, ""},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct phonenumber_facts facts;
                phonenumber_describe(rows[i].e164, &facts);
                if (facts.kind != rows[i].kind || strcmp(facts.country, rows[i].country) != 0)
                        fail_msg("%llu is of kind %d in %s", (unsigned long long)rows[i].e164,
                                 facts.kind, facts.country);
        }
        static const struct {
                const char *text, *country;
                enum phonenumber_kind kind;
        } codes[] = {
                {"112", "91", PHONENUMBER_EMERGENCY},       {"100", "91", PHONENUMBER_EMERGENCY},
                {"911", "1", PHONENUMBER_EMERGENCY},        {"999", "44", PHONENUMBER_EMERGENCY},
                {"112", "49", PHONENUMBER_EMERGENCY},       {"110", "49", PHONENUMBER_EMERGENCY},
                {"9888800001", "91", PHONENUMBER_ORDINARY}, {"116000", "49", PHONENUMBER_SHORT},
                {"112", "", PHONENUMBER_ORDINARY},
        };
        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
                enum phonenumber_kind kind =
                        phonenumber_short_kind(slice_from(codes[i].text), codes[i].country);
                if (kind != codes[i].kind)
                        fail_msg("%s in +%s is of kind %d", codes[i].text, codes[i].country, kind);
        }
}

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
                {&none, "+91112", "an emergency number"},
                {&none, "sip:98888@example.net", "not a telephone number"},
                {&none, "+91 98888 0000x", "not a telephone number"},
                {&none, "+91 988\xc3\xa9 00001", "not a telephone number"},
                {&none, "12345", "fits no reading"},
                {&none, "09888800001", "fits no reading"},
                {&none, "+9198888000011234", "fits no reading"},
                {&none, "+91988880", "too short"},
                {&none, "+141555501001", "too long"},
                /* Lengths that only service numbers have there, and none such number. */
                {&none, "+91988880000", "too short"},
                {&india, "0091 98888 0000", "too short"},
                {&none, "+9198888000012", "too long"},
                {&none, "+971 50 123 456 78", "too long"},
                {&none, "+1415555010", "too short"},
                {&none, "+2109888800001", "no country"},
                {&none, "+9999888800001", "no country"},
                {&india, "988880001", "too short"},
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

static void a_service_number_of_an_unusual_length_is_taken(void **state)
{
        (void)state;
        struct number n;
        struct party_number_problem problem;
        assert_int_equal(party_number_read(SLICE("+91 1800 123 4567"), &none, &n, &problem), 0);
        assert_int_equal(n.e164, 9118001234567);
        assert_int_equal(party_number_read(SLICE("+49 30 1234"), &none, &n, &problem), 0);
        assert_int_equal(n.e164, 49301234);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_writing_of_a_subscriber_is_one_identity),
                cmocka_unit_test(no_two_subscribers_are_one),
                cmocka_unit_test(what_calling_a_number_costs_is_known),
                cmocka_unit_test(both_readings_agree_over_the_corpus),
                cmocka_unit_test(libphonenumber_itself_reads_the_corpus_the_same),
                cmocka_unit_test(a_number_that_cannot_exist_is_refused_with_the_rule),
                cmocka_unit_test(a_writing_with_two_readings_is_refused),
                cmocka_unit_test(an_unlikely_number_that_is_possible_is_taken),
                cmocka_unit_test(a_service_number_of_an_unusual_length_is_taken),
        };
        return RUN_TESTS(tests);
}
