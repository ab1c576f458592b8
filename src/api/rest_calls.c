/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_calls.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/calls_page.h"
#include "api/rest_calls_csv.h"
#include "api/timestamp.h"
#include "core/advice.h"
#include "wire/sip_write.h"

/* The second leg is dialled in the turn in which the first one came, or very soon after. */
#define LEG_LAG_MS 200

static bool same_id(struct uuid a, struct uuid b)
{
        return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static json_t *hint_json(const struct number_hint *hint)
{
        return hint->text[0] ? json_string(hint->text) : json_null();
}

static json_t *hangup_json(const struct cdr *row)
{
        return json_pack("{s:i, s:s, s:s, s:s}", "code", (int)row->cause, "name",
                         hangup_cause_name(row->cause), "cause", hangup_cause_text(row->cause),
                         "source", hangup_source_name(row->source));
}

static json_t *attempt_json(const struct api *api, const struct cdr_attempt *attempt)
{
        const struct trunk *trunk = directory_trunk_get(api->params.directory, attempt->trunk_id);
        bool has_address = attempt->address.family != 0;
        return json_pack(
                "{s:s?, s:o, s:o, s:s, s:o}", "trunk", trunk ? trunk->name : NULL, "address",
                has_address ? json_string(addr_format(&attempt->address).text) : json_null(),
                "transport",
                has_address ? json_string(sip_transport_word(attempt->transport)) : json_null(),
                "result", cdr_attempt_text((enum cdr_attempt_end)attempt->how), "status",
                attempt->status ? json_integer(attempt->status) : json_null());
}

static json_t *attempts_json(const struct api *api, const struct cdr *row)
{
        json_t *list = json_array();
        for (unsigned i = 0; i < row->attempt_count; i++)
                json_array_append_new(list, attempt_json(api, &row->attempts[i]));
        return list;
}

static json_t *leg_json(const struct api *api, const struct cdr *row)
{
        const struct trunk *trunk = directory_trunk_get(api->params.directory, row->trunk_id);
        json_t *json = json_pack(
                "{s:s, s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "leg",
                row->leg == CDR_LEG_A ? "a" : "b", "id", uuid_format(row->leg_id).text, "trunk",
                trunk ? trunk->name : NULL, "number", rest_masking_number(row->number), "party",
                hint_json(&row->party_hint), "started_at", rest_time(row->started_ms), "ringing_at",
                rest_time(row->ringing_ms), "answered_at", rest_time(row->answered_ms), "ended_at",
                rest_time(row->ended_ms), "hangup", hangup_json(row));
        json_t *media =
                json_pack("{s:I, s:I, s:I, s:f}", "packets_in", (json_int_t)row->packets_in,
                          "packets_out", (json_int_t)row->packets_out, "packets_lost",
                          (json_int_t)row->packets_lost, "jitter_ms", row->jitter_ms_x10 / 10.0);
        json_object_set_new(json, "sip_status",
                            row->sip_status ? json_integer(row->sip_status) : json_null());
        json_object_update_new(json, media);
        if (row->leg == CDR_LEG_B)
                json_object_set_new(json, "attempts", attempts_json(api, row));
        return json;
}

/* What is behind it, and what to do. The side that was called knows which answer ended it. */
static struct advice advice_of(const struct cdr *first, const struct cdr *second)
{
        if (first->verdict != MASK_CONNECT)
                return advice_of_verdict(first->verdict);
        unsigned status = second && second->sip_status ? second->sip_status : first->sip_status;
        return advice_of_cause(first->cause, first->source, status);
}

static void put_advice(json_t *json, const struct cdr *first, const struct cdr *second)
{
        struct advice advice = advice_of(first, second);
        unsigned q850 = advice_q850(first->cause);
        json_object_set_new(json, "reason", json_string(advice.sentence));
        json_object_set_new(json, "advice",
                            advice.todo[0] ? json_string(advice.todo) : json_null());
        json_object_set_new(json, "q850", q850 ? json_integer(q850) : json_null());
}

/* Why it was refused, or how it ended: for whoever operates it. */
static void put_why(struct buf *out, const struct cdr *row)
{
        if (row->verdict != MASK_CONNECT) {
                buf_printf(out, "Refused. %s", mask_verdict_sentence(row->verdict));
                return;
        }
        if (row->answered_ms)
                buf_printf(out, "Connected for %.1f s; ",
                           (double)(row->ended_ms - row->answered_ms) / 1000);
        else
                buf_put_text(out, "Not answered; ");
        buf_printf(out, "ended by %s: %s (%d).", hangup_source_name(row->source),
                   hangup_cause_name(row->cause), (int)row->cause);
}

json_t *rest_calls_json(const struct api *api, const struct cdr *const *legs, unsigned count)
{
        assert(count > 0);
        const struct cdr *first = legs[0];
        const struct cdr *second = count > 1 ? legs[1] : NULL;

        char memory[256];
        struct buf why;
        buf_init(&why, memory, sizeof memory);
        put_why(&why, first);

        json_t *list = json_array();
        for (unsigned i = 0; i < count; i++)
                json_array_append_new(list, leg_json(api, legs[i]));
        bool talked = first->answered_ms && first->verdict == MASK_CONNECT;
        json_t *json = json_pack(
                "{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
                uuid_format(first->call_id).text, "state", "ended", "session",
                rest_session_id(api, first->session_id), "verdict",
                mask_verdict_name(first->verdict), "why", json_stringn(why.p, why.len), "dialled",
                rest_masking_number(first->number), "shown",
                second ? rest_masking_number(second->number) : json_null(), "caller",
                hint_json(&first->party_hint), "callee",
                second ? hint_json(&second->party_hint) : json_null(), "started_at",
                rest_time(first->started_ms), "answered_at", rest_time(first->answered_ms),
                "ended_at", rest_time(first->ended_ms), "duration_ms",
                json_integer(talked ? first->ended_ms - first->answered_ms : 0), "hangup",
                hangup_json(first), "legs", list);
        if (json)
                put_advice(json, first, second);
        return json;
}

static json_t *live_json(const struct api *api, const struct call_view *view)
{
        return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:n}", "id",
                         uuid_format(view->call_id).text, "state", view->state, "session",
                         rest_session_id(api, view->session_id), "dialled",
                         rest_masking_number(view->dialled), "shown",
                         rest_masking_number(view->shown), "caller", hint_json(&view->caller),
                         "callee", hint_json(&view->callee), "started_at",
                         rest_time(view->started_ms), "answered_at", rest_time(view->answered_ms),
                         "ended_at");
}

/* The calls in progress; the caller frees them. NULL when there are none. */
struct live {
        struct call_view *views; /* owned */
        struct uuid *ids;        /* owned: of them, sorted */
        uint32_t count;
};

static void drop_live(struct live *live)
{
        free(live->views);
        free(live->ids);
}

static struct live take_live(const struct api *api, const struct principal *who)
{
        struct live live = {0};
        uint32_t active = calls_active(api->params.calls);
        if (active) {
                live.views = calloc(active, sizeof *live.views);
                live.ids = calloc(active, sizeof *live.ids);
        }
        uint32_t all =
                live.views && live.ids ? calls_list(api->params.calls, 0, live.views, active) : 0;
        for (uint32_t i = 0; i < all; i++) {
                if (calls_are_shown(who, live.views[i].tenant_id))
                        live.views[live.count++] = live.views[i];
        }
        for (uint32_t i = 0; i < live.count; i++)
                live.ids[i] = live.views[i].call_id;
        calls_sort_ids(live.ids, live.count);
        return live;
}

static const struct call_view *find_live(const struct live *live, struct uuid id)
{
        for (uint32_t i = 0; i < live->count; i++) {
                if (same_id(live->views[i].call_id, id))
                        return &live->views[i];
        }
        return NULL;
}

struct page {
        const struct api *api;
        json_t *list;
};

static void add_call(void *arg, const struct cdr *const *legs, unsigned count)
{
        struct page *page = arg;
        json_array_append_new(page->list, rest_calls_json(page->api, legs, count));
}

static json_t *next_json(int64_t next_ms)
{
        return next_ms ? json_sprintf("%" PRId64, next_ms) : json_null();
}

static void fail(struct rest_wait *wait, int err)
{
        rest_wait_fail(wait, err_text(err), "See the server's log for the reason.");
}

static json_t *page_of(const struct rest_wait *wait, const struct cdr *rows, uint32_t count,
                       const struct live *live, int64_t *next_ms)
{
        struct page page = {wait->api, json_array()};
        const struct calls_window window = {
                .who = wait->who,
                .rows = rows,
                .count = count,
                .limit = wait->limit,
                .before_ms = wait->before_ms,
                .since_ms = wait->since_ms,
                .live = live->ids,
                .live_count = live->count,
        };
        *next_ms = calls_page_walk(&window, add_call, &page, NULL);
        return page.list;
}

static void list_arrived(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        struct rest_wait *wait = arg;
        struct api *api = wait->api;
        if (err) {
                fail(wait, err);
                return;
        }
        if (!api)
                goto done;

        int64_t next_ms;
        struct live live = take_live(api, &wait->who);
        json_t *ended = page_of(wait, rows, count, &live, &next_ms);
        json_t *active = json_array();
        for (uint32_t i = 0; i < live.count && !wait->before_ms; i++)
                json_array_append_new(active, live_json(api, &live.views[i]));
        drop_live(&live);
        rest_answer(api, wait->exchange, 200,
                    json_pack("{s:o, s:o, s:o}", "active", active, "calls", ended, "next",
                              next_json(next_ms)));
done:
        rest_wait_destroy(wait);
}

static void export_arrived(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        struct rest_wait *wait = arg;
        if (err) {
                fail(wait, err);
                return;
        }
        if (wait->api) {
                int64_t next_ms;
                struct live live = take_live(wait->api, &wait->who);
                json_t *calls = page_of(wait, rows, count, &live, &next_ms);
                drop_live(&live);
                rest_calls_answer_csv(wait, calls, next_ms);
                json_decref(calls);
        }
        rest_wait_destroy(wait);
}

static bool read_before(struct rest *rest, const char *text, int64_t *out)
{
        uint64_t before = 0;
        if (text[0] && slice_to_u64(slice_from(text), INT64_MAX / 2, &before)) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "before", "Use the \"next\" of a page.",
                            "before must be what an earlier page gave as \"next\"");
                return false;
        }
        *out = (int64_t)before;
        return true;
}

static void ask_for_page(struct rest *rest, const struct rest_wait *page, directory_cdrs_fn *fn)
{
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        wait->limit = page->limit;
        wait->before_ms = page->before_ms;
        wait->since_ms = page->since_ms;
        wait->is_continued = page->is_continued;
        int64_t from_ms = page->before_ms ? page->before_ms + LEG_LAG_MS : 0;
        int err = directory_cdrs_list(rest->api->params.directory, rest->who.tenant_id,
                                      rest->who.has_all, from_ms, CALLS_PAGE_ROWS_MAX, fn, wait);
        if (err) {
                rest_wait_destroy(wait);
                rest_refuse_store(rest, err);
        }
}

static bool read_time(struct rest *rest, const char *field, const char *text, int64_t *out)
{
        if (!text[0] || timestamp_parse(slice_from(text), out) == 0)
                return true;
        rest_refuse(rest, PROBLEM_BAD_QUERY, field,
                    "Write it as 2026-08-01T00:00:00Z; in a query a + is %2B.",
                    "%s must be a time as in RFC 3339", field);
        return false;
}

static bool read_page(struct rest *rest, const char *limit, struct rest_wait *page)
{
        int64_t to_ms = 0;
        *page = (struct rest_wait){.limit = 0};
        if (!query_limit(rest, rest->query[0][0] ? rest->query[0] : limit, &page->limit) ||
            !read_before(rest, rest->query[1], &page->before_ms) ||
            !read_time(rest, "from", rest->query[2], &page->since_ms) ||
            !read_time(rest, "to", rest->query[3], &to_ms))
                return false;
        if (to_ms && page->since_ms >= to_ms) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "to", "Give a later end, or leave it out.",
                            "the time to which is asked is not after that from which");
                return false;
        }
        page->is_continued = page->before_ms != 0;
        if (!page->before_ms || (to_ms && to_ms < page->before_ms))
                page->before_ms = to_ms;
        return true;
}

void rest_calls_list(struct rest *rest)
{
        struct rest_wait page;
        if (read_page(rest, "", &page))
                ask_for_page(rest, &page, list_arrived);
}

void rest_calls_export(struct rest *rest)
{
        struct rest_wait page;
        if (read_page(rest, "1000", &page))
                ask_for_page(rest, &page, export_arrived);
}

static void answer_no_call(struct rest_wait *wait)
{
        struct problem problem = {
                .kind = PROBLEM_NOT_FOUND,
                .detail = "there is no such call",
                .remedy = "GET /v1/calls (maskline call list) lists them.",
        };
        rest_answer_problem(wait->api, wait->exchange, &problem);
}

static void call_arrived(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        struct rest_wait *wait = arg;
        if (err) {
                fail(wait, err);
                return;
        }
        if (!wait->api)
                goto done;

        static struct calls_index index;
        const struct cdr *legs[CALLS_LEGS_MAX];
        calls_index_make(&index, rows, count);
        unsigned found = calls_index_legs(&index, wait->call_id, legs);
        bool ours = found && calls_are_shown(&wait->who, legs[0]->tenant_id);
        if (!ours)
                answer_no_call(wait);
        else
                rest_answer(wait->api, wait->exchange, 200,
                            rest_calls_json(wait->api, legs, found));
done:
        rest_wait_destroy(wait);
}

static bool read_id(struct rest *rest, struct uuid *out)
{
        if (uuid_parse(slice_from(rest->segment), out) == 0)
                return true;
        rest_refuse(rest, PROBLEM_NOT_FOUND, NULL, "GET /v1/calls (maskline call list) lists them.",
                    "there is no such call; a call's id is a UUID");
        return false;
}

void rest_calls_show(struct rest *rest)
{
        struct uuid id;
        if (!read_id(rest, &id))
                return;
        struct live live = take_live(rest->api, &rest->who);
        const struct call_view *view = find_live(&live, id);
        json_t *json = view ? live_json(rest->api, view) : NULL;
        drop_live(&live);
        if (view) {
                rest_answer(rest->api, rest->exchange, 200, json);
                return;
        }

        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        wait->call_id = id;
        int err = directory_cdrs_of_call(rest->api->params.directory, id, call_arrived, wait);
        if (err) {
                rest_wait_destroy(wait);
                rest_refuse_store(rest, err);
        }
}

void rest_calls_hangup(struct rest *rest)
{
        struct uuid id;
        if (!read_id(rest, &id))
                return;
        struct live live = take_live(rest->api, &rest->who);
        bool ours = find_live(&live, id) != NULL;
        drop_live(&live);
        if (!ours || calls_hangup(rest->api->params.calls, id)) {
                rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                            "GET /v1/calls (maskline call list) lists them.",
                            "there is no such call in progress");
                return;
        }
        rest_answer(rest->api, rest->exchange, 202,
                    json_pack("{s:s, s:s}", "id", uuid_format(id).text, "state", "ending"));
}
