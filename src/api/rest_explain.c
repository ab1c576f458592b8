/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_explain.h"

#include <string.h>

#include "api/rest_sessions.h"
#include "api/session_json.h"
#include "api/session_pin.h"
#include "core/advice.h"

enum field {
        FIELD_DIALLED,
        FIELD_CALLER,
        FIELD_DIGITS,
        FIELDS,
};

const struct body_field rest_explain_fields[] = {
        [FIELD_DIALLED] = {"dialled", BODY_TEXT, true},
        [FIELD_CALLER] = {"caller", BODY_TEXT},
        [FIELD_DIGITS] = {"digits", BODY_TEXT},
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
        json_t *list = json_array();
        if (decision->verdict != MASK_CONNECT)
                return list;
        unsigned count = calls_forecast(api->params.calls, decision, dialled, caller, found);
        for (unsigned i = 0; i < count; i++)
                json_array_append_new(list, obstacle_json(found[i]));
        return list;
}

/* What a refused caller is told; NULL: it is connected. */
static const char *words_of(const struct directory_decision *decision)
{
        if (decision->verdict == MASK_CONNECT)
                return NULL;
        return mask_words_name(mask_words(decision->verdict,
                                          decision->has_mapping ? &decision->mapping : NULL,
                                          decision->policy));
}

/* What is decided, and what would be in the way. */
static json_t *decision_json(const struct api *api, const struct directory_decision *decision,
                             struct masking_number dialled, struct real_number caller)
{
        struct advice advice = advice_of_verdict(decision->verdict);
        return json_pack("{s:s, s:b, s:s?, s:s?, s:o}", "verdict",
                         mask_verdict_name(decision->verdict), "connects",
                         decision->verdict == MASK_CONNECT, "words", words_of(decision), "advice",
                         advice.todo[0] ? advice.todo : NULL, "obstacles",
                         obstacles_json(api, decision, dialled, caller));
}

/* Who has chosen no tenant may ask of all that are his. Another's number is nobody's. */
static bool is_visible(const struct principal *who, uint32_t tenant_id)
{
        return tenant_id == who->tenant_id || (who->has_all && !who->has_chosen);
}

/* As a call would come, but that what is no number is refused: a call's would be a stranger's. */
static bool read_question(struct rest *rest, struct directory_question *out)
{
        const json_t *values[FIELDS];
        struct session_pin pin;
        const struct number_plan *plan = &rest->api->params.plan;
        *out = (struct directory_question){0};
        if (!body_fields(rest, rest->body, "", rest_explain_fields, values))
                return false;
        out->caller_withheld = !values[FIELD_CALLER];
        if (values[FIELD_CALLER] &&
            number_parse(body_slice(values[FIELD_CALLER]), plan, &out->caller.n)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "caller",
                            "Write + and the country code, then the number; leave it out for a "
                            "withheld number.",
                            "not a telephone number");
                return false;
        }
        if (number_parse(body_slice(values[FIELD_DIALLED]), plan, &out->dialled.n)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "dialled",
                            "Write + and the country code, then the number.",
                            "not a telephone number");
                return false;
        }
        if (!session_pin_read_digits(rest, values[FIELD_DIGITS], "digits", &pin))
                return false;
        explicit_bzero(&pin, sizeof pin);
        out->digits = body_slice(values[FIELD_DIGITS]);
        out->digits_were_asked = values[FIELD_DIGITS] != NULL;
        return true;
}

void rest_explain(struct rest *rest)
{
        struct api *api = rest->api;
        struct directory_question question;
        struct directory_decision decision;
        if (!read_question(rest, &question))
                goto done;
        calls_decide(api->params.calls, &question, &decision);
        bool ours = is_visible(&rest->who, decision.tenant_id);
        if (!ours)
                decision.verdict = MASK_UNKNOWN_NUMBER;
        bool connects = decision.verdict == MASK_CONNECT;
        uint64_t session_id = decision.has_mapping && ours ? decision.mapping.session_id : 0;
        json_t *answer = decision_json(api, &decision, question.dialled, question.caller);
        if (answer)
                json_object_update_new(
                        answer, json_pack("{s:s, s:o, s:o}", "sentence",
                                          mask_verdict_sentence(decision.verdict), "session",
                                          rest_session_id(api, session_id), "shows",
                                          connects ? rest_masking_number(decision.mapping.show)
                                                   : json_null()));
        rest_answer(api, rest->exchange, 200, answer);
        explicit_bzero(&decision, sizeof decision);
done:
        explicit_bzero(&question, sizeof question);
}

struct explaining {
        const struct api *api;
        json_t *rows;
};

static void on_row(void *arg, const struct session_row *row,
                   const struct directory_question *question)
{
        struct explaining *explaining = arg;
        struct directory_decision decision;
        calls_decide(explaining->api->params.calls, question, &decision);
        bool to_party =
                decision.verdict == MASK_CONNECT && decision.mapping.callee_party != PARTY_NONE;
        json_t *json = session_row_json(row);
        if (json) {
                json_object_update_new(json, decision_json(explaining->api, &decision, row->dials,
                                                           question->caller));
                json_object_update_new(
                        json, json_pack("{s:s, s:o}", "why",
                                        mask_verdict_sentence(decision.verdict), "reaches_now",
                                        to_party ? json_integer(decision.mapping.callee_party)
                                                 : json_null()));
                json_array_append_new(explaining->rows, json);
        }
        explicit_bzero(&decision, sizeof decision);
}

void rest_explain_session(struct rest *rest)
{
        struct session_view view;
        if (!rest_sessions_find(rest, &view))
                return;
        struct explaining explaining = {rest->api, json_array()};
        int err = directory_session_explain(rest->api->params.directory, view.id, on_row,
                                            &explaining);
        if (err) {
                json_decref(explaining.rows);
                rest_refuse_store(rest, err);
                return;
        }
        rest_answer(rest->api, rest->exchange, 200,
                    json_pack("{s:o, s:s, s:o}", "session", rest_session_id(rest->api, view.id),
                              "state", session_state_name(view.state), "rows", explaining.rows));
}
