/* SPDX-License-Identifier: Apache-2.0 */
#include "app/plan_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/timestamp.h"
#include "app/plan_log.h"
#include "cli/client.h"
#include "cli/duration.h"
#include "cli/show.h"
#include "core/session_model.h"

#define MILLION 1000000

/* What is wanted, and what has been found out. */
struct planning {
        const struct command_line *line;
        const char *pool;               /* NULL: none is named */
        uint32_t refused, misconnected; /* of a million */
        int64_t mean_ms, quarantine_ms; /* quarantine_ms -1: it follows from the mean */
        enum session_model model;
        bool is_json;
        struct progress progress;
        struct rejects rejects;
};

static int wants(const char *option, const char *what)
{
        fprintf(stderr, "maskline pool plan: %s wants %s\n", option, what);
        return EXIT_USAGE;
}

/* "0.1%" in millionths. */
static bool parse_percent(const char *text, uint32_t *out)
{
        size_t whole = strspn(text, "0123456789");
        uint32_t value = 0, places = 0;
        const char *at = text;
        if (whole == 0 || whole > 3)
                return false;
        for (; *at >= '0' && *at <= '9'; at++)
                value = value * 10 + (uint32_t)(*at - '0');
        if (*at == '.')
                for (at++; *at >= '0' && *at <= '9' && places < 4; at++, places++)
                        value = value * 10 + (uint32_t)(*at - '0');
        for (; places < 4; places++)
                value *= 10;
        *out = value;
        return strcmp(at, "%") == 0 && value <= MILLION;
}

static int read_percent(const struct command_line *line, const char *option, uint32_t min,
                        uint32_t *out)
{
        const char *text = command_value(line, option);
        if (text && (!parse_percent(text, out) || *out < min))
                return wants(option,
                             "a share such as 0.1%, with up to four places after the point");
        return EXIT_DONE;
}

static int read_time(const struct command_line *line, const char *option, int64_t *out_ms)
{
        int64_t seconds = 0;
        const char *text = command_value(line, option);
        if (!text)
                return EXIT_DONE;
        if (strcmp(text, "0") && duration_parse(slice_from(text), &seconds))
                return wants(option, DURATION_ALLOWED);
        *out_ms = seconds * 1000;
        return EXIT_DONE;
}

static int explain_file(const char *name, int err)
{
        fprintf(stderr, "maskline pool plan: %s cannot be read: %s\n", name,
                err == -ENOMEM ? "out of memory" : strerror(-err));
        return EXIT_FAILED;
}

/* Delays that were measured say more than their mean. */
static int read_delays(struct planning *p)
{
        uint32_t count = 0;
        int64_t *delays = NULL;
        const char *name = command_value(p->line, "--redials");
        if (!name)
                return EXIT_DONE;
        int err = plan_log_read_delays(name, &p->rejects, &delays, &count);
        if (!err)
                p->quarantine_ms = capacity_quarantine_ms(delays, count, p->misconnected);
        free(delays);
        if (err)
                return explain_file(name, err);
        if (count)
                return EXIT_DONE;
        fprintf(stderr, "maskline pool plan: %s has no delay: write one a line, in seconds\n",
                name);
        return EXIT_FAILED;
}

static int check_options(const struct command_line *line)
{
        static const char *const ways[] = {"--redial-mean", "--redials", "--quarantine"};
        unsigned given = 0;
        for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
                given += command_has(line, ways[i]);
        if (given > 1)
                fputs("maskline pool plan: give one of --redial-mean, --redials and --quarantine\n",
                      stderr);
        else if (command_has(line, "--quarantine") && command_has(line, "--misconnects"))
                fputs("maskline pool plan: the quarantine is given, so --misconnects says nothing: "
                      "leave one out\n",
                      stderr);
        else if (!command_has(line, "--from") && !line->operand_count)
                fputs("maskline pool plan: name a pool, or a file of past sessions with --from\n",
                      stderr);
        else if (!command_has(line, "--from") && command_has(line, "--model"))
                fputs("maskline pool plan: --model is for --from: a pool's sessions have theirs\n",
                      stderr);
        else
                return EXIT_DONE;
        return EXIT_USAGE;
}

static int read_line(struct planning *p)
{
        const struct command_line *line = p->line;
        int code = check_options(line);
        if (!code)
                code = read_percent(line, "--refusals", 0, &p->refused);
        if (!code)
                code = read_percent(line, "--misconnects", 1, &p->misconnected);
        if (!code)
                code = read_time(line, "--redial-mean", &p->mean_ms);
        if (!code)
                code = read_time(line, "--quarantine", &p->quarantine_ms);
        return code ? code : read_delays(p);
}

static void show_plan(const json_t *plan, const struct planning *p)
{
        char text[96];
        json_int_t ms = json_integer_value(json_object_get(plan, "quarantine_ms"));
        show_fact("sessions", show_cell(plan, "sessions").text);
        show_fact("numbers", show_cell(plan, "numbers").text);
        show_fact("most", show_cell(plan, "most").text);
        snprintf(text, sizeof text, "%s of the sessions, at most", show_cell(plan, "refused").text);
        show_fact("refused", text);
        snprintf(text, sizeof text, "%lldh %lldm %llds", (long long)(ms / 3600000),
                 (long long)(ms / 60000 % 60), (long long)(ms / 1000 % 60));
        show_fact("quarantine", text);
        if (json_object_get(plan, "busiest_at"))
                show_fact("busiest at", show_cell(plan, "busiest_at").text);
        if (p->pool) {
                show_fact("rented", show_cell(plan, "rented").text);
                show_fact("to rent", show_cell(plan, "to_rent").text);
        }
        if (json_is_false(json_object_get(plan, "whole")))
                fputs("\nSessions that would rest with this quarantine would have been erased: it is "
                      "longer than the\npool's, or they were erased by order. More may be needed: "
                      "set the quarantine and plan\nagain when it has passed, or plan from a file "
                      "of past sessions (--from).\n",
                      stdout);
}

static int plan_live(const struct planning *p)
{
        json_t *answer, *body = json_pack("{s:I}", "refused_per_million", (json_int_t)p->refused);
        const struct client_resource path = client_resource("pools", p->pool, "/plan");
        if (p->quarantine_ms >= 0) {
                json_object_set_new(body, "quarantine_ms", json_integer(p->quarantine_ms));
        } else {
                json_object_set_new(body, "misconnected_per_million",
                                    json_integer(p->misconnected));
                json_object_set_new(body, "redial_mean_s", json_integer(p->mean_ms / 1000));
        }
        int code = client_ask(p->line, "POST", path.text, body, &answer);
        if (answer)
                show_plan(answer, p);
        json_decref(answer);
        return code;
}

static int choose_model(struct planning *p, const char *name)
{
        bool known = session_model_find(slice_from(name), &p->model) == 0 &&
                     (p->model == MODEL_TWO_NUMBERS || p->model == MODEL_ONE_NUMBER ||
                      p->model == MODEL_GROUP);
        if (known)
                return EXIT_DONE;
        fputs("maskline pool plan: past sessions can be planned as two-numbers, one-number and group: "
              "a file does not say who is on which side; say one with --model\n",
              stderr);
        return EXIT_USAGE;
}

/* The model, and how many numbers there are; `rented` -1: no pool is named. */
static int ask_pool(struct planning *p, json_int_t *rented)
{
        json_t *pool = NULL;
        const char *model = command_value(p->line, "--model");
        *rented = -1;
        if (!p->pool)
                return choose_model(p, model ? model : "two-numbers");
        const struct client_resource path = client_resource("pools", p->pool, "");
        int code = client_call(p->line, "GET", path.text, NULL, &pool);
        if (!code)
                code = choose_model(p, model ? model : show_text(pool, "model"));
        *rented = json_integer_value(json_object_get(pool, "numbers"));
        json_decref(pool);
        return code;
}

static int make_plan(struct planning *p, const struct plan_log *log, struct capacity *out)
{
        const struct capacity_log past = {log->sessions, log->count, log->parties,
                                          log->party_count};
        const struct capacity_want want = {p->model, p->quarantine_ms, p->refused};
        void *memory = malloc(capacity_bytes(log->party_count) + 1);
        int err = memory ? capacity_plan(&past, &want, memory, out) : -ENOMEM;
        free(memory);
        if (!err)
                return EXIT_DONE;
        fprintf(stderr, "maskline pool plan: %s\n", err_text(err));
        return EXIT_FAILED;
}

static void tell(struct planning *p, const struct plan_log *log, const struct capacity *found,
                 json_int_t rented)
{
        json_int_t more = found->numbers > rented ? (json_int_t)found->numbers - rented : 0;
        json_t *busiest =
                found->most ? json_string(timestamp_format(found->at_ms).text) : json_null();
        json_t *plan = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "model",
                                 session_model_name(p->model), "sessions", (json_int_t)log->count,
                                 "quarantine_ms", (json_int_t)p->quarantine_ms, "numbers",
                                 (json_int_t)found->numbers, "most", (json_int_t)found->most,
                                 "refused", (json_int_t)found->refused, "busiest_at", busiest,
                                 "rented", p->pool ? json_integer(rented) : json_null(), "to_rent",
                                 p->pool ? json_integer(more) : json_null());
        if (p->is_json) {
                json_object_set_new(plan, "rejected", rejects_take(&p->rejects));
                show_json(plan);
                return;
        }
        show_plan(plan, p);
        if (p->rejects.count)
                printf("rejected: %" PRIu64 " lines, which do not count\n", p->rejects.count);
        json_decref(plan);
}

static int plan_past(struct planning *p, const char *name)
{
        struct plan_log log;
        struct capacity found = {0};
        json_int_t rented;
        int code = ask_pool(p, &rented);
        if (code)
                return code;
        if (p->quarantine_ms < 0)
                p->quarantine_ms = capacity_quarantine_of_mean_ms(p->mean_ms, p->misconnected);
        plan_log_init(&log);
        unsigned parties_max = p->model == MODEL_GROUP ? SESSION_GROUP_MAX : 2;
        int err = plan_log_read(&log, name, parties_max, &p->rejects);
        code = err ? explain_file(name, err) : make_plan(p, &log, &found);
        if (!code)
                tell(p, &log, &found, rented);
        plan_log_fini(&log);
        return code;
}

static int run_plan(const struct command_line *line)
{
        struct planning p = {
                .line = line,
                .pool = line->operand_count ? line->operands[0] : NULL,
                .refused = 1000,
                .misconnected = 200,
                .mean_ms = 1200000,
                .quarantine_ms = -1,
                .is_json = command_has(line, "--json"),
        };
        p.progress.is_quiet = p.is_json;
        rejects_init(&p.rejects, p.is_json, &p.progress);
        const char *name = command_value(line, "--from");
        int code = read_line(&p);
        if (!code)
                code = name ? plan_past(&p, name) : plan_live(&p);
        if (!code && p.rejects.count)
                code = EXIT_FAILED;
        rejects_fini(&p.rejects);
        return code;
}

static const struct command_option own_options[] = {
        {"--from", "CSV",
         "past sessions in place of those that a server has now: lines of start,end,party,party; - "
         "is standard input; it is read here and sent nowhere"},
        {"--model", "two-numbers|one-number|group",
         "with --from: what they are planned as (default: the pool's, else two-numbers)"},
        {"--refusals", "SHARE", "creates that may be refused (default: 0.1%)"},
        {"--misconnects", "SHARE",
         "redials that may come later than the quarantine lasts (default: 0.02%)"},
        {"--redial-mean", "TIME",
         "how long after the end of a session people redial, on average (default: 20m)"},
        {"--redials", "FILE", "such delays as they were measured, in seconds, one a line"},
        {"--quarantine", "TIME", "the quarantine, in place of one that follows from redials"},
        {NULL},
};

const struct command plan_commands[] = {
        {
                .name = "pool plan",
                .summary =
                        "Say how many numbers to rent for a pool, and how long they should rest.",
                .operands = "[NAME]",
                .operands_max = 1,
                .options = own_options,
                .common = client_options,
                .examples =
                        "  maskline pool plan riders --refusals 0.1% --misconnects 0.02%\n"
                        "  maskline pool plan --from sessions.csv --refusals 0.1% --redial-mean 15m\n",
                .run = run_plan,
        },
        {NULL},
};
