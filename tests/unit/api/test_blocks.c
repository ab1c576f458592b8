/* SPDX-License-Identifier: Apache-2.0 */
/* Blocked pairs by REST: made, repeated, listed, removed, and what no client should send. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "core/tenant.h"
#include "rig.h"
#include "store/directory_block.h"

static int set_up(void **state)
{
        return rig_set_up_provisioned(state, 2);
}

static void block(struct rig *rig, unsigned status, const char *a, const char *b, char id[24])
{
        char body[96];
        snprintf(body, sizeof body, "{\"numbers\":[\"%s\",\"%s\"]}", a, b);
        json_t *made = rig_expect(rig, status, "POST", "/v1/blocks", body);
        snprintf(id, 24, "%s", json_string_value(json_object_get(made, "id")));
        json_decref(made);
}

static void explained(struct rig *rig, const char *verdict)
{
        json_t *answer = rig_expect(rig, 200, "POST", "/v1/explain",
                                    "{\"dialled\":\"+919000000001\",\"caller\":\"+919888800001\"}");
        assert_string_equal(json_string_value(json_object_get(answer, "verdict")), verdict);
        json_decref(answer);
}

static void a_pair_is_blocked_and_may_call_again(void **state)
{
        struct rig *rig = *state;
        char session[24], id[24], again[24], path[64];
        rig_session(rig, 1, 2, session);
        explained(rig, "connect");
        block(rig, 201, "+919888800002", "+919888800001", id);
        explained(rig, "blocked");
        /* The same two, written otherwise. */
        block(rig, 200, "+91 98888 00001", "+919888800002", again);
        assert_string_equal(again, id);
        snprintf(path, sizeof path, "/v1/blocks/%s", id);
        struct reply reply = rig_ask(rig, "GET", path, NULL);
        assert_int_equal(reply.status, 200);
        assert_null(strstr(reply.text, "98888"));
        reply_free(&reply);
        json_decref(rig_expect(rig, 204, "DELETE", path, NULL));
        explained(rig, "connect");
        json_decref(rig_expect(rig, 404, "DELETE", path, NULL));
        json_decref(rig_expect(rig, 404, "GET", path, NULL));
}

static void they_are_listed_page_by_page(void **state)
{
        struct rig *rig = *state;
        char ids[3][24], path[80];
        block(rig, 201, "+919888800001", "+919888800002", ids[0]);
        block(rig, 201, "+919888800001", "+919888800003", ids[1]);
        block(rig, 201, "+919888800001", "+919888800004", ids[2]);
        json_t *page = rig_expect(rig, 200, "GET", "/v1/blocks?limit=2", NULL);
        json_t *list = json_object_get(page, "blocks");
        assert_int_equal(json_array_size(list), 2);
        snprintf(path, sizeof path, "/v1/blocks?limit=2&before=%s",
                 json_string_value(json_object_get(page, "next")));
        json_decref(page);
        page = rig_expect(rig, 200, "GET", path, NULL);
        list = json_object_get(page, "blocks");
        assert_int_equal(json_array_size(list), 1);
        assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "id")),
                            ids[0]);
        assert_true(json_is_null(json_object_get(page, "next")));
        json_decref(page);
        json_decref(rig_expect(rig, 400, "GET", "/v1/blocks?before=b_0123456789abcdef", NULL));
}

static void what_is_no_pair_is_refused_with_field_and_rule(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *body, *field;
                unsigned status;
        } rows[] = {
                {"{}", "numbers", 422},
                {"{\"numbers\":[]}", "numbers", 422},
                {"{\"numbers\":[\"+919888800001\"]}", "numbers", 422},
                {"{\"numbers\":[\"+919888800001\",\"+919888800002\",\"+919888800003\"]}", "numbers",
                 422},
                {"{\"numbers\":[\"+919888800001\",\"+919888800001\"]}", "numbers[1]", 422},
                {"{\"numbers\":[\"+919888800001\",7]}", "numbers[1]", 422},
                {"{\"numbers\":[\"+919888800001\",\"+919000000001\"]}", "numbers[1]", 422},
                {"{\"numbers\":[\"nobody\",\"+919888800001\"]}", "numbers[0]", 422},
                {"{\"numbers\":\"+919888800001\"}", "numbers", 422},
                {"{\"numbers\":[\"+919888800001\",\"+919888800002\"],\"x\":1}", "", 422},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", "/v1/blocks", rows[i].body);
                if (reply.status != rows[i].status ||
                    strcmp(reply_text(&reply, "field"), rows[i].field) ||
                    strstr(reply.text, "98888"))
                        fail_msg("%s: %u %s", rows[i].body, reply.status, reply.text);
                reply_free(&reply);
        }
        json_t *page = rig_expect(rig, 200, "GET", "/v1/blocks", NULL);
        assert_int_equal(json_array_size(json_object_get(page, "blocks")), 0);
        json_decref(page);
}

static void one_tenant_has_so_many_and_is_told_so(void **state)
{
        struct rig *rig = *state;
        const struct real_number one = {{919888700000}};
        struct directory_block block;
        bool repeated;
        for (unsigned i = 1; i <= DIRECTORY_BLOCKS_OF; i++) {
                const struct real_number other = {{919888700000 + i}};
                int err = directory_block_add(rig->directory, TENANT_DEFAULT, one, other, &block,
                                              &repeated, NULL, NULL);
                assert_int_equal(err, 0);
                if (i % 256 == 0)
                        json_decref(rig_expect(rig, 200, "GET", "/v1/blocks?limit=1", NULL));
        }
        struct reply reply = rig_ask(rig, "POST", "/v1/blocks",
                                     "{\"numbers\":[\"+919888800001\",\"+919888800002\"]}");
        assert_int_equal(reply.status, 409);
        assert_string_equal(reply_text(&reply, "type"), "urn:maskline:problem:state");
        assert_non_null(strstr(reply_text(&reply, "detail"), "16384"));
        assert_non_null(strstr(reply_text(&reply, "remedy"), "maskline block list"));
        reply_free(&reply);
}

/* Not the limit of blocks: nobody needs to remove one for it. */
static void a_full_queue_is_the_stores_trouble(void **state)
{
        static const struct cdr record = {.leg = CDR_LEG_A};
        struct rig *rig = *state;
        char id[24], path[64];
        block(rig, 201, "+919888800002", "+919888800001", id);
        snprintf(path, sizeof path, "/v1/blocks/%s", id);
        store_memory_fail(rig->store, 1, UINT32_MAX, -ENOSPC);
        for (unsigned i = 0; i < RIG_WAITING_MAX; i++)
                directory_cdr(rig->directory, &record);
        const struct {
                const char *method, *path, *body;
        } rows[] = {
                {"POST", "/v1/blocks", "{\"numbers\":[\"+919888800003\",\"+919888800004\"]}"},
                {"DELETE", path, NULL},
        };
        for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, rows[i].method, rows[i].path, rows[i].body);
                assert_int_equal(reply.status, 503);
                assert_string_equal(reply_text(&reply, "type"), "urn:maskline:problem:store");
                assert_null(strstr(reply.text, "Remove"));
                reply_free(&reply);
        }
        json_decref(rig_expect(rig, 200, "GET", path, NULL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, rig_tear_down)
        const struct CMUnitTest tests[] = {
                TEST(a_pair_is_blocked_and_may_call_again),
                TEST(they_are_listed_page_by_page),
                TEST(what_is_no_pair_is_refused_with_field_and_rule),
                TEST(one_tenant_has_so_many_and_is_told_so),
                TEST(a_full_queue_is_the_stores_trouble),
        };
        return RUN_TESTS(tests);
}
