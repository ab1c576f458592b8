/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_frame.h"

#include <string.h>

#include "wire/sip_lines.h"

#define HEAD_END "\r\n\r\n"

static enum sip_frame_event broken(struct sip_frame *out, struct slice head, unsigned status)
{
        *out = (struct sip_frame){.used = head.len, .text = head, .status = status};
        return SIP_FRAME_BROKEN;
}

static enum sip_frame_event more(struct sip_frame *out)
{
        *out = (struct sip_frame){0};
        return SIP_FRAME_MORE;
}

/* Method or version: a token (RFC 3261 25.1). */
static bool may_begin(char c)
{
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return is_alnum || (c && strchr("-.!%*_+`'~", c));
}

/* Between messages: empty lines. RFC 3261 7.5 has them skipped, RFC 5626 gives them a meaning. */
static enum sip_frame_event take_empty_line(struct sip_framer *framer, struct slice data,
                                            struct sip_frame *out)
{
        if (data.len < 2)
                return more(out);
        if (data.p[1] != '\n')
                return broken(out, SLICE_NONE, 400);
        *out = (struct sip_frame){.used = 2};
        framer->has_half_ping = !framer->has_half_ping;
        return framer->has_half_ping ? SIP_FRAME_PONG : SIP_FRAME_PING;
}

/* How often the header is there under either name; `value` is that of one of them. */
static unsigned find_lengths(struct slice head, struct slice *value)
{
        unsigned count = 0;
        struct slice rest = head;
        while (sip_lines_next(&rest, SLICE("Content-Length"), value))
                count++;
        struct slice compact;
        for (rest = head; sip_lines_next(&rest, SLICE("l"), &compact); count++)
                *value = compact;
        return count;
}

/* 0, or the status that refuses the head: RFC 3261 18.3 wants the length in a stream. */
static unsigned read_length(struct sip_framer *framer, struct slice head)
{
        struct slice value;
        uint32_t length;
        if (find_lengths(head, &value) != 1)
                return 400;
        int err = slice_to_u32(value, UINT32_MAX, &length);
        if (err)
                return err == ERR_RANGE ? 513 : 400;
        if (length > SIP_MSG_BYTES_MAX - head.len)
                return 513;
        framer->body_bytes = length;
        return 0;
}

/* True when its end is there; looks only at what is new. */
static bool find_head(struct sip_framer *framer, struct slice data)
{
        size_t from = framer->scanned;
        const char *end =
                data.len - from >= sizeof HEAD_END - 1
                        ? memmem(data.p + from, data.len - from, HEAD_END, sizeof HEAD_END - 1)
                        : NULL;
        if (end) {
                framer->head_bytes = (size_t)(end - data.p) + sizeof HEAD_END - 1;
                return true;
        }
        /* The end may begin in the last three bytes. */
        framer->scanned = data.len > sizeof HEAD_END - 2 ? data.len - (sizeof HEAD_END - 2) : 0;
        return false;
}

enum sip_frame_event sip_frame_next(struct sip_framer *framer, struct slice data,
                                    struct sip_frame *out)
{
        if (data.len == 0)
                return more(out);
        if (framer->head_bytes == 0) {
                if (data.p[0] == '\r')
                        return take_empty_line(framer, data, out);
                if (!may_begin(data.p[0]))
                        return broken(out, SLICE_NONE, 400);
                bool is_found = find_head(framer, data);
                if ((is_found ? framer->head_bytes : data.len) > SIP_FRAME_HEAD_MAX)
                        return broken(out, SLICE_NONE, 513);
                if (!is_found)
                        return more(out);
                struct slice head = {data.p, framer->head_bytes};
                unsigned status = read_length(framer, head);
                if (status)
                        return broken(out, head, status);
        }

        size_t bytes = framer->head_bytes + framer->body_bytes;
        if (data.len < bytes)
                return more(out);
        *out = (struct sip_frame){.used = bytes, .text = {data.p, bytes}};
        *framer = (struct sip_framer){0};
        return SIP_FRAME_MESSAGE;
}
