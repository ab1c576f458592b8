/* SPDX-License-Identifier: Apache-2.0 */
#include "api/number_fields.h"

#include <stdio.h>
#include <string.h>

#include "api/party_number.h"
#include "api/phonenumber.h"

#define TAGS_RULE                                                                                  \
        "tags are words of letters, digits, \"-\", \"_\" and \".\", 63 characters in all with a "  \
        "comma between them"

static int refuse(struct number_problem *problem, enum problem_kind kind, const char *field,
                  const char *remedy, const char *rule)
{
        problem->kind = kind;
        problem->field = field;
        problem->remedy = remedy;
        snprintf(problem->rule, sizeof problem->rule, "%s", rule);
        return ERR_SYNTAX;
}

static int bad_value(struct number_problem *problem, const char *field, const char *remedy,
                     const char *rule)
{
        return refuse(problem, PROBLEM_BAD_VALUE, field, remedy, rule);
}

int number_fields_begin(const struct api *api, uint32_t tenant_id, const json_t *number,
                        struct number_row *row, struct number_problem *problem)
{
        struct party_number_problem why;
        struct phonenumber_facts facts;
        *row = (struct number_row){.tenant_id = tenant_id, .pool_id = DIRECTORY_DEFAULT_POOL};
        if (party_number_read(body_slice(number), &api->params.plan, &row->number.n, &why)) {
                (void)bad_value(problem, "number", why.remedy, "");
                snprintf(problem->rule, sizeof problem->rule, "the number is refused: %s",
                         why.rule);
                return ERR_SYNTAX;
        }
        phonenumber_describe(row->number.n.e164, &facts);
        snprintf(row->traits.place.country, sizeof row->traits.place.country, "%s", facts.country);
        snprintf(row->traits.place.area, sizeof row->traits.place.area, "%s", facts.area);
        row->traits.capabilities = 1 << CAN_VOICE;
        return 0;
}

static int read_trunk(const struct api *api, uint32_t tenant_id, const json_t *value,
                      struct number_row *row, struct number_problem *problem)
{
        if (!value)
                return 0;
        const struct trunk *trunk =
                directory_trunk_find(api->params.directory, tenant_id, body_slice(value));
        if (trunk) {
                row->trunk_id = trunk->id;
                return 0;
        }
        return refuse(problem, PROBLEM_NOT_FOUND, "trunk",
                      "Add the trunk first; GET /v1/trunks (maskline trunk list) lists them.",
                      "there is no trunk of this name");
}

static int read_pool(const struct api *api, uint32_t tenant_id, const json_t *value,
                     struct number_row *row, struct number_problem *problem)
{
        if (!value)
                return 0;
        if (slice_equal(body_slice(value), SLICE("default"))) {
                row->pool_id = DIRECTORY_DEFAULT_POOL;
                return 0;
        }
        const struct directory_pool *pool =
                directory_pool_find(api->params.directory, tenant_id, body_slice(value));
        if (pool) {
                row->pool_id = pool->id;
                return 0;
        }
        return refuse(problem, PROBLEM_NOT_FOUND, "pool",
                      "Add the pool first, or leave it out for the pool named default.",
                      "there is no pool of this name");
}

int number_fields_place(const json_t *country, const json_t *area, struct number_place *place,
                        struct number_problem *problem)
{
        struct slice text = body_slice(country);
        if (country && (number_country_check(text) ||
                        slice_to_text(text, place->country, sizeof place->country)))
                return bad_value(problem, "country", "Write it as ISO 3166 does: IN, GB, US.",
                                 "a country is two capital letters, or nothing");
        text = body_slice(area);
        if (area &&
            (number_area_check(text) || slice_to_text(text, place->area, sizeof place->area)))
                return bad_value(problem, "area", "Leave out the 0 in front: 22 for Mumbai.",
                                 "an area is up to 7 digits, or nothing");
        return 0;
}

static int read_capabilities(const json_t *list, struct number_traits *traits,
                             struct number_problem *problem)
{
        size_t at;
        json_t *word;
        uint8_t bits = 0;
        if (!list)
                return 0;
        json_array_foreach(list, at, word)
        {
                unsigned i = 0;
                const char *text = json_string_value(word);
                while (i < NUMBER_CAPABILITIES && text && strcmp(text, number_capability_names[i]))
                        i++;
                if (!text || i == NUMBER_CAPABILITIES)
                        return bad_value(problem, "capabilities", "Write voice, sms, or both.",
                                         "a capability is voice or sms");
                bits |= (uint8_t)(1u << i);
        }
        if (!bits)
                return bad_value(problem, "capabilities", "Write voice, sms, or both.",
                                 "a number can carry something");
        traits->capabilities = bits;
        return 0;
}

static int read_tags(const json_t *list, struct number_traits *traits,
                     struct number_problem *problem)
{
        char text[NUMBER_TAGS_BYTES];
        struct buf b;
        size_t at;
        json_t *word;
        if (!list)
                return 0;
        buf_init(&b, text, sizeof text - 1);
        json_array_foreach(list, at, word)
        {
                struct slice tag = body_slice(word);
                if (!json_is_string(word) || !tag.len || memchr(tag.p, ',', tag.len))
                        return bad_value(problem, "tags", "Leave other characters out.", TAGS_RULE);
                if (b.len)
                        buf_put_char(&b, ',');
                buf_put_slice(&b, tag);
        }
        if (!buf_ok(&b) || number_tags_check(buf_slice(&b)))
                return bad_value(problem, "tags", "Use fewer or shorter ones.", TAGS_RULE);
        text[b.len] = '\0';
        memcpy(traits->tags, text, b.len + 1);
        return 0;
}

int number_fields_read(const struct api *api, uint32_t tenant_id, const json_t *const *values,
                       struct number_row *row, struct number_problem *problem)
{
        struct number_traits *traits = &row->traits;
        int err = read_trunk(api, tenant_id, values[NUMBER_FIELD_TRUNK], row, problem);
        if (!err)
                err = read_pool(api, tenant_id, values[NUMBER_FIELD_POOL], row, problem);
        if (!err)
                err = number_fields_place(values[NUMBER_FIELD_COUNTRY], values[NUMBER_FIELD_AREA],
                                          &traits->place, problem);
        if (!err)
                err = read_capabilities(values[NUMBER_FIELD_CAPABILITIES], traits, problem);
        if (!err)
                err = read_tags(values[NUMBER_FIELD_TAGS], traits, problem);
        if (err)
                return err;
        if (values[NUMBER_FIELD_RESERVED])
                traits->reserved = json_is_true(values[NUMBER_FIELD_RESERVED]);
        if (values[NUMBER_FIELD_FROZEN])
                traits->frozen = json_is_true(values[NUMBER_FIELD_FROZEN]);
        return 0;
}

static json_t *text_or_null(const char *text)
{
        return text[0] ? json_string(text) : json_null();
}

static json_t *tags_json(const char *tags)
{
        json_t *list = json_array();
        while (*tags) {
                size_t len = strcspn(tags, ",");
                json_array_append_new(list, json_stringn(tags, len));
                tags += len + (tags[len] == ',');
        }
        return list;
}

json_t *number_fields_json(const struct api *api, const struct number_row *row)
{
        const struct number_traits *traits = &row->traits;
        const struct trunk *trunk = directory_trunk_get(api->params.directory, row->trunk_id);
        const struct directory_pool *pool =
                directory_pool_get(api->params.directory, row->tenant_id, row->pool_id);
        json_t *capabilities = json_array();
        for (unsigned i = 0; i < NUMBER_CAPABILITIES; i++)
                if (traits->capabilities & 1u << i)
                        json_array_append_new(capabilities,
                                              json_string(number_capability_names[i]));
        return json_pack("{s:o, s:s?, s:s, s:I, s:o, s:o, s:o, s:b, s:b, s:o}", "number",
                         rest_masking_number(row->number), "trunk", trunk ? trunk->name : NULL,
                         "pool", pool ? pool->name : "default", "sessions",
                         (json_int_t)row->sessions, "country", text_or_null(traits->place.country),
                         "area", text_or_null(traits->place.area), "capabilities", capabilities,
                         "reserved", (int)traits->reserved, "frozen", (int)traits->frozen, "tags",
                         tags_json(traits->tags));
}
