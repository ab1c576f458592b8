/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "base/log.h"
#include "core/advice.h"

static void verified(void *arg, int err, uint64_t count, uint64_t bad_at)
{
        struct rest_wait *wait = arg;
        if (!wait->api)
                goto done;
        if (err && !bad_at) {
                struct problem problem = {
                        .kind = PROBLEM_STORE,
                        .detail = "the audit record cannot be read",
                        .remedy = "See the server's log for the reason.",
                };
                rest_answer_problem(wait->api, wait->exchange, &problem);
                goto done;
        }

        char sentence[160];
        if (bad_at)
                snprintf(sentence, sizeof sentence,
                         "The audit record has been changed at entry %" PRIu64 "; %" PRIu64
                         " entries before it are intact.",
                         bad_at, count);
        else
                snprintf(sentence, sizeof sentence,
                         "The audit record is intact: %" PRIu64 " entries.", count);
        if (bad_at)
                log_error("audit: %s", sentence);
        rest_answer(wait->api, wait->exchange, 200,
                    json_pack("{s:b, s:I, s:o, s:s}", "intact", bad_at == 0, "entries",
                              (json_int_t)count, "bad_at",
                              bad_at ? json_integer((json_int_t)bad_at) : json_null(), "sentence",
                              sentence));
done:
        rest_wait_destroy(wait);
}

void rest_audit_verify(struct rest *rest)
{
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        int err = directory_audit_verify(rest->api->params.directory, verified, wait);
        if (err) {
                rest_wait_destroy(wait);
                rest_refuse_store(rest, err);
        }
}

enum field {
        FIELD_DIALLED,
        FIELD_CALLER,
        FIELDS,
};

const struct body_field rest_audit_fields[] = {
        [FIELD_DIALLED] = {"dialled", BODY_TEXT, true},
        [FIELD_CALLER] = {"caller", BODY_TEXT},
        [FIELDS] = {NULL},
};

static json_t *obstacle_json(enum obstacle obstacle)
{
        struct advice advice = advice_of_obstacle(obstacle);
        return json_pack("{s:s, s:s, s:s?}", "name", obstacle_name(obstacle), "sentence",
                         advice.sentence, "advice", advice.todo[0] ? advice.todo : NULL);
}

/* The lookup is not all: the way must be free, too. */
static json_t *obstacles_json(const struct api *api, const struct directory_decision *decision,
                              struct masking_number dialled, struct real_number caller)
{
        enum obstacle found[OBSTACLES];
        unsigned count = calls_forecast(api->params.calls, decision, dialled, caller, found);
        json_t *list = json_array();
        for (unsigned i = 0; i < count; i++)
                json_array_append_new(list, obstacle_json(found[i]));
        return list;
}

/* Who has chosen no tenant may ask of all that are his. Another's number is nobody's. */
static bool is_visible(const struct principal *who, uint32_t tenant_id)
{
        return tenant_id == who->tenant_id || (who->has_all && !who->has_chosen);
}

void rest_audit_explain(struct rest *rest)
{
        struct api *api = rest->api;
        const json_t *values[FIELDS];
        if (!body_fields(rest, rest->body, "", rest_audit_fields, values))
                return;

        /* As a call would come: what cannot be read is nobody's number, and a stranger's. */
        struct masking_number dialled = {0};
        struct real_number caller = {0};
        bool known =
                number_parse(body_slice(values[FIELD_DIALLED]), &api->params.plan, &dialled.n) == 0;
        if (values[FIELD_CALLER] &&
            number_parse(body_slice(values[FIELD_CALLER]), &api->params.plan, &caller.n)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "caller",
                            "Write + and the country code, then the number; leave it out for a "
                            "withheld number.",
                            "not a telephone number");
                return;
        }
        if (!known) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "dialled",
                            "Write + and the country code, then the number.",
                            "not a telephone number");
                return;
        }

        struct directory_decision decision;
        const struct directory_question question = {
                .dialled = dialled, .caller = caller, .caller_withheld = !values[FIELD_CALLER]};
        directory_decide(api->params.directory, &question, &decision);
        bool ours = is_visible(&rest->who, decision.tenant_id);
        if (!ours)
                decision.verdict = MASK_UNKNOWN_NUMBER;
        bool connects = decision.verdict == MASK_CONNECT && ours;
        json_t *answer = json_pack(
                "{s:s, s:b, s:s, s:o, s:o}", "verdict", mask_verdict_name(decision.verdict),
                "connects", (int)connects, "sentence", mask_verdict_sentence(decision.verdict),
                "session",
                rest_session_id(api,
                                decision.has_mapping && ours ? decision.mapping.session_id : 0),
                "shows", connects ? rest_masking_number(decision.mapping.show) : json_null());
        struct advice advice = advice_of_verdict(decision.verdict);
        json_object_set_new(answer, "advice",
                            advice.todo[0] ? json_string(advice.todo) : json_null());
        json_object_set_new(answer, "obstacles",
                            connects ? obstacles_json(api, &decision, dialled, caller)
                                     : json_array());
        explicit_bzero(&decision, sizeof decision);
        explicit_bzero(&caller, sizeof caller);
        rest_answer(api, rest->exchange, 200, answer);
}
