/* SPDX-License-Identifier: Apache-2.0 */
#include "api/session_json.h"

#include <string.h>

#include "core/session_model.h"

const char *session_state_name(enum session_state state)
{
        switch (state) {
        case SESSION_SCHEDULED:
                return "scheduled";
        case SESSION_ACTIVE:
                return "active";
        case SESSION_ENDED:
                return "ended";
        case SESSION_ERASED:
                return "erased";
        }
        return "unknown";
}

static json_t *party_json(const struct session_view *view, unsigned i)
{
        const char *hint = view->parties[i].hint.text;
        return json_pack("{s:i, s:i, s:s?, s:i, s:b, s:o}", "party", (int)i, "side",
                         (int)view->parties[i].side, "hint", hint[0] ? hint : NULL, "numbers",
                         (int)view->parties[i].real_count, "pin_set", (int)view->parties[i].has_pin,
                         "dials", rest_masking_number(view->parties[i].dials));
}

static json_t *parties_json(const struct session_view *view)
{
        json_t *parties = json_array();
        for (unsigned i = 0; i < view->party_count; i++)
                json_array_append_new(parties, party_json(view, i));
        return parties;
}

/* Of it only places, sides and masking numbers. */
static struct session skeleton_of(const struct session_view *view)
{
        struct session session = {
                .model = view->model,
                .open = view->open,
                .party_count = view->party_count,
        };
        for (unsigned i = 0; i < view->party_count; i++) {
                session.parties[i].real_count = view->parties[i].real_count;
                session.parties[i].side = view->parties[i].side;
        }
        memcpy(session.slots, view->slots, sizeof session.slots);
        return session;
}

json_t *session_row_json(const struct session_row *row)
{
        char sentence[SESSION_ROW_TEXT_MAX];
        struct buf b;
        json_t *reaches = json_array();
        for (unsigned i = 0; i < SESSION_PARTIES_MAX; i++) {
                if (row->reaches & 1u << i)
                        json_array_append_new(reaches, json_integer(i));
        }
        buf_init(&b, sentence, sizeof sentence);
        session_row_put(row, &b);
        return json_pack("{s:o, s:o, s:i, s:b, s:o, s:o, s:o}", "party",
                         row->party == PARTY_NONE ? json_null() : json_integer(row->party), "dials",
                         rest_masking_number(row->dials), "slot", (int)row->slot, "keys_in_pin",
                         (int)row->by_digits, "reaches", reaches, "sees",
                         rest_masking_number(row->sees), "sentence", json_stringn(b.p, b.len));
}

unsigned session_view_rows(const struct session_view *view,
                           struct session_row out[SESSION_ROWS_MAX])
{
        const struct session session = skeleton_of(view);
        return session_rows(&session, out);
}

static json_t *rows_json(const struct session_view *view)
{
        struct session_row rows[SESSION_ROWS_MAX];
        unsigned count = session_view_rows(view, rows);
        json_t *list = json_array();
        for (unsigned i = 0; i < count; i++)
                json_array_append_new(list, session_row_json(&rows[i]));
        return list;
}

json_t *session_json(const struct api *api, const struct session_view *view, bool with_rows)
{
        const char *reference = view->reference[0] ? view->reference : NULL;
        const struct directory_pool *pool =
                directory_pool_get(api->params.directory, view->tenant_id, view->pool_id);
        json_t *json = json_pack(
                "{s:o, s:s, s:s?, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:I, s:s?, s:o}", "id",
                rest_session_id(api, view->id), "state", session_state_name(view->state), "pool",
                pool ? pool->name : NULL, "model", session_model_name(view->model), "open",
                (int)view->open, "created_at", rest_time(view->created_ms), "starts_at",
                rest_time(view->starts_ms), "expires_at", rest_time(view->expires_ms), "ended_at",
                rest_time(view->ended_ms), "last_used_at", rest_time(view->last_used_ms), "calls",
                (json_int_t)view->calls, "reference", reference, "parties", parties_json(view));
        if (json && with_rows)
                json_object_set_new(json, "rows", rows_json(view));
        return json;
}

void session_json_put_pin(json_t *session, unsigned party, const char *digits)
{
        json_t *json = json_array_get(json_object_get(session, "parties"), party);
        if (json)
                json_object_set_new(json, "pin", json_string(digits));
}
