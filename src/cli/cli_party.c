/* SPDX-License-Identifier: Apache-2.0 */
/* All that is held of one person. The number is read, and never an argument. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/number_input.h"
#include "cli/show.h"

/* {"number": ...}; NULL: the reason has been written. */
static json_t *read_body(const struct command_line *line)
{
        char memory[256] = "";
        struct buf problem;
        struct number_input input = {.count = 0};
        const char *source = line->operands[0];
        json_t *body = NULL;
        buf_init(&problem, memory, sizeof memory - 1);
        if (strcmp(source, "-") != 0 && source[0] != '@')
                fputs("maskline: say - and give the number on standard input, or @FILE; an argument "
                      "would stay in the history of the shell\n",
                      stderr);
        else if (number_input_read(&source, 1, stdin, isatty(STDIN_FILENO), &input, &problem))
                fprintf(stderr, "maskline: %.*s\n", SLICE_ARG(buf_slice(&problem)));
        else
                body = json_pack("{s:s}", "number", input.text[0]);
        explicit_bzero(&input, sizeof input);
        return body;
}

static void show_sessions(const json_t *sessions)
{
        static const struct show_column columns[] = {
                {"SESSION", "id"},
                {"STATE", "state"},
                {"ROLE", "role"},
                {"NUMBERS", "numbers", show_words},
                {"DIALS", "dials", show_words},
                {"ENDED", "ended_at"},
                {"REFERENCE", "reference"},
                {NULL},
        };
        show_list(sessions, columns, "in no session");
}

static void show_calls(const json_t *calls)
{
        static const struct show_column columns[] = {
                {"STARTED", "started_at"},
                {"CALL", "id"},
                {"ROLE", "role"},
                {"NUMBER", "number"},
                {"VERDICT", "verdict"},
                {"SESSION", "session"},
                {"TALKED MS", "duration_ms"},
                {NULL},
        };
        fputc('\n', stdout);
        show_list(calls, columns, "in no record of a call");
}

/* Page by page into one answer. */
static int fetch_all(const struct command_line *line, json_t *body, json_t **out)
{
        int code = EXIT_DONE;
        bool more = true;
        *out = NULL;
        while (!code && more) {
                json_t *page = NULL;
                code = client_call(line, "POST", "/v1/parties/export", json_incref(body), &page);
                more = !code && show_text(page, "next")[0];
                if (more)
                        json_object_set(body, "before", json_object_get(page, "next"));
                if (!*out) {
                        *out = page;
                        continue;
                }
                json_array_extend(json_object_get(*out, "calls"), json_object_get(page, "calls"));
                json_decref(page);
        }
        if (*out)
                json_object_del(*out, "next");
        return code;
}

static int export_party(const struct command_line *line)
{
        json_t *answer, *body = read_body(line);
        if (!body)
                return EXIT_USAGE;
        client_be_patient("Nothing was changed by it: ask again when the server is less busy.");
        int code = fetch_all(line, body, &answer);
        json_decref(body);
        if (code) {
                json_decref(answer);
                return code;
        }
        if (command_has(line, "--json")) {
                show_json(answer);
                return code;
        }
        show_fact("number", show_text(answer, "number"));
        fputc('\n', stdout);
        show_sessions(json_object_get(answer, "sessions"));
        show_calls(json_object_get(answer, "calls"));
        json_decref(answer);
        return code;
}

static void show_receipt(const json_t *answer)
{
        static const struct show_column columns[] = {
                {"SESSION", "id"},
                {"RESULT", "result"},
                {"KEYS", "keys"},
                {NULL},
        };
        show_fact("erased", show_cell(answer, "erased_at").text);
        show_fact("keys shredded", show_cell(answer, "keys").text);
        fputc('\n', stdout);
        show_list(json_object_get(answer, "sessions"), columns, "it is in no session");
}

static int erase(const struct command_line *line)
{
        json_t *answer, *body = read_body(line);
        if (!body)
                return EXIT_USAGE;
        if (command_has(line, "--dry-run"))
                json_object_set_new(body, "dry_run", json_true());
        client_be_patient(
                "The server goes on with it: the same command again erases what is left then, "
                "and \"maskline events\" says what was erased.");
        int code = client_ask(line, "POST", "/v1/parties/erase", body, &answer);
        if (answer)
                show_receipt(answer);
        json_decref(answer);
        return code;
}

static const struct command_option erase_options[] = {
        {"--dry-run", NULL, "say which sessions it is in, and erase nothing"},
        {NULL},
};

const struct command cli_party_commands[] = {
        {"party export",
         "Tell all that is held of one real number: - (standard input) or @FILE says which.",
         "-|@FILE", 1, 1, NULL, client_options,
         "  echo \"$NUMBER\" | maskline party export - --json > person.json\n", export_party},
        {"party erase",
         "Shred the keys of all sessions that a real number is in, and end those that live.",
         "-|@FILE", 1, 1, erase_options, client_options,
         "  echo \"$NUMBER\" | maskline party erase - --dry-run\n"
         "  echo \"$NUMBER\" | maskline party erase - > receipt.txt\n",
         erase},
        {NULL},
};
