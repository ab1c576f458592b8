/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cli_pool_certificate.h"
#include "cli/client.h"
#include "cli/duration.h"
#include "cli/show.h"

#define WORDS_MAX 16

/* What "pool add" and "pool set" take, and the field of the request that it is. */
static const struct {
        const char *option, *field;
        enum {
                TIME,    /* told in ms; 0 is none */
                A_TIME,  /* the same, but never none */
                SECONDS, /* a time, told in s */
                WORD,
                WORDS,
                MINUTE,
                NUMBER,
                SWITCH
        } kind;
} settings[] = {
        {"--ttl", "ttl_ms", TIME},
        {"--ttl-max", "ttl_max_ms", TIME},
        {"--quarantine", "quarantine_ms", TIME},
        {"--selection", "selection", WORD},
        {"--capability", "capabilities", WORDS},
        {"--direction", "direction", WORD},
        {"--day", "days", WORDS},
        {"--from", "from_min", MINUTE},
        {"--to", "to_min", MINUTE},
        {"--utc-offset", "utc_offset_min", NUMBER},
        /* From here on shown as they are. */
        {"--sliding", "sliding_ms", TIME},
        {"--calls", "session_calls_max", NUMBER},
        {"--calls-at-once", "session_concurrent_max", NUMBER},
        {"--party-at-once", "party_concurrent_max", NUMBER},
        {"--party-per-h", "party_calls_per_h", NUMBER},
        {"--ring", "ring_s", SECONDS},
        {"--talk", "talk_s", SECONDS},
        {"--warn", "warn_s", SECONDS},
        {"--affinity", "affinity_ms", TIME},
        {"--last-caller", "last_caller_ms", TIME},
        {"--on-end", "on_end", WORD},
        {"--refusal", "refusal", WORD},
        {"--take-withheld", "take_withheld", SWITCH},
        {"--model", "model", WORD},
        {"--match-country", "match_country", WORD},
        {"--match-area", "match_area", WORD},
        {"--recording", "recording", WORD},
        {"--language", "language", WORD},
        {"--voice", "voice", WORD},
        {"--tell-ended", "tell_ended", SWITCH},
        {"--ladder", "ladder", WORDS},
        {"--intent", "intent_ms", A_TIME},
        {"--pin-joins", "pin_joins", SWITCH},
        {"--pin-tries", "pin_tries_max", NUMBER},
        {"--lockout", "lockout_ms", A_TIME},
        {"--intercept", "intercept_url", WORD},
        {"--intercept-deadline-ms", "intercept_deadline_ms", NUMBER},
        {"--intercept-fails-open", "intercept_fails_open", SWITCH},
        {"--allow-premium", "allow_premium", SWITCH},
        {"--allow-emergency", "allow_emergency", SWITCH},
};
#define SETTINGS  (sizeof settings / sizeof settings[0])
#define PLAIN_ONE 10

#define NAME_WIDTH 22 /* of the widest option */

static int fail(const char *option, const char *wants)
{
        fprintf(stderr, "maskline: %s wants %s\n", option, wants);
        return EXIT_USAGE;
}

/* "09:30", up to "24:00" */
static bool parse_minute(const char *text, unsigned *out)
{
        unsigned hour, minute;
        char behind;
        if (strlen(text) != 5 || sscanf(text, "%2u:%2u%c", &hour, &minute, &behind) != 2 ||
            hour > 24 || minute > 59 || hour * 60 + minute > 24 * 60)
                return false;
        *out = hour * 60 + minute;
        return true;
}

static int put_time(unsigned i, const char *text, json_t *body)
{
        const char *option = settings[i].option, *field = settings[i].field;
        unsigned per_s = settings[i].kind == SECONDS ? 1 : 1000;
        bool may_be_none = settings[i].kind != A_TIME;
        int64_t seconds = 0;
        bool is_none = may_be_none && !strcmp(text, "0");
        if (!is_none && duration_parse(slice_from(text), &seconds))
                return fail(option, may_be_none ? DURATION_ALLOWED ", or 0" : DURATION_ALLOWED);
        json_object_set_new(body, field, json_integer((json_int_t)seconds * per_s));
        return EXIT_DONE;
}

static int put_switch(const char *option, const char *field, const char *text, json_t *body)
{
        bool on = strcmp(text, "true") == 0;
        if (!on && strcmp(text, "false") != 0)
                return fail(option, "true or false");
        json_object_set_new(body, field, json_boolean(on));
        return EXIT_DONE;
}

static int put_number(const char *option, const char *field, const char *text, json_t *body)
{
        char *end;
        long number = strtol(text, &end, 10);
        if (end == text || *end)
                return fail(option, "a whole number");
        json_object_set_new(body, field, json_integer(number));
        return EXIT_DONE;
}

static int put_minute(const char *option, const char *field, const char *text, json_t *body)
{
        unsigned minute;
        if (!parse_minute(text, &minute))
                return fail(option, "a time of day such as 09:30, up to 24:00");
        json_object_set_new(body, field, json_integer(minute));
        return EXIT_DONE;
}

static void put_words(const struct command_line *line, unsigned i, json_t *body)
{
        const char *words[WORDS_MAX];
        unsigned count = command_values(line, settings[i].option, words, WORDS_MAX);
        json_t *list = json_array();
        for (unsigned k = 0; k < count && k < WORDS_MAX; k++)
                if (words[k][0]) /* an empty one clears the list */
                        json_array_append_new(list, json_string(words[k]));
        json_object_set_new(body, settings[i].field, list);
}

static int put_setting(const struct command_line *line, unsigned i, json_t *body)
{
        const char *option = settings[i].option, *field = settings[i].field;
        const char *text = command_value(line, option);
        if (!text)
                return EXIT_DONE;
        switch (settings[i].kind) {
        case TIME:
        case A_TIME:
        case SECONDS:
                return put_time(i, text, body);
        case SWITCH:
                return put_switch(option, field, text, body);
        case MINUTE:
                return put_minute(option, field, text, body);
        case NUMBER:
                return put_number(option, field, text, body);
        case WORDS:
                put_words(line, i, body);
                break;
        case WORD:
                json_object_set_new(body, field, json_string(text));
                break;
        }
        return EXIT_DONE;
}

static json_t *body_of(const struct command_line *line, int *code)
{
        json_t *body = json_object();
        *code = EXIT_DONE;
        for (unsigned i = 0; i < SETTINGS && *code == EXIT_DONE; i++)
                *code = put_setting(line, i, body);
        if (*code == EXIT_DONE)
                return body;
        json_decref(body);
        return NULL;
}

static void show_fact_of_pool(const char *name, const char *value)
{
        show_fact_in(NAME_WIDTH, name, value);
}

static void show_seconds(const char *title, const json_t *pool, const char *name, const char *none)
{
        char text[32];
        json_int_t ms = json_integer_value(json_object_get(pool, name));
        snprintf(text, sizeof text, "%lld s", (long long)(ms / 1000));
        show_fact_of_pool(title, ms ? text : none);
}

static void show_hours(const json_t *pool)
{
        char text[64];
        int from = (int)json_integer_value(json_object_get(pool, "from_min"));
        int to = (int)json_integer_value(json_object_get(pool, "to_min"));
        int ahead = (int)json_integer_value(json_object_get(pool, "utc_offset_min"));
        snprintf(text, sizeof text, "%02d:%02d to %02d:%02d (UTC %+d min)", from / 60, from % 60,
                 to / 60, to % 60, ahead);
        show_fact_of_pool("hours", text);
}

static void show_one(unsigned i, const json_t *pool)
{
        const char *title = settings[i].option + 2;
        const json_t *value = json_object_get(pool, settings[i].field);
        char text[32];
        json_int_t count = json_integer_value(value);
        switch (settings[i].kind) {
        case TIME:
        case A_TIME:
        case SECONDS:
                snprintf(text, sizeof text, "%lld s",
                         (long long)(settings[i].kind == SECONDS ? count : count / 1000));
                show_fact_of_pool(title, text);
                return;
        case WORDS:
                show_fact_of_pool(title, show_words(pool, settings[i].field).text);
                return;
        case WORD:
                show_fact_of_pool(title,
                                  json_string_length(value) ? json_string_value(value) : "-");
                return;
        case MINUTE:
        case NUMBER:
        case SWITCH:
                show_fact_of_pool(title, show_cell(pool, settings[i].field).text);
                return;
        }
}

/* The others, by the names of their options: 0 is none, or the server's own. */
static void show_plain(const json_t *pool)
{
        for (unsigned i = PLAIN_ONE; i < SETTINGS; i++)
                show_one(i, pool);
}

static void show_pool(const json_t *pool)
{
        show_fact_of_pool("pool", show_cell(pool, "name").text);
        show_fact_of_pool("numbers", show_cell(pool, "numbers").text);
        show_fact_of_pool("sessions", show_cell(pool, "sessions").text);
        show_seconds("ttl", pool, "ttl_ms", "until it is ended");
        show_seconds("ttl max", pool, "ttl_max_ms", "no bound");
        show_seconds("quarantine", pool, "quarantine_ms", "none");
        show_fact_of_pool("selection", show_cell(pool, "selection").text);
        show_fact_of_pool("capabilities", show_words(pool, "capabilities").text);
        show_fact_of_pool("direction", show_cell(pool, "direction").text);
        show_fact_of_pool("days", show_words(pool, "days").text);
        show_hours(pool);
        show_plain(pool);
        if (json_array_size(json_object_get(pool, "no_effect_yet")))
                show_fact_of_pool("no effect yet", show_words(pool, "no_effect_yet").text);
        size_t at;
        json_t *remark;
        json_array_foreach(json_object_get(pool, "remarks"), at, remark)
                show_fact_of_pool("remark", json_string_value(remark));
}

static int add(const struct command_line *line)
{
        int code;
        json_t *answer, *body = body_of(line, &code);
        if (!body)
                return code;
        json_object_set_new(body, "name", json_string(line->operands[0]));
        code = client_ask(line, "POST", "/v1/pools", body, &answer);
        if (answer)
                show_pool(answer);
        json_decref(answer);
        return code;
}

static int ask_one(const struct command_line *line, const char *method, json_t *body)
{
        json_t *answer;
        const struct client_resource path = client_resource("pools", line->operands[0], "");
        int code = client_ask(line, method, path.text, body, &answer);
        if (answer)
                show_pool(answer);
        json_decref(answer);
        return code;
}

static int show(const struct command_line *line)
{
        return ask_one(line, "GET", NULL);
}

static int set(const struct command_line *line)
{
        int code;
        json_t *body = body_of(line, &code);
        if (!body)
                return code;
        const char *name = command_value(line, "--name");
        if (name)
                json_object_set_new(body, "name", json_string(name));
        if (json_object_size(body) == 0) {
                json_decref(body);
                fprintf(stderr, "maskline: nothing to set; \"maskline pool set --help\" lists what "
                                "there is\n");
                return EXIT_USAGE;
        }
        return ask_one(line, "PATCH", body);
}

static int remove_pool(const struct command_line *line)
{
        return client_remove(line, "pools", "pool", "removed");
}

static int list(const struct command_line *line)
{
        static const struct show_column columns[] = {
                {"POOL", "name"},           {"NUMBERS", "numbers"},     {"SESSIONS", "sessions"},
                {"SELECTION", "selection"}, {"DIRECTION", "direction"}, {NULL},
        };
        json_t *pools;
        int code = client_ask_all(line, "/v1/pools", "after", "pools", &pools);
        if (pools)
                show_list(pools, columns, "no pools");
        json_decref(pools);
        return code;
}

#define POLICY_OPTIONS                                                                              \
        {"--ttl", "TIME", "how long a session lives that does not say it; 0: until it is ended"},   \
                {"--ttl-max", "TIME", "how long a session lives at most; 0: no bound"},             \
                {"--quarantine", "TIME",                                                            \
                 "for how long a party does not get a number again that it had; 0: not at all"},    \
                {"--selection", "least-recent|sticky|avoid",                                        \
                 "which free number: the one that rested longest; first, or last, the one that "    \
                 "this pair had before"},                                                           \
                {"--capability", "voice|sms", "what a number must be able to carry",                \
                 .repeats = true},                                                                  \
                {"--direction", "both|from-side-0|from-side-1", "who may call whom"},               \
                {"--day", "DAY", "a day on which calls may be made, such as monday",                \
                 .repeats = true},                                                                  \
                {"--from", "TIME", "from when on a day, such as 09:00"},                            \
                {"--to", "TIME", "until when on a day, such as 18:30; 24:00 is its end"},           \
                {"--sliding", "TIME",                                                               \
                 "a session ends when no call was made in it for so long; 0: it does not"},         \
                {"--calls", "N", "calls in a session; 0: any number"},                              \
                {"--calls-at-once", "N", "calls at once in a session; 0: any number"},              \
                {"--party-at-once", "N", "calls at once of a party; 0: any number"},                \
                {"--party-per-h", "N", "calls that a party may make in an hour; 0: any number"},    \
                {"--ring", "TIME", "how long it rings; 0: the server's ring_timeout_s"},            \
                {"--talk", "TIME", "how long a call lasts at most; 0: the server's call_s_max"},    \
                {"--warn", "TIME", "how long before its end a tone is heard; 0: none is"},          \
                {"--affinity", "TIME",                                                              \
                 "how long a call back reaches the one of several who called; 0: they take turns"}, \
                {"--last-caller", "TIME",                                                           \
                 "how long the last caller can be called back; 0: not at all"},                     \
                {"--on-end", "keep|cut", "what becomes of a running call when its session ends"},   \
                {"--refusal", "announce|early|plain",                                               \
                 "what refused callers get: the announcement answered, before an answer, or none"}, \
                {"--take-withheld", "true|false",                                                   \
                 "numbers open to anyone take callers who withhold theirs"},                        \
                {"--model", "NAME",                                                                 \
                 "the model of sessions that do not say one: two-numbers, one-number ..."},         \
                {"--match-country", "any|best-effort|strict",                                       \
                 "whether a number must be of the country that is asked for, or of the party's"},   \
                {"--match-area", "any|best-effort|strict", "the same of its area"},                 \
                {"--recording", "off|on|announced",                                                 \
                 "whether calls are recorded, and whether both hear so first"},                     \
                {"--language", "TAG", "of announcements, such as hi-IN; empty: the server's"},      \
                {"--voice", "NAME", "of announcements; empty: the server's"},                       \
                {"--tell-ended", "true|false",                                                      \
                 "a former party hears that the conversation has ended"},                           \
                {"--ladder", "intent|pin|request",                                                  \
                 "what is tried with a caller who is no party; empty: nothing", .repeats = true},   \
                {"--intent", "TIME",                                                                \
                 "how long the platform's word counts that a party calls from another telephone"},  \
                {"--pin-joins", "true|false",                                                       \
                 "a telephone from which a party's digits were keyed in is the party's from then "  \
                 "on"},                                                                             \
                {"--pin-tries", "N", "wrong digits until a caller is locked out"},                  \
                {"--lockout", "TIME", "how long who is locked out stays so"},                       \
                {"--intercept", "URL",                                                              \
                 "asked before a call is connected (not yet: --intercept-fails-open decides); "     \
                 "empty: nobody is"},                                                               \
                {"--intercept-deadline-ms", "N", "how long its answer is waited for"},              \
                {"--intercept-fails-open", "true|false",                                            \
                 "without an answer in time the call is connected, and not refused"},               \
                {"--allow-premium", "true|false", "premium-rate numbers may be parties"},           \
                {"--allow-emergency", "true|false", "emergency numbers may be parties"},            \
        {                                                                                           \
                "--utc-offset", "MINUTES",                                                          \
                        "how far the clock of days and hours is ahead of UTC; 330 in India"         \
        }

static const struct command_option add_options[] = {POLICY_OPTIONS, {NULL}};
static const struct command_option set_options[] = {
        {"--name", "NAME", "a new name for it"}, POLICY_OPTIONS, {NULL}};

const struct command cli_pool_commands[] = {
        {"pool add", "Add a pool: numbers of its own, and what its sessions may do.", "NAME", 1, 1,
         add_options, client_options,
         "  maskline pool add riders --ttl 4h --quarantine 2h --direction both\n"
         "  maskline pool add office --day monday --day tuesday --from 09:00 --to 18:00\n",
         add},
        {"pool list", "List the pools.", NULL, 0, 0, NULL, client_options, "  maskline pool list\n",
         list},
        {"pool show", "Show one pool.", "NAME", 1, 1, NULL, client_options,
         "  maskline pool show riders\n", show},
        {"pool set", "Change a pool; what is not said stays.", "NAME", 1, 1, set_options,
         client_options, "  maskline pool set riders --ttl-max 24h\n", set},
        {"pool remove", "Remove a pool without numbers and sessions.", "NAME", 1, 1, NULL,
         client_options, "  maskline pool remove riders\n", remove_pool},
        {"pool certificate", "Say how many numbers a pool needs, and with --json prove it.", "NAME",
         1, 1, NULL, client_options,
         "  maskline pool certificate riders\n"
         "  maskline pool certificate riders --json > riders.json\n",
         cli_pool_certificate},
        {NULL},
};
