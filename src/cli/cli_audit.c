/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

static int verify(const struct command_line *line)
{
        json_t *answer = NULL;
        int code = client_call(line, "GET", "/v1/audit/verify", NULL, &answer);
        if (code)
                return code;
        bool intact = json_is_true(json_object_get(answer, "intact"));
        if (command_has(line, "--json"))
                json_dumpf(answer, stdout, JSON_INDENT(2));
        else
                show_printable(stdout, show_text(answer, "sentence"));
        fputc('\n', stdout);
        json_decref(answer);
        return intact ? EXIT_DONE : EXIT_FAILED;
}

const struct command cli_audit_commands[] = {
        {"audit verify", "Check that nobody has changed the audit record.", NULL, 0, 0, NULL,
         client_options, "  maskline audit verify\n", verify},
        {NULL},
};
