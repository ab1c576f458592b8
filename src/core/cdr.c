/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cdr.h"

#include "base/buf.h"
#include "base/random.h"

/* "8-4-4-4-12": a dash stands before these bytes. */
static bool dash_before(unsigned byte)
{
        return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

struct uuid uuid_make(struct random *random)
{
        struct uuid id;
        random_fill(random, id.bytes, sizeof id.bytes);
        /* RFC 4122 4.4: version 4, variant 10. */
        id.bytes[6] = (id.bytes[6] & 0x0f) | 0x40;
        id.bytes[8] = (id.bytes[8] & 0x3f) | 0x80;
        return id;
}

struct uuid_text uuid_format(struct uuid id)
{
        struct uuid_text out = {0};
        struct buf b;
        buf_init(&b, out.text, sizeof out.text - 1);
        for (unsigned i = 0; i < sizeof id.bytes; i++) {
                if (dash_before(i))
                        buf_put_char(&b, '-');
                buf_put_hex(&b, &id.bytes[i], 1);
        }
        return out;
}

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

int uuid_parse(struct slice text, struct uuid *out)
{
        if (text.len != sizeof(struct uuid_text) - 1)
                return ERR_SYNTAX;

        struct uuid id;
        const char *p = text.p;
        for (unsigned i = 0; i < sizeof id.bytes; i++) {
                if (dash_before(i) && *p++ != '-')
                        return ERR_SYNTAX;
                int high = hex_value(*p++);
                int low = hex_value(*p++);
                if (high < 0 || low < 0)
                        return ERR_SYNTAX;
                id.bytes[i] = (uint8_t)(high << 4 | low);
        }
        *out = id;
        return 0;
}

const char *cdr_attempt_text(enum cdr_attempt_end how)
{
        static const char *const texts[CDR_ATTEMPT_ENDS] = {
                [CDR_ATTEMPT_OPEN] = "it went on there",
                [CDR_ATTEMPT_ANSWERED] = "it answered",
                [CDR_ATTEMPT_SILENT] = "it did not answer",
                [CDR_ATTEMPT_UNSENT] = "nothing could be sent there",
                [CDR_ATTEMPT_DARK] = "none of its addresses was up",
                [CDR_ATTEMPT_LIMITED] = "it had no channel, or no turn in time",
                [CDR_ATTEMPT_UNUSABLE] = "it could not be dialled",
        };
        return how < CDR_ATTEMPT_ENDS ? texts[how] : "";
}
