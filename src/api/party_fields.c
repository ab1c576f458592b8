/* SPDX-License-Identifier: Apache-2.0 */
#include "api/party_fields.h"

#include <stdio.h>
#include <string.h>

#include "api/party_number.h"
#include "store/directory_change.h"

bool party_fields_number(struct rest *rest, const json_t *text, const char *field,
                         struct real_number *out)
{
        struct party_number_problem problem;
        if (!party_number_read(body_slice(text), &rest->api->params.plan, &out->n, &problem))
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, problem.remedy, "the number is refused: %s",
                    problem.rule);
        return false;
}

static bool refuse_aliases(struct rest *rest, const char *field)
{
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Write it like [\"+91...\"].",
                    "aliases are up to %d more numbers of the party, as texts",
                    PARTY_REALS_MAX - 1);
        return false;
}

bool party_fields_aliases(struct rest *rest, const json_t *list, const char *field,
                          struct session_party *party)
{
        size_t at;
        json_t *text;
        if (json_array_size(list) + party->real_count > PARTY_REALS_MAX)
                return refuse_aliases(rest, field);
        json_array_foreach(list, at, text)
        {
                char one[64];
                snprintf(one, sizeof one, "%s[%zu]", field, at);
                if (!json_is_string(text))
                        return refuse_aliases(rest, one);
                if (!party_fields_number(rest, text, one, &party->real[party->real_count]))
                        return false;
                party->real_count++;
        }
        return true;
}

static bool is_masking_number(const struct rest *rest, struct real_number real)
{
        const struct number_row *row =
                directory_number_find(rest->api->params.directory, (struct masking_number){real.n});
        return row && row->tenant_id == rest->who.tenant_id;
}

/* Whoever gives a masking number means the person behind it, who would not be found by it. */
bool party_fields_own_number(struct rest *rest, const json_t *text, const char *field,
                             struct real_number *out)
{
        if (!party_fields_number(rest, text, field, out))
                return false;
        if (!is_masking_number(rest, *out))
                return true;
        explicit_bzero(out, sizeof *out);
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Give the person's own number.",
                    "the number is a masking number, and nobody's own");
        return false;
}

unsigned party_fields_place(struct rest *rest, const struct session_view *view,
                            struct real_number real)
{
        struct session_party party = {.real_count = 0};
        unsigned place = 0;
        while (place < view->party_count) {
                bool is_there = !directory_party_numbers(rest->api->params.directory, view->id,
                                                         (uint8_t)place, &party) &&
                                session_party_has(&party, real);
                if (is_there)
                        break;
                place++;
        }
        explicit_bzero(&party, sizeof party);
        return place < view->party_count ? place : PARTY_NONE;
}

bool party_fields_check(struct rest *rest, const struct session_party *party,
                        const struct pool_policy *policy, const char *where)
{
        for (unsigned i = 0; i < party->real_count; i++) {
                char field[64];
                struct party_number_problem problem = {
                        "the number is a masking number: a call to it would come back here",
                        "Give the party's own number."};
                bool is_ours = is_masking_number(rest, party->real[i]);
                if (!is_ours && party_number_is_allowed(party->real[i].n, policy, &problem))
                        continue;
                if (i)
                        snprintf(field, sizeof field, "%saliases[%u]", where, i - 1);
                else
                        snprintf(field, sizeof field, "%snumber", where);
                rest_refuse(rest, PROBLEM_BAD_VALUE, field, problem.remedy, "%s%s",
                            is_ours ? "" : "the number is refused: ", problem.rule);
                return false;
        }
        return true;
}
