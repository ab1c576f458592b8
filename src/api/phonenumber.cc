/* SPDX-License-Identifier: Apache-2.0 */
#include "api/phonenumber.h"

#include <cstdlib>
#include <exception>
#include <string>

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

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
        return verdict_of(util->IsPossibleNumberWithReason(number));
}

} // namespace

enum phonenumber_verdict phonenumber_read(struct slice text, const char *country, uint64_t *e164)
{
        *e164 = 0;
        try {
                return read(std::string(text.p, text.len), country, e164);
        } catch (const std::exception &) {
                return PHONENUMBER_UNREADABLE;
        }
}
