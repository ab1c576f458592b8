/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cli_explain.h"
#include "cli/cli_session.h"
#include "cli/cli_session_import.h"
#include "cli/cli_session_parties.h"
#include "cli/client.h"
#include "cli/show.h"

/* In a group each party dials several. */
static void put_dials(const json_t *session, size_t party, struct show_cell *cell)
{
        size_t at;
        json_t *row;
        unsigned count = 0;
        json_array_foreach(json_object_get(session, "rows"), at, row)
        {
                const json_t *by = json_object_get(row, "party");
                count += json_is_integer(by) && json_integer_value(by) == (json_int_t)party;
        }
        if (count > 1)
                snprintf(cell->text, sizeof cell->text, "%u numbers", count);
}

static void show_parties(const json_t *session)
{
        static const char *const titles[] = {"PARTY", "NUMBER", "DIALS", "PIN", NULL};
        struct show_table *table = show_table_create(titles);
        size_t at;
        json_t *party;
        json_array_foreach(json_object_get(session, "parties"), at, party)
        {
                struct show_cell cells[] = {
                        show_cell(party, "party"),
                        show_cell(party, "hint"),
                        show_cell(party, "dials"),
                        show_cell(party, "pin"),
                };
                put_dials(session, at, &cells[2]);
                if (!show_text(party, "pin")[0] && json_is_true(json_object_get(party, "pin_set")))
                        strcpy(cells[3].text, "set");
                show_table_add(table, cells);
        }
        show_table_print(table, "");
        show_table_destroy(table);
}

static void show_rows(const json_t *rows)
{
        size_t at;
        json_t *row;
        if (json_array_size(rows))
                fputc('\n', stdout);
        json_array_foreach(rows, at, row)
        {
                show_printable(stdout, show_text(row, "sentence"));
                fputc('\n', stdout);
        }
}

void cli_session_show(const json_t *session)
{
        show_fact("session", show_cell(session, "id").text);
        show_fact("state", show_cell(session, "state").text);
        show_fact("pool", show_cell(session, "pool").text);
        show_fact("model", show_cell(session, "model").text);
        show_fact("created", show_cell(session, "created_at").text);
        show_fact("starts", show_cell(session, "starts_at").text);
        show_fact("expires", show_cell(session, "expires_at").text);
        show_fact("ended", show_cell(session, "ended_at").text);
        show_fact("reference", show_cell(session, "reference").text);
        fputc('\n', stdout);
        show_parties(session);
        show_rows(json_object_get(session, "rows"));
}

static int put_pin_digits(const struct command_line *line, json_t *body)
{
        uint32_t digits;
        const char *text = command_value(line, "--pin-digits");
        if (!text)
                return EXIT_DONE;
        if (slice_to_u32(slice_from(text), 99, &digits)) {
                fputs("maskline: --pin-digits wants a number from 4 to 15\n", stderr);
                return EXIT_USAGE;
        }
        json_object_set_new(body, "pin_digits", json_integer(digits));
        return EXIT_DONE;
}

static json_t *create_body(const struct command_line *line, int *code)
{
        json_t *body = json_object();
        *code = client_add_duration(line, "--expires", "expires_in_s", body);
        if (!*code)
                *code = client_add_duration(line, "--starts", "starts_in_s", body);
        if (!*code)
                *code = put_pin_digits(line, body);
        if (*code)
                goto fail;

        if (command_has(line, "--open"))
                json_object_set_new(body, "open", json_true());
        static const char *const texts[] = {"pool", "model", "reference"};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                char option[16];
                snprintf(option, sizeof option, "--%s", texts[i]);
                const char *text = command_value(line, option);
                if (text)
                        json_object_set_new(body, texts[i], json_string(text));
        }
        json_t *parties = cli_session_parties(line);
        *code = EXIT_USAGE;
        if (!parties)
                goto fail;
        json_object_set_new(body, "parties", parties);
        cli_session_put_wishes(line, parties, body);
        return body;
fail:
        json_decref(body);
        return NULL;
}

static int create(const struct command_line *line)
{
        int code;
        json_t *body = create_body(line, &code);
        if (!body)
                return code;

        json_t *answer;
        code = client_ask(line, "POST", "/v1/sessions", body, &answer);
        if (answer)
                cli_session_show(answer);
        json_decref(answer);
        return code;
}

static int show(const struct command_line *line)
{
        json_t *answer;
        int code = client_ask(line, "GET", client_resource("sessions", line->operands[0], "").text,
                              NULL, &answer);
        if (answer)
                cli_session_show(answer);
        json_decref(answer);
        return code;
}

static int end(const struct command_line *line)
{
        json_t *answer;
        int code = client_ask(line, "POST",
                              client_resource("sessions", line->operands[0], "/end").text, NULL,
                              &answer);
        if (answer)
                printf("session %s ended\n", show_cell(answer, "id").text);
        json_decref(answer);
        return code;
}

static struct show_cell caller_of(const json_t *row, const char *name)
{
        return json_is_null(json_object_get(row, name)) ? (struct show_cell){"anyone"}
                                                        : show_cell(row, name);
}

static int explain(const struct command_line *line)
{
        static const struct show_column columns[] = {
                {"PARTY", "party", caller_of},
                {"DIALS", "dials"},
                {"REACHES", "reaches_now"},
                {"VERDICT", "verdict"},
                {NULL},
        };
        json_t *answer;
        int code = client_ask(line, "GET",
                              client_resource("sessions", line->operands[0], "/explain").text, NULL,
                              &answer);
        if (!answer)
                return code;
        size_t at;
        json_t *row;
        show_list(json_object_get(answer, "rows"), columns,
                  "nobody can call in this session: it holds no number");
        json_array_foreach(json_object_get(answer, "rows"), at, row) cli_explain_show(row);
        json_decref(answer);
        return code;
}

static void list_row(struct show_table *table, const json_t *session)
{
        const json_t *parties = json_object_get(session, "parties");
        struct show_cell cells[] = {
                show_cell(session, "id"),
                show_cell(session, "state"),
                show_cell(session, "expires_at"),
                show_cell(json_array_get(parties, 0), "dials"),
                show_cell(json_array_get(parties, 1), "dials"),
                show_cell(session, "reference"),
        };
        show_table_add(table, cells);
}

static int list(const struct command_line *line)
{
        static const char *const titles[] = {
                "SESSION", "STATE", "EXPIRES", "PARTY 0 DIALS", "PARTY 1 DIALS", "REFERENCE", NULL};
        json_t *answer;
        int code = client_ask(line, "GET", client_page(line, "sessions").text, NULL, &answer);
        if (!answer)
                return code;
        size_t at;
        json_t *session;
        struct show_table *table = show_table_create(titles);
        json_array_foreach(json_object_get(answer, "sessions"), at, session)
                list_row(table, session);
        show_table_print(table, "no sessions");
        show_table_destroy(table);
        if (show_text(answer, "next")[0])
                printf("older ones: maskline session list --before %s\n",
                       show_cell(answer, "next").text);
        json_decref(answer);
        return code;
}

static const struct command_option create_options[] = {
        {"--party", "NUMBER",
         "a party's real number: - (a line of standard input), @FILE or the "
         "number",
         .repeats = true, .required = true},
        {"--alias", "NUMBER", "one more number of the --party before it, from the same sources",
         .repeats = true},
        {"--pin", "DIGITS",
         "digits of the --party before it: generate (drawn, and told once), or 4 to 15 from the same "
         "sources",
         .repeats = true},
        {"--pin-digits", "N", "how many digits drawn ones have, 4 to 15 (default: 6)"},
        {"--dials", "NUMBER", "the masking number that this party dials (default: picked)",
         .repeats = true},
        {"--side", "0|1",
         "its side in one-way, sides and panel (default: the last one of one-way and panel is on side "
         "1)",
         .repeats = true},
        {"--country", "CODE",
         "where the number to dial of the --party before it should be at home, as ISO 3166 writes it; "
         "before the first one: of all (default: the party's, where the pool looks at it)",
         .repeats = true},
        {"--area", "DIGITS", "the same of the area, without the 0 in front", .repeats = true},
        {"--pool", "NAME", "whose numbers it gets, and what it may do (default: default)"},
        {"--model", "MODEL",
         "two-numbers, one-number, one-way, group, sides, extension, panel or last-caller (default: "
         "its pool's)"},
        {"--open", NULL, "one-way: anyone may call"},
        {"--expires", "TIME",
         "ends by itself after this time, such as 2h (default: as its pool says)"},
        {"--starts", "TIME", "begins after this time (default: now)"},
        {"--reference", "TEXT", "your own name for it; repeated, the first session is returned"},
        {NULL},
};

static const struct command_option list_options[] = {
        {"--limit", "N", "how many (default: 50)"},
        {"--before", "SESSION", "only those created before this one"},
        {NULL},
};

const struct command cli_session_commands[] = {
        {"session create", "Let parties call each other without seeing their numbers.", NULL, 0, 0,
         create_options, client_options,
         "  printf '%s\\n' \"$AGENT\" \"$CUSTOMER\" | maskline session create \\\n"
         "      --party - --party - --expires 2h\n"
         "  maskline session create --party @parties.txt --party @parties.txt \\\n"
         "      --dials +919000000001 --dials +919000000002 --reference order-17\n"
         "  maskline session create --model extension --party @agent.txt --pin generate\n",
         create},
        {"session import",
         "Create a session for each row of a CSV file, and tell each row that is rejected; - is "
         "standard input.",
         "FILE", 1, 1, session_import_options, client_options,
         "  maskline session import orders.csv --dry-run\n"
         "  maskline session import orders.csv --reference orders-2026-08 --out dials.csv\n",
         cli_session_import},
        {"session list", "List sessions, the newest first.", NULL, 0, 0, list_options,
         client_options, "  maskline session list --limit 10\n", list},
        {"session show", "Show one session.", "SESSION", 1, 1, NULL, client_options,
         "  maskline session show s_0123456789abcdef\n", show},
        {"session explain", "Say whom each party of a session would reach now, and why.", "SESSION",
         1, 1, NULL, client_options, "  maskline session explain s_0123456789abcdef\n", explain},
        {"session end", "End a session: from now on nobody gets through.", "SESSION", 1, 1, NULL,
         client_options, "  maskline session end s_0123456789abcdef\n", end},
        {NULL},
};
