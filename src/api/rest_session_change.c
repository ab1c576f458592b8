/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_session_change.h"

#include <stdio.h>

#include "api/rest_session_refusal.h"
#include "api/rest_sessions.h"
#include "api/session_json.h"
#include "store/directory_change.h"

enum time_field {
        TIME_EXPIRES_IN_S,
        TIME_EXPIRES_AT,
        TIME_FIELDS,
};

const struct body_field rest_session_time_fields[] = {
        [TIME_EXPIRES_IN_S] = {"expires_in_s", BODY_COUNT},
        [TIME_EXPIRES_AT] = {"expires_at", BODY_TEXT},
        [TIME_FIELDS] = {NULL},
};

/* Answers what the session is now, once that is on disk. */
static void tell(struct rest *rest, struct rest_wait *wait, const struct session_view *view,
                 const char *what)
{
        snprintf(wait->told, sizeof wait->told, "session %s: %s",
                 session_id_format(rest->api->params.directory, view->id).text, what);
        wait->answer = session_json(rest->api, view, true);
}

static bool read_expiry(struct rest *rest, int64_t *out)
{
        const json_t *values[TIME_FIELDS];
        if (!body_fields(rest, rest->body, "", rest_session_time_fields, values))
                return false;
        const struct body_time expires = {
                .at_name = "expires_at",
                .in_name = "expires_in_s",
                .at = values[TIME_EXPIRES_AT],
                .in_s = values[TIME_EXPIRES_IN_S],
        };
        *out = 0;
        return body_time(rest, &expires, directory_now(rest->api->params.directory), out);
}

static void refuse_time(struct rest *rest, int err, const char *state)
{
        if (err == ERR_RANGE)
                rest_refuse(rest, PROBLEM_BAD_VALUE, "expires_at", "Choose another time.",
                            "the time is past, or the session would live longer than its pool "
                            "allows (ttl_max_ms)");
        else if (err == ERR_STATE)
                rest_refuse(rest, PROBLEM_STATE, NULL, "Look at the session (GET).", "%s", state);
        else if (err == ERR_NO_NUMBER)
                rest_refuse(rest, PROBLEM_CONFLICT, NULL,
                            "Add the number again (maskline number add), or create a new session.",
                            "a masking number that the session had is not yours any more");
        else if (err == ERR_CONFLICT)
                rest_refuse(
                        rest, PROBLEM_CONFLICT, NULL,
                        "End the other session and let its quarantine pass, or create a new one.",
                        "a masking number that the session had is open for anyone in another "
                        "session by now");
        else
                rest_session_refuse_life(rest, err);
}

typedef int life_change(struct directory *directory, uint64_t session_id, int64_t expires_ms,
                        struct session_view *view, directory_done *done, void *arg);

/* `state`: what is so when the change does not fit the session's state. */
static void change_life(struct rest *rest, life_change *change, const char *told, const char *state)
{
        struct session_view view;
        int64_t expires_ms;
        if (!rest_sessions_find(rest, &view) || !read_expiry(rest, &expires_ms))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        int err = change(rest->api->params.directory, view.id, expires_ms, &view, rest_wait_done,
                         wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_time(rest, err, state);
                return;
        }
        tell(rest, wait, &view, told);
}

void rest_sessions_renew(struct rest *rest)
{
        change_life(rest, directory_session_renew, "renewed",
                    "the session has ended; it can be reopened");
}

void rest_sessions_reopen(struct rest *rest)
{
        change_life(rest, directory_session_reopen, "reopened", "the session has not ended");
}

static void erased(void *arg, int err, const struct erase_receipt *receipt)
{
        struct rest_wait *wait = arg;
        if (err && err != ERR_NOT_FOUND) {
                rest_wait_fail(wait, "the disk does not take the erasure",
                               "It was begun, and goes on as soon as the disk takes it: the audit "
                               "record says session-erased then. See the server's log and "
                               "/readyz.");
                return;
        }
        if (!err && wait->api)
                wait->answer =
                        json_pack("{s:o, s:o, s:I}", "id",
                                  rest_session_id(wait->api, receipt->session_id), "erased_at",
                                  rest_time(receipt->erased_ms), "keys", (json_int_t)receipt->rows);
        rest_wait_done(wait, err);
}

void rest_sessions_erase(struct rest *rest)
{
        struct session_view view;
        struct directory *directory = rest->api->params.directory;
        if (!rest_sessions_find(rest, &view))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        snprintf(wait->told, sizeof wait->told, "session %s: erased by request",
                 session_id_format(directory, view.id).text);
        int err = directory_session_erase(directory, view.id, erased, wait);
        if (err) {
                rest_wait_destroy(wait);
                rest_session_refuse_life(rest, err);
        }
}
