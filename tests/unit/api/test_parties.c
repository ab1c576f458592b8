/* SPDX-License-Identifier: Apache-2.0 */
/* All that is held of one person: told to whoever may ask for it, and erased with a receipt. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "core/tenant.h"
#include "rig.h"

#define DAY_MS INT64_C(86400000)
#define EXPORT "/v1/parties/export"
#define ERASE  "/v1/parties/erase"
#define ASKED  "{\"number\":\"+919888800001\"}"

static int set_up(void **state)
{
        return rig_set_up_provisioned(state, 8);
}

static void create(struct rig *rig, const char *body, char id[24])
{
        json_t *made = rig_expect(rig, 201, "POST", "/v1/sessions", body);
        snprintf(id, 24, "%s", text_of(made, "id"));
        json_decref(made);
}

static void change(struct rig *rig, const char *id, const char *body)
{
        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s/change", id);
        json_decref(rig_expect(rig, 200, "POST", path, body));
}

/* Somebody calls the number that is open, so that the party reaches them by it. */
static void call_in(struct rig *rig, uint64_t dialled, uint64_t caller)
{
        struct directory_decision decision;
        const struct directory_question question = {.dialled = {{dialled}}, .caller = {{caller}}};
        directory_decide(rig->directory, &question, &decision);
        assert_int_equal(decision.verdict, MASK_CONNECT);
        directory_session_used(rig->directory, &decision.mapping, question.caller);
}

static void put_call(struct rig *rig, unsigned call, uint64_t caller, int64_t started_ms)
{
        struct cdr a = {
                .tenant_id = TENANT_DEFAULT,
                .call_id = {{1, (uint8_t)(call >> 8), (uint8_t)call}},
                .leg_id = {{1, (uint8_t)(call >> 8), (uint8_t)call}},
                .number = {{919000000001}},
                .party_hint =
                        directory_hint_at(rig->directory, (struct number){caller}, started_ms),
                .verdict = MASK_CONNECT,
                .started_ms = started_ms,
                .answered_ms = started_ms + 1000,
                .ended_ms = started_ms + 3500,
                .cause = CAUSE_NORMAL,
        };
        directory_cdr(rig->directory, &a);
}

/* The person is a party of one, was one of another, called last in a third and is not in the fourth. */
struct life {
        char party[24], former[24], last[24], other[24];
};

static void live(struct rig *rig, struct life *life)
{
        create(rig,
               "{\"reference\":\"order-1\",\"parties\":[{\"number\":\"+919888800001\",\"aliases\":"
               "[\"+919888800011\"],\"pin\":\"4711\"},{\"number\":\"+919888800002\"}]}",
               life->party);
        create(rig, "{\"parties\":[{\"number\":\"+919888800003\"},{\"number\":\"+919888800001\"}]}",
               life->former);
        change(rig, life->former,
               "{\"edit\":\"replace-party\",\"party\":1,\"number\":\"+919888800004\"}");
        create(rig,
               "{\"model\":\"last-caller\",\"parties\":[{\"number\":\"+919888800005\",\"dials\":"
               "\"+919000000008\"}]}",
               life->last);
        call_in(rig, 919000000008, 919888800001);
        create(rig, "{\"parties\":[{\"number\":\"+919888800006\"},{\"number\":\"+919888800007\"}]}",
               life->other);
}

static const json_t *session_of(const json_t *export, const char *id)
{
        size_t at;
        json_t *session;
        json_array_foreach(json_object_get(export, "sessions"), at, session)
        {
                if (!strcmp(text_of(session, "id"), id))
                        return session;
        }
        return NULL;
}

static void an_export_tells_all_of_one_and_nothing_of_another(void **state)
{
        struct rig *rig = *state;
        struct life life;
        live(rig, &life);
        int64_t now = directory_now(rig->directory);
        put_call(rig, 1, 919888800001, now - 60000);
        put_call(rig, 2, 919888800002, now - 50000);
        put_call(rig, 3, 919888800001, now - 40 * DAY_MS); /* under another day's key */

        struct reply told = rig_ask(rig, "POST", EXPORT, ASKED);
        assert_int_equal(told.status, 200);
        assert_string_equal(reply_text(&told, "number"), "+919888800001");
        assert_int_equal(json_array_size(json_object_get(told.json, "sessions")), 3);
        const json_t *party = session_of(told.json, life.party);
        assert_string_equal(text_of(party, "role"), "party");
        assert_string_equal(text_of(party, "reference"), "order-1");
        assert_true(json_is_true(json_object_get(party, "pin_set")));
        const json_t *numbers = json_object_get(party, "numbers");
        assert_int_equal(json_array_size(numbers), 2);
        assert_string_equal(json_string_value(json_array_get(numbers, 1)), "+919888800011");
        assert_int_equal(json_array_size(json_object_get(party, "dials")), 1);
        assert_string_equal(text_of(session_of(told.json, life.former), "role"), "former-party");
        assert_string_equal(text_of(session_of(told.json, life.last), "role"), "last-caller");
        for (unsigned i = 2; i <= 7; i++) {
                char other[24];
                snprintf(other, sizeof other, "98888000%02u", i);
                assert_null(strstr(told.text, other));
        }
        const json_t *calls = json_object_get(told.json, "calls");
        assert_int_equal(json_array_size(calls), 2);
        assert_string_equal(text_of(json_array_get(calls, 0), "role"), "caller");
        assert_int_equal(
                json_integer_value(json_object_get(json_array_get(calls, 0), "duration_ms")), 2500);
        assert_true(json_is_null(json_object_get(told.json, "next")));
        reply_free(&told);
}

/* It changes nothing, so a lost answer is not the last one. */
static void an_export_is_told_again_under_its_key(void **state)
{
        struct rig *rig = *state;
        struct life life;
        live(rig, &life);
        for (unsigned i = 0; i < 2; i++) {
                struct reply told = rig_ask_keyed(rig, "one", "POST", EXPORT, ASKED);
                assert_int_equal(told.status, 200);
                assert_int_equal(json_array_size(json_object_get(told.json, "sessions")), 3);
                reply_free(&told);
        }
}

static void an_alias_is_asked_for_by_itself(void **state)
{
        struct rig *rig = *state;
        struct life life;
        live(rig, &life);
        json_t *told = rig_expect(rig, 200, "POST", EXPORT, "{\"number\":\"098888 00011\"}");
        assert_int_equal(json_array_size(json_object_get(told, "sessions")), 1);
        assert_non_null(session_of(told, life.party));
        json_decref(told);
}

static void an_erasure_leaves_a_receipt_and_nothing_else(void **state)
{
        struct rig *rig = *state;
        struct life life;
        live(rig, &life);
        json_t *dry = rig_expect(rig, 200, "POST", ERASE,
                                 "{\"number\":\"+919888800001\",\"dry_run\":true}");
        assert_int_equal(json_array_size(json_object_get(dry, "sessions")), 3);
        assert_true(json_is_null(json_object_get(dry, "erased_at")));
        json_decref(dry);

        struct reply done = rig_ask(rig, "POST", ERASE, ASKED);
        assert_int_equal(done.status, 200);
        assert_int_equal(json_array_size(json_object_get(done.json, "sessions")), 3);
        assert_int_equal(strlen(reply_text(&done, "erased_at")), 24);
        assert_string_equal(text_of(session_of(done.json, life.party), "result"), "erased");
        assert_string_equal(text_of(session_of(done.json, life.former), "result"), "erased");
        assert_string_equal(text_of(session_of(done.json, life.last), "result"), "forgotten");
        /* Of the one it had left, two: the session's, and what it had left behind. */
        assert_int_equal(json_integer_value(json_object_get(done.json, "keys")), 1 + 2 + 1);
        assert_null(strstr(done.text, "98888"));
        reply_free(&done);

        json_t *left = rig_expect(rig, 200, "POST", EXPORT, ASKED);
        assert_int_equal(json_array_size(json_object_get(left, "sessions")), 0);
        json_decref(left);
        char path[64];
        const char *gone[] = {life.party, life.former}, *stay[] = {life.last, life.other};
        for (unsigned i = 0; i < 2; i++) {
                snprintf(path, sizeof path, "/v1/sessions/%s", gone[i]);
                json_decref(rig_expect(rig, 404, "GET", path, NULL));
                snprintf(path, sizeof path, "/v1/sessions/%s", stay[i]);
                json_t *shown = rig_expect(rig, 200, "GET", path, NULL);
                assert_string_equal(text_of(shown, "state"), "active");
                json_decref(shown);
        }
        json_t *again = rig_expect(rig, 200, "POST", ERASE, ASKED);
        assert_int_equal(json_array_size(json_object_get(again, "sessions")), 0);
        json_decref(again);
}

static void both_are_in_the_audit_record_without_a_number(void **state)
{
        struct rig *rig = *state;
        struct life life;
        live(rig, &life);
        json_decref(rig_expect(rig, 200, "POST", EXPORT, ASKED));
        json_decref(rig_expect(rig, 200, "POST", ERASE, ASKED));
        struct reply events = rig_ask(rig, "GET", "/v1/events?limit=1000", NULL);
        assert_non_null(strstr(events.text, "\"party-exported\""));
        assert_non_null(strstr(events.text, "\"party-erased\""));
        assert_null(strstr(events.text, "98888"));
        reply_free(&events);
}

static void a_key_needs_the_scope_and_another_tenants_finds_nothing(void **state)
{
        struct rig *rig = *state;
        struct life life;
        char operators[64];
        live(rig, &life);
        snprintf(operators, sizeof operators, "%s", rig->token);
        json_t *weak = rig_expect(rig, 201, "POST", "/v1/keys",
                                  "{\"name\":\"w\",\"scopes\":[\"provision\",\"read\",\"operate\","
                                  "\"audit\"]}");
        json_decref(rig_expect(rig, 201, "POST", "/v1/tenants", "{\"name\":\"bolt\"}"));
        json_t *bolt = rig_expect(rig, 201, "POST", "/v1/keys?tenant=bolt",
                                  "{\"name\":\"b\",\"scopes\":[\"privacy\"]}");
        snprintf(rig->token, sizeof rig->token, "%s", text_of(weak, "key"));
        json_decref(rig_expect(rig, 403, "POST", EXPORT, ASKED));
        json_decref(rig_expect(rig, 403, "POST", ERASE, ASKED));
        snprintf(rig->token, sizeof rig->token, "%s", text_of(bolt, "key"));
        json_t *none = rig_expect(rig, 200, "POST", ERASE, ASKED);
        assert_int_equal(json_array_size(json_object_get(none, "sessions")), 0);
        snprintf(rig->token, sizeof rig->token, "%s", operators);
        json_t *told = rig_expect(rig, 200, "POST", EXPORT, ASKED);
        assert_int_equal(json_array_size(json_object_get(told, "sessions")), 3);
        json_decref(told);
        json_decref(none);
        json_decref(bolt);
        json_decref(weak);
}

static void many_calls_are_told_in_pages(void **state)
{
        struct rig *rig = *state;
        enum {
                CALLS = 2300
        };
        int64_t now = directory_now(rig->directory);
        /* Three of four are the person's; four in an instant. */
        for (unsigned i = 0; i < CALLS; i++)
                put_call(rig, i, i % 4 ? 919888800001 : 919888800002, now - 10000 - i / 4);
        char body[96] = ASKED;
        bool seen[CALLS] = {false};
        unsigned count = 0, pages = 0;
        while (body[0]) {
                json_t *told = rig_expect(rig, 200, "POST", EXPORT, body), *call;
                size_t at;
                json_array_foreach(json_object_get(told, "calls"), at, call)
                {
                        struct uuid id;
                        assert_int_equal(uuid_parse(slice_from(text_of(call, "id")), &id), 0);
                        unsigned which = id.bytes[1] * 256u + id.bytes[2];
                        assert_false(seen[which]);
                        seen[which] = true;
                        count++;
                }
                const char *next = text_of(told, "next");
                snprintf(body, sizeof body, "{\"number\":\"+919888800001\",\"before\":\"%s\"}",
                         next);
                if (!next[0])
                        body[0] = '\0';
                json_decref(told);
                pages++;
        }
        assert_int_equal(count, CALLS / 4 * 3);
        assert_int_equal(pages, 2);
}

/* Eight thousand records are looked at for one answer, whether they are the person's or not. */
static void few_calls_among_many_are_told_in_pages(void **state)
{
        struct rig *rig = *state;
        int64_t now = directory_now(rig->directory);
        put_call(rig, 0, 919888800001, now - 1000);
        for (unsigned i = 1; i < 9000; i++) {
                put_call(rig, i, 919888800002, now - 1000 - i);
                if (i % 1000 == 0)
                        json_decref(rig_expect(rig, 200, "GET", "/v1/calls?limit=1", NULL));
        }
        put_call(rig, 9000, 919888800001, now - 20000);
        char body[96] = ASKED;
        for (unsigned page = 1; page <= 2; page++) {
                json_t *told = rig_expect(rig, 200, "POST", EXPORT, body);
                assert_int_equal(json_array_size(json_object_get(told, "calls")), 1);
                assert_int_equal(text_of(told, "next")[0] != '\0', page == 1);
                snprintf(body, sizeof body, "{\"number\":\"+919888800001\",\"before\":\"%s\"}",
                         text_of(told, "next"));
                json_decref(told);
        }
}

static void what_the_disk_refuses_is_not_told_and_may_be_asked_again(void **state)
{
        struct rig *rig = *state;
        struct life life;
        live(rig, &life);
        store_memory_fail(rig->store, 1, 100, -ENOSPC);
        struct reply refused = rig_ask(rig, "POST", EXPORT, ASKED);
        assert_int_equal(refused.status, 503);
        assert_null(strstr(refused.text, "98888"));
        reply_free(&refused);
        store_memory_fail(rig->store, 1, 0, 0);
        json_decref(rig_expect(rig, 200, "POST", EXPORT, ASKED));
        json_decref(rig_expect(rig, 200, "POST", ERASE, ASKED));
}

static void an_erasure_that_stops_half_way_tells_how_far_it_came(void **state)
{
        struct rig *rig = *state;
        struct life life;
        live(rig, &life);
        json_t *dry = rig_expect(rig, 200, "POST", ERASE,
                                 "{\"number\":\"+919888800001\",\"dry_run\":true}");
        size_t all = json_array_size(json_object_get(dry, "sessions"));
        json_decref(dry);
        assert_int_equal(all, 3);
        store_memory_fail(rig->store, 4, UINT32_MAX, -ENOSPC);
        struct reply refused = rig_ask(rig, "POST", ERASE, ASKED);
        assert_int_equal(refused.status, 503);
        if (!strstr(reply_text(&refused, "detail"), "; sessions erased so far: 1"))
                fail_msg("%s", refused.text);
        assert_non_null(strstr(reply_text(&refused, "remedy"), "ask again for the rest"));
        assert_null(strstr(refused.text, "98888"));
        reply_free(&refused);
        /* Nothing is told to be erased as long as what was begun is not on disk. */
        refused = rig_ask(rig, "POST", ERASE, ASKED);
        assert_int_equal(refused.status, 503);
        reply_free(&refused);
        store_memory_fail(rig->store, 1, 0, 0);
        json_decref(rig_expect(rig, 200, "POST", ERASE, ASKED));
        json_t *told = rig_expect(rig, 200, "POST", EXPORT, ASKED);
        assert_int_equal(json_array_size(json_object_get(told, "sessions")), 0);
        json_decref(told);
}

static void one_session_that_is_erased_is_told_that_the_disk_refuses(void **state)
{
        struct rig *rig = *state;
        struct life life;
        char path[64];
        live(rig, &life);
        snprintf(path, sizeof path, "/v1/sessions/%s/erase", life.party);
        store_memory_fail(rig->store, 1, UINT32_MAX, -ENOSPC);
        struct reply refused = rig_ask(rig, "POST", path, NULL);
        assert_int_equal(refused.status, 503);
        assert_non_null(strstr(reply_text(&refused, "remedy"), "goes on"));
        reply_free(&refused);
}

/* Nothing is held of it, and an answer that says so would be taken for the person's. */
static void a_masking_number_is_nobodys_to_be_erased(void **state)
{
        struct rig *rig = *state;
        struct reply reply = rig_ask(rig, "POST", ERASE, "{\"number\":\"+919000000001\"}");
        assert_int_equal(reply.status, 422);
        assert_string_equal(reply_text(&reply, "field"), "number");
        assert_non_null(strstr(reply_text(&reply, "detail"), "masking number"));
        reply_free(&reply);
}

static void what_is_no_number_is_refused_without_being_repeated(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *body, *field;
        } rows[] = {
                {"{}", "number"},
                {"{\"number\":\"+919000000001\"}", "number"},
                {"{\"number\":919888800001}", "number"},
                {"{\"number\":\"98888000\"}", "number"},
                {"{\"number\":\"+919888800001\",\"before\":\"x\"}", "before"},
                {"{\"number\":\"+919888800001\",\"dry_run\":1}", "dry_run"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                const char *path = strcmp(rows[i].field, "dry_run") ? EXPORT : ERASE;
                struct reply reply = rig_ask(rig, "POST", path, rows[i].body);
                if (reply.status != 422 || strcmp(reply_text(&reply, "field"), rows[i].field))
                        fail_msg("%s: %u %s", rows[i].body, reply.status, reply.text);
                assert_null(strstr(reply.text, "98888"));
                reply_free(&reply);
        }
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(an_export_tells_all_of_one_and_nothing_of_another),
                WITH_RIG(an_export_is_told_again_under_its_key),
                WITH_RIG(an_alias_is_asked_for_by_itself),
                WITH_RIG(an_erasure_leaves_a_receipt_and_nothing_else),
                WITH_RIG(both_are_in_the_audit_record_without_a_number),
                WITH_RIG(a_key_needs_the_scope_and_another_tenants_finds_nothing),
                WITH_RIG(many_calls_are_told_in_pages),
                WITH_RIG(few_calls_among_many_are_told_in_pages),
                WITH_RIG(what_the_disk_refuses_is_not_told_and_may_be_asked_again),
                WITH_RIG(an_erasure_that_stops_half_way_tells_how_far_it_came),
                WITH_RIG(one_session_that_is_erased_is_told_that_the_disk_refuses),
                WITH_RIG(a_masking_number_is_nobodys_to_be_erased),
                WITH_RIG(what_is_no_number_is_refused_without_being_repeated),
        };
        return RUN_TESTS(tests);
}
