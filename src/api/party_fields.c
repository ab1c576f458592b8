/* SPDX-License-Identifier: Apache-2.0 */
#include "api/party_fields.h"

#include <stdio.h>
#include <string.h>

#include "api/party_number.h"

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

bool party_fields_check(struct rest *rest, const struct session_party *party, const char *where)
{
        for (unsigned i = 0; i < party->real_count; i++) {
                char field[64];
                const struct number_row *row = directory_number_find(
                        rest->api->params.directory, (struct masking_number){party->real[i].n});
                if (!row || row->tenant_id != rest->who.tenant_id)
                        continue;
                if (i)
                        snprintf(field, sizeof field, "%saliases[%u]", where, i - 1);
                else
                        snprintf(field, sizeof field, "%snumber", where);
                rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Give the party's own number.",
                            "the number is a masking number: a call to it would come back here");
                return false;
        }
        return true;
}
