/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose packets are heard, and to whom audio is sent: the attacks known as RTP bleed and RTP
 * injection, and the NATs that have to work all the same.
 */
#include "../unit.h"
#include "scene.h"

#define STRANGER "192.0.2.66:4000"     /* on the open network */
#define NAT      "198.51.100.77:31000" /* within the trunk's prefix */
#define NAT_2    "198.51.100.78:32000"

static struct scene s;
static struct phone other;
static struct addr_prefix trunk;

static int set_up(void **state)
{
        (void)state;
        scene_init(&s, 99);
        media_join(s.media, s.leg_a, s.leg_b);
        trunk = prefix("198.51.100.0/24");
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

static void other_from(const char *at)
{
        phone_open(&s, &other, at);
        other.peer = s.a.peer;
        other.pt = 8;
}

/* The first phone's stream as its trunk has it: it may come from anywhere in the prefix. */
static void set_a_behind_nat(const char *signalled)
{
        struct media_stream a = phone_stream(&s.a, SDP_PCMA, SDP_PCMU);
        a.remote.rtp = address(signalled);
        a.remote.rtcp = a.remote.rtp;
        a.remote.rtcp.port++;
        a.sources = &trunk;
        a.source_count = 1;
        media_leg_set(s.media, s.leg_a, &a);
}

static void a_stranger_who_is_first_hears_nothing_and_is_not_heard(void **state)
{
        (void)state;
        other_from(STRANGER);
        phone_talk(&s, &other, 20);
        phone_talk(&s, &s.b, 20);
        assert_int_equal(other.heard_count, 0);
        assert_int_equal(s.b.heard_count, 0);
        assert_int_equal(s.a.heard_count, 19);
        assert_int_equal(stats_of(s.leg_a).dropped_source, 20);

        phone_talk(&s, &s.a, 20);
        assert_int_equal(s.b.heard_count, 19);
}

static void a_stranger_in_the_middle_of_a_call_is_not_heard(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 20);
        phone_talk(&s, &s.b, 20);
        other_from(STRANGER);
        other.ssrc = s.a.ssrc; /* he has seen a packet */
        other.sequence = s.a.sequence;
        other.timestamp = s.a.timestamp;
        phone_talk(&s, &other, 200);
        assert_int_equal(s.b.heard_count, 19);
        phone_talk(&s, &s.a, 20);
        phone_talk(&s, &s.b, 20);
        assert_int_equal(s.b.heard_count, 39);
        assert_int_equal(other.heard_count, 0);
}

static void the_signalled_host_on_another_port_is_a_stranger(void **state)
{
        (void)state;
        other_from("198.51.100.10:4002");
        phone_talk(&s, &other, 20);
        assert_int_equal(s.b.heard_count, 0);
        assert_int_equal(stats_of(s.leg_a).dropped_source, 20);
}

static void strangers_do_not_use_up_the_rate(void **state)
{
        (void)state;
        other_from(STRANGER);
        for (int i = 0; i < 100; i++) {
                for (int k = 0; k < 50; k++)
                        phone_send(&other, "flood", 5);
                phone_talk(&s, &s.a, 1);
        }
        assert_int_equal(s.b.heard_count, 99);
        assert_int_equal(stats_of(s.leg_a).dropped_rate, 0);
}

static void a_peer_behind_nat_is_learnt_and_sent_to(void **state)
{
        (void)state;
        set_a_behind_nat("10.0.0.5:4000");
        phone_talk(&s, &s.b, 5);
        other_from(NAT);
        phone_talk(&s, &other, 10);
        assert_int_equal(s.b.heard_count, 9);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(other.heard_count, 10);
}

static void learning_ends_with_the_first(void **state)
{
        (void)state;
        set_a_behind_nat("10.0.0.5:4000");
        other_from(NAT);
        phone_talk(&s, &other, 10);

        static struct phone second;
        phone_open(&s, &second, NAT_2);
        second.peer = s.a.peer;
        second.pt = 8;
        phone_talk(&s, &second, 50);
        scene_run(&s, 5000);
        phone_talk(&s, &second, 50);
        assert_int_equal(s.b.heard_count, 9);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(second.heard_count, 0);
        assert_int_equal(other.heard_count, 9);
}

static void nobody_outside_the_prefix_is_learnt(void **state)
{
        (void)state;
        set_a_behind_nat("10.0.0.5:4000");
        other_from(STRANGER);
        phone_talk(&s, &other, 50);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(s.b.heard_count, 0);
        assert_int_equal(other.heard_count, 0);
        assert_int_equal(stats_of(s.leg_a).dropped_source, 50);
}

static void one_packet_is_not_enough_to_be_learnt(void **state)
{
        (void)state;
        set_a_behind_nat("10.0.0.5:4000");
        other_from(NAT);
        for (int i = 0; i < 20; i++) {
                other.sequence += 7; /* never two in sequence */
                phone_send(&other, "guess", 5);
                scene_run(&s, 20);
        }
        phone_talk(&s, &s.b, 10);
        assert_int_equal(other.heard_count, 0);
        assert_int_equal(s.b.heard_count, 0);
}

static void without_prefixes_nothing_is_learnt(void **state)
{
        (void)state;
        other_from(NAT);
        phone_talk(&s, &other, 50);
        assert_int_equal(s.b.heard_count, 0);
}

/* Somebody else within the trunk's prefix was sooner. */
static void the_signalled_address_outranks_what_was_learnt(void **state)
{
        (void)state;
        set_a_behind_nat("198.51.100.10:4000");
        other_from(NAT);
        phone_talk(&s, &other, 10);
        unsigned before = s.b.heard_count;
        assert_int_equal(before, 9);

        for (int i = 0; i < 10; i++) {
                phone_send(&other, "still there", 11);
                phone_talk(&s, &s.a, 1);
        }
        phone_talk(&s, &s.b, 10);
        assert_int_equal(s.a.heard_count, 9);
        assert_true(other.heard_count <= 1);
        phone_talk(&s, &other, 100);
        assert_true(s.b.heard_count - before < 15);
}

static void a_new_description_lets_another_address_show_itself(void **state)
{
        (void)state;
        set_a_behind_nat("10.0.0.5:4000");
        other_from(NAT);
        phone_talk(&s, &other, 10);

        /* the media moves to another host of the carrier */
        set_a_behind_nat("10.0.0.6:4000");
        static struct phone second;
        phone_open(&s, &second, NAT_2);
        second.peer = s.a.peer;
        second.pt = 8;
        phone_talk(&s, &second, 10);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(s.b.heard_count, 18);
        assert_int_equal(second.heard_count, 9);
        assert_int_equal(other.heard_count, 0);
}

static void the_same_description_keeps_who_is_heard(void **state)
{
        (void)state;
        set_a_behind_nat("10.0.0.5:4000");
        other_from(NAT);
        phone_talk(&s, &other, 10);
        set_a_behind_nat("10.0.0.5:4000");

        static struct phone second;
        phone_open(&s, &second, NAT_2);
        second.peer = s.a.peer;
        second.pt = 8;
        for (int i = 0; i < 50; i++) {
                phone_send(&second, "me, too", 7);
                phone_send(&second, "me, too", 7);
                phone_talk(&s, &other, 1);
        }
        assert_int_equal(s.b.heard_count, 59);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(second.heard_count, 0);
        assert_int_equal(other.heard_count, 9);
}

/* The answer repeats the address of the 183, but another gateway has taken over behind the NAT. */
static void an_answer_lets_another_follow_one_that_fell_silent(void **state)
{
        (void)state;
        set_a_behind_nat("10.0.0.5:4000");
        other_from(NAT);
        phone_talk(&s, &other, 10);
        set_a_behind_nat("10.0.0.5:4000");
        scene_run(&s, 1000);

        static struct phone second;
        phone_open(&s, &second, NAT_2);
        second.peer = s.a.peer;
        second.pt = 8;
        phone_talk(&s, &second, 10);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(s.b.heard_count, 18);
        assert_int_equal(second.heard_count, 9);
}

static void a_call_that_moves_is_sent_to_the_new_address_at_once(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 10);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(s.a.heard_count, 9);

        static struct phone moved;
        phone_open(&s, &moved, "198.51.100.12:5000");
        moved.peer = s.a.peer;
        moved.pt = 8;
        struct media_stream stream = phone_stream(&moved, SDP_PCMA, SDP_PCMU);
        media_leg_set(s.media, s.leg_a, &stream);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(moved.heard_count, 10);
        assert_int_equal(s.a.heard_count, 9);
        /* one line across the move */
        assert_int_equal(moved.heard[0].ssrc, s.a.heard[0].ssrc);
        assert_int_equal((uint16_t)(moved.heard[0].sequence - s.a.heard[8].sequence), 1);

        phone_talk(&s, &s.a, 10);
        assert_int_equal(s.b.heard_count, 9);
        phone_talk(&s, &moved, 10);
        assert_int_equal(s.b.heard_count, 18);
}

static void ipv6_prefixes_do_not_match_ipv4(void **state)
{
        (void)state;
        trunk = prefix("::/0");
        set_a_behind_nat("10.0.0.5:4000");
        other_from(NAT);
        phone_talk(&s, &other, 10);
        assert_int_equal(s.b.heard_count, 0);
}

/* It is at the leg's port of the other family, of which its peer was never told. */
static void an_address_of_the_other_family_is_not_learnt(void **state)
{
        (void)state;
        trunk = prefix("2001:db8:77::/48");
        set_a_behind_nat("10.0.0.5:4000");
        other_from("[2001:db8:77::5]:31000");
        other.peer = media_leg_local(s.media, s.leg_a).ip6;
        phone_talk(&s, &other, 10);
        assert_int_equal(s.b.heard_count, 0);
        assert_int_equal(other.heard_count, 0);
        assert_int_equal(stats_of(s.leg_a).dropped_source, 10);
        /* The same packets are heard once its description is of that family. */
        set_a_behind_nat("[2001:db8:99::1]:4000");
        phone_talk(&s, &other, 10);
        assert_int_equal(s.b.heard_count, 9);
}

/* Nothing of him is ever in sequence: he would only be in the way. */
static void a_neighbour_who_speaks_in_between_does_not_keep_the_peer_out(void **state)
{
        (void)state;
        set_a_behind_nat("198.51.100.10:4000");
        other_from(NAT);
        for (int i = 0; i < 20; i++) {
                for (int k = 0; k < 3; k++) {
                        other.ssrc += 3;
                        other.sequence += 7;
                        phone_send(&other, "in between", 10);
                }
                phone_talk(&s, &s.a, 1);
        }
        assert_int_equal(s.b.heard_count, 19);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(s.a.heard_count, 9);
        assert_int_equal(other.heard_count, 0);
}

/* Two who could both be learnt: the first two in sequence of either win. */
static void two_neighbours_who_speak_at_once_do_not_keep_each_other_out(void **state)
{
        (void)state;
        static struct phone second;
        set_a_behind_nat("10.0.0.5:4000");
        other_from(NAT);
        phone_open(&s, &second, NAT_2);
        second.peer = s.a.peer;
        second.pt = 8;
        for (int i = 0; i < 20; i++) {
                phone_send(&other, "one", 3);
                phone_talk(&s, &second, 1);
        }
        assert_int_equal(s.b.heard_count, 19);
        phone_talk(&s, &s.b, 10);
        assert_int_equal(other.heard_count, 9);
        assert_int_equal(second.heard_count, 0);
}

/* A gateway that has not ended its ringing when the talk begins: one of its streams is heard, whole. */
static void two_streams_from_one_address_do_not_keep_each_other_out(void **state)
{
        (void)state;
        uint16_t sequence = 40000;
        for (int i = 0; i < 20; i++) {
                const struct phone first = s.a;
                s.a.ssrc++;
                s.a.sequence = sequence++;
                phone_send(&s.a, "ringing", 7);
                s.a.ssrc = first.ssrc;
                s.a.sequence = first.sequence;
                s.a.timestamp = first.timestamp;
                phone_talk(&s, &s.a, 1);
        }
        assert_int_equal(s.b.heard_count, 19);
        for (unsigned i = 1; i < s.b.heard_count; i++)
                assert_int_equal((uint16_t)(s.b.heard[i].sequence - s.b.heard[i - 1].sequence), 1);
        phone_talk(&s, &s.a, 10);
        assert_true(s.b.heard_count >= 28);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(a_stranger_who_is_first_hears_nothing_and_is_not_heard),
                TEST(a_stranger_in_the_middle_of_a_call_is_not_heard),
                TEST(the_signalled_host_on_another_port_is_a_stranger),
                TEST(strangers_do_not_use_up_the_rate),
                TEST(a_peer_behind_nat_is_learnt_and_sent_to),
                TEST(learning_ends_with_the_first),
                TEST(nobody_outside_the_prefix_is_learnt),
                TEST(one_packet_is_not_enough_to_be_learnt),
                TEST(without_prefixes_nothing_is_learnt),
                TEST(the_signalled_address_outranks_what_was_learnt),
                TEST(a_neighbour_who_speaks_in_between_does_not_keep_the_peer_out),
                TEST(two_neighbours_who_speak_at_once_do_not_keep_each_other_out),
                TEST(two_streams_from_one_address_do_not_keep_each_other_out),
                TEST(a_new_description_lets_another_address_show_itself),
                TEST(the_same_description_keeps_who_is_heard),
                TEST(an_answer_lets_another_follow_one_that_fell_silent),
                TEST(a_call_that_moves_is_sent_to_the_new_address_at_once),
                TEST(ipv6_prefixes_do_not_match_ipv4),
                TEST(an_address_of_the_other_family_is_not_learnt),
        };
        return RUN_TESTS(tests);
}
