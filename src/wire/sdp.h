/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sdp.h - the part of a session description that a call is made of (RFC 8866, 3264, 4733).
 *
 * A description is read into {address, codecs, ptime, direction} and composed from that; nothing
 * of the text survives in between. Everything else in it is skipped by its line type.
 *
 * Strict where a mistake would be dangerous, tolerant where carriers are careless: lines, v=, m=
 * and c= follow the grammar or the whole is refused; an attribute that cannot be read counts as
 * absent. Lines may end in LF alone (RFC 8866 5), and the last one in nothing.
 */
#ifndef MASKLINE_WIRE_SDP_H
#define MASKLINE_WIRE_SDP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"

#define SDP_BYTES_MAX   16384
#define SDP_LINES_MAX   512
#define SDP_MEDIA_MAX   8
#define SDP_FORMATS_MAX 32

enum sdp_codec {
        SDP_PCMU,
        SDP_PCMA,
        SDP_CODECS, /* how many we know; later ones are added before it */
};

enum sdp_direction {
        SDP_SENDRECV,
        SDP_SENDONLY,
        SDP_RECVONLY,
        SDP_INACTIVE,
};

#define SDP_NO_PT 0xff

/* One audio stream as one side describes it. */
struct sdp_audio {
        struct addr rtp;  /* where it wants RTP; port 0: the stream is refused or disabled */
        struct addr rtcp; /* a=rtcp (RFC 3605), or rtp's port + 1 */
        bool rtcp_mux;    /* asked for; we always answer without it (RFC 5761 5.1.1) */
        bool is_secure;   /* RTP/SAVP: offered as such, we do not answer it in clear */
        /* c=0.0.0.0, the old form of hold, counts as not receiving (RFC 3264 8.4) */
        enum sdp_direction direction;
        uint8_t codecs[SDP_CODECS];   /* in the order of preference: enum sdp_codec */
        uint8_t codec_pt[SDP_CODECS]; /* payload type, indexed by enum sdp_codec */
        uint8_t codec_count;
        uint8_t dtmf_pt;  /* telephone-event/8000, or SDP_NO_PT */
        uint8_t ptime_ms; /* 0: not given */
};

struct sdp {
        /*
         * The first audio m= line in clear with a unicast address and a codec that we know; if
         * there is none, the first secure one; if there is none, the first with port 0.
         */
        struct sdp_audio audio;
        uint8_t media_count; /* m= lines in all: an answer has as many (RFC 3264 6) */
        uint8_t audio_index; /* which of them is `audio` */
        /* what an answer needs of an m= line, above all when it refuses it */
        struct sdp_media {
                char media[12]; /* "audio", "video", "image" ... */
                char proto[24];
                char format[24]; /* the first one */
        } media[SDP_MEDIA_MAX];
        bool has_audio; /* false: no audio line that we could use */
};

/*
 * ERR_SYNTAX, ERR_TOO_LARGE. A description without usable audio is no error: has_audio is false.
 * Linear in the bytes whatever they are. On failure `out` is as it was; of `media` only the first
 * media_count are written.
 */
int sdp_parse(struct slice text, struct sdp *out) MUST_CHECK;

/* What a side of ours says of itself: o= and s= carry nothing but these. */
struct sdp_origin {
        uint64_t session_id;
        uint64_t version;
};

/*
 * Writes a description with our audio stream. `answered` is the offer it answers, or NULL for an
 * offer: an answer has the offer's m= lines in their order, the others refused with port 0. With
 * port 0 in `ours` the audio is refused, too.
 */
void sdp_write(struct buf *b, const struct sdp_origin *origin, const struct sdp_audio *ours,
               const struct sdp *answered);

/*
 * RFC 3264 6: of `offer`, what we can do, in the offerer's order, with the offerer's payload
 * types; direction reversed and narrowed by `want`. ERR_MEDIA when no codec is common, or the
 * stream is secure or disabled. `ours` brings our address, ptime, the codecs that we allow, and
 * in dtmf_pt whether we take telephone events.
 */
int sdp_answer(const struct sdp_audio *offer, const struct sdp_audio *ours, enum sdp_direction want,
               struct sdp_audio *out) MUST_CHECK;

/* RTP there, and RTCP on the port after it. */
void sdp_audio_place(struct sdp_audio *audio, const struct addr *rtp);

/* Adds a codec after the ones there; one that is there already keeps its place. */
void sdp_audio_add_codec(struct sdp_audio *audio, enum sdp_codec codec, uint8_t pt);
bool sdp_audio_has_codec(const struct sdp_audio *audio, enum sdp_codec codec);

const char *sdp_codec_name(enum sdp_codec codec);  /* "PCMU" */
uint8_t sdp_codec_static_pt(enum sdp_codec codec); /* RFC 3551 6: 0, 8 */
enum sdp_direction sdp_direction_reverse(enum sdp_direction d);
bool sdp_direction_sends(enum sdp_direction d);
bool sdp_direction_receives(enum sdp_direction d);

#endif
