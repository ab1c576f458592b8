/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_session_intent.h"

#include <stdio.h>
#include <string.h>

#include "api/party_fields.h"
#include "api/rest_sessions.h"
#include "core/pool_policy.h"
#include "store/directory_change.h"

enum field {
        FIELD_PARTY,
        FIELD_NUMBER,
        FIELDS,
};

const struct body_field rest_session_intent_fields[] = {
        [FIELD_PARTY] = {"party", BODY_COUNT, true},
        [FIELD_NUMBER] = {"number", BODY_TEXT, true},
        [FIELDS] = {NULL},
};

static void refuse(struct rest *rest, int err)
{
        switch (err) {
        case ERR_NOT_FOUND:
                rest_refuse(rest, PROBLEM_NOT_FOUND, "party",
                            "Look at the session (GET): its parties are counted from 0.",
                            "the session has no such party, or it dials no number");
                return;
        case ERR_STATE:
                rest_refuse(rest, PROBLEM_STATE, NULL, "Reopen it first.", "the session has ended");
                return;
        default:
                rest_refuse_failed(rest, err);
        }
}

static bool read_body(struct rest *rest, const struct session_view *view, uint32_t *place,
                      struct session_party *from)
{
        const json_t *values[FIELDS];
        const struct pool_policy *policy =
                directory_session_policy(rest->api->params.directory, view->tenant_id, view->id);
        *from = (struct session_party){.real_count = 1};
        return body_fields(rest, rest->body, "", rest_session_intent_fields, values) &&
               body_count(rest, values[FIELD_PARTY], "party", 0, SESSION_PARTIES_MAX - 1, place) &&
               party_fields_number(rest, values[FIELD_NUMBER], "number", &from->real[0]) &&
               party_fields_check(rest, from, policy, "");
}

/* A party's own number needs no intent, and another party's is not to become this one's. */
static bool check_stranger(struct rest *rest, const struct session_view *view, uint32_t place,
                           struct real_number real)
{
        unsigned holder = party_fields_place(rest, view, real);
        if (holder == PARTY_NONE)
                return true;
        rest_refuse(rest, PROBLEM_EXISTS, "number",
                    holder == place ? "Nothing is left to do: its calls are the party's."
                                    : "Give the telephone that the party calls from.",
                    holder == place ? "the number is the party's own"
                                    : "the number is another party's of the session");
        return false;
}

/* For how long, by the policy of the session's pool; 0: it does not have it, which has been answered. */
static int64_t time_of(struct rest *rest, const struct session_view *view)
{
        const struct pool_policy *policy =
                directory_session_policy(rest->api->params.directory, view->tenant_id, view->id);
        if (policy->ladder & 1u << RUNG_INTENT)
                return policy->intent_ms;
        rest_refuse(rest, PROBLEM_STATE, NULL,
                    "Add \"intent\" to the ladder of the session's pool (PATCH /v1/pools/{name}).",
                    "the session's pool takes no calls from other telephones");
        return 0;
}

void rest_session_intent(struct rest *rest)
{
        struct session_view view;
        struct session_party from = {.real_count = 0};
        struct directory *directory = rest->api->params.directory;
        uint32_t place = 0;
        int64_t lasts_ms;
        if (!rest_sessions_find(rest, &view) || !read_body(rest, &view, &place, &from) ||
            !(lasts_ms = time_of(rest, &view)) || !check_stranger(rest, &view, place, from.real[0]))
                goto done;
        bool dials = place < view.party_count && !number_is_none(view.parties[place].dials.n);
        int64_t until_ms = directory_now(directory) + lasts_ms;
        int err = dials ? directory_session_intent(directory, view.id, (uint8_t)place, from.real[0],
                                                   until_ms)
                        : ERR_NOT_FOUND;
        if (err)
                refuse(rest, err);
        else
                rest_answer(rest->api, rest->exchange, 200,
                            json_pack("{s:o, s:i, s:o}", "id", rest_session_id(rest->api, view.id),
                                      "party", (int)place, "until", rest_time(until_ms)));
done:
        explicit_bzero(&from, sizeof from);
}
