/* SPDX-License-Identifier: Apache-2.0 */
#include "api/session_fields.h"

#include <stdio.h>
#include <string.h>

#include "api/party_number.h"
#include "api/timestamp.h"
#include "core/session_model.h"

#define TELLING_DIGITS 9 /* of a number, from its end: enough to know whose it is */

enum field {
        FIELD_PARTIES,
        FIELD_EXPIRES_IN_S,
        FIELD_EXPIRES_AT,
        FIELD_STARTS_IN_S,
        FIELD_STARTS_AT,
        FIELD_REFERENCE,
        FIELD_POOL,
        FIELD_MODEL,
        FIELD_OPEN,
        FIELDS,
};

enum party_field {
        PARTY_NUMBER,
        PARTY_DIALS,
        PARTY_SIDE,
        PARTY_FIELDS,
};

static const struct body_field party_fields[] = {
        [PARTY_NUMBER] = {"number", BODY_TEXT, true},
        [PARTY_DIALS] = {"dials", BODY_TEXT},
        [PARTY_SIDE] = {"side", BODY_COUNT},
        [PARTY_FIELDS] = {NULL},
};

const struct body_field session_fields[] = {
        [FIELD_PARTIES] = {"parties", BODY_LIST, true, party_fields},
        [FIELD_EXPIRES_IN_S] = {"expires_in_s", BODY_COUNT},
        [FIELD_EXPIRES_AT] = {"expires_at", BODY_TEXT},
        [FIELD_STARTS_IN_S] = {"starts_in_s", BODY_COUNT},
        [FIELD_STARTS_AT] = {"starts_at", BODY_TEXT},
        [FIELD_REFERENCE] = {"reference", BODY_TEXT},
        [FIELD_POOL] = {"pool", BODY_TEXT},
        [FIELD_MODEL] = {"model", BODY_TEXT},
        [FIELD_OPEN] = {"open", BODY_SWITCH},
        [FIELDS] = {NULL},
};

/* Those whose calls find everything that they need. */
static const char *const models[] = {"two-numbers", "one-number",  "one-way", "sides",
                                     "panel",       "last-caller", NULL};

unsigned session_fields_slot(const struct session_create *create, unsigned party)
{
        if (create->model == MODEL_TWO_NUMBERS)
                return party;
        bool has_sides = create->model == MODEL_SIDES || create->model == MODEL_PANEL;
        return has_sides ? create->parties[party].side : 0;
}

/* Parties who dial the same slot dial one number. */
static bool read_dials(struct rest *rest, const json_t *value, unsigned index,
                       struct session_create *out)
{
        char field[32];
        struct masking_number dials, *given = &out->given[session_fields_slot(out, index)];
        if (!value)
                return true;
        snprintf(field, sizeof field, "parties[%u].dials", index);
        if (number_parse(body_slice(value), &rest->api->params.plan, &dials.n)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, field,
                            "Use one of GET /v1/numbers (maskline number list), or leave it out.",
                            "not a telephone number");
                return false;
        }
        if (!number_is_none(given->n) && !number_equal(given->n, dials.n)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Give them the same one.",
                            "in this model another party dials the same number");
                return false;
        }
        *given = dials;
        return true;
}

static bool read_party(struct rest *rest, const json_t *party, unsigned index,
                       struct session_create *out)
{
        char where[24], field[40];
        const json_t *values[PARTY_FIELDS];
        const struct number_plan *plan = &rest->api->params.plan;
        snprintf(where, sizeof where, "parties[%u].", index);
        if (!json_is_object(party)) {
                where[strlen(where) - 1] = '\0';
                rest_refuse(rest, PROBLEM_BAD_VALUE, where,
                            "Write it like {\"number\": \"+91...\"}.",
                            "a party is an object with a number");
                return false;
        }
        if (!body_fields(rest, party, where, party_fields, values))
                return false;

        struct party_number_problem problem;
        snprintf(field, sizeof field, "%snumber", where);
        struct real_number real;
        if (party_number_read(body_slice(values[PARTY_NUMBER]), plan, &real.n, &problem)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, field, problem.remedy,
                            "the number is refused: %s", problem.rule);
                return false;
        }
        session_create_party(out, real);
        explicit_bzero(&real, sizeof real);
        uint32_t side = out->parties[index].side;
        snprintf(field, sizeof field, "%sside", where);
        if (!body_count(rest, values[PARTY_SIDE], field, 0, 1, &side))
                return false;
        out->parties[index].side = (uint8_t)side;
        return read_dials(rest, values[PARTY_DIALS], index, out);
}

static bool read_parties(struct rest *rest, const json_t *list, struct session_create *out)
{
        bool of_two = out->model == MODEL_TWO_NUMBERS || out->model == MODEL_ONE_NUMBER;
        size_t count = json_array_size(list);
        if (of_two ? count != 2 : count == 0 || count > SESSION_PARTIES_MAX) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "parties",
                            of_two ? "Give two parties." : "Give 1 to 16 parties.",
                            "a session of this model has %s",
                            of_two ? "exactly two parties" : "1 to 16 parties");
                return false;
        }
        for (unsigned i = 0; i < count; i++) {
                if (!read_party(rest, json_array_get(list, i), i, out))
                        return false;
        }
        if (of_two && number_equal(out->parties[0].real[0].n, out->parties[1].real[0].n)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "parties[1].number",
                            "Give two different people's numbers.",
                            "both parties have the same number");
                return false;
        }
        return true;
}

static bool read_times(struct rest *rest, const json_t **values, int64_t now,
                       struct session_create *out)
{
        const struct body_time expires = {
                .at_name = session_fields[FIELD_EXPIRES_AT].name,
                .in_name = session_fields[FIELD_EXPIRES_IN_S].name,
                .at = values[FIELD_EXPIRES_AT],
                .in_s = values[FIELD_EXPIRES_IN_S],
        };
        const struct body_time starts = {
                .at_name = session_fields[FIELD_STARTS_AT].name,
                .in_name = session_fields[FIELD_STARTS_IN_S].name,
                .at = values[FIELD_STARTS_AT],
                .in_s = values[FIELD_STARTS_IN_S],
        };
        if (!body_time(rest, &expires, now, &out->expires_ms) ||
            !body_time(rest, &starts, now, &out->starts_ms))
                return false;

        int64_t begins = out->starts_ms > now ? out->starts_ms : now;
        if (out->expires_ms && out->expires_ms <= begins) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, expires.at ? expires.at_name : expires.in_name,
                            "Choose a later time.",
                            "the session would expire before it starts; here it is %s",
                            timestamp_format(now).text);
                return false;
        }
        return true;
}

/* However it is written: its last digits, with or without what people put between digits. */
static bool holds_number(struct slice text, struct number number)
{
        char digits[SESSION_REFERENCE_MAX], e164[24];
        struct buf kept, b;
        buf_init(&kept, digits, sizeof digits - 1);
        for (size_t i = 0; i < text.len; i++) {
                if (!strchr(" +-.()/", text.p[i]))
                        buf_put_char(&kept, text.p[i]);
        }
        digits[kept.len] = '\0';
        buf_init(&b, e164, sizeof e164 - 1);
        buf_put_number(&b, number);
        e164[b.len] = '\0';
        bool holds = strstr(digits, e164 + (b.len > TELLING_DIGITS ? b.len - TELLING_DIGITS : 0));
        explicit_bzero(e164, sizeof e164);
        return holds;
}

/* It is kept as it is and shown to whoever asks: a real number must not come in this way. */
static bool check_reference(struct rest *rest, const struct session_create *create)
{
        for (unsigned i = 0; i < create->party_count; i++) {
                if (!holds_number(create->reference, create->parties[i].real[0].n))
                        continue;
                rest_refuse(rest, PROBLEM_BAD_VALUE, "reference",
                            "Use a name of your own, such as the order's.",
                            "a reference is not sealed: it must not hold a party's number");
                return false;
        }
        return true;
}

/* Idempotency-Key stands for a reference when the body has none. */
static bool read_reference(struct rest *rest, const json_t *value, struct session_create *out)
{
        struct slice key = rest->request->idempotency_key;
        out->reference = value ? body_slice(value) : key;
        if (value && key.len && !slice_equal(key, out->reference)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "reference",
                            "Leave one of the two out, or make them equal.",
                            "reference and the header Idempotency-Key differ");
                return false;
        }
        if (out->reference.len >= SESSION_REFERENCE_MAX) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "reference", "Shorten it.",
                            "a reference (or Idempotency-Key) has at most %d bytes",
                            SESSION_REFERENCE_MAX - 1);
                return false;
        }
        for (size_t i = 0; i < out->reference.len; i++) {
                unsigned char c = (unsigned char)out->reference.p[i];
                if (c < ' ' || c == 0x7f || (!value && c >= 0x80)) {
                        rest_refuse(rest, PROBLEM_BAD_VALUE, "reference", "Remove it.",
                                    "a reference holds no control characters");
                        return false;
                }
        }
        return check_reference(rest, out);
}

static bool read_model(struct rest *rest, const json_t **values, struct session_create *out)
{
        unsigned chosen = 0;
        if (!body_choice(rest, values[FIELD_MODEL], "model", models, &chosen) ||
            session_model_find(slice_from(models[chosen]), &out->model))
                return false;
        out->has_model = values[FIELD_MODEL] != NULL;
        out->open = values[FIELD_OPEN] && json_is_true(values[FIELD_OPEN]);
        if (!out->open || out->model == MODEL_ONE_WAY)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, "open", "Leave it out, or choose one-way.",
                    "only a session of the model one-way can be open to anyone");
        return false;
}

bool session_fields_read(struct rest *rest, int64_t now_ms, struct session_create *out)
{
        const json_t *values[FIELDS];
        *out = (struct session_create){.tenant_id = rest->who.tenant_id};
        return body_fields(rest, rest->body, "", session_fields, values) &&
               read_model(rest, values, out) && read_parties(rest, values[FIELD_PARTIES], out) &&
               read_times(rest, values, now_ms, out) &&
               read_reference(rest, values[FIELD_REFERENCE], out);
}
