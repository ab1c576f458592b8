/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_session_import.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/session_fields.h"
#include "api/session_order.h"

/* Rows for each turn of the loop: calls come between them. */
#define PER_TURN 16

/* Of the JSON of sessions' rows in one answer: what comes behind is told without. */
#define SESSION_ROWS_BYTES_MAX (2 << 20)

enum outcome {
        ROW_CREATED,
        ROW_THERE, /* its reference was known */
        ROW_REJECTED,
        OUTCOMES,
};

static const char *const outcome_texts[OUTCOMES] = {
        [ROW_CREATED] = "created",
        [ROW_THERE] = "there",
        [ROW_REJECTED] = "rejected",
};

struct import;

struct import_row {
        struct import *import;
        enum outcome outcome;
        json_t *told; /* owned: the session, or why it was rejected */
};

/* Lives until the disk has answered for every row. */
struct import {
        struct rest_wait *wait; /* owned until it answers */
        struct io *io;
        struct io_timer timer;
        struct principal who;
        json_t *orders; /* owned: the rows as they were sent */
        bool dry_run, tells_secret;
        uint32_t count, next, waiting;
        size_t told_bytes; /* of sessions' rows */
        struct import_row rows[];
};

static void destroy(struct import *import)
{
        for (uint32_t i = 0; i < import->count; i++)
                json_decref(import->rows[i].told);
        json_decref(import->orders);
        free(import);
}

static json_t *row_json(struct import_row *row, uint32_t index)
{
        json_t *json = json_pack("{s:I, s:s}", "row", (json_int_t)index, "result",
                                 outcome_texts[row->outcome]);
        if (row->outcome == ROW_REJECTED)
                json_object_update(json, row->told);
        else if (row->told)
                json_object_set(json, "session", row->told);
        return json;
}

static json_t *report_json(struct import *import)
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
        if (wait->api) {
                wait->api->imports--;
                wait->answer = report_json(import);
                if (import->tells_secret)
                        rest_keep_secret(wait->api, wait->exchange);
        }
        destroy(import);
        rest_wait_done(wait, 0);
}

static void reject(struct import_row *row, const struct rest_caught *caught)
{
        json_decref(row->told);
        row->outcome = ROW_REJECTED;
        row->told = json_pack("{s:s?, s:s, s:s?}", "field", caught->field[0] ? caught->field : NULL,
                              "detail", caught->detail, "remedy",
                              caught->remedy[0] ? caught->remedy : NULL);
}

static void on_written(void *arg, int err)
{
        static const struct rest_caught not_kept = {
                .detail = "it could not be written to disk",
                .remedy = "See the server's log and /readyz, then import the rest again.",
        };
        struct import_row *row = arg;
        struct import *import = row->import;
        if (err)
                reject(row, &not_kept);
        if (--import->waiting == 0)
                finish(import);
}

/* Who dials which number is many times as large as the order, and can be asked for again; PINs cannot. */
static void shorten(struct import *import, json_t *session)
{
        const json_t *rows = json_object_get(session, "rows");
        size_t bytes = rows ? json_dumpb(rows, NULL, 0, JSON_COMPACT) : 0;
        if (bytes > SESSION_ROWS_BYTES_MAX - import->told_bytes)
                json_object_del(session, "rows");
        else
                import->told_bytes += bytes;
}

static void carry_out(struct import *import, struct import_row *row, const json_t *order)
{
        static const struct http_request
                nothing; /* no Idempotency-Key: that is the whole import's */
        struct rest_caught caught = {.kind = PROBLEM_INTERNAL};
        struct session_order made = {.is_trial = import->dry_run};
        struct rest rest = {
                .api = import->wait->api,
                .exchange = import->wait->exchange,
                .request = &nothing,
                .who = import->who,
                .caught = &caught,
        };
        import->waiting++;
        bool done = session_order(&rest, order, &made, on_written, row);
        if (!done || import->dry_run)
                import->waiting--;
        if (!done) {
                reject(row, &caught);
                return;
        }
        row->outcome = made.repeated ? ROW_THERE : ROW_CREATED;
        row->told = made.answer;
        shorten(import, row->told);
        import->tells_secret |= made.tells_secret;
}

static void go_on(void *arg)
{
        struct import *import = arg;
        for (unsigned i = 0; i < PER_TURN && import->next < import->count; i++) {
                uint32_t at = import->next++;
                carry_out(import, &import->rows[at], json_array_get(import->orders, at));
        }
        if (import->next < import->count)
                io_timer_start(import->io, &import->timer, 0, go_on, import);
        else if (--import->waiting == 0)
                finish(import);
}

/* The API ends: rows that have not had their turn are not done, those that wait still come. */
static void stop(struct rest_wait *wait)
{
        struct import *import = wait->stop_arg;
        if (import->next == import->count)
                return;
        io_timer_stop(import->io, &import->timer);
        import->next = import->count;
        if (--import->waiting == 0)
                finish(import);
}

static struct import *begin(struct rest *rest, json_t *orders, bool dry_run)
{
        uint32_t count = (uint32_t)json_array_size(orders);
        if (rest->api->imports >= SESSION_IMPORTS_MAX) {
                rest_refuse(rest, PROBLEM_LIMIT, NULL, "Send it again in a few seconds.",
                            "%d imports of sessions are at work already; nothing was changed",
                            SESSION_IMPORTS_MAX);
                return NULL;
        }
        struct import *import = calloc(1, sizeof *import + count * sizeof import->rows[0]);
        struct rest_wait *wait = rest_wait_create_for(rest, import);
        if (!wait) {
                free(import);
                return NULL;
        }
        wait->stop = stop;
        wait->stop_arg = import;
        *import = (struct import){
                .wait = wait,
                .io = rest->api->params.io,
                .who = rest->who,
                .orders = json_incref(orders),
                .dry_run = dry_run,
                .count = count,
                .waiting = 1, /* ours, so that no answer comes before the last row */
        };
        rest->api->imports++;
        for (uint32_t i = 0; i < count; i++)
                import->rows[i].import = import;
        return import;
}

enum field {
        FIELD_DRY_RUN,
        FIELD_ROWS,
        FIELDS,
};

const struct body_field rest_session_import_fields[] = {
        [FIELD_DRY_RUN] = {"dry_run", BODY_SWITCH},
        [FIELD_ROWS] = {"rows", BODY_LIST, true, session_fields},
        [FIELDS] = {NULL},
};

/* What is no object at all refuses the request, before anything is done. */
static bool check_rows(struct rest *rest, const json_t *rows)
{
        size_t at;
        const json_t *row;
        if (json_array_size(rows) < 1 || json_array_size(rows) > SESSION_IMPORT_ROWS_MAX) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "rows", "Send them in parts.",
                            "an import has 1 to %d rows", SESSION_IMPORT_ROWS_MAX);
                return false;
        }
        json_array_foreach((json_t *)(uintptr_t)rows, at, row)
        {
                char where[32];
                if (json_is_object(row))
                        continue;
                snprintf(where, sizeof where, "rows[%zu]", at);
                rest_refuse(rest, PROBLEM_BAD_VALUE, where,
                            "Write it as the body of POST /v1/sessions.", "a row is an object");
                return false;
        }
        return true;
}

void rest_session_import(struct rest *rest)
{
        const json_t *values[FIELDS];
        if (!body_fields(rest, rest->body, "", rest_session_import_fields, values) ||
            !check_rows(rest, values[FIELD_ROWS]))
                return;
        struct import *import = begin(rest, json_object_get(rest->body, "rows"),
                                      json_is_true(values[FIELD_DRY_RUN]));
        if (import)
                go_on(import);
}
