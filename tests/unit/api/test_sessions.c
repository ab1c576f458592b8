/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: created, repeated, listed, ended; and that no answer repeats a real number. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit.h"
#include "api/timestamp.h"
#include "rig.h"

static int set_up(void **state)
{
        return rig_set_up_provisioned(state, 2);
}

static const json_t *party_of(const json_t *json, unsigned i)
{
        return json_array_get(json_object_get(json, "parties"), i);
}

#define TWO                                                                                        \
        "{\"number\":\"+919888800001\",\"dials\":\"+919000000001\"},"                              \
        "{\"number\":\"+919888800002\",\"dials\":\"09000000002\"}"

static void a_session_says_what_each_party_dials_and_nobodys_number(void **state)
{
        struct rig *rig = *state;
        struct reply reply = rig_ask(rig, "POST", "/v1/sessions",
                                     "{\"parties\":[" TWO "],\"expires_in_s\":7200,"
                                     "\"reference\":\"order-17\"}");
        assert_int_equal(reply.status, 201);
        assert_null(strstr(reply.text, "98888"));
        assert_string_equal(reply_text(&reply, "state"), "active");
        assert_string_equal(reply_text(&reply, "reference"), "order-17");
        assert_false(json_is_true(json_object_get(reply.json, "repeated")));
        assert_string_equal(text_of(party_of(reply.json, 0), "dials"), "+919000000001");
        assert_string_equal(text_of(party_of(reply.json, 1), "dials"), "+919000000002");
        assert_string_equal(text_of(party_of(reply.json, 0), "hint") + 9, "..01");
        assert_string_equal(text_of(party_of(reply.json, 1), "hint") + 9, "..02");

        int64_t created, expires;
        assert_int_equal(timestamp_parse(slice_from(reply_text(&reply, "created_at")), &created),
                         0);
        assert_int_equal(timestamp_parse(slice_from(reply_text(&reply, "expires_at")), &expires),
                         0);
        /* The clock may go on between the request and its record. */
        assert_in_range(expires - created, 7140000, 7200000);

        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s", reply_text(&reply, "id"));
        json_object_del(reply.json, "repeated");
        json_t *shown = rig_expect(rig, 200, "GET", path, NULL);
        assert_true(json_equal(shown, reply.json));
        json_decref(shown);
        reply_free(&reply);
}

static void numbers_are_picked_when_none_is_given(void **state)
{
        struct rig *rig = *state;
        json_t *made = rig_expect(rig, 201, "POST", "/v1/sessions",
                                  "{\"parties\":[{\"number\":\"98888-00001\"},"
                                  "{\"number\":\"0091 98888 00002\"}]}");
        assert_string_not_equal(text_of(party_of(made, 0), "dials"), "");
        assert_string_not_equal(text_of(party_of(made, 1), "dials"), "");
        assert_true(json_is_null(json_object_get(made, "expires_at")));
        assert_true(json_is_null(json_object_get(made, "reference")));
        json_decref(made);
}

static void the_location_leads_to_it(void **state)
{
        struct rig *rig = *state;
        static const char body[] = "{\"parties\":[" TWO "]}";
        char bytes[1024];
        int len = snprintf(bytes, sizeof bytes,
                           "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                           "Content-Length: %zu\r\n\r\n%s",
                           rig->token, sizeof body - 1, body);
        struct reply reply = rig_raw(rig, bytes, (size_t)len);
        assert_int_equal(reply.status, 201);
        char location[96];
        snprintf(location, sizeof location, "\r\nLocation: /v1/sessions/%s\r\n",
                 reply_text(&reply, "id"));
        assert_non_null(strstr(reply.text, location));
        reply_free(&reply);
}

/* The same bytes with an Idempotency-Key header. */
static struct reply create_with_key(struct rig *rig, const char *key, const char *body)
{
        char bytes[1024];
        int len = snprintf(bytes, sizeof bytes,
                           "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                           "Idempotency-Key: %s\r\nContent-Length: %zu\r\n\r\n%s",
                           rig->token, key, strlen(body), body);
        return rig_raw(rig, bytes, (size_t)len);
}

static void the_same_request_twice_is_one_session(void **state)
{
        struct rig *rig = *state;
        static const char body[] = "{\"parties\":[" TWO "],\"reference\":\"order-17\"}";
        json_t *first = rig_expect(rig, 201, "POST", "/v1/sessions", body);
        json_t *second = rig_expect(rig, 200, "POST", "/v1/sessions", body);
        assert_string_equal(text_of(first, "id"), text_of(second, "id"));
        assert_true(json_is_true(json_object_get(second, "repeated")));
        json_decref(first);
        json_decref(second);

        json_t *list = rig_expect(rig, 200, "GET", "/v1/sessions", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "sessions")), 1);
        json_decref(list);
}

static void a_key_in_the_header_is_as_good_as_a_reference(void **state)
{
        struct rig *rig = *state;
        struct reply first = create_with_key(rig, "k-1", "{\"parties\":[" TWO "]}");
        assert_int_equal(first.status, 201);
        assert_string_equal(reply_text(&first, "reference"), "k-1");
        struct reply second = create_with_key(rig, "k-1", "{\"parties\":[" TWO "]}");
        assert_int_equal(second.status, 200);
        assert_string_equal(reply_text(&first, "id"), reply_text(&second, "id"));
        reply_free(&first);
        reply_free(&second);

        struct reply differ =
                create_with_key(rig, "k-1", "{\"parties\":[" TWO "],\"reference\":\"k-2\"}");
        assert_int_equal(differ.status, 422);
        assert_string_equal(reply_text(&differ, "field"), "reference");
        reply_free(&differ);
}

static void a_reference_of_other_parties_is_a_conflict(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 201, "POST", "/v1/sessions",
                               "{\"parties\":[" TWO "],\"reference\":\"order-17\"}"));
        json_t *other = rig_expect(rig, 409, "POST", "/v1/sessions",
                                   "{\"parties\":[{\"number\":\"+919888800003\"},"
                                   "{\"number\":\"+919888800004\"}],\"reference\":\"order-17\"}");
        assert_string_equal(text_of(other, "field"), "reference");
        json_decref(other);
}

#define PARTIES(one, other) "{\"parties\":[" one "," other "]}"
#define A                   "{\"number\":\"+919888800001\"}"
#define B                   "{\"number\":\"+919888800002\"}"

static void a_session_that_is_wrong_is_refused_without_a_number_being_repeated(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *body;
                unsigned status;
                const char *field, *detail;
        } rows[] = {
                {"{}", 422, "parties", "missing"},
                {"{\"parties\":{}}", 422, "parties", "a list"},
                {"{\"parties\":[]}", 422, "parties", "exactly two"},
                {"{\"parties\":[" A "]}", 422, "parties", "exactly two"},
                {"{\"parties\":[" A "," B "," A "]}", 422, "parties", "exactly two"},
                {PARTIES(A, "\"+919888800002\""), 422, "parties[1]", "an object"},
                {PARTIES(A, "{}"), 422, "parties[1].number", "missing"},
                {PARTIES(A, "{\"number\":919888800002}"), 422, "parties[1].number", "a text"},
                {PARTIES("{\"number\":\"98888\"}", B), 422, "parties[0].number", "fits no reading"},
                {PARTIES("{\"number\":\"call me 9888800001\"}", B), 422, "parties[0].number",
                 "not a telephone number"},
                {PARTIES("{\"number\":\"+9198888\"}", B), 422, "parties[0].number", "too short"},
                {PARTIES("{\"number\":\"+44 (0)20 7946 0018\"}", B), 422, "parties[0].number",
                 "two different numbers"},
                {PARTIES(A, "{\"number\":\"098888 00001\"}"), 422, "parties[1].number",
                 "the same number"},
                {PARTIES(A, "{\"number\":\"+919888800002\",\"dial\":\"+919000000001\"}"), 422,
                 "parties[1]", "dials"},
                {PARTIES(A, "{\"number\":\"+919888800002\",\"+919888800002\":1}"), 422,
                 "parties[1]", "known are number, aliases, dials"},
                {PARTIES(A, "{\"number\":\"+919888800002\",\"dials\":\"12\"}"), 422,
                 "parties[1].dials", "not a telephone number"},
                {PARTIES(A, "{\"number\":\"+919888800002\",\"dials\":\"+919000000099\"}"), 404,
                 "parties[1].dials", "none of yours"},
                {PARTIES("{\"number\":\"+919888800001\",\"dials\":\"+919888800002\"}", B), 404,
                 "parties[0].dials", "none of yours"},
                {"{\"parties\":[" TWO "],\"expires_in_s\":0}", 422, "expires_in_s", "1 to"},
                {"{\"parties\":[" TWO "],\"expires_in_s\":\"2h\"}", 422, "expires_in_s",
                 "a whole number"},
                {"{\"parties\":[" TWO "],\"expires_in_s\":9999999999}", 422, "expires_in_s",
                 "1 to"},
                {"{\"parties\":[" TWO "],\"expires_at\":\"tomorrow\"}", 422, "expires_at",
                 "RFC 3339"},
                {"{\"parties\":[" TWO "],\"expires_at\":\"2001-01-01T00:00:00Z\"}", 422,
                 "expires_at", "before it starts"},
                {"{\"parties\":[" TWO "],\"expires_in_s\":60,\"starts_in_s\":60}", 422,
                 "expires_in_s", "before it starts"},
                {"{\"parties\":[" TWO "],\"expires_in_s\":60,"
                 "\"expires_at\":\"2099-01-01T00:00:00Z\"}",
                 422, "expires_in_s", "exclude each other"},
                {"{\"parties\":[" TWO "],\"reference\":\"\\u0007\"}", 422, "reference", "control"},
                {"{\"parties\":[" TWO "],\"reference\":\"0123456789012345678901234567890123456789"
                 "012345678901234567890123\"}",
                 422, "reference", "63 bytes"},
                {"{\"parties\":[" TWO "],\"expires\":60}", 422, "", "did you mean"},
                {PARTIES(A, "{\"number\":\"+919000000002\"}"), 422, "parties[1].number",
                 "a masking number"},
                {"{\"parties\":[" TWO "],\"reference\":\"+919888800001\"}", 422, "reference",
                 "party's number"},
                {"{\"parties\":[" TWO "],\"reference\":\"ride to 98888-000 02\"}", 422, "reference",
                 "party's number"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", "/v1/sessions", rows[i].body);
                if (reply.status != rows[i].status ||
                    strcmp(reply_text(&reply, "field"), rows[i].field) != 0 ||
                    !strstr(reply_text(&reply, "detail"), rows[i].detail) ||
                    !reply_text(&reply, "remedy")[0])
                        fail_msg("%s: %u %s", rows[i].body, reply.status, reply.text);
                assert_null(strstr(reply.text, "98888"));
                reply_free(&reply);
        }
        json_t *list = rig_expect(rig, 200, "GET", "/v1/sessions", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "sessions")), 0);
        json_decref(list);
}

static void a_pair_that_is_taken_is_a_conflict_and_none_left_says_what_to_do(void **state)
{
        struct rig *rig = *state;
        char id[24];
        rig_session(rig, 1, 2, id);
        rig_session(rig, 1, 3, id);
        json_t *none = rig_expect(rig, 409, "POST", "/v1/sessions",
                                  PARTIES(A, "{\"number\":\"+919888800004\"}"));
        assert_string_equal(text_of(none, "type"), "urn:maskline:problem:no-number");
        assert_non_null(strstr(text_of(none, "remedy"), "maskline number add"));
        json_decref(none);

        json_t *taken =
                rig_expect(rig, 409, "POST", "/v1/sessions",
                           PARTIES("{\"number\":\"+919888800001\",\"dials\":\"+919000000001\"}",
                                   "{\"number\":\"+919888800004\"}"));
        assert_string_equal(text_of(taken, "type"), "urn:maskline:problem:conflict");
        json_decref(taken);

        json_t *held = rig_expect(rig, 409, "DELETE", "/v1/numbers/919000000001", NULL);
        assert_string_equal(text_of(held, "type"), "urn:maskline:problem:in-use");
        json_decref(held);
}

static void a_session_is_ended_once(void **state)
{
        struct rig *rig = *state;
        char id[24], path[64];
        rig_session(rig, 1, 2, id);
        snprintf(path, sizeof path, "/v1/sessions/%s/end", id);
        json_t *ended = rig_expect(rig, 200, "POST", path, NULL);
        assert_string_equal(text_of(ended, "state"), "ended");
        assert_string_not_equal(text_of(ended, "ended_at"), "");
        json_decref(ended);
        json_decref(rig_expect(rig, 409, "POST", path, NULL));
}

static void a_session_that_is_not_there_is_not_found(void **state)
{
        struct rig *rig = *state;
        char id[24], path[64];
        rig_session(rig, 1, 2, id);
        id[5] = id[5] == 'a' ? 'b' : 'a';
        snprintf(path, sizeof path, "/v1/sessions/%s", id);
        json_decref(rig_expect(rig, 404, "GET", path, NULL));
        json_decref(rig_expect(rig, 404, "GET", "/v1/sessions/1", NULL));
        json_decref(rig_expect(rig, 404, "GET", "/v1/sessions/919888800001", NULL));
        json_decref(rig_expect(rig, 404, "POST", "/v1/sessions/s_0000000000000000/end", NULL));
}

static void a_session_that_starts_later_is_scheduled(void **state)
{
        struct rig *rig = *state;
        json_t *made = rig_expect(rig, 201, "POST", "/v1/sessions",
                                  "{\"parties\":[" TWO "],\"starts_in_s\":600,"
                                  "\"expires_at\":\"2099-01-01T05:30:00+05:30\"}");
        assert_string_equal(text_of(made, "state"), "scheduled");
        assert_string_equal(text_of(made, "expires_at"), "2099-01-01T00:00:00.000Z");
        json_decref(made);
}

static void sessions_are_listed_page_by_page_newest_first(void **state)
{
        struct rig *rig = *state;
        char ids[5][24], path[96] = "/v1/sessions?limit=2";
        for (unsigned i = 0; i < 5; i++)
                rig_session(rig, 10 + i, 20 + i, ids[i]);
        unsigned seen = 0, pages = 0;
        for (bool more = true; more; pages++) {
                json_t *page = rig_expect(rig, 200, "GET", path, NULL);
                const json_t *list = json_object_get(page, "sessions");
                for (size_t i = 0; i < json_array_size(list); i++)
                        assert_string_equal(text_of(json_array_get(list, i), "id"),
                                            ids[4 - seen++]);
                more = json_is_string(json_object_get(page, "next"));
                snprintf(path, sizeof path, "/v1/sessions?limit=2&before=%s",
                         text_of(page, "next"));
                json_decref(page);
        }
        assert_int_equal(seen, 5);
        assert_int_equal(pages, 3);
        json_decref(rig_expect(rig, 400, "GET", "/v1/sessions?before=5", NULL));
}

/* What is logged goes into a file meanwhile. */
static void keep_log(bool on)
{
        static int real = -1;
        if (on) {
                int file = memfd_create("log", MFD_CLOEXEC);
                assert_true(file >= 0);
                real = dup(STDERR_FILENO);
                assert_true(real >= 0 && dup2(file, STDERR_FILENO) == STDERR_FILENO);
                close(file);
        } else {
                assert_int_equal(dup2(real, STDERR_FILENO), STDERR_FILENO);
                close(real);
        }
}

static char *log_so_far(void)
{
        char *text = calloc(1, 65536);
        assert_non_null(text);
        assert_true(pread(STDERR_FILENO, text, 65535, 0) >= 0);
        return text;
}

static void what_the_disk_refuses_was_never_there(void **state)
{
        struct rig *rig = *state;
        keep_log(true);
        store_memory_fail(rig->store, 1, 1, -ENOSPC);
        json_t *refused = rig_expect(rig, 503, "POST", "/v1/sessions", "{\"parties\":[" TWO "]}");
        assert_non_null(strstr(text_of(refused, "detail"), "taken back"));
        json_decref(refused);
        char *log = log_so_far();
        assert_null(strstr(log, "created"));
        free(log);
        json_t *list = rig_expect(rig, 200, "GET", "/v1/sessions", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "sessions")), 0);
        json_decref(list);
        json_decref(rig_expect(rig, 201, "POST", "/v1/sessions", "{\"parties\":[" TWO "]}"));
        log = log_so_far();
        assert_non_null(strstr(log, ": created"));
        free(log);
        keep_log(false);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(a_session_says_what_each_party_dials_and_nobodys_number),
                WITH_RIG(numbers_are_picked_when_none_is_given),
                WITH_RIG(the_location_leads_to_it),
                WITH_RIG(the_same_request_twice_is_one_session),
                WITH_RIG(a_key_in_the_header_is_as_good_as_a_reference),
                WITH_RIG(a_reference_of_other_parties_is_a_conflict),
                WITH_RIG(a_session_that_is_wrong_is_refused_without_a_number_being_repeated),
                WITH_RIG(a_pair_that_is_taken_is_a_conflict_and_none_left_says_what_to_do),
                WITH_RIG(a_session_is_ended_once),
                WITH_RIG(a_session_that_is_not_there_is_not_found),
                WITH_RIG(a_session_that_starts_later_is_scheduled),
                WITH_RIG(sessions_are_listed_page_by_page_newest_first),
                WITH_RIG(what_the_disk_refuses_was_never_there),
        };
        return RUN_TESTS(tests);
}
