/* SPDX-License-Identifier: Apache-2.0 */
#include "api/phonenumber.h"

#include <cstdlib>
#include <exception>
#include <new>
#include <string>

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>
#include <phonenumbers/shortnumberinfo.h>

extern "C" {
#include "base/secret.h"
}

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;
using i18n::phonenumbers::ShortNumberInfo;

/*
 * The library leaves the numbers that it reads, as UTF-16 too, in objects that it gives back. All
 * memory of C++ in this program is its, and wiped: base/secret.h.
 */
void *operator new(std::size_t bytes)
{
        void *p = secret_heap_alloc(bytes);
        if (!p)
                throw std::bad_alloc();
        return p;
}

void *operator new(std::size_t bytes, const std::nothrow_t &) noexcept
{
        return secret_heap_alloc(bytes);
}

void operator delete(void *p) noexcept
{
        secret_heap_free(p);
}

/* The others by these two: a sanitizer's own would take memory elsewhere and give it back here. */
void *operator new[](std::size_t bytes)
{
        return operator new(bytes);
}

void *operator new[](std::size_t bytes, const std::nothrow_t &how) noexcept
{
        return operator new(bytes, how);
}

void operator delete(void *p, std::size_t) noexcept
{
        operator delete(p);
}

void operator delete(void *p, const std::nothrow_t &) noexcept
{
        operator delete(p);
}

void operator delete[](void *p) noexcept
{
        operator delete(p);
}

void operator delete[](void *p, std::size_t) noexcept
{
        operator delete(p);
}

void operator delete[](void *p, const std::nothrow_t &) noexcept
{
        operator delete(p);
}

namespace
{

/* The library's own logger would print what it was given. */
class SilentLogger : public i18n::phonenumbers::Logger
{
      public:
        void WriteMessage(const std::string &) override
        {
        }
};

PhoneNumberUtil *library()
{
        static PhoneNumberUtil *util = [] {
                /* Both live as long as the program; the library takes over the logger. */
                PhoneNumberUtil *instance = PhoneNumberUtil::GetInstance();
                instance->SetLogger(new SilentLogger);
                return instance;
        }();
        return util;
}

std::string region_of(const PhoneNumberUtil *util, const char *country)
{
        std::string region = "ZZ";
        if (country[0])
                util->GetRegionCodeForCountryCode(std::atoi(country), &region);
        return region;
}

phonenumber_verdict verdict_of(PhoneNumberUtil::ValidationResult result)
{
        switch (result) {
        case PhoneNumberUtil::IS_POSSIBLE:
                return PHONENUMBER_POSSIBLE;
        case PhoneNumberUtil::INVALID_COUNTRY_CODE:
                return PHONENUMBER_NO_COUNTRY;
        case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
        case PhoneNumberUtil::TOO_SHORT:
                return PHONENUMBER_TOO_SHORT;
        case PhoneNumberUtil::TOO_LONG:
                return PHONENUMBER_TOO_LONG;
        case PhoneNumberUtil::INVALID_LENGTH:
                return PHONENUMBER_BAD_LENGTH;
        }
        return PHONENUMBER_UNREADABLE;
}

phonenumber_verdict verdict_of(PhoneNumberUtil::ErrorType error)
{
        switch (error) {
        case PhoneNumberUtil::NO_PARSING_ERROR:
                return PHONENUMBER_POSSIBLE;
        case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
                return PHONENUMBER_NO_COUNTRY;
        case PhoneNumberUtil::NOT_A_NUMBER:
                return PHONENUMBER_UNREADABLE;
        case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
        case PhoneNumberUtil::TOO_SHORT_NSN:
                return PHONENUMBER_TOO_SHORT;
        case PhoneNumberUtil::TOO_LONG_NSN:
                return PHONENUMBER_TOO_LONG;
        }
        return PHONENUMBER_UNREADABLE;
}

/*
 * The library takes every length that some number of the country has: nine digits in India, since
 * some numbers there have eight and some thirteen. Those it knows are fine; of the others only a
 * length that telephones have.
 */
phonenumber_verdict length_verdict(const PhoneNumberUtil *util, const PhoneNumber &number)
{
        auto any = util->IsPossibleNumberWithReason(number);
        if (any != PhoneNumberUtil::IS_POSSIBLE)
                return verdict_of(any);
        for (auto type : {PhoneNumberUtil::MOBILE, PhoneNumberUtil::FIXED_LINE,
                          PhoneNumberUtil::VOIP, PhoneNumberUtil::PERSONAL_NUMBER})
                if (util->IsPossibleNumberForType(number, type))
                        return PHONENUMBER_POSSIBLE;
        if (util->IsValidNumber(number))
                return PHONENUMBER_POSSIBLE;
        return verdict_of(util->IsPossibleNumberForTypeWithReason(number, PhoneNumberUtil::MOBILE));
}

phonenumber_verdict read(const std::string &text, const char *country, uint64_t *e164)
{
        PhoneNumber number;
        const PhoneNumberUtil *util = library();
        auto error = util->Parse(text, region_of(util, country), &number);
        if (error != PhoneNumberUtil::NO_PARSING_ERROR)
                return verdict_of(error);

        std::string formatted;
        util->Format(number, PhoneNumberUtil::E164, &formatted);
        *e164 = formatted.size() > 1 ? std::strtoull(formatted.c_str() + 1, nullptr, 10) : 0;
        return length_verdict(util, number);
}

phonenumber_kind kind_of(PhoneNumberUtil::PhoneNumberType type)
{
        switch (type) {
        case PhoneNumberUtil::TOLL_FREE:
                return PHONENUMBER_FREE;
        case PhoneNumberUtil::PREMIUM_RATE:
                return PHONENUMBER_PREMIUM;
        case PhoneNumberUtil::SHARED_COST:
                return PHONENUMBER_SHARED_COST;
        default:
                return PHONENUMBER_ORDINARY;
        }
}

/* Emergency and other short codes of a region, as somebody there dials them. */
phonenumber_kind short_kind(const std::string &digits, const std::string &region)
{
        static const ShortNumberInfo codes;
        PhoneNumber number;
        if (region.size() != 2 || region == "ZZ")
                return PHONENUMBER_ORDINARY;
        if (codes.IsEmergencyNumber(digits, region))
                return PHONENUMBER_EMERGENCY;
        if (library()->Parse(digits, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR ||
            !codes.IsValidShortNumberForRegion(number, region))
                return PHONENUMBER_ORDINARY;
        return codes.GetExpectedCostForRegion(number, region) == ShortNumberInfo::PREMIUM_RATE
                       ? PHONENUMBER_PREMIUM
                       : PHONENUMBER_SHORT;
}

void describe(uint64_t e164, phonenumber_facts *out)
{
        PhoneNumber number;
        std::string region, national;
        const PhoneNumberUtil *util = library();
        if (util->Parse("+" + std::to_string(e164), "ZZ", &number) !=
            PhoneNumberUtil::NO_PARSING_ERROR)
                return;
        util->GetRegionCodeForNumber(number, &region);
        if (region.size() == 2 && region != "ZZ")
                region.copy(out->country, 2);
        util->GetNationalSignificantNumber(number, &national);
        int area = util->GetLengthOfNationalDestinationCode(number);
        if (area > 0 && (size_t)area < sizeof out->area)
                national.copy(out->area, (size_t)area);
        out->is_geographic = util->GetLengthOfGeographicalAreaCode(number) > 0;
        out->kind = kind_of(util->GetNumberType(number));
        if (out->kind != PHONENUMBER_ORDINARY)
                return;

        /* "+91 112" is nobody's number, but some networks would connect it. */
        std::string home;
        util->GetRegionCodeForCountryCode(number.country_code(), &home);
        if (!util->IsValidNumber(number))
                out->kind = short_kind(national, home);
}

} // namespace

void phonenumber_describe(uint64_t e164, struct phonenumber_facts *out)
{
        *out = phonenumber_facts{};
        try {
                describe(e164, out);
        } catch (const std::exception &) {
                *out = phonenumber_facts{};
        }
}

enum phonenumber_kind phonenumber_short_kind(struct slice text, const char *country)
{
        try {
                return short_kind(std::string(text.p, text.len), region_of(library(), country));
        } catch (const std::exception &) {
                return PHONENUMBER_ORDINARY;
        }
}

enum phonenumber_verdict phonenumber_read(struct slice text, const char *country, uint64_t *e164)
{
        *e164 = 0;
        try {
                return read(std::string(text.p, text.len), country, e164);
        } catch (const std::exception &) {
                return PHONENUMBER_UNREADABLE;
        }
}
