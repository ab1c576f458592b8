/* SPDX-License-Identifier: Apache-2.0 */
#include "core/route.h"

#include <stdlib.h>

#include "core/session_change.h"

#include "../unit.h"
#include "sessions.h"

#define NOW     1000000
#define HOUR    3600000
#define CHANGES 5000

static unsigned times = 1; /* as many random sessions, and changes of them */

static const struct route_memory memory = {.affinity_ms = HOUR, .last_caller_ms = HOUR};
static const struct real_number somebody = {{919888800999}};

static bool route_at(const struct session *s, const struct session_use *use,
                     struct masking_number dialled, struct real_number caller, int64_t now_ms,
                     struct mapping *out)
{
        const struct route_call call = {.dialled = dialled, .caller = caller, .now_ms = now_ms};
        return session_route(s, use, &memory, &call, out);
}

static bool route(const struct session *s, struct masking_number dialled, struct real_number caller,
                  struct mapping *out)
{
        return route_at(s, NULL, dialled, caller, NOW, out);
}

/* The party that is reached and the slot whose number it sees; PARTY_NONE: there is no row. */
static void check(const struct session *s, unsigned slot, struct real_number caller,
                  uint8_t reached, unsigned shown)
{
        struct mapping m;
        bool found = route(s, masking_of(slot), caller, &m);
        assert_int_equal(found, reached != PARTY_NONE);
        if (!found)
                return;
        assert_int_equal(m.callee_party, reached);
        assert_true(number_equal(m.connect_to.n, s->parties[reached].real[0].n));
        assert_true(number_equal(m.show.n, s->slots[shown].n));
        assert_true(number_equal(m.dialled.n, masking_of(slot).n));
        assert_int_equal(m.session_id, s->id);
        assert_int_equal(m.tenant_id, s->tenant_id);
        assert_int_equal(m.pool_id, s->pool_id);
}

static void two_numbers_each_sees_what_it_dials_itself(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        check(&s, 0, real_of(0, 0), 1, 1);
        check(&s, 1, real_of(1, 0), 0, 0);
        check(&s, 0, real_of(1, 0), PARTY_NONE, 0);
        check(&s, 1, real_of(0, 0), PARTY_NONE, 0);
        check(&s, 0, somebody, PARTY_NONE, 0);
        check(&s, 2, real_of(0, 0), PARTY_NONE, 0);
        check(&s, 0, (struct real_number){{0}}, PARTY_NONE, 0);
}

static void two_parties_may_dial_the_same_of_two_numbers(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        s.slots[1] = s.slots[0];
        check(&s, 0, real_of(0, 0), 1, 0);
        check(&s, 0, real_of(1, 0), 0, 0);
}

static void one_number_goes_both_ways(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_ONE_NUMBER, 1, 1);
        check(&s, 0, real_of(0, 0), 1, 0);
        check(&s, 0, real_of(1, 0), 0, 0);
        check(&s, 0, somebody, PARTY_NONE, 0);
}

static void one_way_is_for_anyone_or_for_those_listed_but_not_for_the_party(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_ONE_WAY, 0, 1);
        check(&s, 0, somebody, 0, 0);
        check(&s, 0, (struct real_number){{0}}, 0, 0);
        check(&s, 0, real_of(0, 0), PARTY_NONE, 0);
        struct mapping m;
        assert_true(route(&s, masking_of(0), somebody, &m));
        assert_int_equal(m.by, MAPPING_BY_ANYONE);
        assert_int_equal(m.caller_party, PARTY_NONE);
        assert_int_equal(m.caller_side, 0);

        s = make_session(MODEL_ONE_WAY, 2, 1);
        check(&s, 0, real_of(0, 0), 2, 0);
        check(&s, 0, real_of(1, 0), 2, 0);
        check(&s, 0, real_of(2, 0), PARTY_NONE, 0);
        check(&s, 0, somebody, PARTY_NONE, 0);
}

static void in_a_group_each_has_a_number_for_each_other(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_GROUP, 4, 0);
        for (uint8_t i = 0; i < 4; i++)
                for (uint8_t j = 0; j < 4; j++) {
                        if (i == j)
                                continue;
                        check(&s, i * 8u + j, real_of(i, 0), j, j * 8u + i);
                        check(&s, i * 8u + j, real_of(j, 0), PARTY_NONE, 0);
                }
}

static void sides_share_a_number_each(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_SIDES, 2, 2);
        check(&s, 0, real_of(0, 0), 2, 1);
        check(&s, 0, real_of(1, 0), 2, 1);
        check(&s, 1, real_of(3, 0), 0, 0);
        check(&s, 1, real_of(0, 0), PARTY_NONE, 0);
}

static void an_extension_is_reached_by_its_digits_alone(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_EXTENSION, 0, 3);
        struct route_call call = {.dialled = masking_of(0), .caller = somebody, .now_ms = NOW};
        struct mapping m;
        assert_false(session_route(&s, NULL, &memory, &call, &m));
        for (unsigned i = 0; i < 3; i++) {
                call.digits = pin_of(i);
                assert_true(session_route(&s, NULL, &memory, &call, &m));
                assert_int_equal(m.callee_party, i);
                assert_int_equal(m.by, MAPPING_BY_EXTENSION);
                assert_int_equal(m.caller_party, PARTY_NONE);
                assert_true(number_is_none(m.caller.n));
                assert_true(number_equal(m.show.n, masking_of(0).n));
        }
        call.digits = pin_of(7);
        assert_false(session_route(&s, NULL, &memory, &call, &m));
        /* Not its own, though it knows the digits. */
        call.digits = pin_of(1);
        call.caller = real_of(1, 0);
        assert_false(session_route(&s, NULL, &memory, &call, &m));
        call.caller = real_of(2, 0);
        assert_true(session_route(&s, NULL, &memory, &call, &m));
}

static void the_party_of_a_last_caller_session_reaches_who_called_it(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_LAST_CALLER, 0, 1);
        struct mapping m;
        assert_true(route(&s, masking_of(0), real_of(0, 0), &m));
        assert_true(number_is_none(m.connect_to.n));
        assert_int_equal(m.by, MAPPING_BY_NUMBER);

        check(&s, 0, somebody, 0, 0);
        assert_true(route(&s, masking_of(0), somebody, &m));
        assert_true(session_note_caller(&s, &m, somebody, NOW));
        assert_true(route_at(&s, NULL, masking_of(0), real_of(0, 0), NOW + HOUR - 1, &m));
        assert_true(number_equal(m.connect_to.n, somebody.n));
        assert_true(number_equal(m.show.n, masking_of(0).n));
        assert_int_equal(m.callee_party, PARTY_NONE);
        assert_true(route_at(&s, NULL, masking_of(0), real_of(0, 0), NOW + HOUR, &m));
        assert_true(number_is_none(m.connect_to.n));
}

static void a_last_caller_who_has_become_the_party_is_not_called(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_LAST_CALLER, 0, 1);
        struct mapping m;
        assert_true(route(&s, masking_of(0), somebody, &m));
        assert_true(session_note_caller(&s, &m, somebody, NOW));
        assert_int_equal(session_add_alias(&s, 0, somebody), 0);
        assert_true(route(&s, masking_of(0), somebody, &m));
        assert_true(number_is_none(m.connect_to.n));
        assert_true(route(&s, masking_of(0), real_of(0, 0), &m));
        assert_true(number_is_none(m.connect_to.n));
}

static void only_a_caller_who_can_be_called_is_the_last_caller(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_LAST_CALLER, 0, 1);
        struct mapping m;
        const struct real_number withheld = {{0}};
        assert_true(route(&s, masking_of(0), withheld, &m));
        assert_false(session_note_caller(&s, &m, withheld, NOW));
        assert_true(route(&s, masking_of(0), real_of(0, 0), &m));
        assert_false(session_note_caller(&s, &m, real_of(0, 0), NOW));
        assert_true(number_is_none(s.last_caller.n));
        s = make_session(MODEL_ONE_WAY, 0, 1);
        assert_true(route(&s, masking_of(0), somebody, &m));
        assert_false(session_note_caller(&s, &m, somebody, NOW));
}

static void an_alias_is_the_party_and_the_first_number_is_called(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        assert_int_equal(session_add_alias(&s, 1, real_of(1, 1)), 0);
        check(&s, 1, real_of(1, 1), 0, 0);
        check(&s, 0, real_of(0, 0), 1, 1);
        struct mapping m;
        assert_true(route(&s, masking_of(1), real_of(1, 1), &m));
        assert_true(number_equal(m.caller.n, real_of(1, 1).n));
}

static void the_platforms_word_makes_another_telephone_the_partys(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        struct route_call call = {.dialled = masking_of(0),
                                  .caller = somebody,
                                  .acts_for = real_of(0, 0),
                                  .now_ms = NOW};
        struct mapping m;
        assert_true(session_route(&s, NULL, &memory, &call, &m));
        assert_int_equal(m.by, MAPPING_BY_INTENT);
        assert_int_equal(m.caller_party, 0);
        assert_int_equal(m.callee_party, 1);
        call.acts_for = real_of(1, 0);
        assert_false(session_route(&s, NULL, &memory, &call, &m));
        /* Never from the telephone of the one who would be called. */
        call.acts_for = real_of(0, 0);
        call.caller = real_of(1, 0);
        assert_false(session_route(&s, NULL, &memory, &call, &m));
}

static void digits_let_the_party_in_from_any_telephone(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        s.parties[0].pin = pin_of(0);
        s.parties[1].pin = pin_of(1);
        struct route_call call = {.dialled = masking_of(0), .digits = pin_of(0), .now_ms = NOW};
        struct mapping m;
        assert_true(session_route(&s, NULL, &memory, &call, &m));
        assert_int_equal(m.by, MAPPING_BY_PIN);
        assert_int_equal(m.caller_party, 0);
        assert_int_equal(m.callee_party, 1);
        /* On the number that this party dials, and on no other. */
        call.digits = pin_of(1);
        assert_false(session_route(&s, NULL, &memory, &call, &m));
        call.dialled = masking_of(1);
        assert_true(session_route(&s, NULL, &memory, &call, &m));
        assert_int_equal(m.callee_party, 0);
}

static void who_is_known_by_its_number_needs_no_digits(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_ONE_NUMBER, 1, 1);
        s.parties[1].pin = pin_of(1);
        struct route_call call = {.dialled = masking_of(0),
                                  .caller = real_of(0, 0),
                                  .digits = pin_of(1),
                                  .now_ms = NOW};
        struct mapping m;
        assert_true(session_route(&s, NULL, &memory, &call, &m));
        assert_int_equal(m.by, MAPPING_BY_NUMBER);
        assert_int_equal(m.callee_party, 1);
}

/* Whom somebody who dials the slot would reach, if that one said yes. */
static void check_request(const struct session *s, unsigned slot, struct real_number caller,
                          uint8_t asked, unsigned shown)
{
        const struct route_call call = {
                .dialled = masking_of(slot), .caller = caller, .now_ms = NOW};
        struct mapping m;
        bool found = session_route_request(s, &call, &m);
        assert_int_equal(found, asked != PARTY_NONE);
        if (!found)
                return;
        assert_int_equal(m.by, MAPPING_BY_REQUEST);
        assert_int_equal(m.callee_party, asked);
        assert_int_equal(m.caller_party, PARTY_NONE);
        assert_true(number_is_none(m.caller.n));
        assert_true(number_equal(m.connect_to.n, s->parties[asked].real[0].n));
        assert_true(number_equal(m.show.n, s->slots[shown].n));
        assert_int_not_equal(m.caller_side, s->parties[asked].side);
}

static void the_one_party_behind_a_number_can_be_asked(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        struct real_number withheld = {{0}};
        check_request(&s, 0, somebody, 1, 1);
        check_request(&s, 1, somebody, 0, 0);
        check_request(&s, 0, withheld, 1, 1);
        check_request(&s, 2, somebody, PARTY_NONE, 0);
        /* Not for a call from a telephone of its own. */
        check_request(&s, 0, real_of(1, 0), PARTY_NONE, 0);
        /* Of several nobody knows whom the caller means. */
        s.slots[1] = s.slots[0];
        check_request(&s, 0, somebody, PARTY_NONE, 0);
        s = make_session(MODEL_ONE_NUMBER, 1, 1);
        check_request(&s, 0, somebody, PARTY_NONE, 0);
        s = make_session(MODEL_PANEL, 3, 1);
        check_request(&s, 0, somebody, 3, 1);
        check_request(&s, 1, somebody, PARTY_NONE, 0);
        s = make_session(MODEL_LAST_CALLER, 0, 1);
        check_request(&s, 0, somebody, PARTY_NONE, 0);
}

static uint8_t call_and_note(const struct session *s, struct session_use *use, unsigned slot,
                             struct real_number caller, int64_t now_ms)
{
        struct mapping m;
        assert_true(route_at(s, use, masking_of(slot), caller, now_ms, &m));
        session_use_note(use, s, &m, now_ms);
        return m.callee_party;
}

static void a_panel_takes_turns_and_a_call_back_reaches_who_called(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_PANEL, 3, 1);
        struct session_use use;
        session_use_init(&use);
        int64_t now = NOW;
        /* The respondent calls: 0, 1, 2, 0, 1, ... */
        for (unsigned i = 0; i < 7; i++)
                assert_int_equal(call_and_note(&s, &use, 1, real_of(3, 0), now++), i % 3);
        assert_int_equal(use.calls, 7);
        /* An interviewer calls: for an hour the respondent reaches this one. */
        assert_int_equal(call_and_note(&s, &use, 0, real_of(2, 0), now), 3);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(call_and_note(&s, &use, 1, real_of(3, 0), now + 1000), 2);
        now += HOUR + 1000;
        assert_int_equal(call_and_note(&s, &use, 1, real_of(3, 0), now), 1);
        assert_int_equal(call_and_note(&s, &use, 1, real_of(3, 0), now), 0);
        assert_int_equal(call_and_note(&s, &use, 1, real_of(3, 0), now), 2);
        assert_int_equal(use.last_used_ms, now);
}

static uint8_t reached_by(const struct session *s, const struct session_use *use,
                          struct real_number reaches, uint32_t apart)
{
        const struct route_call call = {.dialled = masking_of(1),
                                        .caller = real_of(3, 0),
                                        .reaches = reaches,
                                        .apart = apart,
                                        .now_ms = NOW};
        struct mapping m;
        assert_true(session_route(s, use, &memory, &call, &m));
        assert_true(number_equal(m.connect_to.n, s->parties[m.callee_party].real[0].n));
        return m.callee_party;
}

static void who_is_kept_apart_is_passed_over_and_who_is_meant_is_not(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_PANEL, 3, 1);
        struct session_use use;
        const struct real_number nobody = {{0}};
        session_use_init(&use);
        assert_int_equal(session_add_alias(&s, 2, real_of(2, 1)), 0);
        assert_int_equal(reached_by(&s, &use, nobody, 0), 0);
        assert_int_equal(reached_by(&s, &use, nobody, 1u << 0), 1);
        assert_int_equal(reached_by(&s, &use, nobody, 1u << 0 | 1u << 1), 2);
        /* With nobody left it is the one whose turn it is: there is somebody to be refused for. */
        assert_int_equal(reached_by(&s, &use, nobody, 1u << 0 | 1u << 1 | 1u << 2), 0);
        /* Neither does it help to have called last. */
        assert_int_equal(call_and_note(&s, &use, 0, real_of(1, 0), NOW), 3);
        assert_int_equal(reached_by(&s, &use, nobody, 0), 1);
        assert_int_equal(reached_by(&s, &use, nobody, 1u << 1), 0);
        /* By any number of its, whoever's turn it is, and also if it is kept apart. */
        assert_int_equal(reached_by(&s, &use, real_of(2, 1), 0), 2);
        assert_int_equal(reached_by(&s, &use, real_of(2, 0), 1u << 2), 2);
        assert_int_equal(reached_by(&s, &use, somebody, 0), 1);
        assert_int_equal(reached_by(&s, &use, real_of(3, 0), 0), 1);
}

static void an_interviewer_who_left_is_not_reached(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_PANEL, 3, 1);
        struct session_use use;
        session_use_init(&use);
        assert_int_equal(call_and_note(&s, &use, 0, real_of(1, 0), NOW), 3);
        assert_int_equal(call_and_note(&s, &use, 1, real_of(3, 0), NOW), 1);
        session_remove_party(&s, 1);
        assert_int_equal(call_and_note(&s, &use, 1, real_of(3, 0), NOW), 0);
        assert_int_equal(call_and_note(&s, &use, 1, real_of(3, 0), NOW), 2);
        check(&s, 0, real_of(1, 0), PARTY_NONE, 0);
}

static void affinity_goes_by_the_caller_and_not_by_the_side(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_SIDES, 2, 2);
        struct session_use use;
        session_use_init(&use);
        /* 2 calls and reaches 0; 3 calls and reaches 1. Each is called back by whom it called. */
        assert_int_equal(call_and_note(&s, &use, 1, real_of(2, 0), NOW), 0);
        assert_int_equal(call_and_note(&s, &use, 1, real_of(3, 0), NOW), 1);
        assert_int_equal(call_and_note(&s, &use, 0, real_of(1, 0), NOW), 3);
        assert_int_equal(call_and_note(&s, &use, 0, real_of(0, 0), NOW), 2);
        assert_int_equal(call_and_note(&s, &use, 0, real_of(1, 0), NOW), 3);
}

static void a_session_that_has_ended_still_says_whose_it_was(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        s.state = SESSION_ENDED;
        s.ended_ms = 77;
        s.expires_ms = 99;
        struct mapping m;
        assert_true(route(&s, masking_of(0), real_of(0, 0), &m));
        assert_int_equal(m.state, SESSION_ENDED);
        assert_int_equal(m.ended_ms, 77);
        assert_int_equal(m.expires_ms, 99);
}

static bool has_key(const struct session *s, enum route_by by, struct masking_number dialled,
                    struct real_number caller, struct pin_hash digits)
{
        struct route_walk walk = {.session = s};
        struct route_key key;
        while (route_next(&walk, &key)) {
                if (key.by != by || !number_equal(key.dialled.n, dialled.n))
                        continue;
                if (by == ROUTE_ANYONE ||
                    (by == ROUTE_EXACT && number_equal(key.caller.n, caller.n)) ||
                    (by == ROUTE_DIGITS && pin_equal(&key.digits, &digits)))
                        return true;
        }
        return false;
}

/* What a lookup that goes by keys alone may find, and what it is then led to. */
static void check_one_row(const struct session *s, struct masking_number dialled,
                          struct real_number caller, struct pin_hash digits)
{
        const struct route_call call = {
                .dialled = dialled, .caller = caller, .digits = digits, .now_ms = NOW};
        const struct pin_hash none = {{0}};
        bool exact = has_key(s, ROUTE_EXACT, dialled, caller, none);
        bool by_digits = !pin_is_none(&digits) && has_key(s, ROUTE_DIGITS, dialled, caller, digits);
        bool anyone = has_key(s, ROUTE_ANYONE, dialled, caller, none);
        struct mapping m;
        bool found = session_route(s, NULL, &memory, &call, &m);
        if (!exact && !by_digits && !anyone)
                assert_false(found);
        if (exact)
                assert_true(found);
        if (!found)
                return;
        assert_int_equal(m.by == MAPPING_BY_NUMBER, exact);
        if (!exact)
                assert_int_equal(m.by == MAPPING_BY_ANYONE, !by_digits);
        assert_false(number_equal(m.connect_to.n, caller.n));
        assert_false(number_is_none(m.show.n));
        if (m.callee_party == PARTY_NONE)
                return;
        assert_true(number_equal(m.connect_to.n, s->parties[m.callee_party].real[0].n));
        assert_false(session_party_has(&s->parties[m.callee_party], caller));
}

/* Who is reached and dials what it saw reaches whom the call came from, or that one's side. */
static void check_the_way_back(const struct session *s, struct masking_number dialled,
                               struct real_number caller)
{
        struct mapping there, back;
        struct session_use use;
        session_use_init(&use);
        if (!route_at(s, &use, dialled, caller, NOW, &there) || there.caller_party == PARTY_NONE ||
            there.callee_party == PARTY_NONE || s->model == MODEL_ONE_WAY)
                return;
        session_use_note(&use, s, &there, NOW);
        assert_true(route_at(s, &use, there.show, there.connect_to, NOW + 1000, &back));
        assert_int_equal(back.callee_party, there.caller_party);
        assert_true(number_equal(back.show.n, dialled.n));
}

static void every_row_has_its_key_and_every_key_its_row(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 11);
        for (unsigned n = 0; n < 500 * times; n++) {
                struct session s = random_session(&r);
                if (session_check(&s).flaw != SESSION_SOUND)
                        continue;
                uint64_t slots = session_slots(&s);
                for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                        if (!(slots >> slot & 1) && slot > 2)
                                continue;
                        for (unsigned party = 0; party <= s.party_count; party++)
                                for (unsigned alias = 0; alias < 4; alias++) {
                                        struct pin_hash digits = {{0}};
                                        if (alias % 2)
                                                digits = pin_of(random_below(&r, 8));
                                        check_one_row(&s, masking_of(slot), real_of(party, alias),
                                                      digits);
                                        check_the_way_back(&s, masking_of(slot),
                                                           real_of(party, alias));
                                }
                }
        }
}

static unsigned count_keys(const struct session *s)
{
        struct route_walk walk = {.session = s};
        struct route_key key;
        unsigned count = 0;
        while (route_next(&walk, &key)) {
                assert_true(number_equal(key.dialled.n, s->slots[key.slot].n));
                count++;
        }
        assert_false(route_next(&walk, &key));
        return count;
}

static void the_keys_are_as_many_as_the_model_says(void **state)
{
        (void)state;
        struct session s = make_session(MODEL_TWO_NUMBERS, 1, 1);
        assert_int_equal(count_keys(&s), 2);
        s.parties[0].pin = pin_of(0);
        assert_int_equal(session_add_alias(&s, 1, real_of(1, 1)), 0);
        assert_int_equal(count_keys(&s), 4);
        s = make_session(MODEL_GROUP, 8, 0);
        assert_int_equal(count_keys(&s), 56);
        s = make_session(MODEL_SIDES, 8, 8);
        assert_int_equal(count_keys(&s), 16);
        s = make_session(MODEL_EXTENSION, 0, 3);
        assert_int_equal(count_keys(&s), 3);
        s = make_session(MODEL_ONE_WAY, 0, 1);
        assert_int_equal(count_keys(&s), 1);
        s = make_session(MODEL_LAST_CALLER, 0, 1);
        assert_int_equal(count_keys(&s), 2);
        s.slots[0] = (struct masking_number){{0}};
        assert_int_equal(count_keys(&s), 0);
}

/* One change of any kind; false: it is none. */
static bool change_one_thing(struct random *r, struct session *s)
{
        unsigned party = random_below(r, s->party_count);
        uint64_t slots = session_slots(s);
        unsigned slot = random_below(r, SESSION_SLOTS_MAX);
        switch (random_below(r, 5)) {
        case 0:
                session_remove_party(s, (uint8_t)party);
                return true;
        case 1:
                s->parties[party].real[0] = real_of(20 + party, 0);
                return true;
        case 2:
                return session_remove_alias(s, (uint8_t)party, real_of(party, 1)) == 0;
        case 3:
                s->parties[party].pin = pin_of(100);
                return true;
        default:
                if (!(slots >> slot & 1))
                        return false;
                s->slots[slot] = masking_of(70);
                return true;
        }
}

static bool contains_key(const struct session *s, const struct route_key *key)
{
        return has_key(s, key->by, key->dialled, key->caller, key->digits);
}

static void what_a_change_leaves_behind_is_exactly_what_it_takes_away(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 12);
        unsigned remained = 0, nothing = 0;
        for (unsigned n = 0; n < CHANGES * times; n++) {
                struct session before = random_session(&r), after = before, rest;
                if (!change_one_thing(&r, &after))
                        continue;
                int err = session_remainder(&before, &after, &rest);
                struct route_key key;
                bool lost = false;
                struct route_walk walk = {.session = &before};
                while (route_next(&walk, &key)) {
                        bool stays = contains_key(&after, &key);
                        lost |= !stays;
                        if (!err)
                                assert_int_equal(contains_key(&rest, &key), !stays);
                }
                assert_int_equal(err, lost ? 0 : ERR_NOT_FOUND);
                remained += err == 0;
                nothing += err != 0;
                if (err)
                        continue;
                walk = (struct route_walk){.session = &rest};
                while (route_next(&walk, &key))
                        assert_true(contains_key(&before, &key));
                assert_int_equal(rest.id, before.id);
        }
        assert_in_range(remained, CHANGES * times / 3, CHANGES * times);
        assert_in_range(nothing, CHANGES * times / 60, CHANGES * times);
}

static void what_is_left_behind_knows_who_may_not_call_any_more(void **state)
{
        (void)state;
        struct session before = make_session(MODEL_TWO_NUMBERS, 1, 1), after = before, rest;
        after.parties[1].real[0] = real_of(5, 0);
        assert_int_equal(session_remainder(&before, &after, &rest), 0);
        rest.state = SESSION_ENDED;
        struct mapping m;
        assert_true(route(&rest, masking_of(1), real_of(1, 0), &m));
        assert_int_equal(m.state, SESSION_ENDED);
        assert_true(number_is_none(m.connect_to.n));
        assert_false(route(&rest, masking_of(0), real_of(0, 0), &m));
}

static void two_kinds_of_change_at_once_leave_nothing_that_a_session_can_be(void **state)
{
        (void)state;
        struct session before = make_session(MODEL_SIDES, 2, 1), after, rest;
        assert_int_equal(session_add_alias(&before, 2, real_of(2, 1)), 0);
        after = before;
        after.slots[0] = masking_of(9);
        assert_int_equal(session_remove_alias(&after, 2, real_of(2, 1)), 0);
        assert_int_equal(session_remainder(&before, &after, &rest), 0);
        before = make_session(MODEL_GROUP, 3, 0);
        assert_int_equal(session_add_alias(&before, 0, real_of(0, 1)), 0);
        after = before;
        after.slots[1] = masking_of(9);
        assert_int_equal(session_remove_alias(&after, 0, real_of(0, 1)), 0);
        assert_int_equal(session_remainder(&before, &after, &rest), ERR_CONFLICT);
        assert_int_equal(rest.party_count, 0);
}

/* TIMES: so many times as much. */
int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(two_numbers_each_sees_what_it_dials_itself),
                cmocka_unit_test(two_parties_may_dial_the_same_of_two_numbers),
                cmocka_unit_test(one_number_goes_both_ways),
                cmocka_unit_test(one_way_is_for_anyone_or_for_those_listed_but_not_for_the_party),
                cmocka_unit_test(in_a_group_each_has_a_number_for_each_other),
                cmocka_unit_test(sides_share_a_number_each),
                cmocka_unit_test(an_extension_is_reached_by_its_digits_alone),
                cmocka_unit_test(the_party_of_a_last_caller_session_reaches_who_called_it),
                cmocka_unit_test(a_last_caller_who_has_become_the_party_is_not_called),
                cmocka_unit_test(only_a_caller_who_can_be_called_is_the_last_caller),
                cmocka_unit_test(an_alias_is_the_party_and_the_first_number_is_called),
                cmocka_unit_test(the_platforms_word_makes_another_telephone_the_partys),
                cmocka_unit_test(digits_let_the_party_in_from_any_telephone),
                cmocka_unit_test(the_one_party_behind_a_number_can_be_asked),
                cmocka_unit_test(who_is_known_by_its_number_needs_no_digits),
                cmocka_unit_test(a_panel_takes_turns_and_a_call_back_reaches_who_called),
                cmocka_unit_test(who_is_kept_apart_is_passed_over_and_who_is_meant_is_not),
                cmocka_unit_test(an_interviewer_who_left_is_not_reached),
                cmocka_unit_test(affinity_goes_by_the_caller_and_not_by_the_side),
                cmocka_unit_test(a_session_that_has_ended_still_says_whose_it_was),
                cmocka_unit_test(every_row_has_its_key_and_every_key_its_row),
                cmocka_unit_test(the_keys_are_as_many_as_the_model_says),
                cmocka_unit_test(what_a_change_leaves_behind_is_exactly_what_it_takes_away),
                cmocka_unit_test(what_is_left_behind_knows_who_may_not_call_any_more),
                cmocka_unit_test(two_kinds_of_change_at_once_leave_nothing_that_a_session_can_be),
        };
        times = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
        return RUN_TESTS(tests);
}
