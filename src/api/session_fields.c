/* SPDX-License-Identifier: Apache-2.0 */
#include "api/session_fields.h"

#include <stdio.h>
#include <string.h>

#include "api/party_fields.h"
#include "api/timestamp.h"
#include "api/wish_fields.h"
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
        FIELD_PIN_DIGITS,
        FIELD_COUNTRY,
        FIELD_AREA,
        FIELDS,
};

enum party_field {
        PARTY_NUMBER,
        PARTY_ALIASES,
        PARTY_DIALS,
        PARTY_SIDE,
        PARTY_PIN,
        PARTY_COUNTRY,
        PARTY_AREA,
        PARTY_FIELDS,
};

static const struct body_field party_fields[] = {
        [PARTY_NUMBER] = {"number", BODY_TEXT, true},
        [PARTY_ALIASES] = {"aliases", BODY_LIST},
        [PARTY_DIALS] = {"dials", BODY_TEXT},
        [PARTY_SIDE] = {"side", BODY_COUNT},
        [PARTY_PIN] = {"pin", BODY_TEXT},
        [PARTY_COUNTRY] = {"country", BODY_TEXT},
        [PARTY_AREA] = {"area", BODY_TEXT},
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
        [FIELD_PIN_DIGITS] = {"pin_digits", BODY_COUNT},
        [FIELD_COUNTRY] = {"country", BODY_TEXT},
        [FIELD_AREA] = {"area", BODY_TEXT},
        [FIELDS] = {NULL},
};

unsigned session_fields_slot(const struct session_create *create, unsigned party)
{
        if (create->model == MODEL_TWO_NUMBERS)
                return party;
        bool has_sides = create->model == MODEL_SIDES || create->model == MODEL_PANEL;
        return has_sides ? create->parties[party].side : 0;
}

bool session_fields_dials(struct rest *rest, const json_t *value, const char *field,
                          struct masking_number *out)
{
        if (!number_parse(body_slice(value), &rest->api->params.plan, &out->n))
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field,
                    "Use one of GET /v1/numbers (maskline number list), or leave it out.",
                    "not a telephone number");
        return false;
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
        if (out->model == MODEL_GROUP) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, field,
                            "Leave it out; swap-number sets one of them afterwards.",
                            "in a group a party dials a number for each other one");
                return false;
        }
        if (!session_fields_dials(rest, value, field, &dials))
                return false;
        if (!number_is_none(given->n) && !number_equal(given->n, dials.n)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Give them the same one.",
                            "in this model another party dials the same number");
                return false;
        }
        *given = dials;
        return true;
}

bool session_fields_side(struct rest *rest, const json_t *value, enum session_model model,
                         const char *where, struct session_party *party)
{
        char field[40];
        uint32_t side = 0;
        snprintf(field, sizeof field, "%sside", where);
        if (!value)
                return true;
        if (!session_model_has_sides(model)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, field,
                            "Leave it out, or choose one-way, sides or panel.",
                            "a party of this model has no side that could be said");
                return false;
        }
        if (!body_count(rest, value, field, 0, 1, &side))
                return false;
        party->side = (uint8_t)side;
        return true;
}

static bool read_party(struct rest *rest, const json_t *json, unsigned index, const json_t **values,
                       struct session_asked *out)
{
        char where[24], field[40];
        snprintf(where, sizeof where, "parties[%u].", index);
        if (!json_is_object(json)) {
                where[strlen(where) - 1] = '\0';
                rest_refuse(rest, PROBLEM_BAD_VALUE, where,
                            "Write it like {\"number\": \"+91...\"}.",
                            "a party is an object with a number");
                return false;
        }
        struct real_number real;
        snprintf(field, sizeof field, "%snumber", where);
        if (!body_fields(rest, json, where, party_fields, values) ||
            !party_fields_number(rest, values[PARTY_NUMBER], field, &real))
                return false;
        session_create_party(&out->create, real);
        explicit_bzero(&real, sizeof real);
        struct session_party *party = &out->create.parties[index];
        snprintf(field, sizeof field, "%saliases", where);
        if (!party_fields_aliases(rest, values[PARTY_ALIASES], field, party) ||
            !session_fields_side(rest, values[PARTY_SIDE], out->create.model, where, party) ||
            !wish_fields_read(rest, values[PARTY_COUNTRY], values[PARTY_AREA], where,
                              &out->create.wish[index]))
                return false;
        snprintf(field, sizeof field, "%spin", where);
        return session_pin_read(rest, values[PARTY_PIN], field, &out->pins[index]);
}

/* Where nobody says a side, the last one is the one that the others call. */
static void set_default_sides(struct session_create *create)
{
        if (create->model == MODEL_ONE_WAY || create->model == MODEL_PANEL)
                create->parties[create->party_count - 1].side = 1;
}

static bool check_count(struct rest *rest, enum session_model model, size_t count)
{
        unsigned min, max;
        session_model_takes(model, &min, &max);
        if (count >= min && count <= max)
                return true;
        char parties[32];
        if (min == max)
                snprintf(parties, sizeof parties, "exactly %s",
                         min == 1 ? "one party" : "two parties");
        else
                snprintf(parties, sizeof parties, "%u to %u parties", min, max);
        rest_refuse(rest, PROBLEM_BAD_VALUE, "parties", "Give as many, or choose another model.",
                    "a session of this model has %s", parties);
        return false;
}

static bool read_parties(struct rest *rest, const json_t *list, struct session_asked *out)
{
        struct session_create *create = &out->create;
        const json_t *dials[SESSION_PARTIES_MAX];
        bool has_side = false;
        size_t count = json_array_size(list);
        if (!check_count(rest, create->model, count))
                return false;
        for (unsigned i = 0; i < count; i++) {
                const json_t *values[PARTY_FIELDS];
                if (!read_party(rest, json_array_get(list, i), i, values, out))
                        return false;
                dials[i] = values[PARTY_DIALS];
                has_side |= values[PARTY_SIDE] != NULL;
        }
        if (!has_side)
                set_default_sides(create);
        for (unsigned i = 0; i < count; i++) {
                if (!read_dials(rest, dials[i], i, create))
                        return false;
        }
        if (count == 2 &&
            number_equal(create->parties[0].real[0].n, create->parties[1].real[0].n)) {
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

static bool holds_number_of(struct slice text, const struct session_party *party)
{
        bool holds = false;
        for (unsigned i = 0; i < party->real_count; i++)
                holds |= holds_number(text, party->real[i].n);
        return holds;
}

/* It is kept as it is and shown to whoever asks: a real number must not come in this way. */
static bool check_reference(struct rest *rest, const struct session_create *create)
{
        for (unsigned i = 0; i < create->party_count; i++) {
                if (!holds_number_of(create->reference, &create->parties[i]))
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
        unsigned chosen = out->model;
        if (!body_choice(rest, values[FIELD_MODEL], "model", session_model_names, &chosen))
                return false;
        out->has_model = true;
        out->model = (enum session_model)chosen;
        out->open = values[FIELD_OPEN] && json_is_true(values[FIELD_OPEN]);
        if (!out->open || out->model == MODEL_ONE_WAY)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, "open", "Leave it out, or choose one-way.",
                    "only a session of the model one-way can be open to anyone");
        return false;
}

/* Of all parties; what one of them says goes before it. */
static bool read_wish(struct rest *rest, const json_t *const *values, struct session_create *out)
{
        if (!wish_fields_read(rest, values[FIELD_COUNTRY], values[FIELD_AREA], "", &out->wish[0]))
                return false;
        for (unsigned i = 1; i < SESSION_PARTIES_MAX; i++)
                out->wish[i] = out->wish[0];
        return true;
}

bool session_fields_read(struct rest *rest, const json_t *body, enum session_model model,
                         int64_t now_ms, struct session_asked *out)
{
        const json_t *values[FIELDS];
        struct session_create *create = &out->create;
        *out = (struct session_asked){
                .create = {.tenant_id = rest->who.tenant_id, .model = model},
        };
        return body_fields(rest, body, "", session_fields, values) &&
               read_model(rest, values, create) &&
               session_pin_read_length(rest, values[FIELD_PIN_DIGITS], &out->pin_digits) &&
               read_wish(rest, values, create) && read_parties(rest, values[FIELD_PARTIES], out) &&
               read_times(rest, values, now_ms, create) &&
               read_reference(rest, values[FIELD_REFERENCE], create);
}
