/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"
#include "scene.h"

#define KEY_PT 96 /* what the second phone calls telephone-event; the first one says 101 */

static struct scene s;
static char keys[64];

static int set_up(void **state)
{
        (void)state;
        scene_init(&s, 4711);
        struct media_stream b = phone_stream(&s.b, SDP_PCMA, SDP_PCMU);
        b.remote.dtmf_pt = KEY_PT;
        media_leg_set(s.media, s.leg_b, &b);
        media_join(s.media, s.leg_a, s.leg_b);
        phone_talk(&s, &s.a, 3);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        scene_fini(&s);
        return 0;
}

static struct media_stats stats_of(struct media_leg leg)
{
        struct media_stats stats;
        assert_true(media_leg_stats(s.media, leg, &stats));
        return stats;
}

/* The key presses that the second phone hears follow RFC 4733, whatever became of the first's. */
static void assert_well_formed(const struct phone *phone)
{
        uint32_t timestamp = 0;
        uint16_t duration = 0;
        unsigned ends = 3;
        bool any = false;
        for (unsigned i = 0; i < phone->heard_count; i++) {
                const struct heard *heard = &phone->heard[i];
                if (i > 0)
                        assert_int_equal((uint16_t)(heard->sequence - heard[-1].sequence), 1);
                if (heard->payload_type != KEY_PT)
                        continue;
                assert_int_equal(heard->bytes, 4);
                uint16_t now = (uint16_t)(heard->payload[2] << 8 | heard->payload[3]);
                bool end = heard->payload[1] & 0x80;
                if (!any || heard->timestamp != timestamp) {
                        assert_int_equal(ends, 3); /* of the press before */
                        assert_true(heard->marker);
                        if (any)
                                assert_true(heard->timestamp - timestamp >= duration);
                        ends = 0;
                        duration = 0;
                } else {
                        assert_false(heard->marker);
                }
                if (ends)
                        assert_int_equal(now, duration);
                assert_true(now >= duration);
                assert_true(!ends || end);
                ends += end;
                timestamp = heard->timestamp;
                duration = now;
                any = true;
        }
        assert_int_equal(ends, 3);
}

static uint16_t last_duration(const struct phone *phone)
{
        for (unsigned i = phone->heard_count; i-- > 0;) {
                const struct heard *heard = &phone->heard[i];
                if (heard->payload_type == KEY_PT)
                        return (uint16_t)(heard->payload[2] << 8 | heard->payload[3]);
        }
        return 0;
}

static void assert_digits(const char *expected)
{
        assert_int_equal(phone_keys(&s.b, KEY_PT, keys, sizeof keys), strlen(expected));
        assert_string_equal(keys, expected);
        assert_well_formed(&s.b);
        assert_int_equal(scene_told(&s, MEDIA_DIGIT), strlen(expected));
        for (unsigned i = 0, told = 0; i < s.told_count; i++) {
                if (s.told[i].event != MEDIA_DIGIT)
                        continue;
                assert_int_equal(s.told[i].digit, expected[told++]);
                assert_true(handle_equal(s.told[i].leg.h, s.leg_a.h));
        }
}

static void a_key_press_crosses_and_is_told(void **state)
{
        (void)state;
        phone_press(&s, &s.a, '5', 5);
        scene_run(&s, 200);
        assert_digits("5");
        assert_int_equal(last_duration(&s.b), 6 * FRAME);
}

static void every_key_crosses_in_order(void **state)
{
        (void)state;
        for (const char *digit = "0123456789*#ABCD"; *digit; digit++) {
                phone_press(&s, &s.a, *digit, 4);
                scene_run(&s, 40);
        }
        scene_run(&s, 500);
        assert_digits("0123456789*#ABCD");
}

static void hasty_presses_are_queued(void **state)
{
        (void)state;
        for (const char *digit = "18002000"; *digit; digit++)
                phone_press(&s, &s.a, *digit, 2);
        scene_run(&s, 2000);
        assert_digits("18002000");
}

static void the_same_key_twice_is_two_presses(void **state)
{
        (void)state;
        phone_press(&s, &s.a, '7', 5);
        scene_run(&s, 60);
        s.a.timestamp += 480;
        phone_press(&s, &s.a, '7', 5);
        scene_run(&s, 200);
        assert_digits("77");
}

static void one_end_of_three_is_enough(void **state)
{
        (void)state;
        for (int i = 1; i <= 4; i++) {
                phone_send_key(&s.a, 9, false, (uint16_t)(i * FRAME));
                scene_run(&s, 20);
        }
        s.a.sequence += 2; /* two of them lost */
        phone_send_key(&s.a, 9, true, 5 * FRAME);
        scene_run(&s, 300);
        assert_digits("9");
        assert_int_equal(last_duration(&s.b), 5 * FRAME);
}

static void a_press_whose_ends_are_all_lost_ends_by_time(void **state)
{
        (void)state;
        for (int i = 1; i <= 4; i++) {
                phone_send_key(&s.a, 3, false, (uint16_t)(i * FRAME));
                scene_run(&s, 20);
        }
        s.a.sequence += 3;
        s.a.timestamp += 5 * FRAME;
        phone_talk(&s, &s.a, 10);
        assert_int_equal(scene_told(&s, MEDIA_DIGIT), 0);
        phone_talk(&s, &s.a, 40);
        assert_digits("3");
        assert_true(last_duration(&s.b) < 600 * 8);

        /* and an end that comes after all changes nothing */
        s.a.timestamp -= 55 * FRAME;
        phone_send_key(&s.a, 3, true, 5 * FRAME);
        scene_run(&s, 200);
        assert_digits("3");
}

static void a_next_press_ends_one_whose_ends_were_lost(void **state)
{
        (void)state;
        phone_send_key(&s.a, 3, false, FRAME);
        scene_run(&s, 20);
        phone_send_key(&s.a, 3, false, 2 * FRAME);
        scene_run(&s, 20);
        s.a.timestamp += 1600;
        phone_press(&s, &s.a, '4', 4);
        scene_run(&s, 300);
        assert_digits("34");
}

static void a_press_of_which_only_the_end_arrives_counts(void **state)
{
        (void)state;
        phone_send_key(&s.a, 11, true, 800);
        scene_run(&s, 300);
        assert_digits("#");
        assert_int_equal(last_duration(&s.b), 800);
}

static void a_very_short_press_is_made_long_enough(void **state)
{
        (void)state;
        phone_send_key(&s.a, 1, true, 0);
        scene_run(&s, 300);
        assert_digits("1");
        assert_int_equal(last_duration(&s.b), 320);
}

static void a_press_in_segments_is_one_press(void **state)
{
        (void)state;
        /* RFC 4733 2.5.1.3: past 0xffff units the press goes on under another timestamp */
        for (uint32_t duration = 800; duration < 0xffff; duration += 800) {
                phone_send_key(&s.a, 2, false, (uint16_t)duration);
                scene_run(&s, 100);
        }
        phone_send_key(&s.a, 2, false, 0xffff);
        s.a.timestamp += 0xffff;
        phone_send_key(&s.a, 2, false, 800);
        scene_run(&s, 100);
        phone_send_key(&s.a, 2, true, 1600);
        scene_run(&s, 300);
        assert_digits("2");
}

static void lost_doubled_and_reordered_packets_do_not_double_a_press(void **state)
{
        (void)state;
        sim_world_set_network(
                s.world,
                &(struct sim_network){.delay_ms = 5, .jitter_ms = 50, .duplicate_permille = 300});
        for (const char *digit = "123456"; *digit; digit++) {
                phone_press(&s, &s.a, *digit, 6);
                s.a.timestamp += 800;
                scene_run(&s, 100);
        }
        scene_run(&s, 1000);
        assert_int_equal(scene_told(&s, MEDIA_DIGIT), 6);
        for (unsigned i = 0; i < 6; i++)
                assert_int_equal(s.told[i].digit, '1' + (int)i);
}

static void audio_gives_way_to_a_key_press_and_goes_on(void **state)
{
        (void)state;
        uint8_t payload[FRAME] = {0};
        phone_talk(&s, &s.a, 5);
        uint32_t press_began = s.a.timestamp;
        for (int i = 1; i <= 5; i++) {
                /* some send audio beside the event */
                uint32_t timestamp = s.a.timestamp;
                s.a.timestamp = press_began;
                phone_send_key(&s.a, 8, false, (uint16_t)(i * FRAME));
                s.a.timestamp = timestamp;
                phone_send(&s.a, payload, sizeof payload);
                scene_run(&s, 20);
        }
        uint32_t timestamp = s.a.timestamp;
        s.a.timestamp = press_began;
        for (int i = 0; i < 3; i++)
                phone_send_key(&s.a, 8, true, 6 * FRAME);
        s.a.timestamp = timestamp;
        phone_talk(&s, &s.a, 20);
        assert_digits("8");

        bool in_press = false, after = false;
        unsigned last = 0;
        for (unsigned i = 0; i < s.b.heard_count; i++) {
                bool is_key = s.b.heard[i].payload_type == KEY_PT;
                after |= in_press && !is_key;
                assert_false(after && is_key);
                in_press |= is_key;
                if (is_key)
                        last = i;
        }
        assert_true(after);
        /* in time, too: the audio after the press is later than its end */
        const struct heard *key = &s.b.heard[last], *next = &s.b.heard[last + 1];
        assert_true(next->timestamp - key->timestamp >= 6 * FRAME);
        assert_true(next->timestamp - key->timestamp < 20 * FRAME);
}

static void without_telephone_event_there_it_is_dropped_and_counted(void **state)
{
        (void)state;
        struct media_stream b = phone_stream(&s.b, SDP_PCMA, SDP_PCMU);
        b.remote.dtmf_pt = SDP_NO_PT;
        media_leg_set(s.media, s.leg_b, &b);
        unsigned before = s.b.heard_count;
        phone_press(&s, &s.a, '5', 5);
        phone_talk(&s, &s.a, 3);
        assert_int_equal(scene_told(&s, MEDIA_DIGIT), 1);
        assert_int_equal(stats_of(s.leg_b).dropped_keys, 1);
        assert_int_equal(s.b.heard_count, before + 3);
        assert_int_equal(phone_count(&s.b, 8), s.b.heard_count);
        /* the press leaves no gap in the numbers */
        assert_int_equal((uint16_t)(s.b.heard[before].sequence - s.b.heard[before - 1].sequence),
                         1);
}

static void events_not_agreed_are_no_key_presses(void **state)
{
        (void)state;
        struct media_stream a = phone_stream(&s.a, SDP_PCMA, SDP_PCMU);
        a.remote.dtmf_pt = SDP_NO_PT;
        media_leg_set(s.media, s.leg_a, &a);
        phone_press(&s, &s.a, '5', 5);
        scene_run(&s, 600);
        assert_int_equal(scene_told(&s, MEDIA_DIGIT), 0);
        assert_int_equal(phone_count(&s.b, KEY_PT), 0);
        assert_int_equal(stats_of(s.leg_a).dropped_format, 8);
}

static void events_that_are_no_keys_do_not_cross(void **state)
{
        (void)state;
        static const uint8_t events[] = {16, 32, 36, 64, 255};
        for (size_t i = 0; i < sizeof events; i++) {
                phone_send_key(&s.a, events[i], false, FRAME);
                phone_send_key(&s.a, events[i], true, 2 * FRAME);
                s.a.timestamp += 1600;
                scene_run(&s, 100);
        }
        scene_run(&s, 600);
        assert_int_equal(s.told_count, 0);
        assert_int_equal(phone_count(&s.b, KEY_PT), 0);
        assert_int_equal(stats_of(s.leg_a).dropped_format, 2 * sizeof events);
}

static void a_cut_event_is_dropped(void **state)
{
        (void)state;
        s.a.pt = 101;
        phone_send(&s.a, "\x05\x0a", 2);
        scene_run(&s, 600);
        assert_int_equal(s.told_count, 0);
        assert_int_equal(stats_of(s.leg_a).dropped_format, 1);
}

static void a_key_press_is_told_without_a_partner(void **state)
{
        (void)state;
        media_part(s.media, s.leg_a);
        phone_press(&s, &s.a, '6', 5);
        scene_run(&s, 600);
        assert_int_equal(scene_told(&s, MEDIA_DIGIT), 1);
        assert_int_equal(phone_count(&s.b, KEY_PT), 0);
}

static void parting_ends_an_open_press(void **state)
{
        (void)state;
        phone_send_key(&s.a, 6, false, FRAME);
        scene_run(&s, 20);
        phone_send_key(&s.a, 6, false, 2 * FRAME);
        scene_run(&s, 20);
        media_part(s.media, s.leg_a);
        scene_run(&s, 1000);
        assert_digits("6");
}

static void another_source_ends_an_open_press(void **state)
{
        (void)state;
        phone_send_key(&s.a, 6, false, FRAME);
        scene_run(&s, 20);
        s.a.ssrc++;
        s.a.timestamp = 1;
        phone_talk(&s, &s.a, 3);
        scene_run(&s, 200);
        assert_digits("6");
        /* older in number, but another line: it counts */
        phone_press(&s, &s.a, '1', 4);
        scene_run(&s, 300);
        assert_digits("61");
}

static void digits_of_ours_are_sent_one_after_the_other(void **state)
{
        (void)state;
        for (const char *digit = "1234#"; *digit; digit++)
                media_leg_send_digit(s.media, s.leg_b, *digit, 100);
        media_leg_send_digit(s.media, s.leg_b, 'x', 100);
        scene_run(&s, 2000);
        assert_int_equal(phone_keys(&s.b, KEY_PT, keys, sizeof keys), 5);
        assert_string_equal(keys, "1234#");
        assert_well_formed(&s.b);
        assert_int_equal(last_duration(&s.b), 800);
        assert_int_equal(s.told_count, 0);
}

static void too_many_digits_are_counted(void **state)
{
        (void)state;
        for (int i = 0; i < 40; i++)
                media_leg_send_digit(s.media, s.leg_b, '1', 100);
        assert_int_equal(stats_of(s.leg_b).dropped_keys, 8);
        media_leg_send_digit(s.media, s.leg_a, '1', 0);
        scene_run(&s, 20000);
        assert_int_equal(phone_keys(&s.b, KEY_PT, keys, sizeof keys), 32);
        assert_int_equal(phone_keys(&s.a, 101, keys, sizeof keys), 1);
}

static void a_key_longer_than_can_be_said_is_cut(void **state)
{
        (void)state;
        media_leg_send_digit(s.media, s.leg_b, '1', 3600000);
        media_leg_send_digit(s.media, s.leg_b, '2', 100);
        scene_run(&s, 12000);
        assert_int_equal(phone_keys(&s.b, KEY_PT, keys, sizeof keys), 2);
        assert_well_formed(&s.b);
}

static void close_on_digit(struct scene *scene, struct media_leg leg, enum media_event event)
{
        if (event == MEDIA_DIGIT)
                media_leg_close(scene->media, leg);
}

static void the_handler_may_close_the_leg(void **state)
{
        (void)state;
        s.on_event = close_on_digit;
        phone_send_key(&s.a, 3, false, FRAME);
        scene_run(&s, 20);
        s.a.timestamp += 1600;
        phone_send_key(&s.a, 4, true, 800); /* ends both */
        scene_run(&s, 1000);
        assert_int_equal(scene_told(&s, MEDIA_DIGIT), 1);
        assert_int_equal(media_legs_in_use(s.media), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(a_key_press_crosses_and_is_told),
                TEST(every_key_crosses_in_order),
                TEST(hasty_presses_are_queued),
                TEST(the_same_key_twice_is_two_presses),
                TEST(one_end_of_three_is_enough),
                TEST(a_press_whose_ends_are_all_lost_ends_by_time),
                TEST(a_next_press_ends_one_whose_ends_were_lost),
                TEST(a_press_of_which_only_the_end_arrives_counts),
                TEST(a_very_short_press_is_made_long_enough),
                TEST(a_press_in_segments_is_one_press),
                TEST(lost_doubled_and_reordered_packets_do_not_double_a_press),
                TEST(audio_gives_way_to_a_key_press_and_goes_on),
                TEST(without_telephone_event_there_it_is_dropped_and_counted),
                TEST(events_not_agreed_are_no_key_presses),
                TEST(events_that_are_no_keys_do_not_cross),
                TEST(a_cut_event_is_dropped),
                TEST(a_key_press_is_told_without_a_partner),
                TEST(parting_ends_an_open_press),
                TEST(another_source_ends_an_open_press),
                TEST(digits_of_ours_are_sent_one_after_the_other),
                TEST(too_many_digits_are_counted),
                TEST(a_key_longer_than_can_be_said_is_cut),
                TEST(the_handler_may_close_the_leg),
        };
        return RUN_TESTS(tests);
}
