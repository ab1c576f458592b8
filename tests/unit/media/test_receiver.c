/* SPDX-License-Identifier: Apache-2.0 */
#include "media/receiver.h"

#include "../unit.h"
#include "base/random.h"

static struct receiver r;

static bool take(uint16_t sequence)
{
        uint32_t extended = 0xdead;
        bool is_new = receiver_take(&r, sequence, &extended);
        if (is_new)
                assert_int_equal((uint16_t)extended, sequence);
        else
                assert_int_equal(extended, 0xdead);
        return is_new;
}

static void start(uint16_t sequence)
{
        r = (struct receiver){0};
        receiver_start(&r, 0x1234, sequence);
}

static struct rtcp_report report(void)
{
        struct rtcp_report out;
        receiver_report(&r, 5000, &out);
        return out;
}

static void packets_in_order_are_new(void **state)
{
        (void)state;
        start(65530);
        for (unsigned i = 0; i < 200000; i++)
                assert_true(take((uint16_t)(65530 + i)));
        assert_int_equal(receiver_lost(&r), 0);
        assert_int_equal(report().highest_sequence, 65530 + 200000 - 1);
        assert_int_equal(r.epoch, 1);
}

static void extended_numbers_grow_across_the_wrap(void **state)
{
        (void)state;
        uint32_t before, after;
        start(65535);
        assert_true(receiver_take(&r, 65535, &before));
        assert_true(receiver_take(&r, 0, &after));
        assert_int_equal(after - before, 1);
        /* and back across it */
        assert_true(take(2));
        assert_true(take(1));
        assert_false(take(65535));
}

static void duplicates_are_not_new(void **state)
{
        (void)state;
        start(10);
        assert_true(take(10));
        assert_false(take(10));
        assert_true(take(13));
        assert_true(take(11));
        assert_false(take(11));
        assert_false(take(13));
        assert_true(take(12));
}

static void what_is_too_late_is_not_new(void **state)
{
        (void)state;
        start(10);
        assert_true(take(10));
        assert_true(take(100));
        assert_true(take(37)); /* 63 behind */
        assert_false(take(36));
        assert_false(take(9)); /* before the first */
        assert_false(take(65000));
}

static void a_long_gap_is_loss_and_a_longer_one_a_restart(void **state)
{
        (void)state;
        start(1);
        assert_true(take(1));
        assert_true(take(2999));
        assert_int_equal(r.epoch, 1);
        assert_int_equal(receiver_lost(&r), 2997);
        assert_false(take(10000));
        assert_false(take(20000));
        assert_int_equal(r.epoch, 1);
        assert_true(take(20001));
        assert_int_equal(r.epoch, 2);
        assert_true(take(20002));
        /* what was lost before stays lost; the jump itself is not counted */
        assert_int_equal(receiver_lost(&r), 2997);
        assert_int_equal(report().cumulative_lost, 0);
}

static void loss_is_counted_as_rfc_3550_has_it(void **state)
{
        (void)state;
        start(1);
        for (uint16_t sequence = 1; sequence <= 100; sequence++) {
                if (sequence % 10)
                        assert_true(take(sequence));
        }
        /* 99 expected: number 100 is not known of */
        struct rtcp_report first = report();
        assert_int_equal(first.cumulative_lost, 9);
        assert_int_equal(first.fraction_lost, 9 * 256 / 99);
        assert_int_equal(receiver_lost(&r), 9);

        for (uint16_t sequence = 101; sequence <= 200; sequence++)
                assert_true(take(sequence));
        struct rtcp_report second = report();
        assert_int_equal(second.cumulative_lost, 10);
        assert_int_equal(second.fraction_lost, 256 / 101);
        assert_int_equal(report().fraction_lost, 0); /* nothing expected in between */
}

static void duplicates_may_make_loss_negative(void **state)
{
        (void)state;
        start(1);
        assert_true(take(1));
        for (int i = 0; i < 5; i++)
                assert_false(take(1));
        assert_int_equal(report().cumulative_lost, -5);
        assert_int_equal(report().fraction_lost, 0);
        assert_int_equal(receiver_lost(&r), 0);
}

/* RFC 3550 A.8, done once more in floating point. */
static void jitter_follows_the_formula(void **state)
{
        (void)state;
        struct random random;
        double jitter = 0, transit = 0;
        random_init_seeded(&random, 1);
        start(0);
        for (int i = 0; i < 1000; i++) {
                int64_t arrival_ms = 20 * i + random_below(&random, 30);
                double now = (double)arrival_ms * 8 - 160.0 * i;
                receiver_measure(&r, (uint32_t)(160 * i + 77), arrival_ms);
                if (i) {
                        double distance = now > transit ? now - transit : transit - now;
                        jitter += (distance - jitter) / 16;
                }
                transit = now;
        }
        assert_in_range(report().jitter, (uintmax_t)jitter - 2, (uintmax_t)jitter + 2);
        assert_in_range(receiver_jitter_ms_x10(&r), (uintmax_t)(jitter * 10 / 8) - 3,
                        (uintmax_t)(jitter * 10 / 8) + 3);
}

static void a_jump_of_the_timestamps_is_no_jitter(void **state)
{
        (void)state;
        start(0);
        receiver_measure(&r, 160, 20);
        receiver_measure(&r, 0x80000000, 40);
        receiver_measure(&r, 0x80000000 + 160, 60);
        receiver_measure(&r, 5, 80);
        assert_int_equal(report().jitter, 0);
}

static void without_a_sender_report_there_is_no_delay(void **state)
{
        (void)state;
        start(1);
        assert_int_equal(report().last_sr, 0);
        assert_int_equal(report().delay_since_last_sr, 0);
        receiver_on_sr(&r, &(struct rtcp_sender){0xaaaa1111, 0x2222bbbb, 0, 0, 0}, 3000);
        assert_int_equal(report().last_sr, 0x11112222);
        assert_int_equal(report().delay_since_last_sr, 2 * 65536);
        receiver_start(&r, 1, 1);
        assert_int_equal(report().last_sr, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(packets_in_order_are_new),
                cmocka_unit_test(extended_numbers_grow_across_the_wrap),
                cmocka_unit_test(duplicates_are_not_new),
                cmocka_unit_test(what_is_too_late_is_not_new),
                cmocka_unit_test(a_long_gap_is_loss_and_a_longer_one_a_restart),
                cmocka_unit_test(loss_is_counted_as_rfc_3550_has_it),
                cmocka_unit_test(duplicates_may_make_loss_negative),
                cmocka_unit_test(jitter_follows_the_formula),
                cmocka_unit_test(a_jump_of_the_timestamps_is_no_jitter),
                cmocka_unit_test(without_a_sender_report_there_is_no_delay),
        };
        return RUN_TESTS(tests);
}
