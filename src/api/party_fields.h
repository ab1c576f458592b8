/* SPDX-License-Identifier: Apache-2.0 */
/*
 * party_fields.h - the real numbers of a party on their way in. They are in no answer.
 *
 * Each function has answered the request when it returns false; `field` and `where` are what problems name.
 */
#ifndef MASKLINE_API_PARTY_FIELDS_H
#define MASKLINE_API_PARTY_FIELDS_H

#include "api/body.h"

bool party_fields_number(struct rest *rest, const json_t *text, const char *field,
                         struct real_number *out);

/* The same of a person who is looked for: a masking number of the tenant's is refused. */
bool party_fields_own_number(struct rest *rest, const json_t *text, const char *field,
                             struct real_number *out);

/* Whose number it is in the session; PARTY_NONE: no party's. It answers nothing. */
unsigned party_fields_place(struct rest *rest, const struct session_view *view,
                            struct real_number real);

/* A list of texts, behind the numbers that the party has; NULL: none. */
bool party_fields_aliases(struct rest *rest, const json_t *list, const char *field,
                          struct session_party *party);

/*
 * A call to a masking number of the tenant's would come back; and what premium and emergency numbers may
 * be, the pool's policy says.
 */
bool party_fields_check(struct rest *rest, const struct session_party *party,
                        const struct pool_policy *policy, const char *where);

#endif
