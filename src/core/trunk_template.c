/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trunk_template.h"

#include <string.h>

#include "base/addr.h"

#define NUMBER_DIGITS_MIN 7 /* so many digits may be a telephone number */

enum number_form trunk_template_form(const struct trunk_template *writing, enum trunk_place place,
                                     enum number_form of_trunk)
{
        uint8_t form = writing->forms[place];
        return form ? (enum number_form)(form - 1) : of_trunk;
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool trunk_template_is_prefix(struct slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                char c = text.p[i];
                bool is_plus = c == '+' && i == 0;
                if (!is_digit(c) && c != '*' && c != '#' && !is_plus)
                        return false;
        }
        return text.len < TRUNK_PREFIX_BYTES;
}

static bool is_printable(struct slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.p[i] < ' ' || text.p[i] > '~')
                        return false;
        }
        return true;
}

/*
 * A telephone number in any writing. Digits among letters are none: a token in hex has long runs
 * of them.
 */
static bool has_number(struct slice text)
{
        size_t digits = 0;
        for (size_t i = 0; i < text.len;) {
                size_t begin = i;
                bool is_word = false;
                for (; i < text.len && (is_letter(text.p[i]) || is_digit(text.p[i])); i++)
                        is_word |= is_letter(text.p[i]);
                if (i == begin) {
                        if (!strchr(" -.()", text.p[i++]))
                                digits = 0;
                        continue;
                }
                digits = is_word ? 0 : digits + (i - begin);
                if (digits >= NUMBER_DIGITS_MIN)
                        return true;
        }
        return false;
}

bool trunk_template_is_display(struct slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.p[i] == '"' || text.p[i] == '\\')
                        return false;
        }
        return is_printable(text) && !has_number(text) && text.len < TRUNK_DISPLAY_BYTES;
}

bool trunk_template_is_domain(struct slice text)
{
        struct addr ip;
        if (text.len == 0 || text.len >= TRUNK_DOMAIN_BYTES)
                return false;
        if (text.p[0] == '[')
                return !addr_parse_ip(text, &ip) && ip.family == 6;
        for (size_t i = 0; i < text.len; i++) {
                char c = text.p[i];
                if (!is_digit(c) && !is_letter(c) && c != '-' && c != '.')
                        return false;
        }
        return text.p[0] != '-' && text.p[0] != '.';
}

/* Headers that we write ourselves, or that would change what a message is. */
static const char *const own_headers[] = {
        "Accept",
        "Accept-Contact",
        "Alert-Info",
        "Allow",
        "Allow-Events",
        "Authorization",
        "Call-ID",
        "Contact",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Length",
        "Content-Type",
        "CSeq",
        "Date",
        "Diversion",
        "Event",
        "Expires",
        "From",
        "History-Info",
        "Identity",
        "Join",
        "Max-Forwards",
        "MIME-Version",
        "Min-SE",
        "P-Asserted-Identity",
        "P-Charge-Info",
        "P-Preferred-Identity",
        "Path",
        "Privacy",
        "Proxy-Authorization",
        "Proxy-Require",
        "RAck",
        "Reason",
        "Record-Route",
        "Refer-To",
        "Referred-By",
        "Remote-Party-ID",
        "Replaces",
        "Require",
        "Route",
        "RSeq",
        "Server",
        "Session-Expires",
        "Session-ID",
        "Subject",
        "Supported",
        "Target-Dialog",
        "To",
        "User-Agent",
        "Via",
};

static bool is_own(struct slice name)
{
        for (size_t i = 0; i < sizeof own_headers / sizeof own_headers[0]; i++) {
                if (slice_equal_nocase(name, slice_from(own_headers[i])))
                        return true;
        }
        return false;
}

static bool is_header_name(struct slice name)
{
        for (size_t i = 0; i < name.len; i++) {
                char c = name.p[i];
                if (!is_digit(c) && !is_letter(c) && c != '-' && c != '_')
                        return false;
        }
        return name.len > 0 && is_letter(name.p[0]);
}

const char *trunk_template_header_problem(struct slice name, struct slice value)
{
        if (!is_header_name(name) || name.len >= TRUNK_HEADER_NAME_BYTES)
                return "a header's name is 1 to 40 letters, digits, - and _, and begins with a "
                       "letter";
        if (name.len == 1)
                return "a header's name of one letter is the short form of another one";
        if (is_own(name))
                return "this header is written by Maskline itself, or carries who somebody is";
        if (value.len == 0 || value.len >= TRUNK_HEADER_VALUE_BYTES)
                return "a header's value has 1 to 128 characters";
        if (!is_printable(value) || value.p[0] == ' ' || value.p[value.len - 1] == ' ')
                return "a header's value is printable ASCII without blanks around it";
        if (has_number(value))
                return "a header's value may not hold what could be a telephone number";
        return NULL;
}

const char *trunk_template_problem(const struct trunk_template *writing, bool sends_asserted,
                                   bool has_username, const char **field)
{
        bool wants_pilot = writing->from_user == TRUNK_WHO_PILOT ||
                           (sends_asserted && writing->asserted_user == TRUNK_WHO_PILOT) ||
                           writing->charge == TRUNK_CHARGE_PILOT;
        bool is_in_from =
                writing->from_user == TRUNK_WHO_SHOWN && writing->privacy != TRUNK_PRIVACY_ID;
        bool is_asserted = sends_asserted && writing->asserted_user == TRUNK_WHO_SHOWN;
        *field = "pilot";
        if (wants_pilot && number_is_none(writing->pilot.n))
                return "where the pilot number is to be written, it must be given";
        *field = "from_user";
        if (writing->from_user == TRUNK_WHO_USERNAME && !has_username)
                return "the trunk has no user name to write there";
        *field = "send_asserted";
        if (!is_in_from && !is_asserted)
                return "the masking number must be in From or in P-Asserted-Identity: else the "
                       "carrier cannot know which number to show";
        return NULL;
}
