/* SPDX-License-Identifier: Apache-2.0 */
#include "app/commands.h"

#include "app/completion_command.h"
#include "app/config_command.h"
#include "app/plan_command.h"
#include "app/restore_command.h"
#include "app/serve.h"
#include "cli/cli.h"

const struct command *const commands[] = {
        serve_commands,      config_commands,     cli_trunk_commands,   cli_number_commands,
        cli_pool_commands,   plan_commands,       cli_session_commands, cli_session_change_commands,
        cli_party_commands,  cli_block_commands,  cli_call_commands,    cli_explain_commands,
        cli_audit_commands,  cli_tenant_commands, cli_key_commands,     cli_event_commands,
        cli_backup_commands, restore_commands,    completion_commands,  NULL,
};

void commands_put_reference(struct buf *out)
{
        buf_put_text(
                out,
                "# Command line\n\n"
                "<!-- Made by `maskline help --reference`; a test compares the two. -->\n\n"
                "`maskline serve` is the daemon, `maskline config` its configuration, and\n"
                "`maskline restore` makes a data directory while none runs; every other command\n"
                "asks a running daemon through its REST API (rest.md). They find it\n"
                "by `--data DIR` (the daemon writes its address into the file `endpoint` there,\n"
                "and the operator's token into `api.token`), or by `--server` and `--token-file`.\n\n"
                "Real numbers are read from standard input (`-`, one line each) or from a file\n"
                "(`@FILE`). A number given as an argument is taken out of the process list at\n"
                "once, but a shell keeps it in its history: prefer the other two.\n\n"
                "Exit status, of every command:\n\n"
                "| status | meaning |\n|---|---|\n"
                "| 0 | done |\n"
                "| 1 | failed, or not all of it was done (rows of an import that were rejected, a "
                "trunk that does not work): the reason and what to do are on standard error |\n"
                "| 2 | the command line is wrong: nothing was asked of the server |\n\n"
                "What was asked for goes to standard output, progress and problems to standard\n"
                "error. With `--json` standard output is one JSON document, or empty where the\n"
                "server has nothing to say. Tables are cut to the width of the terminal, and not in\n"
                "a file or pipe. `source <(maskline completion bash)` lets the shell complete all of\n"
                "it.\n\n"
                "`maskline --version` prints the version; `maskline help COMMAND` and\n"
                "`maskline COMMAND --help` explain a command.\n\n");
        command_put_reference(out, commands);
}
