/* SPDX-License-Identifier: Apache-2.0 */
/* How many numbers a pool needs, by REST: the proof page by page, and the plan. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "rig.h"

static int set_up(void **state)
{
        return rig_set_up_provisioned(state, 6);
}

#define CERTIFICATE "/v1/pools/default/certificate"

/* Party 1 with 2, 3 and 4; 2 with 3; and one that has ended. */
static void make_sessions(struct rig *rig, char ended[24])
{
        char id[24], path[64];
        for (unsigned i = 2; i <= 4; i++)
                rig_session(rig, 1, i, id);
        rig_session(rig, 2, 3, id);
        rig_session(rig, 5, 6, ended);
        snprintf(path, sizeof path, "/v1/sessions/%s/end", ended);
        json_decref(rig_expect(rig, 200, "POST", path, NULL));
}

static void a_certificate_names_the_party_that_forces_it_and_no_number(void **state)
{
        struct rig *rig = *state;
        char ended[24];
        make_sessions(rig, ended);
        json_t *claim = rig_expect(rig, 200, "GET", CERTIFICATE, NULL);
        assert_int_equal(count_of(claim, "most"), 3);
        assert_int_equal(count_of(claim, "rented"), 6);
        assert_int_equal(count_of(claim, "sessions"), 5);
        assert_int_equal(count_of(claim, "keys"), 10);
        assert_int_equal(count_of(claim, "parties"), 6);
        assert_int_equal(count_of(claim, "quarantined"), 2);
        const json_t *graph = json_object_get(claim, "graph");
        assert_int_equal(json_array_size(graph), 10);
        for (unsigned i = 0; i < 10; i++) {
                const json_t *key = json_array_get(graph, i);
                bool is_theirs = !strcmp(text_of(key, "party"), text_of(claim, "party"));
                bool is_ended = !strcmp(text_of(key, "session"), ended);
                assert_int_equal(is_theirs, i < 3);
                assert_int_equal(json_is_true(json_object_get(key, "quarantined")), is_ended);
        }
        assert_true(json_is_null(json_object_get(claim, "next")));
        char *text = json_dumps(claim, JSON_COMPACT);
        assert_null(strstr(text, "9198888"));
        assert_null(strstr(text, "9190000"));
        free(text);

        /* Of nobody in another one. */
        json_t *again = rig_expect(rig, 200, "GET", CERTIFICATE, NULL);
        assert_string_not_equal(text_of(claim, "party"), text_of(again, "party"));
        json_decref(again);
        json_decref(claim);
        json_decref(rig_expect(rig, 201, "POST", "/v1/pools", "{\"name\":\"empty\"}"));
        claim = rig_expect(rig, 200, "GET", "/v1/pools/empty/certificate", NULL);
        assert_int_equal(count_of(claim, "most"), 0);
        assert_true(json_is_null(json_object_get(claim, "party")));
        json_decref(claim);
}

static void its_pages_are_of_one_moment(void **state)
{
        struct rig *rig = *state;
        char ended[24], path[96] = CERTIFICATE "?limit=4";
        unsigned keys = 0, pages = 0;
        make_sessions(rig, ended);
        for (bool more = true; more; pages++) {
                json_t *page = rig_expect(rig, 200, "GET", path, NULL);
                assert_int_equal(count_of(page, "keys"), 10);
                keys += (unsigned)json_array_size(json_object_get(page, "graph"));
                more = json_is_string(json_object_get(page, "next"));
                snprintf(path, sizeof path, CERTIFICATE "?limit=4&after=%s", text_of(page, "next"));
                json_decref(page);
                rig_session(rig, 10 + 2 * pages, 11 + 2 * pages, ended);
        }
        assert_int_equal(keys, 10);
        assert_int_equal(pages, 3);
}

static void a_page_that_is_none_is_refused(void **state)
{
        struct rig *rig = *state;
        char ended[24], of_other[128];
        make_sessions(rig, ended);
        json_decref(rig_expect(rig, 201, "POST", "/v1/pools", "{\"name\":\"other\"}"));
        json_t *page = rig_expect(rig, 200, "GET", CERTIFICATE "?limit=1", NULL);
        snprintf(of_other, sizeof of_other, "/v1/pools/other/certificate?after=%s",
                 text_of(page, "next"));
        json_decref(page);
        const char *const paths[] = {
                CERTIFICATE "?after=1",
                CERTIFICATE "?after=x",
                CERTIFICATE "?after=-",
                CERTIFICATE "?after=0000000000000000-0",
                CERTIFICATE "?after=00000000000000000000000000000000-99999999999999999999",
                CERTIFICATE "?limit=0",
                CERTIFICATE "?limit=1001",
                of_other,
        };
        for (unsigned i = 0; i < sizeof paths / sizeof paths[0]; i++) {
                struct reply reply = rig_ask(rig, "GET", paths[i], NULL);
                if (reply.status != 400 || !reply_text(&reply, "remedy")[0])
                        fail_msg("%s: %u %s", paths[i], reply.status, reply.text);
                reply_free(&reply);
        }
        json_decref(rig_expect(rig, 404, "GET", "/v1/pools/none/certificate", NULL));
}

static void a_plan_follows_from_what_is_held_and_from_the_targets(void **state)
{
        struct rig *rig = *state;
        char ended[24];
        make_sessions(rig, ended);
        json_t *plan = rig_expect(rig, 200, "POST", "/v1/pools/default/plan", "{}");
        assert_int_equal(count_of(plan, "sessions"), 5);
        assert_int_equal(count_of(plan, "most"), 3);
        assert_int_equal(count_of(plan, "numbers"), 3);
        assert_int_equal(count_of(plan, "to_rent"), 0);
        /* 20 minutes * ln(5000), which is longer than the pool's two hours. */
        assert_in_range(count_of(plan, "quarantine_ms"), 10210000, 10230000);
        assert_true(json_is_false(json_object_get(plan, "whole")));
        json_decref(plan);

        plan = rig_expect(rig, 200, "POST", "/v1/pools/default/plan",
                          "{\"refused_per_million\":600000,\"quarantine_ms\":0}");
        assert_int_equal(count_of(plan, "sessions"), 4);
        assert_int_equal(count_of(plan, "quarantine_ms"), 0);
        assert_int_equal(count_of(plan, "numbers"), 3); /* three of four need it */
        assert_true(json_is_true(json_object_get(plan, "whole")));
        json_decref(plan);
        plan = rig_expect(rig, 200, "POST", "/v1/pools/default/plan",
                          "{\"refused_per_million\":750000,\"misconnected_per_million\":100000,"
                          "\"redial_mean_s\":60}");
        assert_int_equal(count_of(plan, "numbers"), 2);
        assert_int_equal(count_of(plan, "refused"), 3);
        assert_in_range(count_of(plan, "quarantine_ms"), 137000, 139000);
        json_decref(plan);
        json_decref(rig_expect(rig, 404, "POST", "/v1/pools/none/plan", "{}"));
}

static void targets_that_cannot_be_are_refused_by_field(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *body, *field;
        } rows[] = {
                {"{\"refused_per_million\":1000001}", "refused_per_million"},
                {"{\"refused_per_million\":-1}", "refused_per_million"},
                {"{\"refused_per_million\":\"0.1%\"}", "refused_per_million"},
                {"{\"misconnected_per_million\":0}", "misconnected_per_million"},
                {"{\"redial_mean_s\":0}", "redial_mean_s"},
                {"{\"quarantine_ms\":99999999999999}", "quarantine_ms"},
                {"{\"quarantine_ms\":1000,\"redial_mean_s\":60}", "quarantine_ms"},
                {"{\"quarantine_ms\":-1}", "quarantine_ms"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", "/v1/pools/default/plan", rows[i].body);
                if (reply.status != 422 || strcmp(reply_text(&reply, "field"), rows[i].field) ||
                    !reply_text(&reply, "remedy")[0])
                        fail_msg("%s: %u %s", rows[i].body, reply.status, reply.text);
                reply_free(&reply);
        }
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(a_certificate_names_the_party_that_forces_it_and_no_number),
                WITH_RIG(its_pages_are_of_one_moment),
                WITH_RIG(a_page_that_is_none_is_refused),
                WITH_RIG(a_plan_follows_from_what_is_held_and_from_the_targets),
                WITH_RIG(targets_that_cannot_be_are_refused_by_field),
        };
        return RUN_TESTS(tests);
}
