/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"
#include "scene.h"

static struct scene s;
static int16_t samples[8000];
static const struct media_sound second_of_sound = {samples, 8000};

static int set_up(void **state)
{
        (void)state;
        scene_init(&s, 5);
        for (int i = 0; i < 8000; i++)
                samples[i] = (int16_t)(i / FRAME * 100);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        scene_fini(&s);
        return 0;
}

static void assert_one_line(const struct phone *phone)
{
        for (unsigned i = 1; i < phone->heard_count; i++) {
                const struct heard *before = &phone->heard[i - 1], *now = &phone->heard[i];
                assert_int_equal(now->ssrc, before->ssrc);
                assert_int_equal((uint16_t)(now->sequence - before->sequence), 1);
                assert_true((int32_t)(now->timestamp - before->timestamp) >= FRAME);
        }
}

static void a_sound_is_played_at_its_own_pace(void **state)
{
        (void)state;
        int64_t begin_ms = sim_world_now_ms(s.world);
        media_leg_play(s.media, s.leg_a, &second_of_sound, 1);
        assert_int_equal(s.told_count, 0);
        scene_run(&s, 3000);
        assert_int_equal(s.a.heard_count, 50);
        assert_one_line(&s.a);
        for (unsigned i = 0; i < 50; i++) {
                assert_int_equal(s.a.heard[i].at_ms, begin_ms + 5 + 20 * (int)i);
                assert_int_equal(s.a.heard[i].bytes, FRAME);
                assert_int_equal(s.a.heard[i].payload_type, 8);
                assert_int_equal(s.a.heard[i].marker, i == 0);
                if (i)
                        assert_int_equal(s.a.heard[i].timestamp - s.a.heard[i - 1].timestamp,
                                         FRAME);
        }
        assert_int_equal(scene_told(&s, MEDIA_PLAYED), 1);
        assert_true(handle_equal(s.told[0].leg.h, s.leg_a.h));
        assert_int_equal(s.told[0].at_ms, begin_ms + 1000);
        assert_int_equal(s.b.heard_count, 0);
}

static void samples_are_coded_in_the_peers_first_codec(void **state)
{
        (void)state;
        struct media_stream a = phone_stream(&s.a, SDP_PCMU, SDP_PCMA);
        static const int16_t four[4] = {0, 1000, -1000, 32767};
        /* ITU-T G.711: made with another encoder */
        static const uint8_t ulaw[4] = {0xff, 0xce, 0x4e, 0x80};
        static const uint8_t alaw[4] = {0xd5, 0xfa, 0x7a, 0xaa};
        struct media_sound sound = {four, 4};
        media_leg_set(s.media, s.leg_a, &a);
        media_leg_play(s.media, s.leg_a, &sound, 1);
        media_leg_play(s.media, s.leg_b, &sound, 1);
        scene_run(&s, 100);
        assert_int_equal(s.a.heard_count, 1);
        assert_int_equal(s.a.heard[0].payload_type, 0);
        assert_memory_equal(s.a.heard[0].payload, ulaw, 4);
        assert_int_equal(s.a.heard[0].payload[4], 0xff);
        assert_int_equal(s.a.heard[0].payload[FRAME - 1], 0xff);
        assert_int_equal(s.b.heard[0].payload_type, 8);
        assert_memory_equal(s.b.heard[0].payload, alaw, 4);
        assert_int_equal(s.b.heard[0].payload[FRAME - 1], 0xd5);
}

static void a_sound_is_played_as_often_as_asked(void **state)
{
        (void)state;
        struct media_sound sound = {samples, 240}; /* one and a half frames */
        media_leg_play(s.media, s.leg_a, &sound, 3);
        scene_run(&s, 1000);
        assert_int_equal(s.a.heard_count, 5); /* 720 samples */
        assert_int_equal(scene_told(&s, MEDIA_PLAYED), 1);
        /* the second round begins in the middle of a frame, without a pause */
        assert_int_equal(s.a.heard[1].payload[79], s.a.heard[1].payload[0]);
        assert_int_equal(s.a.heard[1].payload[80], s.a.heard[0].payload[0]);
}

static void an_endless_sound_ends_when_stopped(void **state)
{
        (void)state;
        struct media_sound sound = {samples, 200};
        media_leg_play(s.media, s.leg_a, &sound, 0);
        scene_run(&s, 59990);
        assert_int_equal(s.a.heard_count, 3000);
        assert_one_line(&s.a);
        media_leg_stop(s.media, s.leg_a);
        scene_run(&s, 1000);
        assert_int_equal(s.a.heard_count, 3000);
        assert_int_equal(scene_told(&s, MEDIA_PLAYED), 0);
}

static void an_empty_sound_is_played_at_once(void **state)
{
        (void)state;
        struct media_sound nothing = {0};
        media_leg_play(s.media, s.leg_a, &nothing, 0);
        assert_int_equal(s.told_count, 0);
        scene_run(&s, 20);
        assert_int_equal(scene_told(&s, MEDIA_PLAYED), 1);
        assert_int_equal(s.a.heard_count, 0);
}

static void another_sound_replaces_the_first(void **state)
{
        (void)state;
        static const int16_t loud[FRAME] = {32000, 32000};
        struct media_sound sound = {loud, FRAME};
        media_leg_play(s.media, s.leg_a, &second_of_sound, 0);
        scene_run(&s, 105);
        media_leg_play(s.media, s.leg_a, &sound, 1);
        scene_run(&s, 1000);
        assert_int_equal(s.a.heard_count, 7);
        assert_int_equal(s.a.heard[6].payload[0], 0xaa);
        assert_int_equal(s.a.heard[6].at_ms - s.a.heard[5].at_ms, 20);
        assert_one_line(&s.a);
        assert_int_equal(scene_told(&s, MEDIA_PLAYED), 1);
}

static void play_again(struct scene *scene, struct media_leg leg, enum media_event event)
{
        if (event == MEDIA_PLAYED && scene->told_count < 3)
                media_leg_play(scene->media, leg, &second_of_sound, 1);
}

static void one_sound_after_the_other_has_no_gap(void **state)
{
        (void)state;
        s.on_event = play_again;
        media_leg_play(s.media, s.leg_a, &second_of_sound, 1);
        scene_run(&s, 10000);
        assert_int_equal(s.a.heard_count, 150);
        for (unsigned i = 1; i < 150; i++)
                assert_in_range(s.a.heard[i].at_ms - s.a.heard[i - 1].at_ms, 20, 20);
}

static void close_leg(struct scene *scene, struct media_leg leg, enum media_event event)
{
        if (event == MEDIA_PLAYED)
                media_leg_close(scene->media, leg);
}

static void the_handler_may_close_the_leg(void **state)
{
        (void)state;
        s.on_event = close_leg;
        media_leg_play(s.media, s.leg_a, &second_of_sound, 1);
        media_leg_send_digit(s.media, s.leg_a, '1', 1500);
        scene_run(&s, 3000);
        assert_int_equal(media_legs_in_use(s.media), 1);
}

static void relayed_audio_waits_while_a_sound_plays(void **state)
{
        (void)state;
        media_join(s.media, s.leg_a, s.leg_b);
        phone_talk(&s, &s.b, 3);
        assert_int_equal(s.a.heard_count, 2);
        media_leg_play(s.media, s.leg_a, &second_of_sound, 1);
        phone_talk(&s, &s.b, 50);
        assert_int_equal(s.a.heard_count, 52);
        for (unsigned i = 2; i < 52; i++)
                assert_int_not_equal(s.a.heard[i].payload[0], i - 1);
        /* the other direction is not concerned */
        phone_talk(&s, &s.a, 10);
        assert_int_equal(s.b.heard_count, 9);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(s.a.heard_count, 62);
}

static void ringback_turns_into_talk_on_one_line(void **state)
{
        (void)state;
        media_leg_play(s.media, s.leg_a, &second_of_sound, 0);
        scene_run(&s, 4010);
        phone_talk(&s, &s.b, 10);
        unsigned rung = s.a.heard_count;
        media_leg_stop(s.media, s.leg_a);
        media_join(s.media, s.leg_a, s.leg_b);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(s.a.heard_count, rung + 10);
        assert_one_line(&s.a);
        const struct heard *last_ring = &s.a.heard[rung - 1], *first_word = &s.a.heard[rung];
        assert_true(first_word->marker);
        assert_int_equal(first_word->payload[0], 1);
        /* no jump: the time that has passed */
        assert_in_range(first_word->timestamp - last_ring->timestamp, FRAME, 2 * FRAME);
        for (unsigned i = rung + 1; i < s.a.heard_count; i++)
                assert_false(s.a.heard[i].marker);

        /* and back */
        media_leg_play(s.media, s.leg_a, &second_of_sound, 1);
        scene_run(&s, 2000);
        assert_one_line(&s.a);
        assert_int_equal(s.a.heard_count, rung + 60);
}

static void a_held_phone_hears_no_sound_but_the_sound_ends(void **state)
{
        (void)state;
        struct media_stream a = phone_stream(&s.a, SDP_PCMA, SDP_PCMU);
        a.remote.direction = SDP_INACTIVE;
        media_leg_set(s.media, s.leg_a, &a);
        media_leg_play(s.media, s.leg_a, &second_of_sound, 1);
        scene_run(&s, 490);
        a.remote.direction = SDP_SENDRECV;
        media_leg_set(s.media, s.leg_a, &a);
        scene_run(&s, 2000);
        assert_int_equal(s.a.heard_count, 25);
        assert_int_equal(scene_told(&s, MEDIA_PLAYED), 1);
}

static void a_leg_without_a_stream_is_played_to_in_silence(void **state)
{
        (void)state;
        struct media_leg leg;
        assert_int_equal(media_leg_open(s.media, (struct handle){1, 1}, &leg), 0);
        media_leg_play(s.media, leg, &second_of_sound, 1);
        scene_run(&s, 2000);
        assert_int_equal(scene_told(&s, MEDIA_PLAYED), 1);
}

static void a_key_press_interrupts_the_sound(void **state)
{
        (void)state;
        media_leg_play(s.media, s.leg_a, &second_of_sound, 1);
        scene_run(&s, 200);
        media_leg_send_digit(s.media, s.leg_a, '5', 100);
        scene_run(&s, 2000);
        assert_int_equal(phone_count(&s.a, 101), 7); /* 5 packets, the last one three times */
        assert_int_equal(phone_count(&s.a, 8), 43);
        assert_int_equal(scene_told(&s, MEDIA_PLAYED), 1);
}

static void silence_of_a_peer_is_told(void **state)
{
        (void)state;
        int64_t begin_ms = sim_world_now_ms(s.world);
        struct media_stream b = phone_stream(&s.b, SDP_PCMA, SDP_PCMU);
        b.remote.direction = SDP_RECVONLY; /* never expected to send */
        media_leg_set(s.media, s.leg_b, &b);
        phone_talk(&s, &s.a, 100);
        scene_run(&s, 59900);
        assert_int_equal(s.told_count, 0);
        scene_run(&s, 200);
        assert_int_equal(scene_told(&s, MEDIA_SILENT), 1);
        assert_true(handle_equal(s.told[0].leg.h, s.leg_a.h));
        assert_in_range(s.told[0].at_ms - begin_ms, 61985, 61986);

        scene_run(&s, 60000);
        assert_int_equal(scene_told(&s, MEDIA_SILENT), 2);
        phone_talk(&s, &s.a, 1);
        scene_run(&s, 59000);
        phone_talk(&s, &s.a, 1);
        scene_run(&s, 59000);
        assert_int_equal(scene_told(&s, MEDIA_SILENT), 2);
}

static void a_hold_is_no_silence(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 10);
        struct media_stream a = phone_stream(&s.a, SDP_PCMA, SDP_PCMU);
        struct media_stream b = phone_stream(&s.b, SDP_PCMA, SDP_PCMU);
        a.remote.direction = SDP_INACTIVE;
        b.remote.direction = SDP_RECVONLY;
        media_leg_set(s.media, s.leg_a, &a);
        media_leg_set(s.media, s.leg_b, &b);
        scene_run(&s, 3600000);
        assert_int_equal(s.told_count, 0);
        a.remote.direction = SDP_SENDONLY; /* with or without music */
        media_leg_set(s.media, s.leg_a, &a);
        scene_run(&s, 3600000);
        assert_int_equal(s.told_count, 0);
        a.remote.direction = SDP_SENDRECV;
        media_leg_set(s.media, s.leg_a, &a);
        scene_run(&s, 59000);
        assert_int_equal(s.told_count, 0);
        scene_run(&s, 2000);
        assert_int_equal(scene_told(&s, MEDIA_SILENT), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(a_sound_is_played_at_its_own_pace),
                TEST(samples_are_coded_in_the_peers_first_codec),
                TEST(a_sound_is_played_as_often_as_asked),
                TEST(an_endless_sound_ends_when_stopped),
                TEST(an_empty_sound_is_played_at_once),
                TEST(another_sound_replaces_the_first),
                TEST(one_sound_after_the_other_has_no_gap),
                TEST(the_handler_may_close_the_leg),
                TEST(relayed_audio_waits_while_a_sound_plays),
                TEST(ringback_turns_into_talk_on_one_line),
                TEST(a_held_phone_hears_no_sound_but_the_sound_ends),
                TEST(a_leg_without_a_stream_is_played_to_in_silence),
                TEST(a_key_press_interrupts_the_sound),
                TEST(silence_of_a_peer_is_told),
                TEST(a_hold_is_no_silence),
        };
        return RUN_TESTS(tests);
}
