/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.h - the media floor between two telephones, in a simulated world.
 *
 * The telephones are written for the tests alone: they know RTP from its layout, not from ours,
 * and keep what they hear.
 */
#ifndef MASKLINE_TESTS_MEDIA_SCENE_H
#define MASKLINE_TESTS_MEDIA_SCENE_H

#include "io/io_sim.h"
#include "media/media.h"
#include "wire/rtp.h"

#define HEARD_MAX   4096
#define REPORTS_MAX 64
#define FRAME       160
#define NO_CODEC    SDP_CODECS

struct heard {
        bool marker;
        uint8_t first_byte; /* 0x80: version 2, nothing else */
        uint8_t payload_type;
        uint16_t sequence;
        uint32_t timestamp, ssrc;
        uint8_t payload[400];
        size_t bytes;
        int64_t at_ms;
        struct addr from;
};

struct phone {
        struct sim_world *world;
        struct io *io;
        struct io_udp *rtp, *rtcp;
        struct addr at;   /* its RTP address */
        struct addr peer; /* our leg's RTP address */
        uint8_t pt;       /* it speaks in */
        uint32_t ssrc, timestamp;
        uint16_t sequence;
        bool marker; /* of its next packet */
        struct heard heard[HEARD_MAX];
        unsigned heard_count;
        uint8_t reports[REPORTS_MAX][512]; /* the first ones */
        size_t report_bytes[REPORTS_MAX];
        unsigned report_count;
};

struct told {
        struct media_leg leg;
        enum media_event event;
        char digit;
        int64_t at_ms;
};

struct scene {
        struct sim_world *world;
        struct io *server;
        struct media *media;
        struct phone a, b;
        struct media_leg leg_a, leg_b;
        struct told told[64];
        unsigned told_count;
        void (*on_event)(struct scene *s, struct media_leg leg, enum media_event event);
};

struct addr address(const char *text);
struct addr_prefix prefix(const char *text);

/* Legs open, streams set to the phones' addresses, not joined. No prefixes: nothing is learnt. */
void scene_init(struct scene *s, uint64_t seed);
void scene_fini(struct scene *s);
void scene_run(struct scene *s, int64_t ms);
unsigned scene_told(const struct scene *s, enum media_event event);

void phone_open(struct scene *s, struct phone *phone, const char *at);

/* What its description says: both codecs, `first` first, and telephone events as 101. */
struct media_stream phone_stream(const struct phone *phone, enum sdp_codec first,
                                 enum sdp_codec second);
void scene_set(struct scene *s, struct media_leg leg, const struct media_stream *stream);

/* One packet of any content; sequence and timestamp go on by themselves. */
void phone_send(struct phone *phone, const void *payload, size_t bytes);
void phone_send_raw(struct phone *phone, const void *bytes, size_t count);
void phone_send_rtcp(struct phone *phone, const void *bytes, size_t count);
/* 20 ms of audio each, all bytes of a frame the same: 1, 2, 3 ... */
void phone_talk(struct scene *s, struct phone *phone, unsigned frames);
/* A packet of a key press; the timestamp stays. */
void phone_send_key(struct phone *phone, uint8_t event, bool end, uint16_t duration);
/* A press of `ticks` packets of 20 ms, and three ends. */
void phone_press(struct scene *s, struct phone *phone, char digit, unsigned ticks);

/* What it has heard: packets of that payload type; the key presses, in order. */
unsigned phone_count(const struct phone *phone, uint8_t payload_type);
unsigned phone_keys(const struct phone *phone, uint8_t payload_type, char *digits, unsigned max);

#endif
