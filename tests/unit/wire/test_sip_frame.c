/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"

#include "wire/sip_frame.h"

#define HEAD "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKx\r\n"

static enum sip_frame_event next(struct sip_framer *framer, const char *text, struct sip_frame *out)
{
        return sip_frame_next(framer, slice_from(text), out);
}

/* What the first event of a new stream is; its status must be `status`. */
static enum sip_frame_event first(const char *text, unsigned status)
{
        struct sip_framer framer = {0};
        struct sip_frame frame;
        enum sip_frame_event event = next(&framer, text, &frame);
        assert_int_equal(frame.status, status);
        return event;
}

static void a_message_ends_where_its_length_says(void **state)
{
        (void)state;
        static const char text[] = HEAD "Content-Length: 3\r\n\r\nabcOPTIONS";
        struct sip_framer framer = {0};
        struct sip_frame frame;
        assert_int_equal(next(&framer, text, &frame), SIP_FRAME_MESSAGE);
        assert_int_equal(frame.used, sizeof text - 1 - 7);
        assert_int_equal(frame.text.len, frame.used);
        assert_int_equal(next(&framer, text + frame.used, &frame), SIP_FRAME_MORE);
        assert_int_equal(frame.used, 0);
}

static void the_compact_name_counts_as_well(void **state)
{
        (void)state;
        assert_int_equal(first(HEAD "l:0\r\n\r\n", 0), SIP_FRAME_MESSAGE);
        assert_int_equal(first(HEAD "L : 2\r\n\r\n..", 0), SIP_FRAME_MESSAGE);
        assert_int_equal(first(HEAD "content-length: 1\r\n\r\n", 0), SIP_FRAME_MORE);
}

static void however_it_is_cut_the_same_comes_out(void **state)
{
        (void)state;
        static const char text[] =
                "\r\n\r\n" HEAD "Content-Length: 5\r\n\r\nhello\r\n" HEAD "l: 0\r\n\r\n";
        static const enum sip_frame_event expected[] = {SIP_FRAME_PONG, SIP_FRAME_PING,
                                                        SIP_FRAME_MESSAGE, SIP_FRAME_PONG,
                                                        SIP_FRAME_MESSAGE};
        for (size_t piece = 1; piece < sizeof text; piece++) {
                struct sip_framer framer = {0};
                size_t begin = 0, count = 0;
                for (size_t end = piece; begin < sizeof text - 1; end += piece) {
                        size_t have = end < sizeof text - 1 ? end : sizeof text - 1;
                        struct sip_frame frame;
                        enum sip_frame_event event;
                        while ((event = sip_frame_next(&framer,
                                                       (struct slice){text + begin, have - begin},
                                                       &frame)) != SIP_FRAME_MORE) {
                                assert_true(count < sizeof expected / sizeof expected[0]);
                                assert_int_equal(event, expected[count++]);
                                begin += frame.used;
                        }
                }
                assert_int_equal(count, sizeof expected / sizeof expected[0]);
        }
}

static void a_length_that_is_missing_double_or_no_number_ends_the_stream(void **state)
{
        (void)state;
        assert_int_equal(first(HEAD "\r\n", 400), SIP_FRAME_BROKEN);
        assert_int_equal(first(HEAD "Content-Length: 1\r\nl: 1\r\n\r\nx", 400), SIP_FRAME_BROKEN);
        assert_int_equal(first(HEAD "l: 1\r\nl: 1\r\n\r\nx", 400), SIP_FRAME_BROKEN);
        assert_int_equal(first(HEAD "Content-Length: -1\r\n\r\n", 400), SIP_FRAME_BROKEN);
        assert_int_equal(first(HEAD "Content-Length: 1x\r\n\r\nx", 400), SIP_FRAME_BROKEN);
        assert_int_equal(first(HEAD "Content-Length:\r\n\r\n", 400), SIP_FRAME_BROKEN);
}

static void what_is_too_long_ends_the_stream(void **state)
{
        (void)state;
        assert_int_equal(first(HEAD "Content-Length: 65535\r\n\r\n", 513), SIP_FRAME_BROKEN);
        assert_int_equal(first(HEAD "Content-Length: 4294967296\r\n\r\n", 513), SIP_FRAME_BROKEN);
        assert_int_equal(first(HEAD "Content-Length: 65000\r\n\r\n", 0), SIP_FRAME_MORE);

        char *head = malloc(SIP_FRAME_HEAD_MAX + 2);
        assert_non_null(head);
        memset(head, 'a', SIP_FRAME_HEAD_MAX + 1);
        head[SIP_FRAME_HEAD_MAX] = 0;
        assert_int_equal(first(head, 0), SIP_FRAME_MORE);
        head[SIP_FRAME_HEAD_MAX] = 'a';
        head[SIP_FRAME_HEAD_MAX + 1] = 0;
        assert_int_equal(first(head, 513), SIP_FRAME_BROKEN);
        free(head);
}

static void what_cannot_begin_a_message_ends_the_stream(void **state)
{
        (void)state;
        static const char hello[] = {0x16, 0x03, 0x01, 0x02};
        struct sip_framer framer = {0};
        struct sip_frame frame;
        assert_int_equal(sip_frame_next(&framer, (struct slice){hello, sizeof hello}, &frame),
                         SIP_FRAME_BROKEN);
        assert_int_equal(frame.text.len, 0);
        assert_int_equal(first("{\"a\": 1}", 400), SIP_FRAME_BROKEN);
        assert_int_equal(first("\rx", 400), SIP_FRAME_BROKEN);
        assert_int_equal(first("\r", 0), SIP_FRAME_MORE);
        assert_int_equal(first("\n", 400), SIP_FRAME_BROKEN);
}

static void of_a_broken_message_the_head_is_left_to_be_answered(void **state)
{
        (void)state;
        static const char text[] = HEAD "\r\nrest";
        struct sip_framer framer = {0};
        struct sip_frame frame;
        assert_int_equal(next(&framer, text, &frame), SIP_FRAME_BROKEN);
        assert_int_equal(frame.text.len, sizeof text - 1 - 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_message_ends_where_its_length_says),
                cmocka_unit_test(the_compact_name_counts_as_well),
                cmocka_unit_test(however_it_is_cut_the_same_comes_out),
                cmocka_unit_test(a_length_that_is_missing_double_or_no_number_ends_the_stream),
                cmocka_unit_test(what_is_too_long_ends_the_stream),
                cmocka_unit_test(what_cannot_begin_a_message_ends_the_stream),
                cmocka_unit_test(of_a_broken_message_the_head_is_left_to_be_answered),
        };
        return RUN_TESTS(tests);
}
