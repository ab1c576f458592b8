/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <stdio.h>
#include <string.h>

#define E164_DIGITS_MIN 7
#define E164_DIGITS_MAX 15
/* The longest writing: an international prefix in front of fifteen digits. */
#define TEXT_DIGITS_MAX 20

struct digits {
        char d[TEXT_DIGITS_MAX];
        size_t count;
        bool plus;
};

static bool is_separator(char c)
{
        return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')';
}

static int read_digits(struct slice text, struct digits *out)
{
        *out = (struct digits){0};
        text = slice_trim(text);
        if (text.len && text.p[0] == '+') {
                out->plus = true;
                text = (struct slice){text.p + 1, text.len - 1};
        }
        for (size_t i = 0; i < text.len; i++) {
                char c = text.p[i];
                if (is_separator(c))
                        continue;
                if (c < '0' || c > '9')
                        return ERR_SYNTAX;
                if (out->count == TEXT_DIGITS_MAX)
                        return ERR_RANGE;
                out->d[out->count++] = c;
        }
        return out->count ? 0 : ERR_SYNTAX;
}

/*
 * Mexico took the 1 away that once stood between country code and mobile number; carriers and old
 * address books still have it. National numbers there have ten digits, so nobody else is meant.
 */
static bool has_mexican_one(const char *digits, size_t count)
{
        return count == 13 && memcmp(digits, "521", 3) == 0;
}

static int from_e164(const char *digits, size_t count, struct number *out)
{
        char without[E164_DIGITS_MAX];
        if (has_mexican_one(digits, count)) {
                memcpy(without, digits, 2);
                memcpy(without + 2, digits + 3, count - 3);
                digits = without;
                count--;
        }
        if (count < E164_DIGITS_MIN || count > E164_DIGITS_MAX || digits[0] == '0')
                return ERR_RANGE;

        uint64_t value = 0;
        for (size_t i = 0; i < count; i++)
                value = value * 10 + (uint64_t)(digits[i] - '0');
        out->e164 = value;
        return 0;
}

static int from_national(const struct number_plan *plan, const char *digits, size_t count,
                         struct number *out)
{
        char full[sizeof plan->country + TEXT_DIGITS_MAX];
        size_t country = strlen(plan->country);
        memcpy(full, plan->country, country);
        memcpy(full + country, digits, count);
        return from_e164(full, country + count, out);
}

static bool has_prefix(const struct digits *d, const char *prefix)
{
        size_t len = strlen(prefix);
        return len && d->count > len && memcmp(d->d, prefix, len) == 0;
}

static bool is_national_length(const struct number_plan *plan, size_t count)
{
        return count >= plan->digits_min && count <= plan->digits_max;
}

/* "+44 (0)20 ...": the trunk prefix was left in behind the country code. */
static bool has_prefix_inside(const struct number_plan *plan, const char *digits, size_t count)
{
        size_t country = strlen(plan->country), prefix = strlen(plan->national);
        if (!country || !prefix || count <= country + prefix)
                return false;
        return !memcmp(digits, plan->country, country) &&
               !memcmp(digits + country, plan->national, prefix) &&
               !is_national_length(plan, count - country) &&
               is_national_length(plan, count - country - prefix);
}

static int from_international(const struct number_plan *plan, const char *digits, size_t count,
                              struct number *out)
{
        if (!has_prefix_inside(plan, digits, count))
                return from_e164(digits, count, out);
        size_t skip = strlen(plan->country) + strlen(plan->national);
        return from_national(plan, digits + skip, count - skip, out);
}

int number_parse(struct slice text, const struct number_plan *plan, struct number *out)
{
        struct digits d;
        int err = read_digits(text, &d);
        if (err)
                return err;

        if (d.plus)
                return from_international(plan, d.d, d.count, out);
        if (has_prefix(&d, plan->international)) {
                size_t skip = strlen(plan->international);
                return from_international(plan, d.d + skip, d.count - skip, out);
        }
        if (has_prefix(&d, plan->national)) {
                size_t skip = strlen(plan->national);
                if (!is_national_length(plan, d.count - skip))
                        return ERR_RANGE;
                return from_national(plan, d.d + skip, d.count - skip, out);
        }
        /* A national number may begin with the country code's digits: length decides first. */
        if (plan->country[0] && is_national_length(plan, d.count))
                return from_national(plan, d.d, d.count, out);
        return from_international(plan, d.d, d.count, out);
}

bool number_equal(struct number a, struct number b)
{
        return a.e164 == b.e164 && a.e164 != 0;
}

void buf_put_number(struct buf *b, struct number n)
{
        buf_put_u64(b, n.e164);
}

void buf_put_number_as(struct buf *b, struct number n, enum number_form form,
                       const struct number_plan *plan)
{
        if (form == NUMBER_PLUS)
                buf_put_char(b, '+');
        if (form == NUMBER_PLUS || form == NUMBER_DIGITS) {
                buf_put_number(b, n);
                return;
        }

        char digits[E164_DIGITS_MAX + 1];
        struct buf text;
        buf_init(&text, digits, sizeof digits);
        buf_put_number(&text, n);
        size_t country = strlen(plan->country);
        bool at_home = form != NUMBER_INTERNATIONAL && country && text.len > country &&
                       !memcmp(digits, plan->country, country);
        if (!at_home) {
                buf_put_text(b, plan->international);
                buf_put_slice(b, buf_slice(&text));
                return;
        }
        if (form == NUMBER_NATIONAL)
                buf_put_text(b, plan->national);
        buf_put(b, digits + country, text.len - country);
}

struct number_hint number_hint(struct number n, const struct siphash_key *key)
{
        struct number_hint hint;
        uint64_t hash = siphash(key, &n.e164, sizeof n.e164);
        snprintf(hint.text, sizeof hint.text, "~%08x..%02u", (unsigned)hash,
                 (unsigned)(n.e164 % 100));
        return hint;
}
