/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_session_refusal.h"

#include <stdio.h>

#include "api/party_fields.h"
#include "api/session_fields.h"
#include "core/session_model.h"

/* A party was to dial a number that is not the tenant's, or of another pool. */
static void refuse_given(struct rest *rest, const struct session_create *create)
{
        uint32_t pool_id = create->pool_id ? create->pool_id : DIRECTORY_DEFAULT_POOL;
        const struct number_row *row = NULL;
        unsigned party = 0;
        for (;; party++) {
                struct masking_number given = create->given[session_fields_slot(create, party)];
                row = directory_number_find(rest->api->params.directory, given);
                if (row && row->tenant_id != create->tenant_id)
                        row = NULL;
                bool is_good = row && row->pool_id == pool_id;
                if ((!number_is_none(given.n) && !is_good) || party + 1 >= create->party_count)
                        break;
        }
        char field[32];
        snprintf(field, sizeof field, "parties[%u].dials", party);
        if (row)
                rest_refuse(
                        rest, PROBLEM_CONFLICT, field,
                        "Name the pool that the number is in, or move it (maskline number change "
                        "--pool), or leave \"dials\" out.",
                        "the number to dial belongs to another pool; nothing was created");
        else
                rest_refuse(rest, PROBLEM_NOT_FOUND, field,
                            "Add the number first (maskline number add), or leave \"dials\" out.",
                            "the number to dial is none of yours; nothing was created");
}

/* The member of a party that the flaw is in; NULL: none in particular. */
static const char *member_of(enum session_flaw flaw)
{
        switch (flaw) {
        case SESSION_SIDE:
                return "side";
        case SESSION_SAME_NUMBER:
        case SESSION_NO_NUMBER:
                return "number";
        case SESSION_PIN_MISSING:
        case SESSION_PIN_TWICE:
                return "pin";
        case SESSION_SOUND:
        case SESSION_TOO_FEW:
        case SESSION_TOO_MANY:
        case SESSION_FLAWS:
                break;
        }
        return NULL;
}

static void refuse_fault(struct rest *rest, const struct session_fault *fault)
{
        char field[32] = "parties";
        const char *member = member_of(fault->flaw);
        if (fault->party != PARTY_NONE)
                snprintf(field, sizeof field, "parties[%u]%s%s", fault->party, member ? "." : "",
                         member ? member : "");
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Change it and try again.", "%s",
                    session_flaw_sentence(fault->flaw));
}

/* Why the pool had none, and how many would have served. */
static void refuse_number(struct rest *rest, const struct alloc_outcome *outcome)
{
        char remedy[160] = "Ask for less, or change the pool or what its numbers are.";
        if (outcome->needed)
                snprintf(
                        remedy, sizeof remedy,
                        "With %u such numbers in the pool it would be served: maskline number add.",
                        outcome->needed);
        rest_refuse(rest, PROBLEM_NO_NUMBER, NULL, remedy,
                    "%s The pool has %u that would fit. Nothing was changed.",
                    alloc_reason_sentence(outcome->reason), outcome->eligible);
}

static void refuse_conflict(struct rest *rest, const struct alloc_outcome *outcome)
{
        if (outcome->reason == ALLOC_SERVED) {
                rest_refuse(
                        rest, PROBLEM_CONFLICT, "reference",
                        "Use a new reference for a new session.",
                        "the reference belongs to a session of other parties, of another model, "
                        "or with other numbers or PINs; nothing was created");
                return;
        }
        char field[32] = "parties";
        if (outcome->party != PARTY_NONE)
                snprintf(field, sizeof field, "parties[%u].dials", outcome->party);
        rest_refuse(rest, PROBLEM_CONFLICT, field,
                    "Choose another number to dial, or leave \"dials\" out to have one picked.",
                    "%s Nothing was created.", alloc_reason_sentence(outcome->reason));
}

void rest_session_refuse(struct rest *rest, const struct session_create *create,
                         const struct session_refusal *refusal, int err)
{
        switch (err) {
        case ERR_SYNTAX:
                refuse_fault(rest, &refusal->fault);
                return;
        case ERR_NO_NUMBER:
                refuse_number(rest, &refusal->outcome);
                return;
        case ERR_CONFLICT:
                refuse_conflict(rest, &refusal->outcome);
                return;
        case ERR_NOT_FOUND:
                refuse_given(rest, create);
                return;
        case ERR_RANGE:
                rest_refuse(
                        rest, PROBLEM_BAD_VALUE, "expires_at", "Choose a later time.",
                        "the session would be over before it starts, or live longer than its pool "
                        "allows (ttl_max_ms)");
                return;
        default:
                rest_refuse_failed(rest, err);
        }
}

static void refuse_edit_fault(struct rest *rest, const struct session_fault *fault)
{
        const char *member = member_of(fault->flaw);
        rest_refuse(rest, PROBLEM_BAD_VALUE, member ? member : "edit",
                    "Change it and try again; nothing was changed.",
                    "the session would not be what its model wants: %s",
                    session_flaw_sentence(fault->flaw));
}

static bool has_party(const struct session_view *view, unsigned place)
{
        return place < view->party_count && view->parties[place].real_count > 0;
}

void rest_session_refuse_life(struct rest *rest, int err)
{
        if (err == ERR_NOT_FOUND)
                rest_refuse(rest, PROBLEM_NOT_FOUND, NULL, "Create a new one.",
                            "the session has been erased");
        else
                rest_refuse_failed(rest, err);
}

/* A number to dial that is not the tenant's, or of another pool; false: it is neither. */
static bool refuse_given_to(struct rest *rest, const struct session_view *view,
                            struct masking_number given)
{
        const struct number_row *row = directory_number_find(rest->api->params.directory, given);
        bool is_ours = row && row->tenant_id == view->tenant_id;
        if (number_is_none(given.n) || (is_ours && row->pool_id == view->pool_id))
                return false;
        if (is_ours)
                rest_refuse(rest, PROBLEM_CONFLICT, "dials",
                            "Move it to the session's pool (maskline number change --pool), or "
                            "leave \"dials\" out.",
                            "the number to dial belongs to another pool; nothing was changed");
        else
                rest_refuse(rest, PROBLEM_NOT_FOUND, "dials",
                            "Add the number first (maskline number add), or leave \"dials\" out.",
                            "the number to dial is none of yours; nothing was changed");
        return true;
}

/* What the session has not. */
static void refuse_edit_missing(struct rest *rest, const struct session_view *view,
                                const struct session_edit *edit)
{
        bool swaps = edit->kind == EDIT_SWAP_NUMBER;
        if (view->state == SESSION_ERASED)
                rest_session_refuse_life(rest, ERR_NOT_FOUND);
        else if (!swaps && edit->kind != EDIT_ADD_PARTY && !has_party(view, edit->place))
                rest_refuse(rest, PROBLEM_NOT_FOUND, "party",
                            "Look at the session (GET): its parties are counted from 0.",
                            "the session has no such party");
        else if (edit->kind == EDIT_REMOVE_ALIAS)
                rest_refuse(rest, PROBLEM_NOT_FOUND, "number",
                            "Nothing is left to do, if it is this party that you mean.",
                            "the party has no such number");
        else if (swaps && number_is_none(view->slots[edit->slot].n))
                rest_refuse(rest, PROBLEM_NOT_FOUND, "slot",
                            "Look at the session (GET): each of its rows has one.",
                            "the session has no such slot");
        else if (!swaps || !refuse_given_to(rest, view, edit->number))
                rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                            "Add the number again (maskline number add), or end the session.",
                            "a masking number that the session has is not yours any more");
}

static void refuse_edit_state(struct rest *rest, const struct session_view *view)
{
        if (view->state >= SESSION_ENDED)
                rest_refuse(rest, PROBLEM_STATE, NULL, "Reopen it first.", "the session has ended");
        else
                rest_refuse(rest, PROBLEM_STATE, "number",
                            "Replace the party (replace-party), or remove it (remove-party).",
                            "it is the party's only number");
}

static void refuse_edit_exists(struct rest *rest, const struct session_view *view,
                               const struct session_edit *edit)
{
        bool is_own = party_fields_place(rest, view, edit->party.real[0]) == edit->place;
        rest_refuse(rest, PROBLEM_EXISTS, "number",
                    is_own ? "Nothing is left to do."
                           : "Take it from that party first (remove-alias, replace-party), or give "
                             "another one.",
                    is_own ? "the party has this number already"
                           : "another party of the session has this number");
}

static void refuse_edit_conflict(struct rest *rest, const struct session_edit *edit,
                                 const struct alloc_outcome *outcome)
{
        if (edit->kind == EDIT_SWAP_NUMBER && outcome->reason != ALLOC_SERVED)
                rest_refuse(rest, PROBLEM_CONFLICT, "dials",
                            "Choose another number to dial, or leave \"dials\" out to have one "
                            "picked.",
                            "%s Nothing was changed.", alloc_reason_sentence(outcome->reason));
        else
                rest_refuse(rest, PROBLEM_CONFLICT, edit->kind == EDIT_SET_PIN ? "pin" : NULL,
                            edit->kind == EDIT_SET_PIN
                                    ? "Give other digits, or have some drawn; nothing was changed."
                                    : "Wait until the other session's quarantine is over, or swap "
                                      "the masking number first; nothing was changed.",
                            "another session holds, or held until a short time ago, what this one "
                            "would get");
}

void rest_session_refuse_edit(struct rest *rest, const struct session_view *view,
                              const struct session_edit *edit,
                              const struct session_refusal *refusal, int err)
{
        switch (err) {
        case ERR_NOT_FOUND:
                refuse_edit_missing(rest, view, edit);
                return;
        case ERR_STATE:
                refuse_edit_state(rest, view);
                return;
        case ERR_SYNTAX:
                refuse_edit_fault(rest, &refusal->fault);
                return;
        case ERR_EXISTS:
                refuse_edit_exists(rest, view, edit);
                return;
        case ERR_CONFLICT:
                refuse_edit_conflict(rest, edit, &refusal->outcome);
                return;
        case ERR_NO_NUMBER:
                refuse_number(rest, &refusal->outcome);
                return;
        default:
                rest_refuse_failed(rest, err);
        }
}
