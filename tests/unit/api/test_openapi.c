/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description of the API says what the rows say, and nothing that leads nowhere. That answers are as
 * described is checked at each answer that any of these tests gets (rig.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "api/openapi.h"
#include "api/route.h"
#include "api/shapes.h"

static json_t *document;

static int set_up(void **state)
{
        (void)state;
        document = openapi_json();
        return document ? 0 : -1;
}

static int tear_down(void **state)
{
        (void)state;
        json_decref(document);
        return 0;
}

static const json_t *member(const json_t *json, const char *a, const char *b)
{
        return json_object_get(json_object_get(json, a), b);
}

static void every_route_is_described_once(void **state)
{
        (void)state;
        const struct route *route;
        unsigned routes = 0, operations = 0;
        for (unsigned i = 0; (route = route_at(i)); i++, routes++) {
                assert_non_null(route->handler);
                assert_true(route->name && route->name[0]);
                assert_true(route->summary && route->summary[0]);
                assert_true(route->done[0] >= 200);
                assert_int_equal(strstr(route->path, "{}") != NULL, route->hole != NULL);
                const struct route *other;
                for (unsigned k = 0; k < i && (other = route_at(k)); k++)
                        assert_string_not_equal(other->name, route->name);
        }
        const char *path;
        json_t *item;
        json_object_foreach(json_object_get(document, "paths"), path, item) operations +=
                (unsigned)json_object_size(item);
        assert_int_equal(operations, routes);
}

static void the_text_says_the_same(void **state)
{
        (void)state;
        char *text = openapi_text();
        assert_non_null(text);
        json_t *read = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        assert_true(json_equal(read, document));
        json_decref(read);
        free(text);
}

static void every_status_of_a_route_is_described(void **state)
{
        (void)state;
        const struct route *route;
        for (unsigned i = 0; (route = route_at(i)); i++) {
                char path[96], method[8] = "";
                const char *hole = strstr(route->path, "{}");
                snprintf(path, sizeof path, "%.*s%s%s%s%s",
                         hole ? (int)(hole - route->path) : (int)strlen(route->path), route->path,
                         hole ? "{" : "", hole ? route->hole : "", hole ? "}" : "",
                         hole ? hole + 2 : "");
                for (size_t k = 0; route->method[k]; k++)
                        method[k] = (char)(route->method[k] | 0x20);
                const json_t *operation = json_object_get(member(document, "paths", path), method);
                assert_non_null(operation);
                unsigned statuses[ROUTE_STATUSES_MAX];
                unsigned count = route_statuses(route, statuses);
                const json_t *answers = json_object_get(operation, "responses");
                assert_int_equal(json_object_size(answers), count);
                for (unsigned k = 0; k < count; k++) {
                        char status[16];
                        snprintf(status, sizeof status, "%u", statuses[k]);
                        const json_t *answer = json_object_get(answers, status);
                        assert_true(json_string_length(json_object_get(answer, "description")) > 0);
                }
                assert_int_equal(json_object_get(operation, "requestBody") != NULL,
                                 route->fields != NULL);
        }
}

static void every_field_of_a_body_is_described(void **state)
{
        (void)state;
        const json_t *operation =
                json_object_get(member(document, "paths", "/v1/sessions"), "post");
        const json_t *schema = json_object_get(
                member(json_object_get(operation, "requestBody"), "content", "application/json"),
                "schema");
        const json_t *parties = member(schema, "properties", "parties");
        assert_string_equal(json_string_value(json_object_get(parties, "type")), "array");
        assert_non_null(member(json_object_get(parties, "items"), "properties", "number"));
        assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
        const json_t *reference = member(schema, "properties", "reference");
        assert_int_equal(json_array_size(json_object_get(reference, "type")), 2);
        assert_string_equal(
                json_string_value(json_array_get(json_object_get(schema, "required"), 0)),
                "parties");
}

/* Walks everything: each $ref is there; each schema that is there is referred to. */
static void follow(const json_t *json, bool *used)
{
        const char *name;
        json_t *value;
        size_t at;
        json_array_foreach((json_t *)(uintptr_t)json, at, value) follow(value, used);
        json_object_foreach((json_t *)(uintptr_t)json, name, value)
        {
                follow(value, used);
                if (strcmp(name, "$ref"))
                        continue;
                const char *to = json_string_value(value);
                char kind[32], thing[64];
                assert_int_equal(sscanf(to, "#/components/%31[a-z]/%63s", kind, thing), 2);
                if (!member(json_object_get(document, "components"), kind, thing))
                        fail_msg("%s leads nowhere", to);
                const struct shape *shape;
                for (unsigned i = 0; (shape = shape_at(i)); i++)
                        used[i] |= !strcmp(shape->name, thing);
        }
}

static void no_reference_leads_nowhere_and_no_shape_is_unused(void **state)
{
        (void)state;
        bool used[128] = {false};
        const struct shape *shape;
        follow(document, used);
        for (unsigned i = 0; (shape = shape_at(i)); i++) {
                assert_true(i < 128);
                if (!used[i])
                        fail_msg("nothing answers with %s", shape->name);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(every_route_is_described_once),
                TEST(the_text_says_the_same),
                TEST(every_status_of_a_route_is_described),
                TEST(every_field_of_a_body_is_described),
                TEST(no_reference_leads_nowhere_and_no_shape_is_unused),
        };
        return RUN_TESTS(tests);
}
