/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/duration.h"

#define TEN_YEARS_S (INT64_C(3660) * 86400)

static int64_t unit_s(char unit)
{
        switch (unit) {
        case 's':
                return 1;
        case 'm':
                return 60;
        case 'h':
                return 3600;
        case 'd':
                return 86400;
        default:
                return 0;
        }
}

int duration_parse(struct slice text, int64_t *out_s)
{
        int64_t total = 0, last_unit = INT64_MAX;
        while (text.len) {
                size_t digits = 0;
                while (digits < text.len && text.p[digits] >= '0' && text.p[digits] <= '9')
                        digits++;
                if (digits == 0 || digits == text.len)
                        return ERR_SYNTAX;

                uint32_t count;
                int err = slice_to_u32((struct slice){text.p, digits}, UINT32_MAX, &count);
                if (err)
                        return err;
                /* From the greatest to the least, each once: "30m2h" is a slip. */
                int64_t unit = unit_s(text.p[digits]);
                if (unit == 0 || unit >= last_unit)
                        return ERR_SYNTAX;
                last_unit = unit;
                total += count * unit;
                if (total > TEN_YEARS_S)
                        return ERR_RANGE;
                text = (struct slice){text.p + digits + 1, text.len - digits - 1};
        }
        if (last_unit == INT64_MAX)
                return ERR_SYNTAX;
        if (total == 0)
                return ERR_RANGE;
        *out_s = total;
        return 0;
}
