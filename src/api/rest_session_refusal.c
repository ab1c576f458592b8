/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_session_refusal.h"

#include <stdio.h>

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

void rest_session_refuse_edit(struct rest *rest, const struct session_refusal *refusal, int err)
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
                refuse_edit_fault(rest, &refusal->fault);
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
                refuse_number(rest, &refusal->outcome);
                return;
        default:
                rest_refuse_failed(rest, err);
        }
}
