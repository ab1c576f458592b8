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
        static const struct show_column columns[] = {
                {"TENANT", "name"},
                {"CREATED", "created_at"},
                {NULL},
        };
        json_t *answer;
        int code = client_ask(line, "GET", "/v1/tenants", NULL, &answer);
        if (!answer)
                return code;

        show_list(json_object_get(answer, "tenants"), columns, "no tenants");
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
