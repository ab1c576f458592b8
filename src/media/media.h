/* SPDX-License-Identifier: Apache-2.0 */
/*
 * media.h - anchored RTP: each leg its own RTP session, two legs joined or one leg played to.
 *
 * Nothing but audio and key presses crosses from one leg to the other: own SSRC, sequence,
 * timestamps and CNAME per leg (RFC 3550, 7022); RTCP ends and begins here; header extensions,
 * CSRCs and padding are dropped; telephone events are read and generated anew (RFC 4733).
 * Legs are handles; commands on a stale one do nothing. The packet path does not allocate.
 */
#ifndef MASKLINE_MEDIA_MEDIA_H
#define MASKLINE_MEDIA_MEDIA_H

#include "base/pool.h"
#include "io/io.h"
#include "wire/sdp.h"

struct media;

struct media_leg {
        struct handle h;
};

/* 8,000 Hz, 16 bit, mono; lives as long as the program (prompts) or is static (tones). */
struct media_sound {
        const int16_t *samples;
        size_t count;
};

enum media_event {
        MEDIA_PLAYED, /* the sound came to its end (never for endless ones) */
        /*
         * No RTP (RTCP does not count) for silence_timeout_ms while the peer should send, counted from
         * media_leg_set(); told again each time as much silence has passed. A hold is no silence,
         * with or without music.
         */
        MEDIA_SILENT,
        MEDIA_DIGIT, /* a key press ended; also forwarded when joined */
};

/* The handler may do anything to any leg, this one included; it must not destroy the media. */
typedef void media_event_fn(void *arg, struct media_leg leg, enum media_event event, char digit);

struct media_params {
        struct io *io;
        struct addr_pair local_ips;  /* where RTP sockets are bound; ports unused */
        uint16_t port_min, port_max; /* even RTP ports, RTCP on the next one */
        uint32_t legs_max;
        const uint16_t *ports_first; /* even ports to be opened before any other (media_saved.h) */
        uint32_t ports_first_count;
        int64_t silence_timeout_ms; /* 60,000; 0: never */
        media_event_fn *on_event;
        void *arg;
};

/* Opens port pairs ahead, as many as legs_max. -EADDRINUSE when too few are free, and so on. */
int media_create(const struct media_params *params, struct media **out) MUST_CHECK;
void media_destroy(struct media *media);

/*
 * Takes a port pair, of both families if there are two; what is sent goes by the one of the peer's
 * address. ERR_FULL. `user` comes back from media_leg_user().
 */
int media_leg_open(struct media *media, struct handle user, struct media_leg *out) MUST_CHECK;
void media_leg_close(struct media *media, struct media_leg leg); /* sends RTCP BYE if it talked */
struct handle media_leg_user(const struct media *media, struct media_leg leg);
/* Local RTP addresses with their port; RTCP is the next port. */
struct addr_pair media_leg_local(const struct media *media, struct media_leg leg);

#define MEDIA_SOURCES_MAX 8

/* What was negotiated for the leg: where to send, what is accepted. */
struct media_stream {
        struct sdp_audio remote; /* address, payload types it wants, its direction */
        /*
         * Payload types that we have described for ourselves, where they may differ from the
         * remote's: when it answered an offer of ours (RFC 3264 6.1). Accepted beside the
         * remote's. codec_count 0: none.
         */
        struct sdp_audio local;
        /*
         * Sources other than the signalled address that may be learnt once (NAT): the trunk's.
         * The address is pinned afterwards, the SSRC is not; setting a stream again re-arms.
         */
        const struct addr_prefix *sources; /* copied */
        uint8_t source_count;              /* at most MEDIA_SOURCES_MAX */
};

/*
 * May be called again at each answer and each new description. The same remote address keeps what
 * was learnt and goes on without a break; another one is sent to at once, and must show itself
 * again. Until the first call, whatever arrives is dropped.
 */
void media_leg_set(struct media *media, struct media_leg leg, const struct media_stream *stream);

/* Replaces what is being played; `times` 0: endless. While playing, nothing is forwarded to it. */
void media_leg_play(struct media *media, struct media_leg leg, const struct media_sound *sound,
                    unsigned times);
void media_leg_stop(struct media *media, struct media_leg leg);

/* After the key presses before it. Without telephone-event on the leg it is dropped and counted. */
void media_leg_send_digit(struct media *media, struct media_leg leg, char digit,
                          unsigned duration_ms);

/*
 * Audio and key presses flow between the two, re-coded between PCMU and PCMA where needed. Legs
 * that were joined with others are parted first.
 */
void media_join(struct media *media, struct media_leg a, struct media_leg b);
void media_part(struct media *media, struct media_leg leg); /* its partner is left alone, too */

struct media_stats {
        uint32_t packets_in, packets_out;
        uint32_t lost_in;        /* by sequence number (RFC 3550 A.3) */
        uint32_t dropped_source; /* from an address that is not the peer's */
        uint32_t dropped_format; /* not RTP or RTCP, or a payload type that was not agreed */
        uint32_t dropped_rate;   /* above the most packets per second that a leg may send */
        uint32_t dropped_held;   /* while its description said that it would not send */
        uint32_t dropped_keys;   /* key presses that this leg could not be sent */
        uint32_t jitter_ms_x10;  /* RFC 3550 A.8 */
        uint32_t round_trip_ms;  /* from RTCP; 0: unknown */
};
/* false when stale; `out` is then untouched. */
bool media_leg_stats(const struct media *media, struct media_leg leg, struct media_stats *out);
uint32_t media_legs_in_use(const struct media *media);
uint32_t media_legs_of(const struct media *media,
                       uint8_t family);               /* by their peers' audio; walks them */
uint32_t media_ports_free(const struct media *media); /* pairs that are with no leg */

#endif
