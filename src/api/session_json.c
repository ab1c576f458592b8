/* SPDX-License-Identifier: Apache-2.0 */
#include "api/session_json.h"

#include "core/session_model.h"

static const char *state_name(enum session_state state)
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

json_t *session_json(const struct api *api, const struct session_view *view)
{
        json_t *parties = json_array();
        for (unsigned i = 0; i < view->party_count; i++) {
                const char *hint = view->parties[i].hint.text;
                json_array_append_new(
                        parties, json_pack("{s:i, s:s?, s:o}", "side", (int)view->parties[i].side,
                                           "hint", hint[0] ? hint : NULL, "dials",
                                           rest_masking_number(view->parties[i].dials)));
        }
        const char *reference = view->reference[0] ? view->reference : NULL;
        const struct directory_pool *pool =
                directory_pool_get(api->params.directory, view->tenant_id, view->pool_id);
        return json_pack("{s:o, s:s, s:s?, s:s, s:b, s:o, s:o, s:o, s:o, s:s?, s:o}", "id",
                         rest_session_id(api, view->id), "state", state_name(view->state), "pool",
                         pool ? pool->name : NULL, "model", session_model_name(view->model), "open",
                         (int)view->open, "created_at", rest_time(view->created_ms), "starts_at",
                         rest_time(view->starts_ms), "expires_at", rest_time(view->expires_ms),
                         "ended_at", rest_time(view->ended_ms), "reference", reference, "parties",
                         parties);
}
