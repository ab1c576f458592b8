/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a session is what the lookup does. */
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "core/route.h"
#include "core/session_rows.h"
#include "sessions.h"

static const struct route_memory memory = {0};

static struct session made(enum session_model model, unsigned first, unsigned second)
{
        struct session s = make_session(model, first, second);
        fill_slots(&s);
        return s;
}

/* A call of who dials the row: a party's, or one from a telephone that nobody knows. */
static bool route_of(const struct session *s, const struct session_row *row, struct mapping *out)
{
        struct route_call call = {.dialled = row->dials, .caller = {{919777700001}}};
        if (row->party != PARTY_NONE)
                call.caller = s->parties[row->party].real[0];
        if (row->by_digits)
                call.digits = s->parties[__builtin_ctz(row->reaches)].pin;
        return session_route(s, NULL, &memory, &call, out);
}

static void expect_agreement(const struct session *s, unsigned expected)
{
        struct session_row rows[SESSION_ROWS_MAX];
        unsigned count = session_rows(s, rows);
        if (count != expected)
                fail_msg("%s: %u rows", session_model_name(s->model), count);
        for (unsigned i = 0; i < count; i++) {
                struct mapping mapping;
                assert_true(route_of(s, &rows[i], &mapping));
                assert_int_equal(mapping.caller_party, rows[i].party);
                assert_int_equal(mapping.show.n.e164, rows[i].sees.n.e164);
                if (!rows[i].reaches)
                        assert_int_equal(mapping.callee_party, PARTY_NONE);
                else
                        assert_true(rows[i].reaches >> mapping.callee_party & 1);
        }
}

static void every_row_is_what_the_lookup_does(void **state)
{
        (void)state;
        static const struct {
                enum session_model model;
                unsigned first, second, rows;
        } models[] = {
                {MODEL_TWO_NUMBERS, 1, 1, 2}, {MODEL_ONE_NUMBER, 1, 1, 2},
                {MODEL_ONE_WAY, 3, 1, 3},     {MODEL_ONE_WAY, 0, 1, 1},
                {MODEL_GROUP, 8, 0, 56},      {MODEL_SIDES, 3, 4, 7},
                {MODEL_EXTENSION, 0, 16, 16}, {MODEL_PANEL, 15, 1, 16},
                {MODEL_LAST_CALLER, 0, 1, 2},
        };
        for (unsigned i = 0; i < sizeof models / sizeof models[0]; i++) {
                struct session s = made(models[i].model, models[i].first, models[i].second);
                expect_agreement(&s, models[i].rows);
        }
}

static void a_place_that_is_empty_is_in_no_row(void **state)
{
        (void)state;
        struct session s = made(MODEL_GROUP, 4, 0);
        s.parties[1] = (struct session_party){0};
        expect_agreement(&s, 6);
        s = made(MODEL_EXTENSION, 0, 3);
        s.parties[2] = (struct session_party){.side = 1};
        expect_agreement(&s, 2);
}

static void a_slot_without_a_number_has_no_row(void **state)
{
        (void)state;
        struct session s = made(MODEL_TWO_NUMBERS, 1, 1);
        s.slots[0] = (struct masking_number){{0}};
        struct session_row rows[SESSION_ROWS_MAX];
        assert_int_equal(session_rows(&s, rows), 1);
        assert_int_equal(rows[0].party, 1);
}

static void expect_sentence(const struct session *s, unsigned at, const char *sentence)
{
        struct session_row rows[SESSION_ROWS_MAX];
        char text[SESSION_ROW_TEXT_MAX];
        struct buf b;
        assert_true(at < session_rows(s, rows));
        buf_init(&b, text, sizeof text - 1);
        session_row_put(&rows[at], &b);
        assert_true(buf_ok(&b));
        text[b.len] = '\0';
        assert_string_equal(text, sentence);
}

static void a_row_is_said_in_a_sentence(void **state)
{
        (void)state;
        struct session s = made(MODEL_TWO_NUMBERS, 1, 1);
        expect_sentence(&s, 0,
                        "Party 0 dials +919000000001 to reach party 1, who sees +919000000002.");
        s = made(MODEL_GROUP, 3, 0);
        expect_sentence(&s, 3,
                        "Party 1 dials +919000000011 to reach party 2, who sees +919000000018.");
        s = made(MODEL_SIDES, 1, 3);
        expect_sentence(
                &s, 0,
                "Party 0 dials +919000000001 to reach party 1, 2 or 3, whose turn it is, who "
                "sees +919000000002.");
        s = made(MODEL_EXTENSION, 0, 2);
        expect_sentence(
                &s, 1,
                "Anyone dials +919000000001, and keys in its PIN, to reach party 1, who sees "
                "+919000000001.");
        s = made(MODEL_LAST_CALLER, 0, 1);
        expect_sentence(&s, 0,
                        "Party 0 dials +919000000001 to reach whoever called last, who sees "
                        "+919000000001.");
        expect_sentence(&s, 1,
                        "Anyone dials +919000000001 to reach party 0, who sees +919000000001.");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_row_is_what_the_lookup_does),
                cmocka_unit_test(a_place_that_is_empty_is_in_no_row),
                cmocka_unit_test(a_slot_without_a_number_has_no_row),
                cmocka_unit_test(a_row_is_said_in_a_sentence),
        };
        return RUN_TESTS(tests);
}
