/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_session_refusal.h"

#include <stdio.h>

#include "api/session_fields.h"
#include "core/session_model.h"

/* The party that was to dial a number that is not the tenant's. */
static unsigned unknown_given(const struct api *api, const struct session_create *create)
{
        unsigned party = 0;
        while (party + 1 < create->party_count) {
                struct masking_number given = create->given[session_fields_slot(create, party)];
                const struct number_row *row = directory_number_find(api->params.directory, given);
                if (!number_is_none(given.n) && (!row || row->tenant_id != create->tenant_id))
                        break;
                party++;
        }
        return party;
}

static void refuse_fault(struct rest *rest, const struct session_fault *fault)
{
        char field[24] = "parties";
        if (fault->party != PARTY_NONE)
                snprintf(field, sizeof field, "parties[%u]", fault->party);
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Change it and try again.", "%s",
                    session_flaw_sentence(fault->flaw));
}

void rest_session_refuse_number(struct rest *rest, const struct alloc_outcome *outcome)
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
                rest_refuse(rest, PROBLEM_CONFLICT, "reference",
                            "Use a new reference for a new session.",
                            "the reference belongs to a session of other parties, or with other "
                            "numbers; nothing was created");
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
        char field[32];
        switch (err) {
        case ERR_SYNTAX:
                refuse_fault(rest, &refusal->fault);
                return;
        case ERR_NO_NUMBER:
                rest_session_refuse_number(rest, &refusal->outcome);
                return;
        case ERR_CONFLICT:
                refuse_conflict(rest, &refusal->outcome);
                return;
        case ERR_NOT_FOUND:
                snprintf(field, sizeof field, "parties[%u].dials",
                         unknown_given(rest->api, create));
                rest_refuse(rest, PROBLEM_NOT_FOUND, field,
                            "Add the number first (maskline number add), or leave \"dials\" out.",
                            "the number to dial is none of yours; nothing was created");
                return;
        case ERR_RANGE:
                rest_refuse(
                        rest, PROBLEM_BAD_VALUE, "expires_at", "Choose a later time.",
                        "the session would be over before it starts, or live longer than its pool "
                        "allows (ttl_max_ms)");
                return;
        case ERR_FULL:
                rest_refuse_full(rest);
                return;
        default:
                rest_refuse_store(rest, err);
        }
}
