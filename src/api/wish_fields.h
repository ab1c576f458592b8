/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wish_fields.h - where a party's masking number should be at home: as it is said, else as the party's own
 * number is, for what the pool's policy looks at (match_country, match_area).
 */
#ifndef MASKLINE_API_WISH_FIELDS_H
#define MASKLINE_API_WISH_FIELDS_H

#include "api/body.h"

/*
 * Over what is in `out`: a country that is said takes the area of another one with it. `where` is put in
 * front of names in problems. False: the request has been answered.
 */
bool wish_fields_read(struct rest *rest, const json_t *country, const json_t *area,
                      const char *where, struct number_place *out);

/* What is not said, by the party's own number. That of a mobile is at home in no area. */
void wish_fields_default(const struct session_party *party, const struct pool_policy *policy,
                         struct number_place *wish);

#endif
