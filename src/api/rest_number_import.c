/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_number_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/number_fields.h"
#include "base/log.h"

enum outcome {
        ROW_ADDED,
        ROW_CHANGED,
        ROW_SAME, /* it is there, as the row says */
        ROW_REJECTED,
        OUTCOMES,
};

static const char *const outcome_texts[OUTCOMES] = {
        [ROW_ADDED] = "added",
        [ROW_CHANGED] = "changed",
        [ROW_SAME] = "same",
        [ROW_REJECTED] = "rejected",
};

struct import;

struct import_row {
        struct import *import;
        enum outcome outcome;
        struct number_row number;
        struct number_problem problem; /* when it is rejected */
};

/* Lives until the disk has answered for every row. */
struct import {
        struct rest_wait *wait; /* owned until it answers */
        bool dry_run;
        uint32_t count, waiting;
        struct import_row rows[];
};

const struct body_field rest_number_import_rows[] = {
        [NUMBER_FIELD_NUMBER] = {"number", BODY_TEXT, true},
        [NUMBER_FIELD_TRUNK] = {"trunk", BODY_TEXT},
        [NUMBER_FIELD_POOL] = NUMBER_FIELD_ROWS,
        [NUMBER_FIELDS] = {NULL},
};

static void reject(struct import_row *row, enum problem_kind kind, const char *field,
                   const char *rule, const char *remedy)
{
        row->outcome = ROW_REJECTED;
        row->problem.kind = kind;
        row->problem.field = field;
        row->problem.remedy = remedy;
        snprintf(row->problem.rule, sizeof row->problem.rule, "%s", rule);
}

static void reject_err(struct import_row *row, int err)
{
        switch (err) {
        case ERR_IN_USE:
                reject(row, PROBLEM_IN_USE, "trunk",
                       "live sessions hold the number, so it stays on its trunk and in its pool",
                       "Freeze it, wait until its sessions have ended, then move it.");
                return;
        case ERR_FULL:
                reject(row, PROBLEM_LIMIT, NULL, "a table or the store's queue is full",
                       "Import the rest again; if it stays so, raise numbers_max.");
                return;
        default:
                reject(row, PROBLEM_STORE, NULL, "it could not be written to disk",
                       "See the server's log and /readyz, then import the rest again.");
        }
}

static json_t *row_json(const struct import_row *row, uint32_t index)
{
        json_t *json = json_pack("{s:I, s:s}", "row", (json_int_t)index, "result",
                                 outcome_texts[row->outcome]);
        if (row->outcome == ROW_REJECTED)
                json_object_update_new(
                        json, json_pack("{s:s?, s:s, s:s?}", "field", row->problem.field, "detail",
                                        row->problem.rule, "remedy", row->problem.remedy));
        return json;
}

static json_t *report_json(const struct import *import)
{
        uint32_t counts[OUTCOMES] = {0};
        json_t *rows = json_array();
        json_t *report = json_pack("{s:b}", "dry_run", (int)import->dry_run);
        for (uint32_t i = 0; i < import->count; i++) {
                counts[import->rows[i].outcome]++;
                json_array_append_new(rows, row_json(&import->rows[i], i));
        }
        for (unsigned i = 0; i < OUTCOMES; i++)
                json_object_set_new(report, outcome_texts[i], json_integer(counts[i]));
        json_object_set_new(report, "rows", rows);
        return report;
}

/* Rows that the disk refused have been taken back; the others hold, and are said to. */
static void finish(struct import *import)
{
        struct rest_wait *wait = import->wait;
        if (wait->api)
                wait->answer = report_json(import);
        free(import);
        rest_wait_done(wait, 0);
}

static void on_written(void *arg, int err)
{
        struct import_row *row = arg;
        struct import *import = row->import;
        if (err)
                reject_err(row, err);
        if (--import->waiting == 0)
                finish(import);
}

static bool is_same(const struct number_row *a, const struct number_row *b)
{
        const struct number_traits *x = &a->traits, *y = &b->traits;
        return a->trunk_id == b->trunk_id && a->pool_id == b->pool_id &&
               !strcmp(x->place.country, y->place.country) &&
               !strcmp(x->place.area, y->place.area) && x->capabilities == y->capabilities &&
               x->reserved == y->reserved && x->frozen == y->frozen && !strcmp(x->tags, y->tags);
}

static bool is_twice(const struct import *import, const struct import_row *row)
{
        for (const struct import_row *other = import->rows; other < row; other++)
                if (number_equal(other->number.number.n, row->number.number.n))
                        return true;
        return false;
}

/* What the row wants, compared with what is there; false: it is rejected. */
static bool judge(struct rest *rest, struct import_row *row, const json_t *const *values)
{
        struct number_row wanted;
        if (number_fields_begin(rest->api, rest->who.tenant_id, values[NUMBER_FIELD_NUMBER],
                                &wanted, &row->problem)) {
                row->outcome = ROW_REJECTED;
                return false;
        }
        row->number = wanted;
        const struct number_row *there =
                directory_number_find(rest->api->params.directory, wanted.number);
        if (is_twice(row->import, row)) {
                reject(row, PROBLEM_EXISTS, "number", "the number is in this import twice",
                       "Leave one of the rows out.");
                return false;
        }
        if (there && there->tenant_id != rest->who.tenant_id) {
                reject(row, PROBLEM_EXISTS, "number", "the number has been added already",
                       "Leave the row out.");
                return false;
        }
        if (there)
                row->number = *there;
        if (number_fields_read(rest->api, rest->who.tenant_id, values, &row->number,
                               &row->problem)) {
                row->outcome = ROW_REJECTED;
                return false;
        }
        if (!row->number.trunk_id) {
                reject(row, PROBLEM_MISSING_FIELD, "trunk", "trunk is missing",
                       "Name the trunk that owns the number.");
                return false;
        }
        row->outcome = !there ? ROW_ADDED : is_same(there, &row->number) ? ROW_SAME : ROW_CHANGED;
        bool moves = there && (there->trunk_id != row->number.trunk_id ||
                               there->pool_id != row->number.pool_id);
        if (moves && there->sessions)
                reject_err(row, ERR_IN_USE);
        return row->outcome != ROW_REJECTED;
}

static void carry_out(struct rest *rest, struct import_row *row)
{
        int err;
        struct directory *directory = rest->api->params.directory;
        if (row->outcome == ROW_SAME || row->import->dry_run)
                return;
        row->import->waiting++;
        if (row->outcome == ROW_ADDED)
                err = directory_number_add(directory, &row->number, on_written, row);
        else
                err = directory_number_change(directory, &row->number, on_written, row);
        if (err) {
                row->import->waiting--;
                reject_err(row, err);
        }
}

static struct import *begin(struct rest *rest, const json_t *rows, bool dry_run)
{
        uint32_t count = (uint32_t)json_array_size(rows);
        struct import *import = calloc(1, sizeof *import + count * sizeof import->rows[0]);
        struct rest_wait *wait = rest_wait_create_for(rest, import);
        if (!wait) {
                free(import);
                return NULL;
        }
        import->wait = wait;
        import->dry_run = dry_run;
        import->count = count;
        for (uint32_t i = 0; i < count; i++)
                import->rows[i].import = import;
        return import;
}

enum field {
        FIELD_DRY_RUN,
        FIELD_ROWS,
        FIELDS,
};

const struct body_field rest_number_import_fields[] = {
        [FIELD_DRY_RUN] = {"dry_run", BODY_SWITCH},
        [FIELD_ROWS] = {"rows", BODY_LIST, true},
        [FIELDS] = {NULL},
};

/* The types of all rows, before anything is done: what is no row at all refuses the request. */
static bool check_rows(struct rest *rest, const json_t *rows)
{
        size_t at;
        json_t *row;
        const json_t *values[NUMBER_FIELDS];
        if (json_array_size(rows) < 1 || json_array_size(rows) > NUMBER_IMPORT_ROWS_MAX) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "rows", "Send them in parts.",
                            "an import has 1 to %d rows", NUMBER_IMPORT_ROWS_MAX);
                return false;
        }
        json_array_foreach(rows, at, row)
        {
                char where[32];
                snprintf(where, sizeof where, "rows[%zu].", at);
                if (!body_fields(rest, row, where, rest_number_import_rows, values))
                        return false;
        }
        return true;
}

static void take_values(const json_t *row, const json_t **values)
{
        for (unsigned i = 0; i < NUMBER_FIELDS; i++) {
                const json_t *value = json_object_get(row, rest_number_import_rows[i].name);
                values[i] = json_is_null(value) ? NULL : value;
        }
}

void rest_number_import(struct rest *rest)
{
        const json_t *values[FIELDS], *row_values[NUMBER_FIELDS];
        if (!body_fields(rest, rest->body, "", rest_number_import_fields, values) ||
            !check_rows(rest, values[FIELD_ROWS]))
                return;
        struct import *import =
                begin(rest, values[FIELD_ROWS], json_is_true(values[FIELD_DRY_RUN]));
        if (!import)
                return;
        import->waiting = 1; /* ours, so that no answer comes before the last row */
        for (uint32_t i = 0; i < import->count; i++) {
                take_values(json_array_get(values[FIELD_ROWS], i), row_values);
                if (judge(rest, &import->rows[i], row_values))
                        carry_out(rest, &import->rows[i]);
        }
        if (--import->waiting == 0)
                finish(import);
}
