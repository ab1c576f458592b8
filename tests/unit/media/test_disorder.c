/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and packets in any order, from one seed after the other. Nothing may break, and whatever
 * a telephone hears must be RTP as it should be.
 */
#include "../unit.h"
#include "scene.h"

#define SEEDS  150
#define STEPS  400
#define PHONES 4

static struct scene s;
static struct random r;
static struct phone phones[PHONES];
static struct media_leg legs[16]; /* some of them stale */
static unsigned leg_count;
static int16_t samples[1000];

static struct media_leg any_leg(void)
{
        return legs[random_below(&r, leg_count)];
}

static struct phone *any_phone(void)
{
        return &phones[random_below(&r, PHONES)];
}

static void open_leg(void)
{
        struct media_leg leg;
        uint32_t in_use = media_legs_in_use(s.media);
        int err = media_leg_open(s.media, (struct handle){1, 1}, &leg);
        assert_int_equal(err, in_use == 8 ? ERR_FULL : 0);
        if (!err)
                legs[leg_count < 16 ? leg_count++ : random_below(&r, 16)] = leg;
}

static void set_stream(void)
{
        struct phone *phone = any_phone();
        struct addr_prefix everybody = prefix("0.0.0.0/0");
        struct media_stream stream = phone_stream(phone, random_below(&r, 2), NO_CODEC);
        if (random_below(&r, 2))
                sdp_audio_add_codec(&stream.remote, random_below(&r, 2), 100);
        if (random_below(&r, 8) == 0)
                stream.remote.codec_count = 0;
        if (random_below(&r, 8) == 0)
                stream.remote.rtp = (struct addr){.family = 4, .port = 9};
        if (random_below(&r, 8) == 0)
                stream.remote.rtp.port = 0;
        if (random_below(&r, 3) == 0)
                stream.remote.dtmf_pt = SDP_NO_PT;
        if (random_below(&r, 3) == 0)
                stream.remote.direction = (enum sdp_direction)random_below(&r, 4);
        if (random_below(&r, 2))
                stream.local = stream.remote;
        stream.sources = &everybody;
        stream.source_count = (uint8_t)random_below(&r, 2);
        struct media_leg leg = any_leg();
        struct addr local = media_leg_local(s.media, leg).ip4;
        if (local.family)
                phone->peer = local;
        media_leg_set(s.media, leg, &stream);
}

static void command(void)
{
        static const char digits[] = "0123456789*#ABCDx";
        struct media_sound sound = {samples, random_below(&r, 1000)};
        switch (random_below(&r, 8)) {
        case 0:
                open_leg();
                break;
        case 1:
                media_leg_close(s.media, any_leg());
                break;
        case 2:
                set_stream();
                break;
        case 3:
                media_leg_play(s.media, any_leg(), &sound, random_below(&r, 3));
                break;
        case 4:
                media_leg_stop(s.media, any_leg());
                break;
        case 5:
                media_leg_send_digit(s.media, any_leg(), digits[random_below(&r, sizeof digits)],
                                     random_below(&r, 300));
                break;
        case 6:
                media_join(s.media, any_leg(), any_leg());
                break;
        case 7:
                media_part(s.media, any_leg());
                break;
        }
}

static void send_something(struct phone *phone)
{
        uint8_t bytes[400];
        uint32_t size = random_below(&r, sizeof bytes);
        random_fill(&r, bytes, size);
        switch (random_below(&r, 40)) {
        case 0:
                phone->sequence += (uint16_t)random_u32(&r);
                break;
        case 1:
                phone->ssrc = random_u32(&r);
                break;
        case 2:
                phone->timestamp += random_u32(&r);
                break;
        case 3:
                phone->pt = (uint8_t)random_below(&r, 128);
                break;
        case 4:
                phone_send_raw(phone, bytes, size);
                phone_send_rtcp(phone, bytes, size);
                break;
        case 5:
                if (size > 2)
                        bytes[0] = 0x80 | (bytes[0] & 0x3f);
                if (size > 2)
                        bytes[1] = (uint8_t)(200 + bytes[1] % 4);
                phone_send_rtcp(phone, bytes, size);
                break;
        case 6:
                phone->pt = random_below(&r, 2) ? 8 : 0;
                break;
        }
        for (uint32_t i = random_below(&r, 6); i > 0; i--) {
                if (random_below(&r, 6) == 0)
                        phone_send_key(phone, (uint8_t)random_below(&r, 18),
                                       random_below(&r, 3) == 0,
                                       (uint16_t)random_below(&r, 0x10000));
                phone_send(phone, bytes, random_below(&r, 10) ? FRAME : random_below(&r, 3));
                phone->sequence += random_below(&r, 10) == 0;
        }
}

/* A phone that has said who it is, and the leg it speaks to. */
static void introduce(struct phone *phone, struct media_leg leg)
{
        struct addr_prefix everybody = prefix("0.0.0.0/0");
        struct media_stream stream = phone_stream(phone, random_below(&r, 2), NO_CODEC);
        stream.sources = &everybody;
        stream.source_count = 1;
        phone->peer = media_leg_local(s.media, leg).ip4;
        phone->pt = sdp_codec_static_pt(stream.remote.codecs[0]);
        media_leg_set(s.media, leg, &stream);
}

static void on_event(struct scene *scene, struct media_leg leg, enum media_event event)
{
        (void)leg;
        (void)event;
        scene->told_count = 0;
        if (random_below(&r, 2))
                command();
}

/* Two SSRCs at one phone are two legs; within one, no number stands for two packets. */
static void check_heard(struct phone *phone)
{
        for (unsigned i = 0; i < phone->heard_count; i++) {
                const struct heard *heard = &phone->heard[i];
                assert_int_equal(heard->first_byte, 0x80);
                assert_true(heard->bytes > 0);
                bool is_known = heard->payload_type == 0 || heard->payload_type == 8 ||
                                heard->payload_type == 100 || heard->payload_type == 101;
                assert_true(is_known);
                if (heard->payload_type == 101)
                        assert_int_equal(heard->bytes, 4);
                for (unsigned j = i < 50 ? 0 : i - 50; j < i; j++)
                        assert_false(phone->heard[j].ssrc == heard->ssrc &&
                                     phone->heard[j].sequence == heard->sequence);
        }
        phone->heard_count = 0;
}

static void any_order_is_survived(void **state)
{
        (void)state;
        static const char *const at[PHONES] = {"198.51.100.11:4000", "198.51.100.12:4000",
                                               "203.0.113.13:4000", "203.0.113.14:4000"};
        unsigned heard = 0;
        for (unsigned seed = 1; seed <= SEEDS; seed++) {
                random_init_seeded(&r, seed);
                scene_init(&s, seed);
                s.on_event = on_event;
                leg_count = 2;
                legs[0] = s.leg_a;
                legs[1] = s.leg_b;
                while (leg_count < PHONES)
                        open_leg();
                for (int i = 0; i < PHONES; i++) {
                        phone_open(&s, &phones[i], at[i]);
                        introduce(&phones[i], legs[i]);
                }
                media_join(s.media, legs[0], legs[1]);
                media_join(s.media, legs[2], legs[3]);
                sim_world_set_network(s.world, &(struct sim_network){.delay_ms = 1,
                                                                     .jitter_ms = seed % 3 * 20,
                                                                     .loss_permille = seed % 5});
                for (unsigned step = 0; step < STEPS; step++) {
                        if (random_below(&r, 20) == 0)
                                command();
                        send_something(any_phone());
                        scene_run(&s, random_below(&r, 60));
                        assert_true(media_legs_in_use(s.media) <= 8);
                }
                for (int i = 0; i < PHONES; i++) {
                        heard += phones[i].heard_count;
                        check_heard(&phones[i]);
                }
                scene_fini(&s);
        }
        assert_true(heard > SEEDS * STEPS); /* it was not all in vain */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(any_order_is_survived),
        };
        return RUN_TESTS(tests);
}
