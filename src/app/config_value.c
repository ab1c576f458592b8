/* SPDX-License-Identifier: Apache-2.0 */
#include "app/config_value.h"

#include <assert.h>
#include <string.h>

#include "media/tone.h"

static void put_choices(struct buf *out, const char *choices)
{
        struct slice rest = slice_from(choices);
        for (bool first = true; rest.len; first = false) {
                struct slice one = slice_split(rest, '|', &rest);
                if (!first)
                        buf_put_text(out, rest.len ? ", " : " or ");
                buf_put_slice(out, one);
        }
}

void config_value_put_allowed(struct buf *out, const struct config_row *row)
{
        switch (row->type) {
        case CONFIG_SWITCH:
                buf_put_text(out, "true or false");
                return;
        case CONFIG_COUNT:
                buf_printf(out, "a whole number from %u to %u (%s)", row->min, row->max, row->unit);
                return;
        case CONFIG_ADDR:
                buf_put_text(out, "an IP address and a port, such as 192.0.2.1:5060 or "
                                  "[2001:db8::1]:5060");
                return;
        case CONFIG_ADDRS:
                buf_put_text(out, "an IP address and a port, such as 192.0.2.1:5060 or "
                                  "[2001:db8::1]:5060, or one of each kind with a comma between "
                                  "them");
                if (row->min == 0)
                        buf_put_text(out, ", or nothing");
                return;
        case CONFIG_IPS:
                buf_put_text(out, "an IP address, such as 192.0.2.1 or 2001:db8::1, or one of each "
                                  "kind with a comma between them, or nothing");
                return;
        case CONFIG_CHOICE:
                put_choices(out, row->choices);
                return;
        case CONFIG_TEXT:
                buf_printf(out,
                           "one line of UTF-8 text of %u to %u bytes that does not begin with "
                           "a hyphen",
                           row->min, row->max);
                return;
        case CONFIG_DIGITS:
                buf_printf(out, "at most %u digits", row->max);
                return;
        case CONFIG_TONE:
                buf_put_text(out, "a tone plan, such as 400*25/0.4,0/0.2,400*25/0.4,0/2.0");
                return;
        }
}

static int read_switch(struct slice value, bool *out)
{
        bool yes = slice_equal(value, SLICE("true"));
        if (!yes && !slice_equal(value, SLICE("false")))
                return ERR_SYNTAX;
        *out = yes;
        return 0;
}

static int read_count(const struct config_row *row, struct slice value, void *out)
{
        uint32_t n = 0;
        int err = slice_to_u32(value, row->max, &n);
        if (err)
                return err;
        if (n < row->min)
                return ERR_RANGE;

        assert(row->bytes == sizeof(uint32_t) || row->bytes == sizeof(uint8_t));
        if (row->bytes == sizeof(uint32_t))
                memcpy(out, &n, sizeof n);
        else
                *(uint8_t *)out = (uint8_t)n;
        return 0;
}

static int read_choice(const struct config_row *row, struct slice value, uint32_t *out)
{
        struct slice rest = slice_from(row->choices);
        for (uint32_t i = 0; rest.len; i++) {
                if (slice_equal(slice_split(rest, '|', &rest), value)) {
                        *out = i;
                        return 0;
                }
        }
        return ERR_SYNTAX;
}

/* Well-formed UTF-8 without control characters (RFC 3629). */
static bool is_text(struct slice s)
{
        for (size_t i = 0; i < s.len;) {
                uint8_t c = (uint8_t)s.p[i++];
                unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
                if (c < ' ' || c == 0x7f || (c >= 0x80 && c < 0xc2) || c > 0xf4)
                        return false;
                if (s.len - i < more)
                        return false;
                uint8_t next = more ? (uint8_t)s.p[i] : 0;
                if ((c == 0xe0 && next < 0xa0) || (c == 0xed && next > 0x9f) ||
                    (c == 0xf0 && next < 0x90) || (c == 0xf4 && next > 0x8f))
                        return false;
                for (; more; more--) {
                        if (((uint8_t)s.p[i++] & 0xc0) != 0x80)
                                return false;
                }
        }
        return true;
}

static int read_text(const struct config_row *row, struct slice value, char *out)
{
        if (value.len < row->min || value.len > row->max)
                return ERR_RANGE;
        if (!is_text(value) || (value.len && value.p[0] == '-'))
                return ERR_SYNTAX;
        memset(out, 0, row->bytes);
        return slice_to_text(value, out, row->bytes);
}

static int read_digits(const struct config_row *row, struct slice value, char *out)
{
        if (value.len < row->min || value.len > row->max)
                return ERR_RANGE;
        for (size_t i = 0; i < value.len; i++) {
                if (value.p[i] < '0' || value.p[i] > '9')
                        return ERR_SYNTAX;
        }
        memset(out, 0, row->bytes);
        return slice_to_text(value, out, row->bytes);
}

static int read_tone(const struct config_row *row, struct slice value, char *out)
{
        struct tone tone;
        int err = tone_parse(value, &tone);
        return err ? err : read_text(row, value, out);
}

/* With two different default ports, a port that was not written shows. */
static int read_addr(struct slice value, struct addr *out)
{
        struct addr addr, other;
        if (addr_parse(value, 1, &addr) || addr_parse(value, 2, &other) ||
            !addr_equal(&addr, &other))
                return ERR_SYNTAX;
        *out = addr;
        return 0;
}

static int read_addrs(const struct config_row *row, struct slice value, struct addr_pair *out)
{
        if (value.len)
                return addr_pair_parse(value, read_addr, out);
        if (row->min)
                return ERR_SYNTAX;
        *out = (struct addr_pair){0};
        return 0;
}

static int read_ips(struct slice value, struct addr_pair *out)
{
        if (value.len)
                return addr_pair_parse(value, addr_parse_ip, out);
        *out = (struct addr_pair){0};
        return 0;
}

int config_value_read(const struct config_row *row, struct slice value, struct config *config)
{
        void *out = (char *)config + row->offset;
        switch (row->type) {
        case CONFIG_SWITCH:
                return read_switch(value, out);
        case CONFIG_COUNT:
                return read_count(row, value, out);
        case CONFIG_ADDR:
                return read_addr(value, out);
        case CONFIG_ADDRS:
                return read_addrs(row, value, out);
        case CONFIG_IPS:
                return read_ips(value, out);
        case CONFIG_CHOICE:
                return read_choice(row, value, out);
        case CONFIG_TEXT:
                return read_text(row, value, out);
        case CONFIG_DIGITS:
                return read_digits(row, value, out);
        case CONFIG_TONE:
                return read_tone(row, value, out);
        }
        return ERR_SYNTAX;
}

static void put_count(struct buf *out, const struct config_row *row, const void *at)
{
        uint32_t n = 0;
        if (row->bytes == sizeof n)
                memcpy(&n, at, sizeof n);
        else
                n = *(const uint8_t *)at;
        buf_put_u64(out, n);
}

static void put_choice(struct buf *out, const struct config_row *row, uint32_t choice)
{
        struct slice rest = slice_from(row->choices);
        struct slice one = slice_split(rest, '|', &rest);
        for (; choice; choice--)
                one = slice_split(rest, '|', &rest);
        buf_put_slice(out, one);
}

void config_value_put(struct buf *out, const struct config_row *row, const struct config *config)
{
        const void *at = (const char *)config + row->offset;
        switch (row->type) {
        case CONFIG_SWITCH:
                buf_put_text(out, *(const bool *)at ? "true" : "false");
                return;
        case CONFIG_COUNT:
                put_count(out, row, at);
                return;
        case CONFIG_ADDR:
                buf_put_text(out, addr_format(at).text);
                return;
        case CONFIG_ADDRS:
        case CONFIG_IPS:
                addr_pair_put(out, at);
                return;
        case CONFIG_CHOICE:
                put_choice(out, row, *(const uint32_t *)at);
                return;
        case CONFIG_TEXT:
        case CONFIG_DIGITS:
        case CONFIG_TONE:
                buf_put_text(out, at);
                return;
        }
}
