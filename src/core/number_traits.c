/* SPDX-License-Identifier: Apache-2.0 */
#include "core/number_traits.h"

#include <string.h>

const char *const number_capability_names[NUMBER_CAPABILITIES + 1] = {
        [CAN_VOICE] = "voice",
        [CAN_SMS] = "sms",
};

enum number_distance number_distance(const struct number_place *number,
                                     const struct number_place *wish)
{
        if (wish->country[0] && strcmp(wish->country, number->country) != 0)
                return DISTANCE_ABROAD;
        if (wish->area[0] && strcmp(wish->area, number->area) != 0)
                return DISTANCE_SAME_COUNTRY;
        return DISTANCE_SAME_AREA;
}

int number_country_check(struct slice text)
{
        if (text.len == 0)
                return 0;
        if (text.len != 2)
                return ERR_SYNTAX;
        for (size_t i = 0; i < text.len; i++)
                if (text.p[i] < 'A' || text.p[i] > 'Z')
                        return ERR_SYNTAX;
        return 0;
}

int number_area_check(struct slice text)
{
        if (text.len >= sizeof((struct number_place *)0)->area)
                return ERR_SYNTAX;
        for (size_t i = 0; i < text.len; i++)
                if (text.p[i] < '0' || text.p[i] > '9')
                        return ERR_SYNTAX;
        return 0;
}

static bool is_word_character(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_' || c == '.';
}

int number_tags_check(struct slice text)
{
        if (text.len >= NUMBER_TAGS_BYTES)
                return ERR_TOO_LARGE;
        for (size_t i = 0; i < text.len; i++) {
                bool is_inside = i > 0 && i + 1 < text.len;
                bool is_comma = text.p[i] == ',' && is_inside && text.p[i - 1] != ',';
                if (!is_comma && !is_word_character(text.p[i]))
                        return ERR_SYNTAX;
        }
        return 0;
}

bool number_has_tag(const struct number_traits *traits, struct slice tag)
{
        const char *at = traits->tags;
        while (*at) {
                size_t len = strcspn(at, ",");
                if (slice_equal((struct slice){at, len}, tag))
                        return true;
                at += len + (at[len] == ',');
        }
        return false;
}
