/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_session_parties.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/number_input.h"

enum role {
        ROLE_PARTY,
        ROLE_ALIAS,
        ROLE_PIN,
};

static const char *const role_options[] = {"--party", "--alias", "--pin", NULL};

/* What is to be read, in the order in which it was given: so standard input and files are read. */
struct reading {
        const char *sources[COMMAND_GIVEN_MAX];
        enum role roles[COMMAND_GIVEN_MAX];
        unsigned count;
        json_t *parties; /* owned */
        unsigned taken;  /* of the numbers that were read */
        struct number_input numbers;
};

static bool is_drawn(const char *source)
{
        return !strcmp(source, "generate");
}

/* An alias or a PIN is of the party that was named last. */
static int collect(const struct command_line *line, struct reading *reading)
{
        for (unsigned i = 0; i < line->given_count; i++) {
                unsigned role = 0;
                while (role_options[role] && strcmp(role_options[role], line->given[i].name))
                        role++;
                if (!role_options[role])
                        continue;
                if (role != ROLE_PARTY && reading->count == 0) {
                        fprintf(stderr, "maskline: %s belongs to the --party before it\n",
                                role_options[role]);
                        return EXIT_USAGE;
                }
                reading->sources[reading->count] = line->given[i].value;
                reading->roles[reading->count++] = (enum role)role;
        }
        return EXIT_DONE;
}

static int read_all(struct reading *reading)
{
        char memory[256] = "";
        struct buf problem;
        const char *sources[COMMAND_GIVEN_MAX];
        enum role roles[COMMAND_GIVEN_MAX];
        unsigned count = 0;
        buf_init(&problem, memory, sizeof memory - 1);
        for (unsigned i = 0; i < reading->count; i++) {
                if (reading->roles[i] == ROLE_PIN && is_drawn(reading->sources[i]))
                        continue;
                roles[count] = reading->roles[i];
                sources[count++] = reading->sources[i];
        }
        int err = number_input_read(sources, count, stdin, isatty(STDIN_FILENO), &reading->numbers,
                                    &problem);
        if (!err)
                return EXIT_DONE;
        if (number_input_is_malformed(err) && roles[reading->numbers.count] == ROLE_PIN)
                fputs("maskline: --pin: 4 to 15 digits, or generate\n", stderr);
        else
                fprintf(stderr, "maskline: %.*s\n", SLICE_ARG(buf_slice(&problem)));
        return EXIT_USAGE;
}

static json_t *value_of(struct reading *reading, unsigned i)
{
        if (reading->roles[i] == ROLE_PIN && is_drawn(reading->sources[i]))
                return json_string("generate");
        return json_string(reading->numbers.text[reading->taken++]);
}

static void add(struct reading *reading, unsigned i)
{
        json_t *value = value_of(reading, i), *party, *aliases;
        if (reading->roles[i] == ROLE_PARTY) {
                json_array_append_new(reading->parties, json_pack("{s:o}", "number", value));
                return;
        }
        party = json_array_get(reading->parties, json_array_size(reading->parties) - 1);
        if (reading->roles[i] == ROLE_PIN) {
                json_object_set_new(party, "pin", value);
                return;
        }
        aliases = json_object_get(party, "aliases");
        if (!aliases) {
                aliases = json_array();
                json_object_set_new(party, "aliases", aliases);
        }
        json_array_append_new(aliases, value);
}

static int read_parties(const struct command_line *line, struct reading *reading)
{
        int code = collect(line, reading);
        if (!code)
                code = read_all(reading);
        for (unsigned i = 0; !code && i < reading->count; i++)
                add(reading, i);
        return code;
}

/* The first for the first party, and so on. */
static int add_sides(const struct command_line *line, json_t *parties)
{
        const char *sides[COMMAND_GIVEN_MAX];
        unsigned count = command_values(line, "--side", sides, COMMAND_GIVEN_MAX);
        for (unsigned i = 0; i < count; i++) {
                json_t *party = json_array_get(parties, i);
                if (!party || (strcmp(sides[i], "0") && strcmp(sides[i], "1"))) {
                        fputs("maskline: --side wants 0 or 1, the first for the first --party, and "
                              "so on\n",
                              stderr);
                        return EXIT_USAGE;
                }
                json_object_set_new(party, "side", json_integer(sides[i][0] - '0'));
        }
        return EXIT_DONE;
}

static int add_dials(const struct command_line *line, json_t *parties)
{
        const char *dials[COMMAND_GIVEN_MAX];
        unsigned count = command_values(line, "--dials", dials, COMMAND_GIVEN_MAX);
        if (count > json_array_size(parties)) {
                fputs("maskline: more --dials than --party; the first --dials belongs to the first "
                      "--party, and so on\n",
                      stderr);
                return EXIT_USAGE;
        }
        for (unsigned i = 0; i < count; i++)
                json_object_set_new(json_array_get(parties, i), "dials", json_string(dials[i]));
        return EXIT_DONE;
}

json_t *cli_session_parties(const struct command_line *line)
{
        struct reading reading = {.parties = json_array()};
        int code = read_parties(line, &reading);
        if (!code)
                code = add_sides(line, reading.parties);
        if (!code)
                code = add_dials(line, reading.parties);
        explicit_bzero(&reading.numbers, sizeof reading.numbers);
        if (!code)
                return reading.parties;
        json_decref(reading.parties);
        return NULL;
}

/* A PIN may come without a party's number there. */
int cli_session_put_party(const struct command_line *line, json_t *body)
{
        struct reading reading = {.parties = json_array()};
        bool pin_alone = command_has(line, "--pin") && !command_has(line, "--party");
        if (pin_alone) {
                json_array_append_new(reading.parties, json_object());
                reading.sources[0] = command_value(line, "--pin");
                reading.roles[0] = ROLE_PIN;
                reading.count = 1;
        }
        int code = pin_alone ? read_all(&reading) : read_parties(line, &reading);
        if (!code && pin_alone)
                add(&reading, 0);
        if (!code && json_array_size(reading.parties) > 1) {
                fputs("maskline: one --party at a time\n", stderr);
                code = EXIT_USAGE;
        }
        if (!code && json_array_size(reading.parties))
                json_object_update(body, json_array_get(reading.parties, 0));
        json_decref(reading.parties);
        explicit_bzero(&reading.numbers, sizeof reading.numbers);
        return code;
}

void cli_session_put_wishes(const struct command_line *line, json_t *parties, json_t *all)
{
        size_t seen = 0;
        for (unsigned i = 0; i < line->given_count; i++) {
                const char *name = line->given[i].name;
                seen += !strcmp(name, "--party");
                if (strcmp(name, "--country") != 0 && strcmp(name, "--area") != 0)
                        continue;
                json_t *to = seen && parties ? json_array_get(parties, seen - 1) : all;
                json_object_set_new(to, name + 2, json_string(line->given[i].value));
        }
}
