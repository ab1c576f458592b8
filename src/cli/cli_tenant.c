/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

static int add(const struct command_line *line)
{
        json_t *body = json_object();
        json_object_set_new(body, "name", json_string(line->operands[0]));

        json_t *answer;
        int code = client_ask(line, "POST", "/v1/tenants", body, &answer);
        if (answer)
                printf("tenant %s added; \"maskline key create --tenant %s\" makes a key for it\n",
                       show_cell(answer, "name").text, show_cell(answer, "name").text);
        json_decref(answer);
        return code;
}

static int list(const struct command_line *line)
{
        static const char *const titles[] = {"TENANT", "CREATED", NULL};
        json_t *answer;
        int code = client_ask(line, "GET", "/v1/tenants", NULL, &answer);
        if (!answer)
                return code;

        struct show_table *table = show_table_create(titles);
        size_t at;
        json_t *tenant;
        json_array_foreach(json_object_get(answer, "tenants"), at, tenant)
        {
                struct show_cell cells[] = {
                        show_cell(tenant, "name"),
                        show_cell(tenant, "created_at"),
                };
                show_table_add(table, cells);
        }
        show_table_print(table, "no tenants");
        show_table_destroy(table);
        json_decref(answer);
        return code;
}

static int remove_tenant(const struct command_line *line)
{
        return client_remove(line, "tenants", "tenant", "removed");
}

const struct command cli_tenant_commands[] = {
        {"tenant add", "Add a tenant, with trunks, numbers, sessions and keys of its own.", "NAME",
         1, 1, NULL, client_options, "  maskline tenant add acme\n", add},
        {"tenant list", "List the tenants.", NULL, 0, 0, NULL, client_options,
         "  maskline tenant list\n", list},
        {"tenant remove", "Remove a tenant that holds nothing any more.", "NAME", 1, 1, NULL,
         client_options, "  maskline tenant remove acme\n", remove_tenant},
        {NULL},
};
