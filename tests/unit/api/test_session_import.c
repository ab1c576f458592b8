/* SPDX-License-Identifier: Apache-2.0 */
/* Many sessions in one request: each row is judged by itself, and done whole or not at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "api/rest.h"
#include "api/rest_session_import.h"
#include "rig.h"

#define IMPORT "/v1/sessions/import"
#define PAIR(a, b)                                                                                 \
        "\"parties\":[{\"number\":\"+9198888000" a "\"},{\"number\":\"+9198888000" b "\"}]"

static int set_up(void **state)
{
        return rig_set_up_provisioned(state, 8);
}

static const json_t *row_of(const json_t *report, unsigned i)
{
        return json_array_get(json_object_get(report, "rows"), i);
}

static void expect_counts(const json_t *report, int created, int there, int rejected)
{
        bool same = json_integer_value(json_object_get(report, "created")) == created &&
                    json_integer_value(json_object_get(report, "there")) == there &&
                    json_integer_value(json_object_get(report, "rejected")) == rejected;
        char *text = same ? NULL : json_dumps(report, 0);
        if (!same)
                fail_msg("%s", text);
}

static size_t sessions(struct rig *rig)
{
        json_t *list = rig_expect(rig, 200, "GET", "/v1/sessions?limit=1000", NULL);
        size_t count = json_array_size(json_object_get(list, "sessions"));
        json_decref(list);
        return count;
}

static const char mixed[] =
        "{\"rows\":["
        "{\"reference\":\"order-1\"," PAIR(
                "01",
                "02") "},"
                      "{\"reference\":\"order-2\"," PAIR(
                              "03",
                              "03") "},"
                                    "{\"reference\":\"order-1\"," PAIR(
                                            "01",
                                            "02") "},"
                                                  "{\"reference\":\"order-1\"," PAIR(
                                                          "05",
                                                          "06") "},"
                                                                "{\"reference\":\"order-3\",\"pool\":\"ghosts\"," PAIR(
                                                                        "07",
                                                                        "08") "},"
                                                                              "{\"refrence\":\"order-4\"," PAIR(
                                                                                      "07",
                                                                                      "08") "},"
                                                                                            "{\"parties\":7},"
                                                                                            "{\"model\":\"extension\",\"parties\":[{\"number\":\"+919888800009\",\"pin\":\"4711\"}]}"
                                                                                            "]}";

static void each_row_is_done_or_rejected_with_its_reason(void **state)
{
        struct rig *rig = *state;
        json_t *report = rig_expect(rig, 200, "POST", IMPORT, mixed);
        expect_counts(report, 2, 1, 5);
        static const struct {
                const char *result, *field;
        } rows[] = {
                {"created", ""},         {"rejected", "parties[1].number"},
                {"there", ""},           {"rejected", "reference"},
                {"rejected", "pool"},    {"rejected", ""},
                {"rejected", "parties"}, {"created", ""},
        };
        for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                const json_t *row = row_of(report, i);
                assert_int_equal(json_integer_value(json_object_get(row, "row")), i);
                assert_string_equal(text_of(row, "result"), rows[i].result);
                assert_string_equal(text_of(row, "field"), rows[i].field);
                bool is_rejected = !strcmp(rows[i].result, "rejected");
                assert_true(is_rejected == (text_of(row, "remedy")[0] != '\0'));
                assert_true(is_rejected == !json_object_get(row, "session"));
        }
        assert_string_equal(text_of(json_object_get(row_of(report, 0), "session"), "id"),
                            text_of(json_object_get(row_of(report, 2), "session"), "id"));
        char *text = json_dumps(report, 0);
        assert_null(strstr(text, "98888"));
        assert_null(strstr(text, "4711"));
        free(text);
        json_decref(report);
        assert_int_equal(sessions(rig), 2);
}

static void a_dry_run_says_the_same_and_does_nothing(void **state)
{
        struct rig *rig = *state;
        char body[sizeof mixed + 32];
        snprintf(body, sizeof body, "{\"dry_run\":true,%s", mixed + 1);
        json_t *report = rig_expect(rig, 200, "POST", IMPORT, body);
        /* Rows are judged alone: nothing is there yet when the third and fourth come. */
        expect_counts(report, 4, 0, 4);
        assert_null(json_object_get(row_of(report, 0), "session"));
        json_decref(report);
        assert_int_equal(sessions(rig), 0);
        json_decref(rig_expect(rig, 200, "POST", IMPORT, mixed));
        report = rig_expect(rig, 200, "POST", IMPORT, body);
        assert_string_equal(text_of(row_of(report, 0), "result"), "there");
        assert_string_equal(text_of(row_of(report, 3), "field"), "reference");
        json_decref(report);
        assert_int_equal(sessions(rig), 2);
}

/* More than a turn of the loop takes, in fewer numbers than parties. */
static json_t *many(unsigned count, bool with_reference)
{
        json_t *rows = json_array();
        for (unsigned i = 0; i < count; i++) {
                char a[24], b[24];
                snprintf(a, sizeof a, "+9198887%05u", 2 * i);
                snprintf(b, sizeof b, "+9198887%05u", 2 * i + 1);
                json_t *row = json_pack("{s:[{s:s}, {s:s}]}", "parties", "number", a, "number", b);
                if (with_reference)
                        json_object_set_new(row, "reference", json_sprintf("order-%u", i));
                json_array_append_new(rows, row);
        }
        return json_pack("{s:o}", "rows", rows);
}

/* The report, to be released. */
static json_t *import(struct rig *rig, const json_t *rows, int created, int there, int rejected)
{
        char *body = json_dumps(rows, 0);
        json_t *report = rig_expect(rig, 200, "POST", IMPORT, body);
        expect_counts(report, created, there, rejected);
        free(body);
        return report;
}

static void a_whole_import_comes_again_under_its_key_and_is_done_once(void **state)
{
        struct rig *rig = *state;
        json_t *rows = many(40, false);
        char *body = json_dumps(rows, 0);
        struct reply first = rig_ask_keyed(rig, "batch-1", "POST", IMPORT, body);
        assert_int_equal(first.status, 200);
        expect_counts(first.json, 40, 0, 0);
        assert_true(strlen(first.text) > 16384);
        struct reply again = rig_ask_keyed(rig, "batch-1", "POST", IMPORT, body);
        assert_string_equal(again.text, first.text);
        assert_int_equal(sessions(rig), 40);
        reply_free(&first);
        reply_free(&again);
        free(body);
        json_decref(rows);
}

static void references_make_it_repeatable_row_by_row(void **state)
{
        struct rig *rig = *state;
        json_t *rows = many(40, true);
        json_decref(import(rig, rows, 40, 0, 0));
        json_decref(import(rig, rows, 0, 40, 0));
        assert_int_equal(sessions(rig), 40);
        json_decref(rows);
}

static void drawn_pins_are_told_once_and_not_kept(void **state)
{
        struct rig *rig = *state;
        static const char body[] = "{\"rows\":[{\"model\":\"extension\",\"parties\":[{\"number\":"
                                   "\"+919888800009\",\"pin\":\"generate\"}]}]}";
        struct reply first = rig_ask_keyed(rig, "batch-1", "POST", IMPORT, body);
        const json_t *session = json_object_get(row_of(first.json, 0), "session");
        assert_int_equal(
                strlen(text_of(json_array_get(json_object_get(session, "parties"), 0), "pin")), 6);
        reply_free(&first);
        struct reply again = rig_ask_keyed(rig, "batch-1", "POST", IMPORT, body);
        assert_int_equal(again.status, 409);
        assert_string_equal(reply_text(&again, "type"), "urn:maskline:problem:exists");
        reply_free(&again);
        assert_int_equal(sessions(rig), 1);
}

static void rows_that_the_disk_refuses_are_rejected_and_taken_back(void **state)
{
        struct rig *rig = *state;
        store_memory_fail(rig->store, 1, 100, -ENOSPC); /* they are tried again by themselves */
        json_t *rows = many(3, true);
        json_t *report = import(rig, rows, 0, 0, 3);
        assert_non_null(strstr(text_of(row_of(report, 0), "detail"), "disk"));
        json_decref(report);
        assert_int_equal(sessions(rig), 0);
        store_memory_fail(rig->store, 1, 0, 0);
        json_decref(import(rig, rows, 3, 0, 0));
        json_decref(rows);
}

static void where_room_ends_the_rest_is_rejected(void **state)
{
        struct rig *rig = *state;
        json_t *rows = many(110, true);
        json_t *report = import(rig, rows, 100, 0, 10);
        assert_non_null(strstr(text_of(row_of(report, 109), "detail"), "full"));
        json_decref(report);
        json_decref(rows);
}

static void what_is_no_import_is_refused_before_anything_is_done(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *body, *field;
        } rows[] = {
                {"{}", "rows"},
                {"{\"rows\":[]}", "rows"},
                {"{\"rows\":{}}", "rows"},
                {"{\"rows\":[{" PAIR("01", "02") "},7]}", "rows[1]"},
                {"{\"rows\":[{" PAIR("01", "02") "}],\"dry_run\":\"yes\"}", "dry_run"},
        };
        for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", IMPORT, rows[i].body);
                assert_int_equal(reply.status, 422);
                assert_string_equal(reply_text(&reply, "field"), rows[i].field);
                reply_free(&reply);
        }
        json_t *lots = many(501, false);
        char *body = json_dumps(lots, 0);
        json_decref(rig_expect(rig, 422, "POST", IMPORT, body));
        free(body);
        json_decref(lots);
        assert_int_equal(sessions(rig), 0);
}

static void so_many_imports_are_at_work_at_once(void **state)
{
        struct rig *rig = *state;
        static const char body[] = "{\"rows\":[{\"reference\":\"order-1\"," PAIR("01", "02") "}]}";
        for (unsigned i = 0; i <= SESSION_IMPORTS_MAX; i++) {
                json_decref(rig_expect(rig, 200, "POST", IMPORT, body));
                assert_int_equal(rig->api->imports, 0);
        }
        rig->api->imports = SESSION_IMPORTS_MAX;
        struct reply reply = rig_ask(rig, "POST", IMPORT, body);
        rig->api->imports = SESSION_IMPORTS_MAX - 1;
        assert_int_equal(reply.status, 503);
        assert_string_equal(reply_text(&reply, "type"), "urn:maskline:problem:limit");
        reply_free(&reply);
        json_decref(rig_expect(rig, 200, "POST", IMPORT, body));
        assert_int_equal(rig->api->imports, SESSION_IMPORTS_MAX - 1);
        rig->api->imports = 0;
}

/* A group of eight, whose report is as large as one can be, as often as one may ask for it. */
static void a_report_has_rows_up_to_its_bound_and_every_session(void **state)
{
        struct rig *rig = *state;
        json_t *parties = json_array();
        for (unsigned i = 0; i < 8; i++)
                json_array_append_new(parties, json_pack("{s:o}", "number",
                                                         json_sprintf("+9198888000%02u", i + 1)));
        json_t *rows = json_array();
        for (unsigned i = 0; i < SESSION_IMPORT_ROWS_MAX; i++)
                json_array_append_new(rows, json_pack("{s:s, s:s, s:O}", "reference", "order-1",
                                                      "model", "group", "parties", parties));
        json_t *order = json_pack("{s:o}", "rows", rows);
        char *body = json_dumps(order, 0);
        json_t *report = rig_expect(rig, 200, "POST", IMPORT, body);
        expect_counts(report, 1, SESSION_IMPORT_ROWS_MAX - 1, 0);
        size_t bytes = 0;
        unsigned with_rows = 0;
        for (unsigned i = 0; i < SESSION_IMPORT_ROWS_MAX; i++) {
                const json_t *session = json_object_get(row_of(report, i), "session");
                const json_t *told = json_object_get(session, "rows");
                assert_int_equal(strlen(text_of(session, "id")), 18);
                assert_int_equal(json_array_size(json_object_get(session, "parties")), 8);
                bytes += told ? json_dumpb(told, NULL, 0, JSON_COMPACT) : 0;
                with_rows += told != NULL;
        }
        assert_true(json_object_get(json_object_get(row_of(report, 0), "session"), "rows"));
        assert_in_range(with_rows, 100, SESSION_IMPORT_ROWS_MAX - 1);
        assert_in_range(bytes, 1 << 20, 2 << 20);
        json_decref(report);
        json_decref(order);
        json_decref(parties);
        free(body);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(each_row_is_done_or_rejected_with_its_reason),
                WITH_RIG(a_dry_run_says_the_same_and_does_nothing),
                WITH_RIG(a_whole_import_comes_again_under_its_key_and_is_done_once),
                WITH_RIG(references_make_it_repeatable_row_by_row),
                WITH_RIG(drawn_pins_are_told_once_and_not_kept),
                WITH_RIG(rows_that_the_disk_refuses_are_rejected_and_taken_back),
                WITH_RIG(where_room_ends_the_rest_is_rejected),
                WITH_RIG(so_many_imports_are_at_work_at_once),
                WITH_RIG(a_report_has_rows_up_to_its_bound_and_every_session),
                WITH_RIG(what_is_no_import_is_refused_before_anything_is_done),
        };
        return RUN_TESTS(tests);
}
