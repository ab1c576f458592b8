/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rtp.h"

#include "../unit.h"
#include "base/random.h"

#define BYTES(...)                                                                                 \
        ((struct slice){(const char *)(const uint8_t[]){__VA_ARGS__},                              \
                        sizeof((const uint8_t[]){__VA_ARGS__})})

static void a_plain_packet_is_read(void **state)
{
        (void)state;
        struct slice packet = BYTES(0x80, 0x88, 0x12, 0x34, 0, 0, 0, 160, 0xde, 0xad, 0xbe, 0xef,
                                    0xd5, 0xd5, 0xd5);
        struct rtp rtp;
        assert_int_equal(rtp_parse(packet, &rtp), 0);
        assert_true(rtp.marker);
        assert_int_equal(rtp.payload_type, 8);
        assert_int_equal(rtp.sequence, 0x1234);
        assert_int_equal(rtp.timestamp, 160);
        assert_int_equal(rtp.ssrc, 0xdeadbeef);
        assert_int_equal(rtp.payload.len, 3);
        assert_ptr_equal(rtp.payload.p, packet.p + 12);
}

static void csrcs_extension_and_padding_are_no_payload(void **state)
{
        (void)state;
        struct slice packet = BYTES(0xb2, 0x00, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, /* P, X, CC 2 */
                                    1, 1, 1, 1, 2, 2, 2, 2,                   /* CSRCs */
                                    0xbe, 0xde, 0, 1, 9, 9, 9, 9,             /* extension */
                                    0x55, 0x66, 0, 0, 3);
        struct rtp rtp;
        assert_int_equal(rtp_parse(packet, &rtp), 0);
        assert_int_equal(rtp.payload.len, 2);
        assert_int_equal(rtp.payload.p[0], 0x55);
        assert_int_equal(rtp.payload.p[1], 0x66);
}

static void what_is_not_rtp_is_refused(void **state)
{
        (void)state;
        const struct slice packets[] = {
                SLICE_NONE,
                BYTES(0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0),
                BYTES(0x40, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1),
                BYTES(0xc0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1),
                /* one CSRC announced, none there */
                BYTES(0x81, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1),
                /* extension cut in its header, then in its body */
                BYTES(0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0),
                BYTES(0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0, 0, 0),
                BYTES(0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0xff, 0xff),
                /* padding of nothing, and of more than there is */
                BYTES(0xa0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0),
                BYTES(0xa0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 3),
                BYTES(0xa0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1),
        };
        struct rtp rtp;
        for (size_t i = 0; i < sizeof packets / sizeof *packets; i++)
                assert_int_equal(rtp_parse(packets[i], &rtp), ERR_SYNTAX);
}

static void an_rtp_header_reads_as_it_was_written(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 7);
        for (int i = 0; i < 10000; i++) {
                char bytes[64];
                struct buf b;
                struct rtp read, written = {
                                         .marker = random_below(&r, 2),
                                         .payload_type = (uint8_t)random_below(&r, 128),
                                         .sequence = (uint16_t)random_u32(&r),
                                         .timestamp = random_u32(&r),
                                         .ssrc = random_u32(&r),
                                 };
                buf_init(&b, bytes, sizeof bytes);
                rtp_write(&b, &written);
                assert_int_equal(b.len, RTP_HEADER_BYTES);
                buf_put_text(&b, "audio");
                assert_int_equal(rtp_parse(buf_slice(&b), &read), 0);
                assert_int_equal(read.marker, written.marker);
                assert_int_equal(read.payload_type, written.payload_type);
                assert_int_equal(read.sequence, written.sequence);
                assert_int_equal(read.timestamp, written.timestamp);
                assert_int_equal(read.ssrc, written.ssrc);
                assert_true(slice_equal(read.payload, SLICE("audio")));
        }
}

static void an_event_reads_as_it_was_written(void **state)
{
        (void)state;
        char bytes[4];
        struct buf b;
        struct rtp_event read, written = {.event = 11, .end = true, .volume = 10, .duration = 1600};
        buf_init(&b, bytes, sizeof bytes);
        rtp_event_write(&b, &written);
        assert_true(buf_ok(&b));
        assert_memory_equal(bytes, "\x0b\x8a\x06\x40", 4);
        assert_int_equal(rtp_event_parse(buf_slice(&b), &read), 0);
        assert_int_equal(read.event, 11);
        assert_true(read.end);
        assert_int_equal(read.volume, 10);
        assert_int_equal(read.duration, 1600);

        /* the reserved bit is nobody's */
        assert_int_equal(rtp_event_parse(BYTES(1, 0x4a, 0, 1), &read), 0);
        assert_false(read.end);
        assert_int_equal(read.volume, 10);
        assert_int_equal(rtp_event_parse(BYTES(1, 10, 0), &read), ERR_SYNTAX);
}

static void digits_and_events_match(void **state)
{
        (void)state;
        for (int event = 0; event < 16; event++) {
                char digit = rtp_event_digit((uint8_t)event);
                assert_int_equal(digit, "0123456789*#ABCD"[event]);
                assert_int_equal(rtp_event_from_digit(digit), event);
        }
        assert_int_equal(rtp_event_from_digit('c'), 14);
        for (int event = 16; event < 256; event++)
                assert_int_equal(rtp_event_digit((uint8_t)event), 0);
        assert_int_equal(rtp_event_from_digit('x'), -1);
        assert_int_equal(rtp_event_from_digit('\0'), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_plain_packet_is_read),
                cmocka_unit_test(csrcs_extension_and_padding_are_no_payload),
                cmocka_unit_test(what_is_not_rtp_is_refused),
                cmocka_unit_test(an_rtp_header_reads_as_it_was_written),
                cmocka_unit_test(an_event_reads_as_it_was_written),
                cmocka_unit_test(digits_and_events_match),
        };
        return RUN_TESTS(tests);
}
