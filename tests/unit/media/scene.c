/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <stdlib.h>

#include "../unit.h"

struct addr address(const char *text)
{
        struct addr a;
        assert_int_equal(addr_parse(slice_from(text), 0, &a), 0);
        return a;
}

struct addr_prefix prefix(const char *text)
{
        struct addr_prefix p;
        assert_int_equal(addr_prefix_parse(slice_from(text), &p), 0);
        return p;
}

static uint32_t be(const uint8_t *p, int bytes)
{
        uint32_t value = 0;
        while (bytes--)
                value = value << 8 | *p++;
        return value;
}

static void on_rtp(void *arg, const struct addr *from, struct slice data)
{
        struct phone *phone = arg;
        const uint8_t *p = (const uint8_t *)data.p;
        assert_true(data.len >= 12);
        assert_true(phone->heard_count < HEARD_MAX);
        struct heard *heard = &phone->heard[phone->heard_count++];
        *heard = (struct heard){
                .first_byte = p[0],
                .marker = p[1] & 0x80,
                .payload_type = p[1] & 0x7f,
                .sequence = (uint16_t)be(p + 2, 2),
                .timestamp = be(p + 4, 4),
                .ssrc = be(p + 8, 4),
                .bytes = data.len - 12,
                .at_ms = sim_world_now_ms(phone->world),
                .from = *from,
        };
        assert_true(heard->bytes <= sizeof heard->payload);
        memcpy(heard->payload, p + 12, heard->bytes);
}

static void on_rtcp(void *arg, const struct addr *from, struct slice data)
{
        (void)from;
        struct phone *phone = arg;
        assert_true(data.len <= sizeof phone->reports[0]);
        if (phone->report_count == REPORTS_MAX)
                return;
        phone->report_bytes[phone->report_count] = data.len;
        memcpy(phone->reports[phone->report_count++], data.p, data.len);
}

void phone_open(struct scene *s, struct phone *phone, const char *at)
{
        struct addr rtcp = address(at);
        rtcp.port++;
        *phone = (struct phone){
                .world = s->world,
                .at = address(at),
                .ssrc = 0x11110000u + rtcp.port,
                .sequence = 1000,
                .timestamp = 5000,
        };
        assert_int_equal(io_create_sim(s->world, &phone->io), 0);
        assert_int_equal(io_udp_open(phone->io, &phone->at, on_rtp, phone, &phone->rtp), 0);
        assert_int_equal(io_udp_open(phone->io, &rtcp, on_rtcp, phone, &phone->rtcp), 0);
}

struct media_stream phone_stream(const struct phone *phone, enum sdp_codec first,
                                 enum sdp_codec second)
{
        struct media_stream stream = {
                .remote = {.rtp = phone->at, .rtcp = phone->at, .dtmf_pt = 101},
        };
        stream.remote.rtcp.port++;
        sdp_audio_add_codec(&stream.remote, first, sdp_codec_static_pt(first));
        if (second != NO_CODEC)
                sdp_audio_add_codec(&stream.remote, second, sdp_codec_static_pt(second));
        return stream;
}

void scene_set(struct scene *s, struct media_leg leg, const struct media_stream *stream)
{
        media_leg_set(s->media, leg, stream);
}

static void on_event(void *arg, struct media_leg leg, enum media_event event, char digit)
{
        struct scene *s = arg;
        assert_true(s->told_count < sizeof s->told / sizeof *s->told);
        s->told[s->told_count++] = (struct told){leg, event, digit, sim_world_now_ms(s->world)};
        if (s->on_event)
                s->on_event(s, leg, event);
}

void scene_init(struct scene *s, uint64_t seed)
{
        memset(s, 0, sizeof *s);
        assert_int_equal(sim_world_create(seed, &s->world), 0);
        assert_int_equal(io_create_sim(s->world, &s->server), 0);
        sim_world_set_network(s->world, &(struct sim_network){.delay_ms = 5});
        struct media_params params = {
                .io = s->server,
                .local_ips = {address("192.0.2.1"), address("2001:db8::1")},
                .port_min = 20000,
                .port_max = 20099,
                .legs_max = 8,
                .silence_timeout_ms = 60000,
                .on_event = on_event,
                .arg = s,
        };
        assert_int_equal(media_create(&params, &s->media), 0);
        assert_int_equal(media_leg_open(s->media, (struct handle){7, 1}, &s->leg_a), 0);
        assert_int_equal(media_leg_open(s->media, (struct handle){8, 1}, &s->leg_b), 0);

        phone_open(s, &s->a, "198.51.100.10:4000");
        phone_open(s, &s->b, "203.0.113.20:6000");
        s->a.peer = media_leg_local(s->media, s->leg_a).ip4;
        s->b.peer = media_leg_local(s->media, s->leg_b).ip4;
        s->a.pt = s->b.pt = 8;
        struct media_stream a = phone_stream(&s->a, SDP_PCMA, SDP_PCMU);
        struct media_stream b = phone_stream(&s->b, SDP_PCMA, SDP_PCMU);
        media_leg_set(s->media, s->leg_a, &a);
        media_leg_set(s->media, s->leg_b, &b);
}

void scene_fini(struct scene *s)
{
        media_destroy(s->media);
        sim_world_destroy(s->world);
}

void scene_run(struct scene *s, int64_t ms)
{
        sim_world_run_ms(s->world, ms);
}

unsigned scene_told(const struct scene *s, enum media_event event)
{
        unsigned count = 0;
        for (unsigned i = 0; i < s->told_count; i++)
                count += s->told[i].event == event;
        return count;
}

static void put_be(uint8_t *p, uint32_t value, int bytes)
{
        while (bytes--) {
                p[bytes] = (uint8_t)value;
                value >>= 8;
        }
}

static void send_packet(struct phone *phone, uint8_t pt, const void *payload, size_t bytes)
{
        uint8_t packet[2000] = {0x80, (uint8_t)(pt | (phone->marker ? 0x80 : 0))};
        assert_true(bytes <= sizeof packet - 12);
        put_be(packet + 2, phone->sequence++, 2);
        put_be(packet + 4, phone->timestamp, 4);
        put_be(packet + 8, phone->ssrc, 4);
        if (bytes)
                memcpy(packet + 12, payload, bytes);
        phone->marker = false;
        phone_send_raw(phone, packet, 12 + bytes);
}

void phone_send_raw(struct phone *phone, const void *bytes, size_t count)
{
        io_udp_send(phone->rtp, &phone->peer, (struct slice){bytes, count});
}

void phone_send_rtcp(struct phone *phone, const void *bytes, size_t count)
{
        struct addr to = phone->peer;
        to.port++;
        io_udp_send(phone->rtcp, &to, (struct slice){bytes, count});
}

void phone_send(struct phone *phone, const void *payload, size_t bytes)
{
        send_packet(phone, phone->pt, payload, bytes);
        phone->timestamp += (uint32_t)bytes;
}

void phone_talk(struct scene *s, struct phone *phone, unsigned frames)
{
        uint8_t payload[FRAME];
        for (unsigned i = 1; i <= frames; i++) {
                memset(payload, (int)i, sizeof payload);
                phone_send(phone, payload, sizeof payload);
                scene_run(s, 20);
        }
}

void phone_send_key(struct phone *phone, uint8_t event, bool end, uint16_t duration)
{
        uint8_t payload[4] = {event, (uint8_t)(end ? 0x8a : 0x0a)};
        put_be(payload + 2, duration, 2);
        send_packet(phone, 101, payload, sizeof payload);
}

void phone_press(struct scene *s, struct phone *phone, char digit, unsigned ticks)
{
        uint8_t event = (uint8_t)(strchr("0123456789*#ABCD", digit) - "0123456789*#ABCD");
        phone->marker = true;
        for (unsigned i = 1; i <= ticks; i++) {
                phone_send_key(phone, event, false, (uint16_t)(i * FRAME));
                scene_run(s, 20);
        }
        for (int i = 0; i < 3; i++)
                phone_send_key(phone, event, true, (uint16_t)((ticks + 1) * FRAME));
        phone->timestamp += (ticks + 1) * FRAME;
        scene_run(s, 20);
}

unsigned phone_count(const struct phone *phone, uint8_t payload_type)
{
        unsigned count = 0;
        for (unsigned i = 0; i < phone->heard_count; i++)
                count += phone->heard[i].payload_type == payload_type;
        return count;
}

unsigned phone_keys(const struct phone *phone, uint8_t payload_type, char *digits, unsigned max)
{
        unsigned count = 0;
        uint32_t last_timestamp = 0;
        for (unsigned i = 0; i < phone->heard_count; i++) {
                const struct heard *heard = &phone->heard[i];
                if (heard->payload_type != payload_type ||
                    (count && heard->timestamp == last_timestamp))
                        continue;
                assert_true(count + 1 < max);
                digits[count++] = "0123456789*#ABCD"[heard->payload[0]];
                last_timestamp = heard->timestamp;
        }
        digits[count] = '\0';
        return count;
}
