/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunks.h"

#include <stdio.h>

#include "api/body.h"
#include "api/rest_trunk_address.h"
#include "api/rest_trunk_dialog.h"
#include "api/rest_trunk_login.h"
#include "api/rest_trunk_route.h"
#include "api/rest_trunk_template.h"
#include "api/rest_trunk_tolerance.h"
#include "api/rest_trunk_transport.h"
#include "base/log.h"
#include "call/provision.h"

enum field {
        FIELD_NAME,
        FIELD_ADDRESS,
        FIELD_COUNTRY = FIELD_ADDRESS + ADDRESS_FIELDS,
        FIELD_INTERNATIONAL,
        FIELD_NATIONAL,
        FIELD_DIGITS_MIN,
        FIELD_DIGITS_MAX,
        FIELD_CHANNELS_MAX,
        FIELD_CALLS_PER_S,
        FIELD_ANNOUNCEMENTS_MAX,
        FIELD_ROUTE,
        FIELD_DIALOG = FIELD_ROUTE + ROUTE_FIELDS,
        FIELD_TRANSPORT = FIELD_DIALOG + DIALOG_FIELDS,
        FIELD_TOLERATES = FIELD_TRANSPORT + TRANSPORT_FIELDS,
        FIELD_TEMPLATE,
        FIELD_LOGIN = FIELD_TEMPLATE + REST_TRUNK_TEMPLATE_FIELDS,
        FIELDS = FIELD_LOGIN + LOGIN_FIELDS,
};

const struct body_field rest_trunks_fields[] = {
        [FIELD_NAME] = {"name", BODY_TEXT, true},
        [FIELD_ADDRESS] = REST_TRUNK_ADDRESS_ROWS,
        [FIELD_COUNTRY] = {"country", BODY_TEXT},
        [FIELD_INTERNATIONAL] = {"international", BODY_TEXT},
        [FIELD_NATIONAL] = {"national", BODY_TEXT},
        [FIELD_DIGITS_MIN] = {"digits_min", BODY_COUNT},
        [FIELD_DIGITS_MAX] = {"digits_max", BODY_COUNT},
        [FIELD_CHANNELS_MAX] = {"channels_max", BODY_COUNT},
        [FIELD_CALLS_PER_S] = {"calls_per_s", BODY_COUNT},
        [FIELD_ANNOUNCEMENTS_MAX] = {"announcements_max", BODY_COUNT},
        [FIELD_ROUTE] = REST_TRUNK_ROUTE_ROWS,
        [FIELD_DIALOG] = REST_TRUNK_DIALOG_ROWS,
        [FIELD_TRANSPORT] = REST_TRUNK_TRANSPORT_ROWS,
        [FIELD_TOLERATES] = {"tolerates", BODY_LIST},
        [FIELD_TEMPLATE] = REST_TRUNK_TEMPLATE_ROWS,
        [FIELD_LOGIN] = REST_TRUNK_LOGIN_ROWS,
        [FIELDS] = {NULL},
};

/* What may be changed later. */
enum change_field {
        CHANGE_ROUTE,
        CHANGE_DIALOG = CHANGE_ROUTE + ROUTE_FIELDS,
        CHANGE_TRANSPORT = CHANGE_DIALOG + DIALOG_FIELDS,
        CHANGE_LOGIN = CHANGE_TRANSPORT + TRANSPORT_FIELDS,
        CHANGE_TEMPLATE = CHANGE_LOGIN + LOGIN_FIELDS,
        CHANGE_TOLERATES = CHANGE_TEMPLATE + REST_TRUNK_TEMPLATE_FIELDS,
        CHANGE_FIELDS,
};

const struct body_field rest_trunks_change_fields[] = {
        [CHANGE_ROUTE] = REST_TRUNK_ROUTE_ROWS,
        [CHANGE_DIALOG] = REST_TRUNK_DIALOG_ROWS,
        [CHANGE_TRANSPORT] = REST_TRUNK_TRANSPORT_ROWS,
        [CHANGE_LOGIN] = REST_TRUNK_LOGIN_ROWS,
        [CHANGE_TEMPLATE] = REST_TRUNK_TEMPLATE_ROWS,
        [CHANGE_TOLERATES] = {"tolerates", BODY_LIST},
        [CHANGE_FIELDS] = {NULL},
};

/* Refused callers that listen at once, unless the trunk says otherwise. */
#define ANNOUNCEMENTS_DEFAULT 20

static json_t *address_json(const struct addr *a)
{
        if (a->family == 0)
                return json_null();
        return json_string(a->port ? addr_format(a).text : addr_format_ip(a).text);
}

static void add_plan(const struct number_plan *plan, json_t *json)
{
        json_object_set_new(json, "country", json_string(plan->country));
        json_object_set_new(json, "international", json_string(plan->international));
        json_object_set_new(json, "national", json_string(plan->national));
        json_object_set_new(json, "digits_min", json_integer(plan->digits_min));
        json_object_set_new(json, "digits_max", json_integer(plan->digits_max));
}

static void add_limits(const struct trunk *trunk, json_t *json)
{
        json_object_set_new(json, "channels_max", json_integer(trunk->channels_max));
        json_object_set_new(json, "calls_per_s", json_integer(trunk->calls_per_s));
        json_object_set_new(json, "announcements_max", json_integer(trunk->announcements_max));
}

static void add_state(const struct api *api, const struct trunk *trunk, json_t *json)
{
        const struct sip_trunk_state *state = sip_trunks_find(api->params.trunks, trunk->id);
        json_object_set_new(json, "peer_address",
                            state ? address_json(&state->peer.addr) : json_null());
        rest_trunk_route_add(api, trunk, json);
        json_object_set_new(json, "channels", json_integer(state ? state->counters.channels : 0));
        json_object_set_new(json, "announcing",
                            json_integer(state ? state->counters.announcing : 0));
}

static json_t *trunk_json(const struct api *api, const struct trunk *trunk)
{
        json_t *json = json_pack("{s:s}", "name", trunk->name);
        if (!json)
                return NULL;
        rest_trunk_address_add(trunk, json);
        add_plan(&trunk->plan, json);
        add_limits(trunk, json);
        rest_trunk_template_add(api, trunk, json);
        rest_trunk_tolerance_add(api, trunk, json);
        rest_trunk_dialog_add(trunk, json);
        rest_trunk_transport_add(trunk, json);
        rest_trunk_login_add(api, trunk, json);
        add_state(api, trunk, json);
        return json;
}

static bool read_digits(struct rest *rest, const json_t *value, const char *field, char *out,
                        size_t out_bytes)
{
        struct slice text = body_slice(value);
        for (size_t i = 0; i < text.len; i++) {
                if (text.p[i] < '0' || text.p[i] > '9')
                        text.len = out_bytes;
        }
        if (!value || slice_to_text(text, out, out_bytes) == 0)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Correct the value.",
                    "the value must be at most %zu digits", out_bytes - 1);
        return false;
}

static bool check_plan(struct rest *rest, const struct number_plan *plan)
{
        if (plan->digits_max < plan->digits_min) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "digits_max", "Correct the value.",
                            "it is less than digits_min");
                return false;
        }
        if (plan->country[0] == '0') {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "country", "Correct the value.",
                            "a country code does not begin with 0");
                return false;
        }
        if (plan->country[0] && plan->digits_min == 0) {
                rest_refuse(rest, PROBLEM_MISSING_FIELD, "digits_min",
                            "Add digits_min and digits_max, for example 10 and "
                            "10.",
                            "with a country, the lengths of its national numbers are needed");
                return false;
        }
        if (!plan->country[0] && plan->national[0]) {
                rest_refuse(rest, PROBLEM_MISSING_FIELD, "country", "Add the country code.",
                            "national needs a country");
                return false;
        }
        return true;
}

static bool read_plan(struct rest *rest, const json_t **values, struct number_plan *plan)
{
        uint32_t digits_min = 0, digits_max = 0;
        if (!read_digits(rest, values[FIELD_COUNTRY], "country", plan->country,
                         sizeof plan->country) ||
            !read_digits(rest, values[FIELD_INTERNATIONAL], "international", plan->international,
                         sizeof plan->international) ||
            !read_digits(rest, values[FIELD_NATIONAL], "national", plan->national,
                         sizeof plan->national) ||
            !body_count(rest, values[FIELD_DIGITS_MIN], "digits_min", 0, 15, &digits_min) ||
            !body_count(rest, values[FIELD_DIGITS_MAX], "digits_max", 0, 15, &digits_max))
                return false;
        plan->digits_min = (uint8_t)digits_min;
        plan->digits_max = (uint8_t)digits_max;
        return check_plan(rest, plan);
}

static bool read_trunk(struct rest *rest, struct trunk *trunk, struct slice *password,
                       struct rest_trunk_headers *headers)
{
        const json_t *values[FIELDS];
        *trunk = (struct trunk){
                .tenant_id = rest->who.tenant_id,
                .announcements_max = ANNOUNCEMENTS_DEFAULT,
        };
        rest_trunk_route_defaults(trunk);
        if (!body_fields(rest, rest->body, "", rest_trunks_fields, values))
                return false;
        rest_trunk_dialog_read(values + FIELD_DIALOG, trunk);
        return body_name(rest, values[FIELD_NAME], trunk->name, sizeof trunk->name) &&
               rest_trunk_address_read(rest, values + FIELD_ADDRESS, trunk) &&
               read_plan(rest, values, &trunk->plan) &&
               body_count(rest, values[FIELD_CHANNELS_MAX], "channels_max", 0, 1000000,
                          &trunk->channels_max) &&
               body_count(rest, values[FIELD_CALLS_PER_S], "calls_per_s", 0, 100000,
                          &trunk->calls_per_s) &&
               body_count(rest, values[FIELD_ANNOUNCEMENTS_MAX], "announcements_max", 0, 1000000,
                          &trunk->announcements_max) &&
               rest_trunk_route_read(rest, values + FIELD_ROUTE, trunk) &&
               rest_trunk_transport_read(rest, values + FIELD_TRANSPORT, trunk) &&
               rest_trunk_login_read(rest, values + FIELD_LOGIN, trunk, password) &&
               rest_trunk_template_read(rest, values + FIELD_TEMPLATE, trunk, headers) &&
               rest_trunk_tolerance_read(rest, values[FIELD_TOLERATES], trunk);
}

/* Whose sources overlap, to name it; NULL: another tenant's. */
static const struct trunk *overlapping(const struct api *api, const struct trunk *trunk)
{
        const struct trunk *other;
        for (uint32_t i = 0; (other = directory_trunk_at(api->params.directory, i)); i++) {
                if (other->tenant_id == trunk->tenant_id && trunk_sources_overlap(other, trunk))
                        return other;
        }
        return NULL;
}

static void refuse_trunk(struct rest *rest, const struct trunk *trunk, int err)
{
        const struct trunk *other;
        switch (err) {
        case ERR_EXISTS:
                rest_refuse(rest, PROBLEM_EXISTS, "name",
                            "Choose another name, or remove that one.",
                            "there is a trunk named %s already", trunk->name);
                return;
        case ERR_CONFLICT:
                other = overlapping(rest->api, trunk);
                rest_refuse(rest, PROBLEM_CONFLICT, "sources",
                            "A source belongs to one trunk; narrow one of the two.",
                            "a source overlaps with one of %s",
                            other ? other->name : "another trunk");
                return;
        case ERR_FULL:
                rest_refuse(rest, PROBLEM_LIMIT, NULL, "Remove one that is no longer used.",
                            "there are %d trunks already, or the store's queue is full",
                            TRUNKS_MAX);
                return;
        default:
                rest_refuse_store(rest, err);
        }
}

void rest_trunks_sync(struct api *api, uint32_t trunk_id)
{
        const struct trunk *trunk = directory_trunk_get(api->params.directory, trunk_id);
        if (!trunk) {
                sip_trunks_remove(api->params.trunks, trunk_id);
                return;
        }
        int err = provision_trunk(api->params.directory, api->params.trunks, trunk);
        if (err)
                log_error("trunk %s: signalling cannot take it: %s", trunk->name, err_text(err));
}

/* The secrets that came with a request, into the row. Nothing is left behind after a failure. */
static int seal(struct directory *directory, struct trunk *trunk, struct slice password,
                const struct rest_trunk_headers *headers)
{
        int err = 0;
        if (password.len)
                err = directory_trunk_seal(directory, trunk, password);
        if (!err && headers->is_given)
                err = directory_trunk_seal_headers(directory, trunk,
                                                   (struct slice){headers->text, headers->bytes});
        if (err)
                directory_trunk_discard(directory, trunk);
        return err;
}

void rest_trunks_create(struct rest *rest)
{
        struct api *api = rest->api;
        struct trunk trunk;
        struct slice password;
        struct rest_trunk_headers headers;
        if (!read_trunk(rest, &trunk, &password, &headers))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        int err = seal(api->params.directory, &trunk, password, &headers);
        if (!err)
                err = directory_trunk_add(api->params.directory, &trunk, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_trunk(rest, &trunk, err);
                return;
        }
        snprintf(wait->told, sizeof wait->told, "trunk %s: added", trunk.name);
        wait->trunk_id = trunk.id;
        rest_trunks_sync(api, trunk.id);
        wait->status = 201;
        snprintf(wait->location, sizeof wait->location, "/v1/trunks/%s", trunk.name);
        wait->answer = trunk_json(api, &trunk);
}

void rest_trunks_list(struct rest *rest)
{
        const struct trunk *trunk;
        json_t *list = json_array();
        for (uint32_t i = 0; (trunk = directory_trunk_at(rest->api->params.directory, i)); i++) {
                if (trunk->tenant_id == rest->who.tenant_id)
                        json_array_append_new(list, trunk_json(rest->api, trunk));
        }
        rest_answer(rest->api, rest->exchange, 200, json_pack("{s:o}", "trunks", list));
}

const struct trunk *rest_trunks_find(struct rest *rest)
{
        const struct trunk *trunk = directory_trunk_find(
                rest->api->params.directory, rest->who.tenant_id, slice_from(rest->segment));
        if (!trunk)
                rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                            "GET /v1/trunks (maskline trunk list) lists them.",
                            "there is no trunk of this name");
        return trunk;
}

void rest_trunks_show(struct rest *rest)
{
        const struct trunk *trunk = rest_trunks_find(rest);
        if (trunk)
                rest_answer(rest->api, rest->exchange, 200, trunk_json(rest->api, trunk));
}

void rest_trunks_change(struct rest *rest)
{
        struct api *api = rest->api;
        const json_t *values[CHANGE_FIELDS];
        struct rest_trunk_headers headers;
        const struct trunk *held = rest_trunks_find(rest);
        struct slice password;
        if (!held)
                return;
        struct trunk trunk = *held;
        if (!body_fields(rest, rest->body, "", rest_trunks_change_fields, values) ||
            !rest_trunk_route_read(rest, values + CHANGE_ROUTE, &trunk) ||
            !rest_trunk_transport_read(rest, values + CHANGE_TRANSPORT, &trunk) ||
            !rest_trunk_login_read(rest, values + CHANGE_LOGIN, &trunk, &password) ||
            !rest_trunk_template_read(rest, values + CHANGE_TEMPLATE, &trunk, &headers) ||
            !rest_trunk_tolerance_read(rest, values[CHANGE_TOLERATES], &trunk))
                return;
        rest_trunk_dialog_read(values + CHANGE_DIALOG, &trunk);
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        int err = seal(api->params.directory, &trunk, password, &headers);
        if (!err)
                err = directory_trunk_change(api->params.directory, &trunk, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_trunk(rest, &trunk, err);
                return;
        }
        snprintf(wait->told, sizeof wait->told, "trunk %s: changed", trunk.name);
        wait->trunk_id = trunk.id;
        rest_trunks_sync(api, trunk.id);
        wait->status = 200;
        wait->answer = trunk_json(api, &trunk);
}

void rest_trunks_remove(struct rest *rest)
{
        struct api *api = rest->api;
        const struct trunk *trunk = rest_trunks_find(rest);
        if (!trunk)
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        uint32_t id = trunk->id;
        snprintf(wait->told, sizeof wait->told, "trunk %s: removed", trunk->name);
        int err = directory_trunk_remove(api->params.directory, id, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                if (err == ERR_IN_USE)
                        rest_refuse(rest, PROBLEM_IN_USE, NULL,
                                    "Remove its numbers, and take it out of the overflow of "
                                    "others.",
                                    "masking numbers belong to this trunk, or others overflow to "
                                    "it");
                else
                        rest_refuse_store(rest, err);
                return;
        }
        wait->trunk_id = id;
        wait->status = 204;
        rest_trunks_sync(api, id);
}
