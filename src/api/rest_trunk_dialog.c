/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunk_dialog.h"

void rest_trunk_dialog_read(const json_t **values, struct trunk *trunk)
{
        if (values[DIALOG_SESSION_TIMER])
                trunk->no_session_timer = !json_is_true(values[DIALOG_SESSION_TIMER]);
        if (values[DIALOG_PRACK])
                trunk->no_prack = !json_is_true(values[DIALOG_PRACK]);
}

void rest_trunk_dialog_add(const struct trunk *trunk, json_t *json)
{
        json_object_set_new(json, "session_timer", json_boolean(!trunk->no_session_timer));
        json_object_set_new(json, "prack", json_boolean(!trunk->no_prack));
}
