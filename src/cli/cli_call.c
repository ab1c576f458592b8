/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/cli_call_export.h"
#include "cli/client.h"
#include "cli/show.h"

static struct show_cell seconds_cell(const json_t *call)
{
        struct show_cell cell = {"-"};
        const json_t *ms = json_object_get(call, "duration_ms");
        if (json_is_integer(ms))
                snprintf(cell.text, sizeof cell.text, "%.1f",
                         (double)json_integer_value(ms) / 1000);
        return cell;
}

static void list_row(struct show_table *table, const json_t *call)
{
        struct show_cell cells[] = {
                show_cell(call, "started_at"),
                show_cell(call, "id"),
                show_cell(call, "dialled"),
                show_cell(call, "caller"),
                show_cell(call, "state"),
                show_cell(call, "verdict"),
                seconds_cell(call),
                show_cell(json_object_get(call, "hangup"), "name"),
        };
        show_table_add(table, cells);
}

static int list(const struct command_line *line)
{
        static const char *const titles[] = {"STARTED", "CALL",    "DIALLED", "CALLER", "STATE",
                                             "VERDICT", "SECONDS", "HANGUP",  NULL};
        json_t *answer;
        int code = client_ask(line, "GET", client_page(line, "calls").text, NULL, &answer);
        if (!answer)
                return code;
        size_t at;
        json_t *call;
        struct show_table *table = show_table_create(titles);
        json_array_foreach(json_object_get(answer, "active"), at, call) list_row(table, call);
        json_array_foreach(json_object_get(answer, "calls"), at, call) list_row(table, call);
        show_table_print(table, "no calls");
        show_table_destroy(table);
        if (show_text(answer, "next")[0])
                printf("older ones: maskline call list --before %s\n", show_text(answer, "next"));
        json_decref(answer);
        return code;
}

/* Where the callee was looked for. */
static void show_attempts(const json_t *attempts)
{
        static const struct show_column columns[] = {
                {"TRIED", "trunk"},
                {"ADDRESS", "address"},
                {"RESULT", "result"},
                {"STATUS", "status"},
                {NULL},
        };
        if (json_array_size(attempts) == 0)
                return;
        fputc('\n', stdout);
        show_list(attempts, columns, "");
}

static void show_legs(const json_t *legs)
{
        static const char *const titles[] = {"LEG",    "TRUNK",   "STATUS", "HANGUP", "SOURCE",
                                             "RTP IN", "RTP OUT", "LOST",   NULL};
        if (json_array_size(legs) == 0)
                return;
        size_t at;
        json_t *leg;
        struct show_table *table = show_table_create(titles);
        json_array_foreach(legs, at, leg)
        {
                const json_t *hangup = json_object_get(leg, "hangup");
                struct show_cell cells[] = {
                        show_cell(leg, "leg"),         show_cell(leg, "trunk"),
                        show_cell(leg, "sip_status"),  show_cell(hangup, "name"),
                        show_cell(hangup, "source"),   show_cell(leg, "packets_in"),
                        show_cell(leg, "packets_out"), show_cell(leg, "packets_lost"),
                };
                show_table_add(table, cells);
        }
        fputc('\n', stdout);
        show_table_print(table, "");
        show_table_destroy(table);
        json_array_foreach(legs, at, leg) show_attempts(json_object_get(leg, "attempts"));
}

static int show(const struct command_line *line)
{
        static const struct {
                const char *title, *field;
        } facts[] = {
                {"call", "id"},         {"state", "state"},           {"session", "session"},
                {"dialled", "dialled"}, {"shown", "shown"},           {"caller", "caller"},
                {"callee", "callee"},   {"started", "started_at"},    {"answered", "answered_at"},
                {"ended", "ended_at"},  {"talked ms", "duration_ms"}, {"verdict", "verdict"},
        };
        json_t *answer;
        int code = client_ask(line, "GET", client_resource("calls", line->operands[0], "").text,
                              NULL, &answer);
        if (!answer)
                return code;
        for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
                show_fact(facts[i].title, show_cell(answer, facts[i].field).text);
        show_fact("seconds", seconds_cell(answer).text);
        show_fact("why", show_text(answer, "why"));
        show_fact("reason", show_text(answer, "reason"));
        if (show_text(answer, "advice")[0])
                show_fact("what to do", show_text(answer, "advice"));
        show_fact("Q.850", show_cell(answer, "q850").text);
        show_legs(json_object_get(answer, "legs"));
        json_decref(answer);
        return code;
}

static int hangup(const struct command_line *line)
{
        json_t *answer;
        int code = client_ask(line, "POST",
                              client_resource("calls", line->operands[0], "/hangup").text, NULL,
                              &answer);
        if (answer)
                printf("call %s is being hung up\n", show_cell(answer, "id").text);
        json_decref(answer);
        return code;
}

static const struct command_option list_options[] = {
        {"--limit", "N", "how many ended ones (default: 50)"},
        {"--before", "CURSOR", "go on where an earlier list ended"},
        {NULL},
};

const struct command cli_call_commands[] = {
        {"call list", "List calls: those in progress, then ended ones, the newest first.", NULL, 0,
         0, list_options, client_options, "  maskline call list --limit 10\n", list},
        {"call show", "Show one call and say why it was refused or how it ended.", "CALL", 1, 1,
         NULL, client_options, "  maskline call show 0b8f0c7e-6f9e-4a51-9d6e-0a4f3f9b2c11\n", show},
        {"call export",
         "Write ended calls as comma-separated values, or with --json as an object, one line each, the "
         "newest first.",
         NULL, 0, 0, call_export_options, client_options,
         "  maskline call export --from 2026-08-01 --to 2026-09-01 --out august.csv\n",
         cli_call_export},
        {"call hangup", "Hang up a call in progress.", "CALL", 1, 1, NULL, client_options,
         "  maskline call hangup 0b8f0c7e-6f9e-4a51-9d6e-0a4f3f9b2c11\n", hangup},
        {NULL},
};
