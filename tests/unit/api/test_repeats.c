/* SPDX-License-Identifier: Apache-2.0 */
/* The header Idempotency-Key: a write that comes again is answered again and done once. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "api/repeats.h"
#include "rig.h"

static struct reply post(struct rig *rig, const char *path, const char *key, const char *body)
{
        char bytes[2048];
        int len = snprintf(bytes, sizeof bytes,
                           "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                           "Idempotency-Key: %s\r\nContent-Length: %zu\r\n\r\n%s",
                           path, rig->token, key, strlen(body), body);
        return rig_raw(rig, bytes, (size_t)len);
}

static void expect_problem(struct reply reply, unsigned status, const char *kind)
{
        const char *name = strrchr(reply_text(&reply, "type"), ':');
        if (reply.status != status || !name || strcmp(name + 1, kind))
                fail_msg("%u %s", reply.status, reply.text);
        assert_string_equal(reply_text(&reply, "field"), "Idempotency-Key");
        assert_true(reply_text(&reply, "remedy")[0]);
        reply_free(&reply);
}

#define ACME "{\"name\":\"acme\"}"

static void a_repeated_write_is_answered_what_it_was_and_done_once(void **state)
{
        struct rig *rig = *state;
        struct reply first = post(rig, "/v1/tenants", "one", ACME);
        assert_int_equal(first.status, 201);
        for (unsigned i = 0; i < 3; i++) {
                struct reply again = post(rig, "/v1/tenants", "one", ACME);
                assert_int_equal(again.status, 201);
                assert_int_equal(json_equal(again.json, first.json), 1);
                assert_non_null(strstr(again.text, "\r\nLocation: /v1/tenants/acme\r\n"));
                reply_free(&again);
        }
        reply_free(&first);
        json_t *list = rig_expect(rig, 200, "GET", "/v1/tenants", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "tenants")), 2);
        json_decref(list);
        /* Under another key it is another request. */
        struct reply other = post(rig, "/v1/tenants", "two", ACME);
        assert_int_equal(other.status, 409);
        reply_free(&other);
}

static void a_key_is_for_one_request(void **state)
{
        struct rig *rig = *state;
        struct reply first = post(rig, "/v1/tenants", "one", ACME);
        assert_int_equal(first.status, 201);
        reply_free(&first);
        expect_problem(post(rig, "/v1/tenants", "one", "{\"name\":\"bolt\"}"), 409, "conflict");
        expect_problem(post(rig, "/v1/tenants", "one", "{\"name\": \"acme\"}"), 409, "conflict");
        /* For another tenant it is another key: this one is told what is there. */
        struct reply other = post(rig, "/v1/tenants?tenant=acme", "one", ACME);
        assert_int_equal(other.status, 409);
        assert_string_equal(reply_text(&other, "field"), "name");
        reply_free(&other);
}

static void a_change_and_a_removal_that_come_again_are_done_once(void **state)
{
        struct rig *rig = *state;
        struct reply made = post(rig, "/v1/tenants", "one", ACME);
        assert_int_equal(made.status, 201);
        reply_free(&made);
        json_decref(rig_expect(rig, 201, "POST", "/v1/pools", "{\"name\":\"riders\"}"));
        for (unsigned i = 0; i < 2; i++) {
                struct reply changed = rig_ask_keyed(rig, "two", "PATCH", "/v1/pools/riders",
                                                     "{\"name\":\"drivers\"}");
                assert_int_equal(changed.status, 200);
                reply_free(&changed);
                struct reply removed =
                        rig_ask_keyed(rig, "three", "DELETE", "/v1/tenants/acme", NULL);
                assert_int_equal(removed.status, 204);
                reply_free(&removed);
        }
        struct reply other = rig_ask_keyed(rig, "four", "DELETE", "/v1/tenants/acme", NULL);
        assert_int_equal(other.status, 404);
        reply_free(&other);
        expect_problem(rig_ask_keyed(rig, "three", "DELETE", "/v1/tenants/bolt", NULL), 409,
                       "conflict");
}

static void what_was_refused_may_be_corrected_under_its_key(void **state)
{
        struct rig *rig = *state;
        struct reply refused = post(rig, "/v1/tenants", "one", "{\"name\":\"Acme\"}");
        assert_int_equal(refused.status, 422);
        reply_free(&refused);
        struct reply done = post(rig, "/v1/tenants", "one", ACME);
        assert_int_equal(done.status, 201);
        reply_free(&done);
}

static void what_the_disk_refused_is_tried_again(void **state)
{
        struct rig *rig = *state;
        store_memory_fail(rig->store, 1, 1, -ENOSPC);
        struct reply refused = post(rig, "/v1/tenants", "one", ACME);
        assert_int_equal(refused.status, 503);
        reply_free(&refused);
        struct reply done = post(rig, "/v1/tenants", "one", ACME);
        assert_int_equal(done.status, 201);
        reply_free(&done);
}

static void an_answer_with_a_secret_is_not_kept(void **state)
{
        struct rig *rig = *state;
        static const char body[] = "{\"name\":\"k\",\"scopes\":[\"read\"]}";
        struct reply made = post(rig, "/v1/keys", "one", body);
        assert_int_equal(made.status, 201);
        struct reply again = post(rig, "/v1/keys", "one", body);
        assert_null(strstr(again.text, reply_text(&made, "key")));
        reply_free(&made);
        expect_problem(again, 409, "exists");
        json_t *list = rig_expect(rig, 200, "GET", "/v1/keys", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "keys")), 1);
        json_decref(list);
}

/* Whoever else chooses the same text asks for something of his own. */
static void keys_of_one_asker_are_not_anothers(void **state)
{
        struct rig *rig = *state;
        char operator_token[64];
        memcpy(operator_token, rig->token, sizeof operator_token);
        json_t *key =
                rig_expect(rig, 201, "POST", "/v1/keys",
                           "{\"name\":\"k\",\"all_tenants\":true,\"scopes\":[\"provision\"]}");
        struct reply first = post(rig, "/v1/tenants", "one", ACME);
        assert_int_equal(first.status, 201);
        reply_free(&first);
        snprintf(rig->token, sizeof rig->token, "%s",
                 json_string_value(json_object_get(key, "key")));
        json_decref(key);
        struct reply other = post(rig, "/v1/tenants", "one", ACME);
        assert_int_equal(other.status, 409);
        assert_string_equal(reply_text(&other, "field"), "name");
        reply_free(&other);
        memcpy(rig->token, operator_token, sizeof operator_token);
}

static void a_key_that_is_too_long_is_refused(void **state)
{
        struct rig *rig = *state;
        char key[REPEAT_KEY_BYTES_MAX + 2];
        memset(key, 'k', sizeof key);
        key[REPEAT_KEY_BYTES_MAX + 1] = '\0';
        expect_problem(post(rig, "/v1/tenants", key, ACME), 400, "bad-header");
        key[REPEAT_KEY_BYTES_MAX] = '\0';
        struct reply done = post(rig, "/v1/tenants", key, ACME);
        assert_int_equal(done.status, 201);
        reply_free(&done);
}

/* For a session it stands for the reference, which outlives the server. */
static void a_session_is_repeated_by_its_reference(void **state)
{
        struct rig *rig = *state;
        static const char body[] =
                "{\"parties\":[{\"number\":\"+919888800001\"},{\"number\":\"+919888800002\"}]}";
        rig_provision(rig, 2);
        struct reply first = post(rig, "/v1/sessions", "one", body);
        assert_int_equal(first.status, 201);
        struct reply again = post(rig, "/v1/sessions", "one", body);
        assert_int_equal(again.status, 200);
        assert_true(json_is_true(json_object_get(again.json, "repeated")));
        assert_string_equal(reply_text(&again, "id"), reply_text(&first, "id"));
        reply_free(&again);

        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s/end", reply_text(&first, "id"));
        reply_free(&first);
        for (unsigned i = 0; i < 2; i++) {
                struct reply ended = post(rig, path, "two", "");
                assert_int_equal(ended.status, 200);
                assert_string_equal(reply_text(&ended, "state"), "ended");
                reply_free(&ended);
        }
        json_decref(rig_expect(rig, 409, "POST", path, NULL));
}

/* The table by itself. */

static struct repeat_asked asked_of(uint64_t asker, const char *key, uint32_t exchange)
{
        return (struct repeat_asked){
                .asker = asker,
                .tenant_id = 1,
                .key = slice_from(key),
                .method = SLICE("POST"),
                .path = SLICE("/x"),
                .exchange = {{exchange, 1}},
        };
}

static void the_oldest_gives_way_and_a_day_is_the_longest(void **state)
{
        (void)state;
        struct random random;
        struct repeats *repeats;
        struct repeat_answer out;
        const struct repeat_answer done = {201, "/x/1", SLICE("{}")};
        random_init_seeded(&random, 1);
        assert_int_equal(repeats_create(&random, &repeats), 0);
        struct repeat_asked one = asked_of(1, "k", 0);
        assert_int_equal(repeats_ask(repeats, &one, 0, &out), REPEAT_FIRST);
        assert_int_equal(repeats_ask(repeats, &one, 0, &out), REPEAT_WAITS);
        repeats_answered(repeats, one.exchange, &done, 0);
        assert_int_equal(repeats_ask(repeats, &one, REPEAT_MS - 1, &out), REPEAT_DONE);
        assert_int_equal(out.status, 201);
        assert_string_equal(out.location, "/x/1");
        assert_int_equal(repeats_ask(repeats, &one, REPEAT_MS, &out), REPEAT_FIRST);

        for (uint32_t i = 0; i < REPEATS_MAX; i++) {
                struct repeat_asked next = asked_of(2 + i, "k", 1 + i);
                assert_int_equal(repeats_ask(repeats, &next, REPEAT_MS, &out), REPEAT_FIRST);
        }
        repeats_answered(repeats, one.exchange, &done, REPEAT_MS); /* it is forgotten by now */
        assert_int_equal(repeats_ask(repeats, &one, REPEAT_MS, &out), REPEAT_FIRST);
        repeats_destroy(repeats);
}

static void a_large_answer_is_not_kept_but_known_to_be_done(void **state)
{
        (void)state;
        static char large[REPEAT_BODY_BYTES_MAX + 1];
        struct random random;
        struct repeats *repeats;
        struct repeat_answer out;
        random_init_seeded(&random, 1);
        assert_int_equal(repeats_create(&random, &repeats), 0);
        struct repeat_asked one = asked_of(1, "k", 0);
        assert_int_equal(repeats_ask(repeats, &one, 0, &out), REPEAT_FIRST);
        const struct repeat_answer done = {200, NULL, {large, sizeof large}};
        repeats_answered(repeats, one.exchange, &done, 0);
        assert_int_equal(repeats_ask(repeats, &one, 0, &out), REPEAT_SECRET);
        repeats_destroy(repeats);
}

static void large_answers_give_way_to_newer_ones(void **state)
{
        (void)state;
        static char large[REPEAT_BODY_BYTES_MAX];
        struct random random;
        struct repeats *repeats;
        struct repeat_answer out;
        const struct repeat_answer done = {200, NULL, {large, sizeof large}};
        const unsigned fit = REPEATS_BYTES_MAX / REPEAT_BODY_BYTES_MAX;
        char keys[REPEATS_BYTES_MAX / REPEAT_BODY_BYTES_MAX + 1][8];
        random_init_seeded(&random, 1);
        assert_int_equal(repeats_create(&random, &repeats), 0);
        const struct repeat_asked slow = asked_of(1, "slow", 200);
        assert_int_equal(repeats_ask(repeats, &slow, 0, &out), REPEAT_FIRST);
        for (unsigned i = 0; i <= fit; i++) {
                snprintf(keys[i], sizeof keys[i], "k%u", i);
                struct repeat_asked asked = asked_of(1, keys[i], i);
                assert_int_equal(repeats_ask(repeats, &asked, 0, &out), REPEAT_FIRST);
                repeats_answered(repeats, asked.exchange, &done, 0);
        }
        struct repeat_asked second = asked_of(1, keys[1], 100), first = asked_of(1, keys[0], 101);
        assert_int_equal(repeats_ask(repeats, &second, 0, &out), REPEAT_DONE);
        /* Its answer is gone, and it must not be done once more. */
        assert_int_equal(repeats_ask(repeats, &first, 0, &out), REPEAT_SECRET);
        /* What is still being done is no older answer. */
        assert_int_equal(repeats_ask(repeats, &slow, 0, &out), REPEAT_WAITS);
        repeats_destroy(repeats);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(a_repeated_write_is_answered_what_it_was_and_done_once),
                WITH_RIG(a_key_is_for_one_request),
                WITH_RIG(a_change_and_a_removal_that_come_again_are_done_once),
                WITH_RIG(what_was_refused_may_be_corrected_under_its_key),
                WITH_RIG(what_the_disk_refused_is_tried_again),
                WITH_RIG(an_answer_with_a_secret_is_not_kept),
                WITH_RIG(keys_of_one_asker_are_not_anothers),
                WITH_RIG(a_key_that_is_too_long_is_refused),
                WITH_RIG(a_session_is_repeated_by_its_reference),
                cmocka_unit_test(the_oldest_gives_way_and_a_day_is_the_longest),
                cmocka_unit_test(large_answers_give_way_to_newer_ones),
                cmocka_unit_test(a_large_answer_is_not_kept_but_known_to_be_done),
        };
        return RUN_TESTS(tests);
}
