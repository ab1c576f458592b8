/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_session_change.h"

#include <stdio.h>
#include <string.h>

#include "api/party_number.h"
#include "api/rest_session_refusal.h"
#include "api/rest_sessions.h"
#include "api/session_json.h"
#include "core/session_model.h"
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

enum field {
        FIELD_EDIT,
        FIELD_PARTY,
        FIELD_NUMBER,
        FIELD_SIDE,
        FIELD_SLOT,
        FIELD_DIALS,
        FIELDS,
};

const struct body_field rest_session_change_fields[] = {
        [FIELD_EDIT] = {"edit", BODY_TEXT, true},
        [FIELD_PARTY] = {"party", BODY_COUNT},
        [FIELD_NUMBER] = {"number", BODY_TEXT},
        [FIELD_SIDE] = {"side", BODY_COUNT},
        [FIELD_SLOT] = {"slot", BODY_COUNT},
        [FIELD_DIALS] = {"dials", BODY_TEXT},
        [FIELDS] = {NULL},
};

static const char *const edit_names[] = {"add-party", "remove-party", "replace-party",
                                         "add-alias", "remove-alias", "swap-number",
                                         NULL};

/* In the order of their names. */
static const struct {
        enum session_edit_kind kind;
        bool needs_party, needs_number, needs_slot;
} edits[] = {
        {EDIT_ADD_PARTY, false, true, false},    {EDIT_REMOVE_PARTY, true, false, false},
        {EDIT_REPLACE_PARTY, true, true, false}, {EDIT_ADD_ALIAS, true, true, false},
        {EDIT_REMOVE_ALIAS, true, true, false},  {EDIT_SWAP_NUMBER, false, false, true},
};
_Static_assert(sizeof edit_names / sizeof edit_names[0] == sizeof edits / sizeof edits[0] + 1,
               "one row for each name");

static void refuse_fault(struct rest *rest, const struct session_fault *fault)
{
        rest_refuse(rest, PROBLEM_BAD_VALUE, "edit",
                    "Change it and try again; nothing was changed.",
                    "the session would not be what its model wants: %s",
                    session_flaw_sentence(fault->flaw));
}

static void refuse_edit(struct rest *rest, const struct session_refusal *refusal, int err)
{
        switch (err) {
        case ERR_NOT_FOUND:
                rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                            "Look at the session (GET): its parties are counted from 0.",
                            "the session has no such party, alias or slot, or the number to dial "
                            "is none of yours");
                return;
        case ERR_STATE:
                rest_refuse(rest, PROBLEM_STATE, NULL,
                            "Reopen it first; of a party's only number replace the party.",
                            "the session has ended, or the alias is the party's only number");
                return;
        case ERR_SYNTAX:
                refuse_fault(rest, &refusal->fault);
                return;
        case ERR_EXISTS:
                rest_refuse(rest, PROBLEM_EXISTS, "number", "Nothing is left to do.",
                            "a party of the session has this number already");
                return;
        case ERR_CONFLICT:
                rest_refuse(rest, PROBLEM_CONFLICT, NULL,
                            "Choose another number to dial, or wait until the other session's "
                            "quarantine is over; nothing was changed.",
                            "another session holds, or held until a short time ago, what this one "
                            "would get");
                return;
        case ERR_NO_NUMBER:
                rest_session_refuse_number(rest, &refusal->outcome);
                return;
        case ERR_FULL:
                rest_refuse_full(rest);
                return;
        default:
                rest_refuse_store(rest, err);
        }
}

/* Answers what the session is now, once that is on disk. */
static void tell(struct rest *rest, struct rest_wait *wait, const struct session_view *view,
                 const char *what)
{
        snprintf(wait->told, sizeof wait->told, "session %s: %s",
                 session_id_format(rest->api->params.directory, view->id).text, what);
        wait->answer = session_json(rest->api, view);
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
        else if (err == ERR_CONFLICT)
                rest_refuse(rest, PROBLEM_CONFLICT, NULL,
                            "Add the number again (maskline number add), or create a new session.",
                            "a masking number that the session had is not yours any more");
        else
                refuse_edit(rest, NULL, err);
}

void rest_sessions_renew(struct rest *rest)
{
        struct session_view view;
        int64_t expires_ms;
        if (!rest_sessions_find(rest, &view) || !read_expiry(rest, &expires_ms))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        int err = directory_session_renew(rest->api->params.directory, view.id, expires_ms, &view,
                                          rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_time(rest, err, "the session has ended; it can be reopened");
                return;
        }
        tell(rest, wait, &view, "renewed");
}

void rest_sessions_reopen(struct rest *rest)
{
        struct session_view view;
        int64_t expires_ms;
        if (!rest_sessions_find(rest, &view) || !read_expiry(rest, &expires_ms))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        int err = directory_session_reopen(rest->api->params.directory, view.id, expires_ms, &view,
                                           rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_time(rest, err, "the session has not ended");
                return;
        }
        tell(rest, wait, &view, "reopened");
}

static void erased(void *arg, int err, const struct erase_receipt *receipt)
{
        struct rest_wait *wait = arg;
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
                refuse_edit(rest, NULL, err);
        }
}

static bool need(struct rest *rest, bool needed, const json_t *value, const char *field,
                 const char *edit)
{
        if (needed && !value)
                rest_refuse(rest, PROBLEM_MISSING_FIELD, field, "Add the field.", "%s needs it",
                            edit);
        else if (!needed && value && strcmp(field, "party"))
                rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Leave it out.", "%s does not take it",
                            edit);
        else
                return true;
        return false;
}

static bool read_number(struct rest *rest, const json_t *value, struct session_edit *edit)
{
        struct party_number_problem problem;
        struct masking_number ours;
        if (!value)
                return true;
        if (party_number_read(body_slice(value), &rest->api->params.plan, &edit->party.real[0].n,
                              &problem)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "number", problem.remedy,
                            "the number is refused: %s", problem.rule);
                return false;
        }
        edit->party.real_count = 1;
        ours = (struct masking_number){edit->party.real[0].n};
        const struct number_row *row = directory_number_find(rest->api->params.directory, ours);
        if (!row || row->tenant_id != rest->who.tenant_id)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, "number", "Give the party's own number.",
                    "the number is a masking number: a call to it would come back here");
        return false;
}

static bool read_dials(struct rest *rest, const json_t *value, struct session_edit *edit)
{
        if (!value || !number_parse(body_slice(value), &rest->api->params.plan, &edit->number.n))
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, "dials",
                    "Use one of GET /v1/numbers (maskline number list), or leave it out.",
                    "not a telephone number");
        return false;
}

static bool read_edit(struct rest *rest, struct session_edit *edit)
{
        const json_t *values[FIELDS];
        unsigned chosen = 0;
        uint32_t place = 0, side = 0, slot = 0;
        *edit = (struct session_edit){0};
        if (!body_fields(rest, rest->body, "", rest_session_change_fields, values) ||
            !body_choice(rest, values[FIELD_EDIT], "edit", edit_names, &chosen))
                return false;
        const char *name = edit_names[chosen];
        bool adds = edits[chosen].kind == EDIT_ADD_PARTY;
        if (!need(rest, edits[chosen].needs_party, values[FIELD_PARTY], "party", name) ||
            !need(rest, edits[chosen].needs_number, values[FIELD_NUMBER], "number", name) ||
            !need(rest, edits[chosen].needs_slot, values[FIELD_SLOT], "slot", name) ||
            (!adds && !need(rest, false, values[FIELD_SIDE], "side", name)) ||
            (!edits[chosen].needs_slot && !need(rest, false, values[FIELD_DIALS], "dials", name)) ||
            !body_count(rest, values[FIELD_PARTY], "party", 0, SESSION_PARTIES_MAX - 1, &place) ||
            !body_count(rest, values[FIELD_SIDE], "side", 0, 1, &side) ||
            !body_count(rest, values[FIELD_SLOT], "slot", 0, SESSION_SLOTS_MAX - 1, &slot) ||
            !read_number(rest, values[FIELD_NUMBER], edit) ||
            !read_dials(rest, values[FIELD_DIALS], edit))
                return false;
        edit->kind = edits[chosen].kind;
        edit->place = (uint8_t)place;
        edit->slot = (uint8_t)slot;
        edit->party.side = (uint8_t)side;
        return true;
}

void rest_sessions_change(struct rest *rest)
{
        struct session_view view;
        struct session_edit edit;
        struct session_refusal refusal = {0};
        struct rest_wait *wait = NULL;
        if (!rest_sessions_find(rest, &view))
                return;
        if (!read_edit(rest, &edit) || !(wait = rest_wait_create(rest)))
                goto done;
        int err = directory_session_edit(rest->api->params.directory, view.id, &edit, &view,
                                         &refusal, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_edit(rest, &refusal, err);
                goto done;
        }
        tell(rest, wait, &view, "changed");
done:
        explicit_bzero(&edit, sizeof edit);
}
