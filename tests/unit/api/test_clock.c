/* SPDX-License-Identifier: Apache-2.0 */
/* What REST says of sessions while the wall clock leaps by hours, either way. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../unit.h"
#include "api/timestamp.h"
#include "rig.h"

#define HOUR_S 3600

#define PARTIES                                                                                    \
        "\"parties\":[{\"number\":\"+919888800001\",\"dials\":\"+919000000001\"},"                 \
        "{\"number\":\"+919888800002\",\"dials\":\"+919000000002\"}]"

static time_t ahead_s; /* of the real one */

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
        int rc = __real_clock_gettime(clock, out);
        if (clock == CLOCK_REALTIME)
                out->tv_sec += ahead_s;
        return rc;
}

static int set_up(void **state)
{
        ahead_s = 0;
        return rig_set_up_provisioned(state, 2);
}

/* For an hour; its path, 64 bytes. */
static void create(struct rig *rig, char *path)
{
        json_t *made =
                rig_expect(rig, 201, "POST", "/v1/sessions", "{" PARTIES ",\"expires_in_s\":3600}");
        snprintf(path, 64, "/v1/sessions/%s", json_string_value(json_object_get(made, "id")));
        json_decref(made);
}

static void expect_state(struct rig *rig, const char *path, const char *state)
{
        json_t *seen = rig_expect(rig, 200, "GET", path, NULL);
        assert_string_equal(json_string_value(json_object_get(seen, "state")), state);
        json_t *ended = json_object_get(seen, "ended_at");
        assert_true(strcmp(state, "ended")
                            ? json_is_null(ended)
                            : json_equal(ended, json_object_get(seen, "expires_at")));
        json_decref(seen);
}

static void expect_call(struct rig *rig, const char *verdict)
{
        json_t *said = rig_expect(rig, 200, "POST", "/v1/explain",
                                  "{\"dialled\":\"+919000000001\",\"caller\":\"+919888800001\"}");
        assert_string_equal(json_string_value(json_object_get(said, "verdict")), verdict);
        json_decref(said);
}

static void ask(struct rig *rig, unsigned status, const char *path, const char *what,
                const char *body)
{
        char whole[96];
        snprintf(whole, sizeof whole, "%s%s", path, what);
        struct reply reply = rig_ask(rig, "POST", whole, body);
        if (reply.status != status)
                fail_msg("%s: %u %s", whole, reply.status, reply.text);
        reply_free(&reply);
}

static void a_session_whose_time_a_leap_passed_over_is_over_everywhere(void **state)
{
        struct rig *rig = *state;
        char path[64];
        create(rig, path);
        expect_call(rig, "connect");
        ahead_s = 2 * HOUR_S;
        expect_call(rig, "expired");
        expect_state(rig, path, "ended");
        ask(rig, 409, path, "/renew", "{\"expires_in_s\":60}");
        ask(rig, 409, path, "/end", NULL);
        ask(rig, 409, "/v1/sessions", "", "{" PARTIES "}");
}

static void a_clock_that_is_set_right_again_does_not_revive_it(void **state)
{
        struct rig *rig = *state;
        char path[64];
        create(rig, path);
        ahead_s = 2 * HOUR_S;
        expect_call(rig, "expired");
        ahead_s = 0;
        expect_call(rig, "expired");
        expect_state(rig, path, "ended");
        ask(rig, 200, path, "/reopen", "{\"expires_in_s\":3600}");
        expect_call(rig, "connect");
}

static void a_clock_that_is_set_back_ends_nothing(void **state)
{
        struct rig *rig = *state;
        char path[64];
        create(rig, path);
        ahead_s = -3 * HOUR_S;
        expect_call(rig, "connect");
        expect_state(rig, path, "active");
}

/* What it is told is by the server's time, which does not go back; the refusal says which that is. */
static void an_expiry_that_is_past_by_the_time_of_records_is_refused_with_that_time(void **state)
{
        struct rig *rig = *state;
        char body[256];
        struct timespec now;
        __real_clock_gettime(CLOCK_REALTIME, &now);
        ahead_s = 2 * HOUR_S;
        expect_call(rig, "stranger");
        ahead_s = 0;
        snprintf(body, sizeof body, "{" PARTIES ",\"expires_at\":\"%s\"}",
                 timestamp_format((int64_t)(now.tv_sec + HOUR_S) * 1000).text);
        struct reply reply = rig_ask(rig, "POST", "/v1/sessions", body);
        assert_int_equal(reply.status, 422);
        assert_string_equal(reply_text(&reply, "field"), "expires_at");
        assert_non_null(strstr(reply_text(&reply, "detail"), "here it is "));
        reply_free(&reply);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_session_whose_time_a_leap_passed_over_is_over_everywhere),
                TEST(a_clock_that_is_set_right_again_does_not_revive_it),
                TEST(a_clock_that_is_set_back_ends_nothing),
                TEST(an_expiry_that_is_past_by_the_time_of_records_is_refused_with_that_time),
        };
        return RUN_TESTS(tests);
}
