/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rtcp.h"

#include "../unit.h"
#include "base/random.h"

#define BYTES(...)                                                                                 \
        ((struct slice){(const char *)(const uint8_t[]){__VA_ARGS__},                              \
                        sizeof((const uint8_t[]){__VA_ARGS__})})

static void a_report_reads_as_it_was_written(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 3);
        for (int i = 0; i < 10000; i++) {
                char bytes[512], name[RTCP_CNAME_MAX];
                struct buf b;
                struct rtcp read;
                struct rtcp_sender sender;
                struct rtcp_report report = {.cumulative_lost = -1};
                bool has_sender = random_below(&r, 2), has_report = random_below(&r, 2);
                bool bye = random_below(&r, 2);
                struct slice cname = {name, random_below(&r, sizeof name + 1)};
                memset(name, 'c', sizeof name);
                random_fill(&r, &sender, sizeof sender);
                report.ssrc = random_u32(&r);
                report.fraction_lost = (uint8_t)random_u32(&r);
                report.cumulative_lost = (int32_t)random_below(&r, 1 << 24) - (1 << 23);
                report.highest_sequence = random_u32(&r);
                report.last_sr = random_u32(&r);
                report.delay_since_last_sr = random_u32(&r);

                buf_init(&b, bytes, sizeof bytes);
                rtcp_write(&b, 0x1234, has_sender ? &sender : NULL, has_report ? &report : NULL,
                           cname, bye);
                assert_true(buf_ok(&b));
                assert_int_equal(b.len % 4, 0);
                assert_int_equal(rtcp_parse(buf_slice(&b), report.ssrc, &read), 0);
                assert_int_equal(read.ssrc, 0x1234);
                assert_int_equal(read.has_sender, has_sender);
                assert_int_equal(read.has_report, has_report);
                assert_int_equal(read.has_bye, bye);
                if (has_sender)
                        assert_memory_equal(&read.sender, &sender, sizeof sender);
                if (has_report) {
                        assert_int_equal(read.report.cumulative_lost, report.cumulative_lost);
                        assert_int_equal(read.report.fraction_lost, report.fraction_lost);
                        assert_int_equal(read.report.highest_sequence, report.highest_sequence);
                        assert_int_equal(read.report.last_sr, report.last_sr);
                        assert_int_equal(read.report.delay_since_last_sr,
                                         report.delay_since_last_sr);
                }
        }
}

static void our_rtcp_is_sr_and_cname_to_the_byte(void **state)
{
        (void)state;
        char bytes[128];
        struct buf b;
        struct rtcp_sender sender = {1, 2, 3, 4, 5};
        buf_init(&b, bytes, sizeof bytes);
        rtcp_write(&b, 0x01020304, &sender, NULL, SLICE("ab"), true);
        struct slice expected = BYTES(0x80, 200, 0, 6, 1, 2, 3, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
                                      3, 0, 0, 0, 4, 0, 0, 0, 5, 0x81, 202, 0, 3, 1, 2, 3, 4, 1, 2,
                                      'a', 'b', 0, 0, 0, 0, 0x81, 203, 0, 1, 1, 2, 3, 4);
        assert_true(slice_equal(buf_slice(&b), expected));
}

static void only_the_block_about_us_counts(void **state)
{
        (void)state;
        uint8_t packet[8 + 48] = {0x82, 201, 0, 13, 0, 0, 0, 9};
        struct slice s = {(const char *)packet, sizeof packet};
        struct rtcp rtcp;
        packet[8 + 3] = 1;
        packet[8 + 4] = 50;
        packet[32 + 3] = 2;
        packet[32 + 4] = 60;
        assert_int_equal(rtcp_parse(s, 2, &rtcp), 0);
        assert_true(rtcp.has_report);
        assert_int_equal(rtcp.report.fraction_lost, 60);
        assert_int_equal(rtcp_parse(s, 3, &rtcp), 0);
        assert_false(rtcp.has_report);
}

static void what_is_not_compound_rtcp_is_refused(void **state)
{
        (void)state;
        const struct slice packets[] = {
                SLICE_NONE,
                BYTES(0x80, 201, 0),
                BYTES(0x80, 201, 0, 1, 0, 0, 0),                     /* cut */
                BYTES(0x80, 201, 0, 2, 0, 0, 0, 1),                  /* longer than it is */
                BYTES(0x40, 201, 0, 1, 0, 0, 0, 1),                  /* version 1 */
                BYTES(0x81, 202, 0, 2, 0, 0, 0, 1, 1, 1, 'a', 0),    /* SDES first */
                BYTES(0xa0, 201, 0, 1, 0, 0, 0, 1),                  /* padding in the first */
                BYTES(0x81, 201, 0, 1, 0, 0, 0, 1),                  /* block missing */
                BYTES(0x80, 200, 0, 1, 0, 0, 0, 1),                  /* sender missing */
                BYTES(0x80, 201, 0, 0),                              /* SSRC missing */
                BYTES(0x80, 201, 0, 1, 0, 0, 0, 1, 0x40, 203, 0, 0), /* second: version 1 */
                BYTES(0x80, 201, 0, 1, 0, 0, 0, 1, 0x80, 203, 0),    /* second: cut */
                BYTES(0x80, 201, 0, 1, 0, 0, 0, 1, 0x80, 203, 0xff, 0xff),
                BYTES(0x80, 201, 0, 1, 0, 0, 0, 1, 0xa0, 204, 0, 0, 0x80, 203, 0, 0),
        };
        struct rtcp rtcp;
        for (size_t i = 0; i < sizeof packets / sizeof *packets; i++)
                assert_int_equal(rtcp_parse(packets[i], 0, &rtcp), ERR_SYNTAX);
}

static void rtcp_is_told_from_rtp(void **state)
{
        (void)state;
        assert_true(rtcp_is_likely(BYTES(0x80, 200, 0, 1, 0, 0, 0, 1)));
        assert_true(rtcp_is_likely(BYTES(0x80, 207, 0, 1, 0, 0, 0, 1)));
        assert_false(rtcp_is_likely(BYTES(0x80, 8, 0, 1, 0, 0, 0, 1)));
        assert_false(rtcp_is_likely(BYTES(0x80, 0x80 | 8, 0, 1, 0, 0, 0, 1)));
        assert_false(rtcp_is_likely(BYTES(0x80, 0x80 | 101, 0, 1, 0, 0, 0, 1)));
        assert_false(rtcp_is_likely(BYTES(0x80, 200, 0, 1)));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_report_reads_as_it_was_written),
                cmocka_unit_test(our_rtcp_is_sr_and_cname_to_the_byte),
                cmocka_unit_test(only_the_block_about_us_counts),
                cmocka_unit_test(what_is_not_compound_rtcp_is_refused),
                cmocka_unit_test(rtcp_is_told_from_rtp),
        };
        return RUN_TESTS(tests);
}
