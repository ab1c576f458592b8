/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sources, each in the order in which it was written: the audit record, and the records of calls that
 * were connected. A cursor is how far each has been told.
 */
#include "api/rest_events.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "core/audit_entry.h"
#include "store/directory_tenant.h"

struct cursor {
        uint64_t audit, cdr;
};

/* "12-34" */
static bool read_cursor(struct slice text, struct cursor *out)
{
        struct slice cdr;
        struct slice audit = slice_split(text, '-', &cdr);
        return !slice_to_u64(audit, INT64_MAX / 2, &out->audit) &&
               !slice_to_u64(cdr, INT64_MAX / 2, &out->cdr);
}

static json_t *cursor_json(const struct cursor *cursor)
{
        return json_sprintf("%" PRIu64 "-%" PRIu64, cursor->audit, cursor->cdr);
}

static json_t *tenant_json(const struct api *api, uint32_t tenant_id)
{
        const struct tenant *tenant = directory_tenant_get(api->params.directory, tenant_id);
        return tenant ? json_string(tenant->name) : json_null();
}

static json_t *trunk_json(const struct api *api, uint32_t trunk_id)
{
        const struct trunk *trunk = directory_trunk_get(api->params.directory, trunk_id);
        return trunk ? json_string(trunk->name) : json_null();
}

static json_t *key_json(const struct api *api, uint64_t key_id)
{
        return key_id ? json_string(key_id_format(api->params.directory, key_id).text)
                      : json_null();
}

static json_t *text_or_null(const char *text)
{
        return text && text[0] ? json_string(text) : json_null();
}

/* Each has the same members, so that a reader needs to know none of the kinds. */
static json_t *audit_json(const struct api *api, const struct store_audit *entry)
{
        struct audit_fact fact;
        audit_entry_read(entry, &fact);
        const char *kind = audit_kind_name((enum audit_kind)entry->kind);
        const char *verdict = fact.has_call ? mask_verdict_name(fact.verdict) : NULL;
        return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:n, s:n}",
                         "id", json_sprintf("a%" PRIu64, entry->sequence), "at",
                         rest_time(entry->at_ms), "kind", kind ? kind : "other", "tenant",
                         tenant_json(api, entry->tenant_id), "session",
                         rest_session_id(api, fact.session_id), "call",
                         fact.has_call ? json_string(uuid_format(fact.call_id).text) : json_null(),
                         "number", rest_masking_number(fact.number), "trunk",
                         trunk_json(api, fact.trunk_id), "key", key_json(api, fact.key_id), "name",
                         text_or_null(fact.name), "verdict", text_or_null(verdict), "caller",
                         text_or_null(fact.caller.text), "duration_ms", "cause");
}

static json_t *cdr_json(const struct api *api, const struct store_cdr *row)
{
        const struct cdr *cdr = &row->cdr;
        int64_t talked_ms = cdr->answered_ms ? cdr->ended_ms - cdr->answered_ms : 0;
        return json_pack(
                "{s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:n, s:n, s:s, s:o, s:I, s:s}", "id",
                json_sprintf("c%" PRIu64, row->number), "at", rest_time(cdr->ended_ms), "kind",
                "call-ended", "tenant", tenant_json(api, cdr->tenant_id), "session",
                rest_session_id(api, cdr->session_id), "call", uuid_format(cdr->call_id).text,
                "number", rest_masking_number(cdr->number), "trunk", trunk_json(api, cdr->trunk_id),
                "key", "name", "verdict", mask_verdict_name(cdr->verdict), "caller",
                text_or_null(cdr->party_hint.text), "duration_ms", (json_int_t)talked_ms, "cause",
                hangup_cause_name(cdr->cause));
}

/* By time, as far as `limit` allows; the cursor moves along from where the page begins. */
static json_t *merge(const struct api *api, const struct store_events *page, uint32_t limit,
                     struct cursor *cursor)
{
        uint32_t a = 0, c = 0;
        json_t *list = json_array();
        while (json_array_size(list) < limit && (a < page->audit_count || c < page->cdr_count)) {
                const struct store_audit *entry = &page->audits[a];
                const struct store_cdr *row = &page->cdrs[c];
                bool takes_audit = c == page->cdr_count ||
                                   (a < page->audit_count && entry->at_ms <= row->cdr.ended_ms);
                json_array_append_new(list,
                                      takes_audit ? audit_json(api, entry) : cdr_json(api, row));
                if (takes_audit)
                        cursor->audit = page->audits[a++].sequence;
                else
                        cursor->cdr = page->cdrs[c++].number;
        }
        if (a == page->audit_count)
                cursor->audit = page->audit_seen;
        if (c == page->cdr_count)
                cursor->cdr = page->cdr_seen;
        return list;
}

static void arrived(void *arg, int err, const struct store_events *page)
{
        struct rest_wait *wait = arg;
        if (err) {
                rest_wait_fail(wait, "the events cannot be read",
                               "See the server's log for the reason.");
                return;
        }
        if (!wait->api)
                goto done;
        struct cursor cursor = {wait->after_audit, wait->after_cdr};
        json_t *list = merge(wait->api, page, wait->limit, &cursor);
        bool more = cursor.audit < page->audit_head || cursor.cdr < page->cdr_head;
        rest_answer(wait->api, wait->exchange, 200,
                    json_pack("{s:o, s:o, s:b}", "events", list, "next", cursor_json(&cursor),
                              "more", (int)more));
done:
        rest_wait_destroy(wait);
}

void rest_events_list(struct rest *rest)
{
        struct cursor cursor = {0};
        uint32_t limit;
        const char *after = rest->query[1];
        bool from_now = !strcmp(after, "now");
        if (!query_limit(rest, rest->query[0], &limit))
                return;
        if (after[0] && !from_now && !read_cursor(slice_from(after), &cursor)) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "after", "Use the \"next\" of a page.",
                            "after must be what an earlier page gave as \"next\", or \"now\"");
                return;
        }
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        wait->limit = limit;
        wait->after_audit = cursor.audit;
        wait->after_cdr = cursor.cdr;
        const struct store_events_query query = {
                .after_audit = cursor.audit,
                .after_cdr = cursor.cdr,
                .from_now = from_now,
                .tenant_id = rest->who.has_all && !rest->who.has_chosen ? 0 : rest->who.tenant_id,
                .max = limit,
        };
        int err = directory_events(rest->api->params.directory, &query, arrived, wait);
        if (err) {
                rest_wait_destroy(wait);
                rest_refuse_store(rest, err);
        }
}
