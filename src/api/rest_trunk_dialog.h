/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_trunk_dialog.h - of a trunk: what its carrier does not want to hear of within a call.
 */
#ifndef MASKLINE_API_REST_TRUNK_DIALOG_H
#define MASKLINE_API_REST_TRUNK_DIALOG_H

#include "api/body.h"
#include "core/trunk.h"

enum dialog_field {
        DIALOG_SESSION_TIMER,
        DIALOG_PRACK,
        DIALOG_FIELDS,
};
#define REST_TRUNK_DIALOG_ROWS                                                                     \
        {"session_timer", BODY_SWITCH},                                                            \
        {                                                                                          \
                "prack", BODY_SWITCH                                                               \
        }

/* What is absent stays as it is. */
void rest_trunk_dialog_read(const json_t **values, struct trunk *trunk);
void rest_trunk_dialog_add(const struct trunk *trunk, json_t *json);

#endif
