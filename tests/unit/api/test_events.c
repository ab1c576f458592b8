/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, by cursor: all of it, once, in order, and to each tenant its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "rig.h"

/* The kinds of a page, and the cursor behind it. */
static json_t *page_after(struct rig *rig, const char *more, char cursor[64])
{
        char path[160];
        snprintf(path, sizeof path, "/v1/events?after=%s%s", cursor, more);
        json_t *page = rig_expect(rig, 200, "GET", path, NULL);
        snprintf(cursor, 64, "%s", text_of(page, "next"));
        return page;
}

static void put_call(struct rig *rig, uint32_t tenant_id, unsigned call, enum cdr_leg leg,
                     enum mask_verdict verdict)
{
        const struct cdr cdr = {
                .tenant_id = tenant_id,
                .call_id = {{1, (uint8_t)call}},
                .leg_id = {{1, (uint8_t)call, (uint8_t)leg}},
                .leg = leg,
                .trunk_id = 1,
                .number = {{919000000001}},
                .party_hint = {"~3fa91c04..01"},
                .verdict = verdict,
                .started_ms = 1785578400000,
                .answered_ms = 1785578401000,
                .ended_ms = 1785578410000 + call,
                .cause = CAUSE_NORMAL,
        };
        directory_cdr(rig->directory, &cdr);
}

static void what_happened_is_told_in_order(void **state)
{
        struct rig *rig = *state;
        char id[24], path[64], cursor[64] = "";
        rig_provision(rig, 2);
        rig_session(rig, 1, 2, id);
        snprintf(path, sizeof path, "/v1/sessions/%s/end", id);
        json_decref(rig_expect(rig, 200, "POST", path, NULL));
        static const char *const kinds[] = {"trunk-added",  "trunk-added",     "number-added",
                                            "number-added", "session-created", "session-ended"};
        json_t *page = page_after(rig, "", cursor);
        const json_t *list = json_object_get(page, "events");
        assert_int_equal(json_array_size(list), 6);
        for (unsigned i = 0; i < 6; i++) {
                const json_t *event = json_array_get(list, i);
                assert_string_equal(text_of(event, "kind"), kinds[i]);
                assert_string_equal(text_of(event, "tenant"), "default");
        }
        assert_string_equal(text_of(json_array_get(list, 0), "name"), "north");
        assert_string_equal(text_of(json_array_get(list, 2), "number"), "+919000000001");
        assert_string_equal(text_of(json_array_get(list, 2), "trunk"), "north");
        assert_string_equal(text_of(json_array_get(list, 5), "session"), id);
        assert_true(json_is_false(json_object_get(page, "more")));
        json_decref(page);

        page = page_after(rig, "", cursor);
        assert_int_equal(json_array_size(json_object_get(page, "events")), 0);
        json_decref(page);
}

static void a_call_that_ended_is_told_once_and_a_refused_one_is_not_ended(void **state)
{
        struct rig *rig = *state;
        char cursor[64] = "now";
        rig_provision(rig, 2);
        json_decref(page_after(rig, "", cursor));
        put_call(rig, TENANT_DEFAULT, 1, CDR_LEG_A, MASK_CONNECT);
        put_call(rig, TENANT_DEFAULT, 1, CDR_LEG_B, MASK_CONNECT);
        put_call(rig, TENANT_DEFAULT, 2, CDR_LEG_A, MASK_STRANGER);
        json_t *page = page_after(rig, "", cursor);
        const json_t *list = json_object_get(page, "events");
        assert_int_equal(json_array_size(list), 1);
        const json_t *event = json_array_get(list, 0);
        assert_string_equal(text_of(event, "kind"), "call-ended");
        assert_string_equal(text_of(event, "caller"), "~3fa91c04..01");
        assert_int_equal(json_integer_value(json_object_get(event, "duration_ms")), 9001);
        json_decref(page);
        page = page_after(rig, "", cursor);
        assert_int_equal(json_array_size(json_object_get(page, "events")), 0);
        json_decref(page);
}

/* Both sources, with pages of every size: each event once, and none is missing. */
static void pages_of_any_size_tell_the_same(void **state)
{
        struct rig *rig = *state;
        rig_provision(rig, 5);
        for (unsigned i = 0; i < 6; i++)
                put_call(rig, TENANT_DEFAULT, i, CDR_LEG_A, MASK_CONNECT);
        for (unsigned limit = 1; limit <= 14; limit++) {
                char cursor[64] = "", more[16], last[16] = "";
                bool goes_on = true;
                unsigned count = 0;
                snprintf(more, sizeof more, "&limit=%u", limit);
                for (unsigned pages = 0; goes_on && pages < 50; pages++) {
                        json_t *page = page_after(rig, more, cursor);
                        const json_t *list = json_object_get(page, "events");
                        assert_true(json_array_size(list) <= limit);
                        for (size_t i = 0; i < json_array_size(list); i++) {
                                const char *id = text_of(json_array_get(list, i), "id");
                                assert_string_not_equal(id, last);
                                snprintf(last, sizeof last, "%s", id);
                                count++;
                        }
                        goes_on = json_is_true(json_object_get(page, "more"));
                        json_decref(page);
                }
                assert_false(goes_on);
                assert_int_equal(count, 7 + 6);
        }
}

static void each_tenant_is_told_its_own_and_the_operator_all(void **state)
{
        struct rig *rig = *state;
        char operator_token[64], cursor[64] = "";
        memcpy(operator_token, rig->token, sizeof operator_token);
        json_decref(rig_expect(rig, 201, "POST", "/v1/tenants", "{\"name\":\"acme\"}"));
        rig_provision(rig, 2);
        json_t *key = rig_expect(rig, 201, "POST", "/v1/keys?tenant=acme",
                                 "{\"name\":\"feed\",\"scopes\":[\"audit\"]}");
        char id[32];
        snprintf(id, sizeof id, "%s", text_of(key, "id"));
        put_call(rig, 2, 1, CDR_LEG_A, MASK_CONNECT);
        put_call(rig, TENANT_DEFAULT, 2, CDR_LEG_A, MASK_CONNECT);

        json_t *page = page_after(rig, "", cursor);
        assert_int_equal(json_array_size(json_object_get(page, "events")), 1 + 4 + 1 + 2);
        json_decref(page);

        snprintf(rig->token, sizeof rig->token, "%s", text_of(key, "key"));
        json_decref(key);
        strcpy(cursor, "");
        page = page_after(rig, "", cursor);
        const json_t *list = json_object_get(page, "events");
        assert_int_equal(json_array_size(list), 3);
        bool key_told = false;
        for (unsigned i = 0; i < 3; i++) {
                assert_string_equal(text_of(json_array_get(list, i), "tenant"), "acme");
                key_told |= !strcmp(text_of(json_array_get(list, i), "key"), id);
        }
        assert_true(key_told);
        json_decref(page);
        memcpy(rig->token, operator_token, sizeof operator_token);
}

static void a_cursor_that_was_not_given_out_is_refused(void **state)
{
        struct rig *rig = *state;
        static const char *const bad[] = {
                "1", "-", "a-1", "1-", "1-2-3", "-1-1", "99999999999999999999-1", "then"};
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                char path[96];
                snprintf(path, sizeof path, "/v1/events?after=%s", bad[i]);
                struct reply reply = rig_ask(rig, "GET", path, NULL);
                if (reply.status != 400)
                        fail_msg("%s: %u", bad[i], reply.status);
                assert_string_equal(reply_text(&reply, "field"), "after");
                reply_free(&reply);
        }
}

static void no_real_number_is_in_any_event(void **state)
{
        struct rig *rig = *state;
        char id[24];
        rig_provision(rig, 2);
        rig_session(rig, 1, 2, id);
        struct reply reply = rig_ask(rig, "GET", "/v1/events", NULL);
        assert_null(strstr(reply.text, "98888"));
        reply_free(&reply);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(what_happened_is_told_in_order),
                WITH_RIG(a_call_that_ended_is_told_once_and_a_refused_one_is_not_ended),
                WITH_RIG(pages_of_any_size_tell_the_same),
                WITH_RIG(each_tenant_is_told_its_own_and_the_operator_all),
                WITH_RIG(a_cursor_that_was_not_given_out_is_refused),
                WITH_RIG(no_real_number_is_in_any_event),
        };
        return RUN_TESTS(tests);
}
