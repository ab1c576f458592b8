/* SPDX-License-Identifier: Apache-2.0 */
/* What may be done to a session while it lives, and after it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "rig.h"

struct scene {
        struct rig rig;
        char id[24];
};

static int set_up(void **state)
{
        struct scene *s = calloc(1, sizeof *s);
        rig_open(&s->rig, false);
        rig_provision(&s->rig, 4);
        json_t *made = rig_expect(&s->rig, 201, "POST", "/v1/sessions",
                                  "{\"parties\":[{\"number\":\"+919888800001\","
                                  "\"dials\":\"+919000000001\"},{\"number\":\"+919888800002\","
                                  "\"dials\":\"+919000000002\"}]}");
        snprintf(s->id, sizeof s->id, "%s", json_string_value(json_object_get(made, "id")));
        json_decref(made);
        *state = s;
        return 0;
}

static int tear_down(void **state)
{
        struct scene *s = *state;
        rig_close(&s->rig);
        free(s);
        return 0;
}

static struct reply ask(struct scene *s, const char *what, const char *body)
{
        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s/%s", s->id, what);
        return rig_ask(&s->rig, "POST", path, body);
}

static void expect(struct scene *s, unsigned status, const char *what, const char *body,
                   const char *field)
{
        struct reply reply = ask(s, what, body);
        if (reply.status != status || strcmp(reply_text(&reply, "field"), field))
                fail_msg("%s %s: %u %s", what, body ? body : "", reply.status, reply.text);
        reply_free(&reply);
}

static void explain(struct scene *s, const char *dialled, const char *caller, const char *verdict)
{
        char body[128];
        snprintf(body, sizeof body, "{\"dialled\":\"%s\",\"caller\":\"%s\"}", dialled, caller);
        json_t *answer = rig_expect(&s->rig, 200, "POST", "/v1/explain", body);
        const char *told = json_string_value(json_object_get(answer, "verdict"));
        if (strcmp(told, verdict))
                fail_msg("%s: %s, not %s", body, told, verdict);
        json_decref(answer);
}

static void a_session_is_renewed_ended_and_reopened(void **state)
{
        struct scene *s = *state;
        struct reply reply = ask(s, "renew", "{\"expires_in_s\":60}");
        assert_int_equal(reply.status, 200);
        assert_true(json_is_string(json_object_get(reply.json, "expires_at")));
        reply_free(&reply);
        expect(s, 409, "reopen", "{}", "");
        expect(s, 200, "end", NULL, "");
        explain(s, "+919000000001", "+919888800001", "ended");
        expect(s, 409, "renew", "{}", "");
        reply = ask(s, "reopen", "{\"expires_in_s\":3600}");
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply_text(&reply, "state"), "active");
        reply_free(&reply);
        explain(s, "+919000000001", "+919888800001", "connect");
        expect(s, 422, "renew", "{\"expires_at\":\"2020-01-01T00:00:00Z\"}", "expires_at");
        expect(s, 422, "renew", "{\"expires_in_s\":0}", "expires_in_s");
}

static void an_alias_calls_like_its_party(void **state)
{
        struct scene *s = *state;
        explain(s, "+919000000001", "+919888800007", "stranger");
        expect(s, 200, "change",
               "{\"edit\":\"add-alias\",\"party\":0,\"number\":\"+919888800007\"}", "");
        explain(s, "+919000000001", "+919888800007", "connect");
        expect(s, 409, "change",
               "{\"edit\":\"add-alias\",\"party\":0,\"number\":\"+919888800007\"}", "number");
        expect(s, 200, "change",
               "{\"edit\":\"remove-alias\",\"party\":0,\"number\":\"+919888800007\"}", "");
        explain(s, "+919000000001", "+919888800001", "connect");
        expect(s, 409, "change",
               "{\"edit\":\"remove-alias\",\"party\":0,\"number\":\"+919888800001\"}", "number");
}

static void expect_remedy(struct scene *s, const char *body, const char *remedy)
{
        struct reply reply = ask(s, "change", body);
        assert_int_equal(reply.status, 409);
        if (!strstr(reply_text(&reply, "remedy"), remedy))
                fail_msg("%s: %s", body, reply.text);
        reply_free(&reply);
}

static void a_number_that_is_there_is_the_partys_or_another_ones(void **state)
{
        struct scene *s = *state;
        expect_remedy(s, "{\"edit\":\"add-alias\",\"party\":0,\"number\":\"+919888800001\"}",
                      "Nothing is left to do");
        expect_remedy(s, "{\"edit\":\"add-alias\",\"party\":0,\"number\":\"+919888800002\"}",
                      "Take it from that party");
}

static void a_party_is_replaced_and_a_number_is_swapped(void **state)
{
        struct scene *s = *state;
        expect(s, 200, "change",
               "{\"edit\":\"replace-party\",\"party\":1,\"number\":\"+919888800009\"}", "");
        explain(s, "+919000000002", "+919888800009", "connect");
        struct reply reply = ask(s, "change", "{\"edit\":\"swap-number\",\"slot\":0}");
        assert_int_equal(reply.status, 200);
        const json_t *party = json_array_get(json_object_get(reply.json, "parties"), 0);
        char dials[24];
        snprintf(dials, sizeof dials, "%s", json_string_value(json_object_get(party, "dials")));
        assert_string_not_equal(dials, "+919000000001");
        reply_free(&reply);
        explain(s, dials, "+919888800001", "connect");
        expect(s, 200, "change",
               "{\"edit\":\"swap-number\",\"slot\":0,\"dials\":\"+919000000004\"}", "");
        explain(s, "+919000000004", "+919888800001", "connect");
}

/* 422, and no 503 that asks to try again. */
static void one_number_or_one_party_too_many_is_refused_for_good(void **state)
{
        struct scene *s = *state;
        char body[96];
        for (unsigned i = 0; i < 4; i++) {
                snprintf(body, sizeof body,
                         "{\"edit\":\"add-alias\",\"party\":0,\"number\":\"+91988880001%u\"}", i);
                expect(s, i < 3 ? 200 : 422, "change", body, i < 3 ? "" : "edit");
        }
        json_t *made = rig_expect(&s->rig, 201, "POST", "/v1/sessions",
                                  "{\"model\":\"sides\",\"parties\":["
                                  "{\"number\":\"+919888800020\",\"side\":0},"
                                  "{\"number\":\"+919888800021\",\"side\":1}]}");
        snprintf(s->id, sizeof s->id, "%s", json_string_value(json_object_get(made, "id")));
        json_decref(made);
        for (unsigned i = 2; i < 17; i++) {
                snprintf(body, sizeof body,
                         "{\"edit\":\"add-party\",\"side\":1,\"number\":\"+9198888000%u\"}",
                         20 + i);
                expect(s, i < 16 ? 200 : 422, "change", body, i < 16 ? "" : "edit");
        }
}

static void a_session_whose_number_is_gone_is_told_so(void **state)
{
        struct scene *s = *state;
        expect(s, 200, "end", NULL, "");
        json_decref(rig_expect(&s->rig, 204, "DELETE", "/v1/numbers/919000000001", NULL));
        struct reply reply = ask(s, "reopen", "{}");
        assert_int_equal(reply.status, 409);
        assert_string_equal(reply_text(&reply, "type"), "urn:maskline:problem:conflict");
        assert_non_null(strstr(reply_text(&reply, "detail"), "is not yours any more"));
        reply_free(&reply);
}

static void a_session_whose_number_is_open_for_anyone_is_told_so(void **state)
{
        struct scene *s = *state;
        expect(s, 200, "end", NULL, "");
        json_decref(rig_expect(&s->rig, 201, "POST", "/v1/sessions",
                               "{\"model\":\"last-caller\",\"parties\":[{\"number\":"
                               "\"+919888800005\",\"dials\":\"+919000000001\"}]}"));
        struct reply reply = ask(s, "reopen", "{}");
        assert_int_equal(reply.status, 409);
        assert_string_equal(reply_text(&reply, "type"), "urn:maskline:problem:conflict");
        assert_non_null(strstr(reply_text(&reply, "detail"), "is open for anyone in another"));
        reply_free(&reply);
}

static void an_edit_that_cannot_be_is_refused_by_field(void **state)
{
        struct scene *s = *state;
        static const struct {
                unsigned status;
                const char *body, *field;
        } rows[] = {
                {422, "{}", "edit"},
                {422, "{\"edit\":\"burn\"}", "edit"},
                {422, "{\"edit\":\"add-alias\",\"party\":0}", "number"},
                {422, "{\"edit\":\"add-alias\",\"number\":\"+919888800007\"}", "party"},
                {422, "{\"edit\":\"add-alias\",\"party\":16,\"number\":\"+919888800007\"}",
                 "party"},
                {422, "{\"edit\":\"add-alias\",\"party\":0,\"number\":\"12\"}", "number"},
                {422, "{\"edit\":\"add-alias\",\"party\":0,\"number\":\"+919000000003\"}",
                 "number"},
                {422, "{\"edit\":\"swap-number\"}", "slot"},
                {422, "{\"edit\":\"swap-number\",\"slot\":0,\"number\":\"+919888800007\"}",
                 "number"},
                {422, "{\"edit\":\"swap-number\",\"slot\":0,\"dials\":\"x\"}", "dials"},
                {422, "{\"edit\":\"remove-party\",\"party\":0,\"slot\":1}", "slot"},
                {404, "{\"edit\":\"swap-number\",\"slot\":9}", "slot"},
                {404, "{\"edit\":\"swap-number\",\"slot\":9,\"dials\":\"+919000000077\"}", "slot"},
                {404, "{\"edit\":\"swap-number\",\"slot\":0,\"dials\":\"+919000000077\"}", "dials"},
                {404, "{\"edit\":\"add-alias\",\"party\":5,\"number\":\"+919888800007\"}", "party"},
                {404, "{\"edit\":\"clear-pin\",\"party\":5}", "party"},
                {404, "{\"edit\":\"remove-alias\",\"party\":0,\"number\":\"+919888800007\"}",
                 "number"},
                {409, "{\"edit\":\"remove-alias\",\"party\":0,\"number\":\"+919888800001\"}",
                 "number"},
                /* Party 1's. */
                {409, "{\"edit\":\"add-alias\",\"party\":0,\"number\":\"+919888800002\"}",
                 "number"},
                /* A place is a side here. */
                {422, "{\"edit\":\"add-party\",\"side\":1,\"number\":\"+919888800007\"}", "side"},
                /* A session of two stays one. */
                {422, "{\"edit\":\"add-party\",\"number\":\"+919888800007\"}", "edit"},
                {422, "{\"edit\":\"remove-party\",\"party\":0}", "edit"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                expect(s, rows[i].status, "change", rows[i].body, rows[i].field);
        explain(s, "+919000000001", "+919888800001", "connect");
        explain(s, "+919000000002", "+919888800002", "connect");
}

static void a_number_of_another_pool_is_not_swapped_in(void **state)
{
        struct scene *s = *state;
        json_decref(rig_expect(&s->rig, 201, "POST", "/v1/pools", "{\"name\":\"riders\"}"));
        json_decref(rig_expect(&s->rig, 200, "PATCH", "/v1/numbers/919000000004",
                               "{\"pool\":\"riders\"}"));
        expect(s, 409, "change",
               "{\"edit\":\"swap-number\",\"slot\":0,\"dials\":\"+919000000004\"}", "dials");
}

static void an_erased_session_leaves_a_receipt(void **state)
{
        struct scene *s = *state;
        struct reply reply = ask(s, "erase", NULL);
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply_text(&reply, "id"), s->id);
        assert_true(json_integer_value(json_object_get(reply.json, "keys")) >= 1);
        assert_int_equal(strlen(reply_text(&reply, "erased_at")), 24);
        reply_free(&reply);
        expect(s, 404, "erase", NULL, "");
        expect(s, 404, "reopen", "{}", "");
        struct reply told = rig_ask(&s->rig, "POST", "/v1/explain",
                                    "{\"dialled\":\"+919000000001\",\"caller\":\"+919888800001\"}");
        assert_true(json_is_false(json_object_get(told.json, "connects")));
        reply_free(&told);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_SCENE(a_session_is_renewed_ended_and_reopened),
                WITH_SCENE(an_alias_calls_like_its_party),
                WITH_SCENE(a_number_that_is_there_is_the_partys_or_another_ones),
                WITH_SCENE(a_party_is_replaced_and_a_number_is_swapped),
                WITH_SCENE(one_number_or_one_party_too_many_is_refused_for_good),
                WITH_SCENE(a_session_whose_number_is_gone_is_told_so),
                WITH_SCENE(a_session_whose_number_is_open_for_anyone_is_told_so),
                WITH_SCENE(an_edit_that_cannot_be_is_refused_by_field),
                WITH_SCENE(a_number_of_another_pool_is_not_swapped_in),
                WITH_SCENE(an_erased_session_leaves_a_receipt),
        };
        return RUN_TESTS(tests);
}
