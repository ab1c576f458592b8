/* SPDX-License-Identifier: Apache-2.0 */
#include "api/wish_fields.h"

#include <stdio.h>
#include <string.h>

#include "api/number_fields.h"
#include "api/phonenumber.h"

bool wish_fields_read(struct rest *rest, const json_t *country, const json_t *area,
                      const char *where, struct number_place *out)
{
        struct number_place place = *out;
        struct number_problem problem;
        char field[48];
        if (country && !area)
                place.area[0] = '\0';
        if (!number_fields_place(country, area, &place, &problem)) {
                *out = place;
                return true;
        }
        snprintf(field, sizeof field, "%s%s", where, problem.field);
        rest_refuse(rest, problem.kind, field, problem.remedy, "%s", problem.rule);
        return false;
}

void wish_fields_default(const struct session_party *party, const struct pool_policy *policy,
                         struct number_place *wish)
{
        struct phonenumber_facts facts;
        bool looks_at_country = policy->match_country != MATCH_ANY;
        bool looks_at_area = policy->match_area != MATCH_ANY;
        if (party->real_count == 0 || wish->area[0] ||
            ((!looks_at_country || wish->country[0]) && !looks_at_area))
                return;
        phonenumber_describe(party->real[0].n.e164, &facts);
        bool is_at_home = !wish->country[0] || !strcmp(wish->country, facts.country);
        if (looks_at_country && !wish->country[0])
                snprintf(wish->country, sizeof wish->country, "%s", facts.country);
        if (looks_at_area && is_at_home && facts.is_geographic)
                snprintf(wish->area, sizeof wish->area, "%s", facts.area);
}
