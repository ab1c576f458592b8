/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_trunk_address.h - of a trunk: where its requests come from, where ours go, and the address
 * of ours that its carrier is told.
 */
#ifndef MASKLINE_API_REST_TRUNK_ADDRESS_H
#define MASKLINE_API_REST_TRUNK_ADDRESS_H

#include "api/body.h"
#include "api/rest.h"

enum address_field {
        ADDRESS_SOURCES,
        ADDRESS_PEER,
        ADDRESS_ADVERTISED,
        ADDRESS_FIELDS,
};
#define REST_TRUNK_ADDRESS_ROWS                                                                    \
        {"sources", BODY_LIST, true}, {"peer", BODY_TEXT, true},                                   \
        {                                                                                          \
                "advertised", BODY_TEXT                                                            \
        }

/* Into a new trunk. False: refused. */
bool rest_trunk_address_read(struct rest *rest, const json_t **values, struct trunk *trunk);
void rest_trunk_address_add(const struct trunk *trunk, json_t *json);

/*
 * "192.0.2.0/24", "192.0.2.7", "192.0.2.7:5060", "[2001:db8::/32]:5060". ERR_SYNTAX; ERR_RANGE
 * when bits are set beyond the prefix.
 */
int rest_trunk_address_parse_source(struct slice text, struct trunk_source *out) MUST_CHECK;

#endif
