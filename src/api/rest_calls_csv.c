/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_calls_csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/timestamp.h"
#include "base/secret.h"
#include "store/directory_tenant.h"
#include "wire/csv.h"

#define LINE_BYTES_MAX 1024
#define CELL_BYTES     32

/* A cell is a member of the call, of its hangup, or of one of its legs. */
static const struct column {
        const char *title;
        const char *of; /* "": the call itself; "a", "b": that leg */
        const char *member;
} columns[] = {
        {"id", "", "id"},
        {"session", "", "session"},
        {"verdict", "", "verdict"},
        {"dialled", "", "dialled"},
        {"shown", "", "shown"},
        {"caller", "", "caller"},
        {"callee", "", "callee"},
        {"trunk_in", "a", "trunk"},
        {"trunk_out", "b", "trunk"},
        {"started_at", "", "started_at"},
        {"answered_at", "", "answered_at"},
        {"ended_at", "", "ended_at"},
        {"duration_ms", "", "duration_ms"},
        {"hangup_code", "hangup", "code"},
        {"hangup", "hangup", "name"},
        {"hangup_source", "hangup", "source"},
        {"q850", "", "q850"},
        {"sip_status_in", "a", "sip_status"},
        {"sip_status_out", "b", "sip_status"},
};
#define COLUMNS (sizeof columns / sizeof columns[0])

static const json_t *leg_of(const json_t *call, const char *leg)
{
        size_t at;
        json_t *one;
        json_array_foreach(json_object_get(call, "legs"), at, one)
        {
                const char *text = json_string_value(json_object_get(one, "leg"));
                if (text && !strcmp(text, leg))
                        return one;
        }
        return NULL;
}

static const json_t *value_of(const json_t *call, const struct column *column)
{
        const json_t *of = call;
        if (!strcmp(column->of, "hangup"))
                of = json_object_get(call, column->of);
        else if (column->of[0])
                of = leg_of(call, column->of);
        return json_object_get(of, column->member);
}

/* "+919000000001", which a spreadsheet takes for a number and not for a formula. */
static bool is_number(const char *text)
{
        return text[0] == '+' && text[1 + strspn(text + 1, "0123456789")] == '\0';
}

static void put_value(struct buf *out, const json_t *value)
{
        char text[CELL_BYTES];
        const char *string = json_string_value(value);
        if (json_is_integer(value)) {
                int n = snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT,
                                 json_integer_value(value));
                csv_put_plain(out, (struct slice){text, (size_t)n});
        } else if (string && is_number(string)) {
                csv_put_plain(out, slice_from(string));
        } else if (string) {
                csv_put_text(out, slice_from(string));
        }
}

static void put_titles(struct buf *out)
{
        for (size_t i = 0; i < COLUMNS; i++)
                buf_printf(out, "%s%s", i ? "," : "", columns[i].title);
        buf_put_text(out, "\r\n");
}

static void put_call(struct buf *out, const json_t *call)
{
        for (size_t i = 0; i < COLUMNS; i++) {
                if (i)
                        buf_put_char(out, ',');
                put_value(out, value_of(call, &columns[i]));
        }
        buf_put_text(out, "\r\n");
}

/* The same question, from where this page ended. */
static void put_link(struct buf *out, const struct rest_wait *wait, int64_t next_ms)
{
        if (!next_ms)
                return;
        buf_printf(out, "</v1/calls.csv?limit=%" PRIu32 "&before=%" PRId64, wait->limit, next_ms);
        if (wait->since_ms)
                buf_printf(out, "&from=%s", timestamp_format(wait->since_ms).text);
        const struct tenant *tenant =
                directory_tenant_get(wait->api->params.directory, wait->who.tenant_id);
        if (wait->who.has_chosen && tenant)
                buf_printf(out, "&tenant=%s", tenant->name);
        buf_put_text(out, ">; rel=\"next\"");
}

void rest_calls_answer_csv(struct rest_wait *wait, const json_t *calls, int64_t next_ms)
{
        char link[256];
        struct buf link_out, out;
        size_t bytes = (json_array_size(calls) + 1) * LINE_BYTES_MAX, at;
        char *memory = secret_heap_alloc(bytes);
        json_t *call;
        if (!memory) {
                rest_answer(wait->api, wait->exchange, 500, NULL);
                return;
        }
        buf_init(&link_out, link, sizeof link - 1);
        put_link(&link_out, wait, next_ms);
        link[link_out.len] = '\0';
        buf_init(&out, memory, bytes);
        if (!wait->is_continued)
                put_titles(&out);
        json_array_foreach(calls, at, call) put_call(&out, call);

        struct http_response response = {
                .status = 200,
                .content_type = "text/csv; charset=utf-8",
                .body = buf_slice(&out),
                .link = link[0] ? link : NULL,
        };
        if (buf_ok(&out))
                http_respond(wait->api->server, wait->exchange, &response);
        else
                rest_answer(wait->api, wait->exchange, 500, NULL);
        secret_heap_free(memory);
}
