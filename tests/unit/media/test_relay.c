/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"
#include "scene.h"

static struct scene s;

static int set_up(void **state)
{
        (void)state;
        scene_init(&s, 42);
        media_join(s.media, s.leg_a, s.leg_b);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        scene_fini(&s);
        return 0;
}

static const struct heard *last_of(const struct phone *phone)
{
        assert_true(phone->heard_count > 0);
        return &phone->heard[phone->heard_count - 1];
}

static struct media_stats stats_of(struct media_leg leg)
{
        struct media_stats stats;
        assert_true(media_leg_stats(s.media, leg, &stats));
        return stats;
}

/* Sequence numbers and timestamps go up together, frame by frame, from heard `from` on. */
static void assert_one_line(const struct phone *phone, unsigned from)
{
        for (unsigned i = from + 1; i < phone->heard_count; i++) {
                const struct heard *before = &phone->heard[i - 1], *now = &phone->heard[i];
                assert_int_equal(now->ssrc, before->ssrc);
                assert_int_equal((uint16_t)(now->sequence - before->sequence), 1);
                assert_int_equal(now->timestamp - before->timestamp, FRAME);
                assert_int_equal(now->first_byte, 0x80);
        }
}

static void two_phones_hear_each_other(void **state)
{
        (void)state;
        for (int i = 0; i < 50; i++) {
                uint8_t payload[FRAME];
                memset(payload, i, sizeof payload);
                phone_send(&s.a, payload, sizeof payload);
                memset(payload, 100 + i, sizeof payload);
                phone_send(&s.b, payload, sizeof payload);
                scene_run(&s, 20);
        }
        /* one packet each goes into the proof that a source is one (RFC 3550 A.1) */
        assert_int_equal(s.a.heard_count, 49);
        assert_int_equal(s.b.heard_count, 49);
        for (unsigned i = 0; i < 49; i++) {
                assert_int_equal(s.b.heard[i].payload[0], i + 1);
                assert_int_equal(s.b.heard[i].payload[FRAME - 1], i + 1);
                assert_int_equal(s.a.heard[i].payload[0], 101 + i);
                assert_int_equal(s.a.heard[i].payload_type, 8);
                assert_int_equal(s.b.heard[i].bytes, FRAME);
        }
        assert_one_line(&s.a, 0);
        assert_one_line(&s.b, 0);
        struct addr local = media_leg_local(s.media, s.leg_b).ip4;
        assert_true(addr_equal(&last_of(&s.b)->from, &local));
        assert_int_equal(stats_of(s.leg_a).packets_in, 49);
        assert_int_equal(stats_of(s.leg_b).packets_out, 49);
        assert_int_equal(stats_of(s.leg_a).lost_in, 0);
}

static void each_leg_has_numbers_of_its_own(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 3);
        phone_talk(&s, &s.b, 3);
        const struct heard *at_a = last_of(&s.a), *at_b = last_of(&s.b);
        assert_int_not_equal(at_a->ssrc, at_b->ssrc);
        assert_int_not_equal(at_b->ssrc, s.a.ssrc);
        assert_int_not_equal(at_a->ssrc, s.b.ssrc);
        assert_int_not_equal(at_b->sequence, (uint16_t)(s.a.sequence - 1));
        assert_int_not_equal(at_b->timestamp, s.a.timestamp - FRAME);
        assert_true(s.b.heard[0].marker);
        assert_false(s.b.heard[1].marker);
}

static void a_leg_alone_is_sent_nothing(void **state)
{
        (void)state;
        media_part(s.media, s.leg_b);
        phone_talk(&s, &s.a, 50);
        scene_run(&s, 1000);
        assert_int_equal(s.a.heard_count, 0);
        assert_int_equal(s.b.heard_count, 0);
        assert_int_equal(stats_of(s.leg_a).packets_in, 49);
}

static void joining_again_parts_from_the_former_partner(void **state)
{
        (void)state;
        static struct phone c;
        struct media_leg leg_c;
        phone_open(&s, &c, "203.0.113.30:7000");
        assert_int_equal(media_leg_open(s.media, (struct handle){9, 1}, &leg_c), 0);
        c.peer = media_leg_local(s.media, leg_c).ip4;
        struct media_stream stream = phone_stream(&c, SDP_PCMA, NO_CODEC);
        media_leg_set(s.media, leg_c, &stream);

        phone_talk(&s, &s.a, 10);
        assert_int_equal(s.b.heard_count, 9);
        media_join(s.media, s.leg_a, leg_c);
        phone_talk(&s, &s.a, 10);
        assert_int_equal(s.b.heard_count, 9);
        assert_int_equal(c.heard_count, 10);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(s.a.heard_count, 0);
}

static void the_laws_are_recoded_where_they_differ(void **state)
{
        (void)state;
        struct media_stream a = phone_stream(&s.a, SDP_PCMA, NO_CODEC);
        struct media_stream b = phone_stream(&s.b, SDP_PCMU, NO_CODEC);
        media_leg_set(s.media, s.leg_a, &a);
        media_leg_set(s.media, s.leg_b, &b);
        s.b.pt = 0;
        uint8_t alaw_silence[FRAME], ulaw_silence[FRAME], ulaw_plus_8[FRAME];
        memset(alaw_silence, 0xd5, sizeof alaw_silence);
        memset(ulaw_silence, 0xff, sizeof ulaw_silence);
        memset(ulaw_plus_8, 0xfe, sizeof ulaw_plus_8); /* the nearest: A-law has no zero */
        for (int i = 0; i < 3; i++) {
                phone_send(&s.a, alaw_silence, FRAME);
                phone_send(&s.b, ulaw_silence, FRAME);
                scene_run(&s, 20);
        }
        assert_int_equal(last_of(&s.b)->payload_type, 0);
        assert_memory_equal(last_of(&s.b)->payload, ulaw_plus_8, FRAME);
        assert_int_equal(last_of(&s.a)->payload_type, 8);
        assert_memory_equal(last_of(&s.a)->payload, alaw_silence, FRAME);
}

static void a_law_that_both_know_passes_as_it_is(void **state)
{
        (void)state;
        s.a.pt = 0;
        phone_talk(&s, &s.a, 3);
        assert_int_equal(last_of(&s.b)->payload_type, 0);
        assert_int_equal(last_of(&s.b)->payload[0], 3);
}

static void payload_types_are_the_receivers(void **state)
{
        (void)state;
        struct media_stream b = phone_stream(&s.b, SDP_PCMA, NO_CODEC);
        b.remote.codec_pt[SDP_PCMA] = 97;
        media_leg_set(s.media, s.leg_b, &b);
        phone_talk(&s, &s.a, 3);
        assert_int_equal(last_of(&s.b)->payload_type, 97);
}

static void what_we_described_is_accepted_too(void **state)
{
        (void)state;
        struct media_stream a = phone_stream(&s.a, SDP_PCMA, NO_CODEC);
        a.local = a.remote;
        a.local.codec_pt[SDP_PCMA] = 98;
        media_leg_set(s.media, s.leg_a, &a);
        s.a.pt = 98;
        phone_talk(&s, &s.a, 3);
        s.a.pt = 8;
        phone_talk(&s, &s.a, 3);
        assert_int_equal(s.b.heard_count, 5);
        assert_int_equal(phone_count(&s.b, 8), 5);
}

static void payload_types_not_agreed_are_dropped(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 3);
        static const uint8_t others[] = {3, 9, 13, 18, 34, 96, 127};
        for (size_t i = 0; i < sizeof others; i++) {
                s.a.pt = others[i];
                phone_talk(&s, &s.a, 1);
        }
        assert_int_equal(s.b.heard_count, 2);
        assert_int_equal(stats_of(s.leg_a).dropped_format, sizeof others);

        /* and leave no gap behind */
        s.a.pt = 8;
        phone_talk(&s, &s.a, 2);
        assert_int_equal(s.b.heard_count, 4);
        assert_int_equal((uint16_t)(s.b.heard[2].sequence - s.b.heard[1].sequence), 1);
}

static void odd_packets_are_dropped_and_counted(void **state)
{
        (void)state;
        static uint8_t giant[1501] = {0x80, 8};
        phone_talk(&s, &s.a, 2);
        phone_send_raw(&s.a, giant, sizeof giant);
        phone_send_raw(&s.a, "", 0);
        phone_send_raw(&s.a, "hello", 5);
        phone_send_raw(&s.a, "INVITE sip:x SIP/2.0\r\n\r\n", 24);
        scene_run(&s, 20);
        assert_int_equal(stats_of(s.leg_a).dropped_format, 4);
        assert_int_equal(s.b.heard_count, 1);
}

static void a_packet_without_audio_is_not_passed_on(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 2);
        phone_send(&s.a, "", 0);
        phone_talk(&s, &s.a, 1);
        assert_int_equal(s.b.heard_count, 2);
        assert_one_line(&s.b, 0);
        assert_int_equal(stats_of(s.leg_a).dropped_format, 0);
}

static void other_packet_times_survive(void **state)
{
        (void)state;
        uint8_t payload[240] = {1};
        for (int i = 0; i < 5; i++) {
                phone_send(&s.a, payload, sizeof payload);
                scene_run(&s, 30);
        }
        assert_int_equal(s.b.heard_count, 4);
        for (unsigned i = 1; i < 4; i++) {
                assert_int_equal(s.b.heard[i].timestamp - s.b.heard[i - 1].timestamp, 240);
                assert_int_equal(s.b.heard[i].bytes, 240);
        }
}

static void silence_between_talkspurts_survives(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 5);
        scene_run(&s, 10000);
        s.a.timestamp += 80000;
        s.a.marker = true;
        phone_talk(&s, &s.a, 5);
        assert_int_equal(s.b.heard_count, 9);
        assert_true(s.b.heard[4].marker);
        assert_int_equal(s.b.heard[4].timestamp - s.b.heard[3].timestamp, 80000 + FRAME);
        assert_int_equal((uint16_t)(s.b.heard[4].sequence - s.b.heard[3].sequence), 1);
}

static void a_lost_packet_is_a_gap_at_the_other_end(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 5);
        s.a.sequence += 2;
        s.a.timestamp += 2 * FRAME;
        phone_talk(&s, &s.a, 5);
        assert_int_equal(s.b.heard_count, 9);
        assert_int_equal((uint16_t)(s.b.heard[4].sequence - s.b.heard[3].sequence), 3);
        assert_int_equal(s.b.heard[4].timestamp - s.b.heard[3].timestamp, 3 * FRAME);
        assert_int_equal(stats_of(s.leg_a).lost_in, 2);
}

static void what_overtook_can_be_put_in_order(void **state)
{
        (void)state;
        uint8_t frame[FRAME] = {0};
        phone_talk(&s, &s.a, 3);
        s.a.sequence += 1;
        s.a.timestamp += FRAME;
        phone_send(&s.a, frame, FRAME); /* the later one first */
        s.a.sequence -= 2;
        s.a.timestamp -= 2 * FRAME;
        phone_send(&s.a, frame, FRAME);
        s.a.sequence += 1;
        s.a.timestamp += FRAME;
        scene_run(&s, 20);
        assert_int_equal(s.b.heard_count, 4);
        assert_int_equal((int16_t)(s.b.heard[3].sequence - s.b.heard[2].sequence), -1);
        assert_int_equal((int32_t)(s.b.heard[3].timestamp - s.b.heard[2].timestamp), -FRAME);
        assert_int_equal(stats_of(s.leg_a).lost_in, 0);
}

static void a_doubled_packet_is_heard_once(void **state)
{
        (void)state;
        sim_world_set_network(s.world,
                              &(struct sim_network){.delay_ms = 5, .duplicate_permille = 1000});
        phone_talk(&s, &s.a, 10);
        /* the network doubles on both sides of us, too */
        assert_int_equal(stats_of(s.leg_b).packets_out, 9);
        assert_int_equal(s.b.heard_count, 18);
}

static void a_bad_network_does_not_disturb_the_line(void **state)
{
        (void)state;
        sim_world_set_network(s.world, &(struct sim_network){.delay_ms = 20,
                                                             .jitter_ms = 60,
                                                             .loss_permille = 50,
                                                             .duplicate_permille = 20});
        uint8_t payload[FRAME];
        for (unsigned i = 0; i < 1000; i++) {
                memset(payload, (int)(i % 251), sizeof payload);
                phone_send(&s.a, payload, sizeof payload);
                scene_run(&s, 20);
        }
        scene_run(&s, 200);
        assert_true(s.b.heard_count > 800);
        uint32_t ssrc = s.b.heard[0].ssrc;
        uint16_t sequence = s.b.heard[0].sequence;
        uint32_t timestamp = s.b.heard[0].timestamp;
        for (unsigned i = 0; i < s.b.heard_count; i++) {
                const struct heard *heard = &s.b.heard[i];
                /* whatever the order, number and time belong together, and to the audio */
                int32_t frames = (int32_t)(heard->timestamp - timestamp) / FRAME;
                assert_int_equal(heard->ssrc, ssrc);
                assert_int_equal((int16_t)(heard->sequence - sequence), frames);
                assert_int_equal((heard->payload[0] + 251000 - s.b.heard[0].payload[0]) % 251,
                                 (frames + 251000) % 251);
        }
        assert_in_range(stats_of(s.leg_a).lost_in, 1, 120);
        assert_in_range(stats_of(s.leg_a).jitter_ms_x10, 50, 600);
}

static void another_ssrc_goes_on_with_our_line(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 10);
        s.a.ssrc = 0x99999999;
        s.a.sequence = 7;
        s.a.timestamp = 123456789;
        phone_talk(&s, &s.a, 10);
        assert_int_equal(s.b.heard_count, 18);
        const struct heard *before = &s.b.heard[8], *now = &s.b.heard[9];
        assert_int_equal(now->ssrc, before->ssrc);
        assert_int_equal((uint16_t)(now->sequence - before->sequence), 1);
        assert_int_equal(now->timestamp - before->timestamp, 2 * FRAME);
        assert_true(now->marker);
        assert_int_equal(now->payload[0], 2);
        assert_one_line(&s.b, 9);
        assert_int_equal(stats_of(s.leg_a).lost_in, 0);
}

static void two_ssrcs_at_once_do_not_take_turns(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 5);
        uint8_t other[12 + FRAME] = {0x80, 8, 0, 0, 0, 0, 0, 0, 0xee, 0xee, 0xee, 0xee};
        for (int i = 0; i < 20; i++) {
                other[3]++;
                phone_send_raw(&s.a, other, sizeof other);
                phone_talk(&s, &s.a, 1);
        }
        assert_int_equal(s.b.heard_count, 24);
        assert_one_line(&s.b, 0);
}

static void a_jump_in_sequence_needs_a_second_packet(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 5);
        s.a.sequence += 20000;
        phone_talk(&s, &s.a, 1);
        assert_int_equal(s.b.heard_count, 4);
        phone_talk(&s, &s.a, 4);
        assert_int_equal(s.b.heard_count, 8);
        assert_int_equal((uint16_t)(s.b.heard[4].sequence - s.b.heard[3].sequence), 1);
        assert_true(s.b.heard[4].marker);
        assert_int_equal(stats_of(s.leg_a).lost_in, 0);
}

static void a_jump_in_time_is_made_even(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 5);
        s.a.timestamp += 0x40000000;
        phone_talk(&s, &s.a, 5);
        s.a.timestamp -= 0x20000000;
        phone_talk(&s, &s.a, 5);
        assert_int_equal(s.b.heard_count, 14);
        assert_one_line(&s.b, 0);
        assert_true(s.b.heard[4].marker);
        assert_true(s.b.heard[9].marker);
}

static void numbers_wrap_round(void **state)
{
        (void)state;
        s.a.sequence = 65530;
        s.a.timestamp = UINT32_MAX - 500;
        phone_talk(&s, &s.a, 20);
        assert_int_equal(s.b.heard_count, 19);
        assert_one_line(&s.b, 0);
        assert_int_equal(stats_of(s.leg_a).lost_in, 0);
}

/* An echo is what test numbers and simple phones are; it must be heard. */
static void a_peer_may_send_back_our_own_ssrc(void **state)
{
        (void)state;
        phone_talk(&s, &s.b, 3);
        s.a.ssrc = last_of(&s.a)->ssrc;
        phone_talk(&s, &s.a, 5);
        assert_int_equal(s.b.heard_count, 4);
}

static void a_flood_is_cut_to_the_rate(void **state)
{
        (void)state;
        uint8_t frame[FRAME] = {0};
        for (int ms = 0; ms < 1000; ms++) {
                phone_send(&s.a, frame, 80);
                scene_run(&s, 1);
        }
        scene_run(&s, 10);
        assert_in_range(s.b.heard_count, 290, 310);
        assert_in_range(stats_of(s.leg_a).dropped_rate, 690, 710);

        /* twice the rate of any phone passes */
        scene_run(&s, 1000);
        unsigned before = s.b.heard_count;
        for (int i = 0; i < 100; i++) {
                phone_send(&s.a, frame, 80);
                scene_run(&s, 10);
        }
        assert_in_range(s.b.heard_count - before, 98, 100);
}

static void a_held_phone_is_not_sent_to(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 5);
        phone_talk(&s, &s.b, 5);
        struct media_stream b = phone_stream(&s.b, SDP_PCMA, SDP_PCMU);
        b.remote.direction = SDP_SENDONLY; /* hold: it sends music, perhaps, and hears nothing */
        media_leg_set(s.media, s.leg_b, &b);
        phone_talk(&s, &s.a, 5);
        phone_talk(&s, &s.b, 5);
        assert_int_equal(s.b.heard_count, 4);
        assert_int_equal(s.a.heard_count, 9);

        b.remote.direction = SDP_INACTIVE;
        media_leg_set(s.media, s.leg_b, &b);
        phone_talk(&s, &s.a, 5);
        phone_talk(&s, &s.b, 5);
        assert_int_equal(s.b.heard_count, 4);
        assert_int_equal(s.a.heard_count, 9);
        assert_int_equal(stats_of(s.leg_b).dropped_held, 5);

        b.remote.direction = SDP_SENDRECV;
        media_leg_set(s.media, s.leg_b, &b);
        unsigned from = s.b.heard_count;
        phone_talk(&s, &s.a, 5);
        assert_int_equal(s.b.heard_count, 9);
        assert_one_line(&s.b, from);
        assert_int_equal((uint16_t)(s.b.heard[from].sequence - s.b.heard[from - 1].sequence), 1);
        assert_true(s.b.heard[from].marker);
        assert_int_equal(s.b.heard[from].timestamp - s.b.heard[from - 1].timestamp, 11 * FRAME);
}

static void an_unspecified_address_is_never_sent_to(void **state)
{
        (void)state;
        struct media_stream b = phone_stream(&s.b, SDP_PCMA, SDP_PCMU);
        memset(b.remote.rtp.ip, 0, sizeof b.remote.rtp.ip);
        b.remote.rtcp = b.remote.rtp;
        media_leg_set(s.media, s.leg_b, &b);
        phone_talk(&s, &s.a, 5);
        scene_run(&s, 20000);
        assert_int_equal(stats_of(s.leg_b).packets_out, 0);
        assert_int_equal(s.b.report_count, 0);
}

static void a_refresh_changes_nothing(void **state)
{
        (void)state;
        struct media_stream a = phone_stream(&s.a, SDP_PCMA, SDP_PCMU);
        struct media_stream b = phone_stream(&s.b, SDP_PCMA, SDP_PCMU);
        for (int i = 0; i < 10; i++) {
                phone_talk(&s, &s.a, 5);
                media_leg_set(s.media, s.leg_a, &a);
                media_leg_set(s.media, s.leg_b, &b);
        }
        assert_int_equal(s.b.heard_count, 49);
        assert_one_line(&s.b, 0);
}

static void a_leg_without_a_stream_hears_nobody(void **state)
{
        (void)state;
        struct media_leg leg;
        assert_int_equal(media_leg_open(s.media, (struct handle){9, 1}, &leg), 0);
        media_join(s.media, leg, s.leg_b);
        s.a.peer = media_leg_local(s.media, leg).ip4;
        phone_talk(&s, &s.a, 5);
        phone_talk(&s, &s.b, 5);
        assert_int_equal(s.b.heard_count, 0);
        assert_int_equal(stats_of(leg).dropped_source, 5);
        assert_int_equal(stats_of(leg).packets_out, 0);
}

static void commands_on_a_stale_leg_do_nothing(void **state)
{
        (void)state;
        struct media_leg stale = s.leg_a;
        struct media_stream stream = phone_stream(&s.a, SDP_PCMA, SDP_PCMU);
        struct media_stats stats = {.packets_in = 77};
        struct media_sound sound = {0};
        media_leg_close(s.media, stale);
        assert_int_equal(media_legs_in_use(s.media), 1);
        media_leg_close(s.media, stale);
        media_leg_set(s.media, stale, &stream);
        media_leg_play(s.media, stale, &sound, 1);
        media_leg_stop(s.media, stale);
        media_leg_send_digit(s.media, stale, '1', 100);
        media_join(s.media, stale, s.leg_b);
        media_join(s.media, s.leg_b, stale);
        media_part(s.media, stale);
        assert_false(media_leg_stats(s.media, stale, &stats));
        assert_int_equal(stats.packets_in, 77);
        assert_true(handle_is_none(media_leg_user(s.media, stale)));
        assert_int_equal(media_leg_local(s.media, stale).ip4.family, 0);
        assert_int_equal(media_leg_user(s.media, s.leg_b).index, 8);
        phone_talk(&s, &s.b, 5);
        assert_int_equal(s.a.heard_count, 0);
}

static void late_packets_of_a_closed_leg_reach_nobody(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 5);
        media_leg_close(s.media, s.leg_a);
        struct media_leg legs[7];
        for (int i = 0; i < 7; i++)
                assert_int_equal(media_leg_open(s.media, (struct handle){9, 1}, &legs[i]), 0);
        phone_talk(&s, &s.a, 5);
        assert_int_equal(s.b.heard_count, 4);
        struct media_leg none;
        assert_int_equal(media_leg_open(s.media, (struct handle){9, 1}, &none), ERR_FULL);
}

static void legs_of_two_families_hear_each_other(void **state)
{
        (void)state;
        struct phone six;
        phone_open(&s, &six, "[2001:db8:20::1]:7000");
        six.pt = 8;
        six.peer = media_leg_local(s.media, s.leg_b).ip6;
        const struct media_stream stream = phone_stream(&six, SDP_PCMA, SDP_PCMU);
        media_leg_set(s.media, s.leg_b, &stream);
        phone_talk(&s, &six, 20);
        phone_talk(&s, &s.a, 20);
        assert_int_equal(s.a.heard_count, 19);
        assert_int_equal(six.heard_count, 19);
        assert_int_equal(s.b.heard_count, 0);
        const struct addr_pair b = media_leg_local(s.media, s.leg_b),
                               a = media_leg_local(s.media, s.leg_a);
        assert_true(addr_equal(&six.heard[18].from, &b.ip6));
        assert_true(addr_equal(&s.a.heard[18].from, &a.ip4));
        assert_int_equal(b.ip4.port, b.ip6.port);
        assert_int_equal(media_legs_of(s.media, 6), 1);
        assert_int_equal(media_legs_of(s.media, 4), 1);

        /* Reports go by its family, too. */
        scene_run(&s, 10000);
        assert_true(six.report_count > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(two_phones_hear_each_other),
                TEST(legs_of_two_families_hear_each_other),
                TEST(each_leg_has_numbers_of_its_own),
                TEST(a_leg_alone_is_sent_nothing),
                TEST(joining_again_parts_from_the_former_partner),
                TEST(the_laws_are_recoded_where_they_differ),
                TEST(a_law_that_both_know_passes_as_it_is),
                TEST(payload_types_are_the_receivers),
                TEST(what_we_described_is_accepted_too),
                TEST(payload_types_not_agreed_are_dropped),
                TEST(odd_packets_are_dropped_and_counted),
                TEST(a_packet_without_audio_is_not_passed_on),
                TEST(other_packet_times_survive),
                TEST(silence_between_talkspurts_survives),
                TEST(a_lost_packet_is_a_gap_at_the_other_end),
                TEST(what_overtook_can_be_put_in_order),
                TEST(a_doubled_packet_is_heard_once),
                TEST(a_bad_network_does_not_disturb_the_line),
                TEST(another_ssrc_goes_on_with_our_line),
                TEST(two_ssrcs_at_once_do_not_take_turns),
                TEST(a_jump_in_sequence_needs_a_second_packet),
                TEST(a_jump_in_time_is_made_even),
                TEST(numbers_wrap_round),
                TEST(a_peer_may_send_back_our_own_ssrc),
                TEST(a_flood_is_cut_to_the_rate),
                TEST(a_held_phone_is_not_sent_to),
                TEST(an_unspecified_address_is_never_sent_to),
                TEST(a_refresh_changes_nothing),
                TEST(a_leg_without_a_stream_hears_nobody),
                TEST(commands_on_a_stale_leg_do_nothing),
                TEST(late_packets_of_a_closed_leg_reach_nobody),
        };
        return RUN_TESTS(tests);
}
