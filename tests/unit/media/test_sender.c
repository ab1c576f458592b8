/* SPDX-License-Identifier: Apache-2.0 */
#include "media/sender.h"

#include "../unit.h"

static struct sender s;
static struct random seeded;

static int set_up(void **state)
{
        (void)state;
        random_init_seeded(&seeded, 8);
        sender_init(&s, &seeded);
        return 0;
}

static bool relay(int64_t now_ms, uint32_t extended, uint32_t timestamp, struct rtp *out)
{
        struct rtp in = {.timestamp = timestamp};
        return sender_relay(&s, now_ms, 1, extended, &in, out);
}

static void numbers_begin_anywhere(void **state)
{
        (void)state;
        struct sender other;
        sender_init(&other, &seeded);
        assert_int_not_equal(s.ssrc, other.ssrc);
        assert_int_not_equal(s.sequence, other.sequence);
        assert_int_not_equal(s.clock_timestamp, other.clock_timestamp);
}

static void own_frames_follow_each_other(void **state)
{
        (void)state;
        struct rtp first, next;
        sender_frame(&s, 1000, 160, &first);
        assert_true(first.marker);
        for (int i = 1; i < 100; i++) {
                sender_frame(&s, 1000 + 20 * i + i % 3, 160, &next);
                assert_false(next.marker);
                assert_int_equal((uint16_t)(next.sequence - first.sequence), i);
                assert_int_equal(next.timestamp - first.timestamp, 160 * i);
        }
}

static void a_pause_moves_the_clock_on(void **state)
{
        (void)state;
        struct rtp before, after;
        sender_frame(&s, 1000, 160, &before);
        sender_frame(&s, 11000, 160, &after);
        assert_true(after.marker);
        assert_int_equal(after.timestamp - before.timestamp, 80000);
        assert_int_equal((uint16_t)(after.sequence - before.sequence), 1);
}

static void distances_of_the_source_are_kept(void **state)
{
        (void)state;
        struct rtp first, out;
        assert_true(relay(1000, 70000, 5000, &first));
        assert_true(first.marker);
        assert_true(relay(1060, 70003, 5480, &out));
        assert_int_equal((uint16_t)(out.sequence - first.sequence), 3);
        assert_int_equal(out.timestamp - first.timestamp, 480);
        assert_false(out.marker);
        assert_true(relay(1061, 70001, 5160, &out)); /* overtaken */
        assert_int_equal((uint16_t)(out.sequence - first.sequence), 1);
        assert_true(relay(1080, 70004, 5640, &out));
        assert_int_equal((uint16_t)(out.sequence - first.sequence), 4);
}

static void what_is_skipped_leaves_no_gap(void **state)
{
        (void)state;
        struct rtp first, out;
        assert_true(relay(1000, 100, 0, &first));
        sender_skip(&s, 1, 101);
        sender_skip(&s, 1, 102);
        sender_skip(&s, 1, 102); /* once is enough */
        assert_true(relay(1060, 103, 480, &out));
        assert_int_equal((uint16_t)(out.sequence - first.sequence), 1);
        assert_int_equal(out.timestamp - first.timestamp, 480);
}

/* Whatever is skipped, late or lost: no number is used for two packets. */
static void no_number_is_used_twice(void **state)
{
        (void)state;
        for (int round = 0; round < 2000; round++) {
                bool used[65536] = {false};
                uint32_t order[64];
                sender_init(&s, &seeded);
                for (uint32_t i = 0; i < 64; i++)
                        order[i] = i;
                for (uint32_t i = 0; i < 60; i++) { /* disorder of a few places */
                        uint32_t j = i + random_below(&seeded, 4);
                        uint32_t swap = order[i];
                        order[i] = order[j];
                        order[j] = swap;
                }
                for (uint32_t i = 0; i < 64; i++) {
                        struct rtp out;
                        int64_t now_ms = 1000 + 20 * i;
                        uint32_t kind = random_below(&seeded, 10);
                        if (kind == 0) {
                                sender_frame(&s, now_ms, 160, &out);
                        } else if (kind == 1) {
                                sender_event(&s, now_ms, sender_next_timestamp(&s, now_ms), true,
                                             &out);
                        } else if (kind <= 3) {
                                sender_skip(&s, 1, 1000 + order[i]);
                                continue;
                        } else if (!relay(now_ms, 1000 + order[i], order[i] * 160, &out)) {
                                continue;
                        }
                        assert_false(used[out.sequence]);
                        used[out.sequence] = true;
                }
        }
}

static void what_came_before_the_mapping_cannot_be_placed(void **state)
{
        (void)state;
        struct rtp out;
        assert_true(relay(1000, 100, 16000, &out));
        assert_false(relay(1001, 99, 15840, &out));
        assert_true(relay(1020, 101, 16160, &out));
        sender_event(&s, 1030, sender_next_timestamp(&s, 1030), true, &out);
        assert_true(relay(1060, 103, 16480, &out));
        assert_false(relay(1061, 102, 16320, &out));
}

static void another_epoch_is_another_source(void **state)
{
        (void)state;
        struct rtp first, out, in = {.timestamp = 7};
        assert_true(relay(1000, 100, 16000, &first));
        assert_true(sender_relay(&s, 1020, 2, 5, &in, &out));
        assert_true(out.marker);
        assert_int_equal((uint16_t)(out.sequence - first.sequence), 1);
        assert_int_equal(out.timestamp - first.timestamp, 160);
        sender_skip(&s, 1, 101); /* of the old one: not our mapping's */
        in.timestamp = 167;
        assert_true(sender_relay(&s, 1040, 2, 6, &in, &out));
        assert_int_equal((uint16_t)(out.sequence - first.sequence), 2);
}

static void a_key_press_is_placed_after_the_audio_and_audio_after_it(void **state)
{
        (void)state;
        struct rtp audio, key, again;
        assert_true(relay(1000, 100, 16000, &audio));
        uint32_t start = sender_next_timestamp(&s, 1005);
        assert_int_equal(start - audio.timestamp, 160);
        sender_event(&s, 1005, start, true, &key);
        assert_true(key.marker);
        assert_int_equal((uint16_t)(key.sequence - audio.sequence), 1);
        sender_event(&s, 1025, start, false, &key);
        assert_false(key.marker);
        assert_int_equal(key.timestamp, start);
        assert_true(relay(1120, 106, 16960, &again));
        assert_int_equal((uint16_t)(again.sequence - key.sequence), 1);
        assert_int_equal(again.timestamp - audio.timestamp, 960);
}

static void a_burst_after_a_stall_stays_on_the_line(void **state)
{
        (void)state;
        struct rtp first, out;
        assert_true(relay(1000, 100, 0, &first));
        for (uint32_t i = 1; i <= 100; i++) { /* two seconds, delivered at once */
                assert_true(relay(3000, 100 + i, 160 * i, &out));
                assert_int_equal(out.timestamp - first.timestamp, 160 * i);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(numbers_begin_anywhere, set_up),
                cmocka_unit_test_setup(own_frames_follow_each_other, set_up),
                cmocka_unit_test_setup(a_pause_moves_the_clock_on, set_up),
                cmocka_unit_test_setup(distances_of_the_source_are_kept, set_up),
                cmocka_unit_test_setup(what_is_skipped_leaves_no_gap, set_up),
                cmocka_unit_test_setup(no_number_is_used_twice, set_up),
                cmocka_unit_test_setup(what_came_before_the_mapping_cannot_be_placed, set_up),
                cmocka_unit_test_setup(another_epoch_is_another_source, set_up),
                cmocka_unit_test_setup(a_key_press_is_placed_after_the_audio_and_audio_after_it,
                                       set_up),
                cmocka_unit_test_setup(a_burst_after_a_stall_stays_on_the_line, set_up),
        };
        return RUN_TESTS(tests);
}
