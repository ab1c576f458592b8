/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_dtmf.h"

#include <string.h>

#define CODES_MAX 15 /* 0 to 9, 10 '*', 11 '#', 12 to 15 'A' to 'D' (RFC 4733 3.2) */

bool sip_dtmf_is_type(struct slice content_type)
{
        struct slice parameters;
        struct slice type = slice_trim(slice_split(content_type, ';', &parameters));
        return slice_equal_nocase(type, SLICE("application/dtmf-relay")) ||
               slice_equal_nocase(type, SLICE("application/dtmf"));
}

static char digit_of(struct slice key)
{
        static const char keys[] = "0123456789*#ABCD";
        uint32_t code;
        if (key.len == 1) {
                char c = key.p[0] >= 'a' && key.p[0] <= 'd' ? (char)(key.p[0] - 'a' + 'A')
                                                            : key.p[0];
                return c && strchr(keys, c) ? c : 0;
        }
        return key.len == 2 && !slice_to_u32(key, CODES_MAX, &code) ? keys[code] : 0;
}

static struct slice next_line(struct slice *rest)
{
        struct slice line = slice_split(*rest, '\n', rest);
        if (line.len && line.p[line.len - 1] == '\r')
                line.len--;
        return line;
}

static void read_line(struct slice line, struct sip_dtmf *dtmf)
{
        struct slice value;
        struct slice name = slice_trim(slice_split(line, '=', &value));
        uint32_t ms;
        value = slice_trim(value);
        if (slice_equal_nocase(name, SLICE("Signal")))
                dtmf->digit = digit_of(value);
        else if (slice_equal_nocase(name, SLICE("Duration")) &&
                 !slice_to_u32(value, SIP_DTMF_MS_MAX, &ms) && ms > 0)
                dtmf->duration_ms = ms;
        else if (dtmf->digit == 0)
                dtmf->digit = digit_of(name); /* application/dtmf: the key alone */
}

int sip_dtmf_parse(struct slice body, struct sip_dtmf *out)
{
        struct sip_dtmf dtmf = {.duration_ms = SIP_DTMF_MS_DEFAULT};
        while (body.len)
                read_line(next_line(&body), &dtmf);
        if (!dtmf.digit)
                return ERR_SYNTAX;
        *out = dtmf;
        return 0;
}
