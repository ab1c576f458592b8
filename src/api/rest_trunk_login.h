/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_trunk_login.h - of a trunk: how we show its carrier who we are, and whether it knows us.
 */
#ifndef MASKLINE_API_REST_TRUNK_LOGIN_H
#define MASKLINE_API_REST_TRUNK_LOGIN_H

#include "api/body.h"
#include "api/rest.h"

enum login_field {
        LOGIN_USERNAME,
        LOGIN_PASSWORD,
        LOGIN_REALM,
        LOGIN_REGISTER,
        LOGIN_REGISTER_S,
        LOGIN_FIELDS,
};
#define REST_TRUNK_LOGIN_ROWS                                                                      \
        {"username", BODY_TEXT}, {"password", BODY_TEXT}, {"realm", BODY_TEXT},                    \
                {"register", BODY_SWITCH},                                                         \
        {                                                                                          \
                "register_s", BODY_COUNT                                                           \
        }

/*
 * Into the trunk. What is absent stays as it is; without a user name there is nothing else, either.
 * `password` gets the new one, of null length when none was said. False: refused.
 */
bool rest_trunk_login_read(struct rest *rest, const json_t **values, struct trunk *trunk,
                           struct slice *password);
void rest_trunk_login_add(const struct api *api, const struct trunk *trunk, json_t *json);

#endif
