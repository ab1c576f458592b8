/* SPDX-License-Identifier: Apache-2.0 */
/* Where the numbers of a session should be at home: as it is asked, as the party's own is, and in edits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "rig.h"

/* The pool has two numbers of each place, London's first. */
static const struct {
        const char *country, *area;
} places[] = {{"GB", "20"}, {"GB", "20"}, {"IN", "22"}, {"IN", "22"}, {"IN", "11"}, {"IN", "11"}};
#define NUMBERS (sizeof places / sizeof places[0])

static void add_numbers(struct rig *rig)
{
        for (unsigned i = 0; i < NUMBERS; i++) {
                char body[160];
                snprintf(body, sizeof body,
                         "{\"number\":\"+9190000000%02u\",\"trunk\":\"north\",\"country\":\"%s\","
                         "\"area\":\"%s\"}",
                         i + 1, places[i].country, places[i].area);
                json_decref(rig_expect(rig, 201, "POST", "/v1/numbers", body));
        }
}

static int set_up(void **state)
{
        rig_set_up_provisioned(state, 0);
        add_numbers(*state);
        return 0;
}

static void set_pool(struct rig *rig, const char *policy)
{
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/pools/default", policy));
}

/* "IN-22", as the number is said to be. */
static const char *place_of(const char *number)
{
        static char text[16];
        unsigned i = (unsigned)strtoul(number + strlen(number) - 2, NULL, 10) - 1;
        assert_in_range(i, 0, NUMBERS - 1);
        snprintf(text, sizeof text, "%s-%s", places[i].country, places[i].area);
        return text;
}

static void assert_dials(const json_t *session, unsigned party, const char *place)
{
        const json_t *one = json_array_get(json_object_get(session, "parties"), party);
        const char *is = place_of(text_of(one, "dials"));
        if (strncmp(is, place, strlen(place)))
                fail_msg("party %u dials a number of %s and not of %s", party, is, place);
}

static json_t *create(struct rig *rig, const char *fields, const char *of_first, unsigned a,
                      unsigned b)
{
        char body[320];
        snprintf(body, sizeof body,
                 "{%s\"parties\":[{\"number\":\"+9198888000%02u\"%s},"
                 "{\"number\":\"+9198888000%02u\"}]}",
                 fields, a, of_first, b);
        struct reply reply = rig_ask(rig, "POST", "/v1/sessions", body);
        json_t *session = json_incref(reply.json);
        reply_free(&reply);
        return session;
}

static json_t *edit(struct rig *rig, const json_t *session, const char *fields)
{
        char path[64], body[256];
        snprintf(path, sizeof path, "/v1/sessions/%s/change", text_of(session, "id"));
        snprintf(body, sizeof body, "{%s}", fields);
        struct reply reply = rig_ask(rig, "POST", path, body);
        json_t *changed = json_incref(reply.json);
        reply_free(&reply);
        return changed;
}

#define STRICT "{\"match_country\":\"strict\"}"

static void a_strict_pool_gives_numbers_of_the_country_that_is_asked_for(void **state)
{
        struct rig *rig = *state;
        set_pool(rig, STRICT);
        json_t *session = create(rig, "", ",\"country\":\"GB\"", 1, 2);
        assert_dials(session, 0, "GB");
        assert_dials(session, 1, "IN"); /* as its own number */
        json_decref(session);
        session = create(rig, "\"country\":\"GB\",", ",\"country\":\"IN\"", 3, 4);
        assert_dials(session, 0, "IN");
        assert_dials(session, 1, "GB");
        json_decref(session);

        session = create(rig, "\"country\":\"FR\",", "", 5, 6);
        assert_string_equal(text_of(session, "type"), "urn:maskline:problem:no-number");
        assert_non_null(strstr(text_of(session, "detail"), "at home"));
        json_decref(session);
        /* Two for each party, and there is no third. */
        for (unsigned i = 0; i < 3; i++) {
                session = create(rig, "\"country\":\"GB\",", "", 10, 11 + i);
                assert_int_equal(json_is_string(json_object_get(session, "type")), i == 2);
                json_decref(session);
        }
}

static void a_pool_that_does_its_best_prefers_them(void **state)
{
        struct rig *rig = *state;
        set_pool(rig, "{\"match_country\":\"best-effort\",\"match_area\":\"best-effort\"}");
        json_t *session = create(rig, "\"country\":\"IN\",\"area\":\"11\",", "", 1, 2);
        assert_dials(session, 0, "IN-11");
        assert_dials(session, 1, "IN-11");
        json_decref(session);
        session = create(rig, "\"country\":\"IN\",\"area\":\"44\",", "", 3, 4);
        assert_dials(session, 0, "IN");
        json_decref(session);
        session = create(rig, "\"country\":\"FR\",", "", 5, 6);
        assert_false(json_is_string(json_object_get(session, "type")));
        json_decref(session);
        for (unsigned i = 0; i < 3; i++) {
                session = create(rig, "\"country\":\"GB\",", "", 10, 11 + i);
                assert_dials(session, 0, i < 2 ? "GB" : "IN");
                json_decref(session);
        }
}

static void a_strict_area_is_one_of_its_country(void **state)
{
        struct rig *rig = *state;
        set_pool(rig, "{\"match_country\":\"strict\",\"match_area\":\"strict\"}");
        json_t *session = create(rig, "\"country\":\"IN\",\"area\":\"22\",",
                                 ",\"country\":\"IN\",\"area\":\"11\"", 1, 2);
        assert_dials(session, 0, "IN-11");
        assert_dials(session, 1, "IN-22");
        json_decref(session);
        session = create(rig, "\"country\":\"GB\",\"area\":\"22\",", "", 3, 4);
        assert_string_equal(text_of(session, "type"), "urn:maskline:problem:no-number");
        json_decref(session);
        /* The area of the one is none of the other country's. */
        session = create(rig, "\"country\":\"IN\",\"area\":\"22\",", ",\"country\":\"GB\"", 5, 6);
        assert_dials(session, 0, "GB");
        assert_dials(session, 1, "IN-22");
        json_decref(session);
}

static void a_mobile_is_at_home_in_no_area_and_a_line_in_its_own(void **state)
{
        struct rig *rig = *state;
        set_pool(rig, "{\"match_country\":\"strict\",\"match_area\":\"strict\"}");
        json_t *session = rig_expect(rig, 201, "POST", "/v1/sessions",
                                     "{\"parties\":[{\"number\":\"+919888800001\"},"
                                     "{\"number\":\"+442079460001\"}]}");
        assert_dials(session, 0, "IN");
        assert_dials(session, 1, "GB-20");
        json_decref(session);
}

static void a_pool_that_does_not_look_gives_the_one_that_rested_longest(void **state)
{
        struct rig *rig = *state;
        json_t *session = create(rig, "\"country\":\"IN\",\"area\":\"11\",", "", 1, 2);
        assert_dials(session, 0, "GB");
        json_decref(session);
}

static void a_number_is_swapped_within_its_country(void **state)
{
        struct rig *rig = *state;
        set_pool(rig, STRICT);
        json_t *session = create(rig, "", ",\"country\":\"GB\"", 1, 2);
        json_t *swapped = edit(rig, session, "\"edit\":\"swap-number\",\"slot\":1");
        assert_dials(swapped, 1, "IN");
        json_decref(swapped);
        swapped = edit(rig, session, "\"edit\":\"swap-number\",\"slot\":0");
        assert_dials(swapped, 0, "GB");
        json_decref(swapped);
        /* Both of that country are used up: the one that it has, and the one that it had. */
        swapped = edit(rig, session, "\"edit\":\"swap-number\",\"slot\":0");
        assert_string_equal(text_of(swapped, "type"), "urn:maskline:problem:no-number");
        json_decref(swapped);
        swapped = edit(rig, session, "\"edit\":\"swap-number\",\"slot\":0,\"country\":\"IN\"");
        assert_dials(swapped, 0, "IN");
        json_decref(swapped);
        json_decref(session);
}

static void whoever_comes_in_is_asked_where_his_number_should_be(void **state)
{
        struct rig *rig = *state;
        set_pool(rig, STRICT);
        /* Party 3 holds the number that party 1 dials in the other session: it moves for him. */
        json_t *other = create(rig, "", ",\"dials\":\"+919000000001\"", 3, 4);
        json_t *session = create(rig, "", ",\"dials\":\"+919000000001\"", 1, 2);
        json_t *changed = edit(rig, session,
                               "\"edit\":\"replace-party\",\"party\":0,"
                               "\"number\":\"+919888800003\"");
        assert_dials(changed, 0, "IN"); /* as his own */
        json_decref(changed);
        json_decref(session);
        session = create(rig, "", ",\"dials\":\"+919000000001\"", 5, 6);
        changed = edit(rig, session,
                       "\"edit\":\"replace-party\",\"party\":0,\"number\":\"+919888800003\","
                       "\"country\":\"GB\"");
        assert_dials(changed, 0, "GB");
        json_decref(changed);
        json_decref(session);
        json_decref(other);
}

static void a_group_s_new_member_and_the_others_each_get_theirs(void **state)
{
        struct rig *rig = *state;
        set_pool(rig, STRICT);
        json_t *session = create(rig, "\"model\":\"group\",", ",\"country\":\"GB\"", 1, 2);
        assert_dials(session, 0, "GB");
        json_t *grown = edit(rig, session, "\"edit\":\"add-party\",\"number\":\"+919888800003\"");
        const json_t *rows = json_object_get(grown, "rows");
        size_t at;
        json_t *row;
        unsigned seen = 0;
        json_array_foreach(rows, at, row)
        {
                json_int_t from = json_integer_value(json_object_get(row, "party"));
                const char *place = place_of(text_of(row, "dials"));
                assert_int_equal(strncmp(place, from == 0 ? "GB" : "IN", 2), 0);
                seen++;
        }
        assert_int_equal(seen, 6);
        json_decref(grown);
        json_decref(session);
}

static void what_is_no_place_is_refused_by_field(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *fields, *of_first, *field;
        } rows[] = {
                {"\"country\":\"in\",", "", "country"},
                {"\"country\":\"IND\",", "", "country"},
                {"\"country\":91,", "", "country"},
                {"\"area\":\"+22\",", "", "area"},
                {"\"area\":\"12345678\",", "", "area"},
                {"", ",\"country\":\"India\"", "parties[0].country"},
                {"", ",\"area\":\"Mumbai\"", "parties[0].area"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                json_t *said = create(rig, rows[i].fields, rows[i].of_first, 1, 2);
                assert_int_equal(json_integer_value(json_object_get(said, "status")), 422);
                assert_string_equal(text_of(said, "field"), rows[i].field);
                assert_true(text_of(said, "remedy")[0] != '\0');
                json_decref(said);
        }
        json_t *session = create(rig, "", "", 1, 2);
        json_t *said =
                edit(rig, session, "\"edit\":\"remove-party\",\"party\":0,\"country\":\"GB\"");
        assert_string_equal(text_of(said, "field"), "country");
        json_decref(said);
        said = edit(rig, session, "\"edit\":\"swap-number\",\"slot\":0,\"country\":\"gb\"");
        assert_string_equal(text_of(said, "field"), "country");
        json_decref(said);
        json_decref(session);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(a_strict_pool_gives_numbers_of_the_country_that_is_asked_for),
                WITH_RIG(a_pool_that_does_its_best_prefers_them),
                WITH_RIG(a_strict_area_is_one_of_its_country),
                WITH_RIG(a_mobile_is_at_home_in_no_area_and_a_line_in_its_own),
                WITH_RIG(a_pool_that_does_not_look_gives_the_one_that_rested_longest),
                WITH_RIG(a_number_is_swapped_within_its_country),
                WITH_RIG(whoever_comes_in_is_asked_where_his_number_should_be),
                WITH_RIG(a_group_s_new_member_and_the_others_each_get_theirs),
                WITH_RIG(what_is_no_place_is_refused_by_field),
        };
        return RUN_TESTS(tests);
}
