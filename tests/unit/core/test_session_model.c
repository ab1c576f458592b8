/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session_change.h"
#include "core/session_model.h"

#include "../unit.h"
#include "sessions.h"

static void every_model_has_a_name_that_finds_it(void **state)
{
        (void)state;
        enum session_model found;
        for (unsigned i = 0; i < SESSION_MODELS; i++) {
                const char *name = session_model_name((enum session_model)i);
                assert_int_equal(session_model_find(slice_from(name), &found), 0);
                assert_int_equal(found, i);
        }
        assert_null(session_model_names[SESSION_MODELS]);
        assert_int_equal(session_model_find(SLICE("two"), &found), ERR_NOT_FOUND);
        assert_int_equal(session_model_find(SLICE(""), &found), ERR_NOT_FOUND);
}

/* They are on disk. */
static void the_numbers_of_models_never_change(void **state)
{
        (void)state;
        assert_int_equal(MODEL_TWO_NUMBERS, 0);
        assert_int_equal(MODEL_ONE_NUMBER, 1);
        assert_int_equal(MODEL_ONE_WAY, 2);
        assert_int_equal(MODEL_GROUP, 3);
        assert_int_equal(MODEL_SIDES, 4);
        assert_int_equal(MODEL_EXTENSION, 5);
        assert_int_equal(MODEL_PANEL, 6);
        assert_int_equal(MODEL_LAST_CALLER, 7);
}

static void each_model_holds_the_slots_that_it_says(void **state)
{
        (void)state;
        static const struct {
                enum session_model model;
                uint8_t first, second;
                uint64_t slots;
                uint32_t dialers[2];
                bool open;
        } cases[] = {
                {MODEL_TWO_NUMBERS, 1, 1, 3, {1, 2}, false},
                {MODEL_ONE_NUMBER, 1, 1, 1, {3, 0}, false},
                {MODEL_ONE_WAY, 0, 1, 1, {0, 0}, true},
                {MODEL_ONE_WAY, 3, 1, 1, {7, 0}, false},
                {MODEL_GROUP,
                 3,
                 0,
                 1 << 1 | 1 << 2 | 1 << 8 | 1 << 10 | 1 << 16 | 1 << 17,
                 {0, 1},
                 false},
                {MODEL_SIDES, 2, 3, 3, {3, 28}, false},
                {MODEL_EXTENSION, 0, 2, 1, {0, 0}, false},
                {MODEL_PANEL, 3, 1, 3, {7, 8}, false},
                {MODEL_LAST_CALLER, 0, 1, 1, {1, 0}, true},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct session s = make_session(cases[i].model, cases[i].first, cases[i].second);
                assert_int_equal(session_check(&s).flaw, SESSION_SOUND);
                assert_true(session_slots(&s) == cases[i].slots);
                for (unsigned slot = 0; slot < 2; slot++)
                        assert_int_equal(session_dialers(&s, slot), cases[i].dialers[slot]);
                assert_int_equal(session_slot_is_open(&s, 0), cases[i].open);
                assert_false(session_slot_is_open(&s, 1));
        }
}

static void a_party_of_a_group_has_a_slot_for_each_other_one(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_GROUP, SESSION_GROUP_MAX, 0);
        unsigned seen = 0;
        for (uint8_t i = 0; i < 8; i++)
                for (uint8_t j = 0; j < 8; j++) {
                        unsigned slot = session_slot_between(&s, i, j);
                        if (i == j) {
                                assert_int_equal(slot, SESSION_SLOTS_MAX);
                                continue;
                        }
                        assert_int_equal(session_dialers(&s, slot), 1 << i);
                        assert_true(session_slots(&s) >> slot & 1);
                        seen++;
                }
        assert_int_equal(seen, 56);
        assert_int_equal(session_slot_of(&s, 3), 24);
}

static void the_first_slot_of_a_party_is_what_a_view_shows(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        assert_int_equal(session_slot_of(&s, 0), 0);
        assert_int_equal(session_slot_of(&s, 1), 1);
        s = make_session(MODEL_ONE_WAY, 1, 1);
        assert_int_equal(session_slot_of(&s, 0), 0);
        assert_int_equal(session_slot_of(&s, 1), SESSION_SLOTS_MAX);
        assert_int_equal(session_slot_between(&s, 1, 0), SESSION_SLOTS_MAX);
        assert_int_equal(session_slot_between(&s, 0, 1), 0);
}

static void check_flaw(struct session s, enum session_flaw flaw, uint8_t party)
{
        struct session_fault fault = session_check(&s);
        assert_int_equal(fault.flaw, flaw);
        if (flaw != SESSION_SOUND)
                assert_int_equal(fault.party, party);
}

static void a_model_refuses_too_few_and_too_many_parties(void **state)
{
        (void)state;
        static const struct {
                enum session_model model;
                uint8_t first, second;
                enum session_flaw flaw;
        } cases[] = {
                {MODEL_TWO_NUMBERS, 1, 0, SESSION_TOO_FEW},
                {MODEL_ONE_NUMBER, 0, 1, SESSION_TOO_FEW},
                {MODEL_ONE_WAY, 0, 0, SESSION_TOO_FEW},
                {MODEL_ONE_WAY, 2, 0, SESSION_TOO_FEW},
                {MODEL_ONE_WAY, 1, 2, SESSION_TOO_MANY},
                {MODEL_ONE_WAY, 15, 1, SESSION_SOUND},
                {MODEL_GROUP, 1, 0, SESSION_TOO_FEW},
                {MODEL_GROUP, 8, 0, SESSION_SOUND},
                {MODEL_GROUP, 9, 0, SESSION_TOO_MANY},
                {MODEL_SIDES, 0, 2, SESSION_TOO_FEW},
                {MODEL_SIDES, 2, 0, SESSION_TOO_FEW},
                {MODEL_SIDES, 8, 8, SESSION_SOUND},
                {MODEL_EXTENSION, 0, 0, SESSION_TOO_FEW},
                {MODEL_EXTENSION, 0, 16, SESSION_SOUND},
                {MODEL_PANEL, 2, 2, SESSION_TOO_MANY},
                {MODEL_PANEL, 0, 1, SESSION_TOO_FEW},
                {MODEL_LAST_CALLER, 0, 2, SESSION_TOO_MANY},
                {MODEL_LAST_CALLER, 0, 0, SESSION_TOO_FEW},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
                check_flaw(make_session(cases[i].model, cases[i].first, cases[i].second),
                           cases[i].flaw, PARTY_NONE);
}

static void a_party_is_on_a_side_that_there_is(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_SIDES, 1, 1);
        s.parties[1].side = 2;
        check_flaw(s, SESSION_SIDE, 1);
        s = make_session(MODEL_EXTENSION, 0, 1);
        s.parties[0].side = 0;
        check_flaw(s, SESSION_SIDE, 0);
}

static void nobody_is_on_both_sides_or_there_twice(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_SIDES, 2, 2);
        s.parties[3].real[0] = s.parties[0].real[0];
        check_flaw(s, SESSION_SAME_NUMBER, 3);
        s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        s.parties[0].real[1] = s.parties[0].real[0];
        s.parties[0].real_count = 2;
        check_flaw(s, SESSION_SAME_NUMBER, 0);
        s = make_session(MODEL_GROUP, 3, 0);
        s.parties[1].real[1] = s.parties[0].real[0];
        s.parties[1].real_count = 2;
        check_flaw(s, SESSION_SAME_NUMBER, 1);
        s.parties[1].real[1] = (struct real_number){{0}};
        check_flaw(s, SESSION_NO_NUMBER, 1);
}

static void a_session_has_at_most_32_numbers(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_SIDES, 4, 4);
        for (unsigned i = 0; i < 8; i++) {
                for (unsigned j = 1; j < 4; j++)
                        s.parties[i].real[j] = real_of(i, j);
                s.parties[i].real_count = 4;
        }
        check_flaw(s, SESSION_SOUND, 0);
        add_party(&s, 1, 1);
        check_flaw(s, SESSION_TOO_MANY, PARTY_NONE);
        s.party_count--;
        s.parties[2].real_count = 5;
        check_flaw(s, SESSION_TOO_MANY, 2);
}

static void digits_are_needed_where_they_reach_a_party_and_tell_two_apart(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_EXTENSION, 0, 3);
        s.parties[2].pin = s.parties[0].pin;
        check_flaw(s, SESSION_PIN_TWICE, 2);
        s.parties[2].pin = (struct pin_hash){{0}};
        check_flaw(s, SESSION_PIN_MISSING, 2);
        s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        s.parties[0].pin = s.parties[1].pin = pin_of(1);
        check_flaw(s, SESSION_PIN_TWICE, 1);
        s.parties[1].pin = pin_of(2);
        check_flaw(s, SESSION_SOUND, 0);
        s.parties[0].real_count = 0;
        check_flaw(s, SESSION_NO_NUMBER, 0);
}

static void taking_the_last_listed_caller_away_opens_nothing(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_ONE_WAY, 1, 1);
        session_remove_party(&s, 0);
        check_flaw(s, SESSION_TOO_FEW, PARTY_NONE);
        assert_false(session_slot_is_open(&s, 0));
        s = make_session(MODEL_ONE_WAY, 0, 1);
        s.parties[1] = s.parties[0];
        s.parties[1].real[0] = real_of(1, 0);
        s.parties[1].side = 0;
        s.party_count = 2;
        check_flaw(s, SESSION_SIDE, PARTY_NONE);
}

static void every_flaw_has_a_sentence_of_its_own(void **state)
{
        (void)state;
        for (unsigned i = 0; i < SESSION_FLAWS; i++)
                for (unsigned j = 0; j < i; j++)
                        assert_string_not_equal(session_flaw_sentence((enum session_flaw)i),
                                                session_flaw_sentence((enum session_flaw)j));
}

static void a_place_that_was_left_is_given_to_the_next_one(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_PANEL, 3, 1);
        uint8_t place;
        assert_int_equal(session_place(&s, &place), 0);
        assert_int_equal(place, 4);
        session_remove_party(&s, 1);
        assert_int_equal(session_place(&s, &place), 0);
        assert_int_equal(place, 1);
        assert_int_equal(session_dialers(&s, 0), 5);
        assert_int_equal(session_check(&s).flaw, SESSION_SOUND);
        s = make_session(MODEL_SIDES, 8, 8);
        assert_int_equal(session_place(&s, &place), ERR_FULL);
        s = make_session(MODEL_GROUP, 8, 0);
        assert_int_equal(session_place(&s, &place), ERR_FULL);
}

static void aliases_come_and_go_but_the_last_number_stays(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        assert_int_equal(session_add_alias(&s, 0, real_of(1, 0)), ERR_EXISTS);
        assert_int_equal(session_add_alias(&s, 0, real_of(0, 0)), ERR_EXISTS);
        for (unsigned i = 1; i < 4; i++)
                assert_int_equal(session_add_alias(&s, 0, real_of(0, i)), 0);
        assert_int_equal(session_add_alias(&s, 0, real_of(0, 4)), ERR_FULL);
        assert_int_equal(session_remove_alias(&s, 0, real_of(1, 0)), ERR_NOT_FOUND);
        assert_int_equal(session_remove_alias(&s, 0, real_of(0, 0)), 0);
        assert_true(number_equal(s.parties[0].real[0].n, real_of(0, 1).n));
        assert_int_equal(s.parties[0].real_count, 3);
        assert_true(number_is_none(s.parties[0].real[3].n));
        assert_int_equal(session_remove_alias(&s, 1, real_of(1, 0)), ERR_STATE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_model_has_a_name_that_finds_it),
                cmocka_unit_test(the_numbers_of_models_never_change),
                cmocka_unit_test(each_model_holds_the_slots_that_it_says),
                cmocka_unit_test(a_party_of_a_group_has_a_slot_for_each_other_one),
                cmocka_unit_test(the_first_slot_of_a_party_is_what_a_view_shows),
                cmocka_unit_test(a_model_refuses_too_few_and_too_many_parties),
                cmocka_unit_test(a_party_is_on_a_side_that_there_is),
                cmocka_unit_test(nobody_is_on_both_sides_or_there_twice),
                cmocka_unit_test(a_session_has_at_most_32_numbers),
                cmocka_unit_test(digits_are_needed_where_they_reach_a_party_and_tell_two_apart),
                cmocka_unit_test(taking_the_last_listed_caller_away_opens_nothing),
                cmocka_unit_test(every_flaw_has_a_sentence_of_its_own),
                cmocka_unit_test(a_place_that_was_left_is_given_to_the_next_one),
                cmocka_unit_test(aliases_come_and_go_but_the_last_number_stays),
        };
        return RUN_TESTS(tests);
}
