/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cli_session.h"
#include "cli/cli_session_parties.h"
#include "cli/client.h"
#include "cli/show.h"

static int ask(const struct command_line *line, const char *what, json_t *body)
{
        json_t *answer;
        int code =
                client_ask(line, "POST", client_resource("sessions", line->operands[0], what).text,
                           body, &answer);
        if (answer)
                cli_session_show(answer);
        json_decref(answer);
        return code;
}

static int with_time(const struct command_line *line, const char *what)
{
        json_t *body = json_object();
        int code = client_add_duration(line, "--expires", "expires_in_s", body);
        if (code == EXIT_DONE)
                return ask(line, what, body);
        json_decref(body);
        return code;
}

static int renew(const struct command_line *line)
{
        return with_time(line, "/renew");
}

static int reopen(const struct command_line *line)
{
        return with_time(line, "/reopen");
}

static int erase(const struct command_line *line)
{
        json_t *answer;
        int code = client_ask(line, "POST",
                              client_resource("sessions", line->operands[0], "/erase").text, NULL,
                              &answer);
        if (answer) {
                show_fact("session", show_cell(answer, "id").text);
                show_fact("erased", show_cell(answer, "erased_at").text);
                show_fact("keys shredded", show_cell(answer, "keys").text);
        }
        json_decref(answer);
        return code;
}

/* A whole number of this option, as `field`. */
static int put_count(const struct command_line *line, const char *option, const char *field,
                     json_t *body)
{
        uint32_t number;
        const char *text = command_value(line, option);
        if (!text)
                return EXIT_DONE;
        if (slice_to_u32(slice_from(text), 63, &number)) {
                fprintf(stderr, "maskline: %s wants a number from 0 to 63\n", option);
                return EXIT_USAGE;
        }
        json_object_set_new(body, field, json_integer(number));
        return EXIT_DONE;
}

static const struct command_option edit_options[] = {
        {"--place", "N", "which party, counted from 0"},
        {"--party", "NUMBER", "the real number: - (a line of standard input), @FILE or the number"},
        {"--alias", "NUMBER", "add-party, replace-party: one more number of it", .repeats = true},
        {"--pin", "DIGITS",
         "set-pin, add-party, replace-party: generate (drawn, and told once), or 4 to 15 digits from "
         "the same sources"},
        {"--pin-digits", "N", "how many digits drawn ones have, 4 to 15 (default: 6)"},
        {"--side", "0|1", "add-party: its side"},
        {"--slot", "N", "swap-number: which of the numbers, as session show --json says"},
        {"--dials", "NUMBER", "swap-number: by which masking number (default: picked)"},
        {"--country", "CODE",
         "add-party, replace-party, swap-number: where a number that is picked should be at home "
         "(default: as the party's, or the one that is swapped, where the pool looks at it)"},
        {"--area", "DIGITS", "the same of the area, without the 0 in front"},
        {NULL},
};

/* Each edit, the options that it needs, and those that it may have beside them. */
static const struct edit_row {
        const char *name;
        const char *needs[3], *takes[7];
} edits[] = {
        {"add-party",
         {"--party"},
         {"--alias", "--side", "--pin", "--pin-digits", "--country", "--area"}},
        {"remove-party", {"--place"}, {NULL}},
        {"replace-party",
         {"--place", "--party"},
         {"--alias", "--pin", "--pin-digits", "--country", "--area"}},
        {"add-alias", {"--place", "--party"}, {NULL}},
        {"remove-alias", {"--place", "--party"}, {NULL}},
        {"swap-number", {"--slot"}, {"--dials", "--country", "--area"}},
        {"set-pin", {"--place", "--pin"}, {"--pin-digits"}},
        {"clear-pin", {"--place"}, {NULL}},
};

static bool is_among(const char *const *names, const char *name)
{
        while (*names && strcmp(*names, name))
                names++;
        return *names;
}

static int check_options(const struct command_line *line, const struct edit_row *row)
{
        for (const struct command_option *o = edit_options; o->name; o++) {
                bool is_given = command_has(line, o->name);
                bool needs = is_among(row->needs, o->name);
                if (needs && !is_given) {
                        fprintf(stderr, "maskline: %s needs %s %s\n", row->name, o->name, o->value);
                        return EXIT_USAGE;
                }
                if (is_given && !needs && !is_among(row->takes, o->name)) {
                        fprintf(stderr, "maskline: %s takes no %s\n", row->name, o->name);
                        return EXIT_USAGE;
                }
        }
        return EXIT_DONE;
}

/* In the names of the command line; an edit that there is not, the server refuses. */
static int check_edit(const struct command_line *line)
{
        for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++)
                if (!strcmp(edits[i].name, line->operands[1]))
                        return check_options(line, &edits[i]);
        return EXIT_DONE;
}

static int edit(const struct command_line *line)
{
        if (check_edit(line))
                return EXIT_USAGE;
        json_t *body = json_object();
        const char *dials = command_value(line, "--dials");
        json_object_set_new(body, "edit", json_string(line->operands[1]));
        int code = put_count(line, "--place", "party", body);
        if (!code)
                code = put_count(line, "--side", "side", body);
        if (!code)
                code = put_count(line, "--slot", "slot", body);
        if (!code)
                code = put_count(line, "--pin-digits", "pin_digits", body);
        if (!code)
                code = cli_session_put_party(line, body);
        if (code) {
                json_decref(body);
                return code;
        }
        if (dials)
                json_object_set_new(body, "dials", json_string(dials));
        cli_session_put_wishes(line, NULL, body);
        return ask(line, "/change", body);
}

static int intent(const struct command_line *line)
{
        json_t *answer, *body = json_object();
        int code = put_count(line, "--place", "party", body);
        if (!code)
                code = cli_session_put_party(line, body);
        if (code) {
                json_decref(body);
                return code;
        }
        code = client_ask(line, "POST",
                          client_resource("sessions", line->operands[0], "/intent").text, body,
                          &answer);
        if (answer)
                printf("party %s may call from there until %s\n", show_cell(answer, "party").text,
                       show_cell(answer, "until").text);
        json_decref(answer);
        return code;
}

static const struct command_option time_options[] = {
        {"--expires", "TIME", "lives for so long from now on (default: as its pool says)"},
        {NULL},
};

static const struct command_option intent_options[] = {
        {"--place", "N", "which party, counted from 0", .required = true},
        {"--party", "NUMBER",
         "the telephone that it calls from: - (a line of standard input), @FILE or the number",
         .required = true},
        {NULL},
};

const struct command cli_session_change_commands[] = {
        {"session renew", "Let a session live longer, or shorter.", "SESSION", 1, 1, time_options,
         client_options, "  maskline session renew s_7jtyypadyd3zhr2y --expires 2h\n", renew},
        {"session reopen", "Let a session that has ended live again, with the same numbers.",
         "SESSION", 1, 1, time_options, client_options,
         "  maskline session reopen s_7jtyypadyd3zhr2y --expires 2h\n", reopen},
        {"session edit",
         "Change who is in a session, or a number of it: add-party, remove-party, replace-party, "
         "add-alias, remove-alias, set-pin, clear-pin or swap-number.",
         "SESSION EDIT", 2, 2, edit_options, client_options,
         "  echo \"$NEW_PHONE\" | maskline session edit s_7jtyypadyd3zhr2y add-alias --place 1 "
         "--party -\n"
         "  maskline session edit s_7jtyypadyd3zhr2y set-pin --place 0 --pin generate\n"
         "  maskline session edit s_7jtyypadyd3zhr2y swap-number --slot 0\n",
         edit},
        {"session intent",
         "A party calls from another telephone now: for a while its calls are the party's.",
         "SESSION", 1, 1, intent_options, client_options,
         "  echo \"$OTHER_PHONE\" | maskline session intent s_7jtyypadyd3zhr2y --place 0 --party "
         "-\n",
         intent},
        {"session erase", "Shred what a session holds: nobody can read its numbers any more.",
         "SESSION", 1, 1, NULL, client_options, "  maskline session erase s_7jtyypadyd3zhr2y\n",
         erase},
        {NULL},
};
