/* SPDX-License-Identifier: Apache-2.0 */
#include "described.h"

#include <string.h>

#include "../unit.h"
#include "api/route.h"
#include "api/shapes.h"

static const struct shape *shape_named(const char *name)
{
        const struct shape *shape;
        for (unsigned i = 0; (shape = shape_at(i)); i++) {
                if (!strcmp(shape->name, name))
                        return shape;
        }
        fail_msg("there is no shape %s", name);
        return NULL;
}

static void expect_shape(const char *name, const json_t *json);

static bool are_integers(const json_t *json)
{
        size_t at;
        const json_t *value;
        if (!json_is_array(json))
                return false;
        json_array_foreach((json_t *)(uintptr_t)json, at, value)
        {
                if (!json_is_integer(value))
                        return false;
        }
        return true;
}

static bool is_list_of(const json_t *json, bool texts, const char *shape)
{
        size_t at;
        const json_t *value;
        if (!json_is_array(json))
                return false;
        json_array_foreach((json_t *)(uintptr_t)json, at, value)
        {
                if (texts && !json_is_string(value))
                        return false;
                if (!texts)
                        expect_shape(shape, value);
        }
        return true;
}

static bool is_time(const json_t *json)
{
        const char *text = json_string_value(json);
        return text && strlen(text) == 24 && text[10] == 'T' && text[23] == 'Z';
}

static bool are_counts(const json_t *json)
{
        const char *name;
        json_t *value;
        if (!json_is_object(json))
                return false;
        json_object_foreach((json_t *)(uintptr_t)json, name, value)
        {
                if (!json_is_integer(value))
                        return false;
        }
        return true;
}

static bool fits(const struct shape_field *field, const json_t *json)
{
        if (json_is_null(json))
                return field->may_be_null;
        switch (field->type) {
        case SHAPE_TEXT:
                return json_is_string(json);
        case SHAPE_TIME:
                return is_time(json);
        case SHAPE_COUNT:
                return json_is_integer(json);
        case SHAPE_NUMBER:
                return json_is_number(json);
        case SHAPE_SWITCH:
                return json_is_boolean(json);
        case SHAPE_TEXTS:
                return is_list_of(json, true, NULL);
        case SHAPE_INTEGERS:
                return are_integers(json);
        case SHAPE_COUNTS:
                return are_counts(json);
        case SHAPE_OBJECT:
                expect_shape(field->of, json);
                return true;
        case SHAPE_LIST:
                return is_list_of(json, false, field->of);
        }
        return false;
}

static void expect_shape(const char *name, const json_t *json)
{
        const struct shape *shape = shape_named(name);
        size_t known = 0;
        if (!json_is_object(json))
                fail_msg("%s is no object", name);
        for (const struct shape_field *field = shape->fields; field->name; field++) {
                const json_t *value = json_object_get(json, field->name);
                known += value != NULL;
                if (!value && !field->may_be_absent)
                        fail_msg("%s has no %s", name, field->name);
                if (value && !fits(field, value))
                        fail_msg("%s: %s is not what shapes.c says", name, field->name);
        }
        if (json_object_size(json) == known)
                return;
        const char *member;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)json, member, value)
        {
                bool found = false;
                for (const struct shape_field *field = shape->fields; field->name; field++)
                        found |= !strcmp(field->name, member);
                if (!found)
                        fail_msg("%s: %s is not in shapes.c", name, member);
        }
}

void described_check(const char *method, const char *path, unsigned status, const json_t *json)
{
        struct slice segment, query;
        struct slice where = slice_split(slice_from(path), '?', &query);
        const struct route *route = route_find(slice_from(method), where, &segment);
        if (!route)
                return;
        unsigned statuses[ROUTE_STATUSES_MAX];
        unsigned count = route_statuses(route, statuses);
        bool known = false;
        for (unsigned i = 0; i < count; i++)
                known |= statuses[i] == status;
        if (!known)
                fail_msg("%s %s: %u is not among its statuses", method, path, status);
        bool is_problem = status >= 400 && !(route->is_open && route->answer);
        if (is_problem)
                expect_shape("Problem", json);
        else if (status == 204)
                assert_null(json);
        else if (route->answer && route->answer[0])
                expect_shape(route->answer, json);
}
