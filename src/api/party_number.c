/* SPDX-License-Identifier: Apache-2.0 */
#include "api/party_number.h"

#include <assert.h>

#include "api/phonenumber.h"

#define REMEDY_E164 "Write + and the country code, then the number: 7 to 15 digits in all."

static const struct party_number_problem no_number = {
        "not a telephone number",
        REMEDY_E164,
};
static const struct party_number_problem no_reading = {
        "its length fits no reading: neither E.164 nor the configured national form",
        REMEDY_E164,
};
static const struct party_number_problem ambiguous = {
        "can be read as two different numbers",
        "Write + and the country code, then the number without a national prefix.",
};

static const struct party_number_problem emergency = {
        "an emergency number",
        "Give the number of a person or a desk: who needs help must be seen, and not masked.",
};

static const struct party_number_problem impossible[] = {
        [PHONENUMBER_POSSIBLE] = {0},
        [PHONENUMBER_UNREADABLE] = {"not a telephone number", REMEDY_E164},
        [PHONENUMBER_NO_COUNTRY] = {"no country has this country code", REMEDY_E164},
        [PHONENUMBER_TOO_SHORT] = {"too short for its country", "Check for missing digits."},
        [PHONENUMBER_TOO_LONG] = {"too long for its country", "Check for digits too many."},
        [PHONENUMBER_BAD_LENGTH] = {"of a length that its country does not have",
                                    "Check for missing digits or digits too many."},
};

/* 112, 100, +91 112: too short for a number of the world, and worth a word of its own. */
static bool is_emergency(struct slice text, const struct number_plan *plan)
{
        struct phonenumber_facts facts;
        uint64_t e164;
        text = slice_trim(text);
        if (!slice_starts_with(text, SLICE("+")))
                return phonenumber_short_kind(text, plan->country) == PHONENUMBER_EMERGENCY;
        if (slice_to_u64((struct slice){text.p + 1, text.len - 1}, UINT64_MAX, &e164))
                return false;
        phonenumber_describe(e164, &facts);
        return facts.kind == PHONENUMBER_EMERGENCY;
}

/* What libphonenumber makes of it; without a country it reads nothing but the "+" form. */
static enum phonenumber_verdict second_reading(struct slice text, const struct number_plan *plan,
                                               struct number ours, uint64_t *e164)
{
        char memory[24];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        if (plan->country[0] || slice_starts_with(slice_trim(text), SLICE("+")))
                return phonenumber_read(text, plan->country, e164);
        buf_put_char(&b, '+');
        buf_put_number(&b, ours);
        return phonenumber_read(buf_slice(&b), plan->country, e164);
}

int party_number_read(struct slice text, const struct number_plan *plan, struct number *out,
                      struct party_number_problem *problem)
{
        struct number ours;
        int err = number_parse(text, plan, &ours);
        if (err) {
                *problem = is_emergency(text, plan) ? emergency
                           : err == ERR_SYNTAX      ? no_number
                                                    : no_reading;
                return ERR_SYNTAX;
        }

        uint64_t theirs;
        enum phonenumber_verdict verdict = second_reading(text, plan, ours, &theirs);
        if (verdict != PHONENUMBER_POSSIBLE) {
                assert((unsigned)verdict < sizeof impossible / sizeof impossible[0]);
                *problem = impossible[verdict];
                return ERR_SYNTAX;
        }
        if (theirs != ours.e164) {
                *problem = ambiguous;
                return ERR_SYNTAX;
        }
        *out = ours;
        return 0;
}

bool party_number_is_allowed(struct number number, const struct pool_policy *policy,
                             struct party_number_problem *problem)
{
        struct phonenumber_facts facts;
        phonenumber_describe(number.e164, &facts);
        switch (facts.kind) {
        case PHONENUMBER_ORDINARY:
        case PHONENUMBER_FREE:
        case PHONENUMBER_SHORT:
                return true;
        case PHONENUMBER_PREMIUM:
        case PHONENUMBER_SHARED_COST:
                *problem = (struct party_number_problem){
                        "a premium-rate or shared-cost number, which its pool does not allow",
                        "Give the party's ordinary number, or set the pool's allow_premium."};
                return policy->allow_premium;
        case PHONENUMBER_EMERGENCY:
                *problem = (struct party_number_problem){
                        "an emergency number, which its pool does not allow",
                        "Give the number of a person or a desk, or set the pool's "
                        "allow_emergency."};
                return policy->allow_emergency;
        }
        return false;
}
