/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RTCP, and whatever else of one side must not be found in anything that the other side is sent.
 */
#include "../unit.h"
#include "base/buf.h"
#include "scene.h"
#include "wire/rtcp.h"

static struct scene s;

static int set_up(void **state)
{
        (void)state;
        scene_init(&s, 11);
        media_join(s.media, s.leg_a, s.leg_b);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        scene_fini(&s);
        return 0;
}

static uint32_t be(const uint8_t *p, int bytes)
{
        uint32_t value = 0;
        while (bytes--)
                value = value << 8 | *p++;
        return value;
}

/* A report as it was on the wire, taken apart without our parser. */
struct taken {
        uint8_t type; /* 200 or 201 */
        uint32_t ssrc, ntp_seconds, ntp_fraction, timestamp, packets, bytes;
        bool has_block;
        uint32_t block_ssrc, lost, highest, last_sr, delay;
        uint8_t fraction;
        char cname[32];
        bool has_bye;
};

static struct taken take_apart(const uint8_t *p, size_t bytes)
{
        struct taken t = {.type = p[1]};
        size_t at = 8;
        assert_int_equal(p[0] & 0xe0, 0x80);
        assert_in_range(p[0] & 0x1f, 0, 1);
        t.ssrc = be(p + 4, 4);
        if (t.type == 200) {
                t.ntp_seconds = be(p + 8, 4);
                t.ntp_fraction = be(p + 12, 4);
                t.timestamp = be(p + 16, 4);
                t.packets = be(p + 20, 4);
                t.bytes = be(p + 24, 4);
                at = 28;
        } else {
                assert_int_equal(t.type, 201);
        }
        t.has_block = p[0] & 0x1f;
        if (t.has_block) {
                t.block_ssrc = be(p + at, 4);
                t.fraction = p[at + 4];
                t.lost = be(p + at + 5, 3);
                t.highest = be(p + at + 8, 4);
                t.last_sr = be(p + at + 16, 4);
                t.delay = be(p + at + 20, 4);
                at += 24;
        }
        assert_int_equal(at, 4 * (be(p + 2, 2) + 1));

        /* SDES: one chunk, CNAME, and nothing after it but zeros to the word's end */
        assert_int_equal(p[at], 0x81);
        assert_int_equal(p[at + 1], 202);
        size_t end = at + 4 * (be(p + at + 2, 2) + 1);
        assert_int_equal(be(p + at + 4, 4), t.ssrc);
        assert_int_equal(p[at + 8], 1);
        size_t length = p[at + 9];
        assert_true(length < sizeof t.cname);
        memcpy(t.cname, p + at + 10, length);
        assert_in_range(end - (at + 10 + length), 1, 4);
        for (size_t i = at + 10 + length; i < end; i++)
                assert_int_equal(p[i], 0);

        if (end < bytes) {
                assert_int_equal(be(p + end, 4), 0x81cb0001);
                assert_int_equal(be(p + end + 4, 4), t.ssrc);
                t.has_bye = true;
                end += 8;
        }
        assert_int_equal(end, bytes);
        return t;
}

static struct taken report_of(const struct phone *phone, unsigned i)
{
        assert_true(i < phone->report_count);
        return take_apart(phone->reports[i], phone->report_bytes[i]);
}

static struct taken last_report(const struct phone *phone)
{
        assert_true(phone->report_count > 0);
        return report_of(phone, phone->report_count - 1);
}

static struct media_stats stats_of(struct media_leg leg)
{
        struct media_stats stats;
        assert_true(media_leg_stats(s.media, leg, &stats));
        return stats;
}

static void reports_come_every_five_seconds_or_so(void **state)
{
        (void)state;
        scene_run(&s, 100000);
        assert_in_range(s.a.report_count, 16, 40);
        assert_in_range(s.b.report_count, 16, 40);
        /* nothing sent, nothing heard: an empty RR */
        struct taken report = last_report(&s.a);
        assert_int_equal(report.type, 201);
        assert_false(report.has_block);
}

static void who_is_sent_audio_gets_a_sender_report(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 500);
        struct taken at_b = last_report(&s.b), at_a = last_report(&s.a);
        assert_int_equal(at_b.type, 200);
        assert_int_equal(at_b.ssrc, s.b.heard[0].ssrc);
        assert_false(at_b.has_block);
        assert_in_range(at_b.packets, 100, 499);
        assert_int_equal(at_b.bytes, at_b.packets * FRAME);
        assert_int_equal(at_a.type, 201);
        assert_true(at_a.has_block);
        assert_int_equal(at_a.block_ssrc, s.a.ssrc);
        assert_int_equal(at_a.lost, 0);

        /* the timestamp of the report is that of the audio at the time */
        const struct heard *then = &s.b.heard[at_b.packets - 1];
        assert_true(at_b.timestamp - then->timestamp <= FRAME);

        /* silent for two reports: no sender any more */
        scene_run(&s, 30000);
        assert_int_equal(last_report(&s.b).type, 201);
}

static void clocks_in_reports_run_true_and_tell_no_time(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 1000);
        assert_true(s.b.report_count >= 3);
        struct taken first = report_of(&s.b, 1), last = last_report(&s.b);
        double ntp_s = (last.ntp_seconds - first.ntp_seconds) +
                       ((double)last.ntp_fraction - first.ntp_fraction) / 4294967296.0;
        double rtp_s = (last.timestamp - first.timestamp) / 8000.0;
        assert_true(ntp_s > 1);
        assert_true(ntp_s - rtp_s < 0.021 && rtp_s - ntp_s < 0.021);

        /* each leg has another idea of the time of day */
        phone_talk(&s, &s.b, 1000);
        struct taken other = last_report(&s.a);
        int32_t apart = (int32_t)(other.ntp_seconds - last.ntp_seconds);
        assert_true(apart > 1000 || apart < -1000);
}

static void the_cname_is_random_and_the_legs_own(void **state)
{
        (void)state;
        scene_run(&s, 30000);
        struct taken a = report_of(&s.a, 0), b = report_of(&s.b, 0);
        assert_int_equal(strlen(a.cname), 24);
        assert_string_not_equal(a.cname, b.cname);
        assert_string_equal(a.cname, last_report(&s.a).cname);
}

static void loss_is_reported(void **state)
{
        (void)state;
        for (int i = 0; i < 500; i++) {
                if (i % 4 == 3) { /* every fourth one is lost on its way to us */
                        s.a.sequence++;
                        s.a.timestamp += FRAME;
                        scene_run(&s, 20);
                }
                phone_talk(&s, &s.a, 1);
        }
        struct taken report = last_report(&s.a);
        assert_in_range(report.fraction, 40, 62); /* of 256: a fifth */
        assert_in_range(report.lost, 60, 125);
        assert_in_range(report.highest, 1100, 1700);
        assert_in_range(stats_of(s.leg_a).lost_in, 120, 125);
}

/* The peer's SR is what our block refers to. */
static void a_sender_report_is_answered_with_its_time(void **state)
{
        (void)state;
        uint8_t sr[] = {0x80, 200,  0, 6, 0, 0, 0, 0, 0xaa, 0xbb, 0x12, 0x34, 0x56, 0x78,
                        0xcc, 0xdd, 0, 0, 0, 1, 0, 0, 0,    1,    0,    0,    0,    1};
        phone_talk(&s, &s.a, 5);
        for (int i = 0; i < 4; i++)
                sr[4 + i] = (uint8_t)(s.a.ssrc >> (24 - 8 * i));
        int64_t sent_ms = sim_world_now_ms(s.world) + 5;
        phone_send_rtcp(&s.a, sr, sizeof sr);
        unsigned before = s.a.report_count;
        while (s.a.report_count == before)
                scene_run(&s, 1);
        int64_t elapsed_ms = sim_world_now_ms(s.world) - 5 - sent_ms;
        struct taken report = last_report(&s.a);
        assert_int_equal(report.last_sr, 0x12345678);
        assert_in_range(report.delay, (elapsed_ms - 1) * 65536 / 1000,
                        (elapsed_ms + 1) * 65536 / 1000);
}

static void the_round_trip_is_measured(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 3);
        phone_talk(&s, &s.b, 3);
        sim_world_set_network(s.world, &(struct sim_network){.delay_ms = 40});
        media_leg_play(s.media, s.leg_a, &(struct media_sound){(int16_t[160]){1}, 160}, 0);
        while (s.a.report_count == 0 || last_report(&s.a).type != 200)
                scene_run(&s, 1);
        struct taken sr = last_report(&s.a);
        scene_run(&s, 500);
        uint8_t rr[32] = {0x81, 201, 0, 7, 0, 0, 0, 9};
        uint32_t words[] = {
                sr.ssrc, 0, 0, 0, sr.ntp_seconds << 16 | sr.ntp_fraction >> 16, 500 * 65536 / 1000};
        for (int w = 0; w < 6; w++) {
                for (int i = 0; i < 4; i++)
                        rr[8 + 4 * w + i] = (uint8_t)(words[w] >> (24 - 8 * i));
        }
        assert_int_equal(stats_of(s.leg_a).round_trip_ms, 0);
        phone_send_rtcp(&s.a, rr, sizeof rr);
        scene_run(&s, 50);
        assert_in_range(stats_of(s.leg_a).round_trip_ms, 79, 81);

        /* a report about a time that we never told is not believed */
        rr[24] ^= 0x40;
        phone_send_rtcp(&s.a, rr, sizeof rr);
        scene_run(&s, 50);
        assert_in_range(stats_of(s.leg_a).round_trip_ms, 79, 81);
}

static void closing_says_bye_without_a_reason(void **state)
{
        (void)state;
        phone_talk(&s, &s.a, 20);
        media_leg_close(s.media, s.leg_b);
        scene_run(&s, 20);
        assert_true(last_report(&s.b).has_bye);
        assert_int_equal(last_report(&s.b).ssrc, s.b.heard[0].ssrc);
}

static void who_never_spoke_says_no_bye(void **state)
{
        (void)state;
        media_leg_close(s.media, s.leg_b);
        scene_run(&s, 20000);
        assert_int_equal(s.b.report_count, 0);
}

static void reports_of_strangers_are_dropped(void **state)
{
        (void)state;
        static struct phone other;
        static const uint8_t rr[] = {0x80, 201, 0, 1, 0, 0, 0, 9};
        phone_talk(&s, &s.a, 5);
        phone_open(&s, &other, "192.0.2.66:4000");
        other.peer = s.a.peer;
        phone_send_rtcp(&other, rr, sizeof rr);
        phone_send_raw(&other, rr, sizeof rr);
        scene_run(&s, 30000);
        assert_int_equal(stats_of(s.leg_a).dropped_source, 2);
        assert_int_equal(other.report_count, 0);
        assert_int_equal(other.heard_count, 0);
        assert_true(s.a.report_count > 3);
}

static void broken_reports_are_counted(void **state)
{
        (void)state;
        phone_send_rtcp(&s.a, "hello", 5);
        phone_send_rtcp(&s.a, "\x80\xc9\x00\x09", 4);
        scene_run(&s, 20);
        assert_int_equal(stats_of(s.leg_a).dropped_format, 2);
}

static void reports_go_where_the_peers_come_from(void **state)
{
        (void)state;
        static struct phone other;
        static const uint8_t rr[] = {0x80, 201, 0, 1, 0, 0, 0, 9};
        phone_talk(&s, &s.a, 5);
        phone_open(&s, &other, "198.51.100.10:9000"); /* the same host */
        other.peer = s.a.peer;
        phone_send_rtcp(&other, rr, sizeof rr);
        scene_run(&s, 20000);
        assert_true(other.report_count > 2);
        assert_true(s.a.report_count <= 1);
}

static void a_peer_behind_nat_is_sent_reports_once_it_has_sent_one(void **state)
{
        (void)state;
        static struct phone other;
        static const uint8_t rr[] = {0x80, 201, 0, 1, 0, 0, 0, 9};
        struct addr_prefix trunk = prefix("198.51.100.0/24");
        struct media_stream a = phone_stream(&s.a, SDP_PCMA, SDP_PCMU);
        a.remote.rtp = address("10.0.0.5:4000");
        a.remote.rtcp = address("10.0.0.5:4001");
        a.sources = &trunk;
        a.source_count = 1;
        media_leg_set(s.media, s.leg_a, &a);
        phone_open(&s, &other, "198.51.100.77:31000");
        other.peer = s.a.peer;
        other.pt = 8;
        phone_talk(&s, &other, 1000);
        assert_int_equal(other.report_count, 0);
        phone_send_rtcp(&other, rr, sizeof rr);
        phone_talk(&s, &other, 1000);
        assert_true(other.report_count > 2);
        assert_int_equal(s.a.report_count, 0);
}

static void reports_on_the_audio_port_are_understood(void **state)
{
        (void)state;
        uint8_t sr[] = {0x80, 200,  0, 6, 0, 0, 0, 0, 0xaa, 0xbb, 0x12, 0x34, 0x56, 0x78,
                        0xcc, 0xdd, 0, 0, 0, 1, 0, 0, 0,    1,    0,    0,    0,    1};
        phone_talk(&s, &s.a, 5);
        for (int i = 0; i < 4; i++)
                sr[4 + i] = (uint8_t)(s.a.ssrc >> (24 - 8 * i));
        phone_send_raw(&s.a, sr, sizeof sr);
        scene_run(&s, 10000);
        assert_int_equal(last_report(&s.a).last_sr, 0x12345678);
        assert_int_equal(stats_of(s.leg_a).dropped_format, 0);
}

static void report_for_150_s(void)
{
        static const uint8_t rr[] = {0x80, 201, 0, 1, 0, 0, 0, 9};
        for (int i = 0; i < 30; i++) {
                phone_send_rtcp(&s.a, rr, sizeof rr);
                scene_run(&s, 5000);
        }
}

static void a_peer_that_should_talk_and_only_reports_is_silent(void **state)
{
        (void)state;
        struct media_stream b = phone_stream(&s.b, SDP_PCMA, SDP_PCMU);
        b.remote.direction = SDP_INACTIVE;
        media_leg_set(s.media, s.leg_b, &b);
        report_for_150_s();
        assert_int_equal(scene_told(&s, MEDIA_SILENT), 2);
}

static void a_peer_on_hold_reports_or_not_and_is_never_silent(void **state)
{
        (void)state;
        struct media_stream a = phone_stream(&s.a, SDP_PCMA, SDP_PCMU);
        struct media_stream b = phone_stream(&s.b, SDP_PCMA, SDP_PCMU);
        a.remote.direction = SDP_INACTIVE;
        b.remote.direction = SDP_INACTIVE;
        media_leg_set(s.media, s.leg_a, &a);
        media_leg_set(s.media, s.leg_b, &b);
        report_for_150_s();
        scene_run(&s, 150000);
        assert_int_equal(scene_told(&s, MEDIA_SILENT), 0);
}

/* ---- what must not cross ---- */

static const char *const planted[] = {"+919888800001", "919888800001", "alice@198.51.100.10",
                                      "EXT-CANARY",    "CSRC",         "PADCANARY",
                                      "BYE-CANARY",    "APP-CANARY"};
static unsigned watched, found;

static bool has_text(struct slice data, const char *text)
{
        return memmem(data.p, data.len, text, strlen(text)) != NULL;
}

static bool has_word(struct slice data, uint32_t word)
{
        uint8_t bytes[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8),
                            (uint8_t)word};
        return memmem(data.p, data.len, bytes, 4) != NULL;
}

/* Everything toward the second phone is searched for what the first one has planted. */
static void watch(void *arg, const struct addr *from, const struct addr *to, struct slice data)
{
        (void)arg;
        (void)from;
        if (!addr_equal_ip(to, &s.b.at))
                return;
        watched++;
        for (size_t i = 0; i < sizeof planted / sizeof *planted; i++)
                found += has_text(data, planted[i]);
        found += has_word(data, s.a.ssrc);
        found += has_word(data, 0xc633640a); /* its address */
}

static void put_item(struct buf *b, uint8_t type, const char *text)
{
        buf_put_u8(b, type);
        buf_put_u8(b, (uint8_t)strlen(text));
        buf_put_text(b, text);
}

/* RR, SDES with every item there is, APP, BYE with a reason. */
static void send_talkative_rtcp(void)
{
        uint8_t packet[512];
        struct buf b;
        buf_init(&b, packet, sizeof packet);
        buf_put_be32(&b, 0x80c90001);
        buf_put_be32(&b, s.a.ssrc);
        size_t sdes = b.len;
        buf_put_be32(&b, 0x81ca0000);
        buf_put_be32(&b, s.a.ssrc);
        for (uint8_t type = 1; type <= 8; type++)
                put_item(&b, type, planted[type % 3]);
        do
                buf_put_u8(&b, 0);
        while (b.len % 4);
        packet[sdes + 3] = (uint8_t)((b.len - sdes) / 4 - 1);
        buf_put_be32(&b, 0x80cc0005);
        buf_put_be32(&b, s.a.ssrc);
        buf_put_text(&b, "NAMEAPP-CANARY..");
        buf_put_be32(&b, 0x81cb0004);
        buf_put_be32(&b, s.a.ssrc);
        buf_put_u8(&b, 10);
        buf_put_text(&b, "BYE-CANARY.");
        assert_true(buf_ok(&b));
        struct rtcp rtcp;
        assert_int_equal(rtcp_parse(buf_slice(&b), 0, &rtcp), 0);
        assert_true(rtcp.has_bye);
        phone_send_rtcp(&s.a, packet, b.len);
}

/* Audio with two CSRCs, a header extension and padding. */
static void send_talkative_rtp(bool marker)
{
        uint8_t packet[512];
        struct buf b;
        buf_init(&b, packet, sizeof packet);
        buf_put_u8(&b, 0xb2);
        buf_put_u8(&b, (uint8_t)(8 | (marker ? 0x80 : 0)));
        buf_put_be16(&b, s.a.sequence++);
        buf_put_be32(&b, s.a.timestamp);
        buf_put_be32(&b, s.a.ssrc);
        buf_put_text(&b, "CSRC9198"); /* two of them */
        buf_put_be32(&b, 0xbede0006);
        buf_put_text(&b, "EXT-CANARY+919888800001X");
        for (int i = 0; i < FRAME; i++)
                buf_put_u8(&b, 0x33);
        buf_put_text(&b, "PADCANARY+919888800001");
        buf_put_u8(&b, 23);
        s.a.timestamp += FRAME;
        assert_true(buf_ok(&b));
        phone_send_raw(&s.a, packet, b.len);
}

static void nothing_but_audio_and_keys_crosses(void **state)
{
        (void)state;
        watched = found = 0;
        sim_world_on_datagram(s.world, watch, NULL);
        for (int i = 0; i < 600; i++) {
                send_talkative_rtp(i % 50 == 0);
                if (i % 25 == 0)
                        send_talkative_rtcp();
                scene_run(&s, 20);
        }
        phone_press(&s, &s.a, '5', 5);
        media_leg_close(s.media, s.leg_a);
        media_leg_close(s.media, s.leg_b);
        scene_run(&s, 1000);
        assert_in_range(watched, 600, 640);
        assert_int_equal(found, 0);
        assert_int_equal(s.b.heard[100].bytes, FRAME);
        assert_int_equal(s.b.heard[100].payload[FRAME - 1], 0x33);
        for (unsigned i = 0; i < s.b.heard_count; i++)
                assert_int_equal(s.b.heard[i].first_byte, 0x80);
        for (unsigned i = 0; i < s.b.report_count; i++)
                take_apart(s.b.reports[i], s.b.report_bytes[i]);
}

/* The search above finds what is there: the same canary inside the audio is seen. */
static void a_canary_in_the_audio_is_found(void **state)
{
        (void)state;
        watched = found = 0;
        sim_world_on_datagram(s.world, watch, NULL);
        for (int i = 0; i < 3; i++) {
                phone_send(&s.a, "+919888800001", 13);
                scene_run(&s, 20);
        }
        assert_int_equal(found, 2 * 2); /* with and without its "+" */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(reports_come_every_five_seconds_or_so),
                TEST(who_is_sent_audio_gets_a_sender_report),
                TEST(clocks_in_reports_run_true_and_tell_no_time),
                TEST(the_cname_is_random_and_the_legs_own),
                TEST(loss_is_reported),
                TEST(a_sender_report_is_answered_with_its_time),
                TEST(the_round_trip_is_measured),
                TEST(closing_says_bye_without_a_reason),
                TEST(who_never_spoke_says_no_bye),
                TEST(reports_of_strangers_are_dropped),
                TEST(broken_reports_are_counted),
                TEST(reports_go_where_the_peers_come_from),
                TEST(a_peer_behind_nat_is_sent_reports_once_it_has_sent_one),
                TEST(reports_on_the_audio_port_are_understood),
                TEST(a_peer_that_should_talk_and_only_reports_is_silent),
                TEST(a_peer_on_hold_reports_or_not_and_is_never_silent),
                TEST(nothing_but_audio_and_keys_crosses),
                TEST(a_canary_in_the_audio_is_found),
        };
        return RUN_TESTS(tests);
}
