/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cli_session.h"
#include "cli/client.h"
#include "cli/number_input.h"
#include "cli/show.h"

/* Parties as the request has them; NULL after the reason has been written. */
static json_t *read_parties(const struct command_line *line, struct number_input *numbers)
{
        char memory[256] = "";
        struct buf problem;
        buf_init(&problem, memory, sizeof memory - 1);
        const char *sources[COMMAND_GIVEN_MAX], *dials[COMMAND_GIVEN_MAX];
        const char *sides[COMMAND_GIVEN_MAX];
        unsigned parties = command_values(line, "--party", sources, COMMAND_GIVEN_MAX);
        unsigned given = command_values(line, "--dials", dials, COMMAND_GIVEN_MAX);
        unsigned sided = command_values(line, "--side", sides, COMMAND_GIVEN_MAX);
        for (unsigned i = 0; i < sided; i++) {
                if (i >= parties || (strcmp(sides[i], "0") && strcmp(sides[i], "1"))) {
                        fputs("maskline: --side wants 0 or 1, the first for the first --party, and "
                              "so on\n",
                              stderr);
                        return NULL;
                }
        }
        if (given > parties) {
                fputs("maskline: more --dials than --party; the first --dials belongs to the first "
                      "--party, and so on\n",
                      stderr);
                return NULL;
        }
        if (number_input_read(sources, parties, stdin, isatty(STDIN_FILENO), numbers, &problem)) {
                fprintf(stderr, "maskline: %.*s\n", SLICE_ARG(buf_slice(&problem)));
                return NULL;
        }

        json_t *array = json_array();
        for (unsigned i = 0; i < parties; i++) {
                json_t *party = json_object();
                json_object_set_new(party, "number", json_string(numbers->text[i]));
                if (i < sided)
                        json_object_set_new(party, "side", json_integer(sides[i][0] - '0'));
                if (i < given)
                        json_object_set_new(party, "dials", json_string(dials[i]));
                json_array_append_new(array, party);
        }
        return array;
}

static void show_parties(const json_t *session)
{
        static const char *const titles[] = {"PARTY", "NUMBER", "DIALS", NULL};
        struct show_table *table = show_table_create(titles);
        size_t at;
        json_t *party;
        json_array_foreach(json_object_get(session, "parties"), at, party)
        {
                struct show_cell cells[] = {
                        {""},
                        show_cell(party, "hint"),
                        show_cell(party, "dials"),
                };
                snprintf(cells[0].text, sizeof cells[0].text, "%zu", at + 1);
                show_table_add(table, cells);
        }
        show_table_print(table, "");
        show_table_destroy(table);
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
}

static json_t *create_body(const struct command_line *line, int *code)
{
        json_t *body = json_object();
        *code = client_add_duration(line, "--expires", "expires_in_s", body);
        if (!*code)
                *code = client_add_duration(line, "--starts", "starts_in_s", body);
        if (*code)
                goto fail;

        if (command_has(line, "--open"))
                json_object_set_new(body, "open", json_true());
        static const char *const texts[] = {"pool", "model"};
        for (size_t i = 0; i < 2; i++) {
                char option[16];
                snprintf(option, sizeof option, "--%s", texts[i]);
                const char *text = command_value(line, option);
                if (text)
                        json_object_set_new(body, texts[i], json_string(text));
        }
        const char *reference = command_value(line, "--reference");
        if (reference)
                json_object_set_new(body, "reference", json_string(reference));

        struct number_input numbers;
        json_t *parties = read_parties(line, &numbers);
        explicit_bzero(&numbers, sizeof numbers);
        *code = EXIT_USAGE;
        if (!parties)
                goto fail;
        json_object_set_new(body, "parties", parties);
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

static void put_path(char *out, size_t out_bytes, const char *id, const char *suffix)
{
        struct buf path;
        buf_init(&path, out, out_bytes - 1);
        buf_put_text(&path, "/v1/sessions/");
        client_put_segment(&path, id);
        buf_put_text(&path, suffix);
        out[path.len] = '\0';
}

static int show(const struct command_line *line)
{
        char path[256];
        put_path(path, sizeof path, line->operands[0], "");
        json_t *answer;
        int code = client_ask(line, "GET", path, NULL, &answer);
        if (answer)
                cli_session_show(answer);
        json_decref(answer);
        return code;
}

static int end(const struct command_line *line)
{
        char path[256];
        put_path(path, sizeof path, line->operands[0], "/end");
        json_t *answer;
        int code = client_ask(line, "POST", path, NULL, &answer);
        if (answer)
                printf("session %s ended\n", show_cell(answer, "id").text);
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
                "SESSION", "STATE", "EXPIRES", "PARTY 1 DIALS", "PARTY 2 DIALS", "REFERENCE", NULL};
        char path[256];
        struct buf b;
        const char *limit = command_value(line, "--limit");
        const char *before = command_value(line, "--before");
        buf_init(&b, path, sizeof path - 1);
        buf_put_text(&b, "/v1/sessions?limit=");
        client_put_segment(&b, limit ? limit : "50");
        if (before) {
                buf_put_text(&b, "&before=");
                client_put_segment(&b, before);
        }
        path[b.len] = '\0';

        json_t *answer;
        int code = client_ask(line, "GET", path, NULL, &answer);
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
        {"--dials", "NUMBER", "the masking number that this party dials (default: picked)",
         .repeats = true},
        {"--side", "0|1", "its side in one-way and sides (default: as its place says)",
         .repeats = true},
        {"--pool", "NAME", "whose numbers it gets, and what it may do (default: default)"},
        {"--model", "MODEL",
         "two-numbers, one-number, one-way, sides, panel or last-caller (default: two-numbers)"},
        {"--open", NULL, "one-way: anyone may call"},
        {"--expires", "TIME", "ends by itself after this time, such as 2h (default: never)"},
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
        {"session create", "Let two parties call each other without seeing their numbers.", NULL, 0,
         0, create_options, client_options,
         "  printf '%s\\n' \"$AGENT\" \"$CUSTOMER\" | maskline session create \\\n"
         "      --party - --party - --expires 2h\n"
         "  maskline session create --party @parties.txt --party @parties.txt \\\n"
         "      --dials +919000000001 --dials +919000000002 --reference order-17\n",
         create},
        {"session list", "List sessions, the newest first.", NULL, 0, 0, list_options,
         client_options, "  maskline session list --limit 10\n", list},
        {"session show", "Show one session.", "SESSION", 1, 1, NULL, client_options,
         "  maskline session show s_0123456789abcdef\n", show},
        {"session end", "End a session: from now on nobody gets through.", "SESSION", 1, 1, NULL,
         client_options, "  maskline session end s_0123456789abcdef\n", end},
        {NULL},
};
