/* SPDX-License-Identifier: Apache-2.0 */
/* Calls in progress, their records, what would happen, and what was decided. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../unit.h"
#include "api/calls_page.h"
#include "api/rest_calls.h"
#include "carrier.h"
#include "rig.h"

static int set_up(void **state)
{
        return rig_set_up_provisioned(state, 2);
}

static struct uuid id_of(unsigned call, unsigned leg)
{
        struct uuid id = {{(uint8_t)(call >> 8), (uint8_t)call, (uint8_t)leg}};
        return id;
}

/* The record of one leg: call `call` began at `started_ms` and talked for 12.5 s. */
static struct cdr record(unsigned call, enum cdr_leg leg, int64_t started_ms)
{
        return (struct cdr){
                .tenant_id = TENANT_DEFAULT,
                .call_id = id_of(call, CDR_LEG_A),
                .leg_id = id_of(call, leg),
                .leg = leg,
                .trunk_id = leg == CDR_LEG_A ? 1 : 2,
                .session_id = 0,
                .party = leg == CDR_LEG_A ? 0 : 1,
                .number = {{leg == CDR_LEG_A ? 919000000001 : 919000000002}},
                .party_hint = {"~3fa91c04..01"},
                .verdict = MASK_CONNECT,
                .started_ms = started_ms,
                .ringing_ms = started_ms + 500,
                .answered_ms = started_ms + 2000,
                .ended_ms = started_ms + 14500,
                .cause = CAUSE_NORMAL,
                .source = SOURCE_CALLEE,
                .sip_status = 200,
                .packets_in = 625,
                .packets_out = 624,
                .packets_lost = 1,
                .jitter_ms_x10 = 23,
        };
}

static void a_record_says_how_the_call_ended(void **state)
{
        struct rig *rig = *state;
        struct cdr a = record(7, CDR_LEG_A, 1785578400000);
        struct cdr b = record(7, CDR_LEG_B, 1785578400003);
        directory_cdr(rig->directory, &b);
        directory_cdr(rig->directory, &a);

        char path[96];
        snprintf(path, sizeof path, "/v1/calls/%s", uuid_format(a.call_id).text);
        json_t *call = rig_expect(rig, 200, "GET", path, NULL);
        assert_string_equal(text_of(call, "state"), "ended");
        assert_string_equal(text_of(call, "verdict"), "connect");
        assert_string_equal(text_of(call, "dialled"), "+919000000001");
        assert_string_equal(text_of(call, "shown"), "+919000000002");
        assert_string_equal(text_of(call, "caller"), "~3fa91c04..01");
        assert_string_equal(text_of(call, "started_at"), "2026-08-01T10:00:00.000Z");
        assert_int_equal(json_integer_value(json_object_get(call, "duration_ms")), 12500);
        assert_string_equal(text_of(call, "why"),
                            "Connected for 12.5 s; ended by Callee: Normal Hangup (4000).");

        const json_t *hangup = json_object_get(call, "hangup");
        assert_int_equal(json_integer_value(json_object_get(hangup, "code")), 4000);
        assert_string_equal(text_of(hangup, "cause"), "NORMAL_CLEARING");
        assert_string_equal(text_of(hangup, "source"), "Callee");

        const json_t *legs = json_object_get(call, "legs");
        assert_int_equal(json_array_size(legs), 2);
        assert_string_equal(text_of(json_array_get(legs, 0), "leg"), "a");
        assert_string_equal(text_of(json_array_get(legs, 0), "trunk"), "north");
        assert_string_equal(text_of(json_array_get(legs, 1), "leg"), "b");
        assert_string_equal(text_of(json_array_get(legs, 1), "trunk"), "south");
        assert_int_equal(json_integer_value(json_object_get(json_array_get(legs, 1), "packets_in")),
                         625);
        json_decref(call);
}

static void a_refusal_says_why(void **state)
{
        struct rig *rig = *state;
        for (unsigned verdict = MASK_UNKNOWN_NUMBER; verdict < MASK_VERDICTS; verdict++) {
                struct cdr a = record(verdict, CDR_LEG_A, 1785578400000 + verdict);
                a.verdict = (enum mask_verdict)verdict;
                a.cause = CAUSE_REJECTED;
                a.tenant_id = verdict == MASK_UNKNOWN_NUMBER ? 0 : TENANT_DEFAULT;
                directory_cdr(rig->directory, &a);
                char path[96], why[256];
                snprintf(path, sizeof path, "/v1/calls/%s", uuid_format(a.call_id).text);
                snprintf(why, sizeof why, "Refused. %s", mask_verdict_sentence(a.verdict));
                json_t *call = rig_expect(rig, 200, "GET", path, NULL);
                assert_string_equal(text_of(call, "why"), why);
                assert_true(text_of(call, "advice")[0]);
                assert_true(json_is_null(json_object_get(call, "callee")));
                assert_int_equal(json_integer_value(json_object_get(call, "duration_ms")), 0);
                json_decref(call);
        }
}

static void a_call_to_a_number_of_nobody_is_listed_and_one_of_another_tenant_is_not(void **state)
{
        struct rig *rig = *state;
        struct cdr nobody = record(1, CDR_LEG_A, 1785578400000);
        struct cdr other = record(2, CDR_LEG_A, 1785578400001);
        nobody.tenant_id = 0;
        other.tenant_id = TENANT_DEFAULT + 1;
        directory_cdr(rig->directory, &nobody);
        directory_cdr(rig->directory, &other);

        json_t *page = rig_expect(rig, 200, "GET", "/v1/calls", NULL);
        const json_t *list = json_object_get(page, "calls");
        assert_int_equal(json_array_size(list), 1);
        assert_string_equal(text_of(json_array_get(list, 0), "id"),
                            uuid_format(nobody.call_id).text);
        json_decref(page);

        char path[96];
        snprintf(path, sizeof path, "/v1/calls/%s", uuid_format(other.call_id).text);
        json_decref(rig_expect(rig, 404, "GET", path, NULL));
}

static void a_call_that_was_not_answered_says_so(void **state)
{
        struct rig *rig = *state;
        struct cdr a = record(7, CDR_LEG_A, 1785578400000);
        a.answered_ms = 0;
        a.cause = CAUSE_BUSY;
        a.source = SOURCE_CARRIER;
        const struct cdr *const legs[] = {&a};
        json_t *call = rest_calls_json(rig->api, legs, 1);
        assert_string_equal(text_of(call, "why"),
                            "Not answered; ended by Carrier: Busy Line (3010).");
        assert_string_equal(text_of(call, "reason"), "The party is busy.");
        assert_int_equal(json_integer_value(json_object_get(call, "q850")), 17);
        json_decref(call);
}

static void a_call_that_is_not_there_is_not_found(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 404, "GET", "/v1/calls/919888800001", NULL));
        json_decref(rig_expect(rig, 404, "GET", "/v1/calls/0b8f0c7e-6f9e-4a51-9d6e-0a4f3f9b2c11",
                               NULL));
        json_decref(rig_expect(rig, 404, "POST",
                               "/v1/calls/0b8f0c7e-6f9e-4a51-9d6e-0a4f3f9b2c11/hangup", NULL));
        json_decref(rig_expect(rig, 404, "POST", "/v1/calls/x/hangup", NULL));
}

static void ended_calls_are_listed_page_by_page_each_once_with_all_legs(void **state)
{
        struct rig *rig = *state;
        enum {
                CALLS = 23
        };
        /* Some share their instant, some second legs come after the next call's first. */
        for (unsigned i = 0; i < CALLS; i++) {
                int64_t started = 1785578400000 + (i / 3) * 5;
                struct cdr a = record(i, CDR_LEG_A, started);
                struct cdr b = record(i, CDR_LEG_B, started + 7);
                directory_cdr(rig->directory, &a);
                directory_cdr(rig->directory, &b);
        }
        bool seen[CALLS] = {false};
        unsigned count = 0;
        char path[96] = "/v1/calls?limit=4";
        for (bool more = true; more;) {
                json_t *page = rig_expect(rig, 200, "GET", path, NULL);
                const json_t *list = json_object_get(page, "calls");
                for (size_t i = 0; i < json_array_size(list); i++) {
                        const json_t *call = json_array_get(list, i);
                        struct uuid id;
                        assert_int_equal(uuid_parse(slice_from(text_of(call, "id")), &id), 0);
                        assert_false(seen[id.bytes[1]]);
                        seen[id.bytes[1]] = true;
                        assert_int_equal(json_array_size(json_object_get(call, "legs")), 2);
                        count++;
                }
                more = json_is_string(json_object_get(page, "next"));
                snprintf(path, sizeof path, "/v1/calls?limit=4&before=%s", text_of(page, "next"));
                json_decref(page);
        }
        assert_int_equal(count, CALLS);
        json_decref(rig_expect(rig, 400, "GET", "/v1/calls?before=yesterday", NULL));
        json_decref(rig_expect(rig, 400, "GET", "/v1/calls?limit=0", NULL));
}

static unsigned lines_of(const char *text)
{
        unsigned lines = 0;
        for (; *text; text++)
                lines += *text == '\n';
        return lines;
}

static void calls_are_exported_page_by_page_as_one_table(void **state)
{
        struct rig *rig = *state;
        enum {
                CALLS = 23
        };
        for (unsigned i = 0; i < CALLS; i++) {
                struct cdr a = record(i, CDR_LEG_A, 1785578400000 + i * 1000);
                struct cdr b = record(i, CDR_LEG_B, 1785578400007 + i * 1000);
                directory_cdr(rig->directory, &a);
                directory_cdr(rig->directory, &b);
        }
        char path[512] = "/v1/calls.csv?limit=5&from=2026-08-01T10:00:02Z"
                         "&to=2026-08-01T15:30:20%2B05:30";
        unsigned lines = 0, pages = 0;
        while (path[0]) {
                struct reply reply = rig_ask(rig, "GET", path, NULL);
                assert_int_equal(reply.status, 200);
                unsigned of_page = lines_of(reply.text);
                assert_true(of_page <= 6);
                if (pages++ == 0)
                        assert_ptr_equal(strstr(reply.text, "id,session,verdict,dialled,shown"),
                                         reply.text);
                lines += of_page;
                snprintf(path, sizeof path, "%s", reply.next);
                reply_free(&reply);
        }
        assert_int_equal(lines, 1 + 18); /* the titles, and calls 2 to 19 */
        assert_int_equal(pages, 4);
}

static void a_line_of_the_export_has_the_call_and_no_number_of_a_party(void **state)
{
        struct rig *rig = *state;
        struct cdr a = record(7, CDR_LEG_A, 1785578400000);
        struct cdr b = record(7, CDR_LEG_B, 1785578400003);
        directory_cdr(rig->directory, &a);
        directory_cdr(rig->directory, &b);
        struct reply reply = rig_ask(rig, "GET", "/v1/calls.csv", NULL);
        char expected[512];
        snprintf(
                expected, sizeof expected,
                "\r\n%s,,connect,+919000000001,+919000000002,~3fa91c04..01,~3fa91c04..01,north,south,"
                "2026-08-01T10:00:00.000Z,",
                uuid_format(a.call_id).text);
        if (!strstr(reply.text, expected))
                fail_msg("%s", reply.text);
        assert_non_null(strstr(reply.text, ",12500,4000,Normal Hangup,Callee,16,200,200\r\n"));
        reply_free(&reply);
        json_decref(rig_expect(rig, 400, "GET", "/v1/calls.csv?from=yesterday", NULL));
        json_decref(rig_expect(rig, 400, "GET",
                               "/v1/calls.csv?from=2026-08-02T00:00:00Z&to=2026-08-01T00:00:00Z",
                               NULL));
        json_decref(rig_expect(rig, 400, "GET", "/v1/calls.csv?since=2026-08-02T00:00:00Z", NULL));
}

/* What a window comes to. */
struct counted {
        unsigned calls, legs;
};

static void count_call(void *arg, const struct cdr *const *legs, unsigned count)
{
        struct counted *counted = arg;
        assert_int_equal(legs[0]->leg, CDR_LEG_A);
        counted->calls++;
        counted->legs += count;
}

/* A window of rows that ends within an instant: what it cut off belongs to the next page. */
static void a_full_window_leaves_its_last_instant_to_the_next_page(void **state)
{
        (void)state;
        static struct cdr rows[1000];
        for (unsigned i = 0; i < 1000; i++)
                rows[i] =
                        record(i / 2, i % 2 ? CDR_LEG_A : CDR_LEG_B, 1785578400000 - (i / 4) * 10);
        struct counted counted = {0};
        const struct calls_window window = {
                .rows = rows, .count = 1000, .limit = 1000, .who = {.tenant_id = TENANT_DEFAULT}};
        int64_t next = calls_page_walk(&window, count_call, &counted, NULL);
        assert_int_equal(counted.calls, 498);
        assert_int_equal(counted.legs, 996);
        assert_int_equal(next, 1785578400000 - 248 * 10);
}

static void a_call_that_goes_on_is_not_among_the_ended(void **state)
{
        (void)state;
        struct cdr rows[] = {record(3, CDR_LEG_A, 30), record(2, CDR_LEG_A, 20)};
        struct uuid live[] = {id_of(9, CDR_LEG_A), id_of(3, CDR_LEG_A), id_of(1, CDR_LEG_A)};
        struct counted counted = {0};
        calls_sort_ids(live, 3);
        const struct calls_window window = {.rows = rows,
                                            .count = 2,
                                            .limit = 10,
                                            .who = {.tenant_id = TENANT_DEFAULT},
                                            .live = live,
                                            .live_count = 3};
        assert_int_equal(calls_page_walk(&window, count_call, &counted, NULL), 0);
        assert_int_equal(counted.calls, 1);
}

/* As many ended calls as a page has, and as many that go on as there may be. */
static uint64_t work_of(unsigned live_count)
{
        static struct cdr rows[1000];
        struct uuid *live = calloc(live_count, sizeof *live);
        for (unsigned i = 0; i < 1000; i++)
                rows[i] = record(i / 2, i % 2 ? CDR_LEG_A : CDR_LEG_B, 1785578400000 - i / 2);
        for (unsigned i = 0; i < live_count; i++)
                live[i] = id_of(i % 256 * 256 + 200 + i / 256 % 50, 7);
        calls_sort_ids(live, live_count);
        struct counted counted = {0};
        uint64_t looked;
        const struct calls_window window = {.rows = rows,
                                            .count = 1000,
                                            .limit = 1000,
                                            .who = {.tenant_id = TENANT_DEFAULT},
                                            .live = live,
                                            .live_count = live_count};
        (void)calls_page_walk(&window, count_call, &counted, &looked);
        assert_true(counted.calls >= 498);
        free(live);
        return looked;
}

static void a_page_takes_as_much_work_whatever_goes_on(void **state)
{
        (void)state;
        uint64_t few = work_of(10), many = work_of(10000);
        /* 500 calls: at most 14 looks among 10,000 ids, 10 among 1,000 rows, and at its legs. */
        assert_true(few <= 500 * (4 + 10 + 3));
        assert_true(many <= 500 * (14 + 10 + 3));
        assert_true(few > 500);
}

static void calls_are_listed_from_and_to_a_time(void **state)
{
        struct rig *rig = *state;
        for (unsigned i = 0; i < 10; i++) {
                struct cdr a = record(i, CDR_LEG_A, 1785578400000 + i * 1000);
                directory_cdr(rig->directory, &a);
        }
        json_t *page =
                rig_expect(rig, 200, "GET",
                           "/v1/calls?from=2026-08-01T10:00:02Z&to=2026-08-01T10:00:05Z", NULL);
        assert_int_equal(json_array_size(json_object_get(page, "calls")), 3);
        json_decref(page);
        json_decref(rig_expect(rig, 400, "GET", "/v1/calls?from=yesterday", NULL));
}

static void a_call_in_progress_is_shown_and_can_be_hung_up(void **state)
{
        struct rig *rig = *state;
        struct carrier north;
        carrier_open(&north, "127.0.0.11", 0);
        json_decref(rig_expect(rig, 201, "POST", "/v1/sessions",
                               "{\"parties\":[{\"number\":\"+919888800001\","
                               "\"dials\":\"+919000000001\"},{\"number\":\"+919888800002\"}]}"));
        carrier_invite(rig, &north);

        struct reply list = rig_ask(rig, "GET", "/v1/calls", NULL);
        assert_int_equal(list.status, 200);
        assert_null(strstr(list.text, "98888"));
        assert_int_equal(json_array_size(json_object_get(list.json, "calls")), 0);
        const json_t *call = json_array_get(json_object_get(list.json, "active"), 0);
        assert_string_equal(text_of(call, "dialled"), "+919000000001");
        assert_string_equal(text_of(call, "caller") + 9, "..01");
        assert_string_equal(text_of(call, "callee") + 9, "..02");
        assert_true(json_is_null(json_object_get(call, "ended_at")));

        char path[96];
        snprintf(path, sizeof path, "/v1/calls/%s", text_of(call, "id"));
        json_t *shown = rig_expect(rig, 200, "GET", path, NULL);
        assert_string_equal(text_of(shown, "id"), text_of(call, "id"));
        json_decref(shown);
        strcat(path, "/hangup");
        json_decref(rig_expect(rig, 202, "POST", path, NULL));
        reply_free(&list);
        close(north.fd);
}

static const json_t *first_obstacle(const json_t *answer)
{
        return json_array_get(json_object_get(answer, "obstacles"), 0);
}

static void explaining_says_what_is_in_the_way_of_a_call_that_would_connect(void **state)
{
        struct rig *rig = *state;
        static const char ask[] = "{\"dialled\":\"+919000000001\",\"caller\":\"+919888800001\"}";
        char id[32];
        rig_session(rig, 1, 2, id);
        json_t *answer = rig_expect(rig, 200, "POST", "/v1/explain", ask);
        assert_true(json_is_true(json_object_get(answer, "connects")));
        assert_int_equal(json_array_size(json_object_get(answer, "obstacles")), 0);
        assert_true(json_is_null(json_object_get(answer, "advice")));
        json_decref(answer);

        calls_drain(rig->calls);
        answer = rig_expect(rig, 200, "POST", "/v1/explain", ask);
        assert_string_equal(text_of(first_obstacle(answer), "name"), "draining");
        assert_non_null(strstr(text_of(first_obstacle(answer), "sentence"), "being stopped"));
        json_decref(answer);

        answer = rig_expect(rig, 200, "POST", "/v1/explain", "{\"dialled\":\"+919000000077\"}");
        assert_int_equal(json_array_size(json_object_get(answer, "obstacles")), 0);
        assert_non_null(strstr(text_of(answer, "advice"), "maskline number add"));
        json_decref(answer);
}

static void expect_words(struct rig *rig, const char *ask, const char *words)
{
        json_t *answer = rig_expect(rig, 200, "POST", "/v1/explain", ask);
        const json_t *told = json_object_get(answer, "words");
        if (words)
                assert_string_equal(json_string_value(told), words);
        else
                assert_true(json_is_null(told));
        json_decref(answer);
}

static void explaining_says_who_is_to_be_told_that_the_conversation_has_ended(void **state)
{
        struct rig *rig = *state;
        static const char party[] = "{\"dialled\":\"+919000000001\",\"caller\":\"+919888800001\"}";
        static const char other[] = "{\"dialled\":\"+919000000001\",\"caller\":\"+919888800009\"}";
        static const char withheld[] = "{\"dialled\":\"+919000000001\"}";
        char id[32], path[64];
        rig_session(rig, 1, 2, id);
        expect_words(rig, party, NULL);
        snprintf(path, sizeof path, "/v1/sessions/%s/end", id);
        json_decref(rig_expect(rig, 200, "POST", path, NULL));
        expect_words(rig, party, "general");
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/pools/default", "{\"tell_ended\":true}"));
        expect_words(rig, party, "ended");
        expect_words(rig, other, "general");
        expect_words(rig, withheld, "general");
}

static void a_trunk_is_checked_when_it_is_asked_for(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 404, "GET", "/v1/trunks/north/check", NULL));
        json_decref(rig_expect(rig, 404, "POST", "/v1/trunks/nobody/check", NULL));
        json_t *answer = rig_expect(rig, 202, "POST", "/v1/trunks/north/check", NULL);
        assert_string_equal(text_of(answer, "state"), "running");
        assert_true(json_is_null(json_object_get(answer, "works")));
        json_decref(answer);
        answer = rig_expect(rig, 200, "GET", "/v1/trunks/north/check", NULL);
        const json_t *step = json_array_get(json_object_get(answer, "steps"), 0);
        assert_string_equal(text_of(step, "step"), "resolve");
        assert_string_equal(text_of(step, "grade"), "good");
        assert_non_null(strstr(text_of(step, "sentence"), "127.0.0.11"));
        json_decref(answer);
}

static void explaining_a_call_says_the_verdict_and_no_number(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 201, "POST", "/v1/sessions",
                               "{\"parties\":[{\"number\":\"+919888800001\","
                               "\"dials\":\"+919000000001\"},{\"number\":\"+919888800002\","
                               "\"dials\":\"+919000000002\"}]}"));
        static const struct {
                const char *body, *verdict, *shows;
        } rows[] = {
                {"{\"dialled\":\"+919000000001\",\"caller\":\"098888 00001\"}", "connect",
                 "+919000000002"},
                {"{\"dialled\":\"9000000002\",\"caller\":\"+919888800002\"}", "connect",
                 "+919000000001"},
                {"{\"dialled\":\"+919000000001\",\"caller\":\"+919888800002\"}", "stranger", ""},
                {"{\"dialled\":\"+919000000001\",\"caller\":\"+919888800009\"}", "stranger", ""},
                {"{\"dialled\":\"+919000000001\",\"caller\":null}", "withheld", ""},
                {"{\"dialled\":\"+919000000001\"}", "withheld", ""},
                {"{\"dialled\":\"+919888800002\",\"caller\":\"+919888800001\"}", "unknown-number",
                 ""},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", "/v1/explain", rows[i].body);
                assert_int_equal(reply.status, 200);
                assert_string_equal(reply_text(&reply, "verdict"), rows[i].verdict);
                assert_string_equal(reply_text(&reply, "shows"), rows[i].shows);
                assert_string_not_equal(reply_text(&reply, "sentence"), "");
                assert_null(strstr(reply.text, "98888"));
                reply_free(&reply);
        }
        json_decref(rig_expect(rig, 422, "POST", "/v1/explain", "{\"dialled\":\"x\"}"));
        json_t *digits = rig_expect(rig, 422, "POST", "/v1/explain",
                                    "{\"dialled\":\"+919000000001\",\"digits\":\"abcd\"}");
        assert_string_equal(text_of(digits, "field"), "digits");
        assert_string_equal(text_of(digits, "detail"), "what is keyed in is 4 to 15 digits");
        json_decref(digits);
        json_decref(rig_expect(rig, 422, "POST", "/v1/explain",
                               "{\"dialled\":\"+919000000001\",\"caller\":\"x\"}"));
        json_decref(rig_expect(rig, 422, "POST", "/v1/explain", "{\"caller\":\"+919888800001\"}"));
}

static void the_audit_record_is_intact_until_somebody_changes_it(void **state)
{
        struct rig *rig = *state;
        json_t *good = rig_expect(rig, 200, "GET", "/v1/audit/verify", NULL);
        assert_true(json_is_true(json_object_get(good, "intact")));
        assert_int_equal(json_integer_value(json_object_get(good, "entries")), 4);
        json_decref(good);

        store_memory_audit_at(rig->disk, 2)->body[0] ^= 1;
        json_t *bad = rig_expect(rig, 200, "GET", "/v1/audit/verify", NULL);
        assert_false(json_is_true(json_object_get(bad, "intact")));
        assert_int_equal(json_integer_value(json_object_get(bad, "bad_at")), 3);
        json_decref(bad);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(a_record_says_how_the_call_ended),
                WITH_RIG(a_refusal_says_why),
                WITH_RIG(a_call_to_a_number_of_nobody_is_listed_and_one_of_another_tenant_is_not),
                WITH_RIG(a_call_that_was_not_answered_says_so),
                WITH_RIG(a_call_that_is_not_there_is_not_found),
                WITH_RIG(calls_are_exported_page_by_page_as_one_table),
                WITH_RIG(a_line_of_the_export_has_the_call_and_no_number_of_a_party),
                WITH_RIG(ended_calls_are_listed_page_by_page_each_once_with_all_legs),
                WITH_RIG(a_full_window_leaves_its_last_instant_to_the_next_page),
                WITH_RIG(a_call_that_goes_on_is_not_among_the_ended),
                cmocka_unit_test(a_page_takes_as_much_work_whatever_goes_on),
                WITH_RIG(calls_are_listed_from_and_to_a_time),
                WITH_RIG(a_call_in_progress_is_shown_and_can_be_hung_up),
                WITH_RIG(explaining_a_call_says_the_verdict_and_no_number),
                WITH_RIG(explaining_says_what_is_in_the_way_of_a_call_that_would_connect),
                WITH_RIG(explaining_says_who_is_to_be_told_that_the_conversation_has_ended),
                WITH_RIG(a_trunk_is_checked_when_it_is_asked_for),
                WITH_RIG(the_audit_record_is_intact_until_somebody_changes_it),
        };
        return RUN_TESTS(tests);
}
