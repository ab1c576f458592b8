/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h - the commands that speak the REST API, one file each.
 */
#ifndef MASKLINE_CLI_CLI_H
#define MASKLINE_CLI_CLI_H

#include "cli/command.h"

extern const struct command cli_tenant_commands[];  /* tenant add, list, remove */
extern const struct command cli_block_commands[];   /* block add, list, remove */
extern const struct command cli_key_commands[];     /* key create, list, revoke */
extern const struct command cli_trunk_commands[];   /* trunk add, list, show, remove */
extern const struct command cli_number_commands[];  /* number add, list, remove */
extern const struct command cli_pool_commands[];    /* pool add, list, show, set, remove */
extern const struct command cli_session_commands[]; /* session create, list, show, explain, end */
extern const struct command
        cli_session_change_commands[];              /* session renew, reopen, edit, intent, erase */
extern const struct command cli_party_commands[];   /* party export, erase */
extern const struct command cli_call_commands[];    /* call list, show, hangup */
extern const struct command cli_event_commands[];   /* events */
extern const struct command cli_audit_commands[];   /* audit verify */
extern const struct command cli_explain_commands[]; /* explain */
extern const struct command cli_backup_commands[];  /* backup create, list, key, forget */

#endif
