/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_trunk_check.h"

#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/progress.h"
#include "cli/show.h"

#define PAUSES_MAX 300 /* a minute: a check is over long before that */

static void show_step(const json_t *step)
{
        const char *grade = show_text(step, "grade"), *advice = show_text(step, "advice");
        const char *mark = !strcmp(grade, "good") ? "ok" : grade;
        printf("%-8s %-9s ", mark, show_text(step, "step"));
        show_printable(stdout, show_text(step, "sentence"));
        fputc('\n', stdout);
        if (advice[0]) {
                printf("%18s ", "->");
                show_printable(stdout, advice);
                fputc('\n', stdout);
        }
        fflush(stdout);
}

/* Those that are new; answers how many have been shown. */
static size_t show_steps(const json_t *report, size_t shown)
{
        const json_t *steps = json_object_get(report, "steps");
        while (shown < json_array_size(steps))
                show_step(json_array_get(steps, shown++));
        return shown;
}

static bool is_running(const json_t *report)
{
        return !strcmp(show_text(report, "state"), "running");
}

int cli_trunk_check(const struct command_line *line)
{
        const struct client_resource path = client_resource("trunks", line->operands[0], "/check");
        bool is_json = command_has(line, "--json");
        json_t *report = NULL;
        size_t shown = 0;
        int code = client_call(line, "POST", path.text, NULL, &report);
        for (unsigned i = 0; !code && is_running(report) && i < PAUSES_MAX; i++) {
                if (!is_json)
                        shown = show_steps(report, shown);
                json_decref(report);
                report = NULL;
                progress_pause();
                code = client_call(line, "GET", path.text, NULL, &report);
        }
        if (code)
                return code;
        if (is_json) {
                json_dumpf(report, stdout, JSON_INDENT(2));
                fputc('\n', stdout);
        } else {
                show_steps(report, shown);
        }
        bool works = json_is_true(json_object_get(report, "works"));
        json_decref(report);
        return works ? EXIT_DONE : EXIT_FAILED;
}
