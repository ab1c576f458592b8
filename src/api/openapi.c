/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/route.h"
#include "api/shapes.h"

static json_t *reference_to(const char *kind, const char *name)
{
        return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name));
}

/* "string", or ["string", "null"]. */
static json_t *type_json(const char *name, bool may_be_null)
{
        return may_be_null ? json_pack("[s, s]", name, "null") : json_string(name);
}

static json_t *value_json(const struct shape_field *field)
{
        bool null = field->may_be_null;
        switch (field->type) {
        case SHAPE_TEXT:
                return json_pack("{s:o}", "type", type_json("string", null));
        case SHAPE_TIME:
                return json_pack("{s:o, s:s}", "type", type_json("string", null), "format",
                                 "date-time");
        case SHAPE_COUNT:
                return json_pack("{s:o}", "type", type_json("integer", null));
        case SHAPE_NUMBER:
                return json_pack("{s:o}", "type", type_json("number", null));
        case SHAPE_SWITCH:
                return json_pack("{s:o}", "type", type_json("boolean", null));
        case SHAPE_TEXTS:
                return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
        case SHAPE_INTEGERS:
                return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "integer");
        case SHAPE_COUNTS:
                return json_pack("{s:s, s:{s:s}}", "type", "object", "additionalProperties", "type",
                                 "integer");
        case SHAPE_OBJECT:
                if (!null)
                        return reference_to("schemas", field->of);
                return json_pack("{s:[o, {s:s}]}", "anyOf", reference_to("schemas", field->of),
                                 "type", "null");
        case SHAPE_LIST:
                return json_pack("{s:s, s:o}", "type", "array", "items",
                                 reference_to("schemas", field->of));
        }
        return NULL;
}

static json_t *object_json(json_t *properties, json_t *required)
{
        return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties,
                         "required", required, "additionalProperties", 0);
}

static json_t *shape_json(const struct shape *shape)
{
        json_t *properties = json_object(), *required = json_array();
        for (const struct shape_field *field = shape->fields; field->name; field++) {
                json_object_set_new(properties, field->name, value_json(field));
                if (!field->may_be_absent)
                        json_array_append_new(required, json_string(field->name));
        }
        return object_json(properties, required);
}

/* Whatever may be left out may be null as well. */
static json_t *body_json(const struct body_field *fields)
{
        static const char *const types[] = {
                [BODY_TEXT] = "string",    [BODY_COUNT] = "integer", [BODY_NUMBER] = "integer",
                [BODY_SWITCH] = "boolean", [BODY_LIST] = "array",
        };
        json_t *properties = json_object(), *required = json_array();
        for (; fields->name; fields++) {
                json_t *value = json_pack("{s:o}", "type",
                                          type_json(types[fields->type], !fields->required));
                if (fields->items)
                        json_object_set_new(value, "items", body_json(fields->items));
                if (fields->type == BODY_COUNT)
                        json_object_set_new(value, "minimum", json_integer(0));
                json_object_set_new(properties, fields->name, value);
                if (fields->required)
                        json_array_append_new(required, json_string(fields->name));
        }
        return object_json(properties, required);
}

static json_t *problem_answer(const char *description)
{
        return json_pack("{s:s, s:{s:{s:o}}}", "description", description, "content",
                         "application/problem+json", "schema", reference_to("schemas", "Problem"));
}

static const char *description_of(unsigned status)
{
        static const struct {
                unsigned status;
                const char *text;
        } rows[] = {
                {200, "Done"},
                {201, "Made; Location says where it is"},
                {202, "Begun"},
                {204, "Done; there is nothing to say"},
                {400, "It cannot be read"},
                {401, "No key, or none that holds"},
                {403, "The key may not do this"},
                {404, "There is no such thing"},
                {409, "It contradicts what is there"},
                {413, "The body is too large"},
                {415, "The body is not application/json"},
                {422, "A field is wrong"},
                {429, "Too many requests; Retry-After says when to come again"},
                {500, "The server failed"},
                {503, "A limit is reached, or the disk does not take it; nothing was changed"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                if (rows[i].status == status)
                        return rows[i].text;
        }
        return "";
}

static json_t *good_answer(const struct route *route, unsigned status)
{
        json_t *answer = json_pack("{s:s}", "description", description_of(status));
        if (status == 204)
                return answer;
        const char *text = route->type ? route->type : "text/plain";
        const char *type = route->answer ? "application/json" : text;
        json_t *schema = route->answer && route->answer[0]
                                 ? reference_to("schemas", route->answer)
                                 : json_pack("{s:s}", "type", route->answer ? "object" : "string");
        json_object_set_new(answer, "content", json_pack("{s:{s:o}}", type, "schema", schema));
        return answer;
}

static json_t *answers_json(const struct route *route)
{
        unsigned statuses[ROUTE_STATUSES_MAX];
        unsigned count = route_statuses(route, statuses);
        json_t *answers = json_object();
        for (unsigned i = 0; i < count; i++) {
                char status[16];
                bool is_ours = statuses[i] < 400 || (route->is_open && route->answer);
                snprintf(status, sizeof status, "%u", statuses[i]);
                json_object_set_new(answers, status,
                                    is_ours ? good_answer(route, statuses[i])
                                            : problem_answer(description_of(statuses[i])));
        }
        return answers;
}

static json_t *parameter(const char *name, const char *in, bool required, const char *description)
{
        return json_pack("{s:s, s:s, s:b, s:s, s:{s:s}}", "name", name, "in", in, "required",
                         (int)required, "description", description, "schema", "type", "string");
}

static const char *meaning_of(const char *parameter)
{
        if (!strcmp(parameter, "limit"))
                return "How many: 1 to 1000.";
        if (!strcmp(parameter, "from") || !strcmp(parameter, "to"))
                return "A time as in RFC 3339.";
        return "Where to go on: what an earlier answer gave as \"next\".";
}

static json_t *parameters_json(const struct route *route)
{
        json_t *list = json_array();
        if (route->hole)
                json_array_append_new(list, parameter(route->hole, "path", true, "Which one."));
        for (const char *const *name = route->query; name && *name; name++)
                json_array_append_new(list, parameter(*name, "query", false, meaning_of(*name)));
        if (!route->is_open)
                json_array_append_new(list, reference_to("parameters", "tenant"));
        return list;
}

static json_t *operation_json(const struct route *route)
{
        json_t *operation = json_pack("{s:s, s:s, s:o, s:o}", "operationId", route->name, "summary",
                                      route->summary, "parameters", parameters_json(route),
                                      "responses", answers_json(route));
        if (route->fields)
                json_object_set_new(operation, "requestBody",
                                    json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content",
                                              "application/json", "schema",
                                              body_json(route->fields)));
        json_t *scopes = json_array();
        for (unsigned i = 0; i < SCOPE_COUNT; i++) {
                if (route->scopes & 1u << i)
                        json_array_append_new(scopes, json_string(api_scope_name(i)));
        }
        json_object_set_new(operation, "x-scopes", scopes);
        json_object_set_new(operation, "x-all-tenants", json_boolean(route->of_all));
        if (route->is_open)
                json_object_set_new(operation, "security", json_array());
        return operation;
}

/* "/v1/trunks/{name}" */
static void put_path(const struct route *route, char *out, size_t out_bytes)
{
        const char *hole = strstr(route->path, "{}");
        if (hole)
                snprintf(out, out_bytes, "%.*s{%s}%s", (int)(hole - route->path), route->path,
                         route->hole, hole + 2);
        else
                snprintf(out, out_bytes, "%s", route->path);
}

static json_t *paths_json(void)
{
        const struct route *route;
        json_t *paths = json_object();
        for (unsigned i = 0; (route = route_at(i)); i++) {
                char path[96], method[8] = "";
                put_path(route, path, sizeof path);
                for (size_t k = 0; route->method[k] && k + 1 < sizeof method; k++)
                        method[k] = (char)(route->method[k] | 0x20);
                json_t *item = json_object_get(paths, path);
                if (!item) {
                        item = json_object();
                        json_object_set_new(paths, path, item);
                }
                json_object_set_new(item, method, operation_json(route));
        }
        return paths;
}

static json_t *components_json(void)
{
        const struct shape *shape;
        json_t *schemas = json_object();
        for (unsigned i = 0; (shape = shape_at(i)); i++)
                json_object_set_new(schemas, shape->name, shape_json(shape));
        return json_pack("{s:o, s:{s:o}, s:{s:{s:s, s:s}}}", "schemas", schemas, "parameters",
                         "tenant",
                         parameter("tenant", "query", false,
                                   "For which tenant; for the operator's token and keys of all "
                                   "tenants. A tenant's key needs none."),
                         "securitySchemes", "key", "type", "http", "scheme", "bearer");
}

json_t *openapi_json(void)
{
        return json_pack(
                "{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:[{s:[]}], s:o, s:o}",
                "openapi", "3.1.0", "info", "title", "Maskline", "version", "1", "description",
                "Number masking. A real number goes in, in a body, and comes out for its own export alone.",
                "license", "name", "Apache-2.0", "identifier", "Apache-2.0", "servers", "url", "/",
                "security", "key", "paths", paths_json(), "components", components_json());
}

char *openapi_text(void)
{
        json_t *json = openapi_json();
        size_t bytes = json_dumpb(json, NULL, 0, JSON_COMPACT);
        char *text = bytes ? calloc(1, bytes + 1) : NULL;
        if (text)
                (void)json_dumpb(json, text, bytes, JSON_COMPACT);
        json_decref(json);
        return text;
}

void openapi_answer(struct rest *rest)
{
        const struct http_response response = {
                .status = 200,
                .content_type = "application/json",
                .body = slice_from(rest->api->description),
        };
        http_respond(rest->api->server, rest->exchange, &response);
}
