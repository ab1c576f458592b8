/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_sessions.h"

#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "api/session_json.h"
#include "api/session_order.h"
#include "base/log.h"

void rest_sessions_create(struct rest *rest)
{
        struct session_order order = {0};
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        if (!session_order(rest, rest->body, &order, rest_wait_done, wait)) {
                rest_wait_destroy(wait);
                return;
        }
        wait->answer = order.answer;
        wait->status = order.repeated ? 200 : 201;
        snprintf(wait->location, sizeof wait->location, "/v1/sessions/%s", order.id.text);
        if (!order.repeated)
                snprintf(wait->told, sizeof wait->told, "session %s: created", order.id.text);
}

bool rest_sessions_find(struct rest *rest, struct session_view *view)
{
        uint64_t id;
        struct directory *directory = rest->api->params.directory;
        int err = session_id_parse(directory, slice_from(rest->segment), &id);
        if (!err)
                err = directory_session_find(directory, id, view);
        if (!err && view->tenant_id == rest->who.tenant_id)
                return true;
        rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                    "GET /v1/sessions (maskline session list) lists them.",
                    "there is no such session");
        return false;
}

void rest_sessions_show(struct rest *rest)
{
        struct session_view view;
        if (rest_sessions_find(rest, &view))
                rest_answer(rest->api, rest->exchange, 200, session_json(rest->api, &view, true));
}

void rest_sessions_end(struct rest *rest)
{
        struct session_view view;
        struct directory *directory = rest->api->params.directory;
        if (!rest_sessions_find(rest, &view))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        int err = directory_session_end(directory, view.id, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                if (err == ERR_STATE)
                        rest_refuse(rest, PROBLEM_STATE, NULL, "Nothing is left to do.",
                                    "the session has ended already");
                else
                        rest_refuse_store(rest, err);
                return;
        }
        snprintf(wait->told, sizeof wait->told, "session %s: ended by request",
                 session_id_format(directory, view.id).text);
        if (directory_session_find(directory, view.id, &view) == 0)
                wait->answer = session_json(rest->api, &view, true);
}

/* One that is erased meanwhile still says where to go on. */
static bool read_before(const struct rest *rest, const char *text, uint64_t *out)
{
        struct session_view view;
        const struct directory *directory = rest->api->params.directory;
        if (session_id_parse(directory, slice_from(text), out))
                return false;
        return directory_session_find(directory, *out, &view) ||
               view.tenant_id == rest->who.tenant_id;
}

void rest_sessions_list(struct rest *rest)
{
        uint32_t limit;
        uint64_t before = 0;
        struct directory *directory = rest->api->params.directory;
        if (!query_limit(rest, rest->query[0], &limit))
                return;
        if (rest->query[1][0] && !read_before(rest, rest->query[1], &before)) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "before", "Use the \"next\" of a page.",
                            "before must be the id of a session");
                return;
        }

        static struct session_view views[REST_PAGE_MAX + 1];
        uint32_t count =
                directory_session_list(directory, rest->who.tenant_id, before, views, limit + 1);
        bool more = count > limit;
        json_t *list = json_array();
        for (uint32_t i = 0; i < count && i < limit; i++)
                json_array_append_new(list, session_json(rest->api, &views[i], false));
        rest_answer(
                rest->api, rest->exchange, 200,
                json_pack("{s:o, s:o}", "sessions", list, "next",
                          more ? rest_session_id(rest->api, views[limit - 1].id) : json_null()));
}
