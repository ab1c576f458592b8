/* SPDX-License-Identifier: Apache-2.0 */
#include "reading.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static const char *const names[VALUES] = {
        [VALUE_METHOD] = "method",
        [VALUE_TARGET] = "target",
        [VALUE_FROM] = "From",
        [VALUE_FROM_TAG] = "From tag",
        [VALUE_TO] = "To",
        [VALUE_TO_TAG] = "To tag",
        [VALUE_CALL_ID] = "Call-ID",
        [VALUE_CSEQ] = "CSeq",
        [VALUE_VIAS] = "number of Vias",
        [VALUE_BRANCH] = "branch",
        [VALUE_SENT_BY] = "sent-by",
        [VALUE_RECEIVED] = "received",
        [VALUE_CONTACTS] = "number of Contacts",
        [VALUE_CONTACT] = "Contact",
        [VALUE_ROUTES] = "number of Routes",
        [VALUE_RECORD_ROUTES] = "number of Record-Routes",
        [VALUE_MAX_FORWARDS] = "Max-Forwards",
        [VALUE_EXPIRES] = "Expires",
        [VALUE_CONTENT_TYPE] = "Content-Type",
        [VALUE_BODY] = "length of the body",
};

const char *value_name(enum value value)
{
        return names[value];
}

void reading_put(struct reading *reading, enum value value, struct slice text)
{
        struct buf b;
        buf_init(&b, reading->values[value], VALUE_BYTES_MAX - 1);
        size_t room = VALUE_BYTES_MAX - 32;
        for (size_t i = 0; i < text.len && i < room; i++)
                buf_put_char(&b, text.p[i] ? text.p[i] : '\1');
        if (text.len > room) {
                char more[32];
                snprintf(more, sizeof more, "... %zu bytes", text.len);
                buf_put_text(&b, more);
        }
        reading->values[value][b.len] = '\0';
}

void reading_put_number(struct reading *reading, enum value value, uint64_t number)
{
        snprintf(reading->values[value], VALUE_BYTES_MAX, "%llu", (unsigned long long)number);
}

static int hex(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_unescaped(struct buf *b, struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                bool is_escape = s.p[i] == '%' && i + 2 < s.len && hex(s.p[i + 1]) >= 0 &&
                                 hex(s.p[i + 2]) >= 0;
                if (is_escape) {
                        int c = hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]);
                        buf_put_char(b, (char)(c ? c : 1));
                        i += 2;
                } else {
                        buf_put_char(b, s.p[i]);
                }
        }
}

void reading_put_uri(struct reading *reading, enum value value, const struct uri_parts *parts)
{
        char memory[16384];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        bool is_known = !strcmp(parts->scheme, "sip") || !strcmp(parts->scheme, "sips") ||
                        !strcmp(parts->scheme, "tel");
        if (!is_known) {
                reading_put(reading, value, SLICE("another scheme"));
                return;
        }
        buf_put_text(&b, parts->scheme);
        buf_put_char(&b, ':');
        put_unescaped(&b, parts->user);
        buf_put_char(&b, '@');
        buf_put_slice(&b, parts->host);
        buf_put_char(&b, ':');
        buf_put_u64(&b, parts->port);
        if (parts->has_lr)
                buf_put_text(&b, ";lr");
        reading_put(reading, value, buf_slice(&b));
}
