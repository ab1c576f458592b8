/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_trunk_transport.h - of a trunk: how requests go to it, and who may connect for it.
 */
#ifndef MASKLINE_API_REST_TRUNK_TRANSPORT_H
#define MASKLINE_API_REST_TRUNK_TRANSPORT_H

#include "api/body.h"
#include "api/rest.h"

enum transport_field {
        TRANSPORT_TRANSPORT,
        TRANSPORT_CLIENT_DOMAIN,
        TRANSPORT_FIELDS,
};
#define REST_TRUNK_TRANSPORT_ROWS                                                                  \
        {"transport", BODY_TEXT},                                                                  \
        {                                                                                          \
                "client_certificate", BODY_TEXT                                                    \
        }

/* Into the trunk; what is absent stays. False: refused. */
bool rest_trunk_transport_read(struct rest *rest, const json_t **values, struct trunk *trunk);
void rest_trunk_transport_add(const struct trunk *trunk, json_t *json);

#endif
