/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunk_check.h"

#include "api/rest_trunks.h"
#include "call/check.h"

static json_t *step_json(const struct check_step *step)
{
        return json_pack("{s:s, s:s, s:s, s:s?}", "step", check_kind_name(step->kind), "grade",
                         check_grade_name(step->grade), "sentence", step->sentence, "advice",
                         step->advice[0] ? step->advice : NULL);
}

static json_t *report_json(const struct check_report *report)
{
        json_t *steps = json_array();
        for (unsigned i = 0; i < report->count; i++)
                json_array_append_new(steps, step_json(&report->steps[i]));
        return json_pack("{s:s, s:o, s:o}", "state", report->is_over ? "done" : "running", "works",
                         report->is_over ? json_boolean(report->is_good) : json_null(), "steps",
                         steps);
}

void rest_trunk_check_start(struct rest *rest)
{
        const struct trunk *trunk = rest_trunks_find(rest);
        if (!trunk)
                return;
        struct calls *calls = rest->api->params.calls;
        int err = calls_check(calls, trunk->id);
        if (err == ERR_FULL) {
                rest_refuse(rest, PROBLEM_LIMIT, NULL, "Wait until one of them is over.",
                            "too many trunks are being checked at the same time");
                return;
        }
        if (err) {
                rest_refuse(rest, PROBLEM_INTERNAL, NULL, "Try again.", "the check cannot begin");
                return;
        }
        rest_answer(rest->api, rest->exchange, 202,
                    report_json(calls_check_report(calls, trunk->id)));
}

void rest_trunk_check_show(struct rest *rest)
{
        const struct trunk *trunk = rest_trunks_find(rest);
        if (!trunk)
                return;
        const struct check_report *report = calls_check_report(rest->api->params.calls, trunk->id);
        if (report)
                rest_answer(rest->api, rest->exchange, 200, report_json(report));
        else
                rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                            "POST to the same path (maskline trunk check) begins one.",
                            "this trunk has not been checked lately");
}
