/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cli_number_import.h"
#include "cli/client.h"
#include "cli/show.h"

static void put_text(const struct command_line *line, const char *option, const char *field,
                     json_t *body)
{
        const char *value = command_value(line, option);
        if (value)
                json_object_set_new(body, field, json_string(value));
}

static void put_list(const struct command_line *line, const char *option, const char *field,
                     json_t *body)
{
        const char *values[COMMAND_GIVEN_MAX];
        unsigned count = command_values(line, option, values, COMMAND_GIVEN_MAX);
        if (!count)
                return;
        json_t *list = json_array();
        for (unsigned i = 0; i < count; i++)
                if (values[i][0]) /* an empty one clears the list */
                        json_array_append_new(list, json_string(values[i]));
        json_object_set_new(body, field, list);
}

static int put_switch(const struct command_line *line, const char *option, const char *field,
                      json_t *body)
{
        const char *value = command_value(line, option);
        if (!value)
                return EXIT_DONE;
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
                fprintf(stderr, "maskline: %s wants yes or no\n", option);
                return EXIT_USAGE;
        }
        json_object_set_new(body, field, json_boolean(value[0] == 'y'));
        return EXIT_DONE;
}

static int put_fields(const struct command_line *line, json_t *body)
{
        put_text(line, "--trunk", "trunk", body);
        put_text(line, "--pool", "pool", body);
        put_text(line, "--country", "country", body);
        put_text(line, "--area", "area", body);
        put_list(line, "--capability", "capabilities", body);
        put_list(line, "--tag", "tags", body);
        int code = put_switch(line, "--reserved", "reserved", body);
        return code ? code : put_switch(line, "--frozen", "frozen", body);
}

static int add(const struct command_line *line)
{
        json_t *body = json_object(), *answer;
        json_object_set_new(body, "number", json_string(line->operands[0]));
        int code = put_fields(line, body);
        if (code) {
                json_decref(body);
                return code;
        }
        code = client_ask(line, "POST", "/v1/numbers", body, &answer);
        if (answer)
                printf("number %s added to trunk %s\n", show_cell(answer, "number").text,
                       show_cell(answer, "trunk").text);
        json_decref(answer);
        return code;
}

static int change(const struct command_line *line)
{
        json_t *body = json_object(), *answer;
        int code = put_fields(line, body);
        if (!code && json_object_size(body) == 0) {
                fputs("maskline number change: say what to change; \"maskline number change "
                      "--help\" lists it\n",
                      stderr);
                code = EXIT_USAGE;
        }
        if (code) {
                json_decref(body);
                return code;
        }
        code = client_ask(line, "PATCH", client_resource("numbers", line->operands[0], "").text,
                          body, &answer);
        if (answer)
                printf("number %s changed\n", show_cell(answer, "number").text);
        json_decref(answer);
        return code;
}

static int drain(const struct command_line *line)
{
        json_t *answer;
        int code = client_ask(line, "PATCH", client_resource("numbers", line->operands[0], "").text,
                              json_pack("{s:b}", "frozen", 1), &answer);
        if (!answer)
                return code;
        json_int_t sessions = json_integer_value(json_object_get(answer, "sessions"));
        const struct show_cell number = show_cell(answer, "number");
        if (sessions)
                printf("number %s gets no new sessions; %lld still hold it and go on. When they "
                       "have ended, \"maskline number remove %s\" takes it away\n",
                       number.text, (long long)sessions, number.text);
        else
                printf("number %s gets no new sessions, and none holds it: \"maskline number "
                       "remove %s\" takes it away\n",
                       number.text, number.text);
        json_decref(answer);
        return code;
}

static int show(const struct command_line *line)
{
        static const char *const facts[] = {"number",  "trunk", "pool",     "sessions",
                                            "country", "area",  "reserved", "frozen"};
        json_t *answer;
        int code = client_ask(line, "GET", client_resource("numbers", line->operands[0], "").text,
                              NULL, &answer);
        if (!answer)
                return code;
        for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
                show_fact(facts[i], show_cell(answer, facts[i]).text);
        show_fact("capabilities", show_words(answer, "capabilities").text);
        show_fact("tags", show_words(answer, "tags").text);
        json_decref(answer);
        return code;
}

static int list(const struct command_line *line)
{
        static const struct show_column columns[] = {
                {"NUMBER", "number"},
                {"TRUNK", "trunk"},
                {"POOL", "pool"},
                {"SESSIONS", "sessions"},
                {"COUNTRY", "country"},
                {"CARRIES", "capabilities", show_words},
                {"RESERVED", "reserved"},
                {"FROZEN", "frozen"},
                {"TAGS", "tags", show_words},
                {NULL},
        };
        json_t *numbers;
        int code = client_ask_all(line, "/v1/numbers", "after", "numbers", &numbers);
        if (numbers)
                show_list(numbers, columns, "no numbers; \"maskline number add\" adds one");
        json_decref(numbers);
        return code;
}

static int remove_number(const struct command_line *line)
{
        return client_remove(line, "numbers", "number", "removed");
}

#define NUMBER_OPTIONS                                                                             \
        {"--pool", "NAME", "the pool that it belongs to (default: default)"},                      \
                {"--country", "CODE",                                                              \
                 "where it is at home, as ISO 3166 writes it (default: as its digits say)"},       \
                {"--area", "DIGITS",                                                               \
                 "its area without the 0 in front (default: as its digits say)"},                  \
                {"--capability", "WORD", "what it can carry: voice, sms (default: voice)",         \
                 .repeats = true},                                                                 \
                {"--reserved", "yes|no", "only sessions that ask for it by name get it"},          \
                {"--frozen", "yes|no", "sessions that hold it go on, new ones do not get it"},     \
        {                                                                                          \
                "--tag", "WORD", "for people: a word of letters, digits, -, _ and .",              \
                        .repeats = true                                                            \
        }

static const struct command_option add_options[] = {
        {"--trunk", "NAME", "the trunk that owns the number", .required = true},
        NUMBER_OPTIONS,
        {NULL},
};

static const struct command_option change_options[] = {
        {"--trunk", "NAME", "the trunk that owns it from now on; not while sessions hold it"},
        NUMBER_OPTIONS,
        {NULL},
};

const struct command cli_number_commands[] = {
        {"number add", "Add a masking number (a rented DID) to a trunk.", "NUMBER", 1, 1,
         add_options, client_options, "  maskline number add +919000000001 --trunk carrier\n", add},
        {"number list", "List the masking numbers.", NULL, 0, 0, NULL, client_options,
         "  maskline number list\n", list},
        {"number show", "Show a masking number.", "NUMBER", 1, 1, NULL, client_options,
         "  maskline number show +919000000001\n", show},
        {"number import", "Add and change masking numbers as a CSV file says.", "FILE", 1, 1,
         number_import_options, client_options,
         "  maskline number import numbers.csv --dry-run\n"
         "  maskline number import - --trunk carrier < numbers.csv\n",
         cli_number_import},
        {"number change", "Change a masking number: its trunk, or what is said of it.", "NUMBER", 1,
         1, change_options, client_options,
         "  maskline number change +919000000001 --tag airport --reserved yes\n", change},
        {"number drain", "Give a masking number to no new session, so that it can be removed.",
         "NUMBER", 1, 1, NULL, client_options, "  maskline number drain +919000000001\n", drain},
        {"number remove", "Remove a masking number that no live session holds.", "NUMBER", 1, 1,
         NULL, client_options, "  maskline number remove +919000000001\n", remove_number},
        {NULL},
};
