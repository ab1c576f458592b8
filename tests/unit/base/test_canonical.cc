/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two canonicalisers read numbers: libphonenumber when a party is registered, number_parse() when
 * a call comes in. If they disagreed on one writing, that party would be a stranger. Here they are
 * held together over the countries' own example numbers, varied, in every usual writing.
 */
#include <phonenumbers/phonenumberutil.h>

#include <map>
#include <random>
#include <string>
#include <vector>

extern "C" {
#include "base/number.h"

#include "../unit.h"
}

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

struct country {
        const char *region;
        struct number_plan plan;
};

const country countries[] = {
        {"IN", {"91", "00", "0", 10, 10}}, {"US", {"1", "011", "1", 10, 10}},
        {"GB", {"44", "00", "0", 9, 10}},  {"FR", {"33", "00", "0", 9, 9}},
        {"ES", {"34", "00", "", 9, 9}},    {"DE", {"49", "00", "0", 6, 11}},
        {"IT", {"39", "00", "", 6, 11}},   {"AU", {"61", "0011", "0", 9, 9}},
        {"ZA", {"27", "00", "0", 9, 9}},   {"SG", {"65", "001", "", 8, 8}},
        {"AE", {"971", "00", "0", 8, 9}},  {"JP", {"81", "010", "0", 9, 10}},
        {"KE", {"254", "000", "0", 7, 9}}, {"PH", {"63", "00", "0", 9, 10}},
};

const PhoneNumberUtil &util()
{
        return *PhoneNumberUtil::GetInstance();
}

std::string formatted(const PhoneNumber &number, PhoneNumberUtil::PhoneNumberFormat format)
{
        std::string text;
        util().Format(number, format, &text);
        return text;
}

/* What libphonenumber makes of it, as digits; empty when it is no valid number. */
std::string by_library(const std::string &text, const char *region)
{
        PhoneNumber number;
        if (util().Parse(text, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR ||
            !util().IsValidNumber(number))
                return "";
        return formatted(number, PhoneNumberUtil::E164).substr(1);
}

std::string by_us(const std::string &text, const struct number_plan &plan)
{
        struct number number = {};
        if (number_parse((struct slice){text.data(), text.size()}, &plan, &number))
                return "";
        return std::to_string(number.e164);
}

/* Valid numbers of the country: its examples, and the same with other digits at the end. */
std::vector<PhoneNumber> numbers_of(const country &c)
{
        std::mt19937 random(1);
        std::vector<PhoneNumber> out;
        for (auto type : {PhoneNumberUtil::MOBILE, PhoneNumberUtil::FIXED_LINE}) {
                PhoneNumber example;
                if (!util().GetExampleNumberForType(c.region, type, &example))
                        continue;
                out.push_back(example);
                for (int i = 0; i < 40; i++) {
                        PhoneNumber other = example;
                        uint64_t national = example.national_number();
                        other.set_national_number(national - national % 10000 + random() % 10000);
                        if (util().IsValidNumber(other))
                                out.push_back(other);
                }
        }
        return out;
}

std::vector<std::string> writings_of(const PhoneNumber &number, const country &c)
{
        const std::string digits = formatted(number, PhoneNumberUtil::E164).substr(1);
        const std::string national = digits.substr(strlen(c.plan.country));
        std::vector<std::string> out = {
                formatted(number, PhoneNumberUtil::E164),
                formatted(number, PhoneNumberUtil::INTERNATIONAL),
                formatted(number, PhoneNumberUtil::NATIONAL),
                formatted(number, PhoneNumberUtil::RFC3966).substr(strlen("tel:")),
                c.plan.international + digits,
                std::string(c.plan.international) + " " + c.plan.country + "-" + national,
                c.plan.national + national,
        };
        /* Where lengths vary, bare digits may be read in two ways; the plan's come first. */
        if (c.plan.digits_min == c.plan.digits_max) {
                out.push_back(digits);
                out.push_back(national);
        }
        return out;
}

void both_read_one_identity_in_every_writing(void **)
{
        unsigned compared = 0;
        for (const country &c : countries) {
                const std::vector<PhoneNumber> numbers = numbers_of(c);
                assert_true(numbers.size() > 20);
                for (const PhoneNumber &number : numbers) {
                        const std::string identity =
                                formatted(number, PhoneNumberUtil::E164).substr(1);
                        for (const std::string &text : writings_of(number, c)) {
                                assert_string_equal(by_us(text, c.plan).c_str(), identity.c_str());
                                assert_string_equal(by_library(text, c.region).c_str(),
                                                    identity.c_str());
                                compared++;
                        }
                }
        }
        assert_true(compared > 4000);
}

std::string as_carrier_wants(const std::string &identity, enum number_form form,
                             const struct number_plan &plan)
{
        char memory[32];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        buf_put_number_as(&b, (struct number){std::stoull(identity)}, form, &plan);
        return std::string(memory, b.len);
}

/* What we write in an INVITE to a carrier, in each form that trunks have, and what comes back. */
void every_form_of_a_trunk_is_read_as_who_was_meant(void **)
{
        for (const country &c : countries) {
                const bool fixed_length = c.plan.digits_min == c.plan.digits_max;
                for (const PhoneNumber &number : numbers_of(c)) {
                        const std::string identity =
                                formatted(number, PhoneNumberUtil::E164).substr(1);
                        for (int form = 0; form < NUMBER_FORMS; form++) {
                                /* Bare digits of several lengths are the carrier's to tell apart. */
                                if (!fixed_length &&
                                    (form == NUMBER_DIGITS || form == NUMBER_LOCAL))
                                        continue;
                                const std::string text =
                                        as_carrier_wants(identity, (enum number_form)form, c.plan);
                                assert_string_equal(by_us(text, c.plan).c_str(), identity.c_str());
                        }
                }
        }
}

/*
 * No text stands for two subscribers of a country: each is read, and remembered with whom it was
 * written for.
 */
void no_writing_is_of_two_subscribers(void **)
{
        for (const country &c : countries) {
                std::map<std::string, std::string> whose;
                for (const PhoneNumber &number : numbers_of(c)) {
                        const std::string identity =
                                formatted(number, PhoneNumberUtil::E164).substr(1);
                        for (const std::string &text : writings_of(number, c)) {
                                const std::string before =
                                        whose.emplace(text, identity).first->second;
                                assert_string_equal(before.c_str(), identity.c_str());
                        }
                }
                assert_true(whose.size() > 100);
        }
}

/* One character dropped, put in or changed. */
void mistype(std::string &text, std::mt19937 &random)
{
        static const char alphabet[] = "0123456789 -.()+0019";
        size_t at = random() % text.size();
        char other = alphabet[random() % (sizeof alphabet - 1)];
        switch (random() % 3) {
        case 0:
                text.erase(at, 1);
                break;
        case 1:
                text.insert(at, 1, other);
                break;
        default:
                text[at] = other;
                break;
        }
}

/* Whatever is typed: two different numbers never come out, unless one of the two is no number. */
void on_any_text_they_do_not_name_two_people(void **)
{
        std::mt19937 random(2);
        unsigned both = 0;
        for (const country &c : countries) {
                if (c.plan.digits_min != c.plan.digits_max)
                        continue;
                for (const PhoneNumber &number : numbers_of(c))
                        for (std::string text : writings_of(number, c)) {
                                mistype(text, random);
                                const std::string ours = by_us(text, c.plan);
                                const std::string theirs = by_library(text, c.region);
                                /* A plan says nothing of other countries' trunk prefixes. */
                                if (ours.empty() || theirs.rfind(c.plan.country, 0) != 0)
                                        continue;
                                assert_string_equal(ours.c_str(), theirs.c_str());
                                both++;
                        }
        }
        assert_true(both > 1000);
}

} // namespace

int main()
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(both_read_one_identity_in_every_writing),
                cmocka_unit_test(every_form_of_a_trunk_is_read_as_who_was_meant),
                cmocka_unit_test(no_writing_is_of_two_subscribers),
                cmocka_unit_test(on_any_text_they_do_not_name_two_people),
        };
        return RUN_TESTS(tests);
}
