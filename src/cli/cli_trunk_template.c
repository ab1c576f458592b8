/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_trunk_template.h"

#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "cli/password_input.h"
#include "cli/show.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Options whose value goes into the request as it is; the server knows what is allowed. */
static const struct {
        const char *option, *field, *title;
} texts[] = {
        {"--caller-from", "caller_from", "caller"},
        {"--caller-prefix", "caller_prefix", "caller prefix"},
        {"--dialled-from", "dialled_from", "dialled"},
        {"--dialled-prefix", "dialled_prefix", "dialled prefix"},
        {"--number-form", "number_form", "numbers"},
        {"--from-form", "from_form", "  in From"},
        {"--asserted-form", "asserted_form", "  asserted"},
        {"--to-form", "to_form", "  in To"},
        {"--request-form", "request_form", "  in Request-URI"},
        {"--request-prefix", "request_prefix", "request prefix"},
        {"--from-user", "from_user", "From"},
        {"--from-domain", "from_domain", "From domain"},
        {"--display-name", "display_name", "display name"},
        {"--asserted-user", "asserted_user", "asserted user"},
        {"--pilot", "pilot", "pilot"},
        {"--privacy", "privacy", "privacy"},
        {"--charge-info", "charge_info", "charge info"},
};

static const struct {
        const char *on, *off, *field, *title;
} switches[] = {
        {"--send-asserted", "--no-send-asserted", "send_asserted", "asserted"},
        {"--user-phone", "--no-user-phone", "user_phone", "user=phone"},
};

static int add_switches(const struct command_line *line, json_t *body)
{
        for (size_t i = 0; i < COUNT(switches); i++) {
                bool on = command_has(line, switches[i].on);
                bool off = command_has(line, switches[i].off);
                if (on && off) {
                        fprintf(stderr, "maskline: %s and %s exclude each other\n", switches[i].on,
                                switches[i].off);
                        return EXIT_USAGE;
                }
                if (on || off)
                        json_object_set_new(body, switches[i].field, json_boolean(on));
        }
        return EXIT_DONE;
}

/* A value may be a token of the carrier's: it can come from where a password does. */
static int add_header(const char *text, json_t *list)
{
        char value[PASSWORD_INPUT_BYTES], memory[256];
        struct buf problem;
        struct slice rest, whole = slice_from(text);
        struct slice name = slice_trim(slice_split(whole, ':', &rest));
        if (!memchr(text, ':', whole.len)) {
                fputs("maskline: --header wants a name, a colon and a value\n", stderr);
                return EXIT_USAGE;
        }
        const char *source = rest.len ? slice_trim(rest).p : "";
        bool is_elsewhere = source[0] == '@' || !strcmp(source, "-");
        int err = 0;
        buf_init(&problem, memory, sizeof memory);
        if (is_elsewhere)
                err = password_input_read(source, stdin, value, &problem);
        if (err)
                fprintf(stderr, "maskline: --header: %.*s\n", SLICE_ARG(buf_slice(&problem)));
        else
                json_array_append_new(list, json_pack("{s:s%, s:s}", "name", name.p, name.len,
                                                      "value", is_elsewhere ? value : source));
        explicit_bzero(value, sizeof value);
        return err ? EXIT_FAILED : EXIT_DONE;
}

static int add_headers(const struct command_line *line, json_t *body)
{
        const char *given[COMMAND_GIVEN_MAX];
        unsigned count = command_values(line, "--header", given, COMMAND_GIVEN_MAX);
        bool none = command_has(line, "--no-headers");
        if (count && none) {
                fputs("maskline: --header and --no-headers exclude each other\n", stderr);
                return EXIT_USAGE;
        }
        if (!count && !none)
                return EXIT_DONE;
        json_t *list = json_array();
        int code = EXIT_DONE;
        for (unsigned i = 0; !code && i < count; i++)
                code = add_header(given[i], list);
        json_object_set_new(body, "headers", list);
        return code;
}

static void add_tolerances(const struct command_line *line, json_t *body)
{
        const char *given[COMMAND_GIVEN_MAX];
        unsigned count = command_values(line, "--tolerate", given, COMMAND_GIVEN_MAX);
        json_t *list = json_array();
        for (unsigned i = 0; i < count; i++)
                json_array_append_new(list, json_string(given[i]));
        if (count || command_has(line, "--tolerate-nothing"))
                json_object_set(body, "tolerates", list);
        json_decref(list);
}

static void show_tolerances(const json_t *trunk)
{
        const char *name;
        json_t *count, *tolerated = json_object_get(trunk, "tolerated");
        unsigned shown = 0;
        json_object_foreach(tolerated, name, count)
        {
                char text[96];
                snprintf(text, sizeof text, "%s (%lld times)", name,
                         (long long)json_integer_value(count));
                show_fact(shown++ ? "" : "tolerates", text);
        }
        if (!shown)
                show_fact("tolerates", "nothing");
}

int cli_trunk_template_add(const struct command_line *line, json_t *body)
{
        for (size_t i = 0; i < COUNT(texts); i++) {
                const char *value = command_value(line, texts[i].option);
                if (value)
                        json_object_set_new(body, texts[i].field, json_string(value));
        }
        add_tolerances(line, body);
        int code = add_switches(line, body);
        return code ? code : add_headers(line, body);
}

void cli_trunk_template_show(const json_t *trunk)
{
        for (size_t i = 0; i < COUNT(texts); i++) {
                struct show_cell cell = show_cell(trunk, texts[i].field);
                show_fact(texts[i].title, cell.text[0] ? cell.text : "-");
        }
        for (size_t i = 0; i < COUNT(switches); i++)
                show_fact(switches[i].title, show_cell(trunk, switches[i].field).text);
        show_tolerances(trunk);
        size_t at;
        json_t *header, *headers = json_object_get(trunk, "headers");
        if (json_array_size(headers) == 0)
                show_fact("headers", "-");
        json_array_foreach(headers, at, header)
                show_fact(at ? "" : "headers", show_text(header, "name"));
}
