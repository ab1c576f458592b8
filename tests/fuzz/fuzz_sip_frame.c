/* SPDX-License-Identifier: Apache-2.0 */
/*
 * However a stream is cut into pieces, the same messages come out of it, and a message that the
 * parser accepts is exactly what the framer took for it: nothing hides between the two.
 */
#include <string.h>

#include "base/random.h"
#include "base/siphash.h"
#include "fuzz.h"
#include "wire/sip_frame.h"

static const struct siphash_key key = {{5, 61}};

struct outcome {
        uint64_t hash;
        size_t used;
        unsigned events;
};

static void check_message(const struct sip_frame *frame, size_t body_bytes)
{
        static struct sip_msg msg;
        bool reply_possible;
        MUST(frame->text.len == frame->used);
        MUST(frame->used <= SIP_MSG_BYTES_MAX);
        if (sip_msg_parse(frame->text, &msg, &reply_possible))
                return;
        MUST(msg.has_content_length);
        MUST(msg.body.len == body_bytes);
        MUST(msg.body.p + msg.body.len == frame->text.p + frame->text.len);
}

static struct outcome read_stream(struct slice data, struct random *pieces, uint32_t piece_max)
{
        struct outcome o = {0};
        struct sip_framer framer = {0};
        size_t have = 0;
        enum sip_frame_event event = SIP_FRAME_MORE;
        while (event != SIP_FRAME_BROKEN) {
                struct slice left = {data.p + o.used, have - o.used};
                struct sip_frame frame;
                event = sip_frame_next(&framer, left, &frame);
                MUST(frame.used <= left.len);
                if (event == SIP_FRAME_MORE) {
                        MUST(frame.used == 0);
                        if (have == data.len)
                                break;
                        size_t piece = pieces ? 1 + random_below(pieces, piece_max) : data.len;
                        have = data.len - have < piece ? data.len : have + piece;
                        continue;
                }
                if (event == SIP_FRAME_MESSAGE) {
                        const char *end = memmem(left.p, left.len, "\r\n\r\n", 4);
                        MUST(end);
                        check_message(&frame, (size_t)(left.p + frame.used - (end + 4)));
                }
                MUST(event == SIP_FRAME_BROKEN || frame.used > 0);
                /* A head that is too long is told as soon as it is, wherever its piece ends. */
                size_t counted = event == SIP_FRAME_BROKEN && frame.status == 513 ? 0 : frame.used;
                uint64_t row[3] = {o.hash, (uint64_t)event, counted};
                o.hash = siphash(&key, row, sizeof row);
                o.used += frame.used;
                o.events++;
        }
        return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
        struct slice data = {(const char *)bytes, size};
        struct outcome whole = read_stream(data, NULL, 0);
        static const uint32_t piece_max[] = {1, 3, 40, 400};
        for (unsigned i = 0; i < sizeof piece_max / sizeof *piece_max; i++) {
                struct random random;
                random_init_seeded(&random, siphash(&key, bytes, size) + i);
                struct outcome cut = read_stream(data, &random, piece_max[i]);
                MUST(whole.events == cut.events);
                MUST(whole.hash == cut.hash);
        }
        return 0;
}
