/* SPDX-License-Identifier: Apache-2.0 */
/* Masking numbers: what is said of them, changed of them, and many of them at once. */
#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"
#include "rig.h"

static int set_up(void **state)
{
        return rig_set_up_provisioned(state, 2);
}

static void a_number_knows_where_it_is_at_home_unless_it_is_told(void **state)
{
        struct rig *rig = *state;
        json_t *made = rig_expect(rig, 201, "POST", "/v1/numbers",
                                  "{\"number\":\"+912240000001\",\"trunk\":\"north\"}");
        assert_string_equal(text_of(made, "country"), "IN");
        assert_string_equal(text_of(made, "area"), "22");
        assert_true(json_is_false(json_object_get(made, "frozen")));
        assert_int_equal(json_array_size(json_object_get(made, "capabilities")), 1);
        json_decref(made);
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/numbers/912240000001",
                               "{\"country\":\"GB\",\"area\":\"20\",\"tags\":[\"a\",\"b-1\"],"
                               "\"capabilities\":[\"sms\",\"voice\"],\"reserved\":true}"));
        json_t *shown = rig_expect(rig, 200, "GET", "/v1/numbers/%2B912240000001", NULL);
        assert_string_equal(text_of(shown, "country"), "GB");
        assert_string_equal(text_of(shown, "trunk"), "north");
        assert_true(json_is_true(json_object_get(shown, "reserved")));
        assert_int_equal(json_array_size(json_object_get(shown, "capabilities")), 2);
        assert_int_equal(json_array_size(json_object_get(shown, "tags")), 2);
        json_decref(shown);
}

static void what_cannot_be_said_of_a_number_is_refused_by_field(void **state)
{
        struct rig *rig = *state;
        static const struct {
                unsigned status;
                const char *body, *field;
        } rows[] = {
                {422, "{\"country\":\"in\"}", "country"},
                {422, "{\"country\":\"IND\"}", "country"},
                {422, "{\"area\":\"12345678\"}", "area"},
                {422, "{\"area\":\"2x\"}", "area"},
                {422, "{\"capabilities\":[]}", "capabilities"},
                {422, "{\"capabilities\":[\"fax\"]}", "capabilities"},
                {422, "{\"capabilities\":[1]}", "capabilities"},
                {422, "{\"tags\":[\"a b\"]}", "tags"},
                {422, "{\"tags\":[\"a,b\"]}", "tags"},
                {422, "{\"tags\":[\"\"]}", "tags"},
                {422, "{\"tags\":[7]}", "tags"},
                {422, "{\"frozen\":\"yes\"}", "frozen"},
                {422, "{\"number\":\"+919000000003\"}", ""},
                {422, "{\"reserved\":1}", "reserved"},
                {422, "{\"pool\":7}", "pool"},
                {404, "{\"pool\":\"ghost\"}", "pool"},
                {404, "{\"trunk\":\"ghost\"}", "trunk"},
        };
        json_t *before = rig_expect(rig, 200, "GET", "/v1/numbers/919000000001", NULL);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                json_t *problem = rig_expect(rig, rows[i].status, "PATCH",
                                             "/v1/numbers/919000000001", rows[i].body);
                assert_string_equal(text_of(problem, "field"), rows[i].field);
                json_decref(problem);
        }
        json_t *after = rig_expect(rig, 200, "GET", "/v1/numbers/919000000001", NULL);
        assert_true(json_equal(before, after));
        json_decref(before);
        json_decref(after);
        json_decref(rig_expect(rig, 404, "PATCH", "/v1/numbers/919000000077", "{}"));
}

/* A file whose columns are swapped holds real numbers where names are looked for. */
static void what_was_submitted_is_not_repeated(void **state)
{
        struct rig *rig = *state;
        static const char *const fields[] = {"trunk", "pool", "country", "area", "tags"};
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
                char body[128];
                bool list = !strcmp(fields[i], "tags");
                snprintf(body, sizeof body,
                         "{\"rows\":[{\"number\":\"+919000000001\",\"%s\":%s\"+919888800001\"%s}]}",
                         fields[i], list ? "[" : "", list ? "]" : "");
                struct reply reply = rig_ask(rig, "POST", "/v1/numbers/import", body);
                assert_int_equal(reply.status, 200);
                assert_non_null(strstr(reply.text, "\"rejected\":1"));
                assert_null(strstr(reply.text, "98888"));
                reply_free(&reply);
        }
}

static void a_number_that_sessions_hold_stays_where_it_is_until_it_is_drained(void **state)
{
        struct rig *rig = *state;
        char id[24], path[64];
        rig_session(rig, 1, 2, id);
        json_decref(
                rig_expect(rig, 409, "PATCH", "/v1/numbers/919000000001", "{\"trunk\":\"south\"}"));
        json_decref(rig_expect(rig, 409, "DELETE", "/v1/numbers/919000000001", NULL));
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/numbers/919000000001", "{\"frozen\":true}"));
        snprintf(path, sizeof path, "/v1/sessions/%s/end", id);
        json_decref(rig_expect(rig, 200, "POST", path, NULL));
        json_t *moved =
                rig_expect(rig, 200, "PATCH", "/v1/numbers/919000000001", "{\"trunk\":\"south\"}");
        assert_string_equal(text_of(moved, "trunk"), "south");
        json_decref(moved);
        json_decref(rig_expect(rig, 204, "DELETE", "/v1/numbers/919000000001", NULL));
}

static const char rows_of_an_import[] =
        "\"rows\":["
        "{\"number\":\"+919000000001\",\"trunk\":\"north\"},"
        "{\"number\":\"+919000000011\",\"trunk\":\"north\",\"tags\":[\"x\"]},"
        "{\"number\":\"+919000000002\",\"frozen\":true},"
        "{\"number\":\"+91 90000 00011\",\"trunk\":\"south\"},"
        "{\"number\":\"12\",\"trunk\":\"south\"},"
        "{\"number\":\"+919000000012\",\"trunk\":\"ghost\"},"
        "{\"number\":\"+919000000013\"},"
        "{\"number\":\"+919000000014\",\"trunk\":\"south\",\"country\":\"India\"}]}";

static json_t *import(struct rig *rig, bool dry_run)
{
        char body[1024];
        snprintf(body, sizeof body, "{\"dry_run\":%s,%s", dry_run ? "true" : "false",
                 rows_of_an_import);
        return rig_expect(rig, 200, "POST", "/v1/numbers/import", body);
}

static void expect_report(const json_t *report, json_int_t added, json_int_t changed,
                          json_int_t same)
{
        static const char *const fields[8] = {
                [3] = "number", "number", "trunk", "trunk", "country"};
        assert_int_equal(count_of(report, "added"), added);
        assert_int_equal(count_of(report, "changed"), changed);
        assert_int_equal(count_of(report, "same"), same);
        assert_int_equal(count_of(report, "rejected"), 5);
        const json_t *rows = json_object_get(report, "rows");
        assert_int_equal(json_array_size(rows), 8);
        for (size_t i = 3; i < 8; i++) {
                const json_t *row = json_array_get(rows, i);
                assert_string_equal(text_of(row, "result"), "rejected");
                assert_string_equal(text_of(row, "field"), fields[i]);
                assert_true(text_of(row, "detail")[0] && text_of(row, "remedy")[0]);
                assert_null(strstr(text_of(row, "detail"), "90000"));
        }
}

static void an_import_judges_each_row_and_a_dry_run_changes_nothing(void **state)
{
        struct rig *rig = *state;
        json_t *before = rig_expect(rig, 200, "GET", "/v1/numbers", NULL);
        json_t *report = import(rig, true);
        expect_report(report, 1, 1, 1);
        json_decref(report);
        json_t *after = rig_expect(rig, 200, "GET", "/v1/numbers", NULL);
        assert_true(json_equal(before, after));
        json_decref(before);
        json_decref(after);

        report = import(rig, false);
        expect_report(report, 1, 1, 1);
        json_decref(report);
        json_t *frozen = rig_expect(rig, 200, "GET", "/v1/numbers/919000000002", NULL);
        assert_true(json_is_true(json_object_get(frozen, "frozen")));
        json_decref(frozen);
        report = import(rig, false);
        expect_report(report, 0, 0, 3);
        json_decref(report);
}

static void an_import_that_is_no_list_of_rows_is_refused_as_a_whole(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 422, "POST", "/v1/numbers/import", "{}"));
        json_decref(rig_expect(rig, 422, "POST", "/v1/numbers/import", "{\"rows\":[]}"));
        json_decref(rig_expect(rig, 422, "POST", "/v1/numbers/import", "{\"rows\":[7]}"));
        json_decref(rig_expect(rig, 422, "POST", "/v1/numbers/import",
                               "{\"rows\":[{\"number\":\"+919000000011\",\"trunk\":\"north\"},"
                               "{\"numbr\":\"+919000000012\"}]}"));
        json_decref(rig_expect(rig, 404, "GET", "/v1/numbers/919000000011", NULL));
        char *many = malloc(32 * 1024);
        strcpy(many, "{\"rows\":[");
        for (unsigned i = 0; i < 501; i++)
                strcat(many, i ? ",{\"number\":\"1\"}" : "{\"number\":\"1\"}");
        strcat(many, "]}");
        json_decref(rig_expect(rig, 422, "POST", "/v1/numbers/import", many));
        free(many);
}

static void rows_that_the_disk_refuses_are_told_and_taken_back(void **state)
{
        struct rig *rig = *state;
        store_memory_fail(rig->store, 1, 1, ERR_STORE);
        json_t *report =
                rig_expect(rig, 200, "POST", "/v1/numbers/import",
                           "{\"rows\":[{\"number\":\"+919000000011\",\"trunk\":\"north\"}]}");
        assert_int_equal(count_of(report, "rejected"), 1);
        assert_int_equal(count_of(report, "added"), 0);
        json_decref(report);
        json_decref(rig_expect(rig, 404, "GET", "/v1/numbers/919000000011", NULL));
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)
        const struct CMUnitTest tests[] = {
                WITH_RIG(a_number_knows_where_it_is_at_home_unless_it_is_told),
                WITH_RIG(what_cannot_be_said_of_a_number_is_refused_by_field),
                WITH_RIG(what_was_submitted_is_not_repeated),
                WITH_RIG(a_number_that_sessions_hold_stays_where_it_is_until_it_is_drained),
                WITH_RIG(an_import_judges_each_row_and_a_dry_run_changes_nothing),
                WITH_RIG(an_import_that_is_no_list_of_rows_is_refused_as_a_whole),
                WITH_RIG(rows_that_the_disk_refuses_are_told_and_taken_back),
        };
        return RUN_TESTS(tests);
}
