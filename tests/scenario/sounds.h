/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sounds.h - sounds that can be told from one another after A-law and mu-law: one per party, our
 * ringback, our announcement. Each is a level that does not change.
 */
#ifndef MASKLINE_TESTS_SCENARIO_SOUNDS_H
#define MASKLINE_TESTS_SCENARIO_SOUNDS_H

#include "media/media.h"

enum sound {
        SOUND_AGENT,
        SOUND_CUSTOMER,
        SOUND_STRANGER,
        SOUND_RINGBACK,
        SOUND_ANNOUNCEMENT,
        SOUND_WARNING, /* two seconds */
        SOUND_OTHER,   /* none of these */
        SOUNDS,
};

#define SOUND_VOICES 3 /* the first so many are of parties */

const char *sound_name(enum sound sound);
struct media_sound sound_samples(enum sound sound);

/* 20 ms of it as a payload of PCMU or PCMA. */
#define SOUND_PAYLOAD_BYTES 160
void sound_encode(enum sound sound, enum sdp_codec codec, uint8_t out[SOUND_PAYLOAD_BYTES]);

/* What a payload of RTP sounds like; false when it is too short for audio. */
bool sound_recognise(struct slice payload, enum sdp_codec codec, enum sound *out);

#endif
