/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cli_trunk_check.h"
#include "cli/cli_trunk_template.h"
#include "cli/client.h"
#include "cli/password_input.h"
#include "cli/show.h"

/* Options whose value goes into the request as it is; the server knows what is allowed. */
static const struct {
        const char *option, *field;
} text_fields[] = {
        {"--peer", "peer"},         {"--advertised", "advertised"},
        {"--country", "country"},   {"--international", "international"},
        {"--national", "national"},
};

static const struct {
        const char *option, *field;
} way_texts[] = {
        {"--transport", "transport"},
        {"--client-certificate", "client_certificate"},
        {"--redirects", "redirects"},
};

static const struct {
        const char *option, *field;
} login_fields[] = {
        {"--username", "username"},
        {"--realm", "realm"},
};

static const struct {
        const char *option, *field;
} count_fields[] = {
        {"--channels", "channels_max"},
        {"--calls-per-s", "calls_per_s"},
        {"--announcements", "announcements_max"},
};

static const struct {
        const char *option, *field;
} route_counts[] = {
        {"--options-every", "options_s"},
        {"--failover-ms", "failover_ms"},
        {"--queue-ms", "queue_ms"},
};

static const struct {
        const char *option, *field;
} dialog_switches[] = {
        {"--session-timer", "session_timer"},
        {"--prack", "prack"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static json_t *sources_of(const struct command_line *line)
{
        const char *sources[COMMAND_GIVEN_MAX];
        unsigned count = command_values(line, "--source", sources, COMMAND_GIVEN_MAX);
        json_t *array = json_array();
        for (unsigned i = 0; i < count; i++)
                json_array_append_new(array, json_string(sources[i]));
        return array;
}

static int add_count(const struct command_line *line, const char *option, const char *field,
                     json_t *body)
{
        uint32_t n;
        const char *value = command_value(line, option);
        if (!value)
                return EXIT_DONE;
        if (slice_to_u32(slice_from(value), UINT32_MAX, &n)) {
                fprintf(stderr, "maskline: %s wants a whole number\n", option);
                return EXIT_USAGE;
        }
        json_object_set_new(body, field, json_integer(n));
        return EXIT_DONE;
}

static int add_counts(const struct command_line *line, json_t *body)
{
        int code = EXIT_DONE;
        for (size_t i = 0; !code && i < COUNT(count_fields); i++)
                code = add_count(line, count_fields[i].option, count_fields[i].field, body);
        return code;
}

static int add_overflow(const struct command_line *line, json_t *body)
{
        const char *names[COMMAND_GIVEN_MAX];
        unsigned count = command_values(line, "--overflow", names, COMMAND_GIVEN_MAX);
        if (count && command_has(line, "--no-overflow")) {
                fputs("maskline: --overflow and --no-overflow exclude each other\n", stderr);
                return EXIT_USAGE;
        }
        if (!count && !command_has(line, "--no-overflow"))
                return EXIT_DONE;
        json_t *list = json_array();
        for (unsigned i = 0; i < count; i++)
                json_array_append_new(list, json_string(names[i]));
        json_object_set_new(body, "overflow", list);
        return EXIT_DONE;
}

static int add_route(const struct command_line *line, json_t *body)
{
        int code = EXIT_DONE;
        for (size_t i = 0; !code && i < COUNT(route_counts); i++)
                code = add_count(line, route_counts[i].option, route_counts[i].field, body);
        return code ? code : add_overflow(line, body);
}

static void add_way(const struct command_line *line, json_t *body)
{
        for (size_t i = 0; i < COUNT(way_texts); i++) {
                const char *value = command_value(line, way_texts[i].option);
                if (value)
                        json_object_set_new(body, way_texts[i].field, json_string(value));
        }
}

static int add_dialog(const struct command_line *line, json_t *body)
{
        for (size_t i = 0; i < COUNT(dialog_switches); i++) {
                const char *value = command_value(line, dialog_switches[i].option);
                if (!value)
                        continue;
                bool is_on = !strcmp(value, "on");
                if (!is_on && strcmp(value, "off") != 0) {
                        fprintf(stderr, "maskline: %s is on or off\n", dialog_switches[i].option);
                        return EXIT_USAGE;
                }
                json_object_set_new(body, dialog_switches[i].field, json_boolean(is_on));
        }
        return EXIT_DONE;
}

static int add_password(const struct command_line *line, json_t *body)
{
        char password[PASSWORD_INPUT_BYTES], memory[256];
        struct buf problem;
        const char *source = command_value(line, "--password");
        if (!source)
                return EXIT_DONE;
        buf_init(&problem, memory, sizeof memory);
        int err = password_input_read(source, stdin, password, &problem);
        if (err)
                fprintf(stderr, "maskline: %.*s\n", SLICE_ARG(buf_slice(&problem)));
        else
                json_object_set_new(body, "password", json_string(password));
        explicit_bzero(password, sizeof password);
        return err ? EXIT_FAILED : EXIT_DONE;
}

/* How we show the carrier who we are. */
static int add_login(const struct command_line *line, json_t *body)
{
        if (command_has(line, "--register") && command_has(line, "--no-register")) {
                fputs("maskline: --register and --no-register exclude each other\n", stderr);
                return EXIT_USAGE;
        }
        for (size_t i = 0; i < COUNT(login_fields); i++) {
                const char *value = command_value(line, login_fields[i].option);
                if (value)
                        json_object_set_new(body, login_fields[i].field, json_string(value));
        }
        if (command_has(line, "--register"))
                json_object_set_new(body, "register", json_true());
        if (command_has(line, "--no-register"))
                json_object_set_new(body, "register", json_false());
        int code = add_count(line, "--register-for", "register_s", body);
        return code ? code : add_password(line, body);
}

/* "10", "9-11": the lengths of a national number. */
static int add_digits(const struct command_line *line, json_t *body)
{
        uint32_t least, most;
        struct slice max;
        const char *value = command_value(line, "--digits");
        if (!value)
                return EXIT_DONE;
        struct slice text = slice_from(value);
        struct slice min = slice_split(text, '-', &max);
        if (min.len == text.len)
                max = min;
        if (slice_to_u32(min, 15, &least) || slice_to_u32(max, 15, &most)) {
                fputs("maskline: --digits wants a number of digits or a range, such as 10 or "
                      "9-11\n",
                      stderr);
                return EXIT_USAGE;
        }
        json_object_set_new(body, "digits_min", json_integer(least));
        json_object_set_new(body, "digits_max", json_integer(most));
        return EXIT_DONE;
}

/* "registered until ...", or how the last try failed and when the next is due. */
static void show_registration(const json_t *registration)
{
        char text[256];
        struct buf b;
        const char *problem = show_text(registration, "problem");
        buf_init(&b, text, sizeof text - 1);
        if (!json_is_object(registration))
                buf_put_text(&b, "-");
        else
                buf_put_text(&b, show_text(registration, "state"));
        if (json_is_string(json_object_get(registration, "until")))
                buf_printf(&b, " until %s", show_cell(registration, "until").text);
        if (problem[0])
                buf_printf(&b, " (%s; next try in %s s)", problem,
                           show_cell(registration, "next_try_in_s").text);
        text[b.len] = '\0';
        show_fact("registration", text);
}

static void show_login(const json_t *trunk)
{
        const char *username = show_text(trunk, "username");
        bool is_set = json_is_true(json_object_get(trunk, "password_set"));
        show_fact("user name", username[0] ? username : "-");
        show_fact("password", is_set ? "set" : "-");
        show_fact("realm", show_cell(trunk, "realm").text);
        show_registration(json_object_get(trunk, "registration"));
}

/* "up since ... (it answers: 200 OK)" */
static void show_state(const char *title, const json_t *of, const char *state, const char *since,
                       const char *reason)
{
        char text[320];
        struct buf b;
        bool has_since = json_is_string(json_object_get(of, since));
        buf_init(&b, text, sizeof text - 1);
        if (json_is_string(json_object_get(of, "address")))
                buf_printf(&b, "%s/%s ", show_text(of, "address"), show_text(of, "transport"));
        buf_put_text(&b, show_text(of, state));
        if (has_since)
                buf_printf(&b, " since %s", show_cell(of, since).text);
        buf_printf(&b, " (%s)", show_text(of, reason));
        text[b.len] = '\0';
        show_fact(title, text);
}

static void show_route(const json_t *trunk)
{
        size_t at;
        json_t *target;
        const struct show_cell every = show_cell(trunk, "options_s");
        show_state("state", trunk, "state", "state_since", "state_reason");
        json_array_foreach(json_object_get(trunk, "targets"), at, target)
                show_state(at ? "" : "targets", target, "state", "since", "reason");
        show_fact("options s", strcmp(every.text, "0") ? every.text : "never");
        show_fact("failover ms", show_cell(trunk, "failover_ms").text);
        show_fact("redirects", show_cell(trunk, "redirects").text);
        show_fact("queue ms", show_cell(trunk, "queue_ms").text);
        show_fact("waiting", show_cell(trunk, "waiting").text);
        json_array_foreach(json_object_get(trunk, "overflow"), at, target)
                show_fact(at ? "" : "overflow", json_string_value(target));
}

static void show_trunk(const json_t *trunk)
{
        static const struct {
                const char *title, *field;
                bool is_limit; /* 0 is none */
        } facts[] = {
                {"trunk", "name"},
                {"peer", "peer"},
                {"resolved", "peer_address"},
                {"transport", "transport"},
                {"client", "client_certificate"},
                {"advertised", "advertised"},
                {"country", "country"},
                {"international", "international"},
                {"national", "national"},
                {"digits min", "digits_min"},
                {"digits max", "digits_max"},
                {"calls/s max", "calls_per_s", true},
                {"channels", "channels"},
                {"channels max", "channels_max", true},
                {"announcing", "announcing"},
                {"announcing max", "announcements_max"},
                {"session timer", "session_timer"},
                {"prack", "prack"},
        };
        for (size_t i = 0; i < COUNT(facts); i++) {
                const json_t *value = json_object_get(trunk, facts[i].field);
                bool is_open = facts[i].is_limit && json_integer_value(value) == 0;
                show_fact(facts[i].title,
                          is_open ? "no limit" : show_cell(trunk, facts[i].field).text);
        }

        show_route(trunk);
        cli_trunk_template_show(trunk);
        show_login(trunk);

        size_t at;
        json_t *source;
        json_array_foreach(json_object_get(trunk, "sources"), at, source)
                show_fact(at ? "" : "sources", json_string_value(source));
}

static int add(const struct command_line *line)
{
        json_t *body = json_object();
        json_object_set_new(body, "name", json_string(line->operands[0]));
        json_object_set_new(body, "sources", sources_of(line));
        for (size_t i = 0; i < COUNT(text_fields); i++) {
                const char *value = command_value(line, text_fields[i].option);
                if (value)
                        json_object_set_new(body, text_fields[i].field, json_string(value));
        }
        int code = add_counts(line, body);
        if (!code)
                code = cli_trunk_template_add(line, body);
        if (!code)
                code = add_digits(line, body);
        if (!code)
                code = add_route(line, body);
        if (!code)
                code = add_dialog(line, body);
        add_way(line, body);
        if (!code)
                code = add_login(line, body);
        if (code) {
                json_decref(body);
                return code;
        }

        json_t *answer;
        code = client_ask(line, "POST", "/v1/trunks", body, &answer);
        if (answer)
                printf("trunk %s added\n", show_cell(answer, "name").text);
        json_decref(answer);
        return code;
}

static int list(const struct command_line *line)
{
        static const struct show_column columns[] = {
                {"TRUNK", "name"},
                {"PEER", "peer"},
                {"RESOLVED", "peer_address"},
                {"STATE", "state"},
                {"CHANNELS", "channels"},
                {"ANNOUNCING", "announcing"},
                {NULL},
        };
        json_t *answer;
        int code = client_ask(line, "GET", "/v1/trunks", NULL, &answer);
        if (!answer)
                return code;

        show_list(json_object_get(answer, "trunks"), columns,
                  "no trunks; \"maskline trunk add\" adds one");
        json_decref(answer);
        return code;
}

static int show(const struct command_line *line)
{
        json_t *answer;
        int code = client_ask(line, "GET", client_resource("trunks", line->operands[0], "").text,
                              NULL, &answer);
        if (answer)
                show_trunk(answer);
        json_decref(answer);
        return code;
}

static int set(const struct command_line *line)
{
        json_t *answer, *body = json_object();
        int code = add_route(line, body);
        if (!code)
                code = add_dialog(line, body);
        add_way(line, body);
        if (!code)
                code = add_login(line, body);
        if (!code)
                code = cli_trunk_template_add(line, body);
        if (!code && json_object_size(body) == 0) {
                fputs("maskline: nothing to set; \"maskline trunk set --help\" lists what there is\n",
                      stderr);
                code = EXIT_USAGE;
        }
        if (code) {
                json_decref(body);
                return code;
        }
        code = client_ask(line, "PATCH", client_resource("trunks", line->operands[0], "").text,
                          body, &answer);
        if (answer)
                printf("trunk %s changed\n", show_cell(answer, "name").text);
        json_decref(answer);
        return code;
}

static int remove_trunk(const struct command_line *line)
{
        return client_remove(line, "trunks", "trunk", "removed");
}

#define ROUTE_OPTIONS                                                                              \
        {"--options-every", "S",                                                                   \
         "ask the carrier by OPTIONS whether it is there; 0: never (default: 60)"},                \
                {"--failover-ms", "MS",                                                            \
                 "wait so long for any answer before the next server is asked (default: 4000)"},   \
        {                                                                                          \
                "--redirects", "refuse|follow",                                                    \
                        "whether a redirection to another server of the carrier's is followed "    \
                        "(default: refuse)"                                                        \
        }

#define OVERFLOW_OPTIONS                                                                           \
        {"--queue-ms", "MS",                                                                       \
         "let calls over --calls-per-s wait in line so long at most (default: 0)"},                \
        {                                                                                          \
                "--overflow", "TRUNK",                                                             \
                        "another trunk that may carry its calls when it is dark or full",          \
                        .repeats = true                                                            \
        }

#define TRANSPORT_OPTIONS                                                                          \
        {"--transport", "TRANSPORT",                                                               \
         "how calls go to the carrier: udp, tcp, tls, or auto, as DNS says (default: udp)"},       \
        {                                                                                          \
                "--client-certificate", "DOMAIN",                                                  \
                        "with tls: who connects must show a certificate of it; '': none"           \
        }

#define DIALOG_OPTIONS                                                                             \
        {"--session-timer", "on|off", "ask for session timers, and agree to them (default: on)"},  \
        {                                                                                          \
                "--prack", "on|off",                                                               \
                        "tell the carrier that reliable answers are welcome (default: on)"         \
        }

#define LOGIN_OPTIONS                                                                              \
        {"--username", "NAME", "user name that the carrier knows us by"},                          \
                {"--password", "PASSWORD", "its password: - (standard input), @FILE or itself"},   \
                {"--realm", "REALM", "answer only challenges of this realm (default: any)"},       \
                {"--register", NULL, "register at the peer, so that the carrier finds us"},        \
        {                                                                                          \
                "--register-for", "S", "seconds to ask for at each registration (default: 3600)"   \
        }

static const struct command_option add_options[] = {
        {"--source", "CIDR", "where the carrier's requests and media come from", .repeats = true,
         .required = true},
        {"--peer", "HOST[:PORT]", "where calls to the carrier go", .required = true},
        CLI_TRUNK_TEMPLATE_OPTIONS,
        {"--advertised", "IP[:PORT][,IP[:PORT]]",
         "address the carrier reaches us at, behind NAT; or an IPv4 and an IPv6 address"},
        {"--country", "DIGITS", "country code for national numbers, for example 91"},
        {"--international", "DIGITS", "prefix in front of a country code, for example 00"},
        {"--national", "DIGITS", "prefix in front of a national number, for example 0"},
        {"--digits", "N|MIN-MAX", "digits of a national number without its prefix, for example 10"},
        {"--channels", "N", "calls at once (default: no limit of its own)"},
        {"--calls-per-s", "N", "new calls a second (default: no limit of its own)"},
        {"--announcements", "N", "refused callers that hear the announcement at once"},
        TRANSPORT_OPTIONS,
        ROUTE_OPTIONS,
        OVERFLOW_OPTIONS,
        DIALOG_OPTIONS,
        LOGIN_OPTIONS,
        {NULL},
};

static const struct command_option set_options[] = {
        TRANSPORT_OPTIONS,
        ROUTE_OPTIONS,
        OVERFLOW_OPTIONS,
        DIALOG_OPTIONS,
        LOGIN_OPTIONS,
        {"--no-register", NULL, "no longer register"},
        {"--no-overflow", NULL, "no other trunk carries its calls any more"},
        CLI_TRUNK_TEMPLATE_OPTIONS,
        CLI_TRUNK_TEMPLATE_SET_OPTIONS,
        {NULL},
};

const struct command cli_trunk_commands[] = {
        {"trunk add", "Connect a carrier.", "NAME", 1, 1, add_options, client_options,
         "  maskline trunk add carrier --source 192.0.2.0/24 --peer sip.example.net\n"
         "  maskline trunk add carrier --source 192.0.2.7 --peer 192.0.2.7:5060 \\\n"
         "      --country 91 --international 00 --national 0 --digits 10\n"
         "  maskline trunk add carrier --source 192.0.2.0/24 --peer sip.example.net \\\n"
         "      --transport tls\n"
         "  maskline trunk add carrier --source 192.0.2.7 --peer 192.0.2.7 \\\n"
         "      --username acme --password @/run/secrets/carrier\n",
         add},
        {"trunk list", "List the trunks.", NULL, 0, 0, NULL, client_options,
         "  maskline trunk list\n", list},
        {"trunk show", "Show one trunk.", "NAME", 1, 1, NULL, client_options,
         "  maskline trunk show carrier\n", show},
        {"trunk set", "Change a trunk: how its calls find their way, who we are and who calls.",
         "NAME", 1, 1, set_options, client_options,
         "  maskline trunk set carrier --username acme --password -\n"
         "  maskline trunk set carrier --register\n"
         "  maskline trunk set carrier --username ''\n"
         "  maskline trunk set carrier --request-prefix 1234# --header X-Token:@/run/secrets/token\n",
         set},
        {"trunk check",
         "Ask the carrier: find it, connect, OPTIONS, registration; and say what is wrong.", "NAME",
         1, 1, NULL, client_options, "  maskline trunk check carrier\n", cli_trunk_check},
        {"trunk remove", "Remove a trunk that no number belongs to.", "NAME", 1, 1, NULL,
         client_options, "  maskline trunk remove carrier\n", remove_trunk},
        {NULL},
};
