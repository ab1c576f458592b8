/* SPDX-License-Identifier: Apache-2.0 */
/*
 * party_search.h - in which sessions one real number is: each once, in the order of their ids.
 */
#ifndef MASKLINE_API_PARTY_SEARCH_H
#define MASKLINE_API_PARTY_SEARCH_H

#include "store/directory_change.h"

struct party_session {
        uint64_t id;
        uint8_t place; /* of the party; PARTY_NONE: it is there as who called last */
};

/* `found` lives until it returns; never called before party_search() has returned. */
typedef void party_search_fn(void *arg, int err, const struct party_session *found, uint32_t count);

/* -ENOMEM */
int party_search(struct directory *dir, uint32_t tenant_id, struct real_number number,
                 party_search_fn *fn, void *arg) MUST_CHECK;

#endif
