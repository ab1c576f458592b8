/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slice.h"

#include <string.h>

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

struct slice slice_from(const char *text)
{
        return (struct slice){text, strlen(text)};
}

bool slice_equal(struct slice a, struct slice b)
{
        return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
        if (a.len != b.len)
                return false;
        for (size_t i = 0; i < a.len; i++) {
                if (lower(a.p[i]) != lower(b.p[i]))
                        return false;
        }
        return true;
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
        return s.len >= prefix.len && slice_equal((struct slice){s.p, prefix.len}, prefix);
}

struct slice slice_trim(struct slice s)
{
        while (s.len && (s.p[0] == ' ' || s.p[0] == '\t')) {
                s.p++;
                s.len--;
        }
        while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
                s.len--;
        return s;
}

struct slice slice_split(struct slice s, char separator, struct slice *rest)
{
        const char *at = s.len ? memchr(s.p, separator, s.len) : NULL;
        if (!at) {
                *rest = SLICE_NONE;
                return s;
        }

        size_t head = (size_t)(at - s.p);
        *rest = (struct slice){at + 1, s.len - head - 1};
        return (struct slice){s.p, head};
}

int slice_to_u64(struct slice s, uint64_t max, uint64_t *out)
{
        if (s.len == 0)
                return ERR_SYNTAX;

        uint64_t value = 0;
        for (size_t i = 0; i < s.len; i++) {
                if (s.p[i] < '0' || s.p[i] > '9')
                        return ERR_SYNTAX;
                uint64_t digit = (uint64_t)(s.p[i] - '0');
                if (value > (max - digit) / 10 || digit > max)
                        return ERR_RANGE;
                value = value * 10 + digit;
        }
        *out = value;
        return 0;
}

int slice_to_u32(struct slice s, uint32_t max, uint32_t *out)
{
        uint64_t value = 0;
        int err = slice_to_u64(s, max, &value);
        if (err)
                return err;
        *out = (uint32_t)value;
        return 0;
}

int slice_to_text(struct slice s, char *out, size_t out_bytes)
{
        if (s.len >= out_bytes)
                return ERR_TOO_LARGE;
        if (s.len)
                memcpy(out, s.p, s.len);
        out[s.len] = '\0';
        return 0;
}
