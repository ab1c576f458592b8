/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_numbers.h"

#include <stdio.h>

#include "api/body.h"
#include "api/party_number.h"
#include "base/log.h"

enum field {
        FIELD_NUMBER,
        FIELD_TRUNK,
        FIELDS,
};

const struct body_field rest_numbers_fields[] = {
        [FIELD_NUMBER] = {"number", BODY_TEXT, true},
        [FIELD_TRUNK] = {"trunk", BODY_TEXT, true},
        [FIELDS] = {NULL},
};

static json_t *number_json(const struct api *api, const struct number_row *row)
{
        const struct trunk *trunk = directory_trunk_get(api->params.directory, row->trunk_id);
        return json_pack("{s:o, s:s?, s:I}", "number", rest_masking_number(row->number), "trunk",
                         trunk ? trunk->name : NULL, "sessions", (json_int_t)row->sessions);
}

static bool read_row(struct rest *rest, struct number_row *row)
{
        const json_t *values[FIELDS];
        struct party_number_problem problem;
        *row = (struct number_row){.tenant_id = rest->who.tenant_id, .pool_id = 1};
        if (!body_fields(rest, rest->body, "", rest_numbers_fields, values))
                return false;
        if (party_number_read(body_slice(values[FIELD_NUMBER]), &rest->api->params.plan,
                              &row->number.n, &problem)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "number", problem.remedy,
                            "the number is refused: %s", problem.rule);
                return false;
        }
        const struct trunk *trunk = directory_trunk_find(
                rest->api->params.directory, rest->who.tenant_id, body_slice(values[FIELD_TRUNK]));
        if (!trunk) {
                rest_refuse(rest, PROBLEM_NOT_FOUND, "trunk",
                            "Add the trunk first; GET /v1/trunks (maskline trunk list) lists them.",
                            "there is no trunk named \"%s\"",
                            log_text(body_slice(values[FIELD_TRUNK])).text);
                return false;
        }
        row->trunk_id = trunk->id;
        return true;
}

static void refuse_number(struct rest *rest, int err)
{
        switch (err) {
        case ERR_EXISTS:
                rest_refuse(rest, PROBLEM_EXISTS, "number",
                            "To move it to another trunk, remove it first.",
                            "the number has been added already");
                return;
        case ERR_FULL:
                rest_refuse_full(rest);
                return;
        default:
                rest_refuse_store(rest, err);
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
        wait->answer = number_json(rest->api, &row);
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
                json_array_append_new(list, number_json(rest->api, row));
                at++;
        }
        bool more = row != NULL;
        rest_answer(rest->api, rest->exchange, 200,
                    json_pack("{s:o, s:o}", "numbers", list, "next",
                              more ? json_sprintf("%u", at) : json_null()));
}

void rest_numbers_remove(struct rest *rest)
{
        struct masking_number number;
        struct directory *directory = rest->api->params.directory;
        const struct number_row *row = NULL;
        if (number_parse(slice_from(rest->segment), &rest->api->params.plan, &number.n) == 0)
                row = directory_number_find(directory, number);
        if (!row || row->tenant_id != rest->who.tenant_id) {
                rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                            "GET /v1/numbers (maskline number list) lists them.",
                            "there is no such masking number");
                return;
        }
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        wait->status = 204;
        int err = directory_number_remove(directory, number, rest_wait_done, wait);
        if (!err)
                return;
        rest_wait_destroy(wait);
        if (err == ERR_IN_USE)
                rest_refuse(rest, PROBLEM_IN_USE, NULL, "End those sessions first.",
                            "live sessions hold this number");
        else
                rest_refuse_store(rest, err);
}
