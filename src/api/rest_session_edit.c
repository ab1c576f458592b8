/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_session_edit.h"

#include <stdio.h>
#include <string.h>

#include "api/party_fields.h"
#include "api/rest_session_refusal.h"
#include "api/rest_sessions.h"
#include "api/session_fields.h"
#include "api/session_json.h"
#include "api/session_pin.h"
#include "api/wish_fields.h"
#include "store/directory_change.h"

enum field {
        FIELD_EDIT,
        FIELD_PARTY,
        FIELD_NUMBER,
        FIELD_ALIASES,
        FIELD_SIDE,
        FIELD_PIN,
        FIELD_PIN_DIGITS,
        FIELD_SLOT,
        FIELD_DIALS,
        FIELD_COUNTRY,
        FIELD_AREA,
        FIELDS,
};

const struct body_field rest_session_edit_fields[] = {
        [FIELD_EDIT] = {"edit", BODY_TEXT, true},
        [FIELD_PARTY] = {"party", BODY_COUNT},
        [FIELD_NUMBER] = {"number", BODY_TEXT},
        [FIELD_ALIASES] = {"aliases", BODY_LIST},
        [FIELD_SIDE] = {"side", BODY_COUNT},
        [FIELD_PIN] = {"pin", BODY_TEXT},
        [FIELD_PIN_DIGITS] = {"pin_digits", BODY_COUNT},
        [FIELD_SLOT] = {"slot", BODY_COUNT},
        [FIELD_DIALS] = {"dials", BODY_TEXT},
        [FIELD_COUNTRY] = {"country", BODY_TEXT},
        [FIELD_AREA] = {"area", BODY_TEXT},
        [FIELDS] = {NULL},
};

#define BIT(field) (1u << FIELD_##field)
#define A_PIN      (BIT(PIN) | BIT(PIN_DIGITS))
#define A_WISH     (BIT(COUNTRY) | BIT(AREA))

static const char *const edit_names[] = {"add-party", "remove-party", "replace-party",
                                         "add-alias", "remove-alias", "swap-number",
                                         "set-pin",   "clear-pin",    NULL};

/* In the order of their names: what each must have, and what it may have beside that. */
static const struct edit_row {
        enum session_edit_kind kind;
        unsigned needs, takes;
} edits[] = {
        {EDIT_ADD_PARTY, BIT(NUMBER), BIT(ALIASES) | BIT(SIDE) | A_PIN | A_WISH},
        {EDIT_REMOVE_PARTY, BIT(PARTY), 0},
        {EDIT_REPLACE_PARTY, BIT(PARTY) | BIT(NUMBER), BIT(ALIASES) | A_PIN | A_WISH},
        {EDIT_ADD_ALIAS, BIT(PARTY) | BIT(NUMBER), 0},
        {EDIT_REMOVE_ALIAS, BIT(PARTY) | BIT(NUMBER), 0},
        {EDIT_SWAP_NUMBER, BIT(SLOT), BIT(DIALS) | A_WISH},
        {EDIT_SET_PIN, BIT(PARTY) | BIT(PIN), BIT(PIN_DIGITS)},
        {EDIT_SET_PIN, BIT(PARTY), 0},
};
_Static_assert(sizeof edit_names / sizeof edit_names[0] == sizeof edits / sizeof edits[0] + 1,
               "one row for each name");

/* An edit as it is asked for, its PIN in the clear. */
struct asked {
        struct session_edit edit;
        struct session_pin pin;
        unsigned pin_digits;
};

static bool check_fields(struct rest *rest, const struct edit_row *row, const char *name,
                         const json_t *const *values)
{
        for (unsigned i = FIELD_EDIT + 1; i < FIELDS; i++) {
                const char *field = rest_session_edit_fields[i].name;
                if (!values[i] && (row->needs & 1u << i)) {
                        rest_refuse(rest, PROBLEM_MISSING_FIELD, field, "Add the field.",
                                    "%s needs it", name);
                        return false;
                }
                if (values[i] && !((row->needs | row->takes) & 1u << i)) {
                        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Leave it out.",
                                    "%s does not take it", name);
                        return false;
                }
        }
        return true;
}

/* What goes may be whatever it is. */
static bool read_party(struct rest *rest, const json_t *const *values,
                       const struct session_view *view, struct session_edit *edit)
{
        struct session_party *party = &edit->party;
        if (!values[FIELD_NUMBER])
                return true;
        const struct pool_policy *policy =
                directory_session_policy(rest->api->params.directory, view->tenant_id, view->id);
        party->real_count = 1;
        return party_fields_number(rest, values[FIELD_NUMBER], "number", &party->real[0]) &&
               party_fields_aliases(rest, values[FIELD_ALIASES], "aliases", party) &&
               (edit->kind == EDIT_REMOVE_ALIAS || party_fields_check(rest, party, policy, ""));
}

/* Of a new party that says nothing, as its own number is; of a number, as the one that goes. */
static bool read_wish(struct rest *rest, const json_t *const *values,
                      const struct session_view *view, struct session_edit *edit)
{
        if (!wish_fields_read(rest, values[FIELD_COUNTRY], values[FIELD_AREA], "", &edit->wish))
                return false;
        if (edit->kind == EDIT_ADD_PARTY || edit->kind == EDIT_REPLACE_PARTY)
                wish_fields_default(&edit->party,
                                    directory_session_policy(rest->api->params.directory,
                                                             view->tenant_id, view->id),
                                    &edit->wish);
        return true;
}

static bool read_edit(struct rest *rest, const struct session_view *view, struct asked *asked)
{
        const json_t *values[FIELDS];
        struct session_edit *edit = &asked->edit;
        unsigned chosen = 0;
        uint32_t place = 0, slot = 0;
        *asked = (struct asked){0};
        if (!body_fields(rest, rest->body, "", rest_session_edit_fields, values) ||
            !body_choice(rest, values[FIELD_EDIT], "edit", edit_names, &chosen) ||
            !check_fields(rest, &edits[chosen], edit_names[chosen], values))
                return false;
        edit->kind = edits[chosen].kind;
        if (!body_count(rest, values[FIELD_PARTY], "party", 0, SESSION_PARTIES_MAX - 1, &place) ||
            !body_count(rest, values[FIELD_SLOT], "slot", 0, SESSION_SLOTS_MAX - 1, &slot) ||
            !session_pin_read(rest, values[FIELD_PIN], "pin", &asked->pin) ||
            !session_pin_read_length(rest, values[FIELD_PIN_DIGITS], &asked->pin_digits) ||
            !read_party(rest, values, view, edit) ||
            !session_fields_side(rest, values[FIELD_SIDE], view->model, "", &edit->party) ||
            (values[FIELD_DIALS] &&
             !session_fields_dials(rest, values[FIELD_DIALS], "dials", &edit->number)) ||
            !read_wish(rest, values, view, edit))
                return false;
        edit->place = (uint8_t)place;
        edit->slot = (uint8_t)slot;
        return true;
}

/* Where a party that is added finds its place. */
static unsigned place_of(const struct session_view *before, const struct session_edit *edit)
{
        unsigned place = 0;
        if (edit->kind != EDIT_ADD_PARTY)
                return edit->place;
        while (place < before->party_count && before->parties[place].real_count)
                place++;
        return place;
}

static int carry_out(struct rest *rest, struct asked *asked, struct session_view *view,
                     struct session_refusal *refusal, struct rest_wait *wait)
{
        int err = 0;
        for (unsigned i = 0; i < SESSION_PIN_DRAWS_MAX; i++) {
                if (asked->pin.is_drawn)
                        session_pin_draw(rest->api, asked->pin_digits, &asked->pin);
                asked->edit.party.pin =
                        session_pin_hash(rest->api, rest->who.tenant_id, &asked->pin);
                err = directory_session_edit(rest->api->params.directory, view->id, &asked->edit,
                                             view, refusal, rest_wait_done, wait);
                bool may_be_the_digits = err == ERR_CONFLICT || err == ERR_NO_NUMBER ||
                                         refusal->fault.flaw == SESSION_PIN_TWICE;
                if (!asked->pin.is_drawn || !err || !may_be_the_digits)
                        break;
        }
        return err;
}

void rest_session_edit(struct rest *rest)
{
        struct session_view view;
        struct asked asked;
        struct session_refusal refusal = {0};
        struct rest_wait *wait = NULL;
        if (!rest_sessions_find(rest, &view))
                return;
        if (!read_edit(rest, &view, &asked) || !(wait = rest_wait_create(rest)))
                goto done;
        unsigned place = place_of(&view, &asked.edit);
        int err = carry_out(rest, &asked, &view, &refusal, wait);
        if (err) {
                rest_wait_destroy(wait);
                rest_session_refuse_edit(rest, &view, &asked.edit, &refusal, err);
                goto done;
        }
        snprintf(wait->told, sizeof wait->told, "session %s: changed",
                 session_id_format(rest->api->params.directory, view.id).text);
        wait->answer = session_json(rest->api, &view, true);
        if (asked.pin.is_drawn) {
                session_json_put_pin(wait->answer, place, asked.pin.digits);
                rest_keep_secret(rest->api, rest->exchange);
        }
done:
        explicit_bzero(&asked, sizeof asked);
}
