/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_tenants.h"

#include <stdio.h>

#include "api/body.h"
#include "store/directory_tenant.h"

enum field {
        FIELD_NAME,
        FIELDS,
};

const struct body_field rest_tenants_fields[] = {
        [FIELD_NAME] = {"name", BODY_TEXT, true},
        [FIELDS] = {NULL},
};

static json_t *tenant_json(const struct tenant *tenant)
{
        return json_pack("{s:s, s:o}", "name", tenant->name, "created_at",
                         rest_time(tenant->created_ms));
}

static void refuse_tenant(struct rest *rest, int err)
{
        switch (err) {
        case ERR_EXISTS:
                rest_refuse(rest, PROBLEM_EXISTS, "name", "Choose another name.",
                            "there is a tenant of this name already");
                return;
        case ERR_FULL:
                rest_refuse(rest, PROBLEM_LIMIT, NULL, "Remove one that is no longer used.",
                            "there are %d tenants already, or the store's queue is full",
                            TENANTS_MAX);
                return;
        case ERR_STATE:
                rest_refuse(rest, PROBLEM_STATE, NULL, "Leave it; it may be empty.",
                            "the default tenant stays");
                return;
        case ERR_IN_USE:
                rest_refuse(
                        rest, PROBLEM_IN_USE, NULL,
                        "Revoke its keys, end its sessions and wait until their quarantine is "
                        "over, then remove its numbers, pools, trunks and blocked pairs.",
                        "the tenant has keys, trunks, pools, numbers, sessions or blocked pairs");
                return;
        default:
                rest_refuse_store(rest, err);
        }
}

void rest_tenants_create(struct rest *rest)
{
        struct tenant tenant = {0};
        const json_t *values[FIELDS];
        if (!body_fields(rest, rest->body, "", rest_tenants_fields, values) ||
            !body_name(rest, values[FIELD_NAME], tenant.name, sizeof tenant.name))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        int err = directory_tenant_add(rest->api->params.directory, &tenant, rest->who.key_id,
                                       rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_tenant(rest, err);
                return;
        }
        wait->status = 201;
        snprintf(wait->told, sizeof wait->told, "tenant %s: created", tenant.name);
        snprintf(wait->location, sizeof wait->location, "/v1/tenants/%s", tenant.name);
        wait->answer = tenant_json(&tenant);
}

void rest_tenants_list(struct rest *rest)
{
        const struct tenant *tenant;
        json_t *list = json_array();
        for (uint32_t i = 0; (tenant = directory_tenant_at(rest->api->params.directory, i)); i++)
                json_array_append_new(list, tenant_json(tenant));
        rest_answer(rest->api, rest->exchange, 200, json_pack("{s:o}", "tenants", list));
}

static const struct tenant *find_or_refuse(struct rest *rest)
{
        const struct tenant *tenant =
                directory_tenant_find(rest->api->params.directory, slice_from(rest->segment));
        if (!tenant)
                rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                            "GET /v1/tenants (maskline tenant list) lists them.",
                            "there is no such tenant");
        return tenant;
}

void rest_tenants_show(struct rest *rest)
{
        const struct tenant *tenant = find_or_refuse(rest);
        if (tenant)
                rest_answer(rest->api, rest->exchange, 200, tenant_json(tenant));
}

void rest_tenants_remove(struct rest *rest)
{
        const struct tenant *tenant = find_or_refuse(rest);
        if (!tenant)
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;

        wait->status = 204;
        snprintf(wait->told, sizeof wait->told, "tenant %s: removed", tenant->name);
        int err = directory_tenant_remove(rest->api->params.directory, tenant->id, rest->who.key_id,
                                          rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse_tenant(rest, err);
        }
}
