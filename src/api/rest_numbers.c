/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_numbers.h"

#include <stdio.h>

#include "api/number_fields.h"

const struct body_field rest_numbers_fields[] = {
        [NUMBER_FIELD_NUMBER] = {"number", BODY_TEXT, true},
        [NUMBER_FIELD_TRUNK] = {"trunk", BODY_TEXT, true},
        [NUMBER_FIELD_POOL] = NUMBER_FIELD_ROWS,
        [NUMBER_FIELDS] = {NULL},
};

/* All but the number, which is in the path. */
const struct body_field rest_numbers_change_fields[] = {
        [NUMBER_FIELD_TRUNK - 1] = {"trunk", BODY_TEXT},
        [NUMBER_FIELD_POOL - 1] = NUMBER_FIELD_ROWS,
        [NUMBER_FIELDS - 1] = {NULL},
};

static void refuse_field(struct rest *rest, const struct number_problem *problem)
{
        rest_refuse(rest, problem->kind, problem->field, problem->remedy, "%s", problem->rule);
}

static bool read_row(struct rest *rest, struct number_row *row)
{
        const json_t *values[NUMBER_FIELDS];
        struct number_problem problem;
        if (!body_fields(rest, rest->body, "", rest_numbers_fields, values))
                return false;
        if (number_fields_begin(rest->api, rest->who.tenant_id, values[NUMBER_FIELD_NUMBER], row,
                                &problem) ||
            number_fields_read(rest->api, rest->who.tenant_id, values, row, &problem)) {
                refuse_field(rest, &problem);
                return false;
        }
        return true;
}

static void refuse_number(struct rest *rest, int err)
{
        switch (err) {
        case ERR_EXISTS:
                rest_refuse(
                        rest, PROBLEM_EXISTS, "number",
                        "PATCH /v1/numbers/{number} (maskline number change) moves it to another "
                        "trunk.",
                        "the number has been added already");
                return;
        default:
                rest_refuse_failed(rest, err);
        }
}

void rest_numbers_create(struct rest *rest)
{
        struct number_row row;
        if (!read_row(rest, &row))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        int err = directory_number_add(rest->api->params.directory, &row, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_number(rest, err);
                return;
        }
        wait->status = 201;
        struct buf location;
        buf_init(&location, wait->location, sizeof wait->location - 1);
        buf_put_text(&location, "/v1/numbers/");
        buf_put_number(&location, row.number.n);
        wait->answer = number_fields_json(rest->api, &row);
}

/* The first of the tenant's from position `at` on, where `at` then is. */
static const struct number_row *next_own(const struct rest *rest, uint32_t *at)
{
        const struct number_row *row;
        for (; (row = directory_number_at(rest->api->params.directory, *at)); (*at)++) {
                if (row->tenant_id == rest->who.tenant_id)
                        return row;
        }
        return NULL;
}

/* Pages go by position; a number that is removed meanwhile may hide one from a page. */
void rest_numbers_list(struct rest *rest)
{
        uint32_t limit, at = 0;
        if (!query_limit(rest, rest->query[0], &limit))
                return;
        if (rest->query[1][0] && slice_to_u32(slice_from(rest->query[1]), UINT32_MAX - 1000, &at)) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "after", "Use the \"next\" of a page.",
                            "after must be what an earlier page gave as \"next\"");
                return;
        }

        const struct number_row *row;
        json_t *list = json_array();
        while ((row = next_own(rest, &at)) && json_array_size(list) < limit) {
                json_array_append_new(list, number_fields_json(rest->api, row));
                at++;
        }
        bool more = row != NULL;
        rest_answer(rest->api, rest->exchange, 200,
                    json_pack("{s:o, s:o}", "numbers", list, "next",
                              more ? json_sprintf("%u", at) : json_null()));
}

/* The tenant's number that the path names; NULL: the request has been answered. */
static const struct number_row *find_or_refuse(struct rest *rest)
{
        struct masking_number number;
        const struct number_row *row = NULL;
        if (number_parse(slice_from(rest->segment), &rest->api->params.plan, &number.n) == 0)
                row = directory_number_find(rest->api->params.directory, number);
        if (row && row->tenant_id == rest->who.tenant_id)
                return row;
        rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                    "GET /v1/numbers (maskline number list) lists them.",
                    "there is no such masking number");
        return NULL;
}

void rest_numbers_show(struct rest *rest)
{
        const struct number_row *row = find_or_refuse(rest);
        if (row)
                rest_answer(rest->api, rest->exchange, 200, number_fields_json(rest->api, row));
}

static void refuse_held(struct rest *rest, int err)
{
        if (err == ERR_IN_USE)
                rest_refuse(rest, PROBLEM_IN_USE, NULL,
                            "Freeze it (maskline number drain), so that no new session gets it, "
                            "and wait until those have ended, or end them.",
                            "live sessions hold this number");
        else
                rest_refuse_failed(rest, err);
}

void rest_numbers_change(struct rest *rest)
{
        const json_t *values[NUMBER_FIELDS] = {NULL};
        struct number_problem problem;
        if (!body_fields(rest, rest->body, "", rest_numbers_change_fields,
                         &values[NUMBER_FIELD_TRUNK]))
                return;
        const struct number_row *row = find_or_refuse(rest);
        if (!row)
                return;
        struct number_row changed = *row;
        if (number_fields_read(rest->api, rest->who.tenant_id, values, &changed, &problem)) {
                refuse_field(rest, &problem);
                return;
        }
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        int err = directory_number_change(rest->api->params.directory, &changed, rest_wait_done,
                                          wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_held(rest, err);
                return;
        }
        wait->answer = number_fields_json(rest->api, &changed);
}

void rest_numbers_remove(struct rest *rest)
{
        const struct number_row *row = find_or_refuse(rest);
        struct rest_wait *wait = row ? rest_wait_create(rest) : NULL;
        if (!wait)
                return;

        wait->status = 204;
        int err = directory_number_remove(rest->api->params.directory, row->number, rest_wait_done,
                                          wait);
        if (!err)
                return;
        rest_wait_destroy(wait);
        refuse_held(rest, err);
}
